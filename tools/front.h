/* SPDX-License-Identifier: MIT */
/* Where the libraries are that stand in front of others. */
#ifndef WEFT_TOOLS_FRONT_H
#define WEFT_TOOLS_FRONT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * @variable:  of the environment, which may name another file
 * @build:     its folder in a build folder, seen from the command's
 * @installed: where it is installed; NULL: this build has none
 * @moved:     the end of that, behind the prefix
 */
struct front {
	const char *name;
	const char *variable;
	const char *build;
	const char *installed;
	const char *moved;
};

extern const struct front front_zlib, front_openssl, front_engine;

/*
 * front_find() - the one that the environment names, or the one beside the command in
 * a build folder, where it was installed, or where it was moved to. False after a
 * message.
 */
bool front_find(char *path, size_t size, const struct front *front);

#endif
