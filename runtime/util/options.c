/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bits.h"
#include "log.h"

static const struct {
	const char *word;
	uint32_t value;
} bool_words[] = {
	{ "0", 0 }, { "off", 0 }, { "no", 0 }, { "false", 0 },
	{ "1", 1 }, { "on", 1 }, { "yes", 1 }, { "true", 1 },
};

static int parse_bool(const struct wdi_opt_row *row, const char *text, void *to)
{
	(void)row;
	for (size_t i = 0; i < wdi_array_size(bool_words); i++) {
		if (!strcasecmp(text, bool_words[i].word)) {
			memcpy(to, &bool_words[i].value, sizeof(uint32_t));
			return 0;
		}
	}
	return -EINVAL;
}

static int parse_uint(const struct wdi_opt_row *row, const char *text, void *to)
{
	unsigned long long v;
	uint32_t value;
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	v = strtoull(text, &end, 0);
	if (errno || *end || v < row->min || v > row->max)
		return -EINVAL;
	value = (uint32_t)v;
	memcpy(to, &value, sizeof(value));
	return 0;
}

static int parse_auto(const struct wdi_opt_row *row, const char *text, void *to)
{
	const int32_t automatic = -1;

	if (strcasecmp(text, "auto"))
		return parse_uint(row, text, to);
	memcpy(to, &automatic, sizeof(automatic));
	return 0;
}

static int find_name(const struct wdi_opt_row *row, const char *text, size_t len)
{
	for (int i = 0; row->names[i]; i++) {
		if (strlen(row->names[i]) == len && !strncasecmp(row->names[i], text, len))
			return i;
	}
	return -EINVAL;
}

static int parse_choice(const struct wdi_opt_row *row, const char *text, void *to)
{
	int i = find_name(row, text, strlen(text));
	uint32_t value = (uint32_t)i;

	if (i < 0)
		return i;
	memcpy(to, &value, sizeof(value));
	return 0;
}

static int parse_set(const struct wdi_opt_row *row, const char *text, void *to)
{
	uint32_t bits = 0;

	for (;;) {
		size_t len = strcspn(text, ",");
		int i = find_name(row, text, len);

		if (i < 0)
			return i;
		bits |= UINT32_C(1) << i;
		if (!text[len])
			break;
		text += len + 1;
	}
	memcpy(to, &bits, sizeof(bits));
	return 0;
}

static int parse_text(const struct wdi_opt_row *row, const char *text, void *to)
{
	(void)row;
	memcpy(to, &text, sizeof(text));
	return 0;
}

static const struct {
	const char *name;
	int (*parse)(const struct wdi_opt_row *row, const char *text, void *to);
} types[] = {
	[WDI_OPT_BOOL] = { "bool", parse_bool },
	[WDI_OPT_UINT] = { "uint", parse_uint },
	[WDI_OPT_AUTO] = { "auto or uint", parse_auto },
	[WDI_OPT_CHOICE] = { "choice", parse_choice },
	[WDI_OPT_SET] = { "set", parse_set },
	[WDI_OPT_TEXT] = { "text", parse_text },
};

const char *wdi_opt_type_text(const struct wdi_opt_row *row, char *buf, size_t len)
{
	int at = snprintf(buf, len, "%s", types[row->type].name);

	if (row->type == WDI_OPT_UINT || row->type == WDI_OPT_AUTO)
		snprintf(buf + at, len - (size_t)at, " %u..%u", row->min, row->max);
	for (int i = 0; row->names && row->names[i] && (size_t)at < len; i++)
		at += snprintf(buf + at, len - (size_t)at, "%c%s", i ? ',' : ':', row->names[i]);
	return buf;
}

int wdi_opt_parse(const struct wdi_opt_row *row, const char *text, void *base)
{
	char type[160];
	int ret = types[row->type].parse(row, text, (char *)base + row->offset);

	if (ret)
		wdi_err("%s=%s does not fit; it takes %s, and %s by default", row->name, text,
			wdi_opt_type_text(row, type, sizeof(type)), row->fallback);
	return ret;
}

void wdi_opt_load(const struct wdi_opt_row *rows, size_t count, void *base)
{
	for (size_t i = 0; i < count; i++) {
		const char *text = secure_getenv(rows[i].name);

		if (!text || wdi_opt_parse(&rows[i], text, base))
			(void)wdi_opt_parse(&rows[i], rows[i].fallback, base);
	}
}
