/* SPDX-License-Identifier: MIT */
/* Sessions: objects that hold keys, and the algorithms that run on them. */
#include "device/device_internal.h"

static const struct sdev_object_kind session_kind;

uint64_t sdev_algs(const struct sdev *dev, unsigned int word)
{
	(void)dev;
	return sdev_pk_algs(word);
}

void sdev_session_open(struct sdev_job *job)
{
	uint8_t alg = job->desc->session.alg;

	if (sdev_pk_algs(alg / 64) >> alg % 64 & 1)
		sdev_pk_open(job);
	else if (alg == SDEV_ALG_NONE || alg >= SDEV_ALG_COUNT)
		sdev_job_end(job, SDEV_ST_MALFORMED, SDEV_BAD_ALG);
	else
		sdev_job_end(job, SDEV_ST_UNSUPPORTED, 0);
}

void sdev_session_close(struct sdev_job *job)
{
	const struct sdev_object_kind *kind = sdev_object_named(job) == &sdev_pk_kind ?
					      &sdev_pk_kind : &session_kind;
	struct sdev_object *o = sdev_object_share(job, kind);

	if (!o)
		return;
	sdev_object_close(job->dev, o);
	sdev_job_errno(job, 0);
}

void sdev_session_run(struct sdev_job *job)
{
	struct sdev_object *o = sdev_object_share(job, &session_kind);

	if (!o)
		return;
	sdev_job_end(job, SDEV_ST_UNSUPPORTED, 0);
	sdev_object_done(job, o);
}
