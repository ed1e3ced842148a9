import { z } from 'zod';

export interface VariableOptions {
  /** One sentence for the operator's manual. */
  readonly describe: string;
  /** Unit of the value: ms, s, bytes, days… */
  readonly unit?: string;
  /** Text shown in the sample file when the default is computed or absent. */
  readonly example?: string;
  /** The value is a secret: it is never printed. Prefer a file variable. */
  readonly secret?: boolean;
  /** Says why this value may not be used in production (for example a test authority); undefined when it may. */
  readonly refusedInProduction?: (value: unknown) => string | undefined;
}

export interface Variable<S extends z.ZodType = z.ZodType> {
  readonly name: string;
  readonly schema: S;
  readonly options: VariableOptions;
}

/** One environment variable: its name, the schema of its text, its meaning. */
export function variable<S extends z.ZodType>(name: string, schema: S, options: VariableOptions): Variable<S> {
  if (!/^[A-Z][A-Z0-9_]*$/.test(name)) throw new Error(`not a variable name: ${name}`);
  return { name, schema, options };
}

export type Shape = Record<string, Variable>;
export type ValuesOf<T extends Shape> = { readonly [K in keyof T]: z.output<T[K]['schema']> };

/** A fault found while a value is proven against the world (files, ports, certificates). */
export interface ConfigFault {
  readonly variable: string;
  /** Stable kebab-case word: `missing`, `key-does-not-match`, `not-writable`… */
  readonly code: string;
  /** One sentence without the value. */
  readonly message: string;
}

/**
 * Code of what is fit for a sandbox only: as a fault of `check` or `prove` it stops the start in production, and is announced
 * in a sandbox.
 */
export const sandboxOnly = 'sandbox-only';

/** An address that the gateway will listen on, and the variable that chooses its port. */
export interface ListeningAddress {
  readonly variable: string;
  readonly host: string;
  /** 0 asks for any free port. */
  readonly port: number;
}

/** Values of another slice, when they are there and valid. */
export type OtherValues = <T extends Shape>(slice: Slice<T>) => ValuesOf<T> | undefined;

export interface Slice<T extends Shape = Shape> {
  readonly name: string;
  readonly shape: T;
  /** Injection token of the slice's values. */
  readonly token: symbol;
  /** Relations between the values of the slice, checked after each value is valid. */
  readonly check?: (values: ValuesOf<T>) => ConfigFault[];
  /** Relations with the values of other slices, checked when all of them are valid; undefined for a slice that is not there. */
  readonly relate?: (values: ValuesOf<T>, other: OtherValues) => ConfigFault[];
  /** Proof against the world at start. */
  readonly prove?: (values: ValuesOf<T>) => Promise<ConfigFault[]>;
  /** Addresses to be bound: proven free, and no two the same. */
  readonly listens?: (values: ValuesOf<T>) => ListeningAddress[];
}

export type ConfigOf<S> = S extends Slice<infer T> ? ValuesOf<T> : never;

/** Declares the part of the configuration that a room owns. */
export function defineSlice<T extends Shape>(
  name: string,
  shape: T,
  more: Pick<Slice<T>, 'check' | 'relate' | 'prove' | 'listens'> = {},
): Slice<T> {
  return { name, shape, token: Symbol(`config:${name}`), ...more };
}

/** Schemas that most variables need. Texts come trimmed; an empty text counts as absent. */
export const text = {
  flag: (byDefault: boolean) =>
    z
      .enum(['true', 'false', '1', '0', 'yes', 'no'])
      .default(byDefault ? 'true' : 'false')
      .transform((v) => v === 'true' || v === '1' || v === 'yes'),
  integer: (min: number, max: number) =>
    z
      .string()
      .regex(/^-?\d+$/)
      .transform(Number)
      .pipe(z.number().int().min(min).max(max)),
  port: () => z.string().regex(/^\d+$/).transform(Number).pipe(z.number().int().min(0).max(65535)),
  host: () =>
    z
      .string()
      .min(1)
      .max(253)
      .regex(/^[A-Za-z0-9.:_-]+$/),
  url: (...protocols: ('http:' | 'https:' | 'postgres:' | 'postgresql:')[]) =>
    z
      .url()
      .refine(
        (v) => protocols.length === 0 || protocols.includes(new URL(v).protocol as 'https:'),
        'protocol not allowed here',
      ),
  path: () => z.string().min(1).max(4096),
  list: () =>
    z.string().transform((v) =>
      v
        .split(',')
        .map((part) => part.trim())
        .filter(Boolean),
    ),
  json: <S extends z.ZodType>(schema: S) =>
    z
      .string()
      .transform((v, ctx) => {
        try {
          return JSON.parse(v) as unknown;
        } catch {
          ctx.addIssue({ code: 'custom', message: 'not JSON' });
          return z.NEVER;
        }
      })
      .pipe(schema),
};
