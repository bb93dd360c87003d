/* SPDX-License-Identifier: MIT */
/*
 * Small copies to and from memory of the program that nobody has looked at yet: a bad
 * address is an error, as it is for a device, and no signal.
 */
#ifndef WEFT_CORE_COPY_H
#define WEFT_CORE_COPY_H

#include <stddef.h>
#include <stdint.h>

#include "uadk/wd_internal.h"

#pragma GCC visibility push(default)

/* 0, or -WD_ADDR_ERR with any part of @len bytes copied. */
int wdi_core_copy_in(void *to, const void *from, size_t len);
int wdi_core_copy_out(void *to, const void *from, size_t len);

/*
 * The same from the bytes of a list that follow the first @skip. -WD_SGL_ERR: there are
 * not so many.
 */
int wdi_core_copy_in_list(void *to, const struct wd_datalist *list, uint64_t skip, size_t len);

#pragma GCC visibility pop

#endif
