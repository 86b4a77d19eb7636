import { SpirekitError } from '../../src/lib/runtime/errors.ts';
import { parseAttestationData } from '../../src/lib/server/plugin/nodeattestor/x509pop/attestation-data.ts';
import { agentPathData } from '../../src/lib/server/plugin/nodeattestor/x509pop/certificate-data.ts';
import { Challenge } from '../../src/lib/server/plugin/nodeattestor/x509pop/challenge.ts';
import { findUriSanSelectors } from '../../src/lib/server/plugin/nodeattestor/x509pop/selectors.ts';
import { TrustDomain } from '../../src/lib/spiffe/trust-domain.ts';
import { Template } from '../../src/lib/template/template.ts';

const trustDomain = TrustDomain.parse('example.org');
const path = Template.parse('{{ .Fingerprint }}{{ .SerialNumberHex }}{{ .Subject }}{{ .URIs }}{{ .IPAddresses }}');

/** Whatever a node sends is refused with a code that it may see, or holds certificates within the limits. */
export function target(bytes: Uint8Array): void {
  const chain = refusedOr(() => parseAttestationData(bytes, { maxIntermediates: 2, maxRsaKeySize: 4096 }));
  if (chain === undefined) return;
  if (chain.intermediates.length > 2) throw new Error('too many');
  const uriSanSelectors = findUriSanSelectors(chain.leaf, trustDomain, () => undefined);
  const data = agentPathData(chain.leaf, { trustDomain: trustDomain.name, svidPathTrimmed: '', uriSanSelectors });
  if (!path.execute(data).match(/^[0-9a-f]{42}/)) throw new Error('no fingerprint');
  const challenge = refusedOr(() => new Challenge(chain.leaf));
  if (challenge !== undefined && refusedOr(() => challenge.verify(bytes) ?? true)) throw new Error('proved by rubbish');
}

function refusedOr<T>(step: () => T): T | undefined {
  try {
    return step();
  } catch (error) {
    const codes = ['invalid-argument', 'permission-denied', 'invalid-key'];
    if (error instanceof SpirekitError && codes.includes(error.code)) return undefined;
    throw error;
  }
}
