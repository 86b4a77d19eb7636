import type { Certificate } from '../../../../crypto/certificate.ts';
import type { TrustDomain } from '../../../../spiffe/trust-domain.ts';
import { fingerprintOf, serialNumberHex } from './certificate-data.ts';

/** The values of an agent's selectors: its certificate's common name and serial number, the CAs above it, its own words. */
export function selectorValues(
  leaf: Certificate,
  chains: readonly (readonly Certificate[])[],
  uriSanSelectors: ReadonlyMap<string, string>,
): string[] {
  const { commonName } = leaf.subject;
  const cas = new Set(chains.flatMap(([, ...above]) => above.map(fingerprintOf)));
  return [
    ...(commonName === '' ? [] : [`subject:cn:${commonName}`]),
    ...[...cas].map((fingerprint) => `ca:fingerprint:${fingerprint}`),
    `serialnumber:${serialNumberHex(leaf)}`,
    ...[...uriSanSelectors].map(([name, value]) => `san:${name}:${value}`),
  ];
}

/**
 * What the URI SANs `x509pop://<trust domain>/<name>/<value>` say, by name; of a name that comes twice the last counts, as
 * in SPIRE. `onMalformed` is told of those without a value.
 */
export function findUriSanSelectors(
  { uris }: Certificate,
  trustDomain: TrustDomain,
  onMalformed: (uri: string) => void,
): ReadonlyMap<string, string> {
  const prefix = `x509pop://${trustDomain.name}/`;
  const selectors = new Map<string, string>();
  for (const uri of uris.filter((candidate) => candidate.startsWith(prefix))) {
    const path = decodePath(uri.slice(prefix.length - 1).replace(/[?#].*$/s, ''))?.replace(/^\/+|\/+$/g, '');
    const slash = path?.indexOf('/') ?? -1;
    if (path === undefined || slash === -1) onMalformed(uri);
    else selectors.set(path.slice(0, slash), path.slice(slash + 1));
  }
  return selectors;
}

function decodePath(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}
