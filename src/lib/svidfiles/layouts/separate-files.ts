import { privateKeyToPkcs8 } from '../../crypto/key.ts';
import { pemEncode } from '../../crypto/pem.ts';
import type { FilePart } from '../identity-file.ts';
import {
  certificatesPem,
  chainAndBundle,
  federatedParts,
  type LaidOutIdentity,
  type Layout,
  type LayoutOptions,
} from './layout.ts';

/** The names of SPIRE's `api fetch x509 -write`: files of every identity, with its number. */
export const spireLayout: Layout = {
  holdsAll: true,
  names: {
    cert: 'svid.{n}.pem',
    key: 'svid.{n}.key',
    bundle: 'bundle.{n}.pem',
    federated: 'federated_bundle.{n}.{m}.pem',
  },
  federated: 'separate',
  parts: separateParts,
};

/** The names that spiffe-helper's documentation uses. */
export const helperLayout: Layout = {
  holdsAll: false,
  names: { cert: 'svid.pem', key: 'svid_key.pem', bundle: 'svid_bundle.pem', federated: 'svid_bundle.{td}.pem' },
  federated: 'omit',
  parts: separateParts,
};

/** The names of a Kubernetes secret of type `kubernetes.io/tls`, with the `ca.crt` that cert-manager puts beside them. */
export const k8sTlsLayout: Layout = {
  holdsAll: false,
  names: { cert: 'tls.crt', key: 'tls.key', bundle: 'ca.crt', federated: 'ca.{td}.crt' },
  federated: 'omit',
  parts: separateParts,
};

/** Chain, key and bundle in a file each. */
function separateParts(identity: LaidOutIdentity, n: number, options: LayoutOptions): FilePart[] {
  const { svid } = identity;
  const { chain, bundle } = chainAndBundle(identity, options);
  const common = { n, m: 0, trustDomain: svid.id.trustDomain.name };
  return [
    { role: 'cert', data: certificatesPem(chain), isSecret: false, ...common },
    { role: 'key', data: pemEncode('PRIVATE KEY', privateKeyToPkcs8(svid.privateKey)), isSecret: true, ...common },
    { role: 'bundle', data: certificatesPem(bundle), isSecret: false, ...common },
    ...federatedParts(identity, n, options),
  ];
}
