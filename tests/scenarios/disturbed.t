#!/usr/bin/env bash
# What happens to a machine in the middle of an update: systemd executes itself anew, the system bus is started anew, a worker
# is killed in the stream, and somebody starts a second agent. The service that runs does not notice, and the release is
# installed by this check or the next one.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

# Takes a while to fetch and to unpack: time for what is to come in between.
publish_slow() {
    web_write "$1"
    head -c 48M /dev/urandom >"$WEB/ballast"
    publish_release "$1" "$WEB" /srv/web.manifest
}

stream_begins() { [ -n "$(requests '.path | endswith(".tar.zst")')" ]; }
staging_begins() { [ -n "$(find "$STORE/releases/web" -path "*/$1-*/tree/*" -print -quit)" ]; }
worker_runs() { systemctl list-units --plain --no-legend --state=running "$1" | grep -q .; }

# disturb NAME VERSION WHAT...: in the update to it, once its tree begins to fill.
disturb() {
    local name=$1 version=$2 invocation
    shift 2
    invocation=$(web_invocation)
    publish_slow "$version"
    sealift check --no-wait
    await 60 staging_begins "$version"
    is "$(web_invocation)" "$invocation" "$name: it comes while release $version is unpacked"
    "$@"
    ok "$name: the check, or the next one, installs release $version" await 60 check_installs "$version"
    ok "$name: which answers" await 20 web_answers "$version"
    is "$(systemctl list-units --plain --no-legend --state=running 'sealift-web.*' | wc -l)" 1 "$name: alone"
}
check_installs() { sealift check && [ "$(bundle_state web version)" = "$1" ]; }

restart_bus() {
    systemctl kill --signal=KILL dbus.service
    systemctl start dbus.socket dbus.service
}
kill_unpacker() { systemctl kill --signal=KILL 'sealift-unpack@*'; }

fetcher_killed() {
    local invocation said
    invocation=$(web_invocation)
    evil_start
    evil_rule '*.tar.zst' stall-body 20
    requests_mark
    web_publish "$1"
    sealift check >/srv/said 2>&1 &
    await 30 stream_begins
    await 10 worker_runs 'sealift-fetch@*'
    systemctl kill --signal=KILL 'sealift-fetch@*'
    said=0
    wait $! || said=$?
    is "$said" 1 "sealift-fetch killed in the stream: the check fails"
    like "$(cat /srv/said)" "sealift-fetch" "and says of whom"
    is "$(web_invocation)" "$invocation" "the service does not notice"
    bucket_start
    ok "the next check installs the release" sealift check
    is "$(web_page)" "$1" "which answers"
}

second_agent() {
    local said status=0
    said=$(setpriv --reuid sealift --regid sealift --clear-groups /usr/libexec/sealift/sealiftd 2>&1) || status=$?
    is "$status" 1 "a second agent on the same store does not start"
    like "$said" "another sealiftd has this store; stop it first" "and says why"
    ok "the first one goes on" sealift check
}

web_begin
disturb "daemon-reexec" 2 systemctl daemon-reexec
disturb "daemon-reload" 3 systemctl daemon-reload
disturb "the system bus is killed" 4 restart_bus
disturb "sealift-unpack is killed" 5 kill_unpacker
fetcher_killed 6
second_agent
done_testing
