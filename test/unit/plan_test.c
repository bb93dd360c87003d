/* SPDX-License-Identifier: MIT */
/* How many contexts of which kind: alg/plan.c. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "alg/class_internal.h"
#include "util/bits.h"

static const char *const op_names[] = { "comp", "decomp", NULL };
static const struct wdi_class_ops two_ops = {
	.name = "test",
	.op_names = op_names,
	.op_types = 2,
};
/* A class that has only one operation still names it. */
static const char *const one_name[] = { "digest", NULL };
static const struct wdi_class_ops one_op = {
	.name = "test1",
	.op_names = one_name,
	.op_types = 1,
};
/* And one may have operations that nobody uses unasked. */
static const char *const four_names[] = { "a", "b", "c", "d", NULL };
static const struct wdi_class_ops some_ops = {
	.name = "test2",
	.op_names = four_names,
	.op_types = 4,
	.default_ops = 2,
};

#define SYNC	CTX_MODE_SYNC
#define ASYNC	CTX_MODE_ASYNC

static bool rows_eq(const struct wdi_plan *plan, const struct wdi_plan_row *rows,
		    unsigned int count)
{
	if (plan->count != count)
		return false;
	for (unsigned int i = 0; i < count; i++) {
		const struct wdi_plan_row *a = &plan->rows[i], *b = &rows[i];

		if (a->node != b->node || a->op_type != b->op_type || a->mode != b->mode ||
		    a->num != b->num)
			return false;
	}
	return true;
}

static const struct {
	const char *text;
	unsigned int count;
	struct wdi_plan_row rows[4];	/* node, operation, mode, number */
} good[] = {
	{ "", 0, { { 0 } } },
	{ "sync:2@0", 2, { { 0, 0, SYNC, 2 }, { 0, 1, SYNC, 2 } } },
	{ "async:1@3", 2, { { 3, 0, ASYNC, 1 }, { 3, 1, ASYNC, 1 } } },
	{ "sync-comp:4@0", 1, { { 0, 0, SYNC, 4 } } },
	{ "async-decomp:7@1", 1, { { 1, 1, ASYNC, 7 } } },
	{ "sync-comp:1@0,async-decomp:1@0", 2, { { 0, 0, SYNC, 1 }, { 0, 1, ASYNC, 1 } } },
	{ "sync:2@0,async:3@0", 4, { { 0, 0, SYNC, 2 }, { 0, 1, SYNC, 2 },
				     { 0, 0, ASYNC, 3 }, { 0, 1, ASYNC, 3 } } },
	/* The same kind again: one run of contexts. */
	{ "sync:2@0,sync-decomp:5@0", 2, { { 0, 0, SYNC, 2 }, { 0, 1, SYNC, 7 } } },
	{ "sync-comp:1@0,sync-comp:1@1,sync-comp:2@0", 2,
	  { { 0, 0, SYNC, 3 }, { 1, 0, SYNC, 1 } } },
	/* None is a number too. */
	{ "sync:0@0", 0, { { 0 } } },
	{ "sync:0@0,async-comp:1@0", 1, { { 0, 0, ASYNC, 1 } } },
	{ "sync-comp:1024@1024", 1, { { 1024, 0, SYNC, 1024 } } },
	{ "sync-comp:0001@00", 1, { { 0, 0, SYNC, 1 } } },
};

START_TEST(parse_good)
{
	struct wdi_plan plan = { 0 };

	ck_assert_int_eq(wdi_plan_parse(&two_ops, good[_i].text, &plan), 0);
	ck_assert_msg(rows_eq(&plan, good[_i].rows, good[_i].count), "\"%s\": %u rows",
		      good[_i].text, plan.count);
}
END_TEST

static const char *const bad[] = {
	"sync", "sync:", "sync:2", "sync:2@", "sync:@0", "sync@0", ":2@0", "2@0", "@", ":", ",",
	"sync:2@0:", "sync:2@0 ", " sync:2@0", "sync :2@0", "sync: 2@0", "sync:2 @0", "sync:2@ 0",
	"sync:2@0;async:2@0", "sync:2@0async:2@0", ",sync:2@0", "sync:2@0,,async:2@0",
	"sync:-1@0", "sync:2@-1", "sync:+2@0", "sync:0x2@0", "sync:2@0x0", "sync:2.5@0",
	"sync:two@0",
	"Sync:2@0", "SYNC:2@0", "syn:2@0", "synchronous:2@0", "both:2@0",
	"sync-:2@0", "-comp:2@0", "sync-comp-:2@0", "sync-compress:2@0", "sync-com:2@0",
	"sync-comp,decomp:2@0", "sync--comp:2@0", "sync-sync:2@0", "comp-sync:2@0",
	/* Limits: of one row, of a sum, of a node, of what a number holds. */
	"sync:1025@0", "sync:2@1025", "sync:1000@0,sync:25@0", "sync-comp:1@0,sync:1024@0",
	"sync:4294967298@0", "sync:18446744073709551618@0", "sync:2@18446744073709551616",
	"sync:99999999999999999999999999@0", "sync:2@99999999999999999999999999",
	"sync:2@0,async:2@0,x",
};

START_TEST(parse_bad)
{
	struct wdi_plan plan = { 0 };

	ck_assert_msg(wdi_plan_parse(&two_ops, bad[_i], &plan) == -WD_EINVAL, "\"%s\"", bad[_i]);
}
END_TEST

START_TEST(parse_other_class)
{
	const struct wdi_plan_row want = { 0, 0, ASYNC, 2 };
	struct wdi_plan plan = { 0 };

	ck_assert_int_eq(wdi_plan_parse(&one_op, "async:1@0,async-digest:1@0", &plan), 0);
	ck_assert(rows_eq(&plan, &want, 1));
	ck_assert_int_eq(wdi_plan_parse(&one_op, "async-comp:1@0", &plan), -WD_EINVAL);
}
END_TEST

/* "sync-comp:1@0,sync-comp:1@1,..." up to @nodes. */
static int parse_nodes(unsigned int nodes, struct wdi_plan *plan)
{
	char text[4096];
	size_t at = 0;

	for (unsigned int i = 0; i < nodes; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%ssync-comp:1@%u",
				       i ? "," : "", i);
	ck_assert_uint_lt(at, sizeof(text));
	memset(plan, 0, sizeof(*plan));
	return wdi_plan_parse(&two_ops, text, plan);
}

START_TEST(parse_many)
{
	struct wdi_plan plan;

	ck_assert_int_eq(parse_nodes(WDI_PLAN_MAX, &plan), 0);
	ck_assert_uint_eq(plan.count, WDI_PLAN_MAX);
	for (unsigned int i = 0; i < WDI_PLAN_MAX; i++)
		ck_assert_uint_eq(plan.rows[i].node, i);
	/* Full, but for kinds that have a row. */
	ck_assert_int_eq(wdi_plan_add(&plan, 3, 0, SYNC, 1), 0);
	ck_assert_int_eq(wdi_plan_add(&plan, 3, 0, ASYNC, 1), -WD_EINVAL);
	ck_assert_int_eq(parse_nodes(WDI_PLAN_MAX + 1, &plan), -WD_EINVAL);
}
END_TEST

START_TEST(add_limits)
{
	struct wdi_plan plan = { 0 };
	const struct wdi_plan_row want = { 1024, 1, ASYNC, 1024 };

	ck_assert_int_eq(wdi_plan_add(&plan, 5000, 0, SYNC, 0), 0);
	ck_assert_uint_eq(plan.count, 0);
	ck_assert_int_eq(wdi_plan_add(&plan, 1025, 0, SYNC, 1), -WD_EINVAL);
	ck_assert_int_eq(wdi_plan_add(&plan, 0, 0, SYNC, 1025), -WD_EINVAL);
	ck_assert_int_eq(wdi_plan_add(&plan, 0, 0, SYNC, UINT32_MAX), -WD_EINVAL);
	ck_assert_uint_eq(plan.count, 0);
	ck_assert_int_eq(wdi_plan_add(&plan, 1024, 1, ASYNC, 1023), 0);
	ck_assert_int_eq(wdi_plan_add(&plan, 1024, 1, ASYNC, 1), 0);
	ck_assert(rows_eq(&plan, &want, 1));
	ck_assert_int_eq(wdi_plan_add(&plan, 1024, 1, ASYNC, 1), -WD_EINVAL);
}
END_TEST

START_TEST(defaults)
{
	static const struct wdi_plan_row two[] = {
		{ 0, 0, SYNC, 2 }, { 0, 0, ASYNC, 2 }, { 0, 1, SYNC, 2 }, { 0, 1, ASYNC, 2 },
	};
	struct wdi_plan plan = { 0 };

	wdi_plan_default(&two_ops, &plan);
	ck_assert(rows_eq(&plan, two, 4));
	memset(&plan, 0, sizeof(plan));
	wdi_plan_default(&one_op, &plan);
	ck_assert(rows_eq(&plan, two, 2));
	memset(&plan, 0, sizeof(plan));
	wdi_plan_default(&some_ops, &plan);
	ck_assert(rows_eq(&plan, two, 4));
}
END_TEST

START_TEST(params)
{
	static const struct wdi_plan_row want[] = {
		{ 0, 0, SYNC, 3 }, { 0, 1, SYNC, 1 }, { 0, 1, ASYNC, 1024 },
	};
	struct wd_ctx_nums nums[3] = { { 3, 0 }, { 1, 1024 }, { 1, 1 } };
	struct wd_ctx_params p = { .op_type_num = 2, .ctx_set_num = nums };
	struct wdi_plan plan = { 0 };

	ck_assert_int_eq(wdi_plan_from_params(&two_ops, &p, &plan), 0);
	ck_assert(rows_eq(&plan, want, 3));

	memset(&plan, 0, sizeof(plan));
	p.op_type_num = 1;
	ck_assert_int_eq(wdi_plan_from_params(&two_ops, &p, &plan), 0);
	ck_assert(rows_eq(&plan, want, 1));

	memset(&plan, 0, sizeof(plan));
	p.op_type_num = 0;
	ck_assert_int_eq(wdi_plan_from_params(&two_ops, &p, &plan), 0);
	ck_assert_uint_eq(plan.count, 0);
}
END_TEST

START_TEST(params_bad)
{
	struct wd_ctx_nums nums[3] = { { 1, 1 }, { 1, 1 }, { 1, 1 } };
	struct wd_ctx_params p = { .op_type_num = 3, .ctx_set_num = nums };
	struct wdi_plan plan = { 0 };

	ck_assert_int_eq(wdi_plan_from_params(&two_ops, &p, &plan), -WD_EINVAL);
	p.op_type_num = UINT32_MAX;
	ck_assert_int_eq(wdi_plan_from_params(&two_ops, &p, &plan), -WD_EINVAL);
	p = (struct wd_ctx_params){ .op_type_num = 1 };
	ck_assert_int_eq(wdi_plan_from_params(&two_ops, &p, &plan), -WD_EINVAL);
	p.ctx_set_num = nums;
	nums[0].async_ctx_num = 1025;
	ck_assert_int_eq(wdi_plan_from_params(&two_ops, &p, &plan), -WD_EINVAL);
	nums[0].async_ctx_num = UINT32_MAX;
	ck_assert_int_eq(wdi_plan_from_params(&two_ops, &p, &plan), -WD_EINVAL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plan");
	TCase *tc = tcase_create("plan");

	tcase_add_loop_test(tc, parse_good, 0, wdi_array_size(good));
	tcase_add_loop_test(tc, parse_bad, 0, wdi_array_size(bad));
	tcase_add_test(tc, parse_other_class);
	tcase_add_test(tc, parse_many);
	tcase_add_test(tc, add_limits);
	tcase_add_test(tc, defaults);
	tcase_add_test(tc, params);
	tcase_add_test(tc, params_bad);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
