import { stat } from 'node:fs/promises';
import type { Finding } from '../../findings/finding.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import { parseEndpointAddress } from '../../spiffe/endpoint-address.ts';
import type { Check } from '../check.ts';
import type { MachinePatient } from '../patient.ts';

const TEMPLATES = ['SPIRE_AGENT_PUBLIC_SOCKET_TEMPLATE', 'SPIRE_SERVER_PRIVATE_SOCKET_TEMPLATE'] as const;

/** Variables that lead programs to sockets, or Node astray. */
export const environment: Check<MachinePatient> = {
  name: 'environment',
  async look({ surroundings: { env }, variablesPutAside }) {
    return [...(await endpointSocket(env['SPIFFE_ENDPOINT_SOCKET'])), ...templates(env), ...forNode(variablesPutAside)];
  },
};

async function endpointSocket(value: string | undefined): Promise<Finding[]> {
  if (value === undefined || value === '') return [];
  const subject = 'SPIFFE_ENDPOINT_SOCKET';
  const remedy =
    'write it as `export SPIFFE_ENDPOINT_SOCKET=unix:///tmp/spire-agent/public/api.sock`, or `unset SPIFFE_ENDPOINT_SOCKET`';
  let path: string;
  try {
    const target = value.startsWith('/') ? ({ kind: 'unix', path: value } as const) : parseEndpointAddress(value);
    if (target.kind !== 'unix') return [];
    path = target.path;
  } catch (error) {
    const message = `it is no address of a Workload API: ${SpirekitError.from(error).message}`;
    return [{ code: 'SPK-4110', severity: 'error', subject, message, evidence: [value], remedy }];
  }
  const status = await stat(path).catch(() => undefined);
  if (status?.isSocket() === true) return value.startsWith('/') ? [plainPath(value, remedy)] : [];
  const message = status === undefined ? 'it names a socket that is not there' : 'it names something that is no socket';
  return [{ code: 'SPK-4110', severity: 'error', subject, message, evidence: [value], remedy }];
}

function plainPath(value: string, remedy: string): Finding {
  return {
    code: 'SPK-4110',
    severity: 'warning',
    subject: 'SPIFFE_ENDPOINT_SOCKET',
    message: 'it is a plain path, which the SPIFFE libraries refuse',
    evidence: [value],
    remedy,
  };
}

function templates(env: Readonly<Record<string, string | undefined>>): Finding[] {
  return TEMPLATES.filter((name) => (env[name] ?? '') !== '' && env[name]?.includes('%i') !== true).map((name) => ({
    code: 'SPK-4112',
    severity: 'warning',
    subject: name,
    message: 'the template has no %i, so -instance is refused',
    evidence: [env[name] ?? ''],
    remedy: `\`export ${name}=/run/spire/%i/api.sock\``,
  }));
}

function forNode(names: readonly string[]): Finding[] {
  if (names.length === 0) return [];
  return [
    {
      code: 'SPK-4111',
      severity: 'info',
      subject: 'environment',
      message: 'variables for Node or OpenSSL are set, and have no effect on these programs',
      evidence: names,
      remedy: 'nothing to do here; other Node programs in this shell do obey them',
    },
  ];
}
