/* SPDX-License-Identifier: MIT */
#include "front.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ui.h"

const struct front front_zlib = { "libweft_z.so.1", "WEFT_ZLIB_LIBRARY" };

static bool readable(char *to, size_t size, const char *folder, const char *name)
{
	return snprintf(to, size, "%s/%s", folder, name) < (int)size && !access(to, R_OK);
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
	if ((slash && readable(path, size, here, name)) || readable(path, size, WEFT_LIBDIR, name))
		return true;
	slash = strrchr(here, '/');
	if (slash) {
		strcpy(slash, strlen(here) + 5 < sizeof(here) ? "/lib" : "");
		if (readable(path, size, here, name))
			return true;
	}
	ui_error("%s is neither beside the command nor in " WEFT_LIBDIR "; %s can name it", name,
		 variable);
	return false;
}
