import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keysOf } from '../../../src/lib/cli/full-screen.ts';
import { formatTop, TOP_ORDERS, topJson, topLines } from '../../../src/lib/cli/pretty/top.ts';
import type { Overview } from '../../../src/lib/overview/overview.ts';

const text = fc.string({ unit: 'binary' });
const overview: fc.Arbitrary<Overview> = fc.record({
  atMs: fc.constant(0),
  agent: fc.oneof(
    fc.constant(undefined),
    fc.record({ problem: text }),
    fc.record({
      id: text,
      uptimeMs: fc.nat(),
      lastSyncMs: fc.option(fc.double(), { nil: undefined }),
      x509Svids: fc.nat(),
      jwtSvids: fc.nat(),
      svidExpiresAtMs: fc.option(fc.double(), { nil: undefined }),
    }),
  ),
  server: fc.oneof(
    fc.constant(undefined),
    fc.record({ problem: text }),
    fc.record({
      trustDomain: text,
      agents: fc.array(
        fc.record({
          id: text,
          attestationType: text,
          standing: fc.constantFrom('active', 'renewing', 'expired', 'banned'),
          expiresAtMs: fc.double({ noNaN: true }),
          version: text,
        }),
      ),
      entryCount: fc.nat(),
      uptimeMs: fc.option(fc.nat(), { nil: undefined }),
      roots: fc.nat(),
      jwtKeys: fc.nat(),
      authorities: fc.array(
        fc.record({
          kind: fc.constantFrom('X.509', 'JWT'),
          slot: fc.constantFrom('active', 'prepared', 'old'),
          authorityId: text,
          expiresAtMs: fc.double({ noNaN: true, min: -1e15, max: 1e15 }),
        }),
      ),
    }),
  ),
});

describe('a frame of top', () => {
  it('fits the terminal and holds no control character, whatever server and agent say', () => {
    const size = fc.nat({ max: 120 });
    fc.assert(
      fc.property(
        overview,
        size,
        size,
        fc.constantFrom(...TOP_ORDERS),
        fc.boolean(),
        fc.nat(),
        (given, columns, rows, order, isReversed, offset) => {
          const lines = topLines(given, { columns, rows, order, isReversed, offset, hint: 'q quit' });
          expect(lines.length).toBeLessThanOrEqual(rows);
          for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
          expect(lines.join('')).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
          expect(formatTop(given).replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
          expect(topJson(given)).toMatchObject({ schema: 'top/v1' });
        },
      ),
    );
  });

  it('counts one as one', () => {
    const agent = {
      id: 'spiffe://a/1',
      attestationType: 'x',
      standing: 'active' as const,
      version: '1',
      expiresAtMs: 9,
    };
    const server = {
      trustDomain: 'a',
      agents: [agent],
      entryCount: 1,
      federatedCount: 0,
      roots: 1,
      jwtKeys: 2,
      authorities: [],
    };
    const frame = formatTop({ atMs: 0, server, agent: undefined });
    expect(frame).toContain('1 agent (1 active), 1 entry, 0 federated bundles\n');
    expect(frame).toContain('bundle: 1 root, 2 JWT keys\n');
  });

  it('sorts agents and shows from the one that was scrolled to', () => {
    const agent = { attestationType: 'join_token', standing: 'active' as const, version: '1' };
    const agents = [
      { ...agent, id: 'spiffe://a/2', expiresAtMs: 60_000 },
      { ...agent, id: 'spiffe://a/1', expiresAtMs: 90_000 },
    ];
    const server = { trustDomain: 'a', agents, entryCount: 0, roots: 1, jwtKeys: 1, authorities: [] };
    const ids = (view: Partial<Parameters<typeof topLines>[1]>) =>
      topLines(
        { atMs: 0, server, agent: undefined },
        { order: 'expiry', isReversed: false, offset: 0, ...view },
      ).flatMap((line) => /spiffe:\/\/a\/(\d)/.exec(line)?.[1] ?? []);
    expect(ids({})).toEqual(['2', '1']);
    expect(ids({ order: 'id' })).toEqual(['1', '2']);
    expect(ids({ isReversed: true })).toEqual(['1', '2']);
    expect(ids({ offset: 1 })).toEqual(['1']);
  });
});

describe('keys of a terminal', () => {
  it.each([
    ['q', ['q']],
    ['\u001b[A\u001b[B', ['up', 'down']],
    ['\u001b[5~r\u0003', ['page-up', 'r', 'interrupt']],
    ['\u001b', ['escape']],
    ['\u001b[200~', []],
  ])('of %j are %j', (typed, keys) => {
    expect(keysOf(typed)).toEqual(keys);
  });

  it('are words or single characters, whatever is typed', () => {
    fc.assert(
      fc.property(text, (typed) => {
        for (const key of keysOf(typed)) expect(key).toMatch(/^([\s\S]|[a-z-]+)$/u);
      }),
    );
  });
});
