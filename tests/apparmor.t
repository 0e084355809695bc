#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The real parser compiles the family of profiles, and finds in it the twelve that tests/test-profile knows are chosen.
set -u
top=${top_srcdir:-.}
# shellcheck source=tests/tap.sh
. "$top/tests/tap.sh"
if ! command -v apparmor_parser >/dev/null; then
    echo "1..0 # SKIP apparmor_parser is not installed (package apparmor)"
    exit 0
fi
parse() { apparmor_parser -I "$top/apparmor" "$@" "$top/apparmor/sealift" 2>/dev/null; }
parse --skip-kernel-load --skip-cache --skip-read-cache
ok $? "the family compiles"
[ "$(parse --names | grep -cE '^sealift-(usr|bundle)(-network)?(-capabilities|-namespaces)?$')" = 12 ]
ok $? "which is twelve profiles"
[ "$(parse --names | wc -l)" = 12 ]
ok $? "and no other"
# What the language cannot say of itself: nobody writes what he executes, but in namespaces of his own.
! grep -E '^ *[/@{].* [rmi]*w[a-z]*x|^ *[/@{].* [a-z]*x[a-z]*w' "$top"/apparmor/sealift "$top"/apparmor/abstractions/* >/dev/null
ok $? "no rule has both write and execute"
done_testing
