import { entryFromWire } from '../../src/lib/agent/client/entry-from-wire.ts';
import { trustBundleFromWire } from '../../src/lib/agent/client/trust-bundles.ts';
import { fromWireBundle } from '../../src/lib/cli/bundle-data.ts';
import { SpirekitError } from '../../src/lib/runtime/errors.ts';
import { joinTokenFromWire, joinTokenToWire } from '../../src/lib/wire/convert/join-token.ts';
import { spiffeIdFromWire, spiffeIdToWire } from '../../src/lib/wire/convert/spiffe-id.ts';
import { jwtSvidFromWire, jwtSvidToWire, x509SvidFromWire, x509SvidToWire } from '../../src/lib/wire/convert/svid.ts';
import { Bundle } from '../../src/lib/wire/gen/spire/api/types/bundle.ts';
import { Entry } from '../../src/lib/wire/gen/spire/api/types/entry.ts';
import { JoinToken } from '../../src/lib/wire/gen/spire/api/types/jointoken.ts';
import { JWTSVID } from '../../src/lib/wire/gen/spire/api/types/jwtsvid.ts';
import { SPIFFEID } from '../../src/lib/wire/gen/spire/api/types/spiffeid.ts';
import { X509SVID } from '../../src/lib/wire/gen/spire/api/types/x509svid.ts';

interface Codec<T> {
  encode(message: T): { finish(): Uint8Array };
  decode(bytes: Uint8Array): T;
}

/** Whatever bytes a server answers with, an agent or a command refuses them with one of our errors, or has values of them. */
export function target(bytes: Uint8Array): void {
  comesBack(bytes, X509SVID, x509SvidFromWire, x509SvidToWire);
  comesBack(bytes, JWTSVID, jwtSvidFromWire, jwtSvidToWire);
  comesBack(bytes, JoinToken, joinTokenFromWire, joinTokenToWire);
  comesBack(bytes, SPIFFEID, spiffeIdFromWire, spiffeIdToWire);
  read(bytes, Entry, entryFromWire);
  read(bytes, Bundle, trustBundleFromWire);
  read(bytes, Bundle, fromWireBundle);
}

/** Undefined for what is refused. */
function read<W, T>(bytes: Uint8Array, codec: Codec<W>, fromWire: (wire: W) => T): T | undefined {
  let wire: W;
  try {
    wire = codec.decode(bytes);
  } catch {
    // No message: the transport refuses it.
    return undefined;
  }
  try {
    return fromWire(wire);
  } catch (error) {
    if (error instanceof SpirekitError && error.code !== 'unknown') return undefined;
    throw error;
  }
}

function comesBack<W, T>(bytes: Uint8Array, codec: Codec<W>, fromWire: (wire: W) => T, toWire: (value: T) => W): void {
  const value = read(bytes, codec, fromWire);
  if (value === undefined) return;
  const encoded = codec.encode(toWire(value)).finish();
  const again = codec.encode(toWire(fromWire(codec.decode(encoded)))).finish();
  if (Buffer.compare(encoded, again) !== 0) throw new Error('the value changed on its way');
}
