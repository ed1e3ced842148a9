export interface Paging {
  readonly page: number;
  readonly pages: number;
  readonly first: number;
  readonly last: number;
  readonly total: number;
  readonly previous?: number;
  readonly next?: number;
}

/** Where a page of results stands among all of them; pages count from 1. */
export function paging(total: number, page: number, size: number): Paging {
  const pages = Math.max(1, Math.ceil(total / size));
  return {
    page,
    pages,
    first: total === 0 ? 0 : (page - 1) * size + 1,
    last: Math.min(total, page * size),
    total,
    previous: page > 1 ? page - 1 : undefined,
    next: page < pages ? page + 1 : undefined,
  };
}

/** The page asked for; the first one for anything else. */
export function pageNumber(claimed: unknown): number {
  return typeof claimed === 'string' && /^[1-9]\d{0,4}$/.test(claimed) ? Number(claimed) : 1;
}

/** A field of a form as trimmed text of bounded length; several values or none give the empty text. */
export function fieldText(value: unknown, lengthMax = 100): string {
  return typeof value === 'string' ? value.trim().slice(0, lengthMax) : '';
}
