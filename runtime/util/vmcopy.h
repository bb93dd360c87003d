/* SPDX-License-Identifier: MIT */
/*
 * Copies from and to memory of this process that may not be there: the kernel
 * moves the bytes, and says how far it came.
 */
#ifndef WEFT_UTIL_VMCOPY_H
#define WEFT_UTIL_VMCOPY_H

#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#ifdef HAVE_VALGRIND_MEMCHECK_H
#include <valgrind/memcheck.h>
#define WDI_VM_DEFINED(va, len)	VALGRIND_MAKE_MEM_DEFINED((uintptr_t)(va), len)
#else
#define WDI_VM_DEFINED(va, len)	do { } while (0)
#endif

/* How many of the @len bytes at @va were copied to @to. */
static inline size_t wdi_vm_read(void *to, uint64_t va, size_t len)
{
	size_t done = 0;

	while (done < len) {
		struct iovec local = { (char *)to + done, len - done };
		struct iovec remote = { (void *)(uintptr_t)(va + done), len - done };
		ssize_t n = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);

		if (n <= 0)
			break;
		done += (size_t)n;
	}
	return done;
}

/* How many of the @len bytes of @from were copied to @va. */
static inline size_t wdi_vm_write(uint64_t va, const void *from, size_t len)
{
	size_t done = 0;

	while (done < len) {
		struct iovec local = { (char *)(uintptr_t)from + done, len - done };
		struct iovec remote = { (void *)(uintptr_t)(va + done), len - done };
		ssize_t n = process_vm_writev(getpid(), &local, 1, &remote, 1, 0);

		if (n <= 0)
			break;
		done += (size_t)n;
	}
	/* A memory checker follows this call for other processes only. */
	WDI_VM_DEFINED(va, done);
	return done;
}

#endif
