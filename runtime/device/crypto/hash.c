/* SPDX-License-Identifier: MIT */
/*
 * Hashes. libcrypto's own interface of the MD5 and SHA families lets one see and
 * set the chaining state, which EVP does not: libwd's streams carry it from piece
 * to piece, and an HMAC starts from one that stands behind its padded key. SM3
 * has no such interface; its state is reached through the functions of its
 * EVP_MD, which work on memory of a size that we name.
 */
#include "device/crypto/sym.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <string.h>

#include "util/log.h"

/* ---- the SHA families and MD5 -------------------------------------------------- */

#define FAMILY(name, NAME, field, init_fn) \
	static void name##_init(struct sym_lane *lane, union sym_hash_ctx *c) \
	{ \
		(void)lane; \
		init_fn(&c->field); \
	} \
	static void name##_update(struct sym_lane *lane, union sym_hash_ctx *c, const void *p, \
				  size_t n) \
	{ \
		(void)lane; \
		NAME##_Update(&c->field, p, n); \
	} \
	static void name##_final(struct sym_lane *lane, union sym_hash_ctx *c, uint8_t *digest) \
	{ \
		(void)lane; \
		NAME##_Final(digest, &c->field); \
	}

FAMILY(md5, MD5, md5, MD5_Init)
FAMILY(sha1, SHA1, sha1, SHA1_Init)
FAMILY(sha224, SHA224, sha256, SHA224_Init)
FAMILY(sha256, SHA256, sha256, SHA256_Init)
FAMILY(sha384, SHA384, sha512, SHA384_Init)
FAMILY(sha512, SHA512, sha512, SHA512_Init)

/* FIPS 180-4 5.3.6: the words that SHA-512/t starts from, by its generating function. */
static uint64_t sha512_t_iv[2][8];

static void sha512_t_make(const char *name, uint64_t iv[8])
{
	uint8_t digest[SHA512_DIGEST_LENGTH];
	SHA512_CTX c;

	SHA512_Init(&c);
	for (unsigned int i = 0; i < 8; i++)
		c.h[i] ^= UINT64_C(0xa5a5a5a5a5a5a5a5);
	SHA512_Update(&c, name, strlen(name));
	SHA512_Final(digest, &c);
	for (unsigned int i = 0; i < 8; i++) {
		iv[i] = 0;
		for (unsigned int b = 0; b < 8; b++)
			iv[i] = iv[i] << 8 | digest[8 * i + b];
	}
}

static void sha512_224_init(struct sym_lane *lane, union sym_hash_ctx *c)
{
	sha512_init(lane, c);
	memcpy(c->w64, sha512_t_iv[0], sizeof(sha512_t_iv[0]));
}

static void sha512_256_init(struct sym_lane *lane, union sym_hash_ctx *c)
{
	sha512_init(lane, c);
	memcpy(c->w64, sha512_t_iv[1], sizeof(sha512_t_iv[1]));
}

/* ---- SM3 ------------------------------------------------------------------------- */

static struct {
	EVP_MD *md;
	int (*init)(EVP_MD_CTX *);
	int (*update)(EVP_MD_CTX *, const void *, size_t);
	int (*final)(EVP_MD_CTX *, unsigned char *);
} sm3;

static EVP_MD_CTX *sm3_ctx_new(void)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	if (ctx && (!EVP_DigestInit_ex(ctx, sm3.md, NULL) || !EVP_MD_CTX_get0_md_data(ctx))) {
		EVP_MD_CTX_free(ctx);
		return NULL;
	}
	return ctx;
}

static struct sym_sm3 *sm3_state(struct sym_lane *lane)
{
	return EVP_MD_CTX_get0_md_data(lane->sm3);
}

static void sm3_init(struct sym_lane *lane, union sym_hash_ctx *c)
{
	sm3.init(lane->sm3);
	c->sm3 = *sm3_state(lane);
}

static void sm3_update(struct sym_lane *lane, union sym_hash_ctx *c, const void *p, size_t n)
{
	*sm3_state(lane) = c->sm3;
	sm3.update(lane->sm3, p, n);
	c->sm3 = *sm3_state(lane);
}

static void sm3_final(struct sym_lane *lane, union sym_hash_ctx *c, uint8_t *digest)
{
	*sm3_state(lane) = c->sm3;
	sm3.final(lane->sm3, digest);
	OPENSSL_cleanse(sm3_state(lane), sizeof(struct sym_sm3));
}

/* GB/T 32905: the words that it starts from, and what the layout has to look like. */
static bool sm3_looks_right(const struct sym_sm3 *s, uint32_t first, uint32_t bits)
{
	return s->h[0] == first && s->bits[0] == bits && !s->bits[1] && !s->num;
}

static void sm3_make(void)
{
	static const uint8_t block[64];
	const struct sym_sm3 *s;
	EVP_MD_CTX *ctx;
	bool ok;

	sm3.md = EVP_MD_meth_dup(EVP_sm3());
	if (!sm3.md)
		return;
	sm3.init = EVP_MD_meth_get_init(sm3.md);
	sm3.update = EVP_MD_meth_get_update(sm3.md);
	sm3.final = EVP_MD_meth_get_final(sm3.md);
	ok = sm3.init && sm3.update && sm3.final &&
	     (EVP_MD_meth_get_app_datasize(sm3.md) >= (int)sizeof(*s) ||
	      EVP_MD_meth_set_app_datasize(sm3.md, 2 * sizeof(*s)));
	ctx = ok ? sm3_ctx_new() : NULL;
	s = ctx ? EVP_MD_CTX_get0_md_data(ctx) : NULL;
	ok = s && sm3_looks_right(s, 0x7380166f, 0) && sm3.update(ctx, block, sizeof(block)) &&
	     sm3_looks_right(s, 0xa1203a40, 512);
	EVP_MD_CTX_free(ctx);
	if (ok)
		return;
	wdi_info("sdev: libcrypto's SM3 is not as it used to be; SM3 is not offered");
	EVP_MD_meth_free(sm3.md);
	sm3.md = NULL;
}

/* ---- rows ---------------------------------------------------------------------------- */

static pthread_once_t hash_once = PTHREAD_ONCE_INIT;

static void hash_make(void)
{
	sha512_t_make("SHA-512/224", sha512_t_iv[0]);
	sha512_t_make("SHA-512/256", sha512_t_iv[1]);
	sm3_make();
}

const struct sym_hash_row sym_hash_rows[SYM_HASH_COUNT] = {
	[SYM_MD5] = { 64, 16, 16, 4, true, md5_init, md5_update, md5_final },
	[SYM_SHA1] = { 64, 20, 20, 4, false, sha1_init, sha1_update, sha1_final },
	[SYM_SHA224] = { 64, 32, 28, 4, false, sha224_init, sha224_update, sha224_final },
	[SYM_SHA256] = { 64, 32, 32, 4, false, sha256_init, sha256_update, sha256_final },
	[SYM_SHA384] = { 128, 64, 48, 8, false, sha384_init, sha384_update, sha384_final },
	[SYM_SHA512] = { 128, 64, 64, 8, false, sha512_init, sha512_update, sha512_final },
	[SYM_SHA512_224] = { 128, 64, 28, 8, false, sha512_224_init, sha512_update, sha512_final },
	[SYM_SHA512_256] = { 128, 64, 32, 8, false, sha512_256_init, sha512_update, sha512_final },
	[SYM_SM3] = { 64, 32, 32, 4, false, sm3_init, sm3_update, sm3_final },
};

bool sym_hash_has(enum sym_hash hash)
{
	pthread_once(&hash_once, hash_make);
	return hash != SYM_SM3 || sm3.md;
}

int sym_hash_lane(struct sym_lane *lane)
{
	if (!sym_hash_has(SYM_SM3))
		return 0;
	lane->sm3 = sm3_ctx_new();
	return lane->sm3 ? 0 : -1;
}

void sym_hash_lane_exit(struct sym_lane *lane)
{
	EVP_MD_CTX_free(lane->sm3);
}

/* ---- states -------------------------------------------------------------------------- */

void sym_hash_resume(struct sym_lane *lane, const struct sym_hash_row *row,
		     union sym_hash_ctx *c, const uint8_t *words, uint64_t done)
{
	row->init(lane, c);
	memcpy(c->bytes, words, row->state);
	if (row->word == 8) {
		c->w64[8] = done << 3;
		c->w64[9] = done >> 61;
	} else {
		uint32_t *bits = &c->w32[row->state / 4];

		bits[0] = (uint32_t)(done << 3);
		bits[1] = (uint32_t)(done >> 29);
	}
}

/* Between words in memory and bytes in the order of the digest: the same either way. */
static void state_turn(const struct sym_hash_row *row, uint8_t *to, const uint8_t *from)
{
	const uint16_t one = 1;
	bool host_little = *(const uint8_t *)&one;

	for (unsigned int i = 0; i < row->state; i++)
		to[i] = from[row->little == host_little ? i : (i ^ (row->word - 1u))];
}

void sym_hash_import(struct sym_lane *lane, const struct sym_hash_row *row,
		     union sym_hash_ctx *c, const uint8_t *state, uint64_t done)
{
	uint8_t words[64];

	state_turn(row, words, state);
	sym_hash_resume(lane, row, c, words, done);
}

void sym_hash_export(const struct sym_hash_row *row, const union sym_hash_ctx *c, uint8_t *state)
{
	state_turn(row, state, c->bytes);
}
