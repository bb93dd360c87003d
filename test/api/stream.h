/* SPDX-License-Identifier: MIT */
/* A stream driven call by call, with every rule that a call has to keep. */
#ifndef WEFT_TEST_API_STREAM_H
#define WEFT_TEST_API_STREAM_H

#include "common.h"

/* How a stream is cut: fixed pieces, or up to this many bytes at random. */
struct cut {
	size_t in;
	size_t out;
	bool at_random;
	bool empty_last;	/* the end comes in a call of its own, without data */
};

struct stream {
	enum wd_comp_op_type dir;
	handle_t sess;
	const uint8_t *in;
	size_t in_len, in_done;
	uint8_t *out;
	size_t out_room, out_done;
	const struct cut *cut;
	struct rng rng;
	bool last;		/* the piece before was to be the last */
	__u32 status;		/* of the last call */
};

/* The next call; fails the test when a rule is broken. */
void stream_call(struct stream *s);

/* All of @in through a session. Returns the bytes that came out. */
size_t stream_all(enum wd_comp_op_type dir, handle_t sess, const struct cut *cut,
		  const uint8_t *in, size_t len, uint8_t *out, size_t room);

/* There, checked by zlib, and back. */
void stream_round_trip(enum wd_comp_alg_type alg, handle_t c, handle_t d, const struct cut *cut,
		       enum data_kind kind, size_t len);

#endif
