/* SPDX-License-Identifier: MIT */
/*
 * When memory is not there, and when time is over: what becomes of a request of
 * any class whose pages are absent, and how to be done with one that takes too
 * long. Works beside <uadk/wd_*.h> on the same sessions.
 *
 * Functions return 0 or a negative errno unless they say otherwise.
 */
#ifndef WEFT_FAULT_H
#define WEFT_FAULT_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/*
 * What happens when the device meets a page that is mapped and not there (never
 * touched, swapped out, behind userfaultfd). A pointer that is really bad ends
 * its request with WD_ADDR_ERR under each of them. Results are the same to the
 * bit under the first three, synchronous or not.
 *
 * WEFT_FAULT_BLOCK	The device waits for the page. Nothing is done before,
 *			which is best where faults are rare or cheap. The default.
 * WEFT_FAULT_RESOLVE	The device gives the request back, and whoever waits or
 *			polls for it makes the pages resident, the range and not
 *			the one page, and lets the device go on: a stream from
 *			where it came to, others from their beginning. If that does
 *			not help, streams go on in smaller pieces, and last of all
 *			the CPU moves the data through memory of the library
 *			(WEFT_PATH_CPU in the report). Each step has a bound. No
 *			engine ever waits for a page.
 * WEFT_FAULT_POPULATE	The operands are made resident before each submission: a
 *			system call a buffer, and no faults. For memory that is
 *			known to be cold. No more of a destination than WEFT_FAULT_AHEAD
 *			bytes, because dst_len may promise more than will be used.
 * WEFT_FAULT_REPORT	The program sees the fault: the request ends with
 *			WD_ADDR_ERR, the address in weft_report.fault_addr and what
 *			was consumed and produced in the request. A stream is not
 *			lost by it: touch the page and go on from there. In one
 *			descriptor nothing was consumed: send it again.
 *
 * A request whose output overwrites its own input cannot begin again once
 * something was written; where it cannot go on either it ends with WD_ADDR_ERR.
 */
enum weft_fault_policy {
	WEFT_FAULT_BLOCK,
	WEFT_FAULT_RESOLVE,
	WEFT_FAULT_POPULATE,
	WEFT_FAULT_REPORT,
	WEFT_FAULT_POLICIES,
};

#define WEFT_FAULT_AHEAD	(1u << 20)

/*
 * weft_sess_fault_policy() - choose for the requests of a session from now on.
 * New sessions have what WEFT_FAULT_POLICY says in the environment. Callable
 * from any thread; requests in flight keep what they began with.
 * -EINVAL: no such session or policy. -EOPNOTSUPP: the session's device cannot
 * report faults (RESOLVE and REPORT).
 */
int weft_sess_fault_policy(uintptr_t sess, enum weft_fault_policy policy);

/*
 * weft_sess_deadline() - the requests of a session have @ns nanoseconds each from
 * now on, from their submission; 0: all the time in the world, which is the
 * default unless WEFT_DEADLINE_MS says otherwise.
 *
 * A request that is too late ends with WD_ETIMEDOUT; a synchronous call returns
 * -WD_ETIMEDOUT, an asynchronous request gets its callback from the next poll, for which
 * a wait fd becomes readable (weft_ctx_wait_fd()).
 * The device is told to leave it alone, and if it completes in spite of that, the
 * completion is counted (weft_ctx_stats.late) and goes nowhere. Until then its
 * place in the context is in quarantine (weft_ctx_stats.quarantined). THE
 * BUFFERS of such a request may still be accessed by the device while it is in
 * quarantine: a page may be on its way to them. Keep them until the number of
 * the context is 0 or the context is released; of RSA, DH and ECC requests and of
 * digests in pieces keep the session too, because their descriptors point into it.
 *
 * A compression stream does not outlive a piece that ran out of time: it answers
 * WD_IN_EPARA until wd_comp_reset_sess(). What the device keeps of it goes before the
 * session begins another, or with the session, so there is never more than one left behind.
 *
 * Waiters with a deadline leave the work to engine threads. Where there are none
 * (WEFT_ENGINE_THREADS=0) the caller runs the job itself and can only see
 * afterwards that it took too long.
 * -EINVAL: no such session.
 */
int weft_sess_deadline(uintptr_t sess, uint64_t ns);

/*
 * weft_sess_cancel() - end the requests of a session that are in flight, as if
 * their time were over, with WD_HW_EACCESS: synchronous calls of other threads
 * return it, asynchronous requests get their callbacks from the next poll. What
 * was said of buffers above holds here too. A small synchronous request that its
 * caller is running itself past the ring of the context (see WEFT_DIRECT) is not one
 * of them: it ends by itself. Returns how many there were, or -EINVAL: no such session.
 */
int weft_sess_cancel(uintptr_t sess);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
