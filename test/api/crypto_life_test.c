/* SPDX-License-Identifier: MIT */
/*
 * The life of the symmetric classes: the ways to begin, keys that change, sessions that
 * go while requests are in flight, threads, resets and fork().
 */
#include <pthread.h>
#include <sched.h>

#include "crypto_oracle.h"

static uint8_t keys[2][16] = { "this is a key  .", "this is another " };
static uint8_t in[4096], out[4096], iv[16], want[2][4096];
static const struct alg *cbc;

static handle_t sess_with(int which)
{
	struct bytes k = { keys[which], 16 };

	return crypto_sess(cbc, &k, NULL);
}

static void set_up(void)
{
	struct bytes k = { keys[0], 16 };

	cbc = alg_named("cbc(aes)");
	data_fill(DATA_RANDOM, 1, in, sizeof(in));
	oracle_cipher(cbc, &k, iv, false, in, sizeof(in), want[0]);
	k.p = keys[1];
	oracle_cipher(cbc, &k, iv, false, in, sizeof(in), want[1]);
}

static struct wd_cipher_req req_to(void *dst, uint8_t *my_iv)
{
	memset(my_iv, 0, 16);
	return (struct wd_cipher_req){ .src = in, .dst = dst, .iv = my_iv, .in_bytes = sizeof(in),
				       .iv_bytes = 16, .out_buf_bytes = sizeof(in) };
}

/* 0, or what the library returned; 1: wrong bytes. */
static int encrypts(handle_t sess, bool async, int which)
{
	uint8_t my_out[sizeof(in)], my_iv[16];
	struct wd_cipher_req req = req_to(my_out, my_iv);
	int ret = run_cipher(async, sess, &req);

	return ret ? ret : memcmp(my_out, want[which], sizeof(my_out)) != 0;
}

/* ---- beginning and end ------------------------------------------------------------- */

static void assert_cipher_works(bool sync, bool async)
{
	handle_t sess = sess_with(0);

	if (sync)
		ck_assert_int_eq(encrypts(sess, false, 0), 0);
	if (async)
		ck_assert_int_eq(encrypts(sess, true, 0), 0);
	wd_cipher_free_sess(sess);
}

START_TEST(init2)
{
	struct wd_ctx_nums nums[2] = { { 1, 1 }, { 1, 0 } };
	struct wd_ctx_params params = { .op_type_num = 2, .ctx_set_num = nums };
	int left = free_ctxs();

	ck_assert_int_eq(wd_cipher_init2("cbc(nothing)", SCHED_POLICY_RR, TASK_MIX), -WD_EINVAL);
	ck_assert_int_eq(wd_cipher_init2("sha256", SCHED_POLICY_RR, TASK_MIX), -WD_EINVAL);
	ck_assert_int_eq(wd_digest_init2("cbc(aes)", SCHED_POLICY_RR, TASK_MIX), -WD_EINVAL);
	for (int i = 0; i < alg_count; i++) {
		const struct alg *alg = &algs[i];
		struct uacce_dev *dev = wd_get_accel_dev(alg->name);
		char class[ALG_NAME_SIZE];

		ck_assert_ptr_nonnull(dev);
		free(dev);
		ck_assert_int_eq(wd_get_alg_type(alg->name, class), 0);
		ck_assert_str_eq(class, alg->class == IS_CIPHER ? "cipher" :
				 alg->class == IS_DIGEST ? "digest" : "aead");
		if (alg->class == IS_CIPHER) {
			ck_assert_int_eq(wd_cipher_init2_(alg->name, SCHED_POLICY_RR, TASK_MIX,
							  &params), 0);
			ck_assert_int_eq(wd_cipher_init2(alg->name, 0, 0), -WD_EEXIST);
			ck_assert_int_eq(free_ctxs(), left - 3);
			wd_cipher_uninit2();
		} else if (alg->class == IS_DIGEST) {
			ck_assert_int_eq(wd_digest_init2(alg->name, TASK_MIX, SCHED_POLICY_RR), 0);
			wd_digest_uninit2();
		} else {
			ck_assert_int_eq(wd_aead_init2(alg->name, SCHED_POLICY_RR, TASK_MIX), 0);
			wd_aead_uninit2();
		}
	}
	ck_assert_int_eq(free_ctxs(), left);
	for (int policy = 0; policy < SCHED_POLICY_BUTT; policy++) {
		ck_assert_int_eq(wd_cipher_init2("cbc(aes)", (__u32)policy, TASK_MIX), 0);
		assert_cipher_works(true, true);
		wd_cipher_uninit2();
	}
	ck_assert_int_eq(free_ctxs(), left);
}
END_TEST

START_TEST(environment)
{
	uint8_t enabled;
	__u32 num;

	env("WD_CIPHER_CTX_NUM", "sync-encrypt:1@0,async:2@0");
	ck_assert_int_eq(wd_cipher_env_init(NULL), 0);
	ck_assert_int_eq(wd_cipher_get_env_param(0, CTX_TYPE_DECRYPT, CTX_MODE_ASYNC, &num,
						 &enabled), 0);
	ck_assert(num == 2 && !enabled);
	ck_assert_int_eq(wd_cipher_get_env_param(0, CTX_TYPE_DECRYPT, CTX_MODE_SYNC, &num,
						 &enabled), 0);
	ck_assert_uint_eq(num, 0);
	assert_cipher_works(true, true);
	wd_cipher_env_uninit();
	env("WD_DIGEST_CTX_NUM", "sync:1@0,nonsense");
	ck_assert_int_eq(wd_digest_env_init(NULL), -WD_EINVAL);
	env("WD_DIGEST_CTX_NUM", "sync-digest:1@0");
	ck_assert_int_eq(wd_digest_env_init(NULL), 0);
	wd_digest_env_uninit();
	ck_assert_int_eq(wd_aead_ctx_num_init(0, 1, 1, CTX_MODE_SYNC), 0);
	ck_assert_int_eq(wd_aead_ctx_num_init(0, 1, 1, CTX_MODE_SYNC), -WD_EEXIST);
	wd_aead_ctx_num_uninit();
	ck_assert_int_eq(wd_aead_ctx_num_init(0, 4, 1, CTX_MODE_SYNC), -WD_EINVAL);
}
END_TEST

static void *count_up(struct wd_cipher_req *req, void *param)
{
	(void)req;
	__atomic_fetch_add((unsigned int *)param, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

/* Threads of the library run the callbacks. */
START_TEST(polled_by_the_library)
{
	uint8_t my_iv[16];
	struct wd_cipher_req req = req_to(out, my_iv);
	unsigned int ended = 0;
	handle_t sess;

	env("WD_CIPHER_ASYNC_POLL_EN", "1");
	ck_assert_int_eq(wd_cipher_env_init(NULL), 0);
	sess = sess_with(0);
	req.cb = count_up;
	req.cb_param = &ended;
	ck_assert_int_eq(wd_do_cipher_async(sess, &req), 0);
	while (!__atomic_load_n(&ended, __ATOMIC_SEQ_CST))
		sched_yield();
	assert_bytes(out, want[0], sizeof(out), "wrong");
	wd_cipher_free_sess(sess);
	wd_cipher_env_uninit();
}
END_TEST

/* The program's own contexts and scheduler; sessions that it forgets. */
START_TEST(own_contexts)
{
	handle_t ctx[2], sess;
	struct wd_ctx ctxs[2];
	struct wd_ctx_config config = { .ctx_num = 2, .ctxs = ctxs };
	struct sched_params params = { .numa_id = 0 };
	struct wd_sched *sched = wd_sched_rr_alloc(SCHED_POLICY_RR, 2, 4, wd_cipher_poll_ctx);

	for (int i = 0; i < 2; i++) {
		ctx[i] = new_ctx();
		ctxs[i] = (struct wd_ctx){ ctx[i], CTX_TYPE_ENCRYPT, (__u8)i };
		params.mode = (__u8)i;
		params.begin = params.end = (__u32)i;
		ck_assert_int_eq(wd_sched_rr_instance(sched, &params), 0);
	}
	ck_assert_int_eq(wd_cipher_init(NULL, sched), -WD_EINVAL);
	ck_assert_int_eq(wd_cipher_init(&config, sched), 0);
	assert_cipher_works(true, true);
	sess = sess_with(0);
	ck_assert_int_eq(encrypts(sess, false, 0), 0);
	wd_cipher_uninit();
	ck_assert_int_eq(encrypts(sess, false, 0), -WD_EINVAL);
	wd_cipher_free_sess(sess);
	wd_sched_rr_release(sched);
	wd_release_ctx(ctx[0]);
	wd_release_ctx(ctx[1]);
}
END_TEST

/* A session outlives uninit2(), and can be used until it is freed. */
START_TEST(session_outlives_class)
{
	int left = free_ctxs();
	handle_t sess;

	crypto_start();
	sess = sess_with(0);
	crypto_finish();
	ck_assert_int_eq(encrypts(sess, false, 0), 0);
	ck_assert_int_eq(encrypts(sess, true, 0), 0);
	ck_assert_int_eq(wd_cipher_set_key(sess, keys[1], 16), 0);
	ck_assert_int_eq(encrypts(sess, false, 1), 0);
	ck_assert_int_lt(free_ctxs(), left);
	wd_cipher_free_sess(sess);
	ck_assert_int_eq(free_ctxs(), left);
}
END_TEST

/* ---- keys ------------------------------------------------------------------------------ */

#define FLIGHT	60

/* Requests keep the key that they were sent with. */
START_TEST(keys_change_in_flight)
{
	static uint8_t outs[FLIGHT][4096], ivs[FLIGHT][16];
	unsigned int ended = 0;
	handle_t sess;
	__u32 count = 0;

	env("WEFT_ENGINE_THREADS", _i ? "2" : "0");
	crypto_start();
	sess = sess_with(0);
	for (int i = 0; i < FLIGHT; i++) {
		struct wd_cipher_req req = req_to(outs[i], ivs[i]);

		req.cb = count_up;
		req.cb_param = &ended;
		ck_assert_int_eq(wd_cipher_set_key(sess, keys[i & 1], 16), 0);
		ck_assert_int_eq(wd_do_cipher_async(sess, &req), 0);
	}
	/* The session goes, too, before they end. */
	wd_cipher_free_sess(sess);
	while (count < FLIGHT)
		ck_assert_int_eq(wd_cipher_poll(FLIGHT - count, &count), 0);
	ck_assert_uint_eq(ended, FLIGHT);
	for (int i = 0; i < FLIGHT; i++)
		assert_bytes(outs[i], want[i & 1], sizeof(outs[i]), "request %d: wrong key", i);
	crypto_finish();
}
END_TEST

/* What a callback asks for is the report of its own request, however many end together. */
static struct {
	handle_t sess;
	unsigned int ended, wrong;
} reported;

static void *own_report(struct wd_cipher_req *req, void *param)
{
	struct weft_report r = { .size = sizeof(r) };

	(void)param;
	reported.wrong += weft_sess_report(reported.sess, &r) || r.in_bytes != req->in_bytes;
	reported.ended++;
	return NULL;
}

START_TEST(reports_of_a_burst)
{
	static uint8_t outs[FLIGHT][4096], ivs[FLIGHT][16];
	struct weft_report r = { .size = sizeof(r) };
	__u32 count = 0;

	env("WEFT_ENGINE_THREADS", _i ? "2" : "0");
	crypto_start();
	reported.sess = sess_with(0);
	reported.ended = reported.wrong = 0;	/* where cases share a process */
	for (int i = 0; i < FLIGHT; i++) {
		struct wd_cipher_req req = req_to(outs[i], ivs[i]);

		req.in_bytes = 16 * (__u32)(i + 1);
		req.cb = own_report;
		ck_assert_int_eq(wd_do_cipher_async(reported.sess, &req), 0);
	}
	while (count < FLIGHT)
		ck_assert_int_eq(wd_cipher_poll(FLIGHT - count, &count), 0);
	ck_assert_uint_eq(reported.ended, FLIGHT);
	ck_assert_uint_eq(reported.wrong, 0);
	ck_assert_int_eq(encrypts(reported.sess, false, 0), 0);
	ck_assert_int_eq(weft_sess_report(reported.sess, &r), 0);
	ck_assert_uint_eq(r.in_bytes, sizeof(in));
	wd_cipher_free_sess(reported.sess);
	crypto_finish();
}
END_TEST

/* A thousand times another key leaves nothing behind in the device. */
START_TEST(keys_change_often)
{
	handle_t sess;

	crypto_start();
	sess = sess_with(0);
	for (int i = 0; i < 1000; i++) {
		ck_assert_int_eq(wd_cipher_set_key(sess, keys[i & 1], 16), 0);
		ck_assert_int_eq(encrypts(sess, false, i & 1), 0);
	}
	wd_cipher_free_sess(sess);
	crypto_finish();
}
END_TEST

/* ---- threads ---------------------------------------------------------------------------- */

struct worker {
	pthread_t thread;
	handle_t sess;
	bool changes_key;
	int wrong;
};

static void *work(void *arg)
{
	struct worker *w = arg;

	for (int i = 0; i < (slow() ? 100 : 500); i++) {
		if (w->changes_key)
			w->wrong |= wd_cipher_set_key(w->sess, keys[0], 16);
		else
			w->wrong |= encrypts(w->sess, false, 0);
	}
	return NULL;
}

START_TEST(one_session_many_threads)
{
	struct worker workers[4];
	handle_t sess;

	env("WEFT_ENGINE_THREADS", _i ? "2" : "0");
	crypto_start();
	sess = sess_with(0);
	for (int i = 0; i < 4; i++) {
		workers[i] = (struct worker){ .sess = sess, .changes_key = i == 3 };
		pthread_create(&workers[i].thread, NULL, work, &workers[i]);
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(workers[i].thread, NULL);
		ck_assert_int_eq(workers[i].wrong, 0);
	}
	wd_cipher_free_sess(sess);
	crypto_finish();
}
END_TEST

/* ---- resets ------------------------------------------------------------------------------- */

/* The device forgets its sessions: a new object is opened, and only streams are lost. */
START_TEST(reset)
{
	const struct alg *sha = alg_named("sha256"), *gcm = alg_named("gcm(aes)");
	struct bytes k = { keys[0], 16 };
	struct wd_digest_req piece = { .in = in, .in_bytes = 64, .out = out, .out_bytes = 32,
				       .out_buf_bytes = 32, .has_next = WD_DIGEST_DOING };
	uint8_t mac[16], digest[32];
	struct wd_aead_req part = { .src = in, .dst = out, .mac = mac, .mac_bytes = 16, .iv = iv,
				    .iv_bytes = 12, .assoc_bytes = 16, .in_bytes = 64,
				    .msg_state = AEAD_MSG_FIRST };
	handle_t ctx = new_ctx(), c, d, a;

	crypto_start();
	c = sess_with(0);
	d = crypto_sess(sha, &k, NULL);
	a = crypto_sess(gcm, &k, NULL);
	ck_assert_int_eq(wd_aead_set_authsize(a, 16), 0);
	ck_assert_int_eq(encrypts(c, false, 0), 0);
	ck_assert_int_eq(wd_do_digest_sync(d, &piece), 0);
	ck_assert_int_eq(wd_do_aead_sync(a, &part), 0);
	ck_assert_int_eq(weft_ctx_reset(ctx), 0);
	ck_assert_int_eq(encrypts(c, false, 0), 0);
	ck_assert_int_eq(encrypts(c, true, 0), 0);
	/* The state of a digest is not in the device. */
	piece.has_next = WD_DIGEST_END;
	piece.in = in + 64;
	ck_assert_int_eq(wd_do_digest_sync(d, &piece), 0);
	oracle_digest(sha, &k, NULL, in, 128, digest);
	assert_bytes(out, digest, 32, "a digest across a reset");
	part.msg_state = AEAD_MSG_MIDDLE;
	ck_assert_int_lt(wd_do_aead_sync(a, &part), 0);
	ck_assert_int_eq(wd_do_aead_sync(a, &part), -WD_EINVAL);
	part.msg_state = AEAD_MSG_BLOCK;
	ck_assert_int_eq(wd_do_aead_sync(a, &part), 0);
	wd_cipher_free_sess(c);
	wd_digest_free_sess(d);
	wd_aead_free_sess(a);
	crypto_finish();
	wd_release_ctx(ctx);
}
END_TEST

/* ---- fork ----------------------------------------------------------------------------------- */

static int child(void *parents)
{
	handle_t theirs = *(handle_t *)parents, sess;
	struct wd_cipher_sess_setup setup = { .alg = WD_CIPHER_AES, .mode = WD_CIPHER_CBC };

	errno = 0;
	expect(!wd_cipher_alloc_sess(&setup) && errno == EINVAL);
	expect(encrypts(theirs, false, 0) == -WD_EINVAL);
	expect(!wd_cipher_init2("cbc(aes)", SCHED_POLICY_RR, TASK_MIX));
	expect(encrypts(theirs, false, 0) == -WD_EINVAL);
	sess = wd_cipher_alloc_sess(&setup);
	expect(sess && !wd_cipher_set_key(sess, keys[1], 16));
	expect(!encrypts(sess, false, 1));
	wd_cipher_free_sess(theirs);
	expect(!encrypts(sess, false, 1));
	wd_cipher_free_sess(sess);
	wd_cipher_uninit2();
	return 0;
}

START_TEST(forked_child)
{
	handle_t sess;

	env("WEFT_ENGINE_THREADS", _i ? "2" : "0");
	crypto_start();
	sess = sess_with(0);
	ck_assert_int_eq(encrypts(sess, false, 0), 0);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(in_child(child, &sess), 0);
		ck_assert_int_eq(encrypts(sess, false, 0), 0);
		ck_assert_int_eq(encrypts(sess, true, 0), 0);
	}
	wd_cipher_free_sess(sess);
	crypto_finish();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("life of the symmetric classes");
	TCase *tcase = add_case(suite, "beginning and end");

	tcase_add_checked_fixture(tcase, set_up, NULL);
	tcase_add_test(tcase, init2);
	tcase_add_test(tcase, environment);
	tcase_add_test(tcase, polled_by_the_library);
	tcase_add_test(tcase, own_contexts);
	tcase_add_test(tcase, session_outlives_class);
	tcase = add_case(suite, "keys and threads");
	tcase_add_checked_fixture(tcase, set_up, NULL);
	tcase_add_loop_test(tcase, keys_change_in_flight, 0, 2);
	tcase_add_loop_test(tcase, reports_of_a_burst, 0, 2);
	tcase_add_test(tcase, keys_change_often);
	tcase_add_loop_test(tcase, one_session_many_threads, 0, 2);
	tcase = add_case(suite, "resets and forks");
	tcase_add_checked_fixture(tcase, set_up, NULL);
	tcase_add_test(tcase, reset);
	tcase_add_loop_test(tcase, forked_child, 0, 2);
	return run_suite(suite);
}
