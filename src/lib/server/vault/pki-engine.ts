import { Certificate } from '../../crypto/certificate.ts';
import { parseCsr } from '../../crypto/csr.ts';
import { pemEncode } from '../../crypto/pem.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import { type AnswerObject, getObject, getString, getStrings } from './vault-answer.ts';
import type { VaultCallOptions, VaultClient } from './vault-client.ts';
import { encodePath } from './vault-path.ts';

/** An intermediate CA that Vault has signed. */
export interface SignedIntermediate {
  /** The new CA first, then those between it and the root. */
  readonly chain: readonly [Certificate, ...Certificate[]];
  readonly root: Certificate;
}

/** A PKI secrets engine of Vault. */
export class PkiEngine {
  readonly #client: VaultClient;
  readonly #path: string;

  /** @param path where the engine is mounted, such as `pki` */
  constructor(client: VaultClient, path: string) {
    this.#client = client;
    this.#path = encodePath(path);
  }

  /**
   * Has a CA signed for the key and the names of a CSR. Errors: `invalid-csr`, `invalid-argument` for one without a URI,
   * and those of the client.
   */
  async signIntermediate(csr: Uint8Array, ttlSeconds: number, options: VaultCallOptions): Promise<SignedIntermediate> {
    const request = parseCsr(csr);
    if (request.uris.length === 0) throw new SpirekitError('invalid-argument', 'CSR must have at least one URI');
    const { commonName, organization, country } = request.subject.fields();
    const body = {
      common_name: commonName ?? '',
      organization: (organization ?? []).join(','),
      country: (country ?? []).join(','),
      uri_sans: request.uris.join(','),
      csr: pemEncode('CERTIFICATE REQUEST', csr),
      ttl: ttlSeconds > 0 ? String(Math.floor(ttlSeconds)) : '',
    };
    const path = `${this.#path}/root/sign-intermediate`;
    return parseSignedIntermediate(await this.#client.call({ method: 'POST', path, body }, options));
  }
}

/**
 * Reads the answer to signing. Vault lists the CAs above, the root last; newer versions put the signed one before them,
 * and a Vault that is the root itself may list nothing.
 *
 * @throws SpirekitError `unavailable`
 */
export function parseSignedIntermediate(answer: AnswerObject): SignedIntermediate {
  const data = getObject(answer, 'data');
  const signed = parseOne(getString(data, 'certificate'));
  const above = data['ca_chain'] === undefined ? [] : getStrings(data, 'ca_chain').map(parseOne);
  const root = above.at(-1) ?? parseOne(getString(data, 'issuing_ca'));
  const between = above.filter((ca) => !isSame(ca, root) && !isSame(ca, signed));
  return { chain: [signed, ...between], root };
}

function parseOne(pem: string): Certificate {
  try {
    const [certificate] = Certificate.parsePem(Buffer.from(pem));
    if (certificate !== undefined) return certificate;
  } catch {
    // Told below.
  }
  throw new SpirekitError('unavailable', 'a certificate that Vault sent cannot be read');
}

function isSame(one: Certificate, other: Certificate): boolean {
  return Buffer.compare(one.der, other.der) === 0;
}
