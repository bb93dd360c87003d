/* SPDX-License-Identifier: MIT */
/* What the files of the class lifecycle share. */
#ifndef WEFT_ALG_CLASS_INTERNAL_H
#define WEFT_ALG_CLASS_INTERNAL_H

#include "alg/class.h"

/* ---- plan.c: how many contexts of which kind ---- */

/* Two of each mode for each operation, on node 0. */
void wdi_plan_default(const struct wdi_class_ops *ops, struct wdi_plan *plan);
/* From WD_<CLASS>_CTX_NUM. -WD_EINVAL: logged, with the place that does not fit. */
int wdi_plan_parse(const struct wdi_class_ops *ops, const char *text, struct wdi_plan *plan);
int wdi_plan_from_params(const struct wdi_class_ops *ops, const struct wd_ctx_params *params,
			 struct wdi_plan *plan);
int wdi_plan_add(struct wdi_plan *plan, uint32_t node, uint8_t op_type, uint8_t mode,
		 uint32_t num);

/* ---- pollers.c: threads that poll for the program ---- */

int wdi_pollers_start(struct wdi_class *c, unsigned int threads, struct wdi_pollers **out);
void wdi_pollers_stop(struct wdi_pollers *p);
/* In a forked child, where the threads do not exist. */
void wdi_pollers_forget(struct wdi_pollers *p);

/* ---- session.c ---- */

/* Close what the device holds for all sessions of @c; they stay allocated. */
void wdi_sess_close_all(struct wdi_class *c);
/* As wdi_sess_put(), of so many holds. */
void wdi_sess_put_many(struct wdi_sess *sess, unsigned int holds);
/*
 * Complete the report of a session from a message that has ended. @now: wdi_ticks(), where
 * the message is one that is timed.
 */
void wdi_sess_report(struct wdi_sess *sess, const struct wdi_ctx *ctx, const struct wdi_msg *msg,
		     uint64_t now);
/*
 * The same if anybody asks, in this thread, before it reports another one, which it will
 * before it lets go of @msg.
 */
void wdi_sess_report_later(struct wdi_sess *sess, const struct wdi_ctx *ctx,
			   const struct wdi_msg *msg, uint64_t now);

/* ---- class.c ---- */

/*
 * wdi_class_session_gone() - one session less. It may go in a poll or at the end
 * of a request, with others at work on the same contexts, so nothing else goes
 * with it; that is for wdi_class_settle(), called where nobody can be.
 */
void wdi_class_session_gone(struct wdi_class *c, uint32_t epoch);
void wdi_class_settle(struct wdi_class *c);

#endif
