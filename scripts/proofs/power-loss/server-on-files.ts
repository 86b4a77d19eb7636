import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultFlagValues } from '../../../src/lib/config/config-flag.ts';
import { loadServerConfig } from '../../../src/lib/config/server/load-server-config.ts';
import { SERVER_FLAGS } from '../../../src/lib/config/server/server-flags.ts';
import { systemClock } from '../../../src/lib/runtime/clock.ts';
import { SpirekitError } from '../../../src/lib/runtime/errors.ts';
import { DaemonLogger } from '../../../src/lib/runtime/logger.ts';
import { Server } from '../../../src/lib/server/server.ts';
import { compareWithLedger } from '../acknowledged/compare.ts';
import type { Ledger } from '../acknowledged/ledger.ts';
import { isUsedUp, useToken } from '../join-token-attempt.ts';

/** A server's configuration and what its data folder holds. */
export interface FilesOfServer {
  readonly config: string;
  /** The data folder that the configuration names. */
  readonly dataDir: string;
  readonly files: ReadonlyMap<string, Buffer>;
}

/** Starts a server on files in a new folder and holds it against ledgers; resolves with what is wrong. */
export async function problemsOn(files: FilesOfServer, ledgers: readonly Ledger[], folder: string): Promise<string[]> {
  mkdirSync(join(folder, 'data'), { recursive: true });
  for (const [name, content] of files.files) writeFileSync(join(folder, 'data', name), content, { mode: 0o600 });
  try {
    await using server = await startServer(files, folder);
    const socketPath = join(folder, 'api.sock');
    for (const ledger of ledgers) {
      await compareWithLedger(socketPath, ledger);
      await tryTokens(ledger, server.port);
    }
    return ledgers.flatMap(({ problems }) => problems);
  } catch (error) {
    return [`the server does not start: ${SpirekitError.from(error).message}`];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function startServer({ config, dataDir }: FilesOfServer, folder: string): Promise<Server> {
  const path = join(folder, 'server.conf');
  writeFileSync(
    path,
    config
      .replaceAll(dataDir, join(folder, 'data'))
      .replace(/socket_path = ".*"/, `socket_path = "${folder}/api.sock"`),
  );
  const flags = { ...defaultFlagValues(SERVER_FLAGS), config: path };
  const loaded = await loadServerConfig({ flags, env: {}, cwd: folder });
  const output = { write() {}, reopen() {}, [Symbol.dispose]() {} };
  const log = new DaemonLogger({ output, clock: systemClock, level: 'error' });
  return await Server.open({ ...loaded, bindPort: 0 }, { clock: systemClock, log, version: 'proof' });
}

/** The last token that was used stays used, and the last one that was not works. */
async function tryTokens(ledger: Ledger, port: number): Promise<void> {
  const used = ledger.usedTokens.at(-1);
  const unused = ledger.unusedTokens.at(-1);
  const attempt = (token: string): Promise<boolean> =>
    useToken(token, port).then(
      () => true,
      (error: unknown) => {
        if (isUsedUp(error)) return false;
        throw error;
      },
    );
  if (used !== undefined && (await attempt(used))) ledger.complain(`token ${used} was used twice`);
  if (unused !== undefined && !(await attempt(unused.value))) ledger.complain(`token ${unused.value} is lost`);
}
