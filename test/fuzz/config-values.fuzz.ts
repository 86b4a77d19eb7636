import { agentFileSchema } from '../../src/lib/config/agent/agent-schema.ts';
import { resolveTrustBundle } from '../../src/lib/config/agent/trust-bundle.ts';
import { unknownAgentKeys } from '../../src/lib/config/agent/unknown-agent-keys.ts';
import { ConfigError } from '../../src/lib/config/config-error.ts';
import { ConfigReport } from '../../src/lib/config/config-report.ts';
import type { HclObject } from '../../src/lib/config/hcl/ast.ts';
import { parseConfigText } from '../../src/lib/config/hcl/parse.ts';
import { findDataStoreFault } from '../../src/lib/config/plugin-check/data-store.ts';
import { findTemplateFault } from '../../src/lib/config/plugin-check/path-template.ts';
import { block } from '../../src/lib/config/schema/block.ts';
import { decodeTree } from '../../src/lib/config/schema/schema.ts';
import { resolvePlugins } from '../../src/lib/config/section/plugins.ts';
import { resolveTelemetry } from '../../src/lib/config/section/telemetry.ts';
import { resolveTrustDomain } from '../../src/lib/config/section/trust-domain.ts';
import { resolvePruning } from '../../src/lib/config/server/attested-nodes.ts';
import { checkTrustedCidrs } from '../../src/lib/config/server/cidr.ts';
import { decodeOneProfile } from '../../src/lib/config/server/endpoint-profile.ts';
import { checkFederation } from '../../src/lib/config/server/federation.ts';
import { resolveIssuance } from '../../src/lib/config/server/issuance.ts';
import { serverFileSchema } from '../../src/lib/config/server/server-schema.ts';
import { unknownServerKeys } from '../../src/lib/config/server/unknown-server-keys.ts';

/**
 * Any text is refused as configuration, with a place in it where it can be told, or gives values of the types that the
 * daemons count on.
 */
export function target(bytes: Uint8Array): void {
  const text = Buffer.from(bytes).toString('utf8');
  const root = refusedOr(() => parseConfigText(text).root);
  if (root === undefined) return;
  refusedOr(() => readServer(root));
  refusedOr(() => readAgent(root));
  findDataStoreFault(text);
  findTemplateFault(text);
}

function readServer(root: HclObject): void {
  const report = new ConfigReport({ file: 'server.conf', cwd: '/', root });
  const file = decodeTree(serverFileSchema, root);
  const server = { ...file.server, ca_ttl: file.server.ca_ttl || '24h' };
  unknownServerKeys(file);
  resolveTelemetry(file.telemetry);
  if (file.plugins !== undefined) checkPlugins(file.plugins, report);
  refusedOr(() => resolveTrustDomain(server.trust_domain, report, ['server', 'trust_domain']));
  refusedOr(() => checkTrustedCidrs(server.proxy_protocol_trusted_cidrs, report));
  refusedOr(() => resolvePruning(server, report));
  const { federation } = server;
  if (federation !== undefined) {
    refusedOr(() => checkFederation(federation, report));
    for (const { bundle_endpoint_profile: profile } of federation.federates_with.values()) {
      if (profile !== undefined) refusedOr(() => decodeOneProfile(block({}), profile));
    }
  }
  const issuance = refusedOr(() => resolveIssuance(server, report));
  if (issuance === undefined) return;
  for (const seconds of [issuance.caTtlSeconds, issuance.agentTtlSeconds, issuance.defaultX509SvidTtlSeconds]) {
    if (!Number.isFinite(seconds) || seconds === 0) throw new Error(`a lifetime of ${seconds} s`);
  }
}

function readAgent(root: HclObject): void {
  const report = new ConfigReport({ file: 'agent.conf', cwd: '/', root });
  const file = decodeTree(agentFileSchema, root);
  unknownAgentKeys(file);
  if (file.plugins !== undefined) checkPlugins(file.plugins, report);
  refusedOr(() => resolveTrustBundle(file.agent, report));
}

function checkPlugins(tree: Parameters<typeof resolvePlugins>[0], report: ConfigReport): void {
  const plugins = refusedOr(() => resolvePlugins(tree, report)) ?? [];
  const names = plugins.map(({ type, name }) => JSON.stringify([type, name]));
  if (new Set(names).size !== names.length) throw new Error('a plugin twice');
  for (const { data } of plugins) {
    // What a plugin gets is again a configuration text, unless it was a mere value.
    if (data.kind === 'fixed' && data.hcl.includes('\n')) parseConfigText(data.hcl);
  }
}

function refusedOr<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof ConfigError && error.code === 'invalid-config') return undefined;
    throw error;
  }
}
