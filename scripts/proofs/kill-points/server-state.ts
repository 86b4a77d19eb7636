import type { ServerClient } from '../../../src/lib/client/server-client.ts';
import { Certificate } from '../../../src/lib/crypto/certificate.ts';
import { createCsr } from '../../../src/lib/crypto/csr.ts';
import { generateKey } from '../../../src/lib/crypto/key.ts';
import { signerFromKey } from '../../../src/lib/crypto/signer.ts';
import { verifyX509Svid } from '../../../src/lib/spiffe/x509-svid.ts';
import type { AuthorityState } from '../../../src/lib/wire/gen/spire/api/server/localauthority/v1/localauthority.ts';

/** The authorities of one kind, by ID; undefined for a slot that is empty. */
export interface AuthorityIds {
  readonly active: string | undefined;
  readonly prepared: string | undefined;
  readonly old: string | undefined;
}

/** What operators and agents may have seen of a server. */
export interface ServerState {
  /** The X.509 roots of the bundle, by subject key identifier in hex, with whether they are tainted. */
  readonly roots: ReadonlyMap<string, boolean>;
  /** The JWT keys of the bundle, by ID, with whether they are tainted. */
  readonly jwtKeys: ReadonlyMap<string, boolean>;
  readonly x509: AuthorityIds;
  readonly jwt: AuthorityIds;
  /** Paths of the attested agents. */
  readonly agents: readonly string[];
  /** Entry IDs by path. */
  readonly entries: ReadonlyMap<string, string>;
}

/** Reads it from a running server, and throws where it does not hold together. */
export async function readServerState(client: ServerClient): Promise<ServerState> {
  const bundle = await client.bundle.getBundle({ outputMask: undefined });
  const roots = bundle.x509Authorities.map(({ asn1, tainted }) => [Certificate.parse(asn1), tainted] as const);
  const x509 = idsOf(await client.localAuthority.getX509AuthorityState({}));
  const jwt = idsOf(await client.localAuthority.getJWTAuthorityState({}));
  const { agents } = await client.agent.listAgents({
    filter: undefined,
    outputMask: undefined,
    pageSize: 0,
    pageToken: '',
  });
  const { entries } = await client.entry.listEntries({
    filter: undefined,
    outputMask: undefined,
    pageSize: 0,
    pageToken: '',
  });
  const state = {
    roots: new Map(
      roots.map(([root, tainted]) => [Buffer.from(root.subjectKeyId ?? []).toString('hex'), tainted] as const),
    ),
    jwtKeys: new Map(bundle.jwtAuthorities.map(({ keyId, tainted }) => [keyId, tainted] as const)),
    x509,
    jwt,
    agents: agents.map(({ id }) => id?.path ?? ''),
    entries: new Map(entries.map(({ id, spiffeId }) => [spiffeId?.path ?? '', id] as const)),
  };
  for (const id of [x509.active, x509.prepared]) {
    if (id !== undefined && !state.roots.has(id)) throw new Error(`X.509 authority ${id} is not in the bundle`);
  }
  for (const id of [jwt.active, jwt.prepared]) {
    if (id !== undefined && !state.jwtKeys.has(id)) throw new Error(`JWT authority ${id} is not in the bundle`);
  }
  await checkSigning(
    client,
    roots.map(([root]) => root),
  );
  return state;
}

function idsOf(state: {
  readonly active: AuthorityState | undefined;
  readonly prepared: AuthorityState | undefined;
  readonly old: AuthorityState | undefined;
}): AuthorityIds {
  const { active, prepared, old } = state;
  return { active: active?.authorityId, prepared: prepared?.authorityId, old: old?.authorityId };
}

/** F2: whoever has the bundle can verify what the server signs. */
async function checkSigning(client: ServerClient, roots: readonly Certificate[]): Promise<void> {
  const csr = await createCsr({
    signer: signerFromKey(await generateKey('ec-p256')),
    uris: ['spiffe://example.org/minted'],
  });
  const { svid } = await client.svid.mintX509SVID({ csr, ttl: 60 });
  const chain = (svid?.certChain ?? []).map((der) => Certificate.parse(der));
  verifyX509Svid(chain, { getX509Bundle: () => roots }, { nowMs: Date.now() });
}

/** Throws unless everything that could be seen before is there still, except what is named. */
export function checkNothingLost(before: ServerState, after: ServerState, except: readonly string[] = []): void {
  const lost = [
    ...[...before.roots.keys()].filter((id) => !after.roots.has(id)),
    ...[...before.jwtKeys.keys()].filter((id) => !after.jwtKeys.has(id)),
    ...[...before.entries.values()].filter((id) => ![...after.entries.values()].includes(id)),
    ...before.agents.filter((path) => !after.agents.includes(path)),
  ].filter((id) => !except.includes(id));
  if (lost.length > 0) throw new Error(`lost: ${lost.join(', ')}`);
  for (const [id, isTainted] of [...before.roots, ...before.jwtKeys]) {
    const isStill = after.roots.get(id) ?? after.jwtKeys.get(id);
    if (isTainted && isStill === false) throw new Error(`authority ${id} is no longer tainted`);
  }
}
