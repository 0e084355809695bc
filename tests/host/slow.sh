# shellcheck shell=bash
# The bundle "slow", whose start takes until it is told to be ready: the file $GO (sourced behind scenario.sh).

SLOW=/srv/slow
# shellcheck disable=SC2034 # for scenarios
GO=/var/lib/private/sealift-slow/go

slow_publish() {
    mkdir -p "$SLOW"
    cat >"$SLOW/slow.py" <<'PY'
import os, signal, socket, time
while not os.path.exists(os.environ["STATE_DIRECTORY"] + "/go"):
    time.sleep(0.05)
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
    s.connect(os.environ["NOTIFY_SOCKET"])
    s.send(b"READY=1")
while True:
    signal.pause()
PY
    cat >/srv/slow.manifest <<'INTENT'
[Bundle]
Name=slow
Version=1
SoakSec=0

[Service main]
ExecStart=/usr/bin/python3 /bundle/slow.py
Type=notify
StateDirectory=yes
TimeoutStartSec=5min
INTENT
    publish_release 1 "$SLOW" /srv/slow.manifest
}

slow_is() { [ "$(bundle_state slow state)" = "$1" ]; }
