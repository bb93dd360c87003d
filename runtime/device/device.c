/* SPDX-License-Identifier: MIT */
/* The device's life, its open files and its regions. */
#include "device/device_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifdef HAVE_VALGRIND_MEMCHECK_H
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND	0
#endif

#include "util/log.h"

#define DEFAULT_QUEUES	1024u
#define DEFAULT_DEPTH	1024u
#define MAX_ENGINES	1024

static const struct sdev_guard_ops *const guards[] = {
	[SDEV_GUARD_OFF] = &sdev_guard_off,
	[SDEV_GUARD_SIGNAL] = &sdev_guard_signal,
	[SDEV_GUARD_COPY] = &sdev_guard_copy,
};
static_assert(wdi_array_size(guards) == SDEV_GUARD_COPY + 1, "every guard has its functions");

/* ---- regions ------------------------------------------------------------------------ */

/*
 * Memory that clients map is not inherited: a child has no device behind it. Under valgrind
 * it is, because the leak checker of the child would go through the hole where the rings were
 * by a signal a word, which takes hours.
 */
static void keep_from_children(void *p, size_t size)
{
	if (!RUNNING_ON_VALGRIND)
		madvise(p, size, MADV_DONTFORK);
}

static void *region_alloc(size_t size)
{
	void *p = sdev_map_pages(size);

	if (p)
		keep_from_children(p, size);
	return p;
}

static size_t doorbells_size(const struct sdev *dev)
{
	return (size_t)dev->max_queues * SDEV_PAGE_SIZE;
}

static size_t dus_size(const struct sdev *dev)
{
	return (size_t)sdev_region_size(dev, SDEV_REGION_DUS);
}

static size_t queues_size(const struct sdev *dev)
{
	return (size_t)dev->max_queues * sizeof(struct sdev_queue);
}

static size_t open_size(const struct sdev *dev)
{
	return ((size_t)dev->max_queues + 63) / 64 * sizeof(uint64_t);
}

/* Two mappings of one page, so that clients cannot write to theirs. */
static int status_alloc(struct sdev *dev)
{
	int fd = memfd_create("weft-status", MFD_CLOEXEC), rc = -ENOMEM;
	void *rw, *ro;

	if (fd < 0)
		return -errno;
	if (ftruncate(fd, SDEV_PAGE_SIZE))
		goto close_fd;
	rw = mmap(NULL, SDEV_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (rw == MAP_FAILED)
		goto close_fd;
	ro = mmap(NULL, SDEV_PAGE_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	if (ro == MAP_FAILED)
		goto unmap_rw;
	keep_from_children(rw, SDEV_PAGE_SIZE);
	keep_from_children(ro, SDEV_PAGE_SIZE);
	dev->status = rw;
	dev->status_ro = ro;
	close(fd);
	return 0;

unmap_rw:
	munmap(rw, SDEV_PAGE_SIZE);
close_fd:
	close(fd);
	return rc;
}

static void unmap(void *p, size_t size)
{
	if (p)
		munmap(p, size);
}

static void regions_free(struct sdev *dev)
{
	unmap(dev->status, SDEV_PAGE_SIZE);
	unmap(dev->status_ro, SDEV_PAGE_SIZE);
	unmap(dev->doorbells, doorbells_size(dev));
	unmap(dev->dus, dus_size(dev));
}

static int regions_alloc(struct sdev *dev)
{
	int rc = status_alloc(dev);

	if (rc)
		return rc;
	dev->doorbells = region_alloc(doorbells_size(dev));
	dev->dus = region_alloc(dus_size(dev));
	if (dev->doorbells && dev->dus)
		return 0;
	regions_free(dev);
	return -ENOMEM;
}

static void tables_free(struct sdev *dev)
{
	unmap(dev->queues, queues_size(dev));
	unmap(dev->open, open_size(dev));
}

static int tables_alloc(struct sdev *dev)
{
	dev->queues = sdev_map_pages(queues_size(dev));
	dev->open = sdev_map_pages(open_size(dev));
	if (dev->queues && dev->open)
		return 0;
	tables_free(dev);
	return -ENOMEM;
}

/* ---- create and destroy ---------------------------------------------------------------- */

static int config_apply(struct sdev *dev, const struct sdev_config *config)
{
	uint32_t built_in = codec_built_in();

	dev->max_queues = config->max_queues ? config->max_queues : DEFAULT_QUEUES;
	dev->max_depth = config->max_depth ? config->max_depth : DEFAULT_DEPTH;
	if (dev->max_queues > SDEV_MAX_QUEUES || dev->max_depth > SDEV_MAX_DEPTH ||
	    !wdi_is_pow2(dev->max_depth) || config->engine_threads < -1 ||
	    config->engine_threads > MAX_ENGINES || config->guard < -1 ||
	    config->guard > SDEV_GUARD_COPY || (config->crypto & ~SDEV_CRYPTO_ALL) ||
	    config->fault_mode >= SDEV_FAULT_COUNT || config->pasid_bits > SDEV_PASID_BITS)
		return -EINVAL;
	dev->max_depth = wdi_max(dev->max_depth, SDEV_MIN_DEPTH);
	dev->codecs = config->codecs ? config->codecs & built_in : built_in;
	dev->codecs |= 1u << SDEV_ENGINE_ZLIB;
	dev->crypto = SDEV_CRYPTO_OPENSSL | (config->crypto ? config->crypto : SDEV_CRYPTO_ALL);
	dev->health.limit = config->isolate;
	dev->spin_ns = config->spin_ns;
	dev->engines.wanted = config->engine_threads < 0 ? sdev_usable_cpus() :
			      (unsigned int)config->engine_threads;
	dev->va_limit = UINT64_C(1) << sdev_va_bits();
	dev->guard_kind = config->guard < 0 ? sdev_guard_auto() : (enum sdev_guard)config->guard;
	dev->guard = guards[dev->guard_kind];
	dev->fault_mode = (enum sdev_fault_mode)config->fault_mode;
	dev->platform = config->platform;
	if (dev->guard_kind == SDEV_GUARD_COPY && !sdev_guard_copy_works())
		return -EOPNOTSUPP;
	return 0;
}

static void locks_init(struct sdev *dev)
{
	pthread_mutex_init(&dev->lock, NULL);
	pthread_mutex_init(&dev->drain.lock, NULL);
	pthread_cond_init(&dev->drain.idle, NULL);
}

static void locks_exit(struct sdev *dev)
{
	pthread_cond_destroy(&dev->drain.idle);
	pthread_mutex_destroy(&dev->drain.lock);
	pthread_mutex_destroy(&dev->lock);
}

int sdev_create(const struct sdev_config *config, struct sdev **out)
{
	struct sdev *dev = calloc(1, sizeof(*dev));
	int rc;

	if (!dev)
		return -ENOMEM;
	rc = config_apply(dev, config);
	if (rc)
		goto free_dev;
	rc = regions_alloc(dev);
	if (rc)
		goto free_dev;
	rc = tables_alloc(dev);
	if (rc)
		goto free_regions;
	rc = sdev_pasids_init(&dev->pasids,
			      config->pasid_bits ? config->pasid_bits : SDEV_PASID_BITS);
	if (rc)
		goto free_tables;
	rc = sdev_objects_init(dev);
	if (rc)
		goto exit_pasids;
	rc = dev->guard_kind == SDEV_GUARD_SIGNAL ? sdev_guard_acquire() : 0;
	if (rc)
		goto exit_objects;
	rc = sdev_engines_init(dev);
	if (rc)
		goto release_guard;
	rc = sdev_pri_init(dev, config);
	if (rc)
		goto exit_engines;
	sdev_lookup_init(&dev->lookup, config->without);
	locks_init(dev);
	*out = dev;
	return 0;

exit_engines:
	sdev_engines_stop(dev);
release_guard:
	if (dev->guard_kind == SDEV_GUARD_SIGNAL)
		sdev_guard_release();
exit_objects:
	sdev_objects_exit(dev);
exit_pasids:
	sdev_pasids_exit(&dev->pasids);
free_tables:
	tables_free(dev);
free_regions:
	regions_free(dev);
free_dev:
	free(dev);
	return rc;
}

void sdev_destroy(struct sdev *dev)
{
	if (!dev)
		return;
	if (dev->files) {
		wdi_err("sdev: destroyed with open files; its memory is left to them");
		return;
	}
	sdev_engines_stop(dev);
	sdev_pri_exit(dev->pri);
	sdev_lane_drop();
	if (dev->guard_kind == SDEV_GUARD_SIGNAL)
		sdev_guard_release();
	sdev_objects_exit(dev);
	sdev_pasids_exit(&dev->pasids);
	sdev_lookup_exit(&dev->lookup);
	tables_free(dev);
	regions_free(dev);
	locks_exit(dev);
	free(dev);
}

/*
 * Only this thread came through the fork, so nothing is locked here, and what
 * others held stays as it was. The regions are not mapped. Engine threads, and
 * the lanes of other threads, are gone without a trace; their memory is lost,
 * because nobody knows where in it they were.
 */
void sdev_forget(struct sdev *dev)
{
	struct sdev_file *file, *next;

	if (!dev)
		return;
	if (dev->guard_kind == SDEV_GUARD_SIGNAL)
		sdev_guard_forget();
	for (uint32_t i = 0; i < dev->max_queues && i < dev->open_words * 64; i++) {
		struct sdev_queue *q = &dev->queues[i];

		if (atomic_load(&q->state) != SDEV_QUEUE_FREE && q->irq_fd >= 0)
			close(q->irq_fd);
	}
	sdev_pk_forget();
	sdev_objects_forget(dev);
	sdev_pri_forget(dev);
	for (file = dev->files; file; file = next) {
		next = file->next;
		free(file->as);
		free(file->untagged);
		sdev_guest_forget(atomic_load(&file->guest));
		free(file->maps.list);
		free(file);
	}
	sdev_pasids_exit(&dev->pasids);
	sdev_lookup_exit(&dev->lookup);
	tables_free(dev);
	free(dev->engines.list);
	free(dev);
}

/* ---- files ------------------------------------------------------------------------------ */

static void file_free(struct sdev_file *file)
{
	sdev_maps_exit(&file->maps);
	pthread_mutex_destroy(&file->mailbox);
	free(file);
}

int sdev_open(struct sdev *dev, struct sdev_file **out)
{
	struct sdev_file *file = calloc(1, sizeof(*file));

	if (!file)
		return -ENOMEM;
	file->dev = dev;
	pthread_mutex_init(&file->mailbox, NULL);
	sdev_maps_init(&file->maps);
	pthread_mutex_lock(&dev->lock);
	file->untagged = sdev_as_new(file, SDEV_AS_DMA, 0);
	if (!file->untagged) {
		pthread_mutex_unlock(&dev->lock);
		file_free(file);
		return -ENOMEM;
	}
	file->next = dev->files;
	dev->files = file;
	pthread_mutex_unlock(&dev->lock);
	if (dev->guard_kind == SDEV_GUARD_SIGNAL)
		sdev_guard_check();
	*out = file;
	return 0;
}

void sdev_close(struct sdev_file *file)
{
	struct sdev_file **link;
	struct sdev *dev;

	if (!file)
		return;
	dev = file->dev;
	for (uint32_t i = 0; i < dev->max_queues && i < dev->open_words * 64; i++) {
		struct sdev_admin cmd = { .queue = i };

		sdev_queue_destroy(file, &cmd);	/* -ENOENT where it is not ours */
	}
	sdev_unbind_exit(file);
	pthread_mutex_lock(&dev->lock);
	for (link = &dev->files; *link != file; link = &(*link)->next)
		;
	*link = file->next;
	sdev_guest_end(file);
	sdev_as_drop(dev, file->untagged);
	pthread_mutex_unlock(&dev->lock);
	file_free(file);
}

ssize_t sdev_read(struct sdev_file *file, void *buf, size_t len, uint64_t off)
{
	if (off >> SDEV_REGION_SHIFT != SDEV_REGION_MMIO)
		return -EINVAL;
	return sdev_regs_read(file, buf, len, off);
}

ssize_t sdev_write(struct sdev_file *file, const void *buf, size_t len, uint64_t off)
{
	if (off >> SDEV_REGION_SHIFT != SDEV_REGION_MMIO)
		return -EINVAL;
	return sdev_regs_write(file, buf, len, off);
}

/* Where @off lies: in the status page, or in memory of one queue. */
static int map_find(struct sdev *dev, uint64_t off, size_t len, uint32_t *queue, uint8_t **p)
{
	uint64_t stride = SDEV_PAGE_SIZE, in;
	uint8_t *base = dev->doorbells;

	in = off & (SDEV_REGION_OFFSET(1) - 1);
	switch (off >> SDEV_REGION_SHIFT) {
	case SDEV_REGION_MMIO:
		if (in == SDEV_STATUS_PAGE && len <= SDEV_PAGE_SIZE) {
			*queue = dev->max_queues;
			*p = (uint8_t *)dev->status_ro;
			return 0;
		}
		if (in < SDEV_DB_PAGE(0))
			return -EINVAL;
		in -= SDEV_DB_PAGE(0);
		break;
	case SDEV_REGION_DUS:
		stride = SDEV_DUS_STRIDE(dev->max_depth);
		base = dev->dus;
		break;
	default:
		return -EINVAL;
	}
	if (in / stride >= dev->max_queues || len > stride - in % stride)
		return -EINVAL;
	*queue = (uint32_t)(in / stride);
	*p = base + in;
	return 0;
}

int sdev_map(struct sdev_file *file, uint64_t off, size_t len, void **out)
{
	struct sdev *dev = file->dev;
	uint32_t queue;
	uint8_t *p;
	int rc;

	if (!len || off % SDEV_PAGE_SIZE)
		return -EINVAL;
	rc = map_find(dev, off, len, &queue, &p);
	if (rc)
		return rc;
	if (queue == dev->max_queues) {	/* the status page is everybody's */
		*out = p;
		return 0;
	}
	pthread_mutex_lock(&dev->lock);
	if (!sdev_queue_of(file, queue))
		rc = -EPERM;
	else
		*out = p;
	pthread_mutex_unlock(&dev->lock);
	return rc;
}

/* ---- work ---------------------------------------------------------------------------------- */

void sdev_kick(struct sdev_file *file)
{
	sdev_engines_kick(file->dev);
}
