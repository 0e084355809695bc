#!/usr/bin/env bash
# The test machine itself: what the other scenarios lean on is so.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

first_boot() {
    is "$(systemctl is-system-running --wait)" running "systemd is up and nothing has failed"
    is "$(ip -brief link | awk '{ print $1 }')" lo "there is no network but the loopback"
    is "$(readlink /proc/self/ns/net)" "$(readlink /proc/1/ns/net)" "this runs in the machine's network namespace"
    unlike "$(systemd-run --quiet --wait --pipe -p PrivateNetwork=yes readlink /proc/self/ns/net)" \
        "$(readlink /proc/1/ns/net | tr -cd 0-9)" "a service with PrivateNetwork= really gets one of its own"
    unlike "$(systemd-run --quiet --wait --pipe -p PrivateUsers=yes readlink /proc/self/ns/user)" \
        "$(readlink /proc/1/ns/user | tr -cd 0-9)" "and one with PrivateUsers= users of its own"
    ok "a dynamic user can be had" systemd-run --quiet --wait -p DynamicUser=yes -p ProtectSystem=strict true
    not_ok "a filtered system call is refused" systemd-run --quiet --wait -p SystemCallFilter=~uname -p SystemCallErrorNumber=EPERM uname
    ok "the store is no overlay" test "$(stat -f -c %T /var/lib/sealift)" != overlayfs

    journal_mark
    logger --id=$$ -t host-test "a line for the journal"
    is "$(await_journal 10 SYSLOG_IDENTIFIER=host-test)" "a line for the journal" "await_journal sees what was written before it waits"
    systemd-run --quiet --no-block logger -t host-test-late "written later"
    is "$(await_journal 10 SYSLOG_IDENTIFIER=host-test-late)" "written later" "and what is written while it waits"
    not_ok "and gives up in time" await_journal 1 SYSLOG_IDENTIFIER=nobody
    cp /proc/sys/kernel/random/boot_id /srv/boot-id
}

second_boot() {
    unlike "$(cat /proc/sys/kernel/random/boot_id)" "$(cat /srv/boot-id)" "a reboot is another boot"
    like "$(journalctl --quiet --boot=-1 SYSLOG_IDENTIFIER=host-test)" "a line for the journal" "and the journal of the one before it is there"
    like "$(journalctl --quiet --boot=-1 _PID=1)" "Stopped target" "which ended in order"
    touch /srv/before-the-cut
}

third_boot() {
    ok "files outlive a power cut" test -e /srv/before-the-cut
    unlike "$(journalctl --quiet --boot=-1 _PID=1)" "Stopped target" "which nobody saw coming"
}

bucket() {
    local fetch=(curl --silent --show-error --max-time 10 --cacert "$TLS/ca.pem")
    bucket_start
    echo hello >"$BUCKET/greeting"
    is "$("${fetch[@]}" https://bucket.test/greeting)" hello "nginx serves the bucket over TLS"
    requests_mark
    not_ok "404 for what is not there" "${fetch[@]}" --fail https://bucket.test/nothing
    await_requests 5 1
    is "$(requests)" "GET /nothing 404" "and the request log says so"
    for method in PUT POST; do
        "${fetch[@]}" --request "$method" --data "{\"by\": \"$method\"}" https://bucket.test/reports/x
        is "$(await_report 5 ".by == \"$method\"")" "{\"by\":\"$method\"}" "a report by $method is kept as it came"
    done
    bucket_start wrong-name
    like "$("${fetch[@]}" https://bucket.test/greeting 2>&1)" "no alternative certificate subject name" "wrong-name is a wrong name"
    bucket_start unknown-ca
    like "$("${fetch[@]}" https://bucket.test/greeting 2>&1)" "unable to get local issuer certificate" "unknown-ca is an unknown CA"
    bucket_stop
    not_ok "a stopped bucket does not answer" "${fetch[@]}" https://bucket.test/greeting
}

evil() {
    local fetch=(curl --silent --show-error --max-time 5 --cacert "$TLS/ca.pem")
    evil_start
    is "$("${fetch[@]}" https://bucket.test/greeting)" hello "the evil server is honest unless told otherwise"
    like "$("${fetch[@]}" --head --request GET https://bucket.test/greeting)" ETag "and gives an ETag"
    "${fetch[@]}" --data '{"by":"evil"}' https://bucket.test/reports/x
    is "$(await_report 5 '.by == "evil"')" '{"by":"evil"}' "and takes reports"
    while IFS='|' read -r mode want; do
        evil_clear
        evil_rule '/greeting' "$mode"
        like "$("${fetch[@]}" --fail https://bucket.test/greeting 2>&1 | head -c 1M | tr -d '\0' | tail -c 300)" "$want" "evil: $mode"
    done <<'MODES'
status 503|error: 503
truncate 2|4 bytes (remaining|missing)
endless|xxxxxx
headers|headers
stall|timed out
stall-body 2|timed out
drip 2|timed out
flip 0|iello
redirect https://other.test/|^$
longer 3|xxx
reset 2|reset by peer|SSL_read|OpenSSL
file /etc/hostname|sealift-test
MODES
    evil_clear
}

case $PHASE in
    1) first_boot; next_boot reboot ;;
    2) second_boot; next_boot cut ;;
    3) third_boot; bucket; evil; done_testing ;;
esac
