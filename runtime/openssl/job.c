/* SPDX-License-Identifier: MIT */
/*
 * How a job waits. The engines of this device run in whoever collects (docs/design.md,
 * "Who runs the engines"), so the best one to run a batch is the event loop that
 * gathered it, at the moment when it has nothing else to do: a job that pauses is
 * therefore ready to be resumed as soon as the loop comes round, and the first that is
 * resumed runs the operations of all. No thread is woken, and a resumed job always
 * finishes its operation: by then it is done, or is run, or is in an engine thread's
 * hands for as long as a batch takes.
 *
 * The wait context says so by its callback, if the application has set one, or by an
 * eventfd of its own, which is readable while a job waits and not otherwise.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include <openssl/async.h>
#ifdef HAVE_VALGRIND_MEMCHECK_H
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND	0
#endif

#include "openssl/common.h"
#include "openssl/dev.h"
#include "openssl/job.h"

/* The device may ask libcrypto for something, and libcrypto, where we are its engine, us. */
static __thread unsigned int calling __attribute__((tls_model("initial-exec")));

/* Names our descriptor within a wait context; only its address counts. */
static const char fd_key;

static ASYNC_WAIT_CTX *wait_ctx(void)
{
	ASYNC_JOB *job = ASYNC_get_current_job();

	return job ? ASYNC_get_wait_ctx(job) : NULL;
}

bool wdi_ossl_in_job(void)
{
	return !calling && wait_ctx();
}

static bool has_callback(ASYNC_WAIT_CTX *ctx)
{
	ASYNC_callback_fn callback = NULL;
	void *arg = NULL;

	return ASYNC_WAIT_CTX_get_callback(ctx, &callback, &arg) && callback;
}

bool wdi_ossl_job_takes(size_t len, size_t async_min, size_t fd_min)
{
	ASYNC_WAIT_CTX *ctx = len >= async_min && !calling ? wait_ctx() : NULL;

	return ctx && (len >= fd_min || has_callback(ctx));
}

static void close_fd(ASYNC_WAIT_CTX *ctx, const void *key, OSSL_ASYNC_FD fd, void *data)
{
	(void)ctx;
	(void)key;
	(void)data;
	close(fd);
}

/* The descriptor of a wait context, made with its first job. */
static int fd_of(ASYNC_WAIT_CTX *ctx)
{
	OSSL_ASYNC_FD fd;
	void *data;

	if (ASYNC_WAIT_CTX_get_fd(ctx, &fd_key, &fd, &data))
		return fd;
	fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (fd >= 0 && !ASYNC_WAIT_CTX_set_wait_fd(ctx, &fd_key, fd, NULL, close_fd)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

void wdi_ossl_job_pause(void)
{
	ASYNC_WAIT_CTX *ctx = wait_ctx();
	ASYNC_callback_fn callback = NULL;
	void *arg = NULL;
	uint64_t count = 1;
	int fd;

	if (!ctx)
		return;
	if (ASYNC_WAIT_CTX_get_callback(ctx, &callback, &arg) && callback) {
		ASYNC_WAIT_CTX_set_status(ctx, ASYNC_STATUS_OK);
		/* Refused: nobody would resume us. */
		if (callback(arg))
			ASYNC_pause_job();
		return;
	}
	fd = fd_of(ctx);
	if (fd < 0 || write(fd, &count, sizeof(count)) != sizeof(count))
		return;
	ASYNC_pause_job();
	/* Empty already if another job of the wait context has read it; that is as well. */
	if (read(fd, &count, sizeof(count)) < 0)
		return;
}

/* ---- a larger stack ---- */

#define STACK_SIZE	(512u * 1024)
#define GUARD_SIZE	(64u * 1024)

/* One for each thread that runs jobs, made with the first. */
struct stack {
	uint8_t *memory;	/* guard, then the stack */
	ucontext_t job, call;
	void (*fn)(void *arg);
	void *arg;
	bool running;		/* what runs here calls something that would run here */
};

static pthread_key_t stack_key;
static pthread_once_t stack_once = PTHREAD_ONCE_INIT;
static bool stack_key_made;
static __thread struct stack *stack_now __attribute__((tls_model("initial-exec")));

static void stack_free(void *data)
{
	struct stack *s = data;

	munmap(s->memory, GUARD_SIZE + STACK_SIZE);
	free(s);
}

static void make_key(void)
{
	stack_key_made = !pthread_key_create(&stack_key, stack_free);
}

static struct stack *stack_get(void)
{
	struct stack *s;

	if (wdi_likely(stack_now))
		return stack_now;
	/* It takes a step to a stack nearby for a step within one, and what is between for free. */
	if (RUNNING_ON_VALGRIND)
		return NULL;
	pthread_once(&stack_once, make_key);
	s = stack_key_made ? calloc(1, sizeof(*s)) : NULL;
	if (!s)
		return NULL;
	s->memory = mmap(NULL, GUARD_SIZE + STACK_SIZE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
	if (s->memory == MAP_FAILED)
		goto free_stack;
	if (mprotect(s->memory, GUARD_SIZE, PROT_NONE) || pthread_setspecific(stack_key, s))
		goto unmap;
	stack_now = s;
	return s;

unmap:
	munmap(s->memory, GUARD_SIZE + STACK_SIZE);
free_stack:
	free(s);
	return NULL;
}

static void stack_main(void)
{
	stack_now->fn(stack_now->arg);
}

bool wdi_ossl_job_calling(void)
{
	return calling;
}

void wdi_ossl_job_call(void (*fn)(void *arg), void *arg)
{
	struct stack *s = ASYNC_get_current_job() ? stack_get() : NULL;

	calling++;
	if (!s || s->running || getcontext(&s->call)) {
		fn(arg);
		calling--;
		return;
	}
	s->fn = fn;
	s->arg = arg;
	s->call.uc_stack.ss_sp = s->memory + GUARD_SIZE;
	s->call.uc_stack.ss_size = STACK_SIZE;
	s->call.uc_link = &s->job;
	makecontext(&s->call, stack_main, 0);
	/* If this fails nothing was called; it fails for lack of memory, which it needs none of. */
	s->running = true;
	if (swapcontext(&s->job, &s->call))
		fn(arg);
	s->running = false;
	calling--;
}
