/* SPDX-License-Identifier: MIT */
/*
 * Between codec.c, which chooses a library, and the back ends, which wrap one
 * library each. A back end is one const table a direction; all state lives in
 * what open() returns.
 */
#ifndef WEFT_DEVICE_CODEC_INTERNAL_H
#define WEFT_DEVICE_CODEC_INTERNAL_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "device/codec.h"
#include "hw/sdev_hw.h"
#include "util/bits.h"

struct codec_ops {
	/*
	 * open() makes a state that is ready for a job; @level is the library's
	 * own scale, 0 where the library has none. reset() makes it ready for
	 * the next job, with other parameters unless @p is NULL, and may fail
	 * only then. Both return 0 or a negative errno.
	 *
	 * A thread may be thrown out of run() by a fault. reset() and close()
	 * must still be safe then: they go by what open() allocated and by
	 * nothing that run() was in the middle of changing.
	 */
	int (*open)(const struct codec_params *p, unsigned int level, void **state);
	int (*reset)(void *state, const struct codec_params *p, unsigned int level);
	void (*close)(void *state);

	/* As codec_stream_run(); with @whole as codec_block(), one job a reset. */
	enum codec_rc (*run)(void *state, struct codec_io *io);

	/* As codec_stream_tell(); NULL: it cannot. */
	int (*tell)(void *state, struct sdev_place *place);

	bool whole;		/* takes a job only all at once: cannot stream */
	bool vague;		/* which error it returns from run() is a guess */
};

/* Libraries count bytes in 32 bits; longer jobs go through in slices. */
#define CODEC_SLICE		((size_t)1 << 30)

/* log2 of the longest match distance. No library does 24K: 16K keeps the promise. */
static inline unsigned int codec_window_bits(unsigned int window)
{
	static const uint8_t bits[] = {
		[SDEV_WIN_4K] = 12,
		[SDEV_WIN_8K] = 13,
		[SDEV_WIN_16K] = 14,
		[SDEV_WIN_24K] = 14,
		[SDEV_WIN_32K] = 15,
	};

	static_assert(wdi_array_size(bits) == SDEV_WIN_COUNT, "a width for each window");
	return bits[window];
}

static inline bool codec_same_params(const struct codec_params *a, const struct codec_params *b)
{
	return a->format == b->format && a->level == b->level && a->window == b->window;
}

/* What is left of a job, and what a call of a library did to it. */
static inline size_t codec_in_left(const struct codec_io *io)
{
	return io->in_len - io->consumed;
}

static inline size_t codec_out_left(const struct codec_io *io)
{
	return io->out_len - io->produced;
}

static inline uint32_t codec_slice(size_t left)
{
	return (uint32_t)wdi_min(left, CODEC_SLICE);
}

/*
 * Libraries refuse NULL, or do arithmetic on it, even where the length is 0.
 * This address stands in; nothing is read or written there.
 */
extern uint8_t codec_nowhere[1];

static inline const uint8_t *codec_next_in(const struct codec_io *io)
{
	return io->in ? io->in + io->consumed : codec_nowhere;
}

static inline uint8_t *codec_next_out(const struct codec_io *io)
{
	return io->out ? io->out + io->produced : codec_nowhere;
}

/*
 * codec_reopen() - turn a whole raw deflate stream into one that goes on: its
 * last block is not the last any more, and an empty stored block behind it ends
 * on a byte. The new length, or 0: @room bytes are not enough (10 more than
 * @len always are), or it is no deflate stream; then nothing was written.
 */
size_t codec_reopen(uint8_t *buf, size_t len, size_t room);

extern const struct codec_ops codec_zlib_deflate;
extern const struct codec_ops codec_zlib_inflate;
const char *codec_zlib_version(void);

/*
 * The row table names back ends through these: a library that is not built in
 * leaves a row without operations, and such a row never matches.
 */
#ifdef HAVE_ISAL
extern const struct codec_ops codec_isal_deflate;
extern const struct codec_ops codec_isal_inflate;
const char *codec_isal_version(void);
#define CODEC_ISAL(what)	(&codec_isal_##what)
#define CODEC_ISAL_VERSION	codec_isal_version
#else
#define CODEC_ISAL(what)	NULL
#define CODEC_ISAL_VERSION	NULL
#endif

/* ISA-L before 2.32 has wrong results from its aarch64 decoder. */
#ifdef __x86_64__
#define CODEC_ISAL_INFLATE	CODEC_ISAL(inflate)
#else
#define CODEC_ISAL_INFLATE	NULL
#endif

#ifdef HAVE_LIBDEFLATE
extern const struct codec_ops codec_libdeflate_deflate;
extern const struct codec_ops codec_libdeflate_inflate;
const char *codec_libdeflate_version(void);
#define CODEC_LIBDEFLATE(what)	(&codec_libdeflate_##what)
#define CODEC_LIBDEFLATE_VERSION	codec_libdeflate_version
#else
#define CODEC_LIBDEFLATE(what)	NULL
#define CODEC_LIBDEFLATE_VERSION	NULL
#endif

#ifdef HAVE_ZLIB_NG
extern const struct codec_ops codec_zlib_ng_deflate;
extern const struct codec_ops codec_zlib_ng_inflate;
const char *codec_zlib_ng_version(void);
#define CODEC_ZLIB_NG(what)	(&codec_zlib_ng_##what)
#define CODEC_ZLIB_NG_VERSION	codec_zlib_ng_version
#else
#define CODEC_ZLIB_NG(what)	NULL
#define CODEC_ZLIB_NG_VERSION	NULL
#endif

#endif
