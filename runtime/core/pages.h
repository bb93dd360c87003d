/* SPDX-License-Identifier: MIT */
/* Private memory straight from the kernel: huge pages where there are, on one NUMA node. */
#ifndef WEFT_CORE_PAGES_H
#define WEFT_CORE_PAGES_H

#include <stdbool.h>
#include <stddef.h>

struct wdi_pages {
	char *base;
	size_t bytes;		/* whole pages */
	size_t page_size;
	bool huge;
};

/*
 * wdi_core_pages_map() - map at least @bytes on @node (-1: wherever). 0, -EINVAL
 * (no such node, or it has no memory), -ENOMEM; then @pages is untouched.
 */
int wdi_core_pages_map(struct wdi_pages *pages, size_t bytes, int node);
void wdi_core_pages_unmap(const struct wdi_pages *pages);

#endif
