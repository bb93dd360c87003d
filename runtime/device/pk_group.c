/* SPDX-License-Identifier: MIT */
/*
 * Curves. A session brings the numbers of its curve; where libcrypto knows a curve
 * of these numbers, its own is taken, which may be several times faster. Making
 * one costs as much as a signature, so sessions share them.
 */
#include "device/pk.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/obj_mac.h>

#define GROUPS_KEPT	16	/* so many without a user stay for the next one */

static pthread_mutex_t groups_lock = PTHREAD_MUTEX_INITIALIZER;
static struct pk_group *groups;

enum {
	CURVE_P,
	CURVE_A,
	CURVE_B,
	CURVE_GX,
	CURVE_GY,
	CURVE_N,
};

static void group_free(struct pk_group *g)
{
	EC_GROUP_free(g->ec);
	BN_free(g->p);
	BN_free(g->order);
	BN_MONT_CTX_free(g->order_mont);
	free(g);
}

/*
 * A curve that libcrypto has no name for. Its numbers may be anybody's: p and the
 * order have to be primes, the base point has to be on it and of that order.
 */
static bool numbers_make_curve(struct sdev_pk_lane *lane, const EC_GROUP *ec, const BIGNUM *p,
			       const BIGNUM *order)
{
	return BN_check_prime(p, lane->bn, NULL) > 0 && BN_check_prime(order, lane->bn, NULL) > 0 &&
	       EC_GROUP_check(ec, lane->bn) > 0;
}

static enum sdev_pk_rc group_make(struct sdev_pk_lane *lane, struct pk_group *g)
{
	BIGNUM *v[SDEV_PK_CURVE_NUMS];
	EC_GROUP *ec = NULL, *named = NULL;
	enum sdev_pk_rc rc = PK_CURVE;
	EC_POINT *base = NULL;
	unsigned int i;

	BN_CTX_start(lane->bn);
	for (i = 0; i < SDEV_PK_CURVE_NUMS; i++) {
		v[i] = BN_CTX_get(lane->bn);
		if (!v[i] || !BN_bin2bn(g->value[i], SDEV_PK_FIELD_MAX, v[i])) {
			rc = PK_NOMEM;
			goto end;
		}
	}
	/* libcrypto would take coordinates and coefficients beyond p for what they are modulo p. */
	for (i = CURVE_A; i <= CURVE_GY; i++) {
		if (BN_ucmp(v[i], v[CURVE_P]) >= 0)
			goto end;
	}
	if ((size_t)BN_num_bytes(v[CURVE_P]) > g->bytes ||
	    (size_t)BN_num_bytes(v[CURVE_N]) > g->bytes || BN_num_bits(v[CURVE_N]) < 2)
		goto end;
	ec = EC_GROUP_new_curve_GFp(v[CURVE_P], v[CURVE_A], v[CURVE_B], lane->bn);
	base = ec ? EC_POINT_new(ec) : NULL;
	if (!base || !EC_POINT_set_affine_coordinates(ec, base, v[CURVE_GX], v[CURVE_GY], lane->bn) ||
	    !EC_GROUP_set_generator(ec, base, v[CURVE_N], NULL))
		goto end;
	g->nid = EC_GROUP_check_named_curve(ec, 0, lane->bn);
	if (g->nid > 0) {
		named = EC_GROUP_new_by_curve_name_ex(lane->lib, NULL, g->nid);
	} else {
		g->nid = NID_undef;
		if (!numbers_make_curve(lane, ec, v[CURVE_P], v[CURVE_N]))
			goto end;
	}
	g->ec = named ? named : ec;
	if (named)
		EC_GROUP_free(ec);
	ec = NULL;
	g->p = BN_dup(v[CURVE_P]);
	g->order = BN_dup(v[CURVE_N]);
	g->order_mont = BN_MONT_CTX_new();
	rc = g->p && g->order && g->order_mont &&
	     BN_MONT_CTX_set(g->order_mont, g->order, lane->bn) ? PK_OK : PK_NOMEM;
end:
	EC_POINT_free(base);
	EC_GROUP_free(ec);
	BN_CTX_end(lane->bn);
	return rc;
}

static struct pk_group *group_find(const struct pk_group *like)
{
	for (struct pk_group *g = groups; g; g = g->next) {
		if (g->bytes == like->bytes && !memcmp(g->value, like->value, sizeof(g->value)))
			return g;
	}
	return NULL;
}

enum sdev_pk_rc sdev_pk_group_get(struct sdev_pk_lane *lane, const struct sdev_pk_curve *curve,
				  unsigned int bits, struct pk_group **out)
{
	struct pk_group *g = calloc(1, sizeof(*g)), *known;
	enum sdev_pk_rc rc;

	if (!g)
		return PK_NOMEM;
	memcpy(g->value, curve->value, sizeof(g->value));
	g->bytes = (bits + 7) / 8;
	pthread_mutex_lock(&groups_lock);
	known = group_find(g);
	if (known)
		known->refs++;
	pthread_mutex_unlock(&groups_lock);
	if (known) {
		free(g);
		*out = known;
		return PK_OK;
	}
	rc = group_make(lane, g);
	if (rc) {
		group_free(g);
		return rc;
	}
	/* Two that are made at once live beside each other. */
	g->refs = 1;
	pthread_mutex_lock(&groups_lock);
	g->next = groups;
	groups = g;
	pthread_mutex_unlock(&groups_lock);
	*out = g;
	return PK_OK;
}

/* Keep the youngest of those without a user. */
static void groups_trim(unsigned int keep)
{
	unsigned int idle = 0;

	for (struct pk_group **at = &groups; *at;) {
		struct pk_group *g = *at;

		if (g->refs || ++idle <= keep) {
			at = &g->next;
			continue;
		}
		*at = g->next;
		group_free(g);
	}
}

void sdev_pk_group_put(struct pk_group *group)
{
	if (!group)
		return;
	pthread_mutex_lock(&groups_lock);
	if (!--group->refs)
		groups_trim(GROUPS_KEPT);
	pthread_mutex_unlock(&groups_lock);
}

/* The only thread of a forked child: who had the lock may not be here, what it was at may be half done. */
void sdev_pk_forget(void)
{
	groups_lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	groups = NULL;
}
