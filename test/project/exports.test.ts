import { describe, expect, it } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { projectRoot, run } from '../support/programs.ts';

describe('the public subpaths', () => {
  const subpaths = Object.keys(manifest.exports).filter((subpath) => subpath !== './package.json');

  it.each(subpaths)('%s can be imported by its name', async (subpath) => {
    const name = `${manifest.name}${subpath.slice(1)}`;
    const script = `console.log(Object.keys(await import(${JSON.stringify(name)})).length > 0)`;
    const result = await run(process.execPath, ['--input-type=module', '-e', script], { cwd: projectRoot });
    expect(result).toMatchObject({ code: 0, stdout: 'true\n' });
  });

  it('parse as the programs do', async () => {
    const script = `const { SpiffeId } = await import('spirekit/spiffe'); console.log(String(SpiffeId.parse('spiffe://example.org/web')));`;
    const result = await run(process.execPath, ['--input-type=module', '-e', script], { cwd: projectRoot });
    expect(result.stdout).toBe('spiffe://example.org/web\n');
  });
});
