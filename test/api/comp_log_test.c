/* SPDX-License-Identifier: MIT */
/* What is said about errors: nothing unless asked, and then one precise line for each. */
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common.h"

/* The log's level is read once a process, so all of this happens in children. */
static handle_t sess[WD_DIR_MAX];
static uint8_t in[1000], out[2000];

static int prepare(void)
{
	struct wd_comp_sess_setup setup = { .alg_type = WD_ZLIB, .comp_lv = WD_COMP_L1 };

	expect(!wd_comp_init2("zlib", SCHED_POLICY_RR, TASK_MIX));
	for (int dir = 0; dir < WD_DIR_MAX; dir++) {
		setup.op_type = (enum wd_comp_op_type)dir;
		sess[dir] = wd_comp_alloc_sess(&setup);
		expect(sess[dir]);
	}
	data_fill(DATA_RANDOM, 1, in, sizeof(in));
	return 0;
}

static void cleanup(void)
{
	wd_comp_free_sess(sess[0]);
	wd_comp_free_sess(sess[1]);
	wd_comp_uninit2();
}

/* ---- one error each ------------------------------------------------------- */

static void send(enum wd_comp_op_type dir, const void *src, void *dst, size_t dst_len)
{
	struct wd_comp_req req = new_req(dir, src, sizeof(in), dst, dst_len);

	wd_do_comp_sync(sess[dir], &req);
}

static void corrupt(void)
{
	send(WD_DIR_DECOMPRESS, in, out, sizeof(out));
}

static void too_small(void)
{
	send(WD_DIR_COMPRESS, in, out, 20);
}

static void no_source(void)
{
	send(WD_DIR_COMPRESS, NULL, out, sizeof(out));
}

static void unmapped(void)
{
	send(WD_DIR_COMPRESS, (void *)(uintptr_t)(1 << 14), out, sizeof(out));
}

static void read_only(void)
{
	void *page = mmap(NULL, page_size(), PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	send(WD_DIR_COMPRESS, in, page, page_size());
	munmap(page, page_size());
}

static void freed(void)
{
	struct wd_comp_sess_setup setup = { .alg_type = WD_ZLIB, .comp_lv = WD_COMP_L1 };
	struct wd_comp_req req = new_req(WD_DIR_COMPRESS, in, sizeof(in), out, sizeof(out));
	handle_t gone = wd_comp_alloc_sess(&setup);

	wd_comp_free_sess(gone);
	wd_do_comp_sync(gone, &req);
}

static void no_level(void)
{
	struct wd_comp_sess_setup setup = { .alg_type = WD_ZLIB };

	setup.comp_lv = (enum wd_comp_level)77;
	wd_comp_alloc_sess(&setup);
}

static void no_format(void)
{
	struct wd_comp_sess_setup setup = { .alg_type = WD_LZ4 };

	wd_comp_alloc_sess(&setup);
}

static void no_such_context(void)
{
	__u32 count;

	wd_comp_poll_ctx(4711, 1, &count);
}

static void loop(void)
{
	struct wd_datalist list = { in, 10, &list };
	struct wd_comp_req req = new_req(WD_DIR_COMPRESS, &list, sizeof(in), &list, 10);

	req.data_fmt = WD_SGL_BUF;
	wd_do_comp_sync(sess[WD_DIR_COMPRESS], &req);
}

static void truncated(void)
{
	struct wd_comp_req req = new_req(WD_DIR_DECOMPRESS, "\x78", 1, out, sizeof(out));

	req.last = 1;
	wd_do_comp_strm(sess[WD_DIR_DECOMPRESS], &req);
	wd_comp_reset_sess(sess[WD_DIR_DECOMPRESS]);
}

static const struct {
	void (*make)(void);
	const char *said;
} errors[] = {
	{ corrupt, "corrupt data" },
	{ too_small, "output full" },
	{ no_source, "src or dst is NULL" },
	{ unmapped, "0x4000" },
	{ read_only, "access denied" },
	{ freed, "freed" },
	{ no_level, "level 77" },
	{ no_format, "lz4" },
	{ no_such_context, "4711" },
	{ loop, "scatter list" },
	{ truncated, "ends before" },
};

/* ---- the log -------------------------------------------------------------- */

static int all_quietly(void *fd)
{
	expect(dup2(*(int *)fd, STDOUT_FILENO) >= 0 && dup2(*(int *)fd, STDERR_FILENO) >= 0);
	if (prepare())
		return 1;
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		errors[i].make();
	cleanup();
	return 0;
}

START_TEST(silence)
{
	int fd = memfd_create("log", MFD_CLOEXEC), ret;
	char text[500] = "";

	ck_assert_int_ge(fd, 0);
	env("WEFT_LOG", NULL);
	ret = in_child(all_quietly, &fd);
	ck_assert_int_ge(pread(fd, text, sizeof(text) - 1, 0), 0);
	close(fd);
	ck_assert_msg(!ret && !*text, "ended with %d and wrote: %s", ret, text);
}
END_TEST

/* What the log got since @from; 0 if that is one line that says what it should. */
static int check_line(int fd, off_t from, const char *said)
{
	char text[2000] = "";
	ssize_t len = pread(fd, text, sizeof(text) - 1, from);
	const char *end = strchr(text, '\n');

	if (len > 0 && end == text + len - 1 && strstr(text, "error") && strstr(text, said))
		return 0;
	fprintf(stderr, "\"%s\" should be one line with \"%s\"\n", text, said);
	return 1;
}

static int all_logged(void *arg)
{
	int fd = *(int *)arg, wrong = 0;

	if (prepare())
		return 1;
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		off_t from = lseek(fd, 0, SEEK_END);

		errors[i].make();
		wrong |= check_line(fd, from, errors[i].said);
	}
	cleanup();
	return wrong;
}

START_TEST(one_line_each)
{
	int fd = memfd_create("log", MFD_CLOEXEC);
	char spec[64];

	ck_assert_int_ge(fd, 0);
	snprintf(spec, sizeof(spec), "error:/proc/self/fd/%d", fd);
	env("WEFT_LOG", spec);
	env("WEFT_GUARD", _i ? "copy" : getenv("WEFT_GUARD"));
	ck_assert_int_eq(in_child(all_logged, &fd), 0);
	close(fd);
}
END_TEST

/* ---- levels ---------------------------------------------------------------- */

static const struct {
	const char *log;
	bool info, debug;
} levels[] = {
	{ NULL, false, false }, { "error", false, false }, { "warn", false, false },
	{ "info", true, false }, { "debug", true, true }, { "debug:/dev/null", true, true },
};

static int log_level(void *arg)
{
	unsigned int i = *(const unsigned int *)arg;

	expect(wd_need_info() == levels[i].info);
	expect(wd_need_debug() == levels[i].debug);
	return 0;
}

START_TEST(need_log)
{
	env("WEFT_LOG", levels[_i].log);
	ck_assert_int_eq(in_child(log_level, &_i), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("comp_log");
	TCase *tcase = add_case(suite, "log");

	tcase_add_test(tcase, silence);
	tcase_add_loop_test(tcase, one_line_each, 0, 2);
	tcase_add_loop_test(tcase, need_log, 0, ARRAY_SIZE(levels));
	return run_suite(suite);
}
