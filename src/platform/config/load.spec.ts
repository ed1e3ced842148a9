import { z } from 'zod';
import { ConfigError, defineSlice, loadConfig, proveConfig, sampleFile, Slice, text, variable } from '.';

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

  it('writes the manual of every variable', () => {
    const manual = sampleFile(slices);
    expect(manual).toContain('# Port of the thing\n# unit: number; default: 8440\n#DRIMBOX_T_PORT=8440');
    expect(manual).toContain('# required; secret: prefer a file\nDRIMBOX_T_SECRET=');
  });
});
