/* SPDX-License-Identifier: MIT */
/*
 * ISA-L: fast low levels with a real window, and a decoder that streams. The
 * library reads wrappers only when the whole header is in one piece, writes
 * 32K into every zlib header, and takes input beyond the end of a stream; what
 * it lacks for exactness is done here.
 */
#ifdef HAVE_ISAL
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <isa-l.h>

#include "device/codec_internal.h"
#include "device/codec_isal_place.h"

#define HEADER_ROOM	16

struct deflate_state {
	struct isal_zstream z;
	struct codec_params p;
	unsigned int level;
	bool last;		/* the end was announced; there is no way back */
	bool flushed;		/* nothing came in since the last sync was done */
	uint8_t header_len;
	uint8_t header_off;
	uint8_t header[HEADER_ROOM];
	uint8_t level_buf[] __attribute__((aligned(WDI_CACHE_LINE)));
};

/*
 * The small buffers: the larger ones are up to 3 % faster on average, but lose
 * ratio on data whose statistics change, and take 200 KiB more a stream.
 */
static const uint32_t level_buf_size[] = {
	ISAL_DEF_LVL0_SMALL, ISAL_DEF_LVL1_SMALL, ISAL_DEF_LVL2_SMALL, ISAL_DEF_LVL3_SMALL,
};
static_assert(wdi_array_size(level_buf_size) == ISAL_DEF_MAX_LEVEL + 1, "a size for each level");

/* Wrapper to be written: the header by us, the trailer by the library. */
static const uint16_t trailer_only[] = {
	[SDEV_FMT_DEFLATE] = IGZIP_DEFLATE,
	[SDEV_FMT_ZLIB] = IGZIP_ZLIB_NO_HDR,
	[SDEV_FMT_GZIP] = IGZIP_GZIP_NO_HDR,
};
static_assert(wdi_array_size(trailer_only) == SDEV_FMT_COUNT, "a wrapper for each format");

static void make_header(struct deflate_state *s, unsigned int window_bits)
{
	struct isal_zlib_header zlib = { .info = window_bits - 8 };
	struct isal_gzip_header gzip;

	s->z.next_out = s->header;
	s->z.avail_out = HEADER_ROOM;
	if (s->p.format == SDEV_FMT_ZLIB) {
		isal_write_zlib_header(&s->z, &zlib);
	} else if (s->p.format == SDEV_FMT_GZIP) {
		isal_gzip_header_init(&gzip);
		isal_write_gzip_header(&s->z, &gzip);
	}
	s->header_len = (uint8_t)(HEADER_ROOM - s->z.avail_out);
	s->header_off = 0;
}

static int deflate_reset(void *state, const struct codec_params *p, unsigned int level)
{
	struct deflate_state *s = state;
	unsigned int window_bits;

	(void)level;		/* one row, one level: the level buffer fits */
	if (p)
		s->p = *p;
	window_bits = codec_window_bits(s->p.window);
	isal_deflate_init(&s->z);
	make_header(s, window_bits);
	s->z.level = s->level;
	s->z.level_buf = s->level_buf;
	s->z.level_buf_size = level_buf_size[s->level];
	s->z.gzip_flag = trailer_only[s->p.format];
	s->z.hist_bits = (uint16_t)window_bits;
	s->last = false;
	s->flushed = false;
	return 0;
}

static int deflate_open(const struct codec_params *p, unsigned int level, void **state)
{
	size_t size = wdi_align_up(sizeof(struct deflate_state) + level_buf_size[level],
				   WDI_CACHE_LINE);
	struct deflate_state *s = aligned_alloc(WDI_CACHE_LINE, size);

	if (!s)
		return -ENOMEM;
	/* Level 3 reads its buffer ahead of what it has written there. */
	memset(s, 0, size);
	s->level = level;
	deflate_reset(s, p, level);
	*state = s;
	return 0;
}

static void state_free(void *state)
{
	free(state);
}

static void header_drain(struct deflate_state *s, struct codec_io *io)
{
	size_t n = wdi_min((size_t)(s->header_len - s->header_off), codec_out_left(io));

	if (!n)
		return;
	memcpy(io->out + io->produced, s->header + s->header_off, n);
	s->header_off += (uint8_t)n;
	io->produced += n;
}

/* The library holds back no input, and its output ends at a byte boundary. */
static bool deflate_idle(const struct deflate_state *s)
{
	const struct isal_zstate *z = &s->z.internal_state;

	return z->state == ZSTATE_NEW_HDR && z->b_bytes_valid == z->b_bytes_processed;
}

/* One call of isal_deflate(). Returns whether it got anywhere. */
static bool deflate_step(struct deflate_state *s, struct codec_io *io)
{
	size_t in_left = codec_in_left(io);
	uint32_t in = codec_slice(in_left);
	uint32_t out = codec_slice(codec_out_left(io));
	bool all = in == in_left;

	s->z.next_in = (uint8_t *)(uintptr_t)codec_next_in(io);	/* only read from */
	s->z.avail_in = in;
	s->z.next_out = codec_next_out(io);
	s->z.avail_out = out;
	s->z.end_of_stream = all && s->last;
	s->z.flush = all && io->sync && !s->last ? SYNC_FLUSH : NO_FLUSH;
	isal_deflate(&s->z);

	io->consumed += in - s->z.avail_in;
	io->produced += out - s->z.avail_out;
	if (in != s->z.avail_in)
		s->flushed = false;
	if (s->z.flush == SYNC_FLUSH && !s->z.avail_in && deflate_idle(s))
		s->flushed = true;
	return in != s->z.avail_in || out != s->z.avail_out;
}

static enum codec_rc deflate_run(void *state, struct codec_io *io)
{
	struct deflate_state *s = state;

	io->consumed = 0;
	io->produced = 0;
	s->last |= io->last;
	header_drain(s, io);
	for (;;) {
		if (s->z.internal_state.state == ZSTATE_END)
			return CODEC_END;
		if (!codec_out_left(io))
			return CODEC_OK;
		if (!codec_in_left(io) && !s->last && (!io->sync || s->flushed))
			return CODEC_OK;
		if (!deflate_step(s, io))
			return CODEC_OK;
	}
}

const struct codec_ops codec_isal_deflate = {
	.open = deflate_open,
	.reset = deflate_reset,
	.close = state_free,
	.run = deflate_run,
};

struct inflate_wrap {
	struct inflate_state z;
	struct inflate_state *probe;	/* made when it is first needed */
	uint8_t ahead;		/* bytes given out that the library has still to give */
	struct isal_gzip_header gzip;
	struct isal_zlib_header zlib;
	uint8_t format;
	bool in_header;
	enum codec_rc rc;	/* CODEC_OK until it ends one way or the other */
};

/* Wrapper to be checked: the header by us, the trailer by the library. */
static const uint32_t verify_only[] = {
	[SDEV_FMT_DEFLATE] = ISAL_DEFLATE,
	[SDEV_FMT_ZLIB] = ISAL_ZLIB_NO_HDR_VER,
	[SDEV_FMT_GZIP] = ISAL_GZIP_NO_HDR_VER,
};
static_assert(wdi_array_size(verify_only) == SDEV_FMT_COUNT, "a wrapper for each format");

static int inflate_reset(void *state, const struct codec_params *p, unsigned int level)
{
	struct inflate_wrap *s = state;

	(void)level;
	if (p)
		s->format = p->format;
	isal_inflate_init(&s->z);
	s->z.crc_flag = verify_only[s->format];
	memset(&s->gzip, 0, sizeof(s->gzip));
	memset(&s->zlib, 0, sizeof(s->zlib));
	s->in_header = s->format != SDEV_FMT_DEFLATE;
	s->ahead = 0;
	s->rc = CODEC_OK;
	return 0;
}

static void inflate_close(void *state)
{
	struct inflate_wrap *s = state;

	free(s->probe);
	free(s);
}

static int inflate_open(const struct codec_params *p, unsigned int level, void **state)
{
	struct inflate_wrap *s;

	s = aligned_alloc(WDI_CACHE_LINE, wdi_align_up(sizeof(*s), WDI_CACHE_LINE));
	if (!s)
		return -ENOMEM;
	s->probe = NULL;
	inflate_reset(s, p, level);
	*state = s;
	return 0;
}

/*
 * The header, possibly in pieces. The library accepts reserved gzip flags,
 * windows that do not exist and preset dictionaries; the formats, or we, do not.
 */
static enum codec_rc read_header(struct inflate_wrap *s)
{
	bool good;
	int ret;

	if (s->format == SDEV_FMT_GZIP) {
		ret = isal_read_gzip_header(&s->z, &s->gzip);
		good = !(s->gzip.flags & 0xe0);
	} else {
		ret = isal_read_zlib_header(&s->z, &s->zlib);
		good = !s->zlib.dict_flag && s->zlib.info <= 7;
	}
	if (ret < 0 || !good)
		return CODEC_CORRUPT;
	s->in_header = ret == ISAL_END_INPUT;
	return CODEC_OK;
}

static enum codec_rc inflate_result(const struct inflate_wrap *s, int ret)
{
	if (ret == ISAL_INCORRECT_CHECKSUM)
		return CODEC_CHECKSUM;
	if (ret < 0)
		return CODEC_CORRUPT;
	return s->z.block_state == ISAL_BLOCK_FINISH ? CODEC_END : CODEC_OK;
}

/* Decoded bytes that wait in the library for room in the output. */
static bool inflate_pending(const struct inflate_wrap *s)
{
	return s->z.tmp_out_valid != s->z.tmp_out_processed;
}

/*
 * How many bytes of those taken by this call to give back: the whole ones in
 * the bit buffer that may lie beyond the end of the stream. At the end they
 * do. As long as decoded bytes are pending, the decoder may have stopped in
 * front of the end. In all other cases it stopped for want of input, and the
 * bit buffer holds the start of something that is not complete yet.
 */
static uint32_t give_back(struct inflate_wrap *s, uint32_t taken)
{
	uint32_t n = s->z.read_in_length > 0 ? (uint32_t)s->z.read_in_length / 8 : 0;

	/* A partial block header stands in tmp_in, in order behind the bits. */
	if (s->rc != CODEC_END && (!inflate_pending(s) || s->z.tmp_in_size))
		return 0;
	n = wdi_min(n, taken);
	if (!n)
		return 0;
	s->z.read_in_length -= (int32_t)(8 * n);
	s->z.read_in &= ((uint64_t)1 << s->z.read_in_length) - 1;
	return n;
}

static void inflate_step(struct inflate_wrap *s, struct codec_io *io)
{
	uint32_t in = codec_slice(codec_in_left(io));
	uint32_t out = codec_slice(codec_out_left(io)), taken;

	s->z.next_in = (uint8_t *)(uintptr_t)codec_next_in(io);	/* only read from */
	s->z.avail_in = in;
	s->z.next_out = codec_next_out(io);
	s->z.avail_out = out;
	if (s->in_header)
		s->rc = read_header(s);
	if (s->rc == CODEC_OK && !s->in_header)
		s->rc = inflate_result(s, isal_inflate(&s->z));
	/* With the output exactly full, look ahead for the end, or for more. */
	if (s->rc == CODEC_OK && !s->in_header && !s->z.avail_out && !inflate_pending(s))
		s->rc = inflate_result(s, isal_inflate(&s->z));

	/* After an error the library may count a byte more than there was. */
	taken = wdi_min(in - s->z.avail_in, in);
	io->consumed += taken - give_back(s, taken);
	io->produced += out - s->z.avail_out;
}

/*
 * The library looks codes up in groups, and takes none of a group that goes on
 * beyond the input: literals whose bits are all there would wait for the next
 * input. What they are shows when a second decoder goes on from the same bits
 * twice, once with zeros behind them and once with ones: codes are free of
 * prefixes, so both give the same symbol exactly as long as no bit behind the
 * input was needed. It has no distance codes, so that it stops at a match.
 */
#define PROBE_PAD	2
#define PROBE_OUT	16

static size_t probe_go_on(const struct inflate_wrap *s, uint8_t pad, uint8_t *out)
{
	struct inflate_state *z = s->probe;
	uint8_t behind[PROBE_PAD];

	memset(behind, pad, sizeof(behind));
	isal_inflate_reset(z);
	z->lit_huff_code = s->z.lit_huff_code;
	memset(&z->dist_huff_code, 0, sizeof(z->dist_huff_code));
	z->block_state = ISAL_BLOCK_CODED;
	z->read_in_length = s->z.read_in_length;
	z->read_in = s->z.read_in & (((uint64_t)1 << z->read_in_length) - 1);
	z->next_in = behind;
	z->avail_in = sizeof(behind);
	z->next_out = out;
	z->avail_out = PROBE_OUT;
	isal_inflate(z);
	return PROBE_OUT - z->avail_out;
}

static void inflate_held_back(struct inflate_wrap *s, struct codec_io *io)
{
	uint8_t zeros[PROBE_OUT], ones[PROBE_OUT];
	size_t n, same = 0;

	if (s->rc != CODEC_OK || codec_in_left(io) || !codec_out_left(io) || s->in_header ||
	    s->z.block_state != ISAL_BLOCK_CODED || inflate_pending(s) ||
	    s->z.copy_overflow_length || s->z.read_in_length <= 0 || s->z.read_in_length > 48)
		return;
	if (!s->probe) {
		s->probe = malloc(sizeof(*s->probe));
		if (!s->probe)
			return;
		isal_inflate_init(s->probe);
	}
	n = probe_go_on(s, 0x00, zeros);
	n = wdi_min(n, probe_go_on(s, 0xff, ones));
	/* Some of them may be out already, if there was no room for all. */
	n = wdi_min(n, s->ahead + codec_out_left(io));
	while (same < n && zeros[same] == ones[same])
		same++;
	if (same <= s->ahead)
		return;
	n = same - s->ahead;
	memcpy(codec_next_out(io), zeros + s->ahead, n);
	io->produced += n;
	s->ahead = (uint8_t)same;
}

/* Take from the library what was given out before. */
static void inflate_catch_up(struct inflate_wrap *s, struct codec_io *io)
{
	uint8_t known[PROBE_OUT];
	struct codec_io again = {
		.in = codec_next_in(io), .in_len = codec_in_left(io), .out = known,
		.out_len = s->ahead,
	};

	inflate_step(s, &again);
	io->consumed += again.consumed;
	s->ahead -= (uint8_t)again.produced;
}

static enum codec_rc inflate_run(void *state, struct codec_io *io)
{
	struct inflate_wrap *s = state;
	size_t consumed, produced;

	io->consumed = 0;
	io->produced = 0;
	if (s->ahead && codec_in_left(io))
		inflate_catch_up(s, io);
	/* As long as the library does not come to where we are, it has nothing new. */
	do {
		if (s->rc != CODEC_OK || s->ahead)
			break;
		consumed = io->consumed;
		produced = io->produced;
		inflate_step(s, io);
	} while ((io->consumed != consumed || io->produced != produced) &&
		 codec_in_left(io) && codec_out_left(io));
	inflate_held_back(s, io);
	return s->rc;
}

static int inflate_tell(void *state, struct sdev_place *place)
{
	const struct inflate_wrap *s = state;

	if (s->rc != CODEC_OK || s->in_header || inflate_pending(s))
		return -EAGAIN;
	place->behind = s->ahead;
	return codec_isal_place(&s->z, place);
}

const struct codec_ops codec_isal_inflate = {
	.open = inflate_open,
	.reset = inflate_reset,
	.close = inflate_close,
	.run = inflate_run,
	.tell = inflate_tell,
};

#define STRING(x)	#x
#define VERSION(a, b, c) STRING(a) "." STRING(b) "." STRING(c)

const char *codec_isal_version(void)
{
	return VERSION(ISAL_MAJOR_VERSION, ISAL_MINOR_VERSION, ISAL_PATCH_VERSION);
}
#endif
