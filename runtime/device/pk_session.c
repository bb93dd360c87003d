/* SPDX-License-Identifier: MIT */
/* Sessions of the public-key algorithms, and the table of their operations. */
#include "device/pk.h"

#include <stdlib.h>

#include "util/bits.h"

/* Which sizes, in bits, an algorithm has. */
static const struct {
	uint8_t alg;
	bool curve;		/* the session brings one */
	uint16_t min;
	uint16_t max;
	uint16_t step;
} sizes[] = {
	{ SDEV_ALG_RSA, false, 1024, 4096, 1024 },
	{ SDEV_ALG_DH, false, 768, 4096, 256 },
	{ SDEV_ALG_ECDH, true, 112, 8 * SDEV_PK_FIELD_MAX, 1 },
	{ SDEV_ALG_ECDSA, true, 112, 8 * SDEV_PK_FIELD_MAX, 1 },
	{ SDEV_ALG_SM2, true, 112, 8 * SDEV_PK_FIELD_MAX, 1 },
	{ SDEV_ALG_X25519, false, 256, 256, 1 },
	{ SDEV_ALG_X448, false, 448, 448, 1 },
};

uint64_t sdev_pk_algs(unsigned int word)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < wdi_array_size(sizes); i++) {
		if (sizes[i].alg / 64 == word)
			bits |= UINT64_C(1) << sizes[i].alg % 64;
	}
	return bits;
}

static const char *const hash_names[] = {
	[SDEV_PK_HASH_NONE] = NULL,
	[SDEV_PK_HASH_SM3] = "SM3",
	[SDEV_PK_HASH_SHA1] = "SHA1",
	[SDEV_PK_HASH_SHA224] = "SHA2-224",
	[SDEV_PK_HASH_SHA256] = "SHA2-256",
	[SDEV_PK_HASH_SHA384] = "SHA2-384",
	[SDEV_PK_HASH_SHA512] = "SHA2-512",
	[SDEV_PK_HASH_MD4] = "MD4",
	[SDEV_PK_HASH_MD5] = "MD5",
};
static_assert(wdi_array_size(hash_names) == SDEV_PK_HASH_COUNT, "a hash without a name");

enum sdev_pk_rc sdev_pk_session_new(struct sdev_pk_lane *lane, uint8_t alg, unsigned int bits,
				    const struct sdev_pk_curve *curve,
				    struct sdev_pk_session **out)
{
	struct sdev_pk_session *s;
	enum sdev_pk_rc rc = PK_OK;
	size_t i;

	for (i = 0; i < wdi_array_size(sizes) && sizes[i].alg != alg; i++)
		;
	if (i == wdi_array_size(sizes) || bits < sizes[i].min || bits > sizes[i].max ||
	    bits % sizes[i].step || sizes[i].curve != !!curve ||
	    (curve && curve->hash >= SDEV_PK_HASH_COUNT))
		return PK_CURVE;
	s = calloc(1, sizeof(*s));
	if (!s)
		return PK_NOMEM;
	s->alg = alg;
	s->bits = bits;
	s->bytes = (bits + 7) / 8;
	if (curve)
		rc = sdev_pk_group_get(lane, curve, bits, &s->group);
	if (rc) {
		free(s);
		return rc;
	}
	/* Not every libcrypto has every hash; only who needs it misses it. */
	if (curve && hash_names[curve->hash])
		s->md = EVP_MD_fetch(lane->lib, hash_names[curve->hash], NULL);
	*out = s;
	return PK_OK;
}

void sdev_pk_session_free(struct sdev_pk_session *s)
{
	for (unsigned int i = 0; i < PK_HALVES; i++)
		sdev_pk_key_put(s->key[i]);
	EVP_MD_free(s->md);
	sdev_pk_group_put(s->group);
	free(s);
}

#define BIT(n)	(1u << (n))

static const struct sdev_pk_row rows[] = {
	[SDEV_PK_RSA_PRIVATE] = { PK_ALG(SDEV_ALG_RSA), 4, 1, BIT(3), 0, sdev_rsa_private },
	[SDEV_PK_RSA_PRIVATE_CRT] = { PK_ALG(SDEV_ALG_RSA), 6, 1, 0, 0, sdev_rsa_private_crt },
	[SDEV_PK_RSA_PUBLIC] = { PK_ALG(SDEV_ALG_RSA), 3, 1, 0, 0, sdev_rsa_public },
	[SDEV_PK_RSA_KEYGEN] = { PK_ALG(SDEV_ALG_RSA), 3, 2, 0, 0, sdev_rsa_keygen },
	[SDEV_PK_RSA_KEYGEN_CRT] = { PK_ALG(SDEV_ALG_RSA), 3, 5, 0, 0, sdev_rsa_keygen_crt },
	[SDEV_PK_DH_POWER] = { PK_ALG(SDEV_ALG_DH), 3, 1, 0, 0, sdev_dh_power },
	[SDEV_PK_EC_PUBLIC] = { PK_ALG_EC, 1, 2, 0, 0, sdev_ec_public },
	[SDEV_PK_EC_DERIVE] = { PK_ALG_EC, 3, 2, 0, 0, sdev_ec_derive },
	[SDEV_PK_ECDSA_SIGN] = { PK_ALG_EC, 3, 2, BIT(2), 0, sdev_ecdsa_sign },
	[SDEV_PK_ECDSA_VERIFY] = { PK_ALG_EC, 5, 0, 0, 0, sdev_ecdsa_verify },
	[SDEV_PK_SM2_SIGN] = { PK_ALG_EC, 7, 2, 0x7e, BIT(3) | BIT(4), sdev_sm2_sign },
	[SDEV_PK_SM2_VERIFY] = {
		PK_ALG_EC, 7, 0, BIT(2) | BIT(5) | BIT(6), BIT(5) | BIT(6), sdev_sm2_verify
	},
	[SDEV_PK_SM2_ENCRYPT] = { PK_ALG_EC, 4, 4, BIT(2), BIT(3), sdev_sm2_encrypt },
	[SDEV_PK_SM2_DECRYPT] = { PK_ALG_EC, 5, 1, 0, BIT(3), sdev_sm2_decrypt },
	[SDEV_PK_SM2_KEYGEN] = { PK_ALG_EC, 0, 3, 0, 0, sdev_sm2_keygen },
	[SDEV_PK_ECX_PUBLIC] = { PK_ALG_X, 1, 1, 0, 0, sdev_ecx_public },
	[SDEV_PK_ECX_DERIVE] = { PK_ALG_X, 2, 1, 0, 0, sdev_ecx_derive },
};
static_assert(wdi_array_size(rows) == SDEV_PK_COUNT, "every operation has a row");

const struct sdev_pk_row *sdev_pk_row(unsigned int op)
{
	return op < wdi_array_size(rows) && rows[op].run ? &rows[op] : NULL;
}
