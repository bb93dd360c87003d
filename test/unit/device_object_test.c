/* SPDX-License-Identifier: MIT */
/*
 * fork() while another thread destroys an object of the device: the child destroys what
 * rests and nothing that somebody was at. The moment is made: destroying it forks.
 */
#include "device/device_internal.h"
#include "device_rig.h"

#include <sys/wait.h>

static struct rig rig;
static unsigned int destroyed;
static pid_t child;

static void plain(void *body)
{
	(void)body;
	destroyed++;
}

/* The child says how many objects it has destroyed. */
static void forks(void *body)
{
	(void)body;
	destroyed++;
	if (child)
		return;
	child = fork();
	if (child)
		return;
	child = -1;
	destroyed = 0;
	sdev_forget(rig.dev);
	_exit((int)destroyed);
}

static const struct sdev_object_kind plain_kind = { .destroy = plain };
static const struct sdev_object_kind forking_kind = { .destroy = forks };

static struct sdev_object *object_new(struct sdev_job *job, const struct sdev_object_kind *kind)
{
	static struct sdev_desc d;
	static int body;

	ck_assert_int_eq(sdev_object_new(job, kind, &body), 0);
	d.object = job->cpl->object;
	job->desc = &d;
	return sdev_object_share(job, kind);
}

START_TEST(forked_amid_destroying)
{
	struct sdev_object *resting, *used, *going;
	struct sdev_cpl cpl = { 0 };
	struct sdev_job job = { .cpl = &cpl };
	int status;

	rig_open(&rig, 2);
	job.dev = rig.dev;
	job.as = rig.file->as;
	going = object_new(&job, &forking_kind);
	resting = object_new(&job, &plain_kind);
	used = object_new(&job, &plain_kind);
	ck_assert(going && resting && used);
	sdev_object_put(rig.dev, resting);
	if (_i) {	/* by the end of the bond */
		sdev_object_put(rig.dev, going);
		sdev_objects_destroy(rig.dev, job.as);
		ck_assert_uint_eq(destroyed, 3);
	} else {
		sdev_object_close(rig.dev, going);
		ck_assert_uint_eq(destroyed, 1);
		sdev_object_put(rig.dev, used);
	}
	ck_assert_int_gt(child, 0);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 1);
	rig_close(&rig);
	ck_assert_uint_eq(destroyed, 3);
}
END_TEST

/* Closing does not wait for who is at it, and takes nothing away from under him. */
START_TEST(closed_in_use)
{
	struct sdev_cpl cpl = { 0 };
	struct sdev_job job = { .cpl = &cpl }, close = { .cpl = &cpl };
	struct sdev_object *o;

	rig_open(&rig, 2);
	destroyed = 0;
	job.dev = close.dev = rig.dev;
	job.as = close.as = rig.file->as;
	sdev_object_put(rig.dev, object_new(&job, &plain_kind));
	close.desc = job.desc;
	o = sdev_object_take(&job, &plain_kind);
	ck_assert_ptr_nonnull(o);
	ck_assert_ptr_null(sdev_object_take(&close, &plain_kind));
	ck_assert_uint_eq(SDEV_CPL_DETAIL(cpl.end), SDEV_OBJECT_BUSY);
	ck_assert_ptr_eq(sdev_object_doom(&close, &plain_kind), o);
	sdev_object_close(rig.dev, o);
	ck_assert_uint_eq(destroyed, 0);
	ck_assert_ptr_null(sdev_object_doom(&close, &plain_kind));
	ck_assert_uint_eq(SDEV_CPL_DETAIL(cpl.end), SDEV_BAD_OBJECT);
	sdev_object_put(rig.dev, o);
	ck_assert_uint_eq(destroyed, 1);
	rig_close(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("device_object");
	TCase *tcase = tcase_create("fork");

	tcase_add_loop_test(tcase, forked_amid_destroying, 0, 2);
	tcase_add_test(tcase, closed_in_use);
	suite_add_tcase(suite, tcase);
	return rig_main(suite);
}
