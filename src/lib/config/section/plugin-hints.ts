import type { PluginConfig } from './plugins.ts';

/** Names that plugins had in 2019, with what stands for them now. */
const OLD_NAMES: Readonly<Record<string, string>> = {
  x509_pop: 'it is called "x509pop" now',
  k8s_sat: '"k8s_psat", with projected service account tokens, takes its place',
};

/** Sentences for people about plugins that no longer go by the name in the file. */
export function hintsAboutPlugins(plugins: readonly PluginConfig[]): string[] {
  return plugins.flatMap(({ type, name, cmd }) =>
    cmd === undefined && type === 'NodeAttestor' && Object.hasOwn(OLD_NAMES, name)
      ? [`There is no NodeAttestor "${name}" any more: ${OLD_NAMES[name]}.`]
      : [],
  );
}
