import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { protoJson } from '../../../src/lib/cli/protojson.ts';
import {
  parseDesiredDocuments,
  parseDesiredFile,
  parseJsonDocuments,
} from '../../../src/lib/desiredentries/desired-file.ts';
import { fieldChanges } from '../../../src/lib/desiredentries/entry-fields.ts';
import {
  formatEntryData,
  formatEntryLine,
  formatEntryYaml,
  formatStaticEntries,
  lostInStaticEntry,
} from '../../../src/lib/desiredentries/entry-writing.ts';
import { formatExport, parseExportFormat } from '../../../src/lib/desiredentries/export-files.ts';
import { SourceFile } from '../../../src/lib/desiredentries/source-file.ts';
import { formatUndo } from '../../../src/lib/desiredentries/undo-file.ts';
import { SpirekitError } from '../../../src/lib/runtime/errors.ts';
import type { Entry } from '../../../src/lib/wire/gen/spire/api/types/entry.ts';
import { richEntries } from './arbitraries.ts';

const parse = (text: string, format: 'json' | 'yaml' | 'any' = 'any') =>
  parseDesiredFile(Buffer.from(text), 'f', format);

const IDS = '"spiffe_id": "spiffe://example.org/web", "parent_id": "spiffe://example.org/host"';
const one = (fields: string): string =>
  `{"entries": [\n{${IDS}, "selectors": [{"type": "a", "value": "b"}], ${fields}}]}`;

describe('parseDesiredFile', () => {
  it('reads what is written in each format, in any of them with the same result', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(richEntries, { maxLength: 3 }), async (entries) => {
        const lines = entries.map((entry) => `${formatEntryLine(entry)}\n`).join('');
        const texts = [formatEntryData(entries), formatEntryYaml(entries), formatUndo({ entries, removeIds: ['x'] })];
        if (entries.length > 0) texts.push(lines);
        for (const text of texts) {
          const read = (await parseDesiredFile(Buffer.from(text), 'f', 'any')).entries;
          expectSame(
            read.map(({ entry }) => entry),
            entries,
          );
        }
        const whole = entries.filter((entry) => lostInStaticEntry(entry).length === 0);
        for (const format of ['json', 'yaml', 'cluster-static-entry']) {
          if (format === 'cluster-static-entry' && whole.length === 0) continue;
          const text = formatExport(whole, parseExportFormat(format));
          const read = (await parseDesiredFile(Buffer.from(text), 'f', format === 'json' ? 'json' : 'yaml')).entries;
          expectSame(
            read.map(({ entry }) => entry),
            whole,
          );
        }
        expect(formatExport(whole, 'cluster-static-entry')).toBe(formatStaticEntries(whole));
      }),
    );
  });

  it('reads what entry show prints as JSON', async () => {
    await fc.assert(
      fc.asyncProperty(richEntries, async (entry) => {
        const text = JSON.stringify({ entries: [protoJson(entry)], next_page_token: '' });
        expectSame(
          (await parse(text)).entries.map((each) => each.entry),
          [entry],
        );
      }),
    );
  });

  it('refuses any text with a code', async () => {
    const pieces = fc.constantFrom(
      '{"entries": [',
      '{',
      '}',
      ']',
      '"spiffe_id": ',
      '"selectors": ',
      '"spiffe://a/b"',
      '[',
      ',',
      'null',
      '- ',
      '\n',
      'a: ',
      '9',
    );
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string(),
          fc.array(pieces).map((parts) => parts.join('')),
        ),
        async (text) => {
          for (const format of ['json', 'yaml', 'any'] as const) {
            const refusal = await parseDesiredFile(Buffer.from(text), 'f', format).catch((error: unknown) => error);
            if (refusal instanceof Error) {
              expect(refusal).toBeInstanceOf(SpirekitError);
              expect(['unknown', 'internal']).not.toContain((refusal as SpirekitError).code);
            }
          }
          const source = new SourceFile('f', text);
          expect(() => {
            try {
              parseDesiredDocuments(source, parseJsonDocuments(source));
            } catch (error) {
              if (!(error instanceof SpirekitError)) throw error;
            }
          }).not.toThrow();
        },
      ),
    );
  });

  it('tells where each entry stands', async () => {
    const { entries } = await parse(
      '- spiffe_id: spiffe://example.org/a\n  parent_id: spiffe://example.org/h\n  selectors: ["a:b"]\n\n- {spiffe_id: "spiffe://example.org/c", parent_id: "spiffe://example.org/h", selectors: ["a:b"]}\n',
      'yaml',
    );
    expect(entries.map(({ place }) => place)).toEqual([
      { file: 'f', line: 1, column: 3 },
      { file: 'f', line: 5, column: 3 },
    ]);
  });

  it('notes classes of ClusterStaticEntry, and reads lists of kubectl', async () => {
    const object = (name: string) => ({
      apiVersion: 'spire.spiffe.io/v1alpha1',
      kind: 'ClusterStaticEntry',
      metadata: { name, uid: 'u' },
      spec: {
        spiffeID: `spiffe://example.org/${name}`,
        parentID: 'spiffe://example.org/h',
        selectors: ['k8s:ns:a'],
        x509SVIDTTL: '1h30m',
        jwtSVIDTTL: '90s',
        className: `class-${name}`,
      },
      status: { rendered: true, masked: false, set: true },
    });
    const { entries, classNames } = await parse(
      JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [object('a'), object('b')] }),
    );
    expect(entries.map(({ entry }) => [entry.spiffeId?.path, entry.x509SvidTtl, entry.jwtSvidTtl])).toEqual([
      ['/a', 5400, 90],
      ['/b', 5400, 90],
    ]);
    expect(classNames).toEqual(['class-a', 'class-b']);
  });

  it.each([
    [
      one('"hnt": "x"'),
      'f:2:129: entries[0]."hnt" is no field that is known here; did you mean hint?',
      'invalid-argument',
    ],
    [one('"hint": 3'), 'f:2:137: entries[0].hint has to be a text, not a number: put it in quotes', 'invalid-argument'],
    [one('"admin": "yes"'), 'entries[0].admin has to be true or false, not a text', 'invalid-argument'],
    [one('"x509_svid_ttl": -1'), 'entries[0].x509_svid_ttl has to be from 0 to 2147483647', 'invalid-argument'],
    [
      one('"entry_id": "a b"'),
      'entries[0].entry_id may have letters, digits, dots, dashes and underscores only',
      'invalid-argument',
    ],
    [one('"dns_names": ["-x"]'), 'entries[0].dns_names[0]: ', 'invalid-argument'],
    [one('"dns_names": ["x", "x"]'), 'entries[0].dns_names: "x" stands there twice', 'invalid-argument'],
    [one('"federates_with": ["NO"]'), 'entries[0].federates_with[0]: ', 'invalid-trust-domain'],
    [one('"store_svid": true, "selectors": ["a:b", "c:d"]'), '"selectors" stands here twice', 'invalid-encoding'],
    [
      '{"entries": [{"spiffe_id": "x"}]}',
      'f:1:28: entries[0].spiffe_id: scheme is missing or invalid',
      'invalid-spiffe-id',
    ],
    ['{"entries": [{}]}', 'f:1:14: entries[0].spiffe_id is missing', 'invalid-argument'],
    [`{"entries": [{${IDS}}]}`, 'entries[0].selectors: at least one is needed', 'invalid-argument'],
    [
      `{"entries": [{${IDS}, "selectors": ["x"]}]}`,
      'entries[0].selectors[0]: selector "x" must be formatted as type:value',
      'invalid-selector',
    ],
    [
      `{${IDS.replace('/web', '/spire/web')}, "selectors": ["a:b"]}`,
      'path is in the reserved namespace',
      'invalid-argument',
    ],
    [
      `{${IDS.replace('example.org/host', 'far.example/host')}, "selectors": ["a:b"]}`,
      'parent_id: ',
      'invalid-argument',
    ],
    ['{"entries": {}}', 'f:1:13: entries has to be a list, not a map', 'invalid-argument'],
    ['{"entires": []}', 'f:1:2: "entires" is no field that is known here; did you mean entries?', 'invalid-argument'],
    ['{}', 'f:1:1: entries is missing', 'invalid-argument'],
    ['', 'f:1:1: there is nothing in it; no entries are written {"entries": []}', 'invalid-encoding'],
    ['# nothing\n---\n', 'f:1:1: there is nothing in it', 'invalid-encoding'],
    [
      '{"apiVersion": "v1", "kind": "Pod"}',
      'apiVersion has to be spire.spiffe.io/v1alpha1, not "v1"',
      'invalid-argument',
    ],
    ['{"entries": []} x', 'f:1:17: more text behind the end of the JSON', 'invalid-encoding'],
  ] as const)('refuses %s', async (text, message, code) => {
    await expect(parse(text)).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
  });

  it('refuses bytes that are no text', async () => {
    await expect(parseDesiredFile(Uint8Array.of(0x22, 0xff), 'f', 'json')).rejects.toMatchObject({
      code: 'invalid-encoding',
    });
  });
});

function expectSame(read: readonly Entry[], written: readonly Entry[]): void {
  expect(read).toHaveLength(written.length);
  for (const [index, entry] of written.entries()) {
    const other = read[index];
    expect(other === undefined ? [] : fieldChanges(other, entry).map(({ field }) => field.name)).toEqual([]);
  }
}
