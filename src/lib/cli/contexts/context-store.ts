import { chmod, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeFileAtomic } from '../../runtime/atomic-file.ts';
import { prefixed, SpirekitError } from '../../runtime/errors.ts';
import { ioReason } from '../../runtime/io-reason.ts';
import { PRIVATE_FILE_MODE, readPrivateFile } from '../../runtime/private-file.ts';
import type { Environment } from '../command-context.ts';
import { AdvisedError } from '../failure.ts';
import { type Context, type Contexts, formatContexts, parseContexts } from './contexts.ts';

/** A context and its name. */
export interface NamedContext {
  readonly name: string;
  readonly context: Context;
}

/**
 * The user's contexts in one file, `spirekit/contexts.json` below XDG_CONFIG_HOME or `~/.config`. Only the user and root
 * may have written it: whoever decides which server is called decides what is believed.
 */
export class ContextStore {
  readonly path: string | undefined;
  readonly #env: Environment;

  constructor(env: Environment) {
    const home = env['HOME'] ?? '';
    const folder = env['XDG_CONFIG_HOME'] || (home === '' ? '' : join(home, '.config'));
    this.path = folder.startsWith('/') ? join(folder, 'spirekit', 'contexts.json') : undefined;
    this.#env = env;
  }

  /**
   * All contexts; none without a file.
   *
   * @throws SpirekitError `invalid-config` for a file that cannot be read as contexts, `failed-precondition` for one of
   *   another user, `io-error`
   */
  async read(): Promise<Contexts> {
    const text = this.path === undefined ? undefined : await readPrivateFile(this.path);
    if (text === undefined) return { contexts: new Map() };
    try {
      return parseContexts(text);
    } catch (error) {
      throw prefixed(`${this.path} cannot be used`, error);
    }
  }

  /** Makes the folder where it is not there. @throws SpirekitError `failed-precondition`, `io-error` */
  async write(contexts: Contexts): Promise<void> {
    if (this.path === undefined) {
      throw new SpirekitError(
        'failed-precondition',
        'neither XDG_CONFIG_HOME nor HOME names a folder to keep contexts in',
      );
    }
    const folder = dirname(this.path);
    try {
      if ((await mkdir(folder, { recursive: true, mode: 0o700 })) !== undefined) await chmod(folder, 0o700);
    } catch (cause) {
      throw new SpirekitError('io-error', `mkdir ${folder}: ${ioReason(cause)}`, { cause });
    }
    await writeFileAtomic(this.path, formatContexts(contexts), { mode: PRIVATE_FILE_MODE });
  }

  /**
   * The context to use: the one named, else the one of SPIREKIT_CONTEXT, else the current one; undefined if there is none.
   *
   * @throws SpirekitError `not-found` for a name that is not there, and as {@link read}
   */
  async find(wanted: string): Promise<NamedContext | undefined> {
    const variable = this.#env['SPIREKIT_CONTEXT'] ?? '';
    const contexts = await this.read();
    const name = wanted || variable || contexts.current;
    return name === undefined
      ? undefined
      : { name, context: contextOf(contexts, name, wanted === '' && variable !== '') };
  }
}

/** @throws SpirekitError `not-found`, naming what there is */
export function contextOf({ contexts }: Contexts, name: string, isFromVariable = false): Context {
  const context = contexts.get(name);
  if (context !== undefined) return context;
  const names = [...contexts.keys()].sort();
  throw new AdvisedError(
    'not-found',
    `there is no context ${JSON.stringify(name)}${isFromVariable ? ', which SPIREKIT_CONTEXT names' : ''}`,
    names.length === 0
      ? 'There is none yet: `spirekit context set NAME --server-socket PATH` makes one.'
      : `There ${names.length === 1 ? 'is' : 'are'} ${names.slice(0, 20).join(', ')}.`,
  );
}
