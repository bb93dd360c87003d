#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# nginx: two workers.
set -euo pipefail
. "${top_srcdir:-.}/test/front/ossl_servers.sh"
drill nginx
