/* SPDX-License-Identifier: MIT */
/* "weft gzip": what gzip does with names, files and exit statuses, around gz.h. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd.h"
#include "fio.h"
#include "gz.h"
#include "ui.h"

#define LEVEL_DEFAULT	6

struct settings {
	unsigned int level;
	bool decompress;
	bool test;
	bool to_stdout;		/* also when testing: no file is made */
	bool keep;
	bool force;
	bool quiet;
	bool verbose;
};

/* One run over all operands. */
struct run {
	struct settings set;
	struct gz_compressor *comp;
	struct gz_decompressor *decomp;
	int status;
};

static const struct opt_row gzip_opts[] = {
	{ '1', "fast", NULL, "-1 to -9: from fast to small; -6 when none is given" },
	{ '2', NULL, NULL, NULL },
	{ '3', NULL, NULL, NULL },
	{ '4', NULL, NULL, NULL },
	{ '5', NULL, NULL, NULL },
	{ '6', NULL, NULL, NULL },
	{ '7', NULL, NULL, NULL },
	{ '8', NULL, NULL, NULL },
	{ '9', "best", NULL, NULL },
	{ 'c', "stdout", NULL, "write to standard output, keep the files" },
	{ 'd', "decompress", NULL, "decompress" },
	{ 'f', "force", NULL, "overwrite; follow links; compressed data to a terminal" },
	{ 'k', "keep", NULL, "keep the input files" },
	{ 'n', "no-name", NULL, "accepted: no name or time is ever stored" },
	{ 'q', "quiet", NULL, "no warnings, no progress" },
	{ 't', "test", NULL, "read and check compressed files, write nothing" },
	{ 'v', "verbose", NULL, "one line for each file" },
};

/* Errors outrank warnings, as with gzip. */
static void raise_status(struct run *run, int status)
{
	if (run->status != CMD_FAILED && status)
		run->status = status;
}

static void fail(struct run *run, const char *name, const char *reason)
{
	ui_error("%s: %s", name, reason);
	raise_status(run, CMD_FAILED);
}

static void warn(struct run *run, const char *name, const char *reason)
{
	if (!run->set.quiet)
		ui_error("%s: %s", name, reason);
	raise_status(run, CMD_WARNING);
}

/* ---- names ------------------------------------------------------------- */

static const struct {
	const char *from;
	const char *to;
} suffixes[] = {
	{ ".gz", "" },	/* the one that is written */
	{ ".tgz", ".tar" },
	{ ".taz", ".tar" },
	{ "-gz", "" },
	{ ".z", "" },
	{ "-z", "" },
	{ "_z", "" },
};

#define SUFFIX_COUNT	(sizeof(suffixes) / sizeof(suffixes[0]))

/* The row that ends @path, its name not being empty without it; or -1. */
static int find_suffix(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	size_t len = strlen(name);

	for (size_t i = 0; i < SUFFIX_COUNT; i++) {
		size_t suffix = strlen(suffixes[i].from);

		if (len > suffix && !strcmp(name + len - suffix, suffixes[i].from))
			return (int)i;
	}
	return -1;
}

/* malloc()ed, or NULL when out of memory. */
static char *output_name(const char *path, bool decompress)
{
	int row = decompress ? find_suffix(path) : 0;
	size_t keep = strlen(path) - (decompress ? strlen(suffixes[row].from) : 0);
	char *name;

	if (asprintf(&name, "%.*s%s", (int)keep, path,
		     decompress ? suffixes[row].to : suffixes[row].from) < 0)
		return NULL;
	return name;
}

/* ---- input files ------------------------------------------------------- */

static const struct {
	mode_t bit;
	bool force_allows;
	const char *reason;
} refused_modes[] = {
	{ S_ISUID, false, "is set-user-ID on execution; ignored" },
	{ S_ISGID, false, "is set-group-ID on execution; ignored" },
	{ S_ISVTX, true, "has the sticky bit set; ignored" },
};

/* Why gzip would leave such a file alone, or NULL. */
static const char *refuse_input(const struct settings *set, const struct stat *st)
{
	if (S_ISDIR(st->st_mode))
		return "is a directory; ignored";
	if (set->to_stdout)
		return NULL;
	if (!S_ISREG(st->st_mode))
		return "is not a directory or a regular file; ignored";
	for (size_t i = 0; i < sizeof(refused_modes) / sizeof(refused_modes[0]); i++) {
		if ((st->st_mode & refused_modes[i].bit) &&
		    !(set->force && refused_modes[i].force_allows))
			return refused_modes[i].reason;
	}
	if (st->st_nlink > 1 && !set->force)
		return "has other links; ignored (-f compresses it all the same)";
	return NULL;
}

/*
 * Without -c the input is going to be replaced: a link would be replaced by a
 * file, and a FIFO must not be waited for only to be refused.
 */
static int open_flags(const struct settings *set)
{
	if (set->to_stdout)
		return O_RDONLY | O_CLOEXEC;
	return O_RDONLY | O_CLOEXEC | O_NONBLOCK | (set->force ? 0 : O_NOFOLLOW);
}

/* A descriptor, or -1 after a message. With -d, "NAME" finds "NAME.gz". *path may be replaced. */
static int open_input(struct run *run, char **path)
{
	int flags = open_flags(&run->set);
	int fd = open(*path, flags);
	char *longer;

	if (fd < 0 && errno == ENOENT && run->set.decompress && find_suffix(*path) < 0) {
		longer = output_name(*path, false);
		fd = longer ? open(longer, flags) : -1;
		if (fd >= 0) {
			free(*path);
			*path = longer;
			return fd;
		}
		free(longer);
		errno = ENOENT;
	}
	if (fd < 0)
		fail(run, *path, errno == ELOOP && (flags & O_NOFOLLOW) ?
		     "is a symbolic link; not followed (-f follows it)" : strerror(errno));
	return fd;
}

/* ---- the work ---------------------------------------------------------- */

static int open_engine(struct run *run)
{
	int ret = 0;

	if (run->set.decompress && !run->decomp)
		ret = gz_decompressor_open(&run->decomp);
	else if (!run->set.decompress && !run->comp)
		ret = gz_compressor_open(run->set.level, &run->comp);
	if (ret)
		ui_error("cannot open a device: %s", ret == -ENODEV ? "none has gzip" :
			 ret == -EBUSY ? "no context is free" : strerror(-ret));
	return ret;
}

static void close_engine(struct run *run)
{
	if (run->decomp)
		gz_decompressor_close(run->decomp);
	if (run->comp)
		gz_compressor_close(run->comp);
}

static double saved_percent(const struct settings *set, const struct gz_job *job)
{
	double plain = (double)(set->decompress ? job->out_bytes : job->in_bytes);
	double packed = (double)(set->decompress ? job->in_bytes : job->out_bytes);

	return plain > 0 ? 100.0 * (plain - packed) / plain : 0.0;
}

/* True when the output is good; messages are given. */
static bool work(struct run *run, struct gz_job *job, const char *name, const char *out_name,
		 uint64_t size)
{
	struct ui_progress progress;
	enum gz_result result;

	job->verbose = run->set.verbose;
	job->copy = run->set.decompress && run->set.force && run->set.to_stdout &&
		    !run->set.test;
	job->progress = &progress;
	ui_progress_begin(&progress, name, size, run->set.quiet);
	if (run->set.decompress)
		result = gz_decompress(run->decomp, job);
	else
		result = gz_compress(run->comp, job);
	ui_progress_end(&progress);

	if (result == GZ_FAILED)
		fail(run, job->at_output ? out_name : name, job->reason);
	else if (result == GZ_WARNING)
		warn(run, name, job->reason);
	return result != GZ_FAILED;
}

static void run_to_stdout(struct run *run, const char *name, int fd, uint64_t size)
{
	struct gz_job job = { .in = fd, .out = run->set.test ? -1 : STDOUT_FILENO };

	if (!work(run, &job, name, "standard output", size) || !run->set.verbose)
		return;
	if (run->set.test)
		ui_note("%s: OK", name);
	else
		ui_note("%s: %.1f%%", name, saved_percent(&run->set, &job));
}

/* The input is about to be removed for what was read from it: is it still that? */
static const char *changed_meanwhile(int fd, const char *path, const struct stat *before)
{
	struct stat now;

	if (stat(path, &now))
		return strerror(errno);
	if (now.st_dev != before->st_dev || now.st_ino != before->st_ino)
		return "was replaced while it was read; both are kept as they are";
	if (fstat(fd, &now))
		return strerror(errno);
	if (now.st_size != before->st_size || now.st_mtim.tv_sec != before->st_mtim.tv_sec ||
	    now.st_mtim.tv_nsec != before->st_mtim.tv_nsec)
		return "changed while it was read; it is kept as it is";
	return NULL;
}

static void run_to_file(struct run *run, const char *path, int fd, const struct stat *st,
			const char *out_path)
{
	struct gz_job job = { .in = fd };
	struct outfile out;
	const char *reason = NULL;
	int ret;

	ret = outfile_create(&out, out_path, run->set.force);
	if (ret == -EEXIST) {
		warn(run, out_path, "already exists; not overwritten (-f overwrites it)");
		return;
	}
	if (ret) {
		fail(run, out_path, strerror(-ret));
		return;
	}
	job.out = out.fd;
	if (!work(run, &job, path, out_path, (uint64_t)st->st_size)) {
		outfile_abort(&out);
		return;
	}
	if (!run->set.keep)
		reason = changed_meanwhile(fd, path, st);
	if (reason) {
		outfile_abort(&out);
		fail(run, path, reason);
		return;
	}
	ret = outfile_commit(&out, st, run->set.force);
	if (ret) {
		fail(run, out_path, strerror(-ret));
		return;
	}
	if (!run->set.keep && unlink(path))
		fail(run, path, strerror(errno));
	if (run->set.verbose)
		ui_note("%s: %.1f%% -- %s %s", path, saved_percent(&run->set, &job),
			run->set.keep ? "created" : "replaced with", out_path);
}

static void run_file(struct run *run, char **path)
{
	struct stat st;
	const char *reason;
	char *out_path;
	int fd;

	fd = open_input(run, path);
	if (fd < 0)
		return;
	if (fstat(fd, &st)) {
		fail(run, *path, strerror(errno));
		goto close_input;
	}
	reason = refuse_input(&run->set, &st);
	if (!reason && !run->set.to_stdout && run->set.decompress && find_suffix(*path) < 0)
		reason = "unknown suffix; ignored";
	if (reason) {
		warn(run, *path, reason);
		goto close_input;
	}
	if (run->set.to_stdout) {
		run_to_stdout(run, *path, fd, S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0);
		goto close_input;
	}
	if (!run->set.decompress && !run->set.force && find_suffix(*path) >= 0) {
		/* No warning in the exit status, as with gzip: nothing is left to do. */
		if (!run->set.quiet)
			ui_error("%s: already has the suffix %s; unchanged", *path,
				 suffixes[find_suffix(*path)].from);
		goto close_input;
	}
	out_path = output_name(*path, run->set.decompress);
	if (out_path)
		run_to_file(run, *path, fd, &st, out_path);
	else
		fail(run, *path, strerror(ENOMEM));
	free(out_path);

close_input:
	close(fd);
}

static void run_stdin(struct run *run)
{
	struct stat st;
	bool known = !fstat(STDIN_FILENO, &st) && S_ISREG(st.st_mode) &&
		     !lseek(STDIN_FILENO, 0, SEEK_CUR);

	if (run->set.decompress && !run->set.force && isatty(STDIN_FILENO)) {
		fail(run, "standard input",
		     "compressed data is not read from a terminal (-f reads it all the same)");
		return;
	}
	run_to_stdout(run, "standard input", STDIN_FILENO, known ? (uint64_t)st.st_size : 0);
}

static bool run_operand(struct run *run, const char *operand)
{
	bool is_stdin = !strcmp(operand, "-");
	bool writes = !run->set.test && (run->set.to_stdout || is_stdin);
	struct settings set = run->set;
	char *path;

	if (writes && !run->set.decompress && !run->set.force && isatty(STDOUT_FILENO)) {
		fail(run, "standard output",
		     "compressed data is not written to a terminal (-f writes it all the same)");
		return false;
	}
	if (is_stdin) {
		run->set.to_stdout = true;
		run_stdin(run);
		run->set = set;
		return true;
	}
	path = strdup(operand);
	if (path)
		run_file(run, &path);
	else
		fail(run, operand, strerror(ENOMEM));
	free(path);
	return true;
}

/* ---- options ----------------------------------------------------------- */

static bool apply_option(struct settings *set, int key)
{
	switch (key) {
	case 'c':
		set->to_stdout = true;
		break;
	case 'd':
		set->decompress = true;
		break;
	case 'f':
		set->force = true;
		break;
	case 'k':
		set->keep = true;
		break;
	case 'n':
		break;
	case 'q':
		set->quiet = true;
		set->verbose = false;
		break;
	case 't':
		set->test = true;
		set->decompress = true;
		set->to_stdout = true;
		break;
	case 'v':
		set->verbose = true;
		set->quiet = false;
		break;
	default:
		if (key < '1' || key > '9')
			return false;
		set->level = (unsigned int)(key - '0');
	}
	return true;
}

static int run_gzip(const struct cmd *cmd, int argc, char **argv)
{
	struct run run = { .set.level = LEVEL_DEFAULT };
	int key;

	while ((key = opts_next(cmd, argc, argv)) != -1) {
		if (!apply_option(&run.set, key))
			return CMD_USAGE;
	}
	outfile_catch_signals();
	if (open_engine(&run))
		return CMD_FAILED;
	if (optind == argc)
		run_operand(&run, "-");
	for (int i = optind; i < argc; i++) {
		if (!run_operand(&run, argv[i]))
			break;
	}
	close_engine(&run);
	return run.status;
}

const struct cmd cmd_gzip = {
	.name = "gzip",
	.args = "[-cdfkqtv] [-1..-9] [FILE... | -]",
	.help = "compress and decompress files through a device, as gzip does",
	.more = "Without FILE, or with -, from standard input to standard output. The output is\n"
		"plain gzip: one member for each MiB, so that all engines of the device work at\n"
		"once. A file is replaced by FILE.gz, which keeps its mode, times and owner, and\n"
		"which appears only when it is whole.\n"
		"Exit status: 0 done, 1 an error, 2 a warning or wrong usage.\n",
	.opts = gzip_opts,
	.opt_count = sizeof(gzip_opts) / sizeof(gzip_opts[0]),
	.run = run_gzip,
};
