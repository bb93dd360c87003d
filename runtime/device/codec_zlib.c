/* SPDX-License-Identifier: MIT */
/* The library of last resort: always built in, and the judge of bad data. */
#define ZLIB_CONST
#include <zlib.h>

#define Z(name)		name
#define Z_STREAM	z_stream
#define Z_CODEC(name)	codec_zlib_##name
#include "device/codec_zlib_template.h"

const char *codec_zlib_version(void)
{
	return zlibVersion();
}
