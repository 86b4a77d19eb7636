import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseTemplate } from '../../../src/lib/template/parse.ts';
import { split } from '../../../src/lib/template/split.ts';
import { Template } from '../../../src/lib/template/template.ts';
import { TemplateError } from '../../../src/lib/template/template-error.ts';
import { tokenize } from '../../../src/lib/template/tokens.ts';
import { Dictionary, TemplateObject } from '../../../src/lib/template/values.ts';
import { projectRoot } from '../../support/programs.ts';

/** What Go 1.26 and sprig 3.3 made of a template, with the option `missingkey=error`. */
interface Recorded {
  readonly template: string;
  readonly output?: string;
  readonly fails?: 'parse' | 'execute';
}

const recorded: readonly Recorded[] = JSON.parse(
  readFileSync(join(projectRoot, 'test/data/go-templates.json'), 'utf8'),
);

/** The data that the recording was made with. */
const data = new TemplateObject({
  Subject: new TemplateObject({
    Country: ['US'],
    Organization: ['Nodes', 'Acme Corp'],
    CommonName: 'Node One.example.org',
  }),
  Fingerprint: 'f3b7c09e4dd0f1ab',
  PluginName: 'x509pop',
  TrustDomain: 'example.org',
  DNSNames: ['a.example.org', 'b.example.org'],
  URISanSelectors: new Dictionary([
    ['rack', 'r7'],
    ['zone', 'eu/1'],
  ]),
  Version: 3,
  IsCA: false,
});

function outcome(source: string): Omit<Recorded, 'template'> {
  let template: Template;
  try {
    template = Template.parse(source);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    return { fails: 'parse' };
  }
  try {
    return { output: template.execute(data) };
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    return { fails: 'execute' };
  }
}

/** Texts of which many are templates. */
const sources = fc
  .array(
    fc.oneof(
      fc.constantFrom('{{', '}}', '{{- ', ' -}}', ' ', '|', '(', ')', '.', '$x', ':=', '=', ',', '"', '`', '/*', '*/'),
      fc.constantFrom(
        'if ',
        'else',
        'end',
        'range ',
        'with ',
        'break',
        'print ',
        'index ',
        'and ',
        '.Subject',
        '3',
        'nil',
      ),
      fc.string({ maxLength: 4 }),
    ),
  )
  .map((parts) => parts.join(''));

describe('templates', () => {
  test.each(recorded)('are as in Go: $template', ({ template, ...expected }) => {
    expect(outcome(template)).toEqual(expected);
  });

  test('give back a text without actions', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(!text.includes('{{'));
        expect(Template.parse(text).execute(data)).toBe(text);
      }),
    );
  });

  test('are refused with an error of their own, or filled in, whatever they are', () => {
    fc.assert(
      fc.property(sources, (source) => {
        expect(Object.keys(outcome(source))).toHaveLength(1);
      }),
      { numRuns: 2000 },
    );
  });

  test('are cut into texts and actions of which nothing is lost', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[a-z]{1,5}$/), { minLength: 1 }), (words) => {
        const source = words.map((word, index) => (index % 2 === 0 ? word : `{{ .${word} }}`)).join('');
        const pieces = split(source).map(({ kind, text }) => (kind === 'text' ? text : `{{${text}}}`));
        expect(pieces.join('')).toBe(source);
        const tokens = words.flatMap((word) => tokenize(` .${word} `)).filter(({ kind }) => kind === 'field');
        expect(tokens).toHaveLength(words.length);
        expect(parseTemplate(source, () => false)).toHaveLength(words.length);
      }),
    );
  });

  test('tell which functions of SPIRE they want that are not here', () => {
    expect(Template.parse('{{ regexFind "a" .PluginName | kebabcase }}').missingFunctions).toEqual([
      'regexFind',
      'kebabcase',
    ]);
  });

  test.each([
    '{{ range 99999 }}{{ range 99999 }}{{ end }}{{ end }}',
    '{{ range 99999 }}xxxxxxxxxxxxxxxx{{ end }}',
    '{{ repeat 1000000000 "x" }}',
    '{{ indent 1000000000 "x" }}',
    '{{ printf "%999999999d" 1 }}',
    '{{ range 9999999999 }}{{ end }}',
  ])('end soon, however much they ask for: %s', (source) => {
    expect(outcome(source)).toEqual({ fails: 'execute' });
  });

  test('with blocks and parentheses within each other are refused before they exhaust the stack', () => {
    expect(outcome('{{ if . }}'.repeat(100_000))).toEqual({ fails: 'parse' });
    expect(outcome(`{{ ${'('.repeat(100_000)}1${')'.repeat(100_000)} }}`)).toEqual({ fails: 'parse' });
  });
});
