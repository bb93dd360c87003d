/* SPDX-License-Identifier: MIT */
/*
 * The front end against the system's zlib: the same random sequences of calls must
 * have the same effect. Before that the test shows what it is worth: the system's
 * zlib does not differ from itself, and libraries that are wrong in one way each
 * are found out. Sequences run in children, so that a crash is a result too. A
 * sequence that differs is made short and shown with the command that repeats it.
 *
 * zlib_diff_test [--seed N] [--count N] [--trace] [--exact] [--survey] [--theirs LIB]
 *                [--ours LIB]
 *
 * Seeds of sequences with long streams begin at ZDIFF_LENGTHY.
 *
 * --survey: every seed that differs in a line, without making any short
 */
#include "zdiff.h"
#include "zdiff_mutants.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHUNK		250	/* sequences of a child */
#define PATIENCE	120	/* seconds for one sequence, which takes milliseconds */
#define NONE		UINT64_MAX

/* What a child tells. */
struct news {
	uint64_t seed;		/* that it is at */
	uint64_t calls;
	bool differed;
	char why[1024];
};

struct setup {
	const struct zapi *theirs, *ours;
	bool exact, trace;
	char folder[64];
	struct news *news;	/* shared with children */
};

static void play(const struct setup *s, struct zdiff *d, const struct zseq *seq)
{
	alarm(PATIENCE);
	if (!zdiff_run(d, seq)) {
		s->news->differed = true;
		snprintf(s->news->why, sizeof(s->news->why), "%s", zdiff_why(d));
	}
}

static struct zdiff *make(const struct setup *s)
{
	struct zdiff *d = zdiff_new(s->theirs, s->ours, s->folder);

	zdiff_set_exact(d, s->exact);
	zdiff_set_trace(d, s->trace);
	return d;
}

/* True when the child came to its end and nothing differed. */
static bool wait_for(const struct setup *s, pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		abort();
	if (s->news->differed)
		return false;
	if (WIFSIGNALED(status))
		snprintf(s->news->why, sizeof(s->news->why), "%s",
			 WTERMSIG(status) == SIGALRM ? "hangs" : strsignal(WTERMSIG(status)));
	else if (WEXITSTATUS(status))
		snprintf(s->news->why, sizeof(s->news->why), "exit status %d",
			 WEXITSTATUS(status));
	else
		return true;
	return false;
}

static bool play_alone(const struct setup *s, const struct zseq *seq, bool trace)
{
	pid_t pid;

	s->news->differed = false;
	fflush(NULL);
	pid = fork();
	if (!pid) {
		struct setup mine = *s;
		struct zdiff *d;

		/* Only the trace is wanted of a sequence that is known to crash. */
		if (!trace && !freopen("/dev/null", "w", stderr))
			_exit(1);
		mine.trace = trace;
		d = make(&mine);
		play(&mine, d, seq);
		zdiff_free(d);
		exit(0);
	}
	return wait_for(s, pid);
}

/* Leave out whatever the difference does not need. */
static void shrink(const struct setup *s, struct zseq *seq)
{
	for (size_t len = seq->count / 2; len; len /= 2) {
		for (size_t at = 0; at < seq->count; at += len) {
			struct zseq less = *seq;

			for (size_t i = at; i < at + len && i < seq->count; i++)
				less.op[i].off = true;
			if (!play_alone(s, &less, false))
				*seq = less;
		}
	}
}

/* The first seed of @count from @first that differs, or NONE. */
static uint64_t search(const struct setup *s, uint64_t first, uint64_t count)
{
	for (uint64_t at = first; at < first + count; at += CHUNK) {
		uint64_t end = at + CHUNK < first + count ? at + CHUNK : first + count;
		uint64_t calls = s->news->calls;
		pid_t pid;

		s->news->differed = false;
		fflush(NULL);
		pid = fork();
		if (!pid) {
			struct zdiff *d = make(s);
			struct zseq seq;

			for (uint64_t seed = at; seed < end && !s->news->differed; seed++) {
				s->news->seed = seed;
				zseq_random(&seq, seed);
				play(s, d, &seq);
			}
			s->news->calls = calls + zdiff_calls(d);
			zdiff_free(d);
			exit(0);
		}
		if (!wait_for(s, pid))
			return s->news->seed;
	}
	return NONE;
}

static void explain(const struct setup *s, uint64_t seed)
{
	struct zseq seq;

	fprintf(stderr, "seed %llu: %s\n", (unsigned long long)seed, s->news->why);
	zseq_random(&seq, seed);
	if (play_alone(s, &seq, false)) {
		fprintf(stderr, "alone it makes no difference\n");
		return;
	}
	shrink(s, &seq);
	play_alone(s, &seq, true);
	fprintf(stderr, "seed %llu, made short: %s\nrepeat: %s--seed %llu\n",
		(unsigned long long)seed, s->news->why, s->exact ? "--exact " : "",
		(unsigned long long)seed);
}

static void survey(const struct setup *s, uint64_t seed, uint64_t count)
{
	uint64_t end = seed + count;

	while (seed < end && (seed = search(s, seed, end - seed)) != NONE)
		printf("# seed %llu: %s\n", (unsigned long long)seed++, s->news->why);
}

/* ---- test points -------------------------------------------------------- */

static unsigned int points;
static bool failed;

static bool point(bool good, const char *what, const char *detail)
{
	printf("%sok %u - %s%s%s\n", good ? "" : "not ", ++points, what, detail ? ": " : "",
	       detail ? detail : "");
	failed |= !good;
	return good;
}

static void sequences(struct setup *s, const char *what, uint64_t first, uint64_t count)
{
	char detail[160];
	uint64_t seed;

	s->news->calls = 0;
	seed = search(s, first, count);
	snprintf(detail, sizeof(detail), "%llu sequences, %llu calls", (unsigned long long)count,
		 (unsigned long long)s->news->calls);
	if (seed != NONE)
		explain(s, seed);
	point(seed == NONE, what, seed == NONE ? detail : s->news->why);
}

static void mutants(struct setup *s, uint64_t count)
{
	const struct zapi *good = s->ours;

	for (size_t i = 0; i < zmutant_count; i++) {
		struct zapi bad;
		char what[80];

		zmutant_make(&bad, s->theirs, &zmutants[i]);
		s->ours = &bad;
		snprintf(what, sizeof(what), "found out: %s", zmutants[i].name);
		if (point(search(s, 1, count) != NONE, what, NULL))
			printf("# seed %llu: %s\n", (unsigned long long)s->news->seed,
			       s->news->why);
	}
	s->ours = good;
}

static void everything(struct setup *s, const struct zapi *theirs, const struct zapi *ours)
{
	bool lengthy = getenv("WEFT_TEST_LONG");

	s->theirs = s->ours = theirs;
	s->exact = true;
	sequences(s, "the system's zlib and itself", 1, lengthy ? 100000 : 600);
	s->exact = false;
	mutants(s, 6000);
	if (!ours->handle) {
		printf("ok %u - the front end # SKIP not in this build\n", ++points);
		return;
	}
	s->ours = ours;
	sequences(s, "the front end and the system's zlib", 1, lengthy ? 1000000 : 2000);
	sequences(s, "the same with long streams", ZDIFF_LENGTHY, lengthy ? 100000 : 60);
}

enum { OPT_SEED = 256, OPT_COUNT, OPT_TRACE, OPT_SURVEY, OPT_EXACT, OPT_THEIRS, OPT_OURS };

static const struct option options[] = {
	{ "seed", required_argument, NULL, OPT_SEED },
	{ "count", required_argument, NULL, OPT_COUNT },
	{ "trace", no_argument, NULL, OPT_TRACE },
	{ "survey", no_argument, NULL, OPT_SURVEY },
	{ "exact", no_argument, NULL, OPT_EXACT },
	{ "theirs", required_argument, NULL, OPT_THEIRS },
	{ "ours", required_argument, NULL, OPT_OURS },
	{ NULL, 0, NULL, 0 },
};

int main(int argc, char **argv)
{
	const char *theirs_path = ZAPI_SYSTEM, *ours_path = zapi_ours();
	static struct zapi theirs, ours;
	struct setup s = { .folder = "/tmp/weft-zdiff.XXXXXX" };
	uint64_t seed = NONE, count = 1;
	bool all = false;
	int key;

	while ((key = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (key) {
		case OPT_SEED: seed = strtoull(optarg, NULL, 0); break;
		case OPT_COUNT: count = strtoull(optarg, NULL, 0); break;
		case OPT_TRACE: s.trace = true; break;
		case OPT_SURVEY: all = true; break;
		case OPT_EXACT: s.exact = true; break;
		case OPT_THEIRS: theirs_path = optarg; break;
		case OPT_OURS: ours_path = optarg; break;
		default: return 2;
		}
	}
	if (!zapi_open(&theirs, theirs_path) || (ours_path && !zapi_open(&ours, ours_path)))
		return 1;
	if (!mkdtemp(s.folder))
		return 1;
	s.news = mmap(NULL, sizeof(*s.news), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (s.news == MAP_FAILED)
		return 1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	s.theirs = &theirs;
	s.ours = ours.handle ? &ours : &theirs;
	if (seed == NONE)
		everything(&s, &theirs, &ours);
	else if (all)
		survey(&s, seed, count);
	else
		sequences(&s, "sequences", seed, count);
	printf("1..%u\n", points);
	rmdir(s.folder);
	return failed;
}
