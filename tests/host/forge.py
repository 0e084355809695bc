#!/usr/bin/env python3
"""usage: forge.py REPOSITORY KEYS put TARGET FILE
       forge.py REPOSITORY KEYS timestamp VERSION [FIELD=JSON...]
       forge.py REPOSITORY KEYS rotate VERSION

Signs whatever it takes, asking nothing: what somebody can do who has the keys, but not sealift's own checks.

  put        FILE into the repository as TARGET
  timestamp  the timestamp as it is, with another version, and with fields set
  rotate     the same, with a new key of the timestamp that a next root names: what a publisher does once a key was stolen
"""
import hashlib
import json
import os
import subprocess
import sys
import tempfile


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sign(key, data):
    with tempfile.NamedTemporaryFile() as message:
        message.write(data)
        message.flush()
        return subprocess.run(
            ["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", key, "-in", message.name],
            check=True, stdout=subprocess.PIPE).stdout.hex()


def public(key):
    return subprocess.run(
        ["openssl", "pkey", "-in", key, "-pubout", "-outform", "DER"], check=True, stdout=subprocess.PIPE).stdout[-32:].hex()


class Repository:
    def __init__(self, folder, keys):
        self.metadata = os.path.join(folder, "metadata")
        self.targets = os.path.join(folder, "targets")
        self.keys = keys
        self.root = self.read("1.root.json")

    def read(self, name):
        with open(os.path.join(self.metadata, name), encoding="utf-8") as f:
            return json.load(f)["signed"]

    def signatures(self, role, data):
        """By each key of the role that is there."""
        for number in range(1, len(self.root["roles"][role]["keyids"]) + 1):
            key = os.path.join(self.keys, "%s-%d.pem" % (role, number))
            keyid = next(k for k, v in self.root["keys"].items() if v["keyval"]["public"] == public(key))
            yield {"keyid": keyid, "sig": sign(key, data)}

    def write(self, role, name, signed):
        """Returns what its parent says of it."""
        data = canonical({"signatures": list(self.signatures(role, canonical(signed))), "signed": signed})
        with open(os.path.join(self.metadata, name), "wb") as f:
            f.write(data)
        return {"version": signed["version"], "length": len(data), "hashes": {"sha256": hashlib.sha256(data).hexdigest()}}

    def put(self, target, data):
        digest = hashlib.sha256(data).hexdigest()
        folder, base = os.path.split(target)
        with open(os.path.join(self.targets, folder, digest + "." + base), "wb") as f:
            f.write(data)
        return {"length": len(data), "hashes": {"sha256": digest}}


def put(repository, target, path):
    with open(path, "rb") as f:
        data = f.read()
    timestamp = repository.read("timestamp.json")
    snapshot = repository.read("%d.snapshot.json" % timestamp["meta"]["snapshot.json"]["version"])
    targets = repository.read("%d.targets.json" % snapshot["meta"]["targets.json"]["version"])
    targets["targets"][target] = repository.put(target, data)
    for role, signed, parent in (("targets", targets, snapshot), ("snapshot", snapshot, timestamp)):
        signed["version"] += 1
        parent["meta"][role + ".json"] = repository.write(role, "%d.%s.json" % (signed["version"], role), signed)
    timestamp["version"] += 1
    repository.write("timestamp", "timestamp.json", timestamp)


def timestamp(repository, version, *fields):
    signed = repository.read("timestamp.json")
    signed["version"] = int(version)
    signed.update((name, json.loads(value)) for name, _, value in (field.partition("=") for field in fields))
    repository.write("timestamp", "timestamp.json", signed)


def rotate(repository, version):
    root, key = repository.root, os.path.join(repository.keys, "timestamp-1.pem")
    subprocess.run(["openssl", "genpkey", "-algorithm", "ED25519", "-out", key], check=True)
    entry = {"keytype": "ed25519", "scheme": "ed25519", "keyval": {"public": public(key)}}
    keyid = hashlib.sha256(canonical(entry)).hexdigest()
    root["keys"][keyid] = entry
    root["roles"]["timestamp"]["keyids"] = [keyid]
    root["version"] += 1
    repository.write("root", "%d.root.json" % root["version"], root)
    timestamp(repository, version)


def main():
    verbs = {"put": put, "timestamp": timestamp, "rotate": rotate}
    if len(sys.argv) < 5 or sys.argv[3] not in verbs:
        sys.exit(__doc__)
    verbs[sys.argv[3]](Repository(sys.argv[1], sys.argv[2]), *sys.argv[4:])


main()
