import type { Document } from '../inspect/document.ts';
import { loadSource } from '../inspect/load-source.ts';
import type { DocumentFormat, DocumentOptions } from '../inspect/parse-documents.ts';
import { findRuleOfWord } from '../inspect/refusal.ts';
import { RULES, ruleLabel } from '../inspect/rules.ts';
import { parseSource } from '../inspect/source.ts';
import type { SourceContext } from '../inspect/source-context.ts';
import type { RpcTarget } from '../rpc/client.ts';
import { SpirekitError } from '../runtime/errors.ts';
import { nanosecondsToMs } from '../runtime/go-duration.ts';
import { SpiffeId, TrustDomain } from '../spiffe/spiffe-id.ts';
import type { CommandContext } from './command-context.ts';
import { findAgentTarget, findServer } from './discovery/targets.ts';
import { AdvisedError } from './failure.ts';
import { flag } from './go-flags.ts';
import { DEFAULT_AGENT_SOCKET, DEFAULT_SERVER_SOCKET, serverTarget } from './sockets.ts';

/** The flags of every command that looks at SVIDs and bundles. */
export const inspectFlags = {
  at: flag.string({ usage: 'Judge as of this moment (RFC 3339, such as 2026-01-31T12:00:00Z) instead of now' }),
  timeout: flag.durationValue({ usage: 'How long a socket or host may take to answer', default: 5_000_000_000n }),
  format: flag.string({
    usage: 'How the source is written: auto, pem, der, jwt, jwks or spiffe (a SPIFFE bundle)',
    default: 'auto',
  }),
  output: flag.output(),
} as const;

/** What sources are reached with. */
export type SourceSurroundings = Pick<
  CommandContext<Pick<typeof inspectFlags, 'timeout'>>,
  'flags' | 'io' | 'env' | 'clock' | 'signal' | 'program'
>;

/** What `--trust-domain` says of sources that do not name theirs. */
export const trustDomainFlag = {
  trustDomain: flag.string({ usage: 'Trust domain of a bundle that does not name its own' }),
} as const;

/** The moment that `--at` names, else now, in milliseconds since the Unix epoch. @throws SpirekitError `usage` */
export function judgedAtMs({
  flags,
  clock,
}: Pick<CommandContext<Pick<typeof inspectFlags, 'at'>>, 'flags' | 'clock'>): number {
  if (flags.at === '') return clock.nowMs();
  const isWhole = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/.test(flags.at);
  const ms = isWhole ? Date.parse(flags.at) : Number.NaN;
  if (Number.isFinite(ms)) return ms;
  throw new SpirekitError('usage', `--at ${JSON.stringify(flags.at)} is no moment: write it as 2026-01-31T12:00:00Z`);
}

const FORMATS: readonly DocumentFormat[] = ['auto', 'pem', 'der', 'jwt', 'jwks', 'spiffe'];

/** @throws SpirekitError `usage` */
export function documentFormat(text: string): DocumentFormat {
  const format = FORMATS.find((known) => known === text);
  if (format !== undefined) return format;
  throw new SpirekitError('usage', `--format is one of ${FORMATS.join(', ')}`);
}

/** What `--trust-domain` names, undefined without it. */
export function givenTrustDomain({
  flags,
  given,
}: Pick<CommandContext<typeof trustDomainFlag>, 'flags' | 'given'>): TrustDomain | undefined {
  return given.has('trustDomain') ? typedTrustDomain(flags.trustDomain) : undefined;
}

/** A trust domain as it was typed; the refusal names the rule. @throws SpirekitError `invalid-trust-domain` */
export function typedTrustDomain(text: string): TrustDomain {
  return citingRule(() => TrustDomain.parse(text));
}

/** A SPIFFE ID as it was typed; the refusal names the rule. @throws SpirekitError `invalid-spiffe-id` */
export function typedSpiffeId(text: string): SpiffeId {
  return citingRule(() => SpiffeId.parse(text));
}

/**
 * Everything that a source, as it was typed, holds for a purpose.
 *
 * @throws SpirekitError `invalid-argument`, and what `loadSource` throws
 */
export async function loadTypedSource(
  text: string,
  options: DocumentOptions,
  context: SourceSurroundings,
): Promise<Document[]> {
  const source = citingRule(() => parseSource(text));
  return await loadSource(source, options, sourceContext(context));
}

/** The one argument that a command takes. @throws SpirekitError `usage` */
export function onlyArgument(args: readonly string[], what: string): string {
  const [first, ...others] = args;
  if (first !== undefined && others.length === 0) return first;
  throw new SpirekitError('usage', first === undefined ? `the ${what} is missing` : `give one ${what} only`);
}

/** What reading sources needs, from what a command is run with. */
export function sourceContext({ flags, io, env, clock, signal, program }: SourceSurroundings): SourceContext {
  const surroundings = { env, program, clock, signal, given: new Set<string>() };
  return {
    stdin: io.stdin,
    clock,
    signal,
    timeoutMs: nanosecondsToMs(flags.timeout),
    usualWorkloadApi: () => findAgentTarget({ ...UNNAMED, socketPath: DEFAULT_AGENT_SOCKET }, surroundings),
    usualServer: () => usualServer(surroundings),
  };
}

/** What flags say that are not there. */
const UNNAMED = { instance: '', context: '' } as const;

async function usualServer(surroundings: Parameters<typeof findServer>[1]): Promise<RpcTarget> {
  const choice = { ...UNNAMED, socketPath: DEFAULT_SERVER_SOCKET };
  const found = await findServer(choice, surroundings);
  if (found === undefined) return serverTarget(choice, surroundings.env);
  if (found.kind === 'socket') return found.target;
  throw new SpirekitError(
    'invalid-argument',
    `the context means the server at ${found.flags.serverAddr}: name a socket by server:PATH, or its bundle endpoint by https://`,
  );
}

/** Adds to a refused word which rule of the standards refuses it. */
function citingRule<T>(parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    const error = SpirekitError.from(cause);
    const rule = findRuleOfWord(error);
    if (rule === undefined) throw error;
    throw new AdvisedError(error.code, error.message, `${ruleLabel(rule)}: ${RULES[rule].text}.`, { cause });
  }
}
