import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { answerChallenge } from '../../../../../../src/lib/agent/plugin/nodeattestor/x509pop/challenge.ts';
import { Certificate } from '../../../../../../src/lib/crypto/certificate.ts';
import { Name } from '../../../../../../src/lib/crypto/name.ts';
import { SpirekitError } from '../../../../../../src/lib/runtime/errors.ts';
import { parseAttestationData } from '../../../../../../src/lib/server/plugin/nodeattestor/x509pop/attestation-data.ts';
import { fingerprintOf } from '../../../../../../src/lib/server/plugin/nodeattestor/x509pop/certificate-data.ts';
import { Challenge } from '../../../../../../src/lib/server/plugin/nodeattestor/x509pop/challenge.ts';
import { ManualClock } from '../../../../../support/manual-clock.ts';
import { type Issued, issueCa, NOW_MS } from '../../../../crypto/test-ca.ts';
import { describeNodeAttestor } from '../node-attestor-suite.ts';
import { ADDRESSED_NODE } from './addressed-node.ts';
import { answerWith, attestorFor, issueNode, payloadOf, trustDomain } from './nodes.ts';

let ca: Issued;
let node: Issued;
beforeAll(async () => {
  ca = await issueCa();
  node = await issueNode(ca, { serialNumber: 0xabcn, uris: ['x509pop://example.org/rack/r7'] });
});

describeNodeAttestor('x509pop', () => ({
  attestor: attestorFor([ca]),
  trustDomain,
  newProof: async () => {
    const other = await issueNode(ca);
    return { payload: payloadOf(other.certificate), answer: answerWith(other.key) };
  },
}));

const attest = (of: Issued, attestor = attestorFor([ca]), options = {}) =>
  attestor.attest(payloadOf(of.certificate), answerWith(of.key), options);

const refused = (message: string | RegExp, code = 'permission-denied') => ({
  code,
  message:
    message instanceof RegExp
      ? expect.stringMatching(new RegExp(message.source.replace(/^\^/, '^nodeattestor\\(x509pop\\): ')))
      : `nodeattestor(x509pop): ${message}`,
});

describe('attestation by a certificate and its key', () => {
  test('names the agent by the fingerprint and tells what the certificate says', async () => {
    const { agentId, selectorValues, canReattest } = await attest(node);
    expect(String(agentId)).toBe(`spiffe://example.org/spire/agent/x509pop/${fingerprintOf(node.certificate)}`);
    expect(selectorValues).toEqual([
      'subject:cn:node-one',
      `ca:fingerprint:${fingerprintOf(ca.certificate)}`,
      'serialnumber:0abc',
      'san:rack:r7',
    ]);
    expect(canReattest).toBe(true);
  });

  test('takes RSA keys, other curves and the answers of our own agent', async () => {
    for (const { privateKey } of [
      generateKeyPairSync('rsa', { modulusLength: 2048 }),
      generateKeyPairSync('ec', { namedCurve: 'secp384r1' }),
      generateKeyPairSync('ec', { namedCurve: 'secp521r1' }),
      generateKeyPairSync('ec', { namedCurve: 'secp224r1' }),
    ]) {
      const { certificate } = await issueNode(ca, { publicKey: createPublicKey(privateKey) });
      for (const answer of [answerWith(privateKey), async (bytes: Uint8Array) => answerChallenge(bytes, privateKey)]) {
        expect((await attestorFor([ca]).attest(payloadOf(certificate), answer, {})).canReattest).toBe(true);
      }
    }
  });

  test('follows intermediates up, and tells of each CA', async () => {
    const middle = await issueCa({}, ca);
    const leaf = await issueNode(middle);
    const payload = payloadOf(leaf.certificate, middle.certificate);
    const { selectorValues } = await attestorFor([ca]).attest(payload, answerWith(leaf.key), {});
    for (const { certificate } of [middle, ca])
      expect(selectorValues).toContain(`ca:fingerprint:${fingerprintOf(certificate)}`);
  });

  test.each([
    ['/nodes/{{ .Subject.CommonName }}', '/nodes/node-one'],
    ['/{{ .TrustDomain }}/{{ .SerialNumberHex }}', '/example.org/0abc'],
    ['/{{ .PluginName }}/{{ .URISanSelectors.rack }}', '/x509pop/r7'],
    ['/{{ .SerialNumber }}/{{ .NotAfter.Year }}', '/2748/2026'],
  ])('makes the path by the template %s', async (template, path) => {
    const { agentId } = await attest(node, attestorFor([ca], { template }));
    expect(String(agentId)).toBe(`spiffe://example.org/spire/agent${path}`);
  });

  test.each(['/{{ .URISanSelectors.none }}', '/{{ .None }}', '/../x', 'x//y', '/{{ .Subject }}'])(
    'refuses a path that the template %s does not make',
    async (template) => {
      await expect(attest(node, attestorFor([ca], { template }))).rejects.toMatchObject(
        refused(/^failed to make spiffe id: /, 'internal'),
      );
    },
  );
});

describe('a node that is not who it says', () => {
  test('with the wrong key is refused', async () => {
    const other = await issueNode(ca);
    await expect(
      attestorFor([ca]).attest(payloadOf(node.certificate), answerWith(other.key), {}),
    ).rejects.toMatchObject(refused('challenge response verification failed: ECDSA signature verify failed'));
  });

  test('with an answer to an earlier challenge is refused', async () => {
    let earlier = new Uint8Array();
    const listening = async (challenge: Uint8Array): Promise<Uint8Array> => {
      earlier = new Uint8Array(await answerWith(node.key)(challenge));
      return earlier;
    };
    await attestorFor([ca]).attest(payloadOf(node.certificate), listening, {});
    await expect(attestorFor([ca]).attest(payloadOf(node.certificate), async () => earlier, {})).rejects.toMatchObject(
      refused(/verification failed/),
    );
  });

  test('never sees the same challenge twice', async () => {
    const seen = new Set(
      Array.from({ length: 100 }, () => Buffer.from(new Challenge(node.certificate).bytes).toString()),
    );
    expect(seen.size).toBe(100);
  });

  test('with an answer of another kind of key is refused', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const rsa = { rsa_signature: { nonce: Buffer.alloc(32).toString('base64'), signature: 'AAAA' } };
    await expect(
      attestorFor([ca]).attest(payloadOf(node.certificate), async () => Buffer.from(JSON.stringify(rsa)), {}),
    ).rejects.toMatchObject(refused('challenge response verification failed: expecting ECDSA response'));
    const { certificate } = await issueNode(ca, { publicKey: createPublicKey(privateKey) });
    await expect(
      attestorFor([ca]).attest(payloadOf(certificate), async () => Buffer.from('{"ecdsa_signature":{}}'), {}),
    ).rejects.toMatchObject(refused('challenge response verification failed: expecting RSA response'));
  });

  test.each([
    ['a short nonce', { nonce: 'AAAA', r: '', s: '' }],
    ['numbers of zero', { nonce: Buffer.alloc(32).toString('base64'), r: '', s: '' }],
    [
      'numbers that are too long',
      {
        nonce: Buffer.alloc(32).toString('base64'),
        r: Buffer.alloc(99, 1).toString('base64'),
        s: Buffer.alloc(99, 1).toString('base64'),
      },
    ],
  ])('with %s is refused', async (_, ecdsa_signature) => {
    const answer = async () => Buffer.from(JSON.stringify({ ecdsa_signature }));
    await expect(attestorFor([ca]).attest(payloadOf(node.certificate), answer, {})).rejects.toMatchObject(
      refused(/^challenge response verification failed: /),
    );
  });

  test('of another CA is refused, also if that CA has the same name', async () => {
    const stranger = await issueNode(await issueCa());
    await expect(attest(stranger)).rejects.toMatchObject(refused(/^certificate verification failed: /));
  });

  test('whose certificate has expired, or is not valid yet, is refused', async () => {
    const late = await issueNode(ca, { notBefore: new Date(NOW_MS - 60_000), notAfter: new Date(NOW_MS - 1000) });
    await expect(attest(late)).rejects.toMatchObject(refused(/certificate has expired/));
    const early = await issueNode(ca, { notBefore: new Date(NOW_MS + 1000) });
    await expect(attest(early)).rejects.toMatchObject(refused(/certificate is not yet valid/));
  });

  test('that shows a CA as its own certificate is refused, also one that may sign', async () => {
    for (const keyUsages of [['keyCertSign'], ['digitalSignature', 'keyCertSign']] as const) {
      const authority = await issueCa({ keyUsages }, ca);
      await expect(attest(authority)).rejects.toMatchObject(
        refused('certificate verification failed: the certificate of a node must not be a CA'),
      );
    }
  });

  test('that shows the trusted root itself is refused', async () => {
    await expect(attest(ca)).rejects.toMatchObject(refused(/^certificate verification failed: /));
  });

  test('whose chain goes through a certificate that is no CA is refused', async () => {
    const leaf = await issueNode(node);
    const payload = payloadOf(leaf.certificate, node.certificate);
    await expect(attestorFor([ca]).attest(payload, answerWith(leaf.key), {})).rejects.toMatchObject(
      refused(/^certificate verification failed: .*not a CA/),
    );
  });

  test('whose certificate is not for signatures is refused', async () => {
    for (const keyUsages of [['keyAgreement'], []] as const) {
      await expect(attest(await issueNode(ca, { keyUsages }))).rejects.toMatchObject(
        refused('unable to generate challenge: certificate not intended for digital signature use'),
      );
    }
  });

  test('with a key that cannot answer challenges is refused', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const { certificate } = await issueNode(ca, { publicKey });
    await expect(attestorFor([ca]).attest(payloadOf(certificate), answerWith(privateKey), {})).rejects.toMatchObject(
      refused(/unsupported public key type/),
    );
  });

  test('with a small RSA key is refused', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 512 });
    const { certificate } = await issueNode(ca, { publicKey });
    await expect(attestorFor([ca]).attest(payloadOf(certificate), answerWith(privateKey), {})).rejects.toMatchObject(
      refused(/insecure/),
    );
  });

  test('with a huge RSA key is refused before anything is worked out with it', async () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const { certificate } = await issueNode(ca, { publicKey });
    const attestor = attestorFor([ca], { maxRsaKeySize: 1024 });
    const answer = answerWith(node.key);
    await expect(attestor.attest(payloadOf(certificate), answer, {})).rejects.toMatchObject(
      refused('leaf certificate key size too large', 'invalid-argument'),
    );
    await expect(attestor.attest(payloadOf(node.certificate, certificate), answer, {})).rejects.toMatchObject(
      refused('intermediate certificate 0 key size too large', 'invalid-argument'),
    );
  });

  test('with too many intermediates is refused before they are read', async () => {
    const rubbish = Buffer.from(
      JSON.stringify({
        certificates: Array.from({ length: 6 }, () => Buffer.from('no certificate').toString('base64')),
      }),
    );
    await expect(attestorFor([ca]).attest(rubbish, answerWith(node.key), {})).rejects.toMatchObject(
      refused('too many intermediate certificates', 'invalid-argument'),
    );
    const allowed = payloadOf(node.certificate, ...Array.from({ length: 4 }, () => ca.certificate));
    await attestorFor([ca]).attest(allowed, answerWith(node.key), {});
  });

  test('that sends a flood is refused unread', async () => {
    await expect(
      attestorFor([ca]).attest(Buffer.alloc(1_000_000, 0x20), answerWith(node.key), {}),
    ).rejects.toMatchObject(refused(/too large/, 'invalid-argument'));
  });

  test('that hangs up in the middle ends the attestation', async () => {
    const gone = new SpirekitError('canceled', 'gone');
    await expect(attestorFor([ca]).attest(payloadOf(node.certificate), () => Promise.reject(gone), {})).rejects.toBe(
      gone,
    );
  });
});

describe('an agent that shows an SVID of the server', () => {
  const mode = { svidPrefix: '/spire-exchange/', template: '/{{ .PluginName }}/{{ .SVIDPathTrimmed }}' };

  test('is named by what follows the prefix in its path', async () => {
    const svid = await issueNode(ca, { uris: ['spiffe://example.org/spire-exchange/host/one'] });
    const { agentId } = await attest(svid, attestorFor([ca], mode));
    expect(String(agentId)).toBe('spiffe://example.org/spire/agent/x509pop/host/one');
  });

  test.each([
    ['spiffe://example.org/host', 'x509 cert doesnt match SVID prefix'],
    ['spiffe://other.org/spire-exchange/host', 'valid SVID x509 cert not found'],
    ['https://example.org/spire-exchange/host', 'valid SVID x509 cert not found'],
    ['spiffe://example.org/spire-exchange/%2e%2e/x', 'valid SVID x509 cert not found'],
  ])('is refused as %s', async (uri, message) => {
    const svid = await issueNode(ca, { uris: [uri] });
    await expect(attest(svid, attestorFor([ca], mode))).rejects.toMatchObject(refused(message));
  });

  test('is refused where nothing of the path is left', async () => {
    const svid = await issueNode(ca, { uris: ['spiffe://example.org/spire-exchange'] });
    await expect(attest(svid, attestorFor([ca], mode))).rejects.toMatchObject(refused(/prefix/));
  });
});

describe('reading what a node sends', () => {
  test('refuses every answer that is rubbish', () => {
    const answers = fc.oneof(
      fc.json(),
      fc.jsonValue().map((value) => JSON.stringify({ ecdsa_signature: value })),
    );
    fc.assert(
      fc.property(answers, (text) => {
        const challenge = new Challenge(node.certificate);
        expect(() => challenge.verify(Buffer.from(text))).toThrow(
          expect.objectContaining({ code: expect.stringMatching(/^(invalid-argument|permission-denied)$/) }),
        );
      }),
    );
  });

  test('fails only with an error that the node may see', async () => {
    const limits = { maxIntermediates: 4, maxRsaKeySize: 8192 };
    const der = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('base64'));
    const document = fc.oneof(
      fc.json(),
      fc.array(der, { maxLength: 6 }).map((certificates) => JSON.stringify({ certificates })),
      fc.jsonValue().map((certificates) => JSON.stringify({ certificates })),
    );
    fc.assert(
      fc.property(document, (text) => {
        expect(() => parseAttestationData(Buffer.from(text), limits)).toThrow(
          expect.objectContaining({ code: 'invalid-argument' }),
        );
      }),
    );
    expect(parseAttestationData(payloadOf(node.certificate), limits).leaf.equals(node.certificate)).toBe(true);
  });

  test('takes no answer but the right one, bit by bit', async () => {
    const challenge = new Challenge(node.certificate);
    const right = await answerWith(node.key)(challenge.bytes);
    challenge.verify(right);
    const { ecdsa_signature: parts }: { ecdsa_signature: Record<string, string> } = JSON.parse(
      Buffer.from(right).toString('utf8'),
    );
    fc.assert(
      fc.property(
        fc.constantFrom('nonce', 'r', 's'),
        fc.nat(255),
        fc.integer({ min: 1, max: 255 }),
        (part, at, flip) => {
          const changed = Buffer.from(parts[part] ?? '', 'base64');
          changed[at % changed.length] = (changed[at % changed.length] ?? 0) ^ flip;
          const answer = JSON.stringify({ ecdsa_signature: { ...parts, [part]: changed.toString('base64') } });
          expect(() => challenge.verify(Buffer.from(answer))).toThrow(
            expect.objectContaining({ code: 'permission-denied' }),
          );
        },
      ),
    );
  });
});

describe('the address that an agent calls from', () => {
  const [authority, leaf] = [ADDRESSED_NODE.ca, ADDRESSED_NODE.certificate].map((pem) => Certificate.parsePem(pem)[0]);
  const attestFrom = (clientAddress?: string) => {
    if (authority === undefined || leaf === undefined) throw new Error('no certificates');
    const attestor = attestorFor([], {
      verifiesClientIp: true,
      findRoots: async () => [authority],
      clock: new ManualClock(),
    });
    return attestor.attest(payloadOf(leaf), answerWith(createPrivateKey(ADDRESSED_NODE.key)), { clientAddress });
  };

  test.each(['192.0.2.7', '::ffff:192.0.2.7', '2001:db8::7', '2001:DB8:0:0::7'])('may be %s', async (address) => {
    expect((await attestFrom(address)).canReattest).toBe(true);
  });

  test.each(['192.0.2.8', '2001:db8::8', '127.0.0.1'])('may not be %s', async (address) => {
    await expect(attestFrom(address)).rejects.toMatchObject(
      refused(`client IP ${address} does not match any certificate IP SAN`),
    );
  });

  test('must be known', async () => {
    await expect(attestFrom()).rejects.toMatchObject(refused('client IP not available for verification', 'internal'));
  });
});

test('a name is what the certificate says, not what it looks like', async () => {
  const odd = await issueNode(ca, { subject: Name.of({ commonName: 'a/../b' }) });
  await expect(attest(odd, attestorFor([ca], { template: '/{{ .Subject.CommonName }}' }))).rejects.toMatchObject(
    refused(/^failed to make spiffe id/, 'internal'),
  );
});
