# SPDX-License-Identifier: MIT
#
# The OpenSSL provider, weft.so: a module that OpenSSL opens by its name.

if OPENSSL_PROVIDER
opensslmodulesdir = $(OPENSSL_MODULESDIR)
opensslmodules_LTLIBRARIES = runtime/openssl/weft.la
endif

# What the provider and the engine both do: the operation code.
noinst_LTLIBRARIES += libossl.la
libossl_la_SOURCES = \
	runtime/openssl/algs.def \
	runtime/openssl/class.c \
	runtime/openssl/class.h \
	runtime/openssl/common.h \
	runtime/openssl/config.c \
	runtime/openssl/count.c \
	runtime/openssl/dev.c \
	runtime/openssl/dev.h \
	runtime/openssl/gather.c \
	runtime/openssl/gather.h \
	runtime/openssl/job.c \
	runtime/openssl/job.h \
	runtime/openssl/keyed.c \
	runtime/openssl/keyed.h \
	runtime/openssl/log.c \
	runtime/openssl/message.c \
	runtime/openssl/message.h \
	runtime/openssl/op.c \
	runtime/openssl/raw.h \
	runtime/openssl/raw_dh.c \
	runtime/openssl/raw_ec.c \
	runtime/openssl/raw_rsa.c \
	runtime/openssl/rows.c \
	runtime/openssl/selftest.c \
	runtime/openssl/selftest_pk.c

runtime_openssl_weft_la_SOURCES = \
	runtime/openssl/aead.c \
	runtime/openssl/asym.c \
	runtime/openssl/cipher.c \
	runtime/openssl/digest.c \
	runtime/openssl/key.c \
	runtime/openssl/mac.c \
	runtime/openssl/pk.c \
	runtime/openssl/pk.h \
	runtime/openssl/pk_dh.c \
	runtime/openssl/pk_ec.c \
	runtime/openssl/pk_rsa.c \
	runtime/openssl/plain.c \
	runtime/openssl/prov.h \
	runtime/openssl/provider.c \
	runtime/openssl/sign.c \
	runtime/openssl/thunks.c
# The same for a program, which has no module: the fuzzer of parameters.
EXTRA_LTLIBRARIES = libosslprov.la
libosslprov_la_SOURCES = $(runtime_openssl_weft_la_SOURCES)

runtime_openssl_weft_la_LIBADD = libossl.la libwd_crypto.la libwd.la $(LIBCRYPTO_LIBS)
# Threads end with functions of ours to call: once loaded it stays.
runtime_openssl_weft_la_LDFLAGS = $(AM_LDFLAGS) $(LIBWD_LDFLAGS) -module -avoid-version -shared \
	-export-symbols-regex '^OSSL_provider_init$$'
