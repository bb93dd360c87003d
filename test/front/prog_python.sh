#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Python: its own tests of zlib, gzip and zipfile, which know zlib's behaviour in
# detail, and archives that go from one side to the other.
. "$(dirname "${BASH_SOURCE[0]}")/prog.sh"

python=/usr/bin/python3
[ -x $python ] && $python -c 'import zlib' 2>/dev/null || skip "no python3 with zlib"
# A script that looks for another version is not what is to be tested.
python=$($python -c 'import sys; print(sys.executable)')

make_tree files
cat >archive.py <<'PYTHON'
import gzip, sys, tarfile, zipfile, zlib

def pieces(data, n):
    return [data[i:i + n] for i in range(0, len(data), n)]

def there(level, wbits, data, n):
    c = zlib.compressobj(level, zlib.DEFLATED, wbits)
    out = b"".join(c.compress(p) for p in pieces(data, n)) + c.flush(zlib.Z_SYNC_FLUSH)
    twin = c.copy()
    a, b = out + c.compress(b"tail") + c.flush(), out + twin.compress(b"tail") + twin.flush()
    assert a == b
    return a

def back(wbits, packed, n):
    d = zlib.decompressobj(wbits)
    out = b"".join(d.decompress(p) for p in pieces(packed + b"behind", n)) + d.flush()
    assert d.eof and d.unused_data == b"behind"
    if n > 100000:
        d, again, rest = zlib.decompressobj(wbits), b"", packed
        while not d.eof:
            again += d.decompress(rest, 30000)
            rest = d.unconsumed_tail
        assert again == out
    return out

data = open("files/text", "rb").read(90000) + open("files/noise", "rb").read(20000)
for level in (-1, 0, 1, 3, 6, 9):
    for wbits in (-15, 15, 31, -9, 12):
        for n in (777, 20000, 1 << 20):
            assert back(wbits, there(level, wbits, data, n), n) == data + b"tail"
with zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED) as z:
    for name in ("text", "noise", "zeros", "empty", "one"):
        z.write("files/" + name)
with tarfile.open(sys.argv[2], "w:gz") as t:
    t.add("files")
PYTHON

for min in $ways; do
	plainly under "$python" archive.py "a$min.zip" "a$min.tgz"
	served python
	plainly "$python" -m zipfile -t "a$min.zip"
	mkdir "out$min"
	check "tar archive" tar -xzf "a$min.tgz" -C "out$min"
	check "other files" diff -r files "out$min/files"
done
plainly "$python" archive.py b.zip b.tgz
plainly under "$python" -m zipfile -t b.zip

# Python's own tests; what fails without us may fail with us.
if "$python" -c 'import test.test_zlib' 2>/dev/null; then
	tests='test.test_zlib test.test_gzip'
	[ -z "${WEFT_TEST_LONG:-}" ] || tests="$tests test.test_zipfile"
	for min in $ways; do
		for one in $tests; do
			if under "$python" -m unittest "$one" >"$log" 2>&1; then
				good
			elif "$python" -m unittest "$one" >"$log.plain" 2>&1; then
				bad "$one: $(grep -E '^(ERROR|FAIL|[A-Za-z]*Error)' "$log")"
			fi
			rm -f "$log.plain"
		done
	done
	served python
else
	echo "python's own tests are not installed"
fi
finish
