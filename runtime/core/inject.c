/* SPDX-License-Identifier: MIT */
/* Failure injection as a program asks for it: rules in words, to the driver. */
#include "weft/inject.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/core_internal.h"
#include "util/log.h"

static const struct {
	const char *name;
	bool has_arg;
	uint32_t arg;		/* when none is given */
} names[] = {
	[WEFT_INJECT_FAULT] = { "fault", true, 1 },
	[WEFT_INJECT_DELAY] = { "delay", true, 1000 },
	[WEFT_INJECT_LOSE] = { "lose", false, 0 },
	[WEFT_INJECT_LATE] = { "late", true, 1 },
	[WEFT_INJECT_DUP] = { "dup", false, 0 },
	[WEFT_INJECT_PRQ_FULL] = { "prq-full", false, 0 },
	[WEFT_INJECT_RESET] = { "reset", false, 0 },
	[WEFT_INJECT_ISOLATE] = { "isolate", false, 0 },
};
_Static_assert(wdi_array_size(names) == WEFT_INJECT_COUNT, "a failure without a name");

#define SAME(name)	((int)WEFT_INJECT_##name == (int)WDI_INJECT_##name)
_Static_assert(SAME(FAULT) && SAME(DELAY) && SAME(LOSE) && SAME(LATE) && SAME(DUP) &&
	       SAME(PRQ_FULL) && SAME(RESET) && SAME(ISOLATE) && SAME(COUNT),
	       "rules are passed through");

struct rules {
	struct wdi_inject_rule rule[WEFT_INJECT_COUNT];
	bool any;
};

/* A number up to 2^31 - 1 that ends at @end or one of the separators. */
static bool number(const char **at, uint32_t *value)
{
	unsigned long long v;
	char *end;

	if (**at < '0' || **at > '9')
		return false;
	errno = 0;
	v = strtoull(*at, &end, 10);
	if (errno || v > INT32_MAX)
		return false;
	*value = (uint32_t)v;
	*at = end;
	return true;
}

static int name_find(const char *text, size_t len)
{
	for (int i = 0; i < WEFT_INJECT_COUNT; i++) {
		if (strlen(names[i].name) == len && !memcmp(names[i].name, text, len))
			return i;
	}
	return -1;
}

/* One item of the list; @seed is for all. */
static bool item_parse(const char **at, struct rules *rules, uint32_t *seed)
{
	size_t len = strcspn(*at, ":,");
	int what = name_find(*at, len);
	bool is_seed = len == 4 && !memcmp(*at, "seed", 4);
	struct wdi_inject_rule *rule;

	if (what < 0 && !is_seed)
		return false;
	*at += len;
	if (*(*at)++ != ':')
		return false;
	if (is_seed)
		return number(at, seed) && *seed;
	rule = &rules->rule[what];
	if (rule->every || !number(at, &rule->every) || !rule->every)
		return false;
	rule->arg = names[what].arg;
	if (**at == '/') {
		++*at;
		if (!names[what].has_arg || !number(at, &rule->arg))
			return false;
	}
	rules->any = true;
	return true;
}

static int rules_parse(const char *text, struct rules *rules)
{
	const char *at = text;
	uint32_t seed = 0;

	memset(rules, 0, sizeof(*rules));
	while (*at) {
		const char *item = at;

		if (!item_parse(&at, rules, &seed) || (*at && *at != ',') || (*at && !at[1])) {
			wdi_err("injection \"%s\": \"%s\" is not a rule; they look like fault:3, "
				"delay:10/500, lose:100, late:50/2, dup:7, prq-full:2, reset:1000, "
				"isolate:5000, seed:1", text, item);
			return -EINVAL;
		}
		at += *at == ',';
	}
	for (unsigned int i = 0; i < WEFT_INJECT_COUNT; i++) {
		rules->rule[i].what = i;
		rules->rule[i].seed = seed;
	}
	return 0;
}

int wdi_inject_apply(struct wdi_queue *q, const char *text)
{
	struct rules rules;
	int ret = rules_parse(text, &rules);

	if (ret)
		return ret;
	if (!q->drv->inject) {
		if (rules.any)
			wdi_err("%s: this device has no failure injection", q->dev->info.name);
		return rules.any ? -EOPNOTSUPP : 0;
	}
	for (unsigned int i = 0; i < WEFT_INJECT_COUNT && !ret; i++)
		ret = q->drv->inject(&q->dev->io, q->priv, &rules.rule[i]);
	return ret;
}

int weft_ctx_inject(uintptr_t handle, const char *rules)
{
	struct wdi_ctx *ctx = wdi_core_ctx(handle);
	struct wdi_queue *q;
	int ret = ctx ? wdi_core_ctx_queue(ctx, &q) : -EINVAL;

	return ret ? ret : wdi_inject_apply(q, rules ? rules : "");
}

int weft_ctx_injected(uintptr_t handle, enum weft_inject_what what, uint64_t *count)
{
	struct wdi_ctx *ctx = wdi_core_ctx(handle);
	struct wdi_queue *q;
	int ret = ctx ? wdi_core_ctx_queue(ctx, &q) : -EINVAL;

	if (ret)
		return ret;
	if ((unsigned int)what >= WEFT_INJECT_COUNT || !count)
		return -EINVAL;
	return q->drv->injected ? q->drv->injected(&q->dev->io, q->priv, what, count) : -EOPNOTSUPP;
}
