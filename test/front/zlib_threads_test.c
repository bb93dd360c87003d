/* SPDX-License-Identifier: MIT */
/*
 * The front end and the life of a process: many threads, streams that change hands,
 * fork in the middle of a stream, exit with streams open, dlclose(). Each case has a
 * process of its own.
 */
#include "../quiet_fork.h"
#include "zapi.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS		32
#define DATA_LEN	(600u << 10)
#define PIECE		(40u << 10)

static struct zapi z;
static uint8_t data[DATA_LEN];

#define require(condition) \
	do { \
		if (!(condition)) { \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
			_exit(1); \
		} \
	} while (0)

static void fill(void)
{
	uint32_t state = 1;

	for (size_t i = 0; i < DATA_LEN; i++) {
		state = state * 1664525u + 1013904223u;
		data[i] = state >> 30 ? "the queue of a device "[i % 22] : (uint8_t)(state >> 20);
	}
}

/* A stream with room for all it makes. */
struct stream {
	z_stream s;
	uint8_t *out;
	size_t at, len;
};

static void begin(struct stream *st, int level)
{
	memset(st, 0, sizeof(*st));
	require(z.deflateInit_(&st->s, level, ZLIB_VERSION, sizeof(st->s)) == Z_OK);
	st->len = DATA_LEN;
	st->s.avail_out = (uInt)z.deflateBound(&st->s, DATA_LEN) + 1000;
	st->out = malloc(st->s.avail_out);
	require(st->out);
	st->s.next_out = st->out;
}

/* The next piece; true when there is more. */
static bool step(struct stream *st, int flush)
{
	size_t n = st->len - st->at < PIECE ? st->len - st->at : PIECE;

	st->s.next_in = data + st->at;
	st->s.avail_in = (uInt)n;
	st->at += n;
	if (st->at == st->len) {
		require(z.deflate(&st->s, Z_FINISH) == Z_STREAM_END);
		return false;
	}
	require(z.deflate(&st->s, flush) == Z_OK);
	require(!st->s.avail_in);
	return true;
}

static void end(struct stream *st)
{
	uint8_t *back = malloc(DATA_LEN);
	uLongf len = DATA_LEN;
	z_stream in = { 0 };

	require(back);
	require(z.uncompress(back, &len, st->out, st->s.total_out) == Z_OK);
	require(len == DATA_LEN && !memcmp(back, data, len));
	memset(back, 0, DATA_LEN);
	require(z.inflateInit_(&in, ZLIB_VERSION, sizeof(in)) == Z_OK);
	in.next_in = st->out;
	in.avail_in = (uInt)st->s.total_out;
	for (int ret = Z_OK; ret != Z_STREAM_END; ) {
		in.next_out = back + in.total_out;
		in.avail_out = DATA_LEN - in.total_out < 30000 ? (uInt)(DATA_LEN - in.total_out) : 30000;
		ret = z.inflate(&in, Z_NO_FLUSH);
		require(ret == Z_OK || ret == Z_STREAM_END);
	}
	require(in.total_out == DATA_LEN && !memcmp(back, data, DATA_LEN));
	require(z.inflateEnd(&in) == Z_OK);
	require(z.deflateEnd(&st->s) == Z_OK);
	free(back);
	free(st->out);
}

static void *own_streams(void *arg)
{
	int level = (int)((size_t)arg % 10);

	for (int i = 0; i < 2; i++) {
		struct stream st;

		begin(&st, level);
		while (step(&st, i ? Z_SYNC_FLUSH : Z_NO_FLUSH))
			;
		end(&st);
	}
	return NULL;
}

static int many_threads(void)
{
	pthread_t threads[THREADS];

	for (size_t i = 0; i < THREADS; i++)
		require(!pthread_create(&threads[i], NULL, own_streams, (void *)i));
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

static void *one_step(void *arg)
{
	return step(arg, Z_NO_FLUSH) ? arg : NULL;
}

/* Each piece by a thread that is gone afterwards. */
static int from_hand_to_hand(void)
{
	struct stream st;
	void *more;

	begin(&st, 6);
	do {
		pthread_t thread;

		require(!pthread_create(&thread, NULL, one_step, &st));
		pthread_join(thread, &more);
	} while (more);
	end(&st);
	return 0;
}

/* Parent and child each have the whole stream and finish it. */
static int fork_in_the_middle(void)
{
	for (int level = 1; level <= 6; level += 5) {
		struct stream st;
		int status;
		pid_t pid;

		begin(&st, level);
		for (int i = 0; i < 8; i++)
			require(step(&st, Z_NO_FLUSH));
		pid = quiet_fork();
		require(pid >= 0);
		while (step(&st, Z_NO_FLUSH))
			;
		end(&st);
		if (!pid)
			_exit(0);
		require(waitpid(pid, &status, 0) == pid && !status);
	}
	return 0;
}

/* The rest of a stream that has come to some place. */
static void inflate_rest(z_stream *in, uint8_t *back)
{
	int ret = Z_OK;

	while (ret == Z_OK) {
		size_t left = DATA_LEN - in->total_out;

		in->next_out = back + in->total_out;
		in->avail_out = left < 30000 ? (uInt)left : 30000;
		ret = z.inflate(in, Z_NO_FLUSH);
	}
	require(ret == Z_STREAM_END && !in->avail_in);
	require(in->total_out == DATA_LEN && !memcmp(back, data, DATA_LEN));
	require(z.inflateEnd(in) == Z_OK);
}

static int fork_while_inflating(void)
{
	static const size_t places[] = { 30000, 250000, 400000, 500000 };
	uLongf len = z.compressBound(DATA_LEN);
	uint8_t *packed = malloc(len), *back = malloc(DATA_LEN);

	require(packed && back);
	require(z.compress(packed, &len, data, DATA_LEN) == Z_OK);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		z_stream in = { .next_in = packed, .avail_in = (uInt)len };
		int status;
		pid_t pid;

		memset(back, 0, DATA_LEN);
		require(z.inflateInit_(&in, ZLIB_VERSION, sizeof(in)) == Z_OK);
		while (in.total_out < places[i]) {
			in.next_out = back + in.total_out;
			in.avail_out = 10000;
			require(z.inflate(&in, Z_NO_FLUSH) == Z_OK);
		}
		pid = quiet_fork();
		require(pid >= 0);
		inflate_rest(&in, back);
		if (!pid)
			_exit(0);
		require(waitpid(pid, &status, 0) == pid && !status);
	}
	free(packed);
	free(back);
	return 0;
}

static int exit_with_streams(void)
{
	static struct stream st[4];
	z_stream in = { 0 };

	for (int i = 0; i < 4; i++) {
		begin(&st[i], 1 + i * 2);
		for (int k = 0; k < 1 + i * 3; k++)
			step(&st[i], Z_NO_FLUSH);
	}
	require(z.inflateInit_(&in, ZLIB_VERSION, sizeof(in)) == Z_OK);
	/* Whoever looks for leaks would be right. */
	fflush(NULL);
	return 0;
}

/* Loaded and closed again, with a stream done in between, several times. */
static int close_again(void)
{
	for (int i = 0; i < 5; i++) {
		own_streams((void *)(size_t)(i * 3));
		zapi_close(&z);
		require(zapi_open(&z, zapi_ours()));
	}
	return 0;
}

static const struct {
	const char *what;
	int (*fn)(void);
	bool leaks;
} cases[] = {
	{ "32 threads with streams of their own", many_threads, false },
	{ "a stream from thread to thread", from_hand_to_hand, false },
	{ "fork in the middle of a stream", fork_in_the_middle, false },
	{ "fork in the middle of a stream that inflates", fork_while_inflating, false },
	{ "exit with streams open", exit_with_streams, true },
	{ "dlclose and dlopen", close_again, false },
};

#define CASE_COUNT	(sizeof(cases) / sizeof(cases[0]))

int main(void)
{
	/* What is sent to the device at once, and what the front end decides for itself. */
	static const char *const ways[] = { "0", "131072" };
	unsigned int point = 0;
	bool failed = false;

	if (!zapi_ours()) {
		puts("1..0 # SKIP no zlib front end in this build");
		return 0;
	}
	fill();
	for (size_t way = 0; way < 2; way++) {
		for (size_t i = 0; i < CASE_COUNT; i++) {
			int status = -1;
			pid_t pid;

			fflush(NULL);
			pid = quiet_fork();
			if (!pid) {
				setenv("WEFT_ZLIB_MIN", ways[way], 1);
				alarm(200);
				require(zapi_open(&z, zapi_ours()));
				if (cases[i].fn())
					_exit(1);
				/* Destructors run; only a checker of leaks has no business here. */
				if (cases[i].leaks && getenv("SANITIZE") && *getenv("SANITIZE"))
					_exit(0);
				exit(0);
			}
			waitpid(pid, &status, 0);
			printf("%sok %u - %s, WEFT_ZLIB_MIN=%s\n", status ? "not " : "", ++point,
			       cases[i].what, ways[way]);
			failed |= status != 0;
		}
	}
	printf("1..%u\n", point);
	return failed;
}
