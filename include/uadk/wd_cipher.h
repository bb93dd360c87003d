/* SPDX-License-Identifier: MIT */
/*
 * Ciphers: AES (FIPS 197), SM4 (GB/T 32907), DES and triple DES (FIPS 46-3) in the
 * modes of SP 800-38A and its addendum (ECB, CBC, CTR, OFB, CFB, CBC-CS1 to CS3)
 * and XTS (IEEE 1619). Link with -lwd_crypto -lwd (pkg-config
 * libwd_crypto libwd).
 *
 * The shortest program: wd_cipher_init2("cbc(aes)", SCHED_POLICY_RR, TASK_MIX), one
 * wd_cipher_alloc_sess(), wd_cipher_set_key(), any number of wd_do_cipher_sync(),
 * wd_cipher_free_sess(), wd_cipher_uninit2().
 *
 *		key bytes	IV bytes  in_bytes		next IV
 *	AES	16, 24, 32
 *	SM4	16
 *	DES	8				multiples of 8
 *	3DES	16, 24				multiples of 8
 *	ECB			none	  multiples of the block
 *	CBC			a block	  multiples of the block  last block of
 *							  ciphertext
 *	CTR			a block	  any			  counter + blocks
 *	OFB, CFB		a block	  any			  the feedback
 *	XTS	twice as many	16	  16 and more		  unchanged
 *		(not 48)
 *	CBC-CS		        16	  16 and more		  unchanged
 * DES and 3DES have ECB and CBC only. CFB feeds back whole blocks. A 3DES key of 16
 * bytes is two keys, the third is the first again.
 *
 * ERRORS. What a request returns, and how it ended:
 *
 *	returned	@state		cause
 *	0		0		good
 *	-WD_ADDR_ERR	WD_ADDR_ERR	src, dst or iv, or a part of them, is not
 *					mapped, or dst or iv cannot be written
 *	-WD_SGL_ERR	WD_SGL_ERR	the pieces of a list are fewer bytes than the
 *					request says, or more than 4096, or it comes
 *					back to itself
 *	-WD_HW_EACCESS	WD_HW_EACCESS	the device was reset or is isolated, or the
 *					context has lost its PASID
 *	-WD_ENOMEM	WD_ENOMEM	the device has no memory for one more session
 *	-WD_ETIMEDOUT	WD_ETIMEDOUT	the device does not answer
 *	-WD_EINVAL	untouched	an argument is wrong: each function says which
 *	-WD_EBUSY	untouched	the ring of the context is full: poll or
 *					wait, then send it again
 *
 * Only the request that met an error is affected; the session takes the next one.
 * What dst holds after an error is not defined. An asynchronous call returns
 * -WD_EINVAL, -WD_EBUSY and -WD_ENOMEM itself; the rest arrives in @state of the
 * request that the callback gets. WEFT_LOG=error names the cause of each error in
 * full; no key is ever logged.
 *
 * THREADS. Everything may be called from any thread. Requests of one session may
 * run in several threads at once and end in any order; where the IV goes from one
 * to the next, they wait for each other by the program's doing. wd_cipher_set_key()
 * may run beside requests: each of those uses the old key or the new one.
 */
#ifndef UADK_WD_CIPHER_H
#define UADK_WD_CIPHER_H

#include "wd_alg_common.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/* Bytes. */
#define AES_BLOCK_SIZE		16
#define GCM_IV_SIZE		12
#define DES3_BLOCK_SIZE		8
#define MAX_IV_SIZE		AES_BLOCK_SIZE

/* Operations of the class: wd_ctx.op_type, sched_params.type. Any context does both. */
enum {
	CTX_TYPE_ENCRYPT = 0,
	CTX_TYPE_DECRYPT,
};

enum wd_cipher_op_type {
	WD_CIPHER_ENCRYPTION,
	WD_CIPHER_DECRYPTION,
};

enum wd_cipher_alg {
	WD_CIPHER_SM4,
	WD_CIPHER_AES,
	WD_CIPHER_DES,
	WD_CIPHER_3DES,
	WD_CIPHER_ALG_TYPE_MAX,
};

enum wd_cipher_mode {
	WD_CIPHER_ECB,
	WD_CIPHER_CBC,
	WD_CIPHER_CTR,
	WD_CIPHER_XTS,		/* as IEEE 1619 has it */
	WD_CIPHER_OFB,
	WD_CIPHER_CFB,
	WD_CIPHER_CBC_CS1,	/* ciphertext stealing, last two blocks in order */
	WD_CIPHER_CBC_CS2,	/* swapped if the last is not whole */
	WD_CIPHER_CBC_CS3,	/* always swapped (RFC 3962) */
	WD_CIPHER_CCM,		/* wd_aead.h */
	WD_CIPHER_GCM,		/* wd_aead.h */
	WD_CIPHER_XTS_GB,	/* refused: XTS with the tweak of GB/T 17964-2021 */
	WD_CIPHER_MODE_TYPE_MAX,
};

/* ---- start and end ----------------------------------------------------- */

/*
 * See "START AND END" and "POLLING" in wd_alg_common.h. The variables are
 * WD_CIPHER_CTX_NUM, WD_CIPHER_ASYNC_POLL_EN, WD_CIPHER_ASYNC_POLL_NUM and
 * WD_CIPHER_EPOLL_EN; operations in the first are "encrypt" and "decrypt".
 * @alg: "cbc(aes)", "ecb(sm4)", "cbc-cs1(aes)", "cbc(des3_ede)" and their like.
 * Sessions may use every algorithm that the device has.
 */
int wd_cipher_init2_(const char *alg, __u32 sched_type, int task_type,
		     struct wd_ctx_params *ctx_params);
#define wd_cipher_init2(alg, sched_type, task_type) \
	wd_cipher_init2_(alg, sched_type, task_type, NULL)
void wd_cipher_uninit2(void);
int wd_cipher_init(struct wd_ctx_config *config, struct wd_sched *sched);
void wd_cipher_uninit(void);
int wd_cipher_env_init(struct wd_sched *sched);
void wd_cipher_env_uninit(void);
int wd_cipher_ctx_num_init(__u32 node, __u32 type, __u32 num, __u8 mode);
void wd_cipher_ctx_num_uninit(void);
int wd_cipher_get_env_param(__u32 node, __u32 type, __u32 mode,
			    __u32 *num, __u8 *is_enable);
int wd_cipher_poll_ctx(__u32 idx, __u32 expt, __u32 *count);
int wd_cipher_poll(__u32 expt, __u32 *count);

/* ---- sessions ---------------------------------------------------------- */

/*
 * struct wd_cipher_sess_setup - what a session does, in both directions.
 * @alg, @mode:	algorithm
 * @sched_param: for the scheduler: struct sched_params of wd_sched.h, or NULL
 * @mm_ops, @mm_type: memory for devices without SVA; not read
 */
struct wd_cipher_sess_setup {
	enum wd_cipher_alg alg;
	enum wd_cipher_mode mode;
	void *sched_param;
	struct wd_mm_ops mm_ops;
	enum wd_mem_type mm_type;
};

/*
 * wd_cipher_alloc_sess() - make a session. The class must be initialised. @setup
 * is not needed afterwards. The session is the caller's: wd_cipher_free_sess().
 *
 * 0, with errno: EINVAL (@setup is NULL or a member out of range, the class is not
 * initialised, or the scheduler has no context for it), ENOTSUP (there is no such
 * algorithm in this class, or no device has it), ENOMEM.
 */
handle_t wd_cipher_alloc_sess(struct wd_cipher_sess_setup *setup);

/*
 * wd_cipher_free_sess() - free a session and wipe its key. Asynchronous requests in
 * flight keep it alive until their callbacks have run; it takes no new ones. 0 is
 * allowed.
 */
void wd_cipher_free_sess(handle_t h_sess);

/*
 * wd_cipher_set_key() - give a session its key, or another one. The key is copied.
 * @key_len: bytes, as in the table above.
 *
 * Weak keys. The four weak and twelve semi-weak keys of DES (SP 800-67, section 3.4.2)
 * are refused for WD_CIPHER_DES, whatever their parity bits. Otherwise the parity
 * bits of DES and 3DES keys are not looked at, and 3DES keys are not examined: the
 * programs of this API hand over keys as their users gave them. Two equal halves of
 * an XTS key are refused, as IEEE 1619 demands.
 *
 * 0. -WD_EINVAL: not a session, @key is NULL, or a length or key that is refused;
 * the session keeps the key that it had. -WD_ENOMEM.
 */
int wd_cipher_set_key(handle_t h_sess, const __u8 *key, __u32 key_len);

/* ---- requests ---------------------------------------------------------- */

struct wd_cipher_req;

/*
 * Called once for each asynchronous request, from within wd_cipher_poll() or
 * wd_cipher_poll_ctx(). @req is the library's copy of the request, with @state and
 * @out_bytes as they became, valid until the callback returns. @cb_param is the
 * request's. The callback may send further requests; it must not poll. What it
 * returns is not used.
 */
typedef void *wd_alg_cipher_cb_t(struct wd_cipher_req *req, void *cb_param);

/*
 * struct wd_cipher_req - one request. Lengths are in bytes.
 * @op_type:	direction
 * @src, @list_src: input; a list when @data_fmt is WD_SGL_BUF
 * @dst, @list_dst: room for the output. It may be the input itself; otherwise the
 *		two must not overlap.
 * @iv:		in: IV, initial counter or tweak; not read for ECB
 *		out: the one that a request for the following bytes takes (table
 *		above), so that a message can go in pieces. A piece that is not a
 *		multiple of the block is its last.
 * @in_bytes:	1 or more
 * @iv_bytes:	as in the table above; not read for ECB
 * @out_buf_bytes: room at @dst, @in_bytes or more
 * @out_bytes:	out: what was written, @in_bytes
 * @state:	out: how it ended, see ERRORS
 * @type:	not read
 * @data_fmt:	enum wd_buff_type, for input and output alike
 * @cb:		asynchronous: called at completion; synchronous: not called
 * @cb_param:	handed to @cb
 */
struct wd_cipher_req {
	enum wd_cipher_op_type op_type;
	__extension__ union {
		struct wd_datalist *list_src;
		void *src;
	};
	__extension__ union {
		struct wd_datalist *list_dst;
		void *dst;
	};
	void *iv;
	__u32 in_bytes;
	__u32 iv_bytes;
	__u32 out_buf_bytes;
	__u32 out_bytes;
	__u16 state;
	__u8 type;
	__u8 data_fmt;
	wd_alg_cipher_cb_t *cb;
	void *cb_param;
};

/*
 * wd_do_cipher_sync() - encrypt or decrypt, and wait for it.
 *
 * Returns as under ERRORS. -WD_EINVAL: not a session, or it has no key, or its
 * initialisation has ended, @req is NULL, @src or @dst is NULL, @iv is NULL or
 * @iv_bytes wrong where one is needed, @in_bytes is 0 or no length that the mode
 * takes, @out_buf_bytes is less, @op_type or @data_fmt is out of range, or the
 * scheduler named no synchronous context.
 */
int wd_do_cipher_sync(handle_t h_sess, struct wd_cipher_req *req);

/*
 * wd_do_cipher_async() - send a request; its callback reports the end. The request
 * is copied: @req is free again when the call returns; what it points at, @iv
 * included, belongs to the device until the callback.
 *
 * 0: sent. -WD_EINVAL: as for wd_do_cipher_sync(), but @cb must not be NULL, and the
 * scheduler must name an asynchronous context. -WD_EBUSY: the ring is full, the
 * request was not sent.
 */
int wd_do_cipher_async(handle_t h_sess, struct wd_cipher_req *req);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
