/* SPDX-License-Identifier: MIT */
/*
 * How things are measured. What an environment variable decides is decided when
 * a device opens, so every measurement has a process of its own; and because
 * the machine may be shared, contestants take turns, round after round, and
 * what counts is the median.
 */
#ifndef WEFT_TOOLS_BENCH_H
#define WEFT_TOOLS_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BENCH_ENV_MAX		5
#define BENCH_VALUES		18
#define BENCH_ROUNDS_MAX	15

struct bench_env {
	const char *name;
	const char *value;
};

/* @env: ends with a NULL name or the array. @one_cpu: may run on one CPU only. */
struct bench_config {
	bool one_cpu;
	struct bench_env env[BENCH_ENV_MAX];
};

/* What a child tells its parent. value[0] is the one that is compared. */
struct bench_result {
	int err;			/* negative errno */
	char engine[64];		/* what ran the jobs, or "" */
	double value[BENCH_VALUES];
};

/* Runs in the child. 0 or a negative errno. */
typedef int bench_fn(const void *arg, struct bench_result *res);

struct bench_run {
	const struct bench_config *config;	/* NULL: as the command was started */
	bench_fn *fn;
	const void *arg;
	unsigned int rounds;			/* done so far */
	struct bench_result round[BENCH_ROUNDS_MAX];
	struct bench_result last;
};

/* bench_once() - one round. 0 or a negative errno. The caller must have no threads. */
int bench_once(struct bench_run *run);

/*
 * bench_interleave() - A B C, A B C, ... What a contestant cannot do stays in
 * its last.err, and it sits out the other rounds.
 */
void bench_interleave(struct bench_run *runs, size_t count, unsigned int rounds);

/* Of value @which over the rounds; NAN when there were none. */
double bench_median(const struct bench_run *run, unsigned int which);
/* Median of the quotients of value[0] in rounds that were neighbours in time. */
double bench_ratio(const struct bench_run *a, const struct bench_run *b);

double bench_median_of(double *values, size_t count);	/* sorts them */

/*
 * What the scheduler says of the threads of this process.
 * @slices: times that they were given a CPU
 * @wait:   seconds that they were ready and had none
 */
struct bench_sched {
	unsigned int threads;
	double slices;
	double wait;
};

/* Of all threads but the caller. 0 or a negative errno. */
int bench_sched_others(struct bench_sched *sched);

/* Whether @name has one of @names in it, which commas separate; NULL: all are wanted. */
bool bench_named(const char *name, const char *names);

/* CPUs that this process may use. */
unsigned int bench_cpu_count(void);

/*
 * What is happening, on a terminal only, in a line that the next output
 * replaces. Nothing but the children may come between it and bench_quiet().
 */
void bench_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void bench_quiet(void);

#endif
