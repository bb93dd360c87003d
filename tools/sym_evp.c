/* SPDX-License-Identifier: MIT */
/*
 * EVP at the jobs of sym_case.h, one after the other. The key is set beforehand;
 * a job is what a program calls for a message.
 */
#include "sym_case.h"

#include <errno.h>
#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/provider.h>

struct evp_state {
	struct sym_data *d;
	EVP_CIPHER_CTX *cipher;
	EVP_MD *md;
	EVP_MD_CTX *hash;
	EVP_MAC_CTX *mac;
	bool (*one)(struct evp_state *s, struct sym_job *j);
};

/* ---- a message ------------------------------------------------------------------------ */

static bool cipher_one(struct evp_state *s, struct sym_job *j)
{
	int n;

	return (!s->d->row->iv ||
		EVP_CipherInit_ex2(s->cipher, NULL, NULL, j->iv, -1, NULL)) &&
	       EVP_CipherUpdate(s->cipher, j->dst, &n, j->src, (int)s->d->size);
}

static bool hash_one(struct evp_state *s, struct sym_job *j)
{
	unsigned int n;

	return EVP_DigestInit_ex2(s->hash, s->md, NULL) &&
	       EVP_DigestUpdate(s->hash, j->src, s->d->size) &&
	       EVP_DigestFinal_ex(s->hash, j->mac, &n);
}

static bool mac_one(struct evp_state *s, struct sym_job *j)
{
	size_t n;

	return EVP_MAC_init(s->mac, NULL, 0, NULL) &&
	       EVP_MAC_update(s->mac, j->src, s->d->size) &&
	       EVP_MAC_final(s->mac, j->mac, &n, sizeof(j->mac));
}

/* GMAC is GCM of associated data alone. */
static bool gcm_one(struct evp_state *s, struct sym_job *j)
{
	bool data = s->d->row->class == SYM_AEAD;
	int n;

	if (!EVP_CipherInit_ex2(s->cipher, NULL, NULL, j->iv, -1, NULL) ||
	    !EVP_CipherUpdate(s->cipher, NULL, &n, j->src, data ? SYM_AAD : (int)s->d->size))
		return false;
	if (data && !EVP_CipherUpdate(s->cipher, j->dst + SYM_AAD, &n, j->src + SYM_AAD,
				      (int)s->d->size))
		return false;
	if (!s->d->decrypt)
		return EVP_CipherFinal_ex(s->cipher, j->mac, &n) &&
		       EVP_CIPHER_CTX_ctrl(s->cipher, EVP_CTRL_AEAD_GET_TAG, 16, j->mac);
	return EVP_CIPHER_CTX_ctrl(s->cipher, EVP_CTRL_AEAD_SET_TAG, 16, j->mac) &&
	       EVP_CipherFinal_ex(s->cipher, j->dst + SYM_AAD, &n);
}

static bool ccm_one(struct evp_state *s, struct sym_job *j)
{
	int n;

	if (s->d->decrypt &&
	    !EVP_CIPHER_CTX_ctrl(s->cipher, EVP_CTRL_AEAD_SET_TAG, 16, j->mac))
		return false;
	return EVP_CipherInit_ex2(s->cipher, NULL, NULL, j->iv, -1, NULL) &&
	       EVP_CipherUpdate(s->cipher, NULL, &n, NULL, (int)s->d->size) &&
	       EVP_CipherUpdate(s->cipher, NULL, &n, j->src, SYM_AAD) &&
	       EVP_CipherUpdate(s->cipher, j->dst + SYM_AAD, &n, j->src + SYM_AAD,
				(int)s->d->size) &&
	       (s->d->decrypt ||
		EVP_CIPHER_CTX_ctrl(s->cipher, EVP_CTRL_AEAD_GET_TAG, 16, j->mac));
}

/* Two calls, as EVP has none that does both. */
static bool chain_one(struct evp_state *s, struct sym_job *j)
{
	uint8_t *data = s->d->decrypt ? j->src : j->dst, tag[64];
	size_t len;
	int n;

	if (!EVP_CipherInit_ex2(s->cipher, NULL, NULL, j->iv, -1, NULL) ||
	    !EVP_CipherUpdate(s->cipher, j->dst + SYM_AAD, &n, j->src + SYM_AAD,
			      (int)s->d->size) ||
	    !EVP_MAC_init(s->mac, NULL, 0, NULL) || !EVP_MAC_update(s->mac, j->src, SYM_AAD) ||
	    !EVP_MAC_update(s->mac, data + SYM_AAD, s->d->size))
		return false;
	if (!s->d->decrypt)
		return EVP_MAC_final(s->mac, j->mac, &len, sizeof(j->mac));
	return EVP_MAC_final(s->mac, tag, &len, sizeof(tag)) && !CRYPTO_memcmp(tag, j->mac, len);
}

/* ---- contexts, with their keys ---------------------------------------------------------- */

static bool cipher_open(struct evp_state *s)
{
	const struct sym_row *row = s->d->row;
	OSSL_PARAM cts[2] = { OSSL_PARAM_END, OSSL_PARAM_END };
	EVP_CIPHER *cipher;
	bool ok;

	/* Single DES is there. */
	OSSL_PROVIDER_try_load(NULL, "legacy", 1);
	cipher = EVP_CIPHER_fetch(NULL, row->cipher, NULL);
	s->cipher = EVP_CIPHER_CTX_new();
	if (row->cts)
		cts[0] = OSSL_PARAM_construct_utf8_string(OSSL_CIPHER_PARAM_CTS_MODE,
							  (char *)(uintptr_t)row->cts, 0);
	ok = cipher && s->cipher && EVP_CipherInit_ex2(s->cipher, cipher, NULL, NULL,
						       !s->d->decrypt, NULL);
	if (ok && row->evp == SYM_EVP_CCM)
		ok = EVP_CIPHER_CTX_ctrl(s->cipher, EVP_CTRL_AEAD_SET_IVLEN, row->iv, NULL) &&
		     EVP_CIPHER_CTX_ctrl(s->cipher, EVP_CTRL_AEAD_SET_TAG, row->out, NULL);
	ok = ok && EVP_CipherInit_ex2(s->cipher, NULL, s->d->key, NULL, -1, NULL) &&
	     EVP_CIPHER_CTX_set_padding(s->cipher, 0) &&
	     (!row->cts || EVP_CIPHER_CTX_set_params(s->cipher, cts));
	EVP_CIPHER_free(cipher);
	return ok;
}

static bool hash_open(struct evp_state *s)
{
	s->md = EVP_MD_fetch(NULL, s->d->row->digest, NULL);
	s->hash = EVP_MD_CTX_new();
	return s->md && s->hash;
}

static bool mac_open(struct evp_state *s)
{
	const struct sym_row *row = s->d->row;
	const char *what = row->digest ? row->digest : row->cipher;
	EVP_MAC *mac = EVP_MAC_fetch(NULL, row->digest ? "HMAC" : "CMAC", NULL);
	OSSL_PARAM params[2] = {
		OSSL_PARAM_construct_utf8_string(row->digest ? OSSL_MAC_PARAM_DIGEST :
							       OSSL_MAC_PARAM_CIPHER,
						 (char *)(uintptr_t)what, 0),
		OSSL_PARAM_END,
	};
	bool chain = row->class == SYM_AEAD;

	s->mac = mac ? EVP_MAC_CTX_new(mac) : NULL;
	EVP_MAC_free(mac);
	return s->mac && EVP_MAC_init(s->mac, chain ? s->d->akey : s->d->key,
				      chain ? row->akey : row->key, params);
}

static bool chain_open(struct evp_state *s)
{
	return cipher_open(s) && mac_open(s);
}

static const struct {
	bool (*open)(struct evp_state *s);
	bool (*one)(struct evp_state *s, struct sym_job *j);
} ways[] = {
	[SYM_EVP_CIPHER] = { cipher_open, cipher_one },
	[SYM_EVP_HASH] = { hash_open, hash_one },
	[SYM_EVP_MAC] = { mac_open, mac_one },
	[SYM_EVP_GMAC] = { cipher_open, gcm_one },
	[SYM_EVP_GCM] = { cipher_open, gcm_one },
	[SYM_EVP_CCM] = { cipher_open, ccm_one },
	[SYM_EVP_CHAIN] = { chain_open, chain_one },
};

static void *evp_open(struct sym_data *d)
{
	struct evp_state *s = d->row->evp ? calloc(1, sizeof(*s)) : NULL;

	if (!s)
		return NULL;
	s->d = d;
	s->one = ways[d->row->evp].one;
	if (ways[d->row->evp].open(s))
		return s;
	EVP_CIPHER_CTX_free(s->cipher);
	EVP_MD_free(s->md);
	EVP_MD_CTX_free(s->hash);
	EVP_MAC_CTX_free(s->mac);
	free(s);
	return NULL;
}

static int evp_run(void *state, unsigned int depth)
{
	struct evp_state *s = state;

	(void)depth;
	for (unsigned int i = 0; i < SYM_JOBS; i++) {
		if (!s->one(s, &s->d->job[i]))
			return -EIO;
	}
	return 0;
}

const struct sym_side sym_side_evp = { evp_open, evp_run };
