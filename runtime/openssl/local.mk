# SPDX-License-Identifier: MIT
#
# The OpenSSL provider, weft.so: a module that OpenSSL opens by its name.

if OPENSSL_PROVIDER
opensslmodulesdir = $(OPENSSL_MODULESDIR)
opensslmodules_LTLIBRARIES = runtime/openssl/weft.la
endif

runtime_openssl_weft_la_SOURCES = \
	runtime/openssl/aead.c \
	runtime/openssl/algs.def \
	runtime/openssl/asym.c \
	runtime/openssl/cipher.c \
	runtime/openssl/config.c \
	runtime/openssl/count.c \
	runtime/openssl/dev.c \
	runtime/openssl/dev.h \
	runtime/openssl/digest.c \
	runtime/openssl/gather.c \
	runtime/openssl/gather.h \
	runtime/openssl/job.c \
	runtime/openssl/job.h \
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
	runtime/openssl/selftest.c \
	runtime/openssl/sign.c \
	runtime/openssl/thunks.c
runtime_openssl_weft_la_LIBADD = libwd_crypto.la libwd.la $(LIBCRYPTO_LIBS)
# Threads end with functions of ours to call: once loaded it stays.
runtime_openssl_weft_la_LDFLAGS = $(AM_LDFLAGS) $(LIBWD_LDFLAGS) -module -avoid-version -shared \
	-export-symbols-regex '^OSSL_provider_init$$'
