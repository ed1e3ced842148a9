import { GatewayError } from '../../../platform/errors';
import { servingErrors } from '../serving.errors';
import { MetadataReader } from './metadata-reader';

const header = { sopClassUid: '1.2.3', sopInstanceUid: '1.2.4', transferSyntaxUid: '1.2.840.10008.1.2.1' };
/** (0008,0060) CS "CT", then pixel data of four bytes. */
const dataSet = Buffer.from('0800600043530200' + '4354' + 'e07f10004f57000004000000' + '01020304', 'hex');

describe('a reader of heads', () => {
  const open = (onHead: () => void) => {
    const abort = new AbortController();
    return { abort, reader: new MetadataReader(abort, onHead) };
  };

  it('keeps the head once pixel data begin, whatever follows', () => {
    let heads = 0;
    const { reader, abort } = open(() => (heads += 1));
    reader.begin(header);
    for (const byte of dataSet) reader.write(Buffer.from([byte]));
    reader.end();
    expect([heads, reader.failed, abort.signal.aborted]).toEqual([1, undefined, false]);
  });

  it.each([
    [
      'a head that cannot be told as JSON',
      new GatewayError(servingErrors.objectUnreadable),
      'serving.object-unreadable',
    ],
    ['a fault of our own', new TypeError('oops'), 'serving.failed'],
  ])('%s stops this answer and is not thrown into the retrieval', (_, error, code) => {
    const { reader, abort } = open(() => {
      throw error;
    });
    reader.begin(header);
    expect(() => reader.write(dataSet)).not.toThrow();
    expect(() => reader.end()).not.toThrow();
    expect([reader.failed?.code, abort.signal.aborted]).toEqual([code, true]);
  });
});
