import { privateKeyToPkcs8 } from '../../src/lib/crypto/key.ts';
import { pemEncode } from '../../src/lib/crypto/pem.ts';
import type { X509SVIDResponse } from '../../src/lib/wire/gen/workload.ts';
import { issue, issueCa } from '../../test/unit/crypto/test-ca.ts';
import { grant } from '../../test/unit/workloadapi/serve-workload-api.ts';

/** The files that `api fetch x509 -write` makes of an answer with one identity, and the modes that they must have. */
export const WRITTEN_FILES = { 'svid.0.pem': 0o644, 'svid.0.key': 0o600, 'bundle.0.pem': 0o644 } as const;

/** One of {@link WRITTEN_FILES}. */
export type WrittenFile = keyof typeof WRITTEN_FILES;

/** An answer of the Workload API, and the text of each file that has to come of it. */
export interface WrittenIdentity {
  readonly response: X509SVIDResponse;
  readonly files: Readonly<Record<WrittenFile, string>>;
}

const VALID_MS = 24 * 3_600_000;

/**
 * Issues `spiffe://example.org/web` under a root of its own. The bundle holds as many more roots as are said, so that
 * files of different versions differ in length.
 */
export async function issueWrittenIdentity(moreRoots: number): Promise<WrittenIdentity> {
  const now = Date.now();
  const validity = { notBefore: new Date(now - 60_000), notAfter: new Date(now + VALID_MS) };
  const makeRoot = () => issueCa({ ...validity, uris: ['spiffe://example.org'] });
  const root = await makeRoot();
  const spiffeId = 'spiffe://example.org/web';
  const leaf = await issue({ ...validity, uris: [spiffeId] }, root);
  const bundle = [root];
  for (let more = 0; more < moreRoots; more += 1) bundle.push(await makeRoot());
  const roots = bundle.map(({ certificate }) => certificate.der);
  const { svids, ...rest } = grant([{ root, leaf, spiffeId }]);
  return {
    response: { ...rest, svids: svids.map((svid) => ({ ...svid, bundle: Buffer.concat(roots) })) },
    files: {
      'svid.0.pem': pemEncode('CERTIFICATE', leaf.certificate.der),
      'svid.0.key': pemEncode('PRIVATE KEY', privateKeyToPkcs8(leaf.key)),
      'bundle.0.pem': roots.map((der) => pemEncode('CERTIFICATE', der)).join(''),
    },
  };
}
