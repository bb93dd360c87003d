/* SPDX-License-Identifier: MIT */
/*
 * Published answers with many requests in flight at once, which is how they come to the
 * kernels that run several lanes: many copies of each row, then all rows mixed. Every
 * answer is held against a wrong one as well.
 */
#include "crypto.h"
#include "crypto_rows.h"

#include <sched.h>

#define COPIES	24

struct job;

/* A class of algorithms: how a job of it is sent and taken back. */
struct class_ops {
	int (*send)(struct job *job);
	int (*poll)(__u32 expt, __u32 *count);
};

struct row {
	const struct class_ops *ops;
	const struct alg *alg;
	const char *source;
	handle_t sess;
	struct bytes iv, aad, in, want, tag;
	bool in_mb;
};

struct job {
	struct row *row;
	uint8_t *in, *out;
	uint8_t iv[128], mac[64];
	unsigned int state;
	bool done;
};

/* ---- the classes ----------------------------------------------------------------- */

static void *cipher_cb(struct wd_cipher_req *req, void *param)
{
	struct job *job = param;

	job->state = req->state;
	job->done = true;
	return NULL;
}

static int cipher_send(struct job *job)
{
	struct row *row = job->row;
	struct wd_cipher_req req = {
		.op_type = WD_CIPHER_ENCRYPTION, .src = job->in, .dst = job->out,
		.iv = row->alg->iv ? job->iv : NULL, .iv_bytes = row->alg->iv,
		.in_bytes = (__u32)row->in.len, .out_buf_bytes = (__u32)row->in.len,
		.cb = cipher_cb, .cb_param = job,
	};

	return wd_do_cipher_async(row->sess, &req);
}

static void *digest_cb(void *param)
{
	struct wd_digest_req *req = param;
	struct job *job = req->cb_param;

	job->state = req->state;
	job->done = true;
	return NULL;
}

static int digest_send(struct job *job)
{
	struct row *row = job->row;
	struct wd_digest_req req = {
		.in = job->in, .in_bytes = (__u32)row->in.len, .out = job->mac,
		.out_bytes = (__u32)row->tag.len, .out_buf_bytes = sizeof(job->mac),
		.iv = row->iv.len ? job->iv : NULL, .iv_bytes = (__u32)row->iv.len,
		.cb = digest_cb, .cb_param = job,
	};

	return wd_do_digest_async(row->sess, &req);
}

static void *aead_cb(struct wd_aead_req *req, void *param)
{
	struct job *job = param;

	job->state = req->state;
	job->done = true;
	return NULL;
}

static int aead_send(struct job *job)
{
	struct row *row = job->row;
	struct wd_aead_req req = {
		.op_type = WD_CIPHER_ENCRYPTION_DIGEST, .src = job->in, .dst = job->out,
		.mac = job->mac, .iv = job->iv, .iv_bytes = (__u16)row->iv.len,
		.in_bytes = (__u32)row->in.len, .mac_bytes = sizeof(job->mac),
		.assoc_bytes = (__u16)row->aad.len, .cb = aead_cb, .cb_param = job,
	};

	return wd_do_aead_async(row->sess, &req);
}

static const struct class_ops cipher_ops = { cipher_send, wd_cipher_poll };
static const struct class_ops digest_ops = { digest_send, wd_digest_poll };
static const struct class_ops aead_ops = { aead_send, wd_aead_poll };

/* ---- rows --------------------------------------------------------------------------- */

#define ROWS_MAX	256
static struct row rows[ROWS_MAX];
static size_t row_count;

static struct row *row_add(const struct class_ops *ops, const char *source, const char *name,
			   const char *key, const char *key2)
{
	struct row *row = &rows[row_count++];
	struct bytes k = from_hex(key), k2 = from_hex(key2);

	ck_assert_uint_le(row_count, ROWS_MAX);
	*row = (struct row){ .ops = ops, .alg = alg_named(name), .source = source };
	row->sess = crypto_sess(row->alg, &k, &k2);
	bytes_free(&k);
	bytes_free(&k2);
	return row;
}

static void ciphers_add(void)
{
	for (size_t i = 0; i < COUNT(cipher_vectors); i++) {
		const struct cipher_vector *v = &cipher_vectors[i];
		struct row *row = row_add(&cipher_ops, v->source, v->name, v->key, "");

		row->iv = from_hex(v->iv);
		row->in = from_hex(v->plain);
		row->want = from_hex(v->secret);
	}
}

static void digests_add(void)
{
	for (size_t i = 0; i < COUNT(digest_vectors); i++) {
		const struct digest_vector *v = &digest_vectors[i];
		struct bytes part = from_hex(v->message);
		struct row *row;

		/* So long a message is for crypto_vectors_test. */
		if (v->times * part.len > 100000) {
			bytes_free(&part);
			continue;
		}
		row = row_add(&digest_ops, v->source, v->name, v->key, "");
		row->iv = from_hex(v->iv);
		row->tag = from_hex(v->result);
		row->in.len = v->times * part.len;
		row->in.p = malloc(row->in.len + 1);
		for (unsigned int n = 0; n < v->times; n++)
			memcpy(row->in.p + n * part.len, part.p, part.len);
		bytes_free(&part);
	}
}

static void aeads_add(void)
{
	for (size_t i = 0; i < COUNT(aead_vectors); i++) {
		const struct aead_vector *v = &aead_vectors[i];
		struct row *row = row_add(&aead_ops, v->source, v->name, v->key, v->key2);

		row->iv = from_hex(v->iv);
		row->aad = from_hex(v->aad);
		row->in = from_hex(v->plain);
		row->want = from_hex(v->secret);
		row->tag = from_hex(v->tag);
		ck_assert_int_eq(wd_aead_set_authsize(row->sess, (__u16)row->tag.len), 0);
	}
}

static void rows_free(void)
{
	for (size_t i = 0; i < row_count; i++) {
		crypto_sess_free(rows[i].alg, rows[i].sess);
		bytes_free(&rows[i].iv);
		bytes_free(&rows[i].aad);
		bytes_free(&rows[i].in);
		bytes_free(&rows[i].want);
		bytes_free(&rows[i].tag);
	}
	row_count = 0;
}

/* ---- jobs --------------------------------------------------------------------------- */

static void job_make(struct job *job, struct row *row, bool in_place)
{
	size_t len = row->aad.len + row->in.len;

	*job = (struct job){ .row = row, .in = malloc(len + 1) };
	job->out = in_place ? job->in : calloc(1, len + 1);
	memcpy(job->in, row->aad.p ? row->aad.p : row->in.p, row->aad.len);
	memcpy(job->in + row->aad.len, row->in.p, row->in.len);
	memcpy(job->iv, row->iv.p, row->iv.len);
}

static bool job_right(const struct job *job)
{
	const struct row *row = job->row;

	return !memcmp(job->out + row->aad.len, row->want.p ? row->want.p : job->out,
		       row->want.len) &&
	       !memcmp(job->mac, row->tag.p ? row->tag.p : job->mac, row->tag.len);
}

/* A row whose answer has another bit is a wrong one. */
static bool job_notices(const struct job *job, size_t bit)
{
	struct bytes *b = job->row->want.len ? &job->row->want : &job->row->tag;
	bool right;

	bit %= 8 * b->len;
	b->p[bit / 8] ^= (uint8_t)(1 << bit % 8);
	right = job_right(job);
	b->p[bit / 8] ^= (uint8_t)(1 << bit % 8);
	return !right;
}

static void jobs_wait(struct job *jobs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		while (!jobs[i].done) {
			__u32 got = 0;

			ck_assert_int_eq(jobs[i].row->ops->poll(64, &got), 0);
			if (!got)
				sched_yield();
		}
	}
}

static void jobs_send(struct job *jobs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int ret;

		while ((ret = jobs[i].row->ops->send(&jobs[i])) == -WD_EBUSY) {
			__u32 got = 0;

			ck_assert_int_eq(jobs[i].row->ops->poll(64, &got), 0);
		}
		ck_assert_int_eq(ret, 0);
	}
}

static void jobs_check(struct job *jobs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct job *job = &jobs[i];

		ck_assert_msg(!job->state && job_right(job), "%s: %s, job %zu of %zu: wrong, state %u",
			      job->row->source, job->row->alg->name, i, count, job->state);
		ck_assert_msg(job_notices(job, i * 31), "%s: a wrong answer is not seen",
			      job->row->source);
		if (job->out != job->in)
			free(job->out);
		free(job->in);
	}
}

/* ---- what ran them ------------------------------------------------------------------- */

static bool ran_in_mb(handle_t sess)
{
	struct weft_report report = { .size = sizeof(report) };

	ck_assert_int_eq(weft_sess_report(sess, &report), 0);
	return !strcmp(report.engine, "ipsec-mb");
}

/* Has any row of the algorithm come to ipsec-mb? */
static bool in_mb(const char *name)
{
	for (size_t i = 0; i < row_count; i++) {
		if (!strcmp(rows[i].alg->name, name) && rows[i].in_mb)
			return true;
	}
	return false;
}

static void check_engines(int i)
{
	static const char *const several[] = {
		"cbc(aes)", "ctr(aes)", "cbc(des3_ede)", "sha1", "sha256", "sha512", "hmac(sha1)",
		"hmac(sha256)", "hmac(sha512)", "cmac(aes)", "xcbc-mac-96(aes)", "gcm(aes)", "ccm(aes)",
		"authenc(hmac(sha1),cbc(aes))", "authenc(hmac(sha256),cbc(aes))",
		"authenc(hmac(sha512),cbc(aes))",
	};

	if (i & 2) {
		for (size_t n = 0; n < row_count; n++)
			ck_assert_msg(!rows[n].in_mb, "%s: ipsec-mb, which is off", rows[n].alg->name);
	}
	/* Threads take what is there, which may be one job; and not every build has the library. */
	if (i || !in_mb("cbc(aes)"))
		return;
	for (size_t n = 0; n < COUNT(several); n++)
		ck_assert_msg(in_mb(several[n]), "%s never came to ipsec-mb", several[n]);
}

/* ---- tests --------------------------------------------------------------------------- */

START_TEST(together)
{
	static struct job jobs[ROWS_MAX > COPIES ? ROWS_MAX : COPIES];

	engines(_i);
	crypto_start();
	ciphers_add();
	digests_add();
	aeads_add();
	for (size_t r = 0; r < row_count; r++) {
		for (size_t i = 0; i < COPIES; i++)
			job_make(&jobs[i], &rows[r], i % 2 && rows[r].ops != &digest_ops);
		jobs_send(jobs, COPIES);
		jobs_wait(jobs, COPIES);
		jobs_check(jobs, COPIES);
		rows[r].in_mb = ran_in_mb(rows[r].sess);
	}
	check_engines(_i);
	for (int in_place = 0; in_place < 2; in_place++) {
		for (size_t r = 0; r < row_count; r++)
			job_make(&jobs[r], &rows[r], in_place && rows[r].ops != &digest_ops);
		jobs_send(jobs, row_count);
		jobs_wait(jobs, row_count);
		jobs_check(jobs, row_count);
	}
	rows_free();
	crypto_finish();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("crypto together");
	TCase *tcase = add_case(suite, "together");

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, together, 0, ENGINES);
	return run_suite(suite);
}
