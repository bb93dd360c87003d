/* SPDX-License-Identifier: MIT */
/*
 * libdeflate: whole jobs in one call, both sides in memory, no window to
 * limit. The row table gives it only jobs for which that is enough.
 */
#ifdef HAVE_LIBDEFLATE
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libdeflate.h>

#include "device/codec_internal.h"

/* Some versions give up unless this much is left over behind the result. */
#define END_SLACK	64

struct compress_state {
	struct libdeflate_compressor *c;
	struct codec_params p;
	uint8_t *slack;		/* here, so that close() finds it after a fault */
};

typedef size_t compress_fn(struct libdeflate_compressor *c, const void *in, size_t in_len,
			   void *out, size_t out_len);

static compress_fn *const compress_fns[] = {
	[SDEV_FMT_DEFLATE] = libdeflate_deflate_compress,
	[SDEV_FMT_ZLIB] = libdeflate_zlib_compress,
	[SDEV_FMT_GZIP] = libdeflate_gzip_compress,
};
static_assert(wdi_array_size(compress_fns) == SDEV_FMT_COUNT, "a function for each format");

static void free_slack(struct compress_state *s)
{
	free(s->slack);
	s->slack = NULL;
}

static int compress_reset(void *state, const struct codec_params *p, unsigned int level)
{
	struct compress_state *s = state;

	(void)level;		/* one row, one level: the compressor fits */
	free_slack(s);
	if (p)
		s->p = *p;
	return 0;
}

static void compress_close(void *state)
{
	struct compress_state *s = state;

	free_slack(s);
	libdeflate_free_compressor(s->c);
	free(s);
}

static int compress_open(const struct codec_params *p, unsigned int level, void **state)
{
	struct compress_state *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->p = *p;
	s->c = libdeflate_alloc_compressor((int)level);
	if (!s->c) {
		free(s);
		return -ENOMEM;
	}
	*state = s;
	return 0;
}

/*
 * The library writes 32K into every zlib header. A decoder that was promised a
 * smaller window may refuse that, so say what holds: no match can reach back
 * farther than the job is long.
 */
static void fix_zlib_window(uint8_t *header, const struct codec_params *p)
{
	unsigned int cmf = (codec_window_bits(p->window) - 8) << 4 | 8;
	unsigned int level = header[1] & 0xc0;

	header[0] = (uint8_t)cmf;
	header[1] = (uint8_t)(level + 31 - (cmf << 8 | level) % 31);
}

static size_t compress_in_slack(struct compress_state *s, const struct codec_io *io)
{
	size_t room = io->out_len + END_SLACK, n;

	s->slack = malloc(room);
	if (!s->slack)
		return 0;
	n = compress_fns[s->p.format](s->c, codec_next_in(io), io->in_len, s->slack, room);
	if (n > io->out_len)
		n = 0;
	if (n)
		memcpy(io->out, s->slack, n);
	free_slack(s);
	return n;
}

static enum codec_rc compress_run(void *state, struct codec_io *io)
{
	struct compress_state *s = state;
	size_t n;

	io->consumed = 0;
	io->produced = 0;
	n = compress_fns[s->p.format](s->c, codec_next_in(io), io->in_len,
				      codec_next_out(io), io->out_len);
	if (!n)
		n = compress_in_slack(s, io);
	if (!n)
		return CODEC_FULL;
	if (s->p.format == SDEV_FMT_ZLIB)
		fix_zlib_window(io->out, &s->p);
	if (s->p.open)
		n = codec_reopen(io->out, n, io->out_len);
	if (!n)
		return CODEC_FULL;
	io->consumed = io->in_len;
	io->produced = n;
	return CODEC_END;
}

const struct codec_ops codec_libdeflate_deflate = {
	.open = compress_open,
	.reset = compress_reset,
	.close = compress_close,
	.run = compress_run,
	.whole = true,
};

struct decompress_state {
	struct libdeflate_decompressor *d;
	uint8_t format;
};

typedef enum libdeflate_result decompress_fn(struct libdeflate_decompressor *d, const void *in,
					     size_t in_len, void *out, size_t out_len,
					     size_t *consumed, size_t *produced);

static decompress_fn *const decompress_fns[] = {
	[SDEV_FMT_DEFLATE] = libdeflate_deflate_decompress_ex,
	[SDEV_FMT_ZLIB] = libdeflate_zlib_decompress_ex,
	[SDEV_FMT_GZIP] = libdeflate_gzip_decompress_ex,
};
static_assert(wdi_array_size(decompress_fns) == SDEV_FMT_COUNT, "a function for each format");

static int decompress_reset(void *state, const struct codec_params *p, unsigned int level)
{
	struct decompress_state *s = state;

	(void)level;
	if (p)
		s->format = p->format;
	return 0;
}

static void decompress_close(void *state)
{
	struct decompress_state *s = state;

	libdeflate_free_decompressor(s->d);
	free(s);
}

static int decompress_open(const struct codec_params *p, unsigned int level, void **state)
{
	struct decompress_state *s = malloc(sizeof(*s));

	(void)level;
	if (!s)
		return -ENOMEM;
	s->format = p->format;
	s->d = libdeflate_alloc_decompressor();
	if (!s->d) {
		free(s);
		return -ENOMEM;
	}
	*state = s;
	return 0;
}

/* The library steps over the CRC-16 of a gzip header: such a job is not for it. */
static bool gzip_has_header_crc(const struct codec_io *io)
{
	return io->in_len > 3 && io->in[3] & 0x02;
}

static enum codec_rc decompress_run(void *state, struct codec_io *io)
{
	struct decompress_state *s = state;
	size_t consumed = 0, produced = 0;

	io->consumed = 0;
	io->produced = 0;
	if (s->format == SDEV_FMT_GZIP && gzip_has_header_crc(io))
		return CODEC_CORRUPT;

	switch (decompress_fns[s->format](s->d, codec_next_in(io), io->in_len, codec_next_out(io),
					  io->out_len, &consumed, &produced)) {
	case LIBDEFLATE_SUCCESS:
		io->consumed = consumed;
		io->produced = produced;
		return CODEC_END;
	case LIBDEFLATE_INSUFFICIENT_SPACE:
		/* or cut short: it reads zeros there, and they are symbols too */
		return CODEC_FULL;
	default:
		return CODEC_CORRUPT;
	}
}

const struct codec_ops codec_libdeflate_inflate = {
	.open = decompress_open,
	.reset = decompress_reset,
	.close = decompress_close,
	.run = decompress_run,
	.whole = true,
	.vague = true,
};

const char *codec_libdeflate_version(void)
{
	return LIBDEFLATE_VERSION_STRING;
}
#endif
