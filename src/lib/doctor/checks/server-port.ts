import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { healthClient } from '../../client/health-client.ts';
import { Certificate } from '../../crypto/certificate.ts';
import { verifyChain } from '../../crypto/chain.ts';
import type { Finding } from '../../findings/finding.ts';
import { RpcClient } from '../../rpc/client.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import { errnoOf, ioReason } from '../../runtime/io-reason.ts';
import { serverId } from '../../spiffe/server-id.ts';
import { lookAtFile } from '../bounded-file.ts';
import type { Check } from '../check.ts';
import { momentWords, spanWords } from '../durations.ts';
import type { AgentPatient } from '../patient.ts';
import { within } from '../within.ts';

/** The way from the agent to its server: the name, the port, and whether the server is the one that the agent trusts. */
export const serverPort: Check<AgentPatient> = {
  name: 'way to the server',
  async look(patient) {
    const { config, surroundings } = patient;
    if (config.kind !== 'valid') return { skipped: 'the address of the server is known from the configuration' };
    const { serverAddress: host, serverPort: port } = config.value;
    const subject = `${host}:${port}`;
    if (isIP(host) === 0) {
      try {
        await within(surroundings, lookup(host));
      } catch (error) {
        return [
          {
            code: 'SPK-4030',
            severity: 'error',
            subject,
            message: `the name of the server cannot be resolved: ${errnoOf(error) ?? SpirekitError.from(error).message}`,
            evidence: [`server_address = ${host}`],
            remedy: `\`getent hosts ${host}\`; mend the name server, or server_address in ${config.path}`,
          },
        ];
      }
    }
    return judge(await shakeHands(host, port, patient), subject, patient);
  },
};

type Handshake = { readonly chain: readonly Uint8Array[] } | { readonly error: SpirekitError };

/** Gets the server's certificates and hangs up before a request is sent. */
async function shakeHands(host: string, port: number, { surroundings }: AgentPatient): Promise<Handshake> {
  const { signal, timeoutMs, clock } = surroundings;
  let seen: readonly Uint8Array[] | undefined;
  const verifyServer = (chain: readonly Uint8Array[]): void => {
    seen = chain;
    throw new SpirekitError('canceled', 'seen enough');
  };
  const target = { kind: 'tcp', host, port, tls: { verifyServer } } as const;
  await using rpc = new RpcClient(target, { connectTimeoutMs: timeoutMs, clock });
  try {
    await healthClient(rpc).check({ service: '' }, { signal, timeoutMs });
  } catch (error) {
    return seen === undefined ? { error: SpirekitError.from(error) } : { chain: seen };
  }
  return { error: new SpirekitError('internal', 'the call was not refused') };
}

async function judge(handshake: Handshake, subject: string, patient: AgentPatient): Promise<Finding[]> {
  if ('error' in handshake) return [unreachable(handshake.error, subject)];
  let chain: Certificate[];
  try {
    chain = handshake.chain.map((der) => Certificate.parse(der));
  } catch (error) {
    return [stranger(subject, SpirekitError.from(error).message)];
  }
  const [leaf] = chain;
  if (leaf === undefined) return [stranger(subject, 'it shows no certificate')];
  const trustDomain = patient.config.kind === 'valid' ? patient.config.value.trustDomain : undefined;
  if (trustDomain !== undefined && leaf.uris[0] !== serverId(trustDomain).toString()) {
    const [uri = 'none'] = leaf.uris;
    if (!uri.startsWith('spiffe://')) return [stranger(subject, 'its certificate has no SPIFFE ID')];
    return [
      {
        code: 'SPK-4034',
        severity: 'error',
        subject,
        message: `another server answers there: ${uri}`,
        evidence: [`wanted ${serverId(trustDomain)}`],
        remedy: 'mend server_address, server_port or trust_domain in the configuration of the agent',
      },
    ];
  }
  const nowMs = patient.surroundings.clock.nowMs();
  const time = outOfTime(leaf, subject, nowMs);
  return time === undefined ? trusted(chain, subject, patient) : [time];
}

function outOfTime(leaf: Certificate, subject: string, nowMs: number): Finding | undefined {
  const evidence = [
    `the server's certificate is valid from ${momentWords(leaf.notBeforeMs)} to ${momentWords(leaf.notAfterMs)}`,
    `now ${momentWords(nowMs)}`,
  ];
  if (leaf.notBeforeMs > nowMs) {
    const by = spanWords(leaf.notBeforeMs - nowMs);
    const message = `the clock of this machine is at least ${by} behind that of the server`;
    const remedy = 'set the clocks of both: `timedatectl set-ntp true`';
    return { code: 'SPK-4020', severity: 'error', subject, message, evidence, remedy };
  }
  if (leaf.notAfterMs > nowMs) return undefined;
  return {
    code: 'SPK-4035',
    severity: 'error',
    subject,
    message: `the server's certificate expired ${spanWords(nowMs - leaf.notAfterMs)} ago, or the clock of this machine is ahead`,
    evidence,
    remedy:
      'compare `date -u` on both machines; if they agree, read the log of the server: it does not renew its own SVID',
  };
}

async function trusted(chain: readonly Certificate[], subject: string, patient: AgentPatient): Promise<Finding[]> {
  const [leaf, ...intermediates] = chain;
  const { roots, from } = await bundleOf(patient);
  if (leaf === undefined || roots.length === 0) return [];
  try {
    verifyChain({ leaf, intermediates, roots, nowMs: patient.surroundings.clock.nowMs() });
    return [];
  } catch (error) {
    return [
      {
        code: 'SPK-4033',
        severity: 'error',
        subject,
        message:
          "the agent's bundle does not vouch for the server: it is out of date, or the server is not the right one",
        evidence: [SpirekitError.from(error).message, `bundle: ${from}, ${roots.length} authorities`],
        remedy:
          "compare with `spirekit bundle show` on the server; if it is the right one, set rebootstrap_mode, or give the agent today's bundle and a new join token",
      },
    ];
  }
}

/** The bundle that the agent would verify with: what it has learned, else the one that it is to begin with. */
async function bundleOf(patient: AgentPatient): Promise<{ roots: readonly Certificate[]; from: string }> {
  const { files, config, process } = patient;
  const learned = files?.data?.bundle ?? [];
  if (learned.length > 0) return { roots: learned, from: files?.dataPath ?? '' };
  const none = { roots: [], from: '' };
  if (config.kind !== 'valid' || config.value.trustBundle.kind !== 'file') return none;
  if (config.value.trustBundleFormat !== 'pem') return none;
  const path = resolve(process?.workingFolder ?? patient.surroundings.cwd, config.value.trustBundle.path);
  const file = await lookAtFile(path);
  if (file.kind !== 'read') return none;
  try {
    return { roots: Certificate.parsePem(file.text), from: path };
  } catch {
    return none;
  }
}

function unreachable(error: SpirekitError, subject: string): Finding {
  if (/handshake|preface|ALPN/i.test(error.message)) return stranger(subject, error.message);
  const reason = /dial tcp .*?: (?:connect: )?([^":]+)"?$/.exec(error.message)?.[1] ?? ioReason(error);
  return {
    code: 'SPK-4031',
    severity: 'error',
    subject,
    message: `the server cannot be reached: ${reason}`,
    evidence: [error.message],
    remedy:
      'see whether the server runs there (`spirekit server healthcheck`), listens on that port (bind_address, bind_port), and no firewall lies between',
  };
}

function stranger(subject: string, reason: string): Finding {
  return {
    code: 'SPK-4032',
    severity: 'error',
    subject,
    message: 'what answers there is no SPIRE server',
    evidence: [reason],
    remedy: 'mend server_address and server_port; a proxy between has to pass TLS through unchanged',
  };
}
