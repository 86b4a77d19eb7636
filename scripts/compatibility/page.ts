import { KEY_MANAGERS } from '../../src/lib/agent/catalog/key-manager.ts';
import { NODE_ATTESTORS } from '../../src/lib/agent/catalog/node-attestor.ts';
import { WORKLOAD_ATTESTORS } from '../../src/lib/agent/catalog/workload-attestor.ts';
import { AGENT_KEYS } from '../../src/lib/config/agent/agent-keys.ts';
import type { ConfigKey } from '../../src/lib/config/key-table.ts';
import { CHECKED_PLUGIN_TYPES } from '../../src/lib/config/plugin-check/check-server-plugins.ts';
import { SERVER_KEYS } from '../../src/lib/config/server/server-keys.ts';
import type { ServiceDefinition } from '../../src/lib/rpc/service.ts';
import { DATASTORE_TYPE, PLUGIN_TYPES } from '../../src/lib/server/catalog/plugin-types.ts';
import { serverServices } from '../../src/lib/server/services.ts';
import { HealthDefinition } from '../../src/lib/wire/gen/grpc/health/v1/health.ts';
import { AgentDefinition } from '../../src/lib/wire/gen/spire/api/server/agent/v1/agent.ts';
import { BundleDefinition } from '../../src/lib/wire/gen/spire/api/server/bundle/v1/bundle.ts';
import { DebugDefinition } from '../../src/lib/wire/gen/spire/api/server/debug/v1/debug.ts';
import { EntryDefinition } from '../../src/lib/wire/gen/spire/api/server/entry/v1/entry.ts';
import { LocalAuthorityDefinition } from '../../src/lib/wire/gen/spire/api/server/localauthority/v1/localauthority.ts';
import { LoggerDefinition } from '../../src/lib/wire/gen/spire/api/server/logger/v1/logger.ts';
import { SVIDDefinition } from '../../src/lib/wire/gen/spire/api/server/svid/v1/svid.ts';
import { TrustDomainDefinition } from '../../src/lib/wire/gen/spire/api/server/trustdomain/v1/trustdomain.ts';
import { type ServedMethods, servedMethods } from './served-methods.ts';
import { SPIRE_AGENT_PLUGINS, SPIRE_SERVER_PLUGINS, type SpirePlugins } from './spire-plugins.ts';

const SERVER_SERVICES: readonly ServiceDefinition[] = [
  AgentDefinition,
  BundleDefinition,
  DebugDefinition,
  EntryDefinition,
  HealthDefinition,
  LocalAuthorityDefinition,
  LoggerDefinition,
  SVIDDefinition,
  TrustDomainDefinition,
];

/** Plugins that are here, by type and name; the settings are in what each loads. */
type OurPlugins = Readonly<
  Record<string, Readonly<Record<string, () => Promise<{ readonly settings?: readonly string[] }>>>>
>;

/** The tables of the page by the name of their place in it. */
export async function compatibilityTables(): Promise<Readonly<Record<string, string>>> {
  const ourServer = { ...builtInsByType(), [DATASTORE_TYPE.name]: DATASTORE_TYPE.builtIns };
  const ourAgent = { KeyManager: KEY_MANAGERS, NodeAttestor: NODE_ATTESTORS, WorkloadAttestor: WORKLOAD_ATTESTORS };
  return {
    rpcs: rpcTable(),
    'server-plugins': await pluginTable(SPIRE_SERVER_PLUGINS, ourServer),
    'agent-plugins': await pluginTable(SPIRE_AGENT_PLUGINS, ourAgent),
    'server-settings': settingTable(SERVER_KEYS.filter(({ path }) => path.startsWith('server.'))),
    'agent-settings': settingTable(AGENT_KEYS.filter(({ path }) => path.startsWith('agent.'))),
    'shared-settings': settingTable(SERVER_KEYS.filter(({ path }) => !path.startsWith('server.'))),
  };
}

/** What SPIRE's own server, as it comes, answers Unimplemented to: WIT-SVIDs, and health by anything but `Check`. */
export function isUnimplementedInSpire(service: string, method: string): boolean {
  return method.includes('WIT') || (service === HealthDefinition.fullName && method !== 'Check');
}

/** What the embedded server serves. */
export function serverMethods(): ServedMethods {
  return servedMethods((server, standIn) => {
    const services = serverServices(standIn);
    services.addServices(server);
    services.addLocalServices(server);
  });
}

function rpcTable(): string {
  const served = serverMethods();
  const rows = SERVER_SERVICES.flatMap(({ fullName, methods }) =>
    Object.values(methods).map(({ name }) => {
      const state = served.get(fullName)?.has(name) === true ? 'works' : 'not yet: Unimplemented';
      return `| \`${fullName}/${name}\` | ${isUnimplementedInSpire(fullName, name) ? "Unimplemented, as SPIRE's" : state} |\n`;
    }),
  );
  return `| RPC | state |\n|---|---|\n${rows.join('')}`;
}

async function pluginTable(spire: SpirePlugins, ours: OurPlugins): Promise<string> {
  const rows: string[] = [];
  for (const [type, plugins] of Object.entries(spire)) {
    for (const [name, reason] of Object.entries(plugins)) {
      const load = ours[type]?.[name];
      const state = load === undefined ? `refused: ${reason ?? 'not yet'}` : 'works';
      const settings = load === undefined ? [] : ((await load()).settings ?? checkedSettings(type, name));
      rows.push(`| ${type} | \`${name}\` | ${state} | ${settings.map((key) => `\`${key}\``).join(', ')} |\n`);
    }
  }
  return `| type | plugin | state | settings |\n|---|---|---|---|\n${rows.join('')}`;
}

function checkedSettings(type: string, name: string): readonly string[] {
  return CHECKED_PLUGIN_TYPES[type]?.builtIns[name]?.settings ?? [];
}

function builtInsByType(): OurPlugins {
  return Object.fromEntries(Object.entries(PLUGIN_TYPES).map(([type, { builtIns }]) => [type, builtIns]));
}

const STATES: Readonly<Record<ConfigKey['effect'], string>> = {
  works: 'works',
  none: 'accepted; has no effect, and the log says so',
  refused: 'refused with a sentence',
};

function settingTable(keys: readonly ConfigKey[]): string {
  const rows = keys.map(({ path, effect }) => `| \`${path}\` | ${STATES[effect]} |\n`);
  return `| setting | state |\n|---|---|\n${rows.join('')}`;
}
