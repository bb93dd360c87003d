/* SPDX-License-Identifier: MIT */
/*
 * Everything at once: jobs of all kinds in four threads, while another thread
 * unmaps, protects and discards what they read and write, completions are lost,
 * late and doubled, pages fault, and the device is reset again and again. Every
 * request ends exactly once, with the right result or with an error, and in the
 * end the counters add up.
 *
 * How long it goes on says only how much is tried: WEFT_TEST_LONG makes it a
 * minute for each guard and fault mode, with a reset each second.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <uadk/wd_aead.h>

#include "../api/pk.h"
#include "rig.h"

#define THREADS		4
#define LEN		(96u << 10)
#define ROOM		(LEN + LEN / 4)
#define CONTEXTS	4
#define FLIGHT		6u
#define DEADLINE	(400 * MS)

/* Nobody else maps anything here, so a hole stays one. */
#define FAR		((uint8_t *)(uintptr_t)0x300000000000)
#define STRIDE		(1u << 20)
/* Two sources of each thread, and destinations: a new one when the device may still have one. */
#define SOURCES		2
#define DSTS_MAX	2048
#define PLACES		(SOURCES * THREADS + DSTS_MAX)
#define PLACES_LEN	((size_t)PLACES * (STRIDE / 2))

static uint8_t *places;	/* elsewhere, where thread sanitizer does not let us have it: no holes then */

enum verdict {
	RIGHT,
	REPORTED,
	WRONG,
	VERDICTS,
};

/* Memory that somebody works with; after a timeout the device may still have it. */
struct buffer {
	uint8_t *p;
	struct buffer *next;
};

struct worker {
	pthread_t thread;
	struct rng rng;
	uint8_t *src;		/* of the pest's reach: @len bytes of a file */
	_Atomic(uint8_t *) dst;	/* of the pest's reach */
	struct buffer *own;	/* out of its reach */
	uint8_t *back;
	uint64_t ends[VERDICTS];
};

static struct rig rig;
static uint8_t *good, *packed;
static size_t packed_len;
static int file, packed_file;
static atomic_uint dsts_used;
static atomic_bool over;
static struct worker workers[THREADS];

static uint8_t *own(struct worker *w)
{
	return w->own->p;
}

static void own_new(struct worker *w)
{
	struct buffer *b = malloc(sizeof(*b));

	b->p = malloc(ROOM);
	b->next = w->own;
	w->own = b;
}

static void dst_new(struct worker *w);

/* A request ran out of time: until the end the device may write to what it was given. */
static void let_go(struct worker *w, const void *dst)
{
	own_new(w);
	if (dst == atomic_load(&w->dst))
		dst_new(w);
}

/* ---- rows: one kind of job each -------------------------------------------------- */

struct row {
	const char *name;
	enum verdict (*run)(struct worker *w, const struct row *row);
	enum wd_comp_op_type dir;
	int level;		/* or what else sets the row apart */
};

static handle_t tuned(handle_t sess)
{
	static const enum weft_fault_policy policies[] = {
		WEFT_FAULT_BLOCK, WEFT_FAULT_RESOLVE, WEFT_FAULT_POPULATE,
	};
	static atomic_uint turn;

	weft_sess_deadline(sess, DEADLINE);
	weft_sess_fault_policy(sess, policies[atomic_fetch_add(&turn, 1) % ARRAY_SIZE(policies)]);
	return sess;
}

static handle_t sess_of(const struct row *row)
{
	return tuned(new_sess(WD_ZLIB, row->dir, row->level, WD_COMP_WS_32K));
}

/* Half of the sources and destinations are in the pest's reach. */
static struct wd_comp_req request(struct worker *w, const struct row *row)
{
	bool steady = rng_below(&w->rng, 2);
	uint8_t *src, *dst = rng_below(&w->rng, 2) ? own(w) : w->dst;
	size_t len = LEN;

	if (row->dir == WD_DIR_COMPRESS) {
		src = steady ? good : w->src;
		len = 1 + rng_below(&w->rng, LEN);
	} else {
		src = steady ? packed : w->src + STRIDE / 2;
		len = packed_len;
	}
	return new_req(row->dir, src, len, dst, ROOM);
}

/* What was done is right where nobody else wrote. */
static bool is_right(struct worker *w, const struct wd_comp_req *req, size_t sent, bool steady)
{
	if (req->op_type == WD_DIR_DECOMPRESS)
		return req->src_len == sent && req->dst_len == LEN &&
		       (!steady || !memcmp(req->dst, good, LEN));
	if (req->src_len != sent)
		return false;
	return !steady || (oracle_decode(WD_ZLIB, req->dst, req->dst_len, w->back, LEN, NULL) ==
			   sent && !memcmp(w->back, good, sent));
}

static bool is_an_error(int ret, __u32 status)
{
	switch (ret) {
	case -WD_ADDR_ERR:
	case -WD_HW_EACCESS:
	case -WD_ETIMEDOUT:
	case -WD_EBUSY:
		/* Or it was not sent, because the stream could not be opened. */
		return status == (__u32)-ret || status == UNTOUCHED;
	case 0:
		return status == WD_IN_EPARA;	/* the stream went with a reset */
	default:
		return false;
	}
}

static enum verdict judge(struct worker *w, int ret, const struct wd_comp_req *req, size_t sent,
			  bool steady)
{
	if (ret == -WD_ETIMEDOUT)
		let_go(w, req->dst);
	if (!ret && (!req->status || req->status == WD_STREAM_END))
		return is_right(w, req, sent, steady) ? RIGHT : WRONG;
	if (is_an_error(ret, req->status))
		return REPORTED;
	fprintf(stderr, "returned %d, status %u\n", ret, req->status);
	return WRONG;
}

static enum verdict block(struct worker *w, const struct row *row)
{
	handle_t sess = sess_of(row);
	struct wd_comp_req req = request(w, row);
	size_t sent = req.src_len;
	bool steady = req.dst == own(w);
	int ret = wd_do_comp_sync(sess, &req);

	wd_comp_free_sess(sess);
	return judge(w, ret, &req, sent, steady);
}

/* In three pieces; one that fails ends it. */
static enum verdict stream(struct worker *w, const struct row *row)
{
	handle_t sess = sess_of(row);
	struct wd_comp_req whole = request(w, row), req = whole;
	size_t sent = whole.src_len, used = 0, made = 0;
	bool steady = whole.dst == own(w);
	int ret = 0;

	for (size_t i = 1; i <= 3 && !ret; i++) {
		req = whole;
		req.src = (uint8_t *)whole.src + used;
		req.src_len = (__u32)(sent * i / 3 - used);
		req.dst = (uint8_t *)whole.dst + made;
		req.dst_len = (__u32)(ROOM - made);
		req.last = i == 3;
		ret = wd_do_comp_strm(sess, &req);
		used += req.src_len;
		made += req.dst_len;
		if (req.status)
			break;
	}
	wd_comp_free_sess(sess);
	whole.status = req.status;
	whole.src_len = (__u32)used;
	whole.dst_len = (__u32)made;
	return judge(w, ret, &whole, sent, steady);
}

/* Asynchronous requests; whoever polls runs anybody's callback. */
struct flight {
	struct wd_comp_req req;
	uint8_t *out;
	atomic_uint ended;
};

static void *flight_ended(struct wd_comp_req *req, void *param)
{
	struct flight *f = param;

	if (!atomic_load(&f->ended))
		f->req = *req;
	atomic_fetch_add(&f->ended, 1);
	return NULL;
}

static int ret_of(__u32 status)
{
	return status == 0 || status == WD_STREAM_END || status == WD_IN_EPARA ? 0 : -(int)status;
}

static enum verdict flock(struct worker *w, const struct row *row)
{
	handle_t sess = sess_of(row);
	struct flight *flights = calloc(FLIGHT, sizeof(*flights));
	enum verdict worst = RIGHT;
	size_t sent[FLIGHT];
	unsigned int n = 0;
	bool taken = false;

	for (; n < FLIGHT; n++) {
		struct flight *f = &flights[n];
		struct wd_comp_req req = request(w, row);

		sent[n] = req.src_len;
		f->out = malloc(ROOM);
		/* Engines work on several at once; one of them can have the place. */
		if (req.dst == own(w) || taken)
			req.dst = f->out;
		taken |= req.dst != f->out;
		req.cb = flight_ended;
		req.cb_param = f;
		if (wd_do_comp_async(sess, &req)) {
			free(f->out);
			break;
		}
	}
	for (unsigned int i = 0; i < n; i++) {
		struct flight *f = &flights[i];
		enum verdict v;
		__u32 count = 0;

		while (!atomic_load(&f->ended)) {
			wd_comp_poll(4, &count);
			sched_yield();
		}
		v = judge(w, ret_of(f->req.status), &f->req, sent[i], f->req.dst == f->out);
		if (atomic_load(&f->ended) != 1)
			v = WRONG;
		worst = v > worst ? v : worst;
		if (f->req.status != WD_ETIMEDOUT) {
			free(f->out);
		} else {
			/* Later, with the others that the device may have. */
			struct buffer *b = malloc(sizeof(*b));

			b->p = f->out;
			b->next = w->own->next;
			w->own->next = b;
		}
	}
	wd_comp_free_sess(sess);
	free(flights);
	return worst;
}

/* ---- rows of crypto ---------------------------------------------------------------- */

static uint8_t key[32] = "it has thirty-two bytes, no less";

static enum verdict judge_crypto(struct worker *w, int ret, int state, const void *dst,
				 bool right)
{
	if (ret == -WD_ETIMEDOUT)
		let_go(w, dst);
	if (!ret && !state)
		return right ? RIGHT : WRONG;
	if (is_an_error(ret, state ? (__u32)state : UNTOUCHED))
		return REPORTED;
	fprintf(stderr, "returned %d, state %d\n", ret, state);
	return WRONG;
}

static enum verdict hash(struct worker *w, const struct row *row)
{
	bool steady = rng_below(&w->rng, 2);
	struct wd_digest_req req = {
		.in = steady ? good : w->src,
		.in_bytes = 1 + (__u32)rng_below(&w->rng, LEN),
		.out = own(w), .out_bytes = 32, .out_buf_bytes = 32,
	};
	handle_t sess = tuned(wd_digest_alloc_sess(&(struct wd_digest_sess_setup){
		.alg = WD_DIGEST_SHA256, .mode = row->level ? WD_DIGEST_HMAC : WD_DIGEST_NORMAL }));
	uint8_t want[32];
	int ret;

	if (row->level)
		wd_digest_set_key(sess, key, sizeof(key));
	ret = wd_do_digest_sync(sess, &req);
	wd_digest_free_sess(sess);
	if (row->level)
		EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key, sizeof(key), good, req.in_bytes,
			  want, sizeof(want), NULL);
	else
		EVP_Digest(good, req.in_bytes, want, NULL, EVP_sha256(), NULL);
	return judge_crypto(w, ret, req.state, req.out,
			    ret || !steady || !memcmp(req.out, want, sizeof(want)));
}

static void by_libcrypto(const EVP_CIPHER *cipher, const uint8_t *iv, const uint8_t *from,
			 uint8_t *to, int len)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n;

	EVP_EncryptInit_ex(ctx, cipher, NULL, key, iv);
	EVP_CIPHER_CTX_set_padding(ctx, 0);
	EVP_EncryptUpdate(ctx, to, &n, from, len);
	EVP_CIPHER_CTX_free(ctx);
}

/* The IV lies at the end of the room, and the device may write the next one there. */
static enum verdict encrypt(struct worker *w, const struct row *row)
{
	bool steady = rng_below(&w->rng, 2), mine = rng_below(&w->rng, 2);
	uint8_t *iv = own(w) + ROOM - 16;
	struct wd_cipher_req req = {
		.op_type = WD_CIPHER_ENCRYPTION,
		.src = steady ? good : w->src,
		.dst = mine ? own(w) : w->dst,
		.in_bytes = 16 + (__u32)rng_below(&w->rng, LEN / 16 - 1) * 16,
		.iv = iv, .iv_bytes = 16,
	};
	handle_t sess = tuned(wd_cipher_alloc_sess(&(struct wd_cipher_sess_setup){
		.alg = WD_CIPHER_AES, .mode = (enum wd_cipher_mode)row->level }));
	static const uint8_t first[16];
	int ret;

	req.out_buf_bytes = req.out_bytes = req.in_bytes;
	memset(iv, 0, 16);
	wd_cipher_set_key(sess, key, sizeof(key));
	ret = wd_do_cipher_sync(sess, &req);
	wd_cipher_free_sess(sess);
	by_libcrypto(row->level == WD_CIPHER_CBC ? EVP_aes_256_cbc() : EVP_aes_256_ctr(), first,
		     good, w->back, (int)req.in_bytes);
	return judge_crypto(w, ret, (int)req.state, req.dst,
			    ret || !steady || !mine || !memcmp(req.dst, w->back, req.in_bytes));
}

/* Nobody has this tag, so that nothing may come out; a hole may be found before. */
static enum verdict forged(struct worker *w, const struct row *row)
{
	uint8_t *iv = own(w) + ROOM - 64, *mac = own(w) + ROOM - 32;
	struct wd_aead_req req = {
		.op_type = WD_CIPHER_DECRYPTION_DIGEST,
		.src = rng_below(&w->rng, 2) ? good : w->src, .dst = own(w),
		.in_bytes = 1 + (__u32)rng_below(&w->rng, LEN - 16), .assoc_bytes = 16,
		.iv = iv, .iv_bytes = 12, .mac = mac, .mac_bytes = 16,
	};
	handle_t sess = tuned(wd_aead_alloc_sess(&(struct wd_aead_sess_setup){
		.calg = WD_CIPHER_AES, .cmode = (enum wd_cipher_mode)row->level }));
	bool nothing = true;
	int ret;

	memset(iv, 0, 12);
	memset(mac, 1, 16);
	memset(req.dst, 0, LEN);
	req.out_bytes = req.in_bytes;
	wd_aead_set_ckey(sess, key, sizeof(key));
	wd_aead_set_authsize(sess, 16);
	ret = wd_do_aead_sync(sess, &req);
	wd_aead_free_sess(sess);
	if (ret != -WD_VERIFY_ERR)
		return !ret ? WRONG : judge_crypto(w, ret, (int)req.state, req.dst, false);
	for (size_t i = 16; i < 16 + req.in_bytes; i++)
		nothing = nothing && !((uint8_t *)req.dst)[i];
	return nothing && req.state == WD_VERIFY_ERR ? RIGHT : WRONG;
}

/* Several digests in the air, of which one may go to the pest's place. */
struct hash_flight {
	struct wd_digest_req req;
	struct buffer *out;
	atomic_uint ended;
};

static void *hash_ended(void *param)
{
	struct wd_digest_req *req = param;
	struct hash_flight *f = req->cb_param;

	if (!atomic_load(&f->ended))
		f->req = *req;
	atomic_fetch_add(&f->ended, 1);
	return NULL;
}

static enum verdict hashes(struct worker *w, const struct row *row)
{
	struct hash_flight *flights = calloc(FLIGHT, sizeof(*flights));
	handle_t sess = tuned(wd_digest_alloc_sess(&(struct wd_digest_sess_setup){
		.alg = WD_DIGEST_SHA256, .mode = WD_DIGEST_NORMAL }));
	enum verdict worst = RIGHT;
	uint8_t want[32], *out;
	bool steady[FLIGHT];
	unsigned int n = 0;

	(void)row;
	/* One that runs out of time leaves this to be freed in the end. */
	out = own(w);
	for (; n < FLIGHT; n++) {
		struct wd_digest_req req = {
			.in_bytes = 1 + (__u32)rng_below(&w->rng, LEN),
			.out = n ? out + 64 * n : atomic_load(&w->dst),
			.out_bytes = 32, .out_buf_bytes = 32,
			.cb = hash_ended, .cb_param = &flights[n],
		};

		steady[n] = rng_below(&w->rng, 2);
		req.in = steady[n] ? good : w->src;
		if (wd_do_digest_async(sess, &req))
			break;
	}
	for (unsigned int i = 0; i < n; i++) {
		struct hash_flight *f = &flights[i];
		enum verdict v;
		__u32 count = 0;
		bool right;

		while (!atomic_load(&f->ended)) {
			wd_digest_poll(4, &count);
			sched_yield();
		}
		EVP_Digest(good, f->req.in_bytes, want, NULL, EVP_sha256(), NULL);
		right = f->req.state || !steady[i] || !i || !memcmp(f->req.out, want, sizeof(want));
		v = judge_crypto(w, ret_of(f->req.state), f->req.state, f->req.out, right);
		if (atomic_load(&f->ended) != 1)
			v = WRONG;
		worst = v > worst ? v : worst;
	}
	wd_digest_free_sess(sess);
	free(flights);
	return worst;
}

/* RSA's private operation on a number below the modulus. */
#define RSA_BITS	1024u
static uint8_t rsa_want[RSA_BITS / 8];
static size_t rsa_at;

static void rsa_prepare(void)
{
	const struct rsa_key *k = rsa_key(RSA_BITS);
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *m = NULL;

	for (rsa_at = 0; good[rsa_at] >= 0x80; rsa_at++)
		;
	m = BN_bin2bn(good + rsa_at, sizeof(rsa_want), NULL);
	ck_assert(BN_mod_exp(m, m, k->d, k->n, ctx) &&
		  BN_bn2binpad(m, rsa_want, sizeof(rsa_want)) > 0);
	BN_free(m);
	BN_CTX_free(ctx);
}

static enum verdict sign(struct worker *w, const struct row *row)
{
	bool steady = rng_below(&w->rng, 2), mine = rng_below(&w->rng, 2);
	struct wd_rsa_req req = rsa_req(WD_RSA_SIGN, (steady ? good : w->src) + rsa_at,
					mine ? own(w) : w->dst, RSA_BITS);
	handle_t sess = tuned(rsa_sess(RSA_BITS, row->level));
	int ret;

	rsa_set(sess, rsa_key(RSA_BITS), row->level);
	ret = wd_do_rsa_sync(sess, &req);
	wd_rsa_free_sess(sess);
	return judge_crypto(w, ret, req.status == UNTOUCHED ? -ret : (int)req.status, req.dst,
			    ret || !steady || !mine ||
			    !memcmp(req.dst, rsa_want, sizeof(rsa_want)));
}

static void crypto_up(void)
{
	ck_assert_int_eq(wd_rsa_init2("rsa", SCHED_POLICY_RR, TASK_MIX), 0);
	ck_assert_int_eq(wd_cipher_init2("cbc(aes)", SCHED_POLICY_RR, TASK_MIX), 0);
	ck_assert_int_eq(wd_digest_init2("sha256", SCHED_POLICY_RR, TASK_MIX), 0);
	ck_assert_int_eq(wd_aead_init2("gcm(aes)", SCHED_POLICY_RR, TASK_MIX), 0);
}

static void crypto_down(void)
{
	wd_rsa_uninit2();
	wd_cipher_uninit2();
	wd_digest_uninit2();
	wd_aead_uninit2();
}

/* A class that comes adds its rows here. */
static const struct row rows[] = {
	{ "compress 1", block, WD_DIR_COMPRESS, 1 },
	{ "compress 6", block, WD_DIR_COMPRESS, 6 },
	{ "restore", block, WD_DIR_DECOMPRESS, 0 },
	{ "stream 1", stream, WD_DIR_COMPRESS, 1 },
	{ "stream 6", stream, WD_DIR_COMPRESS, 6 },
	{ "compress, asynchronous", flock, WD_DIR_COMPRESS, 1 },
	{ "restore, asynchronous", flock, WD_DIR_DECOMPRESS, 0 },
	{ "sha256", hash, 0, false },
	{ "hmac(sha256)", hash, 0, true },
	{ "cbc(aes)", encrypt, 0, WD_CIPHER_CBC },
	{ "ctr(aes)", encrypt, 0, WD_CIPHER_CTR },
	{ "gcm(aes), forged", forged, 0, WD_CIPHER_GCM },
	{ "sha256, asynchronous", hashes, 0, 0 },
	{ "rsa", sign, 0, false },
	{ "rsa with CRT", sign, 0, true },
};

static void *work(void *arg)
{
	struct worker *w = arg;

	while (!atomic_load(&over)) {
		const struct row *row = &rows[rng_below(&w->rng, ARRAY_SIZE(rows))];
		enum verdict v = row->run(w, row);

		if (v == WRONG)
			fprintf(stderr, "%s: wrong\n", row->name);
		w->ends[v]++;
	}
	return NULL;
}

/* ---- the pest ------------------------------------------------------------------- */

static uint8_t *source_place(int worker, int what)
{
	return places + (size_t)(SOURCES * worker + what) * (STRIDE / 2);
}

static void place_map(uint8_t *at, int fd)
{
	/* Past thread sanitizer, for which it would be a write beside the device's reads. */
	long p = syscall(SYS_mmap, at, ROOM, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_FIXED | (fd < 0 ? MAP_ANONYMOUS : 0), fd, 0L);

	if (p == -1)
		ck_abort_msg("the place at %p cannot be mapped", (void *)at);
}

static void dst_new(struct worker *w)
{
	unsigned int n = atomic_fetch_add(&dsts_used, 1);
	uint8_t *at = places + (size_t)(SOURCES * THREADS + n) * (STRIDE / 2);

	ck_assert_uint_lt(n, DSTS_MAX);
	place_map(at, -1);
	atomic_store(&w->dst, at);
}

static void annoy(struct pest *pest)
{
	int worker = (int)rng_below(&pest->rng, THREADS), what = (int)rng_below(&pest->rng, 3);
	size_t pages = ROOM / page_size(), first = rng_below(&pest->rng, pages);
	size_t len = (1 + rng_below(&pest->rng, pages - first)) * page_size();
	uint8_t *base = what < SOURCES ? source_place(worker, what) :
					 atomic_load(&workers[worker].dst);
	uint8_t *at = base + first * page_size();

	switch (rng_below(&pest->rng, 6)) {
	case 0:
		if (places == FAR) {
			syscall(SYS_munmap, at, len);
			break;
		}
		/* fallthrough */
	case 1:
		mprotect(at, len, rng_below(&pest->rng, 2) ? PROT_NONE : PROT_READ);
		break;
	case 2:
	case 3:
		madvise(at, len, MADV_DONTNEED);
		break;
	default:
		/* In one piece again, and as it was. */
		place_map(base, what == 0 ? file : what == 1 ? packed_file : -1);
		break;
	}
	sched_yield();
}

/* ---- the storm ---------------------------------------------------------------------- */

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static int file_of(const void *data, size_t len)
{
	int fd = memfd_create("storm", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, (off_t)ROOM), 0);
	ck_assert_int_eq(write(fd, data, len), (ssize_t)len);
	return fd;
}

static void prepare(void)
{
	good = data_new(DATA_MIXED, 1, LEN);
	packed = malloc(ROOM);
	packed_len = oracle_encode(WD_ZLIB, NULL, good, LEN, packed, ROOM);
	file = file_of(good, LEN);
	packed_file = file_of(packed, packed_len);
	memset(workers, 0, sizeof(workers));
	atomic_store(&dsts_used, 0);
	places = mmap(FAR, PLACES_LEN, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ck_assert_ptr_ne(places, MAP_FAILED);
	for (int i = 0; i < THREADS; i++) {
		struct worker *w = &workers[i];

		place_map(source_place(i, 0), file);
		place_map(source_place(i, 1), packed_file);
		w->rng.state = (uint64_t)i + 1;
		w->src = source_place(i, 0);
		dst_new(w);
		w->back = malloc(LEN);
		own_new(w);
	}
}

static void clear(void)
{
	for (int i = 0; i < THREADS; i++) {
		struct worker *w = &workers[i];
		struct buffer *next;

		for (; w->own; w->own = next) {
			next = w->own->next;
			free(w->own->p);
			free(w->own);
		}
		free(w->back);
	}
	munmap(places, PLACES_LEN);
	close(file);
	close(packed_file);
	free(good);
	free(packed);
}

/* The device has had its last word about everything. */
static void settle(handle_t ctx)
{
	ck_assert_int_eq(weft_ctx_inject(ctx, ""), 0);
	ck_assert_int_eq(weft_ctx_noop(ctx), 0);
	while (stats_of(ctx).quarantined) {
		ck_assert_int_eq(weft_ctx_reset(ctx), 0);
		ck_assert_int_eq(weft_ctx_noop(ctx), 0);
	}
	ck_assert_int_eq(weft_ctx_noop(ctx), 0);
}

START_TEST(storm)
{
	const uint64_t span = in_full() ? 60000 : 500, step = in_full() ? 1000 : 25;
	uint64_t start_ms, ends[VERDICTS] = { 0 };
	unsigned int resets = 0;
	struct pest pest;

	config_set(_i);
	env("WEFT_ENGINE_THREADS", "2");
	prepare();
	rsa_prepare();
	rig_up(&rig, CONTEXTS / 2, CONTEXTS / 2);
	crypto_up();
	for (int i = 0; i < CONTEXTS; i++)
		ck_assert_int_eq(weft_ctx_inject(rig.ctxs[i].ctx,
				 "fault:97,lose:211,late:53/2,dup:31,delay:301/200,seed:1"), 0);
	atomic_store(&over, false);
	pest_start(&pest, annoy, NULL, 0);
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	start_ms = now_ms();
	while (now_ms() - start_ms < span) {
		const struct timespec pause = { .tv_nsec = 1000000 };

		nanosleep(&pause, NULL);
		if ((now_ms() - start_ms) / step > resets) {
			resets++;
			ck_assert_int_eq(weft_ctx_reset(rig.ctxs[resets % CONTEXTS].ctx), 0);
		}
	}
	atomic_store(&over, true);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		for (int v = 0; v < VERDICTS; v++)
			ends[v] += workers[i].ends[v];
	}
	pest_stop(&pest);
	ck_assert_uint_eq(ends[WRONG], 0);
	ck_assert_uint_gt(ends[RIGHT], 0);
	ck_assert_uint_gt(ends[REPORTED], 0);
	for (int i = 0; i < CONTEXTS; i++) {
		settle(rig.ctxs[i].ctx);
		assert_adds_up(rig.ctxs[i].ctx);
		ck_assert_uint_eq(stats_of(rig.ctxs[i].ctx).strays,
				  injected(rig.ctxs[i].ctx, WEFT_INJECT_DUP));
	}
	assert_works();
	if (in_full())
		fprintf(stderr, "%u resets, %u turns of the pest; right %lu, reported %lu\n", resets,
			pest.rounds, (unsigned long)ends[RIGHT], (unsigned long)ends[REPORTED]);
	crypto_down();
	rig_down(&rig);
	clear();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("storm");
	TCase *tcase = add_case(suite, "storm");

	tcase_set_timeout(tcase, in_full() ? 600 : 60);
	tcase_add_loop_test(tcase, storm, 0, config_count());
	return run_suite(suite);
}
