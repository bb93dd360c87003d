/* SPDX-License-Identifier: MIT */
/*
 * Register, descriptor and completion layout of the Weft software device
 * ("sdev"). docs/device.md is the manual; this file is the contract. The
 * driver and the device model both include it, and it includes nothing of
 * theirs. All fields are little-endian on the wire and native here, because
 * device and client share one machine.
 */
#ifndef WEFT_HW_SDEV_HW_H
#define WEFT_HW_SDEV_HW_H

#include <assert.h>
#include <stdint.h>

/* Regions, numbered as VFIO_DEVICE_GET_REGION_INFO numbers them. */
#define SDEV_REGION_MMIO	0
#define SDEV_REGION_DUS		1
#define SDEV_REGION_COUNT	2

/* Interrupts: one eventfd a queue, index == queue number. */
#define SDEV_IRQ_QUEUE		0
#define SDEV_IRQ_COUNT		1

#define SDEV_PAGE_SIZE		4096u
#define SDEV_MAGIC		0x56454457u	/* "WDEV" */
#define SDEV_VERSION		0x00020001u	/* major << 16 | minor */

/*
 * MMIO page 0: registers. Not mappable; every access traps (region read and
 * write), because several have side effects.
 */
#define SDEV_REG_MAGIC		0x000	/* u32 ro */
#define SDEV_REG_VERSION	0x004	/* u32 ro */
#define SDEV_REG_CAP		0x008	/* u64 ro, SDEV_CAP_* */
#define SDEV_REG_MAX_QUEUES	0x010	/* u32 ro */
#define SDEV_REG_FREE_QUEUES	0x014	/* u32 ro */
#define SDEV_REG_MAX_DEPTH	0x018	/* u32 ro, entries of one ring */
#define SDEV_REG_VA_BITS	0x01c	/* u32 ro, width of a virtual address */
#define SDEV_REG_STATE		0x020	/* u32 ro, enum sdev_dev_state */
#define SDEV_REG_ENGINES	0x024	/* u32 ro, engine threads */
#define SDEV_REG_MAX_OBJECTS	0x028	/* u32 ro, streams and sessions of one PASID */
#define SDEV_REG_ISOLATE	0x02c	/* u32 rw, failures an hour before isolation, 0: never */
#define SDEV_REG_FAILURES	0x030	/* u32 ro, failures in the current hour */
#define SDEV_REG_RESET		0x034	/* u32 wo, write SDEV_RESET_KEY */
#define SDEV_REG_GUARD		0x038	/* u32 ro, enum sdev_guard in force */
#define SDEV_REG_FAULT_MODE	0x03c	/* u32 ro, enum sdev_fault_mode */
#define SDEV_REG_ALGS(word)	(0x040 + 8 * (word))	/* u64 ro, a bit an enum sdev_alg */
#define SDEV_ALGS_WORDS		4
#define SDEV_REG_PRQ_DEPTH	0x060	/* u32 ro, entries of the page-request queue */
#define SDEV_REG_PARKED		0x064	/* u32 ro, descriptors that wait for a page now */
#define SDEV_REG_COUNTER(c)	(0x068 + 8 * (c))	/* u64 ro, enum sdev_counter */
#define SDEV_REG_ADMIN		0x100	/* struct sdev_admin, write command, read answer */
#define SDEV_REG_LIBRARIES	0x200	/* text ro: "zlib 1.2.13, isa-l 2.30", NUL-padded */
#define SDEV_LIBRARIES_LEN	256
#define SDEV_REG_SPACE		0x1000

#define SDEV_RESET_KEY		0x52455354u	/* "TSER" */

enum sdev_dev_state {
	SDEV_DEV_RUNNING,
	SDEV_DEV_RESETTING,
	SDEV_DEV_ISOLATED,
};

/*
 * What happens when a job meets a page that is not there. SDEV_F_FAULT_REPORT
 * of a descriptor goes before it.
 */
enum sdev_fault_mode {
	SDEV_FAULT_STALL,	/* the access itself waits until the page is there */
	SDEV_FAULT_PRI,		/* a page request; the descriptor parks, the engine goes on */
	SDEV_FAULT_COUNT,
};

/* Counters of page faults and of the PASIDs' lives. They only grow. */
enum sdev_counter {
	SDEV_COUNTER_REQUESTS,		/* page requests put into the queue */
	SDEV_COUNTER_SUCCESS,		/* groups answered: the pages are there */
	SDEV_COUNTER_INVALID,		/* groups answered: there is no such page */
	SDEV_COUNTER_FAILURE,		/* groups answered: cannot be resolved */
	SDEV_COUNTER_OVERFLOWS,		/* groups that found no room, and were tried again */
	SDEV_COUNTER_REPORTS,		/* completions with SDEV_ST_PAGE_FAULT */
	SDEV_COUNTER_PARKS,		/* times that a descriptor was parked */
	SDEV_COUNTER_MARKERS,		/* stop markers that came through */
	SDEV_COUNTER_RETIRED,		/* PASIDs that will never be used again */
	SDEV_COUNTER_COUNT,
};

enum sdev_guard {
	SDEV_GUARD_OFF,		/* a bad pointer is the process's problem */
	SDEV_GUARD_SIGNAL,	/* SIGSEGV/SIGBUS handler on armed threads */
	SDEV_GUARD_COPY,	/* process_vm_readv/writev, no signal */
};

/* Capability bits. Formats have a bit a direction; SDEV_REG_ALGS has what sessions do. */
#define SDEV_CAP_NOOP		(UINT64_C(1) << 0)
#define SDEV_CAP_COMP(fmt)	(UINT64_C(1) << (8 + (fmt)))
#define SDEV_CAP_DECOMP(fmt)	(UINT64_C(1) << (16 + (fmt)))
#define SDEV_CAP_STREAM		(UINT64_C(1) << 24)
#define SDEV_CAP_SGL		(UINT64_C(1) << 25)
#define SDEV_CAP_SESSION	(UINT64_C(1) << 26)
#define SDEV_CAP_WAKE		(UINT64_C(1) << 27)	/* wake_arm: device and client are one process */
#define SDEV_CAP_SVM		(UINT64_C(1) << 32)
#define SDEV_CAP_FAULT_REPORT	(UINT64_C(1) << 33)	/* SDEV_F_FAULT_REPORT */
#define SDEV_CAP_INJECT		(UINT64_C(1) << 48)	/* SDEV_ADMIN_INJECT */

/*
 * MMIO page 1: the status page, mappable read-only. need_kick tells a client
 * that a store to its doorbell alone will not be seen, because engine threads
 * are parked: kick the device (see SDEV_KICK in docs/device.md).
 */
#define SDEV_STATUS_PAGE	0x1000
struct sdev_status {
	uint32_t need_kick;
	uint32_t state;		/* enum sdev_dev_state */
	uint32_t reset_count;
	uint32_t reserved[13];
};
static_assert(sizeof(struct sdev_status) == 64, "status layout");

/*
 * MMIO pages 2..: one doorbell page a queue, mappable. The two cache lines
 * have one writer each.
 */
#define SDEV_DB_PAGE(q)		(0x2000u + (q) * SDEV_PAGE_SIZE)
struct sdev_doorbell {
	/* written by the client; free-running ring indices */
	uint32_t sq_tail;	/* descriptors below are valid */
	uint32_t cq_head;	/* completions below are consumed */
	uint32_t irq_arm;	/* 1: signal the eventfd at the next completion */
	uint32_t wake_arm;	/* 1: at the next completion make it 0, wake who waits for it */
	uint32_t cancel_on;	/* not 0: descriptors with a tag of cancel[] need not be run */
	uint32_t cancel[11];	/* SDEV_TAG_DRAIN where there is none */
	/* written by the device */
	uint32_t sq_head;	/* descriptors below are taken */
	uint32_t state;		/* enum sdev_queue_state */
	uint32_t resumable;	/* parked descriptors whose page has come: a step goes on with them */
	uint32_t device_reserved[13];
};
static_assert(sizeof(struct sdev_doorbell) == 128, "doorbell layout");

enum sdev_queue_state {
	SDEV_QUEUE_FREE,
	SDEV_QUEUE_RUNNING,
	SDEV_QUEUE_STOPPED,
	SDEV_QUEUE_BROKEN,	/* sq_tail made no sense; destroy the queue */
};

/* Admin mailbox: one command at a time, from one open file. */
enum sdev_admin_op {
	SDEV_ADMIN_QUEUE_CREATE = 1,	/* in: pasid, depth; out: queue */
	SDEV_ADMIN_QUEUE_STOP,		/* in: queue; returns when nothing runs */
	SDEV_ADMIN_QUEUE_DESTROY,	/* in: queue; stops it first */
	SDEV_ADMIN_PASID_STOP,		/* in: pasid, stop; out: stop. Before the last unbind */
	SDEV_ADMIN_QUEUE_POLLED,	/* in: queue, polled */
	SDEV_ADMIN_INJECT = 16,		/* in: queue, inject: make a rule, see below */
	SDEV_ADMIN_INJECTED,		/* in: queue, inject.what; out: inject.count */
};


/* PASID_STOP, in: what the device does about page requests that are under way. */
enum sdev_stop {
	SDEV_STOP_ANY,		/* whatever does not wait */
	SDEV_STOP_WAIT,		/* wait for their responses */
	SDEV_STOP_MARK,		/* send a stop marker behind them */
	SDEV_STOP_COUNT,
};

/* PASID_STOP, out: which flag to unbind with. */
enum sdev_stopped {
	SDEV_STOPPED_CLEAN,	/* nothing of the PASID is under way */
	SDEV_STOPPED_FLUSHED,	/* a stop marker is */
};

/*
 * What a queue can be made to do wrong. Rules count each on its own: @every n
 * means every n-th time (0: never); with @seed not 0, one time in n by a fixed
 * pseudo-random sequence. FAULT counts pages that data jobs translate, DELAY,
 * RESET and ISOLATE data jobs, LOSE, LATE and DUP completions (but those of a
 * reset, of a stop and of SDEV_TAG_DRAIN), PRQ_FULL page requests.
 */
enum sdev_inject_what {
	SDEV_INJECT_FAULT,	/* the page is absent; arg: so many times, 0: always */
	SDEV_INJECT_DELAY,	/* the job takes arg microseconds longer */
	SDEV_INJECT_LOSE,	/* the completion is never posted */
	SDEV_INJECT_LATE,	/* it is posted after arg others; or at a fence, stop or reset */
	SDEV_INJECT_DUP,	/* it is posted twice, if the ring has room */
	SDEV_INJECT_PRQ_FULL,	/* the page request queue is full */
	SDEV_INJECT_RESET,	/* the device resets itself when the job first writes */
	SDEV_INJECT_ISOLATE,	/* the device isolates itself */
	SDEV_INJECT_COUNT,
};

struct sdev_admin {
	uint32_t op;		/* enum sdev_admin_op */
	int32_t status;		/* out: 0 or a negative errno */
	uint32_t queue;
	union {
		struct {
			uint32_t pasid;
			uint32_t depth;		/* a power of two, 2..MAX_DEPTH */
			uint32_t stop;		/* enum sdev_stop, enum sdev_stopped */
			uint32_t reserved[2];	/* 0 */
		};
		struct {
			uint32_t what;		/* enum sdev_inject_what */
			uint32_t every;
			uint32_t arg;
			uint32_t seed;
			uint32_t count;		/* in: 0 */
		} inject;
		struct {
			uint32_t on;		/* 1: engine threads leave the queue to who steps it; 0 */
			uint32_t reserved[4];	/* 0 */
		} polled;
	};
};
static_assert(sizeof(struct sdev_admin) == 32, "admin layout");

/*
 * DUS region: queue q owns SDEV_DUS_STRIDE(max_depth) bytes at q * stride:
 * the submission ring (max_depth slots), then the completion ring.
 */
#define SDEV_SLOT_SIZE			128
#define SDEV_DUS_CQ_OFF(max_depth)	((uint64_t)(max_depth) * SDEV_SLOT_SIZE)
#define SDEV_DUS_STRIDE(max_depth)	((uint64_t)(max_depth) * (SDEV_SLOT_SIZE + 32))

enum sdev_opcode {
	SDEV_OP_NOOP,
	SDEV_OP_COMPRESS,
	SDEV_OP_DECOMPRESS,
	SDEV_OP_STREAM_OPEN,	/* comp.{format,dir,level,window}; object in the completion */
	SDEV_OP_STREAM_RESET,
	SDEV_OP_STREAM_CLOSE,
	SDEV_OP_SESSION_OPEN,	/* session.alg; src: the key; ext.session; object in the completion */
	SDEV_OP_SESSION_CLOSE,	/* jobs that run on it end well; those that follow do not start */
	SDEV_OP_CIPHER,
	SDEV_OP_DIGEST,
	SDEV_OP_AEAD,		/* ext.aead */
	SDEV_OP_PK,		/* pk.op */
	SDEV_OP_STREAM_TELL,	/* object, dst: a struct sdev_place */
	SDEV_OP_COUNT,
};

/* Opcodes whose descriptor goes on in the second half of its slot; the others do not touch it. */
#define SDEV_OPS_EXT \
	(UINT32_C(1) << SDEV_OP_SESSION_OPEN | UINT32_C(1) << SDEV_OP_AEAD)

/* Descriptor flags. A set bit that is not listed makes it malformed. */
#define SDEV_F_IRQ		0x01	/* signal the eventfd for this one */
#define SDEV_F_FENCE		0x02	/* start after all earlier ones have completed */
#define SDEV_F_SRC_SGL		0x04	/* src_va is a struct sdev_sge chain */
#define SDEV_F_DST_SGL		0x08	/* dst_va is a struct sdev_sge chain */
#define SDEV_F_FAULT_REPORT	0x10	/* a page that is not there ends it with PAGE_FAULT */
#define SDEV_F_ALL		0x1f

/*
 * A tag for the client's own use: a no-op with FENCE and this tag completes when
 * nothing before it can any more, whatever else goes wrong.
 */
#define SDEV_TAG_DRAIN		UINT32_MAX
/* Likewise, for descriptors that go past the rings: nobody cancels one by its tag. */
#define SDEV_TAG_DIRECT		(UINT32_MAX - 1)

enum sdev_format {
	SDEV_FMT_DEFLATE,	/* RFC 1951 */
	SDEV_FMT_ZLIB,		/* RFC 1950 */
	SDEV_FMT_GZIP,		/* RFC 1952 */
	SDEV_FMT_COUNT,
};

#define SDEV_LEVEL_MIN		1
#define SDEV_LEVEL_MAX		15
#define SDEV_LEVEL_DEFAULT	6

enum sdev_window {	/* longest match distance allowed */
	SDEV_WIN_4K,
	SDEV_WIN_8K,
	SDEV_WIN_16K,
	SDEV_WIN_24K,
	SDEV_WIN_32K,
	SDEV_WIN_COUNT,
};

/*
 * A piece of a stream, without comp.flags, may be cut behind every so many bytes
 * of its source, and the output stays the same, if there is room for one and a half
 * times as much.
 */
#define SDEV_STREAM_UNIT	(256u << 10)

/* comp.flags: LAST and SYNC of a descriptor that names a stream object, OPEN of one that does not */
#define SDEV_COMP_LAST		0x01	/* compress: this is the end of the data */
#define SDEV_COMP_SYNC		0x02	/* compress: end this piece at a byte boundary */
#define SDEV_COMP_OPEN		0x04	/* compress: no final block, end at a byte boundary; raw only */
#define SDEV_COMP_ALL		0x07

/*
 * What a session does. The key's length tells AES-128, -192 and -256 apart, and
 * 3DES with two keys from three. SDEV_REG_ALGS has a bit for each.
 */
enum sdev_alg {
	SDEV_ALG_NONE,
	/* CIPHER */
	SDEV_ALG_AES_ECB,	/* FIPS 197, SP 800-38A */
	SDEV_ALG_AES_CBC,
	SDEV_ALG_AES_CTR,
	SDEV_ALG_AES_XTS,	/* IEEE 1619; the key is two keys, data then tweak */
	SDEV_ALG_AES_OFB,
	SDEV_ALG_AES_CFB,	/* CFB128 */
	SDEV_ALG_AES_CBC_CS1,	/* SP 800-38A addendum */
	SDEV_ALG_AES_CBC_CS2,
	SDEV_ALG_AES_CBC_CS3,
	SDEV_ALG_SM4_ECB,	/* GB/T 32907, GB/T 17964 */
	SDEV_ALG_SM4_CBC,
	SDEV_ALG_SM4_CTR,
	SDEV_ALG_SM4_XTS,
	SDEV_ALG_SM4_OFB,
	SDEV_ALG_SM4_CFB,
	SDEV_ALG_SM4_CBC_CS1,
	SDEV_ALG_SM4_CBC_CS2,
	SDEV_ALG_SM4_CBC_CS3,
	SDEV_ALG_DES_ECB,	/* FIPS 46-3 */
	SDEV_ALG_DES_CBC,
	SDEV_ALG_3DES_ECB,	/* SP 800-67 */
	SDEV_ALG_3DES_CBC,
	/* DIGEST without a key; the order is that of the HMACs below */
	SDEV_ALG_MD5,		/* RFC 1321 */
	SDEV_ALG_SHA1,		/* FIPS 180-4 */
	SDEV_ALG_SHA224,
	SDEV_ALG_SHA256,
	SDEV_ALG_SHA384,
	SDEV_ALG_SHA512,
	SDEV_ALG_SHA512_224,
	SDEV_ALG_SHA512_256,
	SDEV_ALG_SM3,		/* GB/T 32905 */
	/* DIGEST with a key */
	SDEV_ALG_HMAC_MD5,	/* RFC 2104 */
	SDEV_ALG_HMAC_SHA1,
	SDEV_ALG_HMAC_SHA224,
	SDEV_ALG_HMAC_SHA256,
	SDEV_ALG_HMAC_SHA384,
	SDEV_ALG_HMAC_SHA512,
	SDEV_ALG_HMAC_SHA512_224,
	SDEV_ALG_HMAC_SHA512_256,
	SDEV_ALG_HMAC_SM3,
	SDEV_ALG_AES_CMAC,	/* RFC 4493, SP 800-38B */
	SDEV_ALG_AES_GMAC,	/* SP 800-38D; the only one with an IV */
	SDEV_ALG_AES_XCBC_MAC_96,	/* RFC 3566 */
	SDEV_ALG_AES_XCBC_PRF_128,	/* RFC 4434, AES-128 keys */
	/* AEAD */
	SDEV_ALG_AES_GCM,	/* SP 800-38D */
	SDEV_ALG_AES_CCM,	/* SP 800-38C */
	SDEV_ALG_SM4_GCM,	/* RFC 8998 */
	SDEV_ALG_SM4_CCM,
	SDEV_ALG_AES_CBC_HMAC_SHA1,	/* encrypt, then authenticate AAD and ciphertext */
	SDEV_ALG_AES_CBC_HMAC_SHA256,
	SDEV_ALG_AES_CBC_HMAC_SHA512,
	/* PK; ext.session.bits is the size or the curve */
	SDEV_ALG_RSA,
	SDEV_ALG_DH,
	SDEV_ALG_ECDH,
	SDEV_ALG_ECDSA,
	SDEV_ALG_SM2,
	SDEV_ALG_X25519,
	SDEV_ALG_X448,
	SDEV_ALG_COUNT,
};
static_assert(SDEV_ALG_COUNT <= 64 * SDEV_ALGS_WORDS, "every algorithm has its bit");

/*
 * sym.flags. CIPHER takes DECRYPT only. A DIGEST or AEAD in one descriptor is
 * FIRST and LAST at once. All but the last piece are whole blocks.
 *
 * DIGEST: without FIRST, iv_va has the chaining state that the piece before it
 * left, and total is how many bytes that state stands for; without LAST, dst gets
 * the chaining state. A state is as long as the algorithm's untruncated digest
 * (SHA-224: 32, SHA-384 and SHA-512/t: 64; MACs of a cipher: 16) and travels with
 * the descriptors, so that pieces may go through different sessions of one key.
 * GMAC is as AEAD here: no state comes out, dst_len is 0 but with LAST.
 *
 * AEAD: the first piece brings IV and AAD (and total, for CCM) and may bring data,
 * the last one the tag. What lies between is in the session, which takes one
 * message in pieces at a time; it can do whole ones meanwhile.
 */
#define SDEV_SYM_DECRYPT	0x01
#define SDEV_SYM_FIRST		0x02
#define SDEV_SYM_LAST		0x04
#define SDEV_SYM_AAD_IN_SRC	0x08	/* AEAD: src begins with aad_len bytes of AAD, and dst ... */
#define SDEV_SYM_AAD_COPY	0x10	/* ... with room for a copy, which is written or, without, not */
#define SDEV_SYM_ALL		0x1f

struct sdev_desc {
	uint8_t opcode;		/* enum sdev_opcode */
	uint8_t flags;		/* SDEV_F_* */
	uint16_t reserved0;	/* 0 */
	uint32_t tag;		/* handed back in the completion */
	uint64_t src_va;
	uint64_t dst_va;
	uint32_t src_len;
	uint32_t dst_len;
	uint32_t object;	/* stream or session; 0: a whole job of COMPRESS or DECOMPRESS */
	union {
		struct {
			uint8_t format;	/* enum sdev_format */
			uint8_t level;	/* 1..15; 0: default */
			uint8_t window;	/* enum sdev_window */
			uint8_t flags;	/* SDEV_COMP_* */
		} comp;
		struct {
			uint8_t flags;		/* SDEV_SYM_* */
			uint8_t mac_len;	/* AEAD: bytes of the tag */
			uint16_t iv_len;	/* bytes at iv_va, if it is an IV */
		} sym;
		struct {
			uint8_t op;		/* enum sdev_pk_op */
			uint8_t flags;
			uint16_t reserved;	/* 0 */
		} pk;
		struct {
			uint8_t alg;		/* enum sdev_alg */
			uint8_t reserved[3];	/* 0 */
		} session;
	};
	uint8_t dir;		/* STREAM_OPEN: SDEV_OP_COMPRESS or SDEV_OP_DECOMPRESS */
	uint8_t reserved1[7];	/* 0 */
	union {
		uint64_t reserved2[2];	/* 0 where the next two mean nothing */
		struct {
			uint64_t iv_va;	/* CIPHER, DIGEST, AEAD; CIPHER leaves the next IV there */
			uint64_t total;	/* DIGEST, AEAD: see SDEV_SYM_* */
		};
	};
};
static_assert(sizeof(struct sdev_desc) == 64, "descriptor layout");

/*
 * PK. src is a list of struct sdev_pk_param, first the inputs of the operation,
 * then its results, in the order that stands beside it; "?" is an input that may
 * have no bytes. Numbers have the high byte first and at most 512 bytes. A result
 * is a number without leading zeroes, the rest of its room zero, unless it says
 * otherwise; its length comes back in @used. d is a private scalar, x and y are
 * coordinates of a public point, e is a digest.
 */
enum sdev_pk_op {
	SDEV_PK_NONE,
	SDEV_PK_RSA_PRIVATE,	/* m, d, n, e? -> m^d mod n, as long as n */
	SDEV_PK_RSA_PRIVATE_CRT,	/* m, dq, dp, qinv, q, p -> the same */
	SDEV_PK_RSA_PUBLIC,	/* m, e, n -> m^e mod n, as long as n */
	SDEV_PK_RSA_KEYGEN,	/* e, p, q -> d, n */
	SDEV_PK_RSA_KEYGEN_CRT,	/* e, p, q -> d, n, qinv, dq, dp */
	SDEV_PK_DH_POWER,	/* p, g, x -> g^x mod p */
	SDEV_PK_EC_PUBLIC,	/* d -> x, y */
	SDEV_PK_EC_DERIVE,	/* d, x, y -> x, y of the shared point */
	SDEV_PK_ECDSA_SIGN,	/* d, e, k? -> r, s */
	SDEV_PK_ECDSA_VERIFY,	/* x, y, e, r, s */
	SDEV_PK_SM2_SIGN,	/* d, e?, k?, message?, id?, x?, y? -> r, s; e or message */
	SDEV_PK_SM2_VERIFY,	/* x, y, e?, r, s, message?, id? */
	SDEV_PK_SM2_ENCRYPT,	/* x, y, k?, text -> C1 x, C1 y, C2, C3: strings of full length */
	SDEV_PK_SM2_DECRYPT,	/* d, C1 x, C1 y, C2, C3 -> text: a string */
	SDEV_PK_SM2_KEYGEN,	/* -> d, x, y */
	SDEV_PK_ECX_PUBLIC,	/* d -> x; X25519 and X448 */
	SDEV_PK_ECX_DERIVE,	/* d, x -> the shared x */
	SDEV_PK_COUNT,
};

#define SDEV_PK_PARAMS		9	/* of the longest list */
#define SDEV_PK_TEXT_MAX	(16u << 20)	/* message, text, id and their results */

struct sdev_pk_param {
	uint64_t va;
	uint32_t len;		/* bytes of an input, room of a result */
	uint32_t used;		/* 0; a result: written by the device, bytes of it */
};
static_assert(sizeof(struct sdev_pk_param) == 16, "parameter layout");

/* The hash of SM2. */
enum sdev_pk_hash {
	SDEV_PK_HASH_NONE,
	SDEV_PK_HASH_SM3,
	SDEV_PK_HASH_SHA1,
	SDEV_PK_HASH_SHA224,
	SDEV_PK_HASH_SHA256,
	SDEV_PK_HASH_SHA384,
	SDEV_PK_HASH_SHA512,
	SDEV_PK_HASH_MD4,
	SDEV_PK_HASH_MD5,
	SDEV_PK_HASH_COUNT,
};

/*
 * What SESSION_OPEN finds at key2_va for ECDH, ECDSA and SM2: y^2 = x^3 + ax + b
 * modulo p with a base point of prime order n. Zeroes stand before a number that
 * is shorter than its place.
 */
#define SDEV_PK_FIELD_MAX	72u
#define SDEV_PK_CURVE_NUMS	6	/* p, a, b, x and y of the base point, n */
struct sdev_pk_curve {
	uint32_t hash;		/* enum sdev_pk_hash */
	uint32_t reserved;
	uint8_t value[SDEV_PK_CURVE_NUMS][SDEV_PK_FIELD_MAX];
};
static_assert(sizeof(struct sdev_pk_curve) == 440, "curve layout");

/* The second half of a slot; of SDEV_OPS_EXT only. Reserved words are 0. */
struct sdev_ext {
	union {
		struct {
			uint64_t aad_va;	/* not with SDEV_SYM_AAD_IN_SRC */
			uint64_t mac_va;	/* the tag: written, or read with DECRYPT */
			uint32_t aad_len;
			uint32_t reserved0;
			uint64_t reserved[5];
		} aead;
		struct {
			uint64_t key2_va;	/* AEAD of cipher and HMAC: the HMAC's; PK: parameters */
			uint32_t key2_len;
			uint32_t bits;		/* PK */
			uint64_t reserved[6];
		} session;
		uint64_t words[8];
	};
};
static_assert(sizeof(struct sdev_ext) == 64, "ext layout");

/* One place of the submission ring. */
struct sdev_slot {
	struct sdev_desc desc;
	struct sdev_ext ext;
};
static_assert(sizeof(struct sdev_slot) == SDEV_SLOT_SIZE, "slot layout");

/*
 * Where a DECOMPRESS stream is, as STREAM_TELL writes it: a raw deflate decoder
 * that has the window before the last @behind bytes of what was produced, and then
 * gets @bits bits and the input that follows what was consumed, goes on as the
 * stream would, with those @behind bytes first. The bits lie in deflate's order and
 * end with a byte: @bits % 8 of them, if any, are the high ones of data[0].
 */
#define SDEV_PLACE_DATA		1016
struct sdev_place {
	uint32_t bits;
	uint32_t behind;
	uint8_t data[SDEV_PLACE_DATA];
};

/*
 * One element of a scatter chain. Reserved bits are ignored, so that a list
 * with padding between len and next can be walked where it lies.
 */
struct sdev_sge {
	uint64_t va;
	uint32_t len;
	uint32_t ignored;
	uint64_t next;		/* VA of the next element, 0 at the end */
};
static_assert(sizeof(struct sdev_sge) == 24, "sge layout");
#define SDEV_SGE_MAX		4096	/* elements of one chain */

enum sdev_comp_status {
	SDEV_ST_DONE,		/* detail: enum sdev_done */
	SDEV_ST_PAGE_FAULT,	/* not there now; fault_va, consumed, produced */
	SDEV_ST_BAD_ADDRESS,	/* not mapped; fault_va */
	SDEV_ST_ACCESS_DENIED,	/* mapped, but not for this access; fault_va */
	SDEV_ST_CORRUPT,	/* input is not what the format says; detail: enum sdev_corrupt */
	SDEV_ST_OUTPUT_FULL,	/* dst_len is too small */
	SDEV_ST_UNSUPPORTED,	/* well formed, but this device does not do it */
	SDEV_ST_MALFORMED,	/* detail: enum sdev_malformed */
	SDEV_ST_NO_PASID,	/* the queue's PASID is not bound, or not by its owner */
	SDEV_ST_CANCELLED,	/* the queue was stopped first */
	SDEV_ST_TIMED_OUT,
	SDEV_ST_RESET,		/* the device was reset, or isolated itself */
	SDEV_ST_NO_MEMORY,	/* the device has no room for the object or the state */
	SDEV_ST_AUTH_FAILED,	/* a tag or a signature does not match; no plaintext is left */
	SDEV_ST_BAD_KEY,	/* key or parameters cannot be used; detail: enum sdev_bad_key */
	SDEV_ST_ABORTED,	/* in place, and its memory or its batch was lost: dst is rubbish */
	SDEV_ST_BAD_OPERAND,	/* an input is not what the operation takes; enum sdev_bad_operand */
	SDEV_ST_COUNT,
};

enum sdev_done {
	SDEV_DONE_ALL,		/* block: finished. stream: piece taken, more can come */
	SDEV_DONE_STREAM_END,	/* stream: the last byte is out */
	SDEV_DONE_MORE_OUT,	/* stream: dst is full, input or output is left */
};

enum sdev_corrupt {
	SDEV_CORRUPT_DATA,	/* bad block, code, distance or header */
	SDEV_CORRUPT_CHECKSUM,	/* Adler-32, CRC-32 or ISIZE does not match */
	SDEV_CORRUPT_TRUNCATED,	/* the input ends before the data does */
};

enum sdev_bad_key {
	SDEV_KEY_LENGTH = 1,	/* of the key, the second key, or the size */
	SDEV_KEY_WEAK,		/* XTS: both halves are equal */
	SDEV_KEY_RANGE,		/* a number is not in the group, or not below the modulus */
	SDEV_KEY_POINT,		/* a point is not on the curve */
	SDEV_KEY_MISSING,	/* the operation needs a part of the key that was not given */
	SDEV_KEY_CURVE,		/* no such curve, or parameters that make none */
};

enum sdev_bad_operand {
	SDEV_OPERAND_RANGE = 1,	/* not below the modulus, or one of its trivial elements */
	SDEV_OPERAND_SCALAR,	/* 0, or not below the order */
	SDEV_OPERAND_POINT,	/* not on the curve, or the result is the point at infinity */
};

enum sdev_malformed {
	SDEV_BAD_OPCODE = 1,
	SDEV_BAD_FLAGS,
	SDEV_BAD_RESERVED,	/* a reserved field is not 0 */
	SDEV_BAD_FORMAT,
	SDEV_BAD_LEVEL,
	SDEV_BAD_WINDOW,
	SDEV_BAD_LENGTH,	/* 0 where data is needed */
	SDEV_BAD_OBJECT,	/* no such object of this PASID, or not for this opcode */
	SDEV_OBJECT_BUSY,	/* another descriptor is running on it, or a message in pieces is */
	SDEV_OBJECT_DEAD,	/* an earlier fault or error killed it; reset or close it */
	SDEV_BAD_SGL,		/* a loop, more than SDEV_SGE_MAX elements, less than src_len */
	SDEV_BAD_ALG,		/* no such algorithm or operation */
	SDEV_BAD_IV,		/* length of the IV */
	SDEV_BAD_MAC,		/* length of the tag, the digest or the chaining state */
	SDEV_BAD_AAD,		/* longer than the data it lies in, or than the algorithm takes */
	SDEV_BAD_PIECE,		/* FIRST, LAST and what was before do not fit together */
};

/* Which library ran the job. 0 for jobs that need none. */
enum sdev_engine {
	SDEV_ENGINE_NONE,
	SDEV_ENGINE_ZLIB,
	SDEV_ENGINE_ISAL,
	SDEV_ENGINE_LIBDEFLATE,
	SDEV_ENGINE_ZLIB_NG,
	SDEV_ENGINE_CODECS,	/* those below run COMPRESS and DECOMPRESS */
	SDEV_ENGINE_OPENSSL = SDEV_ENGINE_CODECS,
	SDEV_ENGINE_IPSEC_MB,
	SDEV_ENGINE_COUNT,
};

/*
 * Completion. The device writes everything but @end first and then @end with
 * one release store, so a client that has seen the phase may read the rest.
 * The phase of ring lap n is (n & 1) ^ 1: the first lap writes 1 over zeroes.
 */
struct sdev_cpl {
	uint64_t fault_va;
	uint32_t consumed;	/* bytes of src taken */
	uint32_t produced;	/* bytes of dst written */
	uint32_t object;	/* STREAM_OPEN, SESSION_OPEN: the new object */
	uint16_t faults;	/* page faults this descriptor met */
	uint8_t engine;		/* enum sdev_engine */
	uint8_t reserved;
	uint32_t tag;
	uint32_t end;
};
static_assert(sizeof(struct sdev_cpl) == 32, "completion layout");

#define SDEV_CPL_STATUS(end)	((end) & 0xffu)
#define SDEV_CPL_DETAIL(end)	(((end) >> 8) & 0xffu)
#define SDEV_CPL_PHASE(end)	((end) >> 31)
#define SDEV_CPL_END(status, detail, phase) \
	((uint32_t)(status) | (uint32_t)(detail) << 8 | (uint32_t)(phase) << 31)

#endif
