import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Variables by which Node, OpenSSL and others would load code of an attacker or write down what they know. */
export class HostileEnvironment implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'spirekit-hostile-'));
  readonly variables: Readonly<Record<string, string>>;
  readonly #before: readonly string[];

  /** @param debuggerPort where NODE_OPTIONS asks for a debugger */
  constructor(debuggerPort: number) {
    chmodSync(this.folder, 0o777);
    const inFolder = (name: string): string => join(this.folder, name);
    const evil = inFolder('evil.cjs');
    writeFileSync(evil, `require('node:fs').writeFileSync(${JSON.stringify(inFolder('marker'))} + process.pid, '');`);
    for (const name of ['koffi', '@grpc/grpc-js', '@oclif/core']) {
      mkdirSync(inFolder(`modules/${name}`), { recursive: true });
      writeFileSync(inFolder(`modules/${name}/index.js`), `require(${JSON.stringify(evil)});`);
    }
    const plugin = inFolder('data/spirekit/node_modules/evil');
    mkdirSync(plugin, { recursive: true });
    writeFileSync(
      inFolder('data/spirekit/package.json'),
      JSON.stringify({ name: 'x', oclif: { schema: 1, plugins: [{ name: 'evil', type: 'user', tag: 'latest' }] } }),
    );
    writeFileSync(
      join(plugin, 'package.json'),
      JSON.stringify({ name: 'evil', version: '1.0.0', oclif: { commands: '.' } }),
    );
    writeFileSync(join(plugin, 'index.js'), `require(${JSON.stringify(evil)});`);
    writeFileSync(
      inFolder('openssl.cnf'),
      'nodejs_conf = a\n[a]\nproviders = b\n[b]\nx = c\n[c]\nmodule = /none.so\nactivate = 1\n',
    );
    this.variables = {
      NODE_OPTIONS: [
        `--require=${evil}`,
        `--inspect=127.0.0.1:${debuggerPort}`,
        `--cpu-prof --cpu-prof-dir=${this.folder}`,
        `--diagnostic-dir=${this.folder} --heapsnapshot-signal=SIGUSR2`,
        '--report-on-signal --report-signal=SIGUSR2 --report-uncaught-exception',
        `--report-directory=${this.folder} --tls-keylog=${inFolder('tls-keys')}`,
      ].join(' '),
      NODE_INSPECT_RESUME_ON_START: '1',
      NODE_PATH: inFolder('modules'),
      NODE_REPL_EXTERNAL_MODULE: evil,
      NODE_COMPILE_CACHE: inFolder('cache'),
      NODE_V8_COVERAGE: inFolder('coverage'),
      NODE_REDIRECT_WARNINGS: inFolder('warnings'),
      NODE_TLS_REJECT_UNAUTHORIZED: '0',
      NODE_EXTRA_CA_CERTS: inFolder('none.pem'),
      NODE_USE_SYSTEM_CA: '1',
      NODE_USE_ENV_PROXY: '1',
      NODE_DEBUG: '*',
      NODE_DEBUG_NATIVE: 'CRYPTO',
      SSLKEYLOGFILE: inFolder('ssl-keys'),
      OPENSSL_CONF: inFolder('openssl.cnf'),
      OPENSSL_MODULES: this.folder,
      OPENSSL_ENGINES: this.folder,
      XDG_DATA_HOME: inFolder('data'),
    };
    this.#before = readdirSync(this.folder);
  }

  /** What has appeared in the folder since this was asked last. */
  takeTraces(): string[] {
    const traces = readdirSync(this.folder).filter((name) => !this.#before.includes(name));
    for (const name of traces) rmSync(join(this.folder, name), { recursive: true });
    return traces;
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
