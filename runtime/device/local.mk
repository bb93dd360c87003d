# SPDX-License-Identifier: MIT
#
# The software device. Nothing in here knows the layers above it.

libdevice_la_SOURCES += \
	runtime/device/atc.c \
	runtime/device/codec.c \
	runtime/device/codec.h \
	runtime/device/codec_internal.h \
	runtime/device/codec_isal_place.h \
	runtime/device/codec_isal.c \
	runtime/device/codec_isal_place.c \
	runtime/device/codec_libdeflate.c \
	runtime/device/codec_reopen.c \
	runtime/device/codec_zlib.c \
	runtime/device/codec_zlib_ng.c \
	runtime/device/codec_zlib_template.h \
	runtime/device/comp.c \
	runtime/device/cpus.c \
	runtime/device/crypto/aead.c \
	runtime/device/crypto/alg.c \
	runtime/device/crypto/batch.c \
	runtime/device/crypto/copy.c \
	runtime/device/crypto/cipher.c \
	runtime/device/crypto/digest.c \
	runtime/device/crypto/evp.c \
	runtime/device/crypto/hash.c \
	runtime/device/crypto/mb.c \
	runtime/device/crypto/modes.c \
	runtime/device/crypto/session.c \
	runtime/device/crypto/sym.h \
	runtime/device/device.c \
	runtime/device/device.h \
	runtime/device/device_internal.h \
	runtime/device/engine.c \
	runtime/device/dma.c \
	runtime/device/exec.c \
	runtime/device/face.c \
	runtime/device/guard.c \
	runtime/device/guard_copy.c \
	runtime/device/guest.c \
	runtime/device/inject.c \
	runtime/device/iommu.c \
	runtime/device/lane.c \
	runtime/device/libcrypto.c \
	runtime/device/object.c \
	runtime/device/operand.c \
	runtime/device/park.c \
	runtime/device/pasid.c \
	runtime/device/pk.c \
	runtime/device/pk.h \
	runtime/device/pk_dh.c \
	runtime/device/pk_ec.c \
	runtime/device/pk_ecx.c \
	runtime/device/pk_group.c \
	runtime/device/pk_key.c \
	runtime/device/pk_rsa.c \
	runtime/device/pk_session.c \
	runtime/device/pk_sm2.c \
	runtime/device/pri.c \
	runtime/device/pump.c \
	runtime/device/queue.c \
	runtime/device/regs.c \
	runtime/device/reset.c \
	runtime/device/session.c \
	runtime/device/stream.c \
	runtime/device/tlb.c \
	runtime/device/tlb.h
