import { ConfigFault, Shape, Slice, ValuesOf } from './slice';

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

function readSlice<T extends Shape>(slice: Slice<T>, env: Environment, production: boolean) {
  const faults: ConfigFault[] = [];
  const announcements: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [key, variable] of Object.entries(slice.shape)) {
    const raw = env[variable.name]?.trim();
    const parsed = variable.schema.safeParse(raw === '' ? undefined : raw);
    if (!parsed.success) {
      const missing = raw === undefined || raw === '';
      const message = missing ? 'a value is required' : parsed.error.issues.map((i) => i.message).join('; ');
      faults.push({ variable: variable.name, code: missing ? 'missing' : 'invalid', message });
      continue;
    }
    values[key] = parsed.data;
    const refused = variable.options.refusedInProduction?.(parsed.data);
    if (refused && production) faults.push({ variable: variable.name, code: 'sandbox-only', message: refused });
    else if (refused) announcements.push(`${variable.name}: ${refused}`);
  }
  if (faults.length === 0) faults.push(...(slice.check?.(values as ValuesOf<T>) ?? []));
  return { faults, announcements, values: Object.freeze(values) };
}

function unknownVariables(slices: readonly Slice[], env: Environment): ConfigFault[] {
  const known = new Set(slices.flatMap((s) => Object.values(s.shape).map((v) => v.name)));
  return Object.keys(env)
    .filter((name) => name.startsWith('DRIMBOX_') && !known.has(name))
    .map((name) => ({ variable: name, code: 'unknown', message: 'no setting has this name' }));
}

/** Reads every slice once. Throws one `ConfigError` that names all faults. */
export function loadConfig(slices: readonly Slice[], env: Environment, options: { production: boolean }): LoadedConfig {
  const faults: ConfigFault[] = unknownVariables(slices, env);
  const sandboxSettings: string[] = [];
  const values = new Map<symbol, object>();
  for (const slice of slices) {
    const read = readSlice(slice, env, options.production);
    faults.push(...read.faults);
    sandboxSettings.push(...read.announcements);
    values.set(slice.token, read.values);
  }
  if (faults.length > 0) throw new ConfigError(faults);
  return { values, sandboxSettings };
}

/** Proves the loaded values against the world; all faults of all slices together. */
export async function proveConfig(slices: readonly Slice[], loaded: LoadedConfig): Promise<ConfigFault[]> {
  const found = await Promise.all(
    slices.map(async (slice) => (slice.prove ? slice.prove(loaded.values.get(slice.token) as ValuesOf<Shape>) : [])),
  );
  return found.flat();
}
