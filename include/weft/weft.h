/* SPDX-License-Identifier: MIT */
/*
 * What libwd has no word for: how a request went, what a context is doing,
 * and a descriptor to wait on. Everything here works beside the calls of
 * <uadk/wd.h> and <uadk/wd_comp.h> on the same contexts and sessions.
 *
 * Functions return 0 or a negative errno unless they say otherwise. Structs
 * begin with their size: set @size to sizeof the struct before the call; a
 * library that knows a longer one fills only that much, and one that knows a
 * shorter one lowers @size to what it filled.
 */
#ifndef WEFT_WEFT_H
#define WEFT_WEFT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

#define WEFT_NAME_LEN	64

/*
 * weft_version() - version of this library, for example "0.1.0". The string
 * is static. weft_build() - how it was configured, one line, static.
 */
const char *weft_version(void);
const char *weft_build(void);

/* ---- sessions ---------------------------------------------------------- */

/* Which way a request took. */
enum weft_path {
	WEFT_PATH_NONE,		/* no request has completed yet */
	WEFT_PATH_DEVICE,	/* the device did all of it */
	WEFT_PATH_CPU,		/* it ended on the CPU: the device could not reach the memory,
				 * so its data went through memory of the library */
};

/*
 * struct weft_report - the last completed request of a session.
 * @size:	sizeof(struct weft_report), see above
 * @path:	enum weft_path
 * @status:	0 or the WD_* code that the request ended with (positive)
 * @faults:	page faults that the device met. Where the access itself waits for a page,
 *		in stall mode under WEFT_FAULT_BLOCK and _POPULATE, nobody sees that it
 *		did, and it is not counted
 * @retries:	times the request, or what was left of it, was submitted again
 * @in_bytes:	bytes of source consumed
 * @out_bytes:	bytes of destination produced
 * @ns:		from submission to completion. Of ciphers, digests and AEADs below 4 KiB one
 *		request in 16, the first among them, is timed, and the others leave here
 *		what it took
 * @fault_addr:	the address that failed, when @status is WD_ADDR_ERR
 * @device:	name of the device, for example "weft_sdev-0"
 * @engine:	what ran it there, for example "isa-l", or ""
 * @redone_bytes: source that had to be worked on again, because the request began
 *		anew after a fault; at most, where the fault was in the destination
 */
struct weft_report {
	uint32_t size;
	uint32_t path;
	uint32_t status;
	uint32_t faults;
	uint32_t retries;
	uint32_t reserved;
	uint64_t in_bytes;
	uint64_t out_bytes;
	uint64_t ns;
	uint64_t fault_addr;
	char device[WEFT_NAME_LEN];
	char engine[WEFT_NAME_LEN];
	uint64_t redone_bytes;
};

/*
 * weft_sess_report() - read the report of a session's last completed request.
 * @sess: a session of any class, as wd_<class>_alloc_sess() returned it.
 * Callable from any thread; with requests in flight it is the newest one that
 * has completed. -EINVAL: no such session (never was, or freed), or @report
 * NULL, or its size below 8.
 */
int weft_sess_report(uintptr_t sess, struct weft_report *report);

/* ---- contexts ---------------------------------------------------------- */

/*
 * struct weft_ctx_stats - counters of one context since it was requested.
 * @submitted:	descriptors given to the device
 * @completed:	completions taken from it
 * @errors:	completions that were not good
 * @busy:	submissions refused because the ring was full
 * @faults:	page faults met; see above
 * @in_bytes, @out_bytes: consumed and produced
 * @inline_steps: engine steps that a caller of poll or wait ran itself
 * @sleeps:	times a waiter went to sleep
 * @kicks:	times a parked engine thread was woken from here
 * @retries, @redone_bytes: as in struct weft_report, of all requests
 * @by_cpu:	requests that ended with WEFT_PATH_CPU
 * @timeouts:	requests whose deadline came first
 * @cancelled:	requests that weft_sess_cancel() ended
 * @late:	completions that came for one of those two
 * @lost:	those that never came, as a drain of the ring has shown
 * @strays:	completions for nothing: twice, or made up
 * @quarantined: requests that have ended and that the device may still be at, now
 *
 * When nothing is in flight, submitted = completed + late + lost + quarantined,
 * and late + lost + quarantined = timeouts + cancelled.
 */
struct weft_ctx_stats {
	uint32_t size;
	uint32_t reserved;
	uint64_t submitted;
	uint64_t completed;
	uint64_t errors;
	uint64_t busy;
	uint64_t faults;
	uint64_t in_bytes;
	uint64_t out_bytes;
	uint64_t inline_steps;
	uint64_t sleeps;
	uint64_t kicks;
	uint64_t retries;
	uint64_t redone_bytes;
	uint64_t by_cpu;
	uint64_t timeouts;
	uint64_t cancelled;
	uint64_t late;
	uint64_t lost;
	uint64_t strays;
	uint64_t quarantined;
};

/*
 * @ctx below is a context of wd_request_ctx(). All are callable from any
 * thread while the context is not being released. -EINVAL: not a context.
 */

/* weft_ctx_stats() - read the counters. They are not a snapshot of one moment. */
int weft_ctx_stats(uintptr_t ctx, struct weft_ctx_stats *stats);

/*
 * weft_ctx_pasid() - the PASID that the device tags this context's accesses
 * with. Returns the PASID (1 to 2^20 - 1) or a negative errno.
 */
int weft_ctx_pasid(uintptr_t ctx);

/*
 * weft_ctx_wait_fd() - a descriptor that becomes readable when a poll of the context would
 * return something, for poll(2) and event loops: a completion has come, the deadline of an
 * asynchronous request is over (weft_sess_deadline()), or weft_sess_cancel() has ended one. Now
 * and then there is nothing in spite of it, for example at the time of a deadline whose request
 * was in time. It belongs to the context: do not read or close it; it lives until
 * wd_release_ctx(). Once asked for, every submission makes sure that an engine thread is awake,
 * and every poll of the context (wd_comp_poll_ctx() and its like) until it finds nothing re-arms
 * the descriptor. With no engine threads (WEFT_ENGINE_THREADS=0) nobody but a poller runs jobs,
 * so this returns -EOPNOTSUPP, and after weft_ctx_poll_only() as well.
 * Returns the descriptor or a negative errno.
 */
int weft_ctx_wait_fd(uintptr_t ctx);

/*
 * weft_ctx_poll_only() - engine threads leave this context's requests to whoever polls
 * it or waits for it. For event loops that gather requests and then poll: one thread
 * runs all of them as one batch, where an engine thread that is awake would take the
 * first few away. It cannot be taken back, and a child of fork() has it, too.
 * Before the first request: -EBUSY afterwards, or if the context has a wait fd. -EOPNOTSUPP:
 * callers may run nothing (WEFT_INLINE=0), or the device is in another process.
 */
int weft_ctx_poll_only(uintptr_t ctx);

/*
 * weft_ctx_noop() - send a descriptor that does nothing through the context and
 * wait for it: a health check, and the cost of the path without any work.
 * -EBUSY: the ring is full. -EIO: the device was reset or is isolated.
 * -ETIMEDOUT: no answer within WEFT_DEADLINE_MS, where that is set.
 */
int weft_ctx_noop(uintptr_t ctx);

/*
 * weft_ctx_reset() - reset the context's device. Every accepted request of
 * every context of the device ends with WD_HW_EACCESS, streams are lost
 * (WD_IN_EPARA until wd_comp_reset_sess()), contexts and bonds stay.
 */
int weft_ctx_reset(uintptr_t ctx);

/*
 * weft_in_engine() - 1 while this thread runs jobs of a software device in the process: a
 * thread of the device, or one that is inside a call of libwd that polls or waits. 0
 * otherwise. For code that the device's own libraries may call, as OpenSSL calls its engines:
 * it must not call libwd then.
 */
int weft_in_engine(void);

/* ---- devices and options ----------------------------------------------- */

/*
 * struct weft_device - one device, as weft_device_list() reports it.
 * @name:	"weft_sdev-0"
 * @bus:	how it is reached: "embedded"
 * @api:	what speaks to it
 * @algs:	algorithms, separated by newlines
 * @state:	"running", "resetting" or "isolated"
 * @guard:	how it survives bad pointers: "signal", "copy", "off"
 * @engines:	libraries that run its jobs, "zlib 1.2.13, isa-l 2.30.0"
 * @ctx_total, @ctx_free: contexts it has, and how many are left
 * @engine_threads: threads of its own
 */
struct weft_device {
	uint32_t size;
	int32_t numa_id;
	uint32_t ctx_total;
	uint32_t ctx_free;
	uint32_t engine_threads;
	uint32_t flags;			/* UACCE_DEV_* */
	char name[WEFT_NAME_LEN];
	char bus[WEFT_NAME_LEN];
	char api[WEFT_NAME_LEN];
	char state[WEFT_NAME_LEN];
	char guard[WEFT_NAME_LEN];
	char engines[256];
	char algs[384];
};

/*
 * weft_device_list() - fill up to @max entries of @list, each with its size
 * set in list[0].size; returns how many devices there are, which may be more.
 */
int weft_device_list(struct weft_device *list, unsigned int max);

/*
 * struct weft_option - one environment variable that the library reads. @name,
 * @fallback and @help are static.
 */
struct weft_option {
	uint32_t size;
	uint32_t reserved;
	const char *name;
	const char *fallback;	/* default, as text */
	const char *help;
	char type[160];		/* "bool", "uint 1..64", "choice:a,b,c", "set:a,b", "text" */
};

/*
 * weft_option_get() - option number @index. -ENOENT: past the last. -EINVAL:
 * @option is NULL or its size too small.
 */
int weft_option_get(unsigned int index, struct weft_option *option);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
