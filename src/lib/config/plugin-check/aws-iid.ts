import { parseGoDuration } from '../../runtime/go-duration.ts';
import { goQuote } from '../../runtime/go-quote.ts';
import { block } from '../schema/block.ts';
import { list } from '../schema/collections.ts';
import { bool, optional, string } from '../schema/scalars.ts';
import type { Infer } from '../schema/schema.ts';
import { findTemplateFault } from './path-template.ts';
import { cannotDecode, checkWith } from './plugin-check.ts';

const PARTITIONS = ['aws', 'aws-cn', 'aws-us-gov'];
const SHORTEST_LIST_TTL = 60_000_000_000n;

const organizationSchema = block({
  management_account_id: string(),
  assume_org_role: string(),
  management_account_region: string(),
  org_account_map_ttl: string(),
  account_list_file: string(),
});

/** Settings of the server's `aws_iid` node attestor. */
export const awsIidCheck = checkWith({
  schema: block({
    access_key_id: string(),
    secret_access_key: string(),
    assume_role: string(),
    partition: string(),
    skip_block_device: bool(),
    disable_instance_profile_selectors: bool(),
    account_ids_for_local_validation: list(string()),
    agent_path_template: string(),
    verify_organization: optional(organizationSchema),
    validate_eks_cluster_membership: optional(block({ eks_cluster_names: list(string()) })),
  }),
  malformed: cannotDecode,
  rules(config, { env }) {
    const keyId = config.access_key_id || env['AWS_ACCESS_KEY_ID'] || '';
    const secret = config.secret_access_key || env['AWS_SECRET_ACCESS_KEY'] || '';
    const partition = config.partition || 'aws';
    const template = config.agent_path_template;
    const invalid = 'rpc error: code = InvalidArgument desc =';
    return [
      keyId !== '' && secret === '' && `${invalid} configuration missing secret access key, but has access key id`,
      keyId === '' && secret !== '' && `${invalid} configuration missing access key id, but has secret access key`,
      findTemplateFault(template) !== undefined && `failed to parse agent svid template: ${goQuote(template)}`,
      !PARTITIONS.includes(partition) &&
        `invalid partition ${goQuote(partition)}, must be one of: [${PARTITIONS.join(' ')}]`,
      config.verify_organization !== undefined && checkOrganization(config.verify_organization),
    ];
  },
});

function checkOrganization(raw: Infer<typeof organizationSchema>): string | false {
  const block = '"verify_organization"';
  const invalid = 'rpc error: code = InvalidArgument desc =';
  if (raw.account_list_file !== '') {
    const others = '"management_account_id" and "assume_org_role"';
    if (raw.management_account_id !== '' || raw.assume_org_role !== '') {
      return `${invalid} "account_list_file" is mutually exclusive with ${others} in the block: ${block}`;
    }
  } else if (raw.management_account_id === '' || raw.assume_org_role === '') {
    const needed = 'please ensure that "management_account_id" & "assume_org_role" are present inside block';
    return `${invalid} ${needed} or remove the block: ${block} for feature node attestation using account id verification`;
  }
  return (
    raw.org_account_map_ttl !== '' &&
    !isLongEnough(raw.org_account_map_ttl) &&
    `${invalid} "org_account_map_ttl" in the block ${block} must be a duration of at least "1m"`
  );
}

function isLongEnough(text: string): boolean {
  try {
    return parseGoDuration(text) >= SHORTEST_LIST_TTL;
  } catch {
    return false;
  }
}
