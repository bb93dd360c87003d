# SPDX-License-Identifier: MIT
#
# The zlib front end, linked twice: libweft_z.so to be preloaded, and, in a
# folder of its own, libz.so.1 to be put in zlib's place. Both link libc alone;
# the system's zlib and libwd_comp are opened when they are needed.

noinst_LTLIBRARIES += libzfront.la
libzfront_la_SOURCES = \
	runtime/zlib/checksum.c \
	runtime/zlib/checksum.h \
	runtime/zlib/deflate.c \
	runtime/zlib/deflate.h \
	runtime/zlib/deflate_data.c \
	runtime/zlib/engine.c \
	runtime/zlib/engine.h \
	runtime/zlib/forward.c \
	runtime/zlib/front.h \
	runtime/zlib/functions.def \
	runtime/zlib/inflate.c \
	runtime/zlib/inflate.h \
	runtime/zlib/inflate_data.c \
	runtime/zlib/inflate_inner.c \
	runtime/zlib/inflate_place.c \
	runtime/zlib/log.c \
	runtime/zlib/log.h \
	runtime/zlib/oneshot.c \
	runtime/zlib/own.c \
	runtime/zlib/own.h \
	runtime/zlib/report.c \
	runtime/zlib/report.h \
	runtime/zlib/settings.c \
	runtime/zlib/settings.h \
	runtime/zlib/system.c \
	runtime/zlib/system.h
libzfront_la_CPPFLAGS = $(AM_CPPFLAGS) \
	-DZLIB_LIBDIR='"$(ZLIB_LIBDIR)"' -DMULTIARCH='"$(MULTIARCH)"'

if VERSION_SCRIPT
# Threads may be in its code, and streams may have its functions, for as long as
# the process lives: once loaded it stays.
zfront_ldflags = $(AM_LDFLAGS) $(LIBWD_LDFLAGS) -no-undefined \
	-Wl,--version-script=$(srcdir)/runtime/zlib/zlib.map

lib_LTLIBRARIES += libweft_z.la
libweft_z_la_SOURCES =
libweft_z_la_LIBADD = libzfront.la
libweft_z_la_LDFLAGS = $(zfront_ldflags) -version-info 1:0:0
EXTRA_libweft_z_la_DEPENDENCIES = runtime/zlib/zlib.map

pkglib_LTLIBRARIES = runtime/zlib/libz.la
runtime_zlib_libz_la_SOURCES =
runtime_zlib_libz_la_LIBADD = libzfront.la
runtime_zlib_libz_la_LDFLAGS = $(zfront_ldflags) -version-info 1:0:0
EXTRA_runtime_zlib_libz_la_DEPENDENCIES = runtime/zlib/zlib.map
endif

EXTRA_DIST += runtime/zlib/zlib.map
