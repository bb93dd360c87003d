/* SPDX-License-Identifier: MIT */
/* The engine's own functions: begin, end, control commands, and what it says of itself. */
#include "openssl/engine/engine.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <weft/weft.h>

#include "openssl/dev.h"
#include "openssl/engine/keys.h"

#define ID	"weft"
#define KEYS	(1u << OSSL_OP_KEYMGMT)

struct wdi_ossl_limits wdi_eng_limits[WDI_OSSL_IMPLS];
static struct wdi_ossl_config config;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool made, have_methods;
/*
 * OpenSSL 3 does not copy the parameters of a DH key that belongs to an engine, and its libssl does
 * so in every exchange (DHE, ffdhe): with any such engine by default these fail.
 */
static bool offer_dh;
/*
 * It asks the ciphers of no engine how long their tags are, and its CMS makes no message in GCM without
 * knowing (EVP_CIPHER_CTX_get_tag_length()).
 */
static bool offer_aead;
static int library;

/* ---- errors ---------------------------------------------------------------------------- */

static ERR_STRING_DATA reasons[] = {
	{ 0, "weft engine" },
	{ WDI_ENG_R_COMMAND, "no such control command" },
	{ WDI_ENG_R_VALUE, "wrong value of a control command" },
	{ WDI_ENG_R_BUSY, "context is in use by a paused job" },
	{ WDI_ENG_R_SELF_TEST, "self test failed" },
	{ 0, NULL },
};

/* OpenSSL puts the number of the library into these, so a second time would spoil them. */
static void load_strings(void)
{
	if (library)
		return;
	library = ERR_get_next_error_library();
	reasons[0].error = ERR_PACK(library, 0, 0);
	ERR_load_strings(library, reasons);
}

static const char *reason_text(enum wdi_eng_reason reason)
{
	for (size_t i = 1; reasons[i].string; i++) {
		if (ERR_GET_REASON(reasons[i].error) == (int)reason)
			return reasons[i].string;
	}
	return "";
}

void wdi_eng_raise_(const char *file, int line, enum wdi_eng_reason reason, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	va_start(args, format);
	wdi_ossl_log(reason_text(reason), format, args);
	va_end(args);
	ERR_put_error(library, 0, (int)reason, file, line);
	ERR_add_error_data(1, text);
}

int wdi_eng_raise_busy(const struct wdi_ossl_row *row)
{
	wdi_eng_raise(WDI_ENG_R_BUSY, "%s", row->name);
	return 0;
}

/* ---- control commands -------------------------------------------------------------------- */

/* What there is besides the options, which are the provider's. */
enum {
	CMD_OPTION = ENGINE_CMD_BASE,
	CMD_DH = ENGINE_CMD_BASE + 32,
	CMD_SELF_TEST,
	CMD_AEAD,
};

static const ENGINE_CMD_DEFN commands[] = {
	{ CMD_OPTION + 0, "async", "Use the device inside asynchronous jobs: yes or no",
	  ENGINE_CMD_FLAG_STRING },
	{ CMD_OPTION + 1, "sync", "Use the device outside jobs, where that is faster: yes or no",
	  ENGINE_CMD_FLAG_STRING },
	{ CMD_OPTION + 2, "async-min",
	  "Least bytes that go to the device in a job, for every algorithm [as measured]",
	  ENGINE_CMD_FLAG_STRING },
	{ CMD_OPTION + 3, "sync-min",
	  "Least bytes that go to the device outside jobs, for every algorithm [as measured]",
	  ENGINE_CMD_FLAG_STRING },
	{ CMD_OPTION + 4, "operations", "What is offered: a list of ciphers, digests and keys [all]",
	  ENGINE_CMD_FLAG_STRING },
	{ CMD_DH, "dh", "Offer DH among the keys: yes or no [OpenSSL 3: no, its TLS fails with DH engines]",
	  ENGINE_CMD_FLAG_STRING },
	{ CMD_SELF_TEST, "self-test", "Known answers of each kind through the device",
	  ENGINE_CMD_FLAG_NO_INPUT },
	{ CMD_AEAD, "aead", "Offer GCM and CCM among the ciphers: yes or no [OpenSSL 3: no, its CMS fails "
	  "with GCM of engines]", ENGINE_CMD_FLAG_STRING },
	{ 0, NULL, NULL, 0 },
};

bool wdi_eng_offers(int operation)
{
	return config.operations & 1u << operation;
}

bool wdi_eng_offers_aead(void)
{
	return offer_aead && wdi_eng_offers(OSSL_OP_CIPHER);
}

static void put_in_force(void)
{
	for (size_t i = 0; i < WDI_OSSL_IMPLS; i++)
		wdi_ossl_limits_set(&wdi_eng_limits[i], &wdi_ossl_rows[i], &config);
}

/* An engine whose keys are not offered has no methods for them. */
static int set_keys(ENGINE *e)
{
	bool keys = wdi_eng_offers(OSSL_OP_KEYMGMT);

	return ENGINE_set_RSA(e, keys ? wdi_eng_rsa() : NULL) &&
	       ENGINE_set_DH(e, keys && offer_dh ? wdi_eng_dh() : NULL) &&
	       ENGINE_set_EC(e, keys ? wdi_eng_ec() : NULL);
}

static int set_offer(ENGINE *e, const char *name, bool *offer, const char *text)
{
	if (text && wdi_ossl_parse_bool(text, offer))
		return set_keys(e);
	wdi_eng_raise(WDI_ENG_R_VALUE, "%s = %.100s: yes or no is expected", name,
		      text ? text : "(nothing)");
	return 0;
}

static int set_option(ENGINE *e, const char *name, const char *text)
{
	struct wdi_ossl_config next = config;
	const char *expects = NULL;

	if (!text || wdi_ossl_config_set(&next, name, text, &expects)) {
		wdi_eng_raise(WDI_ENG_R_VALUE, "%s = %.100s: %s is expected", name,
			      text ? text : "(nothing)", expects ? expects : "a value");
		return 0;
	}
	if (!strcmp(name, "operations") && next.operations & 1u << OSSL_OP_MAC) {
		wdi_eng_raise(WDI_ENG_R_VALUE, "%s = %.100s: an engine has no macs; OpenSSL makes them "
			      "of ciphers and digests", name, text);
		return 0;
	}
	config = next;
	put_in_force();
	return set_keys(e);
}

static int self_test(void)
{
	const char *name, *what;

	if (!wdi_ossl_self_test(&name, &what))
		return 1;
	wdi_eng_raise(WDI_ENG_R_SELF_TEST, "%s through the device: %s", name, what);
	return 0;
}

static int control(ENGINE *e, int cmd, long number, void *text, void (*fn)(void))
{
	int ok = 0;

	(void)number;
	(void)fn;
	if (cmd == CMD_SELF_TEST)
		return self_test();
	for (size_t i = 0; commands[i].cmd_num; i++) {
		if ((int)commands[i].cmd_num != cmd)
			continue;
		pthread_mutex_lock(&lock);
		if (cmd == CMD_DH)
			ok = set_offer(e, "dh", &offer_dh, text);
		else if (cmd == CMD_AEAD)
			ok = set_offer(e, "aead", &offer_aead, text);
		else
			ok = set_option(e, commands[i].cmd_name, text);
		pthread_mutex_unlock(&lock);
		return ok;
	}
	wdi_eng_raise(WDI_ENG_R_COMMAND, "number %d", cmd);
	return 0;
}

/* ---- begin and end -------------------------------------------------------------------------- */

/*
 * OpenSSL calls these two with the lock of its list of engines held, which the device takes in the
 * middle of its own locks when it asks libcrypto for a cipher. So they leave the device alone: the
 * first operation starts it, and it is there for as long as the methods are. Idle it costs nothing.
 */
static int engine_init(ENGINE *e)
{
	(void)e;
	return 1;
}

static int engine_finish(ENGINE *e)
{
	(void)e;
	return 1;
}

/* Once for the process, however often the engine is loaded. */
static bool make_methods(void)
{
	pthread_mutex_lock(&lock);
	if (!made) {
		made = true;
		load_strings();
		wdi_ossl_dev_get();
		wdi_ossl_config_default(&config);
		config.operations &= ~(1u << OSSL_OP_MAC);
		put_in_force();
		wdi_ossl_count_start();
		have_methods = wdi_eng_ciphers_make() && wdi_eng_digests_make() && wdi_eng_keys_make();
	}
	pthread_mutex_unlock(&lock);
	return have_methods;
}

static int bind(ENGINE *e, const char *id)
{
	if (id && strcmp(id, ID))
		return 0;
	return make_methods() && ENGINE_set_id(e, ID) &&
	       ENGINE_set_name(e, "Weft, accelerators that share the address space") &&
	       /* In force where it is asked for, not because it was loaded. */
	       ENGINE_set_flags(e, ENGINE_FLAGS_NO_REGISTER_ALL) &&
	       ENGINE_set_cmd_defns(e, commands) && ENGINE_set_ctrl_function(e, control) &&
	       ENGINE_set_init_function(e, engine_init) &&
	       ENGINE_set_finish_function(e, engine_finish) &&
	       ENGINE_set_ciphers(e, wdi_eng_ciphers) && ENGINE_set_digests(e, wdi_eng_digests) &&
	       set_keys(e);
}

#undef OPENSSL_EXPORT
#define OPENSSL_EXPORT	__attribute__((visibility("default"))) extern
IMPLEMENT_DYNAMIC_CHECK_FN()
IMPLEMENT_DYNAMIC_BIND_FN(bind)
