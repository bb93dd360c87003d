/* SPDX-License-Identifier: MIT */
/* Schedulers: the built-in ones, and the program's own. */
#include "common.h"

/* ---- the built-in ones -------------------------------------------------------- */

START_TEST(wrong_arguments)
{
	struct wd_sched *sched;
	struct sched_params good = { .numa_id = 0, .end = 1 }, param;

	errno = 0;
	ck_assert_ptr_null(wd_sched_rr_alloc(SCHED_POLICY_BUTT, 2, 1, NULL));
	ck_assert_int_eq(errno, WD_EINVAL);
	ck_assert_ptr_null(wd_sched_rr_alloc(255, 2, 1, NULL));
	ck_assert_ptr_null(wd_sched_rr_alloc(SCHED_POLICY_RR, 0, 1, NULL));
	ck_assert_ptr_null(wd_sched_rr_alloc(SCHED_POLICY_RR, 2, 0, NULL));
	wd_sched_rr_release(NULL);

	sched = wd_sched_rr_alloc(SCHED_POLICY_RR, 2, 3, wd_comp_poll_ctx);
	ck_assert_ptr_nonnull(sched);
	ck_assert_ptr_nonnull(sched->name);
	ck_assert_int_eq(sched->sched_policy, SCHED_POLICY_RR);
	ck_assert_int_eq(wd_sched_rr_instance(NULL, &good), -WD_EINVAL);
	ck_assert_int_eq(wd_sched_rr_instance(sched, NULL), -WD_EINVAL);
	ck_assert_int_eq(wd_sched_rr_instance(sched, &good), 0);
	param = good;
	param.numa_id = 3;
	ck_assert_int_eq(wd_sched_rr_instance(sched, &param), -WD_EINVAL);
	param.numa_id = -1;
	ck_assert_int_eq(wd_sched_rr_instance(sched, &param), -WD_EINVAL);
	param = good;
	param.type = 2;
	ck_assert_int_eq(wd_sched_rr_instance(sched, &param), -WD_EINVAL);
	param = good;
	param.mode = CTX_MODE_MAX;
	ck_assert_int_eq(wd_sched_rr_instance(sched, &param), -WD_EINVAL);
	param = good;
	param.begin = 2;
	ck_assert_int_eq(wd_sched_rr_instance(sched, &param), -WD_EINVAL);
	wd_sched_rr_release(sched);
}
END_TEST

/* With what a program brings: contexts 0 and 1 synchronous, 2 and 3 asynchronous. */
static void describe(struct wd_sched *sched, int place)
{
	for (int i = 0; i < 4; i++) {
		struct sched_params param = {
			.numa_id = place,
			.dev_id = (__u32)place,
			.type = (__u8)(i & 1),
			.mode = i < 2 ? CTX_MODE_SYNC : CTX_MODE_ASYNC,
			.begin = i < 2 ? 0 : 2,
			.end = i < 2 ? 1 : 3,
		};

		ck_assert_int_eq(wd_sched_rr_instance(sched, &param), 0);
	}
}

/* The rig's contexts under another scheduler. */
static void rig_with(struct rig *rig, struct wd_sched *sched)
{
	rig_make(rig, 2, 2);
	wd_sched_rr_release(rig->sched);
	rig->sched = sched;
	ck_assert_int_eq(wd_comp_init(&rig->config, sched), 0);
}

static void assert_all_ways(const struct wd_comp_sess_setup *how)
{
	struct wd_comp_sess_setup setup = *how;
	handle_t sess[2];

	for (int dir = 0; dir < 2; dir++) {
		setup.op_type = (enum wd_comp_op_type)dir;
		sess[dir] = wd_comp_alloc_sess(&setup);
		ck_assert_uint_ne(sess[dir], 0);
	}
	for (int way = 0; way < WAYS; way++)
		assert_good((enum way)way, setup.alg_type, sess[0], sess[1]);
	wd_comp_free_sess(sess[0]);
	wd_comp_free_sess(sess[1]);
}

/* More nodes than the machine has, and a name of the program's own. */
START_TEST(several_nodes)
{
	static const __u16 nodes[] = { 1, 2, 4, 8 };
	static const int asked[] = { 0, -1, 1, 3, 7, 100 };
	struct wd_comp_sess_setup setup = { .alg_type = WD_ZLIB };
	struct sched_params where = { 0 };
	struct wd_sched *sched;
	struct rig rig;

	sched = wd_sched_rr_alloc(SCHED_POLICY_RR, 2, nodes[_i], wd_comp_poll_ctx);
	ck_assert_ptr_nonnull(sched);
	sched->name = "a literal";
	/* Only one of them has contexts; it need not be the first. */
	describe(sched, nodes[_i] - 1);
	rig_with(&rig, sched);
	assert_all_ways(&setup);
	setup.sched_param = &where;
	for (size_t i = 0; i < ARRAY_SIZE(asked); i++) {
		where.numa_id = asked[i];
		assert_all_ways(&setup);
	}
	where.type = 2;
	errno = 0;
	ck_assert_uint_eq(wd_comp_alloc_sess(&setup), 0);
	ck_assert_int_eq(errno, EINVAL);
	rig_down(&rig);
}
END_TEST

START_TEST(by_device)
{
	struct wd_comp_sess_setup setup = { .alg_type = WD_ZLIB };
	struct sched_params where = { .numa_id = -1, .dev_id = 2 };
	struct wd_sched *sched = wd_sched_rr_alloc(SCHED_POLICY_DEV, 2, 4, wd_comp_poll_ctx);
	struct rig rig;

	ck_assert_ptr_nonnull(sched);
	describe(sched, 2);
	rig_with(&rig, sched);
	setup.sched_param = &where;
	assert_all_ways(&setup);
	where.dev_id = 1;
	ck_assert_uint_eq(wd_comp_alloc_sess(&setup), 0);
	where.dev_id = 1000;
	ck_assert_uint_eq(wd_comp_alloc_sess(&setup), 0);
	rig_down(&rig);
}
END_TEST

/* Each session has its contexts, dealt out in turn. */
START_TEST(in_turn)
{
	struct weft_ctx_stats stats = { .size = sizeof(stats) };
	handle_t sess[6];
	uint8_t out[100];
	struct wd_comp_req req;
	struct rig rig;

	rig_up(&rig, 3, 1);
	for (int i = 0; i < 6; i++)
		sess[i] = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	for (int i = 0; i < 6; i++) {
		req = new_req(WD_DIR_COMPRESS, "abc", 3, out, sizeof(out));
		assert_result(&req, 0, wd_do_comp_sync(sess[i], &req), 0);
	}
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(weft_ctx_stats(rig.ctxs[i].ctx, &stats), 0);
		ck_assert_uint_eq(stats.completed, 2);
	}
	for (int i = 0; i < 6; i++)
		wd_comp_free_sess(sess[i]);
	rig_down(&rig);
}
END_TEST

START_TEST(single_and_none)
{
	struct wd_comp_sess_setup setup = { .alg_type = WD_ZLIB };
	struct weft_ctx_stats stats = { .size = sizeof(stats) };
	bool single = _i;
	struct wd_sched *sched = wd_sched_rr_alloc(single ? SCHED_POLICY_SINGLE : SCHED_POLICY_NONE,
						   2, 1, wd_comp_poll_ctx);
	struct rig rig;
	uint64_t used[4];

	ck_assert_ptr_nonnull(sched);
	rig_make(&rig, 1, 3);
	wd_sched_rr_release(rig.sched);
	rig.sched = sched;
	ck_assert_int_eq(wd_comp_init(&rig.config, sched), 0);
	assert_all_ways(&setup);
	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(weft_ctx_stats(rig.ctxs[i].ctx, &stats), 0);
		used[i] = stats.completed;
	}
	ck_assert_uint_gt(used[0], 0);
	ck_assert_int_eq(used[1] > 0, single);
	ck_assert_uint_eq(used[2] + used[3], 0);
	rig_down(&rig);
}
END_TEST

/* Without a way to poll, nothing can be polled; the rest works. */
START_TEST(no_way_to_poll)
{
	struct wd_sched *sched = wd_sched_rr_alloc((__u8)_i, 2, 1, NULL);
	__u32 count = 0;
	struct rig rig;

	ck_assert_ptr_nonnull(sched);
	if (_i == SCHED_POLICY_RR || _i == SCHED_POLICY_DEV)
		describe(sched, 0);
	rig_with(&rig, sched);
	assert_works();
	ck_assert_int_lt(wd_comp_poll(1, &count), 0);
	ck_assert_uint_eq(count, 0);
	rig_down(&rig);
}
END_TEST

/* ---- the program's own ---------------------------------------------------------- */

struct own {
	unsigned int inits, picks[CTX_MODE_MAX], polls;
	void *param, *key;
	handle_t refuse;	/* what sched_init returns, if not 0 */
	bool allocates;
	__u32 pos[CTX_MODE_MAX];
	int poll_ret;
};

static handle_t own_init(handle_t h, void *param)
{
	struct own *own = (struct own *)h;

	own->inits++;
	own->param = param;
	own->key = own->allocates ? malloc(100) : NULL;
	return own->refuse ? own->refuse : (handle_t)own->key;
}

static __u32 own_pick(handle_t h, void *key, const int mode)
{
	struct own *own = (struct own *)h;

	own->picks[mode] += key == own->key;
	return own->pos[mode];
}

static int own_poll(handle_t h, __u32 expect, __u32 *count)
{
	struct own *own = (struct own *)h;
	__u32 n = 0;
	int ret;

	own->polls++;
	if (own->poll_ret)
		return own->poll_ret;
	ret = wd_comp_poll_ctx(own->pos[CTX_MODE_ASYNC], expect, &n);
	*count += n;
	return ret == -WD_EAGAIN ? 0 : ret;
}

START_TEST(own_scheduler)
{
	struct own own = { .pos = { 0, 1 }, .allocates = _i };
	struct wd_sched sched = {
		.name = "the program's own",
		.sched_policy = SCHED_POLICY_BUTT + 3,
		.sched_init = own_init,
		.pick_next_ctx = own_pick,
		.poll_policy = own_poll,
		.h_sched_ctx = (handle_t)&own,
	};
	struct wd_comp_sess_setup setup = { .alg_type = WD_ZLIB };
	struct wd_comp_req req;
	struct rig rig;
	uint8_t out[100];
	int something;
	__u32 count = 0;
	handle_t sess;

	rig_make(&rig, 1, 1);
	ck_assert_int_eq(wd_comp_init(&rig.config, &sched), 0);
	memset(&sched, 0, sizeof(sched));
	setup.sched_param = &something;
	assert_all_ways(&setup);
	ck_assert_uint_eq(own.inits, 2);
	ck_assert_ptr_eq(own.param, &something);
	ck_assert_uint_gt(own.polls, 0);

	sess = wd_comp_alloc_sess(&setup);
	ck_assert_uint_ne(sess, 0);
	memset(own.picks, 0, sizeof(own.picks));
	req = new_req(WD_DIR_COMPRESS, "abc", 3, out, sizeof(out));
	assert_result(&req, 0, run_block(WAY_SYNC, sess, &req), 0);
	req = new_req(WD_DIR_COMPRESS, "abc", 3, out, sizeof(out));
	assert_result(&req, 0, run_block(WAY_ASYNC, sess, &req), 0);
	ck_assert_uint_eq(own.picks[CTX_MODE_SYNC], 1);
	ck_assert_uint_eq(own.picks[CTX_MODE_ASYNC], 1);

	/* Positions that are none, and one of the other mode. */
	for (int i = 0; i < 3; i++) {
		static const __u32 wrong[] = { 2, INVALID_POS, 0x80000000 };

		own.pos[CTX_MODE_SYNC] = own.pos[CTX_MODE_ASYNC] = wrong[i];
		req = new_req(WD_DIR_COMPRESS, "abc", 3, out, sizeof(out));
		assert_result(&req, -WD_EINVAL, run_block(WAY_SYNC, sess, &req), UNTOUCHED);
		assert_result(&req, -WD_EINVAL, run_block(WAY_ASYNC, sess, &req), UNTOUCHED);
		assert_result(&req, -WD_EINVAL, wd_do_comp_strm(sess, &req), UNTOUCHED);
	}
	own.pos[CTX_MODE_SYNC] = 1;
	own.pos[CTX_MODE_ASYNC] = 0;
	assert_result(&req, -WD_EINVAL, run_block(WAY_SYNC, sess, &req), UNTOUCHED);
	assert_result(&req, -WD_EINVAL, run_block(WAY_ASYNC, sess, &req), UNTOUCHED);
	own.pos[CTX_MODE_SYNC] = 0;
	own.pos[CTX_MODE_ASYNC] = 1;
	assert_result(&req, 0, run_block(WAY_ASYNC, sess, &req), 0);
	wd_comp_free_sess(sess);

	/* What its poll returns is what wd_comp_poll() returns. */
	own.poll_ret = -WD_EIO;
	ck_assert_int_eq(wd_comp_poll(1, &count), -WD_EIO);
	own.poll_ret = 0;
	/* It may refuse a session. */
	own.refuse = (handle_t)-WD_ENOMEM;
	own.allocates = false;
	errno = 0;
	ck_assert_uint_eq(wd_comp_alloc_sess(&setup), 0);
	ck_assert_int_eq(errno, ENOMEM);
	own.refuse = 0;
	rig_down(&rig);
}
END_TEST

/* Only one function is asked for. */
START_TEST(least_scheduler)
{
	struct own own = { .pos = { 0, 1 } };
	struct wd_sched sched = { .pick_next_ctx = own_pick, .h_sched_ctx = (handle_t)&own };
	__u32 count = 0;
	struct rig rig;

	rig_make(&rig, 1, 1);
	ck_assert_int_eq(wd_comp_init(&rig.config, &sched), 0);
	assert_works();
	ck_assert_int_eq(wd_comp_poll(1, &count), -WD_EINVAL);
	ck_assert_int_eq(wd_comp_poll_ctx(1, 1, &count), -WD_EAGAIN);
	rig_down(&rig);
}
END_TEST

/* The library's contexts under the program's scheduler. */
START_TEST(own_scheduler_for_env)
{
	struct own own = { .pos = { 0, 1 } };
	struct wd_sched sched = {
		.sched_init = own_init,
		.pick_next_ctx = own_pick,
		.poll_policy = own_poll,
		.h_sched_ctx = (handle_t)&own,
	};
	struct wd_comp_sess_setup setup = { .alg_type = WD_ZLIB };

	env("WD_COMP_CTX_NUM", "sync-comp:1@0,async-comp:1@0");
	ck_assert_int_eq(wd_comp_env_init(&sched), 0);
	assert_all_ways(&setup);
	ck_assert_uint_gt(own.polls, 0);
	wd_comp_env_uninit();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("comp_sched");
	TCase *tcase = add_case(suite, "built in");

	tcase_add_test(tcase, wrong_arguments);
	tcase_add_loop_test(tcase, several_nodes, 0, 4);
	tcase_add_test(tcase, by_device);
	tcase_add_test(tcase, in_turn);
	tcase_add_loop_test(tcase, single_and_none, 0, 2);
	tcase_add_loop_test(tcase, no_way_to_poll, 0, SCHED_POLICY_BUTT);

	tcase = add_case(suite, "own");
	tcase_add_loop_test(tcase, own_scheduler, 0, 2);
	tcase_add_test(tcase, least_scheduler);
	tcase_add_test(tcase, own_scheduler_for_env);
	return run_suite(suite);
}
