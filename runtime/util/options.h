/* SPDX-License-Identifier: MIT */
/*
 * Options as rows. A row says what an environment variable is called, what it
 * may hold, what it is by default and what it does; the parser, the listing and
 * the documentation all read the same row.
 */
#ifndef WEFT_UTIL_OPTIONS_H
#define WEFT_UTIL_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

enum wdi_opt_type {
	WDI_OPT_BOOL,	/* 0 1 off on no yes false true -> uint32_t */
	WDI_OPT_UINT,	/* min..max -> uint32_t */
	WDI_OPT_AUTO,	/* "auto" (-1) or min..max -> int32_t */
	WDI_OPT_CHOICE,	/* one of a list -> its position, uint32_t */
	WDI_OPT_SET,	/* some of a list, separated by commas -> uint32_t of bits */
	WDI_OPT_TEXT,	/* kept as it is -> const char *, "" when not set */
};

struct wdi_opt_row {
	const char *name;
	enum wdi_opt_type type;
	const char *fallback;	/* what an unset variable means, as text */
	const char *help;
	size_t offset;		/* of the value in the caller's struct */
	uint32_t min, max;	/* UINT and AUTO */
	const char *const *names;	/* CHOICE and SET, ends with NULL */
};

/*
 * wdi_opt_parse() - parse @text by a row into @base. -EINVAL (nothing is
 * stored, one line is logged that says what would be good) when it does not fit.
 */
int wdi_opt_parse(const struct wdi_opt_row *row, const char *text, void *base);

/*
 * wdi_opt_load() - fill @base: each row from the environment, or from its
 * fallback when the variable is unset, does not fit, or must not be trusted
 * because the program runs with privileges of its own.
 */
void wdi_opt_load(const struct wdi_opt_row *rows, size_t count, void *base);

/* "bool", "uint", "choice:a,b", ... into @buf. */
const char *wdi_opt_type_text(const struct wdi_opt_row *row, char *buf, size_t len);

#endif
