import { setTimeout as sleep } from 'node:timers/promises';
import type { Deployment } from '../../../test/support/deployment.ts';

/** What is done to the daemons in the course of a soak. Each step is printed. */
export class Disturbances {
  /** Authorities that took over by hand. */
  forced = 0;
  /** Authorities that were tainted and then revoked. */
  revoked = 0;
  /** When no agent ran, in milliseconds since the Unix epoch. */
  readonly agentAway: { readonly fromMs: number; readonly toMs: number }[] = [];
  readonly #deployment: Deployment;
  readonly #betweenStepsMs: number;

  /** @param betweenStepsMs how long to wait between two steps by hand, until agents and workloads have the bundle */
  constructor(deployment: Deployment, betweenStepsMs: number) {
    this.#deployment = deployment;
    this.#betweenStepsMs = betweenStepsMs;
  }

  /** Prepares an authority and, a moment later, lets it take over. */
  async rotate(kind: 'x509' | 'jwt'): Promise<void> {
    const prepared = /Authority ID: (\S+)/.exec(await this.#step(kind, 'prepare'))?.[1] ?? '';
    await sleep(this.#betweenStepsMs);
    if ((await this.#step(kind, 'activate', '-authorityID', prepared)) === '') return;
    this.forced += 1;
    console.log(`activated ${kind} authority ${prepared}`);
  }

  /** Rotates, then taints and revokes what signed before. */
  async replace(kind: 'x509' | 'jwt'): Promise<void> {
    await this.rotate(kind);
    const old = /Old .*?Authority ID: (\S+)/s.exec(await this.#step(kind, 'show'))?.[1] ?? '';
    if ((await this.#step(kind, 'taint', '-authorityID', old)) === '') return;
    await sleep(this.#betweenStepsMs);
    if ((await this.#step(kind, 'revoke', '-authorityID', old)) === '') return;
    this.revoked += 1;
    console.log(`tainted and revoked ${kind} authority ${old}`);
  }

  async killServer(): Promise<void> {
    const pid = this.#deployment.serverPid;
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
    await this.#deployment.startServer();
    console.log('server killed and started again');
  }

  async restartServer(settings: string): Promise<void> {
    await this.#deployment.stopServer();
    await this.#deployment.startServer({ serverSettings: settings });
    console.log(`server started again with ${settings.replaceAll(/\s*\n\s*/g, ', ')}`);
  }

  async restartAgent(): Promise<void> {
    const fromMs = Date.now();
    await this.#deployment.stopAgent();
    await this.#deployment.startAgent({ token: false });
    this.agentAway.push({ fromMs, toMs: Date.now() });
    console.log('agent stopped and started again');
  }

  /** What the command printed; empty if it failed, which is possible where the clock was first. */
  async #step(kind: string, ...words: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.#deployment.server('localauthority', kind, ...words);
    if (code === 0) return stdout;
    console.log(`localauthority ${kind} ${words[0]}: ${stderr.trim()}`);
    return '';
  }
}
