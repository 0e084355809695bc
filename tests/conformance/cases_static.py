# SPDX-License-Identifier: LGPL-2.1-or-later
"""Repositories as other tools write them."""
from cases import case
from repository import EVERYTHING_ONLINE, Key, Repository


def as_tuf_on_ci_signs():
    """What that tool writes: one space of indentation, fields of its own, empty signatures of those who did not sign."""
    repo = Repository("ecdsa", style={"indent": 1, "sort_keys": True})
    online = Key("ecdsa", extra={"x-tuf-on-ci-online-uri": "kms:online"})
    person = Key("ecdsa", extra={"x-tuf-on-ci-keyowner": "@somebody"})
    for role in ("root", "targets"):
        repo.drop_keys(role)
        repo.add_key(role, person)
    for role in ("snapshot", "timestamp"):
        repo.drop_keys(role)
        repo.add_key(role, online)
        repo.role(role).update({"x-tuf-on-ci-expiry-period": 7300, "x-tuf-on-ci-signing-period": 60})
    repo.unserve("root")
    for role in repo.live.values():
        role.update({"version": 1, "x-tuf-on-ci-expiry-period": 7300, "x-tuf-on-ci-signing-period": 60})
    repo.publish("root")
    return repo


def delegated_by(repo, person, other):
    repo.delegate("targets", "team", ["team/*", "team/*/*"], terminating=True, key=person)
    repo.add_key("team", other, "targets", signs=False)
    repo.add_target("team", "team/artifact", b"a file of a team\n")
    repo.publish("team", *EVERYTHING_ONLINE)
    for role in ("team", "targets"):
        repo.edit(role, lambda d: d["signatures"].append({"keyid": other.id, "sig": ""}))


@case("a repository as tuf-on-ci writes it", "test_static_repository[tuf-on-ci-0.11]", as_tuf_on_ci_signs)
def tuf_on_ci(t):
    person = next(iter(t.repo.keys["root"].values()))
    delegated_by(t.repo, person, Key("ecdsa", extra={"x-tuf-on-ci-keyowner": "@-somebody-else-"}))
    t.begin(refresh=True)
    t.same(t.client.download("team/artifact"), 0, "the download")
    t.same(t.client.downloaded(), [b"a file of a team\n"], "downloaded")


@case("a repository as root-signing's: many people, few of whom signed, hashes, custom data",
      "test_static_repository[sigstore-root-signing]", as_tuf_on_ci_signs)
def root_signing(t):
    people = [Key("ecdsa", extra={"keyid_hash_algorithms": ["sha256", "sha512"], "x-tuf-on-ci-keyowner": f"@person{i}"})
              for i in range(5)]
    for role in t.repo.live.values():
        role["spec_version"] = "1.0"
    for role in ("root", "targets"):
        t.repo.role(role)["threshold"] = 3
        for key in people:
            t.repo.add_key(role, key)
    t.repo.meta_hashes = ("sha256",)
    usage = {"custom": {"sigstore": {"status": "Active", "uri": "https://example.com/", "usage": "TSA"}}}
    t.repo.add_target("targets", "trusted_root.json", b'{"mediaType": "x"}\n', **usage)
    for role in ("root", "targets"):
        t.repo.publish(role)
        t.repo.edit(role, lambda d: [s.update(sig="") for s in d["signatures"][-2:]])
    t.repo.live["snapshot"]["meta"]["targets.json"] = t.repo.meta("targets", t.repo.latest["targets"])
    t.repo.publish("snapshot", "timestamp")
    t.begin(refresh=True)
    t.same(t.client.download("trusted_root.json"), 0, "the download")
    t.same(t.client.version("root"), 2, "root")
