import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { privateKeyToPkcs8 } from '../../../src/lib/crypto/key.ts';
import { RpcServer, type ServiceImplementation } from '../../../src/lib/rpc/server.ts';
import { SpiffeWorkloadAPIDefinition, X509SVIDResponse } from '../../../src/lib/wire/gen/workload.ts';
import { type Issued, issue, issueCa } from '../crypto/test-ca.ts';

export type WorkloadApiImplementation = ServiceImplementation<typeof SpiffeWorkloadAPIDefinition>;

/** A Workload API on a unix socket whose answers a test decides. */
export interface ServedWorkloadApi extends AsyncDisposable {
  readonly path: string;
  /** A folder that goes away with the server. */
  readonly folder: string;
}

/** Serves it with the real gRPC server. */
export async function serveWorkloadApi(implementation: WorkloadApiImplementation): Promise<ServedWorkloadApi> {
  const folder = mkdtempSync(join(tmpdir(), 'workload-'));
  const path = join(folder, 's.sock');
  const server = new RpcServer();
  server.addService(SpiffeWorkloadAPIDefinition, implementation);
  await server.listenUnix({ path, socketMode: 0o600 });
  return {
    path,
    folder,
    async [Symbol.asyncDispose]() {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** An identity of `example.org` with the root that issued it. */
export interface TestIdentity {
  readonly root: Issued;
  readonly leaf: Issued;
  readonly spiffeId: string;
}

/** Issues an identity; with a root, under that one. */
export async function makeIdentity(path: string, root?: Issued): Promise<TestIdentity> {
  const spiffeId = `spiffe://example.org${path}`;
  const issuer = root ?? (await issueCa({ uris: ['spiffe://example.org'] }));
  return { root: issuer, spiffeId, leaf: await issue({ uris: [spiffeId] }, issuer) };
}

/** The answer that grants these identities, all with their own roots as bundle. */
export function grant(identities: readonly TestIdentity[], changes: Partial<X509SVIDResponse> = {}): X509SVIDResponse {
  return X509SVIDResponse.create({
    svids: identities.map(({ spiffeId, leaf, root }) => ({
      spiffeId,
      x509Svid: leaf.certificate.der,
      x509SvidKey: privateKeyToPkcs8(leaf.key),
      bundle: root.certificate.der,
      hint: '',
    })),
    ...changes,
  });
}
