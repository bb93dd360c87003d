/* SPDX-License-Identifier: MIT */
/* What the device reads and writes for a message besides its source and destination. */
#ifndef WEFT_CORE_SIDES_H
#define WEFT_CORE_SIDES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/msg.h"

/* One such operand. Its pointer is a member of the message. */
struct wdi_side {
	size_t member;		/* offset */
	uint32_t len;
	bool in, out;		/* read, written */
};
#define WDI_SIDES_MAX	WDI_PK_PARAMS

/*
 * wdi_sides_of() - those of a filled message; how many. A chaining state is not among
 * them: it is memory of the class's, which nobody has to bring.
 */
unsigned int wdi_sides_of(const struct wdi_msg *msg, struct wdi_side sides[WDI_SIDES_MAX]);

/* The pointer to one. */
void *wdi_side_at(const struct wdi_msg *msg, const struct wdi_side *s);
void wdi_side_set(struct wdi_msg *msg, const struct wdi_side *s, void *at);

#endif
