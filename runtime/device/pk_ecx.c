/* SPDX-License-Identifier: MIT */
/*
 * X25519 and X448 (RFC 7748). RFC 7748 writes numbers with the low byte first;
 * operands here have the high byte first, like all others.
 */
#include "device/pk.h"

#include <string.h>

#include <openssl/crypto.h>

#define ECX_MAX		56u

static const char *ecx_name(const struct sdev_pk_call *c)
{
	return c->s->alg == SDEV_ALG_X25519 ? "X25519" : "X448";
}

/* A number as RFC 7748 has it: all bytes of the field, low byte first. */
static bool ecx_raw(const struct sdev_pk_call *c, const struct pk_in *in, uint8_t *raw)
{
	size_t bytes = c->s->bytes;

	if (in->len > bytes)
		return false;
	memset(raw, 0, bytes);
	for (size_t i = 0; i < in->len; i++)
		raw[i] = in->p[in->len - 1 - i];
	return true;
}

static enum sdev_pk_rc ecx_put(struct sdev_pk_call *c, const uint8_t *raw, struct pk_out *out)
{
	size_t len = c->s->bytes;

	while (len && !raw[len - 1])
		len--;
	if (len > out->room)
		return PK_ROOM;
	for (size_t i = 0; i < len; i++)
		out->p[i] = raw[len - 1 - i];
	memset(out->p + len, 0, out->room - len);
	out->used = len;
	return PK_OK;
}

static enum sdev_pk_rc ecx_key(struct sdev_pk_call *c, struct pk_key *key, const struct pk_in *in)
{
	uint8_t raw[ECX_MAX];
	enum sdev_pk_rc rc = PK_SCALAR;

	if (ecx_raw(c, &in[0], raw)) {
		key->pkey = EVP_PKEY_new_raw_private_key_ex(c->lane->lib, ecx_name(c), NULL, raw,
							    c->s->bytes);
		rc = key->pkey ? PK_OK : PK_FAILED;
	}
	OPENSSL_cleanse(raw, sizeof(raw));
	return rc;
}

/* d -> the public number. */
enum sdev_pk_rc sdev_ecx_public(struct sdev_pk_call *c)
{
	uint8_t raw[ECX_MAX];
	size_t len = sizeof(raw);
	struct pk_key *key;
	enum sdev_pk_rc rc = sdev_pk_key_get(c, PK_PRIVATE, &c->in[0], 1, ecx_key, &key);

	if (rc)
		return rc;
	rc = EVP_PKEY_get_raw_public_key(key->pkey, raw, &len) > 0 ? ecx_put(c, raw, &c->out[0]) :
	     PK_FAILED;
	sdev_pk_key_put(key);
	return rc;
}

static bool begin_derive(EVP_PKEY_CTX *ctx)
{
	return EVP_PKEY_derive_init(ctx) > 0;
}

/* The other side's number, unless it is the same as last time. */
static bool set_peer(struct sdev_pk_call *c, struct pk_evp *evp, const uint8_t *raw)
{
	size_t bytes = c->s->bytes;
	EVP_PKEY *peer;

	if (evp->peer && !memcmp(evp->peer_raw, raw, bytes))
		return true;
	EVP_PKEY_free(evp->peer);
	evp->peer = NULL;
	peer = EVP_PKEY_new_raw_public_key_ex(c->lane->lib, ecx_name(c), NULL, raw, bytes);
	if (!peer || EVP_PKEY_derive_set_peer(evp->ctx, peer) <= 0) {
		EVP_PKEY_free(peer);
		return false;
	}
	evp->peer = peer;
	memcpy(evp->peer_raw, raw, bytes);
	return true;
}

/* d, the other side's public number -> the shared number. PK_POINT: that would be 0. */
enum sdev_pk_rc sdev_ecx_derive(struct sdev_pk_call *c)
{
	uint8_t raw[ECX_MAX], secret[ECX_MAX];
	size_t len = sizeof(secret);
	struct pk_evp *evp;
	struct pk_key *key;
	enum sdev_pk_rc rc;

	if (!ecx_raw(c, &c->in[1], raw))
		return PK_POINT;
	rc = sdev_pk_key_get(c, PK_PRIVATE, &c->in[0], 1, ecx_key, &key);
	if (rc)
		return rc;
	evp = sdev_pk_evp_take(c, key, begin_derive);
	if (!evp) {
		rc = PK_NOMEM;
	} else {
		if (!set_peer(c, evp, raw))
			rc = PK_FAILED;
		else if (EVP_PKEY_derive(evp->ctx, secret, &len) <= 0)
			rc = PK_POINT;
		else
			rc = ecx_put(c, secret, &c->out[0]);
		sdev_pk_evp_give(key, evp);
	}
	OPENSSL_cleanse(secret, sizeof(secret));
	sdev_pk_key_put(key);
	return rc;
}
