# SPDX-License-Identifier: MIT
#
# A test program is one line in the list of what it links, a script one line in
# test_scripts. Programs print TAP (libcheck does), so that each case counts;
# scripts exit 0, 1 or 77 (skipped).

LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
TEST_EXTENSIONS = .sh
SH_LOG_COMPILER = bash

# Programs that need neither libcheck nor a library of ours.
test_plain_programs = \
	test/abi/sizes_test

# Programs that link layers of the library, hidden symbols and all.
test_unit_programs = \
	test/unit/bmm_test \
	test/unit/clock_test \
	test/unit/codec_cut_test \
	test/unit/codec_tell_test \
	test/unit/codec_test \
	test/unit/crypto_batch_test \
	test/unit/device_direct_test \
	test/unit/crypto_pieces_test \
	test/unit/crypto_rows_test \
	test/unit/device_face_test \
	test/unit/device_fault_test \
	test/unit/device_dma_test \
	test/unit/device_guest_test \
	test/unit/device_guard_test \
	test/unit/device_jobs_test \
	test/unit/device_object_test \
	test/unit/device_pasid_test \
	test/unit/device_pk_test \
	test/unit/device_pri_test \
	test/unit/device_share_test \
	test/unit/device_test \
	test/unit/log_test \
	test/unit/mempool_test \
	test/unit/options_test \
	test/unit/plan_test \
	test/unit/queue_test \
	test/unit/sched_test \
	test/unit/session_test \
	test/unit/slots_test \
	test/unit/spin_test \
	test/unit/wait_test

# Programs that link what a user links.
test_api_programs = \
	test/api/comp_address_test \
	test/api/comp_async_test \
	test/api/comp_bad_test \
	test/api/comp_block_test \
	test/api/comp_init_test \
	test/api/comp_log_test \
	test/api/comp_reset_test \
	test/api/comp_sched_test \
	test/api/comp_stream_test \
	test/api/comp_stream_errors_test \
	test/api/comp_wait_test \
	test/api/comp_zlib_test \
	test/api/comp_zlib_alone_test \
	test/api/crypto_bad_test \
	test/api/crypto_life_test \
	test/api/crypto_random_test \
	test/api/crypto_together_test \
	test/api/crypto_vectors_test \
	test/api/devices_test \
	test/api/fork_test \
	test/api/release_test \
	test/api/report_test \
	test/fault/crypto_ladder_test \
	test/fault/direct_test \
	test/fault/inherit_test \
	test/fault/inject_test \
	test/fault/ladder_test \
	test/fault/memory_test \
	test/fault/process_test \
	test/fault/storm_test \
	test/fault/uffd_test

# Programs with libcheck that load a front end.
test_front_check_programs = \
	test/front/zlib_front_test

# Programs that call libraries with zlib's interface, through a table.
test_front_programs = \
	test/front/zlib_diff_test \
	test/front/zlib_rows_test \
	test/front/zlib_threads_test

# Programs that drive OpenSSL with the provider in it.
test_ossl_programs = \
	test/front/ossl_diff_test \
	test/front/ossl_job_test \
	test/front/ossl_life_test \
	test/front/ossl_pk_test

# And with the engine.
test_engine_programs = \
	test/front/engine_test

test_scripts = \
	test/abi/exports.sh \
	test/abi/header_alone.sh \
	test/abi/include_rules.sh \
	test/abi/internal_headers.sh \
	test/abi/manual.sh \
	test/abi/sva_table.sh \
	test/cli/bench.sh \
	test/cli/devices.sh \
	test/cli/errors.sh \
	test/cli/gzip.sh \
	test/cli/run.sh \
	test/cli/selftest.sh \
	test/cli/sum.sh \
	test/front/engine_cli.sh \
	test/front/engine_nginx.sh \
	test/front/engine_tls.sh \
	test/front/ossl_cli.sh \
	test/front/ossl_curl.sh \
	test/front/ossl_haproxy.sh \
	test/front/ossl_nginx.sh \
	test/front/ossl_postgres.sh \
	test/front/ossl_python.sh \
	test/front/ossl_run.sh \
	test/front/ossl_ssh.sh \
	test/front/ossl_stunnel.sh \
	test/front/ossl_tls.sh \
	test/front/prog_files.sh \
	test/front/prog_git.sh \
	test/front/prog_java.sh \
	test/front/prog_nginx.sh \
	test/front/prog_others.sh \
	test/front/prog_perl.sh \
	test/front/prog_python.sh \
	test/front/zlib_exports.sh

# make install links the libraries once more and is in the way of whoever runs
# them from the build folder meanwhile; this one has them for itself.
test_last_script = test/abi/install.sh

# Below, a program needs lines only when it links something else than this.
LDADD = libtestunit.la libcore.la libdevice.la libutil.la $(codec_libs) $(LIBNUMA_LIBS) $(CHECK_LIBS)
test_device_libs = libdevice.la libutil.la $(codec_libs) $(CHECK_LIBS)
test_util_libs = libutil.la $(CHECK_LIBS)
test_fuzz_libs = libcore.la libdevice.la libutil.la $(codec_libs) $(LIBNUMA_LIBS) $(FUZZ_ENGINE)
test_api_libs = libtestapi.la libwd_comp.la libwd.la $(ZLIB_LIBS) $(CHECK_LIBS)
test_sym_libs = libtestsym.la libtestcrypto.la libtestapi.la libwd_crypto.la libwd_comp.la libwd.la $(ZLIB_LIBS) \
	$(LIBCRYPTO_LIBS) $(CHECK_LIBS)

test_ossl_libs = libtestossl.la $(LIBCRYPTO_LIBS) $(CHECK_LIBS)

test_abi_sizes_test_LDADD =
test_api_comp_address_test_LDADD = $(test_api_libs)
test_api_comp_async_test_LDADD = $(test_api_libs)
test_api_comp_bad_test_LDADD = $(test_api_libs)
test_api_comp_block_test_LDADD = $(test_api_libs)
test_api_comp_init_test_LDADD = $(test_api_libs)
test_api_comp_log_test_LDADD = $(test_api_libs)
test_api_comp_reset_test_LDADD = $(test_api_libs)
test_api_comp_sched_test_LDADD = $(test_api_libs)
test_api_comp_stream_test_LDADD = $(test_api_libs)
test_api_comp_stream_errors_test_LDADD = $(test_api_libs)
test_api_comp_wait_test_LDADD = $(test_api_libs)
test_api_comp_zlib_test_LDADD = $(test_api_libs)
test_api_comp_zlib_alone_test_LDADD = $(test_api_libs)
test_api_crypto_bad_test_LDADD = $(test_sym_libs)
test_api_crypto_life_test_LDADD = $(test_sym_libs)
test_api_crypto_random_test_LDADD = $(test_sym_libs)
test_api_crypto_together_test_LDADD = $(test_sym_libs)
test_api_crypto_vectors_test_LDADD = $(test_sym_libs)
test_api_devices_test_LDADD = $(test_api_libs)
test_api_fork_test_LDADD = $(test_api_libs)
test_api_release_test_LDADD = $(test_api_libs)
test_api_report_test_LDADD = $(test_api_libs)
test_fault_crypto_ladder_test_LDADD = libtestpk.la $(test_sym_libs)
test_fault_direct_test_LDADD = $(test_sym_libs)
test_fault_inherit_test_LDADD = $(test_sym_libs)
test_fault_inject_test_LDADD = $(test_api_libs)
test_fault_ladder_test_LDADD = $(test_api_libs)
test_fault_memory_test_LDADD = $(test_api_libs)
test_fault_process_test_LDADD = $(test_api_libs)
test_fault_storm_test_LDADD = libtestpk.la $(test_sym_libs)
test_fault_uffd_test_LDADD = $(test_sym_libs)
test_unit_codec_cut_test_LDADD = $(test_device_libs)
test_unit_codec_tell_test_LDADD = $(test_device_libs)
test_unit_codec_test_LDADD = $(test_device_libs)
test_unit_crypto_batch_test_LDADD = libtestcrypto.la $(test_device_libs)
test_unit_device_direct_test_LDADD = libtestcrypto.la $(test_device_libs)
test_unit_crypto_pieces_test_LDADD = libtestcrypto.la $(test_device_libs)
test_unit_crypto_rows_test_LDADD = libtestcrypto.la $(test_device_libs)
test_unit_device_face_test_LDADD = $(test_device_libs)
test_unit_device_fault_test_LDADD = $(test_device_libs)
test_unit_device_dma_test_LDADD = $(test_device_libs)
test_unit_device_guest_test_LDADD = $(test_device_libs)
test_unit_device_guard_test_LDADD = $(test_device_libs)
test_unit_device_jobs_test_LDADD = $(test_device_libs)
test_unit_device_object_test_LDADD = $(test_device_libs)
test_unit_device_pasid_test_LDADD = $(test_device_libs)
test_unit_device_pk_test_LDADD = $(test_device_libs)
test_unit_device_pri_test_LDADD = $(test_device_libs)
test_unit_device_share_test_LDADD = $(test_device_libs)
test_unit_device_test_LDADD = $(test_device_libs)
test_unit_log_test_LDADD = $(test_util_libs)
test_unit_slots_test_LDADD = $(test_util_libs)
test_unit_clock_test_LDADD = $(test_util_libs)
test_unit_spin_test_LDADD = $(test_util_libs)
test_front_engine_test_LDADD = $(test_ossl_libs)
test_front_ossl_diff_test_LDADD = $(test_ossl_libs)
test_front_ossl_job_test_LDADD = -lssl $(test_ossl_libs)
test_front_ossl_life_test_LDADD = libwd_crypto.la libwd.la $(test_ossl_libs)
test_front_ossl_pk_test_LDADD = $(test_ossl_libs)
test_fuzz_cpl_fuzz_LDADD = $(test_fuzz_libs)
test_fuzz_desc_fuzz_LDADD = $(test_fuzz_libs)
test_fuzz_inflate_fuzz_LDADD = $(test_fuzz_libs)
test_fuzz_options_fuzz_LDADD = $(test_fuzz_libs)
test_fuzz_ossl_params_fuzz_LDADD = libosslprov.la libossl.la libwd_crypto.la libwd.la libutil.la \
	$(LIBCRYPTO_LIBS) $(FUZZ_ENGINE)
test_fuzz_pk_fuzz_LDADD = $(test_fuzz_libs) $(LIBCRYPTO_LIBS)
test_fuzz_pkreq_fuzz_LDADD = libwd_crypto.la libwd.la $(test_fuzz_libs)
test_fuzz_sym_fuzz_LDADD = libwd_crypto.la libwd.la libutil.la $(FUZZ_ENGINE)

zdiff_sources = \
	test/front/zapi.c \
	test/front/zapi.h \
	test/front/zdiff.c \
	test/front/zdiff.h \
	test/front/zdiff_calls.c \
	test/front/zdiff_check.c \
	test/front/zdiff_deflate.c \
	test/front/zdiff_deflate.h \
	test/front/zdiff_deflate_calls.c \
	test/front/zdiff_gz.c \
	test/front/zdiff_inflate.c \
	test/front/zdiff_internal.h \
	test/front/zdiff_source.c
test_front_zlib_diff_test_SOURCES = $(zdiff_sources) \
	test/front/zdiff_mutants.c \
	test/front/zdiff_mutants.h \
	test/front/zlib_diff_test.c
test_front_zlib_diff_test_LDADD =
test_front_zlib_front_test_LDADD = $(ZLIB_LIBS) $(CHECK_LIBS)
test_front_zlib_rows_test_SOURCES = \
	test/front/zlib_rows_test.c \
	test/front/zrows.h \
	test/front/zrows_bits.c \
	test/front/zrows_deflate.c \
	test/front/zrows_gz.c \
	test/front/zrows_inflate.c \
	test/front/zrows_memory.c
test_front_zlib_rows_test_LDADD = $(ZLIB_LIBS)
test_front_zlib_threads_test_SOURCES = \
	test/front/zapi.c \
	test/front/zapi.h \
	test/front/zlib_threads_test.c
test_front_zlib_threads_test_LDADD =
test_fuzz_zlib_calls_fuzz_SOURCES = $(zdiff_sources) test/fuzz/zlib_calls_fuzz.c
test_fuzz_zlib_calls_fuzz_LDADD = $(FUZZ_ENGINE)
test_fuzz_zlib_inflate_fuzz_SOURCES = \
	test/front/zapi.c \
	test/front/zapi.h \
	test/fuzz/zlib_inflate_fuzz.c
test_fuzz_zlib_inflate_fuzz_LDADD = $(FUZZ_ENGINE)

# Public keys.
test_api_programs += \
	test/api/dh_test \
	test/api/ecc_curves_test \
	test/api/ecc_test \
	test/api/pk_life_test \
	test/api/rsa_test \
	test/api/sm2_test
test_pk_libs = libtestpk.la $(test_api_libs) libwd_crypto.la $(LIBCRYPTO_LIBS)
test_api_ecc_curves_test_LDADD = $(test_pk_libs)
test_api_dh_test_LDADD = $(test_pk_libs)
test_api_ecc_test_LDADD = $(test_pk_libs)
test_api_pk_life_test_LDADD = $(test_pk_libs)
test_api_rsa_test_LDADD = $(test_pk_libs)
test_api_sm2_test_LDADD = $(test_pk_libs)
libtestpk_la_SOURCES = \
	test/api/pk.c \
	test/api/pk.h

# What unit programs share, and what api programs share.
libtestunit_la_SOURCES = \
	test/unit/device_rig.h \
	test/unit/fake_driver.c \
	test/unit/fake_driver.h \
	test/unit/unit.h
libtestcrypto_la_SOURCES = \
	test/unit/crypto_ref.c \
	test/unit/crypto_ref.h \
	test/unit/crypto_rig.h
libtestapi_la_SOURCES = \
	test/api/common.c \
	test/api/common.h \
	test/api/comp_zlib_cases.h \
	test/api/jobs.c \
	test/api/jobs.h \
	test/api/oracle.c \
	test/api/oracle.h \
	test/api/stream.c \
	test/api/stream.h \
	test/fault/rig.c \
	test/fault/rig.h \
	test/quiet_fork.h \
	test/sanitizers.h

libtestsym_la_SOURCES = \
	test/api/crypto.c \
	test/api/crypto.h \
	test/api/crypto_oracle.c \
	test/api/crypto_oracle.h \
	test/api/crypto_rows.h
EXTRA_DIST += \
	test/vectors/aead.def \
	test/vectors/cipher.def \
	test/vectors/digest.def

libtestossl_la_SOURCES = \
	test/front/ossl.c \
	test/front/ossl.h \
	test/front/ossl_odd.c \
	test/front/ossl_odd.h \
	test/front/ossl_pk.c \
	test/front/ossl_pk.h
EXTRA_DIST += test/vectors/keys.pem test/valgrind.supp

# Sourced by the scripts.
EXTRA_DIST += test/cli/lib.sh test/front/engine_lib.sh test/front/ossl_lib.sh \
	test/front/ossl_serve.sh test/front/ossl_servers.sh test/front/ossl_servers.py \
	test/front/prog.sh

# ---- from here on there is nothing to add to ---------------------------------

check_PROGRAMS += $(test_plain_programs) $(test_front_programs)
if HAVE_CHECK
check_LTLIBRARIES += libtestunit.la libtestapi.la libtestcrypto.la libtestsym.la libtestpk.la
check_PROGRAMS += $(test_unit_programs) $(test_api_programs) $(test_front_check_programs)
if OPENSSL_PROVIDER
check_LTLIBRARIES += libtestossl.la
check_PROGRAMS += $(test_ossl_programs)
if OPENSSL_ENGINE
check_PROGRAMS += $(test_engine_programs)
endif
endif
endif
dist_check_SCRIPTS += $(test_scripts) $(test_last_script)
TESTS = $(check_PROGRAMS) $(test_scripts) $(test_last_script)

test/abi/install.log: $(check_PROGRAMS:=.log) $(test_scripts:.sh=.log)

AM_TESTS_ENVIRONMENT = \
	CK_TAP_LOG_FILE_NAME=-; export CK_TAP_LOG_FILE_NAME; \
	CK_TIMEOUT_MULTIPLIER="$${CK_TIMEOUT_MULTIPLIER-$(TEST_PATIENCE)}"; export CK_TIMEOUT_MULTIPLIER; \
	top_srcdir='$(abs_top_srcdir)'; export top_srcdir; \
	top_builddir='$(abs_top_builddir)'; export top_builddir; \
	WEFT='$(abs_top_builddir)/weft'; export WEFT; \
	TSAN_OPTIONS="die_after_fork=0 $$TSAN_OPTIONS"; export TSAN_OPTIONS; \
	OPENSSL_MODULES='$(abs_top_builddir)/runtime/openssl/.libs'; export OPENSSL_MODULES; \
	OPENSSL_ENGINES='$(abs_top_builddir)/runtime/openssl/engine/.libs'; export OPENSSL_ENGINES; \
	CC='$(CC)'; export CC; \
	CXX='$(CXX_FOR_TESTS)'; export CXX; \
	CPPFLAGS='$(CPPFLAGS)'; export CPPFLAGS; \
	CFLAGS='$(CFLAGS)'; export CFLAGS; \
	LDFLAGS='$(LDFLAGS)'; export LDFLAGS; \
	SANITIZE='$(WEFT_SANITIZE)'; export SANITIZE; \
	HAVE_JSON_C='$(JSON_C_LIBS)'; export HAVE_JSON_C; \
	READELF='$(READELF)'; export READELF; \
	PKG_CONFIG='$(PKG_CONFIG)'; export PKG_CONFIG; \
	MAKE='$(MAKE)'; export MAKE; \
	libdir='$(libdir)'; export libdir; \
	includedir='$(includedir)'; export includedir; \
	VERSION_SCRIPT='$(weft_cv_version_script)'; export VERSION_SCRIPT;

# The api tests once more with a memory checker. It needs the guard that uses no
# signals, and one process, because it follows only the first.
VALGRIND_FLAGS = -q --error-exitcode=99 --num-callers=24 --leak-check=full \
	--show-leak-kinds=definite --errors-for-leak-kinds=definite \
	--suppressions=$(abs_top_srcdir)/test/valgrind.supp

# libcrypto's code for AES and GHASH instructions is more than memcheck follows: it
# takes results for uninitialised. The portable code of the same library is checked.
check-valgrind: all
	@test -n '$(VALGRIND)' || { echo 'check-valgrind: valgrind was not found' >&2; exit 1; }
	$(MAKE) $(AM_MAKEFLAGS) $(test_api_programs) $(test_front_programs)
	OPENSSL_ia32cap='~0x200000200000000' WEFT_CRYPTO_ENGINES=openssl \
	CK_FORK=no CK_DEFAULT_TIMEOUT=0 WEFT_GUARD=copy $(MAKE) $(AM_MAKEFLAGS) check-TESTS \
		TESTS='$(test_api_programs)' TEST_SUITE_LOG=check-valgrind.log \
		LOG_COMPILER='$(SHELL) ./libtool --mode=execute $(VALGRIND) $(VALGRIND_FLAGS)'
	@bash $(srcdir)/build-aux/summary.sh $(test_api_programs:=.trs)
	ZROWS_WAY=3 WEFT_GUARD=copy $(MAKE) $(AM_MAKEFLAGS) check-TESTS \
		TESTS=test/front/zlib_rows_test TEST_SUITE_LOG=check-valgrind-zlib.log \
		LOG_COMPILER='$(VALGRIND) $(VALGRIND_FLAGS) --trace-children=yes --trace-children-skip=*gzip'
	@bash $(srcdir)/build-aux/summary.sh test/front/zlib_rows_test.trs
CLEANFILES += check-valgrind.log check-valgrind-zlib.log

# The programs that call the library once more, with a device that asks for pages.
check-pri: all
	$(MAKE) $(AM_MAKEFLAGS) $(test_api_programs)
	WEFT_FAULT_MODE=pri $(MAKE) $(AM_MAKEFLAGS) check-TESTS \
		TESTS='$(test_api_programs)' TEST_SUITE_LOG=check-pri.log
	@bash $(srcdir)/build-aux/summary.sh $(test_api_programs:=.trs)
CLEANFILES += check-pri.log

# ---- fuzzers -----------------------------------------------------------------
#
# They live in a build of their own below this one, because every object in them
# is instrumented. Each runs for FUZZ_SECONDS over test/fuzz/seeds/NAME and what
# earlier runs have found.

FUZZ_SECONDS = 20
FUZZ_SEED = 0
FUZZ_ENGINE =
fuzz_programs = \
	test/fuzz/cpl_fuzz \
	test/fuzz/desc_fuzz \
	test/fuzz/inflate_fuzz \
	test/fuzz/options_fuzz \
	test/fuzz/ossl_params_fuzz \
	test/fuzz/pk_fuzz \
	test/fuzz/pkreq_fuzz \
	test/fuzz/sym_fuzz \
	test/fuzz/zlib_calls_fuzz \
	test/fuzz/zlib_inflate_fuzz

EXTRA_PROGRAMS += $(fuzz_programs)
noinst_HEADERS += test/fuzz/fuzz.h
EXTRA_DIST += test/fuzz/seeds

fuzz:
	@FUZZ_SECONDS='$(FUZZ_SECONDS)' FUZZ_SEED='$(FUZZ_SEED)' FUZZ_CC='$(FUZZ_CC)' MAKE='$(MAKE)' \
		bash $(srcdir)/build-aux/fuzz.sh '$(abs_top_srcdir)' '$(fuzz_programs)'

clean-local:
	rm -rf fuzz-build

.PHONY: check-pri check-valgrind fuzz
