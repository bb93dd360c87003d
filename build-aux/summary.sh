#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# summary.sh PATH...: add up the test results (*.trs) there and below, and print
# "N passed, M failed" (", K skipped" if any were).
# Exit status 1 if anything failed or nothing ran.
set -euo pipefail

find "$@" -name '*.trs' -exec cat {} + | awk '
	$1 == ":test-result:" { count[$2]++ }
	END {
		passed = count["PASS"] + count["XFAIL"]
		failed = count["FAIL"] + count["ERROR"] + count["XPASS"]
		printf "%d passed, %d failed", passed, failed
		if (count["SKIP"])
			printf ", %d skipped", count["SKIP"]
		print ""
		exit failed > 0 || passed == 0
	}'
