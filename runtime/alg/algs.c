/* SPDX-License-Identifier: MIT */
/* The table of algorithms; its rows are in algs.def. */
#include "core/algs.h"

#include <string.h>

#include "core/core.h"
#include "uadk/wd_aead.h"
#include "util/bits.h"

#define CIPHER(n, a, m, dev, ...) \
	{ .name = (n), .class = "cipher", .device = WDI_ALG_##dev, \
	  .alg = WD_CIPHER_##a, .mode = WD_CIPHER_##m, __VA_ARGS__ },
#define DIGEST(n, a, m, dev, ...) \
	{ .name = (n), .class = "digest", .device = WDI_ALG_##dev, \
	  .alg = WD_DIGEST_##a, .mode = WD_DIGEST_##m, __VA_ARGS__ },
#define AEAD(n, a, m, dev, ...) \
	{ .name = (n), .class = "aead", .device = WDI_ALG_##dev, \
	  .alg = WD_CIPHER_##a, .mode = WD_CIPHER_##m, __VA_ARGS__ },

#define PK(n, dev) \
	{ .name = (n), .class = (n), .device = WDI_ALG_##dev },

const struct wdi_alg_row wdi_alg_rows[] = {
#include "alg/algs.def"
};
const size_t wdi_alg_row_count = wdi_array_size(wdi_alg_rows);

const struct wdi_alg_row *wdi_alg_row_find(const char *class, unsigned int alg, unsigned int mode)
{
	for (size_t i = 0; i < wdi_alg_row_count; i++) {
		const struct wdi_alg_row *row = &wdi_alg_rows[i];

		if (row->alg == alg && row->mode == mode && !strcmp(row->class, class))
			return row;
	}
	return NULL;
}

const struct wdi_alg_row *wdi_alg_row_by_name(const char *name)
{
	for (size_t i = 0; i < wdi_alg_row_count; i++) {
		if (!strcmp(wdi_alg_rows[i].name, name))
			return &wdi_alg_rows[i];
	}
	return NULL;
}
