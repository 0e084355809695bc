# SPDX-License-Identifier: LGPL-2.1-or-later
"""A TUF repository in memory that does as it is told: nothing here asks whether what it signs makes sense."""
import datetime
import hashlib
import json
import urllib.parse

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

TOP_LEVEL = ("root", "targets", "snapshot", "timestamp")
EVERYTHING_ONLINE = ("targets", "snapshot", "timestamp")


def canonical(value):
    """OLPC's canonical JSON: in strings only the quote and the backslash are escaped, a newline stands for itself."""
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(canonical(k) + ":" + canonical(value[k]) for k in sorted(value)) + "}"
    return json.dumps(value)


def now():
    return datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)


def days(n):
    return now() + datetime.timedelta(days=n)


def written(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class Key:
    """A key pair. kind: ed25519, ecdsa, ecdsa-sha2-nistp256 (the key type's other spelling), rsassa-pss, pkcs1v15."""

    def __init__(self, kind="ed25519", extra=None, keyid=None):
        sha256 = hashes.SHA256()
        pss = padding.PSS(mgf=padding.MGF1(sha256), salt_length=32)
        if kind == "ed25519":
            private = ed25519.Ed25519PrivateKey.generate()
            keytype, scheme, self.sign = kind, kind, private.sign
        elif kind in ("ecdsa", "ecdsa-sha2-nistp256"):
            private = ec.generate_private_key(ec.SECP256R1())
            keytype, scheme = kind, "ecdsa-sha2-nistp256"
            self.sign = lambda data: private.sign(data, ec.ECDSA(sha256))
        else:
            private = rsa.generate_private_key(65537, 2048)
            keytype, scheme, pad = {"rsassa-pss": ("rsa", "rsassa-pss-sha256", pss),
                                    "pkcs1v15": ("rsa", "rsa-pkcs1v15-sha256", padding.PKCS1v15())}[kind]
            self.sign = lambda data: private.sign(data, pad, sha256)
        public = private.public_key()
        if kind == "ed25519":
            text = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw).hex()
        else:
            text = public.public_bytes(serialization.Encoding.PEM,
                                       serialization.PublicFormat.SubjectPublicKeyInfo).decode()
        self.public = {"keytype": keytype, "scheme": scheme, "keyval": {"public": text}, **(extra or {})}
        self.id = keyid or hashlib.sha256(canonical(self.public).encode()).hexdigest()


class Repository:
    def __init__(self, kind="ed25519", style=None):
        self.live = {}       # role -> what is signed at its next publish()
        self.keys = {}       # role -> keys that sign it, by id
        self.served = {}     # role -> number in the URL -> bytes
        self.latest = {}     # role -> bytes served without a number
        self.artifacts = {}  # target -> bytes
        self.requests = []   # ("root", 2), ("timestamp", None): as asked for, still encoded
        self.fetched = []    # ("dir/name", hash)
        self.meta_hashes = ()
        self.meta_lengths = False
        self.style = style or {"separators": (",", ":")}
        for role in TOP_LEVEL:
            self.live[role] = self.signed("root" if role == "root" else role)
        root = self.live["root"]
        root.update({"consistent_snapshot": True, "keys": {},
                     "roles": {role: {"keyids": [], "threshold": 1} for role in TOP_LEVEL}})
        self.live["targets"]["targets"] = {}
        self.live["snapshot"]["meta"] = {}
        self.live["timestamp"]["meta"] = {}
        for role in TOP_LEVEL:
            self.add_key(role, Key(kind))
        self.publish("targets", "snapshot", "timestamp", "root")

    @staticmethod
    def signed(kind, expires=None):
        return {"_type": kind, "spec_version": "1.0.31", "version": 1, "expires": written(expires or days(30))}

    # ---- keys

    def role(self, name, parent="root"):
        """Where the parent says who signs for the role."""
        if parent == "root":
            return self.live["root"]["roles"][name]
        return next(r for r in self.live[parent]["delegations"]["roles"] if r["name"] == name)

    def add_key(self, name, key=None, parent="root", signs=True):
        key = key or Key()
        place = self.live["root"] if parent == "root" else self.live[parent]["delegations"]
        place["keys"][key.id] = key.public
        self.role(name, parent)["keyids"].append(key.id)
        if signs:
            self.keys.setdefault(name, {})[key.id] = key
        return key

    def drop_keys(self, name):
        self.role(name)["keyids"].clear()
        self.keys[name].clear()

    def rotate(self, name):
        self.drop_keys(name)
        return self.add_key(name)

    # ---- metadata

    def sign(self, name):
        data = canonical(self.live[name]).encode()
        return {"signatures": [{"keyid": i, "sig": k.sign(data).hex()} for i, k in self.keys[name].items()],
                "signed": self.live[name]}

    def encode(self, document):
        return json.dumps(document, **self.style).encode()

    def publish(self, *names, bump=True, at=None):
        """Signs each role's next version, serves it (by its version, or by the number at), and has its parent name it."""
        for name in names:
            if bump and name in self.served:
                self.live[name]["version"] += 1
            data = self.encode(self.sign(name))
            self.serve(name, data, at)
            if name == "snapshot":
                self.live["timestamp"]["meta"]["snapshot.json"] = self.meta(name, data)
            elif name not in TOP_LEVEL or name == "targets":
                self.live["snapshot"]["meta"][name + ".json"] = self.meta(name, data)

    def serve(self, name, data, at=None):
        self.served.setdefault(name, {})[at or self.live[name]["version"]] = data
        self.latest[name] = data

    def unserve(self, name):
        self.served.pop(name, None)
        self.latest.pop(name, None)

    def meta(self, name, data):
        meta = {"version": self.live[name]["version"]}
        if self.meta_hashes:
            meta["hashes"] = {a: hashlib.new(a, data).hexdigest() for a in self.meta_hashes}
        if self.meta_hashes or self.meta_lengths:
            meta["length"] = len(data)
        return meta

    def edit(self, name, change):
        """Changes the document that is served last, signatures as they are."""
        document = json.loads(self.latest[name])
        change(document)
        data = self.encode(document)
        number = max(self.served[name])
        self.served[name][number] = self.latest[name] = data

    # ---- delegations and targets

    def delegate(self, parent, name, paths=("*",), terminating=False, threshold=1, expires=None, key=None, **extra):
        delegations = self.live[parent].setdefault("delegations", {"keys": {}, "roles": []})
        role = {"name": name, "keyids": [], "threshold": threshold, "terminating": terminating, **extra}
        if paths is not None:
            role["paths"] = list(paths)
        delegations["roles"].append(role)
        if name not in self.live:
            self.live[name] = {**self.signed("targets", expires), "targets": {}}
        return self.add_key(name, key, parent)

    def add_target(self, role, name, data, algorithms=("sha256",), **more):
        sums = {a: hashlib.new(a, data).hexdigest() for a in algorithms}
        self.live[role]["targets"][name] = {"length": len(data), "hashes": sums, **more}
        self.artifacts[name] = data

    # ---- what the web server asks

    def get(self, path):
        """Bytes, or None for a 404. path: below the repository, as it came."""
        if path.startswith("metadata/") and path.endswith(".json"):
            return self.get_metadata(path[len("metadata/"):-len(".json")])
        if path.startswith("targets/"):
            return self.get_target(path[len("targets/"):])
        self.requests.append((path, None))
        return None

    def get_metadata(self, stem):
        number, _, role = stem.partition(".")
        consistent = self.live["root"].get("consistent_snapshot", False)
        if stem == "timestamp" or not (number.isdigit() and (consistent or role == "root")):
            self.requests.append((stem, None))
            return self.latest.get(urllib.parse.unquote(stem))
        self.requests.append((role, int(number)))
        return self.served.get(urllib.parse.unquote(role), {}).get(int(number))

    def get_target(self, path):
        folder, slash, base = path.rpartition("/")
        prefix = None
        if self.live["root"].get("consistent_snapshot", False):
            prefix, _, base = base.partition(".")
        name = urllib.parse.unquote(folder + slash + base)
        self.fetched.append((name, prefix))
        known = [d["targets"][name] for d in self.live.values() if name in d.get("targets", {})]
        if name not in self.artifacts or not any(prefix is None or prefix in k["hashes"].values() for k in known):
            return None
        return self.artifacts[name]
