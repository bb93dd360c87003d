/* SPDX-License-Identifier: MIT */
/*
 * Compression: blocks are read in order, compressed by all engines of the
 * device, and written in order, each a gzip member of its own. A ring of slots
 * holds the blocks that are under way, and bounds the memory.
 */
#include "gz.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "fio.h"
#include "pool.h"

#define SLOTS_MAX	258	/* two for each of 128 engine threads, and two */
#define RETRIES		3	/* of a block whose device was reset under it */
#define TICK_MS		100	/* how long progress may stand still */

/* More than any format and library adds to a block that does not compress. */
#define OUT_ROOM	(GZ_BLOCK + GZ_BLOCK / 4 + 4096)

enum slot_state {
	SLOT_FREE,
	SLOT_FLYING,
	SLOT_DONE,
};

struct slot {
	uint8_t *in;		/* GZ_BLOCK bytes, then OUT_ROOM bytes of out */
	uint8_t *out;
	size_t in_len;
	size_t out_len;
	handle_t sess;
	unsigned int tries;
	unsigned int error;	/* WD_* */
	enum slot_state state;
};

struct gz_compressor {
	struct pool pool;
	unsigned int sess_count;
	handle_t *sess;
	unsigned int slot_count;
	struct slot *slots;
	/* Free running: head is the oldest block not yet written, tail the next to be read. */
	uint64_t head, tail;
	bool at_end;
	bool broken;		/* the device cannot be polled: its jobs may be under way for ever */
};

enum gz_result gz_fail(struct gz_job *job, bool at_output, const char *reason)
{
	job->at_output = at_output;
	job->reason = reason;
	return GZ_FAILED;
}

static int open_sessions(struct gz_compressor *c, unsigned int level)
{
	c->sess = calloc(c->sess_count, sizeof(*c->sess));
	c->slots = calloc(c->slot_count, sizeof(*c->slots));
	if (!c->sess || !c->slots)
		return -ENOMEM;
	for (unsigned int i = 0; i < c->sess_count; i++) {
		c->sess[i] = pool_session(&c->pool, WD_GZIP, WD_DIR_COMPRESS, level);
		if (!c->sess[i])
			return -EIO;
	}
	for (unsigned int i = 0; i < c->slot_count; i++)
		c->slots[i].sess = c->sess[i % c->sess_count];
	return 0;
}

int gz_compressor_open(unsigned int level, struct gz_compressor **out)
{
	struct gz_compressor *c = calloc(1, sizeof(*c));
	struct pool_want want = { 0 };
	unsigned int width = pool_width();
	int ret;

	if (!c)
		return -ENOMEM;
	c->slot_count = 2 * width + 2;
	if (c->slot_count > SLOTS_MAX)
		c->slot_count = SLOTS_MAX;
	want.count[WD_DIR_COMPRESS][CTX_MODE_SYNC] = 1;	/* for the empty member */
	/* A context for each engine thread, or as many as the device has left. */
	for (c->sess_count = width < c->slot_count ? width : c->slot_count;; c->sess_count /= 2) {
		want.count[WD_DIR_COMPRESS][CTX_MODE_ASYNC] = c->sess_count;
		ret = pool_open(&c->pool, "gzip", NULL, &want, true);
		if (ret != -EBUSY || c->sess_count == 1)
			break;
	}
	if (ret) {
		free(c);
		return ret;
	}
	ret = open_sessions(c, level);
	if (ret) {
		gz_compressor_close(c);
		return ret;
	}
	*out = c;
	return 0;
}

void gz_compressor_close(struct gz_compressor *c)
{
	if (c->broken)
		return;		/* the end of the process takes it all away together */
	for (unsigned int i = 0; c->sess && i < c->sess_count; i++) {
		if (c->sess[i])
			wd_comp_free_sess(c->sess[i]);
	}
	pool_close(&c->pool);
	for (unsigned int i = 0; c->slots && i < c->slot_count; i++) {
		if (c->slots[i].in)
			munmap(c->slots[i].in, GZ_BLOCK + OUT_ROOM);
	}
	free(c->slots);
	free(c->sess);
	free(c);
}

static struct slot *slot_at(const struct gz_compressor *c, uint64_t index)
{
	return &c->slots[index % c->slot_count];
}

/* A small file touches one slot; mapped memory that nobody touches costs nothing. */
static int prepare_slot(struct slot *s)
{
	void *mem;

	if (s->in)
		return 0;
	mem = mmap(NULL, GZ_BLOCK + OUT_ROOM, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mem == MAP_FAILED)
		return -errno;
	s->in = mem;
	s->out = s->in + GZ_BLOCK;
	return 0;
}

static void *on_done(struct wd_comp_req *req, void *param)
{
	struct slot *s = param;

	s->error = req->status;
	s->out_len = req->dst_len;
	s->state = SLOT_DONE;
	return NULL;
}

/* 0, -EAGAIN when the ring is full, or another negative errno. */
static int submit(struct slot *s)
{
	struct wd_comp_req req = {
		.src = s->in,
		.src_len = (__u32)s->in_len,
		.dst = s->out,
		.dst_len = OUT_ROOM,
		.cb = on_done,
		.cb_param = s,
		.op_type = WD_DIR_COMPRESS,
		.data_fmt = WD_FLAT_BUF,
		.last = 1,
	};
	int ret;

	s->state = SLOT_FLYING;
	ret = wd_do_comp_async(s->sess, &req);
	if (!ret)
		return 0;
	s->state = SLOT_FREE;
	return ret == -WD_EBUSY ? -EAGAIN : ret < 0 ? ret : -ret;
}

/* The ring of a context is deeper than the slots are many, but it may be shared. */
static int submit_patiently(struct gz_compressor *c, struct slot *s)
{
	int ret;

	while ((ret = submit(s)) == -EAGAIN) {
		ret = pool_poll(&c->pool);
		if (ret < 0)
			return ret;
		if (!ret)
			pool_wait(&c->pool, TICK_MS);
	}
	return ret;
}

/* A block request has at least one byte; a stream may have none. */
static int submit_empty(struct slot *s)
{
	struct wd_comp_req req = {
		.src = s->in,
		.dst = s->out,
		.dst_len = OUT_ROOM,
		.op_type = WD_DIR_COMPRESS,
		.data_fmt = WD_FLAT_BUF,
		.last = 1,
	};
	int ret = wd_do_comp_strm(s->sess, &req);

	s->out_len = req.dst_len;
	s->error = req.status == WD_STREAM_END ? 0 : req.status;
	s->state = SLOT_DONE;
	return ret < 0 ? ret : -ret;
}

static enum gz_result read_block(struct gz_compressor *c, struct gz_job *job)
{
	struct slot *s = slot_at(c, c->tail);
	ssize_t n;
	int ret;

	ret = prepare_slot(s);
	if (ret)
		return gz_fail(job, false, strerror(-ret));
	n = fio_read_full(job->in, s->in, GZ_BLOCK);
	if (n < 0)
		return gz_fail(job, false, strerror((int)-n));
	if (n < (ssize_t)GZ_BLOCK)
		c->at_end = true;
	/* An empty input is one empty member; the end of any other is none. */
	if (!n && c->tail)
		return GZ_OK;
	job->in_bytes += (uint64_t)n;
	s->in_len = (size_t)n;
	s->tries = 0;
	ret = n ? submit_patiently(c, s) : submit_empty(s);
	if (ret)
		return gz_fail(job, false, strerror(-ret));
	c->tail++;
	return GZ_OK;
}

static enum gz_result write_block(struct gz_compressor *c, struct gz_job *job)
{
	struct slot *s = slot_at(c, c->head);
	int ret;

	if (s->error == WD_HW_EACCESS && s->tries++ < RETRIES) {
		ret = submit_patiently(c, s);
		return ret ? gz_fail(job, false, strerror(-ret)) : GZ_OK;
	}
	if (s->error)
		return gz_fail(job, false, pool_status_text(s->error));
	ret = job->out < 0 ? 0 : fio_write(job->out, s->out, s->out_len);
	if (ret)
		return gz_fail(job, true, strerror(-ret));
	job->out_bytes += s->out_len;
	s->state = SLOT_FREE;
	c->head++;
	return GZ_OK;
}

static enum gz_result wait_for_block(struct gz_compressor *c, struct gz_job *job)
{
	int ret = pool_poll(&c->pool);

	if (ret < 0)
		return gz_fail(job, false, strerror(-ret));
	if (!ret)
		pool_wait(&c->pool, TICK_MS);
	ui_progress_at(job->progress, job->in_bytes);
	return GZ_OK;
}

/* Whatever happened, no engine may still be at work on the slots. */
static void drain(struct gz_compressor *c)
{
	for (; c->head < c->tail; c->head++) {
		struct slot *s = slot_at(c, c->head);

		while (s->state == SLOT_FLYING) {
			int ret = pool_poll(&c->pool);

			if (ret < 0) {
				c->broken = true;
				return;
			}
			if (!ret)
				pool_wait(&c->pool, TICK_MS);
		}
		s->state = SLOT_FREE;
	}
}

enum gz_result gz_compress(struct gz_compressor *c, struct gz_job *job)
{
	enum gz_result result = GZ_OK;

	if (c->broken)
		return gz_fail(job, false, pool_status_text(WD_EIO));
	c->head = 0;
	c->tail = 0;
	c->at_end = false;
	while (result == GZ_OK) {
		if (c->head < c->tail && slot_at(c, c->head)->state == SLOT_DONE)
			result = write_block(c, job);
		else if (!c->at_end && c->tail - c->head < c->slot_count)
			result = read_block(c, job);
		else if (c->head < c->tail)
			result = wait_for_block(c, job);
		else
			break;
	}
	drain(c);
	return result;
}
