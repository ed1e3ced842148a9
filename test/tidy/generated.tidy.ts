import { generatedFiles } from '../../scripts/generated-files';
import { read } from './tree';

describe('generated files', () => {
  it.each([...generatedFiles()])('%s equals its generator (npm run generate)', (file, text) => {
    expect(read(file)).toBe(text);
  });
});
