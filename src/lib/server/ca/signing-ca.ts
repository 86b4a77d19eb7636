import { randomUUID } from 'node:crypto';
import type { Certificate } from '../../crypto/certificate.ts';
import { type CertificateTemplate, issueCertificate } from '../../crypto/certificate-builder.ts';
import { type PublicKey, publicKeyDer, subjectKeyId } from '../../crypto/key.ts';
import { Name } from '../../crypto/name.ts';
import type { Clock } from '../../runtime/clock.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import { signJwtSvid } from '../../spiffe/jwt-svid.ts';
import { serverId } from '../../spiffe/server-id.ts';
import type { SpiffeId } from '../../spiffe/spiffe-id.ts';
import type { JwtKey, X509Ca } from './authority.ts';
import { type CredentialSettings, lifetimeFrom, ttlOrDefault, X509_SVID_SUBJECT } from './credential-settings.ts';
import type {
  AgentX509SvidParams,
  DownstreamX509CaParams,
  ServerCa,
  ServerX509SvidParams,
  SignedJwtSvid,
  WorkloadJwtSvidParams,
  WorkloadX509SvidParams,
} from './server-ca.ts';

/** The server CA: holds the authorities that are active now and writes credentials in SPIRE's form. */
export class SigningCa implements ServerCa {
  readonly #settings: CredentialSettings;
  readonly #clock: Clock;
  #x509Ca: X509Ca | undefined;
  #jwtKey: JwtKey | undefined;

  constructor(settings: CredentialSettings, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
  }

  get isJwtSvidEnabled(): boolean {
    return this.#settings.isJwtSvidEnabled;
  }

  /** From now on this CA signs. */
  useX509Ca(ca: X509Ca): void {
    this.#x509Ca = ca;
  }

  /** From now on this key signs. */
  useJwtKey(key: JwtKey): void {
    this.#jwtKey = key;
  }

  signServerX509Svid({ publicKey }: ServerX509SvidParams): Promise<readonly Certificate[]> {
    return this.#signSvid(serverId(this.#settings.trustDomain), publicKey, {
      ttlSeconds: this.#settings.x509SvidTtlSeconds,
    });
  }

  signAgentX509Svid({ spiffeId, publicKey }: AgentX509SvidParams): Promise<readonly Certificate[]> {
    return this.#signSvid(spiffeId, publicKey, { ttlSeconds: this.#settings.agentTtlSeconds });
  }

  signWorkloadX509Svid(params: WorkloadX509SvidParams): Promise<readonly Certificate[]> {
    const { spiffeId, publicKey, ttlSeconds, dnsNames = [], subject } = params;
    return this.#signSvid(spiffeId, publicKey, {
      ttlSeconds: ttlOrDefault(ttlSeconds, this.#settings.x509SvidTtlSeconds),
      dnsNames,
      subject: withCommonName(subject === undefined || subject.isEmpty ? X509_SVID_SUBJECT : subject, dnsNames[0]),
    });
  }

  async signWorkloadJwtSvid(params: WorkloadJwtSvidParams): Promise<SignedJwtSvid> {
    if (!this.isJwtSvidEnabled) throw new SpirekitError('unimplemented', 'JWT functionality is disabled');
    const key = this.#jwtKey;
    if (key === undefined) throw new SpirekitError('unavailable', 'JWT key is not available for signing');
    const { spiffeId } = params;
    this.#checkMember(spiffeId, 'JWT');
    const audience = params.audience.filter((value) => value !== '');
    if (audience.length === 0) {
      throw new SpirekitError('invalid-argument', 'invalid JWT-SVID audience: cannot be empty');
    }
    const ttlSeconds = ttlOrDefault(params.ttlSeconds, this.#settings.jwtSvidTtlSeconds);
    const issuedAtSeconds = Math.floor(this.#clock.nowMs() / 1000);
    const { notAfter } = lifetimeFrom(this.#clock, ttlSeconds, key.notAfterSeconds);
    const expiresAtSeconds = Math.floor(notAfter.getTime() / 1000);
    if (expiresAtSeconds <= issuedAtSeconds) throw new SpirekitError('unavailable', 'JWT key has expired');
    const { token } = await signJwtSvid({
      id: spiffeId,
      audience,
      issuedAt: new Date(issuedAtSeconds * 1000),
      expiresAt: new Date(expiresAtSeconds * 1000),
      ...(this.#settings.jwtIssuer !== undefined && { issuer: this.#settings.jwtIssuer }),
      ...(params.includeJti === true && { jti: newTokenId() }),
      kid: key.authorityId,
      signer: key.signer,
    });
    return { token, issuedAtSeconds, expiresAtSeconds };
  }

  async signDownstreamX509Ca({ publicKey, ttlSeconds }: DownstreamX509CaParams): Promise<readonly Certificate[]> {
    const ca = this.#getX509Ca();
    return this.#issue(ca, {
      // The 1 counts the CAs above: this server's own is the root.
      subject: Name.of({ ...ca.certificate.subject.fields(), organizationalUnit: ['DOWNSTREAM-1'] }),
      uris: [this.#settings.trustDomain.id().toString()],
      ...lifetimeFrom(this.#clock, ttlOrDefault(ttlSeconds, this.#settings.caTtlSeconds), ca.notAfterSeconds),
      isCa: true,
      keyUsages: ['keyCertSign', 'cRLSign'],
      publicKey,
    });
  }

  async #signSvid(
    spiffeId: SpiffeId,
    publicKey: PublicKey,
    options: { readonly ttlSeconds: number; readonly dnsNames?: readonly string[]; readonly subject?: Name },
  ): Promise<readonly Certificate[]> {
    const ca = this.#getX509Ca();
    this.#checkMember(spiffeId, 'X509');
    return this.#issue(ca, {
      subject: options.subject ?? X509_SVID_SUBJECT,
      uris: [spiffeId.toString()],
      dnsNames: options.dnsNames ?? [],
      ...lifetimeFrom(this.#clock, options.ttlSeconds, ca.notAfterSeconds),
      isCa: false,
      keyUsages: ['digitalSignature', 'keyEncipherment', 'keyAgreement'],
      extendedKeyUsages: ['serverAuth', 'clientAuth'],
      publicKey,
    });
  }

  async #issue(
    ca: X509Ca,
    template: Omit<CertificateTemplate, 'issuer' | 'subjectKeyId' | 'authorityKeyId' | 'signer'>,
  ): Promise<readonly Certificate[]> {
    if (ca.notAfterSeconds * 1000 <= this.#clock.nowMs()) {
      throw new SpirekitError('unavailable', 'X509 CA has expired');
    }
    const { subject: issuer, subjectKeyId: authorityKeyId } = ca.certificate;
    const publicKey = publicKeyDer(template.publicKey);
    return [
      await issueCertificate({
        ...template,
        publicKey,
        issuer,
        subjectKeyId: subjectKeyId(publicKey),
        ...(authorityKeyId && { authorityKeyId }),
        signer: ca.signer,
      }),
    ];
  }

  #getX509Ca(): X509Ca {
    if (this.#x509Ca === undefined) {
      throw new SpirekitError('unavailable', 'X509 CA is not available for signing');
    }
    return this.#x509Ca;
  }

  #checkMember(spiffeId: SpiffeId, kind: 'X509' | 'JWT'): void {
    const { trustDomain } = this.#settings;
    const isMember = spiffeId.isMemberOf(trustDomain);
    if (isMember && spiffeId.path !== '') return;
    const where = `is not a member of trust domain ${JSON.stringify(trustDomain.name)}`;
    throw new SpirekitError(
      'invalid-argument',
      `invalid ${kind}-SVID ID: ${JSON.stringify(spiffeId.toString())} ${where}${isMember ? '; path is empty' : ''}`,
    );
  }
}

function withCommonName(subject: Name, commonName: string | undefined): Name {
  return commonName === undefined ? subject : Name.of({ ...subject.fields(), commonName });
}

/** A random UUID as 22 characters of base64url. */
function newTokenId(): string {
  return Buffer.from(randomUUID().replaceAll('-', ''), 'hex').toString('base64url');
}
