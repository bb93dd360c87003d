/* SPDX-License-Identifier: MIT */
/* The compression libraries, called directly: what the device is measured against. */
#ifndef WEFT_TOOLS_CODECS_DIRECT_H
#define WEFT_TOOLS_CODECS_DIRECT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * @name:	as struct weft_report's engine calls it
 * @levels:	lowest and highest
 * @open:	state for one direction, reused from call to call; NULL: no memory
 * @compress, @decompress: one whole buffer; bytes of output, 0 when it failed
 */
struct direct_codec {
	const char *name;
	int levels[2];
	void *(*open)(int level, bool gzip, bool decompress);
	size_t (*compress)(void *state, const void *in, size_t in_len, void *out, size_t out_len);
	size_t (*decompress)(void *state, const void *in, size_t in_len, void *out,
			     size_t out_len);
	void (*close)(void *state);
};

extern const struct direct_codec direct_codecs[];
extern const size_t direct_codec_count;

/* The first row; always there. */
#define DIRECT_ZLIB	(&direct_codecs[0])

/* NULL: not in this build. */
const struct direct_codec *direct_find(const char *name);

/* The library's level that stands for zlib's @level. */
int direct_level(const struct direct_codec *codec, int level);

/* Room that no library needs more than for @in_len bytes, in any format. */
size_t direct_bound(size_t in_len);

#endif
