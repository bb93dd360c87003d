/* SPDX-License-Identifier: MIT */
/* OpenSSL's asynchronous jobs. */
#ifndef WEFT_OPENSSL_JOB_H
#define WEFT_OPENSSL_JOB_H

#include <stdbool.h>

/*
 * wdi_ossl_job_pause() - tell whoever waits for the current job that it can be resumed,
 * and pause it. Returns when it is resumed, or at once where pausing is not possible.
 */
void wdi_ossl_job_pause(void);

/*
 * wdi_ossl_job_call() - call @fn. OpenSSL gives jobs stacks of 32 KiB without a guard page,
 * too small for an engine, so inside one it runs on a stack of its thread's own. @fn must
 * not pause.
 */
void wdi_ossl_job_call(void (*fn)(void *arg), void *arg);

/* Is this thread in the middle of wdi_ossl_job_call()? */
bool wdi_ossl_job_calling(void);

#endif
