import { constants, createHash, createPrivateKey, generateKeyPairSync, type KeyObject, verify } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { JoinTokenNodeAttestor } from '../../../../../src/lib/agent/plugin/nodeattestor/join-token/join-token-node-attestor.ts';
import { answerChallenge } from '../../../../../src/lib/agent/plugin/nodeattestor/x509pop/challenge.ts';
import { X509PopNodeAttestor } from '../../../../../src/lib/agent/plugin/nodeattestor/x509pop/x509pop-node-attestor.ts';
import { privateKeyToPkcs8 } from '../../../../../src/lib/crypto/key.ts';
import { pemEncode } from '../../../../../src/lib/crypto/pem.ts';
import { signerFromKey } from '../../../../../src/lib/crypto/signer.ts';
import { SpirekitError } from '../../../../../src/lib/runtime/errors.ts';
import { makeCa, makeSvid } from '../../certificates.ts';
import { TestFolder } from '../../support.ts';
import { describeNodeAttestor } from './node-attestor-suite.ts';
import { ScriptedStream } from './scripted-stream.ts';

describeNodeAttestor('join_token', { open: async () => new JoinTokenNodeAttestor('secret'), challenges: [] });

describe('the node attestor join_token', () => {
  test('sends the token and expects nothing more', async () => {
    const stream = new ScriptedStream();
    await new JoinTokenNodeAttestor('secret').attest(stream);
    expect(stream.sent).toEqual([{ type: 'join_token', payload: Buffer.from('secret') }]);
  });

  test('refuses a challenge', async () => {
    const stream = new ScriptedStream(Uint8Array.of(1));
    await expect(new JoinTokenNodeAttestor('secret').attest(stream)).rejects.toMatchObject({ code: 'internal' });
  });

  test.each([undefined, ''])('says that there is no token', async (token) => {
    await expect(new JoinTokenNodeAttestor(token).attest(new ScriptedStream())).rejects.toThrow(
      'nodeattestor(join_token): join token was not provided',
    );
  });
});

const NONCE = Buffer.alloc(32, 7);

function challenge(kind: string, nonce: Uint8Array = NONCE): Uint8Array {
  const other = kind === 'rsa_signature' ? 'ecdsa_signature' : 'rsa_signature';
  return Buffer.from(JSON.stringify({ [kind]: { nonce: Buffer.from(nonce).toString('base64') }, [other]: null }));
}

describe('answers to challenges of x509pop', () => {
  const decode = (text: string): Buffer => Buffer.from(text, 'base64');

  test.each(['prime256v1', 'secp384r1'])('are signed with ECDSA on %s', (namedCurve) => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve });
    const response: { ecdsa_signature: { nonce: string; r: string; s: string } } = JSON.parse(
      Buffer.from(answerChallenge(challenge('ecdsa_signature'), privateKey)).toString('utf8'),
    );
    const { nonce, r, s } = response.ecdsa_signature;
    expect(decode(nonce)).toHaveLength(32);
    const signature = Buffer.concat([decode(r), decode(s)]);
    const signed = Buffer.concat([NONCE, decode(nonce)]);
    expect(verify('sha256', signed, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true);
  });

  test('are signed with RSA-PSS', () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const response: { rsa_signature: { nonce: string; signature: string } } = JSON.parse(
      Buffer.from(answerChallenge(challenge('rsa_signature'), privateKey)).toString('utf8'),
    );
    const { nonce, signature } = response.rsa_signature;
    const signed = Buffer.concat([NONCE, decode(nonce)]);
    const padding = constants.RSA_PKCS1_PSS_PADDING;
    const saltLength = constants.RSA_PSS_SALTLEN_AUTO;
    expect(verify('sha256', signed, { key: publicKey, padding, saltLength }, decode(signature))).toBe(true);
  });

  test('differ each time, so that none can be used again', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const digests = [1, 2].map(() =>
      createHash('sha256')
        .update(answerChallenge(challenge('ecdsa_signature'), privateKey))
        .digest('hex'),
    );
    expect(new Set(digests).size).toBe(2);
  });

  test.each([
    ['for another kind of key', challenge('rsa_signature')],
    ['with a short nonce', challenge('ecdsa_signature', Buffer.alloc(31))],
    ['with a long nonce', challenge('ecdsa_signature', Buffer.alloc(33))],
    ['that is no JSON', Buffer.from('{')],
    ['that is no object', Buffer.from('1')],
    ['that is too large', Buffer.alloc(100_000, 0x20)],
  ])('are not given to a challenge %s', (_, bytes) => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    expect(() => answerChallenge(bytes, privateKey)).toThrow(expect.objectContaining({ code: 'internal' }));
  });

  test('are refused for a key of another kind', () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    expect(() => answerChallenge(challenge('ecdsa_signature'), privateKey)).toThrow('unsupported private key type');
  });

  test('fail only with an error of our own, whatever the challenge', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json().map((text) => Buffer.from(text)),
          fc.uint8Array(),
        ),
        (bytes) => {
          try {
            answerChallenge(bytes, privateKey);
          } catch (error) {
            expect(error).toBeInstanceOf(SpirekitError);
          }
        },
      ),
    );
  });
});

describe('the node attestor x509pop', () => {
  async function writeKeyPair(folder: TestFolder, key: KeyObject, certificateKey = key): Promise<void> {
    const ca = await makeCa(0);
    const leaf = await makeSvid(ca, {
      uri: 'spiffe://example.org/node',
      publicKey: signerFromKey(certificateKey).publicKey,
      notBeforeMs: 0,
      notAfterMs: 5000,
    });
    writeFileSync(folder.file('node.crt'), leaf.toPem());
    writeFileSync(folder.file('ca.crt'), ca.certificate.toPem());
    writeFileSync(folder.file('node.key'), pemEncode('PRIVATE KEY', privateKeyToPkcs8(key)));
  }

  const config = (folder: TestFolder) => ({
    certificatePath: folder.file('node.crt'),
    privateKeyPath: folder.file('node.key'),
    intermediatesPath: folder.file('ca.crt'),
  });

  const folder = new TestFolder();
  afterAll(() => folder[Symbol.dispose]());
  describeNodeAttestor('x509pop', {
    open: async () => {
      await writeKeyPair(folder, generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey);
      return await X509PopNodeAttestor.open(config(folder));
    },
    challenges: [challenge('ecdsa_signature')],
  });

  test('sends its certificates and answers the challenge', async () => {
    using folder = new TestFolder();
    await writeKeyPair(folder, generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey);
    const stream = new ScriptedStream(challenge('ecdsa_signature'));
    await (await X509PopNodeAttestor.open(config(folder))).attest(stream);
    const [data, response] = stream.sent;
    if (data === undefined || !('type' in data) || !(response instanceof Uint8Array)) throw new Error('not sent');
    expect(data.type).toBe('x509pop');
    const payload: { certificates: string[] } = JSON.parse(Buffer.from(data.payload).toString('utf8'));
    expect(payload.certificates).toHaveLength(2);
  });

  test('reads keys in the older form too', async () => {
    using folder = new TestFolder();
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    await writeKeyPair(folder, privateKey);
    writeFileSync(
      folder.file('node.key'),
      createPrivateKey(privateKey.export({ format: 'pem', type: 'sec1' })).export({ format: 'pem', type: 'sec1' }),
    );
    await X509PopNodeAttestor.open(config(folder));
  });

  test("is not opened with a key that is not the certificate's, or without files", async () => {
    using folder = new TestFolder();
    await expect(X509PopNodeAttestor.open(config(folder))).rejects.toThrow(/^unable to load keypair: /);
    const [key, other] = [1, 2].map(() => generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey);
    if (key === undefined || other === undefined) throw new Error('no keys');
    await writeKeyPair(folder, key, other);
    await expect(X509PopNodeAttestor.open(config(folder))).rejects.toThrow(
      'unable to load keypair: private key does not match public key',
    );
  });
});
