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

#define BYTES_MAX	512
#define NAME_ROOM	64

/* ---- keys ---------------------------------------------------------------------------------- */

/* The numbers of a key, each in a room of its own. */
enum { N, E, D, P, Q, DP, DQ, QINV, NUMBERS };

static const struct {
	const char *name;
	bool half;
} numbers[NUMBERS] = {
	[N] = { OSSL_PKEY_PARAM_RSA_N, false },
	[E] = { OSSL_PKEY_PARAM_RSA_E, false },
	[D] = { OSSL_PKEY_PARAM_RSA_D, false },
	[P] = { OSSL_PKEY_PARAM_RSA_FACTOR1, true },
	[Q] = { OSSL_PKEY_PARAM_RSA_FACTOR2, true },
	[DP] = { OSSL_PKEY_PARAM_RSA_EXPONENT1, true },
	[DQ] = { OSSL_PKEY_PARAM_RSA_EXPONENT2, true },
	[QINV] = { OSSL_PKEY_PARAM_RSA_COEFFICIENT1, true },
};

struct room {
	uint8_t data[NUMBERS][BYTES_MAX];
	struct wd_dtb dtb[NUMBERS];
	BIGNUM *n, *e;
};

/* One number of the key to @room; true if it is there and fits. */
static bool take(const OSSL_PARAM params[], int which, size_t size, struct room *room)
{
	const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, numbers[which].name);
	BIGNUM **out = which == N ? &room->n : which == E ? &room->e : NULL, *bn = NULL;
	int len;

	if (numbers[which].half)
		size /= 2;
	if (!p || !OSSL_PARAM_get_BN(p, &bn))
		return false;
	len = BN_bn2binpad(bn, room->data[which], (int)size);
	if (out)
		*out = bn;
	else
		BN_clear_free(bn);
	room->dtb[which] = (struct wd_dtb){ (char *)room->data[which], (__u32)size, (__u32)size };
	return len == (int)size;
}

static void free_extra(void *extra)
{
	RSA_free(extra);
}

static bool set_key(handle_t h, struct room *r, bool crt)
{
	if (wd_rsa_set_pubkey_params(h, &r->dtb[E], &r->dtb[N]))
		return false;
	if (crt)
		return !wd_rsa_set_crt_prikey_params(h, &r->dtb[DQ], &r->dtb[DP], &r->dtb[QINV],
						     &r->dtb[Q], &r->dtb[P]);
	return !wd_rsa_set_prikey_params(h, &r->dtb[D], &r->dtb[N]);
}

static handle_t open_numbers(struct wdi_ossl_sess *sess, const OSSL_PARAM params[], size_t size,
			     struct room *r)
{
	bool crt = true;
	struct wd_rsa_sess_setup setup = { .key_bits = (__u16)(8 * size) };
	handle_t h;
	RSA *rsa;

	if (!take(params, N, size, r) || !take(params, E, size, r))
		return 0;
	for (int i = P; i <= QINV; i++)
		crt = crt && take(params, i, size, r);
	/*
	 * More than two primes are the default provider's, and RSA-PSS keys that say which salts are
	 * allowed: it refuses the others when it signs.
	 */
	if (OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_RSA_FACTOR3) ||
	    OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_RSA_PSS_SALTLEN))
		return 0;
	if (!crt && !take(params, D, size, r))
		return 0;
	rsa = RSA_new();
	if (!rsa || !RSA_set0_key(rsa, r->n, r->e, NULL)) {
		RSA_free(rsa);
		return 0;
	}
	r->n = r->e = NULL;
	wdi_ossl_sess_set_extra(sess, rsa, free_extra);
	setup.is_crt = crt;
	h = wd_rsa_alloc_sess(&setup);
	if (h && !set_key(h, r, crt)) {
		wd_rsa_free_sess(h);
		h = 0;
	}
	return h;
}

static handle_t rsa_open(struct wdi_ossl_sess *sess, const struct wdi_ossl_prov *prov,
			 const OSSL_PARAM params[])
{
	const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_RSA_N);
	struct room *room;
	BIGNUM *n = NULL;
	size_t size;
	handle_t h = 0;

	(void)prov;
	if (!p || !OSSL_PARAM_get_BN(p, &n))
		return 0;
	size = (size_t)BN_num_bytes(n);
	BN_free(n);
	if (size != 128 && size != 256 && size != 384 && size != 512)
		return 0;
	room = OPENSSL_zalloc(sizeof(*room));
	if (!room)
		return 0;
	h = open_numbers(sess, params, size, room);
	BN_free(room->n);
	BN_free(room->e);
	OPENSSL_clear_free(room, sizeof(*room));
	return h;
}

/* ---- the operation --------------------------------------------------------------------------- */

/* Room for a number that goes in, at @buf of the operation, and one that comes out behind it. */
static int begin(struct wdi_ossl_pk *c, size_t size)
{
	return wdi_ossl_op_room(&c->op, 2 * size) ? 0 : -ENOMEM;
}

static int raw(struct wdi_ossl_pk *c, const struct wdi_ossl_private_call *call, size_t size)
{
	struct wd_rsa_req req = {
		.src = c->op->buf,
		.dst = c->op->buf + size,
		.src_bytes = (__u32)size,
		.dst_bytes = (__u32)size,
		.data_fmt = WD_FLAT_BUF,
		.op_type = WD_RSA_SIGN,
	};

	return wdi_ossl_run_rsa(call->sess, c->op, &req, call->where);
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
		ret = raw(c, call, size);
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
	ret = raw(c, call, size);
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
