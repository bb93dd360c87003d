/* SPDX-License-Identifier: MIT */
/* AEAD through libcrypto, and GMAC: messages whole or in pieces. */
#include "device/crypto/sym.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <string.h>

/*
 * What was decrypted under a tag that does not match is overwritten before
 * anybody is told that the job has ended; in place that costs the ciphertext too.
 */
void sym_tag_end(struct sym_job *j, const uint8_t *tag)
{
	if (!sym_decrypt(j)) {
		memcpy(j->mac, tag, j->mac_len);
		return;
	}
	if (!CRYPTO_memcmp(j->mac, tag, j->mac_len))
		return;
	OPENSSL_cleanse(j->dst, j->len);
	sym_end(j, SDEV_ST_AUTH_FAILED, 0);
}

/* The message has ended, or will not be finished. */
void sym_stream_drop(struct sym_stream *st)
{
	EVP_CIPHER_CTX_free(st->evp);
	CRYPTO_gcm128_release(st->gcm);
	st->evp = NULL;
	st->gcm = NULL;
	st->on = false;
	OPENSSL_cleanse(st->iv, sizeof(*st) - offsetof(struct sym_stream, iv));
}

/* ---- AES-GCM and GMAC -------------------------------------------------------------- */

static bool gcm_start(EVP_CIPHER_CTX *ctx, struct sym_job *j)
{
	/* The length of the IV has to be known before the IV; a context comes with 12, or 0 here. */
	uintptr_t has = (uintptr_t)EVP_CIPHER_CTX_get_app_data(ctx);

	if ((has ? has : 12) != j->iv_len) {
		if (EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, j->iv_len, NULL) <= 0)
			return false;
		EVP_CIPHER_CTX_set_app_data(ctx, (void *)(uintptr_t)j->iv_len);
	}
	return sym_evp_start(ctx, sym_iv(j)) &&
	       (!j->aad_len || sym_evp_run(ctx, NULL, j->aad, j->aad_len));
}

static bool gcm_data(EVP_CIPHER_CTX *ctx, struct sym_job *j)
{
	for (size_t at = 0, n; at < j->len; at += n) {
		n = wdi_min(j->len - at, SYM_PIECE);
		if (!sym_evp_run(ctx, j->dst ? j->dst + at : NULL, j->src + at, n))
			return false;
		if (wdi_unlikely(at + n < j->len) && !sym_go_on(j))
			return true;
	}
	return true;
}

static bool gcm_tag(EVP_CIPHER_CTX *ctx, struct sym_job *j)
{
	uint8_t tag[SYM_BLOCK];
	int n;

	if (!sym_decrypt(j))
		return EVP_CipherFinal_ex(ctx, tag, &n) &&
		       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, SYM_BLOCK, tag) > 0 &&
		       (sym_tag_end(j, tag), true);
	if (EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, j->mac_len, j->mac) <= 0)
		return false;
	if (EVP_CipherFinal_ex(ctx, tag, &n) <= 0) {
		OPENSSL_cleanse(j->dst, j->len);
		sym_end(j, SDEV_ST_AUTH_FAILED, 0);
	}
	return true;
}

/*
 * A message in pieces keeps its context from the first to the last of them; the
 * pool sees it again only by what is made anew.
 */
void sym_aes_gcm_run(struct sym_lane *lane, struct sym_session *s, struct sym_job *j)
{
	unsigned int part = sym_decrypt(j) ? 1 : 0;
	EVP_CIPHER_CTX *ctx = sym_first(j) ? sym_evp_get(lane, s, part) : s->stream.evp;
	bool ok = ctx;

	sym_end(j, SDEV_ST_DONE, SDEV_DONE_ALL);
	if (!sym_whole(j)) {
		s->stream.evp = ctx;
		sym_evp_keep(lane, part);
	}
	if (sym_first(j))
		ok = ok && gcm_start(ctx, j);
	ok = ok && gcm_data(ctx, j);
	if (sym_last(j) && ok && !j->status)
		ok = gcm_tag(ctx, j);
	if (!ok)
		sym_end(j, SDEV_ST_UNSUPPORTED, 0);
	if (sym_whole(j))
		sym_evp_put(lane, s, part, ctx);
}

/* GCM of nothing but AAD. */
void sym_gmac_run(struct sym_lane *lane, struct sym_session *s, struct sym_job *j)
{
	sym_aes_gcm_run(lane, s, j);
}

/* ---- AES-CCM ------------------------------------------------------------------------ */

/* The parts of it that EVP does whole. */
#define CCM_WHOLE	2
/*
 * It does both passes at once, which saves 6 % of the time, but is told nonce, tag and
 * lengths by parameters with names, which takes as long as this many bytes of it do there.
 */
#define CCM_SHORT	(3u << 10)

/* Lengths are the context's until others are wanted; the key is set behind them. */
static bool ccm_lengths(EVP_CIPHER_CTX *ctx, const struct sym_session *s, const struct sym_job *j)
{
	uintptr_t want = (uintptr_t)j->iv_len << 8 | j->mac_len;

	if ((uintptr_t)EVP_CIPHER_CTX_get_app_data(ctx) == want)
		return true;
	if (EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, j->iv_len, NULL) <= 0 ||
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, j->mac_len, NULL) <= 0 ||
	    !EVP_CipherInit_ex2(ctx, NULL, s->key, NULL, -1, NULL))
		return false;
	sym_stack_wipe();
	EVP_CIPHER_CTX_set_app_data(ctx, (void *)want);
	return true;
}

static bool ccm_whole(EVP_CIPHER_CTX *ctx, const struct sym_session *s, struct sym_job *j)
{
	uint8_t tag[SYM_BLOCK];

	if (!ccm_lengths(ctx, s, j) ||
	    (sym_decrypt(j) &&
	     EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, j->mac_len, j->mac) <= 0) ||
	    !sym_evp_start(ctx, j->iv) || !sym_evp_run(ctx, NULL, NULL, j->len) ||
	    (j->aad_len && !sym_evp_run(ctx, NULL, j->aad, j->aad_len)))
		return false;
	if (sym_decrypt(j)) {
		/* The queue of errors is the calling thread's, and this is none of its. */
		ERR_set_mark();
		if (!sym_evp_run(ctx, j->dst, j->src, j->len)) {
			OPENSSL_cleanse(j->dst, j->len);
			sym_end(j, SDEV_ST_AUTH_FAILED, 0);
		}
		ERR_pop_to_mark();
		return true;
	}
	if (!sym_evp_run(ctx, j->dst, j->src, j->len))
		return false;
	if (EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, j->mac_len, tag) <= 0)
		return false;
	sym_tag_end(j, tag);
	return true;
}

/*
 * EVP takes whole messages. Pieces, short ones, and those that are long enough
 * for somebody to wait for the end of a step are put together from CBC and CTR; so is
 * what the length field of the nonce does not hold, which is refused there.
 */
void sym_aes_ccm_run(struct sym_lane *lane, struct sym_session *s, struct sym_job *j)
{
	unsigned int part = CCM_WHOLE + (sym_decrypt(j) ? 1 : 0);
	EVP_CIPHER_CTX *ctx;

	if (!sym_whole(j) || j->len <= CCM_SHORT || j->len > SYM_PIECE ||
	    (j->iv_len == 13 && j->len > UINT16_MAX)) {
		sym_ccm_run(lane, s, j);
		return;
	}
	ctx = sym_evp_get(lane, s, part);
	sym_end(j, SDEV_ST_DONE, SDEV_DONE_ALL);
	if (!ctx || !ccm_whole(ctx, s, j)) {
		sym_end(j, SDEV_ST_UNSUPPORTED, 0);
		/* It may have lengths that nobody knows. */
		sym_evp_keep(lane, part);
		EVP_CIPHER_CTX_free(ctx);
		return;
	}
	sym_evp_put(lane, s, part, ctx);
}

/* ---- CBC and HMAC: the MAC is that of AAD and ciphertext -------------------------------- */

static void chain_mac(struct sym_lane *lane, const struct sym_hash_row *row,
		      struct sym_stream *st, const uint8_t *p, size_t len)
{
	if (len)
		row->update(lane, &st->hash, p, len);
}

static void chain_tag(struct sym_lane *lane, struct sym_session *s, struct sym_stream *st,
		      uint8_t tag[SYM_MAC_MAX])
{
	const struct sym_hash_row *row = &sym_hash_rows[s->alg->hash];

	row->final(lane, &st->hash, tag);
	sym_hash_resume(lane, row, &st->hash, s->outer, row->block);
	row->update(lane, &st->hash, tag, row->digest);
	row->final(lane, &st->hash, tag);
}

static bool chain_cipher(struct sym_lane *lane, struct sym_session *s, struct sym_stream *st, struct sym_job *j)
{
	unsigned int part = sym_decrypt(j) ? 1 : 0;
	EVP_CIPHER_CTX *cbc;
	uint8_t next[SYM_BLOCK];
	bool ok = true;

	if (!j->len)
		return true;
	cbc = sym_evp_get(lane, s, part);
	if (part)
		memcpy(next, j->src + j->len - SYM_BLOCK, SYM_BLOCK);
	ok = sym_evp_start_len(cbc, st->iv, SYM_BLOCK);
	for (size_t at = 0, n; at < j->len && ok; at += n) {
		n = wdi_min(j->len - at, SYM_PIECE);
		ok = sym_evp_run(cbc, j->dst + at, j->src + at, n);
		if (wdi_unlikely(at + n < j->len) && !sym_go_on(j))
			break;
	}
	if (!part)
		memcpy(next, j->dst + j->len - SYM_BLOCK, SYM_BLOCK);
	memcpy(st->iv, next, SYM_BLOCK);
	sym_evp_put(lane, s, part, cbc);
	return ok;
}

/* Whole messages are checked before they are decrypted; of pieces only the last can be. */
void sym_chain_run(struct sym_lane *lane, struct sym_session *s, struct sym_job *j)
{
	const struct sym_hash_row *row = &sym_hash_rows[s->alg->hash];
	struct sym_stream whole, *st = sym_whole(j) ? &whole : &s->stream;
	uint8_t tag[SYM_MAC_MAX];
	bool ok = true;

	sym_end(j, SDEV_ST_DONE, SDEV_DONE_ALL);
	if (sym_first(j)) {
		sym_hash_resume(lane, row, &st->hash, s->inner, row->block);
		chain_mac(lane, row, st, j->aad, j->aad_len);
		memcpy(st->iv, j->iv, SYM_BLOCK);
	}
	if (sym_decrypt(j)) {
		chain_mac(lane, row, st, j->src, j->len);
		if (sym_last(j)) {
			chain_tag(lane, s, st, tag);
			if (CRYPTO_memcmp(j->mac, tag, j->mac_len))
				sym_end(j, SDEV_ST_AUTH_FAILED, 0);
		}
		if (!j->status)
			ok = chain_cipher(lane, s, st, j);
	} else {
		ok = chain_cipher(lane, s, st, j);
		chain_mac(lane, row, st, j->dst, j->len);
		if (sym_last(j)) {
			chain_tag(lane, s, st, tag);
			memcpy(j->mac, tag, j->mac_len);
		}
	}
	if (!ok)
		sym_end(j, SDEV_ST_NO_MEMORY, 0);
	if (st == &whole)
		OPENSSL_cleanse(&whole, sizeof(whole));
	OPENSSL_cleanse(tag, sizeof(tag));
}
