import { proveListeners } from './proofs';
import { ConfigFault, ListeningAddress, OtherValues, sandboxOnly, Shape, Slice, ValuesOf } from './slice';

/** All faults of the configuration at once: by variable name and code, never by value. */
export class ConfigError extends Error {
  constructor(readonly faults: readonly ConfigFault[]) {
    super(
      `the configuration has ${faults.length} fault(s):\n${faults.map((f) => `  ${f.variable}: ${f.code}: ${f.message}`).join('\n')}`,
    );
    this.name = 'ConfigError';
  }
}

export type Environment = Readonly<Record<string, string | undefined>>;

export interface LoadedConfig {
  readonly values: ReadonlyMap<symbol, object>;
  /** Announcements of settings fit for a sandbox only (refused in production). */
  readonly sandboxSettings: readonly string[];
}

export interface ConfigOptions {
  readonly production: boolean;
}

/** Everything wrong with a configuration, and what may be used of it. */
export interface ExaminedConfig {
  readonly faults: readonly ConfigFault[];
  /** Fit for use only without a fault. */
  readonly config: LoadedConfig;
}

/** What was found of one slice. */
interface ReadSlice {
  readonly slice: Slice;
  readonly faults: readonly ConfigFault[];
  readonly values: ValuesOf<Shape>;
  /** Every value is there and well formed, so that it can be checked and proven. */
  readonly isComplete: boolean;
  readonly announcements: readonly string[];
}

/** Without the value: where in a list the fault is (a name of a list's own field, never a key that somebody chose). */
function messageOf({ message, path }: { message: string; path: readonly PropertyKey[] }): string {
  const isInList = typeof path[0] === 'number';
  return isInList ? `${path.map(String).join('.')}: ${message}` : message;
}

function readSlice(slice: Slice, env: Environment, options: ConfigOptions): ReadSlice {
  const faults: ConfigFault[] = [];
  const announcements: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [key, variable] of Object.entries(slice.shape)) {
    const raw = env[variable.name]?.trim();
    const parsed = variable.schema.safeParse(raw === '' ? undefined : raw);
    if (!parsed.success) {
      const missing = raw === undefined || raw === '';
      const message = missing ? 'a value is required' : parsed.error.issues.map(messageOf).join('; ');
      faults.push({ variable: variable.name, code: missing ? 'missing' : 'invalid', message });
      continue;
    }
    values[key] = parsed.data;
    const refused = variable.options.refusedInProduction?.(parsed.data);
    if (refused && options.production) faults.push({ variable: variable.name, code: sandboxOnly, message: refused });
    else if (refused) announcements.push(`${variable.name}: ${refused}`);
  }
  const isComplete = Object.keys(slice.shape).every((key) => key in values);
  const checked = sort(isComplete ? (slice.check?.(values) ?? []) : [], options);
  return {
    slice,
    faults: [...faults, ...checked.faults],
    values: Object.freeze(values),
    isComplete,
    announcements: [...announcements, ...checked.announcements],
  };
}

/** What is fit for a sandbox only is a fault in production, and an announcement elsewhere. */
function sort(found: readonly ConfigFault[], { production }: ConfigOptions) {
  const isFault = ({ code }: ConfigFault) => production || code !== sandboxOnly;
  return {
    faults: found.filter(isFault),
    announcements: found.filter((one) => !isFault(one)).map(({ variable, message }) => `${variable}: ${message}`),
  };
}

function unknownVariables(slices: readonly Slice[], env: Environment): ConfigFault[] {
  const known = new Set(slices.flatMap((s) => Object.values(s.shape).map((v) => v.name)));
  return Object.keys(env)
    .filter((name) => name.startsWith('DRIMBOX_') && !known.has(name))
    .map((name) => ({ variable: name, code: 'unknown', message: 'no setting has this name' }));
}

/** What the values of one slice mean beside those of another. */
function relations(read: readonly ReadSlice[]): ConfigFault[] {
  const complete = read.filter(({ isComplete }) => isComplete);
  const other: OtherValues = <T extends Shape>({ token }: Slice<T>) =>
    complete.find(({ slice }) => slice.token === token)?.values as ValuesOf<T> | undefined;
  return complete.flatMap(({ slice, values }) => slice.relate?.(values, other) ?? []);
}

function readAll(slices: readonly Slice[], env: Environment, options: ConfigOptions) {
  const read = slices.map((slice) => readSlice(slice, env, options));
  const related = sort(relations(read), options);
  const faults = [...unknownVariables(slices, env), ...read.flatMap((one) => one.faults), ...related.faults];
  const config = {
    values: new Map<symbol, object>(read.map(({ slice, values }) => [slice.token, values])),
    sandboxSettings: [...read.flatMap((one) => one.announcements), ...related.announcements],
  };
  return { read, faults, config };
}

/** Reads every slice once. Throws one `ConfigError` that names all faults. */
export function loadConfig(slices: readonly Slice[], env: Environment, options: ConfigOptions): LoadedConfig {
  const { faults, config } = readAll(slices, env, options);
  if (faults.length > 0) throw new ConfigError(faults);
  return config;
}

async function proveAll(given: readonly Pick<ReadSlice, 'slice' | 'values'>[]): Promise<ConfigFault[]> {
  const addresses: ListeningAddress[] = given.flatMap(({ slice, values }) => slice.listens?.(values) ?? []);
  const found = await Promise.all([
    ...given.map(async ({ slice, values }) => slice.prove?.(values) ?? []),
    proveListeners(addresses),
  ]);
  return found.flat();
}

/** Proves loaded values against the world; all faults of all slices together. */
export function proveConfig(slices: readonly Slice[], loaded: LoadedConfig): Promise<ConfigFault[]> {
  return proveAll(slices.map((slice) => ({ slice, values: loaded.values.get(slice.token) as ValuesOf<Shape> })));
}

/**
 * Reads and proves in one go, so that every fault is told at once: a slice that can be read is proven even when another one
 * cannot.
 */
export async function examineConfig(
  slices: readonly Slice[],
  env: Environment,
  options: ConfigOptions,
): Promise<ExaminedConfig> {
  const { read, faults, config } = readAll(slices, env, options);
  const proven = sort(await proveAll(read.filter(({ isComplete }) => isComplete)), options);
  const told = new Set(faults.map(({ variable }) => variable));
  return {
    faults: [...faults, ...proven.faults.filter(({ variable }) => !told.has(variable))],
    config: { ...config, sandboxSettings: [...config.sandboxSettings, ...proven.announcements] },
  };
}
