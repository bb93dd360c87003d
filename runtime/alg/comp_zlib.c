/* SPDX-License-Identifier: MIT */
/* wd_deflate*() and wd_inflate*(): streams in zlib's shape over wd_comp.h. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "uadk/wd_comp.h"
#include "uadk/wd_sched.h"
#include "uadk/wd_zlibwrapper.h"
#include "util/bits.h"

/* Behind z_stream.reserved, from init to end. */
struct wrapped {
	uint32_t magic;
	enum wd_comp_op_type op_type;
	handle_t sess;
	bool ended;
	bool failed;
};

#define WRAPPED_MAGIC	0x5a4c4942u

static struct wrapped *wrapped_of(z_streamp strm, enum wd_comp_op_type op_type)
{
	struct wrapped *w = strm ? (struct wrapped *)(uintptr_t)strm->reserved : NULL;

	return w && w->magic == WRAPPED_MAGIC && w->op_type == op_type ? w : NULL;
}

/* zlib's windowBits: the format by range, the window by the rest. */
static const struct {
	int from, to;
	int bias;
	enum wd_comp_alg_type alg;
} formats[] = {
	{ -15, -8, 0, WD_DEFLATE },
	{ 8, 15, 0, WD_ZLIB },
	{ 24, 31, 16, WD_GZIP },
};

/* The smallest window of the device that holds 2^bits bytes; index is bits - 8. */
static const enum wd_comp_winsz_type windows[] = {
	WD_COMP_WS_4K, WD_COMP_WS_4K, WD_COMP_WS_4K, WD_COMP_WS_4K,
	WD_COMP_WS_4K, WD_COMP_WS_8K, WD_COMP_WS_16K, WD_COMP_WS_32K,
};

static int wrap_init(z_streamp strm, int level, int windowbits, enum wd_comp_op_type op_type)
{
	struct sched_params param = { .numa_id = -1, .type = (__u8)op_type };
	struct wd_comp_sess_setup setup = {
		.alg_type = WD_COMP_ALG_MAX,
		.op_type = op_type,
		.sched_param = &param,
	};
	struct wrapped *w;
	int ret;

	if (!strm)
		return Z_STREAM_ERROR;
	strm->reserved = 0;
	for (size_t i = 0; i < wdi_array_size(formats); i++) {
		if (windowbits >= formats[i].from && windowbits <= formats[i].to) {
			setup.alg_type = formats[i].alg;
			setup.win_sz = windows[abs(windowbits - formats[i].bias) - 8];
		}
	}
	if (setup.alg_type == WD_COMP_ALG_MAX ||
	    (level != Z_DEFAULT_COMPRESSION && (level < WD_COMP_L1 || level > WD_COMP_L15)))
		return Z_STREAM_ERROR;
	setup.comp_lv = level == Z_DEFAULT_COMPRESSION ? 0 : (enum wd_comp_level)level;

	ret = wd_comp_init2("zlib", SCHED_POLICY_RR, TASK_MIX);
	if (ret && ret != -WD_EEXIST)
		return ret == -WD_ENOMEM ? Z_MEM_ERROR : Z_STREAM_ERROR;
	w = calloc(1, sizeof(*w));
	if (!w)
		return Z_MEM_ERROR;
	w->magic = WRAPPED_MAGIC;
	w->op_type = op_type;
	w->sess = wd_comp_alloc_sess(&setup);
	if (!w->sess) {
		free(w);
		return errno == ENOMEM ? Z_MEM_ERROR : Z_STREAM_ERROR;
	}
	strm->reserved = (uintptr_t)w;
	strm->total_in = 0;
	strm->total_out = 0;
	strm->msg = NULL;
	return Z_OK;
}

static int wrap_fail(z_streamp strm, struct wrapped *w, int code, const char *msg)
{
	w->failed = true;
	strm->msg = msg;
	return code;
}

static int wrap_run(z_streamp strm, struct wrapped *w, bool last)
{
	static char no_input;
	struct wd_comp_req req = {
		.src = strm->next_in ? (void *)(uintptr_t)strm->next_in : &no_input,
		.src_len = strm->avail_in,
		.dst = strm->next_out,
		.dst_len = strm->avail_out,
		.op_type = w->op_type,
		.data_fmt = WD_FLAT_BUF,
		.last = last,
	};
	int ret;

	if (w->ended)
		return Z_STREAM_END;
	if (w->failed || !strm->next_out || (!strm->next_in && strm->avail_in))
		return Z_STREAM_ERROR;
	if (!strm->avail_out)
		return Z_BUF_ERROR;
	ret = wd_do_comp_strm(w->sess, &req);
	if (ret)
		return wrap_fail(strm, w, Z_STREAM_ERROR, "device error");
	if (req.src_len)	/* next_in may be NULL without input */
		strm->next_in += req.src_len;
	strm->avail_in -= req.src_len;
	strm->total_in += req.src_len;
	strm->next_out += req.dst_len;
	strm->avail_out -= req.dst_len;
	strm->total_out += req.dst_len;
	if (req.status == WD_STREAM_END) {
		w->ended = true;
		return Z_STREAM_END;
	}
	if (req.status == WD_IN_EPARA)
		return wrap_fail(strm, w, Z_DATA_ERROR, "invalid compressed data");
	return req.src_len || req.dst_len ? Z_OK : Z_BUF_ERROR;
}

static int wrap_reset(z_streamp strm, struct wrapped *w)
{
	if (!w || wd_comp_reset_sess(w->sess))
		return Z_STREAM_ERROR;
	w->ended = false;
	w->failed = false;
	strm->total_in = 0;
	strm->total_out = 0;
	strm->msg = NULL;
	return Z_OK;
}

static int wrap_end(z_streamp strm, struct wrapped *w)
{
	if (!w)
		return Z_STREAM_ERROR;
	wd_comp_free_sess(w->sess);
	w->magic = 0;
	free(w);
	strm->reserved = 0;
	return Z_OK;
}

int wd_deflate_init(z_streamp strm, int level, int windowbits)
{
	return wrap_init(strm, level, windowbits, WD_DIR_COMPRESS);
}

int wd_deflate(z_streamp strm, int flush)
{
	struct wrapped *w = wrapped_of(strm, WD_DIR_COMPRESS);

	if (!w || (flush != Z_FINISH && flush != Z_SYNC_FLUSH && flush != Z_NO_FLUSH))
		return Z_STREAM_ERROR;
	return wrap_run(strm, w, flush == Z_FINISH);
}

int wd_deflate_reset(z_streamp strm)
{
	return wrap_reset(strm, wrapped_of(strm, WD_DIR_COMPRESS));
}

int wd_deflate_end(z_streamp strm)
{
	return wrap_end(strm, wrapped_of(strm, WD_DIR_COMPRESS));
}

int wd_inflate_init(z_streamp strm, int windowbits)
{
	return wrap_init(strm, Z_DEFAULT_COMPRESSION, windowbits, WD_DIR_DECOMPRESS);
}

/* All flush values mean the same here: as much output as the input gives. */
int wd_inflate(z_streamp strm, int flush)
{
	struct wrapped *w = wrapped_of(strm, WD_DIR_DECOMPRESS);

	if (!w || flush < Z_NO_FLUSH || flush > Z_FINISH)
		return Z_STREAM_ERROR;
	return wrap_run(strm, w, false);
}

int wd_inflate_reset(z_streamp strm)
{
	return wrap_reset(strm, wrapped_of(strm, WD_DIR_DECOMPRESS));
}

int wd_inflate_end(z_streamp strm)
{
	return wrap_end(strm, wrapped_of(strm, WD_DIR_DECOMPRESS));
}
