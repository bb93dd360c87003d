/* SPDX-License-Identifier: MIT */
/* What every unit test needs around its cases. */
#ifndef WEFT_TEST_UNIT_H
#define WEFT_TEST_UNIT_H

#include <check.h>
#include <pthread.h>

/* Run the suite, print TAP; the exit status of the program. */
static inline int unit_run(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}

#define UNIT_THREADS_MAX	16

/* @count threads of @fn, each with its own element of @args; waits for all. */
static inline void unit_threads(unsigned int count, void *(*fn)(void *), void *args, size_t size)
{
	pthread_t threads[UNIT_THREADS_MAX];

	ck_assert_uint_le(count, UNIT_THREADS_MAX);
	for (unsigned int i = 0; i < count; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, fn, (char *)args + i * size), 0);
	for (unsigned int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
}

/* A small generator with its own state, so that a run can be repeated. */
static inline unsigned int unit_random(unsigned int *state)
{
	*state = *state * 1103515245u + 12345u;
	return *state >> 8;
}

#endif
