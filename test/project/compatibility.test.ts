import { describe, expect, it } from 'vitest';
import { isUnimplementedInSpire, serverMethods } from '../../scripts/compatibility/page.ts';
import { readCompatibility, renderCompatibility } from '../../scripts/compatibility-docs.ts';
import { RpcPolicy } from '../../src/lib/server/authorization/rpc-policy.ts';

const METHODS = RpcPolicy.standard.methods;

describe('docs/compatibility.md', () => {
  it('says what the code does', async () => {
    const page = readCompatibility();
    expect(page, 'run node scripts/compatibility-docs.ts').toBe(await renderCompatibility(page));
  });

  it('knows every method that somebody may call', () => {
    const page = readCompatibility();
    const own = /^\/spirekit\.|^\/spire\.api\.registration\./;
    const missing = METHODS.filter((method) => !own.test(method) && !page.includes(`\`${method.slice(1)}\``));
    expect(missing).toEqual([]);
  });
});

describe('the services of the server', () => {
  it('have a handler for every method of the contract', () => {
    const served = serverMethods();
    const unserved = METHODS.map((method) => method.split('/')).filter(
      ([, service = '', method = '']) =>
        !service.startsWith('spire.api.registration.') &&
        served.get(service)?.has(method) !== true &&
        !isUnimplementedInSpire(service, method),
    );
    expect(unserved).toEqual([]);
  });
});
