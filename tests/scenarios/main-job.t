#!/usr/bin/env bash
# The main job: a release is published, noticed, verified, staged, started behind walls, watched, made current and reported; the
# next one replaces it; walls outlast a reload and a crash; everything comes back at boot without a network.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

# walls UNIT: what the kernel says of the main process, and what systemd counts.
walls() {
    local pid status
    pid=$(pid_of "$1")
    status=/proc/$pid/status
    grep -E '^(NoNewPrivs|Seccomp|Seccomp_filters|CapEff|CapBnd|CapAmb):' "$status"
    for kind in mnt ipc uts user pid net cgroup; do
        [ "$(readlink "/proc/$pid/ns/$kind")" = "$(readlink "/proc/1/ns/$kind")" ] && echo "$kind: shared" || echo "$kind: own"
    done
    echo "root: $([ "$(awk '/^Uid:/ { print $2 }' "$status")" = 0 ] && echo yes || echo no)"
    systemd-analyze security --no-pager "$1" | tail -n 1
}

first_release() {
    web_begin
    like "$(web_unit)" "^sealift-web\.caddy@1-[0-9a-f]{12}-[0-9]+\.service$" "one unit per start of a service of a release"
    is "$(bundle_state web version) $(bundle_state web state)" "1 running" "status knows it"
    ok "check says so in JSON" test "$(sealift check --json | jq -s length)" = 1
    ok "and so does why" test "$(sealift why web --json | jq -s length)" = 1
    ok "a report says so" await_report 20 '.bundles[] | select(.name == "web") | .version == "1" and .state == "running"'
    is "$(reports | jq -r '.machine' | sort -u | wc -l)" 1 "reports name one machine"
    unlike "$(reports | jq -r '.machine' | head -n 1)" "$(cat /etc/machine-id)" "which is not the machine id itself"
    like "$(journalctl --quiet --output=json SEALIFT_BUNDLE=web "MESSAGE_ID=${EVENT[current]}")" '"SEALIFT_VERSION":"1"' \
        "the journal has the entry with its fields"
    like "$(journalctl --quiet --output=cat "_SYSTEMD_UNIT=$(web_unit)" SEALIFT_BUNDLE=web SEALIFT_VERSION=1)" "." \
        "lines of the service carry its bundle and version"
    like "$(journalctl --quiet --catalog "MESSAGE_ID=${EVENT[current]}")" "web now runs release 1" "the catalog explains it"
    is "$(stat -c '%U %a' "$STORE/releases/web" "$STORE/releases/web"/1-* | sort -u)" "root 755" \
        "nobody but root can put another tree in the tree's place"
}

walls_stay() {
    local unit before pid
    unit=$(web_unit)
    before=$(walls "$unit")
    diag "$before"
    like "$before" "root: no" "the service is not root"
    like "$before" "mnt: own" "and has its own mounts"
    like "$before" "user: own" "and its own users"
    systemctl daemon-reload
    pid=$(pid_of "$unit")
    systemctl kill --signal=SIGKILL --kill-whom=main "$unit"
    await 30 another_pid "$unit" "$pid"
    ok "after daemon-reload and a kill of the main process it is back" await 30 web_answers 1
    is "$(walls "$(web_unit)")" "$before" "behind the very same walls"
}

second_release() {
    requests_mark
    pack_options="--compression gzip"
    web_publish 2
    pack_options=
    ok "release 2 is installed" sealift check
    is "$(requests_count '.path | endswith(".tar.gz")')" 1 "from a bundle that is compressed with gzip"
    is "$(web_page)" 2 "and answers"
    is "$(systemctl list-units --plain --no-legend --state=running 'sealift-web.*' | wc -l)" 1 "alone"
    ok "a report says so" await_report 20 '.bundles[] | select(.name == "web") | .version == "2"'
}

no_grant() {
    agent_grant web Bind=tcp:9090
    web_publish 3
    requests_mark
    not_ok "without a grant of this host the release is refused" sealift check
    is "$(requests '.path | endswith(".tar.zst")')" "" "before anything is fetched"
    like "$(sealift status || true)" "Bind=tcp:8080" "and status names the line to add"
    is "$(web_page)" 2 "the service was not touched"
    agent_grant web Bind=tcp:8080
    systemctl reload-or-restart sealiftd.service
    ok "with the grant it is installed" sealift check
    is "$(web_page)" 3 "and answers"
}

outbox_holds_some() { [ -n "$(find "$STORE/outbox" -name '*.json')" ]; }
outbox_holds_none() { [ -z "$(find "$STORE/outbox" -name '*.json')" ]; }

report_kept() {
    bucket_stop
    requests_mark
    systemctl restart sealiftd.service
    ok "the agent restarts without a bucket" await_active 20 sealiftd.service
    is "$(web_page)" 3 "and the service is not touched by that"
    ok "a report waits in the outbox" await 20 outbox_holds_some
    bucket_start
    ok "the bucket is back" sealift check
    ok "the report that waited is delivered" await_report 45 '.reason == "start"'
    ok "and the outbox is empty" await 20 outbox_holds_none
    is "$(reports | sort | uniq -d)" "" "no report came twice"
}

# Whoever wants to know what the bucket serves asks nginx as the agent does, and believes as little.
anybody_verifies() {
    local bundle verify=(runuser -u publisher -- sealift verify --root=/etc/sealift/root.json https://bucket.test/ --ca-file)
    bundle=$(in_bucket .tar.zst)
    requests_mark
    like "$("${verify[@]}" /etc/sealift/ca.pem 2>&1)" "Good: [0-9]+ targets of [0-9]+ bytes" "anybody can verify the bucket, over TLS"
    await_requests 5 1 ".path == \"$bundle\" and .status == 200"
    is "$(requests_count ".path == \"$bundle\" and .status == 200")" 1 "and did fetch what it is about"
    cp "$BUCKET$bundle" /srv/whole
    truncate --size=-1 "$BUCKET$bundle"
    like "$("${verify[@]}" /etc/sealift/ca.pem 2>&1 || true)" "tar\.zst.*bytes" "a bundle that lacks a byte is found"
    cp /srv/whole "$BUCKET$bundle"
    bucket_start wrong-name
    like "$("${verify[@]}" /etc/sealift/ca.pem 2>&1 || true)" "subject name" "nobody else's certificate will do"
    bucket_start
}

case $PHASE in
    1)
        first_release
        walls_stay
        second_release
        no_grant
        report_kept
        anybody_verifies
        agent_enable
        next_boot reboot
        ;;
    2)
        ok "after a reboot without a bucket the release is started" await 20 web_answers 3
        ok "and the agent knows it" await 20 web_is running
        next_boot cut
        ;;
    3)
        ok "after a power cut too" await 20 web_answers 3
        done_testing
        ;;
esac
