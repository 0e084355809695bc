#!/usr/bin/env bash
# A release on trial that fills the disk which the store is on: the verdict over it is written down all the same, so that it goes
# back by itself, and for good. What else is to be written down of a bundle is, too, for as long as there is no room.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"
# shellcheck source=tests/host/trial.sh
. /tests/host/trial.sh

SMALL=/srv/small
SPARE=$STORE/state/.spare
spare_is_whole() { [ "$(stat -c '%F %s' "$SPARE")" = "regular file 65536" ]; }
take_the_rest() { cat /dev/zero >>"$SMALL/rest" 2>/dev/null || true; }

# The agent always leaves 64 MiB and 1024 inodes.
mkdir -p "$SMALL" /var/lib/private
mount -t tmpfs -o size=80M,nr_inodes=3000,mode=0755 small "$SMALL"
mkdir -m 0755 "$SMALL/store"
mkdir -m 0700 "$SMALL/private"
mount --bind "$SMALL/store" "$STORE"
mount --bind "$SMALL/private" /var/lib/private
systemd-tmpfiles --create sealift.conf
: >"$SMALL/rest" # later there is no inode for it

app_begin
app_soak=1s app_publish 1
journal_mark
ok "release 1 is installed" sealift check
expect_proven "release 1" 1
ok "there is a spare" spare_is_whole

app_publish 2
ok "release 2 is on trial" sealift check
ok "and well" await 60 app_was_well
journal_mark
echo fill >"$APP_STATE/does-2"
expect_back "one that fills the disk" 2 1
not_ok "the verdict took the spare" spare_is_whole

take_the_rest
ok "an operator's order is written down all the same" sealift hold app
take_the_rest
systemctl restart sealiftd.service
ok "another agent knows of the verdict" await 60 app_is "1 running"
ok "and of the order" grep -q "^Hold=yes$" "$STORE/state/app"
ok "release 1 runs on, alone" app_runs 1

rm -r "$SMALL/rest" "$APP_STATE"/taken*
ok "there is room: an order is written down" sealift unhold app
ok "and there is a spare again" spare_is_whole
sealift check || true
is "$(app_state Current)" 1 "release 2 is not tried again"
app_soak=1s app_publish 3
journal_mark
ok "release 3 is installed" sealift check
expect_proven "release 3" 3
done_testing
