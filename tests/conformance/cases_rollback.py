# SPDX-License-Identifier: LGPL-2.1-or-later
"""Going back, and how a repository recovers whose versions an attacker has driven up."""
from cases import case
from repository import EVERYTHING_ONLINE


def variants(name, suite):
    """The case without and with hashes: the stored snapshot has to serve the check although its hash is another."""
    def add(function):
        for label, hashes in (("basic", ()), ("with hashes", ("sha256",))):
            def run(t, hashes=hashes):
                t.repo.meta_hashes = hashes
                function(t)
            case(f"{name} ({label})", f"{suite}[{label}]")(run)
    return add


@case("a snapshot that no timestamp names is not asked for", "test_simple_snapshot_rollback")
def snapshot_unnamed(t):
    t.repo.publish("snapshot", "timestamp")
    t.begin(refresh=True)
    t.repo.publish("snapshot")
    t.accepts()
    t.same(t.client.version("snapshot"), 2, "snapshot")
    t.same(t.repo.requests[-1], ("timestamp", None), "the last request")


@case("an older timestamp is refused", "test_new_timestamp_version_rollback")
def timestamp(t):
    t.repo.publish("timestamp")
    t.begin(refresh=True)
    t.repo.live["timestamp"]["version"] = 1
    t.repo.publish("timestamp", bump=False)
    t.refuses(said="older than the trusted 2")
    t.same(t.client.version("timestamp"), 2, "timestamp")
    t.same(t.repo.requests[-1], ("timestamp", None), "the last request")


@variants("an older snapshot in a newer timestamp is refused", "test_snapshot_rollback")
def snapshot(t):
    t.repo.publish("snapshot", "timestamp")
    t.begin(refresh=True)
    t.repo.live["snapshot"]["version"] = 1
    t.repo.publish("snapshot", bump=False)
    t.repo.publish("timestamp")
    t.refuses(said="snapshot 1, older")
    t.trusts(root=1, timestamp=2, snapshot=2, targets=1)
    t.same(t.repo.requests[-1], ("timestamp", None), "the last request")


@variants("older targets in a newer snapshot are refused", "test_targets_rollback")
def targets(t):
    t.repo.publish(*EVERYTHING_ONLINE)
    t.begin(refresh=True)
    t.repo.live["targets"]["version"] = 1
    t.repo.publish("targets", bump=False)
    t.repo.publish("snapshot", "timestamp")
    t.refuses(said="targets.json version 1, older")
    t.same(t.client.version("snapshot"), 2, "snapshot")
    t.same(t.client.version("targets"), 2, "targets")


@case("an older delegated role in a newer snapshot is refused")
def delegated(t):
    t.repo.delegate("targets", "team")
    t.repo.publish("team", *EVERYTHING_ONLINE)
    t.repo.publish("team", "snapshot", "timestamp")
    t.begin(refresh=True)
    t.repo.live["team"]["version"] = 1
    t.repo.publish("team", bump=False)
    t.repo.publish("snapshot", "timestamp")
    t.refuses(said="team.json version 1, older")
    t.same(t.client.version("snapshot"), 3, "snapshot")


@case("a role that vanishes from the snapshot is missed")
def vanished(t):
    t.repo.delegate("targets", "team")
    t.repo.publish("team", *EVERYTHING_ONLINE)
    t.begin(refresh=True)
    del t.repo.live["snapshot"]["meta"]["team.json"]
    t.repo.publish("snapshot", "timestamp")
    t.refuses(said="no longer lists team.json")
    t.same(t.client.version("snapshot"), 2, "snapshot")


@case("targets driven up come back with a new snapshot key", "test_new_targets_fast_forward_recovery")
def targets_recovery(t):
    t.begin()
    t.repo.live["targets"]["version"] = 99
    t.repo.publish(*EVERYTHING_ONLINE)
    t.accepts()
    t.same(t.client.version("targets"), 100, "targets")
    t.repo.rotate("snapshot")
    t.repo.live["targets"]["version"] = 1
    t.repo.publish("root", *EVERYTHING_ONLINE)
    t.accepts("the recovery")
    t.same(t.client.version("targets"), 2, "targets")


@case("a snapshot driven up comes back with new keys", "test_new_snapshot_fast_forward_recovery")
def snapshot_recovery(t):
    t.begin()
    t.repo.live["snapshot"]["version"] = 99
    t.repo.publish("snapshot", "timestamp")
    t.accepts()
    t.same(t.client.version("snapshot"), 100, "snapshot")
    t.repo.rotate("snapshot")
    t.repo.rotate("timestamp")
    t.repo.live["snapshot"]["version"] = 0
    t.repo.publish("root", *EVERYTHING_ONLINE)
    t.accepts("the recovery")
    t.same(t.client.version("snapshot"), 1, "snapshot")


@case("a timestamp driven up comes back with a new key", "test_new_timestamp_fast_forward_recovery")
def timestamp_recovery(t):
    t.begin()
    t.repo.live["timestamp"]["version"] = 99
    t.repo.publish("timestamp")
    t.accepts()
    t.same(t.client.version("timestamp"), 100, "timestamp")
    t.repo.rotate("timestamp")
    t.repo.publish("root", *EVERYTHING_ONLINE)
    t.repo.live["timestamp"]["version"] = 1
    t.repo.publish("timestamp", bump=False)
    t.accepts("the recovery")
    t.same(t.client.version("timestamp"), 1, "timestamp")


@case("a timestamp driven up does not come back without a new key")
def timestamp_stays(t):
    t.begin()
    t.repo.live["timestamp"]["version"] = 99
    t.repo.publish("timestamp")
    t.accepts()
    t.repo.live["timestamp"]["version"] = 2
    t.repo.publish("root", "timestamp")
    t.refuses(said="older than the trusted 100")
    t.same(t.client.version("timestamp"), 100, "timestamp")


@case("the snapshot that the timestamp names is the one", "test_new_snapshot_version_mismatch")
def snapshot_named(t):
    t.begin()
    t.repo.publish("snapshot")
    t.repo.live["timestamp"]["meta"]["snapshot.json"]["version"] -= 1
    t.repo.publish("root", "timestamp")
    t.accepts()
    t.trusts(root=2, timestamp=2, snapshot=1, targets=1)
