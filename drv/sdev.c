/* SPDX-License-Identifier: MIT */
/* Driver of the Weft software device; docs/device.md is its manual. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/driver.h"
#include "drivers.h"
#include "hw/sdev_hw.h"
#include "util/bits.h"
#include "util/io.h"
#include "util/log.h"

struct sdev_queue {
	struct sdev_slot *sq;
	struct sdev_cpl *cq;
	struct sdev_doorbell *db;
	const struct sdev_status *status;
	size_t ring_bytes;
	bool wakes;		/* SDEV_CAP_WAKE */
	uint32_t number;
	uint32_t mask;
	uint32_t shift;		/* log2 of the depth: a lap of the completion ring */
	uint32_t sq_tail __attribute__((aligned(WDI_CACHE_LINE)));	/* submit lock */
	uint32_t cq_head __attribute__((aligned(WDI_CACHE_LINE)));	/* poll lock; quiet() reads it */
};

/* ---- set-up ------------------------------------------------------------- */

static int read32(struct wdi_io *io, uint64_t reg, uint32_t *value)
{
	return wdi_io_read(io, SDEV_REGION_MMIO, reg, value, sizeof(*value));
}

static const char *const guards[] = {
	[SDEV_GUARD_OFF] = "off",
	[SDEV_GUARD_SIGNAL] = "signal",
	[SDEV_GUARD_COPY] = "copy",
};

/* The device's algorithms, in our numbers, and the operations that they make possible. */
static int probe_algs(struct wdi_io *io, struct wdi_caps *caps)
{
	static const struct {
		uint8_t first, last, op;	/* enum wdi_alg */
	} ranges[] = {
		{ WDI_ALG_AES_ECB, WDI_ALG_3DES_CBC, WDI_OP_CIPHER },
		{ WDI_ALG_MD5, WDI_ALG_AES_XCBC_PRF_128, WDI_OP_DIGEST },
		{ WDI_ALG_AES_GCM, WDI_ALG_AES_CBC_HMAC_SHA512, WDI_OP_AEAD },
		{ WDI_ALG_RSA, WDI_ALG_X448, WDI_OP_PK },
	};
	uint64_t words[SDEV_ALGS_WORDS];

	for (unsigned int i = 0; i < SDEV_ALGS_WORDS; i++) {
		int ret = wdi_io_read(io, SDEV_REGION_MMIO, SDEV_REG_ALGS(i), &words[i],
				      sizeof(words[i]));

		if (ret)
			return ret;
	}
	for (unsigned int r = 0; r < wdi_array_size(ranges); r++) {
		for (unsigned int alg = ranges[r].first; alg <= ranges[r].last; alg++) {
			if (!(words[alg / 64] >> alg % 64 & 1))
				continue;
			caps->algs[alg / 64] |= UINT64_C(1) << alg % 64;
			caps->ops |= UINT32_C(1) << ranges[r].op |
				     UINT32_C(1) << WDI_OP_SESSION_OPEN |
				     UINT32_C(1) << WDI_OP_SESSION_CLOSE;
		}
	}
	return 0;
}

static int sdev_probe(struct wdi_io *io, struct wdi_caps *caps)
{
	uint32_t magic, version, guard;
	uint64_t cap;
	int ret = read32(io, SDEV_REG_MAGIC, &magic);

	if (!ret)
		ret = read32(io, SDEV_REG_VERSION, &version);
	if (ret)
		return ret;
	if (magic != SDEV_MAGIC || version >> 16 != SDEV_VERSION >> 16) {
		wdi_err("sdev: magic %#x, version %#x: not a device that this driver knows", magic,
			version);
		return -ENODEV;
	}
	ret = wdi_io_read(io, SDEV_REGION_MMIO, SDEV_REG_CAP, &cap, sizeof(cap));
	if (!ret)
		ret = read32(io, SDEV_REG_MAX_QUEUES, &caps->queues);
	if (!ret)
		ret = read32(io, SDEV_REG_MAX_DEPTH, &caps->depth);
	if (!ret)
		ret = read32(io, SDEV_REG_ENGINES, &caps->engine_threads);
	if (!ret)
		ret = read32(io, SDEV_REG_GUARD, &guard);
	if (!ret)
		ret = wdi_io_read(io, SDEV_REGION_MMIO, SDEV_REG_LIBRARIES, caps->engines,
				  SDEV_LIBRARIES_LEN);
	if (ret)
		return ret;
	if (!caps->queues || !wdi_is_pow2(caps->depth))
		return -ENODEV;

	caps->engines[sizeof(caps->engines) - 1] = '\0';
	strcpy(caps->guard, guard < wdi_array_size(guards) ? guards[guard] : "?");
	caps->sgl = cap & SDEV_CAP_SGL;
	caps->stream_unit = SDEV_STREAM_UNIT;
	caps->fault_report = cap & SDEV_CAP_FAULT_REPORT;
	caps->ops = UINT32_C(1) << WDI_OP_NOOP;
	for (unsigned int fmt = 0; fmt < SDEV_FMT_COUNT; fmt++) {
		if (cap & SDEV_CAP_COMP(fmt))
			caps->comp_formats |= UINT32_C(1) << fmt;
		if (cap & SDEV_CAP_DECOMP(fmt))
			caps->decomp_formats |= UINT32_C(1) << fmt;
	}
	if (caps->comp_formats)
		caps->ops |= UINT32_C(1) << WDI_OP_COMPRESS;
	if (caps->decomp_formats)
		caps->ops |= UINT32_C(1) << WDI_OP_DECOMPRESS;
	if (cap & SDEV_CAP_STREAM)
		caps->ops |= UINT32_C(1) << WDI_OP_STREAM_OPEN |
			     UINT32_C(1) << WDI_OP_STREAM_RESET |
			     UINT32_C(1) << WDI_OP_STREAM_CLOSE |
			     UINT32_C(1) << WDI_OP_STREAM_TELL;
	return cap & SDEV_CAP_SESSION ? probe_algs(io, caps) : 0;
}

static int sdev_status(struct wdi_io *io, struct wdi_dev_status *status)
{
	int ret = read32(io, SDEV_REG_FREE_QUEUES, &status->queues_free);

	return ret ? ret : read32(io, SDEV_REG_STATE, &status->state);
}

static int admin(struct wdi_io *io, struct sdev_admin *cmd)
{
	int ret;

	wdi_io_lock(io);
	ret = wdi_io_write(io, SDEV_REGION_MMIO, SDEV_REG_ADMIN, cmd, sizeof(*cmd));
	if (!ret)
		ret = wdi_io_read(io, SDEV_REGION_MMIO, SDEV_REG_ADMIN, cmd, sizeof(*cmd));
	wdi_io_unlock(io);
	return ret ? ret : cmd->status;
}

static void queue_destroy(struct wdi_io *io, uint32_t number)
{
	struct sdev_admin cmd = { .op = SDEV_ADMIN_QUEUE_DESTROY, .queue = number };
	int ret = admin(io, &cmd);

	if (ret)
		wdi_err("sdev: queue %u cannot be destroyed: errno %d", number, -ret);
}

static int sdev_queue_init(struct wdi_io *io, uint32_t pasid, uint32_t depth, void **priv,
			   unsigned int *number)
{
	struct sdev_admin cmd = {
		.op = SDEV_ADMIN_QUEUE_CREATE,
		.pasid = pasid,
		.depth = depth,
	};
	struct sdev_queue *q;
	uint32_t max_depth;
	uint64_t cap = 0;
	void *db, *dus, *status;
	int ret = read32(io, SDEV_REG_MAX_DEPTH, &max_depth);

	if (!ret)
		ret = wdi_io_read(io, SDEV_REGION_MMIO, SDEV_REG_CAP, &cap, sizeof(cap));
	if (ret)
		return ret;
	/* The device has its say here for the second time; the rings end at max_depth. */
	if (depth > max_depth)
		return -EINVAL;
	q = aligned_alloc(WDI_CACHE_LINE, wdi_align_up(sizeof(*q), WDI_CACHE_LINE));
	if (!q)
		return -ENOMEM;
	memset(q, 0, sizeof(*q));
	ret = admin(io, &cmd);
	if (ret)
		goto free_queue;
	q->number = cmd.queue;
	q->ring_bytes = SDEV_DUS_STRIDE(max_depth);
	ret = wdi_io_map(io, SDEV_REGION_MMIO, SDEV_STATUS_PAGE, SDEV_PAGE_SIZE, &status);
	if (!ret)
		ret = wdi_io_map(io, SDEV_REGION_MMIO, SDEV_DB_PAGE((uint64_t)q->number),
				 SDEV_PAGE_SIZE, &db);
	if (!ret)
		ret = wdi_io_map(io, SDEV_REGION_DUS, q->number * q->ring_bytes, q->ring_bytes,
				 &dus);
	if (ret)
		goto destroy;
	q->status = status;
	q->wakes = cap & SDEV_CAP_WAKE;
	q->db = db;
	q->sq = dus;
	q->cq = (struct sdev_cpl *)((char *)dus + SDEV_DUS_CQ_OFF(max_depth));
	q->mask = depth - 1;
	for (size_t i = 0; i < wdi_array_size(q->db->cancel); i++)
		wdi_io_store32(&q->db->cancel[i], SDEV_TAG_DRAIN);
	q->shift = (uint32_t)__builtin_ctz(depth);
	*priv = q;
	*number = q->number;
	return 0;

destroy:
	queue_destroy(io, q->number);
free_queue:
	free(q);
	return ret;
}

static void sdev_queue_exit(struct wdi_io *io, void *priv)
{
	struct sdev_queue *q = priv;

	queue_destroy(io, q->number);
	free(q);
}

static void sdev_queue_forget(void *priv)
{
	free(priv);
}

static_assert((int)WDI_INJECT_FAULT == (int)SDEV_INJECT_FAULT &&
	      (int)WDI_INJECT_DELAY == (int)SDEV_INJECT_DELAY &&
	      (int)WDI_INJECT_LOSE == (int)SDEV_INJECT_LOSE &&
	      (int)WDI_INJECT_LATE == (int)SDEV_INJECT_LATE &&
	      (int)WDI_INJECT_DUP == (int)SDEV_INJECT_DUP &&
	      (int)WDI_INJECT_PRQ_FULL == (int)SDEV_INJECT_PRQ_FULL &&
	      (int)WDI_INJECT_RESET == (int)SDEV_INJECT_RESET &&
	      (int)WDI_INJECT_ISOLATE == (int)SDEV_INJECT_ISOLATE &&
	      (int)WDI_INJECT_COUNT == (int)SDEV_INJECT_COUNT, "rules are passed through");

static int sdev_inject(struct wdi_io *io, void *priv, const struct wdi_inject_rule *rule)
{
	const struct sdev_queue *q = priv;
	struct sdev_admin cmd = {
		.op = SDEV_ADMIN_INJECT,
		.queue = q->number,
		.inject = {
			.what = rule->what,
			.every = rule->every,
			.arg = rule->arg,
			.seed = rule->seed,
		},
	};

	return admin(io, &cmd);
}

static int sdev_injected(struct wdi_io *io, void *priv, unsigned int what, uint64_t *count)
{
	const struct sdev_queue *q = priv;
	struct sdev_admin cmd = {
		.op = SDEV_ADMIN_INJECTED,
		.queue = q->number,
		.inject = { .what = what },
	};
	int ret = admin(io, &cmd);

	if (!ret)
		*count = cmd.inject.count;
	return ret;
}

static int sdev_poll_only(struct wdi_io *io, void *priv)
{
	const struct sdev_queue *q = priv;
	struct sdev_admin cmd = {
		.op = SDEV_ADMIN_QUEUE_POLLED,
		.queue = q->number,
		.polled = { .on = 1 },
	};

	return admin(io, &cmd);
}

static int sdev_pasid_stop(struct wdi_io *io, uint32_t pasid, bool *clean)
{
	struct sdev_admin cmd = {
		.op = SDEV_ADMIN_PASID_STOP,
		.pasid = pasid,
		.stop = SDEV_STOP_ANY,
	};
	int ret = admin(io, &cmd);

	if (!ret)
		*clean = cmd.stop == SDEV_STOPPED_CLEAN;
	return ret;
}

static int sdev_region(void *priv, unsigned int qfrt, struct wdi_region *region)
{
	struct sdev_queue *q = priv;

	switch (qfrt) {
	case SDEV_REGION_MMIO:
		*region = (struct wdi_region){ q->db, SDEV_PAGE_SIZE };
		return 0;
	case SDEV_REGION_DUS:
		*region = (struct wdi_region){ q->sq, q->ring_bytes };
		return 0;
	default:
		return -EINVAL;
	}
}

/* ---- data path ---------------------------------------------------------- */

static const uint8_t opcodes[] = {
	[WDI_OP_NOOP] = SDEV_OP_NOOP,
	[WDI_OP_COMPRESS] = SDEV_OP_COMPRESS,
	[WDI_OP_DECOMPRESS] = SDEV_OP_DECOMPRESS,
	[WDI_OP_STREAM_OPEN] = SDEV_OP_STREAM_OPEN,
	[WDI_OP_STREAM_RESET] = SDEV_OP_STREAM_RESET,
	[WDI_OP_STREAM_CLOSE] = SDEV_OP_STREAM_CLOSE,
	[WDI_OP_SESSION_OPEN] = SDEV_OP_SESSION_OPEN,
	[WDI_OP_SESSION_CLOSE] = SDEV_OP_SESSION_CLOSE,
	[WDI_OP_CIPHER] = SDEV_OP_CIPHER,
	[WDI_OP_DIGEST] = SDEV_OP_DIGEST,
	[WDI_OP_AEAD] = SDEV_OP_AEAD,
	[WDI_OP_PK] = SDEV_OP_PK,
	[WDI_OP_STREAM_TELL] = SDEV_OP_STREAM_TELL,
};
static_assert(sizeof(opcodes) == WDI_OP_COUNT, "an operation without an opcode");

static_assert((int)WDI_FMT_DEFLATE == (int)SDEV_FMT_DEFLATE &&
	      (int)WDI_FMT_ZLIB == (int)SDEV_FMT_ZLIB &&
	      (int)WDI_FMT_GZIP == (int)SDEV_FMT_GZIP, "formats are passed through");

#define SAME_ALG(name)	((int)WDI_ALG_##name == (int)SDEV_ALG_##name)
static_assert(SAME_ALG(NONE) && SAME_ALG(AES_ECB) && SAME_ALG(AES_CBC) &&
	      SAME_ALG(AES_CTR) && SAME_ALG(AES_XTS) && SAME_ALG(AES_OFB) &&
	      SAME_ALG(AES_CFB) && SAME_ALG(AES_CBC_CS1) && SAME_ALG(AES_CBC_CS2) &&
	      SAME_ALG(AES_CBC_CS3) && SAME_ALG(SM4_ECB) && SAME_ALG(SM4_CBC) &&
	      SAME_ALG(SM4_CTR) && SAME_ALG(SM4_XTS) && SAME_ALG(SM4_OFB) &&
	      SAME_ALG(SM4_CFB) && SAME_ALG(SM4_CBC_CS1) && SAME_ALG(SM4_CBC_CS2) &&
	      SAME_ALG(SM4_CBC_CS3) && SAME_ALG(DES_ECB) && SAME_ALG(DES_CBC) &&
	      SAME_ALG(3DES_ECB) && SAME_ALG(3DES_CBC) && SAME_ALG(MD5) &&
	      SAME_ALG(SHA1) && SAME_ALG(SHA224) && SAME_ALG(SHA256) &&
	      SAME_ALG(SHA384) && SAME_ALG(SHA512) && SAME_ALG(SHA512_224) &&
	      SAME_ALG(SHA512_256) && SAME_ALG(SM3) && SAME_ALG(HMAC_MD5) &&
	      SAME_ALG(HMAC_SHA1) && SAME_ALG(HMAC_SHA224) && SAME_ALG(HMAC_SHA256) &&
	      SAME_ALG(HMAC_SHA384) && SAME_ALG(HMAC_SHA512) &&
	      SAME_ALG(HMAC_SHA512_224) && SAME_ALG(HMAC_SHA512_256) &&
	      SAME_ALG(HMAC_SM3) && SAME_ALG(AES_CMAC) && SAME_ALG(AES_GMAC) &&
	      SAME_ALG(AES_XCBC_MAC_96) && SAME_ALG(AES_XCBC_PRF_128) &&
	      SAME_ALG(AES_GCM) && SAME_ALG(AES_CCM) && SAME_ALG(SM4_GCM) &&
	      SAME_ALG(SM4_CCM) && SAME_ALG(AES_CBC_HMAC_SHA1) &&
	      SAME_ALG(AES_CBC_HMAC_SHA256) && SAME_ALG(AES_CBC_HMAC_SHA512) &&
	      SAME_ALG(RSA) && SAME_ALG(DH) && SAME_ALG(ECDH) && SAME_ALG(ECDSA) &&
	      SAME_ALG(SM2) && SAME_ALG(X25519) && SAME_ALG(X448) && SAME_ALG(COUNT),
	      "algorithms are passed through");

/* What the descriptor says in its class's own fields, and in the second half of the slot. */
static void fill_comp(struct sdev_slot *slot, const struct wdi_msg *msg)
{
	slot->desc.comp.format = msg->comp.format;
	slot->desc.comp.level = msg->comp.level;
	slot->desc.comp.window = msg->comp.window;
	slot->desc.comp.flags = (uint8_t)((msg->comp.last ? SDEV_COMP_LAST : 0) |
					  (msg->comp.sync ? SDEV_COMP_SYNC : 0) |
					  (msg->comp.open ? SDEV_COMP_OPEN : 0));
	if (msg->op == WDI_OP_STREAM_OPEN)
		slot->desc.dir = opcodes[msg->comp.dir];
}

static void fill_session(struct sdev_slot *slot, const struct wdi_msg *msg)
{
	slot->desc.session.alg = msg->session.alg;
	slot->ext = (struct sdev_ext){
		.session = {
			.key2_va = (uintptr_t)msg->session.key2,
			.key2_len = msg->session.key2_len,
			.bits = msg->session.bits,
		},
	};
}

static void fill_sym(struct sdev_slot *slot, const struct wdi_msg *msg)
{
	slot->desc.sym.flags = (uint8_t)((msg->sym.decrypt ? SDEV_SYM_DECRYPT : 0) |
					 (msg->sym.first ? SDEV_SYM_FIRST : 0) |
					 (msg->sym.last ? SDEV_SYM_LAST : 0) |
					 (msg->sym.aad_in_src ? SDEV_SYM_AAD_IN_SRC : 0) |
					 (msg->sym.aad_copy ? SDEV_SYM_AAD_COPY : 0));
	slot->desc.sym.iv_len = msg->sym.iv_len;
	slot->desc.iv_va = (uintptr_t)msg->sym.iv;
	slot->desc.total = msg->sym.total;
}

static void fill_aead(struct sdev_slot *slot, const struct wdi_msg *msg)
{
	fill_sym(slot, msg);
	slot->desc.sym.mac_len = msg->sym.mac_len;
	slot->ext = (struct sdev_ext){
		.aead = {
			.aad_va = (uintptr_t)msg->sym.aad,
			.mac_va = (uintptr_t)msg->sym.mac,
			.aad_len = msg->sym.aad_len,
		},
	};
}

static void fill_pk(struct sdev_slot *slot, const struct wdi_msg *msg)
{
	slot->desc.pk.op = msg->pk.op;
}
static_assert((int)WDI_PK_COUNT == (int)SDEV_PK_COUNT &&
	      (int)WDI_PK_DH_POWER == (int)SDEV_PK_DH_POWER &&
	      (int)WDI_PK_ECX_DERIVE == (int)SDEV_PK_ECX_DERIVE, "operations are passed through");
static_assert(sizeof(struct wdi_pk_param) == sizeof(struct sdev_pk_param) &&
	      offsetof(struct wdi_pk_param, len) == offsetof(struct sdev_pk_param, len) &&
	      offsetof(struct wdi_pk_param, used) == offsetof(struct sdev_pk_param, used) &&
	      (int)WDI_PK_PARAMS >= (int)SDEV_PK_PARAMS, "lists of operands are passed through");
static_assert(sizeof(struct wdi_pk_curve) == sizeof(struct sdev_pk_curve) &&
	      (int)WDI_PK_HASH_COUNT == (int)SDEV_PK_HASH_COUNT, "curves are passed through");

static_assert(sizeof(struct wdi_place) == sizeof(struct sdev_place) &&
	      offsetof(struct wdi_place, data) == offsetof(struct sdev_place, data),
	      "places are passed through");

static void fill_nothing(struct sdev_slot *slot, const struct wdi_msg *msg)
{
	(void)slot, (void)msg;
}

static void (*const fills[])(struct sdev_slot *slot, const struct wdi_msg *msg) = {
	[WDI_OP_NOOP] = fill_nothing,
	[WDI_OP_COMPRESS] = fill_comp,
	[WDI_OP_DECOMPRESS] = fill_comp,
	[WDI_OP_STREAM_OPEN] = fill_comp,
	[WDI_OP_STREAM_RESET] = fill_nothing,
	[WDI_OP_STREAM_CLOSE] = fill_nothing,
	[WDI_OP_SESSION_OPEN] = fill_session,
	[WDI_OP_SESSION_CLOSE] = fill_nothing,
	[WDI_OP_CIPHER] = fill_sym,
	[WDI_OP_DIGEST] = fill_sym,
	[WDI_OP_AEAD] = fill_aead,
	[WDI_OP_PK] = fill_pk,
	[WDI_OP_STREAM_TELL] = fill_nothing,
};
static_assert(wdi_array_size(fills) == WDI_OP_COUNT, "an operation without its fields");

static inline void slot_fill(struct sdev_slot *slot, const struct wdi_msg *msg, uint32_t tag)
{
	slot->desc = (struct sdev_desc){
		.opcode = opcodes[msg->op],
		.flags = (uint8_t)((msg->src_sgl ? SDEV_F_SRC_SGL : 0) |
				   (msg->dst_sgl ? SDEV_F_DST_SGL : 0) |
				   (msg->report ? SDEV_F_FAULT_REPORT : 0)),
		.tag = tag,
		.src_va = (uintptr_t)msg->src,
		.dst_va = (uintptr_t)msg->dst,
		.src_len = msg->src_len,
		.dst_len = msg->dst_len,
		.object = msg->object,
	};
	fills[msg->op](slot, msg);
}

static void sdev_submit(void *priv, const struct wdi_msg *msg)
{
	struct sdev_queue *q = priv;

	slot_fill(&q->sq[q->sq_tail & q->mask], msg, msg->tag);
	/* The descriptor is whole before the device may see the new tail. */
	wdi_io_store32_release(&q->db->sq_tail, ++q->sq_tail);
}

/*
 * The queue is told which tags nobody waits for: as many as there are words for,
 * which is a help and not a promise.
 */
static bool cancel_replace(struct sdev_queue *q, uint32_t from, uint32_t to)
{
	for (size_t i = 0; i < wdi_array_size(q->db->cancel); i++) {
		if (wdi_io_load32(&q->db->cancel[i]) == from) {
			wdi_io_store32(&q->db->cancel[i], to);
			return true;
		}
	}
	return false;
}

static void sdev_cancel(void *priv, uint32_t tag)
{
	struct sdev_queue *q = priv;

	if (cancel_replace(q, SDEV_TAG_DRAIN, tag))
		wdi_io_store32_release(&q->db->cancel_on, 1);
}

static void sdev_uncancel(void *priv, uint32_t tag)
{
	struct sdev_queue *q = priv;
	uint32_t left = SDEV_TAG_DRAIN;

	if (!cancel_replace(q, tag, SDEV_TAG_DRAIN))
		return;
	for (size_t i = 0; i < wdi_array_size(q->db->cancel); i++)
		left &= wdi_io_load32(&q->db->cancel[i]);
	if (left == SDEV_TAG_DRAIN)
		wdi_io_store32(&q->db->cancel_on, 0);
}

static bool sdev_drain(void *priv)
{
	struct sdev_queue *q = priv;
	struct sdev_slot *slot = &q->sq[q->sq_tail & q->mask];

	static_assert(WDI_TAG_DRAIN == SDEV_TAG_DRAIN, "the tag is passed through");
	/* What is in the ring beyond the messages that have their places must stay little. */
	if (q->sq_tail - wdi_io_load32(&q->db->sq_head) > q->mask / 2)
		return false;
	slot->desc = (struct sdev_desc){
		.opcode = SDEV_OP_NOOP,
		.flags = SDEV_F_FENCE,
		.tag = SDEV_TAG_DRAIN,
	};
	wdi_io_store32_release(&q->db->sq_tail, ++q->sq_tail);
	return true;
}

/* The completion at @head, or NULL: it has not come. */
static inline const struct sdev_cpl *cpl_at(const struct sdev_queue *q, uint32_t head)
{
	const struct sdev_cpl *entry = &q->cq[head & q->mask];
	uint32_t phase = ((head >> q->shift) & 1) ^ 1;

	/* The phase first; the rest of the entry is not read before it. */
	return SDEV_CPL_PHASE(wdi_io_load32_acquire(&entry->end)) == phase ? entry : NULL;
}

static unsigned int sdev_poll(void *priv, struct wdi_cpl *cpls, unsigned int max)
{
	struct sdev_queue *q = priv;
	uint32_t head = q->cq_head;
	const struct sdev_cpl *entry;
	unsigned int n = 0;

	static_assert(sizeof(cpls->raw) == sizeof(struct sdev_cpl), "a completion fits");
	while (n < max && (entry = cpl_at(q, head))) {
		memcpy(cpls[n].raw, entry, sizeof(*entry));
		cpls[n++].tag = entry->tag;
		head++;
	}
	if (!n)
		return 0;
	wdi_io_store32(&q->cq_head, head);
	/* The entries have been copied out before they are given back. */
	wdi_io_store32_release(&q->db->cq_head, head);
	return n;
}

static bool sdev_quiet(void *priv)
{
	struct sdev_queue *q = priv;

	return wdi_io_load32(&q->db->sq_tail) == wdi_io_load32(&q->db->sq_head) &&
	       !wdi_io_load32(&q->db->resumable) && !cpl_at(q, wdi_io_load32(&q->cq_head));
}

static const uint8_t statuses[] = {
	[SDEV_ST_DONE] = WDI_ST_DONE,
	[SDEV_ST_PAGE_FAULT] = WDI_ST_PAGE_FAULT,
	[SDEV_ST_BAD_ADDRESS] = WDI_ST_BAD_ADDRESS,
	[SDEV_ST_ACCESS_DENIED] = WDI_ST_ACCESS_DENIED,
	[SDEV_ST_CORRUPT] = WDI_ST_CORRUPT,
	[SDEV_ST_OUTPUT_FULL] = WDI_ST_OUTPUT_FULL,
	[SDEV_ST_UNSUPPORTED] = WDI_ST_UNSUPPORTED,
	[SDEV_ST_MALFORMED] = WDI_ST_MALFORMED,
	[SDEV_ST_NO_PASID] = WDI_ST_NO_PASID,
	[SDEV_ST_CANCELLED] = WDI_ST_CANCELLED,
	[SDEV_ST_TIMED_OUT] = WDI_ST_TIMED_OUT,
	[SDEV_ST_RESET] = WDI_ST_RESET,
	[SDEV_ST_NO_MEMORY] = WDI_ST_NO_MEMORY,
	[SDEV_ST_AUTH_FAILED] = WDI_ST_AUTH_FAILED,
	[SDEV_ST_BAD_KEY] = WDI_ST_BAD_KEY,
	[SDEV_ST_ABORTED] = WDI_ST_ABORTED,
	[SDEV_ST_BAD_OPERAND] = WDI_ST_BAD_OPERAND,
};
static_assert(sizeof(statuses) == SDEV_ST_COUNT, "a status without a meaning");

static const uint8_t done_details[] = {
	[SDEV_DONE_ALL] = WDI_ST_DONE,
	[SDEV_DONE_STREAM_END] = WDI_ST_STREAM_END,
	[SDEV_DONE_MORE_OUT] = WDI_ST_MORE_OUT,
};

/* Of all operands: the list does not say which of them are results. */
static uint64_t list_bytes(const struct wdi_msg *msg)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < msg->src_len / sizeof(msg->params[0]); i++)
		sum += msg->params[i].len;
	return sum;
}

__attribute__((noinline))
static enum wdi_status status_of(uint32_t status, uint32_t detail)
{
	if (status == SDEV_ST_DONE && detail < wdi_array_size(done_details))
		return done_details[detail];
	if (status == SDEV_ST_MALFORMED && (detail == SDEV_BAD_OBJECT || detail == SDEV_OBJECT_DEAD))
		return WDI_ST_NO_OBJECT;
	if (status == SDEV_ST_MALFORMED && detail == SDEV_BAD_SGL)
		return WDI_ST_BAD_SGL;
	return status < SDEV_ST_COUNT ? statuses[status] : WDI_ST_MALFORMED;
}

static inline void cpl_take(const struct sdev_cpl *cpl, struct wdi_msg *msg)
{
	uint64_t most_in = msg->src_len, most_out = msg->dst_len;
	uint32_t status = SDEV_CPL_STATUS(cpl->end), detail = SDEV_CPL_DETAIL(cpl->end);

	static_assert(SDEV_ST_DONE == 0 && SDEV_DONE_ALL == 0 && WDI_ST_DONE == 0,
		      "nothing to be looked up");
	msg->status = wdi_likely(!(status | detail)) ? WDI_ST_DONE :
						      (uint8_t)status_of(status, detail);
	msg->detail = (uint8_t)detail;
	msg->engine = cpl->engine;
	msg->faults = cpl->faults;
	msg->fault_addr = cpl->fault_va;
	/* A device cannot have taken or made more than there was. */
	if (wdi_unlikely(msg->op == WDI_OP_PK)) {
		most_in = list_bytes(msg);
		most_out = most_in;
	}
	msg->consumed = (uint32_t)wdi_min(cpl->consumed, most_in);
	msg->produced = (uint32_t)wdi_min(cpl->produced, most_out);
	if (msg->op == WDI_OP_STREAM_OPEN || msg->op == WDI_OP_SESSION_OPEN)
		msg->object = cpl->object;
}

static void sdev_complete(const struct wdi_cpl *raw, struct wdi_msg *msg)
{
	struct sdev_cpl cpl;

	memcpy(&cpl, raw->raw, sizeof(cpl));
	cpl_take(&cpl, msg);
}

static bool sdev_direct(struct wdi_io *io, void *priv, struct wdi_msg *msg)
{
	const struct sdev_queue *q = priv;
	struct sdev_slot slot;
	struct sdev_cpl cpl;

	slot_fill(&slot, msg, SDEV_TAG_DIRECT);
	if (wdi_unlikely(!wdi_io_direct(io, q->number, &slot, &cpl)))
		return false;
	cpl_take(&cpl, msg);
	return true;
}

static const char *sdev_detail_name(const struct wdi_msg *msg)
{
	static const char *const keys[] = {
		[SDEV_KEY_LENGTH] = "length of a key or parameter",
		[SDEV_KEY_WEAK] = "weak key",
		[SDEV_KEY_RANGE] = "numbers that make no key",
		[SDEV_KEY_POINT] = "point that is not on the curve",
		[SDEV_KEY_MISSING] = "a part of the key is missing",
		[SDEV_KEY_CURVE] = "size or numbers that make no curve or group",
	};
	static const char *const operands[] = {
		[SDEV_OPERAND_RANGE] = "not below the modulus, or trivial",
		[SDEV_OPERAND_SCALAR] = "scalar is 0, not below the order, or of no use",
		[SDEV_OPERAND_POINT] = "point is not on the curve, or the result is infinity",
	};

	if (msg->status == WDI_ST_BAD_KEY && msg->detail < wdi_array_size(keys))
		return keys[msg->detail];
	if (msg->status == WDI_ST_BAD_OPERAND && msg->detail < wdi_array_size(operands))
		return operands[msg->detail];
	return NULL;
}

static uint32_t sdev_backlog(void *priv)
{
	struct sdev_queue *q = priv;

	return wdi_io_load32(&q->db->sq_tail) - wdi_io_load32(&q->db->sq_head) +
	       wdi_io_load32(&q->db->resumable);
}

static bool sdev_needs_kick(void *priv)
{
	struct sdev_queue *q = priv;

	return wdi_io_load32(&q->status->need_kick);
}

static void sdev_arm_irq(void *priv)
{
	struct sdev_queue *q = priv;

	wdi_io_store32(&q->db->irq_arm, 1);
}

static uint32_t *sdev_wake_word(void *priv)
{
	struct sdev_queue *q = priv;

	return q->wakes ? &q->db->wake_arm : NULL;
}

static const char *sdev_engine_name(unsigned int engine)
{
	static const char *const names[] = {
		[SDEV_ENGINE_NONE] = "",
		[SDEV_ENGINE_ZLIB] = "zlib",
		[SDEV_ENGINE_ISAL] = "isa-l",
		[SDEV_ENGINE_LIBDEFLATE] = "libdeflate",
		[SDEV_ENGINE_ZLIB_NG] = "zlib-ng",
		[SDEV_ENGINE_OPENSSL] = "openssl",
		[SDEV_ENGINE_IPSEC_MB] = "ipsec-mb",
	};
	static_assert(wdi_array_size(names) == SDEV_ENGINE_COUNT, "an engine without a name");

	return engine < SDEV_ENGINE_COUNT ? names[engine] : "";
}

const struct wdi_driver wdi_sdev_driver = {
	.name = "weft_sdev",
	.api = "weft_sdev_v1",
	.probe = sdev_probe,
	.status = sdev_status,
	.queue_init = sdev_queue_init,
	.queue_exit = sdev_queue_exit,
	.queue_forget = sdev_queue_forget,
	.pasid_stop = sdev_pasid_stop,
	.submit = sdev_submit,
	.poll = sdev_poll,
	.cancel = sdev_cancel,
	.uncancel = sdev_uncancel,
	.drain = sdev_drain,
	.inject = sdev_inject,
	.injected = sdev_injected,
	.complete = sdev_complete,
	.direct = sdev_direct,
	.detail_name = sdev_detail_name,
	.quiet = sdev_quiet,
	.poll_only = sdev_poll_only,
	.backlog = sdev_backlog,
	.needs_kick = sdev_needs_kick,
	.arm_irq = sdev_arm_irq,
	.wake_word = sdev_wake_word,
	.region = sdev_region,
	.engine_name = sdev_engine_name,
};
