/* SPDX-License-Identifier: MIT */
/* Sessions, and operations that run in a job or at once; classes and contexts are class.c's. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <weft/weft.h>

#include "openssl/class.h"
#include "openssl/common.h"
#include "openssl/dev.h"
#include "openssl/job.h"

#define SPINS		64		/* rounds of collecting: somebody is about to be done */
#define GIVE_UP_S	30

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

static struct wdi_ossl_sess *shared[WDI_OSSL_IMPLS][WDI_OSSL_TURNS];
static struct wdi_ossl_sess *inherited;	/* the parent's, by their member older */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int users;
static bool fork_hooked, exit_hooked;
/* Changes when everything that was opened is gone: after a fork, and after the last close. */
static uint32_t epoch = 1;
static uint32_t forks;

static uint32_t threads_seen;
static __thread uint32_t thread_turn __attribute__((tls_model("initial-exec")));	/* 1 and up */

uint32_t wdi_ossl_turn(void)
{
	if (wdi_unlikely(!thread_turn))
		thread_turn = __atomic_add_fetch(&threads_seen, 1, __ATOMIC_RELAXED);
	return thread_turn - 1;
}

/* ---- start and end ------------------------------------------------------------------- */

/*
 * OPENSSL_cleanup() frees what libcrypto keeps of other threads without asking them, so those
 * of the device have to be through with it before. If the contexts were the last of the device,
 * its threads end here; if the program has some of its own, they have no work of ours any more.
 * What comes after that is done by the CPU.
 */
static void before_cleanup(void)
{
	wdi_ossl_classes_close(true);
	__atomic_add_fetch(&epoch, 1, __ATOMIC_RELEASE);
}

static void child_after_fork(void)
{
	pthread_mutex_init(&lock, NULL);
	wdi_ossl_classes_after_fork();
	for (int i = 0; i < WDI_OSSL_IMPLS * WDI_OSSL_TURNS; i++) {
		struct wdi_ossl_sess **place = &shared[i / WDI_OSSL_TURNS][i % WDI_OSSL_TURNS];

		if (*place) {
			wdi_ossl_sess_keep(*place, inherited);
			inherited = *place;
			*place = NULL;
		}
	}
	__atomic_add_fetch(&epoch, 1, __ATOMIC_RELEASE);
	forks++;
	wdi_ossl_op_after_fork();
}

void wdi_ossl_dev_get(void)
{
	pthread_mutex_lock(&lock);
	users++;
	/* Both call this module for ever; it is never unloaded. */
	if (!fork_hooked)
		fork_hooked = !pthread_atfork(NULL, NULL, child_after_fork);
	if (!exit_hooked)
		exit_hooked = OPENSSL_atexit(before_cleanup);
	pthread_mutex_unlock(&lock);
}

void wdi_ossl_dev_put(void)
{
	pthread_mutex_lock(&lock);
	if (!--users) {
		for (int i = 0; i < WDI_OSSL_IMPLS * WDI_OSSL_TURNS; i++) {
			wdi_ossl_sess_put(shared[i / WDI_OSSL_TURNS][i % WDI_OSSL_TURNS]);
			shared[i / WDI_OSSL_TURNS][i % WDI_OSSL_TURNS] = NULL;
		}
		wdi_ossl_sess_put(inherited);
		inherited = NULL;
		wdi_ossl_classes_close(false);
		wdi_ossl_op_free_spares();
		__atomic_add_fetch(&epoch, 1, __ATOMIC_RELEASE);
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
	bool up;
};

static void up_here(void *arg)
{
	struct opening *o = arg;

	o->up = wdi_ossl_class_up(o->sess->class);
}

static void open_here(void *arg)
{
	struct opening *o = arg;

	o->sess->epoch = __atomic_load_n(&epoch, __ATOMIC_ACQUIRE);
	o->sess->handle = o->open(o->sess, o->arg);
}

struct wdi_ossl_sess *wdi_ossl_sess_open(enum wdi_ossl_class class, wdi_ossl_open_fn *open,
					 const void *arg)
{
	struct wdi_ossl_sess *sess = calloc(1, sizeof(*sess));
	struct opening o = { sess, open, arg, false };

	if (!sess)
		return NULL;
	sess->refs = 1;
	sess->class = class;
	wdi_ossl_job_call(up_here, &o);
	if (o.up)
		wdi_ossl_class_call(class, open_here, &o);
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

	wdi_ossl_class_free_sess(sess->class, sess->handle);
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
	struct wdi_ossl_sess **place = &shared[row - wdi_ossl_rows][wdi_ossl_turn() % WDI_OSSL_TURNS];
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
	return sess->epoch == __atomic_load_n(&epoch, __ATOMIC_ACQUIRE);
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
	wdi_ossl_class_has(class, op->pos);
	wdi_ossl_op_done(op);
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
	return __atomic_load_n(&op->state, __ATOMIC_ACQUIRE) == WDI_OSSL_OP_IDLE;
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
		if (op->epoch != __atomic_load_n(&epoch, __ATOMIC_ACQUIRE)) {
			/* In a child nobody will ever finish it. */
			if (op->forks != forks)
				wdi_ossl_op_done(op);
			return -ECANCELED;
		}
		if (wdi_ossl_class_collect(class, op->pos)) {
			idle = 0;
		} else if (++idle >= SPINS) {
			double now = wdi_ossl_seconds();

			if (!end)
				end = now + GIVE_UP_S;
			else if (now > end)
				return -ETIMEDOUT;
			wdi_ossl_class_sleep(class, op->pos);
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
	int ret;

	op->pos = wdi_ossl_class_pos(sess->class);
	op->epoch = __atomic_load_n(&epoch, __ATOMIC_ACQUIRE);
	op->forks = forks;
	op->status = 0;
	if (!wdi_ossl_class_sends(sess->class, op->pos))
		return -EIO;
	wdi_ossl_op_work(op);
	for (unsigned int tries = 0; ; tries++) {
		ret = send_once(sess, send, req);
		if (ret != -WD_EBUSY || tries >= 1000)
			break;
		if (!wdi_ossl_class_collect(sess->class, op->pos))
			sched_yield();
	}
	if (ret) {
		wdi_ossl_class_has(sess->class, op->pos);
		wdi_ossl_op_done(op);
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
		struct call call = { sync, sess->handle, req, -WD_EINVAL };

		wdi_ossl_class_call(sess->class, call_here, &call);
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
