/* SPDX-License-Identifier: MIT */
/* What the files about compressing streams share. */
#ifndef WEFT_TEST_FRONT_ZDIFF_DEFLATE_H
#define WEFT_TEST_FRONT_ZDIFF_DEFLATE_H

#include "zdiff_internal.h"

#define BIG_ROOM	(400u << 10)

struct zdeflate_order {
	int flush;
	size_t room;
	unsigned int calls;
	bool complete;		/* however many calls it takes */
};

/* Calls until all is delivered, or @o->calls. The last result. */
int zdeflate_drive(struct zdiff *d, struct dslot *slot, int side, const struct zdeflate_order *o,
		   bool *done);

/* Where both have delivered everything. */
void zdeflate_compare(struct zdiff *d, struct dslot *slot);
void zdeflate_compare_msg(struct zdiff *d, const struct dslot *slot);

zop_fn zdeflate_pending;
zop_fn zdeflate_prime;
zop_fn zdeflate_tune;
zop_fn zdeflate_header;
zop_fn zdeflate_set_dictionary;
zop_fn zdeflate_get_dictionary;
zop_fn zdeflate_bound;
zop_fn zdeflate_misuse;

#endif
