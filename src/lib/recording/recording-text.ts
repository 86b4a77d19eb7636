import { SpirekitError } from '../runtime/errors.ts';
import type { RecordedAnswer, RecordedCertificates, RecordedJwks, RecordedRequest } from './recorded-answer.ts';
import {
  RECORDED_METHODS,
  RECORDING_SCHEMA,
  type RecordedEvent,
  type Recording,
  type RecordingHead,
} from './recording.ts';

/** More than any conversation that somebody looks at. */
export const MOST_EVENTS = 100_000;
const MOST_ITEMS = 10_000;

/** A line of a recording, with its end. */
export function formatRecordingLine(line: RecordingHead | RecordedEvent): string {
  return `${JSON.stringify(line)}\n`;
}

/**
 * Reads a recording: a JSON object a line. Members that are not known are passed over.
 *
 * @throws SpirekitError `invalid-encoding`, with the number of the line
 */
export function parseRecording(text: string): Recording {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  if (lines.length > MOST_EVENTS) throw refuse(lines.length, `more than ${MOST_EVENTS} lines`);
  const [first = '', ...rest] = lines;
  const head = parseHead(new Fields(parseLine(first, 1), 1));
  const calls = new Set<number>();
  let lastMs = 0;
  const events = rest.map((line, index) => {
    const number = index + 2;
    const event = parseEvent(new Fields(parseLine(line, number), number));
    if (event.at_ms < lastMs) throw refuse(number, 'at_ms goes back');
    lastMs = event.at_ms;
    if (event.event === 'call') {
      if (calls.has(event.call)) throw refuse(number, `call ${event.call} begins twice`);
      calls.add(event.call);
    } else if (event.event !== 'stop' && !calls.has(event.call)) {
      throw refuse(number, `call ${event.call} has not begun`);
    }
    return event;
  });
  return { head, events };
}

function parseHead(fields: Fields): RecordingHead {
  if (fields.get('schema') !== RECORDING_SCHEMA) throw fields.refuse(`it is no recording (schema ${RECORDING_SCHEMA})`);
  const recordedAt = fields.string('recorded_at');
  if (!Number.isFinite(Date.parse(recordedAt))) throw fields.refuse('recorded_at is no time');
  return {
    schema: RECORDING_SCHEMA,
    recorded_at: recordedAt,
    spirekit_version: fields.string('spirekit_version'),
    pseudonyms: fields.boolean('pseudonyms'),
  };
}

function parseEvent(fields: Fields): RecordedEvent {
  const at_ms = fields.count('at_ms');
  const kind = fields.string('event');
  switch (kind) {
    case 'call': {
      const name = fields.string('method');
      const method = RECORDED_METHODS.find((known) => known === name);
      if (method === undefined) throw fields.refuse('method is not one of the Workload API');
      const request = parseRequest(fields.object('request'));
      return {
        event: kind,
        at_ms,
        call: fields.count('call'),
        method,
        security_header: fields.strings('security_header'),
        request,
      };
    }
    case 'answer':
      return { event: kind, at_ms, call: fields.count('call'), answer: parseAnswer(fields.object('answer')) };
    case 'end': {
      const by = fields.string('by');
      if (by !== 'server' && by !== 'client') throw fields.refuse('by is neither server nor client');
      const [call, status, message] = [fields.count('call'), fields.count('status'), fields.string('message')];
      return { event: kind, at_ms, call, status, message, by };
    }
    case 'stop': {
      const reason = fields.string('reason');
      if (reason !== 'done' && reason !== 'size') throw fields.refuse('reason is not known');
      return { event: kind, at_ms, reason };
    }
    default:
      throw fields.refuse('event is not known');
  }
}

function parseRequest(fields: Fields): RecordedRequest {
  const kind = fields.string('kind');
  switch (kind) {
    case 'none':
      return { kind };
    case 'jwt_svid':
      return { kind, audience: fields.strings('audience'), spiffe_id: fields.string('spiffe_id') };
    case 'jwt_validation':
      return { kind, audience: fields.string('audience'), token: fields.string('token') };
    default:
      throw fields.refuse('the kind of the request is not known');
  }
}

function parseAnswer(fields: Fields): RecordedAnswer {
  const kind = fields.string('kind');
  switch (kind) {
    case 'x509_svids':
      return {
        kind,
        svids: fields.objects('svids').map((svid) => {
          const key = svid.string('key');
          if (key !== 'matches' && key !== 'differs' && key !== 'unreadable') throw svid.refuse('key is not known');
          return {
            spiffe_id: svid.string('spiffe_id'),
            certificates: svid.certificates(svid.get('certificates')),
            key,
            bundle: svid.certificates(svid.get('bundle')),
            hint: svid.string('hint'),
          };
        }),
        federated_bundles: fields.map('federated_bundles', (value) => fields.certificates(value)),
      };
    case 'x509_bundles':
      return { kind, bundles: fields.map('bundles', (value) => fields.certificates(value)) };
    case 'jwt_svids':
      return {
        kind,
        svids: fields.objects('svids').map((svid) => ({
          spiffe_id: svid.string('spiffe_id'),
          token: svid.string('token'),
          hint: svid.string('hint'),
        })),
      };
    case 'jwt_bundles':
      return { kind, bundles: fields.map('bundles', (value) => fields.jwks(value)) };
    case 'jwt_validation':
      return { kind, spiffe_id: fields.string('spiffe_id'), claims: fields.plain('claims') };
    default:
      throw fields.refuse('the kind of the answer is not known');
  }
}

/** The members of one object of a line. */
class Fields {
  readonly #members: ReadonlyMap<string, unknown>;
  readonly #line: number;

  constructor(value: unknown, line: number) {
    this.#line = line;
    if (!isObject(value)) throw this.refuse('no object where one is needed');
    this.#members = new Map(Object.entries(value));
  }

  refuse(reason: string): SpirekitError {
    return refuse(this.#line, reason);
  }

  get(name: string): unknown {
    return this.#members.get(name);
  }

  string(name: string): string {
    const value = this.get(name);
    if (typeof value !== 'string') throw this.refuse(`${name} is no text`);
    return value;
  }

  boolean(name: string): boolean {
    const value = this.get(name);
    if (typeof value !== 'boolean') throw this.refuse(`${name} is neither true nor false`);
    return value;
  }

  count(name: string): number {
    return this.#count(name, this.get(name));
  }

  strings(name: string): string[] {
    return this.#list(name, this.get(name)).map((item) => {
      if (typeof item !== 'string') throw this.refuse(`${name} has something else than text in it`);
      return item;
    });
  }

  object(name: string): Fields {
    return new Fields(this.get(name), this.#line);
  }

  objects(name: string): Fields[] {
    return this.#list(name, this.get(name)).map((item) => new Fields(item, this.#line));
  }

  plain(name: string): Readonly<Record<string, unknown>> {
    const value = this.get(name);
    if (!isObject(value)) throw this.refuse(`${name} is no object`);
    return value;
  }

  map<T>(name: string, parse: (value: unknown) => T): Readonly<Record<string, T>> {
    const entries = Object.entries(this.plain(name));
    if (entries.length > MOST_ITEMS) throw this.refuse(`${name} has too many members`);
    return Object.fromEntries(entries.map(([key, value]) => [key, parse(value)]));
  }

  jwks(value: unknown): RecordedJwks {
    if (typeof value === 'string' || isObject(value)) return value;
    throw this.refuse('a JWK set is neither an object nor text');
  }

  certificates(value: unknown): RecordedCertificates {
    if (isObject(value)) {
      const malformed = this.#count('malformed_bytes', new Map(Object.entries(value)).get('malformed_bytes'));
      if (malformed > MOST_MALFORMED_BYTES) throw this.refuse('malformed_bytes is too large');
      return { malformed_bytes: malformed };
    }
    return this.#list('certificates', value).map((item) => {
      if (typeof item !== 'string') throw this.refuse('a certificate is no text');
      return item;
    });
  }

  #list(name: string, value: unknown): readonly unknown[] {
    if (!Array.isArray(value) || value.length > MOST_ITEMS) throw this.refuse(`${name} is no list`);
    return value;
  }

  #count(name: string, value: unknown): number {
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
    throw this.refuse(`${name} is no number of that kind`);
  }
}

/** They are made up again when the recording is served. */
const MOST_MALFORMED_BYTES = 4 * 1024 * 1024;

function parseLine(line: string, number: number): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new SpirekitError('invalid-encoding', `line ${number}: it is no JSON`, { cause });
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refuse(line: number, reason: string): SpirekitError {
  return new SpirekitError('invalid-encoding', `line ${line}: ${reason}`);
}
