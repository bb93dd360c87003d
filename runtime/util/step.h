/* SPDX-License-Identifier: MIT */
/*
 * Does this thread run jobs of a software device? The libraries that the device is made of may
 * call code of the process (OpenSSL its engines), and that must not call the device: the
 * thread's scratch memory is in use.
 */
#ifndef WEFT_UTIL_STEP_H
#define WEFT_UTIL_STEP_H

extern __thread unsigned int wdi_step_depth __attribute__((tls_model("initial-exec")));

static inline void wdi_step_begin(void)
{
	wdi_step_depth++;
}

static inline void wdi_step_end(void)
{
	wdi_step_depth--;
}

#endif
