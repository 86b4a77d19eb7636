import { type ApplyReport, refusalsOf } from '../../desiredentries/apply-plan.ts';
import { placeName } from '../../desiredentries/source-file.ts';
import type { ShownPlan } from '../entry-plan.ts';
import type { JsonValue } from '../protojson.ts';
import { escapeControls } from '../terminal-text.ts';
import { placeMember, planMembers } from './entry-plan.ts';

/** What `entry apply` has done, for people. */
export function formatApplied(report: ApplyReport): string {
  const { add, change, remove } = doneCounts(report);
  return `Done: ${add} added, ${change} changed, ${remove} removed, ${report.plan.same.length} were the same\n`;
}

/** What it could not do, a line each with where it stands. */
export function formatRefusals(report: ApplyReport): string {
  return refusalsOf(report)
    .map(({ action, entryId, spiffeId, place, refusal }) => {
      const where = place === undefined ? '' : `${placeName(place)}: `;
      return `${escapeControls(`${where}cannot ${action} ${spiffeId} (entry ${entryId}): ${refusal}`)}\n`;
    })
    .join('');
}

/** The same for programs. */
export function applyJson(shown: ShownPlan, report: ApplyReport): { readonly [name: string]: JsonValue } {
  return {
    schema: 'entry-apply/v1',
    ...planMembers(shown),
    done: doneCounts(report),
    refused: refusalsOf(report).map(({ action, entryId, spiffeId, place, refusal }) => ({
      action,
      entry_id: entryId,
      spiffe_id: spiffeId,
      reason: refusal ?? '',
      ...placeMember(place),
    })),
  };
}

function doneCounts({ entries }: ApplyReport): Record<'add' | 'change' | 'remove', number> {
  const counts = { add: 0, change: 0, remove: 0 };
  for (const { action, refusal } of entries) if (refusal === undefined) counts[action] += 1;
  return counts;
}
