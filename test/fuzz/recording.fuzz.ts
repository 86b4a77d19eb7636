import { FreshKeys } from '../../src/lib/recording/fresh-keys.ts';
import type { Recording } from '../../src/lib/recording/recording.ts';
import { formatRecordingLine, parseRecording } from '../../src/lib/recording/recording-text.ts';
import { ScriptReader, scriptOf } from '../../src/lib/recording/script.ts';
import {
  jwtBundlesFromWire,
  x509BundlesFromWire,
  x509BundlesToWire,
  x509SvidsFromWire,
} from '../../src/lib/recording/wire-answer.ts';
import { SpirekitError } from '../../src/lib/runtime/errors.ts';
import { JWTBundlesResponse, X509BundlesResponse, X509SVIDResponse } from '../../src/lib/wire/gen/workload.ts';

/** Any text is refused with a code, or is a recording that is written the same way again; any answer can be recorded. */
export function target(bytes: Uint8Array): void {
  recordAnswers(bytes);
  let recording: Recording;
  try {
    recording = parseRecording(Buffer.from(bytes).toString('utf8'));
  } catch (error) {
    if (error instanceof SpirekitError && error.code === 'invalid-encoding') return;
    throw error;
  }
  const text = [recording.head, ...recording.events].map(formatRecordingLine).join('');
  if (JSON.stringify(parseRecording(text)) !== JSON.stringify(recording)) throw new Error('changed by being written');
  const reader = new ScriptReader(scriptOf(recording.events));
  for (const event of recording.events) {
    if (event.event === 'call' && reader.next(event.method, event.request) === undefined)
      throw new Error('a call is missing');
  }
}

function recordAnswers(bytes: Uint8Array): void {
  const keys = new FreshKeys();
  if (keys.findMade(bytes) !== undefined) throw new Error('a key that nobody made');
  const decode = <T>(codec: { decode(bytes: Uint8Array): T }): T | undefined => {
    try {
      return codec.decode(bytes);
    } catch {
      return undefined;
    }
  };
  const [svids, bundles, jwks] = [decode(X509SVIDResponse), decode(X509BundlesResponse), decode(JWTBundlesResponse)];
  if (svids !== undefined) x509SvidsFromWire(svids);
  if (jwks !== undefined) jwtBundlesFromWire(jwks);
  if (bundles === undefined) return;
  const recorded = x509BundlesFromWire(bundles);
  if (recorded.kind === 'x509_bundles') x509BundlesToWire(recorded);
}
