/* SPDX-License-Identifier: MIT */
/*
 * RSA on the device, which knows numbers and no padding. Padding is libcrypto's: the
 * RSA_padding_*() functions, which are what the default provider itself pads with.
 * They are deprecated in favour of whole operations, which is what a provider has to make
 * of them, and there in every OpenSSL 3. What has no function of that kind stays with the
 * default provider: PKCS #1 v1.5 decryption above all, because the answer to a wrong padding
 * has to depend on the private key as that of OpenSSL does (draft-irtf-cfrg-rsa-guidance),
 * or two servers with one key would tell which paddings are wrong by differing.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <errno.h>
#include <string.h>
#include <strings.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/params.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "openssl/pk.h"
#include "openssl/raw.h"

#define NAME_ROOM	64

/* ---- keys ---------------------------------------------------------------------------------- */

static const char *const names[WDI_OSSL_RSA_NUMBERS] = {
	[WDI_OSSL_RSA_N] = OSSL_PKEY_PARAM_RSA_N,
	[WDI_OSSL_RSA_E] = OSSL_PKEY_PARAM_RSA_E,
	[WDI_OSSL_RSA_D] = OSSL_PKEY_PARAM_RSA_D,
	[WDI_OSSL_RSA_P] = OSSL_PKEY_PARAM_RSA_FACTOR1,
	[WDI_OSSL_RSA_Q] = OSSL_PKEY_PARAM_RSA_FACTOR2,
	[WDI_OSSL_RSA_DP] = OSSL_PKEY_PARAM_RSA_EXPONENT1,
	[WDI_OSSL_RSA_DQ] = OSSL_PKEY_PARAM_RSA_EXPONENT2,
	[WDI_OSSL_RSA_QINV] = OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
};

static void free_extra(void *extra)
{
	RSA_free(extra);
}

/* The public half, for padding that wants to know it. Takes the two numbers. */
static bool keep_public(struct wdi_ossl_sess *sess, BIGNUM **bn)
{
	RSA *rsa = RSA_new();

	if (!rsa || !RSA_set0_key(rsa, bn[WDI_OSSL_RSA_N], bn[WDI_OSSL_RSA_E], NULL)) {
		RSA_free(rsa);
		return false;
	}
	bn[WDI_OSSL_RSA_N] = bn[WDI_OSSL_RSA_E] = NULL;
	wdi_ossl_sess_set_extra(sess, rsa, free_extra);
	return true;
}

static handle_t rsa_open(struct wdi_ossl_sess *sess, const struct wdi_ossl_prov *prov,
			 const OSSL_PARAM params[])
{
	BIGNUM *bn[WDI_OSSL_RSA_NUMBERS] = { NULL };
	handle_t h;

	(void)prov;
	/*
	 * More than two primes are the default provider's, and RSA-PSS keys that say which salts are
	 * allowed: it refuses the others when it signs.
	 */
	if (OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_RSA_FACTOR3) ||
	    OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_RSA_PSS_SALTLEN))
		return 0;
	for (int i = 0; i < WDI_OSSL_RSA_NUMBERS; i++) {
		const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, names[i]);

		if (p && !OSSL_PARAM_get_BN(p, &bn[i]))
			bn[i] = NULL;
	}
	h = wdi_ossl_rsa_open((const BIGNUM *const *)bn);
	if (h && !keep_public(sess, bn)) {
		wd_rsa_free_sess(h);
		h = 0;
	}
	for (int i = 0; i < WDI_OSSL_RSA_NUMBERS; i++)
		BN_clear_free(bn[i]);
	return h;
}

/* ---- the operation --------------------------------------------------------------------------- */

/* Room for a number that goes in, at @buf of the operation, and one that comes out behind it. */
static int begin(struct wdi_ossl_pk *c, size_t size)
{
	return wdi_ossl_op_room(&c->op, 2 * size) ? 0 : -ENOMEM;
}

struct padding {
	int mode;
	int salt;
	char digest[NAME_ROOM];
	char mgf1[NAME_ROOM];
	EVP_MD *md, *mgf1_md;
};

/* What the default provider's context says about it; false: no two hashes that it can mean. */
static bool padding_get(const struct wdi_ossl_pk *c, struct padding *p, bool sign)
{
	OSSL_LIB_CTX *libctx = c->head.impl->prov->libctx;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_int(OSSL_PKEY_PARAM_PAD_MODE, &p->mode),
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_DIGEST, p->digest, NAME_ROOM),
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_MGF1_DIGEST, p->mgf1, NAME_ROOM),
		sign ? OSSL_PARAM_construct_int(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, &p->salt) :
		       OSSL_PARAM_construct_end(),
		OSSL_PARAM_construct_end(),
	};

	if (!c->head.impl->pk.get_ctx_params ||
	    !c->head.impl->pk.get_ctx_params(c->head.plain, params))
		return false;
	if (p->mode != RSA_PKCS1_PSS_PADDING && p->mode != RSA_PKCS1_OAEP_PADDING)
		return true;
	/* An OAEP whose hash was not set gets it when it is used. */
	p->md = EVP_MD_fetch(libctx, *p->digest || sign ? p->digest : "SHA1", NULL);
	p->mgf1_md = !p->md ? NULL : !*p->mgf1 || !strcmp(p->mgf1, p->digest) ? p->md :
		     EVP_MD_fetch(libctx, p->mgf1, NULL);
	return p->mgf1_md;
}

static void padding_end(struct padding *p)
{
	if (p->mgf1_md != p->md)
		EVP_MD_free(p->mgf1_md);
	EVP_MD_free(p->md);
}

/* ---- signatures ------------------------------------------------------------------------------- */

/* Those whose DigestInfo all versions of OpenSSL agree on, and what their names can be. */
static int digest_nid(const char *name, size_t len)
{
	static const struct {
		const char *name;
		int nid;
		size_t size;
	} known[] = {
		{ "SHA1", NID_sha1, 20 },
		{ "SHA2-224", NID_sha224, 28 }, { "SHA224", NID_sha224, 28 },
		{ "SHA2-256", NID_sha256, 32 }, { "SHA256", NID_sha256, 32 },
		{ "SHA2-384", NID_sha384, 48 }, { "SHA384", NID_sha384, 48 },
		{ "SHA2-512", NID_sha512, 64 }, { "SHA512", NID_sha512, 64 },
	};

	for (size_t i = 0; i < wdi_array_size(known); i++) {
		if (known[i].size == len && !strcasecmp(known[i].name, name))
			return known[i].nid;
	}
	return NID_undef;
}

/* DigestInfo of RFC 8017, 9.2. Returns its length, 0 if there is none. */
static int digest_info(int nid, const struct wdi_ossl_private_call *call, uint8_t *to, size_t room)
{
	X509_SIG *info = X509_SIG_new();
	X509_ALGOR *alg;
	ASN1_OCTET_STRING *value;
	int len = 0;

	if (!info)
		return 0;
	X509_SIG_getm(info, &alg, &value);
	if (X509_ALGOR_set0(alg, OBJ_nid2obj(nid), V_ASN1_NULL, NULL) &&
	    ASN1_OCTET_STRING_set(value, call->in, (int)call->inlen)) {
		len = i2d_X509_SIG(info, NULL);
		if (len > 0 && (size_t)len <= room)
			len = i2d_X509_SIG(info, &to);
		else
			len = 0;
	}
	X509_SIG_free(info);
	return len;
}

static bool encode_pkcs1(const struct padding *p, const struct wdi_ossl_private_call *call,
			 uint8_t *to, size_t size)
{
	uint8_t info[128];
	int nid, len;

	if (!*p->digest)
		return RSA_padding_add_PKCS1_type_1(to, (int)size, call->in, (int)call->inlen);
	nid = digest_nid(p->digest, call->inlen);
	len = nid == NID_undef ? 0 : digest_info(nid, call, info, sizeof(info));
	return len && RSA_padding_add_PKCS1_type_1(to, (int)size, info, len);
}

/* The encoded message to @to; false: it is the default provider's to encode, or to refuse. */
static bool encode(const struct padding *p, const struct wdi_ossl_private_call *call, uint8_t *to,
		   size_t size)
{
	switch (p->mode) {
	case RSA_PKCS1_PADDING:
		return encode_pkcs1(p, call, to, size);
	case RSA_NO_PADDING:
		if (*p->digest || call->inlen != size)
			return false;
		memcpy(to, call->in, size);
		return true;
	case RSA_PKCS1_PSS_PADDING:
		/* Newer versions have more kinds of salt. */
		if (p->salt < RSA_PSS_SALTLEN_MAX || call->inlen != (size_t)EVP_MD_get_size(p->md))
			return false;
		return RSA_padding_add_PKCS1_PSS_mgf1(wdi_ossl_sess_extra(call->sess), to, call->in,
						      p->md, p->mgf1_md, p->salt);
	default:
		return false;
	}
}

static int rsa_sign(struct wdi_ossl_pk *c, struct wdi_ossl_private_call *call)
{
	struct padding p = { .mode = 0 };
	size_t size = wdi_ossl_key_bytes(c->key);
	int ret = -EOPNOTSUPP;

	if (call->outsize < size || call->inlen > size)
		return ret;
	ERR_set_mark();
	if (padding_get(c, &p, true)) {
		ret = begin(c, size);
		if (!ret && !encode(&p, call, c->op->buf, size))
			ret = -EOPNOTSUPP;
	}
	padding_end(&p);
	ERR_pop_to_mark();
	if (!ret)
		ret = wdi_ossl_rsa_raw(call->sess, c->op, size, call->where);
	if (!ret) {
		memcpy(call->out, c->op->buf + size, size);
		*call->outlen = size;
	}
	return ret;
}

/* ---- decryption -------------------------------------------------------------------------------- */

/* The message within @from, to @to of as many bytes; its length, or -1 as nobody can tell why. */
static int decode_oaep(const struct wdi_ossl_pk *c, const struct padding *p, const uint8_t *from,
		       size_t size, uint8_t *to)
{
	unsigned char *label = NULL;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_ptr(OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL, (void **)&label, 0),
		OSSL_PARAM_construct_end(),
	};

	if (!c->head.impl->pk.get_ctx_params(c->head.plain, params))
		return -1;
	return RSA_padding_check_PKCS1_OAEP_mgf1(to, (int)size, from, (int)size, (int)size, label,
						 label ? (int)params[0].return_size : 0, p->md,
						 p->mgf1_md);
}

static int rsa_decrypt(struct wdi_ossl_pk *c, struct wdi_ossl_private_call *call)
{
	struct padding p = { .mode = 0 };
	size_t size = wdi_ossl_key_bytes(c->key);
	uint8_t *in, *out;
	int ret = -EOPNOTSUPP, len = -1;

	if (call->outsize < size || !call->inlen || call->inlen > size)
		return ret;
	ERR_set_mark();
	if (padding_get(c, &p, false) &&
	    (p.mode == RSA_PKCS1_OAEP_PADDING || p.mode == RSA_NO_PADDING))
		ret = begin(c, size);
	ERR_pop_to_mark();
	if (ret)
		goto end;
	memset(c->op->buf, 0, size - call->inlen);
	memcpy(c->op->buf + size - call->inlen, call->in, call->inlen);
	ret = wdi_ossl_rsa_raw(call->sess, c->op, size, call->where);
	if (ret)
		goto end;
	in = c->op->buf + size;
	out = c->op->buf;
	if (p.mode == RSA_NO_PADDING) {
		memcpy(out, in, size);
		len = (int)size;
	} else {
		ERR_set_mark();
		len = decode_oaep(c, &p, in, size, out);
		ERR_pop_to_mark();
	}
	if (len >= 0) {
		memcpy(call->out, out, (size_t)len);
		*call->outlen = (size_t)len;
	} else {
		ret = -EBADMSG;
	}
	OPENSSL_cleanse(c->op->buf, 2 * size);
end:
	padding_end(&p);
	return ret;
}

const struct wdi_ossl_family_ops wdi_ossl_rsa_ops = {
	.class = WDI_OSSL_CLASS_RSA,
	.hash_alone = true,
	.open = rsa_open,
	.run = { [WDI_OSSL_SIGN] = rsa_sign, [WDI_OSSL_DECRYPT] = rsa_decrypt },
};
