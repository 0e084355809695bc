#!/usr/bin/env bash
# How much memory each process has at most while a release is installed: of 10 MB, and of 1 GiB; of 250 MB in 5,000 files, and of
# 100,000 small files, which says what each entry of a manifest costs.
# shellcheck disable=SC2034 # for lib.sh
SCENARIO_OPTIONS=(--disk --timeout 1800)
# shellcheck source=tests/benchmarks/lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=tests/host/peaks.sh
. /tests/host/peaks.sh

# install_ballast VERSION COMMAND...: what that has made of $WEB/ballast; the peaks of "PROGRAM KIB" go to /srv/peaks.VERSION, and how
# many entries there are to /srv/entries.VERSION. The daemons begin anew, since a peak never sinks.
install_ballast() {
    local version=$1
    shift
    rm -rf "$WEB/ballast"
    "$@"
    pack_options='--level 1' web_publish "$version"
    find "$WEB" -mindepth 1 | wc -l >"/srv/entries.$version"
    systemctl restart sealift-unitd.service sealiftd.service
    peaks_begin
    sealift check >/dev/null
    peaks_end
    is "$(bundle_state web version)" "$version" "release $version is installed"
    for program in sealift sealiftd sealift-fetch sealift-unpack sealift-unitd; do echo "$program $(peak "$program")"; done >"/srv/peaks.$version"
}
random_write() { head -c "$1" /dev/urandom >"$WEB/ballast"; }

# peaks_of VERSION VERSION: "PROGRAM KIB KIB"
peaks_of() { paste -d " " "/srv/peaks.$1" <(cut -d " " -f 2 "/srv/peaks.$2"); }

web_begin
install_ballast small random_write 10M
install_ballast large random_write 1G
install_ballast few ballast_write
install_ballast many ballast_write 100000 10
while read -r program small large; do
    row "memory of $program, bundles of 10 MB and 1 GiB" "$large KiB" "10 MB: $small KiB" "$(ratio "$large" "$small")" "24576 KiB, flat"
done < <(peaks_of small large)
more=$(($(cat /srv/entries.many) - $(cat /srv/entries.few)))
while read -r program few many; do
    row "memory of $program, 250 MB in 5,000 files" "$few KiB" - - "24576 KiB, 200 bytes an entry aside"
    row "memory of $program, 100,000 small files" "$many KiB" "5,000 files: $few KiB" "$(ratio "$many" "$few")" "the same"
    row "memory of $program, for each entry more" "$(((many - few) * 1024 / more)) bytes" - - "200 bytes"
done < <(peaks_of few many)
