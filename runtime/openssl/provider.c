/* SPDX-License-Identifier: MIT */
/* The provider's own functions: begin, end, what it offers, and what it says of itself. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <weft/weft.h>

#include "openssl/dev.h"
#include "openssl/prov.h"

#define FN(f)		((void (*)(void))(f))
#define PROPERTIES	"provider=weft"

/* ---- errors ---------------------------------------------------------------------------- */

const OSSL_ITEM wdi_ossl_reasons[] = {
	{ WDI_OSSL_R_CONFIG, (void *)"wrong value in the configuration" },
	{ WDI_OSSL_R_NO_DEFAULT, (void *)"OpenSSL's default provider cannot be loaded" },
	{ WDI_OSSL_R_NO_MEMORY, (void *)"out of memory" },
	{ WDI_OSSL_R_BUSY, (void *)"context is in use by a paused job" },
	{ WDI_OSSL_R_SPENT, (void *)"operation is over" },
	{ WDI_OSSL_R_SELF_TEST, (void *)"self test failed" },
	{ WDI_OSSL_R_OUTPUT, (void *)"wrong length of output" },
	{ 0, NULL },
};

void wdi_ossl_raise_(const struct wdi_ossl_prov *prov, const char *file, int line,
		     const char *func, enum wdi_ossl_reason reason, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	wdi_ossl_log(wdi_ossl_reasons[reason - 1].ptr, format, args);
	va_end(args);
	if (!prov->core_new_error || !prov->core_set_error_debug || !prov->core_vset_error)
		return;
	prov->core_new_error(prov->core);
	prov->core_set_error_debug(prov->core, file, line, func);
	va_start(args, format);
	prov->core_vset_error(prov->core, reason, format, args);
	va_end(args);
}

/* ---- options ------------------------------------------------------------------------------ */

#define OPTIONS_MAX	16

static int config_read(struct wdi_ossl_prov *prov)
{
	char *values[OPTIONS_MAX] = { NULL };
	OSSL_PARAM params[OPTIONS_MAX];
	size_t n = 0;

	wdi_ossl_config_default(&prov->config);
	for (; n < OPTIONS_MAX - 1 && wdi_ossl_config_name(n); n++)
		params[n] = OSSL_PARAM_construct_utf8_ptr(wdi_ossl_config_name(n), &values[n], 0);
	params[n] = OSSL_PARAM_construct_end();
	if (!prov->core_get_params(prov->core, params))
		return 0;
	for (size_t i = 0; i < n; i++) {
		const char *expects = NULL;

		if (!values[i] ||
		    !wdi_ossl_config_set(&prov->config, params[i].key, values[i], &expects))
			continue;
		wdi_ossl_raise(prov, WDI_OSSL_R_CONFIG, "%s = %.100s: %s is expected",
			       params[i].key, values[i], expects);
		return -EINVAL;
	}
	return 0;
}

/* ---- what is offered --------------------------------------------------------------------- */

static OSSL_DISPATCH *make_dispatch(const struct wdi_ossl_impl *impl)
{
	switch (impl->row->operation) {
	case OSSL_OP_CIPHER:
		return impl->row->aead ? wdi_ossl_aead_dispatch(impl) :
		       wdi_ossl_cipher_dispatch(impl);
	case OSSL_OP_DIGEST:
		return wdi_ossl_digest_dispatch(impl);
	case OSSL_OP_MAC:
		return wdi_ossl_mac_dispatch(impl);
	default:
		return wdi_ossl_pk_dispatch(impl);
	}
}

/* The list of one operation; rows that this OpenSSL does not have are left out. */
static OSSL_ALGORITHM *offer(struct wdi_ossl_prov *prov, int operation)
{
	OSSL_ALGORITHM *list = calloc(WDI_OSSL_IMPLS + 1, sizeof(*list));
	size_t n = 0;

	for (size_t i = 0; list && i < WDI_OSSL_IMPLS; i++) {
		struct wdi_ossl_impl *impl = &prov->impls[i];

		if (impl->row->operation != operation || !impl->names || !impl->dispatch)
			continue;
		list[n++] = (OSSL_ALGORITHM){ impl->names, PROPERTIES, impl->dispatch, NULL };
	}
	return list;
}

static bool make_lists(struct wdi_ossl_prov *prov)
{
	prov->impls = calloc(WDI_OSSL_IMPLS, sizeof(*prov->impls));
	if (!prov->impls)
		return false;
	for (size_t i = 0; i < WDI_OSSL_IMPLS; i++) {
		struct wdi_ossl_impl *impl = &prov->impls[i];

		impl->row = &wdi_ossl_rows[i];
		impl->prov = prov;
		wdi_ossl_limits_set(&impl->limits, impl->row, &prov->config);
		if (!(prov->config.operations & 1u << impl->row->operation) ||
		    !wdi_ossl_plain_find(impl))
			continue;
		impl->dispatch = make_dispatch(impl);
		if (!impl->dispatch)
			return false;
	}
	for (int operation = 0; operation < WDI_OSSL_OPERATIONS; operation++) {
		if (!(prov->config.operations & 1u << operation))
			continue;
		prov->offered[operation] = offer(prov, operation);
		if (!prov->offered[operation])
			return false;
	}
	return true;
}

static const OSSL_ALGORITHM *query(void *ctx, int operation, int *no_cache)
{
	const struct wdi_ossl_prov *prov = ctx;

	*no_cache = 0;
	return operation >= 0 && operation < WDI_OSSL_OPERATIONS ? prov->offered[operation] : NULL;
}

struct groups {
	const struct wdi_ossl_prov *prov;
	OSSL_CALLBACK *cb;
	void *arg;
};

/* A group of the default provider's whose keys are ours. */
static int each_group(const OSSL_PARAM params[], void *arg)
{
	const struct groups *g = arg;
	const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, OSSL_CAPABILITY_TLS_GROUP_ALG);
	const char *alg = NULL;

	if (!p || !OSSL_PARAM_get_utf8_string_ptr(p, &alg))
		return 1;
	for (size_t i = 0; i < WDI_OSSL_IMPLS; i++) {
		const struct wdi_ossl_impl *impl = &g->prov->impls[i];

		if (impl->row->operation == OSSL_OP_KEYMGMT && impl->dispatch &&
		    !strcasecmp(impl->row->name, alg))
			return g->cb(params, g->arg);
	}
	return 1;
}

/*
 * libssl uses a group only if the provider that names it also has the keys of it, so who
 * has the keys has to name the groups.
 */
static int get_capabilities(void *ctx, const char *capability, OSSL_CALLBACK *cb, void *arg)
{
	const struct wdi_ossl_prov *prov = ctx;
	struct groups g = { prov, cb, arg };

	if (strcasecmp(capability, "TLS-GROUP"))
		return 1;
	return OSSL_PROVIDER_get_capabilities(prov->plain, capability, each_group, &g);
}

/* ---- about itself ------------------------------------------------------------------------- */

static const OSSL_PARAM *gettable_params(void *ctx)
{
	static const OSSL_PARAM list[] = {
		OSSL_PARAM_DEFN(OSSL_PROV_PARAM_NAME, OSSL_PARAM_UTF8_PTR, NULL, 0),
		OSSL_PARAM_DEFN(OSSL_PROV_PARAM_VERSION, OSSL_PARAM_UTF8_PTR, NULL, 0),
		OSSL_PARAM_DEFN(OSSL_PROV_PARAM_BUILDINFO, OSSL_PARAM_UTF8_PTR, NULL, 0),
		OSSL_PARAM_DEFN(OSSL_PROV_PARAM_STATUS, OSSL_PARAM_INTEGER, NULL, 0),
		OSSL_PARAM_END
	};

	(void)ctx;
	return list;
}

static int get_params(void *ctx, OSSL_PARAM params[])
{
	const struct {
		const char *key;
		const char *value;
	} texts[] = {
		{ OSSL_PROV_PARAM_NAME, "Weft provider" },
		{ OSSL_PROV_PARAM_VERSION, weft_version() },
		{ OSSL_PROV_PARAM_BUILDINFO, weft_build() },
	};
	OSSL_PARAM *p;

	(void)ctx;
	for (size_t i = 0; i < wdi_array_size(texts); i++) {
		p = OSSL_PARAM_locate(params, texts[i].key);
		if (p && !OSSL_PARAM_set_utf8_ptr(p, texts[i].value))
			return 0;
	}
	p = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_STATUS);
	return !p || OSSL_PARAM_set_int(p, 1);
}

static const OSSL_ITEM *reason_strings(void *ctx)
{
	(void)ctx;
	return wdi_ossl_reasons;
}

static int self_test(void *ctx)
{
	const char *name, *what;

	if (!wdi_ossl_self_test(&name, &what))
		return 1;
	wdi_ossl_raise(ctx, WDI_OSSL_R_SELF_TEST, "%s through the device: %s", name, what);
	return 0;
}

/* ---- begin and end -------------------------------------------------------------------------- */

static void teardown(void *ctx)
{
	struct wdi_ossl_prov *prov = ctx;

	wdi_ossl_dev_put();
	for (int operation = 0; operation < WDI_OSSL_OPERATIONS; operation++)
		free(prov->offered[operation]);
	for (size_t i = 0; prov->impls && i < WDI_OSSL_IMPLS; i++)
		free(prov->impls[i].dispatch);
	free(prov->impls);
	if (prov->plain)
		OSSL_PROVIDER_unload(prov->plain);
	OSSL_LIB_CTX_free(prov->libctx);
	free(prov);
}

static const OSSL_DISPATCH dispatch[] = {
	{ OSSL_FUNC_PROVIDER_TEARDOWN, FN(teardown) },
	{ OSSL_FUNC_PROVIDER_GETTABLE_PARAMS, FN(gettable_params) },
	{ OSSL_FUNC_PROVIDER_GET_PARAMS, FN(get_params) },
	{ OSSL_FUNC_PROVIDER_QUERY_OPERATION, FN(query) },
	{ OSSL_FUNC_PROVIDER_GET_REASON_STRINGS, FN(reason_strings) },
	{ OSSL_FUNC_PROVIDER_GET_CAPABILITIES, FN(get_capabilities) },
	{ OSSL_FUNC_PROVIDER_SELF_TEST, FN(self_test) },
	{ 0, NULL }
};

#define TAKE(number, member) \
	case number: \
		prov->member = (__typeof__(prov->member))in->function; \
		break

static void take_core(struct wdi_ossl_prov *prov, const OSSL_DISPATCH *in)
{
	for (; in->function_id; in++) {
		switch (in->function_id) {
		TAKE(OSSL_FUNC_CORE_GET_PARAMS, core_get_params);
		TAKE(OSSL_FUNC_CORE_NEW_ERROR, core_new_error);
		TAKE(OSSL_FUNC_CORE_SET_ERROR_DEBUG, core_set_error_debug);
		TAKE(OSSL_FUNC_CORE_VSET_ERROR, core_vset_error);
		default:
			break;
		}
	}
}

/*
 * The default provider in a context of ours. Not a child context: that would mirror the
 * application's providers, this one among them.
 */
static bool load_plain(struct wdi_ossl_prov *prov)
{
	prov->libctx = OSSL_LIB_CTX_new();
	if (!prov->libctx)
		return false;
	prov->plain = OSSL_PROVIDER_load(prov->libctx, "default");
	if (!prov->plain)
		return false;
	prov->plain_ctx = OSSL_PROVIDER_get0_provider_ctx(prov->plain);
	return true;
}

OSSL_provider_init_fn OSSL_provider_init;

__attribute__((visibility("default")))
int OSSL_provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in,
		       const OSSL_DISPATCH **out, void **provctx)
{
	struct wdi_ossl_prov *prov = calloc(1, sizeof(*prov));

	if (!prov)
		return 0;
	prov->core = handle;
	take_core(prov, in);
	wdi_ossl_dev_get();
	if (!prov->core_get_params || config_read(prov))
		goto teardown_prov;
	if (!load_plain(prov)) {
		wdi_ossl_raise(prov, WDI_OSSL_R_NO_DEFAULT, "in a library context of our own");
		goto teardown_prov;
	}
	if (!make_lists(prov)) {
		wdi_ossl_raise(prov, WDI_OSSL_R_NO_MEMORY, "lists of algorithms");
		goto teardown_prov;
	}
	wdi_ossl_count_start();
	*provctx = prov;
	*out = dispatch;
	return 1;

teardown_prov:
	teardown(prov);
	return 0;
}
