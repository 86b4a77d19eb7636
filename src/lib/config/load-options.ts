/** What both loaders need beside the flags. */
export interface LoadConfigOptions<Flags> {
  /** Parsed flags of `run` or `validate`; `config` names the file, `expandEnv` asks for the text pass. */
  readonly flags: Flags;
  /** Variables for `-expandEnv`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folder that relative paths start from. */
  readonly cwd: string;
  /** Unknown keys become notices instead of an error. Default false. */
  readonly allowUnknownConfig?: boolean;
  readonly signal?: AbortSignal | undefined;
}
