/* SPDX-License-Identifier: MIT */
/* Messages in pieces: what lies between the pieces, and what a device gets of each. */
#include <string.h>

#include "alg/digest.h"
#include "util/bits.h"
#include "util/log.h"

void wdi_digest_stream_forget(struct digest_sess *s)
{
	if (s->key)
		wdi_key_release(s->key);
	s->key = NULL;
	s->total = 0;
	s->waiting_len = 0;
	explicit_bzero(s->state, sizeof(s->state));
	explicit_bzero(s->waiting, sizeof(s->waiting));
	explicit_bzero(s->rest, sizeof(s->rest));
	explicit_bzero(s->next_state, sizeof(s->next_state));
	__atomic_store_n(&s->begun, false, __ATOMIC_RELEASE);
}

/* The stream holds @key from now on, too. */
static void stream_start(struct digest_sess *s, struct wdi_key *key)
{
	__atomic_add_fetch(&key->refs, 1, __ATOMIC_RELAXED);
	s->key = key;
	__atomic_store_n(&s->begun, true, __ATOMIC_RELEASE);
}

/* A stream comes from another session. */
static int stream_resume(struct digest_sess *s, const struct wd_digest_req *req,
			 struct wdi_key *key)
{
	int ret;

	wdi_digest_stream_forget(s);
	ret = wdi_core_copy_in(s->state, req->out, s->sym.row->state);
	if (ret)
		return ret;
	s->total = req->long_data_len;
	stream_start(s, key);
	return 0;
}

/* Bytes at the end of the input that the device does not get with this piece. */
static uint32_t rest_of(const struct digest_sess *s, uint64_t have)
{
	uint32_t unit = s->sym.row->unit;

	if (!have)
		return 0;
	/* A MAC treats its last block unlike the others, so one always waits. */
	if (!s->sym.row->state)
		return (uint32_t)((have - 1) % unit + 1);
	return (uint32_t)(have % unit);
}

static int fetch_rest(struct digest_sess *s, const struct wd_digest_req *req, uint32_t new_rest)
{
	uint32_t skip = req->in_bytes - new_rest;

	if (req->data_fmt == WD_SGL_BUF)
		return wdi_core_copy_in_list(s->rest + s->rest_len - new_rest, req->list_in, skip,
					     new_rest);
	return wdi_core_copy_in(s->rest + s->rest_len - new_rest, (void *)((uintptr_t)req->in + skip),
				new_rest);
}

/* What the device gets now, and what waits. */
static int piece_split(struct digest_sess *s, const struct wd_digest_req *req)
{
	uint64_t have = (uint64_t)s->waiting_len + req->in_bytes;
	uint32_t new_rest;

	s->last = digest_is_last(req);
	s->rest_len = s->last ? 0 : rest_of(s, have);
	/* The length of one descriptor; the waiting bytes are the last straw. */
	if (have - s->rest_len > UINT32_MAX)
		return -WD_EINVAL;
	s->take = (uint32_t)(have - s->rest_len);
	new_rest = wdi_min(s->rest_len, req->in_bytes);
	/* If none of it goes now, what has been waiting goes on waiting, in front. */
	memcpy(s->rest, s->waiting, s->rest_len - new_rest);
	return new_rest ? fetch_rest(s, req, new_rest) : 0;
}

int wdi_digest_piece_begin(struct digest_sess *s, const struct wd_digest_req *req,
		       struct wdi_key **key)
{
	int ret = 0;

	if (!wdi_spin_trylock(&s->busy)) {
		wdi_err("digest: two pieces at once on one stream");
		return -WD_EBUSY;
	}
	if (digest_is_resumed(req))
		ret = stream_resume(s, req, *key);
	else if (!s->begun)
		stream_start(s, *key);
	if (!ret)
		ret = piece_split(s, req);
	if (ret) {
		wdi_err("digest: a piece of a stream cannot be read: in %p+%u, out %p", req->in,
			req->in_bytes, req->out);
		wdi_digest_piece_drop(s);
		return ret;
	}
	if (*key != s->key) {
		wdi_key_release(*key);
		__atomic_add_fetch(&s->key->refs, 1, __ATOMIC_RELAXED);
		*key = s->key;
	}
	return 0;
}

static void fill_source(struct digest_sess *s, const struct wd_digest_req *req,
			struct wdi_msg *msg)
{
	bool is_list = req->data_fmt == WD_SGL_BUF;
	uint32_t fresh = s->take - wdi_min(s->take, s->waiting_len);

	msg->src_len = s->take;
	if (!s->waiting_len) {
		msg->src = req->in;
		msg->src_sgl = is_list && s->take;
		return;
	}
	s->list[0] = (struct wd_datalist){
		.data = s->waiting,
		.len = wdi_min(s->take, s->waiting_len),
		.next = !fresh ? NULL : is_list ? req->list_in : &s->list[1],
	};
	s->list[1] = (struct wd_datalist){ .data = req->in, .len = fresh };
	msg->src = s->list;
	msg->src_sgl = true;
}

void wdi_digest_piece_fill(struct digest_sess *s, const struct wd_digest_req *req,
		       struct wdi_msg *msg)
{
	if (!s->take && !s->last) {
		msg->op = WDI_OP_NOOP;
		return;
	}
	msg->op = WDI_OP_DIGEST;
	msg->on_fault = WDI_FAULT_REPEAT;
	fill_source(s, req, msg);
	msg->sym.first = !s->total;
	msg->sym.last = s->last;
	msg->sym.iv = s->total ? s->state : NULL;
	msg->sym.total = s->total;
	msg->dst = req->out;
	msg->dst_len = req->out_bytes;
	if (!s->last && !s->sym.row->state) {
		msg->dst = s->next_state;
		msg->dst_len = sizeof(s->next_state);
	}
}

/* The piece is done: what it left is what the next one begins with. */
static int piece_keep(struct digest_sess *s, const struct wd_digest_req *req)
{
	int ret = 0;

	if (s->take && s->sym.row->state)
		ret = wdi_core_copy_in(s->state, req->out, s->sym.row->state);
	else if (s->take)
		memcpy(s->state, s->next_state, sizeof(s->next_state));
	else if (s->total && s->sym.row->state)
		ret = wdi_core_copy_out(req->out, s->state, s->sym.row->state);
	s->total += s->take;
	memcpy(s->waiting, s->rest, s->rest_len);
	s->waiting_len = s->rest_len;
	return ret;
}

struct wdi_outcome wdi_digest_piece_end(struct digest_sess *s, const struct wd_digest_req *req,
				    const struct wdi_msg *msg)
{
	struct wdi_outcome outcome = wdi_sym_outcome(msg);

	if (wdi_sym_may_repeat(msg)) {
		wdi_digest_piece_undo(s);
		return outcome;
	}
	if (!outcome.ret && !s->last && piece_keep(s, req)) {
		wdi_err("digest: the chaining state at %p is gone", req->out);
		outcome = (struct wdi_outcome){ -WD_ADDR_ERR, WD_ADDR_ERR };
	}
	if (outcome.ret || s->last)
		wdi_digest_stream_forget(s);
	wdi_spin_unlock(&s->busy);
	return outcome;
}

void wdi_digest_piece_drop(struct digest_sess *s)
{
	wdi_digest_stream_forget(s);
	wdi_spin_unlock(&s->busy);
}

/* Nothing that lies between pieces has changed yet; a stream that it began is none. */
void wdi_digest_piece_undo(struct digest_sess *s)
{
	if (!s->total && !s->waiting_len)
		wdi_digest_stream_forget(s);
	wdi_spin_unlock(&s->busy);
}
