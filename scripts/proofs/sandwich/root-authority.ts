import { Certificate } from '../../../src/lib/crypto/certificate.ts';
import type { Deployment } from '../../../test/support/deployment.ts';

/** The X.509 authorities of the server on top, changed by hand as an operator does. */
export class RootAuthority {
  readonly #deployment: Deployment;

  constructor(deployment: Deployment) {
    this.#deployment = deployment;
  }

  /** The root that signs now. */
  async active(): Promise<Certificate> {
    const id = /Active X.509 authority:\s+Authority ID: (\S+)/.exec(await this.#run('show'))?.[1] ?? '';
    return await this.#find(id);
  }

  async prepare(): Promise<Certificate> {
    const id = /Authority ID: (\S+)/.exec(await this.#run('prepare'))?.[1] ?? '';
    return await this.#find(id);
  }

  async act(step: 'activate' | 'taint' | 'revoke', root: Certificate): Promise<void> {
    await this.#run(step, '-authorityID', keyIdOf(root));
    console.log(`${step}: ${keyIdOf(root)}`);
  }

  async #find(id: string): Promise<Certificate> {
    const { stdout } = await this.#deployment.server('bundle', 'show');
    const root = Certificate.parsePem(stdout).find((each) => keyIdOf(each) === id);
    if (root === undefined) throw new Error(`no root ${id} in the bundle`);
    return root;
  }

  async #run(...words: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.#deployment.server('localauthority', 'x509', ...words);
    if (code !== 0) throw new Error(`localauthority x509 ${words.join(' ')}: ${stderr}`);
    return stdout;
  }
}

function keyIdOf({ subjectKeyId }: Certificate): string {
  return Buffer.from(subjectKeyId ?? []).toString('hex');
}
