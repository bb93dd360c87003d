/* SPDX-License-Identifier: MIT */
/* What the tests of symmetric sessions share: the device rig, sessions and descriptors. */
#ifndef WEFT_TEST_CRYPTO_RIG_H
#define WEFT_TEST_CRYPTO_RIG_H

#include "crypto_ref.h"
#include "device_rig.h"

/* Each guard, by pollers and by threads, with ipsec-mb and without. */
static const struct crypto_mode {
	int guard;
	int threads;
	uint32_t crypto;	/* of sdev_config */
} crypto_modes[] = {
	{ SDEV_GUARD_SIGNAL, 0, 0 },
	{ SDEV_GUARD_SIGNAL, 0, 2 },
	{ SDEV_GUARD_COPY, 0, 0 },
	{ SDEV_GUARD_COPY, 2, 2 },
	{ SDEV_GUARD_OFF, 0, 0 },
	{ SDEV_GUARD_SIGNAL, 2, 0 },
};
#define CRYPTO_MODES	((int)wdi_array_size(crypto_modes))

static inline bool crypto_skip(int mode)
{
	return rig_valgrind() && crypto_modes[mode].guard != SDEV_GUARD_COPY;
}

static inline void crypto_open(struct rig *rig, int mode)
{
	const struct sdev_config config = {
		.max_queues = 4,
		.max_depth = 128,
		.guard = crypto_modes[mode].guard,
		.engine_threads = crypto_modes[mode].threads,
		.crypto = crypto_modes[mode].crypto,
	};

	rig_open_config(rig, &config, 128);
}

static inline void crypto_put(struct rig_queue *q, const struct sdev_slot *slot)
{
	q->sq[q->tail++ & (q->depth - 1)] = *slot;
}

static inline struct sdev_cpl crypto_run(struct rig_queue *q, const struct sdev_slot *slot)
{
	struct sdev_cpl cpl;

	crypto_put(q, slot);
	rig_ring(q);
	cpl = rig_wait(q);
	ck_assert_uint_eq(cpl.tag, slot->desc.tag);
	return cpl;
}

static inline struct sdev_slot crypto_session_slot(unsigned int alg, const void *key, size_t len,
						   const void *key2, size_t len2)
{
	return (struct sdev_slot){
		.desc = {
			.opcode = SDEV_OP_SESSION_OPEN,
			.session.alg = (uint8_t)alg,
			.src_va = (uintptr_t)key,
			.src_len = (uint32_t)len,
		},
		.ext.session = { .key2_va = (uintptr_t)key2, .key2_len = (uint32_t)len2 },
	};
}

static inline uint32_t crypto_session(struct rig *rig, unsigned int alg, const void *key, size_t len,
				      const void *key2, size_t len2)
{
	const struct sdev_slot slot = crypto_session_slot(alg, key, len, key2, len2);
	struct sdev_cpl cpl = crypto_run(&rig->q, &slot);

	rig_assert(cpl, SDEV_ST_DONE, 0);
	ck_assert_uint_ne(cpl.object, 0);
	return cpl.object;
}

static inline struct sdev_slot crypto_close_slot(uint32_t object)
{
	return (struct sdev_slot){ .desc = { .opcode = SDEV_OP_SESSION_CLOSE, .object = object } };
}

static inline void crypto_session_close(struct rig *rig, uint32_t object)
{
	const struct sdev_slot slot = crypto_close_slot(object);

	rig_assert(crypto_run(&rig->q, &slot), SDEV_ST_DONE, 0);
}

/* CIPHER and AEAD, whole. */
static inline struct sdev_slot crypto_slot(uint8_t op, uint32_t object, bool decrypt, const void *src,
					   void *dst, size_t len)
{
	return (struct sdev_slot){
		.desc = {
			.opcode = op,
			.object = object,
			.src_va = (uintptr_t)src,
			.src_len = (uint32_t)len,
			.dst_va = (uintptr_t)dst,
			.dst_len = (uint32_t)len,
			.sym.flags = (uint8_t)((decrypt ? SDEV_SYM_DECRYPT : 0) |
					       (op == SDEV_OP_CIPHER ? 0 :
						SDEV_SYM_FIRST | SDEV_SYM_LAST)),
		},
	};
}

static inline void crypto_iv(struct sdev_slot *slot, const void *iv, size_t len)
{
	slot->desc.iv_va = (uintptr_t)iv;
	slot->desc.sym.iv_len = (uint16_t)len;
}

static inline void crypto_aead(struct sdev_slot *slot, const void *aad, size_t aad_len, void *mac,
			       size_t mac_len)
{
	slot->ext.aead.aad_va = (uintptr_t)aad;
	slot->ext.aead.aad_len = (uint32_t)aad_len;
	slot->ext.aead.mac_va = (uintptr_t)mac;
	slot->desc.sym.mac_len = (uint8_t)mac_len;
}

/* ---- chance ------------------------------------------------------------------- */

static uint64_t crypto_chance = 88172645463325252u;

static inline uint64_t chance(uint64_t below)
{
	crypto_chance ^= crypto_chance << 13;
	crypto_chance ^= crypto_chance >> 7;
	crypto_chance ^= crypto_chance << 17;
	return crypto_chance % below;
}

static inline void chance_fill(void *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		((uint8_t *)p)[i] = (uint8_t)chance(256);
}

/* How often a random test runs: once, or @many times where it is asked for. */
static inline unsigned int crypto_rounds(unsigned int many)
{
	return getenv("WEFT_TEST_LONG") ? many : 1;
}

#endif
