/* SPDX-License-Identifier: MIT */
#include "alg/sym.h"

#include <errno.h>
#include <string.h>

#include "util/bits.h"
#include "util/log.h"

static struct wdi_sym_sess *to_sym(struct wdi_sess *sess)
{
	return wdi_container_of(sess, struct wdi_sym_sess, base);
}

/* ---- the class ----------------------------------------------------------- */

const char *wdi_sym_device_alg(const char *class, const char *alg)
{
	const struct wdi_alg_row *row = wdi_alg_row_by_name(alg);

	return row && !strcmp(row->class, class) ? row->name : NULL;
}

bool wdi_sym_ctx_fits(const struct wdi_ctx *ctx, enum wdi_op op, const char *class)
{
	for (size_t i = 0; i < wdi_alg_row_count; i++) {
		if (!strcmp(wdi_alg_rows[i].class, class) &&
		    wdi_core_ctx_can(ctx, op, wdi_alg_rows[i].device))
			return true;
	}
	return false;
}

void wdi_sym_close_objects(struct wdi_sess *sess, const struct wdi_route *route)
{
	wdi_keyring_close(&to_sym(sess)->keys, route);
}

void wdi_sym_destroy(struct wdi_sess *sess)
{
	wdi_keyring_destroy(&to_sym(sess)->keys);
}

/* ---- sessions ------------------------------------------------------------ */

static bool some_device_can(struct wdi_sym_sess *s)
{
	struct wdi_route routes[WDI_ROUTES_MAX];
	unsigned int count = wdi_class_routes(s->base.class, s->base.epoch, routes, WDI_ROUTES_MAX);

	for (unsigned int i = 0; i < count; i++) {
		if (wdi_core_ctx_can(routes[i].ctx, WDI_OP_SESSION_OPEN, s->row->device))
			return true;
	}
	return false;
}

struct wdi_sym_sess *wdi_sym_alloc(struct wdi_class *c, const struct wdi_alg_row *row,
				   void *sched_param)
{
	struct wdi_sym_sess *s;

	if (!row) {
		wdi_err("%s: there is no such algorithm", c->ops->name);
		errno = ENOTSUP;
		return NULL;
	}
	s = (struct wdi_sym_sess *)wdi_sess_new(c, sched_param);
	if (!s)
		return NULL;
	s->row = row;
	if (!some_device_can(s)) {
		wdi_err("%s: no device has %s", c->ops->name, row->name);
		wdi_sess_free(c, s->base.handle);
		errno = ENOTSUP;
		return NULL;
	}
	return s;
}

bool wdi_sym_key_fits(const struct wdi_sym_sess *s, const void *key, size_t len)
{
	const struct wdi_alg_row *row = s->row;

	if (key && wdi_alg_key_fits(row, len))
		return true;
	if (!key)
		wdi_err("%s: the key is NULL", s->base.class->ops->name);
	else
		wdi_err("%s: a key of %zu bytes, %s takes %u to %u in steps of %u",
			s->base.class->ops->name, len, row->name, row->key_min, row->key_max,
			row->key_step);
	return false;
}

/* ---- requests ------------------------------------------------------------ */

struct wdi_outcome wdi_sym_outcome(const struct wdi_msg *msg)
{
	switch (msg->status) {
	case WDI_ST_AUTH_FAILED:
		return (struct wdi_outcome){ -WD_VERIFY_ERR, WD_VERIFY_ERR };
	case WDI_ST_NO_OBJECT:
		return (struct wdi_outcome){ -WD_HW_EACCESS, WD_HW_EACCESS };
	default:
		return *wdi_class_outcome(msg);
	}
}
