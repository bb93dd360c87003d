/* SPDX-License-Identifier: MIT */
/*
 * zlib and zlib-ng speak one API under two sets of names. The includer defines
 *   Z(name)		the library's name for zlib's name
 *   Z_STREAM		its stream type
 *   Z_CODEC(name)	our name for what is exported
 * and has included the library's header.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "device/codec_internal.h"

/*
 * A sync flush that fills the output exactly looks the same as one that is not
 * finished, and deflate() asked again starts another one: into a few bytes of
 * room at a time it would never end. Room smaller than this is filled by way
 * of the tail, where a finished flush leaves something over.
 */
#define TAIL_ROOM	64

struct deflate_state {
	Z_STREAM strm;
	struct codec_params p;
	unsigned int level;
	bool last;		/* the end was announced; there is no way back */
	bool ended;		/* the library has nothing more to give */
	bool flushed;		/* nothing came in since the last sync was done */
	uint8_t tail_len;
	uint8_t tail_off;
	uint8_t tail[TAIL_ROOM];
};

/* The library's windowBits: the format is folded into its sign and size. */
static int window_bits(const struct codec_params *p, unsigned int bits)
{
	switch (p->format) {
	case SDEV_FMT_DEFLATE:
		return -(int)bits;
	case SDEV_FMT_GZIP:
		return (int)bits + 16;
	default:
		return (int)bits;
	}
}

static void deflate_ready(struct deflate_state *s)
{
	s->last = false;
	s->ended = false;
	s->flushed = false;
	s->tail_len = 0;
	s->tail_off = 0;
}

static int deflate_start(struct deflate_state *s, const struct codec_params *p,
			 unsigned int level)
{
	s->p = *p;
	s->level = level;
	deflate_ready(s);
	if (Z(deflateInit2)(&s->strm, (int)level, Z_DEFLATED,
			    window_bits(p, codec_window_bits(p->window)), 8,
			    Z_DEFAULT_STRATEGY) != Z_OK)
		return -ENOMEM;
	return 0;
}

/* deflateEnd() frees what deflateInit2() allocated and looks at nothing else. */
static void deflate_close(void *state)
{
	struct deflate_state *s = state;

	Z(deflateEnd)(&s->strm);
	free(s);
}

static int deflate_open(const struct codec_params *p, unsigned int level, void **state)
{
	struct deflate_state *s = calloc(1, sizeof(*s));
	int ret;

	if (!s)
		return -ENOMEM;
	ret = deflate_start(s, p, level);
	if (ret) {
		deflate_close(s);
		return ret;
	}
	*state = s;
	return 0;
}

static int deflate_reset(void *state, const struct codec_params *p, unsigned int level)
{
	struct deflate_state *s = state;

	if (p && (level != s->level || !codec_same_params(p, &s->p))) {
		Z(deflateEnd)(&s->strm);
		return deflate_start(s, p, level);
	}
	deflate_ready(s);
	Z(deflateReset)(&s->strm);
	return 0;
}

static void tail_drain(struct deflate_state *s, struct codec_io *io)
{
	size_t n = wdi_min((size_t)(s->tail_len - s->tail_off), codec_out_left(io));

	if (!n)
		return;
	memcpy(io->out + io->produced, s->tail + s->tail_off, n);
	s->tail_off += (uint8_t)n;
	io->produced += n;
}

static bool tail_empty(const struct deflate_state *s)
{
	return s->tail_off == s->tail_len;
}

/* One call of deflate(), into the output or into the tail. */
static int deflate_step(struct deflate_state *s, struct codec_io *io)
{
	bool direct = codec_out_left(io) >= TAIL_ROOM;
	size_t in_left = codec_in_left(io);
	uint32_t in = codec_slice(in_left);
	uint32_t out = direct ? codec_slice(codec_out_left(io)) : TAIL_ROOM;
	int flush = Z_NO_FLUSH, ret;

	if (in == in_left && s->last)
		flush = Z_FINISH;
	else if (in == in_left && io->sync)
		flush = Z_SYNC_FLUSH;

	s->strm.next_in = codec_next_in(io);
	s->strm.avail_in = in;
	s->strm.next_out = direct ? codec_next_out(io) : s->tail;
	s->strm.avail_out = out;
	ret = Z(deflate)(&s->strm, flush);

	io->consumed += in - s->strm.avail_in;
	if (in != s->strm.avail_in)
		s->flushed = false;
	if (direct) {
		io->produced += out - s->strm.avail_out;
	} else {
		s->tail_off = 0;
		s->tail_len = (uint8_t)(out - s->strm.avail_out);
	}
	if (ret == Z_STREAM_END)
		s->ended = true;
	else if (flush == Z_SYNC_FLUSH && s->strm.avail_out)
		s->flushed = true;
	return ret;
}

static enum codec_rc deflate_run(void *state, struct codec_io *io)
{
	struct deflate_state *s = state;
	int ret;

	io->consumed = 0;
	io->produced = 0;
	s->last |= io->last;
	for (;;) {
		tail_drain(s, io);
		if (!tail_empty(s))
			return CODEC_OK;
		if (s->ended)
			return CODEC_END;
		if (!codec_in_left(io) && !s->last && (!io->sync || s->flushed))
			return CODEC_OK;
		/* A full output may have been the end: that, the tail can tell. */
		if (!codec_out_left(io) && (codec_in_left(io) || !s->last))
			return CODEC_OK;
		/* Z_BUF_ERROR only says that a call had nothing to do. */
		ret = deflate_step(s, io);
		/* But with input at hand: the end was announced and written, and this came after it. */
		if (ret == Z_BUF_ERROR && s->strm.avail_in && s->last)
			return CODEC_CORRUPT;
		if (ret != Z_OK && ret != Z_STREAM_END && ret != Z_BUF_ERROR)
			return CODEC_NOMEM;
	}
}

const struct codec_ops Z_CODEC(deflate) = {
	.open = deflate_open,
	.reset = deflate_reset,
	.close = deflate_close,
	.run = deflate_run,
};

struct inflate_state {
	Z_STREAM strm;
	uint8_t format;
	enum codec_rc rc;	/* CODEC_OK until it ends one way or the other */
};

static int inflate_start(struct inflate_state *s, const struct codec_params *p)
{
	s->format = p->format;
	s->rc = CODEC_OK;
	return Z(inflateInit2)(&s->strm, window_bits(p, 15)) == Z_OK ? 0 : -ENOMEM;
}

/* inflateEnd() frees the state and the window, whatever is in them. */
static void inflate_close(void *state)
{
	struct inflate_state *s = state;

	Z(inflateEnd)(&s->strm);
	free(s);
}

static int inflate_open(const struct codec_params *p, unsigned int level, void **state)
{
	struct inflate_state *s = calloc(1, sizeof(*s));
	int ret;

	(void)level;
	if (!s)
		return -ENOMEM;
	ret = inflate_start(s, p);
	if (ret) {
		inflate_close(s);
		return ret;
	}
	*state = s;
	return 0;
}

static int inflate_reset(void *state, const struct codec_params *p, unsigned int level)
{
	struct inflate_state *s = state;

	(void)level;
	if (p && p->format != s->format) {
		Z(inflateEnd)(&s->strm);
		return inflate_start(s, p);
	}
	s->rc = CODEC_OK;
	Z(inflateReset)(&s->strm);
	return 0;
}

/* The library has one code for bad data; only its message tells a bad checksum. */
static enum codec_rc data_error(const char *msg)
{
	static const char *const checks[] = { "incorrect data check", "incorrect length check" };
	size_t i;

	for (i = 0; msg && i < wdi_array_size(checks); i++)
		if (!strcmp(msg, checks[i]))
			return CODEC_CHECKSUM;
	return CODEC_CORRUPT;
}

static enum codec_rc inflate_result(int ret, const char *msg)
{
	switch (ret) {
	case Z_OK:
	case Z_BUF_ERROR:	/* nothing to do without more room or input */
		return CODEC_OK;
	case Z_STREAM_END:
		return CODEC_END;
	case Z_MEM_ERROR:
		return CODEC_NOMEM;
	case Z_DATA_ERROR:
		return data_error(msg);
	default:		/* Z_NEED_DICT: there is no way to give one */
		return CODEC_CORRUPT;
	}
}

static enum codec_rc inflate_run(void *state, struct codec_io *io)
{
	struct inflate_state *s = state;
	uint32_t in, out;
	bool moved;
	int ret;

	io->consumed = 0;
	io->produced = 0;
	do {
		if (s->rc != CODEC_OK)
			break;
		in = codec_slice(codec_in_left(io));
		out = codec_slice(codec_out_left(io));
		s->strm.next_in = codec_next_in(io);
		s->strm.avail_in = in;
		s->strm.next_out = codec_next_out(io);
		s->strm.avail_out = out;
		ret = Z(inflate)(&s->strm, Z_NO_FLUSH);

		io->consumed += in - s->strm.avail_in;
		io->produced += out - s->strm.avail_out;
		moved = in != s->strm.avail_in || out != s->strm.avail_out;
		s->rc = inflate_result(ret, s->strm.msg);
	} while (moved && codec_in_left(io) && codec_out_left(io));
	return s->rc;
}

const struct codec_ops Z_CODEC(inflate) = {
	.open = inflate_open,
	.reset = inflate_reset,
	.close = inflate_close,
	.run = inflate_run,
};
