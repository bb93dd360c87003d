/* SPDX-License-Identifier: MIT */
#include "jobs.h"

#include <sched.h>

static const struct {
	const char *threads, *inline_steps;
} workers[] = {
	{ "0", "1" }, { "0", "0" }, { "1", "1" }, { "1", "0" }, { "2", "1" }, { "2", "0" },
};
_Static_assert(ARRAY_SIZE(workers) == WORKERS, "a number of workers without a row");

void work_by(int i)
{
	env("WEFT_ENGINE_THREADS", workers[i].threads);
	env("WEFT_INLINE", workers[i].inline_steps);
}

struct job *new_jobs(unsigned int count, handle_t sess)
{
	struct job *jobs = calloc(count, sizeof(*jobs));

	if (!jobs)
		ck_abort_msg("no memory for jobs");
	for (unsigned int i = 0; i < count; i++) {
		data_fill(DATA_TEXT, i, jobs[i].in, JOB_LEN);
		jobs[i].sess = sess;
		jobs[i].serial = i << 16;
	}
	return jobs;
}

static bool job_is_right(const struct job *job, const struct wd_comp_req *req)
{
	uint8_t back[JOB_LEN];

	return !req->status && req->src_len == job->len && req->priv == job &&
	       req->src == job->in && req->dst == job->out && req->op_type == WD_DIR_COMPRESS &&
	       oracle_decode(WD_ZLIB, job->out, req->dst_len, back, sizeof(back), NULL) ==
	       job->len && !memcmp(back, job->in, job->len);
}

static void *job_ended(struct wd_comp_req *req, void *param)
{
	struct job *job = param;

	job->ended++;
	job->wrong += !job_is_right(job, req);
	if (job->again) {
		job->again--;
		job->wrong += job_send(job) != 0;
	}
	if (job->total)
		__atomic_fetch_add(job->total, 1, __ATOMIC_RELEASE);
	return NULL;
}

int job_send(struct job *job)
{
	struct wd_comp_req req;
	int ret;

	job->serial++;
	memcpy(job->in, &job->serial, sizeof(job->serial));
	job->len = 4 + job->serial % (JOB_LEN - 4);
	req = new_req(WD_DIR_COMPRESS, job->in, job->len, job->out, sizeof(job->out));
	req.cb = job_ended;
	req.cb_param = job;
	req.priv = job;
	job->sent++;
	ret = wd_do_comp_async(job->sess, &req);
	if (ret)
		job->sent--;
	return ret;
}

void assert_jobs(const struct job *jobs, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		if (jobs[i].wrong || jobs[i].sent != jobs[i].ended || jobs[i].again)
			ck_abort_msg("job %u: sent %u, ended %u, wrong %u, to be sent again %u", i,
				     jobs[i].sent, jobs[i].ended, jobs[i].wrong, jobs[i].again);
	}
}

void poll_for(unsigned int want)
{
	while (want) {
		__u32 count = 0;

		if (wd_comp_poll(want, &count) || count > want)
			ck_abort_msg("poll for %u gave %u", want, count);
		want -= count;
		if (!count)
			sched_yield();
	}
}
