import type { Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Finding } from '../../findings/finding.ts';
import { errnoOf, ioReason } from '../../runtime/io-reason.ts';
import type { Check } from '../check.ts';
import { fileWords } from '../file-words.ts';
import type { Daemon } from '../patient.ts';
import { mayWrite } from './socket-file.ts';

/** More names than any daemon makes. */
const MOST_NAMES = 200;

/** The folder that a daemon keeps its state in: there, its own, writable, and what was set aside in it. */
export const dataFolder: Check<Daemon> = {
  name: 'data folder',
  async look(patient) {
    const { dataDir, kind } = patient;
    if (dataDir === undefined) return { skipped: 'the data folder is known from the configuration, and there is none' };
    let status: Stats;
    try {
      status = await stat(dataDir);
    } catch (error) {
      if (errnoOf(error) === 'EACCES') return { skipped: `${dataDir}: ${ioReason(error)}` };
      return [
        {
          code: 'SPK-4060',
          severity: patient.process === undefined ? 'warning' : 'error',
          subject: dataDir,
          message: `the data folder cannot be used: ${ioReason(error)}`,
          remedy: `start the ${kind}, which makes it, or name the right one in data_dir`,
        },
      ];
    }
    if (!status.isDirectory()) {
      return [
        {
          code: 'SPK-4060',
          severity: 'error',
          subject: dataDir,
          message: 'the data folder is no folder',
          evidence: [fileWords(status)],
          remedy: 'name a folder in data_dir',
        },
      ];
    }
    return [
      ...openFolder(dataDir, status),
      ...foreignFolder(patient, dataDir, status),
      ...(await readOnly(patient, dataDir, status)),
      ...(await setAside(dataDir)),
    ];
  },
};

function openFolder(path: string, status: Stats): Finding[] {
  if ((status.mode & 0o022) === 0 || (status.mode & 0o1000) !== 0) return [];
  return [
    {
      code: 'SPK-4064',
      severity: 'error',
      subject: path,
      message: 'other users can put files into the data folder',
      evidence: [fileWords(status)],
      remedy: `\`chmod go-w ${path}\`, and look at what is in it`,
    },
  ];
}

function foreignFolder({ process: daemon, kind }: Daemon, path: string, status: Stats): Finding[] {
  if (daemon === undefined || daemon.uid === status.uid || daemon.uid === 0) return [];
  return [
    {
      code: 'SPK-4063',
      severity: 'warning',
      subject: path,
      message: `the data folder belongs to uid ${status.uid}, and the ${kind} runs as uid ${daemon.uid}`,
      evidence: [fileWords(status)],
      remedy: `\`chown -R ${daemon.uid} ${path}\``,
    },
  ];
}

async function readOnly({ surroundings, kind }: Daemon, path: string, status: Stats): Promise<Finding[]> {
  const write = await mayWrite(path);
  const isOwnersMatter = write === 'no' && surroundings.uid === status.uid;
  if (write !== 'read-only' && !isOwnersMatter) return [];
  return [
    {
      code: 'SPK-4102',
      severity: 'error',
      subject: path,
      message: write === 'read-only' ? 'the file system is read-only' : 'its own user cannot write into it',
      evidence: [fileWords(status)],
      remedy: `let the ${kind} write there: \`mount -o remount,rw\` or \`chmod u+rwx ${path}\`; it cannot keep new keys and SVIDs now`,
    },
  ];
}

async function setAside(path: string): Promise<Finding[]> {
  const names = await readdir(path).catch(() => []);
  return names
    .slice(0, MOST_NAMES)
    .filter((name) => name.includes('.damaged-'))
    .map((name) => ({
      code: 'SPK-4068',
      severity: 'warning',
      subject: join(path, name),
      message: 'a damaged file was set aside here',
      remedy: 'find out what damaged it: a full disk, a copy of a running folder, an unclean end; then delete it',
    }));
}
