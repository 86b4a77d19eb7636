import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatRecordingLine, parseRecording } from '../../../src/lib/recording/recording-text.ts';
import { ScriptReader, scriptOf } from '../../../src/lib/recording/script.ts';
import { SpirekitError } from '../../../src/lib/runtime/errors.ts';
import { conversations, heads } from './recording-arbitraries.ts';

const HEAD =
  '{"schema":"workload-api-recording/v1","recorded_at":"2026-01-02T03:04:05Z","spirekit_version":"1","pseudonyms":false}';
const CALL =
  '{"event":"call","at_ms":5,"call":1,"method":"FetchX509SVID","security_header":["true"],"request":{"kind":"none"}}';

describe('a recording', () => {
  test('is read as it was written', () => {
    fc.assert(
      fc.property(heads, conversations, (head, events) => {
        const text = [head, ...events].map(formatRecordingLine).join('');
        expect(parseRecording(text)).toEqual({ head, events });
        const calls = events.flatMap((event) => (event.event === 'call' ? [event] : []));
        const reader = new ScriptReader(scriptOf(events));
        for (const { method, request } of calls) expect(reader.next(method, request)?.method).toBe(method);
        expect(reader.isAtEnd).toBe(true);
        for (const { method, request } of calls) expect(reader.next(method, request)).toBeDefined();
      }),
    );
  });

  test('of any text is refused with a code', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.json().map((json) => `${HEAD}\n${json}`),
        ),
        (text) => {
          try {
            parseRecording(text);
          } catch (error) {
            expect(error).toBeInstanceOf(SpirekitError);
            expect(SpirekitError.from(error).code).toBe('invalid-encoding');
          }
        },
      ),
    );
  });

  test.each([
    ['', 'line 1: it is no JSON'],
    ['{"schema":"entry-plan/v1"}', 'line 1: it is no recording'],
    [`${HEAD}\n${CALL}\n${CALL}`, 'line 3: call 1 begins twice'],
    [
      `${HEAD}\n{"event":"end","at_ms":1,"call":7,"status":0,"message":"","by":"server"}`,
      'line 2: call 7 has not begun',
    ],
    [`${HEAD}\n${CALL}\n{"event":"stop","at_ms":4,"reason":"done"}`, 'line 3: at_ms goes back'],
    [`${HEAD}\n${CALL.replace('FetchX509SVID', 'FetchAll')}`, 'line 2: method is not one of the Workload API'],
    [`${HEAD}\n${CALL.replace('"at_ms":5', '"at_ms":-5')}`, 'line 2: at_ms is no number of that kind'],
  ])('that is wrong is refused with its line: %s', (text, message) => {
    expect(() => parseRecording(text)).toThrow(message);
  });
});
