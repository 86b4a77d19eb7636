import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandClass } from '../../../src/lib/cli/command-class.ts';
import { runCommand } from '../../../src/lib/cli/run-command.ts';
import { generateKey, parsePublicKey, publicKeyDer } from '../../../src/lib/crypto/key.ts';
import { signerFromKey } from '../../../src/lib/crypto/signer.ts';
import { RULES } from '../../../src/lib/inspect/rules.ts';
import { SpirekitError } from '../../../src/lib/runtime/errors.ts';
import { Bundle, formatJwks } from '../../../src/lib/spiffe/bundle.ts';
import { signJwtSvidClaims } from '../../../src/lib/spiffe/jwt-svid.ts';
import { TrustDomain } from '../../../src/lib/spiffe/spiffe-id.ts';
import { captureIo } from '../../../test/unit/cli/capture-io.ts';
import type { VectorCase } from '../../vectors/manifest.ts';

/** The command line that puts a case to the question, and which exit code says that it is good. */
export interface VectorCommand {
  readonly words: 'svid verify' | 'bundle inspect' | 'svid inspect';
  readonly argv: readonly string[];
  readonly stdin?: string;
  /** The command is stopped as soon as it waits for anything. */
  readonly isStopped?: true;
  /** Exit codes of a valid case; every other is a refusal. */
  readonly goodExits: readonly number[];
}

/** What commands for cases without a file of their own are made with. */
export interface VectorKit {
  /** Folder of the manifest, and one to write into. */
  readonly vectors: string;
  readonly folder: string;
  /** Signs a token of this subject, and returns the files of the token and of the bundle that verifies it. */
  makeToken(subject: string): Promise<{ token: string; bundle: string }>;
}

/** A kit whose files go into a folder. */
export async function openVectorKit(vectors: string, folder: string, nowMs: number): Promise<VectorKit> {
  const key = await generateKey('ec-p256');
  const publicKey = parsePublicKey(publicKeyDer(key));
  const jwks = formatJwks(
    new Bundle(TrustDomain.parse('any.example'), { jwtAuthorities: new Map([['k', publicKey]]) }),
  );
  mkdirSync(folder, { recursive: true });
  const bundle = join(folder, 'jwks.json');
  writeFileSync(bundle, jwks);
  return {
    vectors,
    folder,
    async makeToken(subject) {
      const seconds = Math.floor(nowMs / 1000);
      const claims = { aud: ['reports'], exp: seconds + 300, iat: seconds, sub: subject };
      return { token: await signJwtSvidClaims(claims, { kid: 'k', signer: signerFromKey(key) }), bundle };
    },
  };
}

/** The command for a case; undefined for a kind that no command is about. */
export async function commandFor(vector: VectorCase, kit: VectorKit): Promise<VectorCommand | undefined> {
  const path = (file: string): string => join(kit.vectors, file);
  const bundles = Object.entries(vector.bundles).flatMap(([name, file]) => ['--bundle', `${name}=${path(file)}`]);
  switch (vector.kind) {
    case 'x509-svid':
      return { words: 'svid verify', argv: [path(vector.file), ...bundles], goodExits: [0] };
    case 'x509-keypair':
      return {
        words: 'svid verify',
        argv: [path(vector.file), '--key', path(vector.key), '--form-only'],
        goodExits: [0],
      };
    case 'jwt-svid':
      return {
        words: 'svid verify',
        argv: [path(vector.file), '--audience', vector.audience, ...bundles],
        goodExits: [0],
      };
    case 'bundle':
      return {
        words: 'bundle inspect',
        argv: [path(vector.file), '--format', 'spiffe', '--trust-domain', vector.trustDomain],
        goodExits: [0],
      };
    case 'jwks':
      return {
        words: 'bundle inspect',
        argv: [path(vector.file), '--format', 'jwks', '--trust-domain', vector.trustDomain],
        goodExits: [0],
      };
    case 'spiffe-id': {
      // A token with that subject, signed by a key of whatever trust domain it may name.
      const { token, bundle } = await kit.makeToken(vector.input);
      const name = /^spiffe:\/\/([^/]*)/.exec(vector.input)?.[1] ?? 'any.example';
      const trustDomain = TRUST_DOMAIN.test(name) ? name : 'any.example';
      const argv = ['-', '--audience', 'reports', '--bundle', `${trustDomain}=${bundle}`];
      return { words: 'svid verify', argv, stdin: token, goodExits: [0] };
    }
    case 'trust-domain':
      return {
        words: 'bundle inspect',
        argv: [join(kit.folder, 'jwks.json'), '--trust-domain', vector.input],
        goodExits: [0],
      };
    case 'endpoint':
      // Stopped before anything is dialled: a good address is one that came so far.
      return {
        words: 'svid inspect',
        argv: [vector.input === '' ? '' : `workload:${vector.input}`],
        isStopped: true,
        goodExits: [1],
      };
    default:
      return undefined;
  }
}

const TRUST_DOMAIN = /^[a-z0-9._-]{1,255}$/;

/** The class behind the words. */
async function commandClass(words: VectorCommand['words']): Promise<CommandClass> {
  switch (words) {
    case 'svid verify':
      return (await import('../../../src/commands/svid/verify.ts')).default;
    case 'svid inspect':
      return (await import('../../../src/commands/svid/inspect.ts')).default;
    case 'bundle inspect':
      return (await import('../../../src/commands/bundle/inspect.ts')).default;
  }
}

/** What a command came to, in this process. */
export async function runVectorCommand({
  words,
  argv,
  stdin,
  isStopped,
}: VectorCommand): Promise<{ code: number; text: string }> {
  const { io, written } = captureIo(stdin === undefined ? {} : { stdin });
  const code = await runCommand(await commandClass(words), [...argv, '--output', 'json'], {
    program: 'spirekit',
    words,
    io,
    env: { TZ: 'UTC' },
    ...(isStopped === true ? { signal: AbortSignal.abort(new SpirekitError('canceled', 'stopped')) } : {}),
  });
  return { code, text: written.stdout + written.stderr };
}

/** The rules that an answer names and that are in the table. */
export function citedRules(text: string): string[] {
  return [...text.matchAll(/\b([A-Z]{2}-\d\d)\b/g)].flatMap(([, id = '']) => (Object.hasOwn(RULES, id) ? [id] : []));
}
