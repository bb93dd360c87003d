/* SPDX-License-Identifier: MIT */
/*
 * Text from the environment: every option of the library, the contexts that
 * WD_<CLASS>_CTX_NUM asks for, and what is logged. Byte 0 of the input chooses,
 * the rest is the text. What fits is within its limits; what does not leaves
 * nothing behind.
 */
#include "fuzz.h"

#include <errno.h>

#include "alg/class_internal.h"
#include "core/env.h"
#include "util/bits.h"
#include "util/log.h"

/*
 * putenv() keeps the string that it is given, where setenv() would keep a copy of
 * every value that there ever was.
 */
static void with_env(const char *name, const char *text, void (*fn)(const void *), const void *arg)
{
	size_t len = strlen(name) + strlen(text) + 2;
	char *string = malloc(len);

	fuzz_assert(string);
	snprintf(string, len, "%s=%s", name, text);
	fuzz_assert(!putenv(string));
	fn(arg);
	unsetenv(name);
	free(string);
}

/* ---- options ------------------------------------------------------------- */

static unsigned int names_of(const struct wdi_opt_row *row)
{
	unsigned int n = 0;

	while (row->names && row->names[n])
		n++;
	return n;
}

static void assert_in_limits(const struct wdi_opt_row *row, const struct wdi_env *env)
{
	uint32_t v;

	memcpy(&v, (const char *)env + row->offset, sizeof(v));
	switch (row->type) {
	case WDI_OPT_BOOL:
		fuzz_assert(v <= 1);
		break;
	case WDI_OPT_AUTO:
		if (v == UINT32_MAX)
			break;
		/* fallthrough */
	case WDI_OPT_UINT:
		fuzz_assert(v >= row->min && v <= row->max);
		break;
	case WDI_OPT_CHOICE:
		fuzz_assert(v < names_of(row));
		break;
	case WDI_OPT_SET:
		fuzz_assert(v && v < UINT32_C(1) << names_of(row));
		break;
	case WDI_OPT_TEXT:
		break;
	}
}

static void load(const void *arg)
{
	struct wdi_env env;

	memset(&env, 0xa5, sizeof(env));
	wdi_core_env_load(&env);
	assert_in_limits(arg, &env);
}

static void options(const char *text)
{
	const struct wdi_opt_row *row;

	for (unsigned int i = 0; (row = wdi_core_env_row(i)); i++) {
		size_t size = row->type == WDI_OPT_TEXT ? sizeof(char *) : sizeof(uint32_t);
		struct wdi_env env, before;
		int ret;

		memset(&env, 0xa5, sizeof(env));
		before = env;
		ret = wdi_opt_parse(row, text, &env);
		fuzz_assert(!ret || ret == -EINVAL);
		if (!ret)
			assert_in_limits(row, &env);
		/* Nothing but the value is written. */
		if (!ret)
			memcpy((char *)&before + row->offset, (char *)&env + row->offset, size);
		fuzz_assert(!memcmp(&env, &before, sizeof(env)));
		with_env(row->name, text, load, row);
	}
}

/* ---- contexts ------------------------------------------------------------ */

static const char *const op_names[] = { "comp", "decomp", NULL };
static const struct wdi_class_ops ops = {
	.name = "fuzz",
	.op_names = op_names,
	.op_types = 2,
};

/* The text that a plan comes from, one row an item. */
static void plan_text(const struct wdi_plan *plan, char *buf, size_t len)
{
	static const char *const modes[] = { "sync", "async" };
	size_t at = 0;

	buf[0] = '\0';
	for (unsigned int i = 0; i < plan->count; i++) {
		const struct wdi_plan_row *r = &plan->rows[i];

		at += (size_t)snprintf(buf + at, len - at, "%s%s-%s:%u@%u", i ? "," : "",
				       modes[r->mode], op_names[r->op_type], r->num, r->node);
		fuzz_assert(at < len);
	}
}

static void plan(const char *text)
{
	struct wdi_plan one = { 0 }, two = { 0 };
	char buf[WDI_PLAN_MAX * 32 + 1];
	int ret = wdi_plan_parse(&ops, text, &one);

	fuzz_assert(one.count <= WDI_PLAN_MAX);
	if (ret) {
		fuzz_assert(ret == -WD_EINVAL);
		return;
	}
	for (unsigned int i = 0; i < one.count; i++) {
		const struct wdi_plan_row *r = &one.rows[i];

		fuzz_assert(r->num && r->num <= 1024 && r->node <= 1024);
		fuzz_assert(r->op_type < 2 && r->mode < CTX_MODE_MAX);
	}
	/* Written down and read again it is the same. */
	plan_text(&one, buf, sizeof(buf));
	fuzz_assert(!wdi_plan_parse(&ops, buf, &two));
	fuzz_assert(one.count == two.count);
	fuzz_assert(!memcmp(one.rows, two.rows, one.count * sizeof(one.rows[0])));
}

/* ---- the log ------------------------------------------------------------- */

/* Where nothing has been configured yet. */
static void log_text(const void *text)
{
	errno = EXFULL;
	wdi_dbg("%s", (const char *)text);
	wdi_err("%s", (const char *)text);
	fuzz_assert(errno == EXFULL);
	fuzz_assert(wdi_log_level_now >= WDI_LOG_NONE && wdi_log_level_now <= WDI_LOG_DEBUG);
}

/* Into a file that takes all and keeps nothing, whatever name the input has in mind. */
static void log_spec(const char *text)
{
	char spec[512];

	snprintf(spec, sizeof(spec), "%.*s:/dev/null",
		 (int)wdi_min(strcspn(text, ":"), (size_t)256), text);
	wdi_log_level_now = -1;
	with_env("WEFT_LOG", spec, log_text, text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const readers[])(const char *text) = { options, plan, log_spec };
	char *text;

	if (!size)
		return 0;
	/* No byte behind the text. */
	text = malloc(size);
	fuzz_assert(text);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	/* Complaints are written, so that they are formatted too. */
	log_spec("debug");
	readers[data[0] % wdi_array_size(readers)](text);
	free(text);
	return 0;
}
