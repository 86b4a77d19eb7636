import type { Certificate } from '../crypto/certificate.ts';
import { SpirekitError } from '../runtime/errors.ts';
import type { X509Svid } from '../spiffe/x509-svid.ts';
import type { IdentityChoice } from '../workloadapi/choose-identity.ts';
import { type FileNames, nameOf } from './file-names.ts';
import { bundleOf, type IdentityContents, verifiedIdentities } from './identity-contents.ts';
import type { FilePart, IdentityFile } from './identity-file.ts';
import { helperJwtParts, JWT_NAMES, jwtParts } from './layouts/jwt-files.ts';
import type { FederatedBundles, LaidOutIdentity, Layout, LayoutOptions } from './layouts/layout.ts';
import { LAYOUTS, type LayoutName } from './layouts/layouts.ts';

/** What a person asked the files to be like. */
export interface FilePlan extends Omit<LayoutOptions, 'federated'> {
  readonly layout: LayoutName;
  readonly choice: IdentityChoice;
  /** Where it says nothing, the layout's own names count. */
  readonly names: FileNames;
  /** Permission bits of files without a secret; by default 0644. */
  readonly mode: number;
  /** Permission bits of files with a private key or a token; by default 0600. */
  readonly keyMode: number;
  /** Undefined for what the layout does by default. */
  readonly federated?: FederatedBundles | undefined;
  /** Leaves authorities out of bundles whose time is over. */
  readonly omitsExpired: boolean;
}

/**
 * The files of an identity: chosen, verified, laid out and named. The same contents and plan give the same files, byte
 * for byte.
 *
 * @throws SpirekitError `no-identity`, `invalid-x509-svid`, `invalid-bundle`, `usage` for names that cannot be or clash
 */
export async function identityFiles(
  contents: IdentityContents,
  plan: FilePlan,
  options: { readonly nowMs: number },
): Promise<IdentityFile[]> {
  const layout: Layout = LAYOUTS[plan.layout];
  const { nowMs } = options;
  const svids = verifiedIdentities(contents.x509, plan.choice, { nowMs, onlyFirst: !layout.holdsAll });
  const layoutOptions = { ...plan, federated: plan.federated ?? layout.federated };
  const parts: FilePart[] = [];
  for (const [n, svid] of svids.entries()) {
    parts.push(...(await layout.parts(laidOut(svid, contents, plan, nowMs), n, layoutOptions)));
  }
  const ownTrustDomain = svids[0]?.id.trustDomain.name ?? '';
  parts.push(...(plan.layout === 'helper' ? helperJwtParts : jwtParts)(contents, ownTrustDomain));
  return named(parts, { ...JWT_NAMES, ...layout.names, ...plan.names }, plan);
}

function laidOut(svid: X509Svid, { x509 }: IdentityContents, plan: FilePlan, nowMs: number): LaidOutIdentity {
  const own = svid.id.trustDomain.name;
  const kept = (certificates: readonly Certificate[]): readonly Certificate[] =>
    plan.omitsExpired ? certificates.filter(({ notAfterMs }) => notAfterMs >= nowMs) : certificates;
  const others = [...x509.bundles.keys()].filter((name) => name !== own).sort();
  return {
    svid,
    bundle: kept(bundleOf(x509.bundles, own)),
    federated: others.map((name) => [name, kept(bundleOf(x509.bundles, name))] as const),
  };
}

function named(parts: readonly FilePart[], names: FileNames, { mode, keyMode }: FilePlan): IdentityFile[] {
  const files = new Map<string, IdentityFile>();
  for (const part of parts) {
    const pattern = names[part.role];
    if (pattern === undefined) throw new SpirekitError('internal', `a file for ${part.role} has no name`);
    const name = nameOf(pattern, part);
    const other = files.get(name);
    if (other !== undefined) {
      throw new SpirekitError(
        'usage',
        `two files would be called "${name}" (${other.role} and ${part.role}): put {n}, {m} or {td} into their names`,
      );
    }
    files.set(name, { name, role: part.role, data: part.data, mode: part.isSecret ? keyMode : mode });
  }
  return [...files.values()];
}
