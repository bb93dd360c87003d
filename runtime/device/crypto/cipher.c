/* SPDX-License-Identifier: MIT */
/* CIPHER through libcrypto: one job, in pieces where it is long. */
#include "device/crypto/sym.h"

#include <string.h>

/* The counter of CTR is a number of 128 bits. */
static void counter_add(uint8_t *iv, uint64_t n)
{
	for (unsigned int i = SYM_BLOCK; i-- > 0 && n;) {
		n += iv[i];
		iv[i] = (uint8_t)n;
		n >>= 8;
	}
}

void sym_iv_next(enum sym_mode mode, uint8_t *iv, unsigned int block, size_t len,
		 const uint8_t *tail)
{
	if (mode == SYM_CTR)
		counter_add(iv, (len + SYM_BLOCK - 1) / SYM_BLOCK);
	else if (mode == SYM_CBC || mode == SYM_CFB)
		sym_block_copy(iv, tail, block);
}

/* Modes that a context carries on from one update to the next. */
static bool in_pieces(enum sym_mode mode)
{
	return mode != SYM_XTS;
}

static bool update(EVP_CIPHER_CTX *ctx, struct sym_job *j)
{
	size_t piece = in_pieces(j->s->alg->mode) ? SYM_PIECE : j->len;

	for (size_t at = 0, n; at < j->len; at += n) {
		n = wdi_min(j->len - at, piece);
		if (!sym_evp_run(ctx, j->dst + at, j->src + at, n))
			return false;
		if (wdi_unlikely(at + n < j->len) && !sym_go_on(j))
			return true;
	}
	return true;
}

/*
 * Where the next message would go on: what libcrypto itself would use. It has to
 * be asked for OFB and for what ends within a block; for the rest the data tells.
 */
static void iv_after(EVP_CIPHER_CTX *ctx, struct sym_job *j, const uint8_t *tail)
{
	const struct sym_alg *alg = j->s->alg;

	if (alg->mode == SYM_OFB && sym_evp_iv(ctx))
		memcpy(j->iv, sym_evp_iv(ctx), SYM_BLOCK);
	else if (alg->mode == SYM_OFB || (alg->mode == SYM_CFB && j->len % SYM_BLOCK))
		EVP_CIPHER_CTX_get_updated_iv(ctx, j->iv, alg->iv);
	else
		sym_iv_next(alg->mode, j->iv, alg->iv, j->len, tail);
}

void sym_cipher_run(struct sym_lane *lane, struct sym_session *s, struct sym_job *j)
{
	const struct sym_alg *alg = s->alg;
	unsigned int part = sym_decrypt(j) ? 1 : 0;
	EVP_CIPHER_CTX *ctx = sym_evp_get(lane, s, part);
	uint8_t tail[SYM_BLOCK];

	sym_end(j, SDEV_ST_DONE, SDEV_DONE_ALL);
	/* In place the ciphertext is gone afterwards. */
	if (part && j->len >= alg->iv && alg->iv_moves)
		sym_block_copy(tail, j->src + j->len - alg->iv, alg->iv);
	/* Whole blocks leave nothing behind in ECB. */
	if ((alg->iv ? !sym_evp_start_len(ctx, j->iv, alg->iv) : !ctx) || !update(ctx, j)) {
		sym_end(j, SDEV_ST_UNSUPPORTED, 0);
		/* Nobody knows what is in it. */
		EVP_CIPHER_CTX_free(ctx);
		ctx = NULL;
	} else if (alg->iv_moves) {
		if (!part && j->len >= alg->iv)
			sym_block_copy(tail, j->dst + j->len - alg->iv, alg->iv);
		iv_after(ctx, j, tail);
	}
	if (ctx && alg->align == 1 && j->len % SYM_BLOCK)
		sym_evp_rest(ctx);
	sym_evp_put(lane, s, part, ctx);
}
