#!/usr/bin/env bash
# A sealift-unitd that dies takes the questions with it that it was asked: a release that is to be well before it becomes current is
# asked again as soon as there is another one, and not when no answer can be on its way any more.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"
# shellcheck source=tests/host/trial.sh
. /tests/host/trial.sh

is_asked() { [ -n "$(systemctl list-units --plain --no-legend --state=running "sealift-app.main-probe@$1-*")" ]; }
is_current() { [ "$(app_state Current)" = "$1" ]; }

app_begin
app_soak=0 app_publish 1
ok "release 1 is installed" sealift check
# An answer may take five minutes.
app_soak=0 app_timeout=5min app_start=15min app_health=Successes=1 app_publish 2 hang
sealift check >/srv/said 2>&1 &
ok "release 2 is asked, and says nothing" await 60 is_asked 2
app_does 200
systemctl kill --signal=KILL sealift-unitd.service
ok "it is asked again, and becomes current" await 200 is_current 2
wait
like "$(cat /srv/said)" "app 2: running" "the check has waited for that"
done_testing
