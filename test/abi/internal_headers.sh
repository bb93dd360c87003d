#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Every header inside the tree compiles alone and twice in a row, with the
# include paths and the config.h of the build. header_alone.sh does the public ones.
set -euo pipefail

builddir=${top_builddir:-.}
cd "${top_srcdir:-.}"
bad=0
count=0

for header in include/hw/*.h runtime/*/*.h drv/*.h tools/*.h; do
	# A template is the body of other files and no header.
	case $header in *_template.h) continue ;; esac
	[ -e "$header" ] || continue
	count=$((count + 1))
	# shellcheck disable=SC2086 # the compiler and its flags are words
	if ! printf '#include "%s"\n#include "%s"\n' "$header" "$header" |
		${CC:-cc} -xc -std=gnu11 -Wall -Wextra -Werror -fsyntax-only -I"$builddir" \
			-include config.h ${CPPFLAGS:-} -Iinclude -Iruntime -Iinclude/uadk -I. -; then
		echo "$header does not compile alone"
		bad=1
	fi
done

echo "$count headers"
[ $count -gt 0 ] || bad=1
exit $bad
