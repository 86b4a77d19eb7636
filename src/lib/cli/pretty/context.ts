import type { NamedContext } from '../contexts/context-store.ts';
import type { Context } from '../contexts/contexts.ts';
import { type Look, SOCKET_NAMES, type SocketKind } from '../discovery/place.ts';
import { kebabFlagName } from '../programs.ts';
import type { JsonValue } from '../protojson.ts';
import type { Table } from '../table.ts';
import { escapeControls } from '../terminal-text.ts';

/** A context in a list. */
export interface ListedContext {
  readonly name: string;
  readonly settings: Context;
  readonly isCurrent: boolean;
}

/** The text of `context list`. */
export function formatContextList(contexts: readonly ListedContext[]): string {
  if (contexts.length === 0)
    return 'There are no contexts. `spirekit context set NAME --server-socket PATH` makes one.\n';
  return contexts
    .map(({ name, settings, isCurrent }) => `${name}${isCurrent ? ' (current)' : ''}\n${settingLines(settings)}`)
    .join('');
}

/** A row for each context; the settings are in the last column. */
export function contextTable(contexts: readonly ListedContext[]): Table {
  return {
    head: ['current', 'context', 'settings'],
    rows: contexts.map(({ name, settings, isCurrent }) => [
      isCurrent ? '*' : '',
      name,
      Object.entries(settings)
        .map(([key, value]) => `${kebabFlagName(key)}=${value}`)
        .join(' '),
    ]),
    endsInProse: true,
  };
}

/** A context of a list as data. */
export function contextJson({ name, settings, isCurrent }: ListedContext): JsonValue {
  return { name, current: isCurrent, settings: settingsJson(settings) };
}

/** What would be called and why. */
export interface ShownContext {
  readonly chosen?: NamedContext;
  /** Asked for by name: then it goes before the environment. */
  readonly isAsked: boolean;
  readonly refused?: Look;
  readonly kinds: readonly {
    readonly kind: SocketKind;
    readonly variable?: { readonly name: string; readonly value: string };
    readonly looks: readonly Look[];
  }[];
}

/** The text of `context show`. */
export function formatContextShow(shown: ShownContext): string {
  const { chosen, refused, kinds } = shown;
  const lines = [
    chosen === undefined ? 'Context: none' : `Context: ${chosen.name}`,
    ...(chosen === undefined ? [] : [settingLines(chosen.context).trimEnd()].filter((text) => text !== '')),
    ...(refused === undefined ? [] : [`  ${lookText(refused)}`]),
  ];
  for (const each of kinds) {
    const name = SOCKET_NAMES[each.kind];
    lines.push('', `${name.charAt(0).toUpperCase()}${name.slice(1)}: ${choiceOf(shown, each) ?? 'none answers'}`);
    for (const look of each.looks) lines.push(`  ${lookText(look)}`);
  }
  return `${lines.map((line) => line.split('\n').map(escapeControls).join('\n')).join('\n')}\n`;
}

/** `context show` as data. */
export function shownContextJson(shown: ShownContext): JsonValue {
  const { chosen, refused, kinds } = shown;
  return {
    schema: 'context-show/v1',
    ...(chosen === undefined ? {} : { context: chosen.name, settings: settingsJson(chosen.context) }),
    ...(refused === undefined ? {} : { refused: lookJson(refused) }),
    sockets: kinds.map((each) => ({
      kind: each.kind,
      choice: choiceOf(shown, each) ?? null,
      places: each.looks.map(lookJson),
    })),
  };
}

/** What commands that call this kind would call, with who says so. */
function choiceOf(
  { chosen, isAsked }: ShownContext,
  { kind, variable, looks }: ShownContext['kinds'][number],
): string | undefined {
  const context = chosen?.context;
  const settings = {
    agent: context?.agentSocket,
    'agent-admin': context?.agentAdminSocket,
    server: context?.serverSocket,
  };
  const named = settings[kind] ?? (kind === 'server' ? context?.serverAddr : undefined);
  const byContext = named === undefined ? undefined : `${named} (context ${chosen?.name})`;
  const byVariable = variable === undefined ? undefined : `${variable.value} (${variable.name})`;
  const answering = looks.find(({ reason }) => reason === undefined)?.place;
  const found = answering === undefined ? undefined : `${answering.path} (${answering.source})`;
  return (isAsked ? (byContext ?? byVariable) : (byVariable ?? byContext)) ?? found;
}

function settingLines(settings: Context): string {
  return Object.entries(settings)
    .map(([key, value]) => `  ${kebabFlagName(key).padEnd(20)}: ${value}\n`)
    .join('');
}

/** As the flags are called, with underscores. */
function settingsJson(settings: Context): JsonValue {
  return Object.fromEntries(
    Object.entries(settings).map(([key, value]) => [kebabFlagName(key).replaceAll('-', '_'), value]),
  );
}

function lookText({ place, reason }: Look): string {
  return `${place.path} (${place.source}): ${reason ?? 'answers'}`;
}

function lookJson({ place, reason }: Look): JsonValue {
  return {
    path: place.path,
    source: place.source,
    answers: reason === undefined,
    ...(reason === undefined ? {} : { reason }),
  };
}
