/* SPDX-License-Identifier: MIT */
/*
 * Messages in pieces, chaining states that travel, scatter chains, AAD inside the
 * data; and what malformed descriptors and keys get.
 */
#include "crypto_rig.h"

#include <stdio.h>

#define LEN	6000u

static uint8_t in[LEN + 64], out[LEN + 64], want[LEN + 64], aad[100], key[64], key2[32], iv[16];
static uint8_t mac[64];

static size_t first_key(const struct ref_alg *a)
{
	return a->keys[1] && a->keys[1] <= sizeof(key) ? a->keys[1] : a->keys[0];
}

static bool takes_key2(const struct ref_alg *a)
{
	return a->op == SDEV_OP_AEAD && a->block == 16;
}

static uint32_t session_of(struct rig *rig, const struct ref_alg *a)
{
	return crypto_session(rig, a->alg, key, first_key(a), key2,
			      takes_key2(a) ? sizeof(key2) : 0);
}

static struct ref_job reference(const struct ref_alg *a, size_t len, size_t aad_len, bool decrypt)
{
	struct ref_job r = {
		.alg = a, .key = key, .key_len = first_key(a), .key2 = key2,
		.key2_len = sizeof(key2), .iv_len = a->iv, .aad = aad, .aad_len = aad_len,
		.in = in, .out = want, .len = len, .mac_len = a->mac, .decrypt = decrypt,
	};

	memcpy(r.iv, iv, sizeof(iv));
	ref_run(&r);
	return r;
}

static void all_random(void)
{
	chance_fill(in, sizeof(in));
	chance_fill(aad, sizeof(aad));
	chance_fill(key, sizeof(key));
	chance_fill(key2, sizeof(key2));
	chance_fill(iv, sizeof(iv));
	memset(mac, 0xa5, sizeof(mac));
}

/* ---- digests ------------------------------------------------------------------ */

static unsigned int state_len(const struct ref_alg *a)
{
	if (strcmp(a->mode, "hash") && strcmp(a->mode, "hmac"))
		return !strcmp(a->mode, "gmac") ? 0 : 16;
	return strstr(a->name, "384") || strstr(a->name, "512") ? 64 :
	       strstr(a->name, "224") ? 32 : a->mac;
}

/* Each piece through a session of its own, but GMAC, whose state stays in one. */
static void digest_pieces(struct rig *rig, const struct ref_alg *a)
{
	bool gmac = !strcmp(a->mode, "gmac");
	uint32_t sessions[3];
	size_t len = chance(LEN), at = 0, n;
	struct sdev_slot slot;
	struct ref_job r;

	all_random();
	r = reference(a, len, 0, false);
	for (int i = 0; i < 3; i++)
		sessions[i] = gmac && i ? sessions[0] : session_of(rig, a);
	for (unsigned int i = 0;; i++, at += n) {
		bool last;

		n = 128 * chance(20);
		last = len - at <= n;
		n = last ? len - at : n;
		slot = crypto_slot(SDEV_OP_DIGEST, sessions[i % 3], false, in + at, mac, n);
		slot.desc.sym.flags = (uint8_t)((i ? 0 : SDEV_SYM_FIRST) | (last ? SDEV_SYM_LAST : 0));
		slot.desc.dst_len = last ? a->mac : state_len(a);
		slot.desc.total = at;
		if (gmac && !i)
			crypto_iv(&slot, iv, a->iv);
		else if (i)
			slot.desc.iv_va = (uintptr_t)mac;
		if (last && i && !n && !gmac && state_len(a) == 16 && strcmp(a->name, "MD5")) {
			/* A cipher's MAC has to end with data. */
			rig_assert(crypto_run(&rig->q, &slot), SDEV_ST_MALFORMED, SDEV_BAD_LENGTH);
			break;
		}
		rig_assert(crypto_run(&rig->q, &slot), SDEV_ST_DONE, 0);
		if (!last)
			continue;
		ck_assert_msg(!memcmp(mac, r.mac, a->mac), "%s %s in %u pieces", a->name, a->mode, i + 1);
		break;
	}
	for (int i = 0; i < (gmac ? 1 : 3); i++)
		crypto_session_close(rig, sessions[i]);
}

/* FIPS 180-4, RFC 1321, GB/T 32905: the state behind a message is that of its digest without padding. */
START_TEST(digest)
{
	const struct ref_alg *a = &ref_algs[_i];
	struct rig rig;

	if (a->op != SDEV_OP_DIGEST)
		return;
	for (int mode = 0; mode < CRYPTO_MODES; mode++) {
		if (crypto_skip(mode))
			continue;
		crypto_open(&rig, mode);
		for (unsigned int round = 0; round < 20 * crypto_rounds(50); round++)
			digest_pieces(&rig, a);
		rig_close(&rig);
	}
}
END_TEST

/* ---- AEAD ---------------------------------------------------------------------- */

static void aead_pieces(struct rig *rig, const struct ref_alg *a)
{
	bool decrypt = chance(2), wrong = decrypt && !chance(4), in_place = chance(2);
	size_t len = chance(LEN) / a->block * a->block, aad_len = chance(sizeof(aad)), at = 0, n;
	uint32_t session;
	struct sdev_slot slot;
	struct sdev_cpl cpl;
	struct ref_job r;

	all_random();
	r = reference(a, len, aad_len, decrypt);
	session = session_of(rig, a);
	if (decrypt)
		memcpy(mac, r.mac, a->mac);
	if (wrong)
		mac[chance(a->mac)] ^= 1;
	memset(out, 0, sizeof(out));
	for (unsigned int i = 0;; i++, at += n) {
		bool last = at == len || !chance(4);
		uint8_t *dst = (in_place ? in : out) + at;

		/* The first may be AAD and nothing else, as libwd has it. */
		n = i || chance(2) ? 16 * chance(60) : 0;
		n = last || n > len - at ? len - at : n;
		if (!last && n % 16)
			n -= n % 16;
		slot = crypto_slot(SDEV_OP_AEAD, session, decrypt, in + at, dst, n);
		slot.desc.sym.flags = (uint8_t)((decrypt ? SDEV_SYM_DECRYPT : 0) |
						(i ? 0 : SDEV_SYM_FIRST) | (last ? SDEV_SYM_LAST : 0));
		crypto_aead(&slot, aad, i ? 0 : aad_len, mac, a->mac);
		slot.desc.total = len;
		if (!i)
			crypto_iv(&slot, iv, a->iv);
		cpl = crypto_run(&rig->q, &slot);
		if (last && wrong) {
			rig_assert(cpl, SDEV_ST_AUTH_FAILED, 0);
			break;
		}
		rig_assert(cpl, SDEV_ST_DONE, 0);
		if (last) {
			ck_assert_msg(!memcmp(in_place ? in : out, want, len), "%s %s: %zu in %u pieces",
				      a->name, a->mode, len, i + 1);
			ck_assert(decrypt || !memcmp(mac, r.mac, a->mac));
			break;
		}
		/* Whole messages go through the same session meanwhile. */
		if (!chance(4)) {
			static uint8_t other[64], other_mac[64];
			struct sdev_slot whole = crypto_slot(SDEV_OP_AEAD, session, false, other, other, 64);

			crypto_iv(&whole, iv, a->iv);
			crypto_aead(&whole, NULL, 0, other_mac, a->mac);
			rig_assert(crypto_run(&rig->q, &whole), SDEV_ST_DONE, 0);
		}
	}
	/* What has ended does not go on. */
	slot.desc.sym.flags &= (uint8_t)~SDEV_SYM_FIRST;
	slot.ext.aead.aad_len = 0;
	rig_assert(crypto_run(&rig->q, &slot), SDEV_ST_MALFORMED, SDEV_BAD_PIECE);
	crypto_session_close(rig, session);
}

START_TEST(aead)
{
	const struct ref_alg *a = &ref_algs[_i];
	struct rig rig;

	if (a->op != SDEV_OP_AEAD)
		return;
	for (int mode = 0; mode < CRYPTO_MODES; mode++) {
		if (crypto_skip(mode))
			continue;
		crypto_open(&rig, mode);
		for (unsigned int round = 0; round < 20 * crypto_rounds(50); round++)
			aead_pieces(&rig, a);
		rig_close(&rig);
	}
}
END_TEST

/* RFC 8998, appendix A: SM4-GCM and SM4-CCM. */
static void hex(const char *text, uint8_t *to)
{
	for (; *text; text += 2, to++)
		sscanf(text, "%2hhx", to);
}

static void rfc8998(struct rig *rig, unsigned int alg, const char *cipher, const char *tag)
{
	uint8_t nonce[12], data[64], text[64], expect[64], aad_[20], mac_[16], mac_want[16], k[16];
	struct sdev_slot slot;
	uint32_t session;

	hex("0123456789abcdeffedcba9876543210", k);
	hex("00001234567800000000abcd", nonce);
	hex("feedfacedeadbeeffeedfacedeadbeefabaddad2", aad_);
	hex("aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd"
	    "eeeeeeeeeeeeeeeeffffffffffffffffeeeeeeeeeeeeeeeeaaaaaaaaaaaaaaaa", data);
	hex(cipher, expect);
	hex(tag, mac_want);
	session = crypto_session(rig, alg, k, 16, NULL, 0);
	slot = crypto_slot(SDEV_OP_AEAD, session, false, data, text, 64);
	crypto_iv(&slot, nonce, 12);
	crypto_aead(&slot, aad_, 20, mac_, 16);
	rig_assert(crypto_run(&rig->q, &slot), SDEV_ST_DONE, 0);
	ck_assert_mem_eq(text, expect, 64);
	ck_assert_mem_eq(mac_, mac_want, 16);
}

START_TEST(sm4_vectors)
{
	struct rig rig;

	crypto_open(&rig, crypto_skip(0) ? 2 : 0);
	rfc8998(&rig, SDEV_ALG_SM4_GCM,
		"17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735"
		"d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d",
		"83de3541e4c2b58177e065a9bf7b62ec");
	rfc8998(&rig, SDEV_ALG_SM4_CCM,
		"48af93501fa62adbcd414cce6034d895dda1bf8f132f042098661572e7483094"
		"fd12e518ce062c98acee28d95df4416bed31a2f04476c18bb40c84a74b97dc5b",
		"16842d4fa186f56ab33256971fa110f4");
	rig_close(&rig);
}
END_TEST

/* ---- where data lies ------------------------------------------------------------------ */

/* @n bytes as a chain of elements of odd lengths, some of them empty. */
static struct sdev_sge *chain(uint8_t *p, size_t n)
{
	struct sdev_sge *list = calloc(64, sizeof(*list));
	unsigned int at = 0;

	do {
		size_t len = at == 60 ? n : chance(n / 3 + 2);

		len = len > n ? n : len;
		list[at] = (struct sdev_sge){ .va = (uintptr_t)p, .len = (uint32_t)len,
					      .next = (uintptr_t)&list[at + 1] };
		p += len;
		n -= len;
	} while (n && ++at < 61);
	list[at].next = 0;
	return list;
}

static void placed(struct rig *rig, const struct ref_alg *a, uint8_t flags, bool copy)
{
	bool inside = a->op == SDEV_OP_AEAD && chance(2);
	size_t len = 16 * (1 + chance(100)), aad_len = a->op == SDEV_OP_AEAD ? chance(sizeof(aad)) : 0;
	size_t skip = inside ? aad_len : 0;
	static uint8_t whole[LEN], result[LEN], before[LEN];
	struct sdev_sge *src = NULL, *dst = NULL;
	struct sdev_slot slot;
	uint32_t session;
	struct ref_job r;

	all_random();
	session = session_of(rig, a);
	r = reference(a, len, aad_len, false);
	memcpy(whole, aad, skip);
	memcpy(whole + skip, in, len);
	chance_fill(result, sizeof(result));
	memcpy(before, result, sizeof(before));
	slot = crypto_slot(a->op, session, false, whole, result, len + skip);
	if (a->iv)
		crypto_iv(&slot, iv, a->iv);
	if (a->op == SDEV_OP_AEAD) {
		crypto_aead(&slot, aad, aad_len, mac, a->mac);
		if (inside)
			slot.desc.sym.flags |= (uint8_t)(SDEV_SYM_AAD_IN_SRC |
							 (copy ? SDEV_SYM_AAD_COPY : 0));
	} else if (a->op == SDEV_OP_DIGEST) {
		slot.desc.dst_va = (uintptr_t)mac;
		slot.desc.dst_len = a->mac;
	}
	slot.desc.flags = flags;
	if (flags & SDEV_F_SRC_SGL)
		slot.desc.src_va = (uintptr_t)(src = chain(whole, len + skip));
	if (flags & SDEV_F_DST_SGL)
		slot.desc.dst_va = (uintptr_t)(dst = a->op == SDEV_OP_DIGEST ? chain(mac, a->mac) :
							     chain(result, len + skip));
	rig_assert(crypto_run(&rig->q, &slot), SDEV_ST_DONE, 0);
	if (a->op != SDEV_OP_DIGEST)
		ck_assert_msg(!memcmp(result + skip, want, len), "%s %s flags %u", a->name, a->mode, flags);
	ck_assert(a->op == SDEV_OP_CIPHER || !memcmp(mac, r.mac, a->mac));
	ck_assert(a->op == SDEV_OP_DIGEST ||
		  !memcmp(result, copy && inside ? aad : before, skip));
	free(src);
	free(dst);
	crypto_session_close(rig, session);
}

START_TEST(places)
{
	struct rig rig;

	for (int mode = 0; mode < CRYPTO_MODES; mode++) {
		if (crypto_skip(mode))
			continue;
		crypto_open(&rig, mode);
		for (uint8_t flags = 0; flags < 4; flags++) {
			placed(&rig, &ref_algs[_i], (uint8_t)(flags << 2), false);
			placed(&rig, &ref_algs[_i], (uint8_t)(flags << 2), true);
		}
		rig_close(&rig);
	}
}
END_TEST

/* ---- what bad input gets ------------------------------------------------------------------ */

START_TEST(bad_keys)
{
	static const struct {
		uint8_t alg;
		uint16_t len, len2;
		uint8_t status, detail;
	} rows[] = {
		{ SDEV_ALG_NONE, 16, 0, SDEV_ST_MALFORMED, SDEV_BAD_ALG },
		{ SDEV_ALG_COUNT, 16, 0, SDEV_ST_MALFORMED, SDEV_BAD_ALG },
		{ 255, 16, 0, SDEV_ST_MALFORMED, SDEV_BAD_ALG },
		{ SDEV_ALG_AES_CBC, 0, 0, SDEV_ST_BAD_KEY, SDEV_KEY_LENGTH },
		{ SDEV_ALG_AES_CBC, 17, 0, SDEV_ST_BAD_KEY, SDEV_KEY_LENGTH },
		{ SDEV_ALG_AES_CBC, 16, 16, SDEV_ST_BAD_KEY, SDEV_KEY_LENGTH },
		{ SDEV_ALG_AES_XTS, 48, 0, SDEV_ST_BAD_KEY, SDEV_KEY_LENGTH },
		{ SDEV_ALG_AES_XTS, 32, 0, SDEV_ST_BAD_KEY, SDEV_KEY_WEAK },
		{ SDEV_ALG_SM4_XTS, 32, 0, SDEV_ST_BAD_KEY, SDEV_KEY_WEAK },
		{ SDEV_ALG_SM4_ECB, 24, 0, SDEV_ST_BAD_KEY, SDEV_KEY_LENGTH },
		{ SDEV_ALG_DES_CBC, 7, 0, SDEV_ST_BAD_KEY, SDEV_KEY_LENGTH },
		{ SDEV_ALG_3DES_CBC, 8, 0, SDEV_ST_BAD_KEY, SDEV_KEY_LENGTH },
		{ SDEV_ALG_SHA256, 1, 0, SDEV_ST_BAD_KEY, SDEV_KEY_LENGTH },
		{ SDEV_ALG_HMAC_SHA256, 0, 0, SDEV_ST_BAD_KEY, SDEV_KEY_LENGTH },
		{ SDEV_ALG_AES_XCBC_MAC_96, 24, 0, SDEV_ST_BAD_KEY, SDEV_KEY_LENGTH },
		{ SDEV_ALG_AES_CBC_HMAC_SHA1, 16, 0, SDEV_ST_BAD_KEY, SDEV_KEY_LENGTH },
	};
	uint8_t same[256];
	struct sdev_slot slot;
	struct rig rig;

	memset(same, 7, sizeof(same));
	crypto_open(&rig, crypto_skip(0) ? 2 : 0);
	for (size_t i = 0; i < wdi_array_size(rows); i++) {
		slot = crypto_session_slot(rows[i].alg, same, rows[i].len, same, rows[i].len2);
		rig_assert(crypto_run(&rig.q, &slot), rows[i].status, rows[i].detail);
	}
	slot = crypto_session_slot(SDEV_ALG_AES_CBC, (void *)16, 16, NULL, 0);
	rig_assert(crypto_run(&rig.q, &slot), SDEV_ST_BAD_ADDRESS, 0);
	slot = crypto_session_slot(SDEV_ALG_HMAC_MD5, (void *)16, 16, NULL, 0);
	rig_assert(crypto_run(&rig.q, &slot), SDEV_ST_BAD_ADDRESS, 0);
	slot = crypto_session_slot(SDEV_ALG_AES_CBC_HMAC_SHA1, same, 16, (void *)16, 16);
	rig_assert(crypto_run(&rig.q, &slot), SDEV_ST_BAD_ADDRESS, 0);
	slot = crypto_session_slot(SDEV_ALG_AES_CBC, same, 16, NULL, 0);
	slot.desc.session.reserved[1] = 1;
	rig_assert(crypto_run(&rig.q, &slot), SDEV_ST_MALFORMED, SDEV_BAD_RESERVED);
	slot.desc.session.reserved[1] = 0;
	slot.ext.session.reserved[3] = 1;
	rig_assert(crypto_run(&rig.q, &slot), SDEV_ST_MALFORMED, SDEV_BAD_RESERVED);
	rig_close(&rig);
}
END_TEST

/* A good job of each, with one field changed; the session goes on working. */
START_TEST(bad_jobs)
{
	static const struct row {
		uint8_t alg, flags;	/* flags: XOR */
		int32_t len, dst, iv_, mac_;	/* added */
		uint32_t aad_;
		uint8_t detail;
	} rows[] = {
		{ SDEV_ALG_AES_CBC, 0, 1, 1, 0, 0, 0, SDEV_BAD_LENGTH },
		{ SDEV_ALG_AES_CBC, 0, -64, 0, 0, 0, 0, SDEV_BAD_LENGTH },
		{ SDEV_ALG_AES_CBC, 0, 0, -1, 0, 0, 0, SDEV_BAD_LENGTH },
		{ SDEV_ALG_AES_CBC, 0, 0, 0, -1, 0, 0, SDEV_BAD_IV },
		{ SDEV_ALG_AES_CBC, SDEV_SYM_FIRST, 0, 0, 0, 0, 0, SDEV_BAD_FLAGS },
		{ SDEV_ALG_AES_CBC, 0x80, 0, 0, 0, 0, 0, SDEV_BAD_FLAGS },
		{ SDEV_ALG_AES_XTS, 0, -49, 0, 0, 0, 0, SDEV_BAD_LENGTH },
		{ SDEV_ALG_DES_CBC, 0, 0, 0, 8, 0, 0, SDEV_BAD_IV },
		{ SDEV_ALG_SM4_CBC_CS2, 0, -49, 0, 0, 0, 0, SDEV_BAD_LENGTH },
		{ SDEV_ALG_SHA256, 0, 0, 1, 0, 0, 0, SDEV_BAD_MAC },
		{ SDEV_ALG_SHA256, 0, 0, -32, 0, 0, 0, SDEV_BAD_MAC },
		{ SDEV_ALG_SHA224, SDEV_SYM_LAST, 0, 0, 0, 0, 0, SDEV_BAD_MAC },
		{ SDEV_ALG_SHA256, SDEV_SYM_LAST, 1, 0, 0, 0, 0, SDEV_BAD_LENGTH },
		{ SDEV_ALG_SHA256, SDEV_SYM_DECRYPT, 0, 0, 0, 0, 0, SDEV_BAD_FLAGS },
		{ SDEV_ALG_AES_CMAC, SDEV_SYM_FIRST, -64, 0, 0, 0, 0, SDEV_BAD_LENGTH },
		{ SDEV_ALG_AES_GCM, 0, 0, 0, -12, 0, 0, SDEV_BAD_IV },
		{ SDEV_ALG_AES_GCM, 0, 0, 0, 500, 0, 0, SDEV_BAD_IV },
		{ SDEV_ALG_AES_GCM, 0, 0, 0, 0, 1, 0, SDEV_BAD_MAC },
		{ SDEV_ALG_AES_GCM, 0, 0, 0, 0, -16, 0, SDEV_BAD_MAC },
		{ SDEV_ALG_AES_GCM, 0, 0, -1, 0, 0, 0, SDEV_BAD_LENGTH },
		{ SDEV_ALG_AES_GCM, SDEV_SYM_AAD_COPY, 0, 0, 0, 0, 0, SDEV_BAD_FLAGS },
		{ SDEV_ALG_AES_GCM, SDEV_SYM_AAD_IN_SRC, 0, 0, 0, 0, 65, SDEV_BAD_AAD },
		{ SDEV_ALG_AES_GCM, SDEV_SYM_FIRST, 0, 0, 0, 0, 1, SDEV_BAD_AAD },
		{ SDEV_ALG_AES_GCM, SDEV_SYM_FIRST, 0, 0, 0, 0, 0, SDEV_BAD_PIECE },
		{ SDEV_ALG_AES_GCM, SDEV_SYM_LAST, -1, 0, 0, 0, 0, SDEV_BAD_LENGTH },
		{ SDEV_ALG_AES_CCM, 0, 0, 0, 1, 0, 0, SDEV_BAD_IV },
		{ SDEV_ALG_AES_CCM, 0, 0, 0, 0, -1, 0, SDEV_BAD_MAC },
		{ SDEV_ALG_AES_CCM, SDEV_SYM_LAST, 0, 0, 0, -1, 0, SDEV_BAD_MAC },
		{ SDEV_ALG_AES_CCM, SDEV_SYM_LAST, 0, 0, 0, 0, 0, SDEV_BAD_PIECE },
		{ SDEV_ALG_AES_CBC_HMAC_SHA1, 0, 1, 1, 0, 0, 0, SDEV_BAD_LENGTH },
		{ SDEV_ALG_AES_CBC_HMAC_SHA1, 0, 0, 0, 0, 1, 0, SDEV_BAD_MAC },
	};
	struct rig rig;

	crypto_open(&rig, crypto_skip(0) ? 2 : 0);
	all_random();
	for (size_t i = 0; i < wdi_array_size(rows); i++) {
		const struct row *row = &rows[i];
		const struct ref_alg *a = ref_find(row->alg);
		uint32_t session = session_of(&rig, a);
		struct sdev_slot good, slot;
		struct sdev_cpl cpl;

		good = crypto_slot(a->op, session, false, in, a->op == SDEV_OP_DIGEST ? mac : out, 64);
		crypto_iv(&good, iv, a->iv);
		if (a->op == SDEV_OP_DIGEST)
			good.desc.dst_len = a->mac;
		if (a->op == SDEV_OP_AEAD)
			crypto_aead(&good, aad, 0, mac, a->mac);
		slot = good;
		slot.desc.sym.flags ^= row->flags;
		slot.desc.src_len += (uint32_t)row->len;
		slot.desc.dst_len += (uint32_t)row->dst;
		slot.desc.sym.iv_len = (uint16_t)(slot.desc.sym.iv_len + row->iv_);
		slot.desc.sym.mac_len = (uint8_t)(slot.desc.sym.mac_len + row->mac_);
		slot.ext.aead.aad_len += row->aad_;
		cpl = crypto_run(&rig.q, &slot);
		ck_assert_msg(rig_status(&cpl) == SDEV_ST_MALFORMED && rig_detail(&cpl) == row->detail,
			      "row %zu: status %u detail %u", i, rig_status(&cpl), rig_detail(&cpl));
		rig_assert(crypto_run(&rig.q, &good), SDEV_ST_DONE, 0);
		crypto_session_close(&rig, session);
	}
	rig_close(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("crypto_pieces");
	TCase *tcase = tcase_create("pieces");

	tcase_set_timeout(tcase, getenv("WEFT_TEST_LONG") ? 0 : 30);
	tcase_add_loop_test(tcase, digest, 0, (int)ref_alg_count);
	tcase_add_loop_test(tcase, aead, 0, (int)ref_alg_count);
	tcase_add_loop_test(tcase, places, 0, (int)ref_alg_count);
	tcase_add_test(tcase, sm4_vectors);
	tcase_add_test(tcase, bad_keys);
	tcase_add_test(tcase, bad_jobs);
	suite_add_tcase(suite, tcase);
	return rig_main(suite);
}
