#!/usr/bin/env bash
# A release that requires what this host does not have is refused before a byte of it is fetched; once the host has it, the next
# check installs it. What the probes say of this host is what its programs say of themselves.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

# web_require VERSION LINE...: a release with these lines in [Bundle].
web_require() {
    local version=$1 lines
    shift
    web_write "$version"
    lines=$(printf '%s\\n' "$@")
    sed -i "s|^\[Service caddy\]|${lines%\\n}\n&|" /srv/web.manifest
    publish_release "$version" "$WEB" /srv/web.manifest
}

# not_for_us VERSION LINE REGEX NAME: refused for what it was made for, before its bundle is asked for.
not_for_us() {
    web_require "$1" "$2"
    expect_refusal "$4" refused "$3"
    unlike "$(requests)" "tar\.zst" "$4: nothing of its bundle was fetched"
    like "$(sealift why web || true)" "suits.*$3" "$4: sealift why names the gate"
}

web_begin

# One of two that this machine is not.
foreign=s390x
[ "$(uname -m)" != s390x ] || foreign=x86-64
not_for_us 1.1 MinAgent=99 'needs sealift 99, and this host has [0-9.]+; update the image' "a release for an agent that is not out yet"
not_for_us 1.2 Architecture=$foreign "was built for $foreign, and this host is [a-z0-9-]+; publish it in another channel" "one for another kind of machine"

web_require 2 'Requires=systemd>=252 kernel>=999.1' 'Command=no-such-program'
expect_refusal "a kernel that is not out yet" refused \
    'needs kernel>=999\.1, and this host has [0-9.]+; update the image; and that is one of 2, '
like "$(requests)" "web\.manifest" "its manifest was fetched"
unlike "$(requests)" "tar\.zst" "nothing of its bundle was"
like "$(sealift why web || true)" "suits.*kernel>=999" "sealift why names the gate"
status=0
said=$(sealift lint --host /tmp/web.manifest) || status=$?
is "$status" 3 "sealift lint --host says the same"
like "$said" "web.manifest:[0-9]+: needs the program no-such-program" "and what else is missing"

web_require 3 'Command=/usr/local/bin/web-helper' 'Requires=systemd>=252 kernel>=4 glibc>=2.31'
expect_refusal "a program that is missing" refused "needs the program /usr/local/bin/web-helper"
printf '#!/bin/sh\n' >/usr/local/bin/web-helper
chmod 755 /usr/local/bin/web-helper
ok "the program is there: the next check installs the release" sealift check
is "$(web_page)" 3 "and it runs"

# found NAME: what the agent would say this host has.
found() {
    printf '%s\n' '[Bundle]' Name=x Version=1 "Requires=$1" '[Service x]' ExecStart=/usr/bin/true >/tmp/x.manifest
    sealift lint --host /tmp/x.manifest | sed -n "s/^.*Requires=$1: //p"
}

# own NAME COMMAND...: what NAME says of itself, cut to as many numbers as a probe finds.
own() {
    local name=$1 version
    shift
    if ! command -v "$1" >/dev/null; then
        skip "no $name here"
        return
    fi
    all="$all $name>=$(found "$name")"
    version=$("$@" 2>&1 | grep -oE '[0-9]+(\.[0-9]+)*' | head -n 1)
    case "$version" in
        "$(found "$name")" | "$(found "$name")".*) tap_pass "$name is what it says itself: $version" ;;
        *) is "$(found "$name")" "$version" "$name is what it says itself" ;;
    esac
}

all=
own kernel uname -r
own systemd systemctl --version
own glibc ldd --version
own python3 python3 --version
own perl perl -e 'printf "%vd", $^V'
own node node --version
own java java -version
own openssl openssl version

# The agent, behind its own walls, sees as much as root did.
native=$(busctl get-property org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager Architecture | cut -d'"' -f2)
agent=$(sealift --version | awk '{ print $NF }')
web_require 4 "Requires=$all libstdc++" "MinAgent=$agent" "Architecture=$native"
ok "a release that requires all of that, sealift $agent and $native is installed:$all" sealift check
is "$(web_page)" 4 "and runs"
done_testing
