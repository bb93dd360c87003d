/* SPDX-License-Identifier: MIT */
/* <weft/weft.h>: reports, counters, devices, options. */
#include <stddef.h>

#include "common.h"

/* ---- reports -------------------------------------------------------------------- */

static struct weft_report report_of(handle_t sess)
{
	struct weft_report report = { .size = sizeof(report) };

	ck_assert_int_eq(weft_sess_report(sess, &report), 0);
	ck_assert_uint_eq(report.size, sizeof(report));
	return report;
}

/* By each way of sending: what the caller saw is what the report says. */
static void assert_reported(handle_t sess, const struct wd_comp_req *req)
{
	struct weft_report report = report_of(sess);
	struct uacce_dev *dev = any_device();

	ck_assert_uint_eq(report.path, WEFT_PATH_DEVICE);
	ck_assert_uint_eq(report.status, req->status);
	ck_assert_uint_eq(report.in_bytes, req->src_len);
	ck_assert_uint_eq(report.out_bytes, req->dst_len);
	ck_assert_uint_gt(report.ns, 0);
	ck_assert_uint_eq(report.retries, 0);
	ck_assert_uint_eq(report.fault_addr, 0);
	ck_assert_str_eq(report.device, strrchr(dev->dev_root, '/') + 1);
	ck_assert_str_ne(report.engine, "");
	free(dev);
}

START_TEST(last_request)
{
	uint8_t in[5000], packed[6000], out[5000];
	struct weft_report report;
	struct wd_comp_req req;
	handle_t c, d;
	size_t len;

	data_fill(DATA_TEXT, 1, in, sizeof(in));
	start();
	c = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	d = new_sess(WD_ZLIB, WD_DIR_DECOMPRESS, 0, 0);
	report = report_of(c);
	ck_assert_uint_eq(report.path, WEFT_PATH_NONE);
	ck_assert_uint_eq(report.in_bytes, 0);
	ck_assert_str_eq(report.device, "");
	for (int way = 0; way < WAYS; way++) {
		len = sizeof(in) - (size_t)way;
		req = new_req(WD_DIR_COMPRESS, in, len, packed, sizeof(packed));
		assert_result(&req, 0, run_block((enum way)way, c, &req), 0);
		assert_reported(c, &req);
		len = req.dst_len;
		req = new_req(WD_DIR_DECOMPRESS, packed, len, out, sizeof(out));
		assert_result(&req, 0, run_block((enum way)way, d, &req), 0);
		assert_reported(d, &req);
		req = new_req(WD_DIR_DECOMPRESS, in, 100, out, sizeof(out));
		assert_result(&req, 0, run_block((enum way)way, d, &req), WD_IN_EPARA);
		assert_reported(d, &req);
	}
	req = new_req(WD_DIR_COMPRESS, in, 1000, packed, sizeof(packed));
	assert_result(&req, 0, wd_do_comp_strm(c, &req), 0);
	assert_reported(c, &req);
	req = new_req(WD_DIR_COMPRESS, in, 0, packed, sizeof(packed));
	req.last = 1;
	assert_result(&req, 0, wd_do_comp_strm(c, &req), WD_STREAM_END);
	assert_reported(c, &req);
	/* What was never sent is not in it. */
	report = report_of(c);
	req.dst_len = 0;
	ck_assert_int_eq(wd_do_comp_sync(c, &req), -WD_EINVAL);
	ck_assert_uint_eq(report_of(c).ns, report.ns);
	wd_comp_free_sess(c);
	wd_comp_free_sess(d);
	finish();
}
END_TEST

START_TEST(failing_address)
{
	uint8_t *gone = fenced(0), out[100], in[100] = { 0 };
	struct weft_report report;
	struct wd_comp_req req;
	handle_t c;

	start();
	c = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	req = new_req(WD_DIR_COMPRESS, gone + 16, 100, out, sizeof(out));
	assert_result(&req, -WD_ADDR_ERR, wd_do_comp_sync(c, &req), WD_ADDR_ERR);
	report = report_of(c);
	ck_assert_uint_eq(report.status, WD_ADDR_ERR);
	ck_assert_uint_eq(report.fault_addr, (uintptr_t)(gone + 16));
	ck_assert_uint_eq(report.in_bytes, 0);
	req = new_req(WD_DIR_COMPRESS, in, sizeof(in), out, sizeof(out));
	assert_result(&req, 0, wd_do_comp_sync(c, &req), 0);
	assert_reported(c, &req);
	wd_comp_free_sess(c);
	finish();
	fenced_free(gone, 0);
}
END_TEST

/* A program with a shorter struct gets its part, one with a longer a smaller size. */
START_TEST(report_sizes)
{
	struct {
		struct weft_report report;
		uint8_t more[64];
	} r;
	uint8_t out[100];
	struct wd_comp_req req;
	handle_t c;

	start();
	c = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	req = new_req(WD_DIR_COMPRESS, "abc", 3, out, sizeof(out));
	assert_result(&req, 0, wd_do_comp_sync(c, &req), 0);
	for (uint32_t size = 0; size <= sizeof(r); size += 4) {
		size_t filled = size < sizeof(r.report) ? size : sizeof(r.report);
		const uint8_t *bytes = (const uint8_t *)&r;
		bool untouched = true;
		int ret;

		memset(&r, 0xa5, sizeof(r));
		r.report.size = size;
		ret = weft_sess_report(c, &r.report);
		if (size < 8) {
			ck_assert_int_eq(ret, -EINVAL);
			filled = 4;
		} else {
			ck_assert_int_eq(ret, 0);
			ck_assert_uint_eq(r.report.size, filled);
			ck_assert_uint_eq(r.report.path, WEFT_PATH_DEVICE);
		}
		for (size_t i = filled; i < sizeof(r); i++)
			untouched &= bytes[i] == 0xa5;
		ck_assert_msg(untouched, "more than %zu bytes were filled", filled);
	}
	ck_assert_int_eq(weft_sess_report(c, NULL), -EINVAL);
	r.report.size = sizeof(r.report);
	ck_assert_int_eq(weft_sess_report(0, &r.report), -EINVAL);
	wd_comp_free_sess(c);
	ck_assert_int_eq(weft_sess_report(c, &r.report), -EINVAL);
	finish();
}
END_TEST

/* ---- contexts -------------------------------------------------------------------- */

static struct weft_ctx_stats stats_of(handle_t ctx)
{
	struct weft_ctx_stats stats = { .size = sizeof(stats) };

	ck_assert_int_eq(weft_ctx_stats(ctx, &stats), 0);
	ck_assert_uint_eq(stats.size, sizeof(stats));
	return stats;
}

START_TEST(counters_add_up)
{
	enum { GOOD = 20, BAD = 5, NOOPS = 7 };
	uint8_t in[3000], out[5000];
	uint64_t in_bytes = 0, out_bytes = 0;
	struct weft_ctx_stats stats;
	struct wd_comp_req req;
	struct rig rig;
	handle_t c, d;

	env("WEFT_ENGINE_THREADS", _i & 1 ? "2" : "0");
	data_fill(DATA_TEXT, 1, in, sizeof(in));
	rig_up(&rig, 1, 1);
	c = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	d = new_sess(WD_ZLIB, WD_DIR_DECOMPRESS, 0, 0);
	stats = stats_of(rig.ctxs[0].ctx);
	ck_assert_uint_eq(stats.submitted + stats.completed + stats.errors + stats.busy, 0);
	for (enum way way = WAY_SYNC; way <= WAY_ASYNC; way += WAY_ASYNC) {
		handle_t ctx = rig.ctxs[way == WAY_ASYNC].ctx;

		in_bytes = out_bytes = 0;
		for (size_t i = 0; i < GOOD; i++) {
			req = new_req(WD_DIR_COMPRESS, in, 100 * (i + 1), out, sizeof(out));
			assert_result(&req, 0, run_block(way, c, &req), 0);
			in_bytes += req.src_len;
			out_bytes += req.dst_len;
		}
		for (int i = 0; i < BAD; i++) {
			req = new_req(WD_DIR_DECOMPRESS, in, 100, out, sizeof(out));
			assert_result(&req, 0, run_block(way, d, &req), WD_IN_EPARA);
			in_bytes += req.src_len;
			out_bytes += req.dst_len;
		}
		for (int i = 0; i < NOOPS; i++)
			ck_assert_int_eq(weft_ctx_noop(ctx), 0);
		stats = stats_of(ctx);
		ck_assert_uint_eq(stats.submitted, GOOD + BAD + NOOPS);
		ck_assert_uint_eq(stats.completed, GOOD + BAD + NOOPS);
		ck_assert_uint_eq(stats.errors, BAD);
		ck_assert_uint_eq(stats.busy, 0);
		ck_assert_uint_eq(stats.in_bytes, in_bytes);
		ck_assert_uint_eq(stats.out_bytes, out_bytes);
		if (!(_i & 1)) {
			ck_assert_uint_gt(stats.inline_steps, 0);
			ck_assert_uint_eq(stats.kicks, 0);
		}
	}
	wd_comp_free_sess(c);
	wd_comp_free_sess(d);
	rig_down(&rig);
}
END_TEST

START_TEST(stats_sizes)
{
	struct {
		struct weft_ctx_stats stats;
		uint8_t more[32];
	} s;
	handle_t ctx = new_ctx();

	ck_assert_int_eq(weft_ctx_noop(ctx), 0);
	memset(&s, 0xa5, sizeof(s));
	s.stats.size = sizeof(s);
	ck_assert_int_eq(weft_ctx_stats(ctx, &s.stats), 0);
	ck_assert_uint_eq(s.stats.size, sizeof(s.stats));
	ck_assert_uint_eq(s.more[0], 0xa5);
	memset(&s, 0xa5, sizeof(s));
	s.stats.size = offsetof(struct weft_ctx_stats, completed);
	ck_assert_int_eq(weft_ctx_stats(ctx, &s.stats), 0);
	ck_assert_uint_eq(s.stats.submitted, 1);
	ck_assert_uint_eq(s.stats.completed, UINT64_C(0xa5a5a5a5a5a5a5a5));
	s.stats.size = 4;
	ck_assert_int_eq(weft_ctx_stats(ctx, &s.stats), -EINVAL);
	ck_assert_int_eq(weft_ctx_stats(ctx, NULL), -EINVAL);
	wd_release_ctx(ctx);
}
END_TEST

START_TEST(no_context)
{
	struct weft_ctx_stats stats = { .size = sizeof(stats) };
	static const uint64_t zeroes[256];
	handle_t h = _i ? (handle_t)zeroes : 0;

	ck_assert_int_eq(weft_ctx_stats(h, &stats), -EINVAL);
	ck_assert_int_eq(weft_ctx_pasid(h), -EINVAL);
	ck_assert_int_eq(weft_ctx_wait_fd(h), -EINVAL);
	ck_assert_int_eq(weft_ctx_noop(h), -EINVAL);
	ck_assert_int_eq(weft_ctx_reset(h), -EINVAL);
}
END_TEST

static int pasid_of_child(void *arg)
{
	handle_t ctx = *(handle_t *)arg;

	expect(weft_ctx_pasid(ctx) > 0);
	expect(weft_ctx_noop(ctx) == 0);
	return 0;
}

/* One address space, one PASID, however many contexts. */
START_TEST(pasids)
{
	handle_t a = new_ctx(), b = new_ctx();
	int pasid = weft_ctx_pasid(a);

	ck_assert_int_ge(pasid, 1);
	ck_assert_int_lt(pasid, 1 << 20);
	ck_assert_int_eq(weft_ctx_pasid(b), pasid);
	wd_release_ctx(a);
	ck_assert_int_eq(weft_ctx_pasid(b), pasid);
	a = new_ctx();
	ck_assert_int_eq(weft_ctx_pasid(a), pasid);
	ck_assert_int_eq(in_child(pasid_of_child, &a), 0);
	ck_assert_int_eq(weft_ctx_reset(a), 0);
	ck_assert_int_eq(weft_ctx_pasid(a), pasid);
	ck_assert_int_eq(weft_ctx_noop(b), 0);
	wd_release_ctx(a);
	wd_release_ctx(b);
}
END_TEST

static int noop_of_child(void *arg)
{
	handle_t ctx = *(handle_t *)arg;

	expect(weft_ctx_noop(ctx) == 0);
	expect(weft_ctx_wait_fd(ctx) == -EOPNOTSUPP);
	return 0;
}

/* Nobody but its users runs it, also those who have a deadline, and in a child. */
START_TEST(poll_only)
{
	handle_t ctx;

	env("WEFT_ENGINE_THREADS", _i & 1 ? "2" : "0");
	env("WEFT_DEADLINE_MS", _i & 2 ? "60000" : "0");
	ck_assert_int_eq(weft_ctx_poll_only(0), -EINVAL);
	ctx = new_ctx();
	ck_assert_int_eq(weft_ctx_poll_only(ctx), 0);
	ck_assert_int_eq(weft_ctx_poll_only(ctx), 0);
	ck_assert_int_eq(weft_ctx_wait_fd(ctx), -EOPNOTSUPP);
	for (unsigned int i = 0; i < 50; i++)
		ck_assert_int_eq(weft_ctx_noop(ctx), 0);
	ck_assert_uint_eq(stats_of(ctx).inline_steps, 50);
	ck_assert_uint_eq(stats_of(ctx).kicks, 0);
	ck_assert_int_eq(weft_ctx_poll_only(ctx), 0);
	ck_assert_int_eq(in_child(noop_of_child, &ctx), 0);
	wd_release_ctx(ctx);

	ctx = new_ctx();
	ck_assert_int_eq(weft_ctx_noop(ctx), 0);
	ck_assert_int_eq(weft_ctx_poll_only(ctx), -EBUSY);
	wd_release_ctx(ctx);
	if (_i & 1) {
		ctx = new_ctx();
		ck_assert_int_ge(weft_ctx_wait_fd(ctx), 0);
		ck_assert_int_eq(weft_ctx_poll_only(ctx), -EBUSY);
		wd_release_ctx(ctx);
	}
}
END_TEST

/* Somebody has to run it. */
START_TEST(poll_only_without_steps)
{
	handle_t ctx;

	env("WEFT_ENGINE_THREADS", "1");
	env("WEFT_INLINE", "0");
	ctx = new_ctx();
	ck_assert_int_eq(weft_ctx_poll_only(ctx), -EOPNOTSUPP);
	ck_assert_int_eq(weft_ctx_noop(ctx), 0);
	wd_release_ctx(ctx);
}
END_TEST

START_TEST(noops)
{
	unsigned int times = slow() ? 100 : 2000;
	handle_t ctx;

	env("WEFT_ENGINE_THREADS", _i & 1 ? "1" : "0");
	env("WEFT_INLINE", _i & 2 ? "1" : "0");
	env("WEFT_SPIN_US", _i & 4 ? "0" : "20");
	ctx = new_ctx();
	for (unsigned int i = 1; i <= times; i++) {
		if (weft_ctx_noop(ctx))
			ck_abort_msg("number %u failed", i);
	}
	ck_assert_uint_eq(stats_of(ctx).completed, times);
	wd_release_ctx(ctx);
}
END_TEST

/* ---- devices and options ------------------------------------------------------------ */

START_TEST(devices)
{
	struct weft_device d[3];
	struct uacce_dev *dev;
	handle_t ctx;
	int count;

	env("WEFT_CTX_MAX", "12");
	env("WEFT_ENGINE_THREADS", "2");
	env("WEFT_GUARD", "copy");
	env("WEFT_CODECS", "zlib");
	count = weft_device_list(NULL, 0);
	ck_assert_int_ge(count, 1);
	ck_assert_int_eq(weft_device_list(NULL, 1), -EINVAL);
	memset(d, 0xa5, sizeof(d));
	d[0].size = sizeof(d[0]);
	ck_assert_int_eq(weft_device_list(d, 3), count);
	dev = any_device();
	ck_assert_uint_eq(d[0].size, sizeof(d[0]));
	ck_assert_str_eq(d[0].name, strrchr(dev->dev_root, '/') + 1);
	ck_assert_str_eq(d[0].api, dev->api);
	ck_assert_str_eq(d[0].bus, "embedded");
	ck_assert_str_eq(d[0].state, "running");
	ck_assert_str_eq(d[0].guard, "copy");
	ck_assert_str_eq(d[0].algs, dev->algs);
	ck_assert_int_eq(d[0].numa_id, dev->numa_id);
	ck_assert_uint_eq(d[0].flags, (unsigned int)dev->flags);
	ck_assert_uint_eq(d[0].ctx_total, 12);
	ck_assert_uint_eq(d[0].ctx_free, 12);
	ck_assert_uint_eq(d[0].engine_threads, 2);
	ck_assert_ptr_nonnull(strstr(d[0].engines, "zlib "));
	ck_assert_uint_eq(d[2].size, count > 2 ? sizeof(d[0]) : 0xa5a5a5a5);
	ctx = wd_request_ctx(dev);
	ck_assert_int_eq(weft_device_list(d, 1), count);
	ck_assert_uint_eq(d[0].ctx_free, 11);
	wd_release_ctx(ctx);
	free(dev);
}
END_TEST

START_TEST(device_sizes)
{
	struct {
		struct weft_device device;
		uint8_t more[40];
	} d;

	memset(&d, 0xa5, sizeof(d));
	d.device.size = sizeof(d);
	ck_assert_int_ge(weft_device_list(&d.device, 1), 1);
	ck_assert_uint_eq(d.device.size, sizeof(d.device));
	ck_assert_uint_eq(d.more[0], 0xa5);
	memset(&d, 0xa5, sizeof(d));
	d.device.size = offsetof(struct weft_device, name) + 4;
	ck_assert_int_ge(weft_device_list(&d.device, 1), 1);
	ck_assert_uint_eq(d.device.size, offsetof(struct weft_device, name) + 4);
	ck_assert_mem_eq(d.device.name, "weft", 4);
	ck_assert_uint_eq((uint8_t)d.device.name[4], 0xa5);
	d.device.size = 4;
	ck_assert_int_eq(weft_device_list(&d.device, 1), -EINVAL);
}
END_TEST

START_TEST(options)
{
	static const char *const known[] = {
		"WEFT_LOG", "WEFT_ENGINE_THREADS", "WEFT_GUARD", "WEFT_CODECS",
		"WEFT_CRYPTO_ENGINES", "WEFT_SPIN_US", "WEFT_FAULT_MODE",
		"WEFT_INLINE", "WEFT_DIRECT", "WEFT_CTX_MAX", "WEFT_QUEUE_DEPTH", "WEFT_ISOLATE",
		"WD_COMP_CTX_NUM", "WD_COMP_ASYNC_POLL_EN", "WD_COMP_ASYNC_POLL_NUM",
		"WD_COMP_EPOLL_EN",
	};
	static const char *const types[] = { "bool", "uint ", "auto or uint ", "choice:", "set:",
					     "text" };
	struct weft_option option = { .size = sizeof(option) };
	unsigned int found = 0, count;

	for (count = 0; weft_option_get(count, &option) == 0; count++) {
		bool typed = false;

		ck_assert_uint_eq(option.size, sizeof(option));
		ck_assert_str_ne(option.name, "");
		ck_assert_str_ne(option.help, "");
		ck_assert_ptr_nonnull(option.fallback);
		for (size_t i = 0; i < ARRAY_SIZE(types); i++)
			typed |= !strncmp(option.type, types[i], strlen(types[i]));
		ck_assert_msg(typed, "%s is of type \"%s\"", option.name, option.type);
		for (size_t i = 0; i < ARRAY_SIZE(known); i++)
			found |= !strcmp(option.name, known[i]) ? 1u << i : 0;
	}
	ck_assert_uint_eq(found, (1u << ARRAY_SIZE(known)) - 1);
	ck_assert_int_eq(weft_option_get(count, &option), -ENOENT);
	ck_assert_int_eq(weft_option_get(0xffffffff, &option), -ENOENT);
	ck_assert_int_eq(weft_option_get(0, NULL), -EINVAL);
	option.size = 8;
	ck_assert_int_eq(weft_option_get(0, &option), -EINVAL);
}
END_TEST

/* A value that does not fit is as good as none. */
START_TEST(wrong_option_values)
{
	static const struct {
		const char *name, *value;
	} wrong[] = {
		{ "WEFT_ENGINE_THREADS", "many" }, { "WEFT_ENGINE_THREADS", "-1" },
		{ "WEFT_GUARD", "best" }, { "WEFT_FAULT_MODE", "retry" }, { "WEFT_CODECS", "zlib,lzma" }, { "WEFT_SPIN_US", "1e3" },
		{ "WEFT_INLINE", "perhaps" }, { "WEFT_DIRECT", "2" }, { "WEFT_CTX_MAX", "0" },
		{ "WEFT_CTX_MAX", "99999999" },
		{ "WEFT_QUEUE_DEPTH", "1" }, { "WEFT_QUEUE_DEPTH", "" },
		{ "WD_COMP_ASYNC_POLL_EN", "2" }, { "WD_COMP_EPOLL_EN", "" },
	};
	struct weft_device before = { .size = sizeof(before) }, after = before;

	env(wrong[_i].name, NULL);
	ck_assert_int_ge(weft_device_list(&before, 1), 1);
	env(wrong[_i].name, wrong[_i].value);
	ck_assert_int_ge(weft_device_list(&after, 1), 1);
	ck_assert_mem_eq(&before, &after, sizeof(after));
	start();
	assert_works();
	finish();
}
END_TEST

START_TEST(versions)
{
	const char *dot = strchr(weft_version(), '.');

	ck_assert_ptr_nonnull(dot);
	ck_assert_ptr_nonnull(strchr(dot + 1, '.'));
	ck_assert_ptr_eq(weft_version(), weft_version());
	ck_assert_ptr_nonnull(strstr(weft_build(), "zlib"));
	ck_assert_ptr_null(strchr(weft_build(), '\n'));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("report");
	TCase *tcase = add_case(suite, "sessions");

	tcase_add_test(tcase, last_request);
	tcase_add_test(tcase, failing_address);
	tcase_add_test(tcase, report_sizes);

	tcase = add_case(suite, "contexts");
	tcase_add_loop_test(tcase, counters_add_up, 0, 2);
	tcase_add_test(tcase, stats_sizes);
	tcase_add_loop_test(tcase, no_context, 0, 2);
	tcase_add_test(tcase, pasids);
	tcase_add_loop_test(tcase, poll_only, 0, 4);
	tcase_add_test(tcase, poll_only_without_steps);
	tcase_add_loop_test(tcase, noops, 0, 8);

	tcase = add_case(suite, "library");
	tcase_add_test(tcase, devices);
	tcase_add_test(tcase, device_sizes);
	tcase_add_test(tcase, options);
	tcase_add_loop_test(tcase, wrong_option_values, 0, 12);
	tcase_add_test(tcase, versions);
	return run_suite(suite);
}
