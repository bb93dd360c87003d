/* SPDX-License-Identifier: MIT */
/* The life of a PASID: bound, stopped, released, resting, given out again or never. */
#include <errno.h>
#include <stdio.h>
#include <stdatomic.h>

#include "device_rig.h"

#define CLEAN	VFIO_SVM_PASID_RELEASE_CLEAN
#define FLUSHED	VFIO_SVM_PASID_RELEASE_FLUSHED

static const size_t page = 4096;
static uint8_t data[4096];

static int touch(void *arg, uint64_t va, size_t len, bool write)
{
	(void)arg, (void)write;
	for (size_t i = 0; i < len; i += page)
		__atomic_fetch_or((uint8_t *)(uintptr_t)va + i, 0, __ATOMIC_RELAXED);
	return 0;
}

/* Page requests stay in the queue until the test steps: everything is in its hands. */
static const struct sdev_config by_hand = {
	.max_queues = 64, .max_depth = 128, .guard = SDEV_GUARD_COPY,
	.fault_mode = SDEV_FAULT_PRI, .resolve = touch, .prq_depth = 64,
};

static struct sdev_config small(unsigned int bits)
{
	struct sdev_config config = by_hand;

	config.pasid_bits = bits;
	return config;
}

static int stop(struct sdev_file *file, uint32_t pasid, uint32_t how, uint32_t *answer)
{
	struct sdev_admin cmd = { .op = SDEV_ADMIN_PASID_STOP, .pasid = pasid, .stop = how };
	int rc = rig_admin(file, &cmd);

	*answer = cmd.stop;
	return rc;
}

/* A descriptor that parks: its source is not there. */
static void park(struct rig *rig, uint32_t tag)
{
	uint32_t before = rig_reg32(rig->file, SDEV_REG_PARKED);
	struct sdev_desc d = rig_comp(SDEV_OP_COMPRESS, SDEV_FMT_ZLIB, rig_cold(page), page, data,
				      page);

	d.tag = tag;
	rig_submit(&rig->q, &d);
	while (rig_reg32(rig->file, SDEV_REG_PARKED) == before)
		sdev_step(rig->file, rig->q.index);
}

/* All page requests and markers through. */
static void drain(struct rig *rig)
{
	while (sdev_step(rig->file, rig->q.index))
		;
}

static void retake(struct rig *rig)
{
	ck_assert_int_eq(rig_queue_op(&rig->q, SDEV_ADMIN_QUEUE_DESTROY), 0);
	ck_assert_int_eq(rig_queue_make(rig->file, rig->pasid, 8, &rig->q), 0);
}

/* ---- stopping ------------------------------------------------------------------------- */

START_TEST(stop_errors)
{
	struct sdev_file *other;
	uint32_t pasid, answer;
	struct rig rig;

	rig_open_config(&rig, &by_hand, 8);
	ck_assert_int_eq(sdev_open(rig.dev, &other), 0);
	ck_assert_int_eq(stop(rig.file, rig.pasid, SDEV_STOP_COUNT, &answer), -EINVAL);
	ck_assert_int_eq(stop(rig.file, 0, SDEV_STOP_ANY, &answer), -ENOENT);
	ck_assert_int_eq(stop(rig.file, rig.pasid + 1, SDEV_STOP_ANY, &answer), -ENOENT);
	ck_assert_int_eq(stop(rig.file, 1 << 20, SDEV_STOP_ANY, &answer), -ENOENT);
	ck_assert_int_eq(stop(other, rig.pasid, SDEV_STOP_ANY, &answer), -EPERM);
	ck_assert_int_eq(rig_bind(rig.file, &pasid), 0);
	ck_assert_int_eq(stop(rig.file, rig.pasid, SDEV_STOP_ANY, &answer), -EBUSY);
	ck_assert_int_eq(rig_unbind(rig.file, pasid, 0), 0);
	ck_assert_int_eq(stop(rig.file, rig.pasid, SDEV_STOP_ANY, &answer), 0);
	/* Stopped is as good as gone, until it is unbound and bound again. */
	ck_assert_int_eq(rig_bind(rig.file, &pasid), -EBUSY);
	ck_assert_int_eq(rig_unbind(rig.file, rig.pasid, CLEAN), 0);
	ck_assert_int_eq(rig_bind(rig.file, &pasid), 0);
	sdev_close(other);
	rig_close(&rig);
}
END_TEST

/* Nothing begins any more; with nothing under way every way but the marker's is clean. */
START_TEST(stop_idle)
{
	static const uint32_t want[] = {
		[SDEV_STOP_ANY] = SDEV_STOPPED_CLEAN, [SDEV_STOP_WAIT] = SDEV_STOPPED_CLEAN,
		[SDEV_STOP_MARK] = SDEV_STOPPED_FLUSHED,
	};
	struct sdev_desc d = rig_noop(1);
	uint32_t answer;
	struct rig rig;

	rig_open_config(&rig, &by_hand, 8);
	rig_assert(rig_run(&rig.q, &d), SDEV_ST_DONE, 0);
	ck_assert_int_eq(stop(rig.file, rig.pasid, (uint32_t)_i, &answer), 0);
	ck_assert_uint_eq(answer, want[_i]);
	rig_assert(rig_run(&rig.q, &d), SDEV_ST_NO_PASID, 0);
	ck_assert_uint_eq(rig_counter(rig.file, SDEV_COUNTER_MARKERS), _i == SDEV_STOP_MARK);
	ck_assert_int_eq(rig_unbind(rig.file, rig.pasid, answer == SDEV_STOPPED_CLEAN ? CLEAN :
											FLUSHED), 0);
	rig_close(&rig);
}
END_TEST

/* With a request under way: what the device answers, and when the only PASID is free. */
START_TEST(stop_with_requests)
{
	const struct sdev_config config = small(1);	/* PASID 1, and no other */
	struct sdev_cpl cpl;
	uint32_t answer, pasid;
	struct rig rig;
	int rc;

	rig_open_config(&rig, &config, 8);
	park(&rig, 7);
	ck_assert_int_eq(stop(rig.file, rig.pasid, (uint32_t)_i, &answer), 0);
	ck_assert(rig_take(&rig.q, &cpl));
	rig_assert(cpl, SDEV_ST_NO_PASID, 0);
	ck_assert_uint_eq(cpl.tag, 7);
	if (_i == SDEV_STOP_WAIT) {
		ck_assert_uint_eq(answer, SDEV_STOPPED_CLEAN);
		ck_assert_int_eq(rig_unbind(rig.file, rig.pasid, CLEAN), 0);
		rc = 0;		/* at once */
	} else {
		ck_assert_uint_eq(answer, SDEV_STOPPED_FLUSHED);
		ck_assert_int_eq(rig_unbind(rig.file, rig.pasid, FLUSHED), 0);
		rc = -ENOSPC;	/* the marker is still behind the request */
	}
	ck_assert_int_eq(rig_bind(rig.file, &pasid), rc);
	if (!rc)
		ck_assert_int_eq(rig_unbind(rig.file, pasid, CLEAN), 0);
	drain(&rig);
	ck_assert_uint_eq(rig_counter(rig.file, SDEV_COUNTER_MARKERS), _i != SDEV_STOP_WAIT);
	ck_assert_int_eq(rig_bind(rig.file, &pasid), 0);
	ck_assert_uint_eq(pasid, 1);
	ck_assert(!rig_take(&rig.q, &cpl));
	rig_close(&rig);
}
END_TEST

/* A client that lies, or says nothing of the marker, gets no PASID that is still in use. */
START_TEST(unbind_without_stop)
{
	const uint32_t flags = _i ? FLUSHED : CLEAN;
	const struct sdev_config config = small(1);
	struct sdev_cpl cpl;
	struct rig rig;
	uint32_t pasid;

	rig_open_config(&rig, &config, 8);
	park(&rig, 1);
	ck_assert_int_eq(rig_unbind(rig.file, rig.pasid, flags), 0);
	ck_assert(rig_take(&rig.q, &cpl));
	rig_assert(cpl, SDEV_ST_NO_PASID, 0);
	ck_assert_int_eq(rig_bind(rig.file, &pasid), -ENOSPC);
	drain(&rig);
	ck_assert_int_eq(rig_bind(rig.file, &pasid), 0);
	rig_close(&rig);
}
END_TEST

/* ---- the space ------------------------------------------------------------------------- */

START_TEST(used_up)
{
	const struct sdev_config config = small(4);
	struct sdev_file *files[15], *more;
	uint32_t pasid[15], again;
	bool seen[16] = { false };
	struct sdev *dev;

	ck_assert_int_eq(sdev_create(&config, &dev), 0);
	ck_assert_int_eq(sdev_open(dev, &more), 0);
	for (unsigned int i = 0; i < 15; i++) {
		ck_assert_int_eq(sdev_open(dev, &files[i]), 0);
		ck_assert_int_eq(rig_bind(files[i], &pasid[i]), 0);
		ck_assert(pasid[i] >= 1 && pasid[i] < 16 && !seen[pasid[i]]);
		seen[pasid[i]] = true;
	}
	ck_assert_int_eq(rig_bind(more, &again), -ENOSPC);
	ck_assert_int_eq(rig_unbind(files[3], pasid[3], 0), 0);		/* never again */
	ck_assert_int_eq(rig_bind(more, &again), -ENOSPC);
	ck_assert_int_eq(rig_unbind(files[4], pasid[4], CLEAN), 0);
	ck_assert_int_eq(rig_unbind(files[5], pasid[5], FLUSHED), 0);
	ck_assert_int_eq(rig_bind(more, &again), 0);
	ck_assert_uint_eq(again, pasid[4]);		/* it has rested longest */
	ck_assert_int_eq(rig_bind(files[3], &again), 0);
	ck_assert_uint_eq(again, pasid[5]);
	ck_assert_int_eq(rig_unbind(files[6], pasid[6], CLEAN), 0);
	sdev_close(files[7]);				/* its owner has gone without a word */
	ck_assert_int_eq(rig_bind(files[4], &again), 0);
	ck_assert_uint_eq(again, pasid[6]);
	ck_assert_int_eq(rig_bind(files[5], &again), -ENOSPC);
	ck_assert_uint_eq(rig_counter(more, SDEV_COUNTER_RETIRED), 2);
	for (unsigned int i = 0; i < 15; i++) {
		if (i != 7)
			sdev_close(files[i]);
	}
	sdev_close(more);
	sdev_destroy(dev);
}
END_TEST

/* The width is in the info; what is beyond it is nobody's. */
START_TEST(width)
{
	const struct sdev_config config = small(4), wide = small(21);
	union {
		struct vfio_device_info info;
		uint8_t bytes[64];
	} arg = { .info.argsz = sizeof(arg) };
	struct vfio_device_info_cap_svm cap;
	struct sdev *dev;
	struct rig_queue q;
	struct rig rig;

	ck_assert_int_eq(sdev_create(&wide, &dev), -EINVAL);
	rig_open_config(&rig, &config, 8);
	ck_assert_int_eq(sdev_ioctl(rig.file, VFIO_DEVICE_GET_INFO, &arg), 0);
	memcpy(&cap, arg.bytes + arg.info.cap_offset, sizeof(cap));
	ck_assert_uint_eq(cap.header.id, VFIO_DEVICE_INFO_CAP_WEFT_SVM);
	ck_assert_uint_eq(cap.pasid_bits, 4);
	ck_assert_int_eq(rig_unbind(rig.file, 16, CLEAN), -ENOENT);
	ck_assert_int_eq(rig_queue_make(rig.file, 16, 8, &q), -EINVAL);
	rig_close(&rig);
}
END_TEST

/* A queue that outlives its bond does not reach the next one under the same PASID. */
START_TEST(old_queue)
{
	const struct sdev_config config = small(1);
	struct sdev_desc d = rig_noop(1);
	struct rig_queue fresh;
	struct rig rig;
	uint32_t pasid;

	rig_open_config(&rig, &config, 8);
	ck_assert_int_eq(rig_unbind(rig.file, rig.pasid, CLEAN), 0);
	rig_assert(rig_run(&rig.q, &d), SDEV_ST_NO_PASID, 0);
	ck_assert_int_eq(rig_bind(rig.file, &pasid), 0);
	ck_assert_uint_eq(pasid, rig.pasid);
	rig_assert(rig_run(&rig.q, &d), SDEV_ST_NO_PASID, 0);
	ck_assert_int_eq(rig_queue_make(rig.file, pasid, 8, &fresh), 0);
	rig_assert(rig_run(&fresh, &d), SDEV_ST_DONE, 0);
	rig_close(&rig);
}
END_TEST

/* ---- platform devices ------------------------------------------------------------------ */

/* Their callback decides where the client says nothing. */
START_TEST(platform)
{
	struct sdev_config config = small(1);
	struct rig rig;
	uint32_t pasid;

	config.platform = _i ? "weft,sdev-mark" : "weft,sdev-wait";
	rig_open_config(&rig, &config, 8);
	park(&rig, 1);
	ck_assert_int_eq(rig_unbind(rig.file, rig.pasid, 0), 0);
	ck_assert_uint_eq(rig_counter(rig.file, SDEV_COUNTER_MARKERS), 0);
	ck_assert_int_eq(rig_bind(rig.file, &pasid), _i ? -ENOSPC : 0);
	drain(&rig);
	ck_assert_uint_eq(rig_counter(rig.file, SDEV_COUNTER_MARKERS), (unsigned int)_i);
	ck_assert_int_eq(rig_bind(rig.file, &pasid), 0);
	ck_assert_uint_eq(rig_counter(rig.file, SDEV_COUNTER_RETIRED), 0);
	rig_close(&rig);
}
END_TEST

/* No callback of that name: no shared virtual memory. */
START_TEST(platform_unknown)
{
	union {
		struct vfio_device_info info;
		uint8_t bytes[64];
	} arg = { .info.argsz = sizeof(arg) };
	struct sdev_config config = by_hand;
	struct sdev_file *file;
	struct sdev *dev;
	uint32_t pasid;
	uint64_t cap;

	config.platform = "somebody,else";
	ck_assert_int_eq(sdev_create(&config, &dev), 0);
	ck_assert_int_eq(sdev_open(dev, &file), 0);
	ck_assert_int_eq(rig_bind(file, &pasid), -EOPNOTSUPP);
	ck_assert_int_eq(sdev_ioctl(file, VFIO_DEVICE_GET_INFO, &arg), 0);
	ck_assert_uint_eq(arg.info.flags & (VFIO_DEVICE_FLAGS_SVM | VFIO_DEVICE_FLAGS_CAPS), 0);
	ck_assert_uint_eq(arg.info.cap_offset, 0);
	ck_assert_int_eq(sdev_read(file, &cap, 8, SDEV_REG_CAP), 8);
	ck_assert_uint_eq(cap & SDEV_CAP_SVM, 0);
	sdev_close(file);
	sdev_destroy(dev);
}
END_TEST

/* ---- many lives ------------------------------------------------------------------------- */

#define FILES	4
#define DUE_MAX	512

/* A PASID that must not come back before its last request and its marker are through. */
struct due {
	uint32_t pasid;
	uint64_t request;
	uint64_t marker;
};

struct lives {
	struct sdev *dev;
	struct rig rigs[FILES];
	uint8_t retired[1 << 17];	/* bit a PASID */
	struct due due[DUE_MAX];
	unsigned int due_count;
	uint64_t markers;		/* sent */
	uint64_t expect_retired;
	uint32_t seed;
};

static uint32_t dice(struct lives *l, uint32_t sides)
{
	l->seed = l->seed * 1664525 + 1013904223;
	return (uint32_t)(((uint64_t)l->seed * sides) >> 32);
}

static uint64_t answered(struct sdev_file *f)
{
	return rig_counter(f, SDEV_COUNTER_SUCCESS) + rig_counter(f, SDEV_COUNTER_INVALID) +
	       rig_counter(f, SDEV_COUNTER_FAILURE);
}

static void due_settle(struct lives *l)
{
	struct sdev_file *f = l->rigs[0].file;
	uint64_t requests = answered(f), markers = rig_counter(f, SDEV_COUNTER_MARKERS);
	unsigned int n = 0;

	for (unsigned int i = 0; i < l->due_count; i++) {
		if (requests < l->due[i].request || markers < l->due[i].marker)
			l->due[n++] = l->due[i];
	}
	l->due_count = n;
}

static void life_begin(struct lives *l, struct rig *rig)
{
	uint32_t twice;

	due_settle(l);
	ck_assert_int_eq(rig_bind(rig->file, &rig->pasid), 0);
	ck_assert_msg(!(l->retired[rig->pasid / 8] >> rig->pasid % 8 & 1), "a retired PASID came back");
	for (unsigned int i = 0; i < l->due_count; i++)
		ck_assert_msg(l->due[i].pasid != rig->pasid, "PASID %u came back too early", rig->pasid);
	if (!dice(l, 4)) {
		ck_assert_int_eq(rig_bind(rig->file, &twice), 0);
		ck_assert_uint_eq(twice, rig->pasid);
		ck_assert_int_eq(rig_unbind(rig->file, twice, dice(l, 3)), 0);
	}
}

static void life_end(struct lives *l, struct rig *rig, bool requests)
{
	static const uint32_t flags[] = { 0, CLEAN, FLUSHED };
	uint32_t flag = flags[dice(l, 3)], answer = SDEV_STOPPED_CLEAN;
	uint64_t before = rig_counter(rig->file, SDEV_COUNTER_REQUESTS);
	bool marked = flag == FLUSHED;

	if (dice(l, 2)) {
		/* waiting would answer everything; by hand it is rare */
		uint32_t how = dice(l, 8) ? dice(l, 2) * SDEV_STOP_MARK : SDEV_STOP_WAIT;

		ck_assert_int_eq(stop(rig->file, rig->pasid, how, &answer), 0);
		marked |= answer == SDEV_STOPPED_FLUSHED;
	}
	l->markers += marked;
	ck_assert_int_eq(rig_unbind(rig->file, rig->pasid, flag), 0);
	if (!flag) {
		l->retired[rig->pasid / 8] |= (uint8_t)(1u << rig->pasid % 8);
		l->expect_retired++;
	} else if (requests || marked) {
		ck_assert_uint_lt(l->due_count, DUE_MAX);
		l->due[l->due_count++] = (struct due){
			.pasid = rig->pasid, .request = requests ? before : 0,
			.marker = marked ? l->markers : 0,
		};
	}
}

/* Descriptors of the last life, in every way: nothing of them may run, or write. */
static void late(struct lives *l, struct rig *rig, unsigned int parked)
{
	uint8_t canary[64], out[64];
	struct sdev_desc d = rig_comp(SDEV_OP_COMPRESS, SDEV_FMT_DEFLATE, "late transaction", 16,
				      out, sizeof(out));

	memset(canary, 0xa5, sizeof(canary));
	memset(out, 0xa5, sizeof(out));
	while (parked--)
		rig_assert(rig_wait(&rig->q), SDEV_ST_NO_PASID, 0);
	rig_assert(rig_run(&rig->q, &d), SDEV_ST_NO_PASID, 0);
	if (dice(l, 2)) {
		/* the file has a bond again, perhaps under the same PASID */
		life_begin(l, rig);
		rig_assert(rig_run(&rig->q, &d), SDEV_ST_NO_PASID, 0);
		life_end(l, rig, false);
	}
	ck_assert_mem_eq(out, canary, sizeof(out));
}

/* A life with descriptors that park, and perhaps go on, and whose responses come late. */
static void busy_life(struct lives *l, struct rig *rig, uint8_t *cold)
{
	unsigned int parked = 0;
	uint8_t out[256];
	struct sdev_desc d;

	life_begin(l, rig);
	retake(rig);
	for (unsigned int i = dice(l, 3); i; i--) {
		madvise(cold, 16 * page, MADV_DONTNEED);
		d = rig_comp(SDEV_OP_COMPRESS, SDEV_FMT_DEFLATE, cold + dice(l, 16) * page, page,
			     out, sizeof(out));
		rig_submit(&rig->q, &d);
		sdev_step(rig->file, rig->q.index);
	}
	parked = rig->q.tail - rig->q.head;
	for (struct sdev_cpl cpl; parked && rig_take(&rig->q, &cpl); parked--)
		rig_assert(cpl, SDEV_ST_DONE, 0);
	if (!dice(l, 3)) {
		for (; parked; parked--)
			rig_assert(rig_wait(&rig->q), SDEV_ST_DONE, 0);
	}
	life_end(l, rig, parked != 0);
	late(l, rig, parked);
}

static size_t resident(void)
{
	unsigned long size, pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fscanf(f, "%lu %lu", &size, &pages), 2);
	fclose(f);
	return pages * page;
}

/* WEFT_TEST_LONG: a million of them. */
START_TEST(lives)
{
	const unsigned int count = getenv("WEFT_TEST_LONG") ? 1000000 : rig_valgrind() ? 300 : 20000;
	static struct lives l = { .seed = 20170401 };
	uint8_t *cold = rig_cold(16 * page);
	size_t start = 0;

	ck_assert_int_eq(sdev_create(&by_hand, &l.dev), 0);
	for (unsigned int i = 0; i < FILES; i++) {
		l.rigs[i].dev = l.dev;
		ck_assert_int_eq(sdev_open(l.dev, &l.rigs[i].file), 0);
		ck_assert_int_eq(rig_queue_make(l.rigs[i].file, 0, 8, &l.rigs[i].q), 0);
	}
	for (unsigned int i = 0; i < count; i++) {
		struct rig *rig = &l.rigs[dice(&l, FILES)];

		if (i == count / 10)
			start = resident();
		if (dice(&l, 8)) {
			life_begin(&l, rig);
			life_end(&l, rig, false);
		} else {
			busy_life(&l, rig, cold);
		}
		/* Responses and markers come through at their own pace. */
		for (unsigned int n = dice(&l, 3); n; n--)
			sdev_step(rig->file, rig->q.index);
		while (l.due_count > DUE_MAX / 2 && sdev_step(rig->file, rig->q.index))
			due_settle(&l);
	}
	/* A few words for each that is retired or rests; but no growth by lives. */
	if (!RIG_HOARDS)
		ck_assert_uint_lt(resident(), start + ((size_t)16 << 20));
	ck_assert_uint_eq(rig_counter(l.rigs[0].file, SDEV_COUNTER_PARKS),
			  rig_counter(l.rigs[0].file, SDEV_COUNTER_REQUESTS));
	drain(&l.rigs[0]);
	ck_assert_uint_eq(rig_counter(l.rigs[0].file, SDEV_COUNTER_REQUESTS),
			  answered(l.rigs[0].file));
	ck_assert_uint_eq(rig_counter(l.rigs[0].file, SDEV_COUNTER_MARKERS), l.markers);
	ck_assert_uint_eq(rig_counter(l.rigs[0].file, SDEV_COUNTER_RETIRED), l.expect_retired);
	ck_assert_uint_eq(rig_reg32(l.rigs[0].file, SDEV_REG_PARKED), 0);
	for (unsigned int i = 0; i < FILES; i++)
		sdev_close(l.rigs[i].file);
	sdev_destroy(l.dev);
}
END_TEST

static Suite *pasid_suite(void)
{
	Suite *suite = suite_create("device_pasid");
	TCase *tc = tcase_create("pasid");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, stop_errors);
	tcase_add_loop_test(tc, stop_idle, 0, SDEV_STOP_COUNT);
	tcase_add_loop_test(tc, stop_with_requests, 0, SDEV_STOP_COUNT);
	tcase_add_loop_test(tc, unbind_without_stop, 0, 2);
	tcase_add_test(tc, used_up);
	tcase_add_test(tc, width);
	tcase_add_test(tc, old_queue);
	tcase_add_loop_test(tc, platform, 0, 2);
	tcase_add_test(tc, platform_unknown);
	suite_add_tcase(suite, tc);
	tc = tcase_create("lives");
	tcase_set_timeout(tc, 600);
	tcase_add_test(tc, lives);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return rig_main(pasid_suite());
}
