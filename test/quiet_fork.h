/* SPDX-License-Identifier: MIT */
/*
 * fork() for tests. The C library holds its allocator's locks over fork(), the
 * sanitizers' allocators do not: a child that is made while another thread is in
 * the middle of an allocation (every thread is when it starts) waits for ever as
 * soon as it allocates. So under sanitizers a test forks while all other threads
 * sleep. They sleep when they have nothing to do; where they always have,
 * can_fork_beside_threads() says that the test cannot be run.
 */
#ifndef WEFT_TEST_QUIET_FORK_H
#define WEFT_TEST_QUIET_FORK_H

#include <dirent.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sanitizers.h"

#define QUIET_FORK	(ADDRESS_SANITIZER || THREAD_SANITIZER)

/* How often thread @tid has been switched, or -1 while it does anything but sleep. */
static inline long quiet_switches(long tid)
{
	char path[64], line[128], state = 'R';
	long count, sum = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%ld/status", tid);
	file = fopen(path, "r");
	if (!file)
		return 0;	/* it has ended */
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "State: %c", &state) == 1)
			continue;
		if (sscanf(line, "voluntary_ctxt_switches: %ld", &count) == 1 ||
		    sscanf(line, "nonvoluntary_ctxt_switches: %ld", &count) == 1)
			sum += count;
	}
	fclose(file);
	return state == 'S' ? sum : -1;
}

/* A number that two calls return only if the other threads slept from one to the other; 0: no. */
static inline uint64_t quiet_look(void)
{
	DIR *dir = opendir("/proc/self/task");
	uint64_t sum = 1;
	struct dirent *entry;

	if (!dir)
		return 1;
	while ((entry = readdir(dir))) {
		long tid = atol(entry->d_name), count;

		if (tid <= 0 || tid == syscall(SYS_gettid))
			continue;
		count = quiet_switches(tid);
		if (count < 0) {
			closedir(dir);
			return 0;
		}
		sum = sum * 31 + (uint64_t)tid;
		sum = sum * 31 + (uint64_t)count;
	}
	closedir(dir);
	return sum;
}

static inline pid_t quiet_fork(void)
{
	uint64_t before = 0, now;

	while (QUIET_FORK && (!(now = quiet_look()) || now != before)) {
		before = now;
		sched_yield();
	}
	return fork();
}

#endif
