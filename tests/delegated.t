#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# A repository whose targets delegates, as another tool might have made it: the publisher's verbs list the delegated roles, keep
# them in the snapshot, and sign them by the keys of whoever delegates to them.
set -u
# shellcheck source=tests/publisher.sh
. "${top_srcdir:-.}/tests/publisher.sh"

run init -r repo -k keys && run key new -k team team-1 && run key new -k web web-1
ok $? "a repository and two teams"
run key list --keys=team --json && cp out team.json && run key list --keys=web --json && cp out web.json

# targets delegates to "team", and that to "team/web", whose name is not that of its file.
cat >tuf.py <<'PY'
import hashlib, json, os, subprocess

def load(path):
    return json.load(open(path))["signed"]

def sign(body, path, keys):
    open(path, "w").write(json.dumps({"signatures": [], "signed": body}))
    for k in keys:
        subprocess.run([os.environ["sealift"], "sign", "--yes", "--keys=" + k, path], stdout=subprocess.DEVNULL, check=True)

def meta(path, version):
    data = open(path, "rb").read()
    return {"version": version, "length": len(data), "hashes": {"sha256": hashlib.sha256(data).hexdigest()}}

def delegation(name, file, threshold=1):
    keys = json.load(open(file))["keys"]
    return {"keys": {k["id"]: k["key"] for k in keys}, "roles": [{"name": name, "keyids": [k["id"] for k in keys],
            "threshold": threshold, "terminating": False, "paths": [name + "/*"]}]}

# the keys of one role alone, or all in the folder would sign
for role in ("targets", "snapshot", "timestamp"):
    os.makedirs("only-" + role, exist_ok=True)
    for end in (".pem", ".pub"):
        if not os.path.exists("only-%s/k%s" % (role, end)):
            os.link("keys/%s-1%s" % (role, end), "only-%s/k%s" % (role, end))

m = "repo/metadata/"
PY
cat >delegate.py <<'PY'
from tuf import *

targets = load(m + "1.targets.json")
web = dict(targets, version=1)
team = dict(targets, version=1, delegations=delegation("team/web", "web.json"))
targets.update(version=2, delegations=delegation("team", "team.json"))
sign(web, m + "1.team%2Fweb.json", ["web"])
sign(team, m + "1.team.json", ["team"])
sign(targets, m + "2.targets.json", ["only-targets"])
snapshot = load(m + "1.snapshot.json")
snapshot.update(version=2, meta={"targets.json": meta(m + "2.targets.json", 2), "team.json": meta(m + "1.team.json", 1),
                                 "team/web.json": meta(m + "1.team%2Fweb.json", 1)})
sign(snapshot, m + "2.snapshot.json", ["only-snapshot"])
timestamp = load(m + "timestamp.json")
timestamp.update(version=2, meta={"snapshot.json": meta(m + "2.snapshot.json", 2)})
sign(timestamp, m + "timestamp.json", ["only-timestamp"])
PY
python3 delegate.py
ok $? "delegates"

run expire -r repo
ok $? "is a repository"
[ "$(sed 1d out | awk '{ print $1 "=" $2 }' | tr '\n' ' ')" = "timestamp=2 snapshot=2 targets=2 team=1 team/web=1 root=1 " ]
ok $? "whose delegated roles are listed"
run key list --keys=web --repository=repo && grep -q 'web-1.pem .* signs for team/web$' out
ok $? "a key's roles are told, also where a delegated role delegates"
cp -r repo good

tree >before
run refresh -r repo -k keys --role=targets
ok $? "targets signed anew"
[ "$(changed)" = "metadata/3.snapshot.json metadata/3.targets.json metadata/timestamp.json" ] &&
    [ "$(field repo/metadata/3.snapshot.json signed meta team/web.json version)" = 1 ] && [ "$(field repo/metadata/3.snapshot.json signed meta team.json version)" = 1 ]
ok $? "leaves delegated roles in the snapshot"

mkdir both
cp keys/snapshot-1.* keys/timestamp-1.* web/* both
tree >before
run refresh -r repo -k both --role=team/web --json
ok $? "a delegated role is signed by its own key"
[ "$(changed)" = "metadata/2.team%2Fweb.json metadata/4.snapshot.json metadata/timestamp.json" ] &&
    [ "$(field repo/metadata/4.snapshot.json signed meta team/web.json version)" = 2 ]
ok $? "into a file that its name cannot lead out of, named by the snapshot"
[ "$(field out files 0 role)" = team/web ] && [ "$(field out files 0 version_before)" = 1 ] && [ "$(field out files 0 signed_by 0)" = web-1.pem ]
ok $? "says who"
refuses 1 '0 of the keys that targets.json lists for team are here' "not by another's" refresh -r repo -k both --role=team
cp team/* both
run refresh -r repo -k both --role=team --role=team/web && [ -e repo/metadata/2.team.json ] && [ -e repo/metadata/3.team%2Fweb.json ] && run expire -r repo
ok $? "two at once"

printf ' ' >>repo/metadata/2.team.json
refuses 1 '2.team.json' "a delegated role that was tampered with" refresh -r repo -k keys
rm repo/metadata/2.team.json
refuses 1 'metadata/2.team.json: not there' "one that is gone" refresh -r repo -k keys --role=targets

# targets trusts the teams no more; their files may go, but no snapshot drops a role, or hosts would refuse it (spec 5.5.5).
rm -rf repo
cp -r good repo
cat >revoke.py <<'PY'
from tuf import *

targets = load(m + "2.targets.json")
targets.update(version=3)
targets.pop("delegations")
sign(targets, m + "3.targets.json", ["only-targets"])
snapshot = load(m + "2.snapshot.json")
snapshot["version"] = 3
snapshot["meta"]["targets.json"] = meta(m + "3.targets.json", 3)
sign(snapshot, m + "3.snapshot.json", ["only-snapshot"])
timestamp = load(m + "timestamp.json")
timestamp.update(version=3, meta={"snapshot.json": meta(m + "3.snapshot.json", 3)})
sign(timestamp, m + "timestamp.json", ["only-timestamp"])
PY
python3 revoke.py && rm repo/metadata/1.team.json && run refresh -r repo -k keys --role=targets &&
    [ "$(field repo/metadata/4.snapshot.json signed meta team.json version)" = 1 ] && run expire -r repo
ok $? "roles that nobody delegates to any more stay listed"
refuses 1 'no role delegates to it any more' "and are signed by nobody" refresh -r repo -k both --role=team/web

# A name that would move the cursor of whoever looks.
rm -rf repo
run init -r repo -k keys2 && rm -rf only-* keys && mv keys2 keys
sed 's,team/web,ev\\u001bil,g; s,1.team%2Fweb.json,1.ev%1Bil.json,' delegate.py >evil.py
python3 evil.py && run expire -r repo --within=100d
[ $? -eq 3 ] && grep -q '^ev?il ' out && ! grep -q "$(printf '\033')" out
ok $? "names are fit for a terminal"
run refresh -r repo -k keys
SOURCE_DATE_EPOCH=1807000000
run refresh -r repo -k keys
grep -q 'warning: ev?il expires in' err && ! grep -q "$(printf '\033')" err
ok $? "also in warnings"

done_testing
