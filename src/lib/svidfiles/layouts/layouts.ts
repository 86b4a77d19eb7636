import type { Layout } from './layout.ts';
import { combinedLayout, spiffeFdLayout } from './one-file.ts';
import { p12Layout } from './p12.ts';
import { helperLayout, k8sTlsLayout, spireLayout } from './separate-files.ts';

/** The layouts by the word that asks for each. */
export const LAYOUTS = {
  spire: spireLayout,
  helper: helperLayout,
  'k8s-tls': k8sTlsLayout,
  combined: combinedLayout,
  p12: p12Layout,
  'spiffe-fd': spiffeFdLayout,
} as const satisfies Readonly<Record<string, Layout>>;

/** A word that asks for a layout. */
export type LayoutName = keyof typeof LAYOUTS;

/** The words in the order in which people are told of them. */
export const LAYOUT_NAMES = Object.keys(LAYOUTS) as readonly LayoutName[];
