# SPDX-License-Identifier: MIT

# What all classes share lives in libwd, a class in its own library.
libcore_la_SOURCES += \
	runtime/alg/algs.c \
	runtime/alg/algs.def \
	runtime/alg/class.c \
	runtime/alg/class.h \
	runtime/alg/class_api.h \
	runtime/alg/class_internal.h \
	runtime/alg/plan.c \
	runtime/alg/pollers.c \
	runtime/alg/request.c \
	runtime/alg/session.c

libwd_comp_la_SOURCES += \
	runtime/alg/comp.c \
	runtime/alg/comp_zlib.c \
	runtime/alg/sched_api.c

libwd_crypto_la_SOURCES += \
	runtime/alg/aead.c \
	runtime/alg/cipher.c \
	runtime/alg/digest.c \
	runtime/alg/digest.h \
	runtime/alg/dh.c \
	runtime/alg/digest_stream.c \
	runtime/alg/ecc.c \
	runtime/alg/ecc.h \
	runtime/alg/ecc_curves.c \
	runtime/alg/ecc_key.c \
	runtime/alg/ecc_object.c \
	runtime/alg/key.c \
	runtime/alg/key.h \
	runtime/alg/pk.c \
	runtime/alg/pk.h \
	runtime/alg/rsa.c \
	runtime/alg/sched_api.c \
	runtime/alg/sym.c \
	runtime/alg/sym.h
