/** Why bytes of a peer were refused. Codes are stable words; the text names the clause, never a value of a data set. */
export class DimseFault extends Error {
  constructor(
    readonly code:
      | 'unknown-pdu'
      | 'pdu-too-long'
      | 'malformed-pdu'
      | 'malformed-pdv'
      | 'malformed-command'
      | 'malformed-identifier'
      | 'limit',
    message: string,
  ) {
    super(message);
    this.name = 'DimseFault';
  }
}
