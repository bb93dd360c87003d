/* SPDX-License-Identifier: MIT */
/*
 * The methods of ciphers, and what those without authentication do. EVP gathers blocks, pads, and
 * keeps the IV in its context, so a call brings whole blocks, and what the device leaves of them is
 * libcrypto's.
 */
#include "openssl/engine/ciphers.h"

#include <errno.h>
#include <string.h>

#include <openssl/crypto.h>

#include "openssl/keyed.h"

static struct wdi_eng_cipher methods[WDI_OSSL_IMPLS];
static struct wdi_eng_nids nids;
static int without_aead;	/* of the NIDs, the first so many */

static const struct wdi_eng_cipher *find(int nid)
{
	int place = wdi_eng_nid_place(&nids, nid);

	return place < 0 ? NULL : &methods[place];
}

const struct wdi_eng_cipher *wdi_eng_cipher_of(const EVP_CIPHER_CTX *ctx)
{
	return find(EVP_CIPHER_CTX_nid(ctx));
}

static struct wdi_ossl_keyed *data(const struct wdi_eng_cipher *m, const EVP_CIPHER_CTX *ctx)
{
	return wdi_eng_cipher_data(m, ctx);
}

/* ---- the functions ---------------------------------------------------------------------- */

static int cipher_init(EVP_CIPHER_CTX *ctx, const unsigned char *key, const unsigned char *iv,
		       int enc)
{
	const struct wdi_eng_cipher *m = wdi_eng_cipher_of(ctx);
	struct wdi_ossl_keyed *k = data(m, ctx);

	k->row = m->row;
	if (!m->init(ctx, key, iv, enc)) {
		k->key_len = 0;
		return 0;
	}
	if (key) {
		wdi_ossl_keyed_key(k, key, (size_t)EVP_CIPHER_CTX_key_length(ctx));
		k->enc = enc;
	}
	return 1;
}

/* As much of the data as the device can do: the number of bytes done, or -EBUSY. */
static ptrdiff_t device(EVP_CIPHER_CTX *ctx, struct wdi_ossl_keyed *k,
			const struct wdi_ossl_limits *limits, unsigned char *out,
			const unsigned char *in, size_t len)
{
	enum wdi_ossl_where where = wdi_ossl_cipher_where(k, limits, len);
	ptrdiff_t done;
	size_t n;

	/* Part of a block is used up, or libcrypto's key is made for the other direction. */
	if (where == WDI_OSSL_CPU || EVP_CIPHER_CTX_num(ctx) ||
	    k->enc != (bool)EVP_CIPHER_CTX_encrypting(ctx))
		return 0;
	n = wdi_ossl_cipher_share(k, len);
	if (!n)
		return 0;
	if (k->op && k->op->busy)
		return -EBUSY;
	memcpy(k->iv, EVP_CIPHER_CTX_iv_noconst(ctx), k->row->iv);
	done = wdi_ossl_cipher_run(k, out, in, n, where);
	if (done > 0 && k->row->pieces)
		memcpy(EVP_CIPHER_CTX_iv_noconst(ctx), k->iv, k->row->iv);
	return done;
}

static int cipher_run(EVP_CIPHER_CTX *ctx, unsigned char *out, const unsigned char *in, size_t len)
{
	const struct wdi_eng_cipher *m = wdi_eng_cipher_of(ctx);
	const struct wdi_ossl_limits *limits = &wdi_eng_limits[m->row - wdi_ossl_rows];
	ptrdiff_t done = 0;

	if (wdi_unlikely(len >= limits->least) && in && out) {
		done = device(ctx, data(m, ctx), limits, out, in, len);
		if (done < 0)
			return wdi_eng_raise_busy(m->row);
		if (done && (size_t)done == len)
			return 1;
	}
	wdi_ossl_count(m->row, WDI_OSSL_PATH_CPU, len - (size_t)done);
	return m->run(ctx, out + done, in + done, len - (size_t)done);
}

static int cipher_cleanup(EVP_CIPHER_CTX *ctx)
{
	const struct wdi_eng_cipher *m = wdi_eng_cipher_of(ctx);
	struct wdi_ossl_keyed *k = data(m, ctx);

	if (k) {
		wdi_ossl_keyed_end(k);
		OPENSSL_cleanse(k, sizeof(*k));
	}
	return m->cleanup ? m->cleanup(ctx) : 1;
}

static int cipher_ctrl(EVP_CIPHER_CTX *ctx, int type, int arg, void *ptr)
{
	const struct wdi_eng_cipher *m = wdi_eng_cipher_of(ctx);

	if (type == EVP_CTRL_COPY) {
		/* The bytes have been copied. */
		struct wdi_ossl_keyed *to = data(m, ptr);

		to->op = NULL;
		wdi_ossl_sess_hold(to->sess);
		if (!(EVP_CIPHER_flags(m->plain) & EVP_CIPH_CUSTOM_COPY))
			return 1;
	} else if (type == EVP_CTRL_SET_KEY_LENGTH) {
		data(m, ctx)->key_len = 0;
	}
	return m->ctrl ? m->ctrl(ctx, type, arg, ptr) : -1;
}

static const struct wdi_eng_cipher_kind keyed = {
	sizeof(struct wdi_ossl_keyed), cipher_init, cipher_run, cipher_cleanup, cipher_ctrl,
};

/* ---- the methods -------------------------------------------------------------------------- */

/* libcrypto's functions; false: it has none that can be called. */
static bool take(struct wdi_eng_cipher *m, const struct wdi_ossl_row *row)
{
	const EVP_CIPHER *plain = EVP_get_cipherbyname(row->name);

	if (!plain || EVP_CIPHER_nid(plain) == NID_undef)
		return false;
	m->nid = EVP_CIPHER_nid(plain);
	m->plain = plain;
	m->row = row;
	m->place = ((size_t)EVP_CIPHER_impl_ctx_size(plain) + 15) / 16 * 16;
	m->init = EVP_CIPHER_meth_get_init(plain);
	m->run = (__typeof__(m->run))EVP_CIPHER_meth_get_do_cipher(plain);
	m->cleanup = EVP_CIPHER_meth_get_cleanup(plain);
	m->ctrl = EVP_CIPHER_meth_get_ctrl(plain);
	return m->init && m->run;
}

static EVP_CIPHER *make(const struct wdi_eng_cipher *m)
{
	const struct wdi_eng_cipher_kind *kind = m->row->aead ? &wdi_eng_aead : &keyed;
	const EVP_CIPHER *p = m->plain;
	EVP_CIPHER *c = EVP_CIPHER_meth_new(m->nid, EVP_CIPHER_block_size(p), EVP_CIPHER_key_length(p));

	if (c && EVP_CIPHER_meth_set_iv_length(c, EVP_CIPHER_iv_length(p)) &&
	    EVP_CIPHER_meth_set_flags(c, EVP_CIPHER_flags(p) | EVP_CIPH_CUSTOM_COPY) &&
	    EVP_CIPHER_meth_set_impl_ctx_size(c, (int)(m->place + kind->size)) &&
	    EVP_CIPHER_meth_set_init(c, kind->init) &&
	    EVP_CIPHER_meth_set_do_cipher(c, kind->run) &&
	    EVP_CIPHER_meth_set_cleanup(c, kind->cleanup) &&
	    EVP_CIPHER_meth_set_ctrl(c, kind->ctrl) &&
	    EVP_CIPHER_meth_set_set_asn1_params(c, EVP_CIPHER_meth_get_set_asn1_params(p)) &&
	    EVP_CIPHER_meth_set_get_asn1_params(c, EVP_CIPHER_meth_get_get_asn1_params(p)))
		return c;
	EVP_CIPHER_meth_free(c);
	return NULL;
}

bool wdi_eng_ciphers_make(void)
{
	for (size_t i = 0; i < WDI_OSSL_IMPLS; i++) {
		const struct wdi_ossl_row *row = &wdi_ossl_rows[i];
		struct wdi_eng_cipher *m = &methods[nids.count];

		/*
		 * Where the engine is in force it is so for what the device does with libcrypto as
		 * well, and of OFB that wants to know the next IV, which an engine's cipher does not
		 * tell.
		 */
		if (row->operation != OSSL_OP_CIPHER || row->mode == WD_CIPHER_OFB ||
		    !take(m, row) || !wdi_eng_nid_add(&nids, m->nid))
			continue;
		m->cipher = make(m);
		if (!m->cipher)
			return false;
		/* Rows of AEAD are behind the others. */
		if (!row->aead)
			without_aead = nids.count;
	}
	return true;
}

int wdi_eng_ciphers(ENGINE *e, const EVP_CIPHER **cipher, const int **list, int nid)
{
	const struct wdi_eng_cipher *m;

	(void)e;
	if (!cipher) {
		*list = nids.list;
		if (wdi_eng_offers_aead())
			return nids.count;
		return wdi_eng_offers(OSSL_OP_CIPHER) ? without_aead : 0;
	}
	m = find(nid);
	if (m && m->row->aead && !wdi_eng_offers_aead())
		m = NULL;
	*cipher = m ? m->cipher : NULL;
	return m != NULL;
}
