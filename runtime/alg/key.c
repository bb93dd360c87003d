/* SPDX-License-Identifier: MIT */
#include "alg/key.h"

#include <stdlib.h>
#include <string.h>

#include "core/secret.h"
#include "util/bits.h"
#include "util/log.h"

/* ---- one key ------------------------------------------------------------ */

static size_t key_size(uint32_t len, uint32_t len2)
{
	return sizeof(struct wdi_key) + len + len2;
}

static struct wdi_key *key_new(const struct wdi_key_setup *setup)
{
	struct wdi_key *key;

	if (setup->len > WDI_SECRET_MAX || setup->len2 > WDI_SECRET_MAX)
		return NULL;
	key = wdi_core_secret_alloc(key_size(setup->len, setup->len2));
	if (!key)
		return NULL;
	key->refs = 1;
	key->alg = setup->alg;
	key->bits = setup->bits;
	key->len = setup->len;
	key->len2 = setup->len2;
	pthread_mutex_init(&key->lock, NULL);
	if (setup->len)
		memcpy(key->bytes, setup->key, setup->len);
	if (setup->len2)
		memcpy(key->bytes + setup->len, setup->key2, setup->len2);
	return key;
}

static void key_free(struct wdi_key *key)
{
	struct wdi_key_object *o = key->objects;

	while (o) {
		struct wdi_key_object *next = o->next;

		free(o);
		o = next;
	}
	pthread_mutex_destroy(&key->lock);
	wdi_core_secret_free(key, key_size(key->len, key->len2));
}

void wdi_key_release(struct wdi_key *key)
{
	/* Never the last one: that is the ring's. */
	__atomic_sub_fetch(&key->refs, 1, __ATOMIC_RELEASE);
}

static struct wdi_key_object *object_in(struct wdi_key *key, uint64_t space)
{
	struct wdi_key_object *o = __atomic_load_n(&key->objects, __ATOMIC_ACQUIRE);

	while (o && o->space != space)
		o = o->next;
	return o;
}

/* With key->lock held. */
static int object_open(struct wdi_key *key, struct wdi_sess *sess, const struct wdi_route *route,
		       uint32_t *object)
{
	struct wdi_msg msg = {
		.op = WDI_OP_SESSION_OPEN,
		.src = key->bytes,
		.src_len = key->len,
		.session = {
			.alg = key->alg,
			.bits = key->bits,
			.key2 = key->len2 ? key->bytes + key->len : NULL,
			.key2_len = key->len2,
		},
	};
	int ret = wdi_core_run(route->q, &msg, sess->class->sleep_now);

	if (ret)
		return ret;
	if (msg.status != WDI_ST_DONE) {
		wdi_err("%s: %s does not open a session: %s, detail %u", sess->class->ops->name,
			wdi_core_ctx_device(route->ctx), wdi_core_status_name(msg.status),
			msg.detail);
		ret = wdi_class_outcome(&msg)->ret;
		return ret ? ret : -WD_HW_EACCESS;
	}
	*object = msg.object;
	return 0;
}

int wdi_key_open(struct wdi_key *key, struct wdi_sess *sess, const struct wdi_route *route,
		 uint32_t *object)
{
	uint64_t space = wdi_core_ctx_space(route->ctx);
	struct wdi_key_object *o = object_in(key, space);
	int ret = 0;

	*object = o ? __atomic_load_n(&o->object, __ATOMIC_ACQUIRE) : 0;
	if (wdi_likely(*object))
		return 0;
	pthread_mutex_lock(&key->lock);
	o = object_in(key, space);
	if (!o) {
		o = calloc(1, sizeof(*o));
		if (!o) {
			ret = -WD_ENOMEM;
			goto unlock;
		}
		o->space = space;
		o->next = key->objects;
		__atomic_store_n(&key->objects, o, __ATOMIC_RELEASE);
	}
	/* wdi_key_lost() does not take the lock. */
	*object = __atomic_load_n(&o->object, __ATOMIC_ACQUIRE);
	if (!*object)
		ret = object_open(key, sess, route, object);
	if (!ret)
		__atomic_store_n(&o->object, *object, __ATOMIC_RELEASE);
unlock:
	pthread_mutex_unlock(&key->lock);
	return ret;
}

void wdi_key_lost(struct wdi_key *key, uint32_t object)
{
	struct wdi_key_object *o = __atomic_load_n(&key->objects, __ATOMIC_ACQUIRE);
	uint32_t expected;

	for (; o; o = o->next) {
		expected = object;
		/* Somebody else may have been first, and opened another. */
		__atomic_compare_exchange_n(&o->object, &expected, 0, false, __ATOMIC_ACQ_REL,
					    __ATOMIC_RELAXED);
	}
}

/* Whether the key has no object left where @route leads. */
static bool key_close(struct wdi_key *key, const struct wdi_route *route)
{
	struct wdi_key_object *o = object_in(key, wdi_core_ctx_space(route->ctx));
	struct wdi_msg msg = { .op = WDI_OP_SESSION_CLOSE };

	msg.object = o ? __atomic_load_n(&o->object, __ATOMIC_ACQUIRE) : 0;
	if (!msg.object)
		return true;
	/* A full ring; any other answer means that the device has it no more. */
	if (wdi_core_run(route->q, &msg, false))
		return false;
	__atomic_store_n(&o->object, 0, __ATOMIC_RELEASE);
	return true;
}

/* ---- the keys of a session ----------------------------------------------- */

/* Take out of the ring the keys that were replaced and that no request holds. */
static struct wdi_key *ring_take_unused(struct wdi_keyring *ring)
{
	struct wdi_key *unused = NULL;

	wdi_spin_lock(&ring->lock);
	for (struct wdi_key **at = ring->keys ? &ring->keys->next : NULL; at && *at;) {
		struct wdi_key *key = *at;

		if (__atomic_load_n(&key->refs, __ATOMIC_ACQUIRE) > 1) {
			at = &key->next;
			continue;
		}
		*at = key->next;
		key->next = unused;
		unused = key;
	}
	wdi_spin_unlock(&ring->lock);
	return unused;
}

/* Behind the one in force, which is there. */
static void ring_put_back(struct wdi_keyring *ring, struct wdi_key *key)
{
	wdi_spin_lock(&ring->lock);
	key->next = ring->keys->next;
	ring->keys->next = key;
	wdi_spin_unlock(&ring->lock);
}

static void ring_sweep(struct wdi_keyring *ring, struct wdi_sess *sess)
{
	struct wdi_route routes[WDI_ROUTES_MAX];
	struct wdi_key *key = ring_take_unused(ring);
	unsigned int count = key ? wdi_class_routes(sess->class, sess->epoch, routes,
						    WDI_ROUTES_MAX) : 0;

	while (key) {
		struct wdi_key *next = key->next;
		bool closed = true;

		for (unsigned int i = 0; i < count; i++)
			closed &= key_close(key, &routes[i]);
		if (closed)
			key_free(key);
		else
			ring_put_back(ring, key);
		key = next;
	}
}

int wdi_keyring_set(struct wdi_keyring *ring, struct wdi_sess *sess,
		    const struct wdi_key_setup *setup)
{
	struct wdi_key *key = key_new(setup);

	if (!key) {
		wdi_err("%s: no memory for a key", sess->class->ops->name);
		return -WD_ENOMEM;
	}
	wdi_spin_lock(&ring->lock);
	key->next = ring->keys;
	ring->keys = key;
	wdi_spin_unlock(&ring->lock);
	ring_sweep(ring, sess);
	return 0;
}

struct wdi_key *wdi_keyring_hold(struct wdi_keyring *ring)
{
	struct wdi_key *key;

	wdi_spin_lock(&ring->lock);
	key = ring->keys;
	if (wdi_likely(key != NULL))
		__atomic_add_fetch(&key->refs, 1, __ATOMIC_RELAXED);
	wdi_spin_unlock(&ring->lock);
	return key;
}

void wdi_keyring_close(struct wdi_keyring *ring, const struct wdi_route *route)
{
	for (struct wdi_key *key = ring->keys; key; key = key->next)
		key_close(key, route);
}

void wdi_keyring_destroy(struct wdi_keyring *ring)
{
	while (ring->keys) {
		struct wdi_key *key = ring->keys;

		ring->keys = key->next;
		key_free(key);
	}
}

/* ---- requests ------------------------------------------------------------ */

int wdi_key_run(struct wdi_sess *sess, struct wdi_key *key, struct wdi_msg *msg, bool again)
{
	struct wdi_route route;
	int ret = wdi_class_route(sess, CTX_MODE_SYNC, &route);

	if (!ret)
		ret = wdi_key_open(key, sess, &route, &msg->object);
	if (!ret)
		ret = wdi_class_run_on(sess, &route, msg);
	if (wdi_likely(ret || msg->status != WDI_ST_NO_OBJECT))
		return ret;
	wdi_key_lost(key, msg->object);
	return again ? wdi_key_run(sess, key, msg, false) : 0;
}

int wdi_key_send(struct wdi_sess *sess, struct wdi_key *key, const void *req)
{
	struct wdi_route route;
	uint32_t object;
	int ret = wdi_class_route(sess, CTX_MODE_ASYNC, &route);

	if (!ret)
		ret = wdi_key_open(key, sess, &route, &object);
	return wdi_unlikely(ret) ? ret : wdi_class_send_on(sess, &route, req, object, key);
}

void wdi_key_ended(struct wdi_msg *msg)
{
	struct wdi_key *key = msg->priv;

	if (wdi_unlikely(msg->status == WDI_ST_NO_OBJECT))
		wdi_key_lost(key, msg->object);
	wdi_key_release(key);
}

void wdi_key_drop(struct wdi_sess *sess, struct wdi_msg *msg)
{
	(void)sess;
	wdi_key_release(msg->priv);
}
