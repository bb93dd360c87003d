/* SPDX-License-Identifier: MIT */
/*
 * Pages that come when the test wants it (userfaultfd), and what the test does to
 * memory while a job waits for one of them. Nothing here depends on time: a page
 * comes after what has to happen before it has happened.
 *
 * Skipped where the machine does not let us have userfaultfd for accesses of the
 * kernel.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../api/crypto.h"
#include "rig.h"

#define LEN	200000u
#define ROOM	(2 * LEN)

/* Where glibc's headers are older than the kernel's. */
static int uffd_open(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	if (fd >= 0 && ioctl(fd, UFFDIO_API, &api)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* Memory whose pages do not come by themselves, and who brings them. */
struct slow {
	int fd;
	uint8_t *base;
	size_t len;
	const uint8_t *content;		/* what they hold, page by page; NULL: zeroes */
	void (*before)(struct slow *slow);	/* at the first fault of @special */
	uint8_t *special;
	bool special_seen;		/* atomic */
	void *arg;
	pthread_t thread;
	bool dies;			/* the thread ends at that fault, and answers nothing */
	bool stop;			/* atomic */
};

static void slow_bring(struct slow *slow, uint64_t address)
{
	uint64_t page = address & ~(uint64_t)(page_size() - 1);
	size_t at = (size_t)(page - (uintptr_t)slow->base);
	struct uffdio_copy copy = { .dst = page, .len = page_size() };
	uint8_t buf[65536] = { 0 };

	if (slow->content)
		memcpy(buf, slow->content + at, page_size());
	copy.src = (uintptr_t)buf;
	/* ENOENT: unmapped meanwhile. EEXIST: two threads asked. Both have been woken. */
	if (ioctl(slow->fd, UFFDIO_COPY, &copy) && errno == EEXIST) {
		struct uffdio_range range = { .start = page, .len = page_size() };

		ioctl(slow->fd, UFFDIO_WAKE, &range);
	}
}

static void *slow_main(void *arg)
{
	struct slow *slow = arg;

	while (!__atomic_load_n(&slow->stop, __ATOMIC_ACQUIRE)) {
		struct pollfd pfd = { .fd = slow->fd, .events = POLLIN };
		struct uffd_msg msg;
		uint64_t page;

		if (poll(&pfd, 1, 20) != 1 || read(slow->fd, &msg, sizeof(msg)) != sizeof(msg) ||
		    msg.event != UFFD_EVENT_PAGEFAULT)
			continue;
		page = msg.arg.pagefault.address & ~(uint64_t)(page_size() - 1);
		if (page == (uintptr_t)slow->special &&
		    !__atomic_exchange_n(&slow->special_seen, true, __ATOMIC_ACQ_REL)) {
			if (slow->dies)
				return NULL;
			if (slow->before)
				slow->before(slow);
		}
		slow_bring(slow, page);
	}
	return NULL;
}

static size_t pages_of(size_t len)
{
	return (len + page_size() - 1) & ~(page_size() - 1);
}

/* Who handles faults must not be the one who makes them, so it never runs steps. */
static void slow_begin(struct slow *slow, size_t len, const uint8_t *content, size_t special)
{
	struct uffdio_register reg;

	slow->fd = uffd_open();
	ck_assert_int_ge(slow->fd, 0);
	slow->len = pages_of(len);
	slow->content = content;
	slow->base = mmap(NULL, slow->len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			  0);
	ck_assert_ptr_ne(slow->base, MAP_FAILED);
	/* A huge page would come at once. */
	madvise(slow->base, slow->len, MADV_NOHUGEPAGE);
	slow->special = slow->base + special * page_size();
	reg = (struct uffdio_register){
		.range = { .start = (uintptr_t)slow->base, .len = slow->len },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	ck_assert_int_eq(ioctl(slow->fd, UFFDIO_REGISTER, &reg), 0);
	ck_assert_int_eq(pthread_create(&slow->thread, NULL, slow_main, slow), 0);
}

static void slow_end(struct slow *slow)
{
	__atomic_store_n(&slow->stop, true, __ATOMIC_RELEASE);
	pthread_join(slow->thread, NULL);
	close(slow->fd);
	munmap(slow->base, slow->len);
}

/* ---- sessions and data ------------------------------------------------------- */

static struct rig rig;
static handle_t c, d;
static uint8_t *good, *packed, *out;
static size_t packed_len;

static void begin(int config, const char *threads)
{
	config_set(config);
	env("WEFT_ENGINE_THREADS", threads);
	rig_up(&rig, 1, 1);
	c = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	d = new_sess(WD_ZLIB, WD_DIR_DECOMPRESS, 0, 0);
	good = calloc(1, pages_of(LEN));
	data_fill(DATA_MIXED, 1, good, LEN);
	packed = malloc(ROOM);
	out = malloc(ROOM);
	packed_len = oracle_encode(WD_ZLIB, NULL, good, LEN, packed, ROOM);
}

static void end(void)
{
	assert_good(WAY_SYNC, WD_ZLIB, c, d);
	assert_good(WAY_ASYNC, WD_ZLIB, c, d);
	assert_adds_up(rig.ctxs[0].ctx);
	assert_adds_up(rig.ctxs[1].ctx);
	wd_comp_free_sess(c);
	wd_comp_free_sess(d);
	rig_down(&rig);
	free(good);
	free(packed);
	free(out);
}

enum { WAY_STREAM = WAYS, ALL_WAYS };

static int run(int way, handle_t sess, struct wd_comp_req *req)
{
	int ret;

	if (way != WAY_STREAM)
		return run_block((enum way)way, sess, req);
	req->last = 1;
	ret = wd_do_comp_strm(sess, req);
	if (req->status == WD_STREAM_END)
		req->status = 0;
	wd_comp_reset_sess(sess);
	return ret;
}

/* ---- pages that take their time ----------------------------------------------- */

/* Every page of the source, and of the destination, comes through somebody else. */
START_TEST(each_page_is_brought)
{
	static const enum weft_fault_policy policies[] = {
		WEFT_FAULT_BLOCK, WEFT_FAULT_RESOLVE, WEFT_FAULT_POPULATE,
	};
	struct wd_comp_req req;

	begin(_i, "1");
	for (size_t p = 0; p < ARRAY_SIZE(policies); p++) {
		ck_assert_int_eq(weft_sess_fault_policy(c, policies[p]), 0);
		ck_assert_int_eq(weft_sess_fault_policy(d, policies[p]), 0);
		for (int way = 0; way < ALL_WAYS; way++) {
			struct slow from = { 0 }, to = { 0 };

			slow_begin(&from, LEN, good, 0);
			req = new_req(WD_DIR_COMPRESS, from.base, LEN, out, ROOM);
			assert_result(&req, 0, run(way, c, &req), 0);
			slow_begin(&to, LEN, NULL, 0);
			req = new_req(WD_DIR_DECOMPRESS, out, req.dst_len, to.base, LEN);
			assert_result(&req, 0, run(way, d, &req), 0);
			ck_assert_uint_eq(req.dst_len, LEN);
			ck_assert(!memcmp(to.base, good, LEN));
			ck_assert(from.special_seen && to.special_seen);
			slow_end(&from);
			slow_end(&to);
		}
	}
	end();
}
END_TEST

/* The same for a class without streams of its own: one of each kind of operand. */
static uint8_t crypto_key[32] = "it has thirty-two bytes, no less", crypto_iv[16], crypto_mac[16];

static int run_kind(const struct alg *alg, bool async, handle_t sess, void *src, uint8_t *dst)
{
	struct wd_cipher_req cipher = {
		.op_type = WD_CIPHER_ENCRYPTION, .src = src, .dst = dst, .in_bytes = LEN,
		.out_bytes = LEN, .out_buf_bytes = LEN, .iv = crypto_iv, .iv_bytes = 16,
	};
	struct wd_digest_req digest = {
		.in = src, .in_bytes = LEN, .out = dst, .out_bytes = 32, .out_buf_bytes = 32,
	};
	struct wd_aead_req aead = {
		.op_type = WD_CIPHER_ENCRYPTION_DIGEST, .src = src, .dst = dst, .in_bytes = LEN,
		.out_bytes = LEN, .iv = crypto_iv, .iv_bytes = 12, .mac = crypto_mac,
		.mac_bytes = 16,
	};

	memset(crypto_iv, 0, sizeof(crypto_iv));
	return alg->class == IS_CIPHER ? run_cipher(async, sess, &cipher) :
	       alg->class == IS_DIGEST ? run_digest(async, sess, &digest) :
					 run_aead(async, sess, &aead);
}

START_TEST(each_page_for_crypto)
{
	static const char *const names[] = { "cbc(aes)", "xts(aes)", "sha256", "gcm(aes)" };
	static const enum weft_fault_policy policies[] = {
		WEFT_FAULT_BLOCK, WEFT_FAULT_RESOLVE, WEFT_FAULT_POPULATE,
	};
	const struct bytes key = { crypto_key, sizeof(crypto_key) };
	const int turns = 2 * (int)ARRAY_SIZE(policies) * (int)ARRAY_SIZE(names);
	uint8_t *want;

	begin(_i, "1");
	crypto_start();
	want = calloc(1, LEN);
	for (int turn = 0; turn < turns; turn++) {
		const struct alg *alg = alg_named(names[turn / 2 % 4]);
		handle_t sess = crypto_sess(alg, &key, NULL);
		struct slow from = { 0 }, to = { 0 };

		if (alg->class == IS_AEAD)
			ck_assert_int_eq(wd_aead_set_authsize(sess, 16), 0);
		memset(want, 0, LEN);
		ck_assert_int_eq(run_kind(alg, false, sess, good, want), 0);
		ck_assert_int_eq(weft_sess_fault_policy(sess, policies[turn / 8]), 0);
		slow_begin(&from, LEN, good, 0);
		slow_begin(&to, LEN, NULL, 0);
		ck_assert_int_eq(run_kind(alg, turn % 2, sess, from.base, to.base), 0);
		ck_assert(!memcmp(to.base, want, LEN));
		ck_assert(from.special_seen && to.special_seen);
		slow_end(&from);
		slow_end(&to);
		crypto_sess_free(alg, sess);
	}
	free(want);
	crypto_finish();
	end();
}
END_TEST

static unsigned int others, others_wanted;

static void wait_for_others(struct slow *slow)
{
	const struct timespec at_least = { .tv_nsec = 200 * 1000 * 1000 };

	(void)slow;
	while (__atomic_load_n(&others, __ATOMIC_ACQUIRE) < others_wanted)
		sched_yield();
	if (in_full())
		nanosleep(&at_least, NULL);
}

static void *slow_ended(struct wd_comp_req *req, void *param)
{
	struct wd_comp_req *copy = param;

	*copy = *req;
	copy->priv = param;
	return NULL;
}

/*
 * One request waits for a page, which comes when 10,000 others have been completed
 * through the same device.
 */
START_TEST(others_go_on)
{
	const bool pri = config_is_pri(_i);
	struct slow from = { .before = wait_for_others };
	struct wd_comp_req req, ended = { .priv = NULL };
	uint8_t in[64] = "others", small[200];
	__u32 count;

	begin(_i, pri ? "1" : "2");
	others = 0;
	others_wanted = slow() ? 1000 : 10000;
	/* Somebody takes what is sent, although nobody polls. */
	if (!pri)
		ck_assert_int_ge(weft_ctx_wait_fd(rig.ctxs[1].ctx), 0);
	slow_begin(&from, LEN, good, 20);
	req = new_req(WD_DIR_COMPRESS, from.base, LEN, out, ROOM);
	req.cb = slow_ended;
	req.cb_param = &ended;
	ck_assert_int_eq(wd_do_comp_async(c, &req), 0);
	while (!pri && !__atomic_load_n(&from.special_seen, __ATOMIC_ACQUIRE))
		sched_yield();
	for (unsigned int i = 0; i < others_wanted; i++) {
		struct wd_comp_req other = new_req(WD_DIR_COMPRESS, in, sizeof(in), small,
						   sizeof(small));

		in[10] = (uint8_t)i;
		/* Where engines wait for a page in their own threads, another context is free. */
		assert_result(&other, 0, run_block(WAY_SYNC, c, &other), 0);
		if (pri && i % 100 == 0)
			wd_comp_poll_ctx(1, 1, &count);
		ck_assert_ptr_null(ended.priv);
		__atomic_store_n(&others, i + 1, __ATOMIC_RELEASE);
	}
	while (!ended.priv)
		wd_comp_poll_ctx(1, 1, &count);
	ck_assert_uint_eq(ended.status, 0);
	ck_assert_uint_eq(oracle_decode(WD_ZLIB, out, ended.dst_len, packed, ROOM, NULL), LEN);
	ck_assert(!memcmp(packed, good, LEN));
	slow_end(&from);
	end();
}
END_TEST

/* The same through one context, where parked requests are passed by. */
START_TEST(others_of_the_context_go_on)
{
	struct slow from = { .before = wait_for_others };
	struct wd_comp_req req, ended = { .priv = NULL };
	struct job *jobs;

	begin(2 * _i + 1, "1");
	others = 0;
	others_wanted = slow() ? 1000 : 10000;
	slow_begin(&from, LEN, good, 3);
	jobs = new_jobs(100, c);
	for (int i = 0; i < 100; i++)
		jobs[i].total = &others;
	req = new_req(WD_DIR_COMPRESS, from.base, LEN, out, ROOM);
	req.cb = slow_ended;
	req.cb_param = &ended;
	ck_assert_int_eq(wd_do_comp_async(c, &req), 0);
	for (unsigned int sent = 0; sent < others_wanted; sent += 100) {
		for (int i = 0; i < 100; i++)
			ck_assert_int_eq(job_send(&jobs[i]), 0);
		while (__atomic_load_n(&others, __ATOMIC_ACQUIRE) < sent + 100) {
			__u32 count;

			wd_comp_poll_ctx(1, 10, &count);
			if (sent + 100 < others_wanted)
				ck_assert_ptr_null(ended.priv);
		}
	}
	assert_jobs(jobs, 100);
	while (!ended.priv) {
		__u32 count;

		wd_comp_poll_ctx(1, 1, &count);
	}
	ck_assert_uint_eq(ended.status, 0);
	ck_assert_uint_eq(oracle_decode(WD_ZLIB, out, ended.dst_len, packed, ROOM, NULL), LEN);
	free(jobs);
	slow_end(&from);
	end();
}
END_TEST

/* ---- pages that never come -------------------------------------------------------- */

/* Who serves them dies: the request runs out of time, others do not notice. */
START_TEST(handler_dies)
{
	struct slow from = { .dies = true };
	struct wd_comp_req req;
	handle_t ctx;

	begin(_i, "2");
	ctx = rig.ctxs[0].ctx;
	slow_begin(&from, LEN, good, 7);
	ck_assert_int_eq(weft_sess_deadline(c, 50 * MS), 0);
	req = new_req(WD_DIR_COMPRESS, from.base, LEN, out, ROOM);
	/* A page that was to come in time may take longer on a busy machine. */
	ck_assert_int_eq(wd_do_comp_sync(c, &req), -WD_ETIMEDOUT);
	ck_assert_uint_eq(req.status, WD_ETIMEDOUT);
	ck_assert_uint_eq(stats_of(ctx).timeouts, 1);
	ck_assert_int_eq(weft_sess_deadline(c, 0), 0);
	assert_good(WAY_ASYNC, WD_ZLIB, c, d);
	assert_adds_up(ctx);
	/* The descriptor is closed with the process that served it: its pages are plain. */
	pthread_join(from.thread, NULL);
	close(from.fd);
	while (stats_of(ctx).quarantined)
		weft_ctx_noop(ctx);
	munmap(from.base, from.len);
	end();
}
END_TEST

/* ---- while it waits ------------------------------------------------------------------ */

static void unmap_tail(struct slow *slow)
{
	uint8_t *tail = slow->arg;

	munmap(tail, slow->len - (size_t)(tail - slow->base));
	/* Whatever comes to lie there from now on is somebody else's. */
	slow->len = (size_t)(tail - slow->base);
}

static void protect_tail(struct slow *slow)
{
	uint8_t *tail = slow->arg;

	mprotect(tail, slow->len - (size_t)(tail - slow->base), PROT_NONE);
}

static void move_tail(struct slow *slow)
{
	uint8_t *tail = slow->arg;
	size_t len = slow->len - (size_t)(tail - slow->base);
	void *away = mmap(NULL, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	mremap(tail, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, away);
	slow->len = (size_t)(tail - slow->base);
}

static void (*const changes[])(struct slow *slow) = { unmap_tail, protect_tail, move_tail };

/* A job has been at it and comes to where there is nothing any more: with that address. */
START_TEST(source_goes)
{
	const int what = _i % (int)ARRAY_SIZE(changes);
	struct wd_comp_req req;

	begin(_i / (int)ARRAY_SIZE(changes), "1");
	for (int way = 0; way < ALL_WAYS; way++) {
		struct slow from = { .before = changes[what] };
		int ret;

		slow_begin(&from, LEN, good, 10);
		from.arg = from.base + 30 * page_size();
		req = new_req(WD_DIR_COMPRESS, from.base, LEN, out, ROOM);
		ret = run(way, c, &req);
		ck_assert_int_eq(ret, -WD_ADDR_ERR);
		ck_assert_uint_eq(req.status, WD_ADDR_ERR);
		ck_assert(from.special_seen);
		ck_assert_uint_eq(report_of(c).fault_addr, (uintptr_t)from.arg);
		slow_end(&from);
	}
	end();
}
END_TEST

START_TEST(destination_goes)
{
	const int what = _i % (int)ARRAY_SIZE(changes);
	struct wd_comp_req req;

	begin(_i / (int)ARRAY_SIZE(changes), "1");
	for (int way = 0; way < ALL_WAYS; way++) {
		struct slow to = { .before = changes[what] };
		int ret;

		slow_begin(&to, LEN, NULL, 10);
		to.arg = to.base + 30 * page_size();
		req = new_req(WD_DIR_DECOMPRESS, packed, packed_len, to.base, LEN);
		ret = run(way, d, &req);
		ck_assert_int_eq(ret, -WD_ADDR_ERR);
		ck_assert_uint_eq(req.status, WD_ADDR_ERR);
		ck_assert(to.special_seen);
		ck_assert_uint_eq(report_of(d).fault_addr, (uintptr_t)to.arg);
		slow_end(&to);
	}
	end();
}
END_TEST

static void truncate_file(struct slow *slow)
{
	ck_assert_int_eq(ftruncate(*(int *)slow->arg, (off_t)page_size()), 0);
}

/* A mapped file gets short while the job waits for memory in front of it. */
START_TEST(file_gets_short)
{
	int fd = memfd_create("short", MFD_CLOEXEC);
	struct wd_datalist from_list[2], to_list;
	size_t file_len = 10 * page_size();
	uint8_t *file;

	begin(_i, "1");
	for (int way = 0; way < WAYS; way++) {
		struct slow from = { .before = truncate_file, .arg = &fd };
		struct wd_comp_req req;

		ck_assert_int_eq(ftruncate(fd, (off_t)file_len), 0);
		file = mmap(NULL, file_len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		ck_assert_ptr_ne(file, MAP_FAILED);
		memcpy(file, good, file_len);
		slow_begin(&from, LEN, good, 2);
		from_list[0] = (struct wd_datalist){ from.base, 10000, &from_list[1] };
		from_list[1] = (struct wd_datalist){ file, (__u32)file_len, NULL };
		to_list = (struct wd_datalist){ out, ROOM, NULL };
		req = new_req(WD_DIR_COMPRESS, from_list, 10000 + file_len, &to_list, ROOM);
		req.data_fmt = WD_SGL_BUF;
		assert_result(&req, -WD_ADDR_ERR, run_block((enum way)way, c, &req), WD_ADDR_ERR);
		ck_assert_uint_eq(report_of(c).fault_addr, (uintptr_t)file + page_size());
		slow_end(&from);
		munmap(file, file_len);
	}
	close(fd);
	end();
}
END_TEST

static void discard_head(struct slow *slow)
{
	madvise(slow->base, 10 * page_size(), MADV_DONTNEED);
}

/* What was translated goes away again: it is brought once more. */
START_TEST(discarded_meanwhile)
{
	begin(_i, "1");
	for (int way = 0; way < ALL_WAYS; way++) {
		struct slow from = { .before = discard_head };
		struct wd_comp_req req;

		slow_begin(&from, LEN, good, 20);
		req = new_req(WD_DIR_COMPRESS, from.base, LEN, out, ROOM);
		assert_result(&req, 0, run(way, c, &req), 0);
		ck_assert_uint_eq(oracle_decode(WD_ZLIB, out, req.dst_len, packed, ROOM, NULL), LEN);
		ck_assert(!memcmp(packed, good, LEN));
		slow_end(&from);
	}
	end();
}
END_TEST

int main(void)
{
	int fd = uffd_open(), count = config_count(), all = count * (int)ARRAY_SIZE(changes);
	Suite *suite;
	TCase *tcase;

	if (fd < 0) {
		printf("1..0 # SKIP userfaultfd is not to be had: %s\n", strerror(errno));
		return 0;
	}
	close(fd);
	suite = suite_create("uffd");
	tcase = add_case(suite, "slow");
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, each_page_is_brought, 0, count);
	tcase_add_loop_test(tcase, each_page_for_crypto, 0, count);
	tcase_add_loop_test(tcase, others_go_on, 0, count);
	tcase_add_loop_test(tcase, others_of_the_context_go_on, 0, guard_count());

	tcase = add_case(suite, "never");
	tcase_add_loop_test(tcase, handler_dies, 0, count);

	tcase = add_case(suite, "meanwhile");
	tcase_add_loop_test(tcase, source_goes, 0, all);
	tcase_add_loop_test(tcase, destination_goes, 0, all);
	tcase_add_loop_test(tcase, file_gets_short, 0, count);
	tcase_add_loop_test(tcase, discarded_meanwhile, 0, count);
	return run_suite(suite);
}
