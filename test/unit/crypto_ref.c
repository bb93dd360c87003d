/* SPDX-License-Identifier: MIT */
#include "crypto_ref.h"

#include <check.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hw/sdev_hw.h"

#define COMMA	,
#define AES	.keys = { 16, 24, 32 }
#define SM4	.keys = { 16 }

#define CIPHER(alg_, keys_, block_, least_, iv_, name_, mode_) \
	{ .alg = SDEV_ALG_##alg_, .op = SDEV_OP_CIPHER, keys_, .block = block_, .least = least_, \
	  .iv = iv_, .name = name_, .mode = mode_ }
#define HASH(alg_, mac_, name_) \
	{ .alg = SDEV_ALG_##alg_, .op = SDEV_OP_DIGEST, .block = 1, .mac = mac_, .name = name_, \
	  .mode = "hash" }, \
	{ .alg = SDEV_ALG_HMAC_##alg_, .op = SDEV_OP_DIGEST, .keys = { 1, 20, 64, 200 }, \
	  .block = 1, .mac = mac_, .name = name_, .mode = "hmac" }
#define AEAD(alg_, keys_, block_, iv_, mac_, name_, mode_) \
	{ .alg = SDEV_ALG_##alg_, .op = SDEV_OP_AEAD, keys_, .block = block_, .iv = iv_, \
	  .mac = mac_, .name = name_, .mode = mode_ }

const struct ref_alg ref_algs[] = {
	CIPHER(AES_ECB, AES, 16, 16, 0, "AES-%u-ECB", "plain"),
	CIPHER(AES_CBC, AES, 16, 16, 16, "AES-%u-CBC", "plain"),
	CIPHER(AES_CTR, AES, 1, 1, 16, "AES-%u-CTR", "plain"),
	CIPHER(AES_XTS, .keys = { 32 COMMA 64 }, 1, 16, 16, "AES-%u-XTS", "xts-evp"),
	CIPHER(AES_OFB, AES, 1, 1, 16, "AES-%u-OFB", "plain"),
	CIPHER(AES_CFB, AES, 1, 1, 16, "AES-%u-CFB", "plain"),
	CIPHER(AES_CBC_CS1, AES, 1, 16, 16, "AES-%u-CBC", "cs1"),
	CIPHER(AES_CBC_CS2, AES, 1, 16, 16, "AES-%u-CBC", "cs2"),
	CIPHER(AES_CBC_CS3, AES, 1, 16, 16, "AES-%u-CBC", "cs3"),
	CIPHER(SM4_ECB, SM4, 16, 16, 0, "SM4-ECB", "plain"),
	CIPHER(SM4_CBC, SM4, 16, 16, 16, "SM4-CBC", "plain"),
	CIPHER(SM4_CTR, SM4, 1, 1, 16, "SM4-CTR", "plain"),
	CIPHER(SM4_XTS, .keys = { 32 }, 1, 16, 16, "SM4-ECB", "xts"),
	CIPHER(SM4_OFB, SM4, 1, 1, 16, "SM4-OFB", "plain"),
	CIPHER(SM4_CFB, SM4, 1, 1, 16, "SM4-CFB", "plain"),
	CIPHER(SM4_CBC_CS1, SM4, 1, 16, 16, "SM4-CBC", "cs1"),
	CIPHER(SM4_CBC_CS2, SM4, 1, 16, 16, "SM4-CBC", "cs2"),
	CIPHER(SM4_CBC_CS3, SM4, 1, 16, 16, "SM4-CBC", "cs3"),
	CIPHER(DES_ECB, .keys = { 8 }, 8, 8, 0, "DES-EDE3-ECB", "plain"),
	CIPHER(DES_CBC, .keys = { 8 }, 8, 8, 8, "DES-EDE3-CBC", "plain"),
	CIPHER(3DES_ECB, .keys = { 16 COMMA 24 }, 8, 8, 0, "DES-EDE3-ECB", "plain"),
	CIPHER(3DES_CBC, .keys = { 16 COMMA 24 }, 8, 8, 8, "DES-EDE3-CBC", "plain"),
	HASH(MD5, 16, "MD5"),
	HASH(SHA1, 20, "SHA1"),
	HASH(SHA224, 28, "SHA224"),
	HASH(SHA256, 32, "SHA256"),
	HASH(SHA384, 48, "SHA384"),
	HASH(SHA512, 64, "SHA512"),
	HASH(SHA512_224, 28, "SHA512-224"),
	HASH(SHA512_256, 32, "SHA512-256"),
	HASH(SM3, 32, "SM3"),
	{ .alg = SDEV_ALG_AES_CMAC, .op = SDEV_OP_DIGEST, AES, .block = 1, .mac = 16,
	  .name = "AES-%u-CBC", .mode = "cmac" },
	{ .alg = SDEV_ALG_AES_GMAC, .op = SDEV_OP_DIGEST, AES, .block = 1, .iv = 12, .mac = 16,
	  .name = "AES-%u-GCM", .mode = "gmac" },
	{ .alg = SDEV_ALG_AES_XCBC_MAC_96, .op = SDEV_OP_DIGEST, .keys = { 16 }, .block = 1,
	  .mac = 12, .name = "AES-%u-ECB", .mode = "xcbc" },
	{ .alg = SDEV_ALG_AES_XCBC_PRF_128, .op = SDEV_OP_DIGEST, .keys = { 16 }, .block = 1,
	  .mac = 16, .name = "AES-%u-ECB", .mode = "xcbc" },
	AEAD(AES_GCM, AES, 1, 12, 16, "AES-%u-GCM", "evp-aead"),
	AEAD(AES_CCM, AES, 1, 13, 16, "AES-%u-CCM", "evp-aead"),
	AEAD(SM4_GCM, SM4, 1, 12, 16, "SM4-ECB", "gcm"),
	AEAD(SM4_CCM, SM4, 1, 13, 16, "SM4-ECB", "ccm"),
	AEAD(AES_CBC_HMAC_SHA1, AES, 16, 16, 20, "AES-%u-CBC", "SHA1"),
	AEAD(AES_CBC_HMAC_SHA256, AES, 16, 16, 32, "AES-%u-CBC", "SHA256"),
	AEAD(AES_CBC_HMAC_SHA512, AES, 16, 16, 64, "AES-%u-CBC", "SHA512"),
};
const size_t ref_alg_count = sizeof(ref_algs) / sizeof(ref_algs[0]);

const struct ref_alg *ref_find(unsigned int alg)
{
	for (size_t i = 0; i < ref_alg_count; i++) {
		if (ref_algs[i].alg == alg)
			return &ref_algs[i];
	}
	return NULL;
}

/* ---- libcrypto -------------------------------------------------------------- */

/* Keys of triple DES as three, whatever the test has. */
static void key_make(const struct ref_job *j, uint8_t key[64])
{
	memcpy(key, j->key, j->key_len < 64 ? j->key_len : 64);
	if (j->key_len == 8) {
		memcpy(key + 8, j->key, 8);
		memcpy(key + 16, j->key, 8);
	}
	if (j->key_len == 16)
		memcpy(key + 16, j->key, 8);
}

static EVP_CIPHER_CTX *evp_new(const struct ref_job *j, const uint8_t *key, size_t key_len,
			       bool encrypt)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	EVP_CIPHER *cipher;
	char name[32];

	snprintf(name, sizeof(name), j->alg->name, (unsigned int)key_len * 8);
	cipher = EVP_CIPHER_fetch(NULL, name, NULL);
	ck_assert_msg(cipher, "libcrypto has no %s", name);
	ck_assert_int_eq(EVP_CipherInit_ex(ctx, cipher, NULL, key, j->iv, encrypt), 1);
	EVP_CIPHER_CTX_set_padding(ctx, 0);
	EVP_CIPHER_free(cipher);
	return ctx;
}

static void evp_run(EVP_CIPHER_CTX *ctx, const uint8_t *in, uint8_t *out, size_t len)
{
	int n;

	ck_assert_int_eq(EVP_CipherUpdate(ctx, out, &n, in, (int)len), 1);
	ck_assert_int_eq(n, (int)len);
}

static void plain(struct ref_job *j, size_t name_key)
{
	uint8_t key[64];
	EVP_CIPHER_CTX *ctx;

	key_make(j, key);
	ctx = evp_new(j, key, name_key, !j->decrypt);
	evp_run(ctx, j->in, j->out, j->len);
	if (j->alg->iv && strcmp(j->alg->mode, "xts-evp"))
		EVP_CIPHER_CTX_get_updated_iv(ctx, j->iv, j->alg->iv);
	EVP_CIPHER_CTX_free(ctx);
}

/* One block of the cipher itself: CBC without an IV is ECB. */
static void block(const struct ref_job *j, const uint8_t *key, size_t key_len, bool encrypt,
		  const uint8_t in[16], uint8_t out[16])
{
	struct ref_job zero = { .alg = j->alg };
	EVP_CIPHER_CTX *ctx = evp_new(&zero, key, key_len, encrypt);

	evp_run(ctx, in, out, 16);
	EVP_CIPHER_CTX_free(ctx);
}

static void xor16(uint8_t *to, const uint8_t *a, const uint8_t *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = a[i] ^ b[i];
}

/* ---- XTS, IEEE 1619 ------------------------------------------------------------ */

static void tweak_times_2(uint8_t t[16])
{
	int carry = t[15] >> 7;

	for (int i = 15; i > 0; i--)
		t[i] = (uint8_t)(t[i] << 1 | t[i - 1] >> 7);
	t[0] = (uint8_t)(t[0] << 1) ^ (carry ? 0x87 : 0);
}

static void xts_block(const struct ref_job *j, const uint8_t t[16], const uint8_t *in, uint8_t *out)
{
	uint8_t x[16];

	xor16(x, in, t, 16);
	block(j, j->key, j->key_len / 2, !j->decrypt, x, x);
	xor16(out, x, t, 16);
}

static void xts(struct ref_job *j)
{
	size_t blocks = j->len / 16, rest = j->len % 16, last;
	uint8_t t[16], next[16], cc[16], pp[16];

	block(j, j->key + j->key_len / 2, j->key_len / 2, true, j->iv, t);
	last = blocks - 1;
	for (size_t i = 0; i < (rest ? last : blocks); i++) {
		xts_block(j, t, j->in + i * 16, j->out + i * 16);
		tweak_times_2(t);
	}
	if (!rest)
		return;
	memcpy(next, t, 16);
	tweak_times_2(next);
	xts_block(j, j->decrypt ? next : t, j->in + last * 16, cc);
	memcpy(pp, cc, 16);
	memcpy(pp, j->in + blocks * 16, rest);
	memcpy(j->out + blocks * 16, cc, rest);
	xts_block(j, j->decrypt ? t : next, pp, j->out + last * 16);
}

/* ---- ciphertext stealing, SP 800-38A addendum: over plain CBC of padded data ----------- */

static bool cs_swaps(const struct ref_job *j, size_t rest)
{
	return !strcmp(j->alg->mode, "cs3") || (!strcmp(j->alg->mode, "cs2") && rest < 16);
}

static void cs(struct ref_job *j)
{
	size_t rest = (j->len - 1) % 16 + 1, body = j->len - rest;
	uint8_t *pad = calloc(1, j->len + 32), *full = calloc(1, j->len + 32);
	EVP_CIPHER_CTX *ctx;

	if (!j->decrypt) {
		memcpy(pad, j->in, j->len);
		ctx = evp_new(j, j->key, j->key_len, true);
		evp_run(ctx, pad, full, body + 16);
		if (!body) {
			memcpy(j->out, full, 16);
		} else if (cs_swaps(j, rest)) {
			memcpy(j->out, full, body - 16);
			memcpy(j->out + body - 16, full + body, 16);
			memcpy(j->out + body, full + body - 16, rest);
		} else {
			memcpy(j->out, full, body - 16 + rest);
			memcpy(j->out + body - 16 + rest, full + body, 16);
		}
	} else {
		/* Bring it into the order of CS3, fill up the stolen part, decrypt. */
		memcpy(pad, j->in, j->len);
		if (body) {
			uint8_t z[16];

			if (!cs_swaps(j, rest)) {
				memcpy(pad + body - 16, j->in + j->len - 16, 16);
				memcpy(pad + body, j->in + body - 16, rest);
			}
			block(j, j->key, j->key_len, false, pad + body - 16, z);
			memcpy(pad + body + rest, z + rest, 16 - rest);
			for (int i = 0; i < 16; i++) {
				uint8_t x = pad[body - 16 + (size_t)i];

				pad[body - 16 + (size_t)i] = pad[body + (size_t)i];
				pad[body + (size_t)i] = x;
			}
		}
		ctx = evp_new(j, j->key, j->key_len, false);
		evp_run(ctx, pad, full, body + 16);
		memcpy(j->out, full, j->len);
	}
	EVP_CIPHER_CTX_free(ctx);
	free(pad);
	free(full);
}

/* ---- MACs ----------------------------------------------------------------------------- */

static void evp_mac(const char *mac, const char *param, const char *value, const uint8_t *key,
		    size_t key_len, const uint8_t *iv, size_t iv_len, const uint8_t *a, size_t a_len,
		    const uint8_t *b, size_t b_len, uint8_t *out)
{
	EVP_MAC *m = EVP_MAC_fetch(NULL, mac, NULL);
	EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(m);
	OSSL_PARAM params[3] = { OSSL_PARAM_END, OSSL_PARAM_END, OSSL_PARAM_END };
	size_t n;

	params[0] = OSSL_PARAM_construct_utf8_string(param, (char *)(uintptr_t)value, 0);
	if (iv_len)
		params[1] = OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_IV,
							      (void *)(uintptr_t)iv, iv_len);
	ck_assert_int_eq(EVP_MAC_init(ctx, key, key_len, params), 1);
	if (a_len)
		ck_assert_int_eq(EVP_MAC_update(ctx, a, a_len), 1);
	ck_assert_int_eq(EVP_MAC_update(ctx, b, b_len), 1);
	ck_assert_int_eq(EVP_MAC_final(ctx, out, &n, REF_MAC_MAX), 1);
	EVP_MAC_CTX_free(ctx);
	EVP_MAC_free(m);
}

/* RFC 3566 4, as it is written there. */
static void xcbc(struct ref_job *j)
{
	size_t blocks = j->len ? (j->len + 15) / 16 : 1;
	size_t rest = j->len - (blocks - 1) * 16;
	uint8_t k[3][16], e[16] = { 0 }, m[16];

	for (int i = 0; i < 3; i++) {
		memset(m, i + 1, 16);
		block(j, j->key, 16, true, m, k[i]);
	}
	for (size_t i = 0; i + 1 < blocks; i++) {
		xor16(e, e, j->in + i * 16, 16);
		block(j, k[0], 16, true, e, e);
	}
	memset(m, 0, 16);
	memcpy(m, j->in + (blocks - 1) * 16, rest);
	if (rest < 16)
		m[rest] = 0x80;
	xor16(e, e, m, 16);
	xor16(e, e, k[rest == 16 ? 1 : 2], 16);
	block(j, k[0], 16, true, e, j->mac);
}

/* ---- GCM, SP 800-38D, bit by bit --------------------------------------------------------- */

static void gf_mul(uint8_t x[16], const uint8_t y[16])
{
	uint8_t z[16] = { 0 }, v[16];

	memcpy(v, y, 16);
	for (int i = 0; i < 128; i++) {
		int low = v[15] & 1;

		if (x[i / 8] >> (7 - i % 8) & 1)
			xor16(z, z, v, 16);
		for (int b = 15; b > 0; b--)
			v[b] = (uint8_t)(v[b] >> 1 | v[b - 1] << 7);
		v[0] >>= 1;
		if (low)
			v[0] ^= 0xe1;
	}
	memcpy(x, z, 16);
}

static void ghash(uint8_t y[16], const uint8_t h[16], const uint8_t *p, size_t len)
{
	for (size_t at = 0; at < len; at += 16) {
		size_t n = len - at < 16 ? len - at : 16;

		xor16(y, y, p + at, n);
		gf_mul(y, h);
	}
}

static void lengths(uint8_t out[16], size_t a, size_t b)
{
	for (int i = 0; i < 8; i++) {
		out[7 - i] = (uint8_t)((uint64_t)a * 8 >> 8 * i);
		out[15 - i] = (uint8_t)((uint64_t)b * 8 >> 8 * i);
	}
}

static void add_one(uint8_t *counter, int bytes)
{
	for (int i = 15; i >= 16 - bytes && !++counter[i]; i--)
		;
}

static void gcm(struct ref_job *j)
{
	uint8_t h[16] = { 0 }, j0[16] = { 0 }, c[16], s[16], y[16] = { 0 }, len[16];
	const uint8_t *text = j->decrypt ? j->in : j->out;

	block(j, j->key, j->key_len, true, h, h);
	if (j->iv_len == 12) {
		memcpy(j0, j->iv, 12);
		j0[15] = 1;
	} else {
		ghash(j0, h, j->iv, j->iv_len);
		lengths(len, 0, j->iv_len);
		ghash(j0, h, len, 16);
	}
	memcpy(c, j0, 16);
	for (size_t at = 0; at < j->len; at += 16) {
		add_one(c, 4);
		block(j, j->key, j->key_len, true, c, s);
		xor16(j->out + at, j->in + at, s, j->len - at < 16 ? j->len - at : 16);
	}
	ghash(y, h, j->aad, j->aad_len);
	ghash(y, h, text, j->len);
	lengths(len, j->aad_len, j->len);
	ghash(y, h, len, 16);
	block(j, j->key, j->key_len, true, j0, s);
	xor16(j->mac, y, s, 16);
}

/* ---- CCM, SP 800-38C ------------------------------------------------------------------------ */

static void ccm_mac(const struct ref_job *j, uint8_t x[16], const uint8_t *p, size_t len, size_t *fill)
{
	for (size_t i = 0; i < len; i++) {
		x[(*fill)++] ^= p[i];
		if (*fill == 16) {
			block(j, j->key, j->key_len, true, x, x);
			*fill = 0;
		}
	}
}

static void ccm_flush(const struct ref_job *j, uint8_t x[16], size_t *fill)
{
	if (*fill)
		block(j, j->key, j->key_len, true, x, x);
	*fill = 0;
}

static void ccm(struct ref_job *j)
{
	size_t q = 15 - j->iv_len, fill = 0, n = 0;
	uint8_t a[16] = { 0 }, b[16], x[16] = { 0 }, s[16], head[6];

	a[0] = (uint8_t)(q - 1);
	memcpy(a + 1, j->iv, j->iv_len);
	memcpy(b, a, 16);
	b[0] |= (uint8_t)((j->aad_len ? 64 : 0) + 8 * ((j->mac_len - 2) / 2));
	for (size_t i = 0; i < q && i < 8; i++)
		b[15 - i] = (uint8_t)((uint64_t)j->len >> 8 * i);
	ccm_mac(j, x, b, 16, &fill);
	if (j->aad_len >= 0xff00) {
		head[n++] = 0xff;
		head[n++] = 0xfe;
		head[n++] = (uint8_t)(j->aad_len >> 24);
		head[n++] = (uint8_t)(j->aad_len >> 16);
	}
	head[n++] = (uint8_t)(j->aad_len >> 8);
	head[n++] = (uint8_t)j->aad_len;
	if (j->aad_len) {
		ccm_mac(j, x, head, n, &fill);
		ccm_mac(j, x, j->aad, j->aad_len, &fill);
		ccm_flush(j, x, &fill);
	}
	memcpy(b, a, 16);
	for (size_t at = 0; at < j->len; at += 16) {
		size_t now = j->len - at < 16 ? j->len - at : 16;

		add_one(b, (int)q);
		block(j, j->key, j->key_len, true, b, s);
		if (!j->decrypt)
			ccm_mac(j, x, j->in + at, now, &fill);
		xor16(j->out + at, j->in + at, s, now);
		if (j->decrypt)
			ccm_mac(j, x, j->out + at, now, &fill);
	}
	ccm_flush(j, x, &fill);
	block(j, j->key, j->key_len, true, a, s);
	xor16(j->mac, x, s, 16);
}

/* ---- AEAD of libcrypto ------------------------------------------------------------------------ */

/* Decrypting, the tag of the input: by encrypting what comes out. */
static void evp_aead(struct ref_job *j, bool encrypt, const uint8_t *in, uint8_t *out)
{
	bool is_ccm = strstr(j->alg->name, "CCM");
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	EVP_CIPHER *cipher;
	char name[32];
	int n;

	snprintf(name, sizeof(name), j->alg->name, (unsigned int)j->key_len * 8);
	cipher = EVP_CIPHER_fetch(NULL, name, NULL);
	EVP_CipherInit_ex(ctx, cipher, NULL, NULL, NULL, encrypt);
	EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, (int)j->iv_len, NULL);
	if (is_ccm)
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, (int)j->mac_len, NULL);
	ck_assert_int_eq(EVP_CipherInit_ex(ctx, NULL, NULL, j->key, j->iv, encrypt), 1);
	if (is_ccm)
		EVP_CipherUpdate(ctx, NULL, &n, NULL, (int)j->len);
	if (j->aad_len)
		EVP_CipherUpdate(ctx, NULL, &n, j->aad, (int)j->aad_len);
	if (j->len || is_ccm)
		ck_assert_int_eq(EVP_CipherUpdate(ctx, out, &n, in, (int)j->len), 1);
	ck_assert_int_eq(EVP_CipherFinal_ex(ctx, out, &n), 1);
	EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, (int)j->mac_len, j->mac);
	EVP_CIPHER_free(cipher);
	EVP_CIPHER_CTX_free(ctx);
}

/* CTR of the text gives the text back, and encryption of that the tag. */
static void aead(struct ref_job *j)
{
	uint8_t *scratch;

	if (!j->decrypt) {
		evp_aead(j, true, j->in, j->out);
		return;
	}
	scratch = malloc(j->len + 1);
	evp_aead(j, true, j->in, j->out);
	evp_aead(j, true, j->out, scratch);
	free(scratch);
}

/* ---- by mode ------------------------------------------------------------------------------------ */

static void hash(struct ref_job *j)
{
	EVP_MD *md = EVP_MD_fetch(NULL, j->alg->name, NULL);

	ck_assert_int_eq(EVP_Digest(j->in, j->len, j->mac, NULL, md, NULL), 1);
	EVP_MD_free(md);
}

static void chain(struct ref_job *j)
{
	const uint8_t *text = j->decrypt ? j->in : j->out;
	uint8_t iv[16];

	memcpy(iv, j->iv, 16);
	if (j->len)
		plain(j, j->key_len);
	memcpy(j->iv, iv, 16);
	evp_mac("HMAC", "digest", j->alg->mode, j->key2, j->key2_len, NULL, 0, j->aad, j->aad_len, text,
		j->len, j->mac);
}

void ref_run(struct ref_job *j)
{
	const char *mode = j->alg->mode;
	char name[32];

	snprintf(name, sizeof(name), j->alg->name, (unsigned int)j->key_len * 8);
	if (!strcmp(mode, "plain"))
		plain(j, j->key_len);
	else if (!strcmp(mode, "xts-evp"))
		plain(j, j->key_len / 2);
	else if (!strcmp(mode, "xts"))
		xts(j);
	else if (mode[0] == 'c' && mode[1] == 's')
		cs(j);
	else if (!strcmp(mode, "hash"))
		hash(j);
	else if (!strcmp(mode, "hmac"))
		evp_mac("HMAC", "digest", name, j->key, j->key_len, NULL, 0, NULL, 0, j->in, j->len,
			j->mac);
	else if (!strcmp(mode, "cmac"))
		evp_mac("CMAC", "cipher", name, j->key, j->key_len, NULL, 0, NULL, 0, j->in, j->len,
			j->mac);
	else if (!strcmp(mode, "gmac"))
		evp_mac("GMAC", "cipher", name, j->key, j->key_len, j->iv, j->iv_len, NULL, 0, j->in,
			j->len, j->mac);
	else if (!strcmp(mode, "xcbc"))
		xcbc(j);
	else if (!strcmp(mode, "gcm"))
		gcm(j);
	else if (!strcmp(mode, "ccm"))
		ccm(j);
	else if (!strcmp(mode, "evp-aead"))
		aead(j);
	else
		chain(j);
}
