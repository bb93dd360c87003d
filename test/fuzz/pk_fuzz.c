/* SPDX-License-Identifier: MIT */
/*
 * A hostile client of public keys: sessions on curves that are none, lists of operands that
 * are too long or too short or lie nowhere, numbers of any size, results on top of inputs.
 * Enough of it is as it should be that every operation gets to its end. Every job completes
 * once, nothing is written but results and their lengths, and the device goes on.
 */
#include "fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>

#include "util/bits.h"

#define PAGE		4096u
#define SESSIONS	6u
#define LIST_MAX	(SDEV_PK_PARAMS + 2)

/* Inputs, then results, a page that may be read, one that may not be touched; lists apart. */
#define IN_SIZE		(8 * PAGE)
#define OUT_OFF		IN_SIZE
#define RW_SIZE		(16 * PAGE)
#define RO_OFF		RW_SIZE
#define NONE_OFF	(RO_OFF + PAGE)
#define ARENA_SIZE	(NONE_OFF + PAGE)

/* Above, no memory of any process lies. */
#define USER_LIMIT	(UINT64_C(1) << 47)

static uint8_t *arena;
static uint8_t shadow[RW_SIZE];

/* ---- values that fit each other ------------------------------------------------ */

static const int curve_nids[] = {
	NID_X9_62_prime256v1, NID_sm2, NID_secp521r1, NID_brainpoolP320r1, NID_secp128r1,
};
#define CURVES		wdi_array_size(curve_nids)

static struct sdev_pk_curve curves[CURVES];

static struct value {
	uint8_t p[SDEV_PK_FIELD_MAX + 56];
	uint32_t len;
} values[64];
static unsigned int value_count;

static void add_value(const BIGNUM *bn)
{
	struct value *v = &values[value_count++];

	fuzz_assert(value_count <= wdi_array_size(values));
	fuzz_assert(BN_num_bytes(bn) <= (int)sizeof(v->p));
	v->len = (uint32_t)BN_bn2bin(bn, v->p);
}

/* The numbers of a curve, a scalar, and its point. */
static void add_curve(unsigned int i)
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(curve_nids[i]);
	EC_POINT *point = EC_POINT_new(group);
	BIGNUM *v[SDEV_PK_CURVE_NUMS];

	for (unsigned int n = 0; n < SDEV_PK_CURVE_NUMS; n++)
		v[n] = BN_new();
	fuzz_assert(EC_GROUP_get_curve(group, v[0], v[1], v[2], NULL));
	fuzz_assert(EC_POINT_get_affine_coordinates(group, EC_GROUP_get0_generator(group), v[3],
						    v[4], NULL));
	fuzz_assert(BN_copy(v[5], EC_GROUP_get0_order(group)));
	curves[i].hash = SDEV_PK_HASH_SM3;
	for (unsigned int n = 0; n < SDEV_PK_CURVE_NUMS; n++)
		fuzz_assert(BN_bn2binpad(v[n], curves[i].value[n], SDEV_PK_FIELD_MAX) > 0);
	add_value(v[5]);
	fuzz_assert(BN_rshift(v[5], v[5], 3));
	add_value(v[5]);
	fuzz_assert(EC_POINT_mul(group, point, v[5], NULL, NULL, NULL));
	fuzz_assert(EC_POINT_get_affine_coordinates(group, point, v[3], v[4], NULL));
	add_value(v[3]);
	add_value(v[4]);
	for (unsigned int n = 0; n < SDEV_PK_CURVE_NUMS; n++)
		BN_free(v[n]);
	EC_POINT_free(point);
	EC_GROUP_free(group);
}

/*
 * An RSA key of 1024 bits from primes that are the same in every run: the first ones above
 * 2^511 + 2^510 and above 2^511 + 2^510 + 2^100.
 */
static void add_rsa(void)
{
	BN_CTX *bn = BN_CTX_new();
	BIGNUM *p[2], *n = BN_new(), *e = BN_new(), *d = BN_new(), *t = BN_new();
	BIGNUM *less = BN_new();

	fuzz_assert(BN_set_word(e, 65537));
	for (unsigned int i = 0; i < 2; i++) {
		p[i] = BN_new();
		fuzz_assert(BN_set_bit(p[i], 511) && BN_set_bit(p[i], 510) && BN_set_bit(p[i], 0));
		fuzz_assert(!i || BN_set_bit(p[i], 100));
		while (BN_check_prime(p[i], bn, NULL) != 1)
			fuzz_assert(BN_add_word(p[i], 2));
	}
	fuzz_assert(BN_mul(n, p[0], p[1], bn));
	fuzz_assert(BN_sub(t, n, p[0]) && BN_sub(t, t, p[1]) && BN_add_word(t, 1));
	fuzz_assert(BN_mod_inverse(d, e, t, bn));
	add_value(e);
	add_value(n);
	add_value(d);
	add_value(p[0]);
	add_value(p[1]);
	for (unsigned int i = 0; i < 2; i++) {
		fuzz_assert(BN_copy(less, p[i]) && BN_sub_word(less, 1) &&
			    BN_nnmod(t, d, less, bn));
		add_value(t);
	}
	fuzz_assert(BN_mod_inverse(t, p[1], p[0], bn));
	add_value(t);
	BN_free(p[0]);
	BN_free(p[1]);
	BN_free(n);
	BN_free(e);
	BN_free(d);
	BN_free(t);
	BN_free(less);
	BN_CTX_free(bn);
}

static void prepare(void)
{
	if (arena)
		return;
	arena = mmap(NULL, ARENA_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	fuzz_assert(arena != MAP_FAILED);
	memset(arena, 0x11, ARENA_SIZE);
	fuzz_assert(!mprotect(arena + RO_OFF, PAGE, PROT_READ));
	fuzz_assert(!mprotect(arena + NONE_OFF, PAGE, PROT_NONE));
	for (unsigned int i = 0; i < CURVES; i++)
		add_curve(i);
	add_rsa();
}

/* ---- the device ----------------------------------------------------------------- */

struct client {
	struct fuzz_in in;
	struct fuzz_queue *q;
	uint32_t sessions[SESSIONS];
	uint32_t used;			/* bytes of inputs in the arena */
};

static struct fuzz_queue *device(unsigned int guard)
{
	static struct fuzz_queue queues[2];
	struct fuzz_queue *q = &queues[guard];
	const struct sdev_config config = {
		.max_queues = 1, .guard = guard ? SDEV_GUARD_COPY : SDEV_GUARD_SIGNAL,
	};
	struct sdev_file *file;
	struct sdev *dev;
	uint32_t pasid;

	if (q->file)
		return q;
	fuzz_assert(!sdev_create(&config, &dev));
	fuzz_assert(!sdev_open(dev, &file));
	fuzz_assert(!fuzz_bind(file, &pasid));
	fuzz_assert(!fuzz_queue_open(q, file, pasid, 2));
	return q;
}

static struct sdev_cpl run(struct fuzz_queue *q, struct sdev_desc *d, const struct sdev_ext *ext)
{
	static uint32_t tag;
	struct sdev_cpl cpl;

	d->tag = ++tag;
	q->sq[q->tail & (q->depth - 1)].ext = *ext;
	cpl = fuzz_run(q, d);
	fuzz_assert(SDEV_CPL_STATUS(cpl.end) < SDEV_ST_COUNT);
	fuzz_assert(SDEV_CPL_STATUS(cpl.end) != SDEV_ST_TIMED_OUT);
	fuzz_assert(SDEV_CPL_STATUS(cpl.end) != SDEV_ST_RESET);
	return cpl;
}

static const struct sdev_ext no_ext;

static uint32_t session_of(struct fuzz_queue *q, uint8_t alg, uint32_t bits, uint64_t va,
			   uint32_t len)
{
	struct sdev_desc d = { .opcode = SDEV_OP_SESSION_OPEN, .session = { .alg = alg } };
	const struct sdev_ext ext = { .session = { .key2_va = va, .key2_len = len, .bits = bits } };
	struct sdev_cpl cpl = run(q, &d, &ext);
	bool done = SDEV_CPL_STATUS(cpl.end) == SDEV_ST_DONE;

	fuzz_assert(done == !!cpl.object);
	return cpl.object;
}

static void session_end(struct fuzz_queue *q, uint32_t object)
{
	struct sdev_desc d = { .opcode = SDEV_OP_SESSION_CLOSE, .object = object };

	fuzz_assert(SDEV_CPL_STATUS(run(q, &d, &no_ext).end) == SDEV_ST_DONE);
}

/* ---- what the input says ----------------------------------------------------------- */

static uint64_t bad_address(struct client *c, unsigned int how)
{
	uint64_t base = (uintptr_t)arena;

	/* None that AddressSanitizer uses for itself, where it cannot check an access. */
	switch (how % 6) {
	case 0:
		return base + RO_OFF + fuzz_uint(&c->in, 2) % PAGE;
	case 1:
		return base + NONE_OFF + fuzz_uint(&c->in, 1);
	case 2:
		return base + RW_SIZE - fuzz_uint(&c->in, 1);
	case 3:
		return fuzz_uint(&c->in, 1);
	case 4:
		return UINT64_MAX - fuzz_uint(&c->in, 1);
	default:
		return USER_LIMIT << fuzz_uint(&c->in, 1) % 17;
	}
}

static uint8_t *room(struct client *c, uint32_t len)
{
	uint8_t *p = arena + c->used;

	if (c->used + len > IN_SIZE)
		p = arena;
	else
		c->used += len;
	return p;
}

static void open_session(struct client *c)
{
	static const uint16_t bits[] = { 1024, 256, 521, 320, 128, 448, 2048, 768 };
	uint8_t alg = (uint8_t)(SDEV_ALG_RSA + fuzz_uint(&c->in, 1) % (SDEV_ALG_COUNT - SDEV_ALG_RSA));
	uint8_t size = (uint8_t)fuzz_uint(&c->in, 1), how = (uint8_t)fuzz_uint(&c->in, 1);
	unsigned int slot = (unsigned int)fuzz_uint(&c->in, 1) % SESSIONS;
	uint32_t len = 0;
	uint8_t *p = NULL;
	uint64_t va;

	if (alg == SDEV_ALG_ECDH || alg == SDEV_ALG_ECDSA || alg == SDEV_ALG_SM2) {
		len = sizeof(curves[0]);
		p = room(c, len);
		memcpy(p, &curves[how % CURVES], len);
		if (how & 0x40)
			p[0] = (uint8_t)fuzz_uint(&c->in, 1);
		if (how & 0x80)
			p[fuzz_uint(&c->in, 2) % len] ^= (uint8_t)fuzz_uint(&c->in, 1);
	}
	va = (uintptr_t)p;
	if (how / 8 % 8 == 7) {
		va = bad_address(c, how);
		len = (uint32_t)fuzz_uint(&c->in, 2);
	}
	if (c->sessions[slot])
		session_end(c->q, c->sessions[slot]);
	c->sessions[slot] = session_of(c->q, alg, size < 0xf0 ? bits[size % wdi_array_size(bits)] :
				       (uint32_t)fuzz_uint(&c->in, 2), va, len);
}

/* By operation: inputs and results. */
static const uint8_t shape[SDEV_PK_COUNT][2] = {
	[SDEV_PK_RSA_PRIVATE] = { 4, 1 },
	[SDEV_PK_RSA_PRIVATE_CRT] = { 6, 1 },
	[SDEV_PK_RSA_PUBLIC] = { 3, 1 },
	[SDEV_PK_RSA_KEYGEN] = { 3, 2 },
	[SDEV_PK_RSA_KEYGEN_CRT] = { 3, 5 },
	[SDEV_PK_DH_POWER] = { 3, 1 },
	[SDEV_PK_EC_PUBLIC] = { 1, 2 },
	[SDEV_PK_EC_DERIVE] = { 3, 2 },
	[SDEV_PK_ECDSA_SIGN] = { 3, 2 },
	[SDEV_PK_ECDSA_VERIFY] = { 5, 0 },
	[SDEV_PK_SM2_SIGN] = { 7, 2 },
	[SDEV_PK_SM2_VERIFY] = { 7, 0 },
	[SDEV_PK_SM2_ENCRYPT] = { 4, 4 },
	[SDEV_PK_SM2_DECRYPT] = { 5, 1 },
	[SDEV_PK_SM2_KEYGEN] = { 0, 3 },
	[SDEV_PK_ECX_PUBLIC] = { 1, 1 },
	[SDEV_PK_ECX_DERIVE] = { 2, 1 },
};

static void input(struct client *c, struct sdev_pk_param *p)
{
	uint8_t how = (uint8_t)fuzz_uint(&c->in, 1);
	uint8_t *to;

	if (how < value_count) {
		p->len = values[how].len;
		to = room(c, p->len);
		memcpy(to, values[how].p, p->len);
		p->va = (uintptr_t)to;
	} else if (how < 0xc0) {
		p->len = how % 64;
		to = room(c, p->len);
		fuzz_bytes(&c->in, to, p->len);
		p->va = (uintptr_t)to;
	} else if (how < 0xe0) {
		/* On top of anything, results too. */
		p->len = (uint32_t)fuzz_uint(&c->in, 2) % 600;
		p->va = (uintptr_t)arena + fuzz_uint(&c->in, 2) % (RW_SIZE - 600);
	} else if (how < 0xf0) {
		p->len = (uint32_t)fuzz_uint(&c->in, 1) + 1;
		p->va = bad_address(c, how);
	} else {
		p->len = (uint32_t)fuzz_uint(&c->in, 4);
		p->va = (uintptr_t)arena;
	}
}

static void result(struct client *c, struct sdev_pk_param *p, uint32_t *used)
{
	uint8_t how = (uint8_t)fuzz_uint(&c->in, 1);

	p->len = how < 0x80 ? 128 : how < 0xc0 ? how % 64 : (uint32_t)fuzz_uint(&c->in, 2) % 600;
	p->va = (uintptr_t)arena + OUT_OFF + *used;
	*used += p->len;
	if (how % 16 == 15)
		p->va = (uintptr_t)arena + fuzz_uint(&c->in, 2) % (RW_SIZE - 600);
	else if (how % 16 == 14)
		p->va = bad_address(c, how / 16);
}

/* What may be different now is given the shadow's value first. */
static void pardon(uint64_t va, uint64_t len)
{
	for (uint64_t i = 0; i < len; i++) {
		uint64_t at = va + i - (uintptr_t)arena;

		if (at < RW_SIZE)
			shadow[at] = arena[at];
	}
}

static void job(struct client *c)
{
	static struct sdev_pk_param list[LIST_MAX];
	uint8_t op = (uint8_t)fuzz_uint(&c->in, 1), how = (uint8_t)fuzz_uint(&c->in, 1);
	unsigned int slot = (unsigned int)fuzz_uint(&c->in, 1) % SESSIONS, count;
	uint32_t used = 0;
	struct sdev_desc d = { .opcode = SDEV_OP_PK, .object = c->sessions[slot] };
	struct sdev_cpl cpl;

	if (op < 0xf8)
		op = (uint8_t)(1 + op % (SDEV_PK_COUNT - 1));
	memset(list, 0, sizeof(list));
	count = op < SDEV_PK_COUNT ? shape[op][0] + shape[op][1] : 3u;
	for (unsigned int i = 0; i < count; i++) {
		if (op < SDEV_PK_COUNT && i < shape[op][0])
			input(c, &list[i]);
		else
			result(c, &list[i], &used);
	}
	if (how % 16 == 15)
		count = (count + how / 16) % LIST_MAX;
	if (how % 16 == 14)
		list[how / 16 % LIST_MAX].used = (uint32_t)fuzz_uint(&c->in, 1);
	d.pk.op = op;
	d.src_va = how % 16 == 13 ? bad_address(c, how / 16) : (uintptr_t)list;
	d.src_len = (uint32_t)(count * sizeof(list[0]));
	if (how % 16 == 12)
		d.src_len = (uint32_t)fuzz_uint(&c->in, 2) % sizeof(list);
	memcpy(shadow, arena, RW_SIZE);
	cpl = run(c->q, &d, &no_ext);
	for (unsigned int i = op < SDEV_PK_COUNT ? shape[op][0] : 0; i < count; i++) {
		pardon(list[i].va, list[i].len);
		if (SDEV_CPL_STATUS(cpl.end) == SDEV_ST_DONE)
			fuzz_assert(list[i].used <= list[i].len);
	}
	/* A list that lies among the results. */
	if (d.src_va != (uintptr_t)list)
		pardon(d.src_va, d.src_len);
	fuzz_assert(!memcmp(shadow, arena, RW_SIZE));
}

/* The answer of RFC 7748, 6.1. */
static void assert_alive(struct fuzz_queue *q)
{
	static const uint8_t d[32] = {
		0x2a, 0x2c, 0xb9, 0x1d, 0xa5, 0xfb, 0x77, 0xb1, 0x2a, 0x99, 0xc0, 0xeb, 0x87, 0x2f,
		0x4c, 0xdf, 0x45, 0x66, 0xb2, 0x51, 0x72, 0xc1, 0x16, 0x3c, 0x7d, 0xa5, 0x18, 0x73,
		0x0a, 0x6d, 0x07, 0x77,
	}, x[32] = {
		0x6a, 0x4e, 0x9b, 0xaa, 0x8e, 0xa9, 0xa4, 0xeb, 0xf4, 0x1a, 0x38, 0x26, 0x0d, 0x3a,
		0xbf, 0x0d, 0x5a, 0xf7, 0x3e, 0xb4, 0xdc, 0x7d, 0x8b, 0x74, 0x54, 0xa7, 0x30, 0x89,
		0x09, 0xf0, 0x20, 0x85,
	};
	uint32_t object = session_of(q, SDEV_ALG_X25519, 256, 0, 0);
	uint8_t out[32] = { 0 };
	struct sdev_pk_param list[2] = {
		{ .va = (uintptr_t)d, .len = 32 }, { .va = (uintptr_t)out, .len = 32 },
	};
	struct sdev_desc desc = {
		.opcode = SDEV_OP_PK, .object = object, .pk = { .op = SDEV_PK_ECX_PUBLIC },
		.src_va = (uintptr_t)list, .src_len = sizeof(list),
	};

	fuzz_assert(object);
	fuzz_assert(SDEV_CPL_STATUS(run(q, &desc, &no_ext).end) == SDEV_ST_DONE);
	fuzz_assert(!memcmp(out, x, sizeof(x)));
	session_end(q, object);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct client c = { .in = { data, size } };

	prepare();
	memset(arena, 0x11, RW_SIZE);
	c.q = device(fuzz_uint(&c.in, 1) & 1);
	for (unsigned int i = 0; i < 24 && c.in.left; i++) {
		c.used = 0;
		if (fuzz_uint(&c.in, 1) % 4 == 0)
			open_session(&c);
		else
			job(&c);
	}
	for (unsigned int i = 0; i < SESSIONS; i++) {
		if (c.sessions[i])
			session_end(c.q, c.sessions[i]);
	}
	assert_alive(c.q);
	return 0;
}
