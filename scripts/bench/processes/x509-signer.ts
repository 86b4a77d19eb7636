/**
 * Signs X509-SVIDs with this checkout's code for as long as it is told to, on the one thread of this process; the
 * counterpart of `../go-x509/main.go`. It reads lines from standard input, each the milliseconds of a round, and prints one
 * JSON object for each.
 */
import { createInterface } from 'node:readline';
import { issueCertificate } from '../../../src/lib/crypto/certificate-builder.ts';
import { createCsr, parseCsr } from '../../../src/lib/crypto/csr.ts';
import { generateKey, publicKeyDer, subjectKeyId } from '../../../src/lib/crypto/key.ts';
import { Name } from '../../../src/lib/crypto/name.ts';
import { signerFromKey } from '../../../src/lib/crypto/signer.ts';
import { systemClock } from '../../../src/lib/runtime/clock.ts';
import { SigningCa } from '../../../src/lib/server/ca/signing-ca.ts';
import { SpiffeId } from '../../../src/lib/spiffe/spiffe-id.ts';

/** Each is for a key of its own, so that nothing can be remembered from one to the next. */
const CSRS = 64;
const DAY_SECONDS = 24 * 60 * 60;

const spiffeId = SpiffeId.parse(process.argv[2] ?? '');
const ca = await openCa(spiffeId);
const csrs: Uint8Array[] = [];
for (let made = 0; made < CSRS; made += 1) {
  csrs.push(await createCsr({ uris: [spiffeId.toString()], signer: signerFromKey(await generateKey('ec-p256')) }));
}
for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await signFor(Number(line))));
}

/** One round: how many, and how long it took on the clock and on the processor, in milliseconds. */
async function signFor(lengthMs: number): Promise<{ count: number; wallMs: number; cpuMs: number }> {
  const start = performance.now();
  const cpu = process.cpuUsage();
  let count = 0;
  for (; performance.now() - start < lengthMs; count += 1) {
    const csr = csrs[count % CSRS];
    if (csr === undefined) throw new RangeError('no CSR');
    const { publicKeyDer: publicKey } = parseCsr(csr);
    await ca.signWorkloadX509Svid({ spiffeId, publicKey });
  }
  const wallMs = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return { count, wallMs, cpuMs: (user + system) / 1000 };
}

async function openCa({ trustDomain }: SpiffeId): Promise<SigningCa> {
  const signer = signerFromKey(await generateKey('ec-p256'));
  const subject = Name.of({ country: ['US'], organization: ['SPIFFE'] });
  const nowSeconds = Math.floor(systemClock.nowMs() / 1000);
  const notAfterSeconds = nowSeconds + DAY_SECONDS;
  const certificate = await issueCertificate({
    subject,
    issuer: subject,
    uris: [trustDomain.id().toString()],
    notBefore: new Date(nowSeconds * 1000),
    notAfter: new Date(notAfterSeconds * 1000),
    isCa: true,
    keyUsages: ['keyCertSign', 'cRLSign'],
    publicKey: signer.publicKey,
    subjectKeyId: subjectKeyId(publicKeyDer(signer.publicKey)),
    signer,
  });
  const settings = {
    trustDomain,
    caSubject: subject,
    caTtlSeconds: DAY_SECONDS,
    x509SvidTtlSeconds: 3_600,
    jwtSvidTtlSeconds: 300,
    agentTtlSeconds: 3_600,
    jwtIssuer: undefined,
    isJwtSvidEnabled: true,
  };
  const ca = new SigningCa(settings, systemClock);
  ca.useX509Ca({
    authorityId: 'bench',
    upstreamAuthorityId: '',
    upstreamChain: [],
    issuedAtSeconds: nowSeconds,
    notAfterSeconds,
    signer,
    certificate,
  });
  return ca;
}
