/* SPDX-License-Identifier: MIT */
/*
 * The lifecycle that every algorithm class has, written once: initialisation in
 * its four ways, sessions, synchronous and asynchronous requests, polling,
 * uninitialisation, fork. A class adds a table of facts and how to fill and
 * finish a message.
 */
#ifndef WEFT_ALG_CLASS_H
#define WEFT_ALG_CLASS_H

#include <pthread.h>

#include "core/core.h"
#include "util/spin.h"
#include "weft/weft.h"

#pragma GCC visibility push(default)

struct wdi_sess;

/* Where a request goes: a context of the class and its queue. */
struct wdi_route {
	struct wdi_ctx *ctx;
	struct wdi_queue *q;
	uint64_t space;		/* wdi_core_ctx_space() of @ctx */
};

/* What is the same for all uses of a class. */
struct wdi_class_ops {
	const char *name;		/* "comp", as the environment and the log say it */
	const char *const *op_names;	/* of its operation types, ends with NULL */
	uint8_t op_types;
	uint8_t default_ops;		/* the first so many get contexts unasked; 0: all */
	size_t req_size;		/* of the public request struct */
	size_t sess_size;		/* of the class's session struct */
	size_t env_offset;		/* of its struct wdi_class_env in struct wdi_env */

	/* Name of the class's device list for @alg, or NULL when it is not of this class. */
	const char *(*device_alg)(const char *alg);
	bool (*ctx_fits)(const struct wdi_ctx *ctx);

	/*
	 * Asynchronous: request -> message, and a completed message -> request and
	 * callback. drop(): it will never complete; for what msg.priv holds, or NULL.
	 */
	void (*fill)(struct wdi_sess *sess, const void *req, struct wdi_msg *msg);
	void (*finish)(struct wdi_sess *sess, struct wdi_msg *msg);
	void (*drop)(struct wdi_sess *sess, struct wdi_msg *msg);

	/*
	 * Let go of what the device at the end of @route, which still works, holds for a
	 * session; called once for each device of the class.
	 */
	void (*close_objects)(struct wdi_sess *sess, const struct wdi_route *route);
	/* Free what the class's part of a session holds, or NULL. */
	void (*destroy)(struct wdi_sess *sess);
	user_poll_func poll_ctx;
};

enum wdi_class_state {
	WDI_CLASS_DOWN,
	WDI_CLASS_UP,
	WDI_CLASS_LEAVING,	/* uninit2 came while sessions were alive */
};

enum wdi_class_owner {
	WDI_OWNER_NONE,
	WDI_OWNER_PROGRAM,	/* init: contexts and scheduler are the program's */
	WDI_OWNER_INIT2,
	WDI_OWNER_ENV,		/* env_init or ctx_num_init */
};

struct wdi_class_ctx {
	struct wdi_ctx *ctx;
	uint8_t op_type;
	uint8_t mode;
};

/* How many contexts of which kind; see plan.c. */
#define WDI_PLAN_MAX	64
struct wdi_plan {
	unsigned int count;
	struct wdi_plan_row {
		uint32_t node;
		uint8_t op_type;
		uint8_t mode;
		uint32_t num;
	} rows[WDI_PLAN_MAX];
};

struct wdi_pollers;

/*
 * A class of this process. Everything but what is marked is guarded by @lock;
 * the data path reads it without, which is sound because it changes only in
 * calls that no request may run beside.
 */
struct wdi_class {
	const struct wdi_class_ops *ops;
	pthread_mutex_t lock;
	uint32_t state;			/* enum wdi_class_state, atomic */
	enum wdi_class_owner owner;
	uint32_t epoch;			/* of this initialisation; sessions remember it */
	uint32_t sessions;		/* of this epoch */
	uint32_t ctx_num;
	uint32_t ctx_room;
	struct wdi_class_ctx *ctxs;
	struct wd_sched sched;
	struct wd_sched *own_sched;	/* to be released, when the class made it */
	bool sleep_now;
	uint32_t fault_policy;		/* of new sessions, as is the next */
	uint64_t deadline_ns;
	struct wdi_class_env env;
	struct wdi_plan plan;
	struct wdi_pollers *pollers;
	struct wdi_class *next;		/* list of all that were ever initialised, for fork */
	bool listed;
};

#define WDI_CLASS_INIT(class_ops) \
	{ .ops = (class_ops), .lock = PTHREAD_MUTEX_INITIALIZER }

int wdi_class_init(struct wdi_class *c, struct wd_ctx_config *config, struct wd_sched *sched);
void wdi_class_uninit(struct wdi_class *c);
int wdi_class_init2(struct wdi_class *c, const char *alg, uint32_t sched_type, int task_type,
		    struct wd_ctx_params *params);
void wdi_class_uninit2(struct wdi_class *c);
int wdi_class_env_init(struct wdi_class *c, struct wd_sched *sched);
int wdi_class_ctx_num_init(struct wdi_class *c, uint32_t node, uint32_t type, uint32_t num,
			   uint8_t mode);
void wdi_class_env_uninit(struct wdi_class *c);
int wdi_class_get_env_param(struct wdi_class *c, uint32_t node, uint32_t type, uint32_t mode,
			    uint32_t *num, uint8_t *is_enable);

int wdi_class_poll_ctx(struct wdi_class *c, uint32_t idx, uint32_t expt, uint32_t *count);
int wdi_class_poll(struct wdi_class *c, uint32_t expt, uint32_t *count);

/* ---- sessions ---- */

/* What every session begins with. The class's own struct embeds it first. */
struct wdi_sess {
	struct wdi_class *class;
	uint32_t epoch;
	uintptr_t handle;
	void *sched_key;
	uint32_t fault_policy;		/* enum weft_fault_policy, atomic */
	uint32_t turn;			/* of the small requests, of which some are timed; atomic */
	uint64_t deadline_ns;		/* of each request from its submission, 0: none; atomic */
	struct wdi_spin report_lock;
	struct weft_report report;	/* @ns in ticks */
	const struct wdi_ctx *named_ctx;	/* whose names are in the report */
	uint8_t named_engine;
};

/*
 * A handle is not a pointer: it names a place in a table and which of the
 * sessions that were ever there is meant, so a freed session is recognised.
 *
 * wdi_sess_new() - a zeroed session of the class, known to its scheduler; NULL
 * with errno. The caller completes it and returns sess->handle.
 * wdi_sess_get() - the session behind a handle, held until wdi_sess_put(), or
 * NULL: never was, freed, or of another class.
 * wdi_sess_free() - the handle ends now, the session with its last user.
 */
struct wdi_sess *wdi_sess_new(struct wdi_class *c, void *sched_param);
struct wdi_sess *wdi_sess_get(const struct wdi_class *c, uintptr_t handle);
void wdi_sess_put(struct wdi_sess *sess);
void wdi_sess_free(struct wdi_class *c, uintptr_t handle);

/* ---- requests ---- */

/* What an ended message means to libwd. */
struct wdi_outcome {
	int ret;		/* of a synchronous call: 0 or a negative WD_* */
	uint32_t status;	/* for the request: 0 or a WD_* */
};
const struct wdi_outcome *wdi_class_outcome(const struct wdi_msg *msg);

/*
 * wdi_class_run() - send a filled message of a session and wait. 0 when it has
 * completed (see wdi_class_outcome()), or a negative WD_* with nothing sent.
 */
int wdi_class_run(struct wdi_sess *sess, struct wdi_msg *msg);

/*
 * The same in two steps, for a class that has to make something ready where the
 * request will go: wdi_class_route() asks the scheduler for a context of enum
 * wd_ctx_mode @mode, wdi_class_run_on() and wdi_class_send_on() use it. @object and
 * @priv are put into the asynchronous message before it is filled.
 */
int wdi_class_route(struct wdi_sess *sess, int mode, struct wdi_route *route);
int wdi_class_run_on(struct wdi_sess *sess, const struct wdi_route *route, struct wdi_msg *msg);
int wdi_class_send_on(struct wdi_sess *sess, const struct wdi_route *route, const void *req,
		      uint32_t object, void *priv);

/*
 * One route to each device that the class has contexts of, for a session of @epoch; how
 * many, 0 when that initialisation has ended.
 */
#define WDI_ROUTES_MAX	8
unsigned int wdi_class_routes(struct wdi_class *c, uint32_t epoch, struct wdi_route *routes,
			      unsigned int max);

/*
 * wdi_class_send() - copy @req, fill a message from it and send it. 0, or a
 * negative WD_* with nothing sent. On success the session stays held until the
 * callback has run.
 */
int wdi_class_send(struct wdi_sess *sess, const void *req);

#pragma GCC visibility pop

#endif
