#!/usr/bin/env bash
# When the machine boots, the start of one release hangs. Nobody else is kept down by it: neither what is on trial, which is judged
# all the same and goes back if it must, nor those for which there is room only when others are up.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"
# shellcheck source=tests/host/trial.sh
. /tests/host/trial.sh
# shellcheck source=tests/host/slow.sh
. /tests/host/slow.sh

# As many bundles as are started at once (ground/protocol.h), of a job each whose time never comes. They come after those that are
# of interest here, the one that hangs among them, so that there is no room for the last of them at first.
MANY=48
many_publish() {
    local n
    mkdir -p /srv/then
    printf '#!/bin/sh\n' >/srv/then/work
    chmod 755 /srv/then/work
    for ((n = 1; n <= MANY; n++)); do
        printf '%s\n' '[Bundle]' "Name=then-$(printf %02d $n)" Version=1 SoakSec=0 '[Service work]' Type=oneshot ExecStart=/bundle/work \
            '[Timer never]' Service=work 'OnCalendar=Mon *-02-03 04:05' >/srv/then.manifest
        publish_release 1 /srv/then /srv/then.manifest
    done
}
many_run() { [ "$(sealift status --json | jq '[.bundles[] | select((.name | startswith("then-")) and .state == "running")] | length')" = $MANY ]; }

tried() { [ "$(sealift status --json | jq '.bundles[] | select(.name == "app").trial.until')" != null ]; }

# next_start: the agent starts as it does in another boot, and nothing runs.
next_start() {
    systemctl stop sealiftd.service
    rm -f "$GO"
    systemctl stop 'sealift-*.*@*.service'
    boot=$((boot + 1))
    printf '%032x' "$boot" >/run/sealift/boot
    journal_mark
    systemctl start sealiftd.service
}
boot=0

case $PHASE in
    1)
        app_begin
        app_soak=1s app_publish 1
        slow_publish
        many_publish
        sealift check --no-wait
        await 60 test -d "${GO%/*}"
        touch "$GO"
        ok "all are installed" sealift check
        expect_proven "release 1" 1
        app_publish 2
        ok "one has another release" sealift check
        is "$(app_state Current) $(app_state Proven)" "2 1" "which is on trial"
        agent_enable
        rm "$GO"
        next_boot cut
        ;;
    2)
        ok "after a boot what is on trial is started" await 60 app_is "2 running"
        ok "and well" await 60 app_was_well
        ok "its trial goes on" tried
        ok "all others are up, more than are started at once" await 60 many_run
        ok "and waited for" timeout 60 systemctl start sealift-bundle@then-$MANY.target
        is "$(systemctl is-active sealift-then-$MANY.never.timer)" active "so that their time will come"
        ok "one hangs all the while" slow_is starting

        systemctl stop sealiftd.service # which would see it at once
        echo shut >$APP_STATE/does-2
        next_start
        expect_back "what does not come up" 2 1
        ok "one hangs all the while" slow_is starting

        touch "$GO"
        ok "it is up as soon as it can be" await 60 slow_is running
        bucket_start
        app_publish 3
        ok "the next release of the other" sealift check
        is "$(app_state Current) $(app_state Proven)" "3 1" "is on trial"
        sed -i 's/^Boot=.*/Boot=00000000000000000000000000000000 3/' "$STORE/state/app"
        next_start
        expect_back "one that went down with the machine too often" 3 1
        ok "all others are up" await 60 many_run
        ok "one hangs all the while" slow_is starting
        done_testing
        ;;
esac
