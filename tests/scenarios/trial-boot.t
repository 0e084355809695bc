#!/usr/bin/env bash
# The machine goes down while a release is on trial: after the boot it is judged again, and when that happens again and again,
# the release is taken for the cause.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"
# shellcheck source=tests/host/trial.sh
. /tests/host/trial.sh

boots() { sed -n 's/^Boot=[0-9a-f]* //p' "$STORE/state/app"; }
app_state_is() { [ "$(app_state Current)" = "$1" ]; }

case $PHASE in
    1)
        app_begin
        app_soak=1s app_publish 1
        ok "release 1 is installed" sealift check
        expect_proven "release 1" 1
        app_publish 2
        ok "release 2 is installed" sealift check
        is "$(app_state Current) $(app_state Proven) $(boots)" "2 1 0" "and on trial"
        agent_enable
        next_boot cut
        ;;
    2 | 3 | 4)
        ok "boot $PHASE: it is started again" await 30 app_runs 2
        ok "boot $PHASE: on trial" await 20 on_trial
        is "$(app_state Current) $(app_state Proven) $(boots)" "2 1 $((PHASE - 1))" "boot $PHASE: which is counted"
        systemctl restart sealiftd.service
        ok "boot $PHASE: the agent starts anew" await 20 on_trial
        is "$(boots)" "$((PHASE - 1))" "boot $PHASE: that is no boot"
        if [ "$PHASE" = 3 ]; then next_boot reboot; else next_boot cut; fi
        ;;
    5)
        journal_mark
        ok "one boot too many: the old release is started" await 30 app_runs 1
        ok "status says so" await 10 app_is "1 running"
        is "$(app_state Current) $(app_state Proven) $(boots)" "1 1 " "and the state"
        ok "with the verdict" grep -q "^Version=2$" "$STORE/state/app"
        like "$(grep '^Reason=' "$STORE/state/app")" "started 4 times while it was on trial" "which says why"
        next_boot reboot
        ;;
    6)
        ok "and stays" await 30 app_runs 1
        bucket_start
        app_soak=1s app_publish 3
        journal_mark
        ok "something new is signed: installed" sealift check
        app_does ""
        app_soak=1h app_publish 4
        expect_proven "the new one" 3
        ok "the next one is on trial" sealift check
        app_does die
        next_boot cut
        ;;
    7)
        ok "one that does not stay up after a boot: the old release runs, and is no better" await 60 app_state_is 3
        bucket_start
        app_does ""
        app_soak=10s app_publish 5
        ok "another one is on trial" sealift check
        systemctl kill --signal=STOP sealiftd.service # so that its time does not pass before the cut
        is "$(app_state Current) $(app_state Proven)" "5 3" "and not proven yet"
        next_boot cut
        ;;
    8)
        expect_proven "in the next boot its time begins anew" 5
        ok "it runs" await 20 app_runs 5
        ok "and status says so" await 20 app_is "5 running"
        is "$(boots)" "" "no boot counts any more"
        done_testing
        ;;
esac
