/* SPDX-License-Identifier: MIT */
/*
 * RSA (RFC 8017) without padding: the private operation (RSASP1, RSADP), the public
 * one (RSAVP1, RSAEP), and key generation from given primes. Padding is the
 * program's. Link with -lwd_crypto -lwd (pkg-config libwd_crypto libwd).
 *
 * The shortest program: wd_rsa_init2("rsa", SCHED_POLICY_RR, TASK_MIX), one
 * wd_rsa_alloc_sess(), wd_rsa_set_pubkey_params(), any number of wd_do_rsa_sync()
 * with WD_RSA_VERIFY, wd_rsa_free_sess(), wd_rsa_uninit2().
 *
 * NUMBERS are byte strings with the high byte first. In a struct wd_dtb, @dsize
 * bytes from @data on are the number, @bsize bytes are the room. The size of a key,
 * called key_size below, is setup.key_bits / 8 bytes: 128, 256, 384 or 512.
 *
 *	key		numbers			room of each
 *	public		e, n			key_size
 *	private		d, n			key_size
 *	private, CRT	dq, dp, qinv, q, p	key_size / 2
 * A CRT key has p * q = n, dp = d mod p - 1, dq = d mod q - 1, qinv = 1 / q mod p.
 *
 * KEYS belong to a session. They are set with wd_rsa_set_*_params(), or written in
 * place: wd_rsa_get_*_params() gives the addresses of the session's own numbers, and
 * what stands there (@data and @dsize) when a request is carried out is the key.
 * Nobody has to be told. A key must not change while a request that uses it is in
 * flight. Key memory is kept out of core dumps where the kernel can, and is wiped
 * when the session is freed.
 *
 * Blinding needs the public exponent. It follows from a CRT key; a session without
 * CRT uses that of its public key, if that is set and has the same n. If it is not,
 * the time of WD_RSA_SIGN does not depend on d, but the message is not blinded.
 *
 * ERRORS. What a request returns, and how it ended:
 *
 *	returned	@status		cause
 *	0		0		good
 *	-WD_IN_EPARA	WD_IN_EPARA	src is not below n; or the numbers of the key
 *					do not make one (n is even or longer than
 *					key_size, a CRT key is inconsistent, e and
 *					p - 1 or q - 1 have a common factor)
 *	-WD_ADDR_ERR	WD_ADDR_ERR	src or dst, or a part of them, is not mapped,
 *					or dst cannot be written
 *	-WD_HW_EACCESS	WD_HW_EACCESS	the device was reset or is isolated, or the
 *					context has lost its PASID
 *	-WD_ENOMEM	WD_ENOMEM	the device has no memory
 *	-WD_ETIMEDOUT	WD_ETIMEDOUT	the device does not answer
 *	-WD_EINVAL	untouched	an argument is wrong: each function says which
 *	-WD_EBUSY	untouched	the ring of the context is full: poll or
 *					wait, then send it again
 *
 * Only the request that met an error is affected; the session takes the next one. An
 * asynchronous call returns -WD_EINVAL, -WD_EBUSY and -WD_ENOMEM itself; the rest
 * arrives in @status of the request that the callback gets. WEFT_LOG=error names the
 * cause of each error in full; no number is ever logged.
 *
 * THREADS. Everything may be called from any thread. Requests of one session may run
 * in several threads at once.
 */
#ifndef UADK_WD_RSA_H
#define UADK_WD_RSA_H

#include <stdbool.h>
#include <stddef.h>

#include "wd_alg_common.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/* Bytes of all numbers of a key of @key_size bytes, see the table above. */
#define CRT_PARAMS_SZ(key_size)		((5 * (key_size)) >> 1)
/* What a CRT key generation gives: d, n, qinv, dq, dp. */
#define CRT_GEN_PARAMS_SZ(key_size)	((7 * (key_size)) >> 1)
#define GEN_PARAMS_SZ(key_size)		((key_size) << 1)
#define CRT_PARAM_SZ(key_size)		((key_size) >> 1)

/* Operations of a request. Contexts have one operation, 0. */
enum wd_rsa_op_type {
	WD_RSA_INVALID,
	WD_RSA_SIGN,		/* the private operation */
	WD_RSA_VERIFY,		/* the public operation */
	WD_RSA_GENKEY,
};

enum wd_rsa_key_type {
	WD_RSA_INVALID_KEY,
	WD_RSA_PUBKEY,
	WD_RSA_PRIKEY1,		/* d and n */
	WD_RSA_PRIKEY2,		/* CRT */
};

struct wd_rsa_kg_in;		/* what key generation takes */
struct wd_rsa_kg_out;		/* what it gives */
struct wd_rsa_pubkey;
struct wd_rsa_prikey;

/* ---- start and end ----------------------------------------------------- */

/*
 * See "START AND END" and "POLLING" in wd_alg_common.h. The variables are
 * WD_RSA_CTX_NUM, WD_RSA_ASYNC_POLL_EN, WD_RSA_ASYNC_POLL_NUM and WD_RSA_EPOLL_EN.
 * @alg: "rsa".
 */
int wd_rsa_init2_(const char *alg, __u32 sched_type, int task_type,
		  struct wd_ctx_params *ctx_params);
#define wd_rsa_init2(alg, sched_type, task_type) \
	wd_rsa_init2_(alg, sched_type, task_type, NULL)
void wd_rsa_uninit2(void);
int wd_rsa_init(struct wd_ctx_config *config, struct wd_sched *sched);
void wd_rsa_uninit(void);
int wd_rsa_env_init(struct wd_sched *sched);
void wd_rsa_env_uninit(void);
int wd_rsa_ctx_num_init(__u32 node, __u32 type, __u32 num, __u8 mode);
void wd_rsa_ctx_num_uninit(void);
int wd_rsa_get_env_param(__u32 node, __u32 type, __u32 mode,
			 __u32 *num, __u8 *is_enable);
int wd_rsa_poll_ctx(__u32 idx, __u32 expt, __u32 *count);
int wd_rsa_poll(__u32 expt, __u32 *count);

/* ---- sessions ---------------------------------------------------------- */

/*
 * struct wd_rsa_sess_setup - what a session does.
 * @key_bits:	1024, 2048, 3072 or 4096
 * @is_crt:	the private key is a CRT key, and so is what WD_RSA_GENKEY gives
 * @sched_param: for the scheduler: struct sched_params of wd_sched.h, or NULL
 * @mm_ops, @mm_type: memory for devices without SVA; not read
 */
struct wd_rsa_sess_setup {
	__u16 key_bits;
	bool is_crt;
	void *sched_param;
	struct wd_mm_ops mm_ops;
	enum wd_mem_type mm_type;
};

/*
 * wd_rsa_alloc_sess() - make a session. The class must be initialised. @setup is not
 * needed afterwards. The session is the caller's: wd_rsa_free_sess().
 *
 * 0, with errno: EINVAL (@setup is NULL, another size, the class is not initialised,
 * or the scheduler has no context for it), ENOTSUP (no device has RSA), ENOMEM.
 */
handle_t wd_rsa_alloc_sess(struct wd_rsa_sess_setup *setup);

/*
 * wd_rsa_free_sess() - free a session and wipe its keys; the addresses of
 * wd_rsa_get_*() end with it. Asynchronous requests in flight keep it alive until
 * their callbacks have run; it takes no new ones. 0 is allowed.
 */
void wd_rsa_free_sess(handle_t sess);

/* What the session was made with; false and 0 if it is none. */
bool wd_rsa_is_crt(handle_t sess);
__u32 wd_rsa_get_key_bits(handle_t sess);

/* ---- keys -------------------------------------------------------------- */

/*
 * wd_rsa_set_pubkey_params(), wd_rsa_set_prikey_params(),
 * wd_rsa_set_crt_prikey_params() - copy the numbers of a key into the session.
 *
 * 0. -WD_EINVAL: not a session, a number is NULL, has no data, @dsize 0 or more
 * bytes than its room, or the session is not of this kind (CRT or not). Then the
 * session keeps the key that it had.
 */
int wd_rsa_set_pubkey_params(handle_t sess, struct wd_dtb *e, struct wd_dtb *n);
int wd_rsa_set_prikey_params(handle_t sess, struct wd_dtb *d, struct wd_dtb *n);
int wd_rsa_set_crt_prikey_params(handle_t sess, struct wd_dtb *dq, struct wd_dtb *dp,
				 struct wd_dtb *qinv, struct wd_dtb *q,
				 struct wd_dtb *p);

/*
 * wd_rsa_get_pubkey(), wd_rsa_get_prikey() - the keys of a session, for the next
 * three. They are the session's. Nothing is written for what is not a session.
 */
void wd_rsa_get_pubkey(handle_t sess, struct wd_rsa_pubkey **pubkey);
void wd_rsa_get_prikey(handle_t sess, struct wd_rsa_prikey **prikey);

/*
 * wd_rsa_get_pubkey_params(), wd_rsa_get_prikey_params(),
 * wd_rsa_get_crt_prikey_params() - the addresses of the numbers of a key, to be read
 * or written: @data and @bsize stay, the @bsize bytes at @data and @dsize may be
 * changed. @dsize 0: not set. Any of the pointers may be NULL. The last two write
 * nothing for a key of the other kind.
 */
void wd_rsa_get_pubkey_params(struct wd_rsa_pubkey *pbk, struct wd_dtb **e,
			      struct wd_dtb **n);
void wd_rsa_get_prikey_params(struct wd_rsa_prikey *pvk, struct wd_dtb **d,
			      struct wd_dtb **n);
void wd_rsa_get_crt_prikey_params(struct wd_rsa_prikey *pvk, struct wd_dtb **dq,
				  struct wd_dtb **dp, struct wd_dtb **qinv,
				  struct wd_dtb **q, struct wd_dtb **p);

/* ---- key generation ----------------------------------------------------- */

/*
 * wd_rsa_new_kg_in() - what WD_RSA_GENKEY makes a key of, copied: the public exponent
 * and two primes, which are not tested for being prime. The caller's:
 * wd_rsa_del_kg_in(), before the session is freed.
 * NULL: not a session, or a number is NULL, has no data, @dsize 0, or more than
 * key_size bytes (@e) or half of that (@p, @q); or no memory.
 */
struct wd_rsa_kg_in *wd_rsa_new_kg_in(handle_t sess, struct wd_dtb *e, struct wd_dtb *p,
				      struct wd_dtb *q);
/* Wipes it. NULL is allowed. */
void wd_rsa_del_kg_in(handle_t sess, struct wd_rsa_kg_in *ki);
/* Copies the descriptions of its numbers, whose memory stays the object's. */
void wd_rsa_get_kg_in_params(struct wd_rsa_kg_in *kin, struct wd_dtb *e,
			     struct wd_dtb *q, struct wd_dtb *p);
/* All numbers as one string of GEN_PARAMS_SZ(key_size) bytes, which is returned. */
int wd_rsa_kg_in_data(struct wd_rsa_kg_in *ki, char **data);

/*
 * wd_rsa_new_kg_out() - room for what WD_RSA_GENKEY gives: d and n, and in a CRT
 * session qinv, dq and dp. d is the smallest one: modulo lcm(p - 1, q - 1). The
 * caller's: wd_rsa_del_kg_out(), before the session is freed. NULL: not a session,
 * or no memory.
 */
struct wd_rsa_kg_out *wd_rsa_new_kg_out(handle_t sess);
/* Wipes it. NULL is allowed. */
void wd_rsa_del_kg_out(handle_t sess, struct wd_rsa_kg_out *kout);
/*
 * Copy the descriptions of its numbers, whose memory stays the object's. After the
 * request each has as many bytes as the number needs. Any pointer may be NULL in the
 * first. The second writes nothing for an object of a session without CRT.
 */
void wd_rsa_get_kg_out_params(struct wd_rsa_kg_out *kout, struct wd_dtb *d,
			      struct wd_dtb *n);
void wd_rsa_get_kg_out_crt_params(struct wd_rsa_kg_out *kout, struct wd_dtb *qinv,
				  struct wd_dtb *dq, struct wd_dtb *dp);
/*
 * All numbers as one string, in the order d, n, qinv, dq, dp, each in its full room.
 * Returns its length: GEN_PARAMS_SZ(key_size) or CRT_GEN_PARAMS_SZ(key_size).
 */
int wd_rsa_kg_out_data(struct wd_rsa_kg_out *ko, char **data);
/* For drivers: say how many bytes the numbers have. Sizes beyond the room are cut. */
void wd_rsa_set_kg_out_crt_psz(struct wd_rsa_kg_out *kout, size_t qinv_sz, size_t dq_sz,
			       size_t dp_sz);
void wd_rsa_set_kg_out_psz(struct wd_rsa_kg_out *kout, size_t d_sz, size_t n_sz);

/* ---- requests ---------------------------------------------------------- */

/*
 * Called once for each asynchronous request, from within wd_rsa_poll() or
 * wd_rsa_poll_ctx(). @req is the library's copy, a struct wd_rsa_req, with @status and
 * @dst_bytes as they became, valid until the callback returns; @cb_param is a member
 * of it. The callback may send further requests; it must not poll.
 */
typedef void (*wd_rsa_cb_t)(void *req);

/*
 * struct wd_rsa_req - one request.
 * @src:	SIGN, VERIFY: a number of exactly key_size bytes, zeroes before it;
 *		GENKEY: struct wd_rsa_kg_in
 * @dst:	SIGN, VERIFY: room for as many, may be @src; GENKEY: struct
 *		wd_rsa_kg_out of the same session
 * @src_bytes, @dst_bytes: SIGN, VERIFY: key_size. GENKEY: @src_bytes is not read,
 *		@dst_bytes becomes the length of all numbers together
 * @cb, @cb_param: asynchronous: called at completion; synchronous: not read
 * @status:	out: how it ended, see ERRORS
 * @data_fmt:	WD_FLAT_BUF
 * @op_type:	enum wd_rsa_op_type
 */
struct wd_rsa_req {
	void *src;
	void *dst;
	__u32 src_bytes;
	__u32 dst_bytes;
	wd_rsa_cb_t cb;
	void *cb_param;
	int status;
	__u8 data_fmt;
	__u8 op_type;
};

/*
 * wd_do_rsa_sync() - carry out a request and wait for it.
 *
 * Returns as under ERRORS. -WD_EINVAL: not a session, @req is NULL, @src or @dst is
 * NULL, a length is not key_size, @op_type or @data_fmt does not exist, the key that
 * the operation needs is not set, or a @dsize in it is more than its room, @dst of
 * GENKEY is of a session of the other kind or size, or the scheduler named no
 * synchronous context.
 */
int wd_do_rsa_sync(handle_t sess, struct wd_rsa_req *req);

/*
 * wd_do_rsa_async() - send a request; its callback reports the end. The request is
 * copied: @req is free again when the call returns, what it points at and the key
 * belong to the device until the callback. Requests may end in any order.
 *
 * 0: sent. -WD_EINVAL: as for wd_do_rsa_sync(), and: @cb is NULL; the scheduler must
 * name an asynchronous context. -WD_EBUSY, -WD_ENOMEM: not sent.
 */
int wd_do_rsa_async(handle_t sess, struct wd_rsa_req *req);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
