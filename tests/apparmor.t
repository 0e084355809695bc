#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Every profile in apparmor/ is one the real parser compiles, and is named as its file is.
set -u
top=${top_srcdir:-.}
n=0
failed=0
if ! command -v apparmor_parser >/dev/null; then
    echo "1..0 # SKIP apparmor_parser is not installed (package apparmor)"
    exit 0
fi
for profile in "$top"/apparmor/*; do
    name=${profile##*/}
    n=$((n + 1))
    if apparmor_parser --skip-kernel-load --skip-cache --skip-read-cache "$profile"; then
        echo "ok $n - $name compiles"
    else
        echo "not ok $n - $name compiles"
        failed=1
    fi
    n=$((n + 1))
    if [ "$(apparmor_parser --names "$profile")" = "$name" ]; then
        echo "ok $n - $name is the profile's name"
    else
        echo "not ok $n - $name is the profile's name"
        failed=1
    fi
done
echo "1..$n"
exit $failed
