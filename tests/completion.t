#!/usr/bin/env bash
# The completion of sealift(1), as bash does it: words typed with tabs at a real prompt come out as the command they
# stand for; and for each verb, every option of its --help is offered.
set -u
top=${top_srcdir:-.}
build=${top_builddir:-.}
if [ ! -x "$build/sealift" ]; then
    echo "1..0 # SKIP sealift is not built"
    exit 0
fi
build=$(cd "$build" && pwd)
top=$(cd "$top" && pwd)
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
n=0
failed=0

is() { # GOT WANT NAME
    n=$((n + 1))
    if [ "$1" = "$2" ]; then
        echo "ok $n - $3"
    else
        printf 'not ok %d - %s\n# got:  %s\n# want: %s\n' "$n" "$3" "$1" "$2"
        failed=1
    fi
}

# A sealift that notes its command line, and has an agent to ask.
cat >"$work/status" <<'JSON'
{
  "bundles": [
    {
      "name": "site",
      "error": ""
    },
    {
      "name": "mirror",
      "error": ""
    }
  ]
}
JSON
mkdir -p "$work/bin" "$work/out/a dir" "$work/repo/targets/stable" "$work/repo/targets/canary"
touch "$work/out/site-1.manifest" "$work/out/site-1.tar.zst" "$work/out/my notes"
cat >"$work/bin/sealift" <<STUB
#!/bin/sh
case "\$*" in
*--help) exec '$build/sealift' "\$@" ;;
'status --json') cat '$work/status' ;;
*) printf '<%s>' "\$@" >'$work/typed' ;;
esac
STUB
chmod +x "$work/bin/sealift"
export PATH=$work/bin:$PATH TERM=dumb HOME=$work LC_ALL=C.UTF-8
cd "$work/out" || exit 99
# shellcheck source=completion/sealift.bash
. "$top/completion/sealift.bash"

# offered WORD...: what bash would offer for the last word.
offered() {
    COMP_WORDS=(sealift "$@")
    COMP_CWORD=$#
    COMPREPLY=()
    _sealift sealift "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
    printf '%s\n' "${COMPREPLY[@]}" | words
}

# words: lines, sorted, as one line.
words() { LC_ALL=C sort | tr '\n' ' ' | sed 's/ $//'; }

verbs=$(sealift --help | sed -nE 's/^ +([a-z]+) .*/\1/p' | words)
is "$(offered '')" "$verbs" "every verb is offered"
is "$(offered --)" "--help --version" "and the options of sealift itself"
for verb in $verbs; do
    is "$(offered "$verb" --)" \
        "$(sealift "$verb" --help | grep -oE '^ +(-[a-z], +)?--[a-z-]+=?' | grep -oE -- '--.*' | words)" \
        "$verb: every option is offered"
done
is "$(offered status '')" "mirror site" "status: bundles of this machine"
is "$(offered rollback m)" "mirror" "rollback: bundles that begin so"
is "$(offered rollback --json mirror '')" "" "and then its releases, of which there are none here"
is "$(offered why m)" "mirror" "why: bundles that begin so"
is "$(offered publish '')" "a dir site-1.manifest" "publish: manifests and folders"
is "$(offered pack '')" "a dir" "pack: folders"
is "$(offered verify '')" "a dir mirror site site-1.manifest" "verify: folders, manifests and bundles of this machine"
is "$(offered pack --compression = '')" "gzip zstd" "pack --compression=: its words"
is "$(offered pack -c g)" "gzip" "and behind the letter"
is "$(offered pack --manifest = my)" "my notes" "pack --manifest=: files"
is "$(offered publish -r ../repo --channel = '')" "canary stable" "publish --channel=: those of the repository given"
is "$(offered publish --repository = ../repo -c c)" "canary" "also in the long form"
is "$(offered init --root-keys = '')" "" "init --root-keys=: nothing to guess"
is "$(offered key '')" "import list new" "key: its words"
is "$(offered key --keys = ../repo i)" "import" "key: behind options, too"
is "$(offered key new '')" "" "key new: nothing to guess"
is "$(offered key import site-1.t)" "site-1.tar.zst" "key import: files"
is "$(offered key new -t e)" "ecdsa ed25519" "key --type: its words"
is "$(offered nonsense '')" "" "nothing for a verb that is none"

# typed KEYS: what the command line was that these keys make at a prompt.
typed() {
    rm -f "$work/typed"
    printf "PS1=\n. '%s/completion/sealift.bash'\nbind 'set bell-style none'\n" "$top" >"$work/rc"
    printf '%b\nexit\n' "$1" | script -qec "bash --noprofile --rcfile '$work/rc' -i" /dev/null >"$work/screen" 2>&1
    cat "$work/typed" 2>/dev/null
}

if command -v script >/dev/null; then
    is "$(typed 'sealift pub\t--chan\tstable --dry\t si\t')" \
        "<publish><--channel=stable><--dry-run><site-1.manifest>" \
        "typed: verbs, options and files, with a space where one belongs"
    is "$(typed 'sealift pack --man\tmy\t a\t')" "<pack><--manifest=my notes><a dir/>" "typed: names with spaces"
    is "$(typed 'sealift why si\t')" "<why><site>" "typed: a bundle"
else
    n=$((n + 1))
    echo "ok $n - typed # SKIP script(1) is not installed"
fi
echo "1..$n"
exit $failed
