#!/usr/bin/env bash
# An attacker who plays with the chain of roots, all of it signed by the publisher or by fewer keys than must; and what a host
# takes that was away for long.
# shellcheck source=tests/host/scenario.sh
. "${0%/*}/../host/scenario.sh"

root() { jq -r .signed.version "$STORE/trust/root.json" 2>/dev/null; }

attacks_begin

attack "root chain: three roots at once are followed"
owner root
owner root
owner root
recovered
is "$(root)" 4 "$attack: to the last"

attack "root chain gap: the next root is not there, and the one after it is"
owner root
owner root
rekey timestamp
rm "$BUCKET/metadata/5.root.json"
expect trust-refused "timestamp.json version [0-9]+: 0 good signatures by the keys of root version 4, 1 needed"
is "$(root)" 7 "$attack: the honest chain is followed"

attack "root chain gap: the root after the next in the next one's place"
owner root
owner root
cp "$BUCKET/metadata/9.root.json" "$BUCKET/metadata/8.root.json"
expect trust-refused "root.json: version 9 served as 8"

attack "root chain replay: an older root as the next one"
cp "$BUCKET/metadata/4.root.json" "$BUCKET/metadata/10.root.json"
expect trust-refused "root.json: version 4 served as 10, which alone may follow the trusted 9"

attack "root chain replay: the trusted root as the next one"
cp "$BUCKET/metadata/9.root.json" "$BUCKET/metadata/10.root.json"
expect trust-refused "root.json: version 9 served as 10"
is "$(root)" 9 "$attack: it is none"

attack "root: one key of the two that must sign"
steal root-1
thief root keys=timestamp:mine keys=snapshot:mine keys=targets:mine
expect trust-refused "root.json version 10: 1 good signature by the keys of root version 9, 2 needed"

attack "root: the keys of the new root sign it, those of the old do not"
thief root keys=root:mine,mine-too by=mine,mine-too
expect trust-refused "root.json version 10: 0 good signatures by the keys of root version 9, 2 needed"

attack "root: the keys of the old root sign it, those of the new do not"
steal root-1 root-2
thief root keys=root:mine,mine-too by=root-1,root-2
expect trust-refused "root.json version 10: 0 good signatures by the keys of itself, 2 needed"

attack "root: keys that signed once, and were replaced"
for key in 1 2 3; do mv "$KEYS/root-$key.pem" "$KEYS/old-$key.pem"; done
owner root keys=root:root-1,root-2,root-3 by=old-1,old-2,root-1,root-2
recovered
steal old-1 old-2
signed_in=$HONEST
thief root keys=root:old-1,old-2 by=old-1,old-2
expect trust-refused "root.json version 11: 0 good signatures by the keys of root version 10, 2 needed"

attack "an expired root on the way is fine"
owner root expires=-86400
owner root expires=$((365 * 86400))
recovered
is "$(root)" 12 "$attack: and taken"

attack "an expired root at the end is not"
owner root expires=-86400
refused trust-refused "root.json version 13 expired" root.json
bucket_restore
owner root expires=$((365 * 86400))
recovered
done_testing
