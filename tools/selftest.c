/* SPDX-License-Identifier: MIT */
/* "weft selftest": known answers and known mistakes through every device. */
#include "selftest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weft/weft.h>

#include "cmd.h"
#include "table.h"
#include "ui.h"

#define DEVICES_MAX	64

enum {
	COL_DEVICE,
	COL_CHECK,
	COL_RESULT,
	COL_DETAIL,
	COL_COUNT,
};

static const struct column columns[] = {
	[COL_DEVICE] = { "device", "DEVICE", COLUMN_TEXT, 0, false },
	[COL_CHECK] = { "check", "CHECK", COLUMN_TEXT, 0, false },
	[COL_RESULT] = { "result", "RESULT", COLUMN_TEXT, 0, false },
	[COL_DETAIL] = { "detail", "DETAIL", COLUMN_TEXT, 0, false },
};

_Static_assert(sizeof(columns) / sizeof(columns[0]) == COL_COUNT, "a column without a row");

/* Of all devices. */
static struct {
	struct table *table;
	unsigned int passed, failed;
} sum;

static void report(struct test *t, const char *check, bool good)
{
	table_row(sum.table);
	table_text(sum.table, COL_DEVICE, t->device);
	table_text(sum.table, COL_CHECK, check);
	table_text(sum.table, COL_RESULT, good ? "ok" : "FAILED");
	if (good) {
		sum.passed++;
		out_line("ok      %s: %s", t->device, check);
	} else {
		sum.failed++;
		table_text(sum.table, COL_DETAIL, t->detail);
		out_line("FAILED  %s: %s: %s", t->device, check, t->detail);
	}
}

static const char *device_name(const struct uacce_dev *dev)
{
	const char *slash = strrchr(dev->dev_root, '/');

	return slash ? slash + 1 : dev->dev_root;
}

static void run_device(struct test *t, struct uacce_dev *dev)
{
	struct pool_want want = { 0 };
	int ret;

	t->device = device_name(dev);
	for (unsigned int dir = 0; dir < WD_DIR_MAX; dir++) {
		for (unsigned int mode = 0; mode < CTX_MODE_MAX; mode++)
			want.count[dir][mode] = 1;
	}
	ret = pool_open(&t->pool, "deflate", dev, &want, true);
	if (ret) {
		selftest_wrong(t, "%s", strerror(-ret));
		report(t, "open", false);
		return;
	}
	selftest_checks(t);
	pool_close(&t->pool);
	selftest_crypto(t, dev);
}

/* How the device of that name guards itself; "off" if nobody knows. */
static const char *guard_of(const struct weft_device *list, int count, const char *name)
{
	for (int i = 0; i < count; i++) {
		if (!strcmp(list[i].name, name))
			return list[i].guard;
	}
	return "off";
}

static int run_devices(struct test *t)
{
	static struct weft_device known[DEVICES_MAX];
	struct uacce_dev_list *list = wd_get_accel_list("deflate");
	int count;

	if (!list) {
		ui_error("no device with deflate");
		return CMD_FAILED;
	}
	known[0].size = sizeof(known[0]);
	count = weft_device_list(known, DEVICES_MAX);
	for (struct uacce_dev_list *l = list; l; l = l->next) {
		t->guard = guard_of(known, count < DEVICES_MAX ? count : DEVICES_MAX,
				    device_name(l->dev));
		run_device(t, l->dev);
	}
	wd_free_list_accels(list);
	return sum.failed ? CMD_FAILED : CMD_OK;
}

static int run_selftest(const struct cmd *cmd, int argc, char **argv)
{
	struct test t = { .report = report };
	int ret;

	if (!opts_begin_output(cmd, argc, argv))
		return CMD_USAGE;
	t.plain = malloc(SELFTEST_ROOM);
	t.packed = malloc(SELFTEST_ROOM);
	t.out = malloc(SELFTEST_ROOM);
	sum.table = table_new(columns, COL_COUNT);
	if (t.plain && t.packed && t.out) {
		selftest_fill(t.plain, SELFTEST_ROOM);
		ret = run_devices(&t);
	} else {
		ui_error("%s", strerror(ENOMEM));
		ret = CMD_FAILED;
	}
	out_line("%u passed, %u failed", sum.passed, sum.failed);
	if (out_is_json())
		out_table("checks", sum.table);
	out_end();
	table_free(sum.table);
	free(t.out);
	free(t.packed);
	free(t.plain);
	return ret;
}

const struct cmd cmd_selftest = {
	.name = "selftest",
	.args = "[--json]",
	.help = "known answers and known mistakes through every device",
	.more = "Exit status 1 when a check fails.\n",
	.opts = opts_only_json,
	.opt_count = 1,
	.run = run_selftest,
};
