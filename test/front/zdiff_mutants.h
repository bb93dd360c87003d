/* SPDX-License-Identifier: MIT */
/*
 * Libraries that are wrong in one way each: the system's zlib behind a function
 * that spoils something. The differential test has to notice every one of them.
 */
#ifndef WEFT_TEST_FRONT_ZDIFF_MUTANTS_H
#define WEFT_TEST_FRONT_ZDIFF_MUTANTS_H

#include <stddef.h>

#include "zapi.h"

struct zmutant {
	const char *name;
	void (*apply)(struct zapi *api);	/* replaces functions of a copy of the table */
};

extern const struct zmutant zmutants[];
extern const size_t zmutant_count;

/* zmutant_make() - @api becomes the mutant of @base, which must stay. */
void zmutant_make(struct zapi *api, const struct zapi *base, const struct zmutant *mutant);

#endif
