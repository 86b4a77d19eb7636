import { isIP } from 'node:net';
import { CryptoError } from './crypto-error.ts';
import { DerReader } from './der/reader.ts';
import { decodeIa5 } from './der/strings.ts';
import { contextPrimitive } from './der/tags.ts';
import { derImplicit, derSequence } from './der/writer.ts';

/** The names of a subject alternative name extension (RFC 5280 section 4.2.1.6) that are of the kinds this package reads. */
export interface SubjectAltNames {
  readonly uris: readonly string[];
  readonly dnsNames: readonly string[];
  readonly emailAddresses: readonly string[];
  /** 4 or 16 octets each. */
  readonly ipAddresses: readonly Uint8Array[];
}

/** The choices of GeneralName that are read, by their tag. */
export const GeneralNameTag = {
  email: contextPrimitive(1),
  dns: contextPrimitive(2),
  uri: contextPrimitive(6),
  ip: contextPrimitive(7),
} as const;

/** What a certificate without the extension has. */
export const NO_NAMES: SubjectAltNames = { uris: [], dnsNames: [], emailAddresses: [], ipAddresses: [] };

/** Reads the extension's value; names of other kinds are skipped. */
export function parseSubjectAltNames(value: Uint8Array): SubjectAltNames {
  const outer = new DerReader(value);
  const names = outer.readSequence();
  outer.end();
  const uris: string[] = [];
  const dnsNames: string[] = [];
  const emailAddresses: string[] = [];
  const ipAddresses: Uint8Array[] = [];
  while (!names.isAtEnd) {
    const { tag, contents } = names.readAny();
    switch (tag) {
      case GeneralNameTag.email:
        emailAddresses.push(decodeIa5(contents));
        break;
      case GeneralNameTag.dns:
        dnsNames.push(decodeIa5(contents));
        break;
      case GeneralNameTag.uri:
        uris.push(decodeUri(contents));
        break;
      case GeneralNameTag.ip:
        if (contents.length !== 4 && contents.length !== 16) {
          throw new CryptoError('invalid-encoding', 'malformed DER: IP address');
        }
        ipAddresses.push(contents);
        break;
    }
  }
  return { uris, dnsNames, emailAddresses, ipAddresses };
}

/** Writes the extension's value: DNS names, then URIs, the order of Go's x509. */
export function encodeSubjectAltNames(dnsNames: readonly string[], uris: readonly string[]): Buffer {
  return derSequence(
    ...dnsNames.map((name) => derImplicit(2, encodeIa5(name))),
    ...uris.map((uri) => derImplicit(6, encodeIa5(uri))),
  );
}

/** True if the text is an IPv4 or IPv6 address, with or without the brackets that URIs put around IPv6. */
export function isIpAddress(text: string): boolean {
  return isIP(text.replace(/^\[(.*)\]$/, '$1')) !== 0;
}

/** No more is asked of a URI than that it has no control characters: whoever uses it parses it. */
function decodeUri(contents: Uint8Array): string {
  const uri = decodeIa5(contents);
  if (/[\x00-\x1f\x7f]/.test(uri)) throw new CryptoError('invalid-encoding', 'malformed DER: URI');
  return uri;
}

function encodeIa5(text: string): Buffer {
  if (!/^[\x00-\x7f]*$/.test(text)) throw new CryptoError('invalid-certificate', `"${text}" is not ASCII`);
  return Buffer.from(text, 'latin1');
}
