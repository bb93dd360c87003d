/* SPDX-License-Identifier: MIT */
#ifndef WEFT_DEVICE_CODEC_ISAL_PLACE_H
#define WEFT_DEVICE_CODEC_ISAL_PLACE_H

struct inflate_state;
struct sdev_place;

/*
 * What a raw deflate decoder has to read to be where this one is; @place->behind
 * is not touched. 0; -EAGAIN: between two symbols it can be told, not here;
 * -ENOTSUP: this version of the library has tables of another form.
 */
int codec_isal_place(const struct inflate_state *z, struct sdev_place *place);

#endif
