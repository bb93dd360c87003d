/* SPDX-License-Identifier: MIT */
/*
 * The built-in schedulers. A scheduler is a table of regions, one for each
 * place (node or device), mode and operation; a region is a run of contexts. A
 * session is dealt one context of its region for each mode when it is made, and
 * stays there.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/core.h"
#include "core/numa.h"
#include "util/bits.h"
#include "util/log.h"

#define SCHED_MAGIC	0x53434844u

struct region {
	bool valid;
	uint32_t begin, end;
	uint32_t next;		/* sessions dealt so far */
	uint32_t poll_from;	/* where in it the last round of polling began or ended */
};

struct sched {
	struct wd_sched pub;	/* what the application holds; it may change the name */
	uint32_t magic;
	uint32_t policy;
	uint32_t types;
	uint32_t places;
	user_poll_func poll;
	uint32_t poll_from;	/* region where the last round of polling ended */
	uint32_t turn;		/* rounds that found enough; threads may miss each other's */
	struct region regions[];	/* [places][CTX_MODE_MAX][types] */
};

/* Of one session; the class frees it with free(). */
struct sched_key {
	uint32_t pos[CTX_MODE_MAX];
};

static struct region *region_at(struct sched *s, uint32_t place, uint32_t mode, uint32_t type)
{
	return &s->regions[(place * CTX_MODE_MAX + mode) * s->types + type];
}

static uint32_t region_deal(struct region *r)
{
	uint32_t n;

	if (!r->valid)
		return INVALID_POS;
	n = __atomic_fetch_add(&r->next, 1, __ATOMIC_RELAXED);
	return r->begin + n % (r->end - r->begin + 1);
}

static struct sched *sched_of(handle_t h_sched_ctx)
{
	return (struct sched *)h_sched_ctx;
}

/* ---- round robin, by node or by device ---------------------------------- */

static bool place_serves(struct sched *s, uint32_t place, uint32_t type)
{
	return place < s->places && (region_at(s, place, CTX_MODE_SYNC, type)->valid ||
				     region_at(s, place, CTX_MODE_ASYNC, type)->valid);
}

/* The place asked for, else where the caller runs, else the nearest that has contexts. */
static uint32_t place_for(struct sched *s, const struct sched_params *param, uint32_t type)
{
	int here = wdi_numa_here();
	uint32_t best = 0;
	int best_distance = -1;

	if (s->policy == SCHED_POLICY_DEV)
		return param ? param->dev_id : 0;
	if (param && param->numa_id >= 0 && place_serves(s, (uint32_t)param->numa_id, type))
		return (uint32_t)param->numa_id;
	for (uint32_t place = 0; place < s->places; place++) {
		int distance = wdi_numa_distance(here, (int)place);

		if (!place_serves(s, place, type))
			continue;
		if (best_distance < 0 || distance < best_distance) {
			best = place;
			best_distance = distance;
		}
	}
	return best;
}

static handle_t rr_init(handle_t h_sched_ctx, void *sched_param)
{
	struct sched *s = sched_of(h_sched_ctx);
	const struct sched_params *param = sched_param;
	uint32_t type = param ? param->type : 0;
	struct sched_key *key;
	uint32_t place;

	if (!s || type >= s->types) {
		wdi_err("scheduler: operation %u, but there are %u", type, s ? s->types : 0);
		return (handle_t)-WD_EINVAL;
	}
	place = place_for(s, param, type);
	if (!place_serves(s, place, type)) {
		wdi_err("scheduler: no contexts for operation %u at node or device %u", type, place);
		return (handle_t)-WD_EINVAL;
	}
	key = malloc(sizeof(*key));
	if (!key)
		return (handle_t)-WD_ENOMEM;
	for (uint32_t mode = 0; mode < CTX_MODE_MAX; mode++)
		key->pos[mode] = region_deal(region_at(s, place, mode, type));
	return (handle_t)key;
}

static __u32 rr_pick(handle_t h_sched_ctx, void *sched_key, const int sched_mode)
{
	const struct sched_key *key = sched_key;

	(void)h_sched_ctx;
	return key && (unsigned int)sched_mode < CTX_MODE_MAX ? key->pos[sched_mode] : INVALID_POS;
}

/* One context; adds to *count. Nothing there is not an error. */
static int poll_one(struct sched *s, uint32_t pos, __u32 expect, __u32 *count)
{
	__u32 got = 0;
	int ret = s->poll(pos, expect, &got);

	*count += got;
	return ret == -WD_EAGAIN ? 0 : ret;
}

/* The contexts of a region once, up to @expect requests; the next round begins where that ends. */
static int poll_region(struct sched *s, struct region *r, __u32 expect, __u32 *count)
{
	uint32_t contexts = r->end - r->begin + 1;
	uint32_t at = __atomic_load_n(&r->poll_from, __ATOMIC_RELAXED);
	__u32 start = *count;

	if (wdi_unlikely(at >= contexts))
		at = 0;
	for (uint32_t i = 0; i < contexts; i++) {
		int ret = poll_one(s, r->begin + at, expect - (*count - start), count);

		if (ret)
			return ret;
		if (*count - start >= expect) {
			__atomic_store_n(&r->poll_from, at, __ATOMIC_RELAXED);
			return 0;
		}
		at = at + 1 < contexts ? at + 1 : 0;
	}
	return 0;
}

/*
 * Enough was found in a region. Who asks for what he has just sent finds it there the next
 * time, too, and need not ask the other contexts first; but a busy context does not starve
 * them.
 */
static void stay_or_go_on(struct sched *s, struct region *r, uint32_t at, uint32_t regions)
{
	uint32_t turn = __atomic_load_n(&s->turn, __ATOMIC_RELAXED) + 1, from;

	__atomic_store_n(&s->turn, turn, __ATOMIC_RELAXED);
	if (turn % WDI_POLL_STAY == 0) {
		from = __atomic_load_n(&r->poll_from, __ATOMIC_RELAXED) + 1;
		__atomic_store_n(&r->poll_from, from <= r->end - r->begin ? from : 0,
				 __ATOMIC_RELAXED);
		at = at + 1 < regions ? at + 1 : 0;
	}
	__atomic_store_n(&s->poll_from, at, __ATOMIC_RELAXED);
}

/* Every asynchronous context once, or until there is enough. */
static int rr_poll(handle_t h_sched_ctx, __u32 expect, __u32 *count)
{
	struct sched *s = sched_of(h_sched_ctx);
	uint32_t regions = s->places * s->types;
	uint32_t at = __atomic_load_n(&s->poll_from, __ATOMIC_RELAXED);
	__u32 start = *count;

	if (!s->poll)
		return -WD_EINVAL;
	for (uint32_t i = 0; i < regions; i++) {
		struct region *r = region_at(s, at / s->types, CTX_MODE_ASYNC, at % s->types);

		if (r->valid) {
			int ret = poll_region(s, r, expect - (*count - start), count);

			if (ret)
				return ret;
			if (*count - start >= expect) {
				stay_or_go_on(s, r, at, regions);
				return 0;
			}
		}
		at = at + 1 < regions ? at + 1 : 0;
	}
	return 0;
}

/* ---- fixed contexts ----------------------------------------------------- */

static handle_t fixed_init(handle_t h_sched_ctx, void *sched_param)
{
	(void)h_sched_ctx;
	(void)sched_param;
	return 0;
}

static __u32 none_pick(handle_t h_sched_ctx, void *sched_key, const int sched_mode)
{
	(void)h_sched_ctx;
	(void)sched_key;
	(void)sched_mode;
	return 0;
}

static __u32 single_pick(handle_t h_sched_ctx, void *sched_key, const int sched_mode)
{
	(void)h_sched_ctx;
	(void)sched_key;
	return sched_mode == CTX_MODE_ASYNC ? 1 : 0;
}

static int fixed_poll(handle_t h_sched_ctx, __u32 expect, __u32 *count)
{
	struct sched *s = sched_of(h_sched_ctx);

	if (!s->poll)
		return -WD_EINVAL;
	return poll_one(s, s->policy == SCHED_POLICY_SINGLE ? 1 : 0, expect, count);
}

static const struct wd_sched policies[] = {
	[SCHED_POLICY_RR] = {
		.name = "round robin by node",
		.sched_policy = SCHED_POLICY_RR,
		.sched_init = rr_init,
		.pick_next_ctx = rr_pick,
		.poll_policy = rr_poll,
	},
	[SCHED_POLICY_NONE] = {
		.name = "first context",
		.sched_policy = SCHED_POLICY_NONE,
		.sched_init = fixed_init,
		.pick_next_ctx = none_pick,
		.poll_policy = fixed_poll,
	},
	[SCHED_POLICY_SINGLE] = {
		.name = "one context a mode",
		.sched_policy = SCHED_POLICY_SINGLE,
		.sched_init = fixed_init,
		.pick_next_ctx = single_pick,
		.poll_policy = fixed_poll,
	},
	[SCHED_POLICY_DEV] = {
		.name = "round robin by device",
		.sched_policy = SCHED_POLICY_DEV,
		.sched_init = rr_init,
		.pick_next_ctx = rr_pick,
		.poll_policy = rr_poll,
	},
};
_Static_assert(wdi_array_size(policies) == SCHED_POLICY_BUTT, "a policy without a row");

/* ---- making and releasing ----------------------------------------------- */

struct wd_sched *wdi_core_sched_alloc(uint8_t sched_type, uint8_t type_num, uint16_t numa_num,
				      user_poll_func func)
{
	size_t regions = (size_t)numa_num * CTX_MODE_MAX * type_num;
	struct sched *s;

	if (sched_type >= SCHED_POLICY_BUTT || !type_num || !numa_num) {
		wdi_err("scheduler: type %u, %u operations, %u nodes: one of them does not exist",
			sched_type, type_num, numa_num);
		errno = EINVAL;
		return NULL;
	}
	s = calloc(1, sizeof(*s) + regions * sizeof(s->regions[0]));
	if (!s) {
		errno = ENOMEM;
		return NULL;
	}
	s->pub = policies[sched_type];
	s->pub.h_sched_ctx = (handle_t)s;
	s->magic = SCHED_MAGIC;
	s->policy = sched_type;
	s->types = type_num;
	s->places = numa_num;
	s->poll = func;
	return &s->pub;
}

int wdi_core_sched_instance(const struct wd_sched *sched, struct sched_params *param)
{
	struct sched *s = sched ? sched_of(sched->h_sched_ctx) : NULL;
	uint32_t place;
	struct region *r;

	if (!s || s->magic != SCHED_MAGIC || !param) {
		wdi_err("wd_sched_rr_instance: not a scheduler, or no parameters");
		return -WD_EINVAL;
	}
	place = s->policy == SCHED_POLICY_DEV ? param->dev_id : (uint32_t)param->numa_id;
	if (place >= s->places || param->type >= s->types || param->mode >= CTX_MODE_MAX ||
	    param->begin > param->end) {
		wdi_err("wd_sched_rr_instance: place %u of %u, operation %u of %u, mode %u, contexts %u to %u",
			place, s->places, param->type, s->types, param->mode, param->begin, param->end);
		return -WD_EINVAL;
	}
	r = region_at(s, place, param->mode, param->type);
	r->begin = param->begin;
	r->end = param->end;
	r->valid = true;
	return 0;
}

void wdi_core_sched_release(struct wd_sched *sched)
{
	struct sched *s = sched ? sched_of(sched->h_sched_ctx) : NULL;

	if (!s || s->magic != SCHED_MAGIC)
		return;
	s->magic = 0;
	free(s);
}
