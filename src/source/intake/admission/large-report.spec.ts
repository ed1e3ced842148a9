import { setFlagsFromString } from 'node:v8';
import { demoStudy, makeOru } from '../../../../sandbox/ris';
import { noOverrides } from '../../../connectors/ris';
import { insNatures } from '../../../standards/identity';
import { openMessage } from './header';
import { admitFlags, admitReport } from './report';

/**
 * A process that has compiled many regular expressions compiles the next ones without optimisation; a repetition then takes stack for
 * each character, and fails over some millions of them.
 */
describe('a report of 10 MB', () => {
  beforeAll(() => setFlagsFromString('--no-regexp-optimization'));
  afterAll(() => setFlagsFromString('--regexp-optimization'));

  const admit = (message: string) => {
    const connection = { id: 'mllp-1', address: '127.0.0.1' };
    const opened = openMessage({ bytes: Buffer.from(message), receivedAt: new Date(), connection });
    const flags = admitFlags(opened, noOverrides);
    return admitReport(opened, flags, { overrides: noOverrides, insOids: Object.values(insNatures) });
  };
  const message = makeOru(demoStudy, { padding: 7_500_000 }).toString('utf8');

  it('is admitted, however long the process has run', () => {
    expect(message.length).toBeGreaterThan(10_000_000);
    expect(admit(message).exams).toHaveLength(1);
  });

  it('is refused when one character of it is not Base64', () => {
    const middle = message.length / 2;
    const broken = `${message.slice(0, middle)}-${message.slice(middle + 1)}`;
    expect(() => admit(broken)).toThrow(/not Base64/);
  });
});
