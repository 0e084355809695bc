#!/usr/bin/env bash
# What a release on trial goes back to is read first. Where that is damaged, the next one is taken that is whole, has no verdict and
# is not below the floor; where there is none, nothing runs, also after a boot.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"
# shellcheck source=tests/host/trial.sh
. /tests/host/trial.sh

app_rests() { [ -z "$(systemctl list-units --plain --no-legend 'sealift-app.*@*.service')" ]; }
damaged() { sealift status --json | jq -r '[.bundles[] | select(.name == "app") | .damaged[].version] | sort | join(" ")'; }
has_looked() { [ "$(sealift status --json | jq -r .last_result)" != "" ]; }
damage() { echo 201 >"$(echo "$STORE/releases/app/$1-"*/tree/does)"; }
# epoch_publish VERSION [EPOCH]
epoch_publish() {
    app_write "$1"
    [ -z "${2:-}" ] || sed -i "s/^SoakSec=.*/&\nEpoch=$2/" /srv/app.manifest
    publish_release "$1" "$APP" /srv/app.manifest
}
installed_and_proven() {
    journal_mark
    app_soak=1s epoch_publish "$@"
    ok "release $1 is installed" sealift check
    expect_proven "release $1" "$1"
}
on_trial_and_well() {
    epoch_publish "$1" 1
    ok "release $1 is on trial" sealift check
    ok "and well" await 60 app_was_well
}
fails() {
    journal_mark
    app_does 500
    ok "it does not pass" await_journal 60 "MESSAGE_ID=${EVENT[failed]}" "SEALIFT_VERSION=$1"
    app_does ""
}

# What has never been well has that long for it: what is gone back to is asked while the test makes all well again.
app_start=10min
case $PHASE in
    1)
        app_begin
        sed -i 's/^\[Agent\]/&\nKeep=16/' /etc/sealift/sealift.conf
        systemctl restart sealiftd.service
        installed_and_proven 1
        installed_and_proven 2 1
        installed_and_proven 3 1
        on_trial_and_well 4
        bucket_stop
        fails 4
        ok "release 3 runs again" await 60 app_is "3 running"
        bucket_start
        installed_and_proven 5 1
        on_trial_and_well 6
        bucket_stop
        damage 5
        fails 6
        like "$(await_journal 60 "MESSAGE_ID=${EVENT[damaged]}" PRIORITY=2)" "release 5 is damaged on disk, and not what is gone back to: does" \
            "the one before is damaged, which is an alarm"
        expect_proven "the one before that, which is whole" 3
        is "$(damaged)" 5 "status says which is damaged"
        ok "it runs, alone" await 20 app_runs 3
        ok "status says so" await 20 app_is "3 running"
        bucket_start
        on_trial_and_well 7
        bucket_stop
        # 6 and 4 have failed, 1 is below the floor.
        for release in 2 3 5; do damage $release; done
        fails 7
        like "$(await_journal 60 "MESSAGE_ID=${EVENT[damaged]}" PRIORITY=2 SEALIFT_VERSION=2)" "release 2 is damaged on disk" "all are read"
        ok "none is whole: nothing runs" await 60 app_rests
        ok "and status says so" await 20 app_is "3 failed"
        like "$(journal_since "MESSAGE_ID=${EVENT[damaged]}" PRIORITY=2)" "app is down: release 3 is damaged on disk: does" "so does the journal"
        is "$(damaged)" "2 3 5" "which are damaged"
        agent_enable
        next_boot cut
        ;;
    2)
        ok "after a boot" await 120 has_looked
        is "$(app_state Current) $(bundle_state app state)" "3 failed" "it is not started"
        ok "nor anything else" app_rests
        like "$(journal_since "MESSAGE_ID=${EVENT[damaged]}" PRIORITY=2)" "app: release 3 is damaged on disk, .* and is not started; it is fetched again" \
            "which is said"
        ok "an operator's start has it run as it is" sealift start app
        ok "it runs" await 20 app_runs 3
        unlike "$(cat "$STORE/state/app")" "Rests=" "and is not kept down any more"
        is "$(damaged)" "2 3 5" "damaged it is"
        invocation=$(systemctl show -P InvocationID "$(app_unit)")
        bucket_start
        not_ok "with a bucket, a check has a release that failed" sealift check
        is "$(damaged)" "" "and puts all right that are damaged"
        is "$(systemctl show -P InvocationID "$(app_unit)")" "$invocation" "the service was not touched"
        done_testing
        ;;
esac
