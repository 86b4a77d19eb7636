import { SpirekitError } from '../runtime/errors.ts';
import { goQuote } from '../runtime/go-quote.ts';
import type { Bundle } from '../wire/gen/spire/api/types/bundle.ts';
import type { FederationRelationship } from '../wire/gen/spire/api/types/federationrelationship.ts';
import { parseBundleData } from './bundle-data.ts';
import { within } from './error-context.ts';
import { checkFederationFields, type FederationFields } from './federation-fields.ts';
import { type JsonNode, parseGoJson } from './go-json.ts';
import { GoJsonDecoder, GoStruct, JSON_ROOT } from './go-json-decode.ts';
import { goJsonText } from './go-json-text.ts';

/**
 * Reads the text of `federation create -data` and `federation update -data`: `{"federationRelationships":
 * [{"trustDomain": ..., "bundleEndpointURL": ..., "bundleEndpointProfile": ..., "endpointSPIFFEID": ...,
 * "trustDomainBundle": ..., "trustDomainBundleFormat": "pem" or "spiffe"}]}`, where a bundle is PEM in a string or a
 * bundle document as it is.
 *
 * @throws SpirekitError `invalid-encoding` (no JSON, no PEM), `invalid-argument` (a value of the wrong type, an unknown
 *   profile or format), `usage` (something is missing), `invalid-spiffe-id`, `invalid-certificate`, `invalid-bundle`;
 *   all with the texts of SPIRE's server CLI
 */
export function parseFederationData(bytes: Uint8Array): FederationRelationship[] {
  return within('failed to parse JSON', () => decode(bytes)).map((item, index) =>
    within(`could not parse item ${index}`, () => toRelationship(item)),
  );
}

interface FileData {
  relationships: (ItemData | undefined)[];
}

interface ItemData extends FederationFields {
  /** `null` in the file is a bundle too, one that cannot be read. */
  bundle: JsonNode | undefined;
  bundleFormat: string;
}

const ITEM = new GoStruct<ItemData>('federation.federationRelationshipConfig', {
  trustDomain: (item, value, place, json) => {
    item.trustDomain = json.string(value, place, item.trustDomain);
  },
  bundleEndpointURL: (item, value, place, json) => {
    item.bundleEndpointUrl = json.string(value, place, item.bundleEndpointUrl);
  },
  bundleEndpointProfile: (item, value, place, json) => {
    item.bundleEndpointProfile = json.string(value, place, item.bundleEndpointProfile);
  },
  endpointSPIFFEID: (item, value, place, json) => {
    item.endpointSpiffeId = json.string(value, place, item.endpointSpiffeId);
  },
  trustDomainBundle: (item, value) => {
    item.bundle = value;
  },
  trustDomainBundleFormat: (item, value, place, json) => {
    item.bundleFormat = json.string(value, place, item.bundleFormat);
  },
});

const FILE = new GoStruct<FileData>('federation.federationRelationships', {
  federationRelationships: (data, value, place, json) => {
    const items = json.list(value, place, '[]*federation.federationRelationshipConfig');
    data.relationships = items.map((node) => {
      if (node.kind === 'null') return undefined;
      const item = emptyItem();
      json.object(node, place, ITEM, item);
      return item;
    });
  },
});

function decode(bytes: Uint8Array): FileData['relationships'] {
  const decoder = new GoJsonDecoder();
  const data: FileData = { relationships: [] };
  decoder.object(parseGoJson(bytes), JSON_ROOT, FILE, data);
  decoder.finish();
  return data.relationships;
}

function emptyItem(): ItemData {
  return {
    trustDomain: '',
    bundleEndpointUrl: '',
    bundleEndpointProfile: '',
    endpointSpiffeId: '',
    bundle: undefined,
    bundleFormat: '',
  };
}

/** SPIRE's CLI crashes on `null` in the list; we refuse it. */
function toRelationship(item: ItemData | undefined): FederationRelationship {
  if (item === undefined) throw new SpirekitError('invalid-argument', 'missing federation relationship');
  const { relationship, bundleTrustDomain } = checkFederationFields(item);
  const { bundle, bundleFormat } = item;
  if (bundle !== undefined) {
    relationship.trustDomainBundle = within('cannot parse bundle raw message', () =>
      parseEmbeddedBundle(bundle, bundleFormat, bundleTrustDomain),
    );
  }
  return relationship;
}

function parseEmbeddedBundle(node: JsonNode, format: string, trustDomain: string): Bundle {
  switch (format) {
    case 'pem':
      return parseBundleData(Buffer.from(parsePemText(node)), 'pem', trustDomain);
    case 'spiffe':
      return parseBundleData(Buffer.from(goJsonText(node)), 'spiffe', trustDomain);
    default:
      throw new SpirekitError('invalid-argument', `bundle format ${goQuote(format)} is unsupported`);
  }
}

function parsePemText(node: JsonNode): string {
  const decoder = new GoJsonDecoder();
  const text = decoder.string(node, JSON_ROOT, '');
  within('failed to unmarshal json', () => decoder.finish());
  return text;
}
