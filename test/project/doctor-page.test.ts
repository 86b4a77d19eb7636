import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DOCTOR_EXPLANATIONS } from '../../src/lib/findings/doctor-explanations.ts';
import { LAST_FAULTS, LIVE_FAULTS } from '../support/doctor-faults.ts';
import { projectRoot } from '../support/programs.ts';

/** Those that no test with running daemons prepares, with the unit test that does. */
const PREPARED_ELSEWHERE = new Map([
  ['SPK-4004', 'test/integration/doctor.test.ts'],
  ['SPK-4040', 'test/unit/doctor/checks.test.ts'],
  ['SPK-4052', 'test/unit/doctor/checks.test.ts'],
  ['SPK-4063', 'test/unit/doctor/checks.test.ts'],
  ['SPK-4103', 'test/unit/doctor/memory-limit.test.ts'],
]);

test('the page on the doctor lists every code with its title', () => {
  const page = readFileSync(join(projectRoot, 'docs/doctor.md'), 'utf8');
  const listed = [...page.matchAll(/^\| (SPK-\d{4}) \| (.*) \|$/gm)].map(([, code, title]) => ({ code, title }));
  expect(listed).toEqual(DOCTOR_EXPLANATIONS.map(({ code, title }) => ({ code, title })));
});

test('every code of the doctor is brought about in a test', () => {
  const prepared = new Set([...LIVE_FAULTS, ...LAST_FAULTS].map(({ code }) => code));
  for (const [code, path] of PREPARED_ELSEWHERE) {
    if (readFileSync(join(projectRoot, path), 'utf8').includes(code)) prepared.add(code);
  }
  expect(DOCTOR_EXPLANATIONS.map(({ code }) => code).filter((code) => !prepared.has(code))).toEqual([]);
});
