/* SPDX-License-Identifier: MIT */
/* NUMA facts, through libnuma where the build has it; one node where not. */
#ifndef WEFT_CORE_NUMA_H
#define WEFT_CORE_NUMA_H

/* Node of the CPU that runs this thread now. */
int wdi_numa_here(void);

/* As numa_distance(3): 10 is local. */
int wdi_numa_distance(int from, int to);

#endif
