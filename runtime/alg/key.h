/* SPDX-License-Identifier: MIT */
/*
 * Keys of sessions. A key is copied when it is set and becomes a session object of
 * a device when a request first needs it there. Requests in flight hold the key that
 * they began with, so setting another never pulls it away from them.
 */
#ifndef WEFT_ALG_KEY_H
#define WEFT_ALG_KEY_H

#include "alg/class.h"

/* The device object of a key in one place (see struct wdi_route). */
struct wdi_key_object {
	struct wdi_key_object *next;
	uint64_t space;
	uint32_t object;	/* 0: to be opened; atomic */
};

/*
 * It is the ring's, and stays in memory as long as that: when nobody holds it any more it
 * becomes another key. See wdi_keyring_hold().
 */
struct wdi_key {
	uint32_t refs;		/* atomic; the ring's, and one a request */
	uint8_t alg;		/* enum wdi_alg */
	uint32_t bits;		/* see struct wdi_msg */
	uint32_t len;
	uint32_t len2;
	pthread_mutex_t lock;	/* opening */
	struct wdi_key_object *objects;	/* only grows; atomic */
	struct wdi_key *next;	/* in its ring: older */
	uint8_t *bytes;		/* the key, then the second one; NULL: none */
};

/*
 * The keys of a session: the first is in force, those behind it are still held by
 * requests, or wait for somebody who may close them.
 */
struct wdi_keyring {
	struct wdi_spin lock;	/* the lists */
	struct wdi_key *keys;	/* atomic: read without the lock */
	struct wdi_key *spare;	/* no keys at the moment */
};

/* What a key is made of. @key, @key2: @len and @len2 bytes, NULL when there are none. */
struct wdi_key_setup {
	uint8_t alg;
	uint32_t bits;
	const void *key;
	uint32_t len;
	const void *key2;
	uint32_t len2;
};

/*
 * wdi_keyring_set() - a key for the session from now on. 0 or -WD_ENOMEM.
 * wdi_keyring_hold() - the key in force, to be released, or NULL.
 * wdi_key_hold(), wdi_key_release() - any thread.
 */
int wdi_keyring_set(struct wdi_keyring *ring, struct wdi_sess *sess,
		    const struct wdi_key_setup *setup);
struct wdi_key *wdi_keyring_hold(struct wdi_keyring *ring);
void wdi_key_release(struct wdi_key *key);

/*
 * wdi_key_open() - the key's device object where @route leads, opened if it is not
 * yet. 0, or a negative WD_*: -WD_EBUSY (the ring is full), -WD_EINVAL (the device
 * refuses the key, logged), -WD_ENOMEM, -WD_HW_EACCESS.
 */
int wdi_key_open(struct wdi_key *key, struct wdi_sess *sess, const struct wdi_route *route,
		 uint32_t *object);

/* The device does not know @object of @key any more (a reset): open another when needed. */
void wdi_key_lost(struct wdi_key *key, uint32_t object);

/*
 * wdi_key_run() - send a filled message on the device object of @key, and wait. @again:
 * if the device has lost the object, try once more on a new one. As wdi_class_run().
 *
 * wdi_key_send() - as wdi_class_send(); on success the request holds @key, which is in
 * msg.priv, until wdi_key_ended(). wdi_key_drop(): for wdi_class_ops.
 */
int wdi_key_run(struct wdi_sess *sess, struct wdi_key *key, struct wdi_msg *msg, bool again);
int wdi_key_send(struct wdi_sess *sess, struct wdi_key *key, const void *req);
void wdi_key_ended(struct wdi_msg *msg);
void wdi_key_drop(struct wdi_sess *sess, struct wdi_msg *msg);

/*
 * For close_objects() and destroy() of wdi_class_ops: nobody sends a request of the
 * session meanwhile.
 */
void wdi_keyring_close(struct wdi_keyring *ring, const struct wdi_route *route);
void wdi_keyring_destroy(struct wdi_keyring *ring);

#endif
