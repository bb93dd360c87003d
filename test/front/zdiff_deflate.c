/* SPDX-License-Identifier: MIT */
/* Compressing streams: deflate(), and what begins, ends, copies and changes a stream. */
#include "zdiff_deflate.h"

#include <stdlib.h>
#include <string.h>

/* The rule about Z_BUF_ERROR orders flushes so: a call that adds nothing to the last one fails. */
#define RANK(flush)	((flush) * 2 - ((flush) > 4 ? 9 : 0))
#define LAST_NEVER	(-2)	/* since the stream began */
#define LAST_FULL	(-1)	/* the last call ended for want of room */

/* ---- comparing ---------------------------------------------------------- */

static void compare_heads(struct zdiff *d, struct dslot *slot)
{
	struct check *t = &slot->side[THEIRS].check, *o = &slot->side[OURS].check;

	zdiff_same(d, "gzip header: text", t->head.text, o->head.text);
	zdiff_same(d, "gzip header: time", (long long)t->head.time, (long long)o->head.time);
	zdiff_same(d, "gzip header: xflags", t->head.xflags, o->head.xflags);
	zdiff_same(d, "gzip header: os", t->head.os, o->head.os);
	zdiff_same(d, "gzip header: hcrc", t->head.hcrc, o->head.hcrc);
	zdiff_same(d, "gzip header: extra_len", t->head.extra_len, o->head.extra_len);
	zdiff_same_bytes(d, "gzip header: extra", t->extra, o->extra, sizeof(t->extra));
	zdiff_same_bytes(d, "gzip header: name", t->name, o->name, sizeof(t->name));
	zdiff_same_bytes(d, "gzip header: comment", t->comment, o->comment, sizeof(t->comment));
}

/* zlib says it where a call could do nothing, and takes it back only with a reset. */
static bool says_stuck(const char *msg)
{
	return msg && !strcmp(msg, "buffer error");
}

/* Sides that give their output in different calls need not get stuck in the same. */
static const char *msg_of(const struct zdiff *d, const struct dside *ds)
{
	return !d->exact && ds->stuck && says_stuck(ds->s.msg) ? ds->unstuck : ds->s.msg;
}

/* After a call with the result @ret; @msg: what was there before. */
static void note_stuck(struct dside *ds, int ret, const char *msg)
{
	if (ret != Z_BUF_ERROR)
		return;
	ds->stuck = true;
	if (!says_stuck(msg))
		ds->unstuck = msg;
}

void zdeflate_compare_msg(struct zdiff *d, const struct dslot *slot)
{
	zdiff_same_text(d, "msg", msg_of(d, &slot->side[THEIRS]), msg_of(d, &slot->side[OURS]));
}

void zdeflate_compare(struct zdiff *d, struct dslot *slot)
{
	struct dside *t = &slot->side[THEIRS], *o = &slot->side[OURS];
	static const size_t head_len[] = { 0, 2, 10 };

	zdiff_same(d, "total_in", (long long)t->s.total_in, (long long)o->s.total_in);
	zdiff_same(d, "adler", (long long)t->s.adler, (long long)o->s.adler);
	zdeflate_compare_msg(d, slot);
	if (d->exact || (slot->fed < 2000 && slot->mem_level > 5))
		zdiff_same(d, "data_type", t->s.data_type, o->s.data_type);
	if (d->exact)
		zdiff_same(d, "total_out", (long long)t->s.total_out, (long long)o->s.total_out);
	if (MIN(t->check.seen, o->check.seen) >= head_len[slot->wrap])
		zdiff_same_bytes(d, "header", t->check.first, o->check.first,
				 head_len[slot->wrap]);
	if (slot->finished)
		compare_heads(d, slot);
}

/* ---- one call ----------------------------------------------------------- */

/* What deflate() must return, if it is certain before the call; 1 otherwise. */
static int must_return(struct zdiff *d, struct dslot *slot, int side, int flush)
{
	struct dside *ds = &slot->side[side];
	unsigned int pending = 0;
	int bits;

	if (flush < 0 || flush > Z_BLOCK || (slot->finished && flush != Z_FINISH))
		return Z_STREAM_ERROR;
	if (!ds->s.avail_out)
		return Z_BUF_ERROR;
	if (slot->finished && ds->s.avail_in)
		return Z_BUF_ERROR;
	if (!ds->s.avail_in && flush != Z_FINISH && RANK(flush) <= RANK(ds->last)) {
		d->api[side]->deflatePending(&ds->s, &pending, &bits);
		if (!pending)
			return Z_BUF_ERROR;
	}
	return 1;
}

/* After a call with @in and @room, whatever it was: pointers, totals, data. */
static void account(struct zdiff *d, struct dslot *slot, int side, const uint8_t *in, size_t in_len,
		    size_t room)
{
	struct dside *ds = &slot->side[side];
	size_t took = in_len - ds->s.avail_in, made = room - ds->s.avail_out;

	room_check(d, side, room);
	if (took > in_len || ds->s.next_in != in + took)
		zdiff_fail(d, "%s: next_in and avail_in do not agree", side_name(side));
	if (made > room || ds->s.next_out != d->scratch + made)
		zdiff_fail(d, "%s: next_out and avail_out do not agree", side_name(side));
	if (d->failed)
		return;
	ds->taken += took;
	ds->made += made;
	if (ds->s.total_in != ds->taken + ds->extra || ds->s.total_out != ds->made)
		zdiff_fail(d, "%s: total_in %lu, total_out %lu instead of %zu, %zu",
			   side_name(side), ds->s.total_in, ds->s.total_out,
			   ds->taken + ds->extra, ds->made);
	check_feed(d, slot, side, d->scratch, made);
}

static int call_deflate(struct zdiff *d, struct dslot *slot, int side, size_t room, int flush)
{
	struct dside *ds = &slot->side[side];
	const uint8_t *in = ds->s.next_in;
	const char *msg = ds->s.msg;
	size_t in_len = ds->s.avail_in;
	int must, ret;

	ds->s.next_out = room_make(d, room);
	ds->s.avail_out = (uInt)room;
	must = must_return(d, slot, side, flush);
	ret = d->api[side]->deflate(&ds->s, flush);
	note_stuck(ds, ret, msg);
	d->calls++;
	zdiff_note(d, "%s: deflate(in %zu, out %zu, flush %d) = %d, left %u, %u", side_name(side),
		   in_len, room, flush, ret, ds->s.avail_in, ds->s.avail_out);
	account(d, slot, side, in, in_len, room);
	if (must != 1 && ret != must)
		zdiff_fail(d, "%s: deflate(%d) = %d where it must be %d", side_name(side), flush,
			   ret, must);
	if (must == 1 && ret != Z_OK && !(ret == Z_BUF_ERROR && ds->unsure && !in_len) &&
	    (ret != Z_STREAM_END || flush != Z_FINISH))
		zdiff_fail(d, "%s: deflate(%d) = %d", side_name(side), flush, ret);
	if (must != Z_OK && must != 1 && (ds->s.avail_in != in_len || ds->s.avail_out != room))
		zdiff_fail(d, "%s: deflate(%d) = %d but it did something", side_name(side), flush,
			   ret);
	if (ret == Z_OK && ds->s.avail_in && ds->s.avail_out)
		zdiff_fail(d, "%s: Z_OK with room and input left", side_name(side));
	if (ret == Z_OK && flush == Z_FINISH && ds->s.avail_out)
		zdiff_fail(d, "%s: Z_FINISH ended with Z_OK and room left", side_name(side));
	if (ret == Z_OK || (ret == Z_BUF_ERROR && room && !slot->finished))
		ds->last = ds->s.avail_out ? flush : LAST_FULL;
	/* A call that had nothing to do but write a header leaves no trace of being short. */
	ds->unsure = !ds->s.avail_out && !in_len && flush == Z_NO_FLUSH;
	return ret;
}

int zdeflate_drive(struct zdiff *d, struct dslot *slot, int side, const struct zdeflate_order *o,
		   bool *done)
{
	struct dside *ds = &slot->side[side];
	struct piece p = piece_of(slot->in + ds->taken, slot->fed - ds->taken);
	unsigned int left = o->calls;
	size_t room = o->room;
	int ret;

	ds->s.next_in = p.data;
	ds->s.avail_in = (uInt)p.len;
	do {
		if (!left) {
			left = 100;
			room = BIG_ROOM;
		}
		ret = call_deflate(d, slot, side, room, o->flush);
	} while (!d->failed && ret == Z_OK && !ds->s.avail_out && (--left || o->complete));
	*done = ret == Z_STREAM_END || (ret == Z_OK && ds->s.avail_out) || ret == Z_BUF_ERROR;
	if (!d->failed && *done && ret != Z_BUF_ERROR && !slot->finished)
		check_flushed(d, slot, side, o->flush);
	ds->s.next_in = NULL;
	ds->s.avail_in = 0;
	piece_drop(&p);
	return ret;
}

/* ---- operations --------------------------------------------------------- */

/* deflateEnd() of both; how they must agree depends on what the stream was doing. */
static void end_slot(struct zdiff *d, struct dslot *slot)
{
	int ret[SIDES];

	if (!slot->live)
		return;
	for (int side = 0; side < SIDES; side++) {
		struct dside *ds = &slot->side[side];

		check_close(d, &ds->check);
		ret[side] = d->api[side]->deflateEnd(&ds->s);
		if (ds->s.state)
			zdiff_fail(d, "%s: state after deflateEnd()", side_name(side));
		zmem_drop(d, side, ds->mem);
		zdiff_note(d, "%s: deflateEnd() = %d", side_name(side), ret[side]);
		if (ret[side] != Z_OK && ret[side] != Z_DATA_ERROR)
			zdiff_fail(d, "%s: deflateEnd() = %d", side_name(side), ret[side]);
	}
	if (slot->synced)
		zdiff_same(d, "deflateEnd()", ret[THEIRS], ret[OURS]);
	memset(slot, 0, sizeof(*slot));
}

void zdiff_end_deflate(struct zdiff *d)
{
	for (size_t i = 0; i < SLOTS; i++)
		end_slot(d, &d->d[i]);
}

/* A stream from the start, as after init and reset. */
static void begin(struct zdiff *d, struct dslot *slot, uint32_t data)
{
	slot->synced = true;
	slot->called = slot->finishing = slot->finished = slot->has_dict = false;
	slot->forgot = false;
	slot->flushed = 0;
	slot->in = zdiff_data(data, FED_MAX);
	slot->fed = 0;
	for (int side = 0; side < SIDES; side++) {
		struct dside *ds = &slot->side[side];

		check_close(d, &ds->check);
		check_open(d, slot, side);
		ds->taken = ds->made = ds->extra = 0;
		ds->last = LAST_NEVER;
		ds->stuck = false;
		ds->unstuck = NULL;
	}
}

static void spoil(uint32_t arg, int *level, int *method, int *bits, int *mem, int *strategy)
{
	static const int levels[] = { -2, 10, 99 }, methods[] = { 0, 7, 9 };
	static const int widths[] = { 0, 7, 16, -16, 32, -8, 24, 23, 47, -7 };
	static const int mems[] = { 0, 10, -1 }, strategies[] = { -1, 5, 77 };

	switch (arg % 8) {
	case 0: *level = levels[arg / 8 % 3]; break;
	case 1: *method = methods[arg / 8 % 3]; break;
	case 2: *mem = mems[arg / 8 % 3]; break;
	case 3: *strategy = strategies[arg / 8 % 3]; break;
	default: *bits = widths[arg / 8 % ARRAY_SIZE(widths)]; break;
	}
}

static void op_init(struct zdiff *d, const struct zop *op)
{
	struct dslot *slot = &d->d[op->slot];
	uint32_t how = op->arg[1], pick = op->arg[0];
	int level = (int)(pick % 11) - 1, wrap = (int)(pick / 11 % 3), wb = (int)(8 + pick / 33 % 8);
	int mem_level = (int)(1 + pick / 264 % 9), strategy = 0, method = Z_DEFLATED, bits;
	enum zmem_mode mode = zmem_mode_of(how >> 4);
	const char *version = ZLIB_VERSION;
	int size = sizeof(z_stream), ret[SIDES];
	bool simple = how % 16 < 3, any_failed;
	size_t limit;

	end_slot(d, slot);
	if (pick >> 16 & 1)
		wb = 15;
	if (wrap == 0 && wb == 8)
		wb = 9;
	if (wrap == 2 && wb == 8)
		wb = 10;
	if (pick >> 17 & 1)
		mem_level = 8;
	if (pick >> 18 & 3)
		strategy = (int)(op->arg[3] % 5);
	bits = wrap == 0 ? -wb : wrap == 1 ? wb : wb + 16;
	if (how >> 8 & 1 && (how >> 9) % 8 == 0)
		spoil(op->arg[2], &level, &method, &bits, &mem_level, &strategy);
	/* deflateInit() has only a level. */
	if (simple) {
		wrap = 1;
		wb = bits = 15;
		mem_level = 8;
		strategy = 0;
	}
	if (how >> 12 & 1 && (how >> 13) % 16 == 0)
		version = how >> 20 & 1 ? "0.9" : NULL;
	if (how >> 12 & 1 && (how >> 13) % 16 == 1)
		size = how >> 20 & 1 ? 0 : size - 8;

	*slot = (struct dslot){
		.level = level == -1 ? 6 : level, .wb = wb, .wrap = wrap, .mem_level = mem_level,
		.strategy = strategy,
	};
	limit = ((size_t)4 << (wb < 9 ? 9 : wb)) + ((size_t)512 << MIN(mem_level, 9)) + 6500;
	for (int side = 0; side < SIDES; side++) {
		struct dside *ds = &slot->side[side];

		ds->mem = zmem_new(mode, limit, 1 + op->arg[4] % 6);
		memset(&ds->s, 0x5a, sizeof(ds->s));
		ds->s.msg = NULL;
		zmem_use(ds->mem, &ds->s);
		ret[side] = simple ?
			d->api[side]->deflateInit_(&ds->s, level, version, size) :
			d->api[side]->deflateInit2_(&ds->s, level, method, bits, mem_level,
						    strategy, version, size);
		zdiff_note(d, "%s: init(level %d, bits %d, mem %d, strategy %d, alloc %d) = %d",
			   side_name(side), level, bits, mem_level, strategy, mode, ret[side]);
	}
	d->calls++;
	any_failed = slot->side[0].mem->failed || slot->side[1].mem->failed;
	if (!any_failed || mode != ZMEM_FAIL) {
		zdiff_same(d, "deflateInit2()", ret[THEIRS], ret[OURS]);
		zdiff_same_text(d, "msg", slot->side[THEIRS].s.msg, slot->side[OURS].s.msg);
	}
	for (int side = 0; side < SIDES; side++) {
		struct dside *ds = &slot->side[side];

		if (any_failed && ret[side] != (ds->mem->failed ? Z_MEM_ERROR : Z_OK))
			zdiff_fail(d, "%s: deflateInit2() = %d, allocator failed: %d",
				   side_name(side), ret[side], ds->mem->failed);
		if (any_failed && ret[side] == Z_OK)
			d->api[side]->deflateEnd(&ds->s);
		if (any_failed || ret[THEIRS] != Z_OK || d->failed)
			zmem_drop(d, side, ds->mem);
	}
	if (any_failed || ret[THEIRS] != Z_OK || d->failed) {
		memset(slot, 0, sizeof(*slot));
		return;
	}
	slot->live = true;
	begin(d, slot, op->arg[5]);
	zdeflate_compare(d, slot);
	zdiff_same(d, "total_out", (long long)slot->side[0].s.total_out,
		   (long long)slot->side[1].s.total_out);
	zdiff_same(d, "data_type", slot->side[0].s.data_type, slot->side[1].s.data_type);
	zdiff_same(d, "zalloc set", slot->side[0].s.zalloc != NULL, slot->side[1].s.zalloc != NULL);
}

static int flush_of(uint32_t arg)
{
	static const int flushes[32] = {
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 4, 4, 4, 4, 4, 4,
		5, 5, 5, 99,
	};
	static const int wrong[] = { 6, -1, 77, 7 };
	int flush = flushes[arg & 31];

	return flush == 99 ? wrong[arg >> 5 & 3] : flush;
}

static void call_dead(struct zdiff *d, const struct zop *op)
{
	for (int side = 0; side < SIDES; side++) {
		z_stream none = { 0 };
		int ret = op->arg[0] & 1 ? d->api[side]->deflate(&none, Z_FINISH) :
			d->api[side]->deflate(NULL, Z_NO_FLUSH);

		if (ret != Z_STREAM_ERROR)
			zdiff_fail(d, "%s: deflate() without a stream = %d", side_name(side), ret);
	}
}

/*
 * A call that brings nothing fails, unless there is output of earlier calls to give: one
 * side may have that where the other has given everything before.
 */
static bool is_late(const struct zdiff *d, const struct dslot *slot, const size_t *made,
		    const int *ret)
{
	if (d->exact)
		return false;
	for (int side = 0; side < SIDES; side++) {
		if (ret[side] == Z_OK && slot->side[side].made > made[side] &&
		    ret[!side] == Z_BUF_ERROR)
			return true;
	}
	return false;
}

static void op_deflate(struct zdiff *d, const struct zop *op)
{
	static const unsigned int calls[] = { 1, 1, 2, 5, 20, 100, 1000, 4000 };
	struct dslot *slot = &d->d[op->slot];
	struct zdeflate_order order = {
		.flush = flush_of(op->arg[1]),
		.room = zdiff_room(op->arg[2]),
		.calls = calls[op->arg[3] & 7],
		.complete = op->arg[3] >> 3 & 7,
	};
	size_t n = zdiff_size(op->arg[0]);
	size_t made[SIDES] = { slot->side[0].made, slot->side[1].made };
	bool was_synced = slot->synced, done[SIDES];
	int ret[SIDES];

	if (!slot->live) {
		call_dead(d, op);
		return;
	}
	if (slot->finishing)
		order = (struct zdeflate_order){ Z_FINISH, order.room, order.calls, true };
	if (slot->finishing || order.flush < 0 || order.flush > Z_BLOCK)
		n = 0;
	if (!order.room) {
		order.calls = 1;
		order.complete = false;
		n = 0;
	}
	n = MIN(n, FED_MAX - slot->fed);
	slot->fed += n;
	for (int side = 0; side < SIDES; side++)
		ret[side] = zdeflate_drive(d, slot, side, &order, &done[side]);
	if (d->failed)
		return;
	if (slot->finished || !order.room || order.flush < 0 || order.flush > Z_BLOCK) {
		/* Nothing was done. */
		slot->fed -= n;
		zdiff_same(d, "deflate()", ret[THEIRS], ret[OURS]);
		if (slot->finished)
			zdeflate_compare_msg(d, slot);
		return;
	}
	slot->called = true;
	slot->forgot |= order.flush == Z_FULL_FLUSH;
	slot->synced = done[THEIRS] && done[OURS];
	if (was_synced && slot->synced && !is_late(d, slot, made, ret))
		zdiff_same(d, "deflate()", ret[THEIRS], ret[OURS]);
	if (order.flush == Z_FINISH) {
		slot->finishing = !slot->synced;
		slot->finished = slot->synced;
	}
	if (slot->synced && (ret[THEIRS] != Z_BUF_ERROR || n))
		slot->flushed = order.flush;
	if (!slot->synced)
		slot->flushed = 0;
	if (slot->synced && was_synced)
		zdeflate_compare(d, slot);
}

/* Which of zlib's three ways a level goes. */
static int way_of(int level)
{
	return level == 0 ? 0 : level <= 3 ? 1 : 2;
}

static int call_params(struct zdiff *d, struct dslot *slot, int side, size_t room, int level,
		       int strategy)
{
	struct dside *ds = &slot->side[side];
	const uint8_t *in = ds->s.next_in;
	const char *msg = ds->s.msg;
	size_t in_len = ds->s.avail_in;
	int ret;

	ds->s.next_out = room_make(d, room);
	ds->s.avail_out = (uInt)room;
	ret = d->api[side]->deflateParams(&ds->s, level, strategy);
	note_stuck(ds, ret, msg);
	d->calls++;
	zdiff_note(d, "%s: deflateParams(%d, %d, in %zu, out %zu) = %d, left %u, %u",
		   side_name(side), level, strategy, in_len, room, ret, ds->s.avail_in,
		   ds->s.avail_out);
	account(d, slot, side, in, in_len, room);
	return ret;
}

static void op_params(struct zdiff *d, const struct zop *op)
{
	struct dslot *slot = &d->d[op->slot];
	int level = (int)(op->arg[0] % 11) - 1, strategy = (int)(op->arg[1] % 5), ret[SIDES];
	size_t n = op->arg[3] & 3 ? 0 : zdiff_size(op->arg[2]);
	bool change, wrong = false;

	if (op->arg[1] >> 8 & 1)
		strategy = slot->strategy;
	if ((op->arg[3] >> 4) % 16 == 0) {
		wrong = true;
		if (op->arg[3] >> 8 & 1)
			level = op->arg[3] >> 9 & 1 ? 10 : -2;
		else
			strategy = op->arg[3] >> 9 & 1 ? 5 : -1;
	}
	if (!slot->live || slot->finishing)
		return;
	n = MIN(n, FED_MAX - slot->fed);
	if (!slot->synced)
		n = 0;
	change = way_of(level == -1 ? 6 : level) != way_of(slot->level) ||
		strategy != slot->strategy;
	for (int side = 0; side < SIDES; side++) {
		struct dside *ds = &slot->side[side];
		size_t room = op->arg[4] & 3 ? BIG_ROOM : zdiff_room(op->arg[5]);
		struct piece p = piece_of(slot->in + ds->taken, slot->fed + n - ds->taken);
		bool called = change && !wrong && ds->last != LAST_NEVER;

		ds->s.next_in = p.data;
		ds->s.avail_in = (uInt)p.len;
		ret[side] = call_params(d, slot, side, room, level, strategy);
		/* Programs try again with more room. */
		for (int i = 0; i < 4 && !d->failed && ret[side] == Z_BUF_ERROR; i++) {
			if (called && room)
				ds->last = ds->s.avail_out ? Z_BLOCK : LAST_FULL;
			room = BIG_ROOM;
			ret[side] = call_params(d, slot, side, room, level, strategy);
		}
		if (called && room && !slot->finished)
			ds->last = ds->s.avail_out ? Z_BLOCK : LAST_FULL;
		ds->s.next_in = NULL;
		ds->s.avail_in = 0;
		piece_drop(&p);
		if (d->failed)
			return;
	}
	zdiff_same(d, "deflateParams()", ret[THEIRS], ret[OURS]);
	if (slot->synced) {
		zdiff_same(d, "taken by deflateParams()", (long long)slot->side[THEIRS].taken,
			   (long long)slot->side[OURS].taken);
		slot->fed = slot->side[THEIRS].taken;
	}
	if (ret[THEIRS] == Z_OK) {
		/* zlib's may be what is left of a flush that had nothing to do. */
		for (int side = 0; side < SIDES && !d->exact; side++)
			slot->side[side].s.msg = NULL;
		slot->level = level == -1 ? 6 : level;
		slot->strategy = strategy;
		if (slot->side[THEIRS].last == Z_BLOCK && change)
			slot->flushed = Z_BLOCK;
		for (int side = 0; side < SIDES; side++)
			slot->synced &= slot->side[side].last != LAST_FULL;
		if (n)
			slot->called |= slot->fed > 0;
	}
	if (slot->synced && !d->failed)
		zdeflate_compare(d, slot);
}

static void op_reset(struct zdiff *d, const struct zop *op)
{
	struct dslot *slot = &d->d[op->slot];
	int ret[SIDES];

	for (int side = 0; side < SIDES; side++) {
		z_stream none = { 0 };
		z_stream *s = slot->live ? &slot->side[side].s : &none;

		if (op->arg[1] % 4 == 0) {
			ret[side] = d->api[side]->deflateResetKeep(s);
			if (ret[side] != (slot->live ? Z_OK : Z_STREAM_ERROR))
				zdiff_fail(d, "%s: deflateResetKeep() = %d", side_name(side),
					   ret[side]);
		}
		ret[side] = d->api[side]->deflateReset(s);
		zdiff_note(d, "%s: deflateReset() = %d", side_name(side), ret[side]);
	}
	d->calls++;
	zdiff_same(d, "deflateReset()", ret[THEIRS], ret[OURS]);
	if (!slot->live || d->failed)
		return;
	begin(d, slot, op->arg[0]);
	zdeflate_compare(d, slot);
	zdiff_same(d, "data_type", slot->side[0].s.data_type, slot->side[1].s.data_type);
	zdiff_same(d, "total_out", (long long)slot->side[0].s.total_out,
		   (long long)slot->side[1].s.total_out);
}

static void op_copy(struct zdiff *d, const struct zop *op)
{
	struct dslot *from = &d->d[op->slot], *to = &d->d[!op->slot];
	bool missing = false;
	int ret[SIDES];

	end_slot(d, to);
	if (!from->live)
		return;
	*to = *from;
	for (int side = 0; side < SIDES; side++) {
		struct dside *a = &from->side[side], *b = &to->side[side];
		unsigned int before = a->mem->live;

		a->mem->limit += a->mem->arena;
		memset(&b->s, 0x5a, sizeof(b->s));
		a->mem->failed = false;
		ret[side] = d->api[side]->deflateCopy(&b->s, &a->s);
		zdiff_note(d, "%s: deflateCopy() = %d", side_name(side), ret[side]);
		if (a->mem->failed) {
			missing = true;
			if (ret[side] != Z_MEM_ERROR || a->mem->live != before)
				zdiff_fail(d, "%s: deflateCopy() = %d, the allocator failed, %d "
					   "blocks more", side_name(side), ret[side],
					   (int)(a->mem->live - before));
		}
	}
	d->calls++;
	if (!missing)
		zdiff_same(d, "deflateCopy()", ret[THEIRS], ret[OURS]);
	if (missing || d->failed || ret[THEIRS] != Z_OK) {
		for (int side = 0; side < SIDES; side++) {
			if (ret[side] == Z_OK)
				d->api[side]->deflateEnd(&to->side[side].s);
		}
		memset(to, 0, sizeof(*to));
		return;
	}
	for (int side = 0; side < SIDES; side++) {
		to->side[side].mem->users++;
		check_copy(d, to, from, side);
	}
	if (to->synced)
		zdeflate_compare(d, to);
	/* The one that was copied may go first. */
	if (op->arg[0] % 4 == 0)
		end_slot(d, from);
}

static void op_end(struct zdiff *d, const struct zop *op)
{
	struct dslot *slot = &d->d[op->slot];

	if (slot->live) {
		end_slot(d, slot);
		return;
	}
	for (int side = 0; side < SIDES; side++) {
		z_stream none = { 0 };

		if (d->api[side]->deflateEnd(op->arg[0] & 1 ? &none : NULL) != Z_STREAM_ERROR)
			zdiff_fail(d, "%s: deflateEnd() without a stream", side_name(side));
	}
}

const struct zop_row zops_deflate[] = {
	{ "deflateInit2", 10, op_init },
	{ "deflate", 60, op_deflate },
	{ "deflateParams", 6, op_params },
	{ "deflateReset", 4, op_reset },
	{ "deflateCopy", 4, op_copy },
	{ "deflateEnd", 2, op_end },
	{ "deflatePending", 3, zdeflate_pending },
	{ "deflatePrime", 4, zdeflate_prime },
	{ "deflateTune", 2, zdeflate_tune },
	{ "deflateSetHeader", 3, zdeflate_header },
	{ "deflateSetDictionary", 4, zdeflate_set_dictionary },
	{ "deflateGetDictionary", 3, zdeflate_get_dictionary },
	{ "deflateBound", 3, zdeflate_bound },
	{ "misuse", 2, zdeflate_misuse },
};
const size_t zops_deflate_count = ARRAY_SIZE(zops_deflate);
