/* SPDX-License-Identifier: MIT */
#include "front.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ui.h"

const struct front front_zlib = {
	"libweft_z.so.1", "WEFT_ZLIB_LIBRARY", "", WEFT_LIBDIR, "/lib",
};
const struct front front_openssl = {
	"weft.so", "WEFT_OPENSSL_MODULE", "/../runtime/openssl/.libs",
#ifdef WEFT_OPENSSL_MODULESDIR
	WEFT_OPENSSL_MODULESDIR,
#else
	NULL,
#endif
	"/lib/ossl-modules",
};
const struct front front_engine = {
	"weft.so", "WEFT_OPENSSL_ENGINE", "/../runtime/openssl/engine/.libs",
#ifdef WEFT_OPENSSL_ENGINESDIR
	WEFT_OPENSSL_ENGINESDIR,
#else
	NULL,
#endif
	"/lib/engines-3",
};

static bool readable(char *to, size_t size, const char *folder, const char *below, const char *name)
{
	char path[PATH_MAX], whole[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s%s/%s", folder, below, name) >= (int)sizeof(path) ||
	    access(path, R_OK) || !realpath(path, whole) || strlen(whole) >= size)
		return false;
	strcpy(to, whole);
	return true;
}

bool front_find(char *path, size_t size, const struct front *front)
{
	const char *variable = front->variable, *name = front->name;
	const char *given = getenv(variable);
	char here[PATH_MAX], *slash;
	ssize_t len;

	if (given && *given) {
		if (realpath(given, here) && strlen(here) < size) {
			strcpy(path, here);
			return true;
		}
		ui_error("%s=%s: %s", variable, given, strerror(errno));
		return false;
	}
	len = readlink("/proc/self/exe", here, sizeof(here) - 1);
	here[len > 0 ? len : 0] = 0;
	slash = strrchr(here, '/');
	if (slash)
		*slash = 0;
	if ((slash && readable(path, size, here, front->build, name)) ||
	    readable(path, size, front->installed, "", name))
		return true;
	slash = strrchr(here, '/');
	if (slash) {
		*slash = 0;
		if (readable(path, size, here, front->moved, name))
			return true;
	}
	ui_error("%s is neither beside the command nor in %s; %s can name it", name,
		 front->installed, variable);
	return false;
}
