import { join } from 'node:path';
import { Deployment } from '../support/deployment.ts';

/** The golden files of this folder run in a throwaway trust domain, each in one of its own. */
export const LIVE_FOLDER = 'live';

/**
 * A trust domain for the steps of one golden file: a server and an agent of this checkout, and for the user who runs it
 * the identity `spiffe://example.org/self`, entry ID `self`.
 */
export class LiveDomain implements AsyncDisposable {
  readonly #deployment: Deployment;

  private constructor(deployment: Deployment) {
    this.#deployment = deployment;
  }

  static async open(): Promise<LiveDomain> {
    const deployment = await Deployment.open({ logLevel: 'ERROR', serverSettings: 'default_x509_svid_ttl = "1h"' });
    try {
      await deployment.startAgent();
      await deployment.createEntry('/self', [`unix:uid:${process.getuid?.() ?? 0}`], '-entryID', 'self');
      return new LiveDomain(deployment);
    } catch (error) {
      await deployment[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Where the programs find the sockets. */
  get env(): Record<string, string> {
    const { serverSocket, agentSocket } = this.#deployment;
    return { SPIRE_SERVER_PRIVATE_SOCKET: serverSocket, SPIRE_AGENT_PUBLIC_SOCKET: agentSocket };
  }

  /** What a command line may name, and what stands for it in the file. */
  get names(): readonly (readonly [text: string, word: string])[] {
    const { folder, adminSocket, port } = this.#deployment;
    const uid = process.getuid?.() ?? 0;
    return [
      [adminSocket, '$ADMIN_SOCKET'],
      [folder, '$DOMAIN'],
      [`127.0.0.1:${port}`, '$SERVER_ADDRESS'],
      [`unix:uid:${uid}`, 'unix:uid:$UID'],
      [`"value":"uid:${uid}"`, '"value":"uid:$UID"'],
      [`value: "uid:${uid}"`, 'value: "uid:$UID"'],
    ];
  }

  /** The line with the words for what the domain is made of filled in. */
  fill(line: string): string {
    const { folder, adminSocket, port } = this.#deployment;
    return line
      .replaceAll('$ADMIN_SOCKET', adminSocket)
      .replaceAll('$DOMAIN', folder)
      .replaceAll('$SERVER_ADDRESS', `127.0.0.1:${port}`)
      .replaceAll('$UID', String(process.getuid?.() ?? 0));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#deployment[Symbol.asyncDispose]();
  }
}

/** Files that steps may look at, `$DATA` in a command line; none may be changed. */
export const DATA_FOLDER = join(import.meta.dirname, 'data');
