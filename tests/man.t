#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The manual pages and what they describe: each page formats without a warning, and what the code has (verbs,
# options, keys, gates, message ids, D-Bus members, units) stands in its page, and the other way round. When this
# fails, one of them has moved on without the other. tests/test-manual holds sealift.manifest(5) against its table,
# and tries the examples.
set -u
top=${top_srcdir:-.}
build=${top_builddir:-.}
man=$top/man
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT

# shellcheck source=tests/tap.sh
. "${top_srcdir:-.}/tests/tap.sh"

# same NAME WANT GOT: two lists of words, as sets, neither empty.
same() {
    printf '%s\n' "$2" | tr ' ' '\n' | grep . | sort -u >"$work/want"
    printf '%s\n' "$3" | tr ' ' '\n' | grep . | sort -u >"$work/got"
    diff "$work/want" "$work/got" | sed -n 's/^</only in the code:/p; s/^>/only in the page:/p' >"$work/diff"
    [ -s "$work/want" ] && [ ! -s "$work/diff" ]
    ok $? "$1" "$work/diff"
}

# has NAME PAGE WORD...: the page has an entry ".It Ic WORD" (or Fn, Va) for each word, and there are words.
has() {
    what=$1
    page=$2
    shift 2
    : >"$work/missing"
    [ $# -gt 0 ] || echo "nothing was found in the code: has it moved?" >"$work/missing"
    for word; do
        grep -qE "^\.It (Ic|Fn|Va|Li|Pa) ([^ ].* )?\"?$word\"?( |=|\$)" "$man/$page" ||
            echo "missing: $word" >>"$work/missing"
    done
    [ ! -s "$work/missing" ]
    ok $? "$what" "$work/missing"
}

# options_of_page FILE: "-j", "--json" of each entry of OPTIONS, ".It Fl j , Fl -json".
options_of_page() {
    sed -n '/^\.Sh OPTIONS/,/^\.Sh [^O]/s/^\.It Fl //p' "$1" | sed 's/ Ns .*//' | tr ',' '\n' |
        sed 's/^ *//; s/^Fl //; s/ .*//; s/^/-/'
}

# options_of_help: the same from what --help prints.
options_of_help() {
    sed -nE 's/^ +((-[a-z], +)?--[a-z][a-z-]*).*/\1/p' | tr ',' ' '
}

# ---- each page by itself --------------------------------------------------------------------------------------------

sections() {
    case $1 in
    *.1 | *.8) echo NAME SYNOPSIS DESCRIPTION OPTIONS EXIT_STATUS EXAMPLES SEE_ALSO ;;
    *) echo NAME DESCRIPTION EXAMPLES SEE_ALSO ;;
    esac
}

# page_of NAME.SECTION: the file that has its text: one page may serve several names, by a file with ".so".
page_of() {
    to=$(sed -n '1s/^\.so man[1-8]\///p' "$man/$1")
    echo "${to:-$1}"
}

for page in "$man"/*.[1-8]; do
    name=${page##*/}
    of=$(page_of "$name")
    if [ "$of" != "$name" ]; then
        grep -qE "^\.Nm ${name%.*}( ,)?\$" "$man/$of" && [ "$(wc -l <"$page")" -eq 1 ]
        ok $? "$name: is one of the names of $of"
        [ ! -e "$top/Makefile.am" ] || grep -q "man/$name\b" "$top/Makefile.am"
        ok $? "$name: is installed"
        continue
    fi
    if command -v mandoc >/dev/null; then
        mandoc -Tlint -Wwarning "$page" >"$work/log" 2>&1
        ok $? "$name: mandoc has nothing to say about it" "$work/log"
    elif command -v groff >/dev/null; then
        groff -mandoc -ww -Tutf8 "$page" 2>"$work/log" >/dev/null && [ ! -s "$work/log" ]
        ok $? "$name: groff has nothing to say about it" "$work/log"
    else
        skip "$name: formats" "neither mandoc nor groff is installed"
    fi
    title=$(echo "${name%.*}" | tr '[:lower:]' '[:upper:]')
    grep -qx "\.Dt $title ${name##*.}" "$page" && grep -qE "^\.Nm ${name%.*}( ,)?\$" "$page"
    ok $? "$name: is titled with its name"
    : >"$work/log"
    for section in $(sections "$name"); do
        grep -qx "\.Sh $(echo "$section" | tr _ ' ')" "$page" || echo "missing: $section" >>"$work/log"
    done
    [ ! -s "$work/log" ]
    ok $? "$name: has every section" "$work/log"
    sed -nE 's/^\.Xr ((org\.)?sealift[^ ]*) ([1-8]).*/\1.\3/p' "$page" | sort -u | while read -r other; do
        [ -e "$man/$other" ] || echo "missing: $other"
    done >"$work/log"
    [ ! -s "$work/log" ]
    ok $? "$name: whom it refers to is there" "$work/log"
    cat "$man"/*.[1-8] | grep -q "^\.Xr ${name%.*} ${name##*.}"
    ok $? "$name: another page refers to it"
    [ ! -e "$top/Makefile.am" ] || grep -q "man/$name\b" "$top/Makefile.am"
    ok $? "$name: is installed"
done

# What the agent takes for the earliest that a clock may say must not stay behind for good: the manual moves with the code.
if [ -e "$top/configure.ac" ]; then
    made=$(sed -n 's/^m4_define(\[SEALIFT_DATE\], \[\(.*\)\])$/\1/p' "$top/configure.ac")
    newest=$(sed -n 's/^\.Dd //p' "$man"/*.[1-8] | while read -r day; do date -u -d "$day" +%Y-%m-%d; done | sort | tail -n 1)
    [ -n "$made" ] && [ -n "$newest" ] && [ "$(printf '%s\n' "$made" "$newest" | sort | tail -n 1)" = "$made" ]
    ok $? "configure.ac: this version ($made) is as new as its newest page ($newest)"
else
    skip "this version is as new as its newest page" "configure.ac is not there"
fi

# "sealiftd(8)" wherever the project says so.
for place in agent units manifests apparmor README.md ARCHITECTURE.md HACKING.md; do
    [ ! -e "$top/$place" ] || grep -rhoE '\b(org\.)?sealift[A-Za-z0-9.-]*\([1-8]\)' "$top/$place"
done | sort -u | tr '(' '.' | tr -d ')' | while read -r other; do
    [ -e "$man/$other" ] || echo "missing: $other"
done >"$work/log"
[ ! -s "$work/log" ]
ok $? "every page that code, units and documents name is there" "$work/log"

# ---- programs -------------------------------------------------------------------------------------------------------

# program PAGE COMMAND...: its options.
program() {
    page=$1
    shift
    if [ ! -x "$1" ]; then
        skip "$page: options" "${1##*/} is not built"
        return
    fi
    "$@" --help >"$work/help" 2>&1
    ok $? "$page: --help"
    [ "$("$@" --version 2>&1)" = "$("$build/sealift" --version)" ]
    ok $? "$page: --version, the same for all"
    "$@" --none >"$work/log" 2>&1 </dev/null
    [ $? -eq 2 ] && grep -qx 'sealift[a-z -]*: --none is not an option here; see .* --help' "$work/log"
    ok $? "$page: another option is told, once, and ends with status 2" "$work/log"
    same "$page: options are those of --help" "$(options_of_help <"$work/help")" "$(options_of_page "$man/$page")"
}

if [ -x "$build/sealift" ]; then
    verbs=$("$build/sealift" --help | sed -nE 's/^ +([a-z]+) .*/\1/p')
    same "sealift.1: verbs are those of --help" "$verbs" \
        "$(sed -n '/^\.Sh DESCRIPTION/,/^\.Sh OPTIONS/s/^\.It Ic //p' "$man/sealift.1")"
    for verb in $verbs; do
        program "$(page_of "sealift-$verb.1")" "$build/sealift" "$verb"
    done
    for page in "$man"/sealift-*.1; do
        verb=${page##*/sealift-}
        echo "$verbs" | grep -qx "${verb%.1}"
        ok $? "sealift-$verb: is the page of a verb"
    done
else
    skip "sealift.1: verbs" "sealift is not built"
fi
for name in sealiftd sealift-fetch sealift-hold sealift-probe sealift-proxy sealift-unpack sealift-unitd; do
    program "$name.8" "$build/$name"
done

# ---- files and interfaces -------------------------------------------------------------------------------------------

# code FILE: whether the file is there to be compared with.
code() {
    [ -e "$top/agent/$1" ] || {
        skip "${1##*/}" "agent/$1 is not there"
        return 1
    }
}

# "Section.Key" of config.c's table, and of the page.
if code facts/config.c; then
    same "sealift.conf.5: keys are those of config.c" \
        "$(sed -n '/^} sections\[\]/,/^};/p' "$top/agent/facts/config.c" | tr -d '\n ' |
            grep -oE '"[A-Za-z]+"(,set_)?' | tr -d '"' |
            awk -F, 'NF == 1 { section = $1; next } { print section "." $1 }')" \
        "$(awk -F '[][ =]+' '/^\.Ss \[/ { section = $2 } /^\.It Ic / { print section "." $3 }' "$man/sealift.conf.5")"
fi
if code facts/policy.c; then
    same "sealift-policy.d.5: keys are those of policy.c" \
        "$(sed -nE 's/^ *\[POLICY_[A-Z_]+\] = \{ (\.key = )?"([A-Za-z]+)".*/\2/p' "$top/agent/facts/policy.c")" \
        "$(sed -nE 's/^\.It Ic ([A-Za-z]+)=$/\1/p' "$man/sealift-policy.d.5")"
fi
if code sealiftd/story.c; then
    same "sealift-why.1: gates are those of the story" \
        "$(sed -nE 's/^ *\{ "([a-z ]+)", attempt_.*/\1/p' "$top/agent/sealiftd/story.c" | tr ' ' '_')" \
        "$(sed -n '/^\.Sh DESCRIPTION/,/^\.Sh OPTIONS/s/^\.It Ic //p' "$man/sealift-why.1" | tr ' ' '_')"
fi
if code sealiftd/agent.c; then
    health=$(grep -oE '\[BUNDLE_[A-Z]+\] = "[a-z]+"' "$top/agent/sealiftd/agent.c" | grep -oE '"[a-z]+"' | tr -d '"')
    same "sealift-status.1: states of a bundle are those of agent.c" "$health" \
        "$(sed -n '/^\.Sh DESCRIPTION/,/^\.Sh OPTIONS/s/^\.It Li //p' "$man/sealift-status.1")"
fi
if code facts/report.c; then
    # shellcheck disable=SC2046 # words
    has "sealift-report.5: members are those of report.c" sealift-report.5 \
        $(tr -d '\n' <"$top/agent/facts/report.c" | grep -oE 'json_pack\([^;]*;' |
            grep -oE '"[a-z]+"' | tr -d '"' | sort -u)
fi
if code sealiftd/bus.c; then
    # shellcheck disable=SC2046
    has "org.sealift.Agent1.5: members are those of bus.c" org.sealift.Agent1.5 \
        $(sed -nE 's/.*(SD_BUS_[A-Z_]+|ORDER)\("([A-Z][A-Za-z]+)".*/\2/p' \
            "$top/agent/sealiftd/bus.c")
fi
same "sealift-units.7: message ids are those of the catalog" \
    "$(sed -n 's/^-- \([0-9a-f]\{32\}\)$/\1/p' "$top/units/sealift.catalog")" \
    "$(sed -n 's/^\.It Li \([0-9a-f]\{32\}\)$/\1/p' "$man/sealift-units.7")"
: >"$work/log"
for unit in "$top"/units/*.socket "$top"/units/*.service "$top"/units/*.service.in "$top"/units/*.target; do
    unit=${unit##*/}
    unit=${unit%.in}
    case $unit in \**) continue ;; esac
    sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESCRIPTION/p' "$man/sealift-units.7" | tr ' ' '\n' | grep -qFx "$unit" ||
        echo "missing: $unit" >>"$work/log"
done
[ ! -s "$work/log" ]
ok $? "sealift-units.7: has every unit that is installed" "$work/log"

done_testing
