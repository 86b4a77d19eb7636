import { constants } from 'node:os';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSignalName } from '../../../src/lib/supervise/signal-name.ts';

describe('parseSignalName', () => {
  it.each(['HUP', 'SIGHUP', 'hup', 'sighup'])('knows %s', (text) => {
    expect(parseSignalName(text)).toBe('SIGHUP');
  });

  it.each(['', 'SIG', 'KILL', 'SIGSTOP', '1', 'constructor', ' HUP'])('refuses %j', (text) => {
    expect(() => parseSignalName(text)).toThrow(/is not a signal/);
  });

  it('gives a signal of this system for any text, or refuses it', () => {
    fc.assert(
      fc.property(fc.oneof(fc.constantFrom(...Object.keys(constants.signals)), fc.string()), (text) => {
        try {
          expect(constants.signals).toHaveProperty(parseSignalName(text));
        } catch (error) {
          expect(error).toMatchObject({ code: 'usage' });
        }
      }),
    );
  });
});
