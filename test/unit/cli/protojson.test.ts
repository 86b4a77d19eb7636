import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonText, protoFieldName, protoJson, spacedJsonText, structJson } from '../../../src/lib/cli/protojson.ts';
import { LogLevel } from '../../../src/lib/wire/gen/spire/api/types/logger.ts';

/** What the generator makes of a proto field name. */
const camelCase = (name: string): string => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

describe('protoJson', () => {
  it('writes bytes in base64, 64-bit integers as strings and field names as in the proto', () => {
    const message = { x509SvidTtl: 600, x509Svid: Uint8Array.of(1, 2, 255), expiresAt: 2n ** 63n - 1n, admin: false };
    expect(protoJson(message)).toEqual({
      admin: false,
      expires_at: '9223372036854775807',
      x509_svid: 'AQL/',
      x509_svid_ttl: 600,
    });
  });

  it('leaves absent messages out and writes empty lists, strings and zeros', () => {
    expect(protoJson({ id: undefined, list: [], text: '', count: 0, entry: null })).toEqual({
      count: 0,
      list: [],
      text: '',
    });
  });

  it('names enum values, one or many, and writes numbers that have no name', () => {
    const hints = { enums: { level: LogLevel } };
    expect(protoJson({ level: LogLevel.WARN }, hints)).toEqual({ level: 'WARN' });
    expect(protoJson({ level: [LogLevel.WARN, 77] }, hints)).toEqual({ level: ['WARN', 77] });
  });

  it('puts the chosen field of a oneof under its own name', () => {
    const message = { bundleEndpointProfile: { $case: 'httpsSpiffe', value: { endpointSpiffeId: 'spiffe://a/b' } } };
    expect(protoJson(message)).toEqual({ https_spiffe: { endpoint_spiffe_id: 'spiffe://a/b' } });
  });

  it('keeps the keys of maps, and turns the fields of messages in them', () => {
    const message = { bundles: { 'spiffe://Td': { refreshHint: 1n } }, byCamelKey: { aB: Uint8Array.of(0) } };
    expect(protoJson(message, { maps: ['bundles', 'byCamelKey'] })).toEqual({
      bundles: { 'spiffe://Td': { refresh_hint: '1' } },
      by_camel_key: { aB: 'AA==' },
    });
  });

  it('keeps the keys of structs at every depth', () => {
    const claims = { camelCase: { innerKey: [1.5, { mostInner: true }] } };
    expect(protoJson({ claims }, { structs: ['claims'] })).toEqual({ claims });
    expect(structJson(claims)).toEqual(claims);
  });

  it('refuses what no message holds', () => {
    expect(() => protoJson({ field: () => undefined })).toThrow(expect.objectContaining({ code: 'internal' }));
  });

  it('finds the proto name of every field the generator renames', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z][a-z0-9]*(_[a-z][a-z0-9]*){0,4}$/), (name) => {
        expect(protoFieldName(camelCase(name))).toBe(name);
      }),
    );
  });

  it('gives data that JSON holds as it is, with sorted keys', () => {
    const bytes = fc.uint8Array().map((array) => Uint8Array.from(array));
    const leaf = fc.oneof(fc.string(), fc.boolean(), fc.integer(), fc.bigInt(), bytes);
    const tree = fc.letrec((tie) => ({
      node: fc.oneof(leaf, fc.array(tie('node')), fc.dictionary(fc.stringMatching(/^[a-z][A-Za-z]*$/), tie('node'))),
    })).node;
    fc.assert(
      fc.property(tree, (message) => {
        const json = protoJson(message);
        expect(JSON.parse(jsonText(json))).toEqual(json);
        expect(jsonText(sorted(json))).toBe(jsonText(json));
      }),
    );
  });
});

function sorted(value: ReturnType<typeof protoJson>): ReturnType<typeof protoJson> {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, field]) => [key, sorted(field)]));
}

describe('jsonText', () => {
  it('escapes what Go escapes', () => {
    expect(jsonText({ a: '<b>&\u2028"\n' })).toBe('{"a":"\\u003cb\\u003e\\u0026\\u2028\\"\\n"}');
  });
});

describe('spacedJsonText', () => {
  it('puts a blank after commas and nowhere else', () => {
    expect(spacedJsonText({ aud: ['a', 'b'], exp: 1 })).toBe('{"aud":["a", "b"], "exp":1}');
  });

  it('is the same JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const plain: unknown = JSON.parse(JSON.stringify(value));
        expect(JSON.parse(spacedJsonText(structJson({ plain })))).toEqual(JSON.parse(jsonText(structJson({ plain }))));
      }),
    );
  });
});
