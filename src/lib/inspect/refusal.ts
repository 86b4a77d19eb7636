import type { Finding, SpkCode } from '../findings/finding.ts';
import type { SpirekitError } from '../runtime/errors.ts';
import { type RuleId, ruleLabel } from './rules.ts';
import { EMPTY_SOURCE } from './source.ts';

/** What a refusal is about, which decides between rules that read alike. */
export type RefusalArea = 'x509' | 'token' | 'bundle';

interface Reason {
  /** Of the sentence with which this package's readers and verifiers refuse. */
  readonly says: RegExp;
  readonly code: SpkCode;
  readonly rule: RuleId;
  readonly remedy?: string;
}

const RENEW = 'Fetch it anew; if it stays old, look at the agent: `spirekit svid inspect workload:`.';
const CLOCKS = 'Compare the clocks of this machine and of the issuer.';

/** SPIFFE IDs, wherever they stand: the first that fits counts. */
const ID_REASONS: readonly Reason[] = [
  { says: /scheme is missing or invalid|cannot be empty/, code: 'SPK-3006', rule: 'ID-01' },
  { says: /trust domain is missing/, code: 'SPK-3006', rule: 'ID-02' },
  { says: /trust domain characters are limited/, code: 'SPK-3006', rule: 'ID-05' },
  { says: /trust domain is longer/, code: 'SPK-3006', rule: 'ID-13' },
  { says: /dot segments|empty segments|trailing slash/, code: 'SPK-3006', rule: 'ID-09' },
  { says: /path segment characters are limited/, code: 'SPK-3006', rule: 'ID-10' },
  { says: /SPIFFE ID is longer/, code: 'SPK-3006', rule: 'ID-11' },
];

const X509_REASONS: readonly Reason[] = [
  { says: /more than one URI SAN/, code: 'SPK-3005', rule: 'XS-02' },
  { says: /no URI SAN/, code: 'SPK-3005', rule: 'XS-01' },
  { says: /non-root path/, code: 'SPK-3007', rule: 'XS-04' },
  { says: /leaf certificate must not have CA flag/, code: 'SPK-3007', rule: 'XS-10' },
  { says: /leaf certificate must not have '(?:keyCertSign|cRLSign)'/, code: 'SPK-3007', rule: 'XS-16' },
  { says: /'digitalSignature'/, code: 'SPK-3008', rule: 'XS-15' },
  { says: /signing certificate must have CA flag/, code: 'SPK-3004', rule: 'XS-10' },
  { says: /signing certificate must have 'keyCertSign'/, code: 'SPK-3004', rule: 'XS-14' },
  {
    says: /private key/i,
    code: 'SPK-3009',
    rule: 'WA-17',
    remedy: 'The key has to be unencrypted PKCS#8 and that of the leaf.',
  },
  {
    says: /no X\.509 bundle/,
    code: 'SPK-3010',
    rule: 'WA-14',
    remedy: 'Give the bundle of that trust domain, too: `--bundle TRUST-DOMAIN=SOURCE`.',
  },
  { says: /not authorized to sign for this name/, code: 'SPK-3004', rule: 'XS-12' },
  { says: /issuer is not a CA/, code: 'SPK-3004', rule: 'XS-10' },
  { says: /issuer may not sign certificates/, code: 'SPK-3004', rule: 'XS-14' },
  {
    says: /path length|unhandled critical|policy constraints|RSA key of|too many certificates/,
    code: 'SPK-3004',
    rule: 'XS-19',
  },
  { says: /^certificate has expired/, code: 'SPK-3002', rule: 'XS-19', remedy: RENEW },
  { says: /^certificate is not yet valid/, code: 'SPK-3003', rule: 'XS-19', remedy: CLOCKS },
  {
    says: /signed by unknown authority/,
    code: 'SPK-3011',
    rule: 'XS-19',
    remedy: "Compare the key identifiers; take today's bundle if the authority has rotated.",
  },
  { says: /malformed public key|unsupported/, code: 'SPK-3004', rule: 'XS-19' },
];

const TOKEN_REASONS: readonly Reason[] = [
  { says: /unexpected signature algorithm/, code: 'SPK-3021', rule: 'JS-04' },
  { says: /unsupported header/, code: 'SPK-3022', rule: 'JS-02' },
  { says: /header type/, code: 'SPK-3022', rule: 'JS-06' },
  { says: /key ?id/i, code: 'SPK-3022', rule: 'JS-05' },
  { says: /subject claim|claim "sub"/, code: 'SPK-3023', rule: 'JS-07' },
  { says: /missing exp|NumericDate/, code: 'SPK-3023', rule: 'JS-11' },
  { says: /^claim "/, code: 'SPK-3023', rule: 'JS-13' },
  {
    says: /expected audience|unmarshal to Audience/,
    code: 'SPK-3024',
    rule: 'JS-09',
    remedy: 'Ask for a token of the audience that the validator goes by: `spirekit api fetch jwt --audience NAME`.',
  },
  {
    says: /has expired/,
    code: 'SPK-3002',
    rule: 'JS-13',
    remedy: 'Fetch a new one: `spirekit api fetch jwt --audience NAME`.',
  },
  { says: /not valid yet|issued in the future/, code: 'SPK-3003', rule: 'JS-13', remedy: CLOCKS },
  {
    says: /no keys found for trust domain/,
    code: 'SPK-3010',
    rule: 'WA-39',
    remedy: 'Give the bundle of that trust domain, too: `--bundle TRUST-DOMAIN=SOURCE`.',
  },
  {
    says: /public key .* not found/,
    code: 'SPK-3025',
    rule: 'JS-17',
    remedy: "Take today's bundle if the key has rotated; the token may also be of another trust domain.",
  },
  { says: /cryptographic primitive/, code: 'SPK-3026', rule: 'JS-17' },
];

const BUNDLE_REASONS: readonly Reason[] = [
  { says: /keyID cannot be empty|kid is not/, code: 'SPK-3031', rule: 'JS-16' },
  { says: /no authorities found|keys is not an array|JWKS is not an object/, code: 'SPK-3031', rule: 'TB-07' },
  { says: /spiffe_refresh_hint/, code: 'SPK-3031', rule: 'TB-06' },
  { says: /spiffe_sequence/, code: 'SPK-3031', rule: 'TB-03' },
  { says: /no kty/, code: 'SPK-3031', rule: 'TB-10' },
  { says: /use is not/, code: 'SPK-3031', rule: 'TB-11' },
  { says: /x5c|malformed certificate|x5t/, code: 'SPK-3031', rule: 'XS-24' },
];

const REASONS: Readonly<
  Record<RefusalArea, { readonly reasons: readonly Reason[]; readonly otherwise: Omit<Reason, 'says'> }>
> = {
  x509: { reasons: [...X509_REASONS, ...ID_REASONS], otherwise: { code: 'SPK-3001', rule: 'XS-19' } },
  // Within a claim the claim's own rule says more than that for IDs.
  token: { reasons: TOKEN_REASONS, otherwise: { code: 'SPK-3020', rule: 'JS-14' } },
  bundle: { reasons: BUNDLE_REASONS, otherwise: { code: 'SPK-3031', rule: 'TB-07' } },
};

/** A refusal by this package's own readers and verifiers as a finding, with the rule of the standards that it rests on. */
export function findingOfRefusal(
  subject: string,
  error: SpirekitError,
  area: RefusalArea,
  evidence: readonly string[] = [],
): Finding {
  const { reasons, otherwise } = REASONS[area];
  const { code, rule, remedy } = reasons.find(({ says }) => says.test(error.message)) ?? {
    ...otherwise,
    remedy: undefined,
  };
  return {
    code,
    severity: 'error',
    subject,
    message: plainly(error.message),
    rule: ruleLabel(rule),
    ...(evidence.length === 0 ? {} : { evidence }),
    ...(remedy === undefined ? {} : { remedy }),
  };
}

/** The rule that a SPIFFE ID, trust domain or endpoint address breaks; undefined for errors about other things. */
export function findRuleOfWord(error: SpirekitError): RuleId | undefined {
  switch (error.code) {
    case 'invalid-spiffe-id':
    case 'invalid-trust-domain':
      return ID_REASONS.find(({ says }) => says.test(error.message))?.rule ?? 'ID-01';
    case 'invalid-argument':
      return findEndpointRule(error.message);
    default:
      return undefined;
  }
}

function findEndpointRule(message: string): RuleId | undefined {
  if (message === EMPTY_SOURCE) return 'WE-09';
  if (!message.startsWith('workload endpoint ')) return undefined;
  if (/"tcp" or "unix" scheme|not a valid URI/.test(message)) return 'WE-09';
  if (/unix socket URI must not include an authority/.test(message)) return 'WE-10';
  return message.startsWith('workload endpoint tcp') ? 'WE-12' : 'WE-11';
}

/** The sentence without the names of the libraries whose words SPIRE passes on. */
function plainly(message: string): string {
  return message
    .replaceAll(/go-jose\/go-jose(?:\/jwt)?: /g, '')
    .replace('error in cryptographic primitive', 'the signature is not by the key that it names');
}
