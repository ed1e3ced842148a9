import { writeFileSync } from 'node:fs';
import { generatedFiles } from './generated-files';

for (const [file, text] of generatedFiles()) {
  writeFileSync(file, text);
  process.stdout.write(`${file}\n`);
}
