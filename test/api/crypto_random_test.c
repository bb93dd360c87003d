/* SPDX-License-Identifier: MIT */
/*
 * Random requests against libcrypto: every algorithm, lengths up to 1 MiB, addresses that
 * are aligned to nothing, in pieces and whole, in place and not, as lists and flat, and many
 * sessions at once. WEFT_TEST_LONG in the environment: many more of them.
 */
#include <sched.h>

#include "crypto_oracle.h"

#define LEN_MAX		(1u << 20)
#define SKEW		64

static struct rng rng;

static unsigned int times(unsigned int usual)
{
	if (getenv("WEFT_TEST_LONG"))
		return usual * 50;
	return slow() ? (usual + 3) / 4 : usual;
}

/* Short ones more often than long ones. */
static size_t random_len(size_t max)
{
	size_t bits = rng_below(&rng, 21);
	size_t len = 1 + rng_below(&rng, (size_t)1 << bits);

	return len < max ? len : max;
}

static struct bytes random_bytes(size_t len)
{
	struct bytes b = { malloc(len + 1), len };

	data_fill(DATA_RANDOM, rng_next(&rng), b.p, len);
	return b;
}

static struct bytes random_key(const struct alg *alg)
{
	size_t steps = alg->key_max ? (size_t)(alg->key_max - alg->key_min) / alg->key_step + 1 : 1;
	/* Keys of many bytes: mostly what people use. */
	size_t step = rng_below(&rng, steps > 200 && rng_below(&rng, 4) ? 80 : steps);

	return random_bytes(alg->key_max ? alg->key_min + step * alg->key_step : 0);
}

/* Two buffers, or one twice, at odd places. */
struct pair {
	uint8_t *mem[2];
	uint8_t *in, *out;
	struct list lists[2];
};

static void pair_make(struct pair *p, size_t len)
{
	bool in_place = rng_below(&rng, 2);

	for (int i = 0; i < 2; i++)
		p->mem[i] = malloc(len + SKEW);
	p->in = p->mem[0] + rng_below(&rng, SKEW);
	p->out = in_place ? p->in : p->mem[1] + rng_below(&rng, SKEW);
	data_fill(DATA_RANDOM, rng_next(&rng), p->in, len);
}

static void pair_free(struct pair *p)
{
	free(p->mem[0]);
	free(p->mem[1]);
}

/* ---- one algorithm ------------------------------------------------------------- */

struct round {
	const struct alg *alg;
	struct bytes key, key2;
	handle_t sess;
	bool async, list;
};

/* Pieces of a list that make no more than its nodes. */
static size_t piece_for(size_t len)
{
	return len / 100 + 17;
}

static void cipher_round(struct round *r)
{
	const struct alg *alg = r->alg;
	size_t len = random_len(LEN_MAX), unit = alg->unit;
	bool decrypt = rng_below(&rng, 2), pieces;
	uint8_t iv[16], moving[16], *want;
	struct bytes plain;
	struct pair p;

	len = len < alg->least ? alg->least : len / unit * unit;
	pieces = rng_below(&rng, 3) == 0 && alg->mode != WD_CIPHER_XTS &&
		 alg->mode < WD_CIPHER_CBC_CS1;
	pair_make(&p, len);
	data_fill(DATA_RANDOM, rng_next(&rng), iv, sizeof(iv));
	if (alg->mode == WD_CIPHER_CTR && rng_below(&rng, 4) == 0)
		memset(iv + rng_below(&rng, 15), 0xff, 1), memset(iv + 8, 0xff, 8);
	memcpy(moving, iv, sizeof(iv));
	want = malloc(len);
	plain = (struct bytes){ p.in, len };
	oracle_cipher(alg, &r->key, alg->iv ? iv : NULL, decrypt, plain.p, len, want);
	for (size_t at = 0, part; at < len; at += part) {
		struct wd_cipher_req req = {
			.op_type = decrypt,
			.src = p.in + at,
			.dst = p.out + at,
			.iv = moving,
			.iv_bytes = alg->iv,
			.data_fmt = r->list ? WD_SGL_BUF : WD_FLAT_BUF,
		};

		part = len - at;
		if (pieces && part > 16)
			part = (1 + rng_below(&rng, part / 16)) * 16;
		req.in_bytes = req.out_buf_bytes = (__u32)part;
		if (r->list) {
			req.list_src = as_list(&p.lists[0], p.in + at, part, piece_for(part), &rng);
			req.list_dst = p.in == p.out ? req.list_src
				: as_list(&p.lists[1], p.out + at, part, piece_for(part), &rng);
		}
		ck_assert_int_eq(run_cipher(r->async, r->sess, &req), 0);
	}
	ck_assert_msg(!memcmp(p.out, want, len), "%s: %zu bytes, %s, %s%s%s: wrong", alg->name, len,
		      decrypt ? "decrypting" : "encrypting", r->async ? "async " : "",
		      r->list ? "list " : "", pieces ? "pieces" : "");
	free(want);
	pair_free(&p);
}

static void digest_round(struct round *r)
{
	const struct alg *alg = r->alg;
	size_t len = rng_below(&rng, 20) ? random_len(LEN_MAX) : 0, at = 0;
	bool pieces = rng_below(&rng, 2) && alg->alg != WD_DIGEST_AES_GMAC;
	uint8_t want[64], out[64], iv[16] = { 0 };
	struct wd_digest_req req = {
		.out = out,
		.out_buf_bytes = sizeof(out),
		.iv = iv,
		.iv_bytes = rng_below(&rng, 2) ? 12 : 16,
	};
	struct pair p;

	pair_make(&p, len);
	data_fill(DATA_RANDOM, rng_next(&rng), iv, 12);
	iv[15] = (uint8_t)rng_below(&rng, 2);
	oracle_digest(alg, &r->key, iv, p.in, len, want);
	do {
		size_t part = len - at;

		req.has_next = pieces && rng_below(&rng, 6) ? WD_DIGEST_DOING : WD_DIGEST_END;
		if (req.has_next)
			part = rng_below(&rng, part + 1) / (1 + rng_below(&rng, 4));
		req.out_bytes = req.has_next ? alg->state : 1 + (__u32)rng_below(&rng, alg->out);
		req.in = p.in + at;
		req.in_bytes = (__u32)part;
		req.data_fmt = r->list ? WD_SGL_BUF : WD_FLAT_BUF;
		if (r->list)
			req.list_in = as_list(&p.lists[0], p.in + at, part, piece_for(part), &rng);
		ck_assert_int_eq(run_digest(r->async, r->sess, &req), 0);
		at += part;
	} while (req.has_next);
	ck_assert_msg(!memcmp(out, want, req.out_bytes), "%s: %zu bytes, %s%s%s: wrong", alg->name,
		      len, r->async ? "async " : "", r->list ? "list " : "", pieces ? "pieces" : "");
	pair_free(&p);
}

struct aead_data {
	uint8_t iv[64], tag[64], mac[64];
	size_t iv_len, aad_len, len, tag_len;
	struct pair p;
};

static void aead_lengths(const struct alg *alg, struct aead_data *d)
{
	size_t max = LEN_MAX;

	d->iv_len = 16;
	d->tag_len = 10 + rng_below(&rng, (size_t)alg->out - 9);
	if (alg->mode == WD_CIPHER_GCM) {
		d->iv_len = rng_below(&rng, 3) ? 12 : 1 + rng_below(&rng, sizeof(d->iv));
		d->tag_len = rng_below(&rng, 6) ? 12 + rng_below(&rng, 5) : 4 + 4 * rng_below(&rng, 2);
	} else if (alg->mode == WD_CIPHER_CCM) {
		d->iv_len = 7 + rng_below(&rng, 7);
		d->tag_len = 4 + 2 * rng_below(&rng, 7);
		if (d->iv_len == 13)
			max = 0xffff;
	}
	/* What the judge does bit by bit is not for long data. */
	if (alg->alg == WD_CIPHER_SM4)
		max = 5000;
	d->len = alg->unit || rng_below(&rng, 10) ? random_len(max) : 0;
	if (alg->unit)
		d->len = (d->len + 15) / 16 * 16;
	d->aad_len = rng_below(&rng, 5) ? random_len(rng_below(&rng, 8) ? 100 : 5000) : 0;
	data_fill(DATA_RANDOM, rng_next(&rng), d->iv, sizeof(d->iv));
	pair_make(&d->p, d->aad_len + d->len);
}

static int aead_piece(struct round *r, struct aead_data *d, struct wd_aead_req *req, size_t at,
		      size_t len)
{
	bool list = r->list && len;

	req->data_fmt = list ? WD_SGL_BUF : WD_FLAT_BUF;
	req->src = d->p.in + at;
	req->dst = d->p.out + at;
	if (list) {
		req->list_src = as_list(&d->p.lists[0], d->p.in + at, len, piece_for(len), &rng);
		req->list_dst = d->p.in == d->p.out ? req->list_src
			: as_list(&d->p.lists[1], d->p.out + at, len, piece_for(len), &rng);
	}
	return run_aead(r->async, r->sess, req);
}

static int aead_run(struct round *r, struct aead_data *d, struct wd_aead_req *req)
{
	size_t at = d->aad_len, end = at + d->len, part;
	int ret;

	if (r->alg->mode == WD_CIPHER_CCM || rng_below(&rng, 2)) {
		req->msg_state = AEAD_MSG_BLOCK;
		return aead_piece(r, d, req, 0, end);
	}
	req->msg_state = AEAD_MSG_FIRST;
	ret = aead_piece(r, d, req, 0, d->aad_len);
	req->msg_state = AEAD_MSG_MIDDLE;
	while (!ret && end - at > 16 && rng_below(&rng, 5)) {
		part = (1 + rng_below(&rng, (end - at) / 16)) * 16;
		/* With an HMAC the last piece has something in it. */
		if (r->alg->unit && at + part == end)
			break;
		req->in_bytes = (__u32)part;
		ret = aead_piece(r, d, req, at, part);
		at += part;
	}
	req->msg_state = AEAD_MSG_END;
	req->in_bytes = (__u32)(end - at);
	return ret ? ret : aead_piece(r, d, req, at, end - at);
}

static void aead_round(struct round *r)
{
	const struct alg *alg = r->alg;
	struct aead_data d;
	struct wd_aead_req req;
	uint8_t *plain, *sealed;
	int bit;

	aead_lengths(alg, &d);
	plain = malloc(d.len + 1);
	sealed = malloc(d.len + 1);
	memcpy(plain, d.p.in + d.aad_len, d.len);
	oracle_seal(alg, &(struct oracle_aead){ &r->key, &r->key2, d.iv, d.iv_len, d.p.in, d.aad_len,
						plain, d.len, d.tag_len }, sealed, d.tag);
	ck_assert_int_eq(wd_aead_set_authsize(r->sess, (__u16)d.tag_len), 0);
	req = (struct wd_aead_req){
		.op_type = WD_CIPHER_ENCRYPTION_DIGEST,
		.mac = d.mac,
		.iv = d.iv,
		.in_bytes = (__u32)d.len,
		.iv_bytes = (__u16)d.iv_len,
		.mac_bytes = (__u16)d.tag_len,
		.assoc_bytes = (__u16)d.aad_len,
	};
	ck_assert_int_eq(aead_run(r, &d, &req), 0);
	ck_assert_msg(!memcmp(d.p.out + d.aad_len, sealed, d.len) &&
		      !memcmp(d.mac, d.tag, d.tag_len),
		      "%s: %zu+%zu bytes, IV %zu, tag %zu, %s%s: sealed wrong", alg->name, d.aad_len,
		      d.len, d.iv_len, d.tag_len, r->async ? "async " : "", r->list ? "list" : "");
	/* Back, and once more with a tag that is not this one. */
	for (int wrong = 0; wrong < 2; wrong++) {
		memcpy(d.p.in + d.aad_len, sealed, d.len);
		bit = (int)rng_below(&rng, d.tag_len * 8);
		if (wrong)
			d.mac[bit / 8] ^= (uint8_t)(1 << bit % 8);
		req.op_type = WD_CIPHER_DECRYPTION_DIGEST;
		req.in_bytes = (__u32)d.len;
		ck_assert_int_eq(aead_run(r, &d, &req), wrong ? -WD_VERIFY_ERR : 0);
		if (!wrong)
			ck_assert_msg(!memcmp(d.p.out + d.aad_len, plain, d.len),
				      "%s: %zu bytes opened wrong", alg->name, d.len);
	}
	free(plain);
	free(sealed);
	pair_free(&d.p);
}

START_TEST(one_algorithm)
{
	const struct alg *alg = &algs[_i];
	unsigned int rounds = times(24);

	rng.state = 1000 + (uint64_t)_i;
	engines((int)rng_below(&rng, ENGINES));
	crypto_start();
	for (unsigned int i = 0; i < rounds; i++) {
		struct round r = {
			.alg = alg,
			.key = random_key(alg),
			.key2 = random_bytes(1 + rng_below(&rng, 200)),
			.async = rng_below(&rng, 2),
			.list = rng_below(&rng, 2),
		};

		r.sess = crypto_sess(alg, &r.key, &r.key2);
		for (int same = 0; same < 2; same++) {
			if (alg->class == IS_CIPHER)
				cipher_round(&r);
			else if (alg->class == IS_DIGEST)
				digest_round(&r);
			else
				aead_round(&r);
		}
		crypto_sess_free(alg, r.sess);
		bytes_free(&r.key);
		bytes_free(&r.key2);
	}
	crypto_finish();
}
END_TEST

/* ---- many sessions at once -------------------------------------------------------- */

#define SESSIONS	32
#define AT_ONCE		4	/* requests of one session */

struct job {
	struct round *r;
	uint8_t in[2000], out[2000], want[2000], iv[16];
	size_t len, out_len;
	bool busy;
	unsigned int *ended;
	int state;
};

static void job_ended(struct job *job, unsigned int state)
{
	job->busy = false;
	job->state = (int)state;
	++*job->ended;
}

static void *cipher_ended(struct wd_cipher_req *req, void *param)
{
	job_ended(param, req->state);
	return NULL;
}

static void *digest_ended(void *param)
{
	struct wd_digest_req *req = param;

	job_ended(req->cb_param, req->state);
	return NULL;
}

static int job_send(struct job *job)
{
	const struct alg *alg = job->r->alg;

	job->len = 16 + rng_below(&rng, sizeof(job->in) / 16 - 1) * 16;
	data_fill(DATA_RANDOM, rng_next(&rng), job->in, job->len);
	data_fill(DATA_RANDOM, rng_next(&rng), job->iv, sizeof(job->iv));
	if (alg->class == IS_CIPHER) {
		struct wd_cipher_req req = {
			.op_type = rng_below(&rng, 2),
			.src = job->in,
			.dst = job->out,
			.iv = job->iv,
			.in_bytes = (__u32)job->len,
			.iv_bytes = alg->iv,
			.out_buf_bytes = (__u32)job->len,
			.cb = cipher_ended,
			.cb_param = job,
		};

		oracle_cipher(alg, &job->r->key, alg->iv ? job->iv : NULL, req.op_type, job->in,
			      job->len, job->want);
		job->out_len = job->len;
		return wd_do_cipher_async(job->r->sess, &req);
	} else {
		struct wd_digest_req req = {
			.in = job->in,
			.out = job->out,
			.in_bytes = (__u32)job->len,
			.out_bytes = alg->out,
			.out_buf_bytes = alg->out,
			.iv = job->iv,
			.iv_bytes = 12,
			.cb = digest_ended,
			.cb_param = job,
		};

		oracle_digest(alg, &job->r->key, job->iv, job->in, job->len, job->want);
		job->out_len = alg->out;
		return wd_do_digest_async(job->r->sess, &req);
	}
}

/* Ciphers and MACs only: what they are compared with is quick. */
START_TEST(many_sessions)
{
	static struct round rounds[SESSIONS];
	static struct job jobs[SESSIONS * AT_ONCE];
	unsigned int left = times(1500), sent = 0, ended = 0;

	rng.state = 77 + (uint64_t)_i;
	engines(_i);
	crypto_start();
	for (int i = 0; i < SESSIONS; i++) {
		const struct alg *alg;

		do
			alg = &algs[rng_below(&rng, (size_t)alg_count)];
		while (alg->class == IS_AEAD);
		rounds[i] = (struct round){ .alg = alg, .key = random_key(alg) };
		rounds[i].sess = crypto_sess(alg, &rounds[i].key, NULL);
	}
	for (int i = 0; i < SESSIONS * AT_ONCE; i++)
		jobs[i] = (struct job){ .r = &rounds[i % SESSIONS], .ended = &ended };
	while (left || sent != ended) {
		__u32 count = 0;

		for (int i = 0; i < SESSIONS * AT_ONCE && left; i++) {
			if (jobs[i].busy)
				continue;
			ck_assert_msg(jobs[i].state == 0 &&
				      !memcmp(jobs[i].out, jobs[i].want, jobs[i].out_len),
				      "%s: %zu bytes, state %d: wrong", jobs[i].r->alg->name,
				      jobs[i].len, jobs[i].state);
			jobs[i].busy = true;
			ck_assert_int_eq(job_send(&jobs[i]), 0);
			sent++;
			left--;
		}
		wd_cipher_poll(100, &count);
		wd_digest_poll(100, &count);
		if (!count)
			sched_yield();
	}
	for (int i = 0; i < SESSIONS; i++) {
		crypto_sess_free(rounds[i].alg, rounds[i].sess);
		bytes_free(&rounds[i].key);
	}
	crypto_finish();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("crypto at random");
	TCase *tcase = add_case(suite, "one algorithm");

	tcase_set_timeout(tcase, 600);
	tcase_add_loop_test(tcase, one_algorithm, 0, alg_count);
	tcase = add_case(suite, "many sessions");
	tcase_set_timeout(tcase, 600);
	tcase_add_loop_test(tcase, many_sessions, 0, ENGINES);
	return run_suite(suite);
}
