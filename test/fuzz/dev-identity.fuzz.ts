import { type DevIdentity, parseDevIdentity } from '../../src/lib/dev/dev-identity.ts';
import { SpirekitError } from '../../src/lib/runtime/errors.ts';
import { formatSelector } from '../../src/lib/spiffe/selector.ts';
import { TrustDomain } from '../../src/lib/spiffe/trust-domain.ts';

const CODES = ['usage', 'invalid-spiffe-id', 'invalid-selector'];
const trustDomain = TrustDomain.parse('example.org');

/** Any text is refused with a code, or is an identity of the trust domain that reads back from what it says. */
export function target(bytes: Uint8Array): void {
  let identity: DevIdentity;
  try {
    identity = parseDevIdentity(Buffer.from(bytes).toString('utf8'), trustDomain);
  } catch (error) {
    if (error instanceof SpirekitError && CODES.includes(error.code)) return;
    throw error;
  }
  if (!identity.id.isMemberOf(trustDomain) || identity.id.path === '')
    throw new Error('no identity of the trust domain');
  const text = `${identity.id.path}=${identity.selectors.map(formatSelector).join(',')}`;
  if (JSON.stringify(parseDevIdentity(text, trustDomain)) !== JSON.stringify(identity))
    throw new Error('changed by being written');
}
