import { createKeystore, createTruststore } from '../../crypto/pkcs12/pkcs12.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import type { FilePart } from '../identity-file.ts';
import { chainAndBundle, type LaidOutIdentity, type Layout, type LayoutOptions } from './layout.ts';

/** The name under which Java finds the key, as java-spiffe-helper has it. */
const KEY_ALIAS = 'spiffe';

/** Two PKCS#12 files, as Java wants them: one with key and chain, one with what peers are verified with. */
export const p12Layout: Layout = {
  holdsAll: false,
  names: { keystore: 'keystore.p12', truststore: 'truststore.p12', federated: 'truststore.{td}.p12' },
  federated: 'omit',
  parts: p12Parts,
};

async function p12Parts(identity: LaidOutIdentity, n: number, options: LayoutOptions): Promise<FilePart[]> {
  const { password } = options;
  if (password === undefined) throw new SpirekitError('usage', 'the layout p12 needs a password');
  const { svid, federated } = identity;
  const { chain, bundle } = chainAndBundle(identity, options);
  const trustDomain = svid.id.trustDomain.name;
  const common = { n, m: 0, trustDomain };
  const seed = svid.privateKey;
  const parts: FilePart[] = [
    {
      role: 'keystore',
      data: await createKeystore({ alias: KEY_ALIAS, key: svid.privateKey, chain }, password),
      isSecret: true,
      ...common,
    },
    {
      role: 'truststore',
      data: await createTruststore({ alias: trustDomain, certificates: bundle, seed }, password),
      isSecret: false,
      ...common,
    },
  ];
  if (options.federated !== 'separate') return parts;
  for (const [m, [name, certificates]] of federated.entries()) {
    const data = await createTruststore({ alias: name, certificates, seed }, password);
    parts.push({ role: 'federated', data, isSecret: false, n, m, trustDomain: name });
  }
  return parts;
}
