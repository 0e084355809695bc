#!/usr/bin/env bash
# `make distcheck` in $top_builddir as a TAP test, so that one summary of tests/check holds everything.
set -uo pipefail
log=$top_builddir/distcheck.log

echo 1..1
if make -C "$top_builddir" --no-print-directory distcheck >"$log" 2>&1 </dev/null; then
    echo "ok 1 - make distcheck"
else
    echo "not ok 1 - make distcheck"
    tail -n 40 "$log" | sed 's/^/# /' >&2
fi
