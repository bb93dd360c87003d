/* SPDX-License-Identifier: MIT */
/*
 * Public-key arithmetic over libcrypto. Everything in here works on the device's
 * own copies of operands: no client memory is read or written, so nothing can be
 * thrown out of the library half-way. Who fetches and stores is pk.c.
 */
#ifndef WEFT_DEVICE_PK_H
#define WEFT_DEVICE_PK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include "hw/sdev_hw.h"
#include "util/spin.h"

#define PK_BYTES_MAX	512u	/* the longest number: 4096 bits */

/* How an operation ends. pk.c has the status and the detail of each. */
enum sdev_pk_rc {
	PK_OK,
	PK_MISMATCH,		/* a signature or check value does not fit */
	PK_RANGE,		/* an operand is not below the modulus, or trivial */
	PK_SCALAR,		/* a scalar is 0 or not below the order */
	PK_POINT,		/* not a point of the curve, or the one at infinity */
	PK_KEY,			/* numbers that do not make one key */
	PK_CURVE,		/* parameters that make no curve */
	PK_ROOM,		/* the result does not fit into its operand */
	PK_HASH,		/* this libcrypto has not the hash */
	PK_NOMEM,
	PK_FAILED,		/* libcrypto refused; should not happen */
	PK_RC_COUNT,
};

/* What one thread needs. Temporaries of bn that held secrets are cleared by who used them. */
struct sdev_pk_lane {
	OSSL_LIB_CTX *lib;
	BN_CTX *bn;
};

struct sdev_pk_lane *sdev_pk_lane_new(OSSL_LIB_CTX *lib);
void sdev_pk_lane_free(struct sdev_pk_lane *lane);

/* ---- keys --------------------------------------------------------------- */

/*
 * A context of EVP is for one thread at a time; a key keeps a few that are idle.
 * @peer: X25519 and X448: whose public key is set in it.
 */
struct pk_evp {
	EVP_PKEY_CTX *ctx;
	EVP_PKEY *peer;
	uint8_t peer_raw[56];
};

#define PK_IDLE		4
#define PK_NUMS		3

struct sdev_pk_call;
struct pk_key;
struct pk_in;

/* What an algorithm makes of a key once; the operands are those of sdev_pk_key_get(). */
typedef enum sdev_pk_rc pk_key_make(struct sdev_pk_call *c, struct pk_key *key,
				    const struct pk_in *in);

/* A key as it was given, and what was made of it. */
struct pk_key {
	atomic_uint refs;
	pk_key_make *make;
	uint8_t *raw;			/* lengths and bytes, as key_pack() puts them */
	size_t raw_len;
	EVP_PKEY *pkey;
	EC_KEY *ec;			/* to sign with */
	BIGNUM *num[PK_NUMS];
	BN_MONT_CTX *mont;
	EC_POINT *point;
	_Atomic(struct pk_evp *) idle[PK_IDLE];
};

/* The two halves of a session that each have a key. */
enum pk_half {
	PK_PRIVATE,
	PK_PUBLIC,
	PK_HALVES,
};

/* ---- curves ------------------------------------------------------------- */

/* A curve, made once for all sessions that have the same parameters. */
struct pk_group {
	unsigned int refs;
	struct pk_group *next;
	uint8_t value[SDEV_PK_CURVE_NUMS][SDEV_PK_FIELD_MAX];
	EC_GROUP *ec;
	int nid;			/* NID_undef: libcrypto has no name for it */
	BIGNUM *p;
	BIGNUM *order;
	BN_MONT_CTX *order_mont;
	size_t bytes;			/* of a coordinate */
};

enum sdev_pk_rc sdev_pk_group_get(struct sdev_pk_lane *lane, const struct sdev_pk_curve *curve,
				  unsigned int bits, struct pk_group **out);
void sdev_pk_group_put(struct pk_group *group);
void sdev_pk_forget(void);		/* in a forked child */

/* ---- sessions and operations --------------------------------------------- */

/* @bits: of the modulus, or of the field. Shared by all jobs on it. */
struct sdev_pk_session {
	uint8_t alg;			/* enum sdev_alg */
	uint32_t bits;
	size_t bytes;
	struct pk_group *group;		/* of the algorithms over curves */
	EVP_MD *md;			/* SM2 */
	struct wdi_spin lock;		/* the pointers below */
	struct pk_key *key[PK_HALVES];
};

uint64_t sdev_pk_algs(unsigned int word);	/* as SDEV_REG_ALGS */
enum sdev_pk_rc sdev_pk_session_new(struct sdev_pk_lane *lane, uint8_t alg, unsigned int bits,
				    const struct sdev_pk_curve *curve,
				    struct sdev_pk_session **out);
void sdev_pk_session_free(struct sdev_pk_session *s);

struct pk_in {
	const uint8_t *p;
	size_t len;
};

/* A result, @used bytes from @p on. */
struct pk_out {
	uint8_t *p;
	size_t room;
	size_t used;
};

struct sdev_pk_call {
	struct sdev_pk_session *s;
	struct sdev_pk_lane *lane;
	struct pk_in in[SDEV_PK_PARAMS];
	struct pk_out out[SDEV_PK_PARAMS];
};

/* What an operation takes and gives; one row an enum sdev_pk_op. */
struct sdev_pk_row {
	uint32_t algs;			/* PK_ALG_* */
	uint8_t ins;
	uint8_t outs;
	uint8_t optional;		/* bit an input that may have no bytes */
	uint8_t text;			/* bit an input of any length */
	enum sdev_pk_rc (*run)(struct sdev_pk_call *c);
};

#define PK_ALG(alg)	(UINT32_C(1) << ((alg) - SDEV_ALG_RSA))
#define PK_ALG_EC	(PK_ALG(SDEV_ALG_ECDH) | PK_ALG(SDEV_ALG_ECDSA) | PK_ALG(SDEV_ALG_SM2))
#define PK_ALG_X	(PK_ALG(SDEV_ALG_X25519) | PK_ALG(SDEV_ALG_X448))

const struct sdev_pk_row *sdev_pk_row(unsigned int op);	/* NULL: no such operation */

enum sdev_pk_rc sdev_rsa_private(struct sdev_pk_call *c);
enum sdev_pk_rc sdev_rsa_private_crt(struct sdev_pk_call *c);
enum sdev_pk_rc sdev_rsa_public(struct sdev_pk_call *c);
enum sdev_pk_rc sdev_rsa_keygen(struct sdev_pk_call *c);
enum sdev_pk_rc sdev_rsa_keygen_crt(struct sdev_pk_call *c);
enum sdev_pk_rc sdev_dh_power(struct sdev_pk_call *c);
enum sdev_pk_rc sdev_ec_public(struct sdev_pk_call *c);
enum sdev_pk_rc sdev_ec_derive(struct sdev_pk_call *c);
enum sdev_pk_rc sdev_ecdsa_sign(struct sdev_pk_call *c);
enum sdev_pk_rc sdev_ecdsa_verify(struct sdev_pk_call *c);
enum sdev_pk_rc sdev_sm2_sign(struct sdev_pk_call *c);
enum sdev_pk_rc sdev_sm2_verify(struct sdev_pk_call *c);
enum sdev_pk_rc sdev_sm2_encrypt(struct sdev_pk_call *c);
enum sdev_pk_rc sdev_sm2_decrypt(struct sdev_pk_call *c);
enum sdev_pk_rc sdev_sm2_keygen(struct sdev_pk_call *c);
enum sdev_pk_rc sdev_ecx_public(struct sdev_pk_call *c);
enum sdev_pk_rc sdev_ecx_derive(struct sdev_pk_call *c);

/* ---- what the algorithms share: pk_key.c ----------------------------------- */

/*
 * sdev_pk_key_get() - the session's key of @half if @make made it of exactly these
 * @count operands, or else one that is made now and takes its place. A program
 * may write into a key's memory at any time without telling anybody, so the bytes
 * are looked at each time. The caller puts it.
 */
enum sdev_pk_rc sdev_pk_key_get(struct sdev_pk_call *c, enum pk_half half, const struct pk_in *in,
			   unsigned int count, pk_key_make *make, struct pk_key **out);
void sdev_pk_key_put(struct pk_key *key);

/* A context of the key's, begun by @begin if none is idle; NULL: it cannot be had. */
struct pk_evp *sdev_pk_evp_take(struct sdev_pk_call *c, struct pk_key *key,
			   bool (*begin)(EVP_PKEY_CTX *ctx));
void sdev_pk_evp_give(struct pk_key *key, struct pk_evp *evp);

/* Numbers for the length of one operation; cleared and given back at its end. */
#define PK_FRAME_MAX	20
struct pk_frame {
	BN_CTX *bn;
	unsigned int count;
	bool failed;
	BIGNUM *num[PK_FRAME_MAX];
};

void sdev_pk_frame_begin(struct pk_frame *f, struct sdev_pk_call *c);
BIGNUM *sdev_pk_num(struct pk_frame *f);			/* NULL, and f->failed */
BIGNUM *sdev_pk_num_of(struct pk_frame *f, const struct pk_in *in);
void sdev_pk_frame_end(struct pk_frame *f);

/* A number as a result: without leading zeroes, the rest of the room zero. */
enum sdev_pk_rc sdev_pk_put_num(struct pk_out *out, const BIGNUM *num);

/* 0 < @x < @below. */
static inline bool pk_in_range(const BIGNUM *x, const BIGNUM *below)
{
	return !BN_is_zero(x) && BN_ucmp(x, below) < 0;
}

/* ---- what is over a curve: pk_ec.c ------------------------------------------ */

/* A point from its coordinates: PK_POINT unless both are in the field and it is on the curve. */
enum sdev_pk_rc sdev_pk_point_of(struct sdev_pk_call *c, const struct pk_in *x, const struct pk_in *y,
			    EC_POINT **out);
/* Affine coordinates; PK_POINT: the point at infinity. */
enum sdev_pk_rc sdev_pk_point_xy(struct sdev_pk_call *c, const EC_POINT *point, BIGNUM *x, BIGNUM *y);
/* A key of SM2 and ECDH: num[0] is the scalar, 0 < d < order. */
pk_key_make sdev_pk_scalar_key;
/* A public key: point. */
pk_key_make sdev_pk_point_key;

#endif
