/* SPDX-License-Identifier: MIT */
/* Rows: files, as zlib's example and minigzip use them, and gzip's own program as a judge. */
#include "zrows.h"

#include <errno.h>
#include <fcntl.h>
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

/*
 * A child that runs @program, or without one packs or restores its standard input as
 * minigzip does, onto @out.
 */
static pid_t filter(const char *program, const char *option, int in, int out)
{
	uint8_t buf[16384];
	pid_t pid = fork();
	gzFile from, to;
	int n;

	HOLDS(pid >= 0);
	if (pid)
		return pid;
	if (dup2(in, 0) != 0 || dup2(out, 1) != 1)
		_exit(1);
	/* Nothing of the test's pipes stays open here, so that ends are seen. */
	for (int fd = 3; fd < 64; fd++)
		close(fd);
	if (program) {
		unsetenv("LD_PRELOAD");
		execlp(program, program, option, NULL);
		_exit(1);
	}
	/* gzread() takes what is not packed as it is, and "T" writes it so. */
	from = gzdopen(0, "rb");
	to = gzdopen(1, strcmp(option, "-d") ? "wb6" : "wbT");
	if (!from || !to)
		_exit(2);
	while ((n = gzread(from, buf, sizeof(buf))) > 0) {
		if (gzwrite(to, buf, (unsigned int)n) != n)
			_exit(3);
	}
	_exit(n || gzclose(from) != Z_OK || gzclose(to) != Z_OK ? 4 : 0);
}

static void close_all(int fds[2])
{
	close(fds[0]);
	close(fds[1]);
}

/* Data through a pipe to @first, through a pipe to @second, and through one back to us. */
static void through(const char *first, const char *second)
{
	uint8_t *got = zrows_memory_of(AMOUNT + 1);
	int a[2], b[2], c[2], status;
	pid_t pid[3];
	size_t n = 0;
	ssize_t part;

	fflush(stdout);
	IS(pipe2(a, O_CLOEXEC) | pipe2(b, O_CLOEXEC) | pipe2(c, O_CLOEXEC), 0);
	pid[0] = filter(first, "-c", a[0], b[1]);
	pid[1] = filter(second, "-d", b[0], c[1]);
	close_all(b);
	close(a[0]);
	close(c[1]);
	/* Both ends are ours, and either may fill up. */
	pid[2] = fork();
	HOLDS(pid[2] >= 0);
	if (!pid[2]) {
		for (size_t done = 0; done < AMOUNT; done += (size_t)part) {
			part = write(a[1], zrows_data + done, AMOUNT - done);
			if (part <= 0)
				_exit(1);
		}
		_exit(0);
	}
	close(a[1]);
	while (n <= AMOUNT && (part = read(c[0], got + n, AMOUNT + 1 - n)) > 0)
		n += (size_t)part;
	close(c[0]);
	for (int i = 0; i < 3; i++) {
		IS(waitpid(pid[i], &status, 0), pid[i]);
		IS(status, 0);
	}
	IS(n, AMOUNT);
	IS(memcmp(got, zrows_data, AMOUNT), 0);
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
