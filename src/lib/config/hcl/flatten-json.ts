import type { HclItem, HclNode, HclObject } from './ast.ts';

/**
 * Rewrites a tree that was read from JSON into the shape that HCL gives to the same configuration: an object that holds
 * nothing but objects becomes items with one key more (`{"a": {"b": {...}}}` is `a "b" { ... }`), and a list of objects
 * becomes repeated items. The number of objects it makes is bounded by that of the objects in the text.
 */
export function flattenJson(root: HclObject): HclObject {
  return {
    ...root,
    items: root.items.flatMap(flattenItem).map((item) => ({ ...item, value: flattenNode(item.value) })),
  };
}

function flattenItem(item: HclItem): HclItem[] {
  const { keys, value } = item;
  if (value.kind === 'object' && value.items.length > 0) {
    const inner = value.items.filter((child) => child.value.kind === 'object');
    if (inner.length < value.items.length) return [item];
    return inner.flatMap((child) => flattenItem({ keys: [...keys, ...child.keys], value: child.value }));
  }
  if (value.kind === 'list' && value.items.length > 0) {
    const inner = value.items.filter((child) => child.kind === 'object');
    if (inner.length < value.items.length) return [item];
    return inner.flatMap((child) => flattenItem({ keys, value: child }));
  }
  return [item];
}

function flattenNode(node: HclNode): HclNode {
  switch (node.kind) {
    case 'literal':
      return node;
    case 'list':
      return { ...node, items: node.items.map(flattenNode) };
    case 'object':
      return flattenJson(node);
  }
}
