#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Programs from file to file: pigz, rsync -z, sqlite3's archives, zip and unzip (which
# have a deflate of their own), PNG through libpng and optipng.
. "$(dirname "${BASH_SOURCE[0]}")/prog.sh"
: "${CC:=cc}"
make_tree files
any=

if have pigz; then
	any=1
	for min in $ways; do
		for options in -1 -6 -9 '-6 -p 2 -b 32' '-9 -p 2 -b 32 -i' '-z -p 2' -0 '-U -p 2'; do
			for file in text noise zeros empty one; do
				# shellcheck disable=SC2086 # words
				under pigz $options -c "files/$file" >"p.gz" 2>"$log" ||
					bad "pigz $options $file: $(cat "$log")"
				pigz -dc <p.gz >back 2>"$log"
				check "pigz $options $file" cmp back "files/$file"
			done
		done
		served pigz
		gzip -c files/text >p.gz
		under pigz -dc p.gz >back
		same back files/text
	done
fi

if have rsync; then
	any=1
	printf '#!/bin/sh\nshift\nexec "$@"\n' >rsh
	chmod +x rsh
	for min in $ways; do
		for how in zlib zlibx; do
			rsync --help 2>&1 | grep -q compress-choice || continue
			rm -rf copy
			mkdir copy
			cp files/deep/er/like copy/text
			# Both ends are children of the one that is started.
			plainly under rsync -az --compress-level=6 --compress-choice=$how -e ./rsh \
				"host:$work/files/" copy/
			check "rsync $how" diff -r files copy
		done
		served rsync
	done
fi

if have sqlite3 && sqlite3 :memory: 'select sqlar_compress(1)' >/dev/null 2>&1; then
	any=1
	plainly sqlite3 plain.sqlar -Ac files
	for min in $ways; do
		rm -rf out made.sqlar
		mkdir out
		plainly under sqlite3 made.sqlar -Ac files
		served sqlite3
		(cd out && plainly sqlite3 ../made.sqlar -Ax)
		check "archive made under us" diff -r files out/files
		rm -rf out/files
		(cd out && plainly under sqlite3 ../plain.sqlar -Ax)
		check "archive read under us" diff -r files out/files
	done
fi

if have zip && have unzip; then
	any=1
	plainly under zip -qr made.zip files
	plainly unzip -tq made.zip
	mkdir zipped
	plainly under unzip -q made.zip -d zipped
	check "zip" diff -r files zipped/files
fi

cat >png.c <<'SOURCE'
#include <png.h>
#include <stdlib.h>
#include <string.h>
/* png w|r FILE LEVEL FILTERS: writes a picture, or reads it and compares. */
static unsigned char row[3 * 300];
static void fill(int y) { for (int x = 0; x < 900; x++) row[x] = (unsigned char)(x * y / 7 + (x * 31 ^ y * 17) % 5); }
int main(int argc, char **argv)
{
	FILE *f = fopen(argv[2], argv[1][0] == 'w' ? "wb" : "rb");
	png_structp p = argv[1][0] == 'w' ? png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL) :
		png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
	png_infop i = png_create_info_struct(p);
	unsigned char got[900];

	if (argc < 5 || !f || setjmp(png_jmpbuf(p)))
		return 1;
	png_init_io(p, f);
	if (argv[1][0] == 'w') {
		png_set_compression_level(p, atoi(argv[3]));
		png_set_filter(p, 0, atoi(argv[4]));
		png_set_IHDR(p, i, 300, 200, 8, PNG_COLOR_TYPE_RGB, 0, 0, 0);
		png_write_info(p, i);
		for (int y = 0; y < 200; y++) {
			fill(y);
			png_write_row(p, row);
		}
		png_write_end(p, i);
	} else {
		png_read_info(p, i);
		for (int y = 0; y < 200; y++) {
			fill(y);
			png_read_row(p, got, NULL);
			if (memcmp(row, got, 900))
				return 2;
		}
		png_read_end(p, i);
	}
	return fclose(f);
}
SOURCE
if $CC -o png png.c -lpng 2>/dev/null; then
	any=1
	for min in $ways; do
		for level in 1 6 9; do
			for filter in 0 8 248; do
				plainly under ./png w made.png $level $filter
				plainly ./png r made.png 0 0
				plainly ./png w plain.png $level $filter
				plainly under ./png r plain.png 0 0
			done
		done
		served png
		if have optipng; then
			plainly under optipng -quiet -o2 -force -out "small.png" -clobber plain.png
			plainly ./png r small.png 0 0
			rm -f small.png
		fi
	done
fi
[ -n "$any" ] || skip "none of the programs is installed"
finish
