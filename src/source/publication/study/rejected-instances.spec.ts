import { rejectedInstances } from './rejected-instances';

const all = ['113001', '113037', '113038', '113039'];
const note = (sopInstanceUid: string, titleCode: string, ...references: string[]) => ({
  sopInstanceUid,
  titleCode,
  references,
});

describe('instances taken away by rejection notes', () => {
  it.each(all)('are those of a note of title %s', (title) =>
    expect([...rejectedInstances([note('N1', title, 'a', 'b')], all)]).toEqual(['a', 'b']),
  );

  it('are not those of a title that the settings leave out, nor of key images', () => {
    const notes = [note('N1', '113001', 'a'), note('N2', '113037', 'b'), note('K', '113000', 'c')];
    expect([...rejectedInstances(notes, ['113037'])]).toEqual(['b']);
  });

  it('come back when the note itself is rejected', () => {
    const notes = [note('N1', '113001', 'a', 'b'), note('N2', '113039', 'c'), note('N3', '113037', 'N1')];
    expect([...rejectedInstances(notes, all)].sort()).toEqual(['N1', 'c']);
  });
});
