#!/usr/bin/env bash
# How much memory each process has at most while a release is installed: of 10 MB, and of 1 GiB.
# shellcheck disable=SC2034 # for lib.sh
SCENARIO_OPTIONS=(--disk --timeout 900)
# shellcheck source=tests/benchmarks/lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=tests/host/peaks.sh
. /tests/host/peaks.sh

# install_ballast VERSION SIZE: the peaks of "PROGRAM KIB" go to /srv/peaks.VERSION.
install_ballast() {
    web_write "$1"
    head -c "$2" /dev/urandom >"$WEB/ballast"
    pack_options='--level 1' web_publish "$1"
    peaks_begin
    sealift check >/dev/null
    peaks_end
    for program in sealiftd sealift-fetch sealift-unpack sealift-unitd; do echo "$program $(peak "$program")"; done >"/srv/peaks.$1"
}

web_begin
install_ballast small 10M
install_ballast large 1G
while read -r program small large; do
    row "memory of $program, bundles of 10 MB and 1 GiB" "$large KiB" "10 MB: $small KiB" "$(ratio "$large" "$small")" "24576 KiB, flat"
done < <(paste -d " " /srv/peaks.small <(cut -d " " -f 2 /srv/peaks.large))
