# SPDX-License-Identifier: MIT
#
# Sourced after ossl_lib.sh by the scripts that run programs with the OpenSSL engine.

engines=$top_builddir/runtime/openssl/engine/.libs
[ -e "$engines/weft.so" ] || skip "the engine was not built"
export OPENSSL_ENGINES=$engines

# engine_config FILE COMMAND...: the engine in force for everything, with these commands.
engine_config() {
	local file=$1
	shift
	{
		echo "openssl_conf = init"
		echo "[init]"
		echo "engines = list"
		echo "[list]"
		echo "weft = weft_section"
		echo "[weft_section]"
		echo "engine_id = weft"
		echo "dynamic_path = $engines/weft.so"
		printf '%s\n' "$@"
		echo "default_algorithms = ALL"
		echo "init = 1"
		echo "[req]"
		echo "distinguished_name = dn"
		echo "[dn]"
	} >"$file"
}

engine_config "$work/weft.cnf"
engine_config "$work/forced.cnf" "sync-min = 1" "async-min = 1" "dh = yes" "aead = yes"
