# shellcheck shell=sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# TAP for tests in plain sh:   . "${top_srcdir:-.}/tests/tap.sh"
#
#   ok STATUS NAME [FILE]   passes for status 0; FILE, and the files named in $tap_output, are shown when it does not
#   skip NAME REASON
#   done_testing            the plan, and the test's exit status

tap_n=0
tap_failed=0
tap_output=

ok() {
    tap_n=$((tap_n + 1))
    if [ "$1" -eq 0 ]; then
        echo "ok $tap_n - $2"
        return
    fi
    echo "not ok $tap_n - $2"
    tap_failed=1
    for tap_file in ${3:-} $tap_output; do
        [ ! -f "$tap_file" ] || sed 's/^/# /' "$tap_file"
    done
}

skip() {
    tap_n=$((tap_n + 1))
    echo "ok $tap_n - $1 # SKIP $2"
}

done_testing() {
    echo "1..$tap_n"
    exit $tap_failed
}
