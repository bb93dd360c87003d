/* SPDX-License-Identifier: MIT */
/*
 * Keys and what is done with them. A key is an object of ours around one of the default
 * provider's, which lives in our library context, and the device's session with the same
 * numbers, made when the device is first to use them. A context is the default provider's
 * context likewise. Everything is the default provider's to do except the private
 * operation of a key, where that goes to the device (docs/design.md, "Keys of OpenSSL").
 */
#ifndef WEFT_OPENSSL_PK_H
#define WEFT_OPENSSL_PK_H

#include <openssl/evp.h>

#include "openssl/dev.h"
#include "openssl/prov.h"

struct wdi_ossl_key {
	struct wdi_ossl_impl *impl;
	void *plain;
	int refs;		/* OpenSSL's, and those of contexts */
	uint32_t bytes;		/* of modulus or field; 0: not asked yet */
	bool refused;		/* the device cannot have this one */
	struct wdi_ossl_sess *sess;
};

struct wdi_ossl_pk {
	struct wdi_ossl_head head;
	struct wdi_ossl_key *key;
	struct wdi_ossl_key *peer;	/* of an exchange */
	struct wdi_ossl_op *op;
	EVP_MD_CTX *md;			/* the same message as the plain context has, short ones only */
	size_t hashed;
	bool hashing;
	bool pad;			/* of an exchange: keep zeroes in front */
};

/* What the device can do with a key of a family. */
enum wdi_ossl_private {
	WDI_OSSL_SIGN,
	WDI_OSSL_DECRYPT,
	WDI_OSSL_DERIVE,
	WDI_OSSL_PRIVATES
};

/* One private operation: the arguments that sign, decrypt and derive have in common. */
struct wdi_ossl_private_call {
	unsigned char *out;
	size_t *outlen;
	size_t outsize;
	const unsigned char *in;
	size_t inlen;
	struct wdi_ossl_sess *sess;
	enum wdi_ossl_where where;
};

/*
 * @hash_alone: what is signed is the hash of the message and of nothing else
 * @open: the device's session for a key whose numbers are @params; 0: it cannot have it.
 *	Leaves in @sess what the operations need besides.
 * @run: 0: done; -EOPNOTSUPP: nothing for the device, for a reason that has to do with the
 *	arguments; another negative errno: the device failed, or what it gave is no good.
 *	NULL: the device has no such operation.
 */
struct wdi_ossl_family_ops {
	enum wdi_ossl_class class;
	bool hash_alone;
	handle_t (*open)(struct wdi_ossl_sess *sess, const struct wdi_ossl_prov *prov,
			 const OSSL_PARAM params[]);
	int (*run[WDI_OSSL_PRIVATES])(struct wdi_ossl_pk *c, struct wdi_ossl_private_call *call);
};
extern const struct wdi_ossl_family_ops wdi_ossl_rsa_ops;
extern const struct wdi_ossl_family_ops wdi_ossl_ec_ops;
extern const struct wdi_ossl_family_ops wdi_ossl_sm2_ops;
extern const struct wdi_ossl_family_ops wdi_ossl_x25519_ops;
extern const struct wdi_ossl_family_ops wdi_ossl_x448_ops;
extern const struct wdi_ossl_family_ops wdi_ossl_dh_ops;

/* What the device does with keys of the family that @key is of. */
const struct wdi_ossl_family_ops *wdi_ossl_key_ops(const struct wdi_ossl_key *key);

struct wdi_ossl_key *wdi_ossl_key_hold(struct wdi_ossl_key *key);
void wdi_ossl_key_put(struct wdi_ossl_key *key);

/* Bytes of the modulus or field, 0 if there is none yet. */
uint32_t wdi_ossl_key_bytes(struct wdi_ossl_key *key);

/* The device's session of a key, which is the key's to put; NULL: it has none. */
struct wdi_ossl_sess *wdi_ossl_key_sess(struct wdi_ossl_key *key);

/* For the report: the default provider does an operation with the key of the context. */
void wdi_ossl_pk_count_cpu(const struct wdi_ossl_pk *c);

/* Where the private operation of a context belongs. */
enum wdi_ossl_where wdi_ossl_pk_where(const struct wdi_ossl_pk *c);

/*
 * wdi_ossl_pk_private() - let the device do it. 1: done; 0: it is the default provider's to
 * do; -1: the context is in use, which the error queue says.
 */
int wdi_ossl_pk_private(struct wdi_ossl_pk *c, enum wdi_ossl_private what,
			struct wdi_ossl_private_call *call);

/* An exchange whose secret goes through a key derivation, or of which that is not known. */
bool wdi_ossl_pk_has_kdf(const struct wdi_ossl_pk *c);

/* A context that a paused job is in the middle of: true, and the error queue says so. */
bool wdi_ossl_pk_busy(const struct wdi_ossl_pk *c);

/* One of the init functions, which all have the same type. */
int wdi_ossl_pk_init(struct wdi_ossl_pk *c, void *key, const OSSL_PARAM params[],
		     OSSL_FUNC_signature_sign_init_fn *init);

/* The context works with @key from now on; NULL leaves it the key that it had. */
void wdi_ossl_pk_take_key(struct wdi_ossl_pk *c, struct wdi_ossl_key *key);

/* What the dispatch tables are made of; pk.c has the table. */
OSSL_FUNC_keymgmt_free_fn wdi_ossl_key_free;
OSSL_FUNC_keymgmt_gen_set_template_fn wdi_ossl_key_gen_set_template;
OSSL_FUNC_keymgmt_gen_set_params_fn wdi_ossl_key_gen_set_params;
OSSL_FUNC_keymgmt_gen_fn wdi_ossl_key_gen;
OSSL_FUNC_keymgmt_gen_cleanup_fn wdi_ossl_key_gen_cleanup;
OSSL_FUNC_keymgmt_get_params_fn wdi_ossl_key_get_params;
OSSL_FUNC_keymgmt_set_params_fn wdi_ossl_key_set_params;
OSSL_FUNC_keymgmt_has_fn wdi_ossl_key_has;
OSSL_FUNC_keymgmt_validate_fn wdi_ossl_key_validate;
OSSL_FUNC_keymgmt_match_fn wdi_ossl_key_match;
OSSL_FUNC_keymgmt_import_fn wdi_ossl_key_import;
OSSL_FUNC_keymgmt_export_fn wdi_ossl_key_export;
OSSL_FUNC_keymgmt_dup_fn wdi_ossl_key_dup;
OSSL_FUNC_signature_sign_init_fn wdi_ossl_sign_init;
OSSL_FUNC_signature_sign_fn wdi_ossl_sign;
OSSL_FUNC_signature_verify_init_fn wdi_ossl_verify_init;
OSSL_FUNC_signature_verify_fn wdi_ossl_verify;
OSSL_FUNC_signature_verify_recover_init_fn wdi_ossl_recover_init;
OSSL_FUNC_signature_verify_recover_fn wdi_ossl_recover;
OSSL_FUNC_signature_digest_sign_init_fn wdi_ossl_digest_sign_init;
OSSL_FUNC_signature_digest_sign_update_fn wdi_ossl_digest_sign_update;
OSSL_FUNC_signature_digest_sign_final_fn wdi_ossl_digest_sign_final;
OSSL_FUNC_signature_digest_verify_init_fn wdi_ossl_digest_verify_init;
OSSL_FUNC_signature_digest_verify_update_fn wdi_ossl_digest_verify_update;
OSSL_FUNC_signature_digest_verify_final_fn wdi_ossl_digest_verify_final;
OSSL_FUNC_signature_get_ctx_md_params_fn wdi_ossl_sign_get_md_params;
OSSL_FUNC_signature_gettable_ctx_md_params_fn wdi_ossl_sign_gettable_md_params;
OSSL_FUNC_signature_set_ctx_md_params_fn wdi_ossl_sign_set_md_params;
OSSL_FUNC_signature_settable_ctx_md_params_fn wdi_ossl_sign_settable_md_params;
OSSL_FUNC_asym_cipher_encrypt_init_fn wdi_ossl_encrypt_init;
OSSL_FUNC_asym_cipher_encrypt_fn wdi_ossl_encrypt;
OSSL_FUNC_asym_cipher_decrypt_init_fn wdi_ossl_decrypt_init;
OSSL_FUNC_asym_cipher_decrypt_fn wdi_ossl_decrypt;
OSSL_FUNC_kem_encapsulate_init_fn wdi_ossl_encapsulate_init;
OSSL_FUNC_kem_encapsulate_fn wdi_ossl_encapsulate;
OSSL_FUNC_kem_decapsulate_init_fn wdi_ossl_decapsulate_init;
OSSL_FUNC_kem_decapsulate_fn wdi_ossl_decapsulate;
OSSL_FUNC_keyexch_init_fn wdi_ossl_exch_init;
OSSL_FUNC_keyexch_derive_fn wdi_ossl_exch_derive;
OSSL_FUNC_keyexch_set_peer_fn wdi_ossl_exch_set_peer;

#endif
