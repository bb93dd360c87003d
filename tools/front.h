/* SPDX-License-Identifier: MIT */
/* Where the libraries are that stand in front of others. */
#ifndef WEFT_TOOLS_FRONT_H
#define WEFT_TOOLS_FRONT_H

#include <stdbool.h>
#include <stddef.h>

/* @variable: of the environment, which may name another file */
struct front {
	const char *name;
	const char *variable;
};

extern const struct front front_zlib;

/*
 * front_find() - the one that the environment names, or the one beside the command in
 * a build folder, where it was installed, or where it was moved to. False after a
 * message.
 */
bool front_find(char *path, size_t size, const struct front *front);

#endif
