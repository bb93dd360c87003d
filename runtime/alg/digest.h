/* SPDX-License-Identifier: MIT */
/* What the files of the digest class share: sessions, and their streams. */
#ifndef WEFT_ALG_DIGEST_H
#define WEFT_ALG_DIGEST_H

#include "alg/sym.h"
#include "uadk/wd_digest.h"

#define DIGEST_BLOCK_MAX	128
#define DIGEST_STATE_MAX	64
#define DIGEST_MAC_STATE	16	/* of MACs of a cipher, where it is not shown */

#define DIGEST_GMAC_IV		12
#define DIGEST_GMAC_IV_COUNTER	16	/* with the counter behind it */

/*
 * A stream. A device takes whole blocks of all but the last piece, so what is left of
 * one waits here for the next. Under @busy, but for @begun.
 */
struct digest_sess {
	struct wdi_sym_sess sym;
	struct wdi_spin busy;		/* a piece is in work */
	bool begun;			/* atomic */
	struct wdi_key *key;		/* that it began with, held; NULL when not begun */
	uint64_t total;			/* bytes that @state stands for */
	uint32_t waiting_len;
	uint8_t state[DIGEST_STATE_MAX];
	uint8_t waiting[DIGEST_BLOCK_MAX];

	/* the piece in work */
	uint32_t take;			/* bytes that the device gets: waiting, then new ones */
	uint32_t rest_len;		/* bytes that will wait after it */
	bool last;
	uint8_t rest[DIGEST_BLOCK_MAX];
	uint8_t next_state[DIGEST_MAC_STATE];
	struct wd_datalist list[2];
};

/* A stream that began in another session. */
static inline bool digest_is_resumed(const struct wd_digest_req *req)
{
	return req->has_next == WD_DIGEST_STREAM_END || req->has_next == WD_DIGEST_STREAM_DOING;
}

static inline bool digest_is_last(const struct wd_digest_req *req)
{
	return req->has_next == WD_DIGEST_END || req->has_next == WD_DIGEST_STREAM_END;
}

/*
 * wdi_digest_piece_begin() - make ready for a piece. *@key is the session's key, held, and
 * becomes the stream's if that has one. 0, -WD_EBUSY (another piece is in work), or
 * -WD_ADDR_ERR, -WD_SGL_ERR, which end the stream; logged.
 *
 * Then wdi_digest_piece_fill(); if op is WDI_OP_NOOP, there is nothing for the device to do
 * yet. Then one of: wdi_digest_piece_end() with the message as it ended; wdi_digest_piece_drop()
 * if it will never end; wdi_digest_piece_undo() if it was not sent and may come again.
 */
int wdi_digest_piece_begin(struct digest_sess *s, const struct wd_digest_req *req,
		       struct wdi_key **key);
void wdi_digest_piece_fill(struct digest_sess *s, const struct wd_digest_req *req,
		       struct wdi_msg *msg);
struct wdi_outcome wdi_digest_piece_end(struct digest_sess *s, const struct wd_digest_req *req,
				    const struct wdi_msg *msg);
void wdi_digest_piece_drop(struct digest_sess *s);
void wdi_digest_piece_undo(struct digest_sess *s);

/* When the session goes. */
void wdi_digest_stream_forget(struct digest_sess *s);

#endif
