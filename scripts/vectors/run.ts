import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Certificate } from '../../src/lib/crypto/certificate.ts';
import { SpirekitError } from '../../src/lib/runtime/errors.ts';
import { Bundle, parseBundleDocument, parseJwks } from '../../src/lib/spiffe/bundle.ts';
import { BundleSet } from '../../src/lib/spiffe/bundle-set.ts';
import { parseEndpointAddress } from '../../src/lib/spiffe/endpoint-address.ts';
import { parseJwtSvid } from '../../src/lib/spiffe/jwt-svid.ts';
import { SpiffeId } from '../../src/lib/spiffe/spiffe-id.ts';
import { TrustDomain } from '../../src/lib/spiffe/trust-domain.ts';
import { parseX509SvidPem, verifyX509Svid } from '../../src/lib/spiffe/x509-svid.ts';
import type { VectorCase } from './manifest.ts';

/** What became of a case: the SPIFFE ID of a valid one where it has one, else an empty text; or the refusal. */
export type Verdict =
  | { readonly kind: 'valid'; readonly spiffeId: string }
  | { readonly kind: 'invalid'; readonly error: SpirekitError };

/**
 * Puts one case through the code that serves users. Undefined for a kind of case that is not known.
 *
 * @param folder what the case's paths are relative to
 * @throws whatever is thrown that is not an error of this package: a defect
 */
export async function runVector(
  vector: VectorCase,
  folder: string,
  options: { readonly nowMs: number },
): Promise<Verdict | undefined> {
  const run = RUNNERS[vector.kind];
  if (run === undefined) return undefined;
  try {
    const spiffeId = await run(vector, (file) => readFileSync(join(folder, file)), options.nowMs);
    return { kind: 'valid', spiffeId };
  } catch (error) {
    if (!(error instanceof SpirekitError)) throw new Error(`${vector.id} broke the library`, { cause: error });
    return { kind: 'invalid', error };
  }
}

type Runner = (vector: VectorCase, read: (file: string) => Buffer, nowMs: number) => string | Promise<string>;

const RUNNERS: Readonly<Record<string, Runner>> = {
  'spiffe-id': ({ input }) => SpiffeId.parse(input).toString(),
  'trust-domain': ({ input }) => TrustDomain.parse(input).name,
  endpoint: ({ input }) => {
    parseEndpointAddress(input);
    return '';
  },
  bundle: ({ file, trustDomain }, read) => {
    parseBundleDocument(TrustDomain.parse(trustDomain), read(file));
    return '';
  },
  jwks: ({ file, trustDomain }, read) => {
    parseJwks(TrustDomain.parse(trustDomain), read(file));
    return '';
  },
  'x509-svid': ({ file, bundles }, read, nowMs) => {
    const sources = Object.entries(bundles).map(
      ([name, path]) => new Bundle(TrustDomain.parse(name), { x509Authorities: Certificate.parsePem(read(path)) }),
    );
    return verifyX509Svid(Certificate.parsePem(read(file)), new BundleSet(sources), { nowMs }).id.toString();
  },
  'x509-keypair': ({ file, key }, read) => parseX509SvidPem(read(file), read(key)).id.toString(),
  'jwt-svid': async ({ file, audience, bundles }, read, nowMs) => {
    const sources = Object.entries(bundles).map(([name, path]) => parseJwks(TrustDomain.parse(name), read(path)));
    const svid = await parseJwtSvid(read(file).toString('utf8'), [audience], new BundleSet(sources), { nowMs });
    return svid.id.toString();
  },
};
