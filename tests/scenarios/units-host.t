#!/usr/bin/env bash
# What systemd could not set up before a program began: whose doing that is, this host's or the release's own. A host's fault
# quarantines nothing, at a start and at a restart.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"
# shellcheck source=tests/host/units.sh
. /tests/host/units.sh

SITE=sealift-needy.main@
NOT_THERE=BindReadOnlyPaths=/srv/not-there

# needy VERSION [LINE...]: a release of one service, with these lines too
needy() {
    install needy "$1" < <(printf '[Service main]\nExecStart=/usr/bin/sleep infinity\n' && printf '%s\n' "${@:2}")
}
# fails ERROR TEXT NAME
fails() { like "$(unitd start "$sealed" 2>&1 || true)" "^$1 sealift-needy.main@.*$2" "$3"; }

# without SECTION LINE TEXT NAME: this host's own drop-in asks for what cannot be had.
without() {
    site_dropin "$SITE" "$1" "$2"
    fails ENOTSUP "$3" "$4, which is this host's doing"
    site_dropin_gone "$SITE"
}

# of_the_host: one for each class, where a container can provoke it
of_the_host() {
    mkdir -p /srv/needy
    needy 1 StateDirectory=yes
    without Service $NOT_THERE "status 226: .*NAMESPACE" "a mount cannot be made"
    without Service $'DynamicUser=no\nUser=not-there' "status 217: .*USER" "there is no such user"
    without Service SupplementaryGroups=not-there "status 216: .*GROUP" "nor such a group"
    without Service EnvironmentFile=/srv/not-there "resources" "nothing was even forked"
    without Unit AssertPathExists=/srv/not-there "assert" "what is asserted is not so"
    rm -rf /var/lib/private/sealift-needy
    touch /var/lib/private/sealift-needy
    fails ENOTSUP "status 238: .*STATE_DIRECTORY" "a file is in the way of its directory, which is this host's doing"
    rm /var/lib/private/sealift-needy
    ok "with all of it, the same release starts" unitd start "$sealed"
    unitd stop "$sealed"
}

# A secret that is there, and no secret.
secret() {
    mkdir -p /etc/credstore.encrypted
    echo "bm90IGEgc2VjcmV0" >/etc/credstore.encrypted/sealift-needy.token
    needy 2 LoadCredential=token
    fails ENOTSUP "status 243: .*CREDENTIALS" "a secret that cannot be decrypted is this host's doing"
    rm /etc/credstore.encrypted/sealift-needy.token
}

# refuses CALL [WHEN]: the kernel, to whatever systemd forks, until it does so no more (refuses_no_more).
refuses() {
    trace_begin -f -p 1 -e trace="$1" -e inject="$1:error=ENOMEM${2:+:when=$2}"
}
refuses_no_more() { trace_end; }

# What this kernel does not give. systemd goes on without system call filters, whose first five calls only ask what there is.
kernel() {
    needy 3
    refuses unshare
    fails ENOTSUP "status 225: .*NETWORK" "a kernel that gives no network namespace is this host's doing"
    refuses_no_more
    refuses seccomp 6+
    fails ENOTSUP "(seccomp filters|status 228: .*SECCOMP)" "so is one that takes no system call filters"
    refuses_no_more
}

# of_its_own: what a bundle would fail by everywhere
of_its_own() {
    needy 4 WorkingDirectory=/bundle/not-there
    fails ECHILD "status 200: .*CHDIR" "a directory that the bundle has not is its own doing"
    needy 5 ExecStartPre=/usr/bin/false
    fails ECHILD "its ExecStartPre= exited with status 1 " "so is a command before the program that fails"
    needy 6 ExecStartPre=/usr/bin/not-there
    fails ECHILD "its ExecStartPre= exited with status 203: .*EXEC" "and one that is not there"
    mkdir -p /srv/needy
    printf '#!/usr/bin/not-there\n' >/srv/needy/main
    chmod 755 /srv/needy/main
    needy 12
    sed -i "s|^ExecStart=.*|ExecStart=/bundle/main|" "$sealed"
    unitd prepare "$sealed" /srv/needy
    fails ECHILD "status 203: .*for this machine" "and a program whose interpreter is not there"
}

# A job has its walls looked at before it is executed.
of_its_job() {
    needy 18 Type=oneshot "[Timer work]" Service=main "OnCalendar=Mon *-02-03 04:05"
    sed -i "s|^ExecStart=.*|ExecStart=/bundle/main|" "$sealed"
    unitd prepare "$sealed" /srv/needy
    unitd start "$sealed"
    journal_mark
    systemctl start sealift-wake@needy.work:timer.service
    like "$(await_journal 30 MESSAGE_ID=a5adf467020c453e9a45a14ef7e4216a SEALIFT_BUNDLE=needy)" "the job failed.* exited with status 203: .*for this machine" \
        "a job whose program's interpreter is not there is told as such"
    unitd stop "$sealed"
}

# The host mounts what releases are on so that nothing there can be executed.
on_noexec() {
    local releases=/var/lib/sealift/releases
    printf '#!/bin/sh\nexec sleep infinity\n' >/srv/needy/main
    needy 19
    sed -i "s|^ExecStart=.*|ExecStart=/bundle/main|" "$sealed"
    unitd prepare "$sealed" /srv/needy
    mount --bind $releases $releases
    mount -o remount,bind,noexec $releases
    fails ENOTSUP "status 203: .*mounted noexec; mount it without" "what is mounted so that nothing can be executed is this host's doing"
    like "$(sealift lint --host "$sealed" 2>&1 || true)" "mounted noexec, so that no program" "which sealift lint --host tells as well"
    umount --lazy $releases
    unlike "$(sealift lint --host "$sealed" 2>&1 || true)" noexec "but not without that"
    ok "when the same release starts" unitd start "$sealed"
    unitd stop "$sealed"
}

# What runs first has the same walls.
before() {
    needy 7 ExecStartPre=/usr/bin/true
    without Service $NOT_THERE "its ExecStartPre= exited with status 226: .*NAMESPACE" "what runs before the program has no mounts"
}

# A program that began, and ends as systemd would.
pretends() {
    cat >/srv/needy/main <<'PYTHON'
#!/usr/bin/python3
import os, socket, sys, time
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
    s.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
while not os.path.exists(os.environ["STATE_DIRECTORY"] + "/go"):
    time.sleep(0.05)
sys.exit(226)
PYTHON
    chmod 755 /srv/needy/main
    install needy 8 <<'INTENT'
[Service main]
Type=notify
ExecStart=/bundle/main
StateDirectory=yes
Restart=no
INTENT
    ok "a program says that it is ready" unitd start "$sealed"
    listen
    touch /var/lib/private/sealift-needy/go
    heard "^failed needy 8 main .*it exited with status 226 [(]exit-code[)].*[(]own[)]$" "the status that it ends with then is its own"
    needy 9 Restart=no "ExecStartPre=/usr/bin/sh -c 'exit 226'"
    fails ECHILD "its ExecStartPre= exited with status 226 " "nor is one of systemd's that a command before it ends with"
    at_once 13 notify
    fails ECHILD "it exited with status 226 " "nor one that it ends with at once, before it is ready"
    at_once 14 exec
    fails ECHILD "it exited with status 226 " "or where it need not say so"
}

# at_once VERSION TYPE: a release whose program ends at once, as systemd would
at_once() {
    needy "$1" Type="$2" Restart=no
    sed -i "s|^ExecStart=.*|ExecStart=/usr/bin/sh -c 'exit 226'|" "$sealed"
    unitd prepare "$sealed" /srv/needy
}

# Where the journal does not say how it ended, nobody is blamed; a systemd of 256 knows without it.
unsaid() {
    at_once 15 notify
    site_dropin "$SITE" Service LogLevelMax=err
    trace_begin -f -e trace=inotify_init1 -p "$(pid_of sealift-unitd.service)"
    if [ "$(systemctl --version | awk 'NR == 1 { print $2 }')" -ge 256 ]; then
        fails ECHILD "it exited with status 226 " "systemd itself knows that it had begun"
    else
        fails ENOTSUP "it exited with status 226: .*NAMESPACE" "what the journal does not tell apart is nothing against a release"
    fi
    trace_end
    is "$(cat /srv/trace)" "" "for which sealift-unitd does not sit and wait" # as sd_journal_wait() does
    site_dropin_gone "$SITE"
}

# It says so late.
said_late() {
    local daemon journald starter
    cat >/srv/needy/before <<'SH'
#!/bin/sh
echo >"$STATE_DIRECTORY/before"
while [ -e "$STATE_DIRECTORY/hold" ]; do sleep 0.1; done
SH
    chmod 755 /srv/needy/before
    needy 20 Restart=no StateDirectory=yes TimeoutStartSec=15min ExecStartPre=/bundle/before
    sed -i "s|^ExecStart=.*|ExecStart=/usr/bin/sh -c 'exit 226'|" "$sealed"
    unitd prepare "$sealed" /srv/needy
    mkdir -p /var/lib/private/sealift-needy
    rm -f /var/lib/private/sealift-needy/before
    touch /var/lib/private/sealift-needy/hold
    unitd start "$sealed" >/srv/started 2>&1 &
    starter=$!
    await 60 test -e /var/lib/private/sealift-needy/before
    daemon=$(pid_of sealift-unitd.service)
    journald=$(pid_of systemd-journald.service)
    trace_begin -f -e trace=openat -p "$daemon"
    kill -STOP "$daemon" "$journald"
    rm /var/lib/private/sealift-needy/hold
    await 60 has_failed
    kill -CONT "$daemon"
    await 60 grep -q log/journal /srv/trace
    kill -CONT "$journald"
    wait $starter || true
    trace_end
    like "$(cat /srv/started)" "^ECHILD .*it exited with status 226 " "a journal that says it late is waited for"
}
has_failed() { [ "$(property "$(systemctl list-units --all --plain --no-legend 'sealift-needy.main@*' | awk '{ print $1; exit }')" ActiveState)" = failed ]; }

# A program that is ready once, and from then on ends as systemd would.
crashes() {
    local unit
    cat >/srv/needy/main <<'PYTHON'
#!/usr/bin/python3
import os, signal, socket, sys
once = os.environ["STATE_DIRECTORY"] + "/once"
if os.path.exists(once):
    sys.exit(226)
open(once, "w").close()
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
    s.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
signal.pause()
PYTHON
    install needy 16 <<'INTENT'
[Service main]
Type=notify
ExecStart=/bundle/main
StateDirectory=yes
Restart=always
RestartSec=100ms
INTENT
    unitd start "$sealed"
    unit=$(unit_of needy)
    listen failed
    kill -KILL "$(pid_of "$unit")"
    heard "^failed needy 16 main $unit .*it died [0-9]+ times within a minute; .*[(]own[)] [(]again[)]$" "one that ends so at each restart is to blame for them"
    is "$(unitd list)$(leftovers needy)" "" "and gone"
}

# What is missing at a restart only counts against nobody, however often.
restarts() {
    local unit
    needy 10 Restart=always RestartSec=1s
    unitd start "$sealed"
    unit=$(unit_of needy)
    listen
    site_dropin "$SITE" Service $NOT_THERE
    heard "^running needy 10 main $unit .*drop-ins of this host" "a drop-in of this host's is told"
    listen
    kill -KILL "$(pid_of "$unit")"
    heard "^running needy 10 main $unit .*status 226: .*NAMESPACE" "a restart that this host did not let happen is told, and is no failure"
    listen failed
    heard "^failed needy 10 main $unit .*status 226: .*it died [0-9]+ times within a minute$" "nor are all of them together"
    is "$(unitd list)$(leftovers needy)" "" "nothing is left of it"
    site_dropin_gone "$SITE"
}

# Neither is what runs beside a release.
tasks() {
    needy 11 ExecMigrate=/usr/bin/true "[Health main]" Exec=/usr/bin/true
    site_dropin sealift-needy.main-migrate@ Service $NOT_THERE
    site_dropin sealift-needy.main-probe@ Service $NOT_THERE
    like "$(unitd migrate "$sealed" stopped 2>&1 || true)" "^ENOTSUP .*the migration failed: exit status 226" "nor is a migration that this host does not let begin"
    unitd start "$sealed"
    like "$(unitd probe "$sealed" main 2>&1 || true)" "^ENOTSUP .*exit status 226" "nor a question after its health"
    site_dropin_gone sealift-needy.main-migrate@
    site_dropin_gone sealift-needy.main-probe@
    ok "both are well without that" unitd migrate "$sealed" stopped
    is "$(unitd probe "$sealed" main)" good "and good"
    unitd stop "$sealed"
    needy 17 "ExecMigrate=/usr/bin/sh -c 'exit 243'" "[Health main]" "Exec=/usr/bin/sh -c 'exit 243'"
    like "$(unitd migrate "$sealed" stopped 2>&1 || true)" "^ECHILD .*the migration failed: exit status 243" "one that ends with such a status is to blame"
    unitd start "$sealed"
    like "$(unitd probe "$sealed" main 2>&1 || true)" "^ECHILD .*exit status 243" "and so is a question"
    unitd stop "$sealed"
}

units_begin
of_the_host
secret
kernel
of_its_own
of_its_job
on_noexec
before
pretends
unsaid
said_late
crashes
restarts
tasks
units_end
