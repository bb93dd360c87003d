#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Perl's Compress::Raw::Zlib, where it is linked with the system's zlib: streams with
# every flush, parameters that change, dictionaries, and the modules on top.
. "$(dirname "${BASH_SOURCE[0]}")/prog.sh"
need perl
perl -MCompress::Raw::Zlib -MIO::Compress::Gzip -e 1 2>/dev/null || skip "no Compress::Raw::Zlib"
object=$(perl -MCompress::Raw::Zlib -e 'print grep { m{Zlib/Zlib\.so$} } map { "$_/auto/Compress/Raw/Zlib/Zlib.so" } grep { -e "$_/auto/Compress/Raw/Zlib/Zlib.so" } @INC')
readelf -d "$object" 2>/dev/null | grep -q 'libz\.so' || skip "Compress::Raw::Zlib has its own zlib"

make_tree files
cat >streams.pl <<'PERL'
use strict; use warnings;
use Compress::Raw::Zlib;
use IO::Compress::Gzip qw(gzip $GzipError);
use IO::Uncompress::Gunzip qw(gunzip $GunzipError);
$0 = "another title";	# the report has the program's name all the same
my $data = do { local (@ARGV, $/) = ("files/text"); <> };
for my $bits (WANT_GZIP, MAX_WBITS, -MAX_WBITS(), -10) {
	for my $level (0 .. 9) {
		my ($d) = Compress::Raw::Zlib::Deflate->new(-Level => $level, -WindowBits => $bits,
			-AppendOutput => 1, -Bufsize => 1 + 977 * $level) or die;
		my ($out, $at) = ("", 0);
		for my $flush (Z_NO_FLUSH, Z_PARTIAL_FLUSH, Z_SYNC_FLUSH, Z_FULL_FLUSH, Z_BLOCK) {
			my $piece = substr $data, $at, 30000 + $level;
			$d->deflate($piece, $out) == Z_OK or die;
			$d->flush($out, $flush) == Z_OK or die "flush $flush";
			$d->deflateParams(-Level => 9 - $level, -Strategy => Z_FILTERED) == Z_OK or die;
			$at += length $piece;
		}
		$d->flush($out) == Z_OK or die;
		$d->total_in == $at && $d->total_out == length $out or die "totals";
		my ($i) = Compress::Raw::Zlib::Inflate->new(-WindowBits => $bits, -AppendOutput => 1,
			-ConsumeInput => 1, -LimitOutput => $level & 1) or die;
		my ($back, $status) = ("", Z_OK);
		my $rest = $out . "behind";
		while ($status == Z_OK || $status == Z_BUF_ERROR) {
			$status = $i->inflate($rest, $back);
		}
		$status == Z_STREAM_END && $rest eq "behind" or die "end: $status";
		$back eq substr $data, 0, $at or die "data";
	}
}
my ($d) = Compress::Raw::Zlib::Deflate->new(-Dictionary => "the queue of a device") or die;
my ($o, $e) = ("", "");
$d->deflate("the queue of a device and its context", $o); $d->flush($e);
my ($i) = Compress::Raw::Zlib::Inflate->new(-Dictionary => "the queue of a device") or die;
my $in = $o . $e; my $b;
$i->inflate($in, $b) == Z_STREAM_END && $b eq "the queue of a device and its context" or die;
$i->dict_adler == $d->dict_adler or die;
my ($gz, $plain);
gzip(\$data => \$gz, -Name => "text", -Comment => "c") or die $GzipError;
gunzip(\($gz . $gz) => \$plain, MultiStream => 1) or die $GunzipError;
$plain eq $data . $data or die;
print adler32($data), " ", crc32($data), "\n";
PERL
plain=$(perl streams.pl) || bad "streams.pl without us"
for min in $ways; do
	check "another result" test "$(under perl streams.pl 2>&1)" = "$plain"
	served perl
done
finish
