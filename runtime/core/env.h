/* SPDX-License-Identifier: MIT */
/* Environment options of the library; the rows are in env.c. */
#ifndef WEFT_CORE_ENV_H
#define WEFT_CORE_ENV_H

#include <stdint.h>

#include "util/options.h"

struct wdi_class_env {
	const char *ctx_num;		/* WD_<CLASS>_CTX_NUM */
	uint32_t async_poll_en;
	uint32_t async_poll_num;
	uint32_t epoll_en;
};

enum wdi_fork_mode {
	WDI_FORK_OWN,
	WDI_FORK_INHERIT,
};

struct wdi_env {
	const char *log;		/* read by the log itself */
	int32_t engine_threads;
	uint32_t guard;			/* position in the row's names */
	uint32_t fault_mode;		/* likewise; enum sdev_fault_mode */
	uint32_t codecs;
	uint32_t crypto;
	uint32_t spin_us;
	uint32_t inline_steps;
	uint32_t direct;
	uint32_t ctx_max;
	uint32_t queue_depth;
	uint32_t isolate;
	const char *inject;
	uint32_t fault_policy;		/* enum weft_fault_policy */
	uint32_t deadline_ms;		/* 0: none */
	uint32_t fork;			/* enum wdi_fork_mode */
	struct wdi_class_env comp;
	struct wdi_class_env cipher;
	struct wdi_class_env digest;
	struct wdi_class_env aead;
	struct wdi_class_env rsa;
	struct wdi_class_env dh;
	struct wdi_class_env ecc;
};

/* A fresh reading; text values point into the environment. */
void wdi_core_env_load(struct wdi_env *env);

/* Row @index, NULL past the last. */
const struct wdi_opt_row *wdi_core_env_row(unsigned int index);

#endif
