# shellcheck shell=bash
# The first line of every scenario in tests/scenarios:  . "${0%/*}/../host/scenario.sh"
#
# Outside, it has this same file run in a test machine and ends; inside, it brings the tools. What `make install DESTDIR=`
# made is taken from $SEALIFT_INSTALL (tests/check sets it). A scenario may set in the lines before: SCENARIO_OPTIONS, options
# of tests/host/boot; SCENARIO_ARGUMENTS, of the scenario itself; SCENARIO_HOST=vm, to have a virtual machine instead of a
# container (tests/vm); SCENARIO_LONG=SUITE, not to be run on that suite but by tests/check --long.
if [ -e /talk/scenario ]; then
    . /tests/host/lib.sh
else
    case ${SCENARIO_HOST:-} in vm) scenario_host=vm ;; *) scenario_host=host/boot ;; esac
    exec "${0%/*}/../$scenario_host" ${SEALIFT_INSTALL:+--install "$SEALIFT_INSTALL"} ${SEALIFT_SUITE:+--suite "$SEALIFT_SUITE"} \
        "${SCENARIO_OPTIONS[@]}" "scenarios/${0##*/}" "${SCENARIO_ARGUMENTS[@]}"
fi
