/* SPDX-License-Identifier: MIT */
/*
 * Compression engines: what the device calls to turn bytes into bytes. A
 * codec works on plain memory that it may trust; addresses of clients never
 * get here untranslated. It may scribble anywhere inside [out, out + out_len)
 * while it runs, so the caller passes memory of its own and copies out what
 * was produced.
 */
#ifndef WEFT_DEVICE_CODEC_H
#define WEFT_DEVICE_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum codec_dir {
	CODEC_COMPRESS,
	CODEC_DECOMPRESS,
};

enum codec_rc {
	CODEC_OK,		/* run: took what it could; call again with more in or out */
	CODEC_END,		/* the whole of the data is out */
	CODEC_FULL,		/* block: out_len is too small; nothing is promised about out */
	CODEC_CORRUPT,
	CODEC_CHECKSUM,
	CODEC_TRUNCATED,	/* block: input ends before the data does */
	CODEC_NOMEM,
};

struct codec_params {
	uint8_t dir;		/* enum codec_dir */
	uint8_t format;		/* enum sdev_format */
	uint8_t level;		/* 1..15, compress only */
	uint8_t window;		/* enum sdev_window, compress only */
	bool open;		/* compress a block, raw: no final block, ends on a byte */
};

struct codec_io {
	const uint8_t *in;
	size_t in_len;
	uint8_t *out;
	size_t out_len;
	bool last;		/* compress: finish after this input */
	bool sync;		/* compress: byte-align after this input */
	size_t consumed;	/* set on return, also on errors */
	size_t produced;
};

struct codec_row;
struct sdev_place;

/*
 * Scratch memory of one engine thread, reused from job to job: compressor and
 * decompressor state of every library. Not to be shared between threads.
 * After a fault threw the thread out of a codec, call codec_lane_discard().
 */
struct codec_lane;
struct codec_lane *codec_lane_new(void);
void codec_lane_discard(struct codec_lane *lane);
void codec_lane_free(struct codec_lane *lane);

/*
 * codec_pick_block() - the row that runs a whole job of in_len bytes at once,
 * or NULL if none of the enabled libraries can without streaming.
 * codec_pick_stream() - the row for a stream; never NULL (zlib is always there).
 * @enabled: bit (1 << enum sdev_engine) for each library that may be used.
 */
const struct codec_row *codec_pick_block(const struct codec_params *p, size_t in_len,
					 uint32_t enabled);
const struct codec_row *codec_pick_stream(const struct codec_params *p, uint32_t enabled);

/* Which libraries this build has; zlib's bit is always set. */
uint32_t codec_built_in(void);
const char *codec_engine_name(unsigned int engine);	/* "zlib", "isa-l", ... */
const char *codec_engine_version(unsigned int engine);
unsigned int codec_row_engine(const struct codec_row *row);

/* Largest output of a block compression of in_len bytes, any library, any format. */
size_t codec_bound(size_t in_len);

/*
 * codec_block() - run a whole job: CODEC_END, CODEC_FULL, CODEC_CORRUPT,
 * CODEC_CHECKSUM, CODEC_TRUNCATED or CODEC_NOMEM. Decompression stops at the
 * end of the first stream or gzip member; consumed says where.
 */
enum codec_rc codec_block(const struct codec_row *row, struct codec_lane *lane,
			  const struct codec_params *p, struct codec_io *io);

/*
 * Streams. codec_stream_open() stores the state in *state and returns 0 or a
 * negative errno. codec_stream_run() returns CODEC_OK, CODEC_END, CODEC_CORRUPT,
 * CODEC_CHECKSUM or CODEC_NOMEM; with CODEC_OK it has stopped because the input
 * is used up or the output is full, whichever came first, and with last or
 * sync set it has to be called until output is left over. After CODEC_END it
 * consumes and produces nothing until reset. No bytes beyond the end of the
 * stream are consumed.
 */
int codec_stream_open(const struct codec_row *row, const struct codec_params *p, void **state);
enum codec_rc codec_stream_run(const struct codec_row *row, void *state, struct codec_io *io);
int codec_stream_reset(const struct codec_row *row, void *state);

/*
 * codec_stream_tell() - where a decompressing stream is, see struct sdev_place.
 * 0; -EAGAIN: it holds back output, or is in its wrapper or at its end; -ENOTSUP.
 */
int codec_stream_tell(const struct codec_row *row, void *state, struct sdev_place *place);
void codec_stream_close(const struct codec_row *row, void *state);

#endif
