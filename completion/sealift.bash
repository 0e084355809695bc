# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Completion for sealift(1). Verbs, options, and what kind of value or operand each takes, are read from --help, so
# that this cannot fall behind the program.

# The names of this machine's bundles, from the agent.
_sealift_bundles() {
    "$1" status --json 2>/dev/null </dev/null | sed -n 's/^ *"name": "\([a-z0-9-]*\)",\{0,1\}$/\1/p'
}

# The releases on disk of the bundle that stands on the line already.
_sealift_releases() {
    local i place
    for ((i = 2; i < COMP_CWORD; i++)); do
        for place in /var/lib/sealift/releases/"${COMP_WORDS[i]}"/*-????????????/; do
            [[ ! -d $place ]] || sed -E 's,-[0-9a-f]{12}/$,,; s,.*/,,' <<<"$place"
        done
    done
}

# The channels of the repository that stands on the line already.
_sealift_channels() {
    local i channel repository=
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
            -r | --repository)
                repository=${COMP_WORDS[i + 1]}
                [[ $repository != "=" ]] || repository=${COMP_WORDS[i + 2]}
                ;;
        esac
    done
    repository=${repository/#\~\//$HOME/}
    for channel in "$repository"/targets/*/; do
        [[ ! -d $channel ]] || basename "$channel"
    done
}

# _sealift_values COMMAND KIND WORD: KIND as --help calls it: DIR, FILE, MANIFEST, SOURCE, BUNDLE, "zstd|gzip".
_sealift_values() {
    local kind=${2//[\[\].]/} values=
    case $kind in
        DIR)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -d -- "$3")
            return
            ;;
        FILE)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -f -- "$3")
            return
            ;;
        MANIFEST | SOURCE)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -d -- "$3"; compgen -f -X '!*.manifest' -- "$3")
            return
            ;;
        'MANIFEST|BUNDLE' | 'SOURCE|BUNDLE')
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -d -- "$3"; compgen -f -X '!*.manifest' -- "$3"
                compgen -W "$(_sealift_bundles "$1")" -- "$3")
            return
            ;;
        BUNDLE) values=$(_sealift_bundles "$1") ;;
        VERSION) values=$(_sealift_releases) ;;
        NAME) values=$(_sealift_channels) ;;
        *'|'*) values=${kind//|/ } ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$values" -- "$3")
}

# _sealift_kind OPTION: what its value is called in the help text on standard input; nothing for a flag.
_sealift_kind() {
    sed -nE "/^ +($1,|(-[a-z], +)?$1=)/s/^ +(-[a-z], +)?--[a-z-]+=([^ ]+).*/\2/p"
}

# _sealift_words HELP WORD: verbs, or options where WORD begins with "-"; an option that takes a value ends in "=".
_sealift_words() {
    local words
    if [[ $2 == -* ]]; then
        words=$(sed -nE 's/^ +(-[a-z], +)?(--[a-z-]+=?).*/\2/p' <<<"$1")
    else
        words=$(sed -nE 's/^ +([a-z]+) .*/\1/p' <<<"$1")
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$2")
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then
        compopt -o nospace 2>/dev/null
    fi
}

# _sealift_word: for a verb whose first operand is one of some words ("new|import|list"), these; or, behind one of them,
# FILE for import. Help text on standard input.
_sealift_word() {
    local words word i
    words=$(sed -nE '1s/^Usage: .*\] ([a-z]+(\|[a-z]+)+)( .*)?$/\1/p')
    for ((i = 2; i < COMP_CWORD; i++)); do
        for word in ${words//|/ }; do
            [[ ${COMP_WORDS[i]} != "$word" ]] || { [[ $word != import ]] && echo OPTION || echo FILE; return; }
        done
    done
    echo "$words"
}

# _sealift_operand: what the operand that is being typed is called in the help text on standard input. Where a verb
# takes more than one, options before it take no value.
_sealift_operand() {
    local operands i n=0
    read -ra operands < <(sed -nE '1s/^Usage: .*\[OPTION\.\.\.\]( |$)//p')
    for ((i = 2; i < COMP_CWORD; i++)); do
        [[ ${COMP_WORDS[i]} == -* ]] || n=$((n + 1))
    done
    ((${#operands[@]} > 1)) || n=0
    echo "${operands[n]%...}"
}

_sealift() {
    local word=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD - 1]} verb=${COMP_WORDS[1]} help kind
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        _sealift_words "$("$1" --help 2>/dev/null)" "$word"
        return
    fi
    # readline parts "--option=value" into three words.
    if [[ $word == "=" ]]; then
        word=
    elif [[ $option == "=" ]]; then
        option=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    [[ $verb =~ ^[a-z]+$ ]] || return
    help=$("$1" "$verb" --help 2>/dev/null </dev/null) || return
    kind=
    [[ ! $option =~ ^--?[a-z][a-z-]*$ ]] || kind=$(_sealift_kind "$option" <<<"$help")
    if [[ -z $kind && $word == -* ]]; then
        _sealift_words "$help" "$word"
        return
    fi
    [[ -n $kind ]] || kind=$(_sealift_word <<<"$help")
    [[ -n $kind ]] || kind=$(_sealift_operand <<<"$help")
    [[ -z $kind || $kind == *OPTION* ]] || _sealift_values "$1" "$kind" "$word"
}

complete -F _sealift sealift
