import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuthorizedEntry } from '../../../src/lib/agent/cache/authorized-entry.ts';
import type { LogOutput } from '../../../src/lib/runtime/log-output.ts';
import type { LogFields, Logger } from '../../../src/lib/runtime/logger.ts';
import { parseSelector } from '../../../src/lib/spiffe/selector.ts';
import { SpiffeId } from '../../../src/lib/spiffe/spiffe-id.ts';
import { TrustDomain } from '../../../src/lib/spiffe/trust-domain.ts';

export const TRUST_DOMAIN = TrustDomain.parse('example.org');

/** A folder that goes away with its test. Short, since sockets lie in it. */
export class TestFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'ag-'));

  file(name: string): string {
    return join(this.path, name);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** One line of a {@link MemoryLog}. */
export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: LogFields;
}

/** A log that a test can look into. */
export class MemoryLog implements Logger {
  readonly lines: LogLine[];
  readonly #fields: LogFields;

  constructor(lines: LogLine[] = [], fields: LogFields = {}) {
    this.lines = lines;
    this.#fields = fields;
  }

  debug(message: string, fields?: LogFields): void {
    this.#add('debug', message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#add('info', message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#add('warn', message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#add('error', message, fields);
  }

  with(fields: LogFields): Logger {
    return new MemoryLog(this.lines, { ...this.#fields, ...fields });
  }

  messages(): string[] {
    return this.lines.map(({ message }) => message);
  }

  #add(level: LogLine['level'], message: string, fields: LogFields = {}): void {
    this.lines.push({ level, message, fields: { ...this.#fields, ...fields } });
  }
}

/** An entry with everything that a test does not care about. */
export function entry(
  fields: Partial<Omit<AuthorizedEntry, 'selectors' | 'spiffeId' | 'federatesWith'>> & {
    readonly id: string;
    readonly spiffeId?: string;
    readonly selectors?: readonly string[];
    readonly federatesWith?: readonly string[];
  },
): AuthorizedEntry {
  const { spiffeId, selectors, federatesWith, ...rest } = fields;
  return {
    spiffeId: SpiffeId.parse(spiffeId ?? `spiffe://example.org/${fields.id}`),
    selectors: (selectors ?? ['unix:uid:0']).map(parseSelector),
    federatesWith: (federatesWith ?? []).map((name) => TrustDomain.parse(name)),
    admin: false,
    downstream: false,
    revisionNumber: 0n,
    createdAtSeconds: 1n,
    storeSvid: false,
    hint: '',
    disableX509SvidPrefetch: false,
    jwtSvidIncludeJti: false,
    ...rest,
  };
}

/** Entries by id. */
export function entryMap(...entries: readonly AuthorizedEntry[]): ReadonlyMap<string, AuthorizedEntry> {
  return new Map(entries.map((one) => [one.id, one]));
}

/** What a promise was rejected with. Throws if it was not. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('not rejected');
}

/** Lets everything run that is ready to run, without any time passing. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** The output of a daemon's log, which a test can wait for. */
export class WatchedLog implements LogOutput {
  readonly lines: string[] = [];
  readonly #waiting = new Set<() => void>();

  write(line: string): void {
    this.lines.push(line);
    for (const wake of this.#waiting) wake();
  }

  reopen(): void {}

  /** How many lines hold this text or pattern. */
  count(text: string | RegExp): number {
    return this.lines.filter((line) => (typeof text === 'string' ? line.includes(text) : text.test(line))).length;
  }

  /** Resolves when so many lines hold this text or pattern. */
  async until(text: string | RegExp, count = 1): Promise<void> {
    while (this.count(text) < count) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.add(resolve);
      await promise;
      this.#waiting.delete(resolve);
    }
  }

  [Symbol.dispose](): void {}
}
