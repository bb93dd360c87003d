/* SPDX-License-Identifier: MIT */
#include "bench_device.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <weft/weft.h>

#include "pool.h"
#include "ui.h"

/* ---- no-ops ------------------------------------------------------------ */

#define NOOP_BATCH	64	/* calls between two looks at the clock */
#define NOOP_SAMPLES	4001

static int noop_batch(handle_t ctx)
{
	for (unsigned int i = 0; i < NOOP_BATCH; i++) {
		int ret = weft_ctx_noop(ctx);

		if (ret)
			return ret;
	}
	return 0;
}

static void syscall_batch(void)
{
	for (unsigned int i = 0; i < NOOP_BATCH; i++)
		syscall(SYS_getppid);
}

int noop_measure(const void *arg, struct bench_result *res)
{
	const double seconds = *(const double *)arg;
	struct pool_want want = { 0 };
	static double noop[NOOP_SAMPLES], null[NOOP_SAMPLES];
	struct pool pool;
	double begin;
	size_t n = 0;
	handle_t ctx;
	int ret;

	want.count[WD_DIR_COMPRESS][CTX_MODE_SYNC] = 1;
	ret = pool_open(&pool, "deflate", NULL, &want, false);
	if (ret)
		return ret;
	ctx = pool_first_ctx(&pool, WD_DIR_COMPRESS, CTX_MODE_SYNC);
	for (unsigned int i = 0; i < 16 && !ret; i++)
		ret = noop_batch(ctx);

	begin = ui_now();
	while (!ret && n < NOOP_SAMPLES && ui_now() - begin < seconds) {
		double at[3];

		at[0] = ui_now();
		syscall_batch();
		at[1] = ui_now();
		ret = noop_batch(ctx);
		at[2] = ui_now();
		null[n] = (at[1] - at[0]) / NOOP_BATCH * 1e9;
		noop[n++] = (at[2] - at[1]) / NOOP_BATCH * 1e9;
	}
	if (ret)
		return ret;
	res->value[NOOP_VALUE_NS] = bench_median_of(noop, n);
	res->value[NOOP_VALUE_SYSCALL_NS] = bench_median_of(null, n);
	res->value[NOOP_VALUE_RATIO] = res->value[NOOP_VALUE_NS] /
				       res->value[NOOP_VALUE_SYSCALL_NS];
	pool_close(&pool);
	return 0;
}

/* ---- idling ------------------------------------------------------------ */

#define IDLE_BLOCKS	64
#define IDLE_BLOCK	(64u << 10)

static void *count_down(struct wd_comp_req *req, void *param)
{
	unsigned int *left = param;

	(void)req;
	--*left;
	return NULL;
}

/* Enough jobs at once that the engine threads wake up for them. */
static int work_a_little(struct pool *pool)
{
	handle_t sess = pool_session(pool, WD_DEFLATE, WD_DIR_COMPRESS, 1);
	uint8_t *in = calloc(1, IDLE_BLOCK), *out = malloc((size_t)IDLE_BLOCKS * 2 * IDLE_BLOCK);
	unsigned int left = 0;
	int ret = 0;

	if (!sess || !in || !out) {
		ret = -ENOMEM;
		goto free_all;
	}
	for (unsigned int i = 0; i < IDLE_BLOCKS && !ret; i++) {
		struct wd_comp_req req = {
			.src = in,
			.src_len = IDLE_BLOCK,
			.dst = out + (size_t)i * 2 * IDLE_BLOCK,
			.dst_len = 2 * IDLE_BLOCK,
			.cb = count_down,
			.cb_param = &left,
			.op_type = WD_DIR_COMPRESS,
		};

		left++;
		ret = wd_do_comp_async(sess, &req);
		if (ret)
			left--;
	}
	while (left) {
		int n = pool_poll(pool);

		if (n < 0)
			return n;	/* the jobs may still use the memory */
		if (!n)
			pool_wait(pool, -1);
	}

free_all:
	if (sess)
		wd_comp_free_sess(sess);
	free(out);
	free(in);
	return ret;
}

/* CPU time of the process as the kernel accounts it to users: in ticks. */
static int process_ms(double *ms)
{
	unsigned long long user, sys;
	char line[1024];
	const char *after;
	FILE *f = fopen("/proc/self/stat", "re");
	bool good;

	if (!f)
		return -errno;
	good = fgets(line, sizeof(line), f);
	fclose(f);
	/* The second field is the name, in brackets, and may hold anything. */
	after = good ? strrchr(line, ')') : NULL;
	if (!after || sscanf(after + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu",
			     &user, &sys) != 2)
		return -EIO;
	*ms = (double)(user + sys) * 1e3 / (double)sysconf(_SC_CLK_TCK);
	return 0;
}

static void sleep_for(double seconds)
{
	struct timespec ts = {
		.tv_sec = (time_t)seconds,
		.tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9),
	};

	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

int idle_measure(const void *arg, struct bench_result *res)
{
	const double seconds = *(const double *)arg;
	struct bench_sched sched[2];
	double ms[2];
	struct pool_want want = { 0 };
	struct pool pool;
	int ret;

	want.count[WD_DIR_COMPRESS][CTX_MODE_ASYNC] = 1;
	ret = pool_open(&pool, "deflate", NULL, &want, true);
	if (ret)
		return ret;
	ret = work_a_little(&pool);
	if (ret)
		return ret;
	/* What the work left behind, such as a bounded spin, may come to its end. */
	sleep_for(0.2);

	ret = bench_sched_others(&sched[0]);
	if (!ret)
		ret = process_ms(&ms[0]);
	if (ret)
		return ret;
	sleep_for(seconds);
	ret = process_ms(&ms[1]);
	if (!ret)
		ret = bench_sched_others(&sched[1]);
	res->value[IDLE_VALUE_CPU_MS] = ms[1] - ms[0];
	res->value[IDLE_VALUE_WAKEUPS] = sched[1].slices - sched[0].slices;
	res->value[IDLE_VALUE_THREADS] = sched[1].threads;
	return ret;
}
