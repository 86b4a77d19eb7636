import { resolve } from 'node:path';
import { ConfigError } from '../../config/config-error.ts';
import type { PluginConfig } from '../../config/section/plugins.ts';
import type { BidiCall, RpcCallOptions, RpcClient } from '../../rpc/client.ts';
import type {
  BidiMethodKey,
  RequestOf,
  ResponseOf,
  ServerStreamMethodKey,
  ServiceDefinition,
  UnaryMethodKey,
} from '../../rpc/service.ts';
import { RpcCode, RpcError } from '../../rpc/status.ts';
import type { CancelTimer } from '../../runtime/clock.ts';
import { prefixed, SpirekitError } from '../../runtime/errors.ts';
import { goQuote } from '../../runtime/go-quote.ts';
import { ConfigDefinition } from '../../wire/gen/spire/service/common/config/v1/config.ts';
import type { ExternalPluginDeps } from './external-plugin-deps.ts';
import type { PluginProgram } from './plugin-process.ts';
import { PluginSession } from './plugin-session.ts';
import { PluginSettings } from './plugin-settings.ts';

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

/** Who has run for so long is started again at once, as it were for the first time. */
const WELL_AFTER_MS = 60_000;

/** How many names of services are shown. */
const SHOWN_SERVICES = 10;

/**
 * A plugin that is a program of its own. It is started with the daemon, and started again when it ends by itself: after
 * a second, and after twice as long each time that it does not last, up to a minute. Calls fail with `unavailable` while
 * it is away. SPIRE leaves it at that for good.
 */
export class ExternalPlugin implements AsyncDisposable {
  readonly name: string;
  readonly type: string;
  readonly #program: Omit<PluginProgram, 'folder'>;
  readonly #service: ServiceDefinition;
  readonly #settings: PluginSettings;
  readonly #deps: ExternalPluginDeps;
  #session: PluginSession | undefined;
  #trouble: string | undefined;
  #pauseMs = FIRST_PAUSE_MS;
  #cancelRestart: CancelTimer = () => {};
  #restart: Promise<void> = Promise.resolve();
  readonly #closing = new AbortController();

  private constructor(config: PluginConfig, cmd: string, service: ServiceDefinition, deps: ExternalPluginDeps) {
    this.name = config.name;
    this.type = config.type;
    this.#program = {
      name: config.name,
      type: config.type,
      path: resolve(cmd),
      args: config.args,
      checksum: config.checksum,
      env: deps.env,
    };
    this.#service = service;
    this.#settings = new PluginSettings(config.data, deps.trustDomain.name, deps.log);
    this.#deps = deps;
  }

  /**
   * Starts and configures the plugin that a configuration names by `plugin_cmd`.
   *
   * @param service what a plugin of its type has to serve
   * @throws `invalid-config` in SPIRE's words, and what the plugin answers
   */
  static async open(
    config: PluginConfig,
    service: ServiceDefinition,
    deps: ExternalPluginDeps,
  ): Promise<ExternalPlugin> {
    const { cmd, name, checksum } = config;
    if (cmd === undefined) throw new SpirekitError('internal', `plugin ${goQuote(name)} is no external one`);
    if (checksum === undefined) deps.log.warn('Plugin checksum not configured');
    const plugin = new ExternalPlugin(config, cmd, service, deps);
    await plugin.#start(deps.signal);
    deps.log.info('Plugin loaded');
    return plugin;
  }

  /** Why it cannot be called at present; undefined while it can. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Reads settings that are in a file again. */
  async reconfigure(): Promise<void> {
    if (this.#session === undefined) {
      this.#deps.log.warn('Plugin not reconfigured since it does not run; it reads its settings when it starts again');
      return;
    }
    await this.#settings.reconfigure(this.#session.client);
  }

  /** One request, one response. Rejects with {@link RpcError}, whose sentence names the plugin as SPIRE's does. */
  async unary<D extends ServiceDefinition, K extends UnaryMethodKey<D>>(
    definition: D,
    method: K,
    request: RequestOf<D, K>,
    options?: RpcCallOptions,
  ): Promise<ResponseOf<D, K>> {
    try {
      return await this.#client().unary(definition, method, request, options);
    } catch (error) {
      throw this.wrap(error);
    }
  }

  /** One request, many responses. Throws {@link RpcError} from the loop. */
  async *serverStream<D extends ServiceDefinition, K extends ServerStreamMethodKey<D>>(
    definition: D,
    method: K,
    request: RequestOf<D, K>,
    options?: RpcCallOptions,
  ): AsyncGenerator<ResponseOf<D, K>, void, undefined> {
    try {
      yield* this.#client().serverStream(definition, method, request, options);
    } catch (error) {
      throw this.wrap(error);
    }
  }

  /** Streams both ways. What it throws is to be passed through {@link wrap}. */
  bidi<D extends ServiceDefinition, K extends BidiMethodKey<D>>(
    definition: D,
    method: K,
    options?: RpcCallOptions,
  ): BidiCall<RequestOf<D, K>, ResponseOf<D, K>> {
    return this.#client().bidi(definition, method, options);
  }

  /** Settles as the promise does, or with `deadline-exceeded` when that takes too long. */
  inTime<T>(promise: Promise<T>, timeoutMs: number): Promise<T> {
    return new Promise((resolve, reject) => {
      const cancel = this.#deps.clock.schedule(timeoutMs, () =>
        reject(this.error(RpcCode.deadlineExceeded, `no answer within ${timeoutMs / 1000} s`)),
      );
      promise.then(resolve, reject).finally(cancel);
    });
  }

  /** An error of the plugin's own, or about what it answered. */
  error(status: number, sentence: string, cause?: unknown): RpcError {
    return new RpcError(status, `${this.#prefix}${sentence}`, { cause });
  }

  /** The error of a call with the plugin's name in its sentence; the status and its details stay. */
  wrap(error: unknown): SpirekitError {
    if (!(error instanceof RpcError)) return SpirekitError.from(error);
    const { status, description, statusDetails } = error;
    if (description.startsWith(this.#prefix)) return error;
    const own = `${this.name}: `;
    const sentence = description.startsWith(own) ? description.slice(own.length) : description;
    return new RpcError(status, `${this.#prefix}${sentence}`, { cause: error, statusDetails });
  }

  /** Tells the plugin to end and waits for it; says so in the log as SPIRE does. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { log } = this.#deps;
    log.debug('Unloading plugin');
    this.#closing.abort(new SpirekitError('canceled', 'the daemon is stopping'));
    this.#cancelRestart();
    await this.#restart;
    const session = this.#session;
    this.#session = undefined;
    this.#trouble ??= 'the plugin has been unloaded';
    await session?.[Symbol.asyncDispose]();
    log.info('Plugin unloaded');
  }

  get #prefix(): string {
    return `${this.type.toLowerCase()}(${this.name}): `;
  }

  #client(): RpcClient {
    if (this.#session !== undefined) return this.#session.client;
    throw this.error(RpcCode.unavailable, this.#trouble ?? 'the plugin is not running');
  }

  async #start(signal: AbortSignal | undefined): Promise<void> {
    const deps = { ...this.#deps, signal };
    const { log } = deps;
    const session = await PluginSession.open(this.#program, this.#deps.hostServices, deps).catch((error: unknown) => {
      log.error('Failed to load plugin', { error });
      throw prefixed(`failed to load plugin ${goQuote(this.name)}`, error);
    });
    try {
      this.#bind(session.serviceNames);
      await this.#configure(session, signal);
    } catch (error) {
      await session[Symbol.asyncDispose]();
      throw error;
    }
    const startedMs = deps.clock.monotonicMs();
    this.#session = session;
    this.#trouble = undefined;
    void session.ended.then((how) => {
      if (this.#session !== session) return;
      if (deps.clock.monotonicMs() - startedMs >= WELL_AFTER_MS) this.#pauseMs = FIRST_PAUSE_MS;
      this.#onEnd(session, how);
    });
  }

  /** Error: `invalid-config` for a plugin that does not serve what its type has to. */
  #bind(serviceNames: readonly string[]): void {
    const { log } = this.#deps;
    if (!serviceNames.includes(this.#service.fullName)) {
      const names = serviceNames.slice(0, SHOWN_SERVICES).map(goQuote).join(' ');
      const error = new ConfigError(`no supported plugin interface found in: [${names}]`);
      log.error('Failed to bind plugin', { error });
      throw prefixed(`failed to bind plugin ${goQuote(this.name)}`, error);
    }
    const known: readonly string[] = [this.#service.fullName, ConfigDefinition.fullName];
    for (const name of serviceNames.filter((one) => !known.includes(one)).sort()) {
      log.warn('Unsupported plugin service found', { plugin_service: name });
    }
  }

  async #configure(session: PluginSession, signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.#settings.configure(session.client, session.serviceNames, { signal });
    } catch (cause) {
      const error = SpirekitError.from(cause);
      this.#deps.log.error('Failed to configure plugin', { error });
      throw prefixed(`failed to configure plugin ${goQuote(this.name)}`, error);
    }
  }

  #onEnd(session: PluginSession, how: string): void {
    const { log, onExit } = this.#deps;
    this.#session = undefined;
    onExit(this);
    this.#restart = session[Symbol.asyncDispose]().catch((error: unknown) => {
      log.warn('Failed to clean up after a plugin', { error });
    });
    log.error('Plugin has ended by itself; it is started again, and calls to it fail until then', {
      reason: how,
      after: `${this.#pauseMs / 1000}s`,
    });
    this.#startLater(`the plugin has ended (${how}) and is being started again`);
  }

  #startLater(trouble: string): void {
    this.#trouble = trouble;
    const pauseMs = this.#pauseMs;
    this.#pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    if (this.#closing.signal.aborted) return;
    this.#cancelRestart = this.#deps.clock.schedule(pauseMs, () => {
      this.#restart = this.#restart.then(() => this.#startAgain());
    });
  }

  async #startAgain(): Promise<void> {
    const { signal } = this.#closing;
    if (signal.aborted) return;
    try {
      await this.#start(signal);
      this.#deps.log.info('Plugin runs again');
    } catch (error) {
      if (!signal.aborted) this.#startLater(`the plugin cannot be started again: ${SpirekitError.from(error).message}`);
    }
  }
}
