/* SPDX-License-Identifier: MIT */
/* The symmetric algorithms of libwd, and what the libraries call them. */
#include "sym_case.h"

#include <uadk/wd_aead.h>

#ifdef HAVE_IPSEC_MB
#define NO_COMPAT_IMB_API_053	/* its old names collide with libcrypto's */
#include <intel-ipsec-mb.h>
#define RAW(how, cipher_, hash_) \
	.raw = SYM_RAW_##how, .raw_cipher = IMB_CIPHER_##cipher_, .raw_hash = IMB_AUTH_##hash_
#else
#define RAW(how, cipher_, hash_)	.raw = SYM_RAW_NONE
#endif

#define CIPHER(alg_, mode_, key_, iv_) \
	.class = SYM_CIPHER, .alg = WD_CIPHER_##alg_, .mode = WD_CIPHER_##mode_, .key = key_, \
	.iv = iv_
#define EVP(name_)		.evp = SYM_EVP_CIPHER, .cipher = name_
#define EVP_CTS(name_)		.evp = SYM_EVP_CIPHER, .cipher = "AES-128-CBC-CTS", .cts = name_

#define HASH(alg_, out_, name_) \
	.class = SYM_DIGEST, .alg = WD_DIGEST_##alg_, .mode = WD_DIGEST_NORMAL, .out = out_, \
	.evp = SYM_EVP_HASH, .digest = name_
#define HMAC(alg_, out_, name_) \
	.class = SYM_DIGEST, .alg = WD_DIGEST_##alg_, .mode = WD_DIGEST_HMAC, .out = out_, \
	.key = 32, .evp = SYM_EVP_MAC, .digest = name_
#define MAC(alg_, out_, iv_) \
	.class = SYM_DIGEST, .alg = WD_DIGEST_##alg_, .mode = WD_DIGEST_HMAC, .out = out_, \
	.key = 16, .iv = iv_

#define AEAD(alg_, mode_, iv_) \
	.class = SYM_AEAD, .alg = WD_CIPHER_##alg_, .mode = WD_CIPHER_##mode_, .key = 16, \
	.iv = iv_, .out = 16
#define CHAIN(mac_, out_, name_) \
	.class = SYM_AEAD, .alg = WD_CIPHER_AES, .mode = WD_CIPHER_CBC, .mac = WD_DIGEST_##mac_, \
	.key = 16, .akey = 32, .iv = 16, .out = out_, \
	.evp = SYM_EVP_CHAIN, .cipher = "AES-128-CBC", .digest = name_

const struct sym_row sym_rows[] = {
	{ "ecb(aes)", CIPHER(AES, ECB, 16, 0), EVP("AES-128-ECB"), RAW(JOBS, ECB, NULL) },
	{ "cbc(aes)", CIPHER(AES, CBC, 16, 16), EVP("AES-128-CBC"), RAW(CIPHERS, CBC, NULL) },
	{ "ctr(aes)", CIPHER(AES, CTR, 16, 16), EVP("AES-128-CTR"), RAW(CIPHERS, CNTR, NULL) },
	{ "xts(aes)", CIPHER(AES, XTS, 32, 16), EVP("AES-128-XTS") },
	{ "ofb(aes)", CIPHER(AES, OFB, 16, 16), EVP("AES-128-OFB") },
	{ "cfb(aes)", CIPHER(AES, CFB, 16, 16), EVP("AES-128-CFB") },
	{ "cbc-cs1(aes)", CIPHER(AES, CBC_CS1, 16, 16), EVP_CTS("CS1") },
	{ "cbc-cs2(aes)", CIPHER(AES, CBC_CS2, 16, 16), EVP_CTS("CS2") },
	{ "cbc-cs3(aes)", CIPHER(AES, CBC_CS3, 16, 16), EVP_CTS("CS3") },
	{ "ecb(sm4)", CIPHER(SM4, ECB, 16, 0), EVP("SM4-ECB") },
	{ "cbc(sm4)", CIPHER(SM4, CBC, 16, 16), EVP("SM4-CBC") },
	{ "ctr(sm4)", CIPHER(SM4, CTR, 16, 16), EVP("SM4-CTR") },
	{ "xts(sm4)", CIPHER(SM4, XTS, 32, 16) },
	{ "ofb(sm4)", CIPHER(SM4, OFB, 16, 16), EVP("SM4-OFB") },
	{ "cfb(sm4)", CIPHER(SM4, CFB, 16, 16), EVP("SM4-CFB") },
	{ "cbc-cs1(sm4)", CIPHER(SM4, CBC_CS1, 16, 16) },
	{ "cbc-cs2(sm4)", CIPHER(SM4, CBC_CS2, 16, 16) },
	{ "cbc-cs3(sm4)", CIPHER(SM4, CBC_CS3, 16, 16) },
	{ "ecb(des)", CIPHER(DES, ECB, 8, 0), EVP("DES-ECB") },
	{ "cbc(des)", CIPHER(DES, CBC, 8, 8), EVP("DES-CBC"), RAW(JOBS, DES, NULL) },
	{ "ecb(des3_ede)", CIPHER(3DES, ECB, 24, 0), EVP("DES-EDE3-ECB") },
	{ "cbc(des3_ede)", CIPHER(3DES, CBC, 24, 8), EVP("DES-EDE3-CBC"), RAW(JOBS, DES3, NULL) },

	{ "md5", HASH(MD5, 16, "MD5") },
	{ "sha1", HASH(SHA1, 20, "SHA1"), RAW(JOBS, NULL, SHA_1) },
	{ "sha224", HASH(SHA224, 28, "SHA224"), RAW(JOBS, NULL, SHA_224) },
	{ "sha256", HASH(SHA256, 32, "SHA256"), RAW(JOBS, NULL, SHA_256) },
	{ "sha384", HASH(SHA384, 48, "SHA384"), RAW(JOBS, NULL, SHA_384) },
	{ "sha512", HASH(SHA512, 64, "SHA512"), RAW(JOBS, NULL, SHA_512) },
	{ "sha512-224", HASH(SHA512_224, 28, "SHA512-224") },
	{ "sha512-256", HASH(SHA512_256, 32, "SHA512-256") },
	{ "sm3", HASH(SM3, 32, "SM3") },
	{ "hmac(md5)", HMAC(MD5, 16, "MD5"), RAW(JOBS, NULL, MD5) },
	{ "hmac(sha1)", HMAC(SHA1, 20, "SHA1"), RAW(HASHES, NULL, HMAC_SHA_1) },
	{ "hmac(sha224)", HMAC(SHA224, 28, "SHA224"), RAW(HASHES, NULL, HMAC_SHA_224) },
	{ "hmac(sha256)", HMAC(SHA256, 32, "SHA256"), RAW(HASHES, NULL, HMAC_SHA_256) },
	{ "hmac(sha384)", HMAC(SHA384, 48, "SHA384"), RAW(HASHES, NULL, HMAC_SHA_384) },
	{ "hmac(sha512)", HMAC(SHA512, 64, "SHA512"), RAW(HASHES, NULL, HMAC_SHA_512) },
	{ "hmac(sha512-224)", HMAC(SHA512_224, 28, "SHA512-224") },
	{ "hmac(sha512-256)", HMAC(SHA512_256, 32, "SHA512-256") },
	{ "hmac(sm3)", HMAC(SM3, 32, "SM3") },
	{ "cmac(aes)", MAC(AES_CMAC, 16, 0), .evp = SYM_EVP_MAC, .cipher = "AES-128-CBC",
	  RAW(JOBS, NULL, AES_CMAC) },
	{ "gmac(aes)", MAC(AES_GMAC, 16, 12), .evp = SYM_EVP_GMAC, .cipher = "AES-128-GCM",
	  RAW(GCM, GCM, AES_GMAC) },
	{ "xcbc-mac-96(aes)", MAC(AES_XCBC_MAC_96, 12, 0), RAW(JOBS, NULL, AES_XCBC) },
	{ "xcbc-prf-128(aes)", MAC(AES_XCBC_PRF_128, 16, 0) },

	{ "gcm(aes)", AEAD(AES, GCM, 12), .evp = SYM_EVP_GCM, .cipher = "AES-128-GCM",
	  RAW(GCM, GCM, AES_GMAC) },
	{ "ccm(aes)", AEAD(AES, CCM, 12), .evp = SYM_EVP_CCM, .cipher = "AES-128-CCM",
	  RAW(JOBS, CCM, AES_CCM) },
	{ "gcm(sm4)", AEAD(SM4, GCM, 12) },
	{ "ccm(sm4)", AEAD(SM4, CCM, 12) },
	{ "authenc(hmac(sha1),cbc(aes))", CHAIN(SHA1, 20, "SHA1"), RAW(JOBS, CBC, HMAC_SHA_1) },
	{ "authenc(hmac(sha256),cbc(aes))", CHAIN(SHA256, 32, "SHA256"),
	  RAW(JOBS, CBC, HMAC_SHA_256) },
	{ "authenc(hmac(sha512),cbc(aes))", CHAIN(SHA512, 64, "SHA512"),
	  RAW(JOBS, CBC, HMAC_SHA_512) },
};
const size_t sym_row_count = sizeof(sym_rows) / sizeof(sym_rows[0]);
