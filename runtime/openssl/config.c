/* SPDX-License-Identifier: MIT */
/* The options, as rows: of the provider's section in openssl.cnf, control commands of the engine. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "openssl/common.h"

enum kind {
	KIND_BOOL,
	KIND_BYTES,
	KIND_OPERATIONS,
};

static const struct {
	const char *name;
	enum kind kind;
	size_t offset;
	const char *expects;
} options[] = {
	{ "async", KIND_BOOL, offsetof(struct wdi_ossl_config, async), "yes or no" },
	{ "sync", KIND_BOOL, offsetof(struct wdi_ossl_config, sync), "yes or no" },
	{ "async-min", KIND_BYTES, offsetof(struct wdi_ossl_config, async_min),
	  "a number of bytes from 1 to 1073741824" },
	{ "sync-min", KIND_BYTES, offsetof(struct wdi_ossl_config, sync_min),
	  "a number of bytes from 1 to 1073741824" },
	{ "operations", KIND_OPERATIONS, offsetof(struct wdi_ossl_config, operations),
	  "a list of ciphers, digests, macs and keys, separated by commas" },
};

#define OPTIONS		wdi_array_size(options)
#define BYTES_MAX	(1ul << 30)

/* Together or not at all: OpenSSL wants a key and what is done with it in one provider. */
#define KEYS	(1u << OSSL_OP_KEYMGMT | 1u << OSSL_OP_SIGNATURE | 1u << OSSL_OP_ASYM_CIPHER | \
		 1u << OSSL_OP_KEYEXCH | 1u << OSSL_OP_KEM)

bool wdi_ossl_parse_bool(const char *text, bool *out)
{
	static const struct {
		const char *text;
		bool value;
	} words[] = {
		{ "yes", true }, { "no", false }, { "on", true }, { "off", false },
		{ "true", true }, { "false", false }, { "1", true }, { "0", false },
	};

	for (size_t i = 0; i < wdi_array_size(words); i++) {
		if (!strcasecmp(text, words[i].text)) {
			*out = words[i].value;
			return true;
		}
	}
	return false;
}

static bool parse_bytes(const char *text, size_t *out)
{
	unsigned long n;
	char *end;

	/* strtoul() takes signs and spaces; nobody means them here. */
	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno || *end || !n || n > BYTES_MAX)
		return false;
	*out = n;
	return true;
}

static bool parse_operations(const char *text, unsigned int *out)
{
	static const struct {
		const char *name;
		unsigned int bits;
	} known[] = {
		{ "ciphers", 1u << OSSL_OP_CIPHER },
		{ "digests", 1u << OSSL_OP_DIGEST },
		{ "macs", 1u << OSSL_OP_MAC },
		{ "keys", KEYS },
	};
	unsigned int set = 0;

	while (*text) {
		size_t len = strcspn(text, ","), word = len, i;

		while (word && text[word - 1] == ' ')
			word--;
		for (i = 0; i < wdi_array_size(known); i++) {
			if (word == strlen(known[i].name) && !strncasecmp(text, known[i].name, word))
				break;
		}
		if (i == wdi_array_size(known))
			return false;
		set |= known[i].bits;
		text += len;
		text += strspn(text, ", ");
	}
	*out = set;
	return set != 0;
}

static bool parse(size_t option, const char *text, struct wdi_ossl_config *config)
{
	void *to = (char *)config + options[option].offset;

	switch (options[option].kind) {
	case KIND_BOOL:
		return wdi_ossl_parse_bool(text, to);
	case KIND_BYTES:
		return parse_bytes(text, to);
	default:
		return parse_operations(text, to);
	}
}

void wdi_ossl_config_default(struct wdi_ossl_config *config)
{
	*config = (struct wdi_ossl_config){
		.async = true,
		.sync = true,
		.operations = 1u << OSSL_OP_CIPHER | 1u << OSSL_OP_DIGEST | 1u << OSSL_OP_MAC | KEYS,
	};
}

const char *wdi_ossl_config_name(size_t option)
{
	return option < OPTIONS ? options[option].name : NULL;
}

int wdi_ossl_config_set(struct wdi_ossl_config *config, const char *name, const char *text,
			const char **expects)
{
	for (size_t i = 0; i < OPTIONS; i++) {
		if (strcasecmp(name, options[i].name))
			continue;
		*expects = options[i].expects;
		return parse(i, text, config) ? 0 : -EINVAL;
	}
	return -ENOENT;
}
