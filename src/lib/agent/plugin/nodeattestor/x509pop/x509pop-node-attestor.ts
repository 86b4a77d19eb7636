import { createPrivateKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Certificate } from '../../../../crypto/certificate.ts';
import { isSamePublicKey } from '../../../../crypto/key.ts';
import { SpirekitError } from '../../../../runtime/errors.ts';
import type { AttestationStream, NodeAttestor } from '../node-attestor.ts';
import { answerChallenge } from './challenge.ts';

/** The `plugin_data` of the `x509pop` node attestor. */
export interface X509PopConfig {
  /** PEM; the leaf first, intermediates may follow. */
  readonly certificatePath: string;
  /** PEM, in PKCS #8 or the older forms. */
  readonly privateKeyPath: string;
  /** PEM with further intermediates. */
  readonly intermediatesPath: string | undefined;
}

/** Shows a certificate that the server's operator trusts, and proves that the node has its key. */
export class X509PopNodeAttestor implements NodeAttestor {
  readonly name = 'x509pop';
  readonly #config: X509PopConfig;

  private constructor(config: X509PopConfig) {
    this.#config = config;
  }

  /** Rejects with `invalid-argument` when the files do not hold a certificate and its key. */
  static async open(config: X509PopConfig): Promise<X509PopNodeAttestor> {
    await loadKeyPair(config);
    return new X509PopNodeAttestor(config);
  }

  /** Reads the files again: the certificate may have been renewed since. */
  async attest(stream: AttestationStream): Promise<void> {
    const { certificates, privateKey } = await loadKeyPair(this.#config);
    const encoded = certificates.map(({ der }) => Buffer.from(der).toString('base64'));
    const payload = Buffer.from(JSON.stringify({ certificates: encoded }), 'utf8');
    const challenge = await stream.sendAttestationData({ type: this.name, payload });
    if (challenge === undefined) return;
    const next = await stream.sendChallengeResponse(answerChallenge(challenge, privateKey));
    if (next !== undefined) throw new SpirekitError('internal', 'nodeattestor(x509pop): unexpected second challenge');
  }
}

async function loadKeyPair(
  config: X509PopConfig,
): Promise<{ readonly certificates: readonly Certificate[]; readonly privateKey: KeyObject }> {
  try {
    const certificates = Certificate.parsePem(await readFile(config.certificatePath));
    const [leaf] = certificates;
    if (leaf === undefined) throw new SpirekitError('invalid-certificate', 'no certificate found');
    const privateKey = createPrivateKey(await readFile(config.privateKeyPath));
    if (!isSamePublicKey(leaf.publicKey, privateKey)) {
      throw new SpirekitError('invalid-key', 'private key does not match public key');
    }
    if (config.intermediatesPath === undefined) return { certificates, privateKey };
    const intermediates = Certificate.parsePem(await readFile(config.intermediatesPath));
    return { certificates: [...certificates, ...intermediates], privateKey };
  } catch (cause) {
    const reason = SpirekitError.from(cause).message;
    throw new SpirekitError('invalid-argument', `unable to load keypair: ${reason}`, { cause });
  }
}
