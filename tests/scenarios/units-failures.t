#!/usr/bin/env bash
# Releases that do not come up, as sealift-unitd finds it out on a real systemd, and what it says about them.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"
# shellcheck source=tests/host/units.sh
. /tests/host/units.sh

failures() {
    install broken 1 <<'INTENT'
[Service main]
ExecStart=/usr/bin/false
Restart=always
[Service other]
ExecStart=/usr/bin/sleep infinity
INTENT
    like "$(unitd start "$sealed" || true)" "ECHILD.*exited with status 1" "a service that fails at once fails its release"
    is "$(unitd list)$(leftovers broken)" "" "and its other service is stopped"
    install broken 2 <<'INTENT'
[Service main]
ExecStart=/usr/bin/sleep 0.3
Restart=always
RestartSec=10s
INTENT
    like "$(unitd start "$sealed" || true)" "ECHILD.*exited with status 0" "so does one that ends 0.3 s after its start"
    install broken 3 <<'INTENT'
[Service main]
ExecStart=/usr/bin/not-there
INTENT
    like "$(unitd start "$sealed" || true)" "ECHILD.*cannot be executed" "and one whose program is not there"
    install broken 4 <<'INTENT'
[Service main]
ExecStart=/usr/bin/sleep infinity
Type=notify
TimeoutStartSec=1s
INTENT
    like "$(unitd start "$sealed" || true)" "ECHILD.*not ready in time" "and one that never says it is ready"
    is "$(unitd list)$(leftovers broken)" "" "nothing is left of them"
    like "$(journalctl --quiet --output=cat MESSAGE_ID=5e1ecb0a5b564a3bbf7123523a5b32c7 SEALIFT_BUNDLE=broken)" "not ready in time" \
        "the journal says why, too"
    install broken 5 <<'INTENT'
[Service main]
ExecStart=/usr/bin/sleep infinity
Type=notify
TimeoutStartSec=60s
INTENT
    unitd start "$sealed" >/srv/stopped 2>&1 &
    await 10 is_activating 'sealift-broken.*'
    systemctl stop 'sealift-broken.*'
    wait "$!" || true
    like "$(cat /srv/stopped)" "EINTR" "one that somebody stops while it starts is not to blame"
    is "$(unitd list)$(leftovers broken)" "" "and gone too"
}

# systemd goes on without a filter of addresses where it cannot make one: on cgroups of both versions, as here.
outbound() {
    printf '[Policy narrow]\nOutbound=any\n' >/etc/sealift/policy.d/narrow.conf
    install narrow 1 <<'INTENT'
[Service main]
ExecStart=/usr/bin/sleep infinity
[Sandbox main]
Network=outbound
Outbound=192.0.2.0/24
INTENT
    if [ "$(stat --file-system --format=%T /sys/fs/cgroup)" = cgroup2fs ]; then
        ok "a service that may reach some addresses starts" unitd start "$sealed"
        unitd stop "$sealed"
    else
        like "$(unitd start "$sealed" || true)" "ENOTSUP.*can reach every address" "a list of addresses that is not in force fails the release"
    fi
    install narrow 2 <<'INTENT'
[Service main]
ExecStart=/usr/bin/sleep infinity
[Sandbox main]
Network=outbound
Outbound=any
INTENT
    ok "one that may reach all of them starts" unitd start "$sealed"
    unitd stop "$sealed"
    is "$(unitd list)$(leftovers narrow)" "" "nothing is left of them"
}

# A program that always asks for more time, to start and to stop. The limit is made short with a drop-in of this host's; without
# one of sealift-unitd's own, this would not end before the machine is ended.
lingers() {
    mkdir -p /srv/linger
    site_dropin service Unit JobRunningTimeoutSec=10s
    cat >/srv/linger/main <<'PYTHON'
#!/usr/bin/python3
import os, signal, socket, sys, time
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.connect(os.environ["NOTIFY_SOCKET"])
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if sys.argv[1] == "ready":
    notify.send(b"READY=1")
while True:
    notify.send(b"EXTEND_TIMEOUT_USEC=60000000")
    time.sleep(0.2)
PYTHON
    chmod 755 /srv/linger/main
    install linger 1 <<'INTENT'
[Service main]
ExecStart=/bundle/main never
Type=notify
TimeoutStartSec=1s
TimeoutStopSec=1s
INTENT
    like "$(unitd start "$sealed" || true)" "ECHILD.*not ready in time" "a start that is put off for ever has an end"
    install linger 2 <<'INTENT'
[Service main]
ExecStart=/bundle/main ready
Type=notify
TimeoutStopSec=1s
INTENT
    ok "it starts" unitd start "$sealed"
    ok "and a stop that is put off has one too" unitd stop "$sealed"
    is "$(unitd list)$(leftovers linger)" "" "nothing is left of it"
    site_dropin_gone service
}

units_begin
failures
outbound
lingers
units_end
