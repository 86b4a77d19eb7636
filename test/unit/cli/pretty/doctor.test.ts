import fc from 'fast-check';
import { expect, test } from 'vitest';
import { doctorReportJson, doctorTable, formatDoctorReport } from '../../../../src/lib/cli/pretty/doctor.ts';
import type { CheckResult } from '../../../../src/lib/doctor/examination.ts';

const findings = fc.record({
  code: fc.constantFrom('SPK-4001' as const, 'SPK-4113' as const),
  severity: fc.constantFrom('error' as const, 'warning' as const, 'info' as const),
  subject: fc.string(),
  message: fc.string(),
  evidence: fc.array(fc.string(), { maxLength: 2 }),
});
const results: fc.Arbitrary<CheckResult> = fc.record({
  subject: fc.constantFrom('agent' as const, 'server' as const, 'machine' as const),
  check: fc.constantFrom('socket', 'health'),
  findings: fc.array(findings, { maxLength: 3 }),
  skipped: fc.option(fc.string(), { nil: undefined }),
});

test('the report says each finding once, whatever is in it, and lets nothing move the cursor', () => {
  fc.assert(
    fc.property(fc.array(results, { maxLength: 5 }), (all) => {
      const daemon = {
        kind: 'agent' as const,
        socket: '/tmp/\u001b[2Jx',
        pid: 1,
        uid: 0,
        executable: undefined,
        configuration: undefined,
        dataFolder: undefined,
      };
      const report = { daemons: [daemon], results: all };
      const text = formatDoctorReport(report);
      expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
      const count = all.reduce((sum, result) => sum + result.findings.length, 0);
      expect(text.match(/^(error|warning|info) +SPK-/gm)?.length ?? 0).toBe(count);
      const json = doctorReportJson(report, '1.0.0');
      expect(json).toMatchObject({ schema: 'doctor/v1', spirekit_version: '1.0.0' });
      expect(doctorTable(report).rows.length).toBe(all.length);
    }),
  );
});
