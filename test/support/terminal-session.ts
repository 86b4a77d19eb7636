import type { RunOptions } from './programs.ts';
import { run } from './programs.ts';

/** What a person does at a terminal: waits until a text has appeared since the last step, then types. */
export interface TerminalStep {
  readonly until: string;
  readonly type?: string;
}

/** Runs a program at a pseudo-terminal, takes the steps and prints what it showed. Exits 3 if a text does not come. */
const DRIVER = `
import json, os, pty, select, signal, struct, sys, fcntl, termios, time
steps, argv, limit = json.loads(sys.argv[1]), sys.argv[2:], float(30)
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(argv[0], argv)
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack('HHHH', 40, 160, 0, 0))
shown, since, code = b'', 0, 0
def read(until):
    global shown, since
    end = time.monotonic() + limit
    while until is None or until not in shown[since:]:
        ready, _, _ = select.select([terminal], [], [], max(0, end - time.monotonic()))
        if not ready:
            return False
        try:
            piece = os.read(terminal, 65536)
        except OSError:
            piece = b''
        if piece == b'':
            return until is None
        shown += piece
    since = shown.index(until, since) + len(until)
    return True
for step in steps:
    if not read(step['until'].encode()):
        code = 3
        break
    os.write(terminal, step.get('type', '').encode())
if code != 0 or not read(None):
    os.kill(pid, signal.SIGKILL)
os.waitpid(pid, 0)
sys.stdout.buffer.write(shown)
sys.exit(code)
`;

/**
 * Everything that a program shows at a terminal of 160 columns while the steps are taken; the last one has to end it.
 *
 * @throws Error with what was shown, if a text that a step waits for does not come
 */
export async function atTerminal(
  argv: readonly string[],
  steps: readonly TerminalStep[],
  options: Pick<RunOptions, 'cwd' | 'env'>,
): Promise<string> {
  const done = await run('python3', ['-c', DRIVER, JSON.stringify(steps), ...argv], { ...options, timeoutMs: 120_000 });
  if (done.code !== 0) throw new Error(`exit ${done.code}: ${JSON.stringify(done.stdout.slice(-2000))} ${done.stderr}`);
  return done.stdout;
}
