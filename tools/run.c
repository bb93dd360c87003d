/* SPDX-License-Identifier: MIT */
/*
 * "weft run": a program and all that it starts, with the zlib front end preloaded and the
 * OpenSSL front end configured.
 * Without --report the program takes our place. With it we wait, hand every signal
 * on, and end as the program ended.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd.h"
#include "elf.h"
#include "front.h"
#include "run_openssl.h"
#include "run_report.h"
#include "table.h"
#include "ui.h"

/* As env(1), nice(1) and timeout(1) tell their own failures from the program's. */
enum {
	RUN_FAILED = 125,
	RUN_NOT_EXECUTABLE = 126,
	RUN_NOT_FOUND = 127,
};

#define NOTES_MAX	4

struct run {
	bool report, json, zlib_only, openssl_only, quiet;
	const char *output;		/* where the report goes, or NULL: stderr */
	char **argv;
	struct program program;
	char note[NOTES_MAX][4400];
	const char *notes[NOTES_MAX + 1];
	size_t note_count;
};

/* ---- what is preloaded --------------------------------------------------- */

/* The loader takes a list with blanks and colons between the names, and no quotes. */
static bool preload(const char *path)
{
	const char *before = getenv("LD_PRELOAD");
	char *list;
	bool good;

	if (path[strcspn(path, " :\t\n")]) {
		ui_error("%s: a path with a blank or a colon cannot be preloaded", path);
		return false;
	}
	if (before && strstr(before, path))
		return true;
	if (asprintf(&list, "%s%s%s", path, before && *before ? ":" : "", before ? before : "") < 0) {
		ui_error("%s", strerror(ENOMEM));
		return false;
	}
	good = !setenv("LD_PRELOAD", list, 1);
	if (!good)
		ui_error("%s", strerror(errno));
	free(list);
	return good;
}

/* ---- what is known beforehand -------------------------------------------- */

static void __attribute__((format(printf, 2, 3))) note(struct run *run, const char *fmt, ...)
{
	va_list args;

	if (run->note_count == NOTES_MAX)
		return;
	va_start(args, fmt);
	vsnprintf(run->note[run->note_count], sizeof(run->note[0]), fmt, args);
	va_end(args);
	run->notes[run->note_count] = run->note[run->note_count];
	run->note_count++;
}

/* True when the program itself will not be served; what it starts may be. */
static bool describe(struct run *run)
{
	const struct program *p = &run->program;
	const char *by = *p->script ? "its interpreter " : "";

	if (p->privileged) {
		note(run, "%s%s is set-uid, set-gid or has capabilities: nothing is preloaded "
		     "into it, and it does not read OPENSSL_CONF", by, p->path);
		return true;
	}
	/* A program that is linked statically may still have an OpenSSL, and that reads it. */
	if (run->openssl_only)
		return false;
	switch (p->kind) {
	case PROGRAM_STATIC:
		note(run, "%s%s is linked statically: nothing can be preloaded into it%s", by,
		     p->path, *p->own_zlib ? ", and it has a zlib of its own" : "");
		return true;
	case PROGRAM_OTHER:
		note(run, "%s%s is for another machine or word size: the front end does not fit "
		     "into it", by, p->path);
		return true;
	case PROGRAM_UNKNOWN:
		note(run, "%s%s is no ELF file that can be read", by, p->path);
		return false;
	case PROGRAM_DYNAMIC:
		break;
	}
	if (*p->own_zlib && strcmp(p->own_zlib, p->path)) {
		note(run, "%s%s: its library %s has a zlib of its own, which stays in use there",
		     by, p->path, p->own_zlib);
		return !p->needs_zlib;
	}
	if (*p->own_zlib) {
		note(run, "%s%s has a zlib of its own, which stays in use", by, p->path);
		return !p->needs_zlib;
	}
	if (!p->needs_zlib)
		note(run, "%s%s is not linked with zlib; what it loads or starts may be", by,
		     p->path);
	return false;
}

/* ---- running ------------------------------------------------------------- */

static int exec_status(int err)
{
	return err == ENOENT || err == ENOTDIR ? RUN_NOT_FOUND : RUN_NOT_EXECUTABLE;
}

static int exec_program(char **argv)
{
	int err;

	execvp(argv[0], argv);
	err = errno;
	ui_error("%s: %s", argv[0], strerror(err));
	return exec_status(err);
}

/* As it was when we were started. */
struct before {
	sigset_t mask;
	struct sigaction child;
};

/*
 * From here on signals wait for sigwaitinfo(). SIGCHLD must not be ignored, as it may
 * have been by whoever started us, or there would be nothing to wait for.
 */
static void hold_signals(struct before *before)
{
	struct sigaction normal = { .sa_handler = SIG_DFL };
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before->mask);
	sigaction(SIGCHLD, &normal, &before->child);
}

static void release_signals(const struct before *before)
{
	sigaction(SIGCHLD, &before->child, NULL);
	sigprocmask(SIG_SETMASK, &before->mask, NULL);
}

/*
 * What somebody sent to us was meant for the program. What the terminal sends goes
 * to the whole group, so the program has it already.
 */
static void hand_on(pid_t pid, const siginfo_t *info)
{
	if (info->si_code == SI_KERNEL)
		return;
	if (info->si_code == SI_QUEUE)
		sigqueue(pid, info->si_signo, info->si_value);
	else
		kill(pid, info->si_signo);
}

/* The status of the program when it has ended. Stops and continues with it. */
static int wait_program(pid_t pid)
{
	sigset_t all;
	int status;

	sigfillset(&all);
	for (;;) {
		siginfo_t info;

		if (sigwaitinfo(&all, &info) < 0)
			continue;
		if (info.si_signo != SIGCHLD) {
			hand_on(pid, &info);
			continue;
		}
		while (waitpid(pid, &status, WNOHANG | WUNTRACED) == pid) {
			if (!WIFSTOPPED(status))
				return status;
			kill(getpid(), SIGSTOP);
			kill(pid, SIGCONT);
		}
	}
}

static void die_of(int sig)
{
	struct rlimit none = { 0, 0 };
	sigset_t one;

	/* The program has left its core; ours would only cover it. */
	setrlimit(RLIMIT_CORE, &none);
	signal(sig, SIG_DFL);
	sigemptyset(&one);
	sigaddset(&one, sig);
	raise(sig);
	sigprocmask(SIG_UNBLOCK, &one, NULL);
}

static void say_ending(int status, char *text, size_t len)
{
	if (WIFSIGNALED(status))
		snprintf(text, len, "signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		snprintf(text, len, "exit status %d", WEXITSTATUS(status));
}

/* Standard output is the program's: the report goes elsewhere. */
static bool turn_output(const struct run *run)
{
	int fd = run->output ? open(run->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) :
		STDERR_FILENO;
	bool good = fd >= 0 && dup2(fd, STDOUT_FILENO) == STDOUT_FILENO;

	if (!good)
		ui_error("%s: %s", run->output ? run->output : "standard error", strerror(errno));
	if (fd > STDERR_FILENO)
		close(fd);
	return good;
}

/* The program must not see how it was started: 0, or an errno of execvp(). */
static pid_t start(struct run *run, const struct before *before, int *err)
{
	int fds[2];
	ssize_t n;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC)) {
		*err = errno;
		return -1;
	}
	pid = fork();
	if (!pid) {
		int why;

		release_signals(before);
		execvp(run->argv[0], run->argv);
		why = errno;
		if (write(fds[1], &why, sizeof(why)) != sizeof(why))
			_exit(RUN_FAILED);
		_exit(exec_status(why));
	}
	*err = pid < 0 ? errno : 0;
	close(fds[1]);
	if (pid > 0) {
		do {
			n = read(fds[0], err, sizeof(*err));
		} while (n < 0 && errno == EINTR);
		if (n != sizeof(*err))
			*err = 0;
	}
	close(fds[0]);
	return pid;
}

static int run_and_report(struct run *run)
{
	const char *folder = getenv("TMPDIR");
	char path[PATH_MAX], ending[96];
	struct before before;
	int fd, status, err, ret;
	pid_t pid;

	if (snprintf(path, sizeof(path), "%s/weft-run.XXXXXX",
		     folder && *folder ? folder : "/tmp") >= (int)sizeof(path) ||
	    (fd = mkostemp(path, O_CLOEXEC)) < 0) {
		ui_error("%s: %s", path, strerror(errno));
		return RUN_FAILED;
	}
	close(fd);
	if (setenv("WEFT_REPORT", path, 1)) {
		ui_error("%s", strerror(errno));
		unlink(path);
		return RUN_FAILED;
	}
	hold_signals(&before);
	pid = start(run, &before, &err);
	if (pid < 0 || err) {
		ui_error("%s: %s", run->argv[0], strerror(err));
		if (pid > 0)
			waitpid(pid, NULL, 0);
		unlink(path);
		release_signals(&before);
		return pid < 0 ? RUN_FAILED : exec_status(err);
	}
	status = wait_program(pid);
	say_ending(status, ending, sizeof(ending));
	if (turn_output(run)) {
		ret = run_report(path, run->argv[0], ending, run->notes, run->json);
		if (ret)
			ui_error("%s: %s", path, strerror(-ret));
		ui_flush_output();
	}
	unlink(path);
	if (WIFSIGNALED(status)) {
		die_of(WTERMSIG(status));
		return 128 + WTERMSIG(status);
	}
	return WEXITSTATUS(status);
}

/* ---- options -------------------------------------------------------------- */

enum {
	OPT_REPORT = OPT_LONG_ONLY,
	OPT_ZLIB,
	OPT_OPENSSL,
	OPT_JSON,
};

static const struct opt_row run_opts[] = {
	{ OPT_REPORT, "report", NULL, "at the end, what was accelerated, on standard error" },
	{ 'o', "output", "FILE", "the report goes there" },
	{ OPT_JSON, "json", NULL, "the report as JSON" },
	{ OPT_ZLIB, "zlib-only", NULL, "nothing but the zlib front end" },
	{ OPT_OPENSSL, "openssl-only", NULL, "nothing but the OpenSSL front end" },
	{ 'q', "quiet", NULL, "do not say that a program cannot be served" },
};

static bool parse(const struct cmd *cmd, struct run *run, int argc, char **argv)
{
	int key;

	while ((key = opts_next(cmd, argc, argv)) != -1) {
		if (key == '?')
			return false;
		run->report |= key == OPT_REPORT || key == OPT_JSON || key == 'o';
		run->json |= key == OPT_JSON;
		run->zlib_only |= key == OPT_ZLIB;
		run->openssl_only |= key == OPT_OPENSSL;
		run->quiet |= key == 'q';
		if (key == 'o')
			run->output = optarg;
	}
	if (optind == argc) {
		ui_error("no program; see 'weft help run'");
		return false;
	}
	if (run->zlib_only && run->openssl_only) {
		ui_error("--zlib-only and --openssl-only exclude each other");
		return false;
	}
#ifndef HAVE_JSON_C
	if (run->json)
		return out_begin(true);
#endif
	run->argv = argv + optind;
	return true;
}

static int run_run(const struct cmd *cmd, int argc, char **argv)
{
	static struct run run;
	char front[PATH_MAX];
	int ret;

	if (!parse(cmd, &run, argc, argv))
		return RUN_FAILED;
	if (run.openssl_only && !front_openssl.installed) {
		ui_error("--openssl-only: this build has no OpenSSL front end");
		return RUN_FAILED;
	}
	ret = program_examine(&run.program, run.argv[0]);
	if (ret) {
		ui_error("%s: %s", run.argv[0], strerror(-ret));
		return exec_status(-ret);
	}
	if (!run.openssl_only && (!front_find(front, sizeof(front), &front_zlib) || !preload(front)))
		return RUN_FAILED;
	if (!run.zlib_only && front_openssl.installed &&
	    (!front_find(front, sizeof(front), &front_openssl) || !run_openssl(front)))
		return RUN_FAILED;
	if (describe(&run) && !run.report && !run.quiet)
		ui_error("%s", run.notes[0]);
	return run.report ? run_and_report(&run) : exec_program(run.argv);
}

const struct cmd cmd_run = {
	.name = "run",
	.args = "[OPTION...] [--] PROGRAM [ARGUMENT...]",
	.help = "run a program with the front ends for zlib and OpenSSL",
	.more = "Everything that PROGRAM starts is served as well. zlib is preloaded; programs that\n"
		"nothing can be preloaded into, or that have a zlib of their own, keep theirs,\n"
		"and that is said. OpenSSL gets the provider by a configuration that includes the\n"
		"one in force (OPENSSL_CONF, or the system's). The exit status is the program's;\n"
		"125 when weft run fails itself, 126 when the program cannot be run, 127 when it\n"
		"is not there.\n",
	.opts = run_opts,
	.opt_count = sizeof(run_opts) / sizeof(run_opts[0]),
	.program = true,
	.run = run_run,
};
