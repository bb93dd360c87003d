/* SPDX-License-Identifier: MIT */
/*
 * Synchronous requests past the ring (WEFT_DIRECT): results, errors, reports and
 * counters are those of the ring, and what has to go through the ring does. Which way
 * one went is to be seen at the context's doorbell.
 */
#include <sched.h>
#include <sys/mman.h>

#include "../api/crypto.h"
#include "rig.h"

#include "hw/sdev_hw.h"

static struct rig rig;
static const struct sdev_doorbell *doorbell;
static handle_t sess;

#define LEN	1024u
static uint8_t in[LEN], out[LEN], iv[16];

static void begin(const char *direct)
{
	struct bytes key = { (uint8_t[16]){ 1, 2, 3 }, 16 };

	env("WEFT_DIRECT", direct);
	rig_make_polled(&rig, 1, 1, wd_cipher_poll_ctx);
	ck_assert_int_eq(wd_cipher_init(&rig.config, rig.sched), 0);
	doorbell = wd_ctx_mmap_qfr(rig.ctxs[0].ctx, UACCE_QFRT_MMIO);
	ck_assert_ptr_nonnull(doorbell);
	sess = crypto_sess(alg_named("cbc(aes)"), &key, NULL);
	data_fill(DATA_RANDOM, 1, in, LEN);
}

static void end(void)
{
	assert_adds_up(rig.ctxs[0].ctx);
	wd_cipher_free_sess(sess);
	wd_cipher_uninit();
	rig_release(&rig);
}

/* What wd_do_cipher_sync() returns. */
static int encrypt(const void *src, void *dst, uint32_t len)
{
	struct wd_cipher_req req = { .src = (void *)(uintptr_t)src, .dst = dst, .in_bytes = len,
				     .out_buf_bytes = len, .iv = iv, .iv_bytes = 16 };

	memset(iv, 0, sizeof(iv));
	return wd_do_cipher_sync(sess, &req);
}

static uint32_t in_ring(void)
{
	return __atomic_load_n(&doorbell->sq_tail, __ATOMIC_RELAXED);
}

/* Whether a request of @len went past the ring. */
static bool past(uint32_t len)
{
	uint8_t *p = malloc(2 * (size_t)len);
	uint32_t before;

	ck_assert_int_eq(encrypt(in, out, 16), 0);	/* opens the key's session */
	before = in_ring();
	memset(p, 1, len);
	ck_assert_int_eq(encrypt(p, p + len, len), 0);
	free(p);
	return in_ring() == before;
}

/* ---- the same --------------------------------------------------------------------------- */

struct seen {
	uint8_t out[LEN], iv[16];
	int ret[5];
	struct weft_report report[5];
	struct weft_ctx_stats stats;
};

static void look(const char *direct, struct seen *seen)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *p = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct weft_ctx_stats before;
	uint32_t ring;

	memset(seen, 0, sizeof(*seen));
	ck_assert_int_eq(mprotect(p + 2 * page, page, PROT_NONE), 0);
	begin(direct);
	ck_assert_int_eq(encrypt(in, out, 16), 0);
	before = stats_of(rig.ctxs[0].ctx);
	ring = in_ring();
	for (int i = 0; i < 5; i++) {
		switch (i) {
		case 0:
			seen->ret[i] = encrypt(in, seen->out, LEN);
			memcpy(seen->iv, iv, sizeof(iv));
			break;
		case 1:		/* source, then destination: beyond the end */
			seen->ret[i] = encrypt(p + 2 * page - 64, out, 128);
			break;
		case 2:
			seen->ret[i] = encrypt(in, p + 2 * page - 64, 128);
			break;
		case 3:		/* a page that is not there yet, and is reported */
			ck_assert_int_eq(weft_sess_fault_policy(sess, WEFT_FAULT_REPORT), 0);
			seen->ret[i] = encrypt(in, p, 128);
			break;
		case 4:		/* or resolved */
			ck_assert_int_eq(weft_sess_fault_policy(sess, WEFT_FAULT_RESOLVE), 0);
			seen->ret[i] = encrypt(in, p, 128);
			ck_assert_mem_eq(p, seen->out, 128);
			break;
		}
		seen->report[i] = report_of(sess);
		seen->report[i].ns = 0;
		if (seen->report[i].fault_addr)
			seen->report[i].fault_addr -= (uintptr_t)p;
	}
	/* Once, for what the ladder did. */
	ck_assert_uint_eq(in_ring() - ring, *direct == '0' ? 6 : 1);
	seen->stats = stats_of(rig.ctxs[0].ctx);
	seen->stats.submitted -= before.submitted;
	seen->stats.completed -= before.completed;
	end();
	munmap(p, 3 * page);
}

START_TEST(as_by_the_ring)
{
	struct seen ring, direct;

	env("WEFT_ENGINE_THREADS", "0");
	if (_i)
		env("WEFT_GUARD", "copy");
	look("0", &ring);
	look("1", &direct);
	ck_assert_mem_eq(ring.out, direct.out, LEN);
	ck_assert_mem_eq(ring.iv, direct.iv, 16);
	for (int i = 0; i < 5; i++) {
		ck_assert_int_eq(ring.ret[i], direct.ret[i]);
		ck_assert_mem_eq(&ring.report[i], &direct.report[i], sizeof(ring.report[i]));
	}
	ck_assert_int_eq(direct.ret[0], 0);
	ck_assert_int_eq(direct.ret[1], -WD_ADDR_ERR);
	ck_assert_int_eq(direct.ret[2], -WD_ADDR_ERR);
	ck_assert_int_eq(direct.ret[3], -WD_ADDR_ERR);
	ck_assert_int_eq(direct.ret[4], 0);
	ck_assert_uint_eq(direct.report[4].retries, 1);
	ck_assert_mem_eq(&ring.stats, &direct.stats, sizeof(ring.stats));
	ck_assert_uint_eq(direct.stats.submitted, 6);
}
END_TEST

/* ---- which way ---------------------------------------------------------------------------- */

static const struct path {
	const char *name, *value;
	bool past;
} paths[] = {
	{ "WEFT_DIRECT", "1", true },
	{ "WEFT_ENGINE_THREADS", "0", true },
	{ "WEFT_ENGINE_THREADS", "2", true },
	{ "WD_CIPHER_EPOLL_EN", "1", true },
	{ "WEFT_GUARD", "copy", true },
	{ "WEFT_DIRECT", "0", false },
	{ "WEFT_INLINE", "0", false },
	{ "WEFT_FAULT_MODE", "pri", false },
	{ "WEFT_DEADLINE_MS", "3600000", false },
	{ "WEFT_INJECT", "lose:1000000", false },
};

START_TEST(which_way)
{
	const struct path *way = &paths[_i];

	/* WEFT_INLINE says nothing where there is nobody else. */
	env("WEFT_ENGINE_THREADS", "1");
	env(way->name, way->value);
	begin(strcmp(way->name, "WEFT_DIRECT") ? "1" : way->value);
	ck_assert_int_eq(past(LEN), way->past);
	ck_assert_int_eq(past(64 << 10), way->past);
	ck_assert(!past((64 << 10) + 16));
	ck_assert_int_eq(weft_sess_deadline(sess, 3600 * 1000 * MS), 0);
	ck_assert(!past(LEN));
	end();
}
END_TEST

/* A reset between two requests: the second finds its session gone and opens another. */
START_TEST(after_a_reset)
{
	begin("1");
	ck_assert(past(LEN));
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(weft_ctx_reset(rig.ctxs[0].ctx), 0);
		ck_assert_int_eq(encrypt(in, out, LEN), 0);
		ck_assert(past(LEN));
	}
	ck_assert_int_eq(weft_ctx_inject(rig.ctxs[0].ctx, "delay:1000000/1"), 0);
	ck_assert(!past(LEN));
	end();
}
END_TEST

/* ---- at the same time ------------------------------------------------------------------------ */

static unsigned int calls;	/* atomic; requests that have come back */

/* Each time that some more requests have. */
static void resets(struct pest *pest)
{
	unsigned int seen = __atomic_load_n(&calls, __ATOMIC_RELAXED);

	weft_ctx_reset((handle_t)(uintptr_t)pest->base);
	while (__atomic_load_n(&calls, __ATOMIC_RELAXED) - seen < 30 &&
	       !__atomic_load_n(&pest->stop, __ATOMIC_RELAXED))
		sched_yield();
}

#define THREADS	3

static void *encrypts_many(void *arg)
{
	unsigned int *good = arg, rounds = in_full() ? 100000 : 500;
	uint8_t *want = out;

	for (unsigned int i = 0; i < rounds; i++) {
		uint8_t my_out[LEN], my_iv[16] = { 0 };
		struct wd_cipher_req req = { .src = in, .dst = my_out, .in_bytes = LEN,
					     .out_buf_bytes = LEN, .iv = my_iv, .iv_bytes = 16 };
		int ret = wd_do_cipher_sync(sess, &req);

		__atomic_fetch_add(&calls, 1, __ATOMIC_RELAXED);
		/* Right, or told that it was cut. */
		if (ret) {
			ck_assert_int_eq(ret, -WD_HW_EACCESS);
			continue;
		}
		ck_assert_mem_eq(my_out, want, LEN);
		(*good)++;
	}
	return NULL;
}

/* Threads share a context, and the device is reset all the while. */
START_TEST(threads_and_resets)
{
	unsigned int good[THREADS] = { 0 };
	pthread_t threads[THREADS];
	struct pest pest = { 0 };

	env("WEFT_ENGINE_THREADS", _i ? "1" : "0");
	begin("1");
	ck_assert_int_eq(encrypt(in, out, LEN), 0);
	pest_start(&pest, resets, (void *)(uintptr_t)rig.ctxs[0].ctx, 0);
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, encrypts_many, &good[i]), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	pest_stop(&pest);
	for (int i = 0; i < THREADS; i++)
		ck_assert_uint_gt(good[i], 0);
	end();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("past the ring");
	TCase *same = add_case(suite, "same");
	TCase *way = add_case(suite, "which way");
	TCase *beside = add_case(suite, "beside others");

	tcase_add_loop_test(same, as_by_the_ring, 0, 2);
	tcase_add_loop_test(way, which_way, 0, (int)ARRAY_SIZE(paths));
	tcase_add_test(way, after_a_reset);
	tcase_set_timeout(beside, in_full() ? 600 : 60);
	tcase_add_loop_test(beside, threads_and_resets, 0, 2);
	/* With page requests everything takes the ring; one way above says so. */
	setenv("WEFT_FAULT_MODE", "stall", 1);
	return run_suite(suite);
}
