/* SPDX-License-Identifier: MIT */
/* The algorithms of sessions: one row each. */
#include "device/crypto/sym.h"

#ifdef HAVE_IPSEC_MB
#define NO_COMPAT_IMB_API_053	/* its old names collide with libcrypto's */
#include <intel-ipsec-mb.h>
#define MB(how_, cipher_, hash_, enc, dec) \
	.mb = { .how = SYM_MB_##how_, .cipher = IMB_CIPHER_##cipher_, .hash = IMB_AUTH_##hash_, \
		.from = { enc, dec } }
/* From so many bytes on. */
#define MB_LONG(how_, cipher_, hash_, enc, dec, least_) \
	.mb = { .how = SYM_MB_##how_, .cipher = IMB_CIPHER_##cipher_, .hash = IMB_AUTH_##hash_, \
		.from = { enc, dec }, .least = least_ }
#else
#define MB(how_, cipher_, hash_, enc, dec)	.mb = { .how = SYM_MB_NONE }
#define MB_LONG(how_, cipher_, hash_, enc, dec, least_)	.mb = { .how = SYM_MB_NONE }
#endif

/* It has no burst, and what its manager does for each job takes as long as these. */
#define ECB_LEAST	512

#define AES_KEYS	.family = SYM_AES, .keys = { 16, 24, 32 }
#define SM4_KEYS	.family = SYM_SM4, .keys = { 16 }

#define BOTH_WAYS(mode)	.parts = { { mode, true, false, false }, { mode, false, false, false } }

/* A mode that libcrypto has as such. */
#define PLAIN(mode_, align_, least_, iv_) \
	.op = SDEV_OP_CIPHER, .mode = mode_, .align = align_, .least = least_, .iv = iv_, \
	.iv_max = iv_, .run = sym_cipher_run, BOTH_WAYS(mode_)

#define STEALING(mode_) \
	.op = SDEV_OP_CIPHER, .mode = mode_, .align = 1, .least = 16, .iv = 16, .iv_max = 16

/*
 * Ciphertext stealing and XTS put together from blocks. libcrypto has the first for AES, but
 * must be told the IV by parameters that it looks up by name, and takes long to begin.
 */
#define CTS_PARTS \
	.run = sym_cts_run, \
	.parts = { { SYM_CBC, true, false, false }, { SYM_CBC, false, false, false }, \
		   { SYM_ECB, false, false, false } }
#define XTS_PARTS \
	.run = sym_xts_run, \
	.parts = { { SYM_ECB, true, false, false }, { SYM_ECB, false, false, false }, \
		   { SYM_ECB, true, true, false } }

#define HASH(hash_, mac_) \
	.op = SDEV_OP_DIGEST, .hash = hash_, .align = 1, .mac = mac_, .run = sym_hash_run
#define HMAC(hash_, mac_) \
	.op = SDEV_OP_DIGEST, .hash = hash_, .align = 1, .mac = mac_, .run = sym_hmac_run
#define CIPHER_MAC(mode_, mac_, own_) \
	.op = SDEV_OP_DIGEST, .family = SYM_AES, .mode = mode_, .align = 1, .mac = mac_, \
	.run = sym_cmac_run, .parts = { { SYM_CBC, true, false, own_ } }

/* SP 800-38D 5.2.1.2 and SP 800-38C A.1: a bit a tag length. */
#define GCM_TAGS	(1u << 4 | 1u << 8 | 31u << 12)
#define CCM_TAGS	(1u << 4 | 1u << 6 | 1u << 8 | 1u << 10 | 1u << 12 | 1u << 14 | 1u << 16)

#define GCM \
	.op = SDEV_OP_AEAD, .mode = SYM_GCM, .align = 1, .iv = 1, .iv_max = SYM_IV_MAX, .mac = 16, \
	.tags = GCM_TAGS
#define CCM \
	.op = SDEV_OP_AEAD, .mode = SYM_CCM, .align = 1, .iv = 7, .iv_max = 13, .mac = 16, \
	.tags = CCM_TAGS
#define CCM_PARTS	{ SYM_CBC, true, false, false }, { SYM_CTR, true, false, false }
/* RFC 2104 5 would have truncated tags at least half as long; protocols use 12 bytes and less. */
#define CHAIN(hash_, mac_) \
	.op = SDEV_OP_AEAD, AES_KEYS, .mode = SYM_CBC, .hash = hash_, .align = 16, .iv = 16, \
	.iv_max = 16, .mac = mac_, .tags = 0, .ext_key = true, .run = sym_chain_run, \
	BOTH_WAYS(SYM_CBC)

const struct sym_alg sym_algs[SDEV_ALG_COUNT] = {
	[SDEV_ALG_AES_ECB] = { "ecb(aes)", AES_KEYS, PLAIN(SYM_ECB, 16, 16, 0),
			       MB_LONG(JOBS, ECB, NULL, 1, 1, ECB_LEAST) },
	[SDEV_ALG_AES_CBC] = { "cbc(aes)", AES_KEYS, PLAIN(SYM_CBC, 16, 16, 16), .iv_moves = true,
			       MB(BURST, CBC, NULL, 2, 1) },
	[SDEV_ALG_AES_CTR] = { "ctr(aes)", AES_KEYS, PLAIN(SYM_CTR, 1, 1, 16), .iv_moves = true,
			       MB(BURST, CNTR, NULL, 1, 1) },
	[SDEV_ALG_AES_XTS] = { "xts(aes)", .family = SYM_AES, .keys = { 32, 64 },
			       PLAIN(SYM_XTS, 1, 16, 16) },
	[SDEV_ALG_AES_OFB] = { "ofb(aes)", AES_KEYS, PLAIN(SYM_OFB, 1, 1, 16), .iv_moves = true },
	[SDEV_ALG_AES_CFB] = { "cfb(aes)", AES_KEYS, PLAIN(SYM_CFB, 1, 1, 16), .iv_moves = true },
	[SDEV_ALG_AES_CBC_CS1] = { "cbc-cs1(aes)", AES_KEYS, STEALING(SYM_CS1), CTS_PARTS },
	[SDEV_ALG_AES_CBC_CS2] = { "cbc-cs2(aes)", AES_KEYS, STEALING(SYM_CS2), CTS_PARTS },
	[SDEV_ALG_AES_CBC_CS3] = { "cbc-cs3(aes)", AES_KEYS, STEALING(SYM_CS3), CTS_PARTS },
	[SDEV_ALG_SM4_ECB] = { "ecb(sm4)", SM4_KEYS, PLAIN(SYM_ECB, 16, 16, 0) },
	[SDEV_ALG_SM4_CBC] = { "cbc(sm4)", SM4_KEYS, PLAIN(SYM_CBC, 16, 16, 16), .iv_moves = true },
	[SDEV_ALG_SM4_CTR] = { "ctr(sm4)", SM4_KEYS, PLAIN(SYM_CTR, 1, 1, 16), .iv_moves = true },
	[SDEV_ALG_SM4_XTS] = { "xts(sm4)", .family = SYM_SM4, .keys = { 32 },
			       .op = SDEV_OP_CIPHER, .mode = SYM_XTS, .align = 1, .least = 16,
			       .iv = 16, .iv_max = 16, XTS_PARTS },
	[SDEV_ALG_SM4_OFB] = { "ofb(sm4)", SM4_KEYS, PLAIN(SYM_OFB, 1, 1, 16), .iv_moves = true },
	[SDEV_ALG_SM4_CFB] = { "cfb(sm4)", SM4_KEYS, PLAIN(SYM_CFB, 1, 1, 16), .iv_moves = true },
	[SDEV_ALG_SM4_CBC_CS1] = { "cbc-cs1(sm4)", SM4_KEYS, STEALING(SYM_CS1), CTS_PARTS },
	[SDEV_ALG_SM4_CBC_CS2] = { "cbc-cs2(sm4)", SM4_KEYS, STEALING(SYM_CS2), CTS_PARTS },
	[SDEV_ALG_SM4_CBC_CS3] = { "cbc-cs3(sm4)", SM4_KEYS, STEALING(SYM_CS3), CTS_PARTS },
	[SDEV_ALG_DES_ECB] = { "ecb(des)", .family = SYM_DES, .keys = { 8 },
			       PLAIN(SYM_ECB, 8, 8, 0) },
	[SDEV_ALG_DES_CBC] = { "cbc(des)", .family = SYM_DES, .keys = { 8 },
			       PLAIN(SYM_CBC, 8, 8, 8), .iv_moves = true,
			       MB(JOBS, DES, NULL, 5, 5) },
	[SDEV_ALG_3DES_ECB] = { "ecb(des3_ede)", .family = SYM_3DES, .keys = { 16, 24 },
				PLAIN(SYM_ECB, 8, 8, 0) },
	[SDEV_ALG_3DES_CBC] = { "cbc(des3_ede)", .family = SYM_3DES, .keys = { 16, 24 },
				PLAIN(SYM_CBC, 8, 8, 8), .iv_moves = true,
				MB(JOBS, DES3, NULL, 5, 5) },

	[SDEV_ALG_MD5] = { "md5", HASH(SYM_MD5, 16) },
	[SDEV_ALG_SHA1] = { "sha1", HASH(SYM_SHA1, 20), MB(JOBS, NULL, SHA_1, 5, 5) },
	[SDEV_ALG_SHA224] = { "sha224", HASH(SYM_SHA224, 28), MB(JOBS, NULL, SHA_224, 10, 10) },
	[SDEV_ALG_SHA256] = { "sha256", HASH(SYM_SHA256, 32), MB(JOBS, NULL, SHA_256, 10, 10) },
	[SDEV_ALG_SHA384] = { "sha384", HASH(SYM_SHA384, 48), MB(JOBS, NULL, SHA_384, 3, 3) },
	[SDEV_ALG_SHA512] = { "sha512", HASH(SYM_SHA512, 64), MB(JOBS, NULL, SHA_512, 3, 3) },
	[SDEV_ALG_SHA512_224] = { "sha512-224", HASH(SYM_SHA512_224, 28) },
	[SDEV_ALG_SHA512_256] = { "sha512-256", HASH(SYM_SHA512_256, 32) },
	[SDEV_ALG_SM3] = { "sm3", HASH(SYM_SM3, 32) },

	[SDEV_ALG_HMAC_MD5] = { "hmac(md5)", HMAC(SYM_MD5, 16), MB(JOBS, NULL, MD5, 3, 3) },
	[SDEV_ALG_HMAC_SHA1] = { "hmac(sha1)", HMAC(SYM_SHA1, 20),
				 MB(HASH_BURST, NULL, HMAC_SHA_1, 5, 5) },
	[SDEV_ALG_HMAC_SHA224] = { "hmac(sha224)", HMAC(SYM_SHA224, 28),
				   MB(HASH_BURST, NULL, HMAC_SHA_224, 10, 10) },
	[SDEV_ALG_HMAC_SHA256] = { "hmac(sha256)", HMAC(SYM_SHA256, 32),
				   MB(HASH_BURST, NULL, HMAC_SHA_256, 10, 10) },
	[SDEV_ALG_HMAC_SHA384] = { "hmac(sha384)", HMAC(SYM_SHA384, 48),
				   MB(HASH_BURST, NULL, HMAC_SHA_384, 3, 3) },
	[SDEV_ALG_HMAC_SHA512] = { "hmac(sha512)", HMAC(SYM_SHA512, 64),
				   MB(HASH_BURST, NULL, HMAC_SHA_512, 3, 3) },
	[SDEV_ALG_HMAC_SHA512_224] = { "hmac(sha512-224)", HMAC(SYM_SHA512_224, 28) },
	[SDEV_ALG_HMAC_SHA512_256] = { "hmac(sha512-256)", HMAC(SYM_SHA512_256, 32) },
	[SDEV_ALG_HMAC_SM3] = { "hmac(sm3)", HMAC(SYM_SM3, 32) },
	[SDEV_ALG_AES_CMAC] = { "cmac(aes)", CIPHER_MAC(SYM_CMAC, 16, false),
				.keys = { 16, 24, 32 }, MB(JOBS, NULL, AES_CMAC, 2, 2) },
	[SDEV_ALG_AES_GMAC] = { "gmac(aes)", .op = SDEV_OP_DIGEST, AES_KEYS, .mode = SYM_GMAC,
				.align = 1, .iv = 1, .iv_max = SYM_IV_MAX, .mac = 16,
				.run = sym_gmac_run, .parts = { { SYM_GCM, true, false, false } },
				MB(DIRECT, GCM, AES_GMAC, 1, 1) },
	[SDEV_ALG_AES_XCBC_MAC_96] = { "xcbc-mac-96(aes)", CIPHER_MAC(SYM_XCBC, 12, true),
				       .keys = { 16 }, MB(JOBS, NULL, AES_XCBC, 2, 2) },
	/* ipsec-mb writes twelve bytes of it and no more. */
	[SDEV_ALG_AES_XCBC_PRF_128] = { "xcbc-prf-128(aes)", CIPHER_MAC(SYM_XCBC, 16, true),
					.keys = { 16 } },

	[SDEV_ALG_AES_GCM] = { "gcm(aes)", GCM, AES_KEYS, .run = sym_aes_gcm_run,
			       BOTH_WAYS(SYM_GCM), MB(DIRECT, GCM, AES_GMAC, 1, 1) },
	[SDEV_ALG_AES_CCM] = { "ccm(aes)", CCM, AES_KEYS, .run = sym_aes_ccm_run,
			       .parts = { CCM_PARTS, { SYM_CCM, true, false, false },
					  { SYM_CCM, false, false, false } },
			       MB(JOBS, CCM, AES_CCM, 2, 2) },
	[SDEV_ALG_SM4_GCM] = { "gcm(sm4)", GCM, SM4_KEYS, .run = sym_gcm_run,
			       .parts = { { SYM_ECB, true, false, false } } },
	[SDEV_ALG_SM4_CCM] = { "ccm(sm4)", CCM, SM4_KEYS, .run = sym_ccm_run,
			       .parts = { CCM_PARTS } },
	[SDEV_ALG_AES_CBC_HMAC_SHA1] = { "authenc(hmac(sha1),cbc(aes))", CHAIN(SYM_SHA1, 20),
					 MB(CHAIN, CBC, HMAC_SHA_1, 4, 5) },
	[SDEV_ALG_AES_CBC_HMAC_SHA256] = { "authenc(hmac(sha256),cbc(aes))",
					   CHAIN(SYM_SHA256, 32),
					   MB(CHAIN, CBC, HMAC_SHA_256, 6, 10) },
	[SDEV_ALG_AES_CBC_HMAC_SHA512] = { "authenc(hmac(sha512),cbc(aes))",
					   CHAIN(SYM_SHA512, 64),
					   MB(CHAIN, CBC, HMAC_SHA_512, 3, 3) },
};

const struct sym_alg *sym_alg_get(unsigned int alg)
{
	const struct sym_alg *a = &sym_algs[alg < SDEV_ALG_COUNT ? alg : SDEV_ALG_NONE];

	if (!a->name || (a->hash && !sym_hash_has(a->hash)))
		return NULL;
	for (unsigned int i = 0; i < SYM_PARTS && a->parts[i].mode; i++) {
		if (!sym_evp_has(a->family, a->parts[i].mode))
			return NULL;
	}
	return a;
}
