import type { ConfigFault } from '../../platform/config';
import { Command } from '../command';

const line = ({ variable, code, message }: ConfigFault): string => `  ${variable}: ${code}: ${message}`;
const list = (title: string, lines: readonly string[]): string[] => (lines.length > 0 ? [title, ...lines] : []);

export const configCheck: Command = {
  words: 'config check',
  usage: 'drimbox config check [--running]',
  summary: 'reads the configuration and proves it: every fault at once, by variable name',
  run: async ({ examine, options }) => {
    const examined = await examine();
    // The gateway of this machine holds its own ports: while it runs, that they cannot be bound says nothing.
    const isHeld = ({ code }: ConfigFault) => options.running === true && code === 'port-in-use';
    const faults = examined.faults.filter((one) => !isHeld(one));
    const notices = examined.config.sandboxSettings;
    const fit = list(
      'fit for a sandbox only:',
      notices.map((notice) => `  ${notice}`),
    );
    const verdict =
      faults.length > 0
        ? [`the configuration has ${faults.length} fault(s):`, ...faults.map(line)]
        : ['the configuration is complete and proven'];
    return { failed: faults.length > 0, text: [...verdict, ...fit].join('\n'), value: { faults, notices } };
  },
};
