/* SPDX-License-Identifier: MIT */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "ossl_case.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/async.h>
#include <openssl/core_names.h>
#include <openssl/engine.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/provider.h>

#define OPS		64
#define TURNS		5
#define TURN_S		0.002	/* at least, or the clock is what is measured */
#define THREADS_MAX	16
#define PIECE		1024u

static const unsigned char key[64] = "weft bench openssl: 64 bytes of a key that is not secret at all";
static const unsigned char iv[16] = "and of an IV 16";

#ifdef OPENSSL_NO_ENGINE
typedef struct engine_st ENGINE;
#endif

/* Where an operation comes from. */
struct source {
	OSSL_LIB_CTX *lib;
	const char *query;
	ENGINE *engine;		/* NULL: by the query */
};

struct op {
	const struct ossl_case *c;
	ENGINE *engine;
	EVP_CIPHER_CTX *cipher;
	EVP_MD *md;
	EVP_MD_CTX *digest;
	EVP_MAC_CTX *mac;
	EVP_PKEY *pkey, *peer;
	EVP_PKEY_CTX *pk;
	unsigned char *in, *out;
	unsigned char tag[16];
	size_t len;		/* of a signature */
};

static double cpu_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + 1e-9 * (double)ts.tv_nsec;
}

/* ---- one operation ---------------------------------------------------------- */

static bool is_ccm(const struct op *o)
{
	return EVP_CIPHER_CTX_get_mode(o->cipher) == EVP_CIPH_CCM_MODE;
}

static bool seal(struct op *o)
{
	int n;

	return EVP_EncryptInit_ex(o->cipher, NULL, NULL, NULL, iv) &&
	       (!is_ccm(o) || EVP_EncryptUpdate(o->cipher, NULL, &n, NULL, (int)o->c->size)) &&
	       EVP_EncryptUpdate(o->cipher, o->out, &n, o->in, (int)o->c->size) &&
	       EVP_EncryptFinal_ex(o->cipher, o->out + n, &n);
}

static bool unseal(struct op *o)
{
	int n;

	return EVP_DecryptInit_ex(o->cipher, NULL, NULL, NULL, iv) &&
	       EVP_CIPHER_CTX_ctrl(o->cipher, EVP_CTRL_AEAD_SET_TAG, 16, o->tag) &&
	       (!is_ccm(o) || EVP_DecryptUpdate(o->cipher, NULL, &n, NULL, (int)o->c->size)) &&
	       EVP_DecryptUpdate(o->cipher, o->in, &n, o->out, (int)o->c->size) &&
	       (is_ccm(o) || EVP_DecryptFinal_ex(o->cipher, o->in + n, &n));
}

static bool hash(struct op *o, size_t piece)
{
	unsigned int n;

	if (!(o->engine ? EVP_DigestInit_ex(o->digest, o->md, o->engine) :
	      EVP_DigestInit_ex2(o->digest, o->md, NULL)))
		return false;
	for (size_t at = 0; at < o->c->size; at += piece) {
		size_t len = o->c->size - at < piece ? o->c->size - at : piece;

		if (!EVP_DigestUpdate(o->digest, o->in + at, len))
			return false;
	}
	return EVP_DigestFinal_ex(o->digest, o->out, &n);
}

static bool op_run(struct op *o)
{
	size_t len = 512;
	int n;

	switch (o->c->kind) {
	case OSSL_ENCRYPT:
	case OSSL_DECRYPT:
		return EVP_CipherUpdate(o->cipher, o->out, &n, o->in, (int)o->c->size);
	case OSSL_SEAL:
		return seal(o);
	case OSSL_OPEN:
		return unseal(o);
	case OSSL_DIGEST:
		return hash(o, o->c->size);
	case OSSL_PIECES:
		return hash(o, PIECE);
	case OSSL_MAC:
		return EVP_MAC_init(o->mac, NULL, 0, NULL) &&
		       EVP_MAC_update(o->mac, o->in, o->c->size) &&
		       EVP_MAC_final(o->mac, o->out, &len, 64);
	case OSSL_SIGN:
		return EVP_PKEY_sign(o->pk, o->out, &len, o->in, 32) > 0;
	case OSSL_VERIFY:
		return EVP_PKEY_verify(o->pk, o->out, o->len, o->in, 32) > 0;
	case OSSL_DERIVE:
		return EVP_PKEY_derive(o->pk, o->out, &len) > 0;
	default:
		return !ASYNC_get_current_job() || ASYNC_pause_job();
	}
}

/* The cipher of a new context. */
static bool set_cipher(struct op *o, const struct source *from, EVP_CIPHER *cipher, const unsigned char *k,
		       const unsigned char *v, int enc)
{
	o->engine = from->engine;
	return cipher && o->cipher &&
	       (from->engine ? EVP_CipherInit_ex(o->cipher, cipher, from->engine, k, v, enc) :
		EVP_CipherInit_ex2(o->cipher, cipher, k, v, enc, NULL));
}

static bool begin_cipher(struct op *o, const struct source *from, bool enc)
{
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(from->lib, o->c->name, from->query);
	bool good;

	o->cipher = EVP_CIPHER_CTX_new();
	good = set_cipher(o, from, cipher, key, iv, enc) && EVP_CIPHER_CTX_set_padding(o->cipher, 0);
	EVP_CIPHER_free(cipher);
	return good;
}

static bool begin_aead(struct op *o, const struct source *from, bool enc)
{
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(from->lib, o->c->name, from->query);
	bool good = cipher;

	/* To open something, it must have been sealed. */
	for (int dir = 1; good && dir >= enc; dir--) {
		EVP_CIPHER_CTX_free(o->cipher);
		o->cipher = EVP_CIPHER_CTX_new();
		good = set_cipher(o, from, cipher, NULL, NULL, dir) &&
		       (!is_ccm(o) || EVP_CIPHER_CTX_ctrl(o->cipher, EVP_CTRL_AEAD_SET_TAG, 16,
							  dir ? NULL : o->tag)) &&
		       EVP_CipherInit_ex2(o->cipher, NULL, key, iv, dir, NULL) &&
		       (dir ? seal(o) && EVP_CIPHER_CTX_ctrl(o->cipher, EVP_CTRL_AEAD_GET_TAG, 16,
							     o->tag) : unseal(o));
	}
	EVP_CIPHER_free(cipher);
	return good;
}

static bool begin_digest(struct op *o, const struct source *from)
{
	o->engine = from->engine;
	o->md = EVP_MD_fetch(from->lib, o->c->name, from->query);
	o->digest = EVP_MD_CTX_new();
	return o->md && o->digest;
}

static bool begin_mac(struct op *o, const struct source *from)
{
	EVP_MAC *mac = EVP_MAC_fetch(from->lib, o->c->name, from->query);
	bool hmac = !strcmp(o->c->name, "HMAC");
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(hmac ? OSSL_MAC_PARAM_DIGEST : OSSL_MAC_PARAM_CIPHER,
						 (char *)(uintptr_t)o->c->sub, 0),
		OSSL_PARAM_construct_end(),
	};
	bool good;

	o->mac = mac ? EVP_MAC_CTX_new(mac) : NULL;
	good = o->mac && EVP_MAC_init(o->mac, key, hmac ? 32 : 16, params);
	EVP_MAC_free(mac);
	return good;
}

static EVP_PKEY *make_key(const struct ossl_case *c, OSSL_LIB_CTX *lib, const char *query)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(lib, c->name, query);
	EVP_PKEY *pkey = NULL;
	OSSL_PARAM params[2] = { OSSL_PARAM_construct_end(), OSSL_PARAM_construct_end() };
	size_t bits = 0;

	if (c->sub && !strcmp(c->name, "RSA")) {
		bits = (size_t)atoi(c->sub);
		params[0] = OSSL_PARAM_construct_size_t(OSSL_PKEY_PARAM_RSA_BITS, &bits);
	} else if (c->sub) {
		params[0] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
							     (char *)(uintptr_t)c->sub, 0);
	}
	if (!ctx || EVP_PKEY_keygen_init(ctx) <= 0 || !EVP_PKEY_CTX_set_params(ctx, params) ||
	    EVP_PKEY_generate(ctx, &pkey) <= 0)
		pkey = NULL;
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

static bool begin_key(struct op *o, const struct op *first, const struct source *from)
{
	OSSL_LIB_CTX *lib = from->lib;
	const char *query = from->query;
	EVP_PKEY_CTX *signer;
	bool good;

	/* One pair for all: making them is not what is measured. */
	if (first != o) {
		o->pkey = first->pkey;
		o->peer = first->peer;
		EVP_PKEY_up_ref(o->pkey);
		if (o->peer)
			EVP_PKEY_up_ref(o->peer);
	} else {
		o->pkey = make_key(o->c, lib, query);
		o->peer = o->pkey && o->c->kind == OSSL_DERIVE ? make_key(o->c, lib, query) : NULL;
	}
	o->pk = o->pkey ? EVP_PKEY_CTX_new_from_pkey(lib, o->pkey, query) : NULL;
	if (!o->pk)
		return false;
	if (o->c->kind == OSSL_DERIVE)
		return EVP_PKEY_derive_init(o->pk) > 0 && EVP_PKEY_derive_set_peer(o->pk, o->peer) > 0;
	if (o->c->kind == OSSL_SIGN)
		return EVP_PKEY_sign_init(o->pk) > 0;
	signer = EVP_PKEY_CTX_new_from_pkey(lib, o->pkey, query);
	o->len = 512;
	good = signer && EVP_PKEY_sign_init(signer) > 0 &&
	       EVP_PKEY_sign(signer, o->out, &o->len, o->in, 32) > 0 &&
	       EVP_PKEY_verify_init(o->pk) > 0;
	EVP_PKEY_CTX_free(signer);
	return good;
}

static bool op_begin(struct op *o, const struct op *first, const struct source *from,
		     const struct ossl_case *c)
{
	size_t room = (c->size > 512 ? c->size : 512) + 64;

	memset(o, 0, sizeof(*o));
	o->c = c;
	o->in = calloc(1, room);
	o->out = calloc(1, room);
	if (!o->in || !o->out)
		return false;
	switch (c->kind) {
	case OSSL_ENCRYPT:
	case OSSL_DECRYPT:
		return begin_cipher(o, from, c->kind == OSSL_ENCRYPT);
	case OSSL_SEAL:
	case OSSL_OPEN:
		return begin_aead(o, from, c->kind == OSSL_SEAL);
	case OSSL_DIGEST:
	case OSSL_PIECES:
		return begin_digest(o, from);
	case OSSL_MAC:
		return begin_mac(o, from);
	case OSSL_PAUSE:
		return true;
	default:
		/* An engine's keys are in force for all keys of a process or for none. */
		if (from->engine)
			return false;
		return begin_key(o, first, from);
	}
}

static void op_end(struct op *o)
{
	EVP_CIPHER_CTX_free(o->cipher);
	EVP_MD_CTX_free(o->digest);
	EVP_MD_free(o->md);
	EVP_MAC_CTX_free(o->mac);
	EVP_PKEY_CTX_free(o->pk);
	EVP_PKEY_free(o->pkey);
	EVP_PKEY_free(o->peer);
	free(o->in);
	free(o->out);
}

/* ---- a contestant's turn ------------------------------------------------------ */

static const unsigned int jobs_of[OSSL_SIDES] = {
	[OSSL_JOBS_16] = 16, [OSSL_JOBS_64] = 64, [OSSL_JOBS_64_FD] = 64,
};

struct turn {
	struct op *ops;		/* OPS of them */
	enum ossl_side side;
	size_t count;		/* operations */
	pthread_barrier_t *line;	/* of all threads and who measures; NULL: that is one */
	bool bad;
};

/* What one job of a turn does: every @step-th context, and so on round. */
struct share {
	struct op *ops;
	unsigned int first, step;
	size_t count;
};

static int share_main(void *arg)
{
	const struct share *s = *(struct share **)arg;
	unsigned int at = s->first;

	for (size_t i = 0; i < s->count; i++) {
		if (!op_run(&s->ops[at]))
			return 0;
		at = (at + s->step) % OPS;
	}
	return 1;
}

static int woken(void *arg)
{
	(void)arg;
	return 1;
}

/* Sleep until one of the jobs can go on, as an event loop would. */
static void wait_for(ASYNC_WAIT_CTX **waits, ASYNC_JOB **jobs, unsigned int n)
{
	struct pollfd fds[OPS];
	nfds_t count = 0;

	for (unsigned int i = 0; i < n; i++) {
		OSSL_ASYNC_FD fd;
		size_t one = 1;

		if (jobs[i] && ASYNC_WAIT_CTX_get_all_fds(waits[i], NULL, &one) && one == 1 &&
		    ASYNC_WAIT_CTX_get_all_fds(waits[i], &fd, &one))
			fds[count++] = (struct pollfd){ .fd = fd, .events = POLLIN };
	}
	if (count)
		poll(fds, count, -1);
}

static void run_jobs(struct turn *t)
{
	unsigned int n = jobs_of[t->side], left = n;
	ASYNC_JOB *jobs[OPS] = { NULL };
	ASYNC_WAIT_CTX *waits[OPS];
	struct share shares[OPS];
	bool done[OPS] = { false }, fd = t->side == OSSL_JOBS_64_FD;

	for (unsigned int i = 0; i < n; i++) {
		shares[i] = (struct share){ t->ops, i, n, t->count / n };
		waits[i] = ASYNC_WAIT_CTX_new();
		if (!fd)
			ASYNC_WAIT_CTX_set_callback(waits[i], woken, NULL);
	}
	while (left) {
		for (unsigned int i = 0; i < n; i++) {
			struct share *s = &shares[i];
			int ret = 0, status;

			if (done[i])
				continue;
			status = ASYNC_start_job(&jobs[i], waits[i], &ret, share_main, &s, sizeof(s));
			if (status == ASYNC_PAUSE)
				continue;
			t->bad |= status != ASYNC_FINISH || !ret;
			done[i] = true;
			jobs[i] = NULL;
			left--;
		}
		if (fd && left)
			wait_for(waits, jobs, n);
	}
	for (unsigned int i = 0; i < n; i++)
		ASYNC_WAIT_CTX_free(waits[i]);
}

static void run_turn(struct turn *t)
{
	struct share all = { t->ops, 0, 1, t->count }, *s = &all;

	if (jobs_of[t->side])
		run_jobs(t);
	else
		t->bad |= !share_main(&s);
}

/* What a thread needs once (stacks of jobs, an engine's memory) is not what is measured. */
static void *turn_main(void *arg)
{
	struct turn *t = arg, first = *t;

	first.count = 2 * OPS;
	run_turn(&first);
	t->bad |= first.bad;
	pthread_barrier_wait(t->line);	/* the clock starts */
	pthread_barrier_wait(t->line);
	run_turn(t);
	pthread_barrier_wait(t->line);
	return NULL;
}

struct contest {
	const struct ossl_case *c;
	OSSL_LIB_CTX *lib;
	ENGINE *engine;
	struct op ops[2][THREADS_MAX][OPS];	/* the default provider's, ours */
};

/* Several threads at the same time. Seconds of CPU of all of them. NAN: it failed. */
static double threads_turn(struct contest *x, enum ossl_side side, size_t count)
{
	struct turn turns[THREADS_MAX];
	pthread_t threads[THREADS_MAX];
	unsigned int n = x->c->threads;
	pthread_barrier_t line;
	double begun, taken;
	bool bad = false;

	if (pthread_barrier_init(&line, NULL, n + 1))
		return NAN;
	for (unsigned int i = 0; i < n; i++) {
		turns[i] = (struct turn){ x->ops[side != OSSL_DEFAULT][i], side, count, &line, false };
		/* The others would wait for it for ever. */
		if (pthread_create(&threads[i], NULL, turn_main, &turns[i]))
			abort();
	}
	pthread_barrier_wait(&line);
	begun = cpu_now();
	pthread_barrier_wait(&line);
	pthread_barrier_wait(&line);
	taken = cpu_now() - begun;
	for (unsigned int i = 0; i < n; i++) {
		pthread_join(threads[i], NULL);
		bad |= turns[i].bad;
	}
	pthread_barrier_destroy(&line);
	return bad ? NAN : taken;
}

/* Seconds of CPU for one operation. NAN: it failed. */
static double one_turn(struct contest *x, enum ossl_side side, size_t count)
{
	struct turn t = { x->ops[side != OSSL_DEFAULT][0], side, count, NULL, false };
	double begun = cpu_now();

	if (x->c->threads > 1)
		return threads_turn(x, side, count) / (double)count / x->c->threads;
	run_turn(&t);
	return t.bad ? NAN : (cpu_now() - begun) / (double)count;
}

/* How many operations make a turn: a multiple of OPS. */
static size_t calibrate(struct contest *x, double seconds)
{
	double least = seconds / TURNS > TURN_S ? seconds / TURNS : TURN_S;
	size_t count = OPS;

	for (;;) {
		double each = one_turn(x, OSSL_DEFAULT, count);

		if (!(each * (double)count < least / 4) || count > SIZE_MAX / 64) {
			double want = least / each;

			return isfinite(want) && want > OPS ? (size_t)(want / OPS + 1) * OPS : OPS;
		}
		count *= 4;
	}
}

static bool begin_all(struct contest *x)
{
	const struct source from[2] = {
		{ x->lib, "provider=default", NULL },
		{ x->lib, x->engine ? "provider=default" : "provider=weft", x->engine },
	};

	for (unsigned int which = 0; which < 2; which++) {
		for (unsigned int i = 0; i < x->c->threads * OPS; i++) {
			struct op *o = &x->ops[which][i / OPS][i % OPS];

			if (!op_begin(o, x->ops[which][0], &from[which], x->c))
				return false;
		}
	}
	return true;
}

static bool load_engine(struct contest *x)
{
#ifdef OPENSSL_NO_ENGINE
	return false;
#else
	ENGINE *e;

	ENGINE_load_dynamic();
	e = ENGINE_by_id("dynamic");
	if (e && ENGINE_ctrl_cmd_string(e, "SO_PATH", x->c->module, 0) &&
	    ENGINE_ctrl_cmd_string(e, "ID", "weft", 0) && ENGINE_ctrl_cmd_string(e, "LOAD", NULL, 0) &&
	    ENGINE_ctrl_cmd_string(e, "aead", "yes", 0) && ENGINE_init(e))
		x->engine = e;
	else
		ENGINE_free(e);
	return x->engine && OSSL_PROVIDER_load(x->lib, "default");
#endif
}

static void unload_engine(struct contest *x)
{
#ifndef OPENSSL_NO_ENGINE
	if (!x->engine)
		return;
	ENGINE_finish(x->engine);
	ENGINE_free(x->engine);
#endif
}

static bool load(struct contest *x)
{
	char folder[PATH_MAX];

	if (x->c->engine)
		return load_engine(x);
	if (strlen(x->c->module) >= sizeof(folder))
		return false;
	strcpy(folder, x->c->module);
	return OSSL_PROVIDER_set_default_search_path(x->lib, dirname(folder)) &&
	       OSSL_PROVIDER_load(x->lib, "weft") && OSSL_PROVIDER_load(x->lib, "default");
}

int ossl_measure(const void *arg, struct bench_result *res)
{
	struct contest *x = calloc(1, sizeof(*x));
	size_t count;
	int ret = 0;

	if (!x)
		return -ENOMEM;
	x->c = arg;
	x->lib = OSSL_LIB_CTX_new();
	if (!x->lib || !load(x)) {
		ret = -ENOENT;
		goto free_contest;
	}
	if (x->c->threads > THREADS_MAX || !begin_all(x)) {
		ret = -ENOTSUP;
		goto end_ops;
	}
	for (int side = 0; side < OSSL_SIDES; side++)
		res->value[side] = INFINITY;
	count = calibrate(x, x->c->seconds);
	for (unsigned int turn = 0; turn <= TURNS; turn++) {
		for (int side = 0; side < OSSL_SIDES; side++) {
			double t;

			if (x->c->kind == OSSL_PAUSE && side == OSSL_JOBS_64_FD)
				continue;
			t = one_turn(x, (enum ossl_side)side, count);
			if (isnan(t)) {
				ret = -EIO;
				goto end_ops;
			}
			/* The first round warms up: keys go to the device, jobs get stacks. */
			if (turn && t < res->value[side])
				res->value[side] = t;
		}
	}
end_ops:
	for (unsigned int i = 0; i < 2 * THREADS_MAX * OPS; i++)
		op_end(&x->ops[i / (THREADS_MAX * OPS)][i / OPS % THREADS_MAX][i % OPS]);
free_contest:
	unload_engine(x);
	OSSL_LIB_CTX_free(x->lib);
	free(x);
	return ret;
}
