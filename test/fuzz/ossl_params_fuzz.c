/* SPDX-License-Identifier: MIT */
/*
 * Parameters of anything, by the public EVP calls, to the provider and to OpenSSL's default
 * provider: names that are known and that are not, of every type and size, set and asked for
 * between the steps of an operation. Both must say the same to everything, and make the same of
 * the data. The input is a program, which is run once for each of the two; where they differ,
 * once more for OpenSSL's, because what that does not say twice is random (a GMAC whose IV went
 * with its cipher makes one up).
 *
 * Strings end, pointers point to something, nobody asks how long a real number or a random key is,
 * GCM is not told the fixed part of an IV, which may be longer than the IV, nor HMAC that its hash
 * need not be initialised: what OpenSSL's own code does not survive is not ours to find.
 */
#include <unistd.h>

#include <openssl/conf.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/provider.h>

#include "fuzz.h"
#include "util/bits.h"

#define PARAMS_MAX	6
#define ROOM		96
#define DATA		400

OSSL_provider_init_fn OSSL_provider_init;

static OSSL_LIB_CTX *libctx;
enum side { OURS, THEIRS, THEIRS_AGAIN };

static const char *const sides[] = {
	[OURS] = "provider=weft", [THEIRS] = "provider=default", [THEIRS_AGAIN] = "provider=default",
};

/* ---- what was said and made ---------------------------------------------------------- */

static struct said {
	uint8_t data[1u << 16];
	size_t len;
} said[wdi_array_size(sides)], *now;

static void say(const void *data, size_t len)
{
	len = wdi_min(len, sizeof(now->data) - now->len);
	memcpy(now->data + now->len, data, len);
	now->len += len;
}

/* What it was that the two saw differently: a second run says it aloud. */
static bool aloud;

static const char *use_name(const char *name)
{
	if (aloud)
		fprintf(stderr, "%s\n", name);
	return name;
}

static bool say_bool(const char *what, int ret)
{
	uint8_t good = ret > 0;

	if (aloud)
		fprintf(stderr, "%s: %d\n", what, good);
	say(what, strlen(what));
	say(&good, 1);
	return good;
}

/* ---- parameters ------------------------------------------------------------------------ */

static const char *const names[] = {
	OSSL_CIPHER_PARAM_PADDING, OSSL_CIPHER_PARAM_IVLEN, OSSL_CIPHER_PARAM_KEYLEN,
	OSSL_CIPHER_PARAM_NUM, OSSL_CIPHER_PARAM_IV, OSSL_CIPHER_PARAM_UPDATED_IV,
	OSSL_CIPHER_PARAM_AEAD_TAG, OSSL_CIPHER_PARAM_AEAD_TAGLEN, OSSL_CIPHER_PARAM_AEAD_TLS1_AAD,
	OSSL_CIPHER_PARAM_AEAD_TLS1_AAD_PAD,
	OSSL_CIPHER_PARAM_AEAD_IVLEN, OSSL_CIPHER_PARAM_CTS_MODE, OSSL_CIPHER_PARAM_MODE,
	OSSL_CIPHER_PARAM_BLOCK_SIZE, OSSL_CIPHER_PARAM_RANDOM_KEY, OSSL_CIPHER_PARAM_AEAD,
	OSSL_CIPHER_PARAM_CUSTOM_IV, OSSL_CIPHER_PARAM_USE_BITS,
	OSSL_DIGEST_PARAM_SIZE, OSSL_DIGEST_PARAM_XOFLEN, OSSL_DIGEST_PARAM_PAD_TYPE,
	OSSL_MAC_PARAM_DIGEST, OSSL_MAC_PARAM_CIPHER, OSSL_MAC_PARAM_PROPERTIES, OSSL_MAC_PARAM_KEY,
	OSSL_MAC_PARAM_IV, OSSL_MAC_PARAM_SIZE,
	OSSL_PKEY_PARAM_BITS, OSSL_PKEY_PARAM_MAX_SIZE, OSSL_PKEY_PARAM_SECURITY_BITS,
	OSSL_PKEY_PARAM_DEFAULT_DIGEST, OSSL_PKEY_PARAM_MANDATORY_DIGEST, OSSL_PKEY_PARAM_PAD_MODE,
	OSSL_PKEY_PARAM_MGF1_DIGEST, OSSL_PKEY_PARAM_MGF1_PROPERTIES, OSSL_PKEY_PARAM_PUB_KEY,
	OSSL_PKEY_PARAM_PRIV_KEY, OSSL_PKEY_PARAM_GROUP_NAME, OSSL_PKEY_PARAM_RSA_N,
	OSSL_PKEY_PARAM_RSA_E, OSSL_PKEY_PARAM_RSA_D, OSSL_PKEY_PARAM_FFC_P, OSSL_PKEY_PARAM_FFC_G,
	OSSL_PKEY_PARAM_USE_COFACTOR_ECDH, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
	OSSL_PKEY_PARAM_EC_ENCODING, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY,
	OSSL_SIGNATURE_PARAM_PSS_SALTLEN, OSSL_SIGNATURE_PARAM_ALGORITHM_ID,
	OSSL_SIGNATURE_PARAM_DIGEST_SIZE, OSSL_EXCHANGE_PARAM_PAD, OSSL_EXCHANGE_PARAM_KDF_TYPE,
	OSSL_EXCHANGE_PARAM_KDF_DIGEST, OSSL_EXCHANGE_PARAM_KDF_OUTLEN,
	OSSL_EXCHANGE_PARAM_EC_ECDH_COFACTOR_MODE, OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST,
	OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL, OSSL_ASYM_CIPHER_PARAM_TLS_CLIENT_VERSION,
	"tls-version", "tls-mac-size", "nonce-type", "distid", "cakes", "",
};

static const char *const words[] = {
	"SHA256", "SHA1", "MD5", "SHA2-512", "AES-128-CBC", "AES-128-GCM", "CS2", "CS3", "oaep", "pss",
	"pkcs1", "none", "auto", "max", "digest", "X963KDF", "compressed", "explicit", "P-256",
	"provider=default", "ffdhe2048", "", "cakes",
};

/* Memory of a list of parameters; the same for both sides. */
struct list {
	OSSL_PARAM params[PARAMS_MAX + 1];
	_Alignas(16) uint8_t data[PARAMS_MAX][ROOM];
	void *pointers[PARAMS_MAX];
};

/* Data for the name, if there is such a thing, or of any type and size. */
static void fill(struct fuzz_in *in, OSSL_PARAM *p, uint8_t *data, void **pointer)
{
	static const uint8_t sizes[] = { 0, 1, 2, 4, 8, 12, 16, 24, 32, 64 };
	uint8_t how = (uint8_t)fuzz_uint(in, 1);
	size_t size = how & 1 ? sizes[(how >> 1) % sizeof(sizes)] : (how >> 1) % (ROOM - 1);
	unsigned int type = 1 + (unsigned int)fuzz_uint(in, 1) % 7;

	memset(data, 0, ROOM);
	switch (type) {
	case OSSL_PARAM_UTF8_STRING:
	case OSSL_PARAM_UTF8_PTR:
		snprintf((char *)data, ROOM, "%s", words[fuzz_uint(in, 1) % wdi_array_size(words)]);
		size = strlen((char *)data);
		break;
	case OSSL_PARAM_INTEGER:
	case OSSL_PARAM_UNSIGNED_INTEGER:
		/* Small ones mean something. */
		data[0] = (uint8_t)fuzz_uint(in, 1);
		if (data[0] & 1)
			fuzz_bytes(in, data, size);
		break;
	default:
		fuzz_bytes(in, data, size);
	}
	*pointer = data;
	p->data_type = type;
	p->data = type == OSSL_PARAM_UTF8_PTR || type == OSSL_PARAM_OCTET_PTR ? (void *)pointer : data;
	p->data_size = size;
	p->return_size = OSSL_PARAM_UNMODIFIED;
	if (!size)
		p->data = (how & 0x80) && type == OSSL_PARAM_OCTET_STRING ? NULL : p->data;
}

static const OSSL_PARAM *make_list(struct fuzz_in *in, struct list *l)
{
	size_t n = fuzz_uint(in, 1) % (PARAMS_MAX + 1);

	for (size_t i = 0; i < n; i++) {
		l->params[i].key = names[fuzz_uint(in, 1) % wdi_array_size(names)];
		fill(in, &l->params[i], l->data[i], &l->pointers[i]);
	}
	l->params[n] = OSSL_PARAM_construct_end();
	for (size_t i = 0; aloud && i < n; i++)
		fprintf(stderr, "  %s: type %u, %zu bytes%s, %02x %02x\n", l->params[i].key,
			l->params[i].data_type, l->params[i].data_size, l->params[i].data ? "" : " at NULL",
			l->data[i][0], l->data[i][1]);
	return l->params;
}

/* Asking: what comes back into memory of ours is said; pointers are theirs, and only counted. */
static OSSL_PARAM *make_question(struct fuzz_in *in, struct list *l)
{
	make_list(in, l);
	for (OSSL_PARAM *p = l->params; p->key; p++) {
		if (!strcmp(p->key, OSSL_CIPHER_PARAM_RANDOM_KEY)) {
			p->data = l->data[p - l->params];
			continue;
		}
		if (p->data_type == OSSL_PARAM_UTF8_STRING)
			p->data_size = ROOM;
		if (fuzz_uint(in, 1) % 8 == 0 && p->data_type != OSSL_PARAM_UTF8_PTR &&
		    p->data_type != OSSL_PARAM_OCTET_PTR && p->data_type != OSSL_PARAM_REAL)
			p->data = NULL;
	}
	return l->params;
}

static void say_answers(const struct list *l, int ret)
{
	if (!say_bool("get", ret))
		return;
	for (const OSSL_PARAM *p = l->params; p->key; p++) {
		say(&p->return_size, sizeof(p->return_size));
		if (OSSL_PARAM_modified(p) && p->data && p->data_type != OSSL_PARAM_UTF8_PTR &&
		    p->data_type != OSSL_PARAM_OCTET_PTR && p->return_size <= p->data_size)
			say(p->data, p->return_size);
	}
}

/* ---- ciphers, digests, MACs ---------------------------------------------------------------- */

static void cipher(struct fuzz_in *in, const char *side)
{
	static const char *const algs[] = {
		"AES-128-CBC", "AES-256-CTR", "AES-128-ECB", "AES-128-CFB", "AES-192-OFB", "AES-128-XTS",
		"AES-128-CBC-CTS", "SM4-CBC", "DES-EDE3-CBC", "AES-128-GCM", "AES-256-GCM", "AES-128-CCM",
	};
	const char *name = use_name(algs[fuzz_uint(in, 1) % wdi_array_size(algs)]);
	EVP_CIPHER *alg = EVP_CIPHER_fetch(libctx, name, side);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t key[64], iv[1024], data[DATA], out[DATA + 64];
	struct list l;
	/*
	 * OpenSSL's CCM takes the length of one message, and that it has been encrypted, for the next
	 * one's. So a later message tells its length first, and ends only if it has data.
	 */
	bool ccm = strstr(name, "CCM"), tell = false, empty = false;
	int told = -1;
	bool going;

	/* Two halves that differ, or XTS refuses. */
	fuzz_bytes(in, key, 32);
	memset(key + 32, 0xa5, 32);
	key[0] ^= 1;
	/* The parameters may make it longer. */
	memset(iv, 0x5a, sizeof(iv));
	fuzz_bytes(in, iv, 16);
	going = say_bool("init", EVP_CipherInit_ex2(ctx, alg, key, iv, (int)fuzz_uint(in, 1) % 2,
						    make_list(in, &l)));
	while (going && in->left) {
		int outl = 0, len;

		switch (fuzz_uint(in, 1) % 8) {
		case 0:
		case 1:
			say_bool("set", EVP_CIPHER_CTX_set_params(ctx, make_list(in, &l)));
			break;
		case 2:
			say_answers(&l, EVP_CIPHER_CTX_get_params(ctx, make_question(in, &l)));
			break;
		case 3:
			going = say_bool("init", EVP_CipherInit_ex2(ctx, NULL, key, iv, -1,
								    make_list(in, &l)));
			tell = empty = ccm;
			told = -1;
			break;
		case 4:
			/* What CCM does after an error differs with what was in its context. */
			len = (int)(fuzz_uint(in, 2) % DATA);
			fuzz_bytes(in, data, sizeof(data));
			if (tell) {
				told = len;
				say_bool("length", EVP_CipherUpdate(ctx, NULL, &outl, NULL, told));
			}
			tell = false;
			going = say_bool("aad", strstr(name, "CM") ?
					 EVP_CipherUpdate(ctx, NULL, &outl, data, len % 64) : 1);
			break;
		case 5:
			if (empty)
				break;
			going = say_bool("final", EVP_CipherFinal_ex(ctx, out, &outl));
			if (going)
				say(out, (size_t)outl);
			going = false;
			break;
		default:
			len = told >= 0 ? told : (int)(fuzz_uint(in, 2) % DATA);
			fuzz_bytes(in, data, sizeof(data));
			if (tell)
				say_bool("length", EVP_CipherUpdate(ctx, NULL, &outl, NULL, len));
			tell = empty = false;
			going = say_bool("update", EVP_CipherUpdate(ctx, out, &outl, data, len));
			if (going && outl > 0)
				say(out, wdi_min((size_t)outl, sizeof(out)));
		}
	}
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(alg);
}

static void digest(struct fuzz_in *in, const char *side)
{
	static const char *const algs[] = { "MD5", "SHA1", "SHA224", "SHA256", "SHA384", "SHA512", "SM3" };
	EVP_MD *alg = EVP_MD_fetch(libctx, use_name(algs[fuzz_uint(in, 1) % wdi_array_size(algs)]), side);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t data[DATA], out[EVP_MAX_MD_SIZE];
	unsigned int len = 0;
	struct list l;
	bool going = say_bool("init", EVP_DigestInit_ex2(ctx, alg, make_list(in, &l)));

	while (going && in->left) {
		switch (fuzz_uint(in, 1) % 5) {
		case 0:
			say_bool("set", EVP_MD_CTX_set_params(ctx, make_list(in, &l)));
			break;
		case 1:
			say_answers(&l, EVP_MD_CTX_get_params(ctx, make_question(in, &l)));
			break;
		case 2:
			say_answers(&l, EVP_MD_get_params(alg, make_question(in, &l)));
			break;
		default:
			fuzz_bytes(in, data, sizeof(data));
			going = say_bool("update", EVP_DigestUpdate(ctx, data, fuzz_uint(in, 2) % DATA));
		}
	}
	if (going && say_bool("final", EVP_DigestFinal_ex(ctx, out, &len)))
		say(out, len);
	EVP_MD_CTX_free(ctx);
	EVP_MD_free(alg);
}

static void mac(struct fuzz_in *in, const char *side)
{
	static const struct {
		const char *name, *param, *value;
	} algs[] = {
		{ "HMAC", OSSL_MAC_PARAM_DIGEST, "SHA256" }, { "HMAC", OSSL_MAC_PARAM_DIGEST, "SHA1" },
		{ "CMAC", OSSL_MAC_PARAM_CIPHER, "AES-128-CBC" },
		{ "GMAC", OSSL_MAC_PARAM_CIPHER, "AES-128-GCM" },
	};
	size_t which = fuzz_uint(in, 1) % wdi_array_size(algs);
	EVP_MAC *alg = EVP_MAC_fetch(libctx, use_name(algs[which].name), side);
	EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(alg);
	uint8_t key[16], data[DATA], out[EVP_MAX_MD_SIZE], iv[12] = { 1 };
	const OSSL_PARAM first[] = {
		OSSL_PARAM_construct_utf8_string(algs[which].param,
						 (char *)(uintptr_t)algs[which].value, 0),
		OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_IV, iv, sizeof(iv)),
		OSSL_PARAM_construct_end(),
	};
	size_t len = 0;
	struct list l;
	bool going;

	fuzz_bytes(in, key, sizeof(key));
	say_bool("set", EVP_MAC_CTX_set_params(ctx, make_list(in, &l)));
	going = say_bool("init", EVP_MAC_init(ctx, key, sizeof(key), first));
	while (going && in->left) {
		switch (fuzz_uint(in, 1) % 5) {
		case 0:
			going = say_bool("set", EVP_MAC_CTX_set_params(ctx, make_list(in, &l)));
			break;
		case 1:
			say_answers(&l, EVP_MAC_CTX_get_params(ctx, make_question(in, &l)));
			break;
		case 2:
			going = say_bool("init", EVP_MAC_init(ctx, key, sizeof(key), make_list(in, &l)));
			break;
		default:
			fuzz_bytes(in, data, sizeof(data));
			going = say_bool("update", EVP_MAC_update(ctx, data, fuzz_uint(in, 2) % DATA));
		}
	}
	if (going && say_bool("final", EVP_MAC_final(ctx, out, &len, sizeof(out))))
		say(out, len);
	EVP_MAC_CTX_free(ctx);
	EVP_MAC_free(alg);
}

/* ---- keys -------------------------------------------------------------------------------------- */

static const struct {
	const char *type, *param, *value;
} kinds[] = {
	{ "RSA", OSSL_PKEY_PARAM_RSA_BITS, "1024" }, { "EC", OSSL_PKEY_PARAM_GROUP_NAME, "P-256" },
	{ "X25519", NULL, NULL }, { "X448", NULL, NULL },
	{ "DH", OSSL_PKEY_PARAM_GROUP_NAME, "ffdhe2048" }, { "SM2", NULL, NULL },
};
/* Made by the default provider, and what both sides import. */
static OSSL_PARAM *numbers[wdi_array_size(kinds)];

static EVP_PKEY *import(unsigned int kind, const char *side, int selection, const OSSL_PARAM *params)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(libctx, kinds[kind].type, side);
	EVP_PKEY *key = NULL;

	if (ctx && EVP_PKEY_fromdata_init(ctx) > 0)
		EVP_PKEY_fromdata(ctx, &key, selection, (OSSL_PARAM *)(uintptr_t)params);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

/* Parts of a key beside parameters that do not belong there; whoever takes it, exports it. */
static void import_any(struct fuzz_in *in, unsigned int kind, const char *side)
{
	static const int selections[] = {
		EVP_PKEY_KEYPAIR, EVP_PKEY_PUBLIC_KEY, EVP_PKEY_KEY_PARAMETERS,
	};
	OSSL_PARAM all[32];
	struct list l;
	size_t n = 0;
	EVP_PKEY *key;
	OSSL_PARAM *back = NULL;
	int selection = selections[fuzz_uint(in, 1) % wdi_array_size(selections)];

	for (const OSSL_PARAM *p = numbers[kind]; p->key && n < 16; p++) {
		if (fuzz_uint(in, 1) % 8)
			all[n++] = *p;
	}
	for (const OSSL_PARAM *p = make_list(in, &l); p->key; p++) {
		/* A number that has been changed costs OpenSSL as long as it likes. */
		if (!OSSL_PARAM_locate(numbers[kind], p->key))
			all[n++] = *p;
	}
	all[n] = OSSL_PARAM_construct_end();
	key = import(kind, side, selection, all);
	if (say_bool("import", key != NULL)) {
		say_answers(&l, EVP_PKEY_get_params(key, make_question(in, &l)));
		say_bool("set", EVP_PKEY_set_params(key, (OSSL_PARAM *)(uintptr_t)make_list(in, &l)));
		if (say_bool("export", EVP_PKEY_todata(key, selection, &back))) {
			for (const OSSL_PARAM *p = back; p->key; p++) {
				say(p->key, strlen(p->key));
				say(p->data, p->data_size);
			}
		}
	}
	OSSL_PARAM_free(back);
	EVP_PKEY_free(key);
}

static void generate(struct fuzz_in *in, unsigned int kind, const char *side)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(libctx, kinds[kind].type, side);
	struct list l;

	/* Numbers of random keys differ; what is allowed does not. */
	say_bool("gen init", EVP_PKEY_keygen_init(ctx));
	say_bool("gen set", EVP_PKEY_CTX_set_params(ctx, make_list(in, &l)));
	say_bool("gen settable", EVP_PKEY_CTX_settable_params(ctx) != NULL);
	EVP_PKEY_CTX_free(ctx);
}

static void use(struct fuzz_in *in, unsigned int kind, const char *side)
{
	EVP_PKEY *key = import(kind, side, EVP_PKEY_KEYPAIR, numbers[kind]);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(libctx, key, side);
	uint8_t text[32] = { 7 }, out[1024];
	size_t len = sizeof(out);
	unsigned int what = (unsigned int)fuzz_uint(in, 1) % 5;
	bool going;
	struct list l;

	switch (what) {
	case 0:
		going = say_bool("sign", EVP_PKEY_sign_init_ex(ctx, make_list(in, &l)));
		break;
	case 1:
		going = say_bool("verify", EVP_PKEY_verify_init_ex(ctx, make_list(in, &l)));
		break;
	case 2:
		going = say_bool("derive", EVP_PKEY_derive_init_ex(ctx, make_list(in, &l)));
		break;
	case 3:
		going = say_bool("encrypt", EVP_PKEY_encrypt_init_ex(ctx, make_list(in, &l)));
		break;
	default:
		going = say_bool("decrypt", EVP_PKEY_decrypt_init_ex(ctx, make_list(in, &l)));
	}
	for (unsigned int i = 0; going && i < 4; i++) {
		say_bool("set", EVP_PKEY_CTX_set_params(ctx, make_list(in, &l)));
		say_answers(&l, EVP_PKEY_CTX_get_params(ctx, make_question(in, &l)));
	}
	if (going && what == 0 && say_bool("signed", EVP_PKEY_sign(ctx, out, &len, text, sizeof(text))))
		say(&(bool){ len <= sizeof(out) }, 1);
	if (going && what == 1)
		say_bool("verified", EVP_PKEY_verify(ctx, out, 128, text, sizeof(text)));
	if (going && what == 2 && say_bool("peer", EVP_PKEY_derive_set_peer(ctx, key)) &&
	    say_bool("derived", EVP_PKEY_derive(ctx, out, &len)))
		say(out, len);
	if (going && what == 3)
		say_bool("encrypted", EVP_PKEY_encrypt(ctx, out, &len, text, sizeof(text)));
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
}

static void keys(struct fuzz_in *in, const char *side)
{
	unsigned int kind = (unsigned int)fuzz_uint(in, 1) % wdi_array_size(kinds);

	switch (fuzz_uint(in, 1) % 4) {
	case 0:
		generate(in, kind, side);
		break;
	case 1:
		import_any(in, kind, side);
		break;
	default:
		use(in, kind, side);
	}
}

/* ---- the frame ---------------------------------------------------------------------------------- */

/* The device keeps what it uses again in mappings, where the leak checker does not look. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

static void make_numbers(void)
{
	for (unsigned int i = 0; i < wdi_array_size(kinds); i++) {
		EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(libctx, kinds[i].type, sides[1]);
		EVP_PKEY *key = NULL;

		fuzz_assert(ctx && EVP_PKEY_keygen_init(ctx) > 0);
		if (kinds[i].param && strcmp(kinds[i].type, "RSA"))
			fuzz_assert(EVP_PKEY_CTX_set_group_name(ctx, kinds[i].value) > 0);
		else if (kinds[i].param)
			fuzz_assert(EVP_PKEY_CTX_ctrl_str(ctx, "rsa_keygen_bits", kinds[i].value) > 0);
		fuzz_assert(EVP_PKEY_generate(ctx, &key) > 0);
		fuzz_assert(EVP_PKEY_todata(key, EVP_PKEY_KEYPAIR, &numbers[i]));
		EVP_PKEY_free(key);
		EVP_PKEY_CTX_free(ctx);
	}
}

static void set_up(void)
{
	char path[] = "/tmp/weft-fuzz-XXXXXX";
	int fd = mkstemp(path);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");

	setenv("WEFT_ENGINE_THREADS", "0", 1);
	fuzz_assert(file);
	fprintf(file, "openssl_conf = init\n[init]\nproviders = all\n[all]\nweft = weft\n"
		"default = plain\n[plain]\nactivate = 1\n[weft]\nsync-min = 1\nactivate = 1\n");
	fclose(file);
	libctx = OSSL_LIB_CTX_new();
	OPENSSL_load_builtin_modules();
	fuzz_assert(libctx && OSSL_PROVIDER_add_builtin(libctx, "weft", OSSL_provider_init));
	fuzz_assert(OSSL_LIB_CTX_load_config(libctx, path) > 0);
	unlink(path);
	fuzz_assert(OSSL_PROVIDER_available(libctx, "weft"));
	make_numbers();
}

static void run(enum side side, const uint8_t *data, size_t size)
{
	static void (*const programs[])(struct fuzz_in *in, const char *side) = {
		cipher, digest, mac, keys,
	};
	struct fuzz_in in = { data, size };

	now = &said[side];
	now->len = 0;
	programs[fuzz_uint(&in, 1) % wdi_array_size(programs)](&in, sides[side]);
	ERR_clear_error();
}

static bool same(enum side a, enum side b)
{
	return said[a].len == said[b].len && !memcmp(said[a].data, said[b].data, said[a].len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!libctx)
		set_up();
	run(OURS, data, size);
	run(THEIRS, data, size);
	if (same(OURS, THEIRS))
		return 0;
	run(THEIRS_AGAIN, data, size);
	if (!same(THEIRS, THEIRS_AGAIN))
		return 0;
	aloud = true;
	for (enum side side = OURS; side <= THEIRS; side++) {
		fprintf(stderr, "---- %s\n", sides[side]);
		run(side, data, size);
	}
	abort();
}
