import { SpirekitError } from '../runtime/errors.ts';
import { goQuote } from '../runtime/go-quote.ts';
import { FILE_ROLES, type FilePart, type FileRole } from './identity-file.ts';

/** Patterns of names by role; see {@link nameOf} for what stands between braces. */
export type FileNames = Readonly<Partial<Record<FileRole, string>>>;

/** What a file name may have at most, in bytes; so it is on every file system in use. */
const MAX_NAME_BYTES = 255;
const MAX_TEXT_LENGTH = 4096;

/**
 * Reads what a person wants files to be called: `cert=tls.pem,key=tls.key`.
 *
 * @throws SpirekitError `usage`
 */
export function parseFileNames(text: string): FileNames {
  if (text.length > MAX_TEXT_LENGTH) throw refused('is too long');
  const names = new Map<FileRole, string>();
  for (const pair of text.split(',')) {
    const equals = pair.indexOf('=');
    const word = pair.slice(0, Math.max(0, equals)).trim();
    const role = FILE_ROLES.find((known) => known === word);
    if (role === undefined)
      throw refused(`has ${goQuote(pair)}, which is not ROLE=NAME; roles: ${FILE_ROLES.join(', ')}`);
    if (names.has(role)) throw refused(`names ${role} twice`);
    const pattern = pair.slice(equals + 1).trim();
    const unknown = /\{(?!(?:n|m|td)\})[^{}]*\}?/.exec(pattern)?.[0];
    if (unknown !== undefined) throw refused(`has ${goQuote(unknown)}; there are {n}, {m} and {td}`);
    checkName(pattern);
    names.set(role, pattern);
  }
  return Object.fromEntries(names);
}

/**
 * What a file is called: `{n}` stands for the number of the identity, `{m}` for that of the federated bundle, `{td}` for
 * the trust domain.
 *
 * @throws SpirekitError `usage` for what cannot be a name
 */
export function nameOf(pattern: string, { n, m, trustDomain }: FilePart): string {
  const name = pattern.replace(/\{(n|m|td)\}/g, (_, word) =>
    word === 'n' ? `${n}` : word === 'm' ? `${m}` : trustDomain,
  );
  checkName(name);
  return name;
}

/** Names that begin with two dots are those of generations and of the link that switches them. */
function checkName(name: string): void {
  const isName = name !== '' && name !== '.' && !name.startsWith('..') && !/[/\u0000-\u001f\u007f]/.test(name);
  if (!isName || name.endsWith('.tmp')) throw refused(`has ${goQuote(name)}, which cannot be the name of a file here`);
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) throw refused(`has a name of more than ${MAX_NAME_BYTES} bytes`);
}

function refused(what: string): SpirekitError {
  return new SpirekitError('usage', `the list of file names ${what}`);
}
