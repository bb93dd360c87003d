/* SPDX-License-Identifier: MIT */
/*
 * libwd_crypto's classes as the provider uses them. A class gets some contexts, and a thread
 * sends everything through the context of its turn: so the jobs of one event loop meet in
 * one queue, and threads share none as long as there are not many more than CPUs.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>
#include <uadk/wd_sched.h>
#include <weft/weft.h>

#include "openssl/common.h"
#include "openssl/dev.h"
#include "openssl/job.h"

#define CTX_MAX		WDI_OSSL_TURNS
#define POLL_AT_ONCE	64
#define SPINS		64		/* rounds of collecting: somebody is about to be done */
#define SLEEP_MS	5
#define GIVE_UP_S	30

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

struct class {
	int state;
	uint32_t ctx_num;
	struct wd_ctx ctxs[CTX_MAX];
	uint32_t working[CTX_MAX];	/* operations sent and not collected */
};

struct wdi_ossl_sess {
	int refs;
	enum wdi_ossl_class class;
	uint32_t epoch;
	bool warm;		/* the device has the key: sending needs little stack */
	handle_t handle;
	void *extra;
	void (*free_extra)(void *extra);
	struct wdi_ossl_sess *older;
};

static struct class classes[WDI_OSSL_CLASSES];
static struct wdi_ossl_sess *shared[WDI_OSSL_IMPLS][CTX_MAX];
static struct wdi_ossl_sess *inherited;	/* the parent's, by their member older */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int users;
static bool fork_hooked;
/* Changes when everything that was opened is gone: after a fork, and after the last close. */
static uint32_t epoch = 1;
static uint32_t forks;

static uint32_t threads_seen;
static __thread uint32_t thread_turn;	/* 1 and up */

uint32_t wdi_ossl_turn(void)
{
	if (wdi_unlikely(!thread_turn))
		thread_turn = __atomic_add_fetch(&threads_seen, 1, __ATOMIC_RELAXED);
	return thread_turn - 1;
}

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

static bool class_up(enum wdi_ossl_class class)
{
	struct class *c = &classes[class];
	int state = __atomic_load_n(&c->state, __ATOMIC_ACQUIRE);

	if (wdi_unlikely(state == CLASS_NEW)) {
		pthread_mutex_lock(&lock);
		if (c->state == CLASS_NEW)
			__atomic_store_n(&c->state, class_open(c, &fns[class]), __ATOMIC_RELEASE);
		state = c->state;
		pthread_mutex_unlock(&lock);
	}
	return state != CLASS_FAILED;
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

/* One round of collecting, which runs what nobody has begun; true if something came. */
static bool collect(enum wdi_ossl_class class, uint32_t pos)
{
	struct collect c = { class, pos, 0 };

	wdi_ossl_job_call(collect_here, &c);
	return c.count > 0;
}

static void sleep_here(void *arg)
{
	struct collect *c = arg;

	wd_ctx_wait(classes[c->class].ctxs[c->pos].ctx, SLEEP_MS);
}

/*
 * Another thread has what is to be waited for. It may have collected it, too, of which nobody
 * is told; therefore not for long.
 */
static void let_others(enum wdi_ossl_class class, uint32_t pos)
{
	struct collect c = { class, pos, 0 };

	if (__atomic_load_n(&classes[class].state, __ATOMIC_RELAXED) == CLASS_OURS)
		wdi_ossl_job_call(sleep_here, &c);
	else
		sched_yield();
}

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + 1e-9 * (double)ts.tv_nsec;
}

/* Operations that nobody waits for any more still point at memory. */
static void class_drain(struct class *c, enum wdi_ossl_class class)
{
	double end = seconds() + 1;

	for (uint32_t i = 0; i < c->ctx_num; i++) {
		while (__atomic_load_n(&c->working[i], __ATOMIC_ACQUIRE) && seconds() < end) {
			if (!collect(class, i))
				sched_yield();
		}
	}
}

static void class_close(enum wdi_ossl_class class)
{
	struct class *c = &classes[class];

	if (c->state == CLASS_OURS) {
		class_drain(c, class);
		fns[class].uninit();
		close_ctxs(c);
	}
	memset(c, 0, sizeof(*c));
}

/* The child has no contexts: libwd's classes are uninitialised there. */
static void child_after_fork(void)
{
	pthread_mutex_init(&lock, NULL);
	memset(classes, 0, sizeof(classes));
	for (int i = 0; i < WDI_OSSL_IMPLS * CTX_MAX; i++) {
		struct wdi_ossl_sess **place = &shared[i / CTX_MAX][i % CTX_MAX];

		if (*place) {
			wdi_ossl_sess_keep(*place, inherited);
			inherited = *place;
			*place = NULL;
		}
	}
	epoch++;
	forks++;
	wdi_ossl_op_after_fork();
}

void wdi_ossl_dev_get(void)
{
	pthread_mutex_lock(&lock);
	users++;
	if (!fork_hooked)
		fork_hooked = !pthread_atfork(NULL, NULL, child_after_fork);
	pthread_mutex_unlock(&lock);
}

void wdi_ossl_dev_put(void)
{
	pthread_mutex_lock(&lock);
	if (!--users) {
		for (int i = 0; i < WDI_OSSL_IMPLS * CTX_MAX; i++) {
			wdi_ossl_sess_put(shared[i / CTX_MAX][i % CTX_MAX]);
			shared[i / CTX_MAX][i % CTX_MAX] = NULL;
		}
		wdi_ossl_sess_put(inherited);
		inherited = NULL;
		wdi_ossl_op_free_spares();
		for (int i = 0; i < WDI_OSSL_CLASSES; i++)
			class_close((enum wdi_ossl_class)i);
		epoch++;
	}
	pthread_mutex_unlock(&lock);
}

/* ---- sessions ------------------------------------------------------------------------ */

static handle_t open_cipher(int alg, int mode, const uint8_t *key, size_t key_len)
{
	struct wd_cipher_sess_setup setup = {
		.alg = (enum wd_cipher_alg)alg,
		.mode = (enum wd_cipher_mode)mode,
	};
	handle_t h = wd_cipher_alloc_sess(&setup);

	if (h && wd_cipher_set_key(h, key, (__u32)key_len)) {
		wd_cipher_free_sess(h);
		h = 0;
	}
	return h;
}

static handle_t open_digest(int alg, int mode, const uint8_t *key, size_t key_len)
{
	struct wd_digest_sess_setup setup = {
		.alg = (enum wd_digest_type)alg,
		.mode = (enum wd_digest_mode)mode,
	};
	handle_t h = wd_digest_alloc_sess(&setup);

	if (h && key && wd_digest_set_key(h, key, (__u32)key_len)) {
		wd_digest_free_sess(h);
		h = 0;
	}
	return h;
}

static handle_t open_aead(int alg, int mode, const uint8_t *key, size_t key_len, size_t tag)
{
	struct wd_aead_sess_setup setup = {
		.calg = (enum wd_cipher_alg)alg,
		.cmode = (enum wd_cipher_mode)mode,
	};
	handle_t h = wd_aead_alloc_sess(&setup);

	if (h && (wd_aead_set_ckey(h, key, (__u16)key_len) ||
		  wd_aead_set_authsize(h, (__u16)tag))) {
		wd_aead_free_sess(h);
		h = 0;
	}
	return h;
}

struct opening {
	struct wdi_ossl_sess *sess;
	wdi_ossl_open_fn *open;
	const void *arg;
};

static void open_here(void *arg)
{
	struct opening *o = arg;

	if (!class_up(o->sess->class))
		return;
	o->sess->epoch = epoch;
	o->sess->handle = o->open(o->sess, o->arg);
}

struct wdi_ossl_sess *wdi_ossl_sess_open(enum wdi_ossl_class class, wdi_ossl_open_fn *open,
					 const void *arg)
{
	struct wdi_ossl_sess *sess = calloc(1, sizeof(*sess));
	struct opening o = { sess, open, arg };

	if (!sess)
		return NULL;
	sess->refs = 1;
	sess->class = class;
	wdi_ossl_job_call(open_here, &o);
	if (!sess->handle) {
		if (sess->extra)
			sess->free_extra(sess->extra);
		free(sess);
		sess = NULL;
	}
	return sess;
}

struct keyed {
	int alg, mode;
	const uint8_t *key;
	size_t key_len, tag;
};

static handle_t open_keyed(struct wdi_ossl_sess *sess, const void *arg)
{
	const struct keyed *k = arg;

	switch (sess->class) {
	case WDI_OSSL_CLASS_CIPHER:
		return open_cipher(k->alg, k->mode, k->key, k->key_len);
	case WDI_OSSL_CLASS_DIGEST:
		return open_digest(k->alg, k->mode, k->key, k->key_len);
	default:
		return open_aead(k->alg, k->mode, k->key, k->key_len, k->tag);
	}
}

struct wdi_ossl_sess *wdi_ossl_sess_new(enum wdi_ossl_class class, int alg, int mode,
					const uint8_t *key, size_t key_len, size_t tag)
{
	struct keyed k = { alg, mode, key, key_len, tag };

	return wdi_ossl_sess_open(class, open_keyed, &k);
}

handle_t wdi_ossl_sess_handle(const struct wdi_ossl_sess *sess)
{
	return sess->handle;
}

void wdi_ossl_sess_set_extra(struct wdi_ossl_sess *sess, void *extra, void (*free)(void *extra))
{
	sess->extra = extra;
	sess->free_extra = free;
}

void *wdi_ossl_sess_extra(const struct wdi_ossl_sess *sess)
{
	return sess->extra;
}

void wdi_ossl_sess_keep(struct wdi_ossl_sess *sess, struct wdi_ossl_sess *older)
{
	sess->older = older;
}

struct wdi_ossl_sess *wdi_ossl_sess_hold(struct wdi_ossl_sess *sess)
{
	if (sess)
		__atomic_add_fetch(&sess->refs, 1, __ATOMIC_RELAXED);
	return sess;
}

static void close_here(void *arg)
{
	struct wdi_ossl_sess *sess = arg;

	/* libwd recognises a handle whose initialisation has ended; it is memory still. */
	fns[sess->class].free_sess(sess->handle);
}

void wdi_ossl_sess_put(struct wdi_ossl_sess *sess)
{
	while (sess && !__atomic_sub_fetch(&sess->refs, 1, __ATOMIC_ACQ_REL)) {
		struct wdi_ossl_sess *older = sess->older;

		wdi_ossl_job_call(close_here, sess);
		if (sess->extra)
			sess->free_extra(sess->extra);
		free(sess);
		sess = older;
	}
}

struct wdi_ossl_sess *wdi_ossl_sess_shared(const struct wdi_ossl_row *row)
{
	struct wdi_ossl_sess **place = &shared[row - wdi_ossl_rows][wdi_ossl_turn() % CTX_MAX];
	struct wdi_ossl_sess *sess = __atomic_load_n(place, __ATOMIC_ACQUIRE), *mine;

	if (wdi_likely(sess))
		return sess;
	mine = wdi_ossl_sess_new(WDI_OSSL_CLASS_DIGEST, row->alg, WD_DIGEST_NORMAL, NULL, 0, 0);
	if (mine && !__atomic_compare_exchange_n(place, &sess, mine, false, __ATOMIC_ACQ_REL,
						 __ATOMIC_ACQUIRE)) {
		wdi_ossl_sess_put(mine);
		return sess;
	}
	return mine;
}

bool wdi_ossl_sess_valid(const struct wdi_ossl_sess *sess)
{
	return sess->epoch == epoch;
}

/* ---- operations ---------------------------------------------------------------------- */

enum wdi_ossl_where wdi_ossl_where(const struct wdi_ossl_limits *limits, size_t len)
{
	enum wdi_ossl_where where = WDI_OSSL_CPU;

	if (wdi_ossl_job_takes(len, limits->async_min, limits->fd_min))
		where = WDI_OSSL_DEV_ASYNC;
	else if (len >= limits->sync_min)
		where = WDI_OSSL_DEV_SYNC;
	return where != WDI_OSSL_CPU && (wdi_ossl_job_calling() || weft_in_engine()) ?
	       WDI_OSSL_CPU : where;
}

static void op_finish(struct wdi_ossl_op *op, enum wdi_ossl_class class, int status)
{
	op->status = status;
	__atomic_sub_fetch(&classes[class].working[op->pos], 1, __ATOMIC_RELEASE);
	__atomic_store_n(&op->done, 1, __ATOMIC_RELEASE);
	wdi_ossl_op_put(op);
}

static void *cipher_done(struct wd_cipher_req *req, void *param)
{
	op_finish(param, WDI_OSSL_CLASS_CIPHER, req->state);
	return NULL;
}

static void *aead_done(struct wd_aead_req *req, void *param)
{
	op_finish(param, WDI_OSSL_CLASS_AEAD, req->state);
	return NULL;
}

static void *digest_done(void *data)
{
	struct wd_digest_req *req = data;

	op_finish(req->cb_param, WDI_OSSL_CLASS_DIGEST, req->state);
	return NULL;
}

static void rsa_done(void *data)
{
	struct wd_rsa_req *req = data;

	op_finish(req->cb_param, WDI_OSSL_CLASS_RSA, req->status);
}

static void ecc_done(void *data)
{
	struct wd_ecc_req *req = data;

	op_finish(req->cb_param, WDI_OSSL_CLASS_ECC, req->status);
}

static void dh_done(void *data)
{
	struct wd_dh_req *req = data;
	struct wdi_ossl_op *op = req->cb_param;

	op->produced = req->pri_bytes;
	op_finish(op, WDI_OSSL_CLASS_DH, req->status);
}

static bool op_over(const struct wdi_ossl_op *op)
{
	return __atomic_load_n(&op->done, __ATOMIC_ACQUIRE);
}

/*
 * The operation was sent. Pause, so that other jobs add theirs; whoever is woken first
 * runs what has gathered and finds, like all others after it, its own done.
 */
static int op_wait(struct wdi_ossl_op *op, enum wdi_ossl_class class)
{
	double end = 0;
	unsigned int idle = 0;

	wdi_ossl_job_pause();
	while (!op_over(op)) {
		if (op->epoch != epoch) {
			/* In a child nobody will ever finish it. */
			if (op->forks != forks)
				wdi_ossl_op_put(op);
			return -ECANCELED;
		}
		if (collect(class, op->pos)) {
			idle = 0;
		} else if (++idle >= SPINS) {
			double now = seconds();

			if (!end)
				end = now + GIVE_UP_S;
			else if (now > end)
				return -ETIMEDOUT;
			let_others(class, op->pos);
			idle = 0;
		}
	}
	return op->status == WD_VERIFY_ERR ? WD_VERIFY_ERR : op->status ? -EIO : 0;
}

struct call {
	int (*fn)(handle_t sess, void *req);
	handle_t sess;
	void *req;
	int ret;
};

static void call_here(void *arg)
{
	struct call *c = arg;

	c->ret = c->fn(c->sess, c->req);
}

static int send_once(struct wdi_ossl_sess *sess, int (*send)(handle_t sess, void *req), void *req)
{
	struct call call = { send, sess->handle, req, 0 };

	if (wdi_likely(__atomic_load_n(&sess->warm, __ATOMIC_RELAXED)))
		return send(sess->handle, req);
	wdi_ossl_job_call(call_here, &call);
	if (!call.ret)
		__atomic_store_n(&sess->warm, true, __ATOMIC_RELAXED);
	return call.ret;
}

/* Send with @send, again while the ring is full: collecting makes room. */
static int run_async(struct wdi_ossl_sess *sess, struct wdi_ossl_op *op,
		     int (*send)(handle_t sess, void *req), void *req)
{
	struct class *c = &classes[sess->class];
	int ret;

	op->pos = c->ctx_num ? wdi_ossl_turn() % c->ctx_num : 0;
	op->epoch = epoch;
	op->forks = forks;
	op->done = 0;
	op->status = 0;
	__atomic_add_fetch(&op->refs, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&c->working[op->pos], 1, __ATOMIC_RELAXED);
	for (unsigned int tries = 0; ; tries++) {
		ret = send_once(sess, send, req);
		if (ret != -WD_EBUSY || tries >= 1000)
			break;
		if (!collect(sess->class, op->pos))
			sched_yield();
	}
	if (ret) {
		__atomic_sub_fetch(&c->working[op->pos], 1, __ATOMIC_RELAXED);
		__atomic_sub_fetch(&op->refs, 1, __ATOMIC_RELAXED);
		return -EIO;
	}
	return op_wait(op, sess->class);
}

static int run(struct wdi_ossl_sess *sess, struct wdi_ossl_op *op,
	       int (*sync)(handle_t sess, void *req), int (*async)(handle_t sess, void *req),
	       void *req, enum wdi_ossl_where where)
{
	int ret;

	if (op->busy)
		return -EBUSY;
	op->busy = true;
	if (where == WDI_OSSL_DEV_ASYNC) {
		ret = run_async(sess, op, async, req);
	} else {
		struct call call = { sync, sess->handle, req, 0 };

		wdi_ossl_job_call(call_here, &call);
		ret = call.ret == -WD_VERIFY_ERR ? WD_VERIFY_ERR : call.ret ? -EIO : 0;
	}
	op->busy = false;
	return ret;
}

static int cipher_sync(handle_t sess, void *req)
{
	return wd_do_cipher_sync(sess, req);
}

static int cipher_async(handle_t sess, void *req)
{
	return wd_do_cipher_async(sess, req);
}

static int digest_sync(handle_t sess, void *req)
{
	return wd_do_digest_sync(sess, req);
}

static int digest_async(handle_t sess, void *req)
{
	return wd_do_digest_async(sess, req);
}

static int aead_sync(handle_t sess, void *req)
{
	return wd_do_aead_sync(sess, req);
}

static int aead_async(handle_t sess, void *req)
{
	return wd_do_aead_async(sess, req);
}

static int rsa_sync(handle_t sess, void *req)
{
	return wd_do_rsa_sync(sess, req);
}

static int rsa_async(handle_t sess, void *req)
{
	return wd_do_rsa_async(sess, req);
}

static int ecc_sync(handle_t sess, void *req)
{
	return wd_do_ecc_sync(sess, req);
}

static int ecc_async(handle_t sess, void *req)
{
	return wd_do_ecc_async(sess, req);
}

static int dh_sync(handle_t sess, void *req)
{
	return wd_do_dh_sync(sess, req);
}

static int dh_async(handle_t sess, void *req)
{
	return wd_do_dh_async(sess, req);
}

int wdi_ossl_run_cipher(struct wdi_ossl_sess *sess, struct wdi_ossl_op *op,
			struct wd_cipher_req *req, enum wdi_ossl_where where)
{
	if (where == WDI_OSSL_DEV_ASYNC) {
		req->cb = cipher_done;
		req->cb_param = op;
	}
	return run(sess, op, cipher_sync, cipher_async, req, where);
}

int wdi_ossl_run_digest(struct wdi_ossl_sess *sess, struct wdi_ossl_op *op,
			struct wd_digest_req *req, enum wdi_ossl_where where)
{
	if (where == WDI_OSSL_DEV_ASYNC) {
		req->cb = digest_done;
		req->cb_param = op;
	}
	return run(sess, op, digest_sync, digest_async, req, where);
}

int wdi_ossl_run_aead(struct wdi_ossl_sess *sess, struct wdi_ossl_op *op,
		      struct wd_aead_req *req, enum wdi_ossl_where where)
{
	if (where == WDI_OSSL_DEV_ASYNC) {
		req->cb = aead_done;
		req->cb_param = op;
	}
	return run(sess, op, aead_sync, aead_async, req, where);
}

int wdi_ossl_run_rsa(struct wdi_ossl_sess *sess, struct wdi_ossl_op *op, struct wd_rsa_req *req,
		     enum wdi_ossl_where where)
{
	if (where == WDI_OSSL_DEV_ASYNC) {
		req->cb = rsa_done;
		req->cb_param = op;
	}
	return run(sess, op, rsa_sync, rsa_async, req, where);
}

int wdi_ossl_run_ecc(struct wdi_ossl_sess *sess, struct wdi_ossl_op *op, struct wd_ecc_req *req,
		     enum wdi_ossl_where where)
{
	if (where == WDI_OSSL_DEV_ASYNC) {
		req->cb = ecc_done;
		req->cb_param = op;
	}
	return run(sess, op, ecc_sync, ecc_async, req, where);
}

int wdi_ossl_run_dh(struct wdi_ossl_sess *sess, struct wdi_ossl_op *op, struct wd_dh_req *req,
		    enum wdi_ossl_where where)
{
	int ret;

	if (where == WDI_OSSL_DEV_ASYNC) {
		req->cb = dh_done;
		req->cb_param = op;
	}
	ret = run(sess, op, dh_sync, dh_async, req, where);
	if (where != WDI_OSSL_DEV_ASYNC)
		op->produced = req->pri_bytes;
	return ret;
}
