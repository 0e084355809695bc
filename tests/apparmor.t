#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Every profile in apparmor/ is one the real parser compiles, and is named as its file is.
set -u
top=${top_srcdir:-.}
# shellcheck source=tests/tap.sh
. "$top/tests/tap.sh"
if ! command -v apparmor_parser >/dev/null; then
    echo "1..0 # SKIP apparmor_parser is not installed (package apparmor)"
    exit 0
fi
for profile in "$top"/apparmor/*; do
    name=${profile##*/}
    apparmor_parser --skip-kernel-load --skip-cache --skip-read-cache "$profile" 2>/dev/null
    ok $? "$name compiles"
    [ "$(apparmor_parser --names "$profile" 2>/dev/null)" = "$name" ]
    ok $? "$name is the profile's name"
done
done_testing
