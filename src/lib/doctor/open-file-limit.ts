/** The soft limit of open files in the text of `/proc/<pid>/limits`; undefined if it is not there or unlimited. */
export function parseOpenFileLimit(text: string): number | undefined {
  const [, soft] = /^Max open files\s+(\d{1,15}|unlimited)\s/m.exec(text) ?? [];
  return soft === undefined || soft === 'unlimited' ? undefined : Number(soft);
}
