import type { KeyType } from '../../crypto/key.ts';
import { goQuote } from '../../runtime/go-quote.ts';
import type { ConfigReport } from '../config-report.ts';
import { parseNanoseconds, toSeconds } from '../section/duration.ts';
import { parseKeyType, SERVER_KEY_TYPES } from '../section/key-type.ts';
import type { CaSubject, ServerConfig } from './server-config.ts';
import type { RawServer } from './server-schema.ts';
import { noteShortenedLifetimes } from './ttl-check.ts';

/** What the server issues, for how long, and with which keys. */
export type IssuanceConfig = Pick<
  ServerConfig,
  | 'caKeyType'
  | 'caTtlSeconds'
  | 'caSubject'
  | 'defaultX509SvidTtlSeconds'
  | 'defaultJwtSvidTtlSeconds'
  | 'agentTtlSeconds'
  | 'jwtIssuer'
  | 'jwtKeyType'
  | 'disableJwtSvids'
>;

const DEFAULT_CA_SUBJECT: CaSubject = { country: ['US'], organization: ['SPIFFE'], commonName: '' };

/** Resolves lifetimes, key types, subject and issuer, and warns of lifetimes that do not go together. */
export function resolveIssuance(server: RawServer, report: ConfigReport): IssuanceConfig & { witKeyType: KeyType } {
  const parse = (key: keyof RawServer & string, text: string, name: string): bigint =>
    parseNanoseconds(text, report, ['server', key], (reason) => `could not parse ${name} ${goQuote(text)}: ${reason}`);
  const agentTtl = server.agent_ttl === '' ? 0n : parse('agent_ttl', server.agent_ttl, 'agent ttl');
  const x509Ttl = parse('default_x509_svid_ttl', server.default_x509_svid_ttl || '1h', 'default X509 SVID ttl');
  const jwtTtl = parse('default_jwt_svid_ttl', server.default_jwt_svid_ttl || '5m', 'default JWT SVID ttl');
  const caTtl = parse('ca_ttl', server.ca_ttl, 'default CA ttl');
  const svidTtls = { default_x509_svid_ttl: x509Ttl, default_jwt_svid_ttl: jwtTtl };
  noteShortenedLifetimes(
    { caTtl, svidTtls: agentTtl === 0n ? svidTtls : { ...svidTtls, agent_ttl: agentTtl } },
    report,
  );
  const defaultX509SvidTtlSeconds = toSeconds(x509Ttl) || 3600;
  return {
    agentTtlSeconds: toSeconds(agentTtl) || defaultX509SvidTtlSeconds,
    defaultX509SvidTtlSeconds,
    defaultJwtSvidTtlSeconds: toSeconds(jwtTtl) || 300,
    caTtlSeconds: toSeconds(caTtl) || 24 * 3600,
    ...resolveKeyTypes(server, report),
    jwtIssuer: server.jwt_issuer === '' ? undefined : server.jwt_issuer,
    disableJwtSvids: server.disable_jwt_svids,
    caSubject: resolveCaSubject(server.ca_subject, report),
  };
}

/** The CA's key type is the default of the others. */
function resolveKeyTypes(server: RawServer, report: ConfigReport) {
  const parse = (text: string, fallback: KeyType, ...path: [...string[], string]): KeyType =>
    text === ''
      ? fallback
      : report.attempt(
          () => parseKeyType(text, SERVER_KEY_TYPES),
          (reason) => `error parsing ${path.at(-1)}: ${reason}`,
          ['server', ...path],
        );
  const caKeyType = parse(server.ca_key_type, 'ec-p256', 'ca_key_type');
  return {
    caKeyType,
    jwtKeyType: parse(server.jwt_key_type, caKeyType, 'jwt_key_type'),
    witKeyType: parse(server.experimental.wit_key_type, caKeyType, 'experimental', 'wit_key_type'),
  };
}

function resolveCaSubject(raw: RawServer['ca_subject'], report: ConfigReport): CaSubject {
  if (raw === undefined) return DEFAULT_CA_SUBJECT;
  if (raw.country.length > 0 || raw.organization.length > 0 || raw.common_name !== '') {
    return { country: raw.country, organization: raw.organization, commonName: raw.common_name };
  }
  report.note('warning', 'ca_subject configurable is set but empty; the default will be used');
  return DEFAULT_CA_SUBJECT;
}
