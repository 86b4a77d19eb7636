import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseTemplateFlag } from '../../../src/lib/cli/template-output.ts';

const answer = {
  entries: [
    { id: 'a', spiffe_id: { path: '/web', trust_domain: 'example.org' }, x509_svid_ttl: 60, admin: false },
    { id: 'b', spiffe_id: { path: '/db', trust_domain: 'example.org' }, x509_svid_ttl: 0, admin: true },
  ],
  next_page_token: '',
};

describe('parseTemplateFlag', () => {
  it.each([
    ['{{len .entries}}', '2\n'],
    ['{{range .entries}}{{.id}} {{end}}', 'a b \n'],
    ['{{range .entries}}{{.spiffe_id}}{{"\\n"}}{{end}}', 'spiffe://example.org/web\nspiffe://example.org/db\n'],
    ['{{(index .entries 1).spiffe_id.path}}', '/db\n'],
    ['{{range .entries}}{{if .admin}}{{.id}}{{end}}{{end}}', 'b\n'],
    ['{{range $i, $e := .entries}}{{$i}}={{$e.x509_svid_ttl}},{{end}}', '0=60,1=0,\n'],
    ['{{.next_page_token}}', ''],
    ['plain', 'plain\n'],
  ])('%s', (text, expected) => {
    expect(parseTemplateFlag(text)(answer)).toBe(expected);
  });

  it.each(['{{', '{{rang .x}}', '{{end}}', '{{regexMatch "a" "b"}}'])('refuses %s before anything is done', (text) => {
    expect(() => parseTemplateFlag(text)).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
  });

  it('refuses a field that is not there, instead of printing that there is no value', () => {
    expect(() => parseTemplateFlag('{{range .entries}}{{.idd}}{{end}}')(answer)).toThrow('no entry for key "idd"');
  });

  it('takes lists that no path would hold', () => {
    const many = { entries: Array.from({ length: 50_000 }, (_, index) => ({ id: `entry-${index}` })) };
    const lines = parseTemplateFlag('{{range .entries}}{{.id}}{{"\\n"}}{{end}}')(many);
    expect(lines.split('\n')).toHaveLength(50_001);
  });

  it('brings every text through as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (text) => {
        expect(parseTemplateFlag('{{.text}}|')({ text })).toBe(`${text}|\n`);
        expect(parseTemplateFlag('{{index .list 0}}|')({ list: [text] })).toBe(`${text}|\n`);
      }),
    );
  });
});
