import { rounded } from './statistics';

/** One line of the results: a figure of the gateway beside its reference in the same run. */
export interface Measure {
  readonly id: string;
  readonly value: number;
  readonly unit: string;
  readonly reference: string;
  readonly referenceValue: number;
  readonly ratio: number;
  /** The goal, such as `<= 1.5`; what it bounds is the ratio unless a unit is told. */
  readonly aim: string;
  readonly met: boolean;
  readonly runs: number;
  readonly note?: string;
}

export interface MeasureParts {
  readonly id: string;
  readonly value: number;
  readonly unit: string;
  readonly reference: string;
  readonly referenceValue: number;
  /** Bound of value / reference; with `absolute`, of the value itself. */
  readonly aim: { readonly atMost?: number; readonly atLeast?: number; readonly absolute?: boolean };
  readonly runs: number;
  readonly note?: string;
}

/** Computes the ratio and says whether the goal is met. */
export function measureOf({ aim, ...parts }: MeasureParts): Measure {
  const ratio = parts.value / parts.referenceValue;
  const judged = aim.absolute ? parts.value : ratio;
  const met = judged <= (aim.atMost ?? Infinity) && judged >= (aim.atLeast ?? -Infinity);
  const bounds = [
    ...(aim.atLeast === undefined ? [] : [`>= ${aim.atLeast}`]),
    ...(aim.atMost === undefined ? [] : [`<= ${aim.atMost}`]),
  ];
  const bound = bounds.join(', ');
  return {
    ...parts,
    value: rounded(parts.value),
    referenceValue: rounded(parts.referenceValue),
    ratio: rounded(ratio),
    aim: aim.absolute ? `${bound} ${parts.unit}` : bound,
    met,
  };
}
