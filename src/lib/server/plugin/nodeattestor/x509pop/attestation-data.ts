import { decodeBase64 } from '../../../../crypto/base64.ts';
import { Certificate } from '../../../../crypto/certificate.ts';
import { JsonObject, parseJson } from '../../../../crypto/json.ts';
import { parsePublicKeyInfo } from '../../../../crypto/spki.ts';
import { SpirekitError } from '../../../../runtime/errors.ts';

/** What an agent may present: whoever sends it is nobody yet. */
export interface PresentedChainLimits {
  readonly maxIntermediates: number;
  /** Bits of a modulus. */
  readonly maxRsaKeySize: number;
}

/** The certificates that an agent presents. */
export interface PresentedChain {
  readonly leaf: Certificate;
  readonly intermediates: readonly Certificate[];
}

/** A certificate with an RSA key of 16384 bits and a page of extensions comes nowhere near. */
const LARGEST_CERTIFICATE_BYTES = 32 * 1024;

/**
 * Reads the payload of an attestation: JSON with certificates in base64, the leaf first. Counts and sizes are looked at
 * before anything is worked out with them.
 *
 * Error: `invalid-argument`, with SPIRE's sentences.
 */
export function parseAttestationData(payload: Uint8Array, limits: PresentedChainLimits): PresentedChain {
  const largest = (limits.maxIntermediates + 1) * LARGEST_CERTIFICATE_BYTES;
  if (payload.length > largest) throw invalid('failed to unmarshal data: the attestation data is too large');
  const [first, ...others] = readCertificates(payload);
  if (first === undefined) throw invalid('no certificate to attest');
  if (others.length > limits.maxIntermediates) throw invalid('too many intermediate certificates');
  const leaf = parse(first, 'unable to parse leaf certificate');
  if (isTooLarge(leaf, limits)) throw invalid('leaf certificate key size too large');
  const intermediates = others.map((der, index) => {
    const certificate = parse(der, `unable to parse intermediate certificate ${index}`);
    if (isTooLarge(certificate, limits)) throw invalid(`intermediate certificate ${index} key size too large`);
    return certificate;
  });
  return { leaf, intermediates };
}

function readCertificates(payload: Uint8Array): Uint8Array[] {
  try {
    const document = parseJson(payload);
    const encoded = document instanceof JsonObject ? (document.get('certificates') ?? []) : undefined;
    if (!Array.isArray(encoded)) throw new SpirekitError('invalid-encoding', 'not a list of certificates');
    return encoded.map((item: unknown) => {
      if (typeof item !== 'string') throw new SpirekitError('invalid-encoding', 'a certificate is not a string');
      return decodeBase64(item);
    });
  } catch (cause) {
    throw invalid(`failed to unmarshal data: ${SpirekitError.from(cause).message}`, cause);
  }
}

function parse(der: Uint8Array, what: string): Certificate {
  try {
    const certificate = Certificate.parse(der);
    // Only the form of the key: what is to be worked out with it comes after its size is known.
    parsePublicKeyInfo(certificate.publicKeyDer);
    return certificate;
  } catch (cause) {
    throw invalid(`${what}: ${SpirekitError.from(cause).message}`, cause);
  }
}

function isTooLarge({ publicKeyDer }: Certificate, { maxRsaKeySize }: PresentedChainLimits): boolean {
  return (parsePublicKeyInfo(publicKeyDer).modulusBits ?? 0) > maxRsaKeySize;
}

function invalid(message: string, cause?: unknown): SpirekitError {
  return new SpirekitError('invalid-argument', message, { cause });
}
