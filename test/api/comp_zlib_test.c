/* SPDX-License-Identifier: MIT */
/* The zlib wrapper with zlib's own z_stream. */
#include <zlib.h>

#include "comp_zlib_cases.h"
