# SPDX-License-Identifier: MIT

dist_man_MANS += \
	docs/man/libwd.3 \
	docs/man/libwd_comp.3 \
	docs/man/libwd_crypto.3 \
	docs/man/libweft_z.7 \
	docs/man/weft.1 \
	docs/man/weft.7

EXTRA_DIST += \
	docs/design.md \
	docs/device.md \
	docs/openssl.md \
	docs/sva.md \
	docs/testing.md \
	docs/zlib.md

# Programs for users to read; test/abi/install.sh builds them as a user does.
docs_examples = \
	docs/examples/async.c \
	docs/examples/hash.c \
	docs/examples/stream.c \
	docs/examples/sync.c
EXTRA_DIST += $(docs_examples)
