import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { KeystorePassword } from '../crypto/pkcs12/pkcs12.ts';
import { SpirekitError } from '../runtime/errors.ts';
import { goQuote } from '../runtime/go-quote.ts';
import { ioReason } from '../runtime/io-reason.ts';
import { SpiffeId } from '../spiffe/spiffe-id.ts';
import { DEFAULT_MODES, parseFileMode } from './file-mode.ts';
import { parseFileNames } from './file-names.ts';
import { type FileOwner, resolveOwner } from './file-owner.ts';
import type { FilePlan } from './identity-files.ts';
import type { FederatedBundles } from './layouts/layout.ts';
import { LAYOUT_NAMES } from './layouts/layouts.ts';

/** What a person has typed, by the names of the flags; empty for what was not said. */
export interface FileWords {
  readonly layout: string;
  readonly fileNames: string;
  readonly mode: string;
  readonly keyMode: string;
  readonly owner: string;
  readonly group: string;
  readonly spiffeID: string;
  readonly hint: string;
  readonly index: number;
  readonly federatedBundles: string;
  readonly addIntermediatesToBundle: boolean;
  readonly omitExpired: boolean;
  readonly jwtAudience: readonly string[];
  readonly keystorePasswordFile: string;
  readonly keystorePasswordEnv: string;
  readonly keystoreCompat: string;
}

/** What has to be written, and for whom. */
export interface FileRequest {
  readonly plan: FilePlan;
  readonly owner: FileOwner;
  /** The audiences of each JWT-SVID that is wanted beside. */
  readonly audiences: readonly (readonly string[])[];
}

const FEDERATED = ['separate', 'merge', 'omit'] as const satisfies readonly FederatedBundles[];
const COMPAT = ['modern', 'jdk8'] as const satisfies readonly KeystorePassword['strength'][];

/** Each is asked for by a call of its own. */
const MOST_TOKENS = 100;

/**
 * Reads what a person has typed, and refuses all that cannot be done before anything is asked for or written.
 *
 * @param options.given names of the flags that were given, whatever their value
 * @throws SpirekitError `usage`, `invalid-spiffe-id`, `permission-denied`, or `io-error` for the password's file
 */
export async function readFileRequest(
  words: FileWords,
  options: { readonly given: ReadonlySet<string>; readonly env: Readonly<Record<string, string | undefined>> },
): Promise<FileRequest> {
  const layout = oneOf('layout', words.layout, LAYOUT_NAMES);
  const federated =
    words.federatedBundles === '' ? undefined : oneOf('federatedBundles', words.federatedBundles, FEDERATED);
  const { given } = options;
  if (given.has('index') && words.index < 0) throw new SpirekitError('usage', '-index counts from 0');
  const plan: FilePlan = {
    layout,
    choice: {
      spiffeId: words.spiffeID === '' ? undefined : SpiffeId.parse(words.spiffeID),
      hint: given.has('hint') ? words.hint : undefined,
      index: given.has('index') ? words.index : undefined,
    },
    names: words.fileNames === '' ? {} : parseFileNames(words.fileNames),
    mode: words.mode === '' ? DEFAULT_MODES.mode : parseFileMode(words.mode),
    keyMode: words.keyMode === '' ? DEFAULT_MODES.keyMode : parseFileMode(words.keyMode),
    federated,
    addsIntermediatesToBundle: words.addIntermediatesToBundle,
    omitsExpired: words.omitExpired,
    password: layout === 'p12' ? await readPassword(words, options.env) : undefined,
  };
  return { plan, owner: await resolveOwner(words), audiences: readAudiences(words.jwtAudience) };
}

/** Each word is one token; commas join audiences of the same token. */
function readAudiences(words: readonly string[]): string[][] {
  const audiences = words.map((word) => word.split(',').map((audience) => audience.trim()));
  if (audiences.flat().includes('')) throw new SpirekitError('usage', '-jwtAudience has an audience without a name');
  if (audiences.length > MOST_TOKENS)
    throw new SpirekitError('usage', `-jwtAudience asks for more than ${MOST_TOKENS} tokens`);
  return audiences;
}

/** Never from the command line itself, which every user of the machine can read. */
async function readPassword(
  { keystorePasswordFile: file, keystorePasswordEnv: variable, keystoreCompat }: FileWords,
  env: Readonly<Record<string, string | undefined>>,
): Promise<KeystorePassword> {
  const strength = keystoreCompat === '' ? 'modern' : oneOf('keystoreCompat', keystoreCompat, COMPAT);
  if ((file === '') === (variable === '')) {
    throw new SpirekitError(
      'usage',
      'the layout p12 needs a password: name a file by -keystorePasswordFile or a variable by -keystorePasswordEnv',
    );
  }
  const password = file === '' ? env[variable] : await readFirstLine(file);
  if (password !== undefined && password !== '') return { password, strength };
  const place = file === '' ? `the variable ${goQuote(variable)}` : `the file ${file}`;
  throw new SpirekitError('usage', `${place} holds no password`);
}

/** A password has less than this; whatever is longer is another file. */
const LARGEST_PASSWORD_BYTES = 4096;

async function readFirstLine(path: string): Promise<string> {
  const buffer = Buffer.alloc(LARGEST_PASSWORD_BYTES);
  let length = 0;
  try {
    // Not to wait for somebody to write, if it is a FIFO.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    length = (await file.read(buffer, 0, buffer.length, null)).bytesRead;
  } catch (cause) {
    throw new SpirekitError('io-error', `open ${path}: ${ioReason(cause)}`, { cause });
  }
  if (length === buffer.length) throw new SpirekitError('usage', `the file ${path} is too large for a password`);
  const [line = ''] = buffer.toString('utf8', 0, length).split(/\r?\n/, 1);
  return line;
}

function oneOf<T extends string>(flag: string, word: string, known: readonly T[]): T {
  const found = known.find((one) => one === word);
  if (found !== undefined) return found;
  throw new SpirekitError('usage', `-${flag} is ${goQuote(word)}, which is none of ${known.join(', ')}`);
}
