#!/usr/bin/env bash
# Updates where AppArmor confines what runs, each with a daemon killed before it: the new release is confined as the old one was, and
# the kernel has as many profiles of ours as before, nor is there more of anything else. endurance.t has the same by the thousand,
# where there is no AppArmor.
# shellcheck disable=SC2034 # for scenario.sh
SCENARIO_HOST=vm
SCENARIO_LONG=trixie
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

label() { cat "/proc/$(pid_of "$(unit_of web)")/attr/current"; }
profiles() { grep '^sealift' /sys/kernel/security/apparmor/profiles | LC_ALL=C sort; }
survey() { PYTHONDONTWRITEBYTECODE=1 /tests/host/survey.py "$@"; }
nothing_to_deliver() { [ -z "$(find "$STORE/outbox" -name '*.json')" ]; }

# update VERSION [UNIT]: whose main process is killed before.
update() {
    local daemon
    web_publish "$1"
    if [ $# = 2 ]; then
        daemon=$(pid_of "$2")
        kill -KILL "$daemon"
        await 90 another_pid "$2" "$daemon"
    fi
    ok "release $1 is installed${2:+, after $2 was killed}" sealift check
    is "$(label)" "sealift-usr-network (enforce)" "and confined"
    ok "what there was to say has been said" await 90 nothing_to_deliver
}

apparmor_parser --replace /etc/apparmor.d/sealift
profiles >/srv/profiles
ok "the kernel has our profiles: $(wc -l </srv/profiles)" grep -q '^sealift-usr-network (enforce)$' /srv/profiles
web_begin
agent_grant web Bind=tcp:8080 AppArmor=required
sed -i 's/^PollSec=.*/&\nKeep=0/' /etc/sealift/sealift.conf
systemctl restart sealiftd.service
# From here on nothing is there for the first time.
update 2 sealiftd.service
update 3 sealift-unitd.service
survey keep /srv/first
is "$(jq .profiles /srv/first)" "$(wc -l </srv/profiles)" "all of them are counted"
for version in {4..13}; do
    if [ $((version % 2)) = 0 ]; then update "$version" sealiftd.service; else update "$version" sealift-unitd.service; fi
done
await 30 survey compare /srv/first || true # a unit that has just ended is there for another moment
status=0
said=$(survey compare /srv/first) || status=$?
is "$status $said" "0 nothing" "after ten more updates there is more of nothing"
is "$(profiles)" "$(cat /srv/profiles)" "the kernel has the profiles it had"
done_testing
