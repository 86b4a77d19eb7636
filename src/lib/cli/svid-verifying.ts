import { loadFile, loadStream } from '../inspect/bounded-file.ts';
import type { Document } from '../inspect/document.ts';
import type { DocumentFormat, DocumentOptions } from '../inspect/parse-documents.ts';
import { parseSource } from '../inspect/source.ts';
import { type SvidVerdict, verifyKeyPair, verifySvid } from '../inspect/svid-verification.ts';
import { TrustedBundles } from '../inspect/trusted-bundles.ts';
import { SpirekitError } from '../runtime/errors.ts';
import type { SpiffeId, TrustDomain } from '../spiffe/spiffe-id.ts';
import type { CommandContext } from './command-context.ts';
import { typedTrustDomain } from './inspect-flags.ts';

/** What SVIDs are to be held against, as the flags say it. */
export interface VerificationWishes {
  /** `SOURCE` or `TRUST-DOMAIN=SOURCE` each. */
  readonly bundles: readonly string[];
  readonly audience: readonly string[];
  readonly expected: SpiffeId | undefined;
  /** Of bundles that do not name theirs. */
  readonly trustDomain: TrustDomain | undefined;
  readonly nowMs: number;
}

/** How sources are read. */
interface Reading {
  readonly format: DocumentFormat;
  read(source: string, options: DocumentOptions): Promise<Document[]>;
}

/**
 * Verifies every SVID of a source. Without bundles those count that the source has itself, if it is a folder or a Workload
 * API: a file or a peer could bring a bundle of its own making.
 *
 * @throws SpirekitError `usage` without a bundle, `not-found` without an SVID, what sources cannot be read with
 */
export async function verdictsOn(source: string, wishes: VerificationWishes, reading: Reading): Promise<SvidVerdict[]> {
  const { bundles: given, trustDomain, audience, expected, nowMs } = wishes;
  const ownPurpose = given.length === 0 ? 'any' : 'svid';
  if (ownPurpose === 'any' && !bringsOwnBundle(source)) {
    throw new SpirekitError('usage', `--bundle is missing: ${source} cannot vouch for itself`);
  }
  const documents = await reading.read(source, { purpose: ownPurpose, format: reading.format, trustDomain });
  const svids = documents.filter((document) => document.kind !== 'bundle');
  if (svids.length === 0) throw new SpirekitError('not-found', `there is no SVID in ${source}`);
  const own = documents.filter((document) => document.kind === 'bundle');
  if (given.length === 0 && own.length === 0) {
    throw new SpirekitError('usage', `--bundle is missing: there is none in ${source}`);
  }
  const fromFlags = (await Promise.all(given.map((text) => givenBundle(text, trustDomain, reading)))).flat();
  const bundles = new TrustedBundles(given.length === 0 ? own : fromFlags);
  return await Promise.all(svids.map((svid) => verifySvid(svid, { bundles, audience, expected, nowMs })));
}

/** Checks form and key of an X509-SVID in PEM; both may be in one file. */
export async function keyPairVerdict(
  source: string,
  key: string,
  { io, signal }: Pick<CommandContext, 'io' | 'signal'>,
): Promise<SvidVerdict> {
  const read = (path: string) => (path === '-' ? loadStream('stdin', io.stdin) : loadFile(path, signal));
  const certificates = await read(source);
  return verifyKeyPair(source, certificates, key === '' || key === source ? certificates : await read(key));
}

/** What a flag `--bundle` names: `SOURCE` or `TRUST-DOMAIN=SOURCE`. @throws what the source cannot be read with */
export async function givenBundle(
  text: string,
  trustDomain: TrustDomain | undefined,
  { read }: Pick<Reading, 'read'>,
): Promise<Document[]> {
  const named = /^([a-z0-9._-]+|spiffe:\/\/[^=]*)=(.+)$/s.exec(text);
  const own = named?.[1] === undefined ? trustDomain : typedTrustDomain(named[1]);
  return await read(named?.[2] ?? text, { purpose: 'bundle', format: 'auto', trustDomain: own });
}

function bringsOwnBundle(source: string): boolean {
  const { kind } = parseSource(source);
  return kind === 'workload-api' || kind === 'path';
}
