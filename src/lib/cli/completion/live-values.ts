import { agentClient } from '../../client/agent-client.ts';
import { agentPages } from '../../client/agent-listing.ts';
import { bundleClient } from '../../client/bundle-client.ts';
import { bundlePages } from '../../client/bundle-listing.ts';
import { entryClient } from '../../client/entry-client.ts';
import { localAuthorityClient } from '../../client/local-authority-client.ts';
import type { RpcClient } from '../../rpc/client.ts';
import { spiffeIdText } from '../../wire/convert/spiffe-id.ts';
import { ListAgentsRequest_Filter } from '../../wire/gen/spire/api/server/agent/v1/agent.ts';
import { WorkloadApiClient } from '../../workloadapi/client.ts';
import { chooseAgentTarget } from '../agent-connection.ts';
import type { CommandContext } from '../command-context.ts';
import { ContextStore } from '../contexts/context-store.ts';
import { type FlagValues, initialValues } from '../flag-spec.ts';
import { GoFlagSet } from '../go-flags.ts';
import { connectToServer } from '../server-connection.ts';
import { serverFlags } from '../server-flags.ts';
import { agentSocketFlags } from '../sockets.ts';
import { type Candidate, type Completion, MAX_CANDIDATES } from './candidate.ts';
import type { ValueRequest } from './value-request.ts';

/** A person waits at the keyboard; so long at most for a server. */
const LONGEST_MS = 1000;

/** So many entries are looked through for those that fit. */
const MAX_ENTRIES = 5000;
const PAGE_SIZE = 500;

type Surroundings = Pick<CommandContext, 'env' | 'clock'>;

/** What can be asked of a server or an agent, or of the user's contexts. */
type Source = 'contexts' | 'entries' | 'entry-ids' | 'agents' | 'parents' | 'trust-domains' | 'authorities' | 'own-ids';

/**
 * Values that exist at this moment, such as IDs of entries: from the server and the agent that the command itself would
 * call. Undefined where the flag has none, or where nobody answers in time.
 */
export async function findLiveValues(
  request: ValueRequest,
  surroundings: Surroundings,
): Promise<Completion | undefined> {
  const source = sourceOf(request);
  if (source === undefined) return undefined;
  const tooLong = new AbortController();
  const stop = surroundings.clock.schedule(LONGEST_MS, () => tooLong.abort());
  try {
    const fits = (value: string): boolean => value.startsWith(request.typed);
    const found = new Map<string, Candidate>();
    for await (const candidate of candidatesOf(source, request, { ...surroundings, signal: tooLong.signal })) {
      if (fits(candidate.value)) found.set(candidate.value, candidate);
      if (found.size >= MAX_CANDIDATES) break;
    }
    return { kind: 'words', candidates: [...found.values()].sort((a, b) => (a.value < b.value ? -1 : 1)) };
  } catch {
    // Whoever presses a key wants no error message; the command itself will give it.
    return undefined;
  } finally {
    stop();
  }
}

function sourceOf({ words, flagName }: ValueRequest): Source | undefined {
  switch (flagName) {
    case undefined:
      return /^context (use|show|delete|set)$/.test(words) ? 'contexts' : undefined;
    case 'context':
      return 'contexts';
    case 'entryID':
      return words === 'entry create' ? undefined : 'entry-ids';
    case 'parentID':
      return 'parents';
    case 'agentID':
      return 'agents';
    case 'spiffeID':
      if (words.startsWith('agent ')) return 'agents';
      return /^(api|exec|mtls)\b/.test(words) ? 'own-ids' : 'entries';
    case 'authorityID':
      return 'authorities';
    case 'federatesWith':
    case 'trustDomain':
      return /^(entry|federation|bundle) /.test(words) ? 'trust-domains' : undefined;
    case 'id':
      return 'trust-domains';
    default:
      return undefined;
  }
}

async function* candidatesOf(
  source: Source,
  request: ValueRequest,
  surroundings: Surroundings & { readonly signal: AbortSignal },
): AsyncGenerator<Candidate, void, undefined> {
  if (source === 'contexts') {
    for (const name of (await new ContextStore(surroundings.env).read()).contexts.keys()) yield { value: name };
    return;
  }
  const given = givenFlags(request);
  if (source === 'own-ids') {
    const choice = { ...initialValues(agentSocketFlags), ...given.values };
    const target = await chooseAgentTarget(choice, { ...surroundings, program: 'spirekit', given: given.names });
    await using client = new WorkloadApiClient(target);
    const { svids } = await client.fetchX509Svid({ signal: surroundings.signal, timeoutMs: LONGEST_MS });
    for (const { spiffeId, hint } of svids) yield { value: spiffeId, description: hint };
    return;
  }
  const flags = { ...initialValues(serverFlags), ...given.values };
  await using rpc = await connectToServer({ ...surroundings, flags, given: given.names, program: 'spirekit' });
  yield* fromServer(source, request, rpc, surroundings.signal);
}

async function* fromServer(
  source: Exclude<Source, 'contexts' | 'own-ids'>,
  { words }: ValueRequest,
  rpc: RpcClient,
  signal: AbortSignal,
): AsyncGenerator<Candidate, void, undefined> {
  switch (source) {
    case 'entries':
    case 'entry-ids':
      for await (const { id, spiffeId } of entries(rpc, signal)) {
        yield source === 'entries'
          ? { value: spiffeIdText(spiffeId) }
          : { value: id, description: spiffeIdText(spiffeId) };
      }
      return;
    case 'parents':
    case 'agents':
      for await (const page of agentPages(agentClient(rpc), ListAgentsRequest_Filter.create(), { signal })) {
        for (const { id, attestationType } of page) yield { value: spiffeIdText(id), description: attestationType };
      }
      if (source === 'agents') return;
      for await (const { parentId } of entries(rpc, signal)) yield { value: spiffeIdText(parentId) };
      return;
    case 'trust-domains':
      for await (const page of await bundlePages(bundleClient(rpc), { signal })) {
        for (const { trustDomain } of page) yield { value: `spiffe://${trustDomain}` };
      }
      return;
    case 'authorities': {
      const client = localAuthorityClient(rpc);
      const state = words.includes(' jwt ')
        ? await client.getJWTAuthorityState({}, { signal })
        : await client.getX509AuthorityState({}, { signal });
      for (const name of ['active', 'prepared', 'old'] as const) {
        const authority = state[name];
        if (authority !== undefined) yield { value: authority.authorityId, description: name };
      }
    }
  }
}

async function* entries(rpc: RpcClient, signal: AbortSignal) {
  const client = entryClient(rpc);
  let pageToken = '';
  for (let seen = 0; seen < MAX_ENTRIES; ) {
    const request = { filter: undefined, outputMask: undefined, pageSize: PAGE_SIZE, pageToken };
    const page = await client.listEntries(request, { signal });
    yield* page.entries;
    seen += page.entries.length;
    pageToken = page.nextPageToken;
    if (pageToken === '' || page.entries.length === 0) return;
  }
}

type PlaceFlags = typeof serverFlags & typeof agentSocketFlags;

/** What the flags that are typed already say of the server and the agent; nothing if they cannot be read yet. */
function givenFlags({ command, args, flagName }: ValueRequest): {
  readonly values: Partial<FlagValues<PlaceFlags>>;
  readonly names: ReadonlySet<string>;
} {
  try {
    const isOpen = flagName !== undefined && args.at(-1)?.startsWith('-') === true;
    const flagSet = new GoFlagSet(command.usageName, command.goFlags, 'spirekit');
    const parsed = flagSet.parse(isOpen ? args.slice(0, -1) : args);
    const names = Object.keys({ ...serverFlags, ...agentSocketFlags }).filter((name) => parsed.given.has(name));
    // Flags of these names are declared once for all commands, so their values are of the same kinds.
    const values = Object.fromEntries(names.map((name) => [name, parsed.values[name]])) as Partial<
      FlagValues<PlaceFlags>
    >;
    return { values, names: new Set(names) };
  } catch {
    return { values: {}, names: new Set() };
  }
}
