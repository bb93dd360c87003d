#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# stunnel: one process with threads.
set -euo pipefail
. "${top_srcdir:-.}/test/front/ossl_servers.sh"
drill stunnel
