#!/usr/bin/env bash
# Every shell script of the project, wherever it lies, is clean in shellcheck's eyes, and those that people run have --help.
set -uo pipefail
cd "${top_srcdir:-$(dirname "$0")/..}" || exit 99

if ! command -v shellcheck >/dev/null; then
    echo "1..0 # SKIP shellcheck is not installed"
    exit 0
fi
mapfile -t scripts < <(grep -rlE -m1 '^#!.*(bash|/sh)$|^# shellcheck shell=' tests .ci 2>/dev/null | LC_ALL=C sort)
commands=(tests/check tests/bench tests/demo tests/host/boot tests/host/npm tests/host/tree tests/vm)
echo "1..$((${#scripts[@]} + ${#commands[@]}))"
number=0
# check NAME COMMAND...
check() {
    local name=$1 output
    shift
    number=$((number + 1))
    if output=$("$@" 2>&1 </dev/null); then
        echo "ok $number - $name"
    else
        echo "not ok $number - $name"
        printf '%s\n' "$output" | sed 's/^/# /' >&2
    fi
}
for script in "${scripts[@]}"; do check "$script" shellcheck "$script"; done
for command in "${commands[@]}"; do check "$command --help" "$command" --help; done
