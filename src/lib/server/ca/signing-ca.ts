import { randomUUID } from 'node:crypto';
import type { Certificate } from '../../crypto/certificate.ts';
import { type CertificateTemplate, issueCertificate } from '../../crypto/certificate-builder.ts';
import { parseCsr } from '../../crypto/csr.ts';
import { type PublicKey, publicKeyDer, subjectKeyId } from '../../crypto/key.ts';
import { Name } from '../../crypto/name.ts';
import type { Signer } from '../../crypto/signer.ts';
import type { Clock } from '../../runtime/clock.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import { type JwtSvidRequest, jwtSvidClaims, signJwtSvid, signJwtSvidClaims } from '../../spiffe/jwt-svid.ts';
import { serverId } from '../../spiffe/server-id.ts';
import type { SpiffeId } from '../../spiffe/spiffe-id.ts';
import type { X509SvidAttributes } from '../plugin/credentialcomposer/credential-composer.ts';
import type { JwtKey, X509Ca } from './authority.ts';
import { composedX509Ca } from './composed-x509-ca.ts';
import { type CredentialSettings, lifetimeFrom, ttlOrDefault, X509_SVID_SUBJECT } from './credential-settings.ts';
import { type CsrTask, issueForCsr, X509_SVID_PROFILE } from './csr-task.ts';
import type {
  AgentX509SvidParams,
  DownstreamX509CaParams,
  EncodedChain,
  ServerCa,
  ServerX509SvidParams,
  SignedJwtSvid,
  WorkloadCsrParams,
  WorkloadJwtSvidParams,
  WorkloadX509SvidParams,
} from './server-ca.ts';

/** Makes the certificate of a task, in DER. */
export type IssueForCsr = (task: CsrTask, signer: Signer) => Promise<Uint8Array>;

/** The server CA: holds the authorities that are active now and writes credentials in SPIRE's form. */
export class SigningCa implements ServerCa {
  readonly #settings: CredentialSettings;
  readonly #clock: Clock;
  readonly #issueForCsr: IssueForCsr;
  #x509Ca: X509Ca | undefined;
  #jwtKey: JwtKey | undefined;

  /** @param issue does the work for CSRs; at once and on this thread by default */
  constructor(
    settings: CredentialSettings,
    clock: Clock,
    issue: IssueForCsr = async (task, signer) => (await issueForCsr(task, signer)).der,
  ) {
    this.#settings = settings;
    this.#clock = clock;
    this.#issueForCsr = issue;
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
    const { trustDomain, x509SvidTtlSeconds: ttlSeconds, composition } = this.#settings;
    return this.#signSvid(serverId(trustDomain), publicKey, { ttlSeconds }, (made) =>
      composition?.serverX509Svid(made),
    );
  }

  signAgentX509Svid({ spiffeId, publicKey }: AgentX509SvidParams): Promise<readonly Certificate[]> {
    const { agentTtlSeconds: ttlSeconds, composition } = this.#settings;
    return this.#signSvid(spiffeId, publicKey, { ttlSeconds }, (made) =>
      composition?.agentX509Svid(made, { spiffeId, publicKey }),
    );
  }

  signWorkloadX509Svid(params: WorkloadX509SvidParams): Promise<readonly Certificate[]> {
    const { spiffeId, publicKey, ttlSeconds, dnsNames = [], subject } = params;
    const options = {
      ttlSeconds: ttlOrDefault(ttlSeconds, this.#settings.x509SvidTtlSeconds),
      dnsNames,
      subject: withCommonName(subject === undefined || subject.isEmpty ? X509_SVID_SUBJECT : subject, dnsNames[0]),
    };
    return this.#signSvid(spiffeId, publicKey, options, (made) =>
      this.#settings.composition?.workloadX509Svid(made, { spiffeId, publicKey }),
    );
  }

  async signWorkloadCsr({ csr, spiffeId, ttlSeconds, dnsNames = [] }: WorkloadCsrParams): Promise<EncodedChain> {
    const ca = this.#getX509Ca();
    const template = this.#svidTemplate(ca, spiffeId, {
      ttlSeconds: ttlOrDefault(ttlSeconds, this.#settings.x509SvidTtlSeconds),
      dnsNames,
      subject: withCommonName(X509_SVID_SUBJECT, dnsNames[0]),
    });
    const { composition } = this.#settings;
    // A composer wants to know the key, which is otherwise read elsewhere.
    const composed = composition && {
      ...template,
      ...(await composition.workloadX509Svid(attributesOf(template), {
        spiffeId,
        publicKey: parseCsr(csr).publicKeyDer,
      })),
    };
    const der = await this.#issueForCsr({ ...(composed ?? template), ...this.#issuer(ca), csr }, ca.signer);
    return { certificates: [{ der }, ...ca.upstreamChain], notAfterMs: wholeSecondsMs(template.notAfter) };
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
    const request: JwtSvidRequest = {
      id: spiffeId,
      audience,
      issuedAt: new Date(issuedAtSeconds * 1000),
      expiresAt: new Date(expiresAtSeconds * 1000),
      ...(this.#settings.jwtIssuer !== undefined && { issuer: this.#settings.jwtIssuer }),
      ...(params.includeJti === true && { jti: newTokenId() }),
      kid: key.authorityId,
      signer: key.signer,
    };
    const { composition } = this.#settings;
    if (composition === undefined) {
      const { token } = await signJwtSvid(request);
      return { token, issuedAtSeconds, expiresAtSeconds };
    }
    const { claims } = await composition.workloadJwtSvid({ claims: jwtSvidClaims(request) }, { spiffeId });
    const token = await signJwtSvidClaims(claims, request);
    return { token, issuedAtSeconds: Number(claims['iat']), expiresAtSeconds: Number(claims['exp']) };
  }

  async signDownstreamX509Ca({ publicKey, ttlSeconds }: DownstreamX509CaParams): Promise<readonly Certificate[]> {
    const ca = this.#getX509Ca();
    const subject = Name.of({
      ...ca.certificate.subject.fields(),
      // The number counts the CAs above as SPIRE does: the root only if it is this server's own.
      organizationalUnit: [`DOWNSTREAM-${Math.max(1, ca.upstreamChain.length)}`],
    });
    return this.#issue(ca, {
      ...(await composedX509Ca(this.#settings.composition, subject)),
      uris: [this.#settings.trustDomain.id().toString()],
      ...lifetimeFrom(this.#clock, ttlOrDefault(ttlSeconds, this.#settings.caTtlSeconds), ca.notAfterSeconds),
      isCa: true,
      keyUsages: ['keyCertSign', 'cRLSign'],
      publicKey,
    });
  }

  /** @param compose what composers make of it; undefined without any */
  async #signSvid(
    spiffeId: SpiffeId,
    publicKey: PublicKey,
    options: SvidOptions,
    compose: (made: X509SvidAttributes) => Promise<X509SvidAttributes> | undefined,
  ): Promise<readonly Certificate[]> {
    const ca = this.#getX509Ca();
    const template = this.#svidTemplate(ca, spiffeId, options);
    const composed = await compose(attributesOf(template));
    return this.#issue(ca, { ...X509_SVID_PROFILE, ...template, ...composed, publicKey });
  }

  /** What an X509-SVID says of its own. Error: `invalid-argument` for an ID that is no workload's of this trust domain. */
  #svidTemplate(
    ca: X509Ca,
    spiffeId: SpiffeId,
    { ttlSeconds, dnsNames = [], subject = X509_SVID_SUBJECT }: SvidOptions,
  ): Pick<CsrTask, 'uris' | 'dnsNames' | 'notBefore' | 'notAfter'> & { readonly subject: Name } {
    this.#checkMember(spiffeId, 'X509');
    const lifetime = lifetimeFrom(this.#clock, ttlSeconds, ca.notAfterSeconds);
    return { subject, uris: [spiffeId.toString()], dnsNames, ...lifetime };
  }

  async #issue(
    ca: X509Ca,
    template: Omit<CertificateTemplate, 'issuer' | 'subjectKeyId' | 'authorityKeyId' | 'signer'>,
  ): Promise<readonly Certificate[]> {
    const publicKey = publicKeyDer(template.publicKey);
    return [
      await issueCertificate({
        ...template,
        ...this.#issuer(ca),
        publicKey,
        subjectKeyId: subjectKeyId(publicKey),
        signer: ca.signer,
      }),
      ...ca.upstreamChain,
    ];
  }

  /** What a certificate says of its issuer. Error: `unavailable` for one that has expired. */
  #issuer({ certificate, notAfterSeconds }: X509Ca): Pick<CsrTask, 'issuer' | 'authorityKeyId'> {
    if (notAfterSeconds * 1000 <= this.#clock.nowMs()) {
      throw new SpirekitError('unavailable', 'X509 CA has expired');
    }
    return { issuer: certificate.subject, authorityKeyId: certificate.subjectKeyId };
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

function attributesOf({ subject, dnsNames }: Pick<X509SvidAttributes, 'subject' | 'dnsNames'>): X509SvidAttributes {
  return { subject, dnsNames, extraExtensions: [] };
}

interface SvidOptions {
  readonly ttlSeconds: number;
  readonly dnsNames?: readonly string[];
  readonly subject?: Name;
}

/** Times in certificates have no fractions. */
function wholeSecondsMs(time: Date): number {
  return Math.floor(time.getTime() / 1000) * 1000;
}

function withCommonName(subject: Name, commonName: string | undefined): Name {
  return commonName === undefined ? subject : Name.of({ ...subject.fields(), commonName });
}

/** A random UUID as 22 characters of base64url. */
function newTokenId(): string {
  return Buffer.from(randomUUID().replaceAll('-', ''), 'hex').toString('base64url');
}
