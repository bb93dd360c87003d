/* SPDX-License-Identifier: MIT */
/* Initialisation in its four ways, and uninitialisation. Requests are in request.c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "alg/class_internal.h"
#include "util/bits.h"
#include "util/clock.h"
#include "util/log.h"

#define MSG_NUM_MAX	1024	/* of wd_cap_config */

static pthread_mutex_t classes_lock = PTHREAD_MUTEX_INITIALIZER;
static struct wdi_class *classes;

/* ---- fork --------------------------------------------------------------- */

static void classes_hold(void)
{
	pthread_mutex_lock(&classes_lock);
	for (struct wdi_class *c = classes; c; c = c->next)
		pthread_mutex_lock(&c->lock);
}

static void classes_go_on(void)
{
	for (struct wdi_class *c = classes; c; c = c->next)
		pthread_mutex_unlock(&c->lock);
	pthread_mutex_unlock(&classes_lock);
}

/*
 * The child starts uninitialised. What the parent's initialisation holds in
 * this copy of memory is released by the next one; releasing contexts here would
 * need locks that other hooks still have to let go.
 */
static void classes_forget(void)
{
	for (struct wdi_class *c = classes; c; c = c->next) {
		c->state = WDI_CLASS_DOWN;
		c->epoch++;
		c->sessions = 0;
		if (c->pollers)
			wdi_pollers_forget(c->pollers);
		c->pollers = NULL;
	}
	classes_go_on();
}

static struct wdi_fork_hook classes_fork = {
	.rank = WDI_FORK_CLASS,
	.prepare = classes_hold,
	.parent = classes_go_on,
	.child = classes_forget,
};
WDI_FORK_HOOK(classes_fork)

static void class_list(struct wdi_class *c)
{
	pthread_mutex_lock(&classes_lock);
	if (!c->listed) {
		c->listed = true;
		c->next = classes;
		classes = c;
	}
	pthread_mutex_unlock(&classes_lock);
}

/* ---- contexts ----------------------------------------------------------- */

static int ctxs_reserve(struct wdi_class *c, uint32_t num)
{
	struct wdi_class_ctx *ctxs;

	if (num <= c->ctx_room)
		return 0;
	ctxs = realloc(c->ctxs, num * sizeof(*ctxs));
	if (!ctxs)
		return -WD_ENOMEM;
	c->ctxs = ctxs;
	c->ctx_room = num;
	return 0;
}

/* With c->lock held: give back what the class made for itself. */
static void release_own(struct wdi_class *c)
{
	for (uint32_t i = 0; i < c->ctx_num && c->owner > WDI_OWNER_PROGRAM; i++)
		wd_release_ctx((uintptr_t)c->ctxs[i].ctx);
	if (c->own_sched)
		wdi_core_sched_release(c->own_sched);
	c->own_sched = NULL;
	c->ctx_num = 0;
	c->owner = WDI_OWNER_NONE;
	memset(&c->sched, 0, sizeof(c->sched));
	memset(&c->plan, 0, sizeof(c->plan));
}

static void class_up(struct wdi_class *c, enum wdi_class_owner owner, const struct wd_sched *sched)
{
	c->sched = *sched;
	c->owner = owner;
	c->epoch++;
	c->sessions = 0;
	c->sleep_now = c->env.epoll_en;
	__atomic_store_n(&c->state, WDI_CLASS_UP, __ATOMIC_RELEASE);
}

static void class_down(struct wdi_class *c)
{
	__atomic_store_n(&c->state, WDI_CLASS_DOWN, __ATOMIC_RELEASE);
	release_own(c);
}

/* With c->lock held: has the last session of a class that is leaving gone? */
static void class_settle(struct wdi_class *c)
{
	if (c->state == WDI_CLASS_LEAVING && !c->sessions && c->owner != WDI_OWNER_PROGRAM)
		class_down(c);
}

/*
 * With c->lock held, before any initialisation: -WD_EEXIST when there is one. A
 * class that is only waiting for its last session can be taken up again (1) by
 * who began it, if nothing but contexts was asked for.
 */
static int class_begin(struct wdi_class *c, enum wdi_class_owner owner)
{
	struct wdi_env env;

	class_settle(c);
	if (c->state == WDI_CLASS_UP)
		return -WD_EEXIST;
	if (c->state == WDI_CLASS_LEAVING) {
		if (owner != WDI_OWNER_INIT2 || c->owner != owner) {
			wdi_err("%s: sessions of the last initialisation are still alive",
				c->ops->name);
			return -WD_EBUSY;
		}
		__atomic_store_n(&c->state, WDI_CLASS_UP, __ATOMIC_RELEASE);
		return 1;
	}
	release_own(c);		/* a parent's, in a forked child */
	wdi_core_env_load(&env);
	memcpy(&c->env, (char *)&env + c->ops->env_offset, sizeof(c->env));
	c->fault_policy = env.fault_policy;
	c->deadline_ns = env.deadline_ms * WDI_NSEC_PER_MSEC;
	return 0;
}

/* Contexts of one row of the plan, from the devices of @list, nearest to its node first. */
static int request_row(struct wdi_class *c, struct uacce_dev_list *list,
		       const struct wdi_plan_row *row)
{
	for (uint32_t i = 0; i < row->num; i++) {
		struct uacce_dev *dev = wd_find_dev_by_numa(list, (int)row->node);
		uintptr_t handle;

		/* No device on that node: any device is better than none. */
		if (WD_IS_ERR(dev))
			dev = list->dev;
		handle = wd_request_ctx(dev);
		if (!handle) {
			wdi_err("%s: %s has no context left", c->ops->name, dev->dev_root);
			return errno == ENOMEM ? -WD_ENOMEM : -WD_EBUSY;
		}
		c->ctxs[c->ctx_num++] = (struct wdi_class_ctx){
			.ctx = wdi_core_ctx(handle),
			.op_type = row->op_type,
			.mode = row->mode,
		};
	}
	return 0;
}

/* The scheduler's view of the plan: one region a row, in the order of the contexts. */
static int describe_plan(struct wd_sched *sched, const struct wdi_plan *plan)
{
	uint32_t begin = 0;

	for (unsigned int i = 0; i < plan->count; i++) {
		struct sched_params param = {
			.numa_id = (int)plan->rows[i].node,
			.type = plan->rows[i].op_type,
			.mode = plan->rows[i].mode,
			.begin = begin,
			.end = begin + plan->rows[i].num - 1,
			.dev_id = plan->rows[i].node,
		};
		int ret = wdi_core_sched_instance(sched, &param);

		if (ret)
			return ret;
		begin += plan->rows[i].num;
	}
	return 0;
}

/* SINGLE and NONE know contexts by position; make what stands there what they expect. */
static void plan_for_policy(uint32_t policy, struct wdi_plan *plan)
{
	if (policy != SCHED_POLICY_SINGLE && policy != SCHED_POLICY_NONE)
		return;
	memset(plan, 0, sizeof(*plan));
	wdi_plan_add(plan, 0, 0, CTX_MODE_SYNC, 1);
	if (policy == SCHED_POLICY_SINGLE)
		wdi_plan_add(plan, 0, 0, CTX_MODE_ASYNC, 1);
}

/* With c->lock held: request the contexts of c->plan and make a scheduler, or use @sched. */
static int class_provide(struct wdi_class *c, const char *device_alg, uint32_t policy,
			 struct wd_sched *sched, enum wdi_class_owner owner)
{
	struct uacce_dev_list *list;
	uint32_t total = 0, nodes = 1;
	int ret;

	plan_for_policy(policy, &c->plan);
	for (unsigned int i = 0; i < c->plan.count; i++) {
		total += c->plan.rows[i].num;
		nodes = wdi_max(nodes, c->plan.rows[i].node + 1);
	}
	if (!total) {
		wdi_err("%s: no contexts are asked for", c->ops->name);
		return -WD_EINVAL;
	}
	ret = ctxs_reserve(c, total);
	if (ret)
		return ret;
	list = wd_get_accel_list(device_alg);
	if (!list) {
		wdi_err("%s: no device for %s", c->ops->name, device_alg);
		return -WD_ENODEV;
	}
	c->owner = owner;
	for (unsigned int i = 0; i < c->plan.count && !ret; i++)
		ret = request_row(c, list, &c->plan.rows[i]);
	wd_free_list_accels(list);
	if (ret)
		goto release;
	if (!sched) {
		c->own_sched = wdi_core_sched_alloc((uint8_t)policy, c->ops->op_types,
						    (uint16_t)nodes, c->ops->poll_ctx);
		sched = c->own_sched;
		ret = sched ? describe_plan(sched, &c->plan) : -WD_ENOMEM;
		if (ret)
			goto release;
	}
	class_up(c, owner, sched);
	return 0;

release:
	release_own(c);
	return ret;
}

/* ---- init: the program's contexts and scheduler ------------------------- */

/* What wd_cap_config says about asynchronous requests. */
static uint32_t message_limit(const struct wd_cap_config *cap)
{
	if (!cap)
		return UINT32_MAX;
	return cap->ctx_msg_num && cap->ctx_msg_num <= MSG_NUM_MAX ? cap->ctx_msg_num : MSG_NUM_MAX;
}

static int take_ctxs(struct wdi_class *c, const struct wd_ctx_config *config)
{
	int ret = ctxs_reserve(c, config->ctx_num);

	if (ret)
		return ret;
	for (uint32_t i = 0; i < config->ctx_num; i++) {
		const struct wd_ctx *from = &config->ctxs[i];
		struct wdi_ctx *ctx = wdi_core_ctx(from->ctx);
		struct wdi_queue *q;

		/* In a forked child, a context of the parent's becomes the child's here. */
		if (!ctx || wdi_core_ctx_queue(ctx, &q) || !c->ops->ctx_fits(ctx)) {
			wdi_err("%s: context %u is not a context of a device that can do this",
				c->ops->name, i);
			return -WD_EINVAL;
		}
		/* Where there is one kind of contexts, programs write there what they like. */
		if ((from->op_type >= c->ops->op_types && c->ops->op_types > 1) || from->ctx_mode >= CTX_MODE_MAX) {
			wdi_err("%s: context %u has operation %u and mode %u", c->ops->name, i,
				from->op_type, from->ctx_mode);
			return -WD_EINVAL;
		}
		wdi_core_limit(q, message_limit(config->cap));
		c->ctxs[i] = (struct wdi_class_ctx){ ctx, from->op_type, from->ctx_mode };
	}
	c->ctx_num = config->ctx_num;
	return 0;
}

int wdi_class_init(struct wdi_class *c, struct wd_ctx_config *config, struct wd_sched *sched)
{
	int ret;

	class_list(c);
	if (!config || !sched || !config->ctx_num || !config->ctxs || !sched->pick_next_ctx) {
		wdi_err("%s: init needs contexts and a scheduler that picks one", c->ops->name);
		return -WD_EINVAL;
	}
	pthread_mutex_lock(&c->lock);
	ret = class_begin(c, WDI_OWNER_PROGRAM);
	if (!ret)
		ret = take_ctxs(c, config);
	if (!ret)
		class_up(c, WDI_OWNER_PROGRAM, sched);
	pthread_mutex_unlock(&c->lock);
	return ret;
}

/*
 * The contexts go back to the program now, so what the device holds for living
 * sessions is closed while there is a queue to do it on.
 */
void wdi_class_uninit(struct wdi_class *c)
{
	bool mine;

	pthread_mutex_lock(&c->lock);
	mine = c->state == WDI_CLASS_UP && c->owner == WDI_OWNER_PROGRAM;
	if (mine)
		__atomic_store_n(&c->state, WDI_CLASS_LEAVING, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&c->lock);
	if (!mine)
		return;
	wdi_sess_close_all(c);
	pthread_mutex_lock(&c->lock);
	class_down(c);
	pthread_mutex_unlock(&c->lock);
}

/* ---- init2 and env: the library's --------------------------------------- */

static int plan_make(struct wdi_class *c, struct wd_ctx_params *params)
{
	int ret = 0;

	memset(&c->plan, 0, sizeof(c->plan));
	if (*c->env.ctx_num)
		ret = wdi_plan_parse(c->ops, c->env.ctx_num, &c->plan);
	else if (params && params->op_type_num)
		ret = wdi_plan_from_params(c->ops, params, &c->plan);
	else
		wdi_plan_default(c->ops, &c->plan);
	return ret;
}

static void apply_limit(struct wdi_class *c, const struct wd_ctx_params *params)
{
	for (uint32_t i = 0; params && params->cap && i < c->ctx_num; i++) {
		struct wdi_queue *q;

		if (!wdi_core_ctx_queue(c->ctxs[i].ctx, &q))
			wdi_core_limit(q, message_limit(params->cap));
	}
}

int wdi_class_init2(struct wdi_class *c, const char *alg, uint32_t sched_type, int task_type,
		    struct wd_ctx_params *params)
{
	const char *device_alg = alg ? c->ops->device_alg(alg) : NULL;
	int ret;

	class_list(c);
	if (!device_alg || sched_type >= SCHED_POLICY_BUTT || task_type < 0 ||
	    task_type >= TASK_MAX_TYPE) {
		wdi_err("%s: init2 with algorithm %s, scheduler %u, task type %d: one of them does not exist",
			c->ops->name, alg ? alg : "(none)", sched_type, task_type);
		return -WD_EINVAL;
	}
	pthread_mutex_lock(&c->lock);
	ret = class_begin(c, WDI_OWNER_INIT2);
	if (!ret) {
		ret = plan_make(c, params);
		if (!ret)
			ret = class_provide(c, device_alg, sched_type, NULL, WDI_OWNER_INIT2);
		if (!ret)
			apply_limit(c, params);
	}
	pthread_mutex_unlock(&c->lock);
	return ret > 0 ? 0 : ret;
}

static void uninit_own(struct wdi_class *c, enum wdi_class_owner owner)
{
	struct wdi_pollers *pollers = NULL;

	pthread_mutex_lock(&c->lock);
	if (c->state == WDI_CLASS_UP && c->owner == owner) {
		pollers = c->pollers;
		c->pollers = NULL;
	}
	pthread_mutex_unlock(&c->lock);
	/* They poll without the lock; nothing may go before they have ended. */
	if (pollers)
		wdi_pollers_stop(pollers);

	pthread_mutex_lock(&c->lock);
	if (c->state == WDI_CLASS_UP && c->owner == owner)
		__atomic_store_n(&c->state, WDI_CLASS_LEAVING, __ATOMIC_RELEASE);
	class_settle(c);
	pthread_mutex_unlock(&c->lock);
}

void wdi_class_uninit2(struct wdi_class *c)
{
	uninit_own(c, WDI_OWNER_INIT2);
}

static int env_provide(struct wdi_class *c, struct wd_sched *sched)
{
	const char *alg = c->ops->device_alg(c->ops->name);
	int ret = class_provide(c, alg ? alg : c->ops->name, SCHED_POLICY_RR, sched, WDI_OWNER_ENV);

	if (!ret && c->env.async_poll_en)
		ret = wdi_pollers_start(c, c->env.async_poll_num, &c->pollers);
	if (ret && c->state == WDI_CLASS_UP)
		class_down(c);
	return ret;
}

int wdi_class_env_init(struct wdi_class *c, struct wd_sched *sched)
{
	int ret;

	class_list(c);
	pthread_mutex_lock(&c->lock);
	ret = class_begin(c, WDI_OWNER_ENV);
	if (!ret) {
		ret = plan_make(c, NULL);
		if (!ret)
			ret = env_provide(c, sched);
	}
	pthread_mutex_unlock(&c->lock);
	return ret;
}

int wdi_class_ctx_num_init(struct wdi_class *c, uint32_t node, uint32_t type, uint32_t num,
			   uint8_t mode)
{
	int ret;

	class_list(c);
	if (type >= c->ops->op_types || mode >= CTX_MODE_MAX || !num) {
		wdi_err("%s: %u contexts of operation %u and mode %u", c->ops->name, num, type, mode);
		return -WD_EINVAL;
	}
	pthread_mutex_lock(&c->lock);
	ret = class_begin(c, WDI_OWNER_ENV);
	if (!ret) {
		memset(&c->plan, 0, sizeof(c->plan));
		ret = wdi_plan_add(&c->plan, node, (uint8_t)type, mode, num);
		if (!ret)
			ret = env_provide(c, NULL);
	}
	pthread_mutex_unlock(&c->lock);
	return ret;
}

void wdi_class_env_uninit(struct wdi_class *c)
{
	uninit_own(c, WDI_OWNER_ENV);
}

int wdi_class_get_env_param(struct wdi_class *c, uint32_t node, uint32_t type, uint32_t mode,
			    uint32_t *num, uint8_t *is_enable)
{
	uint32_t found = 0;
	int ret = -WD_EINVAL;

	if (!num || !is_enable || type >= c->ops->op_types || mode >= CTX_MODE_MAX)
		return ret;
	pthread_mutex_lock(&c->lock);
	if (c->state == WDI_CLASS_UP && c->owner == WDI_OWNER_ENV) {
		for (unsigned int i = 0; i < c->plan.count; i++) {
			const struct wdi_plan_row *row = &c->plan.rows[i];

			if (row->node == node && row->op_type == type && row->mode == mode)
				found = row->num;
		}
		*num = found;
		*is_enable = c->env.async_poll_en && mode == CTX_MODE_ASYNC;
		ret = 0;
	}
	pthread_mutex_unlock(&c->lock);
	return ret;
}

/* ---- for sessions ------------------------------------------------------- */

void wdi_class_session_gone(struct wdi_class *c, uint32_t epoch)
{
	pthread_mutex_lock(&c->lock);
	if (c->epoch == epoch && c->sessions)
		c->sessions--;
	pthread_mutex_unlock(&c->lock);
}

void wdi_class_settle(struct wdi_class *c)
{
	pthread_mutex_lock(&c->lock);
	class_settle(c);
	pthread_mutex_unlock(&c->lock);
}

static bool space_is_known(const struct wdi_route *routes, unsigned int count, uint64_t space)
{
	for (unsigned int i = 0; i < count; i++) {
		if (routes[i].space == space)
			return true;
	}
	return false;
}

unsigned int wdi_class_routes(struct wdi_class *c, uint32_t epoch, struct wdi_route *routes,
			      unsigned int max)
{
	unsigned int count = 0;

	pthread_mutex_lock(&c->lock);
	for (uint32_t i = 0; c->epoch == epoch && c->state != WDI_CLASS_DOWN && count < max &&
			     i < c->ctx_num; i++) {
		struct wdi_route *route = &routes[count];

		route->ctx = c->ctxs[i].ctx;
		/* One may have been released by force. */
		if (wdi_core_ctx_queue(route->ctx, &route->q))
			continue;
		route->space = wdi_core_ctx_space(route->ctx);
		if (!space_is_known(routes, count, route->space))
			count++;
	}
	pthread_mutex_unlock(&c->lock);
	return count;
}
