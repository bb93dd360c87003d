/* SPDX-License-Identifier: MIT */
/*
 * Ciphers of libcrypto. Algorithms are fetched once; a session keeps a few keyed
 * contexts, so that a job is an IV and the data.
 */
#include "device/crypto/sym.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "util/log.h"

/* By length of the key: what libcrypto calls the family. */
static const struct {
	uint8_t family;
	uint8_t key;
	const char *name;
} families[] = {
	{ SYM_AES, 16, "AES-128" },
	{ SYM_AES, 24, "AES-192" },
	{ SYM_AES, 32, "AES-256" },
	{ SYM_SM4, 16, "SM4" },
	{ SYM_DES, 8, "DES" },
	{ SYM_3DES, 24, "DES-EDE3" },
};
#define FAMILIES	wdi_array_size(families)

static const char *const mode_names[SYM_MODE_COUNT] = {
	[SYM_ECB] = "ECB", [SYM_CBC] = "CBC", [SYM_CTR] = "CTR", [SYM_XTS] = "XTS",
	[SYM_OFB] = "OFB", [SYM_CFB] = "CFB", [SYM_GCM] = "GCM", [SYM_CCM] = "CCM",
};

static pthread_once_t evp_once = PTHREAD_ONCE_INIT;
static EVP_CIPHER *ciphers[FAMILIES][SYM_MODE_COUNT];
static bool des_is_3des;	/* no legacy provider */
/* The next message begins with what lies where libcrypto says that the IV is; see iv_look(). */
static bool iv_in_place[FAMILIES][SYM_MODE_COUNT];

/*
 * A new IV by the documented call takes as long as 500 bytes of AES-CBC, for parameters that
 * are looked up by name. Where the IV lies can be asked for, and what is written there is the
 * IV as well, as long as a context has nothing of a block left over. That is no promise of
 * libcrypto's, so each cipher is tried: @len bytes by both ways, after others.
 */
static bool iv_look(const EVP_CIPHER *cipher, unsigned int iv_len)
{
	static const uint8_t key[SYM_KEY_MAX] = { 1, 2, 3, [20] = 4, [40] = 5 };
	uint8_t iv[2][SYM_BLOCK] = { { 6, 7, [15] = 8 }, { 9 } }, in[3 * SYM_BLOCK] = { 10 };
	uint8_t out[2][sizeof(in)];
	bool same = true;

	for (int encrypt = 0; encrypt < 2 && same; encrypt++) {
		EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
		uint8_t *at = NULL;

		same = ctx && EVP_CipherInit_ex2(ctx, cipher, key, iv[0], encrypt, NULL) &&
		       EVP_CIPHER_CTX_set_padding(ctx, 0) &&
		       sym_evp_run(ctx, out[0], in, sizeof(in)) &&
		       EVP_CipherInit_ex2(ctx, NULL, NULL, iv[1], -1, NULL) &&
		       sym_evp_run(ctx, out[1], in, 2 * SYM_BLOCK) &&
		       EVP_CIPHER_CTX_get_iv_length(ctx) == (int)iv_len &&
		       (at = EVP_CIPHER_CTX_iv_noconst(ctx)) != NULL;
		if (same) {
			memcpy(at, iv[0], iv_len);
			same = sym_evp_run(ctx, out[1], in, sizeof(in)) &&
			       !memcmp(out[0], out[1], sizeof(in)) &&
			       EVP_CIPHER_CTX_iv_noconst(ctx) == at;
		}
		EVP_CIPHER_CTX_free(ctx);
	}
	return same;
}

static void iv_look_all(void)
{
	static const uint8_t modes[] = { SYM_CBC, SYM_CTR, SYM_XTS, SYM_OFB, SYM_CFB };

	for (unsigned int f = 0; f < FAMILIES; f++) {
		bool des = families[f].family == SYM_DES || families[f].family == SYM_3DES;

		for (size_t m = 0; m < wdi_array_size(modes); m++) {
			if (ciphers[f][modes[m]])
				iv_in_place[f][modes[m]] = iv_look(ciphers[f][modes[m]],
								   des ? SYM_BLOCK_DES : SYM_BLOCK);
		}
	}
}

static void evp_make(void)
{
	OSSL_LIB_CTX *lib = sdev_libcrypto();
	char name[32];

	if (!lib) {
		wdi_err("sdev: libcrypto has no default provider: no ciphers");
		return;
	}
	ERR_set_mark();
	/* Single DES lives there; without it, it is triple DES with three equal keys. */
	des_is_3des = !OSSL_PROVIDER_load(lib, "legacy");
	for (unsigned int f = 0; f < FAMILIES; f++) {
		for (unsigned int m = 0; m < SYM_MODE_COUNT; m++) {
			bool triple = families[f].family == SYM_DES && des_is_3des;

			if (!mode_names[m])
				continue;
			snprintf(name, sizeof(name), "%s-%s",
				 triple ? "DES-EDE3" : families[f].name, mode_names[m]);
			ciphers[f][m] = EVP_CIPHER_fetch(lib, name, NULL);
		}
	}
	iv_look_all();
	/* The queue of errors is the calling thread's, and not for what we tried. */
	ERR_pop_to_mark();
}

static void evp_ready(void)
{
	pthread_once(&evp_once, evp_make);
}

static unsigned int family_find(uint8_t family, unsigned int key)
{
	for (unsigned int f = 0; f < FAMILIES; f++) {
		if (families[f].family == family && families[f].key == key)
			return f;
	}
	return FAMILIES;
}

/* GCM of SM4 is in later versions of libcrypto; we need the parts. */
bool sym_evp_has(enum sym_family family, enum sym_mode mode)
{
	evp_ready();
	for (unsigned int f = 0; f < FAMILIES; f++) {
		/* XTS has no AES-192. */
		if (families[f].family == family && !ciphers[f][mode] &&
		    !(mode == SYM_XTS && families[f].key == 24))
			return false;
	}
	return true;
}

/* ---- contexts ------------------------------------------------------------------- */

/* The key as libcrypto takes it: triple DES with two keys, and single DES, as three. */
static unsigned int key_make(const struct sym_session *s, const struct sym_part *part,
			     uint8_t key[SYM_KEY_MAX])
{
	unsigned int len = s->key_len;

	memcpy(key, part->own ? s->sub[2] : s->key, len);
	if (s->alg->mode == SYM_XTS && part->mode != SYM_XTS) {
		len /= 2;
		if (part->half)
			memcpy(key, s->key + len, len);
	}
	if (s->alg->family == SYM_3DES && len == 16) {
		memcpy(key + 16, key, 8);
		len = 24;
	}
	if (s->alg->family == SYM_DES && des_is_3des) {
		memcpy(key + 8, key, 8);
		memcpy(key + 16, key, 8);
	}
	return len;
}

/*
 * A key goes through vector registers, and a call that is bound lazily saves those
 * on the stack: leave nothing of it below.
 */
__attribute__((noinline))
void sym_stack_wipe(void)
{
	uint8_t below[16384];

	OPENSSL_cleanse(below, sizeof(below));
}

/* Parts that are given whole blocks alone, or are told by sym_evp_rest() when they were not. */
static bool iv_may_be_set(const struct sym_session *s, const struct sym_part *part)
{
	return part->mode == SYM_CBC || s->alg->mode == SYM_CCM ||
	       (s->alg->op == SDEV_OP_CIPHER && s->alg->mode == part->mode);
}

static EVP_CIPHER_CTX *ctx_make(struct sym_session *s, const struct sym_part *part)
{
	static const uint8_t no_iv[SYM_BLOCK];
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t key[SYM_KEY_MAX];
	unsigned int len, f;
	bool ok, set;

	if (!ctx)
		return NULL;
	ERR_set_mark();
	len = key_make(s, part, key);
	f = family_find(s->alg->family, part->mode == SYM_XTS ? len / 2 : len);
	set = f < FAMILIES && iv_in_place[f][part->mode] && iv_may_be_set(s, part);
	ok = f < FAMILIES &&
	     EVP_CipherInit_ex2(ctx, ciphers[f][part->mode], key, set ? no_iv : NULL,
				part->encrypt, NULL) &&
	     EVP_CIPHER_CTX_set_padding(ctx, 0);
	if (ok && set)
		EVP_CIPHER_CTX_set_app_data(ctx, EVP_CIPHER_CTX_iv_noconst(ctx));
	OPENSSL_cleanse(key, sizeof(key));
	ERR_pop_to_mark();
	sym_stack_wipe();
	if (!ok) {
		EVP_CIPHER_CTX_free(ctx);
		return NULL;
	}
	return ctx;
}

static EVP_CIPHER_CTX *pool_get(struct sym_session *s, unsigned int part)
{
	for (unsigned int i = 0; i < SYM_POOL; i++) {
		EVP_CIPHER_CTX *ctx;

		if (!atomic_load_explicit(&s->pool[part][i], memory_order_relaxed))
			continue;
		ctx = atomic_exchange_explicit(&s->pool[part][i], NULL, memory_order_acquire);
		if (ctx)
			return ctx;
	}
	return ctx_make(s, &s->alg->parts[part]);
}

EVP_CIPHER_CTX *sym_evp_get(struct sym_lane *lane, struct sym_session *s, unsigned int part)
{
	lane->held[part] = pool_get(s, part);
	return lane->held[part];
}

/* A message in pieces keeps it. */
void sym_evp_keep(struct sym_lane *lane, unsigned int part)
{
	lane->held[part] = NULL;
}

void sym_evp_lost(struct sym_lane *lane)
{
	for (unsigned int part = 0; part < SYM_PARTS; part++) {
		EVP_CIPHER_CTX_free(lane->held[part]);
		lane->held[part] = NULL;
	}
	CRYPTO_gcm128_release(lane->gcm);
	lane->gcm = NULL;
}

void sym_evp_put(struct sym_lane *lane, struct sym_session *s, unsigned int part,
		 EVP_CIPHER_CTX *ctx)
{
	lane->held[part] = NULL;
	for (unsigned int i = 0; i < SYM_POOL && ctx; i++) {
		EVP_CIPHER_CTX *none = NULL;

		if (!atomic_load_explicit(&s->pool[part][i], memory_order_relaxed) &&
		    atomic_compare_exchange_strong_explicit(&s->pool[part][i], &none, ctx,
							    memory_order_release,
							    memory_order_relaxed))
			return;
	}
	EVP_CIPHER_CTX_free(ctx);
}

/* The session is nobody's any more. libcrypto wipes what it frees. */
void sym_evp_drain(struct sym_session *s)
{
	for (unsigned int part = 0; part < SYM_PARTS; part++) {
		for (unsigned int i = 0; i < SYM_POOL; i++)
			EVP_CIPHER_CTX_free(atomic_exchange(&s->pool[part][i], NULL));
	}
}

bool sym_evp_start_len(EVP_CIPHER_CTX *ctx, const uint8_t *iv, unsigned int len)
{
	uint8_t *at = ctx ? EVP_CIPHER_CTX_get_app_data(ctx) : NULL;

	if (wdi_unlikely(!at))
		return sym_evp_start(ctx, iv);
	sym_block_copy(at, iv, len);
	return true;
}

void sym_evp_rest(EVP_CIPHER_CTX *ctx)
{
	static const uint8_t no_iv[SYM_BLOCK];

	if (EVP_CIPHER_CTX_get_app_data(ctx))
		sym_evp_start(ctx, no_iv);
}

const uint8_t *sym_evp_iv(const EVP_CIPHER_CTX *ctx)
{
	return EVP_CIPHER_CTX_get_app_data(ctx);
}

bool sym_evp_start(EVP_CIPHER_CTX *ctx, const uint8_t *iv)
{
	return ctx && EVP_CipherInit_ex2(ctx, NULL, NULL, iv, -1, NULL);
}

bool sym_evp_run(EVP_CIPHER_CTX *ctx, uint8_t *dst, const uint8_t *src, size_t len)
{
	int out;

	return len <= INT_MAX && EVP_CipherUpdate(ctx, dst, &out, src, (int)len);
}
