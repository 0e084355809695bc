# shellcheck shell=bash
# Building for tests, outside of the source tree (sourced by tests/check and tests/demo, after common.sh).
#
# The source is copied into the cache and built there, so that nothing, not even a generated configure, is left in the
# tree. Only files whose bytes changed are copied: make then rebuilds what depends on them, whatever their times say.

# shellcheck disable=SC2034 # for those who source this
BUILD_PACKAGES=(
    gcc make autoconf automake pkg-config xz-utils libc6-dev
    libsystemd-dev libcurl4-openssl-dev libssl-dev libarchive-dev libjansson-dev libzstd-dev
)
# As a Debian package would be configured.
BUILD_OPTIONS=(--prefix=/usr --sysconfdir=/etc --localstatedir=/var --libexecdir=/usr/libexec
    --with-systemdsystemunitdir=/usr/lib/systemd/system)

# source_files TOP: what belongs to the source, NUL-terminated: what git knows or would add; without git, everything.
source_files() {
    if git -C "$1" rev-parse --git-dir >/dev/null 2>&1; then
        git -C "$1" ls-files -z --cached --others --exclude-standard
    else
        find "$1" -type f -printf '%P\0'
    fi
}

# copy_source TOP DIR: makes DIR hold TOP's source files, and removes those that TOP no longer has.
copy_source() {
    local top=$1 dir=$2 file
    local -A wanted=()
    mkdir -p "$dir"
    while IFS= read -r -d '' file; do
        [ -f "$top/$file" ] || continue
        wanted[$file]=1
        same_file "$top/$file" "$dir/$file" && continue
        mkdir -p "$(dirname "$dir/$file")"
        cp --no-dereference --remove-destination --preserve=mode "$top/$file" "$dir/$file"
    done < <(source_files "$top")
    [ -e "$dir.files" ] || : >"$dir.files"
    while IFS= read -r -d '' file; do
        [ -n "${wanted[$file]:-}" ] || rm -f "$dir/$file"
    done <"$dir.files"
    printf '%s\0' "${!wanted[@]}" >"$dir.files"
}

same_file() {
    cmp -s "$1" "$2" || return 1
    [ -x "$1" ] && [ -x "$2" ] && return 0
    [ ! -x "$1" ] && [ ! -x "$2" ]
}

# quietly LOG COMMAND...: only a failure is worth reading; then the log's end, where compilers say what is wrong.
quietly() {
    local log=$1
    shift
    "$@" >"$log" 2>&1 </dev/null && return 0
    warn "# failed: $*"
    grep -E '(error|Error|undefined reference)[: ]|^FAIL: |^not ok' "$log" | grep -v '^PASS: ' | head -n 20 >&2 ||
        tail -n 30 "$log" >&2
    warn "# the whole log: $log"
    return 1
}

# take_build TOP: the directory below the cache that belongs to this source tree, in $build, ours until we end; the
# source in $build/source. Directories whose source tree is gone are removed.
take_build() {
    local top=$1 old
    build=$SEALIFT_CACHE/build-$(printf %s "$top" | sha256sum | cut -c1-8)
    mkdir -p "$build" 2>/dev/null || die "$SEALIFT_CACHE: cannot be written; run as root, or set SEALIFT_CACHE to a directory of yours"
    printf '%s\n' "$top" >"$build/from"
    exec 5<"$build"
    if ! flock --nonblock 5; then
        say "# waiting for another run that builds this source"
        flock 5
    fi
    for old in "$SEALIFT_CACHE"/build-*; do
        [ -d "$(cat "$old/from" 2>/dev/null)" ] || flock --nonblock "$old" rm -rf --one-file-system "$old" || true
    done
    copy_source "$top" "$build/source"
    [ -e "$build/source/configure" ] || quietly "$build/autoreconf.log" autoreconf -fi "$build/source"
}

# build_variant NAME TARGETS [CONFIGURE-OPTION...]: in $build/NAME. configure runs again only when its options change;
# make itself sees to a changed configure.ac or Makefile.am.
build_variant() {
    local targets=$2 dir=$build/$1 target
    shift 2
    mkdir -p "$dir"
    if [ ! -e "$dir/Makefile" ] || [ "$(cat "$dir/options" 2>/dev/null)" != "$*" ]; then
        (cd "$dir" && quietly "$dir.log" ../source/configure --quiet "${BUILD_OPTIONS[@]}" "$@")
        echo "$*" >"$dir/options"
    fi
    # One after the other: given both, make -j would build "all" twice at the same time.
    for target in $targets; do
        quietly "$dir.log" make -C "$dir" --no-print-directory -j"$(nproc)" "$target" TESTS=
    done
}

# install_variant NAME DIR: made anew, so that a file no longer installed is not there.
install_variant() {
    rm -rf "$2"
    mkdir "$2"
    quietly "$build/$1.log" make -C "$build/$1" --no-print-directory install DESTDIR="$2"
}
