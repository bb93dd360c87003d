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

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>

#include "../unit/unit.h"
#include "ossl.h"

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

/* ---- a message whose parameters change under way ------------------------------------------------ */

#define ODD_LEN	64

static void odd_set(struct script *s, EVP_CIPHER_CTX *ctx, const char *name, unsigned int value,
		    const char *wrong)
{
	OSSL_PARAM p[3] = {
		OSSL_PARAM_construct_uint(name, &value), OSSL_PARAM_construct_end(),
		OSSL_PARAM_construct_end(),
	};

	/* The first is in force when the second is refused. */
	if (wrong)
		p[1] = OSSL_PARAM_construct_uint(wrong, &value);
	script_int(&s->out, EVP_CIPHER_CTX_set_params(ctx, p));
}

static void odd_init(struct script *s, EVP_CIPHER_CTX *ctx, bool key, bool iv, int enc)
{
	static const uint8_t bytes[32] = { 1, 2, 3, 4, 5 };

	script_int(&s->out, EVP_CipherInit_ex2(ctx, NULL, key ? bytes : NULL, iv ? bytes + 8 : NULL, enc,
					       NULL));
}

/* Data, associated data where @aad, or with no bytes at all a length for CCM. */
static void odd_data(struct script *s, EVP_CIPHER_CTX *ctx, bool aad, bool bytes)
{
	uint8_t in[ODD_LEN] = { 9, 8, 7 }, out[2 * ODD_LEN] = { 0 };
	int outl = 0;

	script_int(&s->out, EVP_CipherUpdate(ctx, aad || !bytes ? NULL : out, &outl, bytes ? in : NULL,
					     ODD_LEN));
	script_bytes(&s->out, out, sizeof(out));
}

static void odd_final(struct script *s, EVP_CIPHER_CTX *ctx)
{
	uint8_t out[ODD_LEN] = { 0 };
	int outl = 0;

	script_int(&s->out, EVP_CipherFinal_ex(ctx, out, &outl));
	script_bytes(&s->out, out, sizeof(out));
}

static void odd_tag(struct script *s, EVP_CIPHER_CTX *ctx, int len)
{
	uint8_t tag[16] = { 0 };

	script_int(&s->out, EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, len, tag));
	script_bytes(&s->out, tag, sizeof(tag));
}

/*
 * A letter is a step: K, I initialise with the key and IV, and with nothing; L the length of a CCM
 * message, A associated data, D data, F the end, T its tag, C a copy that goes on, V another length
 * of IVs, W the same and a wrong parameter, P no padding.
 */
static const struct {
	const char *name;
	const char *steps;
	int enc, tag;
} odd_rows[] = {
	{ "AES-128-GCM", "KVADFT", 1, 16 }, { "AES-128-GCM", "KWDFT", 1, 16 },
	{ "AES-128-GCM", "KAVDFT", 1, 16 }, { "AES-128-GCM", "KDVFT", 1, 16 },
	{ "AES-128-GCM", "KDIDFT", 1, 16 }, { "AES-128-GCM", "KDADFT", 1, 16 },
	{ "AES-128-GCM", "KADCDFT", 1, 16 }, { "AES-128-GCM", "KDIFT", 1, 16 },
	{ "AES-128-CCM", "KLADLADT", 1, 12 }, { "AES-128-CCM", "KLADATT", 1, 12 },
	{ "AES-128-CCM", "KLADTD", 1, 12 }, { "AES-128-CCM", "KLADCFTT", 1, 12 },
	{ "AES-128-CCM", "KLADVT", 1, 12 }, { "AES-128-CCM", "KVLADT", 1, 12 },
	{ "AES-128-CCM", "KLADFFT", 1, 12 }, { "AES-128-CCM", "KLADDT", 1, 12 },
	{ "AES-128-CCM", "KLADILADT", 1, 12 },
	{ "AES-128-ECB", "KDPDF", 0, 0 }, { "AES-128-CBC", "KDPDF", 0, 0 },
	{ "AES-128-CBC", "KPDPDF", 1, 0 }, { "AES-128-CBC", "KDPKDDF", 0, 0 },
};

static void odd_run(struct script *s)
{
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(s->libctx, s->name, s->query);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new(), *copy;
	int enc = odd_rows[s->seed].enc;

	s->fetched = cipher;
	script_int(&s->out, EVP_CipherInit_ex2(ctx, cipher, NULL, NULL, enc, NULL));
	for (const char *step = odd_rows[s->seed].steps; *step; step++) {
		switch (*step) {
		case 'K':
		case 'I':
			odd_init(s, ctx, *step == 'K', *step == 'K', enc);
			break;
		case 'L':
		case 'A':
		case 'D':
			odd_data(s, ctx, *step == 'A', *step != 'L');
			break;
		case 'F':
			odd_final(s, ctx);
			break;
		case 'T':
			odd_tag(s, ctx, odd_rows[s->seed].tag);
			break;
		case 'C':
			copy = EVP_CIPHER_CTX_new();
			script_int(&s->out, EVP_CIPHER_CTX_copy(copy, ctx));
			EVP_CIPHER_CTX_free(ctx);
			ctx = copy;
			break;
		case 'P':
			odd_set(s, ctx, OSSL_CIPHER_PARAM_PADDING, 0, NULL);
			break;
		default:
			odd_set(s, ctx, OSSL_CIPHER_PARAM_IVLEN, 8,
				*step == 'W' ? OSSL_CIPHER_PARAM_AEAD_TLS1_AAD : NULL);
		}
	}
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(cipher);
	ERR_clear_error();
}

START_TEST(test_odd)
{
	static const struct script_source source = { NULL, NULL, odd_run };
	const struct script_config *config = &script_configs[_i];
	struct weft_ctx w;

	weft_ctx_open(&w, config->options);
	ck_assert_ptr_nonnull(w.prov);
	script_source = &source;
	for (size_t row = 0; row < sizeof(odd_rows) / sizeof(odd_rows[0]); row++) {
		struct script ours = {
			.kind = SCRIPT_OWN, .name = odd_rows[row].name, .sub = odd_rows[row].steps,
			.libctx = w.libctx, .query = "provider=weft", .seed = row,
		};
		struct script plain = ours;

		plain.query = "provider=default";
		scripts_compare(&ours, &plain, 1, config);
	}
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
