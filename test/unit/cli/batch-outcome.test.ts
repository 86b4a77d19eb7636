import { describe, expect, it } from 'vitest';
import { batchErrorCode, isPretty, reportBatch, withRefusedEntries } from '../../../src/lib/cli/batch-outcome.ts';
import { Entry } from '../../../src/lib/wire/gen/spire/api/types/entry.ts';

const result = (code: number) => ({ status: { code, message: '' } });

describe('batchErrorCode', () => {
  it.each([
    [[], undefined],
    [[0, 0], undefined],
    [[6], 'already-exists'],
    [[5, 5], 'not-found'],
    [[0, 6], 'partial-failure'],
    [[5, 6], 'partial-failure'],
  ])('makes %j into %s', (codes, code) => {
    expect(batchErrorCode(codes.map(result))).toBe(code);
  });

  it('takes an item without a status for a success', () => {
    expect(batchErrorCode([{}])).toBeUndefined();
  });
});

describe('reportBatch', () => {
  const report = (program: 'spire-server' | 'spirekit', output: 'pretty' | 'json', codes: number[]): string => {
    let stderr = '';
    const io = {
      stdin: process.stdin,
      stdout: { write: () => true },
      stderr: { write: (text: unknown) => (stderr += String(text)) },
    };
    const outcome = { isPretty: isPretty(output), message: 'failed', details: () => 'details' };
    try {
      reportBatch({ program, io }, codes.map(result), outcome);
      return `${stderr}|ok`;
    } catch (error) {
      return `${stderr}|${error instanceof Error ? error.message : ''}`;
    }
  };

  it('says nothing of a batch that went well', () => {
    expect(report('spire-server', 'pretty', [0])).toBe('|ok');
  });

  it('tells people the details and fails', () => {
    expect(report('spire-server', 'pretty', [0, 6])).toBe('details|failed');
  });

  it('leaves it to the JSON on the drop-ins, and fails on the umbrella', () => {
    expect(report('spire-server', 'json', [6])).toBe('|ok');
    expect(report('spirekit', 'json', [6])).toBe('|failed');
  });
});

describe('withRefusedEntries', () => {
  it('shows the entry of the request where the server sent none', () => {
    const requested = [Entry.create({ id: 'a' }), Entry.create({ id: 'b' })];
    const results = [
      { ...result(0), entry: Entry.create({ id: 'stored' }) },
      { ...result(6), entry: undefined },
    ];
    expect(withRefusedEntries(results, requested).map(({ entry }) => entry?.id)).toEqual(['stored', 'b']);
  });
});
