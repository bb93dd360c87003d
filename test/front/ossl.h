/* SPDX-License-Identifier: MIT */
/*
 * What the tests of the OpenSSL provider share: library contexts with the provider in
 * them, transcripts of what calls did, and jobs.
 */
#ifndef WEFT_TEST_FRONT_OSSL_H
#define WEFT_TEST_FRONT_OSSL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/provider.h>

/* A library context with a provider "weft" whose section says @options ("a = b\n..."). */
struct weft_ctx {
	OSSL_LIB_CTX *libctx;
	OSSL_PROVIDER *prov;	/* NULL: it did not load, and why is on the error queue */
	OSSL_PROVIDER *deflt;
};
void weft_ctx_open(struct weft_ctx *w, const char *options);
void weft_ctx_close(struct weft_ctx *w);

/* A sequence of pseudo-random numbers that depends on nothing but its seed. */
struct rnd {
	uint64_t s;
};
uint32_t rnd(struct rnd *r, uint32_t below);
void rnd_fill(struct rnd *r, uint8_t *to, size_t len);
/* Lengths that matter: around blocks, around thresholds, and now and then long. */
size_t rnd_len(struct rnd *r);
#define RND_LEN_MAX	70000u

/* What calls returned and wrote, in order. */
struct transcript {
	uint8_t *data;
	size_t len, room;
};
void script_int(struct transcript *t, int64_t value);
void script_bytes(struct transcript *t, const void *data, size_t len);
bool script_same(const struct transcript *a, const struct transcript *b);
void script_free(struct transcript *t);

/*
 * One algorithm put through calls that depend on the seed alone. @name is fetched from
 * @libctx with the properties @query.
 */
enum script_kind {
	SCRIPT_CIPHER,
	SCRIPT_AEAD,
	SCRIPT_DIGEST,
	SCRIPT_MAC,
	SCRIPT_PK,		/* see ossl_pk.h */
	SCRIPT_OWN,		/* what script_source->own does */
};
struct script {
	enum script_kind kind;
	const char *name;
	const char *sub;	/* MAC: digest or cipher */
	OSSL_LIB_CTX *libctx;
	const char *query;
	OSSL_LIB_CTX *other;	/* PK: one without the provider */
	uint64_t seed;
	struct transcript out;
	bool fetched;
};
void script_run(struct script *s);

/*
 * Where scripts get their ciphers and digests, instead of fetching them; NULL, and of ciphers a NULL
 * function: they fetch. NULL from its functions: there is no such algorithm. What they return
 * is not freed.
 */
struct script_source {
	EVP_CIPHER *(*cipher)(const struct script *s);
	EVP_MD *(*digest)(const struct script *s);
	void (*own)(struct script *s);
};
extern const struct script_source *script_source;

/* From there, or fetched; EVP_CIPHER_free() leaves alone what was not. */
EVP_CIPHER *script_cipher(const struct script *s);

/* Run @n scripts, each in a job, all at once. Returns how often a job paused. */
unsigned long scripts_in_jobs(struct script *s, size_t n);

/* How the provider is set up, and whether scripts run in jobs, of which some have to pause. */
struct script_config {
	const char *name;
	const char *options;
	bool jobs;
	bool must_pause;
};
#define SCRIPT_CONFIGS	5
extern const struct script_config script_configs[SCRIPT_CONFIGS];

/*
 * Run @ours as @config says and @plain as they are, and require the same transcripts, which
 * are freed. Returns how often a job paused.
 */
unsigned long scripts_compare(struct script *ours, struct script *plain, size_t n,
			      const struct script_config *config);

#endif
