import { decodeBase64 } from './base64.ts';
import { CryptoError } from './crypto-error.ts';

/** One block of a PEM file (RFC 7468). */
export interface PemBlock {
  /** e.g. `CERTIFICATE` or `PRIVATE KEY`. */
  readonly label: string;
  readonly der: Uint8Array;
}

/** Columns of base64 in a line: RFC 7468 section 2, and what Go's encoding/pem writes. */
const LINE_LENGTH = 64;

const BEGIN = '-----BEGIN ';
const END = '-----END ';
const DASHES = '-----';
const BLANKS = ' \t\r';

/** Writes one block, with a newline at the end. */
export function pemEncode(label: string, der: Uint8Array): string {
  const base64 = Buffer.from(der.buffer, der.byteOffset, der.byteLength).toString('base64');
  let text = `${BEGIN}${label}${DASHES}\n`;
  for (let at = 0; at < base64.length; at += LINE_LENGTH) text += `${base64.slice(at, at + LINE_LENGTH)}\n`;
  return `${text}${END}${label}${DASHES}\n`;
}

/**
 * Reads every block of a PEM file. Text around blocks and header lines within them are skipped, as in Go's
 * encoding/pem; unlike there, a block that was begun and is broken is an error and not skipped.
 *
 * @throws CryptoError `invalid-encoding`
 */
export function pemDecodeAll(pem: string | Uint8Array): PemBlock[] {
  const text =
    typeof pem === 'string' ? pem : Buffer.from(pem.buffer, pem.byteOffset, pem.byteLength).toString('latin1');
  const blocks: PemBlock[] = [];
  let label: string | undefined;
  let body: string[] = [];
  let inHeaders = true;
  for (const rawLine of text.split('\n')) {
    const line = withoutTrailingBlanks(rawLine);
    if (line.startsWith(BEGIN) && line.endsWith(DASHES) && line.length > BEGIN.length + DASHES.length - 1) {
      if (label !== undefined) throw new CryptoError('invalid-encoding', `PEM block ${label} has no end`);
      label = line.slice(BEGIN.length, -DASHES.length);
      body = [];
      inHeaders = true;
    } else if (label !== undefined && line.startsWith(END)) {
      if (line !== `${END}${label}${DASHES}`) {
        throw new CryptoError('invalid-encoding', `PEM block ${label} ends as another`);
      }
      blocks.push({ label, der: decodeBody(label, body.join('')) });
      label = undefined;
    } else if (label !== undefined) {
      if (inHeaders && line.includes(':')) continue;
      inHeaders = inHeaders && line === '';
      body.push(line.replaceAll(/[ \t]/g, ''));
    }
  }
  if (label !== undefined) throw new CryptoError('invalid-encoding', `PEM block ${label} has no end`);
  return blocks;
}

/** A loop, since an expression for the end of a line looks at each run of blanks once for each of them. */
function withoutTrailingBlanks(line: string): string {
  let end = line.length;
  while (end > 0 && BLANKS.includes(line.charAt(end - 1))) end -= 1;
  return line.slice(0, end);
}

function decodeBody(label: string, base64: string): Uint8Array {
  try {
    return decodeBase64(base64);
  } catch (cause) {
    throw new CryptoError('invalid-encoding', `PEM block ${label} is not base64`, { cause });
  }
}
