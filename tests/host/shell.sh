#!/usr/bin/env bash
# What tests/demo --shell boots: prepares the machine that README.md's "Your own first release" begins in, and becomes a
# root shell there.
. /tests/host/lib.sh >/dev/null

prepare() {
    systemctl log-level info
    bucket_start
    publisher_init
    agent_configure
    agent_grant hello Bind=tcp:8000
    agent_start
}

welcome() {
    cat <<'TEXT'

A machine with a real systemd, and sealift on it:
  the bucket     /srv/bucket, served as https://bucket.test/; an empty repository, its keys in /srv/keys
  the agent      follows it; configured in /etc/sealift, where policy.d grants the bundle "hello" port 8000
  manifests      examples are in /usr/share/doc/sealift/manifests
README.md ("Your own first release") says what to type. All of it is removed when you leave the shell.

TEXT
}

prepare
welcome
cd /root
exec bash -i
