/** Preamble and file meta group (PS3.10 section 7.1) for a data set that arrives without them. */
export function partTenHead(uids: { sopClassUid: string; sopInstanceUid: string; transferSyntaxUid: string }): Buffer {
  const meta = Buffer.concat([
    Buffer.from([0x02, 0, 0x01, 0, 0x4f, 0x42, 0, 0, 2, 0, 0, 0, 0, 1]),
    uid(0x02, uids.sopClassUid),
    uid(0x03, uids.sopInstanceUid),
    uid(0x10, uids.transferSyntaxUid),
    uid(0x12, '2.25.302155284411590427617393154306421839170'),
  ]);
  const length = Buffer.from([0x02, 0, 0, 0, 0x55, 0x4c, 4, 0, 0, 0, 0, 0]);
  length.writeUInt32LE(meta.length, 8);
  return Buffer.concat([Buffer.alloc(128), Buffer.from('DICM', 'latin1'), length, meta]);
}

function uid(element: number, value: string): Buffer {
  const text = Buffer.from(value.length % 2 ? `${value}\0` : value, 'latin1');
  const head = Buffer.from([0x02, 0, element, 0, 0x55, 0x49, text.length & 0xff, text.length >> 8]);
  return Buffer.concat([head, text]);
}
