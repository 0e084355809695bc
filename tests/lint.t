#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# sealift lint --host and --root: what a manifest requires, held against a tree that looks like a host, and against
# this one; and, with --site, the files that a host's administrator writes.
set -u
build=${top_builddir:-.}
sealift=$build/sealift
[ -x "$sealift" ] || { echo "1..0 # SKIP no $sealift"; exit 0; }
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT

# shellcheck source=tests/tap.sh
. "${top_srcdir:-.}/tests/tap.sh"
tap_output=$work/said

# manifest LINE...: site.manifest with these lines in [Bundle], the first of them its line 4.
manifest() {
    printf '[Bundle]\nName=site\nVersion=4\n' >"$work/site.manifest"
    printf '%s\n' "$@" '' '[Service web]' 'ExecStart=/usr/bin/true' >>"$work/site.manifest"
}

# lint STATUS NAME OPTION...: and what it says into "said", with paths cut.
lint() {
    want=$1
    what=$2
    shift 2
    lint_only "$want" "$what" "$@" site.manifest
}

# lint_only STATUS NAME ARGUMENT...: the same without site.manifest
lint_only() {
    want=$1
    what=$2
    shift 2
    (cd "$work" && "$OLDPWD/$sealift" lint "$@") >"$work/said" 2>&1
    status=$?
    [ "$status" = "$want" ] || echo "exit status $status, want $want" >>"$work/said"
    [ "$status" = "$want" ]
    ok $? "$what"
}
case $sealift in /*) sealift=../../../../../../../../../..$sealift ;; esac

says() {
    grep -qxF -- "$1" "$work/said"
    ok $? "and says: $1"
}

root=$work/root
mkdir -p "$root/usr/bin" "$root/usr/lib64/systemd" "$root/usr/lib/jvm/17/bin" "$root/usr/lib/modules/6.1.0-9-amd64"
: >"$root/usr/lib64/systemd/libsystemd-shared-252.so"
: >"$root/usr/lib/jvm/17/bin/java"
chmod +x "$root/usr/lib/jvm/17/bin/java"
ln -s /usr/lib/jvm/17/bin/java "$root/usr/bin/java"
echo 'JAVA_VERSION="17.0.15"' >"$root/usr/lib/jvm/17/release"

manifest 'Requires=java>=17 systemd>=252' 'Command=java' 'Requires=kernel>=6.1'
lint 0 'a tree that has all' --root "$root"
says 'site.manifest:4: Requires=java>=17: 17.0.15'
says 'site.manifest:4: Requires=systemd>=252: 252'
says 'site.manifest:5: Command=java: there'
says 'site.manifest:6: Requires=kernel>=6.1: 6.1.0'

manifest 'Requires=java>=21 systemd>=252' 'Command=ffmpeg' 'MinAgent=99'
lint 3 'one that does not' --root "$root"
says 'site.manifest:4: needs java>=21, and this host has 17.0.15; update the image'
says 'site.manifest:4: Requires=systemd>=252: 252'
says 'site.manifest:5: needs the program ffmpeg, and this host has none in /usr/bin or /usr/sbin; install it in the image'
grep -q '^site.manifest: bundle site 4: needs sealift 99' "$work/said"
ok $? 'and MinAgent= among them'
lint 0 'which matters to those who ask only'

manifest 'Architecture=s390x'
lint 0 'of a tree, nothing says the architecture' --root "$root"
if [ "$(uname -m)" != s390x ]; then
    lint 3 'of this machine, its kernel does' --host
    grep -q 'was built for s390x, and this host is' "$work/said"
    ok $? 'and it is named'
fi

manifest "Requires=kernel>=$(uname -r | grep -oE '^[0-9]+(\.[0-9]+)*')" 'Command=env'
lint 0 'this machine has its own kernel, and env(1)' --host
manifest 'Requires=kernel>=999'
lint 3 'and not a kernel of next century' --host

lint 1 'a root that is not there' --root "$work/none"
manifest 'Requires=jave>=17'
lint 2 'a word that is none is a wrong file' --host
grep -q "site.manifest:4: Requires=: nobody knows how to find 'jave'; did you mean 'java'?" "$work/said"
ok $? 'and what was meant is said'

# Of several files the worst counts, whichever comes first.
cp "$work/site.manifest" "$work/wrong.manifest"
manifest 'Requires=kernel>=999'
cp "$work/site.manifest" "$work/unmet.manifest"
manifest 'Requires=kernel'
lint 2 'a wrong file before one that is unmet' --host wrong.manifest unmet.manifest
lint 2 'and behind it' --host unmet.manifest wrong.manifest
lint 3 'an unmet one before one that is met' --host unmet.manifest

# json PYTHON: true of the one object of what --json printed.
json() {
    python3 -c 'import json, sys; o, = json.load(open(sys.argv[1])); sys.exit(0 if eval(sys.argv[2]) else 1)' \
        "$work/said" "$1"
    ok $? "and its JSON has $1"
}
manifest 'Requires=java>=17 systemd' 'Command=ffmpeg' 'MinAgent=99'
lint 3 'as JSON' --json --root "$root"
json 'o["requirements"][0] == {"line": 4, "key": "Requires", "name": "java", "wants": "17", "has": "17.0.15", "found": True, "met": True}'
json 'o["requirements"][1]["name"] == "systemd" and "wants" not in o["requirements"][1] and o["requirements"][1]["met"]'
json 'o["requirements"][2] == {"line": 5, "key": "Command", "name": "ffmpeg", "found": False, "met": False}'
json 'len(o["unmet"]) == 2 and "needs sealift 99" in o["unmet"][0] and "needs the program ffmpeg" in o["unmet"][1]'
json 'o["services"]'
manifest 'Requires=java>=17'
lint 0 'all met, as JSON' --json --root "$root"
json 'o["unmet"] == [] and len(o["requirements"]) == 1'
lint 0 'and without --root' --json
json '"unmet" not in o and "requirements" not in o'
lint 2 'units are a listing of their own' --unit --host

# ---- what a host's administrator writes

cat >"$work/cache.manifest" <<'MANIFEST'
[Bundle]
Name=cache
Version=1
[Service main]
ExecStart=/usr/bin/true
[Sandbox main]
Network=bind
Bind=tcp:6380
MANIFEST
# conf FILE LINE...
conf() {
    file=$1
    shift
    mkdir -p "$(dirname "$work/$file")"
    printf '%s\n' "$@" >"$work/$file"
}
conf cache.conf '[Service main]' 'MemoryMax=64M'
conf cache@a.conf '[Sandbox main]' 'Bind=tcp:6381'
conf cache@b.conf '[Sandbox main]' 'Bind=tcp:6382'
lint_only 0 'files of bundles.d alone' --site=cache.conf -s cache@a.conf
says 'cache.conf is good'
says 'cache@a.conf is good'
lint_only 0 'and with their manifest' --site=cache.conf --site=cache@a.conf --site=cache@b.conf cache.manifest
says '  the files of bundles.d go with it, and it runs 2 times'
lint_only 0 'one of them' --site=cache@a.conf cache.manifest
says '  the files of bundles.d go with it, and it runs 1 time'
lint 0 'files that are about another bundle' --site=cache.conf
! grep -q 'go with it' "$work/said"
ok $? 'say nothing of this one'

conf bad/cache.conf '[Service main]' 'MemoryMx=64M'
lint_only 2 'a typing error' --site=bad/cache.conf --site=cache@a.conf
says "sealift lint: bad/cache.conf:2: unknown key 'MemoryMx' in [Service main]; did you mean 'MemoryMax'?"
says 'cache@a.conf is good'
lint_only 2 'the same beside its manifest' --site=bad/cache.conf cache.manifest
[ "$(grep -c MemoryMx "$work/said")" = 1 ]
ok $? 'is said once'
says 'cache.manifest: cache 1 is good, not packed yet'
conf bad/cache.conf '[Service other]' 'MemoryMax=1M'
lint_only 2 'a section that the manifest has not' --site=bad/cache.conf cache.manifest
says 'bad/cache.conf is good'
says 'sealift lint: bad/cache.conf:1: bundle cache 1 has no [Service other]; it has main'
conf bad/cache@b.conf '[Sandbox main]' 'Bind=tcp:6381'
lint_only 2 'a port that another instance has' --site=cache@a.conf --site=bad/cache@b.conf cache.manifest
grep -q "the instances 'a' and 'b' both bind port 6381" "$work/said"
ok $? 'and says which'
lint_only 2 'two files of one name' --site=cache@a.conf --site=./cache@a.conf cache.manifest
says 'sealift lint: ./cache@a.conf: cache@a.conf has the same name, and one folder has to hold them; look at one of them'
for name in 'cache@.conf' 'cache@A.conf' 'Cache.conf' 'cache.txt' 'cache.a.conf'; do
    conf "bad/$name" '[Service main]'
    lint_only 2 "a file called $name" --site="bad/$name"
    grep -q "^sealift lint: bad/$name: .*rename" "$work/said"
    ok $? 'has to be renamed'
done
lint_only 1 'a file that is not there' --site=cache@c.conf
lint_only 2 'nothing to look at'
says 'sealift lint: nothing to look at: expected MANIFEST..., --site=FILE or --host'

# All of a host's, each looked at by itself.
mkdir -p "$root/etc/sealift"
cp "$work/cache@a.conf" "$work/cache@b.conf" "$root/etc/sealift/" && mv "$root/etc/sealift" "$root/etc/site"
mkdir -p "$root/etc/sealift/policy.d" && mv "$root/etc/site" "$root/etc/sealift/bundles.d"
printf '[Policy cache]\nBind=tcp:6381\n' >"$root/etc/sealift/policy.d/cache.conf"
lint_only 0 'an image whose files are right' --root root
says 'root/etc/sealift/bundles.d/cache@a.conf is good'
says 'root/etc/sealift/policy.d/cache.conf is good'
lint_only 0 'with a manifest' --root root cache.manifest
says '  the files of bundles.d go with it, and it runs 2 times'
echo 'Bnd=tcp:6382' >>"$root/etc/sealift/policy.d/cache.conf"
echo nonsense >"$root/etc/sealift/bundles.d/aaa.conf"
echo nonsense >"$root/etc/sealift/bundles.d/.hidden.conf"
echo nonsense >"$root/etc/sealift/bundles.d/README"
lint_only 2 'an image with two wrong ones' --root root
says "sealift lint: root/etc/sealift/policy.d/cache.conf:3: unknown key 'Bnd' in [Policy cache]; did you mean 'Bind'?"
says 'sealift lint: root/etc/sealift/bundles.d/aaa.conf:1: neither [Section], Key=value nor a # comment'
says 'root/etc/sealift/bundles.d/cache@b.conf is good'
[ "$(grep -c nonsense "$work/said")$(grep -c 'README\|hidden' "$work/said")" = 00 ]
ok $? 'what the agent leaves alone is left alone'
lint_only 2 'in JSON' --root root --json
[ "$(grep -c '"error"' "$work/said")" = 2 ] && [ "$(grep -c '"file"' "$work/said")" = 4 ]
ok $? 'an object each'
rm -r "$root/etc/sealift/policy.d" && touch "$root/etc/sealift/policy.d"
lint_only 1 'a folder that is none' --root root

cat >"$work/site.manifest" <<'EOF2'
[Bundle]
Name=site
Version=1
[Service main]
ExecStart=/bundle/main
[Sandbox main]
Network=bundle
[Health main]
HTTP=8080/well
IntervalSec=500ms
EOF2
lint 0 'one with [Health]'
says '  health main: GET /well of port 8080, every 0.5 s while on trial'
done_testing
