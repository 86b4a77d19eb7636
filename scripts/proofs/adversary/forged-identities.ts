import { Certificate } from '../../../src/lib/crypto/certificate.ts';
import { Name } from '../../../src/lib/crypto/name.ts';
import { BundleDefinition } from '../../../src/lib/wire/gen/spire/api/server/bundle/v1/bundle.ts';
import { ForeignAuthority, type TlsIdentity } from '../../../test/support/authorization/foreign-authority.ts';
import {
  CONFIGURED_ADMIN,
  FEDERATED_ADMIN,
  FOREIGN_TRUST_DOMAIN,
  type MatrixDeployment,
} from '../../../test/support/authorization/matrix-callers.ts';

/** What the adversary presents. */
export interface ForgedIdentity {
  readonly name: string;
  readonly identity: TlsIdentity;
}

/** What is worth being in the trust domain under attack. */
interface Targets {
  /** IDs that are let in somewhere. */
  readonly ids: readonly string[];
  readonly agent: Certificate;
  /** The root of the trust domain. */
  readonly root: Certificate;
  /** A chain that the trust domain's own CA signed. */
  readonly genuine: readonly Uint8Array[];
}

const HOUR_MS = 3_600_000;

/** Other ways to write an ID, none of which is that ID. */
const SPELLINGS: readonly ((trustDomain: string, path: string) => string)[] = [
  (trustDomain, path) => `SPIFFE://${trustDomain}${path}`,
  (trustDomain, path) => `spiffe://${trustDomain.toUpperCase()}${path}`,
  (trustDomain, path) => `spiffe://${trustDomain}.${path}`,
  (trustDomain, path) => `spiffe://${trustDomain}:8081${path}`,
  (trustDomain, path) => `spiffe://user@${trustDomain}${path}`,
  (trustDomain, path) => `spiffe://${trustDomain}/.${path}`,
  (trustDomain, path) => `spiffe://${trustDomain}/x/..${path}`,
  (trustDomain, path) => `spiffe://${trustDomain}/${path}`,
  (trustDomain, path) => `spiffe://${trustDomain}${path}/`,
  (trustDomain, path) => `spiffe://${trustDomain}${path}?x`,
  (trustDomain, path) => `spiffe://${trustDomain}${path}#x`,
  (trustDomain, path) =>
    `spiffe://${trustDomain}${path.replace(/\w$/, (letter) => `%${letter.charCodeAt(0).toString(16)}`)}`,
  (trustDomain, path) => `spiffe://${trustDomain}${path.toUpperCase()}`,
  (trustDomain, path) => `spiffe:///${trustDomain}${path}`,
  (trustDomain, path) => ` spiffe://${trustDomain}${path}`,
  (trustDomain, path) => `spiffe://${trustDomain}%2e${path}`,
];

/** Everything that the CA of a federated trust domain can sign to be taken for somebody else. */
export async function forgeIdentities(deployment: MatrixDeployment): Promise<ForgedIdentity[]> {
  const { foreign } = deployment;
  const targets = findTargets(deployment, await rootOf(deployment));
  const forged: ForgedIdentity[] = [];
  const add = (name: string, identity: TlsIdentity): void => void forged.push({ name, identity });
  for (const id of targets.ids) add(id, await foreign.issue({ uris: [id] }));
  add(
    'the agent, with its serial number',
    await foreign.issue({ uris: targets.agent.uris, serialNumber: targets.agent.serialNumber }),
  );
  for (const path of ['/other', '/spire/server', '/spire/agent/join_token/x', '/boss/x', '/bos', '']) {
    const id = `spiffe://${FOREIGN_TRUST_DOMAIN}${path}`;
    add(`${id}, whom nobody lets in`, await foreign.issue({ uris: [id] }));
  }
  await forgeSpellings(foreign, add);
  await forgeForms(foreign, targets, add);
  await forgeChains(foreign, targets, add);
  return forged;
}

type Add = (name: string, identity: TlsIdentity) => void;

async function forgeSpellings(foreign: ForeignAuthority, add: Add): Promise<void> {
  for (const [trustDomain, path] of [
    [FOREIGN_TRUST_DOMAIN, '/boss'],
    ['example.org', '/admin'],
    ['example.org', '/configured-admin'],
    ['example.org', '/spire/server'],
  ] as const) {
    for (const spell of SPELLINGS) {
      const uri = spell(trustDomain, path);
      add(`the name ${JSON.stringify(uri)}`, await foreign.issue({ uris: [uri] }));
    }
  }
}

/** Certificates that are not what an SVID has to be. */
async function forgeForms(foreign: ForeignAuthority, { ids }: Targets, add: Add): Promise<void> {
  const now = Date.now();
  for (const id of ids) {
    add(`two names, ${id} first`, await foreign.issue({ uris: [id, FEDERATED_ADMIN] }));
    add(`two names, ${id} last`, await foreign.issue({ uris: [FEDERATED_ADMIN, id] }));
  }
  add('the same name twice', await foreign.issue({ uris: [FEDERATED_ADMIN, FEDERATED_ADMIN] }));
  add('no name', await foreign.issue({ uris: [] }));
  add(
    'a name that is only a DNS name',
    await foreign.issue({ uris: [], dnsNames: ['far.example', 'boss.far.example'] }),
  );
  const subject = Name.of({ commonName: FEDERATED_ADMIN });
  add('a name that is only the subject', await foreign.issue({ uris: [], subject }));
  const admin = { uris: [FEDERATED_ADMIN] };
  add(
    'the federated admin, expired',
    await foreign.issue({ ...admin, notBefore: new Date(now - 2 * HOUR_MS), notAfter: new Date(now - HOUR_MS) }),
  );
  add(
    'the federated admin, not valid yet',
    await foreign.issue({ ...admin, notBefore: new Date(now + HOUR_MS), notAfter: new Date(now + 2 * HOUR_MS) }),
  );
  add('the federated admin as a CA', await foreign.issue({ ...admin, isCa: true }));
  add(
    'the federated admin that may sign certificates',
    await foreign.issue({ ...admin, keyUsages: ['digitalSignature', 'keyCertSign'] }),
  );
  add('the federated admin that may not sign', await foreign.issue({ ...admin, keyUsages: ['keyEncipherment'] }));
}

/** Chains that lead elsewhere than they say. */
async function forgeChains(foreign: ForeignAuthority, { ids, root, genuine }: Targets, add: Add): Promise<void> {
  const ownName = await foreign.makeIntermediate('spiffe://example.org');
  const ownSubject = await foreign.makeIntermediate('spiffe://example.org', root.subject);
  const stranger = await ForeignAuthority.make(FOREIGN_TRUST_DOMAIN);
  for (const id of ids) {
    add(`${id}, below an intermediate that names the trust domain`, await ownName.issue({ uris: [id] }));
    add(`${id}, below an intermediate with the subject of its root`, await ownSubject.issue({ uris: [id] }));
    const leaf = await foreign.issue({ uris: [id] });
    add(`${id}, followed by the root`, { ...leaf, certificateChain: [...leaf.certificateChain, root.der] });
    add(`${id}, followed by a genuine chain`, {
      ...leaf,
      certificateChain: [...leaf.certificateChain, ...genuine, root.der],
    });
    const posing = { uris: [id], issuer: root.subject, authorityKeyId: root.subjectKeyId };
    const posed = await foreign.issue(posing);
    add(`${id}, naming the root as its issuer`, { ...posed, certificateChain: [...posed.certificateChain, root.der] });
    const padding = Array.from({ length: 20 }, () => root.der);
    add(`${id}, followed by 20 roots`, { ...leaf, certificateChain: [...leaf.certificateChain, ...padding] });
  }
  add('the federated admin, by a CA that only says to be its own', await stranger.issue({ uris: [FEDERATED_ADMIN] }));
  const stolen = await stranger.issue({ uris: [FEDERATED_ADMIN] });
  const padded = [...stolen.certificateChain, foreign.certificate.der];
  add('the same, followed by its true CA', { ...stolen, certificateChain: padded });
}

function findTargets({ callers }: MatrixDeployment, root: Certificate): Targets {
  const leafOf = (name: string): Certificate => {
    const identity = callers.find((caller) => caller.name === name)?.identity;
    const leaf = typeof identity === 'object' ? identity.certificateChain[0] : undefined;
    if (leaf === undefined) throw new Error(`${name} has no certificate`);
    return Certificate.parse(leaf);
  };
  const agent = leafOf('agent');
  const idOf = (name: string): string => leafOf(name).uris[0] ?? '';
  const genuine = callers.find(({ name }) => name === 'workload')?.identity;
  return {
    ids: [
      'spiffe://example.org/spire/server',
      idOf('agent'),
      idOf('admin entry'),
      CONFIGURED_ADMIN,
      idOf('downstream'),
    ],
    agent,
    root,
    genuine: typeof genuine === 'object' ? genuine.certificateChain : [],
  };
}

async function rootOf(deployment: MatrixDeployment): Promise<Certificate> {
  await using local = deployment.connectAs(undefined);
  const { x509Authorities } = await local.unary(BundleDefinition, 'getBundle', { outputMask: undefined });
  const [root] = x509Authorities;
  if (root === undefined) throw new Error('the server has no root');
  return Certificate.parse(root.asn1);
}
