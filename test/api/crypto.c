/* SPDX-License-Identifier: MIT */
#include "crypto.h"

#include <sched.h>

#include "hw/sdev_hw.h"

/* ---- algorithms ---------------------------------------------------------- */

#define CIPHER(n, a, m, dev, ...) \
	{ .name = (n), .class = IS_CIPHER, .device = SDEV_ALG_##dev, \
	  .alg = WD_CIPHER_##a, .mode = WD_CIPHER_##m, __VA_ARGS__ },
#define DIGEST(n, a, m, dev, ...) \
	{ .name = (n), .class = IS_DIGEST, .device = SDEV_ALG_##dev, \
	  .alg = WD_DIGEST_##a, .mode = WD_DIGEST_##m, __VA_ARGS__ },
#define AEAD(n, a, m, dev, ...) \
	{ .name = (n), .class = IS_AEAD, .device = SDEV_ALG_##dev, \
	  .alg = WD_CIPHER_##a, .mode = WD_CIPHER_##m, __VA_ARGS__ },
#define PK(...)

const struct alg algs[] = {
#include "alg/algs.def"
};
const int alg_count = sizeof(algs) / sizeof(algs[0]);

const struct alg *alg_named(const char *name)
{
	for (int i = 0; i < alg_count; i++) {
		if (!strcmp(algs[i].name, name))
			return &algs[i];
	}
	ck_abort_msg("no algorithm %s", name);
	return NULL;
}

/* ---- bytes --------------------------------------------------------------- */

static unsigned int nibble(char c)
{
	return c <= '9' ? (unsigned int)(c - '0') : (unsigned int)(c - 'a' + 10);
}

struct bytes from_hex(const char *hex)
{
	struct bytes b = { .len = strlen(hex) / 2 };

	/* A byte more, so that nothing has no address. */
	b.p = malloc(b.len + 1);
	ck_assert_ptr_nonnull(b.p);
	for (size_t i = 0; i < b.len; i++)
		b.p[i] = (uint8_t)(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]));
	return b;
}

void bytes_free(struct bytes *b)
{
	free(b->p);
	b->p = NULL;
}

struct wd_datalist *as_list(struct list *list, void *p, size_t len, size_t piece, struct rng *rng)
{
	uint8_t *at = p;
	size_t n = 0;

	do {
		size_t left = len - (size_t)(at - (uint8_t *)p);
		size_t part = n == LIST_MAX - 1 ? left : rng_below(rng, piece + 1);

		if (part > left)
			part = left;
		list->node[n] = (struct wd_datalist){ at, (__u32)part, &list->node[n + 1] };
		at += part;
		n++;
	} while (at < (uint8_t *)p + len);
	list->node[n - 1].next = NULL;
	return list->node;
}

/* ---- what does the work --------------------------------------------------- */

void engines(int i)
{
	env("WEFT_ENGINE_THREADS", i & 1 ? "2" : "0");
	if (i & 2)
		env("WEFT_CRYPTO_ENGINES", "openssl");
}

void crypto_start(void)
{
	ck_assert_int_eq(wd_cipher_init2("cbc(aes)", SCHED_POLICY_RR, TASK_MIX), 0);
	ck_assert_int_eq(wd_digest_init2("sha256", SCHED_POLICY_RR, TASK_MIX), 0);
	ck_assert_int_eq(wd_aead_init2("gcm(aes)", SCHED_POLICY_RR, TASK_MIX), 0);
}

void crypto_finish(void)
{
	wd_aead_uninit2();
	wd_digest_uninit2();
	wd_cipher_uninit2();
}

/* ---- requests ------------------------------------------------------------ */

/* What synchronous calls return for the states of requests. */
static int ret_of(unsigned int state)
{
	return -(int)state;
}

static void *cipher_done(struct wd_cipher_req *req, void *param)
{
	*(struct wd_cipher_req *)param = *req;
	return NULL;
}

static void *digest_done(void *param)
{
	struct wd_digest_req *req = param;

	*(struct wd_digest_req *)req->cb_param = *req;
	return NULL;
}

static void *aead_done(struct wd_aead_req *req, void *param)
{
	*(struct wd_aead_req *)param = *req;
	return NULL;
}

static void wait_for(int (*poll)(__u32 expt, __u32 *count))
{
	__u32 count = 0;

	while (!count) {
		ck_assert_int_eq(poll(1, &count), 0);
		sched_yield();
	}
}

#define RUN(class, Class) \
	int run_##class(bool async, handle_t sess, struct wd_##class##_req *req) \
	{ \
		struct wd_##class##_req ended, copy = *req; \
		int ret; \
		\
		if (!async) \
			return wd_do_##class##_sync(sess, req); \
		copy.cb = class##_done; \
		copy.cb_param = &ended; \
		ret = wd_do_##class##_async(sess, &copy); \
		if (ret) \
			return ret; \
		/* The request is the library's own copy. */ \
		memset(&copy, 0xff, sizeof(copy)); \
		wait_for(wd_##class##_poll); \
		ended.cb = req->cb; \
		ended.cb_param = req->cb_param; \
		*req = ended; \
		return ret_of(req->state); \
	}

RUN(cipher, CIPHER)
RUN(digest, DIGEST)
RUN(aead, AEAD)

static handle_t cipher_sess(const struct alg *alg, const struct bytes *key)
{
	struct wd_cipher_sess_setup setup = { .alg = alg->alg, .mode = alg->mode };
	handle_t sess = wd_cipher_alloc_sess(&setup);

	ck_assert_msg(sess, "%s: no session", alg->name);
	ck_assert_int_eq(wd_cipher_set_key(sess, key->p, (__u32)key->len), 0);
	return sess;
}

static handle_t digest_sess(const struct alg *alg, const struct bytes *key)
{
	struct wd_digest_sess_setup setup = { .alg = alg->alg, .mode = alg->mode };
	handle_t sess = wd_digest_alloc_sess(&setup);

	ck_assert_msg(sess, "%s: no session", alg->name);
	if (alg->key_max)
		ck_assert_int_eq(wd_digest_set_key(sess, key->p, (__u32)key->len), 0);
	return sess;
}

static handle_t aead_sess(const struct alg *alg, const struct bytes *key, const struct bytes *key2)
{
	struct wd_aead_sess_setup setup = {
		.calg = alg->alg,
		.cmode = alg->mode,
		.dalg = alg->mac,
		.dmode = WD_DIGEST_HMAC,
	};
	handle_t sess = wd_aead_alloc_sess(&setup);

	ck_assert_msg(sess, "%s: no session", alg->name);
	ck_assert_int_eq(wd_aead_set_ckey(sess, key->p, (__u16)key->len), 0);
	if (key2 && key2->len)
		ck_assert_int_eq(wd_aead_set_akey(sess, key2->p, (__u16)key2->len), 0);
	return sess;
}

handle_t crypto_sess(const struct alg *alg, const struct bytes *key, const struct bytes *key2)
{
	switch (alg->class) {
	case IS_CIPHER:
		return cipher_sess(alg, key);
	case IS_DIGEST:
		return digest_sess(alg, key);
	default:
		return aead_sess(alg, key, key2);
	}
}

void crypto_sess_free(const struct alg *alg, handle_t sess)
{
	if (alg->class == IS_CIPHER)
		wd_cipher_free_sess(sess);
	else if (alg->class == IS_DIGEST)
		wd_digest_free_sess(sess);
	else
		wd_aead_free_sess(sess);
}
