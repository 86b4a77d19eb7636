import { SpiffeError } from '../../src/lib/spiffe/spiffe-error.ts';
import { parseX509Svid, parseX509SvidPem, type X509Svid } from '../../src/lib/spiffe/x509-svid.ts';

/** A file of any bytes is refused as an SVID, or holds a key and certificates that belong together. */
export function target(bytes: Uint8Array): void {
  check(() => parseX509SvidPem(bytes, bytes));
  check(() => parseX509Svid(bytes, bytes));
}

function check(parse: () => X509Svid): void {
  let svid: X509Svid;
  try {
    svid = parse();
  } catch (error) {
    if (error instanceof SpiffeError && error.code === 'invalid-x509-svid') return;
    throw error;
  }
  const [leaf, ...signing] = svid.certificates;
  if (leaf === undefined || leaf.isCa || leaf.uris.join() !== svid.id.toString())
    throw new Error('not the identity of its leaf');
  if (!signing.every(({ isCa }) => isCa)) throw new Error('signed by a certificate that is no CA');
  if (svid.privateKey.type !== 'private' || svid.id.path === '') throw new Error('no SVID');
}
