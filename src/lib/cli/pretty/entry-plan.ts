import {
  ENTRY_FIELDS,
  type FieldChange,
  type FieldValue,
  idName,
  selectorNames,
} from '../../desiredentries/entry-fields.ts';
import type { BlastRadius, IdentityEffect } from '../../desiredentries/identity-effects.ts';
import { conflictsOf, type Plan } from '../../desiredentries/plan.ts';
import { type Place, placeName } from '../../desiredentries/source-file.ts';
import { counted } from '../../runtime/counted.ts';
import type { Entry } from '../../wire/gen/spire/api/types/entry.ts';
import type { ShownPlan } from '../entry-plan.ts';
import type { Table } from '../printer.ts';
import type { JsonValue } from '../protojson.ts';
import { escapeControls } from '../terminal-text.ts';

/** More names than this are counted, not told. JSON has them all. */
const MOST_NAMES = 20;

/** What a plan would do, for people: a mark in front of each entry, then how many, then whom it concerns. */
export function formatEntryPlan({ plan, blastRadius }: ShownPlan): string {
  const lines: string[] = [];
  for (const { entry, place } of plan.added) {
    lines.push(`+ ${headLine(entry, place)}`, ...wishes(entry).map((line) => `    ${line}`));
  }
  for (const { before, changes, place } of plan.changed) {
    lines.push(`~ ${headLine(before, place)}`, ...changes.map((change) => `    ${changeLine(change)}`));
  }
  for (const { before, place } of plan.removed) lines.push(`- ${headLine(before, place)}`);
  for (const { existing, changes, place } of plan.foreign) {
    lines.push(`! ${headLine(existing, place)} is another owner's and stays as it is`);
    lines.push(...changes.map((change) => `    ${changeLine(change)}`));
  }
  if (lines.length > 0) lines.push('');
  lines.push(countsLine(plan), ...notes(plan), ...radiusLines(blastRadius));
  return lines.map((line) => `${escapeControls(line)}\n`).join('');
}

/** The same for programs. */
export function entryPlanJson(shown: ShownPlan): { readonly [name: string]: JsonValue } {
  return { schema: 'entry-plan/v1', ...planMembers(shown) };
}

/** What the JSON of a plan and that of its outcome have in common. */
export function planMembers(shown: ShownPlan): { readonly [name: string]: JsonValue } {
  const { plan, blastRadius } = shown;
  return {
    trust_domain: plan.trustDomain,
    counts: countsOf(plan),
    entries: entryPlanItems(shown),
    blast_radius: {
      identities: blastRadius.identities.map(({ spiffeId, effect, entryId, agents }) => ({
        spiffe_id: spiffeId,
        effect,
        entry_id: entryId,
        agents: agents.size,
      })),
      agents: blastRadius.agents.map(({ agentId, loses, gains, changes }) => ({
        agent_id: agentId,
        loses,
        gains,
        changes,
      })),
    },
    class_names: [...plan.classNames],
  };
}

/** The entries that are not as they are wanted, one by one. */
export function entryPlanItems({ plan }: ShownPlan): JsonValue[] {
  return [
    ...plan.added.map(({ entry, place }) => entryJson('add', entry, place, [])),
    ...plan.changed.map(({ after, place, changes }) => entryJson('change', after, place, changes)),
    ...plan.removed.map(({ before, place }) => entryJson('remove', before, place, [])),
    ...plan.foreign.map(({ existing, place, changes }) => entryJson('foreign', existing, place, changes)),
  ];
}

/** What it would do, as a list. */
export function entryPlanTable({ plan }: ShownPlan): Table {
  const row = (mark: string, entry: Entry, place: Place | undefined, changes: readonly FieldChange[]): string[] => [
    mark,
    idName(entry.spiffeId),
    entry.id,
    changes.map(changeLine).join('; '),
    place === undefined ? '' : placeName(place),
  ];
  return {
    head: ['', 'SPIFFE ID', 'Entry ID', 'Changes', 'Where'],
    rows: [
      ...plan.added.map(({ entry, place }) => row('+', entry, place, [])),
      ...plan.changed.map(({ before, place, changes }) => row('~', before, place, changes)),
      ...plan.removed.map(({ before, place }) => row('-', before, place, [])),
      ...plan.same.map(({ entry, place }) => row('=', entry, place, [])),
      ...plan.foreign.map(({ existing, place, changes }) => row('!', existing, place, changes)),
    ],
  };
}

/** Where something stands, for programs. */
export function placeMember(place: Place | undefined): { readonly place?: JsonValue } {
  return place === undefined ? {} : { place: { file: place.file, line: place.line, column: place.column } };
}

function headLine(entry: Entry, place: Place | undefined): string {
  return `${idName(entry.spiffeId)}  entry ${entry.id}${place === undefined ? '' : `  ${placeName(place)}`}`;
}

/** What is not as it is by default. */
function wishes(entry: Entry): string[] {
  return ENTRY_FIELDS.filter(({ name }) => name !== 'spiffe_id').flatMap((field) => {
    const value = field.valueOf(entry);
    const isDefault = value === 0 || value === false || value === '' || value === '0' || isEmpty(value);
    return isDefault ? [] : [`${field.name}: ${valueText(value)}`];
  });
}

function isEmpty(value: FieldValue): boolean {
  return typeof value === 'object' && value.length === 0;
}

function changeLine({ field, before, after }: FieldChange): string {
  if (typeof before === 'object' && typeof after === 'object' && field.name !== 'dns_names') {
    const gone = before.filter((item) => !after.includes(item)).map((item) => `-${item}`);
    const fresh = after.filter((item) => !before.includes(item)).map((item) => `+${item}`);
    return `${field.name}: ${[...gone, ...fresh].join(' ')}`;
  }
  return `${field.name}: ${valueText(before)} -> ${valueText(after)}`;
}

function valueText(value: FieldValue): string {
  if (typeof value === 'object') return value.length === 0 ? '(none)' : value.join(', ');
  return value === '' ? '(none)' : String(value);
}

function countsOf(plan: Plan): Record<'add' | 'change' | 'remove' | 'same' | 'foreign' | 'unnamed', number> {
  return {
    add: plan.added.length,
    change: plan.changed.length,
    remove: plan.removed.length,
    same: plan.same.length,
    foreign: plan.foreign.length,
    unnamed: plan.unnamed.length,
  };
}

function countsLine(plan: Plan): string {
  const { add, change, remove, same } = countsOf(plan);
  return `Entries: + ${add} to add, ~ ${change} to change, - ${remove} to remove, = ${same} the same`;
}

function notes(plan: Plan): string[] {
  const conflicts = conflictsOf(plan).length;
  return [
    ...(plan.foreign.length === 0
      ? []
      : [
          `${counted(plan.foreign.length, 'entry is', 'entries are')} there under IDs of another owner, ${conflicts} of them otherwise than wanted: left alone.`,
        ]),
    ...(plan.unnamed.length === 0
      ? []
      : [
          `${counted(plan.unnamed.length, 'entry', 'entries')} of this owner in no file: kept; -prune removes what is in none.`,
        ]),
    ...(plan.classNames.length === 0
      ? []
      : [`className is of no matter here; these stand in the files: ${plan.classNames.join(', ')}`]),
  ];
}

function radiusLines({ identities, agents }: BlastRadius): string[] {
  const lines: string[] = [];
  for (const [effect, words] of EFFECTS) {
    const concerned = identities.filter((each) => each.effect === effect);
    if (concerned.length === 0) continue;
    lines.push(`${words}:`, ...named(concerned.map(identityLine)));
  }
  const cutOff = agents.filter(({ loses }) => loses > 0);
  if (cutOff.length > 0) {
    lines.push('Agents whose workloads lose identities:');
    lines.push(...named(cutOff.map(({ agentId, loses }) => `${agentId}: ${counted(loses, 'identity', 'identities')}`)));
  }
  return lines;
}

/** Of what is gained people see the entries themselves. */
const EFFECTS: readonly (readonly [IdentityEffect['effect'], string])[] = [
  ['loses', 'Identities that workloads lose'],
  ['changes', 'Identities that change'],
];

function identityLine({ spiffeId, entryId, agents }: IdentityEffect): string {
  const where = agents.size === 0 ? 'no agent has it now' : `on ${counted(agents.size, 'agent', 'agents')}`;
  return `${spiffeId} (entry ${entryId}): ${where}`;
}

function named(names: readonly string[]): string[] {
  const shown = names.slice(0, MOST_NAMES).map((name) => `    ${name}`);
  return names.length > MOST_NAMES ? [...shown, `    and ${names.length - MOST_NAMES} more`] : shown;
}

function entryJson(
  action: 'add' | 'change' | 'remove' | 'foreign',
  entry: Entry,
  place: Place | undefined,
  changes: readonly FieldChange[],
): JsonValue {
  return {
    action,
    entry_id: entry.id,
    spiffe_id: idName(entry.spiffeId),
    parent_id: idName(entry.parentId),
    selectors: selectorNames(entry),
    changes: changes.map(({ field, before, after }) => ({ field: field.name, before, after })),
    ...placeMember(place),
  };
}
