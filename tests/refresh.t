#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# sealift refresh and sealift expire: what a publisher's timer and its monitoring run. What is written, what is not, with which keys,
# and that a refresh that is killed leaves a repository that hosts can follow.
set -u
# shellcheck source=tests/publisher.sh
. "${top_srcdir:-.}/tests/publisher.sh"
day=86400
refresh() {
    tree >before
    run refresh --repository=repo "$@"
}

later 0
run init --repository=repo --keys=keys
ok $? "a repository"
mkdir timestamp both
cp keys/timestamp-1.pem timestamp
cp keys/timestamp-1.pem keys/snapshot-1.pem both
[ "$(field repo/metadata/timestamp.json signed x-sealift-interval-seconds)" = $day ]
ok $? "a timestamp for three days promises one a day"

later $day
refresh --keys=timestamp
status=$?
[ $status -eq 0 ] && [ ! -s out ] && [ ! -s err ]
ok $? "a timestamp key is all it takes, and it says nothing"
[ "$(changed)" = metadata/timestamp.json ] && [ "$(field repo/metadata/timestamp.json signed version)" = 2 ] &&
    [ "$(field repo/metadata/timestamp.json signed expires)" = 2027-01-19T08:00:00Z ]
ok $? "a newer timestamp, and nothing else"
[ "$(field repo/metadata/timestamp.json signed x-sealift-interval-seconds)" = $day ]
ok $? "which promises the next"
refresh --keys=timestamp --verbose && grep -q 'metadata/timestamp.json *version 2 -> 3, expires .*, signed by timestamp-1' out
ok $? "--verbose says what changed, and who signed it"
refresh --keys=timestamp --json && [ "$(field out written)" = True ] && [ "$(field out files 0 version_before)" = 3 ] &&
    [ "$(field out files 0 version)" = 4 ] && field out files 0 signed_by 0 | grep -q timestamp-1
ok $? "so does --json"
refresh --keys=timestamp --dry-run && grep -q 'Would refresh' out && grep -q 'version 4 -> 5' out && [ -z "$(changed)" ]
ok $? "--dry-run says so, and writes nothing"

# --if-due: an interval is a day
refresh --keys=timestamp --if-due -v && [ -z "$(changed)" ] && grep -q 'Nothing to do before 2027-01-16T20:00:00Z' out
ok $? "--if-due: not at once"
later $((day + day / 2 - 1))
refresh --keys=timestamp --if-due --json && [ -z "$(changed)" ] && [ "$(field out written)" = False ]
ok $? "nor a second too early"
later $((day + day / 2))
refresh --keys=timestamp --if-due && [ "$(changed)" = metadata/timestamp.json ]
ok $? "but after half of the interval"

# The snapshot: 14 days before its end, since a third of its 90 days is more than that.
later $((76 * day))
refresh --keys=timestamp && [ "$(changed)" = metadata/timestamp.json ]
ok $? "14 days before its end, the snapshot stays"
later $((76 * day + 1))
refuses 1 'lists for snapshot' "after that its key is needed" refresh -r repo --keys=timestamp
refresh --keys=both && [ "$(changed)" = "metadata/2.snapshot.json metadata/timestamp.json" ]
ok $? "snapshot and timestamp"
grep -q 'warning: targets expires in 13d 23h.*sealift publish' err
ok $? "targets are warned of"
later $((76 * day + 1 + 10))
refresh --keys=both --if-due && [ -z "$(changed)" ]
ok $? "--if-due: the new snapshot is not due"
later $((76 * day + 1))
refuses 1 'lists for targets' "--role=targets needs the key of targets" refresh -r repo --keys=both --role=targets
refresh --keys=keys --role=targets && [ "$(changed)" = "metadata/2.targets.json metadata/3.snapshot.json metadata/timestamp.json" ] && [ ! -s err ]
ok $? "--role=targets: targets, snapshot and timestamp"

refuses 1 'no such role' "a role that is not there" refresh -r repo --keys=keys --role=team
refuses 2 'sealift rotate' "root is not renewed so" refresh -r repo --keys=keys --role=root

# Refused, with nothing written
refuses 2 'needed' "refresh needs a repository" refresh --keys=keys
refuses 2 'needed' "and somebody to sign" refresh --repository=repo
refuses 1 'see sealift init' "no repository" refresh --repository=keys --keys=keys
openssl genpkey -algorithm ED25519 -out timestamp/timestamp-1.pem 2>/dev/null && chmod 600 timestamp/timestamp-1.pem
refuses 1 'root version 1 lists for timestamp' "a key that root does not list" refresh -r repo --keys=timestamp
cp keys/timestamp-1.pem timestamp
exec 9<repo
flock 9
refuses 1 'another publisher' "two publishers at once" refresh --repository=repo --keys=timestamp
run expire --repository=repo
ok $? "which expire does not mind"
exec 9<&-
sed -i 's/"version": 8/"version": 99/' repo/metadata/timestamp.json
refuses 1 'good signatures' "a repository that was tampered with" refresh --repository=repo --keys=timestamp
sed -i 's/"version": 99/"version": 8/' repo/metadata/timestamp.json
later $((180 * day))
refuses 1 'targets.json version 2 expired' "targets that have expired, which a timestamp does not cure" refresh -r repo --keys=both
later $((365 * day))
refuses 1 'root.json version 1 expired' "an expired root" refresh --repository=repo --keys=keys --role=targets

# Killed before each rename: the old repository or the new one, and one to go on from.
later $((76 * day + 2))
if strace -o trace true 2>/dev/null; then
    n=0
    broken=
    cp -r repo whole
    while :; do
        rm -rf repo
        cp -r whole repo
        strace -f -o trace -e trace=renameat,renameat2 -e "inject=renameat,renameat2:signal=KILL:when=$((n + 1))" "$sealift" refresh \
            --role=targets --repository=repo --keys=keys >out 2>err
        [ $? -eq 137 ] || break
        n=$((n + 1))
        run expire -r repo && run refresh -r repo --keys=timestamp && run expire -r repo || broken="$broken $n"
    done
    [ $n -eq 3 ] && [ -z "$broken" ]
    ok $? "killed before any of its three renames (of $n; broken at:${broken:- none}), it leaves a whole repository"
    rm -rf repo
    mv whole repo
else
    skip "killed before any of its renames" "no strace, or not allowed to"
fi

# ---- expire ----
rm -rf repo keys
later 0
run init --repository=repo --keys=keys
tree >before
run expire --repository=repo
ok $? "expire: all is fine"
[ "$(sed 1d out | cut -d' ' -f1 | tr '\n' ' ')" = "timestamp snapshot targets root " ] && grep -q '^timestamp .* 1  2027-01-18T08:00:00Z  in 3d 0h$' out
ok $? "a line for each role, by date"
later $((2 * day))
run expire --repository=repo
ok $? "a day before its end, the timestamp is fine"
later $((2 * day + 1))
run expire --repository=repo
[ $? -eq 3 ] && grep -q '^timestamp .*in 23h 59min, soon$' out && grep -q 'sealift refresh' out
ok $? "less is soon, and says what to do"
later $((3 * day - 1))
run expire --repository=repo
[ $? -eq 3 ]
ok $? "to the last second"
later $((3 * day))
run expire --repository=repo
[ $? -eq 4 ] && grep -q '^timestamp .*expired 0min 0s ago$' out
ok $? "then it has expired"
run expire --repository=repo --json
[ $? -eq 4 ] && [ "$(field out state)" = expired ] && [ "$(field out roles 0 role)" = timestamp ] && [ "$(field out roles 0 seconds_left)" = 0 ] &&
    [ "$(field out roles 3 state)" = fine ] && [ "$(field out roles 3 soon_below)" = $((30 * day)) ]
ok $? "as JSON"
later 0
run expire --repository=repo --within=3d
ok $? "--within: not less than the span itself"
run expire --repository=repo --within=73h
[ $? -eq 3 ] && [ "$(grep -c soon out)" = 1 ]
ok $? "but a longer one"
run expire --repository=repo --within=366d
[ $? -eq 3 ] && [ "$(grep -c 'soon$' out)" = 4 ]
ok $? "for every role"
refuses 2 'within=soon' "no time span" expire --repository=repo --within=soon
refuses 2 'needed' "expire needs a repository" expire
refuses 1 'see sealift init' "no repository" expire --repository=keys
[ -z "$(changed)" ]
ok $? "nothing of all this has changed anything"
sed -i 's/"version": 1/"version": 2/' repo/metadata/timestamp.json
run expire --repository=repo
[ $? -eq 1 ] && grep -q 'good signatures' err
ok $? "a repository that hosts would refuse is no answer"

# ---- a person looks on
rm -rf repo keys
later 0
run init --repository=repo --keys=keys
later $day
run refresh --repository=repo --keys=keys && [ ! -s out ] && [ ! -s err ]
ok $? "a timer's mail is empty"
terminal -- "$sealift" refresh --repository=repo --keys=keys &&
    grep -q '^Refreshed; files in the order to upload them:' out && grep -q 'timestamp.json' out
ok $? "on a terminal it says what it wrote"
later $((day + 60))
terminal -- "$sealift" refresh --repository=repo --keys=keys --if-due &&
    grep -q '^Nothing to do before 2027-' out
ok $? "or when there will be something to do"
terminal -- "$sealift" refresh --repository=repo --keys=none
[ $? -eq 1 ] && grep -q '^sealift refresh: ' out && ! grep -q Refreshed out
ok $? "or why it did not"

done_testing
