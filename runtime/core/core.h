/* SPDX-License-Identifier: MIT */
/*
 * Upwards: contexts, their queues, schedulers and fork handling, as the
 * algorithm classes use them.
 */
#ifndef WEFT_CORE_CORE_H
#define WEFT_CORE_CORE_H

#include <stdint.h>

#include "core/env.h"
#include "core/msg.h"
#include "uadk/wd.h"
#include "uadk/wd_alg_common.h"
#include "uadk/wd_sched.h"

/* The class libraries link to these; see runtime/libwd.map. */
#pragma GCC visibility push(default)

struct wdi_ctx;
struct wdi_queue;

/* ---- contexts ---- */

/* The context behind a handle of wd_request_ctx(), or NULL. */
struct wdi_ctx *wdi_core_ctx(uintptr_t handle);

/*
 * The queue of a context, made on first use, which in a forked child opens a
 * context of the child's own. 0 or a negative errno.
 */
int wdi_core_ctx_queue(struct wdi_ctx *ctx, struct wdi_queue **out);

const char *wdi_core_ctx_device(const struct wdi_ctx *ctx);
const char *wdi_core_ctx_engine_name(const struct wdi_ctx *ctx, unsigned int engine);
/* What the device means by the detail of a message that ended badly, "" if it says nothing. */
const char *wdi_core_ctx_detail_name(const struct wdi_ctx *ctx, const struct wdi_msg *msg);
/*
 * Whether the context's device runs @op for @what: an enum wdi_format for
 * COMPRESS and DECOMPRESS, an enum wdi_alg for SESSION_OPEN and what runs in
 * sessions.
 */
bool wdi_core_ctx_can(const struct wdi_ctx *ctx, enum wdi_op op, unsigned int what);

/*
 * Where the objects live that are opened through this context: contexts with the same
 * number see each other's. Of a context whose queue was just had; never 0.
 */
uint64_t wdi_core_ctx_space(const struct wdi_ctx *ctx);

/* ---- queues ---- */

/*
 * wdi_core_run() - submit @msg and wait until it has completed. @msg is the
 * caller's memory until then. Returns 0 when it has a status, or -EBUSY (ring
 * full) with nothing submitted. @sleep_now: do not spin before sleeping.
 */
int wdi_core_run(struct wdi_queue *q, struct wdi_msg *msg, bool sleep_now);

/*
 * wdi_core_begin() - take a slot for an asynchronous message; the queue's
 * submit lock is held until wdi_core_commit(). NULL: the ring is full. The
 * message is zeroed and the queue's; fill it, with a drop() that releases what
 * it holds should its context go away first, and commit.
 */
struct wdi_msg *wdi_core_begin(struct wdi_queue *q);
void wdi_core_commit(struct wdi_queue *q, struct wdi_msg *msg);

/*
 * wdi_core_poll() - collect up to @max completed asynchronous messages, running
 * engine steps where nobody else does. Each collected message must be given
 * back with wdi_core_put() after its callback; until then it stays valid.
 */
unsigned int wdi_core_poll(struct wdi_queue *q, struct wdi_msg **msgs, unsigned int max);
void wdi_core_put(struct wdi_queue *q, struct wdi_msg **msgs, unsigned int count);

/* End all requests of @sess that are out, here and now; how many. See weft_sess_cancel(). */
unsigned int wdi_core_cancel(struct wdi_queue *q, const struct wdi_sess *sess);

/* Whether the context's device can report page faults. */
bool wdi_core_ctx_reports(const struct wdi_ctx *ctx);

/* Make the operands of a filled message resident, if its policy says so. May wait. */
void wdi_core_populate(const struct wdi_msg *msg);

/* Refuse more than @limit messages at once (the ring's depth is the upper bound). */
void wdi_core_limit(struct wdi_queue *q, uint32_t limit);

/*
 * The queue's descriptor for event loops; see weft_ctx_wait_fd(). -EOPNOTSUPP
 * without engine threads.
 */
int wdi_core_event_fd(struct wdi_queue *q);

/* Engine threads leave the queue to who polls or waits; see weft_ctx_poll_only(). */
int wdi_core_poll_only(struct wdi_queue *q);

/* Wait until a completion is there to be polled: 1, 0 after @ms, or a negative errno. */
int wdi_core_wait(struct wdi_queue *q, unsigned int ms);

/* ---- schedulers (exported by every class library under its public names) ---- */

/* So many rounds of polling that find enough in a context begin there before others have a turn. */
#define WDI_POLL_STAY	8

struct wd_sched *wdi_core_sched_alloc(uint8_t sched_type, uint8_t type_num, uint16_t numa_num,
				      user_poll_func func);
int wdi_core_sched_instance(const struct wd_sched *sched, struct sched_params *param);
void wdi_core_sched_release(struct wd_sched *sched);

/* ---- fork ---- */

/* The order of locks, outermost first; prepare() takes them in this order. */
enum wdi_fork_rank {
	WDI_FORK_CLASS,
	WDI_FORK_SESSION,
	WDI_FORK_CONTEXT,
	WDI_FORK_DEVICE,
};

/*
 * What has to happen around fork(): prepare() locks what the others unlock, so
 * that the child never finds a list half changed. child() also drops what
 * belongs to the parent; no other thread exists there.
 */
struct wdi_fork_hook {
	enum wdi_fork_rank rank;
	void (*prepare)(void);
	void (*parent)(void);
	void (*child)(void);
	struct wdi_fork_hook *next;
};

void wdi_core_fork_register(struct wdi_fork_hook *hook);

/* Registers a static hook when the library is loaded: nobody else runs then. */
#define WDI_FORK_HOOK(hook) \
	__attribute__((constructor)) static void hook##_register(void) \
	{ \
		wdi_core_fork_register(&(hook)); \
	}

/* Counts forks on the way to this process; what was made under another number is the parent's. */
extern uint32_t wdi_core_generation;

#pragma GCC visibility pop

#endif
