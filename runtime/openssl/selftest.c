/* SPDX-License-Identifier: MIT */
/*
 * The self test (OSSL_PROVIDER_self_test(), the engine's self-test): one known answer of each class
 * through the device. AES-128-CBC: SP 800-38A, F.2.1. SHA-256: FIPS 180-4, "abc". AES-128
 * GCM: test case 2 of the GCM specification (McGrew and Viega). Keys: selftest_pk.c.
 */
#include <errno.h>
#include <string.h>

#include "openssl/common.h"
#include "openssl/dev.h"

static const uint8_t cbc_key[16] = {
	0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6,
	0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c,
};
static const uint8_t cbc_iv[16] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
static const uint8_t cbc_in[16] = {
	0x6b, 0xc1, 0xbe, 0xe2, 0x2e, 0x40, 0x9f, 0x96,
	0xe9, 0x3d, 0x7e, 0x11, 0x73, 0x93, 0x17, 0x2a,
};
static const uint8_t cbc_out[16] = {
	0x76, 0x49, 0xab, 0xac, 0x81, 0x19, 0xb2, 0x46,
	0xce, 0xe9, 0x8e, 0x9b, 0x12, 0xe9, 0x19, 0x7d,
};
static const uint8_t sha256_abc[32] = {
	0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
	0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad,
};
static const uint8_t gcm_out[16] = {
	0x03, 0x88, 0xda, 0xce, 0x60, 0xb6, 0xa3, 0x92,
	0xf3, 0x28, 0xc2, 0xb9, 0x71, 0xb2, 0xfe, 0x78,
};
static const uint8_t gcm_tag[16] = {
	0xab, 0x6e, 0x47, 0xd4, 0x2c, 0xec, 0x13, 0xbd,
	0xf5, 0x3a, 0x67, 0xb2, 0x12, 0x57, 0xbd, 0xdf,
};

static bool test_cipher(struct wdi_ossl_sess *sess, struct wdi_ossl_op *op)
{
	struct wd_cipher_req req = {
		.op_type = WD_CIPHER_ENCRYPTION,
		.src = (void *)(uintptr_t)cbc_in,
		.dst = op->buf,
		.iv = op->iv,
		.in_bytes = 16,
		.iv_bytes = 16,
		.out_buf_bytes = 16,
	};

	memcpy(op->iv, cbc_iv, 16);
	return !wdi_ossl_run_cipher(sess, op, &req, WDI_OSSL_DEV_SYNC) &&
	       !memcmp(op->buf, cbc_out, 16);
}

static bool test_digest(struct wdi_ossl_sess *sess, struct wdi_ossl_op *op)
{
	struct wd_digest_req req = {
		.in = (void *)(uintptr_t)"abc",
		.in_bytes = 3,
		.out = op->mac,
		.out_bytes = 32,
		.out_buf_bytes = sizeof(op->mac),
		.has_next = WD_DIGEST_END,
	};

	return !wdi_ossl_run_digest(sess, op, &req, WDI_OSSL_DEV_SYNC) &&
	       !memcmp(op->mac, sha256_abc, 32);
}

static bool test_aead(struct wdi_ossl_sess *sess, struct wdi_ossl_op *op)
{
	struct wd_aead_req req = {
		.op_type = WD_CIPHER_ENCRYPTION_DIGEST,
		.src = op->buf,
		.dst = op->buf,
		.mac = op->mac,
		.iv = op->iv,
		.in_bytes = 16,
		.iv_bytes = 12,
		.mac_bytes = 16,
		.msg_state = AEAD_MSG_BLOCK,
	};

	memset(op->buf, 0, 16);
	memset(op->iv, 0, sizeof(op->iv));
	return !wdi_ossl_run_aead(sess, op, &req, WDI_OSSL_DEV_SYNC) &&
	       !memcmp(op->buf, gcm_out, 16) && !memcmp(op->mac, gcm_tag, 16);
}

int wdi_ossl_self_test(const char **name, const char **what)
{
	static const uint8_t zero[16];
	static const struct {
		const char *name;
		enum wdi_ossl_class class;
		int alg, mode;
		const uint8_t *key;
		size_t tag;
		bool (*test)(struct wdi_ossl_sess *sess, struct wdi_ossl_op *op);
	} tests[] = {
		{ "AES-128-CBC", WDI_OSSL_CLASS_CIPHER, WD_CIPHER_AES, WD_CIPHER_CBC, cbc_key, 0,
		  test_cipher },
		{ "SHA-256", WDI_OSSL_CLASS_DIGEST, WD_DIGEST_SHA256, WD_DIGEST_NORMAL, NULL, 0,
		  test_digest },
		{ "AES-128-GCM", WDI_OSSL_CLASS_AEAD, WD_CIPHER_AES, WD_CIPHER_GCM, zero, 16,
		  test_aead },
	};

	const char *failed;

	for (size_t i = 0; i < wdi_array_size(tests); i++) {
		struct wdi_ossl_sess *sess = wdi_ossl_sess_new(tests[i].class, tests[i].alg,
							       tests[i].mode, tests[i].key, 16,
							       tests[i].tag);
		struct wdi_ossl_op *op = NULL;
		bool good = sess && wdi_ossl_op_room(&op, 64) && tests[i].test(sess, op);

		wdi_ossl_op_put(op);
		wdi_ossl_sess_put(sess);
		if (!good) {
			*name = tests[i].name;
			*what = sess ? "wrong answer" : "no session";
			return -EIO;
		}
	}
	failed = wdi_ossl_self_test_pk();
	if (failed) {
		*name = failed;
		*what = "no right answer";
		return -EIO;
	}
	return 0;
}
