import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServiceImplementation } from '../rpc/call-context.ts';
import { RpcServer } from '../rpc/server.ts';
import type { ServiceDefinition } from '../rpc/service.ts';
import { SpirekitError } from '../runtime/errors.ts';
import { HealthCheckResponse_ServingStatus, HealthDefinition } from '../wire/gen/grpc/health/v1/health.ts';
import { GRPCBrokerDefinition, GRPCControllerDefinition, GRPCStdioDefinition } from '../wire/gen/plugin/go_plugin.ts';
import { InitDefinition } from '../wire/gen/spire/service/private/init/v1/init.ts';
import { BrokeredHost, type PluginHost } from './plugin-host.ts';

/** A service that a plugin serves. */
export interface PluginService {
  readonly fullName: string;
  register(server: RpcServer): void;
}

/** The service with what it is served by: `pluginService(serverKeyManager.KeyManagerDefinition, { ... })`. */
export function pluginService<D extends ServiceDefinition>(
  definition: D,
  implementation: ServiceImplementation<D>,
): PluginService {
  return { fullName: definition.fullName, register: (server) => server.addService(definition, implementation) };
}

/** What makes up a plugin. */
export interface PluginOptions {
  /** As in the configuration: `KeyManager`, `NodeAttestor`, ... */
  readonly type: string;
  /** That of the type, and `config.ConfigDefinition` for a plugin that has settings. */
  readonly services: readonly PluginService[];
  /** Called once SPIRE has introduced itself, before the plugin is configured. */
  readonly onInit?: (host: PluginHost) => void;
}

/** How long calls under way may take when the plugin is told to end. */
const GRACE_MS = 250;

const SOCKET_MODE = 0o600;

/**
 * Serves a plugin over go-plugin's protocol, as the whole work of this process; nothing else may be printed on standard
 * output. Resolves when SPIRE has told it to end.
 *
 * Errors: `failed-precondition` in a process that SPIRE has not started as a plugin, `io-error`.
 */
export async function servePlugin({ type, services, onInit = () => {} }: PluginOptions): Promise<void> {
  if (process.env[type] !== type) {
    throw new SpirekitError(
      'failed-precondition',
      `this program is a plugin: name it as plugin_cmd of a ${type} in the configuration of a SPIRE server or agent`,
    );
  }
  // Ctrl-C in a terminal reaches SPIRE too, which ends its plugins in turn.
  process.on('SIGINT', () => {});
  const folder = await mkdtemp(join(process.env['PLUGIN_UNIX_SOCKET_DIR'] ?? tmpdir(), 'plugin-'));
  const host = new BrokeredHost();
  const server = new RpcServer();
  try {
    await new Promise<void>((stop, fail) => {
      for (const service of services) service.register(server);
      addOwnServices(server, { host, services, onInit, stop });
      const path = join(folder, 'plugin.sock');
      server.listenUnix({ path, socketMode: SOCKET_MODE }).then(() => {
        process.stdout.write(`1|1|unix|${path}|grpc\n`);
      }, fail);
    });
  } finally {
    await host[Symbol.asyncDispose]();
    await server.stop({ graceMs: GRACE_MS });
    await rm(folder, { recursive: true, force: true });
  }
}

interface OwnServices extends Required<Pick<PluginOptions, 'services' | 'onInit'>> {
  readonly host: BrokeredHost;
  readonly stop: () => void;
}

/** What go-plugin and SPIRE ask of every plugin. */
function addOwnServices(server: RpcServer, { host, services, onInit, stop }: OwnServices): void {
  server.addService(InitDefinition, {
    async init({ hostServiceNames }) {
      host.serviceNames = hostServiceNames;
      onInit(host);
      return { pluginServiceNames: services.map(({ fullName }) => fullName) };
    },
    deinit: async () => ({}),
  });
  server.addService(GRPCBrokerDefinition, {
    async *startStream(infos) {
      await host.follow(infos);
      yield* [];
    },
  });
  server.addService(GRPCControllerDefinition, {
    async shutdown() {
      stop();
      return {};
    },
  });
  server.addService(GRPCStdioDefinition, {
    // Nothing but the handshake is printed; the stream is there for hosts that warn where it is missing.
    async *streamStdio(_request, { signal }) {
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    },
  });
  server.addService(HealthDefinition, {
    check: async () => ({ status: HealthCheckResponse_ServingStatus.SERVING }),
  });
}
