/* SPDX-License-Identifier: MIT */
#include "alg/pk.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "core/secret.h"
#include "util/bits.h"
#include "util/log.h"

static struct wdi_pk_sess *to_pk(struct wdi_sess *sess)
{
	return wdi_container_of(sess, struct wdi_pk_sess, base);
}

/* ---- memory ---------------------------------------------------------------- */

void *wdi_pk_mem_alloc(size_t size)
{
	void *mem;

	if (size <= WDI_SECRET_MAX)
		return wdi_core_secret_alloc(size);
	mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mem == MAP_FAILED)
		return NULL;
	madvise(mem, size, MADV_DONTDUMP);
	return mem;
}

void wdi_pk_mem_free(void *mem, size_t size)
{
	if (!mem)
		return;
	if (size <= WDI_SECRET_MAX) {
		wdi_core_secret_free(mem, size);
		return;
	}
	explicit_bzero(mem, size);
	munmap(mem, size);
}

/* ---- sessions -------------------------------------------------------------- */

bool wdi_pk_ctx_fits(const struct wdi_ctx *ctx, enum wdi_alg alg)
{
	return wdi_core_ctx_can(ctx, WDI_OP_PK, alg);
}

void wdi_pk_close_objects(struct wdi_sess *sess, const struct wdi_route *route)
{
	wdi_keyring_close(&to_pk(sess)->ring, route);
}

void wdi_pk_destroy(struct wdi_pk_sess *s)
{
	wdi_keyring_destroy(&s->ring);
}

/* Open the session on the first device that has the algorithm. 0 or an errno. */
static int try_open(struct wdi_pk_sess *s, enum wdi_alg alg)
{
	struct wdi_route routes[WDI_ROUTES_MAX];
	unsigned int count = wdi_class_routes(s->base.class, s->base.epoch, routes, WDI_ROUTES_MAX);
	struct wdi_key *key = wdi_keyring_hold(&s->ring);
	uint32_t object;
	int ret = ENOTSUP;

	for (unsigned int i = 0; i < count && ret == ENOTSUP; i++) {
		if (wdi_pk_ctx_fits(routes[i].ctx, alg))
			ret = -wdi_key_open(key, &s->base, &routes[i], &object);
	}
	wdi_key_release(key);
	return ret;
}

struct wdi_pk_sess *wdi_pk_alloc(struct wdi_class *c, enum wdi_alg alg, uint32_t bits,
				 const struct wdi_pk_curve *curve, void *sched_param, bool open)
{
	struct wdi_pk_sess *s = (struct wdi_pk_sess *)wdi_sess_new(c, sched_param);
	int err = ENOMEM;

	if (!s)
		return NULL;
	s->key_size = (bits + 7) / 8;
	if (!wdi_keyring_set(&s->ring, &s->base, &(struct wdi_key_setup){
				.alg = (uint8_t)alg, .bits = bits, .key2 = curve,
				.len2 = curve ? sizeof(*curve) : 0 }))
		err = open ? try_open(s, alg) : 0;
	if (!err)
		return s;
	wdi_sess_free(c, s->base.handle);
	errno = err;
	return NULL;
}

/* ---- messages -------------------------------------------------------------- */

void wdi_pk_begin(struct wdi_msg *msg, enum wdi_pk_op op)
{
	msg->op = WDI_OP_PK;
	msg->on_fault = WDI_FAULT_REPEAT;
	msg->pk.op = (uint8_t)op;
	msg->src = msg->params;	/* asynchronous; wdi_core_run() finds another place */
	msg->src_len = 0;
	msg->pk.results = 0;
}

static unsigned int add(struct wdi_msg *msg, const void *at, uint32_t len)
{
	unsigned int number = msg->src_len / sizeof(*msg->params);

	msg->params[number] = (struct wdi_pk_param){ .at = at, .len = len };
	msg->src_len += sizeof(*msg->params);
	return number;
}

void wdi_pk_add(struct wdi_msg *msg, const void *at, uint32_t len)
{
	add(msg, at, len);
}

unsigned int wdi_pk_add_result(struct wdi_msg *msg, void *at, uint32_t room)
{
	msg->pk.results++;
	return add(msg, at, room);
}

unsigned int wdi_pk_add_room(struct wdi_msg *msg, const struct wd_dtb *dtb)
{
	return wdi_pk_add_result(msg, dtb->data, dtb->bsize);
}

/* ---- requests -------------------------------------------------------------- */

/* The session, held, or NULL when anything is wrong (logged). */
static struct wdi_pk_sess *checked(const struct wdi_pk_calls *calls, uintptr_t handle,
				   const void *req, bool async)
{
	struct wdi_sess *sess = wdi_sess_get(calls->class, handle);
	const char *wrong;

	if (wdi_unlikely(!sess))
		return NULL;
	wrong = req ? calls->wrong(to_pk(sess), req, async) : "the request is NULL";
	if (wdi_likely(!wrong))
		return to_pk(sess);
	wdi_err("%s: %s", calls->class->ops->name, wrong);
	wdi_sess_put(sess);
	return NULL;
}

int wdi_pk_do_sync(const struct wdi_pk_calls *calls, uintptr_t handle, void *req)
{
	struct wdi_pk_sess *s = checked(calls, handle, req, false);
	struct wdi_key *key;
	struct wdi_msg msg;
	int ret;

	if (wdi_unlikely(!s))
		return -WD_EINVAL;
	key = wdi_keyring_hold(&s->ring);
	wdi_msg_clear(&msg);
	calls->class->ops->fill(&s->base, req, &msg);
	ret = wdi_key_run(&s->base, key, &msg, true);
	if (wdi_likely(!ret))
		ret = calls->finish(req, &msg);
	wdi_key_release(key);
	wdi_sess_put(&s->base);
	return ret;
}

int wdi_pk_do_async(const struct wdi_pk_calls *calls, uintptr_t handle, const void *req)
{
	struct wdi_pk_sess *s = checked(calls, handle, req, true);
	struct wdi_key *key;
	int ret;

	if (wdi_unlikely(!s))
		return -WD_EINVAL;
	key = wdi_keyring_hold(&s->ring);
	ret = wdi_key_send(&s->base, key, req);
	/* A request in flight keeps both holds. */
	if (wdi_unlikely(ret)) {
		wdi_key_release(key);
		wdi_sess_put(&s->base);
	}
	return ret;
}

void wdi_pk_end_async(const struct wdi_pk_calls *calls, struct wdi_msg *msg)
{
	calls->finish(msg->req, msg);
	wdi_key_ended(msg);
}

int wdi_pk_status(const struct wdi_msg *msg)
{
	switch (msg->status) {
	case WDI_ST_AUTH_FAILED:
		return WD_VERIFY_ERR;
	case WDI_ST_BAD_KEY:
		return WD_IN_EPARA;
	case WDI_ST_NO_OBJECT:
		return WD_HW_EACCESS;
	default:
		return (int)wdi_class_outcome(msg)->status;
	}
}
