import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findAddressFault } from '../../../src/lib/config/agent/workload-api-address.ts';
import { ConfigError } from '../../../src/lib/config/config-error.ts';
import { ConfigReport } from '../../../src/lib/config/config-report.ts';
import { parseConfigText } from '../../../src/lib/config/hcl/parse.ts';
import { findCertificateFault } from '../../../src/lib/config/plugin-check/certificates.ts';
import { findDataStoreFault } from '../../../src/lib/config/plugin-check/data-store.ts';
import { findTemplateFault } from '../../../src/lib/config/plugin-check/path-template.ts';
import { block } from '../../../src/lib/config/schema/block.ts';
import { parseGoInt } from '../../../src/lib/config/schema/go-int.ts';
import { int, optional, string } from '../../../src/lib/config/schema/scalars.ts';
import { decodeText } from '../../../src/lib/config/schema/schema.ts';
import { parseNanoseconds, parseSeconds, toSeconds } from '../../../src/lib/config/section/duration.ts';
import { findHostFault } from '../../../src/lib/config/section/host.ts';
import { parseKeyType, SERVER_KEY_TYPES } from '../../../src/lib/config/section/key-type.ts';
import { checkCount, findCountFault } from '../../../src/lib/config/section/plugin-count.ts';
import { resolvePlugins } from '../../../src/lib/config/section/plugins.ts';
import { resolveTrustDomain } from '../../../src/lib/config/section/trust-domain.ts';
import { checkTrustedCidrs } from '../../../src/lib/config/server/cidr.ts';
import { decodeOneProfile } from '../../../src/lib/config/server/endpoint-profile.ts';
import { checkFederation } from '../../../src/lib/config/server/federation.ts';
import { resolveIssuance } from '../../../src/lib/config/server/issuance.ts';
import { serverFileSchema } from '../../../src/lib/config/server/server-schema.ts';
import { pemEncode } from '../../../src/lib/crypto/pem.ts';
import { formatGoDuration } from '../../../src/lib/runtime/go-duration.ts';

const reportOn = (text = ''): ConfigReport =>
  new ConfigReport({ file: 'server.conf', cwd: '/', root: parseConfigText(text).root });
const describeDuration = (reason: string): string => `could not parse ttl: ${reason}`;
const text = fc.string({ unit: 'grapheme' });
const ip = fc.oneof(fc.ipV4(), fc.ipV6());

/** What a check said, as a code; undefined if it found nothing. */
function refusalOf(check: () => unknown): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.code;
  }
}

describe('values of a configuration', () => {
  it('durations are those of Go, in nanoseconds and in seconds', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (nanoseconds) => {
        const written = formatGoDuration(nanoseconds);
        expect(parseNanoseconds(written, reportOn(), [], describeDuration)).toBe(nanoseconds);
        expect(parseSeconds(written, reportOn(), [], describeDuration)).toBe(toSeconds(nanoseconds));
        expect(toSeconds(nanoseconds)).toBeCloseTo(Number(nanoseconds) / 1e9, 3);
      }),
    );
  });

  it('other texts are refused as durations with the reason and the place', () => {
    fc.assert(
      fc.property(text, (given) => {
        fc.pre(!/^[-+]?[0-9.]/.test(given));
        const refusal = { code: 'invalid-config', message: expect.stringContaining('could not parse ttl: time:') };
        expect(() => parseSeconds(given, reportOn(), ['server', 'ca_ttl'], describeDuration)).toThrow(
          expect.objectContaining(refusal),
        );
      }),
    );
  });

  it('key types are read in any case, and nothing else is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.constantFrom(...SERVER_KEY_TYPES), text), fc.boolean(), (given, isUpper) => {
        const written = isUpper ? given.toUpperCase() : given;
        const known = SERVER_KEY_TYPES.find((type) => type === written.toLowerCase());
        expect(refusalOf(() => expect(parseKeyType(written, SERVER_KEY_TYPES)).toBe(known))).toBe(
          known === undefined ? 'invalid-config' : undefined,
        );
      }),
    );
  });

  it('integers are those of Go, and of a decimal text its own value', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        expect(parseGoInt(String(value))).toBe(value === 0 ? 0 : value);
        expect(parseGoInt(`${value < 0 ? '-' : ''}0x${Math.abs(value).toString(16)}`)).toBe(value === 0 ? 0 : value);
        expect(decodeText(block({ n: int() }), `n = ${value}`).n).toBe(value);
      }),
    );
  });

  it('networks are an IP address and as many bits as it has at most', () => {
    fc.assert(
      fc.property(fc.oneof(ip, text), fc.integer({ min: 0, max: 200 }), (address, bits) => {
        const most = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
        const isWrong = bits > most || address.includes('%');
        expect(refusalOf(() => checkTrustedCidrs([`${address}/${bits}`], reportOn()))).toBe(
          isWrong ? 'invalid-config' : undefined,
        );
      }),
    );
  });

  it('any IP address is a host; numbers that only the C library takes for one are none', async () => {
    await fc.assert(
      fc.asyncProperty(ip, fc.nat(), async (address, number) => {
        expect(await findHostFault(address)).toBeUndefined();
        expect(await findHostFault(`0x${number.toString(16)}`)).toContain('no such host');
        expect(await findHostFault(String(number))).toContain('no such host');
      }),
    );
  });

  it('an address of a Workload API is a path behind unix: or an IP address with a port behind tcp:', () => {
    fc.assert(
      fc.property(
        ip,
        fc.integer({ min: 1, max: 65_535 }),
        fc.stringMatching(/^[a-z0-9/._-]{1,20}$/),
        (host, port, path) => {
          const written = host.includes(':') ? `[${host}]` : host;
          expect(findAddressFault(`tcp://${written}:${port}`)).toBeUndefined();
          expect(findAddressFault(`tcp://${written}`)).toMatch(/include a port/);
          expect(findAddressFault(`unix:///${path}`)).toBeUndefined();
          expect(findAddressFault(`unix:///${path}?x`)).toMatch(/query/);
          expect(findAddressFault(`http://${path}`)).toMatch(/scheme/);
        },
      ),
    );
  });

  it('a count of plugins lies within its limits or is told', () => {
    const limits = fc.tuple(fc.nat(3), fc.nat(3)).map(([min, more]) => ({ min, max: min + more }));
    fc.assert(
      fc.property(limits, fc.nat(8), (wanted, count) => {
        const isRight = count >= wanted.min && count <= wanted.max;
        expect(findCountFault(wanted, count) === undefined).toBe(isRight);
        expect(refusalOf(() => checkCount('KeyManager', wanted, count))).toBe(isRight ? undefined : 'invalid-config');
      }),
    );
  });

  it('a template of paths closes what it opens', () => {
    const literal = fc.stringMatching(/^[a-z/]{0,8}$/);
    const action = fc.stringMatching(/^\.[A-Za-z]{1,8}$/);
    fc.assert(
      fc.property(literal, fc.array(fc.tuple(action, literal)), (start, parts) => {
        const template = start + parts.map(([name, rest]) => `{{ ${name} }}${rest}`).join('');
        expect(findTemplateFault(template)).toBeUndefined();
        expect(findTemplateFault(`${template}{{ .x`)).toBe('template: unclosed action');
        expect(findTemplateFault(`${template}{{}}`)).toBe('template: missing value for command');
      }),
    );
  });

  it('a data store names its database and how to reach it', () => {
    const word = fc.stringMatching(/^[a-z0-9]{1,10}$/);
    fc.assert(
      fc.property(word, word, (database, connection) => {
        fc.pre(database !== 'mysql');
        expect(
          findDataStoreFault(`database_type = "${database}"\nconnection_string = "${connection}"`),
        ).toBeUndefined();
        expect(findDataStoreFault(`database_type = "${database}"`)).toMatch(/connection_string must be set/);
        expect(findDataStoreFault(`database_type = "mysql"\nconnection_string = "${connection}"`)).toMatch(/parseTime/);
        expect(findDataStoreFault(`database_type "${database}" {}`)).toMatch(/unknown database type/);
      }),
    );
  });

  it('a file of certificates that holds anything else has a fault', async () => {
    const context = (bytes: Uint8Array) => ({ readFile: async () => bytes, env: {} });
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1 }), async (bytes) => {
        expect(await findCertificateFault('x', context(bytes))).toBeTypeOf('string');
        expect(await findCertificateFault('x', context(Buffer.from(pemEncode('CERTIFICATE', bytes))))).toBeTypeOf(
          'string',
        );
      }),
    );
  });

  it('one profile of a bundle endpoint is decoded, and none or two are refused', () => {
    const schema = block({ https_web: optional(block({})), https_spiffe: optional(block({ id: string() })) });
    const id = fc.stringMatching(/^[a-z:/]{1,20}$/);
    fc.assert(
      fc.property(id, fc.nat(3), (given, count) => {
        const profiles = `https_spiffe { id = "${given}" }\n`.repeat(count);
        const tree = parseConfigText(profiles).root;
        const refusal = refusalOf(() => expect(decodeOneProfile(schema, tree).https_spiffe?.id).toBe(given));
        expect(refusal).toBe(count === 1 ? undefined : 'invalid-config');
      }),
    );
  });

  it('bundles of others come by https only', () => {
    const scheme = fc.constantFrom('https://', 'HTTPS://', 'http://', 'file://', '');
    fc.assert(
      fc.property(scheme, fc.stringMatching(/^[a-z.]{1,20}$/), (start, rest) => {
        const config = `server { federation { federates_with "a" { bundle_endpoint_url = "${start}${rest}" } } }`;
        const { federation } = decodeText(serverFileSchema, config).server;
        if (federation === undefined) throw new Error('no federation');
        const isSafe = start.toLowerCase() === 'https://';
        expect(refusalOf(() => checkFederation(federation, reportOn(config)))).toBe(
          isSafe ? undefined : 'invalid-config',
        );
      }),
    );
  });

  it('a trust domain is a name or that of an ID', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9.-]{1,20}$/), text, (name, other) => {
        const path = ['server', 'trust_domain'];
        expect(resolveTrustDomain(name, reportOn(), path).name).toBe(name);
        expect(resolveTrustDomain(`spiffe://${name}/a`, reportOn(), path).name).toBe(name);
        fc.pre(!/^[a-z0-9._-]+$/.test(other) && !other.includes('/'));
        expect(refusalOf(() => resolveTrustDomain(other, reportOn(), path))).toBe('invalid-config');
      }),
    );
  });

  it('lifetimes are those that are written, and the usual ones where none is', () => {
    const seconds = fc.integer({ min: 1, max: 10 ** 8 });
    fc.assert(
      fc.property(seconds, seconds, fc.option(seconds, { nil: undefined }), (ca, x509, agent) => {
        const config = `server { ca_ttl = "${ca}s" default_x509_svid_ttl = "${x509}s" ${agent === undefined ? '' : `agent_ttl = "${agent}s"`} }`;
        const { server } = decodeText(serverFileSchema, config);
        expect(resolveIssuance(server, reportOn(config))).toMatchObject({
          caTtlSeconds: ca,
          defaultX509SvidTtlSeconds: x509,
          defaultJwtSvidTtlSeconds: 300,
          agentTtlSeconds: agent ?? x509,
        });
      }),
    );
  });

  it('plugins keep their order, their names and their data, and none comes twice', () => {
    const word = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_]{0,8}$/);
    const key = fc.tuple(word, word).filter((names) => !names.some((name) => /^(true|false)$/.test(name)));
    fc.assert(
      fc.property(
        fc.uniqueArray(key, { selector: ([type, name]) => `${type}/${name}`.toLowerCase(), maxLength: 4 }),
        word,
        (keys, value) => {
          const items = keys.map(([type, name]) => `${type} "${name}" { plugin_data { key = "${value}" } }\n`);
          const root = parseConfigText(items.join('')).root;
          const plugins = resolvePlugins(root, reportOn());
          expect(plugins.map(({ type, name }) => [type, name])).toEqual(keys);
          for (const { data } of plugins) expect(data).toEqual({ kind: 'fixed', hcl: `key = "${value}"\n` });
          const twice = parseConfigText([...items, ...items].join('')).root;
          expect(refusalOf(() => resolvePlugins(twice, reportOn()))).toBe(
            keys.length === 0 ? undefined : 'invalid-config',
          );
        },
      ),
    );
  });
});
