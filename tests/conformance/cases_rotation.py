# SPDX-License-Identifier: LGPL-2.1-or-later
"""Keys that change: root's, from version to version; another role's, from a root that says so."""
from cases import case
from repository import Key

# Ten keys for all of these cases, since they differ only in which of them is listed and which signs.
KEYS = [Key("ed25519") for _ in range(10)]

# suite's name -> per version of root: keys, threshold, who signs; and whether the last one is good.
FIVE = [0, 1, 2, 3, 4]
ONE_ROTATED = [0, 1, 3, 4, 5]
ROOTS = {
    "1-of-1-key-rotation": ([([1], 1, [1]), ([2], 1, [2, 1]), ([2], 1, [2])], True),
    "1-of-1-key-rotation-unused-signatures":
        ([([1], 1, [3, 1, 4]), ([2], 1, [3, 2, 1, 4]), ([2], 1, [3, 2, 4])], True),
    "3-of-5-sign-with-different-keycombos":
        ([(FIVE, 3, [0, 2, 4]), (FIVE, 3, [0, 4, 1]), (FIVE, 3, [0, 1, 3]), (FIVE, 3, [0, 1, 3])], True),
    "3-of-5-one-key-rotated": ([(FIVE, 3, [0, 2, 4]), (ONE_ROTATED, 3, [0, 4, 1])], True),
    "3-of-5-one-key-rotated-with-intermediate-step":
        ([(FIVE, 3, [0, 2, 4]), (ONE_ROTATED, 3, [0, 2, 4, 5]), (ONE_ROTATED, 3, [0, 4, 5])], True),
    "3-of-5-all-keys-rotated-with-intermediate-step":
        ([(FIVE, 3, [0, 2, 4]), ([5, 6, 7, 8, 9], 3, [0, 2, 4, 5, 6, 7]), ([5, 6, 7, 8, 9], 3, [5, 6, 7])], True),
    "1-of-3-threshold-increase-to-2-of-3": ([([1, 2, 3], 1, [1]), ([1, 2, 3], 2, [1, 2])], True),
    "2-of-3-threshold-decrease-to-1-of-3":
        ([([1, 2, 3], 2, [1, 2]), ([1, 2, 3], 1, [1, 2]), ([1, 2, 3], 1, [1])], True),
    "1-of-2-threshold-increase-to-2-of-2": ([([1], 1, [1]), ([1, 2], 2, [1, 2])], True),
    "1-of-1-key-rotation-fail-not-signed-with-old-key": ([([1], 1, [1]), ([2], 1, [2, 3, 4])], False),
    "1-of-1-key-rotation-fail-not-signed-with-new-key": ([([1], 1, [1]), ([2], 1, [1, 3, 4])], False),
    "3-of-5-one-key-rotate-fails-not-signed-with-3-new-keys":
        ([(FIVE, 3, [0, 2, 4]), (ONE_ROTATED, 3, [0, 2, 4])], False),
    "3-of-5-one-key-rotate-fails-not-signed-with-3-old-keys":
        ([(FIVE, 3, [0, 2, 4]), (ONE_ROTATED, 3, [0, 4, 5])], False),
    "1-of-3-threshold-bump-to-2-of-3-fails-new-threshold-not-reached":
        ([([1, 2, 3], 1, [1]), ([1, 2, 3], 2, [2])], False),
    "2-of-3-threshold-decr-to-1-of-3-fails-old-threshold-not-eached":
        ([([1, 2, 3], 2, [1, 2]), ([1, 2, 3], 1, [1])], False),
}

OTHERS = {
    "1-of-1-key-rotation": ([2], 1, [2], True),
    "1-of-1-key-rotation-unused-signatures": ([1], 1, [3, 1, 4], True),
    "1-of-1-key-rotation-fail-not-signed-with-new-key": ([2], 1, [1, 3, 4], False),
    "3-of-5-one-key-signature-wrong-not-signed-with-3-expected-keys": (ONE_ROTATED, 3, [0, 2, 4], False),
    "2-of-5-one-key-signature-mising-threshold-not-reached": (ONE_ROTATED, 3, [0, 4], False),
    "3-of-5-sign-first-combo": (FIVE, 3, [0, 2, 4], True),
    "3-of-5-sign-second-combo": (FIVE, 3, [0, 4, 1], True),
    "3-of-5-sign-third-combo": (FIVE, 3, [0, 1, 3], True),
    "3-of-5-sign-fourth-combo": (FIVE, 3, [1, 2, 3], True),
    "3-of-5-sign-fifth-combo": (FIVE, 3, [2, 3, 4], True),
}


def set_keys(repo, role, listed, threshold, signing):
    repo.drop_keys(role)
    repo.role(role)["threshold"] = threshold
    for i in listed:
        repo.add_key(role, KEYS[i], signs=False)
    repo.keys[role] = {KEYS[i].id: KEYS[i] for i in signing}


def root_chain(name, versions, good):
    @case(f"root: {name}", f"test_root_rotation[{name}]")
    def _(t):
        t.repo.unserve("root")
        t.repo.live["root"]["version"] = 0
        for listed, threshold, signing in versions:
            set_keys(t.repo, "root", listed, threshold, signing)
            t.repo.live["root"]["version"] += 1
            t.repo.publish("root", bump=False)
        t.begin()
        t.same(t.client.refresh(), 0 if good else 1, "the refresh")
        last = len(versions) if good else len(versions) - 1
        t.same(t.client.stored("root"), t.repo.served["root"][last], f"the trusted root is version {last}")


def other_role(name, listed, threshold, signing, good):
    @case(f"timestamp, snapshot, targets: {name}", f"test_non_root_rotations[{name}]")
    def _(t):
        t.begin()
        for role in ("timestamp", "snapshot", "targets"):
            set_keys(t.repo, role, listed, threshold, signing)
            t.repo.publish("root")
            t.repo.publish("targets", "snapshot", "timestamp")
            t.same(t.client.refresh(), 0 if good else 1, f"{role}: the refresh")
            if good:
                t.same(t.client.stored(role), t.repo.latest[role], f"{role}: what is trusted")


for chain in ROOTS.items():
    root_chain(chain[0], *chain[1])
for rotation in OTHERS.items():
    other_role(rotation[0], *rotation[1])


@case("root: a chain of forty")
def forty(t):
    for _ in range(40):
        t.repo.publish("root")
    t.begin(refresh=True)
    t.same(t.client.version("root"), 41, "root")


@case("root: a gap in the chain ends it")
def gap(t):
    t.repo.publish("root")
    t.repo.publish("root")
    del t.repo.served["root"][2]
    t.begin(refresh=True)
    t.same(t.client.version("root"), 1, "root")


@case("stored metadata that the new keys have not signed is not gone by")
def stored(t):
    t.begin(refresh=True)
    t.repo.rotate("targets")
    t.repo.publish("root")
    t.refuses(said="0 good signatures")
    t.repo.publish("targets", "snapshot", "timestamp")
    t.accepts()
    t.trusts(root=2, timestamp=2, snapshot=2, targets=2)
