#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# tests/tuf-client, the agent's trust module and its fetch worker, against repositories that do as they are told. The
# cases are our own words for what the community's conformance suite asks (`conformance/run.py --table`), and more.
here=${top_srcdir:-.}/tests/conformance
for tool in python3 faketime; do
    command -v $tool >/dev/null || {
        echo "1..0 # SKIP $tool is not installed"
        exit 0
    }
done
python3 -c 'import cryptography' 2>/dev/null || {
    echo "1..0 # SKIP python3-cryptography is not installed"
    exit 0
}
PYTHONDONTWRITEBYTECODE=1 exec python3 "$here/run.py" "${top_builddir:-.}/tests/tuf-client" "$@"
