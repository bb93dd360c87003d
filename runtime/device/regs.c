/* SPDX-License-Identifier: MIT */
/* The MMIO region as registers see it: page 0, and the status page to read. */
#include "device/device_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "util/io.h"

/* ---- registers ------------------------------------------------------------------ */

static uint64_t magic_get(struct sdev *dev)
{
	(void)dev;
	return SDEV_MAGIC;
}

static uint64_t version_get(struct sdev *dev)
{
	(void)dev;
	return SDEV_VERSION;
}

static uint64_t cap_get(struct sdev *dev)
{
	uint64_t cap = SDEV_CAP_NOOP | SDEV_CAP_STREAM | SDEV_CAP_SGL | SDEV_CAP_SESSION | SDEV_CAP_WAKE |
		       SDEV_CAP_FAULT_REPORT | SDEV_CAP_INJECT;

	if (sdev_has_svm(dev))
		cap |= SDEV_CAP_SVM;
	for (unsigned int fmt = 0; fmt < SDEV_FMT_COUNT; fmt++)
		cap |= SDEV_CAP_COMP(fmt) | SDEV_CAP_DECOMP(fmt);
	return cap;
}

static uint64_t algs0_get(struct sdev *dev)
{
	return sdev_algs(dev, 0);
}

static uint64_t algs1_get(struct sdev *dev)
{
	return sdev_algs(dev, 1);
}

static uint64_t algs2_get(struct sdev *dev)
{
	return sdev_algs(dev, 2);
}

static uint64_t algs3_get(struct sdev *dev)
{
	return sdev_algs(dev, 3);
}

static uint64_t max_queues_get(struct sdev *dev)
{
	return dev->max_queues;
}

static uint64_t free_queues_get(struct sdev *dev)
{
	return dev->max_queues - atomic_load(&dev->queues_used);
}

static uint64_t max_depth_get(struct sdev *dev)
{
	return dev->max_depth;
}

static uint64_t va_bits_get(struct sdev *dev)
{
	return (uint64_t)__builtin_ctzll(dev->va_limit);
}

static uint64_t state_get(struct sdev *dev)
{
	return atomic_load(&dev->state);
}

static uint64_t engines_get(struct sdev *dev)
{
	return atomic_load(&dev->engines.wanted);
}

static uint64_t max_objects_get(struct sdev *dev)
{
	(void)dev;
	return SDEV_MAX_OBJECTS;
}

static uint64_t isolate_get(struct sdev *dev)
{
	return sdev_isolate_limit(dev);
}

static void isolate_set(struct sdev *dev, uint64_t value)
{
	sdev_isolate_set(dev, (uint32_t)value);
}

static uint64_t failures_get(struct sdev *dev)
{
	return sdev_failures(dev);
}

static void reset_set(struct sdev *dev, uint64_t value)
{
	if (value == SDEV_RESET_KEY)
		sdev_reset(dev);
}

static uint64_t guard_get(struct sdev *dev)
{
	return dev->guard_kind;
}

static uint64_t fault_mode_get(struct sdev *dev)
{
	return dev->fault_mode;
}

static uint64_t prq_depth_get(struct sdev *dev)
{
	return sdev_pri_depth(dev->pri);
}

static uint64_t parked_get(struct sdev *dev)
{
	return atomic_load(&dev->parked);
}

static const struct reg_row {
	uint32_t off;
	uint32_t size;
	uint64_t (*get)(struct sdev *dev);
	void (*set)(struct sdev *dev, uint64_t value);
} reg_rows[] = {
	{ SDEV_REG_MAGIC, 4, magic_get, NULL },
	{ SDEV_REG_VERSION, 4, version_get, NULL },
	{ SDEV_REG_CAP, 8, cap_get, NULL },
	{ SDEV_REG_MAX_QUEUES, 4, max_queues_get, NULL },
	{ SDEV_REG_FREE_QUEUES, 4, free_queues_get, NULL },
	{ SDEV_REG_MAX_DEPTH, 4, max_depth_get, NULL },
	{ SDEV_REG_VA_BITS, 4, va_bits_get, NULL },
	{ SDEV_REG_STATE, 4, state_get, NULL },
	{ SDEV_REG_ENGINES, 4, engines_get, NULL },
	{ SDEV_REG_MAX_OBJECTS, 4, max_objects_get, NULL },
	{ SDEV_REG_ISOLATE, 4, isolate_get, isolate_set },
	{ SDEV_REG_FAILURES, 4, failures_get, NULL },
	{ SDEV_REG_RESET, 4, NULL, reset_set },
	{ SDEV_REG_GUARD, 4, guard_get, NULL },
	{ SDEV_REG_FAULT_MODE, 4, fault_mode_get, NULL },
	{ SDEV_REG_ALGS(0), 8, algs0_get, NULL },
	{ SDEV_REG_ALGS(1), 8, algs1_get, NULL },
	{ SDEV_REG_ALGS(2), 8, algs2_get, NULL },
	{ SDEV_REG_ALGS(3), 8, algs3_get, NULL },
	{ SDEV_REG_PRQ_DEPTH, 4, prq_depth_get, NULL },
	{ SDEV_REG_PARKED, 4, parked_get, NULL },
};

/* Counters are read whole, one or several in a row. False: not an access to them. */
static bool counters_read(struct sdev *dev, uint64_t off, void *buf, size_t len)
{
	uint64_t first = (off - SDEV_REG_COUNTER(0)) / 8, value;

	if (off < SDEV_REG_COUNTER(0) || !len || off % 8 || len % 8 ||
	    first >= SDEV_COUNTER_COUNT || len / 8 > SDEV_COUNTER_COUNT - first)
		return false;
	for (size_t i = 0; i < len / 8; i++) {
		value = atomic_load_explicit(&dev->counters[first + i], memory_order_relaxed);
		memcpy((uint8_t *)buf + i * 8, &value, 8);
	}
	return true;
}

/* The register that an aligned access of 4 or 8 bytes falls into, or NULL. */
static const struct reg_row *reg_find(uint64_t off, size_t len)
{
	if ((len != 4 && len != 8) || off % 4)
		return NULL;
	for (size_t i = 0; i < wdi_array_size(reg_rows); i++) {
		const struct reg_row *r = &reg_rows[i];

		if (off >= r->off && len <= r->size && off - r->off <= r->size - len)
			return r;
	}
	return NULL;
}

/* ---- the admin mailbox -------------------------------------------------------------- */

static const struct {
	int (*fn)(struct sdev_file *file, struct sdev_admin *cmd);
	bool takes_all;		/* reserved words mean something to it */
} admin_ops[] = {
	[SDEV_ADMIN_QUEUE_CREATE] = { sdev_queue_create, false },
	[SDEV_ADMIN_QUEUE_STOP] = { sdev_queue_stop, false },
	[SDEV_ADMIN_QUEUE_DESTROY] = { sdev_queue_destroy, false },
	[SDEV_ADMIN_PASID_STOP] = { sdev_pasid_stop, false },
	[SDEV_ADMIN_QUEUE_POLLED] = { sdev_queue_polled, true },
	[SDEV_ADMIN_INJECT] = { sdev_inject_set, true },
	[SDEV_ADMIN_INJECTED] = { sdev_inject_get, true },
};

static int admin_run(struct sdev_file *file, struct sdev_admin *cmd)
{
	bool known = cmd->op < wdi_array_size(admin_ops) && admin_ops[cmd->op].fn;

	for (size_t i = 0; i < wdi_array_size(cmd->reserved); i++) {
		if (cmd->reserved[i] && !(known && admin_ops[cmd->op].takes_all))
			return -EINVAL;
	}
	if (!known)
		return -EOPNOTSUPP;
	if (cmd->stop && !admin_ops[cmd->op].takes_all && cmd->op != SDEV_ADMIN_PASID_STOP)
		return -EINVAL;
	return admin_ops[cmd->op].fn(file, cmd);
}

static void admin_write(struct sdev_file *file, const void *buf)
{
	struct sdev_admin cmd;

	memcpy(&cmd, buf, sizeof(cmd));
	pthread_mutex_lock(&file->mailbox);
	cmd.status = admin_run(file, &cmd);
	file->answer = cmd;
	pthread_mutex_unlock(&file->mailbox);
}

int sdev_admin(struct sdev_file *file, struct sdev_admin *cmd)
{
	cmd->status = admin_run(file, cmd);
	return cmd->status;
}

static void admin_read(struct sdev_file *file, void *buf)
{
	pthread_mutex_lock(&file->mailbox);
	memcpy(buf, &file->answer, sizeof(file->answer));
	pthread_mutex_unlock(&file->mailbox);
}

/* ---- region access ------------------------------------------------------------------ */

static bool is_admin(uint64_t off, size_t len)
{
	return off == SDEV_REG_ADMIN && len == sizeof(struct sdev_admin);
}

/* The libraries in use, with their versions, as one line of text. */
static void libraries_add(char text[SDEV_LIBRARIES_LEN], int *at, const char *name,
			  const char *version)
{
	if (*at < SDEV_LIBRARIES_LEN)
		*at += snprintf(text + *at, (size_t)(SDEV_LIBRARIES_LEN - *at), "%s%s %s",
				*at ? ", " : "", name, version);
}

static void libraries_read(const struct sdev *dev, char text[SDEV_LIBRARIES_LEN])
{
	const char *name, *version;
	int at = 0;

	memset(text, 0, SDEV_LIBRARIES_LEN);
	for (unsigned int e = 1; e < SDEV_ENGINE_CODECS; e++) {
		if (dev->codecs & (UINT32_C(1) << e))
			libraries_add(text, &at, codec_engine_name(e), codec_engine_version(e));
	}
	for (unsigned int i = 0; (name = sdev_sym_library(dev, i, &version)); i++)
		libraries_add(text, &at, name, version);
}

static void status_read(const struct sdev *dev, uint64_t off, void *buf, size_t len)
{
	const uint32_t *from = (const uint32_t *)dev->status + (off - SDEV_STATUS_PAGE) / 4;
	uint32_t *to = buf;

	for (size_t i = 0; i < len / 4; i++)
		to[i] = wdi_io_load32(&from[i]);
}

ssize_t sdev_regs_read(struct sdev_file *file, void *buf, size_t len, uint64_t off)
{
	const struct reg_row *r = reg_find(off, len);
	uint64_t value;

	if (is_admin(off, len)) {
		admin_read(file, buf);
	} else if (off == SDEV_REG_LIBRARIES && len == SDEV_LIBRARIES_LEN) {
		libraries_read(file->dev, buf);
	} else if (off >= SDEV_STATUS_PAGE && len <= sizeof(struct sdev_status) && len &&
		   off - SDEV_STATUS_PAGE <= sizeof(struct sdev_status) - len &&
		   off % 4 == 0 && len % 4 == 0) {
		status_read(file->dev, off, buf, len);
	} else if (counters_read(file->dev, off, buf, len)) {
		/* done */
	} else if (r && r->get) {
		value = r->get(file->dev) >> 8 * (off - r->off);
		memcpy(buf, &value, len);
	} else {
		return -EINVAL;
	}
	return (ssize_t)len;
}

ssize_t sdev_regs_write(struct sdev_file *file, const void *buf, size_t len, uint64_t off)
{
	const struct reg_row *r = reg_find(off, len);
	uint64_t value = 0;

	if (is_admin(off, len)) {
		admin_write(file, buf);
	} else if (r && r->set && len == r->size) {
		memcpy(&value, buf, len);
		r->set(file->dev, value);
	} else {
		return -EINVAL;
	}
	return (ssize_t)len;
}
