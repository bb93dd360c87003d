/* SPDX-License-Identifier: MIT */
/* Make pages resident without a change to what they hold and without a signal. */
#ifndef WEFT_UTIL_POPULATE_H
#define WEFT_UTIL_POPULATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * wdi_populate() - the pages that [va, va + len) touches, for reading or for
 * writing. Another thread's writes are not lost. 0, or a negative errno when not
 * all of them could be: -EFAULT (not mapped, not for this access, or a file that
 * ends before), -ENOMEM (not mapped, or no memory), -EHWPOISON. Pages before the
 * one that failed may be resident then.
 */
int wdi_populate(uint64_t va, size_t len, bool write);

/* The same by a system call a page, as on kernels that cannot do ranges (before 5.14). */
int wdi_populate_pages(uint64_t va, size_t len, bool write);

#endif
