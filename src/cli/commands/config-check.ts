import { configSlices } from '../../app.module';
import { proveConfig } from '../../platform/config';
import { Command } from '../command';

export const configCheck: Command = {
  words: 'config check',
  usage: 'drimbox config check',
  summary: 'reads the configuration and proves it: every fault at once, by variable name',
  run: async ({ config }) => {
    const loaded = config();
    const faults = await proveConfig(configSlices, loaded);
    const notices = loaded.sandboxSettings;
    if (faults.length > 0) {
      const lines = faults.map((fault) => `  ${fault.variable}: ${fault.code}: ${fault.message}`);
      return {
        failed: true,
        text: `the configuration has ${faults.length} fault(s):\n${lines.join('\n')}`,
        value: { faults, notices },
      };
    }
    const told =
      notices.length > 0 ? `\nfit for a sandbox only:\n${notices.map((notice) => `  ${notice}`).join('\n')}` : '';
    return { text: `the configuration is complete and proven${told}`, value: { faults: [], notices } };
  },
};
