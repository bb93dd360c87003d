/* SPDX-License-Identifier: MIT */
/*
 * What becomes of a message that the device gave back with a page fault, for
 * every class: resolve the range, go on; a stream in smaller pieces; and at last
 * the CPU moves the operands through memory of our own. Every rung has a bound,
 * and a page that no rung can reach ends the message with its address.
 *
 * While a message is here its operands are those of the piece under way; the
 * ladder remembers the caller's, and puts them back at the end together with the
 * sum of what was consumed and produced.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/core_internal.h"
#include "core/sides.h"
#include "util/log.h"
#include "util/populate.h"
#include "util/vmcopy.h"
#include "weft/fault.h"
#include "weft/weft.h"

#define SAME_MAX	4u	/* faults of one page before the next rung */
#define SHRINK_MAX	4u	/* pieces get half as long so often */
#define TOTAL_EXTRA	64u	/* faults beyond one for each page of the operands */
#define AHEAD_SRC	((size_t)2 << 20)	/* resolved at once, doubled with each retry */
#define AHEAD_DST	((size_t)256 << 10)	/* dst_len may promise more than there will be */
#define WINDOW		((size_t)1 << 20)	/* of a stream that goes through our memory, whole units */
#define CHAIN_MAX	4096u

/* What the caller gave, of what a piece may differ in. */
struct operands {
	const void *src;
	void *dst;
	uint32_t src_len;
	uint32_t dst_len;
	bool src_sgl;
	bool dst_sgl;
	bool last;
	bool sync;
	bool report;
};

enum rung {
	RUNG_DEVICE,	/* the device works on the caller's memory */
	RUNG_CPU,	/* it works on ours */
};

struct wdi_ladder {
	struct wdi_ladder *next;	/* orphans of a queue */
	struct operands all;
	enum rung rung;
	bool partial;			/* the piece under way is not all that is left */
	uint32_t consumed, produced;	/* by the pieces before it, of a stream */
	uint32_t faults;
	uint64_t page;			/* the last one that faulted */
	unsigned int same;
	unsigned int total;
	unsigned int shrink;
	uint32_t unit;			/* of the device's, see wdi_caps */
	/* RUNG_CPU */
	uint8_t *in, *out;
	size_t in_size, out_size;
	struct wdi_side sides[WDI_SIDES_MAX];
	unsigned int sides_count;
	void *sides_at[WDI_SIDES_MAX];	/* the caller's */
};

static struct operands operands_of(const struct wdi_msg *msg)
{
	bool stream = msg->on_fault == WDI_FAULT_RESUME;

	return (struct operands){
		.src = msg->src, .dst = msg->dst, .src_len = msg->src_len, .dst_len = msg->dst_len,
		.src_sgl = msg->src_sgl, .dst_sgl = msg->dst_sgl,
		.last = stream && msg->comp.last, .sync = stream && msg->comp.sync,
		.report = msg->report,
	};
}

static void operands_set(struct wdi_msg *msg, const struct operands *o)
{
	msg->src = o->src;
	msg->dst = o->dst;
	msg->src_len = o->src_len;
	msg->dst_len = o->dst_len;
	msg->src_sgl = o->src_sgl;
	msg->dst_sgl = o->dst_sgl;
	msg->report = o->report;
	if (msg->on_fault == WDI_FAULT_RESUME) {
		msg->comp.last = o->last;
		msg->comp.sync = o->sync;
	}
}

/* ---- sides ---------------------------------------------------------------- */

static void sides_restore(struct wdi_msg *msg)
{
	struct wdi_ladder *l = msg->ladder;

	for (unsigned int i = 0; i < l->sides_count; i++)
		wdi_side_set(msg, &l->sides[i], l->sides_at[i]);
	l->sides_count = 0;
}

/* PK has no source of its own: its list is memory of ours. */
static bool has_source(const struct wdi_msg *msg)
{
	return msg->op != WDI_OP_PK;
}

static uint32_t src_left(const struct wdi_ladder *l)
{
	return l->all.src_len - l->consumed;
}

static uint32_t dst_left(const struct wdi_ladder *l)
{
	return l->all.dst_len - l->produced;
}

/* ---- our own memory ------------------------------------------------------- */

/* Not malloc: much of it may never be touched. */
static uint8_t *memory_new(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static void ladder_free(struct wdi_ladder *l)
{
	if (l->in)
		munmap(l->in, l->in_size);
	if (l->out)
		munmap(l->out, l->out_size);
	free(l);
}

void wdi_fault_drop(struct wdi_msg *msg)
{
	ladder_free(msg->ladder);
	msg->ladder = NULL;
}

void wdi_fault_free_orphans(struct wdi_queue *q)
{
	struct wdi_ladder *l, *next;

	for (l = q->orphans; l; l = next) {
		next = l->next;
		ladder_free(l);
	}
}

/* Of an abandoned message; the device may be writing to memory of the ladder. */
void wdi_fault_orphan(struct wdi_queue *q, struct wdi_msg *msg)
{
	struct wdi_ladder *l = msg->ladder;

	msg->faults += l->faults;
	operands_set(msg, &l->all);
	sides_restore(msg);
	msg->ladder = NULL;
	l->next = q->orphans;
	q->orphans = l;
}

/* ---- copies --------------------------------------------------------------- */

/* A walk over an operand, flat or a chain that nobody has checked. */
struct walk {
	uint64_t va;
	size_t left;		/* of the element */
	uint64_t next;
	unsigned int seen;
	uint64_t bad;		/* the address that could not be reached */
};

static struct walk walk_begin(const void *p, size_t len, bool sgl)
{
	return sgl ? (struct walk){ .next = (uintptr_t)p } :
		     (struct walk){ .va = (uintptr_t)p, .left = len };
}

/* An element with bytes in it. False: the chain has ended, or leads nowhere. */
static bool walk_fill(struct walk *w)
{
	struct wd_datalist e;

	while (!w->left) {
		size_t n;

		if (!w->next || ++w->seen > CHAIN_MAX)
			return false;
		n = wdi_vm_read(&e, w->next, sizeof(e));
		if (n < sizeof(e)) {
			w->bad = w->next + n;
			return false;
		}
		w->va = (uintptr_t)e.data;
		w->left = e.len;
		w->next = (uintptr_t)e.next;
	}
	return true;
}

/* Go on @len bytes. False: there are not as many. */
static bool walk_skip(struct walk *w, size_t len)
{
	while (len && walk_fill(w)) {
		size_t n = wdi_min(w->left, len);

		w->va += n;
		w->left -= n;
		len -= n;
	}
	return !len;
}

/* Up to @len bytes between @ours and the operand. How many. */
static size_t walk_copy(struct walk *w, uint8_t *ours, size_t len, bool write)
{
	size_t done = 0;

	while (done < len && walk_fill(w)) {
		size_t n = wdi_min(w->left, len - done), copied;

		copied = write ? wdi_vm_write(w->va, ours + done, n) :
				 wdi_vm_read(ours + done, w->va, n);
		w->va += copied;
		w->left -= copied;
		done += copied;
		if (copied < n) {
			w->bad = w->va;
			break;
		}
	}
	return done;
}

/* ---- the end ---------------------------------------------------------------- */

/* Nothing more can be done: @msg gets the caller's operands and the sums. */
static bool finish(struct wdi_msg *msg)
{
	struct wdi_ladder *l = msg->ladder;

	operands_set(msg, &l->all);
	sides_restore(msg);
	if (msg->on_fault == WDI_FAULT_RESUME) {
		msg->consumed = l->consumed;
		msg->produced = l->produced;
	}
	msg->faults = l->faults;
	if (l->rung == RUNG_CPU)
		msg->path = WEFT_PATH_CPU;
	if (msg->status == WDI_ST_PAGE_FAULT)
		wdi_dbg("page %#lx cannot be had: %u faults", (unsigned long)msg->fault_addr,
			l->faults);
	wdi_fault_drop(msg);
	return false;
}

static bool finish_at(struct wdi_msg *msg, enum wdi_status status, uint64_t address)
{
	msg->status = (uint8_t)status;
	msg->fault_addr = address;
	return finish(msg);
}

/* ---- RUNG_CPU --------------------------------------------------------------- */

static size_t sides_begin(uint32_t len)
{
	return wdi_align_up((size_t)len + 1, sizeof(uint64_t));
}

static size_t sides_room(const struct wdi_msg *msg)
{
	struct wdi_side sides[WDI_SIDES_MAX];
	unsigned int n = wdi_sides_of(msg, sides);
	size_t room = 0;

	while (n)
		room += wdi_align_up((size_t)sides[--n].len, sizeof(uint64_t));
	return room;
}

/* The next piece of a stream, through our memory. */
static bool cpu_window(struct wdi_msg *msg)
{
	struct wdi_ladder *l = msg->ladder;
	size_t len = wdi_min((size_t)src_left(l), WINDOW);
	const uint64_t va = (uintptr_t)l->all.src + l->consumed;
	size_t got;

	if (!dst_left(l))
		return finish_at(msg, WDI_ST_MORE_OUT, 0);
	got = wdi_vm_read(l->in, va, len);
	/* What lies before the bad byte is still good. */
	if (!got && len)
		return finish_at(msg, WDI_ST_BAD_ADDRESS, va);
	l->partial = got < src_left(l);
	msg->src = l->in;
	msg->src_len = (uint32_t)got;
	msg->dst = l->out;
	msg->dst_len = (uint32_t)wdi_min((size_t)dst_left(l), l->out_size);
	msg->comp.last = l->all.last && !l->partial;
	msg->comp.sync = l->all.sync && !l->partial;
	msg->report = false;
	return true;
}

/*
 * Sides lie behind source and destination: as they were behind the one, and where the
 * device uses them behind the other.
 */
static size_t side_place(size_t *at, const struct wdi_side *s)
{
	size_t place = *at;

	*at += wdi_align_up((size_t)s->len, sizeof(uint64_t));
	return place;
}

static bool cpu_sides(struct wdi_msg *msg)
{
	struct wdi_ladder *l = msg->ladder;
	size_t in = sides_begin(l->all.src_len), out = sides_begin(l->all.dst_len);
	unsigned int n = wdi_sides_of(msg, l->sides);

	for (l->sides_count = 0; l->sides_count < n; l->sides_count++) {
		const struct wdi_side *s = &l->sides[l->sides_count];
		void *caller = wdi_side_at(msg, s);
		size_t from = side_place(&in, s), to = side_place(&out, s), got = s->len;

		if (s->in)
			got = wdi_vm_read(l->in + from, (uintptr_t)caller, s->len);
		if (got < s->len)
			return finish_at(msg, WDI_ST_BAD_ADDRESS, (uintptr_t)caller + got);
		memcpy(l->out + to, l->in + from, s->len);
		l->sides_at[l->sides_count] = caller;
		wdi_side_set(msg, s, l->out + to);
	}
	return true;
}

/* What the device wrote there. An IV that did not move may be memory that cannot be written. */
static bool sides_back(const struct wdi_msg *msg, uint64_t *bad)
{
	const struct wdi_ladder *l = msg->ladder;
	size_t in = sides_begin(l->all.src_len), out = sides_begin(l->all.dst_len);

	for (unsigned int i = 0; i < l->sides_count; i++) {
		const struct wdi_side *s = &l->sides[i];
		size_t from = side_place(&in, s), to = side_place(&out, s), put;

		if (!s->out || (s->in && !memcmp(l->in + from, l->out + to, s->len)))
			continue;
		put = wdi_vm_write((uintptr_t)l->sides_at[i], l->out + to, s->len);
		if (put < s->len) {
			*bad = (uintptr_t)l->sides_at[i] + put;
			return false;
		}
	}
	return true;
}

static bool cpu_whole(struct wdi_msg *msg)
{
	struct wdi_ladder *l = msg->ladder;
	struct walk w = walk_begin(l->all.src, l->all.src_len, l->all.src_sgl);
	size_t got;

	if (!cpu_sides(msg))
		return false;
	msg->report = false;
	if (!has_source(msg))
		return true;
	got = walk_copy(&w, l->in, l->all.src_len, false);
	if (got < l->all.src_len)
		return finish_at(msg, w.bad ? WDI_ST_BAD_ADDRESS : WDI_ST_BAD_SGL, w.bad);
	msg->src = l->in;
	msg->src_len = l->all.src_len;
	msg->src_sgl = false;
	msg->dst = l->out;
	msg->dst_len = l->all.dst_len;
	msg->dst_sgl = false;
	return true;
}

static bool cpu_begin(struct wdi_msg *msg)
{
	struct wdi_ladder *l = msg->ladder;
	bool stream = msg->on_fault == WDI_FAULT_RESUME;

	l->rung = RUNG_CPU;
	l->in_size = stream ? WINDOW : sides_begin(l->all.src_len) + sides_room(msg);
	/* So much that it is not what ends a window. */
	l->out_size = stream ? 2 * WINDOW : sides_begin(l->all.dst_len) + sides_room(msg);
	l->in = memory_new(l->in_size);
	l->out = memory_new(l->out_size);
	if (!l->in || !l->out)
		return finish_at(msg, WDI_ST_NO_MEMORY, 0);
	return stream ? cpu_window(msg) : cpu_whole(msg);
}

/* The beginning of the destination that nothing was written to. */
static uint32_t untouched(const struct wdi_msg *msg)
{
	if (msg->op != WDI_OP_AEAD || !msg->sym.aad_in_src || msg->sym.aad_copy)
		return 0;
	return wdi_min(msg->sym.aad_len, msg->produced);
}

/* The device is done with our memory; the result goes to the caller's. */
static bool cpu_done(struct wdi_msg *msg)
{
	struct wdi_ladder *l = msg->ladder;
	bool stream = msg->on_fault == WDI_FAULT_RESUME;
	struct walk w = stream ?
		walk_begin((uint8_t *)l->all.dst + l->produced, dst_left(l), false) :
		walk_begin(l->all.dst, l->all.dst_len, l->all.dst_sgl);
	uint32_t made = msg->produced, put, keep = untouched(msg);
	uint64_t bad;

	if (!stream && msg->status <= WDI_ST_MORE_OUT && !sides_back(msg, &bad))
		return finish_at(msg, WDI_ST_BAD_ADDRESS, bad);
	if (!has_source(msg))
		return finish(msg);
	put = walk_skip(&w, keep) ? keep : 0;
	put += (uint32_t)walk_copy(&w, l->out + put, made - put, true);
	if (stream) {
		l->consumed += msg->consumed;
		l->produced += put;
	} else {
		msg->produced = put;
	}
	/* A destination list may be shorter than it claims, as for the device. */
	if (put < made)
		return w.bad ? finish_at(msg, WDI_ST_BAD_ADDRESS, w.bad) :
			       finish_at(msg, WDI_ST_OUTPUT_FULL, 0);
	if (!stream || msg->status == WDI_ST_STREAM_END || msg->status > WDI_ST_MORE_OUT ||
	    (msg->status == WDI_ST_DONE && !l->partial))
		return finish(msg);
	return cpu_window(msg);
}

/* ---- RUNG_DEVICE --------------------------------------------------------------- */

static bool within(uint64_t at, const void *p, uint32_t len)
{
	return at - (uintptr_t)p < len;
}

/* Make the page of the fault, and what is going to be used behind it, resident. */
static int resolve(const struct wdi_msg *msg)
{
	const struct operands *all = &msg->ladder->all;
	unsigned int doubled = wdi_min(msg->ladder->total, 6u);
	uint64_t at = msg->fault_addr;
	struct wdi_side sides[WDI_SIDES_MAX];
	unsigned int n = wdi_sides_of(msg, sides);
	size_t left;

	if (!all->src_sgl && within(at, all->src, all->src_len)) {
		left = all->src_len - (size_t)(at - (uintptr_t)all->src);
		return wdi_populate(at, wdi_min(left, AHEAD_SRC << doubled), false);
	}
	if (!all->dst_sgl && within(at, all->dst, all->dst_len)) {
		left = all->dst_len - (size_t)(at - (uintptr_t)all->dst);
		/* The tail may not be there, and need not be. */
		if (!wdi_populate(at, wdi_min(left, AHEAD_DST << doubled), true))
			return 0;
		return wdi_populate(at, 1, true);
	}
	while (n--) {
		const struct wdi_side *s = &sides[n];
		uint64_t va = (uintptr_t)wdi_side_at(msg, s);

		if (at - va < s->len && !s->out)
			return wdi_populate(at, s->len - (size_t)(at - va), false);
	}
	/* A result; or somewhere in a list, and nobody knows what for. */
	return wdi_populate(at, 1, true) ? wdi_populate(at, 1, false) : 0;
}

static bool source_has(const struct operands *all, uint64_t va, size_t len)
{
	struct walk in = walk_begin(all->src, all->src_len, all->src_sgl);

	for (; walk_fill(&in); in.left = 0) {
		if (va < in.va + in.left && in.va < va + len)
			return true;
	}
	return false;
}

/* Writing began, and it wrote over what it would have to read again. */
static bool spoilt(const struct wdi_msg *msg)
{
	const struct operands *all = &msg->ladder->all;
	struct walk out = walk_begin(all->dst, all->dst_len, all->dst_sgl);
	uint64_t left = msg->produced;

	if (msg->on_fault == WDI_FAULT_REPEAT)
		return left != 0;	/* it has not kept its word */
	if (msg->on_fault != WDI_FAULT_RESTART)
		return false;
	while (left && walk_fill(&out)) {
		size_t n = wdi_min((uint64_t)out.left, left);

		if (source_has(all, out.va, n))
			return true;
		out.left = 0;
		left -= n;
	}
	return left != 0;	/* nobody can tell */
}

static uint32_t done_in_vain(const struct wdi_msg *msg)
{
	const struct operands *all = &msg->ladder->all;

	if (msg->on_fault != WDI_FAULT_RESTART)
		return 0;
	if (!all->src_sgl && within(msg->fault_addr, all->src, all->src_len))
		return (uint32_t)(msg->fault_addr - (uintptr_t)all->src);
	return all->src_len;
}

/* Pieces are cut where the device says that it does not show. */
static uint32_t piece_len(const struct wdi_ladder *l)
{
	uint32_t left = src_left(l), len = left >> l->shrink;

	if (!l->shrink || !l->unit || left <= l->unit || dst_left(l) < l->unit + l->unit / 2)
		return left;
	len -= len % l->unit;
	return len ? len : l->unit;
}

/* What is left of a stream, or the first part of it. */
static bool next_piece(struct wdi_msg *msg)
{
	struct wdi_ladder *l = msg->ladder;
	uint32_t len = piece_len(l);

	operands_set(msg, &l->all);
	if (msg->on_fault != WDI_FAULT_RESUME)
		return true;
	if (!dst_left(l))
		return finish_at(msg, WDI_ST_MORE_OUT, 0);
	l->partial = len < src_left(l);
	msg->src = (const uint8_t *)l->all.src + l->consumed;
	msg->src_len = len;
	msg->dst = (uint8_t *)l->all.dst + l->produced;
	msg->dst_len = dst_left(l);
	msg->comp.last = l->all.last && !l->partial;
	msg->comp.sync = l->all.sync && !l->partial;
	return true;
}

/* One more fault. Whether the device should try again. */
static bool worth_another(struct wdi_msg *msg)
{
	const uint64_t page = msg->fault_addr & ~UINT64_C(4095);
	struct wdi_ladder *l = msg->ladder;
	uint64_t pages = ((uint64_t)l->all.src_len + l->all.dst_len) / 4096;

	l->same = page == l->page ? l->same + 1 : 1;
	l->page = page;
	if (++l->total > pages + TOTAL_EXTRA)
		return false;
	if (l->same < SAME_MAX)
		return true;
	if (msg->on_fault != WDI_FAULT_RESUME || l->shrink == SHRINK_MAX)
		return false;
	l->shrink++;
	l->same = 1;
	return true;
}

static bool device_faulted(struct wdi_msg *msg)
{
	if (spoilt(msg))
		return finish(msg);
	msg->redone += done_in_vain(msg);
	/* It did not even wait for the page: the device cannot have it. */
	if (!msg->report || !worth_another(msg))
		return cpu_begin(msg);
	if (!resolve(msg))
		return next_piece(msg);
	/* Let the device find out whether it is really bad, and where. */
	if (!next_piece(msg))
		return false;
	msg->report = false;
	return true;
}

static bool device_done(struct wdi_msg *msg)
{
	struct wdi_ladder *l = msg->ladder;

	if (msg->on_fault == WDI_FAULT_RESUME) {
		l->consumed += msg->consumed;
		l->produced += msg->produced;
	}
	if (msg->status == WDI_ST_PAGE_FAULT)
		return device_faulted(msg);
	if (msg->status != WDI_ST_DONE || !l->partial)
		return finish(msg);
	if (l->shrink)
		l->shrink--;
	return next_piece(msg);
}

/*
 * A message came back, for the first time or again. True: it goes out once more.
 * May wait for pages.
 */
static bool advance(struct wdi_queue *q, struct wdi_msg *msg)
{
	struct wdi_ladder *l = msg->ladder;
	bool again;

	if (!l) {
		l = calloc(1, sizeof(*l));
		if (!l) {
			msg->status = WDI_ST_NO_MEMORY;
			return false;
		}
		l->all = operands_of(msg);
		l->unit = q->dev->caps.stream_unit;
		msg->ladder = l;
	}
	l->faults += msg->faults;
	again = l->rung == RUNG_CPU ? cpu_done(msg) : device_done(msg);
	msg->retries += again;
	return again;
}

/* A message is at its end: what became of it, in the counters. Under poll_lock. */
static void account(struct wdi_queue *q, const struct wdi_msg *msg)
{
	wdi_count(&q->retries, msg->retries);
	wdi_count(&q->redone, msg->redone);
	wdi_count(&q->by_cpu, msg->path == WEFT_PATH_CPU);
	if (msg->status > WDI_ST_MORE_OUT)
		wdi_count(&q->errors, 1);
}

int wdi_fault_run(struct wdi_queue *q, struct wdi_msg *msg, bool sleep_now)
{
	unsigned int steps = 0;

	while (advance(q, msg)) {
		while (wdi_queue_run_once(q, msg, sleep_now)) {
			/* The ring is full of others' requests; they end. */
			if (!wdi_queue_reap(q, &steps) && wdi_queue_step(q))
				steps++;
			wdi_cpu_relax();
		}
		if (wdi_unlikely(msg->abandoned)) {
			wdi_spin_lock(&q->poll_lock);
			wdi_fault_orphan(q, msg);
			wdi_spin_unlock(&q->poll_lock);
			break;
		}
	}
	wdi_spin_lock(&q->poll_lock);
	account(q, msg);
	wdi_spin_unlock(&q->poll_lock);
	return 0;
}

bool wdi_fault_serve(struct wdi_queue *q)
{
	struct wdi_msg *msg, *next;

	wdi_spin_lock(&q->poll_lock);
	msg = q->faulted;
	q->faulted = NULL;
	wdi_spin_unlock(&q->poll_lock);
	if (!msg)
		return false;
	for (; msg; msg = next) {
		next = msg->next;
		if (advance(q, msg)) {
			wdi_queue_again(q, msg);
			continue;
		}
		wdi_spin_lock(&q->poll_lock);
		account(q, msg);
		wdi_queue_ready(q, msg);
		wdi_queue_unlock(q);
	}
	return true;
}

/* ---- before ---------------------------------------------------------------------- */

void wdi_core_populate(const struct wdi_msg *msg)
{
	struct wdi_side sides[WDI_SIDES_MAX];
	unsigned int n;

	if (msg->policy != WEFT_FAULT_POPULATE || msg->on_fault == WDI_FAULT_WAIT)
		return;
	n = wdi_sides_of(msg, sides);
	/* Where it does not work the device finds out why. */
	if (!msg->src_sgl && msg->src_len)
		(void)wdi_populate((uintptr_t)msg->src, msg->src_len, false);
	if (!msg->dst_sgl && msg->dst_len)
		(void)wdi_populate((uintptr_t)msg->dst,
				   wdi_min((size_t)msg->dst_len, (size_t)WEFT_FAULT_AHEAD), true);
	while (n--) {
		uint64_t va = (uintptr_t)wdi_side_at(msg, &sides[n]);

		if (!sides[n].out || wdi_populate(va, sides[n].len, true))
			(void)wdi_populate(va, sides[n].len, false);
	}
}
