/** Where a plugin's own configuration comes from. */
export type PluginDataSource =
  /** Neither `plugin_data` nor `plugin_data_file` is set: the plugin is configured with an empty text. */
  | { readonly kind: 'none' }
  /** The `plugin_data` block as HCL text, which is also what an external plugin receives. */
  | { readonly kind: 'fixed'; readonly hcl: string }
  /** `plugin_data_file`: read when the plugin is configured, and again when the daemon is told to reconfigure. */
  | { readonly kind: 'file'; readonly path: string };

/** One plugin of the `plugins` block, in the order of the file. */
export interface PluginConfig {
  /** Such as `NodeAttestor`. Any word: whoever loads plugins refuses types that it does not know. */
  readonly type: string;
  /** Such as `join_token`. */
  readonly name: string;
  /** False when `enabled = false`: the plugin is then left out, and not validated. */
  readonly isEnabled: boolean;
  /** `plugin_cmd`: path of an external plugin's program. Undefined for built-in plugins. */
  readonly cmd: string | undefined;
  /** `plugin_args` of an external plugin. */
  readonly args: readonly string[];
  /** `plugin_checksum`: SHA-256 of the program in hexadecimal, not yet checked. */
  readonly checksum: string | undefined;
  readonly data: PluginDataSource;
}
