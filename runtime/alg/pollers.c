/* SPDX-License-Identifier: MIT */
/*
 * Threads that poll the asynchronous contexts of a class for the program
 * (WD_<CLASS>_ASYNC_POLL_EN). Each sleeps on the wait fds of its share of the
 * contexts and runs the callbacks.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "alg/class_internal.h"
#include "util/log.h"

#define POLL_AT_ONCE	64

struct poller {
	struct wdi_pollers *all;
	pthread_t thread;
	uint32_t count;
	uint32_t *idx;		/* contexts by position */
	struct pollfd *fds;	/* [count], then the stop fd */
};

struct wdi_pollers {
	struct wdi_class *class;
	int stop_fd;
	unsigned int threads;
	struct poller poller[];
};

static void *poller_main(void *arg)
{
	struct poller *p = arg;

	for (;;) {
		/* Each poll re-arms the fd of a context that it leaves empty. */
		for (uint32_t i = 0; i < p->count; i++) {
			uint32_t n;

			while (wdi_class_poll_ctx(p->all->class, p->idx[i], POLL_AT_ONCE, &n) == 0)
				;
		}
		if (poll(p->fds, p->count + 1, -1) < 0 && errno != EINTR)
			break;
		if (p->fds[p->count].revents)
			break;
	}
	return NULL;
}

static void pollers_free(struct wdi_pollers *p)
{
	for (unsigned int t = 0; t < p->threads; t++) {
		free(p->poller[t].idx);
		free(p->poller[t].fds);
	}
	close(p->stop_fd);
	free(p);
}

static void pollers_join(struct wdi_pollers *p, unsigned int started)
{
	const uint64_t one = 1;

	if (write(p->stop_fd, &one, sizeof(one)) < 0)
		wdi_err("%s: the polling threads cannot be told to stop", p->class->ops->name);
	for (unsigned int t = 0; t < started; t++)
		pthread_join(p->poller[t].thread, NULL);
}

/* Deal the asynchronous contexts out to the threads. */
static int pollers_share(struct wdi_pollers *p)
{
	const struct wdi_class *c = p->class;
	uint32_t next = 0;

	for (uint32_t i = 0; i < c->ctx_num; i++) {
		struct poller *to = &p->poller[next % p->threads];
		struct wdi_queue *q;
		int fd;

		if (c->ctxs[i].mode != CTX_MODE_ASYNC)
			continue;
		if (wdi_core_ctx_queue(c->ctxs[i].ctx, &q))
			return -WD_HW_EACCESS;
		fd = wdi_core_event_fd(q);
		if (fd < 0)
			return fd;
		to->idx[to->count] = i;
		to->fds[to->count++] = (struct pollfd){ .fd = fd, .events = POLLIN };
		next++;
	}
	for (unsigned int t = 0; t < p->threads; t++)
		p->poller[t].fds[p->poller[t].count] =
			(struct pollfd){ .fd = p->stop_fd, .events = POLLIN };
	return 0;
}

int wdi_pollers_start(struct wdi_class *c, unsigned int threads, struct wdi_pollers **out)
{
	struct wdi_pollers *p = calloc(1, sizeof(*p) + threads * sizeof(p->poller[0]));
	int ret = -WD_ENOMEM;

	if (!p)
		return ret;
	p->class = c;
	p->threads = threads;
	p->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (p->stop_fd < 0) {
		ret = -errno;
		free(p);
		return ret;
	}
	for (unsigned int t = 0; t < threads; t++) {
		p->poller[t].all = p;
		p->poller[t].idx = calloc(c->ctx_num, sizeof(uint32_t));
		p->poller[t].fds = calloc(c->ctx_num + 1, sizeof(struct pollfd));
		if (!p->poller[t].idx || !p->poller[t].fds)
			goto free_all;
	}
	ret = pollers_share(p);
	if (ret)
		goto free_all;
	for (unsigned int t = 0; t < threads; t++) {
		ret = -pthread_create(&p->poller[t].thread, NULL, poller_main, &p->poller[t]);
		if (ret) {
			pollers_join(p, t);
			goto free_all;
		}
	}
	*out = p;
	return 0;

free_all:
	wdi_err("%s: polling threads cannot be started: errno %d", c->ops->name, -ret);
	pollers_free(p);
	return ret;
}

void wdi_pollers_stop(struct wdi_pollers *p)
{
	pollers_join(p, p->threads);
	pollers_free(p);
}

void wdi_pollers_forget(struct wdi_pollers *p)
{
	pollers_free(p);
}
