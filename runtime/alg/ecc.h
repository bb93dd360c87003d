/* SPDX-License-Identifier: MIT */
/* What the files of the class ecc share. */
#ifndef WEFT_ALG_ECC_H
#define WEFT_ALG_ECC_H

#include "alg/pk.h"
#include "uadk/wd_ecc.h"
#include "util/bits.h"

/* Beside enum wd_ecc_curve_id, as UADK numbers them. */
enum {
	CURVE_X25519 = 1,
	CURVE_X448 = 2,
	CURVE_SM2 = 3,
	CURVE_SECP256R1 = 0x18,
};

#define ECC_DIGEST_MAX	64u
#define ECC_ID_MAX	8191u		/* its bits are counted in 16 bits */
#define ECC_TEXT_MAX	(16u << 20)
#define SM2_KEY_SIZE	32u

/* The key of a session: both halves, and the curve. */
struct wd_ecc_key {
	size_t size;			/* of all this */
	uint32_t key_size;
	struct wd_ecc_curve cv;
	struct wd_dtb d;
	struct wd_ecc_point pub;
	char data[];
};

struct wdi_ecc_sess {
	struct wdi_pk_sess pk;
	struct wd_ecc_key *key;
	struct wd_rand_mt rand;
	struct wd_hash_mt hash;
	bool montgomery;		/* X25519, X448 */
};

static inline struct wdi_ecc_sess *wdi_to_ecc(struct wdi_sess *sess)
{
	return wdi_container_of(sess, struct wdi_ecc_sess, pk.base);
}

/* The session behind a handle, held, or NULL (logged). */
struct wdi_ecc_sess *wdi_ecc_get(handle_t handle);
void wdi_ecc_put(struct wdi_ecc_sess *s);

/* ecc_curves.c: the numbers of a curve, at the end of their places. False: no such curve. */
bool wdi_ecc_curve_by_id(uint32_t id, struct wdi_pk_curve *curve, uint16_t *bits);

/* ecc_key.c */
struct wd_ecc_key *wdi_ecc_key_new(const struct wdi_pk_curve *curve, uint32_t key_size);
void wdi_ecc_key_free(struct wd_ecc_key *key);
/* A number with zeroes before it, @len bytes. */
void wdi_ecc_padded(char *to, uint32_t len, const struct wd_dtb *num);

/* ---- ecc_object.c --------------------------------------------------------- */

/* What an object was made for; the numbers stand in the order in which the device takes them. */
enum wdi_ecc_kind {
	ECC_NONE,
	ECC_IN_XDH,	/* x, y */
	ECC_IN_SIGN,	/* digest, k, text, id */
	ECC_IN_VERF,	/* digest, r, s, text, id */
	ECC_IN_ENC,	/* k, text */
	ECC_IN_DEC,	/* C1 x, C1 y, C2, C3 */
	ECC_OUT_XDH,	/* x, y */
	ECC_OUT_SIGN,	/* r, s */
	ECC_OUT_ENC,	/* C1 x, C1 y, C2, C3 */
	ECC_OUT_DEC,	/* text */
	ECC_OUT_KG,	/* d, x, y */
};

#define ECC_NUMS	5

struct wdi_ecc_object {
	uint32_t kind;		/* enum wdi_ecc_kind; ECC_NONE once it was deleted */
	uint32_t key_size;
	size_t size;		/* of all this */
	uint32_t count;
	struct wd_dtb num[ECC_NUMS];
	char data[];
};

struct wd_ecc_in {
	struct wdi_ecc_object o;
};

struct wd_ecc_out {
	struct wdi_ecc_object o;
};

/* Bytes of a hash, 0: there is no such hash. */
uint32_t wdi_ecc_hash_bytes(uint8_t type);

#endif
