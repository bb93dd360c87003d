/* SPDX-License-Identifier: MIT */
/* Keys of sessions, and numbers of operations. */
#define OPENSSL_SUPPRESS_DEPRECATED	/* EC_KEY */

#include "device/pk.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

/* ---- lanes --------------------------------------------------------------- */

struct sdev_pk_lane *sdev_pk_lane_new(OSSL_LIB_CTX *lib)
{
	struct sdev_pk_lane *lane = calloc(1, sizeof(*lane));

	if (!lane)
		return NULL;
	lane->lib = lib;
	lane->bn = BN_CTX_new_ex(lib);
	if (!lane->bn) {
		free(lane);
		return NULL;
	}
	return lane;
}

void sdev_pk_lane_free(struct sdev_pk_lane *lane)
{
	if (!lane)
		return;
	BN_CTX_free(lane->bn);
	free(lane);
}

/* ---- keys ---------------------------------------------------------------- */

static size_t raw_size(const struct pk_in *in, unsigned int count)
{
	size_t size = 0;

	for (unsigned int i = 0; i < count; i++)
		size += sizeof(uint32_t) + in[i].len;
	return size;
}

static void key_pack(uint8_t *to, const struct pk_in *in, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		uint32_t len = (uint32_t)in[i].len;

		memcpy(to, &len, sizeof(len));
		to += sizeof(len);
		if (len)
			memcpy(to, in[i].p, len);
		to += len;
	}
}

/* Of a secret, how far the comparison goes depends on lengths only. */
static bool key_is(const struct pk_key *key, enum pk_half half, const struct pk_in *in,
		   unsigned int count)
{
	int (*compare)(const void *, const void *, size_t) =
		half == PK_PUBLIC ? memcmp : CRYPTO_memcmp;
	const uint8_t *at = key->raw;
	int diff = 0;

	if (key->raw_len != raw_size(in, count))
		return false;
	for (unsigned int i = 0; i < count; i++) {
		uint32_t len;

		memcpy(&len, at, sizeof(len));
		if (len != in[i].len)
			return false;
		at += sizeof(len);
		diff |= compare(at, in[i].p, len);
		at += len;
	}
	return !diff;
}

static void evp_free(struct pk_evp *evp)
{
	EVP_PKEY_CTX_free(evp->ctx);
	EVP_PKEY_free(evp->peer);
	OPENSSL_cleanse(evp, sizeof(*evp));
	free(evp);
}

void sdev_pk_key_put(struct pk_key *key)
{
	if (!key || atomic_fetch_sub(&key->refs, 1) != 1)
		return;
	for (unsigned int i = 0; i < PK_IDLE; i++) {
		struct pk_evp *evp = atomic_load(&key->idle[i]);

		if (evp)
			evp_free(evp);
	}
	EVP_PKEY_free(key->pkey);
	EC_KEY_free(key->ec);
	for (unsigned int i = 0; i < PK_NUMS; i++)
		BN_clear_free(key->num[i]);
	BN_MONT_CTX_free(key->mont);
	EC_POINT_clear_free(key->point);
	if (key->raw)
		OPENSSL_cleanse(key->raw, key->raw_len);
	free(key->raw);
	free(key);
}

static struct pk_key *key_new(const struct pk_in *in, unsigned int count)
{
	struct pk_key *key = calloc(1, sizeof(*key));

	if (!key)
		return NULL;
	atomic_store(&key->refs, 1);
	key->raw_len = raw_size(in, count);
	key->raw = malloc(key->raw_len);
	if (!key->raw) {
		free(key);
		return NULL;
	}
	key_pack(key->raw, in, count);
	return key;
}

enum sdev_pk_rc sdev_pk_key_get(struct sdev_pk_call *c, enum pk_half half, const struct pk_in *in,
			   unsigned int count, pk_key_make *make, struct pk_key **out)
{
	struct sdev_pk_session *s = c->s;
	struct pk_key *key, *old;
	enum sdev_pk_rc rc;

	wdi_spin_lock(&s->lock);
	key = s->key[half];
	if (key)
		atomic_fetch_add(&key->refs, 1);
	wdi_spin_unlock(&s->lock);
	if (key) {
		if (key->make == make && key_is(key, half, in, count)) {
			*out = key;
			return PK_OK;
		}
		sdev_pk_key_put(key);
	}
	key = key_new(in, count);
	if (!key)
		return PK_NOMEM;
	key->make = make;
	rc = make(c, key, in);
	if (rc) {
		sdev_pk_key_put(key);
		return rc;
	}
	atomic_fetch_add(&key->refs, 1);
	wdi_spin_lock(&s->lock);
	old = s->key[half];
	s->key[half] = key;
	wdi_spin_unlock(&s->lock);
	sdev_pk_key_put(old);
	*out = key;
	return PK_OK;
}

struct pk_evp *sdev_pk_evp_take(struct sdev_pk_call *c, struct pk_key *key,
			   bool (*begin)(EVP_PKEY_CTX *ctx))
{
	struct pk_evp *evp;

	for (unsigned int i = 0; i < PK_IDLE; i++) {
		if (!atomic_load_explicit(&key->idle[i], memory_order_relaxed))
			continue;
		evp = atomic_exchange(&key->idle[i], NULL);
		if (evp)
			return evp;
	}
	evp = calloc(1, sizeof(*evp));
	if (!evp)
		return NULL;
	evp->ctx = EVP_PKEY_CTX_new_from_pkey(c->lane->lib, key->pkey, NULL);
	if (evp->ctx && begin(evp->ctx))
		return evp;
	evp_free(evp);
	return NULL;
}

void sdev_pk_evp_give(struct pk_key *key, struct pk_evp *evp)
{
	for (unsigned int i = 0; i < PK_IDLE; i++) {
		struct pk_evp *none = NULL;

		if (atomic_compare_exchange_strong(&key->idle[i], &none, evp))
			return;
	}
	evp_free(evp);
}

/* ---- numbers ------------------------------------------------------------- */

void sdev_pk_frame_begin(struct pk_frame *f, struct sdev_pk_call *c)
{
	f->bn = c->lane->bn;
	f->count = 0;
	f->failed = false;
	BN_CTX_start(f->bn);
}

BIGNUM *sdev_pk_num(struct pk_frame *f)
{
	BIGNUM *num = f->count < PK_FRAME_MAX ? BN_CTX_get(f->bn) : NULL;

	if (!num) {
		f->failed = true;
		return NULL;
	}
	f->num[f->count++] = num;
	return num;
}

BIGNUM *sdev_pk_num_of(struct pk_frame *f, const struct pk_in *in)
{
	BIGNUM *num = sdev_pk_num(f);

	if (num && !BN_bin2bn(in->p, (int)in->len, num)) {
		f->failed = true;
		return NULL;
	}
	return num;
}

void sdev_pk_frame_end(struct pk_frame *f)
{
	for (unsigned int i = 0; i < f->count; i++)
		BN_clear(f->num[i]);
	BN_CTX_end(f->bn);
}

enum sdev_pk_rc sdev_pk_put_num(struct pk_out *out, const BIGNUM *num)
{
	size_t len = (size_t)BN_num_bytes(num);

	if (len > out->room)
		return PK_ROOM;
	BN_bn2bin(num, out->p);
	memset(out->p + len, 0, out->room - len);
	out->used = len;
	return PK_OK;
}
