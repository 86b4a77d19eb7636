import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RpcClient } from '../../rpc/client.ts';
import { RpcCode, RpcError } from '../../rpc/status.ts';
import type { RpcTarget } from '../../rpc/target.ts';
import { sleep } from '../../runtime/clock.ts';
import { prefixed, SpirekitError } from '../../runtime/errors.ts';
import type { Logger } from '../../runtime/logger.ts';
import { ResourceStack } from '../../runtime/resource-stack.ts';
import {
  type ConnInfo,
  GRPCBrokerDefinition,
  GRPCControllerDefinition,
  GRPCStdioDefinition,
} from '../../wire/gen/plugin/go_plugin.ts';
import { InitDefinition } from '../../wire/gen/spire/service/private/init/v1/init.ts';
import { BoundedLines } from './bounded-lines.ts';
import type { PluginAddress } from './handshake-line.ts';
import { HostServer } from './host-server.ts';
import type { HostService } from './host-service.ts';
import { PluginProcess, type PluginProcessDeps, type PluginProgram } from './plugin-process.ts';

/** The number of the broker's connection by which plugins find the daemon's services, as SPIRE's plugin SDK knows it. */
const HOST_SERVICES_ID = 1;

/** The largest answer of a plugin. */
const MAX_ANSWER_BYTES = 16 << 20;

const INIT_TIMEOUT_MS = 30_000;
/** As SPIRE's. */
const DEINIT_TIMEOUT_MS = 10_000;
/** As go-plugin's: how long a plugin that was told to end is waited for. */
const EXIT_TIMEOUT_MS = 2_000;

const MAX_PRINTED_LINE_BYTES = 8192;

/** A plugin may tell of its services, not of thousands. */
const MAX_SERVICES = 100;

/** A plugin that has been started and can be called. */
export class PluginSession implements AsyncDisposable {
  readonly client: RpcClient;
  /** The services that it says it serves. */
  readonly serviceNames: readonly string[];
  readonly #process: PluginProcess;
  readonly #deps: PluginProcessDeps;
  readonly #resources: ResourceStack;

  private constructor(
    client: RpcClient,
    serviceNames: readonly string[],
    process: PluginProcess,
    deps: PluginProcessDeps,
    resources: ResourceStack,
  ) {
    this.client = client;
    this.serviceNames = serviceNames;
    this.#process = process;
    this.#deps = deps;
    this.#resources = resources;
  }

  /**
   * Starts the program, tells it where the daemon's services are, and initializes it.
   *
   * Errors: those of {@link PluginProcess.start}; what the plugin answers to its initialization.
   */
  static async open(
    program: Omit<PluginProgram, 'folder'>,
    hostServices: readonly HostService[],
    deps: PluginProcessDeps,
  ): Promise<PluginSession> {
    await using opening = new ResourceStack();
    const folder = await mkdtemp(join(tmpdir(), 'spirekit-plugin-')).catch((error: unknown) => {
      throw SpirekitError.from(error);
    });
    opening.defer(() => rm(folder, { recursive: true, force: true }));
    const host = opening.use(await HostServer.open(hostServices, { folder, ...deps }));
    const process = opening.use(await PluginProcess.start({ ...program, folder }, deps));
    const client = opening.use(
      new RpcClient(targetOf(process.address), { http2: 'node', maxReceiveBytes: MAX_ANSWER_BYTES, clock: deps.clock }),
    );
    void showPrinted(client, deps.log);
    opening.use(announceHost(client, host.socketPath));
    const { pluginServiceNames } = await withinLife(
      process,
      client.unary(
        InitDefinition,
        'init',
        { hostServiceNames: hostServices.map(({ fullName }) => fullName) },
        { timeoutMs: INIT_TIMEOUT_MS, signal: deps.signal },
      ),
    ).catch((error: unknown) => {
      throw prefixed('failed to initialize plugin', error);
    });
    return new PluginSession(client, pluginServiceNames.slice(0, MAX_SERVICES), process, deps, opening.move());
  }

  /** Resolves with the words of how the process has ended. */
  get ended(): Promise<string> {
    return this.#process.ended;
  }

  /** Tells the plugin to end, and ends it hard if it does not within a while. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.isRunning) await this.#end();
    await this.#resources.disposeAsync();
  }

  async #end(): Promise<void> {
    const { log, clock } = this.#deps;
    try {
      await this.client.unary(InitDefinition, 'deinit', {}, { timeoutMs: DEINIT_TIMEOUT_MS });
      log.debug('Plugin deinitialized');
    } catch (error) {
      log.error('Failed to deinitialize plugin', { error });
    }
    // A plugin stops serving before it can answer.
    await this.client.unary(GRPCControllerDefinition, 'shutdown', {}, { timeoutMs: EXIT_TIMEOUT_MS }).catch(() => {});
    const giveUp = new AbortController();
    await Promise.race([
      this.ended.then(() => giveUp.abort()),
      sleep(clock, EXIT_TIMEOUT_MS, { signal: giveUp.signal }).catch(() => {}),
    ]);
    await this.#process.kill();
  }
}

function targetOf(address: PluginAddress): RpcTarget {
  return address.kind === 'unix'
    ? { kind: 'unix', path: address.path }
    : { kind: 'tcp', host: address.host, port: address.port };
}

/** Settles as the call does, or fails as `unavailable` when the plugin ends. For a few calls: each is kept in mind until then. */
function withinLife<T>(process: PluginProcess, call: Promise<T>): Promise<T> {
  return Promise.race([
    call,
    process.ended.then((how) => {
      throw new RpcError(RpcCode.unavailable, `the plugin has ended: ${how}`);
    }),
  ]);
}

/** Opens the broker's stream, by which the plugin learns where the daemon's services are. */
function announceHost(client: RpcClient, socketPath: string): Disposable {
  const call = client.bidi(GRPCBrokerDefinition, 'startStream');
  const info: ConnInfo = { serviceId: HOST_SERVICES_ID, network: 'unix', address: socketPath, knock: undefined };
  // A plugin without a broker takes no host services; how it ends is told by whatever else is called.
  void call.send(info).catch(() => {});
  void drain(call.responses);
  return { [Symbol.dispose]: () => call.cancel() };
}

async function drain(responses: AsyncIterable<unknown>): Promise<void> {
  try {
    for await (const _ of responses);
  } catch {
    // The stream ends with the plugin.
  }
}

/** What a plugin prints after its handshake comes over a call of its own, and must be taken for it to go on. */
async function showPrinted(client: RpcClient, log: Logger): Promise<void> {
  const lines = new BoundedLines(MAX_PRINTED_LINE_BYTES, (line) => {
    if (line.trim() !== '') log.debug('Plugin printed', { line });
  });
  try {
    for await (const { data } of client.serverStream(GRPCStdioDefinition, 'streamStdio', {})) lines.push(data);
  } catch {
    // Not every plugin serves this, and it ends with the plugin.
  }
}
