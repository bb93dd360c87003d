/* SPDX-License-Identifier: MIT */
/* How many CPUs this process may use: affinity and the cgroup's quota. */
#include "device/device_internal.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CGROUP_ROOT	"/sys/fs/cgroup"

static unsigned int affinity_cpus(void)
{
	size_t bits = 1024;
	cpu_set_t *set;
	int n = 0;

	/* The kernel refuses a mask that is shorter than its own. */
	for (; !n && bits <= 1u << 20; bits *= 2) {
		set = CPU_ALLOC(bits);
		if (!set)
			break;
		if (!sched_getaffinity(0, CPU_ALLOC_SIZE(bits), set))
			n = CPU_COUNT_S(CPU_ALLOC_SIZE(bits), set);
		CPU_FREE(set);
	}
	return n > 0 ? (unsigned int)n : (unsigned int)sysconf(_SC_NPROCESSORS_ONLN);
}

/* One cpu.max, "quota period" or "max period", in whole CPUs; @limit if there is less in it. */
static unsigned int quota_cpus(const char *dir, unsigned int limit)
{
	unsigned long quota, period;
	char path[4096 + 32];
	FILE *f;

	snprintf(path, sizeof(path), CGROUP_ROOT "%s/cpu.max", dir);
	f = fopen(path, "re");
	if (!f)
		return limit;
	if (fscanf(f, "%lu %lu", &quota, &period) == 2 && quota && period &&
	    (quota + period - 1) / period < limit)
		limit = (unsigned int)((quota + period - 1) / period);
	fclose(f);
	return limit;
}

/* The quota of every group from ours up to the root. */
static unsigned int cgroup_cpus(unsigned int limit)
{
	char line[4096];
	FILE *f = fopen("/proc/self/cgroup", "re");
	char *slash = NULL;

	if (!f)
		return limit;
	while (!slash && fgets(line, sizeof(line), f)) {
		if (!strncmp(line, "0::/", 4))
			slash = line + strcspn(line, "\n");
	}
	fclose(f);
	while (slash) {
		*slash = '\0';
		limit = quota_cpus(line + 3, limit);
		slash = strrchr(line + 3, '/');
	}
	return limit;
}

unsigned int sdev_usable_cpus(void)
{
	unsigned int n = cgroup_cpus(affinity_cpus());

	return n ? n : 1;
}
