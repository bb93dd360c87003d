/* SPDX-License-Identifier: MIT */
/*
 * The log of util/log.h. That it ignores the environment of a set-uid program is
 * secure_getenv()'s business and needs a set-uid program to see, so it has no
 * case here. A case needs a process of its own: the log is configured once.
 */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util/bits.h"
#include "util/log.h"

#define TEXT_MAX	(256 * 1024)

static const char *const names[] = {
	[WDI_LOG_NONE] = "none",
	[WDI_LOG_ERROR] = "error",
	[WDI_LOG_WARN] = "warn",
	[WDI_LOG_INFO] = "info",
	[WDI_LOG_DEBUG] = "debug",
};

static char dir[] = "log_test.XXXXXX";
static char path[64];
static char text[TEXT_MAX];

/* ---- standard error as a file, and what is in files ---------------------- */

static int saved_stderr;
static FILE *captured;

static void set_up(void)
{
	strcpy(dir + strlen(dir) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/log", dir);
	captured = tmpfile();
	ck_assert_ptr_nonnull(captured);
	saved_stderr = dup(STDERR_FILENO);
	ck_assert_int_ge(dup2(fileno(captured), STDERR_FILENO), 0);
}

static void tear_down(void)
{
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	fclose(captured);
	unlink(path);
	rmdir(dir);
}

/* As in a new process: the environment has not been read. */
static void configure(const char *spec)
{
	if (spec)
		setenv("WEFT_LOG", spec, 1);
	else
		unsetenv("WEFT_LOG");
	wdi_log_level_now = -1;
}

static const char *read_fd(int fd)
{
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	ck_assert_int_ge(n, 0);
	text[n] = '\0';
	return text;
}

static const char *on_stderr(void)
{
	return read_fd(fileno(captured));
}

static const char *in_file(void)
{
	int fd = open(path, O_RDONLY);

	ck_assert_int_ge(fd, 0);
	read_fd(fd);
	close(fd);
	return text;
}

static bool file_exists(void)
{
	return access(path, F_OK) == 0;
}

static void log_one_of_each(void)
{
	wdi_err("the %s of %d", "fault", 1);
	wdi_warn("the %s of %d", "doubt", 2);
	wdi_info("the %s of %d", "news", 3);
	wdi_dbg("the %s of %d", "noise", 4);
}

/* What log_one_of_each() makes at a level. */
static const char *expected(int level)
{
	static const char *const words[] = { "", "fault", "doubt", "news", "noise" };
	static char lines[1024];
	size_t at = 0;

	lines[0] = '\0';
	for (int i = WDI_LOG_ERROR; i <= level; i++)
		at += (size_t)snprintf(lines + at, sizeof(lines) - at,
				       "weft[%d:%ld] %s: the %s of %d\n", (int)getpid(),
				       (long)syscall(SYS_gettid), names[i], words[i], i);
	return lines;
}

/* ---- cases --------------------------------------------------------------- */

START_TEST(levels)
{
	configure(names[_i]);
	log_one_of_each();
	ck_assert_str_eq(on_stderr(), expected(_i));
	for (int level = WDI_LOG_ERROR; level <= WDI_LOG_DEBUG; level++)
		ck_assert_int_eq(wdi_log_enabled(level), level <= _i);
}
END_TEST

START_TEST(silent_without)
{
	configure(_i ? "" : NULL);
	log_one_of_each();
	ck_assert_str_eq(on_stderr(), "");
	for (int level = WDI_LOG_ERROR; level <= WDI_LOG_DEBUG; level++)
		ck_assert(!wdi_log_enabled(level));
}
END_TEST

/* An argument of a message that is not written is not evaluated. */
START_TEST(not_evaluated)
{
	int calls = 0;

	configure("error");
	wdi_dbg("%d", ++calls);
	wdi_info("%d", ++calls);
	ck_assert_int_eq(calls, 0);
	wdi_err("%d", ++calls);
	ck_assert_int_eq(calls, 1);
}
END_TEST

static const char *const no_levels[] = {
	"loud", "errors", "erro", "ERROR", "1", " error", "error ", "error,warn", "4", "-1",
};

/* A typing mistake shows itself, once, and warnings do too. */
START_TEST(bad_level)
{
	const char *first, *rest;

	configure(no_levels[_i]);
	log_one_of_each();
	first = on_stderr();
	ck_assert_ptr_nonnull(strstr(first, no_levels[_i]));
	ck_assert_ptr_nonnull(strstr(first, " warn: "));
	for (size_t i = 0; i < wdi_array_size(names); i++)
		ck_assert_ptr_nonnull(strstr(first, names[i]));
	rest = strchr(first, '\n');
	ck_assert_ptr_nonnull(rest);
	ck_assert_str_eq(rest + 1, expected(WDI_LOG_WARN));
}
END_TEST

static void configure_file(const char *level)
{
	char spec[128];

	snprintf(spec, sizeof(spec), "%s:%s", level, path);
	configure(spec);
}

START_TEST(file)
{
	struct {
		char one[1024];
		char two[2048];
	} want;

	configure_file("info");
	log_one_of_each();
	strcpy(want.one, expected(WDI_LOG_INFO));
	ck_assert_str_eq(in_file(), want.one);
	/* The next process appends. */
	configure_file("error");
	log_one_of_each();
	snprintf(want.two, sizeof(want.two), "%s%s", want.one, expected(WDI_LOG_ERROR));
	ck_assert_str_eq(in_file(), want.two);
	ck_assert_str_eq(on_stderr(), "");
}
END_TEST

/* The file has to be closed when the program becomes another one. */
START_TEST(file_not_inherited)
{
	int next = open("/dev/null", O_RDONLY);

	close(next);
	configure_file("error");
	wdi_err("here");
	ck_assert_int_eq(fcntl(next, F_GETFD), FD_CLOEXEC);
}
END_TEST

START_TEST(file_of_none)
{
	configure_file("none");
	log_one_of_each();
	ck_assert(!file_exists());
	ck_assert_str_eq(on_stderr(), "");
}
END_TEST

START_TEST(file_of_bad_level)
{
	configure_file("loud");
	log_one_of_each();
	ck_assert_str_eq(on_stderr(), "");
	ck_assert_ptr_nonnull(strstr(in_file(), "loud"));
	ck_assert_ptr_nonnull(strstr(text, expected(WDI_LOG_WARN)));
}
END_TEST

/* No name, or none that can be opened: standard error is better than nothing. */
START_TEST(file_not_there)
{
	static const char *const specs[] = { "warn:", "warn:/nonexistent/folder/file", "warn:/" };

	configure(specs[_i]);
	log_one_of_each();
	ck_assert_str_eq(on_stderr(), expected(WDI_LOG_WARN));
}
END_TEST

START_TEST(keeps_errno)
{
	configure("debug");
	errno = EXFULL;
	log_one_of_each();
	ck_assert_int_eq(errno, EXFULL);
	ck_assert_str_eq(on_stderr(), expected(WDI_LOG_DEBUG));
	wdi_err("%m");
	ck_assert_ptr_nonnull(strstr(on_stderr(), strerror(EXFULL)));

	configure(NULL);
	errno = EXFULL;
	log_one_of_each();
	ck_assert_int_eq(errno, EXFULL);
	/* Finding out what is logged keeps it too. */
	configure("none");
	wdi_err("nothing");
	ck_assert_int_eq(errno, EXFULL);
	configure("info:/nonexistent/folder/file");
	wdi_dbg("nothing");
	ck_assert_int_eq(errno, EXFULL);
}
END_TEST

/* A log that cannot be written changes nothing for the program. */
START_TEST(full_disk)
{
	if (access("/dev/full", W_OK))
		return;
	configure("debug:/dev/full");
	wdi_err("first");
	errno = EXFULL;
	log_one_of_each();
	ck_assert_int_eq(errno, EXFULL);
	ck_assert_str_eq(on_stderr(), "");
}
END_TEST

/* Around the longest line that fits, one byte more each time. */
START_TEST(long_lines)
{
	enum { FROM = 400, TO = 700, LINE_MAX_LEN = 511 };
	char message[TO + 1], want[TO + 128];

	configure("info");
	for (int len = FROM; len <= TO; len++) {
		int head = snprintf(want, sizeof(want), "weft[%d:%ld] info: ", (int)getpid(),
				    (long)syscall(SYS_gettid));
		int keep = wdi_min(len, LINE_MAX_LEN - 1 - head);

		for (int i = 0; i < len; i++)
			message[i] = (char)('a' + i % 26);
		message[len] = '\0';
		memcpy(want + head, message, (size_t)keep);
		strcpy(want + head + keep, "\n");
		ck_assert_int_eq(ftruncate(fileno(captured), 0), 0);
		ck_assert_int_eq(lseek(STDERR_FILENO, 0, SEEK_SET), 0);
		wdi_info("%s", message);
		ck_assert_str_eq(on_stderr(), want);
	}
}
END_TEST

/* ---- several threads ----------------------------------------------------- */

#define THREADS	4
#define LINES	300

struct writer {
	unsigned int id;
};

static void *write_lines(void *arg)
{
	const struct writer *w = arg;
	char fill[200];

	memset(fill, 'a' + (int)w->id, sizeof(fill) - 1);
	fill[sizeof(fill) - 1] = '\0';
	for (unsigned int i = 0; i < LINES; i++)
		wdi_info("%u %u %.*s", w->id, i, (int)(i % sizeof(fill)), fill);
	return NULL;
}

/* Whole lines, each thread's in its order. */
START_TEST(threads)
{
	struct writer writers[THREADS];
	unsigned int next[THREADS] = { 0 };
	char *line, *rest = text;

	/* The first messages of all of them meet in the configuration. */
	configure_file("info");
	for (unsigned int i = 0; i < THREADS; i++)
		writers[i].id = i;
	unit_threads(THREADS, write_lines, writers, sizeof(writers[0]));
	ck_assert_str_eq(on_stderr(), "");
	in_file();
	while ((line = strsep(&rest, "\n")) && *line) {
		unsigned int id, i, len, at = 0;

		ck_assert_int_eq(sscanf(line, "weft[%*d:%*d] info: %u %u %n", &id, &i, &at), 2);
		ck_assert_uint_lt(id, THREADS);
		ck_assert_uint_eq(i, next[id]++);
		len = i % 200;
		ck_assert_uint_eq(strlen(line + at), len);
		for (unsigned int c = 0; c < len; c++)
			ck_assert_int_eq(line[at + c], 'a' + (int)id);
	}
	for (unsigned int i = 0; i < THREADS; i++)
		ck_assert_uint_eq(next[i], LINES);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("log");
	TCase *tc = tcase_create("log");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, levels, 0, wdi_array_size(names));
	tcase_add_loop_test(tc, silent_without, 0, 2);
	tcase_add_test(tc, not_evaluated);
	tcase_add_loop_test(tc, bad_level, 0, wdi_array_size(no_levels));
	tcase_add_test(tc, file);
	tcase_add_test(tc, file_not_inherited);
	tcase_add_test(tc, file_of_none);
	tcase_add_test(tc, file_of_bad_level);
	tcase_add_loop_test(tc, file_not_there, 0, 3);
	tcase_add_test(tc, keeps_errno);
	tcase_add_test(tc, full_disk);
	tcase_add_test(tc, long_lines);
	tcase_add_test(tc, threads);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
