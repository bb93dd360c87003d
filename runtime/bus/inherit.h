/* SPDX-License-Identifier: MIT */
/*
 * A device that lives in another process, an ancestor of this one, from which it
 * was inherited by fork(). The ancestor, its owner, has a thread for each heir, which
 * makes and ends queues for it. The memory of such a queue belongs to both; what is in
 * flight goes through it and nothing else.
 */
#ifndef WEFT_BUS_INHERIT_H
#define WEFT_BUS_INHERIT_H

#include "bus/transport.h"

struct wdi_heir;

/*
 * wdi_heir_new() - before a fork(): what the child will have of the device behind @t and
 * @handle, whose registers begin at 0 and whose rings begin at @rings. 0 or a negative
 * errno. It ends in one of two ways.
 * wdi_heir_pass_on() - in the parent; the channel, for the one that is to serve it.
 * wdi_heir_take() - in the child: it is a handle of wdi_inherited_transport from now on.
 */
int wdi_heir_new(const struct wdi_transport_ops *t, void *handle, uint64_t rings,
		 struct wdi_heir **out);
int wdi_heir_pass_on(struct wdi_heir *h);
void wdi_heir_take(struct wdi_heir *h);

extern const struct wdi_transport_ops wdi_inherited_transport;

/* ---- the owner ---- */

/*
 * wdi_heir_serve() - a thread that serves the heir at the other end of @fd with device
 * @handle. @fd is always taken; when there is no thread the heir sees that its channel
 * has no other end.
 */
void wdi_heir_serve(const struct wdi_transport_ops *t, void *handle, int fd);

/* End those that serve heirs of @handle, and the queues that they have made. */
void wdi_heir_stop(void *handle);

/*
 * Around fork(): no descriptor is on its way from a message to its place, or to the
 * heir, in between. In the child wdi_heir_forget() comes after it, and closes what
 * serves the parent's heirs.
 */
void wdi_heir_fork_hold(void);
void wdi_heir_fork_go_on(void);
void wdi_heir_forget(void);

#endif
