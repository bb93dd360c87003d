#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# ssh -C to an sshd that is its own child, PHP, and programs with a zlib inside, which
# weft run has to recognise.
. "$(dirname "${BASH_SOURCE[0]}")/prog.sh"
PATH=$PATH:/usr/sbin
any=
make_tree files

if have ssh && have sshd && have ssh-keygen && [ "$(id -u)" = 0 ] && mkdir -p /run/sshd 2>/dev/null; then
	any=1
	ssh-keygen -q -t ed25519 -N '' -f host
	ssh-keygen -q -t ed25519 -N '' -f user
	cat >sshd.conf <<-CONF
		HostKey $work/host
		AuthorizedKeysFile $work/user.pub
		PermitRootLogin prohibit-password
		StrictModes no
		UsePAM no
		Compression yes
	CONF
	for min in $ways; do
		for side in client server; do
			# The server needs an absolute path, and a shell runs the command of the proxy.
			server="$(command -v sshd) -i -e -f $work/sshd.conf"
			[ $side = client ] ||
				server="env WEFT_ZLIB_MIN=$min $WEFT run -q -o $report.server -- $server"
			client='env'
			[ $side = server ] || client=under
			$client ssh -C -F none -i user -o ProxyCommand="$server 2>$log" -o BatchMode=yes \
				-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR \
				"$(id -un)@localhost" "cat; cat $work/files/text" <files/noise >got 2>"$seen.err"
			cat files/noise files/text >want
			check "ssh -C, $side: $(cat "$seen.err") $(tail -n 5 "$log")" cmp got want
			[ $side = server ] || served ssh
		done
	done
	rm -f "$report.server"
fi

if have php && php -r 'exit(function_exists("gzcompress") ? 0 : 1);'; then
	any=1
	cat >streams.php <<'PHP'
<?php
$data = file_get_contents("files/text");
foreach ([ZLIB_ENCODING_RAW, ZLIB_ENCODING_GZIP, ZLIB_ENCODING_DEFLATE] as $e) {
	for ($level = -1; $level < 10; $level++) {
		$d = deflate_init($e, ["level" => $level]);
		$out = "";
		foreach (str_split($data, 30011) as $i => $p)
			$out .= deflate_add($d, $p, [ZLIB_NO_FLUSH, ZLIB_SYNC_FLUSH, ZLIB_FULL_FLUSH][$i % 3]);
		$out .= deflate_add($d, "", ZLIB_FINISH);
		$f = inflate_init($e);
		$back = "";
		foreach (str_split($out, 4999) as $p)
			$back .= inflate_add($f, $p);
		if ($back !== $data || zlib_decode(zlib_encode($data, $e, $level)) !== $data)
			exit(1);
	}
}
file_put_contents("compress.zlib://x.gz", $data);
echo md5(file_get_contents("compress.zlib://x.gz")), "\n";
PHP
	plain=$(php streams.php)
	for min in $ways; do
		check "php: another result" test "$(under php streams.php)" = "$plain"
		served php
	done
fi

if have node && node -e 0 2>/dev/null; then
	any=1
	printf 'const z = require("zlib"); const d = require("fs").readFileSync("files/text");
		if (Buffer.compare(z.gunzipSync(z.gzipSync(d)), d)) process.exit(1);' >streams.js
	plainly under node streams.js
	if ! readelf -d "$(readlink -f "$(command -v node)")" 2>/dev/null | grep -q 'libz\.so'; then
		"$WEFT" run --report node streams.js >"$seen" 2>"$seen.err"
		check "node: $(cat "$seen.err")" grep -q 'has a zlib of its own' "$seen.err"
	fi
fi
[ -n "$any" ] || skip "none of the programs is installed"
finish
