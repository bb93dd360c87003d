/* SPDX-License-Identifier: MIT */
/*
 * The signal guard: engines touch client memory directly, and a handler takes
 * them out of it when that faults. The handler acts only on a thread that is
 * armed, for addresses that the armed range covers; everything else goes to
 * whoever had the signal before. And the guard that does nothing.
 */
#include "device/device_internal.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "util/log.h"

/*
 * Actions found in place of ours, never freed or moved once published: a
 * handler on another thread may be reading one. The few that a process ever
 * uses are found again.
 */
struct guard_prev {
	struct sigaction sa;
	struct guard_prev *older;
	atomic_bool spent;	/* SA_RESETHAND, and it has run */
};

struct guard_signal {
	int sig;
	struct guard_prev prev[16];
	unsigned int used;
	bool installed;
	_Atomic(struct guard_prev *) newest;
};

static struct guard_signal guarded[] = { { .sig = SIGSEGV }, { .sig = SIGBUS } };
static struct wdi_spin guard_lock;	/* a spin lock can be taken anew in a forked child */
static unsigned int guard_users;

/* The call that passes a signal on, in this thread; see chain_next(). */
static __thread struct guard_chain {
	const siginfo_t *info;
	const void *frame;
	struct guard_prev *prev;
} chain_tls __attribute__((tls_model("initial-exec")));

/* ---- passing signals on ----------------------------------------------------- */

/*
 * A handler installed over ours passes on what is not its own to us; we would
 * pass it back for ever. Such a call has the same siginfo and lies deeper on
 * the stack than the one that we made. (A handler that left by a jump leaves
 * its record behind, and the next signal does not match both.)
 */
static struct guard_prev *chain_next(struct guard_signal *g, const siginfo_t *info,
				     const void *frame)
{
	struct guard_prev *prev = atomic_load(&g->newest);

	if (chain_tls.info == info && (uintptr_t)frame < (uintptr_t)chain_tls.frame)
		prev = chain_tls.prev ? chain_tls.prev->older : NULL;
	return prev;
}

/* Let the default action have it: by the instruction again, or by the signal. */
static void chain_default(int sig, const siginfo_t *info)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };

	sigemptyset(&dfl.sa_mask);
	sigaction(sig, &dfl, NULL);
	if (info->si_code <= 0)
		raise(sig);
}

static void chain_call(const struct guard_prev *prev, int sig, siginfo_t *info, void *uc)
{
	sigset_t mask = prev->sa.sa_mask, saved;

	if (!(prev->sa.sa_flags & SA_NODEFER))
		sigaddset(&mask, sig);
	pthread_sigmask(SIG_BLOCK, &mask, &saved);
	if (prev->sa.sa_flags & SA_SIGINFO)
		prev->sa.sa_sigaction(sig, info, uc);
	else
		prev->sa.sa_handler(sig);
	pthread_sigmask(SIG_SETMASK, &saved, NULL);
}

static void chain(struct guard_signal *g, siginfo_t *info, void *uc)
{
	struct guard_chain outer = chain_tls;
	const void *frame = __builtin_frame_address(0);
	struct guard_prev *prev = chain_next(g, info, frame);
	void (*handler)(int) = prev ? prev->sa.sa_handler : SIG_DFL;

	if (prev && (prev->sa.sa_flags & SA_RESETHAND) && atomic_exchange(&prev->spent, true))
		handler = SIG_DFL;

	/* The kernel does not let a fault be ignored. */
	if (handler == SIG_IGN && info->si_code <= 0)
		return;
	if (handler == SIG_IGN || handler == SIG_DFL) {
		chain_default(g->sig, info);
		return;
	}
	chain_tls = (struct guard_chain){ .info = info, .frame = frame, .prev = prev };
	chain_call(prev, g->sig, info, uc);
	chain_tls = outer;
}

/* ---- the handler --------------------------------------------------------------- */

/* Of many ranges the one that was hit becomes the range. */
static bool armed_covers(struct sdev_armed *armed, uint64_t addr)
{
	if (armed->hit)
		return armed->hit(armed->hit_arg, addr, &armed->span);
	return armed->span.lo <= addr && addr < armed->span.hi;
}

static void guard_handler(int sig, siginfo_t *info, void *uc)
{
	struct sdev_lane *lane = sdev_lane_tls;
	struct sdev_armed *armed = lane ? &lane->armed : NULL;
	uint64_t addr = sdev_va_plain((uintptr_t)info->si_addr);

	if (armed && armed->on && info->si_code > 0 && armed_covers(armed, addr)) {
		armed->on = 0;
		armed->addr = addr;
		armed->sig = sig;
		armed->code = info->si_code;
		/* What the kernel would do on return; the jump does not. */
		pthread_sigmask(SIG_SETMASK, &((ucontext_t *)uc)->uc_sigmask, NULL);
		siglongjmp(armed->env, 1);
	}
	for (unsigned int i = 0; i < wdi_array_size(guarded); i++) {
		if (guarded[i].sig == sig)
			chain(&guarded[i], info, uc);
	}
}

static bool action_is_ours(const struct sigaction *sa)
{
	return (sa->sa_flags & SA_SIGINFO) && sa->sa_sigaction == guard_handler;
}

static struct guard_prev *prev_record(struct guard_signal *g, const struct sigaction *sa)
{
	struct guard_prev *prev;

	for (unsigned int i = 0; i < g->used; i++) {
		prev = &g->prev[i];
		if (prev->sa.sa_handler == sa->sa_handler && prev->sa.sa_flags == sa->sa_flags) {
			atomic_store(&prev->spent, false);
			return prev;
		}
	}
	if (g->used == wdi_array_size(g->prev))
		return NULL;
	prev = &g->prev[g->used++];
	prev->sa = *sa;
	prev->older = atomic_load(&g->newest);
	return prev;
}

/* Put our handler on top of whatever is there; guard_lock is held. */
static int signal_install(struct guard_signal *g)
{
	struct sigaction ours = {
		.sa_sigaction = guard_handler,
		.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER,
	};
	struct guard_prev *prev;
	struct sigaction now, old;

	if (sigaction(g->sig, NULL, &now))
		return -errno;
	if (action_is_ours(&now))
		return 0;
	sigemptyset(&ours.sa_mask);
	do {
		prev = prev_record(g, &now);
		if (!prev) {
			wdi_warn("sdev: too many handlers of signal %d; the guard is not in force",
				 g->sig);
			return -ENOSPC;
		}
		atomic_store(&g->newest, prev);
		if (sigaction(g->sig, &ours, &old))
			return -errno;
		/* Somebody may have come between the look and the change. */
		now = old;
	} while (!action_is_ours(&old) && old.sa_handler != prev->sa.sa_handler);
	if (g->installed)
		wdi_info("sdev: the handler of signal %d was replaced; guard put on top again",
			 g->sig);
	g->installed = true;
	return 0;
}

static void signal_restore(struct guard_signal *g)
{
	const struct guard_prev *prev = atomic_load(&g->newest);
	struct sigaction now;

	if (prev && !sigaction(g->sig, NULL, &now) && action_is_ours(&now))
		sigaction(g->sig, &prev->sa, NULL);
	g->installed = false;
}

static void users_drop(void)
{
	if (guard_users && --guard_users == 0) {
		for (unsigned int i = 0; i < wdi_array_size(guarded); i++)
			signal_restore(&guarded[i]);
	}
}

int sdev_guard_acquire(void)
{
	int rc = 0;

	wdi_spin_lock(&guard_lock);
	guard_users++;
	for (unsigned int i = 0; i < wdi_array_size(guarded) && !rc; i++)
		rc = signal_install(&guarded[i]);
	if (rc)
		users_drop();
	wdi_spin_unlock(&guard_lock);
	return rc;
}

void sdev_guard_release(void)
{
	wdi_spin_lock(&guard_lock);
	users_drop();
	wdi_spin_unlock(&guard_lock);
}

void sdev_guard_check(void)
{
	wdi_spin_lock(&guard_lock);
	for (unsigned int i = 0; i < wdi_array_size(guarded) && guard_users; i++)
		signal_install(&guarded[i]);
	wdi_spin_unlock(&guard_lock);
}

/* The only thread of a forked child; who held the lock is not here any more. */
void sdev_guard_forget(void)
{
	guard_lock = (struct wdi_spin){ 0 };
	users_drop();
}

/* ---- access ----------------------------------------------------------------------- */

/* Not inlined: its counting is not for a frame that the handler jumps back to. */
__attribute__((noinline))
void sdev_touch_pages(const struct sdev_lane *lane, uint64_t va, size_t len,
		      enum sdev_access access)
{
	uint64_t end = va + len;

	for (; va < end; va = (va | (lane->page - 1)) + 1) {
		if (access == SDEV_WRITE)
			sdev_touch_write(va);
		else
			sdev_touch_read(va);
	}
}

/*
 * A function that arms calls sigsetjmp() itself, because its frame must still
 * be there when the handler jumps; no system call is made for a mask.
 */
static inline void arm_for(struct sdev_lane *lane, uint64_t va, size_t len, sdev_hit *hit,
			   const void *hit_arg)
{
	struct sdev_armed *armed = &lane->armed;

	if (wdi_unlikely(++armed->count % 1024 == 0)) {
		sdev_guard_check();
		sdev_lane_hear(lane);
	}
	armed->span.lo = sdev_va_plain(va);
	armed->span.hi = armed->span.lo + len;
	armed->hit = hit;
	armed->hit_arg = hit_arg;
	atomic_signal_fence(memory_order_seq_cst);
	armed->on = 1;
	atomic_signal_fence(memory_order_seq_cst);
}

static void arm(struct sdev_lane *lane, uint64_t va, size_t len)
{
	arm_for(lane, va, len, NULL, NULL);
}

static void disarm(struct sdev_lane *lane)
{
	atomic_signal_fence(memory_order_seq_cst);
	lane->armed.on = 0;
	atomic_signal_fence(memory_order_seq_cst);
}

/* What the handler saw, as the first byte that cannot be used. Returns the bytes before. */
static size_t guard_fault(const struct sdev_lane *lane, struct sdev_fault *fault)
{
	const struct sdev_armed *armed = &lane->armed;
	uint64_t page = armed->addr & ~(uint64_t)(lane->page - 1);

	fault->va = wdi_max(page, armed->span.lo);
	fault->status = armed->sig == SIGBUS || armed->code == SEGV_MAPERR ?
			SDEV_ST_BAD_ADDRESS : SDEV_ST_ACCESS_DENIED;
	return fault->va - armed->span.lo;
}

static size_t signal_touch(struct sdev_lane *lane, uint64_t va, size_t len,
			   enum sdev_access access, struct sdev_fault *fault)
{
	if (sigsetjmp(lane->armed.env, 0))
		return guard_fault(lane, fault);
	arm(lane, va, len);
	sdev_touch_pages(lane, va, len, access);
	disarm(lane);
	return len;
}

/* All of it or, with @fault set, nothing that counts. */
static bool signal_copy(struct sdev_lane *lane, void *to, const void *from, uint64_t va,
			size_t len, enum sdev_access access, struct sdev_fault *fault)
{
	if (sigsetjmp(lane->armed.env, 0)) {
		guard_fault(lane, fault);
		return false;
	}
	arm(lane, va, len);
	sdev_touch_pages(lane, va, len, access);
	memcpy(to, from, len);
	disarm(lane);
	return true;
}

/* What lies before the fault still goes; each try is shorter than the one before. */
static size_t signal_transfer(struct sdev_lane *lane, void *to, const void *from, uint64_t va,
			      size_t len, enum sdev_access access, struct sdev_fault *fault)
{
	while (len && !signal_copy(lane, to, from, va, len, access, fault))
		len = fault->va - sdev_va_plain(va);
	return len;
}

static size_t signal_get(struct sdev_lane *lane, void *to, uint64_t va, size_t len,
			 struct sdev_fault *fault)
{
	return signal_transfer(lane, to, (const void *)(uintptr_t)va, va, len, SDEV_READ, fault);
}

static size_t signal_put(struct sdev_lane *lane, uint64_t va, const void *from, size_t len,
			 struct sdev_fault *fault)
{
	return signal_transfer(lane, (void *)(uintptr_t)va, from, va, len, SDEV_WRITE, fault);
}

static bool signal_call(struct sdev_lane *lane, uint64_t va, size_t len, void (*fn)(void *),
			void *arg, struct sdev_fault *fault)
{
	if (sigsetjmp(lane->armed.env, 0)) {
		guard_fault(lane, fault);
		return false;
	}
	arm(lane, va, len);
	fn(arg);
	disarm(lane);
	return true;
}

static bool signal_batch(struct sdev_lane *lane, sdev_hit *hit, void (*fn)(void *), void *arg,
			 struct sdev_fault *fault)
{
	if (sigsetjmp(lane->armed.env, 0)) {
		guard_fault(lane, fault);
		return false;
	}
	arm_for(lane, 0, 0, hit, arg);
	fn(arg);
	disarm(lane);
	return true;
}

static void signal_touch_in(struct sdev_lane *lane, uint64_t va, size_t len,
			    enum sdev_access access)
{
	sdev_touch(lane, va, len, access);
}

/* What @fn reads is ours. */
static bool apart_call(struct sdev_lane *lane, uint64_t va, size_t len, void (*fn)(void *),
		       void *arg, struct sdev_fault *fault)
{
	(void)lane, (void)va, (void)len, (void)fault;
	fn(arg);
	return true;
}

const struct sdev_guard_ops sdev_guard_signal = {
	.in_place = true,
	.touch = signal_touch,
	.get = signal_get,
	.put = signal_put,
	.call = signal_call,
	.touches = true,
	.batch = signal_batch,
	.touch_in = signal_touch_in,
};

/* For addresses that codecs cannot use as they are. */
const struct sdev_guard_ops sdev_guard_signal_apart = {
	.in_place = false,
	.apart = true,
	.touch = signal_touch,
	.get = signal_get,
	.put = signal_put,
	.call = apart_call,
	.batch = sdev_guard_plain_batch,
	.touch_in = sdev_guard_plain_touch,
};

/* ---- no guard ------------------------------------------------------------------------ */

static size_t off_touch(struct sdev_lane *lane, uint64_t va, size_t len,
			enum sdev_access access, struct sdev_fault *fault)
{
	(void)lane, (void)va, (void)access, (void)fault;
	return len;
}

static size_t off_get(struct sdev_lane *lane, void *to, uint64_t va, size_t len,
		      struct sdev_fault *fault)
{
	(void)lane, (void)fault;
	memcpy(to, (const void *)(uintptr_t)va, len);
	return len;
}

static size_t off_put(struct sdev_lane *lane, uint64_t va, const void *from, size_t len,
		      struct sdev_fault *fault)
{
	(void)lane, (void)fault;
	memcpy((void *)(uintptr_t)va, from, len);
	return len;
}

bool sdev_guard_plain_batch(struct sdev_lane *lane, sdev_hit *hit, void (*fn)(void *), void *arg,
			    struct sdev_fault *fault)
{
	(void)lane, (void)hit, (void)fault;
	fn(arg);
	return true;
}

void sdev_guard_plain_touch(struct sdev_lane *lane, uint64_t va, size_t len,
			    enum sdev_access access)
{
	(void)lane, (void)va, (void)len, (void)access;
}

const struct sdev_guard_ops sdev_guard_off = {
	.in_place = true,
	.touch = off_touch,
	.get = off_get,
	.put = off_put,
	.call = apart_call,
	.batch = sdev_guard_plain_batch,
	.touch_in = sdev_guard_plain_touch,
};

const struct sdev_guard_ops sdev_guard_off_apart = {
	.in_place = false,
	.apart = true,
	.touch = off_touch,
	.get = off_get,
	.put = off_put,
	.call = apart_call,
	.batch = sdev_guard_plain_batch,
	.touch_in = sdev_guard_plain_touch,
};

/* ---- which guard suits this process ---------------------------------------------------- */

/* Programs that own SIGSEGV, by a symbol of theirs. */
static bool host_owns_signals(void)
{
	static const char *const symbols[] = { "JNI_GetCreatedJavaVMs", "runtime.sigtramp" };
	struct sigaction now;

	if (sigaction(SIGSEGV, NULL, &now) || now.sa_handler == SIG_DFL ||
	    now.sa_handler == SIG_IGN)
		return false;
	for (unsigned int i = 0; i < wdi_array_size(symbols); i++) {
		if (dlsym(RTLD_DEFAULT, symbols[i]))
			return true;
	}
	return false;
}

enum sdev_guard sdev_guard_auto(void)
{
	const char *preload = getenv("LD_PRELOAD");
	bool valgrind = preload && (strstr(preload, "vgpreload") || strstr(preload, "/valgrind/"));

	if ((valgrind || host_owns_signals()) && sdev_guard_copy_works())
		return SDEV_GUARD_COPY;
	return SDEV_GUARD_SIGNAL;
}
