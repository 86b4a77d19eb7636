import { SpirekitError } from '../runtime/errors.ts';
import { TrustDomain } from '../spiffe/trust-domain.ts';
import { Entry } from '../wire/gen/spire/api/types/entry.ts';
import type { CommandContext } from './command-context.ts';
import { within, withinOnUmbrella } from './error-context.ts';
import { type JsonNode, parseGoJson, parseGoJsonLists } from './go-json.ts';
import { GoJsonDecoder, GoStruct, JSON_ROOT, type JsonPlace } from './go-json-decode.ts';
import { parseIdFlag } from './id-flag.ts';
import { inputName, readInput } from './input-file.ts';

/** The entries of the file that `-data` named, `-` for stdin. @throws as {@link readInput} and {@link parseEntryData} */
export async function readEntryData(path: string, context: InputContext): Promise<Entry[]> {
  const bytes = await readInput(path, context.io.stdin, { signal: context.signal });
  return withinOnUmbrella(context.program, `cannot use ${inputName(path)}`, () => parseEntryData(bytes));
}

/** The IDs of the file that `-file` named, `-` for stdin. @throws as {@link readInput} and {@link parseEntryIds} */
export async function readEntryIds(path: string, context: InputContext): Promise<string[]> {
  const bytes = await readInput(path, context.io.stdin, { signal: context.signal });
  return withinOnUmbrella(context.program, `cannot use ${inputName(path)}`, () => parseEntryIds(bytes));
}

type InputContext = Pick<CommandContext, 'program' | 'io' | 'signal'>;

/**
 * Reads the text of `entry create -data` and `entry update -data`: `{"entries": [{"spiffe_id": ..., "parent_id": ...,
 * "selectors": [{"type": ..., "value": ...}], ...}]}`, the JSON of SPIRE's own `RegistrationEntries` message, which is
 * not that of the API (`-output json`).
 *
 * @throws SpirekitError `invalid-encoding` (no JSON), `invalid-argument` (a value of the wrong type, a missing entry),
 *   `invalid-spiffe-id`, `invalid-trust-domain`; all with the texts of SPIRE's server CLI
 */
export function parseEntryData(bytes: Uint8Array): Entry[] {
  const decoder = new GoJsonDecoder();
  const list = new EntryList();
  // Entry by entry, since the tree of a long file takes many times its room.
  const root = parseGoJsonLists(bytes, (name) =>
    ENTRIES.findField(name) === undefined
      ? undefined
      : {
          begin: () => list.clear(),
          item: (node) => list.add(readEntry(node, ENTRIES_PLACE, decoder)),
          other: (node) => {
            list.clear();
            decoder.list(node, ENTRIES_PLACE, ENTRIES_TYPE);
          },
        },
  );
  decoder.object(root, JSON_ROOT, ENTRIES, {});
  decoder.finish();
  return list.entries();
}

/** The entries of a file. What is wrong with the first bad one is told only when all of the file has been read. */
class EntryList {
  #entries: Entry[] = [];
  #failure: { readonly error: unknown } | undefined;

  clear(): void {
    this.#entries = [];
    this.#failure = undefined;
  }

  add(data: EntryData | undefined): void {
    if (this.#failure !== undefined) return;
    try {
      this.#entries.push(toEntry(data));
    } catch (error) {
      this.#failure = { error };
    }
  }

  entries(): Entry[] {
    if (this.#failure !== undefined) throw this.#failure.error;
    return this.#entries;
  }
}

/**
 * Reads the text of `entry delete -file`: `{"ids": ["..."]}`.
 *
 * @throws SpirekitError `invalid-encoding` (no JSON), `invalid-argument` (a value of the wrong type)
 */
export function parseEntryIds(bytes: Uint8Array): string[] {
  const decoder = new GoJsonDecoder();
  const data: IdsData = { ids: [] };
  decoder.object(parseGoJson(bytes), JSON_ROOT, IDS, data);
  decoder.finish();
  return data.ids;
}

interface IdsData {
  ids: string[];
}

/** An entry as the file says it: everything that needs no check is already in its place, the IDs are text. */
interface EntryData {
  readonly entry: Entry;
  spiffeId: string;
  parentId: string;
}

const IDS = new GoStruct<IdsData>('entryv1.BatchDeleteEntryRequest', {
  ids: (data, value, place, json) => {
    data.ids = json.list(value, place, '[]string').map((item) => json.string(item, place, ''));
  },
});

const SELECTOR = new GoStruct<{ type: string; value: string }>('common.Selector', {
  type: (selector, value, place, json) => {
    selector.type = json.string(value, place, selector.type);
  },
  value: (selector, value, place, json) => {
    selector.value = json.string(value, place, selector.value);
  },
});

const ATTRIBUTES = new GoStruct<{ disableX509SvidPrefetch: boolean; jwtSvidIncludeJti: boolean }>(
  'common.RegistrationEntry_AdditionalAttributes',
  {
    disable_x509_svid_prefetch: (attributes, value, place, json) => {
      attributes.disableX509SvidPrefetch = json.bool(value, place, attributes.disableX509SvidPrefetch);
    },
    jwt_svid_include_jti: (attributes, value, place, json) => {
      attributes.jwtSvidIncludeJti = json.bool(value, place, attributes.jwtSvidIncludeJti);
    },
  },
);

const ENTRY = new GoStruct<EntryData>('common.RegistrationEntry', {
  selectors: ({ entry }, value, place, json) => {
    entry.selectors = json.list(value, place, '[]*common.Selector').map((item) => {
      const selector = { type: '', value: '' };
      json.object(item, place, SELECTOR, selector);
      return selector;
    });
  },
  parent_id: (data, value, place, json) => {
    data.parentId = json.string(value, place, data.parentId);
  },
  spiffe_id: (data, value, place, json) => {
    data.spiffeId = json.string(value, place, data.spiffeId);
  },
  x509_svid_ttl: ({ entry }, value, place, json) => {
    entry.x509SvidTtl = Number(json.integer(value, place, BigInt(entry.x509SvidTtl), 32));
  },
  federates_with: ({ entry }, value, place, json) => {
    entry.federatesWith = json.list(value, place, '[]string').map((item) => json.string(item, place, ''));
  },
  entry_id: ({ entry }, value, place, json) => {
    entry.id = json.string(value, place, entry.id);
  },
  admin: ({ entry }, value, place, json) => {
    entry.admin = json.bool(value, place, entry.admin);
  },
  downstream: ({ entry }, value, place, json) => {
    entry.downstream = json.bool(value, place, entry.downstream);
  },
  entryExpiry: ({ entry }, value, place, json) => {
    entry.expiresAt = json.integer(value, place, entry.expiresAt, 64);
  },
  dns_names: ({ entry }, value, place, json) => {
    entry.dnsNames = json.list(value, place, '[]string').map((item) => json.string(item, place, ''));
  },
  revision_number: ({ entry }, value, place, json) => {
    entry.revisionNumber = json.integer(value, place, entry.revisionNumber, 64);
  },
  store_svid: ({ entry }, value, place, json) => {
    entry.storeSvid = json.bool(value, place, entry.storeSvid);
  },
  jwt_svid_ttl: ({ entry }, value, place, json) => {
    entry.jwtSvidTtl = Number(json.integer(value, place, BigInt(entry.jwtSvidTtl), 32));
  },
  hint: ({ entry }, value, place, json) => {
    entry.hint = json.string(value, place, entry.hint);
  },
  created_at: ({ entry }, value, place, json) => {
    entry.createdAt = json.integer(value, place, entry.createdAt, 64);
  },
  additional_attributes: ({ entry }, value, place, json) => {
    const attributes = entry.additionalAttributes ?? { disableX509SvidPrefetch: false, jwtSvidIncludeJti: false };
    json.object(value, place, ATTRIBUTES, attributes);
    entry.additionalAttributes = value.kind === 'null' ? undefined : attributes;
  },
});

/** Its only field is read while the text is: see {@link parseEntryData}. */
const ENTRIES = new GoStruct<object>('common.RegistrationEntries', { entries: () => {} });
const ENTRIES_PLACE: JsonPlace = { struct: 'RegistrationEntries', path: 'entries' };
const ENTRIES_TYPE = '[]*common.RegistrationEntry';

function readEntry(node: JsonNode, place: JsonPlace, json: GoJsonDecoder): EntryData | undefined {
  if (node.kind === 'null') return undefined;
  const entry: EntryData = { entry: Entry.create(), spiffeId: '', parentId: '' };
  json.object(node, place, ENTRY, entry);
  return entry;
}

function toEntry(data: EntryData | undefined): Entry {
  if (data === undefined) throw new SpirekitError('invalid-argument', 'missing registration entry');
  return {
    ...data.entry,
    spiffeId: within('invalid SPIFFE ID', () => parseIdFlag(data.spiffeId)),
    parentId: within('invalid parent ID', () => parseIdFlag(data.parentId)),
    federatesWith: data.entry.federatesWith.map((name) =>
      within('invalid federated trust domain', () => TrustDomain.parse(name).name),
    ),
  };
}
