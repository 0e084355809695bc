#!/usr/bin/env bash
# ExecMigrate=: runs once in an update, before the new release starts, with the old one stopped or running as declared; one that
# fails rolls back, and one that was cut short runs again.
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
[ -z "$STATE_DIRECTORY" ] || echo "$1" >>"$dir/migrations"
while [ -e "$dir/wait" ]; do sleep 0.1; done
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

# Beside the old one, which has no directory then.
app_service=$'ExecMigrate=/bundle/migrate 5\nMigrateWhile=running'
app_write_migrating 5
sed -i '/^StateDirectory/d' /srv/app.manifest
publish_release 5 "$APP" /srv/app.manifest
journal_mark
ok "one beside the old release" sealift check
like "$(order)" "Started main-migrate@5 .*Stopping main@4 .*Started main@5" "which runs until it is over"
is "$(gate "migrate beside")" passed "its gate is another"

invocation=$(systemctl show -P InvocationID "$(app_unit)")
app_service=$'ExecMigrate=/usr/bin/false\nMigrateWhile=running'
app_write_migrating 6
sed -i '/^StateDirectory/d' /srv/app.manifest
publish_release 6 "$APP" /srv/app.manifest
journal_mark
said=0
sealift check >/srv/said 2>&1 || said=$?
is "$said" 1 "one beside the old release that fails: the check fails"
is "$(gate "migrate beside") $(gate ready)" "failed not reached" "at its gate"
like "$(journal_since "MESSAGE_ID=${EVENT[migration-failed]}")" "exit status 1" "the journal says so"
like "$(journal_since "MESSAGE_ID=${EVENT[failed]}")" "release 6 did not come up and is quarantined" "and what comes of it"
ok "the old release runs, alone" await 20 app_runs 5
is "$(systemctl show -P InvocationID "$(app_unit)")" "$invocation" "as it did all the time"
is "$(bundle_state app version) $(bundle_state app state)" "5 running" "status says so"
like "$(sealift check 2>&1)" "6 is quarantined here" "it is not tried again"
done_testing
