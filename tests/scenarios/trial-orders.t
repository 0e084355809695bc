#!/usr/bin/env bash
# What an operator says while a release is on trial: it goes back once and for good, or it rests and nobody judges it.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"
# shellcheck source=tests/host/trial.sh
. /tests/host/trial.sh

app_begin
app_soak=1s app_publish 1
journal_mark
ok "release 1 is installed" sealift check
expect_proven "release 1" 1

app_publish 2
ok "release 2 is on trial" sealift check
ok "its operator goes back" sealift rollback app
is "$(app_state Current) $(app_state Previous) $(app_state Proven)" "1  1" "to release 1, behind which there is nothing"
sealift check || true
ok "which the next check leaves alone" app_runs 1
ok "and status says so" app_is "1 running"

# What was set back is not installed again by itself, but is better than nothing.
sealift retry app >/dev/null
app_publish 5
ok "release 5 is on trial" sealift check
app_soak=1s app_publish 6
journal_mark
ok "release 6 is installed" sealift check
expect_proven "release 6" 6
ok "its operator goes back to release 5" sealift rollback app 5
ok "which is on trial again" on_trial
not_ok "release 6 does not come back by itself" sealift check
ok "but has a verdict of the operator over it" grep -q "^By=operator$" "$STORE/state/app"
journal_mark
app_does 500
expect_back "release 5 fails" 5 6
app_does ""
not_ok "with no verdict over what runs" grep -q "^Version=6$" "$STORE/state/app"
ok "which the next check leaves alone" sealift check
ok "it runs" app_runs 6

# Held is what may be installed, not what fails.
app_publish 6.1
ok "release 6.1 is on trial" sealift check
ok "its bundle is held" sealift hold app
app_publish 6.2
ok "another release is left alone" sealift check
ok "and the trial goes on" on_trial
journal_mark
app_does 500
expect_back "held, release 6.1 fails" 6.1 6
app_does ""
ok "a check" sealift check
like "$(sealift why app || true)" "hold +failed: app is held" "finds it held, still"
ok "and leaves it alone" app_runs 6
ok "held no more" sealift unhold app
ok "release 6.2 is installed" sealift check
ok "it runs" app_runs 6.2

# A verdict that cannot be written down is none yet, and the journal does not say that it is.
sealift retry app >/dev/null
app_publish 8
ok "release 8 is on trial" sealift check
chown root "$STORE/state"
journal_mark
app_does 500
like "$(await_journal 60 "MESSAGE_ID=${EVENT[unsaved]}")" "release 8 is not well, but that cannot be written down" "its verdict is not"
is "$(journal_since "MESSAGE_ID=${EVENT[failed]}")" "" "and it is not said to be quarantined"
chown sealift "$STORE/state"
expect_back "when it can be" 8 6
app_does ""

# A boot each time: the agent knows it by what tmpfiles.d wrote down.
app_publish 7
ok "release 7 is on trial" sealift check
ok "and is disabled" sealift disable app
for n in 1 2 3 4 5; do
    printf '%032x' "$n" >/run/sealift/boot
    systemctl restart sealiftd.service
    ok "boot $n: it is disabled" await 20 app_is "7 disabled"
done
is "$(app_state Current)" 7 "and has not been judged"
is "$(systemctl list-units --plain --no-legend 'sealift-app.*@*.service')" "" "nor does anything run"
done_testing
