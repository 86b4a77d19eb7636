import type { SchemaShape } from './schema/schema.ts';

/** A key of a schema. */
export interface KeyPathShape {
  /** Dotted; `*` stands for a label. */
  readonly path: string;
  readonly shape: SchemaShape;
}

/** All keys below a shape, blocks before their keys. */
export function keyPathsOf(shape: SchemaShape, prefix = ''): KeyPathShape[] {
  switch (shape.kind) {
    case 'string':
    case 'integer':
    case 'boolean':
    case 'tree':
      return [];
    case 'list':
      return keyPathsOf(shape.of, prefix);
    case 'map':
      return keyPathsOf(shape.of, `${prefix}.*`);
    case 'block':
      return Object.entries(shape.fields).flatMap(([name, field]) => {
        const path = prefix === '' ? name : `${prefix}.${name}`;
        return [{ path, shape: field }, ...keyPathsOf(field, path)];
      });
  }
}

/** What a key holds, in a word or two. */
export function describeShape(shape: SchemaShape): string {
  switch (shape.kind) {
    case 'string':
    case 'integer':
    case 'boolean':
    case 'block':
      return shape.kind;
    case 'tree':
      return 'block';
    case 'list':
      return `list of ${describeShape(shape.of)}s`;
    case 'map':
      return `${describeShape(shape.of)}s by name`;
  }
}
