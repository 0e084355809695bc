#!/usr/bin/env python3
"""usage: forge.py REPOSITORY KEYS TARGET FILE

Puts FILE into the repository as TARGET and signs whatever that takes, asking nothing: what somebody can do who has the
keys of targets, snapshot and timestamp, but not sealift's own checks.
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


class Repository:
    def __init__(self, folder, keys):
        self.metadata = os.path.join(folder, "metadata")
        self.targets = os.path.join(folder, "targets")
        self.keys = keys
        self.root = self.read("1.root.json")

    def read(self, name):
        with open(os.path.join(self.metadata, name), encoding="utf-8") as f:
            return json.load(f)["signed"]

    def write(self, role, name, signed):
        """Signed by the role's first key; returns what its parent says of it."""
        keyid = self.root["roles"][role]["keyids"][0]
        signature = sign(os.path.join(self.keys, role + "-1.pem"), canonical(signed))
        data = canonical({"signatures": [{"keyid": keyid, "sig": signature}], "signed": signed})
        with open(os.path.join(self.metadata, name), "wb") as f:
            f.write(data)
        return {"version": signed["version"], "length": len(data), "hashes": {"sha256": hashlib.sha256(data).hexdigest()}}

    def put(self, target, data):
        digest = hashlib.sha256(data).hexdigest()
        folder, base = os.path.split(target)
        with open(os.path.join(self.targets, folder, digest + "." + base), "wb") as f:
            f.write(data)
        return {"length": len(data), "hashes": {"sha256": digest}}


def main():
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    repository = Repository(sys.argv[1], sys.argv[2])
    with open(sys.argv[4], "rb") as f:
        data = f.read()
    timestamp = repository.read("timestamp.json")
    snapshot = repository.read("%d.snapshot.json" % timestamp["meta"]["snapshot.json"]["version"])
    targets = repository.read("%d.targets.json" % snapshot["meta"]["targets.json"]["version"])
    targets["targets"][sys.argv[3]] = repository.put(sys.argv[3], data)
    for role, signed, parent in (("targets", targets, snapshot), ("snapshot", snapshot, timestamp)):
        signed["version"] += 1
        parent["meta"][role + ".json"] = repository.write(role, "%d.%s.json" % (signed["version"], role), signed)
    timestamp["version"] += 1
    repository.write("timestamp", "timestamp.json", timestamp)


main()
