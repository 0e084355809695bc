# SPDX-License-Identifier: LGPL-2.1-or-later
"""Targets: what arrives, what is refused, what is not asked for again."""
import hashlib
import os

from cases import case
from repository import EVERYTHING_ONLINE


def with_target(t, name, data, **more):
    t.repo.add_target("targets", name, data, **more)
    t.repo.publish(*EVERYTHING_ONLINE)
    t.begin()


@case("a target arrives when it is asked for", "test_client_downloads_expected_file")
def arrives(t):
    with_target(t, "file.txt", b"target file contents")
    t.accepts()
    t.same(t.client.downloaded(), [], "after a refresh")
    t.same(t.client.download("file.txt"), 0, "the download")
    t.same(t.client.downloaded(), [b"target file contents"], "downloaded")
    t.same(t.repo.fetched, [("file.txt", hashlib.sha256(b"target file contents").hexdigest())], "asked for")


@case("a target in a folder", "test_client_downloads_expected_file_in_sub_dir")
def in_folder(t):
    with_target(t, "path/to/a/file.txt", b"contents")
    t.same(t.client.download("path/to/a/file.txt"), 0, "the download")
    t.same(t.client.downloaded(), [b"contents"], "downloaded")


@case("a target is not fetched twice")
def cached(t):
    with_target(t, "file.txt", b"contents")
    for _ in range(3):
        t.same(t.client.download("file.txt"), 0, "the download")
    t.same(len(t.repo.fetched), 1, "requests for it")
    file = os.path.join(t.client.target_dir, "file.txt")
    with open(file, "wb") as f:
        f.write(b"contentS")
    t.same(t.client.download("file.txt"), 0, "the download")
    t.same((len(t.repo.fetched), t.client.downloaded()), (2, [b"contents"]), "after it was changed here")


@case("several targets, one refresh")
def several(t):
    t.repo.add_target("targets", "one", b"1")
    t.repo.add_target("targets", "two", b"2")
    t.repo.publish(*EVERYTHING_ONLINE)
    t.begin()
    t.same(t.client.download("one", "two"), 0, "the download")
    t.same(sorted(t.client.downloaded()), [b"1", b"2"], "downloaded")
    t.same(t.repo.requests, [("root", 2), ("timestamp", None), ("snapshot", 2), ("targets", 2)], "requests")
    t.lacks("one", "none", "two")


@case("a target that was replaced is refused, and the old one stays", "test_repository_substitutes_target_file")
def substituted(t):
    t.repo.add_target("targets", "first", b"first contents")
    t.repo.add_target("targets", "second", b"second")
    t.repo.publish(*EVERYTHING_ONLINE)
    t.begin()
    t.same(t.client.download("first"), 0, "the first")
    t.repo.artifacts.update(first=b"malicious", second=b"evil!!")
    t.same(t.client.download("first"), 0, "the first, which is there already")
    t.lacks("second", said="SHA-256")
    t.repo.artifacts.update(second=b"more than was signed")
    t.lacks("second", said="longer than")
    t.same(t.client.downloaded(), [b"first contents"], "downloaded")
    t.same(os.listdir(t.client.target_dir), ["first"], "files")


@case("a target that goes on changing", "test_multiple_changes_to_target")
def changing(t):
    with_target(t, "file.txt", b"the first contents")
    t.same(t.client.download("file.txt"), 0, "the download")
    before, others = b"the first contents", []
    for i in range(11):
        contents, other = f"contents {i}".encode(), f"other {i}".encode()
        t.repo.add_target("targets", "file.txt", contents)
        t.repo.add_target("targets", f"other-{i}", other)
        t.repo.publish(*EVERYTHING_ONLINE)
        if i % 5:
            continue
        t.same(t.client.download("file.txt"), 0, f"contents {i}")
        t.same(sorted(t.client.downloaded()), sorted([contents, *others]), f"instead of {before!r}")
        t.same(t.client.download(f"other-{i}"), 0, f"other {i}")
        before, others = contents, [*others, other]
        t.repo.artifacts["file.txt"] = f"malicious {i}".encode()
        t.repo.publish(*EVERYTHING_ONLINE)
        t.client.download("file.txt")
        t.same(sorted(t.client.downloaded()), sorted([contents, *others]), "after the malicious one")


def hashes(algorithms):
    @case(f"hashes: {' and '.join(algorithms)}", f"test_download_with_hash_algorithms[hashes{len(SEEN)}]")
    def _(t):
        with_target(t, "file.txt", b"contents", algorithms=algorithms)
        t.same(t.client.download("file.txt"), 0, "the download")
        t.same(len(t.repo.fetched), 1, "requests")
        t.same(t.repo.fetched[0][1] in [hashlib.new(a, b"contents").hexdigest() for a in algorithms], True, "its prefix")
        t.same(t.client.downloaded(), [b"contents"], "downloaded")
    SEEN.append(algorithms)


SEEN = []
hashes(("sha256",))
hashes(("sha512",))
hashes(("sha256", "sha512"))


def wrong_hash(algorithm):
    @case(f"of two hashes {algorithm} is wrong")
    def _(t):
        t.repo.add_target("targets", "file.txt", b"contents", algorithms=("sha256", "sha512"))
        sums = t.repo.live["targets"]["targets"]["file.txt"]["hashes"]
        sums[algorithm] = sums[algorithm][::-1]
        t.repo.publish(*EVERYTHING_ONLINE)
        t.begin()
        t.lacks("file.txt")
        t.same(t.client.downloaded(), [], "downloaded")


wrong_hash("sha256")
wrong_hash("sha512")


@case("a hash of a kind that nobody knows proves nothing", "test_download_with_unknown_hash_algorithm")
def unknown_hash(t):
    t.repo.add_target("targets", "file.txt", b"contents", algorithms=("sha512",))
    sums = t.repo.live["targets"]["targets"]["file.txt"]["hashes"]
    sums["unknown-hash"] = sums.pop("sha512")
    t.repo.publish(*EVERYTHING_ONLINE)
    t.begin()
    t.lacks("file.txt")
    t.same(t.client.downloaded(), [], "downloaded")


@case("a hash of an unknown kind beside a known one does no harm")
def unknown_beside(t):
    t.repo.add_target("targets", "file.txt", b"contents")
    t.repo.live["targets"]["targets"]["file.txt"]["hashes"]["blake9"] = "00" * 40
    t.repo.publish(*EVERYTHING_ONLINE)
    t.begin()
    t.same(t.client.download("file.txt"), 0, "the download")


@case("a target of some megabytes, and one of nothing")
def sizes(t):
    long = bytes(range(256)) * (24 << 10)
    t.repo.add_target("targets", "long", long)
    t.repo.add_target("targets", "empty", b"")
    t.repo.publish(*EVERYTHING_ONLINE)
    t.begin()
    t.same(t.client.download("long", "empty"), 0, "the download")
    t.same(sorted(map(len, t.client.downloaded())), [0, len(long)], "downloaded")


def length(what, change):
    @case(f"a target that is {what} than signed")
    def _(t):
        with_target(t, "file.txt", b"contents")
        t.repo.artifacts["file.txt"] = change(b"contents")
        t.lacks("file.txt")
        t.same(os.listdir(t.client.target_dir), [], "files")


length("longer", lambda data: data + b" " * (1 << 20))
length("shorter", lambda data: data[:-1])


@case("a target that is not there any more")
def gone(t):
    with_target(t, "file.txt", b"contents")
    t.same(t.client.download("file.txt"), 0, "the download")
    t.repo.add_target("targets", "file.txt", b"others")
    del t.repo.artifacts["file.txt"]
    t.repo.publish(*EVERYTHING_ONLINE)
    t.lacks("file.txt")
    t.same(t.client.downloaded(), [b"contents"], "the old one stays")


ODD = ["a b", "100%", "caf\u00e9/\u2603", "a?b", "a#b", "a+b&c=d", "a%2Fb", ".hidden", "x;y:z@", "q\"'<>|\\^`{}[]", "~-_."]


@case("targets with names that a URL cannot hold")
def odd_names(t):
    for name in ODD:
        t.repo.add_target("targets", name, name.encode())
    t.repo.publish(*EVERYTHING_ONLINE)
    t.begin()
    t.same(t.client.download(*ODD), 0, "the download")
    t.same(sorted(t.client.downloaded()), sorted(n.encode() for n in ODD), "downloaded")
    t.same([name for name, _ in t.repo.fetched], ODD, "asked for")


@case("targets whose names lead elsewhere are refused")
def escaping(t):
    names = ["../file", "/etc/file", "a/../../file", ".", "..", "a//b", "a/./b", "a/"]
    for name in names:
        t.repo.add_target("targets", name, b"contents")
    t.repo.publish(*EVERYTHING_ONLINE)
    t.begin()
    for name in names:
        t.lacks(name)
    t.same((t.client.downloaded(), t.repo.fetched), ([], []), "downloaded, asked for")
