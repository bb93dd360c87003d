/* SPDX-License-Identifier: MIT */
#include "zlib/engine.h"

#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "uadk/wd_comp.h"
#include "uadk/wd_sched.h"
#include "weft/comp.h"
#include "zlib/checksum.h"
#include "zlib/log.h"
#include "zlib/settings.h"
#include "zlib/system.h"

#define LIBRARY		"libwd_comp.so.2"
#define LEVELS		10
#define POOL		16	/* decompressing sessions kept for the next stream */
#define DEPTH_MAX	16
#define JOB_MAX		((size_t)1 << 30)

/* What is used of libwd_comp, by name. */
#define WD_FUNCTIONS(f)							\
	f(int, wd_comp_init2_, (const char *, __u32, int, struct wd_ctx_params *))	\
	f(handle_t, wd_comp_alloc_sess, (struct wd_comp_sess_setup *))	\
	f(void, wd_comp_free_sess, (handle_t))				\
	f(int, wd_comp_reset_sess, (handle_t))				\
	f(int, wd_do_comp_sync, (handle_t, struct wd_comp_req *))	\
	f(int, wd_do_comp_async, (handle_t, struct wd_comp_req *))	\
	f(int, wd_do_comp_strm, (handle_t, struct wd_comp_req *))	\
	f(int, wd_comp_poll, (__u32, __u32 *))				\
	f(int, weft_comp_sess_open_end, (uintptr_t))			\
	f(int, weft_comp_strm_tell, (uintptr_t, struct weft_comp_place *))	\
	f(weft_checksum_fn *, weft_checksum, (enum weft_checksum))

static struct {
#define F(ret, name, params)	ret (*name) params;
	WD_FUNCTIONS(F)
#undef F
	uintptr_t from[2], to[2];	/* code of libwd_comp and libwd */
} wd;

enum { UNLOADED, LOADING, READY, ABSENT };
static _Atomic int state = UNLOADED;
static _Atomic bool opened;	/* wd is filled, and stays */
static _Atomic uint64_t seen;	/* bytes that the process has brought */
unsigned int wdi_z_generation;

/* Sessions that block jobs share: any number of threads may use one. */
static _Atomic handle_t compressors[LEVELS][2], decompressor;

/* Sessions whose stream is at rest. */
static struct {
	atomic_flag lock;
	unsigned int count;
	handle_t sess[POOL];
} pool = { .lock = ATOMIC_FLAG_INIT };

static _Atomic int under_way;	/* parts of all streams */

/* ---- loading ------------------------------------------------------------------ */

static void *open_beside_us(void)
{
	char path[PATH_MAX];
	const char *slash;
	Dl_info info;

	if (!dladdr((void *)(uintptr_t)wdi_z_engine, &info) || !info.dli_fname)
		return NULL;
	slash = strrchr(info.dli_fname, '/');
	if (!slash)
		return NULL;
	/* The preloaded build stands beside it, the one in zlib's place a folder below. */
	for (const char *up = ""; up; up = *up ? NULL : "../") {
		void *handle;

		if (snprintf(path, sizeof(path), "%.*s/%s" LIBRARY, (int)(slash - info.dli_fname),
			     info.dli_fname, up) >= (int)sizeof(path))
			return NULL;
		handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
		if (handle)
			return handle;
	}
	return NULL;
}

static bool resolve(void *handle)
{
	void *symbol;

#define F(ret, name, params)							\
	symbol = dlsym(handle, #name);						\
	if (!symbol) {								\
		wdi_z_log(WDI_Z_LOG_ERROR, LIBRARY " has no " #name);		\
		return false;							\
	}									\
	memcpy(&wd.name, &symbol, sizeof(symbol));
	WD_FUNCTIONS(F)
#undef F
	return wdi_z_object_of((const void *)(uintptr_t)wd.wd_comp_alloc_sess, &wd.from[0],
			       &wd.to[0]) &&
	       wdi_z_object_of((const void *)(uintptr_t)wd.weft_checksum, &wd.from[1], &wd.to[1]);
}

static bool open_library(void)
{
	void *handle = open_beside_us();

	if (!handle)
		handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!handle) {
		wdi_z_log(WDI_Z_LOG_WARN, "%s; zlib does everything", dlerror());
		return false;
	}
	if (!resolve(handle)) {
		dlclose(handle);
		return false;
	}
	wdi_z_checksum_use(wd.weft_checksum(WEFT_CRC32), wd.weft_checksum(WEFT_ADLER32));
	return true;
}

/* Somebody in the process may have initialised the class: that serves as well. */
static bool begin(void)
{
	int ret;

	if (!atomic_load_explicit(&opened, memory_order_relaxed)) {
		if (!open_library())
			return false;
		atomic_store_explicit(&opened, true, memory_order_release);
	}
	ret = wd.wd_comp_init2_("deflate", SCHED_POLICY_RR, TASK_MIX, NULL);
	if (ret && ret != -WD_EEXIST) {
		wdi_z_log(WDI_Z_LOG_WARN, "no device to compress with (%d); zlib does everything",
			  ret);
		return false;
	}
	return true;
}

static bool engine_load(size_t bytes)
{
	int expected = UNLOADED;
	uint64_t before = atomic_fetch_add_explicit(&seen, bytes, memory_order_relaxed);

	if (before + bytes < wdi_z_settings()->min_bytes ||
	    !atomic_compare_exchange_strong(&state, &expected, LOADING))
		return false;
	atomic_store(&state, begin() ? READY : ABSENT);
	return atomic_load(&state) == READY;
}

bool wdi_z_engine(size_t bytes)
{
	int now = atomic_load_explicit(&state, memory_order_acquire);

	if (wdi_z_likely(now == READY))
		return true;
	return now == UNLOADED && engine_load(bytes);
}

bool wdi_z_engine_calls(const void *caller)
{
	uintptr_t at = (uintptr_t)caller;

	/* Pairs with the release in begin(), before which nothing of it has run. */
	if (!atomic_load_explicit(&opened, memory_order_acquire))
		return false;
	for (unsigned int i = 0; i < 2; i++) {
		if (at - wd.from[i] < wd.to[i] - wd.from[i])
			return true;
	}
	return false;
}

/* ---- fork ------------------------------------------------------------------------ */

/*
 * In the child nothing is initialised, and sessions are its parent's. The wait
 * for our own lock keeps the pool whole; opening the library is not waited for,
 * since a child that forks out of that moment has no use of it.
 */
static void fork_prepare(void)
{
	while (atomic_flag_test_and_set_explicit(&pool.lock, memory_order_acquire))
		sched_yield();
}

static void fork_parent(void)
{
	atomic_flag_clear_explicit(&pool.lock, memory_order_release);
}

static void fork_child(void)
{
	int was = atomic_load(&state);

	wdi_z_generation++;
	for (unsigned int i = 0; i < LEVELS; i++) {
		atomic_store(&compressors[i][0], 0);
		atomic_store(&compressors[i][1], 0);
	}
	atomic_store(&decompressor, 0);
	atomic_store(&under_way, 0);
	pool.count = 0;
	atomic_flag_clear_explicit(&pool.lock, memory_order_release);
	atomic_store(&state, was == READY ? UNLOADED : ABSENT);
	if (was == UNLOADED)
		atomic_store(&state, UNLOADED);
}

__attribute__((constructor)) static void engine_at_load(void)
{
	pthread_atfork(fork_prepare, fork_parent, fork_child);
}

/* ---- sessions ----------------------------------------------------------------------- */

static handle_t session_new(enum wd_comp_op_type op, int level, bool open_end)
{
	struct sched_params param = { .numa_id = -1, .type = (__u8)op };
	struct wd_comp_sess_setup setup = {
		.alg_type = WD_DEFLATE,
		.comp_lv = (enum wd_comp_level)level,
		.win_sz = WD_COMP_WS_32K,
		.op_type = op,
		.sched_param = &param,
	};
	handle_t sess = wd.wd_comp_alloc_sess(&setup);

	if (sess && open_end && wd.weft_comp_sess_open_end(sess)) {
		wd.wd_comp_free_sess(sess);
		sess = 0;
	}
	return sess;
}

/* The session in a place that threads may fill at the same time. */
static handle_t session_in(_Atomic handle_t *place, enum wd_comp_op_type op, int level,
			   bool open_end)
{
	handle_t sess = atomic_load_explicit(place, memory_order_acquire), made;

	if (wdi_z_likely(sess))
		return sess;
	made = session_new(op, level, open_end);
	if (!made)
		return 0;
	if (atomic_compare_exchange_strong(place, &sess, made))
		return made;
	wd.wd_comp_free_sess(made);
	return sess;
}

/* WEFT_ZLIB=fast: the two fast levels for all that ask for more. */
static int level_of(int level)
{
	if (wdi_z_settings()->mode != WDI_Z_FAST)
		return level;
	return level < 6 ? 1 : 2;
}

static handle_t compressor(int level, bool open_end)
{
	level = level_of(level);
	return session_in(&compressors[level][open_end], WD_DIR_COMPRESS, level, open_end);
}

/* ---- whole jobs ----------------------------------------------------------------------- */

static struct wd_comp_req request(enum wd_comp_op_type op, const uint8_t *in, size_t in_len,
				  uint8_t *out, size_t out_len)
{
	return (struct wd_comp_req){
		.src = (void *)(uintptr_t)in,	/* only read from */
		.src_len = (__u32)in_len,
		.dst = out,
		.dst_len = (__u32)wdi_z_min(out_len, (size_t)UINT32_MAX),
		.op_type = op,
		.data_fmt = WD_FLAT_BUF,
	};
}

/* A full ring is no reason to do without: its jobs end. */
static int send_and_wait(int (*fn)(handle_t, struct wd_comp_req *), handle_t sess,
			 struct wd_comp_req *req)
{
	int ret;

	while ((ret = fn(sess, req)) == -WD_EBUSY)
		sched_yield();
	return ret;
}

static enum wdi_z_job_end run(handle_t sess, struct wd_comp_req *req)
{
	if (!sess || send_and_wait(wd.wd_do_comp_sync, sess, req))
		return WDI_Z_JOB_FAILED;
	return req->status ? WDI_Z_JOB_NOT : WDI_Z_JOB_DONE;
}

enum wdi_z_job_end wdi_z_engine_compress(int level, bool open, const uint8_t *in, size_t in_len,
					 uint8_t *out, size_t *out_len)
{
	struct wd_comp_req req = request(WD_DIR_COMPRESS, in, in_len, out, *out_len);
	enum wdi_z_job_end end;

	if (in_len > JOB_MAX)
		return WDI_Z_JOB_FAILED;
	end = run(compressor(level, open), &req);
	*out_len = end == WDI_Z_JOB_DONE ? req.dst_len : 0;
	return end;
}

enum wdi_z_job_end wdi_z_engine_decompress(const uint8_t *in, size_t *in_len, uint8_t *out,
					   size_t *out_len)
{
	struct wd_comp_req req = request(WD_DIR_DECOMPRESS, in, *in_len, out, *out_len);
	enum wdi_z_job_end end;

	if (*in_len > JOB_MAX)
		return WDI_Z_JOB_FAILED;
	end = run(session_in(&decompressor, WD_DIR_DECOMPRESS, 0, false), &req);
	*in_len = end == WDI_Z_JOB_DONE ? req.src_len : 0;
	*out_len = end == WDI_Z_JOB_DONE ? req.dst_len : 0;
	return end;
}

/* ---- parts ------------------------------------------------------------------------------ */

unsigned int wdi_z_engine_depth(void)
{
	static _Atomic int cpus;
	int n = atomic_load_explicit(&cpus, memory_order_relaxed);
	cpu_set_t set;

	if (!n) {
		n = sched_getaffinity(0, sizeof(set), &set) ? 1 : CPU_COUNT(&set);
		atomic_store_explicit(&cpus, n, memory_order_relaxed);
	}
	/* More than all CPUs can work on only takes memory. */
	if (n < 2 || atomic_load_explicit(&under_way, memory_order_relaxed) > 2 * n + 2)
		return 0;
	return (unsigned int)wdi_z_min(n + 1, DEPTH_MAX);
}

static void *part_done(struct wd_comp_req *req, void *param)
{
	struct wdi_z_part *part = param;

	part->out_len = req->dst_len;
	atomic_fetch_sub_explicit(&under_way, 1, memory_order_relaxed);
	/* Pairs with the acquire of whoever looks: what the part holds comes first. */
	atomic_store_explicit(&part->state, req->status ? WDI_Z_PART_FAILED : WDI_Z_PART_DONE,
			      memory_order_release);
	return NULL;
}

bool wdi_z_engine_send(int level, struct wdi_z_part *part)
{
	struct wd_comp_req req = request(WD_DIR_COMPRESS, part->in, part->in_len, part->out,
					 part->out_room);
	handle_t sess = compressor(level, !part->last);

	if (!sess)
		return false;
	req.cb = part_done;
	req.cb_param = part;
	part->generation = wdi_z_generation;
	atomic_store_explicit(&part->state, WDI_Z_PART_SENT, memory_order_relaxed);
	atomic_fetch_add_explicit(&under_way, 1, memory_order_relaxed);
	if (!wd.wd_do_comp_async(sess, &req))
		return true;
	atomic_fetch_sub_explicit(&under_way, 1, memory_order_relaxed);
	atomic_store_explicit(&part->state, WDI_Z_PART_IDLE, memory_order_relaxed);
	return false;
}

void wdi_z_engine_wait(struct wdi_z_part *part)
{
	struct timespec pause = { .tv_nsec = 20000 };

	while (atomic_load_explicit(&part->state, memory_order_acquire) == WDI_Z_PART_SENT) {
		__u32 count = 0;

		if (part->generation != wdi_z_generation) {
			/* It was sent by our parent, and ends there. */
			atomic_store(&part->state, WDI_Z_PART_FAILED);
			return;
		}
		wd.wd_comp_poll(1, &count);
		if (!count && atomic_load_explicit(&part->state, memory_order_acquire) ==
		    WDI_Z_PART_SENT)
			nanosleep(&pause, NULL);
	}
}

/* ---- streams ----------------------------------------------------------------------------- */

static void pool_lock(void)
{
	while (atomic_flag_test_and_set_explicit(&pool.lock, memory_order_acquire))
		sched_yield();
}

static void pool_unlock(void)
{
	atomic_flag_clear_explicit(&pool.lock, memory_order_release);
}

uintptr_t wdi_z_engine_strm_open(void)
{
	handle_t sess = 0;

	pool_lock();
	if (pool.count)
		sess = pool.sess[--pool.count];
	pool_unlock();
	return sess ? sess : session_new(WD_DIR_DECOMPRESS, 0, false);
}

void wdi_z_engine_strm_close(uintptr_t strm, unsigned int generation)
{
	bool kept = false;

	if (!strm || generation != wdi_z_generation)
		return;
	if (!wd.wd_comp_reset_sess(strm)) {
		pool_lock();
		kept = pool.count < POOL;
		if (kept)
			pool.sess[pool.count++] = strm;
		pool_unlock();
	}
	if (!kept)
		wd.wd_comp_free_sess(strm);
}

bool wdi_z_engine_strm_tell(uintptr_t strm, struct weft_comp_place *place)
{
	return !wd.weft_comp_strm_tell(strm, place);
}

enum wdi_z_strm_end wdi_z_engine_strm_run(uintptr_t strm, const uint8_t *in, size_t *in_len,
					  uint8_t *out, size_t *out_len)
{
	static uint8_t nowhere;
	struct wd_comp_req req = request(WD_DIR_DECOMPRESS, in ? in : &nowhere, *in_len, out,
					 *out_len);

	*in_len = 0;
	*out_len = 0;
	if (send_and_wait(wd.wd_do_comp_strm, strm, &req))
		return WDI_Z_STRM_NOT;
	*in_len = req.src_len;
	*out_len = req.dst_len;
	if (req.status == WD_STREAM_END)
		return WDI_Z_STRM_END;
	return req.status && req.status != WD_EAGAIN ? WDI_Z_STRM_NOT : WDI_Z_STRM_MORE;
}
