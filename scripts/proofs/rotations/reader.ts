/**
 * `reader.ts FOLDER` gets an `ExpectedFiles` from its parent, reads the files in the folder again and again until its parent
 * sends `stop`, and then sends what it has seen (`Sighting`). Meanwhile it sends the number of its looks now and then.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  type Stats,
} from 'node:fs';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { pemDecodeAll } from '../../../src/lib/crypto/pem.ts';
import { errnoOf } from '../../../src/lib/runtime/io-reason.ts';
import { isGenerationName } from '../../../src/lib/svidfiles/generation.ts';
import type { Sighting } from './sighting.ts';
import { type ExpectedFiles, PASSWORD, versionKey } from './versions.ts';

const [folder = '.'] = process.argv.slice(2);

/** Looks between two turns of the event loop, and between two messages. */
const LOOKS_A_TURN = 10;

let expected: ExpectedFiles = { files: [], owner: {}, versions: {} };
let looks = 0;
let retries = 0;
let mismatches = 0;
let wrongModes = 0;
let naiveLooks = 0;
let naiveMixed = 0;
const seen = new Set<number>();
const problems = new Set<string>();

/** As the documentation says how to read: the folder is resolved once. */
function look(): void {
  try {
    const generation = realpathSync(join(folder, '..data'));
    const contents = readAll(generation);
    looks += 1;
    const versions = new Set(contents.map(({ version }) => version));
    const [version] = versions;
    if (versions.size === 1 && version !== undefined) seen.add(version);
    else mismatch(`files of versions ${[...versions].join(', ')}`);
    const problem = findPairProblem(new Map(contents.map(({ role, data }) => [role, data])));
    if (problem !== undefined) mismatch(problem);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    retries += 1;
  }
}

/** As many programs do it: one name after the other. */
function lookNaively(): void {
  const contents = readAll(folder);
  naiveLooks += 1;
  if (new Set(contents.map(({ version }) => version)).size > 1) naiveMixed += 1;
  for (const { role, data } of contents) {
    if (role !== 'combined') continue;
    const problem = findPairProblem(new Map([[role, data]]));
    if (problem !== undefined) mismatch(`by its name: ${problem}`);
  }
}

interface Content {
  readonly role: string;
  readonly data: Buffer;
  /** Undefined for what was never issued. */
  readonly version: number | undefined;
}

function readAll(path: string): Content[] {
  return expected.files.map(({ name, role, mode }) => {
    const file = openSync(join(path, name), 'r');
    try {
      checkStatus(name, fstatSync(file), mode);
      const data = readFileSync(file);
      return { role, data, version: expected.versions[versionKey(name, data)] };
    } finally {
      closeSync(file);
    }
  });
}

/** Lets Node's TLS stack have them, as a server would, and verifies the certificate by the bundle that is there. */
function findPairProblem(files: ReadonlyMap<string, Buffer>): string | undefined {
  const key = files.get('key') ?? files.get('combined');
  const cert = files.get('cert') ?? files.get('combined');
  const ca = files.get('bundle');
  const pfx = files.get('keystore');
  try {
    if (pfx !== undefined) {
      createSecureContext({ pfx, passphrase: PASSWORD });
      return undefined;
    }
    if (key === undefined || cert === undefined) return 'no key or no certificate';
    createSecureContext({ key, cert, ...(ca !== undefined && { ca }) });
    const leaf = new X509Certificate(cert);
    if (!leaf.checkPrivateKey(createPrivateKey(key))) return 'the key is of another certificate';
    const roots = ca === undefined ? [] : pemDecodeAll(ca).map(({ der }) => new X509Certificate(der));
    const isTrusted = ca === undefined || roots.some((root) => leaf.verify(root.publicKey));
    return isTrusted ? undefined : 'the certificate is of another bundle';
  } catch (error) {
    return `TLS refuses: ${error instanceof Error ? error.message : error}`;
  }
}

/** What is being made must not be open to others, and nothing wider than it has to be in the end. */
function lookAtModes(): void {
  for (const name of readdirSync(folder).filter(isGenerationName)) {
    try {
      const mode = lstatSync(join(folder, name)).mode & 0o7777;
      if (mode !== 0o700 && mode !== 0o755) wrongMode(`a generation has mode ${mode.toString(8)}`);
      for (const file of mode === 0o700 ? expected.files : []) {
        const status = lstatSync(join(folder, name, file.name), { throwIfNoEntry: false });
        if (status !== undefined && (status.mode & 0o7077 & ~file.mode) !== 0)
          wrongMode(`${file.name} is made too wide`);
      }
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT' && errnoOf(error) !== 'EACCES') throw error;
    }
  }
}

function checkStatus(name: string, { mode, uid, gid }: Stats, wanted: number): void {
  if ((mode & 0o7777) !== wanted) wrongMode(`${name} has mode ${(mode & 0o7777).toString(8)}`);
  const { owner } = expected;
  if (uid !== (owner.uid ?? uid) || gid !== (owner.gid ?? gid)) wrongMode(`${name} belongs to ${uid}:${gid}`);
}

function mismatch(problem: string): void {
  mismatches += 1;
  problems.add(problem);
}

function wrongMode(problem: string): void {
  wrongModes += 1;
  problems.add(problem);
}

function turn(): void {
  for (let more = LOOKS_A_TURN; more > 0; more -= 1) {
    look();
    lookNaively();
    lookAtModes();
  }
  process.send?.(looks);
  next = setImmediate(turn);
}

let next: NodeJS.Immediate | undefined;
process.on('message', (message: ExpectedFiles | 'stop') => {
  if (message !== 'stop') {
    expected = message;
    next = setImmediate(turn);
    return;
  }
  clearImmediate(next);
  const sighting: Sighting = {
    looks,
    retries,
    mismatches,
    wrongModes,
    naiveLooks,
    naiveMixed,
    versions: seen.size,
    problems: [...problems],
  };
  process.send?.(sighting, () => process.disconnect());
});
