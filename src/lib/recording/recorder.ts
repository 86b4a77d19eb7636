import { rpcStatusOf } from '../rpc/status.ts';
import type { Clock } from '../runtime/clock.ts';
import { SpirekitError } from '../runtime/errors.ts';
import { FreshKeys } from './fresh-keys.ts';
import { Pseudonyms } from './pseudonyms.ts';
import type { RecordedAnswer, RecordedRequest } from './recorded-answer.ts';
import { RECORDING_SCHEMA, type RecordedEvent, type RecordedMethod, type StopReason } from './recording.ts';
import { formatRecordingLine, MOST_EVENTS } from './recording-text.ts';
import { Conversation } from './reissue-answer.ts';

/** What a recorder needs. */
export interface RecorderOptions {
  readonly clock: Clock;
  readonly version: string;
  readonly pseudonyms: boolean;
  /** A longer recording ends there. */
  readonly maxBytes: number;
  /** Told once when there is no room for more. */
  readonly onFull?: (() => void) | undefined;
}

/** What comes faster than it can be made anew is kept so far, in events. */
const MOST_PENDING = 1_000;

/** A call under way that is being recorded. */
export interface RecordedCall {
  answer(answer: RecordedAnswer): void;
  /** @param error undefined for OK */
  end(by: 'server' | 'client', error?: unknown): void;
}

/**
 * Writes a conversation down, everything in it made anew. Times are those of the moments at which things happened; what
 * takes longer, making keys and signing, happens behind them, in order.
 */
export class Recorder {
  readonly #options: RecorderOptions;
  readonly #conversation: Conversation;
  readonly #startMs: number;
  readonly #lines: string[] = [];
  #bytes = 0;
  #calls = 0;
  #events = 0;
  #pending = 0;
  #isFull = false;
  #work: Promise<void> = Promise.resolve();

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#startMs = options.clock.monotonicMs();
    const pseudonyms = options.pseudonyms ? new Pseudonyms() : undefined;
    this.#conversation = new Conversation({ keys: new FreshKeys(), pseudonyms, shiftMs: 0 });
    this.#write(
      formatRecordingLine({
        schema: RECORDING_SCHEMA,
        recorded_at: new Date(options.clock.nowMs()).toISOString(),
        spirekit_version: options.version,
        pseudonyms: options.pseudonyms,
      }),
    );
  }

  /** How many calls and answers were recorded so far. */
  get counts(): { readonly calls: number; readonly events: number } {
    return { calls: this.#calls, events: this.#events };
  }

  begin(method: RecordedMethod, request: RecordedRequest, securityHeader: readonly string[]): RecordedCall {
    this.#calls += 1;
    const call = this.#calls;
    const head = { event: 'call', call, method, security_header: securityHeader.slice(0, 4) } as const;
    this.#later(async (at_ms) => ({ ...head, at_ms, request: await this.#conversation.request(request) }));
    let isOver = false;
    return {
      answer: (answer) => {
        if (isOver) return;
        this.#later(async (at_ms) => ({
          event: 'answer',
          at_ms,
          call,
          answer: await this.#conversation.answer(answer),
        }));
      },
      end: (by, error) => {
        if (isOver) return;
        isOver = true;
        const { status, description } = statusOf(error);
        const message = this.#conversation.message(description);
        this.#later(async (at_ms) => ({ event: 'end', at_ms, call, status, message, by }));
      },
    };
  }

  /** Waits for what is under way and returns the whole text. */
  async finish(): Promise<string> {
    const at_ms = this.#nowMs();
    await this.#work;
    const reason: StopReason = this.#isFull ? 'size' : 'done';
    return [...this.#lines, formatRecordingLine({ event: 'stop', at_ms, reason })].join('');
  }

  #nowMs(): number {
    return Math.max(0, Math.round(this.#options.clock.monotonicMs() - this.#startMs));
  }

  #later(make: (at_ms: number) => Promise<RecordedEvent>): void {
    if (this.#isFull) return;
    this.#events += 1;
    const at_ms = this.#nowMs();
    // One line for the head, one for the stop.
    if (this.#events >= MOST_EVENTS - 2 || this.#pending >= MOST_PENDING) {
      this.#fill();
      return;
    }
    this.#pending += 1;
    this.#work = this.#work.then(async () => {
      this.#pending -= 1;
      const line = this.#isFull ? '' : formatRecordingLine(await make(at_ms));
      if (this.#bytes + line.length > this.#options.maxBytes) this.#fill();
      if (!this.#isFull) this.#write(line);
    });
  }

  #write(line: string): void {
    this.#bytes += line.length;
    this.#lines.push(line);
  }

  #fill(): void {
    if (this.#isFull) return;
    this.#isFull = true;
    this.#options.onFull?.();
  }
}

function statusOf(error: unknown): { status: number; description: string } {
  if (error === undefined) return { status: 0, description: '' };
  return rpcStatusOf(SpirekitError.from(error));
}
