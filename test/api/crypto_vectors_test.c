/* SPDX-License-Identifier: MIT */
/*
 * Published answers, each in every form that a request can have: synchronous and
 * asynchronous, flat and as a list, whole and in pieces, in place and not, with engine
 * threads and without, with every library of the device and with libcrypto alone.
 */
#include "crypto.h"
#include "crypto_rows.h"

/* Bits of a form. */
enum {
	FORM_ASYNC = 1,
	FORM_LIST = 2,
	FORM_PIECES = 4,
	FORM_IN_PLACE = 8,
	FORMS = 16,
};

static struct rng rng = { 1 };

/* @len bytes in one of three places against a cache line, with a page behind them. */
static uint8_t *room(size_t len)
{
	return fenced(len);
}

/* A length to cut off: a multiple of @unit, or all of @left. */
static size_t cut(size_t left, size_t unit)
{
	size_t units = left / unit;

	return units < 2 ? left : unit * (1 + rng_below(&rng, units));
}

/* ---- ciphers --------------------------------------------------------------- */

/* Whether a message can go in pieces. */
static bool chains(const struct alg *alg)
{
	return alg->mode != WD_CIPHER_XTS && alg->mode < WD_CIPHER_CBC_CS1;
}

static void cipher_piece(const struct alg *alg, handle_t sess, int form, bool decrypt,
			 uint8_t *iv, uint8_t *from, uint8_t *to, size_t len)
{
	static struct list in, out;
	struct wd_cipher_req req = {
		.op_type = decrypt ? WD_CIPHER_DECRYPTION : WD_CIPHER_ENCRYPTION,
		.src = from,
		.dst = to,
		.iv = alg->iv ? iv : NULL,
		.in_bytes = (__u32)len,
		.iv_bytes = alg->iv,
		.out_buf_bytes = (__u32)len,
		.state = 0x7777,
		.data_fmt = form & FORM_LIST ? WD_SGL_BUF : WD_FLAT_BUF,
	};
	int ret;

	if (form & FORM_LIST) {
		req.list_src = as_list(&in, from, len, 20, &rng);
		req.list_dst = from == to ? req.list_src : as_list(&out, to, len, 9, &rng);
	}
	ret = run_cipher(form & FORM_ASYNC, sess, &req);
	ck_assert_msg(!ret && !req.state && req.out_bytes == len,
		      "%s, form %d: returned %d, state %u, %u bytes of %zu", alg->name, form, ret,
		      req.state, req.out_bytes, len);
}

static void cipher_way(const struct cipher_vector *v, const struct alg *alg, handle_t sess,
		       int form, bool decrypt)
{
	struct bytes from = from_hex(decrypt ? v->secret : v->plain);
	struct bytes want = from_hex(decrypt ? v->plain : v->secret);
	struct bytes iv = from_hex(v->iv);
	uint8_t *in = room(from.len), *out = form & FORM_IN_PLACE ? in : room(from.len);

	memcpy(in, from.p, from.len);
	for (size_t at = 0, part; at < from.len; at += part) {
		part = from.len - at;
		if (form & FORM_PIECES && chains(alg))
			part = cut(part, alg->class == IS_CIPHER && alg->iv == 8 ? 8 : 16);
		cipher_piece(alg, sess, form, decrypt, iv.p, in + at, out + at, part);
	}
	assert_bytes(out, want.p, want.len, "%s: %s, form %d, %s: wrong", v->source, v->name, form,
		     decrypt ? "decrypting" : "encrypting");
	if (form & FORM_IN_PLACE)
		ck_assert(out == in);
	else
		assert_bytes(in, from.p, from.len, "%s: the source has changed", v->source);
	if (!(form & FORM_IN_PLACE))
		fenced_free(out, from.len);
	fenced_free(in, from.len);
	bytes_free(&from);
	bytes_free(&want);
	bytes_free(&iv);
}

START_TEST(ciphers)
{
	engines(_i);
	crypto_start();
	for (size_t i = 0; i < COUNT(cipher_vectors); i++) {
		const struct cipher_vector *v = &cipher_vectors[i];
		const struct alg *alg = alg_named(v->name);
		struct bytes key = from_hex(v->key);
		handle_t sess = crypto_sess(alg, &key, NULL);

		for (int form = 0; form < FORMS; form++) {
			cipher_way(v, alg, sess, form, false);
			cipher_way(v, alg, sess, form, true);
		}
		wd_cipher_free_sess(sess);
		bytes_free(&key);
	}
	crypto_finish();
}
END_TEST

/* ---- digests --------------------------------------------------------------- */

static int digest_piece(handle_t sess, int form, struct wd_digest_req *req, uint8_t *from,
			size_t len)
{
	static struct list in;

	req->in = from;
	req->in_bytes = (__u32)len;
	req->data_fmt = WD_FLAT_BUF;
	if (form & FORM_LIST) {
		req->list_in = as_list(&in, from, len, len / 40 + 30, &rng);
		req->data_fmt = WD_SGL_BUF;
	}
	return run_digest(form & FORM_ASYNC, sess, req);
}

/* Pieces of any length; now and then the stream moves to the other session. */
static void digest_pieces(const struct alg *alg, handle_t sess[2], int form,
			  struct wd_digest_req *req, uint8_t *from, size_t len, size_t out_len)
{
	size_t at = 0, largest = len / 7 + 40;
	bool resumed = false;
	int who = 0;

	while (rng_below(&rng, 8) && at < len) {
		size_t part = rng_below(&rng, largest);

		part = part < len - at ? part : len - at;
		req->has_next = resumed ? WD_DIGEST_STREAM_DOING : WD_DIGEST_DOING;
		req->long_data_len = at;
		req->out_bytes = alg->state;
		ck_assert_int_eq(digest_piece(sess[who], form, req, from + at, part), 0);
		at += part;
		resumed = alg->state && at && at % alg->unit == 0 && rng_below(&rng, 2);
		if (resumed)
			who = !who;
	}
	req->has_next = resumed ? WD_DIGEST_STREAM_END : WD_DIGEST_END;
	req->long_data_len = at;
	req->out_bytes = (__u32)out_len;
	ck_assert_int_eq(digest_piece(sess[who], form, req, from + at, len - at), 0);
	/* Where it came from, it is not ended. */
	for (int i = 0; i < 2; i++) {
		struct wd_digest_req end = {
			.out = (uint8_t[64]){ 0 },
			.out_bytes = 1,
			.out_buf_bytes = 64,
			.iv = req->iv,
			.iv_bytes = req->iv_bytes,
		};

		ck_assert_int_eq(wd_do_digest_sync(sess[i], &end), 0);
	}
}

static void digest_way(const struct digest_vector *v, const struct alg *alg, handle_t sess[2],
		       int form)
{
	struct bytes part = from_hex(v->message), want = from_hex(v->result), iv = from_hex(v->iv);
	size_t len = part.len * v->times;
	uint8_t *in = room(len), *out = room(alg->state ? 64 : want.len);
	struct wd_digest_req req = {
		.out = out,
		.out_bytes = (__u32)want.len,
		.out_buf_bytes = alg->state ? 64 : (__u32)want.len,
		.iv = iv.len ? iv.p : NULL,
		.iv_bytes = (__u32)iv.len,
		.state = 0x7777,
	};

	for (unsigned int i = 0; i < v->times; i++)
		memcpy(in + i * part.len, part.p, part.len);
	if (form & FORM_PIECES && !iv.len)
		digest_pieces(alg, sess, form, &req, in, len, want.len);
	else
		ck_assert_int_eq(digest_piece(sess[0], form, &req, in, len), 0);
	ck_assert_uint_eq(req.state, 0);
	assert_bytes(out, want.p, want.len, "%s: %s of %zu bytes, form %d: wrong", v->source,
		     v->name, len, form);
	fenced_free(in, len);
	fenced_free(out, alg->state ? 64 : want.len);
	bytes_free(&part);
	bytes_free(&want);
	bytes_free(&iv);
}

START_TEST(digests)
{
	engines(_i);
	crypto_start();
	for (size_t i = 0; i < COUNT(digest_vectors); i++) {
		const struct digest_vector *v = &digest_vectors[i];
		const struct alg *alg = alg_named(v->name);
		struct bytes key = from_hex(v->key);
		handle_t sess[2] = { crypto_sess(alg, &key, NULL), crypto_sess(alg, &key, NULL) };

		for (int form = 0; form < FORM_IN_PLACE; form++) {
			for (int times = 0; times < (form & FORM_PIECES ? 2 : 1); times++)
				digest_way(v, alg, sess, form);
		}
		wd_digest_free_sess(sess[0]);
		wd_digest_free_sess(sess[1]);
		bytes_free(&key);
	}
	crypto_finish();
}
END_TEST

/* ---- AEAD ------------------------------------------------------------------ */

struct aead_bytes {
	struct bytes iv, aad, from, want, tag;
	uint8_t mac[64];
};

static int aead_part(handle_t sess, int form, struct wd_aead_req *req, uint8_t *in, uint8_t *out,
		     size_t len)
{
	static struct list from, to;

	req->src = in;
	req->dst = out;
	if (form & FORM_LIST && len) {
		req->list_src = as_list(&from, in, len, 21, &rng);
		req->list_dst = !out ? NULL : in == out ? req->list_src
			: as_list(&to, out, len, 30, &rng);
	}
	return run_aead(form & FORM_ASYNC, sess, req);
}

static int aead_whole(handle_t sess, int form, struct wd_aead_req *req, struct aead_bytes *b,
		      uint8_t *in, uint8_t *out)
{
	req->msg_state = AEAD_MSG_BLOCK;
	req->in_bytes = (__u32)b->from.len;
	req->assoc_bytes = (__u16)b->aad.len;
	return aead_part(sess, form, req, in, out, b->aad.len + b->from.len);
}

static int aead_pieces(handle_t sess, int form, struct wd_aead_req *req, struct aead_bytes *b,
		       uint8_t *in, uint8_t *out)
{
	size_t at = b->aad.len, end = at + b->from.len, part;
	int ret;

	req->msg_state = AEAD_MSG_FIRST;
	/* What the programs of this API leave in these members then. */
	req->in_bytes = 12345;
	req->assoc_bytes = (__u16)b->aad.len;
	ret = aead_part(sess, form, req, in, NULL, b->aad.len);
	req->msg_state = AEAD_MSG_MIDDLE;
	for (; !ret && end - at >= 16 && rng_below(&rng, 6); at += part) {
		part = cut((end - at) & ~(size_t)15, 16);
		req->in_bytes = (__u32)part;
		ret = aead_part(sess, form, req, in + at, out + at, part);
	}
	if (ret)
		return ret;
	req->msg_state = AEAD_MSG_END;
	req->in_bytes = (__u32)(end - at);
	return aead_part(sess, form, req, in + at, end == at ? NULL : out + at, end - at);
}

/* One way to carry it out; @wrong: a bit of the tag that is changed, or -1. */
static void aead_way(const struct aead_vector *v, const struct alg *alg, handle_t sess, int form,
		     bool decrypt, int wrong)
{
	struct aead_bytes b = {
		.iv = from_hex(v->iv),
		.aad = from_hex(v->aad),
		.from = from_hex(decrypt ? v->secret : v->plain),
		.want = from_hex(decrypt ? v->plain : v->secret),
		.tag = from_hex(v->tag),
	};
	size_t len = b.aad.len + b.from.len;
	bool pieces = form & FORM_PIECES && alg->mode != WD_CIPHER_CCM;
	uint8_t *in = room(len), *out = form & FORM_IN_PLACE ? in : room(len);
	struct wd_aead_req req = {
		.op_type = decrypt ? WD_CIPHER_DECRYPTION_DIGEST : WD_CIPHER_ENCRYPTION_DIGEST,
		.mac = b.mac,
		.iv = b.iv.p,
		.iv_bytes = (__u16)b.iv.len,
		.mac_bytes = (__u16)b.tag.len,
		.state = 0x7777,
		.data_fmt = form & FORM_LIST ? WD_SGL_BUF : WD_FLAT_BUF,
	};
	int ret;

	memcpy(in, b.aad.p, b.aad.len);
	memcpy(in + b.aad.len, b.from.p, b.from.len);
	if (out != in)
		memset(out, 0xee, len);
	if (decrypt)
		memcpy(b.mac, b.tag.p, b.tag.len);
	if (wrong >= 0)
		b.mac[wrong / 8] ^= (uint8_t)(1 << wrong % 8);
	ret = pieces ? aead_pieces(sess, form, &req, &b, in, out)
		     : aead_whole(sess, form, &req, &b, in, out);
	if (wrong >= 0) {
		ck_assert_msg(ret == -WD_VERIFY_ERR && req.state == WD_VERIFY_ERR,
			      "%s, bit %d of the tag: returned %d, state %u", v->source, wrong, ret,
			      req.state);
		/* Not a byte of plaintext: what was there, or nothing. */
		for (size_t i = 0; !pieces && i < b.from.len; i++) {
			uint8_t now = out[b.aad.len + i], was = out == in ? b.from.p[i] : 0xee;

			ck_assert_msg(now == was || !now, "%s: plaintext came out", v->source);
		}
	} else {
		ck_assert_msg(!ret && !req.state, "%s, form %d: returned %d, state %u", v->source,
			      form, ret, req.state);
		assert_bytes(out + b.aad.len, b.want.p, b.want.len, "%s, form %d, %s: wrong data",
			     v->source, form, decrypt ? "decrypting" : "encrypting");
		assert_bytes(b.mac, b.tag.p, b.tag.len, "%s, form %d: wrong tag", v->source, form);
		/* In one piece, associated data are in front of the output. */
		if (!pieces && b.from.len)
			assert_bytes(out, b.aad.p, b.aad.len, "%s: associated data", v->source);
	}
	if (out != in)
		fenced_free(out, len);
	fenced_free(in, len);
	bytes_free(&b.iv);
	bytes_free(&b.aad);
	bytes_free(&b.from);
	bytes_free(&b.want);
	bytes_free(&b.tag);
}

START_TEST(aeads)
{
	engines(_i);
	crypto_start();
	for (size_t i = 0; i < COUNT(aead_vectors); i++) {
		const struct aead_vector *v = &aead_vectors[i];
		const struct alg *alg = alg_named(v->name);
		struct bytes key = from_hex(v->key), key2 = from_hex(v->key2);
		handle_t sess = crypto_sess(alg, &key, &key2);
		int bits = (int)strlen(v->tag) * 4;

		ck_assert_int_eq(wd_aead_set_authsize(sess, (__u16)(bits / 8)), 0);
		ck_assert_int_eq(wd_aead_get_authsize(sess), bits / 8);
		for (int form = 0; form < FORMS; form++) {
			aead_way(v, alg, sess, form, false, -1);
			aead_way(v, alg, sess, form, true, -1);
			aead_way(v, alg, sess, form, true, (int)rng_below(&rng, (size_t)bits));
		}
		/* Of long tags not every bit in every row: there are 64 bytes of some. */
		for (int bit = 0; bit < bits; bit += bits > 128 ? 13 : 1)
			aead_way(v, alg, sess, bit % FORMS, true, bit);
		aead_way(v, alg, sess, 0, true, -1);
		wd_aead_free_sess(sess);
		bytes_free(&key);
		bytes_free(&key2);
	}
	crypto_finish();
}
END_TEST

/* The nonce of CCM as programs for libwd write it: a counter block around it. */
START_TEST(ccm_counter_blocks)
{
	engines(0);
	crypto_start();
	for (size_t i = 0; i < COUNT(aead_vectors); i++) {
		struct aead_vector v = aead_vectors[i];
		const struct alg *alg = alg_named(v.name);
		struct bytes key;
		char iv[33];
		handle_t sess;

		if (alg->mode != WD_CIPHER_CCM)
			continue;
		key = from_hex(v.key);
		snprintf(iv, sizeof(iv), "%02zx%s%s", 14 - strlen(v.iv) / 2, v.iv,
			 &"000000000000000001"[strlen(v.iv) - 12]);
		v.iv = iv;
		sess = crypto_sess(alg, &key, NULL);
		ck_assert_int_eq(wd_aead_set_authsize(sess, (__u16)(strlen(v.tag) / 2)), 0);
		for (int form = 0; form < FORMS; form++) {
			aead_way(&v, alg, sess, form, false, -1);
			aead_way(&v, alg, sess, form, true, -1);
		}
		wd_aead_free_sess(sess);
		bytes_free(&key);
	}
	crypto_finish();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("crypto vectors");
	TCase *tcase = add_case(suite, "vectors");

	/* Many rows in many forms: long where a sanitizer runs on a busy machine. */
	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, ciphers, 0, ENGINES);
	tcase_add_loop_test(tcase, digests, 0, ENGINES);
	tcase_add_loop_test(tcase, aeads, 0, ENGINES);
	tcase_add_test(tcase, ccm_counter_blocks);
	return run_suite(suite);
}
