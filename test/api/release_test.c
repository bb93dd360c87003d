/* SPDX-License-Identifier: MIT */
/* Contexts that go away under what uses them. */
#include "common.h"

static void *never(struct wd_comp_req *req, void *param)
{
	(void)req;
	(void)param;
	ck_abort_msg("a dropped request ran its callback");
	return NULL;
}

/*
 * The last hold on a session is a request in flight, the session has a stream in
 * the device, and the request's context goes: the session ends while its queue
 * does, and must not be closed on that queue.
 */
START_TEST(last_hold_is_dropped)
{
	static char src[1000], piece[4000], block[4000];
	struct wd_comp_req req;
	struct rig rig;
	handle_t sess;

	env("WEFT_ENGINE_THREADS", "0");
	rig_up(&rig, _i, 1);
	if (_i) {
		/* Without a synchronous context there is no stream. */
		sess = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 6, WD_COMP_WS_32K);
		req = new_req(WD_DIR_COMPRESS, src, sizeof(src), piece, sizeof(piece));
		ck_assert_int_eq(wd_do_comp_strm(sess, &req), 0);
	} else {
		sess = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 6, WD_COMP_WS_32K);
	}
	req = new_req(WD_DIR_COMPRESS, src, sizeof(src), block, sizeof(block));
	req.cb = never;
	ck_assert_int_eq(wd_do_comp_async(sess, &req), 0);
	wd_comp_free_sess(sess);
	for (unsigned int i = 0; i < rig.config.ctx_num; i++)
		ck_assert_int_eq(wd_release_ctx_force(rig.ctxs[i].ctx), 0);
	rig_down(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("release");
	TCase *tcase = add_case(suite, "with requests in flight");

	tcase_add_loop_test(tcase, last_hold_is_dropped, 0, 2);
	return run_suite(suite);
}
