/* SPDX-License-Identifier: MIT */
/*
 * Symmetric sessions: what the files of this folder share, in the order of a
 * job's way through them. An algorithm is a row of alg.c; libcrypto runs each of
 * them (cipher.c, digest.c, aead.c over evp.c and hash.c), ipsec-mb (mb.c) those
 * whose row says so, when enough jobs are at hand.
 */
#ifndef WEFT_DEVICE_CRYPTO_SYM_H
#define WEFT_DEVICE_CRYPTO_SYM_H

#define OPENSSL_SUPPRESS_DEPRECATED	/* hash.c needs states that EVP does not show */

#include "device/device_internal.h"

#include <openssl/evp.h>
#include <openssl/modes.h>
#include <openssl/md5.h>
#include <openssl/sha.h>

#define SYM_KEY_MAX	64u		/* of a cipher: XTS with AES-256 */
#define SYM_KEY2_MAX	(64u << 10)	/* of a MAC; only its hash is kept */
#define SYM_IV_MAX	128u
#define SYM_MAC_MAX	64u
#define SYM_BLOCK	16u
#define SYM_BLOCK_DES	8u

/* A block of either length, without a loop. */
static inline void sym_block_copy(uint8_t *to, const uint8_t *from, unsigned int block)
{
	if (block == SYM_BLOCK)
		memcpy(to, from, SYM_BLOCK);
	else
		memcpy(to, from, SYM_BLOCK_DES);
}

struct sym_alg;
struct sym_lane;
struct sym_session;
struct sym_job;

/* ---- hash.c: hashes of libcrypto whose state can be read ------------------------ */

enum sym_hash {
	SYM_HASH_NONE,
	SYM_MD5,
	SYM_SHA1,
	SYM_SHA224,
	SYM_SHA256,
	SYM_SHA384,
	SYM_SHA512,
	SYM_SHA512_224,
	SYM_SHA512_256,
	SYM_SM3,
	SYM_HASH_COUNT,
};

/* libcrypto's SM3_CTX, which no public header has; checked when hashes are set up. */
struct sym_sm3 {
	uint32_t h[8];
	uint32_t bits[2];
	uint32_t data[16];
	unsigned int num;
};

/* Every one of these begins with the chaining words and, behind them, the length in bits. */
union sym_hash_ctx {
	MD5_CTX md5;
	SHA_CTX sha1;
	SHA256_CTX sha256;
	SHA512_CTX sha512;
	struct sym_sm3 sm3;
	uint32_t w32[20];
	uint64_t w64[10];
	uint8_t bytes[80];
};

struct sym_hash_row {
	uint8_t block;
	uint8_t state;		/* bytes of the chaining state */
	uint8_t digest;
	uint8_t word;		/* bytes of a chaining word */
	bool little;		/* byte order of digest and state */
	void (*init)(struct sym_lane *lane, union sym_hash_ctx *c);
	void (*update)(struct sym_lane *lane, union sym_hash_ctx *c, const void *p, size_t n);
	void (*final)(struct sym_lane *lane, union sym_hash_ctx *c, uint8_t *digest);
};

extern const struct sym_hash_row sym_hash_rows[SYM_HASH_COUNT];
bool sym_hash_has(enum sym_hash hash);
int sym_hash_lane(struct sym_lane *lane);
void sym_hash_lane_exit(struct sym_lane *lane);
/* A context behind @done bytes, whose chaining words are at @words as they lie in memory. */
void sym_hash_resume(struct sym_lane *lane, const struct sym_hash_row *row,
		     union sym_hash_ctx *c, const uint8_t *words, uint64_t done);
/* Chaining state as clients see it: in the byte order of the digest. */
void sym_hash_import(struct sym_lane *lane, const struct sym_hash_row *row,
		     union sym_hash_ctx *c, const uint8_t *state, uint64_t done);
void sym_hash_export(const struct sym_hash_row *row, const union sym_hash_ctx *c, uint8_t *state);

/* ---- alg.c: the table ------------------------------------------------------------- */

enum sym_family { SYM_NO_CIPHER, SYM_AES, SYM_SM4, SYM_DES, SYM_3DES };
enum sym_mode {
	SYM_NO_MODE, SYM_ECB, SYM_CBC, SYM_CTR, SYM_XTS, SYM_OFB, SYM_CFB, SYM_CS1, SYM_CS2,
	SYM_CS3, SYM_GCM, SYM_CCM, SYM_GMAC, SYM_CMAC, SYM_XCBC, SYM_MODE_COUNT,
};

/*
 * A cipher as libcrypto has it, and what a session makes a context of: several
 * of them where a mode is put together from others.
 */
struct sym_part {
	uint8_t mode;		/* enum sym_mode; SYM_NO_MODE: no such part */
	bool encrypt;
	bool half;		/* its key is the second half */
	bool own;		/* its key is the one that XCBC derives */
};
#define SYM_PARTS	4	/* at most */

/* How ipsec-mb does it; see mb.c. */
enum sym_mb {
	SYM_MB_NONE,
	SYM_MB_BURST,		/* cipher burst */
	SYM_MB_HASH_BURST,
	SYM_MB_JOBS,		/* one at a time into the manager */
	SYM_MB_DIRECT,		/* GCM: no manager at all */
	SYM_MB_CHAIN,		/* cipher burst and hash burst, the second over what the first made */
};

struct sym_alg {
	const char *name;	/* as libwd and Linux write it */
	uint8_t op;		/* SDEV_OP_CIPHER, _DIGEST or _AEAD */
	uint8_t family;
	uint8_t mode;
	uint8_t hash;		/* enum sym_hash */
	uint8_t keys[4];	/* lengths that a cipher key may have */
	uint8_t align;		/* data lengths are multiples of this */
	uint8_t least;		/* ... and not less than this */
	uint8_t iv;		/* bytes; AEAD: from here ... */
	uint8_t iv_max;		/* ... to here */
	uint8_t mac;		/* bytes of the full digest or longest tag */
	uint32_t tags;		/* AEAD: bit a tag length */
	bool iv_moves;		/* CIPHER: the next IV is written back */
	bool ext_key;		/* takes a second key */
	struct sym_part parts[SYM_PARTS];
	void (*run)(struct sym_lane *lane, struct sym_session *s, struct sym_job *job);
	/*
	 * ipsec-mb: its numbers, and how many jobs of equal length it takes until it is
	 * faster than libcrypto, encrypting and decrypting. 0: never.
	 */
	struct {
		uint8_t how;	/* enum sym_mb */
		uint8_t cipher;	/* IMB_CIPHER_* */
		uint8_t hash;	/* IMB_AUTH_* */
		uint8_t from[2];	/* by decrypt */
		uint16_t least;	/* shorter jobs are libcrypto's, however many there are */
	} mb;
};

extern const struct sym_alg sym_algs[SDEV_ALG_COUNT];
/* The row, if this build and machine have it; NULL otherwise. */
const struct sym_alg *sym_alg_get(unsigned int alg);

/* ---- evp.c: ciphers of libcrypto ----------------------------------------------------- */

bool sym_evp_has(enum sym_family family, enum sym_mode mode);
/* A context for a part of the session's algorithm, keyed; one job at a time has it. */
EVP_CIPHER_CTX *sym_evp_get(struct sym_lane *lane, struct sym_session *s, unsigned int part);
void sym_evp_put(struct sym_lane *lane, struct sym_session *s, unsigned int part,
		 EVP_CIPHER_CTX *ctx);
void sym_evp_keep(struct sym_lane *lane, unsigned int part);
void sym_stack_wipe(void);
void sym_evp_lost(struct sym_lane *lane);	/* thrown out of libcrypto */
/* @iv NULL: keep the one that it has, which only ECB may. */
bool sym_evp_start(EVP_CIPHER_CTX *ctx, const uint8_t *iv);
/*
 * The same with an IV of @len bytes, a block, the quickest way there is. A mode that ended
 * within a block has to say so with sym_evp_rest() before its context is put. sym_evp_iv() is
 * where libcrypto has the IV at this moment, or NULL: not to be had that way.
 */
bool sym_evp_start_len(EVP_CIPHER_CTX *ctx, const uint8_t *iv, unsigned int len);
void sym_evp_rest(EVP_CIPHER_CTX *ctx);
const uint8_t *sym_evp_iv(const EVP_CIPHER_CTX *ctx);
bool sym_evp_run(EVP_CIPHER_CTX *ctx, uint8_t *dst, const uint8_t *src, size_t len);
void sym_evp_drain(struct sym_session *s);

/* ---- session.c -------------------------------------------------------------------------- */

#define SYM_POOL	4	/* contexts of a part that a session keeps */

/* One message in pieces, between its first and its last. */
struct sym_stream {
	atomic_flag busy;	/* a piece is running */
	bool on;
	bool decrypt;
	uint8_t iv[SYM_BLOCK];	/* of the next piece; CCM: counter */
	uint8_t mac[SYM_BLOCK];	/* CCM: the CBC-MAC so far */
	uint8_t first[SYM_BLOCK];	/* CCM: what the tag is masked with is made of this */
	uint64_t done;		/* bytes of data so far */
	uint64_t total;		/* CCM */
	uint8_t mac_len;
	union sym_hash_ctx hash;
	EVP_CIPHER_CTX *evp;	/* AES-GCM */
	GCM128_CONTEXT *gcm;	/* SM4-GCM */
};

/*
 * In memory of its own that is not dumped and is wiped when it is given back.
 * What libcrypto expands keys into lies in libcrypto's memory; it wipes that.
 */
struct sym_session {
	const struct sym_alg *alg;
	uint8_t key_len;
	uint32_t mb_group;		/* its jobs and those of others that one call takes */
	atomic_bool no_mb;
	_Atomic(EVP_CIPHER_CTX *) pool[SYM_PARTS][SYM_POOL];
	struct sym_stream stream;
	/* secrets */
	uint8_t key[SYM_KEY_MAX];
	uint8_t inner[64];		/* HMAC: chaining words behind the padded key */
	uint8_t outer[64];
	uint8_t sub[3][SYM_BLOCK] __attribute__((aligned(16)));	/* CMAC: K1, K2; XCBC: K2, K3, K1 */
	/* ipsec-mb's expanded keys */
	const void *des[3];
	union {
		struct {
			uint8_t enc[15 * SYM_BLOCK];
			uint8_t dec[15 * SYM_BLOCK];
		} aes;
		uint64_t des[3][16];
		uint8_t gcm[15 * SYM_BLOCK + 48 * SYM_BLOCK];
	} mb __attribute__((aligned(64)));
};

struct sym_session *sym_session_new(void);
void sym_session_free(struct sym_session *s);

/* ---- batch.c: jobs ----------------------------------------------------------------------- */

/*
 * Beside source and destination: what is read before the job runs, and what is
 * written after it.
 */
struct sym_small {
	uint64_t va;
	uint8_t *ours;
	uint32_t len;
};

struct sym_job {
	struct sdev_job *job;
	struct sdev_object *object;
	struct sym_session *s;
	const uint8_t *src;	/* data without AAD: the client's, or a copy */
	uint8_t *dst;		/* NULL: DIGEST */
	size_t len;
	const uint8_t *aad;
	uint32_t aad_len;
	uint32_t skip;		/* bytes of it that the client's source and destination begin with */
	uint8_t flags;		/* SDEV_SYM_* */
	uint8_t mac_len;
	uint16_t iv_len;
	bool copied;		/* src and dst are memory of the lane */
	bool cipher;		/* an IV is all that it has of small operands */
	uint8_t ins;
	union {
		struct {
			uint8_t engine;
			bool over;	/* dst overlaps a source: a second run would not do the same */
			bool in_mb;	/* ipsec-mb is at it */
			bool stream;	/* a piece, and it holds stream.busy */
			bool ended;	/* the completion says all there is to say */
			bool done;	/* has been run, with this result: */
			uint8_t status;	/* enum sdev_comp_status */
			uint8_t detail;
		};
		uint64_t marks;		/* all of them, to begin with */
	};
	uint64_t total;
	uint8_t iv[SYM_BLOCK];	/* on the way out: the next one */
	struct sym_small in[2], out;	/* unless @cipher; @out: of 0 bytes: none */
	uint8_t mac[SYM_MAC_MAX];	/* digest, state or tag; DECRYPT: what came with it */
	uint8_t long_iv[SYM_IV_MAX];	/* GCM with an IV beyond SYM_BLOCK */
};

static inline bool sym_first(const struct sym_job *j)
{
	return j->flags & SDEV_SYM_FIRST;
}

static inline bool sym_last(const struct sym_job *j)
{
	return j->flags & SDEV_SYM_LAST;
}

static inline bool sym_decrypt(const struct sym_job *j)
{
	return j->flags & SDEV_SYM_DECRYPT;
}

static inline bool sym_whole(const struct sym_job *j)
{
	return (j->flags & (SDEV_SYM_FIRST | SDEV_SYM_LAST)) == (SDEV_SYM_FIRST | SDEV_SYM_LAST);
}

static inline const uint8_t *sym_iv(const struct sym_job *j)
{
	return j->iv_len > SYM_BLOCK ? j->long_iv : j->iv;
}

static inline void sym_end(struct sym_job *j, enum sdev_comp_status status, unsigned int detail)
{
	j->status = (uint8_t)status;
	j->detail = (uint8_t)detail;
}

/* False, with the job ended: somebody waits for the step. */
static inline bool sym_go_on(struct sym_job *j)
{
	enum sdev_comp_status cut = sdev_job_cut(j->job);

	if (wdi_likely(!cut))
		return true;
	/* What has been written in place cannot be taken back. */
	sym_end(j, j->over ? SDEV_ST_ABORTED : cut, 0);
	return false;
}

/* Long jobs go through a library in pieces of this size. */
#define SYM_PIECE	((size_t)1 << 20)

/* Per thread. */
struct sym_lane {
	struct sym_job jobs[SDEV_BATCH_MAX];
	struct sym_job *list[SDEV_BATCH_MAX];	/* those to be run */
	unsigned int count;
	unsigned int at;	/* phases of a batch: the job at hand */
	EVP_MD_CTX *sm3;
	/* Taken by the job at hand, for who is thrown out of it. */
	EVP_CIPHER_CTX *held[SYM_PARTS];
	GCM128_CONTEXT *gcm;
	struct sym_object {
		struct sdev_object *o;
		uint32_t handle;
	} objects[SDEV_BATCH_MAX];
	unsigned int object_count;
	uint8_t scratch[4096] __attribute__((aligned(64)));
	struct sym_mb_lane *mb;
};

struct sym_lane *sym_lane_get(struct sdev_lane *lane);	/* NULL: no memory */
/* A fault ends the job, or parks it: nothing of it has been kept. */
void sym_job_fault(struct sym_job *j, const struct sdev_fault *fault);

/* ---- check.c ------------------------------------------------------------------------------- */

/* Bytes of the chaining state. */
unsigned int sym_state_size(const struct sym_alg *alg);
/* 0 or enum sdev_malformed. */
unsigned int sym_digest_check(const struct sym_alg *alg, const struct sdev_desc *d);
unsigned int sym_aead_check(const struct sym_alg *alg, const struct sdev_desc *d,
			    const struct sdev_ext *ext);

/* ---- copy.c: jobs that do not run where they lie ------------------------------------------- */

size_t sym_copy_size(const struct sym_job *j);
/* Operands to @room, of that size. False: the job has been ended. */
bool sym_copy_in(struct sym_job *j, uint8_t *room);
void sym_copy_out(struct sym_job *j);

/* ---- modes.c: what libcrypto has parts of ---------------------------------------------- */

void sym_xts_run(struct sym_lane *lane, struct sym_session *s, struct sym_job *j);
void sym_cts_run(struct sym_lane *lane, struct sym_session *s, struct sym_job *j);
void sym_ccm_run(struct sym_lane *lane, struct sym_session *s, struct sym_job *j);
void sym_gcm_run(struct sym_lane *lane, struct sym_session *s, struct sym_job *j);
/* CBC-MAC of whole blocks, from @mac on and to it. */
bool sym_cbc_mac(struct sym_lane *lane, EVP_CIPHER_CTX *cbc, uint8_t mac[SYM_BLOCK],
		 const uint8_t *p, size_t len);

/* ---- cipher.c, digest.c, aead.c: one job through libcrypto ------------------------------- */

void sym_cipher_run(struct sym_lane *lane, struct sym_session *s, struct sym_job *j);
/* IV after @len bytes, for all modes but OFB. @tail: the last ciphertext block. */
void sym_iv_next(enum sym_mode mode, uint8_t *iv, unsigned int block, size_t len,
		 const uint8_t *tail);
void sym_hash_run(struct sym_lane *lane, struct sym_session *s, struct sym_job *j);
void sym_hmac_run(struct sym_lane *lane, struct sym_session *s, struct sym_job *j);
void sym_cmac_run(struct sym_lane *lane, struct sym_session *s, struct sym_job *j);
void sym_gmac_run(struct sym_lane *lane, struct sym_session *s, struct sym_job *j);
void sym_aes_gcm_run(struct sym_lane *lane, struct sym_session *s, struct sym_job *j);
void sym_aes_ccm_run(struct sym_lane *lane, struct sym_session *s, struct sym_job *j);
void sym_chain_run(struct sym_lane *lane, struct sym_session *s, struct sym_job *j);
void sym_hmac_key(struct sym_lane *lane, struct sym_session *s, const uint8_t *key, size_t len);
bool sym_mac_keys(struct sym_lane *lane, struct sym_session *s);
/* AAD in front of the destination, where the client asked for it. */
void sym_aad_copy(struct sym_job *j);
/* The end of a message: hand the tag out, or compare it and leave no plaintext behind. */
void sym_tag_end(struct sym_job *j, const uint8_t *tag);
void sym_stream_drop(struct sym_stream *st);

/* ---- mb.c: ipsec-mb ------------------------------------------------------------------------ */

/* Run those of the lane's list that are better off here; they are done afterwards. */
void sym_mb_run(struct sym_lane *lane);
void sym_mb_keys(struct sym_lane *lane, struct sym_session *s);
void sym_mb_lost(struct sym_lane *lane);	/* thrown out of the library */
void sym_mb_exit(struct sym_lane *lane);
const char *sym_mb_version(void);	/* NULL: not built in */

#endif
