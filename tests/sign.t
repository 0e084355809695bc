#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# sealift sign: a new root goes from safe to safe and comes back as one that hosts take; what is shown, what may not be changed.
set -u
# shellcheck source=tests/publisher.sh
. "${top_srcdir:-.}/tests/publisher.sh"
run() { "$sealift" "$@" >out 2>err </dev/null; }
tree() { sha256sum ./*.json; }
is_json() { python3 -m json.tool out >/dev/null; }

# edit FROM TO PYTHON: a draft: the document of FROM, changed, in another layout
edit() {
    python3 -c "import json, sys
d = json.load(open('$1'))
s = d['signed']
$3
json.dump(d, open('$2', 'w'))"
}
# signed FILE: what a signature is over; other FILE: how many signatures there are
signed() { python3 -c "import json; print(json.dumps(json.load(open('$1'))['signed'], sort_keys=True))"; }
count() { python3 -c "import json; print(len(json.load(open('$1'))['signatures']))"; }
id_of() { "$sealift" key list --keys="$1" --json | sed -n '/"name": "'"$2"'\./,/"id"/s/.*"id": "\([0-9a-f]*\)".*/\1/p'; }

run init --repository=repo --keys=keys
ok $? "init"
for n in 1 2 3; do mkdir safe-$n && mv keys/root-$n.* safe-$n; done
printf 'open sesame\n' >pass
chmod 600 pass
run key new root-4 --keys=safe-4 --type=ecdsa --passphrase-file=pass
ok $? "a new key for root, encrypted"
one=$(id_of safe-1 root-1)
four=$(id_of safe-4 root-4)
cp repo/metadata/1.root.json .
"$sealift" key list --keys=safe-4 --json >four.json

# Root 2: key 4 in the place of key 1, three must sign, and a field that nobody knows.
edit 1.root.json 2.root.json "
four = json.load(open('four.json'))['keys'][0]
s['version'] = 2
s['keys'][four['id']] = four['key']
r = s['roles']['root']
r['keyids'] = [k for k in r['keyids'] if k != '$one'] + [four['id']]
r['threshold'] = 3
s['x-note'] = {'b': [1, '\u00fc\"\\\\\\\\'], 'a': None}
d['signatures'] = []
d['x-envelope'] = 'kept'"
cp 2.root.json draft.json
body=$(signed 2.root.json)

run sign --keys=safe-2 --against=1.root.json --dry-run 2.root.json
ok $? "a dry run"
cmp -s draft.json 2.root.json
ok $? "changes nothing"
grep -q '2.root.json: root version 2, expires 2028-01-15T08:00:00Z' out && grep -q 'root: 3 of 3 must sign' out && grep -q 'targets: 1 of 1 must sign' out
ok $? "it shows what would be signed"
grep -q "root: key $one may not sign any more" out && grep -q "root: key $four may sign" out && grep -q 'root: 3 must sign, not 2' out &&
    grep -q '    x-note is added' out && [ "$(sed -n '/changes, against/,$p' out | grep -c '^    ')" = 4 ]
ok $? "and what changes, no more and no less"
grep -q 'would be signed by 1 of the keys of 2.root.json; 3 must' out && grep -q 'would be signed by 1 of the keys of 1.root.json; 2 must' out
ok $? "and how many signatures there would be"

refuses 1 'none of the keys here.*--against' "the old key alone is not known without the old root" sign --keys=safe-1 2.root.json
refuses 1 'none of the keys here' "nor is a key that signs for something else" sign --keys=keys --against=1.root.json 2.root.json
run sign --keys=safe-1 --against=1.root.json 2.root.json
ok $? "the old key signs"
run sign --keys=safe-2 --against=1.root.json 2.root.json
ok $? "so does one that is in both"
[ "$(count 2.root.json)" = 2 ] && [ "$(signed 2.root.json)" = "$body" ] && grep -q '"x-envelope": "kept"' 2.root.json
ok $? "both signatures are there, and all else is as it was"
cp 2.root.json two.json
run sign --keys=safe-2 2.root.json && cmp -s two.json 2.root.json
ok $? "signing again replaces one's own signature"
sed -i '/"keyid": "'"$one"'"/{n;s/"sig": ".*"/"sig": "00", "x-by": "hand"/}' 2.root.json
run sign --keys=safe-2 2.root.json && grep -q '"sig": "00"' 2.root.json && grep -q '"x-by": "hand"' 2.root.json
ok $? "and never another's, even a bad one"
cp two.json 2.root.json
edit 2.root.json short.json "s['version'] = 3"
refuses 2 'does not follow' "a root that leaves out a version" sign --keys=safe-2 --against=1.root.json short.json
refuses 1 'is encrypted' "an encrypted key, and nobody to ask" sign --keys=safe-4 2.root.json
run sign --keys=safe-4 --passphrase-file=pass --json --against=1.root.json 2.root.json
ok $? "the new key signs"
is_json && grep -q '"written": true' out && sed -n '/"signatures"/,/}/p' out | grep -q '"good": 2' && sed -n '/"signatures_before"/,/}/p' out | grep -q '"threshold": 2'
ok $? "and tells in JSON what is there and what must be"
cat >signer <<'EOF'
#!/bin/sh
echo "$SEALIFT_ROLE $SEALIFT_FILE" >>told
exec openssl pkeyutl -sign -rawin -inkey safe-3/root-3.pem -in /dev/stdin
EOF
chmod +x signer
run sign --signer=./signer 2.root.json
ok $? "the third signs by a program, with no folder of keys"
[ "$(cat told)" = "root 2.root.json" ]
ok $? "which is told what it signs"
grep -q 'signed by 3 of the keys of 2.root.json; 3 must' out
ok $? "that is enough"
cp 2.root.json repo/metadata/
release web 1 'web 1'
run publish --repository=repo --keys=keys --channel=stable web.manifest
ok $? "and hosts follow the repository to it"

# An id that stays, with another key under it.
three=$(id_of safe-3 root-3)
edit 2.root.json 3.root.json "
s['version'] = 3
s['keys']['$three'] = s['keys']['$four']
d['signatures'] = []"
run sign --keys=safe-2 --against=2.root.json 3.root.json && grep -q "root: key $three is ANOTHER KEY under the same id" out
ok $? "another key under an old id is shown"
edit 2.root.json 3.root.json "
s['version'] = 3
s['consistent_snapshot'] = False
s['roles']['targets']['x-sealift-expiry-seconds'] = 1
s['keys']['\\u001b[2J\\u202e'] = s['keys']['$four']
s['roles']['root']['keyids'].append('\\u001b[2J\\u202e')
d['signatures'] = []"
run sign --keys=safe-2 --against=2.root.json 3.root.json && grep -q 'consistent_snapshot is changed' out && grep -q 'targets: x-sealift-expiry-seconds is changed' out
ok $? "so is whatever else changes"
! grep -q "$(printf '\033')" out && grep -q '?.2J' out
ok $? "and no text of it reaches the terminal's controls"
edit 2.root.json 3.root.json "s['version'] = 3"
run sign --keys=safe-2 --against=2.root.json 3.root.json && grep -q 'nothing but its version' out
ok $? "as is that nothing changes"

# One key under two ids is one key, also where both have signed.
edit 2.root.json 3.root.json "
s['version'] = 3
s['keys']['00'] = s['keys']['$three']
s['roles']['root']['keyids'].append('00')
d['signatures'] = []"
run sign --signer=./signer 3.root.json && [ "$(count 3.root.json)" = 2 ] && grep -q 'signed by 1 of the keys of 3.root.json; 3 must' out
ok $? "one key under two ids is counted once"
edit 2.root.json 3.root.json "s['version'] = 3"

# Other roles.
cp repo/metadata/2.targets.json old.json
edit old.json 3.targets.json "
s['version'] = 3
s['targets']['stable/db.manifest'] = {'length': 1, 'hashes': {'sha256': '00' * 32}}
del s['targets']['stable/web.manifest']
s['targets']['stable/web.tar.zst']['length'] = 6
t = json.load(open('2.root.json'))['signed']
team = t['roles']['root']['keyids']
s['delegations'] = {'keys': {k: t['keys'][k] for k in team}, 'roles': [{'name': 'a/team', 'keyids': team, 'threshold': 2, 'terminating': False, 'paths': ['team/*']}]}
d['signatures'] = []"
run sign --keys=keys --root=2.root.json --against=old.json 3.targets.json
ok $? "a targets file, by a key that the root lists"
[ "$(count 3.targets.json)" = 1 ] && grep -q '3.targets.json: targets version 3' out
ok $? "and by no other"
grep -q 'stable/db.manifest is added' out && grep -q 'stable/web.manifest is removed' out && grep -q 'stable/web.tar.zst is changed' out && grep -q 'a/team is delegated to' out
ok $? "what changes is shown"
refuses 1 'none of the keys here' "a key that signs for root only" sign --keys=safe-2 --root=2.root.json 3.targets.json
edit old.json 1.a%2Fteam.json "
s['version'] = 1
s['targets'] = {}
d['signatures'] = []"
run sign --keys=safe-3 --root=3.targets.json 1.a%2Fteam.json
ok $? "a delegated role, by a key that its delegator lists"
grep -q 'a/team version 1' out && grep -q 'a/team: 2 of 3 must sign' out && grep -q 'signed by 1 of the keys of 3.targets.json; 2 must' out
ok $? "under its name"
sed -e 's/"version": 3/"version": 4/' -e 's,"team/[*]","*",' 3.targets.json >4.targets.json
run sign --keys=keys --root=2.root.json --against=3.targets.json 4.targets.json && grep -q 'a/team: paths is changed' out
ok $? "what is delegated is shown, too"
refuses 1 'none of the keys here' "by nobody else" sign --keys=keys --root=3.targets.json 1.a%2Fteam.json
cp 1.a%2Fteam.json 1.b%2Fteam.json
refuses 1 'lists nobody who signs for b%2Fteam' "a role that is not delegated to" sign --keys=safe-3 --root=3.targets.json 1.b%2Fteam.json
run sign --keys=safe-1 1.a%2Fteam.json && [ "$(count 1.a%2Fteam.json)" = 2 ]
ok $? "without a list, whoever is there"
edit 3.targets.json 4.targets.json "s['version'] = 4"
refuses 1 'the folder of keys lists' "but no program whose key nobody knows" sign --keys=safe-1 --signer=./signer 4.targets.json
cp safe-3/root-3.pub safe-1
run sign --keys=safe-1 --signer=./signer 4.targets.json && [ "$(count 4.targets.json)" = 3 ]
ok $? "whose public half is there does"
rm safe-1/root-3.pub

# Files.
refuses 2 'signed' "a file that is no metadata" sign --keys=keys four.json short.json
echo '{"signed": {"_type": "targets"}, "signatures": []}' >broken.json
refuses 2 'broken.json' "metadata that no client would read" sign --keys=keys broken.json
refuses 1 'No such file' "no file" sign --keys=keys none.json
refuses 2 'needed' "nobody to sign" sign 2.root.json
refuses 2 'expected FILE' "nothing to sign" sign --keys=keys
chmod 640 2.root.json
run sign --keys=safe-2 2.root.json && [ "$(stat -c %a 2.root.json)" = 640 ]
ok $? "the file's mode stays"
mkdir ro && cp 2.root.json ro/ && find . -name '.*.new' | grep -q .
[ $? -eq 1 ]
ok $? "no temporary file is left"
cp 3.root.json asked.json
before=$(sha256sum asked.json)
terminal n -- "$sealift" sign --keys=safe-3 asked.json
status=$?
[ $status -eq 1 ] && grep -q 'Sign it' out && [ "$before" = "$(sha256sum asked.json)" ]
ok $? "on a terminal it asks first"
terminal y -- "$sealift" sign --keys=safe-3 asked.json
status=$?
[ $status -eq 0 ] && [ "$before" != "$(sha256sum asked.json)" ]
ok $? "and signs when told to"

done_testing
