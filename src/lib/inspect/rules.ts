/**
 * The rules of the SPIFFE standards that findings point at, by the project's own numbers: what each demands, in our words,
 * how strictly, and in which section of which standard it stands.
 */
export interface Rule {
  readonly level: 'MUST' | 'MUST NOT' | 'SHOULD' | 'SHOULD NOT' | 'MAY' | 'STATED';
  /** The standard and its section: `X509-SVID 2`. */
  readonly section: string;
  readonly text: string;
}

export const RULES = {
  'FD-01': {
    level: 'SHOULD',
    section: 'Federation 4.1',
    text: 'Publish new keys three to five refresh hints before use',
  },
  'FD-03': { level: 'SHOULD', section: 'Federation 4.1', text: 'Remove a key once nothing valid is signed by it' },
  'FD-05': { level: 'SHOULD', section: 'Federation 4.2', text: 'Store the latest bundle; order by sequence' },
  'ID-01': { level: 'MUST', section: 'SPIFFE-ID 2', text: 'Scheme is spiffe' },
  'ID-02': { level: 'MUST', section: 'SPIFFE-ID 2, 2.1', text: 'Trust domain is not empty' },
  'ID-03': { level: 'MUST NOT', section: 'SPIFFE-ID 2', text: 'Query or fragment' },
  'ID-04': { level: 'MUST', section: 'SPIFFE-ID 2.1', text: 'No userinfo, no port' },
  'ID-05': {
    level: 'MUST',
    section: 'SPIFFE-ID 2.1',
    text: 'Trust domain is lower case of letters, digits, dot, dash, underscore',
  },
  'ID-06': { level: 'MUST NOT', section: 'SPIFFE-ID 2.1', text: 'Percent-encoding in the trust domain' },
  'ID-07': { level: 'MUST NOT', section: 'SPIFFE-ID 2.1', text: 'Treat IP-looking or DNS-looking names specially' },
  'ID-08': { level: 'MUST NOT', section: 'SPIFFE-ID 2.2', text: 'Percent-encoding in the path' },
  'ID-09': { level: 'MUST NOT', section: 'SPIFFE-ID 2.2', text: 'Empty, dot or dot-dot segments; trailing slash' },
  'ID-10': { level: 'MUST', section: 'SPIFFE-ID 2.2', text: 'Path segments of letters, digits, dot, dash, underscore' },
  'ID-11': { level: 'MUST', section: 'SPIFFE-ID 2.3', text: 'Support ids up to 2048 bytes' },
  'ID-12': { level: 'SHOULD NOT', section: 'SPIFFE-ID 2.3', text: 'Make ids over 2048 bytes' },
  'ID-13': { level: 'STATED', section: 'SPIFFE-ID 2.3', text: 'Trust domain at most 255 bytes by the host limit' },
  'ID-14': {
    level: 'STATED',
    section: 'SPIFFE-ID 2.4',
    text: 'Scheme and trust domain compare without case, path with case',
  },
  'ID-15': {
    level: 'MUST',
    section: 'SPIFFE-ID 3.1',
    text: 'A signing authority exists in each trust domain and carries an SVID',
  },
  'ID-16': { level: 'SHOULD', section: 'SPIFFE-ID 3.1', text: 'Authority id is in its trust domain, without a path' },
  'ID-17': { level: 'MUST', section: 'SPIFFE-ID 3.2', text: 'Id and public key lie in the signed part' },
  'JS-01': { level: 'MUST NOT', section: 'JWT-SVID 1, 5.1', text: 'Use JWS JSON serialization' },
  'JS-02': { level: 'MUST NOT', section: 'JWT-SVID 2', text: 'Carry headers other than alg, kid, typ' },
  'JS-03': { level: 'MUST', section: 'JWT-SVID 2.1', text: 'alg is one of RS/ES/PS 256/384/512' },
  'JS-04': { level: 'MUST', section: 'JWT-SVID 2.1', text: 'Reject any other alg' },
  'JS-05': { level: 'MAY', section: 'JWT-SVID 2.2', text: 'kid is optional' },
  'JS-06': { level: 'MUST', section: 'JWT-SVID 2.3', text: 'typ, if set, is JWT or JOSE' },
  'JS-07': { level: 'MUST', section: 'JWT-SVID 3.1', text: "sub is the workload's SPIFFE ID" },
  'JS-08': { level: 'MUST', section: 'JWT-SVID 3.2', text: 'aud is present with at least one value' },
  'JS-09': {
    level: 'MUST',
    section: 'JWT-SVID 3.2',
    text: "Reject without aud, or when the validator's own value is not in it",
  },
  'JS-10': { level: 'SHOULD', section: 'JWT-SVID 3.2', text: 'Audience names the one intended service' },
  'JS-11': { level: 'MUST', section: 'JWT-SVID 3.3', text: 'exp is present; reject without it' },
  'JS-12': { level: 'MUST', section: 'JWT-SVID 4', text: 'Check alg before any other processing' },
  'JS-13': {
    level: 'MUST',
    section: 'JWT-SVID 4, App A',
    text: 'Process aud and exp per RFC 7519; small leeway allowed',
  },
  'JS-14': { level: 'MUST', section: 'JWT-SVID 5.1', text: 'Compact serialization only' },
  'JS-15': {
    level: 'SHOULD',
    section: 'JWT-SVID 5.2, 5.3',
    text: 'Send over HTTP or gRPC as Bearer in the authorization field',
  },
  'JS-16': { level: 'MUST', section: 'JWT-SVID 6.1', text: 'Bundle entry has use jwt-svid and a kid' },
  'JS-17': { level: 'MUST', section: 'JWT-SVID 6.2', text: 'Consumer takes only jwt-svid entries for token checks' },
  'TB-01': {
    level: 'MUST NOT',
    section: 'Trust_Domain_and_Bundle 4.1',
    text: 'Need unknown top-level members to work',
  },
  'TB-02': { level: 'SHOULD', section: 'Trust_Domain_and_Bundle 4.1.1', text: 'Set spiffe_sequence' },
  'TB-03': {
    level: 'MUST',
    section: 'Trust_Domain_and_Bundle 4.1.1',
    text: 'Sequence is an integer that grows with each content change',
  },
  'TB-04': { level: 'STATED', section: 'Trust_Domain_and_Bundle 4.1.1', text: 'Read it with 64 bits or more' },
  'TB-05': { level: 'SHOULD', section: 'Trust_Domain_and_Bundle 4.1.2', text: 'Set spiffe_refresh_hint' },
  'TB-06': { level: 'MUST', section: 'Trust_Domain_and_Bundle 4.1.2', text: 'Refresh hint is an integer in seconds' },
  'TB-07': { level: 'MUST', section: 'Trust_Domain_and_Bundle 4.1.3', text: 'keys is present' },
  'TB-08': {
    level: 'MUST',
    section: 'Trust_Domain_and_Bundle 4.1.3, 4.2.1, 4.2.2',
    text: 'Ignore entries of unknown type or use',
  },
  'TB-09': {
    level: 'MUST',
    section: 'Trust_Domain_and_Bundle 4.1.3',
    text: 'Empty or unusable keys: trust nothing from that domain',
  },
  'TB-10': { level: 'MUST', section: 'Trust_Domain_and_Bundle 4.2.1', text: 'kty is set' },
  'TB-11': {
    level: 'MUST',
    section: 'Trust_Domain_and_Bundle 4.2.2',
    text: 'use is set; values compare case-sensitively',
  },
  'TB-12': { level: 'SHOULD NOT', section: 'Trust_Domain_and_Bundle 4.2', text: 'Add key members no standard defines' },
  'TB-13': {
    level: 'MUST',
    section: 'Trust_Domain_and_Bundle 5.1.1',
    text: 'Bundle map has trust_domains, keyed by name, no duplicates',
  },
  'TB-14': {
    level: 'MUST',
    section: 'Trust_Domain_and_Bundle 5.1.1',
    text: 'Reject a map with duplicate names where detectable',
  },
  'TB-15': {
    level: 'SHOULD',
    section: 'Trust_Domain_and_Bundle 5.1.1',
    text: 'Leave refresh hints out of bundles in a map',
  },
  'TB-16': {
    level: 'MUST NOT',
    section: 'Trust_Domain_and_Bundle 5.1.1',
    text: 'Let per-bundle hints change map refresh',
  },
  'WA-14': {
    level: 'STATED',
    section: 'SPIFFE_Workload_API 4.6',
    text: "Validator picks the bundle of the peer's own trust domain; none means untrusted",
  },
  'WA-19': {
    level: 'SHOULD',
    section: 'SPIFFE_Workload_API 5.2.1',
    text: 'Client that sees a hint twice takes the first',
  },
  'WA-17': { level: 'STATED', section: 'SPIFFE_Workload_API 5.2.1', text: 'All X509SVID fields but hint are set' },
  'WA-39': {
    level: 'MUST',
    section: 'SPIFFE_Workload_API 6.3',
    text: "Validator uses the bundle of the subject's trust domain",
  },
  'WE-08': {
    level: 'MUST',
    section: 'SPIFFE_Workload_Endpoint 4',
    text: 'A client without explicit address reads SPIFFE_ENDPOINT_SOCKET',
  },
  'WE-09': {
    level: 'MUST',
    section: 'SPIFFE_Workload_Endpoint 4',
    text: 'The variable is a URI whose scheme is unix or tcp',
  },
  'WE-10': { level: 'MUST NOT', section: 'SPIFFE_Workload_Endpoint 4', text: 'unix URI has an authority' },
  'WE-11': {
    level: 'MUST',
    section: 'SPIFFE_Workload_Endpoint 4',
    text: 'unix URI path is the absolute socket path; no other component',
  },
  'WE-12': {
    level: 'MUST',
    section: 'SPIFFE_Workload_Endpoint 4',
    text: 'tcp URI host is an IP address and a port is given; no other component',
  },
  'XS-01': { level: 'MUST', section: 'X509-SVID 2', text: 'Exactly one URI SAN, which is the SPIFFE ID' },
  'XS-02': { level: 'MUST', section: 'X509-SVID 2', text: 'Validators reject more than one URI SAN' },
  'XS-03': { level: 'MAY', section: 'X509-SVID 2', text: 'Other SAN types are allowed' },
  'XS-04': { level: 'MUST', section: 'X509-SVID 3.1', text: 'Leaf id has a path' },
  'XS-05': { level: 'MUST', section: 'X509-SVID 3.1', text: 'SAN is critical if the subject is empty' },
  'XS-06': { level: 'SHOULD', section: 'X509-SVID 3.2', text: 'Signing certificate is itself an SVID' },
  'XS-07': { level: 'MUST NOT', section: 'X509-SVID 3.2', text: 'Signing certificate id has a path' },
  'XS-08': { level: 'SHOULD', section: 'X509-SVID 3.2', text: "Signing certificate lives in its leaves' trust domain" },
  'XS-09': { level: 'MUST NOT', section: 'X509-SVID 3.2', text: 'Authenticate with a signing certificate' },
  'XS-10': { level: 'MUST', section: 'X509-SVID 4.1', text: 'CA: cA true; leaf: cA false' },
  'XS-11': { level: 'MAY', section: 'X509-SVID 4.1, 4.2', text: 'CA may set a path length and name constraints' },
  'XS-12': { level: 'MUST', section: 'X509-SVID 4.2', text: 'Ids below a constrained CA fall inside the constraint' },
  'XS-13': { level: 'MUST', section: 'X509-SVID 4.3', text: 'Key usage present and critical on every SVID' },
  'XS-14': { level: 'MUST', section: 'X509-SVID 4.3', text: 'CA sets keyCertSign' },
  'XS-15': { level: 'MUST', section: 'X509-SVID 4.3', text: 'Leaf sets digitalSignature' },
  'XS-16': { level: 'MUST NOT', section: 'X509-SVID 4.3', text: 'Leaf sets keyCertSign or cRLSign' },
  'XS-17': { level: 'SHOULD', section: 'X509-SVID 4.4', text: 'Leaf has an EKU extension' },
  'XS-18': {
    level: 'MUST',
    section: 'X509-SVID 4.4',
    text: 'If there is an EKU, both serverAuth and clientAuth are in it',
  },
  'XS-19': { level: 'MUST', section: 'X509-SVID 5.1', text: 'Path validation per RFC 5280' },
  'XS-20': { level: 'MUST', section: 'X509-SVID 5.2', text: 'Validator checks cA false, no keyCertSign, no cRLSign' },
  'XS-21': { level: 'MUST', section: 'X509-SVID 5.2', text: 'Validator checks the spiffe scheme and a non-root path' },
  'XS-22': { level: 'MUST', section: 'X509-SVID 6.1', text: 'Bundle entry of a CA has use x509-svid' },
  'XS-23': { level: 'MUST NOT', section: 'X509-SVID 6.1', text: 'Such entry has a kid' },
  'XS-24': { level: 'MUST', section: 'X509-SVID 6.1', text: 'Such entry has x5c with exactly one certificate' },
  'XS-25': { level: 'SHOULD', section: 'X509-SVID 6.1', text: 'That certificate is self-signed' },
  'XS-26': {
    level: 'MUST',
    section: 'X509-SVID 6.2',
    text: 'Consumer ignores x509-svid entries with x5c missing or empty',
  },
  'XS-27': { level: 'MUST', section: 'X509-SVID 6.2', text: 'Consumer uses the first x5c value only' },
} as const satisfies Readonly<Record<string, Rule>>;

/** The project's number of a rule. */
export type RuleId = keyof typeof RULES;

/** A rule as findings name it: its number, then where it stands. */
export function ruleLabel(id: RuleId): string {
  return `${id} ${RULES[id].section}`;
}
