# SPDX-License-Identifier: LGPL-2.1-or-later
"""Delegated roles: which are asked for, in which order, and whose word counts."""
import hashlib
import urllib.parse

from cases import case
from repository import EVERYTHING_ONLINE, Key, days, written

# suite's name -> delegations (from, to, and what is not usual about it), and who is asked for a target that nobody has.
PY = {"paths": ["*.py"]}
END = {"terminating": True}
GRAPHS = {
    "basic-delegation": ([("targets", "A")], "A"),
    "single-level-delegations": ([("targets", "A"), ("targets", "B")], "AB"),
    "two-level-delegations": ([("targets", "A"), ("targets", "B"), ("B", "C")], "ABC"),
    "two-level-test-DFS-order-of-traversal":
        ([("targets", "A"), ("targets", "B"), ("A", "C"), ("A", "D")], "ACDB"),
    "three-level-delegation-test-DFS-order-of-traversal":
        ([("targets", "A"), ("targets", "B"), ("A", "C"), ("C", "D")], "ACDB"),
    "two-level-terminating-ignores-all-but-roles-descendants":
        ([("targets", "A"), ("targets", "B"), ("A", "C", END), ("A", "D")], "AC"),
    "three-level-terminating-ignores-all-but-roles-descendants":
        ([("targets", "A"), ("targets", "B"), ("A", "C", END), ("C", "D")], "ACD"),
    "two-level-ignores-all-branches-not-matching-paths":
        ([("targets", "A", PY), ("targets", "B"), ("A", "C")], "B"),
    "three-level-ignores-all-branches-not-matching-paths":
        ([("targets", "A"), ("targets", "B"), ("A", "C", PY), ("C", "D")], "AB"),
    "cyclic-graph": ([("targets", "A"), ("targets", "B"), ("B", "C"), ("C", "D"), ("D", "B")], "ABCD"),
    "two-roles-delegating-to-a-third": ([("targets", "A"), ("targets", "B"), ("B", "C"), ("A", "C")], "ACB"),
    "two-roles-delegating-to-a-third-different-paths":
        ([("targets", "A"), ("targets", "B"), ("B", "C"), ("A", "C", PY)], "ABC"),
}
# Ours.
MORE_GRAPHS = {
    "a role that delegates to itself": ([("targets", "A"), ("A", "A"), ("targets", "B")], "AB"),
    "a terminating role whose paths do not match ends nothing":
        ([("targets", "A", {**END, **PY}), ("targets", "B")], "B"),
    "a role with no paths is asked nothing": ([("targets", "A", {"paths": []}), ("targets", "B")], "B"),
}


def grow(repo, delegations):
    for parent, name, *more in delegations:
        repo.delegate(parent, name, **(more[0] if more else {}))
    roles = {name for edge in delegations for name in edge[:2]} - {"targets"}
    repo.publish(*sorted(roles), *EVERYTHING_ONLINE)


def traversal(name, suite, delegations, order):
    @case(f"search: {name}", suite)
    def _(t):
        grow(t.repo, delegations)
        t.begin()
        t.lacks("missingpath", said="no such target")
        t.same(t.repo.requests[4:], [(role, 1) for role in order], "roles asked for")


for graph in GRAPHS.items():
    traversal(graph[0], f"test_graph_traversal[{graph[0]}]", *graph[1])
for graph in MORE_GRAPHS.items():
    traversal(graph[0], "", *graph[1])


def top_level(role):
    @case(f"a role that delegates to {role} is malformed")
    def _(t):
        t.repo.delegate("targets", "A")
        t.repo.delegate("targets", "B")
        t.repo.delegate("A", "C")
        t.repo.role("C", "A")["name"] = role
        t.repo.publish("A", "B", *EVERYTHING_ONLINE)
        t.begin()
        t.lacks("missingpath", said="which root alone may")
        t.same(t.repo.requests[4:], [("A", 1)], "roles asked for")


for top in ("root", "timestamp", "snapshot", "targets"):
    top_level(top)


TREE = [("targets", "A", {"paths": ["*.doc", "*.md"]}), ("targets", "B", {"paths": ["releases/*/*"]}),
        ("B", "C", {"paths": ["releases/x/*"]}), ("B", "D", {"paths": ["releases/y/*.zip"]})]
HELD = {"targetfile": "targets", "README.md": "A", "releases/x/x_v1": "C", "releases/y/y_v1.zip": "D",
        "releases/z/z_v1.zip": "D"}
SEARCHES = {
    "no delegations": ("targetfile", True, ""),
    "targetpath matches wildcard": ("README.md", True, "A"),
    "targetpath with separators x": ("releases/x/x_v1", True, "BC"),
    "targetpath with separators y": ("releases/y/y_v1.zip", True, "BD"),
    "targetpath is not delegated by all roles in the chain": ("releases/z/z_v1.zip", False, "B"),
}


def tree(t):
    grow(t.repo, TREE)
    for name, role in HELD.items():
        t.repo.add_target(role, name, f"{name} of {role}".encode())
    t.repo.publish("A", "C", "D", *EVERYTHING_ONLINE)


def search(name, target, found, order):
    @case(f"found: {name}", f"test_targetfile_search[{name}]")
    def _(t):
        tree(t)
        t.begin()
        t.same(t.client.download(target), 0 if found else 1, "the download")
        t.same(t.client.downloaded(), [f"{target} of {HELD[target]}".encode()] if found else [], "downloaded")
        t.same([role for role, _ in t.repo.requests[4:]], list(order), "roles asked for")


for one in SEARCHES.items():
    search(one[0], *one[1])


@case("roles are asked for once, in one run and in the next")
def kept(t):
    tree(t)
    t.begin()
    t.same(t.client.download("README.md", "releases/x/x_v1", "releases/y/y_v1.zip"), 0, "the download")
    t.same([role for role, _ in t.repo.requests[4:]], list("ABCD"), "roles asked for")
    t.repo.requests.clear()
    t.same(t.client.download("releases/y/y_v1.zip", "releases/x/x_v1"), 0, "again")
    t.same(t.repo.requests, [("root", 2), ("timestamp", None)], "asked for the second time")


def quoted(role, suite):
    @case(f"a role called {role}", suite)
    def _(t):
        t.repo.delegate("targets", role)
        t.repo.add_target(role, "file.txt", b"contents")
        t.repo.publish(role, *EVERYTHING_ONLINE)
        t.begin()
        t.lacks("nonexistent target", said="no such target")
        name = urllib.parse.quote(role, "")
        t.same(t.repo.requests[4:], [(name, 1)], "asked for")
        t.same(len(t.client.versions()), 5, "trusted roles")
        file = "%2E" + name[1:] if name.startswith(".") else name
        t.same(t.client.stored(file), t.repo.latest[role], "its file is called like it, but is never hidden")
        t.same(t.client.download("file.txt"), 0, "what it has")
        t.same(len(t.repo.requests), 7, "and it is not asked for again")


for odd in ("?", "#", "/delegatedrole", "../delegatedrole"):
    quoted(odd, f"test_unusual_role_name[{odd}]")
for odd in ("caf\u00e9 \u2603", "100%", "%2e%2e", "a\\b", "..", ".", "root", "1.snapshot", "\x7f\t"):
    quoted(odd, "") if odd not in ("root",) else None


@case("a stored role is verified with the keys of who delegates to it now",
      "test_cached_role_is_verified_against_current_delegator")
def current_delegator(t):
    """A and B both delegate to C, each with a key of its own; C is signed with A's alone."""
    t.repo.delegate("targets", "A", ["a/*"])
    t.repo.delegate("targets", "B", ["b/*"])
    t.repo.delegate("A", "C", ["a/*", "b/*"])
    t.repo.delegate("B", "C", ["a/*", "b/*"], key=Key())
    last = list(t.repo.keys["C"])[-1]
    del t.repo.keys["C"][last]
    t.repo.add_target("C", "a/file", b"for A")
    t.repo.add_target("C", "b/file", b"for B")
    t.repo.publish("C", "A", "B", *EVERYTHING_ONLINE)
    t.begin()
    t.same(t.client.download("a/file"), 0, "through A")
    t.lacks("b/file", said="0 good signatures")
    t.lacks("a/file", "b/file", said="0 good signatures")
    t.same(t.client.downloaded(), [b"for A"], "downloaded")


@case("a delegation that changes hands: the old keys count no more")
def changed_hands(t):
    t.repo.delegate("targets", "team")
    t.repo.add_target("team", "file.txt", b"contents")
    t.repo.publish("team", *EVERYTHING_ONLINE)
    t.begin()
    t.same(t.client.download("file.txt"), 0, "the download")
    t.repo.role("team", "targets")["keyids"].clear()
    t.repo.add_key("team", None, "targets", signs=False)
    t.repo.publish("targets", "snapshot", "timestamp")
    t.lacks("file.txt", said="0 good signatures")


def thresholds(signed, good):
    @case(f"a delegated role with {signed} of 3 keys, 2 needed")
    def _(t):
        t.repo.delegate("targets", "team", threshold=2)
        t.repo.add_key("team", None, "targets", signs=signed > 1)
        t.repo.add_key("team", Key("ed25519"), "targets", signs=signed > 2)
        t.repo.add_target("team", "file.txt", b"contents")
        t.repo.publish("team", *EVERYTHING_ONLINE)
        t.begin()
        t.same(t.client.download("file.txt"), 0 if good else 1, "the download")


thresholds(1, False)
thresholds(2, True)
thresholds(3, True)


@case("a delegated role's own expiry, version and type are checked: another version than the snapshot names")
def wrong_version(t):
    t.repo.delegate("targets", "team")
    t.repo.add_target("team", "file.txt", b"contents")
    t.repo.publish("team")
    t.repo.live["team"]["version"] = 5
    t.repo.serve("team", t.repo.encode(t.repo.sign("team")), at=1)
    t.repo.publish(*EVERYTHING_ONLINE)
    t.begin()
    t.lacks("file.txt", said="names 1")
    t.trusts(root=1, timestamp=2, snapshot=2, targets=2)


@case("a delegated role that is not there ends the search")
def not_there(t):
    t.repo.delegate("targets", "A")
    t.repo.delegate("targets", "B")
    t.repo.add_target("B", "file.txt", b"of lower priority")
    t.repo.publish("A", "B", *EVERYTHING_ONLINE)
    t.repo.unserve("A")
    t.begin()
    t.lacks("file.txt", said="not there")
    t.same(t.client.downloaded(), [], "downloaded")


@case("the first role that has a target wins")
def priority(t):
    for name in "AB":
        t.repo.delegate("targets", name)
    t.repo.add_target("B", "file.txt", b"of B")
    t.repo.add_target("A", "file.txt", b"of A")
    t.repo.publish("A", "B", *EVERYTHING_ONLINE)
    t.begin()
    t.same(t.client.download("file.txt"), 0, "the download")
    t.same(t.client.downloaded(), [b"of A"], "downloaded")
    t.same(t.repo.requests[4:], [("A", 1)], "roles asked for")


@case("hash prefixes delegate as paths do")
def prefixes(t):
    digest = hashlib.sha256(b"dir/file.txt").hexdigest()
    other = "%x" % ((int(digest[0], 16) + 1) % 16)
    t.repo.delegate("targets", "A", paths=None, path_hash_prefixes=[other])
    t.repo.delegate("targets", "B", paths=None, path_hash_prefixes=[other, digest[:2]])
    t.repo.add_target("B", "dir/file.txt", b"contents")
    t.repo.publish("A", "B", *EVERYTHING_ONLINE)
    t.begin()
    t.same(t.client.download("dir/file.txt"), 0, "the download")
    t.same(t.repo.requests[4:], [("B", 1)], "roles asked for")


@case("a star does not pass a slash, a question mark is one character")
def globs(t):
    t.repo.delegate("targets", "A", ["*"])
    t.repo.delegate("targets", "B", ["dir/fil?.txt"])
    t.repo.delegate("targets", "C", ["dir/*"])
    t.repo.add_target("C", "dir/file.txt", b"contents")
    t.repo.publish("A", "B", "C", *EVERYTHING_ONLINE)
    t.begin()
    t.same(t.client.download("dir/file.txt"), 0, "the download")
    t.same(t.repo.requests[4:], [("B", 1), ("C", 1)], "roles asked for")


@case("a role that no snapshot names")
def unnamed(t):
    t.repo.delegate("targets", "team")
    t.repo.add_target("team", "file.txt", b"contents")
    t.repo.publish("team", "targets")
    del t.repo.live["snapshot"]["meta"]["team.json"]
    t.repo.publish("snapshot", "timestamp")
    t.begin()
    t.lacks("file.txt", said="does not list")
    t.same(t.repo.requests[4:], [], "roles asked for")


@case("hashes of delegated roles are checked where there are some")
def role_hashes(t):
    t.repo.meta_hashes = ("sha256",)
    t.repo.delegate("targets", "team")
    t.repo.add_target("team", "file.txt", b"contents")
    t.repo.publish("team", *EVERYTHING_ONLINE)
    t.begin()
    t.same(t.client.download("file.txt"), 0, "the download")
    t.repo.publish("team")
    t.repo.live["snapshot"]["meta"]["team.json"]["hashes"]["sha256"] = "46" * 32
    t.repo.publish("snapshot", "timestamp")
    t.lacks("file.txt", said="SHA-256")
    t.same(t.client.version("team"), 1, "team")


@case("a delegated role without end is given up")
def endless(t):
    t.repo.delegate("targets", "team")
    t.repo.publish("team", *EVERYTHING_ONLINE)
    t.repo.serve("team", t.repo.latest["team"] + b" " * (8 << 20))
    t.begin()
    t.lacks("file.txt", said="longer than")


def chain(length, found):
    @case(f"a chain of {length} roles is {'followed to its end' if found else 'more than anybody needs'}")
    def _(t):
        names = ["targets"] + [f"r{i}" for i in range(length)]
        key = Key()
        for parent, name in zip(names, names[1:]):
            t.repo.delegate(parent, name, key=key)
        t.repo.add_target(names[-1], "file.txt", b"contents")
        t.repo.publish(*names[1:], *EVERYTHING_ONLINE)
        t.begin()
        t.same(t.client.download("file.txt"), 0 if found else 1, "the download")
        t.same(len(t.repo.requests[4:]), 32, "roles asked for")


# The reference client's number: what is found there is found here.
chain(32, True)
chain(33, False)
chain(200, False)


def delegated(t, n):
    t.repo.delegate("targets", "team", ["team/*"], expires=days(n))
    t.repo.add_target("team", "team/first", b"first")
    t.repo.add_target("team", "team/second", b"second")
    t.repo.publish("team", *EVERYTHING_ONLINE)


@case("an expired delegated role says nothing about its targets", "test_delegated_targets_expired")
def delegated_expired(t):
    delegated(t, -1)
    t.begin(refresh=True)
    t.lacks("team/first", said="expired")
    t.same(t.client.downloaded(), [], "downloaded")
    t.trusts(root=1, timestamp=2, snapshot=2, targets=2)


@case("an expired stored delegated role is not gone by", "test_expired_local_delegated_targets")
def delegated_stored(t):
    delegated(t, 7)
    t.begin()
    t.same(t.client.download("team/first"), 0, "on the first day")
    t.lacks("team/second", said="expired", at=days(18))
    t.same(t.client.downloaded(), [b"first"], "downloaded")


@case("an expired stored delegated role leads to the next", "test_expired_local_delegated_targets_updates")
def delegated_updates(t):
    delegated(t, 7)
    t.begin()
    t.same(t.client.download("team/first"), 0, "on the first day")
    t.repo.live["team"]["expires"] = written(days(21))
    t.repo.publish("team", "snapshot", "timestamp")
    t.same(t.client.download("team/second", at=days(18)), 0, "on the 18th")
    t.same(t.client.downloaded(), [b"first", b"second"], "downloaded")
