import { resolve } from 'node:path';
import { SpirekitError } from '../runtime/errors.ts';
import { ConfigError } from './config-error.ts';
import type { ConfigNotice, ConfigNoticeLevel } from './config-notice.ts';
import type { HclNode, HclObject } from './hcl/ast.ts';
import { selectItems } from './schema/select-items.ts';
import type { LogSettings } from './section/log-settings.ts';

/** A key's place: the names of the blocks around it, outermost first, then its own. */
export type KeyPath = readonly string[];

/** Collects what reading one configuration finds, and knows where in the file each key stands. */
export class ConfigReport {
  readonly file: string;
  /** From when on it is known how to log; errors carry it. */
  logSettings: LogSettings | undefined;
  readonly #cwd: string;
  readonly #root: HclObject;
  readonly #notices: ConfigNotice[] = [];

  constructor(options: { readonly file: string; readonly cwd: string; readonly root: HclObject }) {
    this.file = options.file;
    this.#cwd = options.cwd;
    this.#root = options.root;
  }

  get notices(): readonly ConfigNotice[] {
    return this.#notices;
  }

  /** A path of the configuration, made absolute. */
  resolvePath(path: string): string {
    return resolve(this.#cwd, path);
  }

  note(level: ConfigNoticeLevel, message: string, fields: ConfigNotice['fields'] = {}): void {
    this.#notices.push({ level, message, fields });
  }

  /** Notes the use of a key that SPIRE calls deprecated, with the fields it marks such lines with. */
  noteDeprecated(message: string): void {
    this.note('warning', message, { alert: true, alert_type: 'deprecated_config' });
  }

  /** Whether the file sets the key. */
  isSet(path: KeyPath): boolean {
    return this.#find(path) !== undefined;
  }

  /** @throws {ConfigError} always, code `invalid-config`, at the key's place */
  fail(message: string, path: KeyPath = [], cause?: unknown): never {
    throw new ConfigError(message, { ...this.#details(), position: this.#find(path)?.position, cause });
  }

  /** Runs a check; its error becomes one of this configuration, worded by `describe`. */
  attempt<T>(run: () => T, describe: (reason: string) => string, path: KeyPath = []): T {
    try {
      return run();
    } catch (error) {
      if (!(error instanceof SpirekitError)) throw error;
      return this.fail(describe(error.message), path, error);
    }
  }

  /** Waits for a check; its error becomes one of this configuration. */
  async during<T>(
    check: Promise<T>,
    path: KeyPath = [],
    describe: (reason: string) => string = (reason) => reason,
  ): Promise<T> {
    try {
      return await check;
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return this.fail(describe(error.message), path, error);
    }
  }

  /** Gives an error of a reader what this report knows. */
  adopt(error: ConfigError, message: string = error.message): ConfigError {
    return new ConfigError(message, { ...this.#details(), position: error.position, cause: error.cause });
  }

  #details() {
    return { file: this.file, notices: this.#notices, logSettings: this.logSettings };
  }

  /** The last value under a path; labels may stand for nested blocks. */
  #find(path: KeyPath): HclNode | undefined {
    let items = this.#root.items;
    let found: HclNode | undefined;
    for (const name of path) {
      const selected = selectItems(items, name);
      const values = selected.filter((item) => item.keys.length === 0).map((item) => item.value);
      found = values.at(-1) ?? selected.at(-1)?.value;
      items = [
        ...selected.filter((item) => item.keys.length > 0),
        ...values.flatMap((value) => (value.kind === 'object' ? value.items : [])),
      ];
    }
    return found;
  }
}
