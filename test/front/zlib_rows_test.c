/* SPDX-License-Identifier: MIT */
/*
 * The scenes of zlib's own test programs. The program runs itself anew for each row of
 * the table of ways: with the system's zlib, which shows that the rows are true, and with
 * the front end preloaded in its several modes, which has to be no different.
 *
 * ZROWS_WAY in the environment: only this one of the ways, counted from 1. Under a memory
 * checker each takes its time.
 */
#include "zrows.h"

#include <dlfcn.h>
#include <limits.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MEMORY_MAX	1024

uint8_t *zrows_data;
static jmp_buf out_of_row;
static void *memory[MEMORY_MAX];
static size_t memory_count;

void zrows_fail(const char *file, int line, const char *what, long long got, long long want)
{
	printf("# %s:%d: %s is %lld, not %lld\n", file, line, what, got, want);
	longjmp(out_of_row, 1);
}

bool zrows_same_text(const char *got, const char *want)
{
	bool same = got && want ? !strcmp(got, want) : !got && !want;

	if (!same)
		printf("# '%s' instead of '%s'\n", got ? got : "(null)", want ? want : "(null)");
	return same;
}

void *zrows_memory_of(size_t size)
{
	void *p = malloc(size ? size : 1);

	if (!p || memory_count == MEMORY_MAX)
		abort();
	memory[memory_count++] = p;
	return p;
}

/* Not the link itself: under a memory checker that is the checker. */
const char *zrows_self(void)
{
	static char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (n < 0)
		abort();
	path[n] = 0;
	return path;
}

static void fill_data(void)
{
	static const char text[] = "the shuttle carries the weft through the shed of the warp, ";
	uint32_t seed = 2463534242u;

	zrows_data = malloc(ZROWS_DATA);
	if (!zrows_data)
		abort();
	for (size_t i = 0; i < ZROWS_DATA; i++) {
		seed ^= seed << 13;
		seed ^= seed >> 17;
		seed ^= seed << 5;
		zrows_data[i] = seed % 13 ? (uint8_t)text[(i + seed % 2) % (sizeof(text) - 1)] :
				(uint8_t)(seed >> 16);
	}
}

uint8_t *zrows_pack(const uint8_t *data, size_t n, int level, int bits, size_t *len)
{
	size_t room = n + n / 100 + 1000;
	uint8_t *packed = zrows_memory_of(room);
	z_stream s = { .next_in = (Bytef *)(uintptr_t)data, .avail_in = (uInt)n,
		       .next_out = packed, .avail_out = (uInt)room };

	IS(deflateInit2(&s, level, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
	IS(deflate(&s, Z_FINISH), Z_STREAM_END);
	IS(deflateEnd(&s), Z_OK);
	*len = s.total_out;
	return packed;
}

void zrows_is_pack_of(const uint8_t *packed, size_t len, int bits, const uint8_t *data, size_t n)
{
	uint8_t *back = zrows_memory_of(n + 1);
	z_stream s = { .next_in = (Bytef *)(uintptr_t)packed, .avail_in = (uInt)len,
		       .next_out = back, .avail_out = (uInt)n + 1 };

	IS(inflateInit2(&s, bits), Z_OK);
	IS(inflate(&s, Z_FINISH), Z_STREAM_END);
	IS(s.avail_in, 0);
	IS(s.total_out, n);
	IS(memcmp(back, data, n), 0);
	IS(inflateEnd(&s), Z_OK);
}

/* ---- in the process of a way ----------------------------------------------- */

static const struct {
	const struct zrow *rows;
	const size_t *count;
} groups[] = {
	{ zrows_deflate, &zrows_deflate_count },
	{ zrows_bits, &zrows_bits_count },
	{ zrows_inflate, &zrows_inflate_count },
	{ zrows_memory, &zrows_memory_count },
	{ zrows_gz, &zrows_gz_count },
};

#define GROUPS	(sizeof(groups) / sizeof(groups[0]))

static bool run_row(const struct zrow *row)
{
	volatile bool good = true;

	if (setjmp(out_of_row))
		good = false;
	else
		row->run();
	while (memory_count)
		free(memory[--memory_count]);
	if (!good)
		printf("# in '%s'\n", row->name);
	return good;
}

/* @front: the file whose deflate() this process must have, or none. */
static int run_rows(const char *front)
{
	void *ours = *front ? dlopen(front, RTLD_NOW | RTLD_NOLOAD) : NULL;
	int bad = 0;

	if (*front && (!ours || dlsym(ours, "deflate") != dlsym(RTLD_DEFAULT, "deflate"))) {
		printf("# %s is not preloaded\n", front);
		return 1;
	}
	fill_data();
	for (size_t g = 0; g < GROUPS; g++) {
		for (size_t i = 0; i < *groups[g].count; i++)
			bad += !run_row(&groups[g].rows[i]);
	}
	free(zrows_data);
	fflush(stdout);
	return bad != 0;
}

/* ---- all ways ---------------------------------------------------------------- */

static const struct {
	const char *name, *mode, *min;
} ways[] = {
	{ "the system's zlib", NULL, NULL },
	{ "preloaded", "on", NULL },
	{ "preloaded, all to the device", "on", "0" },
	{ "preloaded, fast", "fast", "0" },
	{ "preloaded, exact", "exact", "0" },
	{ "preloaded, off", "off", NULL },
};

#define WAYS	(sizeof(ways) / sizeof(ways[0]))

static bool run_way(size_t way, const char *front)
{
	const char *mode = ways[way].mode, *min = ways[way].min;
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		unsetenv("WEFT_ZLIB_MIN");
		unsetenv("LD_PRELOAD");
		if (mode) {
			setenv("WEFT_ZLIB", mode, 1);
			setenv("LD_PRELOAD", front, 1);
		}
		if (min)
			setenv("WEFT_ZLIB_MIN", min, 1);
		execl(zrows_self(), "zlib_rows_test", "--rows", mode ? front : "", NULL);
		_exit(1);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return false;
	if (WIFSIGNALED(status))
		printf("# signal %d\n", WTERMSIG(status));
	return WIFEXITED(status) && !WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
	const char *build = getenv("top_builddir"), *only = getenv("ZROWS_WAY");
	char front[4096], path[4096];
	bool have, failed = false;

	if (argc == 3 && !strcmp(argv[1], "--rows"))
		return run_rows(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "--filter"))
		return zrows_filter(argv[2]);
	snprintf(path, sizeof(path), "%s/.libs/libweft_z.so.1", build ? build : ".");
	have = realpath(path, front) != NULL;
	for (size_t i = 0; i < WAYS; i++) {
		if (only && strtoul(only, NULL, 10) != i + 1) {
			printf("ok %zu - %s # SKIP not asked for\n", i + 1, ways[i].name);
			continue;
		}
		if (ways[i].mode && !have) {
			printf("ok %zu - %s # SKIP not in this build\n", i + 1, ways[i].name);
			continue;
		}
		if (run_way(i, front)) {
			printf("ok %zu - %s\n", i + 1, ways[i].name);
		} else {
			printf("not ok %zu - %s\n", i + 1, ways[i].name);
			failed = true;
		}
	}
	printf("1..%zu\n", WAYS);
	return failed;
}
