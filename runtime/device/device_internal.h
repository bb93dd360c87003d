/* SPDX-License-Identifier: MIT */
/*
 * What the files of the device share: one section a file, in the order of a
 * descriptor's way through them. Two rules hold everywhere:
 *
 * - An engine step takes no lock of the control plane (sdev.lock), so whoever
 *   holds it may wait for steps to end.
 * - A step counts itself in its queue's busy counter before it looks at the
 *   state of queue, device or bond. Who changes one of these changes it first
 *   and then waits for the counter: afterwards no step has the old view.
 */
#ifndef WEFT_DEVICE_DEVICE_INTERNAL_H
#define WEFT_DEVICE_DEVICE_INTERNAL_H

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "hw/sdev_hw.h"
#include "util/bits.h"
#include "util/io.h"
#include "util/spin.h"

#include "device/codec.h"
#include "device/device.h"

/* A step takes this much of one queue, so that two engines share its backlog ... */
#define SDEV_BATCH_PLAIN	16u
#define SDEV_BATCH_BYTES	(64u << 10)
/* ... but jobs that are run together gain by numbers: as many as the widest kernels take. */
#define SDEV_BATCH_MAX		64u
#define SDEV_BATCH_TOGETHER	(1u << 20)	/* bytes of them */
#define SDEV_OPS_TOGETHER \
	(UINT32_C(1) << SDEV_OP_CIPHER | UINT32_C(1) << SDEV_OP_DIGEST | \
	 UINT32_C(1) << SDEV_OP_AEAD)

/* Long jobs are translated and run in pieces of this size. */
#define SDEV_CHUNK		((size_t)256 << 10)
/* What a codec writes to before the device copies out what it produced. */
#define SDEV_BOUNCE		((size_t)1 << 20)
/* A lane gives larger buffers back after the job. */
#define SDEV_BUF_KEEP		((size_t)8 << 20)
/* Above this a block job goes through a streaming codec in pieces. */
#define SDEV_BLOCK_MAX		(64u << 20)

/* Bits of sdev_config.crypto. */
#define SDEV_CRYPTO_OPENSSL	0x2u
#define SDEV_CRYPTO_IPSEC_MB	0x4u
#define SDEV_CRYPTO_ALL		0x6u

#define SDEV_PASID_BITS		20
#define SDEV_PASID_MAX		(1u << SDEV_PASID_BITS)
#define SDEV_MAX_OBJECTS	65536u	/* of one PASID */
#define SDEV_MIN_DEPTH		128u	/* makes the rings of a queue whole pages */
#define SDEV_MAX_DEPTH		65536u
#define SDEV_MAX_QUEUES		65536u

struct sdev_lane;
struct sdev_job;
struct sdev_inject;
struct wdi_own_fd;
struct sym_lane;

/* ---- iommu.c and the guards: client memory ------------------------------ */

enum sdev_access {
	SDEV_READ,
	SDEV_WRITE,
};

struct sdev_fault {
	uint64_t va;			/* first byte that cannot be used */
	enum sdev_comp_status status;	/* SDEV_ST_DONE: no fault */
};

/* Addresses [lo, hi). */
struct sdev_span {
	uint64_t lo;
	uint64_t hi;
};

/* Called by the signal handler, in a thread that has come to a stop anywhere in @arg's work. */
typedef bool sdev_hit(const void *arg, uint64_t addr, struct sdev_span *span);

/*
 * How client memory is reached without falling over it. touch, get and put
 * return how many bytes from @va on are usable or were copied; if that is less
 * than @len they set @fault. call runs @fn, which may read [va, va + len), and
 * returns false with @fault set if that memory went away meanwhile.
 */
struct sdev_guard_ops {
	bool in_place;			/* codecs read client memory where it lies */
	bool apart;			/* every access has to come by here: no batches in place */
	size_t (*touch)(struct sdev_lane *lane, uint64_t va, size_t len,
			enum sdev_access access, struct sdev_fault *fault);
	size_t (*get)(struct sdev_lane *lane, void *to, uint64_t va, size_t len,
		      struct sdev_fault *fault);
	size_t (*put)(struct sdev_lane *lane, uint64_t va, const void *from, size_t len,
		      struct sdev_fault *fault);
	bool (*call)(struct sdev_lane *lane, uint64_t va, size_t len, void (*fn)(void *),
		     void *arg, struct sdev_fault *fault);
	/*
	 * call for what reaches many ranges: run @fn under the guard. @hit says of an
	 * address that cannot be reached whether it is in one of them, and in which.
	 * Within it touch() is sdev_touch() where @touches says so, otherwise touch_in();
	 * with a range of no bytes that all has been touched.
	 */
	bool touches;
	bool (*batch)(struct sdev_lane *lane, sdev_hit *hit, void (*fn)(void *), void *arg,
		      struct sdev_fault *fault);
	void (*touch_in)(struct sdev_lane *lane, uint64_t va, size_t len,
			 enum sdev_access access);
};

extern const struct sdev_guard_ops sdev_guard_off;
extern const struct sdev_guard_ops sdev_guard_signal;
extern const struct sdev_guard_ops sdev_guard_copy;
/* The same for operands that are not where they seem to be: nothing is in place. */
extern const struct sdev_guard_ops sdev_guard_off_apart;
extern const struct sdev_guard_ops sdev_guard_signal_apart;

/* Where nothing has to be caught: off, and copy, whose jobs have no client memory. */
bool sdev_guard_plain_batch(struct sdev_lane *lane, sdev_hit *hit, void (*fn)(void *), void *arg,
			    struct sdev_fault *fault);
void sdev_guard_plain_touch(struct sdev_lane *lane, uint64_t va, size_t len,
			    enum sdev_access access);

/* guard.c: the process-wide handler that sdev_guard_signal needs. */
int sdev_guard_acquire(void);
void sdev_guard_release(void);
void sdev_guard_check(void);		/* somebody may have replaced the handler */
void sdev_guard_forget(void);		/* in a forked child */
enum sdev_guard sdev_guard_auto(void);
bool sdev_guard_copy_works(void);
int sdev_kernel_or(uint64_t va, uint32_t bits);

/* Address bits that take part in translation; the rest is a tag. */
static inline uint64_t sdev_va_plain(uint64_t va)
{
#if defined(__aarch64__)
	return va & ((UINT64_C(1) << 56) - 1);
#else
	return va;
#endif
}

unsigned int sdev_va_bits(void);

/* ---- pasid.c: bonds ------------------------------------------------------------ */

enum sdev_as_kind {
	SDEV_AS_PROCESS,		/* the addresses of this process */
	SDEV_AS_DMA,			/* those that the file has mapped; untagged */
	SDEV_AS_GUEST,			/* those of a guest's page table */
};

/* An address space bound to the device under a PASID, through one open file. */
struct sdev_as {
	struct sdev_file *owner;
	_Atomic(struct sdev_file *) user;	/* whose steps may use it; NULL: it is stopped */
	uint64_t life;			/* no other bond ever has the same */
	uint32_t pasid;
	enum sdev_as_kind kind;
	unsigned int refs;		/* binds, under sdev.lock */
	bool stopping;			/* somebody is at it with sdev.lock dropped; sdev.lock */
	bool keep;			/* nobody has vouched for it */
	atomic_uint objects;		/* streams and sessions it owns */
	atomic_uint holds;		/* the file, requests, the marker */
	/* under pri.lock */
	unsigned int requests;		/* that have no response yet */
	bool marked;			/* its stop marker has been sent */
	struct sdev_as *mark_next;
	struct sdev_as *next;		/* of a guest's; sdev.lock, and steps read it */
};

struct sdev_pasids {
	_Atomic(struct sdev_as *) *table;
	uint32_t count;			/* entries */
	uint64_t lives;			/* bonds ever made; sdev.lock */
	struct wdi_spin lock;
	uint32_t fresh;			/* the first one that was never used */
	uint32_t *rest;			/* ring of those that were freed */
	uint32_t rest_head;
	uint32_t rest_tail;
};

int sdev_pasids_init(struct sdev_pasids *pasids, unsigned int bits);
void sdev_pasids_exit(struct sdev_pasids *pasids);
bool sdev_has_svm(const struct sdev *dev);
struct sdev_as *sdev_as_new(struct sdev_file *file, enum sdev_as_kind kind, uint32_t pasid);
void sdev_as_drop(struct sdev *dev, struct sdev_as *as);
void sdev_as_put(struct sdev *dev, struct sdev_as *as);
int sdev_bind(struct sdev_file *file, uint32_t *pasid);
int sdev_unbind(struct sdev_file *file, uint32_t pasid, uint32_t flags);
void sdev_unbind_exit(struct sdev_file *file);
int sdev_pasid_stop(struct sdev_file *file, struct sdev_admin *cmd);

/* ---- iommu.c: translation --------------------------------------------------------- */

/*
 * sdev_translate() - how many of the @len bytes at @va the job may access, and
 * why not more. sdev_fetch() and sdev_store() translate and copy.
 * sdev_range_room() is the part of it that needs no guard: how many the guard may
 * be asked for.
 */
size_t sdev_range_room(struct sdev_job *job, uint64_t va, size_t len, enum sdev_access access,
		       struct sdev_fault *fault);
size_t sdev_translate(struct sdev_job *job, uint64_t va, size_t len, enum sdev_access access,
		      struct sdev_fault *fault);
size_t sdev_fetch(struct sdev_job *job, void *to, uint64_t va, size_t len,
		  struct sdev_fault *fault);
size_t sdev_store(struct sdev_job *job, uint64_t va, const void *from, size_t len,
		  struct sdev_fault *fault);

/* ---- dma.c: what untagged accesses reach, and guests --------------------------- */

struct sdev_map {
	uint64_t iova;
	uint64_t size;
	uint64_t host;
	bool readable;
	bool writable;
};

struct sdev_maps {
	pthread_mutex_t lock;
	struct sdev_map *list;		/* by address, none over another */
	size_t count;
	size_t room;
};

void sdev_maps_init(struct sdev_maps *maps);
void sdev_maps_exit(struct sdev_maps *maps);
int sdev_dma_map(struct sdev_file *file, void *arg);
int sdev_dma_unmap(struct sdev_file *file, void *arg);
size_t sdev_dma_find(struct sdev_maps *maps, uint64_t iova, size_t len, enum sdev_access access,
		     uint64_t *host, struct sdev_fault *fault);

/* ---- guest.c, tlb.c: virtual SVM ------------------------------------------------ */

struct sdev_guest;

int sdev_svm_op(struct sdev_file *file, void *arg);
struct sdev_as *sdev_guest_bind(struct sdev_file *file, uint32_t pasid);
struct sdev_as *sdev_guest_as(struct sdev_guest *guest, uint32_t pasid, uint64_t life);
size_t sdev_guest_find(struct sdev_job *job, uint64_t va, size_t len, enum sdev_access access,
		       uint64_t *host, struct sdev_fault *fault);
void sdev_guest_free(struct sdev_guest *guest);
void sdev_guest_forget(struct sdev_guest *guest);	/* in a forked child */
void sdev_guest_end(struct sdev_file *file);

/* ---- atc.c: which pages are there ----------------------------------------- */

/* How the kernel is asked. The file is opened by the first who has a question. */
struct sdev_lookup {
	size_t page;
	_Atomic(struct wdi_own_fd *) pagemap;	/* opened when it is needed; NULL until then */
};

struct sdev_atc;

void sdev_lookup_init(struct sdev_lookup *lookup, unsigned int without);
void sdev_lookup_exit(struct sdev_lookup *lookup);
bool sdev_mapped(const struct sdev_lookup *lookup, uint64_t va);
size_t sdev_atc_look(struct sdev_lane *lane, struct sdev_lookup *lookup, uint64_t life,
		     uint64_t va, size_t len, enum sdev_access access);
void sdev_atc_free(struct sdev_atc *atc);

/* ---- lane.c: what one thread needs to run steps ------------------------- */

/* Ranges whose faults are the client's, and the way out of them. */
struct sdev_armed {
	sigjmp_buf env;
	volatile sig_atomic_t on;
	struct sdev_span span;
	sdev_hit *hit;			/* instead of @span, which it then fills; or NULL */
	const void *hit_arg;
	/* written by the handler */
	volatile uint64_t addr;
	volatile int sig;
	volatile int code;
	unsigned int count;		/* armed so often */
};

struct sdev_buf {
	uint8_t *p;
	size_t size;
};

struct sdev_seg {
	uint64_t va;
	uint32_t len;
};

/* What is injected into the job that the lane is at; see inject.c. */
struct sdev_lane_inject {
	struct sdev_inject *inject;
	const struct sdev_guard_ops *inner;
	struct sdev *dev;
	struct sdev_cpl *cpl;
	bool report;
	bool reset;
};

#define SDEV_LANE_STREAMS	4

struct sdev_lane {
	struct sdev_armed armed;
	size_t page;
	bool deaf;			/* this thread blocks SIGSEGV or SIGBUS */
	void *altstack;			/* ours, or NULL */
	struct sdev_atc *atc;		/* of jobs that must not wait for pages */
	struct codec_lane *codec;
	struct sdev_buf out;		/* codecs write here */
	struct sdev_buf in;		/* gathered or copied source */
	struct sdev_seg *segs[2];	/* chains, by enum sdev_access */
	struct sdev_lane_inject inject;
	struct sdev_lane_stream {
		const struct codec_row *row;
		struct codec_params params;
		void *state;
	} streams[SDEV_LANE_STREAMS];
	unsigned int turn;		/* whose place the next new stream takes */
	struct sdev_pk_lane *pk;	/* see pk.h */
	struct sym_lane *sym;		/* see crypto/sym.h */
	struct sdev_job *jobs;		/* those of a batch that are run together */
};

/* The handler reads this, so it must not be allocated on first access. */
extern __thread struct sdev_lane *sdev_lane_tls __attribute__((tls_model("initial-exec")));

static inline void sdev_touch_read(uint64_t va)
{
#if defined(__x86_64__)
	uint8_t byte;

	__asm__ volatile("movb (%1), %0" : "=q"(byte) : "r"(va) : "memory");
#elif defined(__aarch64__)
	uint32_t byte;

	__asm__ volatile("ldrb %w0, [%1]" : "=r"(byte) : "r"(va) : "memory");
#else
	(void)*(const volatile uint8_t *)(uintptr_t)va;
#endif
}

/* Never a load and a store: that could lose what another thread writes between. */
static inline void sdev_touch_write(uint64_t va)
{
#if defined(__x86_64__)
	__asm__ volatile("lock orb $0, (%0)" : : "r"(va) : "memory", "cc");
#elif defined(__aarch64__)
	uint32_t byte, lost;

	__asm__ volatile("1:	ldxrb	%w0, [%2]\n"
			 "	stxrb	%w1, %w0, [%2]\n"
			 "	cbnz	%w1, 1b\n"
			 : "=&r"(byte), "=&r"(lost) : "r"(va) : "memory");
#else
	__atomic_fetch_or((uint8_t *)(uintptr_t)va, 0, __ATOMIC_RELAXED);
#endif
}

void sdev_touch_pages(const struct sdev_lane *lane, uint64_t va, size_t len,
		      enum sdev_access access);

/* Touch each page of a range that is not empty; in a thread that is armed. */
static inline void sdev_touch(const struct sdev_lane *lane, uint64_t va, size_t len,
			      enum sdev_access access)
{
	if (wdi_unlikely((va ^ (va + len - 1)) >= lane->page))
		sdev_touch_pages(lane, va, len, access);
	else if (access == SDEV_WRITE)
		sdev_touch_write(va);
	else
		sdev_touch_read(va);
}

struct sdev_lane *sdev_lane_new(void);	/* of this thread; NULL: no memory */
static inline struct sdev_lane *sdev_lane_get(void)
{
	return wdi_likely(sdev_lane_tls) ? sdev_lane_tls : sdev_lane_new();
}
void sdev_lane_drop(void);
void sdev_lane_hear(struct sdev_lane *lane);
struct codec_lane *sdev_lane_codec(struct sdev_lane *lane);
struct sdev_job *sdev_lane_jobs(struct sdev_lane *lane);
uint8_t *sdev_buf_get(struct sdev_buf *buf, size_t size);
void sdev_lane_trim(struct sdev_lane *lane);
struct sdev_seg *sdev_lane_segs(struct sdev_lane *lane, enum sdev_access access);
int sdev_lane_stream(struct sdev_lane *lane, const struct codec_row *row,
		     const struct codec_params *p, void **state);
void sdev_lane_lost(struct sdev_lane *lane, const void *state);
void sdev_lane_give(struct sdev_lane *lane, const void *state);
void *sdev_map_pages(size_t size);	/* zeroed, reserved but not committed */

/* ---- queue.c: rings ------------------------------------------------------ */

struct sdev_queue {
	struct sdev *dev;
	struct sdev_file *file;
	struct sdev_doorbell *db;
	struct sdev_slot *sq;
	struct sdev_cpl *cq;
	uint32_t index;
	_Atomic uint32_t pasid;
	uint64_t life;			/* of the bond that it was made for; 0: there was none */
	_Atomic uint32_t depth;
	bool admin;			/* a stop or destroy is under way; sdev.lock */
	atomic_bool shared;		/* another process is the client; sdev_queue_share() */
	atomic_bool polled;		/* engine threads leave it alone */
	struct wdi_spin irq_lock;
	int irq_fd;			/* ours, -1: none */

	/*
	 * Low half: descriptors below are taken. High half: so many of those
	 * that follow are completed with flush_status instead of being run.
	 */
	_Alignas(WDI_CACHE_LINE) _Atomic uint64_t head;
	atomic_uint busy;		/* steps that look at this queue */
	_Atomic uint32_t state;		/* enum sdev_queue_state */
	_Atomic uint32_t flush_status;
	atomic_bool fence_wait;		/* an engine left a fence for later */
	_Atomic uint32_t cq_skew;	/* completions posted too often less those lost */
	_Atomic(struct sdev_inject *) inject;	/* NULL: nothing goes wrong on purpose */

	_Alignas(WDI_CACHE_LINE) struct wdi_spin cq_lock;
	_Atomic uint32_t cq_tail;	/* completions below are posted */

	_Atomic uint32_t parked;	/* entries of waiting and ready */
	_Atomic uint32_t resumable;	/* entries of ready */
	struct sdev_parked *waiting;	/* pri.lock */
	struct sdev_parked *ready;	/* pri.lock */
};

/* Descriptors that one step has taken: the only copies it looks at. */
struct sdev_batch {
	struct sdev_desc desc[SDEV_BATCH_MAX];
	struct sdev_ext ext[SDEV_BATCH_MAX];	/* set for SDEV_OPS_EXT */
	unsigned int count;
	unsigned int flushed;		/* the first ones are not to be run */
	bool more;			/* there is backlog behind it */
	struct sdev_parked *resumed;	/* parked ones that go on; they come first */
	unsigned int resumed_count;
};

/* Steps that others wait for. */
struct sdev_drain {
	pthread_mutex_t lock;
	pthread_cond_t idle;
	atomic_uint waiters;
};

bool sdev_queue_pending(struct sdev_queue *q);
bool sdev_queue_claimable(struct sdev_queue *q, bool leave);
bool sdev_queue_take(struct sdev_queue *q, const struct sdev_file *file, struct sdev_batch *b);
void sdev_queue_run(struct sdev_queue *q, struct sdev_batch *b);
void sdev_queue_drain(struct sdev_queue *q);
void sdev_queues_drain(struct sdev_file *file);
void sdev_file_drain(struct sdev_file *file);
void sdev_queue_flush(struct sdev_queue *q, enum sdev_comp_status status);
void sdev_queue_post(struct sdev_queue *q, const struct sdev_cpl *cpl, unsigned int n);
void sdev_queue_announce(struct sdev_queue *q, bool force);
void sdev_direct_exec(struct sdev_queue *q, const struct sdev_slot *slot, struct sdev_cpl *cpl);

/* Under cq_lock. */
static inline void sdev_cq_write(struct sdev_queue *q, uint32_t tail, const struct sdev_cpl *cpl)
{
	uint32_t depth = atomic_load_explicit(&q->depth, memory_order_relaxed);
	struct sdev_cpl *slot = &q->cq[tail & (depth - 1)];
	uint32_t phase = tail & depth ? 0 : 1;

	memcpy(slot, cpl, offsetof(struct sdev_cpl, end));
	wdi_io_store32_release(&slot->end, cpl->end | phase << 31);
}

void sdev_queue_set_irq(struct sdev_queue *q, int fd);	/* takes the fd */
bool sdev_batch_exec(struct sdev_queue *q, struct sdev_batch *b);	/* exec.c */
struct sdev_queue *sdev_queue_of(struct sdev_file *file, uint32_t index);
int sdev_queue_create(struct sdev_file *file, struct sdev_admin *cmd);
int sdev_queue_polled(struct sdev_file *file, struct sdev_admin *cmd);
int sdev_queue_stop(struct sdev_file *file, struct sdev_admin *cmd);
int sdev_queue_destroy(struct sdev_file *file, struct sdev_admin *cmd);

/* ---- engine.c: threads ---------------------------------------------------- */

struct sdev_runner {
	struct sdev *dev;
	pthread_t thread;
	unsigned int index;
	uint32_t next;			/* queue to look at first */
	bool searching;			/* counted in sdev_engines.searching */
	atomic_bool locks;		/* may hold locks of libraries; see sdev_fork_hold() */
};

struct sdev_engines {
	struct sdev_runner *list;
	_Atomic uint32_t wanted;
	_Atomic uint32_t running;
	atomic_uint searching;		/* awake and looking for work */
	atomic_uint parked;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	unsigned int tokens;		/* threads told to get up; lock */
	atomic_bool stop;		/* set under lock */
	atomic_bool held;		/* nobody may begin with what takes locks of libraries */
};

int sdev_thread_start(pthread_t *thread, void *(*fn)(void *), void *arg, const char *name);
int sdev_engines_init(struct sdev *dev);
void sdev_engines_start(struct sdev *dev);
void sdev_engines_stop(struct sdev *dev);
void sdev_engines_kick(struct sdev *dev);
unsigned int sdev_usable_cpus(void);	/* cpus.c */

/* ---- exec.c, operand.c, pump.c, comp.c, object.c, stream.c, session.c: jobs ------------------------ */

/* Source or destination of a descriptor, and how far it has been used. */
struct sdev_operand {
	struct sdev_seg flat;
	const struct sdev_seg *seg;	/* the one in use */
	uint32_t off;			/* bytes of it that are used up */
	uint64_t left;			/* bytes of it and of those that follow */
};

/* Client memory that a page request is about. */
struct sdev_range {
	uint64_t va;
	uint64_t len;
	enum sdev_access access;
};
#define SDEV_NO_PAGE	1u		/* no address of a page */

struct sdev_job {
	struct sdev *dev;
	struct sdev_queue *queue;
	struct sdev_as *as;
	struct sdev_lane *lane;
	const struct sdev_guard_ops *guard;
	const struct sdev_desc *desc;
	const struct sdev_ext *ext;	/* for SDEV_OPS_EXT */
	struct sdev_cpl *cpl;
	bool nowait;			/* a page that is not there ends it with PAGE_FAULT */
	bool walked;			/* src and dst are ready */
	uint64_t refused;		/* this page will not come, or SDEV_NO_PAGE */
	struct sdev_parked *resume;	/* it was parked before */
	struct sdev_object *held;	/* by a job that parks, and goes on */
	struct sdev_kept *kept;		/* likewise */
	struct sdev_range miss;		/* what the last PAGE_FAULT was about */
	struct sdev_operand src;
	struct sdev_operand dst;
};

/* A PAGE_FAULT now would park the job, which will go on later, and not complete it. */
static inline bool sdev_job_parks(const struct sdev_job *job)
{
	return job->nowait && !(job->desc->flags & SDEV_F_FAULT_REPORT);
}

/*
 * What a job gets when it translates: it may wait for pages, or PAGE_FAULT says
 * that one is missing. A job that has begun what cannot be begun again, such as
 * writing over its own source, must not be turned away any more.
 */
static inline void sdev_job_commit(struct sdev_job *job)
{
	job->nowait = false;
	job->lane->inject.report = false;
}

static inline void sdev_job_end(struct sdev_job *job, enum sdev_comp_status status,
				unsigned int detail)
{
	job->cpl->end = SDEV_CPL_END(status, detail, 0);
}

void sdev_job_fault(struct sdev_job *job, const struct sdev_fault *fault);
void sdev_job_errno(struct sdev_job *job, int rc);
void sdev_job_codec(struct sdev_job *job, enum codec_rc rc);
bool sdev_job_operands(struct sdev_job *job);

size_t sdev_operand_window(struct sdev_job *job, struct sdev_operand *op, size_t max,
			   const uint8_t **p, struct sdev_fault *fault);
void sdev_operand_advance(struct sdev_operand *op, size_t n);
const uint8_t *sdev_operand_all(struct sdev_job *job, struct sdev_operand *op,
				struct sdev_fault *fault);
size_t sdev_operand_get(struct sdev_job *job, struct sdev_operand *op, uint8_t *to, size_t len,
			struct sdev_fault *fault);
void sdev_operand_skip(struct sdev_operand *op, size_t n);
size_t sdev_operand_put(struct sdev_job *job, struct sdev_operand *op, const uint8_t *from,
			size_t len, struct sdev_fault *fault);
bool sdev_operand_absent(struct sdev_job *job, const struct sdev_operand *op, size_t len,
			 struct sdev_fault *fault);
bool sdev_operand_writable(struct sdev_job *job, const struct sdev_operand *op, size_t len,
			   struct sdev_fault *fault);

enum sdev_pump_end {
	SDEV_PUMP_ALL,		/* source used up, output delivered */
	SDEV_PUMP_FULL,		/* no room in dst; source or output may be left */
	SDEV_PUMP_END,		/* the data has ended */
	SDEV_PUMP_SRC,		/* fault reading; everything before it is delivered */
	SDEV_PUMP_DST,		/* fault writing; left[] is not delivered */
	SDEV_PUMP_CODEC,	/* rc says why */
	SDEV_PUMP_LOST,		/* source vanished under the codec: its state is void */
	SDEV_PUMP_CUT,		/* somebody waits for the step */
};

/* A codec stream between the operands of a job. */
struct sdev_pump {
	const struct codec_row *row;
	void *state;
	bool last;
	bool sync;
	bool whole;		/* find out whether one byte more would have come */
	/* results */
	enum codec_rc rc;
	bool full;		/* the last run filled its output: there may be more */
	struct sdev_fault fault;
	const uint8_t *left;
	size_t left_len;
};

enum sdev_pump_end sdev_pump(struct sdev_job *job, struct sdev_pump *pump);

static inline uint8_t sdev_comp_dir(uint8_t op)
{
	return op == SDEV_OP_COMPRESS ? CODEC_COMPRESS : CODEC_DECOMPRESS;
}

struct codec_params sdev_comp_params(const struct sdev_desc *d, uint8_t op);
void sdev_comp_run(struct sdev_job *job);

/* What the objects of a kind have in common. destroy() frees the body and wipes what is secret. */
struct sdev_object_kind {
	void (*destroy)(void *body);
};

struct sdev_object {
	_Atomic uint64_t word;		/* see object.c */
	uint32_t index;
	_Atomic(struct sdev_as *) as;	/* whose it is; steady while the generation is, and kind, body */
	_Atomic(const struct sdev_object_kind *) kind;
	void *body;
	struct sdev_object *next;	/* in the free list */
};

struct sdev_object_chunk;
struct sdev_objects {
	pthread_mutex_t lock;
	_Atomic(struct sdev_object_chunk *) *chunks;
	uint32_t used;			/* places ever used; lock */
	struct sdev_object *free_head;	/* lock; first in, first out */
	struct sdev_object *free_tail;
};

int sdev_objects_init(struct sdev *dev);
void sdev_objects_exit(struct sdev *dev);
void sdev_objects_destroy(struct sdev *dev, const struct sdev_as *as);	/* NULL: all */
void sdev_objects_forget(struct sdev *dev);
int sdev_object_new(struct sdev_job *job, const struct sdev_object_kind *kind, void *body);
struct sdev_object *sdev_object_take(struct sdev_job *job, const struct sdev_object_kind *kind);
struct sdev_object *sdev_object_share(struct sdev_job *job, const struct sdev_object_kind *kind);
struct sdev_object *sdev_object_doom(struct sdev_job *job, const struct sdev_object_kind *kind);
const struct sdev_object_kind *sdev_object_named(const struct sdev_job *job);
void sdev_object_again(struct sdev_object *o);
void sdev_object_put(struct sdev *dev, struct sdev_object *o);
void sdev_object_done(struct sdev_job *job, struct sdev_object *o);
void sdev_object_close(struct sdev *dev, struct sdev_object *o);

void sdev_stream_open(struct sdev_job *job);
void sdev_stream_reset(struct sdev_job *job);
void sdev_stream_tell(struct sdev_job *job);
void sdev_stream_close(struct sdev_job *job);
void sdev_stream_run(struct sdev_job *job);

/* session.c: what sessions do is asked by its number, enum sdev_alg. */
uint64_t sdev_algs(const struct sdev *dev, unsigned int word);
void sdev_session_open(struct sdev_job *job);
void sdev_session_close(struct sdev_job *job);

/* crypto/: CIPHER, DIGEST and AEAD, many jobs at a time. */
extern const struct sdev_object_kind sdev_sym_kind;
uint64_t sdev_sym_algs(unsigned int word);
void sdev_sym_open(struct sdev_job *job);
void sdev_sym_run(struct sdev_job *jobs, unsigned int n);
void sdev_sym_lane_free(struct sym_lane *sym);
const char *sdev_sym_library(const struct sdev *dev, unsigned int i, const char **version);

/* libcrypto.c: the library context of every engine over libcrypto. */
struct ossl_lib_ctx_st *sdev_libcrypto(void);

/* pk.c: the algorithms of PK. */
extern const struct sdev_object_kind sdev_pk_kind;
uint64_t sdev_pk_algs(unsigned int word);
void sdev_pk_open(struct sdev_job *job);
void sdev_pk_run(struct sdev_job *job);
void sdev_pk_forget(void);		/* in a forked child */

/* ---- inject.c: failures on purpose ------------------------------------------- */

bool sdev_inject_due(struct sdev_queue *q, enum sdev_inject_what what);
enum sdev_comp_status sdev_inject_begin(struct sdev_job *job);
uint32_t sdev_inject_post(struct sdev_queue *q, uint32_t tail, const struct sdev_cpl *cpl);
bool sdev_inject_holds(struct sdev_queue *q);
void sdev_inject_release(struct sdev_queue *q);
int sdev_inject_set(struct sdev_file *file, struct sdev_admin *cmd);
int sdev_inject_get(struct sdev_file *file, struct sdev_admin *cmd);
void sdev_inject_drop(struct sdev_queue *q);

/* ---- park.c: descriptors that wait for a page -------------------------------- */

#define SDEV_GROUP_MAX	16u		/* requests of one group */

enum sdev_response {
	SDEV_RESPONSE_SUCCESS,
	SDEV_RESPONSE_INVALID,		/* there is no such page */
	SDEV_RESPONSE_FAILURE,		/* it cannot be brought */
};

/* Output of a whole job that its destination has not got, and the codec it came from. */
struct sdev_kept {
	uint8_t *p;
	size_t len;
	size_t off;
	enum codec_rc rc;
	const struct codec_row *row;	/* with @state */
	void *state;			/* NULL: the codec is done */
};

struct sdev_parked {
	struct sdev_parked *next;	/* in a list of its queue */
	struct sdev_parked **at;
	struct sdev_queue *queue;
	struct sdev_as *as;
	struct sdev_desc desc;
	struct sdev_ext ext;
	struct sdev_cpl cpl;		/* as far as the job has come */
	uint64_t miss_va;
	unsigned int tries;		/* without getting on */
	uint64_t tries_at;
	bool walked;
	struct sdev_operand src;
	struct sdev_operand dst;
	struct sdev_seg *segs[2];	/* what is left of chains, by enum sdev_access */
	struct sdev_object *held;
	struct sdev_kept *kept;
	struct sdev_range ranges[SDEV_GROUP_MAX];
	unsigned int ranges_count;
	/* under pri.lock */
	unsigned int pending;		/* requests of the group that have no response */
	enum sdev_response response;	/* the worst of them */
	uint64_t refused;		/* what it is about */
	bool cancelled;			/* completed; freed with the last response */
	struct sdev_parked *retry_next;
};

struct sdev_kept *sdev_job_keep(struct sdev_job *job, const uint8_t *left, size_t len);
void sdev_kept_free(struct sdev_kept *kept);
bool sdev_park(struct sdev_job *job);
void sdev_parked_ready(struct sdev *dev, struct sdev_parked *p);
struct sdev_parked *sdev_parked_take(struct sdev_queue *q, unsigned int *count);
void sdev_parked_resume(struct sdev_parked *p, struct sdev_job *job);
bool sdev_parked_failed(const struct sdev_parked *p);
void sdev_parked_done(struct sdev_job *job);
void sdev_parked_cancel(struct sdev_queue *q, const struct sdev_as *as,
			enum sdev_comp_status status);
bool sdev_parked_sweep(struct sdev_queue *q);
bool sdev_parked_unwanted(struct sdev_queue *q);
void sdev_parked_unlist(struct sdev_parked *p);
void sdev_parked_free(struct sdev_parked *p);

/* ---- pri.c: page requests ------------------------------------------------------ */

struct sdev_pri;

int sdev_pri_init(struct sdev *dev, const struct sdev_config *config);
void sdev_pri_exit(struct sdev_pri *pri);
void sdev_pri_forget(struct sdev *dev);
void sdev_pri_lock(struct sdev_pri *pri);
bool sdev_pri_trylock(struct sdev_pri *pri);
void sdev_pri_unlock(struct sdev_pri *pri);
void sdev_pri_send(struct sdev_pri *pri, struct sdev_parked *p);
bool sdev_pri_cancel(struct sdev_pri *pri, struct sdev_parked *p);
bool sdev_pri_outstanding(struct sdev_pri *pri, const struct sdev_as *as);
void sdev_pri_wait(struct sdev_pri *pri, const struct sdev_as *as);
void sdev_pri_mark(struct sdev_pri *pri, struct sdev_as *as);
bool sdev_pri_poll(struct sdev_pri *pri);
uint32_t sdev_pri_depth(const struct sdev_pri *pri);

/* ---- reset.c: state and isolation ------------------------------------------- */

struct sdev_health {
	struct wdi_spin lock;
	uint64_t hour;			/* when the current hour began, ns */
	uint32_t failures;
	uint32_t limit;
};

void sdev_reset(struct sdev *dev);
void sdev_reset_begin(struct sdev *dev);	/* from a step, which calls the other when it has ended */
void sdev_isolate(struct sdev *dev);
void sdev_fail(struct sdev *dev, const char *what);
uint32_t sdev_failures(struct sdev *dev);
uint32_t sdev_isolate_limit(struct sdev *dev);
void sdev_isolate_set(struct sdev *dev, uint32_t limit);

/* ---- the device --------------------------------------------------------------- */

struct sdev_file {
	struct sdev *dev;
	struct sdev_file *next;		/* sdev.lock */
	struct sdev_as *as;		/* sdev.lock */
	struct sdev_as *untagged;	/* as long as the file */
	_Atomic(struct sdev_guest *) guest;	/* NULL: PASIDs are the device's */
	struct sdev_maps maps;
	pthread_mutex_t mailbox;	/* one admin command at a time */
	struct sdev_admin answer;
};

struct sdev {
	uint32_t max_queues;
	uint32_t max_depth;
	uint32_t codecs;
	uint32_t crypto;		/* SDEV_CRYPTO_*: libraries that sessions may use */
	uint64_t spin_ns;
	uint64_t va_limit;		/* first address beyond what a client can have */
	enum sdev_guard guard_kind;
	const struct sdev_guard_ops *guard;
	enum sdev_fault_mode fault_mode;
	struct sdev_lookup lookup;
	const char *platform;		/* compatible string, NULL: no platform device */
	struct sdev_pri *pri;
	_Atomic uint32_t parked;	/* descriptors that wait, or are ready to go on */
	_Atomic uint64_t counters[SDEV_COUNTER_COUNT];
	struct sdev_status *status;	/* what clients see in status_ro */
	struct sdev_status *status_ro;
	uint8_t *doorbells;
	uint8_t *dus;
	struct sdev_queue *queues;	/* never moves and never goes: steps scan it unlocked */
	_Atomic uint64_t *open;		/* bit a queue that exists */
	_Atomic uint32_t open_words;	/* words of it that were ever used */
	_Atomic uint32_t state;		/* enum sdev_dev_state */
	atomic_bool reset_due;		/* a step began one */

	pthread_mutex_t lock;		/* files, queues, bonds, reset */
	struct sdev_file *files;
	_Atomic uint32_t queues_used;

	struct sdev_pasids pasids;
	struct sdev_objects objects;
	struct sdev_drain drain;
	struct sdev_engines engines;
	struct sdev_health health;
};

static inline struct sdev_doorbell *sdev_doorbell_of(const struct sdev *dev, uint32_t queue)
{
	return (void *)(dev->doorbells + (size_t)queue * SDEV_PAGE_SIZE);
}

static inline uint8_t *sdev_dus_of(const struct sdev *dev, uint32_t queue)
{
	return dev->dus + (size_t)queue * SDEV_DUS_STRIDE(dev->max_depth);
}

static inline void sdev_count(struct sdev *dev, enum sdev_counter c)
{
	atomic_fetch_add_explicit(&dev->counters[c], 1, memory_order_relaxed);
}

struct sdev_as *sdev_as_other(struct sdev_queue *q);

/* The bond that the queue was made for, or NULL; valid until the step ends. */
static inline struct sdev_as *sdev_as_of(struct sdev_queue *q)
{
	struct sdev_as *as = atomic_load(&q->dev->pasids.table[atomic_load(&q->pasid)]);

	if (wdi_likely(as && atomic_load(&as->user) == q->file && as->life == q->life))
		return as;
	return sdev_as_other(q);
}

/* The client has no use for the descriptor any more. */
static inline bool sdev_tag_cancelled(const struct sdev_queue *q, uint32_t tag)
{
	const struct sdev_doorbell *db = q->db;

	if (wdi_likely(!wdi_io_load32(&db->cancel_on)))
		return false;
	for (size_t i = 0; i < wdi_array_size(db->cancel); i++) {
		if (wdi_io_load32(&db->cancel[i]) == tag)
			return true;
	}
	return false;
}

static inline bool sdev_job_cancelled(const struct sdev_job *job)
{
	return sdev_tag_cancelled(job->queue, job->desc->tag);
}

/* Why the job's step must not run on: somebody waits for it. DONE: go on. */
static inline enum sdev_comp_status sdev_job_cut(const struct sdev_job *job)
{
	if (wdi_unlikely(atomic_load_explicit(&job->dev->state, memory_order_relaxed) !=
			 SDEV_DEV_RUNNING))
		return SDEV_ST_RESET;
	if (wdi_unlikely(atomic_load_explicit(&job->queue->state, memory_order_relaxed) ==
			 SDEV_QUEUE_STOPPED))
		return SDEV_ST_CANCELLED;
	if (wdi_unlikely(sdev_job_cancelled(job)))
		return SDEV_ST_CANCELLED;
	return SDEV_ST_DONE;
}

/* regs.c */
ssize_t sdev_regs_read(struct sdev_file *file, void *buf, size_t len, uint64_t off);
ssize_t sdev_regs_write(struct sdev_file *file, const void *buf, size_t len, uint64_t off);

/* Region offsets, as the VFIO bus drivers lay them out. */
#define SDEV_REGION_SHIFT	40
#define SDEV_REGION_OFFSET(region)	((uint64_t)(region) << SDEV_REGION_SHIFT)
uint64_t sdev_region_size(const struct sdev *dev, unsigned int region);

#endif
