# SPDX-License-Identifier: MIT
#
# The OpenSSL engine, weft.so in OpenSSL's folder of engines.

if OPENSSL_ENGINE
opensslenginesdir = $(OPENSSL_ENGINESDIR)
opensslengines_LTLIBRARIES = runtime/openssl/engine/weft.la
endif

runtime_openssl_engine_weft_la_SOURCES = \
	runtime/openssl/engine/aeads.c \
	runtime/openssl/engine/ciphers.c \
	runtime/openssl/engine/ciphers.h \
	runtime/openssl/engine/dh.c \
	runtime/openssl/engine/digests.c \
	runtime/openssl/engine/ec.c \
	runtime/openssl/engine/engine.c \
	runtime/openssl/engine/engine.h \
	runtime/openssl/engine/keys.c \
	runtime/openssl/engine/keys.h \
	runtime/openssl/engine/rsa.c
runtime_openssl_engine_weft_la_LIBADD = libossl.la libwd_crypto.la libwd.la $(LIBCRYPTO_LIBS)
# Methods outlive the engine: once loaded it stays.
runtime_openssl_engine_weft_la_LDFLAGS = $(AM_LDFLAGS) $(LIBWD_LDFLAGS) -module -avoid-version -shared \
	-export-symbols-regex '^(bind_engine|v_check)$$'
