import {
  type EndpointAddress,
  formatEndpointAddress,
  parseEndpointAddress,
} from '../../src/lib/spiffe/endpoint-address.ts';
import { SpiffeError } from '../../src/lib/spiffe/spiffe-error.ts';

/** Any text is refused, or is an address that means the same after being written. */
export function target(bytes: Uint8Array): void {
  let address: EndpointAddress;
  try {
    address = parseEndpointAddress(Buffer.from(bytes).toString('utf8'));
  } catch (error) {
    if (error instanceof SpiffeError && error.code === 'invalid-argument') return;
    throw error;
  }
  if (address.kind === 'unix' && !/^\/[^\0]*$/s.test(address.path)) throw new Error('path');
  const again = parseEndpointAddress(formatEndpointAddress(address));
  if (JSON.stringify(again) !== JSON.stringify(address)) throw new Error('an address changed by being written');
}
