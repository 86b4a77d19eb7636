/**
 * `reader.ts FOLDER` reads the files that `api fetch x509 -write` replaces there, again and again, until its parent sends
 * a message; then it sends what it has seen (`Sighting`).
 */
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, lstatSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Certificate } from '../../../src/lib/crypto/certificate.ts';
import { isSamePublicKey, parsePkcs8 } from '../../../src/lib/crypto/key.ts';
import { pemDecodeAll, pemEncode } from '../../../src/lib/crypto/pem.ts';
import { errnoOf } from '../../../src/lib/runtime/io-reason.ts';
import { WRITTEN_FILES, type WrittenFile } from '../written-identity.ts';
import type { Sighting } from './sighting.ts';

const [folder = '.'] = process.argv.slice(2);

/** Looks between two turns of the event loop. */
const LOOKS_A_TURN = 50;

let looks = 0;
let unpairedLooks = 0;
const digests: Record<WrittenFile, Set<string>> = {
  'svid.0.pem': new Set(),
  'svid.0.key': new Set(),
  'bundle.0.pem': new Set(),
};
const torn = new Set<string>();
const problems = new Set<string>();
/** Whether a certificate and a key, by their digests, belong together. */
const pairs = new Map<string, boolean>();

interface Seen {
  readonly bytes: Buffer;
  readonly digest: string;
  readonly isWhole: boolean;
}

function look(): void {
  looks += 1;
  const certificate = see('svid.0.pem');
  const key = see('svid.0.key');
  const certificateAfter = see('svid.0.pem');
  see('bundle.0.pem');
  // Only then is it known which certificate was there when the key was read.
  const isSure = certificate.digest === certificateAfter.digest && certificate.isWhole && key.isWhole;
  if (isSure && !isPair(certificate, key)) unpairedLooks += 1;
  for (const name of readdirSync(folder)) if (!Object.hasOwn(WRITTEN_FILES, name)) checkTemporary(name);
}

function see(name: WrittenFile): Seen {
  const file = openSync(join(folder, name), 'r');
  try {
    checkMode(name, fstatSync(file).mode, WRITTEN_FILES[name]);
    const bytes = readFileSync(file);
    const digest = createHash('sha256').update(bytes).digest('hex');
    if (!digests[name].has(digest)) {
      digests[name].add(digest);
      if (!isWhole(name, bytes)) torn.add(digest);
    }
    if (torn.has(digest)) problems.add(`${name} was torn: ${bytes.length} bytes`);
    return { bytes, digest, isWhole: !torn.has(digest) };
  } finally {
    closeSync(file);
  }
}

/** Every byte belongs to a block, and every block parses. */
function isWhole(name: WrittenFile, bytes: Buffer): boolean {
  try {
    const blocks = pemDecodeAll(bytes);
    for (const { der } of blocks) {
      if (name === 'svid.0.key') parsePkcs8(der);
      else Certificate.parse(der);
    }
    const text = blocks.map(({ label, der }) => pemEncode(label, der)).join('');
    return text !== '' && text === bytes.toString();
  } catch {
    return false;
  }
}

function isPair(certificate: Seen, key: Seen): boolean {
  const name = `${certificate.digest} ${key.digest}`;
  const known = pairs.get(name);
  if (known !== undefined) return known;
  const [leaf] = Certificate.parsePem(certificate.bytes);
  const privateKey = parsePkcs8(pemDecodeAll(key.bytes)[0]?.der ?? new Uint8Array());
  const belongs = leaf !== undefined && isSamePublicKey(leaf.publicKey, privateKey);
  pairs.set(name, belongs);
  return belongs;
}

/** What is not in place yet must not be open any wider. */
function checkTemporary(name: string): void {
  const target = Object.keys(WRITTEN_FILES).find((file) => name.startsWith(`.${file}.`));
  try {
    checkMode(name, lstatSync(join(folder, name)).mode, target === 'svid.0.key' ? 0o600 : 0o644);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

function checkMode(name: string, mode: number, widest: number): void {
  const permissions = mode & 0o7777;
  if ((permissions & ~widest) !== 0) problems.add(`${name} had mode ${permissions.toString(8)}`);
}

function loop(): void {
  for (let more = LOOKS_A_TURN; more > 0; more -= 1) look();
  next = setImmediate(loop);
}

let next = setImmediate(loop);
process.once('message', () => {
  clearImmediate(next);
  look();
  const sighting: Sighting = {
    looks,
    unpairedLooks,
    unpairedRotations: [...pairs.values()].filter((belongs) => !belongs).length,
    problems: [...problems],
    digests: {
      'svid.0.pem': [...digests['svid.0.pem']],
      'svid.0.key': [...digests['svid.0.key']],
      'bundle.0.pem': [...digests['bundle.0.pem']],
    },
  };
  process.send?.(sighting, () => process.disconnect());
});
process.send?.('ready');
