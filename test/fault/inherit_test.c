/* SPDX-License-Identifier: MIT */
/*
 * WEFT_FORK=inherit: contexts of the parent in a forked child work on the parent's
 * memory, through queues of the child's own in the parent's device. Neither parent
 * nor child is disturbed by the other, nor by its end.
 */
#include <dirent.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <uadk/wd_cipher.h>
#include <uadk/wd_digest.h>

#include "../quiet_fork.h"
#include "rig.h"

#define LEN	20000
#define JOBS	60
#define SLOTS	64

/*
 * Where the parent sees what its children did, and they what it wants. Every request has
 * a destination of its own: that one comes after another is for other processes to know,
 * and thread sanitizer sees two of the device's threads write one place.
 */
static struct board {
	uint8_t src[LEN];
	uint8_t dst[SLOTS][2 * LEN];
	uint32_t len[SLOTS];
	uint32_t slots;		/* atomic, so many are taken */
	uint32_t pasid;
	uint32_t sockets;	/* that the process has beside ours */
	uint32_t go;		/* atomic */
	uint32_t there;		/* atomic */
	uint32_t children;	/* atomic */
} *board;

static struct rig rig;
static handle_t ctx;
static uint8_t *mine;		/* private: after a fork each process has its own */

static void raise_it(uint32_t *flag)
{
	__atomic_fetch_add(flag, 1, __ATOMIC_SEQ_CST);
}

static void wait_for(const uint32_t *flag, uint32_t value)
{
	while (__atomic_load_n(flag, __ATOMIC_SEQ_CST) < value)
		sched_yield();
}

static void set_up_rig(void)
{
	rig_up(&rig, 1, 1);
	ctx = rig.ctxs[0].ctx;
	board->pasid = (uint32_t)weft_ctx_pasid(ctx);
	assert_works();
}

static void set_up(void)
{
	env("WEFT_FORK", "inherit");
	env("WEFT_ENGINE_THREADS", "2");
	board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		     -1, 0);
	ck_assert_ptr_ne(board, MAP_FAILED);
	mine = malloc(2 * LEN);
	ck_assert_ptr_nonnull(mine);
	memset(mine, 'p', 2 * LEN);
	data_fill(DATA_MIXED, 3, board->src, LEN);
	set_up_rig();
}

static void tear_down_rig(void)
{
	assert_works();
	rig_down(&rig);
}

static void tear_down(void)
{
	tear_down_rig();
	free(mine);
	munmap(board, sizeof(*board));
}

/* ---- children: expect(), and nothing of check ---------------------------------------- */

/* What the board says, compressed by the inherited device into memory of both. */
static int pack_board(handle_t sess)
{
	uint32_t slot = __atomic_fetch_add(&board->slots, 1, __ATOMIC_SEQ_CST);
	struct wd_comp_req req;

	expect(slot < SLOTS);
	req = new_req(WD_DIR_COMPRESS, board->src, LEN, board->dst[slot], 2 * LEN);
	expect(wd_do_comp_sync(sess, &req) == 0 && !req.status);
	board->len[slot] = req.dst_len;
	return 0;
}

static bool board_is_right(void)
{
	static uint8_t back[LEN];

	for (uint32_t i = 0; i < board->slots; i++) {
		if (oracle_decode(WD_ZLIB, board->dst[i], board->len[i], back, LEN, NULL) != LEN ||
		    memcmp(back, board->src, LEN))
			return false;
	}
	return board->slots;
}

/* Over the parent's contexts. */
static int live(void)
{
	handle_t sess;

	expect(weft_ctx_noop(ctx) == 0);
	expect((uint32_t)weft_ctx_pasid(ctx) == board->pasid);
	expect(wd_comp_init(&rig.config, rig.sched) == 0);
	sess = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	if (pack_board(sess))
		return 1;
	wd_comp_free_sess(sess);
	wd_comp_uninit();
	return 0;
}

static int the_same_pasid(void *arg)
{
	(void)arg;
	return live();
}

START_TEST(same_bond)
{
	struct weft_ctx_stats before = stats_of(ctx);

	ck_assert_int_eq(in_child(the_same_pasid, NULL), 0);
	ck_assert(board_is_right());
	/* Its jobs went through rings of its own. */
	ck_assert_uint_eq(stats_of(ctx).submitted, before.submitted);
	assert_works();
}
END_TEST

/* An address is one of the parent's memory: the child's of the same number is not touched. */
static int parents_memory(void *arg)
{
	struct wd_comp_req req;
	handle_t sess;

	(void)arg;
	expect(wd_comp_init(&rig.config, rig.sched) == 0);
	sess = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	memset(mine, 'c', 2 * LEN);
	req = new_req(WD_DIR_COMPRESS, mine, LEN, mine + LEN, LEN);
	expect(wd_do_comp_sync(sess, &req) == 0 && !req.status);
	board->len[0] = req.dst_len;
	for (int i = 0; i < 2 * LEN; i++)
		expect(mine[i] == 'c');
	return 0;
}

START_TEST(memory_of_the_parent)
{
	static uint8_t back[LEN];

	ck_assert_int_eq(in_child(parents_memory, NULL), 0);
	ck_assert_uint_eq(oracle_decode(WD_ZLIB, mine + LEN, board->len[0], back, LEN, NULL), LEN);
	for (int i = 0; i < LEN; i++)
		ck_assert_uint_eq(back[i], 'p');
}
END_TEST

/* A bad pointer of the child's ends one request of the child's. */
static int bad_pointer(void *hole)
{
	struct wd_comp_req req;
	handle_t sess;

	expect(wd_comp_init(&rig.config, rig.sched) == 0);
	sess = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	req = new_req(WD_DIR_COMPRESS, hole, 100, board->dst[SLOTS - 1], LEN);
	wd_do_comp_sync(sess, &req);
	expect(req.status == WD_ADDR_ERR);
	return pack_board(sess);
}

START_TEST(bad_pointers)
{
	void *hole = mmap(NULL, page_size(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert_int_eq(in_child(bad_pointer, hole), 0);
	ck_assert(board_is_right());
	munmap(hole, page_size());
}
END_TEST

/* What takes memory of the runtime's, or stays behind in the device, is refused. */
static int refuses(void *arg)
{
	uint8_t out[100];
	struct wd_comp_req req = new_req(WD_DIR_COMPRESS, "abc", 3, out, sizeof(out));
	handle_t sess;

	(void)arg;
	expect(wd_comp_init(&rig.config, rig.sched) == 0);
	sess = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	expect(wd_do_comp_strm(sess, &req) == -EOPNOTSUPP);
	expect(wd_cipher_init(&rig.config, rig.sched) == -WD_EINVAL);
	expect(wd_digest_init(&rig.config, rig.sched) == -WD_EINVAL);
	expect(weft_ctx_wait_fd(ctx) == -EOPNOTSUPP);
	return pack_board(sess);
}

START_TEST(refused)
{
	ck_assert_int_eq(in_child(refuses, NULL), 0);
	ck_assert(board_is_right());
}
END_TEST

/* Contexts that a child requests itself are its own, beside those it has inherited. */
static int both(void *arg)
{
	handle_t own = new_ctx();

	(void)arg;
	expect(weft_ctx_noop(own) == 0);
	expect(!live());
	expect(weft_ctx_noop(own) == 0);
	wd_release_ctx(own);
	for (unsigned int i = 0; i < rig.config.ctx_num; i++)
		wd_release_ctx(rig.ctxs[i].ctx);
	expect(wd_comp_init2("zlib", SCHED_POLICY_RR, TASK_MIX) == 0);
	expect(!works());
	wd_comp_uninit2();
	return 0;
}

START_TEST(own_beside_inherited)
{
	ck_assert_int_eq(in_child(both, NULL), 0);
}
END_TEST

/* ---- many, and deep ------------------------------------------------------------------- */

static int generation(void *depth)
{
	int more = *(int *)depth - 1;

	if (live())
		return 1;
	if (more) {
		expect(!in_child(generation, &more));
		expect(!live());
	}
	return 0;
}

START_TEST(eight_deep)
{
	int depth = 8;

	ck_assert_int_eq(in_child(generation, &depth), 0);
	ck_assert(board_is_right());
}
END_TEST

/* Jobs whose buffers lie in memory of both. */
static struct job *shared_jobs(unsigned int count)
{
	struct job *jobs = mmap(NULL, count * sizeof(*jobs), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(jobs, MAP_FAILED);
	for (unsigned int i = 0; i < count; i++)
		data_fill(DATA_TEXT, i, jobs[i].in, JOB_LEN);
	return jobs;
}

/* Sent, and @collect of them collected. */
static int jobs_of_mine(struct job *jobs, unsigned int collect)
{
	handle_t sess;
	__u32 n;

	expect(wd_comp_init(&rig.config, rig.sched) == 0);
	sess = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	for (unsigned int i = 0; i < JOBS; i++) {
		jobs[i].sess = sess;
		jobs[i].serial = i << 16;
		expect(!job_send(&jobs[i]));
	}
	for (unsigned int got = 0; got < collect; got += n) {
		n = 0;
		expect(!wd_comp_poll(1, &n));
	}
	for (unsigned int i = 0; i < JOBS; i++)
		expect(!jobs[i].wrong && jobs[i].ended <= jobs[i].sent);
	return 0;
}

static struct job *rooms;	/* JOBS for each child, and for the parent */

static void *sixteen(void *failed)
{
	pid_t pids[16];
	int status;

	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		pids[i] = quiet_fork();
		if (!pids[i])
			_exit(jobs_of_mine(rooms + i * JOBS, JOBS));
	}
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		waitpid(pids[i], &status, 0);
		if (pids[i] < 0 || !WIFEXITED(status) || WEXITSTATUS(status))
			__atomic_fetch_add((int *)failed, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

/* From a thread that is not the main one, which has jobs in flight meanwhile. */
START_TEST(sixteen_at_once)
{
	pthread_t thread;
	struct job *own;
	handle_t sess;
	int failed = 0;

	rooms = shared_jobs(16 * JOBS);
	sess = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	own = new_jobs(JOBS, sess);
	ck_assert_int_eq(pthread_create(&thread, NULL, sixteen, &failed), 0);
	for (int i = 0; i < 10; i++) {
		for (int k = 0; k < JOBS; k++)
			ck_assert_int_eq(job_send(&own[k]), 0);
		poll_for(JOBS);
	}
	pthread_join(thread, NULL);
	ck_assert_int_eq(failed, 0);
	assert_jobs(own, JOBS);
	wd_comp_free_sess(sess);
	free(own);
	munmap(rooms, 16 * JOBS * sizeof(*rooms));
}
END_TEST

/* How many of this process's descriptors are of that kind. */
static unsigned int descriptors(const char *kind)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	unsigned int n = 0;

	while (dir && (entry = readdir(dir))) {
		char what[64] = "";

		if (readlinkat(dirfd(dir), entry->d_name, what, sizeof(what) - 1) > 0 &&
		    !strncmp(what, kind, strlen(kind)))
			n++;
	}
	if (dir)
		closedir(dir);
	return n;
}

/* Its channel, and nothing that is on its way to somebody else. */
static int has_one_channel(void)
{
	expect(descriptors("socket:") == board->sockets + 1);
	expect(!descriptors("/memfd:weft-queue"));
	return 0;
}

static int last_of_line(void *arg)
{
	(void)arg;
	expect(!has_one_channel());
	return live();
}

static int branches(void)
{
	expect(!has_one_channel());
	expect(!live());
	for (int i = 0; i < 2; i++)
		expect(!in_child(last_of_line, NULL));
	return 0;
}

/* Whatever its threads are doing for others, a child of the owner's has nothing of it. */
START_TEST(forks_beside_forks)
{
	pid_t pids[16];
	int status;

	board->sockets = descriptors("socket:");
	fflush(NULL);
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		pids[i] = quiet_fork();
		if (!pids[i])
			_exit(branches());
	}
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_uint_eq(board->slots, 3 * ARRAY_SIZE(pids));
	ck_assert(board_is_right());
	/* Who served them is gone, too. */
	while (descriptors("socket:") != board->sockets)
		sched_yield();
}
END_TEST

/* ---- ends --------------------------------------------------------------------------------- */

/* In the middle of everything. */
static int leaves(void *arg)
{
	(void)arg;
	return jobs_of_mine(rooms, 3);
}

static int killed(void *arg)
{
	leaves(arg);
	kill(getpid(), SIGKILL);
	return 1;
}

static int becomes_another(void *arg)
{
	(void)arg;
	expect(!leaves(arg));
	execlp("true", "true", (char *)NULL);
	return 1;
}

/* The device has back what the child had. */
START_TEST(child_ends)
{
	int (*const ways[])(void *) = { leaves, killed, becomes_another };
	int before;

	rooms = shared_jobs(JOBS);
	before = free_ctxs();
	in_child(ways[_i], NULL);
	while (free_ctxs() != before)
		sched_yield();
	munmap(rooms, JOBS * sizeof(*rooms));
}
END_TEST

/*
 * What a child has when the device goes: requests end with an error, those that it has
 * in flight and those that it sends later. The test's child is the one with the device,
 * its child the heir.
 */
static int outlives(void)
{
	struct wd_comp_req req;
	struct job *jobs = rooms;
	unsigned int ended = 0;
	handle_t sess;
	__u32 n;

	expect(wd_comp_init(&rig.config, rig.sched) == 0);
	sess = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	if (pack_board(sess))
		return 1;
	raise_it(&board->there);
	wait_for(&board->go, 1);
	for (unsigned int i = 0; i < JOBS; i++) {
		jobs[i].sess = sess;
		expect(!job_send(&jobs[i]));
	}
	while (ended < JOBS) {
		n = 0;
		expect(!wd_comp_poll(JOBS, &n));
		ended += n;
	}
	for (unsigned int i = 0; i < JOBS; i++)
		expect(jobs[i].ended == 1);
	/* Until its end is seen the last jobs may still be done. */
	while (!weft_ctx_noop(ctx))
		;
	req = new_req(WD_DIR_COMPRESS, board->src, LEN, board->dst[SLOTS - 1], 2 * LEN);
	expect(wd_do_comp_sync(sess, &req) == -WD_HW_EACCESS && req.status == WD_HW_EACCESS);
	expect(weft_ctx_noop(ctx) != 0);
	wd_comp_free_sess(sess);
	wd_comp_uninit();
	for (unsigned int i = 0; i < rig.config.ctx_num; i++)
		wd_release_ctx(rig.ctxs[i].ctx);
	/* And a device of its own is to be had. */
	expect(wd_comp_init2("zlib", SCHED_POLICY_RR, TASK_MIX) == 0);
	expect(!works());
	return 0;
}

static int owner(int way)
{
	pid_t pid = quiet_fork();

	if (!pid) {
		board->children = 2 + (uint32_t)(outlives() != 0);
		_exit(0);
	}
	wait_for(&board->there, 1);
	if (way == 0)
		kill(getpid(), SIGKILL);
	if (way == 1)
		_exit(0);
	/* It lives, and has no device any more. */
	wd_comp_uninit();
	for (unsigned int i = 0; i < rig.config.ctx_num; i++)
		wd_release_ctx(rig.ctxs[i].ctx);
	raise_it(&board->go);
	waitpid(pid, NULL, 0);
	return 0;
}

START_TEST(owner_ends)
{
	pid_t pid;

	tear_down_rig();	/* this process has nothing to be inherited */
	rooms = shared_jobs(JOBS);
	fflush(NULL);
	pid = quiet_fork();
	if (!pid) {
		set_up_rig();
		_exit(owner(_i));
	}
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	raise_it(&board->go);
	wait_for(&board->children, 2);
	ck_assert_uint_eq(board->children, 2);
	munmap(rooms, JOBS * sizeof(*rooms));
	set_up_rig();
}
END_TEST

/* ---- where there is nothing to inherit --------------------------------------------------- */

static int has_nothing(void *arg)
{
	handle_t own;

	(void)arg;
	expect(weft_ctx_noop(ctx) == -ENODEV);
	expect(wd_comp_init(&rig.config, rig.sched) != 0);
	own = new_ctx();
	expect(weft_ctx_noop(own) == 0);
	return 0;
}

START_TEST(no_engine_threads)
{
	tear_down_rig();
	env("WEFT_ENGINE_THREADS", "0");
	set_up_rig();
	ck_assert_int_eq(in_child(has_nothing, NULL), 0);
}
END_TEST

/* A daemon closes what it does not know; others have the numbers then. */
#define TAKEN	40

static void take_all_numbers(void)
{
	for (int fd = 3; fd < 1024; fd++)
		close(fd);
	while (dup(0) < TAKEN)
		;
}

static bool have_all_numbers(void)
{
	struct stat first, st;

	if (fstat(0, &first))
		return false;
	for (int fd = 3; fd <= TAKEN; fd++) {
		if (fstat(fd, &st) || st.st_ino != first.st_ino || st.st_dev != first.st_dev)
			return false;
	}
	return true;
}

static int ready_made(void)
{
	expect(wd_comp_init2("zlib", SCHED_POLICY_RR, TASK_MIX) == 0);
	expect(!works());
	wd_comp_uninit2();
	return 0;
}

static int heir_closes_all(void)
{
	take_all_numbers();
	expect(weft_ctx_noop(ctx) != 0);
	for (unsigned int i = 0; i < rig.config.ctx_num; i++)
		wd_release_ctx(rig.ctxs[i].ctx);
	expect(have_all_numbers());
	return ready_made();
}

/* Its queue goes when the owner finds out, and a new one is not to be had. */
static int loses_its_owner(void)
{
	expect(!weft_ctx_noop(ctx));
	raise_it(&board->there);
	wait_for(&board->go, 1);
	expect(weft_ctx_noop(rig.ctxs[1].ctx) == -ENODEV);
	while (!weft_ctx_noop(ctx))
		;
	return 0;
}

static int owner_closes_all(void)
{
	pid_t pid = quiet_fork();
	int status;

	if (!pid)
		_exit(loses_its_owner());
	wait_for(&board->there, 1);
	take_all_numbers();
	raise_it(&board->go);
	expect(!weft_ctx_noop(ctx));
	expect(waitpid(pid, &status, 0) == pid && !status);
	expect(!in_child(the_same_pasid, NULL));	/* whoever comes now is served again */
	for (unsigned int i = 0; i < rig.config.ctx_num; i++)
		wd_release_ctx(rig.ctxs[i].ctx);
	expect(have_all_numbers());
	return ready_made();
}

/* Neither loses a file of its own, whoever of the two it was. */
START_TEST(descriptors_closed)
{
	bool owner = _i % 2;
	int status;
	pid_t pid;

	/* Thread sanitizer is right that it closes what a thread of ours waits for. */
	if (owner && on_thread_sanitizer())
		return;
	tear_down_rig();
	env("WEFT_FAULT_MODE", _i / 2 ? "pri" : "stall");	/* which has a descriptor more */
	fflush(NULL);
	pid = quiet_fork();
	if (!pid) {
		set_up_rig();
		wd_comp_uninit();
		if (owner)
			_exit(owner_closes_all());
		pid = quiet_fork();
		if (!pid)
			_exit(heir_closes_all());
		_exit(waitpid(pid, &status, 0) != pid || status);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	set_up_rig();
}
END_TEST

/* ---- nobody waits for others --------------------------------------------------------------- */

static void *ended(struct wd_comp_req *req, void *param)
{
	(void)req;
	return param;
}

/* Its job cannot end while the page is not there, and so its queue cannot. */
static int waits_for_page(void *page)
{
	struct wd_comp_req req = new_req(WD_DIR_COMPRESS, page, (__u32)page_size(),
					 board->dst[SLOTS - 1], 2 * LEN);

	expect(wd_comp_init(&rig.config, rig.sched) == 0);
	req.cb = ended;
	expect(wd_do_comp_async(new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K), &req) == 0);
	wait_for(&board->go, 1);
	for (unsigned int i = 0; i < rig.config.ctx_num; i++)
		wd_release_ctx(rig.ctxs[i].ctx);
	return 0;
}

static int comes_later(void *arg)
{
	wait_for(&board->go, 1);
	return the_same_pasid(arg);
}

/* They are made while the device's threads sleep; see quiet_fork.h. */
static pid_t beside(int (*fn)(void *), void *arg)
{
	pid_t pid;

	fflush(NULL);
	pid = quiet_fork();
	if (!pid)
		_exit(fn(arg));
	return pid;
}

static void assert_ends_well(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}

START_TEST(page_that_does_not_come)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_zeropage zero = { .mode = 0 };
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	struct uffd_msg msg;
	pid_t waiting, other;
	handle_t own;
	void *page;

	if (fd < 0)
		return;		/* not for everybody */
	page = mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(page, MAP_FAILED);
	reg.range = zero.range = (struct uffdio_range){ (uintptr_t)page, page_size() };
	ck_assert_int_eq(ioctl(fd, UFFDIO_API, &api), 0);
	ck_assert_int_eq(ioctl(fd, UFFDIO_REGISTER, &reg), 0);
	other = beside(comes_later, NULL);
	waiting = beside(waits_for_page, page);
	ck_assert_int_eq(read(fd, &msg, sizeof(msg)), sizeof(msg));
	raise_it(&board->go);
	assert_ends_well(other);
	ck_assert(board_is_right());
	own = new_ctx();
	ck_assert_int_eq(weft_ctx_noop(own), 0);
	wd_release_ctx(own);
	ck_assert_int_eq(ioctl(fd, UFFDIO_ZEROPAGE, &zero), 0);
	assert_ends_well(waiting);
	close(fd);
	munmap(page, page_size());
}
END_TEST

/* In full the owner is stopped until the heir has given up. */
static void *asks(void *ret)
{
	*(int *)ret = weft_ctx_noop(rig.ctxs[1].ctx);
	return NULL;
}

/* It asks its owner nothing while it makes a child, and waits for nobody who does. */
static int passes_it_on(void)
{
	int status, ret = 1;
	pthread_t thread;
	pid_t pid;

	expect(!weft_ctx_noop(ctx));
	raise_it(&board->there);
	wait_for(&board->go, 1);
	expect(!pthread_create(&thread, NULL, asks, &ret));
	sched_yield();
	pid = quiet_fork();
	if (!pid) {
		wait_for(&board->there, 2);
		_exit(live());
	}
	if (in_full())
		pthread_join(thread, NULL);
	raise_it(&board->there);
	if (!in_full())
		pthread_join(thread, NULL);
	expect(ret == (in_full() ? -ENODEV : 0));
	return waitpid(pid, &status, 0) != pid || status;
}

static int has_an_heir(void *arg)
{
	int status;
	pid_t pid;

	(void)arg;
	set_up_rig();
	wd_comp_uninit();
	pid = quiet_fork();
	if (!pid)
		_exit(passes_it_on());
	return waitpid(pid, &status, 0) != pid || status;
}

START_TEST(owner_stopped)
{
	int status;
	pid_t pid;

	tear_down_rig();
	pid = beside(has_an_heir, NULL);
	wait_for(&board->there, 1);
	kill(pid, SIGSTOP);
	ck_assert_int_eq(waitpid(pid, &status, WUNTRACED), pid);
	raise_it(&board->go);
	wait_for(&board->there, 2);
	kill(pid, SIGCONT);
	assert_ends_well(pid);
	ck_assert(board_is_right());
	set_up_rig();
}
END_TEST

int main(void)
{
	Suite *suite;
	TCase *tcase;

	/* As in process_test: it looks for leaks in every child, and blames the parent's threads. */
	if (on_valgrind()) {
		printf("1..0 # SKIP valgrind takes what other threads held for leaks of a child\n");
		return 0;
	}
	suite = suite_create("inherit");
	tcase = add_case(suite, "inherited");
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, same_bond);
	tcase_add_test(tcase, memory_of_the_parent);
	tcase_add_test(tcase, bad_pointers);
	tcase_add_test(tcase, refused);
	tcase_add_test(tcase, own_beside_inherited);

	tcase = add_case(suite, "many");
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, eight_deep);
	tcase_add_test(tcase, sixteen_at_once);
	tcase_add_test(tcase, forks_beside_forks);

	tcase = add_case(suite, "ends");
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase, child_ends, 0, 3);
	tcase_add_loop_test(tcase, owner_ends, 0, 3);
	tcase_add_test(tcase, no_engine_threads);
	tcase_add_loop_test(tcase, descriptors_closed, 0, 4);

	tcase = add_case(suite, "waits");
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, in_full() ? 300 : 60);
	tcase_add_test(tcase, page_that_does_not_come);
	tcase_add_test(tcase, owner_stopped);
	return run_suite(suite);
}
