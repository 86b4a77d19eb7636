import type { KeyObject } from 'node:crypto';
import { join, resolve } from 'node:path';
import { parseAgentData } from '../../agent/storage/agent-data.ts';
import { isSamePublicKey, publicKeyDer, subjectKeyId } from '../../crypto/key.ts';
import type { Finding } from '../../findings/finding.ts';
import { parseKeysFile } from '../../keymanager/keys-file.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import { ioReason } from '../../runtime/io-reason.ts';
import { type LookedAtFile, lookAtFile } from '../bounded-file.ts';
import type { Check } from '../check.ts';
import { fileWords } from '../file-words.ts';
import type { AgentPatient, Daemon, ServerPatient } from '../patient.ts';

/** The agent's keys and what it remembers: whole, its own, and of one pair. */
export const agentFiles: Check<AgentPatient> = {
  name: 'keys and agent data',
  async look(patient) {
    const { dataDir, files } = patient;
    if (dataDir === undefined || files === undefined) return { skipped: 'the data folder is not known' };
    const keysPath = keysFileOf(patient) ?? join(dataDir, 'keys.json');
    const [keysFile, dataFile] = await Promise.all([lookAtFile(keysPath), lookAtFile(files.dataPath)]);
    if (keysFile.kind === 'unreadable' && dataFile.kind === 'unreadable') {
      return { skipped: `${dataDir}: ${ioReason(keysFile.error)}` };
    }
    const keys = orUndefined(() => readKeys(keysFile));
    return [
      ...fileFindings(keysPath, keysFile, 'agent', readKeys),
      ...fileFindings(files.dataPath, dataFile, 'agent', ({ text }) => parseAgentData(text)),
      ...mismatch(files.data?.svid[0]?.publicKey, keys, files.dataPath),
    ];
  },
};

/** The server's keys: whole, private, and with that of the authority that signs now. */
export const serverFiles: Check<ServerPatient> = {
  name: 'keys',
  async look(patient) {
    const path = keysFileOf(patient);
    if (path === undefined) return { skipped: 'the keys are in no file, or which one is not known' };
    const file = await lookAtFile(path);
    if (file.kind === 'unreadable') return { skipped: `${path}: ${ioReason(file.error)}` };
    return [...fileFindings(path, file, 'server', readKeys), ...(await activeKeyMissing(patient, path, file))];
  },
};

/** Where the key manager `disk` keeps its keys, by the configuration. */
function keysFileOf({ kind, config, process, dataDir }: Daemon): string | undefined {
  if (config.kind !== 'valid') return undefined;
  const plugin = config.value.plugins.find(({ type, name }) => type === 'KeyManager' && name === 'disk');
  if (plugin?.data.kind !== 'fixed') return undefined;
  const [, setting] = /(?:keys_path|directory)"?\s*[=:]\s*"([^"\\]*)"/.exec(plugin.data.hcl) ?? [];
  if (setting === undefined) return kind === 'agent' && dataDir !== undefined ? join(dataDir, 'keys.json') : undefined;
  const path = resolve(process?.workingFolder ?? '.', setting);
  return kind === 'agent' ? join(path, 'keys.json') : path;
}

function readKeys(file: LookedAtFile): ReadonlyMap<string, KeyObject> | undefined {
  return file.kind === 'read' ? parseKeysFile(file.text) : undefined;
}

function fileFindings(
  path: string,
  file: LookedAtFile,
  kind: Daemon['kind'],
  read: (file: LookedAtFile & { kind: 'read' }) => unknown,
): Finding[] {
  if (file.kind === 'absent' || file.kind === 'unreadable') return [];
  const evidence = [fileWords(file.status)];
  const found: Finding[] = [];
  if ((file.status.mode & 0o077) !== 0) {
    found.push({
      code: 'SPK-4061',
      severity: 'error',
      subject: path,
      message: 'others than its owner can open a file with secrets',
      evidence,
      remedy: `\`chmod 0600 ${path}\`; whoever has read it has the keys until they are renewed`,
    });
  }
  let damage = file.kind === 'odd' ? file.reason : undefined;
  if (file.kind === 'read') {
    try {
      read(file);
    } catch (error) {
      damage = SpirekitError.from(error).message;
    }
  }
  if (damage !== undefined) {
    found.push({
      code: 'SPK-4062',
      severity: 'error',
      subject: path,
      message: `the file is damaged: ${damage}`,
      evidence,
      remedy:
        kind === 'agent'
          ? `stop the agent, \`mv ${path} ${path}.aside\`, start it with a new join token: \`spirekit token generate\``
          : 'restore it from a backup: without its keys the server needs a new root, which every agent has to learn',
    });
  }
  return found;
}

function mismatch(
  svidKey: KeyObject | undefined,
  keys: ReadonlyMap<string, KeyObject> | undefined,
  subject: string,
): Finding[] {
  if (svidKey === undefined || keys === undefined) return [];
  if ([...keys.values()].some((key) => isSamePublicKey(key, svidKey))) return [];
  return [
    {
      code: 'SPK-4066',
      severity: 'error',
      subject,
      message: "none of the agent's keys is that of its SVID",
      evidence: [`keys: ${[...keys.keys()].join(', ') || 'none'}`],
      remedy: 'the files are of two runs: stop the agent, move both aside, start it with a new join token',
    },
  ];
}

async function activeKeyMissing({ contents }: ServerPatient, path: string, file: LookedAtFile): Promise<Finding[]> {
  const state = await contents.x509Authorities().catch(() => undefined);
  const active = state?.active?.authorityId;
  if (active === undefined || active === '' || file.kind !== 'read') return [];
  const keys = orUndefined(() => readKeys(file));
  if (keys === undefined) return [];
  const ids = [...keys.values()].map((key) => Buffer.from(subjectKeyId(publicKeyDer(key))).toString('hex'));
  if (ids.includes(active)) return [];
  return [
    {
      code: 'SPK-4069',
      severity: 'error',
      subject: path,
      message: 'the key of the X.509 authority that signs now is not in the file',
      evidence: [`active authority ${active}`, `keys: ${[...keys.keys()].join(', ') || 'none'}`],
      remedy: 'put the right file back before the server is started again: it would begin with a new root',
    },
  ];
}

/** What is damaged is told by {@link fileFindings}. */
function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
