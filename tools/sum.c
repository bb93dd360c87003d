/* SPDX-License-Identifier: MIT */
/* "weft sum": what sha256sum does with names, lines and exit statuses, around sum.h. */
#include "sum.h"

#include <ctype.h>
#include <errno.h>
#include <fts.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd.h"
#include "table.h"
#include "ui.h"

struct settings {
	const struct sum_alg *alg;
	bool check;
	bool binary;
	bool tag;
	bool zero;		/* lines end with NUL, names as they are */
	bool recursive;
	bool ignore_missing;
	bool quiet;		/* no line for a file that is good */
	bool status;		/* no line at all */
	bool strict;
	bool warn;
	bool json;
};

enum {
	OPT_TAG = OPT_LONG_ONLY,
	OPT_IGNORE_MISSING,
	OPT_QUIET,
	OPT_STATUS,
	OPT_STRICT,
	OPT_JSON,
};

static const struct opt_row sum_opts[] = {
	{ 'a', "algorithm", "NAME", "md5, sha1, sha224, sha256 (default), sha384, sha512, ..." },
	{ 'b', "binary", NULL, "mark names with '*'; nothing else changes" },
	{ 'c', "check", NULL, "read digests from the FILEs and check them" },
	{ 'r', "recursive", NULL, "every regular file of folders and what is below them" },
	{ 't', "text", NULL, "accepted: files are read as they are" },
	{ 'w', "warn", NULL, "-c: tell which lines are no digests" },
	{ 'z', "zero", NULL, "end lines with a NUL, write names as they are" },
	{ OPT_TAG, "tag", NULL, "write lines as BSD does" },
	{ OPT_IGNORE_MISSING, "ignore-missing", NULL, "-c: pass over files that do not exist" },
	{ OPT_QUIET, "quiet", NULL, "-c: no line for a file that is good" },
	{ OPT_STATUS, "status", NULL, "-c: the exit status only" },
	{ OPT_STRICT, "strict", NULL, "-c: a line that is no digest is an error" },
	{ OPT_JSON, "json", NULL, "as JSON" },
};

enum {
	COL_FILE,
	COL_DIGEST,
	COL_RESULT,
	COL_COUNT,
};

static const struct column columns[] = {
	[COL_FILE] = { "file", "FILE", COLUMN_TEXT, 0, false },
	[COL_DIGEST] = { "digest", "DIGEST", COLUMN_TEXT, 0, false },
	[COL_RESULT] = { "result", "RESULT", COLUMN_TEXT, 0, false },
};
_Static_assert(sizeof(columns) / sizeof(columns[0]) == COL_COUNT, "a column without a row");

/* A run over all operands. */
struct run {
	struct settings set;
	struct sum *sum;
	struct table *table;
	struct ui_progress progress;
	char **operands;
	unsigned int operand_count;
	int status;

	/* recursive */
	FTS *tree;

	/* -c: the list being read */
	FILE *list;
	const char *list_name;
	unsigned long line;
	unsigned long good_lines, bad_lines, mismatches, unreadable, matched;
};

static void fail(struct run *run, const char *name, const char *reason)
{
	ui_error("%s: %s", name, reason);
	run->status = CMD_FAILED;
}

/* ---- lines -------------------------------------------------------------------- */

static bool needs_escape(const char *name)
{
	return name[strcspn(name, "\\\n\r")];
}

static void put_name(const char *name, bool escape)
{
	for (; *name; name++) {
		if (escape && (*name == '\\' || *name == '\n' || *name == '\r'))
			printf("\\%c", *name == '\\' ? '\\' : *name == '\n' ? 'n' : 'r');
		else
			putchar(*name);
	}
}

static void put_digest(const struct settings *set, const struct sum_job *job)
{
	bool escape = !set->zero && needs_escape(job->path);

	if (escape)
		putchar('\\');
	if (set->tag) {
		printf("%s (", set->alg->tag);
		put_name(job->path, escape);
		printf(") = %s", job->hex);
	} else {
		printf("%s %c", job->hex, set->binary ? '*' : ' ');
		put_name(job->path, escape);
	}
	putchar(set->zero ? '\0' : '\n');
}

/* "\\n" and its like in a line that began with a backslash. False: no such escape. */
static bool unescape(char *name)
{
	char *to = name;

	for (; *name; name++) {
		char c = *name;

		if (c == '\\') {
			name++;
			c = *name == 'n' ? '\n' : *name == 'r' ? '\r' : *name == '\\' ? '\\' : '\0';
			if (!c)
				return false;
		}
		*to++ = c;
	}
	*to = '\0';
	return true;
}

static bool is_hex(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!isxdigit((unsigned char)text[i]))
			return false;
	}
	return true;
}

/* "TAG (NAME) = HEX". */
static bool parse_tag(const struct sum_alg *alg, char *line, char **name, char **hex)
{
	size_t tag = strlen(alg->tag), len = strlen(line), digits = 2 * alg->bytes;
	char *end;

	if (strncmp(line, alg->tag, tag) || strncmp(line + tag, " (", 2) ||
	    len < tag + 2 + 4 + digits)
		return false;
	*hex = line + len - digits;
	end = *hex - 4;
	if (strncmp(end, ") = ", 4) || !is_hex(*hex, digits))
		return false;
	*end = '\0';
	*name = line + tag + 2;
	return **name;
}

/* "HEX  NAME", "HEX *NAME". */
static bool parse_plain(const struct sum_alg *alg, char *line, char **name, char **hex)
{
	size_t digits = 2 * alg->bytes;

	if (strnlen(line, digits + 3) < digits + 3 || !is_hex(line, digits) ||
	    line[digits] != ' ' || (line[digits + 1] != ' ' && line[digits + 1] != '*'))
		return false;
	*hex = line;
	line[digits] = '\0';
	*name = line + digits + 2;
	return true;
}

static bool parse_line(const struct sum_alg *alg, char *line, char **name, char **hex)
{
	bool escaped = *line == '\\';

	line += escaped;
	if (!parse_tag(alg, line, name, hex) && !parse_plain(alg, line, name, hex))
		return false;
	return !escaped || unescape(*name);
}

/* ---- where files come from ------------------------------------------------------- */

static bool take(struct sum_job *job, const char *path)
{
	job->path = strdup(path);
	if (!job->path) {
		ui_error("%s", strerror(ENOMEM));
		exit(CMD_FAILED);
	}
	return true;
}

/* The next regular file below the folders that were named. */
static bool next_of_tree(struct run *run, struct sum_job *job)
{
	FTSENT *entry;

	while ((entry = fts_read(run->tree))) {
		switch (entry->fts_info) {
		case FTS_F:
			return take(job, entry->fts_path);
		case FTS_DNR:
		case FTS_ERR:
		case FTS_NS:
			fail(run, entry->fts_path, strerror(entry->fts_errno));
			break;
		default:
			/* A name that the user has given is taken whatever it is. */
			if (entry->fts_level == FTS_ROOTLEVEL && entry->fts_info != FTS_D &&
			    entry->fts_info != FTS_DP)
				return take(job, entry->fts_path);
		}
	}
	return false;
}

static bool next_operand(void *arg, struct sum_job *job)
{
	struct run *run = arg;

	if (run->tree)
		return next_of_tree(run, job);
	if (!run->operand_count)
		return false;
	run->operand_count--;
	return take(job, *run->operands++);
}

static bool next_line(void *arg, struct sum_job *job)
{
	struct run *run = arg;
	char *line = NULL, *name, *hex;
	size_t room = 0;
	ssize_t len;
	bool found = false;

	while (!found && (len = getdelim(&line, &room, '\n', run->list)) >= 0) {
		run->line++;
		if (len && line[len - 1] == '\n')
			line[--len] = '\0';
		if (!len || *line == '#')
			continue;
		if (strlen(line) == (size_t)len && parse_line(run->set.alg, line, &name, &hex)) {
			found = take(job, name);
			job->expect = strdup(hex);
			run->good_lines++;
			continue;
		}
		run->bad_lines++;
		if (run->set.warn)
			ui_error("%s: %lu: no digest of %s", run->list_name, run->line,
				 run->set.alg->name);
	}
	free(line);
	return found;
}

/* ---- what becomes of them ----------------------------------------------------------- */

static void add_row(struct run *run, const struct sum_job *job, const char *result)
{
	table_row(run->table);
	table_text(run->table, COL_FILE, job->path);
	table_text(run->table, COL_DIGEST, job->hex);
	table_text(run->table, COL_RESULT, result);
}

static const char *trouble(const struct sum_job *job)
{
	return job->error ? strerror(job->error) : job->reason;
}

static void print_digest(void *arg, struct sum_job *job)
{
	struct run *run = arg;

	if (trouble(job))
		fail(run, job->path, trouble(job));
	if (run->set.json)
		add_row(run, job, trouble(job) ? trouble(job) : "digested");
	else if (!trouble(job))
		put_digest(&run->set, job);
	free(job->path);
}

static void print_check(struct run *run, const struct sum_job *job, const char *result, bool good)
{
	if (run->set.json) {
		add_row(run, job, result);
	} else if (!run->set.status && !(good && run->set.quiet)) {
		bool escape = needs_escape(job->path);

		if (escape)
			putchar('\\');
		put_name(job->path, escape);
		printf(": %s\n", result);
	}
}

static void check_digest(void *arg, struct sum_job *job)
{
	struct run *run = arg;

	if (job->error == ENOENT && run->set.ignore_missing) {
		/* as if the line were not there */
	} else if (trouble(job)) {
		ui_error("%s: %s", job->path, trouble(job));
		run->unreadable++;
		print_check(run, job, "FAILED open or read", false);
	} else if (strcasecmp(job->hex, job->expect)) {
		run->mismatches++;
		print_check(run, job, "FAILED", false);
	} else {
		run->matched++;
		print_check(run, job, "OK", true);
	}
	free(job->path);
	free(job->expect);
}

static void show_progress(void *arg, uint64_t bytes)
{
	struct run *run = arg;

	ui_progress_at(&run->progress, bytes);
}

static void count_up(unsigned long count, const char *one, const char *many)
{
	if (count)
		ui_error("WARNING: %lu %s", count, count == 1 ? one : many);
}

static void check_list_end(struct run *run)
{
	if (!run->good_lines) {
		fail(run, run->list_name, "no digests found in it");
		return;
	}
	if (!run->set.status) {
		count_up(run->bad_lines, "line is no digest", "lines are no digests");
		count_up(run->unreadable, "listed file could not be read",
			 "listed files could not be read");
		count_up(run->mismatches, "computed digest did NOT match",
			 "computed digests did NOT match");
	}
	if (run->set.ignore_missing && !run->matched && !run->mismatches && !run->unreadable)
		fail(run, run->list_name, "no file was checked");
	if (run->mismatches || run->unreadable || (run->set.strict && run->bad_lines))
		run->status = CMD_FAILED;
}

static void check_list(struct run *run, const char *path)
{
	const struct sum_calls calls = { next_line, check_digest, show_progress, run };
	struct stat st;

	run->list = strcmp(path, "-") ? fopen(path, "re") : stdin;
	run->list_name = strcmp(path, "-") ? path : "standard input";
	run->line = run->good_lines = run->bad_lines = 0;
	run->mismatches = run->unreadable = run->matched = 0;
	if (!run->list) {
		fail(run, path, strerror(errno));
		return;
	}
	if (!fstat(fileno(run->list), &st) && S_ISDIR(st.st_mode)) {
		fail(run, path, strerror(EISDIR));
	} else {
		sum_run(run->sum, &calls);
		check_list_end(run);
	}
	if (run->list != stdin)
		fclose(run->list);
}

/* ---- options ---------------------------------------------------------------------- */

static bool apply_option(const struct cmd *cmd, struct settings *set, int key)
{
	switch (key) {
	case 'a':
		set->alg = sum_alg_named(optarg);
		if (!set->alg)
			ui_error("no algorithm '%s'; see 'weft help %s'", optarg, cmd->name);
		return set->alg;
	case 'b':
		set->binary = true;
		break;
	case 't':
		set->binary = false;
		break;
	case 'c':
		set->check = true;
		break;
	case 'r':
		set->recursive = true;
		break;
	case 'w':
		set->warn = true;
		break;
	case 'z':
		set->zero = true;
		break;
	case OPT_TAG:
		set->tag = true;
		break;
	case OPT_IGNORE_MISSING:
		set->ignore_missing = true;
		break;
	case OPT_QUIET:
		set->quiet = true;
		break;
	case OPT_STATUS:
		set->status = true;
		break;
	case OPT_STRICT:
		set->strict = true;
		break;
	case OPT_JSON:
		set->json = true;
		break;
	default:
		return false;
	}
	return true;
}

static bool settings_fit(const struct settings *set)
{
	if (set->check && (set->tag || set->zero || set->recursive)) {
		ui_error("--tag, -z and -r mean nothing with -c");
		return false;
	}
	if (!set->check && (set->ignore_missing || set->quiet || set->status || set->strict ||
			    set->warn)) {
		ui_error("--ignore-missing, --quiet, --status, --strict and -w need -c");
		return false;
	}
	return true;
}

static void run_all(struct run *run)
{
	const struct sum_calls calls = { next_operand, print_digest, show_progress, run };

	ui_progress_begin(&run->progress, run->set.alg->name, 0, run->set.status || run->set.json);
	if (run->set.check) {
		for (unsigned int i = 0; i < run->operand_count; i++)
			check_list(run, run->operands[i]);
	} else if (run->set.recursive) {
		run->tree = fts_open(run->operands, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
		if (run->tree) {
			sum_run(run->sum, &calls);
			fts_close(run->tree);
		} else {
			fail(run, "-r", strerror(errno));
		}
	} else {
		sum_run(run->sum, &calls);
	}
	ui_progress_end(&run->progress);
}

static int run_sum(const struct cmd *cmd, int argc, char **argv)
{
	struct run run = { .set.alg = sum_alg_named("sha256") };
	char minus[] = "-", dot[] = ".", *none[] = { minus, NULL };
	int key, ret;

	while ((key = opts_next(cmd, argc, argv)) != -1) {
		if (!apply_option(cmd, &run.set, key))
			return CMD_USAGE;
	}
	if (!settings_fit(&run.set) || (run.set.json && !out_begin(true)))
		return CMD_USAGE;
	run.operands = argv + optind;
	run.operand_count = (unsigned int)(argc - optind);
	if (!run.operand_count) {
		run.operand_count = 1;
		run.operands = none;
		if (run.set.recursive)
			none[0] = dot;
	}
	ret = sum_open(run.set.alg, &run.sum);
	if (ret) {
		ui_error("cannot open a device: %s", ret == -ENODEV ? "none has the algorithm" :
			 ret == -EBUSY ? "no context is free" : strerror(-ret));
		return CMD_FAILED;
	}
	if (run.set.json)
		run.table = table_new(columns, COL_COUNT);
	run_all(&run);
	sum_close(run.sum);
	if (run.set.json) {
		out_fact("algorithm", run.set.alg->name);
		out_table("files", run.table);
		out_end();
		table_free(run.table);
	}
	return run.status;
}

const struct cmd cmd_sum = {
	.name = "sum",
	.args = "[-bcrtwz] [-a NAME] [FILE... | -]",
	.help = "print and check digests of files through a device, as sha256sum does",
	.more = "Without FILE, or with -, standard input. Lines are those of sha256sum, md5sum and\n"
		"their like, in both directions; names with a newline or a backslash are escaped as\n"
		"they do. More algorithms: sha512-224, sha512-256, sm3. Many files are digested at\n"
		"a time, and printed in the order in which they were named.\n"
		"Exit status: 0 good, 1 a file could not be read or did not match, 2 wrong usage.\n",
	.opts = sum_opts,
	.opt_count = sizeof(sum_opts) / sizeof(sum_opts[0]),
	.run = run_sum,
};
