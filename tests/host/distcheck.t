#!/usr/bin/env bash
# `make distcheck` in $top_builddir as a TAP test, so that one summary of tests/check holds everything.
set -uo pipefail
top_builddir=${top_builddir:?set by tests/check}
log=$top_builddir/distcheck.log

echo 1..1
if make -C "$top_builddir" --no-print-directory distcheck >"$log" 2>&1 </dev/null; then
    echo "ok 1 - make distcheck"
else
    echo "not ok 1 - make distcheck"
    grep -E '^(FAIL|ERROR): |(error|Error|undefined reference)[: ]|^# *FAIL: +[1-9]' "$log" | grep -v '^PASS: ' | tail -n 20 |
        sed 's/^/# /' >&2
    echo "# the whole log: $log" >&2
fi
