/* SPDX-License-Identifier: MIT */
/*
 * A descriptor that this library keeps open. Programs close descriptors that they do not
 * know, as daemons do, and have files of their own under the numbers then; so whoever
 * comes back to one asks first whether it is still the same file.
 */
#ifndef WEFT_UTIL_OWNFD_H
#define WEFT_UTIL_OWNFD_H

#include <errno.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

struct wdi_own_fd {
	int fd;
	dev_t dev;
	ino_t ino;
};

/* Takes @fd; on failure it stays the caller's. 0 or a negative errno. */
static inline int wdi_own_fd_set(struct wdi_own_fd *own, int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	*own = (struct wdi_own_fd){ fd, st.st_dev, st.st_ino };
	return 0;
}

static inline bool wdi_own_fd_is(const struct wdi_own_fd *own)
{
	struct stat st;

	return own->fd >= 0 && !fstat(own->fd, &st) && st.st_dev == own->dev &&
	       st.st_ino == own->ino;
}

static inline void wdi_own_fd_close(struct wdi_own_fd *own)
{
	if (wdi_own_fd_is(own))
		close(own->fd);
	own->fd = -1;
}

#endif
