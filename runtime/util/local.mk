# SPDX-License-Identifier: MIT

libutil_la_SOURCES += \
	runtime/util/bits.h \
	runtime/util/clock.c \
	runtime/util/clock.h \
	runtime/util/futex.h \
	runtime/util/io.h \
	runtime/util/log.c \
	runtime/util/log.h \
	runtime/util/options.c \
	runtime/util/options.h \
	runtime/util/ownfd.h \
	runtime/util/populate.c \
	runtime/util/populate.h \
	runtime/util/slots.h \
	runtime/util/spin.h \
	runtime/util/step.c \
	runtime/util/step.h \
	runtime/util/vmcopy.h
