/* SPDX-License-Identifier: MIT */
/*
 * Jobs whose operands are not used where they lie: chains, and guards that let nobody
 * at client memory. The lane's memory has a copy of all of them.
 */
#include "device/crypto/sym.h"

#include <string.h>

size_t sym_copy_size(const struct sym_job *j)
{
	const struct sdev_desc *d = j->job->desc;

	return wdi_align_up((size_t)d->src_len, 64) +
	       (d->opcode == SDEV_OP_DIGEST ? 0 : wdi_align_up((size_t)d->src_len, 64)) +
	       wdi_align_up((size_t)j->aad_len, 64);
}

static bool smalls_fetch(struct sym_job *j)
{
	struct sdev_fault fault;

	for (unsigned int i = 0; i < j->ins; i++) {
		const struct sym_small *in = &j->in[i];

		if (sdev_fetch(j->job, in->ours, in->va, in->len, &fault) < in->len) {
			sym_job_fault(j, &fault);
			return false;
		}
	}
	return true;
}

/*
 * Everything that will be written is translated before anything is: a fault comes at
 * a point from which the job can begin again, also in place.
 */
static bool outputs_translate(struct sym_job *j)
{
	const struct sdev_desc *d = j->job->desc;
	bool digest = d->opcode == SDEV_OP_DIGEST;
	struct sdev_fault fault;

	if (sdev_operand_writable(j->job, &j->job->dst, digest ? d->dst_len : d->src_len, &fault) &&
	    (digest || !j->out.len ||
	     sdev_translate(j->job, j->out.va, j->out.len, SDEV_WRITE, &fault) == j->out.len))
		return true;
	sym_job_fault(j, &fault);
	return false;
}

/* False: the job has been ended. */
bool sym_copy_in(struct sym_job *j, uint8_t *room)
{
	struct sdev_job *job = j->job;
	const struct sdev_desc *d = job->desc;
	uint32_t skip = j->skip;
	struct sdev_fault fault;

	if (!sdev_job_operands(job)) {
		j->ended = true;
		return false;
	}
	if (job->dst.left < (d->opcode == SDEV_OP_DIGEST ? d->dst_len : d->src_len)) {
		sdev_job_end(job, SDEV_ST_OUTPUT_FULL, 0);
		j->ended = true;
		return false;
	}
	if (sdev_operand_get(job, &job->src, room, d->src_len, &fault) < d->src_len) {
		sym_job_fault(j, &fault);
		return false;
	}
	j->src = room + skip;
	j->len = d->src_len - skip;
	j->aad = skip ? room : NULL;
	room += wdi_align_up((size_t)d->src_len, 64);
	j->dst = NULL;
	if (d->opcode != SDEV_OP_DIGEST) {
		j->dst = room + skip;
		room += wdi_align_up((size_t)d->src_len, 64);
	}
	if (j->aad_len && !skip) {
		j->aad = room;
		if (sdev_fetch(job, room, job->ext->aead.aad_va, j->aad_len, &fault) < j->aad_len) {
			sym_job_fault(j, &fault);
			return false;
		}
	}
	return smalls_fetch(j) && outputs_translate(j);
}

/* Chains are read once more; what they say now is checked as it was before. */
void sym_copy_out(struct sym_job *j)
{
	struct sdev_job *job = j->job;
	const struct sdev_desc *d = job->desc;
	uint32_t skip = j->skip;
	struct sdev_fault fault;

	sdev_job_commit(job);
	job->walked = false;
	if (d->opcode == SDEV_OP_DIGEST) {
		/* The digest's own place may be a chain as well. */
		if (!sdev_job_operands(job))
			j->ended = true;
		else if (sdev_operand_put(job, &job->dst, j->mac, d->dst_len, &fault) < d->dst_len)
			sym_job_fault(j, &fault);
		return;
	}
	if (!sdev_job_operands(job) || job->dst.left < d->src_len) {
		j->ended = true;
		return;
	}
	if (skip && j->flags & SDEV_SYM_AAD_COPY)
		memcpy(j->dst - skip, j->aad, skip);
	else
		sdev_operand_skip(&job->dst, skip);
	skip = j->flags & SDEV_SYM_AAD_COPY ? skip : 0;
	if (sdev_operand_put(job, &job->dst, j->dst - skip, j->len + skip, &fault) <
	    j->len + skip) {
		sym_job_fault(j, &fault);
		return;
	}
	if (j->out.len &&
	    sdev_store(job, j->out.va, j->out.ours, j->out.len, &fault) < j->out.len)
		sym_job_fault(j, &fault);
}
