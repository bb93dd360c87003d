/* SPDX-License-Identifier: MIT */
/* The device as a file: registers, what it says of itself, regions, interrupts. */
#include <errno.h>
#include <sys/eventfd.h>

#include "device_rig.h"

static const struct sdev_config plain = { .max_queues = 4, .max_depth = 128, .guard = -1 };

/* ---- registers ------------------------------------------------------------------- */

START_TEST(registers)
{
	const struct sdev_config config = { .guard = SDEV_GUARD_OFF, .isolate = 5 };
	char text[SDEV_LIBRARIES_LEN];
	struct sdev *dev;
	struct sdev_file *f;
	uint64_t cap;
	uint32_t v = 0;

	ck_assert_int_eq(sdev_create(&config, &dev), 0);
	ck_assert_int_eq(sdev_open(dev, &f), 0);
	ck_assert_uint_eq(rig_reg32(f, SDEV_REG_MAGIC), SDEV_MAGIC);
	ck_assert_uint_eq(rig_reg32(f, SDEV_REG_VERSION), SDEV_VERSION);
	ck_assert_uint_eq(rig_reg32(f, SDEV_REG_MAX_QUEUES), 1024);
	ck_assert_uint_eq(rig_reg32(f, SDEV_REG_FREE_QUEUES), 1024);
	ck_assert_uint_eq(rig_reg32(f, SDEV_REG_MAX_DEPTH), 1024);
	ck_assert_uint_ge(rig_reg32(f, SDEV_REG_VA_BITS), 47);
	ck_assert_uint_eq(rig_reg32(f, SDEV_REG_STATE), SDEV_DEV_RUNNING);
	ck_assert_uint_eq(rig_reg32(f, SDEV_REG_ENGINES), 0);
	ck_assert_uint_eq(rig_reg32(f, SDEV_REG_ISOLATE), 5);
	ck_assert_uint_eq(rig_reg32(f, SDEV_REG_FAILURES), 0);
	ck_assert_uint_eq(rig_reg32(f, SDEV_REG_GUARD), SDEV_GUARD_OFF);
	ck_assert_int_eq(sdev_read(f, text, sizeof(text), SDEV_REG_LIBRARIES), sizeof(text));
	ck_assert_ptr_nonnull(strstr(text, "zlib 1."));

	ck_assert_int_eq(sdev_read(f, &cap, 8, SDEV_REG_CAP), 8);
	ck_assert(cap & SDEV_CAP_SVM && cap & SDEV_CAP_DECOMP(SDEV_FMT_GZIP));
	ck_assert_int_eq(sdev_read(f, &v, 4, SDEV_REG_CAP + 4), 4);
	ck_assert_uint_eq(v, cap >> 32);

	/* what is no register, no whole register, or not for writing (or for reading) */
	ck_assert_int_eq(sdev_read(f, &v, 4, 0x800), -EINVAL);
	ck_assert_int_eq(sdev_read(f, &v, 2, SDEV_REG_MAGIC), -EINVAL);
	ck_assert_int_eq(sdev_read(f, &v, 4, SDEV_REG_MAGIC + 2), -EINVAL);
	ck_assert_int_eq(sdev_read(f, &cap, 8, SDEV_REG_MAGIC), -EINVAL);
	ck_assert_int_eq(sdev_read(f, &v, 4, SDEV_REG_RESET), -EINVAL);
	ck_assert_int_eq(sdev_write(f, &v, 4, SDEV_REG_MAGIC), -EINVAL);
	ck_assert_int_eq(sdev_write(f, &cap, 8, SDEV_REG_CAP), -EINVAL);
	ck_assert_int_eq(sdev_read(f, &v, 4, SDEV_DB_PAGE(0)), -EINVAL);
	ck_assert_int_eq(sdev_read(f, &v, 4, REGION(SDEV_REGION_DUS)), -EINVAL);
	ck_assert_int_eq(sdev_read(f, &v, 4, REGION(7)), -EINVAL);
	ck_assert_int_eq(sdev_read(f, &v, 4, UINT64_MAX - 1), -EINVAL);

	/* the status page can be read as well as mapped */
	ck_assert_int_eq(sdev_read(f, &v, 4, SDEV_STATUS_PAGE + 4), 4);
	ck_assert_uint_eq(v, SDEV_DEV_RUNNING);
	ck_assert_int_eq(sdev_read(f, text, 64, SDEV_STATUS_PAGE), 64);
	ck_assert_int_eq(sdev_read(f, text, 64, SDEV_STATUS_PAGE + 4), -EINVAL);
	ck_assert_int_eq(sdev_write(f, &v, 4, SDEV_STATUS_PAGE), -EINVAL);

	/* a reset needs its key */
	v = 1;
	ck_assert_int_eq(sdev_write(f, &v, 4, SDEV_REG_RESET), 4);
	ck_assert_uint_eq(rig_reg32(f, SDEV_REG_FAILURES), 0);
	v = SDEV_RESET_KEY;
	ck_assert_int_eq(sdev_write(f, &v, 4, SDEV_REG_RESET), 4);
	ck_assert_uint_eq(rig_reg32(f, SDEV_REG_FAILURES), 1);
	sdev_close(f);
	sdev_destroy(dev);
}
END_TEST

START_TEST(bad_configs)
{
	static const struct sdev_config rows[] = {
		{ .max_queues = 65537 },
		{ .max_depth = 100 },
		{ .max_depth = 1 << 17 },
		{ .engine_threads = -2 },
		{ .guard = 3 },
		{ .guard = -2 },
	};
	struct sdev *dev;

	for (size_t i = 0; i < wdi_array_size(rows); i++)
		ck_assert_int_eq(sdev_create(&rows[i], &dev), -EINVAL);
}
END_TEST

/* ---- the VFIO face ------------------------------------------------------------------ */

START_TEST(device_info)
{
	struct {
		struct vfio_device_info info;
		uint8_t room[64];
	} arg = { .info.argsz = sizeof(arg) };
	struct vfio_device_info_cap_svm svm;
	struct rig rig;

	rig_open_config(&rig, &plain, 64);
	ck_assert_int_eq(sdev_ioctl(rig.file, VFIO_DEVICE_GET_INFO, &arg), 0);
	ck_assert_uint_eq(arg.info.flags, VFIO_DEVICE_FLAGS_RESET | VFIO_DEVICE_FLAGS_CAPS |
					  VFIO_DEVICE_FLAGS_SVM);
	ck_assert_uint_eq(arg.info.num_regions, SDEV_REGION_COUNT);
	ck_assert_uint_eq(arg.info.num_irqs, SDEV_IRQ_COUNT);
	memcpy(&svm, (uint8_t *)&arg + arg.info.cap_offset, sizeof(svm));
	ck_assert_uint_eq(svm.header.id, VFIO_DEVICE_INFO_CAP_WEFT_SVM);
	ck_assert_uint_eq(svm.header.next, 0);
	ck_assert_uint_eq(svm.pasid_bits, 20);

	/* no room for the capability: the size that it needs, and then with just that */
	arg.info.argsz = sizeof(arg.info);
	ck_assert_int_eq(sdev_ioctl(rig.file, VFIO_DEVICE_GET_INFO, &arg), 0);
	ck_assert_uint_gt(arg.info.argsz, sizeof(arg.info));
	ck_assert_uint_eq(arg.info.cap_offset, 0);
	ck_assert_int_eq(sdev_ioctl(rig.file, VFIO_DEVICE_GET_INFO, &arg), 0);
	ck_assert_uint_ne(arg.info.cap_offset, 0);

	/* the shortest struct there ever was, and one shorter */
	memset(&arg, 0x77, sizeof(arg));
	arg.info.argsz = offsetof(struct vfio_device_info, cap_offset);
	ck_assert_int_eq(sdev_ioctl(rig.file, VFIO_DEVICE_GET_INFO, &arg), 0);
	ck_assert_uint_eq(arg.info.cap_offset, 0x77777777);
	arg.info.argsz = offsetof(struct vfio_device_info, cap_offset) - 1;
	ck_assert_int_eq(sdev_ioctl(rig.file, VFIO_DEVICE_GET_INFO, &arg), -EINVAL);
	ck_assert_int_eq(sdev_ioctl(rig.file, VFIO_DEVICE_GET_INFO, NULL), -EFAULT);
	ck_assert_int_eq(sdev_ioctl(rig.file, VFIO_BASE, &arg), -ENOTTY);
	ck_assert_int_eq(sdev_ioctl(rig.file, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, &arg), -ENOTTY);
	rig_close(&rig);
}
END_TEST

START_TEST(region_info)
{
	struct {
		struct vfio_region_info info;
		struct vfio_info_cap_header header;
		uint32_t nr_areas;
		uint32_t reserved;
		struct vfio_region_sparse_mmap_area areas[2];
	} arg;
	struct rig rig;

	rig_open_config(&rig, &plain, 64);
	for (uint32_t i = 0; i < SDEV_REGION_COUNT; i++) {
		memset(&arg, 0, sizeof(arg));
		arg.info.argsz = sizeof(arg);
		arg.info.index = i;
		ck_assert_int_eq(sdev_ioctl(rig.file, VFIO_DEVICE_GET_REGION_INFO, &arg), 0);
		ck_assert_uint_eq(arg.info.offset, REGION(i));
		ck_assert(arg.info.flags & VFIO_REGION_INFO_FLAG_MMAP);
		ck_assert_uint_eq(arg.info.cap_offset, sizeof(arg.info));
		ck_assert_uint_eq(arg.header.id, VFIO_REGION_INFO_CAP_SPARSE_MMAP);
		ck_assert_uint_eq(arg.nr_areas, i == SDEV_REGION_MMIO ? 2 : 1);
	}
	ck_assert_uint_eq(arg.info.size, 4 * SDEV_DUS_STRIDE(128));
	ck_assert_uint_eq(arg.areas[0].size, arg.info.size);

	arg.info.argsz = sizeof(arg.info);
	ck_assert_int_eq(sdev_ioctl(rig.file, VFIO_DEVICE_GET_REGION_INFO, &arg), 0);
	ck_assert_uint_eq(arg.info.cap_offset, 0);
	ck_assert_uint_gt(arg.info.argsz, sizeof(arg.info));
	arg.info.index = SDEV_REGION_COUNT;
	ck_assert_int_eq(sdev_ioctl(rig.file, VFIO_DEVICE_GET_REGION_INFO, &arg), -EINVAL);
	arg.info.index = 0;
	arg.info.argsz = sizeof(arg.info) - 1;
	ck_assert_int_eq(sdev_ioctl(rig.file, VFIO_DEVICE_GET_REGION_INFO, &arg), -EINVAL);
	rig_close(&rig);
}
END_TEST

START_TEST(mapping)
{
	uint64_t stride = SDEV_DUS_STRIDE(128);
	struct sdev_file *other;
	struct rig_queue q;
	struct rig rig;
	void *p;

	rig_open_config(&rig, &plain, 64);
	ck_assert_int_eq(sdev_open(rig.dev, &other), 0);
	ck_assert_int_eq(rig_queue_make(other, rig.pasid, 2, &q), 0);
	ck_assert_uint_eq((uintptr_t)q.db % SDEV_PAGE_SIZE, 0);
	ck_assert_uint_eq((uintptr_t)q.sq % SDEV_PAGE_SIZE, 0);

	/* somebody else's, nobody's, not mappable, too much, crooked */
	ck_assert_int_eq(sdev_map(other, SDEV_DB_PAGE(rig.q.index), 4096, &p), -EPERM);
	ck_assert_int_eq(sdev_map(other, REGION(1) + rig.q.index * stride, stride, &p), -EPERM);
	ck_assert_int_eq(sdev_map(other, SDEV_DB_PAGE(3), 4096, &p), -EPERM);
	ck_assert_int_eq(sdev_map(other, SDEV_DB_PAGE(4), 4096, &p), -EINVAL);
	ck_assert_int_eq(sdev_map(other, 0, 4096, &p), -EINVAL);
	ck_assert_int_eq(sdev_map(other, REGION(2), 4096, &p), -EINVAL);
	ck_assert_int_eq(sdev_map(other, SDEV_DB_PAGE(q.index), 4097, &p), -EINVAL);
	ck_assert_int_eq(sdev_map(other, SDEV_DB_PAGE(q.index) + 64, 64, &p), -EINVAL);
	ck_assert_int_eq(sdev_map(other, SDEV_DB_PAGE(q.index), 0, &p), -EINVAL);
	ck_assert_int_eq(sdev_map(other, REGION(1) + q.index * stride, stride + 1, &p), -EINVAL);
	ck_assert_int_eq(sdev_map(other, SDEV_STATUS_PAGE, 8192, &p), -EINVAL);
	ck_assert_int_eq(sdev_map(other, REGION(1) + q.index * stride + 4096, 4096, &p), 0);
	ck_assert_ptr_eq(p, (uint8_t *)q.sq + 4096);
	sdev_close(other);
	rig_close(&rig);
}
END_TEST

START_TEST(irqs)
{
	struct vfio_irq_info info = { .argsz = sizeof(info) };
	struct rig_irq set = {
		.argsz = sizeof(set), .count = 1,
		.flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
	};
	int fd = eventfd(0, EFD_CLOEXEC), pipefd[2];
	struct sdev_desc d = rig_noop(0);
	struct rig_irq bad;
	struct rig rig;

	rig_open_config(&rig, &plain, 64);
	ck_assert_int_eq(sdev_ioctl(rig.file, VFIO_DEVICE_GET_IRQ_INFO, &info), 0);
	ck_assert_uint_eq(info.flags, VFIO_IRQ_INFO_EVENTFD);
	ck_assert_uint_eq(info.count, 4);
	info.index = 1;
	ck_assert_int_eq(sdev_ioctl(rig.file, VFIO_DEVICE_GET_IRQ_INFO, &info), -EINVAL);
	info.index = 0;
	info.argsz--;
	ck_assert_int_eq(sdev_ioctl(rig.file, VFIO_DEVICE_GET_IRQ_INFO, &info), -EINVAL);

#define EXPECT(field, value, rc) \
	do { \
		bad = set; \
		bad.fd[0] = fd; \
		bad.field = (value); \
		ck_assert_int_eq(sdev_ioctl(rig.file, VFIO_DEVICE_SET_IRQS, &bad), (rc)); \
	} while (0)
	EXPECT(argsz, 19, -EINVAL);
	EXPECT(argsz, 23, -EINVAL);
	EXPECT(index, 1, -EINVAL);
	EXPECT(start, 4, -EINVAL);
	EXPECT(start, 5, -EINVAL);
	EXPECT(start, UINT32_MAX, -EINVAL);
	EXPECT(count, 5, -EINVAL);
	EXPECT(count, 0, -EINVAL);
	EXPECT(flags, VFIO_IRQ_SET_DATA_EVENTFD, -EINVAL);
	EXPECT(flags, VFIO_IRQ_SET_DATA_BOOL | VFIO_IRQ_SET_ACTION_TRIGGER, -EINVAL);
	EXPECT(flags, VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_MASK, -EINVAL);
	EXPECT(flags, set.flags | 1u << 8, -EINVAL);
	EXPECT(flags, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER, -EINVAL);
	EXPECT(start, 1, -EPERM);		/* nobody's queue */
	EXPECT(fd[0], -2, -EINVAL);
	EXPECT(fd[0], 9999, -EINVAL);
	ck_assert_int_eq(pipe(pipefd), 0);
	EXPECT(fd[0], pipefd[1], -EINVAL);	/* would block an engine when it is full */
	close(pipefd[0]);
	close(pipefd[1]);

	/* all or nothing */
	ck_assert_int_eq(rig_irq_set(&rig, 0, 2, fd, fd), -EPERM);
	d.flags = SDEV_F_IRQ;
	rig_run(&rig.q, &d);
	ck_assert(!rig_fd_ready(fd));

	ck_assert_int_eq(rig_irq_set(&rig, 0, 1, fd, -1), 0);
	rig_run(&rig.q, &d);
	ck_assert(rig_fd_ready(fd));
	d.flags = 0;
	rig_run(&rig.q, &d);
	ck_assert(!rig_fd_ready(fd));

	/* armed: one signal, and it is disarmed */
	wdi_io_store32(&rig.q.db->irq_arm, 1);
	rig_run(&rig.q, &d);
	ck_assert(rig_fd_ready(fd));
	ck_assert_uint_eq(wdi_io_load32(&rig.q.db->irq_arm), 0);
	rig_run(&rig.q, &d);
	ck_assert(!rig_fd_ready(fd));

	/* off one by one, and all at once */
	d.flags = SDEV_F_IRQ;
	ck_assert_int_eq(rig_irq_set(&rig, 0, 1, -1, -1), 0);
	rig_run(&rig.q, &d);
	ck_assert(!rig_fd_ready(fd));
	ck_assert_int_eq(rig_irq_set(&rig, 0, 1, fd, -1), 0);
	EXPECT(count, 0, -EINVAL);
	bad.flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER;
	ck_assert_int_eq(sdev_ioctl(rig.file, VFIO_DEVICE_SET_IRQS, &bad), 0);
	rig_run(&rig.q, &d);
	ck_assert(!rig_fd_ready(fd));

	/* a counter that is full blocks nobody */
	ck_assert_int_eq(rig_irq_set(&rig, 0, 1, fd, -1), 0);
	ck_assert_int_eq(write(fd, &(uint64_t){ UINT64_MAX - 1 }, 8), 8);
	rig_run(&rig.q, &d);
	rig_close(&rig);
	close(fd);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("device face");
	TCase *tcase = tcase_create("device face");

	tcase_set_timeout(tcase, 300);
	tcase_add_test(tcase, registers);
	tcase_add_test(tcase, bad_configs);
	tcase_add_test(tcase, device_info);
	tcase_add_test(tcase, region_info);
	tcase_add_test(tcase, mapping);
	tcase_add_test(tcase, irqs);
	suite_add_tcase(suite, tcase);
	return rig_main(suite);
}
