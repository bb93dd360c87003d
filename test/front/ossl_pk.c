/* SPDX-License-Identifier: MIT */
#include "ossl_pk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#define OUT_MAX		1024
#define MSG_MAX		20000

/* ---- keys ---- */

EVP_PKEY *pk_import(OSSL_LIB_CTX *libctx, const char *name)
{
	EVP_PKEY *read = pk_load(libctx, name), *pkey = NULL;
	EVP_PKEY_CTX *ctx = read ? EVP_PKEY_CTX_new_from_name(libctx, EVP_PKEY_get0_type_name(read),
							      NULL) : NULL;
	OSSL_PARAM *params = NULL;

	if (ctx && EVP_PKEY_todata(read, EVP_PKEY_KEYPAIR, &params) &&
	    EVP_PKEY_fromdata_init(ctx) > 0)
		EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_KEYPAIR, params);
	OSSL_PARAM_free(params);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(read);
	return pkey;
}

EVP_PKEY *pk_load(OSSL_LIB_CTX *libctx, const char *name)
{
	const char *top = getenv("top_srcdir");
	EVP_PKEY *pkey = NULL;
	char path[4096], line[256], want[64];
	BIO *in;

	snprintf(path, sizeof(path), "%s/test/vectors/keys.pem", top ? top : ".");
	snprintf(want, sizeof(want), "Key: %s\n", name);
	in = BIO_new_file(path, "r");
	if (!in)
		abort();
	while (BIO_gets(in, line, sizeof(line)) > 0) {
		if (!strcmp(line, want)) {
			pkey = PEM_read_bio_PrivateKey_ex(in, NULL, NULL, NULL, libctx, NULL);
			break;
		}
	}
	BIO_free(in);
	return pkey;
}

/* ---- transcripts of calls ---- */

/* Everything on the error queue, then none. */
static void script_errors(struct script *s)
{
	unsigned long e;

	while ((e = ERR_get_error()) != 0) {
		script_int(&s->out, ERR_GET_LIB(e));
		script_int(&s->out, ERR_GET_REASON(e));
	}
}

static int script_call(struct script *s, int ret)
{
	script_int(&s->out, ret);
	if (ret <= 0)
		script_errors(s);
	ERR_clear_error();
	return ret > 0;
}

/* What the work is done with: on the heap, because the stacks of jobs are small. */
struct work {
	struct script *s;
	struct rnd r;
	EVP_PKEY *key, *other;		/* the same, in s->libctx and in s->other */
	bool vague;			/* what exactly is wrong depends on chance */
	uint8_t msg[MSG_MAX], out[OUT_MAX], back[OUT_MAX];
	size_t outlen, backlen;
};

/* Of a signature that has been spoilt. */
static void script_verdict(struct work *w, int ret)
{
	if (w->vague) {
		script_int(&w->s->out, ret > 0);
		ERR_clear_error();
	} else {
		script_call(w->s, ret);
	}
}

/* ---- what a key says of itself ---- */

static void key_der(struct work *w, EVP_PKEY *key)
{
	unsigned char *der = NULL;
	int len = i2d_PrivateKey(key, &der);

	if (script_call(w->s, len))
		script_bytes(&w->s->out, der, (size_t)len);
	OPENSSL_free(der);
	der = NULL;
	len = i2d_PUBKEY(key, &der);
	if (script_call(w->s, len))
		script_bytes(&w->s->out, der, (size_t)len);
	OPENSSL_free(der);
}

static void key_text(struct work *w, EVP_PKEY *key)
{
	BIO *mem = BIO_new(BIO_s_mem());
	char *data;
	long len;

	if (script_call(w->s, EVP_PKEY_print_private(mem, key, 0, NULL))) {
		len = BIO_get_mem_data(mem, &data);
		script_bytes(&w->s->out, data, (size_t)len);
	}
	BIO_free(mem);
}

static void key_checks(struct work *w, EVP_PKEY *key)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(w->s->libctx, key, NULL);

	script_call(w->s, EVP_PKEY_public_check(ctx));
	script_call(w->s, EVP_PKEY_param_check(ctx));
	script_call(w->s, EVP_PKEY_private_check(ctx));
	script_call(w->s, EVP_PKEY_pairwise_check(ctx));
	EVP_PKEY_CTX_free(ctx);
}

/* Every parameter that can be got, by what the default provider calls it. */
static void key_params(struct work *w, EVP_PKEY *key)
{
	const OSSL_PARAM *list = EVP_PKEY_gettable_params(w->other);

	for (; list && list->key; list++) {
		size_t len = 0;

		script_bytes(&w->s->out, list->key, strlen(list->key));
		if (list->data_type == OSSL_PARAM_UTF8_STRING) {
			if (script_call(w->s, EVP_PKEY_get_utf8_string_param(key, list->key,
					(char *)w->out, OUT_MAX, &len)))
				script_bytes(&w->s->out, w->out, len);
		} else if (list->data_type == OSSL_PARAM_OCTET_STRING) {
			if (script_call(w->s, EVP_PKEY_get_octet_string_param(key, list->key, w->out,
					OUT_MAX, &len)))
				script_bytes(&w->s->out, w->out, len);
		} else {
			BIGNUM *bn = NULL;

			if (script_call(w->s, EVP_PKEY_get_bn_param(key, list->key, &bn)))
				script_bytes(&w->s->out, w->out, (size_t)BN_bn2bin(bn, w->out));
			BN_clear_free(bn);
		}
	}
	script_int(&w->s->out, EVP_PKEY_get_bits(key));
	script_int(&w->s->out, EVP_PKEY_get_security_bits(key));
	script_int(&w->s->out, EVP_PKEY_get_size(key));
	if (script_call(w->s, EVP_PKEY_get_default_digest_name(key, (char *)w->out, OUT_MAX)))
		script_bytes(&w->s->out, w->out, strlen((char *)w->out));
}

static void key_itself(struct work *w)
{
	EVP_PKEY *dup = EVP_PKEY_dup(w->key);

	switch (rnd(&w->r, 4)) {
	case 0:
		key_der(w, w->key);
		break;
	case 1:
		key_text(w, w->key);
		break;
	case 2:
		key_checks(w, dup ? dup : w->key);
		break;
	default:
		key_params(w, dup ? dup : w->key);
	}
	script_int(&w->s->out, dup != NULL);
	script_int(&w->s->out, EVP_PKEY_eq(w->key, dup));
	script_int(&w->s->out, EVP_PKEY_eq(w->key, w->other));
	if (!EVP_PKEY_is_a(w->key, "X25519") && !EVP_PKEY_is_a(w->key, "X448"))
		script_int(&w->s->out, EVP_PKEY_parameters_eq(w->other, w->key));
	EVP_PKEY_free(dup);
	ERR_clear_error();
}

/* A key with the same parameters, made here; what it is like, not what it is, is told. */
static void key_generate(struct work *w)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(w->s->libctx, w->key, NULL);
	EVP_PKEY_CTX *check = NULL;
	EVP_PKEY *made = NULL;

	if (script_call(w->s, EVP_PKEY_keygen_init(ctx)) &&
	    script_call(w->s, EVP_PKEY_keygen(ctx, &made))) {
		script_int(&w->s->out, EVP_PKEY_get_bits(made));
		/* Where there are no parameters OpenSSL has none to compare across providers. */
		if (!EVP_PKEY_is_a(made, "X25519") && !EVP_PKEY_is_a(made, "X448"))
			script_int(&w->s->out, EVP_PKEY_parameters_eq(made, w->other));
		script_int(&w->s->out, EVP_PKEY_eq(made, w->other));
		check = EVP_PKEY_CTX_new_from_pkey(w->s->other, made, NULL);
		script_call(w->s, EVP_PKEY_pairwise_check(check));
	}
	EVP_PKEY_CTX_free(check);
	EVP_PKEY_free(made);
	EVP_PKEY_CTX_free(ctx);
}

/* ---- signatures ---- */

static const char *const digests[] = {
	NULL, "SHA256", "SHA1", "SHA384", "SHA512", "SHA2-224", "SHA3-256", "SHA256", "SHA512-256",
	"MD5-SHA1", "SM3", "no-such-hash",
};
#define DIGESTS		(sizeof(digests) / sizeof(digests[0]))

/* What is set in a context before it is used: the same in both. */
struct how {
	int pad, salt;
	const char *digest, *mgf1;
	bool id;
};

static struct how how_to_sign(struct work *w)
{
	static const int pads[] = { 0, RSA_PKCS1_PADDING, RSA_PKCS1_PSS_PADDING, RSA_PKCS1_PSS_PADDING,
				    RSA_NO_PADDING, RSA_X931_PADDING, RSA_PKCS1_OAEP_PADDING, 77 };
	static const int salts[] = { 99, RSA_PSS_SALTLEN_DIGEST, RSA_PSS_SALTLEN_AUTO,
				     RSA_PSS_SALTLEN_MAX, 0, 20, 1000, -7 };

	if (EVP_PKEY_is_a(w->other, "SM2") && rnd(&w->r, 2))
		return (struct how){ .digest = "SM3", .id = rnd(&w->r, 2) };
	return (struct how){
		.pad = EVP_PKEY_get_base_id(w->other) == EVP_PKEY_RSA ? pads[rnd(&w->r, 8)] :
		       EVP_PKEY_get_base_id(w->other) == EVP_PKEY_RSA_PSS ? pads[rnd(&w->r, 3)] : 0,
		.salt = salts[rnd(&w->r, 8)],
		.digest = digests[rnd(&w->r, DIGESTS)],
		.mgf1 = rnd(&w->r, 4) ? NULL : digests[rnd(&w->r, DIGESTS)],
		.id = rnd(&w->r, 2),
	};
}

/* 1, or what the call that was refused returned. */
static int sign_params(EVP_PKEY_CTX *ctx, const struct how *h)
{
	int ret = 1;

	if (h->id && EVP_PKEY_is_a(EVP_PKEY_CTX_get0_pkey(ctx), "SM2"))
		ret = EVP_PKEY_CTX_set1_id(ctx, "weft-test", 9);
	if (ret > 0 && h->pad)
		ret = EVP_PKEY_CTX_set_rsa_padding(ctx, h->pad);
	if (ret > 0 && h->pad == RSA_PKCS1_PSS_PADDING && h->salt != 99)
		ret = EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, h->salt);
	if (ret > 0 && h->pad == RSA_PKCS1_PSS_PADDING && h->mgf1)
		ret = EVP_PKEY_CTX_set_rsa_mgf1_md_name(ctx, h->mgf1, NULL);
	return ret;
}

static int digest_param(EVP_PKEY_CTX *ctx, const char *digest)
{
	OSSL_PARAM p[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST,
						 (char *)(uintptr_t)(digest ? digest : ""), 0),
		OSSL_PARAM_construct_end(),
	};

	return digest ? EVP_PKEY_CTX_set_params(ctx, p) : 1;
}

/* Is the signature the same each time? */
static bool repeats(const struct work *w, const struct how *h)
{
	return EVP_PKEY_get_base_id(w->other) == EVP_PKEY_RSA &&
	       (h->pad != RSA_PKCS1_PSS_PADDING || !h->salt);
}

static void verify(struct work *w, EVP_PKEY *key, OSSL_LIB_CTX *libctx, const struct how *h,
		   const uint8_t *sig, size_t siglen, size_t tbslen)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(libctx, key, NULL);

	if (script_call(w->s, EVP_PKEY_verify_init(ctx)) &&
	    script_call(w->s, sign_params(ctx, h)) && script_call(w->s, digest_param(ctx, h->digest)))
		script_verdict(w, EVP_PKEY_verify(ctx, sig, siglen, w->msg, tbslen));
	EVP_PKEY_CTX_free(ctx);
}

static void recover(struct work *w, const struct how *h, size_t siglen)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(w->s->libctx, w->key, NULL);

	w->backlen = OUT_MAX;
	if (script_call(w->s, EVP_PKEY_verify_recover_init(ctx)) &&
	    script_call(w->s, sign_params(ctx, h)) &&
	    script_call(w->s, digest_param(ctx, h->digest)) &&
	    script_call(w->s, EVP_PKEY_verify_recover(ctx, w->back, &w->backlen, w->out, siglen)))
		script_bytes(&w->s->out, w->back, w->backlen);
	EVP_PKEY_CTX_free(ctx);
}

static size_t tbs_len(struct work *w, const struct how *h)
{
	EVP_MD *md = h->digest && rnd(&w->r, 8) ? EVP_MD_fetch(w->s->other, h->digest, NULL) : NULL;
	size_t len = md ? (size_t)EVP_MD_get_size(md) :
		     h->pad == RSA_NO_PADDING && rnd(&w->r, 2) ? (size_t)EVP_PKEY_get_size(w->other) :
		     rnd(&w->r, 80);

	EVP_MD_free(md);
	ERR_clear_error();
	return len;
}

static void sign(struct work *w)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(w->s->libctx, w->key, NULL), *copy;
	struct how h = how_to_sign(w);
	size_t len = tbs_len(w, &h);
	uint32_t twist = rnd(&w->r, 8);

	rnd_fill(&w->r, w->msg, len);
	if (h.pad == RSA_NO_PADDING)
		w->msg[0] &= 0x3f;
	if (!script_call(w->s, EVP_PKEY_sign_init(ctx)) || !script_call(w->s, sign_params(ctx, &h)) ||
	    !script_call(w->s, digest_param(ctx, h.digest)))
		goto free_ctx;
	if (rnd(&w->r, 2)) {
		copy = EVP_PKEY_CTX_dup(ctx);
		script_int(&w->s->out, copy != NULL);
		if (copy) {
			EVP_PKEY_CTX_free(ctx);
			ctx = copy;
		}
	}
	for (int round = 0; round < 2; round++) {
		if (!script_call(w->s, EVP_PKEY_sign(ctx, NULL, &w->outlen, w->msg, len)))
			break;
		script_int(&w->s->out, (int64_t)w->outlen);
		if (twist == 1)
			w->outlen--;
		if (!script_call(w->s, EVP_PKEY_sign(ctx, w->out, &w->outlen, w->msg, len)))
			break;
		if (repeats(w, &h))
			script_bytes(&w->s->out, w->out, w->outlen);
		verify(w, w->other, w->s->other, &h, w->out, w->outlen, len);
		verify(w, w->key, w->s->libctx, &h, w->out, w->outlen, len);
		if (repeats(w, &h) && twist == 2)
			recover(w, &h, w->outlen);
	}
	/* One bit, one byte, or another message. */
	if (twist == 3)
		w->out[0] ^= 1;
	else if (twist == 4 && w->outlen)
		w->outlen--;
	else
		w->msg[0] ^= 1;
	w->vague = !repeats(w, &h);
	verify(w, w->key, w->s->libctx, &h, w->out, w->outlen, len);
	w->vague = false;
free_ctx:
	EVP_PKEY_CTX_free(ctx);
}

static bool digest_sign_pieces(struct work *w, EVP_MD_CTX **ctx, size_t len)
{
	for (size_t at = 0, n; at < len; at += n) {
		n = 1 + rnd(&w->r, (uint32_t)(len - at));
		if (!script_call(w->s, EVP_DigestSignUpdate(*ctx, w->msg + at, n)))
			return false;
		if (!rnd(&w->r, 3)) {
			EVP_MD_CTX *copy = EVP_MD_CTX_new();

			if (script_call(w->s, EVP_MD_CTX_copy_ex(copy, *ctx))) {
				EVP_MD_CTX_free(*ctx);
				*ctx = copy;
			} else {
				EVP_MD_CTX_free(copy);
			}
		}
	}
	return true;
}

static void digest_verify(struct work *w, const struct how *h, EVP_PKEY *key, OSSL_LIB_CTX *libctx,
			  size_t len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx = NULL;

	if (script_call(w->s, EVP_DigestVerifyInit_ex(ctx, &pctx, h->digest, libctx, NULL, key, NULL)) &&
	    script_call(w->s, sign_params(pctx, h)))
		script_verdict(w, EVP_DigestVerify(ctx, w->out, w->outlen, w->msg, len));
	EVP_MD_CTX_free(ctx);
}

static void digest_sign(struct work *w)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx = NULL;
	struct how h = how_to_sign(w);
	size_t len = rnd(&w->r, 6) ? rnd(&w->r, 400) : rnd(&w->r, MSG_MAX);

	rnd_fill(&w->r, w->msg, len);
	for (int round = 0; round < 2; round++) {
		if (!script_call(w->s, EVP_DigestSignInit_ex(ctx, &pctx, h.digest, w->s->libctx, NULL,
							     w->key, NULL)) ||
		    !script_call(w->s, sign_params(pctx, &h)) || !digest_sign_pieces(w, &ctx, len) ||
		    !script_call(w->s, EVP_DigestSignFinal(ctx, NULL, &w->outlen)))
			break;
		script_int(&w->s->out, (int64_t)w->outlen);
		if (!script_call(w->s, EVP_DigestSignFinal(ctx, w->out, &w->outlen)))
			break;
		if (repeats(w, &h))
			script_bytes(&w->s->out, w->out, w->outlen);
		digest_verify(w, &h, w->other, w->s->other, len);
		digest_verify(w, &h, w->key, w->s->libctx, len);
		w->vague = !repeats(w, &h);
		w->msg[len / 2] ^= 4;
		digest_verify(w, &h, w->key, w->s->libctx, len);
		w->vague = false;
		w->msg[len / 2] ^= 4;
		pctx = NULL;
	}
	EVP_MD_CTX_free(ctx);
}

/* ---- encryption ---- */

static struct how how_to_encrypt(struct work *w)
{
	static const int pads[] = { 0, RSA_PKCS1_PADDING, RSA_PKCS1_OAEP_PADDING, RSA_PKCS1_OAEP_PADDING,
				    RSA_PKCS1_OAEP_PADDING, RSA_NO_PADDING, RSA_X931_PADDING, 55 };

	return (struct how){
		.pad = EVP_PKEY_is_a(w->other, "RSA") ? pads[rnd(&w->r, 8)] : 0,
		.digest = digests[rnd(&w->r, DIGESTS)],
		.mgf1 = rnd(&w->r, 3) ? NULL : digests[rnd(&w->r, DIGESTS)],
		.id = rnd(&w->r, 2),
	};
}

static int crypt_params(EVP_PKEY_CTX *ctx, const struct how *h)
{
	int ret = h->pad ? EVP_PKEY_CTX_set_rsa_padding(ctx, h->pad) : 1;

	if (h->pad != RSA_PKCS1_OAEP_PADDING)
		return ret;
	if (ret > 0 && h->digest)
		ret = EVP_PKEY_CTX_set_rsa_oaep_md_name(ctx, h->digest, NULL);
	if (ret > 0 && h->mgf1)
		ret = EVP_PKEY_CTX_set_rsa_mgf1_md_name(ctx, h->mgf1, NULL);
	if (ret > 0 && h->id) {
		void *label = OPENSSL_strdup("a label");

		ret = EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, label, 7);
		if (ret <= 0)
			OPENSSL_free(label);
	}
	return ret;
}

static bool encrypt(struct work *w, EVP_PKEY *key, OSSL_LIB_CTX *libctx, const struct how *h,
		    size_t len)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(libctx, key, NULL);
	bool done;

	w->outlen = OUT_MAX;
	done = script_call(w->s, EVP_PKEY_encrypt_init(ctx)) &&
	       script_call(w->s, crypt_params(ctx, h)) &&
	       script_call(w->s, EVP_PKEY_encrypt(ctx, w->out, &w->outlen, w->msg, len));
	EVP_PKEY_CTX_free(ctx);
	return done;
}

static void decrypt(struct work *w, const struct how *h, size_t room)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(w->s->libctx, w->key, NULL), *copy;

	if (!script_call(w->s, EVP_PKEY_decrypt_init(ctx)) || !script_call(w->s, crypt_params(ctx, h)))
		goto free_ctx;
	if (rnd(&w->r, 2)) {
		copy = EVP_PKEY_CTX_dup(ctx);
		script_int(&w->s->out, copy != NULL);
		if (copy) {
			EVP_PKEY_CTX_free(ctx);
			ctx = copy;
		}
	}
	for (int round = 0; round < 2; round++) {
		w->backlen = room;
		memset(w->back, 0, OUT_MAX);
		if (script_call(w->s, EVP_PKEY_decrypt(ctx, w->back, &w->backlen, w->out, w->outlen)))
			script_bytes(&w->s->out, w->back, w->backlen);
	}
free_ctx:
	EVP_PKEY_CTX_free(ctx);
}

static void crypt_there_and_back(struct work *w)
{
	struct how h = how_to_encrypt(w);
	size_t size = (size_t)EVP_PKEY_get_size(w->other);
	size_t len = h.pad == RSA_NO_PADDING && rnd(&w->r, 4) ? size : rnd(&w->r, 100);
	bool here = rnd(&w->r, 2);

	rnd_fill(&w->r, w->msg, len);
	w->msg[0] &= 0x3f;
	if (!encrypt(w, here ? w->key : w->other, here ? w->s->libctx : w->s->other, &h, len))
		return;
	decrypt(w, &h, rnd(&w->r, 4) ? OUT_MAX : 16);
	/* What is decrypted to nonsense differs from run to run, unless it is refused. */
	if (EVP_PKEY_is_a(w->other, "RSA"))
		return;
	w->out[w->outlen / 2] ^= 1;
	decrypt(w, &h, OUT_MAX);
}

/* A number that is the same in every run, whose padding is almost always wrong. */
static void crypt_nonsense(struct work *w)
{
	struct how h = how_to_encrypt(w), none = { .pad = RSA_NO_PADDING };
	size_t size = (size_t)EVP_PKEY_get_size(w->other);

	if (!EVP_PKEY_is_a(w->other, "RSA"))
		return;
	rnd_fill(&w->r, w->msg, size);
	w->msg[0] = 0;
	if (rnd(&w->r, 2))
		w->msg[1] = 2;
	if (!encrypt(w, w->other, w->s->other, &none, size))
		return;
	switch (rnd(&w->r, 6)) {
	case 0:
		w->outlen--;
		break;
	case 1:
		w->out[w->outlen++] = 0;
		break;
	case 2:
		memset(w->out, 0xff, w->outlen);
		break;
	default:
		break;
	}
	decrypt(w, &h, OUT_MAX);
}

/* ---- agreement ---- */

static EVP_PKEY *peer_of(const struct work *w)
{
	static const char *const strangers[] = { "p256b", "x25519b", "rsa1024", "dh1024b" };
	char name[64];

	if (w->r.s % 8 == 0)
		return pk_load(w->s->libctx, strangers[w->r.s / 8 % 4]);
	snprintf(name, sizeof(name), "%sb", w->s->name);
	return (w->r.s % 3 ? pk_import : pk_load)(w->s->libctx, name);
}

static int exch_params(struct work *w, EVP_PKEY_CTX *ctx)
{
	uint32_t which = rnd(&w->r, 6);

	if (EVP_PKEY_is_a(w->other, "DH") || EVP_PKEY_is_a(w->other, "DHX"))
		return which < 3 ? EVP_PKEY_CTX_set_dh_pad(ctx, (int)which % 2) : 1;
	if (!EVP_PKEY_is_a(w->other, "EC"))
		return 1;
	switch (which) {
	case 0:
		return EVP_PKEY_CTX_set_ecdh_cofactor_mode(ctx, 1);
	case 1:
		if (EVP_PKEY_CTX_set_ecdh_kdf_type(ctx, EVP_PKEY_ECDH_KDF_X9_63) <= 0 ||
		    EVP_PKEY_CTX_set_ecdh_kdf_md(ctx, EVP_sha256()) <= 0)
			return 0;
		return EVP_PKEY_CTX_set_ecdh_kdf_outlen(ctx, 40);
	default:
		return 1;
	}
}

static void derive(struct work *w)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(w->s->libctx, w->key, NULL), *copy;
	EVP_PKEY *peer = peer_of(w);

	if (!script_call(w->s, EVP_PKEY_derive_init(ctx)) || !script_call(w->s, exch_params(w, ctx)) ||
	    !script_call(w->s, EVP_PKEY_derive_set_peer_ex(ctx, peer, (int)rnd(&w->r, 2))))
		goto free_all;
	if (rnd(&w->r, 2)) {
		copy = EVP_PKEY_CTX_dup(ctx);
		script_int(&w->s->out, copy != NULL);
		if (copy) {
			EVP_PKEY_CTX_free(ctx);
			ctx = copy;
		}
	}
	for (int round = 0; round < 2; round++) {
		w->outlen = 0;
		if (!script_call(w->s, EVP_PKEY_derive(ctx, NULL, &w->outlen)))
			break;
		script_int(&w->s->out, (int64_t)w->outlen);
		if (!rnd(&w->r, 4))
			w->outlen -= 1 + rnd(&w->r, 8);
		if (script_call(w->s, EVP_PKEY_derive(ctx, w->out, &w->outlen)))
			script_bytes(&w->s->out, w->out, w->outlen);
	}
free_all:
	EVP_PKEY_free(peer);
	EVP_PKEY_CTX_free(ctx);
}

/* A public key that is a random string, or one of the few that give nothing away. */
static void bad_peer(struct work *w)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(w->s->libctx, w->key, NULL);
	EVP_PKEY *peer = EVP_PKEY_new();
	unsigned char *point = NULL;
	size_t len = EVP_PKEY_get1_encoded_public_key(w->other, &point);

	ERR_clear_error();
	if (!len || !script_call(w->s, EVP_PKEY_copy_parameters(peer, w->key)))
		goto free_all;
	switch (rnd(&w->r, 4)) {
	case 0:
		memset(point, 0, len);
		break;
	case 1:
		point[len - 1] ^= 1;
		break;
	case 2:
		len--;
		break;
	default:
		rnd_fill(&w->r, point, len);
	}
	if (script_call(w->s, EVP_PKEY_set1_encoded_public_key(peer, point, len)) &&
	    script_call(w->s, EVP_PKEY_derive_init(ctx)) &&
	    script_call(w->s, EVP_PKEY_derive_set_peer_ex(ctx, peer, (int)rnd(&w->r, 2)))) {
		w->outlen = OUT_MAX;
		if (script_call(w->s, EVP_PKEY_derive(ctx, w->out, &w->outlen)))
			script_bytes(&w->s->out, w->out, w->outlen);
	}
free_all:
	OPENSSL_free(point);
	EVP_PKEY_free(peer);
	EVP_PKEY_CTX_free(ctx);
	ERR_clear_error();
}

/* ---- encapsulation ---- */

static void encapsulate(struct work *w)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(w->s->other, w->other, NULL);
	EVP_PKEY_CTX *mine = EVP_PKEY_CTX_new_from_pkey(w->s->libctx, w->key, NULL);
	size_t secretlen = OUT_MAX, len = OUT_MAX;
	uint8_t *secret = malloc(OUT_MAX);

	w->outlen = OUT_MAX;
	if (script_call(w->s, EVP_PKEY_encapsulate_init(ctx, NULL)) &&
	    script_call(w->s, EVP_PKEY_CTX_set_kem_op(ctx, "RSASVE")) &&
	    script_call(w->s, EVP_PKEY_encapsulate(ctx, w->out, &w->outlen, secret, &secretlen)) &&
	    script_call(w->s, EVP_PKEY_decapsulate_init(mine, NULL)) &&
	    script_call(w->s, EVP_PKEY_CTX_set_kem_op(mine, "RSASVE")) &&
	    script_call(w->s, EVP_PKEY_decapsulate(mine, w->back, &len, w->out, w->outlen)))
		script_int(&w->s->out, len == secretlen && !memcmp(secret, w->back, len));
	free(secret);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_CTX_free(mine);
}

/* ---- all of it ---- */

void script_pk(struct script *s)
{
	static const struct {
		void (*run)(struct work *w);
		const char *kinds;
	} steps[] = {
		{ key_itself, "RSA RSA-PSS EC SM2 DH DHX X25519 X448" },
		{ key_generate, "EC SM2 DH DHX X25519 X448" },
		{ sign, "RSA RSA-PSS EC SM2 DH X25519" },
		{ sign, "RSA RSA-PSS EC SM2" },
		{ digest_sign, "RSA RSA-PSS EC SM2 DH X25519" },
		{ digest_sign, "RSA RSA-PSS EC SM2" },
		{ crypt_there_and_back, "RSA RSA-PSS EC SM2" },
		{ crypt_nonsense, "RSA" },
		{ encapsulate, "RSA RSA-PSS" },
		{ derive, "RSA EC SM2 DH DHX X25519 X448" },
		{ derive, "EC DH DHX X25519 X448" },
		{ bad_peer, "EC DH DHX X25519 X448" },
	};
	struct work *w = calloc(1, sizeof(*w));

	if (!w)
		abort();
	w->s = s;
	w->r.s = s->seed;
	w->key = (rnd(&w->r, 4) ? pk_import : pk_load)(s->libctx, s->name);
	w->other = pk_load(s->other, s->name);
	ERR_clear_error();
	s->fetched = w->key != NULL;
	for (int i = 0; w->key && w->other && i < 6; ) {
		uint32_t step = rnd(&w->r, sizeof(steps) / sizeof(steps[0]));
		char kind[16], all[64];

		snprintf(kind, sizeof(kind), " %s ", EVP_PKEY_get0_type_name(w->other));
		snprintf(all, sizeof(all), " %s ", steps[step].kinds);
		if (!strstr(all, kind))
			continue;
		script_int(&s->out, step);
		steps[step].run(w);
		i++;
	}
	EVP_PKEY_free(w->key);
	EVP_PKEY_free(w->other);
	free(w);
}
