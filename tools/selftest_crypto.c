/* SPDX-License-Identifier: MIT */
/* Known answers of the symmetric classes, and a few mistakes. */
#include "selftest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <uadk/wd_aead.h>
#include <uadk/wd_sched.h>

#define BYTES_MAX	80
#define TAG_MAX		16

enum class {
	CIPHER,
	DIGEST,
	AEAD,
	CLASSES,
};

/* From the standards that the names say; in hexadecimal. @tag: AEAD */
static const struct answer {
	const char *name;
	enum class class;
	unsigned int alg, mode;
	const char *key, *iv, *in, *out, *tag;
} answers[] = {
	{ "AES-128-ECB, FIPS 197 C.1", CIPHER, WD_CIPHER_AES, WD_CIPHER_ECB,
	  "000102030405060708090a0b0c0d0e0f", "", "00112233445566778899aabbccddeeff",
	  "69c4e0d86a7b0430d8cdb78070b4c55a", "" },
	{ "AES-128-CBC, SP 800-38A F.2.1", CIPHER, WD_CIPHER_AES, WD_CIPHER_CBC,
	  "2b7e151628aed2a6abf7158809cf4f3c", "000102030405060708090a0b0c0d0e0f",
	  "6bc1bee22e409f96e93d7e117393172a", "7649abac8119b246cee98e9b12e9197d", "" },
	{ "AES-128-CTR, SP 800-38A F.5.1", CIPHER, WD_CIPHER_AES, WD_CIPHER_CTR,
	  "2b7e151628aed2a6abf7158809cf4f3c", "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
	  "6bc1bee22e409f96e93d7e117393172a", "874d6191b620e3261bef6864990db6ce", "" },
	{ "AES-128-XTS, IEEE 1619 vector 15", CIPHER, WD_CIPHER_AES, WD_CIPHER_XTS,
	  "fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0bfbebdbcbbbab9b8b7b6b5b4b3b2b1b0",
	  "9a785634120000000000000000000000", "000102030405060708090a0b0c0d0e0f10",
	  "6c1625db4671522d3d7599601de7ca09ed", "" },
	{ "AES-128-CBC-CS3, RFC 3962 B", CIPHER, WD_CIPHER_AES, WD_CIPHER_CBC_CS3,
	  "636869636b656e207465726979616b69", "00000000000000000000000000000000",
	  "4920776f756c64206c696b652074686520", "c6353568f2bf8cb4d8a580362da7ff7f97", "" },
	{ "SM4-ECB, GB/T 32907 A.1", CIPHER, WD_CIPHER_SM4, WD_CIPHER_ECB,
	  "0123456789abcdeffedcba9876543210", "", "0123456789abcdeffedcba9876543210",
	  "681edf34d206965e86b3e94f536e4246", "" },
	{ "3DES-ECB, SP 800-67 B.1", CIPHER, WD_CIPHER_3DES, WD_CIPHER_ECB,
	  "0123456789abcdef23456789abcdef01456789abcdef0123", "",
	  "5468652071756663", "a826fd8ce53b855f", "" },
	{ "MD5, RFC 1321 A.5", DIGEST, WD_DIGEST_MD5, WD_DIGEST_NORMAL, "", "", "616263",
	  "900150983cd24fb0d6963f7d28e17f72", "" },
	{ "SHA-1, FIPS 180-4", DIGEST, WD_DIGEST_SHA1, WD_DIGEST_NORMAL, "", "", "616263",
	  "a9993e364706816aba3e25717850c26c9cd0d89d", "" },
	{ "SHA-256, FIPS 180-4", DIGEST, WD_DIGEST_SHA256, WD_DIGEST_NORMAL, "", "", "616263",
	  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "" },
	{ "SHA-512, FIPS 180-4", DIGEST, WD_DIGEST_SHA512, WD_DIGEST_NORMAL, "", "", "616263",
	  "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
	  "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f", "" },
	{ "SM3, GB/T 32905 A.1", DIGEST, WD_DIGEST_SM3, WD_DIGEST_NORMAL, "", "", "616263",
	  "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0", "" },
	{ "HMAC-SHA-256, RFC 4231 4.3", DIGEST, WD_DIGEST_SHA256, WD_DIGEST_HMAC, "4a656665", "",
	  "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
	  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", "" },
	{ "AES-CMAC, RFC 4493 4", DIGEST, WD_DIGEST_AES_CMAC, WD_DIGEST_HMAC,
	  "2b7e151628aed2a6abf7158809cf4f3c", "", "6bc1bee22e409f96e93d7e117393172a",
	  "070a16b46b4d4144f79bdd9dd04a287c", "" },
	{ "AES-XCBC-MAC-96, RFC 3566 4.6", DIGEST, WD_DIGEST_AES_XCBC_MAC_96, WD_DIGEST_HMAC,
	  "000102030405060708090a0b0c0d0e0f", "", "000102", "5b376580ae2f19afe7219cee", "" },
	{ "AES-128-GCM, McGrew and Viega 2", AEAD, WD_CIPHER_AES, WD_CIPHER_GCM,
	  "00000000000000000000000000000000", "000000000000000000000000",
	  "00000000000000000000000000000000", "0388dace60b6a392f328c2b971b2fe78",
	  "ab6e47d42cec13bdf53a67b21257bddf" },
};

#define ANSWERS	(sizeof(answers) / sizeof(answers[0]))

/* ---- the classes, each with one context of the device ------------------------------ */

static const struct ways {
	const char *name;
	int (*init)(struct wd_ctx_config *config, struct wd_sched *sched);
	void (*uninit)(void);
	int (*poll)(__u32 idx, __u32 expt, __u32 *count);
} classes[CLASSES] = {
	[CIPHER] = { "cipher", wd_cipher_init, wd_cipher_uninit, wd_cipher_poll_ctx },
	[DIGEST] = { "digest", wd_digest_init, wd_digest_uninit, wd_digest_poll_ctx },
	[AEAD] = { "aead", wd_aead_init, wd_aead_uninit, wd_aead_poll_ctx },
};

struct crypto {
	struct wd_ctx ctx[CLASSES];
	struct wd_sched *sched[CLASSES];
	bool up[CLASSES];
};

static bool crypto_open(struct test *t, struct crypto *c, struct uacce_dev *dev)
{
	for (int i = 0; i < CLASSES; i++) {
		struct wd_ctx_config config = { .ctx_num = 1, .ctxs = &c->ctx[i] };
		int ret;

		c->ctx[i].ctx = wd_request_ctx(dev);
		c->sched[i] = wd_sched_rr_alloc(SCHED_POLICY_NONE, 1, 1, classes[i].poll);
		if (!c->ctx[i].ctx || !c->sched[i])
			return selftest_wrong(t, "%s: no context", classes[i].name);
		ret = classes[i].init(&config, c->sched[i]);
		if (ret)
			return selftest_wrong(t, "%s: init returned %d", classes[i].name, ret);
		c->up[i] = true;
	}
	return true;
}

static void crypto_close(struct crypto *c)
{
	for (int i = 0; i < CLASSES; i++) {
		if (c->up[i])
			classes[i].uninit();
		wd_sched_rr_release(c->sched[i]);
		wd_release_ctx(c->ctx[i].ctx);
	}
}

/* ---- known answers ------------------------------------------------------------------ */

struct data {
	uint8_t key[BYTES_MAX], iv[BYTES_MAX], in[BYTES_MAX], want[BYTES_MAX], out[BYTES_MAX];
	uint8_t tag[TAG_MAX], mac[TAG_MAX];
	unsigned int key_len, iv_len, in_len, want_len, tag_len;
};

static unsigned int unhex(const char *hex, uint8_t *to)
{
	unsigned int len = (unsigned int)strlen(hex) / 2;

	for (unsigned int i = 0; i < len; i++) {
		char digits[3] = { hex[2 * i], hex[2 * i + 1] };

		to[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	return len;
}

static int run_cipher(const struct answer *a, struct data *d, bool back)
{
	struct wd_cipher_sess_setup setup = { .alg = a->alg, .mode = a->mode };
	struct wd_cipher_req req = {
		.op_type = back ? WD_CIPHER_DECRYPTION : WD_CIPHER_ENCRYPTION,
		.src = back ? d->want : d->in,
		.dst = d->out,
		.iv = d->iv,
		.in_bytes = d->in_len,
		.iv_bytes = d->iv_len,
		.out_buf_bytes = sizeof(d->out),
	};
	handle_t sess = wd_cipher_alloc_sess(&setup);
	int ret = wd_cipher_set_key(sess, d->key, d->key_len);

	if (!ret)
		ret = wd_do_cipher_sync(sess, &req);
	wd_cipher_free_sess(sess);
	return ret;
}

static int run_digest(const struct answer *a, struct data *d)
{
	struct wd_digest_sess_setup setup = { .alg = a->alg, .mode = a->mode };
	struct wd_digest_req req = { .in = d->in, .in_bytes = d->in_len, .out = d->out,
				     .out_bytes = d->want_len, .out_buf_bytes = sizeof(d->out) };
	handle_t sess = wd_digest_alloc_sess(&setup);
	int ret = d->key_len ? wd_digest_set_key(sess, d->key, d->key_len) : 0;

	if (!ret)
		ret = wd_do_digest_sync(sess, &req);
	wd_digest_free_sess(sess);
	return ret;
}

static int run_aead(const struct answer *a, struct data *d, bool back)
{
	struct wd_aead_sess_setup setup = { .calg = a->alg, .cmode = a->mode };
	struct wd_aead_req req = {
		.op_type = back ? WD_CIPHER_DECRYPTION_DIGEST : WD_CIPHER_ENCRYPTION_DIGEST,
		.src = back ? d->want : d->in,
		.dst = d->out,
		.mac = d->mac,
		.iv = d->iv,
		.in_bytes = d->in_len,
		.iv_bytes = (__u16)d->iv_len,
		.mac_bytes = TAG_MAX,
	};
	handle_t sess = wd_aead_alloc_sess(&setup);
	int ret = wd_aead_set_ckey(sess, d->key, (__u16)d->key_len);

	if (!ret)
		ret = wd_aead_set_authsize(sess, (__u16)d->tag_len);
	if (!ret)
		ret = wd_do_aead_sync(sess, &req);
	wd_aead_free_sess(sess);
	return ret;
}

static void answer_data(const struct answer *a, struct data *d)
{
	memset(d, 0, sizeof(*d));
	d->key_len = unhex(a->key, d->key);
	d->iv_len = unhex(a->iv, d->iv);
	d->in_len = unhex(a->in, d->in);
	d->want_len = unhex(a->out, d->want);
	d->tag_len = unhex(a->tag, d->tag);
}

static bool check_answer(struct test *t, const struct answer *a)
{
	struct data d;
	int ret;

	for (int back = 0; back < (a->class == DIGEST ? 1 : 2); back++) {
		answer_data(a, &d);
		memcpy(d.mac, d.tag, back ? TAG_MAX : 0);
		ret = a->class == CIPHER ? run_cipher(a, &d, back) :
		      a->class == DIGEST ? run_digest(a, &d) : run_aead(a, &d, back);
		if (ret)
			return selftest_wrong(t, "%s: returned %d", back ? "back" : "there", ret);
		if (memcmp(d.out, back ? d.in : d.want, back ? d.in_len : d.want_len) ||
		    memcmp(d.mac, d.tag, d.tag_len))
			return selftest_wrong(t, "%s: a wrong result", back ? "back" : "there");
	}
	return true;
}

/* ---- mistakes ------------------------------------------------------------------------- */

static bool check_tag(struct test *t)
{
	const struct answer *a = &answers[ANSWERS - 1];
	struct data d;
	int ret;

	answer_data(a, &d);
	memcpy(d.mac, d.tag, TAG_MAX);
	d.mac[7] ^= 1;
	ret = run_aead(a, &d, true);
	if (ret != -WD_VERIFY_ERR)
		return selftest_wrong(t, "returned %d instead of %d", ret, -WD_VERIFY_ERR);
	if (!memcmp(d.out, d.in, d.in_len) && d.out[0])
		return selftest_wrong(t, "the plaintext came out");
	return check_answer(t, a);
}

static bool check_keys(struct test *t)
{
	struct wd_cipher_sess_setup des = { .alg = WD_CIPHER_DES, .mode = WD_CIPHER_ECB };
	struct wd_cipher_sess_setup xts = { .alg = WD_CIPHER_AES, .mode = WD_CIPHER_XTS };
	handle_t sess = wd_cipher_alloc_sess(&des);
	uint8_t key[32];
	int weak, equal;

	memset(key, 1, sizeof(key));
	weak = wd_cipher_set_key(sess, key, 8);
	wd_cipher_free_sess(sess);
	sess = wd_cipher_alloc_sess(&xts);
	equal = wd_cipher_set_key(sess, key, 32);
	wd_cipher_free_sess(sess);
	if (weak != -WD_EINVAL || equal != -WD_EINVAL)
		return selftest_wrong(t, "a weak DES key returned %d, equal halves of XTS %d", weak,
				      equal);
	return check_answer(t, &answers[0]);
}

static bool check_address(struct test *t)
{
	struct wd_digest_sess_setup setup = { .alg = WD_DIGEST_SHA256 };
	void *nothing = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint8_t out[32];
	struct wd_digest_req req = { .in = nothing, .in_bytes = 100, .out = out, .out_bytes = 32,
				     .out_buf_bytes = 32 };
	handle_t sess = wd_digest_alloc_sess(&setup);
	int ret;

	if (!strcmp(t->guard, "off") || nothing == MAP_FAILED) {
		wd_digest_free_sess(sess);
		return true;
	}
	ret = wd_do_digest_sync(sess, &req);
	wd_digest_free_sess(sess);
	munmap(nothing, 4096);
	return ret == -WD_ADDR_ERR ? true : selftest_wrong(t, "returned %d instead of %d", ret,
							    -WD_ADDR_ERR);
}

static const struct {
	const char *name;
	bool (*check)(struct test *t);
} mistakes[] = {
	{ "a tag that does not match", check_tag },
	{ "weak keys", check_keys },
	{ "a digest of nothing that is mapped", check_address },
};

void selftest_crypto(struct test *t, struct uacce_dev *dev)
{
	struct crypto c = { 0 };

	if (crypto_open(t, &c, dev)) {
		for (size_t i = 0; i < ANSWERS; i++)
			t->report(t, answers[i].name, check_answer(t, &answers[i]));
		for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++)
			t->report(t, mistakes[i].name, mistakes[i].check(t));
	} else {
		t->report(t, "open the crypto classes", false);
	}
	crypto_close(&c);
}
