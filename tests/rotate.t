#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# sealift rotate: other keys for each role and for root itself, drafts signed in several places, and what is refused. After each, a
# host that followed the repository from its first root must follow it on: that is what opening it does.
set -u
# shellcheck source=tests/publisher.sh
. "${top_srcdir:-.}/tests/publisher.sh"
kept="repo keys"
day=86400
count() { python3 -c 'import json, sys; d = json.load(open(sys.argv[1]))
for k in sys.argv[2:]: d = d[k]
print(len(d))' "$@" 2>&1; }
# id NAME: what root calls the key
id() { run key list --keys=keys --json && python3 -c 'import json, sys
for k in json.load(open("out"))["keys"]:
    if k["name"] == sys.argv[1]: print(k["id"])' "$1"; }
# follows: hosts do, and so does the next publisher
follows() { run expire -r repo --within=1s && run refresh -r repo -k "${1:-keys}" --dry-run; }
rotate() {
    tree >before
    run rotate --repository=repo --keys=keys "$@"
}

later 0
run init --repository=repo --keys=keys
ok $? "a repository"
cp -r repo first
cp -r keys first-keys

# ---- the same root, later ----
later $day
rotate
ok $? "root is renewed"
[ "$(changed)" = repo/metadata/2.root.json ] && [ "$(field repo/metadata/2.root.json signed expires)" = 2028-01-16T08:00:00Z ]
ok $? "with a later date, and nothing else is touched"
grep -q 'metadata/2.root.json *version 1 -> 2, expires 2028-01-16T08:00:00Z, signed by root-1.pem, root-2.pem, root-3.pem$' out
ok $? "says what changed"
follows
ok $? "hosts follow"
rotate --dry-run && grep -q 'Would rotate root' out && grep -q 'version 2 -> 3' out && [ -z "$(changed)" ]
ok $? "--dry-run writes nothing"
rotate --dry-run --role=timestamp --new && grep -q 'would make keys/timestamp-2.pem' out && [ -z "$(changed)" ]
ok $? "nor does it make keys"

# ---- a stolen timestamp key ----
stolen=$(id timestamp-1.pem)
rotate --role=timestamp --new
ok $? "the timestamp key is replaced"
[ "$(changed)" = "keys/timestamp-2.pem keys/timestamp-2.pub repo/metadata/3.root.json repo/metadata/timestamp.json" ]
ok $? "by a fresh one, which signs a timestamp"
! grep -q "$stolen" repo/metadata/3.root.json
ok $? "the new root knows nothing of the old one"
awk '/^  metadata/ { print $1 }' out | tr '\n' ' ' >order
[ "$(cat order)" = "metadata/timestamp.json metadata/3.root.json " ]
ok $? "the root is uploaded last, since the old key has signed as well"
follows
ok $? "hosts follow"
mkdir old
mv keys/timestamp-1.* old
follows
ok $? "without the old key"
refuses 1 'root version 3 lists for timestamp' "which signs nothing any more" refresh -r repo -k old

# ---- the old key is lost: root first ----
later $((2 * day))
rotate --role=timestamp --new --remove=timestamp-2 --type=ecdsa
ok $? "a key is replaced by its name"
mv keys/timestamp-2.* old # the new one is called timestamp-1
cp -r repo lost
cp -r keys lost-keys
rotate --role=snapshot --new
ok $? "the snapshot key is replaced"
[ "$(changed)" = "keys/snapshot-2.pem keys/snapshot-2.pub repo/metadata/2.snapshot.json repo/metadata/5.root.json repo/metadata/timestamp.json" ]
ok $? "which needs a snapshot and a timestamp"
rotate --role=targets --new
ok $? "the targets key is replaced"
[ "$(changed)" = "keys/targets-2.pem keys/targets-2.pub repo/metadata/2.targets.json repo/metadata/3.snapshot.json repo/metadata/6.root.json repo/metadata/timestamp.json" ]
ok $? "which needs targets, snapshot and timestamp"
follows
ok $? "hosts follow"

# ---- root keys ----
lost=$(id root-2.pem)
rm keys/root-2.*
rotate --remove="$(printf %.8s "$lost")" --new --json
ok $? "one of three root keys is lost and replaced"
[ "$(field out removed 0)" = "$lost" ] && [ "$(field out keys_made 0)" = root-2.pem ] && [ "$(field out signatures before good)" = 2 ] &&
    [ "$(field out signatures after good)" = 3 ] && [ "$(field out written)" = True ]
ok $? "as JSON says"
follows
ok $? "hosts follow"
rotate --remove=root-1 --remove=root-2 --remove=root-3 --new
ok $? "all root keys are replaced"
[ "$(count repo/metadata/8.root.json signatures)" = 6 ] && [ "$(count repo/metadata/8.root.json signed roles root keyids)" = 3 ] &&
    [ "$(count repo/metadata/8.root.json signed keys)" = 6 ]
ok $? "old and new ones sign, and only the new ones are listed"
follows
ok $? "hosts follow"
rm keys/root-1.* keys/root-2.* keys/root-3.*
rotate
ok $? "the new ones are enough for the next"

# ---- thresholds, dates ----
rotate --threshold=3
ok $? "a higher threshold"
grep -q 'when one root key is lost' err
ok $? "which is warned of, as no key may be lost"
[ "$(field repo/metadata/10.root.json signed roles root threshold)" = 3 ]
ok $? "and is what root says"
mv keys/root-4.pem .
refuses 1 'metadata/11.root.json: 2 of the keys that root version 10 lists for root are here, 3 must sign' "two of three are not enough now" \
    rotate -r repo -k keys --threshold=1
mv root-4.pem keys
rotate --threshold=1 && grep -q 'one stolen root key is enough' err
ok $? "a threshold of one is warned of"
rotate --threshold=2 --expires=30d && [ ! -s err ] && [ "$(field repo/metadata/12.root.json signed expires)" = 2027-02-16T08:00:00Z ]
ok $? "two of three for 30 days"
rotate --role=timestamp --expires=6d --interval=12h
ok $? "other times for timestamp"
run refresh -r repo -k keys && [ "$(field repo/metadata/timestamp.json signed expires)" = 2027-01-23T08:00:00Z ] &&
    [ "$(field repo/metadata/timestamp.json signed x-sealift-interval-seconds)" = 43200 ]
ok $? "which the next one has"
openssl genpkey -algorithm ED25519 -out ann.pem 2>/dev/null
openssl pkey -in ann.pem -pubout -out ann.pub
rotate --role=targets --add=ann.pub
ok $? "a key that is elsewhere"
[ "$(changed)" = repo/metadata/14.root.json ] && [ "$(count repo/metadata/14.root.json signed roles targets keyids)" = 2 ]
ok $? "asks for no other signatures"
refuses 1 'lists for targets' "a threshold that its signature is needed for" rotate -r repo -k keys --role=targets --threshold=2
rotate --role=targets --remove=ann.pub && [ "$(count repo/metadata/15.root.json signed roles targets keyids)" = 1 ]
ok $? "and is removed by its file"

# ---- refused ----
refuses 2 'nobody could ever sign it' "a threshold past the number of keys" rotate -r repo -k keys --threshold=4
refuses 2 'nobody could ever sign it' "keys taken away below the threshold" rotate -r repo -k keys --remove=root-4 --remove=root-5
refuses 2 'nobody could ever sign it' "the last key" rotate -r repo -k keys --role=timestamp --remove="$(id timestamp-1.pem)"
refuses 1 'is a key of root already' "the same key twice" rotate -r repo -k keys --add=root-4
refuses 1 'no key of timestamp' "a key of another role" rotate -r repo -k keys --role=timestamp --remove=root-4
refuses 1 'has an id that begins so' "an id that nobody has" rotate -r repo -k keys --remove=0123456789
refuses 1 'none.pub' "no file" rotate -r repo -k keys --add=none.pub
refuses 2 'sealift delegate' "a delegated role" rotate -r repo -k keys --role=team --new
refuses 2 'which of them' "--new and --add" rotate -r repo -k keys --new --add=ann.pub
refuses 2 'interval' "an interval for root" rotate -r repo -k keys --interval=1d
refuses 2 'interval' "an interval past the expiry" rotate -r repo -k keys --role=timestamp --interval=6d
refuses 2 'threshold=0' "no threshold" rotate -r repo -k keys --threshold=0
refuses 2 'needed' "no repository" rotate -k keys
exec 9<repo
flock 9
refuses 1 'another publisher' "two publishers at once" rotate --repository=repo --keys=keys
exec 9<&-
mkdir some
cp keys/root-4.* some
refuses 1 '1 of the keys that root version 15 lists for root is here, 2 must sign' "one root key of two" rotate -r repo -k some

# ---- drafts ----
mkdir one two online
mv keys/root-4.* one
mv keys/root-5.* two
mv keys/root-6.* .
cp keys/* online
tree >before
run rotate -r repo -k one --role=timestamp --new --draft=next.json
ok $? "a draft with one signature"
[ -z "$(changed)" ] && [ "$(count next.json signatures)" = 1 ] && [ -e one/timestamp-1.pem ]
ok $? "leaves the repository alone"
grep -q 'signatures: 1, 2 needed, by keys of the root before; 1, 2 needed, by its own' out && grep -q -- '--against=repo/metadata/15.root.json next.json' out
ok $? "says what is missing, and where from"
refuses 1 'next.json' "a draft is never overwritten" rotate -r repo -k one --draft=next.json
refuses 1 'lists for root' "finished too early" rotate -r repo -k online --finish=next.json
refuses 2 'takes the draft as it is' "finished with a change" rotate -r repo -k online --finish=next.json --new
run sign --keys=two --against=repo/metadata/15.root.json --yes next.json
ok $? "signed elsewhere"
refuses 1 'root version 16 lists for timestamp' "without the new timestamp key" rotate -r repo -k online --finish=next.json
mv one/timestamp-1.* online
cp next.json kept.json
later $((2 * day + 3600)) # what was signed has its date
tree >before
run rotate -r repo -k online --finish=next.json --dry-run && [ -z "$(changed)" ]
ok $? "--dry-run of the end"
run rotate -r repo -k online --finish=next.json
ok $? "finished without a root key"
[ "$(changed)" = "repo/metadata/16.root.json repo/metadata/timestamp.json" ] && follows online
ok $? "hosts follow"
refuses 1 '17 is the next one' "a draft is of no use twice" rotate -r repo -k online --finish=kept.json
sed 's/"version": 16/"version": 17/' kept.json >forged.json
refuses 1 '0 of the keys' "nor with another number" rotate -r repo -k online --finish=forged.json
python3 -c 'import json; d = json.load(open("kept.json")); d["signed"]["version"] = 17; d["signed"]["roles"]["root"]["threshold"] = 9
json.dump(d, open("forged.json", "w"))'
refuses 2 'nobody could ever sign it' "a draft made by hand that nobody could follow" rotate -r repo -k online --finish=forged.json
python3 -c 'import json; d = json.load(open("kept.json")); d["signed"]["version"] = 17; r = d["signed"]["roles"]["timestamp"]
d["signed"]["keys"]["twice"] = d["signed"]["keys"][r["keyids"][0]]; r["keyids"].append("twice"); r["threshold"] = 2
json.dump(d, open("forged.json", "w"))'
refuses 2 'timestamp: would have 1 keys of which 2 must sign' "nor one that counts a key twice" rotate -r repo -k online --finish=forged.json
echo '{}' >forged.json
refuses 2 'forged.json' "no draft at all" rotate -r repo -k online --finish=forged.json

# ---- what has expired meanwhile is not root's fault ----
mv one/* two/* online
later $((90 * day))
rm -rf keys
mv online keys
refuses 1 'root.json version 16 expired' "a root that has expired, for a timestamp" refresh -r repo -k keys --role=targets
mkdir root-keys
mv keys/root-* root-keys
tree >before
run rotate -r repo -k root-keys --expires=365d
ok $? "it is renewed without the keys of timestamp, which has expired as well"
[ "$(changed)" = repo/metadata/17.root.json ]
ok $? "as it is"
run refresh -r repo -k keys --role=targets
ok $? "which is for others to cure"
follows
ok $? "hosts follow"

# ---- fast-forward: a thief has driven the versions up, in the publisher's own folder ----
rm -rf repo keys
cp -r first repo
cp -r first-keys keys
later 0
mkdir only-snapshot only-timestamp
cp keys/snapshot-1.* only-snapshot
cp keys/timestamp-1.* only-timestamp
SEALIFT=$sealift python3 - <<'PY'
import json, os, subprocess, hashlib
high = 9223372036854775807
def sign(role, body, path):
    open(path, "w").write(json.dumps({"signatures": [], "signed": body}))
    subprocess.run([os.environ["SEALIFT"], "sign", "--yes", "--keys=only-" + role, path], stdout=subprocess.DEVNULL, check=True)
def load(path): return json.load(open(path))["signed"]
snapshot = load("repo/metadata/1.snapshot.json")
snapshot["version"] = high - 1
path = "repo/metadata/%d.snapshot.json" % (high - 1)
sign("snapshot", snapshot, path)
data = open(path, "rb").read()
timestamp = load("repo/metadata/timestamp.json")
timestamp["version"] = high
timestamp["meta"]["snapshot.json"] = {"version": high - 1, "length": len(data), "hashes": {"sha256": hashlib.sha256(data).hexdigest()}}
sign("timestamp", timestamp, "repo/metadata/timestamp.json")
PY
run expire -r repo && grep -q '^timestamp .* 9223372036854775807 ' out
ok $? "hosts follow the thief"
refuses 1 'no next version number' "a timestamp has nowhere to go" refresh -r repo -k keys
rotate --role=timestamp --new
ok $? "after a rotation it has"
[ "$(field repo/metadata/timestamp.json signed version)" = 1 ] && follows
ok $? "hosts that followed the thief follow again"
rotate --role=snapshot --new && [ -e repo/metadata/2.snapshot.json ] && [ "$(field repo/metadata/timestamp.json signed version)" = 2 ] && follows
ok $? "the snapshot goes back to the first number without a file"

# ---- killed before each rename ----
# killed NAME RENAMES ARGS...: then another command finishes, or goes on from, what is there
killed() {
    name=$1 renames=$2
    shift 2
    if ! strace -o trace true 2>/dev/null; then
        skip "$name" "no strace, or not allowed to"
        return
    fi
    n=0
    broken=
    while :; do
        rm -rf repo keys
        cp -r lost repo
        cp -r lost-keys keys
        strace -f -o trace -e trace=renameat,renameat2 -e "inject=renameat,renameat2:signal=KILL:when=$((n + 1))" "$sealift" rotate \
            -r repo -k keys "$@" >out 2>err
        [ $? -eq 137 ] || break
        n=$((n + 1))
        run expire -r repo --within=1s && run refresh -r repo -k keys && run expire -r repo --within=1s &&
            run rotate -r repo -k keys && run expire -r repo --within=1s || broken="$broken $n: $(cat err)"
    done
    [ $n -eq "$renames" ] && [ -z "$broken" ]
    ok $? "$name (killed at each of $n renames; broken at:${broken:- none})"
}
later $((2 * day))
killed "with the old key, hosts can follow at any moment" 4 --role=targets --new
rm lost-keys/targets-1.pem lost-keys/snapshot-1.pem
run key new --keys=lost-keys snapshot-9
killed "without it, the next refresh finishes what was begun" 3 --role=snapshot --new

# ---- another tool's ids are not ours ----
rm -rf repo keys
later 0
run init -r repo -k keys
python3 -c 'import json; b = json.load(open("repo/metadata/1.root.json"))["signed"]; r = b["roles"]["root"]
new = ["aaaaaaaa%d" % i for i in range(3)]
for old, id in zip(r["keyids"], new): b["keys"][id] = b["keys"].pop(old)
r["keyids"] = new
json.dump({"signatures": [], "signed": b}, open("repo/metadata/1.root.json", "w"))'
run sign --keys=keys --yes repo/metadata/1.root.json && follows
ok $? "keys under other ids"
refuses 2 '3 keys of root have ids that begin so' "an id that could be several" rotate -r repo -k keys --remove=aaaaaaaa
rotate --remove=AAAAAAAA1 --new && field repo/metadata/2.root.json signed roles root keyids | grep -q "^\['aaaaaaaa0', 'aaaaaaaa2', '[0-9a-f]*'\]\$" && follows
ok $? "one is replaced"
rotate --remove=root-1 && field repo/metadata/3.root.json signed roles root keyids | grep -q "^\['aaaaaaaa2', " && follows
ok $? "another is found by its key"

# ---- new keys beside encrypted ones are encrypted ----
rm -rf repo keys
echo secret >pass
chmod 600 pass
run init --repository=repo --keys=keys --passphrase-file=pass
ok $? "encrypted keys"
rotate --role=timestamp --new --passphrase-file=pass
ok $? "sign a rotation"
grep -q 'BEGIN ENCRYPTED PRIVATE KEY' keys/timestamp-2.pem
ok $? "and the new one is encrypted as well"

# ---- or because somebody asks for it ----
rm -rf repo keys
run init --repository=repo --keys=keys
tree >before
terminal 'knock knock' 'knock nock' -- "$sealift" rotate -r repo -k keys --role=timestamp --new --encrypt &&
    echo "it took them" >>before
tree | cmp -s - before
ok $? "--encrypt: two passphrases are none, and nothing is written"
setsid --wait "$sealift" rotate -r repo -k keys --role=timestamp --new --encrypt >out 2>err </dev/null
[ $? -eq 1 ] && grep -q 'terminal' err && tree | cmp -s - before
ok $? "nor with nobody to ask"
terminal 'knock knock' 'knock knock' -- "$sealift" rotate -r repo -k keys --role=timestamp --new --encrypt &&
    [ "$(grep -c '^quiet' out)" = 2 ] && grep -q '^ended, echo' out
ok $? "with one it rotates, and nobody saw it"
[ "$(grep -l 'BEGIN ENCRYPTED' keys/*.pem)" = keys/timestamp-2.pem ]
ok $? "the new key is encrypted, and no other"
openssl pkey -in keys/timestamp-2.pem -passin 'pass:knock knock' -noout 2>err
ok $? "by that passphrase"
echo 'knock knock' >pass
run refresh -r repo -k keys
[ $? -eq 1 ] && grep -q 'encrypted' err
ok $? "the next timestamp needs it"
run refresh -r repo -k keys --passphrase-file=pass
ok $? "and is signed with it"

done_testing
