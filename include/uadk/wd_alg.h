/* SPDX-License-Identifier: MIT */
/* Names of algorithms and the kinds of things that compute them. */
#ifndef UADK_WD_ALG_H
#define UADK_WD_ALG_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>
#include <linux/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/* Room for the name of an algorithm and of a device or driver, with the NUL. */
#define ALG_NAME_SIZE		128
#define DEV_NAME_LEN		128

/* What does the work: wd_capability.calc_type. */
enum alg_dev_type {
	UADK_ALG_SOFT = 0x0,		/* code on the CPU */
	UADK_ALG_CE_INSTR = 0x1,	/* its crypto instructions */
	UADK_ALG_SVE_INSTR = 0x2,	/* its vector instructions */
	UADK_ALG_HW = 0x3,		/* a device */
};

/*
 * wd_get_alg_type() - class of an algorithm: "cbc(aes)" is a "cipher".
 * @alg_name: the algorithm.
 * @alg_type: where the class is written, ALG_NAME_SIZE bytes.
 *
 * 0, or -WD_EINVAL: an argument is NULL, or no such algorithm is known; then
 * @alg_type is untouched.
 */
int wd_get_alg_type(const char *alg_name, char *alg_type);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
