/* SPDX-License-Identifier: MIT */
#include "core/sides.h"

#include <string.h>

void *wdi_side_at(const struct wdi_msg *msg, const struct wdi_side *s)
{
	void *at;

	memcpy(&at, (const char *)msg + s->member, sizeof(at));
	return at;
}

void wdi_side_set(struct wdi_msg *msg, const struct wdi_side *s, void *at)
{
	memcpy((char *)msg + s->member, &at, sizeof(at));
}

static void add(struct wdi_side *sides, unsigned int *n, size_t member, uint32_t len, bool in,
		bool out)
{
	if (len)
		sides[(*n)++] = (struct wdi_side){ member, len, in, out };
}

unsigned int wdi_sides_of(const struct wdi_msg *msg, struct wdi_side sides[WDI_SIDES_MAX])
{
	unsigned int n = 0, count;

	switch (msg->op) {
	case WDI_OP_CIPHER:
		add(sides, &n, offsetof(struct wdi_msg, sym.iv), msg->sym.iv_len, true, true);
		break;
	case WDI_OP_DIGEST:
		if (msg->sym.first)
			add(sides, &n, offsetof(struct wdi_msg, sym.iv), msg->sym.iv_len,
			    true, false);
		break;
	case WDI_OP_AEAD:
		if (msg->sym.first)
			add(sides, &n, offsetof(struct wdi_msg, sym.iv), msg->sym.iv_len,
			    true, false);
		if (msg->sym.first && !msg->sym.aad_in_src)
			add(sides, &n, offsetof(struct wdi_msg, sym.aad), msg->sym.aad_len,
			    true, false);
		if (msg->sym.last)
			add(sides, &n, offsetof(struct wdi_msg, sym.mac), msg->sym.mac_len,
			    msg->sym.decrypt, !msg->sym.decrypt);
		break;
	case WDI_OP_PK:
		count = msg->src_len / (unsigned int)sizeof(msg->params[0]);
		for (unsigned int i = 0; i < count; i++) {
			bool result = i + msg->pk.results >= count;

			add(sides, &n, offsetof(struct wdi_msg, params) +
			    i * sizeof(msg->params[0]) + offsetof(struct wdi_pk_param, at),
			    msg->params[i].len, !result, result);
		}
		break;
	}
	return n;
}
