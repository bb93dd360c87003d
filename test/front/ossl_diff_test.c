/* SPDX-License-Identifier: MIT */
/*
 * Every algorithm of the provider and of OpenSSL's default provider, put through the
 * same calls: random chunks, in place, copies, new initialisations, wrong lengths, wrong
 * tags. What the calls return and write must not differ; on the CPU, through the
 * device synchronously, and in jobs.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/unit.h"
#include "ossl.h"
#include "ossl_odd.h"

#define BATCH	16

static const struct {
	enum script_kind kind;
	const char *name;
	const char *sub;
} algs[] = {
	{ SCRIPT_CIPHER, "AES-128-ECB", NULL }, { SCRIPT_CIPHER, "AES-192-ECB", NULL },
	{ SCRIPT_CIPHER, "AES-256-ECB", NULL }, { SCRIPT_CIPHER, "AES-128-CBC", NULL },
	{ SCRIPT_CIPHER, "AES-192-CBC", NULL }, { SCRIPT_CIPHER, "AES-256-CBC", NULL },
	{ SCRIPT_CIPHER, "AES-128-CTR", NULL }, { SCRIPT_CIPHER, "AES-192-CTR", NULL },
	{ SCRIPT_CIPHER, "AES-256-CTR", NULL }, { SCRIPT_CIPHER, "AES-128-OFB", NULL },
	{ SCRIPT_CIPHER, "AES-192-OFB", NULL }, { SCRIPT_CIPHER, "AES-256-OFB", NULL },
	{ SCRIPT_CIPHER, "AES-128-CFB", NULL }, { SCRIPT_CIPHER, "AES-192-CFB", NULL },
	{ SCRIPT_CIPHER, "AES-256-CFB", NULL }, { SCRIPT_CIPHER, "AES-128-XTS", NULL },
	{ SCRIPT_CIPHER, "AES-256-XTS", NULL }, { SCRIPT_CIPHER, "AES-128-CBC-CTS", NULL },
	{ SCRIPT_CIPHER, "AES-192-CBC-CTS", NULL }, { SCRIPT_CIPHER, "AES-256-CBC-CTS", NULL },
	{ SCRIPT_CIPHER, "SM4-ECB", NULL }, { SCRIPT_CIPHER, "SM4-CBC", NULL },
	{ SCRIPT_CIPHER, "SM4-CTR", NULL }, { SCRIPT_CIPHER, "SM4-OFB", NULL },
	{ SCRIPT_CIPHER, "SM4-CFB", NULL }, { SCRIPT_CIPHER, "SM4-XTS", NULL },
	{ SCRIPT_CIPHER, "DES-EDE3-ECB", NULL }, { SCRIPT_CIPHER, "DES-EDE3-CBC", NULL },
	{ SCRIPT_CIPHER, "DES-EDE-ECB", NULL }, { SCRIPT_CIPHER, "DES-EDE-CBC", NULL },
	{ SCRIPT_AEAD, "AES-128-GCM", NULL }, { SCRIPT_AEAD, "AES-192-GCM", NULL },
	{ SCRIPT_AEAD, "AES-256-GCM", NULL }, { SCRIPT_AEAD, "AES-128-CCM", NULL },
	{ SCRIPT_AEAD, "AES-192-CCM", NULL }, { SCRIPT_AEAD, "AES-256-CCM", NULL },
	{ SCRIPT_AEAD, "SM4-GCM", NULL }, { SCRIPT_AEAD, "SM4-CCM", NULL },
	{ SCRIPT_DIGEST, "MD5", NULL }, { SCRIPT_DIGEST, "SHA1", NULL },
	{ SCRIPT_DIGEST, "SHA224", NULL }, { SCRIPT_DIGEST, "SHA256", NULL },
	{ SCRIPT_DIGEST, "SHA384", NULL }, { SCRIPT_DIGEST, "SHA512", NULL },
	{ SCRIPT_DIGEST, "SHA512-224", NULL }, { SCRIPT_DIGEST, "SHA512-256", NULL },
	{ SCRIPT_DIGEST, "SM3", NULL }, { SCRIPT_MAC, "HMAC", "MD5" },
	{ SCRIPT_MAC, "HMAC", "SHA1" }, { SCRIPT_MAC, "HMAC", "SHA256" },
	{ SCRIPT_MAC, "HMAC", "SHA384" }, { SCRIPT_MAC, "HMAC", "SHA512" },
	{ SCRIPT_MAC, "HMAC", "SM3" }, { SCRIPT_MAC, "HMAC", "SHA3-256" },
	{ SCRIPT_MAC, "CMAC", "AES-128-CBC" }, { SCRIPT_MAC, "CMAC", "AES-256-CBC" },
	{ SCRIPT_MAC, "GMAC", "AES-128-GCM" }, { SCRIPT_MAC, "GMAC", "AES-256-GCM" },
};
#define ALGS	((int)(sizeof(algs) / sizeof(algs[0])))

static unsigned int rounds(void)
{
	return getenv("WEFT_TEST_LONG") ? 30 : 2;
}

/* What stays on the CPU in jobs: no gain, not in the device, or used under OpenSSL's locks. */
static bool cpu_only(int alg)
{
	static const char *const names[] = { "CTS", "AES-128-ECB", "AES-192-ECB", "AES-256-ECB", "CTR",
					     "SHA1" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strstr(algs[alg].name, names[i]) && !strstr(algs[alg].name, "SM4"))
			return true;
	}
	return algs[alg].sub && strstr(algs[alg].sub, "SHA3");
}

static void run_config(int alg, const struct script_config *config)
{
	struct weft_ctx w;
	struct script ours[BATCH], plain[BATCH];
	unsigned long pauses = 0;
	bool fetched = false;

	weft_ctx_open(&w, config->options);
	ck_assert_ptr_nonnull(w.prov);
	for (unsigned int round = 0; round < rounds(); round++) {
		for (unsigned int i = 0; i < BATCH; i++) {
			uint64_t seed = 0x9e3779b97f4a7c15u * (1 + i + BATCH * round) +
					(uint64_t)alg;

			ours[i] = (struct script){ algs[alg].kind, algs[alg].name, algs[alg].sub,
						   w.libctx, "provider=weft", NULL, seed,
						   { NULL, 0, 0 }, false };
			plain[i] = ours[i];
			plain[i].query = "provider=default";
		}
		pauses += scripts_compare(ours, plain, BATCH, config);
		for (unsigned int i = 0; i < BATCH; i++)
			fetched |= ours[i].fetched;
	}
	if (config->must_pause && fetched && !cpu_only(alg))
		ck_assert_msg(pauses > 0, "%s: no job ever paused", algs[alg].name);
	weft_ctx_close(&w);
}

START_TEST(test_same)
{
	for (int i = 0; i < SCRIPT_CONFIGS; i++)
		run_config(_i, &script_configs[i]);
}
END_TEST

/* ---- messages whose parameters change under way ---------------------------------------------- */

START_TEST(test_odd)
{
	static const struct script_source source = { NULL, NULL, odd_run };
	const struct script_config *config = &script_configs[_i];
	struct weft_ctx w;

	weft_ctx_open(&w, config->options);
	ck_assert_ptr_nonnull(w.prov);
	script_source = &source;
	odd_compare(w.libctx, "provider=weft", "provider=default", config);
	script_source = NULL;
	weft_ctx_close(&w);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("openssl provider, differential");
	TCase *tc = tcase_create("same as the default provider");

	tcase_set_timeout(tc, getenv("WEFT_TEST_LONG") ? 600 : 20);
	tcase_add_loop_test(tc, test_same, 0, ALGS);
	tcase_add_loop_test(tc, test_odd, 0, SCRIPT_CONFIGS);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
