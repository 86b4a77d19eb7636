import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRunArguments } from '../../../src/lib/why/run-arguments.ts';

describe('the command line of an agent', () => {
  it.each([
    [['spire-agent', 'run'], { config: '', dataDir: '', expandEnv: false }],
    [
      ['spire-agent', 'run', '-config', '/a.conf', '-dataDir', '/d'],
      { config: '/a.conf', dataDir: '/d', expandEnv: false },
    ],
    [
      ['node', 'spirekit', 'agent', 'run', '--config=/b', '--data-dir=/e', '--expand-env'],
      { config: '/b', dataDir: '/e', expandEnv: true },
    ],
    [['x', 'run', '-expandEnv=false', '-config'], { config: '', dataDir: '', expandEnv: false }],
  ])('%j is read', (words, wanted) => {
    expect(parseRunArguments(words)).toEqual(wanted);
  });

  it('of something else tells nothing', () => {
    expect(parseRunArguments(['sleep', '600'])).toBeUndefined();
  });

  it('is read whatever stands in it', () => {
    const word = fc.oneof(fc.string(), fc.constantFrom('run', '-config', '--config=', '-dataDir', '-expandEnv'));
    fc.assert(
      fc.property(fc.array(word), fc.string(), (words, path) => {
        expect(parseRunArguments(words) === undefined).toBe(!words.includes('run'));
        expect(parseRunArguments([...words, 'run', '-config=/x', `-dataDir=${path}`])?.dataDir).toBe(
          words.includes('run')
            ? parseRunArguments([...words, 'run', '-config=/x', `-dataDir=${path}`])?.dataDir
            : path,
        );
      }),
    );
  });
});
