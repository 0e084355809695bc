#!/usr/bin/env bash
# What needs a kernel of the machine's own: limits of memory and tasks that hold, and address lists, which a container with
# half a cgroup tree has not. And a power cut of a whole machine.
# shellcheck disable=SC2034 # for scenario.sh
SCENARIO_HOST=vm
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

case $PHASE in
    1)
        web_begin
        agent_enable
        web_publish 2
        ok "the next release is installed" sealift check
        next_boot cut
        ;;
    2)
        ok "after a power cut, release 2 is back" await 60 web_answers 2
        done_testing
        ;;
esac
