#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# sealift verify: a good repository is found good, and each thing that a host would refuse is refused, in the host's words; likewise
# a bundle beside its manifest. A folder and its file:// URL are the same, and nothing is written.
set -u
# shellcheck source=tests/publisher.sh
. "${top_srcdir:-.}/tests/publisher.sh"
tree() { find . -type f ! -name out ! -name err ! -name before | LC_ALL=C sort | xargs -d '\n' sha256sum; }
# flip FILE N: another byte at N
flip() { python3 -c 'import sys; f = open(sys.argv[1], "r+b"); n = int(sys.argv[2]); f.seek(n); c = f.read(1)[0]; f.seek(n); f.write(bytes([c ^ 1]))' "$1" "$2"; }
fresh() {
    rm -rf repo
    cp -r good repo
}
# finds WORD NAME ARGS...: verify says no with that word
finds() {
    word=$1 name=$2
    shift 2
    refuses 1 "$word" "$name" verify "$@"
}

# release NAME VERSION TEXT: packed into out/
release() {
    rm -rf tree.d
    mkdir -p tree.d/bin tree.d/empty
    echo "$3" >tree.d/bin/web
    chmod 755 tree.d/bin/web
    ln -s web tree.d/bin/link
    : >tree.d/nothing
    printf '[Bundle]\nName=%s\nVersion=%s\n[Service main]\nExecStart=/bundle/bin/web\n' "$1" "$2" >intent
    run pack --manifest=intent --output=packed tree.d
}

run init --repository=repo --keys=keys && release web 1 one && run publish -r repo -k keys -c stable packed/web-1.manifest &&
    release site 7 seven && run publish -r repo -k keys -c canary packed/site-7.manifest
ok $? "a repository with two releases"
cp -r repo good
cp repo/metadata/1.root.json root.json
tree >before
run verify --root=root.json repo
status=$?
[ $status -eq 0 ] && [ ! -s err ] && grep -q '^Good: 4 targets of .* among them 2 releases.$' out
ok $? "is good"
[ "$(awk 'NR > 1 && NR < 6 { print $1, $2, $4, $5, $6, $7 }' out | tr '\n' ';')" = "root 1 3 of 2 ;timestamp 3 1 of 1 ;snapshot 3 1 of 1 ;targets 3 1 of 1 4;" ]
ok $? "with a line for each role: version, signatures of those needed, targets"
mv out folder.out
run verify --root=root.json "file://$work/repo" && cmp out folder.out
ok $? "the file:// URL says the same"
cp -r repo "a %folder" && ln -s "a %folder" "a link" && run verify --root=root.json "file://$work/a%20%25folder" && cmp out folder.out &&
    run verify --root=root.json "a link" && cmp out folder.out
ok $? "also one that has to be encoded"
rm -r "a link" "a %folder"
run verify --root=root.json --json repo && [ "$(field out good)" = True ] && [ "$(field out releases)" = 2 ] && [ "$(field out roles 3 role)" = targets ] &&
    [ "$(field out roles 0 signatures)" = 3 ] && [ "$(field out roles 0 threshold)" = 2 ] && [ "$(field out judged_at)" = 2027-01-15T08:00:00Z ] &&
    [ "$(field out notes)" = "[]" ] && [ "$(field out problems)" = "[]" ]
ok $? "--json"
run verify --root=root.json --quiet repo && [ ! -s out ] && [ ! -s err ]
ok $? "--quiet says nothing"
run verify --root=root.json --verbose repo && grep -qx stable/web.manifest out && grep -qx canary/site.tar.zst out
ok $? "--verbose names each target"
run verify --root=root.json --channel=stable repo && grep -q '^Good: 2 targets .* 1 release\.$' out
ok $? "--channel: that one alone"
if [ -e /etc/sealift/root.json ]; then
    skip "without a root" "this machine has one"
else
    run verify repo && grep -q 'warning: trust begins with metadata/1.root.json, which is what is there' err && [ "$(wc -l <err)" = 1 ]
    ok $? "without a root, trust begins with what is there, and that is said"
fi
mkdir host && cp root.json host && cp repo/metadata/timestamp.json repo/metadata/3.snapshot.json host && mv host/3.snapshot.json host/snapshot.json
run verify --trusted=host repo
ok $? "a host that has come this far goes on"
tree | grep -v ' ./host/\|folder.out' | cmp -s - before
ok $? "nothing of all this was written to"

# ---- what hosts refuse
flip repo/metadata/3.targets.json 300
finds 'targets.json' "a flipped byte in metadata" --root=root.json repo
fresh
sed -i 's/"version": 3/"version": 9/' repo/metadata/timestamp.json
finds '0 good signatures by the keys of root' "a timestamp that nobody signed so" --root=root.json repo
run verify --root=root.json --json repo
[ $? -eq 1 ] && [ "$(field out good)" = False ] && field out error | grep -q 'good signatures' && [ "$(field out roles 0 role)" = root ]
ok $? "which --json says too, and how far trust came"
fresh
python3 - <<'PY'
import json
d = json.load(open("repo/metadata/timestamp.json")); d["signatures"] = []
json.dump(d, open("repo/metadata/timestamp.json", "w"))
PY
finds '0 good signatures' "an unsigned timestamp" --root=root.json repo
fresh
rm repo/metadata/3.snapshot.json
finds 'metadata/3.snapshot.json: not there' "missing metadata" --root=root.json repo
fresh
web=$(echo repo/targets/stable/*.web.tar.zst)
flip "$web" 60
finds 'stable/web.tar.zst' "a flipped byte in a bundle" --root=root.json repo
run verify --root=root.json --channel=canary repo
ok $? "which is nothing to the other channel"
run verify --root=root.json --metadata-only repo && grep -q 'no target was looked at' out
ok $? "nor to --metadata-only, which says what it left out"
rm repo/targets/canary/*.manifest
finds 'stable/web.tar.zst' "and another target that is missing: the first is told" --root=root.json repo
grep -q 'canary/site.manifest.*not there' err
ok $? "and the second"
run verify --root=root.json --json repo
[ "$(field out problems 1 what)" = stable/web.tar.zst ] && [ "$(field out problems 0 what)" = canary/site.manifest ] && [ "$(field out targets)" = 2 ]
ok $? "in JSON as well"
fresh
printf x >>"$web"
finds 'longer than' "a target that is longer than was signed" --root=root.json repo
fresh
ln -sf "$(basename "$web").real" "$web.link" && mv "$web" "$web.real" && mv "$web.link" "$web"
finds 'link' "a target that is a link" --root=root.json repo

fresh
finds 'timestamp.json version 3 expired at 2027-01-18T08:00:00Z' "expired, three days later" --root=root.json --at=2027-01-18T08:00:00Z repo
run verify --root=root.json --at=2027-01-18T07:59:59Z repo
ok $? "and not before"
finds 'root.json version 1 expired' "an expired root" --root=root.json --at=2028-06-01T00:00:00Z repo
run init --repository=other --keys=other-keys
finds 'good signatures by the keys of root' "another repository's root" --root=other/metadata/1.root.json repo
finds 'trusted root' "a root that is none" --root=keys/root-1.pub repo
finds 'nowhere' "a root that is not there" --root=nowhere repo

release web 2 two && cp -r good newer && run publish -r newer -k keys -c stable packed/web-2.manifest && cp newer/metadata/timestamp.json host/timestamp.json &&
    cp newer/metadata/4.snapshot.json host/snapshot.json
run verify --trusted=host newer
ok $? "a host that trusts a newer copy"
finds 'version 3 is older than the trusted 4' "which sees that this one is rolled back" --trusted=host repo

fresh
echo stray >repo/targets/stable/stray
echo stray >repo/metadata/9.targets.json
run verify --root=root.json repo && grep -qx 'note: targets/stable/stray: nothing signed names it' out && grep -qx 'note: metadata/9.targets.json: nothing signed names it' out &&
    [ "$(grep -c '^note' out)" = 2 ]
ok $? "what nothing names is a note, and no reason to refuse"
run verify --root=root.json --json newer && [ "$(field out notes 1 2>&1 | grep -c targets/stable)" = 1 ]
ok $? "an earlier release's files too"

# ---- a release
release web 5 five
run verify packed/web-5.manifest && [ "$(cat out)" = "Good: web 5, 5 entries of 5 bytes." ]
ok $? "a packed release: the bundle beside its manifest"
run verify --json --bundle=packed/web-5.tar.zst packed/web-5.manifest && [ "$(field out good)" = True ] && [ "$(field out version)" = 5 ]
ok $? "or elsewhere"
finds 'has SHA-256\|bytes where' "another release's" --bundle=packed/site-7.tar.zst packed/web-5.manifest
cp packed/web-5.tar.zst hold && flip packed/web-5.tar.zst 30
finds 'packed/web-5.tar.zst: has SHA-256 .* where .* was signed' "a flipped byte" packed/web-5.manifest
cp hold packed/web-5.tar.zst && printf x >>packed/web-5.tar.zst
finds 'bytes where' "a byte too many" packed/web-5.manifest
rm packed/web-5.tar.zst
finds 'packed/web-5.tar.zst' "no bundle" packed/web-5.manifest
cp hold packed/web-5.tar.zst
# edit NAME SED: the manifest is edited, the sum of the bundle still holds
edited() {
    sed "$2" packed/web-5.manifest >packed/edit.manifest
    cmp -s packed/web-5.manifest packed/edit.manifest && echo "nothing was edited" >>err
    finds "$3" "$1" --bundle=packed/web-5.tar.zst packed/edit.manifest
}
edited "a mode" 's/^File=0644\(.* nothing\)/File=0755\1/' 'has mode 0644, signed was 0755'
edited "a link" 's/^Symlink=web/Symlink=..\/nothing/' 'points to'
edited "a sum" 's/^\(File=0755 5 \)[0-9a-f]\{8\}/\100000000/' 'bin/web: its SHA-256 is not what was signed'
edited "a name" 's/ nothing$/ nithing/' 'nothing: in the bundle but not in the manifest'
edited "an entry too many" "/^Inodes=/s/5/6/; \$a Directory=0755 zzz" 'zzz: in the manifest but not in the bundle'
finds 'not packed yet' "an intent" intent

# ---- a delegated role: as another team signs it, with a target of its own
fresh
mkdir team only && cp keys/targets-1.* keys/snapshot-1.* keys/timestamp-1.* only && run key new -k team team-1 && run key list --keys=team --json && cp out team.json
cat >delegate.py <<'PY'
import hashlib, json, os, subprocess

m = "repo/metadata/"
def load(name): return json.load(open(m + name))["signed"]
def meta(name, version):
    data = open(m + name, "rb").read()
    return {"version": version, "length": len(data), "hashes": {"sha256": hashlib.sha256(data).hexdigest()}}
def sign(body, name, keys, **more):
    body.update(**more)
    json.dump({"signatures": [], "signed": body}, open(m + name, "w"))
    for k in keys:
        stem = "one-" + k
        os.makedirs(stem, exist_ok=True)
        for end in (".pem", ".pub"):
            source = ("team/" if k == "team-1" else "only/") + k + end
            if not os.path.exists(stem + "/" + k + end): os.link(source, stem + "/" + k + end)
        subprocess.run([os.environ["sealift"], "sign", "--yes", "--keys=" + stem, m + name], stdout=subprocess.DEVNULL, check=True)

keys = json.load(open("team.json"))["keys"]
os.makedirs("repo/targets/team")
data = b"of the team"
sum = hashlib.sha256(data).hexdigest()
open("repo/targets/team/%s.note" % sum, "wb").write(data)
targets = load("3.targets.json")
sign(dict(targets), "1.team.json", ["team-1"], version=1, expires="2027-01-17T08:00:00Z", targets={"team/note": {"length": len(data), "hashes": {"sha256": sum}}})
sign(targets, "4.targets.json", ["targets-1"], version=4, delegations={"keys": {k["id"]: k["key"] for k in keys}, "roles": [
    {"name": "team", "keyids": [k["id"] for k in keys], "threshold": 1, "terminating": False, "paths": ["team/*"]}]})
sign(load("3.snapshot.json"), "4.snapshot.json", ["snapshot-1"], version=4, meta={"targets.json": meta("4.targets.json", 4), "team.json": meta("1.team.json", 1)})
sign(load("timestamp.json"), "timestamp.json", ["timestamp-1"], version=4, meta={"snapshot.json": meta("4.snapshot.json", 4)})
PY
python3 delegate.py && run verify --root=root.json repo && grep -q '^team  *1  2027-01-17T08:00:00Z  1 of 1   1$' out && grep -q '^Good: 5 targets' out && ! grep -q ^note out
ok $? "a delegated role is gone into"
printf 'OF the team' >"$(echo repo/targets/team/*)"
finds 'team/note' "a target of no kind that we know has the bytes that were signed" --root=root.json repo
rm repo/targets/team/*
finds 'team/note.*not there' "and so are its targets" --root=root.json repo
finds 'team.json version 1 expired' "its own end" --root=root.json --at=2027-01-17T08:00:00Z repo
grep -q '^targets ' out && ! grep -q '^team ' out
ok $? "which does not keep the other roles from being looked at"
run verify --root=root.json --at=2027-01-17T08:00:00Z --channel=stable repo
ok $? "nor other channels from being good"

# A release that is signed, but that no agent takes: another bundle's bytes under the manifest's name.
fresh
python3 - <<'PY'
exec(open("delegate.py").read().split("keys = json.load")[0])
targets = load("3.targets.json")
t = targets["targets"]
t["stable/web.tar.zst"], t["canary/web.tar.zst"] = t["canary/site.tar.zst"], t["stable/web.tar.zst"]
t["canary/web.manifest"] = t["canary/site.manifest"]
for old in os.listdir("repo/targets/canary"):
    open("repo/targets/canary/" + old.replace("site", "web"), "wb").write(open("repo/targets/canary/" + old, "rb").read())
    open("repo/targets/stable/" + old.replace("site", "web"), "wb").write(open("repo/targets/canary/" + old, "rb").read())
for old in os.listdir("repo/targets/stable"):
    open("repo/targets/canary/" + old, "wb").write(open("repo/targets/stable/" + old, "rb").read())
sign(targets, "4.targets.json", ["targets-1"], version=4)
sign(load("3.snapshot.json"), "4.snapshot.json", ["snapshot-1"], version=4, meta={"targets.json": meta("4.targets.json", 4)})
sign(load("timestamp.json"), "timestamp.json", ["timestamp-1"], version=4, meta={"snapshot.json": meta("4.snapshot.json", 4)})
PY
finds 'stable/web.manifest: signed metadata and manifest name different bytes' "a bundle that the manifest does not seal" --root=root.json repo
grep -q 'stable/web.tar.zst: has SHA-256\|stable/web.tar.zst: has .* bytes where' err
ok $? "in the bundle's own words too"
grep -q 'canary/web.manifest: is the manifest of bundle site' err
ok $? "the manifest of another bundle"

# ---- over TLS, as from a bucket
cat >serve.py <<'PY'
import functools, http.server, ssl
class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *a): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory="good"))
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("cert.pem", "key.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
server.serve_forever()
PY
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost 2>/dev/null
unset https_proxy HTTPS_PROXY all_proxy ALL_PROXY
mkfifo told
python3 serve.py >told 2>serve.log &
server=$!
trap 'kill $server; rm -rf "$work"' EXIT
read -r port <told
run verify --root=root.json --ca-file="$work/cert.pem" "https://localhost:$port/" && cmp out folder.out
ok $? "https: the same again" serve.log
finds 'certificate' "a server that nobody vouches for" --root=root.json "https://localhost:$port/"
finds 'is the source.s URL right' "a folder of it where nothing is" --root=root.json --ca-file="$work/cert.pem" "https://localhost:$port/none"

# ---- the command line
refuses 2 'at=tomorrow' "no date" verify --at=tomorrow repo
refuses 2 'channel=../x' "no channel" verify --channel=../x repo
refuses 1 'nowhere' "no folder" verify nowhere
refuses 1 'not a repository' "no repository" verify keys
refuses 1 'root' "an https source needs a root" verify https://localhost:1/
refuses 1 'localhost:1\|onnect' "a server that is not there" verify --root=root.json https://localhost:1/
refuses 1 'not an https' "plain http" verify --root=root.json http://localhost:1/

done_testing
