/* SPDX-License-Identifier: MIT */
/*
 * The memory of operations. EVP frees a digest's context with each message, and with it the
 * operation that the message was gathered in, so some are kept for the next ones.
 */
#include <stdlib.h>
#include <string.h>

#include "openssl/common.h"
#include "openssl/dev.h"

#define SPARES		64		/* for each turn: as many as jobs meet in one queue */
#define SPARE_ROOM	(16u * 1024)	/* larger ones are not kept */

/*
 * Whoever finds the place taken does without. The count goes down before an operation is taken
 * out and up after it was put in, so a fork's child finds none that somebody else has.
 */
static struct spares {
	int taken;
	unsigned int count;
	struct wdi_ossl_op *ops[SPARES];
} __attribute__((aligned(64))) spares[WDI_OSSL_TURNS];

static struct spares *spares_take(void)
{
	struct spares *s = &spares[wdi_ossl_turn() % WDI_OSSL_TURNS];

	return __atomic_exchange_n(&s->taken, 1, __ATOMIC_ACQUIRE) ? NULL : s;
}

static void spares_give(struct spares *s)
{
	__atomic_store_n(&s->taken, 0, __ATOMIC_RELEASE);
}

static struct wdi_ossl_op *spare_get(void)
{
	struct spares *s = spares_take();
	struct wdi_ossl_op *op = NULL;

	if (!s)
		return NULL;
	if (s->count) {
		__atomic_store_n(&s->count, s->count - 1, __ATOMIC_RELAXED);
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
		op = s->ops[s->count];
	}
	spares_give(s);
	return op;
}

static bool spare_put(struct wdi_ossl_op *op)
{
	struct spares *s = op->room && op->room <= SPARE_ROOM ? spares_take() : NULL;
	bool kept;

	if (!s)
		return false;
	kept = s->count < SPARES;
	if (kept) {
		s->ops[s->count] = op;
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
		__atomic_store_n(&s->count, s->count + 1, __ATOMIC_RELAXED);
	}
	spares_give(s);
	return kept;
}

void wdi_ossl_op_after_fork(void)
{
	for (size_t i = 0; i < WDI_OSSL_TURNS; i++)
		spares[i].taken = 0;
}

void wdi_ossl_op_free_spares(void)
{
	for (size_t i = 0; i < WDI_OSSL_TURNS; i++) {
		while (spares[i].count) {
			struct wdi_ossl_op *op = spares[i].ops[--spares[i].count];

			free(op->buf);
			free(op);
		}
	}
}

bool wdi_ossl_op_room(struct wdi_ossl_op **op, size_t room)
{
	struct wdi_ossl_op *o = *op;

	if (!o) {
		o = room && room <= SPARE_ROOM ? spare_get() : NULL;
		if (!o)
			o = calloc(1, sizeof(*o));
		if (!o)
			return false;
		*op = o;
	}
	if (o->room < room) {
		/* Steps, so that growing messages do not allocate each time. */
		size_t size = (room + 4095) & ~(size_t)4095;
		uint8_t *buf = malloc(size);

		if (!buf)
			return false;
		if (o->used)
			explicit_bzero(o->buf, o->used);
		free(o->buf);
		o->buf = buf;
		o->room = size;
		o->used = 0;
	}
	if (o->used < room)
		o->used = room;
	return true;
}

void wdi_ossl_op_hold_ecc(struct wdi_ossl_op *op, struct wdi_ossl_sess *sess, struct wd_ecc_in *in,
			  struct wd_ecc_out *out)
{
	wdi_ossl_op_drop_ecc(op);
	op->sess = wdi_ossl_sess_hold(sess);
	op->in = in;
	op->out = out;
}

void wdi_ossl_op_drop_ecc(struct wdi_ossl_op *op)
{
	if (!op->sess)
		return;
	if (op->in)
		wd_ecc_del_in(wdi_ossl_sess_handle(op->sess), op->in);
	if (op->out)
		wd_ecc_del_out(wdi_ossl_sess_handle(op->sess), op->out);
	wdi_ossl_sess_put(op->sess);
	op->sess = NULL;
	op->in = NULL;
	op->out = NULL;
}

static void op_free(struct wdi_ossl_op *op)
{
	uint8_t *buf;
	size_t room;

	wdi_ossl_op_drop_ecc(op);
	buf = op->buf;
	room = op->room;
	if (op->used)
		explicit_bzero(buf, op->used);
	explicit_bzero(op, sizeof(*op));
	op->buf = buf;
	op->room = room;
	if (spare_put(op))
		return;
	free(buf);
	free(op);
}

void wdi_ossl_op_put(struct wdi_ossl_op *op)
{
	int state;

	if (!op)
		return;
	state = __atomic_load_n(&op->state, __ATOMIC_ACQUIRE);
	if (wdi_unlikely(state == WDI_OSSL_OP_WORK) &&
	    __atomic_compare_exchange_n(&op->state, &state, WDI_OSSL_OP_LEFT, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE))
		return;
	op_free(op);
}

void wdi_ossl_op_work(struct wdi_ossl_op *op)
{
	__atomic_store_n(&op->state, WDI_OSSL_OP_WORK, __ATOMIC_RELAXED);
}

void wdi_ossl_op_done(struct wdi_ossl_op *op)
{
	if (wdi_unlikely(__atomic_exchange_n(&op->state, WDI_OSSL_OP_IDLE, __ATOMIC_ACQ_REL) ==
			 WDI_OSSL_OP_LEFT))
		op_free(op);
}
