# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who may sign, with what, and how many of them."""
import json

from cases import case
from repository import EVERYTHING_ONLINE, Key

OTHER = {kind: Key(kind).sign(b"something else").hex()
         for kind in ("ed25519", "ecdsa", "ecdsa-sha2-nistp256", "rsassa-pss", "pkcs1v15")}


@case("fewer signatures than the threshold are too few", "test_snapshot_does_not_meet_threshold")
def threshold(t):
    t.repo.role("snapshot")["threshold"] = 3
    t.repo.add_key("snapshot")
    t.repo.add_key("snapshot")
    t.repo.publish("root", *EVERYTHING_ONLINE)
    t.begin(refresh=True)
    t.same(t.client.version("snapshot"), 2, "snapshot, with three of three")
    t.repo.keys["snapshot"].popitem()
    t.repo.publish(*EVERYTHING_ONLINE)
    t.refuses(said="2 good signatures")
    t.same(t.client.version("snapshot"), 2, "snapshot")


@case("a threshold that no keys can reach", "test_snapshot_has_too_few_keys")
def too_few_keys(t):
    t.begin()
    for _ in range(4):
        t.repo.add_key("snapshot")
    t.repo.role("snapshot")["threshold"] = 6
    t.repo.publish("root", "snapshot", "timestamp")
    t.refuses(said="5 good signatures")
    t.same(t.client.version("root"), 2, "root")
    t.same(t.client.version("snapshot"), None, "snapshot")


@case("one key nine times is one key", "test_duplicate_keys")
def same_key(t):
    t.begin()
    key = t.repo.add_key("snapshot")
    t.repo.role("snapshot")["keyids"] += [key.id] * 8
    t.repo.role("snapshot")["threshold"] = 6
    t.repo.publish("root", "snapshot", "timestamp")
    t.repo.edit("snapshot", lambda d: d["signatures"].extend(8 * [s for s in d["signatures"] if s["keyid"] == key.id]))
    t.refuses(said="two signatures with key id")
    t.same(t.client.version("snapshot"), None, "snapshot")


@case("one key nine times, which signs once, is one key")
def same_key_once(t):
    t.begin()
    key = t.repo.add_key("snapshot")
    t.repo.role("snapshot")["keyids"] += [key.id] * 8
    t.repo.role("snapshot")["threshold"] = 3
    t.repo.publish("root", "snapshot", "timestamp")
    t.refuses(said="2 good signatures")
    t.same(t.client.version("snapshot"), None, "snapshot")


@case("one key under two ids is one key")
def two_ids(t):
    t.begin()
    key = next(iter(t.repo.keys["snapshot"].values()))
    twin = Key(keyid="ab" * 32)
    twin.public, twin.sign = key.public, key.sign
    t.repo.add_key("snapshot", twin)
    t.repo.role("snapshot")["threshold"] = 2
    t.repo.publish("root", "snapshot", "timestamp")
    t.refuses(said="1 good signature by")
    t.same(t.client.version("snapshot"), None, "snapshot")


@case("two signatures of one key id are refused, the threshold met or not", "test_duplicate_sig_keyids")
def same_signature(t):
    t.begin()
    t.repo.edit("snapshot", lambda d: d["signatures"].append(d["signatures"][0]))
    t.refuses(said="two signatures with key id")
    t.same(t.client.version("snapshot"), None, "snapshot")


def key_kind(kind, suite):
    @case(f"keys of kind {kind}", suite)
    def _(t):
        t.begin()
        key = t.repo.add_key("root", Key(kind))
        t.repo.role("root")["threshold"] = 2
        t.repo.publish("root")
        t.accepts()
        t.same(t.client.version("root"), 2, "root")
        t.repo.publish("root")
        t.repo.edit("root", lambda d: [s.update(sig=OTHER[kind]) for s in d["signatures"] if s["keyid"] == key.id])
        t.refuses(said="1 good signature by")
        t.same(t.client.version("root"), 2, "root")


key_kind("rsassa-pss", "test_keytype_and_scheme[rsa/rsassa-pss-sha256]")
key_kind("ecdsa", "test_keytype_and_scheme[ecdsa/ecdsa-sha2-nistp256]")
key_kind("ed25519", "test_keytype_and_scheme[ed25519/ed25519]")
key_kind("pkcs1v15", "test_keytype_and_scheme[rsa/rsa-pkcs1v15-sha256]")
key_kind("ecdsa-sha2-nistp256", "")


@case("a wrong signature, or an empty one, beside enough good ones does no harm", "test_invalid_sig_in_valid_metadata")
def wrong_beside_good(t):
    t.begin()
    first = next(iter(t.repo.keys["timestamp"]))
    t.repo.add_key("timestamp")
    for wrong in (OTHER["ed25519"], "", "zz", "0"):
        t.repo.publish("root", "timestamp")
        t.repo.edit("timestamp", lambda d, s=wrong: [x.update(sig=s) for x in d["signatures"] if x["keyid"] == first])
        t.accepts(f"with {wrong!r:.20}")


@case("a wrong signature beside too few good ones")
def wrong_beside_few(t):
    t.begin()
    t.repo.add_key("timestamp")
    t.repo.role("timestamp")["threshold"] = 2
    t.repo.publish("root", "timestamp")
    t.repo.edit("timestamp", lambda d: d["signatures"][0].update(sig=OTHER["ed25519"]))
    t.refuses(said="1 good signature by")
    t.trusts(root=2)


@case("signatures of strangers do no harm")
def strangers(t):
    t.begin()
    stranger = Key("ed25519")
    t.repo.keys["timestamp"][stranger.id] = stranger
    t.repo.publish("timestamp")
    t.accepts()


@case("a key of a kind that nobody knows does no harm")
def unknown_kind(t):
    t.begin()
    key = Key("ed25519")
    key.public = {"keytype": "sphincs", "scheme": "sphincs-shake-128s", "keyval": {"public": "00" * 32}}
    t.repo.add_key("timestamp", key)
    t.repo.publish("root", "timestamp")
    t.accepts()


@case("a key id that is no hash of its key is an id like any other")
def odd_ids(t):
    t.begin()
    t.repo.drop_keys("snapshot")
    t.repo.add_key("snapshot", Key(keyid="not a hash/at all?"))
    t.repo.publish("root", "snapshot", "timestamp")
    t.accepts()
    t.same(t.client.version("snapshot"), 2, "snapshot")


@case("a key that is listed for another role counts for nothing")
def other_role(t):
    t.begin()
    t.repo.keys["snapshot"] = t.repo.keys["timestamp"]
    t.repo.publish("snapshot", "timestamp")
    t.refuses(said="0 good signatures")
    t.same(t.client.version("snapshot"), None, "snapshot")


@case("a signature is over every byte")
def every_byte(t):
    t.begin()
    t.repo.publish("timestamp")
    t.repo.serve("timestamp", t.repo.latest["timestamp"].replace(b'"version":2', b'"version":9'))
    t.same(json.loads(t.repo.latest["timestamp"])["signed"]["version"], 9, "the forgery")
    t.refuses(said="0 good signatures")
    t.trusts(root=1)
