/* SPDX-License-Identifier: MIT */
#include "rig.h"

struct weft_ctx_stats stats_of(handle_t ctx)
{
	struct weft_ctx_stats stats = { .size = sizeof(stats) };

	ck_assert_int_eq(weft_ctx_stats(ctx, &stats), 0);
	ck_assert_uint_eq(stats.size, sizeof(stats));
	return stats;
}

struct weft_report report_of(handle_t sess)
{
	struct weft_report report = { .size = sizeof(report) };

	ck_assert_int_eq(weft_sess_report(sess, &report), 0);
	ck_assert_uint_eq(report.size, sizeof(report));
	return report;
}

uint64_t injected(handle_t ctx, enum weft_inject_what what)
{
	uint64_t count = UINT64_MAX;

	ck_assert_int_eq(weft_ctx_injected(ctx, what, &count), 0);
	return count;
}

void assert_adds_up(handle_t ctx)
{
	struct weft_ctx_stats s = stats_of(ctx);

	ck_assert_uint_eq(s.submitted, s.completed + s.late + s.lost + s.quarantined);
	ck_assert_uint_eq(s.timeouts + s.cancelled, s.late + s.lost + s.quarantined);
}

bool in_full(void)
{
	return getenv("WEFT_TEST_LONG");
}

const char *const guards[] = { "copy", "signal" };

/* A memory checker takes each of our faults for a mistake of the program's. */
int guard_count(void)
{
	return on_valgrind() ? 1 : 2;
}

static const char *const modes[] = { "stall", "pri" };

int config_count(void)
{
	return guard_count() * (int)ARRAY_SIZE(modes);
}

void config_set(int i)
{
	env("WEFT_GUARD", guards[i / (int)ARRAY_SIZE(modes)]);
	env("WEFT_FAULT_MODE", modes[i % (int)ARRAY_SIZE(modes)]);
}

bool config_is_pri(int i)
{
	return i % (int)ARRAY_SIZE(modes) == 1;
}

static void *pest_main(void *arg)
{
	struct pest *pest = arg;

	while (!__atomic_load_n(&pest->stop, __ATOMIC_ACQUIRE)) {
		pest->fn(pest);
		__atomic_fetch_add(&pest->rounds, 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

void pest_start(struct pest *pest, void (*fn)(struct pest *pest), void *base, size_t len)
{
	*pest = (struct pest){ .fn = fn, .base = base, .len = len, .rng = { 1 } };
	ck_assert_int_eq(pthread_create(&pest->thread, NULL, pest_main, pest), 0);
}

void pest_stop(struct pest *pest)
{
	__atomic_store_n(&pest->stop, true, __ATOMIC_RELEASE);
	pthread_join(pest->thread, NULL);
}
