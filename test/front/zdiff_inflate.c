/* SPDX-License-Identifier: MIT */
/* The operations on decompressing streams. */
#include "zdiff_internal.h"

#include <stdlib.h>
#include <string.h>

/* ---- comparing ---------------------------------------------------------- */

static void compare(struct zdiff *d, struct islot *slot, const char *what)
{
	struct iside *t = &slot->side[THEIRS], *o = &slot->side[OURS];

	if (d->failed)
		return;
	if (t->s.total_out != o->s.total_out)
		zdiff_fail(d, "%s: total_out: theirs %lu, ours %lu", what, t->s.total_out,
			   o->s.total_out);
	zdiff_same(d, "adler", (long long)t->s.adler, (long long)o->s.adler);
	zdiff_same_text(d, "msg", t->s.msg, o->s.msg);
	if (!slot->synced)
		return;
	if (t->s.total_in != o->s.total_in)
		zdiff_fail(d, "%s: total_in: theirs %lu, ours %lu", what, t->s.total_in,
			   o->s.total_in);
	if (slot->typed || d->exact)
		zdiff_same(d, "data_type", t->s.data_type, o->s.data_type);
}

static void compare_heads(struct zdiff *d, struct islot *slot)
{
	struct iside *t = &slot->side[THEIRS], *o = &slot->side[OURS];

	zdiff_same(d, "header: done", t->head.done, o->head.done);
	zdiff_same(d, "header: text", t->head.text, o->head.text);
	zdiff_same(d, "header: time", (long long)t->head.time, (long long)o->head.time);
	zdiff_same(d, "header: xflags", t->head.xflags, o->head.xflags);
	zdiff_same(d, "header: os", t->head.os, o->head.os);
	zdiff_same(d, "header: hcrc", t->head.hcrc, o->head.hcrc);
	zdiff_same(d, "header: extra_len", t->head.extra_len, o->head.extra_len);
	zdiff_same(d, "header: extra", !t->head.extra, !o->head.extra);
	zdiff_same(d, "header: name", !t->head.name, !o->head.name);
	zdiff_same(d, "header: comment", !t->head.comment, !o->head.comment);
	zdiff_same_bytes(d, "header: extra", t->extra, o->extra, sizeof(t->extra));
	zdiff_same_bytes(d, "header: name", t->name, o->name, sizeof(t->name));
	zdiff_same_bytes(d, "header: comment", t->comment, o->comment, sizeof(t->comment));
}

/* After a call with @in: pointers and totals of one side. */
static void account(struct zdiff *d, struct islot *slot, int side, const uint8_t *in, size_t in_len,
		    const uint8_t *out, size_t room)
{
	struct iside *is = &slot->side[side];
	size_t took = in_len - is->s.avail_in, made = room - is->s.avail_out;

	if (slot->primed && is->s.avail_in > in_len && is->s.avail_in - in_len <= 4) {
		slot->odd = true;
		return;
	}
	if (took > in_len || is->s.next_in != in + took)
		zdiff_fail(d, "%s: next_in and avail_in do not agree", side_name(side));
	if (made > room || is->s.next_out != out + made)
		zdiff_fail(d, "%s: next_out and avail_out do not agree", side_name(side));
	is->taken += took;
	is->made += made;
}

/* ---- operations --------------------------------------------------------- */

static void end_slot(struct zdiff *d, struct islot *slot)
{
	if (!slot->live)
		return;
	if (slot->head_wanted && slot->synced)
		compare_heads(d, slot);
	for (int side = 0; side < SIDES; side++) {
		struct iside *is = &slot->side[side];
		int ret = d->api[side]->inflateEnd(&is->s);

		if (ret != Z_OK || is->s.state)
			zdiff_fail(d, "%s: inflateEnd() = %d", side_name(side), ret);
		zmem_drop(d, side, is->mem);
	}
	source_drop(slot->source);
	memset(slot, 0, sizeof(*slot));
}

void zdiff_end_inflate(struct zdiff *d)
{
	for (size_t i = 0; i < SLOTS; i++)
		end_slot(d, &d->i[i]);
}

static int window_bits(const struct source *s, uint32_t arg)
{
	static const int odd[] = { 0, 16, 32, 7, -7, 48, 64, -16, 15, -15, 31, 47, 1, 24, 40, 8, -8 };

	if (arg % 16 == 0)
		return odd[(arg >> 4) % ARRAY_SIZE(odd)];
	if (s->wrap && arg % 16 < 5)
		return s->wb + 32;
	if (s->wrap == 1 && arg % 16 == 5)
		return 0;
	return s->wrap == 0 ? -s->wb : s->wrap == 1 ? s->wb : s->wb + 16;
}

static void supply_dictionary(struct zdiff *d, struct islot *slot, uint32_t arg)
{
	const uint8_t *dict = slot->source->dict_len ? slot->source->dict : zpool[0];
	size_t len = slot->source->dict_len;
	int ret[SIDES];

	if (arg % 8 == 0)
		len = len ? len - 1 : 5;
	for (int side = 0; side < SIDES; side++) {
		struct piece p = piece_of(dict, len);

		ret[side] = d->api[side]->inflateSetDictionary(&slot->side[side].s, p.data,
							       (uInt)len);
		zdiff_note(d, "%s: inflateSetDictionary(%zu) = %d", side_name(side), len, ret[side]);
		piece_drop(&p);
	}
	d->calls++;
	zdiff_same(d, "inflateSetDictionary()", ret[THEIRS], ret[OURS]);
	compare(d, slot, "inflateSetDictionary()");
	if (ret[THEIRS] == Z_OK)
		slot->need_dict = false;
}

/* What one call did on both sides. */
static void compare_call(struct zdiff *d, struct islot *slot, int flush, const int ret[SIDES],
			 const size_t made[SIDES])
{
	struct iside *t = &slot->side[THEIRS], *o = &slot->side[OURS];
	bool was_synced = slot->synced, late;

	/* Stopped by the room alone: a decoder may have bits in hand. */
	if (!d->exact && ret[THEIRS] == ret[OURS] && !t->s.avail_out && !o->s.avail_out &&
	    (ret[THEIRS] == Z_OK || ret[THEIRS] == Z_BUF_ERROR))
		slot->synced = t->taken == o->taken;
	else if (!slot->synced && t->taken == o->taken)
		slot->synced = true;
	/* What theirs took in this call ours had taken before, and so made no progress. */
	late = !d->exact && !was_synced && !made[THEIRS] && !made[OURS] && ret[THEIRS] == Z_OK &&
	       ret[OURS] == Z_BUF_ERROR;
	if (!late && (was_synced || made[THEIRS] || made[OURS] || slot->synced))
		zdiff_same(d, "inflate()", ret[THEIRS], ret[OURS]);
	if (made[THEIRS] != made[OURS])
		zdiff_fail(d, "inflate() made %zu, ours %zu", made[THEIRS], made[OURS]);
	if (ret[THEIRS] != Z_OK && ret[THEIRS] != Z_BUF_ERROR)
		slot->synced = true;	/* an end is an end */
	if (ret[THEIRS] != Z_STREAM_ERROR)
		slot->typed = flush == Z_BLOCK || flush == Z_TREES || ret[THEIRS] == Z_STREAM_END;
	compare(d, slot, "inflate()");
	slot->stale |= ret[THEIRS] == Z_STREAM_END || ret[THEIRS] == Z_DATA_ERROR;
}

bool zdiff_gap_in_code(const struct zdiff *d, const char *msg, const int ret[SIDES])
{
	static const char *const said[] = {
		"invalid code lengths set", "invalid literal/lengths set", "invalid distances set",
		"invalid literal/length code",
	};

	if (d->exact || ret[THEIRS] != Z_DATA_ERROR || ret[OURS] == Z_DATA_ERROR || !msg)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(said); i++) {
		if (!strcmp(msg, said[i]))
			return true;
	}
	return false;
}

static void inflate_both(struct zdiff *d, struct islot *slot, int flush, size_t room,
			 unsigned int calls)
{
	struct piece p[SIDES];
	size_t made[SIDES];
	int ret[SIDES];

	for (int side = 0; side < SIDES; side++) {
		struct iside *is = &slot->side[side];

		p[side] = piece_of(slot->source->data + is->taken, slot->fed - is->taken);
		is->s.next_in = p[side].data;
		is->s.avail_in = (uInt)p[side].len;
	}
	do {
		uint8_t *out[SIDES] = { d->scratch, d->scratch + SCRATCH_LEN / 2 };

		for (int side = 0; side < SIDES; side++) {
			struct iside *is = &slot->side[side];
			const uint8_t *in = is->s.next_in;
			size_t in_len = is->s.avail_in;

			memset(out[side] + room, 0xc9, 8);
			is->s.next_out = out[side];
			is->s.avail_out = (uInt)room;
			ret[side] = d->api[side]->inflate(&is->s, flush);
			made[side] = room - is->s.avail_out;
			zdiff_note(d, "%s: inflate(in %zu, out %zu, flush %d) = %d, left %u, %u, "
				   "type %d, %s", side_name(side), in_len, room, flush, ret[side],
				   is->s.avail_in, is->s.avail_out, is->s.data_type,
				   is->s.msg ? is->s.msg : "");
			account(d, slot, side, in, in_len, out[side], room);
			for (size_t i = 0; i < 8; i++) {
				if (out[side][room + i] != 0xc9)
					zdiff_fail(d, "%s wrote behind its room", side_name(side));
			}
		}
		d->calls++;
		if (slot->side[0].mem->failed || slot->side[1].mem->failed)
			break;
		/* What follows is not the same data any more. */
		if (zdiff_gap_in_code(d, slot->side[THEIRS].s.msg, ret))
			slot->odd = true;
		if (slot->odd)
			break;
		compare_call(d, slot, flush, ret, made);
		zdiff_same_bytes(d, "output", out[THEIRS], out[OURS], MIN(made[0], made[1]));
	} while (!d->failed && ret[THEIRS] == Z_OK && ret[OURS] == Z_OK && --calls);
	for (int side = 0; side < SIDES; side++) {
		slot->side[side].s.next_in = NULL;
		slot->side[side].s.avail_in = 0;
		piece_drop(&p[side]);
	}
	slot->need_dict = ret[THEIRS] == Z_NEED_DICT;
}

static int flush_of(uint32_t arg)
{
	static const int flushes[32] = {
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 2, 2, 2, 2, 2, 4, 4, 4, 4, 4, 5, 5, 5, 5, 6, 6,
		1, 3, 7, -1,
	};

	return flushes[arg & 31];
}

/* Other calls come to a long stream at a place of their own. */
static bool not_yet(const struct zdiff *d, const struct zop *op)
{
	const struct islot *slot = &d->i[op->slot];

	return d->lengthy && slot->live && !slot->need_dict && !slot->stale &&
	       slot->side[THEIRS].taken < op->arg[5] % (slot->source->len + 1);
}

static void op_inflate(struct zdiff *d, const struct zop *op)
{
	static const unsigned int calls[] = { 1, 1, 2, 5, 20, 100, 1000, 4000 };
	struct islot *slot = &d->i[op->slot];
	size_t n = zdiff_size(op->arg[0]);
	size_t room = MIN(zdiff_room(op->arg[2]), SCRATCH_LEN / 2 - 8);
	int flush = flush_of(op->arg[1]);

	if (!slot->live) {
		for (int side = 0; side < SIDES; side++) {
			z_stream none = { 0 };

			if (d->api[side]->inflate(op->arg[0] & 1 ? &none : NULL, Z_NO_FLUSH) !=
			    Z_STREAM_ERROR)
				zdiff_fail(d, "%s: inflate() without a stream", side_name(side));
		}
		return;
	}
	if (not_yet(d, op) && (flush == Z_BLOCK || flush == Z_TREES))
		flush = Z_NO_FLUSH;
	if (slot->need_dict && op->arg[4] % 8)
		supply_dictionary(d, slot, op->arg[5]);
	if (op->arg[4] >> 8 & 3)
		n += zdiff_size(op->arg[4] >> 10);
	if (op->arg[4] >> 28 == 0)
		n = FED_MAX;
	if (d->lengthy && op->arg[4] >> 24 & 3) {
		n = n * 4 + 600;
		room = MIN(room + 600, SCRATCH_LEN / 2 - 8);
	}
	slot->fed += MIN(n, slot->source->len - slot->fed);
	inflate_both(d, slot, flush, room, calls[op->arg[3] & 7]);
	/* A side whose allocator failed has lost its stream; the other one has not. */
	if (slot->odd || slot->side[0].mem->failed || slot->side[1].mem->failed) {
		slot->synced = false;
		slot->head_wanted = false;
		end_slot(d, slot);
	}
}

static void op_init(struct zdiff *d, const struct zop *op)
{
	struct islot *slot = &d->i[op->slot];
	uint32_t how = op->arg[4];
	enum zmem_mode mode = zmem_mode_of(how);
	struct source *source;
	const char *version = ZLIB_VERSION;
	int size = sizeof(z_stream), ret[SIDES];
	bool simple = (how >> 4) % 8 == 0, any_failed, dead;

	end_slot(d, slot);
	source = source_new(d, op->arg, simple ? 1 : -1);
	slot->source = source;
	slot->wb = simple ? 15 : window_bits(source, op->arg[5]);
	if ((how >> 8) % 64 == 0)
		version = how >> 16 & 1 ? "2.0" : NULL;
	if ((how >> 8) % 64 == 1)
		size -= 8;
	for (int side = 0; side < SIDES; side++) {
		struct iside *is = &slot->side[side];

		is->mem = zmem_new(mode, ((size_t)1 << 15) + 7500, 1 + (how >> 17) % 3);
		memset(&is->s, 0x5a, sizeof(is->s));
		is->s.msg = NULL;
		zmem_use(is->mem, &is->s);
		/* The manual has inflateInit() look at the input, perhaps. */
		is->s.next_in = NULL;
		is->s.avail_in = 0;
		ret[side] = simple ? d->api[side]->inflateInit_(&is->s, version, size) :
			d->api[side]->inflateInit2_(&is->s, slot->wb, version, size);
		zdiff_note(d, "%s: inflateInit2(%d, alloc %d) = %d, source %d, %d, %zu bytes",
			   side_name(side), slot->wb, mode, ret[side], source->wrap, source->wb,
			   source->len);
	}
	d->calls++;
	any_failed = slot->side[0].mem->failed || slot->side[1].mem->failed;
	if (!any_failed || mode != ZMEM_FAIL)
		zdiff_same(d, "inflateInit2()", ret[THEIRS], ret[OURS]);
	dead = any_failed || ret[THEIRS] != Z_OK || d->failed;
	for (int side = 0; side < SIDES; side++) {
		struct iside *is = &slot->side[side];

		if (any_failed && ret[side] != (is->mem->failed ? Z_MEM_ERROR : Z_OK))
			zdiff_fail(d, "%s: inflateInit2() = %d, allocator failed: %d",
				   side_name(side), ret[side], is->mem->failed);
		if (dead && ret[side] == Z_OK)
			d->api[side]->inflateEnd(&is->s);
		if (dead)
			zmem_drop(d, side, is->mem);
	}
	if (dead) {
		source_drop(source);
		memset(slot, 0, sizeof(*slot));
		return;
	}
	slot->live = true;
	slot->synced = true;
	slot->typed = true;
	compare(d, slot, "inflateInit2()");
	zdiff_same(d, "zalloc set", slot->side[0].s.zalloc != NULL, slot->side[1].s.zalloc != NULL);
}

static void op_reset(struct zdiff *d, const struct zop *op)
{
	struct islot *slot = &d->i[op->slot];
	int wb = slot->wb, ret[SIDES];

	/* It keeps the window, and writes beyond it once a header has told a size. */
	if (slot->tiny)
		return;
	if (slot->live && op->arg[1] & 1)
		wb = window_bits(slot->source, op->arg[2]);
	for (int side = 0; side < SIDES; side++) {
		z_stream none = { 0 };
		z_stream *s = slot->live ? &slot->side[side].s : &none;

		switch (op->arg[0] % 4) {
		case 0: ret[side] = d->api[side]->inflateReset2(s, wb); break;
		case 1: ret[side] = d->api[side]->inflateResetKeep(s); break;
		default: ret[side] = d->api[side]->inflateReset(s); break;
		}
		zdiff_note(d, "%s: inflateReset(%u, %d) = %d", side_name(side), op->arg[0] % 4, wb,
			   ret[side]);
	}
	d->calls++;
	zdiff_same(d, "inflateReset()", ret[THEIRS], ret[OURS]);
	if (!slot->live || ret[THEIRS] != Z_OK || d->failed)
		return;
	if (slot->head_wanted && slot->synced)
		compare_heads(d, slot);
	if (op->arg[0] % 4 == 0)
		slot->wb = wb;
	slot->head_wanted = false;
	slot->need_dict = false;
	if (!slot->synced || op->arg[3] & 1) {
		for (int side = 0; side < SIDES; side++)
			slot->side[side].taken = 0;
		slot->fed = 0;
	}
	slot->synced = true;
	slot->stale = op->arg[0] % 4 == 1 && (slot->stale || slot->wb >= 0);
	compare(d, slot, "inflateReset()");
}

static void op_sync(struct zdiff *d, const struct zop *op)
{
	struct islot *slot = &d->i[op->slot];
	int ret[SIDES];

	if (!slot->live || !slot->synced)
		return;
	/*
	 * In front of the header that is to tell the size of the window: zlib takes one of a
	 * byte from there on, and writes behind it after a reset.
	 */
	if (slot->wb % 16 == 0 && !slot->side[THEIRS].s.total_out)
		return;
	slot->fed += MIN(zdiff_size(op->arg[0]), slot->source->len - slot->fed);
	for (int side = 0; side < SIDES; side++) {
		struct iside *is = &slot->side[side];
		struct piece p = piece_of(slot->source->data + is->taken, slot->fed - is->taken);

		is->s.next_in = p.data;
		is->s.avail_in = (uInt)p.len;
		is->s.next_out = d->scratch;
		is->s.avail_out = 0;
		ret[side] = d->api[side]->inflateSync(&is->s);
		zdiff_note(d, "%s: inflateSync(%zu) = %d, left %u", side_name(side), p.len,
			   ret[side], is->s.avail_in);
		account(d, slot, side, p.data, p.len, d->scratch, 0);
		is->s.next_in = NULL;
		is->s.avail_in = 0;
		piece_drop(&p);
	}
	d->calls++;
	zdiff_same(d, "inflateSync()", ret[THEIRS], ret[OURS]);
	slot->stale &= ret[THEIRS] != Z_OK;
	/* The size was to come from the header, which is not read any more. */
	slot->tiny |= ret[THEIRS] == Z_OK && slot->wb >= 0 && slot->wb % 16 == 0;
	compare(d, slot, "inflateSync()");
}

/* Calls that only tell or set something: what they return. */
static void op_ask(struct zdiff *d, const struct zop *op)
{
	struct islot *slot = &d->i[op->slot];
	unsigned int which = op->arg[0] % 6;
	int bits = (int)(op->arg[1] % 19) - 1;
	long ret[SIDES];

	for (int side = 0; side < SIDES; side++) {
		const struct zapi *z = d->api[side];
		z_stream none = { 0 };
		z_stream *s = slot->live ? &slot->side[side].s : &none;

		switch (which) {
		case 0: ret[side] = z->inflateMark(s); break;
		case 1: ret[side] = z->inflateSyncPoint(s); break;
		case 2: ret[side] = z->inflateValidate(s, op->arg[1] & 1); break;
		case 3: ret[side] = z->inflateUndermine(s, op->arg[1] & 1); break;
		case 4:
			ret[side] = z->inflatePrime(s, bits, (int)(op->arg[2] & 0xffff));
			slot->primed |= slot->live;
			break;
		/* What it counts is nobody's business, but not that it can. */
		default: ret[side] = z->inflateCodesUsed(s) == (unsigned long)-1; break;
		}
		zdiff_note(d, "%s: ask %u (%d) = %ld", side_name(side), which, bits, ret[side]);
	}
	d->calls++;
	if (slot->live && !slot->synced && which == 4) {
		/* Bits in hand differ: from here on the two have different input. */
		slot->head_wanted = false;
		end_slot(d, slot);
		return;
	}
	if (!slot->live || slot->synced)
		zdiff_same(d, "asked", ret[THEIRS], ret[OURS]);
	if (slot->live)
		compare(d, slot, "asked");
}

static void op_header(struct zdiff *d, const struct zop *op)
{
	struct islot *slot = &d->i[op->slot];
	int ret[SIDES];

	if (!slot->live)
		return;
	if (slot->head_wanted && slot->synced)
		compare_heads(d, slot);
	for (int side = 0; side < SIDES; side++) {
		struct iside *is = &slot->side[side];

		memset(is->extra, 0, sizeof(is->extra));
		memset(is->name, 0, sizeof(is->name));
		memset(is->comment, 0, sizeof(is->comment));
		memset(&is->head, 0x5a, sizeof(is->head));
		is->head.extra = op->arg[0] & 1 ? is->extra : NULL;
		is->head.extra_max = sizeof(is->extra);
		is->head.name = op->arg[0] & 2 ? is->name : NULL;
		is->head.name_max = sizeof(is->name);
		is->head.comment = op->arg[0] & 4 ? is->comment : NULL;
		is->head.comm_max = op->arg[0] & 8 ? 3 : sizeof(is->comment);
		ret[side] = d->api[side]->inflateGetHeader(&is->s, &is->head);
		zdiff_note(d, "%s: inflateGetHeader() = %d", side_name(side), ret[side]);
	}
	d->calls++;
	zdiff_same(d, "inflateGetHeader()", ret[THEIRS], ret[OURS]);
	slot->head_wanted = ret[THEIRS] == Z_OK && slot->synced;
}

static void op_set_dictionary(struct zdiff *d, const struct zop *op)
{
	struct islot *slot = &d->i[op->slot];

	if (slot->live && slot->synced)
		supply_dictionary(d, slot, op->arg[0]);
}

static void op_get_dictionary(struct zdiff *d, const struct zop *op)
{
	struct islot *slot = &d->i[op->slot];
	static uint8_t got[SIDES][32768 + 8];
	uInt len[SIDES] = { 77777, 77777 };
	int ret[SIDES];

	if (!slot->live)
		return;
	for (int side = 0; side < SIDES; side++) {
		ret[side] = d->api[side]->inflateGetDictionary(&slot->side[side].s,
							       op->arg[0] % 8 ? got[side] : NULL,
							       op->arg[1] % 8 ? &len[side] : NULL);
		zdiff_note(d, "%s: inflateGetDictionary() = %d: %u", side_name(side), ret[side],
			   len[side]);
	}
	d->calls++;
	zdiff_same(d, "inflateGetDictionary()", ret[THEIRS], ret[OURS]);
	/* Behind the end, or an error, there may be less of it, and none behind inflateResetKeep(). */
	if (slot->stale)
		return;
	zdiff_same(d, "inflateGetDictionary() length", len[THEIRS], len[OURS]);
	if (len[THEIRS] <= 32768 && !d->failed && op->arg[0] % 8)
		zdiff_same_bytes(d, "inflateGetDictionary()", got[THEIRS], got[OURS], len[THEIRS]);
}

static void op_copy(struct zdiff *d, const struct zop *op)
{
	struct islot *from = &d->i[op->slot], *to = &d->i[!op->slot];
	bool missing = false;
	int ret[SIDES];

	end_slot(d, to);
	if (!from->live)
		return;
	*to = *from;
	to->head_wanted = false;
	for (int side = 0; side < SIDES; side++) {
		struct iside *a = &from->side[side], *b = &to->side[side];
		unsigned int before = a->mem->live;

		a->mem->limit += a->mem->arena;
		a->mem->failed = false;
		memset(&b->s, 0x5a, sizeof(b->s));
		ret[side] = d->api[side]->inflateCopy(&b->s, &a->s);
		zdiff_note(d, "%s: inflateCopy() = %d", side_name(side), ret[side]);
		if (a->mem->failed) {
			missing = true;
			a->mem->failed = false;
			if (ret[side] != Z_MEM_ERROR || a->mem->live != before)
				zdiff_fail(d, "%s: inflateCopy() = %d, the allocator failed, %d "
					   "blocks more", side_name(side), ret[side],
					   (int)(a->mem->live - before));
		}
	}
	d->calls++;
	if (!missing)
		zdiff_same(d, "inflateCopy()", ret[THEIRS], ret[OURS]);
	if (missing || d->failed || ret[THEIRS] != Z_OK) {
		for (int side = 0; side < SIDES; side++) {
			if (ret[side] == Z_OK)
				d->api[side]->inflateEnd(&to->side[side].s);
		}
		memset(to, 0, sizeof(*to));
		return;
	}
	for (int side = 0; side < SIDES; side++)
		to->side[side].mem->users++;
	to->source->users++;
	compare(d, to, "inflateCopy()");
	if (op->arg[0] % 4 == 0) {
		from->head_wanted = false;
		end_slot(d, from);
	}
}

static void op_end(struct zdiff *d, const struct zop *op)
{
	struct islot *slot = &d->i[op->slot];

	if (slot->live) {
		end_slot(d, slot);
		return;
	}
	for (int side = 0; side < SIDES; side++) {
		z_stream none = { 0 };

		if (d->api[side]->inflateEnd(op->arg[0] & 1 ? &none : NULL) != Z_STREAM_ERROR)
			zdiff_fail(d, "%s: inflateEnd() without a stream", side_name(side));
	}
}

static void op_misuse(struct zdiff *d, const struct zop *op)
{
	struct islot *slot = &d->i[op->slot];
	int ret[SIDES];

	if (!slot->live)
		return;
	for (int side = 0; side < SIDES; side++) {
		const struct zapi *z = d->api[side];
		struct iside *is = &slot->side[side];
		z_stream moved = is->s;

		switch (op->arg[0] % 8) {
		case 0: ret[side] = z->inflateReset(&moved); break;
		case 1: ret[side] = z->inflateEnd(&moved); break;
		case 2: ret[side] = z->deflateReset(&is->s); break;
		case 3: ret[side] = z->deflateEnd(&is->s); break;
		case 4: ret[side] = z->inflateCopy(&moved, NULL); break;
		case 5: ret[side] = z->inflateReset2(&moved, 15); break;
		case 6:
			is->s.next_out = NULL;
			is->s.avail_out = 3;
			ret[side] = z->inflate(&is->s, Z_NO_FLUSH);
			break;
		default:
			is->s.next_out = d->scratch;
			is->s.avail_out = 3;
			is->s.next_in = NULL;
			is->s.avail_in = 4;
			ret[side] = z->inflate(&is->s, Z_NO_FLUSH);
			is->s.avail_in = 0;
			break;
		}
		zdiff_note(d, "%s: misuse %u = %d", side_name(side), op->arg[0] % 8, ret[side]);
	}
	d->calls++;
	zdiff_same(d, "misuse", ret[THEIRS], ret[OURS]);
}

void zdiff_play(struct zdiff *d, const struct zop *op, zop_fn *fn)
{
	if (not_yet(d, op))
		fn = op_inflate;
	fn(d, op);
}

const struct zop_row zops_inflate[] = {
	{ "inflateInit2", 12, op_init },
	{ "inflate", 60, op_inflate },
	{ "inflateReset", 6, op_reset },
	{ "inflateSync", 4, op_sync },
	{ "inflate: ask", 8, op_ask },
	{ "inflateGetHeader", 5, op_header },
	{ "inflateSetDictionary", 2, op_set_dictionary },
	{ "inflateGetDictionary", 4, op_get_dictionary },
	{ "inflateCopy", 5, op_copy },
	{ "inflateEnd", 2, op_end },
	{ "inflate: misuse", 3, op_misuse },
};
const size_t zops_inflate_count = ARRAY_SIZE(zops_inflate);
