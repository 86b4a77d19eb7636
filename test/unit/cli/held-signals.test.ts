import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';

/** Runs a module in a process of its own; resolves with what it printed and the signal that ended it. */
async function runModule(source: string): Promise<{ printed: string; signal: unknown; code: unknown }> {
  const path = new URL('../../../src/lib/cli/held-signals.ts', import.meta.url).href;
  const text = `import { holdingSignals } from ${JSON.stringify(path)};\n${source}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', text], { stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  child.stdout.on('data', (chunk) => {
    printed += chunk;
  });
  const [code, signal] = await once(child, 'close');
  return { printed, signal, code };
}

const NEXT_TURN = 'await new Promise((resolve) => setTimeout(resolve, 1));';

describe('holdingSignals', () => {
  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'])('F22: finishes the work before %s ends the process', async (name) => {
    const result = await runModule(`
      await holdingSignals(async (signal) => {
        process.kill(process.pid, '${name}');
        while (!signal.aborted) { ${NEXT_TURN} }
        ${NEXT_TURN}
        process.stdout.write('finished');
      });
      process.stdout.write(' and went on');
    `);
    expect(result).toEqual({ printed: 'finished', signal: name, code: null });
  });

  it('F22: lets the work give up, and the process ends by the signal all the same', async () => {
    const result = await runModule(`
      await holdingSignals(async (signal) => {
        process.kill(process.pid, 'SIGTERM');
        while (!signal.aborted) { ${NEXT_TURN} }
        signal.throwIfAborted();
      }).catch(() => process.stdout.write('reported'));
    `);
    expect(result).toEqual({ printed: '', signal: 'SIGTERM', code: null });
  });

  it('gives the result, and leaves signals as they were', async () => {
    const result = await runModule(`
      process.stdout.write(String(await holdingSignals(async () => 42)));
      process.stdout.write(String(process.listenerCount('SIGTERM')));
    `);
    expect(result).toEqual({ printed: '420', signal: null, code: 0 });
  });
});
