/* SPDX-License-Identifier: MIT */
/* What the files of the differential test share. */
#ifndef WEFT_TEST_FRONT_ZDIFF_INTERNAL_H
#define WEFT_TEST_FRONT_ZDIFF_INTERNAL_H

#include "zdiff.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define MIN(a, b)	({ size_t min_a_ = (a), min_b_ = (b); min_a_ < min_b_ ? min_a_ : min_b_; })

#define SLOTS		2
#define FED_MAX		(320u << 10)	/* input of one stream */
#define POOL_LEN	(1u << 20)
#define POOLS		6

struct zdiff;

/* ---- an allocator that looks closely ------------------------------------ */

enum zmem_mode {
	ZMEM_NONE,	/* zalloc and zfree are left to the library */
	ZMEM_COUNT,	/* as much as wanted */
	ZMEM_ARENA,	/* a fixed number of bytes, as programs set aside after the manual */
	ZMEM_FAIL,	/* the n-th request fails */
};

struct zmem {
	uint32_t magic;
	enum zmem_mode mode;
	size_t arena;		/* ARENA: bytes for each stream */
	size_t limit;		/* and for all of them */
	size_t given;		/* bytes now in use */
	size_t peak;
	unsigned int fail_at;	/* FAIL: 1 is the first request */
	unsigned int requests;
	unsigned int live;
	unsigned int users;	/* streams, for copies share it */
	bool failed;		/* a request was refused */
	const char *damage;	/* what the library did wrong, or NULL */
};

/* For one stream, and for copies of it that count themselves in @users. */
struct zmem *zmem_new(enum zmem_mode mode, size_t limit, unsigned int fail_at);
void zmem_use(struct zmem *m, z_stream *strm);
/* A stream of @side has ended; with the last one everything must be back. */
void zmem_drop(struct zdiff *d, int side, struct zmem *m);
/* A mode from a raw number, most often NONE. */
enum zmem_mode zmem_mode_of(uint32_t arg);

/* ---- data --------------------------------------------------------------- */

extern uint8_t zpool[POOLS][POOL_LEN];
void zpool_fill(void);

/* ---- streams ------------------------------------------------------------ */

/* What the compressed data of a side decodes to, followed while it comes. */
struct check {
	z_stream dec;
	bool live, ended;
	size_t decoded;
	unsigned int skip_bits;	/* in front of a raw stream: bits that deflatePrime() put there */
	gz_header head;
	uint8_t extra[40], name[24], comment[24];
	uint8_t first[10];	/* the first bytes of the data */
	size_t seen;
};

struct dside {
	z_stream s;
	struct zmem *mem;
	struct check check;
	size_t taken;		/* of the input */
	size_t made;
	uLong extra;		/* what total_in holds beyond that: a dictionary counts */
	int last;		/* flush of the last call, as the rule about Z_BUF_ERROR sees it */
	bool unsure;		/* whether the rule applies to the next call */
	bool stuck;		/* there was a Z_BUF_ERROR, whose msg zlib leaves where it is */
	const char *unstuck;	/* msg in front of that */
};

/*
 * @synced:    both sides have taken and delivered everything
 * @called:    deflate() went to work
 * @flushed:   the last thing was a flush of that kind, complete, or 0
 */
struct dslot {
	bool live, synced, called, finishing, finished, has_dict;
	bool forgot;		/* a full flush: what is in front of it may be gone */
	int flushed;
	int level, wb, wrap, mem_level, strategy;
	const uint8_t *in;
	size_t fed;
	const uint8_t *dict;
	size_t dict_len;
	struct dside side[SIDES];
};

struct iside {
	z_stream s;
	struct zmem *mem;
	size_t taken;
	size_t made;
	gz_header head;
	uint8_t extra[40], name[24], comment[24];
};

/*
 * @synced: both sides are at the same place of the input
 * @typed:  data_type is that of a call with Z_BLOCK or Z_TREES, or of the end
 * @primed: there was an inflatePrime(), whose bits zlib may give back as input
 * @stale:  the window is that of a stream that has ended
 * @odd:    it cannot be followed any more
 */
struct islot {
	bool live, synced, typed, need_dict, head_wanted, stale, primed, odd;
	bool tiny;			/* zlib has a window of one byte */
	int wb;
	struct source *source;		/* shared with copies */
	size_t fed;
	struct iside side[SIDES];
};

/* Compressed data, perhaps spoilt, from the system's zlib. */
struct source {
	unsigned int users;
	uint8_t *data;
	size_t len;
	int wrap, wb;
	const uint8_t *dict;
	size_t dict_len;
};

/* From four raw numbers. @wrap: 0 raw, 1 zlib, 2 gzip, -1 any. */
struct source *source_new(struct zdiff *d, const uint32_t *arg, int wrap);
void source_drop(struct source *s);

/*
 * A code with a gap, be it one that spells the lengths of the others, is refused by zlib,
 * whose @msg it is, and by others only when the gap is met; and one of them takes the symbols
 * 286 and 287, which do not exist, for 285.
 */
bool zdiff_gap_in_code(const struct zdiff *d, const char *msg, const int ret[SIDES]);

struct zdiff {
	const struct zapi *api[SIDES];
	const char *folder;
	bool trace, exact;
	bool lengthy;		/* of the sequence */
	bool failed;
	char why[1024];
	uint64_t calls;
	const struct zop *now;	/* the operation that is played */
	size_t at;
	struct dslot d[SLOTS];
	struct islot i[SLOTS];
	struct zgz *gz;
	uint8_t *scratch;	/* output of one call and its fence */
};

#define SCRATCH_LEN	(1u << 20)

typedef void zop_fn(struct zdiff *d, const struct zop *op);

struct zop_row {
	const char *name;
	unsigned int weight;
	zop_fn *fn;
};

extern const struct zop_row zops_deflate[], zops_inflate[], zops_calls[], zops_gz[];
extern const size_t zops_deflate_count, zops_inflate_count, zops_calls_count, zops_gz_count;

/* Play one; a long stream may go on for a while instead. */
void zdiff_play(struct zdiff *d, const struct zop *op, zop_fn *fn);

void zdiff_end_deflate(struct zdiff *d);
void zdiff_end_inflate(struct zdiff *d);
void zdiff_end_gz(struct zdiff *d);

/* ---- what a compressing side has made ------------------------------------ */

/* Follows the data of a stream that begins; of one that was copied; ends. */
void check_open(struct zdiff *d, struct dslot *slot, int side);
void check_copy(struct zdiff *d, struct dslot *to, const struct dslot *from, int side);
void check_close(struct zdiff *d, struct check *c);
/* The next bytes, which must decode to what went in. */
void check_feed(struct zdiff *d, struct dslot *slot, int side, const uint8_t *p, size_t len);
/* A side has delivered all that @flush asks for. */
void check_flushed(struct zdiff *d, struct dslot *slot, int side, int flush);

/* ---- helpers ------------------------------------------------------------ */

static inline const char *side_name(int side)
{
	return side == OURS ? "ours" : "theirs";
}

void zdiff_fail(struct zdiff *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void zdiff_note(struct zdiff *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Both numbers must be the same. */
void zdiff_same(struct zdiff *d, const char *what, long long theirs, long long ours);
/* Both texts must be the same, or both missing. */
void zdiff_same_text(struct zdiff *d, const char *what, const char *theirs, const char *ours);
void zdiff_same_bytes(struct zdiff *d, const char *what, const void *theirs, const void *ours,
		      size_t len);

/* Sizes, most of them small, from a raw number. */
size_t zdiff_size(uint32_t arg);
/* Room for output. */
size_t zdiff_room(uint32_t arg);
const uint8_t *zdiff_data(uint32_t arg, size_t len);

struct piece {
	uint8_t *data;		/* exactly as long as it says, on the heap */
	size_t len;
};

struct piece piece_of(const uint8_t *data, size_t len);
/* The library must not look at it from now on. */
void piece_drop(struct piece *p);

/* One call's room in d->scratch, with a fence behind it. */
uint8_t *room_make(struct zdiff *d, size_t len);
void room_check(struct zdiff *d, int side, size_t len);

#endif
