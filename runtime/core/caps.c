/* SPDX-License-Identifier: MIT */
/* What this library can do, and the small calls of libwd that belong to nothing else. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/algs.h"
#include "core/core_internal.h"
#include "uadk/wd_bmm.h"
#include "util/log.h"
#include "weft/weft.h"

/* Priority that hardware has with libwd; the embedded device stands below. */
#define PRIORITY_EMBEDDED	10

/* Which class an algorithm of compression belongs to; the others are in core/algs.h. */
static const struct {
	const char *alg, *class;
} alg_classes[] = {
	{ "zlib", "zlib" },
	{ "gzip", "gzip" },
	{ "deflate", "deflate" },
	{ "lz77_zstd", "lz77_zstd" },
	{ "lz4", "lz4" },
	{ "lz77_only", "lz77_only" },
};

void wd_release_alg_cap(struct wd_capability *head)
{
	while (head) {
		struct wd_capability *next = head->next;

		free(head);
		head = next;
	}
}

/* Where the next entry goes; false when there is no memory. */
static bool cap_add(struct wd_capability ***tail, const struct wdi_device *dev, const char *alg)
{
	struct wd_capability *cap = calloc(1, sizeof(*cap));

	if (!cap)
		return false;
	snprintf(cap->alg_name, sizeof(cap->alg_name), "%s", alg);
	snprintf(cap->drv_name, sizeof(cap->drv_name), "%s", dev->drv->name);
	cap->available = true;
	cap->priority = PRIORITY_EMBEDDED;
	cap->calc_type = UADK_ALG_SOFT;
	**tail = cap;
	*tail = &cap->next;
	return true;
}

static bool caps_of_device(struct wd_capability ***tail, const struct wdi_device *dev)
{
	bool good = true;

	for (size_t i = 0; i < wdi_array_size(alg_classes) && good; i++) {
		if (wdi_device_has(&dev->caps, alg_classes[i].alg))
			good = cap_add(tail, dev, alg_classes[i].alg);
	}
	for (size_t i = 0; i < wdi_alg_row_count && good; i++) {
		if (wdi_caps_alg(&dev->caps, wdi_alg_rows[i].device))
			good = cap_add(tail, dev, wdi_alg_rows[i].name);
	}
	return good;
}

/* One entry an algorithm and device. NULL when there are none, or no memory. */
struct wd_capability *wd_get_alg_cap(void)
{
	struct wd_capability *head = NULL, **tail = &head;
	struct wdi_bus_info list[16];
	int n = wdi_min(wdi_device_scan(list, 16), 16);

	for (int i = 0; i < n; i++) {
		struct wdi_device *dev;
		bool good;

		if (wdi_device_get(&list[i], &dev))
			continue;
		good = caps_of_device(&tail, dev);
		wdi_device_put(dev);
		if (!good) {
			wd_release_alg_cap(head);
			return NULL;
		}
	}
	return head;
}

/* A command of old programs: prints what version they run with. */
void wd_get_version(void)
{
	printf("libwd of Weft %s (%s)\n", weft_version(), weft_build());
}

bool wd_need_debug(void)
{
	return wdi_log_enabled(WDI_LOG_DEBUG);
}

bool wd_need_info(void)
{
	return wdi_log_enabled(WDI_LOG_INFO);
}

int wd_get_alg_type(const char *alg_name, char *alg_type)
{
	const struct wdi_alg_row *row;

	if (!alg_name || !alg_type)
		return -WD_EINVAL;
	for (size_t i = 0; i < wdi_array_size(alg_classes); i++) {
		if (!strcmp(alg_name, alg_classes[i].alg)) {
			strcpy(alg_type, alg_classes[i].class);
			return 0;
		}
	}
	row = wdi_alg_row_by_name(alg_name);
	if (!row)
		return -WD_EINVAL;
	strcpy(alg_type, row->class);
	return 0;
}

/* 0 when equal; the time does not depend on where the first difference is. */
int memcmp_consttime(const void *s1, const void *s2, size_t n)
{
	const volatile unsigned char *a = s1, *b = s2;
	unsigned char diff = 0;

	for (size_t i = 0; i < n; i++)
		diff |= a[i] ^ b[i];
	return diff;
}

/* ---- contexts by algorithm ---------------------------------------------- */

/*
 * wd_bmm.h's list of contexts: programs without SVA look up a context for their
 * memory pool by algorithm. Entries are ours, contexts stay their owner's.
 */
struct named_ctx {
	handle_t ctx;
	char alg[CRYPTO_MAX_ALG_NAME];
	struct named_ctx *next;
};

static pthread_mutex_t named_lock = PTHREAD_MUTEX_INITIALIZER;
static struct named_ctx *named;

static void named_hold(void)
{
	pthread_mutex_lock(&named_lock);
}

static void named_go_on(void)
{
	pthread_mutex_unlock(&named_lock);
}

static struct wdi_fork_hook named_fork = {
	.rank = WDI_FORK_CONTEXT,
	.prepare = named_hold,
	.parent = named_go_on,
	.child = named_go_on,
};
WDI_FORK_HOOK(named_fork)

int wd_insert_ctx_list(handle_t h_ctx, char *alg_name)
{
	struct named_ctx *entry;

	if (!wdi_core_ctx(h_ctx) || !alg_name || strlen(alg_name) >= sizeof(entry->alg))
		return -WD_EINVAL;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return -WD_ENOMEM;
	entry->ctx = h_ctx;
	strcpy(entry->alg, alg_name);
	pthread_mutex_lock(&named_lock);
	entry->next = named;
	named = entry;
	pthread_mutex_unlock(&named_lock);
	return 0;
}

void wd_remove_ctx_list(handle_t h_ctx)
{
	pthread_mutex_lock(&named_lock);
	for (struct named_ctx **at = &named; *at;) {
		struct named_ctx *entry = *at;

		if (entry->ctx != h_ctx) {
			at = &entry->next;
			continue;
		}
		*at = entry->next;
		free(entry);
	}
	pthread_mutex_unlock(&named_lock);
}

handle_t wd_find_ctx(const char *alg_name)
{
	handle_t found = 0;

	if (!alg_name)
		return 0;
	pthread_mutex_lock(&named_lock);
	for (struct named_ctx *entry = named; entry && !found; entry = entry->next) {
		if (!strcmp(entry->alg, alg_name))
			found = entry->ctx;
	}
	pthread_mutex_unlock(&named_lock);
	return found;
}
