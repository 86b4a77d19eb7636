import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { prefixed, SpirekitError } from '../../../src/lib/runtime/errors.ts';

describe('SpirekitError.from', () => {
  it('leaves errors of this package as they are', () => {
    const error = new SpirekitError('not-found', 'gone');
    expect(SpirekitError.from(error)).toBe(error);
  });

  it('tells aborts, deadlines and errors of the system apart', async () => {
    const missing = await readFile('/nonexistent/file').catch((error: unknown) => error);
    expect(SpirekitError.from(AbortSignal.abort().reason).code).toBe('canceled');
    expect(SpirekitError.from(new DOMException('late', 'TimeoutError')).code).toBe('deadline-exceeded');
    expect(SpirekitError.from(missing)).toMatchObject({ code: 'io-error', cause: missing });
  });

  it.each([new Error('odd'), 'odd', { toString: () => 'odd' }])('keeps the words of anything else', (value) => {
    expect(SpirekitError.from(value)).toMatchObject({ code: 'unknown', message: 'odd', cause: value });
  });
});

describe('prefixed', () => {
  it('puts words before the message and keeps code and cause', () => {
    const cause = new SpirekitError('not-found', 'gone');
    expect(prefixed('words', cause)).toMatchObject({ code: 'not-found', message: 'words: gone', cause });
  });
});
