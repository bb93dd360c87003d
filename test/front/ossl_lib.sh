# SPDX-License-Identifier: MIT
#
# Sourced by the scripts that run programs with the OpenSSL provider: a folder of their
# own, configurations, certificates, and servers on free ports.

skip() { echo "skipped: $*"; exit 77; }
bad=0
complain() { echo "FAILED: $*"; bad=1; }

: "${top_builddir:=.}"
modules=$top_builddir/runtime/openssl/.libs
[ -e "$modules/weft.so" ] || skip "the provider was not built"
command -v openssl >/dev/null || skip "no openssl command"
case $(openssl version) in
"OpenSSL 3."*) ;;
*) skip "$(openssl version) has no providers of this kind" ;;
esac
# A sanitizer's run-time library has to be there before the module that needs it.
[ -z "${SANITIZE:-}" ] || skip "programs of the system do not load a module with $SANITIZE"

work=$(mktemp -d "${TMPDIR:-/tmp}/weft-ossl.XXXXXX")
pids=()
cleanup() {
	for pid in ${pids[@]+"${pids[@]}"}; do
		kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || :
	done
	rm -rf "$work"
}
trap cleanup EXIT

# need COMMAND...: the test makes no sense without
need() {
	local one
	for one; do
		command -v "$one" >/dev/null || skip "$one is not installed"
	done
}

# config FILE OPTION...: the provider in front of OpenSSL's own.
config() {
	local file=$1
	shift
	{
		echo "openssl_conf = init"
		echo "[init]"
		echo "providers = list"
		echo "[list]"
		echo "weft = weft_section"
		echo "default = default_section"
		echo "[weft_section]"
		echo "module = $modules/weft.so"
		printf '%s\n' "$@"
		echo "activate = 1"
		echo "[default_section]"
		echo "activate = 1"
		echo "[req]"
		echo "distinguished_name = dn"
		echo "[dn]"
	} >"$file"
}

config "$work/weft.cnf"
config "$work/forced.cnf" "sync-min = 1" "async-min = 1"
config "$work/cpu.cnf" "sync = no" "async = no"
{
	echo "[req]"
	echo "distinguished_name = dn"
	echo "[dn]"
} >"$work/plain.cnf"

# with NAME COMMAND...: with one of the configurations above.
with() {
	local name=$1
	shift
	OPENSSL_CONF=$work/$name.cnf timeout 60 "$@"
}

# certificates: $work/ca.pem, and NAME.pem and NAME.key for rsa and ec.
certificates() {
	local kind args
	with plain openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-keyout "$work/ca.key" -out "$work/ca.pem" -subj /CN=weft-test-ca -days 2 2>/dev/null
	for kind in rsa ec; do
		args=(-newkey rsa:2048)
		[ $kind = rsa ] || args=(-newkey ec -pkeyopt ec_paramgen_curve:P-256)
		with plain openssl req -new "${args[@]}" -nodes -keyout "$work/$kind.key" \
			-out "$work/$kind.csr" -subj /CN=localhost 2>/dev/null
		printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\n' >"$work/ext"
		with plain openssl x509 -req -in "$work/$kind.csr" -CA "$work/ca.pem" \
			-CAkey "$work/ca.key" -CAcreateserial -extfile "$work/ext" -days 2 \
			-out "$work/$kind.pem" 2>/dev/null
	done
}

# wait_port PORT PID: until somebody listens there, or the process is gone.
wait_port() {
	local i hex
	hex=$(printf ':%04X' "$1")
	for ((i = 0; i < 1000; i++)); do
		if grep -qs "$hex 0*:0000 0A" /proc/net/tcp /proc/net/tcp6; then
			return 0
		fi
		kill -0 "$2" 2>/dev/null || return 1
		read -rt 0.02 <> <(:) || :
	done
	return 1
}

# free_port: a port that nobody has, as far as one can know.
free_port() {
	local port
	while :; do
		port=$((20000 + RANDOM % 20000))
		grep -qs "$(printf ':%04X' $port) " /proc/net/tcp /proc/net/tcp6 || break
	done
	echo $port
}

# derive RUN MAKER MODES KIND...: the same secret, whoever derives it. A key of each kind (options of
# genpkey) is made with the configuration MAKER and used by RUN MODE COMMAND..., in each of the modes.
derive() {
	local run=$1 maker=$2 modes=$3 args mode
	shift 3
	for args; do
		# shellcheck disable=SC2086
		with "$maker" openssl genpkey $args -out "$work/a.key" 2>/dev/null || complain "genpkey $args"
		# shellcheck disable=SC2086
		with plain openssl genpkey $args -out "$work/b.key" 2>/dev/null
		with plain openssl pkey -in "$work/a.key" -pubout -out "$work/a.pub"
		with plain openssl pkey -in "$work/b.key" -pubout -out "$work/b.pub"
		with plain openssl pkeyutl -derive -inkey "$work/b.key" -peerkey "$work/a.pub" \
			-out "$work/secret"
		for mode in $modes; do
			$run "$mode" openssl pkeyutl -derive -inkey "$work/a.key" -peerkey "$work/b.pub" \
				-out "$work/back" && cmp -s "$work/back" "$work/secret" ||
				complain "pkeyutl -derive $args, $mode"
		done
	done
}
