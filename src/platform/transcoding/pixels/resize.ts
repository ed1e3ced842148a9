/** Eight-bit picture, samples interleaved. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly samples: number;
  readonly bytes: Buffer;
}

/** The picture reduced (mean of the covered pixels) so that it fits within the box; never enlarged. */
export function fitWithin(picture: Picture, box: { width: number; height: number }): Picture {
  const scale = Math.min(1, box.width / picture.width, box.height / picture.height);
  if (scale === 1) return picture;
  const width = Math.max(1, Math.round(picture.width * scale));
  const height = Math.max(1, Math.round(picture.height * scale));
  const bytes = Buffer.alloc(width * height * picture.samples);
  for (let y = 0; y < height; y++) {
    const rows = covered(y, height, picture.height);
    for (let x = 0; x < width; x++) {
      const columns = covered(x, width, picture.width);
      for (let sample = 0; sample < picture.samples; sample++) {
        bytes[(y * width + x) * picture.samples + sample] = mean(picture, rows, columns, sample);
      }
    }
  }
  return { width, height, samples: picture.samples, bytes };
}

type Range = readonly [first: number, after: number];

function covered(at: number, size: number, sourceSize: number): Range {
  const first = Math.floor((at * sourceSize) / size);
  return [first, Math.max(first + 1, Math.floor(((at + 1) * sourceSize) / size))];
}

function mean(picture: Picture, rows: Range, columns: Range, sample: number): number {
  let sum = 0;
  for (let y = rows[0]; y < rows[1]; y++) {
    for (let x = columns[0]; x < columns[1]; x++)
      sum += picture.bytes[(y * picture.width + x) * picture.samples + sample];
  }
  return Math.round(sum / ((rows[1] - rows[0]) * (columns[1] - columns[0])));
}
