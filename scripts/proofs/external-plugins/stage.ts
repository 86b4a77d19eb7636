import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCsr } from '../../../src/lib/crypto/csr.ts';
import { generateKey } from '../../../src/lib/crypto/key.ts';
import { signerFromKey } from '../../../src/lib/crypto/signer.ts';
import { RpcClient } from '../../../src/lib/rpc/client.ts';
import { SpirekitError } from '../../../src/lib/runtime/errors.ts';
import { AgentDefinition } from '../../../src/lib/wire/gen/spire/api/server/agent/v1/agent.ts';
import { Deployment, freePort } from '../../../test/support/deployment.ts';
import { type Programs, projectRoot, run } from '../../../test/support/programs.ts';

export const SERVER_ATTESTOR = join(projectRoot, 'examples/plugins/shared-secret-server.ts');
export const AGENT_ATTESTOR = join(projectRoot, 'examples/plugins/shared-secret-agent.ts');

/** Builds the plugins that are written with SPIRE's SDK for Go. */
export async function buildGoPlugins(folder: string): Promise<string> {
  const program = join(folder, 'go-plugins');
  const cwd = join(projectRoot, 'test/plugins/go');
  const built = await run('go', ['build', '-o', program, '.'], { cwd, timeoutMs: 600_000 });
  if (built.code !== 0) throw new Error(`the Go plugins do not build: ${built.stderr}`);
  return program;
}

/** Files, and a server with a plugin of each kind on them. */
export class Stage implements AsyncDisposable {
  readonly deployment: Deployment;
  readonly goPlugins: string;
  readonly healthPort: number;
  readonly metricsPort: number;
  readonly #work: string;

  private constructor(deployment: Deployment, goPlugins: string, work: string, ports: readonly [number, number]) {
    this.deployment = deployment;
    this.goPlugins = goPlugins;
    this.#work = work;
    [this.healthPort, this.metricsPort] = ports;
  }

  /** @param work a folder for the files of the plugins */
  static async open(goPlugins: string, work: string, daemons?: Programs): Promise<Stage> {
    const ports = [await freePort(), await freePort()] as const;
    const checksum = createHash('sha256').update(readFileSync(goPlugins)).digest('hex');
    const file = (name: string): string => join(work, name);
    writeFileSync(file('secret'), 'known to both');
    writeFileSync(file('word.hcl'), 'word = "sesame"');
    writeFileSync(file('secret.hcl'), `secret_path = "${file('secret')}"`);
    const goPlugin = (type: string): string =>
      `plugin_cmd = "${goPlugins}"\n plugin_checksum = "${checksum}"\n plugin_args = ["${type}"]`;
    const deployment = await Deployment.open({
      ...(daemons !== undefined && { daemons }),
      keyManager: `KeyManager "go_keys" {
    ${goPlugin('keymanager')}
    plugin_data { keys_path = "${file('keys.json')}" }
  }`,
      serverPlugins: `NodeAttestor "shared_secret" {
    plugin_cmd = "${process.execPath}"
    plugin_args = ["${SERVER_ATTESTOR}"]
    plugin_data_file = "${file('secret.hcl')}"
  }
  NodeAttestor "word" {
    ${goPlugin('nodeattestor')}
    plugin_data_file = "${file('word.hcl')}"
  }
  Notifier "go_notes" {
    ${goPlugin('notifier')}
    plugin_data { path = "${file('notes')}" }
  }`,
      serverBlocks: `health_checks { listener_enabled = true bind_address = "127.0.0.1" bind_port = "${ports[0]}" }
telemetry { Prometheus { host = "127.0.0.1" port = ${ports[1]} } }`,
      agentNodeAttestor: `NodeAttestor "shared_secret" {
    plugin_cmd = "${process.execPath}"
    plugin_args = ["${AGENT_ATTESTOR}", "node-7"]
    plugin_data_file = "${file('secret.hcl')}"
  }`,
    });
    return new Stage(deployment, goPlugins, work, ports);
  }

  /** The text of a file of the plugins; empty while it is not there. */
  read(name: string): string {
    const path = join(this.#work, name);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.#work, name), text);
  }

  /** The lines of the server's log that have all the words. */
  lines(...words: readonly string[]): string[] {
    return this.deployment
      .log('server')
      .split('\n')
      .filter((line) => words.every((word) => line.includes(word)));
  }

  /** Starts the agent, which knows the root of the server by then. */
  async startAgent(): Promise<void> {
    writeFileSync(
      join(this.deployment.folder, 'bootstrap.crt'),
      (await this.deployment.server('bundle', 'show')).stdout,
    );
    await this.deployment.startAgent({ token: false });
  }

  /** What comes of an attestation by a word: the agent's ID, or why not. */
  async attestByWord(word: string): Promise<string> {
    await using client = new RpcClient({
      kind: 'tcp',
      host: '127.0.0.1',
      port: this.deployment.port,
      tls: { verifyServer: () => {} },
    });
    const csr = Buffer.from(await createCsr({ signer: signerFromKey(await generateKey('ec-p256')) }));
    const call = client.bidi(AgentDefinition, 'attestAgent', { timeoutMs: 20_000 });
    try {
      const data = { type: 'word', payload: Buffer.from(word) };
      await call.send({ step: { $case: 'params', value: { data, params: { csr } } } });
      for await (const { step } of call.responses) {
        if (step?.$case === 'result') return step.value.svid?.id?.path ?? '';
      }
      return 'no result';
    } catch (error) {
      return SpirekitError.from(error).message;
    } finally {
      call.cancel();
    }
  }

  /** Whether the server says it is ready, and the body of its answer. */
  async ready(): Promise<{ readonly isReady: boolean; readonly body: string }> {
    const answer = await fetch(`http://127.0.0.1:${this.healthPort}/ready`);
    return { isReady: answer.ok, body: await answer.text() };
  }

  async metrics(): Promise<string> {
    return (await fetch(`http://127.0.0.1:${this.metricsPort}/metrics`)).text();
  }

  /** The processes that run the Go plugins, with the argument that each was started with. */
  goProcesses(): Map<string, number> {
    const found = new Map<string, number>();
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      try {
        if (readlinkSync(`/proc/${pid}/exe`) !== this.goPlugins) continue;
        const [, kind = ''] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        found.set(kind, Number(pid));
      } catch {
        // It has ended meanwhile, or is another user's.
      }
    }
    return found;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.deployment[Symbol.asyncDispose]();
  }
}
