import { retrievalConfig } from '../consumer/retrieval';
import { ConfigError, loadConfig, Slice } from '../platform/config';
import { viewerConfig } from '.';

const slices = [viewerConfig, retrievalConfig] as unknown as readonly Slice[];

function faultsOf(diagnosticUse: string, quality: string): string[] {
  const environment = { DRIMBOX_VIEWER_DIAGNOSTIC_USE: diagnosticUse, DRIMBOX_RETRIEVAL_QUALITY: quality };
  try {
    loadConfig(slices, environment, { production: false });
    return [];
  } catch (error) {
    return (error as ConfigError).faults.map(({ variable, code }) => `${variable} ${code}`);
  }
}

describe('configuration of the viewer', () => {
  it.each([
    ['diagnostic', 'lossy', ['DRIMBOX_VIEWER_DIAGNOSTIC_USE lossy-images']],
    ['diagnostic', 'lossless', []],
    ['consultation', 'lossy', []],
    // A fault of one is told, and nothing is said of a pair that is not there.
    ['diagnostic', 'worse', ['DRIMBOX_RETRIEVAL_QUALITY invalid']],
  ])('%s with %s images: %j', (use, quality, faults) => expect(faultsOf(use, quality)).toEqual(faults));
});
