/* SPDX-License-Identifier: MIT */
/*
 * CIPHER, DIGEST and AEAD: the jobs of a batch together. They are checked one by
 * one; then, under one guard each, all are translated, all run, all delivered. A
 * job whose memory is bad leaves before anything runs. Memory that vanishes while
 * a library reads or writes it takes the thread out of the library: the job it
 * belongs to ends there, and those that were under way with it run again, except
 * where they have written over what they read.
 */
#include "device/crypto/sym.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Copies of jobs that are not run where they lie: this much at a time. */
#define COPY_MAX	SDEV_BUF_KEEP

/* ---- the lane ----------------------------------------------------------------------- */

struct sym_lane *sym_lane_get(struct sdev_lane *lane)
{
	struct sym_lane *sym = lane->sym;

	if (wdi_likely(sym))
		return sym;
	sym = sdev_map_pages(sizeof(*sym));
	if (!sym)
		return NULL;
	madvise(sym, sizeof(*sym), MADV_DONTDUMP);
	if (sym_hash_lane(sym)) {
		munmap(sym, sizeof(*sym));
		return NULL;
	}
	lane->sym = sym;
	return sym;
}

void sdev_sym_lane_free(struct sym_lane *sym)
{
	if (!sym)
		return;
	sym_mb_exit(sym);
	sym_hash_lane_exit(sym);
	OPENSSL_cleanse(sym, sizeof(*sym));
	munmap(sym, sizeof(*sym));
}

/* ---- checks ---------------------------------------------------------------------------- */

/* State that stays in the session between the pieces of a message. */
static bool holds_stream(const struct sym_alg *alg, uint8_t flags)
{
	uint8_t both = SDEV_SYM_FIRST | SDEV_SYM_LAST;

	return (flags & both) != both && (alg->op == SDEV_OP_AEAD || alg->mode == SYM_GMAC);
}

static inline unsigned int cipher_check(const struct sym_alg *alg, const struct sdev_desc *d)
{
	if (d->sym.flags & ~SDEV_SYM_DECRYPT)
		return SDEV_BAD_FLAGS;
	if (d->sym.iv_len != alg->iv)
		return SDEV_BAD_IV;
	if (d->src_len < alg->least || d->src_len & (alg->align - 1u) || d->dst_len < d->src_len)
		return SDEV_BAD_LENGTH;
	/* IEEE 1619 5.1; and what libcrypto takes for modes that do not go in pieces. */
	if (alg->mode == SYM_XTS && d->src_len > (SYM_BLOCK << 20))
		return SDEV_BAD_LENGTH;
	return alg->least == SYM_BLOCK && alg->align == 1 && d->src_len > INT32_MAX ?
	       SDEV_BAD_LENGTH : 0;
}

/* ---- taking up a job --------------------------------------------------------------------- */

/* Sessions are shared once a batch. NULL: the job has been ended. */
static struct sdev_object *object_get(struct sym_lane *lane, struct sdev_job *job)
{
	struct sdev_object *o;

	for (unsigned int i = lane->object_count; i-- > 0;) {
		if (lane->objects[i].handle == job->desc->object)
			return lane->objects[i].o;
	}
	o = sdev_object_share(job, &sdev_sym_kind);
	if (!o)
		return NULL;
	lane->objects[lane->object_count].o = o;
	lane->objects[lane->object_count++].handle = job->desc->object;
	return o;
}

static void sessions_put(struct sym_lane *lane, struct sdev *dev)
{
	while (lane->object_count)
		sdev_object_put(dev, lane->objects[--lane->object_count].o);
}

/* Of addresses that may be anything, so no arithmetic on pointers. */
static bool overlap(uint64_t a, uint64_t a_len, uint64_t b, uint64_t b_len)
{
	return a_len && b_len && (a >= b ? a - b < b_len : b - a < a_len);
}

static const uint8_t *client_bytes(uint64_t va)
{
	return (const uint8_t *)(uintptr_t)va;
}

static uint64_t va_of(const uint8_t *p)
{
	return (uintptr_t)p;
}

/* What the client's addresses mean, for a job that runs where it lies. */
static void job_place(struct sym_job *j, const struct sdev_desc *d)
{
	static const uint8_t nothing[1];
	uint32_t skip = j->skip;

	/* Nothing may lie at address 0, from which C does not count. */
	j->src = d->src_len ? client_bytes(d->src_va + skip) : nothing;
	j->len = d->src_len - skip;
	j->aad = skip ? client_bytes(d->src_va) : NULL;
	if (d->opcode == SDEV_OP_DIGEST) {
		j->dst = NULL;
		return;
	}
	if (j->aad_len && !skip)
		j->aad = client_bytes(j->job->ext->aead.aad_va);
	j->dst = (uint8_t *)(uintptr_t)(d->dst_va + skip);
	j->over = overlap(d->dst_va, j->len + skip, d->src_va, j->len + skip) ||
		  overlap(d->dst_va, j->len, va_of(j->aad), j->aad_len);
}

/* The same for a cipher, which is never empty. */
static inline void cipher_place(struct sym_job *j, const struct sdev_desc *d)
{
	j->src = client_bytes(d->src_va);
	j->dst = (uint8_t *)(uintptr_t)d->dst_va;
	j->len = d->src_len;
	j->aad = NULL;
	j->over = overlap(d->dst_va, d->src_len, d->src_va, d->src_len);
}

/* ---- small operands, and the job as a whole ---------------------------------------------------- */

/* IV, chaining state, or the tag to check against; the next IV, the digest or state, or the tag. */
static inline void smalls_set(struct sym_job *j, const struct sdev_desc *d)
{
	unsigned int n = 0;

	j->out.len = 0;
	if (j->iv_len)
		j->in[n++] = (struct sym_small){ d->iv_va, j->iv_len > SYM_BLOCK ? j->long_iv : j->iv,
						 j->iv_len };
	switch (d->opcode) {
	case SDEV_OP_CIPHER:
		if (j->s->alg->iv_moves)
			j->out = (struct sym_small){ d->iv_va, j->iv, j->s->alg->iv };
		break;
	case SDEV_OP_DIGEST:
		if (!sym_first(j) && !j->stream)
			j->in[n++] = (struct sym_small){ d->iv_va, j->mac, sym_state_size(j->s->alg) };
		j->out = (struct sym_small){ d->dst_va, j->mac, d->dst_len };
		break;
	default:
		if (sym_last(j) && sym_decrypt(j))
			j->in[n++] = (struct sym_small){ j->job->ext->aead.mac_va, j->mac,
							 j->mac_len };
		else if (sym_last(j))
			j->out = (struct sym_small){ j->job->ext->aead.mac_va, j->mac, j->mac_len };
		break;
	}
	j->ins = (uint8_t)n;
}

/* Whether guard and address space let libraries at the client's memory. */
static inline bool in_place(const struct sdev_job *job)
{
	return job->guard->in_place && !job->guard->apart && job->as->kind == SDEV_AS_PROCESS &&
	       !(job->desc->flags & (SDEV_F_SRC_SGL | SDEV_F_DST_SGL));
}

/* 0 or why not, as job_check(); what has been checked is in @j. */
static inline unsigned int cipher_begin(struct sym_job *j, const struct sdev_job *job,
					const struct sym_alg *alg)
{
	const struct sdev_desc *d = job->desc;
	unsigned int bad = cipher_check(alg, d);

	if (wdi_unlikely(bad))
		return bad;
	j->iv_len = alg->iv;
	j->aad_len = 0;
	j->skip = 0;
	j->cipher = !j->copied;
	if (wdi_likely(j->cipher))
		cipher_place(j, d);
	else
		smalls_set(j, d);
	return 0;
}

static unsigned int other_begin(struct sym_job *j, const struct sdev_job *job,
				const struct sym_alg *alg)
{
	const struct sdev_desc *d = job->desc;
	unsigned int bad = d->opcode == SDEV_OP_DIGEST ? sym_digest_check(alg, d) :
							 sym_aead_check(alg, d, job->ext);

	if (bad)
		return bad;
	if (holds_stream(alg, d->sym.flags)) {
		if (atomic_flag_test_and_set(&j->s->stream.busy))
			return SDEV_OBJECT_BUSY;
		j->stream = true;
	}
	j->iv_len = alg->iv_max && d->sym.flags & SDEV_SYM_FIRST ? d->sym.iv_len : 0;
	j->mac_len = (uint8_t)(d->opcode == SDEV_OP_DIGEST ? d->dst_len : d->sym.mac_len);
	j->aad_len = d->opcode == SDEV_OP_AEAD ? job->ext->aead.aad_len : 0;
	j->skip = d->sym.flags & SDEV_SYM_AAD_IN_SRC ? j->aad_len : 0;
	j->total = d->total;
	j->cipher = false;
	smalls_set(j, d);
	if (!j->copied)
		job_place(j, d);
	return 0;
}

/* @o: its session, NULL: there is none. False: the job has been ended. */
static inline bool job_begin(struct sym_job *j, struct sdev_job *job, struct sdev_object *o)
{
	const struct sdev_desc *d = job->desc;
	struct sym_session *s;
	unsigned int bad;

	if (wdi_unlikely(!o))
		return false;
	s = o->body;
	j->job = job;
	j->object = o;
	j->s = s;
	j->flags = d->sym.flags;
	j->marks = 0;
	j->engine = SDEV_ENGINE_OPENSSL;
	j->copied = !in_place(job);
	if (wdi_unlikely(s->alg->op != d->opcode))
		bad = SDEV_BAD_OBJECT;
	else if (d->opcode == SDEV_OP_CIPHER)
		bad = cipher_begin(j, job, s->alg);
	else
		bad = other_begin(j, job, s->alg);
	if (wdi_likely(!bad))
		return true;
	sdev_job_end(job, SDEV_ST_MALFORMED, bad);
	return false;
}

/* ---- ranges -------------------------------------------------------------------------------- */

/* Nothing of it has been kept: if it parks, it begins anew. */
void sym_job_fault(struct sym_job *j, const struct sdev_fault *fault)
{
	sdev_job_fault(j->job, fault);
	j->job->walked = false;
	j->done = true;
	j->ended = true;
}

/* Whether a client of this process can have the range at all. */
static inline bool range_fits(uint64_t limit, uint64_t va, uint64_t len)
{
	uint64_t at = sdev_va_plain(va);

	return at < limit && len <= limit - at;
}

/* Mostly nothing is wrong, and then there is nothing to be found out. */
static inline bool cipher_fits(const struct sym_job *j)
{
	const struct sdev_desc *d = j->job->desc;
	uint64_t limit = j->job->dev->va_limit;

	return !j->job->nowait && range_fits(limit, d->src_va, d->src_len) &&
	       range_fits(limit, d->dst_va, d->src_len) && range_fits(limit, d->iv_va, j->iv_len);
}

static bool ranges_fit(const struct sym_job *j)
{
	const struct sdev_desc *d = j->job->desc;
	uint64_t limit = j->job->dev->va_limit;
	bool fit = !j->job->nowait;

	fit &= range_fits(limit, d->src_va, d->src_len);
	if (j->dst)
		fit &= range_fits(limit, d->dst_va, j->len + j->skip);
	if (j->aad_len && !j->skip)
		fit &= range_fits(limit, va_of(j->aad), j->aad_len);
	for (unsigned int i = 0; i < j->ins; i++)
		fit &= range_fits(limit, j->in[i].va, j->in[i].len);
	if (j->out.len)
		fit &= range_fits(limit, j->out.va, j->out.len);
	return fit;
}

/* What can be said of the addresses without touching them. False: the job has been ended. */
static bool ranges_check(struct sym_job *j)
{
	const struct sdev_desc *d = j->job->desc;
	uint32_t skip = j->skip;
	struct sdev_fault fault;

	if (j->cipher)
		smalls_set(j, d);
	if (sdev_range_room(j->job, d->src_va, d->src_len, SDEV_READ, &fault) < d->src_len)
		goto bad;
	if (j->dst && sdev_range_room(j->job, d->dst_va, j->len + skip, SDEV_WRITE, &fault) <
		      j->len + skip)
		goto bad;
	if (j->aad_len && !skip &&
	    sdev_range_room(j->job, (uintptr_t)j->aad, j->aad_len, SDEV_READ, &fault) < j->aad_len)
		goto bad;
	for (unsigned int i = 0; i < j->ins; i++) {
		if (sdev_range_room(j->job, j->in[i].va, j->in[i].len, SDEV_READ, &fault) <
		    j->in[i].len)
			goto bad;
	}
	if (j->out.len &&
	    sdev_range_room(j->job, j->out.va, j->out.len, SDEV_WRITE, &fault) < j->out.len)
		goto bad;
	return true;
bad:
	sym_job_fault(j, &fault);
	return false;
}

/* ---- phases: what runs under the guard --------------------------------------------------------- */

enum phase { TRANSLATE, RUN, DELIVER };

struct batch {
	struct sym_lane *lane;
	struct sdev_lane *thread;
	const struct sdev_guard_ops *guard;
	enum phase phase;
	uint64_t written[2];	/* pages that have been touched to be written, the last last */
};

/*
 * One of several that lie side by side and were written one by one: read together, as
 * compilers like to, they would have to wait for all of the writes.
 */
static inline bool flag(const bool *p)
{
	return *(const volatile bool *)p;
}

/* What an earlier store says is in memory when a fault takes the thread away. */
static inline void at_set(struct sym_lane *lane, unsigned int at)
{
	*(volatile unsigned int *)&lane->at = at;
	atomic_signal_fence(memory_order_seq_cst);
}

static inline void phase_set(struct batch *b, enum phase phase, unsigned int at)
{
	*(volatile enum phase *)&b->phase = phase;
	at_set(b->lane, at);
}

/* Most are a block. */
static inline void small_copy(uint8_t *to, const uint8_t *from, size_t len)
{
	if (wdi_likely(len == SYM_BLOCK))
		memcpy(to, from, SYM_BLOCK);
	else
		memcpy(to, from, len);
}

static inline void touch(const struct batch *b, uint64_t va, size_t len, enum sdev_access access)
{
	if (!len)
		return;
	if (wdi_likely(b->guard->touches))
		sdev_touch(b->thread, va, len, access);
	else
		b->guard->touch_in(b->thread, va, len, access);
}

/*
 * The same to write. Jobs of a batch often have their places side by side, and a page that
 * has just been translated need not be again: an atomic operation waits for every store
 * before it.
 */
static inline void touch_written(struct batch *b, uint64_t va, size_t len)
{
	uint64_t page = va & ~(uint64_t)(b->thread->page - 1);
	bool one = (va ^ (va + len - 1)) < b->thread->page;

	if (one && (page == b->written[0] || page == b->written[1]))
		return;
	touch(b, va, len, SDEV_WRITE);
	/* Not before: a fault comes back to the next job, and to this page. */
	if (one && len) {
		b->written[0] = b->written[1];
		b->written[1] = page;
	}
}

/* An IV that moves on is written in the end, and what can be written can be read. */
static inline void cipher_translate(struct batch *b, struct sym_job *j)
{
	const struct sdev_desc *d = j->job->desc;

	if (j->src != j->dst)
		touch(b, d->src_va, d->src_len, SDEV_READ);
	touch_written(b, d->dst_va, d->src_len);
	if (j->s->alg->iv_moves)
		touch_written(b, d->iv_va, j->iv_len);
	else
		touch(b, d->iv_va, j->iv_len, SDEV_READ);
	if (j->iv_len)
		sym_block_copy(j->iv, client_bytes(d->iv_va), j->iv_len);
}

static void job_translate(struct batch *b, struct sym_job *j)
{
	const struct sdev_desc *d = j->job->desc;

	if (j->src != j->dst)
		touch(b, d->src_va, d->src_len, SDEV_READ);
	if (j->dst)
		touch_written(b, d->dst_va, j->len + j->skip);
	if (!j->skip)
		touch(b, va_of(j->aad), j->aad_len, SDEV_READ);
	for (unsigned int i = 0; i < j->ins; i++) {
		const struct sym_small *in = &j->in[i];

		touch(b, in->va, in->len, SDEV_READ);
		small_copy(in->ours, client_bytes(in->va), in->len);
	}
	touch_written(b, j->out.va, j->out.len);
}

static void translate(struct batch *b)
{
	struct sym_lane *lane = b->lane;

	for (unsigned int at = lane->at; at < lane->count; at++) {
		struct sym_job *j = lane->list[at];

		at_set(lane, at);
		if (wdi_likely(j->cipher))
			cipher_translate(b, j);
		else if (!j->copied)
			job_translate(b, j);
	}
}

static inline void cipher_deliver(struct sym_job *j)
{
	if (j->s->alg->iv_moves)
		sym_block_copy((uint8_t *)(uintptr_t)j->job->desc->iv_va, j->iv, j->iv_len);
}

/* Whether it may be written has been looked at; now it is enough to say where a fault may be. */
static void deliver(struct batch *b)
{
	struct sym_lane *lane = b->lane;

	for (unsigned int at = lane->at; at < lane->count; at++) {
		struct sym_job *j = lane->list[at];

		at_set(lane, at);
		if (flag(&j->ended) || j->status || j->copied)
			continue;
		if (j->cipher)
			cipher_deliver(j);
		else if (j->out.len)
			small_copy((uint8_t *)(uintptr_t)j->out.va, j->out.ours, j->out.len);
	}
}

/* A message in pieces: whether this one goes on where the last one ended. */
static bool stream_enter(struct sym_job *j)
{
	struct sym_stream *st = &j->s->stream;

	if (sym_first(j)) {
		sym_stream_drop(st);
		st->on = true;
		st->decrypt = sym_decrypt(j);
	}
	if (st->on && st->decrypt == sym_decrypt(j))
		return true;
	sym_end(j, SDEV_ST_MALFORMED, SDEV_BAD_PIECE);
	return false;
}

static void stream_leave(struct sym_job *j)
{
	if (j->stream && (j->status || sym_last(j)))
		sym_stream_drop(&j->s->stream);
}

void sym_aad_copy(struct sym_job *j)
{
	if (j->flags & SDEV_SYM_AAD_COPY && j->dst - j->skip != j->aad)
		memmove(j->dst - j->skip, j->aad, j->skip);
}

static void job_run(struct sym_lane *lane, struct sym_job *j)
{
	if (j->stream && !stream_enter(j))
		return;
	sym_aad_copy(j);
	j->s->alg->run(lane, j->s, j);
	stream_leave(j);
}

static void run(struct batch *b)
{
	struct sym_lane *lane = b->lane;

	if (wdi_unlikely(!b->guard->touches))
		b->guard->touch_in(b->thread, 0, 0, SDEV_READ);
	at_set(lane, lane->count);
	sym_mb_run(lane);
	for (unsigned int at = 0; at < lane->count; at++) {
		struct sym_job *j = lane->list[at];

		at_set(lane, at);
		if (!j->done)
			job_run(lane, j);
		else if (!j->status && !j->ended)
			sym_aad_copy(j);	/* the lanes take the message alone */
		j->done = true;
	}
}

static inline bool span_hit(uint64_t va, uint64_t len, uint64_t addr, struct sdev_span *span)
{
	uint64_t lo = sdev_va_plain(va);

	*span = (struct sdev_span){ lo, lo + len };
	return addr - lo < len;
}

/* Data is reached as long as the job runs, ... */
static bool data_span(const struct sym_job *j, uint64_t addr, struct sdev_span *span)
{
	const struct sdev_desc *d = j->job->desc;

	return span_hit(d->src_va, d->src_len, addr, span) ||
	       (j->dst && span_hit(d->dst_va, j->len + j->skip, addr, span)) ||
	       (!j->skip && span_hit(va_of(j->aad), j->aad_len, addr, span));
}

/* ... small operands before and after. */
static bool small_span(const struct sym_job *j, uint64_t addr, struct sdev_span *span)
{
	const struct sdev_desc *d = j->job->desc;

	if (j->cipher)
		return span_hit(d->iv_va, j->iv_len, addr, span);
	for (unsigned int i = 0; i < j->ins; i++) {
		if (span_hit(j->in[i].va, j->in[i].len, addr, span))
			return true;
	}
	return span_hit(j->out.va, j->out.len, addr, span);
}

/* Which operand of the batch @addr is in: of the job at hand, or, of those that run, of any. */
static bool batch_hit(const void *arg, uint64_t addr, struct sdev_span *span)
{
	const struct batch *b = arg;
	const struct sym_lane *lane = b->lane;

	if (b->phase != RUN) {
		const struct sym_job *j = lane->list[lane->at];

		return !j->copied && ((b->phase == TRANSLATE && data_span(j, addr, span)) ||
				      small_span(j, addr, span));
	}
	for (unsigned int i = 0; i < lane->count; i++) {
		const struct sym_job *j = lane->list[i];

		if (!j->done && !j->copied && data_span(j, addr, span))
			return true;
	}
	return false;
}

/* Whether the page that was lost is one of the range; then @fault says its first byte. */
static bool range_hit(uint64_t va, uint64_t len, size_t page, struct sdev_fault *fault)
{
	uint64_t lo = sdev_va_plain(va), at = fault->va & ~(uint64_t)(page - 1);

	if (!overlap(at, page, lo, len))
		return false;
	fault->va = wdi_max(at, lo);
	return true;
}

static bool job_hit(const struct sym_job *j, size_t page, struct sdev_fault *fault)
{
	const struct sdev_desc *d = j->job->desc;
	uint32_t skip = j->skip;

	return !j->copied &&
	       (range_hit(d->src_va, d->src_len, page, fault) ||
		(j->dst && range_hit(d->dst_va, j->len + skip, page, fault)) ||
		range_hit(va_of(j->aad), skip ? 0 : j->aad_len, page, fault));
}

/* Thrown out of libcrypto: it was at one job, and has nothing of the others. */
static void thrown_one(const struct batch *b, struct sdev_fault *fault)
{
	struct sym_job *j = b->lane->list[b->lane->at];

	sym_evp_lost(b->lane);
	if (j->stream)
		sym_stream_drop(&j->s->stream);
	job_hit(j, b->thread->page, fault);
	sym_job_fault(j, fault);
}

/* Thrown out of ipsec-mb, which was at several. */
static void thrown_many(const struct batch *b, const struct sdev_fault *fault)
{
	struct sym_lane *lane = b->lane;
	bool found = false;

	for (unsigned int i = 0; i < lane->count; i++) {
		struct sym_job *j = lane->list[i];
		struct sdev_fault at = *fault;

		if (!j->in_mb || j->done)
			continue;
		j->in_mb = false;
		if (job_hit(j, b->thread->page, &at)) {
			found = true;
			sym_job_fault(j, &at);
		} else if (j->over) {
			sym_end(j, SDEV_ST_ABORTED, 0);
			j->done = true;
		}
	}
	sym_mb_lost(lane);
	/* A fault that is nobody's would come again for ever. */
	for (unsigned int i = 0; i < lane->count && !found; i++) {
		if (!lane->list[i]->done)
			sym_job_fault(lane->list[i], fault);
	}
}

/* A cipher that is the lane's only job goes the same way without asking who else there is. */
static void cipher_alone(void *arg)
{
	struct batch *b = arg;
	struct sym_lane *lane = b->lane;
	struct sym_job *j = lane->list[0];
	const struct sym_alg *alg = j->s->alg;

	cipher_translate(b, j);
	*(volatile enum phase *)&b->phase = RUN;
	if (alg->mb.from[sym_decrypt(j) ? 1 : 0] == 1) {
		at_set(lane, 1);
		sym_mb_run(lane);
		at_set(lane, 0);
	}
	if (!j->done)
		alg->run(lane, j->s, j);
	j->done = true;
	*(volatile enum phase *)&b->phase = DELIVER;
	atomic_signal_fence(memory_order_seq_cst);
	if (!j->status)
		cipher_deliver(j);
}

/* All under one guard; what is thrown out of it goes on with the phase that it was in. */
static void phases(void *arg)
{
	struct batch *b = arg;

	if (b->phase == TRANSLATE) {
		translate(b);
		phase_set(b, RUN, 0);
	}
	if (b->phase == RUN) {
		run(b);
		phase_set(b, DELIVER, 0);
	}
	deliver(b);
}

/* @fault is over: end whom it was about, and do the rest. */
__attribute__((noinline))
static void phases_go_on(struct batch *b, struct sdev_fault fault)
{
	struct sym_lane *lane = b->lane;

	do {
		if (b->phase != RUN) {
			sym_job_fault(lane->list[lane->at], &fault);
			at_set(lane, lane->at + 1);
		} else if (lane->at < lane->count) {
			thrown_one(b, &fault);
		} else {
			thrown_many(b, &fault);
		}
	} while (!b->guard->batch(b->thread, batch_hit, phases, b, &fault));
}

static inline void phases_run(struct batch *b, void (*fn)(void *))
{
	struct sdev_fault fault;

	phase_set(b, TRANSLATE, 0);
	b->written[0] = b->written[1] = SDEV_NO_PAGE;
	if (wdi_unlikely(!b->guard->batch(b->thread, batch_hit, fn, b, &fault)))
		phases_go_on(b, fault);
}

/* ---- a batch ---------------------------------------------------------------------------------------- */

static void job_finish(struct sym_job *j)
{
	const struct sdev_desc *d = j->job->desc;
	struct sdev_cpl *cpl = j->job->cpl;

	if (j->copied && !j->ended && !j->status)
		sym_copy_out(j);
	if (j->stream)
		atomic_flag_clear(&j->s->stream.busy);
	cpl->engine = j->engine;
	if (j->ended) {
		/* One that parks keeps its session until it goes on. */
		if (SDEV_CPL_STATUS(cpl->end) == SDEV_ST_PAGE_FAULT && sdev_job_parks(j->job)) {
			sdev_object_again(j->object);
			j->job->held = j->object;
		}
		return;
	}
	sdev_job_end(j->job, j->status, j->detail);
	if (j->status)
		return;
	cpl->consumed = d->src_len;
	cpl->produced = d->opcode == SDEV_OP_DIGEST ? d->dst_len : d->src_len;
}

static inline bool places_fit(struct sym_job *j)
{
	return wdi_likely(wdi_likely(j->cipher) ? cipher_fits(j) : ranges_fit(j)) ||
	       ranges_check(j);
}

/*
 * Take up jobs until the room for copies is used up, and run them. Returns how
 * many; one at least.
 */
static unsigned int round_run(struct batch *b, struct sdev_job *jobs, unsigned int n)
{
	struct sym_lane *lane = b->lane;
	size_t used = 0, room = 0;
	unsigned int i;

	lane->count = 0;
	for (i = 0; i < n; i++) {
		struct sym_job *j = &lane->jobs[i];
		size_t size;

		if (!job_begin(j, &jobs[i], object_get(lane, &jobs[i])))
			continue;
		if (j->copied) {
			uint8_t *p;

			size = sym_copy_size(j);
			if (used && used + size > room) {
				if (j->stream)
					atomic_flag_clear(&j->s->stream.busy);
				break;
			}
			if (!used)
				room = wdi_max(size, COPY_MAX);
			p = sdev_buf_get(&b->thread->in, room);
			if (!p)
				sym_end(j, SDEV_ST_NO_MEMORY, 0);
			else
				sym_copy_in(j, p + used);
			used += size + 64;
			if (!p || j->ended) {
				job_finish(j);
				continue;
			}
		} else if (wdi_unlikely(!places_fit(j))) {
			job_finish(j);
			continue;
		}
		lane->list[lane->count++] = j;
	}
	if (lane->count)
		phases_run(b, phases);
	for (unsigned int k = 0; k < lane->count; k++)
		job_finish(lane->list[k]);
	/* Copies are of what may be secret once it has been decrypted, and may be large. */
	if (used) {
		OPENSSL_cleanse(b->thread->in.p, wdi_min(used, b->thread->in.size));
		sdev_lane_trim(b->thread);
	}
	return i;
}

/* A job alone, where it lies. */
static void one_run(struct batch *b, struct sdev_job *job)
{
	struct sym_lane *lane = b->lane;
	struct sdev_object *o = sdev_object_share(job, &sdev_sym_kind);
	struct sym_job *j = &lane->jobs[0];

	if (job_begin(j, job, o)) {
		if (wdi_likely(places_fit(j))) {
			lane->list[0] = j;
			lane->count = 1;
			phases_run(b, j->cipher && b->guard->touches ? cipher_alone : phases);
		}
		job_finish(j);
	}
	if (wdi_likely(o))
		sdev_object_put(job->dev, o);
}

void sdev_sym_run(struct sdev_job *jobs, unsigned int n)
{
	struct batch b;

	b.lane = sym_lane_get(jobs[0].lane);
	b.thread = jobs[0].lane;
	b.guard = jobs[0].guard;

	if (!b.lane) {
		for (unsigned int i = 0; i < n; i++)
			sdev_job_end(&jobs[i], SDEV_ST_NO_MEMORY, 0);
		return;
	}
	if (n == 1 && in_place(&jobs[0])) {
		one_run(&b, &jobs[0]);
		return;
	}
	for (unsigned int done = 0; done < n;)
		done += round_run(&b, jobs + done, n - done);
	sessions_put(b.lane, jobs[0].dev);
}

/* Libraries by number, for who lists them; NULL after the last. */
const char *sdev_sym_library(const struct sdev *dev, unsigned int i, const char **version)
{
	bool mb = dev->crypto & SDEV_CRYPTO_IPSEC_MB && sym_mb_version();

	if (i == 0) {
		*version = OpenSSL_version(OPENSSL_VERSION_STRING);
		return "openssl";
	}
	if (i > 1 || !mb)
		return NULL;
	*version = sym_mb_version();
	return "ipsec-mb";
}
