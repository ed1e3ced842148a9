import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DemoOptions, DemoStudy, generateDemoStudies, manifestFile } from '../../sandbox/demo-data';
import { SandboxPacs, startSandboxPacs } from '../../sandbox/pacs';
import { ManifestArchive } from '../../src/source/archive';
import type { ViewerPatient } from '../../src/viewer';
import { PortalBench, startPortalBench } from './portal-bench';

/** Id of the report under which every study of the bench is published. */
export const reportId = '1.2.250.1.213.4.5.2.77_CR1';

export interface ViewerBench extends PortalBench {
  readonly pacs: SandboxPacs;
  readonly studies: readonly DemoStudy[];
  /** Part 10 bytes by SOP Instance UID. */
  readonly files: ReadonlyMap<string, Buffer>;
  /** Path and query of the link that a report carries. */
  link(study: DemoStudy): string;
}

/** The whole gateway with a PACS that holds the demo studies, each published in the local archive. */
export async function startViewerBench(
  demo: DemoOptions = { instances: 24, columns: 128 },
  settings: Readonly<Record<string, string | undefined>> = {},
): Promise<ViewerBench> {
  const bench = await startPortalBench(settings);
  const dataDir = mkdtempSync(join(tmpdir(), 'drimbox-viewer-pacs-'));
  const pacs = await startSandboxPacs({
    dataDir,
    port: bench.ports.pacs,
    dicomwebPort: bench.ports.pacsWeb,
    aeTitle: 'PACS',
    peers: [{ aet: 'DRIMBOX', host: '127.0.0.1', port: bench.ports.dicom }],
  });
  const files = new Map<string, Buffer>();
  const studies = generateDemoStudies(demo);
  for (const study of studies) await publish(bench, pacs, study, files);
  return {
    ...bench,
    pacs,
    studies,
    files,
    link: (study) =>
      `/IHEInvokeImageDisplay?${new URLSearchParams({
        requestType: 'STUDY',
        studyUID: study.studyInstanceUid,
        accessionNumber: study.accessionNumber,
        idCDA: reportId,
      }).toString()}`,
    close: async () => {
      await bench.close();
      await pacs.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

async function publish(bench: PortalBench, pacs: SandboxPacs, study: DemoStudy, files: Map<string, Buffer>) {
  const objects = [];
  for await (const { bytes, ...object } of study.files()) {
    files.set(object.sopInstanceUid, bytes);
    objects.push(object);
  }
  await pacs.storeFiles(objects.map(({ sopInstanceUid }) => files.get(sopInstanceUid) as Buffer));
  const plan = { ...study, objects, retrieveBase: 'https://localhost/base' };
  await bench.app.get(ManifestArchive, { strict: false }).put(manifestFile(plan).bytes, { cdaIds: [reportId] });
}

/** The demo patient of a study as the viewer names patients. */
export function viewerPatientOf({ patient }: DemoStudy): ViewerPatient {
  const { ins, oid, family, given, birthDate, gender } = patient;
  return {
    matricule: ins,
    oid,
    birthFamilyName: family,
    firstGivenName: given.split(' ')[0] ?? '',
    birthDate,
    gender,
  };
}

/** Part 10 files of a demo study, in the order in which they are made. */
export async function filesOf(study: DemoStudy): Promise<Buffer[]> {
  const files: Buffer[] = [];
  for await (const { bytes } of study.files()) files.push(bytes);
  return files;
}
