import { join } from 'node:path';
import type { Certificate } from '../../crypto/certificate.ts';
import { writeFileAtomic } from '../../runtime/atomic-file.ts';
import type { Clock } from '../../runtime/clock.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import type { Logger } from '../../runtime/logger.ts';
import { PRIVATE_FILE_MODE, readPrivateFile } from '../../runtime/private-file.ts';
import { makeFolder } from '../../runtime/sync-folder.ts';
import { type AgentData, type BootstrapState, formatAgentData, NO_AGENT_DATA, parseAgentData } from './agent-data.ts';
import { setAside } from './set-aside.ts';

/** What {@link AgentStorage.open} needs. */
export interface AgentStorageOptions {
  /** Made with mode 0750 if it is missing. */
  readonly dataDir: string;
  /**
   * Whether an agent whose file is damaged may begin anew. Not where it would then trust whoever answers: damaging a file
   * must not be a way to be trusted.
   */
  readonly mayBeginAnew: boolean;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * The agent's memory between two runs: `agent-data.json`, mode 0600, in the format of SPIRE's agent. Every change is on
 * disk before its promise resolves; a change that fails leaves file and memory as they were.
 */
export class AgentStorage {
  readonly #path: string;
  #data: AgentData;
  #lastChange: Promise<unknown> = Promise.resolve();

  private constructor(path: string, data: AgentData) {
    this.#path = path;
    this.#data = data;
  }

  /**
   * A missing file means an agent that never ran. A damaged one is moved aside with a warning, and the agent starts
   * from its configured bundle.
   *
   * Errors: `io-error` when the directory or the file cannot be used, `failed-precondition` for a file of another user,
   * `data-loss` for a damaged one if the agent may not begin anew.
   */
  static async open(options: AgentStorageOptions): Promise<AgentStorage> {
    const { dataDir } = options;
    await makeFolder(dataDir, 0o750);
    const path = join(dataDir, 'agent-data.json');
    return new AgentStorage(path, await loadData(path, options));
  }

  get data(): AgentData {
    return this.#data;
  }

  storeSvid(svid: readonly Certificate[], reattestable: boolean): Promise<void> {
    return this.#change({ svid, reattestable });
  }

  /** In one step: with an SVID and no bundle, an agent that was configured with none could not start again. */
  storeIdentity(identity: Pick<AgentData, 'svid' | 'reattestable' | 'bundle'>): Promise<void> {
    return this.#change(identity);
  }

  deleteSvid(): Promise<void> {
    return this.#change({ svid: [], reattestable: false });
  }

  storeBundle(bundle: readonly Certificate[]): Promise<void> {
    return this.#change({ bundle });
  }

  storeBootstrap(bootstrap: BootstrapState): Promise<void> {
    return this.#change({ bootstrap });
  }

  #change(change: Partial<AgentData>): Promise<void> {
    const result = this.#lastChange.then(async () => {
      const data = { ...this.#data, ...change };
      const text = formatAgentData(data);
      if (text !== formatAgentData(this.#data)) await writeFileAtomic(this.#path, text, { mode: PRIVATE_FILE_MODE });
      this.#data = data;
    });
    this.#lastChange = result.catch(() => undefined);
    return result;
  }
}

async function loadData(path: string, options: AgentStorageOptions): Promise<AgentData> {
  try {
    const text = await readPrivateFile(path);
    return text === undefined ? NO_AGENT_DATA : parseAgentData(text);
  } catch (error) {
    if (!(error instanceof SpirekitError && error.code === 'data-loss')) throw error;
    if (!options.mayBeginAnew) {
      const consequence =
        'insecure_bootstrap would make the agent trust whoever answers now; move the file away for that';
      throw new SpirekitError('data-loss', `${path} is damaged: ${error.message}. ${consequence}`, { cause: error });
    }
    const movedTo = await setAside(path, options.clock);
    options.log.warn('Agent data file is damaged and was set aside; the agent needs to attest again', {
      path,
      moved_to: movedTo,
      error,
    });
    return NO_AGENT_DATA;
  }
}
