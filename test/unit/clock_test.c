/* SPDX-License-Identifier: MIT */
/* The CPU's counter as a clock (util/clock.h). */
#include "unit.h"

#include "util/clock.h"

/* However much later it is asked for. */
START_TEST(one_duration_is_one_number)
{
	static const uint64_t durations[] = { 1000, 123456, 987654321, UINT64_C(1) << 40 };
	uint64_t first[sizeof(durations) / sizeof(*durations)], until;

	for (size_t i = 0; i < sizeof(durations) / sizeof(*durations); i++)
		first[i] = wdi_ticks_to_ns(durations[i]);
	until = wdi_now_ns() + 2 * WDI_NSEC_PER_MSEC;
	while (wdi_now_ns() < until) {
		for (size_t i = 0; i < sizeof(durations) / sizeof(*durations); i++)
			ck_assert_uint_eq(wdi_ticks_to_ns(durations[i]), first[i]);
	}
	ck_assert_uint_gt(first[3], first[2]);
	ck_assert_uint_gt(first[2], first[1]);
}
END_TEST

/* What lies between two looks at the counter took no longer than what lies around them. */
START_TEST(inside_what_passed)
{
	uint64_t outer = wdi_now_ns(), begin = wdi_ticks(), ns;

	while (wdi_now_ns() < outer + 2 * WDI_NSEC_PER_MSEC)
		;
	ns = wdi_ticks_to_ns(wdi_ticks() - begin);
	outer = wdi_now_ns() - outer;
	ck_assert_uint_gt(ns, 0);
	/* The rate is measured; a tenth is far more than it can be wrong by. */
	ck_assert_uint_le(ns, outer + outer / 10);
}
END_TEST

START_TEST(no_duration)
{
	ck_assert_uint_eq(wdi_ticks_to_ns(0), 0);
	ck_assert_uint_eq(wdi_ticks_to_ns((uint64_t)-5), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("clock");
	TCase *tc = tcase_create("ticks");

	suite_add_tcase(suite, tc);
	tcase_add_test(tc, one_duration_is_one_number);
	tcase_add_test(tc, inside_what_passed);
	tcase_add_test(tc, no_duration);
	return unit_run(suite);
}
