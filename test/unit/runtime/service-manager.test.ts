import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeUnixAddress, ServiceManager } from '../../../src/lib/runtime/service-manager.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { findOnPath } from '../../support/programs.ts';

describe('encodeUnixAddress', () => {
  it('gives paths their final zero, and abstract names a zero in front', () => {
    const family = Buffer.from(Uint16Array.of(1).buffer);
    expect(encodeUnixAddress('/run/n')).toEqual(Buffer.concat([family, Buffer.from('/run/n\0')]));
    expect(encodeUnixAddress('@n')).toEqual(Buffer.concat([family, Buffer.from('\0n')]));
  });

  it.each(['', '@', 'run/n', '/a\0b', `/${'x'.repeat(107)}`, `@${'x'.repeat(108)}`, 'vsock:2:1'])(
    'refuses %j',
    (text) => expect(() => encodeUnixAddress(text)).toThrow(/NOTIFY_SOCKET/),
  );

  it('gives every name that fits its own address, and refuses all else', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => `@${text}`),
          fc.string().map((text) => `/${text}`),
        ),
        (text) => {
          let encoded: Buffer;
          try {
            encoded = encodeUnixAddress(text);
          } catch (error) {
            expect(error).toMatchObject({ code: 'invalid-argument' });
            return;
          }
          expect(encoded.length).toBeLessThanOrEqual(110);
          const name = encoded.subarray(2).toString();
          expect(text.startsWith('@') ? `@${name.slice(1)}` : name).toBe(text.startsWith('@') ? text : `${text}\0`);
        },
      ),
    );
  });
});

describe('the service manager', () => {
  const found = async (env: Record<string, string>, clock = new ManualClock()) => {
    const sent: string[] = [];
    const manager = await ServiceManager.find({ NOTIFY_SOCKET: '@x', ...env }, clock, async () => (data) => {
      sent.push(data.toString());
      return true;
    });
    if (manager === undefined) throw new Error('no manager');
    return { manager, sent, clock };
  };

  it('is not there without NOTIFY_SOCKET', async () => {
    expect(await ServiceManager.find({}, new ManualClock())).toBeUndefined();
    expect(await ServiceManager.find({ NOTIFY_SOCKET: '' }, new ManualClock())).toBeUndefined();
  });

  it('is told how we are, each on a line', async () => {
    const { manager, sent } = await found({});
    manager.ready('keeps a\nSTOPPING=1');
    manager.reloading('r');
    manager.status('s');
    manager.stopping();
    expect(sent).toEqual([
      'READY=1\nSTATUS=keeps a STOPPING=1',
      expect.stringMatching(/^RELOADING=1\nMONOTONIC_USEC=\d+\nSTATUS=r$/),
      'STATUS=s',
      'STOPPING=1',
    ]);
  });

  it('hears that we live at half of the time it allows', async () => {
    const { manager, sent, clock } = await found({ WATCHDOG_USEC: '2000000', WATCHDOG_PID: String(process.pid) });
    expect(sent).toEqual(['WATCHDOG=1']);
    clock.advance(3500);
    expect(sent.length).toBe(4);
    manager[Symbol.dispose]();
    clock.advance(60_000);
    expect(sent.length).toBe(4);
  });

  it.each([{ WATCHDOG_USEC: '0' }, { WATCHDOG_USEC: 'x' }, { WATCHDOG_USEC: '2000000', WATCHDOG_PID: '1' }])(
    'does not hear it where nobody asked (%o)',
    async (env) => expect((await found(env)).sent).toEqual([]),
  );

  const python = findOnPath('python3');
  const why = python === undefined ? ' (needs python3)' : '';
  it.skipIf(python === undefined).each(['path', 'abstract'])(
    `gets the datagrams by the %s name of its socket${why}`,
    async (kind) => {
      const folder = mkdtempSync(join(tmpdir(), 'notify-'));
      const address = kind === 'path' ? join(folder, 'n') : `@spirekit-test-${process.pid}-${Date.now()}`;
      const receiver = spawn(python ?? '', ['-c', RECEIVER, address], { stdio: ['ignore', 'pipe', 'inherit'] });
      try {
        let output = '';
        const heard = (pattern: RegExp): Promise<void> =>
          new Promise((resolve) => {
            const look = (): void => void (pattern.test(output) && resolve());
            receiver.stdout.on('data', look);
            look();
          });
        receiver.stdout.setEncoding('utf8').prependListener('data', (text: string) => {
          output += text;
        });
        await heard(/bound/);
        using manager = await ServiceManager.find({ NOTIFY_SOCKET: address }, new ManualClock());
        manager?.ready('well');
        await heard(/READY=1/);
        expect(output).toContain('STATUS=well');
      } finally {
        receiver.kill('SIGKILL');
        rmSync(folder, { recursive: true, force: true });
      }
      expect(existsSync(folder)).toBe(false);
    },
  );
});

const RECEIVER = `
import socket, sys
name = sys.argv[1]
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("\\0" + name[1:] if name.startswith("@") else name)
print("bound", flush=True)
while True:
    print(s.recv(4096).decode(), flush=True)
`;
