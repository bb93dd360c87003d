/* SPDX-License-Identifier: MIT */
/* "weft devices": what weft_device_list() knows. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weft/weft.h>

#include "cmd.h"
#include "table.h"
#include "ui.h"

enum {
	COL_NAME,
	COL_BUS,
	COL_API,
	COL_STATE,
	COL_NUMA,
	COL_TOTAL,
	COL_FREE,
	COL_THREADS,
	COL_GUARD,
	COL_FLAGS,
	COL_ALGS,
	COL_ENGINES,
	COL_COUNT,
};

static const struct column columns[] = {
	[COL_NAME] = { "name", "DEVICE", COLUMN_TEXT, 0, false },
	[COL_BUS] = { "bus", "BUS", COLUMN_TEXT, 0, false },
	[COL_API] = { "api", "API", COLUMN_TEXT, 0, false },
	[COL_STATE] = { "state", "STATE", COLUMN_TEXT, 0, false },
	[COL_NUMA] = { "numa_id", "NODE", COLUMN_NUMBER, 0, false },
	[COL_TOTAL] = { "contexts", "CONTEXTS", COLUMN_NUMBER, 0, false },
	[COL_FREE] = { "contexts_free", "FREE", COLUMN_NUMBER, 0, false },
	[COL_THREADS] = { "engine_threads", "THREADS", COLUMN_NUMBER, 0, false },
	[COL_GUARD] = { "guard", "GUARD", COLUMN_TEXT, 0, false },
	[COL_FLAGS] = { "flags", NULL, COLUMN_NUMBER, 0, false },
	[COL_ALGS] = { "algorithms", "algorithms", COLUMN_WORDS, 0, true },
	[COL_ENGINES] = { "engines", "engines", COLUMN_TEXT, 0, true },
};

_Static_assert(sizeof(columns) / sizeof(columns[0]) == COL_COUNT, "a column without a row");

/* malloc()ed array of *count devices; NULL after a message. */
static struct weft_device *list_devices(int *count)
{
	struct weft_device *list = NULL, *longer;
	int room = 8, found;

	for (;;) {
		longer = reallocarray(list, (size_t)room, sizeof(*list));
		if (!longer) {
			ui_error("%s", strerror(ENOMEM));
			break;
		}
		list = longer;
		list[0].size = sizeof(list[0]);
		found = weft_device_list(list, (unsigned int)room);
		if (found < 0) {
			ui_error("cannot list devices: %s", strerror(-found));
			break;
		}
		if (found <= room) {
			*count = found;
			return list;
		}
		room = found;
	}
	free(list);
	return NULL;
}

static void fill_row(struct table *t, const struct weft_device *dev)
{
	table_row(t);
	table_text(t, COL_NAME, dev->name);
	table_text(t, COL_BUS, dev->bus);
	table_text(t, COL_API, dev->api);
	table_text(t, COL_STATE, dev->state);
	table_number(t, COL_NUMA, dev->numa_id);
	table_number(t, COL_FREE, dev->ctx_free);
	table_number(t, COL_TOTAL, dev->ctx_total);
	table_number(t, COL_THREADS, dev->engine_threads);
	table_text(t, COL_GUARD, dev->guard);
	table_number(t, COL_FLAGS, dev->flags);
	table_text(t, COL_ALGS, dev->algs);
	table_text(t, COL_ENGINES, dev->engines);
}

static int run_devices(const struct cmd *cmd, int argc, char **argv)
{
	struct weft_device *list;
	struct table *t;
	int count;

	if (!opts_begin_output(cmd, argc, argv))
		return CMD_USAGE;
	list = list_devices(&count);
	if (!list)
		return CMD_FAILED;

	t = table_new(columns, COL_COUNT);
	for (int i = 0; i < count; i++)
		fill_row(t, &list[i]);
	if (count || out_is_json())
		out_table("devices", t);
	else
		out_line("no devices");
	out_end();
	table_free(t);
	free(list);
	return CMD_OK;
}

const struct cmd cmd_devices = {
	.name = "devices",
	.args = "[--json]",
	.help = "list the devices and what they can do",
	.more = "THREADS: engine threads of its own. GUARD: how it survives a bad pointer.\n",
	.opts = opts_only_json,
	.opt_count = 1,
	.run = run_devices,
};
