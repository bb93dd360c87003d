/* SPDX-License-Identifier: MIT */
/*
 * The descriptor for event loops: an epoll set of the queue's eventfd and, once a deadline is
 * out, of a timer. Nobody else would tell a sleeping loop that a request has run out of time: the
 * device is silent then, and deadlines are looked at by whoever polls.
 *
 * The timer is set for the earliest deadline that the queue knows of (expiry.next), which may be
 * one of a request that has ended: the loop finds nothing then, and the timer is set for what is
 * left. So a stream of requests costs two system calls in the time of one deadline, not two each.
 */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "core/core_internal.h"
#include "util/clock.h"
#include "util/log.h"

static int loop_add(int loop, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	return epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static int loop_make(struct wdi_queue *q, int efd)
{
	int fd = epoll_create1(EPOLL_CLOEXEC), ret;

	if (fd < 0)
		return -errno;
	ret = loop_add(fd, efd);
	if (ret) {
		close(fd);
		return ret;
	}
	q->loop_fd = fd;
	return 0;
}

int wdi_queue_loop_fd(struct wdi_queue *q)
{
	int efd = wdi_queue_efd(q), ret = 0;

	if (efd < 0)
		return efd;
	pthread_mutex_lock(&q->efd_lock);
	if (q->loop_fd < 0)
		ret = loop_make(q, efd);
	pthread_mutex_unlock(&q->efd_lock);
	if (ret)
		wdi_warn("%s: no wait fd for queue %u: errno %d", q->dev->info.name, q->number, -ret);
	return ret ? ret : q->loop_fd;
}

static int timer_make(struct wdi_queue *q)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), ret;

	if (fd < 0)
		return -errno;
	ret = loop_add(q->loop_fd, fd);
	if (ret) {
		close(fd);
		return ret;
	}
	q->timer_fd = fd;
	return 0;
}

/* Under efd_lock. Whatever it is set for, it is not readable after this. */
static void timer_set(struct wdi_queue *q, uint64_t when)
{
	struct itimerspec at = { .it_value.tv_sec = 0 };
	int ret = q->timer_fd < 0 ? timer_make(q) : 0;

	if (when != WDI_NEVER) {
		at.it_value.tv_sec = (time_t)(when / WDI_NSEC_PER_SEC);
		at.it_value.tv_nsec = (long)(when % WDI_NSEC_PER_SEC);
	}
	if (!ret && timerfd_settime(q->timer_fd, TFD_TIMER_ABSTIME, &at, NULL))
		ret = -errno;
	/* Said once; the place of a time that is never later stops further attempts. */
	if (ret)
		wdi_warn("%s: deadlines do not wake the wait fd of queue %u: errno %d",
			 q->dev->info.name, q->number, -ret);
	__atomic_store_n(&q->alarm, ret ? 0 : when, __ATOMIC_SEQ_CST);
}

static void timer_follow(struct wdi_queue *q)
{
	uint64_t next = wdi_expire_next(q);

	if (next < q->alarm)
		timer_set(q, next);
}

/*
 * A deadline may have become the earliest. Written before this: the deadline; read in here: what
 * the timer is set for. wdi_queue_alarm_over() does it the other way round.
 */
void wdi_queue_alarm(struct wdi_queue *q)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (wdi_expire_next(q) >= __atomic_load_n(&q->alarm, __ATOMIC_SEQ_CST))
		return;
	pthread_mutex_lock(&q->efd_lock);
	timer_follow(q);
	pthread_mutex_unlock(&q->efd_lock);
}

/* For who has just polled and found nothing: what went off is silenced, and set for the next. */
void wdi_queue_alarm_over(struct wdi_queue *q)
{
	pthread_mutex_lock(&q->efd_lock);
	if (q->alarm && wdi_now_ns() >= q->alarm) {
		__atomic_store_n(&q->alarm, WDI_NEVER, __ATOMIC_SEQ_CST);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		timer_set(q, wdi_expire_next(q));
	} else {
		timer_follow(q);
	}
	pthread_mutex_unlock(&q->efd_lock);
}
