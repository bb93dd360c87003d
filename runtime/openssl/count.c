/* SPDX-License-Identifier: MIT */
/*
 * What went which way, for WEFT_REPORT (docs/openssl.md describes the records). Counters
 * of an algorithm are spread over the threads' turns, so that they do not share one.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "openssl/common.h"

#define SPREAD		16
#define FIELD_MAX	64

struct counts {
	uint64_t calls[WDI_OSSL_PATHS];
	uint64_t bytes[WDI_OSSL_PATHS];
} __attribute__((aligned(64)));

bool wdi_ossl_counting;
static char report[4096];
static char program[FIELD_MAX];
static struct counts (*all)[WDI_OSSL_IMPLS];
static uint32_t threads_seen;
static __thread uint32_t thread_turn;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static const char *const path_names[WDI_OSSL_PATHS] = {
	[WDI_OSSL_PATH_CPU] = "cpu",
	[WDI_OSSL_PATH_SYNC] = "sync",
	[WDI_OSSL_PATH_ASYNC] = "async",
	[WDI_OSSL_PATH_REDONE] = "redone",
};

void wdi_ossl_count_(const struct wdi_ossl_row *row, enum wdi_ossl_path path, size_t bytes)
{
	struct counts *c;

	if (!thread_turn)
		thread_turn = __atomic_add_fetch(&threads_seen, 1, __ATOMIC_RELAXED);
	c = &all[thread_turn % SPREAD][row - wdi_ossl_rows];
	__atomic_add_fetch(&c->calls[path], 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&c->bytes[path], bytes, __ATOMIC_RELAXED);
}

/* A child counts what it does itself. */
static void forget(void)
{
	if (all)
		memset(all, 0, SPREAD * sizeof(*all));
}

/*
 * The name of the program, with whatever could end a field replaced. Programs that give
 * their processes titles write over it.
 */
static void program_take(void)
{
	size_t i;

	for (i = 0; i < sizeof(program) - 1 && program_invocation_short_name[i]; i++) {
		unsigned char c = (unsigned char)program_invocation_short_name[i];

		program[i] = c < ' ' || c == 0x7f ? '?' : (char)c;
	}
	program[i] = '\0';
}

static void begin(void)
{
	const char *path = secure_getenv("WEFT_REPORT");
	int n;

	if (!path || !*path)
		return;
	n = snprintf(report, sizeof(report), "%s", path);
	if (n < 0 || (size_t)n >= sizeof(report))
		return;
	if (posix_memalign((void **)&all, 64, SPREAD * sizeof(*all)))
		return;
	memset(all, 0, SPREAD * sizeof(*all));
	program_take();
	pthread_atfork(NULL, NULL, forget);
	__atomic_store_n(&wdi_ossl_counting, true, __ATOMIC_RELEASE);
}

void wdi_ossl_count_start(void)
{
	pthread_once(&once, begin);
}

struct text {
	char *data;
	size_t len, room;
};

__attribute__((format(printf, 2, 3)))
static void add(struct text *t, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(t->data + t->len, t->room - t->len, format, args);
	va_end(args);
	if (n > 0)
		t->len = (size_t)n < t->room - t->len ? t->len + (size_t)n : t->room - 1;
}

static void add_row(struct text *t, size_t row)
{
	uint64_t calls[WDI_OSSL_PATHS] = { 0 }, bytes[WDI_OSSL_PATHS] = { 0 }, sum = 0;

	for (size_t s = 0; s < SPREAD; s++) {
		for (int p = 0; p < WDI_OSSL_PATHS; p++) {
			calls[p] += __atomic_load_n(&all[s][row].calls[p], __ATOMIC_RELAXED);
			bytes[p] += __atomic_load_n(&all[s][row].bytes[p], __ATOMIC_RELAXED);
		}
	}
	for (int p = 0; p < WDI_OSSL_PATHS; p++)
		sum += calls[p];
	if (!sum)
		return;
	add(t, "openssl\tpid=%ld\tcomm=%s\talgorithm=%s", (long)getpid(), program,
	    wdi_ossl_rows[row].name);
	for (int p = 0; p < WDI_OSSL_PATHS; p++)
		add(t, "\t%s=%" PRIu64 "\t%s_bytes=%" PRIu64, path_names[p], calls[p], path_names[p],
		    bytes[p]);
	add(t, "\n");
}

/* One write() to a file that is there and is opened for it, as the zlib front end does. */
__attribute__((destructor)) static void end(void)
{
	struct text t = { .room = WDI_OSSL_IMPLS * 512 };
	int fd, saved = errno;

	if (!wdi_ossl_counting)
		return;
	t.data = malloc(t.room);
	if (!t.data)
		return;
	for (size_t row = 0; row < WDI_OSSL_IMPLS; row++)
		add_row(&t, row);
	fd = t.len ? open(report, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY) : -1;
	if (fd >= 0) {
		/* A report that cannot be written is missed by who reads it; nobody else cares. */
		if (write(fd, t.data, t.len) < 0)
			saved = errno;
		close(fd);
	}
	free(t.data);
	free(all);
	all = NULL;
	wdi_ossl_counting = false;
	errno = saved;
}
