/* SPDX-License-Identifier: MIT */
/* zlib-ng by its own API, so that it lives beside zlib in one process. */
#ifdef HAVE_ZLIB_NG
#include <zlib-ng.h>

#define Z(name)		zng_##name
#define Z_STREAM	zng_stream
#define Z_CODEC(name)	codec_zlib_ng_##name
#include "device/codec_zlib_template.h"

const char *codec_zlib_ng_version(void)
{
	return zlibng_version();
}
#endif
