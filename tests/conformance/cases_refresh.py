# SPDX-License-Identifier: LGPL-2.1-or-later
"""A refresh from nothing and from something: what is asked for, what is trusted, what is refused."""
import json
import os

from cases import case
from repository import EVERYTHING_ONLINE, Key, days

FIRST = [("root", 2), ("timestamp", None), ("snapshot", 1), ("targets", 1)]
OTHER_SIGNATURE = Key().sign(b"something else").hex()


@case("a first refresh asks for each role once, in order", "test_basic_refresh_requests")
def requests(t):
    t.begin()
    t.same(t.repo.requests, [], "requests of init")
    t.accepts()
    t.same(t.repo.requests, FIRST, "requests")


@case("what is trusted is what was served", "test_basic_refresh_trusted_data")
def trusted(t):
    t.begin(refresh=True)
    for role in ("root", "timestamp", "snapshot", "targets"):
        t.same(t.client.stored(role), t.repo.latest[role], role)


@case("a refresh with nothing new asks twice")
def nothing_new(t):
    t.begin(refresh=True)
    t.repo.requests.clear()
    t.accepts()
    t.same(t.repo.requests, FIRST[:2], "requests")


@case("a download refreshes first", "test_implicit_refresh")
def implicit(t):
    t.begin()
    t.lacks("nonexistent artifact")
    t.same(t.repo.requests, FIRST, "requests")
    t.trusts(root=1, timestamp=1, snapshot=1, targets=1)


@case("a URL needs no slash at its end")
def no_slash(t):
    t.repo.add_target("targets", "dir/file", b"content")
    t.repo.publish(*EVERYTHING_ONLINE)
    t.begin()
    t.same(t.client.download("dir/file", slash=""), 0, "the download")


def root_changed(t, change):
    root = json.loads(t.repo.served["root"][1])
    change(root)
    t.client.init(json.dumps(root).encode())
    t.refuses(said="begin trust")
    t.same(t.repo.requests, [], "requests")


@case("an initial root that is none leads nowhere", "test_invalid_initial_root")
def invalid_root(t):
    root_changed(t, lambda root: root["signed"].pop("version"))


@case("an initial root with another's signature leads nowhere", "test_unsigned_initial_root")
def unsigned_root(t):
    root_changed(t, lambda root: root["signatures"][0].update(sig=OTHER_SIGNATURE))


@case("an initial root that was put there by hand is checked all the same")
def placed_root(t):
    root = json.loads(t.repo.served["root"][1])
    root["signed"]["version"] = 2
    with open(os.path.join(t.client.metadata_dir, "root.json"), "w", encoding="utf-8") as f:
        json.dump(root, f)
    t.refuses(said="0 good signatures")
    t.same(t.repo.requests, [], "requests")


@case("without an initial root there is no beginning")
def no_root(t):
    t.refuses(said="begin trust")
    t.same(t.repo.requests, [], "requests")


REACHED = {
    "root": {"root": 1},
    "timestamp": {"root": 2},
    "snapshot": {"root": 2, "timestamp": 2},
    "targets": {"root": 2, "timestamp": 2, "snapshot": 2},
}


def unsigned(role):
    @case(f"{role} without its signature is refused, what came before it stays", f"test_unsigned_metadata[{role}]")
    def _(t):
        t.begin()
        t.repo.keys[role].clear()
        t.repo.publish("root", *EVERYTHING_ONLINE)
        t.refuses(said="0 good signatures")
        t.trusts(**REACHED[role])


def numbered_wrongly(role):
    @case(f"{role} 3 served as {role} 2 is refused", f"test_url_and_metadata_version_mismatch[{role}]")
    def _(t):
        t.begin()
        t.repo.live[role]["version"] += 1
        for name in ("root", *EVERYTHING_ONLINE):
            t.repo.publish(name, at=2 if name == role else None)
            if name == role and role != "root":
                parent, file = (("timestamp", "snapshot.json") if role == "snapshot" else ("snapshot", "targets.json"))
                t.repo.live[parent]["meta"][file]["version"] = 2
        t.refuses(said="version 3")
        t.trusts(**REACHED[role])


for name in ("root", "timestamp", "snapshot", "targets"):
    unsigned(name)
for name in ("root", "snapshot", "targets"):
    numbered_wrongly(name)


@case("a timestamp of the trusted version is not looked into", "test_timestamp_content_changes")
def timestamp_changes(t):
    t.begin(refresh=True)
    t.repo.live["timestamp"]["meta"]["snapshot.json"]["version"] = 100
    t.repo.publish("timestamp", bump=False)
    before = t.client.stored("timestamp")
    t.accepts()
    t.same(t.repo.requests[-1], ("timestamp", None), "the last request")
    t.same(t.client.stored("timestamp"), before, "the trusted timestamp")


@case("hashes of metadata are checked where there are some", "test_basic_metadata_hash_support")
def meta_hashes(t):
    t.repo.meta_hashes = ("sha256",)
    t.repo.publish(*EVERYTHING_ONLINE)
    t.begin(refresh=True)
    t.repo.publish("targets")
    t.repo.live["snapshot"]["meta"]["targets.json"]["hashes"]["sha256"] = "46" * 32
    t.repo.publish("snapshot", "timestamp")
    t.refuses(said="SHA-256")
    t.trusts(root=1, timestamp=3, snapshot=3, targets=2)


def wrong_meta(what, member, value, said):
    @case(f"a snapshot whose {what} is not the one in the timestamp is refused")
    def _(t):
        t.repo.meta_hashes = ("sha256", "sha512")
        t.begin(refresh=True)
        t.repo.publish("snapshot")
        member(t.repo.live["timestamp"]["meta"]["snapshot.json"], value)
        t.repo.publish("timestamp")
        t.refuses(said=said)
        t.trusts(root=1, timestamp=2, snapshot=1, targets=1)


wrong_meta("SHA-256", lambda m, v: m["hashes"].update(sha256=v), "00" * 32, "SHA-256")
wrong_meta("SHA-512", lambda m, v: m["hashes"].update(sha512=v), "00" * 64, "SHA-512")
wrong_meta("length", lambda m, v: m.update(length=m["length"] + v), 1, "bytes")
wrong_meta("length, by a byte less,", lambda m, v: m.update(length=m["length"] + v), -1, "bytes")


@case("lengths alone, without hashes, are checked too")
def lengths(t):
    t.repo.meta_lengths = True
    t.repo.publish(*EVERYTHING_ONLINE)
    t.begin(refresh=True)
    t.repo.publish("targets")
    t.repo.live["snapshot"]["meta"]["targets.json"]["length"] -= 1
    t.repo.publish("snapshot", "timestamp")
    t.refuses(said="bytes")


@case("targets changed behind the snapshot's back are refused", "test_new_targets_hash_mismatch")
def targets_behind(t):
    t.repo.meta_hashes = ("sha256",)
    t.repo.publish(*EVERYTHING_ONLINE)
    t.begin(refresh=True)
    t.repo.live["snapshot"]["meta"]["targets.json"]["version"] = 3
    t.repo.live["targets"]["version"] = 3
    t.repo.serve("targets", t.repo.encode(t.repo.sign("targets")))
    t.repo.publish("snapshot", "timestamp")
    t.refuses(said="SHA-256")
    t.same(t.client.version("targets"), 2, "targets")


@case("targets that no snapshot names are not asked for", "test_new_targets_version_mismatch")
def targets_unnamed(t):
    t.begin(refresh=True)
    t.repo.publish("targets")
    t.repo.requests.clear()
    t.accepts()
    t.same(t.repo.requests, FIRST[:2], "requests")


@case("metadata is stored byte by byte", "test_metadata_bytes_match")
def bytes_match(t):
    t.repo.serve("timestamp", t.repo.latest["timestamp"] + b" \n\t ")
    t.begin(refresh=True)
    t.same(t.client.stored("timestamp"), t.repo.latest["timestamp"], "the timestamp")


@case("fields that nobody knows are signed with the rest", "test_custom_fields")
def custom(t):
    t.begin(refresh=True)
    root = t.repo.live["root"]
    t.repo.add_key("root", Key(extra={"extra-field": {"a": 1, "b": 2}}))
    root["custom-field"] = "value"
    root["roles"]["root"]["another-field"] = ["value", None, True]
    t.repo.publish("root")
    t.accepts()
    t.same(t.client.version("root"), 2, "root")
    t.repo.publish("root")
    t.repo.edit("root", lambda d: d["signed"].update({"custom-field": "other"}))
    t.refuses(said="0 good signatures")
    t.same(t.client.version("root"), 2, "root")


@case("keyid_hash_algorithms says nothing", "test_deprecated_keyid_hash_algorithms")
def keyid_hash_algorithms(t):
    t.begin()
    t.repo.drop_keys("snapshot")
    t.repo.add_key("snapshot", Key(extra={"keyid_hash_algorithms": "md5"}))
    t.repo.publish("root", "snapshot", "timestamp")
    t.accepts()
    t.trusts(root=2, timestamp=2, snapshot=2, targets=1)


@case("a snapshot that is not there", "test_snapshot_404")
def snapshot_404(t):
    t.begin(refresh=True)
    t.repo.live["timestamp"]["meta"]["snapshot.json"]["version"] = 2
    t.repo.publish("timestamp")
    t.refuses(said="2.snapshot.json: not there")
    t.same(t.repo.requests[-1], ("snapshot", 2), "the last request")
    t.trusts(root=1, timestamp=2, snapshot=1, targets=1)


@case("targets that are not there", "test_targets_404")
def targets_404(t):
    t.begin(refresh=True)
    t.repo.live["snapshot"]["meta"]["targets.json"]["version"] = 2
    t.repo.publish("snapshot", "timestamp")
    t.refuses(said="2.targets.json: not there")
    t.same(t.repo.requests[-1], ("targets", 2), "the last request")
    t.trusts(root=1, timestamp=2, snapshot=2, targets=1)


@case("a timestamp that is not there", "test_timestamp_404")
def timestamp_404(t):
    t.begin(refresh=True)
    t.repo.unserve("timestamp")
    t.refuses(said="timestamp.json: not there")
    t.same(t.repo.requests[-1], ("timestamp", None), "the last request")
    t.trusts(root=1, timestamp=1, snapshot=1, targets=1)


@case("a snapshot that goes as a timestamp is none, whoever signed it", "test_incorrect_metadata_type")
def wrong_type(t):
    t.begin()
    key = next(iter(t.repo.keys["timestamp"].values()))
    t.repo.add_key("snapshot", key)
    t.repo.live["snapshot"]["meta"] = {"snapshot.json": {"version": 1}}
    t.repo.publish("root", "snapshot")
    t.repo.latest["timestamp"] = t.repo.latest["snapshot"]
    t.refuses(said="of type")
    t.trusts(root=2)


@case("the clock is the one that faketime shows", "test_faketime")
def faketime(t):
    t.begin()
    t.repo.live["root"]["expires"] = days(7).strftime("%Y-%m-%dT%H:%M:%SZ")
    t.repo.publish("root")
    t.accepts()
    t.refuses(at=days(8), said="expired")


@case("without consistent snapshots nothing but root has a number")
def inconsistent(t):
    t.repo.live["root"]["consistent_snapshot"] = False
    t.repo.add_target("targets", "dir/file", b"content")
    t.repo.publish("root", *EVERYTHING_ONLINE)
    t.begin()
    t.same(t.client.download("dir/file"), 0, "the download")
    t.same(t.repo.requests, [("root", 2), ("root", 3), ("timestamp", None), ("snapshot", None), ("targets", None)],
           "requests")
    t.same(t.repo.fetched, [("dir/file", None)], "targets asked for")


def endless(role, reached):
    @case(f"{role} without end is given up")
    def _(t):
        t.begin()
        t.repo.publish("root", *EVERYTHING_ONLINE)
        t.repo.serve(role, t.repo.latest[role] + b" " * (8 << 20))
        t.refuses(said="bytes expected")
        t.trusts(**reached)


for name, reached in REACHED.items():
    endless(name, reached)


@case("another major version of the spec is not understood")
def spec_version(t):
    t.begin(refresh=True)
    t.repo.live["timestamp"]["spec_version"] = "2.0.0"
    t.repo.publish("timestamp")
    t.refuses(said="written for TUF")
    t.same(t.client.version("timestamp"), 1, "timestamp")
