/* SPDX-License-Identifier: MIT */
/*
 * Modes that libcrypto 3.0 does not have for a cipher, or not in pieces, put
 * together from calls that it has: XTS over ECB, ciphertext stealing over CBC,
 * CCM (but for what EVP takes whole) over CBC and CTR, GCM through its
 * block-cipher-independent functions.
 */
#include "device/crypto/sym.h"

#include <openssl/crypto.h>
#include <string.h>

static void xor_into(uint8_t *to, const uint8_t *a, const uint8_t *b, size_t n)
{
	size_t i = 0;

	for (; i + 8 <= n; i += 8) {
		uint64_t x, y;

		memcpy(&x, a + i, 8);
		memcpy(&y, b + i, 8);
		x ^= y;
		memcpy(to + i, &x, 8);
	}
	for (; i < n; i++)
		to[i] = a[i] ^ b[i];
}

/* ---- CBC-MAC ------------------------------------------------------------------------ */

bool sym_cbc_mac(struct sym_lane *lane, EVP_CIPHER_CTX *cbc, uint8_t mac[SYM_BLOCK],
		 const uint8_t *p, size_t len)
{
	if (!len)
		return true;
	if (!sym_evp_start_len(cbc, mac, SYM_BLOCK))
		return false;
	for (size_t at = 0, n; at < len; at += n) {
		n = wdi_min(len - at, sizeof(lane->scratch));
		if (!sym_evp_run(cbc, lane->scratch, p + at, n))
			return false;
		memcpy(mac, lane->scratch + n - SYM_BLOCK, SYM_BLOCK);
	}
	return true;
}

/* ---- XTS, IEEE 1619 ------------------------------------------------------------------- */

static void tweak_next(uint8_t t[SYM_BLOCK])
{
	uint8_t carry = 0, top;

	for (unsigned int i = 0; i < SYM_BLOCK; i++) {
		top = t[i] >> 7;
		t[i] = (uint8_t)(t[i] << 1 | carry);
		carry = top;
	}
	t[0] ^= (uint8_t)-carry & 0x87;
}

/* Whole blocks, from tweak @t on, which moves on. */
static bool xts_blocks(struct sym_lane *lane, EVP_CIPHER_CTX *ecb, uint8_t t[SYM_BLOCK],
		       uint8_t *dst, const uint8_t *src, size_t len)
{
	for (size_t at = 0, n; at < len; at += n) {
		n = wdi_min(len - at, sizeof(lane->scratch));
		for (size_t i = 0; i < n; i += SYM_BLOCK, tweak_next(t))
			memcpy(lane->scratch + i, t, SYM_BLOCK);
		xor_into(dst + at, src + at, lane->scratch, n);
		if (!sym_evp_run(ecb, dst + at, dst + at, n))
			return false;
		xor_into(dst + at, dst + at, lane->scratch, n);
	}
	return true;
}

/* The last whole block and the part behind it, which borrows from it. */
static bool xts_steal(struct sym_lane *lane, EVP_CIPHER_CTX *ecb, uint8_t t[SYM_BLOCK],
		      bool decrypt, uint8_t *dst, const uint8_t *src, size_t rest)
{
	uint8_t block[SYM_BLOCK], tail[SYM_BLOCK], later[SYM_BLOCK];
	bool ok;

	memcpy(later, t, SYM_BLOCK);
	if (decrypt)
		tweak_next(later);
	memcpy(tail, src + SYM_BLOCK, rest);
	ok = xts_blocks(lane, ecb, decrypt ? later : t, block, src, SYM_BLOCK);
	memcpy(tail + rest, block + rest, SYM_BLOCK - rest);
	memcpy(dst + SYM_BLOCK, block, rest);
	ok = ok && xts_blocks(lane, ecb, t, dst, tail, SYM_BLOCK);
	OPENSSL_cleanse(block, sizeof(block));
	OPENSSL_cleanse(tail, sizeof(tail));
	return ok;
}

void sym_xts_run(struct sym_lane *lane, struct sym_session *s, struct sym_job *j)
{
	unsigned int part = sym_decrypt(j) ? 1 : 0;
	EVP_CIPHER_CTX *ecb = sym_evp_get(lane, s, part), *tweak = sym_evp_get(lane, s, 2);
	size_t rest = j->len % SYM_BLOCK, body = j->len - rest - (rest ? SYM_BLOCK : 0);
	uint8_t t[SYM_BLOCK];
	bool ok;

	sym_end(j, SDEV_ST_DONE, SDEV_DONE_ALL);
	ok = sym_evp_start(ecb, NULL) && sym_evp_start(tweak, NULL) &&
	     sym_evp_run(tweak, t, j->iv, SYM_BLOCK) &&
	     xts_blocks(lane, ecb, t, j->dst, j->src, body) &&
	     (!rest || xts_steal(lane, ecb, t, part, j->dst + body, j->src + body, rest));
	if (!ok)
		sym_end(j, SDEV_ST_NO_MEMORY, 0);
	sym_evp_put(lane, s, part, ecb);
	sym_evp_put(lane, s, 2, tweak);
}

/* ---- ciphertext stealing, SP 800-38A addendum ------------------------------------------- */

/* Whether the last two blocks stand the other way round. */
static bool cts_swaps(enum sym_mode mode, size_t rest)
{
	return mode == SYM_CS3 || (mode == SYM_CS2 && rest < SYM_BLOCK);
}

/*
 * The last block, of @rest bytes, and the whole one before it. Encryption pads
 * with zeros, and what the padding becomes is left out.
 */
static bool cts_tail(struct sym_lane *lane, EVP_CIPHER_CTX *cbc, const struct sym_job *j,
		     const uint8_t iv[SYM_BLOCK], size_t at, size_t rest)
{
	bool swap = cts_swaps(j->s->alg->mode, rest), ok;
	uint8_t in[2 * SYM_BLOCK] = { 0 }, out[2 * SYM_BLOCK];
	const uint8_t *full, *part;
	EVP_CIPHER_CTX *ecb;

	memcpy(in, j->src + at, SYM_BLOCK + rest);
	if (!sym_decrypt(j)) {
		ok = sym_evp_start_len(cbc, iv, SYM_BLOCK) &&
		     sym_evp_run(cbc, out, in, sizeof(in));
		if (swap) {
			memcpy(j->dst + at, out + SYM_BLOCK, SYM_BLOCK);
			memcpy(j->dst + at + SYM_BLOCK, out, rest);
		} else {
			memcpy(j->dst + at, out, rest);
			memcpy(j->dst + at + rest, out + SYM_BLOCK, SYM_BLOCK);
		}
		return ok;
	}
	if (rest == SYM_BLOCK && swap) {
		memcpy(out, in + SYM_BLOCK, SYM_BLOCK);
		memcpy(out + SYM_BLOCK, in, SYM_BLOCK);
		return sym_evp_start_len(cbc, iv, SYM_BLOCK) &&
		       sym_evp_run(cbc, j->dst + at, out, sizeof(out));
	}
	full = swap ? in : in + rest;
	part = swap ? in + SYM_BLOCK : in;
	/* Under the last block lies what the one before it lacks. */
	ecb = sym_evp_get(lane, j->s, 2);
	ok = ecb && sym_evp_run(ecb, out + SYM_BLOCK, full, SYM_BLOCK);
	memcpy(out, out + SYM_BLOCK, SYM_BLOCK);
	memcpy(out, part, rest);
	xor_into(out + SYM_BLOCK, out + SYM_BLOCK, out, rest);
	ok = ok && sym_evp_start_len(cbc, iv, SYM_BLOCK) &&
	     sym_evp_run(cbc, j->dst + at, out, SYM_BLOCK);
	memcpy(j->dst + at + SYM_BLOCK, out + SYM_BLOCK, rest);
	OPENSSL_cleanse(out, sizeof(out));
	sym_evp_put(lane, j->s, 2, ecb);
	return ok;
}

/* What plain CBC does: all of it, where the last block is whole and stays in its place. */
static size_t cts_body(const struct sym_job *j, size_t rest)
{
	if (rest == SYM_BLOCK && !cts_swaps(j->s->alg->mode, rest))
		return j->len;
	return j->len == SYM_BLOCK ? SYM_BLOCK : j->len - rest - SYM_BLOCK;
}

void sym_cts_run(struct sym_lane *lane, struct sym_session *s, struct sym_job *j)
{
	unsigned int part = sym_decrypt(j) ? 1 : 0;
	EVP_CIPHER_CTX *cbc = sym_evp_get(lane, s, part);
	size_t rest = (j->len - 1) % SYM_BLOCK + 1, body = cts_body(j, rest);
	uint8_t iv[SYM_BLOCK];
	bool ok = cbc;

	sym_end(j, SDEV_ST_DONE, SDEV_DONE_ALL);
	memcpy(iv, j->iv, SYM_BLOCK);
	if (part && body)
		memcpy(iv, j->src + body - SYM_BLOCK, SYM_BLOCK);
	if (body)
		ok = ok && sym_evp_start_len(cbc, j->iv, SYM_BLOCK) &&
		     sym_evp_run(cbc, j->dst, j->src, body);
	if (!part && body)
		memcpy(iv, j->dst + body - SYM_BLOCK, SYM_BLOCK);
	if (body < j->len)
		ok = ok && cts_tail(lane, cbc, j, iv, body, rest);
	if (!ok)
		sym_end(j, SDEV_ST_NO_MEMORY, 0);
	sym_evp_put(lane, s, part, cbc);
}

/* ---- CCM, SP 800-38C ---------------------------------------------------------------------- */

/* CBC-MAC of bytes that need not end with a block: zeros follow. */
static bool mac_padded(struct sym_lane *lane, EVP_CIPHER_CTX *cbc, uint8_t mac[SYM_BLOCK],
		       const uint8_t *p, size_t len)
{
	size_t rest = len % SYM_BLOCK;
	uint8_t block[SYM_BLOCK] = { 0 };

	if (!sym_cbc_mac(lane, cbc, mac, p, len - rest))
		return false;
	if (!rest)
		return true;
	memcpy(block, p + len - rest, rest);
	return sym_cbc_mac(lane, cbc, mac, block, SYM_BLOCK);
}

/* A.2.2: the AAD behind its length, of which the first block holds a part. */
static bool ccm_aad(struct sym_lane *lane, EVP_CIPHER_CTX *cbc, uint8_t mac[SYM_BLOCK],
		    const struct sym_job *j)
{
	uint8_t block[SYM_BLOCK] = { 0 };
	unsigned int at = 0;
	size_t head;

	if (!j->aad_len)
		return true;
	if (j->aad_len >= 0xff00) {
		block[at++] = 0xff;
		block[at++] = 0xfe;
		block[at++] = (uint8_t)(j->aad_len >> 24);
		block[at++] = (uint8_t)(j->aad_len >> 16);
	}
	block[at++] = (uint8_t)(j->aad_len >> 8);
	block[at++] = (uint8_t)j->aad_len;
	head = wdi_min(j->aad_len, SYM_BLOCK - at);
	memcpy(block + at, j->aad, head);
	return sym_cbc_mac(lane, cbc, mac, block, SYM_BLOCK) &&
	       mac_padded(lane, cbc, mac, j->aad + head, j->aad_len - head);
}

/* B0 and little AAD, in one call. */
#define CCM_AAD_SHORT	46u

static bool ccm_head(struct sym_lane *lane, EVP_CIPHER_CTX *cbc, uint8_t mac[SYM_BLOCK],
		     const uint8_t b0[SYM_BLOCK], const struct sym_job *j)
{
	uint8_t head[SYM_BLOCK + 2 + CCM_AAD_SHORT] = { 0 };
	size_t len = SYM_BLOCK;

	static_assert(sizeof(head) % SYM_BLOCK == 0, "whole blocks");
	memcpy(head, b0, SYM_BLOCK);
	if (j->aad_len) {
		head[SYM_BLOCK + 1] = (uint8_t)j->aad_len;
		memcpy(head + SYM_BLOCK + 2, j->aad, j->aad_len);
		len += wdi_align_up(2 + j->aad_len, SYM_BLOCK);
	}
	return sym_cbc_mac(lane, cbc, mac, head, len);
}

/* B0 and A0, and the MAC up to where the data begins. */
static bool ccm_begin(struct sym_lane *lane, EVP_CIPHER_CTX *cbc, struct sym_stream *st,
		      const struct sym_job *j)
{
	unsigned int q = 15 - j->iv_len;
	uint64_t total = sym_whole(j) ? j->len : j->total;
	uint8_t b0[SYM_BLOCK];

	st->done = 0;
	st->total = total;
	st->mac_len = j->mac_len;
	if (q < 8 && total >> 8 * q) {
		return false;
	}
	memset(st->first, 0, SYM_BLOCK);
	st->first[0] = (uint8_t)(q - 1);
	memcpy(st->first + 1, j->iv, j->iv_len);
	memcpy(st->iv, st->first, SYM_BLOCK);
	st->iv[SYM_BLOCK - 1] = 1;
	memcpy(b0, st->first, SYM_BLOCK);
	b0[0] |= (uint8_t)((j->aad_len ? 64 : 0) + 8 * ((j->mac_len - 2) / 2));
	for (unsigned int i = 0; i < q && i < 8; i++)
		b0[SYM_BLOCK - 1 - i] = (uint8_t)(total >> 8 * i);
	memset(st->mac, 0, SYM_BLOCK);
	if (j->aad_len <= CCM_AAD_SHORT)
		return ccm_head(lane, cbc, st->mac, b0, j);
	return sym_cbc_mac(lane, cbc, st->mac, b0, SYM_BLOCK) && ccm_aad(lane, cbc, st->mac, j);
}

/* Data goes through in pieces that stay in the cache between the two passes. */
#define CCM_PIECE	((size_t)32 << 10)

static bool ccm_data(struct sym_lane *lane, EVP_CIPHER_CTX *cbc, EVP_CIPHER_CTX *ctr,
		     struct sym_stream *st, struct sym_job *j)
{
	if (!j->len)
		return true;
	if (!sym_evp_start_len(ctr, st->iv, SYM_BLOCK))
		return false;
	for (size_t at = 0, n; at < j->len; at += n) {
		n = wdi_min(j->len - at, CCM_PIECE);
		if (!sym_decrypt(j) && !mac_padded(lane, cbc, st->mac, j->src + at, n))
			return false;
		if (!sym_evp_run(ctr, j->dst + at, j->src + at, n))
			return false;
		if (sym_decrypt(j) && !mac_padded(lane, cbc, st->mac, j->dst + at, n))
			return false;
		if (wdi_unlikely(at + n < j->len && (at + n) % SYM_PIECE == 0) && !sym_go_on(j))
			return true;
	}
	if (j->len % SYM_BLOCK)
		sym_evp_rest(ctr);
	sym_iv_next(SYM_CTR, st->iv, SYM_BLOCK, j->len, NULL);
	st->done += j->len;
	return true;
}

static bool ccm_tag(EVP_CIPHER_CTX *ctr, struct sym_stream *st, struct sym_job *j)
{
	uint8_t tag[SYM_BLOCK];

	if (!sym_evp_start_len(ctr, st->first, SYM_BLOCK) ||
	    !sym_evp_run(ctr, tag, st->mac, SYM_BLOCK))
		return false;
	sym_tag_end(j, tag);
	return true;
}

void sym_ccm_run(struct sym_lane *lane, struct sym_session *s, struct sym_job *j)
{
	EVP_CIPHER_CTX *cbc = sym_evp_get(lane, s, 0), *ctr = sym_evp_get(lane, s, 1);
	struct sym_stream whole, *st = sym_whole(j) ? &whole : &s->stream;
	bool ok = cbc && ctr;

	sym_end(j, SDEV_ST_DONE, SDEV_DONE_ALL);
	if (ok && sym_first(j) && !ccm_begin(lane, cbc, st, j)) {
		sym_end(j, SDEV_ST_MALFORMED, SDEV_BAD_LENGTH);
		goto put;
	}
	/* The tag covers the length that was announced. */
	if (st->done + j->len > st->total || (sym_last(j) && st->done + j->len != st->total) ||
	    (sym_last(j) && j->mac_len != st->mac_len)) {
		sym_end(j, SDEV_ST_MALFORMED, SDEV_BAD_PIECE);
		goto put;
	}
	ok = ok && ccm_data(lane, cbc, ctr, st, j);
	if (ok && sym_last(j) && !j->status)
		ok = ccm_tag(ctr, st, j);
	if (!ok) {
		sym_end(j, SDEV_ST_NO_MEMORY, 0);
		/* It may have stopped within a block. */
		EVP_CIPHER_CTX_free(ctr);
		ctr = NULL;
	}
put:
	sym_evp_put(lane, s, 0, cbc);
	sym_evp_put(lane, s, 1, ctr);
	if (st == &whole)
		OPENSSL_cleanse(whole.iv, sizeof(whole.iv) + sizeof(whole.mac) +
					  sizeof(whole.first));
}
static_assert(offsetof(struct sym_stream, first) ==
	      offsetof(struct sym_stream, iv) + 2 * SYM_BLOCK, "what CCM keeps lies together");

/* ---- GCM through libcrypto's functions for any block cipher -------------------------------- */

/* block128_f and ctr128_f: the key is a context of one of our parts. */
static void gcm_block(const unsigned char in[16], unsigned char out[16], const void *key)
{
	sym_evp_run((EVP_CIPHER_CTX *)(uintptr_t)key, out, in, SYM_BLOCK);
}

/* The counter of GCM is 32 bits wide and its low bits wrap; CTR's is wider. */
static void gcm_blocks(const unsigned char *in, unsigned char *out, size_t blocks, const void *key,
		       const unsigned char iv[16])
{
	EVP_CIPHER_CTX *ecb = (EVP_CIPHER_CTX *)(uintptr_t)key;
	uint8_t counters[1024];
	uint32_t n = (uint32_t)iv[12] << 24 | (uint32_t)iv[13] << 16 | (uint32_t)iv[14] << 8 | iv[15];

	while (blocks) {
		size_t now = wdi_min(blocks, sizeof(counters) / SYM_BLOCK);

		for (size_t i = 0; i < now; i++, n++) {
			uint8_t *c = counters + i * SYM_BLOCK;

			memcpy(c, iv, 12);
			c[12] = (uint8_t)(n >> 24);
			c[13] = (uint8_t)(n >> 16);
			c[14] = (uint8_t)(n >> 8);
			c[15] = (uint8_t)n;
		}
		sym_evp_run(ecb, counters, counters, now * SYM_BLOCK);
		xor_into(out, in, counters, now * SYM_BLOCK);
		in += now * SYM_BLOCK;
		out += now * SYM_BLOCK;
		blocks -= now;
	}
}

static bool gcm_data(GCM128_CONTEXT *gcm, struct sym_job *j)
{
	for (size_t at = 0, n; at < j->len; at += n) {
		n = wdi_min(j->len - at, SYM_PIECE);
		if (sym_decrypt(j) ? CRYPTO_gcm128_decrypt_ctr32(gcm, j->src + at, j->dst + at, n,
								 gcm_blocks) :
				     CRYPTO_gcm128_encrypt_ctr32(gcm, j->src + at, j->dst + at, n,
								 gcm_blocks))
			return false;
		if (wdi_unlikely(at + n < j->len) && !sym_go_on(j))
			return true;
	}
	return true;
}

/* The context of the cipher stays with that of the mode, which points to it. */
void sym_gcm_run(struct sym_lane *lane, struct sym_session *s, struct sym_job *j)
{
	struct sym_stream whole = { 0 }, *st = sym_whole(j) ? &whole : &s->stream;
	uint8_t tag[SYM_BLOCK];
	bool ok = true;

	sym_end(j, SDEV_ST_DONE, SDEV_DONE_ALL);
	if (sym_first(j)) {
		st->evp = sym_evp_get(lane, s, 0);
		if (st != &whole)
			sym_evp_keep(lane, 0);
		ok = sym_evp_start(st->evp, NULL);
		st->gcm = ok ? CRYPTO_gcm128_new(st->evp, gcm_block) : NULL;
		lane->gcm = st == &whole ? st->gcm : NULL;
		ok = st->gcm;
		if (ok) {
			CRYPTO_gcm128_setiv(st->gcm, sym_iv(j), j->iv_len);
			ok = !CRYPTO_gcm128_aad(st->gcm, j->aad, j->aad_len);
		}
	}
	ok = ok && gcm_data(st->gcm, j);
	if (!ok)
		sym_end(j, SDEV_ST_NO_MEMORY, 0);
	if (ok && sym_last(j) && !j->status) {
		CRYPTO_gcm128_tag(st->gcm, tag, SYM_BLOCK);
		sym_tag_end(j, tag);
	}
	if (st == &whole) {
		lane->gcm = NULL;
		CRYPTO_gcm128_release(whole.gcm);
		sym_evp_put(lane, s, 0, whole.evp);
	}
}
