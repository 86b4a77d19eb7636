import type { WatchEvent } from '../../supervise/watch-event.ts';
import { plainly } from '../failure.ts';
import { escapeControls } from '../terminal-text.ts';

/** One event on a line, for people and journals. */
export function formatWatchEvent(event: WatchEvent, nowMs: number): string {
  const { code, spiffeId, folder, expiresAtMs } = event;
  const words = [rfc3339(nowMs), ...(code === undefined ? [] : ['warning', code]), event.event];
  if (spiffeId !== undefined) words.push(spiffeId);
  const tail = [
    ...(folder === undefined ? [] : [`in ${folder}`]),
    ...(expiresAtMs === undefined ? [] : [`until ${rfc3339(expiresAtMs)}`]),
  ];
  const text = `${words.join(' ')}: ${plainly(event.message)}${tail.length === 0 ? '' : ` (${tail.join(', ')})`}`;
  return `${escapeControls(text)}\n`;
}

/** One event as a JSON object on a line: schema `watch-event/v1`. */
export function watchEventJson(event: WatchEvent, nowMs: number): string {
  const { code, spiffeId, changed, folder, expiresAtMs, pid, exitCode } = event;
  return `${JSON.stringify({
    schema: 'watch-event/v1',
    time: rfc3339(nowMs),
    event: event.event,
    message: plainly(event.message),
    ...(code === undefined ? {} : { code }),
    ...(spiffeId === undefined ? {} : { spiffe_id: spiffeId }),
    ...(changed === undefined ? {} : { changed }),
    ...(folder === undefined ? {} : { folder }),
    ...(expiresAtMs === undefined ? {} : { expires_at: rfc3339(expiresAtMs) }),
    ...(pid === undefined ? {} : { pid }),
    ...(exitCode === undefined ? {} : { exit_code: exitCode }),
  })}\n`;
}

function rfc3339(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
