import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ShownPlan } from '../../../../src/lib/cli/entry-plan.ts';
import { applyJson, formatApplied, formatRefusals } from '../../../../src/lib/cli/pretty/entry-apply.ts';
import { entryPlanJson, entryPlanTable, formatEntryPlan } from '../../../../src/lib/cli/pretty/entry-plan.ts';
import { entryKey } from '../../../../src/lib/desiredentries/entry-fields.ts';
import { findBlastRadius } from '../../../../src/lib/desiredentries/identity-effects.ts';
import { parseOwnerPrefix } from '../../../../src/lib/desiredentries/owner.ts';
import { makePlan } from '../../../../src/lib/desiredentries/plan.ts';
import type { Entry } from '../../../../src/lib/wire/gen/spire/api/types/entry.ts';
import { richEntries } from '../../desiredentries/arbitraries.ts';

const place = { file: 'evil\x1b[2J.yaml', line: 3, column: 5 };

function shownFor(held: readonly Entry[], wanted: readonly Entry[]): ShownPlan {
  const entries = wanted.map((entry) => ({ entry: { ...entry, id: '' }, place }));
  const plan = makePlan({ entries, unwanted: [], classNames: ['c'] }, held, {
    trustDomain: 'example.org',
    owner: parseOwnerPrefix('team.'),
    prune: true,
    makeId: () => 'new',
  });
  return { plan, blastRadius: findBlastRadius(plan, held, []) };
}

const states = fc
  .uniqueArray(richEntries, { maxLength: 6, selector: entryKey })
  .map((entries) =>
    entries.map((entry, index) => ({ ...entry, id: index % 2 === 0 ? `team.${index}` : `other.${index}` })),
  );

describe('the text of a plan', () => {
  it('has a line with its mark for each entry, and no control character of anybody', () => {
    fc.assert(
      fc.property(states, states, (held, wanted) => {
        const shown = shownFor(held, wanted);
        const { added, changed, removed, foreign, same } = shown.plan;
        const text = formatEntryPlan(shown);
        const marked = (mark: string) => text.split('\n').filter((line) => line.startsWith(`${mark} `)).length;
        expect([marked('+'), marked('~'), marked('-'), marked('!')]).toEqual([
          added.length,
          changed.length,
          removed.length,
          foreign.length,
        ]);
        expect(text.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
        const total = added.length + changed.length + removed.length + foreign.length;
        expect(entryPlanTable(shown).rows).toHaveLength(total + same.length);
        const json = JSON.parse(JSON.stringify(entryPlanJson(shown)));
        expect(json.entries).toHaveLength(total);
        expect(json.counts).toMatchObject({ add: added.length, same: same.length });
      }),
    );
  });

  it('of its outcome too, with the place of what was refused', () => {
    fc.assert(
      fc.property(states, fc.string({ unit: 'binary' }), (wanted, refusal) => {
        const shown = shownFor([], wanted);
        const entries = shown.plan.added.map(({ entry }, index) => ({
          action: 'add' as const,
          entryId: entry.id,
          spiffeId: 'spiffe://example.org/a',
          place,
          refusal: index === 0 ? refusal : undefined,
        }));
        const report = { plan: shown.plan, entries };
        const refused = Math.min(1, entries.length);
        expect(formatApplied(report)).toContain(`${entries.length - refused} added`);
        const lines = formatRefusals(report);
        expect(lines.split('\n')).toHaveLength(refused + 1);
        expect(lines.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
        expect(JSON.parse(JSON.stringify(applyJson(shown, report))).refused).toHaveLength(refused);
      }),
    );
  });
});
