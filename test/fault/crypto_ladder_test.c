/* SPDX-License-Identifier: MIT */
/*
 * Pages that fault under jobs of ciphers, digests, AEADs and public keys: under
 * every policy, way, guard and mode the result is what it is without faults, to the
 * bit, in place as well, and a fault that the program sees has changed nothing.
 */
#include <sys/mman.h>

#include "../api/crypto.h"
#include "../api/pk.h"
#include "rig.h"

#define LEN	20000u		/* and what there is to a multiple of 16 less */
#define AAD	48u
#define ROOM	(6u * 4096u)

/* ---- classes, each with contexts of its own ------------------------------------------- */

static const struct class {
	int (*init)(struct wd_ctx_config *config, struct wd_sched *sched);
	void (*uninit)(void);
	int (*poll)(__u32 index, __u32 expect, __u32 *count);
} classes[] = {
	{ wd_cipher_init, wd_cipher_uninit, wd_cipher_poll_ctx },
	{ wd_digest_init, wd_digest_uninit, wd_digest_poll_ctx },
	{ wd_aead_init, wd_aead_uninit, wd_aead_poll_ctx },
	{ wd_rsa_init, wd_rsa_uninit, wd_rsa_poll_ctx },
	{ wd_dh_init, wd_dh_uninit, wd_dh_poll_ctx },
	{ wd_ecc_init, wd_ecc_uninit, wd_ecc_poll_ctx },
};
enum { IS_RSA = IS_AEAD + 1, IS_DH, IS_ECC, CLASSES };
static struct rig rigs[CLASSES];

static void inject(const char *rules)
{
	for (int i = 0; i < CLASSES; i++) {
		ck_assert_int_eq(weft_ctx_inject(rigs[i].ctxs[0].ctx, rules), 0);
		ck_assert_int_eq(weft_ctx_inject(rigs[i].ctxs[1].ctx, rules), 0);
	}
}

/* ---- memory: each operand in pages of its own, with none that belong to others -------- */

enum { SRC, DST, IV, MAC, PLACES };
static uint8_t *place[PLACES], *first[PLACES], *want[PLACES];

static void begin(int config)
{
	config_set(config);
	env("WEFT_ENGINE_THREADS", "0");
	for (int i = 0; i < CLASSES; i++) {
		rig_make_polled(&rigs[i], 1, 1, classes[i].poll);
		ck_assert_int_eq(classes[i].init(&rigs[i].config, rigs[i].sched), 0);
	}
	for (int i = 0; i < PLACES; i++) {
		place[i] = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				-1, 0);
		ck_assert_ptr_ne(place[i], MAP_FAILED);
		first[i] = malloc(ROOM);
		want[i] = malloc(ROOM);
	}
}

static void end(void)
{
	for (int i = 0; i < CLASSES; i++) {
		for (int k = 0; k < 2; k++) {
			assert_adds_up(rigs[i].ctxs[k].ctx);
			ck_assert_uint_eq(stats_of(rigs[i].ctxs[k].ctx).redone_bytes, 0);
		}
		classes[i].uninit();
		rig_release(&rigs[i]);
	}
	for (int i = 0; i < PLACES; i++) {
		munmap(place[i], ROOM);
		free(first[i]);
		free(want[i]);
	}
}

static void save(uint8_t *const to[PLACES])
{
	for (int i = 0; i < PLACES; i++)
		memcpy(to[i], place[i], ROOM);
}

static void restore(uint8_t *const from[PLACES])
{
	for (int i = 0; i < PLACES; i++)
		memcpy(place[i], from[i], ROOM);
}

static int differs(uint8_t *const from[PLACES])
{
	for (int i = 0; i < PLACES; i++) {
		if (memcmp(place[i], from[i], ROOM))
			return i;
	}
	return -1;
}

/* ---- jobs ------------------------------------------------------------------------------- */

enum layout {
	APART,
	IN_PLACE,
	LISTS,
	LAYOUTS,
};

struct try {
	const struct alg *alg;
	handle_t sess;
	enum layout layout;
	bool decrypt;
	bool async;
};

static struct list lists[2];

/* What is to be worked on: plaintext, or what the algorithm itself has made of it. */
static int run(const struct try *j)
{
	uint8_t *dst = j->layout == IN_PLACE ? place[SRC] : place[DST];
	bool list = j->layout == LISTS;
	void *from = place[SRC], *to = dst;
	uint32_t aad = j->alg->class == IS_AEAD ? AAD : 0;
	uint32_t len = LEN - LEN % 16;

	if (list) {
		struct rng rng = { 5 };

		from = as_list(&lists[0], place[SRC], len + aad, 3000, &rng);
		to = as_list(&lists[1], dst, len + aad, 3500, &rng);
	}
	switch (j->alg->class) {
	case IS_CIPHER: {
		struct wd_cipher_req req = {
			.op_type = j->decrypt ? WD_CIPHER_DECRYPTION : WD_CIPHER_ENCRYPTION,
			.src = from, .dst = to, .in_bytes = len, .out_bytes = len,
			.out_buf_bytes = len, .iv = place[IV], .iv_bytes = j->alg->iv,
			.data_fmt = list ? WD_SGL_BUF : WD_FLAT_BUF,
		};

		return run_cipher(j->async, j->sess, &req);
	}
	case IS_DIGEST: {
		struct wd_digest_req req = {
			.in = from, .in_bytes = len, .out = place[MAC], .out_buf_bytes = 64,
			.out_bytes = j->alg->out, .iv = place[IV], .iv_bytes = 12,
			.data_fmt = list ? WD_SGL_BUF : WD_FLAT_BUF,
		};

		return run_digest(j->async, j->sess, &req);
	}
	default: {
		struct wd_aead_req req = {
			.op_type = j->decrypt ? WD_CIPHER_DECRYPTION_DIGEST :
						WD_CIPHER_ENCRYPTION_DIGEST,
			.src = from, .dst = to, .in_bytes = len, .out_bytes = len,
			.assoc_bytes = (__u16)aad, .iv = place[IV],
			.iv_bytes = j->alg->mode == WD_CIPHER_GCM ? 12 : 16,
			.mac = place[MAC], .mac_bytes = j->alg->out,
			.data_fmt = list ? WD_SGL_BUF : WD_FLAT_BUF,
		};

		return run_aead(j->async, j->sess, &req);
	}
	}
}

static struct weft_ctx_stats stats(const struct try *j)
{
	return stats_of(rigs[j->alg->class].ctxs[j->async].ctx);
}

/* Input, what comes out without faults, and how it would lie in memory. */
static void prepare(const struct try *j)
{
	struct try make = *j;
	uint8_t *good = data_new(DATA_MIXED, 7, ROOM);

	inject("");
	ck_assert_int_eq(weft_sess_fault_policy(j->sess, WEFT_FAULT_BLOCK), 0);
	memset(place[DST], 0, ROOM);
	memset(place[MAC], 0, ROOM);
	memcpy(place[SRC], good, ROOM);
	memset(place[IV], 0x11, ROOM);
	place[IV][0] = 2;	/* of CCM's block: three bytes of length */
	free(good);
	if (j->decrypt) {
		uint8_t iv[16];

		memcpy(iv, place[IV], sizeof(iv));
		make.decrypt = make.async = false;
		make.layout = APART;
		ck_assert_int_eq(run(&make), 0);
		memcpy(place[SRC], place[DST], ROOM);
		memcpy(place[IV], iv, sizeof(iv));
		memset(place[DST], 0, ROOM);
	}
	save(first);
	ck_assert_int_eq(run(j), 0);
	save(want);
}

static void assert_same(const struct try *j, const char *what)
{
	struct weft_ctx_stats before = stats(j), after;
	struct weft_report report;
	int ret, where;

	restore(first);
	ret = run(j);
	where = differs(want);
	if (ret || where >= 0)
		ck_abort_msg("%s, layout %d, decrypt %d, async %d, %s: %d, place %d differs",
			     j->alg->name, j->layout, j->decrypt, j->async, what, ret, where);
	report = report_of(j->sess);
	after = stats(j);
	ck_assert_uint_eq(report.status, 0);
	ck_assert_uint_eq(report.fault_addr, 0);
	ck_assert_uint_eq(report.redone_bytes, 0);
	ck_assert_uint_eq(after.faults - before.faults, report.faults);
	ck_assert_uint_eq(after.retries - before.retries, report.retries);
	ck_assert_uint_eq(after.by_cpu - before.by_cpu, report.path == WEFT_PATH_CPU);
	ck_assert_uint_eq(after.submitted - before.submitted, 1 + report.retries);
	ck_assert_uint_eq(after.errors, before.errors);
}

static uint8_t key[64], key2[20];

static void job_new(struct try *j, const struct alg *alg, int variant)
{
	struct bytes k = { key, alg->key_max < 32 ? alg->key_max : 32 }, k2 = { key2, sizeof(key2) };

	if (alg->mode == WD_CIPHER_XTS && alg->class == IS_CIPHER)
		k.len = alg->key_max;
	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)(i * 37 + 11);
	*j = (struct try){
		.alg = alg, .sess = crypto_sess(alg, &k, &k2),
		.layout = (enum layout)(variant % LAYOUTS),
		.decrypt = variant / LAYOUTS % 2 && alg->class != IS_DIGEST,
		.async = variant / LAYOUTS / 2,
	};
	if (alg->class == IS_AEAD)
		ck_assert_int_eq(wd_aead_set_authsize(j->sess, alg->out), 0);
}
#define VARIANTS	(LAYOUTS * 2 * 2)

/* Of so many only one, unless all are asked for. */
static bool left_out(int number, int of)
{
	return !in_full() && number % of;
}

static const char *const rules[] = {
	"fault:1", "fault:2", "fault:3/2", "fault:1/3", "fault:1/0", "fault:4/0", "fault:3,seed:1",
};

START_TEST(same_to_the_bit)
{
	static const enum weft_fault_policy policies[] = {
		WEFT_FAULT_RESOLVE, WEFT_FAULT_BLOCK, WEFT_FAULT_POPULATE,
	};
	size_t turn = 0;

	begin(_i);
	for (int a = 0; a < alg_count; a++) {
		for (int v = 0; v < VARIANTS; v++) {
			struct try j;

			if (left_out(a + v, slow() ? 17 : 3))
				continue;
			job_new(&j, &algs[a], v);
			prepare(&j);
			for (size_t r = 0; r < ARRAY_SIZE(rules); r++) {
				/* The ladder is what there is most to say about. */
				enum weft_fault_policy p = r < 5 ? WEFT_FAULT_RESOLVE :
							   policies[turn++ % ARRAY_SIZE(policies)];

				ck_assert_int_eq(weft_sess_fault_policy(j.sess, p), 0);
				inject(rules[r]);
				assert_same(&j, rules[r]);
			}
			inject("");
			crypto_sess_free(j.alg, j.sess);
		}
	}
	end();
}
END_TEST

/* Which rung it took, and that the CPU was one of them. */
START_TEST(rungs)
{
	static const struct {
		const char *rules;
		enum weft_path path;
		unsigned int retries;	/* at least */
	} rows[] = {
		{ "", WEFT_PATH_DEVICE, 0 },
		{ "fault:1", WEFT_PATH_DEVICE, 4 },
		{ "fault:3/3", WEFT_PATH_DEVICE, 3 },
		{ "fault:1/0", WEFT_PATH_CPU, 4 },
	};
	static const char *const names[] = {
		"cbc(aes)", "ctr(aes)", "xts(aes)", "sha256", "hmac(sha512)", "gcm(aes)",
	};

	begin(_i);
	for (size_t n = 0; n < ARRAY_SIZE(names); n++) {
		for (int v = 0; v < VARIANTS; v++) {
			struct try j;

			if (left_out((int)n + v, slow() ? 5 : 1))
				continue;
			job_new(&j, alg_named(names[n]), v);
			prepare(&j);
			ck_assert_int_eq(weft_sess_fault_policy(j.sess, WEFT_FAULT_RESOLVE), 0);
			for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
				inject(rows[r].rules);
				assert_same(&j, rows[r].rules);
				ck_assert_uint_eq(report_of(j.sess).path, rows[r].path);
				ck_assert_uint_ge(report_of(j.sess).retries, rows[r].retries);
				ck_assert_uint_ge(report_of(j.sess).faults, rows[r].retries);
			}
			inject("");
			crypto_sess_free(j.alg, j.sess);
		}
	}
	end();
}
END_TEST

/*
 * Pages that are really not there: memory that nobody has touched, nor the device looked
 * at. It stays mapped, because the next addresses have to be new ones as well.
 */
START_TEST(cold_memory)
{
	static const char *const names[] = { "cbc(aes)", "sha256", "gcm(aes)" };

	begin(_i);
	for (size_t n = 0; n < ARRAY_SIZE(names); n++) {
		for (int v = 0; v < VARIANTS; v++) {
			uint8_t *cold[PLACES], *warm[PLACES];
			struct try j;

			if (left_out((int)n + v, slow() ? 5 : 1))
				continue;
			job_new(&j, alg_named(names[n]), v);
			prepare(&j);
			ck_assert_int_eq(weft_sess_fault_policy(j.sess, WEFT_FAULT_RESOLVE), 0);
			memcpy(warm, place, sizeof(warm));
			restore(first);
			for (int i = 0; i < PLACES; i++) {
				bool is_source = i == SRC || i == IV || (i == MAC && j.decrypt);

				cold[i] = mmap(NULL, ROOM, PROT_READ | PROT_WRITE,
					       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
				ck_assert_ptr_ne(cold[i], MAP_FAILED);
				if (is_source)
					memcpy(cold[i], first[i], ROOM);
			}
			memcpy(place, cold, sizeof(place));
			ck_assert_int_eq(run(&j), 0);
			ck_assert_int_eq(differs(want), -1);
			/* In place there is nothing cold but what the tag or digest goes to. */
			if (j.alg->class != IS_CIPHER || j.layout != IN_PLACE)
				ck_assert_uint_ge(report_of(j.sess).faults,
						  j.layout != IN_PLACE || !j.decrypt);
			ck_assert_uint_eq(report_of(j.sess).path, WEFT_PATH_DEVICE);
			memcpy(place, warm, sizeof(place));
			crypto_sess_free(j.alg, j.sess);
		}
	}
	end();
}
END_TEST

/* It may have been a real one. */
static void touch(uint64_t address)
{
	__atomic_fetch_or((uint8_t *)(uintptr_t)address, 0, __ATOMIC_RELAXED);
}

static bool is_ours(uint64_t at)
{
	for (int i = 0; i < PLACES; i++) {
		if (at - (uintptr_t)place[i] < ROOM)
			return true;
	}
	return at - (uintptr_t)lists < sizeof(lists);
}

/* The program sees each fault, and that nothing was done before it. */
START_TEST(reported)
{
	begin(_i);
	for (int a = 0; a < alg_count; a++) {
		struct try j;
		unsigned int faults = 0;
		int ret;

		if (left_out(a, slow() ? 7 : 1))
			continue;
		job_new(&j, &algs[a], a % VARIANTS);
		prepare(&j);
		ck_assert_int_eq(weft_sess_fault_policy(j.sess, WEFT_FAULT_REPORT), 0);
		inject("fault:1");
		restore(first);
		while ((ret = run(&j))) {
			int where = differs(first);

			if (ret != -WD_ADDR_ERR || where >= 0)
				ck_abort_msg("%s: returned %d, place %d was changed", algs[a].name,
					     ret, where);
			ck_assert(is_ours(report_of(j.sess).fault_addr));
			ck_assert_uint_eq(report_of(j.sess).retries, 0);
			touch(report_of(j.sess).fault_addr);
			ck_assert_uint_lt(++faults, 100);
		}
		ck_assert_uint_ge(faults, LEN / 4096);
		ck_assert_int_eq(differs(want), -1);
		inject("");
		crypto_sess_free(j.alg, j.sess);
	}
	end();
}
END_TEST

/* ---- streams ----------------------------------------------------------------------------- */

/* A digest in three pieces, whose chaining state the program holds. */
static void digest_pieces(handle_t sess, bool report, unsigned int *faults)
{
	for (unsigned int i = 0; i < 3; i++) {
		struct wd_digest_req req = {
			.in = place[SRC] + i * 6016, .in_bytes = 6016, .out = place[MAC],
			.out_buf_bytes = 64, .out_bytes = 32,
			.has_next = i < 2 ? WD_DIGEST_DOING : WD_DIGEST_END,
			.long_data_len = 3 * 6016,
		};
		int ret = wd_do_digest_sync(sess, &req);

		if (report && ret == -WD_ADDR_ERR) {
			touch(report_of(sess).fault_addr);
			++*faults;
			i--;
			continue;
		}
		ck_assert_int_eq(ret, 0);
	}
}

/* An AEAD message in pieces: AAD, data, data with the tag. */
static void aead_pieces(handle_t sess, bool report, unsigned int *faults)
{
	static const struct { enum wd_aead_msg_state state; unsigned int at, len; } pieces[] = {
		{ AEAD_MSG_FIRST, 0, 0 }, { AEAD_MSG_MIDDLE, 0, 8192 }, { AEAD_MSG_END, 8192, 8000 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(pieces); i++) {
		bool head = pieces[i].state == AEAD_MSG_FIRST;
		struct wd_aead_req req = {
			.op_type = WD_CIPHER_ENCRYPTION_DIGEST,
			.msg_state = pieces[i].state,
			.src = head ? place[SRC] + 5 * 4096 : place[SRC] + pieces[i].at,
			.dst = place[DST] + pieces[i].at,
			.in_bytes = pieces[i].len, .out_bytes = pieces[i].len,
			.assoc_bytes = head ? AAD : 0, .iv = place[IV], .iv_bytes = 12,
			.mac = place[MAC], .mac_bytes = 16,
		};
		int ret = wd_do_aead_sync(sess, &req);

		if (report && ret == -WD_ADDR_ERR) {
			touch(report_of(sess).fault_addr);
			++*faults;
			i--;
			continue;
		}
		ck_assert_int_eq(ret, 0);
	}
}

START_TEST(streams)
{
	static const struct {
		const char *name;
		void (*pieces)(handle_t sess, bool report, unsigned int *faults);
	} kinds[] = { { "sha256", digest_pieces }, { "gcm(aes)", aead_pieces } };

	begin(_i);
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		unsigned int faults = 0;
		struct try j;

		job_new(&j, alg_named(kinds[k].name), APART);
		prepare(&j);
		restore(first);
		kinds[k].pieces(j.sess, false, NULL);
		save(want);
		ck_assert_int_eq(weft_sess_fault_policy(j.sess, WEFT_FAULT_RESOLVE), 0);
		for (size_t r = 0; r < ARRAY_SIZE(rules); r++) {
			inject(rules[r]);
			restore(first);
			kinds[k].pieces(j.sess, false, NULL);
			ck_assert_int_eq(differs(want), -1);
		}
		ck_assert_int_eq(weft_sess_fault_policy(j.sess, WEFT_FAULT_REPORT), 0);
		inject("fault:1/2");
		restore(first);
		kinds[k].pieces(j.sess, true, &faults);
		ck_assert_uint_gt(faults, 3);
		ck_assert_int_eq(differs(want), -1);
		inject("");
		crypto_sess_free(j.alg, j.sess);
	}
	end();
}
END_TEST

/* ---- public keys --------------------------------------------------------------------------- */

/* In and out in pages of their own: RSA's raw operation, and DH's second phase. */
static int pk_rsa_run(int mode, handle_t sess)
{
	struct wd_rsa_req req = rsa_req(WD_RSA_SIGN, place[SRC], place[DST], 1024);
	int ret = pk_rsa(mode, sess, &req);

	if (!ret)
		ck_assert_uint_eq(req.dst_bytes, 128);
	return ret;
}

static int pk_dh_run(int mode, handle_t sess)
{
	struct wd_dh_req req = {
		.op_type = WD_DH_PHASE2, .x_p = place[SRC], .xbytes = 8, .pbytes = 96,
		.pv = place[IV], .pvbytes = 96, .pri = place[DST], .pri_bytes = 96,
	};

	return pk_dh(mode, sess, &req);
}

static handle_t pk_rsa_sess(void)
{
	handle_t sess = rsa_sess(1024, true);

	rsa_set(sess, rsa_key(1024), true);
	memset(place[SRC], 0x23, 128);
	return sess;
}

static handle_t pk_dh_sess(void)
{
	struct wd_dh_sess_setup setup = { .key_bits = 768 };

	/* Any odd number will do for a modulus. */
	memset(place[SRC], 0x05, 8);
	memset(place[SRC] + 96, 0xf1, 96);
	memset(place[IV], 0x31, 96);
	return wd_dh_alloc_sess(&setup);
}

START_TEST(public_keys)
{
	static const struct {
		int class;
		handle_t (*sess)(void);
		int (*run)(int mode, handle_t sess);
	} kinds[] = { { IS_RSA, pk_rsa_sess, pk_rsa_run }, { IS_DH, pk_dh_sess, pk_dh_run } };

	begin(_i);
	for (size_t k = 0; k < 2 * ARRAY_SIZE(kinds); k++) {
		int mode = k % 2 ? PK_ASYNC_INLINE : PK_SYNC_INLINE, ret;
		struct weft_ctx_stats before, after;
		unsigned int faults = 0;
		handle_t sess;

		for (int i = 0; i < PLACES; i++)
			memset(place[i], 0, ROOM);
		sess = kinds[k / 2].sess();
		ck_assert(sess);
		save(first);
		ck_assert_int_eq(kinds[k / 2].run(mode, sess), 0);
		save(want);
		for (size_t r = 0; r < ARRAY_SIZE(rules); r++) {
			ck_assert_int_eq(weft_sess_fault_policy(sess, r % 3 == 2 ?
					 WEFT_FAULT_POPULATE : WEFT_FAULT_RESOLVE), 0);
			inject(rules[r]);
			restore(first);
			before = stats_of(rigs[kinds[k / 2].class].ctxs[k % 2].ctx);
			ck_assert_int_eq(kinds[k / 2].run(mode, sess), 0);
			after = stats_of(rigs[kinds[k / 2].class].ctxs[k % 2].ctx);
			ck_assert_int_eq(differs(want), -1);
			ck_assert_uint_eq(after.by_cpu - before.by_cpu,
					  report_of(sess).path == WEFT_PATH_CPU);
			ck_assert_uint_eq(after.faults - before.faults, report_of(sess).faults);
			if (!strcmp(rules[r], "fault:1/0"))
				ck_assert_uint_eq(report_of(sess).path, WEFT_PATH_CPU);
		}
		ck_assert_int_eq(weft_sess_fault_policy(sess, WEFT_FAULT_REPORT), 0);
		inject("fault:1/2");
		restore(first);
		while ((ret = kinds[k / 2].run(mode, sess))) {
			ck_assert_int_eq(ret, -WD_ADDR_ERR);
			ck_assert_int_eq(differs(first), -1);
			touch(report_of(sess).fault_addr);
			ck_assert_uint_lt(++faults, 200);
		}
		ck_assert_uint_ge(faults, 4);
		ck_assert_int_eq(differs(want), -1);
		inject("");
		if (kinds[k / 2].class == IS_RSA)
			wd_rsa_free_sess(sess);
		else
			wd_dh_free_sess(sess);
	}
	end();
}
END_TEST

/* Results of several numbers, in memory of the session's key: what one side makes the other takes. */
START_TEST(curves_too)
{
	static const char *const faults[] = { "fault:1", "fault:1/0", "fault:3/2" };
	const struct curve *curve = &curves[3];	/* of 256 bits */

	begin(_i);
	for (size_t r = 0; r < 2 * ARRAY_SIZE(faults); r++) {
		int mode = r % 2 ? PK_ASYNC_INLINE : PK_SYNC_INLINE;
		handle_t sess = ecc_sess("ecdsa", curve, false);
		struct num d, x, digest;
		struct wd_dtb *e = num_bytes(&digest, "thirty-two bytes that were hashed", 32);
		struct wd_ecc_out *out = wd_ecdsa_new_sign_out(sess);
		struct wd_ecc_in *in = wd_ecdsa_new_sign_in(sess, e, num_hex(&x,
			"0102030405060708090a0b0c0d0e0f100102030405060708090a0b0c0d0e0f10"));
		struct wd_dtb *rr = NULL, *ss = NULL;
		struct wd_ecc_req req = ecc_req(WD_ECDSA_SIGN, in, out);
		char sign[2][2][32];

		ecc_set_private(sess, num_hex(&d,
			"c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721"));
		for (int again = 0; again < 2; again++) {
			if (again) {
				ck_assert_int_eq(weft_sess_fault_policy(sess, WEFT_FAULT_RESOLVE), 0);
				inject(faults[r / 2]);
			}
			ck_assert_int_eq(pk_ecc(mode, sess, &req), 0);
			wd_ecdsa_get_sign_out_params(out, &rr, &ss);
			ck_assert_uint_eq(rr->dsize, 32);
			memcpy(sign[again][0], rr->data, 32);
			memcpy(sign[again][1], ss->data, 32);
		}
		ck_assert(!memcmp(sign[0], sign[1], sizeof(sign[0])));
		ck_assert_uint_gt(report_of(sess).retries, 0);
		inject("");
		wd_ecc_del_in(sess, in);
		wd_ecc_del_out(sess, out);
		wd_ecc_free_sess(sess);
	}
	end();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("crypto ladder");
	TCase *tcase = add_case(suite, "results");
	int count = config_count();

	tcase_set_timeout(tcase, in_full() ? 600 : 60);
	tcase_add_loop_test(tcase, same_to_the_bit, 0, count);
	tcase_add_loop_test(tcase, rungs, 0, count);
	tcase_add_loop_test(tcase, cold_memory, 0, count);
	tcase_add_loop_test(tcase, streams, 0, count);
	tcase_add_loop_test(tcase, reported, 0, count);
	tcase_add_loop_test(tcase, public_keys, 0, count);
	tcase_add_loop_test(tcase, curves_too, 0, count);
	return run_suite(suite);
}
