#!/usr/bin/env bash
# What the operator wants of a bundle: hold, stop, disable, start, restart, rollback, retry. Each is kept over restarts and
# reboots, is idempotent, and changes nothing where it cannot be done.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

STATE=$STORE/state/web
said=

# told STATUS REGEX ORDER...: sealift ORDER ends so, and says so.
told() {
    local want=$1 words=$2 status=0
    shift 2
    said=$(sealift "$@" 2>&1) || status=$?
    is "$status" "$want" "sealift $*: status $want"
    like "$said" "$words" "sealift $*: says so"
}
nothing_runs() { [ -z "$(systemctl list-units --plain --no-legend --state=running 'sealift-web.*.service')" ]; }
order_call() { busctl --timeout=20 call org.sealift.Agent1 /org/sealift/Agent1 org.sealift.Agent1 "$@"; }
as_nobody() { setpriv --reuid nobody --regid nogroup --clear-groups "$@"; }
wishes() { grep -E '^(Hold|Stopped|Disabled|Current)=' "$STATE" | LC_ALL=C sort | cut -d' ' -f1 | tr '\n' ' '; }

who_may() {
    local before method
    before=$(sha256sum "$STATE")
    for method in Hold Unhold Retry Start Restart Stop Disable; do
        like "$(as_nobody busctl call org.sealift.Agent1 /org/sealift/Agent1 org.sealift.Agent1 "$method" s web 2>&1)" \
            "Access denied" "$method: nobody else than root may"
    done
    like "$(as_nobody busctl call org.sealift.Agent1 /org/sealift/Agent1 org.sealift.Agent1 Rollback ss web "" 2>&1)" "Access denied" \
        "Rollback: nobody else than root may"
    like "$(as_nobody sealift stop web 2>&1)" "not allowed; try as root" "and is told so"
    is "$(sha256sum "$STATE")" "$before" "and nothing was written"
    ok "the service runs on" web_answers 1
}

odd_words() {
    local before
    before=$(find "$STORE/state" -type f -exec sha256sum {} +)
    told 1 "nothing: this machine knows no such bundle; .sealift status. lists them" stop nothing
    told 2 "not the name of a bundle" hold ../web
    told 2 "not the name of a bundle" hold ''
    told 2 "not the name of a bundle" stop "$(printf 'w%.0s' {1..60})"
    told 2 "not the version of a release" rollback web ../1
    told 2 "not the version of a release" rollback web "$(printf '1%.0s' {1..200})"
    told 1 "release 9 is not on disk" rollback web 9
    told 1 "no earlier release to go back to" rollback web
    like "$(order_call Hold s "$(printf 'w\nb')" 2>&1)" "not the name of a bundle" "D-Bus: a name with a newline"
    like "$(order_call Hold u 7 2>&1)" "." "D-Bus: a number where a name belongs"
    not_ok "D-Bus: an order with too few words" order_call Rollback s web
    is "$(find "$STORE/state" -type f -exec sha256sum {} +)" "$before" "and nothing was written"
    ok "the service runs on" web_answers 1
}

hold() {
    told 0 "held" hold web
    told 0 "held" hold web
    web_publish 2
    told 0 "up to date" check
    ok "no other release is installed" web_answers 1
    like "$(sealift why web || true)" "hold +failed: web is held" "why says so"
    systemctl restart sealiftd.service
    told 0 "up to date" check
    ok "nor after a restart of the agent" web_answers 1
    told 0 "not held" unhold web
    told 0 "not held" unhold web
    told 0 "web 2: running" check
    ok "then it is" web_answers 2
}

stop_and_start() {
    local unit
    told 0 "until sealift start web or the next boot" stop web
    ok "nothing of it runs" nothing_runs
    told 0 "is stopped" stop web
    is "$(bundle_state web state)" stopped "status says so"
    told 3 "stopped" status web
    web_publish 3
    told 0 "web 2: stopped" check
    ok "no release is installed, which would start it" nothing_runs
    like "$(sealift why web || true)" "stop +failed: web is stopped" "why says so"
    systemctl restart sealiftd.service
    told 0 "web 2: stopped" check
    ok "a restart of the agent does not start it" nothing_runs
    systemctl restart sealift-unitd.service sealiftd.service
    told 0 "web 2: stopped" check
    ok "nor one of sealift-unitd" nothing_runs
    told 0 "web runs release 2" start web
    ok "start does" web_answers 2
    unit=$(web_invocation)
    told 0 "web runs release 2" start web
    is "$(web_invocation)" "$unit" "and not a second time"
    told 0 "started again" restart web
    ok "restart is another process" test "$(web_invocation)" != "$unit"
    told 0 "web 3: running" check
    told 0 "disabled" disable web
    told 0 "disabled" stop web
    told 0 "started again" restart web
    ok "restart starts what is disabled" web_answers 3
    is "$(wishes)" "Current=3 " "and nothing of that is left"
}

go_back() {
    local unit
    told 0 "web runs release 2 again" rollback web
    ok "it answers" web_answers 2
    told 1 "sealift retry" check
    ok "the one that was set back is not installed again" web_answers 2
    told 1 "quarantined" rollback web 3
    unit=$(web_invocation)
    told 0 "web runs release 2" rollback web 2
    is "$(web_invocation)" "$unit" "which is left alone"
    told 1 "no earlier release" rollback web
    told 0 "may be tried again" retry web
    ok "retry brings it back" await 30 web_answers 3
    told 0 "up to date" check
    ok "a file of an old release is changed" sed -i s/2/X/ "$STORE"/releases/web/2-*/tree/site/index.html
    told 1 "index.html" rollback web 2
    ok "which is refused, and nothing is stopped" web_answers 3
    sed -i s/X/2/ "$STORE"/releases/web/2-*/tree/site/index.html
    echo "[Policy web]" >/etc/sealift/policy.d/web.conf
    told 1 "not granted" rollback web 2
    ok "so is one that this host does not grant any more" web_answers 3
    agent_grant web Bind=tcp:8080
    told 0 "disabled" disable web
    told 0 "runs release 2 again" rollback web 2
    ok "rollback starts what is disabled" web_answers 2
    is "$(bundle_state web state)" running "and nothing of that is left"
    told 0 "may be tried again" retry web
    ok "and the newest again" await 30 web_answers 3
}

# What was written down, and not done, when an agent was killed.
half_done() {
    systemctl stop sealiftd.service
    sed -i 's/^Current=/Disabled=yes\n&/' "$STATE"
    ok "an agent was killed before it stopped a bundle" web_answers 3
    systemctl start sealiftd.service
    ok "the next one does" await 30 nothing_runs
    is "$(bundle_state web state)" disabled "and says so"
}

# What is stopped stays so where a release that is rolled back to does not come up.
back_in_vain() {
    told 0 "web runs release 3" start web
    web_write 3.1
    sed -i 's|^ExecStart=.*|ExecStart=/usr/bin/python3 /bundle/gate.py|' /srv/web.manifest
    sed -i 's/^\[Service.*/&\nStateDirectory=yes/' /srv/web.manifest
    cat >"$WEB/gate.py" <<'PY'
import os, sys
if os.path.exists(os.environ["STATE_DIRECTORY"] + "/shut"):
    sys.exit(7)
os.execv("/usr/bin/caddy", ["caddy", "run", "--config", "/bundle/Caddyfile"])
PY
    publish_release 3.1 "$WEB" /srv/web.manifest
    told 0 "web 3.1: running" check
    rm "$WEB/gate.py"
    web_publish 3.2
    told 0 "web 3.2: running" check
    touch "$(readlink -f /var/lib/sealift-web)/shut"
    told 0 "stopped" stop web
    told 1 "exited with status 7" rollback web 3.1
    ok "a rollback that fails does not start what was stopped" nothing_runs
    is "$(bundle_state web state)" stopped "which it still is"
    told 0 "web runs release 3.2" start web
    told 1 "exited with status 7|quarantined" rollback web 3.1
    ok "and brings back what ran" await 30 web_answers 3.2
    told 0 "may be tried again" retry web
    told 0 "up to date" check
}

# A bundle with a socket of systemd's.
exporter() { curl --silent --max-time 5 --output /dev/null http://localhost:9100/metrics; }
refuses() { ! (exec 3<>/dev/tcp/127.0.0.1/9100) 2>/dev/null; }
sockets() {
    mkdir -p /srv/exporter && cp /usr/bin/prometheus-node-exporter /srv/exporter
    sed 's/^Version=.*/Version=1/' /usr/share/doc/sealift/manifests/node-exporter.manifest >/srv/exporter.manifest
    example_says /usr/share/doc/sealift/manifests/node-exporter.manifest "What the host's policy" >/etc/sealift/policy.d/node-exporter.conf
    publish_release 1 /srv/exporter /srv/exporter.manifest
    told 0 "node-exporter 1: running" check
    ok "a bundle with a socket" exporter
    told 0 "started again" restart node-exporter
    ok "is there after a restart" exporter
    told 0 "stopped" stop node-exporter
    ok "stopped, its connections are refused, not kept waiting" refuses
    told 0 "runs release 1" start node-exporter
    ok "started, they are taken" exporter
    told 0 "disabled" disable node-exporter
    ok "disabled, they are refused" refuses
}

# What cannot be written down is not done.
full_disk() {
    local before unit
    # No poll is under way that could still write.
    told 0 "up to date" check
    before=$(cat "$STATE")
    unit=$(web_invocation)
    chattr +i "$STORE/state" 2>/dev/null || mount -o bind,ro "$STORE/state" "$STORE/state"
    told 1 "state" stop web
    told 1 "state" hold web
    told 1 "state" rollback web 2
    chattr -i "$STORE/state" 2>/dev/null || umount "$STORE/state"
    is "$(cat "$STATE")" "$before" "the state is as before"
    is "$(web_invocation)" "$unit" "nothing was stopped"
    ok "nothing is quarantined" test -z "$(grep Quarantined "$STATE")"
}

# While a release is being started, which takes its time (meanwhile.t: while one is fetched).
while_busy() {
    web_write 4
    cat >"$WEB/slow.py" <<'PY'
import os, time
open(os.environ["STATE_DIRECTORY"] + "/started", "w").close()
while not os.path.exists(os.environ["STATE_DIRECTORY"] + "/go"):
    time.sleep(0.05)
os.execv("/usr/bin/caddy", ["caddy", "run", "--config", "/bundle/Caddyfile"])
PY
    sed -i 's|^ExecStart=.*|ExecStart=/usr/bin/python3 /bundle/slow.py|; s/^\[Service.*/&\nStateDirectory=yes/' /srv/web.manifest
    sed -i 's/^TimeoutStartSec=.*/TimeoutStartSec=3min/' /srv/web.manifest
    publish_release 4 "$WEB" /srv/web.manifest
    sealift check --no-wait
    await 30 test -e /var/lib/sealift-web/started
    sealift hold web >/srv/held 2>&1 &
    local order=$!
    await 20 waits_for_order "$order"
    # Who asks after it has been answered by then.
    sealift status web >/dev/null
    ok "an order waits while a release of its bundle is started" test ! -s /srv/held
    touch "$(readlink -f /var/lib/sealift-web)/go"
    wait "$order" || said="status $?"
    like "$(cat /srv/held)" "held" "and is carried out and answered then"
    sealift unhold web >/dev/null
    told 0 "web 4: running" check
}
waits_for_order() { ss -Hxp | grep -q "ESTAB.*pid=$1,"; }

case $PHASE in
    1)
        web_begin
        agent_enable
        who_may
        odd_words
        hold
        stop_and_start
        go_back
        full_disk
        half_done
        back_in_vain
        sockets
        while_busy
        told 0 "stopped" stop web
        next_boot reboot
        ;;
    2)
        ok "stopped: it runs after the next boot" await 30 web_answers 4
        ok "status knows" await 20 web_is running
        bucket_start
        told 0 "disabled" disable web
        next_boot cut
        ;;
    3)
        bucket_start
        told 0 "up to date|disabled" check
        ok "disabled: it does not" nothing_runs
        is "$(bundle_state web state)" disabled "status knows"
        told 0 "web runs release 4" start web
        next_boot reboot
        ;;
    4)
        ok "started: it does" await 30 web_answers 4
        done_testing
        ;;
esac
