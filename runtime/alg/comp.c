/* SPDX-License-Identifier: MIT */
/* Compression: what libwd_comp adds to the class lifecycle. */
#include "uadk/wd_comp.h"

#include <errno.h>
#include <string.h>

#include "alg/class_api.h"
#include "util/bits.h"
#include "util/clock.h"
#include "util/log.h"
#include "weft/comp.h"

struct comp_sess {
	struct wdi_sess base;
	uint8_t format;			/* enum wdi_format */
	uint8_t level;
	uint8_t window;
	uint8_t op_type;		/* enum wd_comp_op_type */
	bool open;			/* blocks are pieces of a stream that goes on */
	/* the stream; one request at a time, under @busy */
	struct wdi_spin busy;
	uint32_t object;		/* of the device, 0: none yet */
	uint32_t lost;			/* of the device: ran out of time, is to be closed; 0: none */
	uint32_t generation;		/* of the process that opened them */
	bool ended;			/* came to its end: begin anew */
	bool dead;			/* met an error: refuses pieces until reset */
};

static struct comp_sess *to_comp(struct wdi_sess *sess)
{
	return (struct comp_sess *)sess;
}

/* ---- facts -------------------------------------------------------------- */

/* By enum wd_comp_alg_type; formats that the device has not are refused. */
static const struct {
	const char *name;
	int format;
} algs[] = {
	[WD_DEFLATE] = { "deflate", WDI_FMT_DEFLATE },
	[WD_ZLIB] = { "zlib", WDI_FMT_ZLIB },
	[WD_GZIP] = { "gzip", WDI_FMT_GZIP },
	[WD_LZ77_ZSTD] = { "lz77_zstd", -1 },
	[WD_LZ4] = { "lz4", -1 },
	[WD_LZ77_ONLY] = { "lz77_only", -1 },
};
_Static_assert(wdi_array_size(algs) == WD_COMP_ALG_MAX, "an algorithm without a row");

static const uint8_t ops[] = {
	[WD_DIR_COMPRESS] = WDI_OP_COMPRESS,
	[WD_DIR_DECOMPRESS] = WDI_OP_DECOMPRESS,
};
_Static_assert(wdi_array_size(ops) == WD_DIR_MAX, "a direction without an operation");

static const char *const op_names[] = {
	[WD_DIR_COMPRESS] = "comp",
	[WD_DIR_DECOMPRESS] = "decomp",
	NULL,
};

static const char *comp_device_alg(const char *alg)
{
	for (size_t i = 0; i < wdi_array_size(algs); i++) {
		if (algs[i].format >= 0 && !strcmp(alg, algs[i].name))
			return algs[i].name;
	}
	return NULL;
}

static bool comp_ctx_fits(const struct wdi_ctx *ctx)
{
	return wdi_core_ctx_can(ctx, WDI_OP_COMPRESS, WDI_FMT_DEFLATE) ||
	       wdi_core_ctx_can(ctx, WDI_OP_DECOMPRESS, WDI_FMT_DEFLATE);
}

/* ---- messages ----------------------------------------------------------- */

static void fill_block(const struct comp_sess *s, const struct wd_comp_req *req,
		       struct wdi_msg *msg)
{
	msg->op = ops[s->op_type];
	msg->comp.format = s->format;
	msg->comp.level = s->level;
	msg->comp.window = s->window;
	msg->comp.open = s->open;
	msg->src = req->src;
	msg->src_len = req->src_len;
	msg->dst = req->dst;
	msg->dst_len = req->dst_len;
	msg->src_sgl = msg->dst_sgl = req->data_fmt == WD_SGL_BUF;
	msg->on_fault = WDI_FAULT_RESTART;
}

static void comp_fill(struct wdi_sess *sess, const void *req, struct wdi_msg *msg)
{
	fill_block(to_comp(sess), req, msg);
}

/*
 * Output that ran into input that was still to be read made rubbish of both.
 * Only the length produced tells, because dst_len may promise more than there is.
 */
static bool ran_into_source(const struct wd_comp_req *req, const struct wdi_msg *msg)
{
	uintptr_t src = (uintptr_t)msg->src, dst = (uintptr_t)msg->dst;

	if (req->data_fmt != WD_FLAT_BUF || dst >= src || msg->produced <= src - dst)
		return false;
	wdi_err("comp: %u bytes of output from %p ran into the source at %p", msg->produced,
		msg->dst, msg->src);
	return true;
}

/* Put the result into the request; what a synchronous call returns. */
static int finish_req(struct wd_comp_req *req, const struct wdi_msg *msg)
{
	const struct wdi_outcome *outcome = wdi_class_outcome(msg);

	req->src_len = msg->consumed;
	req->dst_len = msg->produced;
	req->status = outcome->status;
	if (wdi_unlikely(ran_into_source(req, msg))) {
		req->status = WD_IN_EPARA;
		return 0;
	}
	return outcome->ret;
}

static void comp_finish(struct wdi_sess *sess, struct wdi_msg *msg)
{
	struct wd_comp_req *req = (struct wd_comp_req *)msg->req;

	(void)sess;
	finish_req(req, msg);
	req->cb(req, req->cb_param);
}
_Static_assert(sizeof(struct wd_comp_req) <= WDI_REQ_WORDS * sizeof(uint64_t),
	       "a message has room for the request");

/* ---- the class ---------------------------------------------------------- */

static void comp_close_objects(struct wdi_sess *sess, const struct wdi_route *route)
{
	struct comp_sess *s = to_comp(sess);
	uint64_t deadline = __atomic_load_n(&sess->deadline_ns, __ATOMIC_RELAXED);
	uint32_t *objects[] = { &s->object, &s->lost };

	if (s->generation != wdi_core_generation)
		return;
	for (size_t i = 0; i < wdi_array_size(objects); i++) {
		struct wdi_msg msg = { .op = WDI_OP_STREAM_CLOSE, .object = *objects[i] };

		if (!msg.object)
			continue;
		if (deadline)
			msg.deadline_ns = wdi_now_ns() + deadline;
		if (!wdi_core_run(route->q, &msg, false))
			*objects[i] = 0;
	}
}

static const struct wdi_class_ops comp_ops = {
	.name = "comp",
	.op_names = op_names,
	.op_types = WD_DIR_MAX,
	.req_size = sizeof(struct wd_comp_req),
	.sess_size = sizeof(struct comp_sess),
	.env_offset = offsetof(struct wdi_env, comp),
	.device_alg = comp_device_alg,
	.ctx_fits = comp_ctx_fits,
	.fill = comp_fill,
	.finish = comp_finish,
	.close_objects = comp_close_objects,
	.poll_ctx = wd_comp_poll_ctx,
};

static struct wdi_class comp_class = WDI_CLASS_INIT(&comp_ops);

/* ---- checks ------------------------------------------------------------- */

enum comp_mode {
	MODE_BLOCK_SYNC,
	MODE_BLOCK_ASYNC,
	MODE_STREAM,
};

static const char *what_is_wrong(const struct comp_sess *s, const struct wd_comp_req *req,
				 enum comp_mode mode)
{
	uintptr_t src = (uintptr_t)req->src, dst = (uintptr_t)req->dst;

	if (!req->src || !req->dst)
		return "src or dst is NULL";
	if (!req->dst_len)
		return "dst_len is 0";
	if (!req->src_len && mode != MODE_STREAM)
		return "src_len is 0";
	if ((unsigned int)req->data_fmt > WD_SGL_BUF)
		return "data_fmt does not exist";
	if (req->data_fmt == WD_SGL_BUF && mode == MODE_STREAM)
		return "a stream takes flat buffers only";
	if ((unsigned int)req->op_type != s->op_type)
		return "op_type is not the session's";
	if (mode == MODE_BLOCK_ASYNC && !req->cb)
		return "an asynchronous request needs a callback";
	if (mode != MODE_BLOCK_ASYNC && req->cb)
		return "a synchronous request takes no callback";
	if (req->data_fmt == WD_FLAT_BUF && dst >= src && dst - src < req->src_len)
		return "dst lies within src";
	return NULL;
}

/* The session, held, or NULL when anything about the request is wrong (logged). */
static struct comp_sess *checked(handle_t h_sess, const struct wd_comp_req *req,
				 enum comp_mode mode)
{
	struct wdi_sess *sess = wdi_sess_get(&comp_class, h_sess);
	const char *wrong;

	if (wdi_unlikely(!sess))
		return NULL;
	wrong = req ? what_is_wrong(to_comp(sess), req, mode) : "the request is NULL";
	if (wdi_unlikely(wrong)) {
		wdi_err("comp: %s", wrong);
		wdi_sess_put(sess);
		return NULL;
	}
	return to_comp(sess);
}

/* ---- block -------------------------------------------------------------- */

int wd_do_comp_sync(handle_t h_sess, struct wd_comp_req *req)
{
	struct comp_sess *s = checked(h_sess, req, MODE_BLOCK_SYNC);
	struct wdi_msg msg;
	int ret;

	if (wdi_unlikely(!s))
		return -WD_EINVAL;
	wdi_msg_clear(&msg);
	fill_block(s, req, &msg);
	ret = wdi_class_run(&s->base, &msg);
	if (wdi_likely(!ret))
		ret = finish_req(req, &msg);
	wdi_sess_put(&s->base);
	return ret;
}

/* One descriptor takes 2^32 - 1 bytes, and the device works on them piece by piece. */
int wd_do_comp_sync2(handle_t h_sess, struct wd_comp_req *req)
{
	return wd_do_comp_sync(h_sess, req);
}

int wd_do_comp_async(handle_t h_sess, struct wd_comp_req *req)
{
	struct comp_sess *s = checked(h_sess, req, MODE_BLOCK_ASYNC);
	int ret;

	if (wdi_unlikely(!s))
		return -WD_EINVAL;
	ret = wdi_class_send(&s->base, req);
	/* A request in flight keeps the hold; finish_one() lets it go. */
	if (wdi_unlikely(ret))
		wdi_sess_put(&s->base);
	return ret;
}

/* ---- stream ------------------------------------------------------------- */

/* The stream before this one, so that never more than one is left behind. */
static int lost_close(struct comp_sess *s)
{
	struct wdi_msg msg;
	int ret;

	memset(&msg, 0, sizeof(msg));
	msg.op = WDI_OP_STREAM_CLOSE;
	msg.object = s->lost;
	ret = wdi_class_run(&s->base, &msg);
	if (ret)
		return ret;
	if (msg.status != WDI_ST_DONE && msg.status != WDI_ST_NO_OBJECT) {
		ret = wdi_class_outcome(&msg)->ret;
		return ret ? ret : -WD_HW_EACCESS;
	}
	s->lost = 0;
	return 0;
}

/* Have a stream object that stands at a beginning or in the middle. */
static int stream_ready(struct comp_sess *s)
{
	struct wdi_msg msg;
	int ret;

	/* A forked child has none of its parent's streams. */
	if (s->generation != wdi_core_generation)
		s->object = s->lost = 0;
	if (s->object && !s->ended)
		return 0;
	if (wdi_unlikely(s->lost)) {
		ret = lost_close(s);
		if (ret)
			return ret;
	}
	memset(&msg, 0, sizeof(msg));
	msg.op = s->object ? WDI_OP_STREAM_RESET : WDI_OP_STREAM_OPEN;
	msg.object = s->object;
	msg.comp.dir = ops[s->op_type];
	msg.comp.format = s->format;
	msg.comp.level = s->level;
	msg.comp.window = s->window;
	ret = wdi_class_run(&s->base, &msg);
	if (!ret)
		ret = wdi_class_outcome(&msg)->ret;
	if (!ret && msg.status == WDI_ST_NO_OBJECT && s->object) {
		/* Lost in a device reset, and only to be begun anyway: open another. */
		s->object = 0;
		return stream_ready(s);
	}
	if (ret)
		return ret;
	s->object = msg.object;
	s->generation = wdi_core_generation;
	s->ended = false;
	return 0;
}

static int stream_piece(struct comp_sess *s, struct wd_comp_req *req)
{
	struct wdi_msg msg;
	int ret = stream_ready(s);

	if (ret)
		return ret;
	wdi_msg_clear(&msg);
	fill_block(s, req, &msg);
	msg.object = s->object;
	msg.on_fault = WDI_FAULT_RESUME;
	msg.comp.last = req->last && s->op_type == WD_DIR_COMPRESS;
	msg.comp.sync = !msg.comp.last && s->op_type == WD_DIR_COMPRESS;
	ret = wdi_class_run(&s->base, &msg);
	if (ret)
		return ret;
	ret = finish_req(req, &msg);
	if (req->last && s->op_type == WD_DIR_DECOMPRESS && msg.status == WDI_ST_DONE) {
		wdi_err("comp: the input ends before the stream does");
		req->status = WD_IN_EPARA;
	}
	if (msg.status == WDI_ST_STREAM_END)
		s->ended = true;
	else if (req->status && req->status != WD_EAGAIN && msg.status != WDI_ST_PAGE_FAULT)
		s->dead = true;
	/* The device may be at the stream still: it is closed before the next one is opened. */
	if (wdi_unlikely(msg.abandoned)) {
		s->lost = s->object;
		s->object = 0;
	}
	return ret;
}

int wd_do_comp_strm(handle_t h_sess, struct wd_comp_req *req)
{
	struct comp_sess *s = checked(h_sess, req, MODE_STREAM);
	int ret = -WD_EINVAL;

	if (wdi_unlikely(!s))
		return ret;
	if (!wdi_spin_trylock(&s->busy)) {
		wdi_err("comp: two requests at once on one stream");
		ret = -WD_EBUSY;
	} else {
		if (wdi_unlikely(s->dead)) {
			req->src_len = req->dst_len = 0;
			req->status = WD_IN_EPARA;
			ret = 0;
		} else {
			ret = stream_piece(s, req);
		}
		wdi_spin_unlock(&s->busy);
	}
	wdi_sess_put(&s->base);
	return ret;
}

_Static_assert(sizeof(struct weft_comp_place) == sizeof(struct wdi_place) &&
	       offsetof(struct weft_comp_place, data) == offsetof(struct wdi_place, data),
	       "places are passed through");

static int tell(struct comp_sess *s, struct weft_comp_place *place)
{
	struct wdi_msg msg;
	int ret;

	if (s->dead)
		return -EIO;
	if (!s->object || s->ended || s->generation != wdi_core_generation)
		return -EAGAIN;
	memset(&msg, 0, sizeof(msg));
	msg.op = WDI_OP_STREAM_TELL;
	msg.object = s->object;
	msg.dst = place;
	msg.dst_len = sizeof(*place);
	ret = wdi_class_run(&s->base, &msg);
	if (ret || msg.abandoned)
		return -EIO;
	switch (msg.status) {
	case WDI_ST_DONE:
		return 0;
	case WDI_ST_MORE_OUT:
		return -EAGAIN;
	case WDI_ST_UNSUPPORTED:
		return -ENOTSUP;
	default:
		return -EIO;
	}
}

int weft_comp_strm_tell(uintptr_t h_sess, struct weft_comp_place *place)
{
	struct wdi_sess *sess = wdi_sess_get(&comp_class, h_sess);
	struct comp_sess *s;
	int ret = -EINVAL;

	if (!sess)
		return ret;
	s = to_comp(sess);
	if (!place || s->op_type != WD_DIR_DECOMPRESS || s->format != WDI_FMT_DEFLATE) {
		wdi_err("comp: only a raw deflate stream that decompresses tells where it is");
	} else if (!wdi_spin_trylock(&s->busy)) {
		ret = -EBUSY;
	} else {
		ret = tell(s, place);
		wdi_spin_unlock(&s->busy);
	}
	wdi_sess_put(sess);
	return ret;
}

int wd_comp_reset_sess(handle_t h_sess)
{
	struct wdi_sess *sess = wdi_sess_get(&comp_class, h_sess);
	struct comp_sess *s;
	int ret = 0;

	if (!sess)
		return -WD_EINVAL;
	s = to_comp(sess);
	if (wdi_spin_trylock(&s->busy)) {
		/* The device is told when the next stream begins. */
		s->ended = true;
		s->dead = false;
		wdi_spin_unlock(&s->busy);
	} else {
		ret = -WD_EBUSY;
	}
	wdi_sess_put(sess);
	return ret;
}

/* ---- sessions ----------------------------------------------------------- */

handle_t wd_comp_alloc_sess(struct wd_comp_sess_setup *setup)
{
	struct comp_sess *s;

	if (!setup || (unsigned int)setup->alg_type >= WD_COMP_ALG_MAX ||
	    (unsigned int)setup->op_type >= WD_DIR_MAX) {
		wdi_err("comp: session with no setup, or algorithm %u, direction %u: no such thing",
			setup ? (unsigned int)setup->alg_type : 0,
			setup ? (unsigned int)setup->op_type : 0);
		errno = EINVAL;
		return 0;
	}
	if (algs[setup->alg_type].format < 0) {
		wdi_err("comp: no device has %s", algs[setup->alg_type].name);
		errno = ENOTSUP;
		return 0;
	}
	if (setup->op_type == WD_DIR_COMPRESS &&
	    ((unsigned int)setup->comp_lv > WD_COMP_L15 ||
	     (unsigned int)setup->win_sz > WD_COMP_WS_32K)) {
		wdi_err("comp: level %u (0 to 15) or window %u (0 to 4) does not exist",
			(unsigned int)setup->comp_lv, (unsigned int)setup->win_sz);
		errno = EINVAL;
		return 0;
	}
	s = (struct comp_sess *)wdi_sess_new(&comp_class, setup->sched_param);
	if (!s)
		return 0;
	s->format = (uint8_t)algs[setup->alg_type].format;
	s->op_type = (uint8_t)setup->op_type;
	if (setup->op_type == WD_DIR_COMPRESS) {
		s->level = (uint8_t)setup->comp_lv;
		s->window = (uint8_t)setup->win_sz;
	}
	errno = 0;
	return s->base.handle;
}

int weft_comp_sess_open_end(uintptr_t h_sess)
{
	struct wdi_sess *sess = wdi_sess_get(&comp_class, h_sess);
	struct comp_sess *s;
	int ret = 0;

	if (!sess)
		return -EINVAL;
	s = to_comp(sess);
	if (s->op_type == WD_DIR_COMPRESS && s->format == WDI_FMT_DEFLATE) {
		s->open = true;
	} else {
		wdi_err("comp: only a raw deflate stream can be left open");
		ret = -EINVAL;
	}
	wdi_sess_put(sess);
	return ret;
}

void wd_comp_free_sess(handle_t h_sess)
{
	wdi_sess_free(&comp_class, h_sess);
}

WDI_CLASS_API(comp, comp_class)
