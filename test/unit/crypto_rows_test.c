/* SPDX-License-Identifier: MIT */
/* Every algorithm of symmetric sessions against libcrypto: batches of random jobs. */
#include "crypto_rig.h"

#define JOBS	40
#define ROOM	(160u << 10)

struct one {
	struct ref_job ref;
	uint32_t session;
	uint8_t key[200], key2[100];
	uint8_t iv[128], aad[300], mac[REF_MAC_MAX];
	uint8_t *memory, *in, *out, *want;
	bool in_place, wrong;
	struct sdev_slot slot;
};

static size_t length(const struct ref_alg *a)
{
	static const size_t most[] = { 64, 64, 300, 1500, 5000, ROOM - 64 };
	size_t len = chance(most[chance(chance(8) ? 5 : 6)]);

	len -= len % a->block;
	return len < a->least ? a->least : len;
}

static size_t key_length(const struct ref_alg *a)
{
	unsigned int n = 0;

	while (n < 4 && a->keys[n])
		n++;
	return n ? a->keys[chance(n)] : 0;
}

static size_t tag_length(const struct ref_alg *a)
{
	static const uint8_t gcm[] = { 4, 8, 12, 13, 14, 15, 16 }, ccm[] = { 4, 6, 8, 10, 12, 14, 16 };

	if (strstr(a->mode, "gcm") || strstr(a->name, "GCM"))
		return gcm[chance(sizeof(gcm))];
	if (strstr(a->mode, "ccm") || strstr(a->name, "CCM"))
		return ccm[chance(sizeof(ccm))];
	return a->mac - chance(a->mac - 9u);
}

static void one_reference(struct one *o)
{
	struct ref_job *r = &o->ref;

	r->in = o->in;
	r->out = o->want;
	r->key = o->key;
	r->key2 = o->key2;
	r->aad = o->aad;
	memcpy(r->iv, o->iv, sizeof(o->iv));
	ref_run(r);
}

static void one_make(struct one *o, const struct ref_alg *a, struct rig *rig, size_t key_len)
{
	struct ref_job *r = &o->ref;
	uint8_t *dst;

	*r = (struct ref_job){ .alg = a, .decrypt = a->op != SDEV_OP_DIGEST && chance(2),
			       .len = length(a), .key_len = key_len };
	chance_fill(o->key, sizeof(o->key));
	chance_fill(o->key2, sizeof(o->key2));
	chance_fill(o->iv, sizeof(o->iv));
	chance_fill(o->aad, sizeof(o->aad));
	r->key2_len = a->op == SDEV_OP_AEAD && a->block == 16 ? 1 + chance(sizeof(o->key2)) : 0;
	r->aad_len = a->op == SDEV_OP_AEAD && chance(4) ? chance(chance(2) ? 32 : sizeof(o->aad)) : 0;
	r->iv_len = a->iv;
	if (strstr(a->mode, "gcm") || strstr(a->name, "GCM"))
		r->iv_len = chance(3) ? 12 : 1 + chance(100);
	if (strstr(a->mode, "ccm") || strstr(a->name, "CCM"))
		r->iv_len = r->len < 65536 ? 7 + chance(7) : 7 + chance(5);
	r->mac_len = a->op == SDEV_OP_AEAD ? tag_length(a) : a->op == SDEV_OP_DIGEST && chance(4) ?
		     a->mac : 1 + chance(a->mac ? a->mac : 1);
	/* A counter about to wrap, in its low word and altogether. */
	if (!chance(4))
		memset(o->iv + 12, 0xff, 4);
	if (!chance(8))
		memset(o->iv, 0xff, 16);
	o->memory = malloc(ROOM + 64);
	o->in = o->memory;
	o->out = malloc(ROOM + 64);
	o->want = malloc(ROOM + 64);
	o->in += chance(32);
	chance_fill(o->in, r->len);
	o->in_place = a->op != SDEV_OP_DIGEST && chance(2);
	one_reference(o);
	o->session = crypto_session(rig, a->alg, o->key, r->key_len, o->key2, r->key2_len);

	dst = o->in_place ? o->in : o->out;
	memset(o->out, 0xa5, r->len + 1);
	o->slot = crypto_slot(a->op, o->session, r->decrypt, o->in, dst, r->len);
	if (a->iv)
		crypto_iv(&o->slot, o->iv, r->iv_len);
	if (a->op == SDEV_OP_DIGEST) {
		memset(o->mac, 0xa5, sizeof(o->mac));
		o->slot.desc.dst_va = (uintptr_t)o->mac;
		o->slot.desc.dst_len = (uint32_t)r->mac_len;
	}
	if (a->op != SDEV_OP_AEAD)
		return;
	o->wrong = r->decrypt && !chance(3);
	memset(o->mac, 0xa5, sizeof(o->mac));
	if (r->decrypt)
		memcpy(o->mac, r->mac, r->mac_len);
	if (o->wrong)
		o->mac[chance(r->mac_len)] ^= (uint8_t)(1u << chance(8));
	crypto_aead(&o->slot, o->aad, r->aad_len, o->mac, r->mac_len);
}

/* What a wrong tag leaves: nothing of the plaintext. Zeroes, or what was there before. */
static void assert_nothing(const struct one *o)
{
	const uint8_t *dst = o->in_place ? o->in : o->out;
	size_t same = 0;

	for (size_t i = 0; i < o->ref.len; i++)
		same += dst[i] == o->want[i];
	/* Chance hits one byte of 256. */
	ck_assert_msg(same <= 8 + o->ref.len / 20, "%zu of %zu bytes of plaintext", same, o->ref.len);
}

static void one_check(struct one *o, const struct sdev_cpl *cpl)
{
	const struct ref_job *r = &o->ref;
	const uint8_t *dst = o->in_place ? o->in : o->out;

	if (o->wrong) {
		rig_assert(*cpl, SDEV_ST_AUTH_FAILED, 0);
		assert_nothing(o);
		return;
	}
	ck_assert_msg(rig_status(cpl) == SDEV_ST_DONE, "%s %s: status %u detail %u, length %zu",
		      r->alg->name, r->alg->mode, rig_status(cpl), rig_detail(cpl), r->len);
	ck_assert(cpl->engine == SDEV_ENGINE_OPENSSL || cpl->engine == SDEV_ENGINE_IPSEC_MB);
	ck_assert_uint_eq(cpl->consumed, r->len);
	if (r->alg->op != SDEV_OP_DIGEST) {
		ck_assert_uint_eq(cpl->produced, r->len);
		ck_assert_msg(!memcmp(dst, o->want, r->len), "%s %s key %zu length %zu %s engine %u",
			      r->alg->name, r->alg->mode, r->key_len, r->len,
			      r->decrypt ? "decrypt" : "encrypt", cpl->engine);
		if (!o->in_place)
			ck_assert_uint_eq(o->out[r->len], 0xa5);
	}
	if (r->alg->op == SDEV_OP_CIPHER && r->alg->block && !strcmp(r->alg->mode, "plain"))
		ck_assert_msg(!memcmp(o->iv, r->iv, r->alg->iv), "next IV of %s, length %zu engine %u",
			      r->alg->name, r->len, cpl->engine);
	if (r->alg->op != SDEV_OP_CIPHER && !r->decrypt) {
		ck_assert_msg(!memcmp(o->mac, r->mac, r->mac_len), "%s %s: mac, length %zu engine %u",
			      r->alg->name, r->alg->mode, r->len, cpl->engine);
		if (r->mac_len < REF_MAC_MAX)
			ck_assert_uint_eq(o->mac[r->mac_len], 0xa5);
	}
}

static void batch(struct rig *rig, struct one *list, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		list[i].slot.desc.tag = i;
		crypto_put(&rig->q, &list[i].slot);
	}
	rig_ring(&rig->q);
	for (unsigned int i = 0; i < n; i++) {
		struct sdev_cpl cpl = rig_wait(&rig->q);

		ck_assert_uint_lt(cpl.tag, n);
		one_check(&list[cpl.tag], &cpl);
	}
}

static void list_free(struct rig *rig, struct one *list, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		crypto_session_close(rig, list[i].session);
		free(list[i].memory);
		free(list[i].out);
		free(list[i].want);
	}
}

/* A batch of one algorithm, so that there are many to run together. */
static void rows(int mode, const struct ref_alg *a)
{
	struct one *list = calloc(JOBS, sizeof(*list));
	struct rig rig;
	size_t key_len = 0;

	crypto_open(&rig, mode);
	for (unsigned int i = 0; i < JOBS; i++) {
		if (i % 20 == 0)
			key_len = key_length(a);
		one_make(&list[i], a, &rig, key_len);
	}
	batch(&rig, list, JOBS);
	list_free(&rig, list, JOBS);
	rig_close(&rig);
	free(list);
}

START_TEST(each_row)
{
	for (unsigned int round = crypto_rounds(20); round; round--) {
		for (int mode = 0; mode < CRYPTO_MODES; mode++) {
			if (!crypto_skip(mode))
				rows(mode, &ref_algs[_i]);
		}
	}
}
END_TEST

/* All algorithms, sessions, keys and sizes in one batch. */
START_TEST(mixed)
{
	struct one *list;
	struct rig rig;

	if (crypto_skip(_i))
		return;
	list = calloc(100, sizeof(*list));
	crypto_open(&rig, _i);
	for (unsigned int i = 0; i < 100; i++) {
		const struct ref_alg *a = &ref_algs[chance(ref_alg_count)];

		one_make(&list[i], a, &rig, key_length(a));
	}
	batch(&rig, list, 100);
	list_free(&rig, list, 100);
	rig_close(&rig);
	free(list);
}
END_TEST

/* The device says what it does, and the driver's table can rely on it. */
START_TEST(capabilities)
{
	uint64_t words[SDEV_ALGS_WORDS];
	struct rig rig;

	crypto_open(&rig, crypto_skip(0) ? 2 : 0);
	for (unsigned int i = 0; i < SDEV_ALGS_WORDS; i++)
		ck_assert_int_eq(sdev_read(rig.file, &words[i], 8, SDEV_REG_ALGS(i)), 8);
	for (size_t i = 0; i < ref_alg_count; i++)
		ck_assert_msg(words[ref_algs[i].alg / 64] >> ref_algs[i].alg % 64 & 1, "%s %s",
			      ref_algs[i].name, ref_algs[i].mode);
	ck_assert(!(words[0] & 1));
	rig_close(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("crypto_rows");
	TCase *tcase = tcase_create("rows");

	tcase_set_timeout(tcase, getenv("WEFT_TEST_LONG") ? 0 : 30);
	tcase_add_loop_test(tcase, each_row, 0, (int)ref_alg_count);
	tcase_add_loop_test(tcase, mixed, 0, CRYPTO_MODES);
	tcase_add_test(tcase, capabilities);
	suite_add_tcase(suite, tcase);
	return rig_main(suite);
}
