#!/bin/sh
# From nothing to an SVID on disk: a server and an agent around one `spire-agent api fetch x509 -write`.
set -eu
cd "$(dirname "$0")/.."
out=demo-svid
mkdir -p "$out"
chmod 0700 "$out"
bin/spirekit dev exec -- sh -c "bin/spire-agent api fetch x509 -socketPath \"\${SPIFFE_ENDPOINT_SOCKET#unix://}\" -write $out"
ls -l "$out"
if command -v openssl >/dev/null 2>&1; then
  openssl verify -CAfile "$out/bundle.0.pem" -untrusted "$out/svid.0.pem" "$out/svid.0.pem"
  openssl x509 -in "$out/svid.0.pem" -noout -subject -dates -ext subjectAltName
fi
