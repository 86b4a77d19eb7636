import { expect, it } from 'vitest';
import { missingForParity, replay, SCENARIOS } from '../../scripts/proofs/parity-tool.ts';
import { ours } from '../support/programs.ts';

it('an agent with x509pop does what SPIRE 1.15.3 did: 08-attestation', { timeout: 300_000 }, async ({ skip }) => {
  const missing = await missingForParity();
  if (missing !== undefined) return skip(missing);
  const result = await replay({ scenario: '08-attestation', clients: ours, daemons: ours });
  expect(result.failed, result.differences).toBe(0);
  expect(result.passed).toBe(SCENARIOS['08-attestation']);
});
