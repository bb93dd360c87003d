/* SPDX-License-Identifier: MIT */
#include "stream.h"

static size_t piece(struct stream *s, size_t most, size_t left)
{
	size_t n = s->cut->at_random ? 1 + rng_below(&s->rng, most) : most;

	return n < left ? n : left;
}

/* What is wrong with the result of a call that offered @in and @out bytes, or NULL. */
static const char *broken_rule(const struct stream *s, const struct wd_comp_req *req, size_t in,
			       size_t out)
{
	if (req->src_len > in || req->dst_len > out)
		return "more bytes than there were";
	switch (req->status) {
	case 0:
		if (req->src_len != in)
			return "status 0 with input left";
		return s->last ? "neither the end nor more output after the last piece" : NULL;
	case WD_EAGAIN:
		return req->dst_len != out ? "more output, and room for it" : NULL;
	case WD_STREAM_END:
		if (s->dir == WD_DIR_COMPRESS && (!s->last || s->in_done != s->in_len))
			return "the end before the last piece";
		return NULL;
	default:
		return "an error";
	}
}

/*
 * One call, held against every rule that any call has to keep. An assertion of
 * check costs more than a call, so there is none when all is well.
 */
void stream_call(struct stream *s)
{
	static uint8_t nothing;
	size_t in = piece(s, s->cut->in, s->in_len - s->in_done);
	size_t out = piece(s, s->cut->out, s->out_room - s->out_done);
	struct wd_comp_req req = new_req(s->dir, in ? s->in + s->in_done : &nothing, in,
					 s->out + s->out_done, out);
	bool ends_here = s->in_done + in == s->in_len;
	const char *wrong;
	int ret;

	if (s->dir == WD_DIR_COMPRESS)
		req.last = ends_here && (!s->cut->empty_last || !in || s->last);
	s->last = req.last;
	ret = wd_do_comp_strm(s->sess, &req);
	s->in_done += req.src_len;
	s->out_done += req.dst_len;
	s->status = req.status;
	wrong = ret ? "not carried out" : broken_rule(s, &req, in, out);
	if (wrong)
		ck_abort_msg("%s: %zu and %zu bytes gave %d, status %u, %u and %u; %zu of %zu done",
			     wrong, in, out, ret, req.status, req.src_len, req.dst_len, s->in_done,
			     s->in_len);
}

size_t stream_all(enum wd_comp_op_type dir, handle_t sess, const struct cut *cut,
		  const uint8_t *in, size_t len, uint8_t *out, size_t room)
{
	struct stream s = {
		.dir = dir, .sess = sess, .cut = cut,
		.in = in, .in_len = len, .out = out, .out_room = room,
		.rng = { .state = len },
	};

	do
		stream_call(&s);
	while (s.status != WD_STREAM_END);
	return s.out_done;
}

static size_t bound(size_t len, const struct cut *cut)
{
	return len + len / 6 + 512 + 32 * (len / (cut->in / 2 + 1));
}

void stream_round_trip(enum wd_comp_alg_type alg, handle_t c, handle_t d, const struct cut *cut,
		       enum data_kind kind, size_t len)
{
	uint8_t *in = data_new(kind, len, len), *out = malloc(len + 1);
	size_t room = bound(len, cut), packed_len, used;
	uint8_t *packed = malloc(room);

	packed_len = stream_all(WD_DIR_COMPRESS, c, cut, in, len, packed, room);
	ck_assert_uint_eq(oracle_decode(alg, packed, packed_len, out, len + 1, &used), len);
	ck_assert_uint_eq(used, packed_len);
	ck_assert(!memcmp(in, out, len));
	memset(out, 0, len);
	ck_assert_uint_eq(stream_all(WD_DIR_DECOMPRESS, d, cut, packed, packed_len, out, len + 1),
			  len);
	ck_assert(!memcmp(in, out, len));
	free(in);
	free(out);
	free(packed);
}
