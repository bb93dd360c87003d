/* SPDX-License-Identifier: MIT */
/*
 * What a compressing side has made is decoded as it comes, by the system's zlib,
 * in a window no larger than the stream may use, and compared with the input.
 */
#include "zdiff_internal.h"

#include <stdlib.h>
#include <string.h>

#define DECODE_ROOM	256	/* small, so that a distance beyond the window is seen */

void check_open(struct zdiff *d, struct dslot *slot, int side)
{
	struct check *c = &slot->side[side].check;
	int wb = slot->wb < 9 ? 9 : slot->wb;
	int bits = slot->wrap == 0 ? -wb : slot->wrap == 1 ? wb : wb + 16;

	memset(c, 0, sizeof(*c));
	if (d->api[THEIRS]->inflateInit2_(&c->dec, bits, ZLIB_VERSION, sizeof(c->dec)) != Z_OK)
		abort();
	if (slot->wrap == 2) {
		c->head.extra = c->extra;
		c->head.extra_max = sizeof(c->extra);
		c->head.name = c->name;
		c->head.name_max = sizeof(c->name);
		c->head.comment = c->comment;
		c->head.comm_max = sizeof(c->comment);
		d->api[THEIRS]->inflateGetHeader(&c->dec, &c->head);
	}
	c->live = true;
}

void check_copy(struct zdiff *d, struct dslot *to, const struct dslot *from, int side)
{
	struct check *c = &to->side[side].check;

	*c = from->side[side].check;
	memset(&c->dec, 0, sizeof(c->dec));
	if (d->api[THEIRS]->inflateCopy(&c->dec, (z_stream *)&from->side[side].check.dec) != Z_OK)
		abort();
	if (to->wrap == 2 && !c->head.done)
		d->api[THEIRS]->inflateGetHeader(&c->dec, &c->head);
	c->head.extra = c->extra;
	c->head.name = c->name;
	c->head.comment = c->comment;
}

void check_close(struct zdiff *d, struct check *c)
{
	if (c->live)
		d->api[THEIRS]->inflateEnd(&c->dec);
	c->live = false;
}

static void check_skip(struct zdiff *d, struct check *c, const uint8_t **p, size_t *len)
{
	while (c->skip_bits && *len) {
		if (c->skip_bits >= 8) {
			c->skip_bits -= 8;
		} else {
			d->api[THEIRS]->inflatePrime(&c->dec, (int)(8 - c->skip_bits),
						     **p >> c->skip_bits);
			c->skip_bits = 0;
		}
		++*p;
		--*len;
	}
}

void check_feed(struct zdiff *d, struct dslot *slot, int side, const uint8_t *p, size_t len)
{
	struct check *c = &slot->side[side].check;
	const struct zapi *z = d->api[THEIRS];
	uint8_t out[DECODE_ROOM];
	int ret = Z_OK;

	if (c->seen < sizeof(c->first) && len)
		memcpy(c->first + c->seen, p, MIN(len, sizeof(c->first) - c->seen));
	c->seen += len;
	check_skip(d, c, &p, &len);
	if (c->ended && len) {
		zdiff_fail(d, "%s wrote %zu bytes behind the end of the stream", side_name(side),
			   len);
		return;
	}
	c->dec.next_in = p;
	c->dec.avail_in = (uInt)len;
	do {
		size_t got;

		c->dec.next_out = out;
		c->dec.avail_out = sizeof(out);
		ret = z->inflate(&c->dec, Z_NO_FLUSH);
		got = sizeof(out) - c->dec.avail_out;
		if (ret == Z_NEED_DICT)
			ret = z->inflateSetDictionary(&c->dec, slot->dict, (uInt)slot->dict_len);
		if (ret != Z_OK && ret != Z_STREAM_END && ret != Z_BUF_ERROR) {
			zdiff_fail(d, "%s made data that cannot be decoded: %d (%s)",
				   side_name(side), ret, c->dec.msg ? c->dec.msg : "");
			return;
		}
		if (c->decoded + got > slot->side[side].taken ||
		    memcmp(out, slot->in + c->decoded, got)) {
			zdiff_fail(d, "%s made data that decodes to something else, at %zu of %zu",
				   side_name(side), c->decoded, slot->side[side].taken);
			return;
		}
		c->decoded += got;
	} while (ret == Z_OK && (c->dec.avail_in || !c->dec.avail_out));
	if (ret == Z_STREAM_END) {
		c->ended = true;
		if (c->dec.avail_in)
			zdiff_fail(d, "%s wrote %u bytes behind the end of the stream",
				   side_name(side), c->dec.avail_in);
	}
}

void check_flushed(struct zdiff *d, struct dslot *slot, int side, int flush)
{
	struct dside *ds = &slot->side[side];

	if (flush == Z_NO_FLUSH || flush == Z_BLOCK)
		return;
	if (ds->check.decoded != ds->taken && !ds->check.skip_bits)
		zdiff_fail(d, "%s: after flush %d only %zu of %zu bytes can be decoded",
			   side_name(side), flush, ds->check.decoded, ds->taken);
	if ((flush == Z_FINISH) != ds->check.ended)
		zdiff_fail(d, "%s: flush %d, end of the stream: %d", side_name(side), flush,
			   ds->check.ended);
	/* Whoever begins to read here needs nothing of what was before. */
	if (flush == Z_FULL_FLUSH && !slot->wrap && !ds->check.skip_bits)
		d->api[THEIRS]->inflateReset(&ds->check.dec);
}
