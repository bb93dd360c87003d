/* SPDX-License-Identifier: MIT */
/* How many contexts a class requests, of which kind, and where. */
#include <stdlib.h>
#include <string.h>

#include "alg/class_internal.h"
#include "util/bits.h"
#include "util/log.h"

#define DEFAULT_NUM	2
#define NUM_MAX		1024
#define NODE_MAX	1024

static const char *const mode_names[] = {
	[CTX_MODE_SYNC] = "sync",
	[CTX_MODE_ASYNC] = "async",
};

/* Rows of one kind are one run of contexts, so equal ones are added up. */
int wdi_plan_add(struct wdi_plan *plan, uint32_t node, uint8_t op_type, uint8_t mode,
		 uint32_t num)
{
	struct wdi_plan_row *row;

	if (!num)
		return 0;
	if (num > NUM_MAX || node > NODE_MAX)
		return -WD_EINVAL;
	for (unsigned int i = 0; i < plan->count; i++) {
		row = &plan->rows[i];
		if (row->node == node && row->op_type == op_type && row->mode == mode) {
			row->num += num;
			return row->num > NUM_MAX ? -WD_EINVAL : 0;
		}
	}
	if (plan->count == WDI_PLAN_MAX)
		return -WD_EINVAL;
	plan->rows[plan->count++] = (struct wdi_plan_row){ node, op_type, mode, num };
	return 0;
}

void wdi_plan_default(const struct wdi_class_ops *ops, struct wdi_plan *plan)
{
	uint8_t count = ops->default_ops ? ops->default_ops : ops->op_types;

	for (uint8_t op = 0; op < count; op++) {
		wdi_plan_add(plan, 0, op, CTX_MODE_SYNC, DEFAULT_NUM);
		wdi_plan_add(plan, 0, op, CTX_MODE_ASYNC, DEFAULT_NUM);
	}
}

int wdi_plan_from_params(const struct wdi_class_ops *ops, const struct wd_ctx_params *params,
			 struct wdi_plan *plan)
{
	int ret = 0;

	if (params->op_type_num > ops->op_types || (params->op_type_num && !params->ctx_set_num)) {
		wdi_err("%s: %u operation types in the context parameters, the class has %u",
			ops->name, params->op_type_num, ops->op_types);
		return -WD_EINVAL;
	}
	for (uint8_t op = 0; op < params->op_type_num && !ret; op++) {
		const struct wd_ctx_nums *nums = &params->ctx_set_num[op];

		ret = wdi_plan_add(plan, 0, op, CTX_MODE_SYNC, nums->sync_ctx_num);
		if (!ret)
			ret = wdi_plan_add(plan, 0, op, CTX_MODE_ASYNC, nums->async_ctx_num);
	}
	if (ret)
		wdi_err("%s: more than %u contexts of one kind", ops->name, NUM_MAX);
	return ret;
}

/* A decimal number at *text, which moves behind it. */
static bool parse_num(const char **text, uint32_t *value)
{
	unsigned long v;
	char *stop;

	if (**text < '0' || **text > '9')
		return false;
	v = strtoul(*text, &stop, 10);
	*value = (uint32_t)v;
	*text = stop;
	return v <= NUM_MAX;
}

static bool word_is(const char *text, size_t len, const char *word)
{
	return strlen(word) == len && !strncmp(text, word, len);
}

/* "sync", "async-decomp": the mode and the operation, -1 for all of them. */
static bool parse_kind(const struct wdi_class_ops *ops, const char *text, size_t len, int *mode,
		       int *op)
{
	const char *dash = memchr(text, '-', len);
	size_t mode_len = dash ? (size_t)(dash - text) : len;

	*mode = -1;
	*op = -1;
	for (size_t i = 0; i < wdi_array_size(mode_names); i++) {
		if (word_is(text, mode_len, mode_names[i]))
			*mode = (int)i;
	}
	for (int i = 0; dash && ops->op_names[i]; i++) {
		if (word_is(dash + 1, len - mode_len - 1, ops->op_names[i]))
			*op = i;
	}
	return *mode >= 0 && (!dash || *op >= 0);
}

int wdi_plan_parse(const struct wdi_class_ops *ops, const char *text, struct wdi_plan *plan)
{
	const char *at = text;

	while (*at) {
		const char *item = at;
		const char *colon = strchr(at, ':');
		uint32_t num, node;
		int mode, op;

		if (!colon || !parse_kind(ops, at, (size_t)(colon - at), &mode, &op))
			goto bad;
		at = colon + 1;
		if (!parse_num(&at, &num) || *at++ != '@' || !parse_num(&at, &node))
			goto bad;
		if (*at && *at++ != ',')
			goto bad;
		for (uint8_t o = 0; o < ops->op_types; o++) {
			if ((op < 0 || op == o) &&
			    wdi_plan_add(plan, node, o, (uint8_t)mode, num))
				goto bad;
		}
		continue;
bad:
		wdi_err("%s contexts \"%s\": \"%s\" is not MODE[-OPERATION]:NUMBER@NODE, for example sync:2@0",
			ops->name, text, item);
		return -WD_EINVAL;
	}
	return 0;
}
