#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The installed system files: units that systemd takes without a word, their exposure, and a store whose directories have
# the right owners. Nothing is installed; what needs a running systemd is in tests/scenarios.
set -u
top=${top_srcdir:-.}
build=${top_builddir:-.}
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT

# shellcheck source=tests/tap.sh
. "${top_srcdir:-.}/tests/tap.sh"

# The most that systemd-analyze security may say, times ten.
exposure_max() { # UNIT
    case $1 in
    sealift-unpack@.service) echo 1 ;;
    sealiftd.service) echo 2 ;;
    sealift-fetch@.service) echo 11 ;;
    *) echo 30 ;;
    esac
}

# Copies of the units whose programs exist, since these are not installed yet.
mkdir "$work/units" "$work/bin"
for unit in "$build"/units/*.service "$top"/units/*.service "$top"/units/*.socket "$top"/units/*.target; do
    [ -e "$unit" ] || continue
    grep -q '@[a-z]*dir@' "$unit"
    [ $? -eq 1 ]
    ok $? "${unit##*/}: nothing left to substitute"
    program=$(sed -n 's/^ExecStart=[-+!:@]*\([^ ]*\).*/\1/p' "$unit")
    if [ -n "$program" ]; then
        ln -sf /bin/true "$work/bin/${program##*/}"
        sed "s|${program%/*}/|$work/bin/|g" "$unit" >"$work/units/${unit##*/}"
    else
        cp "$unit" "$work/units/"
    fi
done

grep -rn -e '--http-localhost' "$top/units" "$build/units" >"$work/log"
[ $? -eq 1 ]
ok $? "no unit has sealift-fetch speak plain HTTP" "$work/log"

if command -v systemd-analyze >/dev/null; then
    for unit in "$work"/units/*; do
        name=${unit##*/}
        SYSTEMD_UNIT_PATH="$work/units:" systemd-analyze verify --man=no "$unit" >"$work/log" 2>&1 && [ ! -s "$work/log" ]
        ok $? "$name: systemd has nothing to say about it" "$work/log"
        case $name in
        *.service)
            systemd-analyze security --offline=yes --no-pager --threshold="$(exposure_max "$name")" "$unit" >"$work/log" 2>&1
            ok $? "$name: exposure $(sed -n 's/.*Overall exposure level.*: \([0-9.]*\).*/\1/p' "$work/log")" "$work/log"
            ;;
        esac
    done
else
    skip "units" "systemd-analyze is not installed"
fi

if [ "$(id -u)" -eq 0 ] && command -v systemd-tmpfiles >/dev/null && command -v systemd-sysusers >/dev/null; then
    mkdir -p "$work/root/etc" "$work/root/usr/lib/sysusers.d" "$work/root/usr/lib/tmpfiles.d"
    cp "$top/units/sysusers.d/sealift.conf" "$work/root/usr/lib/sysusers.d/"
    cp "$top/units/tmpfiles.d/sealift.conf" "$work/root/usr/lib/tmpfiles.d/"
    systemd-sysusers --root="$work/root" >"$work/log" 2>&1
    ok $? "sysusers.d makes the user" "$work/log"
    uid=$(sed -n 's/^sealift:[^:]*:\([0-9]*\):.*nologin$/\1/p' "$work/root/etc/passwd")
    [ -n "$uid" ]
    ok $? "which cannot log in" "$work/root/etc/passwd"
    systemd-tmpfiles --root="$work/root" --create >"$work/log" 2>&1
    ok $? "tmpfiles.d makes the store" "$work/log"
    (cd "$work/root" && stat -c '%n %a %u' run/sealift run/sealift/empty etc/sealift/* var/lib/sealift var/lib/sealift/*) >"$work/log"
    cat >"$work/want" <<END
run/sealift 755 0
run/sealift/empty 555 0
etc/sealift/bundles.d 755 0
etc/sealift/policy.d 755 0
var/lib/sealift 755 0
var/lib/sealift/incoming 700 $uid
var/lib/sealift/outbox 700 $uid
var/lib/sealift/releases 755 0
var/lib/sealift/state 700 $uid
var/lib/sealift/trust 700 $uid
END
    cmp -s "$work/log" "$work/want"
    ok $? "root owns what PID 1 resolves, sealift what it writes" "$work/log"
else
    skip "the store" "needs root, systemd-sysusers and systemd-tmpfiles"
fi

if command -v python3 >/dev/null; then
    python3 - "$top/units/org.sealift.Agent1.conf" >"$work/log" 2>&1 <<'END'
import sys, xml.etree.ElementTree as tree
root = tree.parse(sys.argv[1]).getroot()
owners = [p.get("user") for p in root for a in p if a.get("own")]
assert owners == ["sealift"], owners
everybody = [a for p in root if p.get("context") == "default" for a in p if a.tag == "allow"]
members = {a.get("send_member") for a in everybody if a.get("send_interface") == "org.sealift.Agent1"}
assert members == {"ListBundles", "ListJobs", "ListStates", "Why"}, members
assert all(a.get("send_destination") and a.get("send_interface") for a in everybody)
END
    ok $? "the bus policy lets anybody look, and only sealift own the name" "$work/log"
else
    skip "the bus policy" "python3 is not installed"
fi

done_testing
