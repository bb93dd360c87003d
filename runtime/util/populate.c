/* SPDX-License-Identifier: MIT */
#include "populate.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ	22
#define MADV_POPULATE_WRITE	23
#endif

#define TRIES_MAX	8u	/* of a call that was interrupted, or lost a race */

/*
 * One page, on a kernel that cannot do ranges: futex operations make the kernel
 * itself access a word, so a bad page is an error and no signal. Writing is its
 * atomic "or" with nothing, reading a comparison that does not wait.
 */
static int populate_page(uint64_t page, bool write)
{
	static const struct timespec no_time;
	uint32_t other = 0;
	long rc;

	if (write)
		rc = syscall(SYS_futex, &other, FUTEX_WAKE_OP_PRIVATE, 0, 0,
			     (uint32_t *)(uintptr_t)page, FUTEX_OP(FUTEX_OP_OR, 0, FUTEX_OP_CMP_EQ, 0));
	else
		rc = syscall(SYS_futex, (uint32_t *)(uintptr_t)page, FUTEX_WAIT_PRIVATE, 0, &no_time);
	return rc < 0 && errno == EFAULT ? -EFAULT : 0;
}

static int populate_range(uint64_t first, size_t len, bool write)
{
	int advice = write ? MADV_POPULATE_WRITE : MADV_POPULATE_READ;

	for (unsigned int i = 0; i < TRIES_MAX; i++) {
		if (!madvise((void *)(uintptr_t)first, len, advice))
			return 0;
		if (errno != EAGAIN && errno != EINTR)
			break;
	}
	return -errno;
}

int wdi_populate_pages(uint64_t va, size_t len, bool write)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), last;

	if (!len)
		return 0;
	if (va + (len - 1) < va)
		return -EFAULT;
	last = (va + (len - 1)) & ~(page - 1);
	for (uint64_t at = va & ~(page - 1); ; at += page) {
		int rc = populate_page(at, write);

		if (rc || at == last)
			return rc;
	}
}

int wdi_populate(uint64_t va, size_t len, bool write)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), first, last;
	int rc;

	if (!len)
		return 0;
	first = va & ~(page - 1);
	if (va + (len - 1) < va)
		return -EFAULT;
	last = (va + (len - 1)) & ~(page - 1);
	rc = populate_range(first, last - first + page, write);
	/* No permission is EINVAL too, and the same error page by page. */
	return rc == -EINVAL ? wdi_populate_pages(va, len, write) : rc;
}
