/* SPDX-License-Identifier: MIT */
/*
 * The device, by way of libwd_crypto: sessions, and operations that run in a job or at
 * once. One place for the whole process, started with the first operation, ended with
 * the last instance of the provider; an engine keeps it.
 */
#ifndef WEFT_OPENSSL_DEV_H
#define WEFT_OPENSSL_DEV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uadk/wd_aead.h>
#include <uadk/wd_cipher.h>
#include <uadk/wd_dh.h>
#include <uadk/wd_digest.h>
#include <uadk/wd_ecc.h>
#include <uadk/wd_rsa.h>

enum wdi_ossl_class {
	WDI_OSSL_CLASS_CIPHER,
	WDI_OSSL_CLASS_DIGEST,
	WDI_OSSL_CLASS_AEAD,
	WDI_OSSL_CLASS_RSA,
	WDI_OSSL_CLASS_ECC,
	WDI_OSSL_CLASS_DH,
	WDI_OSSL_CLASSES
};

/* Where data go. */
enum wdi_ossl_where {
	WDI_OSSL_CPU,
	WDI_OSSL_DEV_SYNC,
	WDI_OSSL_DEV_ASYNC,	/* the caller is a job that can pause */
};

struct wdi_ossl_limits;

/*
 * wdi_ossl_where() - for data of @len bytes, of which the caller has seen len >= limits->least.
 * What the device itself asks of libcrypto, in the middle of a call of ours, is the CPU's.
 */
enum wdi_ossl_where wdi_ossl_where(const struct wdi_ossl_limits *limits, size_t len);

/* True in a job that can pause. */
bool wdi_ossl_in_job(void);

/* True in a job for which @len bytes are enough; @async_min and @fd_min as in the limits. */
bool wdi_ossl_job_takes(size_t len, size_t async_min, size_t fd_min);

/* ---- sessions ----------------------------------------------------------------------- */

/* A session with its key. Contexts that were copied share it. */
struct wdi_ossl_sess;

/*
 * A new one, held once; NULL if the device has no such algorithm, refuses the key, or
 * cannot be reached. @alg, @mode as in algs.def; for digests the mode is enum
 * wd_digest_mode and @key may be NULL; for AEAD @tag is the length of tags.
 */
struct wdi_ossl_sess *wdi_ossl_sess_new(enum wdi_ossl_class class, int alg, int mode,
					const uint8_t *key, size_t key_len, size_t tag);

/*
 * Any other session: @open makes it, on a stack that is large enough; 0: the device does
 * not have it.
 */
typedef handle_t wdi_ossl_open_fn(struct wdi_ossl_sess *sess, const void *arg);
struct wdi_ossl_sess *wdi_ossl_sess_open(enum wdi_ossl_class class, wdi_ossl_open_fn *open,
					 const void *arg);
handle_t wdi_ossl_sess_handle(const struct wdi_ossl_sess *sess);

/* Something that belongs to a session and ends with it, by @free. */
void wdi_ossl_sess_set_extra(struct wdi_ossl_sess *sess, void *extra, void (*free)(void *extra));
void *wdi_ossl_sess_extra(const struct wdi_ossl_sess *sess);

/* @older, which may be NULL, is put along with @sess. */
void wdi_ossl_sess_keep(struct wdi_ossl_sess *sess, struct wdi_ossl_sess *older);

struct wdi_ossl_sess *wdi_ossl_sess_hold(struct wdi_ossl_sess *sess);
void wdi_ossl_sess_put(struct wdi_ossl_sess *sess);

/*
 * The session of a digest without a key, which holds nothing of a message: each thread's
 * turn has one. NULL as above; not the caller's to put.
 */
struct wdi_ossl_row;
struct wdi_ossl_sess *wdi_ossl_sess_shared(const struct wdi_ossl_row *row);

/* False after a fork: the session was the parent's. */
bool wdi_ossl_sess_valid(const struct wdi_ossl_sess *sess);

/* ---- operations --------------------------------------------------------------------- */

/*
 * One operation in work: memory that outlives the context it belongs to, so that a
 * context may be freed while the device still works. The device writes here and nowhere
 * else; what the application gave is read, and written by its own thread afterwards. A
 * device that fails has therefore spoilt nothing and the CPU can do the work again.
 */
enum wdi_ossl_op_state {
	WDI_OSSL_OP_IDLE,	/* the context's alone; its result, if it had work, is there */
	WDI_OSSL_OP_WORK,	/* the device writes */
	WDI_OSSL_OP_LEFT,	/* the same, and the context has gone */
};

struct wdi_ossl_op {
	int state;		/* enum wdi_ossl_op_state, atomic */
	int status;		/* 0 or what libwd says, positive */
	uint32_t pos;		/* context of the class */
	uint32_t epoch;		/* when it was sent */
	uint32_t forks;
	bool busy;
	uint8_t iv[MAX_IV_SIZE];
	uint8_t mac[64];
	size_t room;
	size_t used;		/* how much of buf has ever been asked for */
	uint8_t *buf;
	size_t produced;	/* DH: bytes of the result */
	struct wdi_ossl_sess *sess;	/* ECC: held as long as objects of it are */
	struct wd_ecc_in *in;
	struct wd_ecc_out *out;
};

/*
 * wdi_ossl_op_room() - make *@op if it is NULL, with @room bytes at buf; what was there before
 * is lost if there were fewer. False: no memory.
 */
bool wdi_ossl_op_room(struct wdi_ossl_op **op, size_t room);

/*
 * The context is through with it: what it had is wiped, at once or when the device is through as well.
 * NULL is allowed.
 */
void wdi_ossl_op_put(struct wdi_ossl_op *op);

/* The device begins, and ends, to work; afterwards the operation may be gone. */
void wdi_ossl_op_work(struct wdi_ossl_op *op);
void wdi_ossl_op_done(struct wdi_ossl_op *op);

/* In a fork's child; at the end of the device. */
void wdi_ossl_op_after_fork(void);
void wdi_ossl_op_free_spares(void);

/*
 * Run a request, whose callback members are filled here, as @where says. 0: the device did
 * it. -EBUSY: @op is in work for a job that has not come back. Another negative errno:
 * it did not. WD_VERIFY_ERR: a tag that does not match. Inside a job other code of the
 * same thread runs before this returns.
 */
int wdi_ossl_run_cipher(struct wdi_ossl_sess *sess, struct wdi_ossl_op *op,
			struct wd_cipher_req *req, enum wdi_ossl_where where);
int wdi_ossl_run_digest(struct wdi_ossl_sess *sess, struct wdi_ossl_op *op,
			struct wd_digest_req *req, enum wdi_ossl_where where);
int wdi_ossl_run_aead(struct wdi_ossl_sess *sess, struct wdi_ossl_op *op,
		      struct wd_aead_req *req, enum wdi_ossl_where where);
int wdi_ossl_run_rsa(struct wdi_ossl_sess *sess, struct wdi_ossl_op *op, struct wd_rsa_req *req,
		     enum wdi_ossl_where where);
int wdi_ossl_run_ecc(struct wdi_ossl_sess *sess, struct wdi_ossl_op *op, struct wd_ecc_req *req,
		     enum wdi_ossl_where where);
int wdi_ossl_run_dh(struct wdi_ossl_sess *sess, struct wdi_ossl_op *op, struct wd_dh_req *req,
		    enum wdi_ossl_where where);

/*
 * wdi_ossl_op_hold_ecc() - the objects of a request, either of which may be NULL, are the
 * operation's from now on, until wdi_ossl_op_drop_ecc() or its end.
 */
void wdi_ossl_op_hold_ecc(struct wdi_ossl_op *op, struct wdi_ossl_sess *sess, struct wd_ecc_in *in,
			  struct wd_ecc_out *out);
void wdi_ossl_op_drop_ecc(struct wdi_ossl_op *op);

/* Which of the threads this is; what threads should not share is spread over WDI_OSSL_TURNS. */
#define WDI_OSSL_TURNS	16
uint32_t wdi_ossl_turn(void);

/* Known answers through the device. 0, or a negative errno, and which of them went how wrong. */
int wdi_ossl_self_test(const char **name, const char **what);

/* The part of it that has to do with keys: the name of what went wrong, or NULL. */
const char *wdi_ossl_self_test_pk(void);

/* Users of all this: instances of the provider, or the engine. The last one out closes the device. */
void wdi_ossl_dev_get(void);
void wdi_ossl_dev_put(void);

#endif
