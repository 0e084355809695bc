#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# sealift lint's summary: the exposure of what a manifest asks for, in every combination, is what systemd-analyze says of
# the unit that --unit prints, and what each request costs is the difference.
set -u
build=${top_builddir:-.}
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT

# shellcheck source=tests/tap.sh
. "${top_srcdir:-.}/tests/tap.sh"
sealift=$build/sealift

# write_manifest NAME PROGRAM LINES: LINES, parted by ';', are what [Sandbox main] says.
write_manifest() {
    printf '[Bundle]\nName=%s\nVersion=1\n[Service main]\nExecStart=%s\n[Sandbox main]\n%s\n' "$1" "$2" "$3" |
        tr ';' '\n' >"$work/$1.manifest"
    printf '%s %s\n' "$1" "$3" >>"$work/names"
}

n=0
for network in none socket bundle outbound 'outbound;Outbound=192.0.2.0/24' 'outbound;Outbound=127.0.0.0/8' 'bind;Bind=tcp:8080'; do
    for bits in $(seq 0 127); do
        lines=Network=$network
        i=0
        for request in Capability=CAP_NET_BIND_SERVICE WriteExecute=yes SystemCalls=@setuid Device=/dev/fuse \
            HostPath=/srv UserNamespaces=yes User=daemon; do
            [ $((bits >> i & 1)) -eq 0 ] || lines="$lines;$request"
            i=$((i + 1))
        done
        n=$((n + 1))
        [ "$network" != outbound ] || lines="$lines;Outbound=any"
        [ "$network" != socket ] || lines="$lines;[Socket main];ListenStream=8080"
        write_manifest "c$n" /usr/bin/true "$lines"
    done
done
sed -n 's/^ *CAPABILITY(\(CAP_[A-Z_]*\)),$/\1/p' "${top_srcdir:-.}/agent/facts/capability.c" >"$work/capabilities"
[ -s "$work/capabilities" ]
ok $? "capabilities that may be asked for: $(grep -c . "$work/capabilities")"
while read -r capability; do
    n=$((n + 1))
    write_manifest "c$n" /usr/bin/true "Capability=$capability"
done <"$work/capabilities"
for group in @chown @mount @pkey @resources @sandbox '@chown;SystemCalls=@resources;SystemCalls=@mount'; do
    n=$((n + 1))
    write_manifest "c$n" /usr/bin/true "SystemCalls=$group"
done
write_manifest c$((n + 1)) /usr/bin/true 'Capability=CAP_CHOWN;Capability=CAP_KILL;Capability=CAP_SYS_TIME'


"$sealift" lint "$work"/*.manifest >"$work/said" 2>"$work/log"
ok $? "each of $(grep -c . "$work/names") combinations is good" "$work/log"
"$sealift" lint --unit "$work"/*.manifest >"$work/units" 2>"$work/log"
ok $? "and has a unit" "$work/log"
awk -v dir="$work" '
    /^# \/run\/systemd\/system\/.*\.service\.d\// {
        if (file) close(file)
        sub(/^.*\/sealift-/, ""); sub(/@.*/, ""); file = dir "/" $0 ".service"
        next
    }
    /^# / && /: exposure |^#    / { next } # what it says of the next one
    { print >file }' "$work/units"

awk '$1 ~ /manifest:$/ { bundle = $2 } / exposure / { print bundle, $NF }' "$work/said" | LC_ALL=C sort >"$work/ours"
version=$(systemd-analyze --version 2>/dev/null | sed -n '1s/^systemd \([0-9]*\).*/\1/p')
if [ "${version:-0}" -lt 252 ] || [ "$version" -gt 257 ]; then
    skip "each has the exposure that systemd-analyze computes of it" "no systemd-analyze of 252 to 257 here"
else
    systemd-analyze security --offline=yes --no-pager "$work"/*.service 2>"$work/log" |
        sed -n 's/.*Overall exposure level for \(.*\)\.main\.service: \([0-9.]*\) .*/\1 \2/p' | LC_ALL=C sort >"$work/theirs"
    [ "$(grep -c . "$work/theirs")" -eq "$(grep -c . "$work/names")" ] && diff "$work/theirs" "$work/ours" >"$work/log"
    ok $? "each has the exposure that systemd-analyze computes of it" "$work/log"
fi

# ---- what it says
has() { # NAME LINE: $work/said has the line, word by word
    grep -qxF -e "$2" "$work/said"
    ok $? "$1" "$work/said"
}
cat >"$work/web.manifest" <<'EOF'
[Bundle]
Name=web
Version=1.0
[Service main]
ExecStart=/bundle/web
[Service other]
ExecStart=/usr/bin/other
[Sandbox main]
Network=bind
Bind=tcp:8080
WriteExecute=yes
[Socket other]
ListenStream=80
[Service job]
ExecStart=/usr/bin/job
Type=oneshot
[Timer job]
OnCalendar=daily
EOF
"$sealift" lint "$work/web.manifest" >"$work/said" 2>&1
ok $? "a manifest with requests is good" "$work/said"
has "the first line says so" "$work/web.manifest: web 1.0 is good, not packed yet"
has "a service's exposure" "  main: exposure 1.0"
has "what its network costs" \
    "     0.89  Network=bind Bind=tcp:8080: listens in the host's network by itself, and may connect anywhere"
has "what its compiler costs" \
    "     0.02  WriteExecute=yes: may execute what it has written to memory: so may an intruder"
has "a service that asks for nothing" "  other: exposure 0.1"
has "a job" "  job: exposure 0.1"
has "where the grants go" "  grants, in /etc/sealift/policy.d/web.conf:"
has "for whom" "    [Policy web]"
has "a grant for a service" "    Bind=tcp:8080"
has "one for a socket" "    Listen=tcp:80"
[ "$(grep -c 'Policy web' "$work/said")" -eq 1 ]
ok $? "in one section"

"$sealift" lint --unit "$work/web.manifest" >"$work/said" 2>&1
ok $? "--unit" "$work/said"
digest=$(printf '%064d' 0)
has "has each service's exposure" "# main: exposure 1.0"
has "each request with its cost" \
    "#    0.89  Network=bind Bind=tcp:8080: listens in the host's network by itself, and may connect anywhere"
has "and each service's drop-in" "# /run/systemd/system/sealift-web.main@1.0-000000000000-1.service.d/50-sealift.conf"
has "with its root" "RootDirectory=/run/sealift/root/sealift-web.main@1.0-000000000000-1.service"
has "its tree" "BindReadOnlyPaths=/var/lib/sealift/releases/web/1.0-000000000000/tree:/bundle"
has "no digest yet" "LogExtraFields=SEALIFT_DIGEST=$digest"
has "and each socket" "# /run/systemd/system/sealift-web.other.socket"
has "with its address" "ListenStream=80"
has "and each timer" "# /run/systemd/system/sealift-web.job.timer"
has "with its time" "OnCalendar=daily"
grep -q 'is good' "$work/said"
[ $? -eq 1 ]
ok $? "and nothing but units"

mkdir "$work/tree" "$work/out"
printf '#!/bin/sh\n' >"$work/tree/web"
chmod 755 "$work/tree/web"
"$sealift" pack "$work/tree" --manifest "$work/web.manifest" --output "$work/out" >"$work/log" 2>&1
ok $? "the same, packed" "$work/log"
packed=$(echo "$work/out"/*.manifest)
"$sealift" lint "$packed" >"$work/said" 2>&1
has "is good, and packed" "$packed: web 1.0 is good"
"$sealift" lint --unit "$packed" >"$work/said" 2>&1
has "has its digest in its unit" "LogExtraFields=SEALIFT_DIGEST=$(sha256sum <"$packed" | cut -d' ' -f1)"

sed 's/ExecStart/ExecStrat/' "$work/web.manifest" >"$work/bad.manifest"
"$sealift" lint --json --unit "$work/bad.manifest" "$work/web.manifest" >"$work/said" 2>"$work/log"
[ $? -eq 2 ]
ok $? "--json of a bad and a good one is a failure"
python3 - "$work/said" <<'EOF' >"$work/log" 2>&1
import json, sys
bad, good = json.load(open(sys.argv[1]))
assert "did you mean 'ExecStart'?" in bad["error"], bad
assert good["bundle"] == "web" and good["version"] == "1.0" and good["packed"] is False, good
main, other, job = good["services"]
assert main["service"] == "main" and main["exposure"] == "1.0", main
assert [r["request"] for r in main["requests"]] == ["Network=bind Bind=tcp:8080", "WriteExecute=yes"], main
assert main["requests"][0]["cost"] == "0.89" and "listens" in main["requests"][0]["meaning"], main
assert other["exposure"] == "0.1" and other["requests"] == [], other
assert good["grants"] == ["Bind=tcp:8080", "WriteExecute=yes", "Listen=tcp:80"], good["grants"]
assert [u["path"].rsplit(".", 1)[1] for u in good["units"]] == ["conf", "conf", "conf", "socket", "timer"], good["units"]
assert "SocketBindAllow=tcp:8080\n" in good["units"][0]["text"], good["units"]
EOF
ok $? "and has all of it" "$work/log"
"$sealift" lint --json "$work/web.manifest" | grep -q '"units"'
[ $? -eq 1 ]
ok $? "units only where they were asked for"
done_testing
