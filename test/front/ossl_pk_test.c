/* SPDX-License-Identifier: MIT */
/*
 * Keys in the provider and in OpenSSL's default provider, put through the same calls:
 * what a key says of itself, signatures, encryption, agreement, copies, wrong arguments.
 * What the calls return, write where that is not random, and leave on the error queue must
 * not differ; on the CPU, through the device synchronously, and in jobs.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/async.h>
#include <openssl/err.h>

#include "../unit/unit.h"
#include "ossl_pk.h"

#define BATCH	4

static const struct {
	const char *name;
	bool device;		/* the device has it */
} keys[] = {
	{ "rsa1024", true }, { "rsa2048", true }, { "rsa3072", true }, { "rsa4096", true },
	{ "rsa1536", false }, { "rsa2048x3", false }, { "pss2048", true }, { "pss2048r", false },
	{ "p224", true }, { "p256", true }, { "p384", true }, { "p521", true }, { "bp256", true },
	{ "bp512", false }, { "k256", true }, { "b283", false }, { "p256x", true },
	{ "x25519", true }, { "x448", true }, { "ffdhe2048", true }, { "ffdhe3072", true },
	{ "dhx2048", true }, { "dh1024", true }, { "sm2", true },
};
#define KEYS	((int)(sizeof(keys) / sizeof(keys[0])))

static unsigned int rounds(void)
{
	return getenv("WEFT_TEST_LONG") ? 24 : 1;
}

static void is_ours(OSSL_LIB_CTX *libctx, const char *name)
{
	EVP_PKEY *key = pk_import(libctx, name);

	ck_assert_str_eq(OSSL_PROVIDER_get0_name(EVP_PKEY_get0_provider(key)), "weft");
	EVP_PKEY_free(key);
}

static void run_config(int key, const struct script_config *config, OSSL_LIB_CTX *other)
{
	struct weft_ctx w;
	struct script ours[BATCH], plain[BATCH];
	unsigned long pauses = 0;

	weft_ctx_open(&w, config->options);
	ck_assert_ptr_nonnull(w.prov);
	/* Which of two providers comes first is not defined once they have been looked up. */
	ck_assert_int_eq(EVP_set_default_properties(w.libctx, "?provider=weft"), 1);
	is_ours(w.libctx, keys[key].name);
	for (unsigned int round = 0; round < rounds(); round++) {
		for (unsigned int i = 0; i < BATCH; i++) {
			uint64_t seed = 0x9e3779b97f4a7c15u * (1 + i + BATCH * round) + (uint64_t)key;

			ours[i] = (struct script){ .kind = SCRIPT_PK, .name = keys[key].name,
						   .libctx = w.libctx, .other = other, .seed = seed };
			plain[i] = ours[i];
			plain[i].libctx = other;
		}
		pauses += scripts_compare(ours, plain, BATCH, config);
	}
	if (config->must_pause)
		ck_assert_msg((pauses > 0) == keys[key].device, "%s: jobs paused %lu times",
			      keys[key].name, pauses);
	weft_ctx_close(&w);
}

START_TEST(test_same)
{
	OSSL_LIB_CTX *other = OSSL_LIB_CTX_new();

	for (int i = 0; i < SCRIPT_CONFIGS; i++) {
		/* What was measured only chooses between the other ways. */
		if (strncmp(script_configs[i].name, "as measured", 11) || getenv("WEFT_TEST_LONG"))
			run_config(_i, &script_configs[i], other);
	}
	OSSL_LIB_CTX_free(other);
}
END_TEST

/* ---- jobs that do not come back ---- */

struct lost {
	EVP_PKEY *key, *peer;
	EVP_PKEY_CTX *ctx;
	uint8_t out[512];
};

static const char *const lost_keys[] = { "rsa2048", "p384", "x448", "ffdhe2048" };
#define LOST	((int)(sizeof(lost_keys) / sizeof(lost_keys[0])))

static void lost_begin(struct lost *l, OSSL_LIB_CTX *libctx, const char *name)
{
	char peer[32];

	snprintf(peer, sizeof(peer), "%sb", name);
	l->key = pk_import(libctx, name);
	l->peer = pk_import(libctx, peer);
	l->ctx = EVP_PKEY_CTX_new_from_pkey(libctx, l->key, NULL);
	memset(l->out, 0x77, sizeof(l->out));
	if (!l->peer) {
		ck_assert_int_eq(EVP_PKEY_sign_init(l->ctx), 1);
	} else {
		ck_assert_int_eq(EVP_PKEY_derive_init(l->ctx), 1);
		ck_assert_int_eq(EVP_PKEY_derive_set_peer(l->ctx, l->peer), 1);
	}
	ERR_clear_error();
}

static void lost_end(struct lost *l)
{
	EVP_PKEY_CTX_free(l->ctx);
	EVP_PKEY_free(l->peer);
	EVP_PKEY_free(l->key);
}

static int lost_main(void *arg)
{
	struct lost *l = *(struct lost **)arg;
	size_t len = sizeof(l->out);

	return l->peer ? EVP_PKEY_derive(l->ctx, l->out, &len) :
	       EVP_PKEY_sign(l->ctx, l->out, &len, (const uint8_t *)"a short message", 15);
}

static int lost_start(struct lost *l, ASYNC_JOB **job, ASYNC_WAIT_CTX *wait, int *ret)
{
	return ASYNC_start_job(job, wait, ret, lost_main, &l, sizeof(l));
}

/*
 * The job is given up while the device has its operation, then its context and its key go.
 * The next one's results are right, and nothing is written where the first one's would have gone.
 */
START_TEST(test_lost)
{
	/* OpenSSL cannot free a job that is not resumed. */
	static ASYNC_JOB *job[2];
	static struct lost l[3];
	ASYNC_WAIT_CTX *wait[2] = { ASYNC_WAIT_CTX_new(), ASYNC_WAIT_CTX_new() };
	struct lost *plain = &l[2];
	struct weft_ctx w;
	int ret = -1;

	weft_ctx_open(&w, "async-min = 1");
	ck_assert_ptr_nonnull(w.prov);
	ck_assert_int_eq(EVP_set_default_properties(w.libctx, "?provider=weft"), 1);
	for (int i = 0; i < 2; i++) {
		lost_begin(&l[i], w.libctx, lost_keys[_i]);
		ck_assert_int_eq(lost_start(&l[i], &job[i], wait[i], &ret), ASYNC_PAUSE);
		ck_assert_int_eq(l[i].out[0], 0x77);
	}
	/* Meanwhile the second one's context refuses whoever else wants it. */
	plain->ctx = EVP_PKEY_CTX_dup(l[1].ctx);
	ck_assert_ptr_null(plain->ctx);
	ERR_clear_error();
	lost_end(&l[0]);
	ASYNC_WAIT_CTX_free(wait[0]);
	ck_assert_int_eq(lost_start(&l[1], &job[1], wait[1], &ret), ASYNC_FINISH);
	ck_assert_int_eq(ret, 1);
	for (size_t i = 0; i < sizeof(l[0].out); i++)
		ck_assert_int_eq(l[0].out[i], 0x77);
	lost_begin(plain, w.libctx, lost_keys[_i]);
	ck_assert_int_eq(lost_main(&plain), 1);
	ck_assert_mem_eq(l[1].out, plain->out, sizeof(plain->out));
	lost_end(&l[1]);
	lost_end(plain);
	ASYNC_WAIT_CTX_free(wait[1]);
	weft_ctx_close(&w);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("openssl provider, keys");
	TCase *tc = tcase_create("same as the default provider");

	tcase_set_timeout(tc, getenv("WEFT_TEST_LONG") ? 1200 : 60);
	tcase_add_loop_test(tc, test_same, 0, KEYS);
	tcase_add_loop_test(tc, test_lost, 0, LOST);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
