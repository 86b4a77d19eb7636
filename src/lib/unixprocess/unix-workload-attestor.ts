import { open, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { SpirekitError } from '../runtime/errors.ts';
import type { Selector } from '../spiffe/selector.ts';
import { AccountNames } from './account-names.ts';
import { sha256OfFile } from './executable-digest.ts';
import { type ProcessStatus, parseProcessStatus } from './process-status.ts';

/** The `plugin_data` of the `unix` workload attestor. */
export interface UnixWorkloadAttestorConfig {
  /** Adds the selectors `path` and `sha256`; it takes the right to look at other users' processes. Default false. */
  readonly discoverWorkloadPath?: boolean | undefined;
  /** The largest program whose digest is taken, in bytes: 0 means any, less than 0 takes none. Default 0. */
  readonly workloadSizeLimitBytes?: number | undefined;
}

/** Where the facts are read; other places only for tests. */
export interface UnixWorkloadAttestorPaths {
  readonly proc: string;
  readonly passwd: string;
  readonly group: string;
}

const SYSTEM_PATHS: UnixWorkloadAttestorPaths = { proc: '/proc', passwd: '/etc/passwd', group: '/etc/group' };

/** 65,536 groups of ten digits each, and the rest. */
const LARGEST_STATUS_BYTES = 1024 * 1024;
/** More than the text of a process with few groups. */
const STATUS_PART_BYTES = 4 * 1024;

/**
 * Describes a process by whom it runs as: `uid`, `user`, `gid`, `group` (effective ids), `supplementary_gid`,
 * `supplementary_group`, and if configured `path` and `sha256` of its program. Names come from `/etc/passwd` and
 * `/etc/group` only.
 */
export class UnixWorkloadAttestor {
  readonly name = 'unix';
  readonly #config: UnixWorkloadAttestorConfig;
  readonly #proc: string;
  readonly #users: AccountNames;
  readonly #groups: AccountNames;

  constructor(config: UnixWorkloadAttestorConfig = {}, paths: UnixWorkloadAttestorPaths = SYSTEM_PATHS) {
    this.#config = config;
    this.#proc = paths.proc;
    this.#users = new AccountNames(paths.passwd);
    this.#groups = new AccountNames(paths.group);
  }

  async attest(pid: number, options: { readonly signal?: AbortSignal | undefined } = {}): Promise<readonly Selector[]> {
    if (!Number.isSafeInteger(pid) || pid <= 0) throw new SpirekitError('internal', 'failed to get process: no pid');
    const folder = join(this.#proc, String(pid));
    const status = parseProcessStatus(await readStatus(join(folder, 'status')));
    options.signal?.throwIfAborted();
    const values = [...(await this.#accountValues(status)), ...(await this.#programValues(folder, options))];
    return values.map((value) => ({ type: this.name, value }));
  }

  async #accountValues(status: ProcessStatus): Promise<readonly string[]> {
    const [users, groups] = await Promise.all([this.#users.load(), this.#groups.load()]);
    const named = (idKind: string, nameKind: string, id: number, name: string | undefined): readonly string[] =>
      name === undefined ? [`${idKind}:${id}`] : [`${idKind}:${id}`, `${nameKind}:${name}`];
    return [
      ...named('uid', 'user', status.effectiveUid, users.get(status.effectiveUid)),
      ...named('gid', 'group', status.effectiveGid, groups.get(status.effectiveGid)),
      ...status.supplementaryGids.flatMap((gid) =>
        named('supplementary_gid', 'supplementary_group', gid, groups.get(gid)),
      ),
    ];
  }

  async #programValues(
    folder: string,
    options: { readonly signal?: AbortSignal | undefined },
  ): Promise<readonly string[]> {
    if (this.#config.discoverWorkloadPath !== true) return [];
    const program = join(folder, 'exe');
    const path = await readProgramPath(program);
    const limit = this.#config.workloadSizeLimitBytes ?? 0;
    if (limit < 0) return [`path:${path}`];
    // Through /proc, so that the file is the one that runs, in whichever mount namespace it lies.
    return [`path:${path}`, `sha256:${await sha256OfFile(program, limit, options)}`];
  }
}

async function readStatus(path: string): Promise<string> {
  try {
    await using file = await open(path, 'r');
    const parts: Buffer[] = [];
    for (let length = 0; length < LARGEST_STATUS_BYTES; ) {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(STATUS_PART_BYTES), 0, STATUS_PART_BYTES);
      if (bytesRead === 0) return Buffer.concat(parts).toString('utf8');
      parts.push(buffer.subarray(0, bytesRead));
      length += bytesRead;
    }
    throw new SpirekitError('internal', 'too much text');
  } catch (cause) {
    throw new SpirekitError('internal', `failed to get process: ${SpirekitError.from(cause).message}`, { cause });
  }
}

async function readProgramPath(path: string): Promise<string> {
  try {
    return await readlink(path);
  } catch (cause) {
    throw new SpirekitError('internal', `path lookup: ${SpirekitError.from(cause).message}`, { cause });
  }
}
