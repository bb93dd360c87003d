/* SPDX-License-Identifier: MIT */
/*
 * ipsec-mb at the jobs of sym_case.h, as a program calls it that has @depth jobs at
 * hand: all of them in one burst where it has one for the algorithm, otherwise each
 * into the manager and then a flush; GCM and GMAC by their direct calls.
 */
#include "sym_case.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#ifdef HAVE_IPSEC_MB

#define NO_COMPAT_IMB_API_053	/* its old names collide with libcrypto's */
#include <intel-ipsec-mb.h>

#define RAW_LEN_MAX	65535u	/* of a job in the manager */

struct raw_state {
	struct sym_data *d;
	IMB_MGR *mgr;
	bool begun;
	uint8_t enc[15 * 16] __attribute__((aligned(16)));
	uint8_t dec[15 * 16] __attribute__((aligned(16)));
	uint8_t sub[2][16] __attribute__((aligned(16)));
	uint64_t des[3][16];
	const void *des_keys[3];
	uint8_t inner[64], outer[64];
	struct gcm_key_data gcm_key __attribute__((aligned(64)));
	struct gcm_context_data gcm __attribute__((aligned(64)));
	uint8_t tags[SYM_JOBS][64];
	IMB_JOB jobs[SYM_JOBS];
};

/* ---- keys --------------------------------------------------------------------------- */

static void hmac_pad(struct raw_state *s, const uint8_t *key, size_t len, uint8_t with,
		     uint8_t *state)
{
	uint8_t block[128];

	memset(block, with, sizeof(block));
	for (size_t i = 0; i < len; i++)
		block[i] ^= key[i];
	switch (s->d->row->raw_hash) {
	case IMB_AUTH_MD5:
		IMB_MD5_ONE_BLOCK(s->mgr, block, state);
		break;
	case IMB_AUTH_HMAC_SHA_1:
		IMB_SHA1_ONE_BLOCK(s->mgr, block, state);
		break;
	case IMB_AUTH_HMAC_SHA_224:
		IMB_SHA224_ONE_BLOCK(s->mgr, block, state);
		break;
	case IMB_AUTH_HMAC_SHA_256:
		IMB_SHA256_ONE_BLOCK(s->mgr, block, state);
		break;
	case IMB_AUTH_HMAC_SHA_384:
		IMB_SHA384_ONE_BLOCK(s->mgr, block, state);
		break;
	case IMB_AUTH_HMAC_SHA_512:
		IMB_SHA512_ONE_BLOCK(s->mgr, block, state);
		break;
	}
}

static void keys_make(struct raw_state *s)
{
	const struct sym_row *row = s->d->row;
	const uint8_t *hmac = row->class == SYM_AEAD ? s->d->akey : s->d->key;
	size_t hmac_len = row->class == SYM_AEAD ? row->akey : row->key;

	if (row->raw == SYM_RAW_GCM) {
		IMB_AES128_GCM_PRE(s->mgr, s->d->key, &s->gcm_key);
	} else if (row->raw_hash == IMB_AUTH_AES_XCBC) {
		IMB_AES_XCBC_KEYEXP(s->mgr, s->d->key, s->enc, s->sub[0], s->sub[1]);
	} else if (row->raw_cipher == IMB_CIPHER_DES || row->raw_cipher == IMB_CIPHER_DES3) {
		for (unsigned int i = 0; i < 3; i++) {
			IMB_DES_KEYSCHED(s->mgr, s->des[i], s->d->key + i * 8u % row->key);
			s->des_keys[i] = s->des[i];
		}
	} else if (row->key == 16) {
		IMB_AES_KEYEXP_128(s->mgr, s->d->key, s->enc, s->dec);
	}
	if (row->raw_hash == IMB_AUTH_AES_CMAC)
		IMB_AES_CMAC_SUBKEY_GEN_128(s->mgr, s->enc, s->sub[0], s->sub[1]);
	hmac_pad(s, hmac, hmac_len, 0x36, s->inner);
	hmac_pad(s, hmac, hmac_len, 0x5c, s->outer);
}

/* ---- jobs ------------------------------------------------------------------------------ */

static IMB_CIPHER_DIRECTION direction(const struct raw_state *s)
{
	return s->d->decrypt ? IMB_DIR_DECRYPT : IMB_DIR_ENCRYPT;
}

static void cipher_fill(struct raw_state *s, IMB_JOB *m, struct sym_job *j)
{
	const struct sym_row *row = s->d->row;

	m->src = j->src;
	m->dst = j->dst + sym_aad(s->d);
	m->cipher_start_src_offset_in_bytes = sym_aad(s->d);
	m->msg_len_to_cipher_in_bytes = s->d->size;
	m->iv = j->iv;
	m->iv_len_in_bytes = row->iv;
	m->key_len_in_bytes = row->key;
	m->enc_keys = s->enc;
	m->dec_keys = s->dec;
	if (row->raw_cipher == IMB_CIPHER_DES)
		m->enc_keys = m->dec_keys = s->des[0];
	else if (row->raw_cipher == IMB_CIPHER_DES3)
		m->enc_keys = m->dec_keys = s->des_keys;
}

static void hash_fill(struct raw_state *s, IMB_JOB *m, const uint8_t *src, size_t len,
		      uint8_t *tag)
{
	const struct sym_row *row = s->d->row;

	m->src = src;
	m->hash_start_src_offset_in_bytes = 0;
	m->msg_len_to_hash_in_bytes = len;
	m->auth_tag_output = tag;
	m->auth_tag_output_len_in_bytes = row->out;
	switch (row->raw_hash) {
	case IMB_AUTH_AES_CMAC:
		m->u.CMAC._key_expanded = s->enc;
		m->u.CMAC._skey1 = s->sub[0];
		m->u.CMAC._skey2 = s->sub[1];
		break;
	case IMB_AUTH_AES_XCBC:
		m->u.XCBC._k1_expanded = (const uint32_t *)s->enc;
		m->u.XCBC._k2 = s->sub[0];
		m->u.XCBC._k3 = s->sub[1];
		break;
	default:
		m->u.HMAC._hashed_auth_key_xor_ipad = s->inner;
		m->u.HMAC._hashed_auth_key_xor_opad = s->outer;
		break;
	}
}

static void job_fill(struct raw_state *s, IMB_JOB *m, unsigned int i)
{
	const struct sym_row *row = s->d->row;
	struct sym_job *j = &s->d->job[i];
	bool dec = s->d->decrypt, hash = row->class == SYM_DIGEST;

	memset(m, 0, sizeof(*m));
	m->cipher_mode = (IMB_CIPHER_MODE)row->raw_cipher;
	m->hash_alg = (IMB_HASH_ALG)row->raw_hash;
	m->cipher_direction = direction(s);
	m->chain_order = hash ? IMB_ORDER_HASH_CIPHER : IMB_ORDER_CIPHER_HASH;
	if (hash) {
		hash_fill(s, m, j->src, s->d->size, j->mac);
		return;
	}
	cipher_fill(s, m, j);
	if (row->class != SYM_AEAD)
		return;
	if (row->raw_hash == IMB_AUTH_AES_CCM) {
		m->chain_order = dec ? IMB_ORDER_CIPHER_HASH : IMB_ORDER_HASH_CIPHER;
		m->hash_start_src_offset_in_bytes = SYM_AAD;
		m->msg_len_to_hash_in_bytes = s->d->size;
		m->auth_tag_output = dec ? s->tags[i] : j->mac;
		m->auth_tag_output_len_in_bytes = row->out;
		m->u.CCM.aad = j->src;
		m->u.CCM.aad_len_in_bytes = SYM_AAD;
		return;
	}
	/* What is hashed lies at the source, so what is encrypted is encrypted in place. */
	m->chain_order = dec ? IMB_ORDER_HASH_CIPHER : IMB_ORDER_CIPHER_HASH;
	hash_fill(s, m, dec ? j->src : j->dst, SYM_AAD + s->d->size, dec ? s->tags[i] : j->mac);
}

static int submit_each(struct raw_state *s, unsigned int from, unsigned int n)
{
	unsigned int done = 0;
	IMB_JOB *m;

	for (unsigned int i = 0; i < n; i++) {
		m = IMB_GET_NEXT_JOB(s->mgr);
		job_fill(s, m, from + i);
		for (m = IMB_SUBMIT_JOB_NOCHECK(s->mgr); m; m = IMB_GET_COMPLETED_JOB(s->mgr))
			done += m->status == IMB_STATUS_COMPLETED;
	}
	while ((m = IMB_FLUSH_JOB(s->mgr)))
		done += m->status == IMB_STATUS_COMPLETED;
	return done == n ? 0 : -EIO;
}

static int submit_burst(struct raw_state *s, unsigned int from, unsigned int n)
{
	const struct sym_row *row = s->d->row;
	unsigned int done;

	for (unsigned int i = 0; i < n; i++) {
		struct sym_job *j = &s->d->job[from + i];

		if (row->raw == SYM_RAW_CIPHERS)
			cipher_fill(s, &s->jobs[i], j);
		else
			hash_fill(s, &s->jobs[i], j->src, s->d->size, j->mac);
	}
	done = row->raw == SYM_RAW_CIPHERS ?
	       IMB_SUBMIT_CIPHER_BURST_NOCHECK(s->mgr, s->jobs, n,
					       (IMB_CIPHER_MODE)row->raw_cipher, direction(s),
					       (IMB_KEY_SIZE_BYTES)row->key) :
	       IMB_SUBMIT_HASH_BURST_NOCHECK(s->mgr, s->jobs, n, (IMB_HASH_ALG)row->raw_hash);
	return done == n ? 0 : -EIO;
}

static int submit_gcm(struct raw_state *s, unsigned int from, unsigned int n)
{
	for (unsigned int i = from; i < from + n; i++) {
		struct sym_job *j = &s->d->job[i];

		if (s->d->row->class == SYM_DIGEST) {
			IMB_AES128_GMAC_INIT(s->mgr, &s->gcm_key, &s->gcm, j->iv, s->d->row->iv);
			IMB_AES128_GMAC_UPDATE(s->mgr, &s->gcm_key, &s->gcm, j->src, s->d->size);
			IMB_AES128_GMAC_FINALIZE(s->mgr, &s->gcm_key, &s->gcm, j->mac, 16);
		} else if (s->d->decrypt) {
			IMB_AES128_GCM_DEC(s->mgr, &s->gcm_key, &s->gcm, j->dst + SYM_AAD,
					   j->src + SYM_AAD, s->d->size, j->iv, j->src, SYM_AAD,
					   s->tags[i], 16);
		} else {
			IMB_AES128_GCM_ENC(s->mgr, &s->gcm_key, &s->gcm, j->dst + SYM_AAD,
					   j->src + SYM_AAD, s->d->size, j->iv, j->src, SYM_AAD,
					   j->mac, 16);
		}
	}
	return 0;
}

/* ---- the contestant --------------------------------------------------------------------- */

static void *raw_open(struct sym_data *d)
{
	struct raw_state *s;

	if (!d->row->raw || (d->row->raw != SYM_RAW_GCM && sym_aad(d) + d->size > RAW_LEN_MAX))
		return NULL;
	s = aligned_alloc(64, (sizeof(*s) + 63) / 64 * 64);
	if (!s)
		return NULL;
	memset(s, 0, sizeof(*s));
	s->d = d;
	s->mgr = alloc_mb_mgr(0);
	if (s->mgr)
		init_mb_mgr_auto(s->mgr, NULL);
	if (!s->mgr || imb_get_errno(s->mgr)) {
		free_mb_mgr(s->mgr);
		free(s);
		return NULL;
	}
	keys_make(s);
	return s;
}

static bool in_place(const struct raw_state *s)
{
	return s->d->row->raw == SYM_RAW_JOBS && s->d->row->class == SYM_AEAD &&
	       s->d->row->raw_hash != IMB_AUTH_AES_CCM && !s->d->decrypt;
}

static int raw_run(void *state, unsigned int depth)
{
	static int (*const submit[])(struct raw_state *s, unsigned int from, unsigned int n) = {
		[SYM_RAW_JOBS] = submit_each, [SYM_RAW_CIPHERS] = submit_burst,
		[SYM_RAW_HASHES] = submit_burst, [SYM_RAW_GCM] = submit_gcm,
	};
	struct raw_state *s = state;
	int ret = 0;

	/* Only what is compared has to be right; afterwards it encrypts what it made. */
	for (unsigned int i = 0; i < SYM_JOBS && in_place(s) && !s->begun; i++)
		memcpy(s->d->job[i].dst, s->d->job[i].src, SYM_AAD + s->d->size);
	s->begun = true;
	for (unsigned int i = 0; i < SYM_JOBS && !ret; i += depth)
		ret = submit[s->d->row->raw](s, i, SYM_JOBS - i < depth ? SYM_JOBS - i : depth);
	/* A program compares tags. */
	for (unsigned int i = 0; i < SYM_JOBS && !ret && s->d->decrypt && sym_aad(s->d); i++)
		ret = memcmp(s->tags[i], s->d->job[i].mac, s->d->row->out) ? -EBADMSG : 0;
	return ret;
}

#else

static void *raw_open(struct sym_data *d)
{
	(void)d;
	return NULL;
}

static int raw_run(void *state, unsigned int depth)
{
	(void)state;
	(void)depth;
	return -ENOTSUP;
}

#endif

const struct sym_side sym_side_raw = { raw_open, raw_run };
