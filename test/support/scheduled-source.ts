import { parseDicom } from 'dicom-parser';
import { GatewayError } from '../../src/platform/errors';
import { HeadWalker, splitPart10 } from '../../src/standards/dicom';
import {
  ArrivedHead,
  ArrivedInstance,
  Arrivals,
  StudyProgress,
  viewerErrors,
  ViewerPatient,
  ViewerStudy,
  ViewerStudySource,
} from '../../src/viewer';

const FLOAT_PIXEL_DATA = 0x7fe00008;

/** What a manifest would say of some Part 10 files of one study. */
export function viewerStudyFrom(files: readonly Buffer[], patient: ViewerPatient): ViewerStudy {
  const heads = files.map((bytes) => parseDicom(bytes, { untilTag: 'x00280010' }));
  const text = (index: number, tag: string) => heads[index]?.string(tag)?.trim() ?? '';
  const seriesUids = [...new Set(heads.map((_, index) => text(index, 'x0020000e')))];
  return {
    studyInstanceUid: text(0, 'x0020000d'),
    date: text(0, 'x00080020'),
    description: Buffer.from(text(0, 'x00081030'), 'latin1').toString('utf8'),
    accessionNumber: text(0, 'x00080050'),
    institution: 'CHU D’ESSAI',
    patient,
    series: seriesUids.map((seriesInstanceUid) => {
      const mine = heads.map((_, index) => index).filter((index) => text(index, 'x0020000e') === seriesInstanceUid);
      return {
        seriesInstanceUid,
        modality: text(mine[0], 'x00080060'),
        number: Number(text(mine[0], 'x00200011')),
        instances: mine.map((index) => ({
          sopInstanceUid: text(index, 'x00080018'),
          sopClassUid: text(index, 'x00080016'),
          instanceNumber: Number(text(index, 'x00200013')),
        })),
      };
    }),
  };
}

function awaited({ studyInstanceUid, series }: ViewerStudy, count: number): ViewerStudy['series'] {
  const sopClassUid = series[0]?.instances[0]?.sopClassUid ?? '';
  return Array.from({ length: count }, (_, index) => {
    const seriesInstanceUid = `${studyInstanceUid}.9${index}`;
    const instances = [{ sopInstanceUid: `${seriesInstanceUid}.1`, sopClassUid, instanceNumber: 1 }];
    return { seriesInstanceUid, modality: 'CT', number: 90 + index, instances };
  });
}

/** A study whose images arrive when the test says so. */
export class ScheduledSource implements ViewerStudySource {
  readonly study: ViewerStudy;
  readonly preferred: string[] = [];
  isClosed = false;
  private readonly arrivals: Arrivals;
  private readonly here = new Map<string, ArrivedInstance>();

  private readonly parts: ReadonlyMap<string, ReturnType<typeof splitPart10>>;

  /** @param awaitedSeries further series that the manifest lists, of one image each, which never arrive */
  constructor(files: readonly Buffer[], patient: ViewerPatient, awaitedSeries = 0) {
    const parts = files.map((file) => splitPart10(file));
    this.parts = new Map(parts.map((part) => [part.meta.mediaStorageSopInstanceUid ?? '', part]));
    const study = viewerStudyFrom(files, patient);
    this.study = { ...study, series: [...study.series, ...awaited(study, awaitedSeries)] };
    this.arrivals = new Arrivals(this.study);
  }

  /** Lets the first `count` files that have not arrived yet arrive. */
  arrive(count = this.parts.size): void {
    const uids = this.study.series.flatMap(({ instances }) => instances.map(({ sopInstanceUid }) => sopInstanceUid));
    for (const uid of uids.filter((each) => this.parts.has(each) && !this.here.has(each)).slice(0, count)) {
      const { meta, dataSet: dataset } = this.parts.get(uid) as ReturnType<typeof splitPart10>;
      const sopClassUid = meta.mediaStorageSopClassUid ?? '';
      this.here.set(uid, { sopClassUid, transferSyntaxUid: meta.transferSyntaxUid, dataset });
      this.arrivals.arrived(uid, dataset.length);
    }
  }

  fail(sopInstanceUid: string): void {
    this.arrivals.failed(sopInstanceUid, new GatewayError(viewerErrors.imageUnavailable));
  }

  prefer(seriesInstanceUid: string): void {
    this.preferred.push(seriesInstanceUid);
  }

  hasArrived(sopInstanceUid: string): boolean {
    return this.here.has(sopInstanceUid);
  }

  async instance(sopInstanceUid: string, signal: AbortSignal): Promise<ArrivedInstance> {
    await this.arrivals.wait(sopInstanceUid, signal);
    return this.here.get(sopInstanceUid) as ArrivedInstance;
  }

  async head(sopInstanceUid: string, signal: AbortSignal): Promise<ArrivedHead> {
    const { dataset, transferSyntaxUid } = await this.instance(sopInstanceUid, signal);
    const walker = new HeadWalker({ transferSyntaxUid, stopAt: FLOAT_PIXEL_DATA, headBytesMax: 2 ** 24 });
    const pixelDataFollows = walker.push(dataset);
    if (!pixelDataFollows) walker.end();
    return { transferSyntaxUid, head: walker.head(), pixelDataFollows };
  }

  progress(): StudyProgress {
    return this.arrivals.progress();
  }

  onProgress(listener: () => void): () => void {
    return this.arrivals.onProgress(listener);
  }

  retries = 0;

  /** What was given up is awaited again; `arrive` brings it. */
  retry(): void {
    this.retries += 1;
    this.arrivals.rearm();
  }

  close(): void {
    this.isClosed = true;
  }
}
