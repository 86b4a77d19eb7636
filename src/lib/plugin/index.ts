/** `spirekit/plugin`: to write plugins for a SPIRE server or agent, this package's or SPIRE's own. */

export type { CallContext, ServiceImplementation } from '../rpc/call-context.ts';
export { RpcCode, RpcError } from '../rpc/status.ts';
export * as hostMetrics from '../wire/gen/spire/hostservice/common/metrics/v1/metrics.ts';
export * as hostAgentStore from '../wire/gen/spire/hostservice/server/agentstore/v1/agentstore.ts';
export * as hostIdentityProvider from '../wire/gen/spire/hostservice/server/identityprovider/v1/identityprovider.ts';
export * as agentKeyManager from '../wire/gen/spire/plugin/agent/keymanager/v1/keymanager.ts';
export * as agentNodeAttestor from '../wire/gen/spire/plugin/agent/nodeattestor/v1/nodeattestor.ts';
export * as agentSvidStore from '../wire/gen/spire/plugin/agent/svidstore/v1/svidstore.ts';
export * as agentWorkloadAttestor from '../wire/gen/spire/plugin/agent/workloadattestor/v1/workloadattestor.ts';
export * as bundlePublisher from '../wire/gen/spire/plugin/server/bundlepublisher/v1/bundlepublisher.ts';
export * as credentialComposer from '../wire/gen/spire/plugin/server/credentialcomposer/v1/credentialcomposer.ts';
export * as serverKeyManager from '../wire/gen/spire/plugin/server/keymanager/v1/keymanager.ts';
export * as serverNodeAttestor from '../wire/gen/spire/plugin/server/nodeattestor/v1/nodeattestor.ts';
export * as notifier from '../wire/gen/spire/plugin/server/notifier/v1/notifier.ts';
export * as upstreamAuthority from '../wire/gen/spire/plugin/server/upstreamauthority/v1/upstreamauthority.ts';
export * as config from '../wire/gen/spire/service/common/config/v1/config.ts';
export type { PluginHost } from './plugin-host.ts';
export { type PluginLogger, pluginLogger } from './plugin-logger.ts';
export { type PluginOptions, type PluginService, pluginService, servePlugin } from './serve-plugin.ts';
