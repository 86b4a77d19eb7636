import { type ChildProcess, spawn } from 'node:child_process';

/**
 * Waits until its standard input is closed, which the system does when the daemon ends in whatever way, and kills the
 * plugin's processes then, of the ways to say so by the one that dash takes too; and removes the folder of its sockets.
 */
const SCRIPT = 'while read -r line; do :; done; kill -s KILL -- "-$1" 2>/dev/null; exec rm -rf -- "$2"';

/**
 * Sees to it that a plugin does not outlive the daemon, not even one that is killed: SPIRE has the kernel tell the
 * plugin (`PR_SET_PDEATHSIG`), which Node cannot ask for. A small shell waits beside the plugin. Without `/bin/sh` there
 * is nobody who waits.
 */
export class OrphanGuard implements Disposable {
  readonly #shell: ChildProcess;

  /**
   * @param processGroup of the plugin and all that it starts
   * @param folder of its sockets, which only the daemon knows
   */
  constructor(processGroup: number, folder: string) {
    this.#shell = spawn('/bin/sh', ['-c', SCRIPT, 'spirekit-plugin-guard', String(processGroup), folder], {
      // Signals for the daemon's group are not for it.
      detached: true,
      cwd: '/',
      env: { PATH: '/usr/bin:/bin' },
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    this.#shell.on('error', () => {});
    this.#shell.stdin?.on('error', () => {});
    this.#shell.unref();
  }

  /** To be called when the plugin has ended: its number may be another's soon. */
  [Symbol.dispose](): void {
    this.#shell.kill('SIGKILL');
  }
}
