/* SPDX-License-Identifier: MIT */
/*
 * A device with contexts of our choice, through the libwd calls that let the
 * program ask for them: only so can it sleep on the contexts' descriptors.
 * A process has one pool at a time, as libwd has one set of contexts a class.
 */
#ifndef WEFT_TOOLS_POOL_H
#define WEFT_TOOLS_POOL_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include <uadk/wd.h>
#include <uadk/wd_comp.h>
#include <uadk/wd_sched.h>

/* How many contexts of each kind; [direction][mode], as libwd numbers them. */
struct pool_want {
	unsigned int count[WD_DIR_MAX][CTX_MODE_MAX];
};

struct pool {
	struct wd_sched *sched;
	struct wd_ctx *ctxs;
	unsigned int ctx_count;
	struct pollfd *fds;		/* of the asynchronous contexts that have one */
	unsigned int fd_count;
	int numa_id;
};

/*
 * pool_open() - on @dev, or on the best device for @alg when it is NULL. @sleep:
 * pool_wait() will be called, so that engine threads have to be awake for what
 * is submitted. 0 or a negative errno; -ENODEV: no device has @alg.
 */
int pool_open(struct pool *pool, const char *alg, struct uacce_dev *dev,
	      const struct pool_want *want, bool sleep);
void pool_close(struct pool *pool);

/* Contexts of one kind follow each other; the handle of the first, or 0. */
handle_t pool_first_ctx(const struct pool *pool, unsigned int dir, unsigned int mode);

/* A session on the pool; consecutive sessions go to consecutive contexts. 0: failed. */
handle_t pool_session(const struct pool *pool, enum wd_comp_alg_type alg,
		      enum wd_comp_op_type dir, unsigned int level);

/* Take what has completed in all asynchronous contexts. How many, or a negative errno. */
int pool_poll(struct pool *pool);

/*
 * Sleep until a completion is waiting, -1: for ever. Returns at once when there
 * is nothing to sleep on; then polling is what runs the jobs.
 */
void pool_wait(struct pool *pool, int timeout_ms);

/* Engine threads of the device that a pool would use, at least 1. */
unsigned int pool_width(void);

/* What a WD_* code means, for messages. */
const char *pool_status_text(unsigned int status);

#endif
