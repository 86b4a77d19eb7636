import { formatX509Svids } from '../../src/lib/cli/pretty/x509-svid.ts';
import { readX509Response, showX509Context } from '../../src/lib/cli/x509-response.ts';
import { SpirekitError } from '../../src/lib/runtime/errors.ts';
import { X509SVIDResponse } from '../../src/lib/wire/gen/workload.ts';

const NOW_MS = Date.UTC(2026, 0, 1);

/** Any message of an agent is refused with a code of ours, or gives SVIDs that are proven by their bundle and can be shown. */
export function target(bytes: Uint8Array): void {
  let response: X509SVIDResponse;
  try {
    response = X509SVIDResponse.decode(bytes);
  } catch {
    // No protobuf message: the transport refuses it.
    return;
  }
  const svids = refusedOr(() => readX509Response(response, { nowMs: NOW_MS })) ?? [];
  for (const { spiffeId, certificates, bundle } of svids) {
    if (certificates[0]?.uris.includes(spiffeId) !== true) throw new Error('an identity without proof');
    if (bundle.length === 0) throw new Error('no bundle');
  }
  const shown = refusedOr(() => showX509Context(response)) ?? [];
  for (const list of [svids, shown]) {
    if (!formatX509Svids(list, '1s').startsWith(`Received ${list.length} svid`)) throw new Error('not shown');
  }
}

function refusedOr<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof SpirekitError && error.code !== 'unknown') return undefined;
    throw error;
  }
}
