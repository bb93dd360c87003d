/* SPDX-License-Identifier: MIT */
/* The zlib wrapper with the z_stream of its own header. */
#include "comp_zlib_cases.h"

#ifdef ZLIB_H
#error "this is to be the program that has never seen zlib.h"
#endif
