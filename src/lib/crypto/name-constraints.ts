import { CryptoError } from './crypto-error.ts';
import { DerReader } from './der/reader.ts';
import { decodeIa5 } from './der/strings.ts';
import { contextConstructed } from './der/tags.ts';
import { GeneralNameTag, isIpAddress, type SubjectAltNames } from './general-names.ts';

/** A network: an address and a mask of as many octets. */
interface IpRange {
  readonly address: Uint8Array;
  readonly mask: Uint8Array;
}

/** One list of subtrees, by kind. A kind that is not named is not constrained. */
interface Subtrees {
  readonly dnsNames: readonly string[];
  readonly emailAddresses: readonly string[];
  readonly uriHosts: readonly string[];
  readonly ipRanges: readonly IpRange[];
}

/** A name constraints extension (RFC 5280 section 4.2.1.10): which names may stand below a CA. */
export interface NameConstraints {
  readonly permitted: Subtrees;
  readonly excluded: Subtrees;
  /** It also constrains kinds of names, e.g. directory names, that are not looked at here. */
  readonly hasUnknownKinds: boolean;
}

/** More subtrees than any CA lists; each name of a chain is compared with each. */
const MAX_SUBTREES = 1024;

/**
 * Reads the extension's value.
 *
 * @throws CryptoError `invalid-encoding`
 */
export function parseNameConstraints(value: Uint8Array): NameConstraints {
  const outer = new DerReader(value);
  const sequence = outer.readSequence();
  outer.end();
  const permitted = parseSubtrees(sequence.readOptional(contextConstructed(0)));
  const excluded = parseSubtrees(sequence.readOptional(contextConstructed(1)));
  sequence.end();
  if (permitted.count + excluded.count === 0) throw malformed('empty');
  return {
    permitted: permitted.subtrees,
    excluded: excluded.subtrees,
    hasUnknownKinds: permitted.hasUnknownKinds || excluded.hasUnknownKinds,
  };
}

/**
 * Finds a name that a CA with these constraints may not stand above; undefined if all are fine. A URI whose host cannot be
 * told, or is an IP address, counts as not permitted once URIs are constrained (RFC 5280).
 */
export function findForbiddenName(constraints: NameConstraints, names: SubjectAltNames): string | undefined {
  const { permitted, excluded } = constraints;
  const find = <N, C>(
    candidates: readonly N[],
    allowed: readonly C[],
    refused: readonly C[],
    isWithin: (name: N, constraint: C, isExclusion: boolean) => boolean,
  ): N | undefined =>
    candidates.find(
      (name) =>
        (allowed.length > 0 && !allowed.some((constraint) => isWithin(name, constraint, false))) ||
        refused.some((constraint) => isWithin(name, constraint, true)),
    );
  const forbidden =
    find(names.dnsNames, permitted.dnsNames, excluded.dnsNames, isDnsNameWithin) ??
    find(names.uris, permitted.uriHosts, excluded.uriHosts, isUriWithin) ??
    find(names.emailAddresses, permitted.emailAddresses, excluded.emailAddresses, isEmailWithin);
  if (forbidden !== undefined) return forbidden;
  const address = find(names.ipAddresses, permitted.ipRanges, excluded.ipRanges, isIpWithin);
  return address && `IP address ${Buffer.from(address).toString('hex')}`;
}

function parseSubtrees(contents: Uint8Array | undefined): {
  readonly subtrees: Subtrees;
  readonly count: number;
  readonly hasUnknownKinds: boolean;
} {
  const dnsNames: string[] = [];
  const emailAddresses: string[] = [];
  const uriHosts: string[] = [];
  const ipRanges: IpRange[] = [];
  let count = 0;
  let hasUnknownKinds = false;
  const reader = new DerReader(contents ?? new Uint8Array());
  while (!reader.isAtEnd) {
    if (++count > MAX_SUBTREES) throw malformed('too many subtrees');
    const subtree = reader.readSequence();
    const { tag, contents: base } = subtree.readAny();
    // minimum is 0 and maximum is absent in this profile (RFC 5280 section 4.2.1.10), so neither is ever written.
    subtree.end();
    switch (tag) {
      case GeneralNameTag.dns:
        dnsNames.push(parseDomain(base));
        break;
      case GeneralNameTag.email:
        emailAddresses.push(parseEmailConstraint(base));
        break;
      case GeneralNameTag.uri: {
        const host = parseDomain(base);
        if (isIpAddress(host)) throw malformed('URI constraint is an IP address');
        uriHosts.push(host);
        break;
      }
      case GeneralNameTag.ip:
        ipRanges.push(parseIpRange(base));
        break;
      default:
        hasUnknownKinds = true;
    }
  }
  return { subtrees: { dnsNames, emailAddresses, uriHosts, ipRanges }, count, hasUnknownKinds };
}

/** A host or domain, perhaps with a dot in front; empty means all. */
function parseDomain(contents: Uint8Array): string {
  const domain = decodeIa5(contents);
  if (!/^(\.?[!-\-/-~]+(\.[!-\-/-~]+)*)?$/.test(domain)) throw malformed(`domain "${domain}"`);
  return domain.toLowerCase();
}

/** A mailbox, or a host or domain as above. */
function parseEmailConstraint(contents: Uint8Array): string {
  const at = contents.lastIndexOf(0x40);
  if (at === 0) throw malformed('mailbox');
  const domain = parseDomain(contents.subarray(at + 1));
  if (at > 0 && domain === '') throw malformed('mailbox');
  return `${decodeIa5(contents.subarray(0, at + 1))}${domain}`;
}

function parseIpRange(contents: Uint8Array): IpRange {
  if (contents.length !== 8 && contents.length !== 32) throw malformed('IP range');
  const half = contents.length / 2;
  const mask = contents.subarray(half);
  const bits = [...mask].map((octet) => octet.toString(2).padStart(8, '0')).join('');
  if (!/^1*0*$/.test(bits)) throw malformed('IP mask');
  return { address: contents.subarray(0, half), mask };
}

/** A DNS constraint covers the name itself and what is below it; with a dot in front only the latter. */
function isDnsNameWithin(name: string, constraint: string, isExclusion: boolean): boolean {
  const lower = name.toLowerCase();
  if (constraint === '') return true;
  if (constraint.startsWith('.')) return lower.length > constraint.length && lower.endsWith(constraint);
  return lower === constraint || lower.endsWith(`.${constraint}`) || (isExclusion && coversWildcard(lower, constraint));
}

/** `*.example.com` could stand for `www.example.com`; whoever excludes the latter excludes the former. */
function coversWildcard(name: string, constraint: string): boolean {
  const dot = constraint.indexOf('.');
  return name.startsWith('*.') && dot !== -1 && constraint.slice(dot) === name.slice(1);
}

/**
 * RFC 5280 takes a URI constraint without a dot in front as exactly that host; Go also takes hosts below it. Each side gets
 * the stricter reading: a permitted host is that host alone, an excluded one takes all below with it.
 */
function isUriWithin(uri: string, constraint: string, isExclusion: boolean): boolean {
  const host = findUriHost(uri);
  if (host === undefined || isIpAddress(host)) return isExclusion;
  if (constraint === '') return true;
  if (isExclusion || constraint.startsWith('.')) return isDnsNameWithin(host, constraint, isExclusion);
  return host === constraint;
}

function findUriHost(uri: string): string | undefined {
  const match = /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#@]*@)?(\[[^\]/?#]*\]|[^/?#@:[\]]+)(?::[0-9]*)?(?:[/?#]|$)/i.exec(uri);
  return match?.[1]?.toLowerCase();
}

/** An address constrains that mailbox, a host the mailboxes on it, a domain with a dot in front those below it. */
function isEmailWithin(email: string, constraint: string, isExclusion: boolean): boolean {
  const at = email.lastIndexOf('@');
  if (at === -1) return isExclusion;
  const domain = email.slice(at + 1).toLowerCase();
  const constraintAt = constraint.lastIndexOf('@');
  if (constraintAt !== -1) {
    return email.slice(0, at) === constraint.slice(0, constraintAt) && domain === constraint.slice(constraintAt + 1);
  }
  if (constraint === '') return true;
  return isExclusion || constraint.startsWith('.')
    ? isDnsNameWithin(domain, constraint, isExclusion)
    : domain === constraint;
}

function isIpWithin(address: Uint8Array, range: IpRange): boolean {
  return (
    address.length === range.address.length &&
    address.every((octet, i) => (octet & (range.mask[i] ?? 0)) === ((range.address[i] ?? 0) & (range.mask[i] ?? 0)))
  );
}

function malformed(what: string): CryptoError {
  return new CryptoError('invalid-encoding', `malformed name constraints: ${what}`);
}
