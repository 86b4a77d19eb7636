import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatExplanation } from '../../../../src/lib/cli/pretty/explanation.ts';
import { findingsJson, formatFindings } from '../../../../src/lib/cli/pretty/findings.ts';
import { EXPLANATIONS } from '../../../../src/lib/findings/explanations.ts';
import { type Finding, worstSeverity } from '../../../../src/lib/findings/finding.ts';

const odd: Finding = { code: 'SPK-1003', severity: 'warning', subject: '/a', message: 'is odd\x1b[2J' };
const broken: Finding = {
  code: 'SPK-1028',
  severity: 'error',
  subject: '/b',
  message: 'is broken',
  evidence: ['mode 0666'],
  remedy: '`chmod 600 /b`',
  rule: 'X509-SVID 2',
};

describe('findings', () => {
  it('are shown with the worst first, and cannot steer the terminal', () => {
    expect(formatFindings([odd, broken])).toBe(
      'error    SPK-1028  /b: is broken [X509-SVID 2]\n         seen: mode 0666\n         do:   `chmod 600 /b`\n' +
        'warning  SPK-1003  /a: is odd\\u001b[2J\n',
    );
  });

  it('are data in JSON', () => {
    expect(findingsJson([odd, broken]).map((finding) => JSON.parse(JSON.stringify(finding)).code)).toEqual([
      'SPK-1028',
      'SPK-1003',
    ]);
  });

  it('of any text are lines without a control character, and JSON that keeps them', () => {
    const text = fc.string({ unit: 'binary' });
    const finding = fc.record({ subject: text, message: text, remedy: text, evidence: fc.array(text) });
    fc.assert(
      fc.property(finding, (words) => {
        const one: Finding = { ...words, code: 'SPK-1003', severity: 'info' };
        const lines = formatFindings([one]).split('\n');
        expect(lines).toHaveLength(words.evidence.length + 3);
        expect(lines.join('')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
        expect(findingsJson([one])).toEqual([{ ...one }]);
      }),
    );
  });

  it('have codes whose explanation is shown whole', () => {
    fc.assert(
      fc.property(fc.constantFrom(...EXPLANATIONS), (explanation) => {
        const shown = formatExplanation(explanation);
        for (const words of [explanation.meaning, ...explanation.remedies]) expect(shown).toContain(words);
      }),
    );
  });

  it('are as bad as the worst of them', () => {
    expect(worstSeverity([odd, broken])).toBe('error');
    expect(worstSeverity([odd])).toBe('warning');
    expect(worstSeverity([])).toBeUndefined();
  });
});
