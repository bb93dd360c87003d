#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# haproxy: master and worker, and once more with its asynchronous mode.
set -euo pipefail
. "${top_srcdir:-.}/test/front/ossl_servers.sh"
drill haproxy
