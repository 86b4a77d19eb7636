import { constants, type KeyObject, randomBytes, sign } from 'node:crypto';
import type { Certificate } from '../../../../../../src/lib/crypto/certificate.ts';
import { Name } from '../../../../../../src/lib/crypto/name.ts';
import { silentLogger } from '../../../../../../src/lib/runtime/logger.ts';
import {
  X509PopAttestor,
  type X509PopAttestorDeps,
} from '../../../../../../src/lib/server/plugin/nodeattestor/x509pop/x509pop-attestor.ts';
import { TrustDomain } from '../../../../../../src/lib/spiffe/trust-domain.ts';
import { Template } from '../../../../../../src/lib/template/template.ts';
import { ManualClock } from '../../../../../support/manual-clock.ts';
import { type Issued, issue, NOW_MS } from '../../../../crypto/test-ca.ts';

export const trustDomain = TrustDomain.parse('example.org');

/** An attestor that trusts the CAs. Anything can be overridden. */
export function attestorFor(
  roots: readonly Issued[],
  overrides: Partial<X509PopAttestorDeps> & { readonly template?: string } = {},
): X509PopAttestor {
  return new X509PopAttestor({
    trustDomain,
    findRoots: async () => roots.map(({ certificate }) => certificate),
    svidPrefix: undefined,
    pathTemplate: Template.parse(overrides.template ?? '/{{ .PluginName }}/{{ .Fingerprint }}'),
    maxIntermediates: 4,
    maxRsaKeySize: 8192,
    verifiesClientIp: false,
    clock: new ManualClock(NOW_MS),
    log: silentLogger,
    ...overrides,
  });
}

/** The certificate of a node. */
export function issueNode(ca: Issued, overrides: Parameters<typeof issue>[0] = {}): Promise<Issued> {
  return issue({ subject: Name.of({ commonName: 'node-one' }), ...overrides }, ca);
}

/** What an agent sends first. */
export function payloadOf(...certificates: readonly Certificate[]): Uint8Array {
  return Buffer.from(
    JSON.stringify({ certificates: certificates.map(({ der }) => Buffer.from(der).toString('base64')) }),
  );
}

/** Answers challenges with a key, in the form of SPIRE's agent: no zeros in front of the numbers. */
export function answerWith(key: KeyObject): (challenge: Uint8Array) => Promise<Uint8Array> {
  return async (challenge) => {
    const members: Record<string, { nonce: string } | null> = JSON.parse(Buffer.from(challenge).toString('utf8'));
    const nonce = randomBytes(32);
    const kind = members['rsa_signature'] == null ? 'ecdsa_signature' : 'rsa_signature';
    const signed = Buffer.concat([Buffer.from(members[kind]?.nonce ?? '', 'base64'), nonce]);
    const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
    if (kind === 'rsa_signature') {
      const padding = constants.RSA_PKCS1_PSS_PADDING;
      const signature = text(sign('sha256', signed, { key, padding }));
      return Buffer.from(JSON.stringify({ rsa_signature: { nonce: text(nonce), signature }, ecdsa_signature: null }));
    }
    const signature = sign('sha256', signed, { key, dsaEncoding: 'ieee-p1363' });
    const half = signature.length / 2;
    const [r, s] = [signature.subarray(0, half), signature.subarray(half)].map((number) => text(trimZeros(number)));
    return Buffer.from(JSON.stringify({ rsa_signature: null, ecdsa_signature: { nonce: text(nonce), r, s } }));
  };
}

function trimZeros(bytes: Buffer): Buffer {
  const start = bytes.findIndex((octet) => octet !== 0);
  return bytes.subarray(start === -1 ? bytes.length : start);
}
