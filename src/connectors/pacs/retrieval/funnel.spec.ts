import { InstanceSink } from '../pacs.port';
import { Funnel } from './funnel';

const header = (n: number) => ({
  sopClassUid: '1.2',
  sopInstanceUid: `1.2.${n}`,
  transferSyntaxUid: '1.2.840.10008.1.2.1',
});
const piece = Buffer.alloc(256 * 1024, 1);

/** A sink that takes nothing until it is opened. */
class SlowSink implements InstanceSink {
  readonly begun: string[] = [];
  readonly ended: string[] = [];
  bytes = 0;
  private open = false;
  private go: () => void = () => undefined;

  begin({ sopInstanceUid }: { sopInstanceUid: string }): void {
    this.begun.push(sopInstanceUid);
  }
  write(chunk: Buffer): boolean {
    this.bytes += chunk.length;
    return this.open;
  }
  drained(): Promise<void> {
    return this.open ? Promise.resolve() : new Promise((resolve) => (this.go = resolve));
  }
  end(): void {
    this.ended.push(this.begun.at(-1) ?? '');
  }
  cut(): void {
    this.ended.push('cut');
  }
  takeAll(): void {
    this.open = true;
    this.go();
  }
}

/** One association that sends whole instances one after the other, as long as it is not asked for silence. */
async function association(funnel: Funnel, first: number, count: number, accepted: { bytes: number }): Promise<void> {
  for (let n = first; n < first + count; n++) {
    const parcel = funnel.open(header(n));
    for (let i = 0; i < 2; i++) {
      accepted.bytes += piece.length;
      if (!parcel.write(piece)) await parcel.drained();
    }
    parcel.end();
  }
}

describe('funnel of several associations into one sink', () => {
  it('bounds what waits behind a reader that does not read, however small the instances', async () => {
    const sink = new SlowSink();
    const funnel = new Funnel(sink, () => undefined);
    const accepted = { bytes: 0 };
    const all = [0, 1, 2, 3].map((k) => association(funnel, k * 100, 100, accepted));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(accepted.bytes).toBeLessThan(20 * 1024 * 1024);
    sink.takeAll();
    await Promise.all(all);
    await funnel.flushed();
    expect(sink.bytes).toBe(400 * 2 * piece.length);
    expect(sink.ended.length).toBe(400);
    expect(new Set(sink.begun).size).toBe(400);
  });

  it('delivers every instance whole, never two at once', async () => {
    const sink = new SlowSink();
    sink.takeAll();
    const funnel = new Funnel(sink, () => undefined);
    const a = funnel.open(header(1));
    const b = funnel.open(header(2));
    a.write(piece);
    b.write(piece);
    b.end();
    expect(sink.begun).toEqual(['1.2.1']);
    a.end();
    await funnel.flushed();
    expect(sink.begun).toEqual(['1.2.1', '1.2.2']);
    expect(sink.ended).toEqual(['1.2.1', '1.2.2']);
  });

  it('cuts the answer when the instance begun is lost, and only then', () => {
    const sink = new SlowSink();
    sink.takeAll();
    const funnel = new Funnel(sink, () => undefined);
    const a = funnel.open(header(1));
    const b = funnel.open(header(2));
    a.write(piece);
    b.write(piece);
    expect(b.cut(new Error('lost'))).toBe(false);
    expect(sink.ended).toEqual([]);
    expect(a.cut(new Error('lost'))).toBe(true);
    expect(sink.ended).toEqual(['cut']);
  });
});
