/* SPDX-License-Identifier: MIT */
/*
 * Cells of powers of two, cut from arenas that are kept out of core dumps. Free
 * cells hold nothing but the pointer to the next one.
 */
#include "core/secret.h"

#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#include "core/core.h"
#include "util/bits.h"

#define CELL_MIN_BITS	5
#define CELL_MAX_BITS	12
#define CLASSES		(CELL_MAX_BITS - CELL_MIN_BITS + 1)
#define ARENA_BYTES	(64 * 1024)
_Static_assert(WDI_SECRET_MAX == 1 << CELL_MAX_BITS, "the largest cell");

struct cell {
	struct cell *next;
};

static pthread_mutex_t cells_lock = PTHREAD_MUTEX_INITIALIZER;
static struct cell *cells[CLASSES];

static void cells_hold(void)
{
	pthread_mutex_lock(&cells_lock);
}

static void cells_go_on(void)
{
	pthread_mutex_unlock(&cells_lock);
}

static struct wdi_fork_hook cells_fork = {
	.rank = WDI_FORK_DEVICE,
	.prepare = cells_hold,
	.parent = cells_go_on,
	.child = cells_go_on,
};
WDI_FORK_HOOK(cells_fork)

static unsigned int class_of(size_t size)
{
	unsigned int class = 0;

	while ((size_t)1 << (CELL_MIN_BITS + class) < size)
		class++;
	return class;
}

/* With cells_lock held. */
static void arena_cut(unsigned int class)
{
	size_t size = (size_t)1 << (CELL_MIN_BITS + class);
	char *arena = mmap(NULL, ARENA_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);

	if (arena == MAP_FAILED)
		return;
	/* Where this is refused, keys are as safe as the rest of the program's memory. */
	madvise(arena, ARENA_BYTES, MADV_DONTDUMP);
	for (size_t at = 0; at + size <= ARENA_BYTES; at += size) {
		struct cell *cell = (struct cell *)(arena + at);

		cell->next = cells[class];
		cells[class] = cell;
	}
}

void *wdi_core_secret_alloc(size_t size)
{
	unsigned int class = class_of(size);
	struct cell *cell;

	if (!size || size > WDI_SECRET_MAX)
		return NULL;
	pthread_mutex_lock(&cells_lock);
	if (!cells[class])
		arena_cut(class);
	cell = cells[class];
	if (cell)
		cells[class] = cell->next;
	pthread_mutex_unlock(&cells_lock);
	if (cell)
		cell->next = NULL;
	return cell;
}

void wdi_core_secret_free(void *mem, size_t size)
{
	unsigned int class = class_of(size);
	struct cell *cell = mem;

	if (!mem)
		return;
	explicit_bzero(mem, size);
	pthread_mutex_lock(&cells_lock);
	cell->next = cells[class];
	cells[class] = cell;
	pthread_mutex_unlock(&cells_lock);
}
