# SPDX-License-Identifier: MIT

libcore_la_SOURCES += \
	runtime/bus/bus.c \
	runtime/bus/bus.h \
	runtime/bus/embedded.c \
	runtime/bus/embedded.h \
	runtime/bus/inherit.c \
	runtime/bus/inherit.h \
	runtime/bus/transport.h \
	runtime/bus/vfio.c
