import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RetrievalCache } from './retrieval-cache';

/** Real: the folder. The table is a stand-in whose rows go slowly; one exam has one row, as the real one demands. */
describe('cache of retrieved exams', () => {
  const exam = Buffer.alloc(32, 7);
  const instance = { sopClassUid: '1.2', transferSyntaxUid: '1.2.840.10008.1.2.1', dataset: Buffer.alloc(64, 1) };
  const head = {
    transferSyntaxUid: '1.2.840.10008.1.2.1',
    head: instance.dataset.subarray(0, 8),
    pixelDataFollows: true,
  };
  let folder: string;

  beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'drimbox-cache-'))));
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('opens an exam anew while its former copy is being removed', async () => {
    const rows = new Map<string, string>();
    const noRow = (id: string) => (rows.has(id) ? Promise.resolve() : Promise.reject(new Error('no such row')));
    const cache = new RetrievalCache(
      { folder, bytesMax: 1e6, keepMs: 60_000 },
      {
        abandoned: () => Promise.resolve([]),
        takeOver: () => Promise.resolve(false),
        forgetElsewhere: () => Promise.resolve(),
        idsIn: () => Promise.resolve(new Set<string>()),
        add: ({ id, exam: digest }) => {
          if ([...rows.values()].includes(digest.toString('hex'))) return Promise.reject(new Error('two rows'));
          rows.set(id, digest.toString('hex'));
          return Promise.resolve();
        },
        touch: noRow,
        keepFor: noRow,
        contexts: () => Promise.resolve(new Map()),
        releaseContext: () => Promise.resolve(),
        remove: async (id) => {
          await new Promise((done) => setTimeout(done, 30));
          rows.delete(id);
        },
        openContexts: (ids) => Promise.resolve(new Set(ids)),
      },
      { seal: (bytes) => bytes, open: (bytes) => bytes },
    );
    await cache.start();
    const before = await cache.open(exam, 'one');
    cache.leave(before);
    const closing = cache.releaseContext('one');
    await Promise.resolve();
    const again = await cache.open(exam, 'two');
    await cache.put(again, '1.2.3', instance, head);
    await closing;
    expect(again.id).not.toBe(before.id);
    await expect(again.folder.instance('1.2.3')).resolves.toMatchObject(instance);
    expect([...rows.keys()]).toEqual([again.id]);
  });
});
