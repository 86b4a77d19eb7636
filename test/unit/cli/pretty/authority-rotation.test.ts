import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatRotationPlan,
  formatRotationStep,
  formatWait,
  rotationJson,
} from '../../../../src/lib/cli/pretty/authority-rotation.ts';
import type { AuthorityLook, AuthoritySlot } from '../../../../src/lib/rotation/authority-look.ts';
import { rotationState } from '../../../../src/lib/rotation/rotation-phase.ts';
import { planRotation, type RotationPlan } from '../../../../src/lib/rotation/rotation-plan.ts';

const NOW_MS = Date.UTC(2031, 4, 6, 12);

interface Drawn {
  readonly ids: readonly string[];
  readonly inBundle: readonly boolean[];
  readonly next: AuthoritySlot;
  readonly upstream: string;
  readonly endMs: number;
}

function planOf({ ids, inBundle, next, upstream, endMs }: Drawn): RotationPlan {
  const slots = (['active', next] as const).map((slot, index) => ({
    slot,
    authorityId: ids[index] ?? `${index}`,
    expiresAtMs: endMs,
    upstreamAuthorityId: upstream,
  }));
  const look: AuthorityLook = {
    kind: 'x509',
    trustDomain: ids[2] ?? 'example.org',
    atMs: NOW_MS,
    slots,
    bundle: slots
      .filter((_, index) => inBundle[index] === true)
      .map(({ authorityId }) => ({ authorityId, isTainted: false, madeAtMs: NOW_MS, expiresAtMs: endMs })),
    refreshHintSeconds: 0,
    shortestRootLifeMs: undefined,
  };
  const dependents = {
    agents: [{ id: ids[3] ?? '', serialNumber: '1', expiresAtMs: NOW_MS + 1000 }],
    agentCount: 1,
    entriesByTtl: new Map([[0, 2]]),
    downstream: [ids[4] ?? ''],
    federated: [ids[5] ?? ''],
  };
  return planRotation(look, rotationState(look), dependents, { knowledge: {} });
}

const drawn: fc.Arbitrary<Drawn> = fc.record({
  ids: fc.uniqueArray(fc.string({ unit: 'binary', minLength: 1 }), { minLength: 6, maxLength: 6 }),
  inBundle: fc.array(fc.boolean(), { minLength: 2, maxLength: 2 }),
  next: fc.constantFrom('prepared', 'old'),
  upstream: fc.constantFrom('', '\u001b[2J'),
  endMs: fc.oneof(fc.constant(NOW_MS + 86_400_000), fc.double()),
});

describe('the texts of a rotation', () => {
  it('hold no control character, whatever a server says, and its JSON keeps the words', () => {
    fc.assert(
      fc.property(drawn, (given) => {
        const plan = planOf(given);
        const text =
          formatRotationPlan(plan, given.ids[0]) + formatWait(plan) + formatRotationStep('activate', plan, NOW_MS);
        expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
        expect(JSON.parse(JSON.stringify(rotationJson(plan, 'x')))).toMatchObject({
          schema: 'authority-rotate/v1',
          authority_id: plan.state.targetId,
        });
      }),
    );
  });

  it('say what a step has done', () => {
    const plan = planOf({ ids: ['aa', 'bb'], inBundle: [true, true], next: 'prepared', upstream: '', endMs: NOW_MS });
    const lines = (['prepare', 'activate', 'taint', 'revoke'] as const).map((step) =>
      formatRotationStep(step, plan, NOW_MS),
    );
    expect(lines).toEqual([
      '2031-05-06T12:00:00Z prepared a new X.509 authority',
      '2031-05-06T12:00:00Z activated X.509 authority bb',
      '2031-05-06T12:00:00Z tainted X.509 authority aa',
      '2031-05-06T12:00:00Z revoked X.509 authority aa',
    ]);
  });

  it('say that below another authority nothing can be tainted', () => {
    const ids = ['aa', 'bb', 'example.org', '', '', 'far.example'];
    const plan = planOf({ ids, inBundle: [], next: 'old', upstream: 'cc', endMs: NOW_MS + 1000 });
    expect(plan.isDone).toBe(true);
    expect(formatRotationPlan(plan, undefined)).toContain('SPK-6008');
  });
});
