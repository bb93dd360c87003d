/* SPDX-License-Identifier: MIT */
/* The digest class: what libwd_crypto adds to the class lifecycle for it. */
#include "uadk/wd_digest.h"

#include <string.h>

#include "alg/class_api.h"
#include "core/algs.h"

static const char *const op_names[] = { "digest", NULL };

static const char *digest_device_alg(const char *alg)
{
	const struct wdi_alg_row *row = wdi_alg_row_by_name(alg);

	return row && !strcmp(row->class, "digest") ? row->name : NULL;
}

/* No device says yet that it has such algorithms. */
static bool digest_ctx_fits(const struct wdi_ctx *ctx)
{
	(void)ctx;
	return false;
}

static const struct wdi_class_ops digest_ops = {
	.name = "digest",
	.op_names = op_names,
	.op_types = 1,
	.req_size = sizeof(struct wd_digest_req),
	.env_offset = offsetof(struct wdi_env, digest),
	.device_alg = digest_device_alg,
	.ctx_fits = digest_ctx_fits,
	.poll_ctx = wd_digest_poll_ctx,
};

static struct wdi_class digest_class = WDI_CLASS_INIT(&digest_ops);

WDI_CLASS_API(digest, digest_class)
