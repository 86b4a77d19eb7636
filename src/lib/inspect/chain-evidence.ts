import type { Certificate } from '../crypto/certificate.ts';
import { authorityIdOf } from './certificate-view.ts';

/** Authorities of a bundle that are named; those of years of rotation fill the screen. */
const MOST_NAMED = 8;

/**
 * Where a chain ends and what the bundle has instead, one line each: for a person who compares identifiers.
 *
 * @param chain leaf first
 */
export function chainEvidence(
  chain: readonly Certificate[],
  authorities: readonly Certificate[] | undefined,
  trustDomain: string,
): string[] {
  const last = lastOf(chain);
  if (last === undefined) return [];
  const wanted = wantedAuthority(chain);
  const lines = [
    `the chain ends at ${wanted === '' ? `"${last.issuer.rfc2253().slice(0, 200)}"` : `authority ${wanted}`}`,
  ];
  if (authorities === undefined) return [...lines, `there is no bundle of ${trustDomain}`];
  const ids = authorities.slice(0, MOST_NAMED).map(authorityIdOf);
  const more = authorities.length > MOST_NAMED ? ` and ${authorities.length - MOST_NAMED} more` : '';
  lines.push(`the bundle of ${trustDomain} has ${ids.length === 0 ? 'no X.509 authority' : ids.join(', ')}${more}`);
  return lines;
}

/** The identifier of the authority that the chain leads to by its own words; empty where it says none. */
export function wantedAuthority(chain: readonly Certificate[]): string {
  const last = lastOf(chain);
  if (last === undefined) return '';
  const isRoot = last.isCa && last.subject.equals(last.issuer);
  const id = isRoot ? last.subjectKeyId : last.authorityKeyId;
  return id === undefined ? '' : Buffer.from(id).toString('hex').slice(0, 128);
}

/** Follows the issuers from the leaf as far as the chain goes. */
function lastOf([leaf, ...others]: readonly Certificate[]): Certificate | undefined {
  let last = leaf;
  const left = [...others];
  for (let steps = 0; last !== undefined && steps < 16; steps += 1) {
    const child: Certificate = last;
    const index = left.findIndex((candidate) => candidate.subject.equals(child.issuer));
    if (index === -1) break;
    [last] = left.splice(index, 1);
  }
  return last;
}
