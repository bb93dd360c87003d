/* SPDX-License-Identifier: MIT */
#include "zapi.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * The front end keeps the device's streams for the next ones until the process ends, in
 * a table that a checker of leaks does not look into. What a stream does not give back
 * is found by the allocator of the differential test.
 */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
	return "leak:sdev_stream_open\n";
}

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
