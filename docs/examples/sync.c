/* SPDX-License-Identifier: MIT */
/*
 * One synchronous call each way: compress a file in memory, restore it, compare.
 *
 *	cc sync.c $(pkg-config --cflags --libs libwd_comp libwd) -o sync
 *	./sync FILE
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uadk/wd_comp.h>
#include <uadk/wd_sched.h>

/* Run one block through a session of its own; bytes produced, or 0. */
static size_t run(enum wd_comp_op_type op, void *src, size_t src_len, void *dst, size_t dst_len)
{
	struct sched_params where = { .numa_id = -1, .type = op };
	struct wd_comp_sess_setup setup = {
		.alg_type = WD_GZIP,
		.comp_lv = WD_COMP_L6,
		.win_sz = WD_COMP_WS_32K,
		.op_type = op,
		.sched_param = &where,
	};
	struct wd_comp_req req = {
		.src = src,
		.src_len = src_len,
		.dst = dst,
		.dst_len = dst_len,
		.op_type = op,
		.data_fmt = WD_FLAT_BUF,
	};
	handle_t sess = wd_comp_alloc_sess(&setup);
	int ret = sess ? wd_do_comp_sync(sess, &req) : -1;

	wd_comp_free_sess(sess);
	if (ret || req.status) {
		fprintf(stderr, "request failed: returned %d, status %u\n", ret, req.status);
		return 0;
	}
	return req.dst_len;
}

int main(int argc, char **argv)
{
	static char data[1 << 20], packed[(1 << 20) + 4096], back[1 << 20];
	FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
	size_t len, packed_len;
	int ret;

	if (!file || !(len = fread(data, 1, sizeof(data), file))) {
		fprintf(stderr, "usage: sync FILE (of which the first MiB is used)\n");
		return 2;
	}
	fclose(file);

	ret = wd_comp_init2("gzip", SCHED_POLICY_RR, TASK_MIX);
	if (ret) {
		fprintf(stderr, "wd_comp_init2: %d\n", ret);
		return 1;
	}
	packed_len = run(WD_DIR_COMPRESS, data, len, packed, sizeof(packed));
	ret = !packed_len ||
	      run(WD_DIR_DECOMPRESS, packed, packed_len, back, sizeof(back)) != len ||
	      memcmp(data, back, len);
	wd_comp_uninit2();

	if (!ret)
		printf("%zu -> %zu bytes, restored and equal\n", len, packed_len);
	return ret;
}
