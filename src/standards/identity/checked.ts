/**
 * Outcome of a validator: the value in its checked form, or the reason for refusal.
 * A reason names the rule that was broken and never repeats the value, so it may be logged and sent back.
 */
export type Checked<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string };

export function valid<T>(value: T): Checked<T> {
  return { ok: true, value };
}

export function refused(reason: string): { readonly ok: false; readonly reason: string } {
  return { ok: false, reason };
}

/** Gives the same value another shape; a refusal goes through unchanged. */
export function mapChecked<A, B>(checked: Checked<A>, map: (value: A) => B): Checked<B> {
  return checked.ok ? valid(map(checked.value)) : checked;
}
