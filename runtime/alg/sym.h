/* SPDX-License-Identifier: MIT */
/* What the classes cipher, digest and aead share. */
#ifndef WEFT_ALG_SYM_H
#define WEFT_ALG_SYM_H

#include "alg/class_api.h"
#include "alg/key.h"
#include "core/algs.h"
#include "core/copy.h"
#include "core/secret.h"

/* What every session of these classes begins with. */
struct wdi_sym_sess {
	struct wdi_sess base;
	const struct wdi_alg_row *row;
	struct wdi_keyring keys;
};

/*
 * wdi_sym_alloc() - a session of @c for @row, completed but for its keys, or NULL with
 * errno. @row NULL: there is no such algorithm.
 */
struct wdi_sym_sess *wdi_sym_alloc(struct wdi_class *c, const struct wdi_alg_row *row,
				   void *sched_param);

/* For wdi_class_ops. */
bool wdi_sym_ctx_fits(const struct wdi_ctx *ctx, enum wdi_op op, const char *class);
const char *wdi_sym_device_alg(const char *class, const char *alg);
void wdi_sym_close_objects(struct wdi_sess *sess, const struct wdi_route *route);
void wdi_sym_destroy(struct wdi_sess *sess);

/* What an ended message means for these classes. */
struct wdi_outcome wdi_sym_outcome(const struct wdi_msg *msg);

/* It ended with a page fault, before anything was done: the same piece may be sent again. */
static inline bool wdi_sym_may_repeat(const struct wdi_msg *msg)
{
	return msg->status == WDI_ST_PAGE_FAULT;
}

/* Whether a length of a key fits; logged if not. */
bool wdi_sym_key_fits(const struct wdi_sym_sess *s, const void *key, size_t len);

#endif
