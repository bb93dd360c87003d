/* SPDX-License-Identifier: MIT */
/* Rows: memory that is counted and, at every place where it can, runs out. */
#include "zrows.h"

#include <stdlib.h>
#include <string.h>

/* @fail_at: the request that gets nothing, from 1 on; 0: none */
struct supply {
	size_t requests, fail_at, live;
	bool failed;
};

static struct supply all;	/* for streams that bring no opaque of their own */

static voidpf supply_take(voidpf opaque, uInt items, uInt size)
{
	struct supply *m = opaque ? opaque : &all;
	void *p;

	if (++m->requests == m->fail_at) {
		m->failed = true;
		return Z_NULL;
	}
	p = malloc((size_t)items * size);
	if (!p)
		abort();
	memset(p, 0xa5, (size_t)items * size);
	m->live++;
	return p;
}

static void supply_give(voidpf opaque, voidpf p)
{
	struct supply *m = opaque ? opaque : &all;

	m->live--;
	free(p);
}

/* A story is told with its n-th request refused, for every n. It tells Z_MEM_ERROR or its end. */
typedef bool story_fn(z_stream *s, z_stream *copy);

static void tell(story_fn *story, bool own)
{
	struct supply mine;

	for (size_t n = 1; n < 100; n++) {
		struct supply *m = own ? &mine : &all;
		z_stream s = { .zalloc = supply_take, .zfree = supply_give,
			       .opaque = own ? &mine : NULL }, copy = { 0 };
		bool ended;

		*m = (struct supply){ .fail_at = n };
		ended = story(&s, &copy);
		IS(m->live, 0);
		HOLDS(ended || m->failed);
		if (!m->failed)
			return;
	}
	HOLDS(!"an end");
}

/* Z_MEM_ERROR ends a story; everything else must be @want. */
#define STEP(call, want, undo)				\
	do {						\
		int ret_ = (call);			\
							\
		if (ret_ == Z_MEM_ERROR) {		\
			undo;				\
			return false;			\
		}					\
		IS(ret_, want);				\
	} while (0)

static bool compressing(z_stream *s, z_stream *copy)
{
	uint8_t *packed = zrows_memory_of(400000);

	STEP(deflateInit2(s, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK, );
	s->next_in = zrows_data;
	s->avail_in = 150000;
	s->next_out = packed;
	s->avail_out = 400000;
	STEP(deflate(s, Z_NO_FLUSH), Z_OK, deflateEnd(s));
	STEP(deflateCopy(copy, s), Z_OK, deflateEnd(s));
	copy->avail_in = 150000;
	STEP(deflate(copy, Z_FINISH), Z_STREAM_END, deflateEnd(s); deflateEnd(copy));
	zrows_is_pack_of(packed, copy->total_out, 31, zrows_data, 300000);
	IS(deflateEnd(copy), Z_OK);
	IS(deflateEnd(s), Z_DATA_ERROR);
	return true;
}

static bool restoring(z_stream *s, z_stream *copy)
{
	uint8_t *back = zrows_memory_of(300000);
	size_t len;
	uint8_t *packed = zrows_pack(zrows_data, 300000, 6, 15, &len);

	STEP(inflateInit2(s, 47), Z_OK, );
	s->next_in = packed;
	s->avail_in = (uInt)len / 2;
	s->next_out = back;
	s->avail_out = 300000;
	STEP(inflate(s, Z_NO_FLUSH), Z_OK, inflateEnd(s));
	STEP(inflateCopy(copy, s), Z_OK, inflateEnd(s));
	copy->avail_in = (uInt)(len - len / 2) + s->avail_in;
	STEP(inflate(copy, Z_FINISH), Z_STREAM_END, inflateEnd(s); inflateEnd(copy));
	IS(memcmp(back, zrows_data, 300000), 0);
	IS(inflateEnd(copy), Z_OK);
	STEP(inflateReset2(s, 9), Z_OK, inflateEnd(s));
	STEP(inflateSetDictionary(s, packed, 10), Z_STREAM_ERROR, inflateEnd(s));
	STEP(inflateReset2(s, -15), Z_OK, inflateEnd(s));
	STEP(inflateSetDictionary(s, packed, 10), Z_OK, inflateEnd(s));
	IS(inflateEnd(s), Z_OK);
	return true;
}

static bool calling_back(z_stream *s, z_stream *copy)
{
	uint8_t *window = zrows_memory_of(32768);

	(void)copy;
	STEP(inflateBackInit(s, 15, window), Z_OK, );
	IS(inflateBackEnd(s), Z_OK);
	return true;
}

static void compress_own(void)
{
	tell(compressing, true);
}

static void compress_plain(void)
{
	tell(compressing, false);
}

static void restore_own(void)
{
	tell(restoring, true);
}

static void restore_plain(void)
{
	tell(restoring, false);
}

static void back_own(void)
{
	tell(calling_back, true);
}

const struct zrow zrows_memory[] = {
	{ "no memory for deflate, with an opaque", compress_own },
	{ "no memory for deflate", compress_plain },
	{ "no memory for inflate, with an opaque", restore_own },
	{ "no memory for inflate", restore_plain },
	{ "no memory for inflateBack", back_own },
};
const size_t zrows_memory_count = sizeof(zrows_memory) / sizeof(zrows_memory[0]);
