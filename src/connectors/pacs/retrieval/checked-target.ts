import { IdentityCheck } from './identity-check';

/** Takes the data set of one instance; `E` is what its end answers. */
export interface Target<E> {
  write(piece: Buffer): boolean;
  drained(): Promise<void>;
  end(): E;
  cut(reason: Error): void;
}

export interface CheckedParts<E> {
  readonly check: IdentityCheck;
  /** The object is the one announced: opens its way to the reader. */
  open(): Target<E>;
  /** The object was another one; answers its end. */
  foreign(): E;
  /** Cut before it was known whose it is. */
  lost(): void;
}

/** Opens the way to the reader once the data set has said that it is what was announced; a foreign one is read past. */
export class CheckedTarget<E> implements Target<E> {
  private target: Target<E> | undefined;
  private isForeign = false;

  constructor(private readonly parts: CheckedParts<E>) {}

  write(piece: Buffer): boolean {
    if (this.target) return this.target.write(piece);
    return this.isForeign || this.judge(this.parts.check.push(piece));
  }

  drained(): Promise<void> {
    return this.target?.drained() ?? Promise.resolve();
  }

  end(): E {
    if (!this.target && !this.isForeign) this.judge(this.parts.check.end());
    return this.target ? this.target.end() : this.parts.foreign();
  }

  cut(reason: Error): void {
    if (this.target) this.target.cut(reason);
    else this.parts.lost();
  }

  private judge(verdict: 'same' | 'foreign' | undefined): boolean {
    const { held } = this.parts.check;
    this.isForeign = verdict === 'foreign';
    if (verdict !== 'same') {
      if (this.isForeign) held.length = 0;
      return true;
    }
    const target = this.parts.open();
    this.target = target;
    let hasRoom = true;
    for (const piece of held.splice(0)) hasRoom = target.write(piece);
    return hasRoom;
  }
}
