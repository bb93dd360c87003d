/* SPDX-License-Identifier: MIT */
/*
 * "weft bench comp --quick": files through the device and back, all engines at
 * work, next to zlib as a program calls it. Device and zlib take turns, chunk
 * by chunk, so that a busy moment of the machine meets both.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench_comp.h"
#include "cmd.h"
#include "fio.h"
#include "pool.h"
#include "table.h"
#include "ui.h"

#define BLOCK		((size_t)1 << 20)
#define LANES_MIN	16
#define LANES_MAX	256
#define TOTAL_MAX	((uint64_t)128 << 20)	/* of all files together, at each level */
#define FILE_MIN	((uint64_t)4 << 20)

static const int quick_levels[] = { 6, 1 };

#define LEVEL_COUNT	(sizeof(quick_levels) / sizeof(quick_levels[0]))

enum {
	COL_FILE,
	COL_SIZE,
	COL_BYTES,
	COL_LEVEL,
	COL_RATIO,
	COL_ZLIB_RATIO,
	COL_COMP,
	COL_ZLIB_COMP,
	COL_COMP_UP,
	COL_DECOMP,
	COL_ZLIB_DECOMP,
	COL_DECOMP_UP,
	COL_RESULT,
	COL_COUNT,
};

static const struct column columns[] = {
	[COL_FILE] = { "file", "FILE", COLUMN_TEXT, 0, false },
	[COL_SIZE] = { "size", "SIZE", COLUMN_TEXT, 0, false },
	[COL_BYTES] = { "bytes", NULL, COLUMN_NUMBER, 0, false },
	[COL_LEVEL] = { "level", "LEVEL", COLUMN_NUMBER, 0, false },
	[COL_RATIO] = { "ratio", "RATIO", COLUMN_NUMBER, 2, false },
	[COL_ZLIB_RATIO] = { "zlib_ratio", "ZLIB", COLUMN_NUMBER, 2, false },
	[COL_COMP] = { "compress_mb_s", "COMPRESS MB/s", COLUMN_NUMBER, 0, false },
	[COL_ZLIB_COMP] = { "zlib_compress_mb_s", "ZLIB", COLUMN_NUMBER, 0, false },
	[COL_COMP_UP] = { "compress_speed_up", "SPEED-UP", COLUMN_NUMBER, 1, false },
	[COL_DECOMP] = { "restore_mb_s", "RESTORE MB/s", COLUMN_NUMBER, 0, false },
	[COL_ZLIB_DECOMP] = { "zlib_restore_mb_s", "ZLIB", COLUMN_NUMBER, 0, false },
	[COL_DECOMP_UP] = { "restore_speed_up", "SPEED-UP", COLUMN_NUMBER, 1, false },
	[COL_RESULT] = { "result", "RESULT", COLUMN_TEXT, 0, false },
};

_Static_assert(sizeof(columns) / sizeof(columns[0]) == COL_COUNT, "a column without a row");

/* Values of struct bench_result. */
enum {
	QUICK_BYTES,		/* in */
	QUICK_OUT,		/* compressed by the device */
	QUICK_ZLIB_OUT,
	QUICK_COMP,		/* seconds */
	QUICK_DECOMP,
	QUICK_ZLIB_COMP,
	QUICK_ZLIB_DECOMP,
	QUICK_DIFFERS,		/* bytes that did not come back as they were */
};

struct job {
	const char *path;
	uint64_t limit;
	int level;
};

/* A block on its way: plain to packed to restored. */
struct lane {
	uint8_t *plain, *packed, *restored;
	size_t plain_len, packed_len, restored_len;
	unsigned int *left;
	unsigned int error;
};

struct quick {
	const struct job *job;
	struct lane *lanes;
	unsigned int lane_count;
	struct pool pool;
	unsigned int width;
	handle_t *sess[WD_DIR_MAX];
	void *zlib[WD_DIR_MAX];
	unsigned int left;
};

static int open_all(struct quick *q)
{
	struct pool_want want = { 0 };
	int ret;

	q->width = pool_width();
	q->lane_count = 4 * q->width < LANES_MIN ? LANES_MIN : 4 * q->width;
	if (q->lane_count > LANES_MAX)
		q->lane_count = LANES_MAX;
	want.count[WD_DIR_COMPRESS][CTX_MODE_ASYNC] = q->width;
	want.count[WD_DIR_DECOMPRESS][CTX_MODE_ASYNC] = q->width;
	ret = pool_open(&q->pool, "gzip", NULL, &want, true);
	if (ret)
		return ret;
	for (unsigned int dir = 0; dir < WD_DIR_MAX; dir++) {
		q->sess[dir] = calloc(q->width, sizeof(handle_t));
		q->zlib[dir] = DIRECT_ZLIB->open(q->job->level, true, dir == WD_DIR_DECOMPRESS);
		if (!q->sess[dir] || !q->zlib[dir])
			return -ENOMEM;
		for (unsigned int i = 0; i < q->width; i++) {
			q->sess[dir][i] = pool_session(&q->pool, WD_GZIP, dir,
						       (unsigned int)q->job->level);
			if (!q->sess[dir][i])
				return -EIO;
		}
	}
	q->lanes = calloc(q->lane_count, sizeof(*q->lanes));
	if (!q->lanes)
		return -ENOMEM;
	for (unsigned int i = 0; i < q->lane_count; i++) {
		struct lane *lane = &q->lanes[i];

		lane->left = &q->left;
		lane->plain = malloc(BLOCK);
		lane->packed = malloc(direct_bound(BLOCK));
		lane->restored = malloc(BLOCK);
		if (!lane->plain || !lane->packed || !lane->restored)
			return -ENOMEM;
		/* Not to be faulted in while the clock runs. */
		memset(lane->packed, 1, direct_bound(BLOCK));
		memset(lane->restored, 1, BLOCK);
	}
	return 0;
}

/* How many lanes got something; negative errno. */
static int read_lanes(struct quick *q, int fd, uint64_t *room)
{
	unsigned int n;

	for (n = 0; n < q->lane_count && *room; n++) {
		size_t want = *room < BLOCK ? (size_t)*room : BLOCK;
		ssize_t len = fio_read_full(fd, q->lanes[n].plain, want);

		if (len < 0)
			return (int)len;
		if (!len)
			break;
		q->lanes[n].plain_len = (size_t)len;
		*room -= (uint64_t)len;
	}
	return (int)n;
}

static void *on_done(struct wd_comp_req *req, void *param)
{
	struct lane *lane = param;

	lane->error = req->status;
	if (req->op_type == WD_DIR_COMPRESS)
		lane->packed_len = req->dst_len;
	else
		lane->restored_len = req->dst_len;
	--*lane->left;
	return NULL;
}

static int wait_some(struct quick *q)
{
	int n = pool_poll(&q->pool);

	if (!n)
		pool_wait(&q->pool, -1);
	return n < 0 ? n : 0;
}

/* All lanes in one direction, in parallel. */
static int run_device(struct quick *q, unsigned int count, enum wd_comp_op_type dir)
{
	int ret = 0;

	for (unsigned int i = 0; i < count && !ret; i++) {
		struct lane *lane = &q->lanes[i];
		bool comp = dir == WD_DIR_COMPRESS;
		struct wd_comp_req req = {
			.src = comp ? lane->plain : lane->packed,
			.src_len = (__u32)(comp ? lane->plain_len : lane->packed_len),
			.dst = comp ? lane->packed : lane->restored,
			.dst_len = (__u32)(comp ? direct_bound(BLOCK) : BLOCK),
			.cb = on_done,
			.cb_param = lane,
			.op_type = dir,
			.last = 1,
		};

		q->left++;
		while ((ret = wd_do_comp_async(q->sess[dir][i % q->width], &req)) == -WD_EBUSY) {
			ret = wait_some(q);
			if (ret)
				break;
		}
	}
	while (q->left && !ret)
		ret = wait_some(q);
	for (unsigned int i = 0; i < count && !ret; i++) {
		if (q->lanes[i].error)
			ret = -EIO;
	}
	return ret;
}

static int run_zlib(struct quick *q, unsigned int count, enum wd_comp_op_type dir,
		    size_t *bytes)
{
	for (unsigned int i = 0; i < count; i++) {
		struct lane *lane = &q->lanes[i];
		size_t n;

		if (dir == WD_DIR_COMPRESS)
			n = DIRECT_ZLIB->compress(q->zlib[dir], lane->plain, lane->plain_len,
						  lane->packed, direct_bound(BLOCK));
		else
			n = DIRECT_ZLIB->decompress(q->zlib[dir], lane->packed, lane->packed_len,
						    lane->restored, BLOCK);
		if (!n)
			return -EIO;
		if (dir == WD_DIR_COMPRESS)
			lane->packed_len = n;
		*bytes += n;
	}
	return 0;
}

static int run_chunk(struct quick *q, unsigned int count, struct bench_result *res)
{
	size_t zlib_bytes = 0, restored = 0;
	double at[5];
	int ret;

	at[0] = ui_now();
	ret = run_device(q, count, WD_DIR_COMPRESS);
	at[1] = ui_now();
	if (!ret)
		ret = run_device(q, count, WD_DIR_DECOMPRESS);
	at[2] = ui_now();
	if (ret)
		return ret;
	for (unsigned int i = 0; i < count; i++) {
		const struct lane *lane = &q->lanes[i];

		res->value[QUICK_BYTES] += (double)lane->plain_len;
		res->value[QUICK_OUT] += (double)lane->packed_len;
		if (lane->restored_len != lane->plain_len ||
		    memcmp(lane->restored, lane->plain, lane->plain_len))
			res->value[QUICK_DIFFERS] += (double)lane->plain_len;
	}
	res->value[QUICK_COMP] += at[1] - at[0];
	res->value[QUICK_DECOMP] += at[2] - at[1];

	/* zlib restores what the device compressed, which also says that it is gzip. */
	at[0] = ui_now();
	ret = run_zlib(q, count, WD_DIR_DECOMPRESS, &restored);
	at[1] = ui_now();
	if (!ret)
		ret = run_zlib(q, count, WD_DIR_COMPRESS, &zlib_bytes);
	at[2] = ui_now();
	res->value[QUICK_ZLIB_DECOMP] += at[1] - at[0];
	res->value[QUICK_ZLIB_COMP] += at[2] - at[1];
	res->value[QUICK_ZLIB_OUT] += (double)zlib_bytes;
	return ret;
}

static int quick_measure(const void *arg, struct bench_result *res)
{
	struct quick *q = calloc(1, sizeof(*q));
	const struct job *job = arg;
	uint64_t room = job->limit;
	int fd, ret;

	if (!q)
		return -ENOMEM;
	q->job = job;
	fd = open(job->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = open_all(q);
	while (!ret) {
		int count = read_lanes(q, fd, &room);

		if (count <= 0)
			return count;
		ret = run_chunk(q, (unsigned int)count, res);
	}
	return ret;
}

/* ---- in the parent ----------------------------------------------------- */

static void fill_row(struct table *t, const char *name, int level, const double *v)
{
	char size[32];

	table_row(t);
	table_text(t, COL_FILE, name);
	table_text(t, COL_SIZE, ui_size((uint64_t)v[QUICK_BYTES], size, sizeof(size)));
	table_number(t, COL_BYTES, v[QUICK_BYTES]);
	table_number(t, COL_LEVEL, level);
	table_number(t, COL_RATIO, v[QUICK_BYTES] / v[QUICK_OUT]);
	table_number(t, COL_ZLIB_RATIO, v[QUICK_BYTES] / v[QUICK_ZLIB_OUT]);
	table_number(t, COL_COMP, v[QUICK_BYTES] / v[QUICK_COMP] / 1e6);
	table_number(t, COL_ZLIB_COMP, v[QUICK_BYTES] / v[QUICK_ZLIB_COMP] / 1e6);
	table_number(t, COL_COMP_UP, v[QUICK_ZLIB_COMP] / v[QUICK_COMP]);
	table_number(t, COL_DECOMP, v[QUICK_BYTES] / v[QUICK_DECOMP] / 1e6);
	table_number(t, COL_ZLIB_DECOMP, v[QUICK_BYTES] / v[QUICK_ZLIB_DECOMP] / 1e6);
	table_number(t, COL_DECOMP_UP, v[QUICK_ZLIB_DECOMP] / v[QUICK_DECOMP]);
	table_text(t, COL_RESULT, v[QUICK_DIFFERS] > 0 ? "DIFFERS" : "verified");
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* 0, or a negative errno after a message. */
static int check_file(const char *path, uint64_t limit)
{
	struct stat st;
	char size[32], part[32];

	if (stat(path, &st) || access(path, R_OK)) {
		ui_error("%s: %s", path, strerror(errno));
		return -errno;
	}
	if (!S_ISREG(st.st_mode) || !st.st_size) {
		ui_error("%s: %s", path, S_ISREG(st.st_mode) ? "is empty" :
			 "is not a regular file");
		return -EINVAL;
	}
	if ((uint64_t)st.st_size > limit)
		out_line("%s: the first %s of %s", base_name(path),
			 ui_size(limit, part, sizeof(part)),
			 ui_size((uint64_t)st.st_size, size, sizeof(size)));
	return 0;
}

/* How many files were done, in *done. False when one could not be, or came back different. */
static bool run_jobs(const struct comp_plan *plan, uint64_t limit, struct table *t,
		     unsigned int *done)
{
	double sums[LEVEL_COUNT][BENCH_VALUES] = { 0 };
	bool good = true;

	for (size_t i = 0; i < plan->path_count; i++) {
		if (check_file(plan->paths[i], limit)) {
			good = false;
			continue;
		}
		++*done;
		for (size_t l = 0; l < LEVEL_COUNT; l++) {
			const struct job job = { plan->paths[i], limit, quick_levels[l] };
			struct bench_run run = { .fn = quick_measure, .arg = &job };
			int ret;

			bench_say("%s, level %d", base_name(job.path), job.level);
			ret = bench_once(&run);
			bench_quiet();
			if (ret) {
				ui_error("%s: %s", job.path, strerror(-ret));
				good = false;
				continue;
			}
			fill_row(t, base_name(job.path), job.level, run.last.value);
			for (size_t v = 0; v < BENCH_VALUES; v++)
				sums[l][v] += run.last.value[v];
			good &= !(run.last.value[QUICK_DIFFERS] > 0);
		}
	}
	for (size_t l = 0; l < LEVEL_COUNT && *done > 1; l++) {
		if (sums[l][QUICK_BYTES] > 0)
			fill_row(t, "all", quick_levels[l], sums[l]);
	}
	return good;
}

/* All of every file if that is not too much, else an equal share of each. */
static uint64_t file_limit(const struct comp_plan *plan)
{
	uint64_t total = 0, share = TOTAL_MAX / plan->path_count;
	struct stat st;

	for (size_t i = 0; i < plan->path_count; i++) {
		if (!stat(plan->paths[i], &st) && S_ISREG(st.st_mode))
			total += (uint64_t)st.st_size;
	}
	if (total <= TOTAL_MAX)
		return TOTAL_MAX;
	return share < FILE_MIN ? FILE_MIN : share;
}

int comp_quick(const struct comp_plan *plan)
{
	unsigned int done = 0;
	struct table *t;
	bool good;

	if (!plan->path_count) {
		ui_error("--quick: no file is given; see 'weft help bench'");
		return CMD_USAGE;
	}
	t = table_new(columns, COL_COUNT);
	good = run_jobs(plan, file_limit(plan), t, &done);
	if (done)
		out_line("gzip in blocks of 1 MiB through the device, %u CPU%s; zlib on one, as programs call it",
			 bench_cpu_count(), bench_cpu_count() == 1 ? "" : "s");
	if (done || out_is_json())
		out_table("quick", t);
	table_free(t);
	return good ? CMD_OK : CMD_FAILED;
}
