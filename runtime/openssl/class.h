/* SPDX-License-Identifier: MIT */
/*
 * libwd_crypto's classes: their contexts, which open with the first session and close before
 * libcrypto does, and what is under way in them.
 */
#ifndef WEFT_OPENSSL_CLASS_H
#define WEFT_OPENSSL_CLASS_H

#include "openssl/dev.h"

/* Open, now or before. False: the device cannot be had. */
bool wdi_ossl_class_up(enum wdi_ossl_class class);

/*
 * wdi_ossl_class_call() - @fn may use libwd and contexts of the class: they do not close
 * meanwhile. It runs on a stack that is large enough. False, without a call: they have closed
 * for ever.
 */
bool wdi_ossl_class_call(enum wdi_ossl_class class, void (*fn)(void *arg), void *arg);
void wdi_ossl_class_free_sess(enum wdi_ossl_class class, handle_t sess);

/* Which context this thread's operations go to. */
uint32_t wdi_ossl_class_pos(enum wdi_ossl_class class);

/*
 * wdi_ossl_class_sends() - an operation is going to be sent there; contexts stay until
 * wdi_ossl_class_has() says that it has come back, or could not be sent. False: they have closed
 * for ever.
 */
bool wdi_ossl_class_sends(enum wdi_ossl_class class, uint32_t pos);
void wdi_ossl_class_has(enum wdi_ossl_class class, uint32_t pos);

/* One round of collecting, which runs what nobody has begun; true if something came. */
bool wdi_ossl_class_collect(enum wdi_ossl_class class, uint32_t pos);

/*
 * wdi_ossl_class_sleep() - another thread has what is to be waited for. It may have collected it,
 * too, of which nobody is told; therefore not for long.
 */
void wdi_ossl_class_sleep(enum wdi_ossl_class class, uint32_t pos);

/*
 * wdi_ossl_classes_close() - run what is under way to its end and close all contexts. What another
 * thread is in the middle of for more than a second is left alone. @for_ever: nothing is
 * opened or sent any more.
 */
void wdi_ossl_classes_close(bool for_ever);
void wdi_ossl_classes_after_fork(void);

/* The clock that all this goes by. */
double wdi_ossl_seconds(void);

#endif
