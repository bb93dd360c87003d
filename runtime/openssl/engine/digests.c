/* SPDX-License-Identifier: MIT */
/*
 * Digests. Where the device may come into it a message is gathered (gather.h) and goes there at
 * its end; one that grows too long goes to libcrypto on the way. Our data stand behind
 * libcrypto's in the memory that EVP has for a context.
 */
#include "openssl/engine/engine.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/md5.h>
#include <openssl/sha.h>

#include "openssl/gather.h"

struct method {
	int nid;
	const EVP_MD *plain;
	EVP_MD *md;
	const struct wdi_ossl_row *row;
	size_t place;		/* of our data */
	int (*init)(EVP_MD_CTX *ctx);
	int (*update)(EVP_MD_CTX *ctx, const void *data, size_t len);
	int (*final)(EVP_MD_CTX *ctx, unsigned char *out);
	int (*copy)(EVP_MD_CTX *to, const EVP_MD_CTX *from);
	int (*cleanup)(EVP_MD_CTX *ctx);
	int (*ctrl)(EVP_MD_CTX *ctx, int cmd, int arg, void *ptr);
};

static struct method methods[WDI_OSSL_IMPLS];
static struct wdi_eng_nids nids;

static const struct method *find(int nid)
{
	int place = wdi_eng_nid_place(&nids, nid);

	return place < 0 ? NULL : &methods[place];
}

static const struct method *of(const EVP_MD_CTX *ctx)
{
	return find(EVP_MD_type(EVP_MD_CTX_md(ctx)));
}

static struct wdi_ossl_gather *data(const struct method *m, const EVP_MD_CTX *ctx)
{
	uint8_t *all = EVP_MD_CTX_md_data(ctx);

	return all ? (struct wdi_ossl_gather *)(all + m->place) : NULL;
}

static bool busy(const struct wdi_ossl_gather *g)
{
	return g->op && g->op->busy;
}

/* ---- the functions ---------------------------------------------------------------------- */

static int digest_init(EVP_MD_CTX *ctx)
{
	const struct method *m = of(ctx);
	struct wdi_ossl_gather *g = data(m, ctx);

	if (busy(g))
		return wdi_eng_raise_busy(m->row);
	wdi_ossl_gather_reset(g);
	return m->init(ctx);
}

/* What was gathered, and all that follows, is libcrypto's. */
static int to_plain(const struct method *m, EVP_MD_CTX *ctx, struct wdi_ossl_gather *g)
{
	bool had = g->owner == WDI_OSSL_OWNER_GATHER && g->len;

	g->owner = WDI_OSSL_OWNER_PLAIN;
	return !had || m->update(ctx, g->op->buf, g->len);
}

static int digest_update(EVP_MD_CTX *ctx, const void *in, size_t len)
{
	const struct method *m = of(ctx);
	const struct wdi_ossl_limits *limits = &wdi_eng_limits[m->row - wdi_ossl_rows];
	struct wdi_ossl_gather *g = data(m, ctx);

	if (g->owner != WDI_OSSL_OWNER_PLAIN) {
		if (busy(g))
			return wdi_eng_raise_busy(m->row);
		/* As the provider's: one that begins with little is taken for a short message. */
		if ((g->owner == WDI_OSSL_OWNER_GATHER || wdi_ossl_where(limits, len) != WDI_OSSL_CPU) &&
		    wdi_ossl_gather_take(g, limits->async_min, limits->sync_min, in, len))
			return 1;
		if (!to_plain(m, ctx, g))
			return 0;
	}
	wdi_ossl_count(m->row, WDI_OSSL_PATH_CPU, len);
	return m->update(ctx, in, len);
}

static int digest_final(EVP_MD_CTX *ctx, unsigned char *out)
{
	const struct method *m = of(ctx);
	const struct wdi_ossl_limits *limits = &wdi_eng_limits[m->row - wdi_ossl_rows];
	struct wdi_ossl_gather *g = data(m, ctx);

	if (g->owner == WDI_OSSL_OWNER_GATHER) {
		int ok;

		if (busy(g))
			return wdi_eng_raise_busy(m->row);
		if (wdi_ossl_gather_digest(g, m->row, limits, out)) {
			wdi_ossl_gather_reset(g);
			return 1;
		}
		wdi_ossl_count(m->row, WDI_OSSL_PATH_CPU, g->len);
		ok = to_plain(m, ctx, g);
		wdi_ossl_gather_given(g);
		if (!ok)
			return 0;
	}
	return m->final(ctx, out);
}

/* EVP has copied the bytes. */
static int digest_copy(EVP_MD_CTX *to, const EVP_MD_CTX *from)
{
	const struct method *m = of(from);
	struct wdi_ossl_gather *g = data(m, from);

	/* A context whose digest was chosen, and that was never initialised, has no data. */
	if (g && !wdi_ossl_gather_copy(data(m, to), g))
		return 0;
	return m->copy ? m->copy(to, from) : 1;
}

static int digest_cleanup(EVP_MD_CTX *ctx)
{
	const struct method *m = of(ctx);
	struct wdi_ossl_gather *g = data(m, ctx);

	if (g) {
		wdi_ossl_op_put(g->op);
		memset(g, 0, sizeof(*g));
	}
	return m->cleanup ? m->cleanup(ctx) : 1;
}

/* They belong to the message as it is: the SSL 3 secret, for example. */
static int digest_ctrl(EVP_MD_CTX *ctx, int cmd, int arg, void *ptr)
{
	const struct method *m = of(ctx);
	struct wdi_ossl_gather *g = data(m, ctx);

	if (!m->ctrl)
		return -1;
	if (g && g->owner != WDI_OSSL_OWNER_PLAIN && !to_plain(m, ctx, g))
		return 0;
	return m->ctrl(ctx, cmd, arg, ptr);
}

/* ---- the methods -------------------------------------------------------------------------- */

/*
 * Bytes of libcrypto's own data; 0: not known. OpenSSL 3 has no use for the size that a digest's
 * method tells, and leaves it 0; the structures are public, except that of SM3.
 */
static size_t plain_size(const EVP_MD *plain)
{
	static const struct {
		int nid;
		size_t size;
	} known[] = {
		{ NID_md5, sizeof(MD5_CTX) }, { NID_sha1, sizeof(SHA_CTX) },
		{ NID_sha224, sizeof(SHA256_CTX) }, { NID_sha256, sizeof(SHA256_CTX) },
		{ NID_sha384, sizeof(SHA512_CTX) }, { NID_sha512, sizeof(SHA512_CTX) },
		{ NID_sha512_224, sizeof(SHA512_CTX) }, { NID_sha512_256, sizeof(SHA512_CTX) },
	};
	int told = EVP_MD_meth_get_app_datasize(plain);

	for (size_t i = 0; told <= 0 && i < wdi_array_size(known); i++) {
		if (known[i].nid == EVP_MD_type(plain))
			return known[i].size;
	}
	return told > 0 ? (size_t)told : 0;
}

/* libcrypto's functions; false: it has none that can be called. */
static bool take(struct method *m, const struct wdi_ossl_row *row)
{
	const EVP_MD *plain = EVP_get_digestbyname(row->name);

	if (!plain || EVP_MD_type(plain) == NID_undef || !plain_size(plain))
		return false;
	m->nid = EVP_MD_type(plain);
	m->plain = plain;
	m->row = row;
	m->place = (plain_size(plain) + 15) / 16 * 16;
	m->init = EVP_MD_meth_get_init(plain);
	m->update = EVP_MD_meth_get_update(plain);
	m->final = EVP_MD_meth_get_final(plain);
	m->copy = EVP_MD_meth_get_copy(plain);
	m->cleanup = EVP_MD_meth_get_cleanup(plain);
	m->ctrl = EVP_MD_meth_get_ctrl(plain);
	return m->init && m->update && m->final;
}

static EVP_MD *make(const struct method *m)
{
	const EVP_MD *p = m->plain;
	EVP_MD *md = EVP_MD_meth_new(m->nid, EVP_MD_pkey_type(p));

	if (md && EVP_MD_meth_set_input_blocksize(md, EVP_MD_block_size(p)) &&
	    EVP_MD_meth_set_result_size(md, EVP_MD_size(p)) &&
	    EVP_MD_meth_set_flags(md, EVP_MD_flags(p)) &&
	    EVP_MD_meth_set_app_datasize(md, (int)(m->place + sizeof(struct wdi_ossl_gather))) &&
	    EVP_MD_meth_set_init(md, digest_init) && EVP_MD_meth_set_update(md, digest_update) &&
	    EVP_MD_meth_set_final(md, digest_final) && EVP_MD_meth_set_copy(md, digest_copy) &&
	    EVP_MD_meth_set_cleanup(md, digest_cleanup) && EVP_MD_meth_set_ctrl(md, digest_ctrl))
		return md;
	EVP_MD_meth_free(md);
	return NULL;
}

bool wdi_eng_digests_make(void)
{
	for (size_t i = 0; i < WDI_OSSL_IMPLS; i++) {
		const struct wdi_ossl_row *row = &wdi_ossl_rows[i];
		struct method *m = &methods[nids.count];

		if (row->operation != OSSL_OP_DIGEST || !take(m, row) ||
		    !wdi_eng_nid_add(&nids, m->nid))
			continue;
		m->md = make(m);
		if (!m->md)
			return false;
	}
	return true;
}

int wdi_eng_digests(ENGINE *e, const EVP_MD **md, const int **list, int nid)
{
	const struct method *m;

	(void)e;
	if (!md) {
		*list = nids.list;
		return wdi_eng_offers(OSSL_OP_DIGEST) ? nids.count : 0;
	}
	m = find(nid);
	*md = m ? m->md : NULL;
	return m != NULL;
}
