import { describe, expect, test } from 'vitest';
import { block } from '../../../../src/lib/config/schema/block.ts';
import { decodeText } from '../../../../src/lib/config/schema/schema.ts';
import {
  resolveVaultSettings,
  type VaultSettings,
  vaultFields,
} from '../../../../src/lib/server/vault/vault-settings.ts';

function resolve(text: string, env: Record<string, string> = {}): VaultSettings {
  return resolveVaultSettings(decodeText(block(vaultFields), text), env);
}

describe('the settings of plugins on Vault', () => {
  test('name the default mount points', () => {
    const at = 'vault_addr = "https://v"';
    const ofApprole = resolve(`${at} approle_auth { approle_id = "r" approle_secret_id = "s" }`);
    expect(ofApprole.auth).toEqual({ method: 'approle', mountPoint: 'approle', roleId: 'r', secretId: 's' });
    const ofCert = resolve(`${at} cert_auth { client_cert_path = "c" client_key_path = "k" }`);
    expect(ofCert.auth).toMatchObject({ mountPoint: 'cert', roleName: '' });
    const ofK8s = resolve(`${at} k8s_auth { k8s_auth_role_name = "r" token_path = "t" }`);
    expect(ofK8s.auth).toEqual({ method: 'k8s', mountPoint: 'kubernetes', roleName: 'r', tokenPath: 't' });
  });

  test('come from the environment first, where a variable is not empty', () => {
    const text = 'vault_addr = "https://file" namespace = "file" ca_cert_path = "file" token_auth { token = "file" }';
    const env = { VAULT_ADDR: 'https://env', VAULT_NAMESPACE: 'env', VAULT_CACERT: 'env', VAULT_TOKEN: 'env' };
    expect(resolve(text, env)).toMatchObject({ namespace: 'env', caCertPath: 'env', auth: { token: 'env' } });
    expect(resolve(text, env).address.href).toBe('https://env/');
    expect(resolve(text, { VAULT_ADDR: '', VAULT_TOKEN: '' })).toMatchObject({ auth: { token: 'file' } });
  });

  test.each([
    ['vault_addr = "https://v"', 'no authentication method for Vault'],
    [
      'vault_addr = "https://v" token_auth { token = "t" } approle_auth {}',
      'only one authentication method can be configured',
    ],
    ['vault_addr = "https://v" k8s_auth { token_path = "t" }', 'k8s_auth_role_name is required'],
    ['vault_addr = "https://v" k8s_auth { k8s_auth_role_name = "r" }', 'token_path is required'],
    ['vault_addr = "https://v" cert_auth { client_cert_path = "c" }', 'both client cert and client key are required'],
    ['vault_addr = "https://v" token_auth {}', 'token_auth has no token'],
    ['token_auth { token = "t" }', 'no address of Vault: set vault_addr or the variable VAULT_ADDR'],
    ['vault_addr = "v:8200" token_auth { token = "t" }', 'vault_addr is not a URL'],
    ['vault_addr = "ftp://v" token_auth { token = "t" }', 'vault_addr is not a URL'],
    ['vault_addr = "https://u:hunter2@v" token_auth { token = "t" }', 'vault_addr may hold a host, a port and a path'],
  ])('are refused: %s', (text, message) => {
    expect(() => resolve(text)).toThrow(
      expect.objectContaining({ code: 'invalid-config', message: expect.stringContaining(message) }),
    );
    expect(() => resolve(text)).toThrow(expect.objectContaining({ message: expect.not.stringContaining('hunter2') }));
  });
});
