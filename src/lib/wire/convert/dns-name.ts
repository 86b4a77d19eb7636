import { domainToASCII, domainToUnicode } from 'node:url';
import { goQuote } from '../../runtime/go-quote.ts';
import { invalidMessage } from './conversion-error.ts';

/** RFC 1035, section 2.3.4, without the final dot. */
const LONGEST_NAME = 253;
const LONGEST_LABEL = 63;

/**
 * Checks a DNS name that is to go into certificates, as SPIRE does: ASCII; one wildcard at most, as the whole first
 * label; labels of 1 to 63 characters that neither begin nor end with a hyphen; no two hyphens in third and fourth
 * place but in a valid `xn--` label (RFC 5890, section 2.3.1). Blanks and control characters are refused too, which
 * SPIRE lets through.
 *
 * @throws SpirekitError `invalid-argument`
 */
export function checkDnsName(name: string): void {
  if (/[^\0-\x7f]/.test(name)) throw invalidMessage('name must be ascii');
  const stars = name.split('*').length - 1;
  if (stars > 1) throw invalidMessage('too many wildcards');
  if (stars === 1 && !name.startsWith('*.')) throw invalidMessage('wildcard must be first label');
  const domain = stars === 1 ? name.slice(2) : name;
  if (domain.trim() === '') throw invalidMessage('empty or only whitespace');
  if (domain.endsWith('.')) throw invalidMessage('domain ends with dot');
  if (domain.length > LONGEST_NAME) throw invalidLabel(domain);
  const labels = domain.split('.');
  for (const label of labels) {
    if (!isLabel(label)) throw invalidLabel(label === '' ? domain : label);
  }
}

function isLabel(label: string): boolean {
  if (label === '' || label.length > LONGEST_LABEL) return false;
  if (/[\0-\x20\x7f]/.test(label) || label.startsWith('-') || label.endsWith('-')) return false;
  if (!/^..--/.test(label)) return true;
  return label.startsWith('xn--') && isEncodedLabel(label);
}

/** Whether an `xn--` label stands for one of letters, marks, digits and hyphens, and is how that one is encoded. */
function isEncodedLabel(label: string): boolean {
  const decoded = domainToUnicode(label);
  // What cannot be decoded comes back as it is.
  return decoded !== label && /^[\p{L}\p{M}\p{N}-]+$/u.test(decoded) && domainToASCII(decoded) === label;
}

function invalidLabel(label: string): Error {
  return invalidMessage(`idna error\nidna: invalid label ${goQuote(label)}`);
}
