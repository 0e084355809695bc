#!/usr/bin/env bash
# What tests/demo shows is so: it checks each step itself, and here it is run with what tests/check has built.
set -Eeuo pipefail
here=$(cd "${0%/*}" && pwd)
# shellcheck source=tests/host/tap.sh
. "$here/../host/tap.sh"

status=0
said=$("$here/../host/boot" --suite "${SEALIFT_SUITE:-bookworm}" ${SEALIFT_INSTALL:+--install "$SEALIFT_INSTALL"} \
    host/demo.sh 2>&1) || status=$?
diag "$said"
is "$status" 0 "the demo runs to its end"
like "$said" "Done in [0-9]+ s" "and says so"
done_testing
