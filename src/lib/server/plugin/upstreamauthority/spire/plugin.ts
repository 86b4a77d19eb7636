import { resolve } from 'node:path';
import type { BuiltInPlugin } from '../../../../catalog/built-in-plugin.ts';
import { upstreamAuthorityChecks } from '../../../../config/plugin-check/upstream-authorities.ts';
import { block } from '../../../../config/schema/block.ts';
import { bool, string } from '../../../../config/schema/scalars.ts';
import { decodeText } from '../../../../config/schema/schema.ts';
import { PQ_GROUPS } from '../../../../rpc/pq-groups.ts';
import { SpirekitError } from '../../../../runtime/errors.ts';
import type { ServerPluginDeps } from '../../../catalog/server-plugin-deps.ts';
import { checkPluginData } from '../../check-plugin-data.ts';
import type { UpstreamAuthority } from '../upstream-authority.ts';
import { SpireUpstreamAuthority } from './spire-upstream-authority.ts';

const schema = block({
  server_address: string(),
  server_port: string(),
  workload_api_socket: string(),
  experimental: block({ require_pq_kem: bool() }),
});

/** UpstreamAuthority `spire`: the server at `server_address`, with an SVID from the agent behind `workload_api_socket`. */
export const spireUpstreamAuthority: BuiltInPlugin<ServerPluginDeps, UpstreamAuthority> = {
  isConfigurable: true,
  open: async (data, { trustDomain, clock, log }) => {
    await checkPluginData(upstreamAuthorityChecks['spire'], data);
    const settings = decodeText(schema, data);
    return new SpireUpstreamAuthority({
      host: settings.server_address.replace(/^\[(.*)\]$/, '$1'),
      port: parsePort(settings.server_port),
      target: { kind: 'unix', path: resolve(settings.workload_api_socket) },
      trustDomain,
      keyExchangeGroups: settings.experimental.require_pq_kem ? PQ_GROUPS : undefined,
      clock,
      log,
    });
  },
};

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port > 0 && port <= 65_535) return port;
  throw new SpirekitError('invalid-config', `server_port ${JSON.stringify(text)} is no port number`);
}
