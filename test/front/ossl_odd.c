/* SPDX-License-Identifier: MIT */
#include "ossl_odd.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#define LEN	64

#define IV_LEN	8

/* The first is in force when the second is refused. */
static void wrong(struct script *s, EVP_CIPHER_CTX *ctx)
{
	unsigned int len = IV_LEN;
	const OSSL_PARAM p[3] = {
		OSSL_PARAM_construct_uint(OSSL_CIPHER_PARAM_IVLEN, &len),
		OSSL_PARAM_construct_uint(OSSL_CIPHER_PARAM_AEAD_TLS1_AAD, &len),
		OSSL_PARAM_construct_end(),
	};

	script_int(&s->out, EVP_CIPHER_CTX_set_params(ctx, p));
}

static void init(struct script *s, EVP_CIPHER_CTX *ctx, bool key, bool iv, int enc)
{
	static const uint8_t bytes[32] = { 1, 2, 3, 4, 5 };

	script_int(&s->out, EVP_CipherInit_ex2(ctx, NULL, key ? bytes : NULL, iv ? bytes + 8 : NULL, enc,
					       NULL));
}

/* What is decrypted, if it was encrypted before. */
static uint8_t text[LEN], text_tag[16];

/* Data, associated data where @aad, or with no bytes at all a length for CCM. */
static void data(struct script *s, EVP_CIPHER_CTX *ctx, bool aad, bool bytes)
{
	uint8_t in[LEN] = { 9, 8, 7 }, out[2 * LEN] = { 0 };
	int outl = 0;

	if (!aad && !EVP_CIPHER_CTX_is_encrypting(ctx))
		memcpy(in, text, sizeof(in));
	script_int(&s->out, EVP_CipherUpdate(ctx, aad || !bytes ? NULL : out, &outl, bytes ? in : NULL,
					     LEN));
	script_bytes(&s->out, out, sizeof(out));
	memcpy(text, out, sizeof(text));
}

/* The tag that was made last. */
static void expect(struct script *s, EVP_CIPHER_CTX *ctx, int len, bool known)
{
	script_int(&s->out, EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, len,
						known ? text_tag : NULL));
}

static void final(struct script *s, EVP_CIPHER_CTX *ctx)
{
	uint8_t out[LEN] = { 0 };
	int outl = 0;

	script_int(&s->out, EVP_CipherFinal_ex(ctx, out, &outl));
	script_bytes(&s->out, out, sizeof(out));
}

static void tag(struct script *s, EVP_CIPHER_CTX *ctx, int len)
{
	uint8_t made[16] = { 0 };

	script_int(&s->out, EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, len, made));
	script_bytes(&s->out, made, sizeof(made));
	memcpy(text_tag, made, sizeof(made));
}

/*
 * A letter is a step: K, I initialise with the key and IV, and with nothing; L the length of a CCM
 * message, A associated data, D data, F the end, T its tag, C a copy that goes on, V another length
 * of IVs, W the same and a wrong parameter, P no padding. From - on it decrypts what it had last;
 * S sets the tag, M its length alone, and U asks for one of that length.
 */
static const struct {
	const char *name;
	const char *steps;
	int enc, tag;
} rows[] = {
	{ "AES-128-GCM", "KVADFT", 1, 16 }, { "AES-128-GCM", "KWDFT", 1, 16 },
	{ "AES-128-GCM", "KAVDFT", 1, 16 }, { "AES-128-GCM", "KDVFT", 1, 16 },
	{ "AES-128-GCM", "KDIDFT", 1, 16 }, { "AES-128-GCM", "KDADFT", 1, 16 },
	{ "AES-128-GCM", "KADCDFT", 1, 16 }, { "AES-128-GCM", "KDIFT", 1, 16 },
	{ "AES-128-CCM", "KLADLADT", 1, 12 }, { "AES-128-CCM", "KLADATT", 1, 12 },
	{ "AES-128-CCM", "KLADTD", 1, 12 }, { "AES-128-CCM", "KLADCFTT", 1, 12 },
	{ "AES-128-CCM", "KLADVT", 1, 12 }, { "AES-128-CCM", "KVLADT", 1, 12 },
	{ "AES-128-CCM", "KLADFFT", 1, 12 }, { "AES-128-CCM", "KLADDT", 1, 12 },
	{ "AES-128-CCM", "KLADILADT", 1, 12 }, { "AES-128-CCM", "MKLADTU", 1, 12 },
	{ "AES-128-CCM", "KMLADTU", 1, 12 },
	{ "AES-128-GCM", "KADFT-KSADFF", 1, 16 }, { "AES-128-GCM", "KADFT-KSADCF", 1, 16 },
	{ "AES-128-GCM", "KADFT-KSADIF", 1, 16 }, { "AES-128-GCM", "KADFT-KSADDF", 1, 16 },
	{ "AES-128-GCM", "KADFT-KADSF", 1, 16 }, { "AES-128-GCM", "KADFT-KADF", 1, 16 },
	{ "AES-128-GCM", "KADFT-KSADVF", 1, 16 }, { "AES-128-GCM", "KADFT-KSDF", 1, 16 },
	{ "AES-128-CCM", "KLADT-SKLADFF", 1, 12 }, { "AES-128-CCM", "KLADT-SKLADCF", 1, 12 },
	{ "AES-128-CCM", "KLADT-SKLADD", 1, 12 }, { "AES-128-CCM", "KLADT-SKLADA", 1, 12 },
	{ "AES-128-CCM", "KLADT-KLAD", 1, 12 }, { "AES-128-CCM", "KLADT-SKLDF", 1, 12 },
	{ "AES-128-ECB", "KDPDF", 0, 0 }, { "AES-128-CBC", "KDPDF", 0, 0 },
	{ "AES-128-CBC", "KPDPDF", 1, 0 }, { "AES-128-CBC", "KDPKDDF", 0, 0 },
};

void odd_run(struct script *s)
{
	EVP_CIPHER *cipher = script_cipher(s);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new(), *copy;
	int enc = rows[s->seed].enc;

	s->fetched = cipher;
	memset(text, 1, sizeof(text));
	script_int(&s->out, EVP_CipherInit_ex2(ctx, cipher, NULL, NULL, enc, NULL));
	for (const char *step = rows[s->seed].steps; *step; step++) {
		switch (*step) {
		case 'K':
		case 'I':
			init(s, ctx, *step == 'K', *step == 'K', enc);
			break;
		case 'L':
		case 'A':
		case 'D':
			data(s, ctx, *step == 'A', *step != 'L');
			break;
		case 'F':
			final(s, ctx);
			break;
		case 'T':
			tag(s, ctx, rows[s->seed].tag);
			break;
		case 'C':
			copy = EVP_CIPHER_CTX_new();
			script_int(&s->out, EVP_CIPHER_CTX_copy(copy, ctx));
			EVP_CIPHER_CTX_free(ctx);
			ctx = copy;
			break;
		case '-':
			enc = 0;
			script_int(&s->out, EVP_CipherInit_ex2(ctx, NULL, NULL, NULL, enc, NULL));
			break;
		case 'S':
			expect(s, ctx, rows[s->seed].tag, true);
			break;
		case 'M':
			expect(s, ctx, 8, false);
			break;
		case 'U':
			tag(s, ctx, 8);
			break;
		case 'P':
			script_int(&s->out, EVP_CIPHER_CTX_set_padding(ctx, 0));
			break;
		case 'W':
			wrong(s, ctx);
			break;
		default:
			script_int(&s->out, EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, IV_LEN, NULL));
		}
	}
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(cipher);
	ERR_clear_error();
}

void odd_compare(OSSL_LIB_CTX *libctx, const char *ours_query, const char *plain_query,
		 const struct script_config *config)
{
	for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
		struct script ours = {
			.kind = SCRIPT_OWN, .name = rows[row].name, .sub = rows[row].steps,
			.libctx = libctx, .query = ours_query, .seed = row,
		};
		struct script plain = ours;

		/* Only providers have lists. */
		if (!plain_query && strchr(rows[row].steps, 'W'))
			continue;
		plain.query = plain_query;
		scripts_compare(&ours, &plain, 1, config);
	}
}
