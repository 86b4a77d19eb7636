import type { Certificate } from '../../../src/lib/crypto/certificate.ts';
import { SpiffeId } from '../../../src/lib/spiffe/spiffe-id.ts';
import { X509Svid } from '../../../src/lib/spiffe/x509-svid.ts';
import { DEFAULT_MODES } from '../../../src/lib/svidfiles/file-mode.ts';
import type { IdentityContents } from '../../../src/lib/svidfiles/identity-contents.ts';
import type { FilePlan } from '../../../src/lib/svidfiles/identity-files.ts';
import { type Issued, issue, issueCa } from '../crypto/test-ca.ts';

/** Two identities of example.org under an intermediate, and the bundles of example.org, a.test and b.test. */
export interface TestContents {
  readonly contents: IdentityContents;
  readonly svids: readonly X509Svid[];
  readonly root: Issued;
  readonly bundles: ReadonlyMap<string, readonly Certificate[]>;
}

/** Issues it. */
export async function makeContents(): Promise<TestContents> {
  const root = await issueCa({ uris: ['spiffe://example.org'] });
  const intermediate = await issueCa({ uris: ['spiffe://example.org'] }, root);
  const svids: X509Svid[] = [];
  for (const [path, hint] of [
    ['/web', ''],
    ['/db', 'internal'],
  ] as const) {
    const id = SpiffeId.parse(`spiffe://example.org${path}`);
    const leaf = await issue({ uris: [id.toString()] }, intermediate);
    svids.push(new X509Svid(id, [leaf.certificate, intermediate.certificate], leaf.key, hint));
  }
  const others = await Promise.all(['b.test', 'a.test'].map((name) => issueCa({ uris: [`spiffe://${name}`] })));
  const bundles = new Map<string, readonly Certificate[]>([
    ['b.test', others.slice(0, 1).map(({ certificate }) => certificate)],
    ['example.org', [root.certificate]],
    ['a.test', others.slice(1).map(({ certificate }) => certificate)],
  ]);
  return { contents: { x509: { svids, bundles } }, svids, root, bundles };
}

/** A plan that says nothing but the layout. */
export function plan(layout: FilePlan['layout'], changes: Partial<FilePlan> = {}): FilePlan {
  return {
    layout,
    choice: {},
    names: {},
    ...DEFAULT_MODES,
    addsIntermediatesToBundle: false,
    omitsExpired: false,
    ...changes,
  };
}
