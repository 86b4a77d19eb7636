import { createPrivateKey } from 'node:crypto';
import { renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import type { RunningCase } from './running-case.ts';

/** What has to hold of a use case once it runs, and after its identity was renewed. A failure throws. */
export interface Check {
  readonly first?: (running: RunningCase) => Promise<void>;
  /** Absent for those that have ended by then. */
  readonly renewed?: (running: RunningCase) => Promise<void>;
  readonly endsByItself?: boolean;
}

const CERT = 'certs/svid.pem';
const KEY = 'certs/svid_key.pem';
const BUNDLE = 'certs/svid_bundle.pem';

/** The certificate is there, and belongs to the key beside it. */
function written(cert = CERT, key = KEY) {
  return (running: RunningCase): Promise<void> =>
    running.until('files', () => running.certificates(cert)[0]?.checkPrivateKey(privateKey(running, key)) === true);
}

function privateKey(running: RunningCase, name: string) {
  return createPrivateKey(running.text(name));
}

/** The certificate of the latest renewal. */
function changed(cert = CERT) {
  return (running: RunningCase): Promise<void> =>
    running.until('a renewal', () => {
      const names = running.certificates(cert)[0]?.subjectAltName?.split(', ');
      return names?.includes(`DNS:r${running.stage.renewals}.example.org`) === true;
    });
}

const lines = (running: RunningCase): string[] => running.text('notes').trimEnd().split('\n');

function notes(...wanted: readonly string[]) {
  return (running: RunningCase): Promise<void> =>
    running.until(`notes ${wanted.join(', ')}`, () => lines(running).join() === wanted.join());
}

async function all(
  running: RunningCase,
  ...steps: readonly ((running: RunningCase) => Promise<void>)[]
): Promise<void> {
  for (const step of steps) await step(running);
}

const FILES: Check = { first: written(), renewed: changed() };

function modes(running: RunningCase, wanted: Readonly<Record<string, string>>): Promise<void> {
  return running.until('modes', () => Object.entries(wanted).every(([name, mode]) => running.mode(name) === mode));
}

/** The TLS server shows what lies on disk, and not what it showed before. */
async function serves(running: RunningCase): Promise<void> {
  await running.until('the certificate on disk served', async () => {
    const onDisk = running.certificates(CERT)[0]?.serialNumber;
    return (await running.shownSerial()) === onDisk;
  });
}

const servesRenewed = (running: RunningCase): Promise<void> => all(running, changed(), serves);

/** Starts the server that others run, once its files are there. */
async function serverBeside(running: RunningCase): Promise<void> {
  await written()(running);
  running.startBeside('tls-server');
  await serves(running);
}

/** A process of somebody else with a pid file that notes each SIGHUP. */
async function serviceBeside(running: RunningCase): Promise<void> {
  await written()(running);
  startNoting(running);
}

function startNoting(running: RunningCase): void {
  const script = 'trap "echo hup >> notes" HUP; while :; do sleep 0.05; done';
  writeFileSync(
    join(running.folder, 'noting'),
    `#!/bin/sh\necho $$ > service.pid.new; mv service.pid.new service.pid\n${script}\n`,
    {
      mode: 0o755,
    },
  );
  running.startBeside('noting');
}

function status(running: RunningCase, path: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port: running.port, path, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).on('error', reject);
  });
}

const subjects = (running: RunningCase, name: string): string[] =>
  running.certificates(name).map(({ subject }) => subject.replaceAll('\n', ','));

/** By the names of the use cases. */
export const CHECKS: Readonly<Record<string, Check>> = {
  address: FILES,
  environment: FILES,
  names: { first: written('certs/tls.pem', 'certs/tls.key'), renewed: changed('certs/tls.pem') },
  modes: {
    first: (running) => all(running, written(), (one) => modes(one, { [CERT]: '444', [KEY]: '440', [BUNDLE]: '444' })),
    renewed: (running) => all(running, changed(), (one) => modes(one, { [CERT]: '444', [KEY]: '440' })),
  },
  intermediates: {
    ...FILES,
    first: async (running) => {
      await written()(running);
      await running.until('the leaf alone, intermediates in the bundle', () => {
        const bundle = running.certificates(BUNDLE);
        return running.certificates(CERT).length === 1 && bundle.some(({ issuer, subject }) => issuer !== subject);
      });
    },
  },
  federated: {
    ...FILES,
    first: (running) =>
      running.until('both roots of the other trust domain', () => {
        const names = subjects(running, BUNDLE);
        return names.includes('CN=root') && names.includes('CN=other') && names.includes('CN=old');
      }),
  },
  'omit-expired': {
    ...FILES,
    first: (running) =>
      running.until('the root that has not expired', () => {
        const names = subjects(running, BUNDLE);
        return names.includes('CN=other') && !names.includes('CN=old');
      }),
  },
  hint: {
    ...FILES,
    first: (running) =>
      running.until('the identity with the hint', () =>
        /URI:spiffe:\/\/example\.org\/internal/.test(running.certificates(CERT)[0]?.subjectAltName ?? ''),
      ),
  },
  'jwt-svid': {
    first: async (running) => {
      await written()(running);
      await running.until('a token for both audiences', () => {
        const claims = JSON.parse(Buffer.from(running.text('certs/token').split('.')[1] ?? '', 'base64url').toString());
        return JSON.stringify(claims.aud) === '["reports","archive"]' && running.mode('certs/token') === '400';
      });
    },
    renewed: changed(),
  },
  'jwt-bundle': {
    ...FILES,
    first: (running) =>
      running.until('the keys of JWTs', () => {
        const sets: Record<string, string> = JSON.parse(running.text('certs/jwks.json'));
        const own = JSON.parse(Buffer.from(sets['example.org'] ?? '', 'base64').toString());
        return own.keys.length > 0 && running.mode('certs/jwks.json') === '444';
      }),
  },
  cmd: {
    first: notes('started 2'),
    renewed: notes('started 2', 'told'),
  },
  'cmd-ended': { first: notes('renewed'), renewed: notes('renewed', 'renewed') },
  'reload-command': { first: notes('reloaded'), renewed: notes('reloaded', 'reloaded') },
  'pid-file': {
    first: async (running) => {
      await serviceBeside(running);
      await running.until('a pid file', () => running.has('service.pid'));
      // Another process takes its place: the file is read each time.
      const before = running.text('service.pid');
      startNoting(running);
      await running.until('a new pid', () => running.text('service.pid') !== before);
    },
    renewed: notes('hup'),
  },
  'cmd-and-pid-file': {
    first: (running) =>
      all(running, notes('reloaded'), serviceBeside, (one) => one.until('a pid file', () => one.has('service.pid'))),
    renewed: notes('reloaded', 'reloaded', 'hup'),
  },
  once: { first: written(), endsByItself: true },
  'once-late': {
    first: async (running) => {
      await running.until('its waiting', () => running.said.includes('waiting'));
      if (running.has(CERT)) throw new Error('it wrote before there was an agent');
      const link = join(running.folder, 'late.sock');
      symlinkSync(running.stage.deployment.agentSocket, `${link}.new`);
      renameSync(`${link}.new`, link);
      await written()(running);
    },
    endsByItself: true,
  },
  health: {
    ...FILES,
    first: (running) =>
      running.until('its being ready', async () => {
        const found = [
          await status(running, '/alive'),
          await status(running, '/ready'),
          await status(running, '/live'),
        ];
        return found.join() === '200,200,404';
      }),
  },
  'file-watcher': FILES,
  ghostunnel: { first: serves, renewed: servesRenewed },
  nginx: { first: serverBeside, renewed: servesRenewed },
  mysql: { first: serverBeside, renewed: servesRenewed },
  restart: { first: serves, renewed: servesRenewed },
};
