/* SPDX-License-Identifier: MIT */
/*
 * Elliptic curves: ECDH (SP 800-56A), ECDSA (FIPS 186-4), SM2 (GB/T 32918: signature,
 * encryption, key generation), X25519 and X448 (RFC 7748). Link with -lwd_crypto -lwd
 * (pkg-config libwd_crypto libwd).
 *
 * A session has an algorithm, a curve and a key. A request has an operation, an input
 * object and an output object, made for the session by the wd_*_new_*() functions
 * below. The shortest program: wd_ecc_init2("ecdsa", SCHED_POLICY_RR, TASK_MIX),
 * wd_ecc_alloc_sess(), wd_ecc_set_prikey() on wd_ecc_get_key(), wd_ecdsa_new_sign_in()
 * and wd_ecdsa_new_sign_out(), wd_do_ecc_sync(), wd_ecdsa_get_sign_out_params(), then
 * wd_ecc_del_in(), wd_ecc_del_out(), wd_ecc_free_sess(), wd_ecc_uninit2().
 *
 *	operation		key	@src			@dst
 *	WD_ECXDH_GEN_KEY	private	not read		wd_ecxdh_new_out()
 *	WD_ECXDH_COMPUTE_KEY	private	wd_ecxdh_new_in()	wd_ecxdh_new_out()
 *	WD_ECDSA_SIGN		private	wd_ecdsa_new_sign_in()	wd_ecdsa_new_sign_out()
 *	WD_ECDSA_VERIFY		public	wd_ecdsa_new_verf_in()	not read
 *	WD_SM2_SIGN		private	wd_sm2_new_sign_in()	wd_sm2_new_sign_out()
 *	WD_SM2_VERIFY		public	wd_sm2_new_verf_in()	not read
 *	WD_SM2_ENCRYPT		public	wd_sm2_new_enc_in()	wd_sm2_new_enc_out()
 *	WD_SM2_DECRYPT		private	wd_sm2_new_dec_in()	wd_sm2_new_dec_out()
 *	WD_SM2_KG		none	not read		wd_sm2_new_kg_out()
 * X25519 and X448 have the first two, all other curves have all; those of SM2 need a
 * curve of 256 bits.
 *
 * NUMBERS are byte strings with the high byte first, also those of X25519 and X448,
 * which RFC 7748 writes the other way round. In a struct wd_dtb, @dsize bytes from
 * @data on are the number, @bsize bytes are the room. key_size below is the size of
 * the field in bytes: 66 for 521 bits. Numbers go in with 1 to key_size bytes and come
 * out without zeroes before them: a coordinate that begins with a zero byte is shorter,
 * and the rest of its room is zero.
 *
 * KEYS. wd_ecc_get_key() is the key of the session; both halves are set there, and may
 * be set again. A key must not change while a request that uses it is in flight. Key
 * memory is kept out of core dumps where the kernel can, and is wiped when the session
 * is freed.
 *
 * ERRORS. What a request returns, and how it ended:
 *
 *	returned	@status		cause
 *	0		0		good
 *	-WD_VERIFY_ERR	WD_VERIFY_ERR	the signature does not match, or is none
 *					(r or s is 0 or not below the order); C3 does
 *					not fit C1 and C2, and no text is given
 *	-WD_IN_EPARA	WD_IN_EPARA	a point is not on the curve, or has a
 *					coordinate beyond the field; the private key
 *					or k is 0 or not below the order, or k makes
 *					no signature of this digest; the shared point
 *					is the one at infinity, or 0
 *	-WD_ADDR_ERR	WD_ADDR_ERR	memory of an object is not mapped
 *	-WD_HW_EACCESS	WD_HW_EACCESS	the device was reset or is isolated, or the
 *					context has lost its PASID
 *	-WD_ENOMEM	WD_ENOMEM	the device has no memory
 *	-WD_ETIMEDOUT	WD_ETIMEDOUT	the device does not answer
 *	-WD_EINVAL	untouched	an argument is wrong: each function says which
 *	-WD_EINVAL	WD_EINVAL	the device's library has not the hash of SM2
 *	-WD_EBUSY	untouched	the ring of the context is full: poll or
 *					wait, then send it again
 *
 * Only the request that met an error is affected; the session takes the next one. An
 * asynchronous call returns -WD_EINVAL, -WD_EBUSY and -WD_ENOMEM itself; the rest
 * arrives in @status of the request that the callback gets. WEFT_LOG=error names the
 * cause of each error in full; no number is ever logged.
 *
 * THREADS. Everything may be called from any thread. Requests of one session may run
 * in several threads at once, each with objects of its own.
 */
#ifndef UADK_WD_ECC_H
#define UADK_WD_ECC_H

#include <errno.h>
#include <stdlib.h>

#include "wd_alg_common.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

struct wd_ecc_in;
struct wd_ecc_out;
struct wd_ecc_key;

/*
 * Where k comes from when none is given with a request: fill @out with @out_len random
 * bytes. 0, or anything else for a failure. It is asked again if the number is of no
 * use, so it must not always give the same.
 */
typedef int (*wd_rand)(char *out, size_t out_len, void *usr);
/* Hash @in_len bytes into @out_len. 0, or anything else for a failure. */
typedef int (*wd_hash)(const char *in, size_t in_len,
		       char *out, size_t out_len, void *usr);

/* Affine coordinates. */
struct wd_ecc_point {
	struct wd_dtb x;
	struct wd_dtb y;
};

/* Operations of a request. Contexts have one operation, 0. */
enum wd_ecc_op_type {
	WD_EC_OP_INVALID,
	WD_ECXDH_GEN_KEY,	/* the public key of the private one */
	WD_ECXDH_COMPUTE_KEY,	/* the shared point */
	WD_ECDSA_SIGN,
	WD_ECDSA_VERIFY,
	WD_SM2_SIGN,
	WD_SM2_VERIFY,
	WD_SM2_ENCRYPT,
	WD_SM2_DECRYPT,
	WD_SM2_KG,		/* a new key pair */
	WD_EC_OP_MAX,
};

/* SEC 2 and RFC 5639. P-256 and others: WD_CV_CFG_PARAM. */
enum wd_ecc_curve_id {
	WD_SECP128R1 = 0x10,
	WD_SECP192K1 = 0x11,
	WD_SECP224R1 = 0x12,
	WD_SECP256K1 = 0x13,
	WD_BRAINPOOLP320R1 = 0x14,
	WD_BRAINPOOLP384R1 = 0x15,
	WD_SECP384R1 = 0x16,
	WD_SECP521R1 = 0x17,
};

/* What a hash callback computes, and the hash of SM2 itself. */
enum wd_ecc_hash_type {
	WD_HASH_SM3,
	WD_HASH_SHA1,
	WD_HASH_SHA224,
	WD_HASH_SHA256,
	WD_HASH_SHA384,
	WD_HASH_SHA512,
	WD_HASH_MD4,
	WD_HASH_MD5,
	WD_HASH_MAX,
};

/* y^2 = x^3 + ax + b modulo p, a base point, and its order. */
struct wd_ecc_curve {
	struct wd_dtb p;
	struct wd_dtb a;
	struct wd_dtb b;
	struct wd_ecc_point g;
	struct wd_dtb n;
};

enum wd_ecc_curve_cfg_type {
	WD_CV_CFG_ID,
	WD_CV_CFG_PARAM,
};

/*
 * struct wd_ecc_curve_cfg - the curve of a session.
 * @type:	enum wd_ecc_curve_cfg_type
 * @cfg.id:	which one
 * @cfg.pparam:	its numbers; p and n are primes, the base point has the order n
 * @resv:	not read
 */
struct wd_ecc_curve_cfg {
	__u32 type;
	union {
		enum wd_ecc_curve_id id;
		struct wd_ecc_curve *pparam;
	} cfg;
	__u8 resv[4];
};

/* @cb: NULL: the device chooses k. */
struct wd_rand_mt {
	wd_rand cb;
	void *usr;
};

/*
 * struct wd_hash_mt - the hash of SM2.
 * @cb:		hashes the messages of wd_sm2_new_sign_in() and wd_sm2_new_verf_in();
 *		NULL: the device does
 * @usr:	handed to @cb
 * @type:	enum wd_ecc_hash_type
 * @rsv:	not read
 */
struct wd_hash_mt {
	wd_hash cb;
	void *usr;
	__u8 type;
	__u8 rsv[3];
};

/* ---- start and end ----------------------------------------------------- */

/*
 * See "START AND END" and "POLLING" in wd_alg_common.h. The variables are
 * WD_ECC_CTX_NUM, WD_ECC_ASYNC_POLL_EN, WD_ECC_ASYNC_POLL_NUM and WD_ECC_EPOLL_EN.
 * @alg: "ecdh", "ecdsa", "sm2", "x25519" or "x448". Sessions may use the others as
 * well where the device has them.
 */
int wd_ecc_init2_(const char *alg, __u32 sched_type, int task_type,
		  struct wd_ctx_params *ctx_params);
#define wd_ecc_init2(alg, sched_type, task_type) \
	wd_ecc_init2_(alg, sched_type, task_type, NULL)
void wd_ecc_uninit2(void);
int wd_ecc_init(struct wd_ctx_config *config, struct wd_sched *sched);
void wd_ecc_uninit(void);
int wd_ecc_env_init(struct wd_sched *sched);
void wd_ecc_env_uninit(void);
int wd_ecc_ctx_num_init(__u32 node, __u32 type, __u32 num, __u8 mode);
void wd_ecc_ctx_num_uninit(void);
int wd_ecc_get_env_param(__u32 node, __u32 type, __u32 mode,
			 __u32 *num, __u8 *is_enable);
int wd_ecc_poll_ctx(__u32 idx, __u32 expt, __u32 *count);
int wd_ecc_poll(__u32 expt, __u32 *count);

/* ---- sessions ---------------------------------------------------------- */

/*
 * struct wd_ecc_sess_setup - what a session does.
 * @alg:	"ecdh", "ecdsa", "sm2", "x25519" or "x448"
 * @key_bits:	size of the field: 128, 192, 224, 256, 320, 384 or 521. Not read for
 *		"sm2", "x25519" and "x448", which have one curve each
 * @cv:		curve; not read for those three either
 * @rand:	where k comes from
 * @hash:	of SM2
 * @sched_param: for the scheduler: struct sched_params of wd_sched.h, or NULL
 * @mm_ops, @mm_type: memory for devices without SVA; not read
 */
struct wd_ecc_sess_setup {
	const char *alg;
	__u16 key_bits;
	struct wd_ecc_curve_cfg cv;
	struct wd_rand_mt rand;
	struct wd_hash_mt hash;
	void *sched_param;
	struct wd_mm_ops mm_ops;
	enum wd_mem_type mm_type;
};

/*
 * wd_ecc_alloc_sess() - make a session. The class must be initialised. @setup and the
 * curve's numbers are not needed afterwards. The session is the caller's:
 * wd_ecc_free_sess().
 *
 * 0, with errno: EINVAL (@setup or @alg is NULL, there is no such algorithm, size,
 * curve or hash, @key_bits is not the size of the curve with that id, a number of the
 * curve is missing or longer than the field, the numbers make no curve, the class is not
 * initialised, or the scheduler has no context for it), ENOTSUP (no device has it),
 * ENOMEM, EBUSY (the device cannot be asked just now: its ring is full).
 */
handle_t wd_ecc_alloc_sess(struct wd_ecc_sess_setup *setup);

/*
 * wd_ecc_free_sess() - free a session and wipe its key, which ends. Asynchronous
 * requests in flight keep it alive until their callbacks have run; it takes no new
 * ones. 0 is allowed.
 */
void wd_ecc_free_sess(handle_t sess);

/* Size of the field; -WD_EINVAL if it is no session. */
int wd_ecc_get_key_bits(handle_t sess);

/* ---- keys -------------------------------------------------------------- */

/* The key of a session, which is the session's, or NULL. */
struct wd_ecc_key *wd_ecc_get_key(handle_t sess);

/*
 * wd_ecc_set_prikey(), wd_ecc_set_pubkey() - copy one half of the key. The two need not
 * belong together. Whether a key is good is found when it is used.
 * X25519 and X448: the private key is any number; what RFC 7748 says about some of its
 * bits is done to it when it is used.
 * 0. -WD_EINVAL: NULL, no data, @dsize 0 or more than key_size. Then the key keeps the
 * half that it had.
 */
int wd_ecc_set_prikey(struct wd_ecc_key *ecc_key, struct wd_dtb *prikey);
int wd_ecc_set_pubkey(struct wd_ecc_key *ecc_key, struct wd_ecc_point *pubkey);

/*
 * wd_ecc_get_prikey(), wd_ecc_get_pubkey() - the addresses of the numbers, which are
 * the key's; @dsize 0: not set. 0, or -WD_EINVAL: NULL.
 */
int wd_ecc_get_prikey(struct wd_ecc_key *ecc_key, struct wd_dtb **prikey);
int wd_ecc_get_pubkey(struct wd_ecc_key *ecc_key, struct wd_ecc_point **pubkey);

/*
 * wd_ecc_get_prikey_params(), wd_ecc_get_pubkey_params() - the same along with the
 * numbers of the curve, which are not to be written. Any of the pointers may be NULL.
 */
void wd_ecc_get_prikey_params(struct wd_ecc_key *key, struct wd_dtb **p,
			      struct wd_dtb **a, struct wd_dtb **b,
			      struct wd_dtb **n, struct wd_ecc_point **g,
			      struct wd_dtb **d);
void wd_ecc_get_pubkey_params(struct wd_ecc_key *key, struct wd_dtb **p,
			      struct wd_dtb **a, struct wd_dtb **b,
			      struct wd_dtb **n, struct wd_ecc_point **g,
			      struct wd_ecc_point **pub);

/* ---- objects ----------------------------------------------------------- */

/*
 * Input objects copy what they are made of; output objects have room for what an
 * operation gives. Both are the caller's until wd_ecc_del_in() and wd_ecc_del_out(),
 * which wipe them, and must be deleted before their session is freed. An object may be
 * used again once its request has ended. What the get functions give are addresses in
 * the object.
 *
 * All of the functions that make one return NULL when @sess is not a session, a number
 * is missing, has no data, or more bytes than said, or there is no memory.
 */
void wd_ecc_del_in(handle_t sess, struct wd_ecc_in *in);
void wd_ecc_del_out(handle_t sess, struct wd_ecc_out *out);

/*
 * ECDH, X25519, X448. @in: the other side's public key; y is not used by the latter
 * two, but must have a byte.
 * Out: WD_ECXDH_GEN_KEY gives the own public key, WD_ECXDH_COMPUTE_KEY the shared
 * point, whose x is the secret. X25519 and X448 give x only.
 */
struct wd_ecc_in *wd_ecxdh_new_in(handle_t sess, struct wd_ecc_point *in);
struct wd_ecc_out *wd_ecxdh_new_out(handle_t sess);
void wd_ecxdh_get_out_params(struct wd_ecc_out *out, struct wd_ecc_point **pbk);

/*
 * ECDSA.
 * @dgst: 1 to 64 bytes; of a digest that is longer than the order, the leftmost bits
 * count, as FIPS 186-4 has it.
 * @k: the number that must never be used twice, or NULL: the rand callback's, or if
 * there is none, the device's.
 */
struct wd_ecc_in *wd_ecdsa_new_sign_in(handle_t sess, struct wd_dtb *dgst,
				       struct wd_dtb *k);
struct wd_ecc_in *wd_ecdsa_new_verf_in(handle_t sess, struct wd_dtb *dgst,
				       struct wd_dtb *r, struct wd_dtb *s);
struct wd_ecc_out *wd_ecdsa_new_sign_out(handle_t sess);
void wd_ecdsa_get_sign_out_params(struct wd_ecc_out *out, struct wd_dtb **r,
				  struct wd_dtb **s);

/*
 * SM2 signatures.
 * @e: the digest (@is_dgst 1), 1 to key_size bytes, or the message (0), up to 16 MiB,
 * which is hashed along with @id and the public key. The hash callback, if there is
 * one, does that at once, and then needs the public key of the session; without one, or
 * without that key, the device does, when the request is carried out.
 * @id: who signs, up to 8191 bytes; NULL: nobody, which is not the same as the usual
 * "1234567812345678". Not read if @e is the digest.
 * @k: as for ECDSA.
 */
struct wd_ecc_in *wd_sm2_new_sign_in(handle_t sess, struct wd_dtb *e, struct wd_dtb *k,
				     struct wd_dtb *id, __u8 is_dgst);
struct wd_ecc_in *wd_sm2_new_verf_in(handle_t sess, struct wd_dtb *e, struct wd_dtb *r,
				     struct wd_dtb *s, struct wd_dtb *id, __u8 is_dgst);
struct wd_ecc_out *wd_sm2_new_sign_out(handle_t sess);
void wd_sm2_get_sign_out_params(struct wd_ecc_out *out, struct wd_dtb **r,
				struct wd_dtb **s);

/*
 * SM2 encryption. Ciphertext is a point C1, a string C2 as long as the text, and a
 * check value C3 as long as the session's hash; how they are put together is the
 * program's.
 * @k: as for ECDSA. @plaintext: 1 byte to 16 MiB. @plaintext_len: of the text that will
 * be encrypted, or of C2.
 */
struct wd_ecc_in *wd_sm2_new_enc_in(handle_t sess, struct wd_dtb *k,
				    struct wd_dtb *plaintext);
struct wd_ecc_out *wd_sm2_new_enc_out(handle_t sess, __u32 plaintext_len);
void wd_sm2_get_enc_out_params(struct wd_ecc_out *out, struct wd_ecc_point **c1,
			       struct wd_dtb **c2, struct wd_dtb **c3);
struct wd_ecc_in *wd_sm2_new_dec_in(handle_t sess, struct wd_ecc_point *c1,
				    struct wd_dtb *c2, struct wd_dtb *c3);
struct wd_ecc_out *wd_sm2_new_dec_out(handle_t sess, __u32 plaintext_len);
void wd_sm2_get_dec_out_params(struct wd_ecc_out *out, struct wd_dtb **plaintext);

/* SM2 key generation. The key is not set in the session. */
struct wd_ecc_out *wd_sm2_new_kg_out(handle_t sess);
void wd_sm2_get_kg_out_params(struct wd_ecc_out *out, struct wd_dtb **privkey,
			      struct wd_ecc_point **pubkey);

/* ---- requests ---------------------------------------------------------- */

/*
 * Called once for each asynchronous request, from within wd_ecc_poll() or
 * wd_ecc_poll_ctx(). @req is the library's copy, a struct wd_ecc_req, with @status as
 * it became, valid until the callback returns; @cb_param is a member of it. The callback
 * may send further requests; it must not poll.
 */
typedef void (*wd_ecc_cb_t)(void *req);

/*
 * struct wd_ecc_req - one request.
 * @src, @dst:	struct wd_ecc_in and struct wd_ecc_out of the same session, see the
 *		table above
 * @src_bytes, @dst_bytes: not read; @dst_bytes becomes the bytes of all results
 * @cb, @cb_param: asynchronous: called at completion; synchronous: not read
 * @status:	out: how it ended, see ERRORS
 * @data_fmt:	WD_FLAT_BUF
 * @op_type:	enum wd_ecc_op_type
 */
struct wd_ecc_req {
	void *src;
	void *dst;
	__u32 src_bytes;
	__u32 dst_bytes;
	wd_ecc_cb_t cb;
	void *cb_param;
	int status;
	__u8 data_fmt;
	__u8 op_type;
};

/*
 * wd_do_ecc_sync() - carry out a request and wait for it.
 *
 * Returns as under ERRORS. -WD_EINVAL: not a session, @req is NULL, @op_type or
 * @data_fmt does not exist, the curve has not the operation, @src or @dst is NULL where
 * one is needed or was made for something else, @dst has less room than the operation
 * gives, the half of the key that the operation needs is not set, or the scheduler
 * named no synchronous context.
 */
int wd_do_ecc_sync(handle_t h_sess, struct wd_ecc_req *req);

/*
 * wd_do_ecc_async() - send a request; its callback reports the end. The request is
 * copied: @req is free again when the call returns, the objects and the key belong to
 * the device until the callback. Requests may end in any order.
 *
 * 0: sent. -WD_EINVAL: as for wd_do_ecc_sync(), and: @cb is NULL; the scheduler must
 * name an asynchronous context. -WD_EBUSY, -WD_ENOMEM: not sent.
 */
int wd_do_ecc_async(handle_t sess, struct wd_ecc_req *req);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
