#!/usr/bin/env bash
# A machine with no network takes its releases from a stick: what is on it is checked as if it had come from afar, and who
# reads it sees the stick and nothing of the store.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

STICK=/media/usb

# stick_in [DIR]: a stick with a copy of the bucket, or of DIR.
stick_in() {
    mkdir -p "$STICK"
    mount -t tmpfs -o mode=0755 stick "$STICK"
    cp -r "${1:-$BUCKET}" "$STICK/repo"
    chmod -R a+rX "$STICK/repo"
}
stick_out() { umount "$STICK"; }

# source_at URL: the agent's only source.
source_at() {
    printf '%s\n' "[Agent]" "Channel=stable" "PollSec=1h" "[Source stick]" "URL=$1" >/etc/sealift/sealift.conf
    systemctl restart sealiftd.service
}

# refused NAME REGEX: the check fails, says so, and the release that runs goes on running.
refused() {
    local said status=0
    said=$(sealift check 2>&1) || status=$?
    is "$status" 1 "$1: the check fails"
    like "$said" "$2" "$1: and says why"
    is "$(web_page)" "$running" "$1: release $running runs on"
}

bucket_prepare # for the first root and the publisher only: nobody serves it
publisher_init
agent_configure
agent_grant web Bind=tcp:8080
web_publish 1
agent_start
source_at "file://$STICK/repo"

stick_in
ok "anybody can verify the stick" runuser -u publisher -- sealift verify -q --root=/etc/sealift/root.json "file://$STICK/repo"
ok "release 1 is installed from the stick" sealift check
is "$(web_page)" 1 "and answers"
running=1
cp -r "$BUCKET" /srv/old
stick_out
refused "the stick is out" "$STICK/repo/: not there; is it mounted"

web_publish 2
stick_in
ok "the next stick brings release 2" sealift check
is "$(web_page)" 2 "which answers"
running=2
stick_out

stick_in /srv/old
refused "an old stick" "older than the trusted"
stick_out

web_publish 3
stick_in
timestamp=$STICK/repo/metadata/timestamp.json
mv "$timestamp" "$STICK/timestamp.json"
ln -s ../../timestamp.json "$timestamp"
refused "a link on the stick" "timestamp.json.*no link is followed"
rm "$timestamp"
mkfifo "$timestamp"
refused "a pipe on the stick" "timestamp.json.*not a regular file"
rm "$timestamp"
sed 's/"version"[ ]*:[ ]*[0-9]*/"version":99/' "$STICK/timestamp.json" >"$timestamp"
refused "a stick that somebody has written on" "good signatures"
cp "$STICK/timestamp.json" "$timestamp"
chmod 0600 "$timestamp"
refused "a file that not everybody can read" "everybody must be able to read"
chmod 0644 "$timestamp"
ok "the stick as it was published" sealift check
is "$(web_page)" 3 "brings release 3"
running=3

for hidden in /var/lib/sealift /root /home/publisher /tmp /run/sealift; do
    cp -r "$STICK/repo" "$hidden/"
    source_at "file://$hidden/repo"
    refused "a repository in $hidden" "(is it mounted|everybody must be able to)"
done
done_testing
