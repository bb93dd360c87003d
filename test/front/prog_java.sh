#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# java.util.zip: archives there and back, and streams in pieces. A Java that brings
# its own zlib is recognised instead.
. "$(dirname "${BASH_SOURCE[0]}")/prog.sh"
java=
for one in $(command -v java) /usr/lib/jvm/*/bin/java; do
	[ -x "$one" ] || continue
	[ -e "$(dirname "$(readlink -f "$one")")/jar" ] || continue
	home=$(dirname "$(dirname "$(readlink -f "$one")")")
	if readelf -d "$home/lib/libzip.so" 2>/dev/null | grep -q 'libz\.so'; then
		java=$home/bin/java
		break
	fi
done
[ -n "$java" ] || skip "no JDK that is linked with the system's zlib"
jar=$(dirname "$java")/jar

make_tree files
cat >Streams.java <<'JAVA'
import java.util.Arrays;
import java.util.zip.*;
import java.nio.file.*;
public class Streams {
	static byte[] all(String name) throws Exception { return Files.readAllBytes(Path.of(name)); }
	public static void main(String[] args) throws Exception {
		byte[] data = all("files/text"), buf = new byte[1 << 20];
		for (int level = -1; level < 10; level++)
			for (int strategy = 0; strategy < 3; strategy++) {
				Deflater d = new Deflater(level, level % 2 == 0);
				d.setStrategy(strategy);
				int n = 0, flush[] = { Deflater.NO_FLUSH, Deflater.SYNC_FLUSH, Deflater.FULL_FLUSH };
				for (int at = 0, i = 0; at < data.length; at += 50000, i++) {
					d.setInput(data, at, Math.min(50000, data.length - at));
					while (!d.needsInput())
						n += d.deflate(buf, n, 5000);
					if (i == 4)
						d.setLevel(9 - Math.max(level, 0));
					for (int got; (got = d.deflate(buf, n, 3000 + 100000 * (i % 2), flush[i % 3])) > 0; )
						n += got;
				}
				d.finish();
				while (!d.finished())
					n += d.deflate(buf, n, 1000);
				if (d.getBytesWritten() != n)
					throw new Exception("total");
				d.reset();
				d.end();
				Inflater f = new Inflater(level % 2 == 0);
				byte[] back = new byte[data.length + 10];
				int m = 0, at = 0;
				while (!f.finished()) {
					if (f.needsInput()) {
						f.setInput(buf, at, Math.min(7000, n - at));
						at += Math.min(7000, n - at);
					}
					m += f.inflate(back, m, Math.min(9000, back.length - m));
				}
				if (m != data.length || !Arrays.equals(data, Arrays.copyOf(back, m)))
					throw new Exception("data of level " + level);
				f.end();
			}
		try {
			Inflater f = new Inflater();
			f.setInput(new byte[] { 1, 2, 3 });
			f.inflate(buf);
			throw new Exception("no exception");
		} catch (DataFormatException e) {
			System.out.println(e.getMessage());
		}
		CRC32 c = new CRC32(); c.update(data);
		Adler32 a = new Adler32(); a.update(data);
		System.out.println(c.getValue() + " " + a.getValue());
	}
}
JAVA
plain=$("$java" -Xshare:auto Streams.java 2>&1) || skip "this Java does not run here: $plain"
plainly "$jar" cf plain.jar files
for min in $ways; do
	check "another result" test "$(under "$java" Streams.java 2>&1)" = "$plain"
	served java
	plainly under "$jar" cf "made$min.jar" files
	mkdir "out$min" "back$min"
	(cd "out$min" && "$jar" xf "../made$min.jar")
	check "jar made under us" diff -r files "out$min/files"
	(cd "back$min" && under "$jar" xf ../plain.jar)
	check "jar read under us" diff -r files "back$min/files"
done
finish
