/* SPDX-License-Identifier: MIT */
/*
 * What one job of a batch can do to the others: bad pointers, memory that goes
 * away while a library is at it, sessions that are closed; and what is left of a
 * key when its session has ended.
 */
#include "crypto_rig.h"

#include "device/device_internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>

#define LANES	16
#define LEN	4096u

struct lane {
	uint8_t in[LEN], out[LEN], want[LEN], iv[16], mac[64], mac_want[64];
	struct sdev_slot slot;
};

struct set {
	const struct ref_alg *alg;
	uint8_t key[64], key2[32];
	uint32_t session;
	bool in_place, decrypt;
	struct lane *lanes;
	uint8_t *bad;		/* three pages, the last of which is what the test makes of it */
};

/* What goes in groups through ipsec-mb, what goes alone, and both kinds of result. */
static const struct set_row {
	uint8_t alg, key;
} sets[] = {
	{ SDEV_ALG_AES_CBC, 16 }, { SDEV_ALG_AES_CTR, 32 }, { SDEV_ALG_SM4_CBC, 16 },
	{ SDEV_ALG_DES_CBC, 8 }, { SDEV_ALG_SHA512, 0 }, { SDEV_ALG_HMAC_SHA256, 32 },
	{ SDEV_ALG_AES_CMAC, 16 }, { SDEV_ALG_AES_GCM, 16 }, { SDEV_ALG_AES_CCM, 16 },
	{ SDEV_ALG_SM4_GCM, 16 }, { SDEV_ALG_AES_CBC_HMAC_SHA512, 16 },
};
#define SETS	((int)wdi_array_size(sets))

static void set_reference(struct set *s, struct lane *l)
{
	struct ref_job r = { .alg = s->alg, .key = s->key, .key_len = sets[0].key, .key2 = s->key2,
			     .key2_len = sizeof(s->key2), .in = l->in, .out = l->want, .len = LEN,
			     .iv_len = s->alg->iv, .mac_len = s->alg->mac, .decrypt = s->decrypt };

	for (int i = 0; i < SETS; i++) {
		if (sets[i].alg == s->alg->alg)
			r.key_len = sets[i].key;
	}
	memcpy(r.iv, l->iv, 16);
	ref_run(&r);
	memcpy(l->mac_want, r.mac, sizeof(l->mac_want));
}

static void set_make(struct set *s, struct rig *rig, const struct set_row *row, bool in_place)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	*s = (struct set){ .alg = ref_find(row->alg), .in_place = in_place };
	chance_fill(s->key, sizeof(s->key));
	chance_fill(s->key2, sizeof(s->key2));
	s->session = crypto_session(rig, row->alg, s->key, row->key, s->key2,
				    s->alg->op == SDEV_OP_AEAD && s->alg->block == 16 ?
				    sizeof(s->key2) : 0);
	s->lanes = mmap(NULL, LANES * sizeof(*s->lanes), PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	s->bad = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	chance_fill(s->bad, 3 * page);
	for (unsigned int i = 0; i < LANES; i++) {
		struct lane *l = &s->lanes[i];

		chance_fill(l->in, LEN);
		chance_fill(l->iv, 16);
		set_reference(s, l);
		l->slot = crypto_slot(s->alg->op, s->session, s->decrypt, l->in,
				      in_place ? l->in : l->out, LEN);
		l->slot.desc.tag = i;
		if (s->alg->iv)
			crypto_iv(&l->slot, l->iv, s->alg->iv);
		if (s->alg->op == SDEV_OP_DIGEST) {
			l->slot.desc.dst_va = (uintptr_t)l->mac;
			l->slot.desc.dst_len = s->alg->mac;
		} else if (s->alg->op == SDEV_OP_AEAD) {
			crypto_aead(&l->slot, NULL, 0, l->mac, s->alg->mac);
		}
	}
}

static void set_free(struct set *s)
{
	munmap(s->lanes, LANES * sizeof(*s->lanes));
	munmap(s->bad, 3 * (size_t)sysconf(_SC_PAGESIZE));
}

static void set_run(struct set *s, struct rig *rig, struct sdev_cpl cpls[LANES])
{
	for (unsigned int i = 0; i < LANES; i++)
		crypto_put(&rig->q, &s->lanes[i].slot);
	rig_ring(&rig->q);
	for (unsigned int i = 0; i < LANES; i++) {
		struct sdev_cpl cpl = rig_wait(&rig->q);

		ck_assert_uint_lt(cpl.tag, LANES);
		cpls[cpl.tag] = cpl;
	}
}

static bool lane_right(const struct set *s, const struct lane *l)
{
	if (s->alg->op != SDEV_OP_DIGEST && memcmp(s->in_place ? l->in : l->out, l->want, LEN))
		return false;
	return s->alg->op == SDEV_OP_CIPHER || !memcmp(l->mac, l->mac_want, s->alg->mac);
}

/* ---- bad pointers ------------------------------------------------------------- */

enum where { AT_SRC, AT_DST, AT_IV, AT_MAC, WHERES };

/* Point one lane at the last byte of a page with nothing good behind it. */
static bool spoil(struct set *s, struct lane *l, enum where where, uint64_t *va)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint64_t end = (uintptr_t)s->bad + 2 * page;

	*va = end;
	switch (where) {
	case AT_SRC:
		l->slot.desc.src_va = end - LEN / 2;
		return true;
	case AT_DST:
		if (s->alg->op == SDEV_OP_DIGEST)
			l->slot.desc.dst_va = end - 1;
		else
			l->slot.desc.dst_va = end - LEN / 2;
		return true;
	case AT_IV:
		l->slot.desc.iv_va = end - 1;
		return s->alg->iv;
	default:
		l->slot.ext.aead.mac_va = end - 1;
		return s->alg->op == SDEV_OP_AEAD;
	}
}

static void one_bad(struct rig *rig, const struct set_row *row, bool in_place, enum where where,
		    int prot)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct sdev_cpl cpls[LANES];
	unsigned int bad = (unsigned int)chance(LANES), status;
	struct set s;
	uint64_t va;

	set_make(&s, rig, row, in_place);
	if (prot == RIG_HOLE && !rig_valgrind())
		munmap(s.bad + 2 * page, page);
	else
		mprotect(s.bad + 2 * page, page, prot == RIG_HOLE ? PROT_NONE : prot);
	if (spoil(&s, &s.lanes[bad], where, &va)) {
		set_run(&s, rig, cpls);
		for (unsigned int i = 0; i < LANES; i++) {
			status = rig_status(&cpls[i]);
			if (i != bad) {
				ck_assert_msg(status == SDEV_ST_DONE && lane_right(&s, &s.lanes[i]),
					      "%s: lane %u of bad %u at %u: status %u", s.alg->name, i,
					      bad, where, status);
				continue;
			}
			ck_assert_msg(status == (prot == RIG_HOLE ? rig_hole_status() :
						 SDEV_ST_ACCESS_DENIED),
				      "%s at %u: status %u", s.alg->name, where, status);
			ck_assert_uint_eq(cpls[i].fault_va, va);
		}
	}
	set_free(&s);
}

START_TEST(bad_pointer)
{
	struct rig rig;

	if (crypto_skip(_i) || crypto_modes[_i].guard == SDEV_GUARD_OFF)
		return;
	crypto_open(&rig, _i);
	for (int row = 0; row < SETS; row++) {
		for (int where = 0; where < WHERES; where++) {
			one_bad(&rig, &sets[row], false, (enum where)where, PROT_NONE);
			one_bad(&rig, &sets[row], sets[row].alg != SDEV_ALG_SHA512,
				(enum where)where, RIG_HOLE);
		}
		one_bad(&rig, &sets[row], false, AT_DST, PROT_READ);
	}
	rig_close(&rig);
}
END_TEST

/* ---- memory that goes away ------------------------------------------------------- */

/* The signal guard, but that what has been translated is gone when the batch runs. */
static struct {
	uint8_t *page;
	size_t size;
	int prot;
	unsigned int runs;
} vanish;

/* Nothing more is going to be translated: now the libraries run. */
static void vanish_touch(struct sdev_lane *lane, uint64_t va, size_t len, enum sdev_access access)
{
	if (!va && !len && !vanish.runs++)
		mprotect(vanish.page, vanish.size, vanish.prot);
	sdev_guard_signal.touch_in(lane, va, len, access);
}

/* @first: of the operand the page that it begins in goes, but not at its beginning. */
static void vanishing(struct rig *rig, const struct set_row *row, bool in_place, bool mb,
		      bool first)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct sdev_guard_ops guard = sdev_guard_signal;
	unsigned int bad = (unsigned int)chance(LANES), lost = 0;
	struct sdev_cpl cpls[LANES];
	uint64_t lost_va;
	struct set s;

	set_make(&s, rig, row, in_place);
	lost_va = (uintptr_t)s.bad + (first ? page + 40 : 2 * page);
	s.lanes[bad].slot.desc.src_va = lost_va - (first ? 0 : LEN / 2);
	if (in_place && s.alg->op != SDEV_OP_DIGEST)
		s.lanes[bad].slot.desc.dst_va = s.lanes[bad].slot.desc.src_va;
	vanish.page = s.bad + (first ? 1 : 2) * page;
	vanish.size = page;
	vanish.prot = PROT_NONE;
	vanish.runs = 0;
	guard.touches = false;
	guard.touch_in = vanish_touch;
	rig->dev->guard = &guard;
	set_run(&s, rig, cpls);
	rig->dev->guard = &sdev_guard_signal;
	ck_assert_uint_ge(vanish.runs, 1);
	for (unsigned int i = 0; i < LANES; i++) {
		unsigned int status = rig_status(&cpls[i]);

		if (i == bad) {
			rig_assert(cpls[i], SDEV_ST_ACCESS_DENIED, 0);
			ck_assert_uint_eq(cpls[i].fault_va, lost_va);
		} else if (in_place && mb && status == SDEV_ST_ABORTED) {
			lost++;
		} else {
			ck_assert_msg(status == SDEV_ST_DONE && lane_right(&s, &s.lanes[i]),
				      "%s: lane %u of bad %u: status %u", s.alg->name, i, bad, status);
		}
	}
	/* And the library works as before. */
	s.lanes[bad].slot.desc.src_va = (uintptr_t)s.lanes[bad].in;
	if (s.alg->op != SDEV_OP_DIGEST)
		s.lanes[bad].slot.desc.dst_va = (uintptr_t)s.lanes[bad].in;
	for (unsigned int i = 0; i < LANES; i++)
		set_reference(&s, &s.lanes[i]);
	set_run(&s, rig, cpls);
	for (unsigned int i = 0; i < LANES; i++)
		rig_assert(cpls[i], SDEV_ST_DONE, 0);
	set_free(&s);
}

START_TEST(vanished)
{
	struct rig rig;

	if (rig_valgrind())
		return;
	crypto_open(&rig, _i);
	for (int row = 0; row < SETS; row++) {
		for (int first = 0; first < 2; first++) {
			vanishing(&rig, &sets[row], false, _i == 0, first);
			vanishing(&rig, &sets[row], true, _i == 0, first);
		}
	}
	rig_close(&rig);
}
END_TEST

/* ---- sessions ------------------------------------------------------------------------ */

static struct sdev_slot simple(uint32_t session, uint8_t *data, uint8_t *iv)
{
	struct sdev_slot slot = crypto_slot(SDEV_OP_CIPHER, session, false, data, data, 64);

	crypto_iv(&slot, iv, 16);
	return slot;
}

START_TEST(session_ends)
{
	uint8_t key[16] = { 1 }, data[64] = { 0 }, iv[16] = { 0 };
	struct sdev_slot slot, close_slot;
	uint32_t session, other_pasid, again;
	struct rig_queue other;
	struct sdev_file *file;
	struct sdev_cpl cpl;
	struct rig rig;

	if (crypto_skip(_i))
		return;
	crypto_open(&rig, _i);
	session = crypto_session(&rig, SDEV_ALG_AES_CBC, key, sizeof(key), NULL, 0);
	slot = simple(session, data, iv);
	rig_assert(crypto_run(&rig.q, &slot), SDEV_ST_DONE, 0);

	/* Another file's queue does not reach it, nor does an opcode of another class. */
	ck_assert_int_eq(sdev_open(rig.dev, &file), 0);
	ck_assert_int_eq(rig_bind(file, &other_pasid), 0);
	ck_assert_int_eq(rig_queue_make(file, other_pasid, 16, &other), 0);
	rig_assert(crypto_run(&other, &slot), SDEV_ST_MALFORMED, SDEV_BAD_OBJECT);
	close_slot = crypto_close_slot(session);
	rig_assert(crypto_run(&other, &close_slot), SDEV_ST_MALFORMED, SDEV_BAD_OBJECT);
	slot.desc.opcode = SDEV_OP_AEAD;
	rig_assert(crypto_run(&rig.q, &slot), SDEV_ST_MALFORMED, SDEV_BAD_OBJECT);
	slot.desc.opcode = SDEV_OP_STREAM_RESET;
	slot.desc.iv_va = 0;
	rig_assert(crypto_run(&rig.q, &slot), SDEV_ST_MALFORMED, SDEV_BAD_OBJECT);

	/* Closed: once, and for good, even when its place is used again. */
	crypto_session_close(&rig, session);
	rig_assert(crypto_run(&rig.q, &close_slot), SDEV_ST_MALFORMED, SDEV_BAD_OBJECT);
	again = crypto_session(&rig, SDEV_ALG_AES_CBC, key, sizeof(key), NULL, 0);
	ck_assert_uint_ne(again, session);
	slot = simple(session, data, iv);
	rig_assert(crypto_run(&rig.q, &slot), SDEV_ST_MALFORMED, SDEV_BAD_OBJECT);

	/* A reset takes it. */
	slot = simple(again, data, iv);
	rig_assert(crypto_run(&rig.q, &slot), SDEV_ST_DONE, 0);
	ck_assert_int_eq(sdev_ioctl(rig.file, VFIO_DEVICE_RESET, NULL), 0);
	rig_assert(crypto_run(&rig.q, &slot), SDEV_ST_MALFORMED, SDEV_BAD_OBJECT);

	/* So does the end of the bond; what is under way by then has its session to the end. */
	again = crypto_session(&rig, SDEV_ALG_AES_CBC, key, sizeof(key), NULL, 0);
	slot = simple(again, data, iv);
	for (unsigned int i = 0; i < 50; i++)
		crypto_put(&rig.q, &slot);
	rig_ring(&rig.q);
	ck_assert_int_eq(rig_unbind(rig.file, rig.pasid, VFIO_SVM_PASID_RELEASE_CLEAN), 0);
	for (unsigned int i = 0; i < 50; i++) {
		cpl = rig_wait(&rig.q);
		ck_assert(rig_status(&cpl) == SDEV_ST_DONE || rig_status(&cpl) == SDEV_ST_NO_PASID ||
			  rig_status(&cpl) == SDEV_ST_CANCELLED);
	}
	sdev_close(file);
	rig_close(&rig);
}
END_TEST

/* Jobs and the close of their session, with nothing to order them. */
START_TEST(closed_while_running)
{
	static uint8_t data[100][4096];
	uint8_t key[16] = { 1 }, ivs[100][16] = { { 0 } };
	unsigned int done, closed;
	struct rig rig;

	if (crypto_skip(_i))
		return;
	crypto_open(&rig, _i);
	for (unsigned int round = 0; round < 50 * crypto_rounds(100); round++) {
		uint32_t session = crypto_session(&rig, SDEV_ALG_AES_CBC, key, 16, NULL, 0);
		struct sdev_slot slot = crypto_close_slot(session);

		done = closed = 0;
		for (unsigned int i = 0; i < 100; i++) {
			struct sdev_slot job = simple(session, data[i], ivs[i]);

			job.desc.src_len = job.desc.dst_len = sizeof(data[i]);
			crypto_put(&rig.q, i == 60 ? &slot : &job);
		}
		rig_ring(&rig.q);
		for (unsigned int i = 0; i < 100; i++) {
			struct sdev_cpl cpl = rig_wait(&rig.q);

			done += rig_status(&cpl) == SDEV_ST_DONE;
			closed += rig_status(&cpl) == SDEV_ST_MALFORMED &&
				  rig_detail(&cpl) == SDEV_BAD_OBJECT;
		}
		ck_assert_uint_eq(done + closed, 100);
		ck_assert_uint_ge(done, 1);
	}
	rig_close(&rig);
}
END_TEST

/* ---- what is left of keys -------------------------------------------------------------- */

/* Written so that the search does not find itself. */
#define VEIL	0x5a

struct hunt {
	const uint8_t *veiled;
	unsigned int found;
	unsigned int not_dumped;
};

static unsigned int count(const uint8_t *p, size_t len, const uint8_t *veiled)
{
	unsigned int n = 0;

	for (size_t i = 0; i + 16 <= len; i++) {
		unsigned int k = 0;

		while (k < 16 && (p[i + k] ^ VEIL) == veiled[k])
			k++;
		n += k == 16;
	}
	return n;
}

/* All writable memory of the process, by the kernel's list of it. */
static void hunt(struct hunt *h)
{
	FILE *maps = fopen("/proc/self/smaps", "r");
	int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	unsigned long from, to, last_found = 0;
	char line[512], prot[8];
	uint8_t *copy;

	h->found = h->not_dumped = 0;
	ck_assert(maps && mem >= 0);
	while (fgets(line, sizeof(line), maps)) {
		if (!strncmp(line, "VmFlags:", 8)) {
			h->not_dumped += strstr(line, " dd") ? (unsigned int)last_found : 0;
			continue;
		}
		if (sscanf(line, "%lx-%lx %7s", &from, &to, prot) != 3)
			continue;
		last_found = 0;
		if (prot[1] != 'w' || to - from > 64u << 20 || strstr(line, "[v"))
			continue;
		copy = mmap(NULL, to - from, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			    0);
		ck_assert_ptr_ne(copy, MAP_FAILED);
		if (pread(mem, copy, to - from, (off_t)from) == (ssize_t)(to - from))
			last_found = count(copy, to - from, h->veiled);
		h->found += (unsigned int)last_found;
		munmap(copy, to - from);
	}
	fclose(maps);
	close(mem);
}

START_TEST(wiped)
{
	static uint8_t veiled[16], key[16], data[64 * 64], ivs[64][16], mac[64][16];
	struct hunt h = { .veiled = veiled };
	const struct ref_alg *a = &ref_algs[_i];
	uint32_t session;
	struct rig rig;
	size_t len = 0;

	/* Most of the memory of a process under thread sanitizer is the sanitizer's: half a minute a row. */
	if (rig_valgrind() || RIG_ALONE || !a->keys[0] || a->keys[0] == 8 || !strcmp(a->mode, "hmac"))
		return;
	for (int i = 0; i < 4; i++)
		len = a->keys[i] == 16 ? 16 : len;
	if (!len)
		return;
	for (int mode = 0; mode < 2; mode++) {
		crypto_open(&rig, mode);
		for (int i = 0; i < 16; i++)
			veiled[i] = (uint8_t)chance(256);
		for (int i = 0; i < 16; i++)
			key[i] = veiled[i] ^ VEIL;
		session = crypto_session(&rig, a->alg, key, len, "another key", a->block == 16 &&
					 a->op == SDEV_OP_AEAD ? 11 : 0);
		memset(key, 0, sizeof(key));
		for (unsigned int i = 0; i < 64; i++) {
			struct sdev_slot slot = crypto_slot(a->op, session, false, data + i * 64,
							    data + i * 64, 64);

			crypto_iv(&slot, ivs[i], a->iv);
			if (a->op == SDEV_OP_AEAD)
				crypto_aead(&slot, NULL, 0, mac[i], 12);
			if (a->op == SDEV_OP_DIGEST) {
				slot.desc.dst_va = (uintptr_t)mac[i];
				slot.desc.dst_len = a->mac;
			}
			crypto_put(&rig.q, &slot);
		}
		rig_ring(&rig.q);
		for (unsigned int i = 0; i < 64; i++)
			rig_assert(rig_wait(&rig.q), SDEV_ST_DONE, 0);
		hunt(&h);
		ck_assert_msg(h.not_dumped, "%s: %u places, none of them kept out of dumps", a->name,
			      h.found);
		crypto_session_close(&rig, session);
		hunt(&h);
		ck_assert_msg(!h.found, "%s %s: the key is still in %u places", a->name, a->mode, h.found);
		rig_close(&rig);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("crypto_batch");
	TCase *tcase = tcase_create("batch");

	tcase_set_timeout(tcase, getenv("WEFT_TEST_LONG") ? 0 : 30);
	tcase_add_loop_test(tcase, bad_pointer, 0, CRYPTO_MODES);
	tcase_add_loop_test(tcase, vanished, 0, 2);
	tcase_add_loop_test(tcase, session_ends, 0, CRYPTO_MODES);
	tcase_add_loop_test(tcase, closed_while_running, 0, CRYPTO_MODES);
	tcase_add_loop_test(tcase, wiped, 0, (int)ref_alg_count);
	suite_add_tcase(suite, tcase);
	return rig_main(suite);
}
