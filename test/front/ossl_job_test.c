/* SPDX-License-Identifier: MIT */
/*
 * Jobs: many at once, resumed early, woken by callback, freed or forked in the middle; and
 * TLS connections whose both ends run in jobs, all in one thread.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/async.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "../quiet_fork.h"
#include "../unit/unit.h"
#include "ossl.h"

#define LEN	4096
#define JOBS	32

static struct weft_ctx w;

static void open_weft(void)
{
	weft_ctx_open(&w, "async-min = 1");
	ck_assert_ptr_nonnull(w.prov);
}

static void close_weft(void)
{
	weft_ctx_close(&w);
}

/* ---- one cipher operation as a job ---- */

struct op {
	EVP_CIPHER_CTX *ctx;
	uint8_t in[LEN], out[LEN];
	int ret;
};

static const uint8_t key[16] = "0123456789abcde", iv[16] = "fedcba987654321";

static void op_begin(struct op *op, const char *query, uint8_t fill)
{
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(w.libctx, "AES-128-CBC", query);

	op->ctx = EVP_CIPHER_CTX_new();
	memset(op->in, fill, LEN);
	ck_assert_int_eq(EVP_EncryptInit_ex2(op->ctx, cipher, key, iv, NULL), 1);
	EVP_CIPHER_CTX_set_padding(op->ctx, 0);
	EVP_CIPHER_free(cipher);
}

static int op_main(void *arg)
{
	struct op *op = *(struct op **)arg;
	int outl = 0;

	op->ret = EVP_EncryptUpdate(op->ctx, op->out, &outl, op->in, LEN);
	return op->ret && outl == LEN;
}

static void op_expect(const struct op *op, uint8_t fill)
{
	struct op plain;
	struct op *arg = &plain;

	op_begin(&plain, "provider=default", fill);
	ck_assert_int_eq(op_main(&arg), 1);
	ck_assert_mem_eq(op->out, plain.out, LEN);
	EVP_CIPHER_CTX_free(plain.ctx);
}

static int op_start(struct op *op, ASYNC_JOB **job, ASYNC_WAIT_CTX *wait)
{
	int ret = -1, status = ASYNC_start_job(job, wait, &ret, op_main, &op, sizeof(op));

	if (status == ASYNC_FINISH)
		ck_assert_int_eq(ret, 1);
	return status;
}

static int called;

static int on_callback(void *arg)
{
	(void)arg;
	called++;
	return 1;
}

/* All pause at the first start and finish at the second, in whatever order that comes. */
START_TEST(test_many)
{
	static struct op ops[JOBS];
	ASYNC_JOB *jobs[JOBS] = { NULL };
	ASYNC_WAIT_CTX *waits[JOBS];

	for (int i = 0; i < JOBS; i++) {
		size_t fds = 0;

		op_begin(&ops[i], "provider=weft", (uint8_t)i);
		waits[i] = ASYNC_WAIT_CTX_new();
		if (_i)
			ASYNC_WAIT_CTX_set_callback(waits[i], on_callback, NULL);
		ck_assert_int_eq(op_start(&ops[i], &jobs[i], waits[i]), ASYNC_PAUSE);
		ck_assert_int_eq(ASYNC_WAIT_CTX_get_all_fds(waits[i], NULL, &fds), 1);
		ck_assert_int_eq(fds, _i ? 0 : 1);
		if (_i)
			ck_assert_int_eq(called, i + 1);
	}
	for (int i = JOBS - 1; i >= 0; i--) {
		ck_assert_int_eq(op_start(&ops[i], &jobs[i], waits[i]), ASYNC_FINISH);
		op_expect(&ops[i], (uint8_t)i);
	}
	/* What is left readable would wake the program for nothing. */
	for (int i = 0; i < JOBS; i++) {
		OSSL_ASYNC_FD fd;
		size_t fds = 1;
		uint64_t count;

		if (!_i) {
			ck_assert_int_eq(ASYNC_WAIT_CTX_get_all_fds(waits[i], &fd, &fds), 1);
			ck_assert_int_lt(read(fd, &count, sizeof(count)), 0);
		}
		ASYNC_WAIT_CTX_free(waits[i]);
		EVP_CIPHER_CTX_free(ops[i].ctx);
	}
}
END_TEST

/* The context, the buffers and the wait context go, the device has the operation still. */
START_TEST(test_freed)
{
	static ASYNC_JOB *lost[JOBS];	/* nobody resumes them; OpenSSL cannot free them */
	ASYNC_WAIT_CTX *wait;
	ASYNC_JOB *job = NULL;
	static struct op last;

	for (int i = 0; i < JOBS; i++) {
		struct op *op = malloc(sizeof(*op));

		op_begin(op, "provider=weft", (uint8_t)i);
		wait = ASYNC_WAIT_CTX_new();
		ck_assert_int_eq(op_start(op, &lost[i], wait), ASYNC_PAUSE);
		ASYNC_WAIT_CTX_free(wait);
		EVP_CIPHER_CTX_free(op->ctx);
		memset(op->out, 0x77, LEN);
		/* The device may read what it was given; it must not write there. */
		if (i % 2) {
			free(op);
		} else {
			for (int k = 0; k < 2; k++) {
				static struct op other;
				ASYNC_JOB *again = NULL;

				op_begin(&other, "provider=weft", 9);
				wait = ASYNC_WAIT_CTX_new();
				ck_assert_int_eq(op_start(&other, &again, wait), ASYNC_PAUSE);
				ck_assert_int_eq(op_start(&other, &again, wait), ASYNC_FINISH);
				ASYNC_WAIT_CTX_free(wait);
				EVP_CIPHER_CTX_free(other.ctx);
			}
			for (int k = 0; k < LEN; k++)
				ck_assert_int_eq(op->out[k], 0x77);
			free(op);
		}
	}
	op_begin(&last, "provider=weft", 5);
	wait = ASYNC_WAIT_CTX_new();
	ck_assert_int_eq(op_start(&last, &job, wait), ASYNC_PAUSE);
	ck_assert_int_eq(op_start(&last, &job, wait), ASYNC_FINISH);
	op_expect(&last, 5);
	ASYNC_WAIT_CTX_free(wait);
	EVP_CIPHER_CTX_free(last.ctx);
}
END_TEST

START_TEST(test_busy)
{
	static struct op op;
	ASYNC_WAIT_CTX *wait = ASYNC_WAIT_CTX_new();
	ASYNC_JOB *job = NULL, *other = NULL;
	ASYNC_WAIT_CTX *second = ASYNC_WAIT_CTX_new();
	struct op *arg = &op;
	int ret = -1;

	op_begin(&op, "provider=weft", 3);
	ck_assert_int_eq(op_start(&op, &job, wait), ASYNC_PAUSE);
	ck_assert_int_eq(ASYNC_start_job(&other, second, &ret, op_main, &arg, sizeof(arg)),
			 ASYNC_FINISH);
	ck_assert_int_eq(ret, 0);
	ck_assert_int_ne(ERR_peek_error(), 0);
	ERR_clear_error();
	ck_assert_int_eq(op_start(&op, &job, wait), ASYNC_FINISH);
	op_expect(&op, 3);
	ASYNC_WAIT_CTX_free(wait);
	ASYNC_WAIT_CTX_free(second);
	EVP_CIPHER_CTX_free(op.ctx);
}
END_TEST

/* A child finishes what its parent had begun, and begins something of its own. */
START_TEST(test_fork)
{
	static struct op ops[4], own;
	ASYNC_JOB *jobs[4] = { NULL }, *job = NULL;
	ASYNC_WAIT_CTX *waits[4], *wait;
	int status;
	pid_t pid;

	for (int i = 0; i < 4; i++) {
		op_begin(&ops[i], "provider=weft", (uint8_t)i);
		waits[i] = ASYNC_WAIT_CTX_new();
		ck_assert_int_eq(op_start(&ops[i], &jobs[i], waits[i]), ASYNC_PAUSE);
	}
	pid = quiet_fork();
	ck_assert_int_ge(pid, 0);
	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(op_start(&ops[i], &jobs[i], waits[i]), ASYNC_FINISH);
		op_expect(&ops[i], (uint8_t)i);
	}
	op_begin(&own, "provider=weft", 8);
	wait = ASYNC_WAIT_CTX_new();
	ck_assert_int_eq(op_start(&own, &job, wait), ASYNC_PAUSE);
	ck_assert_int_eq(op_start(&own, &job, wait), ASYNC_FINISH);
	op_expect(&own, 8);
	for (int i = 0; i < 4; i++) {
		ASYNC_WAIT_CTX_free(waits[i]);
		EVP_CIPHER_CTX_free(ops[i].ctx);
	}
	ASYNC_WAIT_CTX_free(wait);
	EVP_CIPHER_CTX_free(own.ctx);
	if (!pid)
		_exit(0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

/* ---- TLS ---- */

#define PAIRS	8
#define BYTES	40000u

static void certificate(SSL_CTX *ctx, const char *type)
{
	EVP_PKEY *pkey = !strcmp(type, "RSA") ? EVP_PKEY_Q_keygen(w.libctx, NULL, "RSA", (size_t)2048) :
			 EVP_PKEY_Q_keygen(w.libctx, NULL, "EC", "P-256");
	X509 *x = X509_new_ex(w.libctx, NULL);

	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), -3600);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_set_pubkey(x, pkey);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
				   (const unsigned char *)"localhost", -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	ck_assert_int_gt(X509_sign(x, pkey, EVP_sha256()), 0);
	ck_assert_int_eq(SSL_CTX_use_certificate(ctx, x), 1);
	ck_assert_int_eq(SSL_CTX_use_PrivateKey(ctx, pkey), 1);
	X509_free(x);
	EVP_PKEY_free(pkey);
}

struct end {
	SSL *ssl;
	size_t sent, got;
	bool bad;
};

/* Does what it can; true when both directions are through. */
static bool end_step(struct end *e, const uint8_t *data)
{
	uint8_t buf[5000];
	int n;

	if (e->sent < BYTES) {
		size_t left = BYTES - e->sent;

		n = SSL_write(e->ssl, data + e->sent, (int)(left > 9000 ? 9000 : left));
		if (n > 0)
			e->sent += (size_t)n;
		/* A write that waits must be repeated before anything else is done. */
		if (n <= 0 && SSL_get_error(e->ssl, n) == SSL_ERROR_WANT_ASYNC)
			return false;
		if (n <= 0 && SSL_get_error(e->ssl, n) == SSL_ERROR_SSL)
			e->bad = true;
	}
	if (e->got < BYTES) {
		n = SSL_read(e->ssl, buf, sizeof(buf));
		if (n > 0) {
			e->bad |= memcmp(buf, data + e->got, (size_t)n) != 0;
			e->got += (size_t)n;
		} else if (SSL_get_error(e->ssl, n) == SSL_ERROR_SSL) {
			e->bad = true;
		}
	}
	return e->sent == BYTES && e->got == BYTES;
}

static const struct {
	int version;
	const char *suite;
	const char *cert;
} suites[] = {
	{ TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256", "EC" },
	{ TLS1_3_VERSION, "TLS_AES_256_GCM_SHA384", "RSA" },
	{ TLS1_3_VERSION, "TLS_AES_128_CCM_SHA256", "EC" },
	{ TLS1_2_VERSION, "ECDHE-ECDSA-AES128-CCM", "EC" },
	{ TLS1_2_VERSION, "ECDHE-RSA-AES256-GCM-SHA384", "RSA" },
	{ TLS1_2_VERSION, "ECDHE-RSA-AES128-SHA256", "RSA" },
	{ TLS1_2_VERSION, "ECDHE-ECDSA-AES256-SHA", "EC" },
};
#define SUITES	((int)(sizeof(suites) / sizeof(suites[0])))

START_TEST(test_tls)
{
	SSL_CTX *server = SSL_CTX_new_ex(w.libctx, NULL, TLS_server_method());
	SSL_CTX *client = SSL_CTX_new_ex(w.libctx, NULL, TLS_client_method());
	static uint8_t data[BYTES];
	struct end ends[2 * PAIRS];
	struct rnd r = { 0x1234567 };
	unsigned int left = 2 * PAIRS;
	unsigned long rounds = 0;
	bool done[2 * PAIRS] = { false };

	rnd_fill(&r, data, sizeof(data));
	certificate(server, suites[_i].cert);
	for (int i = 0; i < 2; i++) {
		SSL_CTX *ctx = i ? client : server;

		SSL_CTX_set_mode(ctx, SSL_MODE_ASYNC | SSL_MODE_ENABLE_PARTIAL_WRITE);
		SSL_CTX_set_min_proto_version(ctx, suites[_i].version);
		SSL_CTX_set_max_proto_version(ctx, suites[_i].version);
		if (suites[_i].version == TLS1_3_VERSION)
			ck_assert_int_eq(SSL_CTX_set_ciphersuites(ctx, suites[_i].suite), 1);
		else
			ck_assert_int_eq(SSL_CTX_set_cipher_list(ctx, suites[_i].suite), 1);
	}
	for (int i = 0; i < PAIRS; i++) {
		BIO *a, *b;

		ck_assert_int_eq(BIO_new_bio_pair(&a, 20000, &b, 20000), 1);
		ends[2 * i] = (struct end){ SSL_new(server), 0, 0, false };
		ends[2 * i + 1] = (struct end){ SSL_new(client), 0, 0, false };
		SSL_set_bio(ends[2 * i].ssl, a, a);
		SSL_set_bio(ends[2 * i + 1].ssl, b, b);
		SSL_set_accept_state(ends[2 * i].ssl);
		SSL_set_connect_state(ends[2 * i + 1].ssl);
	}
	/* One is given up in the middle of whatever it does. */
	for (; left && rounds < 200000; rounds++) {
		for (unsigned int i = 0; i < 2 * PAIRS; i++) {
			if (done[i])
				continue;
			if (i < 2 && rounds == 12) {
				SSL_free(ends[i].ssl);
				ends[i].ssl = NULL;
				done[i] = true;
				left--;
				continue;
			}
			done[i] = end_step(&ends[i], data);
			left -= done[i];
			if (ends[i].bad)
				ERR_print_errors_fp(stderr);
			ck_assert(!ends[i].bad);
		}
	}
	ck_assert_uint_eq(left, 0);
	for (unsigned int i = 0; i < 2 * PAIRS; i++) {
		ck_assert(!ends[i].ssl || ends[i].got == BYTES);
		SSL_free(ends[i].ssl);
	}
	SSL_CTX_free(server);
	SSL_CTX_free(client);
}
END_TEST

/* Loaded, used and unloaded, again and again, with a failing configuration in between. */
START_TEST(test_cycles)
{
	for (int i = 0; i < 10; i++) {
		struct weft_ctx bad;
		struct script s[4];

		weft_ctx_open(&bad, "async = sometimes");
		ck_assert_ptr_null(bad.prov);
		weft_ctx_close(&bad);
		ERR_clear_error();
		weft_ctx_open(&w, "async-min = 1\nsync-min = 1");
		ck_assert_int_eq(OSSL_PROVIDER_self_test(w.prov), 1);
		for (int k = 0; k < 4; k++)
			s[k] = (struct script){ SCRIPT_MAC, "HMAC", "SHA256", w.libctx,
						"provider=weft", NULL, 77u + (uint64_t)(4 * i + k) * 7919u,
						{ NULL, 0, 0 }, false };
		ck_assert_uint_gt(scripts_in_jobs(s, 4), 0);
		for (int k = 0; k < 4; k++)
			script_free(&s[k].out);
		weft_ctx_close(&w);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("openssl provider, jobs");
	TCase *tc = tcase_create("jobs"), *life = tcase_create("life");

	tcase_add_checked_fixture(tc, open_weft, close_weft);
	tcase_set_timeout(tc, 20);
	tcase_add_loop_test(tc, test_many, 0, 2);
	tcase_add_test(tc, test_freed);
	tcase_add_test(tc, test_busy);
	tcase_add_test(tc, test_fork);
	tcase_add_loop_test(tc, test_tls, 0, SUITES);
	tcase_set_timeout(life, 20);
	tcase_add_test(life, test_cycles);
	suite_add_tcase(suite, tc);
	suite_add_tcase(suite, life);
	return unit_run(suite);
}
