type Sqlite = typeof import('node:sqlite');

/**
 * Node's own SQLite. Node calls it experimental in a warning on stderr when it is first loaded; that one line is kept
 * back, since it tells an operator nothing, and every other warning is let through.
 */
export function loadSqlite(): Sqlite {
  const { emitWarning } = process;
  process.emitWarning = (warning: string | Error, ...rest: unknown[]): void => {
    if (!String(warning).startsWith('SQLite is an experimental feature')) {
      Reflect.apply(emitWarning, process, [warning, ...rest]);
    }
  };
  try {
    // Loaded at once and not by an import, so that the time in which warnings are looked at ends here.
    return process.getBuiltinModule('node:sqlite');
  } finally {
    process.emitWarning = emitWarning;
  }
}
