/* SPDX-License-Identifier: MIT */
/*
 * A lane is what one thread needs to run engine steps: buffers, scratch memory
 * of the codecs, an alternate stack. It is made at the thread's first job and
 * goes with the thread.
 */
#include "device/device_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include "device/pk.h"
#include "util/log.h"

#define ALTSTACK_SIZE	((size_t)64 << 10)	/* and what the kernel needs */
#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ	51
#endif

__thread struct sdev_lane *sdev_lane_tls __attribute__((tls_model("initial-exec")));

static pthread_key_t lane_key;
static pthread_once_t lane_once = PTHREAD_ONCE_INIT;
static bool lane_key_ok;

void *sdev_map_pages(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/*
 * sdev_buf_get() - a buffer of at least @size bytes, or NULL. Its content is
 * not kept from call to call.
 */
uint8_t *sdev_buf_get(struct sdev_buf *buf, size_t size)
{
	size_t want = SDEV_BOUNCE;

	if (wdi_likely(size <= buf->size))
		return buf->p;
	while (want < size)
		want *= 2;
	if (buf->p)
		munmap(buf->p, buf->size);
	buf->p = sdev_map_pages(want);
	buf->size = buf->p ? want : 0;
	return buf->p;
}

static void buf_release(struct sdev_buf *buf)
{
	if (buf->p)
		munmap(buf->p, buf->size);
	*buf = (struct sdev_buf){ 0 };
}

/* sdev_lane_trim() - give back what only an unusually large job needs. */
void sdev_lane_trim(struct sdev_lane *lane)
{
	if (wdi_unlikely(lane->out.size > SDEV_BUF_KEEP))
		buf_release(&lane->out);
	if (wdi_unlikely(lane->in.size > SDEV_BUF_KEEP))
		buf_release(&lane->in);
}

static void stream_drop(struct sdev_lane_stream *s)
{
	if (s->row)
		codec_stream_close(s->row, s->state);
	s->row = NULL;
}

static void altstack_setup(struct sdev_lane *lane)
{
	stack_t now, ours = { .ss_size = ALTSTACK_SIZE + getauxval(AT_MINSIGSTKSZ) };

	if (sigaltstack(NULL, &now) || !(now.ss_flags & SS_DISABLE))
		return;
	ours.ss_sp = malloc(ours.ss_size);
	if (ours.ss_sp && !sigaltstack(&ours, NULL))
		lane->altstack = ours.ss_sp;
	else
		free(ours.ss_sp);
}

static void altstack_release(struct sdev_lane *lane)
{
	stack_t now, off = { .ss_flags = SS_DISABLE };

	if (!lane->altstack)
		return;
	if (!sigaltstack(NULL, &now) && now.ss_sp == lane->altstack)
		sigaltstack(&off, NULL);
	free(lane->altstack);
}

static void lane_free(void *p)
{
	struct sdev_lane *lane = p;

	sdev_lane_tls = NULL;
	for (unsigned int i = 0; i < SDEV_LANE_STREAMS; i++)
		stream_drop(&lane->streams[i]);
	if (lane->codec)
		codec_lane_free(lane->codec);
	sdev_pk_lane_free(lane->pk);
	sdev_sym_lane_free(lane->sym);
	free(lane->jobs);
	buf_release(&lane->out);
	buf_release(&lane->in);
	sdev_atc_free(lane->atc);
	free(lane->segs[SDEV_READ]);
	free(lane->segs[SDEV_WRITE]);
	altstack_release(lane);
	free(lane);
}

static void lane_key_make(void)
{
	lane_key_ok = !pthread_key_create(&lane_key, lane_free);
}

/*
 * sdev_lane_hear() - a thread that blocks the guard's signals would be killed
 * by them; its steps use the copy guard.
 */
void sdev_lane_hear(struct sdev_lane *lane)
{
	sigset_t mask;

	lane->deaf = !pthread_sigmask(SIG_BLOCK, NULL, &mask) &&
		     (sigismember(&mask, SIGSEGV) || sigismember(&mask, SIGBUS)) &&
		     sdev_guard_copy_works();
}

struct sdev_lane *sdev_lane_new(void)
{
	struct sdev_lane *lane;

	pthread_once(&lane_once, lane_key_make);
	if (!lane_key_ok)
		return NULL;
	lane = calloc(1, sizeof(*lane));
	if (!lane)
		return NULL;
	if (pthread_setspecific(lane_key, lane)) {
		free(lane);
		return NULL;
	}
	lane->page = (size_t)sysconf(_SC_PAGESIZE);
	altstack_setup(lane);
	sdev_lane_hear(lane);
	if (lane->deaf)
		wdi_info("sdev: this thread blocks SIGSEGV or SIGBUS: its steps copy");
	sdev_lane_tls = lane;
	return lane;
}

/* sdev_lane_drop() - the calling thread is done with devices, or begins anew. */
void sdev_lane_drop(void)
{
	if (!sdev_lane_tls)
		return;
	pthread_setspecific(lane_key, NULL);
	lane_free(sdev_lane_tls);
}

struct codec_lane *sdev_lane_codec(struct sdev_lane *lane)
{
	if (wdi_unlikely(!lane->codec))
		lane->codec = codec_lane_new();
	return lane->codec;
}

struct sdev_seg *sdev_lane_segs(struct sdev_lane *lane, enum sdev_access access)
{
	if (!lane->segs[access])
		lane->segs[access] = malloc(SDEV_SGE_MAX * sizeof(struct sdev_seg));
	return lane->segs[access];
}

/* For the jobs of one batch; NULL: no memory. */
struct sdev_job *sdev_lane_jobs(struct sdev_lane *lane)
{
	if (wdi_unlikely(!lane->jobs))
		lane->jobs = malloc(SDEV_BATCH_MAX * sizeof(*lane->jobs));
	return lane->jobs;
}

/*
 * sdev_lane_stream() - a codec stream at its beginning, for the duration of one
 * job. Few kinds are in use at a time, and opening one is dear.
 */
int sdev_lane_stream(struct sdev_lane *lane, const struct codec_row *row,
		     const struct codec_params *p, void **state)
{
	struct sdev_lane_stream *s;
	int rc;

	for (unsigned int i = 0; i < SDEV_LANE_STREAMS; i++) {
		s = &lane->streams[i];
		if (s->row == row && !memcmp(&s->params, p, sizeof(*p))) {
			rc = codec_stream_reset(row, s->state);
			*state = s->state;
			return rc;
		}
	}
	s = &lane->streams[lane->turn++ % SDEV_LANE_STREAMS];
	stream_drop(s);
	rc = codec_stream_open(row, p, &s->state);
	if (rc)
		return rc;
	s->row = row;
	s->params = *p;
	*state = s->state;
	return 0;
}

/*
 * sdev_lane_lost() - a fault threw the thread out of a codec: @state, or the
 * scratch memory if it is NULL, cannot be used again.
 */
void sdev_lane_lost(struct sdev_lane *lane, const void *state)
{
	if (!state) {
		codec_lane_discard(lane->codec);
		return;
	}
	for (unsigned int i = 0; i < SDEV_LANE_STREAMS; i++) {
		if (lane->streams[i].row && lane->streams[i].state == state)
			stream_drop(&lane->streams[i]);
	}
}

/* sdev_lane_give() - @state belongs to the caller from now on. */
void sdev_lane_give(struct sdev_lane *lane, const void *state)
{
	for (unsigned int i = 0; i < SDEV_LANE_STREAMS; i++) {
		if (lane->streams[i].row && lane->streams[i].state == state)
			lane->streams[i].row = NULL;
	}
}
