import { basename } from 'node:path';
import type { Logger } from '../../runtime/logger.ts';
import { BoundedLines } from './bounded-lines.ts';
import { parseHclogLine, startsPanic } from './hclog-line.ts';

/** As go-plugin's. */
const MAX_LINE_BYTES = 64 * 1024;

/** What a plugin prints on standard error, as lines of the daemon's log. */
export class PluginLog {
  readonly #log: Logger;
  readonly #lines: BoundedLines;
  #inPanic = false;
  #lastLine = '';

  /** @param log its lines name the plugin; what a plugin says of itself does not change that */
  constructor(log: Logger, name: string, programPath: string) {
    this.#log = log.with({ subsystem_name: `${name}.${basename(programPath)}` });
    this.#lines = new BoundedLines(MAX_LINE_BYTES, (line) => this.#write(line));
  }

  /** The last line, for the reason why a plugin has ended; empty if there was none. */
  get lastLine(): string {
    return this.#lastLine;
  }

  push(chunk: Uint8Array): void {
    this.#lines.push(chunk);
  }

  end(): void {
    this.#lines.end();
  }

  #write(line: string): void {
    if (line.trim() === '') return;
    const { level, message, fields } = parseHclogLine(line, { inPanic: this.#inPanic });
    // A Go program's stack follows its reason.
    if (!this.#inPanic) this.#lastLine = message;
    this.#inPanic ||= startsPanic(line);
    // As in SPIRE, which has no such level.
    if (level === 'trace') return;
    const { external: _external, plugin_name: _name, plugin_type: _type, subsystem_name: _subsystem, ...own } = fields;
    this.#log[level](message, own);
  }
}
