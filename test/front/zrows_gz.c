/* SPDX-License-Identifier: MIT */
/* Rows: files, as zlib's example and minigzip use them, and gzip's own program as a judge. */
#include "zrows.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define AMOUNT	((size_t)500000)

static char folder[64], path[80];

static void begin(void)
{
	strcpy(folder, "/tmp/weft-zrows.XXXXXX");
	HOLDS(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/file.gz", folder);
}

static void end(void)
{
	unlink(path);
	rmdir(folder);
}

static void small_file(void)
{
	char line[80];
	gzFile f;
	int err;

	begin();
	f = gzopen(path, "wb");
	HOLDS(f);
	IS(gzputc(f, 'h'), 'h');
	IS(gzputs(f, "eave"), 4);
	IS(gzprintf(f, ", %s and %d\n", "beat up", 2), 16);
	IS(gzseek(f, 3, SEEK_SET), -1);		/* not back */
	IS(gzseek(f, 1, SEEK_CUR), 22);		/* a zero */
	IS(gzread(f, line, 1), -1);
	IS(gzclose(f), Z_OK);

	f = gzopen(path, "rb");
	HOLDS(f);
	IS(gzwrite(f, line, 1), 0);
	IS(gzread(f, line, sizeof(line)), 22);
	IS(memcmp(line, "heave, beat up and 2\n", 22), 0);
	IS(gzseek(f, -8, SEEK_CUR), 14);
	IS(gztell(f), 14);
	IS(gzgetc(f), ' ');
	IS(gzungetc(' ', f), ' ');
	IS(gztell(f), 14);
	memset(line, 1, sizeof(line));
	HOLDS(gzgets(f, line, sizeof(line)) == line);
	SAYS(line, " and 2\n");
	IS(gzgetc(f), 0);
	IS(gzgetc(f), -1);
	IS(gzeof(f), 1);
	HOLDS(gzgets(f, line, sizeof(line)) == NULL);
	IS(gzrewind(f), 0);
	HOLDS(gzgets(f, line, 6) == line);
	SAYS(line, "heave");
	IS(gzdirect(f), 0);
	SAYS(gzerror(f, &err), "");
	IS(err, Z_OK);
	IS(gzclose_w(f), Z_STREAM_ERROR);
	IS(gzclose_r(f), Z_OK);
	end();
}

static void write_all(const char *mode, size_t from, size_t n, size_t step)
{
	gzFile f = gzopen(path, mode);

	HOLDS(f);
	while (n) {
		size_t part = n < step ? n : step;

		IS(gzwrite(f, zrows_data + from, (unsigned int)part), part);
		from += part;
		n -= part;
	}
	IS(gzclose(f), Z_OK);
}

static void read_all(gzFile f, const uint8_t *want, size_t n, size_t step)
{
	uint8_t *got = zrows_memory_of(step);
	size_t at = 0;
	int part;

	HOLDS(f);
	while ((part = gzread(f, got, (unsigned int)step)) > 0) {
		HOLDS(at + (size_t)part <= n);
		IS(memcmp(got, want + at, (size_t)part), 0);
		at += (size_t)part;
	}
	IS(part, 0);
	IS(at, n);
	IS(gzclose(f), Z_OK);
}

static void levels_and_strategies(void)
{
	static const char *const modes[] = { "wb1", "wb", "wb9", "wb6f", "wb6h", "wb6R", "wb6F", "wb0",
					     "wbT" };

	begin();
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		write_all(modes[i], 0, AMOUNT, 7001);
		read_all(gzopen(path, "rb"), zrows_data, AMOUNT, 16384);
		read_all(gzopen(path, "rb"), zrows_data, AMOUNT, 1 << 20);
	}
	end();
}

static void appended(void)
{
	begin();
	write_all("wb", 0, 300000, 100000);
	write_all("ab", 300000, 1, 1);
	write_all("ab9", 300001, AMOUNT - 300001, 16384);
	read_all(gzopen(path, "rb"), zrows_data, AMOUNT, 5000);
	end();
}

static void parameters(void)
{
	gzFile f;
	size_t at = 0;

	begin();
	f = gzopen(path, "wb");
	HOLDS(f);
	IS(gzbuffer(f, 50000), 0);
	for (int level = 0; level <= 9; level++, at += 40000) {
		IS(gzsetparams(f, level, level % 2 ? Z_FILTERED : Z_DEFAULT_STRATEGY), Z_OK);
		IS(gzwrite(f, zrows_data + at, 40000), 40000);
		IS(gzflush(f, level % 3 ? Z_SYNC_FLUSH : Z_FULL_FLUSH), Z_OK);
	}
	IS(gzbuffer(f, 50000), -1);
	IS(gzclose(f), Z_OK);
	read_all(gzopen(path, "rb"), zrows_data, at, 9999);
	end();
}

static void sought(void)
{
	static const long places[] = { 0, 500000, 5, 499999, 350000, 350001, 12 };
	gzFile f;

	begin();
	write_all("wb6", 0, 500000, 100000);
	f = gzopen(path, "rb");
	HOLDS(f);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		uint8_t got[20];
		long left = 500000 - places[i];
		int want = left < 20 ? (int)left : 20;

		IS(gzseek(f, places[i], SEEK_SET), places[i]);
		IS(gzread(f, got, 20), want);
		IS(memcmp(got, zrows_data + places[i], (size_t)want), 0);
	}
	IS(gzclose(f), Z_OK);
	end();
}

/* Files that are cut, spoilt, or no gzip files at all. */
static void spoilt(void)
{
	uint8_t *p, *got = zrows_memory_of(AMOUNT);
	FILE *raw;
	size_t len;
	gzFile f;
	int err;

	begin();
	p = zrows_pack(zrows_data, 300000, 6, 31, &len);
	for (int how = 0; how < 4; how++) {
		size_t n = how == 1 ? len / 2 : len;

		if (how == 2)
			p[len - 6] ^= 1;
		raw = fopen(path, "wb");
		HOLDS(raw);
		IS(fwrite(how == 3 ? zrows_data : p, 1, n, raw), n);
		if (!how)
			fputs("behind", raw);
		fclose(raw);
		f = gzopen(path, "rb");
		HOLDS(f);
		err = gzread(f, got, (unsigned int)AMOUNT);
		if (how == 2) {
			/* zlib gives what it has before it tells of the checksum, or tells at once. */
			HOLDS(err == -1 || err == 300000);
			if (err != -1)
				IS(gzread(f, got, 1), -1);
		} else if (how == 3) {
			IS(gzdirect(f), 1);
			IS(err, n);
			IS(memcmp(got, zrows_data, n), 0);
		} else if (how == 1) {
			HOLDS(err > 0);
			IS(memcmp(got, zrows_data, (size_t)err), 0);
		} else {
			IS(err, 300000);
		}
		gzerror(f, &err);
		IS(err, how == 1 ? Z_BUF_ERROR : how == 2 ? Z_DATA_ERROR : Z_OK);
		gzclearerr(f);
		gzerror(f, &err);
		IS(err, Z_OK);
		err = gzclose(f);
		HOLDS(err == Z_OK || err == Z_BUF_ERROR);
	}
	end();
	HOLDS(gzopen("/nonexistent/file", "rb") == NULL);
	HOLDS(gzopen(path, "rw") == NULL);
	HOLDS(gzdopen(-1, "rb") == NULL);
}

/* ---- pipes ----------------------------------------------------------------------- */

/* What minigzip does with its standard input: "-c" packs it, "-d" restores it. */
int zrows_filter(const char *option)
{
	uint8_t buf[16384];
	/* gzread() takes what is not packed as it is, and "T" writes it so. */
	gzFile from = gzdopen(0, "rb"), to = gzdopen(1, strcmp(option, "-d") ? "wb6" : "wbT");
	int n;

	if (!from || !to)
		return 2;
	while ((n = gzread(from, buf, sizeof(buf))) > 0) {
		if (gzwrite(to, buf, (unsigned int)n) != n)
			return 3;
	}
	return n || gzclose(from) != Z_OK || gzclose(to) != Z_OK ? 4 : 0;
}

/*
 * @program, which gets no preloaded library, or without one ourselves as above. Started
 * without fork(), because there may be threads.
 */
static pid_t filter(const char *program, const char *option, int in, int out)
{
	char *argv[] = { (char *)(uintptr_t)(program ? program : zrows_self()),
			 (char *)(uintptr_t)(program ? option : "--filter"),
			 (char *)(uintptr_t)(program ? NULL : option), NULL };
	char **env = zrows_memory_of(1001 * sizeof(*env));
	posix_spawn_file_actions_t files;
	size_t n = 0;
	pid_t pid;
	int ret;

	for (char **e = environ; *e && n < 1000; e++) {
		if (!program || strncmp(*e, "LD_PRELOAD=", 11))
			env[n++] = *e;
	}
	env[n] = NULL;
	IS(posix_spawn_file_actions_init(&files), 0);
	IS(posix_spawn_file_actions_adddup2(&files, in, 0) |
	   posix_spawn_file_actions_adddup2(&files, out, 1), 0);
	ret = posix_spawnp(&pid, argv[0], &files, NULL, argv, env);
	posix_spawn_file_actions_destroy(&files);
	IS(ret, 0);
	return pid;
}

/* A file through @first, a pipe to @second, and a pipe to us. */
static void through(const char *first, const char *second)
{
	uint8_t *got = zrows_memory_of(AMOUNT + 1);
	int file, a[2], b[2], status;
	pid_t pid[2];
	size_t n = 0;
	ssize_t part;

	fflush(stdout);
	begin();
	file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	HOLDS(file >= 0);
	IS(write(file, zrows_data, AMOUNT), AMOUNT);
	IS(lseek(file, 0, SEEK_SET), 0);
	IS(pipe2(a, O_CLOEXEC) | pipe2(b, O_CLOEXEC), 0);
	pid[0] = filter(first, "-c", file, a[1]);
	pid[1] = filter(second, "-d", a[0], b[1]);
	close(file);
	close(a[0]);
	close(a[1]);
	close(b[1]);
	while (n <= AMOUNT && (part = read(b[0], got + n, AMOUNT + 1 - n)) > 0)
		n += (size_t)part;
	close(b[0]);
	for (int i = 0; i < 2; i++) {
		IS(waitpid(pid[i], &status, 0), pid[i]);
		IS(status, 0);
	}
	IS(n, AMOUNT);
	IS(memcmp(got, zrows_data, AMOUNT), 0);
	end();
}

static void pipes(void)
{
	through(NULL, NULL);
	if (access("/usr/bin/gzip", X_OK) && access("/bin/gzip", X_OK))
		return;
	through(NULL, "gzip");
	through("gzip", NULL);
}

const struct zrow zrows_gz[] = {
	{ "a small file", small_file },
	{ "files at levels and strategies", levels_and_strategies },
	{ "a file that is appended to", appended },
	{ "parameters of a file that change", parameters },
	{ "gzseek()", sought },
	{ "files that are spoilt", spoilt },
	{ "minigzip's pipes, and gzip's", pipes },
};
const size_t zrows_gz_count = sizeof(zrows_gz) / sizeof(zrows_gz[0]);
