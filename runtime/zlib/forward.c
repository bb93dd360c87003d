/* SPDX-License-Identifier: MIT */
/* Functions that the system's zlib does from beginning to end. */
#include "zlib/system.h"

#define OURS(ret, name, params, args)
#define ABSENT(ret, name, params, args)
#define FORWARD(ret, name, params, args)		\
	ret name params					\
	{						\
		return wdi_z_system()->name args;	\
	}
#include "zlib/functions.def"
#undef OURS
#undef ABSENT
#undef FORWARD

int ZEXPORTVA gzprintf(gzFile file, const char *format, ...)
{
	va_list args;
	int ret;

	va_start(args, format);
	ret = wdi_z_system()->gzvprintf(file, format, args);
	va_end(args);
	return ret;
}
