/* SPDX-License-Identifier: MIT */
/* Devices, contexts, capabilities: what libwd has beside the algorithms. */
#include <ctype.h>
#include <unistd.h>

#include <uadk/wd_bmm.h>

#include "common.h"

/* ---- devices ------------------------------------------------------------ */

static const char *const algs[] = { "zlib", "gzip", "deflate", "comp", "cbc(aes)", "cipher", "sha256",
				    "digest", "gcm(aes)", "aead" };
static const char *const no_algs[] = { "", "zli", "zlibx", "zlib\n", "\n", "cbc(rot13)", "lz4",
				       "lz77_zstd", "cbc" };

START_TEST(known_algorithm)
{
	struct uacce_dev_list *list = wd_get_accel_list(algs[_i]);
	struct uacce_dev *dev = wd_get_accel_dev(algs[_i]);

	ck_assert_ptr_nonnull(list);
	ck_assert_ptr_nonnull(list->dev);
	ck_assert_ptr_nonnull(dev);
	ck_assert_str_eq(dev->dev_root, list->dev->dev_root);
	wd_free_list_accels(list);
	free(dev);
}
END_TEST

START_TEST(unknown_algorithm)
{
	ck_assert_ptr_null(wd_get_accel_list(no_algs[_i]));
	ck_assert_ptr_null(wd_get_accel_dev(no_algs[_i]));
}
END_TEST

START_TEST(no_algorithm)
{
	ck_assert_ptr_null(wd_get_accel_list(NULL));
	ck_assert_ptr_null(wd_get_accel_dev(NULL));
	wd_free_list_accels(NULL);
}
END_TEST

/* What programs read of a device before they use it. */
START_TEST(device_fields)
{
	struct uacce_dev *dev = any_device();
	const char *name = strrchr(dev->dev_root, '/');
	const char *file = strrchr(dev->char_dev_path, '/');
	const char *number = strrchr(dev->char_dev_path, '-');

	ck_assert(dev->flags & UACCE_DEV_SVA);
	ck_assert_int_ge(dev->numa_id, -1);
	ck_assert_ptr_nonnull(name);
	ck_assert_ptr_nonnull(file);
	ck_assert_str_eq(name, file);
	ck_assert_ptr_nonnull(number);
	ck_assert(number > file && number[1]);
	for (const char *at = number + 1; *at; at++)
		ck_assert_msg(isdigit((unsigned char)*at), "%s", dev->char_dev_path);
	ck_assert_str_ne(dev->api, "");
	ck_assert_str_ne(dev->api, "hisi_qm_v2");
	for (int i = 0; i < 3; i++)
		ck_assert_ptr_nonnull(strstr(dev->algs, algs[i]));
	free(dev);
}
END_TEST

START_TEST(clone_and_append)
{
	struct uacce_dev_list *list = wd_get_accel_list("zlib");
	struct uacce_dev_list *more = calloc(1, sizeof(*more));
	struct uacce_dev_list *at;

	ck_assert_ptr_nonnull(list);
	ck_assert_ptr_null(wd_clone_dev(NULL));
	more->dev = wd_clone_dev(list->dev);
	ck_assert_ptr_nonnull(more->dev);
	ck_assert_ptr_ne(more->dev, list->dev);
	ck_assert_mem_eq(more->dev, list->dev, sizeof(*list->dev));

	wd_add_dev_to_list(NULL, more);
	wd_add_dev_to_list(list, NULL);
	wd_add_dev_to_list(list, more);
	for (at = list; at->next; at = at->next)
		;
	ck_assert_ptr_eq(at, more);
	wd_free_list_accels(list);
}
END_TEST

START_TEST(by_node)
{
	struct uacce_dev_list *list = wd_get_accel_list("zlib");
	struct uacce_dev *dev;

	ck_assert_ptr_nonnull(list);
	dev = wd_find_dev_by_numa(list, list->dev->numa_id);
	ck_assert(!WD_IS_ERR(dev));
	ck_assert_ptr_eq(dev, list->dev);
	dev = wd_find_dev_by_numa(list, 4711);
	ck_assert(WD_IS_ERR(dev));
	ck_assert_int_eq(WD_PTR_ERR(dev), -WD_ENODEV);
	dev = wd_find_dev_by_numa(NULL, 0);
	ck_assert(WD_IS_ERR(dev));
	ck_assert_int_eq(WD_PTR_ERR(dev), -WD_EINVAL);
	wd_free_list_accels(list);
}
END_TEST

START_TEST(nodemask)
{
	struct uacce_dev_list *list = wd_get_accel_list("zlib");
	struct bitmask *mask = wd_create_device_nodemask(NULL);

	wd_free_device_nodemask(NULL);
	ck_assert(WD_IS_ERR(mask));
	mask = wd_create_device_nodemask(list);
	ck_assert_ptr_nonnull(mask);
	if (WD_IS_ERR(mask)) {
		ck_assert_int_eq(WD_PTR_ERR(mask), -ENOTSUP);
	} else {
#ifdef LIBNUMA_API_VERSION
		if (list->dev->numa_id >= 0)
			ck_assert_uint_ne(mask->maskp[0] & 1ul << list->dev->numa_id, 0);
#endif
		wd_free_device_nodemask(mask);
	}
	wd_free_list_accels(list);
}
END_TEST

static const struct {
	const char *path, *with, *without;
} names[] = {
	{ "/dev/hisi_zip-0", "hisi_zip-0", "hisi_zip" },
	{ "/dev/weft_sdev-12", "weft_sdev-12", "weft_sdev" },
	{ "hisi_sec2-3", "hisi_sec2-3", "hisi_sec2" },
	{ "/a-1/b", "b", "b" },
};

START_TEST(accel_name)
{
	char *path = strdup(names[_i].path);
	char *with = wd_get_accel_name(path, 0);
	char *without = wd_get_accel_name(path, 1);
	char empty[] = "";

	ck_assert_str_eq(with, names[_i].with);
	ck_assert_str_eq(without, names[_i].without);
	ck_assert_ptr_null(wd_get_accel_name(NULL, 0));
	ck_assert_ptr_null(wd_get_accel_name(empty, 1));
	free(with);
	free(without);
	free(path);
}
END_TEST

/* A device struct that names nothing of this machine. */
static struct uacce_dev stranger(void)
{
	struct uacce_dev dev = { .flags = UACCE_DEV_SVA };

	strcpy(dev.dev_root, "/sys/class/uacce/stranger-0");
	strcpy(dev.char_dev_path, "/dev/stranger-0");
	strcpy(dev.algs, "zlib\n");
	return dev;
}

START_TEST(usage)
{
	struct uacce_dev *dev, unknown = stranger();
	handle_t a, b;

	env("WEFT_CTX_MAX", "4");
	dev = any_device();
	ck_assert_int_eq(wd_get_avail_ctx(dev), 4);
	ck_assert_int_eq(wd_get_dev_usage(dev, "zlib", WD_DIR_COMPRESS), 0);
	a = wd_request_ctx(dev);
	ck_assert_int_eq(wd_get_avail_ctx(dev), 3);
	ck_assert_int_eq(wd_get_dev_usage(dev, "comp", WD_DIR_DECOMPRESS), 25);
	b = wd_request_ctx(dev);
	ck_assert_int_eq(wd_get_dev_usage(dev, "gzip", WD_DIR_DECOMPRESS), 50);
	wd_release_ctx(a);
	wd_release_ctx(b);
	ck_assert_int_eq(wd_get_avail_ctx(dev), 4);

	ck_assert_int_eq(wd_get_dev_usage(NULL, "zlib", 0), -WD_EINVAL);
	ck_assert_int_eq(wd_get_dev_usage(dev, NULL, 0), -WD_EINVAL);
	ck_assert_int_eq(wd_get_dev_usage(dev, "rot13", 0), -WD_EINVAL);
	ck_assert_int_eq(wd_get_dev_usage(&unknown, "zlib", 0), -WD_ENODEV);
	ck_assert_int_eq(wd_get_avail_ctx(NULL), -WD_EINVAL);
	ck_assert_int_eq(wd_get_avail_ctx(&unknown), -WD_ENODEV);
	ck_assert_int_eq(wd_is_isolate(dev), 0);
	ck_assert_int_eq(wd_is_isolate(NULL), -WD_EINVAL);
	ck_assert_int_eq(wd_is_isolate(&unknown), -WD_ENODEV);
	free(dev);
}
END_TEST

/* ---- contexts ----------------------------------------------------------- */

START_TEST(request_and_release)
{
	struct uacce_dev *dev = any_device();
	handle_t ctx;

	errno = EBUSY;
	ctx = wd_request_ctx(dev);
	ck_assert_uint_ne(ctx, 0);
	ck_assert_int_eq(errno, 0);
	/* The struct is not needed any more. */
	memset(dev, 0xff, sizeof(*dev));
	free(dev);
	ck_assert_int_eq(weft_ctx_noop(ctx), 0);
	wd_release_ctx(ctx);
	wd_release_ctx(0);
}
END_TEST

START_TEST(request_of_nothing)
{
	struct uacce_dev unknown = stranger();

	errno = 0;
	ck_assert_uint_eq(wd_request_ctx(NULL), 0);
	ck_assert_int_eq(errno, WD_EINVAL);
	ck_assert_uint_eq(wd_request_ctx(&unknown), 0);
	ck_assert_int_eq(errno, WD_ENODEV);
}
END_TEST

START_TEST(more_than_there_are)
{
	handle_t ctx[4];
	struct uacce_dev *dev;

	env("WEFT_CTX_MAX", "3");
	dev = any_device();
	for (int i = 0; i < 3; i++) {
		ctx[i] = wd_request_ctx(dev);
		ck_assert_uint_ne(ctx[i], 0);
	}
	ck_assert_int_eq(wd_get_avail_ctx(dev), 0);
	ck_assert_uint_eq(wd_request_ctx(dev), 0);
	ck_assert_int_eq(errno, WD_EBUSY);
	ck_assert_ptr_null(wd_get_accel_dev("zlib"));
	ck_assert_int_eq(weft_ctx_noop(ctx[2]), 0);

	wd_release_ctx(ctx[1]);
	free(dev);
	dev = wd_get_accel_dev("zlib");
	ck_assert_ptr_nonnull(dev);
	ctx[1] = wd_request_ctx(dev);
	ck_assert_uint_ne(ctx[1], 0);
	ck_assert_int_eq(weft_ctx_noop(ctx[1]), 0);
	for (int i = 0; i < 3; i++)
		wd_release_ctx(ctx[i]);
	ck_assert_int_eq(wd_get_avail_ctx(dev), 3);
	free(dev);
}
END_TEST

START_TEST(context_facts)
{
	struct uacce_dev *dev = any_device();
	handle_t ctx = wd_request_ctx(dev);
	int something;

	ck_assert_str_eq(wd_ctx_get_api(ctx), dev->api);
	ck_assert_str_eq(wd_ctx_get_dev_name(ctx), strrchr(dev->dev_root, '/') + 1);
	ck_assert_int_eq(wd_get_numa_id(ctx), dev->numa_id);
	ck_assert_int_eq(wd_is_sva(ctx), 1);
	ck_assert_ptr_null(wd_ctx_get_priv(ctx));
	ck_assert_int_eq(wd_ctx_set_priv(ctx, &something), 0);
	ck_assert_ptr_eq(wd_ctx_get_priv(ctx), &something);
	ck_assert_int_eq(wd_ctx_start(ctx), 0);
	ck_assert_int_eq(wd_ctx_start(ctx), 0);
	wd_release_ctx(ctx);
	free(dev);
}
END_TEST

/* Memory that is no context, and no handle at all. */
START_TEST(not_a_context)
{
	static const uint64_t zeroes[256];
	const handle_t wrong[] = { 0, (handle_t)zeroes };
	handle_t h = wrong[_i];
	int something;

	ck_assert_ptr_null(wd_ctx_get_api(h));
	ck_assert_ptr_null(wd_ctx_get_dev_name(h));
	ck_assert_int_eq(wd_get_numa_id(h), -WD_EINVAL);
	ck_assert_int_eq(wd_is_sva(h), -WD_EINVAL);
	ck_assert_ptr_null(wd_ctx_get_priv(h));
	ck_assert_int_eq(wd_ctx_set_priv(h, &something), -WD_EINVAL);
	ck_assert_int_eq(wd_ctx_start(h), -WD_EINVAL);
	ck_assert_int_eq(wd_ctx_wait(h, 0), -WD_EINVAL);
	ck_assert_ptr_null(wd_ctx_mmap_qfr(h, UACCE_QFRT_DUS));
	ck_assert_int_eq(errno, WD_EINVAL);
	wd_ctx_unmap_qfr(h, UACCE_QFRT_DUS);
	ck_assert_uint_eq(wd_ctx_get_region_size(h, UACCE_QFRT_DUS), 0);
	ck_assert_int_eq(wd_ctx_set_io_cmd(h, UACCE_CMD_START, NULL), -WD_EINVAL);
	ck_assert_int_eq(wd_release_ctx_force(h), -WD_EINVAL);
	wd_release_ctx(h);
}
END_TEST

START_TEST(regions)
{
	static const enum uacce_qfrt good[] = { UACCE_QFRT_MMIO, UACCE_QFRT_DUS };
	static const enum uacce_qfrt bad[] = { UACCE_QFRT_SS, UACCE_QFRT_MAX,
					       (enum uacce_qfrt)1000 };
	handle_t ctx = new_ctx();

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		volatile uint8_t *base = wd_ctx_mmap_qfr(ctx, good[i]);
		unsigned long size = wd_ctx_get_region_size(ctx, good[i]);

		ck_assert_ptr_nonnull((void *)(uintptr_t)base);
		ck_assert_uint_ge(size, 64);
		(void)base[0];
		(void)base[size - 1];
		ck_assert_ptr_eq(wd_ctx_mmap_qfr(ctx, good[i]), (void *)(uintptr_t)base);
		wd_ctx_unmap_qfr(ctx, good[i]);
		ck_assert_ptr_eq(wd_ctx_mmap_qfr(ctx, good[i]), (void *)(uintptr_t)base);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		errno = 0;
		ck_assert_ptr_null(wd_ctx_mmap_qfr(ctx, bad[i]));
		ck_assert_int_eq(errno, WD_EINVAL);
		ck_assert_uint_eq(wd_ctx_get_region_size(ctx, bad[i]), 0);
		wd_ctx_unmap_qfr(ctx, bad[i]);
	}
	ck_assert_int_eq(weft_ctx_noop(ctx), 0);
	wd_release_ctx(ctx);
}
END_TEST

/* Everything that needs the queue is refused; the rest of the handle lives on. */
static void assert_without_queue(handle_t ctx)
{
	int something;

	ck_assert_int_eq(wd_ctx_start(ctx), -WD_ENODEV);
	ck_assert_int_eq(wd_ctx_wait(ctx, 0), -WD_ENODEV);
	ck_assert_int_eq(weft_ctx_noop(ctx), -WD_ENODEV);
	ck_assert_int_eq(weft_ctx_pasid(ctx), -WD_ENODEV);
	ck_assert_ptr_null(wd_ctx_mmap_qfr(ctx, UACCE_QFRT_DUS));
	ck_assert_int_eq(wd_ctx_set_priv(ctx, &something), 0);
	ck_assert_ptr_eq(wd_ctx_get_priv(ctx), &something);
	ck_assert_ptr_nonnull(wd_ctx_get_dev_name(ctx));
	ck_assert_int_eq(wd_is_sva(ctx), 1);
}

START_TEST(commands)
{
	handle_t ctx = new_ctx();
	int left = free_ctxs();

	ck_assert_int_eq(wd_ctx_set_io_cmd(ctx, UACCE_CMD_START, NULL), 0);
	ck_assert_int_eq(weft_ctx_noop(ctx), 0);
	ck_assert_int_eq(wd_ctx_set_io_cmd(ctx, _IO('W', 77), NULL), -ENOTTY);
	ck_assert_int_eq(wd_ctx_set_io_cmd(ctx, UACCE_CMD_GET_SS_DMA, NULL), -ENOTTY);
	ck_assert_int_eq(wd_ctx_set_io_cmd(ctx, 0, NULL), -ENOTTY);
	ck_assert_int_eq(weft_ctx_noop(ctx), 0);
	ck_assert_int_eq(wd_ctx_set_io_cmd(ctx, UACCE_CMD_PUT_Q, NULL), 0);
	ck_assert_int_eq(free_ctxs(), left + 1);
	assert_without_queue(ctx);
	wd_release_ctx(ctx);
}
END_TEST

START_TEST(forced_release)
{
	handle_t ctx = new_ctx(), other = new_ctx();
	int left = free_ctxs();

	ck_assert_int_eq(wd_release_ctx_force(ctx), 0);
	ck_assert_int_eq(free_ctxs(), left + 1);
	assert_without_queue(ctx);
	ck_assert_int_eq(wd_release_ctx_force(ctx), 0);
	ck_assert_int_eq(weft_ctx_noop(other), 0);
	wd_release_ctx(ctx);
	ck_assert_int_eq(free_ctxs(), left + 1);
	wd_release_ctx(other);
}
END_TEST

START_TEST(nothing_to_wait_for)
{
	handle_t ctx = new_ctx();

	ck_assert_int_eq(wd_ctx_wait(ctx, 0), 0);
	ck_assert_int_eq(wd_ctx_wait(ctx, 1), 0);
	ck_assert_int_eq(weft_ctx_noop(ctx), 0);
	ck_assert_int_eq(wd_ctx_wait(ctx, 0), 0);
	wd_release_ctx(ctx);
}
END_TEST

/* Opening and closing, with threads and without, leaves the process as it was. */
START_TEST(nothing_is_left)
{
	unsigned int fds;

	env("WEFT_ENGINE_THREADS", _i ? "2" : "0");
	wd_release_ctx(new_ctx());
	fds = open_fds();
	for (int i = 0; i < 20; i++) {
		handle_t ctx[3] = { new_ctx(), new_ctx(), new_ctx() };

		ck_assert_int_eq(weft_ctx_noop(ctx[i % 3]), 0);
		for (int c = 0; c < 3; c++)
			wd_release_ctx(ctx[c]);
	}
	ck_assert_uint_eq(open_fds(), fds);
}
END_TEST

START_TEST(many_contexts)
{
	enum { MANY = 300 };
	handle_t ctx[MANY];
	int left = free_ctxs();

	for (int i = 0; i < MANY; i++) {
		ctx[i] = new_ctx();
		ck_assert_int_eq(weft_ctx_noop(ctx[i]), 0);
	}
	ck_assert_int_eq(free_ctxs(), left - MANY);
	for (int i = 0; i < MANY; i++)
		wd_release_ctx(ctx[i]);
	ck_assert_int_eq(free_ctxs(), left);
}
END_TEST

/* ---- the rest of libwd -------------------------------------------------- */

START_TEST(capabilities)
{
	struct wd_capability *head = wd_get_alg_cap();
	unsigned int found = 0;

	ck_assert_ptr_nonnull(head);
	for (struct wd_capability *cap = head; cap; cap = cap->next) {
		ck_assert_str_ne(cap->drv_name, "");
		for (unsigned int i = 0; i < 3; i++) {
			if (!strcmp(cap->alg_name, algs[i]) && cap->available)
				found |= 1u << i;
		}
	}
	ck_assert_uint_eq(found, 7);
	wd_release_alg_cap(head);
	wd_release_alg_cap(NULL);
}
END_TEST

START_TEST(algorithm_class)
{
	char type[ALG_NAME_SIZE] = "as it was";
	static const char *const alone[] = { "zlib", "gzip", "deflate", "lz77_zstd", "lz4" };

	ck_assert_int_eq(wd_get_alg_type(NULL, type), -WD_EINVAL);
	ck_assert_int_eq(wd_get_alg_type("zlib", NULL), -WD_EINVAL);
	ck_assert_int_eq(wd_get_alg_type("no such thing", type), -WD_EINVAL);
	ck_assert_str_eq(type, "as it was");
	for (size_t i = 0; i < ARRAY_SIZE(alone); i++) {
		ck_assert_int_eq(wd_get_alg_type(alone[i], type), 0);
		ck_assert_str_eq(type, alone[i]);
	}
}
END_TEST

START_TEST(named_contexts)
{
	handle_t a = new_ctx(), b = new_ctx();
	char zlib[] = "zlib", gzip[] = "gzip", longest[CRYPTO_MAX_ALG_NAME + 1];

	memset(longest, 'x', sizeof(longest) - 1);
	longest[CRYPTO_MAX_ALG_NAME] = '\0';
	ck_assert_uint_eq(wd_find_ctx("zlib"), 0);
	ck_assert_uint_eq(wd_find_ctx(NULL), 0);
	ck_assert_int_eq(wd_insert_ctx_list(0, zlib), -WD_EINVAL);
	ck_assert_int_eq(wd_insert_ctx_list(a, NULL), -WD_EINVAL);
	ck_assert_int_eq(wd_insert_ctx_list(a, longest), -WD_EINVAL);
	longest[CRYPTO_MAX_ALG_NAME - 1] = '\0';
	ck_assert_int_eq(wd_insert_ctx_list(a, longest), 0);
	ck_assert_uint_eq(wd_find_ctx(longest), a);

	ck_assert_int_eq(wd_insert_ctx_list(a, zlib), 0);
	ck_assert_int_eq(wd_insert_ctx_list(a, gzip), 0);
	ck_assert_int_eq(wd_insert_ctx_list(b, zlib), 0);
	ck_assert_uint_eq(wd_find_ctx("zlib"), b);
	ck_assert_uint_eq(wd_find_ctx("gzip"), a);
	wd_remove_ctx_list(b);
	ck_assert_uint_eq(wd_find_ctx("zlib"), a);
	wd_remove_ctx_list(b);
	wd_release_ctx(a);
	ck_assert_uint_eq(wd_find_ctx("zlib"), 0);
	ck_assert_uint_eq(wd_find_ctx(longest), 0);
	wd_release_ctx(b);
}
END_TEST

START_TEST(consttime)
{
	uint8_t a[300], b[300];

	data_fill(DATA_RANDOM, 1, a, sizeof(a));
	memcpy(b, a, sizeof(b));
	ck_assert_int_eq(memcmp_consttime(a, b, sizeof(a)), 0);
	ck_assert_int_eq(memcmp_consttime(a, b, 0), 0);
	for (size_t i = 0; i < sizeof(a); i++) {
		b[i] ^= (uint8_t)(1u << (i % 8));
		ck_assert_int_ne(memcmp_consttime(a, b, sizeof(a)), 0);
		ck_assert_int_eq(memcmp_consttime(a, b, i), 0);
		b[i] = a[i];
	}
}
END_TEST

static int print_version(void *fd)
{
	expect(dup2(*(int *)fd, STDOUT_FILENO) == STDOUT_FILENO);
	wd_get_version();
	fflush(stdout);
	return 0;
}

START_TEST(version)
{
	char text[500] = "";
	int ends[2];
	ssize_t len;

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(in_child(print_version, &ends[1]), 0);
	len = read(ends[0], text, sizeof(text) - 1);
	ck_assert_int_gt(len, 0);
	ck_assert_msg(strstr(text, weft_version()), "\"%s\" has no version", text);
	ck_assert_int_eq(text[len - 1], '\n');
	close(ends[0]);
	close(ends[1]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("devices");
	TCase *tcase = add_case(suite, "devices");

	tcase_add_loop_test(tcase, known_algorithm, 0, ARRAY_SIZE(algs));
	tcase_add_loop_test(tcase, unknown_algorithm, 0, ARRAY_SIZE(no_algs));
	tcase_add_test(tcase, no_algorithm);
	tcase_add_test(tcase, device_fields);
	tcase_add_test(tcase, clone_and_append);
	tcase_add_test(tcase, by_node);
	tcase_add_test(tcase, nodemask);
	tcase_add_loop_test(tcase, accel_name, 0, ARRAY_SIZE(names));
	tcase_add_test(tcase, usage);

	tcase = add_case(suite, "contexts");
	tcase_add_test(tcase, request_and_release);
	tcase_add_test(tcase, request_of_nothing);
	tcase_add_test(tcase, more_than_there_are);
	tcase_add_test(tcase, context_facts);
	tcase_add_loop_test(tcase, not_a_context, 0, 2);
	tcase_add_test(tcase, regions);
	tcase_add_test(tcase, commands);
	tcase_add_test(tcase, forced_release);
	tcase_add_test(tcase, nothing_to_wait_for);
	tcase_add_loop_test(tcase, nothing_is_left, 0, 2);
	tcase_add_test(tcase, many_contexts);

	tcase = add_case(suite, "library");
	tcase_add_test(tcase, capabilities);
	tcase_add_test(tcase, algorithm_class);
	tcase_add_test(tcase, named_contexts);
	tcase_add_test(tcase, consttime);
	tcase_add_test(tcase, version);
	return run_suite(suite);
}
