/* SPDX-License-Identifier: MIT */
/* What a program's file says about how it gets at zlib. The file is hostile until checked. */
#ifndef WEFT_TOOLS_ELF_H
#define WEFT_TOOLS_ELF_H

#include <stdbool.h>
#include <stddef.h>

enum program_kind {
	PROGRAM_DYNAMIC,	/* of our kind: it loads what is preloaded */
	PROGRAM_STATIC,
	PROGRAM_OTHER,		/* for another machine, word size or byte order */
	PROGRAM_UNKNOWN,	/* no ELF file, no script */
};

/*
 * @path:       the file; that of the interpreter, for a script
 * @script:     the file that was asked for, if it is a script, or ""
 * @privileged: runs with rights that its caller does not have, so nothing is preloaded
 * @needs_zlib: the file or a library that it names is linked with libz.so.1
 * @own_zlib:   a file that has a zlib inside: the program, a library that it names; or ""
 */
struct program {
	char path[4096];
	char script[4096];
	enum program_kind kind;
	bool privileged;
	bool needs_zlib;
	char own_zlib[4096];
};

/*
 * program_examine() - look at the file that execvp() would run for @name. 0 or a
 * negative errno: -ENOENT, -EACCES as execvp() would have it.
 */
int program_examine(struct program *p, const char *name);

#endif
