/* SPDX-License-Identifier: MIT */
/*
 * Diffie-Hellman key agreement modulo a prime (RFC 2631, RFC 7919): one
 * exponentiation, g^x mod p. Link with -lwd_crypto -lwd (pkg-config
 * libwd_crypto libwd).
 *
 * The shortest program: wd_dh_init2("dh", SCHED_POLICY_RR, TASK_MIX), one
 * wd_dh_alloc_sess(), wd_dh_set_g(), wd_do_dh_sync() with WD_DH_PHASE1 for the own
 * public value and with WD_DH_PHASE2 for the secret, wd_dh_free_sess(),
 * wd_dh_uninit2().
 *
 * NUMBERS are byte strings with the high byte first. key_size below is
 * setup.key_bits / 8 bytes.
 *
 * ERRORS. What a request returns, and how it ended:
 *
 *	returned	@status		cause
 *	0		0		good
 *	-WD_IN_EPARA	WD_IN_EPARA	p is even; g or the other side's value is 0,
 *					1, p - 1 or more; x is 0, or not below p
 *	-WD_ADDR_ERR	WD_ADDR_ERR	x_p, pv or pri, or a part of them, is not
 *					mapped, or pri cannot be written
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
 * cause of each error in full; no number is ever logged. Whether p is prime is not
 * tested: use groups that are known, such as those of RFC 7919.
 *
 * THREADS. Everything may be called from any thread. Requests of one session may run
 * in several threads at once; wd_dh_set_g() must not run beside them.
 */
#ifndef UADK_WD_DH_H
#define UADK_WD_DH_H

#include <stdbool.h>

#include "wd_alg_common.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/* Operations of a request. Contexts have one operation, 0. */
enum wd_dh_op_type {
	WD_DH_INVALID,
	WD_DH_PHASE1,		/* the own public value: the session's g to the x */
	WD_DH_PHASE2,		/* the secret: the other side's value to the x */
};

/* ---- start and end ----------------------------------------------------- */

/*
 * See "START AND END" and "POLLING" in wd_alg_common.h. The variables are
 * WD_DH_CTX_NUM, WD_DH_ASYNC_POLL_EN, WD_DH_ASYNC_POLL_NUM and WD_DH_EPOLL_EN.
 * @alg: "dh".
 */
int wd_dh_init2_(const char *alg, __u32 sched_type, int task_type,
		 struct wd_ctx_params *ctx_params);
#define wd_dh_init2(alg, sched_type, task_type) \
	wd_dh_init2_(alg, sched_type, task_type, NULL)
void wd_dh_uninit2(void);
int wd_dh_init(struct wd_ctx_config *config, struct wd_sched *sched);
void wd_dh_uninit(void);
int wd_dh_env_init(struct wd_sched *sched);
void wd_dh_env_uninit(void);
int wd_dh_ctx_num_init(__u32 node, __u32 type, __u32 num, __u8 mode);
void wd_dh_ctx_num_uninit(void);
int wd_dh_get_env_param(__u32 node, __u32 type, __u32 mode,
			__u32 *num, __u8 *is_enable);
int wd_dh_poll_ctx(__u32 idx, __u32 expt, __u32 *count);
int wd_dh_poll(__u32 expt, __u32 *count);

/* ---- sessions ---------------------------------------------------------- */

/*
 * struct wd_dh_sess_setup - what a session does.
 * @key_bits:	size of p: 768, 1024, 1536, 2048, 3072 or 4096
 * @is_g2:	g is 2; wd_dh_set_g() takes nothing else then, and need not be called
 * @sched_param: for the scheduler: struct sched_params of wd_sched.h, or NULL
 * @mm_ops, @mm_type: memory for devices without SVA; not read
 */
struct wd_dh_sess_setup {
	__u16 key_bits;
	bool is_g2;
	void *sched_param;
	struct wd_mm_ops mm_ops;
	enum wd_mem_type mm_type;
};

/*
 * wd_dh_alloc_sess() - make a session. The class must be initialised. @setup is not
 * needed afterwards. The session is the caller's: wd_dh_free_sess().
 *
 * 0, with errno: EINVAL (@setup is NULL, another size, the class is not initialised,
 * or the scheduler has no context for it), ENOTSUP (no device has it), ENOMEM.
 */
handle_t wd_dh_alloc_sess(struct wd_dh_sess_setup *setup);

/*
 * wd_dh_free_sess() - free a session. Asynchronous requests in flight keep it alive
 * until their callbacks have run; it takes no new ones. 0 is allowed.
 */
void wd_dh_free_sess(handle_t sess);

/* @alg_mode: out: 1 if the session was made with @is_g2. 0, or -WD_EINVAL. */
int wd_dh_get_mode(handle_t sess, __u8 *alg_mode);
/* What the session was made with; 0 if it is none. */
__u32 wd_dh_key_bits(handle_t sess);

/*
 * wd_dh_set_g() - copy the base of WD_DH_PHASE1 into the session.
 * 0. -WD_EINVAL: not a session, @g is NULL, has no data, @dsize 0 or more than
 * key_size bytes, or is not 2 where it has to be. Then the session keeps the g that
 * it had.
 */
int wd_dh_set_g(handle_t sess, struct wd_dtb *g);

/*
 * wd_dh_get_g() - the address of the session's g, which is the session's; @dsize 0:
 * not set. Nothing is written for what is not a session.
 */
void wd_dh_get_g(handle_t sess, struct wd_dtb **g);

/* ---- requests ---------------------------------------------------------- */

/*
 * Called once for each asynchronous request, from within wd_dh_poll() or
 * wd_dh_poll_ctx(). @req is the library's copy, a struct wd_dh_req, with @status and
 * @pri_bytes as they became, valid until the callback returns; @cb_param is a member
 * of it. The callback may send further requests; it must not poll.
 */
typedef void (*wd_dh_cb_t)(void *req);

/*
 * struct wd_dh_req - one request. Lengths are in bytes, none more than key_size.
 * @x_p:	the own private value x at the beginning, p from byte key_size on
 * @pv:		PHASE2: the other side's public value; PHASE1: not read
 * @pri:	room for the result, key_size bytes
 * @pri_bytes:	in: key_size or more; out: bytes of the result, which has no zeroes
 *		before it: a result that is shorter than p is shorter here
 * @pbytes, @xbytes, @pvbytes: of p, of x, and of @pv
 * @cb, @cb_param: asynchronous: called at completion; synchronous: not read
 * @status:	out: how it ended, see ERRORS
 * @op_type:	enum wd_dh_op_type
 * @data_fmt:	WD_FLAT_BUF
 */
struct wd_dh_req {
	void *x_p;
	void *pv;
	void *pri;
	__u16 pri_bytes;
	__u16 pbytes;
	__u16 xbytes;
	__u16 pvbytes;
	wd_dh_cb_t cb;
	void *cb_param;
	int status;
	__u8 op_type;
	__u8 data_fmt;
};

/*
 * wd_do_dh_sync() - carry out a request and wait for it.
 *
 * Returns as under ERRORS. -WD_EINVAL: not a session, @req is NULL, @x_p, @pri or,
 * in PHASE2, @pv is NULL, a length is 0 or more than key_size, @pri_bytes is less
 * than that, @op_type or @data_fmt does not exist, g of PHASE1 is not set, or the
 * scheduler named no synchronous context.
 */
int wd_do_dh_sync(handle_t sess, struct wd_dh_req *req);

/*
 * wd_do_dh_async() - send a request; its callback reports the end. The request is
 * copied: @req is free again when the call returns, what it points at belongs to the
 * device until the callback. Requests may end in any order.
 *
 * 0: sent. -WD_EINVAL: as for wd_do_dh_sync(), and: @cb is NULL; the scheduler must
 * name an asynchronous context. -WD_EBUSY, -WD_ENOMEM: not sent.
 */
int wd_do_dh_async(handle_t sess, struct wd_dh_req *req);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
