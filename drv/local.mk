# SPDX-License-Identifier: MIT

libcore_la_SOURCES += \
	drv/drivers.c \
	drv/drivers.h \
	drv/sdev.c
