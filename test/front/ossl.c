/* SPDX-License-Identifier: MIT */
#include "ossl.h"
#include "ossl_pk.h"

#include <check.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/async.h>
#include <openssl/conf.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>

#define JOBS_MAX	64

/*
 * The leak checker of the address sanitizer crashes, now and then, on threads whose stack
 * was another one when jobs ran. Leaks are valgrind's to find here.
 */
/* Visible, or the sanitizer's library does not find it. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0:detect_stack_use_after_return=0";
}

/* ---- library contexts ---- */

void weft_ctx_open(struct weft_ctx *w, const char *options)
{
	char path[] = "/tmp/weft-ossl-XXXXXX";
	int fd = mkstemp(path);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");

	memset(w, 0, sizeof(*w));
	if (!f)
		abort();
	fprintf(f, "openssl_conf = init\n[init]\nproviders = all\n[all]\nweft = weft\n"
		"default = plain\n[plain]\nactivate = 1\n[weft]\n%s\nactivate = 1\n",
		options);
	fclose(f);
	w->libctx = OSSL_LIB_CTX_new();
	OSSL_PROVIDER_set_default_search_path(w->libctx, getenv("OPENSSL_MODULES"));
	/* Nobody has asked for the default configuration, which would do this. */
	OPENSSL_load_builtin_modules();
	if (OSSL_LIB_CTX_load_config(w->libctx, path) &&
	    OSSL_PROVIDER_available(w->libctx, "weft"))
		w->prov = OSSL_PROVIDER_try_load(w->libctx, "weft", 1);
	unlink(path);
}

void weft_ctx_close(struct weft_ctx *w)
{
	if (w->prov)
		OSSL_PROVIDER_unload(w->prov);
	OSSL_LIB_CTX_free(w->libctx);
}

/* ---- numbers ---- */

uint32_t rnd(struct rnd *r, uint32_t below)
{
	r->s ^= r->s << 13;
	r->s ^= r->s >> 7;
	r->s ^= r->s << 17;
	return (uint32_t)((r->s >> 16) % below);
}

void rnd_fill(struct rnd *r, uint8_t *to, size_t len)
{
	for (size_t i = 0; i < len; i++)
		to[i] = (uint8_t)rnd(r, 256);
}

size_t rnd_len(struct rnd *r)
{
	switch (rnd(r, 16)) {
	case 0:
		return 0;
	case 1:
	case 2:
	case 3:
		return rnd(r, 40);
	case 4:
	case 5:
	case 6:
	case 7:
		return 16 * (size_t)rnd(r, 300);
	case 8:
		return 1000 + rnd(r, 64);
	case 9:
		return rnd(r, 2) ? 32768 - rnd(r, 40) : rnd(r, RND_LEN_MAX);
	default:
		return rnd(r, 3000);
	}
}

/* ---- transcripts ---- */

void script_bytes(struct transcript *t, const void *data, size_t len)
{
	if (t->len + len > t->room) {
		t->room = 2 * (t->len + len) + 1024;
		t->data = realloc(t->data, t->room);
		if (!t->data)
			abort();
	}
	if (len)
		memcpy(t->data + t->len, data, len);
	t->len += len;
}

void script_int(struct transcript *t, int64_t value)
{
	script_bytes(t, &value, sizeof(value));
}

bool script_same(const struct transcript *a, const struct transcript *b)
{
	return a->len == b->len && (!a->len || !memcmp(a->data, b->data, a->len));
}

void script_free(struct transcript *t)
{
	free(t->data);
	memset(t, 0, sizeof(*t));
}

/* ---- scripts: ciphers ---- */

const struct script_source *script_source;

/* EVP_CIPHER_free() and EVP_MD_free() leave alone what was not fetched. */
EVP_CIPHER *script_cipher(const struct script *s)
{
	return script_source && script_source->cipher ? script_source->cipher(s) :
	       EVP_CIPHER_fetch(s->libctx, s->name, s->query);
}

static EVP_MD *get_digest(const struct script *s)
{
	return script_source ? script_source->digest(s) : EVP_MD_fetch(s->libctx, s->name, s->query);
}

struct buffers {
	uint8_t in[RND_LEN_MAX + 64];
	uint8_t out[RND_LEN_MAX + 64];
};

static void cipher_iv(struct script *s, EVP_CIPHER_CTX *ctx)
{
	uint8_t iv[16] = { 0 };

	script_int(&s->out, EVP_CIPHER_CTX_get_original_iv(ctx, iv, sizeof(iv)));
	script_bytes(&s->out, iv, sizeof(iv));
	memset(iv, 0, sizeof(iv));
	script_int(&s->out, EVP_CIPHER_CTX_get_updated_iv(ctx, iv, sizeof(iv)));
	script_bytes(&s->out, iv, sizeof(iv));
	script_int(&s->out, EVP_CIPHER_CTX_get_num(ctx));
}

static void cipher_update(struct script *s, EVP_CIPHER_CTX *ctx, struct rnd *r, struct buffers *b)
{
	size_t len = rnd_len(r), skew = rnd(r, 16);
	uint8_t *in = b->in + skew, *out = rnd(r, 3) ? b->out + rnd(r, 16) : in;
	int outl = -1, ret;

	rnd_fill(r, in, len);
	ret = EVP_CipherUpdate(ctx, out, &outl, in, (int)len);
	script_int(&s->out, ret);
	if (ret) {
		script_int(&s->out, outl);
		script_bytes(&s->out, out, (size_t)outl);
	}
}

/* EVP_Cipher() takes whole blocks where the cipher has some. */
static void cipher_bare(struct script *s, EVP_CIPHER_CTX *ctx, struct rnd *r, struct buffers *b)
{
	size_t len = 16 * (size_t)(1 + rnd(r, 200));
	int ret;

	rnd_fill(r, b->in, len);
	ret = EVP_Cipher(ctx, b->out, b->in, (unsigned int)len);
	script_int(&s->out, ret);
	if (ret > 0)
		script_bytes(&s->out, b->out, len);
}

static void cipher_final(struct script *s, EVP_CIPHER_CTX *ctx, struct buffers *b)
{
	int outl = -1, ret = EVP_CipherFinal_ex(ctx, b->out, &outl);

	script_int(&s->out, ret);
	if (ret) {
		script_int(&s->out, outl);
		script_bytes(&s->out, b->out, (size_t)outl);
	}
}

/* Methods that were not fetched crash without a key whatever the mode. */
static bool fragile(const struct script *s)
{
	return script_source || strstr(s->name, "XTS") || strstr(s->name, "CTS");
}

static void cipher_init(struct script *s, EVP_CIPHER_CTX *ctx, struct rnd *r)
{
	uint8_t key[64], iv[16];
	/* Without a key OpenSSL's own code crashes in modes that are not block by block. */
	uint32_t how = fragile(s) ? 7 : rnd(r, 8);

	rnd_fill(r, key, sizeof(key));
	rnd_fill(r, iv, sizeof(iv));
	script_int(&s->out, EVP_CipherInit_ex2(ctx, NULL, how == 1 ? NULL : key, how == 2 ? NULL : iv,
					   how < 4 ? -1 : (int)rnd(r, 2), NULL));
}

static void run_cipher(struct script *s)
{
	EVP_CIPHER *cipher = script_cipher(s);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new(), *copy;
	struct buffers *b = calloc(1, sizeof(*b));
	struct rnd r = { s->seed };
	uint32_t steps;

	s->fetched = cipher;
	if (!cipher || !ctx || !b)
		goto free_all;
	script_int(&s->out, EVP_CipherInit_ex2(ctx, cipher, NULL, NULL, (int)rnd(&r, 2), NULL));
	if (strstr(s->name, "CTS") && rnd(&r, 2)) {
		char mode[] = "CS1";
		OSSL_PARAM p[2] = { OSSL_PARAM_construct_end(), OSSL_PARAM_construct_end() };

		mode[2] = (char)('1' + rnd(&r, 3));
		p[0] = OSSL_PARAM_construct_utf8_string(OSSL_CIPHER_PARAM_CTS_MODE, mode, 0);
		script_int(&s->out, EVP_CIPHER_CTX_set_params(ctx, p));
	}
	if (fragile(s) || rnd(&r, 8))
		cipher_init(s, ctx, &r);
	if (rnd(&r, 2))
		script_int(&s->out, EVP_CIPHER_CTX_set_padding(ctx, (int)rnd(&r, 2)));
	steps = 2 + rnd(&r, 9);
	for (uint32_t i = 0; i < steps; i++) {
		switch (rnd(&r, 12)) {
		case 0:
			cipher_init(s, ctx, &r);
			break;
		case 1:
			cipher_final(s, ctx, b);
			cipher_init(s, ctx, &r);
			break;
		case 2:
			copy = EVP_CIPHER_CTX_new();
			script_int(&s->out, EVP_CIPHER_CTX_copy(copy, ctx));
			if (rnd(&r, 2)) {
				EVP_CIPHER_CTX_free(ctx);
				ctx = copy;
			} else {
				EVP_CIPHER_CTX_free(copy);
			}
			break;
		case 3:
			cipher_iv(s, ctx);
			break;
		case 4:
			cipher_bare(s, ctx, &r, b);
			break;
		default:
			cipher_update(s, ctx, &r, b);
		}
	}
	cipher_final(s, ctx, b);
free_all:
	free(b);
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(cipher);
	ERR_clear_error();
}

/* ---- scripts: AEAD ---- */

struct message {
	uint8_t key[32], iv[16], tag[16], aad[700];
	int iv_len, tag_len;
	size_t aad_len, len, split;
	bool ccm, in_place, tell, early;
};

/* One direction of a message; records everything, leaves the output in b->out. */
static void aead_once(struct script *s, EVP_CIPHER_CTX *ctx, struct message *m, struct buffers *b,
		      int enc)
{
	uint8_t *out = m->in_place ? b->in : b->out;
	size_t pos = 0;
	int outl = -1, ret, total = 0;

	/* A tag that comes before the direction is refused, and the last one made stays. */
	if (!enc && m->early)
		script_int(&s->out, EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, m->tag_len, m->tag));
	else if (!enc && m->ccm)
		script_int(&s->out, EVP_CipherInit_ex2(ctx, NULL, NULL, NULL, 0, NULL));
	else if (enc && m->ccm)
		script_int(&s->out, EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, m->tag_len, NULL));
	if (!enc && m->ccm && !m->early)
		script_int(&s->out, EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, m->tag_len, m->tag));
	script_int(&s->out, EVP_CipherInit_ex2(ctx, NULL, m->key, m->iv, enc, NULL));
	if (!enc && !m->ccm && !m->early)
		script_int(&s->out, EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, m->tag_len, m->tag));
	if (m->ccm && m->tell)
		script_int(&s->out, EVP_CipherUpdate(ctx, NULL, &outl, NULL, (int)m->len));
	if (m->aad_len) {
		size_t half = m->ccm ? m->aad_len : m->aad_len / 2;

		script_int(&s->out, EVP_CipherUpdate(ctx, NULL, &outl, m->aad, (int)half));
		if (half < m->aad_len)
			script_int(&s->out, EVP_CipherUpdate(ctx, NULL, &outl, m->aad + half,
							 (int)(m->aad_len - half)));
	}
	/* CCM makes its tag with the data, be they empty. */
	while (pos < m->len || (m->ccm && !m->len)) {
		size_t n = m->split && m->split < m->len - pos ? m->split : m->len - pos;

		outl = -1;
		ret = EVP_CipherUpdate(ctx, out + pos, &outl, b->in + pos, (int)n);
		script_int(&s->out, ret);
		if (ret) {
			script_int(&s->out, outl);
			total += outl;
		}
		/* What CCM says after it has refused the data is not the same each time. */
		if (!ret && m->ccm)
			return;
		pos += n;
		if (!m->len)
			break;
	}
	outl = -1;
	ret = EVP_CipherFinal_ex(ctx, out + pos, &outl);
	script_int(&s->out, ret);
	if (ret)
		script_bytes(&s->out, out, (size_t)total);
	if (enc) {
		uint8_t tag[16] = { 0 };

		ret = EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, m->tag_len, tag);
		script_int(&s->out, ret);
		script_bytes(&s->out, tag, sizeof(tag));
		memcpy(m->tag, tag, sizeof(tag));
	}
	if (m->in_place)
		memcpy(b->out, b->in, m->len);
}

static void run_aead(struct script *s)
{
	EVP_CIPHER *cipher = script_cipher(s);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	struct buffers *b = calloc(1, sizeof(*b));
	struct message m = { .ccm = strstr(s->name, "CCM") };
	struct rnd r = { s->seed };

	s->fetched = cipher;
	if (!cipher || !ctx || !b)
		goto free_all;
	for (uint32_t round = 0; round < 3; round++) {
		uint32_t damage = rnd(&r, 6);

		script_int(&s->out, EVP_CipherInit_ex2(ctx, round ? NULL : cipher, NULL, NULL, 1, NULL));
		m.iv_len = m.ccm ? 7 + (int)rnd(&r, 7) : rnd(&r, 4) ? 12 : 1 + (int)rnd(&r, 16);
		m.tag_len = m.ccm ? 4 + 2 * (int)rnd(&r, 7) : rnd(&r, 3) ? 16 : 1 + (int)rnd(&r, 16);
		m.len = rnd_len(&r) + !rnd(&r, 2);
		m.split = rnd(&r, 3) ? 0 : 1 + rnd(&r, 2000);
		m.aad_len = rnd(&r, 5) ? rnd(&r, 64) : rnd(&r, sizeof(m.aad));
		m.in_place = rnd(&r, 2);
		m.early = !rnd(&r, 4);
		m.tell = m.aad_len || rnd(&r, 3);
		rnd_fill(&r, m.key, sizeof(m.key));
		rnd_fill(&r, m.iv, sizeof(m.iv));
		rnd_fill(&r, m.aad, m.aad_len);
		rnd_fill(&r, b->in, m.len);
		script_int(&s->out, EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, m.iv_len, NULL));
		aead_once(s, ctx, &m, b, 1);
		if (!rnd(&r, 3)) {
			EVP_CIPHER_CTX *copy = EVP_CIPHER_CTX_new();

			script_int(&s->out, EVP_CIPHER_CTX_copy(copy, ctx));
			EVP_CIPHER_CTX_free(ctx);
			ctx = copy;
		}
		/* Without a new IV nothing more may come. */
		if (!m.ccm && !rnd(&r, 4)) {
			int outl = 0;

			script_int(&s->out, EVP_CipherUpdate(ctx, b->in, &outl, b->out, 16));
		}
		memcpy(b->in, b->out, m.len);
		/* What OpenSSL keeps of a tag that it refused is nobody's business. */
		if (damage == 0 && (m.ccm || !m.early))
			m.tag[rnd(&r, (uint32_t)m.tag_len)] ^= 1;
		else if (damage == 1 && m.len)
			b->in[rnd(&r, (uint32_t)m.len)] ^= 0x80;
		else if (damage == 2 && m.aad_len)
			m.aad[0] ^= 1;
		m.in_place = rnd(&r, 2);
		m.split = m.split ? 1 + rnd(&r, 2000) : 0;
		aead_once(s, ctx, &m, b, 0);
	}
free_all:
	free(b);
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(cipher);
	ERR_clear_error();
}

/* ---- scripts: digests and MACs ---- */

static void run_own(struct script *s)
{
	script_source->own(s);
}

static void run_digest(struct script *s)
{
	EVP_MD *md = get_digest(s);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new(), *copy;
	struct buffers *b = calloc(1, sizeof(*b));
	struct rnd r = { s->seed };

	s->fetched = md;
	if (!md || !ctx || !b)
		goto free_all;
	for (uint32_t round = 0; round < 3; round++) {
		uint32_t pieces = rnd(&r, 6);
		unsigned int len = 0;
		uint8_t out[EVP_MAX_MD_SIZE];

		script_int(&s->out, EVP_DigestInit_ex2(ctx, round && rnd(&r, 2) ? NULL : md, NULL));
		for (uint32_t i = 0; i < pieces; i++) {
			size_t n = rnd_len(&r), skew = rnd(&r, 16);

			rnd_fill(&r, b->in + skew, n);
			script_int(&s->out, EVP_DigestUpdate(ctx, b->in + skew, n));
			if (rnd(&r, 4))
				continue;
			copy = EVP_MD_CTX_new();
			script_int(&s->out, EVP_MD_CTX_copy_ex(copy, ctx));
			if (rnd(&r, 2)) {
				script_int(&s->out, EVP_DigestFinal_ex(copy, out, &len));
				script_bytes(&s->out, out, len);
			}
			EVP_MD_CTX_free(copy);
		}
		script_int(&s->out, EVP_DigestFinal_ex(ctx, out, &len));
		script_bytes(&s->out, out, len);
	}
free_all:
	free(b);
	EVP_MD_CTX_free(ctx);
	EVP_MD_free(md);
	ERR_clear_error();
}

static void mac_params(const struct script *s, OSSL_PARAM p[4], uint8_t iv[12])
{
	bool hmac = !strcmp(s->name, "HMAC");
	int n = 0;

	p[n++] = OSSL_PARAM_construct_utf8_string(hmac ? OSSL_MAC_PARAM_DIGEST :
						  OSSL_MAC_PARAM_CIPHER,
						  (char *)(uintptr_t)s->sub, 0);
	if (!strcmp(s->name, "GMAC"))
		p[n++] = OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_IV, iv, 12);
	p[n] = OSSL_PARAM_construct_end();
}

static void run_mac(struct script *s)
{
	EVP_MAC *mac = EVP_MAC_fetch(s->libctx, s->name, s->query);
	EVP_MAC_CTX *ctx = mac ? EVP_MAC_CTX_new(mac) : NULL, *copy;
	struct buffers *b = calloc(1, sizeof(*b));
	struct rnd r = { s->seed };
	bool hmac = !strcmp(s->name, "HMAC"), keyed = false;

	s->fetched = mac;
	if (!ctx || !b)
		goto free_all;
	for (uint32_t round = 0; round < 4; round++) {
		uint32_t pieces = rnd(&r, 5), bits = hmac ? 0 : (uint32_t)atoi(s->sub + 4);
		size_t key_len = hmac ? rnd(&r, 5) ? 1 + rnd(&r, 80) : 1 + rnd(&r, 300) :
				 !rnd(&r, 8) ? rnd(&r, 40) : bits / 8, len = 0;
		uint8_t key[304], iv[12], out[EVP_MAX_MD_SIZE];
		bool again = keyed && !rnd(&r, 3);
		OSSL_PARAM p[4];

		rnd_fill(&r, key, key_len);
		rnd_fill(&r, iv, sizeof(iv));
		mac_params(s, p, iv);
		if (again)
			key_len = 0;
		keyed = EVP_MAC_init(ctx, again ? NULL : key, key_len,
				     again && strcmp(s->name, "GMAC") ? NULL : p);
		script_int(&s->out, keyed);
		if (!keyed)
			continue;
		script_int(&s->out, (int64_t)EVP_MAC_CTX_get_mac_size(ctx));
		for (uint32_t i = 0; i < pieces; i++) {
			size_t n = rnd_len(&r);

			rnd_fill(&r, b->in, n);
			script_int(&s->out, EVP_MAC_update(ctx, b->in, n));
			if (rnd(&r, 4))
				continue;
			copy = EVP_MAC_CTX_dup(ctx);
			script_int(&s->out, copy != NULL);
			if (copy && rnd(&r, 2)) {
				EVP_MAC_CTX_free(ctx);
				ctx = copy;
			} else {
				EVP_MAC_CTX_free(copy);
			}
		}
		keyed = EVP_MAC_final(ctx, out, &len, sizeof(out));
		script_int(&s->out, keyed);
		if (keyed)
			script_bytes(&s->out, out, len);
	}
free_all:
	free(b);
	EVP_MAC_CTX_free(ctx);
	EVP_MAC_free(mac);
	ERR_clear_error();
}

void script_run(struct script *s)
{
	static void (*const kinds[])(struct script *) = {
		[SCRIPT_CIPHER] = run_cipher,
		[SCRIPT_AEAD] = run_aead,
		[SCRIPT_DIGEST] = run_digest,
		[SCRIPT_MAC] = run_mac,
		[SCRIPT_PK] = script_pk,
		[SCRIPT_OWN] = run_own,
	};

	kinds[s->kind](s);
}

/* ---- jobs ---- */

static int job_main(void *arg)
{
	struct script *const *s = arg;

	script_run(*s);
	return 1;
}

/* True when a descriptor of the wait context says that its job can be resumed. */
static bool ready(ASYNC_WAIT_CTX *wait)
{
	OSSL_ASYNC_FD fds[8];
	size_t n = 0;

	if (!ASYNC_WAIT_CTX_get_all_fds(wait, NULL, &n) || n > 8 ||
	    !ASYNC_WAIT_CTX_get_all_fds(wait, fds, &n))
		return false;
	for (size_t i = 0; i < n; i++) {
		struct pollfd p = { .fd = fds[i], .events = POLLIN };

		if (poll(&p, 1, -1) == 1)
			return true;
	}
	return false;
}

unsigned long scripts_in_jobs(struct script *s, size_t n)
{
	ASYNC_JOB *jobs[JOBS_MAX] = { NULL };
	ASYNC_WAIT_CTX *waits[JOBS_MAX] = { NULL };
	bool running[JOBS_MAX] = { false };
	unsigned long pauses = 0;
	size_t left = n;

	if (n > JOBS_MAX)
		abort();
	for (size_t i = 0; i < n; i++) {
		waits[i] = ASYNC_WAIT_CTX_new();
		running[i] = true;
	}
	while (left) {
		for (size_t i = 0; i < n; i++) {
			struct script *arg = &s[i];
			int ret = 0;

			if (!running[i] || (jobs[i] && !ready(waits[i])))
				continue;
			switch (ASYNC_start_job(&jobs[i], waits[i], &ret, job_main, &arg, sizeof(arg))) {
			case ASYNC_PAUSE:
				pauses++;
				break;
			case ASYNC_FINISH:
				running[i] = false;
				left--;
				break;
			default:
				abort();
			}
		}
	}
	for (size_t i = 0; i < n; i++)
		ASYNC_WAIT_CTX_free(waits[i]);
	return pauses;
}

/* ---- ours and the default provider's ---- */

const struct script_config script_configs[SCRIPT_CONFIGS] = {
	{ "CPU", "async = no\nsync = no", false, false },
	{ "as measured", "", false, false },
	{ "device", "sync-min = 1", false, false },
	{ "device, in jobs", "async-min = 1\nsync-min = 1", true, true },
	{ "as measured, in jobs", "", true, false },
};

static void compare(const struct script *ours, const struct script *plain, const char *config)
{
	const char *sub = ours->sub ? ours->sub : "";
	size_t i = 0;

	/* OpenSSL has no such algorithm: then neither may we. */
	ck_assert_msg(ours->fetched == plain->fetched, "%s %s: fetched %d, default %d", ours->name,
		      sub, ours->fetched, plain->fetched);
	while (i < ours->out.len && i < plain->out.len && ours->out.data[i] == plain->out.data[i])
		i++;
	ck_assert_msg(script_same(&ours->out, &plain->out),
		      "%s %s, %s, seed %#llx: transcripts differ at byte %zu of %zu (default %zu)",
		      ours->name, sub, config, (unsigned long long)ours->seed, i, ours->out.len,
		      plain->out.len);
}

unsigned long scripts_compare(struct script *ours, struct script *plain, size_t n,
			      const struct script_config *config)
{
	unsigned long pauses = config->jobs ? scripts_in_jobs(ours, n) : 0;

	for (size_t i = 0; i < n; i++) {
		if (!config->jobs)
			script_run(&ours[i]);
		script_run(&plain[i]);
		compare(&ours[i], &plain[i], config->name);
		script_free(&ours[i].out);
		script_free(&plain[i].out);
	}
	return pauses;
}
