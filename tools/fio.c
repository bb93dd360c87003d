/* SPDX-License-Identifier: MIT */
#include "fio.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define NAME_TRIES	100

/* True when the call that just failed is worth repeating. */
static bool try_again(int fd, short events)
{
	struct pollfd pfd = { .fd = fd, .events = events };

	if (errno == EINTR)
		return true;
	if (errno != EAGAIN && errno != EWOULDBLOCK)
		return false;
	return poll(&pfd, 1, -1) >= 0 || errno == EINTR;
}

ssize_t fio_read(int fd, void *buf, size_t len)
{
	ssize_t n;

	do {
		n = read(fd, buf, len);
	} while (n < 0 && try_again(fd, POLLIN));
	return n < 0 ? -errno : n;
}

ssize_t fio_read_full(int fd, void *buf, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = fio_read(fd, (char *)buf + done, len - done);

		if (n < 0)
			return n;
		if (!n)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

int fio_write(int fd, const void *buf, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = write(fd, (const char *)buf + done, len - done);

		if (n >= 0)
			done += (size_t)n;
		else if (!try_again(fd, POLLOUT))
			return -errno;
	}
	return 0;
}

/* ---- the file under way, as a signal handler may see it ---------------- */

static struct {
	atomic_bool armed;
	int dir;
	char name[32];
} under_way;

static pthread_t main_thread;

static const int fatal_signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGXCPU };

#define FATAL_SIGNALS	(sizeof(fatal_signals) / sizeof(fatal_signals[0]))

/*
 * Only the main thread cleans up: it has the signals blocked while it changes
 * the state above, which says nothing about the device's threads.
 */
static void on_fatal_signal(int sig)
{
	if (!pthread_equal(pthread_self(), main_thread)) {
		pthread_kill(main_thread, sig);
		return;
	}
	if (atomic_load(&under_way.armed))
		unlinkat(under_way.dir, under_way.name, 0);
	signal(sig, SIG_DFL);
	raise(sig);
}

static void fill_fatal_set(sigset_t *set)
{
	sigemptyset(set);
	for (size_t i = 0; i < FATAL_SIGNALS; i++)
		sigaddset(set, fatal_signals[i]);
}

void outfile_catch_signals(void)
{
	struct sigaction act = { .sa_handler = on_fatal_signal, .sa_flags = SA_RESTART };
	struct sigaction old;

	main_thread = pthread_self();
	fill_fatal_set(&act.sa_mask);
	for (size_t i = 0; i < FATAL_SIGNALS; i++) {
		/* Who started us with a signal ignored, nohup for one, wants it so. */
		if (!sigaction(fatal_signals[i], NULL, &old) && old.sa_handler == SIG_IGN)
			continue;
		sigaction(fatal_signals[i], &act, NULL);
	}
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
}

static void hold_signals(sigset_t *old)
{
	sigset_t set;

	fill_fatal_set(&set);
	pthread_sigmask(SIG_BLOCK, &set, old);
}

static void release_signals(const sigset_t *old)
{
	pthread_sigmask(SIG_SETMASK, old, NULL);
}

/* ---- output files ------------------------------------------------------ */

static int open_folder(const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');
	char *folder;
	int fd;

	*name = slash ? slash + 1 : path;
	folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	if (!folder)
		return -ENOMEM;
	fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	free(folder);
	return fd;
}

static int create_temporary(struct outfile *out)
{
	sigset_t old;
	uint64_t salt;
	int ret = -EEXIST;

	for (int i = 0; i < NAME_TRIES && ret == -EEXIST; i++) {
		if (getrandom(&salt, sizeof(salt), 0) != sizeof(salt))
			return -EIO;
		hold_signals(&old);
		under_way.dir = out->dir;
		snprintf(under_way.name, sizeof(under_way.name), ".weft-%016llx",
			 (unsigned long long)salt);
		out->fd = openat(out->dir, under_way.name,
				 O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		ret = out->fd < 0 ? -errno : 0;
		atomic_store(&under_way.armed, !ret);
		release_signals(&old);
	}
	return ret;
}

int outfile_create(struct outfile *out, const char *path, bool replace)
{
	struct stat st;
	int ret;

	out->dir = open_folder(path, &out->name);
	if (out->dir < 0)
		return out->dir;
	/* What stands in the way, and a name that is too long, show before the work is done. */
	if (!fstatat(out->dir, out->name, &st, AT_SYMLINK_NOFOLLOW))
		ret = replace ? 0 : -EEXIST;
	else
		ret = errno == ENOENT ? 0 : -errno;
	if (!ret)
		ret = create_temporary(out);
	if (ret)
		close(out->dir);
	return ret;
}

static void finish(struct outfile *out, bool unlink_it)
{
	sigset_t old;

	hold_signals(&old);
	if (unlink_it)
		unlinkat(out->dir, under_way.name, 0);
	atomic_store(&under_way.armed, false);
	release_signals(&old);
	if (out->fd >= 0)
		close(out->fd);
	close(out->dir);
}

void outfile_abort(struct outfile *out)
{
	finish(out, true);
}

/* As far as rights and the file system go: a file that is whole is not thrown away for these. */
static void copy_attributes(int fd, const struct stat *like)
{
	const struct timespec times[2] = { like->st_atim, like->st_mtim };
	mode_t mode = like->st_mode & 07777;

	if (fchown(fd, like->st_uid, like->st_gid)) {
		mode &= ~(mode_t)(S_ISUID | S_ISGID);
		if (fchown(fd, (uid_t)-1, like->st_gid))
			errno = 0;	/* neither is ours to give away */
	}
	/* After fchown(), which clears bits. What fails here leaves 0600 behind, never more. */
	(void)fchmod(fd, mode);
	(void)futimens(fd, times);
}

/* Some file systems know no flags here; then look, and accept the gap after looking. */
static int rename_to_new(const struct outfile *out)
{
	struct stat st;

	if (!renameat2(out->dir, under_way.name, out->dir, out->name, RENAME_NOREPLACE))
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	if (!fstatat(out->dir, out->name, &st, AT_SYMLINK_NOFOLLOW))
		return -EEXIST;
	return renameat(out->dir, under_way.name, out->dir, out->name) ? -errno : 0;
}

int outfile_commit(struct outfile *out, const struct stat *like, bool replace)
{
	int fd = out->fd;
	int ret = 0;

	copy_attributes(fd, like);
	/* Some file systems report a failed write only here. */
	out->fd = -1;
	if (close(fd))
		ret = -errno;
	if (!ret) {
		if (replace)
			ret = renameat(out->dir, under_way.name, out->dir, out->name) ? -errno : 0;
		else
			ret = rename_to_new(out);
	}
	finish(out, ret != 0);
	return ret;
}
