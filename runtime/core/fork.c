/* SPDX-License-Identifier: MIT */
/* The one place that knows of fork(). */
#include <pthread.h>

#include "core/core.h"

uint32_t wdi_core_generation = 1;

/* By rank; complete before main() and never changed afterwards. */
static struct wdi_fork_hook *hooks;

static void run_prepare(void)
{
	for (struct wdi_fork_hook *h = hooks; h; h = h->next)
		h->prepare();
}

/* In reverse: what was locked last is let go first. */
static void run_after(const struct wdi_fork_hook *h, bool child)
{
	if (!h)
		return;
	run_after(h->next, child);
	if (child)
		h->child();
	else
		h->parent();
}

static void run_parent(void)
{
	run_after(hooks, false);
}

static void run_child(void)
{
	wdi_core_generation++;
	run_after(hooks, true);
}

void wdi_core_fork_register(struct wdi_fork_hook *hook)
{
	struct wdi_fork_hook **at = &hooks;

	if (!hooks)
		pthread_atfork(run_prepare, run_parent, run_child);
	while (*at && (*at)->rank <= hook->rank)
		at = &(*at)->next;
	hook->next = *at;
	*at = hook;
}
