/* SPDX-License-Identifier: MIT */
/*
 * Digests and message authentication codes: SM3 (GB/T 32905), MD5 (RFC 1321), SHA-1
 * and SHA-2 (FIPS 180-4), HMAC of each (RFC 2104), AES-CMAC (SP 800-38B), AES-GMAC
 * (SP 800-38D), AES-XCBC-MAC-96 (RFC 3566) and AES-XCBC-PRF-128 (RFC 4434). Link
 * with -lwd_crypto -lwd (pkg-config libwd_crypto libwd).
 *
 * The shortest program: wd_digest_init2("sha256", SCHED_POLICY_RR, TASK_MIX), one
 * wd_digest_alloc_sess(), for MACs wd_digest_set_key(), any number of
 * wd_do_digest_sync(), wd_digest_free_sess(), wd_digest_uninit2().
 *
 * STREAMS. A message may come in pieces: each but the last with @has_next
 * WD_DIGEST_DOING, the last with WD_DIGEST_END. The session keeps what lies between
 * them; one session is one stream at a time, and between its pieces it takes no
 * other message. A piece other than the last of a digest or HMAC leaves the
 * chaining state at @out: the words of the algorithm's state in big-endian order
 * (MD5: little-endian), enum wd_digest_mac_full_len bytes, over the whole blocks that
 * it has seen. Those bytes take a stream to another session: send its next piece
 * there with WD_DIGEST_STREAM_DOING or WD_DIGEST_STREAM_END, the bytes at @out and
 * @long_data_len the number of message bytes so far, a multiple of the block (64
 * bytes; 128 for SHA-384 and SHA-512 and their kin). Of AES MACs there is no state to
 * take along; @out is not written before the end.
 *
 * ERRORS. What a request returns, and how it ended:
 *
 *	returned	@state		cause
 *	0		0		good
 *	-WD_ADDR_ERR	WD_ADDR_ERR	in, out or iv, or a part of them, is not
 *					mapped, or out cannot be written
 *	-WD_SGL_ERR	WD_SGL_ERR	the pieces of a list are fewer bytes than the
 *					request says, or more than 4096, or it comes
 *					back to itself
 *	-WD_HW_EACCESS	WD_HW_EACCESS	the device was reset or is isolated, or the
 *					context has lost its PASID
 *	-WD_ENOMEM	WD_ENOMEM	the device has no memory for one more session
 *	-WD_ETIMEDOUT	WD_ETIMEDOUT	the device does not answer
 *	-WD_EINVAL	untouched	an argument is wrong: each function says which
 *	-WD_EBUSY	untouched	the ring of the context is full, or another
 *					piece of the stream is in work: poll or wait,
 *					then send it again
 *
 * An error of a piece ends its stream; the next piece begins a new one. Otherwise
 * only the request that met an error is affected. An asynchronous call returns
 * -WD_EINVAL, -WD_EBUSY and -WD_ENOMEM itself; the rest arrives in @state of the
 * request that the callback gets. WEFT_LOG=error names the cause of each error in
 * full; no key is ever logged.
 *
 * THREADS. Everything may be called from any thread. Whole messages of one session
 * may run in several threads at once and end in any order.
 */
#ifndef UADK_WD_DIGEST_H
#define UADK_WD_DIGEST_H

#include "wd_alg_common.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

enum wd_digest_type {
	WD_DIGEST_SM3,
	WD_DIGEST_MD5,
	WD_DIGEST_SHA1,
	WD_DIGEST_SHA256,
	WD_DIGEST_SHA224,
	WD_DIGEST_SHA384,
	WD_DIGEST_SHA512,
	WD_DIGEST_SHA512_224,
	WD_DIGEST_SHA512_256,
	WD_DIGEST_AES_XCBC_MAC_96,
	WD_DIGEST_AES_XCBC_PRF_128,
	WD_DIGEST_AES_CMAC,
	WD_DIGEST_AES_GMAC,
	WD_DIGEST_TYPE_MAX,
};

/* Bytes of a result, at most. */
enum wd_digest_mac_len {
	WD_DIGEST_SM3_LEN = 32,
	WD_DIGEST_MD5_LEN = 16,
	WD_DIGEST_SHA1_LEN = 20,
	WD_DIGEST_SHA256_LEN = 32,
	WD_DIGEST_SHA224_LEN = 28,
	WD_DIGEST_SHA384_LEN = 48,
	WD_DIGEST_SHA512_LEN = 64,
	WD_DIGEST_SHA512_224_LEN = 28,
	WD_DIGEST_SHA512_256_LEN = 32,
	WD_DIGEST_AES_XCBC_MAC_96_LEN = 12,
	WD_DIGEST_AES_XCBC_PRF_128_LEN = 16,
	WD_DIGEST_AES_CMAC_LEN = 16,
	WD_DIGEST_AES_GMAC_LEN = 16,
};

/* Bytes of the chaining state: @out_bytes of a piece that is not the last. */
enum wd_digest_mac_full_len {
	WD_DIGEST_SM3_FULL_LEN = 32,
	WD_DIGEST_MD5_FULL_LEN = 16,
	WD_DIGEST_SHA1_FULL_LEN = 20,
	WD_DIGEST_SHA256_FULL_LEN = 32,
	WD_DIGEST_SHA224_FULL_LEN = 32,
	WD_DIGEST_SHA384_FULL_LEN = 64,
	WD_DIGEST_SHA512_FULL_LEN = 64,
	WD_DIGEST_SHA512_224_FULL_LEN = 64,
	WD_DIGEST_SHA512_256_FULL_LEN = 64,
};

/* Not read for AES MACs, which always have a key. */
enum wd_digest_mode {
	WD_DIGEST_NORMAL,
	WD_DIGEST_HMAC,
	WD_DIGEST_MODE_MAX,
};

enum wd_digest_msg_state {
	WD_DIGEST_END = 0x0,	/* a whole message, or the last piece of a stream */
	WD_DIGEST_DOING,	/* a piece that others follow */
	WD_DIGEST_STREAM_END,	/* the last piece, of another session's stream */
	WD_DIGEST_STREAM_DOING,	/* a piece, of another session's stream */
	WD_DIGEST_MSG_STATE_MAX,
};

/* ---- start and end ----------------------------------------------------- */

/*
 * See "START AND END" and "POLLING" in wd_alg_common.h. The variables are
 * WD_DIGEST_CTX_NUM, WD_DIGEST_ASYNC_POLL_EN, WD_DIGEST_ASYNC_POLL_NUM and
 * WD_DIGEST_EPOLL_EN; the class has one operation, "digest".
 * @alg: "sm3", "md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha512-224",
 * "sha512-256", "xcbc-mac-96(aes)", "xcbc-prf-128(aes)", "cmac(aes)", "gmac(aes)".
 * Sessions may use every algorithm that the device has.
 */
int wd_digest_init2_(const char *alg, __u32 sched_type, int task_type,
		     struct wd_ctx_params *ctx_params);
#define wd_digest_init2(alg, sched_type, task_type) \
	wd_digest_init2_(alg, sched_type, task_type, NULL)
void wd_digest_uninit2(void);
int wd_digest_init(struct wd_ctx_config *config, struct wd_sched *sched);
void wd_digest_uninit(void);
int wd_digest_env_init(struct wd_sched *sched);
void wd_digest_env_uninit(void);
int wd_digest_ctx_num_init(__u32 node, __u32 type, __u32 num, __u8 mode);
void wd_digest_ctx_num_uninit(void);
int wd_digest_get_env_param(__u32 node, __u32 type, __u32 mode,
			    __u32 *num, __u8 *is_enable);
int wd_digest_poll_ctx(__u32 idx, __u32 expt, __u32 *count);
int wd_digest_poll(__u32 expt, __u32 *count);

/* ---- sessions ---------------------------------------------------------- */

/*
 * struct wd_digest_sess_setup - what a session does.
 * @alg, @mode:	algorithm, and for hashes whether it is their HMAC
 * @sched_param: for the scheduler: struct sched_params of wd_sched.h, or NULL
 * @mm_ops, @mm_type: memory for devices without SVA; not read
 */
struct wd_digest_sess_setup {
	enum wd_digest_type alg;
	enum wd_digest_mode mode;
	void *sched_param;
	struct wd_mm_ops mm_ops;
	enum wd_mem_type mm_type;
};

/*
 * wd_digest_alloc_sess() - make a session. The class must be initialised. @setup is
 * not needed afterwards. The session is the caller's: wd_digest_free_sess().
 *
 * 0, with errno: EINVAL (@setup is NULL or a member out of range, the class is not
 * initialised, or the scheduler has no context for it), ENOTSUP (no device has the
 * algorithm), ENOMEM.
 */
handle_t wd_digest_alloc_sess(struct wd_digest_sess_setup *setup);

/*
 * wd_digest_free_sess() - free a session and wipe its key. Asynchronous requests in
 * flight keep it alive until their callbacks have run; it takes no new ones. 0 is
 * allowed.
 */
void wd_digest_free_sess(handle_t h_sess);

/*
 * wd_digest_set_key() - give a session its key, or another one. The key is copied. A
 * stream that has begun keeps the key that it began with.
 * @key_len: bytes. HMAC: 1 to 512; a key longer than the hash's block is hashed
 * first, as RFC 2104 says. AES-CMAC, AES-GMAC: 16, 24 or 32. AES-XCBC-MAC-96: 16.
 * AES-XCBC-PRF-128: 1 to 512; other lengths than 16 are brought to 16 as RFC 4434
 * says.
 *
 * 0; also for a plain hash, which does not use it. -WD_EINVAL: not a session, @key is
 * NULL, or no such length; the session keeps the key that it had. -WD_ENOMEM.
 */
int wd_digest_set_key(handle_t h_sess, const __u8 *key, __u32 key_len);

/* ---- requests ---------------------------------------------------------- */

/*
 * Called once for each asynchronous request, from within wd_digest_poll() or
 * wd_digest_poll_ctx(). @req is the library's copy of the request, a struct
 * wd_digest_req with @state as it became, valid until the callback returns. The
 * callback may send further requests; it must not poll. What it returns is not used.
 */
typedef void *wd_digest_cb_t(void *req);

/*
 * struct wd_digest_req - one request. Lengths are in bytes.
 * @in, @list_in: input; a list when @data_fmt is WD_SGL_BUF. May be NULL when
 *		@in_bytes is 0.
 * @out:	room for the result, always in one piece; with WD_DIGEST_STREAM_* also
 *		the chaining state to begin with
 * @in_bytes:	bytes of input, 0 or more
 * @out_bytes:	WD_DIGEST_END, WD_DIGEST_STREAM_END: bytes of the result that are
 *		wanted, the first 1 to enum wd_digest_mac_len; WD_DIGEST_DOING,
 *		WD_DIGEST_STREAM_DOING: enum wd_digest_mac_full_len. Not read with
 *		WD_DIGEST_DOING of an AES MAC.
 * @out_buf_bytes: room at @out, @out_bytes or more; with WD_DIGEST_STREAM_* at least
 *		enum wd_digest_mac_full_len
 * @iv:		AES-GMAC: the IV; otherwise not read
 * @iv_bytes:	AES-GMAC: 12; or 16, the IV and a 32-bit big-endian counter that must
 *		be 0 or 1, which is the form that programs for libwd use
 * @state:	out: how it ended, see ERRORS
 * @has_next:	enum wd_digest_msg_state
 * @data_fmt:	enum wd_buff_type of the input
 * @cb:		asynchronous: called at completion; synchronous: not called
 * @cb_param:	for the callback, which gets the request
 * @long_data_len: WD_DIGEST_STREAM_*: bytes of the message before this piece
 */
struct wd_digest_req {
	__extension__ union {
		void *in;
		struct wd_datalist *list_in;
	};
	void *out;
	__u32 in_bytes;
	__u32 out_bytes;
	__u32 out_buf_bytes;
	__u8 *iv;
	__u32 iv_bytes;
	__u16 state;
	__u16 has_next;
	__u8 data_fmt;
	wd_digest_cb_t *cb;
	void *cb_param;
	__u64 long_data_len;
};

/* For programs that name them; the library does not look into these. */
struct wd_cb_tag {
	void *ctx;
	void *tag;
	int ctx_id;
};

struct wd_digest_tag {
	struct wd_cb_tag wd_tag;
	__u64 long_data_len;
	void *priv;
};

/*
 * wd_do_digest_sync() - digest a message or a piece of one, and wait for it.
 *
 * Returns as under ERRORS. -WD_EINVAL: not a session, or it has no key but needs one,
 * or its initialisation has ended, @req or @out is NULL, @in is NULL with @in_bytes
 * above 0, @out_bytes or @out_buf_bytes is wrong (above), an IV that AES-GMAC does not
 * take, @has_next or @data_fmt is out of range, WD_DIGEST_STREAM_* with an AES MAC,
 * with @long_data_len 0 or no multiple of the block, or the scheduler named no
 * synchronous context.
 */
int wd_do_digest_sync(handle_t h_sess, struct wd_digest_req *req);

/*
 * wd_do_digest_async() - send a request; its callback reports the end. The request is
 * copied: @req is free again when the call returns; what it points at belongs to the
 * device until the callback. Of a stream, one piece at a time.
 *
 * 0: sent. -WD_EINVAL: as for wd_do_digest_sync(), but @cb must not be NULL, and the
 * scheduler must name an asynchronous context. -WD_EBUSY: the ring is full or the
 * stream busy, the request was not sent.
 */
int wd_do_digest_async(handle_t h_sess, struct wd_digest_req *req);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
