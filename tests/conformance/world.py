# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a case works in: a repository of its own behind the one web server, a client with folders of its own."""
import http.server
import json
import os
import shutil
import subprocess
import threading
import urllib.parse

from repository import Repository


ENVIRONMENT = {
    "TZ": "UTC",
    # A proxy that nobody runs: whoever asks it for something on this machine gets nowhere.
    "http_proxy": "http://127.0.0.1:9/", "all_proxy": "http://127.0.0.1:9/",
    # A sanitizer's finding is no refusal; faketime's library comes before the sanitizer's.
    "ASAN_OPTIONS": "exitcode=99:verify_asan_link_order=0", "UBSAN_OPTIONS": "exitcode=99",
}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes: the second would wait for the first one's ACK

    def do_GET(self):
        token, _, path = self.path.lstrip("/").partition("/")
        repository = self.server.repositories.get(urllib.parse.unquote(token))
        data = repository.get(path) if repository else None
        status = 404 if data is None else 200
        data = b"not here\n" if data is None else data
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.repositories = {}
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self, token):
        return f"http://127.0.0.1:{self.server_address[1]}/{urllib.parse.quote(token, '')}"


class Client:
    def __init__(self, program, url, folder):
        self.program, self.url, self.folder = program, url, folder
        self.metadata_dir = os.path.join(folder, "metadata")
        self.target_dir = os.path.join(folder, "targets")
        os.makedirs(self.metadata_dir)
        os.makedirs(self.target_dir)
        self.said = ""

    def run(self, *arguments, at=None):
        environment = {**os.environ, **ENVIRONMENT}
        command = (["faketime", str(at)] if at else []) + [self.program, "--metadata-dir", self.metadata_dir, *arguments]
        done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=120, check=False)
        self.said = done.stdout.decode(errors="replace")
        if done.returncode not in (0, 1):
            raise AssertionError(f"the client ended with {done.returncode}: {self.said}")
        return done.returncode

    def init(self, root):
        path = os.path.join(self.folder, "initial.json")
        with open(path, "wb") as f:
            f.write(root)
        return self.run("init", path)

    def refresh(self, at=None):
        return self.run("--metadata-url", self.url + "/metadata/", "refresh", at=at)

    def download(self, *names, at=None, slash="/"):
        targets = [a for name in names for a in ("--target-name", name)]
        return self.run("--metadata-url", self.url + "/metadata" + slash, *targets, "--target-base-url",
                        self.url + "/targets" + slash, "--target-dir", self.target_dir, "download", at=at)

    def stored(self, file):
        """The bytes that are trusted, or None."""
        try:
            with open(os.path.join(self.metadata_dir, file + ".json"), "rb") as f:
                return f.read()
        except FileNotFoundError:
            return None

    def version(self, file):
        data = self.stored(file)
        return data and json.loads(data)["signed"]["version"]

    def versions(self):
        files = sorted(f[:-len(".json")] for f in os.listdir(self.metadata_dir) if f.endswith(".json"))
        return {f: self.version(f) for f in files}

    def downloaded(self):
        """What is in the folder for targets, oldest first."""
        files = [os.path.join(d, f) for d, _, names in os.walk(self.target_dir) for f in names]
        contents = []
        for file in sorted(files, key=lambda f: os.stat(f).st_mtime_ns):
            with open(file, "rb") as f:
                contents.append(f.read())
        return contents


class World:
    """One case's; the checks raise AssertionError."""

    def __init__(self, program, server, name, folder, repository=None):
        self.repo = repository or Repository()
        self.server, self.name = server, name
        server.repositories[name] = self.repo
        self.client = Client(program, server.url(name), folder)

    def begin(self, refresh=False):
        """Initialises the client with root 1, and refreshes it where that is only the beginning."""
        self.same(self.client.init(self.repo.served["root"][1]), 0, "init")
        if refresh:
            self.accepts("the first refresh")

    def close(self):
        del self.server.repositories[self.name]
        shutil.rmtree(self.client.folder)

    def same(self, got, want, what):
        if got != want:
            raise AssertionError(f"{what}: got {got!r}, want {want!r}; the client said: {self.client.said.strip()}")

    def accepts(self, what="a refresh", at=None):
        self.same(self.client.refresh(at), 0, what)

    def refuses(self, what="a refresh", said="", at=None):
        self.same(self.client.refresh(at), 1, what)
        self.says(said)

    def lacks(self, *names, said="", at=None):
        """A download that fails."""
        self.same(self.client.download(*names, at=at), 1, f"the download of {', '.join(names)}")
        self.says(said)

    def says(self, words):
        """Why it ended. Trouble of its own, or of the way to the server, is no refusal."""
        if words not in self.client.said or "cannot" in self.client.said:
            raise AssertionError(f"nothing about {words!r}; the client said: {self.client.said.strip()}")

    def trusts(self, **versions):
        self.same(self.client.versions(), dict(sorted(versions.items())), "trusted metadata")
