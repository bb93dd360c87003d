/* SPDX-License-Identifier: MIT */
/* Asynchronous requests that can be sent again and again, and are checked each time they end. */
#ifndef WEFT_TEST_API_JOBS_H
#define WEFT_TEST_API_JOBS_H

#include "common.h"

/* Who does the work: the rows differ in who has to be woken for it. */
#define WORKERS	6
void work_by(int i);

#define JOB_LEN	600

struct job {
	uint8_t in[JOB_LEN], out[JOB_LEN * 2];
	uint32_t serial;	/* stands in the data, so that each sending differs */
	uint32_t len;
	unsigned int sent, ended, wrong;
	handle_t sess;		/* compresses to zlib */
	unsigned int again;	/* times to be sent again from its callback */
	unsigned int *total;	/* atomically counts ends, if not NULL */
};

struct job *new_jobs(unsigned int count, handle_t sess);
int job_send(struct job *job);
/* Each was sent, ended as often, and was right. */
void assert_jobs(const struct job *jobs, unsigned int count);
/* wd_comp_poll() until @want requests have ended. */
void poll_for(unsigned int want);

#endif
