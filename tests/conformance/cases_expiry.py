# SPDX-License-Identifier: LGPL-2.1-or-later
"""What has run out, here or there."""
from cases import case
from repository import EVERYTHING_ONLINE, days, written


def expires(t, role, n):
    t.repo.live[role]["expires"] = written(days(n))


@case("an expired last root is stored, and nothing after it", "test_root_expired")
def root(t):
    t.begin(refresh=True)
    t.repo.publish("root")
    t.accepts()
    expires(t, "root", -1)
    t.repo.publish("root", *EVERYTHING_ONLINE)
    t.refuses(said="expired")
    t.trusts(root=3, timestamp=1, snapshot=1, targets=1)


@case("an expired root on the way is no trouble")
def root_between(t):
    expires(t, "root", -1)
    t.repo.publish("root")
    expires(t, "root", 30)
    t.repo.publish("root")
    t.begin(refresh=True)
    t.trusts(root=3, timestamp=1, snapshot=1, targets=1)


@case("an expired timestamp is not taken", "test_timestamp_expired")
def timestamp(t):
    t.begin(refresh=True)
    expires(t, "timestamp", -5)
    t.repo.publish("timestamp")
    t.refuses(said="expired")
    t.trusts(root=1, timestamp=1, snapshot=1, targets=1)


@case("an expired snapshot is not taken", "test_snapshot_expired")
def snapshot(t):
    t.begin(refresh=True)
    expires(t, "snapshot", -5)
    t.repo.publish("snapshot", "timestamp")
    t.refuses(said="expired")
    t.trusts(root=1, timestamp=2, snapshot=1, targets=1)


@case("expired targets that nobody names do no harm", "test_targets_expired")
def targets_unnamed(t):
    t.begin(refresh=True)
    expires(t, "targets", -5)
    t.repo.publish("snapshot", "timestamp")
    t.accepts()
    t.trusts(root=1, timestamp=2, snapshot=2, targets=1)


@case("expired targets are not taken")
def targets(t):
    t.begin(refresh=True)
    expires(t, "targets", -5)
    t.repo.publish(*EVERYTHING_ONLINE)
    t.refuses(said="expired")
    t.trusts(root=1, timestamp=2, snapshot=2, targets=1)


@case("an expired stored root leads to the next", "test_expired_local_root")
def stored_root(t):
    t.begin()
    expires(t, "root", 7)
    t.repo.publish("root")
    t.accepts()
    expires(t, "root", 21)
    t.repo.publish("root")
    t.accepts(at=days(18))
    t.same(t.client.version("root"), 3, "root")


@case("an expired stored timestamp leads to the next", "test_expired_local_timestamp")
def stored_timestamp(t):
    t.begin()
    expires(t, "timestamp", 7)
    t.repo.publish("timestamp")
    t.accepts()
    expires(t, "timestamp", 21)
    t.repo.publish(*EVERYTHING_ONLINE)
    t.accepts(at=days(18))
    t.trusts(root=1, timestamp=3, snapshot=2, targets=2)


@case("an expired stored snapshot leads to the next")
def stored_snapshot(t):
    expires(t, "snapshot", 7)
    t.repo.publish("snapshot", "timestamp")
    t.begin(refresh=True)
    expires(t, "snapshot", 21)
    t.repo.publish("snapshot", "timestamp")
    t.accepts(at=days(18))
    t.same(t.client.version("snapshot"), 3, "snapshot")


@case("an expired stored timestamp still says what may not come back")
def stored_rollback(t):
    expires(t, "timestamp", 7)
    t.repo.publish("timestamp")
    t.begin(refresh=True)
    expires(t, "timestamp", 21)
    t.repo.live["timestamp"]["version"] = 1
    t.repo.publish("timestamp", bump=False)
    t.refuses(said="older than the trusted 2", at=days(18))
    t.same(t.client.version("timestamp"), 2, "timestamp")


def frozen(role):
    @case(f"an expired {role} that nobody renews ends updates")
    def _(t):
        expires(t, role, 7)
        t.repo.publish(*EVERYTHING_ONLINE)
        t.begin(refresh=True)
        t.refuses(at=days(8), said="expired")


for name in EVERYTHING_ONLINE:
    frozen(name)
