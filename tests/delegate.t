#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# sealift delegate, and sealift publish --role: who is trusted with which names, in which order, by whose signature; what is refused,
# and that a refusal or --dry-run leaves the repository as it was.
set -u
# shellcheck source=tests/publisher.sh
. "${top_srcdir:-.}/tests/publisher.sh"
day=86400
# newest ROLE: its file with the highest version
newest() { find repo/metadata -name "*.$1.json" | sort -t/ -k3 -n | tail -n 1; }
# entries: the delegations of targets in their order
entries() { python3 -c 'import json, sys
print(*(r["name"] for r in json.load(open(sys.argv[1]))["signed"].get("delegations", {"roles": []})["roles"]))' "$(newest targets)"; }
id() { run key list --keys="$1" --json && field out keys 0 id; }
delegate() {
    tree >before
    run delegate -r repo -k keys "$@"
}

run init -r repo -k keys && run key new -k team team-1 && run key new -k team2 team-2 && run key new -k other other-1
ok $? "a repository, and keys of teams"
teamkey=$(id team) team2key=$(id team2)
# the online keys, and those of one team
for team in team team2 other; do
    mkdir with-$team
    cp keys/snapshot-1.* keys/timestamp-1.* $team/* with-$team
done
cp team/* keys # at hand for now

# ---- A first delegation ----
delegate team --paths='beta/*' --key=team/team-1.pub --dry-run && grep -q 'Would change what is delegated to team' out && grep -q 'team is delegated to' out &&
    grep -q 'names: beta/\*' out && grep -q '1 of 1 keys must sign' out && [ -z "$(changed)" ]
ok $? "--dry-run says what it would do, and writes nothing"
delegate team --paths='beta/*' --paths='gamma/w?b.*' --key=team/team-1.pub --json
ok $? "a team is trusted with some names"
[ "$(changed)" = "metadata/1.team.json metadata/2.snapshot.json metadata/2.targets.json metadata/timestamp.json" ]
ok $? "which makes its first metadata, listed in a snapshot, and newer targets and timestamp"
[ "$(field repo/metadata/2.targets.json signed delegations roles 0 paths)" = "['beta/*', 'gamma/w?b.*']" ] &&
    [ "$(field repo/metadata/2.targets.json signed delegations roles 0 threshold)" = 1 ] &&
    [ "$(field repo/metadata/2.targets.json signed delegations roles 0 terminating)" = False ] &&
    [ "$(field repo/metadata/2.targets.json signed delegations roles 0 keyids)" = "['$teamkey']" ]
ok $? "its names, keys and threshold are what targets says"
[ "$(field repo/metadata/1.team.json signatures 0 keyid)" = "$teamkey" ] && [ "$(field repo/metadata/1.team.json signed targets)" = '{}' ] &&
    [ "$(field repo/metadata/2.snapshot.json signed meta team.json version)" = 1 ]
ok $? "it lists nothing yet, signed by its own key"
[ "$(field out role)" = team ] && [ "$(field out written)" = True ] && [ "$(field out files 0 role)" = targets ] && field out changes | grep -q 'team is delegated to'
ok $? "--json says so"
run expire -r repo
ok $? "hosts follow"

# ---- publish --role ----
release web 1 content
tree >before
run publish -r repo -k with-team -c beta --role=team web.manifest
ok $? "a release that the team signs"
changed | grep -q 'metadata/2.team.json metadata/3.snapshot.json metadata/timestamp.json targets/beta/[0-9a-f]*.web.manifest targets/beta/[0-9a-f]*.web.tar.zst'
ok $? "without the keys of targets, whose file stays"
field repo/metadata/2.team.json signed targets beta/web.manifest length | grep -q '^[0-9]' && [ "$(field repo/metadata/2.targets.json signed targets)" = '{}' ]
ok $? "is a target of the team"
refuses 1 'not trusted with it' "not under names that it is not trusted with" publish -r repo -k with-team -c stable --role=team web.manifest
refuses 1 'lists for team' "nor signed by another's key" publish -r repo -k with-other -c beta --role=team web.manifest
refuses 1 'no such role' "nor for a role that is not there" publish -r repo -k keys -c beta --role=nobody web.manifest
refuses 2 'lists no targets' "nor for one that lists none" publish -r repo -k keys -c beta --role=snapshot web.manifest
release web 2 more
run publish -r repo -k with-team -c beta --role=team web.manifest --dry-run --json && [ "$(field out role)" = team ]
ok $? "the next is fine"
run publish -r repo -k keys -c beta web.manifest
ok $? "targets itself may use the names"
release web 3 evenmore
refuses 1 'trusted more than team' "and is believed first, so that the team's would not be found" publish -r repo -k with-team -c beta --role=team web.manifest
release app 1 app
run publish -r repo -k with-team -c beta --role=team app.manifest
ok $? "other names are still the team's"

# ---- Other keys ----
refuses 1 'sealift sign it there' "keys that are elsewhere: says how they sign" delegate -r repo -k keys team --key=team2/team-2.pub
rm -f next.json
delegate team --key=team2/team-2.pub --draft=next.json && [ -z "$(changed)" ] && grep -q 'sealift sign --keys=DIR next.json' out
ok $? "--draft writes what they are to sign, and nothing else"
refuses 1 'lists for team' "--finish wants it signed" delegate -r repo -k keys team --key=team2/team-2.pub --finish=next.json
cp next.json wrong.json
run sign -y -k other wrong.json
refuses 1 'lists for team' "not by another's key" delegate -r repo -k keys team --key=team2/team-2.pub --finish=wrong.json
cp next.json wrong.json
run sign -y -k team wrong.json
refuses 1 'lists for team' "nor by the team's old one" delegate -r repo -k keys team --key=team2/team-2.pub --finish=wrong.json
run sign -y -k team2 next.json && delegate team --key=team2/team-2.pub --finish=next.json
ok $? "signed elsewhere, and finished"
[ "$(field "$(newest targets)" signed delegations roles 0 keyids)" = "['$team2key']" ] && ! grep -q "$teamkey" "$(newest targets)" &&
    field "$(newest team)" signed targets | grep -q beta/app.manifest && grep -q "team: key $team2key may sign" out && grep -q "team: key $teamkey may not sign any more" out
ok $? "what the team had published is signed by the new key, and the old one is forgotten"
release app 2 app2
refuses 1 'lists for team' "the old key signs no release any more" publish -r repo -k with-team -c beta --role=team app.manifest
run publish -r repo -k with-team2 -c beta --role=team app.manifest
ok $? "the new one does"
refuses 1 'next one here; draft it anew' "a draft that was overtaken" delegate -r repo -k keys team --key=team/team-1.pub --finish=next.json
delegate team --key=team-1 --key=team2/team-2.pub && [ "$(changed)" = "metadata/5.targets.json metadata/8.snapshot.json metadata/timestamp.json" ]
ok $? "one key more, and what the team has signed stays signed"
refuses 1 'sealift sign it there' "both of them must: one is not here" delegate -r repo -k keys team --threshold=2
cp team2/* keys
delegate team --threshold=2 && [ "$(field "$(newest team)" signatures 1 keyid | wc -c)" = 65 ]
ok $? "with both here, both sign"
refuses 1 '1 of the keys' "one of two is too few for a release" publish -r repo -k with-team2 -c beta --role=team app.manifest

# ---- Order, terminating, hash prefixes ----
cp other/* keys
delegate first --paths='beta/*' --key=other-1 --before=team --terminating --expires=2d && [ "$(entries)" = "first team" ] && grep -q 'nobody is asked after it' out
ok $? "--before: trusted more"
[ "$(field "$(newest first)" signed expires)" = 2027-01-17T08:00:00Z ]
ok $? "--expires: what it signs is valid for two days"
release new 1 new
cp -r keys all
refuses 1 'ends the search' "a terminating role before it keeps hosts from the team" publish -r repo -k all -c beta --role=team new.manifest
delegate first --not-terminating && run publish -r repo -k all -c beta --role=team new.manifest
ok $? "--not-terminating: does not"
run publish -r repo -k all -c beta --role=first new.manifest
ok $? "the role before publishes the same name"
release new 2 newer
refuses 1 'trusted more than team' "and is found first" publish -r repo -k all -c beta --role=team new.manifest
delegate team --before=first && [ "$(entries)" = "team first" ]
ok $? "the order is changed"
run publish -r repo -k all -c beta --role=team new.manifest
ok $? "and with it who is found first"
m=$(printf delta/new.manifest | sha256sum | cut -c1-3) b=$(printf delta/new.tar.zst | sha256sum | cut -c1-3)
delegate bins --path-hash-prefixes="$m,$b" --key=other-1 && [ "$(field "$(newest targets)" signed delegations roles 2 path_hash_prefixes)" = "['$m', '$b']" ]
ok $? "--path-hash-prefixes"
run publish -r repo -k all -c delta --role=bins new.manifest
ok $? "a release with such names"
refuses 1 'not trusted with it' "and one without" publish -r repo -k all -c epsilon --role=bins new.manifest

# ---- Below a delegated role ----
delegate team-web --from=team --paths='beta/web-*' --key=other-1 && [ -e repo/metadata/1.team-web.json ] && [ "$(field "$(newest team)" signed delegations roles 0 name)" = team-web ]
ok $? "--from: the team delegates on, two steps down"
release web-x 1 x
run publish -r repo -k all -c beta --role=team-web web-x.manifest
ok $? "a release two steps down"

# ---- Refused ----
refuses 2 'root alone may' "a name of root's" delegate -r repo -k keys targets --paths='x/*' --key=other-1
refuses 2 'name of 1 to' "no name" delegate -r repo -k keys '' --paths='x/*' --key=other-1
refuses 2 'name of 1 to' "a name too long" delegate -r repo -k keys "$(printf %081d 0)" --paths='x/*' --key=other-1
refuses 2 'part of a URL' "a name that a web server would take apart" delegate -r repo -k keys team/web --paths='x/*' --key=other-1
refuses 2 'could ever sign' "more signatures than keys" delegate -r repo -k keys new --paths='x/*' --key=other-1 --threshold=2
refuses 2 'same key' "one key twice" delegate -r repo -k keys new --paths='x/*' --key=other-1 --key=other/other-1.pub --threshold=2
refuses 2 'could ever sign' "no key" delegate -r repo -k keys new --paths='x/*'
refuses 2 'has one of them' "both kinds of names" delegate -r repo -k keys new --paths='x/*' --path-hash-prefixes=00 --key=other-1
refuses 2 'needs one of' "neither kind" delegate -r repo -k keys new --key=other-1
refuses 2 'lower-case hex' "no hex" delegate -r repo -k keys new --path-hash-prefixes=0G --key=other-1
refuses 2 'no target has' "an absolute name" delegate -r repo -k keys new --paths='/x' --key=other-1
refuses 2 'nothing is asked' "nothing" delegate -r repo -k keys team
refuses 2 'does not delegate' "--from of a role that cannot" delegate -r repo -k keys new --from=root --paths='x/*' --key=other-1
refuses 1 'not delegated to there' "--before of a role that is not there" delegate -r repo -k keys new --before=nobody --paths='x/*' --key=other-1
refuses 1 'lists for targets' "without the keys of targets" delegate -r repo -k with-team new --paths='x/*' --key=other/other-1.pub

# ---- --remove ----
refuses 1 'not delegated to' "--remove of a role that is not there" delegate -r repo -k keys nobody --remove
refuses 2 'what else' "--remove and more" delegate -r repo -k keys bins --remove --threshold=1
old=$(newest bins)
delegate bins --remove && grep -q 'bins is not delegated to any more' out && grep -q 'hosts do not find there any more' out && [ "$(entries)" = "team first" ]
ok $? "--remove: not trusted any more"
[ -e "$old" ] && field "$(newest snapshot)" signed meta bins.json version >/dev/null && field "$(newest snapshot)" signed meta bins.json version | grep -q '^[0-9]'
ok $? "but listed in the snapshot, which may not drop a role"
refuses 1 'not trusted with it\|no role delegates' "nothing is published there" publish -r repo -k all -c delta --role=bins new.manifest
later $((95 * day))
run expire -r repo
! grep -q bins out && grep -q team out
ok $? "nobody minds when it expires"
later 0
delegate bins --path-hash-prefixes="$m,$b" --key=team2/team-2.pub && grep -q 'it lists 2 targets' out && [ "$(field "$(newest bins)" signatures 0 keyid)" = "$team2key" ]
ok $? "trusted again, with another key, it has what it had"

done_testing
