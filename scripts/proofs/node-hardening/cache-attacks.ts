import {
  chmodSync,
  chownSync,
  cpSync,
  linkSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { OWN_NODE_PATH, PackageCopy } from '../../../test/support/package-copy.ts';
import { hasStruck, type Poison, poisonCache } from '../../../test/support/poisoned-cache.ts';
import { NOBODY, run, whyNoOtherUsers } from '../../../test/support/programs.ts';
import type { Ledger } from './ledger.ts';

const STRANGER = 2001;

/** A way to leave a poisoned cache for somebody who runs the program. */
interface Attack {
  readonly name: string;
  readonly needsOwners?: true;
  /** Runs the program as this user; as oneself by default. */
  readonly victim?: number;
  prepare(place: Place): void;
}

/** Where the attack happens; `cache` holds the poison, its folder and files owned and moded as they should be. */
interface Place {
  readonly root: string;
  readonly cache: string;
  /** The folder in the cache for this version of Node. */
  readonly inner: string;
  /** The poisoned file. */
  readonly entry: string;
}

const modes = [0o770, 0o707, 0o777, 0o720, 0o702, 0o1777, 0o710];

const ATTACKS: readonly Attack[] = [
  ...modes.map((mode) => ({
    name: `the folder has mode ${mode.toString(8)}`,
    prepare: ({ cache }: Place) => chmodSync(cache, mode),
  })),
  {
    name: 'the folder is a link',
    prepare: ({ cache }) => {
      renameSync(cache, `${cache}-elsewhere`);
      symlinkSync(`${cache}-elsewhere`, cache);
    },
  },
  { name: 'the file may be written by others', prepare: ({ entry }) => chmodSync(entry, 0o602) },
  { name: 'the file may be written by the group', prepare: ({ entry }) => chmodSync(entry, 0o620) },
  {
    name: 'the file is a link',
    prepare: ({ entry, root }) => {
      renameSync(entry, join(root, 'elsewhere'));
      symlinkSync(join(root, 'elsewhere'), entry);
    },
  },
  { name: 'the file has a second name', prepare: ({ entry, root }) => linkSync(entry, join(root, 'elsewhere')) },
  {
    name: 'the folder for this Node is a link',
    prepare: ({ inner, root }) => {
      renameSync(inner, join(root, 'elsewhere'));
      symlinkSync(join(root, 'elsewhere'), inner);
    },
  },
  { name: 'the folder belongs to another', needsOwners: true, prepare: ({ cache }) => chownSync(cache, STRANGER, 0) },
  {
    name: 'the folder for this Node belongs to another',
    needsOwners: true,
    prepare: ({ inner }) => chownSync(inner, STRANGER, 0),
  },
  { name: 'the file belongs to another', needsOwners: true, prepare: ({ entry }) => chownSync(entry, STRANGER, 0) },
  {
    name: 'a file beside it belongs to another',
    needsOwners: true,
    prepare: ({ inner }) => {
      writeFileSync(join(inner, 'planted'), '');
      chownSync(join(inner, 'planted'), STRANGER, STRANGER);
    },
  },
  {
    name: 'another made everything before the first run, in a package that all may write',
    needsOwners: true,
    prepare: ({ root, cache, inner, entry }) => {
      chmodSync(root, 0o1777);
      for (const path of [cache, inner, entry]) chownSync(path, STRANGER, STRANGER);
    },
  },
  { name: "root's cache, when another runs the program", needsOwners: true, victim: NOBODY, prepare: () => {} },
  {
    name: "a stranger's cache that all may read, when another runs the program",
    needsOwners: true,
    victim: NOBODY,
    prepare: ({ cache, inner, entry }) => {
      for (const path of [cache, inner, entry]) chownSync(path, STRANGER, STRANGER);
      for (const path of [cache, inner]) chmodSync(path, 0o755);
      chmodSync(entry, 0o644);
    },
  },
];

/** Poisons the compile cache in all these ways, and sees whether a program runs the poison. */
export async function attackCompileCache(ledger: Ledger): Promise<void> {
  await attackClient(ledger);
  await attackDaemon(ledger);
}

async function attackClient(ledger: Ledger): Promise<void> {
  using copy = new PackageCopy();
  const obstacle = await whyNoOtherUsers();
  chmodSync(copy.folder, 0o755);
  const cache = join(copy.root, '.cache');
  const pattern = join(copy.folder, 'poisoned');
  const markers = join(copy.folder, 'markers');
  mkdirSync(markers);
  chmodSync(markers, 0o777);
  const poison = await poisonCache(join(copy.root, 'dist/main/spire-agent.client.cjs'), {
    cacheFolder: pattern,
    marker: join(markers, 'marker'),
    flags: ['--min-semi-space-size=8'],
  });
  const lay = (): Place => {
    rmSync(cache, { recursive: true, force: true });
    cpSync(pattern, cache, { recursive: true });
    chmodSync(cache, 0o700);
    const inner = join(cache, readdirSync(cache)[0] ?? '');
    const entry = join(inner, readdirSync(inner)[0] ?? '');
    chmodSync(entry, 0o600);
    return { root: copy.root, cache, inner, entry };
  };
  const strikes = async (poisoned: Poison, user?: number, more: NodeJS.ProcessEnv = {}): Promise<boolean> => {
    await run(join(copy.root, 'bin/spire-agent'), ['-h'], {
      env: { PATH: OWN_NODE_PATH, ...more },
      cwd: '/',
      ...(user === undefined ? {} : { uid: user, gid: user }),
    });
    return hasStruck(poisoned);
  };
  lay();
  ledger.control('a poisoned compile cache in the own folder of the user who runs the program', await strikes(poison));
  for (const { name, needsOwners, victim, prepare } of ATTACKS) {
    const what = `poisoned compile cache: ${name}`;
    if (needsOwners && obstacle !== undefined) {
      ledger.untried(what, obstacle);
      continue;
    }
    prepare(lay());
    ledger.check(what, !(await strikes(poison, victim)));
    chmodSync(copy.root, 0o755);
    for (const left of [`${cache}-elsewhere`, join(copy.root, 'elsewhere')])
      rmSync(left, { recursive: true, force: true });
  }
  rmSync(cache, { recursive: true, force: true });
  ledger.check(
    'poisoned compile cache: named by NODE_COMPILE_CACHE',
    !(await strikes(poison, undefined, { NODE_COMPILE_CACHE: pattern })),
  );
}

async function attackDaemon(ledger: Ledger): Promise<void> {
  for (const [program, args] of [
    ['spire-server', ['run', '-config', '/none']],
    ['spire-agent', ['run', '-config', '/none']],
    ['spirekit', ['dev', 'exec', '-trustDomain', '/', '--', 'true']],
  ] as const) {
    using copy = new PackageCopy();
    const cacheFolder = join(copy.root, program === 'spirekit' ? '.cache-umbrella' : '.cache');
    const marker = join(copy.folder, 'marker');
    const file = join(copy.root, `dist/main/${program}.full.cjs`);
    const poison = await poisonCache(file, { cacheFolder, marker, flags: [] });
    chmodSync(cacheFolder, 0o700);
    const loader = `require('node:module').enableCompileCache(${JSON.stringify(cacheFolder)});require(${JSON.stringify(file)})`;
    await run(process.execPath, ['-e', loader]);
    ledger.control(`a poisoned compile cache for ${program} ${args[0]}`, hasStruck(poison));
    for (const more of [{}, { NODE_COMPILE_CACHE: cacheFolder }]) {
      await run(join(copy.root, 'bin', program), args, { env: { PATH: OWN_NODE_PATH, ...more } });
      ledger.check(
        `${program} ${args[0]} with a poisoned compile cache${'NODE_COMPILE_CACHE' in more ? ' named by NODE_COMPILE_CACHE' : ''}`,
        !hasStruck(poison),
      );
    }
  }
}
