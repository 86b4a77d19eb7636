import { formatEntryLine } from '../../desiredentries/entry-writing.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import { formatBundleDocument } from '../../spiffe/bundle.ts';
import { TrustDomain } from '../../spiffe/trust-domain.ts';
import type { Bundle } from '../../wire/gen/spire/api/types/bundle.ts';
import type { FederationRelationship } from '../../wire/gen/spire/api/types/federationrelationship.ts';
import { fromWireBundle, parseBundleData } from '../bundle-data.ts';
import { parseEntryData } from '../entry-data.ts';
import { within } from '../error-context.ts';
import { parseFederationData } from '../federation-data.ts';
import { type JsonNode, parseGoJson } from '../go-json.ts';
import { GoJsonDecoder, GoStruct, JSON_ROOT } from '../go-json-decode.ts';
import { goJsonText } from '../go-json-text.ts';
import type { ServerContents } from './server-contents.ts';

/**
 * Writes what a server holds as JSON. Entries and relationships stand there as `entry create -data` and `federation create
 * -data` read them, bundles as SPIFFE bundle documents; each entry has a line of its own.
 *
 * @throws SpirekitError `invalid-certificate`, `invalid-key` for a bundle that cannot be read
 */
export function formatContents(contents: ServerContents): string {
  const bundles = contents.bundles.map((bundle) =>
    within(`bundle of ${bundle.trustDomain}`, () => {
      // Its numbers have 64 bits, which JavaScript's own reader of JSON rounds.
      const document = goJsonText(parseGoJson(Buffer.from(formatBundleDocument(fromWireBundle(bundle)))));
      return `{"trust_domain":${JSON.stringify(bundle.trustDomain)},"bundle":${document}}`;
    }),
  );
  const parts = {
    trust_domain: JSON.stringify(contents.trustDomain),
    bundles: lines(bundles),
    federationRelationships: lines(contents.relationships.map((each) => JSON.stringify(relationshipData(each)))),
    entries: lines(contents.entries.map(formatEntryLine)),
  };
  const members = Object.entries(parts).map(([key, value]) => `  ${JSON.stringify(key)}: ${value}`);
  return `{\n${members.join(',\n')}\n}\n`;
}

/**
 * Reads what {@link formatContents} writes.
 *
 * @throws SpirekitError `invalid-encoding`, `invalid-argument`, `invalid-trust-domain` and what its parts are refused with
 */
export function parseContents(bytes: Uint8Array): ServerContents {
  const decoder = new GoJsonDecoder();
  const file: FileData = { trustDomain: '', bundles: [] };
  decoder.object(parseGoJson(bytes), JSON_ROOT, FILE, file);
  decoder.finish();
  if (file.trustDomain === '') {
    throw new SpirekitError('invalid-argument', 'no trust_domain: this is no file that `server export` wrote');
  }
  return {
    trustDomain: TrustDomain.parse(file.trustDomain).name,
    bundles: file.bundles.map(({ trustDomain, bundle }) =>
      within(`bundle of ${JSON.stringify(trustDomain)}`, () => parseBundle(trustDomain, bundle)),
    ),
    relationships: parseFederationData(bytes),
    entries: parseEntryData(bytes),
  };
}

interface FileData {
  trustDomain: string;
  bundles: BundleData[];
}

interface BundleData {
  trustDomain: string;
  bundle: JsonNode | undefined;
}

const BUNDLE = new GoStruct<BundleData>('bundle', {
  trust_domain: (data, value, place, json) => {
    data.trustDomain = json.string(value, place, data.trustDomain);
  },
  bundle: (data, value) => {
    data.bundle = value;
  },
});

const FILE = new GoStruct<FileData>('contents', {
  trust_domain: (data, value, place, json) => {
    data.trustDomain = json.string(value, place, data.trustDomain);
  },
  bundles: (data, value, place, json) => {
    data.bundles = json.list(value, place, '[]bundle').map((item) => {
      const bundle: BundleData = { trustDomain: '', bundle: undefined };
      json.object(item, place, BUNDLE, bundle);
      return bundle;
    });
  },
});

function parseBundle(trustDomain: string, node: JsonNode | undefined): Bundle {
  if (node === undefined) throw new SpirekitError('invalid-argument', 'it is missing');
  return parseBundleData(Buffer.from(goJsonText(node)), 'spiffe', trustDomain);
}

function lines(texts: readonly string[]): string {
  return texts.length === 0 ? '[]' : `[\n${texts.map((text) => `    ${text}`).join(',\n')}\n  ]`;
}

function relationshipData({ trustDomain, bundleEndpointUrl, bundleEndpointProfile }: FederationRelationship) {
  return {
    trustDomain,
    bundleEndpointURL: bundleEndpointUrl,
    ...(bundleEndpointProfile?.$case === 'httpsSpiffe'
      ? {
          bundleEndpointProfile: 'https_spiffe',
          endpointSPIFFEID: bundleEndpointProfile.value.endpointSpiffeId,
        }
      : { bundleEndpointProfile: 'https_web' }),
  };
}
