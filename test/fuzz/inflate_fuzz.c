/* SPDX-License-Identifier: MIT */
/*
 * Decompression through the device against zlib: the same data, and success
 * where zlib has success. Byte 0 of the input says format, way and libraries,
 * byte 1 seeds the sizes of the pieces, the rest is what is decompressed.
 */
#include "fuzz.h"

#include <zlib.h>

#include "util/bits.h"

#define OUT_MAX		(192u << 10)
#define CANARY		0xc5

/* ---- zlib ---------------------------------------------------------------- */

enum end {
	END_DONE,
	END_CORRUPT,
	END_TRUNCATED,
	END_FULL,	/* more than OUT_MAX bytes */
};

struct result {
	enum end end;
	bool lenient;	/* refused, but a good decoder may think otherwise */
	size_t consumed;
	size_t produced;
	uint8_t out[OUT_MAX];
};

static struct result oracle, ours;

/*
 * The RFC says that these never occur, and not what to do when they do: a code of
 * which some bit patterns mean nothing, and the two symbols of the fixed codes
 * that have no length and no distance. zlib is the strictest.
 */
static bool is_open_question(const char *message)
{
	static const char *const messages[] = {
		"invalid code lengths set",
		"invalid literal/lengths set",
		"invalid distances set",
		"invalid literal/length code",
		"invalid distance code",
	};

	for (size_t i = 0; message && i < wdi_array_size(messages); i++) {
		if (!strcmp(message, messages[i]))
			return true;
	}
	return false;
}

static void by_zlib(const uint8_t *in, size_t len, unsigned int format)
{
	static const int bits[] = {
		[SDEV_FMT_DEFLATE] = -15,
		[SDEV_FMT_ZLIB] = 15,
		[SDEV_FMT_GZIP] = 15 + 16,
	};
	z_stream z = { 0 };
	int rc;

	fuzz_assert(inflateInit2(&z, bits[format]) == Z_OK);
	z.next_in = (uint8_t *)(uintptr_t)in;
	z.avail_in = (uInt)len;
	z.next_out = oracle.out;
	z.avail_out = OUT_MAX;
	rc = inflate(&z, Z_SYNC_FLUSH);
	oracle.consumed = len - z.avail_in;
	oracle.produced = OUT_MAX - z.avail_out;
	if (rc == Z_STREAM_END)
		oracle.end = END_DONE;
	else if (rc == Z_DATA_ERROR || rc == Z_NEED_DICT)
		oracle.end = END_CORRUPT;
	else
		oracle.end = z.avail_out ? END_TRUNCATED : END_FULL;
	oracle.lenient = oracle.end == END_CORRUPT && is_open_question(z.msg);
	inflateEnd(&z);
}

/* ---- the device ---------------------------------------------------------- */

/* One device for each set of libraries that may be used. */
static struct {
	uint32_t codecs;
	struct fuzz_queue q;
} devices[] = {
	{ .codecs = 0 },
	{ .codecs = 1u << SDEV_ENGINE_ZLIB },
	{ .codecs = 1u << SDEV_ENGINE_ISAL },
	{ .codecs = 1u << SDEV_ENGINE_LIBDEFLATE },
};

static struct fuzz_queue *device(unsigned int which)
{
	struct fuzz_queue *q = &devices[which].q;
	const struct sdev_config config = {
		.max_queues = 1,
		.guard = SDEV_GUARD_SIGNAL,
		.codecs = devices[which].codecs,
	};
	struct sdev_file *file;
	struct sdev *dev;
	uint32_t pasid;

	if (q->file)
		return q;
	fuzz_assert(!sdev_create(&config, &dev));
	fuzz_assert(!sdev_open(dev, &file));
	fuzz_assert(!fuzz_bind(file, &pasid));
	fuzz_assert(!fuzz_queue_open(q, file, pasid, 2));
	return q;
}

static struct sdev_desc desc_for(unsigned int format, uint32_t object)
{
	static uint32_t tag;

	return (struct sdev_desc){
		.opcode = SDEV_OP_DECOMPRESS,
		.tag = ++tag,
		.object = object,
		.comp.format = (uint8_t)format,
	};
}

static void take_end(const struct sdev_cpl *cpl)
{
	static const enum end corrupt[] = {
		[SDEV_CORRUPT_DATA] = END_CORRUPT,
		[SDEV_CORRUPT_CHECKSUM] = END_CORRUPT,
		[SDEV_CORRUPT_TRUNCATED] = END_TRUNCATED,
	};
	uint32_t status = SDEV_CPL_STATUS(cpl->end), detail = SDEV_CPL_DETAIL(cpl->end);

	switch (status) {
	case SDEV_ST_DONE:
		ours.end = END_DONE;
		break;
	case SDEV_ST_OUTPUT_FULL:
		ours.end = END_FULL;
		break;
	default:
		fuzz_assert(status == SDEV_ST_CORRUPT && detail < wdi_array_size(corrupt));
		ours.end = corrupt[detail];
	}
}

/* All of it in one descriptor. */
static void by_block(struct fuzz_queue *q, const uint8_t *in, size_t len, unsigned int format,
		     size_t room)
{
	struct sdev_desc d = desc_for(format, 0);
	struct sdev_cpl cpl;

	d.src_va = (uintptr_t)in;
	d.src_len = (uint32_t)len;
	d.dst_va = (uintptr_t)ours.out;
	d.dst_len = (uint32_t)room;
	cpl = fuzz_run(q, &d);
	take_end(&cpl);
	ours.consumed = cpl.consumed;
	ours.produced = cpl.produced;
}

/* How much of the source or of the room the next piece has: often little, sometimes none. */
static size_t piece(uint32_t *seed, size_t left)
{
	static const size_t most[] = { 1, 2, 7, 64, 1000, 5000, 70000, OUT_MAX };
	size_t max = most[fuzz_random(seed) % wdi_array_size(most)];
	size_t n = max > 2 ? fuzz_random(seed) % (max + 1) : max;

	return wdi_min(n, left);
}

/* One piece. False: the stream has ended, one way or the other. */
static bool stream_piece(struct fuzz_queue *q, struct sdev_desc *d)
{
	struct sdev_cpl cpl = fuzz_run(q, d);
	uint32_t status = SDEV_CPL_STATUS(cpl.end), detail = SDEV_CPL_DETAIL(cpl.end);

	fuzz_assert(cpl.consumed <= d->src_len && cpl.produced <= d->dst_len);
	ours.consumed += cpl.consumed;
	ours.produced += cpl.produced;
	if (status != SDEV_ST_DONE || detail == SDEV_DONE_STREAM_END) {
		take_end(&cpl);
		return false;
	}
	if (detail == SDEV_DONE_MORE_OUT)
		fuzz_assert(cpl.produced == d->dst_len);
	else
		fuzz_assert(detail == SDEV_DONE_ALL && cpl.consumed == d->src_len);
	return true;
}

/* Raw deflate: zlib goes on from @place, and comes to the end that it comes to alone. */
static void go_on(const struct sdev_place *place, const uint8_t *in, size_t len)
{
	static uint8_t rest[OUT_MAX];
	size_t at = ours.produced - place->behind, window = wdi_min(at, (size_t)32 << 10);
	unsigned int odd = place->bits % 8;
	z_stream z = { .next_in = (uint8_t *)(uintptr_t)place->data + !!odd,
		       .avail_in = place->bits / 8, .next_out = rest,
		       .avail_out = (uInt)(OUT_MAX - at) };
	int rc;

	fuzz_assert(place->behind <= ours.produced && place->bits <= 8 * SDEV_PLACE_DATA);
	fuzz_assert(inflateInit2(&z, -15) == Z_OK);
	if (window)
		fuzz_assert(!inflateSetDictionary(&z, ours.out + at - window, (uInt)window));
	if (odd)
		fuzz_assert(!inflatePrime(&z, (int)odd, place->data[0] >> (8 - odd)));
	rc = inflate(&z, Z_SYNC_FLUSH);
	if ((rc == Z_OK || rc == Z_BUF_ERROR) && !z.avail_in) {
		z.next_in = (uint8_t *)(uintptr_t)in + ours.consumed;
		z.avail_in = (uInt)(len - ours.consumed);
		rc = inflate(&z, Z_SYNC_FLUSH);
	}
	if (oracle.end == END_DONE)
		fuzz_assert(rc == Z_STREAM_END && z.total_out == oracle.produced - at &&
			    z.avail_in == len - oracle.consumed);
	else if (!oracle.lenient)
		fuzz_assert(rc != Z_STREAM_END);
	if (oracle.produced > at)
		fuzz_assert(!memcmp(rest, oracle.out + at,
				    wdi_min(z.total_out, oracle.produced - at)));
	inflateEnd(&z);
}

static void tell(struct fuzz_queue *q, uint32_t object, unsigned int format, const uint8_t *in,
		 size_t len)
{
	static struct sdev_place place;
	struct sdev_desc d = desc_for(format, object);
	struct sdev_cpl cpl;

	d.opcode = SDEV_OP_STREAM_TELL;
	d.dst_va = (uintptr_t)&place;
	d.dst_len = sizeof(place);
	cpl = fuzz_run(q, &d);
	if (SDEV_CPL_STATUS(cpl.end) != SDEV_ST_DONE)
		fuzz_assert(SDEV_CPL_STATUS(cpl.end) == SDEV_ST_UNSUPPORTED);
	else if (SDEV_CPL_DETAIL(cpl.end) == SDEV_DONE_ALL && format == SDEV_FMT_DEFLATE)
		go_on(&place, in, len);
}

static void by_stream(struct fuzz_queue *q, const uint8_t *in, size_t len, unsigned int format,
		      uint32_t seed)
{
	struct sdev_desc d = desc_for(format, 0);
	struct sdev_cpl cpl;
	uint32_t object;
	bool open = true;

	d.opcode = SDEV_OP_STREAM_OPEN;
	d.dir = SDEV_OP_DECOMPRESS;
	cpl = fuzz_run(q, &d);
	fuzz_assert(SDEV_CPL_STATUS(cpl.end) == SDEV_ST_DONE && cpl.object);
	object = cpl.object;
	ours.consumed = 0;
	ours.produced = 0;
	while (open && ours.produced < OUT_MAX) {
		bool fed = ours.consumed == len;

		d = desc_for(format, object);
		d.src_va = (uintptr_t)in + ours.consumed;
		d.src_len = (uint32_t)piece(&seed, len - ours.consumed);
		d.dst_va = (uintptr_t)ours.out + ours.produced;
		d.dst_len = (uint32_t)piece(&seed, OUT_MAX - ours.produced);
		if (!d.dst_len)
			d.dst_len = 1;
		cpl.produced = (uint32_t)ours.produced;
		open = stream_piece(q, &d);
		if (open && fuzz_random(&seed) % 4 == 0)
			tell(q, object, format, in, len);
		/* Nothing goes in and nothing comes out. */
		if (open && fed && ours.produced - cpl.produced < d.dst_len) {
			ours.end = END_TRUNCATED;
			break;
		}
	}
	if (open && ours.produced == OUT_MAX)
		ours.end = END_FULL;
	d = desc_for(format, object);
	d.opcode = SDEV_OP_STREAM_CLOSE;
	cpl = fuzz_run(q, &d);
	fuzz_assert(SDEV_CPL_STATUS(cpl.end) == SDEV_ST_DONE);
}

/* ---- both ---------------------------------------------------------------- */

/* What both produced before they stopped is the beginning of the same data. */
static void compare(bool stream, size_t room)
{
	size_t common = wdi_min(ours.produced, oracle.produced);

	fuzz_assert(ours.produced <= room);
	fuzz_assert(!memcmp(ours.out, oracle.out, common));
	for (size_t i = ours.produced; i < OUT_MAX && i < ours.produced + 64; i++)
		fuzz_assert(ours.out[i] == CANARY);
	if (oracle.end == END_DONE && oracle.produced <= room) {
		fuzz_assert(ours.end == END_DONE || (stream && ours.end == END_FULL));
		fuzz_assert(ours.produced == oracle.produced);
		if (ours.end == END_DONE)
			fuzz_assert(ours.consumed == oracle.consumed);
	} else {
		fuzz_assert(ours.end != END_DONE || oracle.lenient);
	}
	if (oracle.end == END_TRUNCATED && oracle.produced <= room)
		fuzz_assert(ours.end != END_FULL || stream);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned int format, which;
	size_t room = OUT_MAX;
	uint8_t *in;
	bool stream;

	/* A source of its own, so that a byte too many is seen. */
	if (size < 3)
		return 0;
	format = data[0] % SDEV_FMT_COUNT;
	stream = data[0] / 4 % 2;
	which = data[0] / 8 % wdi_array_size(devices);
	in = malloc(size - 2);
	fuzz_assert(in);
	memcpy(in, data + 2, size - 2);
	by_zlib(in, size - 2, format);
	memset(ours.out, CANARY, OUT_MAX);
	if (stream) {
		by_stream(device(which), in, size - 2, format, data[1]);
	} else {
		/* Exactly enough room, a little less, or plenty. */
		if (data[1] & 1 && oracle.end == END_DONE)
			room = oracle.produced - (data[1] & 2 && oracle.produced);
		by_block(device(which), in, size - 2, format, wdi_max(room, (size_t)1));
		room = wdi_max(room, (size_t)1);
	}
	compare(stream, room);
	free(in);
	return 0;
}
