/* SPDX-License-Identifier: MIT */
/* The operations on compressing streams. */
#include "zdiff_internal.h"

#include <stdlib.h>
#include <string.h>

#define BIG_ROOM	(400u << 10)

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

static void compare_msg(struct zdiff *d, const struct dslot *slot)
{
	zdiff_same_text(d, "msg", msg_of(d, &slot->side[THEIRS]), msg_of(d, &slot->side[OURS]));
}

/* Where both have delivered everything. */
static void compare_synced(struct zdiff *d, struct dslot *slot)
{
	struct dside *t = &slot->side[THEIRS], *o = &slot->side[OURS];
	static const size_t head_len[] = { 0, 2, 10 };

	zdiff_same(d, "total_in", (long long)t->s.total_in, (long long)o->s.total_in);
	zdiff_same(d, "adler", (long long)t->s.adler, (long long)o->s.adler);
	compare_msg(d, slot);
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

struct order {
	int flush;
	size_t room;
	unsigned int calls;
	bool complete;		/* however many calls it takes */
};

/* Calls until all is delivered, or @order->calls. The last result. */
static int drive(struct zdiff *d, struct dslot *slot, int side, const struct order *o, bool *done)
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
	compare_synced(d, slot);
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
	struct order order = {
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
		order = (struct order){ Z_FINISH, order.room, order.calls, true };
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
		ret[side] = drive(d, slot, side, &order, &done[side]);
	if (d->failed)
		return;
	if (slot->finished || !order.room || order.flush < 0 || order.flush > Z_BLOCK) {
		/* Nothing was done. */
		slot->fed -= n;
		zdiff_same(d, "deflate()", ret[THEIRS], ret[OURS]);
		if (slot->finished)
			compare_msg(d, slot);
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
		compare_synced(d, slot);
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
		compare_synced(d, slot);
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
	compare_synced(d, slot);
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
		compare_synced(d, to);
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

static void op_pending(struct zdiff *d, const struct zop *op)
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
static void op_prime(struct zdiff *d, const struct zop *op)
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

static void op_tune(struct zdiff *d, const struct zop *op)
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

static void op_header(struct zdiff *d, const struct zop *op)
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

static void op_set_dictionary(struct zdiff *d, const struct zop *op)
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
static void op_get_dictionary(struct zdiff *d, const struct zop *op)
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
static void op_bound(struct zdiff *d, const struct zop *op)
{
	struct dslot *slot = &d->d[op->slot];
	size_t n = zdiff_size(op->arg[0]);
	bool short_before = false;

	for (int side = 0; side < SIDES; side++) {
		z_stream none = { 0 };
		uLong bound = d->api[side]->deflateBound(slot->live ? &slot->side[side].s : &none, n);
		struct order order = { Z_FINISH, bound, 1, false };
		bool done;

		zdiff_note(d, "%s: deflateBound(%zu) = %lu", side_name(side), n, bound);
		if (bound < n)
			zdiff_fail(d, "%s: deflateBound(%zu) = %lu", side_name(side), n, bound);
		if (!slot->live || slot->called || !slot->synced || bound > BIG_ROOM || d->failed ||
		    slot->side[side].check.skip_bits || op->arg[1] & 1)
			continue;
		slot->fed = n;
		if (drive(d, slot, side, &order, &done) == Z_STREAM_END)
			continue;
		/* zlib before 1.3 is a byte short at level 0 in small windows. */
		if (side == OURS && !short_before)
			zdiff_fail(d, "%s: deflateBound(%zu) = %lu was not enough", side_name(side),
				   n, bound);
		short_before = true;
		order.complete = true;
		drive(d, slot, side, &order, &done);
	}
	d->calls++;
	if (slot->live && slot->fed == n && !slot->called && slot->side[OURS].check.ended) {
		slot->called = slot->finished = true;
		slot->flushed = Z_FINISH;
		compare_synced(d, slot);
	}
}

/* Streams that are not what they should be. */
static void op_misuse(struct zdiff *d, const struct zop *op)
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
	compare_msg(d, slot);
}

const struct zop_row zops_deflate[] = {
	{ "deflateInit2", 10, op_init },
	{ "deflate", 60, op_deflate },
	{ "deflateParams", 6, op_params },
	{ "deflateReset", 4, op_reset },
	{ "deflateCopy", 4, op_copy },
	{ "deflateEnd", 2, op_end },
	{ "deflatePending", 3, op_pending },
	{ "deflatePrime", 4, op_prime },
	{ "deflateTune", 2, op_tune },
	{ "deflateSetHeader", 3, op_header },
	{ "deflateSetDictionary", 4, op_set_dictionary },
	{ "deflateGetDictionary", 3, op_get_dictionary },
	{ "deflateBound", 3, op_bound },
	{ "misuse", 2, op_misuse },
};
const size_t zops_deflate_count = ARRAY_SIZE(zops_deflate);
