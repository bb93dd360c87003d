/* SPDX-License-Identifier: MIT */
/* What descriptors do to memory: formats, bad descriptors, bad addresses, chains, streams. */
#include <stdio.h>
#include <zlib.h>

#include "device/device_internal.h"
#include "device_rig.h"

#define LEN	200000u
#define ROOM	(2 * LEN)

static const int window_bits[SDEV_FMT_COUNT] = { -15, 15, 31 };

static uint8_t text[LEN];
static uint8_t packed[ROOM];
static uint8_t back[ROOM];
static uint8_t spare[1000];	/* for jobs that only have to go well */

/* zlib's opinion of what the device has made. */
static void check_inflates(unsigned int format, const uint8_t *p, size_t len, const uint8_t *want,
			   size_t want_len)
{
	z_stream z = { .next_in = (Bytef *)p, .avail_in = (uInt)len };
	uint8_t *out = malloc(want_len + 1);

	ck_assert_ptr_nonnull(out);
	ck_assert_int_eq(inflateInit2(&z, window_bits[format]), Z_OK);
	z.next_out = out;
	z.avail_out = (uInt)want_len + 1;
	ck_assert_int_eq(inflate(&z, Z_FINISH), Z_STREAM_END);
	ck_assert_uint_eq(z.total_out, want_len);
	ck_assert(!memcmp(out, want, want_len));
	inflateEnd(&z);
	free(out);
}

/* The packed form of @len bytes of text, made by zlib. */
static size_t pack(unsigned int format, uint8_t *out, size_t room, size_t len)
{
	z_stream z = { .next_in = text, .avail_in = (uInt)len, .next_out = out };

	z.avail_out = (uInt)room;
	ck_assert_int_eq(deflateInit2(&z, 6, Z_DEFLATED, window_bits[format], 8, 0), Z_OK);
	ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return room - z.avail_out;
}

static void setup(void)
{
	rig_fill(text, sizeof(text));
}

/* ---- whole jobs --------------------------------------------------------------- */

START_TEST(round_trips)
{
	static const size_t lens[] = { 0, 1, 100, 4096, 65536, LEN };
	struct rig rig;
	struct sdev_desc d;
	struct sdev_cpl cpl;

	if (rig_skip(_i))
		return;
	rig_open(&rig, _i);
	for (unsigned int fmt = 0; fmt < SDEV_FMT_COUNT; fmt++) {
		for (size_t i = 0; i < wdi_array_size(lens); i++) {
			d = rig_comp(SDEV_OP_COMPRESS, fmt, text, lens[i], packed, ROOM);
			cpl = rig_run(&rig.q, &d);
			rig_assert(cpl, SDEV_ST_DONE, SDEV_DONE_ALL);
			ck_assert_uint_eq(cpl.consumed, lens[i]);
			ck_assert_uint_ne(cpl.engine, SDEV_ENGINE_NONE);
			check_inflates(fmt, packed, cpl.produced, text, lens[i]);

			d = rig_comp(SDEV_OP_DECOMPRESS, fmt, packed, cpl.produced, back, ROOM);
			cpl = rig_run(&rig.q, &d);
			rig_assert(cpl, SDEV_ST_DONE, SDEV_DONE_ALL);
			ck_assert_uint_eq(cpl.consumed, d.src_len);
			ck_assert_uint_eq(cpl.produced, lens[i]);
			ck_assert(!memcmp(back, text, lens[i]));
		}
	}
	rig_close(&rig);
}
END_TEST

START_TEST(levels_and_windows)
{
	struct rig rig;
	struct sdev_desc d;
	struct sdev_cpl cpl;

	if (rig_skip(0))
		return;
	rig_open(&rig, 0);
	for (unsigned int level = 0; level <= SDEV_LEVEL_MAX; level++) {
		for (unsigned int window = 0; window < SDEV_WIN_COUNT; window++) {
			d = rig_comp(SDEV_OP_COMPRESS, SDEV_FMT_ZLIB, text, 70000, packed, ROOM);
			d.comp.level = (uint8_t)level;
			d.comp.window = (uint8_t)window;
			cpl = rig_run(&rig.q, &d);
			rig_assert(cpl, SDEV_ST_DONE, SDEV_DONE_ALL);
			check_inflates(SDEV_FMT_ZLIB, packed, cpl.produced, text, 70000);
		}
	}
	rig_close(&rig);
}
END_TEST

/* Larger than a bounce: in pieces on the way out, and through a mapped buffer on the way in. */
START_TEST(large_job)
{
	size_t len = rig_valgrind() ? 1500000 : 5000000, room = 2 * len;
	uint8_t *src, *mid, *dst;
	struct rig rig;
	struct sdev_desc d;
	struct sdev_cpl cpl;

	if (rig_skip(_i))
		return;
	rig_open(&rig, _i);
	src = malloc(len);
	mid = malloc(room);
	dst = malloc(len + 1);
	ck_assert(src && mid && dst);
	rig_fill(src, len);
	d = rig_comp(SDEV_OP_COMPRESS, SDEV_FMT_GZIP, src, len, mid, room);
	cpl = rig_run(&rig.q, &d);
	rig_assert(cpl, SDEV_ST_DONE, SDEV_DONE_ALL);
	check_inflates(SDEV_FMT_GZIP, mid, cpl.produced, src, len);

	d = rig_comp(SDEV_OP_DECOMPRESS, SDEV_FMT_GZIP, mid, cpl.produced, dst, len + 1);
	cpl = rig_run(&rig.q, &d);
	rig_assert(cpl, SDEV_ST_DONE, SDEV_DONE_ALL);
	ck_assert_uint_eq(cpl.produced, len);
	ck_assert(!memcmp(src, dst, len));

	/* The room is exactly enough, and then not. */
	d.dst_len = (uint32_t)len;
	rig_assert(rig_run(&rig.q, &d), SDEV_ST_DONE, SDEV_DONE_ALL);
	d.dst_len = (uint32_t)len - 1;
	cpl = rig_run(&rig.q, &d);
	rig_assert(cpl, SDEV_ST_OUTPUT_FULL, 0);
	ck_assert_uint_le(cpl.produced, len - 1);
	rig_close(&rig);
	free(src);
	free(mid);
	free(dst);
}
END_TEST

START_TEST(corrupt_input)
{
	struct rig rig;
	struct sdev_desc d;
	struct sdev_cpl cpl;
	size_t n;

	if (rig_skip(_i))
		return;
	rig_open(&rig, _i);
	for (unsigned int fmt = 0; fmt < SDEV_FMT_COUNT; fmt++) {
		n = pack(fmt, packed, ROOM, LEN);
		d = rig_comp(SDEV_OP_DECOMPRESS, fmt, packed, n / 2, back, ROOM);
		rig_assert(rig_run(&rig.q, &d), SDEV_ST_CORRUPT, SDEV_CORRUPT_TRUNCATED);
		d.src_len = (uint32_t)n - 1;
		cpl = rig_run(&rig.q, &d);
		rig_assert(cpl, SDEV_ST_CORRUPT, SDEV_CORRUPT_TRUNCATED);
		if (fmt != SDEV_FMT_DEFLATE) {
			packed[n - 1] ^= 1;	/* of the checksum, or of the length */
			d.src_len = (uint32_t)n;
			rig_assert(rig_run(&rig.q, &d), SDEV_ST_CORRUPT, SDEV_CORRUPT_CHECKSUM);
		}
		memset(packed, 0xff, 64);
		d.src_len = 64;
		rig_assert(rig_run(&rig.q, &d), SDEV_ST_CORRUPT, SDEV_CORRUPT_DATA);
	}
	rig_close(&rig);
}
END_TEST

/* Bytes behind the end of the data are not the job's. */
START_TEST(trailing_bytes)
{
	struct rig rig;
	struct sdev_desc d;
	struct sdev_cpl cpl;
	size_t n;

	if (rig_skip(_i))
		return;
	rig_open(&rig, _i);
	n = pack(SDEV_FMT_GZIP, packed, ROOM, 1000);
	memset(packed + n, 0x5a, 500);
	d = rig_comp(SDEV_OP_DECOMPRESS, SDEV_FMT_GZIP, packed, n + 500, back, ROOM);
	cpl = rig_run(&rig.q, &d);
	rig_assert(cpl, SDEV_ST_DONE, SDEV_DONE_ALL);
	ck_assert_uint_eq(cpl.consumed, n);
	ck_assert_uint_eq(cpl.produced, 1000);
	rig_close(&rig);
}
END_TEST

/* ---- malformed descriptors ------------------------------------------------------ */

static void expect_malformed(struct rig *rig, const struct sdev_desc *d, unsigned int detail)
{
	struct sdev_desc noop = { .opcode = SDEV_OP_NOOP, .tag = 7 };
	struct sdev_cpl cpl = rig_run(&rig->q, d);

	rig_assert(cpl, SDEV_ST_MALFORMED, detail);
	ck_assert_uint_eq(cpl.produced, 0);
	rig_assert(rig_run(&rig->q, &noop), SDEV_ST_DONE, SDEV_DONE_ALL);
}

static struct sdev_desc good(void)
{
	return rig_comp(SDEV_OP_COMPRESS, SDEV_FMT_ZLIB, text, 100, spare, sizeof(spare));
}

START_TEST(malformed_fields)
{
	struct rig rig;
	struct sdev_desc d;

	if (rig_skip(_i))
		return;
	rig_open(&rig, _i);
	for (unsigned int op = SDEV_OP_COUNT; op < 256; op++) {
		d = good();
		d.opcode = (uint8_t)op;
		expect_malformed(&rig, &d, SDEV_BAD_OPCODE);
	}
	for (unsigned int bit = 5; bit < 8; bit++) {
		d = good();
		d.flags = (uint8_t)(1u << bit);
		expect_malformed(&rig, &d, SDEV_BAD_FLAGS);
	}
	d = (struct sdev_desc){ .opcode = SDEV_OP_NOOP, .flags = SDEV_F_SRC_SGL };
	expect_malformed(&rig, &d, SDEV_BAD_FLAGS);
	for (unsigned int bit = 3; bit < 8; bit++) {
		d = good();
		d.comp.flags = (uint8_t)(1u << bit);
		expect_malformed(&rig, &d, SDEV_BAD_FLAGS);
	}
	d = good();
	d.comp.format = SDEV_FMT_COUNT;
	expect_malformed(&rig, &d, SDEV_BAD_FORMAT);
	d = good();
	d.comp.format = SDEV_FMT_ZLIB;
	d.comp.flags = SDEV_COMP_OPEN;
	expect_malformed(&rig, &d, SDEV_BAD_FORMAT);
	d = good();
	d.comp.level = SDEV_LEVEL_MAX + 1;
	expect_malformed(&rig, &d, SDEV_BAD_LEVEL);
	d = good();
	d.comp.window = SDEV_WIN_COUNT;
	expect_malformed(&rig, &d, SDEV_BAD_WINDOW);
	d = good();
	d.dst_len = 0;
	expect_malformed(&rig, &d, SDEV_BAD_LENGTH);
	d = good();
	d.opcode = SDEV_OP_DECOMPRESS;
	d.src_len = 0;
	expect_malformed(&rig, &d, SDEV_BAD_LENGTH);
	d = good();
	d.object = 12345;
	expect_malformed(&rig, &d, SDEV_BAD_OBJECT);
	d = (struct sdev_desc){ .opcode = SDEV_OP_STREAM_CLOSE };
	expect_malformed(&rig, &d, SDEV_BAD_OBJECT);
	d = (struct sdev_desc){ .opcode = SDEV_OP_STREAM_OPEN, .dir = SDEV_OP_NOOP };
	expect_malformed(&rig, &d, SDEV_BAD_OPCODE);
	rig_close(&rig);
}
END_TEST

/* Each bit of each reserved field, in each opcode. */
START_TEST(malformed_reserved)
{
	static const struct {
		size_t off;
		size_t len;
	} reserved[] = {
		{ offsetof(struct sdev_desc, reserved0), 2 },
		{ offsetof(struct sdev_desc, reserved1), 7 },
		{ offsetof(struct sdev_desc, reserved2), 16 },
	};
	/* Opcodes up to here have no use for the last field. */
	struct rig rig;
	struct sdev_desc d;

	if (rig_skip(0))
		return;
	rig_open(&rig, 0);
	for (unsigned int op = 0; op <= SDEV_OP_SESSION_CLOSE; op++) {
		for (size_t i = 0; i < wdi_array_size(reserved); i++) {
			for (size_t bit = 0; bit < reserved[i].len * 8; bit++) {
				d = good();
				d.opcode = (uint8_t)op;
				((uint8_t *)&d)[reserved[i].off + bit / 8] |=
					(uint8_t)(1u << bit % 8);
				expect_malformed(&rig, &d, SDEV_BAD_RESERVED);
			}
		}
	}
	rig_close(&rig);
}
END_TEST

/* ---- addresses -------------------------------------------------------------------- */

static void expect_fault(struct rig *rig, const struct sdev_desc *d, unsigned int status,
			 uint64_t va)
{
	struct sdev_cpl cpl = rig_run(&rig->q, d);
	struct sdev_desc fine = good();

	rig_assert(cpl, status, 0);
	ck_assert_uint_eq(cpl.fault_va, va);
	rig_assert(rig_run(&rig->q, &fine), SDEV_ST_DONE, SDEV_DONE_ALL);
}

START_TEST(bad_addresses)
{
	uint64_t kernel = UINT64_C(0xffff800000000000);
	uint64_t noncanonical = UINT64_C(0x0f00000000000000);
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *gone, *none, *ro;
	struct rig rig;
	struct sdev_desc d;

	if (rig_skip(_i))
		return;
	rig_open(&rig, _i);
	none = rig_pages(1, PROT_NONE);
	ro = rig_pages(1, PROT_READ);
	gone = rig_pages(1, RIG_HOLE);
	const struct {
		uint64_t va;
		uint64_t fault;
		unsigned int status;
		bool readable;
	} rows[] = {
		{ 0, 0, SDEV_ST_BAD_ADDRESS, false },
		{ 8, 8, SDEV_ST_BAD_ADDRESS, false },
		{ kernel, kernel, SDEV_ST_BAD_ADDRESS, false },
		{ noncanonical, noncanonical, SDEV_ST_BAD_ADDRESS, false },
		{ UINT64_MAX - 10, UINT64_MAX - 10, SDEV_ST_BAD_ADDRESS, false },
		{ (uintptr_t)gone + page, (uintptr_t)gone + page, rig_hole_status(), false },
		{ (uintptr_t)gone + page - 1, (uintptr_t)gone + page, rig_hole_status(), false },
		{ (uintptr_t)none + page, (uintptr_t)none + page, SDEV_ST_ACCESS_DENIED, false },
		{ (uintptr_t)none + 9, (uintptr_t)none + page, SDEV_ST_ACCESS_DENIED, false },
		{ (uintptr_t)ro + page, (uintptr_t)ro + page, SDEV_ST_ACCESS_DENIED, true },
		{ (uintptr_t)ro + page - 100, (uintptr_t)ro + page, SDEV_ST_ACCESS_DENIED, true },
	};

	for (size_t i = 0; i < wdi_array_size(rows); i++) {
		d = rig_comp(SDEV_OP_COMPRESS, SDEV_FMT_ZLIB, NULL, page, packed, ROOM);
		d.src_va = rows[i].va;
		if (!rows[i].readable)
			expect_fault(&rig, &d, rows[i].status, rows[i].fault);
		d = rig_comp(SDEV_OP_DECOMPRESS, SDEV_FMT_ZLIB, packed, ROOM, NULL, LEN);
		pack(SDEV_FMT_ZLIB, packed, ROOM, LEN);
		d.dst_va = rows[i].va;
		expect_fault(&rig, &d, rows[i].status, rows[i].fault);
	}
	rig_close(&rig);
}
END_TEST

/* A file that ends before its mapping does. */
START_TEST(short_file)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct rig rig;
	struct sdev_desc d;
	uint8_t *p;
	FILE *f;

	if (rig_skip(_i))
		return;
	rig_open(&rig, _i);
	f = tmpfile();
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(ftruncate(fileno(f), (off_t)page), 0);
	p = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_SHARED, fileno(f), 0);
	ck_assert_ptr_ne(p, MAP_FAILED);
	d = rig_comp(SDEV_OP_COMPRESS, SDEV_FMT_ZLIB, p, 3 * page, packed, ROOM);
	expect_fault(&rig, &d, SDEV_ST_BAD_ADDRESS, (uintptr_t)p + page);
	pack(SDEV_FMT_ZLIB, packed, ROOM, LEN);
	d = rig_comp(SDEV_OP_DECOMPRESS, SDEV_FMT_ZLIB, packed, ROOM, p, LEN);
	expect_fault(&rig, &d, SDEV_ST_BAD_ADDRESS, (uintptr_t)p + page);
	rig_close(&rig);
	fclose(f);
}
END_TEST

/* The source ends in page k. Data that is over before it is fine; what needs more is not. */
START_TEST(source_bad_in_page)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct rig rig;
	struct sdev_desc d;
	struct sdev_cpl cpl;
	uint8_t *p;
	size_t n;

	if (rig_skip(_i))
		return;
	rig_open(&rig, _i);
	for (size_t k = 1; k < 4; k++) {
		p = rig_pages(k, RIG_HOLE);
		rig_fill(p, k * page);
		d = rig_comp(SDEV_OP_COMPRESS, SDEV_FMT_ZLIB, p, k * page + 1, packed, ROOM);
		expect_fault(&rig, &d, rig_hole_status(), (uintptr_t)p + k * page);

		n = pack(SDEV_FMT_GZIP, p, k * page, k * page / 2);
		d = rig_comp(SDEV_OP_DECOMPRESS, SDEV_FMT_GZIP, p, k * page + 5000, back, ROOM);
		cpl = rig_run(&rig.q, &d);
		rig_assert(cpl, SDEV_ST_DONE, SDEV_DONE_ALL);
		ck_assert_uint_eq(cpl.consumed, n);
		ck_assert_uint_eq(cpl.produced, k * page / 2);

		n = pack(SDEV_FMT_GZIP, packed, ROOM, LEN);
		ck_assert_uint_gt(n, k * page);
		memcpy(p, packed, k * page);
		d = rig_comp(SDEV_OP_DECOMPRESS, SDEV_FMT_GZIP, p, n, back, ROOM);
		expect_fault(&rig, &d, rig_hole_status(), (uintptr_t)p + k * page);
		munmap(p, k * page);
	}
	rig_close(&rig);
}
END_TEST

/* dst_len may claim more than there is, as long as it is not needed. */
START_TEST(destination_ends_where_output_does)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), n;
	struct rig rig;
	struct sdev_desc d;
	struct sdev_cpl cpl;
	uint8_t *p = rig_pages(2, PROT_NONE), *end = p + 2 * page;

	if (rig_skip(_i))
		return;
	rig_open(&rig, _i);
	for (unsigned int fmt = 0; fmt < SDEV_FMT_COUNT; fmt++) {
		d = rig_comp(SDEV_OP_COMPRESS, fmt, text, 3000, packed, ROOM);
		n = rig_run(&rig.q, &d).produced;
		d.dst_va = (uintptr_t)(end - n);
		d.dst_len = 1 << 20;
		cpl = rig_run(&rig.q, &d);
		rig_assert(cpl, SDEV_ST_DONE, SDEV_DONE_ALL);
		ck_assert(!memcmp(end - n, packed, n));

		d.dst_va++;
		expect_fault(&rig, &d, SDEV_ST_ACCESS_DENIED, (uintptr_t)end);

		d = rig_comp(SDEV_OP_DECOMPRESS, fmt, packed, n, end - 3000, 1 << 20);
		cpl = rig_run(&rig.q, &d);
		rig_assert(cpl, SDEV_ST_DONE, SDEV_DONE_ALL);
		ck_assert_uint_eq(cpl.produced, 3000);
		d.dst_va += 1;
		expect_fault(&rig, &d, SDEV_ST_ACCESS_DENIED, (uintptr_t)end);
	}
	rig_close(&rig);
}
END_TEST

static bool untouched(const uint8_t *p, size_t len)
{
	return p[0] == 0xa5 && !memcmp(p, p + 1, len - 1);
}

/* Nothing behind what was produced is touched, and one byte too little is too little. */
START_TEST(output_exact)
{
	struct rig rig;
	struct sdev_desc d;
	struct sdev_cpl cpl;
	size_t n;

	if (rig_skip(_i))
		return;
	rig_open(&rig, _i);
	for (unsigned int fmt = 0; fmt < SDEV_FMT_COUNT; fmt++) {
		memset(packed, 0xa5, ROOM);
		d = rig_comp(SDEV_OP_COMPRESS, fmt, text, 5000, packed, ROOM);
		n = rig_run(&rig.q, &d).produced;
		ck_assert(untouched(packed + n, ROOM - n));
		d.dst_len = (uint32_t)n;
		rig_assert(rig_run(&rig.q, &d), SDEV_ST_DONE, SDEV_DONE_ALL);
		d.dst_va = (uintptr_t)back;
		d.dst_len = (uint32_t)n - 1;
		rig_assert(rig_run(&rig.q, &d), SDEV_ST_OUTPUT_FULL, 0);

		memset(back, 0xa5, ROOM);
		d = rig_comp(SDEV_OP_DECOMPRESS, fmt, packed, n, back, ROOM);
		rig_assert(rig_run(&rig.q, &d), SDEV_ST_DONE, SDEV_DONE_ALL);
		ck_assert(untouched(back + 5000, ROOM - 5000));
		d.dst_len = 5000;
		rig_assert(rig_run(&rig.q, &d), SDEV_ST_DONE, SDEV_DONE_ALL);
		d.dst_len = 4999;
		cpl = rig_run(&rig.q, &d);
		rig_assert(cpl, SDEV_ST_OUTPUT_FULL, 0);
		ck_assert_uint_le(cpl.produced, 4999);
	}
	rig_close(&rig);
}
END_TEST

/* ---- chains ------------------------------------------------------------------------- */

/* Cut [p, p + len) into elements of @piece bytes with an empty one after each. */
static struct sdev_sge *chain_of(uint8_t *p, size_t len, size_t piece, unsigned int *count)
{
	size_t n = 2 * ((len + piece - 1) / piece);
	struct sdev_sge *sge = calloc(n, sizeof(*sge));

	ck_assert_ptr_nonnull(sge);
	for (size_t i = 0; i < n; i++) {
		if (i % 2 == 0) {
			sge[i].va = (uintptr_t)p;
			sge[i].len = (uint32_t)wdi_min(len, piece);
			p += sge[i].len;
			len -= sge[i].len;
		}
		sge[i].ignored = 0xdeadbeef;
		sge[i].next = i + 1 < n ? (uintptr_t)&sge[i + 1] : 0;
	}
	*count = (unsigned int)n;
	return sge;
}

START_TEST(chains)
{
	struct sdev_sge *src, *mid, *dst;
	struct rig rig;
	struct sdev_desc d;
	struct sdev_cpl cpl;
	unsigned int n;

	if (rig_skip(_i))
		return;
	rig_open(&rig, _i);
	src = chain_of(text, LEN, 1000, &n);
	mid = chain_of(packed, ROOM, 777, &n);
	dst = chain_of(back, LEN, 3, &n);
	free(dst);
	dst = chain_of(back, LEN, 4097, &n);
	for (unsigned int fmt = 0; fmt < SDEV_FMT_COUNT; fmt++) {
		d = rig_comp(SDEV_OP_COMPRESS, fmt, src, LEN, mid, ROOM);
		d.flags = SDEV_F_SRC_SGL | SDEV_F_DST_SGL;
		cpl = rig_run(&rig.q, &d);
		rig_assert(cpl, SDEV_ST_DONE, SDEV_DONE_ALL);
		check_inflates(fmt, packed, cpl.produced, text, LEN);

		memset(back, 0, ROOM);
		d = rig_comp(SDEV_OP_DECOMPRESS, fmt, mid, cpl.produced, dst, LEN);
		d.flags = SDEV_F_SRC_SGL | SDEV_F_DST_SGL;
		cpl = rig_run(&rig.q, &d);
		rig_assert(cpl, SDEV_ST_DONE, SDEV_DONE_ALL);
		ck_assert_uint_eq(cpl.produced, LEN);
		ck_assert(!memcmp(back, text, LEN));

		/* The chain holds less than dst_len says. */
		memset(&dst[n - 2], 0, sizeof(dst[0]));
		dst[n - 2].next = (uintptr_t)&dst[n - 1];
		rig_assert(rig_run(&rig.q, &d), SDEV_ST_OUTPUT_FULL, 0);
		free(dst);
		dst = chain_of(back, LEN, 4097, &n);
	}
	free(src);
	free(mid);
	free(dst);
	rig_close(&rig);
}
END_TEST

START_TEST(bad_chains)
{
	static struct sdev_sge sge[SDEV_SGE_MAX + 1];
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct sdev_sge last;
	struct rig rig;
	struct sdev_desc d;
	uint8_t *edge;

	if (rig_skip(_i))
		return;
	rig_open(&rig, _i);
	edge = rig_pages(1, RIG_HOLE);
	d = good();
	d.flags = SDEV_F_SRC_SGL;
	d.src_va = (uintptr_t)sge;

	/* a loop, also one that has bytes enough */
	sge[0] = (struct sdev_sge){ .va = (uintptr_t)text, .len = 50, .next = (uintptr_t)sge };
	expect_malformed(&rig, &d, SDEV_BAD_SGL);
	sge[0].len = 0;
	expect_malformed(&rig, &d, SDEV_BAD_SGL);
	d.flags = SDEV_F_DST_SGL;
	d.src_va = (uintptr_t)text;
	d.dst_va = (uintptr_t)sge;
	expect_malformed(&rig, &d, SDEV_BAD_SGL);

	/* as long as a chain may be, and one more */
	for (size_t i = 0; i <= SDEV_SGE_MAX; i++) {
		sge[i].va = (uintptr_t)packed + i;
		sge[i].len = 1;
		sge[i].next = (uintptr_t)&sge[i + 1];
	}
	sge[SDEV_SGE_MAX].next = 0;
	expect_malformed(&rig, &d, SDEV_BAD_SGL);
	sge[SDEV_SGE_MAX - 1].next = 0;
	rig_assert(rig_run(&rig.q, &d), SDEV_ST_DONE, SDEV_DONE_ALL);

	/* fewer bytes than src_len, no chain at all, elements out of reach */
	d = good();
	d.flags = SDEV_F_SRC_SGL;
	d.src_va = (uintptr_t)sge;
	sge[0] = (struct sdev_sge){ .va = (uintptr_t)text, .len = 99 };
	expect_malformed(&rig, &d, SDEV_BAD_SGL);
	sge[0].len = 100;
	rig_assert(rig_run(&rig.q, &d), SDEV_ST_DONE, SDEV_DONE_ALL);
	d.src_va = 0;
	expect_fault(&rig, &d, SDEV_ST_BAD_ADDRESS, 0);
	d.src_va = (uintptr_t)edge + page - 8;
	expect_fault(&rig, &d, rig_hole_status(), (uintptr_t)edge + page);
	last = (struct sdev_sge){ .va = (uintptr_t)edge + page, .len = 99 };
	sge[0] = (struct sdev_sge){ .va = (uintptr_t)text, .len = 1, .next = (uintptr_t)&last };
	d.src_va = (uintptr_t)sge;
	expect_fault(&rig, &d, rig_hole_status(), (uintptr_t)edge + page);
	rig_close(&rig);
}
END_TEST

/* ---- streams -------------------------------------------------------------------------- */

static uint32_t stream_open(struct rig *rig, uint8_t dir, unsigned int fmt)
{
	struct sdev_desc d = {
		.opcode = SDEV_OP_STREAM_OPEN, .dir = dir,
		.comp = { .format = (uint8_t)fmt, .level = 6, .window = SDEV_WIN_32K },
	};
	struct sdev_cpl cpl = rig_run(&rig->q, &d);

	rig_assert(cpl, SDEV_ST_DONE, SDEV_DONE_ALL);
	ck_assert_uint_ne(cpl.object, 0);
	return cpl.object;
}

static struct sdev_cpl stream_op(struct rig *rig, uint8_t op, uint32_t object)
{
	struct sdev_desc d = { .opcode = op, .object = object };

	return rig_run(&rig->q, &d);
}

/*
 * Push [in, in + len) through a stream in pieces of @piece bytes with room for
 * @room; returns what came out.
 */
static size_t stream_all(struct rig *rig, uint8_t op, uint32_t object, const uint8_t *in,
			 size_t len, size_t piece, size_t room, uint8_t *out)
{
	size_t at = 0, made = 0;
	struct sdev_desc d;
	struct sdev_cpl cpl;

	for (;;) {
		size_t n = wdi_min(piece, len - at);

		d = rig_comp(op, 0, in + at, n, out + made, room);
		d.object = object;
		d.comp.flags = at + n == len ? SDEV_COMP_LAST : 0;
		cpl = rig_run(&rig->q, &d);
		ck_assert_uint_eq(rig_status(&cpl), SDEV_ST_DONE);
		at += cpl.consumed;
		made += cpl.produced;
		if (rig_detail(&cpl) == SDEV_DONE_STREAM_END)
			break;
		if (rig_detail(&cpl) == SDEV_DONE_ALL)
			ck_assert_uint_eq(cpl.consumed, n);
		else
			ck_assert_uint_eq(cpl.produced, room);
	}
	ck_assert_uint_eq(at, len);
	return made;
}

START_TEST(streams)
{
	static const size_t pieces[] = { 1, 100, 4096, LEN };
	static const size_t rooms[] = { 7, 4096, ROOM };
	struct rig rig;
	struct sdev_cpl cpl;
	size_t n;

	if (rig_skip(_i))
		return;
	rig_open(&rig, _i);
	for (unsigned int fmt = 0; fmt < SDEV_FMT_COUNT; fmt++) {
		uint32_t comp = stream_open(&rig, SDEV_OP_COMPRESS, fmt);
		uint32_t decomp = stream_open(&rig, SDEV_OP_DECOMPRESS, fmt);

		for (size_t i = 0; i < wdi_array_size(pieces) * wdi_array_size(rooms); i++) {
			size_t piece = pieces[i / 3], room = rooms[i % 3];
			size_t len = piece == 1 ? 500 : room == 7 || rig_valgrind() ? 20000 : LEN;

			n = stream_all(&rig, SDEV_OP_COMPRESS, comp, text, len, piece, room,
				       packed);
			check_inflates(fmt, packed, n, text, len);
			memset(back, 0, len);
			n = stream_all(&rig, SDEV_OP_DECOMPRESS, decomp, packed, n, piece, room,
				       back);
			ck_assert_uint_eq(n, len);
			ck_assert(!memcmp(back, text, len));
			cpl = stream_op(&rig, SDEV_OP_STREAM_RESET, comp);
			rig_assert(cpl, SDEV_ST_DONE, SDEV_DONE_ALL);
			cpl = stream_op(&rig, SDEV_OP_STREAM_RESET, decomp);
			rig_assert(cpl, SDEV_ST_DONE, SDEV_DONE_ALL);
		}
		cpl = stream_op(&rig, SDEV_OP_STREAM_CLOSE, comp);
		rig_assert(cpl, SDEV_ST_DONE, SDEV_DONE_ALL);
		cpl = stream_op(&rig, SDEV_OP_STREAM_CLOSE, comp);
		rig_assert(cpl, SDEV_ST_MALFORMED, SDEV_BAD_OBJECT);
	}
	rig_close(&rig);	/* the decompressors are still open */
}
END_TEST

/* What ends at a sync point can be read up to there. */
START_TEST(stream_sync)
{
	struct rig rig;
	struct sdev_desc d;
	struct sdev_cpl cpl;
	uint32_t comp, decomp;

	if (rig_skip(_i))
		return;
	rig_open(&rig, _i);
	comp = stream_open(&rig, SDEV_OP_COMPRESS, SDEV_FMT_DEFLATE);
	decomp = stream_open(&rig, SDEV_OP_DECOMPRESS, SDEV_FMT_DEFLATE);
	for (unsigned int i = 0; i < 5; i++) {
		d = rig_comp(SDEV_OP_COMPRESS, 0, text + 1000 * i, 1000, packed, ROOM);
		d.object = comp;
		d.comp.flags = SDEV_COMP_SYNC;
		cpl = rig_run(&rig.q, &d);
		rig_assert(cpl, SDEV_ST_DONE, SDEV_DONE_ALL);
		d = rig_comp(SDEV_OP_DECOMPRESS, 0, packed, cpl.produced, back, ROOM);
		d.object = decomp;
		cpl = rig_run(&rig.q, &d);
		rig_assert(cpl, SDEV_ST_DONE, SDEV_DONE_ALL);
		ck_assert_uint_eq(cpl.produced, 1000);
		ck_assert(!memcmp(back, text + 1000 * i, 1000));
	}
	rig_close(&rig);
}
END_TEST

START_TEST(stream_after_end)
{
	struct rig rig;
	struct sdev_desc d;
	struct sdev_cpl cpl;
	uint32_t decomp;
	size_t n;

	if (rig_skip(_i))
		return;
	rig_open(&rig, _i);
	decomp = stream_open(&rig, SDEV_OP_DECOMPRESS, SDEV_FMT_GZIP);
	n = pack(SDEV_FMT_GZIP, packed, ROOM, 1000);
	d = rig_comp(SDEV_OP_DECOMPRESS, 0, packed, n + 100, back, ROOM);
	d.object = decomp;
	cpl = rig_run(&rig.q, &d);
	rig_assert(cpl, SDEV_ST_DONE, SDEV_DONE_STREAM_END);
	ck_assert_uint_eq(cpl.consumed, n);
	cpl = rig_run(&rig.q, &d);
	rig_assert(cpl, SDEV_ST_DONE, SDEV_DONE_STREAM_END);
	ck_assert_uint_eq(cpl.consumed, 0);
	ck_assert_uint_eq(cpl.produced, 0);
	rig_assert(stream_op(&rig, SDEV_OP_STREAM_RESET, decomp), SDEV_ST_DONE, SDEV_DONE_ALL);
	cpl = rig_run(&rig.q, &d);
	ck_assert_uint_eq(cpl.produced, 1000);
	rig_close(&rig);
}
END_TEST

START_TEST(stream_errors)
{
	struct rig rig;
	struct rig_queue other;
	struct sdev_file *file;
	struct sdev_desc d, close_other;
	uint32_t comp, decomp, pasid;

	if (rig_skip(_i))
		return;
	rig_open(&rig, _i);
	comp = stream_open(&rig, SDEV_OP_COMPRESS, SDEV_FMT_ZLIB);
	decomp = stream_open(&rig, SDEV_OP_DECOMPRESS, SDEV_FMT_ZLIB);

	/* the other direction, a handle that was never given out, an old one */
	d = rig_comp(SDEV_OP_DECOMPRESS, 0, text, 100, back, ROOM);
	d.object = comp;
	expect_malformed(&rig, &d, SDEV_BAD_OBJECT);
	d.object = decomp + 1;
	expect_malformed(&rig, &d, SDEV_BAD_OBJECT);
	d.object = decomp ^ 1u << 31;
	expect_malformed(&rig, &d, SDEV_BAD_OBJECT);

	/* bad data kills it until it is reset */
	d.object = decomp;
	rig_assert(rig_run(&rig.q, &d), SDEV_ST_CORRUPT, SDEV_CORRUPT_DATA);
	expect_malformed(&rig, &d, SDEV_OBJECT_DEAD);
	rig_assert(stream_op(&rig, SDEV_OP_STREAM_RESET, decomp), SDEV_ST_DONE, SDEV_DONE_ALL);
	d.src_va = (uintptr_t)packed;
	d.src_len = (uint32_t)pack(SDEV_FMT_ZLIB, packed, ROOM, 1000);
	rig_assert(rig_run(&rig.q, &d), SDEV_ST_DONE, SDEV_DONE_STREAM_END);

	/* somebody else's */
	ck_assert_int_eq(sdev_open(rig.dev, &file), 0);
	ck_assert_int_eq(rig_bind(file, &pasid), 0);
	ck_assert_int_eq(rig_queue_make(file, pasid, 4, &other), 0);
	close_other = (struct sdev_desc){ .opcode = SDEV_OP_STREAM_CLOSE, .object = comp };
	rig_assert(rig_run(&other, &close_other), SDEV_ST_MALFORMED, SDEV_BAD_OBJECT);
	sdev_close(file);
	rig_assert(stream_op(&rig, SDEV_OP_STREAM_CLOSE, comp), SDEV_ST_DONE, SDEV_DONE_ALL);
	rig_close(&rig);
}
END_TEST

/* A fault costs a stream nothing: it goes on where the completion says it stopped. */
START_TEST(stream_faults)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), n, taken;
	uint8_t *p, *dst;
	struct rig rig;
	struct sdev_desc d;
	struct sdev_cpl cpl;
	uint32_t comp;

	if (rig_skip(_i))
		return;
	rig_open(&rig, _i);
	comp = stream_open(&rig, SDEV_OP_COMPRESS, SDEV_FMT_ZLIB);
	p = rig_pages(2, PROT_NONE);
	memcpy(p, text, 2 * page);
	dst = rig_pages(1, RIG_HOLE);

	/* reading stops at the page boundary */
	d = rig_comp(SDEV_OP_COMPRESS, 0, p, 3 * page, packed, ROOM);
	d.object = comp;
	d.comp.flags = SDEV_COMP_LAST;
	cpl = rig_run(&rig.q, &d);
	rig_assert(cpl, SDEV_ST_ACCESS_DENIED, 0);
	ck_assert_uint_eq(cpl.fault_va, (uintptr_t)p + 2 * page);
	ck_assert_uint_eq(cpl.consumed, 2 * page);
	n = cpl.produced;

	/* writing stops in the middle of what was produced */
	d = rig_comp(SDEV_OP_COMPRESS, 0, text + 2 * page, LEN - 2 * page, dst + page - 10, ROOM);
	d.object = comp;
	d.comp.flags = SDEV_COMP_LAST;
	cpl = rig_run(&rig.q, &d);
	rig_assert(cpl, rig_hole_status(), 0);
	ck_assert_uint_eq(cpl.fault_va, (uintptr_t)dst + page);
	ck_assert_uint_eq(cpl.produced, 10);
	memcpy(packed + n, dst + page - 10, 10);
	n += 10;
	taken = 2 * page + cpl.consumed;

	/* again, and it is not read or produced twice */
	cpl = rig_run(&rig.q, &d);
	rig_assert(cpl, rig_hole_status(), 0);
	ck_assert_uint_eq(cpl.consumed, 0);
	memcpy(packed + n, dst + page - 10, cpl.produced);
	n += cpl.produced;

	n += stream_all(&rig, SDEV_OP_COMPRESS, comp, text + taken, LEN - taken, LEN, 5000,
			packed + n);
	check_inflates(SDEV_FMT_ZLIB, packed, n, text, LEN);
	rig_close(&rig);
}
END_TEST

/* Two pieces at once: the second comes too early unless a fence holds it back. */
START_TEST(stream_order)
{
	struct rig rig;
	struct sdev_desc d;
	uint32_t comp;
	size_t n = 0;

	if (rig_skip(_i))
		return;
	rig_open(&rig, _i);
	comp = stream_open(&rig, SDEV_OP_COMPRESS, SDEV_FMT_ZLIB);
	for (unsigned int i = 0; i < 50; i++) {
		d = rig_comp(SDEV_OP_COMPRESS, 0, text + 4000 * i, 4000, packed + 8000 * i, 8000);
		d.object = comp;
		d.tag = i;
		d.flags = SDEV_F_FENCE;
		d.comp.flags = i == 49 ? SDEV_COMP_LAST : SDEV_COMP_SYNC;
		rig_put(&rig.q, &d);
	}
	rig_ring(&rig.q);
	for (unsigned int i = 0; i < 50; i++) {
		struct sdev_cpl cpl = rig_wait(&rig.q);

		ck_assert_uint_eq(cpl.tag, i);
		ck_assert_uint_eq(rig_status(&cpl), SDEV_ST_DONE);
		memmove(packed + n, packed + 8000 * i, cpl.produced);
		n += cpl.produced;
	}
	check_inflates(SDEV_FMT_ZLIB, packed, n, text, 200000);
	rig_close(&rig);
}
END_TEST

/* So many would take gigabytes; the device is told that it has them. */
START_TEST(too_many_streams)
{
	struct rig rig;
	struct sdev_desc d = {
		.opcode = SDEV_OP_STREAM_OPEN, .dir = SDEV_OP_DECOMPRESS,
		.comp.format = SDEV_FMT_ZLIB,
	};
	struct sdev_cpl cpl;

	if (rig_skip(_i))
		return;
	rig_open(&rig, _i);
	atomic_store(&rig.file->as->objects, rig_reg32(rig.file, SDEV_REG_MAX_OBJECTS) - 1);
	cpl = rig_run(&rig.q, &d);
	rig_assert(cpl, SDEV_ST_DONE, SDEV_DONE_ALL);
	rig_assert(rig_run(&rig.q, &d), SDEV_ST_NO_MEMORY, 0);
	rig_assert(stream_op(&rig, SDEV_OP_STREAM_CLOSE, cpl.object), SDEV_ST_DONE, SDEV_DONE_ALL);
	rig_assert(rig_run(&rig.q, &d), SDEV_ST_DONE, SDEV_DONE_ALL);
	rig_close(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("device_jobs");
	TCase *tcase = tcase_create("jobs");

	tcase_add_unchecked_fixture(tcase, setup, NULL);
	tcase_set_timeout(tcase, 300);
	tcase_add_loop_test(tcase, round_trips, 0, RIG_MODES);
	tcase_add_test(tcase, levels_and_windows);
	tcase_add_loop_test(tcase, large_job, 0, RIG_MODES);
	tcase_add_loop_test(tcase, corrupt_input, 0, RIG_MODES);
	tcase_add_loop_test(tcase, trailing_bytes, 0, RIG_MODES);
	tcase_add_loop_test(tcase, malformed_fields, 0, RIG_MODES);
	tcase_add_test(tcase, malformed_reserved);
	tcase_add_loop_test(tcase, bad_addresses, 0, RIG_SAFE_MODES);
	tcase_add_loop_test(tcase, short_file, 0, RIG_SAFE_MODES);
	tcase_add_loop_test(tcase, source_bad_in_page, 0, RIG_SAFE_MODES);
	tcase_add_loop_test(tcase, destination_ends_where_output_does, 0, RIG_SAFE_MODES);
	tcase_add_loop_test(tcase, output_exact, 0, RIG_MODES);
	tcase_add_loop_test(tcase, chains, 0, RIG_MODES);
	tcase_add_loop_test(tcase, bad_chains, 0, RIG_SAFE_MODES);
	tcase_add_loop_test(tcase, streams, 0, RIG_MODES);
	tcase_add_loop_test(tcase, stream_sync, 0, RIG_MODES);
	tcase_add_loop_test(tcase, stream_after_end, 0, RIG_MODES);
	tcase_add_loop_test(tcase, stream_errors, 0, RIG_MODES);
	tcase_add_loop_test(tcase, stream_faults, 0, RIG_SAFE_MODES);
	tcase_add_loop_test(tcase, stream_order, 0, RIG_MODES);
	tcase_add_loop_test(tcase, too_many_streams, 0, RIG_MODES);
	suite_add_tcase(suite, tcase);
	return rig_main(suite);
}
