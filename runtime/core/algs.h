/* SPDX-License-Identifier: MIT */
/*
 * The algorithms of the crypto classes, by name and with their sizes. Device lists
 * and classes read one table; it stands with the classes (alg/algs.def).
 */
#ifndef WEFT_CORE_ALGS_H
#define WEFT_CORE_ALGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(default)

/*
 * struct wdi_alg_row - one algorithm. Lengths are in bytes.
 * @name:	as programs ask for it: "cbc(aes)"
 * @class:	of the class that has it: "cipher"
 * @device:	enum wdi_alg: what a device calls it
 * @alg, @mode:	enumerators of the class's public header; of an AEAD, those of the cipher
 * @mac:	AEAD of a cipher and an HMAC: enum wd_digest_type
 * @key_min, @key_max, @key_step: lengths of the key, @key_max 0 where there is none
 * @unit:	cipher: what lengths of data are multiples of; digest: the hash's block
 * @least:	cipher: the shortest data
 * @iv:		cipher: bytes of the IV
 * @out:	digest: bytes of the result; AEAD: of the longest tag
 * @state:	digest: bytes of the chaining state, 0 where it is not shown
 */
struct wdi_alg_row {
	const char *name;
	const char *class;
	uint8_t device;
	uint8_t alg;
	uint8_t mode;
	uint8_t mac;
	uint8_t unit;
	uint8_t least;
	uint8_t iv;
	uint8_t out;
	uint8_t state;
	uint16_t key_min;
	uint16_t key_max;
	uint16_t key_step;
};

extern const struct wdi_alg_row wdi_alg_rows[];
extern const size_t wdi_alg_row_count;

/* The row called @name, or NULL. */
const struct wdi_alg_row *wdi_alg_row_by_name(const char *name);
/* The first row of @class with these enumerators, or NULL. */
const struct wdi_alg_row *wdi_alg_row_find(const char *class, unsigned int alg,
					   unsigned int mode);

static inline bool wdi_alg_key_fits(const struct wdi_alg_row *row, size_t len)
{
	return len >= row->key_min && len <= row->key_max && row->key_max &&
	       (len - row->key_min) % row->key_step == 0;
}

#pragma GCC visibility pop

#endif
