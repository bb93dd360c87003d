/* SPDX-License-Identifier: MIT */
/*
 * Memory for keys: not in core dumps where the kernel lets us, and wiped before it
 * is used again.
 */
#ifndef WEFT_CORE_SECRET_H
#define WEFT_CORE_SECRET_H

#include <stddef.h>

#pragma GCC visibility push(default)

#define WDI_SECRET_MAX	4096

/* @size: 1 to WDI_SECRET_MAX. Zeroed. NULL: no memory. */
void *wdi_core_secret_alloc(size_t size);
/* @size: as it was allocated. NULL is allowed. */
void wdi_core_secret_free(void *mem, size_t size);

#pragma GCC visibility pop

#endif
