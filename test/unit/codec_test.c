/* SPDX-License-Identifier: MIT */
/*
 * The compression engines against zlib as the judge: every row of the table,
 * every mask of libraries, whole jobs and streams down to one byte at a time,
 * and input that lies. Buffers end at a guard page, so that reading or writing
 * beyond one is a crash.
 */
#include "unit.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ZLIB_CONST
#include <zlib.h>

#include "device/codec.h"
#include "hw/sdev_hw.h"
#include "util/bits.h"

/* ck_assert() leaves a mark each time it passes: too slow for every byte. */
#define require(cond, ...) \
	do { \
		if (!(cond)) \
			ck_abort_msg(__VA_ARGS__); \
	} while (0)

#define ROOM		(512u << 10)
#define ZLIB_ONLY	(1u << SDEV_ENGINE_ZLIB)
#define ENGINE_MASKS	(1u << SDEV_ENGINE_CODECS)

enum kind { TEXT, RANDOM, ZEROS, RUNS, KIND_COUNT };

static uint8_t *plain, *packed, *unpacked, *judged;	/* ROOM each, guarded at the end */
static struct codec_lane *lane;
static uint32_t seed;

static uint32_t next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed;
}

static void fill(enum kind kind, uint8_t *buf, size_t n)
{
	static const char words[] = "the device completes every descriptor that it accepted; ";
	size_t i = 0, run;
	uint8_t c;

	seed = 0x9e3779b9u + kind;
	while (i < n) {
		run = 1;
		c = (uint8_t)next_random();
		if (kind == TEXT) {
			size_t at = next_random() % (sizeof(words) - 1);

			for (run = 3 + next_random() % 9; run && i < n; run--)
				buf[i++] = (uint8_t)words[at++ % (sizeof(words) - 1)];
			continue;
		}
		if (kind == ZEROS)
			c = 0;
		if (kind == RUNS)
			run = 1 + next_random() % 700;
		for (; run && i < n; run--)
			buf[i++] = c;
	}
}

static uint8_t *guarded(size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *p = mmap(NULL, size + page, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(p, MAP_FAILED);
	ck_assert_int_eq(mprotect(p + size, page, PROT_NONE), 0);
	return p;
}

static void setup(void)
{
	plain = guarded(ROOM);
	packed = guarded(ROOM);
	unpacked = guarded(ROOM);
	judged = guarded(ROOM);
	lane = codec_lane_new();
	ck_assert_ptr_nonnull(lane);
}

static void teardown(void)
{
	codec_lane_free(lane);
	munmap(plain, ROOM);
	munmap(packed, ROOM);
	munmap(unpacked, ROOM);
	munmap(judged, ROOM);
}

/* The last @n bytes of a guarded buffer. */
static uint8_t *tail(uint8_t *buf, size_t n)
{
	return buf + ROOM - n;
}

static int zlib_bits(unsigned int format, int bits)
{
	static const int sign[] = { -1, 1, 1 }, add[] = { 0, 0, 16 };

	return sign[format] * bits + add[format];
}

struct verdict {
	int ret;	/* of inflate() */
	size_t consumed;
	size_t produced;
};

/*
 * What zlib says. Output goes through @piece bytes at a time: the smaller, the
 * stricter inflate() is about distances beyond its window.
 */
static struct verdict judge(unsigned int format, int bits, const uint8_t *in, size_t len,
			    size_t piece)
{
	struct verdict v = { Z_OK, 0, 0 };
	z_stream z = { .next_in = in, .avail_in = (uInt)len };

	ck_assert_int_eq(inflateInit2(&z, zlib_bits(format, bits)), Z_OK);
	while (v.ret == Z_OK) {
		z.next_out = judged + v.produced;
		z.avail_out = (uInt)wdi_min(piece, ROOM - v.produced);
		v.ret = inflate(&z, Z_SYNC_FLUSH);
		v.produced = z.total_out;
	}
	v.consumed = z.total_in;
	inflateEnd(&z);
	return v;
}

static const int window_bits[] = {
	[SDEV_WIN_4K] = 12, [SDEV_WIN_8K] = 13, [SDEV_WIN_16K] = 14,
	[SDEV_WIN_24K] = 14, [SDEV_WIN_32K] = 15,
};

static struct codec_params params(unsigned int dir, unsigned int format, unsigned int level,
				  unsigned int window)
{
	return (struct codec_params){ (uint8_t)dir, (uint8_t)format, (uint8_t)level,
				      (uint8_t)window, false };
}

static enum codec_rc block(const struct codec_params *p, uint32_t mask, struct codec_io *io)
{
	const struct codec_row *row = codec_pick_block(p, io->in_len, mask);

	require(row, "no row for dir %u level %u window %u mask %#x", p->dir, p->level, p->window,
		mask);
	return codec_block(row, lane, p, io);
}

/* Decompress a whole job from the end of one guarded buffer to that of another. */
static enum codec_rc unpack(uint32_t mask, unsigned int format, const uint8_t *in, size_t in_len,
			    size_t out_len, struct codec_io *io)
{
	struct codec_params p = params(CODEC_DECOMPRESS, format, 0, 0);

	*io = (struct codec_io){ .in = in, .in_len = in_len, .out = tail(unpacked, out_len),
				 .out_len = out_len };
	return block(&p, mask, io);
}

/* A small valid stream by zlib itself. Returns its length. */
static size_t make_packed(unsigned int format, int level, const uint8_t *in, size_t len,
			  uint8_t *out)
{
	z_stream z = { .next_in = in, .avail_in = (uInt)len, .next_out = out, .avail_out = ROOM };

	ck_assert_int_eq(deflateInit2(&z, level, Z_DEFLATED, zlib_bits(format, 15), 8,
				      Z_DEFAULT_STRATEGY), Z_OK);
	ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return z.total_out;
}

START_TEST(names)
{
	uint32_t built = codec_built_in();
	unsigned int i;

	ck_assert(built & ZLIB_ONLY);
	ck_assert(!(built & 1u << SDEV_ENGINE_NONE));
	ck_assert_str_eq(codec_engine_name(SDEV_ENGINE_ISAL), "isa-l");
	for (i = 0; i < SDEV_ENGINE_CODECS; i++) {
		ck_assert_ptr_nonnull(codec_engine_name(i));
		ck_assert_ptr_nonnull(codec_engine_version(i));
		if (built >> i & 1)
			ck_assert_str_ne(codec_engine_version(i), "not built in");
	}
	ck_assert_ptr_nonnull(codec_engine_name(SDEV_ENGINE_CODECS));
}
END_TEST

static void check_pick(const struct codec_params *p, size_t len, uint32_t mask)
{
	const struct codec_row *row = codec_pick_block(p, len, mask);
	const struct codec_row *stream = codec_pick_stream(p, mask);
	unsigned int engine;

	require(stream, "no stream for mask %#x", mask);
	engine = codec_row_engine(stream);
	require(engine == SDEV_ENGINE_ZLIB || mask >> engine & 1, "stream on engine %u", engine);
	require(engine != SDEV_ENGINE_LIBDEFLATE, "libdeflate cannot stream");
	require(row || !(mask & ZLIB_ONLY), "zlib runs every job");
	if (!row)
		return;
	engine = codec_row_engine(row);
	require(mask >> engine & codec_built_in() >> engine & 1, "block on engine %u", engine);
	if (engine != SDEV_ENGINE_LIBDEFLATE)
		return;
	require(len <= 64u << 20, "libdeflate with %zu bytes", len);
	if (p->dir == CODEC_COMPRESS && window_bits[p->window] < 15)
		require(len <= (size_t)1 << window_bits[p->window], "window %u", p->window);
}

START_TEST(picks)
{
	static const size_t sizes[] = { 0, 4096, 4097, 16385, 1u << 20, 65u << 20 };
	unsigned int mask = (unsigned int)_i, i, format, level, window;
	struct codec_params p;

	for (format = 0; format < SDEV_FMT_COUNT; format++)
		for (i = 0; i < wdi_array_size(sizes); i++) {
			p = params(CODEC_DECOMPRESS, format, 0, 0);
			check_pick(&p, sizes[i], mask);
			for (level = SDEV_LEVEL_MIN; level <= SDEV_LEVEL_MAX; level++)
				for (window = 0; window < SDEV_WIN_COUNT; window++) {
					p = params(CODEC_COMPRESS, format, level, window);
					check_pick(&p, sizes[i], mask);
				}
		}
}
END_TEST

/* One compression job, judged, and its result decompressed by every library. */
static void check_block(const struct codec_params *p, size_t len, uint32_t mask)
{
	const uint8_t *in = tail(plain, len);
	size_t bound = codec_bound(len), n;
	struct codec_io io = { .in = in, .in_len = len, .out = tail(packed, bound),
			       .out_len = bound };
	struct verdict v;
	unsigned int engine;
	uint8_t *out;

	require(block(p, mask, &io) == CODEC_END && io.consumed == len && io.produced <= bound,
		"mask %#x level %u window %u len %zu", mask, p->level, p->window, len);
	n = io.produced;
	out = tail(packed, n);
	memmove(out, io.out, n);
	v = judge(p->format, window_bits[p->window], out, n, len > 70000 ? 50000 : 100);
	require(v.ret == Z_STREAM_END && v.consumed == n && v.produced == len &&
		!memcmp(judged, in, len), "mask %#x level %u window %u len %zu: zlib says %d",
		mask, p->level, p->window, len, v.ret);

	for (engine = 1; engine < SDEV_ENGINE_CODECS; engine++) {
		struct codec_params d = params(CODEC_DECOMPRESS, p->format, 0, 0);

		if (!codec_pick_block(&d, n, 1u << engine))
			continue;
		require(unpack(1u << engine, p->format, out, n, len, &io) == CODEC_END &&
			io.consumed == n && io.produced == len && !memcmp(io.out, in, len),
			"engine %u does not unpack exactly %zu bytes", engine, len);
		if (len)
			require(unpack(1u << engine, p->format, out, n, len - 1, &io) == CODEC_FULL,
				"engine %u unpacks %zu bytes into one less", engine, len);
	}

	io = (struct codec_io){ .in = in, .in_len = len, .out = tail(unpacked, n), .out_len = n };
	require(block(p, mask, &io) == CODEC_END && io.produced <= n, "mask %#x: %zu do not fit",
		mask, n);
	io = (struct codec_io){ .in = in, .in_len = len, .out = NULL, .out_len = 0 };
	require(block(p, mask, &io) == CODEC_FULL, "mask %#x: fits into nothing", mask);
}

START_TEST(blocks)
{
	static const struct {
		uint32_t len;
		uint8_t kinds, level_step, windows;
	} jobs[] = {
		{ 0, 1, 1, SDEV_WIN_COUNT }, { 1, 1, 1, 1 }, { 9, KIND_COUNT, 1, SDEV_WIN_COUNT },
		{ 3000, KIND_COUNT, 1, 2 }, { 5000, KIND_COUNT, 3, SDEV_WIN_COUNT },
		{ 65536, 2, 5, 2 }, { 150001, 2, 7, 1 },
	};
	uint32_t mask = 1u << _i;
	unsigned int i, kind, format, level, window;
	struct codec_params p;

	for (i = 0; i < wdi_array_size(jobs); i++)
		for (kind = 0; kind < jobs[i].kinds; kind++) {
			fill(kind, tail(plain, jobs[i].len), jobs[i].len);
			for (level = SDEV_LEVEL_MIN; level <= SDEV_LEVEL_MAX;
			     level += jobs[i].level_step)
				for (window = 0; window < jobs[i].windows; window++) {
					format = (level + window + kind) % SDEV_FMT_COUNT;
					p = params(CODEC_COMPRESS, format, level,
						   SDEV_WIN_COUNT - 1 - window);
					if (codec_pick_block(&p, jobs[i].len, mask))
						check_block(&p, jobs[i].len, mask);
				}
		}
}
END_TEST

/* A piece that is left open, at the end of what @total counts in packed[]. */
static void add_piece(const struct codec_params *p, uint32_t mask, size_t off, size_t len,
		      size_t *total)
{
	static const uint8_t mark[] = { 0x00, 0x00, 0xff, 0xff };
	uint8_t *out = tail(packed, ROOM) + *total;
	struct codec_io io = { .in = tail(plain, ROOM) + off, .in_len = len, .out = out,
			       .out_len = codec_bound(len) };

	require(block(p, mask, &io) == CODEC_END && io.consumed == len && io.produced,
		"mask %#x level %u: a piece of %zu bytes", mask, p->level, len);
	require(!p->open || (io.produced >= sizeof(mark) &&
		!memcmp(out + io.produced - sizeof(mark), mark, sizeof(mark))),
		"mask %#x level %u: %zu bytes do not end on a byte", mask, p->level, len);
	*total += io.produced;
}

START_TEST(open_blocks)
{
	static const size_t lens[] = { 0, 1, 9, 3000, 20000, 150001 };
	uint32_t mask = 1u << _i;
	struct codec_params p = params(CODEC_COMPRESS, SDEV_FMT_DEFLATE, 0, SDEV_WIN_32K);

	for (unsigned int kind = 0; kind < KIND_COUNT; kind++) {
		fill(kind, tail(plain, ROOM), ROOM);
		for (p.level = SDEV_LEVEL_MIN; p.level <= SDEV_LEVEL_MAX; p.level++) {
			size_t total = 0, off = 0;
			struct verdict v;

			if (!codec_pick_block(&p, ROOM, mask))
				continue;
			for (size_t i = 0; i < wdi_array_size(lens); i++) {
				p.open = i + 1 < wdi_array_size(lens);
				add_piece(&p, mask, off, lens[i], &total);
				off += lens[i];
			}
			v = judge(SDEV_FMT_DEFLATE, 15, tail(packed, ROOM), total, 50000);
			require(v.ret == Z_STREAM_END && v.consumed == total && v.produced == off &&
				!memcmp(judged, tail(plain, ROOM), off),
				"mask %#x level %u kind %u: zlib says %d after %zu of %zu", mask,
				p.level, kind, v.ret, v.produced, off);
		}
	}
}
END_TEST

START_TEST(masks)
{
	uint32_t mask = (uint32_t)_i << (SDEV_ENGINE_ZLIB + 1) | ZLIB_ONLY;
	unsigned int level;
	struct codec_params p;

	fill(TEXT, tail(plain, 5000), 5000);
	for (level = SDEV_LEVEL_MIN; level <= SDEV_LEVEL_MAX; level++) {
		p = params(CODEC_COMPRESS, level % SDEV_FMT_COUNT, level, SDEV_WIN_32K);
		check_block(&p, 5000, mask);
	}
}
END_TEST

/* A stream fed in and out in pieces: @at is what was done so far. */
struct feed {
	const struct codec_row *row;
	void *state;
	size_t consumed, produced;
};

/*
 * One call with pieces copied to where the guard pages are. Checks what
 * CODEC_OK promises: nothing left to take, or no room left.
 */
static enum codec_rc feed_one(struct feed *f, const uint8_t *in, size_t in_len, uint8_t *out,
			      size_t out_len, bool last, bool sync)
{
	static uint8_t *in_end, *out_end;
	struct codec_io io = { .in_len = in_len, .out_len = out_len, .last = last, .sync = sync };
	enum codec_rc rc;

	if (!in_end) {
		in_end = guarded(ROOM) + ROOM;
		out_end = guarded(ROOM) + ROOM;
	}
	io.in = in_len ? memcpy(in_end - in_len, in, in_len) : NULL;
	io.out = out_len ? out_end - out_len : NULL;
	rc = codec_stream_run(f->row, f->state, &io);
	require(io.consumed <= in_len && io.produced <= out_len, "counts beyond the buffers");
	require(rc != CODEC_OK || io.consumed == in_len || io.produced == out_len,
		"stopped at %zu/%zu in, %zu/%zu out", io.consumed, in_len, io.produced, out_len);
	if (io.produced)
		memcpy(out, io.out, io.produced);
	f->consumed += io.consumed;
	f->produced += io.produced;
	return rc;
}

/* False: this library does not run such streams, and zlib's turn is another one. */
static bool feed_open(struct feed *f, const struct codec_params *p, unsigned int engine)
{
	*f = (struct feed){ .row = codec_pick_stream(p, 1u << engine) };
	if (codec_row_engine(f->row) != engine)
		return false;
	ck_assert_int_eq(codec_stream_open(f->row, p, &f->state), 0);
	return true;
}

static void feed_reset(struct feed *f)
{
	ck_assert_int_eq(codec_stream_reset(f->row, f->state), 0);
	f->consumed = 0;
	f->produced = 0;
}

static void check_ended(struct feed *f)
{
	size_t consumed = f->consumed, produced = f->produced;
	uint8_t junk[4];

	feed_one(f, (const uint8_t *)"more", 4, junk, 4, true, true);
	require(f->consumed == consumed && f->produced == produced, "life after the end");
}

/* Compress @len bytes in pieces; every @sync_every-th ends with a sync. */
static void pack_pieces(struct feed *f, size_t len, size_t in_piece, size_t out_piece,
			unsigned int sync_every)
{
	enum codec_rc rc = CODEC_OK;
	unsigned int pieces = 0;
	size_t target = 0, before;
	bool last, sync;

	while (rc == CODEC_OK) {
		target = wdi_min(target + in_piece, len);
		last = target == len;
		sync = sync_every && ++pieces % sync_every == 0;
		do {
			before = f->produced;
			rc = feed_one(f, plain + f->consumed, target - f->consumed,
				      packed + f->produced, out_piece, last, sync);
			require(f->produced < ROOM - out_piece, "no end of output");
		} while (rc == CODEC_OK &&
			 (f->consumed < target || f->produced == before + out_piece));
		if (sync && !last)
			require(!memcmp(packed + f->produced - 4, "\0\0\xff\xff", 4), "no sync");
	}
	require(rc == CODEC_END && f->consumed == len, "compression ends with %d at %zu", rc,
		f->consumed);
}

START_TEST(stream_compress)
{
	static const struct {
		uint32_t len, in_piece, out_piece, sync_every;
	} runs[] = {
		{ 0, 1, 1, 0 }, { 0, 1, 100, 1 }, { 1, 1, 1, 1 }, { 600, 1, 1, 7 },
		{ 3000, 100, 1, 5 }, { 3000, 7, 13, 0 }, { 90000, 4096, 4096, 2 },
		{ 9000, 9000, 7, 0 }, { 150000, 150000, 250000, 0 },
		{ 90000, 65536, 60000, 1 },
	};
	unsigned int engine = (unsigned int)_i / SDEV_FMT_COUNT;
	unsigned int format = (unsigned int)_i % SDEV_FMT_COUNT;
	unsigned int i, level, window, kind = RUNS;
	struct codec_params p;
	struct verdict v;
	struct feed f;

	for (level = 1; level <= SDEV_LEVEL_MAX; level += level < 3 ? 1 : 6)
		for (window = 0; window < SDEV_WIN_COUNT; window += 4) {
			p = params(CODEC_COMPRESS, format, level, window);
			if (!feed_open(&f, &p, engine))
				continue;
			for (i = 0; i < wdi_array_size(runs); i++) {
				kind = (kind + 1) % KIND_COUNT;
				fill(kind, plain, runs[i].len);
				pack_pieces(&f, runs[i].len, runs[i].in_piece, runs[i].out_piece,
					    runs[i].sync_every);
				check_ended(&f);
				v = judge(format, window_bits[window], packed, f.produced,
					  runs[i].len > 70000 ? 50000 : 100);
				require(v.ret == Z_STREAM_END && v.consumed == f.produced &&
					v.produced == runs[i].len &&
					!memcmp(judged, plain, runs[i].len),
					"engine %u level %u run %u: zlib says %d", engine, level,
					i, v.ret);
				feed_reset(&f);
			}
			codec_stream_close(f.row, f.state);
		}
}
END_TEST

/* After a sync everything that went in comes out, without an end. */
/* Input that comes after the end was announced and written: refused, and no endless loop. */
START_TEST(input_after_last)
{
	const unsigned int engine = (unsigned int)_i / SDEV_FMT_COUNT;
	struct codec_params p = params(CODEC_COMPRESS, (unsigned int)_i % SDEV_FMT_COUNT, 1,
				       SDEV_WIN_32K);
	struct codec_io io;
	enum codec_rc rc;
	struct feed f;

	if (!feed_open(&f, &p, engine))
		return;
	fill(RANDOM, plain, 3000);
	/* Room for nearly all of the output: the end is written, but not all of it is out. */
	io = (struct codec_io){ .in = plain, .in_len = 2000, .out = packed, .out_len = 2008,
				.last = true };
	rc = codec_stream_run(f.row, f.state, &io);
	for (unsigned int turn = 0; rc == CODEC_OK && turn < 100; turn++) {
		io = (struct codec_io){ .in = plain, .in_len = 1000, .out = packed,
					.out_len = ROOM, .last = true };
		rc = codec_stream_run(f.row, f.state, &io);
	}
	require(rc != CODEC_OK, "engine %u takes input for ever", engine);
	codec_stream_close(f.row, f.state);
}
END_TEST

START_TEST(stream_sync)
{
	unsigned int level = 1 + (unsigned int)_i / (SDEV_ENGINE_CODECS - 1);
	struct codec_params p = params(CODEC_COMPRESS, SDEV_FMT_DEFLATE, level, SDEV_WIN_32K);
	struct verdict v;
	struct feed f;
	size_t piece, done = 0, n;

	if (!feed_open(&f, &p, 1 + (unsigned int)_i % (SDEV_ENGINE_CODECS - 1)))
		return;
	fill(TEXT, plain, 150000);
	for (piece = 1; done + piece <= 150000; piece = piece * 3 + 1) {
		ck_assert_int_eq(feed_one(&f, plain + done, piece, packed + f.produced, 200000,
					  false, true), CODEC_OK);
		done += piece;
		v = judge(SDEV_FMT_DEFLATE, 15, packed, f.produced, ROOM);
		require(v.ret == Z_BUF_ERROR && v.produced == done && !memcmp(judged, plain, done),
			"%zu of %zu bytes after a sync", v.produced, done);
		n = f.produced;
		feed_one(&f, NULL, 0, packed + n, 100, false, true);
		ck_assert_uint_eq(f.produced, n);
	}
	codec_stream_close(f.row, f.state);
}
END_TEST

/* Decompress @n bytes at packed, followed by @extra, in pieces. */
static enum codec_rc unpack_pieces(struct feed *f, size_t n, size_t room, size_t in_piece,
				   size_t out_piece)
{
	enum codec_rc rc = CODEC_OK;
	size_t in, out, before;

	do {
		before = f->consumed + f->produced;
		in = wdi_min(in_piece, n - f->consumed);
		out = wdi_min(out_piece, room - f->produced);
		rc = feed_one(f, packed + f->consumed, in, unpacked + f->produced, out, false,
			      false);
	} while (rc == CODEC_OK && f->consumed + f->produced != before);
	return rc;
}

START_TEST(stream_decompress)
{
	static const size_t pieces[] = { 1, 2, 9, 1000, ROOM };
	static const size_t sizes[] = { 0, 1, 3000, 120000 };
	unsigned int engine = (unsigned int)_i / SDEV_FMT_COUNT;
	unsigned int format = (unsigned int)_i % SDEV_FMT_COUNT;
	struct codec_params p = params(CODEC_DECOMPRESS, format, 0, 0);
	unsigned int i, o, s, kind;
	struct feed f;
	size_t n;

	if (!feed_open(&f, &p, engine))
		return;
	for (s = 0; s < wdi_array_size(sizes); s++)
		for (kind = 0; kind < KIND_COUNT; kind++) {
			fill(kind, plain, sizes[s]);
			n = make_packed(format, kind == ZEROS ? 0 : 6, plain, sizes[s], packed);
			memset(packed + n, 0xa5, 20);
			for (i = 0; i < wdi_array_size(pieces); i++)
				for (o = 0; o < wdi_array_size(pieces); o++) {
					size_t room = o & 1 ? sizes[s] : ROOM;

					if (sizes[s] > 70000 && wdi_min(pieces[i], pieces[o]) < 999)
						continue;
					feed_reset(&f);
					require(unpack_pieces(&f, n + 20, room, pieces[i],
							      pieces[o]) == CODEC_END &&
						f.consumed == n && f.produced == sizes[s] &&
						!memcmp(unpacked, plain, sizes[s]),
						"engine %u kind %u: %zu of %zu in, %zu of %zu out",
						engine, kind, f.consumed, n, f.produced, sizes[s]);
					check_ended(&f);
				}
		}
	codec_stream_close(f.row, f.state);
}
END_TEST

/* Every prefix of a stream is cut short and nothing else, in both ways to run one. */
START_TEST(truncated)
{
	unsigned int engine = (unsigned int)_i / SDEV_FMT_COUNT;
	unsigned int format = (unsigned int)_i % SDEV_FMT_COUNT;
	struct codec_params p = params(CODEC_DECOMPRESS, format, 0, 0);
	unsigned int kind;
	struct codec_io io;
	struct feed f;
	enum codec_rc rc;
	size_t n, cut;
	bool streams;

	streams = feed_open(&f, &p, engine);
	for (kind = 0; kind < KIND_COUNT; kind++) {
		fill(kind, plain, 400);
		n = make_packed(format, kind == RUNS ? 0 : 6, plain, 400, packed);
		for (cut = 0; cut < n; cut++) {
			memmove(tail(plain, cut), packed, cut);
			rc = unpack(1u << engine | ZLIB_ONLY, format, tail(plain, cut), cut, 400,
				    &io);
			require(rc == CODEC_TRUNCATED, "engine %u: %zu of %zu bytes give %d",
				engine, cut, n, rc);
			if (!streams)
				continue;
			feed_reset(&f);
			rc = unpack_pieces(&f, cut, ROOM, 1, 50);
			require(rc == CODEC_OK && f.consumed == cut, "stream %zu/%zu: %d at %zu",
				cut, n, rc, f.consumed);
		}
	}
	if (streams)
		codec_stream_close(f.row, f.state);
}
END_TEST

/*
 * No single wrong byte passes: with a checksum, what ends well is the data.
 * Raw deflate has none, so there zlib has to read the same.
 */
START_TEST(corrupt)
{
	unsigned int engine = (unsigned int)_i / SDEV_FMT_COUNT;
	unsigned int format = (unsigned int)_i % SDEV_FMT_COUNT;
	struct codec_params p = params(CODEC_DECOMPRESS, format, 0, 0);
	const size_t len = 250;
	struct codec_io io;
	struct verdict v;
	struct feed f;
	enum codec_rc rc;
	size_t n, at;
	unsigned int bit;
	bool streams;

	streams = feed_open(&f, &p, engine);
	fill(TEXT, plain, len);
	n = make_packed(format, 6, plain, len, packed);
	for (at = 0; at < n; at++)
		for (bit = 0; bit < 9; bit++) {
			uint8_t flip = (uint8_t)(bit < 8 ? 1u << bit : 0xff);

			packed[at] ^= flip;
			v = judge(format, 15, packed, n, ROOM);
			memmove(tail(plain, n), packed, n);
			rc = unpack(1u << engine | ZLIB_ONLY, format, tail(plain, n), n, 1000, &io);
			if (rc == CODEC_END && format != SDEV_FMT_DEFLATE)
				require(io.produced == len && !memcmp(io.out, plain, len),
					"byte %zu ^ %#x passes", at, flip);
			if (rc == CODEC_END && v.ret == Z_STREAM_END)
				require(io.produced == v.produced &&
					!memcmp(io.out, judged, v.produced),
					"byte %zu ^ %#x: not what zlib reads", at, flip);
			require(v.ret != Z_STREAM_END || v.produced > 1000 || rc == CODEC_END,
				"byte %zu ^ %#x: %d, but zlib reads it", at, flip, rc);
			if (streams) {
				feed_reset(&f);
				rc = unpack_pieces(&f, n, ROOM, 3, 7);
				require(rc != CODEC_END || format == SDEV_FMT_DEFLATE ||
					(f.produced == len && !memcmp(unpacked, plain, len)),
					"byte %zu ^ %#x passes the stream", at, flip);
			}
			packed[at] ^= flip;
		}
	if (streams)
		codec_stream_close(f.row, f.state);
}
END_TEST

#define HEAD	"\x1f\x8b\x08"
#define BLANK	"\0\0\0\0\0\xff"	/* time, extra flags, system */
#define BODY	"\x4b\x4c\x4a\x06\0"	/* "abc" in a fixed block */
#define CHECKS	"\xc2\x41\x24\x35\x03\0\0\0"
#define FIELDS	"\x05\0\x41\x42\x01\0\x09" "name\0" "comment\0"
#define ZBODY	BODY "\x02\x4d\x01\x27"

static const struct known {
	const char *what;
	const char *bytes;
	uint8_t len;
	uint8_t format;
	uint8_t rc;		/* enum codec_rc */
	uint8_t consumed;	/* CODEC_END only */
	const char *plain;
} known[] = {
#define KNOWN(what_, bytes_, format_, rc_, over_, plain_) \
	{ what_, bytes_, sizeof(bytes_) - 1, SDEV_FMT_##format_, CODEC_##rc_, \
	  sizeof(bytes_) - 1 - (over_), plain_ }
	KNOWN("raw", BODY, DEFLATE, END, 0, "abc"),
	KNOWN("raw and junk", BODY "\xff\xff", DEFLATE, END, 2, "abc"),
	KNOWN("raw, empty", "\x03\0", DEFLATE, END, 0, ""),
	KNOWN("stored", "\x01\x03\0\xfc\xff" "abc", DEFLATE, END, 0, "abc"),
	KNOWN("stored, empty", "\x01\0\0\xff\xff", DEFLATE, END, 0, ""),
	KNOWN("stored, wrong complement", "\x01\x03\0\xfc\xfe" "abc", DEFLATE, CORRUPT, 0, ""),
	KNOWN("stored, too short", "\x01\x03\0\xfc\xff" "ab", DEFLATE, TRUNCATED, 0, ""),
	KNOWN("block type 3", "\x07\0", DEFLATE, CORRUPT, 0, ""),
	KNOWN("distance too far", "\x4b\x04\x42\0", DEFLATE, CORRUPT, 0, ""),
	KNOWN("nothing", "", DEFLATE, TRUNCATED, 0, ""),
	KNOWN("nothing", "", ZLIB, TRUNCATED, 0, ""),
	KNOWN("nothing", "", GZIP, TRUNCATED, 0, ""),
	KNOWN("zlib", "\x78\x9c" ZBODY, ZLIB, END, 0, "abc"),
	KNOWN("zlib and junk", "\x78\x9c" ZBODY "\xff\xff\xff\xff\xff", ZLIB, END, 5, "abc"),
	KNOWN("zlib, small window", "\x18\x95" ZBODY, ZLIB, END, 0, "abc"),
	KNOWN("zlib, header check", "\x78\x9d" ZBODY, ZLIB, CORRUPT, 0, ""),
	KNOWN("zlib, method", "\x79\x9b" ZBODY, ZLIB, CORRUPT, 0, ""),
	KNOWN("zlib, window 64K", "\x88\x98" ZBODY, ZLIB, CORRUPT, 0, ""),
	KNOWN("zlib, dictionary", "\x78\xbb\0\0\0\1" ZBODY, ZLIB, CORRUPT, 0, ""),
	KNOWN("zlib, checksum", "\x78\x9c" BODY "\x02\x4d\x01\x28", ZLIB, CHECKSUM, 0, ""),
	KNOWN("gzip", HEAD "\0" BLANK BODY CHECKS, GZIP, END, 0, "abc"),
	KNOWN("gzip and junk", HEAD "\0" BLANK BODY CHECKS "\0\0\0\0\0\0\0\0\0", GZIP, END, 9,
	      "abc"),
	KNOWN("gzip, two members", HEAD "\0" BLANK BODY CHECKS HEAD "\0" BLANK BODY CHECKS, GZIP,
	      END, 23, "abc"),
	KNOWN("gzip, all fields", HEAD "\x1f" BLANK FIELDS "\x2c\xdb" BODY CHECKS, GZIP, END, 0,
	      "abc"),
	KNOWN("gzip, header CRC", HEAD "\x1f" BLANK FIELDS "\x2c\xdc" BODY CHECKS, GZIP, CORRUPT,
	      0, ""),
	KNOWN("gzip, reserved flag", HEAD "\x20" BLANK BODY CHECKS, GZIP, CORRUPT, 0, ""),
	KNOWN("gzip, reserved flag", HEAD "\x80" BLANK BODY CHECKS, GZIP, CORRUPT, 0, ""),
	KNOWN("gzip, magic", "\x1f\x8c\x08\0" BLANK BODY CHECKS, GZIP, CORRUPT, 0, ""),
	KNOWN("gzip, method", "\x1f\x8b\x07\0" BLANK BODY CHECKS, GZIP, CORRUPT, 0, ""),
	KNOWN("gzip, CRC", HEAD "\0" BLANK BODY "\xc3\x41\x24\x35\x03\0\0\0", GZIP, CHECKSUM,
	      0, ""),
	KNOWN("gzip, size", HEAD "\0" BLANK BODY "\xc2\x41\x24\x35\x04\0\0\0", GZIP, CHECKSUM,
	      0, ""),
	KNOWN("zlib for gzip", "\x78\x9c" ZBODY "\0\0\0\0\0\0\0", GZIP, CORRUPT, 0, ""),
	KNOWN("gzip for zlib", HEAD "\0" BLANK BODY CHECKS, ZLIB, CORRUPT, 0, ""),
};

START_TEST(known_answers)
{
	const struct known *k = &known[_i];
	struct codec_params p = params(CODEC_DECOMPRESS, k->format, 0, 0);
	size_t len = strlen(k->plain), room;
	unsigned int engine;
	struct codec_io io;
	struct feed f;
	enum codec_rc rc;

	memcpy(packed, k->bytes, k->len);
	memcpy(tail(plain, k->len), k->bytes, k->len);
	for (engine = 1; engine < SDEV_ENGINE_CODECS; engine++) {
		for (room = len; room < 300; room += 100) {
			if (k->rc != CODEC_END && room == len)
				continue;
			rc = unpack(1u << engine | ZLIB_ONLY, k->format, tail(plain, k->len),
				    k->len, room, &io);
			require(rc == k->rc, "%s: engine %u gives %d", k->what, engine, rc);
			if (rc == CODEC_END)
				require(io.consumed == k->consumed && io.produced == len &&
					!memcmp(io.out, k->plain, len), "%s: engine %u reads %zu",
					k->what, engine, io.consumed);
		}
		if (!len && k->rc == CODEC_END)
			require(unpack(1u << engine | ZLIB_ONLY, k->format, tail(plain, k->len),
				       k->len, 0, &io) == CODEC_END, "%s: no room", k->what);
		if (!feed_open(&f, &p, engine))
			continue;
		rc = unpack_pieces(&f, k->len, ROOM, 1, 1);
		require(rc == (k->rc == CODEC_TRUNCATED ? CODEC_OK : (enum codec_rc)k->rc) &&
			(rc != CODEC_END || f.consumed == k->consumed),
			"%s: stream on engine %u gives %d after %zu", k->what, engine, rc,
			f.consumed);
		codec_stream_close(f.row, f.state);
	}
}
END_TEST

/* A little that becomes a lot stops where the room does. */
START_TEST(bomb)
{
	unsigned int engine, format;
	struct codec_io io;
	size_t n, len = ROOM;

	memset(plain, 0, len);
	for (format = 0; format < SDEV_FMT_COUNT; format++) {
		n = make_packed(format, 9, plain, len, packed);
		ck_assert_uint_lt(n, len / 500);
		memmove(tail(packed, n), packed, n);
		for (engine = 1; engine < SDEV_ENGINE_CODECS; engine++)
			ck_assert_int_eq(unpack(1u << engine | ZLIB_ONLY, format, tail(packed, n),
						n, 1000, &io), CODEC_FULL);
	}
}
END_TEST

START_TEST(lanes)
{
	unsigned int i, level;
	struct codec_params p;

	fill(TEXT, tail(plain, 2000), 2000);
	codec_lane_discard(lane);
	for (i = 0; i < 60; i++) {
		level = 1 + i * 7 % SDEV_LEVEL_MAX;
		p = params(CODEC_COMPRESS, i % SDEV_FMT_COUNT, level, i % SDEV_WIN_COUNT);
		check_block(&p, 2000, 1u << SDEV_ENGINE_ZLIB | (i & 1 ? UINT32_MAX : 0));
		if (i % 9 == 0)
			codec_lane_discard(lane);
	}
	codec_lane_discard(lane);
	codec_lane_discard(lane);
	codec_lane_free(NULL);
}
END_TEST

static Suite *codec_suite(void)
{
	const int engines = SDEV_ENGINE_CODECS, both = SDEV_ENGINE_CODECS * SDEV_FMT_COUNT;
	Suite *s = suite_create("codec");
	TCase *tc = tcase_create("codec");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, names);
	tcase_add_loop_test(tc, picks, 0, ENGINE_MASKS);
	tcase_add_loop_test(tc, blocks, 1, engines);
	tcase_add_loop_test(tc, open_blocks, 1, engines);
	tcase_add_loop_test(tc, masks, 0, ENGINE_MASKS >> (SDEV_ENGINE_ZLIB + 1));
	tcase_add_loop_test(tc, stream_compress, SDEV_FMT_COUNT, both);
	tcase_add_loop_test(tc, input_after_last, SDEV_FMT_COUNT, both);
	tcase_add_loop_test(tc, stream_sync, 0, 3 * (engines - 1));
	tcase_add_loop_test(tc, stream_decompress, SDEV_FMT_COUNT, both);
	tcase_add_loop_test(tc, truncated, SDEV_FMT_COUNT, both);
	tcase_add_loop_test(tc, corrupt, SDEV_FMT_COUNT, both);
	tcase_add_loop_test(tc, known_answers, 0, (int)wdi_array_size(known));
	tcase_add_test(tc, bomb);
	tcase_add_test(tc, lanes);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	return unit_run(codec_suite());
}
