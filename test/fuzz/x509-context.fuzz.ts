import { SpirekitError } from '../../src/lib/runtime/errors.ts';
import { X509SVIDResponse } from '../../src/lib/wire/gen/workload.ts';
import { parseX509Context } from '../../src/lib/workloadapi/x509-context.ts';

/** Any message of an agent is refused with a code of ours, or gives identities whose certificates bear them out. */
export function target(bytes: Uint8Array): void {
  let response: X509SVIDResponse;
  try {
    response = X509SVIDResponse.decode(bytes);
  } catch {
    // No protobuf message; the target `wire` looks at how those are refused.
    return;
  }
  let context: ReturnType<typeof parseX509Context>;
  try {
    context = parseX509Context(response);
  } catch (error) {
    if (error instanceof SpirekitError && error.code !== 'unknown') return;
    throw error;
  }
  if (context.svids.length === 0) throw new Error('no identity');
  for (const { id, certificates, privateKey } of context.svids) {
    if (certificates[0]?.uris.includes(id.toString()) !== true) throw new Error('an identity without proof');
    if (privateKey.type !== 'private') throw new Error('no private key');
  }
}
