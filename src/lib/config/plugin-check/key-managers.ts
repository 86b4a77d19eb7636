import { goQuote } from '../../runtime/go-quote.ts';
import { block } from '../schema/block.ts';
import { map } from '../schema/collections.ts';
import { bool, string } from '../schema/scalars.ts';
import { cannotDecode, checkWith, type Notes, noCheck, type PluginCheck } from './plugin-check.ts';

const identifierFields = { key_identifier_file: string(), key_identifier_value: string() };

/** The server's identity towards a shared key store comes from exactly one place. */
function checkIdentifier(config: { key_identifier_file: string; key_identifier_value: string }): Notes {
  const { key_identifier_file: file, key_identifier_value: value } = config;
  return [
    file === '' && value === '' && 'configuration requires a key identifier file or a key identifier value',
    file !== '' &&
      value !== '' &&
      "configuration can't have a key identifier file and a key identifier value at the same time",
  ];
}

const TAG_TEXT = /^[\p{L}\p{N}\s+\-=._:/@]*$/u;

function findTagFault(tags: ReadonlyMap<string, string>): string | undefined {
  if (tags.size > 50) return `too many tags: ${tags.size} tags exceed AWS limit of 50`;
  const allowed = '(allowed: letters, numbers, spaces, + - = . _ : / @)';
  for (const [name, value] of tags) {
    const tag = `tag key ${goQuote(name)}`;
    if (name === '') return 'tag key cannot be empty';
    if (name.length > 128) return `${tag} exceeds maximum length of 128 characters`;
    const reserved = ['aws:', 'spire-'].find((prefix) => name.toLowerCase().startsWith(prefix));
    if (reserved !== undefined) return `${tag} uses reserved prefix '${reserved}'`;
    if (!TAG_TEXT.test(name)) return `${tag} contains invalid characters ${allowed}`;
    const about = `tag value for key ${goQuote(name)}`;
    if (value.length > 256) return `${about} exceeds maximum length of 256 characters`;
    if (!TAG_TEXT.test(value)) return `${about} contains invalid characters ${allowed}`;
  }
  return undefined;
}

/** Settings of the server's key managers, by plugin name. */
export const keyManagerChecks: Readonly<Record<string, PluginCheck>> = {
  memory: noCheck,

  disk: checkWith({
    schema: block({ keys_path: string() }),
    malformed: cannotDecode,
    rules: ({ keys_path: path }) => [path === '' && 'keys_path is required'],
  }),

  aws_kms: checkWith({
    schema: block({
      access_key_id: string(),
      secret_access_key: string(),
      region: string(),
      ...identifierFields,
      key_policy_file: string(),
      key_tags: map(string()),
      enable_tag_based_key_discovery: bool(),
    }),
    malformed: cannotDecode,
    rules(config) {
      const value = config.key_identifier_value;
      const tagFault = findTagFault(config.key_tags);
      return [
        config.region === '' && 'configuration is missing a region',
        !/^[A-z0-9/_-]*$/.test(value) &&
          'Key identifier must contain only alphanumeric characters, forward slashes (/), underscores (_), and dashes (-)',
        value.startsWith('alias/aws/') && 'Key identifier must not start with alias/aws/',
        value.length > 256 && 'Key identifier must not be longer than 256 characters',
        ...checkIdentifier(config),
        tagFault !== undefined && `invalid configuration for key tags: ${tagFault}`,
      ];
    },
  }),

  gcp_kms: checkWith({
    schema: block({
      ...identifierFields,
      key_policy_file: string(),
      key_ring: string(),
      service_account_file: string(),
    }),
    malformed: cannotDecode,
    rules: (config) => [
      config.key_ring === '' && 'configuration is missing the key ring',
      ...checkIdentifier(config),
      !/^[\p{Ll}\p{N}_-]*$/u.test(config.key_identifier_value) &&
        'Key identifier must contain only letters, numbers, underscores (_), and dashes (-)',
      config.key_identifier_value.length > 40 && 'Key identifier must not be longer than 40 characters',
    ],
  }),

  azure_key_vault: checkWith({
    schema: block({
      ...identifierFields,
      key_vault_uri: string(),
      tenant_id: string(),
      subscription_id: string(),
      app_id: string(),
      app_secret: string(),
    }),
    malformed: cannotDecode,
    rules: (config) => [
      config.key_vault_uri === '' && 'configuration is missing the Key Vault URI',
      config.key_identifier_value.length > 256 && 'Key identifier must not be longer than 256 characters',
      ...checkIdentifier(config),
    ],
  }),

  hashicorp_vault: checkWith({
    schema: block({ ...identifierFields, transit_engine_path: string() }),
    malformed: cannotDecode,
    rules: ({ key_identifier_file: file, key_identifier_value: value }) => [
      file !== '' && value !== '' && "only one of 'key_identifier_file' or 'key_identifier_value' should be provided",
      file === '' && value === '' && "one of 'key_identifier_file' or 'key_identifier_value' must be provided",
    ],
  }),
};
