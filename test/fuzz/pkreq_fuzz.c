/* SPDX-License-Identifier: MIT */
/*
 * A careless user of rsa, dh and ecc: sessions, keys, objects and requests of any size and
 * in any order, keys rewritten in place, objects given to sessions and operations that they
 * were not made for. Only what is said about memory is true. Every buffer has an allocation
 * of its own, so that AddressSanitizer sees a byte too many.
 */
#include "fuzz.h"

#include <uadk/wd_dh.h>
#include <uadk/wd_ecc.h>
#include <uadk/wd_rsa.h>
#include <uadk/wd_sched.h>

#include "util/bits.h"

#define KEEP	6u	/* sessions and objects at a time */
#define HEAPS	400u

static struct fuzz_in in;

/* ---- what is freed at the end of an input -------------------------------------- */

static struct {
	void *heap[HEAPS];
	unsigned int heaps;
	handle_t rsa[KEEP], dh[KEEP], ecc[KEEP];
	struct wd_rsa_kg_in *kg_in;
	struct wd_rsa_kg_out *kg_out;
	handle_t kg_sess[2];
	struct wd_ecc_in *ins[KEEP];
	struct wd_ecc_out *outs[KEEP];
	handle_t in_sess[KEEP], out_sess[KEEP];
} kept;

static void *memory(size_t len)
{
	void *p = malloc(len ? len : 1);

	fuzz_assert(p && kept.heaps < HEAPS);
	kept.heap[kept.heaps++] = p;
	return p;
}

static unsigned int any(unsigned int below)
{
	return (unsigned int)fuzz_uint(&in, 1) % below;
}

/* ---- numbers ------------------------------------------------------------------ */

static size_t some_length(void)
{
	static const uint16_t common[] = { 32, 1, 0, 128, 64, 66, 20, 40, 48, 56, 256, 96, 512, 16 };
	unsigned int how = any(256);

	return how < 0xc0 ? common[how % wdi_array_size(common)] : fuzz_uint(&in, 2) % 700;
}

/* A few bytes of the input, over and over. */
static void some_bytes(char *to, size_t len)
{
	size_t unit = any(2) ? 32 : 3;
	char own[32];

	fuzz_bytes(&in, own, unit);
	for (size_t i = 0; i < len; i++)
		to[i] = own[i % unit];
}

static struct wd_dtb number(void)
{
	struct wd_dtb d = { .dsize = (__u32)some_length() };
	unsigned int how = any(256);

	d.bsize = d.dsize + (how & 3 ? how % 16 : 0);
	d.data = memory(d.bsize);
	some_bytes(d.data, d.bsize);
	if (how == 0xff)
		d.data = NULL;
	if (how == 0xfe)
		d.bsize = d.dsize / 2;
	return d;
}

static struct wd_dtb *number_or_none(struct wd_dtb *room)
{
	if (any(16) == 15)
		return NULL;
	*room = number();
	return room;
}

/* Rewrites what a getter has handed out. */
static void scribble(struct wd_dtb *d)
{
	if (!d || !d->data || any(4) == 3)
		return;
	d->dsize = any(2) ? d->bsize : (__u32)(some_length() % (d->bsize + 1));
	some_bytes(d->data, d->dsize);
}

/* ---- RSA and DH ------------------------------------------------------------------ */

static void rsa_key(handle_t s)
{
	struct wd_dtb v[5], *p[5] = { 0 };
	struct wd_rsa_pubkey *pub = NULL;
	struct wd_rsa_prikey *pri = NULL;

	switch (any(6)) {
	case 0:
		wd_rsa_set_pubkey_params(s, number_or_none(&v[0]), number_or_none(&v[1]));
		break;
	case 1:
		wd_rsa_set_prikey_params(s, number_or_none(&v[0]), number_or_none(&v[1]));
		break;
	case 2:
		for (unsigned int i = 0; i < 5; i++)
			p[i] = number_or_none(&v[i]);
		wd_rsa_set_crt_prikey_params(s, p[0], p[1], p[2], p[3], p[4]);
		break;
	case 3:
		wd_rsa_get_pubkey(s, &pub);
		if (pub)
			wd_rsa_get_pubkey_params(pub, &p[0], &p[1]);
		break;
	default:
		wd_rsa_get_prikey(s, &pri);
		if (pri && wd_rsa_is_crt(s))
			wd_rsa_get_crt_prikey_params(pri, &p[0], &p[1], &p[2], &p[3], &p[4]);
		else if (pri)
			wd_rsa_get_prikey_params(pri, &p[0], &p[1]);
		for (unsigned int i = 0; i < 5; i++)
			scribble(p[i]);
		return;
	}
	if (pub) {
		scribble(p[0]);
		scribble(p[1]);
	}
}

static void rsa_open(handle_t *s)
{
	static const uint16_t bits[] = { 1024, 2048, 3072, 4096, 512, 0 };
	struct wd_rsa_sess_setup setup = { .key_bits = bits[any(6)], .is_crt = any(2) };

	if (!*s)
		*s = wd_rsa_alloc_sess(&setup);
}

static void rsa_objects(handle_t s)
{
	struct wd_dtb v[3], *p[3];

	for (unsigned int i = 0; i < 3; i++)
		p[i] = number_or_none(&v[i]);
	if (!kept.kg_in) {
		kept.kg_in = wd_rsa_new_kg_in(s, p[0], p[1], p[2]);
		kept.kg_sess[0] = s;
	}
	if (!kept.kg_out) {
		kept.kg_out = wd_rsa_new_kg_out(s);
		kept.kg_sess[1] = s;
	}
}

static void rsa_run(handle_t s)
{
	struct wd_rsa_req req = { .op_type = (__u8)any(5) };
	size_t key = wd_rsa_get_key_bits(s) / 8, src = any(4) ? key : some_length();
	size_t dst = any(4) ? key : some_length();
	int ret;

	req.src_bytes = (__u32)src;
	req.dst_bytes = (__u32)dst;
	req.src = memory(src);
	req.dst = memory(dst);
	some_bytes(req.src, src);
	if (req.op_type == WD_RSA_GENKEY) {
		req.src = kept.kg_in;
		req.dst = kept.kg_out;
	}
	ret = wd_do_rsa_sync(s, &req);
	fuzz_assert(ret <= 0);
}

static void dh_any(handle_t *s)
{
	static const uint16_t bits[] = { 768, 1024, 1536, 2048, 4096, 12 };
	struct wd_dh_sess_setup setup = { .key_bits = bits[any(6)], .is_g2 = any(2) };
	struct wd_dtb v, *g = NULL;
	struct wd_dh_req req = { .op_type = (__u8)(1 + any(3)), .data_fmt = 0 };
	size_t key;

	if (!*s)
		*s = wd_dh_alloc_sess(&setup);
	if (any(2))
		wd_dh_set_g(*s, number_or_none(&v));
	if (any(4) == 0) {
		wd_dh_get_g(*s, &g);
		scribble(g);
	}
	key = wd_dh_key_bits(*s) / 8;
	req.pbytes = (__u16)(any(4) ? key : some_length());
	req.xbytes = (__u16)(any(2) ? 8 : some_length());
	req.pvbytes = (__u16)(any(2) ? 16 : some_length());
	req.pri_bytes = (__u16)(any(4) ? key : some_length());
	req.x_p = memory(key + req.xbytes + req.pbytes);
	req.pv = memory(req.pvbytes);
	req.pri = memory(req.pri_bytes);
	some_bytes(req.x_p, key + req.xbytes + req.pbytes);
	some_bytes(req.pv, req.pvbytes);
	fuzz_assert(wd_do_dh_sync(*s, &req) <= 0);
}

/* ---- curves ------------------------------------------------------------------------- */

static void ecc_open(handle_t *s)
{
	static const char *const algs[] = { "ecdsa", "ecdh", "sm2", "x25519", "x448", "nothing" };
	static const uint16_t bits[] = { 256, 128, 192, 224, 320, 384, 521, 448, 0 };
	struct wd_ecc_curve numbers = {
		.p = number(), .a = number(), .b = number(), .g = { number(), number() },
		.n = number(),
	};
	struct wd_ecc_sess_setup setup = {
		.alg = algs[any(6)], .key_bits = bits[any(9)],
		.hash = { .type = (__u8)any(10) },
	};

	setup.cv.type = any(4) ? WD_CV_CFG_ID : WD_CV_CFG_PARAM;
	if (setup.cv.type == WD_CV_CFG_ID)
		setup.cv.cfg.id = WD_SECP128R1 + any(9);
	else
		setup.cv.cfg.pparam = &numbers;
	if (!*s)
		*s = wd_ecc_alloc_sess(&setup);
}

static void ecc_key(handle_t s)
{
	struct wd_ecc_key *key = wd_ecc_get_key(s);
	struct wd_dtb v, *d[6] = { 0 };
	struct wd_ecc_point *g = NULL, *pub = NULL, point;

	if (!key)
		return;
	switch (any(4)) {
	case 0:
		wd_ecc_set_prikey(key, number_or_none(&v));
		break;
	case 1:
		point = (struct wd_ecc_point){ number(), number() };
		wd_ecc_set_pubkey(key, any(8) ? &point : NULL);
		break;
	case 2:
		/* The curve is the session's; writing there changes nothing. */
		wd_ecc_get_prikey_params(key, NULL, NULL, NULL, NULL, NULL, &d[0]);
		scribble(d[0]);
		break;
	default:
		wd_ecc_get_pubkey_params(key, &d[1], &d[2], &d[3], &d[4], &g, &pub);
		if (pub) {
			scribble(&pub->x);
			scribble(&pub->y);
		}
	}
}

/* The base point: on its curve, and in nobody's favour. */
static struct wd_ecc_point base_of(handle_t s)
{
	struct wd_ecc_point none = { number(), number() }, *g = NULL;
	struct wd_ecc_key *key = wd_ecc_get_key(s);

	if (key && any(4))
		wd_ecc_get_pubkey_params(key, NULL, NULL, NULL, NULL, &g, NULL);
	return g ? *g : none;
}

static void ecc_in(handle_t s)
{
	unsigned int i = any(KEEP);
	struct wd_ecc_point point = base_of(s);
	struct wd_dtb v[4], *p[4];

	if (kept.ins[i])
		return;
	for (unsigned int n = 0; n < 4; n++)
		p[n] = number_or_none(&v[n]);
	kept.in_sess[i] = s;
	switch (any(7)) {
	case 0:
		kept.ins[i] = wd_ecxdh_new_in(s, &point);
		break;
	case 1:
		kept.ins[i] = wd_ecdsa_new_sign_in(s, p[0], p[1]);
		break;
	case 2:
		kept.ins[i] = wd_ecdsa_new_verf_in(s, p[0], p[1], p[2]);
		break;
	case 3:
		kept.ins[i] = wd_sm2_new_sign_in(s, p[0], p[1], p[2], (__u8)any(3));
		break;
	case 4:
		kept.ins[i] = wd_sm2_new_verf_in(s, p[0], p[1], p[2], p[3], (__u8)any(3));
		break;
	case 5:
		kept.ins[i] = wd_sm2_new_enc_in(s, p[0], p[1]);
		break;
	default:
		kept.ins[i] = wd_sm2_new_dec_in(s, &point, p[0], p[1]);
	}
}

static void ecc_out(handle_t s)
{
	unsigned int i = any(KEEP);

	if (kept.outs[i])
		return;
	kept.out_sess[i] = s;
	switch (any(6)) {
	case 0:
		kept.outs[i] = wd_ecxdh_new_out(s);
		break;
	case 1:
		kept.outs[i] = wd_ecdsa_new_sign_out(s);
		break;
	case 2:
		kept.outs[i] = wd_sm2_new_sign_out(s);
		break;
	case 3:
		kept.outs[i] = wd_sm2_new_enc_out(s, (__u32)some_length());
		break;
	case 4:
		kept.outs[i] = wd_sm2_new_dec_out(s, (__u32)some_length());
		break;
	default:
		kept.outs[i] = wd_sm2_new_kg_out(s);
	}
}

static void ecc_run(handle_t s)
{
	struct wd_ecc_req req = { .src = kept.ins[any(KEEP)], .dst = kept.outs[any(KEEP)] };

	req.op_type = (__u8)any(14);
	req.data_fmt = any(16) == 15;
	fuzz_assert(wd_do_ecc_sync(s, &req) <= 0);
}

/* ---- life ------------------------------------------------------------------------------ */

static void one_command(void)
{
	unsigned int what = any(12), slot = any(KEEP);

	switch (what) {
	case 0:
		rsa_open(&kept.rsa[slot]);
		break;
	case 1:
		rsa_key(kept.rsa[slot]);
		break;
	case 2:
		rsa_objects(kept.rsa[slot]);
		break;
	case 3:
		rsa_run(kept.rsa[slot]);
		break;
	case 4:
		dh_any(&kept.dh[slot]);
		break;
	case 5:
		ecc_open(&kept.ecc[slot]);
		break;
	case 6:
		ecc_key(kept.ecc[slot]);
		break;
	case 7:
		ecc_in(kept.ecc[slot]);
		break;
	case 8:
		ecc_out(kept.ecc[slot]);
		break;
	default:
		ecc_run(kept.ecc[slot]);
	}
}

static void give_back(void)
{
	wd_rsa_del_kg_in(kept.kg_sess[0], kept.kg_in);
	wd_rsa_del_kg_out(kept.kg_sess[1], kept.kg_out);
	for (unsigned int i = 0; i < KEEP; i++) {
		wd_ecc_del_in(kept.in_sess[i], kept.ins[i]);
		wd_ecc_del_out(kept.out_sess[i], kept.outs[i]);
	}
	for (unsigned int i = 0; i < KEEP; i++) {
		if (kept.rsa[i])
			wd_rsa_free_sess(kept.rsa[i]);
		if (kept.dh[i])
			wd_dh_free_sess(kept.dh[i]);
		if (kept.ecc[i])
			wd_ecc_free_sess(kept.ecc[i]);
	}
	while (kept.heaps)
		free(kept.heap[--kept.heaps]);
	memset(&kept, 0, sizeof(kept));
}

/* 3^5 is what it is, whatever came before. */
static void assert_alive(void)
{
	struct wd_dh_sess_setup setup = { .key_bits = 768 };
	handle_t s = wd_dh_alloc_sess(&setup);
	char g = 3, x_p[192] = { 5 }, out[96];
	struct wd_dtb base = { .data = &g, .dsize = 1, .bsize = 1 };
	struct wd_dh_req req = {
		.x_p = x_p, .xbytes = 1, .pbytes = 96, .pri = out, .pri_bytes = 96,
		.op_type = WD_DH_PHASE1,
	};

	memset(x_p + 96, 0xff, 96);
	fuzz_assert(s && !wd_dh_set_g(s, &base));
	fuzz_assert(!wd_do_dh_sync(s, &req));
	fuzz_assert(req.pri_bytes == 1 && (uint8_t)out[0] == 243);
	wd_dh_free_sess(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool open;

	if (!open) {
		setenv("WEFT_ENGINE_THREADS", "0", 1);
		setenv("WEFT_LOG", "error:/dev/null", 0);
		fuzz_assert(!wd_rsa_init2("rsa", SCHED_POLICY_RR, TASK_MIX));
		fuzz_assert(!wd_dh_init2("dh", SCHED_POLICY_RR, TASK_MIX));
		fuzz_assert(!wd_ecc_init2("ecdsa", SCHED_POLICY_RR, TASK_MIX));
		open = true;
	}
	in = (struct fuzz_in){ data, size };
	for (unsigned int i = 0; i < 30 && in.left && kept.heaps < HEAPS - 20; i++)
		one_command();
	give_back();
	assert_alive();
	return 0;
}
