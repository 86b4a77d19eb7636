import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseManifest, type VectorCase } from '../../../scripts/vectors/manifest.ts';
import { runVector } from '../../../scripts/vectors/run.ts';

const folder = join(dirname(fileURLToPath(import.meta.url)), '../../vectors');
const cases = parseManifest(readFileSync(join(folder, 'manifest.json'), 'utf8'));
const nowMs = Date.UTC(2026, 0, 1);

/** Where we follow neither go-spiffe nor, if the two differ, the standard; and why. */
const OURS: Readonly<Record<string, { readonly verdict: string; readonly why: string }>> = {
  'bundle/valid-empty-keys': { verdict: 'invalid', why: 'the file holds null, not an empty array, as keys-null does' },
  'endpoint/026': { verdict: 'invalid', why: 'a port over 65535 cannot be connected to' },
  'jwks/kty-unknown-only': { verdict: 'valid', why: 'keys of unknown kinds are skipped in every key set' },
  'jwt-svid/kid-missing': { verdict: 'invalid', why: 'SPIRE wants tokens to name their key' },
  'jwt-svid/sub-2049': { verdict: 'invalid', why: 'IDs end at 2048 bytes' },
  'spiffe-id/018': { verdict: 'invalid', why: 'trust domains end at 255 bytes' },
  'spiffe-id/020': { verdict: 'invalid', why: 'IDs end at 2048 bytes' },
  'trust-domain/016': { verdict: 'invalid', why: 'trust domains end at 255 bytes' },
  'x509-svid/id-2049': { verdict: 'invalid', why: 'IDs end at 2048 bytes' },
  'x509-svid/id-uppercase-scheme': { verdict: 'invalid', why: 'an ID counts as it is written' },
  'x509-svid/no-digital-signature': {
    verdict: 'invalid',
    why: 'TLS needs digitalSignature where there is a key usage',
  },
};

function ourVerdict(vector: VectorCase): string {
  return OURS[vector.id]?.verdict ?? (vector.isDivergent ? vector.specExpected : vector.expected);
}

describe('conformance vectors', () => {
  it.each(cases)('$id: $reason', async (vector) => {
    const verdict = await runVector(vector, folder, { nowMs });
    expect(verdict?.kind, verdict?.kind === 'invalid' ? verdict.error.message : '').toBe(ourVerdict(vector));
    if (verdict?.kind === 'valid' && vector.spiffeId !== '') expect(verdict.spiffeId).toBe(vector.spiffeId);
  });

  it('contradicts neither go-spiffe nor the standard where the two agree', () => {
    const known = cases.filter(({ id }) => OURS[id] !== undefined);
    expect(known).toHaveLength(Object.keys(OURS).length);
    const hard = known.filter((vector) => !vector.isDivergent && /^(in)?valid$/.test(vector.specExpected));
    expect(hard.map(({ id }) => id)).toEqual([]);
  });
});
