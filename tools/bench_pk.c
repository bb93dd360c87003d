/* SPDX-License-Identifier: MIT */
#include "bench_pk.h"

#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/rsa.h>

#include <uadk/wd_ecc.h>
#include <uadk/wd_rsa.h>
#include <uadk/wd_sched.h>

#include "bench.h"
#include "cmd.h"
#include "table.h"
#include "ui.h"

#define DEPTH	64	/* requests under way at engine threads */
#define BYTES	520

enum kind {
	RSA_PRIVATE,
	RSA_PUBLIC,
	ECDSA_SIGN,
	ECDSA_VERIFY,
	AGREE,		/* EVP has been given the other's key beforehand */
	AGREE_FRESH,	/* EVP is given it each time, as bytes, as we are */
};

/* @curve: libcrypto's name; @alg: the session's. */
static const struct row {
	const char *name;
	enum kind kind;
	unsigned int bits;
	const char *curve;
	const char *alg;
} rows[] = {
	{ "RSA-1024 sign", RSA_PRIVATE, 1024, NULL, NULL },
	{ "RSA-2048 sign", RSA_PRIVATE, 2048, NULL, NULL },
	{ "RSA-2048 verify", RSA_PUBLIC, 2048, NULL, NULL },
	{ "RSA-4096 sign", RSA_PRIVATE, 4096, NULL, NULL },
	{ "ECDSA P-256 sign", ECDSA_SIGN, 256, "prime256v1", "ecdsa" },
	{ "ECDSA P-256 verify", ECDSA_VERIFY, 256, "prime256v1", "ecdsa" },
	{ "ECDSA P-384 sign", ECDSA_SIGN, 384, "secp384r1", "ecdsa" },
	{ "ECDSA P-384 verify", ECDSA_VERIFY, 384, "secp384r1", "ecdsa" },
	{ "ECDSA P-521 sign", ECDSA_SIGN, 521, "secp521r1", "ecdsa" },
	{ "ECDH P-256", AGREE, 256, "prime256v1", "ecdh" },
	{ "ECDH P-384", AGREE, 384, "secp384r1", "ecdh" },
	{ "ECDH P-256, new peer", AGREE_FRESH, 256, "prime256v1", "ecdh" },
	{ "X25519", AGREE, 256, "X25519", "x25519" },
	{ "X25519, new peer", AGREE_FRESH, 256, "X25519", "x25519" },
	{ "X448", AGREE, 448, "X448", "x448" },
};
#define ROW_COUNT	(sizeof(rows) / sizeof(rows[0]))

/* ---- keys: made in the parent, which its children take over ----------------------------- */

static struct {
	EVP_PKEY *mine, *peer;
	unsigned char *peer_bytes;
	size_t peer_len;
	unsigned char sig[200];
	size_t sig_len;
} keys[ROW_COUNT];

static unsigned char digest[32];

static EVP_PKEY *key_new(const struct row *row)
{
	if (row->kind <= RSA_PUBLIC)
		return EVP_RSA_gen(row->bits);
	if (row->curve[0] == 'X')
		return EVP_PKEY_Q_keygen(NULL, NULL, row->curve);
	return EVP_EC_gen(row->curve);
}

static bool keys_make(size_t i)
{
	EVP_PKEY_CTX *ctx;
	bool good;

	keys[i].mine = key_new(&rows[i]);
	keys[i].peer = rows[i].kind >= AGREE ? key_new(&rows[i]) : NULL;
	if (!keys[i].mine || (rows[i].kind >= AGREE && !keys[i].peer))
		return false;
	if (rows[i].kind == AGREE_FRESH)
		keys[i].peer_len = EVP_PKEY_get1_encoded_public_key(keys[i].peer,
								    &keys[i].peer_bytes);
	if (rows[i].kind != ECDSA_VERIFY)
		return true;
	ctx = EVP_PKEY_CTX_new(keys[i].mine, NULL);
	keys[i].sig_len = sizeof(keys[i].sig);
	good = ctx && EVP_PKEY_sign_init(ctx) > 0 &&
	       EVP_PKEY_sign(ctx, keys[i].sig, &keys[i].sig_len, digest, sizeof(digest)) > 0;
	EVP_PKEY_CTX_free(ctx);
	return good;
}

static double cpu_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

struct job {
	size_t row;
	double seconds;
};

/* ---- EVP --------------------------------------------------------------------------------- */

/* What precedes the clock. */
static bool evp_begin(size_t i, EVP_PKEY_CTX *ctx)
{
	switch (rows[i].kind) {
	case RSA_PRIVATE:
		return EVP_PKEY_sign_init(ctx) > 0 &&
		       EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) > 0;
	case RSA_PUBLIC:
		return EVP_PKEY_encrypt_init(ctx) > 0 &&
		       EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) > 0;
	case ECDSA_SIGN:
		return EVP_PKEY_sign_init(ctx) > 0;
	case ECDSA_VERIFY:
		return EVP_PKEY_verify_init(ctx) > 0;
	case AGREE:
		return EVP_PKEY_derive_init(ctx) > 0 &&
		       EVP_PKEY_derive_set_peer(ctx, keys[i].peer) > 0;
	case AGREE_FRESH:
		return EVP_PKEY_derive_init(ctx) > 0;
	}
	return false;
}

static bool evp_fresh(size_t i, EVP_PKEY_CTX *ctx, unsigned char *out, size_t *len)
{
	EVP_PKEY *peer = EVP_PKEY_new();
	bool good = peer && EVP_PKEY_copy_parameters(peer, keys[i].mine) > 0 &&
		    EVP_PKEY_set1_encoded_public_key(peer, keys[i].peer_bytes,
						     keys[i].peer_len) > 0 &&
		    EVP_PKEY_derive_set_peer(ctx, peer) > 0 && EVP_PKEY_derive(ctx, out, len) > 0;

	EVP_PKEY_free(peer);
	return good;
}

static bool evp_once(size_t i, EVP_PKEY_CTX *ctx)
{
	static unsigned char in[BYTES], out[BYTES];
	size_t len = sizeof(out), n = rows[i].bits / 8;

	in[1] = 1;
	switch (rows[i].kind) {
	case RSA_PRIVATE:
		return EVP_PKEY_sign(ctx, out, &len, in, n) > 0;
	case RSA_PUBLIC:
		return EVP_PKEY_encrypt(ctx, out, &len, in, n) > 0;
	case ECDSA_SIGN:
		return EVP_PKEY_sign(ctx, out, &len, digest, sizeof(digest)) > 0;
	case ECDSA_VERIFY:
		return EVP_PKEY_verify(ctx, keys[i].sig, keys[i].sig_len, digest,
				       sizeof(digest)) > 0;
	case AGREE:
		return EVP_PKEY_derive(ctx, out, &len) > 0;
	case AGREE_FRESH:
		return evp_fresh(i, ctx, out, &len);
	}
	return false;
}

/* Operations a second of CPU time. */
static int evp_measure(const void *arg, struct bench_result *res)
{
	const struct job *job = arg;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(keys[job->row].mine, NULL);
	double begin, end;
	size_t n = 0;

	if (!ctx || !evp_begin(job->row, ctx) || !evp_once(job->row, ctx))
		return -EIO;
	begin = cpu_now();
	do {
		if (!evp_once(job->row, ctx))
			return -EIO;
		n++;
		end = cpu_now();
	} while (end - begin < job->seconds);
	res->value[0] = (double)n / (end - begin);
	EVP_PKEY_CTX_free(ctx);
	return 0;
}

/* ---- the device ---------------------------------------------------------------------------- */

/* What a request is made of. */
struct work {
	bool rsa;
	handle_t sess;
	struct wd_rsa_req rsa_req[DEPTH];
	struct wd_ecc_req ecc_req[DEPTH];
	unsigned char in[BYTES];
	unsigned char out[DEPTH][BYTES];
	bool under_way[DEPTH];
};

static struct wd_dtb number(const BIGNUM *bn, char *room)
{
	struct wd_dtb dtb = { .data = room, .bsize = BYTES };

	dtb.dsize = (__u32)BN_bn2bin(bn, (unsigned char *)room);
	return dtb;
}

static struct wd_dtb param(EVP_PKEY *pkey, const char *name, char *room)
{
	struct wd_dtb dtb = { 0 };
	BIGNUM *bn = NULL;

	if (EVP_PKEY_get_bn_param(pkey, name, &bn))
		dtb = number(bn, room);
	BN_clear_free(bn);
	return dtb;
}

static int rsa_ready(size_t i, struct work *w)
{
	struct wd_rsa_sess_setup setup = { .key_bits = (__u16)rows[i].bits, .is_crt = true };
	EVP_PKEY *k = keys[i].mine;
	char room[5][BYTES];
	struct wd_dtb v[5];

	w->sess = wd_rsa_alloc_sess(&setup);
	if (!w->sess)
		return -errno;
	v[0] = param(k, OSSL_PKEY_PARAM_RSA_E, room[0]);
	v[1] = param(k, OSSL_PKEY_PARAM_RSA_N, room[1]);
	if (wd_rsa_set_pubkey_params(w->sess, &v[0], &v[1]))
		return -EINVAL;
	v[0] = param(k, OSSL_PKEY_PARAM_RSA_EXPONENT2, room[0]);
	v[1] = param(k, OSSL_PKEY_PARAM_RSA_EXPONENT1, room[1]);
	v[2] = param(k, OSSL_PKEY_PARAM_RSA_COEFFICIENT1, room[2]);
	v[3] = param(k, OSSL_PKEY_PARAM_RSA_FACTOR2, room[3]);
	v[4] = param(k, OSSL_PKEY_PARAM_RSA_FACTOR1, room[4]);
	if (wd_rsa_set_crt_prikey_params(w->sess, &v[0], &v[1], &v[2], &v[3], &v[4]))
		return -EINVAL;
	w->in[1] = 1;
	for (size_t n = 0; n < DEPTH; n++) {
		w->rsa_req[n] = (struct wd_rsa_req){
			.src = w->in, .dst = w->out[n],
			.src_bytes = rows[i].bits / 8, .dst_bytes = rows[i].bits / 8,
			.op_type = rows[i].kind == RSA_PRIVATE ? WD_RSA_SIGN : WD_RSA_VERIFY,
		};
	}
	return 0;
}

static handle_t curve_session(size_t i)
{
	struct wd_ecc_curve numbers;
	struct wd_ecc_sess_setup setup = {
		.alg = rows[i].alg, .key_bits = (__u16)rows[i].bits,
		.cv = { .type = WD_CV_CFG_PARAM, .cfg.pparam = &numbers },
	};
	EC_GROUP *group;
	char room[6][BYTES];
	BIGNUM *v[5];
	handle_t sess;

	if (rows[i].curve[0] == 'X')
		return wd_ecc_alloc_sess(&setup);
	group = EC_GROUP_new_by_curve_name(OBJ_sn2nid(rows[i].curve));
	for (int n = 0; n < 5; n++)
		v[n] = BN_new();
	if (!group || !EC_GROUP_get_curve(group, v[0], v[1], v[2], NULL) ||
	    !EC_POINT_get_affine_coordinates(group, EC_GROUP_get0_generator(group), v[3], v[4],
					     NULL))
		return 0;
	numbers.p = number(v[0], room[0]);
	numbers.a = number(v[1], room[1]);
	numbers.b = number(v[2], room[2]);
	numbers.g.x = number(v[3], room[3]);
	numbers.g.y = number(v[4], room[4]);
	numbers.n = number(EC_GROUP_get0_order(group), room[5]);
	sess = wd_ecc_alloc_sess(&setup);
	for (int n = 0; n < 5; n++)
		BN_free(v[n]);
	EC_GROUP_free(group);
	return sess;
}

/* X25519 and X448: the numbers the other way round, and no y. */
static struct wd_dtb raw_number(int (*get)(const EVP_PKEY *, unsigned char *, size_t *),
				const EVP_PKEY *pkey, char *room)
{
	unsigned char raw[64];
	size_t len = sizeof(raw);

	if (get(pkey, raw, &len) <= 0)
		len = 0;
	for (size_t i = 0; i < len; i++)
		room[i] = (char)raw[len - 1 - i];
	return (struct wd_dtb){ .data = room, .dsize = (__u32)len, .bsize = BYTES };
}

static struct wd_ecc_point point_of(size_t i, EVP_PKEY *pkey, char room[2][BYTES])
{
	struct wd_ecc_point p;

	if (rows[i].curve[0] == 'X') {
		p.x = raw_number(EVP_PKEY_get_raw_public_key, pkey, room[0]);
		p.y = p.x;
		p.y.dsize = 1;
	} else {
		p.x = param(pkey, OSSL_PKEY_PARAM_EC_PUB_X, room[0]);
		p.y = param(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, room[1]);
	}
	return p;
}

static struct wd_ecc_in *input(size_t i, handle_t sess)
{
	struct wd_dtb e = { .data = (char *)digest, .dsize = sizeof(digest), .bsize = 32 };
	const unsigned char *at = keys[i].sig;
	char room[2][BYTES];
	struct wd_ecc_point p;
	struct wd_ecc_in *in;
	struct wd_dtb r, s;
	ECDSA_SIG *sig;

	switch (rows[i].kind) {
	case ECDSA_SIGN:
		return wd_ecdsa_new_sign_in(sess, &e, NULL);
	case ECDSA_VERIFY:
		sig = d2i_ECDSA_SIG(NULL, &at, (long)keys[i].sig_len);
		if (!sig)
			return NULL;
		r = number(ECDSA_SIG_get0_r(sig), room[0]);
		s = number(ECDSA_SIG_get0_s(sig), room[1]);
		in = wd_ecdsa_new_verf_in(sess, &e, &r, &s);
		ECDSA_SIG_free(sig);
		return in;
	default:
		p = point_of(i, keys[i].peer, room);
		return wd_ecxdh_new_in(sess, &p);
	}
}

static int ecc_ready(size_t i, struct work *w)
{
	static const uint8_t ops[] = {
		[ECDSA_SIGN] = WD_ECDSA_SIGN,
		[ECDSA_VERIFY] = WD_ECDSA_VERIFY,
		[AGREE] = WD_ECXDH_COMPUTE_KEY,
		[AGREE_FRESH] = WD_ECXDH_COMPUTE_KEY,
	};
	char room[2][BYTES];
	struct wd_ecc_point p;
	struct wd_dtb d;

	w->sess = curve_session(i);
	if (!w->sess)
		return -errno;
	d = rows[i].curve[0] == 'X' ?
	    raw_number(EVP_PKEY_get_raw_private_key, keys[i].mine, room[0]) :
	    param(keys[i].mine, OSSL_PKEY_PARAM_PRIV_KEY, room[0]);
	if (wd_ecc_set_prikey(wd_ecc_get_key(w->sess), &d))
		return -EINVAL;
	p = point_of(i, keys[i].mine, room);
	if (wd_ecc_set_pubkey(wd_ecc_get_key(w->sess), &p))
		return -EINVAL;
	for (size_t n = 0; n < DEPTH; n++) {
		w->ecc_req[n] = (struct wd_ecc_req){
			.src = input(i, w->sess),
			.dst = rows[i].kind >= AGREE ? wd_ecxdh_new_out(w->sess) :
						       wd_ecdsa_new_sign_out(w->sess),
			.op_type = ops[rows[i].kind],
		};
		if (!w->ecc_req[n].src || !w->ecc_req[n].dst)
			return -ENOMEM;
	}
	return 0;
}

static int work_ready(size_t i, struct work *w)
{
	int ret;

	w->rsa = rows[i].kind <= RSA_PUBLIC;
	ret = w->rsa ? wd_rsa_init2("rsa", SCHED_POLICY_RR, TASK_MIX) :
		       wd_ecc_init2(rows[i].alg, SCHED_POLICY_RR, TASK_MIX);
	if (ret)
		return ret;
	return w->rsa ? rsa_ready(i, w) : ecc_ready(i, w);
}

/* Synchronous, the caller runs the engine: operations a second of CPU time. */
static int sync_measure(const void *arg, struct bench_result *res)
{
	const struct job *job = arg;
	struct work *w = calloc(1, sizeof(*w));
	double begin = 0, end = 0;
	size_t n = 0;
	int ret = w ? work_ready(job->row, w) : -ENOMEM;

	/* The first one prepares the key. */
	for (; !ret && (n < 2 || end - begin < job->seconds); n++) {
		if (n == 1)
			begin = cpu_now();
		ret = w->rsa ? wd_do_rsa_sync(w->sess, &w->rsa_req[0]) :
			       wd_do_ecc_sync(w->sess, &w->ecc_req[0]);
		end = cpu_now();
	}
	if (!ret)
		res->value[0] = (double)(n - 1) / (end - begin);
	free(w);
	return ret;
}

static unsigned int done;

/* Requests end in any order, and the next one that writes to the same place waits for this. */
static void count(bool *under_way)
{
	*under_way = false;
	done++;
}

static void rsa_ended(void *req)
{
	count(((struct wd_rsa_req *)req)->cb_param);
}

static void ecc_ended(void *req)
{
	count(((struct wd_ecc_req *)req)->cb_param);
}

static int work_send(struct work *w, size_t n)
{
	struct wd_rsa_req *r = &w->rsa_req[n];
	struct wd_ecc_req *e = &w->ecc_req[n];
	int ret;

	r->cb = rsa_ended;
	e->cb = ecc_ended;
	r->cb_param = e->cb_param = &w->under_way[n];
	w->under_way[n] = true;
	ret = w->rsa ? wd_do_rsa_async(w->sess, r) : wd_do_ecc_async(w->sess, e);
	if (ret)
		w->under_way[n] = false;
	return ret;
}

/* Asynchronous, engine threads do the work: operations a second that passes. */
static int async_measure(const void *arg, struct bench_result *res)
{
	const struct job *job = arg;
	struct work *w = calloc(1, sizeof(*w));
	double begin, end;
	size_t sent = 0, from;
	__u32 got;
	int ret = w ? work_ready(job->row, w) : -ENOMEM;

	done = 0;
	begin = ui_now();
	end = begin;
	from = 0;
	while (!ret && (end - begin < job->seconds || done < sent)) {
		for (size_t n = 0; !ret && n < DEPTH && end - begin < job->seconds; n++) {
			if (w->under_way[n])
				continue;
			ret = work_send(w, n);
			if (ret == -WD_EBUSY) {
				ret = 0;
				break;
			}
			sent += !ret;
		}
		got = 0;
		w->rsa ? wd_rsa_poll(DEPTH, &got) : wd_ecc_poll(DEPTH, &got);
		if (!got)
			sched_yield();
		/* The threads have woken up and every key is ready. */
		if (!from && done >= DEPTH) {
			from = done;
			begin = ui_now();
		}
		end = ui_now();
	}
	if (!ret)
		res->value[0] = (double)(done - from) / (end - begin);
	free(w);
	return ret;
}

/* ---- the table -------------------------------------------------------------------------------- */

enum {
	COL_NAME,
	COL_EVP,
	COL_SYNC,
	COL_RATIO,
	COL_ONE,
	COL_TWO,
	COL_SCALE,
	COL_BUDGET,
	COL_COUNT,
};

static const struct column columns[COL_COUNT] = {
	[COL_NAME] = { "operation", "operation", COLUMN_TEXT, 0, false },
	[COL_EVP] = { "evp_per_s", "EVP /s", COLUMN_NUMBER, 0, false },
	[COL_SYNC] = { "sync_per_s", "sync /s", COLUMN_NUMBER, 0, false },
	[COL_RATIO] = { "sync_vs_evp", "x EVP", COLUMN_NUMBER, 3, false },
	[COL_ONE] = { "one_thread_per_s", "1 thread /s", COLUMN_NUMBER, 0, false },
	[COL_TWO] = { "two_threads_per_s", "2 threads /s", COLUMN_NUMBER, 0, false },
	[COL_SCALE] = { "two_vs_one", "x 1 thread", COLUMN_NUMBER, 2, false },
	[COL_BUDGET] = { "budget", "0.95 EVP", COLUMN_TEXT, 0, false },
};

static const struct bench_config inline_config = {
	.one_cpu = true, .env = { { "WEFT_ENGINE_THREADS", "0" } },
};
/* Who polls leaves the work to the threads. */
static const struct bench_config one_config = {
	.env = { { "WEFT_ENGINE_THREADS", "1" }, { "WEFT_INLINE", "0" } },
};
static const struct bench_config two_config = {
	.env = { { "WEFT_ENGINE_THREADS", "2" }, { "WEFT_INLINE", "0" } },
};

static bool one_row(struct table *t, size_t i, double seconds, unsigned int rounds)
{
	const struct job job = { .row = i, .seconds = seconds };
	struct bench_run runs[] = {
		{ .config = &inline_config, .fn = evp_measure, .arg = &job },
		{ .config = &inline_config, .fn = sync_measure, .arg = &job },
		{ .config = &one_config, .fn = async_measure, .arg = &job },
		{ .config = &two_config, .fn = async_measure, .arg = &job },
	};
	double ratio;

	bench_say("%s", rows[i].name);
	bench_interleave(runs, sizeof(runs) / sizeof(runs[0]), rounds);
	bench_quiet();
	for (size_t n = 0; n < sizeof(runs) / sizeof(runs[0]); n++) {
		if (runs[n].last.err) {
			ui_error("%s: %s", rows[i].name, strerror(-runs[n].last.err));
			return false;
		}
	}
	ratio = bench_ratio(&runs[1], &runs[0]);
	table_row(t);
	table_text(t, COL_NAME, rows[i].name);
	table_number(t, COL_EVP, bench_median(&runs[0], 0));
	table_number(t, COL_SYNC, bench_median(&runs[1], 0));
	table_number(t, COL_RATIO, ratio);
	table_number(t, COL_ONE, bench_median(&runs[2], 0));
	table_number(t, COL_TWO, bench_median(&runs[3], 0));
	table_number(t, COL_SCALE, bench_ratio(&runs[3], &runs[2]));
	table_text(t, COL_BUDGET, ratio >= 0.95 ? "PASS" : "MISS");
	return true;
}

int pk_tables(double seconds, unsigned int rounds)
{
	struct table *t = table_new(columns, COL_COUNT);
	bool good = true;

	memset(digest, 0x5a, sizeof(digest));
	for (size_t i = 0; i < ROW_COUNT; i++) {
		if (!keys_make(i)) {
			ui_error("%s: libcrypto makes no key", rows[i].name);
			good = false;
			continue;
		}
		good &= one_row(t, i, seconds, rounds);
		EVP_PKEY_free(keys[i].mine);
		EVP_PKEY_free(keys[i].peer);
		OPENSSL_free(keys[i].peer_bytes);
	}
	out_line("public keys; EVP with everything set beforehand, one operation after the other");
	out_table("public_keys", t);
	table_free(t);
	return good ? CMD_OK : CMD_FAILED;
}
