import type { Overview, OverviewAgent, OverviewAuthority, ServerOverview } from '../../overview/overview.ts';
import { counted } from '../../runtime/counted.ts';
import { utcTime } from '../../runtime/utc-time.ts';
import type { JsonValue } from '../protojson.ts';
import { fromNow, shortDuration } from '../short-duration.ts';
import { escapeControls } from '../terminal-text.ts';

/** By what agents are sorted; the number keys choose. */
export const TOP_ORDERS = ['expiry', 'id', 'state', 'version', 'attestation'] as const;

/** One of them. */
export type TopOrder = (typeof TOP_ORDERS)[number];

/** How a frame is drawn. */
export interface TopView {
  /** Of the terminal, in characters; undefined for any width. */
  readonly columns?: number | undefined;
  /** Lines of the terminal; undefined for all there are. */
  readonly rows?: number | undefined;
  readonly order: TopOrder;
  readonly isReversed: boolean;
  /** The first agent that is shown. */
  readonly offset: number;
  /** What the keys do, as the last line; none where nobody can press one. */
  readonly hint?: string | undefined;
}

/** A frame as lines of text, none longer than the terminal is wide and none with a control character. */
export function topLines(overview: Overview, view: TopView): string[] {
  const head = [`spirekit top  ${utcTime(overview.atMs)}`, '', ...agentLines(overview), ...serverLines(overview)];
  const agents = agentsOf(overview);
  const table = agents.length === 0 ? [] : ['', ...agentTable(sortAgents(agents, view), overview.atMs)];
  const fixed = table.slice(0, 2);
  const rows = table.slice(2);
  const below = view.hint === undefined ? [] : [view.hint];
  const room =
    view.rows === undefined ? rows.length : Math.max(0, view.rows - head.length - fixed.length - below.length);
  const lines = [...head, ...fixed, ...rows.slice(view.offset, view.offset + room), ...below];
  return lines.slice(0, view.rows).map((line) => cut(escapeControls(line), view.columns));
}

/** The text of `top --once`. */
export function formatTop(overview: Overview): string {
  return `${topLines(overview, { order: 'expiry', isReversed: false, offset: 0 }).join('\n')}\n`;
}

/** The JSON of `top --once`: `top/v1`. */
export function topJson({ atMs, server, agent }: Overview): JsonValue {
  return {
    schema: 'top/v1',
    at: utcTime(atMs),
    ...(server === undefined ? {} : { server: 'problem' in server ? { problem: server.problem } : serverJson(server) }),
    ...(agent === undefined
      ? {}
      : {
          agent:
            'problem' in agent
              ? { problem: agent.problem }
              : {
                  agent_id: agent.id,
                  uptime_seconds: Math.round(agent.uptimeMs / 1000),
                  ...(agent.lastSyncMs === undefined ? {} : { last_sync_at: utcTime(agent.lastSyncMs) }),
                  cached_x509_svids: agent.x509Svids,
                  cached_jwt_svids: agent.jwtSvids,
                  ...(agent.svidExpiresAtMs === undefined ? {} : { svid_expires_at: utcTime(agent.svidExpiresAtMs) }),
                },
        }),
  };
}

function serverJson(server: ServerOverview): JsonValue {
  return {
    trust_domain: server.trustDomain,
    entries: server.entryCount,
    ...(server.uptimeMs === undefined ? {} : { uptime_seconds: Math.round(server.uptimeMs / 1000) }),
    ...(server.federatedCount === undefined ? {} : { federated_bundles: server.federatedCount }),
    ...(server.svidExpiresAtMs === undefined ? {} : { svid_expires_at: utcTime(server.svidExpiresAtMs) }),
    x509_authorities: server.roots,
    jwt_authorities: server.jwtKeys,
    authorities: server.authorities.map(({ kind, slot, authorityId, expiresAtMs }) => ({
      kind: kind === 'X.509' ? 'x509' : 'jwt',
      slot,
      authority_id: authorityId,
      expires_at: utcTime(expiresAtMs),
    })),
    agents: server.agents.map(({ id, attestationType, standing, expiresAtMs, version }) => ({
      agent_id: id,
      attestation_type: attestationType,
      state: standing,
      expires_at: utcTime(expiresAtMs),
      version,
    })),
  };
}

function agentLines({ agent, atMs }: Overview): string[] {
  if (agent === undefined) return [];
  if ('problem' in agent) return [`Agent    ${agent.problem}`, ''];
  const sync = agent.lastSyncMs === undefined ? 'never' : fromNow(agent.lastSyncMs, atMs);
  const svid = agent.svidExpiresAtMs === undefined ? '' : `, SVID ends ${fromNow(agent.svidExpiresAtMs, atMs)}`;
  return [
    `Agent    ${agent.id}  up ${shortDuration(agent.uptimeMs)}, synced ${sync}${svid}`,
    `         cached SVIDs: ${agent.x509Svids} X509, ${agent.jwtSvids} JWT`,
    '',
  ];
}

function serverLines({ server, atMs }: Overview): string[] {
  if (server === undefined) return [];
  if ('problem' in server) return [`Server   ${server.problem}`];
  const states = new Map<string, number>();
  for (const { standing } of server.agents) states.set(standing, (states.get(standing) ?? 0) + 1);
  const counts = [...states].map(([state, count]) => `${count} ${state}`).join(', ');
  const up = server.uptimeMs === undefined ? '' : `  up ${shortDuration(server.uptimeMs)}`;
  const svid = server.svidExpiresAtMs === undefined ? '' : `, SVID ends ${fromNow(server.svidExpiresAtMs, atMs)}`;
  const federated =
    server.federatedCount === undefined
      ? ''
      : `, ${counted(server.federatedCount, 'federated bundle', 'federated bundles')}`;
  const agents = counted(server.agents.length, 'agent', 'agents');
  const entries = counted(server.entryCount, 'entry', 'entries');
  const keys = [counted(server.roots, 'root', 'roots'), counted(server.jwtKeys, 'JWT key', 'JWT keys')];
  return [
    `Server   ${server.trustDomain}${up}${svid}`,
    `         ${agents}${counts === '' ? '' : ` (${counts})`}, ${entries}${federated}`,
    `         bundle: ${keys.join(', ')}`,
    ...server.authorities.map((authority) => `         ${authorityText(authority, server, atMs)}`),
  ];
}

const BAR_LENGTH = 20;

/** The bar compares what is left with the longest that any key of its kind has left. */
function authorityText(
  { kind, slot, authorityId, expiresAtMs }: OverviewAuthority,
  server: ServerOverview,
  atMs: number,
): string {
  const lasts = server.authorities.filter((one) => one.kind === kind).map((one) => one.expiresAtMs - atMs);
  const longest = Math.max(1, ...lasts);
  const filled = Math.min(BAR_LENGTH, Math.max(0, Math.round((BAR_LENGTH * (expiresAtMs - atMs)) / longest)));
  const bar = `[${'#'.repeat(filled)}${'.'.repeat(BAR_LENGTH - filled)}]`;
  return `${kind.padEnd(5)} ${slot.padEnd(8)} ${bar} ends ${fromNow(expiresAtMs, atMs).padEnd(10)} ${authorityId}`;
}

function agentsOf({ server }: Overview): readonly OverviewAgent[] {
  return server === undefined || 'problem' in server ? [] : server.agents;
}

const HEAD = ['STATE', 'EXPIRES', 'VERSION', 'ATTESTATION', 'SPIFFE ID'] as const;

function agentTable(agents: readonly OverviewAgent[], atMs: number): string[] {
  const rows = agents.map(({ id, standing, expiresAtMs, version, attestationType }) =>
    [standing, fromNow(expiresAtMs, atMs), version, attestationType, id].map(escapeControls),
  );
  const widths = HEAD.map((title, index) =>
    rows.reduce((most, row) => Math.max(most, row[index]?.length ?? 0), title.length),
  );
  return [HEAD, ...rows].map((row) =>
    row
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function sortAgents(agents: readonly OverviewAgent[], { order, isReversed }: TopView): OverviewAgent[] {
  const key = (agent: OverviewAgent): string => {
    switch (order) {
      case 'expiry':
      case 'id':
        return agent.id;
      case 'state':
        return agent.standing;
      case 'version':
        return agent.version;
      case 'attestation':
        return agent.attestationType;
    }
  };
  const sorted = agents.toSorted((a, b) => {
    if (order === 'expiry' && a.expiresAtMs !== b.expiresAtMs) return a.expiresAtMs - b.expiresAtMs;
    return key(a) < key(b) ? -1 : key(a) === key(b) ? (a.id < b.id ? -1 : 1) : 1;
  });
  return isReversed ? sorted.reverse() : sorted;
}

function cut(line: string, columns: number | undefined): string {
  return columns === undefined || line.length <= columns ? line : line.slice(0, Math.max(0, columns));
}
