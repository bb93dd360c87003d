/* SPDX-License-Identifier: MIT */
/*
 * ipsec-mb: many jobs at once, in the lanes of one vector register. A group is
 * what one call takes: jobs of one algorithm, direction and length of key, of any
 * session. Lengths may differ, but a group runs as long as its longest job, so
 * what is far longer than the rest is left to libcrypto.
 */
#include "device/crypto/sym.h"

#include <openssl/crypto.h>
#include <string.h>
#include <sys/mman.h>

#include "util/log.h"

#ifdef HAVE_IPSEC_MB

#define NO_COMPAT_IMB_API_053	/* its old names collide with libcrypto's */
#include <intel-ipsec-mb.h>

/* The library takes less than 64 KiB at a time; whole blocks of any cipher. */
#define MB_PIECE	(60u << 10)
#define MB_AAD_CCM	46u

struct sym_mb_lane {
	IMB_MGR *mgr;		/* NULL: not on this machine */
	size_t size;
	bool wide;		/* sixteen lanes; see mb_from() */
	struct gcm_context_data gcm;
	struct sym_job *group[SDEV_BATCH_MAX];
	size_t left[SDEV_BATCH_MAX];
	uint8_t iv[SDEV_BATCH_MAX][SYM_BLOCK];
	uint8_t tail[SYM_BLOCK];
	IMB_JOB jobs[SDEV_BATCH_MAX];
	struct sym_job *live[SDEV_BATCH_MAX];
	unsigned int live_at[SDEV_BATCH_MAX];
};

/* ---- the manager -------------------------------------------------------------------- */

static bool mgr_usable(const IMB_MGR *mgr)
{
	if (mgr->used_arch < IMB_ARCH_SSE)
		return false;	/* tables instead of instructions: slower, and they leak by timing */
#ifdef IMB_FEATURE_SELF_TEST
	if ((mgr->features & IMB_FEATURE_SELF_TEST) &&
	    !(mgr->features & IMB_FEATURE_SELF_TEST_PASS)) {
		wdi_err("sdev: ipsec-mb fails its self-test; it is not used");
		return false;
	}
#endif
	return true;
}

static bool mgr_init(struct sym_mb_lane *mb, void *memory)
{
	mb->mgr = imb_set_pointers_mb_mgr(memory, 0, 1);
	if (!mb->mgr)
		return false;
	init_mb_mgr_auto(mb->mgr, NULL);
	mb->wide = mb->mgr->used_arch >= IMB_ARCH_AVX512;
	return !imb_get_errno(mb->mgr) && mgr_usable(mb->mgr);
}

static struct sym_mb_lane *mb_get(struct sym_lane *lane)
{
	struct sym_mb_lane *mb = lane->mb;
	void *memory;

	if (wdi_likely(mb))
		return mb->mgr ? mb : NULL;
	mb = sdev_map_pages(sizeof(*mb));
	if (!mb)
		return NULL;
	madvise(mb, sizeof(*mb), MADV_DONTDUMP);
	lane->mb = mb;
	mb->size = imb_get_mb_mgr_size();
	memory = sdev_map_pages(mb->size);
	if (!memory)
		return NULL;
	madvise(memory, mb->size, MADV_DONTDUMP);
	if (!mgr_init(mb, memory)) {
		munmap(memory, mb->size);
		mb->mgr = NULL;
	}
	return mb->mgr ? mb : NULL;
}

/* A fault threw the thread out of the library: nobody knows what its lanes hold. */
void sym_mb_lost(struct sym_lane *lane)
{
	struct sym_mb_lane *mb = lane->mb;
	void *memory = mb->mgr;

	OPENSSL_cleanse(memory, mb->size);
	if (!mgr_init(mb, memory)) {
		munmap(memory, mb->size);
		mb->mgr = NULL;
	}
}

void sym_mb_exit(struct sym_lane *lane)
{
	struct sym_mb_lane *mb = lane->mb;

	if (!mb)
		return;
	if (mb->mgr) {
		OPENSSL_cleanse(mb->mgr, mb->size);
		munmap(mb->mgr, mb->size);
	}
	OPENSSL_cleanse(mb, sizeof(*mb));
	munmap(mb, sizeof(*mb));
}

const char *sym_mb_version(void)
{
	return imb_get_version_str();
}

/* ---- keys ------------------------------------------------------------------------------ */

static void aes_expand(IMB_MGR *mgr, struct sym_session *s, const uint8_t *key, unsigned int len)
{
	if (len == 16)
		IMB_AES_KEYEXP_128(mgr, key, s->mb.aes.enc, s->mb.aes.dec);
	else if (len == 24)
		IMB_AES_KEYEXP_192(mgr, key, s->mb.aes.enc, s->mb.aes.dec);
	else
		IMB_AES_KEYEXP_256(mgr, key, s->mb.aes.enc, s->mb.aes.dec);
}

static void gcm_expand(IMB_MGR *mgr, struct sym_session *s)
{
	struct gcm_key_data *gcm = (struct gcm_key_data *)s->mb.gcm;

	static_assert(sizeof(struct gcm_key_data) <= sizeof(s->mb), "the expanded key has room");
	if (s->key_len == 16)
		IMB_AES128_GCM_PRE(mgr, s->key, gcm);
	else if (s->key_len == 24)
		IMB_AES192_GCM_PRE(mgr, s->key, gcm);
	else
		IMB_AES256_GCM_PRE(mgr, s->key, gcm);
}

static void des_expand(IMB_MGR *mgr, struct sym_session *s)
{
	for (unsigned int i = 0; i < 3; i++) {
		IMB_DES_KEYSCHED(mgr, s->mb.des[i], s->key + i * 8 % s->key_len);
		s->des[i] = s->mb.des[i];
	}
}

/* CMAC and CCM are not there for AES-192. */
static bool key_known(const struct sym_session *s)
{
	return s->key_len != 24 || s->alg->family != SYM_AES ||
	       (s->alg->mode != SYM_CMAC && s->alg->mode != SYM_CCM);
}

void sym_mb_keys(struct sym_lane *lane, struct sym_session *s)
{
	struct sym_mb_lane *mb = s->alg->mb.how ? mb_get(lane) : NULL;

	if (!mb || !key_known(s)) {
		s->no_mb = true;
		return;
	}
	s->mb_group = (uint32_t)(s->alg - sym_algs) << 16 | (uint32_t)s->key_len << 8;
	if (s->alg->family == SYM_AES) {
		if (s->alg->mode == SYM_GCM || s->alg->mode == SYM_GMAC)
			gcm_expand(mb->mgr, s);
		else
			aes_expand(mb->mgr, s, s->alg->mode == SYM_XCBC ? s->sub[2] : s->key,
				   s->key_len);
	} else if (s->alg->family) {
		des_expand(mb->mgr, s);
	}
}

/* ---- which jobs ---------------------------------------------------------------------------- */

/* The 32 bits that ipsec-mb counts with must not wrap. */
static bool counter_fits(const struct sym_job *j)
{
	uint32_t low = (uint32_t)j->iv[12] << 24 | (uint32_t)j->iv[13] << 16 |
		       (uint32_t)j->iv[14] << 8 | j->iv[15];

	return j->len / SYM_BLOCK + 1 <= UINT32_MAX - low;
}

/* AAD and ciphertext have to lie side by side, or will once the AAD has been copied. */
static bool chain_fits(const struct sym_job *j)
{
	const uint8_t *data = sym_decrypt(j) ? j->src : j->dst;

	return j->aad_len + j->len <= MB_PIECE && j->len &&
	       (!j->aad_len || j->aad + j->aad_len == data ||
		(!sym_decrypt(j) && j->flags & SDEV_SYM_AAD_COPY));
}

static inline bool job_fits(const struct sym_job *j)
{
	const struct sym_alg *alg = j->s->alg;

	if (j->done || j->s->no_mb)
		return false;
	switch (alg->op) {
	case SDEV_OP_CIPHER:
		return j->len >= alg->mb.least && (alg->mode != SYM_CTR || counter_fits(j));
	case SDEV_OP_DIGEST:
		if (!sym_whole(j))
			return false;
		return alg->mb.how == SYM_MB_DIRECT || (j->len && j->len <= MB_PIECE);
	default:
		if (!sym_whole(j))
			return false;
		if (alg->mb.how == SYM_MB_DIRECT)
			return j->iv_len == 12;
		if (alg->mb.how == SYM_MB_CHAIN)
			return chain_fits(j);
		return j->len && j->len <= MB_PIECE && j->aad_len <= MB_AAD_CCM;
	}
}

/* What one call takes. */
static inline uint32_t group_key(const struct sym_job *j)
{
	return j->s->mb_group | (j->flags & SDEV_SYM_DECRYPT);
}

/* The numbers of alg.c are those of sixteen lanes. Fewer lanes gain as much less. */
static unsigned int mb_from(const struct sym_mb_lane *mb, const struct sym_job *j)
{
	unsigned int from = j->s->alg->mb.from[sym_decrypt(j) ? 1 : 0];

	return mb->wide || from <= 3 ? from : UINT8_MAX;
}

/*
 * Leave the longest jobs out until the rest is worth it. Returns how many are
 * left in the group, and in @longest how long the longest of them is.
 */
static unsigned int group_trim(const struct sym_mb_lane *mb, struct sym_job **group,
			       unsigned int n, size_t *longest)
{
	unsigned int from = mb_from(mb, group[0]);
	uint64_t sum = 0;
	unsigned int at;

	for (;; group[at] = group[--n]) {
		*longest = 0;
		sum = 0;
		at = 0;
		for (unsigned int i = 0; i < n; i++) {
			size_t len = group[i]->len;

			sum += len + SYM_BLOCK;
			if (len > *longest) {
				*longest = len;
				at = i;
			}
		}
		if (!n || from <= 1 || sum >= from * (uint64_t)(*longest + SYM_BLOCK))
			return n;
	}
}

/* ---- ciphers ---------------------------------------------------------------------------------- */

static void cipher_fill(IMB_JOB *m, struct sym_job *j, uint8_t *iv, size_t at, size_t len)
{
	struct sym_session *s = j->s;

	m->src = j->src + at;
	m->dst = j->dst + at;
	m->cipher_start_src_offset_in_bytes = 0;
	m->msg_len_to_cipher_in_bytes = len;
	m->iv = iv;
	m->iv_len_in_bytes = s->alg->iv;
	m->key_len_in_bytes = s->key_len;
	m->enc_keys = s->mb.aes.enc;
	m->dec_keys = s->mb.aes.dec;
	if (s->alg->family == SYM_DES) {
		m->enc_keys = m->dec_keys = s->mb.des[0];
	} else if (s->alg->family == SYM_3DES) {
		m->enc_keys = m->dec_keys = s->des;
		m->key_len_in_bytes = 24;
	}
}

static unsigned int jobs_run(struct sym_mb_lane *mb, struct sym_job **group, unsigned int n,
			     void (*fill)(struct sym_mb_lane *mb, unsigned int i, IMB_JOB *m))
{
	unsigned int done = 0;
	IMB_JOB *m;

	(void)group;
	for (unsigned int i = 0; i < n; i++) {
		m = IMB_GET_NEXT_JOB(mb->mgr);
		fill(mb, i, m);
		m->user_data = &mb->live[i];
		/* Those that take no lanes come back at once: nothing is left to ask for. */
		for (m = IMB_SUBMIT_JOB_NOCHECK(mb->mgr); m; m = IMB_GET_COMPLETED_JOB(mb->mgr)) {
			done += m->status == IMB_STATUS_COMPLETED;
			if (done == i + 1)
				break;
		}
	}
	while (done < n && (m = IMB_FLUSH_JOB(mb->mgr)))
		done += m->status == IMB_STATUS_COMPLETED;
	return done;
}

static IMB_CIPHER_DIRECTION direction(const struct sym_job *j)
{
	return sym_decrypt(j) ? IMB_DIR_DECRYPT : IMB_DIR_ENCRYPT;
}

static void cipher_job_kind(struct sym_mb_lane *mb, unsigned int i, IMB_JOB *m)
{
	m->cipher_mode = mb->live[i]->s->alg->mb.cipher;
	m->cipher_direction = direction(mb->live[i]);
	m->hash_alg = IMB_AUTH_NULL;
	m->chain_order = IMB_ORDER_CIPHER_HASH;
}

static void cipher_job_fill(struct sym_mb_lane *mb, unsigned int i, IMB_JOB *m)
{
	*m = mb->jobs[i];
	cipher_job_kind(mb, i, m);
}

/* All of it, straight into the manager's own. */
static void cipher_short_fill(struct sym_mb_lane *mb, unsigned int i, IMB_JOB *m)
{
	struct sym_job *j = mb->live[i];

	cipher_fill(m, j, j->iv, 0, j->len);
	cipher_job_kind(mb, i, m);
}

/* One round of pieces: those of mb->live. */
static bool cipher_round(struct sym_mb_lane *mb, unsigned int n)
{
	const struct sym_alg *alg = mb->live[0]->s->alg;

	if (alg->mb.how == SYM_MB_JOBS)
		return jobs_run(mb, mb->live, n, cipher_job_fill) == n;
	return IMB_SUBMIT_CIPHER_BURST_NOCHECK(mb->mgr, mb->jobs, n, alg->mb.cipher,
					       direction(mb->live[0]),
					       mb->live[0]->s->key_len) == n;
}

/* Where the next piece starts; before @tail of a decryption in place is overwritten. */
static void piece_tail(const struct sym_job *j, const uint8_t *data, size_t end, uint8_t *tail)
{
	if (j->s->alg->mode == SYM_CBC)
		sym_block_copy(tail, data + end - j->s->alg->iv, j->s->alg->iv);
}

/* Nobody is longer than the library takes: each with its own IV, which moves on afterwards. */
static bool ciphers_run_short(struct sym_mb_lane *mb, struct sym_job **group, unsigned int n)
{
	const struct sym_alg *alg = group[0]->s->alg;
	bool decrypt = sym_decrypt(group[0]);
	uint8_t tails[SDEV_BATCH_MAX][SYM_BLOCK];

	for (unsigned int i = 0; i < n; i++) {
		if (decrypt)
			piece_tail(group[i], group[i]->src, group[i]->len, tails[i]);
		mb->live[i] = group[i];
		if (alg->mb.how != SYM_MB_JOBS)
			cipher_fill(&mb->jobs[i], group[i], group[i]->iv, 0, group[i]->len);
	}
	if (alg->mb.how == SYM_MB_JOBS ? jobs_run(mb, group, n, cipher_short_fill) != n :
					 !cipher_round(mb, n))
		return false;
	for (unsigned int i = 0; i < n; i++) {
		if (!decrypt)
			piece_tail(group[i], group[i]->dst, group[i]->len, tails[i]);
		sym_iv_next(alg->mode, group[i]->iv, alg->iv, group[i]->len, tails[i]);
		sym_end(group[i], SDEV_ST_DONE, SDEV_DONE_ALL);
	}
	return true;
}

/*
 * Jobs longer than the library takes go in rounds, with the IV of each piece from
 * the one before it. Callers' IVs change only when all of it is done.
 */
static bool ciphers_run_long(struct sym_mb_lane *mb, struct sym_job **group, unsigned int n)
{
	enum sym_mode mode = group[0]->s->alg->mode;
	unsigned int block = group[0]->s->alg->iv, live;
	uint8_t tails[SDEV_BATCH_MAX][SYM_BLOCK];

	for (unsigned int i = 0; i < n; i++) {
		mb->left[i] = group[i]->len;
		memcpy(mb->iv[i], group[i]->iv, SYM_BLOCK);
	}
	for (;;) {
		live = 0;
		for (unsigned int i = 0; i < n; i++) {
			size_t at = group[i]->len - mb->left[i];
			size_t len = wdi_min(mb->left[i], (size_t)MB_PIECE);

			if (!len)
				continue;
			if (sym_decrypt(group[i]))
				piece_tail(group[i], group[i]->src, at + len, tails[live]);
			mb->live[live] = group[i];
			mb->live_at[live] = i;
			cipher_fill(&mb->jobs[live++], group[i], mb->iv[i], at, len);
		}
		if (!live)
			break;
		if (!cipher_round(mb, live))
			return false;
		for (unsigned int k = 0; k < live; k++) {
			unsigned int i = mb->live_at[k];
			size_t at = group[i]->len - mb->left[i];
			size_t len = wdi_min(mb->left[i], (size_t)MB_PIECE);

			if (!sym_decrypt(group[i]))
				piece_tail(group[i], group[i]->dst, at + len, tails[k]);
			sym_iv_next(mode, mb->iv[i], block, len, tails[k]);
			mb->left[i] -= len;
		}
	}
	for (unsigned int i = 0; i < n; i++) {
		memcpy(group[i]->iv, mb->iv[i], SYM_BLOCK);
		sym_end(group[i], SDEV_ST_DONE, SDEV_DONE_ALL);
	}
	return true;
}

static inline bool ciphers_run(struct sym_mb_lane *mb, struct sym_job **group, unsigned int n,
			       size_t longest)
{
	return wdi_likely(longest <= MB_PIECE) ? ciphers_run_short(mb, group, n) :
						 ciphers_run_long(mb, group, n);
}

/* ---- hashes and MACs ------------------------------------------------------------------------------ */

static void hash_fill(IMB_JOB *m, struct sym_job *j, const uint8_t *p, size_t len)
{
	struct sym_session *s = j->s;

	m->src = p;
	m->hash_start_src_offset_in_bytes = 0;
	m->msg_len_to_hash_in_bytes = len;
	m->auth_tag_output = j->mac;
	m->auth_tag_output_len_in_bytes = s->alg->mac;
	m->hash_alg = s->alg->mb.hash;
	switch (m->hash_alg) {
	case IMB_AUTH_AES_CMAC:
	case IMB_AUTH_AES_CMAC_256:
		m->hash_alg = s->key_len == 16 ? IMB_AUTH_AES_CMAC : IMB_AUTH_AES_CMAC_256;
		m->u.CMAC._key_expanded = s->mb.aes.enc;
		m->u.CMAC._skey1 = s->sub[0];
		m->u.CMAC._skey2 = s->sub[1];
		break;
	case IMB_AUTH_AES_XCBC:
		m->u.XCBC._k1_expanded = (const uint32_t *)s->mb.aes.enc;
		m->u.XCBC._k2 = s->sub[0];
		m->u.XCBC._k3 = s->sub[1];
		break;
	default:
		m->u.HMAC._hashed_auth_key_xor_ipad = s->inner;
		m->u.HMAC._hashed_auth_key_xor_opad = s->outer;
		break;
	}
}

static void hash_job_fill(struct sym_mb_lane *mb, unsigned int i, IMB_JOB *m)
{
	memset(m, 0, sizeof(*m));
	hash_fill(m, mb->live[i], mb->live[i]->src, mb->live[i]->len);
	m->cipher_mode = IMB_CIPHER_NULL;
	m->cipher_direction = IMB_DIR_ENCRYPT;
	m->chain_order = IMB_ORDER_HASH_CIPHER;
}

static bool hashes_run(struct sym_mb_lane *mb, struct sym_job **group, unsigned int n)
{
	const struct sym_alg *alg = group[0]->s->alg;
	bool ok;

	for (unsigned int i = 0; i < n; i++) {
		mb->live[i] = group[i];
		if (alg->mb.how == SYM_MB_HASH_BURST)
			hash_fill(&mb->jobs[i], group[i], group[i]->src, group[i]->len);
	}
	ok = alg->mb.how == SYM_MB_HASH_BURST ?
	     IMB_SUBMIT_HASH_BURST_NOCHECK(mb->mgr, mb->jobs, n, alg->mb.hash) == n :
	     jobs_run(mb, group, n, hash_job_fill) == n;
	for (unsigned int i = 0; i < n; i++)
		sym_end(group[i], SDEV_ST_DONE, SDEV_DONE_ALL);
	return ok;
}

/* ---- AEAD ---------------------------------------------------------------------------------------------- */

static void ccm_job_fill(struct sym_mb_lane *mb, unsigned int i, IMB_JOB *m)
{
	struct sym_job *j = mb->live[i];

	memset(m, 0, sizeof(*m));
	cipher_fill(m, j, j->iv, 0, j->len);
	m->iv_len_in_bytes = j->iv_len;
	m->cipher_mode = IMB_CIPHER_CCM;
	m->cipher_direction = direction(j);
	m->hash_alg = IMB_AUTH_AES_CCM;
	m->hash_start_src_offset_in_bytes = 0;
	m->msg_len_to_hash_in_bytes = j->len;
	m->chain_order = sym_decrypt(j) ? IMB_ORDER_CIPHER_HASH : IMB_ORDER_HASH_CIPHER;
	m->auth_tag_output = mb->iv[i];
	m->auth_tag_output_len_in_bytes = j->mac_len;
	m->u.CCM.aad = j->aad;
	m->u.CCM.aad_len_in_bytes = j->aad_len;
}

static bool ccm_run(struct sym_mb_lane *mb, struct sym_job **group, unsigned int n)
{
	bool ok;

	memcpy(mb->live, group, n * sizeof(*group));
	ok = jobs_run(mb, group, n, ccm_job_fill) == n;
	for (unsigned int i = 0; i < n && ok; i++) {
		sym_end(group[i], SDEV_ST_DONE, SDEV_DONE_ALL);
		sym_tag_end(group[i], mb->iv[i]);
	}
	return ok;
}

/* No manager, and no lanes: one job after the other, without what EVP adds to each. */
static void gcm_run(struct sym_mb_lane *mb, struct sym_job *j)
{
	const struct gcm_key_data *key = (const struct gcm_key_data *)j->s->mb.gcm;
	unsigned int size = j->s->key_len / 8u - 2, dec = sym_decrypt(j) ? 1 : 0;
	const aes_gcm_enc_dec_t fns[2][3] = {
		{ mb->mgr->gcm128_enc, mb->mgr->gcm192_enc, mb->mgr->gcm256_enc },
		{ mb->mgr->gcm128_dec, mb->mgr->gcm192_dec, mb->mgr->gcm256_dec },
	};
	uint8_t tag[SYM_BLOCK];

	fns[dec][size](key, &mb->gcm, j->dst, j->src, j->len, j->iv, j->aad, j->aad_len, tag,
		       SYM_BLOCK);
	sym_end(j, SDEV_ST_DONE, SDEV_DONE_ALL);
	sym_tag_end(j, tag);
}

static void gmac_run(struct sym_mb_lane *mb, struct sym_job *j)
{
	const struct gcm_key_data *key = (const struct gcm_key_data *)j->s->mb.gcm;
	unsigned int size = j->s->key_len / 8u - 2;
	const aes_gmac_init_t inits[] = { mb->mgr->gmac128_init, mb->mgr->gmac192_init,
					  mb->mgr->gmac256_init };
	const aes_gmac_update_t updates[] = { mb->mgr->gmac128_update, mb->mgr->gmac192_update,
					      mb->mgr->gmac256_update };
	const aes_gmac_finalize_t finals[] = { mb->mgr->gmac128_finalize,
					       mb->mgr->gmac192_finalize,
					       mb->mgr->gmac256_finalize };

	inits[size](key, &mb->gcm, sym_iv(j), j->iv_len);
	updates[size](key, &mb->gcm, j->src, j->len);
	finals[size](key, &mb->gcm, j->mac, SYM_BLOCK);
	sym_end(j, SDEV_ST_DONE, SDEV_DONE_ALL);
}

static bool direct_run(struct sym_mb_lane *mb, struct sym_job **group, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		if (group[i]->s->alg->mode == SYM_GMAC)
			gmac_run(mb, group[i]);
		else
			gcm_run(mb, group[i]);
		/* Unlike those of a manager it is through with this one. */
		group[i]->done = true;
	}
	return true;
}

/* The MAC of AAD and ciphertext, which lie side by side, into j->long_iv. */
static bool chain_macs(struct sym_mb_lane *mb, struct sym_job **group, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		struct sym_job *j = group[i];
		const uint8_t *data = sym_decrypt(j) ? j->src : j->dst;

		hash_fill(&mb->jobs[i], j, data - j->aad_len, j->aad_len + j->len);
		mb->jobs[i].auth_tag_output = j->long_iv;
	}
	return IMB_SUBMIT_HASH_BURST_NOCHECK(mb->mgr, mb->jobs, n,
					     group[0]->s->alg->mb.hash) == n;
}

static bool chain_ciphers(struct sym_mb_lane *mb, struct sym_job **group, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		cipher_fill(&mb->jobs[i], group[i], group[i]->iv, 0, group[i]->len);
	return !n || IMB_SUBMIT_CIPHER_BURST_NOCHECK(mb->mgr, mb->jobs, n, IMB_CIPHER_CBC,
						     direction(group[0]),
						     group[0]->s->key_len) == n;
}

static bool chain_run(struct sym_mb_lane *mb, struct sym_job **group, unsigned int n)
{
	unsigned int good = 0;

	for (unsigned int i = 0; i < n; i++)
		sym_end(group[i], SDEV_ST_DONE, SDEV_DONE_ALL);
	if (!sym_decrypt(group[0])) {
		for (unsigned int i = 0; i < n; i++)
			sym_aad_copy(group[i]);
		if (!chain_ciphers(mb, group, n) || !chain_macs(mb, group, n))
			return false;
		for (unsigned int i = 0; i < n; i++)
			memcpy(group[i]->mac, group[i]->long_iv, group[i]->mac_len);
		return true;
	}
	/* Only what is authentic is decrypted. */
	if (!chain_macs(mb, group, n))
		return false;
	for (unsigned int i = 0; i < n; i++) {
		if (CRYPTO_memcmp(group[i]->mac, group[i]->long_iv, group[i]->mac_len))
			sym_end(group[i], SDEV_ST_AUTH_FAILED, 0);
		else
			mb->live[good++] = group[i];
	}
	return chain_ciphers(mb, mb->live, good);
}

/* ---- a batch --------------------------------------------------------------------------------------------- */

static bool group_run(struct sym_mb_lane *mb, struct sym_job **group, unsigned int n,
		      size_t longest)
{
	const struct sym_alg *alg = group[0]->s->alg;

	if (alg->mb.how == SYM_MB_DIRECT)
		return direct_run(mb, group, n);
	if (alg->mb.how == SYM_MB_CHAIN)
		return chain_run(mb, group, n);
	if (alg->op == SDEV_OP_CIPHER)
		return ciphers_run(mb, group, n, longest);
	return alg->op == SDEV_OP_DIGEST ? hashes_run(mb, group, n) : ccm_run(mb, group, n);
}

static void group_begin(struct sym_job **group, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		group[i]->in_mb = true;
}

/* A library that does not keep its word: its output counts for nothing. */
static void group_end(struct sym_lane *lane, struct sym_job **group, unsigned int n, bool ok)
{
	for (unsigned int i = 0; i < n; i++) {
		struct sym_job *j = group[i];

		j->in_mb = false;
		j->engine = SDEV_ENGINE_IPSEC_MB;
		if (wdi_unlikely(!ok) && !j->over) {
			j->s->no_mb = true;
			continue;	/* libcrypto does it again */
		}
		if (wdi_unlikely(!ok))
			sym_end(j, SDEV_ST_ABORTED, 0);
		j->done = true;
	}
	if (wdi_unlikely(!ok)) {
		sdev_fail(group[0]->job->dev, "ipsec-mb did not complete its jobs");
		sym_mb_lost(lane);
	}
}

/* A job alone needs no groups; that it is worth it is asked first, as it mostly is not. */
static void run_one(struct sym_lane *lane, struct sym_job *j)
{
	struct sym_mb_lane *mb = mb_get(lane);

	if (!mb || mb_from(mb, j) > 1 || !job_fits(j))
		return;
	group_begin(&j, 1);
	group_end(lane, &j, 1, group_run(mb, &j, 1, j->len));
}

/* Those of the lane's list that ipsec-mb takes. @same: one call would take them all. */
static unsigned int jobs_pick(struct sym_lane *lane, struct sym_job **left, bool *same)
{
	unsigned int n = 0;
	uint32_t differs = 0;

	for (unsigned int i = 0; i < lane->count; i++) {
		struct sym_job *j = lane->list[i];

		if (!j->s->alg->mb.how || !job_fits(j))
			continue;
		left[n++] = j;
		differs |= group_key(j) ^ group_key(left[0]);
	}
	*same = !differs;
	return n;
}

/* Jobs of the first one's group to the lane's, the others together. Returns how many those are. */
static unsigned int group_make(struct sym_mb_lane *mb, struct sym_job **left, unsigned int n,
			       unsigned int *all)
{
	uint32_t key = group_key(left[0]);
	unsigned int rest = 0;

	*all = 0;
	for (unsigned int i = 0; i < n; i++) {
		if (group_key(left[i]) == key)
			mb->group[(*all)++] = left[i];
		else
			left[rest++] = left[i];
	}
	return rest;
}

void sym_mb_run(struct sym_lane *lane)
{
	struct sym_job *left[SDEV_BATCH_MAX], **group;
	unsigned int n, rest, all;
	struct sym_mb_lane *mb;
	size_t longest;
	bool same;

	if (lane->count == 1) {
		if (lane->list[0]->s->alg->mb.how)
			run_one(lane, lane->list[0]);
		return;
	}
	n = jobs_pick(lane, left, &same);
	mb = n ? mb_get(lane) : NULL;
	for (; n && mb && mb->mgr; n = rest) {
		group = same ? left : mb->group;
		all = n;
		rest = same ? 0 : group_make(mb, left, n, &all);
		all = group_trim(mb, group, all, &longest);
		if (!all)
			continue;
		group_begin(group, all);
		group_end(lane, group, all, group_run(mb, group, all, longest));
	}
}

#else /* HAVE_IPSEC_MB */

void sym_mb_run(struct sym_lane *lane)
{
	(void)lane;
}

void sym_mb_keys(struct sym_lane *lane, struct sym_session *s)
{
	(void)lane;
	s->no_mb = true;
}

void sym_mb_lost(struct sym_lane *lane)
{
	(void)lane;
}

void sym_mb_exit(struct sym_lane *lane)
{
	(void)lane;
}

const char *sym_mb_version(void)
{
	return NULL;
}

#endif
