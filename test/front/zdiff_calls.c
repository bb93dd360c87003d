/* SPDX-License-Identifier: MIT */
/* Operations that are complete in themselves: whole buffers, inflateBack(), checksums. */
#include "zdiff_internal.h"

#include <stdlib.h>
#include <string.h>

/* ---- whole buffers ------------------------------------------------------ */

/* What a compress call made must decode, by their uncompress(), to what went in. */
static void check_whole(struct zdiff *d, int side, const uint8_t *packed, uLong packed_len,
			const uint8_t *in, size_t in_len)
{
	uint8_t *out = malloc(in_len + 1);
	uLongf len = in_len + 1;
	int ret = d->api[THEIRS]->uncompress(out, &len, packed, packed_len);

	if (ret != Z_OK || len != in_len || memcmp(out, in, in_len))
		zdiff_fail(d, "%s: compress() made data that does not decode (%d)",
			   side_name(side), ret);
	free(out);
}

static void op_compress(struct zdiff *d, const struct zop *op)
{
	size_t in_len = zdiff_size(op->arg[0]);
	const uint8_t *in = zdiff_data(op->arg[1], 200000);
	size_t bound = in_len + (in_len >> 12) + (in_len >> 14) + (in_len >> 25) + 13;
	size_t room = op->arg[2] & 3 ? bound : zdiff_room(op->arg[3]);
	int level = (int)(op->arg[4] % 13) - 2, ret[SIDES];
	uLongf len[SIDES];

	room = MIN(room, SCRATCH_LEN);
	for (int side = 0; side < SIDES; side++) {
		struct piece p = piece_of(in, in_len);
		uint8_t *out = room_make(d, room);

		len[side] = room;
		ret[side] = op->arg[4] >> 8 & 1 ?
			d->api[side]->compress(out, &len[side], p.data, in_len) :
			d->api[side]->compress2(out, &len[side], p.data, in_len, level);
		zdiff_note(d, "%s: compress(%zu, room %zu, level %d) = %d: %lu", side_name(side),
			   in_len, room, level, ret[side], len[side]);
		room_check(d, side, room);
		piece_drop(&p);
		if (ret[side] == Z_OK && len[side] <= room)
			check_whole(d, side, out, len[side], in, in_len);
		else if (ret[side] == Z_BUF_ERROR && room >= bound)
			zdiff_fail(d, "%s: compress() wants more than compressBound()",
				   side_name(side));
	}
	d->calls++;
	/* With too little room for one of them the other may just fit. */
	if (room >= bound || room < 8 || d->exact || ret[THEIRS] == ret[OURS]) {
		zdiff_same(d, "compress()", ret[THEIRS], ret[OURS]);
		if (ret[THEIRS] != Z_OK || d->exact)
			zdiff_same(d, "compress() length", (long long)len[THEIRS],
				   (long long)len[OURS]);
	}
	zdiff_same(d, "compressBound()", (long long)d->api[THEIRS]->compressBound(in_len),
		   (long long)d->api[OURS]->compressBound(in_len));
}

/* What zlib says to data that its uncompress() only calls wrong. */
static const char *reason_of(struct zdiff *d, const struct source *s)
{
	const struct zapi *z = d->api[THEIRS];
	struct piece p = piece_of(s->data, s->len);
	z_stream strm = { .next_in = p.data, .avail_in = (uInt)p.len };
	const char *msg = NULL;
	int ret = z->inflateInit_(&strm, ZLIB_VERSION, sizeof(strm));

	while (ret == Z_OK) {
		strm.next_out = d->scratch;
		strm.avail_out = SCRATCH_LEN;
		ret = z->inflate(&strm, Z_NO_FLUSH);
		msg = strm.msg;
	}
	z->inflateEnd(&strm);
	piece_drop(&p);
	return msg;
}

static void op_uncompress(struct zdiff *d, const struct zop *op)
{
	struct source *s = source_new(d, op->arg, op->arg[4] % 16 ? 1 : -1);
	size_t room = op->arg[4] >> 4 & 3 ? 200000 : zdiff_room(op->arg[5]);
	uint8_t *out[SIDES] = { d->scratch, d->scratch + SCRATCH_LEN / 2 };
	uLongf len[SIDES];
	uLong source_len[SIDES];
	int ret[SIDES];

	room = MIN(room, SCRATCH_LEN / 2 - 8);
	if (op->arg[4] >> 8 & 1)
		room = op->arg[4] >> 9 & 1 ? 0 : 1;
	for (int side = 0; side < SIDES; side++) {
		struct piece p = piece_of(s->data, s->len);

		len[side] = room;
		source_len[side] = s->len;
		memset(out[side], 0, room + 8);
		ret[side] = op->arg[4] >> 12 & 1 ?
			d->api[side]->uncompress(out[side], &len[side], p.data, p.len) :
			d->api[side]->uncompress2(out[side], &len[side], p.data, &source_len[side]);
		zdiff_note(d, "%s: uncompress(%zu, room %zu) = %d: %lu, %lu", side_name(side), s->len,
			   room, ret[side], len[side], source_len[side]);
		piece_drop(&p);
	}
	d->calls++;
	if (ret[THEIRS] != ret[OURS] && zdiff_gap_in_code(d, reason_of(d, s), ret)) {
		source_drop(s);
		return;
	}
	zdiff_same(d, "uncompress()", ret[THEIRS], ret[OURS]);
	zdiff_same(d, "uncompress() length", (long long)len[THEIRS], (long long)len[OURS]);
	/* After an error, what was read is told; where decoding stopped for want of room it is free. */
	if (d->exact || ret[THEIRS] == Z_OK)
		zdiff_same(d, "uncompress2() source length", (long long)source_len[THEIRS],
			   (long long)source_len[OURS]);
	if (len[THEIRS] <= room && !d->failed && ret[THEIRS] == Z_OK)
		zdiff_same_bytes(d, "uncompress()", out[THEIRS], out[OURS], len[THEIRS]);
	source_drop(s);
}

/* ---- inflateBack() ------------------------------------------------------ */

struct back {
	const struct source *source;
	size_t piece;		/* what one call of in() gives */
	size_t at;
	size_t stop;		/* out() refuses beyond this */
	uint8_t *out;
	size_t made;
	unsigned int asked;
};

static unsigned int back_in(void *to, z_const unsigned char **buf)
{
	struct back *b = to;
	size_t n = MIN(b->piece, b->source->len - b->at);

	b->asked++;
	*buf = n ? b->source->data + b->at : NULL;
	b->at += n;
	return (unsigned int)n;
}

static int back_out(void *to, unsigned char *buf, unsigned int len)
{
	struct back *b = to;

	if (b->made + len > SCRATCH_LEN / 2)
		return 1;
	memcpy(b->out + b->made, buf, len);
	b->made += len;
	return b->made > b->stop;
}

static void op_back(struct zdiff *d, const struct zop *op)
{
	static uint8_t window[32768];
	struct source *s = source_new(d, op->arg, op->arg[4] % 16 ? 0 : -1);
	int bits = op->arg[4] >> 4 & 7 ? s->wb : (int)(7 + (op->arg[4] >> 8) % 10);
	size_t first = op->arg[4] >> 12 & 1 ? 0 : MIN(zdiff_size(op->arg[5]), s->len);
	struct zmem *mem[SIDES];
	struct back back[SIDES];
	int init[SIDES], ret[SIDES] = { 0 }, end[SIDES] = { 0 };
	z_stream strm[SIDES];

	s->dict_len = 0;
	for (int side = 0; side < SIDES; side++) {
		const struct zapi *z = d->api[side];
		z_stream *p = &strm[side];

		back[side] = (struct back){
			.source = s, .piece = 1 + zdiff_size(op->arg[5] >> 3), .at = first,
			.stop = op->arg[4] >> 16 & 3 ? SIZE_MAX : zdiff_size(op->arg[5] >> 8),
			.out = d->scratch + (size_t)side * (SCRATCH_LEN / 2),
		};
		mem[side] = zmem_new(zmem_mode_of(op->arg[4] >> 20), 8000, 1);
		/* Spoilt data may reach behind the beginning, to what was in the window. */
		memset(window, 0, sizeof(window));
		memset(p, 0x5a, sizeof(*p));
		p->msg = NULL;
		zmem_use(mem[side], p);
		init[side] = z->inflateBackInit_(p, bits, op->arg[4] >> 24 & 31 ? window : NULL,
						 ZLIB_VERSION, sizeof(*p));
		if (init[side] == Z_OK) {
			p->next_in = first ? s->data : NULL;
			p->avail_in = (uInt)first;
			ret[side] = z->inflateBack(p, back_in, &back[side], back_out, &back[side]);
			end[side] = z->inflateBackEnd(p);
		}
		zdiff_note(d, "%s: inflateBack(bits %d, %zu bytes) = %d, %d, %d: %zu, %s",
			   side_name(side), bits, s->len, init[side], ret[side], end[side],
			   back[side].made, init[side] == Z_OK && p->msg ? p->msg : "");
		zmem_drop(d, side, mem[side]);
	}
	d->calls++;
	zdiff_same(d, "inflateBackInit()", init[THEIRS], init[OURS]);
	zdiff_same(d, "inflateBack()", ret[THEIRS], ret[OURS]);
	zdiff_same(d, "inflateBackEnd()", end[THEIRS], end[OURS]);
	if (init[THEIRS] == Z_OK && !d->failed) {
		zdiff_same_text(d, "msg", strm[THEIRS].msg, strm[OURS].msg);
		zdiff_same(d, "in() called", back[THEIRS].asked, back[OURS].asked);
		zdiff_same(d, "inflateBack() left", strm[THEIRS].avail_in, strm[OURS].avail_in);
		zdiff_same(d, "inflateBack() next_in", !strm[THEIRS].next_in, !strm[OURS].next_in);
		zdiff_same(d, "inflateBack() made", (long long)back[THEIRS].made,
			   (long long)back[OURS].made);
		zdiff_same_bytes(d, "inflateBack()", back[THEIRS].out, back[OURS].out,
				 MIN(back[THEIRS].made, back[OURS].made));
	}
	source_drop(s);
}

/* ---- checksums and constants -------------------------------------------- */

static void op_checksum(struct zdiff *d, const struct zop *op)
{
	size_t n = zdiff_size(op->arg[0]), m = zdiff_size(op->arg[2]);
	const uint8_t *p = zdiff_data(op->arg[1], 400000);
	uLong v[SIDES][12];

	for (int side = 0; side < SIDES; side++) {
		const struct zapi *z = d->api[side];
		uLong *to = v[side];
		uLong start = op->arg[3] & 1 ? op->arg[4] : z->adler32(0, NULL, 0);

		to[0] = z->adler32(start, p, (uInt)n);
		to[1] = z->adler32_z(to[0], p + n, m);
		to[2] = z->crc32(op->arg[3] & 2 ? op->arg[4] : z->crc32(0, NULL, 0), p, (uInt)n);
		to[3] = z->crc32_z(to[2], p + n, m);
		to[4] = z->adler32_combine(to[0], to[1], (z_off_t)op->arg[5]);
		to[5] = z->crc32_combine(to[2], to[3], (z_off_t)op->arg[5]);
		to[6] = z->crc32_combine_op(to[2], to[3], z->crc32_combine_gen((z_off_t)n));
		to[7] = z->adler32(op->arg[4], NULL, n == 1 ? 0 : (uInt)n);
		to[8] = z->crc32(op->arg[4], NULL, (uInt)n);
		to[9] = z->adler32_combine(to[0], to[1], op->arg[3] & 4 ? -1 : (z_off_t)m);
		to[10] = z->crc32_combine(to[2], to[3], (z_off_t)m);
		to[11] = z->get_crc_table()[op->arg[5] & 255];
	}
	d->calls++;
	for (size_t i = 0; i < ARRAY_SIZE(v[0]); i++) {
		if (v[THEIRS][i] != v[OURS][i])
			zdiff_fail(d, "checksum %zu of %zu bytes: theirs %lx, ours %lx", i, n,
				   v[THEIRS][i], v[OURS][i]);
	}
}

static void op_constants(struct zdiff *d, const struct zop *op)
{
	int code = -(int)(op->arg[0] % 7) + (op->arg[1] & 1) * 2;

	if (code < 3 && code > -7)
		zdiff_same_text(d, "zError()", d->api[THEIRS]->zError(code),
				d->api[OURS]->zError(code));
	zdiff_same_text(d, "zlibVersion()", d->api[THEIRS]->zlibVersion(),
			d->api[OURS]->zlibVersion());
	zdiff_same(d, "zlibCompileFlags()", (long long)d->api[THEIRS]->zlibCompileFlags(),
		   (long long)d->api[OURS]->zlibCompileFlags());
	d->calls++;
}

const struct zop_row zops_calls[] = {
	{ "compress", 8, op_compress },
	{ "uncompress", 12, op_uncompress },
	{ "inflateBack", 12, op_back },
	{ "checksum", 6, op_checksum },
	{ "constants", 1, op_constants },
};
const size_t zops_calls_count = ARRAY_SIZE(zops_calls);
