/* SPDX-License-Identifier: MIT */
/*
 * Compression and decompression: deflate (RFC 1951), zlib (RFC 1950) and gzip
 * (RFC 1952). Link with -lwd_comp -lwd (pkg-config libwd_comp libwd).
 *
 * The shortest program: wd_comp_init2("zlib", SCHED_POLICY_RR, TASK_MIX), one
 * wd_comp_alloc_sess(), any number of wd_do_comp_sync(), wd_comp_free_sess(),
 * wd_comp_uninit2().
 *
 * Two ways to send data:
 *	block	wd_do_comp_sync(), wd_do_comp_async(): all of it in one call,
 *		complete output
 *	stream	wd_do_comp_strm(): data as it comes, output as it fits
 *
 * ERRORS. What a call returns says whether the request was carried out, its
 * @status how it ended:
 *
 *	returned	@status		cause
 *	0		0		good
 *	0		WD_STREAM_END,	stream only, see wd_do_comp_strm()
 *			WD_EAGAIN
 *	0		WD_IN_EPARA	the input is corrupt or cut short, or the
 *				output does not fit into dst_len
 *	-WD_ADDR_ERR	WD_ADDR_ERR	src or dst, or a part of them, is not mapped,
 *				or dst cannot be written
 *	-WD_HW_EACCESS	WD_HW_EACCESS	the device was reset or is isolated, or the
 *				context has lost its PASID
 *	-WD_SGL_ERR	WD_SGL_ERR	the pieces of a list are fewer bytes than the
 *				request says, or more than 4096, or it comes
 *				back to itself
 *	-WD_ENOMEM	WD_ENOMEM	the device has no memory for one more stream
 *	-WD_ETIMEDOUT	WD_ETIMEDOUT	the device does not answer
 *	-WD_EINVAL	untouched	an argument is wrong: each function says which
 *	-WD_EBUSY	untouched	the ring of the context is full: poll or
 *				wait, then send it again
 *
 * Only the request that met an error is affected; the next good one works. An
 * asynchronous call returns -WD_EINVAL and -WD_EBUSY itself; the rest arrives in
 * @status of the request that the callback gets. WEFT_LOG=error names the cause
 * of each error in full.
 *
 * THREADS. Everything may be called from any thread. Block requests of one
 * session may run in several threads at once; of a stream there is one request
 * at a time. After fork() the child starts as if nothing had been initialised;
 * sessions are the parent's.
 */
#ifndef UADK_WD_COMP_H
#define UADK_WD_COMP_H

#include "wd_alg_common.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/* ---- requests ---------------------------------------------------------- */

enum wd_comp_alg_type {
	WD_DEFLATE,		/* raw deflate */
	WD_ZLIB,
	WD_GZIP,
	WD_LZ77_ZSTD,		/* refused: ENOTSUP */
	WD_LZ4,			/* refused: ENOTSUP */
	WD_LZ77_ONLY,		/* refused: ENOTSUP */
	WD_COMP_ALG_MAX,
};

enum wd_comp_op_type {
	WD_DIR_COMPRESS,
	WD_DIR_DECOMPRESS,
	WD_DIR_MAX,
};

/* 1 is the fastest, 15 the smallest; 0 stands for the default. */
enum wd_comp_level {
	WD_COMP_L1 = 1,
	WD_COMP_L2,
	WD_COMP_L3,
	WD_COMP_L4,
	WD_COMP_L5,
	WD_COMP_L6,
	WD_COMP_L7,
	WD_COMP_L8,
	WD_COMP_L9,
	WD_COMP_L10,
	WD_COMP_L11,
	WD_COMP_L12,
	WD_COMP_L13,
	WD_COMP_L14,
	WD_COMP_L15,
};

/* How far back a match may reach; no output needs a larger window to be read. */
enum wd_comp_winsz_type {
	WD_COMP_WS_4K,
	WD_COMP_WS_8K,
	WD_COMP_WS_16K,
	WD_COMP_WS_24K,
	WD_COMP_WS_32K,
};

struct wd_comp_req;

/*
 * Called once for each asynchronous request, from within wd_comp_poll() or
 * wd_comp_poll_ctx(). @req is the library's copy of the request, with @src_len,
 * @dst_len and @status as they became, valid until the callback returns.
 * @cb_param is the request's. The callback may send further requests; it must
 * not poll. What it returns is not used.
 */
typedef void *wd_alg_comp_cb_t(struct wd_comp_req *req, void *cb_param);

/*
 * struct wd_comp_req - one request. Lengths are in bytes.
 * @src, @list_src: input; a list when @data_fmt is WD_SGL_BUF
 * @src_len:	in: bytes of input; for a list, all pieces together
 *		out: bytes consumed
 * @dst, @list_dst: room for the output; must not overlap the input. Output that
 *		runs into the input all the same ends with WD_IN_EPARA.
 * @dst_len:	in: bytes of room, 1 or more
 *		out: bytes produced. Nothing beyond them is ever written, so
 *		@dst_len may promise more than there is if the output is sure
 *		to fit.
 * @cb:		asynchronous: called at completion; synchronous: must be NULL
 * @cb_param:	handed to @cb
 * @op_type:	direction, the same as the session's
 * @data_fmt:	enum wd_buff_type, for input and output alike
 * @last:	stream only: 1: the input ends with this request
 * @status:	out: how it ended, see ERRORS
 * @priv:	the program's own
 */
struct wd_comp_req {
	__extension__ union {
		void *src;
		struct wd_datalist *list_src;
	};
	__u32 src_len;
	__extension__ union {
		void *dst;
		struct wd_datalist *list_dst;
	};
	__u32 dst_len;
	wd_alg_comp_cb_t *cb;
	void *cb_param;
	enum wd_comp_op_type op_type;
	enum wd_buff_type data_fmt;
	__u32 last;
	__u32 status;
	void *priv;
};

/*
 * struct wd_lz77_zstd_data - where a WD_LZ77_ZSTD request, through @priv, tells
 * what it found. Kept for programs that name it; nothing fills it.
 * @literals_start, @lit_num:	literals and their number
 * @sequences_start, @seq_num:	sequences and their number
 * @lit_length_overflow_cnt, @lit_length_overflow_pos: literal lengths that do
 *				not fit a sequence: how many, and where
 * @freq:			how often each code occurs
 * @blk_type:			last block: 0 stored, 1 run length, 2 compressed
 */
struct wd_lz77_zstd_data {
	void *literals_start;
	void *sequences_start;
	__u32 lit_num;
	__u32 seq_num;
	__u32 lit_length_overflow_cnt;
	__u32 lit_length_overflow_pos;
	void *freq;
	__u32 blk_type;
};

/* ---- start and end ----------------------------------------------------- */

/*
 * The class is initialised once a process, in one of four ways:
 *	wd_comp_init2()		the library finds devices and requests contexts
 *	wd_comp_init()		the program brings contexts and a scheduler
 *	wd_comp_env_init()	WD_COMP_CTX_NUM says how many contexts
 *	wd_comp_ctx_num_init()	its arguments say so
 *
 * Environment:
 *	WD_COMP_CTX_NUM	contexts to request, for all but wd_comp_init():
 *		"sync:2@0,async:2@0" (two of each kind for each direction on node
 *		0) or "sync-comp:1@0,async-decomp:1@0"
 *	WD_COMP_ASYNC_POLL_EN	1: threads of the library poll for completions
 *		and run the callbacks (env and ctx_num only); default 0
 *	WD_COMP_ASYNC_POLL_NUM	how many such threads
 *	WD_COMP_EPOLL_EN	1: synchronous calls sleep without spinning first
 */

/*
 * wd_comp_init2_() - find devices, request contexts, make a scheduler.
 * @alg: "zlib", "gzip" or "deflate". Sessions may use the other two as well
 * where the device has them.
 * @sched_type: enum sched_policy_type of wd_sched.h.
 * @task_type: enum alg_task_type.
 * @ctx_params: contexts to request, or NULL for the default.
 *
 * 0. -WD_EEXIST: the class is initialised already; this caller may use it, and
 * has nothing to uninitialise. -WD_EINVAL: @alg is NULL or not known, or another
 * argument is out of range. -WD_ENODEV: no device has the algorithm. -WD_EBUSY:
 * no context is left, or sessions of one of the other three ways, which has
 * ended, still live. -WD_ENOMEM.
 */
int wd_comp_init2_(const char *alg, __u32 sched_type, int task_type,
		   struct wd_ctx_params *ctx_params);

/* The same with the default number of contexts. */
#define wd_comp_init2(alg, sched_type, task_type) \
	wd_comp_init2_(alg, sched_type, task_type, NULL)

/*
 * wd_comp_uninit2() - end wd_comp_init2(). While sessions live, the contexts
 * stay open for them and go when the last is freed; no new session can be made.
 * If that one still had requests in flight, the contexts go with the next call
 * that begins or ends the class. Without an init before it, it does nothing.
 */
void wd_comp_uninit2(void);

/*
 * wd_comp_init() - work with the program's contexts and scheduler.
 * @config: the contexts; @sched: the scheduler. Both structs are copied, what
 * they point at must live until wd_comp_uninit().
 *
 * 0. -WD_EEXIST: initialised already. -WD_EBUSY: sessions of an initialisation
 * that has ended still live. -WD_EINVAL: NULL, no contexts, a context that is not
 * one, has no such operation or mode, or whose device cannot compress, or a
 * scheduler without pick_next_ctx(). -WD_ENOMEM.
 */
int wd_comp_init(struct wd_ctx_config *config, struct wd_sched *sched);

/*
 * wd_comp_uninit() - end wd_comp_init(). Then the contexts and the scheduler are
 * the program's again; sessions that still live refuse requests with -WD_EINVAL.
 */
void wd_comp_uninit(void);

/*
 * wd_comp_env_init() - request contexts as WD_COMP_CTX_NUM says.
 * @sched: the program's scheduler, or NULL: SCHED_POLICY_RR.
 * Errors as wd_comp_init2_(); -WD_EINVAL also: the variable cannot be read.
 * -WD_EBUSY also: sessions of any initialisation that has ended still live.
 */
int wd_comp_env_init(struct wd_sched *sched);
void wd_comp_env_uninit(void);

/*
 * wd_comp_ctx_num_init() - request contexts of one kind.
 * @node: NUMA node. @type: enum wd_comp_op_type. @num: contexts, 1 or more.
 * @mode: enum wd_ctx_mode.
 * Errors as wd_comp_init2_().
 */
int wd_comp_ctx_num_init(__u32 node, __u32 type, __u32 num, __u8 mode);
void wd_comp_ctx_num_uninit(void);

/*
 * wd_comp_get_env_param() - what one of the two calls above requested.
 * @node, @type, @mode: which contexts, as there.
 * @num: out: how many. @is_enable: out: 1 if the library polls by itself.
 *
 * 0; *@num is 0 where there are none. -WD_EINVAL: NULL, out of range, or not
 * initialised by one of the two; then nothing is written.
 */
int wd_comp_get_env_param(__u32 node, __u32 type, __u32 mode,
			  __u32 *num, __u8 *is_enable);

/* ---- sessions ---------------------------------------------------------- */

/*
 * struct wd_comp_sess_setup - what a session does.
 * @alg_type:	format
 * @comp_lv:	level, 0: the default; not read when decompressing
 * @win_sz:	window; not read when decompressing, where any window is taken
 * @op_type:	direction
 * @sched_param: for the scheduler: struct sched_params of wd_sched.h, or NULL
 * @mm_ops, @mm_type: memory for devices without SVA; not read
 */
struct wd_comp_sess_setup {
	enum wd_comp_alg_type alg_type;
	enum wd_comp_level comp_lv;
	enum wd_comp_winsz_type win_sz;
	enum wd_comp_op_type op_type;
	void *sched_param;
	struct wd_mm_ops mm_ops;
	enum wd_mem_type mm_type;
};

/*
 * wd_comp_alloc_sess() - make a session. The class must be initialised. @setup
 * is not needed afterwards. The session is the caller's: wd_comp_free_sess().
 *
 * 0, with errno: EINVAL (@setup is NULL or a member out of range, the class is
 * not initialised, or the scheduler has no context for it), ENOTSUP (a format that
 * is refused: WD_LZ77_ZSTD, WD_LZ4, WD_LZ77_ONLY), ENOMEM.
 */
handle_t wd_comp_alloc_sess(struct wd_comp_sess_setup *setup);

/*
 * wd_comp_free_sess() - free a session. Asynchronous requests in flight keep it
 * alive until their callbacks have run; it takes no new ones. 0 is allowed.
 */
void wd_comp_free_sess(handle_t h_sess);

/*
 * wd_comp_reset_sess() - forget a stream that has not come to its end, so that
 * the next wd_do_comp_strm() begins a new one. Block requests need no reset.
 * 0. -WD_EINVAL: not a session. -WD_EBUSY: a piece is being worked on.
 */
int wd_comp_reset_sess(handle_t h_sess);

/* ---- requests, synchronous --------------------------------------------- */

/*
 * wd_do_comp_sync() - compress or decompress a whole buffer and wait for it.
 *
 * Decompression needs the whole input, and ends where the format ends: @src_len
 * then says how much was part of it. With WD_IN_EPARA, @src_len and @dst_len say
 * how far it came, and what was produced up to there is in @dst.
 *
 * Returns as under ERRORS. -WD_EINVAL: not a session, @req is NULL, @src or @dst
 * is NULL, @src_len or @dst_len is 0, @dst lies within @src, @cb is not NULL,
 * @op_type is not the session's, @data_fmt is out of range, or the scheduler
 * named no synchronous context.
 */
int wd_do_comp_sync(handle_t h_sess, struct wd_comp_req *req);

/*
 * wd_do_comp_sync2() - the same. UADK has it for buffers that are too large for
 * one request; here any request may have 2^32 - 1 bytes, which the device works
 * on in pieces.
 */
int wd_do_comp_sync2(handle_t h_sess, struct wd_comp_req *req);

/*
 * wd_do_comp_strm() - the next piece of a stream. The session keeps what lies
 * between the calls; one session is one stream at a time. Flat buffers only.
 *
 * @src and @dst are not NULL and @dst_len is not 0; @src_len may be 0. On return
 * @src_len and @dst_len say what was consumed and produced. @status:
 *	0		all input was taken, and all output that belongs to it
 *			is in @dst. When compressing without @last, the output
 *			ends on a byte, and what was written so far can be
 *			decompressed.
 *	WD_EAGAIN	@dst is full and there is more output: call again, with
 *			what is left of the input, perhaps with @src_len 0, and
 *			the same @last
 *	WD_STREAM_END	the stream is complete: when decompressing, where the
 *			format ends (input behind that is not consumed); when
 *			compressing, once all is out after @last
 *	WD_IN_EPARA	the input is corrupt, or @dst_len is too small to
 *			produce anything: the stream is over, and the session
 *			refuses further pieces with the same status until
 *			wd_comp_reset_sess(). Also: @last came before the
 *			format ended.
 * After WD_STREAM_END the next call begins a new stream by itself. An empty
 * stream is one call with @src_len 0 and @last 1.
 *
 * Returns as under ERRORS. -WD_EINVAL: as for wd_do_comp_sync(), but for
 * @src_len 0, and: @data_fmt is not WD_FLAT_BUF. -WD_EBUSY also: another thread
 * has a piece of this stream in work. A device reset loses the stream:
 * -WD_HW_EACCESS, then WD_IN_EPARA until wd_comp_reset_sess().
 */
int wd_do_comp_strm(handle_t h_sess, struct wd_comp_req *req);

/* ---- requests, asynchronous -------------------------------------------- */

/*
 * wd_do_comp_async() - send a block request; its callback reports the end. The
 * request is copied: @req is free again when the call returns, what it points at
 * belongs to the device until the callback. Requests may end in any order.
 *
 * 0: sent. -WD_EINVAL: as for wd_do_comp_sync(), but @cb must not be NULL, and
 * the scheduler must name an asynchronous context. -WD_EBUSY: the ring is full,
 * the request was not sent.
 */
int wd_do_comp_async(handle_t h_sess, struct wd_comp_req *req);

/*
 * wd_comp_poll_ctx() - run the callbacks of completed requests of one context.
 * @idx: its position in wd_ctx_config.ctxs.
 * @expt: at most this many, 1 or more.
 * @count: out: how many. It is 0 with every error but -WD_EAGAIN.
 *
 * 0: @expt of them. -WD_EAGAIN: fewer, perhaps none; nothing more has completed
 * by now. -WD_EINVAL: @count is NULL, @expt is 0, no such context, or not
 * initialised. -WD_HW_EACCESS: the device is gone.
 * For the poll_policy() of a scheduler. Several threads may poll one context.
 */
int wd_comp_poll_ctx(__u32 idx, __u32 expt, __u32 *count);

/*
 * wd_comp_poll() - the same over all contexts, as the scheduler sees fit.
 * @expt: stop after this many, 1 or more.
 * @count: set it to 0 before the call; what was polled is added.
 *
 * 0: see *@count. -WD_EINVAL: @count is NULL, @expt is 0, or not initialised.
 * Otherwise what the scheduler's poll_policy() returned.
 */
int wd_comp_poll(__u32 expt, __u32 *count);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
