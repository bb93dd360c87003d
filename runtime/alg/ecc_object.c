/* SPDX-License-Identifier: MIT */
/* Inputs and outputs of the operations over curves. */
#include "alg/ecc.h"

#include <string.h>

#include "util/bits.h"
#include "util/log.h"

#define RAND_TRIES	128	/* of a callback; half of all numbers of the right length are good */

enum { SIGN_DIGEST, SIGN_K, SIGN_TEXT, SIGN_ID };
enum { VERF_DIGEST, VERF_R, VERF_S, VERF_TEXT, VERF_ID };
enum { ENC_K, ENC_TEXT };

uint32_t wdi_ecc_hash_bytes(uint8_t type)
{
	static const uint8_t bytes[] = {
		[WD_HASH_SM3] = 32,
		[WD_HASH_SHA1] = 20,
		[WD_HASH_SHA224] = 28,
		[WD_HASH_SHA256] = 32,
		[WD_HASH_SHA384] = 48,
		[WD_HASH_SHA512] = 64,
		[WD_HASH_MD4] = 16,
		[WD_HASH_MD5] = 16,
	};
	_Static_assert(wdi_array_size(bytes) == WD_HASH_MAX, "a hash without a length");

	return type < WD_HASH_MAX ? bytes[type] : 0;
}

/* ---- objects ----------------------------------------------------------------- */

static void *object_new(const struct wdi_ecc_sess *s, enum wdi_ecc_kind kind,
			const uint32_t *rooms, uint32_t count)
{
	size_t size = sizeof(struct wdi_ecc_object);
	struct wdi_ecc_object *o;
	char *at;

	for (uint32_t i = 0; i < count; i++)
		size += rooms[i];
	o = wdi_pk_mem_alloc(size);
	if (!o) {
		wdi_err("ecc: no memory for an object of %zu bytes", size);
		return NULL;
	}
	o->kind = kind;
	o->key_size = s->pk.key_size;
	o->size = size;
	o->count = count;
	at = o->data;
	for (uint32_t i = 0; i < count; i++) {
		o->num[i].data = at;
		o->num[i].bsize = rooms[i];
		at += rooms[i];
	}
	return o;
}

static void object_free(struct wdi_ecc_object *o)
{
	if (o)
		wdi_pk_mem_free(o, o->size);
}

void wd_ecc_del_in(handle_t sess, struct wd_ecc_in *in)
{
	(void)sess;
	object_free((struct wdi_ecc_object *)in);
}

void wd_ecc_del_out(handle_t sess, struct wd_ecc_out *out)
{
	(void)sess;
	object_free((struct wdi_ecc_object *)out);
}

static bool put(struct wd_dtb *to, const struct wd_dtb *from, const char *what)
{
	if (!wdi_pk_dtb_fits(from, to->bsize)) {
		wdi_err("ecc: %s is missing, empty, or more than %u bytes", what, to->bsize);
		return false;
	}
	memcpy(to->data, from->data, from->dsize);
	to->dsize = from->dsize;
	return true;
}

/* Whether a session can make something for SM2. */
static bool has_sm2(const struct wdi_ecc_sess *s)
{
	if (!s->montgomery && s->pk.key_size == SM2_KEY_SIZE)
		return true;
	wdi_err("ecc: SM2 needs a curve of 256 bits");
	return false;
}

/* ---- k ------------------------------------------------------------------------- */

static bool k_is_good(const struct wd_dtb *k, const struct wd_dtb *n, uint32_t skip)
{
	char any = 0;

	for (uint32_t i = 0; i < k->dsize; i++)
		any |= k->data[i];
	return any && memcmp(k->data, n->data + skip, k->dsize) < 0;
}

/*
 * A number from the callback, 0 < k < n. What is beyond is thrown away and asked for
 * again: to make it fit would make some numbers more likely than others.
 */
static bool k_from_callback(const struct wdi_ecc_sess *s, struct wd_dtb *k)
{
	const struct wd_dtb *n = &s->key->cv.n;
	uint8_t mask = 0xff;
	uint32_t skip = 0;

	while (!n->data[skip])
		skip++;
	while (mask >> 1 >= (uint8_t)n->data[skip])
		mask >>= 1;
	k->dsize = n->dsize - skip;
	for (int i = 0; i < RAND_TRIES; i++) {
		if (s->rand.cb(k->data, k->dsize, s->rand.usr)) {
			wdi_err("ecc: the random number callback failed");
			return false;
		}
		k->data[0] = (char)(k->data[0] & mask);
		if (k_is_good(k, n, skip))
			return true;
	}
	wdi_err("ecc: the random number callback gave no number below the order in %d tries",
		RAND_TRIES);
	return false;
}

static bool put_k(const struct wdi_ecc_sess *s, struct wd_dtb *to, const struct wd_dtb *k)
{
	if (k)
		return put(to, k, "k");
	return !s->rand.cb || k_from_callback(s, to);
}

/* ---- the digest of SM2 through a callback ------------------------------------------ */

/* Bytes that are hashed in one piece, because the callback has no other way. */
struct piece {
	char *data;
	size_t len;
	size_t room;
};

static void add(struct piece *p, const void *data, size_t len)
{
	memcpy(p->data + p->len, data, len);
	p->len += len;
}

static void add_number(struct piece *p, const struct wd_dtb *num, uint32_t len)
{
	wdi_ecc_padded(p->data + p->len, len, num);
	p->len += len;
}

/* Z and then e, see GB/T 32918.2, 5.5 and 6.1. */
static bool hash_by_callback(const struct wdi_ecc_sess *s, const struct wd_dtb *text,
			     const struct wd_dtb *id, struct wd_dtb *digest)
{
	uint32_t len = wdi_ecc_hash_bytes(s->hash.type), key_size = s->pk.key_size;
	uint32_t id_len = id ? id->dsize : 0;
	const char entl[2] = { (char)(id_len >> 5), (char)(id_len << 3) };
	const struct wd_ecc_curve *cv = &s->key->cv;
	const struct wd_dtb *nums[] = {
		&cv->a, &cv->b, &cv->g.x, &cv->g.y, &s->key->pub.x, &s->key->pub.y,
	};
	struct piece p = { .room = wdi_max((size_t)len + text->dsize,
					   (size_t)2 + id_len + 6 * (size_t)key_size) };
	char z[ECC_DIGEST_MAX];
	bool ok;

	p.data = wdi_pk_mem_alloc(p.room);
	if (!p.data)
		return false;
	add(&p, entl, sizeof(entl));
	if (id_len)
		add(&p, id->data, id_len);
	for (size_t i = 0; i < wdi_array_size(nums); i++)
		add_number(&p, nums[i], key_size);
	ok = !s->hash.cb(p.data, p.len, z, len, s->hash.usr);
	p.len = 0;
	add(&p, z, len);
	add(&p, text->data, text->dsize);
	ok = ok && !s->hash.cb(p.data, p.len, digest->data, len, s->hash.usr);
	wdi_pk_mem_free(p.data, p.room);
	digest->dsize = ok ? len : 0;
	if (!ok)
		wdi_err("ecc: the hash callback failed");
	return ok;
}

/*
 * The digest, or what it is to be made of. @o has places for digest, text and id.
 * Without the public key the callback has not all it needs; then the device hashes.
 */
static bool put_digest(const struct wdi_ecc_sess *s, struct wdi_ecc_object *o,
		       const struct wd_dtb *e, const struct wd_dtb *id, bool is_digest,
		       uint32_t text)
{
	if (is_digest)
		return put(&o->num[SIGN_DIGEST], e, "the digest");
	if (s->hash.cb && s->key->pub.x.dsize && s->key->pub.y.dsize)
		return hash_by_callback(s, e, id, &o->num[SIGN_DIGEST]);
	return put(&o->num[text], e, "the message") &&
	       (!id || put(&o->num[text + 1], id, "the ID"));
}

static bool message_fits(const struct wd_dtb *e, const struct wd_dtb *id, bool is_digest)
{
	if (is_digest || (wdi_pk_dtb_fits(e, ECC_TEXT_MAX) &&
			  (!id || wdi_pk_dtb_fits(id, ECC_ID_MAX))))
		return true;
	wdi_err("ecc: the message is missing, empty or more than %u bytes, or the ID empty or more than %u",
		ECC_TEXT_MAX, ECC_ID_MAX);
	return false;
}

/* ---- signatures -------------------------------------------------------------------- */

static struct wd_ecc_in *new_sign_in(handle_t sess, const struct wd_dtb *e, const struct wd_dtb *k,
				     const struct wd_dtb *id, bool is_digest, bool sm2)
{
	struct wdi_ecc_sess *s = wdi_ecc_get(sess);
	struct wd_ecc_in *in = NULL;

	if (!s)
		return NULL;
	if (e && message_fits(e, id, is_digest) && (!sm2 || has_sm2(s))) {
		const uint32_t rooms[] = {
			[SIGN_DIGEST] = ECC_DIGEST_MAX,
			[SIGN_K] = s->pk.key_size,
			[SIGN_TEXT] = is_digest ? 0 : e->dsize,
			[SIGN_ID] = is_digest || !id ? 0 : id->dsize,
		};

		in = object_new(s, ECC_IN_SIGN, rooms, wdi_array_size(rooms));
	}
	if (in && (!put_k(s, &in->o.num[SIGN_K], k) ||
		   !put_digest(s, &in->o, e, id, is_digest, SIGN_TEXT))) {
		object_free(&in->o);
		in = NULL;
	}
	wdi_ecc_put(s);
	return in;
}

struct wd_ecc_in *wd_ecdsa_new_sign_in(handle_t sess, struct wd_dtb *dgst, struct wd_dtb *k)
{
	return new_sign_in(sess, dgst, k, NULL, true, false);
}

struct wd_ecc_in *wd_sm2_new_sign_in(handle_t sess, struct wd_dtb *e, struct wd_dtb *k,
				     struct wd_dtb *id, __u8 is_dgst)
{
	return new_sign_in(sess, e, k, id, is_dgst, true);
}

static struct wd_ecc_in *new_verf_in(handle_t sess, const struct wd_dtb *e, const struct wd_dtb *r,
				     const struct wd_dtb *sig, const struct wd_dtb *id,
				     bool is_digest, bool sm2)
{
	struct wdi_ecc_sess *s = wdi_ecc_get(sess);
	struct wd_ecc_in *in = NULL;

	if (!s)
		return NULL;
	if (e && message_fits(e, id, is_digest) && (!sm2 || has_sm2(s))) {
		const uint32_t rooms[] = {
			[VERF_DIGEST] = ECC_DIGEST_MAX,
			[VERF_R] = s->pk.key_size,
			[VERF_S] = s->pk.key_size,
			[VERF_TEXT] = is_digest ? 0 : e->dsize,
			[VERF_ID] = is_digest || !id ? 0 : id->dsize,
		};

		in = object_new(s, ECC_IN_VERF, rooms, wdi_array_size(rooms));
	}
	if (in && (!put(&in->o.num[VERF_R], r, "r") || !put(&in->o.num[VERF_S], sig, "s") ||
		   !put_digest(s, &in->o, e, id, is_digest, VERF_TEXT))) {
		object_free(&in->o);
		in = NULL;
	}
	wdi_ecc_put(s);
	return in;
}

struct wd_ecc_in *wd_ecdsa_new_verf_in(handle_t sess, struct wd_dtb *dgst, struct wd_dtb *r,
				       struct wd_dtb *s)
{
	return new_verf_in(sess, dgst, r, s, NULL, true, false);
}

struct wd_ecc_in *wd_sm2_new_verf_in(handle_t sess, struct wd_dtb *e, struct wd_dtb *r,
				     struct wd_dtb *s, struct wd_dtb *id, __u8 is_dgst)
{
	return new_verf_in(sess, e, r, s, id, is_dgst, true);
}

/* ---- the other inputs ------------------------------------------------------------------ */

static struct wd_ecc_in *in_or_free(struct wd_ecc_in *in, bool ok)
{
	if (ok)
		return in;
	object_free((struct wdi_ecc_object *)in);
	return NULL;
}

struct wd_ecc_in *wd_ecxdh_new_in(handle_t sess, struct wd_ecc_point *in)
{
	struct wdi_ecc_sess *s = wdi_ecc_get(sess);
	struct wd_ecc_in *made = NULL;

	if (!s)
		return NULL;
	if (in)
		made = object_new(s, ECC_IN_XDH,
				  (const uint32_t[]){ s->pk.key_size, s->pk.key_size }, 2);
	made = in_or_free(made, made && put(&made->o.num[0], &in->x, "x") &&
				put(&made->o.num[1], &in->y, "y"));
	wdi_ecc_put(s);
	return made;
}

struct wd_ecc_in *wd_sm2_new_enc_in(handle_t sess, struct wd_dtb *k, struct wd_dtb *plaintext)
{
	struct wdi_ecc_sess *s = wdi_ecc_get(sess);
	struct wd_ecc_in *in = NULL;

	if (!s)
		return NULL;
	if (has_sm2(s) && wdi_pk_dtb_fits(plaintext, ECC_TEXT_MAX))
		in = object_new(s, ECC_IN_ENC,
				(const uint32_t[]){ s->pk.key_size, plaintext->dsize }, 2);
	in = in_or_free(in, in && put_k(s, &in->o.num[ENC_K], k) &&
			    put(&in->o.num[ENC_TEXT], plaintext, "the text"));
	wdi_ecc_put(s);
	return in;
}

struct wd_ecc_in *wd_sm2_new_dec_in(handle_t sess, struct wd_ecc_point *c1, struct wd_dtb *c2,
				    struct wd_dtb *c3)
{
	struct wdi_ecc_sess *s = wdi_ecc_get(sess);
	struct wd_ecc_in *in = NULL;

	if (!s)
		return NULL;
	if (has_sm2(s) && c1 && wdi_pk_dtb_fits(c2, ECC_TEXT_MAX))
		in = object_new(s, ECC_IN_DEC, (const uint32_t[]){
				s->pk.key_size, s->pk.key_size, c2->dsize, ECC_DIGEST_MAX }, 4);
	in = in_or_free(in, in && put(&in->o.num[0], &c1->x, "x of C1") &&
			    put(&in->o.num[1], &c1->y, "y of C1") &&
			    put(&in->o.num[2], c2, "C2") && put(&in->o.num[3], c3, "C3"));
	wdi_ecc_put(s);
	return in;
}

/* ---- outputs ----------------------------------------------------------------------------- */

/*
 * @text: bytes of the text of SM2 encryption. Numbers come out as long as they are; the
 * sizes say how much room there is until then.
 */
static struct wd_ecc_out *new_out(handle_t sess, enum wdi_ecc_kind kind, uint32_t text, bool sm2)
{
	struct wdi_ecc_sess *s = wdi_ecc_get(sess);
	struct wd_ecc_out *out = NULL;
	uint32_t rooms[ECC_NUMS], count = 0;

	if (!s)
		return NULL;
	if ((sm2 && !has_sm2(s)) || text > ECC_TEXT_MAX)
		goto put_session;
	for (uint32_t nums = kind == ECC_OUT_DEC ? 0 : kind == ECC_OUT_KG ? 3 : 2; count < nums;)
		rooms[count++] = s->pk.key_size;
	if (kind == ECC_OUT_ENC || kind == ECC_OUT_DEC)
		rooms[count++] = text;
	if (kind == ECC_OUT_ENC)
		rooms[count++] = wdi_ecc_hash_bytes(s->hash.type);
	out = object_new(s, kind, rooms, count);
	for (uint32_t i = 0; out && i < count; i++)
		out->o.num[i].dsize = rooms[i];
put_session:
	wdi_ecc_put(s);
	return out;
}

struct wd_ecc_out *wd_ecxdh_new_out(handle_t sess)
{
	return new_out(sess, ECC_OUT_XDH, 0, false);
}

struct wd_ecc_out *wd_ecdsa_new_sign_out(handle_t sess)
{
	return new_out(sess, ECC_OUT_SIGN, 0, false);
}

struct wd_ecc_out *wd_sm2_new_sign_out(handle_t sess)
{
	return new_out(sess, ECC_OUT_SIGN, 0, true);
}

struct wd_ecc_out *wd_sm2_new_enc_out(handle_t sess, __u32 plaintext_len)
{
	return plaintext_len ? new_out(sess, ECC_OUT_ENC, plaintext_len, true) : NULL;
}

struct wd_ecc_out *wd_sm2_new_dec_out(handle_t sess, __u32 plaintext_len)
{
	return plaintext_len ? new_out(sess, ECC_OUT_DEC, plaintext_len, true) : NULL;
}

struct wd_ecc_out *wd_sm2_new_kg_out(handle_t sess)
{
	return new_out(sess, ECC_OUT_KG, 0, true);
}

/* Number @i of an object of @kind, for who asked. */
static void show(struct wd_ecc_out *out, enum wdi_ecc_kind kind, unsigned int i, struct wd_dtb **to)
{
	if (out && out->o.kind == (uint32_t)kind && to)
		*to = &out->o.num[i];
}

/* Two numbers that follow each other are a point. */
static void show_point(struct wd_ecc_out *out, enum wdi_ecc_kind kind, unsigned int i,
		       struct wd_ecc_point **to)
{
	_Static_assert(sizeof(struct wd_ecc_point) == 2 * sizeof(struct wd_dtb) &&
		       offsetof(struct wd_ecc_point, y) == sizeof(struct wd_dtb),
		       "a point is two numbers");

	if (out && out->o.kind == (uint32_t)kind && to)
		*to = (struct wd_ecc_point *)(void *)&out->o.num[i];
}

void wd_ecxdh_get_out_params(struct wd_ecc_out *out, struct wd_ecc_point **pbk)
{
	show_point(out, ECC_OUT_XDH, 0, pbk);
}

void wd_ecdsa_get_sign_out_params(struct wd_ecc_out *out, struct wd_dtb **r, struct wd_dtb **s)
{
	show(out, ECC_OUT_SIGN, 0, r);
	show(out, ECC_OUT_SIGN, 1, s);
}

void wd_sm2_get_sign_out_params(struct wd_ecc_out *out, struct wd_dtb **r, struct wd_dtb **s)
{
	wd_ecdsa_get_sign_out_params(out, r, s);
}

void wd_sm2_get_enc_out_params(struct wd_ecc_out *out, struct wd_ecc_point **c1,
			       struct wd_dtb **c2, struct wd_dtb **c3)
{
	show_point(out, ECC_OUT_ENC, 0, c1);
	show(out, ECC_OUT_ENC, 2, c2);
	show(out, ECC_OUT_ENC, 3, c3);
}

void wd_sm2_get_dec_out_params(struct wd_ecc_out *out, struct wd_dtb **plaintext)
{
	show(out, ECC_OUT_DEC, 0, plaintext);
}

void wd_sm2_get_kg_out_params(struct wd_ecc_out *out, struct wd_dtb **privkey,
			      struct wd_ecc_point **pubkey)
{
	show(out, ECC_OUT_KG, 0, privkey);
	show_point(out, ECC_OUT_KG, 1, pubkey);
}
