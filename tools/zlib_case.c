/* SPDX-License-Identifier: MIT */
#include "zlib_case.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#ifndef ZLIB_CONST
#define ZLIB_CONST
#endif
#include <zlib.h>

#define PIECE		((size_t)16 << 10)
#define MESSAGE		100
#define MESSAGES	2000	/* of a turn */
#define INITS		2000

#define CALLS(X) \
	X(compress2) X(uncompress) X(compressBound) X(deflateInit_) X(deflate) X(deflateEnd) \
	X(inflateInit_) X(inflate) X(inflateEnd)

struct lib {
	void *handle;
#define MEMBER(name) __typeof__(&name) name;
	CALLS(MEMBER)
#undef MEMBER
};

/* What the turns work on. @packed: the sample, for those who restore it. */
struct field {
	const struct zlib_case *c;
	size_t len;
	uint8_t *packed;
	uLong packed_len;
	uint8_t *out;
	size_t room;
};

/* The one that the command itself is linked with. */
static const struct lib linked = {
#define OWN(name) .name = name,
	CALLS(OWN)
#undef OWN
};

static int open_lib(struct lib *l, const char *path)
{
	l->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!l->handle)
		return -ENOENT;
#define FIND(name) \
	l->name = (__typeof__(l->name))dlsym(l->handle, #name); \
	if (!l->name) \
		return -ENOSYS;
	CALLS(FIND)
#undef FIND
	return 0;
}

/* ---- the kinds of work --------------------------------------------------- */

/* Each returns how many bytes it made, or 0 when something was wrong. */
typedef size_t work_fn(const struct lib *l, const struct field *f);

static size_t do_compress(const struct lib *l, const struct field *f)
{
	uLongf len = f->room;

	return l->compress2(f->out, &len, f->c->sample->data, f->c->sample->len, f->c->level) ?
		0 : len;
}

static size_t do_uncompress(const struct lib *l, const struct field *f)
{
	uLongf len = f->room;

	return l->uncompress(f->out, &len, f->packed, f->packed_len) ? 0 : len;
}

static size_t do_deflate(const struct lib *l, const struct field *f)
{
	const struct sample *s = f->c->sample;
	size_t at = 0, left = f->len, made = 0;
	z_stream strm = { 0 };
	int ret = l->deflateInit_(&strm, f->c->level, ZLIB_VERSION, sizeof(strm));

	while (ret == Z_OK) {
		if (!strm.avail_in && left) {
			size_t n = left < PIECE ? left : PIECE;

			n = s->len - at < n ? s->len - at : n;
			strm.next_in = s->data + at;
			strm.avail_in = (uInt)n;
			at = at + n == s->len ? 0 : at + n;
			left -= n;
		}
		strm.next_out = f->out + (f->len > s->len ? 0 : made);
		strm.avail_out = PIECE;
		ret = l->deflate(&strm, left ? Z_NO_FLUSH : Z_FINISH);
		made += PIECE - strm.avail_out;
	}
	l->deflateEnd(&strm);
	return ret == Z_STREAM_END ? made : 0;
}

static size_t do_inflate(const struct lib *l, const struct field *f)
{
	size_t at = 0, made = 0;
	z_stream strm = { 0 };
	int ret = l->inflateInit_(&strm, ZLIB_VERSION, sizeof(strm));

	while (ret == Z_OK) {
		if (!strm.avail_in) {
			size_t n = f->packed_len - at < PIECE ? f->packed_len - at : PIECE;

			strm.next_in = f->packed + at;
			strm.avail_in = (uInt)n;
			at += n;
		}
		strm.next_out = f->out + made;
		strm.avail_out = PIECE;
		ret = l->inflate(&strm, Z_NO_FLUSH);
		made += PIECE - strm.avail_out;
	}
	l->inflateEnd(&strm);
	return ret == Z_STREAM_END ? made : 0;
}

/* The messages lie one behind the other in the sample, and so do the packed ones. */
static size_t do_messages(const struct lib *l, const struct field *f)
{
	const struct sample *s = f->c->sample;
	size_t made = 0;

	for (unsigned int i = 0; i < MESSAGES; i++) {
		size_t at = (size_t)i * MESSAGE % (s->len - MESSAGE);
		uLongf len = f->room - made;

		if (l->compress2(f->out + made, &len, s->data + at, MESSAGE, f->c->level))
			return 0;
		made += len;
	}
	return made;
}

static size_t do_messages_back(const struct lib *l, const struct field *f)
{
	size_t made = 0;

	for (unsigned int i = 0; i < MESSAGES; i++) {
		uLongf len = f->room - made;

		if (l->uncompress(f->out + made, &len, f->packed, f->packed_len))
			return 0;
		made += len;
	}
	return made;
}

static size_t do_init(const struct lib *l, const struct field *f)
{
	for (unsigned int i = 0; i < INITS; i++) {
		z_stream strm = { 0 };

		if (l->deflateInit_(&strm, f->c->level, ZLIB_VERSION, sizeof(strm)))
			return 0;
		l->deflateEnd(&strm);
	}
	return 1;
}

static size_t do_init_back(const struct lib *l, const struct field *f)
{
	(void)f;
	for (unsigned int i = 0; i < INITS; i++) {
		z_stream strm = { 0 };

		if (l->inflateInit_(&strm, ZLIB_VERSION, sizeof(strm)))
			return 0;
		l->inflateEnd(&strm);
	}
	return 1;
}

static const struct {
	work_fn *fn;
	bool restores;		/* what it makes is the sample, or the start of it */
	bool packs;		/* and this the system's zlib can restore */
} works[] = {
	[ZLIB_COMPRESS] = { do_compress, false, true },
	[ZLIB_DEFLATE] = { do_deflate, false, true },
	[ZLIB_UNCOMPRESS] = { do_uncompress, true, false },
	[ZLIB_INFLATE] = { do_inflate, true, false },
	[ZLIB_MESSAGES] = { do_messages, false, false },
	[ZLIB_MESSAGES_BACK] = { do_messages_back, false, false },
	[ZLIB_INIT] = { do_init, false, false },
	[ZLIB_INIT_BACK] = { do_init_back, false, false },
};

/* ---- a measurement ------------------------------------------------------- */

static double now(bool wall)
{
	struct timespec ts;

	clock_gettime(wall ? CLOCK_MONOTONIC : CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* All memory, and what the sample becomes at level 6. */
static int make_field(struct field *f, const struct zlib_case *c, const struct lib *zlib)
{
	const struct sample *s = c->sample;
	size_t len = c->work == ZLIB_MESSAGES_BACK ? MESSAGE : s->len;

	*f = (struct field){ .c = c, .len = c->len ? c->len : s->len };
	f->room = zlib->compressBound(s->len) + MESSAGES * 3 * MESSAGE + 2 * PIECE;
	f->packed_len = f->room;
	f->packed = malloc(f->room);
	f->out = calloc(1, f->room);
	if (!f->packed || !f->out)
		return -ENOMEM;
	return zlib->compress2(f->packed, &f->packed_len, s->data, len, 6) ? -EIO : 0;
}

static int verify(const struct field *f, const struct lib *zlib, size_t made)
{
	const struct sample *s = f->c->sample;
	uLongf len = s->len;
	uint8_t *back;
	int ret;

	if (!made)
		return -EIO;
	if (works[f->c->work].restores)
		return made == s->len && !memcmp(f->out, s->data, made) ? 0 : -EIO;
	if (!works[f->c->work].packs || f->len > s->len)
		return 0;
	back = malloc(s->len);
	if (!back)
		return -ENOMEM;
	ret = zlib->uncompress(back, &len, f->out, made) || len != s->len ||
		memcmp(back, s->data, len) ? -EIO : 0;
	free(back);
	return ret;
}

/* Turns until the time is up, one at least; the seconds of the fastest. */
static double turns(const struct lib *l, const struct field *f, double seconds)
{
	double best = INFINITY, total = 0;

	do {
		double t = now(f->c->wall);

		works[f->c->work].fn(l, f);
		t = now(f->c->wall) - t;
		best = t < best ? t : best;
		total += t;
	} while (total < seconds);
	return best;
}

int zlib_measure(const void *arg, struct bench_result *res)
{
	const struct zlib_case *c = arg;
	struct lib libs[ZLIB_LIBS] = { 0 };
	struct field f;
	int ret = 0;

	for (size_t i = 0; i < ZLIB_LIBS && !ret; i++) {
		res->value[ZLIB_VALUE_SECONDS(i)] = INFINITY;
		res->value[ZLIB_VALUE_BYTES(i)] = NAN;
		if (c->paths[i])
			ret = open_lib(&libs[i], c->paths[i]);
	}
	if (!ret)
		ret = make_field(&f, c, &libs[ZLIB_SYSTEM]);
	for (size_t i = 0; i < ZLIB_LIBS && !ret; i++) {
		size_t made;

		if (!libs[i].handle)
			continue;
		made = works[c->work].fn(&libs[i], &f);
		ret = verify(&f, &libs[ZLIB_SYSTEM], made);
		res->value[ZLIB_VALUE_BYTES(i)] = (double)made;
	}
	for (unsigned int round = 0; round < c->rounds && !ret; round++) {
		for (size_t i = 0; i < ZLIB_LIBS; i++) {
			double *best = &res->value[ZLIB_VALUE_SECONDS(i)], t;

			if (!libs[i].handle)
				continue;
			t = turns(&libs[i], &f, c->seconds / c->rounds);
			*best = t < *best ? t : *best;
		}
	}
	return ret;
}

/* ---- memory -------------------------------------------------------------- */

/* A line of /proc/self/status in bytes. */
static double status_bytes(const char *key)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[256];
	double kib = NAN;

	while (f && fgets(line, sizeof(line), f)) {
		if (!strncmp(line, key, strlen(key)))
			kib = strtod(line + strlen(key), NULL);
	}
	if (f)
		fclose(f);
	return kib * 1024;
}

/* VmHWM begins again from here. */
static int reset_peak(void)
{
	int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, "5", 1) != 1)
		ret = -errno;
	close(fd);
	return ret;
}

static int idle_streams(const struct lib *l, const struct zlib_memory *m, double *bytes)
{
	z_stream *strm = calloc(m->streams, sizeof(*strm));
	double before = status_bytes("VmRSS:");

	if (!strm)
		return -ENOMEM;
	for (unsigned int i = 0; i < m->streams; i++) {
		if (m->inflate ? l->inflateInit_(&strm[i], ZLIB_VERSION, sizeof(*strm)) :
		    l->deflateInit_(&strm[i], 6, ZLIB_VERSION, sizeof(*strm)))
			return -ENOMEM;
	}
	*bytes = status_bytes("VmRSS:") - before;
	return 0;
}

static int one_stream(const struct lib *l, const struct zlib_memory *m, double *bytes)
{
	const struct zlib_case c = {
		.work = m->inflate ? ZLIB_INFLATE : ZLIB_DEFLATE, .level = 6, .sample = m->sample,
	};
	struct field f;
	double before;
	int ret = make_field(&f, &c, &linked);

	if (ret)
		return ret;
	/* Touched beforehand, so that it is no part of the stream; and what is free is given back. */
	memset(f.out, 1, f.room);
#ifdef __GLIBC__
	malloc_trim(0);
#endif
	ret = reset_peak();
	if (ret)
		return ret;
	before = status_bytes("VmRSS:");
	if (!works[c.work].fn(l, &f))
		return -EIO;
	*bytes = status_bytes("VmHWM:") - before;
	return 0;
}

int zlib_measure_memory(const void *arg, struct bench_result *res)
{
	const struct zlib_memory *m = arg;
	struct lib l = { 0 };
	int ret = open_lib(&l, m->path);

	if (ret)
		return ret;
	return m->streams ? idle_streams(&l, m, &res->value[0]) : one_stream(&l, m, &res->value[0]);
}
