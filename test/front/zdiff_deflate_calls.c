/* SPDX-License-Identifier: MIT */
/* The operations on compressing streams beside deflate() itself, and misuse. */
#include "zdiff_deflate.h"

#include <stdlib.h>
#include <string.h>

void zdeflate_pending(struct zdiff *d, const struct zop *op)
{
	struct dslot *slot = &d->d[op->slot];
	unsigned int pending[SIDES] = { 77, 77 };
	int bits[SIDES] = { 77, 77 }, ret[SIDES];

	for (int side = 0; side < SIDES; side++) {
		z_stream none = { 0 };

		ret[side] = d->api[side]->deflatePending(slot->live ? &slot->side[side].s : &none,
							 op->arg[0] & 1 ? NULL : &pending[side],
							 op->arg[0] & 2 ? NULL : &bits[side]);
		zdiff_note(d, "%s: deflatePending() = %d: %u, %d", side_name(side), ret[side],
			   pending[side], bits[side]);
	}
	d->calls++;
	zdiff_same(d, "deflatePending()", ret[THEIRS], ret[OURS]);
	if (!slot->live || !slot->synced)
		return;
	/* What one side holds back, the other may have brought into its last form already. */
	if (d->exact || !slot->called || slot->flushed == Z_SYNC_FLUSH ||
	    slot->flushed == Z_FULL_FLUSH || slot->finished) {
		zdiff_same(d, "bytes pending", pending[THEIRS], pending[OURS]);
		zdiff_same(d, "bits pending", bits[THEIRS], bits[OURS]);
	}
}

/* Anything in front of a raw stream; an empty block with fixed codes between blocks. */
void zdeflate_prime(struct zdiff *d, const struct zop *op)
{
	struct dslot *slot = &d->d[op->slot];
	int bits = (int)(op->arg[0] % 17), value = (int)(op->arg[1] & 0xffff), ret[SIDES];
	bool start = slot->live && !slot->called && !slot->wrap && slot->synced;
	bool wrong = op->arg[2] % 8 == 0;

	if (!start) {
		bits = 10;
		value = 2;
	}
	if (wrong)
		bits = op->arg[3] & 1 ? -1 - (int)(op->arg[3] >> 1 & 3) : 17 + (int)(op->arg[3] & 30);
	else if (slot->live && !start && (!slot->synced || slot->finished || !slot->called ||
		 (slot->flushed != Z_SYNC_FLUSH && slot->flushed != Z_FULL_FLUSH &&
		  slot->flushed != Z_PARTIAL_FLUSH && slot->flushed != Z_BLOCK)))
		return;
	/* The decoder must not have to tell bits from a header. */
	if (start && !wrong && slot->side[THEIRS].check.skip_bits + (unsigned int)bits > 32)
		return;
	for (int side = 0; side < SIDES; side++) {
		z_stream none = { 0 };
		struct dside *ds = &slot->side[side];

		ret[side] = d->api[side]->deflatePrime(slot->live ? &ds->s : &none, bits, value);
		zdiff_note(d, "%s: deflatePrime(%d, %d) = %d", side_name(side), bits, value,
			   ret[side]);
		if (start && ret[side] == Z_OK)
			ds->check.skip_bits += (unsigned int)bits;
	}
	d->calls++;
	zdiff_same(d, "deflatePrime()", ret[THEIRS], ret[OURS]);
	if (!start && ret[THEIRS] == Z_OK)
		slot->flushed = Z_BLOCK;
}

void zdeflate_tune(struct zdiff *d, const struct zop *op)
{
	struct dslot *slot = &d->d[op->slot];
	int ret[SIDES];

	for (int side = 0; side < SIDES; side++) {
		z_stream none = { 0 };

		ret[side] = d->api[side]->deflateTune(slot->live ? &slot->side[side].s : &none,
						      (int)(op->arg[0] % 259),
						      (int)(op->arg[1] % 259),
						      (int)(op->arg[2] % 259),
						      (int)(1 + op->arg[3] % 300));
	}
	d->calls++;
	zdiff_same(d, "deflateTune()", ret[THEIRS], ret[OURS]);
}

/* They have to live as long as any stream; no two calls write to one. */
static gz_header *header_of(uint32_t arg)
{
	static uint8_t extra[] = "AB\4\0data", name[] = "a name.txt", long_name[300], empty[] = "";
	static uint8_t comment[] = "what it is\nand more", long_extra[3000];
	static gz_header heads[] = {
		{ .os = 255, .name = name },
		{ .text = 1, .time = 0x12345678, .xflags = 9, .os = 7, .extra = extra,
		  .extra_len = 8, .name = name, .comment = comment, .hcrc = 1 },
		{ .hcrc = 1 },
		{ .name = empty, .comment = empty, .os = 3 },
		{ .extra = long_extra, .extra_len = sizeof(long_extra), .name = long_name },
		{ .extra = extra, .extra_len = 0, .comment = comment, .hcrc = 1 },
	};

	memset(long_extra, 'e', sizeof(long_extra));
	memset(long_name, 'n', sizeof(long_name) - 1);
	return arg % 8 == 7 ? NULL : &heads[arg % ARRAY_SIZE(heads)];
}

void zdeflate_header(struct zdiff *d, const struct zop *op)
{
	struct dslot *slot = &d->d[op->slot];
	int ret[SIDES];

	/* Once it is being written it must stay. */
	if (slot->called)
		return;
	for (int side = 0; side < SIDES; side++) {
		z_stream none = { 0 };

		ret[side] = d->api[side]->deflateSetHeader(slot->live ? &slot->side[side].s : &none,
							   header_of(op->arg[0]));
		zdiff_note(d, "%s: deflateSetHeader(%u) = %d", side_name(side), op->arg[0] % 8,
			   ret[side]);
	}
	d->calls++;
	zdiff_same(d, "deflateSetHeader()", ret[THEIRS], ret[OURS]);
}

void zdeflate_set_dictionary(struct zdiff *d, const struct zop *op)
{
	struct dslot *slot = &d->d[op->slot];
	size_t len = zdiff_size(op->arg[0]);
	const uint8_t *dict = zdiff_data(op->arg[1], 200000);
	bool start = !slot->called && !slot->has_dict && slot->synced;
	bool middle = slot->live && !slot->wrap && slot->synced && !slot->finished &&
		(slot->flushed == Z_SYNC_FLUSH || slot->flushed == Z_FULL_FLUSH);
	bool refused = !slot->live || slot->wrap == 2 || (slot->wrap == 1 && slot->called);
	int ret[SIDES];

	/*
	 * Elsewhere the manual does not say what happens; behind its trailer zlib takes one,
	 * and of a stream that is being finished one side may be there already.
	 */
	if ((!start && !middle && !refused) || (slot->live && slot->finishing))
		return;
	for (int side = 0; side < SIDES; side++) {
		struct piece p = piece_of(dict, len);
		struct dside *ds = &slot->side[side];
		z_stream none = { 0 };

		ret[side] = d->api[side]->deflateSetDictionary(slot->live ? &ds->s : &none,
							       op->arg[2] % 16 ? p.data : NULL,
							       (uInt)len);
		zdiff_note(d, "%s: deflateSetDictionary(%zu) = %d", side_name(side), len, ret[side]);
		piece_drop(&p);
		if (slot->live && ret[side] == Z_OK && !slot->wrap)
			d->api[THEIRS]->inflateSetDictionary(&ds->check.dec, dict, (uInt)len);
	}
	d->calls++;
	zdiff_same(d, "deflateSetDictionary()", ret[THEIRS], ret[OURS]);
	if (d->failed || ret[THEIRS] != Z_OK)
		return;
	slot->dict = dict;
	slot->dict_len = len;
	slot->has_dict = true;
	for (int side = 0; side < SIDES; side++)
		slot->side[side].extra = slot->side[side].s.total_in - slot->side[side].taken;
	zdiff_same(d, "adler", (long long)slot->side[0].s.adler, (long long)slot->side[1].s.adler);
}

/* The last bytes that went in, newest last. */
void zdeflate_get_dictionary(struct zdiff *d, const struct zop *op)
{
	struct dslot *slot = &d->d[op->slot];
	static uint8_t got[32768 + 64];
	size_t window = (size_t)1 << (slot->wb < 9 ? 9 : slot->wb);

	(void)op;
	for (int side = 0; side < SIDES; side++) {
		struct dside *ds = &slot->side[side];
		z_stream none = { 0 };
		uInt len = 77777;
		int ret = d->api[side]->deflateGetDictionary(slot->live ? &ds->s : &none, got, &len);

		zdiff_note(d, "%s: deflateGetDictionary() = %d: %u", side_name(side), ret, len);
		if (ret != (slot->live ? Z_OK : Z_STREAM_ERROR))
			zdiff_fail(d, "%s: deflateGetDictionary() = %d", side_name(side), ret);
		if (!slot->live || d->failed || !slot->synced || slot->has_dict)
			continue;
		if (len > window || len > ds->taken ||
		    memcmp(got, slot->in + ds->taken - len, len))
			zdiff_fail(d, "%s: deflateGetDictionary() gives %u bytes that are not the "
				   "last ones of %zu", side_name(side), len, ds->taken);
		if (len + 262 < MIN(window, ds->taken) && !slot->forgot)
			zdiff_fail(d, "%s: deflateGetDictionary() gives %u bytes of a window of %zu,"
				   " %zu were taken", side_name(side), len, window, ds->taken);
	}
	d->calls++;
}

/* What deflateBound() says is enough for one call. */
void zdeflate_bound(struct zdiff *d, const struct zop *op)
{
	struct dslot *slot = &d->d[op->slot];
	size_t n = zdiff_size(op->arg[0]);
	bool short_before = false;

	for (int side = 0; side < SIDES; side++) {
		z_stream none = { 0 };
		uLong bound = d->api[side]->deflateBound(slot->live ? &slot->side[side].s : &none, n);
		struct zdeflate_order order = { Z_FINISH, bound, 1, false };
		bool done;

		zdiff_note(d, "%s: deflateBound(%zu) = %lu", side_name(side), n, bound);
		if (bound < n)
			zdiff_fail(d, "%s: deflateBound(%zu) = %lu", side_name(side), n, bound);
		if (!slot->live || slot->called || !slot->synced || bound > BIG_ROOM || d->failed ||
		    slot->side[side].check.skip_bits || op->arg[1] & 1)
			continue;
		slot->fed = n;
		if (zdeflate_drive(d, slot, side, &order, &done) == Z_STREAM_END)
			continue;
		/* zlib before 1.3 is a byte short at level 0 in small windows. */
		if (side == OURS && !short_before)
			zdiff_fail(d, "%s: deflateBound(%zu) = %lu was not enough", side_name(side),
				   n, bound);
		short_before = true;
		order.complete = true;
		zdeflate_drive(d, slot, side, &order, &done);
	}
	d->calls++;
	if (slot->live && slot->fed == n && !slot->called && slot->side[OURS].check.ended) {
		slot->called = slot->finished = true;
		slot->flushed = Z_FINISH;
		zdeflate_compare(d, slot);
	}
}

/* Streams that are not what they should be. */
void zdeflate_misuse(struct zdiff *d, const struct zop *op)
{
	struct dslot *slot = &d->d[op->slot];
	int ret[SIDES];

	if (!slot->live)
		return;
	for (int side = 0; side < SIDES; side++) {
		const struct zapi *z = d->api[side];
		struct dside *ds = &slot->side[side];
		z_stream moved = ds->s;
		uint8_t byte[1] = { 0 };

		switch (op->arg[0] % 10) {
		case 0: ret[side] = z->deflateReset(&moved); break;
		case 1: ret[side] = z->deflateEnd(&moved); break;
		case 2: ret[side] = z->inflateReset(&ds->s); break;
		case 3: ret[side] = z->inflateEnd(&ds->s); break;
		case 4: ret[side] = z->inflate(&ds->s, Z_NO_FLUSH); break;
		case 5: ret[side] = z->deflateCopy(NULL, &ds->s); break;
		case 6: ret[side] = z->deflateParams(&moved, 1, 0); break;
		case 7:
			ds->s.next_out = NULL;
			ds->s.avail_out = 10;
			ret[side] = z->deflate(&ds->s, Z_NO_FLUSH);
			break;
		case 8:
			ds->s.next_out = byte;
			ds->s.avail_out = 1;
			ds->s.next_in = NULL;
			ds->s.avail_in = 1;
			ret[side] = z->deflate(&ds->s, Z_FINISH);
			ds->s.avail_in = 0;
			break;
		default:
			moved = ds->s;
			moved.next_out = byte;
			moved.avail_out = 1;
			ret[side] = z->deflate(&moved, Z_NO_FLUSH);
			break;
		}
		zdiff_note(d, "%s: misuse %u = %d", side_name(side), op->arg[0] % 10, ret[side]);
		if (byte[0])
			zdiff_fail(d, "%s: a call that failed wrote", side_name(side));
	}
	d->calls++;
	zdiff_same(d, "misuse", ret[THEIRS], ret[OURS]);
	zdeflate_compare_msg(d, slot);
}
