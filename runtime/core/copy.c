/* SPDX-License-Identifier: MIT */
#include "core/copy.h"

#include <errno.h>
#include <string.h>

#include "util/bits.h"
#include "util/vmcopy.h"

#define LIST_MAX	4096	/* pieces, as wd_internal.h says */

/*
 * The kernel copies and reports what is not there. Where a sandbox forbids that, the
 * program's pointers are taken at their word.
 */
static int copied(size_t done, size_t len, void *to, const void *from)
{
	if (!done && len && (errno == ENOSYS || errno == EPERM)) {
		memcpy(to, from, len);
		return 0;
	}
	return done == len ? 0 : -WD_ADDR_ERR;
}

int wdi_core_copy_in(void *to, const void *from, size_t len)
{
	return copied(wdi_vm_read(to, (uintptr_t)from, len), len, to, from);
}

int wdi_core_copy_out(void *to, const void *from, size_t len)
{
	return copied(wdi_vm_write((uintptr_t)to, from, len), len, to, from);
}

int wdi_core_copy_in_list(void *to, const struct wd_datalist *list, uint64_t skip, size_t len)
{
	char *at = to;

	for (unsigned int i = 0; len; i++) {
		struct wd_datalist piece;
		size_t part;
		int ret;

		if (!list || i == LIST_MAX)
			return -WD_SGL_ERR;
		ret = wdi_core_copy_in(&piece, list, sizeof(piece));
		if (ret)
			return ret;
		list = piece.next;
		if (skip >= piece.len) {
			skip -= piece.len;
			continue;
		}
		part = wdi_min((size_t)(piece.len - skip), len);
		/* Counted as a number: the program's address may be anything. */
		ret = wdi_core_copy_in(at, (void *)((uintptr_t)piece.data + skip), part);
		if (ret)
			return ret;
		at += part;
		len -= part;
		skip = 0;
	}
	return 0;
}
