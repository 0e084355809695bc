#!/usr/bin/env bash
# The machine is shut down while a release is on trial: that is not the release's doing, so it is no reason to quarantine it.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

# Dies at once when it is told to: its end must not be taken for a failure.
publish_trial() {
    web_write 2
    sed -i 's|^ExecStart=.*|ExecStart=/usr/bin/sleep infinity|; s|^TimeoutStartSec=.*|TimeoutStartSec=15s|' /srv/web.manifest
    publish_release 2 "$WEB" /srv/web.manifest
}
trial_runs() { systemctl --quiet list-units --plain --no-legend 'sealift-web.*@2-*' | grep -q activating; }

alone() { [ "$(systemctl list-units --plain --no-legend 'sealift-web.*' | wc -l)" = 1 ]; }

case $PHASE in
    1)
        web_begin
        agent_enable
        publish_trial
        sealift check --no-wait
        await 30 trial_runs
        next_boot reboot
        ;;
    2)
        ok "the old release is started again" await 20 web_answers 1
        ok "alone" await 20 alone
        not_ok "the one on trial is not quarantined" grep Quarantined "$STORE/state/web"
        bucket_start
        web_publish 3
        ok "the next one is installed" sealift check
        is "$(web_page)" 3 "and answers"
        done_testing
        ;;
esac
