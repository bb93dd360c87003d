#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# nginx with `ssl_engine weft`, which looks for the engine where OPENSSL_ENGINES says, and
# with a configuration of OpenSSL that has loaded it already.
set -euo pipefail
. "${top_srcdir:-.}/test/front/ossl_servers.sh"
. "${top_srcdir:-.}/test/front/engine_lib.sh"
engine_config "$work/engine.cnf" "sync-min = 1" "async-min = 1" "aead = yes"
drill nginx-engine
