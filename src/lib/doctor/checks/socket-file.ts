import type { Stats } from 'node:fs';
import { access, constants, lstat, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Finding } from '../../findings/finding.ts';
import { errnoOf, ioReason } from '../../runtime/io-reason.ts';
import type { Check, Outcome } from '../check.ts';
import { withConnection } from '../daemon-process.ts';
import { fileWords } from '../file-words.ts';
import type { AgentPatient, Daemon } from '../patient.ts';

/** `sockaddr_un` holds 108 bytes, one of them the final zero. */
const LONGEST_PATH_BYTES = 107;

/** The socket of a daemon: whether it is there, somebody listens, and who may open it. */
export const socketFile: Check<Daemon> = {
  name: 'socket',
  look: (patient) => lookAtSocket(patient.socketPath, patient),
};

/** The agent's admin socket, where its configuration names one. */
export const adminSocketFile: Check<AgentPatient> = {
  name: 'admin socket',
  async look(patient) {
    if (patient.adminSocketPath === undefined) return { skipped: 'the agent has none, or none is known' };
    return lookAtSocket(patient.adminSocketPath, patient);
  },
};

async function lookAtSocket(path: string, patient: Daemon): Promise<Outcome> {
  const isPublic = patient.kind === 'agent' && path === patient.socketPath;
  const bytes = Buffer.byteLength(path);
  if (bytes > LONGEST_PATH_BYTES) {
    return [
      {
        code: 'SPK-4006',
        severity: 'error',
        subject: path,
        message: `the path has ${bytes} bytes, and a unix socket's has at most ${LONGEST_PATH_BYTES}`,
        remedy: `give the ${patient.kind} a shorter socket_path, and its callers the same`,
      },
    ];
  }
  let status: Stats;
  try {
    status = await lstat(path);
  } catch (error) {
    return errnoOf(error) === 'EACCES' ? [await hiddenSocket(path, patient)] : [absentSocket(path, patient, error)];
  }
  if (status.isSymbolicLink()) status = await stat(path).catch(() => status);
  if (!status.isSocket()) {
    return [
      {
        code: 'SPK-4002',
        severity: 'error',
        subject: path,
        message: 'something else than a socket is there',
        evidence: [fileWords(status)],
        remedy: `move it away and start the ${patient.kind}: \`mv ${path} ${path}.aside\``,
      },
    ];
  }
  return [...(await listening(path, status, patient)), ...(await modes(path, status, isPublic))];
}

function absentSocket(path: string, { kind }: Daemon, error: unknown): Finding {
  return {
    code: 'SPK-4001',
    severity: 'error',
    subject: path,
    message: `there is no socket: ${ioReason(error)}`,
    remedy: `start the ${kind}: \`spirekit ${kind} run\`; or name its socket: \`spirekit doctor ${kind} --socket-path PATH\``,
  };
}

async function hiddenSocket(path: string, patient: Daemon): Promise<Finding> {
  const evidence: string[] = [];
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const status = await stat(folder).catch(() => undefined);
    if (status !== undefined) evidence.push(`${folder}: ${fileWords(status)}`);
    if (status !== undefined || folder === dirname(folder)) break;
  }
  return refused(path, patient, evidence);
}

function refused(path: string, { kind, surroundings }: Daemon, evidence: readonly string[]): Finding {
  return {
    code: 'SPK-4004',
    severity: 'error',
    subject: path,
    message: `uid ${surroundings.uid} may not open it: permission denied`,
    evidence,
    remedy: `run this as the user of the ${kind}, or as a member of the group of the socket`,
  };
}

async function listening(path: string, status: Stats, patient: Daemon): Promise<Finding[]> {
  try {
    await withConnection(path, patient.surroundings, async () => {});
    return [];
  } catch (error) {
    const evidence = [fileWords(status)];
    if (errnoOf(error) === 'EACCES') return [refused(path, patient, evidence)];
    return [
      {
        code: 'SPK-4003',
        severity: 'error',
        subject: path,
        message: `the socket file is there, but nobody listens: ${ioReason(error)}`,
        evidence,
        remedy: `start the ${patient.kind}, which takes the place of the file: \`spirekit ${patient.kind} run\``,
      },
    ];
  }
}

/** The public socket is for everybody, the others are for those who administer. */
async function modes(path: string, status: Stats, isPublic: boolean): Promise<Finding[]> {
  const folder = await stat(dirname(path)).catch(() => undefined);
  const evidence = [fileWords(status), ...(folder === undefined ? [] : [`${dirname(path)}: ${fileWords(folder)}`])];
  const others = status.mode & 0o007;
  if (isPublic) {
    const isReachable = folder === undefined || (folder.mode & 0o001) !== 0;
    if ((others & 0o002) !== 0 && isReachable) return [];
    return [
      {
        code: 'SPK-4007',
        severity: 'warning',
        subject: path,
        message: 'workloads of other users cannot open the socket of the Workload API',
        evidence,
        remedy: `\`chmod 0777 ${path} && chmod 0755 ${dirname(path)}\`; the agent sets both where it makes them`,
      },
    ];
  }
  const isOpen = (others & 0o002) !== 0 && (folder === undefined || (folder.mode & 0o001) !== 0);
  if (!isOpen) return [];
  return [
    {
      code: 'SPK-4008',
      severity: 'error',
      subject: path,
      message: 'every user of this machine can open a socket that is for administrators',
      evidence,
      remedy: `\`chmod 0770 ${path} && chmod 0750 ${dirname(path)}\``,
    },
  ];
}

/** Whether this user may write there, without trying: undefined if it is not there. */
export async function mayWrite(path: string): Promise<'yes' | 'no' | 'read-only' | undefined> {
  try {
    await access(path, constants.W_OK);
    return 'yes';
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'EROFS') return 'read-only';
    return code === 'ENOENT' || code === 'ENOTDIR' ? undefined : 'no';
  }
}
