# SPDX-License-Identifier: MIT

bin_PROGRAMS += weft

weft_SOURCES = \
	tools/bench.c \
	tools/bench.h \
	tools/bench_budget.c \
	tools/bench_budget.h \
	tools/bench_comp.c \
	tools/bench_comp.h \
	tools/bench_device.c \
	tools/bench_device.h \
	tools/bench_fault.c \
	tools/bench_fault.h \
	tools/bench_openssl.c \
	tools/bench_openssl.h \
	tools/bench_pk.c \
	tools/bench_pk.h \
	tools/bench_quick.c \
	tools/bench_sym.c \
	tools/bench_sym.h \
	tools/bench_zlib.c \
	tools/cmd.h \
	tools/codecs_direct.c \
	tools/codecs_direct.h \
	tools/comp_case.c \
	tools/comp_case.h \
	tools/devices.c \
	tools/elf.c \
	tools/elf.h \
	tools/fio.c \
	tools/fio.h \
	tools/front.c \
	tools/front.h \
	tools/gz.h \
	tools/gz_comp.c \
	tools/gz_decomp.c \
	tools/gzip.c \
	tools/opts.c \
	tools/ossl_case.c \
	tools/ossl_case.h \
	tools/pool.c \
	tools/pool.h \
	tools/run.c \
	tools/run_openssl.c \
	tools/run_openssl.h \
	tools/run_report.c \
	tools/run_report.h \
	tools/run_report_openssl.c \
	tools/run_report_openssl.h \
	tools/sample.c \
	tools/sample.h \
	tools/selftest.c \
	tools/selftest.h \
	tools/selftest_checks.c \
	tools/selftest_crypto.c \
	tools/selftest_vectors.c \
	tools/sum.c \
	tools/sum.h \
	tools/sum_hash.c \
	tools/sym_case.c \
	tools/sym_case.h \
	tools/sym_evp.c \
	tools/sym_raw.c \
	tools/sym_rows.c \
	tools/sym_wd.c \
	tools/table.c \
	tools/table.h \
	tools/ui.c \
	tools/ui.h \
	tools/weft.c \
	tools/zlib_case.c \
	tools/zlib_case.h

# Where "weft run" finds what it preloads.
weft_CPPFLAGS = $(AM_CPPFLAGS) -DWEFT_LIBDIR='"$(libdir)"'
if OPENSSL_PROVIDER
weft_CPPFLAGS += -DWEFT_OPENSSL_MODULESDIR='"$(OPENSSL_MODULESDIR)"'
endif
if OPENSSL_ENGINE
weft_CPPFLAGS += -DWEFT_OPENSSL_ENGINESDIR='"$(OPENSSL_ENGINESDIR)"'
endif

# zlib, ISA-L and libdeflate are what "weft bench" compares the device with.
weft_LDADD = libwd_comp.la libwd_crypto.la libwd.la $(codec_libs) $(LIBCRYPTO_LIBS) \
	$(JSON_C_LIBS) $(LIBM)
