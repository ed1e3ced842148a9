/** Distinct values that one label of one metric may take; further ones are counted together. */
export const labelValuesMax = 100;
/** What stands for every value that is not accepted. */
export const otherLabel = 'other';

/** Words of the code and of the configuration: no spaces at the ends, no control characters, no long free text. */
const acceptable = /^[\p{L}\p{N}._:/@«»'() -]{1,64}$/u;

/**
 * Keeps the series of one metric few, whatever its labels are given: a value that looks like free text, or comes after
 * the limit, becomes `other`. Prometheus keeps every series it has ever seen; a caller must not be able to make new ones.
 */
export class BoundedLabels {
  private readonly seen = new Map<string, Set<string>>();

  constructor(private readonly valuesMax = labelValuesMax) {}

  of<T extends string>(labels: Partial<Record<T, string | number>>): Partial<Record<T, string | number>> {
    const kept: Record<string, string> = {};
    for (const [name, value] of Object.entries(labels)) kept[name] = this.value(name, String(value));
    return kept as Partial<Record<T, string>>;
  }

  private value(name: string, value: string): string {
    const known = this.seen.get(name) ?? new Set<string>();
    this.seen.set(name, known);
    if (known.has(value)) return value;
    if (known.size >= this.valuesMax || !acceptable.test(value)) return otherLabel;
    known.add(value);
    return value;
  }
}
