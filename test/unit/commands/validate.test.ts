import { describe, expect, it } from 'vitest';
import AgentValidate from '../../../src/commands/agent/validate.ts';
import ServerValidate from '../../../src/commands/server/validate.ts';
import type { CommandClass } from '../../../src/lib/cli/command-class.ts';
import type { Program } from '../../../src/lib/cli/programs.ts';
import { runCommand } from '../../../src/lib/cli/run-command.ts';
import { agentFile, ConfigFolder, serverFile } from '../../support/config-files.ts';
import { ManualClock } from '../../support/manual-clock.ts';

async function validate(command: CommandClass, program: Program, text: string) {
  await using folder = await ConfigFolder.open({ f: text });
  const written = { stdout: '', stderr: '' };
  const output = (name: keyof typeof written) => ({
    write: (part: string | Uint8Array) => (written[name] += String(part)),
  });
  const io = { stdin: process.stdin, stdout: output('stdout'), stderr: output('stderr') };
  const clock = new ManualClock();
  const code = await runCommand(command, ['-config', `${folder.path}/f`], { program, io, env: { TZ: 'UTC' }, clock });
  return { code, ...written };
}

const PLUGINS =
  'plugins {\n DataStore "sql" { plugin_data { database_type = "sqlite3" connection_string = "x" } }\n KeyManager "memory" {}\n}';

describe('spire-server validate', () => {
  it('says that a good file is good, and nothing else', async () => {
    const text = serverFile('ca_ttl = "1h"\nprofiling_port = 1', PLUGINS);
    expect(await validate(ServerValidate, 'spire-server', text)).toEqual({
      code: 0,
      stdout: 'SPIRE server configuration file is valid.\n',
      stderr: '',
    });
  });

  it('names faults of plugins under their names', async () => {
    expect(await validate(ServerValidate, 'spire-server', serverFile('', 'plugins {}'))).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'SPIRE server configuration file is invalid.\nValidation errors:\n' +
        '\tDataStore "sql":\n\t\t\'datastore\' must be configured\n' +
        '\tKeyManager:\n\t\tconstraint not satisfied: expected exactly 1 but got 0\n',
    });
  });

  it('says which plugin it cannot load, without a line feed as SPIRE', async () => {
    const text = serverFile('', PLUGINS.replace('KeyManager "memory"', 'Nonsense "x"'));
    expect(await validate(ServerValidate, 'spire-server', text)).toEqual({
      code: 1,
      stdout: '',
      stderr: 'Could not validate configuration file: unsupported plugin type "Nonsense"',
    });
  });

  it('keeps log lines to itself', async () => {
    expect(await validate(ServerValidate, 'spire-server', serverFile('x = 1'))).toEqual({
      code: 1,
      stdout: '',
      stderr: 'SPIRE server configuration file is invalid: unknown configuration detected\n',
    });
  });
});

describe('spire-agent validate', () => {
  it('writes log lines before its verdict', async () => {
    const text = agentFile('insecure_bootstrap = true\nx = 1');
    const { code, stdout, stderr } = await validate(AgentValidate, 'spire-agent', text);
    expect(code).toBe(1);
    expect(stdout).toMatch(/ level=error msg="Unknown configuration detected" keys=x section=agent\n$/);
    expect(stderr).toBe('SPIRE agent configuration file is invalid: unknown configuration detected\n');
  });
});

describe('spirekit validate', () => {
  it('adds what the drop-ins leave out: hints, keys without effect, a code of its own', async () => {
    const text = agentFile('insecure_bootstrap = true\nprofiling_port = 1', 'plugins { NodeAttestor "x509_pop" {} }');
    expect(await validate(AgentValidate, 'spirekit', text)).toEqual({
      code: 0,
      stdout: 'SPIRE agent configuration file is valid.\n',
      stderr:
        'Note: There is no NodeAttestor "x509_pop" any more: it is called "x509pop" now.\n' +
        'Note: these keys are accepted and do nothing yet: agent.profiling_port\n',
    });
    expect((await validate(ServerValidate, 'spirekit', serverFile('', 'plugins {}'))).code).toBe(2);
    expect((await validate(ServerValidate, 'spirekit', serverFile('x = 1'))).stderr).toBe(
      'Error: unknown configuration detected (SPK-1015 invalid-config)\n',
    );
  });
});
