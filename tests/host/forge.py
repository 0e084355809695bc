#!/usr/bin/env python3
"""usage: forge.py REPOSITORY KEYS ROLE [CHANGE...]

Signs whatever it takes, asking nothing: what somebody can do who has a bucket and some keys, but not sealift's own checks.
Takes the newest ROLE from REPOSITORY (root, timestamp, snapshot, targets, or a delegated one), makes the CHANGEs, signs the
result with all of KEYS/ROLE-1.pem, ROLE-2.pem, ... that are there, writes it as the next version, and has the roles above
it name it in the same way. A key that is not there is made: a stranger's.

  version=N                 rather than one more than before
  expires=SECONDS           from now
  set=FIELD:JSON            any other field
  put=TARGET:FILE           FILE is uploaded as TARGET
  drop=NAME                 a target, or a file that a snapshot lists, is one no longer
  list=FILE:VERSION         a timestamp or snapshot says that FILE ("targets.json") has VERSION; the bytes are those uploaded
  keys=ROLE:KEY,...         in a root, or in targets for a delegated role: who signs for ROLE
  threshold=ROLE:N          how many of them must
  paths=ROLE:PATTERN,...    which targets a delegated role may name
  by=KEY,...                signed by these alone; none where empty
  as=FILE                   written as FILE, whatever it says of itself
  alone                     no role above names it

KEY is the name of a file of KEYS without its .pem; ID@KEY is the same key under another id.
"""
import glob
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.parse


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def openssl(*arguments):
    return subprocess.run(["openssl", *arguments], check=True, stdout=subprocess.PIPE).stdout


class Key:
    def __init__(self, folder, name):
        known_as, _, name = name.rpartition("@")
        self.path = os.path.join(folder, name + ".pem")
        if not os.path.exists(self.path):
            openssl("genpkey", "-algorithm", "ED25519", "-out", self.path)
            os.chmod(self.path, 0o600)
        point = openssl("pkey", "-in", self.path, "-pubout", "-outform", "DER")[-32:].hex()
        self.entry = {"keytype": "ed25519", "scheme": "ed25519", "keyval": {"public": point}}
        self.id = known_as or hashlib.sha256(canonical(self.entry)).hexdigest()

    def sign(self, data):
        with tempfile.NamedTemporaryFile() as message:
            message.write(data)
            message.flush()
            signature = openssl("pkeyutl", "-sign", "-rawin", "-inkey", self.path, "-in", message.name)
        return {"keyid": self.id, "sig": signature.hex()}


class Repository:
    def __init__(self, folder, keys):
        self.metadata = os.path.join(folder, "metadata")
        self.targets = os.path.join(folder, "targets")
        self.folder = keys

    def keys(self, names):
        return [Key(self.folder, name) for name in names.split(",") if name]

    def signers(self, role):
        names = glob.glob(os.path.join(glob.escape(self.folder), glob.escape(role) + "-*.pem"))
        return ",".join(sorted(os.path.basename(n)[:-len(".pem")] for n in names)) or role + "-1"

    # ---- metadata ---------------------------------------------------------------------------------------------------

    def file(self, role):
        """As URLs and the server's disk have it: a role's name may hold anything."""
        return urllib.parse.quote(role, safe="") + ".json"

    def read_file(self, name):
        with open(os.path.join(self.metadata, name), encoding="utf-8") as f:
            return json.load(f)["signed"]

    def read(self, role):
        if role == "timestamp":
            return self.read_file("timestamp.json")
        if role == "root":
            numbers = [int(n.split(".")[0]) for n in os.listdir(self.metadata) if n.endswith(".root.json")]
            return self.read_file("%d.root.json" % max(numbers))
        parent = self.read("timestamp" if role == "snapshot" else "snapshot")
        listed = parent["meta"].get(role + ".json")
        if listed:
            return self.read_file("%d.%s" % (listed["version"], self.file(role)))
        return {"_type": "targets", "spec_version": "1.0.34", "version": 0, "targets": {},
                "expires": self.read("targets")["expires"]}

    def write(self, role, signed, by, name=None):
        text = canonical(signed)
        data = canonical({"signatures": [key.sign(text) for key in by], "signed": signed})
        if not name:
            name = self.file(role) if role == "timestamp" else "%d.%s" % (signed["version"], self.file(role))
        # In one rename: the evil server may be reading.
        with open(os.path.join(self.metadata, name + ".new"), "wb") as f:
            f.write(data)
        os.rename(os.path.join(self.metadata, name + ".new"), os.path.join(self.metadata, name))

    def listed(self, file, version):
        """What a snapshot or timestamp says of a file. Of one that was never uploaded there is only the version."""
        path = os.path.join(self.metadata, "%s.%s" % (version, self.file(file[:-len(".json")])))
        if not os.path.exists(path):
            return {"version": int(version)}
        with open(path, "rb") as f:
            data = f.read()
        return {"version": int(version), "length": len(data), "hashes": {"sha256": hashlib.sha256(data).hexdigest()}}

    # ---- changes ----------------------------------------------------------------------------------------------------

    def change_version(self, signed, value):
        signed["version"] = int(value)

    def change_expires(self, signed, value):
        signed["expires"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + float(value)))

    def change_set(self, signed, value):
        field, _, text = value.partition(":")
        signed[field] = json.loads(text)

    def change_put(self, signed, value):
        target, _, path = value.partition(":")
        with open(path, "rb") as f:
            data = f.read()
        digest = hashlib.sha256(data).hexdigest()
        folder, base = os.path.split(os.path.join(self.targets, target))
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, digest + "." + base), "wb") as f:
            f.write(data)
        signed["targets"][target] = {"length": len(data), "hashes": {"sha256": digest}}

    def change_drop(self, signed, value):
        del signed["targets" if "targets" in signed else "meta"][value]

    def change_list(self, signed, value):
        file, _, version = value.rpartition(":")
        signed["meta"][file] = self.listed(file, version)

    def role(self, signed, name):
        """Where a root, or targets, says who signs for a role; and the keys they are of."""
        if signed["_type"] == "root":
            return signed["roles"][name], signed["keys"]
        delegations = signed.setdefault("delegations", {"keys": {}, "roles": []})
        for role in delegations["roles"]:
            if role["name"] == name:
                return role, delegations["keys"]
        role = {"name": name, "keyids": [], "threshold": 1, "paths": [], "terminating": False}
        delegations["roles"].append(role)
        return role, delegations["keys"]

    def change_keys(self, signed, value):
        name, _, keys = value.rpartition(":")
        role, known = self.role(signed, name)
        role["keyids"] = []
        for key in self.keys(keys):
            known[key.id] = key.entry
            role["keyids"].append(key.id)

    def change_threshold(self, signed, value):
        name, _, threshold = value.rpartition(":")
        self.role(signed, name)[0]["threshold"] = int(threshold)

    def change_paths(self, signed, value):
        name, _, patterns = value.rpartition(":")
        self.role(signed, name)[0]["paths"] = patterns.split(",")

    def forge(self, role, changes):
        signed, by, name, alone = self.read(role), self.signers(role), None, False
        signed["version"] += 1
        for change in changes:
            kind, _, value = change.partition("=")
            if kind == "by":
                by = value
            elif kind == "as":
                name = value
            elif kind == "alone":
                alone = True
            else:
                getattr(self, "change_" + kind)(signed, value)
        self.write(role, signed, self.keys(by), name)
        if role not in ("root", "timestamp") and not alone:
            self.forge("timestamp" if role == "snapshot" else "snapshot", ["list=%s.json:%d" % (role, signed["version"])])


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    Repository(sys.argv[1], sys.argv[2]).forge(sys.argv[3], sys.argv[4:])


main()
