/* SPDX-License-Identifier: MIT */
/* The aead class: what libwd_crypto adds to the class lifecycle for it. */
#include "uadk/wd_aead.h"

#include <string.h>

#include "alg/class_api.h"
#include "core/algs.h"

static const char *const op_names[] = { "encrypt", "decrypt", "digest-encrypt", "digest-decrypt", NULL };

static const char *aead_device_alg(const char *alg)
{
	const struct wdi_alg_row *row = wdi_alg_row_by_name(alg);

	return row && !strcmp(row->class, "aead") ? row->name : NULL;
}

/* No device says yet that it has such algorithms. */
static bool aead_ctx_fits(const struct wdi_ctx *ctx)
{
	(void)ctx;
	return false;
}

static const struct wdi_class_ops aead_ops = {
	.name = "aead",
	.op_names = op_names,
	.op_types = 4,
	.default_ops = 2,
	.req_size = sizeof(struct wd_aead_req),
	.env_offset = offsetof(struct wdi_env, aead),
	.device_alg = aead_device_alg,
	.ctx_fits = aead_ctx_fits,
	.poll_ctx = wd_aead_poll_ctx,
};

static struct wdi_class aead_class = WDI_CLASS_INIT(&aead_ops);

WDI_CLASS_API(aead, aead_class)
