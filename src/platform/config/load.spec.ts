import { createServer } from 'node:net';
import { z } from 'zod';
import {
  ConfigError,
  defineSlice,
  examineConfig,
  loadConfig,
  proveConfig,
  sampleFile,
  sandboxOnly,
  Slice,
  text,
  variable,
} from '.';

const port = variable('DRIMBOX_T_PORT', text.port().default(8440), { describe: 'Port of the thing', unit: 'number' });
const secret = variable('DRIMBOX_T_SECRET', z.string().min(8), { describe: 'Secret of the thing', secret: true });
const mode = variable('DRIMBOX_T_MODE', z.enum(['safe', 'toy']).default('toy'), {
  describe: 'How careful',
  refusedInProduction: (value) => (value === 'toy' ? 'toy is for trying' : undefined),
});
const slice = defineSlice(
  'thing',
  { port, secret, mode },
  {
    check: (values) => (values.port === 1 ? [{ variable: 'DRIMBOX_T_PORT', code: 'reserved', message: 'not 1' }] : []),
    prove: async () => [{ variable: 'DRIMBOX_T_PORT', code: 'port-in-use', message: 'taken' }],
  },
);
const slices = [slice] as unknown as readonly Slice[];

function faultsOf(environment: Record<string, string>, production = false): string[] {
  try {
    loadConfig(slices, environment, { production });
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).faults.map((fault) => `${fault.variable} ${fault.code}`);
  }
}

describe('configuration', () => {
  it('gives typed values, frozen, with defaults', () => {
    const loaded = loadConfig(slices, { DRIMBOX_T_SECRET: 'long enough' }, { production: false });
    const values = loaded.values.get(slice.token) as { port: number };
    expect(values).toEqual({ port: 8440, secret: 'long enough', mode: 'toy' });
    expect(Object.isFrozen(values)).toBe(true);
  });

  it('tells all faults together, by name and code', () => {
    expect(faultsOf({ DRIMBOX_T_PORT: '70000', DRIMBOX_UNKNOWN: 'x' })).toEqual([
      'DRIMBOX_UNKNOWN unknown',
      'DRIMBOX_T_PORT invalid',
      'DRIMBOX_T_SECRET missing',
    ]);
  });

  it('never tells a value', () => {
    try {
      loadConfig(slices, { DRIMBOX_T_SECRET: 'hunter2', DRIMBOX_T_PORT: 'hunter3' }, { production: false });
    } catch (error) {
      expect((error as Error).message).not.toMatch(/hunter/);
    }
    expect.assertions(1);
  });

  it('counts an empty or blank text as absent', () => {
    expect(faultsOf({ DRIMBOX_T_SECRET: '  ' })).toEqual(['DRIMBOX_T_SECRET missing']);
    expect(faultsOf({ DRIMBOX_T_SECRET: ' long enough ', DRIMBOX_T_PORT: '' })).toEqual([]);
  });

  it('checks relations once every value of the slice is valid', () => {
    expect(faultsOf({ DRIMBOX_T_SECRET: 'long enough', DRIMBOX_T_PORT: '1' })).toEqual(['DRIMBOX_T_PORT reserved']);
    expect(faultsOf({ DRIMBOX_T_PORT: '1' })).toEqual(['DRIMBOX_T_SECRET missing']);
  });

  it('announces sandbox settings, and refuses them in production', () => {
    const environment = { DRIMBOX_T_SECRET: 'long enough' };
    expect(loadConfig(slices, environment, { production: false }).sandboxSettings).toEqual([
      'DRIMBOX_T_MODE: toy is for trying',
    ]);
    expect(faultsOf(environment, true)).toEqual(['DRIMBOX_T_MODE sandbox-only']);
    expect(faultsOf({ ...environment, DRIMBOX_T_MODE: 'safe' }, true)).toEqual([]);
  });

  it('proves the values against the world', async () => {
    const loaded = loadConfig(slices, { DRIMBOX_T_SECRET: 'long enough' }, { production: false });
    expect(await proveConfig(slices, loaded)).toEqual([
      { variable: 'DRIMBOX_T_PORT', code: 'port-in-use', message: 'taken' },
    ]);
  });

  it('proves every slice that can be read, so that faults of values and of the world come at once', async () => {
    const other = defineSlice(
      'other',
      { name: variable('DRIMBOX_T_NAME', z.string().default('x'), { describe: 'Name' }) },
      { prove: async () => [{ variable: 'DRIMBOX_T_NAME', code: 'not-readable', message: 'gone' }] },
    );
    const both = [slice, other] as unknown as readonly Slice[];
    const codes = async (environment: Record<string, string>) =>
      (await examineConfig(both, environment, { production: false })).faults.map((f) => `${f.variable} ${f.code}`);
    expect(await codes({})).toEqual(['DRIMBOX_T_SECRET missing', 'DRIMBOX_T_NAME not-readable']);
    // A fault already told of a variable is not told again in other words.
    expect(await codes({ DRIMBOX_T_SECRET: 'long enough', DRIMBOX_T_PORT: '1' })).toEqual([
      'DRIMBOX_T_PORT reserved',
      'DRIMBOX_T_NAME not-readable',
    ]);
  });

  it('takes what a check or a proof calls fit for a sandbox as an announcement, in production as a fault', async () => {
    const fault = (name: string) => ({ variable: name, code: sandboxOnly, message: 'for trying' });
    const toy = defineSlice(
      'toy',
      {
        a: variable('DRIMBOX_T_A', z.string().default('x'), { describe: 'A' }),
        b: variable('DRIMBOX_T_B', z.string().default('x'), { describe: 'B' }),
      },
      { check: () => [fault('DRIMBOX_T_A')], prove: async () => [fault('DRIMBOX_T_B')] },
    );
    const toys = [toy] as unknown as readonly Slice[];
    const production = await examineConfig(toys, {}, { production: true });
    expect(production.faults.map((one) => one.variable)).toEqual(['DRIMBOX_T_A', 'DRIMBOX_T_B']);
    const sandbox = await examineConfig(toys, {}, { production: false });
    expect(sandbox.faults).toEqual([]);
    expect(sandbox.config.sandboxSettings).toEqual(['DRIMBOX_T_A: for trying', 'DRIMBOX_T_B: for trying']);
  });

  it('tells two listeners of one address, also behind a wildcard, but not two free ports', async () => {
    const listening = (name: string, host: string, port: number) =>
      defineSlice(
        name,
        { x: variable(`DRIMBOX_T_${name}`, z.string().default('x'), { describe: name }) },
        { listens: () => [{ variable: `DRIMBOX_T_${name}`, host, port }] },
      );
    const free = await new Promise<number>((resolve) => {
      const server = createServer().listen(0, '127.0.0.1', () => {
        const { port } = server.address() as { port: number };
        server.close(() => resolve(port));
      });
    });
    const given = [
      listening('A', '127.0.0.1', free),
      listening('B', '0.0.0.0', free),
      listening('C', '127.0.0.1', 0),
      listening('D', '127.0.0.1', 0),
    ];
    const { faults } = await examineConfig(given as unknown as readonly Slice[], {}, { production: false });
    expect(faults.map((one) => `${one.variable} ${one.code}`)).toEqual(['DRIMBOX_T_B port-taken-twice']);
  });

  it('says where in a list a value is wrong, never what it is', () => {
    const list = variable('DRIMBOX_T_LIST', text.json(z.array(z.strictObject({ port: z.number().max(9) }))), {
      describe: 'List',
    });
    const lists = [defineSlice('lists', { list })] as unknown as readonly Slice[];
    const load = () => loadConfig(lists, { DRIMBOX_T_LIST: '[{"port":1},{"port":4711}]' }, { production: false });
    expect(load).toThrow(/1\.port: /);
    expect(load).not.toThrow(/4711/);
  });

  it('writes the manual of every variable', () => {
    const manual = sampleFile(slices);
    expect(manual).toContain('# Port of the thing\n# unit: number; default: 8440\n#DRIMBOX_T_PORT=8440');
    expect(manual).toContain('# required; secret: prefer a file\nDRIMBOX_T_SECRET=');
  });
});
