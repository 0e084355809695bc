#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The real parser compiles the family of profiles, and finds in it the twelve that tests/test-profile knows are chosen; each
# lets be done what its name says, which no scenario shows where another wall stands before it.
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

# rules PROFILE: what it lets be done beside files, with what it includes of ours, in one line.
rules() {
    awk -v top="$top/apparmor/" -v name="$1" '
        function take(line, file) {
            if (match(line, /<abstractions\/sealift[a-z-]*>/)) {
                file = top substr(line, RSTART + 1, RLENGTH - 2)
                while ((getline line <file) > 0) take(line)
                close(file)
            } else if (line ~ /^ *[a-z_]+[ ,]/ && line !~ /^ *(include|profile|signal|ptrace) / && line !~ /unix,/) {
                gsub(/^ *|, *$/, "", line)
                print line
            }
        }
        $1 == "profile" { on = $2 == name }
        on { take($0) }' "$top/apparmor/sealift" | LC_ALL=C sort | tr '\n' ';'
}
# Whoever may look at others may look at those under its own profile alone, and trace nobody.
[ "$(grep -h '^ *ptrace' "$top/apparmor/sealift" "$top"/apparmor/abstractions/*)" = "  ptrace (read, readby) peer=@{profile_name}," ]
ok $? "nobody traces"
for root in usr bundle; do
    while IFS='|' read -r more want; do
        [ "$(rules "sealift-$root$more")" = "$want" ]
        ok $? "sealift-$root$more lets do, beside files: ${want:-nothing}"
    done <<'ROWS'
|
-network|network inet;network inet6;
-capabilities|capability;network netlink;
-network-capabilities|capability;network;
-namespaces|capability;file;mount;network netlink;pivot_root;remount;umount;
-network-namespaces|capability;file;mount;network;pivot_root;remount;umount;
ROWS
done
done_testing
