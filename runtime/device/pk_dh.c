/* SPDX-License-Identifier: MIT */
/*
 * Diffie-Hellman over the integers modulo p (RFC 2631): one exponentiation, whose
 * time does not depend on the exponent. p comes with every job; the session keeps
 * what was prepared for the last one.
 */
#include "device/pk.h"

static enum sdev_pk_rc modulus_key(struct sdev_pk_call *c, struct pk_key *key,
				   const struct pk_in *in)
{
	BIGNUM *p = key->num[0] = BN_bin2bn(in[0].p, (int)in[0].len, NULL);

	key->mont = BN_MONT_CTX_new();
	if (!p || !key->mont)
		return PK_NOMEM;
	if (!BN_is_odd(p) || BN_num_bits(p) < 3)
		return PK_KEY;
	return BN_MONT_CTX_set(key->mont, p, c->lane->bn) ? PK_OK : PK_NOMEM;
}

/* p, g, x -> g^x mod p. 1 and p - 1 are refused for g: nothing is secret in their groups. */
enum sdev_pk_rc sdev_dh_power(struct sdev_pk_call *c)
{
	BIGNUM *g, *x, *last, *r;
	struct pk_key *key;
	struct pk_frame f;
	enum sdev_pk_rc rc = sdev_pk_key_get(c, PK_PUBLIC, &c->in[0], 1, modulus_key, &key);

	if (rc)
		return rc;
	sdev_pk_frame_begin(&f, c);
	g = sdev_pk_num_of(&f, &c->in[1]);
	x = sdev_pk_num_of(&f, &c->in[2]);
	last = sdev_pk_num(&f);
	r = sdev_pk_num(&f);
	if (f.failed || !BN_sub(last, key->num[0], BN_value_one())) {
		rc = PK_NOMEM;
	} else if (!pk_in_range(g, last) || BN_is_one(g)) {
		rc = PK_RANGE;
	} else if (!pk_in_range(x, key->num[0])) {
		rc = PK_SCALAR;
	} else {
		BN_set_flags(x, BN_FLG_CONSTTIME);
		rc = BN_mod_exp_mont_consttime(r, g, x, key->num[0], f.bn, key->mont) ?
		     sdev_pk_put_num(&c->out[0], r) : PK_NOMEM;
	}
	sdev_pk_frame_end(&f);
	sdev_pk_key_put(key);
	return rc;
}
