/* SPDX-License-Identifier: MIT */
/* What is compressed in a measurement: files, or the better part of them, in memory. */
#ifndef WEFT_TOOLS_SAMPLE_H
#define WEFT_TOOLS_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

struct sample {
	const char *name;
	uint8_t *data;
	size_t len;
	uint64_t file_len;	/* of the file; more than len when only parts were taken */
};

/*
 * sample_load() - read @path; of a file of more than @limit bytes, pieces from
 * all over it. 0 or a negative errno; an empty file is -ENODATA. @path has to
 * outlive the sample.
 */
int sample_load(struct sample *s, const char *path, size_t limit);

/* sample_builtin() - text and records that are made up, the same every time. */
int sample_builtin(struct sample *s, size_t len);

/* sample_join() - an equal share of each, one behind the other, @limit bytes at most. */
int sample_join(struct sample *s, const struct sample *parts, size_t count, size_t limit);

void sample_free(struct sample *s);

/* A sample, compressed block by block by zlib at level 6. */
struct packed {
	size_t count;
	uint8_t *data;
	size_t *ends;		/* where block i ends in @data */
};

int packed_make(struct packed *p, const struct sample *s, size_t block);
void packed_free(struct packed *p);

#endif
