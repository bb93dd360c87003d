/* SPDX-License-Identifier: MIT */
/* What the classes rsa, dh and ecc share. */
#ifndef WEFT_ALG_PK_H
#define WEFT_ALG_PK_H

#include "alg/class_api.h"
#include "alg/key.h"

/*
 * What every session of these classes begins with. The device's session has no key in
 * it, only the size and the curve: a request brings the key along with its operands.
 */
struct wdi_pk_sess {
	struct wdi_sess base;
	struct wdi_keyring ring;
	uint32_t key_size;		/* bytes of the modulus or the field */
};

/*
 * wdi_pk_alloc() - a session of @c for @alg with @bits and perhaps a curve, completed but
 * for what the class adds. @open: open it on a device now, to see whether the device
 * takes it. NULL with errno.
 */
struct wdi_pk_sess *wdi_pk_alloc(struct wdi_class *c, enum wdi_alg alg, uint32_t bits,
				 const struct wdi_pk_curve *curve, void *sched_param, bool open);

/* For wdi_class_ops, and for a class's own destroy(). */
bool wdi_pk_ctx_fits(const struct wdi_ctx *ctx, enum wdi_alg alg);
void wdi_pk_close_objects(struct wdi_sess *sess, const struct wdi_route *route);
void wdi_pk_destroy(struct wdi_pk_sess *s);

/* Filling a message: the operation, then its operands one by one. */
void wdi_pk_begin(struct wdi_msg *msg, enum wdi_pk_op op);
void wdi_pk_add(struct wdi_msg *msg, const void *at, uint32_t len);
static inline void wdi_pk_add_dtb(struct wdi_msg *msg, const struct wd_dtb *dtb)
{
	wdi_pk_add(msg, dtb->data, dtb->dsize);
}
/* Room for a result, after all that is no result; its number in the list. */
unsigned int wdi_pk_add_result(struct wdi_msg *msg, void *at, uint32_t room);
unsigned int wdi_pk_add_room(struct wdi_msg *msg, const struct wd_dtb *dtb);

/* Bytes of a result, never more than its room. */
static inline uint32_t wdi_pk_used(const struct wdi_msg *msg, unsigned int number)
{
	const struct wdi_pk_param *p = &msg->params[number];

	return p->used < p->len ? p->used : p->len;
}

/*
 * What the calls of a class for requests are made of.
 * @wrong:	what is wrong with a request, in words, or NULL
 * @finish:	put the result into the request; what a synchronous call returns
 */
struct wdi_pk_calls {
	struct wdi_class *class;
	const char *(*wrong)(const struct wdi_pk_sess *s, const void *req, bool async);
	int (*finish)(void *req, const struct wdi_msg *msg);
};

/* wd_do_<class>_sync() and wd_do_<class>_async(). */
int wdi_pk_do_sync(const struct wdi_pk_calls *calls, uintptr_t handle, void *req);
int wdi_pk_do_async(const struct wdi_pk_calls *calls, uintptr_t handle, const void *req);
/* The end of an asynchronous request: in ops.finish(), before the callback. */
void wdi_pk_end_async(const struct wdi_pk_calls *calls, struct wdi_msg *msg);

/* What an ended message means for these classes: 0 or a WD_*. */
int wdi_pk_status(const struct wdi_msg *msg);

/* Memory with numbers in it: zeroed, not in core dumps where possible, wiped. NULL to free is allowed. */
void *wdi_pk_mem_alloc(size_t size);
void wdi_pk_mem_free(void *mem, size_t size);

/* Whether @num has data, and 1 to @max bytes of it. */
static inline bool wdi_pk_dtb_fits(const struct wd_dtb *num, uint32_t max)
{
	return num && num->data && num->dsize && num->dsize <= max;
}

#endif
