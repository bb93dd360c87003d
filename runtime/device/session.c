/* SPDX-License-Identifier: MIT */
/* Sessions: objects that hold keys. Which engine has them is a matter of the algorithm. */
#include "device/device_internal.h"

static bool alg_in(uint64_t (*algs)(unsigned int word), unsigned int alg)
{
	return algs(alg / 64) >> alg % 64 & 1;
}

uint64_t sdev_algs(const struct sdev *dev, unsigned int word)
{
	(void)dev;
	return sdev_pk_algs(word) | sdev_sym_algs(word);
}

void sdev_session_open(struct sdev_job *job)
{
	uint8_t alg = job->desc->session.alg;

	if (alg == SDEV_ALG_NONE || alg >= SDEV_ALG_COUNT)
		sdev_job_end(job, SDEV_ST_MALFORMED, SDEV_BAD_ALG);
	else if (alg_in(sdev_sym_algs, alg))
		sdev_sym_open(job);
	else if (alg_in(sdev_pk_algs, alg))
		sdev_pk_open(job);
	else
		sdev_job_end(job, SDEV_ST_UNSUPPORTED, 0);
}

void sdev_session_close(struct sdev_job *job)
{
	const struct sdev_object_kind *kind = sdev_object_named(job) == &sdev_pk_kind ?
					      &sdev_pk_kind : &sdev_sym_kind;
	struct sdev_object *o = sdev_object_share(job, kind);

	if (!o)
		return;
	sdev_object_close(job->dev, o);
	sdev_job_errno(job, 0);
}
