import { derOid, derSequence } from '../../crypto/der/writer.ts';
import type { Extension } from '../../crypto/extensions.ts';
import type { Name } from '../../crypto/name.ts';
import { Oid } from '../../crypto/oids.ts';
import type { Composition } from './composition.ts';

/** What a CA certificate says by its composers. */
export interface ComposedX509Ca {
  readonly subject: Name;
  readonly extraExtensions?: readonly Extension[];
}

/** The subject of a CA and what else composers want in its certificate; the subject alone without any. */
export async function composedX509Ca(composition: Composition | undefined, subject: Name): Promise<ComposedX509Ca> {
  if (composition === undefined) return { subject };
  const made = await composition.serverX509Ca({ subject, policyIdentifiers: [], extraExtensions: [] });
  const policies = made.policyIdentifiers.length === 0 ? [] : [policiesExtension(made.policyIdentifiers)];
  return { subject: made.subject, extraExtensions: [...policies, ...made.extraExtensions] };
}

/** RFC 5280 section 4.2.1.4. */
function policiesExtension(identifiers: readonly string[]): Extension {
  const value = derSequence(...identifiers.map((identifier) => derSequence(derOid(identifier))));
  return { oid: Oid.certificatePolicies, isCritical: false, value };
}
