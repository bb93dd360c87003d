/* SPDX-License-Identifier: MIT */
/*
 * Decompression: one stream through the device, member after member. What is
 * between members is looked at here, by gzip's rules: another member goes on,
 * zeros up to the end are padding, anything else is garbage and worth a word.
 */
#include "gz.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fio.h"
#include "pool.h"

#define IN_SIZE		(256u << 10)
#define OUT_SIZE	GZ_BLOCK
#define MAGIC_LEN	3

static const uint8_t magic[MAGIC_LEN] = { 0x1f, 0x8b, 8 };

struct gz_decompressor {
	struct pool pool;
	handle_t sess;
	uint8_t *in;
	uint8_t *out;
	/* Of the file at hand: */
	int fd;
	size_t at, len;		/* in[at, len) has not been consumed */
	bool eof;
};

int gz_decompressor_open(struct gz_decompressor **out)
{
	struct gz_decompressor *d = calloc(1, sizeof(*d));
	struct pool_want want = { 0 };
	int ret;

	if (!d)
		return -ENOMEM;
	want.count[WD_DIR_DECOMPRESS][CTX_MODE_SYNC] = 1;
	ret = pool_open(&d->pool, "gzip", NULL, &want, false);
	if (ret) {
		free(d);
		return ret;
	}
	d->in = malloc(IN_SIZE);
	d->out = malloc(OUT_SIZE);
	d->sess = pool_session(&d->pool, WD_GZIP, WD_DIR_DECOMPRESS, 0);
	if (!d->in || !d->out || !d->sess) {
		ret = d->sess ? -ENOMEM : -EIO;
		gz_decompressor_close(d);
		return ret;
	}
	*out = d;
	return 0;
}

void gz_decompressor_close(struct gz_decompressor *d)
{
	if (d->sess)
		wd_comp_free_sess(d->sess);
	pool_close(&d->pool);
	free(d->out);
	free(d->in);
	free(d);
}

static size_t available(const struct gz_decompressor *d)
{
	return d->len - d->at;
}

/* Make @want bytes available unless the file ends before. 0 or a negative errno. */
static int fill(struct gz_decompressor *d, size_t want)
{
	while (available(d) < want && !d->eof) {
		ssize_t n;

		if (d->at) {
			memmove(d->in, d->in + d->at, available(d));
			d->len -= d->at;
			d->at = 0;
		}
		n = fio_read(d->fd, d->in + d->len, IN_SIZE - d->len);
		if (n < 0)
			return (int)n;
		d->eof = !n;
		d->len += (size_t)n;
	}
	return 0;
}

static void skip(struct gz_decompressor *d, struct gz_job *job, size_t len)
{
	d->at += len;
	job->in_bytes += len;
	ui_progress_at(job->progress, job->in_bytes);
}

static enum gz_result emit(struct gz_job *job, const void *data, size_t len)
{
	int ret = job->out < 0 ? 0 : fio_write(job->out, data, len);

	if (ret)
		return gz_fail(job, true, strerror(-ret));
	job->out_bytes += len;
	return GZ_OK;
}

/* What follows, at the start of the file and after each member. */
enum next {
	NEXT_MEMBER,
	NEXT_END,
	NEXT_CUT,	/* the file ends inside a header */
	NEXT_METHOD,	/* a header, but of no method that there is */
	NEXT_OTHER,
};

static enum next classify(const struct gz_decompressor *d)
{
	size_t len = available(d) < MAGIC_LEN ? available(d) : MAGIC_LEN;

	if (!len)
		return NEXT_END;
	if (!memcmp(d->in + d->at, magic, len))
		return len == MAGIC_LEN ? NEXT_MEMBER : NEXT_CUT;
	if (len == MAGIC_LEN && !memcmp(d->in + d->at, magic, MAGIC_LEN - 1))
		return NEXT_METHOD;
	return NEXT_OTHER;
}

/* GZ_OK when the rest of the file is nothing but zeros. */
static enum gz_result skip_zeros(struct gz_decompressor *d, struct gz_job *job)
{
	int ret;

	for (;;) {
		ret = fill(d, 1);
		if (ret)
			return gz_fail(job, false, strerror(-ret));
		if (!available(d))
			return GZ_OK;
		for (size_t i = d->at; i < d->len; i++) {
			if (d->in[i]) {
				job->reason = "decompressed, but trailing garbage was ignored";
				return GZ_WARNING;
			}
		}
		skip(d, job, available(d));
	}
}

static enum gz_result copy_rest(struct gz_decompressor *d, struct gz_job *job)
{
	enum gz_result result;
	int ret;

	for (;;) {
		ret = fill(d, 1);
		if (ret)
			return gz_fail(job, false, strerror(-ret));
		if (!available(d))
			return GZ_OK;
		result = emit(job, d->in + d->at, available(d));
		if (result != GZ_OK)
			return result;
		skip(d, job, available(d));
	}
}

/*
 * One step of the stream. *status is 0, WD_STREAM_END or what went wrong. A
 * device that has just been reset has forgotten the stream, so nothing but
 * "busy" is worth another try.
 */
static int step(struct gz_decompressor *d, size_t *consumed, size_t *produced,
		unsigned int *status)
{
	struct wd_comp_req req = {
		.src = d->in + d->at,
		.src_len = (__u32)available(d),
		.dst = d->out,
		.dst_len = OUT_SIZE,
		.op_type = WD_DIR_DECOMPRESS,
		.data_fmt = WD_FLAT_BUF,
	};
	int ret;

	do {
		ret = wd_do_comp_strm(d->sess, &req);
	} while (ret == -WD_EBUSY);
	*consumed = ret ? 0 : req.src_len;
	*produced = ret ? 0 : req.dst_len;
	/* More output is waiting: the next step asks for it. */
	*status = req.status == WD_EAGAIN ? 0 : req.status;
	return ret;
}

static enum gz_result run_member(struct gz_decompressor *d, struct gz_job *job)
{
	enum gz_result result;
	size_t consumed, produced, want = 1;
	unsigned int status = 0;
	int ret;

	while (status != WD_STREAM_END) {
		ret = fill(d, want);
		if (ret)
			return gz_fail(job, false, strerror(-ret));
		ret = step(d, &consumed, &produced, &status);
		skip(d, job, consumed);
		result = emit(job, d->out, produced);
		if (result != GZ_OK)
			return result;
		if (status && status != WD_STREAM_END)
			return gz_fail(job, false, pool_status_text(status));
		if (ret)
			return gz_fail(job, false, strerror(ret < 0 ? -ret : ret));
		/* Neither in nor out, so it wants to see more at once. */
		want = consumed || produced ? 1 : available(d) + 1;
		if (!consumed && !produced && !status && (d->eof || want > IN_SIZE))
			return gz_fail(job, false, d->eof ? "unexpected end of file" :
				       pool_status_text(WD_IN_EPARA));
	}
	return GZ_OK;
}

static enum gz_result after_members(struct gz_decompressor *d, struct gz_job *job)
{
	uint64_t before = job->in_bytes;
	enum gz_result result = skip_zeros(d, job);

	if (result == GZ_OK && job->verbose && job->in_bytes > before)
		ui_note("%s: trailing zeros ignored", job->progress->name);
	return result;
}

static enum gz_result run_file(struct gz_decompressor *d, struct gz_job *job)
{
	enum gz_result result = GZ_OK;

	for (bool first = true; result == GZ_OK; first = false) {
		int ret = fill(d, MAGIC_LEN);

		if (ret)
			return gz_fail(job, false, strerror(-ret));
		switch (classify(d)) {
		case NEXT_MEMBER:
			result = run_member(d, job);
			break;
		case NEXT_END:
			if (!first || job->copy)
				return GZ_OK;
			return gz_fail(job, false, "unexpected end of file");
		case NEXT_CUT:
			if (first && job->copy)
				return copy_rest(d, job);
			return gz_fail(job, false, "unexpected end of file");
		case NEXT_METHOD:
			return gz_fail(job, false, "unknown compression method");
		case NEXT_OTHER:
			if (!first)
				return after_members(d, job);
			if (job->copy)
				return copy_rest(d, job);
			return gz_fail(job, false, "not in gzip format");
		}
	}
	return result;
}

enum gz_result gz_decompress(struct gz_decompressor *d, struct gz_job *job)
{
	enum gz_result result;

	d->fd = job->in;
	d->at = 0;
	d->len = 0;
	d->eof = false;
	result = run_file(d, job);
	if (result == GZ_FAILED)
		wd_comp_reset_sess(d->sess);
	return result;
}
