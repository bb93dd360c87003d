/* SPDX-License-Identifier: MIT */
#include "bus/inherit.h"

#include <errno.h>
#include <linux/sockios.h>
#include <linux/vfio.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "hw/sdev_hw.h"
#include "util/bits.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/ownfd.h"

/*
 * How long an heir waits for an answer of an owner that lives; the end of one is seen
 * at once. Ending a queue waits for the jobs that run.
 */
#define ANSWER_NS	(60 * WDI_NSEC_PER_SEC)

/*
 * How often one who serves looks whether its descriptor is still its own. When the
 * program has closed it, nothing else ends the wait.
 */
#define LOOK_MS		1000

/* Every message is a kick as well. */
enum {
	HEIR_KICK,	/* no answer */
	HEIR_SERVE,	/* a descriptor: the channel of another heir. No answer */
	HEIR_READ,	/* registers: off, len; data back */
	HEIR_ADMIN,	/* data: struct sdev_admin, there and back; of a new queue the memory */
};

struct heir_msg {
	uint32_t op;
	int32_t ret;
	uint64_t off;
	uint64_t len;
	uint8_t data[256];
};
static_assert(sizeof(struct sdev_admin) <= sizeof(((struct heir_msg *)0)->data),
	      "an admin command fits");

union fd_room {
	struct cmsghdr header;
	char room[CMSG_SPACE(sizeof(int))];
};

/*
 * fork() holds it. Who has a descriptor that is in no list yet, or in none any more, is
 * under it, or a child would have it too and nobody would see the channel's end.
 */
static pthread_mutex_t fork_lock = PTHREAD_MUTEX_INITIALIZER;

/* One message and at most one descriptor. It never waits: there is always room for an answer. */
static int channel_send(int fd, const struct heir_msg *m, int pass)
{
	struct iovec iov = { .iov_base = (void *)(uintptr_t)m, .iov_len = sizeof(*m) };
	union fd_room room = { .header = { .cmsg_len = 0 } };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (pass >= 0) {
		msg.msg_control = &room;
		msg.msg_controllen = sizeof(room.room);
		room.header.cmsg_level = SOL_SOCKET;
		room.header.cmsg_type = SCM_RIGHTS;
		room.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&room.header), &pass, sizeof(pass));
	}
	return sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

/* Under fork_lock; *@passed is a descriptor or -1. -EAGAIN: nothing is there. -EPIPE: the end. */
static int channel_receive(int fd, struct heir_msg *m, int *passed)
{
	struct iovec iov = { .iov_base = m, .iov_len = sizeof(*m) };
	union fd_room room;
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &room, .msg_controllen = sizeof(room.room),
	};
	struct cmsghdr *c;
	ssize_t n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

	*passed = -1;
	if (n < 0)
		return -errno;
	c = CMSG_FIRSTHDR(&msg);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
	    c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(passed, CMSG_DATA(c), sizeof(*passed));
	if (n == (ssize_t)sizeof(*m))
		return 0;
	if (*passed >= 0)
		close(*passed);
	*passed = -1;
	return -EPIPE;
}

/* ---- the owner: a thread an heir ------------------------------------------------------ */

struct server {
	struct server *next;
	const struct wdi_transport_ops *t;
	void *handle;
	struct wdi_own_fd channel;
	bool over;			/* fork_lock: the device is being closed */
	uint32_t *queues;		/* that this heir has made */
	unsigned int count;
};

/* Each takes itself out, and then it is gone. */
static struct server *servers;		/* fork_lock */
static pthread_cond_t server_gone = PTHREAD_COND_INITIALIZER;

static unsigned int queue_place(const struct server *s, uint32_t queue)
{
	unsigned int i = 0;

	while (i < s->count && s->queues[i] != queue)
		i++;
	return i;
}

/* Of an heir's own; of others -EPERM. */
static int queue_end(struct server *s, uint32_t queue)
{
	struct sdev_admin cmd = { .op = SDEV_ADMIN_QUEUE_DESTROY, .queue = queue };
	unsigned int at = queue_place(s, queue);
	int ret = at < s->count ? s->t->admin(s->handle, &cmd) : -EPERM;

	if (!ret)
		s->queues[at] = s->queues[--s->count];
	return ret;
}

/* Under fork_lock. */
static int queue_make(struct server *s, struct sdev_admin *cmd, int *fd)
{
	uint32_t *more = realloc(s->queues, (s->count + 1) * sizeof(*more));
	int ret;

	if (!more)
		return -ENOMEM;
	s->queues = more;
	ret = s->t->admin(s->handle, cmd);
	if (ret)
		return ret;
	s->queues[s->count++] = cmd->queue;
	ret = s->t->share(s->handle, cmd->queue, fd);
	if (ret)
		queue_end(s, cmd->queue);
	return ret;
}

/*
 * Answers that nobody wants any more are lost; whoever asked is told of the end by what it
 * hears next, and what it has passed on before is still to be served.
 */
static void admin_answer(struct server *s, struct heir_msg *m, const struct sdev_admin *cmd,
			 int fd)
{
	memcpy(m->data, cmd, sizeof(*cmd));
	channel_send(s->channel.fd, m, fd);
}

/* An heir makes and ends queues, its own; everything else is the owner's to do. */
static void serve_admin(struct server *s, struct heir_msg *m)
{
	struct sdev_admin cmd;
	int fd = -1;

	memcpy(&cmd, m->data, sizeof(cmd));
	if (cmd.op != SDEV_ADMIN_QUEUE_CREATE) {
		cmd.status = cmd.op == SDEV_ADMIN_QUEUE_DESTROY ? queue_end(s, cmd.queue) : -EPERM;
		admin_answer(s, m, &cmd, -1);
		return;
	}
	pthread_mutex_lock(&fork_lock);
	cmd.status = queue_make(s, &cmd, &fd);
	admin_answer(s, m, &cmd, fd);
	if (fd >= 0)
		close(fd);
	pthread_mutex_unlock(&fork_lock);
}

static void serve_read(struct server *s, struct heir_msg *m)
{
	ssize_t n = m->len > sizeof(m->data) ? -EINVAL :
		    s->t->read(s->handle, m->data, (size_t)m->len, m->off);

	m->ret = n < 0 ? (int)n : (size_t)n == m->len ? 0 : -EIO;
	channel_send(s->channel.fd, m, -1);
}

static void server_new(const struct wdi_transport_ops *t, void *handle, int fd);

/* False: that was the last word. */
static bool serve_one(struct server *s)
{
	struct heir_msg m;
	int passed = -1, ret;
	bool mine;

	pthread_mutex_lock(&fork_lock);
	mine = !s->over && wdi_own_fd_is(&s->channel);
	ret = mine ? channel_receive(s->channel.fd, &m, &passed) : -EPIPE;
	if (!ret && m.op == HEIR_SERVE && passed >= 0)
		server_new(s->t, s->handle, passed);
	else if (passed >= 0)
		close(passed);
	pthread_mutex_unlock(&fork_lock);
	if (ret)
		return ret == -EAGAIN || ret == -EINTR;
	s->t->kick(s->handle);
	if (m.op == HEIR_READ)
		serve_read(s, &m);
	else if (m.op == HEIR_ADMIN)
		serve_admin(s, &m);
	return true;
}

/* The heir sees the end when its queues are gone, and not while the device runs its jobs. */
static void server_end(struct server *s)
{
	struct server **at = &servers;

	for (unsigned int left = s->count; left; left--)
		queue_end(s, s->queues[left - 1]);
	pthread_mutex_lock(&fork_lock);
	wdi_own_fd_close(&s->channel);
	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	free(s->queues);
	free(s);
	pthread_cond_broadcast(&server_gone);
	pthread_mutex_unlock(&fork_lock);
}

static void *serve_main(void *arg)
{
	struct server *s = arg;
	struct pollfd p = { .fd = s->channel.fd, .events = POLLIN };

	do
		poll(&p, 1, LOOK_MS);
	while (serve_one(s));
	server_end(s);
	return NULL;
}

static int server_start(struct server *s)
{
	sigset_t all, saved;
	pthread_t thread;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &saved);
	rc = pthread_create(&thread, NULL, serve_main, s);
	pthread_sigmask(SIG_SETMASK, &saved, NULL);
	if (rc)
		return -rc;
	pthread_setname_np(thread, "weft-heir");
	pthread_detach(thread);
	return 0;
}

/* Under fork_lock. Takes @fd. */
static void server_new(const struct wdi_transport_ops *t, void *handle, int fd)
{
	struct server *s = calloc(1, sizeof(*s));
	int ret = s ? wdi_own_fd_set(&s->channel, fd) : -ENOMEM;

	if (!ret) {
		s->t = t;
		s->handle = handle;
		ret = server_start(s);
	}
	if (ret) {
		wdi_err("no thread for a process that inherits the device: errno %d", -ret);
		close(fd);
		free(s);
		return;
	}
	s->next = servers;
	servers = s;
}

void wdi_heir_serve(const struct wdi_transport_ops *t, void *handle, int fd)
{
	pthread_mutex_lock(&fork_lock);
	server_new(t, handle, fd);
	pthread_mutex_unlock(&fork_lock);
}

/* Under fork_lock: tell those of @handle. Whether there are any. */
static bool servers_call(const void *handle)
{
	bool any = false;

	for (struct server *s = servers; s; s = s->next) {
		if (s->handle != handle)
			continue;
		any = true;
		if (!s->over && wdi_own_fd_is(&s->channel))
			shutdown(s->channel.fd, SHUT_RD);
		s->over = true;
	}
	return any;
}

void wdi_heir_stop(void *handle)
{
	pthread_mutex_lock(&fork_lock);
	while (servers_call(handle))
		pthread_cond_wait(&server_gone, &fork_lock);
	pthread_mutex_unlock(&fork_lock);
}

void wdi_heir_fork_hold(void)
{
	pthread_mutex_lock(&fork_lock);
}

void wdi_heir_fork_go_on(void)
{
	pthread_mutex_unlock(&fork_lock);
}

void wdi_heir_forget(void)
{
	struct server *s, *next;

	for (s = servers; s; s = next) {
		next = s->next;
		wdi_own_fd_close(&s->channel);
		free(s->queues);
		free(s);
	}
	servers = NULL;
	pthread_mutex_unlock(&fork_lock);
}

/* ---- the heir ------------------------------------------------------------------------------ */

/* What a queue has: its doorbell's page and its rings. */
struct mapping {
	struct mapping *next;
	uint32_t queue;
	size_t len;
	uint8_t *addr;
};

struct wdi_heir {
	struct wdi_own_fd channel;
	int far;			/* during the fork: the channel's other end */
	void *status;			/* the mapping of the device's status page */
	uint64_t rings;			/* where the region of the rings begins */
	bool broken;			/* atomic */
	pthread_mutex_t lock;
	struct sdev_admin answer;
	struct mapping *mappings;
};

int wdi_heir_new(const struct wdi_transport_ops *t, void *handle, uint64_t rings,
		 struct wdi_heir **out)
{
	struct wdi_heir *h = t->heir ? calloc(1, sizeof(*h)) : NULL;
	int ret, ends[2];

	if (!h)
		return t->heir ? -ENOMEM : -EOPNOTSUPP;
	ret = t->map(handle, SDEV_STATUS_PAGE, SDEV_PAGE_SIZE, &h->status);
	if (ret)
		goto free_heir;
	ret = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) ? -errno : 0;
	if (ret)
		goto free_heir;
	h->far = ends[0];
	ret = wdi_own_fd_set(&h->channel, ends[1]);
	if (ret)
		goto close_ends;
	/* The one page that everybody may see, and nobody but the device writes. */
	madvise(h->status, SDEV_PAGE_SIZE, MADV_DOFORK);
	h->rings = rings;
	pthread_mutex_init(&h->lock, NULL);
	*out = h;
	return 0;

close_ends:
	close(ends[0]);
	close(ends[1]);
free_heir:
	free(h);
	return ret;
}

int wdi_heir_pass_on(struct wdi_heir *h)
{
	int far = h->far;

	close(h->channel.fd);
	pthread_mutex_destroy(&h->lock);
	free(h);
	return far;
}

void wdi_heir_take(struct wdi_heir *h)
{
	close(h->far);
}

static bool heir_can_ask(const struct wdi_heir *h)
{
	return !__atomic_load_n(&h->broken, __ATOMIC_RELAXED) && wdi_own_fd_is(&h->channel);
}

static bool inherited_alive(void *handle)
{
	struct wdi_heir *h = handle;
	struct pollfd p = { .fd = h->channel.fd };

	return heir_can_ask(h) && poll(&p, 1, 0) >= 0 && !p.revents;
}

static struct mapping **mapping_at(struct wdi_heir *h, uint64_t queue)
{
	struct mapping **at = &h->mappings;

	while (*at && (*at)->queue != queue)
		at = &(*at)->next;
	return at;
}

static void mapping_drop(struct mapping **at, bool mapped)
{
	struct mapping *map = *at;

	*at = map->next;
	if (mapped)
		munmap(map->addr, map->len);
	free(map);
}

static void mapping_add(struct wdi_heir *h, uint32_t queue, int fd)
{
	struct mapping *map = malloc(sizeof(*map));
	struct stat st;
	void *p = MAP_FAILED;

	if (map && !fstat(fd, &st) && st.st_size > (off_t)SDEV_PAGE_SIZE)
		p = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED) {
		free(map);
		return;
	}
	madvise(p, (size_t)st.st_size, MADV_DONTFORK);
	*map = (struct mapping){ h->mappings, queue, (size_t)st.st_size, p };
	h->mappings = map;
}

/* Wait for the answer; memory that comes with it is mapped. */
static int heir_answer(struct wdi_heir *h, struct heir_msg *m)
{
	struct pollfd p = { .fd = h->channel.fd, .events = POLLIN };
	uint64_t until = wdi_now_ns() + ANSWER_NS, now;
	struct sdev_admin cmd;
	int passed, ret;

	do {
		now = wdi_now_ns();
		if (now >= until)
			return -ETIMEDOUT;
		poll(&p, 1, (int)((until - now) / WDI_NSEC_PER_MSEC) + 1);
		passed = -1;
		pthread_mutex_lock(&fork_lock);
		ret = wdi_own_fd_is(&h->channel) ? channel_receive(p.fd, m, &passed) : -EBADF;
		if (passed >= 0) {
			memcpy(&cmd, m->data, sizeof(cmd));
			mapping_add(h, cmd.queue, passed);
			close(passed);
		}
		pthread_mutex_unlock(&fork_lock);
	} while (ret == -EAGAIN || ret == -EINTR);
	return ret;
}

/*
 * Ask and wait; under the lock. After an answer that did not come nothing is asked any
 * more, and the owner is told that it may end what there is.
 */
static int heir_ask(struct wdi_heir *h, struct heir_msg *m)
{
	int ret = heir_can_ask(h) ? channel_send(h->channel.fd, m, -1) : -ENODEV;

	if (!ret)
		ret = heir_answer(h, m);
	if (!ret)
		return m->ret;
	if (!__atomic_exchange_n(&h->broken, true, __ATOMIC_RELAXED))
		wdi_err("the process that the device was inherited from does not answer: errno %d",
			-ret);
	if (wdi_own_fd_is(&h->channel))
		shutdown(h->channel.fd, SHUT_RDWR);
	return -ENODEV;
}

static ssize_t inherited_read(void *handle, void *buf, size_t len, uint64_t off)
{
	struct heir_msg m = { .op = HEIR_READ, .off = off, .len = len };
	struct wdi_heir *h = handle;
	bool admin = off == SDEV_REG_ADMIN && len == sizeof(h->answer);
	int ret = 0;

	if (len > sizeof(m.data))
		return -EINVAL;
	pthread_mutex_lock(&h->lock);
	if (admin)
		memcpy(m.data, &h->answer, len);
	else
		ret = heir_ask(h, &m);
	pthread_mutex_unlock(&h->lock);
	if (ret)
		return ret;
	memcpy(buf, m.data, len);
	return (ssize_t)len;
}

static int heir_admin(struct wdi_heir *h, struct sdev_admin *cmd)
{
	struct heir_msg m = { .op = HEIR_ADMIN };
	int ret;

	memcpy(m.data, cmd, sizeof(*cmd));
	ret = heir_ask(h, &m);
	memcpy(cmd, m.data, sizeof(*cmd));
	return ret;
}

static int heir_command(struct wdi_heir *h, struct sdev_admin *cmd)
{
	struct sdev_admin undo = { .op = SDEV_ADMIN_QUEUE_DESTROY };
	int ret = heir_admin(h, cmd);
	struct mapping **at = mapping_at(h, cmd->queue);

	if (ret || cmd->status)
		return ret;
	if (cmd->op == SDEV_ADMIN_QUEUE_DESTROY && *at)
		mapping_drop(at, true);
	if (cmd->op == SDEV_ADMIN_QUEUE_CREATE && !*at) {
		undo.queue = cmd->queue;
		cmd->status = -ENOMEM;
		wdi_err("inherited queue %u: its memory cannot be mapped", cmd->queue);
		ret = heir_admin(h, &undo);
	}
	return ret;
}

/* Registers are the owner's; only the mailbox is for everybody. */
static ssize_t inherited_write(void *handle, const void *buf, size_t len, uint64_t off)
{
	struct wdi_heir *h = handle;
	struct sdev_admin cmd;
	int ret;

	if (off != SDEV_REG_ADMIN || len != sizeof(cmd))
		return -EPERM;
	memcpy(&cmd, buf, len);
	pthread_mutex_lock(&h->lock);
	ret = heir_command(h, &cmd);
	h->answer = cmd;
	pthread_mutex_unlock(&h->lock);
	return ret ? ret : (ssize_t)len;
}

/* Where @off lies in memory of a queue. */
static void *mapping_find(struct wdi_heir *h, uint64_t off, size_t len)
{
	bool rings = off >= h->rings;
	uint64_t in = rings ? off - h->rings : off;
	const struct mapping *map;

	if (!len || (!rings && in < SDEV_DB_PAGE(0)))
		return NULL;
	map = *mapping_at(h, rings ? in / len : (in - SDEV_DB_PAGE(0)) / SDEV_PAGE_SIZE);
	if (!map || len != (rings ? map->len - SDEV_PAGE_SIZE : SDEV_PAGE_SIZE))
		return NULL;
	return map->addr + (rings ? SDEV_PAGE_SIZE : 0);
}

static int inherited_map(void *handle, uint64_t off, size_t len, void **out)
{
	struct wdi_heir *h = handle;

	/* Without the lock: fork() asks for it, and does not wait for an answer of the owner's. */
	if (off == SDEV_STATUS_PAGE && len <= SDEV_PAGE_SIZE) {
		*out = h->status;
		return 0;
	}
	pthread_mutex_lock(&h->lock);
	*out = mapping_find(h, off, len);
	pthread_mutex_unlock(&h->lock);
	return *out ? 0 : -EPERM;
}

/* What is there and not read yet is a kick too. */
static void inherited_kick(void *handle)
{
	const struct heir_msg m = { .op = HEIR_KICK };
	struct wdi_heir *h = handle;
	int unread = 0;

	if (heir_can_ask(h) && !ioctl(h->channel.fd, SIOCOUTQ, &unread) && !unread)
		channel_send(h->channel.fd, &m, -1);
}

/* The bond, the reset and the interrupts of the device are its owner's. */
static int inherited_ioctl(void *handle, unsigned long cmd, void *arg)
{
	(void)handle;
	(void)arg;
	return cmd == VFIO_DEVICE_SET_IRQS ? -EOPNOTSUPP : -EPERM;
}

static unsigned int inherited_step(void *handle, unsigned int queue)
{
	(void)handle;
	(void)queue;
	return 0;
}

/* A child of the heir's: its owner is ours. Nobody waits here, fork() is not done yet. */
static void inherited_heir(void *handle, int fd)
{
	const struct heir_msg m = { .op = HEIR_SERVE };
	struct wdi_heir *h = handle;

	if (heir_can_ask(h) && channel_send(h->channel.fd, &m, fd))
		wdi_err("the device cannot be passed on to a child");
	close(fd);
}

static void heir_free(struct wdi_heir *h, bool mapped)
{
	wdi_own_fd_close(&h->channel);
	while (h->mappings)
		mapping_drop(&h->mappings, mapped);
	pthread_mutex_destroy(&h->lock);
	free(h);
}

static void inherited_close(void *handle)
{
	struct wdi_heir *h = handle;

	munmap(h->status, SDEV_PAGE_SIZE);
	heir_free(h, true);
}

/* Queues are not inherited; the lock may have been held by a thread that is not here. */
static void inherited_forget(void *handle)
{
	struct wdi_heir *h = handle;

	pthread_mutex_init(&h->lock, NULL);
	heir_free(h, false);
}

const struct wdi_transport_ops wdi_inherited_transport = {
	.close = inherited_close,
	.ioctl = inherited_ioctl,
	.read = inherited_read,
	.write = inherited_write,
	.map = inherited_map,
	.kick = inherited_kick,
	.step = inherited_step,
	.heir = inherited_heir,
	.alive = inherited_alive,
	.forget = inherited_forget,
};
