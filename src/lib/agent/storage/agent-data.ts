import { Certificate } from '../../crypto/certificate.ts';
import { SpirekitError } from '../../runtime/errors.ts';

/** What an agent keeps between two runs, beside its keys. */
export interface AgentData {
  /** The agent's own X509-SVID, leaf first; empty if it has none. */
  readonly svid: readonly Certificate[];
  /** The X.509 authorities of the trust domain; empty if it has none. */
  readonly bundle: readonly Certificate[];
  /** Whether the server said that this node may attest again. */
  readonly reattestable: boolean;
  /** What a running attempt to find the server's bundle again knows; SPIRE's agent keeps it here too. */
  readonly bootstrap: BootstrapState;
}

/** How far a (re)bootstrap is. */
export interface BootstrapState {
  readonly use: 'unspecified' | 'bootstrap' | 'rebootstrap';
  /** Milliseconds since the Unix epoch; undefined when none is under way. */
  readonly startedAtMs: number | undefined;
  readonly attempts: number;
}

/** An agent that never ran. */
export const NO_AGENT_DATA: AgentData = {
  svid: [],
  bundle: [],
  reattestable: false,
  bootstrap: { use: 'unspecified', startedAtMs: undefined, attempts: 0 },
};

/** By SPIRE's numbers. */
const BOOTSTRAP_USES = ['unspecified', 'bootstrap', 'rebootstrap'] as const;

/** Go's zero time. */
const NO_TIME = '0001-01-01T00:00:00Z';

/** No chain or bundle of ours comes near; a longer list is no file of an agent. */
const MOST_CERTIFICATES = 1000;

/**
 * Reads the text of an `agent-data.json`, as SPIRE's agent writes it; members may be absent. Throws `data-loss` for
 * anything else.
 */
export function parseAgentData(text: string): AgentData {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw new SpirekitError('data-loss', 'failed to unmarshal data', { cause });
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw new SpirekitError('data-loss', 'failed to unmarshal data: not an object');
  }
  const members = new Map(Object.entries(document));
  return {
    svid: parseCertificates('SVID', members.get('svid')),
    bundle: parseCertificates('bundle', members.get('bundle')),
    reattestable: parseBoolean('reattestable', members.get('reattestable')),
    bootstrap: {
      use: BOOTSTRAP_USES[parseCount('bootstrap_use', members.get('bootstrap_use'))] ?? 'unspecified',
      startedAtMs: parseTime('bootstrap_start_time', members.get('bootstrap_start_time')),
      attempts: parseCount('connection_attempts', members.get('connection_attempts')),
    },
  };
}

/** Writes the text that {@link parseAgentData} reads. */
export function formatAgentData(data: AgentData): string {
  const { use, startedAtMs, attempts } = data.bootstrap;
  return JSON.stringify({
    svid: formatCertificates(data.svid),
    bundle: formatCertificates(data.bundle),
    reattestable: data.reattestable,
    bootstrap_use: BOOTSTRAP_USES.indexOf(use),
    bootstrap_start_time: startedAtMs === undefined ? NO_TIME : new Date(startedAtMs).toISOString(),
    connection_attempts: attempts,
  });
}

/** Each certificate is a PEM block, and that in base64. */
function parseCertificates(what: string, value: unknown): readonly Certificate[] {
  if (value === undefined || value === null) return [];
  const refuse = (reason: string, cause?: unknown): SpirekitError =>
    new SpirekitError('data-loss', `failed to parse ${what}: ${reason}`, { cause });
  if (!Array.isArray(value) || value.length > MOST_CERTIFICATES) throw refuse('not a list of certificates');
  return value.map((encoded: unknown) => {
    if (typeof encoded !== 'string') throw refuse('not a list of certificates');
    let certificates: readonly Certificate[];
    try {
      certificates = Certificate.parsePem(Buffer.from(encoded, 'base64'));
    } catch (cause) {
      throw refuse('malformed certificate', cause);
    }
    const [certificate] = certificates;
    if (certificate === undefined || certificates.length > 1) throw refuse('expected one certificate in each member');
    return certificate;
  });
}

function formatCertificates(certificates: readonly Certificate[]): readonly string[] | null {
  if (certificates.length === 0) return null;
  return certificates.map((certificate) => Buffer.from(certificate.toPem(), 'utf8').toString('base64'));
}

function parseBoolean(name: string, value: unknown): boolean {
  if (value === undefined) return false;
  if (typeof value !== 'boolean') throw new SpirekitError('data-loss', `failed to unmarshal data: malformed ${name}`);
  return value;
}

function parseCount(name: string, value: unknown): number {
  if (value === undefined) return 0;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw new SpirekitError('data-loss', `failed to unmarshal data: malformed ${name}`);
  }
  return value;
}

function parseTime(name: string, value: unknown): number | undefined {
  if (value === undefined || value === NO_TIME) return undefined;
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  if (!Number.isFinite(time)) throw new SpirekitError('data-loss', `failed to unmarshal data: malformed ${name}`);
  return time;
}
