/* SPDX-License-Identifier: MIT */
/*
 * The engine against OpenSSL without it. Ciphers: the same calls on the engine's method and on a
 * duplicate of libcrypto's own, which EVP treats alike. Digests: against those of the default
 * provider. Keys: what the engine's methods sign and agree on is checked by the public half, or
 * by keys that were made before the engine was in force. On the CPU, through the device
 * synchronously, and in jobs. Then the life of an engine: loaded twice, after fork(), without an
 * end, released before what was made with it.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/dh.h>
#include <openssl/ec.h>
#include <openssl/engine.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "../quiet_fork.h"
#include "../unit/unit.h"
#include "ossl.h"
#include "ossl_odd.h"

#define BATCH	16

static ENGINE *engine;

static ENGINE *load(void)
{
	ENGINE *e = ENGINE_by_id("weft");

	if (!e)
		ERR_print_errors_fp(stderr);
	ck_assert_ptr_nonnull(e);
	return e;
}

static void start(void)
{
	engine = load();
	ck_assert_int_eq(ENGINE_init(engine), 1);
}

static void finish(void)
{
	ck_assert_int_eq(ENGINE_finish(engine), 1);
	ck_assert_int_eq(ENGINE_free(engine), 1);
}

static void command(const char *name, const char *value)
{
	ck_assert_msg(ENGINE_ctrl_cmd_string(engine, name, value, 0) == 1, "%s = %s", name, value);
}

/* What comes before stays in force where tests share a process: in this order. */
static const struct {
	const char *name;
	const char *commands[4];
	struct script_config config;
} configs[] = {
	{ "as measured", { NULL }, { "as measured", NULL, false, false } },
	{ "as measured, in jobs", { NULL }, { "as measured, in jobs", NULL, true, false } },
	{ "CPU", { "async", "no", "sync", "no" }, { "CPU", NULL, true, false } },
	{ "device", { "sync", "yes", "sync-min", "1" }, { "device", NULL, false, false } },
	{ "device, in jobs", { "async", "yes", "async-min", "1" },
	  { "device, in jobs", NULL, true, true } },
};
#define CONFIGS	((int)(sizeof(configs) / sizeof(configs[0])))

static void configure(int config)
{
	for (int i = 0; i < 4 && configs[config].commands[i]; i += 2)
		command(configs[config].commands[i], configs[config].commands[i + 1]);
}

static void configure_upto(int config)
{
	for (int i = 0; i <= config; i++)
		configure(i);
}

/* ---- ciphers and digests ---------------------------------------------------------------- */

static EVP_CIPHER *source_cipher(const struct script *s)
{
	static EVP_CIPHER *plain[4096];
	const EVP_CIPHER *known = EVP_get_cipherbyname(s->name);
	int nid = known ? EVP_CIPHER_nid(known) : 0;

	if (!known || nid <= 0 || nid >= 4096)
		return NULL;
	if (s->query)
		return (EVP_CIPHER *)(uintptr_t)ENGINE_get_cipher(engine, nid);
	if (!plain[nid])
		plain[nid] = EVP_CIPHER_meth_dup(known);
	return plain[nid];
}

static EVP_MD *source_digest(const struct script *s)
{
	int nid = EVP_MD_type(EVP_get_digestbyname(s->name));

	return (EVP_MD *)(uintptr_t)(s->query ? ENGINE_get_digest(engine, nid) :
				     EVP_get_digestbyname(s->name));
}

static const struct {
	enum script_kind kind;
	const char *name;
	bool cpu_in_jobs;	/* OpenSSL uses it with locks held */
} algs[] = {
	{ SCRIPT_CIPHER, "AES-128-ECB", true }, { SCRIPT_CIPHER, "AES-192-ECB", true },
	{ SCRIPT_CIPHER, "AES-256-ECB", true }, { SCRIPT_CIPHER, "AES-128-CBC", false },
	{ SCRIPT_CIPHER, "AES-192-CBC", false }, { SCRIPT_CIPHER, "AES-256-CBC", false },
	{ SCRIPT_CIPHER, "AES-128-CTR", true }, { SCRIPT_CIPHER, "AES-192-CTR", true },
	{ SCRIPT_CIPHER, "AES-256-CTR", true },
	{ SCRIPT_CIPHER, "AES-128-CFB", false }, { SCRIPT_CIPHER, "AES-192-CFB", false },
	{ SCRIPT_CIPHER, "AES-256-CFB", false }, { SCRIPT_CIPHER, "AES-128-XTS", false },
	{ SCRIPT_CIPHER, "AES-256-XTS", false }, { SCRIPT_CIPHER, "SM4-ECB", false },
	{ SCRIPT_CIPHER, "SM4-CBC", false }, { SCRIPT_CIPHER, "SM4-CTR", false },
	{ SCRIPT_CIPHER, "SM4-CFB", false },
	{ SCRIPT_CIPHER, "DES-EDE3", false }, { SCRIPT_CIPHER, "DES-EDE3-CBC", false },
	{ SCRIPT_CIPHER, "DES-EDE", false }, { SCRIPT_CIPHER, "DES-EDE-CBC", false },
	{ SCRIPT_AEAD, "id-aes128-GCM", false }, { SCRIPT_AEAD, "id-aes192-GCM", false },
	{ SCRIPT_AEAD, "id-aes256-GCM", false }, { SCRIPT_AEAD, "id-aes128-CCM", false },
	{ SCRIPT_AEAD, "id-aes192-CCM", false }, { SCRIPT_AEAD, "id-aes256-CCM", false },
	{ SCRIPT_DIGEST, "MD5", false }, { SCRIPT_DIGEST, "SHA1", true },
	{ SCRIPT_DIGEST, "SHA224", false }, { SCRIPT_DIGEST, "SHA256", false },
	{ SCRIPT_DIGEST, "SHA384", false }, { SCRIPT_DIGEST, "SHA512", false },
	{ SCRIPT_DIGEST, "SHA512-224", false }, { SCRIPT_DIGEST, "SHA512-256", false },
};
#define ALGS	((int)(sizeof(algs) / sizeof(algs[0])))

static unsigned int rounds(void)
{
	return getenv("WEFT_TEST_LONG") ? 30 : 1;
}

static const struct script_source methods = { source_cipher, source_digest, NULL };

static void run_same(int config, int alg)
{
	struct script ours[BATCH], plain[BATCH];
	unsigned long pauses = 0;

	start();
	command("aead", "yes");
	configure_upto(config);
	script_source = &methods;
	for (unsigned int round = 0; round < rounds(); round++) {
		for (unsigned int i = 0; i < BATCH; i++) {
			plain[i] = (struct script){
				.kind = algs[alg].kind,
				.name = algs[alg].name,
				.seed = 0x9e3779b97f4a7c15u * (1 + i + BATCH * round) + (uint64_t)alg,
			};
			ours[i] = plain[i];
			ours[i].query = "engine";
		}
		pauses += scripts_compare(ours, plain, BATCH, &configs[config].config);
		ck_assert_msg(ours[0].fetched, "no %s", algs[alg].name);
	}
	if (configs[config].config.must_pause)
		ck_assert_msg(algs[alg].cpu_in_jobs == !pauses, "%s: %lu pauses", algs[alg].name, pauses);
	script_source = NULL;
	finish();
}

START_TEST(test_same)
{
	for (int alg = 0; alg < ALGS; alg++)
		run_same(_i, alg);
}
END_TEST

/* Messages of GCM and CCM that change under way. */
START_TEST(test_odd)
{
	static const struct script_source odd = { source_cipher, source_digest, odd_run };

	start();
	command("aead", "yes");
	configure_upto(_i);
	script_source = &odd;
	odd_compare(NULL, "engine", NULL, &configs[_i].config);
	script_source = NULL;
	finish();
}
END_TEST

/* With the engine in force for everything, which is also for what the device does with libcrypto. */
static void run_default(int alg)
{
	struct script ours[BATCH], plain[BATCH];

	start();
	command("sync-min", "1");
	command("async-min", "1");
	command("aead", "yes");
	script_source = &methods;
	for (unsigned int i = 0; i < BATCH; i++) {
		plain[i] = (struct script){ .kind = algs[alg].kind, .name = algs[alg].name, .seed = 1 + i };
		ours[i] = plain[i];
		ours[i].query = "engine";
		script_run(&plain[i]);
	}
	ck_assert_int_eq(ENGINE_set_default(engine, ENGINE_METHOD_ALL), 1);
	if (!algs[alg].cpu_in_jobs)
		scripts_in_jobs(ours, BATCH / 2);
	for (unsigned int i = algs[alg].cpu_in_jobs ? 0 : BATCH / 2; i < BATCH; i++)
		script_run(&ours[i]);
	ENGINE_unregister_ciphers(engine);
	ENGINE_unregister_digests(engine);
	for (unsigned int i = 0; i < BATCH; i++) {
		ck_assert_msg(script_same(&ours[i].out, &plain[i].out), "%s, seed %u", algs[alg].name, i + 1);
		script_free(&ours[i].out);
		script_free(&plain[i].out);
	}
	script_source = NULL;
	finish();
}

START_TEST(test_default)
{
	for (int alg = 0; alg < ALGS; alg++)
		run_default(alg);
}
END_TEST

/* ---- keys ----------------------------------------------------------------------------------- */

/* The keys of both sides; the second's were made without the engine. */
struct keys {
	EVP_PKEY *ours, *other;
};

static const struct key_row {
	const char *name;
	const char *type;
	const char *param, *value;
	bool sign, decrypt, derive;
} key_rows[] = {
	{ "RSA-1024", "RSA", "rsa_keygen_bits", "1024", true, true, false },
	{ "RSA-2048", "RSA", "rsa_keygen_bits", "2048", true, true, false },
	/* Not a length that the device has. */
	{ "RSA-1536", "RSA", "rsa_keygen_bits", "1536", true, true, false },
	{ "P-256", "EC", "ec_paramgen_curve", "P-256", true, false, true },
	{ "P-521", "EC", "ec_paramgen_curve", "P-521", true, false, true },
	{ "brainpoolP384r1", "EC", "ec_paramgen_curve", "brainpoolP384r1", true, false, true },
	{ "B-283", "EC", "ec_paramgen_curve", "B-283", true, false, true },
	{ "ffdhe2048", "DH", "group", "ffdhe2048", false, false, true },
	{ "X25519", "X25519", NULL, NULL, false, false, true },
};
#define KEY_ROWS	((int)(sizeof(key_rows) / sizeof(key_rows[0])))

static EVP_PKEY *generate(const struct key_row *row)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, row->type, NULL);
	EVP_PKEY *key = NULL;

	ck_assert_int_eq(EVP_PKEY_keygen_init(ctx), 1);
	if (row->param)
		ck_assert_int_eq(EVP_PKEY_CTX_ctrl_str(ctx, row->param, row->value), 1);
	ck_assert_int_eq(EVP_PKEY_generate(ctx, &key), 1);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static struct keys keys;
static const struct key_row *key_row;

static void use_sign(struct script *s, int padding)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(keys.ours, NULL);
	uint8_t digest[32], sig[1024];
	struct rnd r = { s->seed };
	size_t len = sizeof(sig);

	rnd_fill(&r, digest, sizeof(digest));
	script_int(&s->out, EVP_PKEY_sign_init(ctx));
	script_int(&s->out, EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()));
	if (padding)
		script_int(&s->out, EVP_PKEY_CTX_set_rsa_padding(ctx, padding));
	script_int(&s->out, EVP_PKEY_sign(ctx, sig, &len, digest, sizeof(digest)));
	script_int(&s->out, EVP_PKEY_verify_init(ctx));
	script_int(&s->out, EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()));
	if (padding)
		script_int(&s->out, EVP_PKEY_CTX_set_rsa_padding(ctx, padding));
	script_int(&s->out, EVP_PKEY_verify(ctx, sig, len, digest, sizeof(digest)));
	EVP_PKEY_CTX_free(ctx);
}

static void use_decrypt(struct script *s, int padding, bool damage)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(keys.ours, NULL);
	uint8_t text[32], in[1024], out[1024];
	struct rnd r = { s->seed };
	size_t len = sizeof(in), outlen = sizeof(out);

	rnd_fill(&r, text, sizeof(text));
	script_int(&s->out, EVP_PKEY_encrypt_init(ctx));
	script_int(&s->out, EVP_PKEY_CTX_set_rsa_padding(ctx, padding));
	script_int(&s->out, EVP_PKEY_encrypt(ctx, in, &len, text, sizeof(text)));
	if (damage)
		in[len - 1 - rnd(&r, 64)] ^= 1;
	script_int(&s->out, EVP_PKEY_decrypt_init(ctx));
	script_int(&s->out, EVP_PKEY_CTX_set_rsa_padding(ctx, padding));
	/* Implicit rejection answers with something of any length. */
	if (damage && padding == RSA_PKCS1_PADDING) {
		EVP_PKEY_decrypt(ctx, out, &outlen, in, len);
	} else {
		script_int(&s->out, EVP_PKEY_decrypt(ctx, out, &outlen, in, len) > 0);
		if (!damage)
			script_int(&s->out, outlen == sizeof(text) && !memcmp(out, text, outlen));
	}
	EVP_PKEY_CTX_free(ctx);
}

/* Both sides' secret; the other side's was computed beforehand, without the engine. */
static uint8_t secret[1024];
static size_t secret_len;

static size_t derive(EVP_PKEY *key, EVP_PKEY *peer, uint8_t *out, size_t room)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	size_t len = room;
	bool good = EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer(ctx, peer) == 1 &&
		    EVP_PKEY_derive(ctx, out, &len) == 1;

	EVP_PKEY_CTX_free(ctx);
	return good ? len : 0;
}

static void use_derive(struct script *s)
{
	uint8_t out[1024];
	size_t len = derive(keys.ours, keys.other, out, sizeof(out));

	script_int(&s->out, len && len == secret_len && !memcmp(out, secret, len));
}

static void use_key(struct script *s)
{
	bool rsa = !strcmp(key_row->type, "RSA");

	if (key_row->sign)
		use_sign(s, rsa ? RSA_PKCS1_PADDING : 0);
	if (rsa)
		use_sign(s, RSA_PKCS1_PSS_PADDING);
	if (key_row->decrypt) {
		static const int paddings[] = { RSA_PKCS1_PADDING, RSA_PKCS1_OAEP_PADDING };

		for (size_t i = 0; i < 2; i++) {
			use_decrypt(s, paddings[i], false);
			use_decrypt(s, paddings[i], true);
		}
	}
	if (key_row->derive)
		use_derive(s);
	ERR_clear_error();
}

/* Everything 1, but for what was spoilt. */
static void assert_good(const struct transcript *t, const char *config)
{
	size_t spoilt = 0, last = 0;

	for (size_t i = 0; i < t->len / sizeof(int64_t); i++) {
		int64_t value;

		memcpy(&value, t->data + i * sizeof(value), sizeof(value));
		if (value != 1) {
			spoilt++;
			last = i;
		}
	}
	ck_assert_msg(spoilt == (key_row->decrypt ? 1 : 0), "%s, %s: %zu calls of %zu failed: %zu",
		      key_row->name, config, spoilt, t->len / sizeof(int64_t), last);
}

static const struct script_source key_source = { NULL, NULL, use_key };

static void run_keys(int config, int row)
{
	struct script scripts[BATCH];
	unsigned long pauses = 0;
	EVP_PKEY *copy;

	key_row = &key_rows[row];
	keys.other = key_row->derive ? generate(key_row) : NULL;
	start();
	configure_upto(config);
	command("dh", "yes");
	ck_assert_int_eq(ENGINE_set_default(engine, ENGINE_METHOD_RSA | ENGINE_METHOD_DH |
					    ENGINE_METHOD_EC), 1);
	keys.ours = generate(key_row);
	if (key_row->derive)
		secret_len = derive(keys.other, keys.ours, secret, sizeof(secret));
	script_source = &key_source;
	for (unsigned int i = 0; i < BATCH; i++)
		scripts[i] = (struct script){ .kind = SCRIPT_OWN, .name = key_row->name, .seed = 77 + i };
	if (configs[config].config.jobs)
		pauses = scripts_in_jobs(scripts, BATCH);
	for (unsigned int i = 0; i < BATCH; i++) {
		if (!configs[config].config.jobs)
			script_run(&scripts[i]);
		assert_good(&scripts[i].out, configs[config].name);
		script_free(&scripts[i].out);
	}
	if (configs[config].config.must_pause)
		ck_assert_msg(!pauses == (!strcmp(key_row->name, "RSA-1536") ||
					  !strcmp(key_row->name, "B-283") ||
					  !strcmp(key_row->name, "X25519")),
			      "%s: %lu pauses", key_row->name, pauses);
	/* A copy has nothing of the first one's but its numbers. OpenSSL copies no engine's RSA and DH. */
	copy = EVP_PKEY_dup(keys.ours);
	ck_assert(copy || !strcmp(key_row->type, "RSA") || !strcmp(key_row->type, "DH"));
	if (copy) {
		EVP_PKEY_free(keys.ours);
		keys.ours = copy;
	}
	script_run(&scripts[0]);
	assert_good(&scripts[0].out, "a copy");
	script_free(&scripts[0].out);
	script_source = NULL;
	EVP_PKEY_free(keys.ours);
	EVP_PKEY_free(keys.other);
	ENGINE_unregister_RSA(engine);
	ENGINE_unregister_DH(engine);
	ENGINE_unregister_EC(engine);
	finish();
}

START_TEST(test_keys)
{
	for (int row = 0; row < KEY_ROWS; row++)
		run_keys(_i, row);
}
END_TEST

/* A key whose numbers are set anew, and one that is copied over another. */
START_TEST(test_changed)
{
	RSA *rsa, *parts;
	EC_KEY *one, *two;
	BIGNUM *e = BN_new();
	uint8_t digest[32] = { 1 }, sig[256];
	unsigned int len;
	const BIGNUM *n, *pub, *d, *p, *q, *dp, *dq, *qinv;

	start();
	command("sync-min", "1");
	rsa = RSA_new_method(engine);
	parts = RSA_new();
	BN_set_word(e, 65537);
	ck_assert_int_eq(RSA_generate_key_ex(rsa, 2048, e, NULL), 1);
	ck_assert_int_eq(RSA_sign(NID_sha256, digest, 32, sig, &len, rsa), 1);
	ck_assert_int_eq(RSA_verify(NID_sha256, digest, 32, sig, len, rsa), 1);
	ck_assert_int_eq(RSA_generate_key_ex(parts, 2048, e, NULL), 1);
	RSA_get0_key(parts, &n, &pub, &d);
	RSA_get0_factors(parts, &p, &q);
	RSA_get0_crt_params(parts, &dp, &dq, &qinv);
	ck_assert_int_eq(RSA_set0_key(rsa, BN_dup(n), BN_dup(pub), BN_dup(d)), 1);
	ck_assert_int_eq(RSA_set0_factors(rsa, BN_dup(p), BN_dup(q)), 1);
	ck_assert_int_eq(RSA_set0_crt_params(rsa, BN_dup(dp), BN_dup(dq), BN_dup(qinv)), 1);
	ck_assert_int_eq(RSA_sign(NID_sha256, digest, 32, sig, &len, rsa), 1);
	ck_assert_int_eq(RSA_verify(NID_sha256, digest, 32, sig, len, parts), 1);
	RSA_free(rsa);
	RSA_free(parts);

	one = EC_KEY_new_method(engine);
	ck_assert_int_eq(EC_KEY_set_group(one, EC_GROUP_new_by_curve_name(NID_secp384r1)), 1);
	ck_assert_int_eq(EC_KEY_generate_key(one), 1);
	ck_assert_int_eq(ECDSA_sign(0, digest, 32, sig, &len, one), 1);
	two = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
	ck_assert_ptr_nonnull(EC_KEY_copy(two, one));
	ck_assert_int_eq(ECDSA_verify(0, digest, 32, sig, (int)len, two), 1);
	ck_assert_int_eq(EC_KEY_generate_key(one), 1);
	ck_assert_int_eq(ECDSA_sign(0, digest, 32, sig, &len, one), 1);
	ck_assert_int_eq(ECDSA_verify(0, digest, 32, sig, (int)len, one), 1);
	EC_KEY_free(one);
	ck_assert_int_eq(ECDSA_sign(0, digest, 32, sig, &len, two), 1);
	ck_assert_int_eq(ECDSA_verify(0, digest, 32, sig, (int)len, two), 1);
	EC_KEY_free(two);
	BN_free(e);
	finish();
}
END_TEST

/* ---- commands ------------------------------------------------------------------------------- */

START_TEST(test_commands)
{
	static const char *const wrong[][2] = {
		{ "async", "perhaps" }, { "sync", "7" }, { "async-min", "many" }, { "async-min", "0" },
		{ "sync-min", "-1" }, { "sync-min", "99999999999999999999" },
		{ "dh", "maybe" }, { "aead", "3" }, { "operations", "ciphers,cakes" }, { "operations", "," },
		{ "operations", "macs" },
	};
	const int *nids;
	int count;

	start();
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const char *data = NULL;
		int flags = 0;

		ERR_clear_error();
		ck_assert_msg(!ENGINE_ctrl_cmd_string(engine, wrong[i][0], wrong[i][1], 0),
			      "%s = %s was accepted", wrong[i][0], wrong[i][1]);
		ERR_peek_error_data(&data, &flags);
		ck_assert_msg(data && flags & ERR_TXT_STRING && strstr(data, wrong[i][0]) &&
			      strstr(data, wrong[i][1]), "%s = %s: %s", wrong[i][0], wrong[i][1],
			      data ? data : "no message");
	}
	ERR_clear_error();
	ck_assert_int_eq(ENGINE_ctrl_cmd_string(engine, "cakes", "1", 0), 0);
	ck_assert_int_eq(ENGINE_ctrl_cmd_string(engine, "self-test", NULL, 0), 1);
	command("operations", "digests");
	ck_assert_int_eq(ENGINE_get_ciphers(engine)(engine, NULL, &nids, 0), 0);
	ck_assert_int_gt(ENGINE_get_digests(engine)(engine, NULL, &nids, 0), 0);
	ck_assert_ptr_null(ENGINE_get_RSA(engine));
	command("operations", "ciphers,keys,digests");
	ck_assert_int_gt(ENGINE_get_ciphers(engine)(engine, NULL, &nids, 0), 0);
	ck_assert_ptr_nonnull(ENGINE_get_RSA(engine));
	ck_assert_ptr_null(ENGINE_get_DH(engine));
	ck_assert_ptr_null(ENGINE_get_cipher(engine, NID_aes_128_gcm));
	ERR_clear_error();
	command("aead", "no");
	count = ENGINE_get_ciphers(engine)(engine, NULL, &nids, 0);
	for (int i = 0; i < count; i++)
		ck_assert_int_ne(nids[i], NID_aes_128_gcm);
	command("aead", "yes");
	ck_assert_ptr_nonnull(ENGINE_get_cipher(engine, NID_aes_128_gcm));
	ck_assert_int_gt(ENGINE_get_ciphers(engine)(engine, NULL, &nids, 0), count);
	command("dh", "yes");
	ck_assert_ptr_nonnull(ENGINE_get_DH(engine));
	command("dh", "no");
	ck_assert_ptr_null(ENGINE_get_DH(engine));
	ck_assert_ptr_nonnull(ENGINE_get_EC(engine));
	/* It takes over nothing that nobody asked for. */
	ENGINE_register_all_complete();
	ck_assert_ptr_null(ENGINE_get_default_RSA());
	ck_assert_ptr_null(ENGINE_get_cipher_engine(NID_aes_128_cbc));
	finish();
}
END_TEST

/* ---- life ------------------------------------------------------------------------------------- */

/* The same bytes by the engine's AES-128-CBC and without it. */
static bool encrypts(ENGINE *e, EVP_CIPHER_CTX *ours)
{
	uint8_t key[16] = { 7 }, iv[16] = { 9 }, in[8192] = { 1, 2, 3 }, a[8192 + 16], b[8192 + 16];
	EVP_CIPHER_CTX *plain = EVP_CIPHER_CTX_new();
	int n = 0, m = 0;
	bool good;

	good = EVP_EncryptInit_ex(ours, EVP_aes_128_cbc(), e, key, iv) &&
	       EVP_EncryptUpdate(ours, a, &n, in, sizeof(in)) &&
	       EVP_EncryptInit_ex(plain, EVP_aes_128_cbc(), NULL, key, iv) &&
	       EVP_EncryptUpdate(plain, b, &m, in, sizeof(in)) && n == m &&
	       !memcmp(a, b, (size_t)n);
	EVP_CIPHER_CTX_free(plain);
	return good;
}

static bool encrypts_once(ENGINE *e)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	bool good = encrypts(e, ctx);

	EVP_CIPHER_CTX_free(ctx);
	return good;
}

static bool child_did(bool good, pid_t child)
{
	int status = 0;

	if (!child)
		_exit(good ? 0 : 1);
	return waitpid(child, &status, 0) == child && WIFEXITED(status) && !WEXITSTATUS(status);
}

START_TEST(test_life)
{
	EVP_CIPHER_CTX *left = EVP_CIPHER_CTX_new();
	ENGINE *two;
	pid_t child;

	start();
	command("sync-min", "1");
	ck_assert(encrypts_once(engine));
	two = load();
	ck_assert_int_eq(ENGINE_init(two), 1);
	ck_assert(encrypts_once(two));
	/* A context holds its engine; what is released meanwhile is not gone. */
	ck_assert(encrypts(engine, left));
	finish();
	ck_assert(encrypts_once(two));
	if (!QUIET_FORK) {
		child = fork();
		ck_assert(child_did(child || (encrypts_once(two) && encrypts(two, left)), child));
	}
	ck_assert_int_eq(ENGINE_finish(two), 1);
	ck_assert(encrypts(two, left));
	EVP_CIPHER_CTX_free(left);
	/* Out of OpenSSL's list, and in again from the beginning. */
	ck_assert_int_eq(ENGINE_remove(two), 1);
	ck_assert_int_eq(ENGINE_free(two), 1);
	start();
	ck_assert(encrypts_once(engine));
	finish();
}
END_TEST

/* As default for everything, in a process that ends without giving anything back. */
START_TEST(test_no_end)
{
	EVP_CIPHER_CTX *ctx;
	EVP_PKEY *key;

	start();
	command("sync-min", "1");
	ck_assert_int_eq(ENGINE_set_default(engine, ENGINE_METHOD_ALL), 1);
	ctx = EVP_CIPHER_CTX_new();
	ck_assert(encrypts(NULL, ctx));
	key = generate(&key_rows[3]);
	ck_assert_ptr_nonnull(key);
	if (!QUIET_FORK) {
		pid_t child = fork();

		if (!child) {
			EVP_PKEY *other = generate(&key_rows[3]);
			bool good = encrypts(NULL, ctx) &&
				    derive(key, other, secret, sizeof(secret)) == 32;

			/* The exit handlers, OpenSSL's among them, which is the point. */
			exit(good ? 0 : 1);
		}
		ck_assert(child_did(true, child));
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("openssl engine");
	TCase *tc = tcase_create("same as without");

	tcase_set_timeout(tc, getenv("WEFT_TEST_LONG") ? 600 : 20);
	tcase_add_test(tc, test_commands);
	tcase_add_loop_test(tc, test_same, 0, CONFIGS);
	tcase_add_loop_test(tc, test_odd, 0, CONFIGS);
	tcase_add_test(tc, test_default);
	tcase_add_loop_test(tc, test_keys, 0, CONFIGS);
	tcase_add_test(tc, test_changed);
	tcase_add_test(tc, test_life);
	tcase_add_test(tc, test_no_end);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
