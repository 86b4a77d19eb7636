import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatLint, lintJson, lintTable } from '../../../../src/lib/cli/pretty/entry-lint.ts';
import { selectorNames } from '../../../../src/lib/desiredentries/entry-fields.ts';
import { lintEntries } from '../../../../src/lib/desiredentries/lint/lint-entries.ts';
import { lintJunitText, lintSarifText } from '../../../../src/lib/desiredentries/lint/lint-reports.ts';
import type { LintFacts } from '../../../../src/lib/desiredentries/lint/linted-entry.ts';
import { Agent } from '../../../../src/lib/wire/gen/spire/api/types/agent.ts';
import { Entry } from '../../../../src/lib/wire/gen/spire/api/types/entry.ts';
import { richEntries, wiredEntries } from '../arbitraries.ts';

const FILES: LintFacts = { agents: undefined, others: [], caLifeSeconds: undefined, nowSeconds: 1000 };
const id = (path: string) => ({ trustDomain: 'example.org', path });
const agent = Agent.create({ id: id('/spire/agent/a'), selectors: [{ type: 'x509pop', value: 'cn:a' }] });
const alias = Entry.create({
  id: 'alias',
  spiffeId: id('/host'),
  parentId: id('/spire/server'),
  selectors: [{ type: 'x509pop', value: 'cn:a' }],
});
const LIVE: LintFacts = { ...FILES, agents: [agent], others: [alias], caLifeSeconds: 86_400 };

const entry = (name: string, selectors: string, more: Partial<Entry> = {}): Entry =>
  Entry.create({
    id: name,
    spiffeId: id(`/${name}`),
    parentId: id('/host'),
    selectors: selectors
      .split(' ')
      .map((text) => ({ type: text.split(':', 1)[0] ?? '', value: text.replace(/^[^:]*:/, '') })),
    ...more,
  });

function found(entries: readonly Entry[], facts: LintFacts = LIVE): string[] {
  return lintEntries(
    entries.map((each) => ({ entry: each })),
    facts,
  ).map(({ severity, code, subject }) => `${severity} ${code} ${/entry (\S+)\)/.exec(subject)?.[1]}`);
}

describe('lintEntries', () => {
  it('finds nothing in entries that are in order', () => {
    expect(found([entry('web', 'unix:uid:1000'), entry('db', 'k8s:ns:a k8s:sa:b'), alias])).toEqual([]);
  });

  it.each([
    ['SPK-5001', [entry('a', 'unix:uid:1'), { ...entry('a', 'unix:uid:1'), id: 'b' }], ['error SPK-5001 b']],
    ['SPK-5002', [entry('a', 'unix:uid:1'), entry('b', 'unix:uid:1 unix:gid:2')], ['warning SPK-5002 b']],
    ['SPK-5002 for equals, once', [entry('a', 'unix:uid:1'), entry('b', 'unix:uid:1')], ['warning SPK-5002 b']],
    [
      'SPK-5002 less loudly with hints',
      [entry('a', 'unix:uid:1', { hint: 'x' }), entry('b', 'unix:uid:1', { hint: 'y' })],
      ['info SPK-5002 b'],
    ],
    ['SPK-5003', [entry('a', 'unix:uid:1', { parentId: id('/hots') })], ['warning SPK-5003 a']],
    ['SPK-5004', [entry('a', 'unix:uid:1', { x509SvidTtl: 86_401 })], ['warning SPK-5004 a']],
    ['SPK-5004 from half on', [entry('a', 'unix:uid:1', { jwtSvidTtl: 43_201 })], ['info SPK-5004 a']],
    ['SPK-5005', [entry('a', 'unx:uid:1')], ['warning SPK-5005 a']],
    ['SPK-5005 less loudly', [entry('a', 'ourplugin:x')], ['info SPK-5005 a']],
    ['SPK-5006', [entry('a', 'unix:uuid:1')], ['warning SPK-5006 a']],
    ['SPK-5007', [entry('a', 'k8s:sa:web')], ['warning SPK-5007 a']],
    ['SPK-5008', [entry('a', 'unix:uid:0')], ['warning SPK-5008 a']],
    [
      'SPK-5009',
      [
        entry('x', 'unix:uid:1', { parentId: id('/y') }),
        entry('y', 'unix:uid:2', { parentId: id('/x') }),
        entry('z', 'unix:uid:3', { parentId: id('/x') }),
      ],
      ['error SPK-5009 x', 'error SPK-5009 y', 'info SPK-5003 z'],
    ],
    ['SPK-5010', [entry('a', 'k8s:ns:a', { admin: true })], ['error SPK-5010 a']],
    ['SPK-5011', [entry('a', 'unix:uid:1', { storeSvid: true })], ['warning SPK-5011 a']],
    [
      'SPK-5012',
      [entry('a', 'unix:uid:1', { hint: 'h' }), entry('b', 'unix:uid:1 unix:gid:1', { hint: 'h' })],
      ['warning SPK-5012 b'],
    ],
    ['SPK-5013', [entry('a', 'unix:uid:1', { parentId: id('/spire/agent/join_token/b') })], ['warning SPK-5013 a']],
    [
      'SPK-5014',
      [
        entry('nodes', 'x509pop:cn:b', { parentId: id('/spire/server') }),
        entry('a', 'unix:uid:1', { parentId: id('/nodes') }),
      ],
      ['info SPK-5014 nodes', 'info SPK-5003 a'],
    ],
    ['SPK-5015', [entry('a', 'unix:uid:1', { expiresAt: 999n })], ['warning SPK-5015 a']],
  ] as const)('finds %s', (_, entries, expected) => {
    expect(found(entries)).toEqual(expected);
  });

  it('says of files alone nothing that only a server knows', () => {
    const entries = [entry('a', 'unix:uid:1', { parentId: id('/spire/agent/x'), x509SvidTtl: 2 ** 30 })];
    expect(found(entries, FILES)).toEqual([]);
  });

  it('finds each pair of entries that one workload matches, and no other', () => {
    fc.assert(
      fc.property(fc.array(wiredEntries, { maxLength: 10 }), (entries) => {
        const named = entries.map((each, index) => ({ ...each, id: `e${index}`, hint: '' }));
        const pairs = lintEntries(
          named.map((each) => ({ entry: each })),
          FILES,
        )
          .filter(({ code }) => code === 'SPK-5002')
          .map(({ subject, evidence }) =>
            [/entry (\S+)\)/.exec(subject)?.[1], /entry (\S+)\)/.exec(evidence?.[0] ?? '')?.[1]].sort().join(),
          );
        const naive = new Set<string>();
        const seen = new Set<string>();
        const unique = named.filter((each) => {
          const key = JSON.stringify([each.spiffeId, each.parentId, selectorNames(each)]);
          if (seen.has(key)) return false;
          seen.add(key);
          return true;
        });
        for (const narrow of unique) {
          for (const wide of unique) {
            const isBelowSame =
              narrow.parentId?.path === wide.parentId?.path && narrow.parentId?.path !== '/spire/server';
            const own = selectorNames(narrow);
            const isWithin = selectorNames(wide).every((name) => own.includes(name));
            if (narrow !== wide && isBelowSame && isWithin && narrow.spiffeId?.path !== wide.spiffeId?.path) {
              naive.add([narrow.id, wide.id].sort().join());
            }
          }
        }
        expect(new Set(pairs)).toEqual(naive);
        expect(pairs).toHaveLength(naive.size);
      }),
    );
  });
});

describe('the reports of entry lint', () => {
  it('hold every finding, whatever stands in the entries', () => {
    fc.assert(
      fc.property(fc.array(richEntries, { maxLength: 5 }), (entries) => {
        const linted = entries.map((each, index) => ({
          entry: each,
          place: { file: 'a b\x1b.yaml', line: index + 1, column: 3 },
        }));
        const findings = lintEntries(linted, LIVE);
        const text = formatLint(findings, entries.length);
        expect(text.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
        expect(JSON.parse(JSON.stringify(lintJson(findings, entries.length))).findings).toHaveLength(findings.length);
        expect(lintTable(findings).rows).toHaveLength(findings.length);
        const junit = lintJunitText(findings);
        expect(junit.match(/<testcase /g)).toHaveLength(Math.max(1, findings.length));
        expect(junit.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f]/);
        expect(junit.replace(/<\/?[a-z?][^<>]*>/g, '')).not.toMatch(/[<>]/);
        const [run] = JSON.parse(lintSarifText(findings, linted)).runs;
        expect(run.results).toHaveLength(findings.length);
        for (const { locations } of run.results) expect(locations).toHaveLength(1);
      }),
    );
  });
});
