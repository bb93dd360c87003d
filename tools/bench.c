/* SPDX-License-Identifier: MIT */
#include "bench.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fio.h"
#include "ui.h"

#define CHILD_TIMEOUT_MS	120000	/* far beyond any measurement */

/* The last CPU: the first one serves most interrupts. */
static int use_one_cpu(void)
{
	cpu_set_t all, one;

	if (sched_getaffinity(0, sizeof(all), &all))
		return -errno;
	CPU_ZERO(&one);
	for (int cpu = CPU_SETSIZE - 1; cpu >= 0; cpu--) {
		if (CPU_ISSET(cpu, &all)) {
			CPU_SET(cpu, &one);
			break;
		}
	}
	return sched_setaffinity(0, sizeof(one), &one) ? -errno : 0;
}

unsigned int bench_cpu_count(void)
{
	cpu_set_t all;

	if (sched_getaffinity(0, sizeof(all), &all))
		return 1;
	return (unsigned int)CPU_COUNT(&all);
}

int bench_sched_others(struct bench_sched *sched)
{
	DIR *dir = opendir("/proc/self/task");
	struct dirent *entry;

	memset(sched, 0, sizeof(*sched));
	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		unsigned long long run, wait, slices;
		char path[300];
		FILE *f;

		if (entry->d_name[0] == '.' || atoi(entry->d_name) == gettid())
			continue;
		sched->threads++;
		snprintf(path, sizeof(path), "/proc/self/task/%s/schedstat", entry->d_name);
		f = fopen(path, "re");
		if (!f)
			continue;
		if (fscanf(f, "%llu %llu %llu", &run, &wait, &slices) == 3) {
			sched->wait += (double)wait / 1e9;
			sched->slices += (double)slices;
		}
		fclose(f);
	}
	closedir(dir);
	return 0;
}

static int apply_config(const struct bench_config *config)
{
	if (!config)
		return 0;
	for (size_t i = 0; i < BENCH_ENV_MAX && config->env[i].name; i++) {
		if (setenv(config->env[i].name, config->env[i].value, 1))
			return -errno;
	}
	return config->one_cpu ? use_one_cpu() : 0;
}

/* Never returns: the parent's buffers must not be flushed twice. */
static void __attribute__((noreturn)) child(const struct bench_run *run, int to)
{
	struct bench_result res = { 0 };

	/* A parent that is killed takes its measurements with it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	res.err = apply_config(run->config);
	if (!res.err)
		res.err = run->fn(run->arg, &res);
	_exit(fio_write(to, &res, sizeof(res)) ? EXIT_FAILURE : EXIT_SUCCESS);
}

static int receive(int from, struct bench_result *res)
{
	struct pollfd pfd = { .fd = from, .events = POLLIN };
	ssize_t n;

	do {
		n = poll(&pfd, 1, CHILD_TIMEOUT_MS);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (!n) {
		ui_error("a measurement was stopped: no result in %d s", CHILD_TIMEOUT_MS / 1000);
		return -ETIMEDOUT;
	}
	n = fio_read_full(from, res, sizeof(*res));
	if (n < 0)
		return (int)n;
	return n == sizeof(*res) ? res->err : -ECHILD;	/* the child died of it */
}

int bench_once(struct bench_run *run)
{
	int fds[2], ret;
	pid_t pid;

	if (pipe(fds))
		return -errno;
	pid = fork();
	if (pid < 0) {
		ret = -errno;
		close(fds[0]);
		close(fds[1]);
		return ret;
	}
	if (!pid) {
		close(fds[0]);
		child(run, fds[1]);
	}
	close(fds[1]);
	ret = receive(fds[0], &run->last);
	close(fds[0]);
	if (ret == -ETIMEDOUT)
		kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	run->last.err = ret;
	if (!ret && run->rounds < BENCH_ROUNDS_MAX)
		run->round[run->rounds++] = run->last;
	return ret;
}

void bench_interleave(struct bench_run *runs, size_t count, unsigned int rounds)
{
	for (unsigned int round = 0; round < rounds; round++) {
		for (size_t i = 0; i < count; i++) {
			if (!runs[i].last.err)
				bench_once(&runs[i]);
		}
	}
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

double bench_median_of(double *values, size_t count)
{
	if (!count)
		return NAN;
	qsort(values, count, sizeof(*values), compare);
	if (count % 2)
		return values[count / 2];
	return (values[count / 2 - 1] + values[count / 2]) / 2;
}

double bench_median(const struct bench_run *run, unsigned int which)
{
	double values[BENCH_ROUNDS_MAX];

	for (unsigned int i = 0; i < run->rounds; i++)
		values[i] = run->round[i].value[which];
	return bench_median_of(values, run->rounds);
}

double bench_ratio(const struct bench_run *a, const struct bench_run *b)
{
	double values[BENCH_ROUNDS_MAX];
	unsigned int count = a->rounds < b->rounds ? a->rounds : b->rounds;

	for (unsigned int i = 0; i < count; i++)
		values[i] = a->round[i].value[0] / b->round[i].value[0];
	return bench_median_of(values, count);
}

static bool said;

void bench_say(const char *fmt, ...)
{
	va_list args;

	if (!isatty(STDERR_FILENO))
		return;
	va_start(args, fmt);
	fputc('\r', stderr);
	vfprintf(stderr, fmt, args);
	fputs("\033[K", stderr);
	va_end(args);
	said = true;
}

void bench_quiet(void)
{
	if (said)
		fputs("\r\033[K", stderr);
	said = false;
}

bool bench_named(const char *name, const char *names)
{
	char *copy = names ? strdup(names) : NULL, *rest = copy;
	bool found = !names;

	for (char *word; !found && (word = strsep(&rest, ","));)
		found = *word && strstr(name, word);
	free(copy);
	return found;
}
