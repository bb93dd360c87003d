/* SPDX-License-Identifier: MIT */
/*
 * A stream in pieces of 4 KiB, on contexts that the program requests itself and
 * deals out by a round-robin scheduler. Standard input to standard output:
 *
 *	cc stream.c $(pkg-config --cflags --libs libwd_comp libwd) -o stream
 *	./stream <FILE >FILE.gz
 */
#include <stdio.h>
#include <stdlib.h>

#include <uadk/wd_comp.h>
#include <uadk/wd_sched.h>

#define CTXS	2
#define PIECE	4096

static int compress_stdin(handle_t sess)
{
	static char in[PIECE], out[PIECE];
	struct wd_comp_req req;

	do {
		size_t len = fread(in, 1, PIECE, stdin);
		char *at = in;

		/* Until this piece is taken and all its output is out. */
		do {
			req = (struct wd_comp_req){
				.src = at,
				.src_len = len,
				.dst = out,
				.dst_len = PIECE,
				.op_type = WD_DIR_COMPRESS,
				.data_fmt = WD_FLAT_BUF,
				.last = feof(stdin) != 0,
			};
			if (wd_do_comp_strm(sess, &req) || req.status == WD_IN_EPARA)
				return 1;
			at += req.src_len;
			len -= req.src_len;
			if (fwrite(out, 1, req.dst_len, stdout) != req.dst_len)
				return 1;
		} while (req.status == WD_EAGAIN);
	} while (req.status != WD_STREAM_END);
	return 0;
}

int main(void)
{
	struct sched_params region = { .mode = CTX_MODE_SYNC, .type = WD_DIR_COMPRESS, .end = CTXS - 1 };
	struct wd_comp_sess_setup setup = {
		.alg_type = WD_GZIP,
		.comp_lv = WD_COMP_L6,
		.win_sz = WD_COMP_WS_32K,
		.op_type = WD_DIR_COMPRESS,
		.sched_param = &region,
	};
	struct uacce_dev *dev = wd_get_accel_dev("gzip");
	struct wd_sched *sched = wd_sched_rr_alloc(SCHED_POLICY_RR, WD_DIR_MAX, 1, wd_comp_poll_ctx);
	struct wd_ctx ctxs[CTXS] = { 0 };
	struct wd_ctx_config config = { .ctx_num = CTXS, .ctxs = ctxs };
	handle_t sess = 0;
	int ret = !dev || !sched || wd_sched_rr_instance(sched, &region);

	for (int i = 0; i < CTXS && !ret; i++) {
		ctxs[i].ctx = wd_request_ctx(dev);
		ctxs[i].op_type = WD_DIR_COMPRESS;
		ctxs[i].ctx_mode = CTX_MODE_SYNC;
		ret = !ctxs[i].ctx;
	}
	if (!ret)
		ret = wd_comp_init(&config, sched);
	if (!ret)
		sess = wd_comp_alloc_sess(&setup);
	ret = !sess || compress_stdin(sess) || fflush(stdout);

	wd_comp_free_sess(sess);
	wd_comp_uninit();
	for (int i = 0; i < CTXS; i++)
		wd_release_ctx(ctxs[i].ctx);
	wd_sched_rr_release(sched);
	free(dev);
	if (ret)
		fprintf(stderr, "stream: failed\n");
	return ret;
}
