import type { RecordedAnswer, RecordedRequest } from './recorded-answer.ts';
import type { RecordedEvent, RecordedMethod } from './recording.ts';

/** One recorded call; times count from its beginning. */
export interface ScriptedCall {
  readonly method: RecordedMethod;
  readonly request: RecordedRequest;
  readonly answers: readonly { readonly afterMs: number; readonly answer: RecordedAnswer }[];
  /** Undefined where the other side left, or the recording ended first: the call stays open. */
  readonly end: { readonly afterMs: number; readonly status: number; readonly message: string } | undefined;
}

/** The calls of a recording in the order in which they began. */
export function scriptOf(events: readonly RecordedEvent[]): readonly ScriptedCall[] {
  const calls = new Map<number, ScriptedCall & { readonly fromMs: number }>();
  for (const event of events) {
    if (event.event === 'stop') continue;
    if (event.event === 'call') {
      const { method, request, at_ms: fromMs } = event;
      calls.set(event.call, { method, request, fromMs, answers: [], end: undefined });
      continue;
    }
    const call = calls.get(event.call);
    if (call === undefined || call.end !== undefined) continue;
    const afterMs = event.at_ms - call.fromMs;
    if (event.event === 'answer') {
      calls.set(event.call, { ...call, answers: [...call.answers, { afterMs, answer: event.answer }] });
    } else if (event.by === 'server') {
      calls.set(event.call, { ...call, end: { afterMs, status: event.status, message: event.message } });
    }
  }
  return [...calls.values()].map(({ fromMs: _, ...call }) => call);
}

/**
 * Gives each call that comes in the recorded one that it stands for: of those with the same method (and the same
 * audience, where there is one) the first that was not given yet; the last one again and again.
 */
export class ScriptReader {
  readonly #left: ScriptedCall[];
  readonly #given = new Map<string, ScriptedCall>();

  constructor(script: readonly ScriptedCall[]) {
    this.#left = [...script];
  }

  /** Whether every recorded call has been given. */
  get isAtEnd(): boolean {
    return this.#left.length === 0;
  }

  /** Undefined if there was no call of this method. */
  next(method: RecordedMethod, request: RecordedRequest): ScriptedCall | undefined {
    const wanted = requestKey(request);
    const isOf = (call: ScriptedCall): boolean => call.method === method;
    const exact = this.#left.findIndex((call) => isOf(call) && requestKey(call.request) === wanted);
    const index = exact >= 0 ? exact : this.#given.has(`${method} ${wanted}`) ? -1 : this.#left.findIndex(isOf);
    const [call] = index >= 0 ? this.#left.splice(index, 1) : [];
    const found = call ?? this.#given.get(`${method} ${wanted}`) ?? this.#given.get(method);
    if (found !== undefined) this.#given.set(`${method} ${wanted}`, found).set(method, found);
    return found;
  }
}

/** Tokens are signed anew each time, so they are no part of it. */
function requestKey(request: RecordedRequest): string {
  switch (request.kind) {
    case 'none':
      return '';
    case 'jwt_svid':
      return JSON.stringify([request.audience, request.spiffe_id]);
    case 'jwt_validation':
      return JSON.stringify([request.audience]);
  }
}
