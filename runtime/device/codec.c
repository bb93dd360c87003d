/* SPDX-License-Identifier: MIT */
/*
 * Which library runs a job, in one table, and the two ways to run one: all at
 * once in a lane, or piece by piece in a stream.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "device/codec_internal.h"

uint8_t codec_nowhere[1];

#define BLOCK		0x1
#define STREAM		0x2
#define BOTH		(BLOCK | STREAM)

#define ALL_FORMATS	((1u << SDEV_FMT_COUNT) - 1)
#define ANY_SIZE	SIZE_MAX

/*
 * A library that takes only whole jobs holds its thread until one is done: a
 * cancel or a reset waits for as long as this many bytes take.
 */
#define WHOLE_MAX	((size_t)64 << 20)

/* The level that was asked for, as far as the library goes. */
#define AS_ASKED	0
#define ZLIB_LEVEL_MAX	9

struct codec_row {
	uint8_t engine;		/* enum sdev_engine */
	uint8_t dir;		/* enum codec_dir */
	uint8_t use;		/* BLOCK, STREAM */
	uint8_t formats;	/* bit an enum sdev_format */
	uint8_t level_min;
	uint8_t level_max;
	uint8_t lib_level;
	bool short_window;	/* can limit match distances */
	size_t max_in;
	const struct codec_ops *ops;	/* NULL: not built in */
};

#define COMPRESS(engine_, use_, min_, max_, lib_level_, short_, max_in_, ops_) { \
	.engine = SDEV_ENGINE_##engine_, .dir = CODEC_COMPRESS, .use = (use_), \
	.formats = ALL_FORMATS, .level_min = (min_), .level_max = (max_), \
	.lib_level = (lib_level_), .short_window = (short_), .max_in = (max_in_), .ops = (ops_) }

#define DECOMPRESS(engine_, use_, max_in_, ops_) { \
	.engine = SDEV_ENGINE_##engine_, .dir = CODEC_DECOMPRESS, .use = (use_), \
	.formats = ALL_FORMATS, .level_min = 0, .level_max = UINT8_MAX, \
	.short_window = true, .max_in = (max_in_), .ops = (ops_) }

/*
 * The first row that fits runs the job. At levels 1 to 9 each row is the
 * fastest that keeps 0.995 of zlib's ratio at the same level in the mean over
 * the corpus, and 0.96 on each file, in blocks of 64 KiB and of 1 MiB (ISA-L:
 * in streams too). docs/design.md has the measurements; zlib-ng's rows are not
 * from them. The rows of zlib at the end fit everything.
 */
static const struct codec_row rows[] = {
	COMPRESS(ISAL,       BOTH,   1,  1,  1, true,  ANY_SIZE,  CODEC_ISAL(deflate)),
	COMPRESS(LIBDEFLATE, BLOCK,  1,  2,  1, false, WHOLE_MAX, CODEC_LIBDEFLATE(deflate)),
	COMPRESS(ISAL,       BOTH,   2,  2,  3, true,  ANY_SIZE,  CODEC_ISAL(deflate)),
	COMPRESS(LIBDEFLATE, BLOCK,  3,  4,  3, false, WHOLE_MAX, CODEC_LIBDEFLATE(deflate)),
	COMPRESS(LIBDEFLATE, BLOCK,  5,  5,  5, false, WHOLE_MAX, CODEC_LIBDEFLATE(deflate)),
	COMPRESS(LIBDEFLATE, BLOCK,  6,  6,  6, false, WHOLE_MAX, CODEC_LIBDEFLATE(deflate)),
	COMPRESS(LIBDEFLATE, BLOCK,  7,  7,  7, false, WHOLE_MAX, CODEC_LIBDEFLATE(deflate)),
	COMPRESS(LIBDEFLATE, BLOCK,  8,  9,  8, false, WHOLE_MAX, CODEC_LIBDEFLATE(deflate)),
	COMPRESS(LIBDEFLATE, BLOCK, 10, 11, 10, false, WHOLE_MAX, CODEC_LIBDEFLATE(deflate)),
	COMPRESS(LIBDEFLATE, BLOCK, 12, 13, 11, false, WHOLE_MAX, CODEC_LIBDEFLATE(deflate)),
	COMPRESS(LIBDEFLATE, BLOCK, 14, 15, 12, false, WHOLE_MAX, CODEC_LIBDEFLATE(deflate)),
	COMPRESS(ZLIB_NG,    BOTH,   3,  4,  3, true,  ANY_SIZE,  CODEC_ZLIB_NG(deflate)),
	COMPRESS(ZLIB_NG,    BOTH,   5,  5,  6, true,  ANY_SIZE,  CODEC_ZLIB_NG(deflate)),
	COMPRESS(ZLIB_NG,    BOTH,   6,  7,  7, true,  ANY_SIZE,  CODEC_ZLIB_NG(deflate)),
	COMPRESS(ZLIB_NG,    BOTH,   8, 15,  9, true,  ANY_SIZE,  CODEC_ZLIB_NG(deflate)),
	DECOMPRESS(LIBDEFLATE, BLOCK, WHOLE_MAX, CODEC_LIBDEFLATE(inflate)),
	DECOMPRESS(ISAL,       BOTH,  ANY_SIZE,  CODEC_ISAL_INFLATE),
	DECOMPRESS(ZLIB_NG,    BOTH,  ANY_SIZE,  CODEC_ZLIB_NG(inflate)),

	COMPRESS(ZLIB, BOTH, SDEV_LEVEL_MIN, SDEV_LEVEL_MAX, AS_ASKED, true, ANY_SIZE,
		 &codec_zlib_deflate),
	DECOMPRESS(ZLIB, BOTH, ANY_SIZE, &codec_zlib_inflate),
};

#define ROW_COUNT	wdi_array_size(rows)
static const struct codec_row *const last_resort[] = {
	[CODEC_COMPRESS] = &rows[ROW_COUNT - 2],
	[CODEC_DECOMPRESS] = &rows[ROW_COUNT - 1],
};

/* The last levels of the libdeflate and zlib-ng rows are these. */
static_assert(SDEV_LEVEL_MIN == 1 && SDEV_LEVEL_MAX == 15, "rows for every level");

static bool row_fits(const struct codec_row *row, const struct codec_params *p,
		     unsigned int use, size_t in_len, uint32_t enabled)
{
	if (!row->ops || row->dir != p->dir || !(row->use & use))
		return false;
	if (!(enabled >> row->engine & 1) || !(row->formats >> p->format & 1))
		return false;
	if (in_len > row->max_in)
		return false;
	if (p->dir == CODEC_DECOMPRESS)
		return true;
	if (p->level < row->level_min || p->level > row->level_max)
		return false;
	/* No match is longer than the job: a short one needs no limit. */
	return row->short_window || codec_window_bits(p->window) == 15 ||
	       in_len <= (size_t)1 << codec_window_bits(p->window);
}

static const struct codec_row *pick(const struct codec_params *p, unsigned int use,
				    size_t in_len, uint32_t enabled)
{
	size_t i;

	for (i = 0; i < ROW_COUNT; i++)
		if (row_fits(&rows[i], p, use, in_len, enabled))
			return &rows[i];
	return NULL;
}

const struct codec_row *codec_pick_block(const struct codec_params *p, size_t in_len,
					 uint32_t enabled)
{
	return pick(p, BLOCK, in_len, enabled);
}

const struct codec_row *codec_pick_stream(const struct codec_params *p, uint32_t enabled)
{
	const struct codec_row *row = pick(p, STREAM, 0, enabled);

	return row ? row : last_resort[p->dir];
}

unsigned int codec_row_engine(const struct codec_row *row)
{
	return row->engine;
}

static const struct {
	const char *name;
	const char *(*version)(void);
} engines[] = {
	[SDEV_ENGINE_NONE] = { "none", NULL },
	[SDEV_ENGINE_ZLIB] = { "zlib", codec_zlib_version },
	[SDEV_ENGINE_ISAL] = { "isa-l", CODEC_ISAL_VERSION },
	[SDEV_ENGINE_LIBDEFLATE] = { "libdeflate", CODEC_LIBDEFLATE_VERSION },
	[SDEV_ENGINE_ZLIB_NG] = { "zlib-ng", CODEC_ZLIB_NG_VERSION },
};
static_assert(wdi_array_size(engines) == SDEV_ENGINE_CODECS, "a name for each engine");

uint32_t codec_built_in(void)
{
	uint32_t mask = 0;
	unsigned int i;

	for (i = 0; i < SDEV_ENGINE_CODECS; i++)
		if (engines[i].version)
			mask |= 1u << i;
	return mask;
}

const char *codec_engine_name(unsigned int engine)
{
	return engine < SDEV_ENGINE_CODECS ? engines[engine].name : "unknown";
}

const char *codec_engine_version(unsigned int engine)
{
	if (engine >= SDEV_ENGINE_CODECS || !engines[engine].version)
		return "not built in";
	return engines[engine].version();
}

/*
 * The worst is zlib with a window shorter than a block of its symbols: it can
 * neither store nor match, and codes literals with 9 bits. The rest covers
 * block headers of the other libraries, wrappers, and tiny jobs.
 */
size_t codec_bound(size_t in_len)
{
	return in_len + in_len / 8 + in_len / 64 + 256;
}

/* A state for each row, because a state fits one library at one level. */
struct codec_lane {
	void *state[ROW_COUNT];
};

struct codec_lane *codec_lane_new(void)
{
	return calloc(1, sizeof(struct codec_lane));
}

void codec_lane_discard(struct codec_lane *lane)
{
	size_t i;

	for (i = 0; i < ROW_COUNT; i++) {
		if (lane->state[i])
			rows[i].ops->close(lane->state[i]);
		lane->state[i] = NULL;
	}
}

void codec_lane_free(struct codec_lane *lane)
{
	if (!lane)
		return;
	codec_lane_discard(lane);
	free(lane);
}

static unsigned int lib_level(const struct codec_row *row, const struct codec_params *p)
{
	if (row->lib_level != AS_ASKED)
		return row->lib_level;
	return wdi_min(p->level, ZLIB_LEVEL_MAX);
}

/* The lane's state for this row, ready for a job. NULL: no memory. */
static void *lane_state(struct codec_lane *lane, const struct codec_row *row,
			const struct codec_params *p)
{
	void **state = &lane->state[row - rows];
	unsigned int level = lib_level(row, p);

	if (!*state)
		return row->ops->open(p, level, state) ? NULL : *state;
	if (row->ops->reset(*state, p, level)) {
		row->ops->close(*state);
		*state = NULL;
	}
	return *state;
}

/*
 * A decoder stopped with the output full. That is too small an output only if
 * there is more to come; the end of the data, its checksum, or its sudden end
 * may be next as well. One more byte of room tells.
 */
static enum codec_rc probe_end(const struct codec_row *row, void *state, struct codec_io *io)
{
	uint8_t spare;
	struct codec_io probe = {
		.in = codec_next_in(io),
		.in_len = codec_in_left(io),
		.out = &spare,
		.out_len = sizeof(spare),
	};
	enum codec_rc rc = row->ops->run(state, &probe);

	io->consumed += probe.consumed;
	if (probe.produced)
		return CODEC_FULL;
	return rc == CODEC_OK ? CODEC_TRUNCATED : rc;
}

static enum codec_rc run_whole(const struct codec_row *row, void *state,
			       const struct codec_params *p, struct codec_io *io)
{
	enum codec_rc rc = row->ops->run(state, io);

	if (rc != CODEC_OK)
		return rc;
	/* Left open it has no end, but with room left over it has been flushed. */
	if (p->open && !codec_in_left(io) && codec_out_left(io))
		return CODEC_END;
	if (p->dir == CODEC_COMPRESS)
		return CODEC_FULL;
	return codec_out_left(io) ? CODEC_TRUNCATED : probe_end(row, state, io);
}

enum codec_rc codec_block(const struct codec_row *row, struct codec_lane *lane,
			  const struct codec_params *p, struct codec_io *io)
{
	struct codec_io job = *io;
	enum codec_rc rc = CODEC_NOMEM;
	void *state = lane_state(lane, row, p);

	job.last = !p->open;
	job.sync = p->open;
	job.consumed = 0;
	job.produced = 0;
	if (state)
		rc = run_whole(row, state, p, &job);
	io->consumed = job.consumed;
	io->produced = job.produced;
	/* It failed, so there is time: zlib runs it again and says what is wrong. */
	if (rc != CODEC_END && rc != CODEC_NOMEM && row->ops->vague)
		return codec_block(last_resort[p->dir], lane, p, io);
	return rc;
}

int codec_stream_open(const struct codec_row *row, const struct codec_params *p, void **state)
{
	return row->ops->open(p, lib_level(row, p), state);
}

enum codec_rc codec_stream_run(const struct codec_row *row, void *state, struct codec_io *io)
{
	return row->ops->run(state, io);
}

int codec_stream_reset(const struct codec_row *row, void *state)
{
	return row->ops->reset(state, NULL, 0);
}

int codec_stream_tell(const struct codec_row *row, void *state, struct sdev_place *place)
{
	return row->ops->tell ? row->ops->tell(state, place) : -ENOTSUP;
}

void codec_stream_close(const struct codec_row *row, void *state)
{
	row->ops->close(state);
}
