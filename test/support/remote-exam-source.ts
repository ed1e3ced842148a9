import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import { type DemoStudy, manifestFile } from '../../sandbox/demo-data';
import { WhitelistService } from '../../src/connectors/whitelist';
import { ExamRetrievals, type ExamToOpen } from '../../src/consumer/retrieval';
import { splitPart10 } from '../../src/standards/dicom';
import { readManifest } from '../../src/standards/manifest';
import { remoteStudySource, type ViewerStudySource } from '../../src/viewer';
import type { PortalBench } from './portal-bench';
import { type PeerAnswer, ScriptedPeer } from './scripted-peer';
import { viewerStudyFrom } from './scheduled-source';
import { viewerPatientOf } from './viewer-bench';

/** The gateway of another hospital that the bench's white list names, doing what a test tells it. */
export async function startRemotePeer({ neighbours, app }: PortalBench): Promise<ScriptedPeer> {
  const { cert, key } = neighbours.pki.members.remote;
  await app.get(WhitelistService, { strict: false }).refresh();
  return ScriptedPeer.start({ cert, key, ca: neighbours.pki.exchangeCa });
}

/** The answer of a gateway that has these files: whole series, or the one instance that is asked for. */
export function holding(files: readonly Buffer[], path: string): PeerAnswer {
  const [, series = '', instance] = /\/series\/([\d.]+)(?:\/instances\/([\d.]+))?$/.exec(path) ?? [];
  const includes = (file: Buffer, uid: string) => file.includes(Buffer.from(uid, 'latin1'));
  const asked = files.filter(
    (file) =>
      includes(file, series) &&
      (instance === undefined || splitPart10(file).meta.mediaStorageSopInstanceUid === instance),
  );
  return asked.length > 0 ? { files: asked } : { status: 404 };
}

/** A study as the real retrieval of the gateway fetches it from that base address, checked against its patient. */
export async function retrievedSource(
  { app }: PortalBench,
  study: DemoStudy,
  files: readonly Buffer[],
  retrieveBase: string,
): Promise<ViewerStudySource> {
  const { series } = viewerStudyFrom(files, viewerPatientOf(study));
  const objects = series.flatMap(({ seriesInstanceUid, instances }) =>
    instances.map(({ sopInstanceUid, sopClassUid }) => ({ seriesInstanceUid, sopInstanceUid, sopClassUid })),
  );
  const read = readManifest(manifestFile({ ...study, objects, retrieveBase }).bytes);
  if (!read.ok) throw new Error(`${read.reason}: ${read.detail}`);
  const { ins: matricule, oid, family, given, gender, birthDate } = study.patient;
  // Of its own: nothing that one test fetched is there in the next.
  const contextId = randomUUID();
  await app
    .get(DataSource)
    .query(`INSERT INTO consumer_context (id, ends_at, sealed) VALUES ($1, now() + interval '1 hour', 'x')`, [
      contextId,
    ]);
  const exam: ExamToOpen = {
    contextId,
    professional: {
      professional: { subject: 's', subjectNameId: randomUUID(), roles: [] },
      accessToken: () => Promise.resolve('token'),
    },
    patient: {
      ins: { matricule, oid },
      birthFamilyName: family,
      firstGivenName: given.split(' ')[0] ?? '',
      gender,
      birthDate: { text: birthDate, precision: 'day', lunar: false },
    },
    manifest: read.manifest,
    studyInstanceUid: study.studyInstanceUid,
  };
  return remoteStudySource(await app.get(ExamRetrievals, { strict: false }).openExam(exam));
}
