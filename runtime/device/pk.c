/* SPDX-License-Identifier: MIT */
/*
 * Public-key jobs: SESSION_OPEN for these algorithms, and PK. A job names a list of
 * operands; the inputs are copied into the lane, the operation runs on the copies,
 * and the results are stored at its end, so that a bad address meets no arithmetic.
 */
#include "device/device_internal.h"
#include "device/pk.h"

#include <errno.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>

#include "util/log.h"

static void session_destroy(void *body)
{
	sdev_pk_session_free(body);
}

const struct sdev_object_kind sdev_pk_kind = { .destroy = session_destroy };

/* What a completion says of each end. */
static const struct {
	uint8_t status;
	uint8_t detail;
} ends[] = {
	[PK_OK] = { SDEV_ST_DONE, SDEV_DONE_ALL },
	[PK_MISMATCH] = { SDEV_ST_AUTH_FAILED, 0 },
	[PK_RANGE] = { SDEV_ST_BAD_OPERAND, SDEV_OPERAND_RANGE },
	[PK_SCALAR] = { SDEV_ST_BAD_OPERAND, SDEV_OPERAND_SCALAR },
	[PK_POINT] = { SDEV_ST_BAD_OPERAND, SDEV_OPERAND_POINT },
	[PK_KEY] = { SDEV_ST_BAD_KEY, SDEV_KEY_RANGE },
	[PK_CURVE] = { SDEV_ST_BAD_KEY, SDEV_KEY_CURVE },
	[PK_ROOM] = { SDEV_ST_MALFORMED, SDEV_BAD_LENGTH },
	[PK_HASH] = { SDEV_ST_UNSUPPORTED, 0 },
	[PK_NOMEM] = { SDEV_ST_NO_MEMORY, 0 },
	[PK_FAILED] = { SDEV_ST_UNSUPPORTED, 0 },
};
static_assert(wdi_array_size(ends) == PK_RC_COUNT, "an end without a status");

static void job_end(struct sdev_job *job, enum sdev_pk_rc rc)
{
	/* What libcrypto noted on the way is nobody's: this thread may be the application's. */
	if (rc)
		ERR_pop_to_mark();
	else
		ERR_clear_last_mark();
	sdev_job_end(job, ends[rc].status, ends[rc].detail);
}

static struct sdev_pk_lane *pk_lane(struct sdev_job *job)
{
	struct sdev_lane *lane = job->lane;

	if (wdi_unlikely(!lane->pk)) {
		OSSL_LIB_CTX *lib = sdev_libcrypto();

		lane->pk = lib ? sdev_pk_lane_new(lib) : NULL;
		if (!lane->pk)
			sdev_job_end(job, SDEV_ST_NO_MEMORY, 0);
	}
	return lane->pk;
}

/* ---- sessions ------------------------------------------------------------------ */

void sdev_pk_open(struct sdev_job *job)
{
	const struct sdev_ext *ext = job->ext;
	struct sdev_pk_lane *lane = pk_lane(job);
	struct sdev_pk_curve curve, *given = NULL;
	struct sdev_pk_session *s;
	struct sdev_fault fault;
	enum sdev_pk_rc rc;
	int err;

	if (!lane)
		return;
	if (job->desc->src_len ||
	    (ext->session.key2_len && ext->session.key2_len != sizeof(curve))) {
		sdev_job_end(job, SDEV_ST_BAD_KEY, SDEV_KEY_LENGTH);
		return;
	}
	if (ext->session.key2_len) {
		if (sdev_fetch(job, &curve, ext->session.key2_va, sizeof(curve), &fault) <
		    sizeof(curve)) {
			sdev_job_fault(job, &fault);
			return;
		}
		given = &curve;
	}
	job->cpl->engine = SDEV_ENGINE_OPENSSL;
	ERR_set_mark();
	rc = sdev_pk_session_new(lane, job->desc->session.alg, ext->session.bits, given, &s);
	if (!rc) {
		err = sdev_object_new(job, &sdev_pk_kind, s);
		if (err) {
			sdev_pk_session_free(s);
			rc = PK_NOMEM;
		}
	}
	job_end(job, rc);
}

/* ---- operands ------------------------------------------------------------------- */

/* Lengths first. 0 or enum sdev_malformed; @total: bytes of all operands. */
static unsigned int params_check(const struct sdev_pk_row *row, const struct sdev_pk_param *params,
				 size_t *total)
{
	unsigned int count = row->ins + row->outs;

	*total = 0;
	for (unsigned int i = 0; i < count; i++) {
		const struct sdev_pk_param *p = &params[i];
		bool text = i >= row->ins || (row->text & (1u << i));

		if (p->used)
			return SDEV_BAD_RESERVED;
		if (p->len > (text ? SDEV_PK_TEXT_MAX : PK_BYTES_MAX))
			return SDEV_BAD_LENGTH;
		if (!p->len && !(i < row->ins && (row->optional & (1u << i))))
			return SDEV_BAD_LENGTH;
		*total += p->len;
	}
	return 0;
}

/* Copy the inputs; the outputs get their room behind them. False: the job has been ended. */
static bool operands_fetch(struct sdev_job *job, const struct sdev_pk_row *row,
			   const struct sdev_pk_param *params, uint8_t *at, struct sdev_pk_call *c)
{
	struct sdev_fault fault;

	for (unsigned int i = 0; i < row->ins; i++) {
		size_t len = params[i].len;

		c->in[i] = (struct pk_in){ at, len };
		if (len && sdev_fetch(job, at, params[i].va, len, &fault) < len) {
			sdev_job_fault(job, &fault);
			return false;
		}
		job->cpl->consumed += (uint32_t)len;
		at += len;
	}
	for (unsigned int i = 0; i < row->outs; i++) {
		c->out[i] = (struct pk_out){ at, params[row->ins + i].len, 0 };
		at += c->out[i].room;
	}
	return true;
}

static uint64_t outs_list(const struct sdev_job *job, const struct sdev_pk_row *row)
{
	return job->desc->src_va + (uint64_t)row->ins * sizeof(struct sdev_pk_param);
}

/*
 * Look at every place of a result, and at the list that gets their lengths. False: the
 * job has been ended.
 */
static bool results_translate(struct sdev_job *job, const struct sdev_pk_row *row,
			      const struct sdev_pk_param *params)
{
	const struct sdev_pk_param *outs = &params[row->ins];
	size_t list_len = row->outs * sizeof(*outs);
	struct sdev_fault fault;

	for (unsigned int i = 0; i < row->outs; i++) {
		if (sdev_translate(job, outs[i].va, outs[i].len, SDEV_WRITE, &fault) < outs[i].len)
			goto fault;
	}
	if (!row->outs || sdev_translate(job, outs_list(job, row), list_len, SDEV_WRITE, &fault) ==
			  list_len)
		return true;
fault:
	sdev_job_fault(job, &fault);
	return false;
}

/*
 * All results, then the list with their lengths. Every place has been looked at before
 * the operation, so that a page that is only not there yet costs no arithmetic, and is
 * again before the first is written, so that of a job that faults nothing but what
 * another thread unmaps at this moment is half there.
 */
static bool results_store(struct sdev_job *job, const struct sdev_pk_row *row,
			  struct sdev_pk_param *params, const struct sdev_pk_call *c)
{
	struct sdev_pk_param *outs = &params[row->ins];
	uint64_t list = outs_list(job, row);
	struct sdev_fault fault;

	sdev_job_commit(job);
	if (!results_translate(job, row, params))
		return false;
	for (unsigned int i = 0; i < row->outs; i++) {
		if (sdev_store(job, outs[i].va, c->out[i].p, outs[i].len, &fault) < outs[i].len)
			goto fault;
		outs[i].used = (uint32_t)c->out[i].used;
		job->cpl->produced += outs[i].used;
	}
	if (!row->outs || sdev_store(job, list, outs, row->outs * sizeof(*outs), &fault) ==
			  row->outs * sizeof(*outs))
		return true;
fault:
	sdev_job_fault(job, &fault);
	return false;
}

static void run(struct sdev_job *job, struct sdev_pk_session *s, const struct sdev_pk_row *row,
		struct sdev_pk_param *params)
{
	struct sdev_pk_call c = { .s = s, .lane = pk_lane(job) };
	enum sdev_pk_rc rc;
	unsigned int bad;
	uint8_t *room;
	size_t total;

	if (!c.lane)
		return;
	bad = params_check(row, params, &total);
	if (bad) {
		sdev_job_end(job, SDEV_ST_MALFORMED, bad);
		return;
	}
	room = sdev_buf_get(&job->lane->in, total);
	if (!room) {
		sdev_job_end(job, SDEV_ST_NO_MEMORY, 0);
		return;
	}
	job->cpl->consumed = 0;		/* it may have been parked half-way */
	if (operands_fetch(job, row, params, room, &c) && results_translate(job, row, params)) {
		job->cpl->engine = SDEV_ENGINE_OPENSSL;
		ERR_set_mark();
		rc = row->run(&c);
		job_end(job, rc);
		if (!rc)
			results_store(job, row, params, &c);
	}
	OPENSSL_cleanse(room, total);
	sdev_lane_trim(job->lane);
}

void sdev_pk_run(struct sdev_job *job)
{
	const struct sdev_desc *d = job->desc;
	const struct sdev_pk_row *row = sdev_pk_row(d->pk.op);
	struct sdev_pk_param params[SDEV_PK_PARAMS];
	struct sdev_pk_session *s;
	struct sdev_object *o;
	struct sdev_fault fault;

	if (!row || d->pk.flags) {
		sdev_job_end(job, SDEV_ST_MALFORMED, row ? SDEV_BAD_FLAGS : SDEV_BAD_ALG);
		return;
	}
	if (d->src_len != (row->ins + row->outs) * sizeof(*params) || d->dst_len) {
		sdev_job_end(job, SDEV_ST_MALFORMED, SDEV_BAD_LENGTH);
		return;
	}
	o = sdev_object_share(job, &sdev_pk_kind);
	if (!o)
		return;
	s = o->body;
	if (!(row->algs & PK_ALG(s->alg)))
		sdev_job_end(job, SDEV_ST_MALFORMED, SDEV_BAD_OBJECT);
	else if (sdev_fetch(job, params, d->src_va, d->src_len, &fault) < d->src_len)
		sdev_job_fault(job, &fault);
	else
		run(job, s, row, params);
	sdev_object_done(job, o);
}
