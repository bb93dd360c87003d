/* SPDX-License-Identifier: MIT */
/*
 * libwd_crypto's classes as the provider uses them. A class gets some contexts, and a thread
 * sends everything through the context of its turn: so the jobs of one event loop meet in
 * one queue, and threads share none as long as there are not many more than CPUs.
 */
#include "openssl/class.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <uadk/wd_sched.h>
#include <weft/weft.h>

#include "openssl/common.h"
#include "openssl/job.h"

#define CTX_MAX		WDI_OSSL_TURNS
#define POLL_AT_ONCE	64
#define SLEEP_MS	5

/* What differs between the classes of libwd. */
struct class_fns {
	const char *alg;
	int (*init)(struct wd_ctx_config *config, struct wd_sched *sched);
	void (*uninit)(void);
	int (*poll_ctx)(__u32 idx, __u32 expt, __u32 *count);
	int (*poll)(__u32 expt, __u32 *count);
	void (*free_sess)(handle_t sess);
	bool gathers;		/* what is run together is faster: nobody may begin with a part */
};

static const struct class_fns fns[WDI_OSSL_CLASSES] = {
	[WDI_OSSL_CLASS_CIPHER] = { "cipher", wd_cipher_init, wd_cipher_uninit,
				    wd_cipher_poll_ctx, wd_cipher_poll, wd_cipher_free_sess, true },
	[WDI_OSSL_CLASS_DIGEST] = { "digest", wd_digest_init, wd_digest_uninit,
				    wd_digest_poll_ctx, wd_digest_poll, wd_digest_free_sess, true },
	[WDI_OSSL_CLASS_AEAD] = { "aead", wd_aead_init, wd_aead_uninit,
				  wd_aead_poll_ctx, wd_aead_poll, wd_aead_free_sess, true },
	[WDI_OSSL_CLASS_RSA] = { "rsa", wd_rsa_init, wd_rsa_uninit,
				 wd_rsa_poll_ctx, wd_rsa_poll, wd_rsa_free_sess, false },
	[WDI_OSSL_CLASS_ECC] = { "ecdh", wd_ecc_init, wd_ecc_uninit,
				 wd_ecc_poll_ctx, wd_ecc_poll, wd_ecc_free_sess, false },
	[WDI_OSSL_CLASS_DH] = { "dh", wd_dh_init, wd_dh_uninit,
				wd_dh_poll_ctx, wd_dh_poll, wd_dh_free_sess, false },
};

enum class_state {
	CLASS_NEW,
	CLASS_OURS,		/* contexts and scheduler are ours */
	CLASS_SHARED,		/* the application had initialised it */
	CLASS_FAILED,		/* not tried again until the device is closed */
};

/* What keeps a context open, counted apart because threads share none. */
struct place {
	uint32_t working;	/* operations sent and not collected */
	uint32_t inside;	/* threads in calls of libwd that are about none */
} __attribute__((aligned(64)));

struct class {
	int state;
	uint32_t ctx_num;
	struct wd_ctx ctxs[CTX_MAX];
	struct place places[CTX_MAX];
};

static struct class classes[WDI_OSSL_CLASSES];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool ending;		/* libcrypto's clean-up has begun: nothing begins any more */

/* ---- scheduler ----------------------------------------------------------------------- */

static handle_t sched_begin(handle_t h, void *param)
{
	(void)h;
	(void)param;
	return 0;
}

static __u32 sched_pick(handle_t h, void *key, const int mode)
{
	const struct class *c = (const struct class *)h;

	(void)key;
	(void)mode;
	return wdi_ossl_turn() % c->ctx_num;
}

/* Somebody else's wd_<class>_poll(): collect from every context. */
static int sched_poll(handle_t h, __u32 expect, __u32 *count)
{
	const struct class *c = (const struct class *)h;
	const struct class_fns *f = &fns[c - classes];

	for (uint32_t i = 0; i < c->ctx_num && *count < expect; i++) {
		__u32 n = 0;
		int ret = f->poll_ctx(i, expect - *count, &n);

		*count += n;
		if (ret && ret != -WD_EAGAIN)
			return ret;
	}
	return 0;
}

/* ---- start and end ------------------------------------------------------------------- */

/*
 * Two threads in one queue take away each other's batches while they are being filled, so
 * there are some more than CPUs.
 */
static uint32_t ctxs_wanted(void)
{
	cpu_set_t set;
	int n = 2;

	if (!sched_getaffinity(0, sizeof(set), &set))
		n = 2 * CPU_COUNT(&set);
	return n < 4 ? 4 : n > CTX_MAX ? CTX_MAX : (uint32_t)n;
}

static void close_ctxs(struct class *c)
{
	while (c->ctx_num)
		wd_release_ctx(c->ctxs[--c->ctx_num].ctx);
}

static int class_open(struct class *c, const struct class_fns *f)
{
	struct uacce_dev *dev = wd_get_accel_dev(f->alg);
	struct wd_ctx_config config = { .ctxs = c->ctxs };
	struct wd_sched sched = {
		.name = "weft openssl",
		.sched_policy = SCHED_POLICY_NONE,
		.sched_init = sched_begin,
		.pick_next_ctx = sched_pick,
		.poll_policy = sched_poll,
		.h_sched_ctx = (handle_t)c,
	};
	uint32_t want = ctxs_wanted();
	int ret;

	if (!dev)
		return CLASS_FAILED;
	for (c->ctx_num = 0; c->ctx_num < want; c->ctx_num++) {
		handle_t ctx = wd_request_ctx(dev);

		if (!ctx)
			break;
		if (f->gathers)
			weft_ctx_poll_only(ctx);
		c->ctxs[c->ctx_num] = (struct wd_ctx){ .ctx = ctx, .ctx_mode = CTX_MODE_ASYNC };
	}
	free(dev);
	if (!c->ctx_num)
		return CLASS_FAILED;
	config.ctx_num = c->ctx_num;
	ret = f->init(&config, &sched);
	if (!ret)
		return CLASS_OURS;
	close_ctxs(c);
	return ret == -WD_EEXIST ? CLASS_SHARED : CLASS_FAILED;
}

bool wdi_ossl_class_up(enum wdi_ossl_class class)
{
	struct class *c = &classes[class];
	int state = __atomic_load_n(&c->state, __ATOMIC_ACQUIRE);

	if (wdi_unlikely(state == CLASS_NEW)) {
		pthread_mutex_lock(&lock);
		if (c->state == CLASS_NEW && !__atomic_load_n(&ending, __ATOMIC_RELAXED))
			__atomic_store_n(&c->state, class_open(c, &fns[class]), __ATOMIC_RELEASE);
		state = c->state;
		pthread_mutex_unlock(&lock);
	}
	return state == CLASS_OURS || state == CLASS_SHARED;
}

/*
 * Who counts itself and then finds that nothing is ending may go on: whoever ends it counts
 * afterwards.
 */
static bool place_enter(struct place *p)
{
	__atomic_add_fetch(&p->inside, 1, __ATOMIC_SEQ_CST);
	if (wdi_likely(!__atomic_load_n(&ending, __ATOMIC_SEQ_CST)))
		return true;
	__atomic_sub_fetch(&p->inside, 1, __ATOMIC_RELEASE);
	return false;
}

static void place_leave(struct place *p)
{
	__atomic_sub_fetch(&p->inside, 1, __ATOMIC_RELEASE);
}

bool wdi_ossl_class_call(enum wdi_ossl_class class, void (*fn)(void *arg), void *arg)
{
	struct place *p = &classes[class].places[wdi_ossl_turn() % CTX_MAX];

	if (!place_enter(p))
		return false;
	wdi_ossl_job_call(fn, arg);
	place_leave(p);
	return true;
}

/* ---- operations on their way ------------------------------------------------------------ */

uint32_t wdi_ossl_class_pos(enum wdi_ossl_class class)
{
	const struct class *c = &classes[class];

	return c->ctx_num ? wdi_ossl_turn() % c->ctx_num : 0;
}

bool wdi_ossl_class_sends(enum wdi_ossl_class class, uint32_t pos)
{
	struct place *p = &classes[class].places[pos];

	__atomic_add_fetch(&p->working, 1, __ATOMIC_SEQ_CST);
	if (wdi_likely(!__atomic_load_n(&ending, __ATOMIC_SEQ_CST)))
		return true;
	wdi_ossl_class_has(class, pos);
	return false;
}

void wdi_ossl_class_has(enum wdi_ossl_class class, uint32_t pos)
{
	__atomic_sub_fetch(&classes[class].places[pos].working, 1, __ATOMIC_RELEASE);
}

struct collect {
	enum wdi_ossl_class class;
	uint32_t pos;
	__u32 count;
};

static void collect_here(void *arg)
{
	struct collect *c = arg;

	if (__atomic_load_n(&classes[c->class].state, __ATOMIC_RELAXED) == CLASS_OURS)
		fns[c->class].poll_ctx(c->pos, POLL_AT_ONCE, &c->count);
	else
		fns[c->class].poll(POLL_AT_ONCE, &c->count);
}

bool wdi_ossl_class_collect(enum wdi_ossl_class class, uint32_t pos)
{
	struct place *p = &classes[class].places[pos];
	struct collect c = { class, pos, 0 };

	if (!place_enter(p))
		return false;
	wdi_ossl_job_call(collect_here, &c);
	place_leave(p);
	return c.count > 0;
}

static void sleep_here(void *arg)
{
	struct collect *c = arg;

	wd_ctx_wait(classes[c->class].ctxs[c->pos].ctx, SLEEP_MS);
}

void wdi_ossl_class_sleep(enum wdi_ossl_class class, uint32_t pos)
{
	struct place *p = &classes[class].places[pos];
	struct collect c = { class, pos, 0 };

	if (__atomic_load_n(&classes[class].state, __ATOMIC_RELAXED) != CLASS_OURS ||
	    !place_enter(p)) {
		sched_yield();
		return;
	}
	wdi_ossl_job_call(sleep_here, &c);
	place_leave(p);
}

/* ---- the end ------------------------------------------------------------------------------ */

double wdi_ossl_seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + 1e-9 * (double)ts.tv_nsec;
}

/*
 * Operations that nobody waits for any more still point at memory. False: somebody is inside
 * still, and does not come out.
 */
static bool class_drain(enum wdi_ossl_class class)
{
	struct class *c = &classes[class];
	double end = wdi_ossl_seconds() + 1;

	for (uint32_t i = 0; i < CTX_MAX; i++) {
		struct place *p = &c->places[i];

		for (;;) {
			struct collect one = { class, i, 0 };

			if (__atomic_load_n(&p->working, __ATOMIC_SEQ_CST))
				wdi_ossl_job_call(collect_here, &one);
			else if (!__atomic_load_n(&p->inside, __ATOMIC_SEQ_CST))
				break;
			if (one.count)
				continue;
			if (wdi_ossl_seconds() > end)
				return false;
			sched_yield();
		}
	}
	return true;
}

static void close_here(void *arg)
{
	enum wdi_ossl_class class = *(enum wdi_ossl_class *)arg;

	fns[class].uninit();
	close_ctxs(&classes[class]);
}

/* Under lock. What is in use all the same is left alone. */
static void class_close(enum wdi_ossl_class class)
{
	struct class *c = &classes[class];
	bool drained = true;

	if (c->state == CLASS_OURS || c->state == CLASS_SHARED)
		drained = class_drain(class);
	if (!drained)
		return;
	if (c->state == CLASS_OURS)
		wdi_ossl_job_call(close_here, &class);
	c->ctx_num = 0;
	__atomic_store_n(&c->state, ending ? CLASS_FAILED : CLASS_NEW, __ATOMIC_RELEASE);
}

void wdi_ossl_classes_close(bool for_ever)
{
	if (for_ever)
		__atomic_store_n(&ending, true, __ATOMIC_SEQ_CST);
	pthread_mutex_lock(&lock);
	for (int i = 0; i < WDI_OSSL_CLASSES; i++)
		class_close((enum wdi_ossl_class)i);
	pthread_mutex_unlock(&lock);
}

/* The child has no contexts: libwd's classes are uninitialised there. */
void wdi_ossl_classes_after_fork(void)
{
	pthread_mutex_init(&lock, NULL);
	memset(classes, 0, sizeof(classes));
}

void wdi_ossl_class_free_sess(enum wdi_ossl_class class, handle_t sess)
{
	/* libwd recognises a handle whose initialisation has ended; it is memory still. */
	fns[class].free_sess(sess);
}
