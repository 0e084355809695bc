#!/usr/bin/env python3
"""usage: hostile.py FAULT NAME-VERSION.manifest

Replaces the bundle beside a sealed manifest by one with a fault, and puts its sum and size into the manifest: what a
publisher whose keys were stolen, or whose packer is broken, could sign. The list of entries stays the honest one.
"""
import hashlib
import io
import re
import subprocess
import sys
import tarfile

# What the faults are done to; the scenario's tree (web_write) holds them.
FILE = "page.html"
ZEROS = "zeros"


def entry(name, data=b"", type=tarfile.REGTYPE, mode=0o644, link="", pax=None):
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.linkname, info.size = type, mode, link, len(data)
    info.pax_headers = pax or {}
    return info, data


def add(*entries):
    return lambda members: members + list(entries)


def change(**fields):
    """The victim with other header fields."""
    def apply(members):
        for info, _ in members:
            if info.name == FILE:
                for name, value in fields.items():
                    setattr(info, name, value)
        return members
    return apply


def replace(make):
    """The victim as make(info, data) has it."""
    return lambda members: [make(*m) if m[0].name == FILE else m for m in members]


def same_size(info, data):
    return info, bytes([data[0] ^ 1]) + data[1:]


def resize(by):
    def apply(info, data):
        data = data + b"x" * by if by > 0 else data[:by]
        info.size = len(data)
        return info, data
    return apply


def sparse(info, data):
    """PAX sparse format 1.0: half a file of bytes, and a hole. Its content is the honest one."""
    half = len(data) // 2
    body = (b"1\n0\n%d\n" % half).ljust(512, b"\0") + data[:half]
    return entry("./GNUSparseFile.0/" + ZEROS, body, pax={
        "GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": ZEROS, "GNU.sparse.realsize": str(len(data))})


FAULTS = {
    "extra-entry": add(entry("uninvited", b"hello")),
    "missing-entry": lambda members: [m for m in members if m[0].name != FILE],
    "wrong-mode": change(mode=0o755),
    "wrong-bytes": replace(same_size),
    "longer-entry": replace(resize(1)),
    "shorter-entry": replace(resize(-1)),
    "absolute-path": change(name="/" + FILE),
    "dotdot-path": add(entry("../uninvited", b"hello")),
    "dotdot-inside": change(name="site/../" + FILE),
    "symlink-out": add(entry("way-out", type=tarfile.SYMTYPE, mode=0o777, link="/etc/passwd")),
    "file-as-symlink": replace(lambda info, data: entry(FILE, type=tarfile.SYMTYPE, mode=0o777, link="/etc/passwd")),
    "hard-link": replace(lambda info, data: entry(FILE, type=tarfile.LNKTYPE, link="Caddyfile")),
    "device": replace(lambda info, data: entry(FILE, type=tarfile.CHRTYPE)),
    "fifo": replace(lambda info, data: entry(FILE, type=tarfile.FIFOTYPE)),
    "setuid": change(mode=0o4644),
    "sparse": lambda members: [sparse(*m) if m[0].name == ZEROS else m for m in members],
    "duplicate": lambda members: members + [m for m in members if m[0].name == FILE],
    "xattr": change(pax_headers={"SCHILY.xattr.security.capability": "x"}),
    "renamed-by-pax": change(pax_headers={"path": "elsewhere"}),
}


def tarball(members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for info, data in members:
            # tarfile strips the leading slash only in extraction, so what is asked for is what is written.
            tar.addfile(info, io.BytesIO(data) if info.size else None)
    return out.getvalue()


def compress(data, *command):
    return subprocess.run(command or ("zstd", "-q", "-c"), input=data, stdout=subprocess.PIPE, check=True).stdout


def read_members(path):
    data = subprocess.run(("zstd", "-q", "-d", "-c", path), stdout=subprocess.PIPE, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return [(info, tar.extractfile(info).read() if info.isreg() else b"") for info in tar]


def make(fault, path):
    members = read_members(path)
    if fault == "no-tar":
        return compress(b"this is no archive\n" * 1000)
    if fault == "garbage":
        return b"\x28\xb5\x2f\xfd" + b"garbage" * 1000
    if fault == "other-compression":
        return compress(tarball(members), "xz", "-c")
    if fault == "cut-archive":
        return compress(tarball(members)[:700])
    if fault == "wide-window":
        return compress(tarball(members), "zstd", "-q", "-c", "--long=30", "--ultra", "-20")
    return compress(tarball(FAULTS[fault](members)))


def main():
    fault, manifest = sys.argv[1:]
    bundle = re.sub(r"\.manifest$", ".tar.zst", manifest)
    data = make(fault, bundle)
    with open(bundle, "wb") as file:
        file.write(data)
    with open(manifest, encoding="utf-8") as file:
        text = file.read()
    text = re.sub(r"(?m)^SHA256=.*$", "SHA256=" + hashlib.sha256(data).hexdigest(), text, count=1)
    text = re.sub(r"(?m)^Size=.*$", "Size=%d" % len(data), text, count=1)
    with open(manifest, "w", encoding="utf-8") as file:
        file.write(text)


main()
