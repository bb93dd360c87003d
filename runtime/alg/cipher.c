/* SPDX-License-Identifier: MIT */
/* The cipher class: what libwd_crypto adds to the class lifecycle for it. */
#include "uadk/wd_cipher.h"

#include <string.h>

#include "alg/class_api.h"
#include "core/algs.h"

static const char *const op_names[] = { "encrypt", "decrypt", NULL };

static const char *cipher_device_alg(const char *alg)
{
	const struct wdi_alg_row *row = wdi_alg_row_by_name(alg);

	return row && !strcmp(row->class, "cipher") ? row->name : NULL;
}

/* No device says yet that it has such algorithms. */
static bool cipher_ctx_fits(const struct wdi_ctx *ctx)
{
	(void)ctx;
	return false;
}

static const struct wdi_class_ops cipher_ops = {
	.name = "cipher",
	.op_names = op_names,
	.op_types = 2,
	.req_size = sizeof(struct wd_cipher_req),
	.env_offset = offsetof(struct wdi_env, cipher),
	.device_alg = cipher_device_alg,
	.ctx_fits = cipher_ctx_fits,
	.poll_ctx = wd_cipher_poll_ctx,
};

static struct wdi_class cipher_class = WDI_CLASS_INIT(&cipher_ops);

WDI_CLASS_API(cipher, cipher_class)
