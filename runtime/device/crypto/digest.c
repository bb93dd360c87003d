/* SPDX-License-Identifier: MIT */
/* DIGEST through libcrypto: a whole message, or a piece with the state before and after it. */
#include "device/crypto/sym.h"

#include <openssl/crypto.h>
#include <string.h>

/* ---- hashes and HMAC -------------------------------------------------------------- */

static void update(struct sym_lane *lane, const struct sym_hash_row *row, union sym_hash_ctx *c,
		   struct sym_job *j)
{
	for (size_t at = 0, n; at < j->len; at += n) {
		n = wdi_min(j->len - at, SYM_PIECE);
		row->update(lane, c, j->src + at, n);
		if (wdi_unlikely(at + n < j->len) && !sym_go_on(j))
			return;
	}
}

void sym_hash_run(struct sym_lane *lane, struct sym_session *s, struct sym_job *j)
{
	const struct sym_hash_row *row = &sym_hash_rows[s->alg->hash];
	union sym_hash_ctx c;

	sym_end(j, SDEV_ST_DONE, SDEV_DONE_ALL);
	if (sym_first(j))
		row->init(lane, &c);
	else
		sym_hash_import(lane, row, &c, j->mac, j->total);
	update(lane, row, &c, j);
	if (sym_last(j))
		row->final(lane, &c, j->mac);
	else
		sym_hash_export(row, &c, j->mac);
}

/* RFC 2104: both hashes stand behind one block of padded key. */
void sym_hmac_run(struct sym_lane *lane, struct sym_session *s, struct sym_job *j)
{
	const struct sym_hash_row *row = &sym_hash_rows[s->alg->hash];
	union sym_hash_ctx c;

	sym_end(j, SDEV_ST_DONE, SDEV_DONE_ALL);
	if (sym_first(j))
		sym_hash_resume(lane, row, &c, s->inner, row->block);
	else
		sym_hash_import(lane, row, &c, j->mac, j->total + row->block);
	update(lane, row, &c, j);
	if (sym_last(j)) {
		row->final(lane, &c, j->mac);
		sym_hash_resume(lane, row, &c, s->outer, row->block);
		row->update(lane, &c, j->mac, row->digest);
		row->final(lane, &c, j->mac);
	} else {
		sym_hash_export(row, &c, j->mac);
	}
	OPENSSL_cleanse(&c, sizeof(c));
}

/* The states behind key XOR ipad and key XOR opad; the key itself is not needed again. */
void sym_hmac_key(struct sym_lane *lane, struct sym_session *s, const uint8_t *key, size_t len)
{
	const struct sym_hash_row *row = &sym_hash_rows[s->alg->hash];
	uint8_t block[128] = { 0 }, pad[128];
	union sym_hash_ctx c;

	if (len > row->block) {
		row->init(lane, &c);
		row->update(lane, &c, key, len);
		row->final(lane, &c, block);
		memset(block + row->digest, 0, sizeof(block) - row->digest);
	} else {
		memcpy(block, key, len);
	}
	for (unsigned int outer = 0; outer < 2; outer++) {
		for (unsigned int i = 0; i < row->block; i++)
			pad[i] = block[i] ^ (outer ? 0x5c : 0x36);
		row->init(lane, &c);
		row->update(lane, &c, pad, row->block);
		memcpy(outer ? s->outer : s->inner, c.bytes, row->state);
	}
	OPENSSL_cleanse(block, sizeof(block));
	OPENSSL_cleanse(pad, sizeof(pad));
	OPENSSL_cleanse(&c, sizeof(c));
}

/* ---- MACs of a block cipher ---------------------------------------------------------- */

/* SP 800-38B 6.1: doubling in GF(2^128), big endian. */
static void gf_double(uint8_t out[SYM_BLOCK], const uint8_t in[SYM_BLOCK])
{
	uint8_t carry = (uint8_t)-(in[0] >> 7);

	for (unsigned int i = 0; i < SYM_BLOCK; i++)
		out[i] = (uint8_t)(in[i] << 1 | (i + 1 < SYM_BLOCK ? in[i + 1] >> 7 : 0));
	out[SYM_BLOCK - 1] ^= carry & 0x87;
}

/* One block, by CBC without an IV. */
static bool encrypt_block(EVP_CIPHER_CTX *cbc, uint8_t out[SYM_BLOCK], const uint8_t in[SYM_BLOCK])
{
	static const uint8_t zero[SYM_BLOCK];

	return sym_evp_start_len(cbc, zero, SYM_BLOCK) && sym_evp_run(cbc, out, in, SYM_BLOCK);
}

/* The keys that CMAC (K1, K2) and XCBC (K1, K2, K3 of RFC 3566) derive from theirs. */
bool sym_mac_keys(struct sym_lane *lane, struct sym_session *s)
{
	static const struct sym_part plain = { SYM_CBC, true, false, false };
	struct sym_session tmp = { .alg = &(const struct sym_alg){ .family = SYM_AES,
								    .parts = { plain } },
				   .key_len = s->key_len };
	EVP_CIPHER_CTX *ctx;
	uint8_t in[SYM_BLOCK];
	bool ok = true;

	memcpy(tmp.key, s->key, sizeof(tmp.key));
	ctx = sym_evp_get(lane, &tmp, 0);
	if (s->alg->mode == SYM_CMAC) {
		memset(in, 0, sizeof(in));
		ok = encrypt_block(ctx, in, in);
		gf_double(s->sub[0], in);
		gf_double(s->sub[1], s->sub[0]);
	} else {
		for (unsigned int i = 0; i < 3 && ok; i++) {
			memset(in, (int)i + 1, sizeof(in));
			ok = encrypt_block(ctx, s->sub[(i + 2) % 3], in);
		}
	}
	sym_evp_keep(lane, 0);
	EVP_CIPHER_CTX_free(ctx);
	OPENSSL_cleanse(&tmp, sizeof(tmp));
	OPENSSL_cleanse(in, sizeof(in));
	return ok;
}

/* All but the last block as they are; that one padded if short, and under one of two keys. */
void sym_cmac_run(struct sym_lane *lane, struct sym_session *s, struct sym_job *j)
{
	EVP_CIPHER_CTX *cbc = sym_evp_get(lane, s, 0);
	size_t rest = sym_last(j) && j->len ? (j->len - 1) % SYM_BLOCK + 1 : 0, at = 0, n;
	uint8_t last[SYM_BLOCK] = { 0 };
	bool ok = cbc;

	sym_end(j, SDEV_ST_DONE, SDEV_DONE_ALL);
	if (sym_first(j))
		memset(j->mac, 0, SYM_BLOCK);
	for (; at < j->len - rest && ok; at += n) {
		n = wdi_min(j->len - rest - at, SYM_PIECE);
		ok = sym_cbc_mac(lane, cbc, j->mac, j->src + at, n);
		if (wdi_unlikely(at + n < j->len - rest) && !sym_go_on(j))
			break;
	}
	if (sym_last(j) && ok) {
		bool full = rest == SYM_BLOCK;

		memcpy(last, j->src + j->len - rest, rest);
		if (!full)
			last[rest] = 0x80;
		for (unsigned int i = 0; i < SYM_BLOCK; i++)
			last[i] ^= s->sub[full ? 0 : 1][i];
		/* Behind whole blocks the context has the state already. */
		ok = (at || sym_evp_start_len(cbc, j->mac, SYM_BLOCK)) &&
		     sym_evp_run(cbc, j->mac, last, SYM_BLOCK);
	}
	if (!ok)
		sym_end(j, SDEV_ST_NO_MEMORY, 0);
	sym_evp_put(lane, s, 0, cbc);
}
