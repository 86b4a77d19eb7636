import type { CallContext, ServiceImplementation } from '../rpc/call-context.ts';
import { createHealthService } from '../rpc/health.ts';
import { RpcServer } from '../rpc/server.ts';
import { RpcCode, RpcError } from '../rpc/status.ts';
import type { RpcTarget } from '../rpc/target.ts';
import { HealthDefinition } from '../wire/gen/grpc/health/v1/health.ts';
import { SpiffeWorkloadAPIDefinition } from '../wire/gen/workload.ts';
import { WorkloadApiClient } from '../workloadapi/client.ts';
import type { RecordedAnswer, RecordedRequest } from './recorded-answer.ts';
import type { Recorder } from './recorder.ts';
import type { RecordedMethod } from './recording.ts';
import {
  jwtBundlesFromWire,
  jwtSvidsFromWire,
  jwtValidationFromWire,
  x509BundlesFromWire,
  x509SvidsFromWire,
} from './wire-answer.ts';

const HEADER = 'workload.spiffe.io';
const NONE: RecordedRequest = { kind: 'none' };

/** Where the proxy listens and whom it asks. */
export interface RecordingProxyOptions {
  readonly socketPath: string;
  /** Of the socket file. */
  readonly socketMode: number;
  readonly target: RpcTarget;
  readonly recorder: Recorder;
}

/**
 * A Workload API that passes every call on to another one and writes down what is asked and answered. The agent sees
 * this process as its caller, so what it grants is what this process may have.
 */
export class RecordingProxy implements AsyncDisposable {
  readonly #server = new RpcServer();
  readonly #client: WorkloadApiClient;
  readonly #recorder: Recorder;

  private constructor({ target, recorder }: RecordingProxyOptions) {
    this.#client = new WorkloadApiClient(target);
    this.#recorder = recorder;
  }

  /** Errors: those of `RpcServer.listenUnix`. */
  static async open(options: RecordingProxyOptions): Promise<RecordingProxy> {
    const proxy = new RecordingProxy(options);
    proxy.#server.addService(SpiffeWorkloadAPIDefinition, proxy.#service());
    proxy.#server.addService(HealthDefinition, createHealthService({ isServing: async () => true }));
    try {
      await proxy.#server.listenUnix({ path: options.socketPath, socketMode: options.socketMode });
    } catch (error) {
      await proxy[Symbol.asyncDispose]();
      throw error;
    }
    return proxy;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop();
    await this.#client[Symbol.asyncDispose]();
  }

  #service(): ServiceImplementation<typeof SpiffeWorkloadAPIDefinition> {
    const client = this.#client;
    return {
      fetchX509SVID: (_, call) =>
        this.#stream('FetchX509SVID', call, (options) => client.watchX509Svid(options), x509SvidsFromWire),
      fetchX509Bundles: (_, call) =>
        this.#stream('FetchX509Bundles', call, (options) => client.watchX509Bundles(options), x509BundlesFromWire),
      fetchJWTBundles: (_, call) =>
        this.#stream('FetchJWTBundles', call, (options) => client.watchJwtBundles(options), jwtBundlesFromWire),
      fetchJWTSVID: (request, call) =>
        this.#unary(
          'FetchJWTSVID',
          { kind: 'jwt_svid', audience: request.audience, spiffe_id: request.spiffeId },
          call,
          (options) => client.fetchJwtSvid(request, options),
          jwtSvidsFromWire,
        ),
      validateJWTSVID: (request, call) =>
        this.#unary(
          'ValidateJWTSVID',
          { kind: 'jwt_validation', audience: request.audience, token: request.svid },
          call,
          (options) => client.validateJwtSvid(request, options),
          jwtValidationFromWire,
        ),
    };
  }

  async *#stream<T>(
    method: RecordedMethod,
    call: CallContext,
    open: (options: { signal: AbortSignal }) => AsyncIterable<T>,
    record: (answer: T) => RecordedAnswer,
  ): AsyncGenerator<T> {
    const header = call.metadata.get(HEADER);
    const recorded = this.#recorder.begin(method, NONE, header);
    try {
      requireHeader(header);
      for await (const answer of open({ signal: call.signal })) {
        recorded.answer(record(answer));
        yield answer;
      }
      recorded.end('server');
    } catch (error) {
      recorded.end(call.signal.aborted ? 'client' : 'server', error);
      throw error;
    } finally {
      // A client that leaves between two answers.
      recorded.end('client', new RpcError(RpcCode.canceled, 'context canceled'));
    }
  }

  async #unary<T>(
    method: RecordedMethod,
    request: RecordedRequest,
    call: CallContext,
    ask: (options: { signal: AbortSignal }) => Promise<T>,
    record: (answer: T) => RecordedAnswer,
  ): Promise<T> {
    const header = call.metadata.get(HEADER);
    const recorded = this.#recorder.begin(method, request, header);
    try {
      requireHeader(header);
      const answer = await ask({ signal: call.signal });
      recorded.answer(record(answer));
      recorded.end('server');
      return answer;
    } catch (error) {
      recorded.end(call.signal.aborted ? 'client' : 'server', error);
      throw error;
    }
  }
}

/** As agents do it; the client that asks the agent would always send it. */
function requireHeader(values: readonly string[]): void {
  if (values.length === 1 && values[0] === 'true') return;
  throw new RpcError(RpcCode.invalidArgument, 'security header missing from request');
}
