import { mkdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createCsr } from '../../../src/lib/crypto/csr.ts';
import { generateKey } from '../../../src/lib/crypto/key.ts';
import { signerFromKey } from '../../../src/lib/crypto/signer.ts';
import { RpcClient } from '../../../src/lib/rpc/client.ts';
import { parseX509SvidPem } from '../../../src/lib/spiffe/x509-svid.ts';
import { AgentDefinition } from '../../../src/lib/wire/gen/spire/api/server/agent/v1/agent.ts';
import { attestAgent } from '../attest-agent.ts';
import { Deployment } from '../deployment.ts';
import type { Programs } from '../programs.ts';
import { ForeignAuthority, type TlsIdentity } from './foreign-authority.ts';

/** The trust domain of the federated admin, and that admin. */
export const FOREIGN_TRUST_DOMAIN = 'far.example';
export const FEDERATED_ADMIN = `spiffe://${FOREIGN_TRUST_DOMAIN}/boss`;
/** An admin by configuration, of the server's own trust domain. */
export const CONFIGURED_ADMIN = 'spiffe://example.org/configured-admin';

/** Somebody who calls. */
export interface MatrixCaller {
  readonly name: string;
  /** The callers of the table that this one is, beside `any`. */
  readonly roles: readonly string[];
  /** Undefined on the private socket; a chain of no certificates over TLS shows none. */
  readonly identity: TlsIdentity | undefined | 'none';
  /** With what reason an RPC of agents refuses it; undefined for callers without a certificate. */
  readonly refusal: string | undefined;
}

/** A real server with all that authorization tells apart. */
export class MatrixDeployment implements AsyncDisposable {
  readonly deployment: Deployment;
  readonly foreign: ForeignAuthority;
  readonly callers: readonly MatrixCaller[];

  private constructor(deployment: Deployment, foreign: ForeignAuthority, callers: readonly MatrixCaller[]) {
    this.deployment = deployment;
    this.foreign = foreign;
    this.callers = callers;
  }

  /** @param settings more lines of the `server` block */
  static async open(daemons: Programs, settings = ''): Promise<MatrixDeployment> {
    const deployment = await Deployment.open({
      daemons,
      serverSettings: `admin_ids = ["${FEDERATED_ADMIN}", "${CONFIGURED_ADMIN}"]
  ratelimit { attestation = false }
  ${settings}`,
    });
    try {
      const foreign = await ForeignAuthority.make(FOREIGN_TRUST_DOMAIN);
      const bundle = join(deployment.folder, 'foreign.pem');
      writeFileSync(bundle, foreign.pem);
      await succeed(deployment, 'bundle', 'set', '-id', `spiffe://${FOREIGN_TRUST_DOMAIN}`, '-path', bundle);
      return new MatrixDeployment(deployment, foreign, await makeCallers(deployment, foreign));
    } catch (error) {
      await deployment[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** A client that calls as a caller does. */
  connect(caller: MatrixCaller): RpcClient {
    return this.connectAs(caller.identity);
  }

  /** A client with an identity, over TLS unless that is undefined. Whatever answers is taken for the server. */
  connectAs(identity: MatrixCaller['identity']): RpcClient {
    if (identity === undefined) return new RpcClient({ kind: 'unix', path: this.deployment.serverSocket });
    const shown = identity === 'none' ? {} : identity;
    const tls = { ...shown, verifyServer: () => {} };
    return new RpcClient({ kind: 'tcp', host: '127.0.0.1', port: this.deployment.port, tls });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.deployment[Symbol.asyncDispose]();
  }
}

async function makeCallers(deployment: Deployment, foreign: ForeignAuthority): Promise<MatrixCaller[]> {
  const remote = (): RpcClient =>
    new RpcClient({ kind: 'tcp', host: '127.0.0.1', port: deployment.port, tls: { verifyServer: () => {} } });
  await using stranger = remote();
  const attest = async (): Promise<{ id: string; identity: TlsIdentity }> => {
    const { agentId, identity } = await attestAgent(stranger, await deployment.makeJoinToken());
    return { id: `spiffe://${agentId.trustDomain}${agentId.path}`, identity };
  };
  const [agent, banned, evicted, outdated] = [await attest(), await attest(), await attest(), await attest()];
  await succeed(deployment, 'agent', 'ban', '-spiffeID', banned.id);
  await succeed(deployment, 'agent', 'evict', '-spiffeID', evicted.id);
  await renew(deployment, outdated.identity);
  const admin = ['-node', '-selector', 'matrix:admin', '-admin'];
  await succeed(deployment, 'entry', 'create', '-spiffeID', 'spiffe://example.org/admin', ...admin);
  const downstream = ['-node', '-selector', 'matrix:downstream', '-downstream'];
  await succeed(deployment, 'entry', 'create', '-spiffeID', 'spiffe://example.org/downstream', ...downstream);
  const mint = (id: string) => mintIdentity(deployment, id);
  const NOT_ATTESTED = 'AGENT_NOT_ATTESTED';
  return [
    { name: 'no certificate', roles: [], identity: 'none', refusal: undefined },
    { name: 'workload', roles: [], identity: await mint('spiffe://example.org/workload'), refusal: NOT_ATTESTED },
    { name: 'agent', roles: ['agent'], identity: agent.identity, refusal: undefined },
    { name: 'banned agent', roles: [], identity: banned.identity, refusal: 'AGENT_BANNED' },
    { name: 'evicted agent', roles: [], identity: evicted.identity, refusal: NOT_ATTESTED },
    { name: 'outdated agent', roles: [], identity: outdated.identity, refusal: 'AGENT_NOT_ACTIVE' },
    {
      name: 'downstream',
      roles: ['downstream'],
      identity: await mint('spiffe://example.org/downstream'),
      refusal: NOT_ATTESTED,
    },
    {
      name: 'admin entry',
      roles: ['admin'],
      identity: await mint('spiffe://example.org/admin'),
      refusal: NOT_ATTESTED,
    },
    { name: 'admin_ids', roles: ['admin'], identity: await mint(CONFIGURED_ADMIN), refusal: NOT_ATTESTED },
    {
      name: 'federated admin',
      roles: ['admin'],
      identity: await foreign.issue({ uris: [FEDERATED_ADMIN] }),
      refusal: NOT_ATTESTED,
    },
    { name: 'local', roles: ['local'], identity: undefined, refusal: undefined },
  ];
}

/** Gets the agent another SVID and uses it once, whereupon the one that it had does not count any more. */
async function renew(deployment: Deployment, identity: TlsIdentity): Promise<void> {
  const target = { kind: 'tcp', host: '127.0.0.1', port: deployment.port } as const;
  await using old = new RpcClient({ ...target, tls: { ...identity, verifyServer: () => {} } });
  const privateKey = await generateKey('ec-p256');
  const csr = Buffer.from(await createCsr({ signer: signerFromKey(privateKey) }));
  const { svid } = await old.unary(AgentDefinition, 'renewAgent', { params: { csr } });
  const renewed = { certificateChain: svid?.certChain ?? [], privateKey, verifyServer: () => {} };
  await using fresh = new RpcClient({ ...target, tls: renewed });
  await fresh.unary(AgentDefinition, 'postStatus', { currentBundleSerial: 0n, agentVersion: '' });
}

/** An X509-SVID that the server signs on request. */
export async function mintIdentity(deployment: Deployment, id: string): Promise<TlsIdentity> {
  const folder = join(deployment.folder, `minted-${id.replace(/[^a-z0-9]/g, '-')}`);
  mkdirSync(folder, { recursive: true });
  await succeed(deployment, 'x509', 'mint', '-spiffeID', id, '-write', folder);
  const read = (name: string) => readFile(join(folder, name));
  const { certificates, privateKey } = parseX509SvidPem(await read('svid.pem'), await read('key.pem'));
  return { certificateChain: certificates.map(({ der }) => der), privateKey };
}

async function succeed(deployment: Deployment, ...args: string[]): Promise<void> {
  const done = await deployment.server(...args);
  if (done.code !== 0) throw new Error(`${args.join(' ')}: ${done.stdout}${done.stderr}`);
}
