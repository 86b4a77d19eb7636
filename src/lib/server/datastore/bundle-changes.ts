import { Certificate } from '../../crypto/certificate.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import type { AuthorityBundle, KeyAuthority, X509Authority } from '../../spiffe/authority-bundle.ts';
import type { KeyAuthorityKind } from './bundle-store.ts';

/**
 * Adds the authorities of `added` that `bundle` does not hold yet and raises the sequence number; undefined when nothing
 * is new. An authority that differs only in taint or expiry is known.
 */
export function appendAuthorities(bundle: AuthorityBundle, added: AuthorityBundle): AuthorityBundle | undefined {
  const x509Authorities = union(bundle.x509Authorities, added.x509Authorities, (authority) =>
    Buffer.from(authority.certificate).toString('base64'),
  );
  const jwtAuthorities = union(bundle.jwtAuthorities, added.jwtAuthorities, (key) => key.keyId);
  const witAuthorities = union(bundle.witAuthorities, added.witAuthorities, (key) => key.keyId);
  const isChanged =
    x509Authorities.length > bundle.x509Authorities.length ||
    jwtAuthorities.length > bundle.jwtAuthorities.length ||
    witAuthorities.length > bundle.witAuthorities.length;
  return isChanged ? next(bundle, { x509Authorities, jwtAuthorities, witAuthorities }) : undefined;
}

/** Drops what expired at or before the time; a kind that expired as a whole stays. Undefined when nothing changes. */
export function pruneAuthorities(bundle: AuthorityBundle, expiredBeforeSeconds: number): AuthorityBundle | undefined {
  const isKeyCurrent = (key: KeyAuthority): boolean =>
    key.expiresAtSeconds === 0 || key.expiresAtSeconds > expiredBeforeSeconds;
  const x509Authorities = keepCurrent(
    bundle.x509Authorities,
    (authority) => Certificate.parse(authority.certificate).notAfterMs > expiredBeforeSeconds * 1000,
  );
  const jwtAuthorities = keepCurrent(bundle.jwtAuthorities, isKeyCurrent);
  const witAuthorities = keepCurrent(bundle.witAuthorities, isKeyCurrent);
  const isChanged =
    x509Authorities.length < bundle.x509Authorities.length ||
    jwtAuthorities.length < bundle.jwtAuthorities.length ||
    witAuthorities.length < bundle.witAuthorities.length;
  return isChanged ? next(bundle, { x509Authorities, jwtAuthorities, witAuthorities }) : undefined;
}

/** Marks every root with this subject key identifier. Errors: `not-found`, `invalid-argument` when it is marked already. */
export function taintX509(bundle: AuthorityBundle, subjectKeyId: string): AuthorityBundle {
  const { named, x509Authorities } = splitX509(bundle, subjectKeyId);
  if (named.length === 0) throw new SpirekitError('not-found', 'no ca found with provided subject key ID');
  if (named.some((authority) => authority.tainted)) {
    throw new SpirekitError('invalid-argument', 'root CA is already tainted');
  }
  return next(bundle, {
    x509Authorities: x509Authorities.map((authority) =>
      named.includes(authority) ? { ...authority, tainted: true } : authority,
    ),
  });
}

/** Drops every root with this subject key identifier. Errors: `not-found`, `invalid-argument` when it is not tainted. */
export function revokeX509(bundle: AuthorityBundle, subjectKeyId: string): AuthorityBundle {
  const { named, x509Authorities } = splitX509(bundle, subjectKeyId);
  if (named.length === 0) throw new SpirekitError('not-found', 'no root CA found with provided subject key ID');
  if (named.some((authority) => !authority.tainted)) {
    throw new SpirekitError('invalid-argument', 'it is not possible to revoke an untainted root CA');
  }
  return next(bundle, { x509Authorities: x509Authorities.filter((authority) => !named.includes(authority)) });
}

/** Marks a key. Errors: `not-found`, `invalid-argument` when it is marked already. */
export function taintKey(
  bundle: AuthorityBundle,
  kind: KeyAuthorityKind,
  keyId: string,
): { bundle: AuthorityBundle; key: KeyAuthority } {
  const found = getKey(bundle, kind, keyId);
  if (found.tainted) throw new SpirekitError('invalid-argument', 'key is already tainted');
  const key = { ...found, tainted: true };
  const keys = keysOf(bundle, kind).map((each) => (each === found ? key : each));
  return { bundle: next(bundle, { [FIELDS[kind]]: keys }), key };
}

/** Drops a key. Errors: `not-found`, `invalid-argument` when it is not tainted. */
export function revokeKey(
  bundle: AuthorityBundle,
  kind: KeyAuthorityKind,
  keyId: string,
): { bundle: AuthorityBundle; key: KeyAuthority } {
  const key = getKey(bundle, kind, keyId);
  if (!key.tainted) throw new SpirekitError('invalid-argument', 'it is not possible to revoke an untainted key');
  return { bundle: next(bundle, { [FIELDS[kind]]: keysOf(bundle, kind).filter((each) => each !== key) }), key };
}

const FIELDS = { jwt: 'jwtAuthorities', wit: 'witAuthorities' } as const;

function keysOf(bundle: AuthorityBundle, kind: KeyAuthorityKind): readonly KeyAuthority[] {
  return bundle[FIELDS[kind]];
}

function getKey(bundle: AuthorityBundle, kind: KeyAuthorityKind, keyId: string): KeyAuthority {
  const key = keysOf(bundle, kind).find((each) => each.keyId === keyId);
  if (key === undefined) {
    throw new SpirekitError('not-found', `no ${kind.toUpperCase()} Key found with provided key ID`);
  }
  return key;
}

function splitX509(
  bundle: AuthorityBundle,
  subjectKeyId: string,
): { named: readonly X509Authority[]; x509Authorities: readonly X509Authority[] } {
  const named = bundle.x509Authorities.filter(({ certificate }) => {
    const id = Certificate.parse(certificate).subjectKeyId;
    return id !== undefined && Buffer.from(id).toString('hex') === subjectKeyId;
  });
  return { named, x509Authorities: bundle.x509Authorities };
}

function next(bundle: AuthorityBundle, changes: Partial<AuthorityBundle>): AuthorityBundle {
  return { ...bundle, ...changes, sequenceNumber: bundle.sequenceNumber + 1n };
}

function union<T>(present: readonly T[], added: readonly T[], keyOf: (item: T) => string): readonly T[] {
  const known = new Map(present.map((item) => [keyOf(item), item]));
  for (const item of added) if (!known.has(keyOf(item))) known.set(keyOf(item), item);
  return [...known.values()];
}

function keepCurrent<T>(items: readonly T[], isCurrent: (item: T) => boolean): readonly T[] {
  const current = items.filter(isCurrent);
  return current.length === 0 ? items : current;
}
