/* SPDX-License-Identifier: MIT */
/*
 * What accesses without a PASID reach: the maps that VFIO_IOMMU_MAP_DMA makes.
 * They are of one file, which stands for device and container at once. For a
 * guest they say where its physical memory is.
 *
 * The kernel pins what is mapped; here nothing is, because accesses go through
 * the guard and are resolved like any other.
 */
#include "device/device_internal.h"

#include <errno.h>
#include <linux/vfio.h>
#include <stdlib.h>
#include <string.h>

#define MAPS_MAX	65535u		/* as the kernel's dma_entry_limit */

void sdev_maps_init(struct sdev_maps *maps)
{
	pthread_mutex_init(&maps->lock, NULL);
}

void sdev_maps_exit(struct sdev_maps *maps)
{
	pthread_mutex_destroy(&maps->lock);
	free(maps->list);
}

/* The first map that ends after @iova; count: none. */
static size_t maps_at(const struct sdev_maps *maps, uint64_t iova)
{
	size_t lo = 0, hi = maps->count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (maps->list[mid].iova + (maps->list[mid].size - 1) < iova)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/*
 * sdev_dma_find() - the address in this process of what lies at @iova, and how
 * much of @len lies in one piece with it. 0: none, with @fault set.
 */
size_t sdev_dma_find(struct sdev_maps *maps, uint64_t iova, size_t len, enum sdev_access access,
		     uint64_t *host, struct sdev_fault *fault)
{
	const struct sdev_map *m;
	size_t room = 0, at;

	*fault = (struct sdev_fault){ .va = iova, .status = SDEV_ST_BAD_ADDRESS };
	pthread_mutex_lock(&maps->lock);
	at = maps_at(maps, iova);
	m = at < maps->count ? &maps->list[at] : NULL;
	if (m && m->iova <= iova) {
		uint64_t off = iova - m->iova;

		*host = m->host + off;
		if (access == SDEV_WRITE ? m->writable : m->readable)
			room = wdi_min((uint64_t)len, m->size - off);
		else
			fault->status = SDEV_ST_ACCESS_DENIED;
	}
	pthread_mutex_unlock(&maps->lock);
	return room;
}

static int maps_room(struct sdev_maps *maps)
{
	size_t room = maps->room ? 2 * maps->room : 16;
	struct sdev_map *list;

	if (maps->count == MAPS_MAX)
		return -ENOSPC;
	if (maps->count < maps->room)
		return 0;
	list = realloc(maps->list, room * sizeof(*list));
	if (!list)
		return -ENOMEM;
	maps->list = list;
	maps->room = room;
	return 0;
}

static bool range_ok(uint64_t addr, uint64_t size)
{
	return size && !((addr | size) % SDEV_PAGE_SIZE) && addr + (size - 1) >= addr;
}

int sdev_dma_map(struct sdev_file *file, void *arg)
{
	const struct vfio_iommu_type1_dma_map *map = arg;
	struct sdev_maps *maps = &file->maps;
	uint64_t limit = file->dev->va_limit;
	size_t at;
	int rc;

	if ((map->flags & ~(VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE)) || !map->flags ||
	    !range_ok(map->iova, map->size) || !range_ok(map->vaddr, map->size))
		return -EINVAL;
	if (map->vaddr >= limit || map->size > limit - map->vaddr)
		return -EFAULT;
	pthread_mutex_lock(&maps->lock);
	at = maps_at(maps, map->iova);
	if (at < maps->count && maps->list[at].iova <= map->iova + (map->size - 1)) {
		rc = -EEXIST;
		goto unlock;
	}
	rc = maps_room(maps);
	if (rc)
		goto unlock;
	memmove(&maps->list[at + 1], &maps->list[at], (maps->count - at) * sizeof(*maps->list));
	maps->list[at] = (struct sdev_map){
		.iova = map->iova, .size = map->size, .host = map->vaddr,
		.readable = map->flags & VFIO_DMA_MAP_FLAG_READ,
		.writable = map->flags & VFIO_DMA_MAP_FLAG_WRITE,
	};
	maps->count++;
unlock:
	pthread_mutex_unlock(&maps->lock);
	return rc;
}

/* Maps [from, to) go; a range that would cut one in two is refused. */
static int maps_cut(struct sdev_maps *maps, uint64_t iova, uint64_t last, uint64_t *removed)
{
	size_t from = maps_at(maps, iova), to = from;

	if (from < maps->count && maps->list[from].iova < iova)
		return -EINVAL;
	for (; to < maps->count && maps->list[to].iova <= last; to++) {
		if (maps->list[to].iova + (maps->list[to].size - 1) > last)
			return -EINVAL;
		*removed += maps->list[to].size;
	}
	memmove(&maps->list[from], &maps->list[to], (maps->count - to) * sizeof(*maps->list));
	maps->count -= to - from;
	return 0;
}

/* When it returns, no access through what was there is under way. */
int sdev_dma_unmap(struct sdev_file *file, void *arg)
{
	struct vfio_iommu_type1_dma_unmap *unmap = arg;
	bool all = unmap->flags == VFIO_DMA_UNMAP_FLAG_ALL;
	struct sdev_maps *maps = &file->maps;
	uint64_t removed = 0;
	int rc;

	if ((unmap->flags && !all) || (all && (unmap->iova || unmap->size)) ||
	    (!all && !range_ok(unmap->iova, unmap->size)))
		return -EINVAL;
	pthread_mutex_lock(&maps->lock);
	rc = maps_cut(maps, unmap->iova, all ? UINT64_MAX : unmap->iova + (unmap->size - 1),
		      &removed);
	pthread_mutex_unlock(&maps->lock);
	if (rc)
		return rc;
	sdev_file_drain(file);
	unmap->size = removed;
	return 0;
}
