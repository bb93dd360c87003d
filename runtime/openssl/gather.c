/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "openssl/gather.h"

/* Worth gathering? Asked for the first data of a message, which may be all of it. */
static bool begin(const struct wdi_ossl_gather *g, size_t async_min, size_t sync_min)
{
	if (g->op && g->op->busy)
		return false;
	return sync_min != WDI_OSSL_NEVER ||
	       (async_min != WDI_OSSL_NEVER && wdi_ossl_in_job());
}

bool wdi_ossl_gather_take(struct wdi_ossl_gather *g, size_t async_min, size_t sync_min,
			  const uint8_t *in, size_t inl)
{
	size_t room;

	if (g->owner == WDI_OSSL_OWNER_PLAIN || inl > WDI_OSSL_GATHER_MAX - g->len)
		return false;
	if (g->owner == WDI_OSSL_OWNER_NONE && !begin(g, async_min, sync_min))
		return false;
	/* Double, so that many small pieces do not copy the message again and again. */
	room = g->len + inl;
	if (g->op && g->op->room < room && g->len) {
		struct wdi_ossl_op *bigger = NULL;

		if (!wdi_ossl_op_room(&bigger, 2 * room))
			return false;
		memcpy(bigger->buf, g->op->buf, g->len);
		wdi_ossl_op_put(g->op);
		g->op = bigger;
	}
	if (!wdi_ossl_op_room(&g->op, room ? room : 1))
		return false;
	if (inl)
		memcpy(g->op->buf + g->len, in, inl);
	g->len += inl;
	g->owner = WDI_OSSL_OWNER_GATHER;
	return true;
}

bool wdi_ossl_gather_copy(struct wdi_ossl_gather *to, const struct wdi_ossl_gather *from)
{
	to->op = NULL;
	if (from->owner != WDI_OSSL_OWNER_GATHER)
		return true;
	if (!wdi_ossl_op_room(&to->op, from->len ? from->len : 1))
		return false;
	memcpy(to->op->buf, from->op->buf, from->len);
	return true;
}

int wdi_ossl_gather_run(struct wdi_ossl_gather *g, struct wdi_ossl_sess *sess, const uint8_t *iv,
			uint8_t *out, size_t size, enum wdi_ossl_where where)
{
	struct wd_digest_req req = {
		.in = g->op->buf,
		.in_bytes = (__u32)g->len,
		.out = g->op->mac,
		.out_bytes = (__u32)size,
		.out_buf_bytes = sizeof(g->op->mac),
		.has_next = WD_DIGEST_END,
	};
	int ret;

	if (iv) {
		memcpy(g->op->iv, iv, 12);
		req.iv = g->op->iv;
		req.iv_bytes = 12;
	}
	ret = wdi_ossl_run_digest(sess, g->op, &req, where);
	g->failed = ret;
	if (!ret)
		memcpy(out, g->op->mac, size);
	return ret;
}

size_t wdi_ossl_digest_size(const struct wdi_ossl_row *row)
{
	/* From the rows of libwd's header. */
	static const uint8_t sizes[] = {
		[WD_DIGEST_MD5] = WD_DIGEST_MD5_LEN,
		[WD_DIGEST_SHA1] = WD_DIGEST_SHA1_LEN,
		[WD_DIGEST_SHA224] = WD_DIGEST_SHA224_LEN,
		[WD_DIGEST_SHA256] = WD_DIGEST_SHA256_LEN,
		[WD_DIGEST_SHA384] = WD_DIGEST_SHA384_LEN,
		[WD_DIGEST_SHA512] = WD_DIGEST_SHA512_LEN,
		[WD_DIGEST_SHA512_224] = WD_DIGEST_SHA512_224_LEN,
		[WD_DIGEST_SHA512_256] = WD_DIGEST_SHA512_256_LEN,
		[WD_DIGEST_SM3] = WD_DIGEST_SM3_LEN,
	};

	return row->alg < sizeof(sizes) ? sizes[row->alg] : 0;
}

bool wdi_ossl_gather_digest(struct wdi_ossl_gather *g, const struct wdi_ossl_row *row,
			    const struct wdi_ossl_limits *limits, uint8_t *out)
{
	enum wdi_ossl_where where = wdi_ossl_where(limits, g->len);
	struct wdi_ossl_sess *sess = where == WDI_OSSL_CPU ? NULL : wdi_ossl_sess_shared(row);

	if (!sess)
		return false;
	if (wdi_ossl_gather_run(g, sess, NULL, out, wdi_ossl_digest_size(row), where)) {
		wdi_ossl_count(row, WDI_OSSL_PATH_REDONE, g->len);
		return false;
	}
	wdi_ossl_count(row, where == WDI_OSSL_DEV_ASYNC ? WDI_OSSL_PATH_ASYNC :
		       WDI_OSSL_PATH_SYNC, g->len);
	return true;
}
