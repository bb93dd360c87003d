/* SPDX-License-Identifier: MIT */
/*
 * What the provider and the engine have in common besides the device itself (dev.h): the
 * rows of algs.def, from which size on the device is asked, options, and counting.
 *
 * Functions between our files return 0 or a negative errno.
 */
#ifndef WEFT_OPENSSL_COMMON_H
#define WEFT_OPENSSL_COMMON_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/core_dispatch.h>

#define wdi_array_size(a)	(sizeof(a) / sizeof((a)[0]))
#define wdi_unlikely(x)		__builtin_expect(!!(x), 0)
#define wdi_likely(x)		__builtin_expect(!!(x), 1)

/* A threshold that nothing reaches. */
#define WDI_OSSL_NEVER	SIZE_MAX
/* The same, and the configuration does not change it; see algs.def. */
#define WDI_OSSL_LOCKED	(SIZE_MAX - 1)

/* What the section in openssl.cnf says, or control commands; see docs/openssl.md. */
struct wdi_ossl_config {
	bool async;		/* use the device inside jobs */
	bool sync;		/* use it outside, where it is faster */
	size_t async_min;	/* 0: what was measured, for each algorithm */
	size_t sync_min;
	unsigned int operations;	/* bits 1 << OSSL_OP_* that are offered */
};

/*
 * wdi_ossl_config_set() - an option by its name. 0; -ENOENT: there is none of that name;
 * -EINVAL: a value that is none of its, *@expects says what is.
 */
void wdi_ossl_config_default(struct wdi_ossl_config *config);
int wdi_ossl_config_set(struct wdi_ossl_config *config, const char *name, const char *text,
			const char **expects);

/* "yes", "no" and their like. */
bool wdi_ossl_parse_bool(const char *text, bool *out);

/* The names of the options, by their numbers, and NULL. */
const char *wdi_ossl_config_name(size_t option);

/* ---- algorithms ------------------------------------------------------------------- */

enum wdi_ossl_id {
#define CIPHER(id, ...) WDI_OSSL_##id,
#define AEAD CIPHER
#define DIGEST CIPHER
#define MAC CIPHER
#define KEYMGMT CIPHER
#define SIGNATURE CIPHER
#define ASYM CIPHER
#define KEYEXCH CIPHER
#define KEM CIPHER
#include "openssl/algs.def"
	WDI_OSSL_IMPLS
};

/* What the numbers of a key are. */
enum wdi_ossl_family {
	WDI_OSSL_FAMILY_RSA,
	WDI_OSSL_FAMILY_EC,
	WDI_OSSL_FAMILY_SM2,
	WDI_OSSL_FAMILY_X25519,
	WDI_OSSL_FAMILY_X448,
	WDI_OSSL_FAMILY_DH,
	WDI_OSSL_FAMILIES
};

enum wdi_ossl_mac_kind {
	WDI_OSSL_HMAC,
	WDI_OSSL_CMAC,
	WDI_OSSL_GMAC,
};

/*
 * The constant half of an algorithm: a row of algs.def.
 * @alg, @mode: enum wd_cipher_alg and wd_cipher_mode, enum wd_digest_type,
 *	enum wdi_ossl_mac_kind, or enum wdi_ossl_family
 * @async_min, @sync_min: see algs.def
 */
struct wdi_ossl_row {
	const char *name;
	uint8_t operation;	/* OSSL_OP_* */
	uint8_t alg;
	uint8_t mode;
	uint8_t iv;
	bool aead;
	bool pieces;
	size_t async_min;
	size_t sync_min;
};
extern const struct wdi_ossl_row wdi_ossl_rows[WDI_OSSL_IMPLS];

/* From how many bytes on the device is asked. */
struct wdi_ossl_limits {
	size_t async_min;
	size_t fd_min;		/* the same where a descriptor, not a callback, wakes the job */
	size_t sync_min;
	size_t least;		/* the smallest of them */
	bool encrypt_only;	/* async_min is for encryption, decryption stays on the CPU */
};
size_t wdi_ossl_fd_min(size_t async_min, const struct wdi_ossl_config *config);
void wdi_ossl_limits_set(struct wdi_ossl_limits *limits, const struct wdi_ossl_row *row,
			 const struct wdi_ossl_config *config);

/*
 * wdi_ossl_log() - an error, where WEFT_LOG asks for them. OpenSSL goes on without a provider or
 * an engine that its configuration file names and that did not load, and drops the reason.
 */
void wdi_ossl_log(const char *reason, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

/* ---- counting ---------------------------------------------------------------------- */

enum wdi_ossl_path {
	WDI_OSSL_PATH_CPU,	/* the default provider's code */
	WDI_OSSL_PATH_SYNC,	/* the device, waited for */
	WDI_OSSL_PATH_ASYNC,	/* the device, inside a job */
	WDI_OSSL_PATH_REDONE,	/* the device failed, done again on the CPU */
	WDI_OSSL_PATHS
};

/* Counted only where a report was asked for; one load and a branch otherwise. */
extern bool wdi_ossl_counting;
void wdi_ossl_count_(const struct wdi_ossl_row *row, enum wdi_ossl_path path, size_t bytes);
static inline void wdi_ossl_count(const struct wdi_ossl_row *row, enum wdi_ossl_path path,
				  size_t bytes)
{
	if (wdi_unlikely(wdi_ossl_counting))
		wdi_ossl_count_(row, path, bytes);
}
void wdi_ossl_count_start(void);

#endif
