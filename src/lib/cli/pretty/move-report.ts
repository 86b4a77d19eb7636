import type { MovedItem, MovedKind } from '../move/compare-contents.ts';
import type { MoveReport } from '../move/move-contents.ts';
import type { JsonValue } from '../protojson.ts';

const KINDS: readonly (readonly [kind: MovedKind, plural: string])[] = [
  ['bundle', 'bundles'],
  ['federation relationship', 'federation relationships'],
  ['entry', 'entries'],
];

const OUTCOMES = ['new', 'created', 'same', 'differs', 'refused'] as const satisfies readonly MovedItem['outcome'][];

/** What is said of outcomes, and in which order. */
const WORDS: Readonly<Record<MovedItem['outcome'], string>> = {
  new: 'would be created',
  created: 'created',
  same: 'there already',
  differs: 'left alone because they differ',
  refused: 'refused',
};

/** The text of `server import` and `server export`. */
export function formatMoveReport(report: MoveReport): string {
  const lines = [`Trust domain ${report.trustDomain}${report.dryRun ? ', nothing was changed (-dryRun)' : ''}`];
  for (const [kind, plural] of KINDS) {
    const counts = countsOf(report, kind);
    const told = OUTCOMES.filter((outcome) => counts[outcome] > 0).map((name) => `${counts[name]} ${WORDS[name]}`);
    lines.push(`${`${plural[0]?.toUpperCase()}${plural.slice(1)}`.padEnd(25)}: ${told.join(', ') || 'none'}`);
  }
  for (const { kind, name, outcome, reason } of problemsOf(report)) {
    lines.push(`${outcome === 'differs' ? 'Differs' : 'Refused'}: ${kind} ${name}: ${reason ?? ''}`);
  }
  lines.push('Not moved: signing keys and the bundle of the trust domain, agents, join tokens; agents attest anew.');
  if (report.belowJoinTokens > 0) {
    const count = report.belowJoinTokens;
    lines.push(
      `${count} ${count === 1 ? 'entry has' : 'entries have'} an agent as parent that attested by a join token: with another token it is another agent, so give ${count === 1 ? 'it' : 'them'} another parent.`,
    );
  }
  return `${lines.join('\n')}\n`;
}

/** The same for programs: how many of each, and what did not go well. */
export function moveReportJson(report: MoveReport): { readonly [key: string]: JsonValue } {
  const counts = KINDS.map(([kind, plural]) => [plural.replace(' ', '_'), countsOf(report, kind)] as const);
  return {
    schema: 'move-report/v1',
    trust_domain: report.trustDomain,
    dry_run: report.dryRun,
    ...Object.fromEntries(counts),
    problems: problemsOf(report).map(({ kind, name, outcome, reason }) => ({
      kind,
      name,
      outcome,
      reason: reason ?? '',
    })),
    not_moved: ['signing keys', 'bundle of the trust domain', 'agents', 'join tokens'],
    entries_below_join_token_agents: report.belowJoinTokens,
  };
}

/** What is not in the target as the source has it. */
export function problemsOf({ items }: MoveReport): readonly MovedItem[] {
  return items.filter(({ outcome }) => outcome === 'differs' || outcome === 'refused');
}

function countsOf({ items }: MoveReport, kind: MovedKind): Record<MovedItem['outcome'], number> {
  const counts = { new: 0, created: 0, same: 0, differs: 0, refused: 0 };
  for (const item of items) if (item.kind === kind) counts[item.outcome] += 1;
  return counts;
}
