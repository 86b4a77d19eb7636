import { SpirekitError } from '../../runtime/errors.ts';
import type { Environment } from '../command-context.ts';
import { ContextStore, type NamedContext } from '../contexts/context-store.ts';
import type { Context, ContextSetting } from '../contexts/contexts.ts';
import { AdvisedError } from '../failure.ts';
import { type ConfiguredOptions, findConfiguredPlaces } from './configured-places.ts';
import { knownPlaces } from './known-places.ts';
import { type LookOptions, lookAtPlace } from './look-at-place.ts';
import { type Look, type Place, SOCKET_NAMES, type SocketKind } from './place.ts';

/** Where a search is made. */
export interface Surroundings extends ConfiguredOptions, LookOptions {
  /** The places that need nobody to name them. Default: `knownPlaces`. */
  readonly known?: readonly Place[];
}

/** Which context is wanted. */
export interface ContextWish {
  readonly env: Environment;
  /** The one asked for by name; empty for the current one. */
  readonly contextName: string;
}

/** What the user's contexts have to say; a file that cannot be used is a place that was looked at in vain. */
export interface ContextLook {
  readonly chosen?: NamedContext;
  readonly refused?: Look;
}

/**
 * The context to go by. One that was asked for by name has to be there; what is wrong with the others keeps nobody from
 * working without.
 *
 * @throws SpirekitError as `ContextStore.find`, for a context asked for
 */
export async function findContext({ env, contextName }: ContextWish): Promise<ContextLook> {
  const store = new ContextStore(env);
  try {
    const chosen = await store.find(contextName);
    return chosen === undefined ? {} : { chosen };
  } catch (error) {
    if (contextName !== '' || (env['SPIREKIT_CONTEXT'] ?? '') !== '') throw error;
    const { message } = SpirekitError.from(error);
    const place = { path: store.path ?? '', source: 'contexts', isVouchedFor: true };
    return { refused: { place, reason: message } };
  }
}

/** Where a socket was found: the address of a context as it is written there, or a path where something answers. */
export type FoundSocket =
  | { readonly kind: 'context'; readonly name: string; readonly address: string }
  | { readonly kind: 'place'; readonly look: Look; readonly looks: readonly Look[] }
  | { readonly kind: 'nowhere'; readonly looks: readonly Look[] };

/**
 * Looks for a socket that nobody has named: in the user's context, in configuration files, at the usual places; the first
 * that takes a connection is it. What a context names is taken as it is.
 */
export async function findSocket(
  kind: SocketKind,
  { chosen, refused }: ContextLook,
  options: Surroundings,
): Promise<FoundSocket> {
  const address = chosen?.context[SOCKET_SETTINGS[kind]];
  if (chosen !== undefined && address !== undefined) return { kind: 'context', name: chosen.name, address };
  const looks: Look[] = refused === undefined ? [] : [refused];
  for await (const look of lookAround(kind, options)) {
    looks.push(look);
    if (look.reason === undefined) return { kind: 'place', look, looks };
  }
  return { kind: 'nowhere', looks };
}

/** The setting of a context that names a kind of socket. */
const SOCKET_SETTINGS = {
  agent: 'agentSocket',
  'agent-admin': 'agentAdminSocket',
  server: 'serverSocket',
} as const satisfies Record<SocketKind, ContextSetting>;

/** The flags for a server elsewhere that a context names; undefined if it names none, or a socket beside it. */
export function remoteServerOf({ chosen }: ContextLook): (Context & { readonly serverAddr: string }) | undefined {
  if (chosen === undefined) return undefined;
  const { agentSocket, agentAdminSocket, serverSocket, ...flags } = chosen.context;
  const { serverAddr } = flags;
  return serverAddr === undefined || serverSocket !== undefined ? undefined : { ...flags, serverAddr };
}

/** Looks at every place there is, in the order of the search. */
export async function* lookAround(kind: SocketKind, options: Surroundings): AsyncGenerator<Look, void, undefined> {
  const configured = await findConfiguredPlaces(kind, options);
  yield* configured.refused;
  const seen = new Set<string>();
  for (const place of [...configured.places, ...(options.known ?? knownPlaces(kind))]) {
    if (seen.has(place.path)) continue;
    seen.add(place.path);
    yield await lookAtPlace(place, options);
  }
}

/** What the umbrella says when nothing answers: each place that was looked at with what is wrong with it. */
export function nothingAnswers(kind: SocketKind, looks: readonly Look[]): AdvisedError {
  const how = {
    agent: 'by --socket-path, SPIFFE_ENDPOINT_SOCKET or a context',
    'agent-admin': 'by --socket-path or a context; an agent has it only if its admin_socket_path says so',
    server: 'by --socket-path, SPIRE_SERVER_PRIVATE_SOCKET or a context, or its address by --server-addr',
  }[kind];
  return new AdvisedError(
    'unavailable',
    `no ${SOCKET_NAMES[kind]} answers here, and none was named`,
    `Looked at:\n${describeLooks(looks)}\nStart it, or name it ${how}.`,
  );
}

/** Places that share a reason stand together, those of the first reason first. */
function describeLooks(looks: readonly Look[]): string {
  const byReason = Map.groupBy(looks, ({ reason }) => reason ?? 'answers');
  return [...byReason]
    .map(
      ([reason, same]) => `  ${reason}:\n${same.map(({ place }) => `    ${place.path} (${place.source})\n`).join('')}`,
    )
    .join('')
    .trimEnd();
}
