/* SPDX-License-Identifier: MIT */
#include "alg/key.h"

#include <stdlib.h>
#include <string.h>

#include "core/secret.h"
#include "util/bits.h"
#include "util/log.h"

/* ---- one key ------------------------------------------------------------ */

static struct wdi_key *spare_take(struct wdi_keyring *ring)
{
	struct wdi_key *key;

	wdi_spin_lock(&ring->lock);
	key = ring->spare;
	if (key)
		ring->spare = key->next;
	wdi_spin_unlock(&ring->lock);
	if (key)
		return key;
	key = calloc(1, sizeof(*key));
	if (key)
		pthread_mutex_init(&key->lock, NULL);
	return key;
}

static void spare_give(struct wdi_keyring *ring, struct wdi_key *key)
{
	wdi_spin_lock(&ring->lock);
	key->next = ring->spare;
	ring->spare = key;
	wdi_spin_unlock(&ring->lock);
}

static struct wdi_key *key_new(struct wdi_keyring *ring, const struct wdi_key_setup *setup)
{
	uint8_t *bytes = NULL;
	struct wdi_key *key;

	if (setup->len > WDI_SECRET_MAX || setup->len2 > WDI_SECRET_MAX - setup->len)
		return NULL;
	if (setup->len + setup->len2) {
		bytes = wdi_core_secret_alloc(setup->len + setup->len2);
		if (!bytes)
			return NULL;
	}
	key = spare_take(ring);
	if (!key) {
		wdi_core_secret_free(bytes, setup->len + setup->len2);
		return NULL;
	}
	/* Somebody who came too late for what it was may be about to let go of it. */
	__atomic_add_fetch(&key->refs, 1, __ATOMIC_RELAXED);
	key->alg = setup->alg;
	key->bits = setup->bits;
	key->len = setup->len;
	key->len2 = setup->len2;
	key->bytes = bytes;
	if (setup->len)
		memcpy(bytes, setup->key, setup->len);
	if (setup->len2)
		memcpy(bytes + setup->len, setup->key2, setup->len2);
	return key;
}

/* It is no key any more, and nobody's but who calls. */
static void key_wipe(struct wdi_key *key)
{
	struct wdi_key_object *o = key->objects;

	while (o) {
		struct wdi_key_object *next = o->next;

		free(o);
		o = next;
	}
	key->objects = NULL;
	wdi_core_secret_free(key->bytes, key->len + key->len2);
	key->bytes = NULL;
	__atomic_sub_fetch(&key->refs, 1, __ATOMIC_RELEASE);
}

void wdi_key_release(struct wdi_key *key)
{
	/* Never the last one: that is the ring's. */
	__atomic_sub_fetch(&key->refs, 1, __ATOMIC_RELEASE);
}

static inline struct wdi_key_object *object_in(struct wdi_key *key, uint64_t space)
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

/* It has not been opened there yet. */
__attribute__((noinline))
static int object_make(struct wdi_key *key, struct wdi_sess *sess, const struct wdi_route *route,
		       uint32_t *object)
{
	struct wdi_key_object *o;
	int ret = 0;

	pthread_mutex_lock(&key->lock);
	o = object_in(key, route->space);
	if (!o) {
		o = calloc(1, sizeof(*o));
		if (!o) {
			ret = -WD_ENOMEM;
			goto unlock;
		}
		o->space = route->space;
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

int wdi_key_open(struct wdi_key *key, struct wdi_sess *sess, const struct wdi_route *route,
		 uint32_t *object)
{
	struct wdi_key_object *o = object_in(key, route->space);

	*object = wdi_likely(o != NULL) ? __atomic_load_n(&o->object, __ATOMIC_ACQUIRE) : 0;
	return wdi_likely(*object) ? 0 : object_make(key, sess, route, object);
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
	struct wdi_key_object *o = object_in(key, route->space);
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

		/* See wdi_keyring_hold(). */
		if (__atomic_load_n(&key->refs, __ATOMIC_SEQ_CST) > 1) {
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
		if (closed) {
			key_wipe(key);
			spare_give(ring, key);
		} else {
			ring_put_back(ring, key);
		}
		key = next;
	}
}

int wdi_keyring_set(struct wdi_keyring *ring, struct wdi_sess *sess,
		    const struct wdi_key_setup *setup)
{
	struct wdi_key *key = key_new(ring, setup);

	if (!key) {
		wdi_err("%s: no memory for a key", sess->class->ops->name);
		return -WD_ENOMEM;
	}
	wdi_spin_lock(&ring->lock);
	key->next = ring->keys;
	__atomic_store_n(&ring->keys, key, __ATOMIC_SEQ_CST);
	wdi_spin_unlock(&ring->lock);
	ring_sweep(ring, sess);
	return 0;
}

/*
 * Without a lock. What is read first may be no key any more when it is counted, but the
 * memory is still the ring's, and its count only ever goes up and down: a request too many
 * makes somebody wait, and is taken back. If the ring still says, after the count, that this
 * is the key in force, it is held: who replaces a key first writes the new one and then reads
 * the count of the old one, and who holds it first writes the count and then reads which is in
 * force, all in one order (SEQ_CST), so that one of the two sees the other. It may have been
 * another key meanwhile; then it is that one that is held.
 */
struct wdi_key *wdi_keyring_hold(struct wdi_keyring *ring)
{
	struct wdi_key *key = __atomic_load_n(&ring->keys, __ATOMIC_ACQUIRE), *now;

	while (wdi_likely(key != NULL)) {
		__atomic_add_fetch(&key->refs, 1, __ATOMIC_SEQ_CST);
		now = __atomic_load_n(&ring->keys, __ATOMIC_SEQ_CST);
		if (wdi_likely(now == key))
			break;
		wdi_key_release(key);
		key = now;
	}
	return key;
}

void wdi_keyring_close(struct wdi_keyring *ring, const struct wdi_route *route)
{
	for (struct wdi_key *key = ring->keys; key; key = key->next)
		key_close(key, route);
}

void wdi_keyring_destroy(struct wdi_keyring *ring)
{
	struct wdi_key *key = ring->keys, *next;

	for (; key; key = next) {
		next = key->next;
		key_wipe(key);
		spare_give(ring, key);
	}
	ring->keys = NULL;
	for (key = ring->spare; key; key = next) {
		next = key->next;
		pthread_mutex_destroy(&key->lock);
		free(key);
	}
	ring->spare = NULL;
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
