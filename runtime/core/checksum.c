/* SPDX-License-Identifier: MIT */
/* Checksums for programs; the engines have their own ways to get them. */
#include "weft/comp.h"

#include "util/bits.h"

#ifdef HAVE_LIBDEFLATE
#include <libdeflate.h>

static weft_checksum_fn *const fns[] = {
	[WEFT_CRC32] = libdeflate_crc32,
	[WEFT_ADLER32] = libdeflate_adler32,
};

weft_checksum_fn *weft_checksum(enum weft_checksum kind)
{
	return (size_t)kind < wdi_array_size(fns) ? fns[kind] : NULL;
}
#else
weft_checksum_fn *weft_checksum(enum weft_checksum kind)
{
	(void)kind;
	return NULL;
}
#endif
