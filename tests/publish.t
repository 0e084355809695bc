#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# sealift init and sealift publish on real folders: what is made, what is refused, and that a refusal leaves the repository as it was.
set -u
# shellcheck source=tests/publisher.sh
. "${top_srcdir:-.}/tests/publisher.sh"
# is_json: what the last run printed, to another's eyes.
is_json() { python3 -m json.tool out >/dev/null 2>err; }


publish() { run publish --repository=repo --keys=keys --channel=stable "$@"; }

mkdir repo
refuses 2 'needed' "init needs its folders" init
refuses 2 'uploaded' "keys inside the repository" init --repository=repo --keys=repo/keys
refuses 2 'uploaded' "keys inside the repository, roundabout" init --repository=repo --keys=repo/../repo/keys/
refuses 2 'uploaded' "keys in the repository itself" init --repository=repo --keys=./repo
ln -s repo link
refuses 2 'uploaded' "keys inside the repository, through a link" init --repository=repo --keys=link/keys
refuses 2 'root-threshold=4' "more signatures than keys" init --repository=repo --keys=keys --root-threshold=4
refuses 2 'targets-keys=0' "no keys" init --repository=repo --keys=keys --targets-keys=0
refuses 2 'timestamp-expires=soon' "no time span" init --repository=repo --keys=keys --timestamp-expires=soon
[ ! -e keys ]
ok $? "no keys were made for any of these"

refuses 2 'timestamp-interval=3d' "an interval as long as a timestamp is valid" init --repository=repo --keys=keys --timestamp-interval=3d
refuses 2 'timestamp-interval=59s' "an interval of no time at all" init --repository=repo --keys=keys --timestamp-interval=59s

# A dry run makes nothing, not even the folders; a real one says the same.
rmdir repo
rm link
find . -type f ! -name out ! -name err >before
run init --repository=repo --keys=keys --timestamp-expires=1d --dry-run
ok $? "a dry run"
grep -q '^Would make a repository in repo' out && grep -q 'metadata/1.root.json *version 1, expires 2028-01-15T08:00:00Z, signed by root-1.pem, root-2.pem, root-3.pem$' out
ok $? "says what it would make, and who would sign it"
[ ! -e repo ] && [ ! -e keys ] && find . -type f ! -name out ! -name err | cmp -s - before
ok $? "and makes nothing"
sed 's/^Would make/Made/' out >dry
run init --repository=repo --keys=keys --timestamp-expires=1d
ok $? "init"
head -n "$(wc -l <dry)" out | cmp -s - dry
ok $? "makes what the dry run said"
grep -q 'metadata/1.root.json as /etc/sealift/root.json' out && grep -q 'root-3.pem .* 2 of 3 must sign' out
ok $? "says what was made and what comes next"
[ "$(stat -c %a keys)" = 700 ] && [ "$(stat -c %a keys/*.pem | sort -u)" = 600 ] && [ "$(find keys -name '*.pem' | wc -l)" = 6 ]
ok $? "six private keys, for their owner alone"
grep -q '"expires": "2027-01-16T08:00:00Z"' repo/metadata/timestamp.json &&
    grep -q '"expires": "2028-01-15T08:00:00Z"' repo/metadata/1.root.json
ok $? "dates come from SOURCE_DATE_EPOCH"
refuses 1 'repository already' "init does not replace a repository" init --repository=repo --keys=other
refuses 1 'holds keys already' "init does not replace keys" init --repository=new --keys=keys
[ "$(find new -type f | wc -l)" = 0 ]
ok $? "and leaves no half repository"

grep -q '"x-sealift-interval-seconds": 28800' repo/metadata/1.root.json && grep -q '"x-sealift-interval-seconds": 28800' repo/metadata/timestamp.json
ok $? "a timestamp for a day promises one every eight hours"
run init --repository=often --keys=often-keys --timestamp-interval=1h --json && grep -q '"x-sealift-interval-seconds": 3600' often/metadata/timestamp.json
ok $? "or as often as is said"

# Thresholds are what was asked for: in the signed root, and when one of the keys is away.
run init --repository=three --keys=three-keys --root-keys=1 --root-threshold=1 --targets-keys=3 --targets-threshold=2 --json
ok $? "init with thresholds of one's own"
is_json
ok $? "which says so in JSON"
threshold() { sed -n "/\"$1\": {/,/threshold/s/.*\"threshold\": \([0-9]*\).*/\1/p" three/metadata/1.root.json; }
[ "$(threshold root) $(threshold targets) $(threshold snapshot)" = "1 2 1" ]
ok $? "which the root says"
release web 1.0 "web 1.0"
rm three-keys/targets-1.pem
run publish --repository=three --keys=three-keys --channel=stable web.manifest
ok $? "two of three keys are enough"
rm three-keys/targets-2.pem
run publish --repository=three --keys=three-keys --channel=stable web.manifest
[ $? -eq 1 ] && grep -q targets err
ok $? "one is not"

release web 1.0 "web 1.0"
publish web.manifest
ok $? "publish"
first=$(sha256sum web.manifest | cut -d' ' -f1)
cmp -s web.manifest "repo/targets/stable/$first.web.manifest" &&
    cmp -s web.tar.zst "repo/targets/stable/$(sha256sum web.tar.zst | cut -d' ' -f1).web.tar.zst"
ok $? "manifest and bundle lie under their hashes"
[ -e repo/metadata/2.targets.json ] && [ -e repo/metadata/2.snapshot.json ] && grep -q '"version": 2' repo/metadata/timestamp.json
ok $? "targets, snapshot and timestamp are version 2"
grep -q '"expires": "2027-01-16T08:00:00Z"' repo/metadata/timestamp.json
ok $? "the period that init was given is kept"
awk '/^ / { print $1 }' out | tr '\n' ' ' >order
grep -q '^targets/stable/[0-9a-f]*\.web\.tar\.zst targets/stable/[0-9a-f]*\.web\.manifest metadata/2\.targets\.json metadata/2\.snapshot\.json metadata/timestamp\.json $' order
ok $? "files are listed in the order to upload them"
find repo -name '.*.new' | grep -q .
[ $? -eq 1 ]
ok $? "no temporary file is left"

cp -r repo first

# At any moment of an upload in that order, hosts find a whole repository; in the wrong order they would not.
release web 1.5 "web 1.5"
cp -r repo half
cp -r repo whole
run publish --repository=whole --keys=keys --channel=stable web.manifest
status=$?
mkdir -p half/targets/stable
awk '/^ / { print $1 }' out >order
while read -r path; do
    [ $status -eq 0 ] && cp "whole/$path" "half/$path" &&
        "$sealift" publish --dry-run --repository=half --keys=keys --channel=stable web.manifest >out 2>err
    status=$?
done <order
ok $status "whole after each file"
cp -r repo wrong
cp whole/metadata/timestamp.json wrong/metadata/
run publish --dry-run --repository=wrong --keys=keys --channel=stable web.manifest
[ $? -eq 1 ] && grep -q 'metadata/3.snapshot.json: not there.*incomplete' err
ok $? "half with the timestamp first, which is noticed"
rm -rf half whole wrong

# killed_at N: whether publish was killed just before it named its Nth file. What lies there then is looked at as a host does,
# from the timestamp down, without our own verifier.
killed_at() {
    rm -rf half
    cp -r repo half
    strace -f -o trace -e trace=renameat,renameat2 -e "inject=renameat,renameat2:signal=KILL:when=$1" "$sealift" publish \
        --repository=half --keys=keys --channel=stable web.manifest >out 2>err
    [ $? -eq 137 ]
}
version_of() { sed -n "/\"$2\"/,/version/s/.*\"version\": \([0-9]*\).*/\1/p" "half/metadata/$1"; }
is_whole() {
    snapshot=$(version_of timestamp.json snapshot.json).snapshot.json
    targets=$(version_of "$snapshot" targets.json).targets.json
    sums=$(sed -n 's/.*"sha256": "\([0-9a-f]*\)".*/\1/p' "half/metadata/$targets")
    [ -n "$sums" ] || return 1
    for sum in $sums; do
        [ "$(cat half/targets/stable/"$sum".* | sha256sum | cut -d' ' -f1)" = "$sum" ] || return 1
    done
}
if strace -o trace true 2>/dev/null; then
    kills=0
    broken=
    while killed_at $((kills + 1)); do
        kills=$((kills + 1))
        is_whole || broken="$broken $kills"
        run publish --repository=half --keys=keys --channel=stable web.manifest && is_whole || broken="$broken $kills-again"
    done
    [ $kills -eq 5 ] && [ -z "$broken" ]
    ok $? "killed before any of its five renames (of $kills; broken at:${broken:- none}), it leaves a whole repository to go on from"
else
    skip "killed before any of its renames" "no strace, or not allowed to"
fi
rm -rf half

# A file that did not get to where it was written is noticed, also in a repository that nobody follows yet.
if strace -o trace true 2>/dev/null; then
    quiet=
    for n in 2 3 4; do
        rm -rf lost lost-keys
        strace -f -o trace -e trace=renameat,renameat2 -e "inject=renameat,renameat2:retval=0:when=$n" "$sealift" init \
            --repository=lost --keys=lost-keys >out 2>err
        [ $? -eq 1 ] && grep -q 'written, but not as it should be: a new host would refuse this' err || quiet="$quiet $n"
    done
    [ -z "$quiet" ]
    ok $? "init looks at what it has written as a new host does (not at:${quiet:- none})"
else
    skip "init looks at what it has written" "no strace, or not allowed to"
fi
release web 1.0 "web 1.0"

refuses 2 'needed' "publish needs its options" publish web.manifest
refuses 2 'channel=Stable' "a channel is a name" publish --repository=repo --keys=keys --channel=Stable web.manifest
refuses 2 '.manifest' "a manifest is called one" publish --repository=repo --keys=keys --channel=stable web.tar.zst
refuses 1 'No such file' "no manifest" publish --repository=repo --keys=keys --channel=stable none.manifest
refuses 1 'see sealift init' "not a repository" publish --repository=keys --keys=keys --channel=stable web.manifest
sed '/^\[Content\]/,$d' web.manifest >intent.manifest
refuses 2 'sealift pack' "a manifest that is not sealed" publish --repository=repo --keys=keys --channel=stable intent.manifest

release web 1.0 "web 1.0 again"
refuses 1 'give the new content a new version' "the same version with other content" publish --repository=repo --keys=keys --channel=stable web.manifest
refuses 1 'give the new content a new version' "nor in another channel" publish --repository=repo --keys=keys --channel=beta web.manifest
release web 2.0 "web 2.0"
printf x >>web.tar.zst
refuses 1 'describes another bundle' "a bundle longer than its manifest says" publish --repository=repo --keys=keys --channel=stable web.manifest
printf 'web 2.x' >web.tar.zst
refuses 1 'describes another bundle' "a bundle with another byte" publish --repository=repo --keys=keys --channel=stable web.manifest
rm web.tar.zst
refuses 1 'web.tar.zst' "no bundle beside its manifest" publish --repository=repo --keys=keys --channel=stable web.manifest

release web 2.0 "web 2.0"
chmod 640 keys/targets-1.pem
refuses 1 'chmod 600' "a key that others may read" publish --repository=repo --keys=keys --channel=stable web.manifest
chmod 600 keys/targets-1.pem
mv keys/snapshot-1.pem away
refuses 1 'lists for snapshot' "a missing key" publish --repository=repo --keys=keys --channel=stable web.manifest
openssl genpkey -algorithm ED25519 -out keys/snapshot-1.pem 2>/dev/null && chmod 600 keys/snapshot-1.pem
refuses 1 'lists for snapshot' "a key that root does not list" publish --repository=repo --keys=keys --channel=stable web.manifest
echo no key >keys/snapshot-1.pem
refuses 2 'snapshot-1.pem' "a file that is no key" publish --repository=repo --keys=keys --channel=stable web.manifest
mv away keys/snapshot-1.pem
mkdir root-keys
mv keys/root-*.pem root-keys
before=$(tree)
publish --dry-run web.manifest && grep -q 'Would publish web 2.0' out
ok $? "a dry run, without root keys"
[ "$before" = "$(tree)" ]
ok $? "changes nothing"
exec 9<repo
flock 9
refuses 1 'another publisher' "two publishers at once" publish --repository=repo --keys=keys --channel=stable web.manifest
exec 9<&-
sed -i 's/"version": 2/"version": 3/' repo/metadata/timestamp.json
refuses 1 'timestamp.json version 3: 0 good signatures' "a repository that was tampered with" publish --repository=repo --keys=keys --channel=stable web.manifest
sed -i 's/"version": 3/"version": 2/' repo/metadata/timestamp.json

# A publisher that was killed before the timestamp: its numbers are not used again.
cp repo/metadata/2.targets.json repo/metadata/3.targets.json
before=$(sha256sum repo/metadata/3.targets.json)
publish --json web.manifest
ok $? "publish after an interrupted publish"
is_json && grep -q '"version": "2.0"' out && grep -q '"path": "metadata/4.targets.json"' out && [ "$before" = "$(sha256sum repo/metadata/3.targets.json)" ]
ok $? "as JSON, with a number nobody has seen"
grep -q '"stable/web.manifest"' repo/metadata/4.targets.json && ! grep -q "$first" repo/metadata/4.targets.json
ok $? "the channel offers the new one"
release db 1.0 "db 1.0"
publish db.manifest
ok $? "another bundle"
grep -q '"stable/web.manifest"' repo/metadata/5.targets.json && grep -q '"stable/db.manifest"' repo/metadata/5.targets.json
ok $? "beside the first"
run publish --repository=repo --keys=keys --channel=beta web.manifest
ok $? "the same release in another channel"
grep -q '"beta/web.manifest"' repo/metadata/6.targets.json && grep -q '"stable/web.manifest"' repo/metadata/6.targets.json
ok $? "which has it too"

# Time: an expired repository is what one publishes to; but not with an expired root.
SOURCE_DATE_EPOCH=1810000000
publish web.manifest
ok $? "publish to a repository whose timestamp has expired"
SOURCE_DATE_EPOCH=1840000000
refuses 1 'root.json version 1 expired' "an expired root" publish --repository=repo --keys=keys --channel=stable web.manifest
SOURCE_DATE_EPOCH=x
refuses 2 'SOURCE_DATE_EPOCH' "nonsense for a time" publish --repository=repo --keys=keys --channel=stable web.manifest

# The same keys, files and time give the same bytes.
SOURCE_DATE_EPOCH=1800000000
release web 3.0 "web 3.0"
cp -r first second
run publish --repository=first --keys=keys --channel=stable web.manifest && run publish --repository=second --keys=keys --channel=stable web.manifest &&
    diff -r first second >/dev/null
ok $? "deterministic"

done_testing
