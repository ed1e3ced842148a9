import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ExamFolder } from './exam-folder';

const instance = { sopClassUid: '1.2', transferSyntaxUid: '1.2.840.10008.1.2.1', dataset: Buffer.alloc(200_000, 7) };
const head = { transferSyntaxUid: '1.2.840.10008.1.2.1', head: Buffer.alloc(1_000, 7), pixelDataFollows: true };

describe('folder of one kept exam', () => {
  const root = mkdtempSync(join(tmpdir(), 'drimbox-folder-'));
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  it('is gone once removed, whatever was being written then or comes after', async () => {
    for (let round = 0; round < 20; round++) {
      const path = join(root, `exam-${round}`);
      const folder = await ExamFolder.open(path, Buffer.alloc(32, 1));
      const writes = Array.from({ length: 12 }, (_, n) => folder.put(`1.2.${n}`, instance, head));
      await Promise.all([folder.remove(), ...writes]);
      await folder.put('1.2.99', instance, head);
      expect(existsSync(path)).toBe(false);
      expect(folder.has('1.2.1')).toBe(false);
    }
  });
});
