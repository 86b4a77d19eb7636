import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Deployment, freePort } from '../../../test/support/deployment.ts';
import { projectRoot } from '../../../test/support/programs.ts';
import { untilIdentity } from '../../../test/support/workload-caller.ts';
import {
  certificatesPem,
  keyPem,
  makeCa,
} from '../../../test/unit/server/plugin/upstreamauthority/certificate-tree.ts';

const OTHER = 'spiffe://other.test';
const DAY_MS = 86_400_000;

/** A server below a CA of files, an agent, and two identities of this user, one of them with a hint. */
export class Stage implements AsyncDisposable {
  readonly deployment: Deployment;
  readonly folder: string;
  readonly #entries: ReadonlyMap<string, string>;
  #renewals = 0;

  private constructor(deployment: Deployment, folder: string, entries: ReadonlyMap<string, string>) {
    this.deployment = deployment;
    this.folder = folder;
    this.#entries = entries;
  }

  static async open(): Promise<Stage> {
    const folder = mkdtempSync(join(tmpdir(), 'spirekit-helper-'));
    const nowMs = Date.now();
    const root = await makeCa('root', { nowMs });
    const upper = await makeCa('upper', { nowMs, above: root });
    writeFileSync(join(folder, 'ca.crt'), certificatesPem(upper));
    writeFileSync(join(folder, 'ca.key'), keyPem(upper));
    writeFileSync(join(folder, 'roots.crt'), certificatesPem(root));
    const old = await makeCa('old', { nowMs: nowMs - 30 * DAY_MS });
    writeFileSync(join(folder, 'other.pem'), certificatesPem(await makeCa('other', { nowMs }), old));
    const paths = ['cert_file_path = "ca.crt"', 'key_file_path = "ca.key"', 'bundle_file_path = "roots.crt"'];
    const settings = paths.join('\n').replace(/"([^"]+)"/g, (_, name: string) => `"${join(folder, name)}"`);
    const deployment = await Deployment.open({
      serverPlugins: `UpstreamAuthority "disk" { plugin_data { ${settings} } }`,
    });
    try {
      const set = await deployment.server('bundle', 'set', '-id', OTHER, '-path', join(folder, 'other.pem'));
      if (set.code !== 0) throw new Error(`bundle set: ${set.stderr}`);
      const entries = new Map<string, string>();
      for (const name of ['public', 'internal']) {
        const selectors = [`unix:uid:${process.getuid?.() ?? 0}`];
        const id = await deployment.createEntry(`/${name}`, selectors, '-hint', name, '-federatesWith', OTHER);
        entries.set(name, id);
      }
      await deployment.startAgent();
      await untilIdentity(deployment.agentSocket, 'spiffe://example.org/internal');
      return new Stage(deployment, folder, entries);
    } catch (error) {
      await deployment[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** How often every identity was renewed. */
  get renewals(): number {
    return this.#renewals;
  }

  /** Has every identity renewed, by another DNS name in it. */
  async renew(): Promise<void> {
    this.#renewals += 1;
    for (const [name, id] of this.#entries) {
      const updated = await this.deployment.server(
        ...['entry', 'update', '-entryID', id, '-spiffeID', `spiffe://example.org/${name}`],
        ...['-parentID', 'spiffe://example.org/host', '-selector', `unix:uid:${process.getuid?.() ?? 0}`],
        ...['-hint', name, '-federatesWith', OTHER, '-dns', `r${this.#renewals}.example.org`],
      );
      if (updated.code !== 0) throw new Error(`entry update: ${updated.stderr}`);
    }
  }

  /** A folder for one use case, with the programs that its line names, and the port that stands for 8081. */
  async makeFolder(name: string): Promise<{ path: string; port: number }> {
    const path = join(this.folder, name);
    mkdirSync(path);
    symlinkSync(this.deployment.agentSocket, join(path, 'agent.sock'));
    const server = `exec ${process.execPath} ${join(projectRoot, 'scripts/proofs/helper-use-cases/tls-server.ts')}`;
    const scripts = {
      note: 'echo "$*" >> notes',
      service: 'echo "started $#" >> notes; trap "echo told >> notes" USR2; while :; do sleep 0.05; done',
      'tls-server': server,
      'reload-tls': `exec ${process.execPath} -e 'require("net").connect("control.sock").on("close", () => process.exit())'`,
    };
    for (const [script, lines] of Object.entries(scripts)) {
      writeFileSync(join(path, script), `#!/bin/sh\n${lines}\n`);
      chmodSync(join(path, script), 0o755);
    }
    return { path, port: await freePort() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.deployment[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
