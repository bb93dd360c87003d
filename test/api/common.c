/* SPDX-License-Identifier: MIT */
#include "common.h"
#include "../quiet_fork.h"
#include "../sanitizers.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- frame -------------------------------------------------------------- */

#if THREAD_SANITIZER
/* A forked child with threads of its own is what some tests are about. */
const char *__tsan_default_options(void);
__attribute__((visibility("default"))) const char *__tsan_default_options(void)
{
	return "die_after_fork=0";
}
#endif

bool on_valgrind(void)
{
	const char *preload = getenv("LD_PRELOAD");

	return preload && strstr(preload, "vgpreload");
}

bool on_thread_sanitizer(void)
{
	return THREAD_SANITIZER;
}

bool slow(void)
{
	return ADDRESS_SANITIZER || THREAD_SANITIZER || on_valgrind();
}

bool can_fork_beside_threads(void)
{
	return !QUIET_FORK;
}

#define ENV_MAX	16
static struct {
	const char *name;
	char *before;
} changed[ENV_MAX];
static unsigned int changes;

void env(const char *name, const char *value)
{
	const char *before = getenv(name);

	ck_assert_uint_lt(changes, ENV_MAX);
	changed[changes].name = name;
	changed[changes++].before = before ? strdup(before) : NULL;
	if (value)
		setenv(name, value, 1);
	else
		unsetenv(name);
}

static void env_restore(void)
{
	while (changes) {
		changes--;
		if (changed[changes].before)
			setenv(changed[changes].name, changed[changes].before, 1);
		else
			unsetenv(changed[changes].name);
		free(changed[changes].before);
	}
}

TCase *add_case(Suite *suite, const char *name)
{
	TCase *tcase = tcase_create(name);

	tcase_add_checked_fixture(tcase, NULL, env_restore);
	tcase_set_timeout(tcase, 20);
	suite_add_tcase(suite, tcase);
	return tcase;
}

int run_suite(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}

/*
 * valgrind looks for leaks in every process that ends, and word by word in what
 * a child has not inherited. It does not when another program takes over.
 */
static void child_main(int (*fn)(void *), void *arg, int out)
{
	signed char result = (signed char)fn(arg);

	if (write(out, &result, 1) == 1 && on_valgrind())
		execlp("true", "true", (char *)NULL);
	_exit(0);
}

int in_child(int (*fn)(void *), void *arg)
{
	signed char result = -1;
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return -1;
	fflush(NULL);
	pid = quiet_fork();
	if (!pid)
		child_main(fn, arg, ends[1]);
	close(ends[1]);
	if (read(ends[0], &result, 1) != 1)
		result = -1;
	close(ends[0]);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return result;
}

/* ---- memory ------------------------------------------------------------- */

size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

void *far_away(void)
{
#if THREAD_SANITIZER
	/* It leaves a program few parts of the address space, and moves what is wanted elsewhere. */
	return (void *)(uintptr_t)0x4000000000;
#else
	return (void *)(uintptr_t)0x200000000000;
#endif
}

static size_t whole_pages(size_t len)
{
	return (len + page_size() - 1) & ~(page_size() - 1);
}

uint8_t *fenced(size_t len)
{
	size_t pages = whole_pages(len);
	uint8_t *map = mmap(NULL, pages + page_size(), PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(map, MAP_FAILED);
	ck_assert_int_eq(mprotect(map + pages, page_size(), PROT_NONE), 0);
	return map + pages - len;
}

void fenced_free(uint8_t *p, size_t len)
{
	size_t pages = whole_pages(len);

	munmap(p + len - pages, pages + page_size());
}

unsigned int open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int count = 0;

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

/* ---- contexts ----------------------------------------------------------- */

struct uacce_dev *any_device(void)
{
	struct uacce_dev *dev = wd_get_accel_dev("zlib");

	ck_assert_ptr_nonnull(dev);
	return dev;
}

handle_t new_ctx(void)
{
	struct uacce_dev *dev = any_device();
	handle_t ctx = wd_request_ctx(dev);

	ck_assert_uint_ne(ctx, 0);
	free(dev);
	return ctx;
}

int free_ctxs(void)
{
	struct uacce_dev_list *list = wd_get_accel_list("zlib");
	int count;

	ck_assert_ptr_nonnull(list);
	count = wd_get_avail_ctx(list->dev);
	wd_free_list_accels(list);
	return count;
}

void start(void)
{
	ck_assert_int_eq(wd_comp_init2("zlib", SCHED_POLICY_RR, TASK_MIX), 0);
}

void finish(void)
{
	wd_comp_uninit2();
}

static void describe(struct rig *rig, uint8_t mode, uint32_t begin, uint32_t count)
{
	for (uint8_t type = 0; type < WD_DIR_MAX && count; type++) {
		struct sched_params param = {
			.numa_id = 0,
			.type = type,
			.mode = mode,
			.begin = begin,
			.end = begin + count - 1,
		};

		ck_assert_int_eq(wd_sched_rr_instance(rig->sched, &param), 0);
	}
}

void rig_make(struct rig *rig, unsigned int sync, unsigned int async)
{
	rig_make_polled(rig, sync, async, wd_comp_poll_ctx);
}

void rig_make_polled(struct rig *rig, unsigned int sync, unsigned int async,
		     int (*poll)(__u32 index, __u32 expect, __u32 *count))
{
	ck_assert_uint_le(sync + async, RIG_MAX);
	memset(rig, 0, sizeof(*rig));
	rig->sched = wd_sched_rr_alloc(SCHED_POLICY_RR, WD_DIR_MAX, 1, poll);
	ck_assert_ptr_nonnull(rig->sched);
	for (unsigned int i = 0; i < sync + async; i++) {
		rig->ctxs[i].ctx = new_ctx();
		rig->ctxs[i].op_type = WD_DIR_COMPRESS;
		rig->ctxs[i].ctx_mode = i < sync ? CTX_MODE_SYNC : CTX_MODE_ASYNC;
	}
	describe(rig, CTX_MODE_SYNC, 0, sync);
	describe(rig, CTX_MODE_ASYNC, sync, async);
	rig->config.ctx_num = sync + async;
	rig->config.ctxs = rig->ctxs;
	rig->config.cap = &rig->cap;
}

void rig_up(struct rig *rig, unsigned int sync, unsigned int async)
{
	rig_make(rig, sync, async);
	ck_assert_int_eq(wd_comp_init(&rig->config, rig->sched), 0);
}

void rig_release(struct rig *rig)
{
	for (unsigned int i = 0; i < rig->config.ctx_num; i++)
		wd_release_ctx(rig->ctxs[i].ctx);
	wd_sched_rr_release(rig->sched);
}

void rig_down(struct rig *rig)
{
	wd_comp_uninit();
	rig_release(rig);
}

/* ---- requests ----------------------------------------------------------- */

handle_t new_sess(enum wd_comp_alg_type alg, enum wd_comp_op_type dir, int level, int window)
{
	struct sched_params where = { .numa_id = -1, .type = (__u8)dir };
	struct wd_comp_sess_setup setup = {
		.alg_type = alg,
		.comp_lv = (enum wd_comp_level)level,
		.win_sz = (enum wd_comp_winsz_type)window,
		.op_type = dir,
		.sched_param = &where,
	};
	handle_t sess = wd_comp_alloc_sess(&setup);

	/* Nothing of check unless it fails: children that were forked amid check's lock come here. */
	if (!sess)
		ck_abort_msg("no session: format %d, direction %d, level %d, window %d", alg, dir,
			     level, window);
	return sess;
}

struct wd_comp_req new_req(enum wd_comp_op_type dir, const void *src, size_t src_len, void *dst,
			   size_t dst_len)
{
	return (struct wd_comp_req){
		.src = (void *)(uintptr_t)src,
		.src_len = (__u32)src_len,
		.dst = dst,
		.dst_len = (__u32)dst_len,
		.op_type = dir,
		.data_fmt = WD_FLAT_BUF,
		.status = UNTOUCHED,
	};
}

struct arrival {
	struct wd_comp_req *req;
	unsigned int times;
};

static void *arrived(struct wd_comp_req *done, void *param)
{
	struct arrival *arrival = param;

	arrival->req->src_len = done->src_len;
	arrival->req->dst_len = done->dst_len;
	arrival->req->status = done->status;
	arrival->times++;
	return NULL;
}

/* A status that a synchronous call would also have returned. */
static int status_ret(__u32 status)
{
	switch (status) {
	case 0:
	case WD_STREAM_END:
	case WD_EAGAIN:
	case WD_IN_EPARA:
		return 0;
	default:
		return -(int)status;
	}
}

static int run_async(handle_t sess, struct wd_comp_req *req)
{
	struct wd_comp_req sent = *req;
	struct arrival arrival = { .req = req };
	__u32 count;
	int ret;

	sent.cb = arrived;
	sent.cb_param = &arrival;
	ret = wd_do_comp_async(sess, &sent);
	if (ret)
		return ret;
	memset(&sent, 0xff, sizeof(sent));	/* the library has a copy */
	while (!arrival.times) {
		count = 0;
		ck_assert_int_eq(wd_comp_poll(1, &count), 0);
		ck_assert_uint_eq(count, arrival.times);
		if (!count)
			sched_yield();
	}
	return status_ret(req->status);
}

int run_block(enum way way, handle_t sess, struct wd_comp_req *req)
{
	if (way == WAY_ASYNC)
		return run_async(sess, req);
	return way == WAY_SYNC ? wd_do_comp_sync(sess, req) : wd_do_comp_sync2(sess, req);
}

/* Without check, so that a child can use it too. */
static int round_trip(enum way way, enum wd_comp_alg_type alg, handle_t sess_c, handle_t sess_d)
{
	uint8_t in[10000], packed[12000], out[10000];
	struct wd_comp_req req;
	size_t used;

	data_fill(DATA_TEXT, 77, in, sizeof(in));
	memset(out, 0, sizeof(out));
	req = new_req(WD_DIR_COMPRESS, in, sizeof(in), packed, sizeof(packed));
	expect(run_block(way, sess_c, &req) == 0);
	expect(req.status == 0 && req.src_len == sizeof(in));
	expect(oracle_decode(alg, packed, req.dst_len, out, sizeof(out), &used) == sizeof(out));
	expect(used == req.dst_len && !memcmp(in, out, sizeof(in)));

	memset(out, 0, sizeof(out));
	req = new_req(WD_DIR_DECOMPRESS, packed, used, out, sizeof(out));
	expect(run_block(way, sess_d, &req) == 0);
	expect(req.status == 0 && req.src_len == used && req.dst_len == sizeof(out));
	expect(!memcmp(in, out, sizeof(in)));
	return 0;
}

void assert_good(enum way way, enum wd_comp_alg_type alg, handle_t sess_c, handle_t sess_d)
{
	ck_assert_int_eq(round_trip(way, alg, sess_c, sess_d), 0);
}

static int stream_trip(handle_t sess_c, handle_t sess_d)
{
	uint8_t in[5000], packed[8000], out[5000];
	struct wd_comp_req req;
	size_t len;

	data_fill(DATA_MIXED, 78, in, sizeof(in));
	memset(out, 0, sizeof(out));
	req = new_req(WD_DIR_COMPRESS, in, sizeof(in), packed, sizeof(packed));
	req.last = 1;
	expect(wd_do_comp_strm(sess_c, &req) == 0 && req.status == WD_STREAM_END);
	len = req.dst_len;
	req = new_req(WD_DIR_DECOMPRESS, packed, len, out, sizeof(out));
	expect(wd_do_comp_strm(sess_d, &req) == 0 && req.status == WD_STREAM_END);
	expect(req.src_len == len && req.dst_len == sizeof(out) && !memcmp(in, out, sizeof(in)));
	return 0;
}

int works(void)
{
	struct wd_comp_sess_setup setup = { .alg_type = WD_ZLIB, .comp_lv = WD_COMP_L1 };
	struct sched_params where = { .numa_id = -1 };
	handle_t sess[WD_DIR_MAX];
	int ret;

	setup.sched_param = &where;
	for (int dir = 0; dir < WD_DIR_MAX; dir++) {
		setup.op_type = (enum wd_comp_op_type)dir;
		where.type = (__u8)dir;
		sess[dir] = wd_comp_alloc_sess(&setup);
		expect(sess[dir]);
	}
	ret = round_trip(WAY_SYNC, WD_ZLIB, sess[0], sess[1]) || stream_trip(sess[0], sess[1]);
	wd_comp_free_sess(sess[0]);
	wd_comp_free_sess(sess[1]);
	return ret;
}

void assert_works(void)
{
	ck_assert_int_eq(works(), 0);
}
