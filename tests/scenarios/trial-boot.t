#!/usr/bin/env bash
# The machine goes down while a release is on trial: after the boot it is judged again, and when that happens again and again,
# the release is taken for the cause; but not where it was switched off in order.
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
    2 | 3 | 4 | 5)
        failed=$((PHASE < 4 ? PHASE - 1 : PHASE - 2)) # that before 4 ended in order
        ok "boot $PHASE: it is started again" await 30 app_runs 2
        ok "boot $PHASE: on trial" await 20 on_trial
        is "$(app_state Current) $(app_state Proven) $(boots)" "2 1 $failed" "boot $PHASE: which is counted"
        systemctl restart sealiftd.service
        ok "boot $PHASE: the agent starts anew" await 20 on_trial
        is "$(boots)" "$failed" "boot $PHASE: that is no boot"
        [ "$PHASE" = 3 ] || next_boot cut
        # The agent knows a boot by what tmpfiles.d wrote down. Here PID 1 has stopped the services before it stops the agent.
        for n in 1 2 3 4 5; do
            printf '%032x' "$n" >/run/sealift/boot
            systemctl restart sealiftd.service
            ok "another boot $n, after one that ended in order: it is started" await 30 app_runs 2
            ok "another boot $n: on trial" await 20 on_trial
            systemctl stop 'sealift-app.*'
            ok "another boot $n: the machine goes down, and the services first" await 30 app_is "2 failed"
        done
        is "$(boots)" "$failed" "and none of them is counted"
        systemctl stop sealiftd.service # which a scenario's end does not wait for
        next_boot reboot
        ;;
    6)
        journal_mark
        ok "one boot too many: the old release is started" await 30 app_runs 1
        ok "status says so" await 10 app_is "1 running"
        is "$(app_state Current) $(app_state Proven) $(boots)" "1 1 " "and the state"
        ok "with the verdict" grep -q "^Version=2$" "$STORE/state/app"
        like "$(grep '^Reason=' "$STORE/state/app")" "went down in 3 boots while it was on trial" "which says why"
        next_boot reboot
        ;;
    7)
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
    8)
        ok "one that does not stay up after a boot: the old release runs, and is no better" await 60 app_state_is 3
        bucket_start
        app_does ""
        app_soak=10s app_publish 5
        ok "another one is on trial" sealift check
        systemctl kill --signal=STOP sealiftd.service # so that its time does not pass before the cut
        is "$(app_state Current) $(app_state Proven)" "5 3" "and not proven yet"
        next_boot cut
        ;;
    9)
        expect_proven "in the next boot its time begins anew" 5
        ok "it runs" await 20 app_runs 5
        ok "and status says so" await 20 app_is "5 running"
        is "$(boots)" "" "no boot counts any more"
        done_testing
        ;;
esac
