import { describe, expect, it } from 'vitest';
import { missingForParity, replay, SCENARIOS, type ScenarioName } from '../../scripts/proofs/parity-tool.ts';
import { findRealSpire, ours } from '../support/programs.ts';

// 07-config is for the proof `parity`, since it takes minutes; 08-attestation waits a lot, and has a file of its own.
const SHORT_ONES: readonly ScenarioName[] = [
  '01-usage',
  '02-entry',
  '03-workload',
  '04-agents-tokens',
  '05-bundle-mint',
  '06-authorities-federation',
];

describe('what SPIRE 1.15.3 did in the recorded scenarios', () => {
  it.for(SHORT_ONES)('is what our programs do: %s', { timeout: 300_000 }, async (scenario, { skip }) => {
    const missing = await missingForParity();
    if (missing !== undefined) return skip(missing);
    const result = await replay({ scenario, clients: ours, daemons: ours });
    expect(result.failed, result.differences).toBe(0);
    expect(result.passed).toBe(SCENARIOS[scenario]);
  });

  it.for(['02-entry', '03-workload'] as const)(
    'is what our clients do at a real server and agent: %s',
    { timeout: 300_000 },
    async (scenario, { skip }) => {
      const real = findRealSpire();
      if (real === undefined) return skip('SPIRE_SERVER_BIN and SPIRE_AGENT_BIN do not name real SPIRE binaries');
      const missing = await missingForParity();
      if (missing !== undefined) return skip(missing);
      const result = await replay({ scenario, clients: ours, daemons: real });
      expect(result.failed, result.differences).toBe(0);
    },
  );
});
