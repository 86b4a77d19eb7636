import { hash } from 'node:crypto';
import { isIPv4, SocketAddress } from 'node:net';
import type { Certificate } from '../../../../crypto/certificate.ts';
import type { Name } from '../../../../crypto/name.ts';
import { Dictionary, TemplateObject, type Value } from '../../../../template/values.ts';

/** The SHA-1 of a certificate in lower-case hex, by which SPIRE tells agents apart. */
export function fingerprintOf(certificate: Certificate): string {
  return hash('sha1', certificate.der);
}

/** The serial number in lower-case hex, with an even number of digits. */
export function serialNumberHex({ serialNumber }: Certificate): string {
  const hex = serialNumber.toString(16);
  return hex.length % 2 === 1 ? `0${hex}` : hex;
}

/** An address of a certificate in its usual spelling. */
export function printIpAddress(octets: Uint8Array): string {
  if (octets.length === 4) return octets.join('.');
  const hex = Buffer.from(octets).toString('hex');
  const address = (hex.match(/.{4}/g) ?? []).join(':');
  return new SocketAddress({ address, family: isIPv4(address) ? 'ipv4' : 'ipv6' }).address;
}

/** What is known of an agent, beside its certificate. */
export interface AgentPathFacts {
  readonly trustDomain: string;
  /** What follows the prefix in the path of the SPIFFE ID; empty unless agents show SVIDs. */
  readonly svidPathTrimmed: string;
  readonly uriSanSelectors: ReadonlyMap<string, string>;
}

/** What a template of agent paths may use: facts about the agent, and its certificate under Go's names of the fields. */
export function agentPathData(certificate: Certificate, facts: AgentPathFacts): Value {
  return new TemplateObject({
    PluginName: 'x509pop',
    TrustDomain: facts.trustDomain,
    Fingerprint: fingerprintOf(certificate),
    SerialNumberHex: serialNumberHex(certificate),
    SVIDPathTrimmed: facts.svidPathTrimmed,
    URISanSelectors: new Dictionary(facts.uriSanSelectors),
    Version: certificate.version,
    SerialNumber: printed(certificate.serialNumber.toString()),
    Subject: nameData(certificate.subject),
    Issuer: nameData(certificate.issuer),
    NotBefore: timeData(certificate.notBeforeMs),
    NotAfter: timeData(certificate.notAfterMs),
    IsCA: certificate.isCa,
    DNSNames: certificate.dnsNames,
    EmailAddresses: certificate.emailAddresses,
    IPAddresses: certificate.ipAddresses.map(printIpAddress),
    URIs: certificate.uris.map(uriData),
  });
}

function nameData(name: Name): TemplateObject {
  const { country, organization, organizationalUnit, locality, province, streetAddress, postalCode } = name.fields();
  const text = name.rfc2253();
  return new TemplateObject(
    {
      Country: country ?? [],
      Organization: organization ?? [],
      OrganizationalUnit: organizationalUnit ?? [],
      Locality: locality ?? [],
      Province: province ?? [],
      StreetAddress: streetAddress ?? [],
      PostalCode: postalCode ?? [],
      SerialNumber: name.serialNumber,
      CommonName: name.commonName,
      String: text,
    },
    text,
  );
}

/** As Go prints a time in UTC. */
function timeData(ms: number): TemplateObject {
  const [day = '', time = ''] = new Date(ms).toISOString().split(/[T.]/);
  const date = new Date(ms);
  return new TemplateObject(
    { Unix: Math.floor(ms / 1000), Year: date.getUTCFullYear(), Day: date.getUTCDate(), Hour: date.getUTCHours() },
    `${day} ${time} +0000 UTC`,
  );
}

function uriData(uri: string): TemplateObject {
  const [, scheme = '', host = '', path = ''] = /^([^:/?#]+):(?:\/\/([^/?#]*))?([^?#]*)/.exec(uri) ?? [];
  return new TemplateObject({ Scheme: scheme, Host: host, Path: path, String: uri }, uri);
}

function printed(text: string): TemplateObject {
  return new TemplateObject({ String: text }, text);
}
