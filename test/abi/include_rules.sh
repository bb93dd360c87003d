#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Who may include whom. Every #include of a file of ours is resolved as the
# compiler does it and held against the table of docs/design.md §2; an arrow that
# is not in the table, and a folder that is not in it, fails.
set -euo pipefail

cd "${top_srcdir:-.}"

mapfile -t sources < <(find include runtime drv tools docs test \
	\( -name '*.[ch]' -o -name '*.def' -o -name '*.cc' \) | sort)

awk '
# Which layer a file belongs to.
function layer(path) {
	if (path ~ /^include\/(uadk|weft)\//) return "public"
	if (path ~ /^include\/hw\//) return "hw"
	if (path ~ /^runtime\/[a-z]+\//) { split(path, part, "/"); return part[2] }
	if (path ~ /^drv\//) return "drv"
	if (path ~ /^tools\//) return "tools"
	if (path ~ /^docs\/examples\//) return "examples"
	if (path ~ /^test\//) return "test"
	return "unknown"
}

# allow(LAYER, WHAT): WHAT is a layer, or one file of a layer.
function allow(from, what,    n, i, w) {
	n = split(what, w, " ")
	known[from] = 1
	for (i = 1; i <= n; i++)
		allowed[from, w[i]] = 1
}

function resolve(name, from,    dir, i) {
	dir = from
	sub(/[^\/]*$/, "", dir)
	if (quoted && (dir name) in files)
		return dir name
	for (i = 1; i <= npaths; i++)
		if ((paths[i] name) in files)
			return paths[i] name
	return ""
}

function fail(text) {
	print FILENAME ":" FNR ": " text
	bad++
}

BEGIN {
	npaths = split("include/ runtime/ include/uadk/ ./", paths, " ")
	paths[npaths] = ""

	# The header of the VFIO calls is public and a contract with devices.
	svm = " include/weft/vfio_svm.h"
	allow("public",   "public")
	allow("hw",       "hw" svm)
	allow("util",     "util")
	allow("device",   "device util hw" svm)
	allow("bus",      "bus util hw include/uadk/uacce.h" svm)
	allow("core",     "core util public runtime/bus/bus.h")
	allow("alg",      "alg util public runtime/core/core.h" \
	      " runtime/core/algs.h runtime/core/copy.h runtime/core/secret.h")
	allow("drv",      "drv util hw runtime/core/driver.h" svm)
	allow("zlib",     "zlib public")
	allow("openssl",  "openssl public")
	allow("tools",    "tools public")
	allow("examples", "public")

	# The one transport that has the device in the same process.
	allowed["runtime/bus/embedded.c", "runtime/device/device.h"] = 1

	for (i = 1; i < ARGC; i++)
		files[ARGV[i]] = 1
}

/^[ \t]*#[ \t]*include[ \t]*["<]/ {
	if (!match($0, /["<][^">]+[">]/))
		next
	name = substr($0, RSTART + 1, RLENGTH - 2)
	quoted = substr($0, RSTART, 1) == "\""
	from = layer(FILENAME)
	to_file = resolve(name, FILENAME)
	checked++

	if (from == "test")
		next
	if (to_file == "") {
		if (quoted)
			fail("\"" name "\" is no file of this tree; system headers take <>")
		next
	}
	to = layer(to_file)
	if (!(from in known))
		fail("folder is not in the table of layers")
	else if (!((from, to) in allowed) && !((from, to_file) in allowed) &&
		 !((FILENAME, to_file) in allowed))
		fail(from " may not include " to_file)
}

END {
	if (!checked) {
		print "no #include found: is top_srcdir right?"
		exit 1
	}
	printf "%d includes checked, %d wrong\n", checked, bad
	exit bad > 0
}' "${sources[@]}"
