/** A plugin that comes with a daemon: how its settings are checked, and how it is made. */
export interface BuiltInPlugin<Deps, Plugin> {
  /** False for a plugin without settings: any `plugin_data` is then refused at start. */
  readonly isConfigurable: boolean;
  /** The keys of its `plugin_data`, for the documentation; absent where the check of its settings tells. */
  readonly settings?: readonly string[];
  /**
   * What is wrong with its `plugin_data`, in SPIRE's words; empty when it can be opened with it. Absent when only
   * opening it tells.
   */
  validate?(data: string): readonly string[];
  /** Called with settings that {@link validate} has nothing against. Throws what making it throws. */
  open(data: string, deps: Deps): Promise<Plugin>;
}

/** Built-in plugins of one type by name. Each is loaded when a configuration names it. */
export type BuiltInPlugins<Deps, Plugin> = Readonly<Record<string, () => Promise<BuiltInPlugin<Deps, Plugin>>>>;
