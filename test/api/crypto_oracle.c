/* SPDX-License-Identifier: MIT */
#include "crypto_oracle.h"

#include "../unit/crypto_ref.h"

static struct ref_job job_for(const struct alg *alg, const struct bytes *key, const uint8_t *iv,
			      size_t iv_len, const uint8_t *in, size_t len, uint8_t *out)
{
	struct ref_job j = {
		.alg = ref_find(alg->device),
		.key = key->p,
		.key_len = key->len,
		.iv_len = iv_len,
		.in = in,
		.out = out,
		.len = len,
		.mac_len = alg->out,
	};

	ck_assert_msg(j.alg, "%s: no judge", alg->name);
	if (iv)
		memcpy(j.iv, iv, iv_len);
	return j;
}

void oracle_cipher(const struct alg *alg, const struct bytes *key, const uint8_t *iv, bool decrypt,
		   const uint8_t *in, size_t len, uint8_t *out)
{
	struct ref_job j = job_for(alg, key, iv, alg->iv, in, len, out);

	j.decrypt = decrypt;
	ref_run(&j);
}

void oracle_digest(const struct alg *alg, const struct bytes *key, const uint8_t *iv,
		   const uint8_t *in, size_t len, uint8_t *out)
{
	uint8_t fixed[16] = { 0 }, zeroes[16] = { 0 };
	struct bytes as_aes = { fixed, sizeof(fixed) }, zero = { zeroes, sizeof(zeroes) };
	struct ref_job j;

	/* RFC 4434: keys of any length. */
	if (alg->alg == WD_DIGEST_AES_XCBC_PRF_128 && key->len > sizeof(fixed))
		oracle_digest(alg, &zero, NULL, key->p, key->len, fixed);
	else if (alg->alg == WD_DIGEST_AES_XCBC_PRF_128)
		memcpy(fixed, key->p, key->len);
	else
		as_aes = *key;
	j = job_for(alg, &as_aes, alg->alg == WD_DIGEST_AES_GMAC ? iv : NULL, 12, in, len, NULL);
	ref_run(&j);
	memcpy(out, j.mac, alg->out);
}

void oracle_seal(const struct alg *alg, const struct oracle_aead *a, uint8_t *out, uint8_t *tag)
{
	struct ref_job j = job_for(alg, a->key, a->iv, a->iv_len, a->in, a->len, out);

	j.key2 = a->key2->p;
	j.key2_len = a->key2->len;
	j.aad = a->aad;
	j.aad_len = a->aad_len;
	j.mac_len = a->tag_len;
	ref_run(&j);
	memcpy(tag, j.mac, a->tag_len);
}
