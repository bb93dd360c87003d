/* SPDX-License-Identifier: MIT */
/*
 * What bad input gets: the number that the headers say, a line in the log that names the
 * cause, nothing written, and a session that goes on.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "crypto.h"

#define UNTOUCHED_STATE	0x7777

/* ---- the log ------------------------------------------------------------------- */

/* The log's level is read once a process: without one for each case it is not looked at. */
static char log_name[] = "crypto_bad_test.XXXXXX";
static bool logs;
static long log_at;

static void log_begin(void)
{
	char value[64];
	int fd = mkstemp(log_name);

	ck_assert_int_ge(fd, 0);
	close(fd);
	snprintf(value, sizeof(value), "error:%s", log_name);
	env("WEFT_LOG", value);
}

static void log_end(void)
{
	unlink(log_name);
	strcpy(log_name, "crypto_bad_test.XXXXXX");
}

static void *read_log(size_t *len)
{
	static char text[4000];
	FILE *f = fopen(log_name, "r");

	*len = 0;
	if (!f)
		return text;
	fseek(f, log_at, SEEK_SET);
	*len = fread(text, 1, sizeof(text) - 1, f);
	text[*len] = '\0';
	log_at = ftell(f);
	fclose(f);
	return text;
}

/* What was said before is not looked at. */
static void log_skip(void)
{
	size_t len;

	read_log(&len);
}

/* One line has come that has @words in it. */
static void assert_logged(const char *words)
{
	size_t len;
	const char *text = read_log(&len);

	if (!logs)
		return;
	ck_assert_msg(strstr(text, words), "no line says \"%s\": %s", words, text);
	ck_assert_ptr_eq(strchr(text, '\n'), text + len - 1);
}

/* A key that would be seen in a log. */
static uint8_t key[512];

static void set_up(void)
{
	size_t len;

	log_begin();
	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)(i * 7 + 1);
	env("WEFT_ENGINE_THREADS", "0");
	crypto_start();
	log_at = 0;
	ck_assert_int_eq(wd_cipher_set_key(12345, key, 16), -WD_EINVAL);
	read_log(&len);
	logs = len;
}

static void tear_down(void)
{
	crypto_finish();
	log_end();
}

/* ---- sessions and keys ------------------------------------------------------------ */

START_TEST(no_such_session)
{
	struct wd_cipher_sess_setup c = { .alg = WD_CIPHER_AES, .mode = WD_CIPHER_CBC };
	struct wd_digest_sess_setup d = { .alg = WD_DIGEST_SHA256 };
	struct wd_aead_sess_setup a = { .calg = WD_CIPHER_AES, .cmode = WD_CIPHER_GCM };
	static const struct {
		uint8_t alg, mode;
		int error;
		const char *words;
	} ciphers[] = {
		{ WD_CIPHER_ALG_TYPE_MAX, WD_CIPHER_CBC, EINVAL, "algorithm 4, mode 1" },
		{ WD_CIPHER_AES, WD_CIPHER_MODE_TYPE_MAX, EINVAL, "algorithm 1, mode 12" },
		{ WD_CIPHER_AES, WD_CIPHER_GCM, ENOTSUP, "no such algorithm" },
		{ WD_CIPHER_DES, WD_CIPHER_CTR, ENOTSUP, "no such algorithm" },
		{ WD_CIPHER_SM4, WD_CIPHER_XTS_GB, ENOTSUP, "no such algorithm" },
	};

	set_up();
	for (size_t i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++) {
		c.alg = ciphers[i].alg;
		c.mode = ciphers[i].mode;
		errno = 0;
		ck_assert(!wd_cipher_alloc_sess(&c));
		ck_assert_int_eq(errno, ciphers[i].error);
		assert_logged(ciphers[i].words);
	}
	ck_assert(!wd_cipher_alloc_sess(NULL) && errno == EINVAL);
	ck_assert(!wd_digest_alloc_sess(NULL) && errno == EINVAL);
	ck_assert(!wd_aead_alloc_sess(NULL) && errno == EINVAL);
	d.alg = WD_DIGEST_TYPE_MAX;
	ck_assert(!wd_digest_alloc_sess(&d) && errno == EINVAL);
	d.alg = WD_DIGEST_MD5;
	d.mode = WD_DIGEST_MODE_MAX;
	ck_assert(!wd_digest_alloc_sess(&d) && errno == EINVAL);
	a.cmode = WD_CIPHER_CTR;
	ck_assert(!wd_aead_alloc_sess(&a) && errno == ENOTSUP);
	a.cmode = WD_CIPHER_CBC;
	a.dalg = WD_DIGEST_MD5;
	a.dmode = WD_DIGEST_HMAC;
	ck_assert(!wd_aead_alloc_sess(&a) && errno == ENOTSUP);
	a.dalg = WD_DIGEST_SHA256;
	a.dmode = WD_DIGEST_NORMAL;
	ck_assert(!wd_aead_alloc_sess(&a) && errno == ENOTSUP);
	a.calg = WD_CIPHER_DES;
	ck_assert(!wd_aead_alloc_sess(&a) && errno == ENOTSUP);
	/* A session of one class is none of another. */
	c.alg = WD_CIPHER_AES;
	c.mode = WD_CIPHER_CBC;
	{
		handle_t sess = wd_cipher_alloc_sess(&c);

		ck_assert_int_eq(errno, 0);
		ck_assert_int_eq(wd_digest_set_key(sess, key, 16), -WD_EINVAL);
		ck_assert_int_eq(wd_aead_get_authsize(sess), -WD_EINVAL);
		wd_digest_free_sess(sess);
		ck_assert_int_eq(wd_cipher_set_key(sess, key, 16), 0);
		wd_cipher_free_sess(sess);
		ck_assert_int_eq(wd_cipher_set_key(sess, key, 16), -WD_EINVAL);
	}
	wd_cipher_free_sess(0);
	wd_digest_free_sess(0);
	wd_aead_free_sess(0);
	tear_down();
}
END_TEST

static int set_key(const struct alg *alg, handle_t sess, const uint8_t *k, size_t len)
{
	switch (alg->class) {
	case IS_CIPHER:
		return wd_cipher_set_key(sess, k, (__u32)len);
	case IS_DIGEST:
		return wd_digest_set_key(sess, k, (__u32)len);
	default:
		return wd_aead_set_ckey(sess, k, (__u16)len);
	}
}

/* Every algorithm takes the lengths of its row and no others. */
START_TEST(lengths_of_keys)
{
	set_up();
	for (int i = 0; i < alg_count; i++) {
		const struct alg *alg = &algs[i];
		struct bytes first = { key, alg->key_min };
		handle_t sess = crypto_sess(alg, &first, NULL);

		for (size_t len = 0; alg->key_max && len <= sizeof(key); len++) {
			bool fits = len >= alg->key_min && len <= alg->key_max &&
				    (len - alg->key_min) % alg->key_step == 0;

			ck_assert_msg(set_key(alg, sess, key, len) == (fits ? 0 : -WD_EINVAL),
				      "%s, a key of %zu bytes", alg->name, len);
		}
		ck_assert_int_eq(set_key(alg, sess, NULL, alg->key_min), -WD_EINVAL);
		crypto_sess_free(alg, sess);
	}
	tear_down();
}
END_TEST

static int cipher_with(enum wd_cipher_alg alg, enum wd_cipher_mode mode, const uint8_t *k,
		       size_t len)
{
	struct wd_cipher_sess_setup setup = { .alg = alg, .mode = mode };
	handle_t sess = wd_cipher_alloc_sess(&setup);
	int ret = wd_cipher_set_key(sess, k, (__u32)len);

	wd_cipher_free_sess(sess);
	return ret;
}

static const char *const weak_keys[] = {
	"0101010101010101", "fefefefefefefefe", "e0e0e0e0f1f1f1f1", "1f1f1f1f0e0e0e0e",
	"011f011f010e010e", "1f011f010e010e01", "01e001e001f101f1", "e001e001f101f101",
	"01fe01fe01fe01fe", "fe01fe01fe01fe01", "1fe01fe00ef10ef1", "e01fe01ff10ef10e",
	"1ffe1ffe0efe0efe", "fe1ffe1ffe0efe0e", "e0fee0fef1fef1fe", "fee0fee0fef1fef1",
	/* the first two without parity */
	"0000000000000000", "ffffffffffffffff",
};

START_TEST(weak_keys_of_des)
{
	set_up();
	for (size_t i = 0; i < sizeof(weak_keys) / sizeof(weak_keys[0]); i++) {
		struct bytes k = from_hex(weak_keys[i]);

		ck_assert_int_eq(cipher_with(WD_CIPHER_DES, WD_CIPHER_ECB, k.p, k.len), -WD_EINVAL);
		assert_logged("a weak key of DES");
		k.p[3] ^= 0x10;
		ck_assert_int_eq(cipher_with(WD_CIPHER_DES, WD_CIPHER_ECB, k.p, k.len), 0);
		bytes_free(&k);
	}
	/* Parity is nobody's business, and triple DES is not examined. */
	ck_assert_int_eq(cipher_with(WD_CIPHER_DES, WD_CIPHER_CBC, (const uint8_t *)"\0\1\2\3\4\5\6\7",
				     8), 0);
	memset(key, 1, 24);
	ck_assert_int_eq(cipher_with(WD_CIPHER_3DES, WD_CIPHER_CBC, key, 24), 0);
	ck_assert_int_eq(cipher_with(WD_CIPHER_3DES, WD_CIPHER_CBC, key, 16), 0);
	tear_down();
}
END_TEST

START_TEST(equal_halves_of_xts)
{
	set_up();
	for (size_t half = 16; half <= 32; half += 16) {
		memcpy(key + half, key, half);
		ck_assert_int_eq(cipher_with(WD_CIPHER_AES, WD_CIPHER_XTS, key, 2 * half),
				 -WD_EINVAL);
		assert_logged("halves of an XTS key are equal");
		key[2 * half - 1] ^= 1;
		ck_assert_int_eq(cipher_with(WD_CIPHER_AES, WD_CIPHER_XTS, key, 2 * half), 0);
	}
	memcpy(key + 16, key, 16);
	ck_assert_int_eq(cipher_with(WD_CIPHER_SM4, WD_CIPHER_XTS, key, 32), -WD_EINVAL);
	assert_logged("halves of an XTS key are equal");
	tear_down();
}
END_TEST

/* ---- requests of ciphers -------------------------------------------------------------- */

static uint8_t in[256], out[256], iv[128], mac[64];

static struct wd_cipher_req cipher_req(void)
{
	return (struct wd_cipher_req){
		.op_type = WD_CIPHER_ENCRYPTION,
		.src = in,
		.dst = out,
		.iv = iv,
		.in_bytes = 64,
		.iv_bytes = 16,
		.out_buf_bytes = 64,
		.state = UNTOUCHED_STATE,
	};
}

static void assert_cipher(const struct alg *alg, handle_t sess, struct wd_cipher_req req,
			  const char *words)
{
	req.iv_bytes = req.iv_bytes == 16 ? alg->iv : req.iv_bytes;
	memset(out, 0xee, sizeof(out));
	memset(iv, 1, sizeof(iv));
	log_skip();
	for (int async = 0; async < 2; async++) {
		ck_assert_msg(run_cipher(async, sess, &req) == (words ? -WD_EINVAL : 0), "%s: %s",
			      alg->name, words ? words : "good");
		if (!words)
			continue;
		ck_assert_uint_eq(req.state, UNTOUCHED_STATE);
		ck_assert_uint_eq(out[0], 0xee);
		ck_assert_uint_eq(iv[0], 1);
		assert_logged(words);
	}
}

#define BAD(words, ...) \
	do { \
		struct wd_cipher_req bad = cipher_req(); \
		\
		__VA_ARGS__; \
		assert_cipher(alg, sess, bad, words); \
		assert_cipher(alg, sess, cipher_req(), NULL); \
	} while (0)

START_TEST(requests_of_ciphers)
{
	set_up();
	for (int i = 0; i < alg_count; i++) {
		const struct alg *alg = &algs[i];
		struct bytes k = { key, alg->key_min };
		struct wd_cipher_sess_setup setup = { .alg = alg->alg, .mode = alg->mode };
		handle_t sess;

		if (alg->class != IS_CIPHER)
			continue;
		sess = wd_cipher_alloc_sess(&setup);
		assert_cipher(alg, sess, cipher_req(), "the session has no key");
		wd_cipher_free_sess(sess);
		sess = crypto_sess(alg, &k, NULL);
		BAD("src or dst is NULL", bad.src = NULL);
		BAD("src or dst is NULL", bad.dst = NULL);
		BAD("in_bytes is 0", bad.in_bytes = 0);
		BAD("out_buf_bytes is less", bad.out_buf_bytes = 63);
		BAD("op_type does not exist", bad.op_type = 2);
		BAD("data_fmt does not exist", bad.data_fmt = 2);
		if (alg->iv) {
			BAD("iv is NULL", bad.iv = NULL);
			BAD("iv_bytes is wrong", bad.iv_bytes = 12);
			BAD("iv_bytes is wrong", bad.iv_bytes = 0);
		} else {
			BAD(NULL, bad.iv = NULL);
		}
		if (alg->unit > 1) {
			BAD("no multiple of the block", bad.in_bytes = 63);
			BAD("no multiple of the block", bad.in_bytes = bad.out_buf_bytes = 65);
		}
		if (alg->least == 16) {
			BAD("in_bytes is less than the mode takes", bad.in_bytes = 15);
			BAD(NULL, bad.in_bytes = 16);
		}
		ck_assert_int_eq(wd_do_cipher_sync(sess, NULL), -WD_EINVAL);
		ck_assert_int_eq(wd_do_cipher_async(sess, NULL), -WD_EINVAL);
		{
			struct wd_cipher_req req = cipher_req();

			req.iv_bytes = alg->iv;
			ck_assert_int_eq(wd_do_cipher_async(sess, &req), -WD_EINVAL);
		}
		wd_cipher_free_sess(sess);
	}
	tear_down();
}
END_TEST

/* ---- requests of digests --------------------------------------------------------------- */

static struct wd_digest_req digest_req(const struct alg *alg)
{
	return (struct wd_digest_req){
		.in = in,
		.out = out,
		.in_bytes = 100,
		.out_bytes = alg->out,
		.out_buf_bytes = 64,
		.iv = iv,
		.iv_bytes = 12,
		.state = UNTOUCHED_STATE,
	};
}

static void assert_digest(const struct alg *alg, handle_t sess, struct wd_digest_req req,
			  const char *words)
{
	memset(out, 0xee, sizeof(out));
	log_skip();
	for (int async = 0; async < 2; async++) {
		ck_assert_msg(run_digest(async, sess, &req) == (words ? -WD_EINVAL : 0), "%s: %s",
			      alg->name, words ? words : "good");
		if (!words)
			continue;
		ck_assert_uint_eq(req.state, UNTOUCHED_STATE);
		ck_assert_uint_eq(out[0], 0xee);
		assert_logged(words);
	}
}

#define BAD_DIGEST(words, ...) \
	do { \
		struct wd_digest_req bad = digest_req(alg); \
		\
		__VA_ARGS__; \
		assert_digest(alg, sess, bad, words); \
		assert_digest(alg, sess, digest_req(alg), NULL); \
	} while (0)

START_TEST(requests_of_digests)
{
	set_up();
	memset(iv, 0, sizeof(iv));
	for (int i = 0; i < alg_count; i++) {
		const struct alg *alg = &algs[i];
		struct bytes k = { key, alg->key_min };
		struct wd_digest_sess_setup setup = { .alg = alg->alg, .mode = alg->mode };
		handle_t sess;

		if (alg->class != IS_DIGEST)
			continue;
		sess = wd_digest_alloc_sess(&setup);
		if (alg->key_max)
			assert_digest(alg, sess, digest_req(alg), "the session has no key");
		wd_digest_free_sess(sess);
		sess = crypto_sess(alg, &k, NULL);
		BAD_DIGEST("in is NULL", bad.in = NULL);
		BAD_DIGEST(NULL, bad.in = NULL, bad.in_bytes = 0);
		BAD_DIGEST("out is NULL", bad.out = NULL);
		BAD_DIGEST("out_bytes is 0", bad.out_bytes = 0);
		BAD_DIGEST("out_bytes is 0 or more", bad.out_bytes = alg->out + 1u);
		BAD_DIGEST(NULL, bad.out_bytes = 1);
		BAD_DIGEST("out_buf_bytes is less", bad.out_buf_bytes = alg->out - 1u);
		BAD_DIGEST("has_next does not exist", bad.has_next = WD_DIGEST_MSG_STATE_MAX);
		BAD_DIGEST("data_fmt does not exist", bad.data_fmt = 7);
		if (alg->state) {
			BAD_DIGEST("length of the chaining state", bad.has_next = WD_DIGEST_DOING,
				   bad.out_bytes = alg->state - 1u);
			BAD_DIGEST("long_data_len is 0", bad.has_next = WD_DIGEST_STREAM_END);
			BAD_DIGEST("long_data_len is 0 or no multiple",
				   bad.has_next = WD_DIGEST_STREAM_END, bad.long_data_len = 65);
			if (alg->state > 16)
				BAD_DIGEST("out_buf_bytes is less than the chaining state",
					   bad.has_next = WD_DIGEST_STREAM_END,
					   bad.long_data_len = 128, bad.out_bytes = 16,
					   bad.out_buf_bytes = 17);
		} else if (alg->alg == WD_DIGEST_AES_GMAC) {
			BAD_DIGEST("takes whole messages only", bad.has_next = WD_DIGEST_DOING);
			BAD_DIGEST("iv is NULL", bad.iv = NULL);
			BAD_DIGEST("neither 12 nor 16", bad.iv_bytes = 0);
			BAD_DIGEST("neither 12 nor 16", bad.iv_bytes = 13);
			BAD_DIGEST(NULL, bad.iv_bytes = 16);
			iv[15] = 2;
			BAD_DIGEST("a counter other than 0 or 1", bad.iv_bytes = 16);
			iv[15] = 0;
		} else {
			BAD_DIGEST("no chaining state to begin with",
				   bad.has_next = WD_DIGEST_STREAM_END, bad.long_data_len = 64);
		}
		ck_assert_int_eq(wd_do_digest_sync(sess, NULL), -WD_EINVAL);
		ck_assert_int_eq(wd_do_digest_async(sess, NULL), -WD_EINVAL);
		wd_digest_free_sess(sess);
	}
	tear_down();
}
END_TEST

/* ---- requests of AEAD --------------------------------------------------------------------- */

static size_t good_iv(const struct alg *alg)
{
	return alg->mode == WD_CIPHER_CBC ? 16 : 12;
}

static struct wd_aead_req aead_req(const struct alg *alg)
{
	return (struct wd_aead_req){
		.op_type = WD_CIPHER_ENCRYPTION_DIGEST,
		.src = in,
		.dst = out,
		.mac = mac,
		.iv = iv,
		.in_bytes = 64,
		.iv_bytes = (__u16)good_iv(alg),
		.mac_bytes = 16,
		.assoc_bytes = 20,
		.state = UNTOUCHED_STATE,
	};
}

static void assert_aead(const struct alg *alg, handle_t sess, struct wd_aead_req req,
			const char *words)
{
	memset(out, 0xee, sizeof(out));
	memset(mac, 0xee, sizeof(mac));
	log_skip();
	for (int async = 0; async < 2; async++) {
		ck_assert_msg(run_aead(async, sess, &req) == (words ? -WD_EINVAL : 0), "%s: %s",
			      alg->name, words ? words : "good");
		if (!words)
			continue;
		ck_assert_uint_eq(req.state, UNTOUCHED_STATE);
		ck_assert(out[20] == 0xee && mac[0] == 0xee);
		assert_logged(words);
	}
}

#define BAD_AEAD(words, ...) \
	do { \
		struct wd_aead_req bad = aead_req(alg); \
		\
		__VA_ARGS__; \
		assert_aead(alg, sess, bad, words); \
		assert_aead(alg, sess, aead_req(alg), NULL); \
	} while (0)

static void bad_ivs(const struct alg *alg, handle_t sess)
{
	switch (alg->mode) {
	case WD_CIPHER_GCM:
		BAD_AEAD("iv_bytes of GCM is 0", bad.iv_bytes = 0);
		BAD_AEAD("iv_bytes of GCM is 0 or more than 128", bad.iv_bytes = 129);
		BAD_AEAD(NULL, bad.iv_bytes = 128);
		BAD_AEAD(NULL, bad.iv_bytes = 1);
		break;
	case WD_CIPHER_CCM:
		BAD_AEAD("neither 16 nor 7 to 13", bad.iv_bytes = 0);
		BAD_AEAD("neither 16 nor 7 to 13", bad.iv_bytes = 6);
		BAD_AEAD("neither 16 nor 7 to 13", bad.iv_bytes = 14);
		iv[0] = 0xf8;
		BAD_AEAD("length field in the first byte", bad.iv_bytes = 16);
		iv[0] = 1;
		BAD_AEAD(NULL, bad.iv_bytes = 16);
		BAD_AEAD("does not fit into the length field", bad.iv_bytes = 16,
			 bad.in_bytes = 65536);
		BAD_AEAD("does not fit into the length field", bad.iv_bytes = 13,
			 bad.in_bytes = 65536);
		iv[0] = 0;
		break;
	default:
		BAD_AEAD("iv_bytes of CBC is not 16", bad.iv_bytes = 12);
	}
}

static void bad_tags(const struct alg *alg, handle_t sess)
{
	unsigned int taken = 0;

	log_skip();
	for (__u16 size = 0; size < 100; size++) {
		int ret = wd_aead_set_authsize(sess, size);

		ck_assert(ret == 0 || ret == -WD_EINVAL);
		taken += !ret;
		if (ret)
			assert_logged("has no tags of");
		ck_assert_int_ge(wd_aead_get_authsize(sess), ret ? 0 : size);
	}
	ck_assert_uint_eq(taken, alg->mode == WD_CIPHER_GCM ? 7 : alg->mode == WD_CIPHER_CCM ? 7
			  : alg->out - 9u);
	ck_assert_int_eq(wd_aead_get_maxauthsize(sess), alg->out);
	ck_assert_int_eq(wd_aead_set_authsize(sess, 16), 0);
}

START_TEST(requests_of_aead)
{
	set_up();
	memset(iv, 0, sizeof(iv));
	for (int i = 0; i < alg_count; i++) {
		const struct alg *alg = &algs[i];
		struct bytes k = { key, alg->key_min };
		struct wd_aead_sess_setup setup = { .calg = alg->alg, .cmode = alg->mode,
						    .dalg = alg->mac, .dmode = WD_DIGEST_HMAC };
		bool cbc = alg->mode == WD_CIPHER_CBC;
		handle_t sess;

		if (alg->class != IS_AEAD)
			continue;
		sess = wd_aead_alloc_sess(&setup);
		ck_assert_int_eq(wd_aead_get_authsize(sess), 0);
		assert_aead(alg, sess, aead_req(alg), "the length of the tag was not set");
		bad_tags(alg, sess);
		assert_aead(alg, sess, aead_req(alg), "has not all its keys");
		ck_assert_int_eq(wd_aead_set_ckey(sess, k.p, (__u16)k.len), 0);
		if (cbc)
			assert_aead(alg, sess, aead_req(alg), "has not all its keys");
		ck_assert_int_eq(wd_aead_set_akey(sess, NULL, 20), -WD_EINVAL);
		assert_logged("an HMAC key");
		ck_assert_int_eq(wd_aead_set_akey(sess, key, 0), -WD_EINVAL);
		assert_logged("an HMAC key");
		ck_assert_int_eq(wd_aead_set_akey(sess, key, 513), -WD_EINVAL);
		assert_logged("an HMAC key");
		ck_assert_int_eq(wd_aead_set_akey(sess, key, 512), 0);
		bad_ivs(alg, sess);
		BAD_AEAD("op_type does not exist", bad.op_type = WD_DIGEST_CIPHER_ENCRYPTION);
		BAD_AEAD("msg_state does not exist", bad.msg_state = AEAD_MSG_INVALID);
		BAD_AEAD("data_fmt does not exist", bad.data_fmt = 2);
		BAD_AEAD("iv is NULL", bad.iv = NULL);
		BAD_AEAD("mac is NULL", bad.mac = NULL);
		BAD_AEAD("mac_bytes is less", bad.mac_bytes = 15);
		BAD_AEAD("src is NULL", bad.src = NULL);
		BAD_AEAD("dst is NULL", bad.dst = NULL);
		BAD_AEAD("more than 2^32", bad.in_bytes = 0xfffffff0, bad.iv_bytes = cbc ? 16 : 7);
		if (cbc) {
			BAD_AEAD("in_bytes is 0", bad.in_bytes = 0);
			BAD_AEAD("no multiple of the block", bad.in_bytes = 63);
		} else {
			BAD_AEAD(NULL, bad.in_bytes = 0, bad.dst = NULL);
			BAD_AEAD(NULL, bad.in_bytes = 0, bad.dst = NULL, bad.src = NULL,
				 bad.assoc_bytes = 0);
			BAD_AEAD(NULL, bad.in_bytes = 63);
		}
		if (alg->mode == WD_CIPHER_CCM) {
			BAD_AEAD("CCM takes whole messages only", bad.msg_state = AEAD_MSG_FIRST);
		} else {
			BAD_AEAD("has not begun", bad.msg_state = AEAD_MSG_END);
			BAD_AEAD("no multiple of 16", bad.msg_state = AEAD_MSG_MIDDLE,
				 bad.in_bytes = 0);
		}
		ck_assert_int_eq(wd_do_aead_sync(sess, NULL), -WD_EINVAL);
		wd_aead_free_sess(sess);
	}
	tear_down();
}
END_TEST

/* A stream in the other direction is none of this one, and a bad piece does not end it. */
START_TEST(pieces_of_aead)
{
	const struct alg *alg = alg_named("gcm(aes)");
	struct bytes k = { key, 16 };
	struct wd_aead_req req = aead_req(alg);
	uint8_t tag[16];
	handle_t sess;

	set_up();
	sess = crypto_sess(alg, &k, NULL);
	ck_assert_int_eq(wd_aead_set_authsize(sess, 16), 0);
	ck_assert_int_eq(wd_do_aead_sync(sess, &req), 0);
	memcpy(tag, mac, 16);
	req.msg_state = AEAD_MSG_FIRST;
	ck_assert_int_eq(wd_do_aead_sync(sess, &req), 0);
	req.msg_state = AEAD_MSG_MIDDLE;
	req.op_type = WD_CIPHER_DECRYPTION_DIGEST;
	req.src = in + 20;
	req.in_bytes = 16;
	ck_assert_int_eq(wd_do_aead_sync(sess, &req), -WD_EINVAL);
	assert_logged("in the other direction");
	req.op_type = WD_CIPHER_ENCRYPTION_DIGEST;
	req.in_bytes = 17;
	ck_assert_int_eq(wd_do_aead_sync(sess, &req), -WD_EINVAL);
	assert_logged("no multiple of 16");
	/* Whole messages of the session go on meanwhile. */
	{
		struct wd_aead_req whole = aead_req(alg);

		ck_assert_int_eq(wd_do_aead_sync(sess, &whole), 0);
		assert_bytes(mac, tag, 16, "a whole message beside a stream");
	}
	req.in_bytes = 32;
	ck_assert_int_eq(wd_do_aead_sync(sess, &req), 0);
	req.msg_state = AEAD_MSG_END;
	req.src = in + 52;
	memset(mac, 0, sizeof(mac));
	ck_assert_int_eq(wd_do_aead_sync(sess, &req), 0);
	assert_bytes(mac, tag, 16, "the stream's tag");
	ck_assert_int_eq(wd_do_aead_sync(sess, &req), -WD_EINVAL);
	assert_logged("has not begun");
	wd_aead_free_sess(sess);
	tear_down();
}
END_TEST

/* ---- addresses ---------------------------------------------------------------------------------- */

/* Where nobody may look or write, and what the request says then. */
START_TEST(bad_addresses)
{
	static const struct alg *alg;
	struct bytes k = { key, 16 };
	uint8_t *nothing = mmap(NULL, page_size(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint8_t *fixed = mmap(NULL, page_size(), PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct wd_datalist loop = { in, 1, &loop }, shorter = { in, 10, NULL };
	struct wd_cipher_req good = cipher_req(), req;
	handle_t sess;

	set_up();
	alg = alg_named("cbc(aes)");
	sess = crypto_sess(alg, &k, NULL);
	for (int async = 0; async < 2; async++) {
		req = good, req.src = nothing;
		ck_assert_int_eq(run_cipher(async, sess, &req), -WD_ADDR_ERR);
		req = good, req.dst = nothing;
		ck_assert_int_eq(run_cipher(async, sess, &req), -WD_ADDR_ERR);
		req = good, req.dst = fixed;
		ck_assert_int_eq(run_cipher(async, sess, &req), -WD_ADDR_ERR);
		ck_assert_uint_eq(req.state, WD_ADDR_ERR);
		req = good, req.iv = nothing;
		ck_assert_int_eq(run_cipher(async, sess, &req), -WD_ADDR_ERR);
		req = good, req.iv = fixed;
		ck_assert_int_eq(run_cipher(async, sess, &req), -WD_ADDR_ERR);
		req = good, req.data_fmt = WD_SGL_BUF, req.list_src = &shorter;
		ck_assert_int_eq(run_cipher(async, sess, &req), -WD_SGL_ERR);
		req = good, req.data_fmt = WD_SGL_BUF, req.list_src = req.list_dst = &loop;
		req.in_bytes = req.out_buf_bytes = 65536;
		ck_assert_int_eq(run_cipher(async, sess, &req), -WD_SGL_ERR);
		req = good;
		ck_assert_int_eq(run_cipher(async, sess, &req), 0);
	}
	wd_cipher_free_sess(sess);

	/* Pieces of a digest are partly copied before the device sees them. */
	sess = crypto_sess(alg_named("sha256"), &k, NULL);
	for (int i = 0; i < 3; i++) {
		struct wd_digest_req d = { .in = i == 1 ? nothing : in, .in_bytes = 10, .out = out,
					   .out_bytes = 32, .out_buf_bytes = 64,
					   .has_next = WD_DIGEST_DOING };

		if (i == 2) {
			d.out = nothing;
			d.has_next = WD_DIGEST_STREAM_DOING;
			d.long_data_len = 64;
		}
		ck_assert_int_eq(wd_do_digest_sync(sess, &d), i ? -WD_ADDR_ERR : 0);
	}
	wd_digest_free_sess(sess);

	sess = crypto_sess(alg_named("gcm(aes)"), &k, NULL);
	ck_assert_int_eq(wd_aead_set_authsize(sess, 16), 0);
	for (int i = 0; i < 5; i++) {
		struct wd_aead_req a = aead_req(alg_named("gcm(aes)"));

		if (i == 0)
			a.src = nothing;
		else if (i == 1)
			a.dst = fixed;
		else if (i == 2)
			a.mac = fixed;
		else if (i == 3)
			a.iv = nothing;
		ck_assert_int_eq(wd_do_aead_sync(sess, &a), i < 4 ? -WD_ADDR_ERR : 0);
	}
	wd_aead_free_sess(sess);
	munmap(nothing, page_size());
	munmap(fixed, page_size());
	tear_down();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bad input");
	TCase *tcase = add_case(suite, "sessions and keys");

	tcase_add_test(tcase, no_such_session);
	tcase_add_test(tcase, lengths_of_keys);
	tcase_add_test(tcase, weak_keys_of_des);
	tcase_add_test(tcase, equal_halves_of_xts);
	tcase = add_case(suite, "requests");
	tcase_add_test(tcase, requests_of_ciphers);
	tcase_add_test(tcase, requests_of_digests);
	tcase_add_test(tcase, requests_of_aead);
	tcase_add_test(tcase, pieces_of_aead);
	tcase_add_test(tcase, bad_addresses);
	return run_suite(suite);
}
