# SPDX-License-Identifier: MIT

uadkincludedir = $(includedir)/uadk
uadkinclude_HEADERS = \
	include/uadk/uacce.h \
	include/uadk/wd.h \
	include/uadk/wd_aead.h \
	include/uadk/wd_alg.h \
	include/uadk/wd_alg_common.h \
	include/uadk/wd_bmm.h \
	include/uadk/wd_cipher.h \
	include/uadk/wd_comp.h \
	include/uadk/wd_dh.h \
	include/uadk/wd_digest.h \
	include/uadk/wd_ecc.h \
	include/uadk/wd_internal.h \
	include/uadk/wd_rsa.h \
	include/uadk/wd_sched.h \
	include/uadk/wd_zlibwrapper.h

weftincludedir = $(includedir)/weft
weftinclude_HEADERS = \
	include/weft/comp.h \
	include/weft/fault.h \
	include/weft/inject.h \
	include/weft/vfio_svm.h \
	include/weft/weft.h

# Contracts between device and driver: part of the source, of no use to a program.
noinst_HEADERS += \
	include/hw/sdev_hw.h
