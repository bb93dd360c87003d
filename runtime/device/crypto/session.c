/* SPDX-License-Identifier: MIT */
/*
 * Sessions: objects that hold a key. They lie in memory of their own, which is
 * not in core dumps, and which is wiped when a session ends.
 */
#include "device/crypto/sym.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "util/log.h"

/* ---- memory ----------------------------------------------------------------------- */

/* Sessions of all devices of the process, from mappings of this size that stay. */
#define ARENA_CHUNK	((size_t)256 << 10)

union arena_place {
	struct sym_session session;
	union arena_place *next;
};

static pthread_mutex_t arena_lock = PTHREAD_MUTEX_INITIALIZER;
static union arena_place *arena_free;

static bool arena_grow(void)
{
	union arena_place *p = mmap(NULL, ARENA_CHUNK, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return false;
	madvise(p, ARENA_CHUNK, MADV_DONTDUMP);
	for (size_t i = 0; i < ARENA_CHUNK / sizeof(*p); i++) {
		p[i].next = arena_free;
		arena_free = &p[i];
	}
	return true;
}

struct sym_session *sym_session_new(void)
{
	union arena_place *p = NULL;

	pthread_mutex_lock(&arena_lock);
	if (arena_free || arena_grow()) {
		p = arena_free;
		arena_free = p->next;
	}
	pthread_mutex_unlock(&arena_lock);
	if (!p)
		return NULL;
	memset(p, 0, sizeof(*p));
	atomic_flag_clear(&p->session.stream.busy);
	return &p->session;
}

void sym_session_free(struct sym_session *s)
{
	union arena_place *p = (union arena_place *)s;

	sym_stream_drop(&s->stream);
	sym_evp_drain(s);
	OPENSSL_cleanse(p, sizeof(*p));
	pthread_mutex_lock(&arena_lock);
	p->next = arena_free;
	arena_free = p;
	pthread_mutex_unlock(&arena_lock);
}

/* ---- objects ------------------------------------------------------------------------ */

static void session_destroy(void *body)
{
	sym_session_free(body);
}

const struct sdev_object_kind sdev_sym_kind = { .destroy = session_destroy };

uint64_t sdev_sym_algs(unsigned int word)
{
	uint64_t bits = 0;

	for (unsigned int i = 0; i < 64; i++) {
		if (sym_alg_get(word * 64 + i))
			bits |= UINT64_C(1) << i;
	}
	return bits;
}

static bool key_fits(const struct sym_alg *alg, uint32_t len)
{
	if (!alg->family)	/* HMAC takes any; a hash none */
		return alg->run == sym_hmac_run ? len && len <= SYM_KEY2_MAX : !len;
	for (unsigned int i = 0; i < wdi_array_size(alg->keys) && alg->keys[i]; i++) {
		if (alg->keys[i] == len)
			return true;
	}
	return false;
}

/* A key of any length, for as long as it takes to make states of it. False: job ended. */
static bool hmac_key_load(struct sdev_job *job, struct sym_lane *lane, struct sym_session *s,
			  uint64_t va, uint32_t len)
{
	struct sdev_fault fault;
	uint8_t *key = malloc(len);
	bool ok = false;

	if (!key) {
		sdev_job_errno(job, -ENOMEM);
		return false;
	}
	if (sdev_fetch(job, key, va, len, &fault) < len) {
		sdev_job_fault(job, &fault);
	} else {
		sym_hmac_key(lane, s, key, len);
		ok = true;
	}
	OPENSSL_cleanse(key, len);
	free(key);
	return ok;
}

static bool bad_key(struct sdev_job *job, unsigned int detail)
{
	sdev_job_end(job, SDEV_ST_BAD_KEY, detail);
	return false;
}

static bool cipher_key_load(struct sdev_job *job, struct sym_lane *lane, struct sym_session *s)
{
	const struct sdev_desc *d = job->desc;
	struct sdev_fault fault;

	if (sdev_fetch(job, s->key, d->src_va, d->src_len, &fault) < d->src_len) {
		sdev_job_fault(job, &fault);
		return false;
	}
	s->key_len = (uint8_t)d->src_len;
	/* IEEE 1619 and SP 800-38E: with equal halves the tweak can be told. */
	if (s->alg->mode == SYM_XTS &&
	    !CRYPTO_memcmp(s->key, s->key + s->key_len / 2, s->key_len / 2))
		return bad_key(job, SDEV_KEY_WEAK);
	if ((s->alg->mode == SYM_CMAC || s->alg->mode == SYM_XCBC) && !sym_mac_keys(lane, s)) {
		sdev_job_errno(job, -ENOMEM);
		return false;
	}
	return true;
}

/* False: the job has been ended. */
static bool keys_load(struct sdev_job *job, struct sym_lane *lane, struct sym_session *s)
{
	const struct sdev_desc *d = job->desc;
	uint32_t key2 = job->ext->session.key2_len;

	if (!key_fits(s->alg, d->src_len) ||
	    (s->alg->ext_key ? !key2 || key2 > SYM_KEY2_MAX : key2))
		return bad_key(job, SDEV_KEY_LENGTH);
	if (s->alg->family && !cipher_key_load(job, lane, s))
		return false;
	if (s->alg->run == sym_hmac_run)
		return hmac_key_load(job, lane, s, d->src_va, d->src_len);
	return !s->alg->ext_key ||
	       hmac_key_load(job, lane, s, job->ext->session.key2_va, key2);
}

void sdev_sym_open(struct sdev_job *job)
{
	struct sym_lane *lane = sym_lane_get(job->lane);
	struct sym_session *s = lane ? sym_session_new() : NULL;

	if (!s) {
		sdev_job_errno(job, -ENOMEM);
		return;
	}
	s->alg = sym_alg_get(job->desc->session.alg);
	s->no_mb = !(job->dev->crypto & SDEV_CRYPTO_IPSEC_MB);
	if (!keys_load(job, lane, s)) {
		sym_session_free(s);
		return;
	}
	if (!s->no_mb)
		sym_mb_keys(lane, s);
	sym_stack_wipe();
	sdev_job_errno(job, sdev_object_new(job, &sdev_sym_kind, s));
	if (SDEV_CPL_STATUS(job->cpl->end))
		sym_session_free(s);
}
