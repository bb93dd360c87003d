/* SPDX-License-Identifier: MIT */
/*
 * Files: reading and writing that a signal or a non-blocking descriptor does
 * not cut short, and output that appears under its name only when it is whole.
 */
#ifndef WEFT_TOOLS_FIO_H
#define WEFT_TOOLS_FIO_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Bytes, 0 at the end of the file, or a negative errno. */
ssize_t fio_read(int fd, void *buf, size_t len);
/* Less than @len only at the end of the file. */
ssize_t fio_read_full(int fd, void *buf, size_t len);
/* 0 or a negative errno. */
int fio_write(int fd, const void *buf, size_t len);

/*
 * One output file under way at a time: while it is, it stands in the same
 * folder under a temporary name, and SIGHUP, SIGINT, SIGQUIT, SIGTERM and
 * SIGXCPU remove it before they end the program.
 */
struct outfile {
	int fd;
	int dir;		/* the folder, held open so that it may be renamed meanwhile */
	const char *name;	/* last part of the path, in the caller's string */
};

/*
 * outfile_catch_signals() - once, at the start, by the main thread: the signals
 * above, and errors instead of SIGPIPE and SIGXFSZ.
 */
void outfile_catch_signals(void);

/*
 * outfile_create() - begin @path. Unless @replace, -EEXIST when it is there.
 * @path has to outlive @out. 0 or a negative errno.
 */
int outfile_create(struct outfile *out, const char *path, bool replace);

/*
 * outfile_commit() - give the file owner, mode and times of @like and its name.
 * The owner is kept as far as the caller's rights go; a set-id bit never
 * without it. On failure nothing remains, as after outfile_abort().
 */
int outfile_commit(struct outfile *out, const struct stat *like, bool replace);
void outfile_abort(struct outfile *out);

#endif
