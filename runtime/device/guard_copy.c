/* SPDX-License-Identifier: MIT */
/*
 * The copy guard: the kernel moves the bytes and reports what it cannot reach,
 * so no signal is raised. Codecs see only memory of ours.
 */
#include "device/device_internal.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#ifdef HAVE_VALGRIND_MEMCHECK_H
#include <valgrind/memcheck.h>
#else
#define VALGRIND_MAKE_MEM_DEFINED(addr, len)	do { } while (0)
#endif

#if !defined(MADV_POPULATE_READ)
#define MADV_POPULATE_READ	22
#define MADV_POPULATE_WRITE	23
#endif

typedef ssize_t (*vm_copy)(pid_t pid, const struct iovec *local, unsigned long locals,
			   const struct iovec *remote, unsigned long remotes, unsigned long flags);

/* Unmapped, or mapped and not for this? Asked only about a page that has failed. */
static enum sdev_comp_status page_status(const struct sdev_lane *lane, uint64_t va,
					 enum sdev_access access)
{
	void *page = (void *)(uintptr_t)(va & ~(uint64_t)(lane->page - 1));
	int advice = access == SDEV_WRITE ? MADV_POPULATE_WRITE : MADV_POPULATE_READ;
	unsigned char resident;

	if (mincore(page, lane->page, &resident) && errno == ENOMEM)
		return SDEV_ST_BAD_ADDRESS;
	/* EFAULT: a file that ends before the page. EINVAL: no permission, or an old kernel. */
	if (madvise(page, lane->page, advice) && errno == EFAULT)
		return SDEV_ST_BAD_ADDRESS;
	return SDEV_ST_ACCESS_DENIED;
}

static size_t transfer(struct sdev_lane *lane, vm_copy copy, void *ours, uint64_t va, size_t len,
		       enum sdev_access access, struct sdev_fault *fault)
{
	pid_t self = getpid();
	size_t done = 0;

	while (done < len) {
		struct iovec local = { (uint8_t *)ours + done, len - done };
		struct iovec remote = { (void *)(uintptr_t)(va + done), len - done };
		ssize_t n = copy(self, &local, 1, &remote, 1, 0);

		if (n <= 0) {
			fault->va = sdev_va_plain(va) + done;
			fault->status = page_status(lane, va + done, access);
			break;
		}
		done += (size_t)n;
	}
	return done;
}

static size_t copy_touch(struct sdev_lane *lane, uint64_t va, size_t len,
			 enum sdev_access access, struct sdev_fault *fault)
{
	(void)lane, (void)va, (void)access, (void)fault;
	return len;	/* the transfer itself finds out */
}

static size_t copy_get(struct sdev_lane *lane, void *to, uint64_t va, size_t len,
		       struct sdev_fault *fault)
{
	return transfer(lane, process_vm_readv, to, va, len, SDEV_READ, fault);
}

static size_t copy_put(struct sdev_lane *lane, uint64_t va, const void *from, size_t len,
		       struct sdev_fault *fault)
{
	size_t done = transfer(lane, process_vm_writev, (void *)(uintptr_t)from, va, len,
			       SDEV_WRITE, fault);

	/* valgrind follows this call for another process only. */
	VALGRIND_MAKE_MEM_DEFINED((uintptr_t)va, done);
	return done;
}

/* Nothing of the client's is in reach of @fn. */
static bool copy_call(struct sdev_lane *lane, uint64_t va, size_t len, void (*fn)(void *),
		      void *arg, struct sdev_fault *fault)
{
	(void)lane, (void)va, (void)len, (void)fault;
	fn(arg);
	return true;
}

const struct sdev_guard_ops sdev_guard_copy = {
	.in_place = false,
	.touch = copy_touch,
	.get = copy_get,
	.put = copy_put,
	.call = copy_call,
	.batch = sdev_guard_plain_batch,
	.touch_in = sdev_guard_plain_touch,
};

/*
 * sdev_kernel_or() - set @bits (below 2048) in the 32-bit word at @va, atomically
 * and without a signal: the kernel's futex operation does it and says if it
 * cannot. Nobody waits on the word that it is meant to wake.
 */
int sdev_kernel_or(uint64_t va, uint32_t bits)
{
	uint32_t none = 0;
	long rc = syscall(SYS_futex, &none, FUTEX_WAKE_OP_PRIVATE, 0, NULL,
			  (void *)(uintptr_t)(va & ~UINT64_C(3)),
			  FUTEX_OP(FUTEX_OP_OR, bits, FUTEX_OP_CMP_EQ, 0x800));

	return rc < 0 ? -errno : 0;
}

/* A sandbox may forbid the calls. */
bool sdev_guard_copy_works(void)
{
	char from = 1, to = 0;
	struct iovec local = { &to, 1 }, remote = { &from, 1 };

	return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == 1 &&
	       process_vm_writev(getpid(), &remote, 1, &local, 1, 0) == 1;
}
