/* SPDX-License-Identifier: MIT */
/* Keys of sessions over curves. */
#include "alg/ecc.h"

#include <string.h>

#include "util/log.h"

#define KEY_NUMS	9	/* p, a, b, x and y of the base point, n; d; x, y */

struct wd_ecc_key *wdi_ecc_key_new(const struct wdi_pk_curve *curve, uint32_t key_size)
{
	size_t size = sizeof(struct wd_ecc_key) + (size_t)KEY_NUMS * key_size;
	struct wd_ecc_key *key = wdi_pk_mem_alloc(size);
	struct wd_dtb *num[KEY_NUMS];

	if (!key)
		return NULL;
	key->size = size;
	key->key_size = key_size;
	num[WDI_CURVE_P] = &key->cv.p;
	num[WDI_CURVE_A] = &key->cv.a;
	num[WDI_CURVE_B] = &key->cv.b;
	num[WDI_CURVE_GX] = &key->cv.g.x;
	num[WDI_CURVE_GY] = &key->cv.g.y;
	num[WDI_CURVE_N] = &key->cv.n;
	num[WDI_CURVE_NUMS] = &key->d;
	num[WDI_CURVE_NUMS + 1] = &key->pub.x;
	num[WDI_CURVE_NUMS + 2] = &key->pub.y;
	for (uint32_t i = 0; i < KEY_NUMS; i++) {
		num[i]->data = key->data + (size_t)i * key_size;
		num[i]->bsize = key_size;
		if (i >= WDI_CURVE_NUMS)
			continue;
		memcpy(num[i]->data, curve->value[i] + WDI_PK_FIELD_MAX - key_size, key_size);
		num[i]->dsize = key_size;
	}
	return key;
}

void wdi_ecc_key_free(struct wd_ecc_key *key)
{
	if (key)
		wdi_pk_mem_free(key, key->size);
}

void wdi_ecc_padded(char *to, uint32_t len, const struct wd_dtb *num)
{
	memset(to, 0, len - num->dsize);
	memcpy(to + len - num->dsize, num->data, num->dsize);
}

static void set(struct wd_dtb *to, const struct wd_dtb *from)
{
	memset(to->data, 0, to->bsize);
	memcpy(to->data, from->data, from->dsize);
	to->dsize = from->dsize;
}

int wd_ecc_set_prikey(struct wd_ecc_key *ecc_key, struct wd_dtb *prikey)
{
	if (!ecc_key || !wdi_pk_dtb_fits(prikey, ecc_key->key_size)) {
		wdi_err("ecc: a private key is missing, empty, or too long for the curve");
		return -WD_EINVAL;
	}
	set(&ecc_key->d, prikey);
	return 0;
}

int wd_ecc_get_prikey(struct wd_ecc_key *ecc_key, struct wd_dtb **prikey)
{
	if (!ecc_key || !prikey)
		return -WD_EINVAL;
	*prikey = &ecc_key->d;
	return 0;
}

int wd_ecc_set_pubkey(struct wd_ecc_key *ecc_key, struct wd_ecc_point *pubkey)
{
	if (!ecc_key || !pubkey || !wdi_pk_dtb_fits(&pubkey->x, ecc_key->key_size) ||
	    !wdi_pk_dtb_fits(&pubkey->y, ecc_key->key_size)) {
		wdi_err("ecc: a public key is missing, empty, or too long for the curve");
		return -WD_EINVAL;
	}
	set(&ecc_key->pub.x, &pubkey->x);
	set(&ecc_key->pub.y, &pubkey->y);
	return 0;
}

int wd_ecc_get_pubkey(struct wd_ecc_key *ecc_key, struct wd_ecc_point **pubkey)
{
	if (!ecc_key || !pubkey)
		return -WD_EINVAL;
	*pubkey = &ecc_key->pub;
	return 0;
}

static void show_curve(struct wd_ecc_key *key, struct wd_dtb **p, struct wd_dtb **a,
		       struct wd_dtb **b, struct wd_dtb **n, struct wd_ecc_point **g)
{
	if (p)
		*p = &key->cv.p;
	if (a)
		*a = &key->cv.a;
	if (b)
		*b = &key->cv.b;
	if (n)
		*n = &key->cv.n;
	if (g)
		*g = &key->cv.g;
}

void wd_ecc_get_prikey_params(struct wd_ecc_key *key, struct wd_dtb **p, struct wd_dtb **a,
			      struct wd_dtb **b, struct wd_dtb **n, struct wd_ecc_point **g,
			      struct wd_dtb **d)
{
	if (!key)
		return;
	show_curve(key, p, a, b, n, g);
	if (d)
		*d = &key->d;
}

void wd_ecc_get_pubkey_params(struct wd_ecc_key *key, struct wd_dtb **p, struct wd_dtb **a,
			      struct wd_dtb **b, struct wd_dtb **n, struct wd_ecc_point **g,
			      struct wd_ecc_point **pub)
{
	if (!key)
		return;
	show_curve(key, p, a, b, n, g);
	if (pub)
		*pub = &key->pub;
}
