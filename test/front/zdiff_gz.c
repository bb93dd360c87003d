/* SPDX-License-Identifier: MIT */
/*
 * The operations on files. For writing each side has a file of its own, which is
 * then read back; for reading both open the same file.
 */
#include "zdiff_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct gzside {
	gzFile file;
	char path[512];
};

struct zgz {
	bool open, writing;
	bool begun;		/* something was read or written */
	bool plain;		/* written without compression */
	struct gzside side[SIDES];
};

static const char *mode_of(uint32_t arg, bool writing)
{
	static const char *const write[] = {
		"wb", "w", "wb1", "wb9", "wb6f", "wb3h", "wb4R", "wbT", "wF", "w0", "wbe", "ab", "ab3",
	};
	static const char *const read[] = { "rb", "r", "rbe", "rT", "r+", "x", "" };

	return writing ? write[arg % ARRAY_SIZE(write)] :
		read[arg & 64 ? arg % 2 : arg % ARRAY_SIZE(read)];
}

/* Both sides' files as their gzread() sees them. */
static void compare_written(struct zdiff *d, struct zgz *gz)
{
	const struct zapi *z = d->api[THEIRS];
	uint8_t *buf[SIDES] = { d->scratch, d->scratch + SCRATCH_LEN / 2 };
	int n[SIDES];

	for (int side = 0; side < SIDES; side++) {
		gzFile file = z->gzopen(gz->side[side].path, "rb");

		n[side] = file ? z->gzread(file, buf[side], SCRATCH_LEN / 2) : -77;
		if (file && z->gzclose(file) != Z_OK)
			zdiff_fail(d, "%s: the file that was written is not sound",
				   side_name(side));
	}
	zdiff_same(d, "file length", n[THEIRS], n[OURS]);
	if (n[THEIRS] > 0)
		zdiff_same_bytes(d, "file", buf[THEIRS], buf[OURS], (size_t)n[THEIRS]);
}

/* A message begins with the path or the descriptor, which are the side's own. */
static const char *behind_path(const char *message)
{
	const char *at = message ? strstr(message, ": ") : NULL;

	return at ? at : message;
}

static void compare_state(struct zdiff *d, struct zgz *gz)
{
	const struct zapi *t = d->api[THEIRS], *o = d->api[OURS];
	gzFile ft = gz->side[THEIRS].file, fo = gz->side[OURS].file;
	const char *mt, *mo;
	int et, eo;

	if (d->failed)
		return;
	mt = t->gzerror(ft, &et);
	mo = o->gzerror(fo, &eo);
	zdiff_same(d, "gzerror()", et, eo);
	zdiff_same_text(d, "gzerror()", behind_path(mt), behind_path(mo));
	zdiff_same(d, "gztell()", t->gztell(ft), o->gztell(fo));
	zdiff_same(d, "gzeof()", t->gzeof(ft), o->gzeof(fo));
	if (!gz->writing || d->exact)
		zdiff_same(d, "gzoffset()", t->gzoffset(ft), o->gzoffset(fo));
}

static void close_files(struct zdiff *d, uint32_t how)
{
	struct zgz *gz = d->gz;
	int ret[SIDES];

	if (!gz || !gz->open)
		return;
	for (int side = 0; side < SIDES; side++) {
		const struct zapi *z = d->api[side];
		gzFile file = gz->side[side].file;

		ret[side] = how & 1 ? z->gzclose(file) :
			gz->writing ? z->gzclose_w(file) : z->gzclose_r(file);
		zdiff_note(d, "%s: gzclose() = %d", side_name(side), ret[side]);
	}
	gz->open = false;
	zdiff_same(d, "gzclose()", ret[THEIRS], ret[OURS]);
	if (gz->writing && !d->failed && ret[THEIRS] == Z_OK)
		compare_written(d, gz);
}

void zdiff_end_gz(struct zdiff *d)
{
	if (!d->gz)
		return;
	close_files(d, 1);
	for (int side = 0; side < SIDES; side++)
		unlink(d->gz->side[side].path);
	free(d->gz);
	d->gz = NULL;
}

static void store(const char *path, const uint8_t *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, data, len) != (ssize_t)len)
		abort();
	close(fd);
}

/* What is read: gzip in all states of repair, several members, or no gzip at all. */
static void prepare_reading(struct zdiff *d, const struct zop *op, struct zgz *gz)
{
	struct source *s = source_new(d, op->arg, op->arg[4] >> 8 & 7 ? 2 : 1);

	if (op->arg[4] >> 12 & 7)
		store(gz->side[THEIRS].path, s->data, s->len);
	else
		store(gz->side[THEIRS].path, zdiff_data(op->arg[1], 70000),
		      MIN(zdiff_size(op->arg[0]), 70000));
	source_drop(s);
}

static gzFile open_one(struct zdiff *d, const struct zop *op, int side, const char *path,
		       const char *mode, bool writing)
{
	const struct zapi *z = d->api[side];
	int fd;

	if (op->arg[5] & 3)
		return z->gzopen(path, mode);
	fd = open(path, writing ? O_WRONLY | O_CREAT | (mode[0] == 'a' ? O_APPEND : O_TRUNC) :
		  O_RDONLY, 0600);
	return z->gzdopen(fd, mode);
}

static void op_open(struct zdiff *d, const struct zop *op)
{
	bool writing = op->arg[4] & 1, again;
	const char *mode = mode_of(op->arg[4] >> 1, writing);
	struct zgz *gz;

	close_files(d, op->arg[3]);
	if (d->failed)
		return;
	if (!d->gz) {
		d->gz = calloc(1, sizeof(*d->gz));
		if (!d->gz)
			abort();
		for (int side = 0; side < SIDES; side++)
			snprintf(d->gz->side[side].path, sizeof(d->gz->side[side].path),
				 "%s/%d.gz", d->folder, side);
	}
	gz = d->gz;
	again = gz->writing && mode[0] == 'a' && writing;
	gz->writing = writing;
	if (writing && mode[0] == 'a' && !again)
		for (int side = 0; side < SIDES; side++)
			store(gz->side[side].path, NULL, 0);
	if (!writing)
		prepare_reading(d, op, gz);
	for (int side = 0; side < SIDES; side++) {
		const char *path = gz->side[writing ? side : THEIRS].path;

		if (op->arg[5] >> 8 == 0)
			path = "/nonexistent/file";
		gz->side[side].file = open_one(d, op, side, path, mode, writing);
		zdiff_note(d, "%s: gzopen('%s') = %d", side_name(side), mode,
			   gz->side[side].file != NULL);
	}
	d->calls++;
	zdiff_same(d, "gzopen()", !gz->side[THEIRS].file, !gz->side[OURS].file);
	if (!gz->side[THEIRS].file || d->failed) {
		for (int side = 0; side < SIDES; side++) {
			if (gz->side[side].file)
				d->api[side]->gzclose(gz->side[side].file);
		}
		gz->writing = false;
		return;
	}
	gz->open = true;
	gz->begun = false;
	gz->plain = writing && strchr(mode, 'T');
	if (op->arg[5] >> 4 & 1) {
		/* A flush never ends in a buffer that is smaller than its mark. */
		unsigned int size = 8u << (op->arg[5] >> 6) % 14;
		int ret[SIDES];

		for (int side = 0; side < SIDES; side++)
			ret[side] = d->api[side]->gzbuffer(gz->side[side].file, size);
		zdiff_same(d, "gzbuffer()", ret[THEIRS], ret[OURS]);
	}
	compare_state(d, gz);
}

static long read_one(const struct zapi *z, gzFile file, unsigned int how, const struct zop *op,
		     uint8_t *out, size_t n)
{
	struct gzFile_s *f = file;

	switch (how) {
	case 0: return z->gzgetc(file);
	case 1: return z->gzgets(file, (char *)out, (int)(n + 1)) ? (long)strlen((char *)out) : -5;
	case 2: return (long)z->gzfread(out, 1 + op->arg[2] % 7, n / 8, file);
	case 3: return z->gzungetc((int)(op->arg[2] & 0xff) - (op->arg[3] % 32 == 0), file);
	/* What the macro of the header file makes of gzgetc(). */
	case 4: return f->have ? (f->have--, f->pos++, *f->next++) : (long)z->gzgetc(file);
	default: return z->gzread(file, out, (unsigned int)n);
	}
}

static void op_read(struct zdiff *d, const struct zop *op)
{
	struct zgz *gz = d->gz;
	size_t n = MIN(zdiff_size(op->arg[0]), 100000);
	uint8_t *out[SIDES] = { d->scratch, d->scratch + SCRATCH_LEN / 2 };
	unsigned int how = op->arg[1] % 8;
	long ret[SIDES];

	if (!gz || !gz->open)
		return;
	/* gzungetc() in front of everything is something that zlib before 1.3 dies of. */
	if (how == 3 && !gz->begun)
		how = 5;
	for (int side = 0; side < SIDES; side++) {
		memset(out[side], 0, n + 1);
		errno = 0;
		ret[side] = read_one(d->api[side], gz->side[side].file, how, op, out[side], n);
		zdiff_note(d, "%s: read %u (%zu) = %ld", side_name(side), how, n, ret[side]);
	}
	d->calls++;
	gz->begun |= ret[THEIRS] > 0;
	zdiff_same(d, "gzread()", ret[THEIRS], ret[OURS]);
	if (ret[THEIRS] > 0)
		zdiff_same_bytes(d, "gzread()", out[THEIRS], out[OURS], n);
	compare_state(d, gz);
}

static long write_one(const struct zapi *z, gzFile file, const struct zop *op, const uint8_t *in,
		      size_t n)
{
	switch (op->arg[2] % 8) {
	case 0: return z->gzputc(file, (int)(op->arg[3] & 0xff));
	case 1: return z->gzputs(file, "a line of text\n");
	case 2: return (long)z->gzfwrite(in, 1 + op->arg[3] % 7, n / 8, file);
	case 3: return z->gzprintf(file, "%d %s %*d\n", (int)op->arg[3], "words",
				   (int)(op->arg[4] % 300), 7);
	case 4: return z->gzflush(file, (int)(op->arg[3] % 7) - (op->arg[3] >> 8) % 16 / 15);
	case 5: return z->gzsetparams(file, (int)(op->arg[3] % 12) - 1, (int)(op->arg[4] % 5));
	default: return z->gzwrite(file, in, (unsigned int)n);
	}
}

static void op_write(struct zdiff *d, const struct zop *op)
{
	struct zgz *gz = d->gz;
	size_t n = MIN(zdiff_size(op->arg[0]), 100000);
	const uint8_t *in = zdiff_data(op->arg[1], 200000);
	long ret[SIDES];

	/* gzsetparams() of such a file is another thing that zlib before 1.3 dies of. */
	if (!gz || !gz->open || (gz->plain && op->arg[2] % 8 == 5))
		return;
	for (int side = 0; side < SIDES; side++) {
		struct piece p = piece_of(in, n);

		ret[side] = write_one(d->api[side], gz->side[side].file, op, p.data, n);
		zdiff_note(d, "%s: write %u (%zu) = %ld", side_name(side), op->arg[2] % 8, n,
			   ret[side]);
		piece_drop(&p);
	}
	d->calls++;
	gz->begun |= ret[THEIRS] > 0;
	zdiff_same(d, "gzwrite()", ret[THEIRS], ret[OURS]);
	compare_state(d, gz);
}

static void op_move(struct zdiff *d, const struct zop *op)
{
	struct zgz *gz = d->gz;
	z_off_t offset = (z_off_t)zdiff_size(op->arg[0]);
	int whence = (int)(op->arg[1] % 8);
	long ret[SIDES];

	/* zlib before 1.3 writes what is in its memory for a gap at the very start. */
	if (!gz || !gz->open || (gz->writing && !gz->begun))
		return;
	whence = whence < 4 ? SEEK_SET : whence < 7 ? SEEK_CUR : SEEK_END;
	if (op->arg[2] % 4 == 0)
		offset = -offset;
	for (int side = 0; side < SIDES; side++) {
		const struct zapi *z = d->api[side];
		gzFile file = gz->side[side].file;

		switch (op->arg[3] % 8) {
		case 0: ret[side] = z->gzrewind(file); break;
		case 1: ret[side] = z->gzdirect(file); break;
		case 2: z->gzclearerr(file); ret[side] = 0; break;
		default: ret[side] = z->gzseek(file, offset, whence); break;
		}
		zdiff_note(d, "%s: move %u (%ld, %d) = %ld", side_name(side), op->arg[3] % 8,
			   (long)offset, whence, ret[side]);
	}
	d->calls++;
	zdiff_same(d, "gzseek()", ret[THEIRS], ret[OURS]);
	compare_state(d, gz);
}

static void op_close(struct zdiff *d, const struct zop *op)
{
	if (d->gz && d->gz->open) {
		close_files(d, op->arg[0]);
		return;
	}
	zdiff_same(d, "gzclose(NULL)", d->api[THEIRS]->gzclose(NULL), d->api[OURS]->gzclose(NULL));
	zdiff_same(d, "gzread(NULL)", d->api[THEIRS]->gzread(NULL, d->scratch, 1),
		   d->api[OURS]->gzread(NULL, d->scratch, 1));
	zdiff_same(d, "gzwrite(NULL)", d->api[THEIRS]->gzwrite(NULL, d->scratch, 1),
		   d->api[OURS]->gzwrite(NULL, d->scratch, 1));
	zdiff_same(d, "gztell(NULL)", d->api[THEIRS]->gztell(NULL), d->api[OURS]->gztell(NULL));
	zdiff_same(d, "gzeof(NULL)", d->api[THEIRS]->gzeof(NULL), d->api[OURS]->gzeof(NULL));
}

const struct zop_row zops_gz[] = {
	{ "gzopen", 4, op_open },
	{ "gzread", 10, op_read },
	{ "gzwrite", 8, op_write },
	{ "gzseek", 5, op_move },
	{ "gzclose", 2, op_close },
};
const size_t zops_gz_count = ARRAY_SIZE(zops_gz);
