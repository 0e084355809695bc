#!/usr/bin/env bash
# An update that breaks off is no update, and the next one is; a power cut loses nothing.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"
if [ "$PHASE" = 1 ]; then
    web_begin                                # a bucket, a publisher, the agent; release 1 of "web" runs
    agent_enable
    evil_start                               # the bucket's place is taken by a server that does as it is told
    evil_rule '*.tar.zst' reset 1000         # tests/host/evil.py --help has what it can do
    web_publish 2
    not_ok "a connection that breaks is a failure" sealift check
    is "$(web_page)" 1 "and release 1 runs on"
    evil_clear
    ok "the next check succeeds" sealift check
    next_boot cut                            # as if the power had failed; the file runs again, PHASE=2
fi
ok "release 2 is back" await 20 web_answers 2
done_testing
