import type { ExpiryItem } from '../../inspect/expiry.ts';
import { lifePosition, spanInWords, utc } from '../../inspect/lifetime.ts';
import { lifetimeJson } from '../inspect-json.ts';
import type { JsonValue } from '../protojson.ts';
import type { Table } from '../table.ts';
import { escapeControls } from '../terminal-text.ts';

const BAR_LENGTH = 10;

/** Lives for people, the soonest to end first: a line each. */
export function formatExpiry(items: readonly ExpiryItem[], nowMs: number): string {
  return soonestFirst(items)
    .map((item) => {
      const [state, bar, left, next] = cellsOf(item, nowMs);
      const what = item.subject === '' ? item.name : `${item.subject}  ${item.name}`;
      const times = [bar, left, next === '' ? '' : `next ${next}`, item.reason].filter((text) => text !== '');
      return `${escapeControls(`${state.padEnd(13)}  ${item.kind}  ${what}`)}\n  ${escapeControls(times.join('  '))}\n`;
    })
    .join('');
}

/** The same as a table. */
export function expiryTable(items: readonly ExpiryItem[], nowMs: number): Table {
  return {
    head: ['State', 'Life used', 'Left', 'Next rotation', 'Kind', 'Subject', 'Where'],
    rows: soonestFirst(items).map((item) => {
      const [state, bar, left, next] = cellsOf(item, nowMs);
      return [
        state,
        bar,
        left,
        next,
        item.kind,
        item.subject,
        item.reason === '' ? item.name : `${item.name}: ${item.reason}`,
      ];
    }),
  };
}

/** `expiry/v1`. */
export function expiryJson(items: readonly ExpiryItem[], nowMs: number): JsonValue {
  return { schema: 'expiry/v1', at: utc(nowMs), items: soonestFirst(items).map((item) => expiryItemJson(item, nowMs)) };
}

function expiryItemJson(item: ExpiryItem, nowMs: number): JsonValue {
  const { source, name, kind, subject, status, lifetime, rotationMs, reason } = item;
  return {
    source,
    name,
    kind,
    subject,
    status: status.replaceAll('-', '_'),
    ...(lifetime === undefined
      ? { reason }
      : kind === 'jwt-key'
        ? { expires_at: utc(lifetime.notAfterMs) }
        : { lifetime: lifetimeJson(lifetime, nowMs) }),
    ...(rotationMs === undefined ? {} : { next_rotation: utc(rotationMs) }),
  };
}

function cellsOf({ status, lifetime, rotationMs }: ExpiryItem, nowMs: number): [string, string, string, string] {
  const state = status === 'stale' || status === 'expired' ? status.toUpperCase() : status;
  if (lifetime === undefined) return [state, '', '', ''];
  const { leftMs, usedShare } = lifePosition(lifetime, nowMs);
  const left = leftMs < 0 ? `ended ${spanInWords(-leftMs)} ago` : spanInWords(leftMs);
  const next = rotationMs === undefined || status === 'superseded' ? '' : momentInWords(rotationMs, nowMs);
  return [state, usedShare === undefined ? '' : lifeBar(usedShare), left, next];
}

/** How much of a life is used, as a bar: `#####----- 50 %`. */
export function lifeBar(usedShare: number): string {
  const share = Math.max(0, Math.min(1, usedShare));
  const filled = Math.floor(share * BAR_LENGTH);
  return `${'#'.repeat(filled)}${'-'.repeat(BAR_LENGTH - filled)} ${Math.floor(share * 100)} %`;
}

function momentInWords(ms: number, nowMs: number): string {
  if (Math.abs(ms - nowMs) < 1000) return 'now';
  return ms >= nowMs ? `in ${spanInWords(ms - nowMs)}` : `was due ${spanInWords(nowMs - ms)} ago`;
}

function soonestFirst(items: readonly ExpiryItem[]): ExpiryItem[] {
  const end = ({ lifetime }: ExpiryItem): number => lifetime?.notAfterMs ?? -Infinity;
  return items.toSorted((a, b) => (end(a) === end(b) ? 0 : end(a) - end(b)));
}
