/* SPDX-License-Identifier: MIT */
#include "core/env.h"

#include <stddef.h>

#include "util/bits.h"

static const char *const guard_names[] = { "auto", "off", "signal", "copy", NULL };
/* In the order of enum sdev_fault_mode. */
static const char *const fault_mode_names[] = { "stall", "pri", NULL };
/* In the order of enum weft_fault_policy. */
static const char *const policy_names[] = { "block", "resolve", "populate", "report", NULL };
/* In the order of enum sdev_engine, which starts with "none". */
static const char *const codec_names[] = { "all", "zlib", "isa-l", "libdeflate", "zlib-ng", NULL };

/* In the order of enum wdi_fork_mode. */
static const char *const fork_names[] = { "own", "inherit", NULL };

/* The first is "all". */
static const char *const crypto_names[] = { "all", "openssl", "ipsec-mb", NULL };

#define AT(field)	.offset = offsetof(struct wdi_env, field)

#define CLASS_ROWS(NAME, field) \
	{ .name = "WD_" NAME "_CTX_NUM", .type = WDI_OPT_TEXT, .fallback = "", AT(field.ctx_num), \
	  .help = "contexts that wd_*_init2() and wd_*_env_init() request: MODE[-OP]:NUMBER@NODE, " \
		  "for example sync:2@0,async:2@0 or sync-comp:1@0,async-decomp:1@0" }, \
	{ .name = "WD_" NAME "_ASYNC_POLL_EN", .type = WDI_OPT_BOOL, .fallback = "0", \
	  AT(field.async_poll_en), \
	  .help = "after wd_*_env_init(), threads of the library poll the asynchronous contexts" }, \
	{ .name = "WD_" NAME "_ASYNC_POLL_NUM", .type = WDI_OPT_UINT, .fallback = "1", .min = 1, \
	  .max = 64, AT(field.async_poll_num), .help = "how many such threads" }, \
	{ .name = "WD_" NAME "_EPOLL_EN", .type = WDI_OPT_BOOL, .fallback = "0", AT(field.epoll_en), \
	  .help = "synchronous requests sleep at once instead of spinning first" }

static const struct wdi_opt_row env_rows[] = {
	{ .name = "WEFT_LOG", .type = WDI_OPT_TEXT, .fallback = "", AT(log),
	  .help = "what is logged: error, warn, info or debug, and after a colon a file "
		  "(default: standard error); nothing when unset" },
	{ .name = "WEFT_ENGINE_THREADS", .type = WDI_OPT_AUTO, .fallback = "auto", .max = 1024,
	  AT(engine_threads),
	  .help = "threads of the software device; auto: one for each CPU that affinity and "
		  "cgroup allow; 0: whoever polls or waits does all the work" },
	{ .name = "WEFT_GUARD", .type = WDI_OPT_CHOICE, .fallback = "auto", .names = guard_names,
	  AT(guard),
	  .help = "how the software device survives bad pointers: signal (SIGSEGV handler), copy "
		  "(system calls, slower), off (not at all)" },
	{ .name = "WEFT_FAULT_MODE", .type = WDI_OPT_CHOICE, .fallback = "stall",
	  .names = fault_mode_names, AT(fault_mode),
	  .help = "what the software device does about a page that is not there: stall (the access "
		  "waits for it) or pri (the request is parked, others go on)" },
	{ .name = "WEFT_CODECS", .type = WDI_OPT_SET, .fallback = "all", .names = codec_names,
	  AT(codecs),
	  .help = "libraries that the software device may use; zlib serves what the others may not" },
	{ .name = "WEFT_CRYPTO_ENGINES", .type = WDI_OPT_SET, .fallback = "all",
	  .names = crypto_names, AT(crypto),
	  .help = "libraries that the software device may use for sessions; openssl serves what "
		  "the others may not" },
	{ .name = "WEFT_SPIN_US", .type = WDI_OPT_UINT, .fallback = "20", .max = 1000000, AT(spin_us),
	  .help = "microseconds that an idle engine thread or a waiter spins before it sleeps" },
	{ .name = "WEFT_INLINE", .type = WDI_OPT_BOOL, .fallback = "1", AT(inline_steps),
	  .help = "whoever polls or waits runs jobs that no engine thread has begun" },
	{ .name = "WEFT_DIRECT", .type = WDI_OPT_BOOL, .fallback = "1", AT(direct),
	  .help = "small synchronous crypto requests that the caller runs itself go past the ring" },
	{ .name = "WEFT_CTX_MAX", .type = WDI_OPT_UINT, .fallback = "1024", .min = 1, .max = 65536,
	  AT(ctx_max),
	  .help = "contexts that the software device has" },
	{ .name = "WEFT_QUEUE_DEPTH", .type = WDI_OPT_UINT, .fallback = "1024", .min = 2,
	  .max = 32768, AT(queue_depth),
	  .help = "requests that one context holds at once; rounded up to a power of two" },
	{ .name = "WEFT_ISOLATE", .type = WDI_OPT_UINT, .fallback = "0", .max = 65535, AT(isolate),
	  .help = "failures within an hour after which the software device isolates itself; 0: never" },
	{ .name = "WEFT_FAULT_POLICY", .type = WDI_OPT_CHOICE, .fallback = "block",
	  .names = policy_names, AT(fault_policy),
	  .help = "requests that meet a page that is not there: the device waits for it (block), "
		  "hands the request back to be resolved (resolve), pages are made resident first "
		  "(populate), or the program is told (report)" },
	{ .name = "WEFT_DEADLINE_MS", .type = WDI_OPT_UINT, .fallback = "0", .max = 86400000,
	  AT(deadline_ms),
	  .help = "milliseconds after which a request ends with WD_ETIMEDOUT; 0: never" },
	{ .name = "WEFT_FORK", .type = WDI_OPT_CHOICE, .fallback = "own", .names = fork_names, AT(fork),
	  .help = "contexts of the parent in a forked child: they open queues and PASIDs of the "
		  "child's own at their next use (own), or work on the parent's memory through the "
		  "parent's device (inherit)" },
	{ .name = "WEFT_INJECT", .type = WDI_OPT_TEXT, .fallback = "", AT(inject),
	  .help = "failures of the device on purpose, for tests: fault:3,delay:10/500,lose:100,"
		  "late:50/2,dup:7,prq-full:2,reset:1000,isolate:5000,seed:1" },
	CLASS_ROWS("COMP", comp),
	CLASS_ROWS("CIPHER", cipher),
	CLASS_ROWS("DIGEST", digest),
	CLASS_ROWS("AEAD", aead),
	CLASS_ROWS("RSA", rsa),
	CLASS_ROWS("DH", dh),
	CLASS_ROWS("ECC", ecc),
};

void wdi_core_env_load(struct wdi_env *env)
{
	wdi_opt_load(env_rows, wdi_array_size(env_rows), env);
}

const struct wdi_opt_row *wdi_core_env_row(unsigned int index)
{
	return index < wdi_array_size(env_rows) ? &env_rows[index] : NULL;
}
