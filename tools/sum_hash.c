/* SPDX-License-Identifier: MIT */
#include "sum.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <uadk/wd_digest.h>
#include <uadk/wd_sched.h>

#include "fio.h"
#include "pool.h"

#define SLOTS		64		/* files that are open at once */
#define PIECE		(256 * 1024)
#define JOBS		1024		/* files that may wait for an earlier one to be printed */
#define WAIT_MS		1000

const struct sum_alg sum_algs[] = {
	{ "md5", "MD5", WD_DIGEST_MD5, WD_DIGEST_MD5_LEN, WD_DIGEST_MD5_FULL_LEN },
	{ "sha1", "SHA1", WD_DIGEST_SHA1, WD_DIGEST_SHA1_LEN, WD_DIGEST_SHA1_FULL_LEN },
	{ "sha224", "SHA224", WD_DIGEST_SHA224, WD_DIGEST_SHA224_LEN, WD_DIGEST_SHA224_FULL_LEN },
	{ "sha256", "SHA256", WD_DIGEST_SHA256, WD_DIGEST_SHA256_LEN, WD_DIGEST_SHA256_FULL_LEN },
	{ "sha384", "SHA384", WD_DIGEST_SHA384, WD_DIGEST_SHA384_LEN, WD_DIGEST_SHA384_FULL_LEN },
	{ "sha512", "SHA512", WD_DIGEST_SHA512, WD_DIGEST_SHA512_LEN, WD_DIGEST_SHA512_FULL_LEN },
	{ "sha512-224", "SHA512-224", WD_DIGEST_SHA512_224, WD_DIGEST_SHA512_224_LEN,
	  WD_DIGEST_SHA512_224_FULL_LEN },
	{ "sha512-256", "SHA512-256", WD_DIGEST_SHA512_256, WD_DIGEST_SHA512_256_LEN,
	  WD_DIGEST_SHA512_256_FULL_LEN },
	{ "sm3", "SM3", WD_DIGEST_SM3, WD_DIGEST_SM3_LEN, WD_DIGEST_SM3_FULL_LEN },
};
const size_t sum_alg_count = sizeof(sum_algs) / sizeof(sum_algs[0]);

const struct sum_alg *sum_alg_named(const char *name)
{
	for (size_t i = 0; i < sum_alg_count; i++) {
		if (!strcmp(sum_algs[i].name, name))
			return &sum_algs[i];
	}
	return NULL;
}

/* An entry of the ring of jobs, from next() to done(). */
struct entry {
	struct sum_job job;
	bool ended;
};

/* A file that is open. While one buffer is with the device, the other is filled. */
struct slot {
	struct sum *sum;
	struct entry *entry;	/* NULL: free */
	handle_t sess;
	int fd;
	bool regular;
	bool at_end;		/* what is in the next buffer is the last of it */
	bool busy;		/* the device has a piece */
	bool begun;		/* and had one before */
	unsigned int next;	/* buffer that is, or will be, filled */
	size_t filled;		/* bytes in it; SIZE_MAX: not yet */
	uint8_t *buf[2];
	uint8_t out[64];
};

struct sum {
	const struct sum_alg *alg;
	const struct sum_calls *calls;
	handle_t ctx;
	struct wd_sched *sched;
	struct entry *ring;
	uint64_t first, last;	/* entries that are taken, running freely */
	uint64_t bytes;
	unsigned int in_flight;
	struct slot slots[SLOTS];
};

/* ---- one file -------------------------------------------------------------- */

static void job_finish(struct slot *slot, int error, const char *reason)
{
	struct sum_job *job = &slot->entry->job;

	job->error = error;
	job->reason = reason;
	for (unsigned int i = 0; !error && !reason && i < slot->sum->alg->bytes; i++) {
		static const char digits[] = "0123456789abcdef";

		job->hex[2 * i] = digits[slot->out[i] >> 4];
		job->hex[2 * i + 1] = digits[slot->out[i] & 15];
		job->hex[2 * i + 2] = '\0';
	}
	slot->entry->ended = true;
	slot->entry = NULL;
	if (slot->fd > STDIN_FILENO)
		close(slot->fd);
	slot->fd = -1;
}

/* Fill the next buffer. 0 or an errno. */
static int slot_fill(struct slot *slot)
{
	uint8_t **buf = &slot->buf[slot->next];
	ssize_t n;

	if (!*buf)
		*buf = malloc(PIECE);
	if (!*buf)
		return ENOMEM;
	/* Of a file, less than was asked for is the end; of a pipe, nothing is. */
	n = slot->regular ? fio_read(slot->fd, *buf, PIECE) : fio_read_full(slot->fd, *buf, PIECE);
	if (n < 0)
		return (int)-n;
	slot->filled = (size_t)n;
	slot->at_end = n < PIECE;
	slot->entry->job.bytes += (uint64_t)n;
	slot->sum->bytes += (uint64_t)n;
	return 0;
}

static void slot_go_on(struct slot *slot);

static void *piece_ended(void *request)
{
	const struct wd_digest_req *req = request;
	struct slot *slot = req->cb_param;

	slot->sum->in_flight--;
	slot->busy = false;
	if (req->state)
		job_finish(slot, 0, pool_status_text(req->state));
	else if (req->has_next == WD_DIGEST_END)
		job_finish(slot, 0, NULL);
	return NULL;
}

/* Hand what is in the buffer to the device. False: its ring is full. */
static bool slot_send(struct slot *slot)
{
	const struct sum_alg *alg = slot->sum->alg;
	struct wd_digest_req req = {
		.in = slot->buf[slot->next],
		.in_bytes = (__u32)slot->filled,
		.out = slot->out,
		.out_bytes = slot->at_end ? alg->bytes : alg->state,
		.out_buf_bytes = sizeof(slot->out),
		.has_next = slot->at_end ? WD_DIGEST_END : WD_DIGEST_DOING,
		.cb = piece_ended,
		.cb_param = slot,
	};
	int ret = wd_do_digest_async(slot->sess, &req);

	if (ret == -WD_EBUSY)
		return false;
	if (ret) {
		job_finish(slot, 0, pool_status_text((unsigned int)-ret));
		return true;
	}
	slot->sum->in_flight++;
	slot->busy = true;
	slot->next ^= 1;
	slot->filled = SIZE_MAX;
	return true;
}

/* Whatever can be done for a file now: send what was read, read what comes next. */
static void slot_go_on(struct slot *slot)
{
	int error;

	if (slot->filled == SIZE_MAX && !slot->at_end) {
		error = slot_fill(slot);
		/* While the device has its state, a stream cannot be left. */
		if (error && !slot->busy)
			job_finish(slot, error, NULL);
		if (error)
			return;
	}
	if (!slot->busy && slot->filled != SIZE_MAX && slot_send(slot) && slot->entry &&
	    !slot->at_end) {
		error = slot_fill(slot);
		if (error)
			slot->filled = SIZE_MAX;	/* met again once the piece has ended */
	}
}

static void slot_start(struct slot *slot, struct entry *entry)
{
	const char *path = entry->job.path;
	struct stat st;
	int error = 0;

	slot->entry = entry;
	slot->at_end = false;
	slot->filled = SIZE_MAX;
	slot->fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
	if (slot->fd < 0 || fstat(slot->fd, &st))
		error = errno;
	else if (S_ISDIR(st.st_mode))
		error = EISDIR;
	if (error) {
		job_finish(slot, error, NULL);
		return;
	}
	slot->regular = S_ISREG(st.st_mode);
	slot_go_on(slot);
}

/* ---- all of them ------------------------------------------------------------- */

static void print_ended(struct sum *s)
{
	while (s->first != s->last && s->ring[s->first % JOBS].ended) {
		s->calls->done(s->calls->arg, &s->ring[s->first % JOBS].job);
		s->first++;
	}
}

/* The next file into every slot that is free. False: there are no more. */
static bool start_some(struct sum *s)
{
	for (unsigned int i = 0; i < SLOTS; i++) {
		struct slot *slot = &s->slots[i];
		struct entry *entry = &s->ring[s->last % JOBS];

		/* One that could not be opened leaves its place to the next. */
		while (!slot->entry && s->last - s->first < JOBS) {
			memset(entry, 0, sizeof(*entry));
			if (!s->calls->next(s->calls->arg, &entry->job))
				return false;
			s->last++;
			slot_start(slot, entry);
			entry = &s->ring[s->last % JOBS];
		}
	}
	return true;
}

int sum_run(struct sum *s, const struct sum_calls *calls)
{
	bool more = true;

	s->calls = calls;
	s->first = s->last = s->bytes = 0;
	while (more || s->first != s->last) {
		__u32 count = 0;

		if (more)
			more = start_some(s);
		wd_digest_poll_ctx(0, SLOTS, &count);
		for (unsigned int i = 0; i < SLOTS; i++) {
			if (s->slots[i].entry)
				slot_go_on(&s->slots[i]);
		}
		print_ended(s);
		if (calls->step)
			calls->step(calls->arg, s->bytes);
		if (!count && s->in_flight && (!more || s->in_flight == SLOTS))
			wd_ctx_wait(s->ctx, WAIT_MS);
	}
	return 0;
}

/* ---- the device ----------------------------------------------------------------- */

static int open_ctx(struct sum *s)
{
	struct uacce_dev *dev = wd_get_accel_dev(s->alg->name);

	if (!dev)
		return -ENODEV;
	s->ctx = wd_request_ctx(dev);
	free(dev);
	return s->ctx ? 0 : -errno;
}

static int open_sessions(struct sum *s)
{
	struct wd_digest_sess_setup setup = { .alg = s->alg->type, .mode = WD_DIGEST_NORMAL };

	for (unsigned int i = 0; i < SLOTS; i++) {
		s->slots[i].sum = s;
		s->slots[i].fd = -1;
		s->slots[i].sess = wd_digest_alloc_sess(&setup);
		if (!s->slots[i].sess)
			return -errno;
	}
	return 0;
}

int sum_open(const struct sum_alg *alg, struct sum **out)
{
	struct sum *s = calloc(1, sizeof(*s));
	struct wd_ctx wd_ctx = { 0 };
	struct wd_ctx_config config = { .ctx_num = 1, .ctxs = &wd_ctx };
	int ret;

	if (!s)
		return -ENOMEM;
	s->alg = alg;
	s->ring = calloc(JOBS, sizeof(*s->ring));
	ret = s->ring ? open_ctx(s) : -ENOMEM;
	if (!ret) {
		/* One queue for everything. */
		s->sched = wd_sched_rr_alloc(SCHED_POLICY_NONE, 1, 1, wd_digest_poll_ctx);
		wd_ctx.ctx = s->ctx;
		wd_ctx.ctx_mode = CTX_MODE_ASYNC;
		ret = s->sched ? wd_digest_init(&config, s->sched) : -ENOMEM;
	}
	if (!ret)
		ret = open_sessions(s);
	if (ret)
		sum_close(s);
	else
		*out = s;
	return ret;
}

void sum_close(struct sum *s)
{
	for (unsigned int i = 0; i < SLOTS; i++) {
		wd_digest_free_sess(s->slots[i].sess);
		free(s->slots[i].buf[0]);
		free(s->slots[i].buf[1]);
	}
	wd_digest_uninit();
	if (s->sched)
		wd_sched_rr_release(s->sched);
	wd_release_ctx(s->ctx);
	free(s->ring);
	free(s);
}
