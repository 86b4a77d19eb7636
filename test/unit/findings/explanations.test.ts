import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatExplanation } from '../../../src/lib/cli/pretty/explanation.ts';
import { EXPLANATIONS, findExplanation } from '../../../src/lib/findings/explanations.ts';
import { projectRoot } from '../../support/programs.ts';

const codes = EXPLANATIONS.map(({ code }) => code);

describe('the codes', () => {
  it('are each explained once', () => {
    expect(codes.filter((code, index) => codes.indexOf(code) !== index)).toEqual([]);
    for (const code of codes) expect(code).toMatch(/^SPK-[1-8]\d{3}$/);
  });

  it('that the sources name are all explained, and none is that nothing says', () => {
    const named = new Set<string>();
    for (const path of globSync('src/**/*.ts', { cwd: projectRoot })) {
      if (path.startsWith('src/lib/findings/')) continue;
      const text = readFileSync(join(projectRoot, path), 'utf8');
      for (const [, code = ''] of text.matchAll(/'(SPK-\d{4})'/g)) named.add(code);
    }
    expect([...named].filter((code) => findExplanation(code) === undefined)).toEqual([]);
    const unsaid = codes.filter((code) => !code.startsWith('SPK-1') && !named.has(code));
    expect(unsaid).toEqual([]);
  });

  it.each(EXPLANATIONS)('$code says what it means and what to do', (explanation) => {
    expect(explanation.title).toMatch(/^[^.]+$/);
    expect(explanation.meaning).toMatch(/\.$/);
    expect(explanation.remedies.length).toBeGreaterThan(0);
    expect(formatExplanation(explanation)).toContain(`${explanation.code} ${explanation.title}\n`);
  });

  it('are found however they are typed', () => {
    for (const text of ['SPK-1003', 'spk-1003', 'spk1003', '1003']) {
      expect(findExplanation(text)?.title).toBe('invalid-argument');
    }
    expect(findExplanation('SPK-0999')).toBeUndefined();
    expect(findExplanation('SPK-10033')).toBeUndefined();
  });
});
