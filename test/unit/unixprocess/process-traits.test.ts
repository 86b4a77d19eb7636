import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SpirekitError } from '../../../src/lib/runtime/errors.ts';
import { parseStatusTraits } from '../../../src/lib/unixprocess/process-traits.ts';

describe('what a status tells beside selectors', () => {
  it('is the real ids and the depth of pid namespaces', () => {
    const text = 'Name:\tweb\nUid:\t1000\t0\t0\t0\nGid:\t100\t5\t5\t5\nNSpid:\t42\t7\t1\n';
    expect(parseStatusTraits(text)).toEqual({ realUid: 1000, realGid: 100, namespaceDepth: 3 });
  });

  it('is read of a process of today', () => {
    const text = readFileSync('/proc/self/status', 'utf8');
    expect(parseStatusTraits(text)).toMatchObject({ realUid: process.getuid?.(), realGid: process.getgid?.() });
  });

  it('is refused without ids, whatever else stands there', () => {
    expect(() => parseStatusTraits('Uid:\t4294967296\nGid:\t1\n')).toThrow(SpirekitError);
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        try {
          expect(parseStatusTraits(text).namespaceDepth).toBeGreaterThanOrEqual(1);
        } catch (error) {
          expect(error).toMatchObject({ code: 'internal' });
        }
      }),
    );
  });
});
