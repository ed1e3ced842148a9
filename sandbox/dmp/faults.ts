/** Ways the registry can be told to misbehave, for tests of the client. */

export type Transaction = 'iti41' | 'iti57' | 'iti18' | 'iti43' | 'td02';

export interface Fault {
  /** Only this transaction; all when absent. */
  transaction?: Transaction;
  /**
   * `slow` answers after `delayMs`; `refuse` answers Failure with `code`; `warn` does the work and adds a warning;
   * `partial` answers PartialSuccess; `soap-fault`; `http` answers `status` with no SOAP; `malformed` answers something that is
   * not XML; `half-answer` does the work and cuts the answer; `drop-after-accept` does the work and closes without answering;
   * `vanish` closes before reading, whatever the transaction.
   */
  kind:
    | 'slow'
    | 'refuse'
    | 'warn'
    | 'partial'
    | 'soap-fault'
    | 'http'
    | 'malformed'
    | 'half-answer'
    | 'drop-after-accept'
    | 'vanish';
  /** How many requests; until `clear` when absent. */
  times?: number;
  delayMs?: number;
  /** Registry error code of `refuse`, `warn` and `partial`. */
  code?: string;
  /** HTTP status of `http`, 503 when absent. */
  status?: number;
}

const KINDS: readonly Fault['kind'][] = [
  'slow',
  'refuse',
  'warn',
  'partial',
  'soap-fault',
  'http',
  'malformed',
  'half-answer',
  'drop-after-accept',
  'vanish',
];

export class FaultSwitch {
  private faults: Fault[] = [];

  set(fault: Fault): void {
    if (!KINDS.includes(fault.kind)) throw new Error('unknown kind of fault');
    this.faults.push({ ...fault });
  }

  clear(): void {
    this.faults = [];
  }

  list = (): Fault[] => this.faults.map((fault) => ({ ...fault }));

  /** The first fault for this transaction, counted down. */
  take(transaction: Transaction | undefined): Fault | undefined {
    return this.takeAt(
      this.faults.findIndex(
        (fault) => fault.kind !== 'vanish' && (fault.transaction === undefined || fault.transaction === transaction),
      ),
    );
  }

  /** A `vanish`, counted down: it strikes before the transaction is known. */
  takeVanish = (): Fault | undefined => this.takeAt(this.faults.findIndex((fault) => fault.kind === 'vanish'));

  private takeAt(index: number): Fault | undefined {
    if (index < 0) return undefined;
    const fault = this.faults[index];
    if (fault.times !== undefined && --fault.times <= 0) this.faults.splice(index, 1);
    return fault;
  }
}
