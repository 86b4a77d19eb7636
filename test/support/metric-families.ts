/** A family of an exposition in Prometheus' text format. */
interface Family {
  readonly type: string;
  readonly labels: Set<string>;
}

/** The families of an exposition as lines `NAME TYPE LABEL,LABEL`, in order; quantiles are no labels of their own. */
export function metricFamilies(exposition: string): string[] {
  const families = new Map<string, Family>();
  for (const line of exposition.split('\n')) {
    const declared = /^# TYPE (\S+) (\S+)$/.exec(line);
    if (declared !== null) families.set(declared[1] ?? '', { type: declared[2] ?? '', labels: new Set() });
    const sample = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? \S+$/.exec(line);
    const family = sample === null ? undefined : familyOf(sample[1] ?? '', families);
    for (const [, label = ''] of (sample?.[2] ?? '').matchAll(/(\w+)="/g)) {
      if (label !== 'quantile') family?.labels.add(label);
    }
  }
  return [...families].map(([name, { type, labels }]) => `${name} ${type} ${[...labels].sort().join(',')}`).sort();
}

function familyOf(name: string, families: ReadonlyMap<string, Family>): Family | undefined {
  return families.get(name) ?? families.get(name.replace(/_(sum|count)$/, ''));
}
