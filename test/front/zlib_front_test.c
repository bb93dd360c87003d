/* SPDX-License-Identifier: MIT */
/*
 * What the zlib front end promises beyond what the differential test compares:
 * streams across fork() and threads, at exit, moved, copied in the middle, with
 * allocators of the program's, and that it is the device that works. The judge
 * is the zlib that this program is linked with.
 */
#include <check.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include "../quiet_fork.h"

#define LONG	((size_t)3 << 20)
#define PIECE	16384

static struct {
	int (*deflateInit2_)(z_streamp, int, int, int, int, int, const char *, int);
	int (*deflate)(z_streamp, int);
	int (*deflateEnd)(z_streamp);
	int (*deflateReset)(z_streamp);
	uLong (*deflateBound)(z_streamp, uLong);
	int (*deflateCopy)(z_streamp, z_streamp);
	int (*inflateInit2_)(z_streamp, int, const char *, int);
	int (*inflate)(z_streamp, int);
	int (*inflateEnd)(z_streamp);
	int (*inflateCopy)(z_streamp, z_streamp);
	int (*compress2)(Bytef *, uLongf *, const Bytef *, uLong, int);
	int (*uncompress)(Bytef *, uLongf *, const Bytef *, uLong);
	uLong (*crc32_z)(uLong, const Bytef *, z_size_t);
	uLong (*adler32_z)(uLong, const Bytef *, z_size_t);
} z;

static void *handle;
static uint8_t *plain, *packed, *back;
static size_t packed_room;

static const char *library(void)
{
	static char path[4096];
	const char *build = getenv("top_builddir");

	snprintf(path, sizeof(path), "%s/.libs/libweft_z.so.1", build ? build : ".");
	return path;
}

static void *symbol(const char *name)
{
	void *p = dlsym(handle, name);

	ck_assert_msg(p != NULL, "%s", name);
	return p;
}

#define TAKE(name)						\
	do {							\
		void *p_ = symbol(#name);			\
		memcpy(&z.name, &p_, sizeof(p_));		\
	} while (0)

static void load(const char *mode)
{
	setenv("WEFT_ZLIB_MIN", "0", 1);
	setenv("WEFT_ZLIB", mode, 1);
	handle = dlopen(library(), RTLD_NOW | RTLD_LOCAL);
	ck_assert_msg(handle != NULL, "%s", dlerror());
	TAKE(deflateInit2_);
	TAKE(deflate);
	TAKE(deflateEnd);
	TAKE(deflateReset);
	TAKE(deflateBound);
	TAKE(deflateCopy);
	TAKE(inflateInit2_);
	TAKE(inflate);
	TAKE(inflateEnd);
	TAKE(inflateCopy);
	TAKE(compress2);
	TAKE(uncompress);
	TAKE(crc32_z);
	TAKE(adler32_z);
}

static void setup_data(void)
{
	static const char words[] = "every descriptor that was accepted is completed once; ";
	uint32_t seed = 88172645u;

	packed_room = LONG + LONG / 8;
	plain = malloc(LONG);
	packed = malloc(packed_room);
	back = malloc(LONG + 1);
	ck_assert(plain && packed && back);
	for (size_t i = 0; i < LONG; i++) {
		seed ^= seed << 13;
		seed ^= seed >> 17;
		seed ^= seed << 5;
		plain[i] = seed % 11 ? (uint8_t)words[(i + seed % 3) % (sizeof(words) - 1)] :
			   (uint8_t)seed;
	}
}

static void setup(void)
{
	setup_data();
	load("on");
}

static void teardown(void)
{
	free(plain);
	free(packed);
	free(back);
}

static void deflate_begin(z_stream *s, int level, int bits)
{
	memset(s, 0, sizeof(*s));
	ck_assert_int_eq(z.deflateInit2_(s, level, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY,
					 ZLIB_VERSION, sizeof(*s)), Z_OK);
}

static void inflate_begin(z_stream *s, int bits)
{
	memset(s, 0, sizeof(*s));
	ck_assert_int_eq(z.inflateInit2_(s, bits, ZLIB_VERSION, sizeof(*s)), Z_OK);
}

/* Feed plain[from, to) in pieces; with @flush at the end. The last result. */
static int feed(z_stream *s, uint8_t *out, size_t from, size_t to, int flush)
{
	int ret = Z_OK;

	while (from < to) {
		size_t n = to - from < PIECE ? to - from : PIECE;

		s->next_in = plain + from;
		s->avail_in = (uInt)n;
		from += n;
		do {
			s->next_out = out + s->total_out;
			s->avail_out = 5000;
			ret = z.deflate(s, from == to ? flush : Z_NO_FLUSH);
			ck_assert_int_ge(ret, Z_OK);
		} while (!s->avail_out);
		ck_assert_uint_eq(s->avail_in, 0);
	}
	return ret;
}

/* The system's zlib reads @len bytes at @in as plain[0, n). */
static void judge(const uint8_t *in, size_t len, int bits, size_t n)
{
	z_stream s = { .next_in = (Bytef *)(uintptr_t)in, .avail_in = (uInt)len };

	s.next_out = back;
	s.avail_out = (uInt)LONG + 1;
	ck_assert_int_eq(inflateInit2(&s, bits), Z_OK);
	ck_assert_int_eq(inflate(&s, Z_FINISH), Z_STREAM_END);
	ck_assert_uint_eq(s.total_out, n);
	ck_assert_uint_eq(s.total_in, len);
	ck_assert(!memcmp(back, plain, n));
	inflateEnd(&s);
}

static size_t pack_with_zlib(int bits, size_t n)
{
	z_stream s = { .next_in = plain, .avail_in = (uInt)n, .next_out = packed,
		       .avail_out = (uInt)packed_room };

	ck_assert_int_eq(deflateInit2(&s, 6, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
	ck_assert_int_eq(deflate(&s, Z_FINISH), Z_STREAM_END);
	deflateEnd(&s);
	return s.total_out;
}

/* ---- data ------------------------------------------------------------------- */

static const int formats[] = { -15, 15, 31 };

START_TEST(long_streams)
{
	int level = 1 + _i % 9, bits = formats[_i / 9];
	z_stream s;

	deflate_begin(&s, level, bits);
	feed(&s, packed, 0, 1000000, Z_SYNC_FLUSH);
	feed(&s, packed, 1000000, 1010000, Z_FULL_FLUSH);
	ck_assert_int_eq(feed(&s, packed, 1010000, LONG, Z_FINISH), Z_STREAM_END);
	ck_assert_uint_eq(s.total_in, LONG);
	judge(packed, s.total_out, bits, LONG);
	ck_assert_int_eq(z.deflateReset(&s), Z_OK);
	ck_assert_int_eq(feed(&s, packed, 0, 70000, Z_FINISH), Z_STREAM_END);
	judge(packed, s.total_out, bits, 70000);
	ck_assert_int_eq(z.deflateEnd(&s), Z_OK);
}
END_TEST

/* Nothing behind the end of a stream is taken, however it was read. */
START_TEST(stops_at_the_end)
{
	static const size_t sizes[] = { 1, 100, 5000, 300000, LONG };
	int bits = formats[_i];

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		size_t len = pack_with_zlib(bits, sizes[i]), off = 0;
		z_stream s;
		int ret;

		memset(packed + len, 0x78, 40);
		inflate_begin(&s, bits);
		s.next_in = packed;
		s.avail_in = (uInt)len + 40;
		s.next_out = back;
		s.avail_out = (uInt)LONG;
		ck_assert_int_eq(z.inflate(&s, Z_FINISH), Z_STREAM_END);
		ck_assert_uint_eq(s.avail_in, 40);
		ck_assert_uint_eq(s.total_out, sizes[i]);
		ck_assert(!memcmp(back, plain, sizes[i]));
		z.inflateEnd(&s);

		inflate_begin(&s, bits);
		do {
			size_t n = len + 40 - off < 3000 ? len + 40 - off : 3000;

			s.next_in = packed + off;
			s.avail_in = (uInt)n;
			s.next_out = back + s.total_out;
			s.avail_out = (uInt)(LONG + 1 - s.total_out);
			ret = z.inflate(&s, Z_NO_FLUSH);
			off += n - s.avail_in;
		} while (ret == Z_OK);
		ck_assert_int_eq(ret, Z_STREAM_END);
		ck_assert_uint_eq(off, len);
		ck_assert_uint_eq(s.total_in, len);
		ck_assert_uint_eq(s.total_out, sizes[i]);
		ck_assert(!memcmp(back, plain, sizes[i]));
		z.inflateEnd(&s);
	}
}
END_TEST

/* Data that does not compress fits into the bound all the same. */
START_TEST(bound_holds)
{
	static const size_t sizes[] = { 1, 10, 1000, 70000, 1000000, LONG };
	uint32_t seed = 1;

	for (size_t i = 0; i < LONG; i++) {
		seed = seed * 1664525 + 1013904223;
		plain[i] = (uint8_t)(seed >> 24);
	}
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		for (int level = 1; level <= 9; level += 4) {
			uLong len = compressBound(sizes[i]);

			ck_assert_int_eq(z.compress2(packed, &len, plain, sizes[i], level), Z_OK);
			judge(packed, len, 15, sizes[i]);
		}
	}
}
END_TEST

/* Taken bytes whose output has not come yet are in the bound: what no data can be packed into. */
START_TEST(bound_in_the_middle)
{
	size_t taken = LONG - LONG / 8, rest = LONG - taken, room;
	z_stream strm = { .next_in = plain, .avail_in = (uInt)taken, .next_out = packed };
	uint32_t seed = 88172645u;

	for (size_t i = 0; i < LONG; i++) {
		seed = seed * 1664525 + 1013904223;
		plain[i] = (uint8_t)(seed >> 24);
	}
	ck_assert_int_eq(z.deflateInit2_(&strm, 6, Z_DEFLATED, 15, 8, 0, ZLIB_VERSION,
					 (int)sizeof(strm)), Z_OK);
	strm.avail_out = (uInt)packed_room;
	ck_assert_int_eq(z.deflate(&strm, Z_NO_FLUSH), Z_OK);
	ck_assert_uint_eq(strm.avail_in, 0);
	room = z.deflateBound(&strm, rest);
	ck_assert_uint_le(room, strm.avail_out);
	strm.avail_out = (uInt)room;
	strm.avail_in = (uInt)rest;
	ck_assert_int_eq(z.deflate(&strm, Z_FINISH), Z_STREAM_END);
	ck_assert_int_eq(z.deflateEnd(&strm), Z_OK);
}
END_TEST

START_TEST(checksums)
{
	for (size_t n = 0; n < 200000; n = n * 3 + 1) {
		ck_assert_uint_eq(z.crc32_z(0, plain, n), crc32_z(0, plain, n));
		ck_assert_uint_eq(z.crc32_z(12345, plain, n), crc32_z(12345, plain, n));
		ck_assert_uint_eq(z.adler32_z(1, plain, n), adler32_z(1, plain, n));
		ck_assert_uint_eq(z.adler32_z(0xfff0fff0, plain, n), adler32_z(0xfff0fff0, plain, n));
	}
	ck_assert_uint_eq(z.crc32_z(7, NULL, 0), crc32_z(7, NULL, 0));
	ck_assert_uint_eq(z.adler32_z(7, NULL, 0), adler32_z(7, NULL, 0));
}
END_TEST

/* ---- whose stream ------------------------------------------------------------- */

START_TEST(streams_are_recognised)
{
	z_stream s, moved, none;

	memset(&none, 0, sizeof(none));
	deflate_begin(&s, 6, 15);
	moved = s;
	s.next_out = moved.next_out = packed;
	s.avail_out = moved.avail_out = 100;
	ck_assert_int_eq(z.deflate(&moved, Z_NO_FLUSH), Z_STREAM_ERROR);
	ck_assert_int_eq(z.deflateEnd(&moved), Z_STREAM_ERROR);
	ck_assert_int_eq(z.inflate(&s, Z_NO_FLUSH), Z_STREAM_ERROR);
	ck_assert_int_eq(z.inflateEnd(&s), Z_STREAM_ERROR);
	ck_assert_int_eq(z.deflate(&none, Z_NO_FLUSH), Z_STREAM_ERROR);
	ck_assert_int_eq(z.deflate(NULL, Z_NO_FLUSH), Z_STREAM_ERROR);
	ck_assert_int_eq(z.deflateEnd(&s), Z_OK);
	ck_assert_int_eq(z.deflateEnd(&s), Z_STREAM_ERROR);
}
END_TEST

static size_t allocated, most;

static voidpf counting_alloc(voidpf opaque, uInt items, uInt size)
{
	size_t n = (size_t)items * size, *p = malloc(n + 16);

	(void)opaque;
	if (!p)
		return NULL;
	*p = n;
	allocated += n;
	most = allocated > most ? allocated : most;
	return p + 2;
}

static void counting_free(voidpf opaque, voidpf address)
{
	size_t *p = (size_t *)address - 2;

	(void)opaque;
	allocated -= *p;
	free(p);
}

/* With an opaque it may be an arena: what is taken from it is what zlib takes. */
START_TEST(arenas)
{
	size_t theirs;
	z_stream s;

	for (int ours = 0; ours < 2; ours++) {
		memset(&s, 0, sizeof(s));
		s.zalloc = counting_alloc;
		s.zfree = counting_free;
		s.opaque = &s;
		most = 0;
		ck_assert_int_eq((ours ? z.deflateInit2_ : deflateInit2_)(&s, 6, Z_DEFLATED, 15, 8,
				 Z_DEFAULT_STRATEGY, ZLIB_VERSION, sizeof(s)), Z_OK);
		if (!ours) {
			theirs = most;
			deflateEnd(&s);
			continue;
		}
		ck_assert_int_eq(feed(&s, packed, 0, 200000, Z_FINISH), Z_STREAM_END);
		judge(packed, s.total_out, 15, 200000);
		ck_assert_uint_eq(most, theirs);
		z.deflateEnd(&s);
	}
	ck_assert_uint_eq(allocated, 0);
}
END_TEST

/* A stream that has done nothing takes next to nothing. */
START_TEST(idle_streams)
{
	z_stream *s = calloc(20000, sizeof(*s));

	ck_assert_ptr_nonnull(s);
	for (int i = 0; i < 20000; i++) {
		s[i].zalloc = counting_alloc;
		s[i].zfree = counting_free;
		if (i & 1)
			ck_assert_int_eq(z.inflateInit2_(&s[i], 15, ZLIB_VERSION, sizeof(*s)), Z_OK);
		else
			ck_assert_int_eq(z.deflateInit2_(&s[i], 6, Z_DEFLATED, 15, 8, 0,
							 ZLIB_VERSION, sizeof(*s)), Z_OK);
	}
	ck_assert_uint_lt(most, 20000 * 400);
	for (int i = 0; i < 20000; i++)
		ck_assert_int_eq((i & 1 ? z.inflateEnd : z.deflateEnd)(&s[i]), Z_OK);
	ck_assert_uint_eq(allocated, 0);
	free(s);
}
END_TEST

START_TEST(copies)
{
	uint8_t *other = malloc(packed_room);
	size_t len = pack_with_zlib(15, 200000);
	z_stream s, copy;

	deflate_begin(&s, 6, 31);
	feed(&s, packed, 0, (size_t)2 << 20, Z_NO_FLUSH);
	ck_assert_int_eq(z.deflateCopy(&copy, &s), Z_OK);
	memcpy(other, packed, s.total_out);
	ck_assert_int_eq(feed(&s, packed, (size_t)2 << 20, LONG, Z_FINISH), Z_STREAM_END);
	ck_assert_int_eq(feed(&copy, other, (size_t)2 << 20, LONG - 5, Z_FINISH), Z_STREAM_END);
	judge(packed, s.total_out, 31, LONG);
	judge(other, copy.total_out, 31, LONG - 5);
	z.deflateEnd(&s);
	z.deflateEnd(&copy);

	len = pack_with_zlib(15, 200000);
	inflate_begin(&s, 15);
	s.next_in = packed;
	s.avail_in = (uInt)len / 2;
	s.next_out = back;
	s.avail_out = (uInt)LONG;
	ck_assert_int_eq(z.inflate(&s, Z_NO_FLUSH), Z_OK);
	ck_assert_int_eq(z.inflateCopy(&copy, &s), Z_OK);
	for (int i = 0; i < 2; i++) {
		z_stream *one = i ? &copy : &s;

		one->avail_in = (uInt)(packed + len - one->next_in);
		one->next_out = back + one->total_out;
		ck_assert_int_eq(z.inflate(one, Z_NO_FLUSH), Z_STREAM_END);
		ck_assert_uint_eq(one->total_out, 200000);
		ck_assert(!memcmp(back, plain, 200000));
		z.inflateEnd(one);
	}
	free(other);
}
END_TEST

/* ---- processes and threads --------------------------------------------------------- */

static int in_child(void (*work)(void *), void *arg)
{
	int status;
	pid_t pid = quiet_fork();

	ck_assert_int_ge(pid, 0);
	if (!pid) {
		work(arg);
		exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

static void finish_both(void *arg)
{
	z_stream *s = arg;
	size_t len = s[1].avail_in;

	if (feed(&s[0], packed, (size_t)2 << 20, LONG, Z_FINISH) != Z_STREAM_END)
		_exit(1);
	judge(packed, s[0].total_out, 15, LONG);
	(void)len;
	s[1].next_out = back + s[1].total_out;
	s[1].avail_out = (uInt)(LONG - s[1].total_out);
	if (z.inflate(&s[1], Z_NO_FLUSH) != Z_STREAM_END || s[1].total_out != 100000)
		_exit(2);
	z.deflateEnd(&s[0]);
	z.inflateEnd(&s[1]);
}

START_TEST(fork_in_the_middle)
{
	uint8_t *mine = malloc(packed_room);
	size_t len = pack_with_zlib(15, 100000);
	z_stream s[2];

	memcpy(mine, packed, len);
	inflate_begin(&s[1], 15);
	s[1].next_in = mine;
	s[1].avail_in = 5000;
	s[1].next_out = back;
	s[1].avail_out = (uInt)LONG;
	ck_assert_int_eq(z.inflate(&s[1], Z_NO_FLUSH), Z_OK);
	s[1].avail_in = (uInt)(len - s[1].total_in);
	deflate_begin(&s[0], 6, 15);
	feed(&s[0], packed, 0, (size_t)2 << 20, Z_NO_FLUSH);
	ck_assert_int_eq(in_child(finish_both, s), 0);
	finish_both(s);
	free(mine);
}
END_TEST

static void leave_open(void *arg)
{
	z_stream s;

	(void)arg;
	deflate_begin(&s, 6, 15);
	feed(&s, packed, 0, LONG, Z_NO_FLUSH);
}

START_TEST(exit_with_streams_open)
{
	ck_assert_int_eq(in_child(leave_open, NULL), 0);
}
END_TEST

static void *end_elsewhere(void *arg)
{
	z_stream *s = arg;

	ck_assert_int_eq(feed(s, packed, (size_t)1 << 20, LONG, Z_FINISH), Z_STREAM_END);
	return NULL;
}

START_TEST(handed_to_another_thread)
{
	pthread_t thread;
	z_stream s;

	deflate_begin(&s, 3, 15);
	feed(&s, packed, 0, (size_t)1 << 20, Z_NO_FLUSH);
	ck_assert_int_eq(pthread_create(&thread, NULL, end_elsewhere, &s), 0);
	pthread_join(thread, NULL);
	judge(packed, s.total_out, 15, LONG);
	ck_assert_int_eq(z.deflateEnd(&s), Z_OK);
}
END_TEST

static void *own_streams(void *arg)
{
	size_t n = 20000 + (size_t)(uintptr_t)arg * 3001;
	uint8_t *out = malloc(n + 70000), *in = malloc(n + 1);

	for (int round = 0; round < 6; round++) {
		uLong len = n + 1000, got = n;
		z_stream s;

		if (z.compress2(out, &len, plain, n, 1 + round) != Z_OK ||
		    z.uncompress(in, &got, out, len) != Z_OK || got != n || memcmp(in, plain, n))
			abort();
		memset(&s, 0, sizeof(s));
		if (z.deflateInit2_(&s, 6, Z_DEFLATED, 15, 8, 0, ZLIB_VERSION, sizeof(s)) != Z_OK)
			abort();
		s.next_in = plain;
		s.avail_in = (uInt)n / 2;
		s.next_out = out;
		s.avail_out = (uInt)n + 70000;
		if (z.deflate(&s, Z_NO_FLUSH) != Z_OK)
			abort();
		s.avail_in = (uInt)(n - n / 2);
		if (z.deflate(&s, Z_FINISH) != Z_STREAM_END)
			abort();
		got = n;
		if (z.uncompress(in, &got, out, s.total_out) != Z_OK || memcmp(in, plain, n))
			abort();
		z.deflateEnd(&s);
	}
	free(out);
	free(in);
	return NULL;
}

START_TEST(many_threads)
{
	pthread_t threads[32];

	for (uintptr_t i = 0; i < 32; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, own_streams, (void *)i), 0);
	for (int i = 0; i < 32; i++)
		pthread_join(threads[i], NULL);
}
END_TEST

START_TEST(dlclose_and_again)
{
	z_stream s;

	deflate_begin(&s, 6, 15);
	feed(&s, packed, 0, 100000, Z_NO_FLUSH);
	ck_assert_int_eq(dlclose(handle), 0);
	load("on");
	ck_assert_int_eq(feed(&s, packed, 100000, 200000, Z_FINISH), Z_STREAM_END);
	judge(packed, s.total_out, 15, 200000);
	z.deflateEnd(&s);
}
END_TEST

/* ---- modes and the report ------------------------------------------------------------- */

static void same_bytes_as_zlib(void)
{
	uLong len = packed_room, n = compressBound(200000);
	uint8_t *expected = malloc(n);

	for (int level = 0; level <= 9; level++) {
		len = packed_room;
		n = compressBound(200000);
		ck_assert_int_eq(z.compress2(packed, &len, plain, 200000, level), Z_OK);
		ck_assert_int_eq(compress2(expected, &n, plain, 200000, level), Z_OK);
		ck_assert_uint_eq(len, n);
		ck_assert(!memcmp(packed, expected, n));
	}
	free(expected);
}

static void work_for_report(void *arg)
{
	uLong len = packed_room, n = LONG;

	(void)arg;
	if (z.compress2(packed, &len, plain, 200000, 6) != Z_OK ||
	    z.uncompress(back, &n, packed, len) != Z_OK)
		_exit(1);
}

/* A number of the one record in the file, or -1. */
static long long field(const char *path, const char *key)
{
	char line[4096] = "", *at;
	FILE *f = fopen(path, "r");
	size_t n;

	ck_assert_ptr_nonnull(f);
	n = fread(line, 1, sizeof(line) - 1, f);
	fclose(f);
	ck_assert(n > 0 && line[n - 1] == '\n' && strchr(line, '\n') == line + n - 1);
	ck_assert(!strncmp(line, "zlib\t", 5));
	at = strstr(line, key);
	return at ? atoll(at + strlen(key)) : -1;
}

static void run_mode(const char *mode)
{
	const char *build = getenv("top_builddir");
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/zlib_front.XXXXXX", build ? build : ".");
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	close(fd);
	setenv("WEFT_REPORT", path, 1);
	load(mode);
	if (strcmp(mode, "on") && strcmp(mode, "fast"))
		same_bytes_as_zlib();
	ck_assert_int_eq(in_child(work_for_report, NULL), 0);
	ck_assert_int_eq(field(path, "\tdeflate_in="), 200000);
	ck_assert_int_eq(field(path, "\tdeflate_device_in="), strchr("of", mode[0]) &&
			 strcmp(mode, "off") ? 200000 : 0);
	ck_assert_int_eq(field(path, "\tinflate_device_streams="), strcmp(mode, "off") != 0);
	ck_assert_int_eq(field(path, "\tfallback_device="), 0);
	ck_assert_int_eq(field(path, "\tdeflate_calls="), 1);
	ck_assert_int_ge(field(path, "\tinflate_calls="), 1);
	ck_assert_int_eq(field(path, "\tcalls_device=") + field(path, "\tcalls_zlib="),
			 field(path, "\tdeflate_calls=") + field(path, "\tinflate_calls="));
	ck_assert_int_eq(field(path, "\tcalls_device=") > 0, strcmp(mode, "off") != 0);
	ck_assert_int_eq(field(path, "\tcalls_zlib=") > 0, !strcmp(mode, "off") ||
			 !strcmp(mode, "exact"));
	ck_assert_int_eq(field(path, "\tout_device=") + field(path, "\tout_zlib="),
			 field(path, "\tdeflate_out=") + field(path, "\tinflate_out="));
	unlink(path);
	unsetenv("WEFT_REPORT");
}

/* Settings are read at loading, and each case has a process of its own. */
START_TEST(modes)
{
	static const char *const names[] = { "on", "fast", "exact", "off" };
	int status;
	pid_t pid = quiet_fork();

	ck_assert_int_ge(pid, 0);
	if (!pid) {
		run_mode(names[_i]);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

/* What the parent's threads hold when a child is made is lost to it, and would be called a leak. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

/* A child that goes on with its parent's streams needs threads of its own. */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
	return "die_after_fork=0";
}

int main(void)
{
	Suite *s = suite_create("zlib_front");
	TCase *tc = tcase_create("streams"), *modes_tc = tcase_create("modes");
	SRunner *runner;
	int failed;

	if (access(library(), R_OK)) {
		puts("1..0 # SKIP the zlib front end was not built as a shared library");
		return 0;
	}
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, long_streams, 0, 27);
	tcase_add_loop_test(tc, stops_at_the_end, 0, 3);
	tcase_add_test(tc, bound_holds);
	tcase_add_test(tc, bound_in_the_middle);
	tcase_add_test(tc, checksums);
	tcase_add_test(tc, streams_are_recognised);
	tcase_add_test(tc, arenas);
	tcase_add_test(tc, idle_streams);
	tcase_add_test(tc, copies);
	tcase_add_test(tc, fork_in_the_middle);
	tcase_add_test(tc, exit_with_streams_open);
	tcase_add_test(tc, handed_to_another_thread);
	tcase_add_test(tc, many_threads);
	tcase_add_test(tc, dlclose_and_again);
	suite_add_tcase(s, tc);
	tcase_add_checked_fixture(modes_tc, setup_data, teardown);
	tcase_set_timeout(modes_tc, 60);
	tcase_add_loop_test(modes_tc, modes, 0, 4);
	suite_add_tcase(s, modes_tc);
	runner = srunner_create(s);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
