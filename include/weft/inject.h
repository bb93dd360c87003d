/* SPDX-License-Identifier: MIT */
/*
 * Failure injection: make a device go wrong on purpose, to see that a program
 * copes. docs/testing.md has examples. A context that was never told to has
 * none of it on its way.
 */
#ifndef WEFT_INJECT_H
#define WEFT_INJECT_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/* What can be made to happen, and its name in a rule. */
enum weft_inject_what {
	WEFT_INJECT_FAULT,	/* "fault": a page of an operand is absent */
	WEFT_INJECT_DELAY,	/* "delay": a job takes longer */
	WEFT_INJECT_LOSE,	/* "lose": a completion never comes */
	WEFT_INJECT_LATE,	/* "late": a completion comes after others */
	WEFT_INJECT_DUP,	/* "dup": a completion comes twice */
	WEFT_INJECT_PRQ_FULL,	/* "prq-full": a page request finds its queue full */
	WEFT_INJECT_RESET,	/* "reset": the device resets itself in the middle of a job */
	WEFT_INJECT_ISOLATE,	/* "isolate": the device isolates itself */
	WEFT_INJECT_COUNT,
};

/*
 * weft_ctx_inject() - replace the rules of a context. @rules is a list separated
 * by commas, "" or NULL for none; the variable WEFT_INJECT has the rules that a
 * context begins with. A rule is NAME:N or NAME:N/ARG, where N counts what the
 * rule is about and every N-th one goes wrong (pages that are translated; jobs
 * with data; completions; page requests), each context for itself:
 *
 *	fault:N/TIMES	every N-th page that the context meets faults TIMES times,
 *			then it is there (1 if not said; 0: it never comes); it is
 *			met anew after 256 uses, or when the rules are replaced
 *	delay:N/US	the job takes US microseconds longer (1000)
 *	lose:N		the completion is lost: without a deadline
 *			(weft_sess_deadline()) its request waits for ever
 *	late:N/AFTER	the completion comes after AFTER others (1), at the latest
 *			when a drain, a stop or a reset asks for it
 *	dup:N		the completion comes twice, if the ring has room
 *	prq-full:N	the page request finds no room and is made again
 *	reset:N		the device resets itself when the job first writes
 *	isolate:N	the device isolates itself before the job
 *
 * "seed:S" in the list makes all of its rules happen one time in N in the mean,
 * by a sequence that depends on nothing but S, instead of every N-th time.
 * Completions of a reset and of a stop are never lost, late or doubled.
 *
 * -EINVAL: not a context, or not a rule; then nothing changes. -EOPNOTSUPP: the
 * device cannot do it. Thread-safe; what is under way keeps the rules it met.
 */
int weft_ctx_inject(uintptr_t ctx, const char *rules);

/*
 * weft_ctx_injected() - how often it has happened in this context since it was
 * requested, into @count. -EINVAL: no such context or enumerator.
 * -EOPNOTSUPP: the device cannot do it.
 */
int weft_ctx_injected(uintptr_t ctx, enum weft_inject_what what, uint64_t *count);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
