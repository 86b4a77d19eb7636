import { createHash } from 'node:crypto';
import { SpirekitError } from '../../runtime/errors.ts';
import type { AuthorityStatus, SlotId } from './authority.ts';

/** One authority in the journal. Keys are not in it: they are in the key manager, under the kind and the slot. */
export interface JournalEntry {
  readonly slotId: SlotId;
  readonly authorityId: string;
  readonly issuedAtSeconds: number;
  readonly notAfterSeconds: number;
  readonly status: AuthorityStatus;
  /** The certificate of an X.509 CA or the SubjectPublicKeyInfo of a JWT key, in DER. */
  readonly publicDer: Uint8Array;
  /** Where an X.509 CA comes from that was signed upstream. */
  readonly upstream?: UpstreamOrigin | undefined;
}

/** The authority above an X.509 CA. */
export interface UpstreamOrigin {
  /** Subject key identifier in hex of the one that signed it. */
  readonly authorityId: string;
  /** The CA first, then those up to a root, in DER; without the root. */
  readonly chain: readonly Uint8Array[];
}

/** Authorities by kind, oldest first. */
export interface JournalRecord {
  readonly x509Cas: readonly JournalEntry[];
  readonly jwtKeys: readonly JournalEntry[];
}

const HEADER = /^spirekit-ca-journal 1 ([0-9a-f]{64})\n/;
const LATER_HEADER = /^spirekit-ca-journal [1-9][0-9]* /;
const STATUSES: ReadonlySet<unknown> = new Set<AuthorityStatus>(['prepared', 'active', 'old']);

/** A line with the version and the SHA-256 of the rest, then JSON. */
export function formatJournal(record: JournalRecord): Uint8Array {
  const body = JSON.stringify({ x509Cas: record.x509Cas.map(toJson), jwtKeys: record.jwtKeys.map(toJson) });
  return Buffer.from(`spirekit-ca-journal 1 ${sha256(body)}\n${body}`);
}

/**
 * Reads what {@link formatJournal} wrote. Throws `data-loss` for anything else: a server that guessed here could give
 * its trust domain a new root.
 */
export function parseJournal(bytes: Uint8Array): JournalRecord {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  const header = HEADER.exec(text);
  if (header === null) throw LATER_HEADER.test(text) ? writtenLater() : damaged('it does not begin as a journal');
  const body = text.slice(header[0].length);
  if (header[1] !== sha256(body)) throw damaged('its checksum does not match');
  let document: unknown;
  try {
    document = JSON.parse(body);
  } catch (cause) {
    throw damaged('it is not JSON', cause);
  }
  const { x509Cas, jwtKeys } = objectOf(document);
  return { x509Cas: listOf(x509Cas).map(fromJson), jwtKeys: listOf(jwtKeys).map(fromJson) };
}

function toJson({ upstream, ...entry }: JournalEntry): object {
  return {
    ...entry,
    publicDer: toBase64(entry.publicDer),
    ...(upstream && { upstream: { ...upstream, chain: upstream.chain.map(toBase64) } }),
  };
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

function fromJson(value: unknown): JournalEntry {
  const { slotId, authorityId, issuedAtSeconds, notAfterSeconds, status, publicDer, upstream } = objectOf(value);
  if (slotId !== 'A' && slotId !== 'B') throw damaged('an entry names no slot');
  if (!isStatus(status)) throw damaged('an entry has no known status');
  if (typeof authorityId !== 'string' || authorityId === '') throw damaged('an entry has no authority id');
  if (!isTime(issuedAtSeconds) || !isTime(notAfterSeconds)) throw damaged('an entry has no valid time');
  if (typeof publicDer !== 'string') throw damaged('an entry has no public part');
  return {
    slotId,
    authorityId,
    issuedAtSeconds,
    notAfterSeconds,
    status,
    publicDer: fromBase64(publicDer),
    ...(upstream !== undefined && { upstream: originFromJson(upstream) }),
  };
}

function originFromJson(value: unknown): UpstreamOrigin {
  const { authorityId, chain } = objectOf(value);
  if (typeof authorityId !== 'string') throw damaged('an upstream authority has no id');
  const certificates = listOf(chain).map((der) => {
    if (typeof der !== 'string') throw damaged('an upstream chain holds what is no certificate');
    return fromBase64(der);
  });
  if (certificates.length === 0) throw damaged('an upstream chain is empty');
  return { authorityId, chain: certificates };
}

function fromBase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'));
}

function isStatus(value: unknown): value is AuthorityStatus {
  return STATUSES.has(value);
}

function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function objectOf(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw damaged('a part of it is not an object');
  return { ...value };
}

function listOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw damaged('a part of it is not a list');
  return value;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function damaged(reason: string, cause?: unknown): SpirekitError {
  return new SpirekitError(
    'data-loss',
    `CA journal is damaged: ${reason}; restore the datastore and the keys from one backup, since starting without it would give the trust domain a new root`,
    cause === undefined ? undefined : { cause },
  );
}

function writtenLater(): SpirekitError {
  return new SpirekitError(
    'data-loss',
    'CA journal is in a format that this version does not know; start the newer version that wrote it, or restore the datastore and the keys from a backup made before the upgrade',
  );
}
