/* SPDX-License-Identifier: MIT */
#include "zlib/system.h"

#define OURS(ret, name, params, args)			\
	ret name params					\
	{						\
		return wdi_z_system()->name args;	\
	}
#define ABSENT(ret, name, params, args) OURS(ret, name, params, args)
#define FORWARD(ret, name, params, args)
#include "zlib/functions.def"
