/* SPDX-License-Identifier: MIT */
#include "core/pages.h"

#include <dirent.h>
#include <errno.h>
#include <linux/mempolicy.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util/bits.h"
#include "util/log.h"

#define SYSFS_NODES	"/sys/devices/system/node"
#define SYSFS_HUGE	"/sys/kernel/mm/hugepages"
#define PATH_LEN	128

#define NODES_MAX	1024
#define WORD_BITS	(8 * sizeof(unsigned long))

#ifndef MAP_HUGE_SHIFT
#define MAP_HUGE_SHIFT	26
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

/* A kernel without NUMA has one node and no list of nodes. */
static bool have_nodes(void)
{
	return !access(SYSFS_NODES, F_OK);
}

static bool node_exists(int node)
{
	char path[PATH_LEN];

	if (node < 0 || !have_nodes())
		return node <= 0;
	snprintf(path, sizeof(path), SYSFS_NODES "/node%d", node);
	return node < NODES_MAX && !access(path, F_OK);
}

static size_t read_number(const char *path)
{
	FILE *file = fopen(path, "re");
	size_t number = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%zu", &number) != 1)
		number = 0;
	fclose(file);
	return number;
}

/* Smallest size of huge pages of which enough are free for @bytes, or 0. */
static size_t huge_page_size(size_t bytes, int node)
{
	char dir[PATH_LEN / 2], path[PATH_LEN];
	size_t best = 0;
	struct dirent *entry;
	DIR *sizes;

	if (node >= 0 && have_nodes())
		snprintf(dir, sizeof(dir), SYSFS_NODES "/node%d/hugepages", node);
	else
		snprintf(dir, sizeof(dir), SYSFS_HUGE);
	sizes = opendir(dir);
	if (!sizes)
		return 0;
	while ((entry = readdir(sizes))) {
		size_t size;

		if (sscanf(entry->d_name, "hugepages-%zukB", &size) != 1)
			continue;
		snprintf(path, sizeof(path), "%s/hugepages-%zukB/free_hugepages", dir, size);
		size *= 1024;
		if (wdi_is_pow2(size) && (!best || size < best) &&
		    read_number(path) >= bytes / size + (bytes % size != 0))
			best = size;
	}
	closedir(sizes);
	return best;
}

/* The pages come from @node and nowhere else. Where nobody may say so, they come from anywhere. */
static int bind_to_node(void *base, size_t bytes, int node)
{
	unsigned long mask[NODES_MAX / WORD_BITS] = { 0 };

	if (node < 0 || !have_nodes())
		return 0;
	mask[(size_t)node / WORD_BITS] = 1ul << (size_t)node % WORD_BITS;
	/* The kernel counts the bits of the mask from one. */
	if (!syscall(SYS_mbind, base, bytes, MPOL_BIND, mask, NODES_MAX + 1ul, 0))
		return 0;
	if (errno == ENOSYS || errno == EPERM) {
		wdi_warn("memory cannot be bound to node %d here: %s", node, strerror(errno));
		return 0;
	}
	wdi_err("binding memory to node %d: %s", node, strerror(errno));
	return errno == EINVAL ? -EINVAL : -ENOMEM;
}

static int map(struct wdi_pages *pages, size_t bytes, size_t page_size, int flags, int node)
{
	size_t whole = wdi_align_up(bytes, page_size);
	void *base;
	int ret;

	if (whole < bytes)
		return -ENOMEM;
	flags |= MAP_PRIVATE | MAP_ANONYMOUS;
	base = mmap(NULL, whole, PROT_READ | PROT_WRITE, flags, -1, 0);
	if (base == MAP_FAILED)
		return -ENOMEM;
	ret = bind_to_node(base, whole, node);
	/*
	 * Huge pages are reserved in all, not by node: touch them now, or a node
	 * that has run out shows itself as SIGBUS later. A kernel that cannot do
	 * it in this way (EINVAL) leaves us with what sysfs said.
	 */
	if (!ret && (flags & MAP_HUGETLB) && madvise(base, whole, MADV_POPULATE_WRITE) &&
	    errno != EINVAL)
		ret = -ENOMEM;
	if (ret) {
		munmap(base, whole);
		return ret;
	}
	*pages = (struct wdi_pages){
		.base = base,
		.bytes = whole,
		.page_size = page_size,
		.huge = flags & MAP_HUGETLB,
	};
	return 0;
}

int wdi_core_pages_map(struct wdi_pages *pages, size_t bytes, int node)
{
	size_t huge;
	int ret;

	if (!node_exists(node)) {
		wdi_err("there is no NUMA node %d", node);
		return -EINVAL;
	}
	huge = huge_page_size(bytes, node);
	if (huge) {
		int flags = MAP_HUGETLB | __builtin_ctzl(huge) << MAP_HUGE_SHIFT;

		if (!map(pages, bytes, huge, flags, node))
			return 0;
		wdi_info("%zu bytes of huge pages of %zu were taken by others", bytes, huge);
	}
	ret = map(pages, bytes, (size_t)sysconf(_SC_PAGESIZE), 0, node);
	if (ret == -ENOMEM)
		wdi_err("no memory for a mapping of %zu bytes", bytes);
	return ret;
}

void wdi_core_pages_unmap(const struct wdi_pages *pages)
{
	munmap(pages->base, pages->bytes);
}
