#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# fuzz.sh SRCDIR PROGRAMS: build the fuzzers in ./fuzz-build with clang and run
# each for FUZZ_SECONDS, from FUZZ_SEED on (0: another each time). Called by "make fuzz" in the build folder.
set -euo pipefail

srcdir=$1
programs=$2
seconds=${FUZZ_SECONDS:-20}
seed=${FUZZ_SEED:-0}
make=${MAKE:-make}
failed=0

die() { echo "fuzz: $*" >&2; exit 1; }

[ -n "${FUZZ_CC:-}" ] || die "clang was not found; fuzzing needs it"
[ -n "$programs" ] || die "no fuzzers in this tree"
[ ! -e "$srcdir/config.status" ] ||
	die "the source folder itself is configured; make distclean there and build in another folder"

mkdir -p fuzz-build
cd fuzz-build
if [ ! -e config.status ]; then
	"$srcdir/configure" CC="$FUZZ_CC" CFLAGS="-g -O1" --disable-shared \
		--enable-sanitize=fuzzer-no-link,address,undefined >configure.out 2>&1 ||
		{ cat configure.out >&2; die "configure failed"; }
fi
# shellcheck disable=SC2086 # one word a program
$make -s FUZZ_ENGINE=-fsanitize=fuzzer $programs

export UBSAN_OPTIONS=print_stacktrace=1${UBSAN_OPTIONS:+:$UBSAN_OPTIONS}
for program in $programs; do
	name=${program##*/}
	name=${name%_fuzz}
	seeds=$srcdir/test/fuzz/seeds/$name
	mkdir -p "corpus/$name" "crash/$name"
	args=("corpus/$name")
	[ ! -d "$seeds" ] || args+=("$seeds")
	echo "fuzz: $name for $seconds s"
	if "./$program" -seed="$seed" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=4096 \
		-artifact_prefix="crash/$name/" -print_final_stats=1 "${args[@]}" \
		>"$name.log" 2>&1; then
		grep -E '^stat::number_of_executed_units' "$name.log" || true
	else
		tail -n 60 "$name.log"
		echo "fuzz: $name FAILED, input in fuzz-build/crash/$name" >&2
		failed=1
	fi
done
exit $failed
