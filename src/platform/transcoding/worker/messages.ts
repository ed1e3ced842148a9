import type { ConversionReason } from '../conversion-error';
import type { DecodedImage, RenderedFrame, RenderOptions } from '../render';

/** What the pool asks of a worker; data sets travel as parts, moved rather than copied where possible. */
export type Task =
  | { readonly kind: 'convert'; readonly from: string; readonly to: string }
  | { readonly kind: 'decode'; readonly from: string; readonly frame: number }
  | { readonly kind: 'render'; readonly from: string; readonly options: RenderOptions };

export interface Job {
  readonly id: number;
  readonly task: Task;
  readonly parts: readonly Uint8Array[];
  readonly maxObjectBytes: number;
  /** One shared cell, not zero once the caller has left. */
  readonly cancelled: Int32Array;
}

export type TaskResult = Uint8Array[] | DecodedImage | RenderedFrame;

export type Answer = {
  readonly id: number;
  /** The thread asks to be replaced: it has thrown away too many codecs. */
  readonly spent: boolean;
} & ({ readonly result: TaskResult } | { readonly reason: ConversionReason | 'internal'; readonly detail: string });
