/* SPDX-License-Identifier: MIT */
/* "weft bench": options, and the throughput tables of "comp". */
#include "bench_comp.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weft/weft.h>

#include "bench_fault.h"
#include "bench_openssl.h"
#include "bench_pk.h"
#include "bench_sym.h"
#include "cmd.h"
#include "table.h"
#include "ui.h"

#define FLIGHT_MAX	((size_t)16 << 20)	/* deeper queues of large blocks say nothing new */
#define CONTESTANTS	24
#define THREADS_SHOWN	6

const struct bench_config bench_inline = {
	.one_cpu = true,
	.env = { { "WEFT_ENGINE_THREADS", "0" } },
};

enum {
	COL_FILE,
	COL_BLOCK,
	COL_LEVEL,
	COL_WHAT,
	COL_ENGINE,
	COL_RATIO,
	COL_COMP,
	COL_COMP_VS,
	COL_DECOMP,
	COL_DECOMP_VS,
	COL_COUNT,
};

static const struct column columns[] = {
	[COL_FILE] = { "file", NULL, COLUMN_TEXT, 0, false },
	[COL_BLOCK] = { "block", NULL, COLUMN_NUMBER, 0, false },
	[COL_LEVEL] = { "level", NULL, COLUMN_NUMBER, 0, false },
	[COL_WHAT] = { "what", "WHAT", COLUMN_TEXT, 0, false },
	[COL_ENGINE] = { "engine", "RUN BY", COLUMN_TEXT, 0, false },
	[COL_RATIO] = { "ratio", "RATIO", COLUMN_NUMBER, 3, false },
	[COL_COMP] = { "compress_mb_s", "COMPRESS MB/s", COLUMN_NUMBER, 1, false },
	[COL_COMP_VS] = { "compress_vs_zlib", "x ZLIB", COLUMN_NUMBER, 2, false },
	[COL_DECOMP] = { "restore_mb_s", "RESTORE MB/s", COLUMN_NUMBER, 1, false },
	[COL_DECOMP_VS] = { "restore_vs_zlib", "x ZLIB", COLUMN_NUMBER, 2, false },
};

_Static_assert(sizeof(columns) / sizeof(columns[0]) == COL_COUNT, "a column without a row");

/* One row of a table: the same contestant in both directions. */
struct contestant {
	char what[48];
	char threads[12];		/* the value of the environment variable */
	struct bench_config config;
	struct comp_case cases[2];	/* compress, decompress */
};

struct contest {
	struct contestant list[CONTESTANTS];
	size_t count;
	struct bench_run runs[2 * CONTESTANTS];	/* list[i]'s are 2 * i and 2 * i + 1 */
};

/* The four ways through libwd whose work is done by the calling thread. */
static const struct {
	const char *what;
	enum comp_how how;
	unsigned int depth;
} inline_ways[] = {
	{ "weft sync", COMP_SYNC, 1 },
	{ "weft async, depth 1", COMP_ASYNC, 1 },
	{ "weft async, depth 16", COMP_ASYNC, 16 },
	{ "weft async, depth 64", COMP_ASYNC, 64 },
};

static struct contestant *add(struct contest *contest, const struct comp_case *base)
{
	struct contestant *c;

	if (contest->count == CONTESTANTS)
		return NULL;
	c = &contest->list[contest->count++];
	c->cases[0] = *base;
	c->cases[1] = *base;
	c->cases[1].decompress = true;
	c->config = bench_inline;
	return c;
}

static void set_how(struct contestant *c, enum comp_how how, unsigned int depth, bool sleep)
{
	for (size_t i = 0; i < 2; i++) {
		c->cases[i].how = how;
		c->cases[i].depth = depth;
		c->cases[i].sleep = sleep;
	}
}

static void add_direct(struct contest *contest, const struct comp_case *base)
{
	for (size_t i = 0; i < direct_codec_count; i++) {
		const struct direct_codec *codec = &direct_codecs[i];
		struct comp_case one = *base;
		struct contestant *c;

		one.codec = codec;
		one.level = direct_level(codec, base->level);
		c = add(contest, &one);
		if (!c)
			return;
		set_how(c, COMP_DIRECT, 1, false);
		snprintf(c->what, sizeof(c->what), "%s %d, direct", codec->name, one.level);
	}
}

static void add_inline(struct contest *contest, const struct comp_case *base)
{
	for (size_t i = 0; i < sizeof(inline_ways) / sizeof(inline_ways[0]); i++) {
		struct contestant *c;

		if (inline_ways[i].depth > 1 && inline_ways[i].depth * base->block > FLIGHT_MAX)
			continue;
		c = add(contest, base);
		if (!c)
			return;
		set_how(c, inline_ways[i].how, inline_ways[i].depth, false);
		snprintf(c->what, sizeof(c->what), "%s", inline_ways[i].what);
	}
}

/* 1, 2, 4, ... and as many as there are CPUs. */
static void add_threads(struct contest *contest, const struct comp_case *base)
{
	unsigned int cpus = bench_cpu_count(), threads = 1;

	for (unsigned int i = 0; i < THREADS_SHOWN; i++) {
		struct contestant *c = add(contest, base);

		if (!c)
			return;
		set_how(c, COMP_ASYNC, base->block * 64 > FLIGHT_MAX ? 2 * threads + 2 : 64, true);
		snprintf(c->threads, sizeof(c->threads), "%u", threads);
		c->config = (struct bench_config){
			.env = {
				{ "WEFT_ENGINE_THREADS", c->threads },
				{ "WEFT_INLINE", "off" },
			},
		};
		snprintf(c->what, sizeof(c->what), "weft, %u engine thread%s", threads,
			 threads == 1 ? "" : "s");
		if (threads >= cpus)
			return;
		threads = threads * 2 > cpus ? cpus : threads * 2;
	}
}

static void run_contest(struct contest *contest, unsigned int rounds)
{
	for (size_t i = 0; i < 2 * contest->count; i++) {
		struct contestant *c = &contest->list[i / 2];

		contest->runs[i].config = &c->config;
		contest->runs[i].fn = comp_measure;
		contest->runs[i].arg = &c->cases[i % 2];
	}
	bench_interleave(contest->runs, 2 * contest->count, rounds);
}

static void fill_row(struct table *t, const struct contest *contest, size_t i)
{
	const struct contestant *c = &contest->list[i];
	const struct bench_run *comp = &contest->runs[2 * i], *decomp = comp + 1;
	const struct comp_case *one = &c->cases[0];
	double bytes = comp->last.value[COMP_VALUE_BYTES];

	table_row(t);
	table_text(t, COL_FILE, one->sample->name);
	table_number(t, COL_BLOCK, (double)one->block);
	table_text(t, COL_WHAT, c->what);
	table_text(t, COL_ENGINE, one->how == COMP_DIRECT ? one->codec->name : comp->last.engine);
	if (comp->last.err || decomp->last.err) {
		int err = comp->last.err ? comp->last.err : decomp->last.err;

		bench_quiet();
		ui_error("%s: %s: %s", one->sample->name, c->what, strerror(-err));
		return;
	}
	table_number(t, COL_RATIO, bytes > 0 ? (double)one->sample->len / bytes : NAN);
	table_number(t, COL_COMP, bench_median(comp, COMP_VALUE_MBS));
	table_number(t, COL_COMP_VS, bench_ratio(comp, &contest->runs[0]));
	table_number(t, COL_DECOMP, bench_median(decomp, COMP_VALUE_MBS));
	table_number(t, COL_DECOMP_VS, bench_ratio(decomp, &contest->runs[1]));
}

/* The contest is large; one is enough for all. False: something could not be measured. */
static bool one_table(const struct comp_plan *plan, const struct sample *sample,
		      const struct packed *packed, size_t block, int level)
{
	static struct contest contest;
	const struct comp_case base = {
		.sample = sample,
		.packed = packed,
		.block = block,
		.level = level,
		.seconds = plan->seconds / plan->rounds,
	};
	struct table *t = table_new(columns, COL_COUNT);
	char size[32];
	bool good = true;

	ui_size(block, size, sizeof(size));
	memset(&contest, 0, sizeof(contest));
	add_direct(&contest, &base);
	add_inline(&contest, &base);
	add_threads(&contest, &base);
	bench_say("measuring %s, blocks of %s, level %d", sample->name, size, level);
	run_contest(&contest, plan->rounds);
	bench_quiet();

	for (size_t i = 0; i < contest.count; i++) {
		fill_row(t, &contest, i);
		table_number(t, COL_LEVEL, level);
		good &= !contest.runs[2 * i].last.err && !contest.runs[2 * i + 1].last.err;
	}
	out_line("%s, blocks of %s, level %d", sample->name, size, level);
	out_table("throughput", t);
	out_line("%s", "");
	table_free(t);
	return good;
}

int comp_tables(const struct comp_plan *plan)
{
	bool good = true;

	for (size_t i = 0; i < plan->sample_count; i++) {
		for (size_t b = 0; b < plan->block_count; b++) {
			struct packed packed;

			if (packed_make(&packed, &plan->samples[i], plan->blocks[b])) {
				ui_error("%s", strerror(ENOMEM));
				good = false;
				continue;
			}
			for (size_t l = 0; l < plan->level_count; l++)
				good &= one_table(plan, &plan->samples[i], &packed,
						  plan->blocks[b], plan->levels[l]);
			packed_free(&packed);
		}
	}
	return good ? CMD_OK : CMD_FAILED;
}

/* False, after messages, when any file could not be read. */
static bool load_samples(struct comp_plan *plan)
{
	bool good = true;
	int ret;

	plan->samples = calloc(plan->path_count + 1, sizeof(*plan->samples));
	if (!plan->samples) {
		ui_error("%s", strerror(ENOMEM));
		return false;
	}
	if (!plan->path_count) {
		ret = sample_builtin(plan->samples, PLAN_SAMPLE_LEN);
		if (ret)
			ui_error("%s", strerror(-ret));
		plan->sample_count = !ret;
		return !ret;
	}
	for (size_t i = 0; i < plan->path_count; i++) {
		ret = sample_load(&plan->samples[plan->sample_count], plan->paths[i],
				  PLAN_SAMPLE_LEN);
		if (ret) {
			ui_error("%s: %s", plan->paths[i],
				 ret == -ENODATA ? "is empty" : strerror(-ret));
			good = false;
		} else {
			plan->sample_count++;
		}
	}
	return good;
}

static void unload_samples(struct comp_plan *plan)
{
	for (size_t i = 0; i < plan->sample_count; i++)
		sample_free(&plan->samples[i]);
	free(plan->samples);
}

/* ---- options ----------------------------------------------------------- */

enum {
	OPT_JSON = OPT_LONG_ONLY,
	OPT_QUICK,
	OPT_BUDGETS,
	OPT_BLOCK,
	OPT_LEVEL,
	OPT_SECONDS,
	OPT_AGAINST,
	OPT_ALGORITHM,
	OPT_DEPTH,
};

static const struct opt_row bench_opts[] = {
	{ OPT_QUICK, "quick", NULL, "only compress and restore the files, next to zlib" },
	{ OPT_BUDGETS, "budgets", NULL, "only the budgets; with --quick in less time" },
	{ OPT_BLOCK, "block", "SIZE,...", "sizes of the tables (4K,64K,1M; crypto: 64 to 64K)" },
	{ OPT_LEVEL, "level", "N,...", "levels of the tables, 1 to 15 (1,6)" },
	{ OPT_ALGORITHM, "algorithm", "NAME,...",
	  "crypto, openssl: those whose names have this in them; public: public keys" },
	{ OPT_DEPTH, "depth", "N,...", "crypto: jobs under way at a time (1,16,64)" },
	{ OPT_SECONDS, "seconds", "S", "for each number that is measured (0.25; 0.02 of crypto)" },
	{ OPT_AGAINST, "against", "LIBRARY", "zlib: one more library with zlib's interface" },
	{ OPT_JSON, "json", NULL, "as JSON" },
};

#define SYM_SECONDS	0.02	/* there are two thousand numbers */

static bool parse_blocks(struct comp_plan *plan, char *text)
{
	plan->blocks_given = true;
	plan->block_count = 0;
	for (char *word; (word = strsep(&text, ",")); ) {
		uint64_t size = ui_parse_size(word);

		if (size < 64 || size > (64u << 20) || plan->block_count == PLAN_LIST_MAX) {
			ui_error("--block '%s': up to %d sizes from 64 to 64M are expected", word,
				 PLAN_LIST_MAX);
			return false;
		}
		plan->blocks[plan->block_count++] = (size_t)size;
	}
	return true;
}

static bool parse_levels(const struct cmd *cmd, struct comp_plan *plan, char *text)
{
	plan->level_count = 0;
	for (char *word; (word = strsep(&text, ",")); ) {
		long level = opts_number(cmd, "--level", word, 1, 15);

		if (level < 0)
			return false;
		if (plan->level_count == PLAN_LIST_MAX) {
			ui_error("--level: up to %d levels are expected", PLAN_LIST_MAX);
			return false;
		}
		plan->levels[plan->level_count++] = (int)level;
	}
	return true;
}

static bool parse_depths(const struct cmd *cmd, struct comp_plan *plan, char *text)
{
	plan->depth_count = 0;
	for (char *word; (word = strsep(&text, ",")); ) {
		long depth = opts_number(cmd, "--depth", word, 1, 64);

		if (depth < 0)
			return false;
		if (plan->depth_count == PLAN_LIST_MAX) {
			ui_error("--depth: up to %d depths are expected", PLAN_LIST_MAX);
			return false;
		}
		plan->depths[plan->depth_count++] = (unsigned int)depth;
	}
	return true;
}

static bool parse_seconds(struct comp_plan *plan, const char *text)
{
	char *end;
	double v = strtod(text, &end);

	if (end == text || *end || !(v >= 0.01 && v <= 60)) {
		ui_error("--seconds '%s': a number from 0.01 to 60 is expected", text);
		return false;
	}
	plan->seconds = v;
	plan->seconds_given = true;
	return true;
}

static int run_zlib(struct comp_plan *plan, bool budgets)
{
	bool good = load_samples(plan);

	if (plan->sample_count)
		good &= zlib_tables(plan, budgets) == CMD_OK;
	unload_samples(plan);
	return good ? CMD_OK : CMD_FAILED;
}

static int run_comp(struct comp_plan *plan, bool budgets)
{
	bool good;

	if (plan->quick && !budgets)
		return comp_quick(plan);
	good = load_samples(plan);
	if (plan->sample_count) {
		if (!budgets)
			good &= comp_tables(plan) == CMD_OK;
		good &= comp_budgets(plan) == CMD_OK;
	}
	unload_samples(plan);
	return good ? CMD_OK : CMD_FAILED;
}

static int run_crypto(struct comp_plan *plan, bool budgets)
{
	const struct sym_plan sym = {
		.names = plan->names,
		.sizes = plan->blocks,
		.size_count = plan->blocks_given ? plan->block_count : 0,
		.depths = plan->depths,
		.depth_count = plan->depth_count,
		.seconds = plan->seconds_given ? plan->seconds : SYM_SECONDS,
		.turns = plan->quick ? 1 : plan->rounds,
		.budgets = budgets,
	};
	bool public = plan->names && !strcmp(plan->names, "public");
	int ret = CMD_OK;

	if (plan->path_count) {
		ui_error("crypto takes no files");
		return CMD_USAGE;
	}
	if (!public && !sym_named(plan->names)) {
		ui_error("--algorithm '%s': there is none", plan->names);
		return CMD_USAGE;
	}
	for (size_t i = 0; i < sym.size_count; i++) {
		/* Blocks of every cipher. */
		if (plan->blocks[i] % 16) {
			ui_error("--block: crypto takes multiples of 16");
			return CMD_USAGE;
		}
	}
	if (!public)
		ret = sym_tables(&sym);
	if (!plan->names)
		out_line("%s", "");
	if (!plan->names || public)
		ret |= pk_tables(plan->seconds, plan->quick ? 1 : plan->rounds);
	return ret;
}

static int run_fault(struct comp_plan *plan, bool budgets)
{
	(void)budgets;
	if (plan->path_count) {
		ui_error("fault takes no files");
		return CMD_USAGE;
	}
	return fault_budgets(plan->seconds, plan->quick ? 1 : plan->rounds);
}

static int run_openssl(struct comp_plan *plan, bool budgets)
{
	if (plan->path_count) {
		ui_error("openssl takes no files");
		return CMD_USAGE;
	}
	/* Five contestants and a hundred rows. */
	return openssl_tables(plan->names, plan->seconds / 10, plan->quick, budgets);
}

static const struct {
	const char *name;
	int (*run)(struct comp_plan *plan, bool budgets);
} classes[] = {
	{ "comp", run_comp },
	{ "crypto", run_crypto },
	{ "fault", run_fault },
	{ "openssl", run_openssl },
	{ "zlib", run_zlib },
};

static int run_bench(const struct cmd *cmd, int argc, char **argv)
{
	struct comp_plan plan = {
		.blocks = { 4 << 10, 64 << 10, 1 << 20 },
		.block_count = 3,
		.levels = { 1, 6 },
		.level_count = 2,
		.seconds = 0.25,
		.rounds = 5,
	};
	bool json = false, budgets = false, good = true;
	size_t class = 0;
	int key, ret;

	while (good && (key = opts_next(cmd, argc, argv)) != -1) {
		json |= key == OPT_JSON;
		plan.quick |= key == OPT_QUICK;
		budgets |= key == OPT_BUDGETS;
		if (key == '?')
			good = false;
		else if (key == OPT_BLOCK)
			good = parse_blocks(&plan, optarg);
		else if (key == OPT_LEVEL)
			good = parse_levels(cmd, &plan, optarg);
		else if (key == OPT_SECONDS)
			good = parse_seconds(&plan, optarg);
		else if (key == OPT_AGAINST)
			plan.against = optarg;
		else if (key == OPT_ALGORITHM)
			plan.names = optarg;
		else if (key == OPT_DEPTH)
			good = parse_depths(cmd, &plan, optarg);
	}
	if (!good)
		return CMD_USAGE;
	while (optind < argc && class < sizeof(classes) / sizeof(classes[0]) &&
	       strcmp(argv[optind], classes[class].name))
		class++;
	if (optind == argc || class == sizeof(classes) / sizeof(classes[0])) {
		ui_error("%s%s%s; 'comp', 'crypto', 'fault', 'openssl' and 'zlib' are what there is",
			 optind == argc ? "no class" : "unknown class '",
			 optind == argc ? "" : argv[optind],
			 optind == argc ? "" : "'");
		return CMD_USAGE;
	}
	plan.paths = argv + optind + 1;
	plan.path_count = (size_t)(argc - optind - 1);
	if (plan.quick)
		plan.seconds /= 2;
	if (!out_begin(json))
		return CMD_USAGE;
	out_fact("version", weft_version());
	out_fact("build", weft_build());
	ret = classes[class].run(&plan, budgets);
	out_end();
	return ret;
}

const struct cmd cmd_bench = {
	.name = "bench",
	.args = "comp|crypto|fault|openssl|zlib [OPTION...] [FILE...]",
	.help = "measure the device and the front ends against the libraries",
	.more = "Every number is the median of five rounds in which the contestants take turns, and\n"
		"each contestant has a process of its own. Rows \"direct\", \"sync\" and \"depth\" run on\n"
		"one CPU and count CPU time, rows \"engine thread\" count the time that passes.\n"
		"\"fault\" measures memory that is not there against memory that is, and the guard.\n"
		"\"crypto\" compares ciphers, digests and AEAD with EVP one job after the other and with\n"
		"ipsec-mb called directly, at the same jobs by turns: nanoseconds of CPU of the fastest\n"
		"turn. Then public-key operations with libcrypto's own.\n"
		"Without FILE, data that is made up. Afterwards come the budgets, PASS or MISS,\n"
		"which do not change the exit status.\n\n"
		"\"zlib\" measures the zlib front end and the system's zlib in one process, by turns,\n"
		"CPU time of the fastest turn each: every FILE in one call and in pieces of 16 KiB,\n"
		"then messages of 100 bytes, init and end, memory, and a stream of 64 MiB with two\n"
		"engine threads (not with --quick).\n\n"
		"\"openssl\" measures OpenSSL's default provider and ours, outside jobs and in 16 and 64\n"
		"asynchronous jobs that are woken by callback or descriptor, in the same way.\n",
	.opts = bench_opts,
	.opt_count = sizeof(bench_opts) / sizeof(bench_opts[0]),
	.run = run_bench,
};
