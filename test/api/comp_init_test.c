/* SPDX-License-Identifier: MIT */
/* The class's beginnings and ends, where its contexts come from, and its schedulers. */
#include <semaphore.h>

#include "common.h"

static int init2(__u32 policy, struct wd_ctx_params *params)
{
	return wd_comp_init2_("zlib", policy, TASK_MIX, params);
}

/* ---- init2 ------------------------------------------------------------------- */

START_TEST(twice)
{
	int left = free_ctxs();

	wd_comp_uninit2();
	ck_assert_int_eq(wd_comp_init2("zlib", SCHED_POLICY_RR, TASK_MIX), 0);
	ck_assert_int_lt(free_ctxs(), left);
	ck_assert_int_eq(wd_comp_init2("gzip", SCHED_POLICY_RR, TASK_MIX), -WD_EEXIST);
	ck_assert_int_eq(wd_comp_env_init(NULL), -WD_EEXIST);
	ck_assert_int_eq(wd_comp_ctx_num_init(0, WD_DIR_COMPRESS, 1, CTX_MODE_SYNC), -WD_EEXIST);
	assert_works();
	/* The end of another way of beginning is not its end. */
	wd_comp_uninit();
	wd_comp_env_uninit();
	wd_comp_ctx_num_uninit();
	assert_works();
	wd_comp_uninit2();
	wd_comp_uninit2();
	ck_assert_int_eq(free_ctxs(), left);
	for (int i = 0; i < 5; i++) {
		ck_assert_int_eq(wd_comp_init2("deflate", 0, 0), 0);
		assert_works();
		wd_comp_uninit2();
	}
	ck_assert_int_eq(free_ctxs(), left);
}
END_TEST

static const struct {
	const char *alg;
	__u32 policy;
	int task;
} wrong_init2[] = {
	{ NULL, SCHED_POLICY_RR, TASK_MIX },
	{ "", SCHED_POLICY_RR, TASK_MIX },
	{ "lz4", SCHED_POLICY_RR, TASK_MIX },
	{ "lz77_zstd", SCHED_POLICY_RR, TASK_MIX },
	{ "cbc(aes)", SCHED_POLICY_RR, TASK_MIX },
	{ "zlib ", SCHED_POLICY_RR, TASK_MIX },
	{ "zlib", SCHED_POLICY_BUTT, TASK_MIX },
	{ "zlib", 0xffffffff, TASK_MIX },
	{ "zlib", SCHED_POLICY_RR, TASK_MAX_TYPE },
	{ "zlib", SCHED_POLICY_RR, -1 },
};

START_TEST(wrong_arguments)
{
	ck_assert_int_eq(wd_comp_init2(wrong_init2[_i].alg, wrong_init2[_i].policy,
				       wrong_init2[_i].task), -WD_EINVAL);
	start();
	assert_works();
	finish();
}
END_TEST

START_TEST(each_policy)
{
	int left = free_ctxs();
	handle_t c, d;

	ck_assert_int_eq(init2((__u32)_i, NULL), 0);
	assert_works();
	c = new_sess(WD_GZIP, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	d = new_sess(WD_GZIP, WD_DIR_DECOMPRESS, 0, 0);
	for (int way = 0; way < WAYS; way++)
		assert_good((enum way)way, WD_GZIP, c, d);
	wd_comp_free_sess(c);
	wd_comp_free_sess(d);
	finish();
	ck_assert_int_eq(free_ctxs(), left);
}
END_TEST

START_TEST(task_types)
{
	static const int types[] = { TASK_MIX, TASK_HW };

	ck_assert_int_eq(wd_comp_init2("gzip", SCHED_POLICY_RR, types[_i]), 0);
	assert_works();
	finish();
}
END_TEST

/* uninit2 never takes the floor from under a session that lives. */
START_TEST(sessions_outlive_it)
{
	struct wd_comp_sess_setup setup = { .alg_type = WD_ZLIB, .op_type = WD_DIR_COMPRESS };
	int left = free_ctxs();
	handle_t c, d;

	start();
	c = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	d = new_sess(WD_ZLIB, WD_DIR_DECOMPRESS, 0, 0);
	finish();
	for (int way = 0; way < WAYS; way++)
		assert_good((enum way)way, WD_ZLIB, c, d);
	ck_assert_uint_eq(wd_comp_alloc_sess(&setup), 0);
	ck_assert_int_eq(errno, EINVAL);
	finish();
	assert_good(WAY_SYNC, WD_ZLIB, c, d);

	/* And it may begin again meanwhile. */
	start();
	assert_works();
	assert_good(WAY_SYNC, WD_ZLIB, c, d);
	finish();
	wd_comp_free_sess(c);
	ck_assert_int_lt(free_ctxs(), left);
	wd_comp_free_sess(d);
	ck_assert_int_eq(free_ctxs(), left);
	ck_assert_uint_eq(wd_comp_alloc_sess(&setup), 0);
}
END_TEST

/* Only who began it in that way can take up again what sessions still hold. */
START_TEST(begun_in_another_way)
{
	int left = free_ctxs();
	struct rig rig;
	handle_t c, d;

	rig_make(&rig, 1, 1);
	start();
	c = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	d = new_sess(WD_ZLIB, WD_DIR_DECOMPRESS, 0, 0);
	finish();
	ck_assert_int_eq(wd_comp_init(&rig.config, rig.sched), -WD_EBUSY);
	ck_assert_int_eq(wd_comp_env_init(NULL), -WD_EBUSY);
	ck_assert_int_eq(wd_comp_ctx_num_init(0, 0, 1, CTX_MODE_SYNC), -WD_EBUSY);
	assert_good(WAY_ASYNC, WD_ZLIB, c, d);
	wd_comp_free_sess(c);
	wd_comp_free_sess(d);
	ck_assert_int_eq(wd_comp_env_init(NULL), 0);
	c = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	d = new_sess(WD_ZLIB, WD_DIR_DECOMPRESS, 0, 0);
	wd_comp_env_uninit();
	assert_good(WAY_ASYNC, WD_ZLIB, c, d);
	ck_assert_int_eq(wd_comp_env_init(NULL), -WD_EBUSY);
	ck_assert_int_eq(wd_comp_init2("zlib", SCHED_POLICY_RR, TASK_MIX), -WD_EBUSY);
	wd_comp_free_sess(c);
	wd_comp_free_sess(d);
	ck_assert_int_eq(wd_comp_init(&rig.config, rig.sched), 0);
	assert_works();
	rig_down(&rig);
	ck_assert_int_eq(free_ctxs(), left);
}
END_TEST

static struct wd_ctx_nums nums[WD_DIR_MAX];

START_TEST(context_parameters)
{
	struct wd_ctx_params params = { .op_type_num = WD_DIR_MAX, .ctx_set_num = nums };
	struct uacce_dev_list *list = wd_get_accel_list("zlib");
	struct bitmask *mask = wd_create_device_nodemask(list);
	int left = free_ctxs();

	for (int i = 0; i < WD_DIR_MAX; i++)
		nums[i] = (struct wd_ctx_nums){ .sync_ctx_num = 3, .async_ctx_num = 1 };
	ck_assert_int_eq(init2(SCHED_POLICY_RR, &params), 0);
	ck_assert_int_eq(free_ctxs(), left - 8);
	assert_works();
	finish();
	/* With the nodes that have devices. */
	params.bmp = WD_IS_ERR(mask) ? NULL : mask;
	ck_assert_int_eq(init2(SCHED_POLICY_RR, &params), 0);
	ck_assert_int_eq(free_ctxs(), left - 8);
	assert_works();
	finish();
	/* Not a word about numbers is as good as no parameters. */
	memset(&params, 0, sizeof(params));
	ck_assert_int_eq(init2(SCHED_POLICY_RR, &params), 0);
	assert_works();
	finish();
	wd_free_device_nodemask(mask);
	wd_free_list_accels(list);

	params.op_type_num = WD_DIR_MAX;
	ck_assert_int_eq(init2(SCHED_POLICY_RR, &params), -WD_EINVAL);
	params.op_type_num = WD_DIR_MAX + 1;
	params.ctx_set_num = nums;
	ck_assert_int_eq(init2(SCHED_POLICY_RR, &params), -WD_EINVAL);
	memset(nums, 0, sizeof(nums));
	params.op_type_num = WD_DIR_MAX;
	ck_assert_int_eq(init2(SCHED_POLICY_RR, &params), -WD_EINVAL);
	nums[0].sync_ctx_num = 0xffffffff;
	ck_assert_int_eq(init2(SCHED_POLICY_RR, &params), -WD_EINVAL);
	ck_assert_int_eq(free_ctxs(), left);
	start();
	assert_works();
	finish();
}
END_TEST

START_TEST(not_enough_contexts)
{
	env("WEFT_CTX_MAX", "5");
	ck_assert_int_eq(free_ctxs(), 5);
	/* Two of each mode for each direction are eight. */
	ck_assert_int_eq(init2(SCHED_POLICY_RR, NULL), -WD_EBUSY);
	ck_assert_int_eq(free_ctxs(), 5);
	env("WD_COMP_CTX_NUM", "sync:1@0,async:1@0");
	ck_assert_int_eq(init2(SCHED_POLICY_RR, NULL), 0);
	ck_assert_int_eq(free_ctxs(), 1);
	assert_works();
	finish();
}
END_TEST

static void *count_ended(struct wd_comp_req *req, void *param)
{
	unsigned int *ended = param;

	if (!req->status)
		++*ended;
	return NULL;
}

/* How many asynchronous requests a context takes while nobody polls. */
static unsigned int capacity(void)
{
	static uint8_t out[2000][64];
	struct wd_comp_req req;
	unsigned int sent = 0, ended = 0;
	handle_t sess = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	__u32 count = 0;
	int ret;

	do {
		req = new_req(WD_DIR_COMPRESS, "a few bytes", 11, out[sent], sizeof(out[0]));
		req.cb = count_ended;
		req.cb_param = &ended;
		ret = wd_do_comp_async(sess, &req);
		sent += !ret;
	} while (!ret && sent < 2000);
	ck_assert_int_eq(ret, -WD_EBUSY);
	while (ended < sent)
		ck_assert_int_eq(wd_comp_poll(sent, &count), 0);
	ck_assert_uint_eq(count, sent);
	wd_comp_free_sess(sess);
	return sent;
}

static const struct {
	__u32 limit;
	unsigned int taken;
} limits[] = { { 1, 1 }, { 7, 7 }, { 64, 64 }, { 1024, 1024 }, { 0, 1024 }, { 5000, 1024 } };

START_TEST(message_limit)
{
	struct wd_cap_config cap = { .ctx_msg_num = limits[_i].limit };
	struct wd_ctx_params params = { .cap = &cap };
	struct rig rig;

	env("WEFT_ENGINE_THREADS", "0");
	ck_assert_int_eq(init2(SCHED_POLICY_RR, &params), 0);
	ck_assert_uint_eq(capacity(), limits[_i].taken);
	assert_works();
	finish();

	rig_make(&rig, 1, 1);
	rig.cap.ctx_msg_num = limits[_i].limit;
	ck_assert_int_eq(wd_comp_init(&rig.config, rig.sched), 0);
	ck_assert_uint_eq(capacity(), limits[_i].taken);
	assert_works();
	wd_comp_uninit();
	/* The limit was the class's, not the contexts'. */
	rig.config.cap = NULL;
	ck_assert_int_eq(wd_comp_init(&rig.config, rig.sched), 0);
	ck_assert_uint_eq(capacity(), 1024);
	rig_down(&rig);
}
END_TEST

/* ---- init ---------------------------------------------------------------------- */

START_TEST(own_contexts)
{
	static const uint64_t zeroes[256];
	struct wd_sched no_pick;
	struct rig rig;

	rig_make(&rig, 1, 1);
	ck_assert_int_eq(wd_comp_init(NULL, rig.sched), -WD_EINVAL);
	ck_assert_int_eq(wd_comp_init(&rig.config, NULL), -WD_EINVAL);
	no_pick = *rig.sched;
	no_pick.pick_next_ctx = NULL;
	ck_assert_int_eq(wd_comp_init(&rig.config, &no_pick), -WD_EINVAL);
	rig.config.ctxs = NULL;
	ck_assert_int_eq(wd_comp_init(&rig.config, rig.sched), -WD_EINVAL);
	rig.config.ctxs = rig.ctxs;
	rig.config.ctx_num = 0;
	ck_assert_int_eq(wd_comp_init(&rig.config, rig.sched), -WD_EINVAL);
	rig.config.ctx_num = 3;		/* the third one is no context */
	ck_assert_int_eq(wd_comp_init(&rig.config, rig.sched), -WD_EINVAL);
	rig.ctxs[2].ctx = (handle_t)zeroes;
	ck_assert_int_eq(wd_comp_init(&rig.config, rig.sched), -WD_EINVAL);
	rig.config.ctx_num = 2;
	rig.ctxs[1].ctx_mode = CTX_MODE_MAX;
	ck_assert_int_eq(wd_comp_init(&rig.config, rig.sched), -WD_EINVAL);
	rig.ctxs[1].ctx_mode = CTX_MODE_ASYNC;
	rig.ctxs[1].op_type = WD_DIR_MAX;
	ck_assert_int_eq(wd_comp_init(&rig.config, rig.sched), -WD_EINVAL);
	rig.ctxs[1].op_type = WD_DIR_DECOMPRESS;

	rig.config.cap = NULL;
	ck_assert_int_eq(wd_comp_init(&rig.config, rig.sched), 0);
	ck_assert_int_eq(wd_comp_init(&rig.config, rig.sched), -WD_EEXIST);
	ck_assert_int_eq(wd_comp_init2("zlib", 0, 0), -WD_EEXIST);
	/* The structs have been copied. */
	rig.config.ctxs = NULL;
	rig.config.ctx_num = 0;
	assert_works();
	wd_comp_uninit2();
	wd_comp_env_uninit();
	assert_works();
	wd_comp_uninit();
	wd_comp_uninit();
	rig.config.ctxs = rig.ctxs;
	rig.config.ctx_num = 2;
	ck_assert_int_eq(wd_comp_init(&rig.config, rig.sched), 0);
	assert_works();
	rig_down(&rig);
}
END_TEST

/* The contexts are the program's again: sessions that still live are refused. */
START_TEST(sessions_without_contexts)
{
	uint8_t out[100];
	struct wd_comp_req req;
	struct rig rig;
	handle_t c, fresh;

	rig_up(&rig, 1, 1);
	c = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	req = new_req(WD_DIR_COMPRESS, "abc", 3, out, sizeof(out));
	assert_result(&req, 0, wd_do_comp_strm(c, &req), 0);
	wd_comp_uninit();
	req = new_req(WD_DIR_COMPRESS, "abc", 3, out, sizeof(out));
	assert_result(&req, -WD_EINVAL, wd_do_comp_sync(c, &req), UNTOUCHED);
	assert_result(&req, -WD_EINVAL, wd_do_comp_strm(c, &req), UNTOUCHED);
	/* Another beginning is not theirs. */
	ck_assert_int_eq(wd_comp_init(&rig.config, rig.sched), 0);
	assert_result(&req, -WD_EINVAL, wd_do_comp_sync(c, &req), UNTOUCHED);
	fresh = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	assert_result(&req, 0, wd_do_comp_sync(fresh, &req), 0);
	wd_comp_free_sess(c);
	wd_comp_free_sess(fresh);
	assert_works();
	rig_down(&rig);
}
END_TEST

/* ---- the environment ------------------------------------------------------------- */

static const struct {
	const char *text;
	int contexts;		/* -1: refused */
} formats[] = {
	{ "sync:2@0,async:2@0", 8 },
	{ "sync-comp:1@0,async-decomp:1@0", 2 },
	{ "sync:1@0", 2 },
	{ "async-comp:5@0", 5 },
	{ "sync:1@0,sync:2@0", 6 },
	{ "sync:1@0,async:1@1", 4 },
	{ "sync:1@0,", 2 },
	{ "sync:0@0,async-comp:1@0", 1 },
	{ "", 8 },
	{ "sync", -1 },
	{ "sync:", -1 },
	{ "sync:2", -1 },
	{ "sync:2@", -1 },
	{ "sync:@0", -1 },
	{ "sync:2@0x", -1 },
	{ "sync:-2@0", -1 },
	{ "sync:2@-1", -1 },
	{ "sync:2@0;async:2@0", -1 },
	{ "sink:2@0", -1 },
	{ "sync-comp-decomp:2@0", -1 },
	{ "sync-encrypt:2@0", -1 },
	{ "sync-:2@0", -1 },
	{ ":2@0", -1 },
	{ ",", -1 },
	{ "sync:0@0", -1 },
	{ "sync:99999999999999999999@0", -1 },
	{ "sync:4294967297@0", -1 },
	{ "2", -1 },
};

START_TEST(context_numbers)
{
	struct wd_ctx_params params = { .op_type_num = 1, .ctx_set_num = nums };
	int left = free_ctxs(), want = formats[_i].contexts;

	env("WD_COMP_CTX_NUM", formats[_i].text);
	ck_assert_int_eq(wd_comp_env_init(NULL), want < 0 ? -WD_EINVAL : 0);
	ck_assert_int_eq(free_ctxs(), want < 0 ? left : left - want);
	wd_comp_env_uninit();
	wd_comp_env_uninit();
	ck_assert_int_eq(free_ctxs(), left);

	/* The variable overrules the parameters. */
	nums[0] = (struct wd_ctx_nums){ .sync_ctx_num = 7, .async_ctx_num = 4 };
	if (!*formats[_i].text)
		want = 11;
	ck_assert_int_eq(init2(SCHED_POLICY_RR, &params), want < 0 ? -WD_EINVAL : 0);
	ck_assert_int_eq(free_ctxs(), want < 0 ? left : left - want);
	finish();
	env("WD_COMP_CTX_NUM", NULL);
	start();
	assert_works();
	finish();
}
END_TEST

START_TEST(one_kind_of_context)
{
	int left = free_ctxs();
	__u32 num = 77;
	__u8 enabled = 77;
	handle_t sess;
	uint8_t out[100];
	struct wd_comp_req req;

	ck_assert_int_eq(wd_comp_ctx_num_init(0, WD_DIR_MAX, 1, CTX_MODE_SYNC), -WD_EINVAL);
	ck_assert_int_eq(wd_comp_ctx_num_init(0, 0, 0, CTX_MODE_SYNC), -WD_EINVAL);
	ck_assert_int_eq(wd_comp_ctx_num_init(0, 0, 1, CTX_MODE_MAX), -WD_EINVAL);
	ck_assert_int_eq(wd_comp_get_env_param(0, 0, 0, &num, &enabled), -WD_EINVAL);
	ck_assert_int_eq(wd_comp_ctx_num_init(0, WD_DIR_COMPRESS, 3, CTX_MODE_SYNC), 0);
	ck_assert_int_eq(wd_comp_ctx_num_init(0, WD_DIR_COMPRESS, 3, CTX_MODE_SYNC), -WD_EEXIST);
	ck_assert_int_eq(free_ctxs(), left - 3);

	ck_assert_int_eq(wd_comp_get_env_param(0, WD_DIR_MAX, 0, &num, &enabled), -WD_EINVAL);
	ck_assert_int_eq(wd_comp_get_env_param(0, 0, CTX_MODE_MAX, &num, &enabled), -WD_EINVAL);
	ck_assert_int_eq(wd_comp_get_env_param(0, 0, 0, NULL, &enabled), -WD_EINVAL);
	ck_assert_int_eq(wd_comp_get_env_param(0, 0, 0, &num, NULL), -WD_EINVAL);
	ck_assert_uint_eq(num, 77);
	ck_assert_uint_eq(enabled, 77);
	ck_assert_int_eq(wd_comp_get_env_param(0, WD_DIR_COMPRESS, CTX_MODE_SYNC, &num, &enabled),
			 0);
	ck_assert_uint_eq(num, 3);
	ck_assert_uint_eq(enabled, 0);
	ck_assert_int_eq(wd_comp_get_env_param(0, WD_DIR_DECOMPRESS, CTX_MODE_SYNC, &num,
					       &enabled), 0);
	ck_assert_uint_eq(num, 0);

	sess = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	req = new_req(WD_DIR_COMPRESS, "abc", 3, out, sizeof(out));
	assert_result(&req, 0, wd_do_comp_sync(sess, &req), 0);
	/* There is no asynchronous context. */
	req = new_req(WD_DIR_COMPRESS, "abc", 3, out, sizeof(out));
	req.cb = count_ended;
	assert_result(&req, -WD_EINVAL, wd_do_comp_async(sess, &req), UNTOUCHED);
	wd_comp_free_sess(sess);
	wd_comp_ctx_num_uninit();
	ck_assert_int_eq(wd_comp_get_env_param(0, 0, 0, &num, &enabled), -WD_EINVAL);
	ck_assert_int_eq(free_ctxs(), left);
}
END_TEST

/* Sleeping at once instead of spinning first. */
START_TEST(epoll)
{
	env("WD_COMP_EPOLL_EN", "1");
	env("WEFT_ENGINE_THREADS", _i & 1 ? "1" : "0");
	env("WEFT_INLINE", _i & 2 ? "1" : "0");
	ck_assert_int_eq(wd_comp_env_init(NULL), 0);
	for (int i = 0; i < 20; i++)
		assert_works();
	wd_comp_env_uninit();
}
END_TEST

struct wait {
	sem_t done;
	unsigned int good;
};

static void *wake(struct wd_comp_req *req, void *param)
{
	struct wait *w = param;

	if (!req->status)
		__atomic_fetch_add(&w->good, 1, __ATOMIC_RELAXED);
	sem_post(&w->done);
	return NULL;
}

/* Threads of the library run the callbacks; nobody else polls. */
START_TEST(library_polls)
{
	enum { COUNT = 200 };
	static uint8_t out[COUNT][200];
	struct wait w = { .good = 0 };
	unsigned int fds;
	handle_t sess;
	__u32 num;
	__u8 enabled;

	env("WEFT_ENGINE_THREADS", "2");
	env("WD_COMP_ASYNC_POLL_EN", "1");
	env("WD_COMP_ASYNC_POLL_NUM", _i ? "3" : "1");
	wd_release_ctx(new_ctx());
	fds = open_fds();
	sem_init(&w.done, 0, 0);
	ck_assert_int_eq(wd_comp_env_init(NULL), 0);
	ck_assert_int_eq(wd_comp_get_env_param(0, WD_DIR_COMPRESS, CTX_MODE_ASYNC, &num, &enabled),
			 0);
	ck_assert_uint_eq(enabled, 1);
	ck_assert_uint_eq(num, 2);
	for (int s = 0; s < 4; s++) {
		sess = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
		for (int i = s; i < COUNT; i += 4) {
			struct wd_comp_req req = new_req(WD_DIR_COMPRESS, "a few bytes", 11, out[i],
							 sizeof(out[0]));
			req.cb = wake;
			req.cb_param = &w;
			ck_assert_int_eq(wd_do_comp_async(sess, &req), 0);
			/* One by one, too, so that the threads fall asleep in between. */
			if (s == 3)
				sem_wait(&w.done);
		}
		wd_comp_free_sess(sess);
	}
	for (int i = 0; i < COUNT * 3 / 4; i++)
		sem_wait(&w.done);
	wd_comp_env_uninit();
	sem_destroy(&w.done);
	ck_assert_uint_eq(w.good, COUNT);
	ck_assert_uint_eq(open_fds(), fds);
}
END_TEST

/* Without engine threads nobody would wake them: that is an error, and leaves nothing. */
START_TEST(nobody_to_wake_the_pollers)
{
	int left = free_ctxs();

	env("WEFT_ENGINE_THREADS", "0");
	env("WD_COMP_ASYNC_POLL_EN", "1");
	ck_assert_int_eq(wd_comp_env_init(NULL), -EOPNOTSUPP);
	ck_assert_int_eq(free_ctxs(), left);
	start();
	assert_works();
	finish();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("comp_init");
	TCase *tcase = add_case(suite, "init2");

	tcase_add_test(tcase, twice);
	tcase_add_loop_test(tcase, wrong_arguments, 0, ARRAY_SIZE(wrong_init2));
	tcase_add_loop_test(tcase, each_policy, 0, SCHED_POLICY_BUTT);
	tcase_add_loop_test(tcase, task_types, 0, 2);
	tcase_add_test(tcase, sessions_outlive_it);
	tcase_add_test(tcase, begun_in_another_way);
	tcase_add_test(tcase, context_parameters);
	tcase_add_test(tcase, not_enough_contexts);
	tcase_add_loop_test(tcase, message_limit, 0, ARRAY_SIZE(limits));

	tcase = add_case(suite, "init");
	tcase_add_test(tcase, own_contexts);
	tcase_add_test(tcase, sessions_without_contexts);

	tcase = add_case(suite, "environment");
	tcase_add_loop_test(tcase, context_numbers, 0, ARRAY_SIZE(formats));
	tcase_add_test(tcase, one_kind_of_context);
	tcase_add_loop_test(tcase, epoll, 0, 4);
	tcase_add_loop_test(tcase, library_polls, 0, 2);
	tcase_add_test(tcase, nobody_to_wake_the_pollers);
	return run_suite(suite);
}
