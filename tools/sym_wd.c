/* SPDX-License-Identifier: MIT */
/* libwd at the jobs of sym_case.h: one class a process. */
#include "sym_case.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <uadk/wd_aead.h>
#include <uadk/wd_sched.h>

union request {
	struct wd_cipher_req cipher;
	struct wd_digest_req digest;
	struct wd_aead_req aead;
};

struct wd_state {
	struct sym_data *d;
	handle_t sess;
	unsigned int left;	/* asynchronous requests under way */
	int error;
	union request req[SYM_JOBS];
};

/* ---- the classes ----------------------------------------------------------------- */

static void *ended(struct wd_state *s, unsigned int state)
{
	s->left--;
	if (state)
		s->error = -EIO;
	return NULL;
}

static void *cipher_ended(struct wd_cipher_req *req, void *param)
{
	return ended(param, req->state);
}

static void *digest_ended(void *req)
{
	return ended(((struct wd_digest_req *)req)->cb_param,
		     ((struct wd_digest_req *)req)->state);
}

static void *aead_ended(struct wd_aead_req *req, void *param)
{
	return ended(param, req->state);
}

static int cipher_open(struct wd_state *s)
{
	const struct sym_row *row = s->d->row;
	struct wd_cipher_sess_setup setup = { .alg = row->alg, .mode = row->mode };
	int ret = wd_cipher_init2(row->name, SCHED_POLICY_RR, TASK_MIX);

	if (ret)
		return ret;
	s->sess = wd_cipher_alloc_sess(&setup);
	return s->sess ? wd_cipher_set_key(s->sess, s->d->key, row->key) : -errno;
}

static int digest_open(struct wd_state *s)
{
	const struct sym_row *row = s->d->row;
	struct wd_digest_sess_setup setup = { .alg = row->alg, .mode = row->mode };
	/* Sessions may use every algorithm that the device has, so any name will do. */
	int ret = wd_digest_init2("sha256", SCHED_POLICY_RR, TASK_MIX);

	if (ret)
		return ret;
	s->sess = wd_digest_alloc_sess(&setup);
	if (!s->sess)
		return -errno;
	return row->key ? wd_digest_set_key(s->sess, s->d->key, row->key) : 0;
}

static int aead_open(struct wd_state *s)
{
	const struct sym_row *row = s->d->row;
	struct wd_aead_sess_setup setup = { .calg = row->alg, .cmode = row->mode,
					    .dalg = row->mac, .dmode = WD_DIGEST_HMAC };
	int ret = wd_aead_init2(row->name, SCHED_POLICY_RR, TASK_MIX);

	if (ret)
		return ret;
	s->sess = wd_aead_alloc_sess(&setup);
	if (!s->sess)
		return -errno;
	ret = wd_aead_set_ckey(s->sess, s->d->key, row->key);
	if (!ret && row->akey)
		ret = wd_aead_set_akey(s->sess, s->d->akey, row->akey);
	return ret ? ret : wd_aead_set_authsize(s->sess, row->out);
}

static void cipher_fill(struct wd_state *s, union request *r, struct sym_job *j)
{
	r->cipher = (struct wd_cipher_req){
		.op_type = s->d->decrypt ? WD_CIPHER_DECRYPTION : WD_CIPHER_ENCRYPTION,
		.src = j->src, .dst = j->dst, .iv = j->iv,
		.in_bytes = (__u32)s->d->size, .out_buf_bytes = (__u32)s->d->size,
		.iv_bytes = s->d->row->iv, .cb = cipher_ended, .cb_param = s,
	};
}

static void digest_fill(struct wd_state *s, union request *r, struct sym_job *j)
{
	r->digest = (struct wd_digest_req){
		.in = j->src, .in_bytes = (__u32)s->d->size,
		.out = j->mac, .out_bytes = s->d->row->out, .out_buf_bytes = sizeof(j->mac),
		.iv = j->iv, .iv_bytes = s->d->row->iv, .cb = digest_ended, .cb_param = s,
	};
}

static void aead_fill(struct wd_state *s, union request *r, struct sym_job *j)
{
	r->aead = (struct wd_aead_req){
		.op_type = s->d->decrypt ? WD_CIPHER_DECRYPTION_DIGEST :
					   WD_CIPHER_ENCRYPTION_DIGEST,
		.src = j->src, .dst = j->dst, .iv = j->iv, .mac = j->mac,
		.in_bytes = (__u32)s->d->size, .assoc_bytes = SYM_AAD,
		.iv_bytes = s->d->row->iv, .mac_bytes = sizeof(j->mac),
		.cb = aead_ended, .cb_param = s,
	};
}

static int cipher_sync(handle_t sess, union request *r)
{
	return wd_do_cipher_sync(sess, &r->cipher);
}

static int cipher_async(handle_t sess, union request *r)
{
	return wd_do_cipher_async(sess, &r->cipher);
}

static int digest_sync(handle_t sess, union request *r)
{
	return wd_do_digest_sync(sess, &r->digest);
}

static int digest_async(handle_t sess, union request *r)
{
	return wd_do_digest_async(sess, &r->digest);
}

static int aead_sync(handle_t sess, union request *r)
{
	return wd_do_aead_sync(sess, &r->aead);
}

static int aead_async(handle_t sess, union request *r)
{
	return wd_do_aead_async(sess, &r->aead);
}

static const struct class_ways {
	int (*open)(struct wd_state *s);
	void (*fill)(struct wd_state *s, union request *r, struct sym_job *j);
	int (*sync)(handle_t sess, union request *r);
	int (*async)(handle_t sess, union request *r);
	int (*poll)(__u32 expt, __u32 *count);
} ways[] = {
	[SYM_CIPHER] = { cipher_open, cipher_fill, cipher_sync, cipher_async, wd_cipher_poll },
	[SYM_DIGEST] = { digest_open, digest_fill, digest_sync, digest_async, wd_digest_poll },
	[SYM_AEAD] = { aead_open, aead_fill, aead_sync, aead_async, wd_aead_poll },
};

/* ---- the contestants --------------------------------------------------------------- */

/* One for both, as a process has one set of contexts a class. */
static void *wd_open(struct sym_data *d)
{
	static struct wd_state *s;

	if (s) {
		/* The direction may be another one by now. */
		for (unsigned int i = 0; i < SYM_JOBS; i++)
			ways[d->row->class].fill(s, &s->req[i], &d->job[i]);
		return s;
	}
	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->d = d;
	if (ways[d->row->class].open(s)) {
		free(s);
		s = NULL;
		return NULL;
	}
	return wd_open(d);
}

static int sync_run(void *state, unsigned int depth)
{
	struct wd_state *s = state;
	const struct class_ways *w = &ways[s->d->row->class];
	int ret = 0;

	(void)depth;
	for (unsigned int i = 0; i < SYM_JOBS && !ret; i++)
		ret = w->sync(s->sess, &s->req[i]);
	return ret;
}

static int async_run(void *state, unsigned int depth)
{
	struct wd_state *s = state;
	const struct class_ways *w = &ways[s->d->row->class];
	unsigned int sent = 0;
	__u32 got;
	int ret;

	while (sent < SYM_JOBS || s->left) {
		while (sent < SYM_JOBS && s->left < depth) {
			ret = w->async(s->sess, &s->req[sent]);
			if (ret == -WD_EBUSY)
				break;
			if (ret)
				return ret;
			s->left++;
			sent++;
		}
		ret = w->poll(depth, &got);
		if (ret < 0 && ret != -WD_EAGAIN)
			return ret;
	}
	return s->error;
}

const struct sym_side sym_side_sync = { wd_open, sync_run };
const struct sym_side sym_side_async = { wd_open, async_run };
