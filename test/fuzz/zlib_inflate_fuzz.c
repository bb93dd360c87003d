/* SPDX-License-Identifier: MIT */
/*
 * Anything at all as compressed data: the zlib front end and the system's zlib must
 * give the same bytes, results and messages. Byte 0 of the input says the format,
 * bytes 1 and 2 the pieces, the rest is decompressed.
 */
#include "../front/zapi.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ABOVE	"../.libs/libweft_z.so.1"
#define OUT_MAX	(128u << 10)

struct result {
	int ret;
	const char *msg;
	size_t in, out;
	uLong adler;
	uint8_t data[OUT_MAX];
};

static void run(const struct zapi *z, int bits, const uint8_t *in, size_t len, size_t piece,
		size_t room, struct result *r)
{
	z_stream s = { 0 };
	size_t at = 0;

	r->ret = z->inflateInit2_(&s, bits, ZLIB_VERSION, sizeof(s));
	if (r->ret != Z_OK)
		return;
	do {
		size_t n = len - at < piece ? len - at : piece;
		size_t left = OUT_MAX - s.total_out;

		if (!s.avail_in) {
			s.next_in = in + at;
			s.avail_in = (uInt)n;
			at += n;
		}
		s.next_out = r->data + s.total_out;
		s.avail_out = (uInt)(left < room ? left : room);
		r->ret = z->inflate(&s, Z_SYNC_FLUSH);
	} while (r->ret == Z_OK && s.total_out < OUT_MAX);
	r->msg = s.msg;
	r->in = s.total_in;
	r->out = s.total_out;
	r->adler = s.adler;
	if (r->ret == Z_NEED_DICT)
		r->in = 0;
	z->inflateEnd(&s);
}

static void same(const char *what, unsigned long theirs, unsigned long ours)
{
	if (theirs != ours) {
		fprintf(stderr, "%s: theirs %lu, ours %lu\n", what, theirs, ours);
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int bits[] = { -15, 15, 31, 47, -9, 12, -8, 0 };
	static struct zapi theirs, ours;
	static struct result a, b;
	const char *path;
	size_t piece, room;

	if (!theirs.handle) {
		path = zapi_ours() ? zapi_ours() : !access(ABOVE, R_OK) ? ABOVE : ZAPI_SYSTEM;
		setenv("WEFT_ZLIB_MIN", "0", 0);
		setenv("WEFT_ZLIB_KEEP", "4096", 0);
		if (!zapi_open(&theirs, ZAPI_SYSTEM) || !zapi_open(&ours, path))
			abort();
	}
	if (size < 3)
		return 0;
	piece = (size_t)1 << (data[1] & 15);
	room = (size_t)1 << (data[1] >> 4);
	piece += data[2];
	run(&theirs, bits[data[0] & 7], data + 3, size - 3, piece, room, &a);
	run(&ours, bits[data[0] & 7], data + 3, size - 3, piece, room, &b);
	same("result", (unsigned long)a.ret, (unsigned long)b.ret);
	same("bytes", a.out, b.out);
	same("adler", a.adler, b.adler);
	/* Where it was the room that ended it, how much was read is free. */
	if (a.out < OUT_MAX)
		same("read", a.in, b.in);
	if (!a.msg != !b.msg || (a.msg && strcmp(a.msg, b.msg)))
		abort();
	if (memcmp(a.data, b.data, a.out))
		abort();
	return 0;
}
