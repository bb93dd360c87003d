/* SPDX-License-Identifier: MIT */
/*
 * The frame of an API test: environment, contexts, requests, memory that ends
 * where it must. A case may run in a process of its own or after others in one
 * (CK_FORK=no), so each leaves nothing behind: contexts released, class down,
 * environment as it was.
 */
#ifndef WEFT_TEST_API_COMMON_H
#define WEFT_TEST_API_COMMON_H

#include <check.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uadk/wd_comp.h>
#include <uadk/wd_sched.h>
#include <weft/weft.h>

#include "oracle.h"

/* ---- frame -------------------------------------------------------------- */

/* A case whose tests find the environment as it was, and leave it so. */
TCase *add_case(Suite *suite, const char *name);
int run_suite(Suite *suite);

/* setenv() until the end of the test; NULL: unset. */
void env(const char *name, const char *value);

bool on_thread_sanitizer(void);

/* Whether everything takes many times as long: a sanitizer or valgrind looks on. */
bool slow(void);
bool on_valgrind(void);

/*
 * Whether a child may allocate that was forked while another thread did: see
 * quiet_fork.h. A test asks if its other threads never sleep.
 */
bool can_fork_beside_threads(void);

/*
 * in_child() - run @fn in a forked child. Returns its result (0 to 127), or -1
 * if it did not come to one. In the child nothing of check may be used; expect()
 * returns 1 from the function and says where.
 */
int in_child(int (*fn)(void *), void *arg);

#define expect(condition) \
	do { \
		if (!(condition)) { \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
			return 1; \
		} \
	} while (0)

/* What a request returned and its status, once it has. */
#define assert_result(req, want_ret, ret, want_status) \
	do { \
		int ret_ = (ret); \
		\
		ck_assert_msg(ret_ == (want_ret) && (req)->status == (__u32)(want_status), \
			      "returned %d, status %u; expected %d, %d", ret_, (req)->status, \
			      (want_ret), (int)(want_status)); \
	} while (0)

/* What a status that only the library can set looks like before it did. */
#define UNTOUCHED	0xabcdefu

/* ---- memory ------------------------------------------------------------- */

size_t page_size(void);
/* A hint for mmap(), where nobody else maps anything: a hole stays one, if it is to be had. */
void *far_away(void);
/* @len bytes, 0 or more, with a page behind the last one that nobody may touch. */
uint8_t *fenced(size_t len);
void fenced_free(uint8_t *p, size_t len);

unsigned int open_fds(void);

/* ---- contexts ----------------------------------------------------------- */

struct uacce_dev *any_device(void);
handle_t new_ctx(void);
/* Contexts that the device has left. */
int free_ctxs(void);

/* wd_comp_init2() with its defaults, and its end. */
void start(void);
void finish(void);

/* Contexts and a round robin scheduler over them, brought by the program. */
#define RIG_MAX	16
struct rig {
	struct wd_ctx ctxs[RIG_MAX];
	struct wd_ctx_config config;
	struct wd_cap_config cap;
	struct wd_sched *sched;
};

/* @async contexts, after @sync synchronous ones; each does both directions. */
void rig_up(struct rig *rig, unsigned int sync, unsigned int async);
void rig_down(struct rig *rig);
/* The same in two steps each, for what lies between. */
void rig_make(struct rig *rig, unsigned int sync, unsigned int async);
/* For another class than comp, by how it polls. */
void rig_make_polled(struct rig *rig, unsigned int sync, unsigned int async,
		     int (*poll)(__u32 index, __u32 expect, __u32 *count));
void rig_release(struct rig *rig);

/* ---- requests ----------------------------------------------------------- */

handle_t new_sess(enum wd_comp_alg_type alg, enum wd_comp_op_type dir, int level, int window);

struct wd_comp_req new_req(enum wd_comp_op_type dir, const void *src, size_t src_len, void *dst,
			   size_t dst_len);

enum way {
	WAY_SYNC,
	WAY_SYNC2,
	WAY_ASYNC,
	WAYS,
};

/*
 * Carry out a block request; returns what a synchronous call would. An
 * asynchronous one is sent and polled for, and its result put into @req.
 */
int run_block(enum way way, handle_t sess, struct wd_comp_req *req);

/* Compress and decompress through @sess_c and @sess_d, and by zlib. */
void assert_good(enum way way, enum wd_comp_alg_type alg, handle_t sess_c, handle_t sess_d);
/* The same through sessions of its own, in blocks and as a stream. */
void assert_works(void);
/* For in_child(): 0 if that works. */
int works(void);

#endif
