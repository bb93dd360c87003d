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
#include <string.h>

enum wdi_op {
	WDI_OP_NOOP,
	WDI_OP_COMPRESS,
	WDI_OP_DECOMPRESS,
	WDI_OP_STREAM_OPEN,
	WDI_OP_STREAM_RESET,
	WDI_OP_STREAM_CLOSE,
	WDI_OP_SESSION_OPEN,
	WDI_OP_SESSION_CLOSE,
	WDI_OP_CIPHER,
	WDI_OP_DIGEST,
	WDI_OP_AEAD,
	WDI_OP_PK,
	WDI_OP_STREAM_TELL,
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
	WDI_ST_NO_OBJECT,	/* the stream or session is gone (reset, error) */
	WDI_ST_NO_PASID,
	WDI_ST_CANCELLED,
	WDI_ST_TIMED_OUT,
	WDI_ST_RESET,
	WDI_ST_NO_MEMORY,
	WDI_ST_AUTH_FAILED,	/* a tag or a signature does not match; no plaintext is left */
	WDI_ST_BAD_KEY,		/* key or parameters cannot be used */
	WDI_ST_ABORTED,		/* worked in place and was cut off: the data is lost */
	WDI_ST_BAD_OPERAND,	/* an input is not what the operation takes */
	WDI_ST_COUNT,
};

#pragma GCC visibility push(default)
const char *wdi_core_status_name(enum wdi_status status);
#pragma GCC visibility pop

enum wdi_format {
	WDI_FMT_DEFLATE,
	WDI_FMT_ZLIB,
	WDI_FMT_GZIP,
	WDI_FMT_COUNT,
};

/*
 * What a session does. The key's length tells AES-128, -192 and -256 apart, and
 * 3DES with two keys from three.
 */
enum wdi_alg {
	WDI_ALG_NONE,
	WDI_ALG_AES_ECB,
	WDI_ALG_AES_CBC,
	WDI_ALG_AES_CTR,
	WDI_ALG_AES_XTS,
	WDI_ALG_AES_OFB,
	WDI_ALG_AES_CFB,
	WDI_ALG_AES_CBC_CS1,
	WDI_ALG_AES_CBC_CS2,
	WDI_ALG_AES_CBC_CS3,
	WDI_ALG_SM4_ECB,
	WDI_ALG_SM4_CBC,
	WDI_ALG_SM4_CTR,
	WDI_ALG_SM4_XTS,
	WDI_ALG_SM4_OFB,
	WDI_ALG_SM4_CFB,
	WDI_ALG_SM4_CBC_CS1,
	WDI_ALG_SM4_CBC_CS2,
	WDI_ALG_SM4_CBC_CS3,
	WDI_ALG_DES_ECB,
	WDI_ALG_DES_CBC,
	WDI_ALG_3DES_ECB,
	WDI_ALG_3DES_CBC,
	WDI_ALG_MD5,
	WDI_ALG_SHA1,
	WDI_ALG_SHA224,
	WDI_ALG_SHA256,
	WDI_ALG_SHA384,
	WDI_ALG_SHA512,
	WDI_ALG_SHA512_224,
	WDI_ALG_SHA512_256,
	WDI_ALG_SM3,
	WDI_ALG_HMAC_MD5,
	WDI_ALG_HMAC_SHA1,
	WDI_ALG_HMAC_SHA224,
	WDI_ALG_HMAC_SHA256,
	WDI_ALG_HMAC_SHA384,
	WDI_ALG_HMAC_SHA512,
	WDI_ALG_HMAC_SHA512_224,
	WDI_ALG_HMAC_SHA512_256,
	WDI_ALG_HMAC_SM3,
	WDI_ALG_AES_CMAC,
	WDI_ALG_AES_GMAC,
	WDI_ALG_AES_XCBC_MAC_96,
	WDI_ALG_AES_XCBC_PRF_128,
	WDI_ALG_AES_GCM,
	WDI_ALG_AES_CCM,
	WDI_ALG_SM4_GCM,
	WDI_ALG_SM4_CCM,
	WDI_ALG_AES_CBC_HMAC_SHA1,
	WDI_ALG_AES_CBC_HMAC_SHA256,
	WDI_ALG_AES_CBC_HMAC_SHA512,
	WDI_ALG_RSA,
	WDI_ALG_DH,
	WDI_ALG_ECDH,
	WDI_ALG_ECDSA,
	WDI_ALG_SM2,
	WDI_ALG_X25519,
	WDI_ALG_X448,
	WDI_ALG_COUNT,
};

/* Operations of PK. Operands in their order; see SDEV_PK_* in hw/sdev_hw.h. */
enum wdi_pk_op {
	WDI_PK_NONE,
	WDI_PK_RSA_PRIVATE,
	WDI_PK_RSA_PRIVATE_CRT,
	WDI_PK_RSA_PUBLIC,
	WDI_PK_RSA_KEYGEN,
	WDI_PK_RSA_KEYGEN_CRT,
	WDI_PK_DH_POWER,
	WDI_PK_EC_PUBLIC,
	WDI_PK_EC_DERIVE,
	WDI_PK_ECDSA_SIGN,
	WDI_PK_ECDSA_VERIFY,
	WDI_PK_SM2_SIGN,
	WDI_PK_SM2_VERIFY,
	WDI_PK_SM2_ENCRYPT,
	WDI_PK_SM2_DECRYPT,
	WDI_PK_SM2_KEYGEN,
	WDI_PK_ECX_PUBLIC,
	WDI_PK_ECX_DERIVE,
	WDI_PK_COUNT,
};

/* What STREAM_TELL writes; see struct sdev_place in hw/sdev_hw.h. */
#define WDI_PLACE_DATA	1016
struct wdi_place {
	uint32_t bits;
	uint32_t behind;
	uint8_t data[WDI_PLACE_DATA];
};

/* An operand of PK. */
struct wdi_pk_param {
	const void *at;
	uint32_t len;		/* bytes, or room for a result */
	uint32_t used;		/* 0; of a result, how many bytes it has */
};
#define WDI_PK_PARAMS	9

/* What the session of a curve is opened with; numbers stand at the end of their place. */
#define WDI_PK_FIELD_MAX	72
enum { WDI_CURVE_P, WDI_CURVE_A, WDI_CURVE_B, WDI_CURVE_GX, WDI_CURVE_GY, WDI_CURVE_N,
       WDI_CURVE_NUMS };
enum wdi_pk_hash {
	WDI_PK_HASH_NONE,
	WDI_PK_HASH_SM3,
	WDI_PK_HASH_SHA1,
	WDI_PK_HASH_SHA224,
	WDI_PK_HASH_SHA256,
	WDI_PK_HASH_SHA384,
	WDI_PK_HASH_SHA512,
	WDI_PK_HASH_MD4,
	WDI_PK_HASH_MD5,
	WDI_PK_HASH_COUNT,
};
struct wdi_pk_curve {
	uint32_t hash;		/* enum wdi_pk_hash */
	uint32_t reserved;
	uint8_t value[WDI_CURVE_NUMS][WDI_PK_FIELD_MAX];
};

/* What may be done about a page fault that the device reports. */
enum wdi_on_fault {
	WDI_FAULT_WAIT,		/* nothing: the device waits for its pages */
	WDI_FAULT_RESTART,	/* begin again, as long as nothing it reads was overwritten */
	WDI_FAULT_REPEAT,	/* begin again: it faults before anything has been done */
	WDI_FAULT_RESUME,	/* a stream: go on behind what was consumed and produced */
};

/* Room for the largest request struct of any class. */
#define WDI_REQ_WORDS	12

struct wdi_sess;
struct wdi_ladder;

struct wdi_msg {
	/* what to do */
	uint8_t op;		/* enum wdi_op */
	bool src_sgl;
	bool dst_sgl;
	bool async;		/* completes through the ready list, not through @done */
	uint8_t on_fault;	/* enum wdi_on_fault; the class says it */
	uint8_t policy;		/* enum weft_fault_policy */
	bool report;		/* the device ends it with PAGE_FAULT instead of waiting */
	uint32_t tag;		/* as the device sees it: slot, and how often that was used */
	uint32_t object;	/* stream or session, 0: none; *_OPEN: the new one */
	const void *src;
	void *dst;
	uint32_t src_len;
	uint32_t dst_len;
	union {			/* by class */
		struct {	/* COMPRESS, DECOMPRESS, STREAM_OPEN */
			bool last;
			bool sync;	/* compress stream: byte-align the end of this piece */
			bool open;	/* compress block: as a piece of a stream that goes on */
			uint8_t format;	/* enum wdi_format */
			uint8_t level;
			uint8_t window;
			uint8_t dir;	/* STREAM_OPEN: WDI_OP_COMPRESS or _DECOMPRESS */
		} comp;
		struct {	/* SESSION_OPEN; src is the key */
			uint8_t alg;	/* enum wdi_alg */
			uint32_t bits;	/* PK: of the modulus or the field */
			const void *key2;	/* AEAD with HMAC: its key; PK: struct wdi_pk_curve */
			uint32_t key2_len;
		} session;
		/*
		 * CIPHER takes @decrypt and @iv, which it moves on. A DIGEST or AEAD in
		 * one message is @first and @last at once. DIGEST: not @first: @iv is the
		 * chaining state that a piece which was not @last left in @dst, and @total
		 * the bytes before this piece. AEAD: @first brings @iv, @aad and, for CCM,
		 * @total, @last the tag.
		 */
		struct {
			bool decrypt;
			bool first;
			bool last;
			bool aad_in_src;	/* src begins with the AAD, dst leaves room for it */
			bool aad_copy;		/* ... which is copied there */
			uint8_t mac_len;
			uint16_t iv_len;
			uint32_t aad_len;
			void *iv;
			void *mac;
			const void *aad;
			uint64_t total;
		} sym;
		struct {	/* PK; src is @params, src_len all of them */
			uint8_t op;	/* enum wdi_pk_op */
			uint8_t results;	/* so many of the last ones */
		} pk;
	};

	/* how it ended; written by the driver */
	uint32_t consumed;
	uint32_t produced;
	uint64_t fault_addr;
	uint8_t status;		/* enum wdi_status */
	uint8_t detail;		/* the device's own */
	uint8_t engine;		/* index for wdi_driver.engine_name */
	uint8_t path;		/* enum weft_path, NONE: the device's */
	bool abandoned;		/* it ended here; the device may still have it */
	uint32_t faults;
	uint32_t retries;	/* times that it, or what was left, was submitted again */
	uint64_t redone;	/* bytes of source that were worked on in vain */

	/* whose it is */
	uint32_t done;		/* sync: the waiter's flag, released last */
	struct wdi_ladder *ladder;	/* fault.c, while it is busy with the message */
	uint64_t deadline_ns;	/* 0: none */
	struct wdi_sess *sess;	/* async: holds a reference */
	void *priv;		/* async: the class's own */
	void (*drop)(struct wdi_msg *msg);	/* async: it will never complete */
	struct wdi_msg *next;	/* ready list */
	uint64_t start;		/* wdi_ticks(), 0: it is not timed */
	uint64_t req[WDI_REQ_WORDS];	/* async: the library's copy of the request */
	struct wdi_pk_param params[WDI_PK_PARAMS];	/* PK */
};

/*
 * All of a message but the parts that its owner writes whole. The length is kept from the
 * compiler, which would clear that many bytes with an instruction that takes three times
 * as long to begin as the library's function takes for all of them.
 */
static inline void wdi_msg_clear(struct wdi_msg *msg)
{
	size_t len = offsetof(struct wdi_msg, req);

	__asm__("" : "+r" (len));
	memset(msg, 0, len);
}

#endif
