import type { KeyObject } from 'node:crypto';
import { createCsr } from '../../../src/lib/crypto/csr.ts';
import { generateKey, privateKeyToPkcs8 } from '../../../src/lib/crypto/key.ts';
import { signerFromKey } from '../../../src/lib/crypto/signer.ts';
import { BundleDefinition, GetBundleRequest } from '../../../src/lib/wire/gen/spire/api/server/bundle/v1/bundle.ts';
import { BatchCreateEntryRequest, EntryDefinition } from '../../../src/lib/wire/gen/spire/api/server/entry/v1/entry.ts';
import { SVIDDefinition } from '../../../src/lib/wire/gen/spire/api/server/svid/v1/svid.ts';
import { X509SVIDResponse } from '../../../src/lib/wire/gen/workload.ts';
import { PushingWorkloadApi } from '../workloadapi/pushing-workload-api.ts';
import type { ServerHome } from './running-server.ts';

/** The name of the nested server at the one above. */
export const NESTED_ID = 'spiffe://example.org/nested';

/** Registers the nested server at the one above. */
export async function registerDownstream(above: ServerHome): Promise<void> {
  await using local = above.local();
  const id = (path: string) => ({ trustDomain: 'example.org', path });
  const request = BatchCreateEntryRequest.fromPartial({
    entries: [
      {
        spiffeId: id('/nested'),
        parentId: id('/host'),
        selectors: [{ type: 'unix', value: 'uid:1' }],
        downstream: true,
      },
    ],
  });
  const { results } = await local.unary(EntryDefinition, 'batchCreateEntry', request);
  if (results[0]?.status?.code !== 0) throw new Error(`no entry: ${results[0]?.status?.message}`);
}

/** What an agent would tell a process of this name: an SVID of the server above and its bundle. */
export async function identityAt(above: ServerHome, spiffeId = NESTED_ID, ttl = 0): Promise<X509SVIDResponse> {
  await using local = above.local();
  const privateKey: KeyObject = await generateKey('ec-p256');
  const csr = Buffer.from(await createCsr({ uris: [spiffeId], signer: signerFromKey(privateKey) }));
  const { svid } = await local.unary(SVIDDefinition, 'mintX509SVID', { csr, ttl });
  const { x509Authorities } = await local.unary(BundleDefinition, 'getBundle', GetBundleRequest.create());
  return X509SVIDResponse.fromPartial({
    svids: [
      {
        spiffeId,
        x509Svid: Buffer.concat(svid?.certChain ?? []),
        x509SvidKey: privateKeyToPkcs8(privateKey),
        bundle: Buffer.concat(x509Authorities.map(({ asn1 }) => asn1)),
      },
    ],
  });
}

/** The Workload API beside a nested server. */
export async function workloadApiAt(above: ServerHome): Promise<PushingWorkloadApi> {
  return await PushingWorkloadApi.open(await identityAt(above));
}
