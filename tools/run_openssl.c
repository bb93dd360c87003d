/* SPDX-License-Identifier: MIT */
/*
 * The configuration that "weft run" makes for OpenSSL. A program reads it when it starts,
 * and so does everything that it starts, for as long as any of it lives: a daemon and what
 * it starts outlive the command. So the file is neither removed nor a descriptor (which
 * daemons close). Its name is the digest of what it says, the same again for the same
 * configuration, so that there is nothing to clean up; only its owner can write there.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/conf.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>

#include "fio.h"
#include "run_openssl.h"
#include "ui.h"

#define PROVIDER	"weft"
#define PROVIDERS	"weft_run_providers"	/* sections of ours */
#define INIT		"weft_run_init"
#define SECTION		"weft_run_section"
#define DEFAULT		"weft_run_default"

/* ---- the configuration in force --------------------------------------------- */

struct before {
	char file[PATH_MAX];	/* "": there is none */
	CONF *conf;		/* NULL: the same */
	const char *init;	/* section of openssl_conf, or NULL */
	const char *key;	/* what its list of providers is called there, or NULL */
	STACK_OF(CONF_VALUE) *providers;	/* or NULL */
};

/* In a list of modules, what stands behind the last point tells entries of a module apart... */
static bool is_module(const char *name, const char *module)
{
	const char *dot = strrchr(name, '.');
	size_t len = dot ? (size_t)(dot - name) : strlen(name);

	return len == strlen(module) && !strncmp(name, module, len);
}

/* ... and in a list of providers and their values, what stands before the first. */
static const char *bare(const char *name)
{
	const char *dot = strchr(name, '.');

	return dot ? dot + 1 : name;
}

/* The oldest error says what happened, the later ones only where it was noticed. */
static void complain(const char *file, const char *what)
{
	const char *data = "", *reason = NULL;
	unsigned long e;
	int flags = 0;

	while (!reason && (e = ERR_get_error_all(NULL, NULL, NULL, &data, &flags)))
		reason = ERR_reason_error_string(e);
	if (!reason || !(flags & ERR_TXT_STRING))
		data = "";
	ui_error("%s: %s%s%s%s%s", file, what, reason ? ": " : "", reason ? reason : "",
		 *data ? ": " : "", data);
	ERR_clear_error();
}

static bool read_before(struct before *b)
{
	char *file = CONF_get1_default_config_file(), *value;
	STACK_OF(CONF_VALUE) *init;
	struct stat st;
	long line = 0;

	/* An empty name is OpenSSL's way to say that no file is wanted; one may be missing. */
	if (!file || !*file || (access(file, F_OK) && errno == ENOENT)) {
		OPENSSL_free(file);
		return true;
	}
	if (!realpath(file, b->file)) {
		ui_error("%s: %s", file, strerror(errno));
		OPENSSL_free(file);
		return false;
	}
	OPENSSL_free(file);
	if (!stat(b->file, &st) && S_ISDIR(st.st_mode)) {
		ui_error("%s: OpenSSL's configuration cannot be read: %s", b->file, strerror(EISDIR));
		return false;
	}
	b->conf = NCONF_new(NULL);
	if (!b->conf || NCONF_load(b->conf, b->file, &line) <= 0) {
		complain(b->file, "OpenSSL's configuration cannot be read");
		return false;
	}
	value = NCONF_get_string(b->conf, NULL, "openssl_conf");
	ERR_clear_error();
	if (!value)
		return true;
	init = NCONF_get_section(b->conf, value);
	if (!init) {
		ui_error("%s: openssl_conf = %s: there is no such section", b->file, value);
		ERR_clear_error();
		return false;
	}
	b->init = value;
	for (int i = 0; i < sk_CONF_VALUE_num(init); i++) {
		const CONF_VALUE *v = sk_CONF_VALUE_value(init, i);

		if (!is_module(v->name, "providers"))
			continue;
		b->key = v->name;
		b->providers = NCONF_get_section(b->conf, v->value);
		if (!b->providers) {
			ui_error("%s: %s = %s: there is no such section", b->file, v->name, v->value);
			ERR_clear_error();
			return false;
		}
	}
	return true;
}

/* The first of the user's providers of which @which is true, or NULL. */
static const CONF_VALUE *find(const struct before *b,
			      bool (*which)(const CONF *conf, const CONF_VALUE *v))
{
	for (int i = 0; b->providers && i < sk_CONF_VALUE_num(b->providers); i++) {
		const CONF_VALUE *v = sk_CONF_VALUE_value(b->providers, i);

		if (which(b->conf, v))
			return v;
	}
	return NULL;
}

static const char *in_section(const CONF *conf, const char *section, const char *name)
{
	const STACK_OF(CONF_VALUE) *list = NCONF_get_section(conf, section);

	for (int i = 0; i < sk_CONF_VALUE_num(list); i++) {
		if (!strcmp(bare(sk_CONF_VALUE_value(list, i)->name), name))
			return sk_CONF_VALUE_value(list, i)->value;
	}
	ERR_clear_error();
	return NULL;
}

static bool is_ours(const CONF *conf, const CONF_VALUE *v)
{
	const char *identity = in_section(conf, v->value, "identity");

	return !strcmp(identity ? identity : bare(v->name), PROVIDER);
}

/* As OpenSSL 3.0 sees it, to which "activate = no" is no less a word than "yes". */
static bool is_active(const CONF *conf, const CONF_VALUE *v)
{
	return in_section(conf, v->value, "activate");
}

/* ---- the text ---------------------------------------------------------------- */

/* So that nothing in @text is more than a character; letters behind a backslash are. */
static void put(FILE *f, const char *text)
{
	for (; *text; text++) {
		if (*text == '\n')
			fputs("\\n", f);
		else if (isalnum((unsigned char)*text) || strchr("_-./", *text))
			fputc(*text, f);
		else
			fprintf(f, "\\%c", *text);
	}
}

static void put_line(FILE *f, const char *name, const char *value)
{
	put(f, name);
	fputs(" = ", f);
	put(f, value);
	fputc('\n', f);
}

static void put_section(FILE *f, const char *name)
{
	fputs("\n[", f);
	put(f, name);
	fputs("]\n", f);
}

static char *make_text(const struct before *b, const char *module)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	bool alone = !find(b, is_active);

	if (!f)
		return NULL;
	fputs("# Made by \"weft run\": the provider, and then what is configured anyway.\n", f);
	if (*b->file) {
		fputs(".include ", f);
		put(f, b->file);
		fputc('\n', f);
	}
	if (!b->init) {
		put_section(f, "default");
		put_line(f, "openssl_conf", INIT);
	}
	put_section(f, b->init ? b->init : INIT);
	put_line(f, b->key ? b->key : "providers", PROVIDERS);
	put_section(f, PROVIDERS);
	put_line(f, PROVIDER, SECTION);
	for (int i = 0; b->providers && i < sk_CONF_VALUE_num(b->providers); i++) {
		const CONF_VALUE *v = sk_CONF_VALUE_value(b->providers, i);

		put_line(f, v->name, v->value);
	}
	/* Which OpenSSL loads by itself only where no other is. */
	if (alone)
		put_line(f, "weft_run.default", DEFAULT);
	put_section(f, SECTION);
	put_line(f, "module", module);
	put_line(f, "activate", "1");
	if (alone) {
		put_section(f, DEFAULT);
		put_line(f, "activate", "1");
	}
	if (fclose(f)) {
		free(text);
		return NULL;
	}
	return text;
}

/* ---- the user's own entry ----------------------------------------------------- */

/* A configuration of nothing but the section @name of @b. NULL: no memory. */
static CONF *only(const struct before *b, OSSL_LIB_CTX *libctx, const char *name)
{
	const STACK_OF(CONF_VALUE) *list = NCONF_get_section(b->conf, name);
	CONF *conf = NCONF_new_ex(libctx, NULL);
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	BIO *bio = NULL;
	long line;

	if (f) {
		put_line(f, "openssl_conf", INIT);
		put_section(f, INIT);
		put_line(f, "providers", PROVIDERS);
		put_section(f, PROVIDERS);
		put_line(f, PROVIDER, SECTION);
		put_section(f, SECTION);
		for (int i = 0; i < sk_CONF_VALUE_num(list); i++) {
			const CONF_VALUE *v = sk_CONF_VALUE_value(list, i);

			put_line(f, v->name, v->value);
		}
		if (!fclose(f))
			bio = BIO_new_mem_buf(text, (int)len);
	}
	if (!bio || !conf || NCONF_load_bio(conf, bio, &line) <= 0) {
		NCONF_free(conf);
		conf = NULL;
	}
	BIO_free(bio);
	free(text);
	return conf;
}

/*
 * The user has the provider in the configuration, maybe with options: do they hold? OpenSSL
 * drops the provider's reason, which is why the provider is asked to say it.
 */
static bool check_ours(const struct before *b, const CONF_VALUE *entry)
{
	OSSL_LIB_CTX *libctx = OSSL_LIB_CTX_new();
	CONF *conf = libctx ? only(b, libctx, entry->value) : NULL;
	bool silent = !getenv("WEFT_LOG"), good;

	if (silent)
		setenv("WEFT_LOG", "error", 1);
	good = conf && CONF_modules_load(conf, NULL, 0) > 0 &&
	       OSSL_PROVIDER_available(libctx, PROVIDER);
	if (silent)
		unsetenv("WEFT_LOG");
	if (!good)
		complain(b->file, "the provider " PROVIDER " does not load");
	NCONF_free(conf);
	OSSL_LIB_CTX_free(libctx);
	return good;
}

/* ---- the file ----------------------------------------------------------------- */

static bool __attribute__((format(printf, 2, 3))) print(char to[PATH_MAX], const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(to, PATH_MAX, format, args);
	va_end(args);
	return n >= 0 && n < PATH_MAX;
}

static bool under(char to[PATH_MAX], const char *variable, const char *below)
{
	const char *value = getenv(variable);

	return value && *value == '/' && print(to, "%s%s", value, below);
}

/* Folders in the order in which they are tried; those that outlive a login come first. */
static bool folder(unsigned int which, char to[PATH_MAX])
{
	switch (which) {
	case 0:
		return under(to, "XDG_CACHE_HOME", "/weft");
	case 1:
		return !geteuid() && print(to, "/run/weft");
	case 2:
		return under(to, "HOME", "/.cache/weft");
	case 3:
		return under(to, "XDG_RUNTIME_DIR", "/weft");
	case 4:
		return print(to, "/tmp/weft-%u", (unsigned int)geteuid());
	default:
		return false;
	}
}

#define FOLDERS	5

/* A folder that is ours alone to write; made if it is not there. */
static int open_folder(char *path)
{
	struct stat st;
	char *slash = strrchr(path, '/');
	int fd;

	*slash = 0;
	mkdir(path, 0700);	/* ~/.cache; what is above it is not ours to make */
	*slash = '/';
	if (mkdir(path, 0755) && errno != EEXIST)
		return -errno;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH))) {
		close(fd);
		return -EPERM;
	}
	return fd;
}

static bool same(int dir, const char *name, const char *text)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	size_t len = strlen(text);
	char *there = malloc(len + 1);
	ssize_t n = fd >= 0 && there ? fio_read_full(fd, there, len + 1) : -1;
	bool equal = n == (ssize_t)len && !memcmp(there, text, len);

	if (fd >= 0)
		close(fd);
	free(there);
	return equal;
}

/* Others may read the old file or write the same one meanwhile: it appears whole or not. */
static int write_file(int dir, const char *name, const char *text)
{
	char temp[64];
	int fd, ret;

	snprintf(temp, sizeof(temp), ".%s.%ld", name, (long)getpid());
	unlinkat(dir, temp, 0);
	fd = openat(dir, temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	ret = fio_write(fd, text, strlen(text));
	/* Programs that give up their rights read it too, whatever our mask is. */
	if (!ret && fchmod(fd, 0644))
		ret = -errno;
	if (close(fd) && !ret)
		ret = -errno;
	if (!ret && renameat(dir, temp, dir, name))
		ret = -errno;
	if (ret)
		unlinkat(dir, temp, 0);
	return ret;
}

static bool name_of(const char *text, char *to, size_t size)
{
	unsigned char md[EVP_MAX_MD_SIZE];
	size_t len;

	if (!EVP_Q_digest(NULL, "SHA256", NULL, text, strlen(text), md, &len))
		return false;
	snprintf(to, size, "openssl-%02x%02x%02x%02x%02x%02x%02x%02x.cnf", md[0], md[1], md[2],
		 md[3], md[4], md[5], md[6], md[7]);
	return true;
}

/* Put @text where it stays; @path is its name then. */
static bool keep(const char *text, char path[PATH_MAX])
{
	char name[32], where[PATH_MAX] = "";
	int ret = -ENOENT;

	if (!name_of(text, name, sizeof(name))) {
		complain("OpenSSL", "SHA-256");
		return false;
	}
	for (unsigned int i = 0; i < FOLDERS; i++) {
		int dir;

		if (!folder(i, where))
			continue;
		dir = open_folder(where);
		if (dir < 0) {
			ret = dir;
			continue;
		}
		ret = same(dir, name, text) ? 0 : write_file(dir, name, text);
		close(dir);
		if (!ret && print(path, "%s/%s", where, name))
			return true;
	}
	ui_error("no place for OpenSSL's configuration: %s: %s; XDG_CACHE_HOME can name one", where,
		 strerror(-ret));
	return false;
}

bool run_openssl(const char *module)
{
	struct before b = { "", NULL, NULL, NULL, NULL };
	char path[PATH_MAX], *text = NULL;
	const CONF_VALUE *entry;
	bool good;

	/* What it says is for the program; this one is not to load any of it. */
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	good = read_before(&b);
	if (!good)
		goto free_conf;
	entry = find(&b, is_ours);
	if (entry) {
		good = check_ours(&b, entry);
		goto free_conf;
	}
	text = make_text(&b, module);
	good = text && keep(text, path);
	if (!text)
		ui_error("%s", strerror(ENOMEM));
	if (good && setenv("OPENSSL_CONF", path, 1)) {
		ui_error("%s", strerror(errno));
		good = false;
	}
	free(text);
free_conf:
	NCONF_free(b.conf);
	return good;
}
