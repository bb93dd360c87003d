/* SPDX-License-Identifier: MIT */
/*
 * The one operation struct. A class fills it, a queue carries it, a driver
 * turns it into a descriptor and a completion back into it.
 */
#ifndef WEFT_CORE_MSG_H
#define WEFT_CORE_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum wdi_op {
	WDI_OP_NOOP,
	WDI_OP_COMPRESS,
	WDI_OP_DECOMPRESS,
	WDI_OP_STREAM_OPEN,
	WDI_OP_STREAM_RESET,
	WDI_OP_STREAM_CLOSE,
	WDI_OP_COUNT,
};

/* How an operation ended, in words that every device maps to. */
enum wdi_status {
	WDI_ST_DONE,
	WDI_ST_STREAM_END,	/* done, and the stream is complete */
	WDI_ST_MORE_OUT,	/* done as far as the destination went */
	WDI_ST_PAGE_FAULT,
	WDI_ST_BAD_ADDRESS,
	WDI_ST_ACCESS_DENIED,
	WDI_ST_CORRUPT,
	WDI_ST_OUTPUT_FULL,
	WDI_ST_UNSUPPORTED,
	WDI_ST_MALFORMED,
	WDI_ST_BAD_SGL,		/* a scatter list that is too short, too long or a loop */
	WDI_ST_NO_OBJECT,	/* the stream is gone (reset, error) */
	WDI_ST_NO_PASID,
	WDI_ST_CANCELLED,
	WDI_ST_TIMED_OUT,
	WDI_ST_RESET,
	WDI_ST_NO_MEMORY,
	WDI_ST_COUNT,
};

const char *wdi_core_status_name(enum wdi_status status);

enum wdi_format {
	WDI_FMT_DEFLATE,
	WDI_FMT_ZLIB,
	WDI_FMT_GZIP,
	WDI_FMT_COUNT,
};

/* Room for the largest request struct of any class. */
#define WDI_REQ_WORDS	12

struct wdi_sess;

struct wdi_msg {
	/* what to do */
	uint8_t op;		/* enum wdi_op */
	bool src_sgl;
	bool dst_sgl;
	bool last;
	bool sync;		/* compress stream: byte-align the end of this piece */
	bool async;		/* completes through the ready list, not through @done */
	uint8_t format;		/* enum wdi_format */
	uint8_t level;
	uint8_t window;
	uint8_t dir;		/* STREAM_OPEN: WDI_OP_COMPRESS or _DECOMPRESS */
	uint16_t tag;
	uint32_t object;	/* stream, 0: none */
	const void *src;
	void *dst;
	uint32_t src_len;
	uint32_t dst_len;

	/* how it ended; written by the driver */
	uint32_t consumed;
	uint32_t produced;
	uint64_t fault_addr;
	uint8_t status;		/* enum wdi_status */
	uint8_t detail;		/* the device's own */
	uint8_t engine;		/* index for wdi_driver.engine_name */
	uint16_t faults;

	/* whose it is */
	uint32_t done;		/* sync: the waiter's flag, released last */
	struct wdi_sess *sess;	/* async: holds a reference */
	void (*drop)(struct wdi_msg *msg);	/* async: it will never complete */
	struct wdi_msg *next;	/* ready list */
	uint64_t start_ns;
	uint64_t req[WDI_REQ_WORDS];	/* async: the library's copy of the request */
};

#endif
