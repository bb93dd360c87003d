/* SPDX-License-Identifier: MIT */
/*
 * rsa, dh and ecc as classes: their ways to begin, many sessions and threads, sessions
 * that end before their requests, resets, forks, and memory that is bad.
 */
#include "pk.h"

#include <pthread.h>
#include <sched.h>
#include <unistd.h>
#include <weft/fault.h>
#include <weft/inject.h>
#include <weft/weft.h>

/* ---- something that works ------------------------------------------------------------- */

#define D	"C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721"
#define PUB_X	"60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"

static handle_t p256(void)
{
	struct num d;
	handle_t sess = ecc_sess("ecdh", &curves[8], true);

	ecc_set_private(sess, num_hex(&d, D));
	return sess;
}

/* 0 if the public key of D comes out. */
static int public_key_works(int mode, handle_t sess)
{
	struct wd_ecc_out *out = wd_ecxdh_new_out(sess);
	struct wd_ecc_req req = ecc_req(WD_ECXDH_GEN_KEY, NULL, out);
	struct wd_ecc_point *point = NULL;
	struct num want;
	int ret;

	if (!out)
		return -1;
	ret = pk_ecc(mode, sess, &req);
	wd_ecxdh_get_out_params(out, &point);
	if (!ret)
		ret = memcmp(point->x.data, num_hex(&want, PUB_X)->data, 32);
	wd_ecc_del_out(sess, out);
	return ret;
}

static void assert_curve_works(int mode)
{
	handle_t sess = p256();

	ck_assert_int_eq(public_key_works(mode, sess), 0);
	wd_ecc_free_sess(sess);
}

/* ---- beginnings ------------------------------------------------------------------------ */

START_TEST(init2_names)
{
	static const struct {
		const char *alg;
		int rsa, dh, ecc;
	} rows[] = {
		{ "rsa", 0, -WD_EINVAL, -WD_EINVAL },
		{ "dh", -WD_EINVAL, 0, -WD_EINVAL },
		{ "ecdh", -WD_EINVAL, -WD_EINVAL, 0 },
		{ "ecdsa", -WD_EINVAL, -WD_EINVAL, 0 },
		{ "sm2", -WD_EINVAL, -WD_EINVAL, 0 },
		{ "x25519", -WD_EINVAL, -WD_EINVAL, 0 },
		{ "x448", -WD_EINVAL, -WD_EINVAL, 0 },
		{ "zlib", -WD_EINVAL, -WD_EINVAL, -WD_EINVAL },
		{ "", -WD_EINVAL, -WD_EINVAL, -WD_EINVAL },
	};
	struct uacce_dev_list *list;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		ck_assert_int_eq(wd_rsa_init2(rows[i].alg, SCHED_POLICY_RR, TASK_MIX), rows[i].rsa);
		ck_assert_int_eq(wd_dh_init2(rows[i].alg, SCHED_POLICY_RR, TASK_MIX), rows[i].dh);
		ck_assert_int_eq(wd_ecc_init2(rows[i].alg, SCHED_POLICY_RR, TASK_MIX), rows[i].ecc);
		if (!rows[i].ecc) {
			ck_assert_int_eq(wd_ecc_init2("sm2", SCHED_POLICY_RR, TASK_MIX), -WD_EEXIST);
			assert_curve_works(PK_SYNC_THREADS);
		}
		pk_finish();
		list = wd_get_accel_list(rows[i].alg);
		ck_assert_int_eq(list != NULL, !rows[i].rsa || !rows[i].dh || !rows[i].ecc ||
				 !strcmp(rows[i].alg, "zlib"));
		wd_free_list_accels(list);
	}
}
END_TEST

START_TEST(env_and_ctx_num)
{
	__u8 enable = 9;
	__u32 num = 9;

	env("WD_ECC_CTX_NUM", "sync:1@0,async:2@0");
	ck_assert_int_eq(wd_ecc_env_init(NULL), 0);
	ck_assert_int_eq(wd_ecc_get_env_param(0, 0, CTX_MODE_ASYNC, &num, &enable), 0);
	ck_assert_uint_eq(num, 2);
	assert_curve_works(PK_SYNC_THREADS);
	assert_curve_works(PK_ASYNC_THREADS);
	wd_ecc_env_uninit();
	env("WD_ECC_CTX_NUM", "sync-ecc:1@0");
	ck_assert_int_eq(wd_ecc_env_init(NULL), 0);
	assert_curve_works(PK_SYNC_THREADS);
	wd_ecc_env_uninit();
	env("WD_ECC_CTX_NUM", "sync-sign:1@0");
	ck_assert_int_eq(wd_ecc_env_init(NULL), -WD_EINVAL);
	ck_assert_int_eq(wd_ecc_ctx_num_init(0, 0, 1, CTX_MODE_SYNC), 0);
	assert_curve_works(PK_SYNC_THREADS);
	wd_ecc_ctx_num_uninit();
	ck_assert_int_eq(wd_rsa_env_init(NULL), 0);
	ck_assert_int_eq(wd_rsa_get_env_param(0, 0, CTX_MODE_SYNC, &num, &enable), 0);
	wd_rsa_env_uninit();
	ck_assert_int_eq(wd_dh_ctx_num_init(0, 0, 2, CTX_MODE_SYNC), 0);
	ck_assert_int_eq(wd_dh_get_env_param(0, 0, CTX_MODE_SYNC, &num, &enable), 0);
	ck_assert_uint_eq(num, 2);
	wd_dh_ctx_num_uninit();
}
END_TEST

/* The program's contexts and scheduler, with whatever operation it writes at them. */
START_TEST(init_of_the_programs)
{
	struct sched_params param = { .numa_id = 0, .type = 0, .mode = CTX_MODE_SYNC };
	struct wd_ctx ctxs[2] = {
		{ .ctx = new_ctx(), .op_type = WD_ECDSA_SIGN, .ctx_mode = CTX_MODE_SYNC },
		{ .ctx = new_ctx(), .op_type = 0, .ctx_mode = CTX_MODE_ASYNC },
	};
	struct wd_ctx_config config = { .ctx_num = 2, .ctxs = ctxs };
	struct wd_sched *sched = wd_sched_rr_alloc(SCHED_POLICY_RR, 1, 1, wd_ecc_poll_ctx);

	ck_assert_int_eq(wd_sched_rr_instance(sched, &param), 0);
	param.mode = CTX_MODE_ASYNC;
	param.begin = param.end = 1;
	ck_assert_int_eq(wd_sched_rr_instance(sched, &param), 0);
	ck_assert_int_eq(wd_ecc_init(&config, sched), 0);
	ck_assert_int_eq(wd_ecc_init(&config, sched), -WD_EEXIST);
	assert_curve_works(PK_SYNC_THREADS);
	assert_curve_works(PK_ASYNC_THREADS);
	wd_ecc_uninit();
	wd_release_ctx(ctxs[0].ctx);
	wd_release_ctx(ctxs[1].ctx);
	wd_sched_rr_release(sched);
}
END_TEST

/* ---- many ------------------------------------------------------------------------------- */

START_TEST(many_sessions)
{
	const int count = getenv("WEFT_TEST_LONG") ? 20000 : slow() ? 50 : 1000;
	handle_t *sess = calloc((size_t)count, sizeof(*sess));

	pk_start(_i);
	for (int i = 0; i < count; i++) {
		sess[i] = p256();
		if (i % 3 == 0)
			ck_assert_int_eq(public_key_works(_i, sess[i]), 0);
	}
	for (int i = count - 1; i >= 0; i -= 7)
		ck_assert_int_eq(public_key_works(_i, sess[i]), 0);
	for (int i = 0; i < count; i++)
		wd_ecc_free_sess(sess[i]);
	/* Begun and ended over and over: nothing of the device runs out. */
	for (int i = 0; i < count; i++) {
		handle_t one = p256();

		if (i % 10 == 0)
			ck_assert_int_eq(public_key_works(_i, one), 0);
		wd_ecc_free_sess(one);
	}
	free(sess);
	pk_finish();
}
END_TEST

/* ---- in flight ---------------------------------------------------------------------------- */

static unsigned int arrived;

static void count_it(void *req)
{
	struct wd_ecc_req *r = req;

	ck_assert_int_eq(r->status, 0);
	__atomic_fetch_add(&arrived, 1, __ATOMIC_RELAXED);
}

START_TEST(freed_in_flight)
{
	enum { FLIGHT = 64 };
	struct wd_ecc_out *outs[FLIGHT];
	handle_t keep, sess;
	__u32 count = 0;

	pk_start(_i);
	arrived = 0;
	keep = p256();
	sess = p256();
	for (int i = 0; i < FLIGHT; i++) {
		struct wd_ecc_req req;

		outs[i] = wd_ecxdh_new_out(sess);
		req = ecc_req(WD_ECXDH_GEN_KEY, NULL, outs[i]);
		req.cb = count_it;
		ck_assert_int_eq(wd_do_ecc_async(sess, &req), 0);
	}
	/* The handle ends, the session and its key live on. */
	wd_ecc_free_sess(sess);
	ck_assert_ptr_null(wd_ecc_get_key(sess));
	while (arrived < FLIGHT) {
		wd_ecc_poll(FLIGHT, &count);
		sched_yield();
	}
	for (int i = 0; i < FLIGHT; i++) {
		struct wd_ecc_point *point = NULL;
		struct num want;

		wd_ecxdh_get_out_params(outs[i], &point);
		ck_assert_mem_eq(point->x.data, num_hex(&want, PUB_X)->data, 32);
		wd_ecc_del_out(keep, outs[i]);
	}
	wd_ecc_free_sess(keep);
	pk_finish();
}
END_TEST

/* More than the ring holds: refused, not lost. */
START_TEST(full_ring)
{
	struct wd_ecc_out *out;
	unsigned int sent = 0;
	__u32 count = 0;
	handle_t sess;
	int ret;

	env("WEFT_QUEUE_DEPTH", "16");
	pk_start(_i);
	arrived = 0;
	sess = p256();
	out = wd_ecxdh_new_out(sess);
	do {
		struct wd_ecc_req req = ecc_req(WD_ECXDH_GEN_KEY, NULL, out);

		req.cb = count_it;
		ret = wd_do_ecc_async(sess, &req);
		sent += !ret;
	} while (!ret && sent < 10000);
	ck_assert_int_eq(ret, -WD_EBUSY);
	while (arrived < sent) {
		wd_ecc_poll(sent, &count);
		sched_yield();
	}
	ck_assert_int_eq(public_key_works(_i, sess), 0);
	wd_ecc_del_out(sess, out);
	wd_ecc_free_sess(sess);
	pk_finish();
}
END_TEST

/* ---- threads ------------------------------------------------------------------------------- */

struct worker {
	pthread_t thread;
	handle_t shared;
	const struct rsa_key *rsa;
	int bad;
};

static int rsa_round(handle_t sess, const struct rsa_key *k)
{
	uint8_t m[128], s[128];
	struct wd_rsa_req req;

	rng_bytes(m, sizeof(m));
	m[0] = 0;
	req = rsa_req(WD_RSA_SIGN, m, s, 1024);
	if (wd_do_rsa_sync(sess, &req))
		return -1;
	req = rsa_req(WD_RSA_VERIFY, s, s, 1024);
	if (wd_do_rsa_sync(sess, &req))
		return -1;
	(void)k;
	return memcmp(m, s, sizeof(m));
}

static void *work(void *arg)
{
	struct worker *w = arg;
	handle_t own = rsa_sess(1024, true);

	rsa_set(own, w->rsa, true);
	for (int i = 0; i < (slow() ? 5 : 40) && !w->bad; i++) {
		w->bad |= rsa_round(w->shared, w->rsa) != 0;
		w->bad |= rsa_round(own, w->rsa) != 0;
	}
	wd_rsa_free_sess(own);
	return NULL;
}

START_TEST(threads)
{
	const struct rsa_key *k = rsa_key(1024);
	struct worker w[4];
	handle_t shared;

	pk_start(_i);
	shared = rsa_sess(1024, true);
	rsa_set(shared, k, true);
	for (int i = 0; i < 4; i++) {
		w[i] = (struct worker){ .shared = shared, .rsa = k };
		ck_assert_int_eq(pthread_create(&w[i].thread, NULL, work, &w[i]), 0);
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(w[i].thread, NULL);
		ck_assert_int_eq(w[i].bad, 0);
	}
	wd_rsa_free_sess(shared);
	pk_finish();
}
END_TEST

/* ---- the device goes away ------------------------------------------------------------------- */

START_TEST(reset)
{
	struct wd_ctx ctx = { .ctx = new_ctx(), .ctx_mode = CTX_MODE_SYNC };
	handle_t sess;

	pk_start(_i);
	sess = p256();
	ck_assert_int_eq(public_key_works(_i, sess), 0);
	for (int i = 0; i < 3; i++) {
		int ret;

		ck_assert_int_eq(weft_ctx_reset(ctx.ctx), 0);
		/* A synchronous request tries again by itself; an asynchronous one says so once. */
		ret = public_key_works(_i, sess);
		if (_i == PK_ASYNC_INLINE || _i == PK_ASYNC_THREADS) {
			ck_assert_int_eq(ret, -WD_HW_EACCESS);
			ret = public_key_works(_i, sess);
		}
		ck_assert_int_eq(ret, 0);
	}
	wd_ecc_free_sess(sess);
	pk_finish();
	wd_release_ctx(ctx.ctx);
}
END_TEST

/* ---- out of time ------------------------------------------------------------------------------ */

/* A completion that never comes: the request ends, its session goes on, nothing is lost. */
START_TEST(deadline)
{
	struct wd_ctx ctxs[2] = {
		{ .ctx = new_ctx(), .ctx_mode = CTX_MODE_SYNC },
		{ .ctx = new_ctx(), .ctx_mode = CTX_MODE_ASYNC },
	};
	struct sched_params param = { .mode = CTX_MODE_SYNC };
	struct wd_ctx_config config = { .ctx_num = 2, .ctxs = ctxs };
	struct wd_sched *sched = wd_sched_rr_alloc(SCHED_POLICY_RR, 1, 1, wd_ecc_poll_ctx);
	bool async = _i == PK_ASYNC_INLINE || _i == PK_ASYNC_THREADS;
	handle_t ctx = ctxs[async].ctx, sess;
	struct weft_ctx_stats stats = { .size = sizeof(stats) };
	struct wd_ecc_out *outs[3];

	ck_assert_int_eq(wd_sched_rr_instance(sched, &param), 0);
	param.mode = CTX_MODE_ASYNC;
	param.begin = param.end = 1;
	ck_assert_int_eq(wd_sched_rr_instance(sched, &param), 0);
	ck_assert_int_eq(wd_ecc_init(&config, sched), 0);
	sess = p256();
	ck_assert_int_eq(public_key_works(_i, sess), 0);
	ck_assert_int_eq(weft_sess_deadline(sess, 5000000), 0);
	ck_assert_int_eq(weft_ctx_inject(ctx, "lose:1"), 0);
	for (int i = 0; i < 3; i++) {
		struct wd_ecc_req req;

		outs[i] = wd_ecxdh_new_out(sess);
		req = ecc_req(WD_ECXDH_GEN_KEY, NULL, outs[i]);
		ck_assert_int_eq(pk_ecc(_i, sess, &req), -WD_ETIMEDOUT);
	}
	ck_assert_int_eq(weft_ctx_inject(ctx, ""), 0);
	ck_assert_int_eq(weft_sess_deadline(sess, 0), 0);
	/* A reset is the device's last word on them: the buffers are ours again. */
	ck_assert_int_eq(weft_ctx_reset(ctx), 0);
	for (;;) {
		ck_assert_int_eq(weft_ctx_stats(ctx, &stats), 0);
		if (!stats.quarantined)
			break;
		ck_assert_int_eq(weft_ctx_noop(ctx), 0);
	}
	ck_assert_uint_eq(stats.timeouts, 3);
	for (int i = 0; i < 3; i++)
		wd_ecc_del_out(sess, outs[i]);
	/* The reset took the key's object: an asynchronous request says so once. */
	if (public_key_works(_i, sess))
		ck_assert_int_eq(public_key_works(_i, sess), 0);
	wd_ecc_free_sess(sess);
	wd_ecc_uninit();
	wd_release_ctx(ctxs[0].ctx);
	wd_release_ctx(ctxs[1].ctx);
	wd_sched_rr_release(sched);
}
END_TEST

/* ---- fork ------------------------------------------------------------------------------------ */

static handle_t parents;

static int child(void *arg)
{
	struct wd_ecc_out *out = wd_ecxdh_new_out(parents);
	struct wd_ecc_req req = ecc_req(WD_ECXDH_GEN_KEY, NULL, out);
	struct wd_ecc_sess_setup setup = { .alg = "x25519" };
	struct num d;
	handle_t sess;

	(void)arg;
	/* The child starts uninitialised; a session of the parent's is of no use to it. */
	expect(!wd_ecc_alloc_sess(&setup));
	expect(wd_do_ecc_sync(parents, &req) == -WD_EINVAL);
	expect(wd_ecc_init2("ecdh", SCHED_POLICY_RR, TASK_MIX) == 0);
	expect(wd_do_ecc_sync(parents, &req) == -WD_EINVAL);
	sess = wd_ecc_alloc_sess(&setup);
	expect(sess);
	expect(!wd_ecc_set_prikey(wd_ecc_get_key(sess), num_hex(&d, D)));
	out = wd_ecxdh_new_out(sess);
	req = ecc_req(WD_ECXDH_GEN_KEY, NULL, out);
	expect(wd_do_ecc_sync(sess, &req) == 0);
	wd_ecc_del_out(sess, out);
	wd_ecc_free_sess(sess);
	wd_ecc_uninit2();
	return 0;
}

START_TEST(forks)
{
	pk_start(_i);
	parents = p256();
	ck_assert_int_eq(public_key_works(_i, parents), 0);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(in_child(child, NULL), 0);
		ck_assert_int_eq(public_key_works(_i, parents), 0);
	}
	wd_ecc_free_sess(parents);
	pk_finish();
}
END_TEST

/* ---- uninitialised while sessions live --------------------------------------------------------- */

START_TEST(uninit_with_sessions)
{
	handle_t sess;

	pk_start(_i);
	sess = p256();
	pk_finish();
	ck_assert_int_eq(public_key_works(_i == PK_ASYNC_INLINE ? PK_SYNC_INLINE : _i, sess), 0);
	wd_ecc_free_sess(sess);
	pk_start(_i);
	assert_curve_works(_i);
	pk_finish();
}
END_TEST

static void make_key(void)
{
	rsa_key(1024);
}

int main(void)
{
	Suite *suite = suite_create("pk life");
	TCase *tc = add_case(suite, "life");

	tcase_add_unchecked_fixture(tc, make_key, NULL);
	tcase_add_test(tc, init2_names);
	tcase_add_test(tc, env_and_ctx_num);
	tcase_add_test(tc, init_of_the_programs);
	tcase_add_loop_test(tc, many_sessions, 0, PK_MODES);
	tcase_add_loop_test(tc, freed_in_flight, 0, PK_MODES);
	tcase_add_loop_test(tc, full_ring, 0, PK_MODES);
	tcase_add_loop_test(tc, threads, 0, PK_MODES);
	tcase_add_loop_test(tc, reset, 0, PK_MODES);
	tcase_add_loop_test(tc, deadline, 0, PK_MODES);
	tcase_add_loop_test(tc, forks, 0, PK_MODES);
	tcase_add_loop_test(tc, uninit_with_sessions, 0, PK_MODES);
	return run_suite(suite);
}
