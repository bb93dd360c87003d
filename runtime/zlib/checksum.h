/* SPDX-License-Identifier: MIT */
/* Checksums: zlib's until the runtime is there, then those with vector code. */
#ifndef WEFT_ZLIB_CHECKSUM_H
#define WEFT_ZLIB_CHECKSUM_H

#include "zlib/front.h"

typedef uint32_t wdi_z_sum_fn(uint32_t sum, const void *buf, size_t len);

/* Which functions there are; NULL: zlib's stays. */
void wdi_z_checksum_use(wdi_z_sum_fn *crc, wdi_z_sum_fn *adler);

uint32_t wdi_z_crc32(uint32_t sum, const void *buf, size_t len);
uint32_t wdi_z_adler32(uint32_t sum, const void *buf, size_t len);

#endif
