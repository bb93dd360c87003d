/* SPDX-License-Identifier: MIT */
#include "zlib/checksum.h"

#include <stdatomic.h>

#include "zlib/engine.h"
#include "zlib/settings.h"
#include "zlib/system.h"

/* Below this a call through one more pointer is all that there is to gain. */
#define SHORT	64

static _Atomic(wdi_z_sum_fn *) crc_fn, adler_fn;

void wdi_z_checksum_use(wdi_z_sum_fn *crc, wdi_z_sum_fn *adler)
{
	atomic_store_explicit(&crc_fn, crc, memory_order_relaxed);
	atomic_store_explicit(&adler_fn, adler, memory_order_relaxed);
}

static wdi_z_sum_fn *fast(_Atomic(wdi_z_sum_fn *) *place, size_t len)
{
	return len < SHORT ? NULL : atomic_load_explicit(place, memory_order_relaxed);
}

uint32_t wdi_z_crc32(uint32_t sum, const void *buf, size_t len)
{
	wdi_z_sum_fn *fn = fast(&crc_fn, len);

	return fn ? fn(sum, buf, len) : (uint32_t)wdi_z_system()->crc32_z(sum, buf, len);
}

uint32_t wdi_z_adler32(uint32_t sum, const void *buf, size_t len)
{
	wdi_z_sum_fn *fn = fast(&adler_fn, len);

	return fn ? fn(sum, buf, len) : (uint32_t)wdi_z_system()->adler32_z(sum, buf, len);
}

/*
 * A checksum of a large buffer is a reason to open the runtime as well as
 * anything else. A sum with bits beyond the 32nd is zlib's to interpret, and so
 * is an Adler-32 whose halves are not below its modulus.
 */
static bool worth(size_t len)
{
	return len >= 16384 && wdi_z_settings()->mode != WDI_Z_OFF && wdi_z_engine(len / 8);
}

uLong crc32_z(uLong crc, const Bytef *buf, z_size_t len)
{
	wdi_z_sum_fn *fn = fast(&crc_fn, len);

	if (wdi_z_unlikely(!fn && buf && worth(len)))
		fn = fast(&crc_fn, len);
	if (fn && buf && crc <= UINT32_MAX)
		return fn((uint32_t)crc, buf, len);
	return wdi_z_system()->crc32_z(crc, buf, len);
}

uLong crc32(uLong crc, const Bytef *buf, uInt len)
{
	return crc32_z(crc, buf, len);
}

uLong adler32_z(uLong adler, const Bytef *buf, z_size_t len)
{
	wdi_z_sum_fn *fn = fast(&adler_fn, len);

	if (wdi_z_unlikely(!fn && buf && worth(len)))
		fn = fast(&adler_fn, len);
	if (fn && buf && adler <= UINT32_MAX && (adler & 0xffff) < 65521 && adler >> 16 < 65521)
		return fn((uint32_t)adler, buf, len);
	return wdi_z_system()->adler32_z(adler, buf, len);
}

uLong adler32(uLong adler, const Bytef *buf, uInt len)
{
	return adler32_z(adler, buf, len);
}
