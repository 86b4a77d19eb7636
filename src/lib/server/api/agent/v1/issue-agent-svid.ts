import { parseCsr } from '../../../../crypto/csr.ts';
import type { PublicKey } from '../../../../crypto/key.ts';
import { SpirekitError } from '../../../../runtime/errors.ts';
import type { SpiffeId } from '../../../../spiffe/spiffe-id.ts';
import { inField } from '../../../../wire/convert/conversion-error.ts';
import { x509SvidToWire } from '../../../../wire/convert/svid.ts';
import type { X509SVID } from '../../../../wire/gen/spire/api/types/x509svid.ts';
import type { ServerCa } from '../../../ca/server-ca.ts';
import { fromStore } from '../../store-failure.ts';

/** A new SVID of an agent, for the wire, and what the server remembers of it. */
export interface IssuedAgentSvid {
  readonly wire: X509SVID;
  /** Decimal. */
  readonly serialNumber: string;
  readonly expiresAtSeconds: number;
}

/** The key of a CSR whose signature and strength are good; all else that it asks for is dropped. Error: `invalid-argument`. */
export function parseAgentCsr(csr: Uint8Array): Uint8Array {
  return inField('failed to parse CSR', () => parseCsr(csr).publicKeyDer);
}

/** Signs an SVID for an agent. Errors: `internal`, `unavailable`. */
export async function issueAgentSvid(
  ca: Pick<ServerCa, 'signAgentX509Svid'>,
  spiffeId: SpiffeId,
  publicKey: PublicKey,
): Promise<IssuedAgentSvid> {
  const certificates = await fromStore('failed to sign X509 SVID', ca.signAgentX509Svid({ spiffeId, publicKey }));
  const [leaf] = certificates;
  if (leaf === undefined) throw new SpirekitError('internal', 'failed to sign X509 SVID: empty chain');
  const expiresAtSeconds = Math.floor(leaf.notAfterMs / 1000);
  return {
    wire: x509SvidToWire({ id: spiffeId, certificates, expiresAtSeconds, hint: '' }),
    serialNumber: leaf.serialNumber.toString(),
    expiresAtSeconds,
  };
}
