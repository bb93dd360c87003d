/* SPDX-License-Identifier: MIT */
#include "sample.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codecs_direct.h"
#include "fio.h"

#define PIECE	((size_t)256 << 10)	/* what is taken from one place of a large file */

static int read_pieces(struct sample *s, int fd)
{
	size_t pieces = (s->len + PIECE - 1) / PIECE;
	size_t done = 0;

	for (size_t i = 0; i < pieces && done < s->len; i++) {
		size_t len = s->len - done < PIECE ? s->len - done : PIECE;
		ssize_t n;

		if (s->file_len > s->len) {
			uint64_t step = (s->file_len - PIECE) / (pieces > 1 ? pieces - 1 : 1);

			if (lseek(fd, (off_t)(step * i), SEEK_SET) < 0)
				return -errno;
		}
		n = fio_read_full(fd, s->data + done, len);
		if (n < 0)
			return (int)n;
		done += (size_t)n;
	}
	s->len = done;
	return done ? 0 : -ENODATA;
}

int sample_load(struct sample *s, const char *path, size_t limit)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	int ret;

	memset(s, 0, sizeof(*s));
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st)) {
		ret = -errno;
		goto close_file;
	}
	if (!S_ISREG(st.st_mode) || !st.st_size) {
		ret = S_ISDIR(st.st_mode) ? -EISDIR : S_ISREG(st.st_mode) ? -ENODATA : -EINVAL;
		goto close_file;
	}
	s->name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	s->file_len = (uint64_t)st.st_size;
	s->len = s->file_len > limit ? limit : (size_t)s->file_len;
	s->data = malloc(s->len);
	ret = s->data ? read_pieces(s, fd) : -ENOMEM;
	if (ret)
		sample_free(s);

close_file:
	close(fd);
	return ret;
}

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

static const char *const words[] = {
	"the", "of", "and", "a", "to", "in", "address", "space", "is", "that", "queue", "for",
	"it", "as", "descriptor", "with", "was", "on", "thread", "by", "shuttle", "warp", "at",
	"be", "this", "completion", "have", "from", "or", "device", "one", "had", "page", "not",
	"but", "context", "what", "all", "were", "when", "we", "there", "can", "an", "fabric",
};

static size_t put_text(uint8_t *to, size_t room, uint32_t *state)
{
	/* The product of two numbers favours the words in front, as a language does. */
	uint32_t count = sizeof(words) / sizeof(words[0]);
	uint32_t at = next_random(state) % count * (next_random(state) % count) / count;
	uint32_t end = next_random(state) % 12;
	int n = snprintf((char *)to, room, "%s%s", words[at],
			 end == 0 ? ".\n" : end == 1 ? ", " : " ");

	return (size_t)n < room ? (size_t)n : room;
}

static size_t put_record(uint8_t *to, size_t room, uint32_t *state, uint32_t serial)
{
	uint32_t record[5] = {
		serial, 0x00c0ffee, next_random(state) % 1000, next_random(state),
		next_random(state) % 3,
	};
	size_t n = room < sizeof(record) ? room : sizeof(record);

	memcpy(to, record, n);
	return n;
}

int sample_builtin(struct sample *s, size_t len)
{
	uint32_t state = 1, serial = 0;
	size_t at = 0;

	s->name = "built-in mix";
	s->data = malloc(len);
	if (!s->data)
		return -ENOMEM;
	while (at < len) {
		/* By turns, 64 KiB of each. */
		if (at >> 16 & 1)
			at += put_record(s->data + at, len - at, &state, serial++);
		else
			at += put_text(s->data + at, len - at, &state);
	}
	s->len = len;
	s->file_len = len;
	return 0;
}

int sample_join(struct sample *s, const struct sample *parts, size_t count, size_t limit)
{
	size_t share = limit / count;

	s->name = count == 1 ? parts[0].name : "all files";
	s->len = 0;
	s->file_len = 0;
	s->data = malloc(limit);
	if (!s->data)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		size_t len = parts[i].len < share ? parts[i].len : share;

		memcpy(s->data + s->len, parts[i].data, len);
		s->len += len;
		s->file_len += parts[i].file_len;
	}
	return 0;
}

void sample_free(struct sample *s)
{
	free(s->data);
	s->data = NULL;
}

int packed_make(struct packed *p, const struct sample *s, size_t block)
{
	void *state = DIRECT_ZLIB->open(6, false, false);
	size_t room = 0, at = 0;

	p->count = (s->len + block - 1) / block;
	room = s->len + p->count * (direct_bound(block) - block);
	p->data = malloc(room);
	p->ends = calloc(p->count, sizeof(*p->ends));
	if (!state || !p->data || !p->ends) {
		if (state)
			DIRECT_ZLIB->close(state);
		packed_free(p);
		return -ENOMEM;
	}
	for (size_t i = 0; i < p->count; i++) {
		size_t begin = i * block;
		size_t len = s->len - begin < block ? s->len - begin : block;

		at += DIRECT_ZLIB->compress(state, s->data + begin, len, p->data + at, room - at);
		p->ends[i] = at;
	}
	DIRECT_ZLIB->close(state);
	return 0;
}

void packed_free(struct packed *p)
{
	free(p->data);
	free(p->ends);
	p->data = NULL;
	p->ends = NULL;
}
