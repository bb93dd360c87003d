/* SPDX-License-Identifier: MIT */
/*
 * Authenticated encryption with associated data (AEAD): AES-GCM and SM4-GCM (SP
 * 800-38D), AES-CCM and SM4-CCM (SP 800-38C, RFC 3610), and AES-CBC with an HMAC over
 * associated data and ciphertext (encrypt, then authenticate). Link with -lwd_crypto
 * -lwd (pkg-config libwd_crypto libwd).
 *
 * The shortest program: wd_aead_init2("gcm(aes)", SCHED_POLICY_RR, TASK_MIX), one
 * wd_aead_alloc_sess(), wd_aead_set_ckey(), wd_aead_set_authsize(), any number of
 * wd_do_aead_sync(), wd_aead_free_sess(), wd_aead_uninit2().
 *
 *		keys		IV bytes	tag bytes	in_bytes
 *	GCM	ckey		12 (1 to 128)	4, 8, 12 to 16	any
 *	CCM	ckey		16, 7 to 13	4, 6, 8 to 16	what the length field of
 *						(even)		15 - nonce bytes holds
 *	CBC	ckey, akey	16		10 to the hash	multiples of 16, not 0
 * ckey: AES 16, 24 or 32 bytes, SM4 16. akey: 1 to 512; a key longer than the hash's
 * block is hashed first (RFC 2104).
 *
 * The IV of CCM. 7 to 13 bytes are the nonce itself. 16 bytes are the first counter
 * block as RFC 3610 has it and as programs for libwd send it: the length of the length
 * field less one (1 to 7) in the low three bits of the first byte, then the nonce, then
 * what is not read.
 *
 * LAYOUT. In AEAD_MSG_BLOCK, associated data stand in front of the message: @src is
 * @assoc_bytes of associated data, then @in_bytes of plaintext or ciphertext, and the
 * output stands as far into @dst as the message into @src. Whether the first
 * @assoc_bytes of @dst are written is not defined, unless @dst is @src, which stays
 * as it is there.
 *
 * STREAMS. GCM, and CBC with an HMAC, take a message in pieces. AEAD_MSG_FIRST: the
 * associated data alone, @assoc_bytes at @src; @in_bytes and @dst are not read.
 * AEAD_MSG_MIDDLE, any number of times: @in_bytes at @src, a multiple of 16. AEAD_MSG_END:
 * the rest, perhaps 0 bytes, and the tag. In the last two @src and @dst hold the message
 * only and @assoc_bytes is not read. @iv is read with the first piece, @mac with the
 * last. One session is one stream at a time. CCM needs the length of the message before
 * it begins and has no streams. A stream that decrypts gives out plaintext before
 * the tag was checked: use none of it before AEAD_MSG_END ended well.
 *
 * ERRORS. What a request returns, and how it ended:
 *
 *	returned	@state		cause
 *	0		0		good
 *	-WD_VERIFY_ERR	WD_VERIFY_ERR	the tag does not match. In AEAD_MSG_BLOCK no
 *					plaintext is in dst.
 *	-WD_ADDR_ERR	WD_ADDR_ERR	src, dst, iv or mac, or a part of them, is not
 *					mapped, or dst or mac cannot be written
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
 * Only the request that met an error is affected, and the stream that it is a piece of,
 * which is over. An asynchronous call returns -WD_EINVAL, -WD_EBUSY and -WD_ENOMEM
 * itself; the rest arrives in @state of the request that the callback gets.
 * WEFT_LOG=error names the cause of each error in full; no key is ever logged. Tags are
 * compared in a time that does not depend on them.
 *
 * THREADS. Everything may be called from any thread. Whole messages of one session may
 * run in several threads at once and end in any order.
 */
#ifndef UADK_WD_AEAD_H
#define UADK_WD_AEAD_H

#include "wd_alg_common.h"
#include "wd_cipher.h"
#include "wd_digest.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/* Bytes of state that UADK keeps of a stream; here the session does. */
#define AIV_STREAM_LEN		64

enum wd_aead_op_type {
	WD_CIPHER_ENCRYPTION_DIGEST,	/* encrypt, and authenticate the ciphertext */
	WD_CIPHER_DECRYPTION_DIGEST,	/* check the ciphertext, and decrypt */
	WD_DIGEST_CIPHER_ENCRYPTION,	/* refused: authenticate, then encrypt */
	WD_DIGEST_CIPHER_DECRYPTION,	/* refused */
};

enum wd_aead_msg_state {
	AEAD_MSG_BLOCK = 0x0,	/* a whole message */
	AEAD_MSG_FIRST,		/* associated data of a stream */
	AEAD_MSG_MIDDLE,
	AEAD_MSG_END,
	AEAD_MSG_INVALID,
};

/* ---- start and end ----------------------------------------------------- */

/*
 * See "START AND END" and "POLLING" in wd_alg_common.h. The variables are
 * WD_AEAD_CTX_NUM, WD_AEAD_ASYNC_POLL_EN, WD_AEAD_ASYNC_POLL_NUM and WD_AEAD_EPOLL_EN;
 * operations in the first are "encrypt" and "decrypt".
 * @alg: "gcm(aes)", "ccm(aes)", "gcm(sm4)", "ccm(sm4)", or
 * "authenc(hmac(sha256),cbc(aes))", the same with sha1 or sha512. Sessions may use every
 * algorithm that the device has.
 */
int wd_aead_init2_(const char *alg, __u32 sched_type, int task_type,
		   struct wd_ctx_params *ctx_params);
#define wd_aead_init2(alg, sched_type, task_type) \
	wd_aead_init2_(alg, sched_type, task_type, NULL)
void wd_aead_uninit2(void);
int wd_aead_init(struct wd_ctx_config *config, struct wd_sched *sched);
void wd_aead_uninit(void);
int wd_aead_env_init(struct wd_sched *sched);
void wd_aead_env_uninit(void);
int wd_aead_ctx_num_init(__u32 node, __u32 type, __u32 num, __u8 mode);
void wd_aead_ctx_num_uninit(void);
int wd_aead_get_env_param(__u32 node, __u32 type, __u32 mode,
			  __u32 *num, __u8 *is_enable);
int wd_aead_poll_ctx(__u32 idx, __u32 expt, __u32 *count);
int wd_aead_poll(__u32 expt, __u32 *count);

/* ---- sessions ---------------------------------------------------------- */

/*
 * struct wd_aead_sess_setup - what a session does, in both directions.
 * @calg, @cmode: cipher: WD_CIPHER_AES with WD_CIPHER_GCM, WD_CIPHER_CCM or WD_CIPHER_CBC,
 *		WD_CIPHER_SM4 with the first two
 * @dalg, @dmode: with WD_CIPHER_CBC: WD_DIGEST_SHA1, WD_DIGEST_SHA256 or
 *		WD_DIGEST_SHA512, and WD_DIGEST_HMAC; otherwise not read
 * @sched_param: for the scheduler: struct sched_params of wd_sched.h, or NULL
 * @mm_ops, @mm_type: memory for devices without SVA; not read
 */
struct wd_aead_sess_setup {
	enum wd_cipher_alg calg;
	enum wd_cipher_mode cmode;
	enum wd_digest_type dalg;
	enum wd_digest_mode dmode;
	void *sched_param;
	struct wd_mm_ops mm_ops;
	enum wd_mem_type mm_type;
};

/*
 * wd_aead_alloc_sess() - make a session. The class must be initialised. @setup is not
 * needed afterwards. The session is the caller's: wd_aead_free_sess().
 *
 * 0, with errno: EINVAL (@setup is NULL or a member out of range, the class is not
 * initialised, or the scheduler has no context for it), ENOTSUP (there is no such
 * algorithm in this class, or no device has it), ENOMEM.
 */
handle_t wd_aead_alloc_sess(struct wd_aead_sess_setup *setup);

/*
 * wd_aead_free_sess() - free a session and wipe its keys. Asynchronous requests in
 * flight keep it alive until their callbacks have run; it takes no new ones. 0 is
 * allowed.
 */
void wd_aead_free_sess(handle_t h_sess);

/*
 * wd_aead_set_ckey(), wd_aead_set_akey() - give a session its cipher key or its HMAC
 * key, or another one. The key is copied. A stream that has begun keeps the keys that
 * it began with.
 * @key_len: bytes, as in the table above.
 *
 * 0; also wd_aead_set_akey() for GCM and CCM, which do not use it. -WD_EINVAL: not a
 * session, @key is NULL, or no such length; the session keeps the key that it had.
 * -WD_ENOMEM.
 */
int wd_aead_set_ckey(handle_t h_sess, const __u8 *key, __u16 key_len);
int wd_aead_set_akey(handle_t h_sess, const __u8 *key, __u16 key_len);

/*
 * wd_aead_set_authsize() - bytes of the tags that a session makes and checks. To be
 * set before the first request.
 * 0. -WD_EINVAL: not a session, or not a length of the table above; the session keeps
 * the one that it had.
 */
int wd_aead_set_authsize(handle_t h_sess, __u16 authsize);

/* Bytes of its tags, 0 before they were set. -WD_EINVAL: not a session. */
int wd_aead_get_authsize(handle_t h_sess);

/* Bytes of its longest tag. -WD_EINVAL: not a session. */
int wd_aead_get_maxauthsize(handle_t h_sess);

/* ---- requests ---------------------------------------------------------- */

struct wd_aead_req;

/*
 * Called once for each asynchronous request, from within wd_aead_poll() or
 * wd_aead_poll_ctx(). @req is the library's copy of the request, with @state as it
 * became, valid until the callback returns. @cb_param is the request's. The callback
 * may send further requests; it must not poll. What it returns is not used.
 */
typedef void *wd_alg_aead_cb_t(struct wd_aead_req *req, void *cb_param);

/*
 * struct wd_aead_req - one request. Lengths are in bytes. See LAYOUT and STREAMS.
 * @op_type:	direction
 * @src, @list_src: input; a list when @data_fmt is WD_SGL_BUF. May be NULL when it is 0
 *		bytes long.
 * @dst, @list_dst: room for the output. It may be the input itself; otherwise the two
 *		must not overlap. May be NULL when @in_bytes is 0.
 * @mac:	encrypting: room for the tag; decrypting: the tag
 * @iv:		the IV; not changed
 * @in_bytes:	bytes of the message, without associated data and tag
 * @out_bytes:	not read
 * @iv_bytes:	as in the table above
 * @mac_bytes:	room at @mac, or bytes there: wd_aead_set_authsize() or more
 * @assoc_bytes: bytes of associated data
 * @state:	out: how it ended, see ERRORS
 * @data_fmt:	enum wd_buff_type, for input and output alike
 * @cb:		asynchronous: called at completion; synchronous: not called
 * @cb_param:	handed to @cb
 * @msg_state:	a whole message, or which piece of a stream
 */
struct wd_aead_req {
	enum wd_aead_op_type op_type;
	__extension__ union {
		struct wd_datalist *list_src;
		void *src;
	};
	__extension__ union {
		struct wd_datalist *list_dst;
		void *dst;
	};
	void *mac;
	void *iv;
	__u32 in_bytes;
	__u32 out_bytes;
	__u16 iv_bytes;
	__u16 mac_bytes;
	__u16 assoc_bytes;
	__u16 state;
	__u8 data_fmt;
	wd_alg_aead_cb_t *cb;
	void *cb_param;
	enum wd_aead_msg_state msg_state;
};

/*
 * wd_do_aead_sync() - encrypt and authenticate, or check and decrypt, and wait for it.
 *
 * Returns as under ERRORS. -WD_EINVAL: not a session, or a key or the length of tags was
 * not set, or its initialisation has ended, @req is NULL, a pointer is NULL that must
 * not be, an IV, a tag or an input of a length that the algorithm does not take,
 * @op_type, @msg_state or @data_fmt is out of range or refused, a piece of a stream that
 * has not begun or in the other direction, or the scheduler named no synchronous context.
 */
int wd_do_aead_sync(handle_t h_sess, struct wd_aead_req *req);

/*
 * wd_do_aead_async() - send a request; its callback reports the end. The request is
 * copied: @req is free again when the call returns; what it points at belongs to the
 * device until the callback. Of a stream, one piece at a time.
 *
 * 0: sent. -WD_EINVAL: as for wd_do_aead_sync(), but @cb must not be NULL, and the
 * scheduler must name an asynchronous context. -WD_EBUSY: the ring is full or the stream
 * busy, the request was not sent.
 */
int wd_do_aead_async(handle_t h_sess, struct wd_aead_req *req);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
