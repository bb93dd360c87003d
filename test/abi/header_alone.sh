#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Every public header compiles alone, twice in a row, as C and as C++, reached
# as <folder/name.h> and by its bare name.
#
# Environment: top_srcdir (default: .), CC, CXX.
# Exit: 0 all compile, 1 one does not, 77 no C compiler.

top_srcdir=${top_srcdir:-.}
CC=${CC:-cc}
CXX=${CXX:-c++}
warn="-Wall -Wextra -Werror -fsyntax-only"

if [ ! -d "$top_srcdir/include" ]; then
	echo "$top_srcdir/include: no such folder; set top_srcdir" >&2
	exit 1
fi

# have "COMPILER WITH OPTIONS": CC and CXX may hold options or a wrapper.
have() {
	# shellcheck disable=SC2086
	set -- $1
	command -v "$1" >/dev/null 2>&1
}

failed=0
count=0

# try "COMPILER AND OPTIONS" INCLUDE_DIR INCLUDED_AS
try() {
	count=$((count + 1))
	# shellcheck disable=SC2086
	if ! printf '#include %s\n#include %s\n' "$3" "$3" | $1 "-I$2" -; then
		echo "FAIL: $1 -I$2: #include $3"
		failed=$((failed + 1))
	fi
}

if ! have "$CC"; then
	echo "SKIP: no C compiler ($CC)"
	exit 77
fi
with_cxx=yes
if ! have "$CXX"; then
	echo "no C++ compiler ($CXX): headers are checked as C only"
	with_cxx=no
fi

for header in "$top_srcdir"/include/uadk/*.h "$top_srcdir"/include/weft/*.h; do
	dir=$(dirname "$header")
	name=$(basename "$header")
	folder=$(basename "$dir")
	for std in c99 gnu11; do
		as="$CC -x c -std=$std -pedantic -Wstrict-prototypes $warn"
		# Unions without a name are C11; headers mark them as an extension.
		try "$as" "$top_srcdir/include" "<$folder/$name>"
		try "$as" "$dir" "\"$name\""
	done
	if [ $with_cxx = yes ]; then
		as="$CXX -x c++ -std=c++11 -pedantic $warn"
		try "$as" "$top_srcdir/include" "<$folder/$name>"
		try "$as" "$dir" "\"$name\""
	fi
done

echo "$((count - failed)) passed, $failed failed"
[ $failed -eq 0 ] && [ $count -gt 0 ]
