/* SPDX-License-Identifier: MIT */
/*
 * The life of the provider in every order: operations, jobs that are paused and resumed,
 * forks, the end of everything that names the provider, the end of the process. Each order
 * has a process of its own, which comes from one that has not used OpenSSL yet and ends by
 * exit(), so that what OpenSSL, the provider and libwd do there is part of it.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/async.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <uadk/wd_digest.h>
#include <uadk/wd_rsa.h>
#include <uadk/wd_sched.h>

#include "../quiet_fork.h"
#include "../unit/unit.h"
#include "ossl.h"
#include "ossl_pk.h"

#define LEN	4096
#define FORKS	4

/* What a process has at a time; all of it is NULL before the first step. */
static struct life {
	struct weft_ctx w;
	EVP_CIPHER_CTX *cipher[2];	/* one for calls, one that a paused job is in */
	EVP_MD_CTX *digest;
	EVP_PKEY *key;
	EVP_PKEY_CTX *signer;
	ASYNC_JOB *jobs[2];
	ASYNC_WAIT_CTX *waits[2];
	uint8_t in[LEN], out[LEN], signature[256];
	size_t signed_len;
	pid_t children[FORKS];
	unsigned int forks;
	bool own;
} l;
static ASYNC_JOB *volatile lost[2];	/* only so that leak checkers find them */
static OSSL_PROVIDER *volatile kept[2];	/* so are these */

/* Not check's: these processes are children of its own, and it counts by exit status. */
#define NEED(x) \
	do { \
		if (!(x)) { \
			fprintf(stderr, "%d: %s\n", __LINE__, #x); \
			ERR_print_errors_fp(stderr); \
			_exit(1); \
		} \
	} while (0)

static const uint8_t key[16] = "0123456789abcde", iv[16] = "fedcba987654321";

/* ---- steps ---------------------------------------------------------------------------- */

static void open_ctx(struct weft_ctx *w)
{
	weft_ctx_open(w, "async-min = 1\nsync-min = 1");
	NEED(w->prov);
	ERR_clear_error();
}

static EVP_CIPHER_CTX *make_cipher(OSSL_LIB_CTX *libctx, const char *query)
{
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(libctx, "AES-128-CBC", query);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

	NEED(cipher && ctx && EVP_EncryptInit_ex2(ctx, cipher, key, iv, NULL) == 1);
	EVP_CIPHER_CTX_set_padding(ctx, 0);
	EVP_CIPHER_free(cipher);
	return ctx;
}

static void load(void)
{
	EVP_MD *md;

	open_ctx(&l.w);
	NEED(EVP_set_default_properties(l.w.libctx, "?provider=weft") == 1);
	md = EVP_MD_fetch(l.w.libctx, "SHA256", "provider=weft");
	l.digest = EVP_MD_CTX_new();
	NEED(md && l.digest && EVP_DigestInit_ex2(l.digest, md, NULL) == 1);
	EVP_MD_free(md);
	for (int i = 0; i < 2; i++)
		l.cipher[i] = make_cipher(l.w.libctx, "provider=weft");
	l.key = pk_import(l.w.libctx, "rsa2048");
	NEED(l.key);
	l.signer = EVP_PKEY_CTX_new_from_pkey(l.w.libctx, l.key, "provider=weft");
	NEED(l.signer && EVP_PKEY_sign_init(l.signer) == 1);
	ERR_clear_error();
	memset(l.in, 'x', LEN);
}

/* The first call of a context's that was initialised as make_cipher() does. */
static void check_cipher(const uint8_t *out)
{
	OSSL_LIB_CTX *plain = OSSL_LIB_CTX_new();
	EVP_CIPHER_CTX *ctx = make_cipher(plain, NULL);
	uint8_t want[LEN];
	int n = 0;

	NEED(EVP_EncryptUpdate(ctx, want, &n, l.in, LEN) == 1 && n == LEN);
	NEED(!memcmp(out, want, LEN));
	EVP_CIPHER_CTX_free(ctx);
	OSSL_LIB_CTX_free(plain);
}

static void use(void)
{
	static const uint8_t abc[] = { 0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea };
	uint8_t out[LEN], signature[256];
	size_t len = sizeof(signature);
	unsigned int size;
	int n = 0;

	NEED(EVP_EncryptInit_ex2(l.cipher[0], NULL, key, iv, NULL) == 1);
	EVP_CIPHER_CTX_set_padding(l.cipher[0], 0);
	NEED(EVP_EncryptUpdate(l.cipher[0], out, &n, l.in, LEN) == 1 && n == LEN);
	check_cipher(out);
	/* FIPS 180-4, "abc" */
	NEED(EVP_DigestInit_ex2(l.digest, NULL, NULL) == 1);
	NEED(EVP_DigestUpdate(l.digest, "abc", 3) == 1);
	NEED(EVP_DigestFinal_ex(l.digest, out, &size) == 1 && size == 32);
	NEED(!memcmp(out, abc, sizeof(abc)));
	/* The job's context may be in the middle of something; a copy of it is not to be had then. */
	if (l.jobs[1])
		return;
	NEED(EVP_PKEY_sign(l.signer, signature, &len, (const uint8_t *)"a short message", 15) == 1);
	NEED(len == 256);
}

static void *use_main(void *arg)
{
	(void)arg;
	use();
	return NULL;
}

static void use_in_thread(void)
{
	pthread_t thread;

	NEED(!pthread_create(&thread, NULL, use_main, NULL));
	NEED(!pthread_join(thread, NULL));
}

static int cipher_main(void *arg)
{
	int n = 0;

	(void)arg;
	return EVP_EncryptUpdate(l.cipher[1], l.out, &n, l.in, LEN) == 1 && n == LEN;
}

static int sign_main(void *arg)
{
	(void)arg;
	l.signed_len = sizeof(l.signature);
	return EVP_PKEY_sign(l.signer, l.signature, &l.signed_len,
			     (const uint8_t *)"a short message", 15) == 1;
}

static int (*const mains[2])(void *) = { cipher_main, sign_main };

static void pause_jobs(void)
{
	for (int i = 0; i < 2; i++) {
		int ret = 0;

		l.waits[i] = ASYNC_WAIT_CTX_new();
		NEED(ASYNC_start_job(&l.jobs[i], l.waits[i], &ret, mains[i], NULL, 0) == ASYNC_PAUSE);
	}
}

static void resume_jobs(void)
{
	for (int i = 0; i < 2; i++) {
		int ret = 0;

		if (!l.jobs[i])
			continue;
		NEED(ASYNC_start_job(&l.jobs[i], l.waits[i], &ret, mains[i], NULL, 0) ==
		     ASYNC_FINISH && ret == 1);
		l.jobs[i] = NULL;
		ASYNC_WAIT_CTX_free(l.waits[i]);
		l.waits[i] = NULL;
		if (!i)
			check_cipher(l.out);
		else
			NEED(l.signed_len == 256);
	}
}

/* Both go on with the next step; the parent asks at the end how the child did. */
static void do_fork(void)
{
	pid_t pid = quiet_fork();

	NEED(pid >= 0);
	if (pid)
		l.children[l.forks++] = pid;
	else
		l.forks = 0;
}

/* What was fetched keeps the provider until it is freed. */
static void unload(void)
{
	if (l.w.prov)
		NEED(OSSL_PROVIDER_unload(l.w.prov) == 1);
	l.w.prov = NULL;
}

static void free_all(void)
{
	for (int i = 0; i < 2; i++)
		EVP_CIPHER_CTX_free(l.cipher[i]);
	EVP_MD_CTX_free(l.digest);
	EVP_PKEY_CTX_free(l.signer);
	EVP_PKEY_free(l.key);
	for (int i = 0; i < 2; i++) {
		ASYNC_WAIT_CTX_free(l.waits[i]);
		l.waits[i] = NULL;
		/* OpenSSL has no way to free a job that is not resumed. */
		lost[i] = l.jobs[i];
		l.jobs[i] = NULL;
		l.cipher[i] = NULL;
	}
	l.digest = NULL;
	l.signer = NULL;
	l.key = NULL;
	weft_ctx_close(&l.w);
	memset(&l.w, 0, sizeof(l.w));
}

/* A second instance beside the first, with its own contexts. */
static void second(void)
{
	struct life first = l;

	memset(&l, 0, sizeof(l));
	load();
	use();
	free_all();
	l = first;
}

/* The application's default library context, which OpenSSL takes down at exit. */
static void load_default(void)
{
	EVP_MD *md;
	uint8_t out[EVP_MAX_MD_SIZE];
	unsigned int n;

	NEED(OSSL_PROVIDER_set_default_search_path(NULL, getenv("OPENSSL_MODULES")) == 1);
	/* Never unloaded, as programs do. */
	kept[0] = OSSL_PROVIDER_load(NULL, "weft");
	kept[1] = OSSL_PROVIDER_load(NULL, "default");
	NEED(kept[0] && kept[1]);
	md = EVP_MD_fetch(NULL, "SHA256", "provider=weft");
	NEED(md && EVP_Digest("abc", 3, out, &n, md, NULL) == 1);
	EVP_MD_free(md);
}

static void clean_up(void)
{
	OPENSSL_cleanup();
}

static void end(void)
{
	for (unsigned int i = 0; i < l.forks; i++) {
		int status = -1;

		NEED(waitpid(l.children[i], &status, 0) == l.children[i]);
		NEED(!status);
	}
	exit(0);
}

static void *exit_main(void *arg)
{
	(void)arg;
	end();
	return NULL;
}

/* The process ends in another thread; this one is in no call of OpenSSL's. */
static void end_in_thread(void)
{
	pthread_t thread;

	NEED(!pthread_create(&thread, NULL, exit_main, NULL));
	pthread_join(thread, NULL);
}

/*
 * The program uses the same device itself: the classes are its own then, and so are the device's
 * threads.
 */
static void own(void)
{
	static const uint8_t abc[] = { 0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea };
	struct wd_digest_sess_setup setup = { .alg = WD_DIGEST_SHA256, .mode = WD_DIGEST_NORMAL };
	char name[] = "sha256", text[] = "abc";
	uint8_t out[32];
	struct wd_digest_req req = {
		.in = text, .in_bytes = 3, .out = out, .out_bytes = 32, .out_buf_bytes = 32,
	};
	handle_t sess;
	int ret;

	if (!l.own) {
		NEED(!wd_digest_init2(name, SCHED_POLICY_RR, TASK_MIX));
		/* Unless the provider was first. */
		ret = wd_rsa_init2("rsa", SCHED_POLICY_RR, TASK_MIX);
		NEED(!ret || ret == -WD_EEXIST);
	}
	l.own = true;
	sess = wd_digest_alloc_sess(&setup);
	NEED(sess && !wd_do_digest_sync(sess, &req) && !memcmp(out, abc, sizeof(abc)));
	wd_digest_free_sess(sess);
}

static void end_at_once(void)
{
	for (unsigned int i = 0; i < l.forks; i++)
		NEED(waitpid(l.children[i], NULL, 0) == l.children[i]);
	_exit(0);
}

/* ---- orders --------------------------------------------------------------------------- */

static const struct {
	const char *name;
	void (*run)(void);
} steps[] = {
	{ "load", load }, { "default", load_default }, { "second", second }, { "use", use },
	{ "thread", use_in_thread }, { "pause", pause_jobs }, { "resume", resume_jobs },
	{ "fork", do_fork }, { "unload", unload }, { "free", free_all }, { "cleanup", clean_up },
	{ "own", own }, { "exit", end }, { "exit-thread", end_in_thread }, { "_exit", end_at_once },
};

static void step(const char *name)
{
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (!strcmp(steps[i].name, name)) {
			steps[i].run();
			return;
		}
	}
	NEED(!"such a step");
}

static void run_order(const char *order)
{
	pid_t pid = fork();
	int status = -1;

	ck_assert_int_ge(pid, 0);
	if (!pid) {
		char *copy = strdup(order), *rest;

		for (char *s = strtok_r(copy, " ", &rest); s; s = strtok_r(NULL, " ", &rest)) {
			char name[16];

			snprintf(name, sizeof(name), "%s", s);
			if (strstr(name, "exit"))
				free(copy);
			step(name);
		}
		_exit(2);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	if (status)
		fprintf(stderr, "order: %s\n", order);
	ck_assert_msg(!status, "%s: status %#x", order, (unsigned int)status);
}

static const char *const orders[] = {
	"exit",
	"load exit",
	"load free exit",
	"load use exit",
	"load use _exit",
	"load use free load use free exit",
	"load free load use exit",
	"load second use free exit",
	"load use second use fork second use free exit",
	"fork load use free exit",
	"fork load use pause fork resume exit",
	"load thread use fork thread free exit",
	"load pause free exit",
	"load pause exit",
	"load pause _exit",
	"load pause exit-thread",
	"load use pause cleanup exit",
	"load pause unload cleanup exit",
	"default load pause exit",
	"own load use pause resume free own exit",
	"own load pause exit",
	"load pause own exit",
	"load own use pause cleanup exit",
	"load pause fork free exit",
	"load pause fork exit",
	"load pause fork resume fork use free exit",
	"load fork fork use free exit",
	"load pause resume free load pause fork resume free exit",
	"load use cleanup exit",
	"load use free cleanup exit",
	"default exit",
	"default fork exit",
	"default cleanup exit",
	"default load use fork use free exit",
	"fork default load pause resume exit",
};
#define ORDERS	((int)(sizeof(orders) / sizeof(orders[0])))

START_TEST(test_order)
{
	run_order(orders[_i]);
}
END_TEST

/* Every order of these four, with both ends. */
static const char *const middle[] = { "use", "pause", "fork", "unload" };
#define ARRANGED	24

START_TEST(test_arranged)
{
	const char *left[4];
	char order[128] = "load";
	int n = _i;

	memcpy(left, middle, sizeof(left));
	for (int k = 4; k > 0; k--) {
		int pick = n % k;

		n /= k;
		strcat(strcat(order, " "), left[pick]);
		left[pick] = left[k - 1];
	}
	strcat(order, " resume use");
	strcat(order, _i % 2 ? " exit" : " free exit");
	run_order(order);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("openssl provider, life");
	TCase *tc = tcase_create("orders");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, test_order, 0, ORDERS);
	tcase_add_loop_test(tc, test_arranged, 0, ARRANGED);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
