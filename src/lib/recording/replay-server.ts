import type { CallContext, ServiceImplementation } from '../rpc/call-context.ts';
import { createHealthService } from '../rpc/health.ts';
import { RpcServer } from '../rpc/server.ts';
import { RpcCode, RpcError } from '../rpc/status.ts';
import { type Clock, sleep } from '../runtime/clock.ts';
import { HealthDefinition } from '../wire/gen/grpc/health/v1/health.ts';
import {
  type JWTBundlesResponse,
  type JWTSVIDResponse,
  SpiffeWorkloadAPIDefinition,
  type ValidateJWTSVIDResponse,
  type X509BundlesResponse,
  type X509SVIDResponse,
} from '../wire/gen/workload.ts';
import { FreshKeys } from './fresh-keys.ts';
import type { RecordedAnswer, RecordedRequest } from './recorded-answer.ts';
import type { RecordedMethod, Recording } from './recording.ts';
import { Conversation } from './reissue-answer.ts';
import { type ScriptedCall, ScriptReader, scriptOf } from './script.ts';
import {
  jwtBundlesToWire,
  jwtSvidsToWire,
  jwtValidationToWire,
  x509BundlesToWire,
  x509SvidsToWire,
} from './wire-answer.ts';

/** How a recording is served. */
export interface ReplayOptions {
  readonly recording: Recording;
  readonly socketPath: string;
  readonly socketMode: number;
  /** Waits are divided by it; 1 is the pace of the recording. */
  readonly speed: number;
  readonly clock: Clock;
  /** Ends the making of keys and signatures. */
  readonly signal?: AbortSignal | undefined;
  /** Told when a call begins and how it ended. */
  readonly onCall?: ((line: string) => void) | undefined;
}

const HEADER = 'workload.spiffe.io';
const NONE: RecordedRequest = { kind: 'none' };

/** What was sent last is on its way for so long before the recording counts as served. */
const LAST_ANSWER_MS = 200;

/**
 * Serves a recording as a Workload API: each call gets the answers of the recorded one, as long after its beginning as
 * they came then. Keys are made, and certificates and tokens signed, when it opens; their times are moved by as much as has
 * passed since the recording, so that what was valid then is valid now.
 */
export class ReplayServer implements AsyncDisposable {
  readonly #server = new RpcServer();
  readonly #options: ReplayOptions;
  readonly #keys: FreshKeys;
  readonly #script: ScriptReader;
  readonly #finished = new AbortController();
  #underWay = 0;

  private constructor(options: ReplayOptions, keys: FreshKeys, script: readonly ScriptedCall[]) {
    this.#options = options;
    this.#keys = keys;
    this.#script = new ScriptReader(script);
  }

  /** Errors: those of `RpcServer.listenUnix`. */
  static async open(options: ReplayOptions): Promise<ReplayServer> {
    const { recording, clock } = options;
    const keys = new FreshKeys();
    const shiftMs = clock.nowMs() - Date.parse(recording.head.recorded_at);
    const conversation = new Conversation({ keys, pseudonyms: undefined, shiftMs });
    const script = await revive(scriptOf(recording.events), conversation, options.signal);
    const server = new ReplayServer(options, keys, script);
    server.#server.addService(SpiffeWorkloadAPIDefinition, server.#service());
    server.#server.addService(HealthDefinition, createHealthService({ isServing: async () => true }));
    await server.#server.listenUnix({ path: options.socketPath, socketMode: options.socketMode });
    return server;
  }

  /** Aborts when every recorded call was served to its end once. */
  get finished(): AbortSignal {
    return this.#finished.signal;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop();
  }

  #service(): ServiceImplementation<typeof SpiffeWorkloadAPIDefinition> {
    const kinds = {
      x509: ofKind('x509_svids', (answer): Promise<X509SVIDResponse> => x509SvidsToWire(answer, this.#keys)),
      bundles: ofKind('x509_bundles', async (answer): Promise<X509BundlesResponse> => x509BundlesToWire(answer)),
      jwt: ofKind('jwt_svids', async (answer): Promise<JWTSVIDResponse> => jwtSvidsToWire(answer)),
      jwks: ofKind('jwt_bundles', async (answer): Promise<JWTBundlesResponse> => jwtBundlesToWire(answer)),
      validation: ofKind(
        'jwt_validation',
        async (answer): Promise<ValidateJWTSVIDResponse> => jwtValidationToWire(answer),
      ),
    };
    return {
      fetchX509SVID: (_, call) => this.#play('FetchX509SVID', NONE, call, kinds.x509),
      fetchX509Bundles: (_, call) => this.#play('FetchX509Bundles', NONE, call, kinds.bundles),
      fetchJWTBundles: (_, call) => this.#play('FetchJWTBundles', NONE, call, kinds.jwks),
      fetchJWTSVID: (request, call) => {
        const asked: RecordedRequest = { kind: 'jwt_svid', audience: request.audience, spiffe_id: request.spiffeId };
        return only(this.#play('FetchJWTSVID', asked, call, kinds.jwt));
      },
      validateJWTSVID: (request, call) => {
        const asked: RecordedRequest = { kind: 'jwt_validation', audience: request.audience, token: '' };
        return only(this.#play('ValidateJWTSVID', asked, call, kinds.validation));
      },
    };
  }

  async *#play<T>(
    method: RecordedMethod,
    request: RecordedRequest,
    call: CallContext,
    toWire: (answer: RecordedAnswer) => Promise<T>,
  ): AsyncGenerator<T> {
    requireHeader(call);
    const scripted = this.#script.next(method, request);
    if (scripted === undefined) {
      throw new RpcError(RpcCode.unimplemented, `the recording has no call of ${method}`);
    }
    const { clock, speed, onCall } = this.#options;
    const from = clock.monotonicMs();
    const waitUntil = async (afterMs: number): Promise<void> => {
      const leftMs = afterMs / speed - (clock.monotonicMs() - from);
      if (leftMs > 0) await sleep(clock, leftMs, { signal: call.signal });
    };
    this.#underWay += 1;
    onCall?.(`${method}: ${scripted.answers.length} answers`);
    try {
      for (const { afterMs, answer } of scripted.answers) {
        await waitUntil(afterMs);
        yield await toWire(answer);
      }
      if (scripted.end === undefined) await this.#stayOpen(call);
      else {
        await waitUntil(scripted.end.afterMs);
        if (scripted.end.status !== 0) throw new RpcError(scripted.end.status, scripted.end.message);
      }
    } finally {
      this.#underWay -= 1;
      this.#noteEnd();
    }
  }

  /** A call that was still open when the recording ended counts as served once all of its answers are out. */
  async #stayOpen(call: CallContext): Promise<void> {
    this.#underWay -= 1;
    this.#noteEnd();
    try {
      await new Promise<void>((_, reject) => {
        if (call.signal.aborted) return reject(call.signal.reason);
        call.signal.addEventListener('abort', () => reject(call.signal.reason), { once: true });
      });
    } finally {
      this.#underWay += 1;
    }
  }

  #noteEnd(): void {
    if (!this.#script.isAtEnd || this.#underWay > 0 || this.finished.aborted) return;
    this.#options.clock.schedule(LAST_ANSWER_MS, () => this.#finished.abort(), { unref: true });
  }
}

/** Everything made anew, in the order of the recording. */
async function revive(
  script: readonly ScriptedCall[],
  conversation: Conversation,
  signal: AbortSignal | undefined,
): Promise<ScriptedCall[]> {
  const revived: ScriptedCall[] = [];
  for (const call of script) {
    signal?.throwIfAborted();
    const answers = [];
    for (const { afterMs, answer } of call.answers)
      answers.push({ afterMs, answer: await conversation.answer(answer) });
    revived.push({ ...call, answers });
  }
  return revived;
}

/** What was recorded of another kind cannot be an answer to this call. */
function ofKind<K extends RecordedAnswer['kind'], T>(
  kind: K,
  toWire: (answer: RecordedAnswer & { kind: K }) => Promise<T>,
): (answer: RecordedAnswer) => Promise<T> {
  const isOfKind = (answer: RecordedAnswer): answer is RecordedAnswer & { kind: K } => answer.kind === kind;
  return async (answer) => {
    if (isOfKind(answer)) return toWire(answer);
    throw new RpcError(RpcCode.internal, `the recording has ${answer.kind} where ${kind} should be`);
  };
}

/** The one answer of a call that has one. */
async function only<T>(answers: AsyncGenerator<T>): Promise<T> {
  for await (const answer of answers) return answer;
  throw new RpcError(RpcCode.unknown, 'the recording has no answer to this call');
}

function requireHeader(call: CallContext): void {
  const values = call.metadata.get(HEADER);
  if (values.length === 1 && values[0] === 'true') return;
  throw new RpcError(RpcCode.invalidArgument, 'security header missing from request');
}
