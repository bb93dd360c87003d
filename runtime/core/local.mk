# SPDX-License-Identifier: MIT

libcore_la_SOURCES += \
	runtime/core/alarm.c \
	runtime/core/algs.h \
	runtime/core/blockpool.c \
	runtime/core/bmm.c \
	runtime/core/caps.c \
	runtime/core/checksum.c \
	runtime/core/context.c \
	runtime/core/copy.c \
	runtime/core/copy.h \
	runtime/core/core.h \
	runtime/core/core_internal.h \
	runtime/core/device.c \
	runtime/core/driver.h \
	runtime/core/env.c \
	runtime/core/env.h \
	runtime/core/expire.c \
	runtime/core/ext.c \
	runtime/core/fault.c \
	runtime/core/fork.c \
	runtime/core/inject.c \
	runtime/core/mem.h \
	runtime/core/mempool.c \
	runtime/core/msg.h \
	runtime/core/numa.c \
	runtime/core/numa.h \
	runtime/core/pages.c \
	runtime/core/pages.h \
	runtime/core/queue.c \
	runtime/core/sched.c \
	runtime/core/secret.c \
	runtime/core/secret.h \
	runtime/core/sides.c \
	runtime/core/sides.h \
	runtime/core/wait.c
