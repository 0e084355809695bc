#!/usr/bin/env bash
# ExecMigrate=: runs once in an update, before the new release starts, with the old one stopped or running as declared; one that
# fails rolls back, and one that was cut short runs again.
# shellcheck disable=SC2034 # for scenario.sh
SCENARIO_OPTIONS=(--clock)
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"
# shellcheck source=tests/host/trial.sh
. /tests/host/trial.sh

# A migration that says what it does, and whether the old service listens meanwhile.
app_write_migrating() {
    app_write "$@"
    cat >"$APP/migrate" <<'SH'
#!/bin/sh
dir=${STATE_DIRECTORY:-/dev/shm}
echo "migrating to $1"
mkdir "$dir/migrating" 2>/dev/null || echo "$1" >>"$dir/twice"
[ -z "$STATE_DIRECTORY" ] || echo "$1" >>"$dir/migrations"
while [ -e "$dir/wait" ]; do sleep 0.1; done
rmdir "$dir/migrating"
[ ! -e "$dir/refuse" ]
SH
    chmod 755 "$APP/migrate"
}
publish_migrating() {
    app_write_migrating "$@"
    publish_release "$1" "$APP" /srv/app.manifest
}
migrations() { cat $APP_STATE/migrations; }
# first SED-REGEX, second: which stands first in systemd's own words
order() { journal_since _PID=1 | grep -oE "^(Started|Stopping|Stopped|Finished|Starting) sealift-app\.[a-z-]+@[0-9]+" | sed 's/sealift-app\.//' | tr '\n' ' '; }
migrates() { systemctl list-units --plain --no-legend 'sealift-app.main-migrate@*' | grep -q running; }

app_begin
app_soak=0
app_service=ExecMigrate='/bundle/migrate 1'
publish_migrating 1
journal_mark
ok "a first release with a migration" sealift check
is "$(migrations)" 1 "it ran once"
like "$(order)" "Started main-migrate@1 .*Started main@1" "before the service was started"
systemctl restart sealiftd.service
ok "the agent starts anew" await 20 app_is "1 running"
is "$(migrations)" 1 "which is no reason to run it again"

app_service=ExecMigrate='/bundle/migrate 2'
publish_migrating 2
journal_mark
ok "the next one" sealift check
is "$(migrations | tr '\n' ' ')" "1 2 " "its migration ran"
like "$(order)" "Stopped main@1 .*Started main-migrate@2 .*Started main@2" "while nothing of the bundle did"

touch $APP_STATE/refuse
app_service=ExecMigrate='/bundle/migrate 3'
publish_migrating 3
journal_mark
not_ok "one that fails" sealift check
is "$(gate migrate) $(gate ready)" "failed not reached" "stops at its gate"
like "$(journal_since "MESSAGE_ID=${EVENT[migration-failed]}")" "exit status 1" "the journal says so"
expect_back "a failed migration" 3 2
rm $APP_STATE/refuse
not_ok "it is not tried again" sealift check
is "$(migrations | tail -n 1)" 3 "nor is the migration"

touch $APP_STATE/wait
app_service=ExecMigrate='/bundle/migrate 4'
publish_migrating 4
journal_mark
sealift check --no-wait
ok "one that takes its time" await 20 migrates
systemctl kill --signal=KILL sealiftd.service
rm $APP_STATE/wait
ok "the agent is killed meanwhile, and comes back" await 60 app_runs 4
is "$(migrations | tr '\n' ' ')" "1 2 3 4 4 " "the migration ran again"

# Killed while one runs, sealift-unitd is asked for it again when it is back; and the one that runs is nobody's then.
# has_unitd OLD: another one than that has taken sealiftd's call, and read what it said
has_unitd() {
    local pid
    pid=$(pid_of sealift-unitd.service)
    [ "$pid" -gt 0 ] && [ "$pid" != "$1" ] && nsenter --net --target "$(pid_of sealiftd.service)" ss -Hxp | grep -q "ESTAB *0 .*unitd.sock.*pid=$pid,"
}
begun() { [ "$(migrations | tail -n 1)" = "$1" ]; }
rm -rf $APP_STATE/migrating $APP_STATE/twice
touch $APP_STATE/wait
app_service=ExecMigrate='/bundle/migrate 5'
publish_migrating 5
journal_mark
sealift check --no-wait
ok "one that takes its time" await 60 begun 5
unitd=$(pid_of sealift-unitd.service)
kill -KILL "$unitd"
ok "sealift-unitd is killed meanwhile, and comes back" await 60 has_unitd "$unitd"
is "$(systemctl list-units --plain --no-legend 'sealift-app.main-migrate@5*' | wc -l)" 1 "the migration is not run beside itself"
rm $APP_STATE/wait
ok "the release comes up" await 60 app_runs 5
not_ok "no two have met" test -e $APP_STATE/twice
is "$(migrations | tail -n 2 | tr '\n' ' ')" "5 5 " "the migration ran again"
is "$(journal_since _PID=1 | grep -oE '(migrate@5-[0-9a-f]*-[0-9]*.service: Deactivated|Started sealift-app.main@5)' | sed 's/-.*: / /' | tr '\n' ' ')" \
    "migrate@5 Deactivated migrate@5 Deactivated Started sealift-app.main@5 " "and both had ended when the service was started"

# It may take its 15 minutes, and another 15 to stop, after one that is waited for as long: the agent alone sees them pass.
agent_clock() {
    echo "$1" >/etc/clock.new
    mv /etc/clock.new /etc/clock-monotonic
    for _ in 1 2; do
        sealift status >/srv/said || true # whoever is asked looks at the clock
    done
}
mkdir -p /run/systemd/system/sealiftd.service.d
printf '[Service]\nEnvironment=LD_PRELOAD=/usr/lib/clock.so\n' >/run/systemd/system/sealiftd.service.d/clock.conf
systemctl daemon-reload
systemctl restart sealiftd.service
await 60 app_is "5 running"
touch $APP_STATE/wait
app_service=ExecMigrate='/bundle/migrate 5.1'
publish_migrating 5.1
sealift check --no-wait
ok "one that takes its time" await 60 begun 5.1
agent_clock $((50 * 60))
agent_clock 0
rm $APP_STATE/wait
ok "after 50 minutes it is waited for still, and the release comes up" await 60 app_runs 5.1
is "$(migrations | tail -n 2 | tr '\n' ' ')" "5 5.1 " "at the first attempt"

# Beside the old one, which has no directory then.
app_service=$'ExecMigrate=/bundle/migrate 6\nMigrateWhile=running'
app_write_migrating 6
sed -i '/^StateDirectory/d' /srv/app.manifest
publish_release 6 "$APP" /srv/app.manifest
journal_mark
ok "one beside the old release" sealift check
like "$(order)" "Started main-migrate@6 .*Stopping main@5 .*Started main@6" "which runs until it is over"
is "$(gate "migrate beside")" passed "its gate is another"

invocation=$(systemctl show -P InvocationID "$(app_unit)")
app_service=$'ExecMigrate=/usr/bin/false\nMigrateWhile=running'
app_write_migrating 7
sed -i '/^StateDirectory/d' /srv/app.manifest
publish_release 7 "$APP" /srv/app.manifest
journal_mark
said=0
sealift check >/srv/said 2>&1 || said=$?
is "$said" 1 "one beside the old release that fails: the check fails"
is "$(gate "migrate beside") $(gate ready)" "failed not reached" "at its gate"
like "$(journal_since "MESSAGE_ID=${EVENT[migration-failed]}")" "exit status 1" "the journal says so"
like "$(journal_since "MESSAGE_ID=${EVENT[failed]}")" "release 7 did not come up and is quarantined" "and what comes of it"
ok "the old release runs, alone" await 20 app_runs 6
is "$(systemctl show -P InvocationID "$(app_unit)")" "$invocation" "as it did all the time"
is "$(bundle_state app version) $(bundle_state app state)" "6 running" "status says so"
like "$(sealift check 2>&1)" "7 is quarantined here" "it is not tried again"
done_testing
