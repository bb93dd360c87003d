#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# What a user gets: installs into an empty root, checks sonames and pkg-config
# answers there, and builds and runs every program of docs/examples against it
# with the flags that pkg-config gives.
set -euo pipefail

builddir=${top_builddir:-.}
srcdir=${top_srcdir:-.}
pkg_config=${PKG_CONFIG:-pkg-config}
readelf=${READELF:-readelf}
: "${libdir:=/usr/local/lib}" "${includedir:=/usr/local/include}" "${CC:=cc}"

skip() { echo "skipped: $*"; exit 77; }

command -v "$pkg_config" >/dev/null || skip "no pkg-config"
[ -e "$builddir/.libs/libwd.so" ] || skip "no shared library was built"

root=$(mktemp -d "$builddir/install.XXXXXX")
trap 'rm -rf "$root"' EXIT
root=$(cd "$root" && pwd)
bad=0
complain() { echo "$*"; bad=1; }

# The outer make's flags name a job server that this one cannot reach.
unset MAKEFLAGS MFLAGS MAKELEVEL
if ! ${MAKE:-make} -C "$builddir" install DESTDIR="$root" >"$root/install.log" 2>&1; then
	tail -n 40 "$root/install.log"
	echo "make install failed"
	exit 1
fi

for header in "$srcdir"/include/uadk/*.h "$srcdir"/include/weft/*.h; do
	[ ! -e "$header" ] || [ -e "$root$includedir/${header#"$srcdir"/include/}" ] ||
		complain "${header#"$srcdir"/} was not installed"
done
[ ! -e "$root$includedir/hw" ] || complain "device headers were installed"

for lib in libwd libwd_comp libwd_crypto; do
	"$readelf" -d "$root$libdir/$lib.so" | grep "SONAME.*\[$lib\.so\.2\]" >/dev/null ||
		complain "$lib.so: the soname is not $lib.so.2"
done

# pkg-config as a user has it, with the empty root in front of every path.
export PKG_CONFIG_SYSROOT_DIR=$root
export PKG_CONFIG_PATH=$root$libdir/pkgconfig
for lib in libwd libwd_comp libwd_crypto; do
	version=$("$pkg_config" --modversion $lib)
	[ "$version" = 2.10 ] || complain "$lib: pkg-config says version $version"
	"$pkg_config" --atleast-version=2.9.1 $lib || complain "$lib: 2.10 is not above 2.9.1"
	[ -n "$("$pkg_config" --variable=weft_version $lib)" ] ||
		complain "$lib: no variable weft_version"
done
flags=$("$pkg_config" --cflags --libs libwd_comp libwd_crypto libwd)

export LD_LIBRARY_PATH=$root$libdir${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
count=0
for source in "$srcdir"/docs/examples/*.c; do
	[ -e "$source" ] || continue
	name=$(basename "$source" .c)
	count=$((count + 1))
	# shellcheck disable=SC2086 # flags are words
	if ! $CC ${CPPFLAGS:-} -std=gnu11 -Wall -Wextra -Werror ${CFLAGS:-} ${SANITIZE:-} \
		${LDFLAGS:-} "$source" -o "$root/$name" $flags -pthread; then
		complain "docs/examples/$name.c does not build with: $flags"
		continue
	fi
	# The input by name and on standard input: an example takes one of them.
	input=$root$libdir/libwd.so
	status=0
	(cd "$root" && "./$name" "$input" <"$input") >"$root/$name.out" 2>"$root/$name.err" ||
		status=$?
	echo "docs/examples/$name: exit status $status"
	[ $status = 0 ] || { cat "$root/$name.err"; bad=1; }
	if [ "$(head -c 2 "$root/$name.out" | od -An -tx1)" = " 1f 8b" ]; then
		gzip -dc "$root/$name.out" | cmp - "$input" ||
			complain "docs/examples/$name: its output is not its input compressed"
	fi
done
echo "$count examples"
exit $bad
