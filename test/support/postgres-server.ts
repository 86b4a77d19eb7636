import { type ChildProcess, spawn } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  closeSync,
  cpSync,
  lchownSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, type QueryResult } from 'pg';
import { freePort } from './deployment.ts';
import { PostgresKit, postgresUser } from './postgres-kit.ts';
import { findOnPath, NOBODY } from './programs.ts';

/** What differs from a plain server. */
export interface PostgresServerOptions {
  /** Lines of `postgresql.conf`, by name. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Where the cluster lies; default: a folder of its own. It must be empty or absent, and the server's user must reach it. */
  readonly dataDir?: string;
  /** Whether commits wait for the disk; default false, since no test cuts the power. */
  readonly isDurable?: boolean;
}

/** How a server is stopped: letting nobody finish, or as a crash. */
export type StopMode = 'fast' | 'immediate';

const START_WAIT_MS = 60_000;
const SIGNALS = { fast: 'SIGINT', immediate: 'SIGQUIT' } as const;

/**
 * A real PostgreSQL as processes of their own in a temporary folder, on a free loopback port and a unix socket. Anybody on
 * this machine may connect as `postgres`. It ends when it is disposed of.
 */
export class PostgresServer implements AsyncDisposable {
  readonly folder: string;
  readonly dataDir: string;
  readonly port: number;
  readonly #kit: PostgresKit;
  readonly #isDurable: boolean;
  #process: ChildProcess | undefined;
  #databases = 0;

  private constructor(kit: PostgresKit, folder: string, port: number, options: PostgresServerOptions) {
    this.#kit = kit;
    this.folder = folder;
    this.port = port;
    this.dataDir = options.dataDir ?? join(folder, 'data');
    this.#isDurable = options.isDurable === true;
  }

  /** Rejects where `whyNoPostgres` gives a reason. */
  static async open(options: PostgresServerOptions = {}): Promise<PostgresServer> {
    const kit = await PostgresKit.open();
    const folder = mkdtempSync(join(tmpdir(), 'postgres-'));
    const server = new PostgresServer(kit, folder, await freePort(), options);
    try {
      chmodSync(folder, 0o755);
      cpSync(kit.cluster, server.dataDir, { recursive: true });
      chmodSync(server.dataDir, 0o700);
      giveAway(server.dataDir);
      server.configure(options.settings ?? {});
      await server.start();
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
    return server;
  }

  /** A server that follows another one and takes no writes. The other one is started again in between. */
  static async openStandby(primary: PostgresServer): Promise<PostgresServer> {
    const kit = await PostgresKit.open();
    const folder = mkdtempSync(join(tmpdir(), 'postgres-'));
    const standby = new PostgresServer(kit, folder, await freePort(), {});
    try {
      chmodSync(folder, 0o755);
      await primary.stop();
      cpSync(primary.dataDir, standby.dataDir, { recursive: true, filter: (path) => !path.includes('.s.PGSQL') });
      await primary.start();
      writeFileSync(join(standby.dataDir, 'standby.signal'), '');
      chmodSync(standby.dataDir, 0o700);
      giveAway(standby.dataDir);
      standby.configure({ primary_conninfo: `host=127.0.0.1 port=${primary.port} user=postgres` });
      await standby.start();
    } catch (error) {
      await standby[Symbol.asyncDispose]();
      throw error;
    }
    return standby;
  }

  /** Adds lines to `postgresql.conf`, which count from the next start or {@link reload} on. */
  configure(settings: Readonly<Record<string, string>>): void {
    const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'\n`);
    appendFileSync(join(this.dataDir, 'postgresql.conf'), lines.join(''));
  }

  /** Makes the server read its configuration again. */
  reload(): void {
    this.#process?.kill('SIGHUP');
  }

  /** Resolves when it takes connections. */
  async start(): Promise<void> {
    const log = openSync(join(this.folder, 'log'), 'a');
    const durability = this.#isDurable ? [] : ['-c', 'fsync=off', '-c', 'full_page_writes=off'];
    const places = ['-c', 'listen_addresses=127.0.0.1', '-p', String(this.port), '-k', this.dataDir];
    try {
      const [program = '', ...args] = [...dyingWithUs(), this.#kit.program('postgres'), '-D', this.dataDir];
      this.#process = spawn(program, [...args, ...places, ...durability], {
        cwd: '/',
        env: { PATH: process.env['PATH'], TZ: 'UTC' },
        stdio: ['ignore', log, log],
        ...postgresUser,
      });
    } finally {
      closeSync(log);
    }
    await this.#untilReady(this.#process);
  }

  /** Resolves when all of its processes have ended. */
  async stop(mode: StopMode = 'fast'): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    await new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
      child.kill(SIGNALS[mode]);
    });
  }

  /** A connection string in the form `name=value`, for a database. */
  connectionString(database: string, more = ''): string {
    return `host=127.0.0.1 port=${this.port} user=postgres dbname=${database} sslmode=disable ${more}`.trim();
  }

  /** Makes an empty database and returns its name. */
  async createDatabase(): Promise<string> {
    const name = `test_${++this.#databases}`;
    await this.query(`create database ${name}`);
    return name;
  }

  /** Makes an empty schema in the database `postgres`, much faster than a database, and returns its name. */
  async createSchema(): Promise<string> {
    const name = `schema_${++this.#databases}`;
    await this.query(`create schema ${name}`);
    return name;
  }

  /** Runs SQL as the superuser. */
  async query(sql: string, database = 'postgres'): Promise<QueryResult<Record<string, unknown>>> {
    await using client = await this.connect(database);
    return await client.query(sql);
  }

  /** A connection of the superuser, for whoever needs to keep one. */
  async connect(database = 'postgres'): Promise<Client & AsyncDisposable> {
    const client = new Client({ host: this.dataDir, port: this.port, user: 'postgres', database });
    // One whose server goes away is no matter here.
    client.on('error', () => {});
    await client.connect();
    return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() });
  }

  /** What the server has logged so far. */
  log(): string {
    return readFileSync(join(this.folder, 'log'), 'utf8');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('immediate');
    rmSync(this.dataDir, { recursive: true, force: true });
    rmSync(this.folder, { recursive: true, force: true });
    this.#kit.close();
  }

  async #untilReady(child: ChildProcess): Promise<void> {
    const deadline = performance.now() + START_WAIT_MS;
    for (;;) {
      try {
        await using client = await this.connect();
        await client.query('select 1');
        return;
      } catch (error) {
        const hasEnded = child.exitCode !== null || child.signalCode !== null;
        if (hasEnded || performance.now() > deadline) {
          throw new Error(`PostgreSQL does not start: ${this.log().slice(-2000)}`, { cause: error });
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }
}

/** Words in front of a command that end it with this process, however that ends; where there is no such program, none. */
function dyingWithUs(): string[] {
  const setpriv = findOnPath('setpriv');
  return setpriv === undefined ? [] : [setpriv, '--pdeathsig', 'QUIT', '--'];
}

/** The files of a cluster belong to the user that the server runs as. */
function giveAway(folder: string): void {
  if (postgresUser.uid === undefined) return;
  lchownSync(folder, NOBODY, NOBODY);
  for (const name of readdirSync(folder, { recursive: true })) lchownSync(join(folder, String(name)), NOBODY, NOBODY);
}
