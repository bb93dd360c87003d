/* SPDX-License-Identifier: MIT */
#include "zapi.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool zapi_open(struct zapi *api, const char *path)
{
	memset(api, 0, sizeof(*api));
	api->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!api->handle) {
		fprintf(stderr, "%s\n", dlerror());
		return false;
	}
#define ZAPI_FIND(name) \
	api->name = (__typeof__(api->name))dlsym(api->handle, #name); \
	if (!api->name) { \
		fprintf(stderr, "%s has no %s\n", path, #name); \
		zapi_close(api); \
		return false; \
	}
	ZAPI_FUNCTIONS(ZAPI_FIND)
#undef ZAPI_FIND
	return true;
}

void zapi_close(struct zapi *api)
{
	if (api->handle)
		dlclose(api->handle);
	memset(api, 0, sizeof(*api));
}

const char *zapi_ours(void)
{
	static char path[4096];
	const char *given = getenv("WEFT_ZLIB_LIBRARY"), *build = getenv("top_builddir");

	if (given)
		return given;
	snprintf(path, sizeof(path), "%s/.libs/libweft_z.so.1", build ? build : ".");
	return access(path, R_OK) ? NULL : path;
}
