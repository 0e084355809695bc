#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The floors: an include points down, never up or sideways, and each program links only what is its own.
set -eu
top=${top_srcdir:-.}
build=${top_builddir:-.}

# shellcheck source=tests/tap.sh
. "${top_srcdir:-.}/tests/tap.sh"

# FOLDER may include from these floors only (libc and libraries are checked by linkage below).
may_include() { # FOLDER FLOOR...
    folder=$1
    shift
    pattern=$(printf '%s|' "$folder" "$@")
    bad=$(grep -nE '^#include "' "$top/agent/$folder"/*.[ch] | grep -vE "#include \"(${pattern%|})/" || true)
    [ -z "$bad" ] || printf '%s\n' "$bad" | sed 's/^/# /'
    [ -z "$bad" ]
    ok $? "agent/$folder includes only from $folder $*"
}

# Doors to the outside: the header of a library may be included in one folder only.
only_in() { # HEADER-REGEX FOLDER-REGEX
    bad=$(grep -rlE "^#include <($1)" "$top/agent" | grep -vE "/agent/($2)/" || true)
    [ -z "$bad" ] || printf '%s\n' "$bad" | sed 's/^/# /'
    [ -z "$bad" ]
    ok $? "<$1> is included in $2 only"
}

links_only() { # PROGRAM LIBRARY...
    program=$build/$1
    name=$1
    shift
    if [ ! -x "$program" ]; then
        ok 1 "$name is built"
        return
    fi
    allowed="libc ld-linux-x86-64 ld-linux-aarch64 libm $*"
    extra=""
    for lib in $(readelf -d "$program" | sed -n 's/.*(NEEDED).*\[\([^]]*\)\.so.*/\1/p'); do
        case " $allowed libasan libubsan " in *" $lib "*) ;; *) extra="$extra $lib" ;; esac
    done
    [ -z "$extra" ] || echo "# links also:$extra"
    [ -z "$extra" ]
    ok $? "$name links only: $*"
}

# What a pure floor must never call: files, sockets, clocks, the environment, the end of the process, the journal.
calls_none() { # ARCHIVE
    bad=$(nm -u "$build/$1" | awk '$1 == "U" { print $2 }' | sort -u | grep -xE "$impure" | tr '\n' ' ')
    [ -s "$build/$1" ] && [ -z "$bad" ]
    ok $? "$1 calls nothing of the outside${bad:+: $bad}"
}
impure='(f|fd)?open(at|dir)?(64)?(_2)?|creat|p?(read|write)v?|f?(stat|puts|read|write)|(__)?f?printf(_chk)?|socket|connect|(send|recv)(msg)?'
impure="$impure|ioctl|mmap|fork|exec.*|system|kill|time|clock(_[gs]ettime|_getres|_nanosleep|_adjtime)?|gettimeofday|(secure_)?getenv|getrandom|rand(om)?|_?exit|abort|syslog|sd_.*"

set +e
[ "$(cd "$top/agent" && echo *)" = "ctl doors facts fetch ground hold probe proxy sealiftd store unitd unpack" ]
ok $? "every folder of agent/ is known here"
may_include ground
may_include facts ground
may_include doors facts ground
may_include store facts ground
may_include fetch facts ground
may_include unpack ground facts
may_include hold ground
may_include probe ground
may_include proxy ground
may_include unitd doors facts ground
may_include sealiftd doors store facts ground
may_include ctl doors facts ground
only_in 'curl/' 'fetch'
only_in 'archive' 'unpack|ctl'
only_in 'zstd' 'unpack|ctl'
only_in 'systemd/sd-bus|systemd/sd-event' 'unitd|sealiftd|ctl'
only_in 'openssl/' 'facts|ctl'
only_in 'jansson' 'facts|ctl'
calls_none libfacts.a
links_only sealiftd libsystemd libcrypto libjansson
links_only sealift-fetch libcurl
links_only sealift-unpack libarchive libzstd
links_only sealift-hold
# Where it could be linked so, it runs in a root that has neither.
if grep -qx '#define HOLD_IS_STATIC 1' "$build/config.h"; then
    [ "$(readelf --wide --dynamic --program-headers "$build/sealift-hold" | grep -cE 'NEEDED|INTERP')" = 0 ]
    ok $? "sealift-hold needs no library and no interpreter"
fi
links_only sealift-probe
links_only sealift-proxy
links_only sealift-unitd libsystemd libcrypto
links_only sealift libsystemd libcrypto libjansson libarchive libzstd
done_testing
