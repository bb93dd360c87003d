/* SPDX-License-Identifier: MIT */
/*
 * Asynchronous: compress a file in blocks of 64 KiB, 64 of them in flight.
 *
 *	cc async.c $(pkg-config --cflags --libs libwd_comp libwd) -o async
 *	./async FILE
 */
#include <stdio.h>

#include <uadk/wd_comp.h>
#include <uadk/wd_sched.h>

#define BLOCK	(64 * 1024)
#define DEPTH	64

static char in[DEPTH][BLOCK], out[DEPTH][BLOCK + 1024];
static int busy[DEPTH];
static size_t in_flight, failed, total_in, total_out;

/* Runs inside wd_comp_poll(); req is the library's copy of the request. */
static void *done(struct wd_comp_req *req, void *slot)
{
	failed += req->status != 0;
	total_in += req->src_len;
	total_out += req->dst_len;
	*(int *)slot = 0;
	in_flight--;
	return NULL;
}

static void poll_some(void)
{
	__u32 count = 0;

	wd_comp_poll(DEPTH, &count);
}

int main(int argc, char **argv)
{
	struct sched_params where = { .numa_id = -1, .type = WD_DIR_COMPRESS };
	struct wd_comp_sess_setup setup = { .alg_type = WD_ZLIB, .comp_lv = WD_COMP_L1,
		.win_sz = WD_COMP_WS_32K, .op_type = WD_DIR_COMPRESS, .sched_param = &where };
	FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
	handle_t sess;

	if (!file || wd_comp_init2("zlib", SCHED_POLICY_RR, TASK_MIX)) {
		fprintf(stderr, "usage: async FILE\n");
		return 2;
	}
	sess = wd_comp_alloc_sess(&setup);
	for (int i = 0; sess; i = (i + 1) % DEPTH) {
		struct wd_comp_req req = { .src = in[i], .dst = out[i], .dst_len = sizeof(out[i]),
			.cb = done, .cb_param = &busy[i], .op_type = WD_DIR_COMPRESS };

		while (busy[i])
			poll_some();
		req.src_len = fread(in[i], 1, BLOCK, file);
		if (!req.src_len)
			break;
		busy[i] = 1;
		in_flight++;
		while (wd_do_comp_async(sess, &req) == -WD_EBUSY)
			poll_some();	/* the ring is full */
	}
	while (in_flight)
		poll_some();
	wd_comp_free_sess(sess);
	wd_comp_uninit2();
	fclose(file);
	printf("%zu -> %zu bytes in blocks of %d, %zu failed\n", total_in, total_out, BLOCK, failed);
	return !sess || failed;
}
