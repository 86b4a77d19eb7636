import { createPublicKey, type KeyObject } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { publicKeyDer } from '../crypto/key.ts';
import { fileError, loadFile } from '../inspect/bounded-file.ts';
import type { BundleDocument, ChainDocument, Document } from '../inspect/document.ts';
import { loadFolderParts } from '../inspect/folder-source.ts';
import { type ParsedDocuments, parseDocuments } from '../inspect/parse-documents.ts';
import type { Source } from '../inspect/source.ts';
import type { SourceContext } from '../inspect/source-context.ts';
import { TrustedBundles } from '../inspect/trusted-bundles.ts';
import type { RpcTarget } from '../rpc/target.ts';
import { SpirekitError } from '../runtime/errors.ts';
import { type SpiffeId, TrustDomain } from '../spiffe/spiffe-id.ts';
import { getSpiffeId, X509Svid } from '../spiffe/x509-svid.ts';
import type { X509SVIDResponse } from '../wire/gen/workload.ts';
import { WorkloadApiClient } from '../workloadapi/client.ts';
import { parseX509Context } from '../workloadapi/x509-context.ts';

/** Who one is towards peers, and by what one knows them. */
export interface MtlsIdentity {
  readonly svid: X509Svid;
  readonly bundles: TrustedBundles;
}

/** Which of several identities, and by which bundles beside its own peers are known. */
export interface IdentityWishes {
  /** The first by default. */
  readonly id?: SpiffeId | undefined;
  /** Count in place of those that the identity brings along, if there are any. */
  readonly bundles: readonly Document[];
}

/** Where an identity comes from: a Workload API keeps it fresh, files do not. */
export type IdentityOrigin =
  | { readonly kind: 'workload-api'; readonly target: RpcTarget }
  | { readonly kind: 'files'; readonly path: string; readonly isFolder: boolean };

/** @throws SpirekitError `invalid-argument` for a source that gives nobody a private key; what a path cannot be looked at with */
export async function originOf(
  source: Source,
  context: Pick<SourceContext, 'usualWorkloadApi'>,
): Promise<IdentityOrigin> {
  switch (source.kind) {
    case 'workload-api':
      return { kind: 'workload-api', target: source.address ?? (await context.usualWorkloadApi()) };
    case 'path': {
      const found = await stat(source.path).catch((cause: unknown) => {
        throw fileError(`open ${source.path}`, cause);
      });
      if (found.isSocket()) return { kind: 'workload-api', target: { kind: 'unix', path: source.path } };
      return { kind: 'files', path: source.path, isFolder: found.isDirectory() };
    }
    case 'stdin':
    case 'server':
    case 'https':
    case 'tls':
      throw new SpirekitError('invalid-argument', 'an own identity comes from a Workload API, a folder or a PEM file');
  }
}

/**
 * The identity as it is now.
 *
 * @throws SpirekitError `not-found` without the wanted SVID, `invalid-x509-svid`, `invalid-bundle`, what files and sockets
 *   refuse with
 */
export async function loadIdentity(
  origin: IdentityOrigin,
  wishes: IdentityWishes,
  { signal, timeoutMs }: Pick<SourceContext, 'signal' | 'timeoutMs'>,
): Promise<MtlsIdentity> {
  if (origin.kind === 'workload-api') {
    await using client = new WorkloadApiClient(origin.target);
    return identityOf(await client.fetchX509Svid({ signal, timeoutMs }), wishes);
  }
  const parts = origin.isFolder
    ? await loadFolderParts(origin.path, { purpose: 'any' }, signal)
    : parseDocuments(origin.path, await loadFile(origin.path, signal), { purpose: 'any' });
  return identityOfFiles(origin.path, parts, wishes);
}

/** The identity in an answer of the Workload API. @throws SpirekitError as {@link loadIdentity} */
export function identityOf(response: X509SVIDResponse, { id, bundles: given }: IdentityWishes): MtlsIdentity {
  const { svids, bundles } = parseX509Context(response);
  const svid = id === undefined ? svids[0] : svids.find((each) => each.id.equals(id));
  if (svid === undefined) {
    const others = svids.map((each) => each.id).join(', ');
    throw new SpirekitError('not-found', `the Workload API has no SVID ${id} for this process, only ${others}`);
  }
  const own = [...bundles].map(
    ([name, certificates]): BundleDocument => ({
      ...EMPTY_BUNDLE,
      trustDomain: TrustDomain.parse(name),
      x509Authorities: certificates.map((certificate) => ({ certificate, isTainted: false })),
    }),
  );
  return { svid, bundles: new TrustedBundles(given.length > 0 ? given : own) };
}

const EMPTY_BUNDLE = {
  kind: 'bundle',
  name: 'of the Workload API',
  form: 'workload-api',
  jwtAuthorities: [],
  witAuthorities: [],
  sequenceNumber: undefined,
  refreshHint: undefined,
} as const;

function identityOfFiles(
  path: string,
  { documents, privateKeys }: ParsedDocuments,
  wishes: IdentityWishes,
): MtlsIdentity {
  const chains = documents.filter((document) => document.kind === 'chain');
  const svids = chains.flatMap((chain) => findOwn(chain, privateKeys, wishes.id));
  const [svid] = svids;
  if (svid === undefined) {
    const what = chains.length === 0 ? 'no SVID' : 'no SVID with its private key';
    throw new SpirekitError(
      'not-found',
      `there is ${what}${wishes.id === undefined ? '' : ` of ${wishes.id}`} in ${path}`,
    );
  }
  const own = documents.filter((document) => document.kind === 'bundle');
  return { svid, bundles: new TrustedBundles(wishes.bundles.length > 0 ? wishes.bundles : own) };
}

/** Also one that breaks rules or has expired: what peers say of it is what is to be found out. */
function findOwn(
  { certificates, hint }: ChainDocument,
  keys: readonly KeyObject[],
  wanted: SpiffeId | undefined,
): X509Svid[] {
  const [leaf] = certificates;
  if (leaf === undefined) return [];
  const key = keys.find((each) => Buffer.compare(publicKeyDer(createPublicKey(each)), leaf.publicKeyDer) === 0);
  if (key === undefined) return [];
  const id = getSpiffeId(leaf);
  return wanted === undefined || wanted.equals(id) ? [new X509Svid(id, certificates, key, hint)] : [];
}
