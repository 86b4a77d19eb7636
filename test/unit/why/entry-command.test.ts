import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { adviseUpdate, commandLine, remedyOf, shellWord } from '../../../src/lib/why/entry-command.ts';
import { explain } from '../../../src/lib/why/explain.ts';
import { entry, facts, OPTIONS, told } from './facts.ts';

const style = { serverFlags: [], showAll: false };

describe('a command line that mends', () => {
  it('is read by a shell as it was meant', () => {
    const word = fc
      .string({ unit: 'binary', maxLength: 30 })
      .filter((text) => !text.includes('\0') && text.isWellFormed());
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), (words) => {
        const script = `printf '%s\\0' ${words.map(shellWord).join(' ')}`;
        const read = execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8' });
        expect(read).toBe(words.map((each) => `${each}\0`).join(''));
      }),
      { numRuns: 50 },
    );
  });

  it('is not given where it would hold control characters', () => {
    expect(commandLine(['entry', 'update', '--hint', 'a\u001b[2J'], style)).toBeUndefined();
    expect(commandLine(['entry', 'delete', "it's"], style)).toBe("`spirekit entry delete 'it'\\''s'`");
  });

  it('repeats everything that an update would lose', () => {
    const near = entry('e1', '/web', ['unix:uid:7', 'unix:gid:1000'], {
      x509SvidTtl: 60,
      jwtSvidTtl: 30,
      federatesWith: ['other.test'],
      admin: true,
      downstream: true,
      dnsNames: ['web.test'],
      hint: 'a hint',
    });
    const [from] = near.selectors;
    const change = from && ({ kind: 'selector', from, to: { type: 'unix', value: 'uid:1000' } } as const);
    expect(adviseUpdate(near, change === undefined ? [] : [change], style)).toBe(
      '`spirekit entry update --entry-id e1 --spiffe-id spiffe://example.org/web' +
        ' --parent-id spiffe://example.org/spire/agent/x509pop/one --selector unix:uid:1000 --selector unix:gid:1000' +
        " --x509-svid-ttl 60 --jwt-svid-ttl 30 --federates-with other.test --admin --downstream --dns web.test --hint 'a hint'`",
    );
  });

  it('leads to the parent that other entries have', () => {
    const parent = '/rack';
    const server = told(
      [
        entry('rack', '/rack', ['x509pop:ca:1'], { parent: '/spire/server' }),
        entry('e1', '/a', ['unix:uid:3'], { parent }),
        entry('e2', '/web', ['unix:uid:1000'], { parent: '/racks' }),
      ],
      {
        agents: [
          {
            id: 'spiffe://example.org/spire/agent/x509pop/one',
            selectors: [{ type: 'x509pop', value: 'ca:1' }],
            isBanned: false,
            expiresAtMs: Number.MAX_SAFE_INTEGER,
          },
        ],
      },
    );
    const { verdict } = explain(facts(server), OPTIONS);
    expect(verdict.code).toBe('SPK-2442');
    expect(verdict.message).toContain('spiffe://example.org/rack is near');
    expect(verdict.remedy).toContain('--parent-id spiffe://example.org/rack ');
  });

  it('is not given while it would show what may be secret', () => {
    const near = entry('e1', '/web', ['unix:uid:7', 'docker:env:TOKEN=hunter2']);
    const [from] = near.selectors;
    const obstacles = [
      {
        code: 'SPK-2410',
        message: '',
        cost: 0,
        change: { kind: 'selector', from: from ?? { type: '', value: '' }, to: { type: 'unix', value: 'uid:1' } },
      },
    ] as const;
    const remedy = (showAll: boolean): string =>
      remedyOf({ entry: near, obstacles, met: [], distance: 0 }, { serverFlags: [], showAll }).remedy ?? '';
    expect(remedy(false)).toContain('--show-selectors');
    expect(remedy(false)).not.toContain('hunter2');
    expect(remedy(true)).toContain('--selector docker:env:TOKEN=hunter2');
  });
});
