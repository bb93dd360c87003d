/* SPDX-License-Identifier: MIT */
/* Compressed data for the operations that decompress. */
#include "zdiff_internal.h"

#include <stdlib.h>
#include <string.h>

#define SOURCE_IN_MAX	(120u << 10)
#define LENGTHY_IN_MAX	(1000u << 10)

static void pack(struct zdiff *d, struct source *s, size_t at, const uint8_t *in, size_t in_len,
		 const uint32_t *arg)
{
	static uint8_t extra[300], name[] = "name", comment[] = "a comment that is longer than most";
	static const int flushes[] = {
		Z_NO_FLUSH, Z_NO_FLUSH, Z_PARTIAL_FLUSH, Z_SYNC_FLUSH, Z_SYNC_FLUSH, Z_FULL_FLUSH,
		Z_FULL_FLUSH, Z_BLOCK,
	};
	const struct zapi *z = d->api[THEIRS];
	gz_header head = {
		.text = 1, .time = arg[1], .os = 3, .extra = extra,
		.extra_len = arg[1] % sizeof(extra), .name = name,
		.comment = arg[1] & 64 ? comment : NULL, .hcrc = (int)(arg[1] >> 7 & 1),
	};
	int bits = s->wrap == 0 ? -s->wb : s->wrap == 1 ? s->wb : s->wb + 16;
	size_t piece = arg[3] & 1 ? in_len : 1 + (arg[3] >> 8) % (in_len + 1);
	z_stream strm = { 0 };

	memset(extra, 'x', sizeof(extra));
	if (z->deflateInit2_(&strm, (int)(arg[2] % 10), Z_DEFLATED, bits,
			     (int)(1 + arg[2] / 10 % 9), (int)(arg[2] >> 12 & 3 ? 0 :
			     (arg[2] >> 14) % 5), ZLIB_VERSION, sizeof(strm)) != Z_OK)
		abort();
	if (s->wrap == 2 && arg[2] >> 20 & 1)
		z->deflateSetHeader(&strm, &head);
	if (s->dict_len)
		z->deflateSetDictionary(&strm, s->dict, (uInt)s->dict_len);
	strm.next_in = in;
	strm.next_out = s->data + at;
	strm.avail_out = (uInt)(s->len - at);
	for (size_t done = 0; done < in_len; ) {
		size_t n = MIN(piece, in_len - done);

		strm.avail_in = (uInt)n;
		z->deflate(&strm, flushes[arg[3] >> 1 & 7]);
		done += n;
	}
	z->deflate(&strm, Z_FINISH);
	s->len = s->len - strm.avail_out;
	z->deflateEnd(&strm);
}

static void spoil(struct source *s, uint32_t how, uint32_t arg)
{
	size_t at = s->len ? arg % s->len : 0;

	switch (how & 31) {
	case 16: case 17: case 18:
		s->len = at;
		break;
	case 19: case 20: case 21: case 22: case 23:
		for (unsigned int i = 0; s->len && i <= (how >> 8 & 3); i++)
			s->data[(at + i * 7919) % s->len] ^= (uint8_t)(1u << (how >> (10 + 3 * i) & 7));
		break;
	case 24:	/* the header */
		if (s->len)
			s->data[arg % MIN(s->len, 20)] ^= (uint8_t)(how >> 8);
		break;
	case 25: case 26:	/* the trailer */
		if (s->len)
			s->data[s->len - 1 - arg % MIN(s->len, 9)] ^= (uint8_t)(how >> 8);
		break;
	case 27:	/* noise from some point on */
		for (size_t i = at; i < s->len; i++)
			s->data[i] = zpool[2][(arg + i) % POOL_LEN];
		break;
	default:
		break;
	}
}

struct source *source_new(struct zdiff *d, const uint32_t *arg, int wrap)
{
	struct source *s = calloc(1, sizeof(*s));
	size_t in_max = d->lengthy ? LENGTHY_IN_MAX : SOURCE_IN_MAX;
	size_t in_len = d->lengthy ? in_max / 4 + (arg[0] >> 4) % (in_max / 4 * 3) :
				     MIN(zdiff_size(arg[0]), in_max);
	size_t room = in_len * 2 + 3000;
	const uint8_t *in;
	uint32_t how = arg[2] >> 8 ^ arg[3] << 3;

	if (!s)
		abort();
	in = zdiff_data(arg[1], in_max);
	s->users = 1;
	s->wrap = wrap < 0 ? (int)(arg[0] >> 20) % 3 : wrap;
	s->wb = arg[0] >> 24 & 3 ? 15 : 9 + (int)(arg[0] >> 26) % 7;
	if (s->wrap != 2 && (arg[3] >> 24) % 8 == 0) {
		s->dict_len = zdiff_size(arg[3] >> 20);
		s->dict = zdiff_data(arg[3] >> 16, 200000);
	}
	/* A flush after each byte takes a few bytes, and two members may stand in a row. */
	if (!(arg[3] & 1) && 1 + (arg[3] >> 8) % (in_len + 1) < 16)
		in_len = MIN(in_len, 500);
	s->len = 2 * room + 8000;
	s->data = malloc(s->len);
	if (!s->data)
		abort();
	pack(d, s, 0, in, in_len, arg);
	if ((how & 31) > 28) {
		size_t at = s->len;

		s->len = 2 * room + 8000;
		if ((how & 31) == 29) {
			s->len = at + MIN(200, s->len - at);
			memcpy(s->data + at, zpool[2] + arg[1] % 1000, s->len - at);
		} else {
			pack(d, s, at, in, in_len / 2, arg);
		}
	}
	spoil(s, how, arg[1] ^ arg[3]);
	return s;
}

void source_drop(struct source *s)
{
	if (!s || --s->users)
		return;
	free(s->data);
	free(s);
}
